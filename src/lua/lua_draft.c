/* Draft: a file to be. lua/onnxdoc/builder.lua makes tables shaped like the format's messages; here they become
 * protobuf-c messages, are packed, and can be loaded or written. Payloads may be described rather than held (rope.h).
 *
 *     onnxdoc._encode{graph = {node = {{op_type = "Relu", input = {"x"}, output = {"y"}}}}}   a Draft of a ModelProto
 *     onnxdoc._payload(payload)                                                             a Draft of other bytes
 *     onnxdoc._pack("float32", {1, 2})                                                       elements as raw_data
 *
 * A payload is a string, or one of {zeros = nbytes}, {repeats = pattern, nbytes =} and {random = seed, dtype =,
 * nbytes =, low =, high =}, the last two with `padding`, bits of the last byte that stay 0; for _payload, a list of these.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/element.h"
#include "lua/lua_draft.h"
#include "onnx.pb-c.h"
#include "onnx/rope.h"

static const char DRAFT_TYPE[] = "onnxdoc.Draft";

/* protobuf's own limit for one message; protobuf-c counts in 32 bits. */
#define DRAFT_LIMIT ((size_t)INT32_MAX)
/* Messages inside messages: 32 graphs, each with node and attribute around it, and what is in the last. */
#define DRAFT_DEPTH_LIMIT 128

typedef struct Draft {
    Rope rope;
    /* While messages are converted and packed: */
    Arena arena;
    Array(Piece) payloads; /* described ones: see convert_payload */
    bool failed;           /* memory ran out while packing */
} Draft;

static Draft *draft_new(lua_State *L) {
    Draft *draft = lua_newuserdatauv(L, sizeof *draft, 0);
    *draft = (Draft){0};
    luaL_setmetatable(L, DRAFT_TYPE);
    return draft;
}

static int draft_close(lua_State *L) {
    Draft *draft = luaL_checkudata(L, 1, DRAFT_TYPE);
    rope_free(&draft->rope);
    arena_free(&draft->arena);
    array_free(&draft->payloads);
    return 0;
}

static int out_of_memory(lua_State *L) {
    return luaL_error(L, "out of memory for a model that is built");
}

/* ---- payloads ---- */

static uint64_t check_field_size(lua_State *L, int payload, const char *name) {
    lua_getfield(L, payload, name);
    lua_Integer size = lua_tointeger(L, -1);
    if (!lua_isinteger(L, -1) || size < 0) luaL_error(L, "a payload's '%s' is not a size in bytes", name);
    lua_pop(L, 1);
    return (uint64_t)size;
}

static RandomFill check_random(lua_State *L, int payload) {
    RandomFill fill = {0};
    lua_getfield(L, payload, "random");
    lua_getfield(L, payload, "dtype");
    fill.seed = (uint64_t)lua_tointeger(L, -2);
    const char *name = lua_tostring(L, -1);
    fill.dtype = name ? dtype_from_name((Bytes){name, strlen(name)}) : DTYPE_UNDEFINED;
    if (dtype_bits(fill.dtype) == 0)
        luaL_error(L, "a payload's 'dtype' is not one with numbers of a fixed size");
    lua_getfield(L, payload, "low");
    lua_getfield(L, payload, "high");
    if (lua_isinteger(L, -1) && lua_isinteger(L, -2)) {
        fill.first = (uint64_t)lua_tointeger(L, -2);
        fill.span = (uint64_t)lua_tointeger(L, -1) - fill.first + 1;
    } else {
        fill.low = lua_tonumber(L, -2);
        fill.width = lua_tonumber(L, -1) - fill.low;
    }
    lua_pop(L, 4);
    return fill;
}

static Piece check_payload(lua_State *L, int payload) {
    lua_getfield(L, payload, "padding");
    Piece piece = {.kind = PIECE_ZEROS, .padding = (uint8_t)(lua_tointeger(L, -1) & 7)};
    if (lua_getfield(L, payload, "repeats") == LUA_TSTRING) {
        size_t size;
        const char *pattern = lua_tolstring(L, -1, &size);
        if (size == 0 || size > sizeof piece.pattern)
            luaL_error(L, "a payload's pattern has %d bytes", (int)size);
        piece.kind = PIECE_REPEAT;
        piece.pattern_size = (uint32_t)size;
        memcpy(piece.pattern, pattern, size);
        piece.length = check_field_size(L, payload, "nbytes");
    } else if (lua_getfield(L, payload, "random") == LUA_TNUMBER) {
        piece.kind = PIECE_RANDOM;
        piece.random = check_random(L, payload);
        piece.length = check_field_size(L, payload, "nbytes");
    } else {
        piece.length = check_field_size(L, payload, "zeros");
    }
    return piece;
}

/* Appends the payload on top of the stack. */
static void append_payload(lua_State *L, Draft *draft) {
    size_t size;
    bool done;
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *bytes = lua_tolstring(L, -1, &size);
        done = rope_append_bytes(&draft->rope, bytes, size);
    } else {
        luaL_checktype(L, -1, LUA_TTABLE);
        int payload = lua_gettop(L);
        Piece piece = check_payload(L, payload);
        lua_settop(L, payload);
        done = rope_append(&draft->rope, piece);
    }
    if (!done) out_of_memory(L);
}

/* onnxdoc._payload(list) */
static int payload_draft(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    Draft *draft = draft_new(L);
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
        append_payload(L, draft);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return 1;
}

/* ---- tables as messages ---- */

typedef struct Converter {
    lua_State *L;
    Draft *draft;
    int depth;
} Converter;

static void *allocate(Converter *c, size_t count, size_t size) {
    size_t bytes;
    void *block =
        __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_allocate(&c->draft->arena, bytes);
    if (!block) out_of_memory(c->L);
    return block;
}

static int wrong_type(Converter *c, const ProtobufCFieldDescriptor *field, const char *wanted) {
    return luaL_error(c->L, "field '%s': %s is wanted, got %s", field->name, wanted, luaL_typename(c->L, -1));
}

/* Described payloads stand in the message as the address of their Piece's index; see append_packed. */
static ProtobufCBinaryData convert_payload(Converter *c) {
    int payload = lua_gettop(c->L);
    Piece piece = check_payload(c->L, payload);
    lua_settop(c->L, payload);
    if (piece.length > DRAFT_LIMIT)
        luaL_error(c->L, "a tensor has %I bytes, protobuf holds %I at most: keep it in an external file",
                   (LUAI_UACINT)piece.length, (LUAI_UACINT)DRAFT_LIMIT);
    if (piece.length == 0) return (ProtobufCBinaryData){0, NULL};
    if (!array_push(&c->draft->payloads, piece)) out_of_memory(c->L);
    return (ProtobufCBinaryData){(size_t)piece.length, (uint8_t *)(uintptr_t)c->draft->payloads.count};
}

static ProtobufCBinaryData convert_bytes(Converter *c, const ProtobufCFieldDescriptor *field) {
    if (lua_istable(c->L, -1)) return convert_payload(c);
    if (lua_type(c->L, -1) != LUA_TSTRING) wrong_type(c, field, "a string");
    size_t size;
    const char *bytes = lua_tolstring(c->L, -1, &size); /* the message's table keeps it alive */
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)bytes};
}

static int64_t convert_integer(Converter *c, const ProtobufCFieldDescriptor *field) {
    if (lua_isboolean(c->L, -1)) return lua_toboolean(c->L, -1);
    int is_integer;
    lua_Integer value = lua_tointegerx(c->L, -1, &is_integer);
    if (!is_integer || lua_type(c->L, -1) != LUA_TNUMBER) wrong_type(c, field, "a whole number");
    return value;
}

static double convert_number(Converter *c, const ProtobufCFieldDescriptor *field) {
    if (lua_type(c->L, -1) != LUA_TNUMBER) wrong_type(c, field, "a number");
    return lua_tonumber(c->L, -1);
}

static ProtobufCMessage *convert_message(Converter *c, const ProtobufCMessageDescriptor *type);

static size_t scalar_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(ProtobufCMessage *);
    default: return 4; /* int32, enum, float: what else the schema has */
    }
}

/* Stores the value on top of the stack at `at`, as an element of the field. */
static void convert_scalar(Converter *c, const ProtobufCFieldDescriptor *field, void *at) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)at = convert_bytes(c, field); break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (!lua_istable(c->L, -1)) wrong_type(c, field, "a table");
        *(ProtobufCMessage **)at = convert_message(c, field->descriptor);
        break;
    case PROTOBUF_C_TYPE_FLOAT: *(float *)at = (float)convert_number(c, field); break;
    case PROTOBUF_C_TYPE_DOUBLE: *(double *)at = convert_number(c, field); break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64: *(int64_t *)at = convert_integer(c, field); break;
    default: *(int32_t *)at = (int32_t)convert_integer(c, field);
    }
}

static void convert_list(Converter *c, const ProtobufCFieldDescriptor *field, char *message) {
    if (!lua_istable(c->L, -1)) wrong_type(c, field, "a list");
    size_t count = (size_t)lua_rawlen(c->L, -1), size = scalar_size(field);
    if (count == 0) return;
    char *items = allocate(c, count, size);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
        convert_scalar(c, field, items + i * size);
        lua_pop(c->L, 1);
    }
    *(size_t *)(void *)(message + field->quantifier_offset) = count;
    *(void **)(void *)(message + field->offset) = items;
}

static void convert_field(Converter *c, const ProtobufCFieldDescriptor *field, char *message) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        convert_list(c, field, message);
        return;
    }
    convert_scalar(c, field, message + field->offset);
    int *quantifier = (int *)(void *)(message + field->quantifier_offset);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) *quantifier = (int)field->id;
    else if (field->type != PROTOBUF_C_TYPE_MESSAGE) *quantifier = 1;
}

/* The table on top of the stack as a message. Strings stay where Lua has them. */
static ProtobufCMessage *convert_message(Converter *c, const ProtobufCMessageDescriptor *type) {
    lua_State *L = c->L;
    if (++c->depth > DRAFT_DEPTH_LIMIT)
        luaL_error(L, "%s nests deeper than %d messages", type->short_name, DRAFT_DEPTH_LIMIT);
    luaL_checkstack(L, 8, "a message");
    char *message = allocate(c, 1, type->sizeof_message);
    protobuf_c_message_init(type, message);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        const ProtobufCFieldDescriptor *field =
            name ? protobuf_c_message_descriptor_get_field_by_name(type, name) : NULL;
        if (!field) luaL_error(L, "%s has no field '%s'", type->short_name, luaL_tolstring(L, -2, NULL));
        convert_field(c, field, message);
    }
    c->depth--;
    return (ProtobufCMessage *)(void *)message;
}

/* ---- packing ---- */

typedef struct Packer {
    ProtobufCBuffer buffer;
    Draft *draft;
} Packer;

/* A payload that is described comes as its number instead of an address. No address is that low. */
static void append_packed(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes) {
    Draft *draft = ((Packer *)(void *)buffer)->draft;
    uintptr_t number = (uintptr_t)bytes;
    bool is_described = number >= 1 && number <= draft->payloads.count;
    bool done = is_described ? rope_append(&draft->rope, draft->payloads.items[number - 1])
                             : rope_append_bytes(&draft->rope, bytes, size);
    if (!done) draft->failed = true;
}

/* onnxdoc._encode(model): a Draft, or nil, message, code when it is too large. */
static int encode(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    Draft *draft = draft_new(L);
    lua_pushvalue(L, 1);
    Converter converter = {L, draft, 0};
    ProtobufCMessage *message = convert_message(&converter, &onnx__model_proto__descriptor);
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > DRAFT_LIMIT) {
        lua_pushnil(L);
        lua_pushfstring(L,
                        "the model has %I bytes, protobuf holds %I at most: keep weights in an external file",
                        (LUAI_UACINT)size, (LUAI_UACINT)DRAFT_LIMIT);
        lua_pushliteral(L, "limit");
        return 3;
    }
    Packer packer = {{append_packed}, draft};
    protobuf_c_message_pack_to_buffer(message, &packer.buffer);
    arena_free(&draft->arena);
    array_free(&draft->payloads);
    if (draft->failed) return out_of_memory(L);
    lua_settop(L, 2);
    return 1;
}

/* ---- elements ---- */

static bool to_complex(lua_State *L, Element *element) {
    if (!lua_istable(L, -1)) return false;
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    bool are_numbers = lua_type(L, -2) == LUA_TNUMBER && lua_type(L, -1) == LUA_TNUMBER;
    *element =
        (Element){.kind = ELEMENT_COMPLEX, .real = lua_tonumber(L, -2), .imaginary = lua_tonumber(L, -1)};
    lua_pop(L, 2);
    return are_numbers;
}

static bool to_integer(lua_State *L, uint32_t dtype, Element *element) {
    int is_integer;
    *element = (Element){.kind = ELEMENT_INTEGER, .integer = lua_tointegerx(L, -1, &is_integer)};
    if (is_integer) return true;
    double number = lua_tonumber(L, -1);
    if (dtype != DTYPE_UINT64 || !(number >= 0x1p63 && number < 0x1p64)) return false;
    *element = (Element){.kind = ELEMENT_UNSIGNED, .unsigned_ = (uint64_t)number};
    return true;
}

/* The value on top of the stack as an element; false when it is none of that dtype. */
static bool to_element(lua_State *L, uint32_t dtype, Element *element) {
    if (dtype == DTYPE_COMPLEX64 || dtype == DTYPE_COMPLEX128) return to_complex(L, element);
    if (dtype == DTYPE_BOOL && lua_isboolean(L, -1)) {
        *element = (Element){.kind = ELEMENT_BOOL, .integer = lua_toboolean(L, -1)};
        return true;
    }
    if (lua_type(L, -1) != LUA_TNUMBER) return false;
    if (!dtype_is_float(dtype)) return to_integer(L, dtype, element);
    *element = (Element){.kind = ELEMENT_FLOAT, .real = lua_tonumber(L, -1)};
    return true;
}

/* onnxdoc._pack(dtype, list [, as_bits]): the elements as raw_data. With as_bits they are the elements' bits, as
 * unsigned whole numbers. */
static int pack(lua_State *L) {
    Bytes name;
    name.data = luaL_checklstring(L, 1, &name.size);
    uint32_t dtype = dtype_from_name(name), written = dtype;
    luaL_checktype(L, 2, LUA_TTABLE);
    if (lua_toboolean(L, 3)) {
        static const uint32_t of_width[] = {[2] = DTYPE_UINT2,   [4] = DTYPE_UINT4,   [8] = DTYPE_UINT8,
                                            [16] = DTYPE_UINT16, [32] = DTYPE_UINT32, [64] = DTYPE_UINT64};
        luaL_argcheck(L, dtype_bits(dtype) <= 64, 1, "bits of complex128 do not fit a number");
        written = of_width[dtype_bits(dtype)];
    }
    uint64_t count = lua_rawlen(L, 2), nbytes;
    luaL_argcheck(L, dtype_nbytes(written, count, &nbytes), 1,
                  "not a dtype whose elements have a fixed size");
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(L, &buffer, (size_t)nbytes);
    if (nbytes) memset(bytes, 0, (size_t)nbytes);
    for (uint64_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        Element element;
        if (!to_element(L, written, &element) || !element_encode(written, element, bytes, i))
            return luaL_error(L, "element %I is %s, which is no %s", (LUAI_UACINT)i + 1,
                              luaL_tolstring(L, -1, NULL), dtype_name(written));
        lua_pop(L, 1);
    }
    luaL_pushresultsize(&buffer, (size_t)nbytes);
    return 1;
}

/* ---- using a draft ---- */

/* draft:load([directory]): a Model that reads from the draft, which is used up; or nil, message, code. */
static int draft_load(lua_State *L) {
    Draft *draft = luaL_checkudata(L, 1, DRAFT_TYPE);
    const char *directory = luaL_optstring(L, 2, NULL);
    LuaModel *owner = lua_model_prepare(L, 20000 + 16 * draft->rope.size);
    Error err = {0};
    Source *source = rope_source(&draft->rope, &err);
    if (!source) return object_fail(L, &err);
    return lua_model_load(L, owner, source,
                          &(ModelOptions){.directory = directory, .no_directory = !directory});
}

/* draft:write(file): true, or nil, message, code. */
static int draft_write(lua_State *L) {
    const Draft *draft = luaL_checkudata(L, 1, DRAFT_TYPE);
    const luaL_Stream *stream = luaL_checkudata(L, 2, LUA_FILEHANDLE);
    luaL_argcheck(L, stream->closef, 2, "the file is closed");
    Error err = {0};
    if (fflush(stream->f) != 0) return luaL_fileresult(L, 0, NULL);
    if (!rope_write(&draft->rope, fileno(stream->f), &err)) return object_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

static int draft_length(lua_State *L) {
    const Draft *draft = luaL_checkudata(L, 1, DRAFT_TYPE);
    object_push_unsigned(L, draft->rope.size);
    return 1;
}

void lua_draft_register(lua_State *L) {
    static const luaL_Reg methods[] = {{"load", draft_load}, {"write", draft_write}, {NULL, NULL}};
    static const luaL_Reg extra[] = {
        {"__gc", draft_close}, {"__close", draft_close}, {"__len", draft_length}, {NULL, NULL}};
    luaL_newmetatable(L, DRAFT_TYPE);
    luaL_setfuncs(L, extra, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "Draft");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

const luaL_Reg lua_draft_functions[] = {
    {"_encode", encode}, {"_payload", payload_draft}, {"_pack", pack}, {NULL, NULL}};
