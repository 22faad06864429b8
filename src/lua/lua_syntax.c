#include "lua/lua_syntax.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/lua_object.h"
#include "onnx/fields.h"

/* ---- names ---- */

/* Element types that the syntax calls otherwise than dtype_name. */
static const char *syntax_dtype(uint32_t dtype) {
    return dtype == DTYPE_FLOAT32 ? "float" : dtype == DTYPE_FLOAT64 ? "double" : dtype_name(dtype);
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A name that starts a type cannot stand bare where a type may stand too. */
static bool starts_type(Bytes name) {
    static const char *const words[] = {"float",    "double", "undefined",     "seq",   "map",
                                        "optional", "opaque", "sparse_tensor", "uint2", "int2"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal(name, (Bytes){words[i], strlen(words[i])})) return true;
    return dtype_from_name(name) != DTYPE_UNDEFINED;
}

static bool is_identifier(Bytes name) {
    if (name.size == 0 || !is_letter(name.data[0])) return false;
    for (size_t i = 1; i < name.size; i++)
        if (!is_letter(name.data[i]) && !(name.data[i] >= '0' && name.data[i] <= '9')) return false;
    return true;
}

/* Bytes from `start` on that are shown as they are and mean nothing in a string: most of most names. */
static size_t plain_run(Bytes text, size_t start) {
    size_t end = start;
    while (end < text.size && text.data[end] >= 0x20 && text.data[end] < 0x7f && text.data[end] != '"' &&
           text.data[end] != '\\')
        end++;
    return end - start;
}

static void add_hex(luaL_Buffer *buffer, const char *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        const char escaped[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        luaL_addlstring(buffer, escaped, sizeof escaped);
    }
}

static void add_string(luaL_Buffer *buffer, Bytes text) {
    luaL_addchar(buffer, '"');
    for (size_t i = 0; i < text.size;) {
        size_t run = plain_run(text, i);
        luaL_addlstring(buffer, text.data + i, run);
        i += run;
        if (i == text.size) break;
        char shown[16];
        size_t used = escape_character(text.data + i, text.size - i, shown);
        bool quoted = text.data[i] == '"' || text.data[i] == '\\';
        if (quoted) luaL_addchar(buffer, '\\');
        if (quoted || shown[0] != '\\') luaL_addlstring(buffer, text.data + i, used);
        else add_hex(buffer, text.data + i, used);
        i += used;
    }
    luaL_addchar(buffer, '"');
}

static void add_name(luaL_Buffer *buffer, Bytes name) {
    if (is_identifier(name) && !starts_type(name)) luaL_addlstring(buffer, name.data, name.size);
    else add_string(buffer, name);
}

static int syntax_name(lua_State *L) {
    Bytes name;
    luaL_Buffer buffer;
    name.data = luaL_checklstring(L, 1, &name.size);
    lua_settop(L, 1);
    if (is_identifier(name) && !starts_type(name)) return 1;
    luaL_buffinit(L, &buffer);
    add_string(&buffer, name);
    luaL_pushresult(&buffer);
    return 1;
}

static int syntax_string(lua_State *L) {
    Bytes text;
    luaL_Buffer buffer;
    text.data = luaL_checklstring(L, 1, &text.size);
    luaL_buffinit(L, &buffer);
    add_string(&buffer, text);
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- numbers ---- */

/* A float32 both for readers that go through a double, as Lua does, and for those that do not. */
static bool reads_back(const char *digits, double x, bool is_single) {
    double read = strtod(digits, NULL);
    return is_single ? (float)read == (float)x && strtof(digits, NULL) == (float)x : read == x;
}

static int push_real(lua_State *L, double x, bool is_single) {
    char digits[48];
    if (!isfinite(x)) {
        lua_pushstring(L, isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
        return 1;
    }
    for (int precision = is_single ? 6 : 15, last = is_single ? 9 : 17; precision <= last; precision++) {
        snprintf(digits, sizeof digits - 2, "%.*g", precision, x);
        if (reads_back(digits, x, is_single)) break;
    }
    char *comma = strchr(digits, ','); /* the decimal point of some locales */
    if (comma) *comma = '.';
    if (!strpbrk(digits, ".e")) strcat(digits, ".0");
    lua_pushstring(L, digits);
    return 1;
}

static int syntax_float(lua_State *L) {
    return push_real(L, luaL_checknumber(L, 1), true);
}

static int syntax_double(lua_State *L) {
    return push_real(L, luaL_checknumber(L, 1), false);
}

/* ---- types ---- */

/* A denotation, which the official syntax lacks: @"DATA_BATCH" behind the type or dimension. */
static void add_denotation(luaL_Buffer *buffer, const Model *model, Symbol denotation) {
    if (denotation == SYMBOL_EMPTY) return;
    luaL_addstring(buffer, " @");
    add_string(buffer, model_name(model, denotation));
}

/* float is a scalar, float[] of unknown rank. */
static void add_tensor_type(luaL_Buffer *buffer, const Model *model, const Type *type) {
    luaL_addstring(buffer, syntax_dtype(type->dtype));
    if (type->has_shape && type->rank == 0) return;
    luaL_addchar(buffer, '[');
    for (uint32_t i = 0; i < type->rank; i++) {
        const Dim *dim = &model->dims.items[type->first_dim + i];
        char number[24];
        if (i) luaL_addchar(buffer, ',');
        if (dim->kind == DIM_SYMBOL) {
            add_name(buffer, model_name(model, dim->symbol));
        } else if (dim->kind == DIM_KNOWN) {
            snprintf(number, sizeof number, "%" PRId64, dim->size);
            luaL_addstring(buffer, number);
        } else {
            luaL_addchar(buffer, '?');
        }
        add_denotation(buffer, model, dim->denotation);
    }
    luaL_addchar(buffer, ']');
}

/* "a.b" when both parts of a dotted name are identifiers, else in quotes. */
static void add_dotted(luaL_Buffer *buffer, Bytes name) {
    for (size_t start = 0; start <= name.size;) {
        const char *dot = start < name.size ? memchr(name.data + start, '.', name.size - start) : NULL;
        size_t end = dot ? (size_t)(dot - name.data) : name.size;
        if (!is_identifier((Bytes){name.data + start, end - start})) {
            add_string(buffer, name);
            return;
        }
        start = end + 1;
    }
    luaL_addlstring(buffer, name.data, name.size);
}

static void add_opaque_type(luaL_Buffer *buffer, const Model *model, const Type *type) {
    luaL_addstring(buffer, "opaque(");
    if (type->domain != SYMBOL_EMPTY) {
        add_dotted(buffer, model_name(model, type->domain));
        luaL_addchar(buffer, ',');
    }
    if (type->name != SYMBOL_EMPTY || type->domain != SYMBOL_EMPTY)
        add_dotted(buffer, model_name(model, type->name));
    luaL_addchar(buffer, ')');
}

/* Types nest at most MODEL_DEPTH_LIMIT deep. An element type that the file leaves out is "undefined[]". */
static void add_type(luaL_Buffer *buffer, const Model *model, Id id) {
    const Type *type = id == ID_NONE ? &(Type){.kind = TYPE_KIND_NONE} : &model->types.items[id];
    switch (type->kind) {
    case TYPE_KIND_TENSOR: add_tensor_type(buffer, model, type); break;
    case TYPE_KIND_SPARSE_TENSOR:
        luaL_addstring(buffer, "sparse_tensor(");
        add_tensor_type(buffer, model, type);
        luaL_addchar(buffer, ')');
        break;
    case TYPE_KIND_SEQUENCE:
    case TYPE_KIND_OPTIONAL:
        luaL_addstring(buffer, type->kind == TYPE_KIND_SEQUENCE ? "seq(" : "optional(");
        add_type(buffer, model, type->element);
        luaL_addchar(buffer, ')');
        break;
    case TYPE_KIND_MAP:
        luaL_addstring(buffer, "map(");
        luaL_addstring(buffer, syntax_dtype(type->dtype));
        luaL_addchar(buffer, ',');
        add_type(buffer, model, type->element);
        luaL_addchar(buffer, ')');
        break;
    case TYPE_KIND_OPAQUE: add_opaque_type(buffer, model, type); break;
    default: luaL_addstring(buffer, "undefined[]");
    }
    add_denotation(buffer, model, type->denotation);
}

static void push_type(lua_State *L, const Model *model, Id id) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_type(&buffer, model, id);
    luaL_pushresult(&buffer);
}

static int syntax_type(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_VALUE);
    const Model *model = handle->owner->model;
    Id id = model->values.items[handle->id].type;
    bool declared = id != ID_NONE && (model->types.items[id].kind != TYPE_KIND_NONE ||
                                      model->types.items[id].denotation != SYMBOL_EMPTY);
    if (declared) push_type(L, model, id);
    else lua_pushnil(L);
    return 1;
}

/* ---- attributes ---- */

static const char *const attribute_types[ATTRIBUTE_TYPE_COUNT] = {
    NULL,      "float",   "int",    "string",        "tensor",         "graph",      "floats",     "ints",
    "strings", "tensors", "graphs", "sparse_tensor", "sparse_tensors", "type_proto", "type_protos"};

/* Types as the syntax writes them, in place of attribute_push's. */
static void push_types(lua_State *L, const Model *model, const Attribute *attribute) {
    const Id *ids = model->lists.items + attribute->first;
    if (attribute->type == ATTRIBUTE_TYPE_PROTO) {
        if (attribute->count) push_type(L, model, ids[0]);
        else lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)attribute->count, 0);
    for (uint32_t i = 0; i < attribute->count; i++) {
        push_type(L, model, ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_attribute(lua_State *L, int model_index, const Attribute *attribute) {
    LuaModel *owner = lua_touserdata(L, model_index);
    const Model *model = owner->model;
    lua_createtable(L, 0, 4);
    object_push_symbol(L, model, attribute->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, attribute_types[attribute->type]);
    lua_setfield(L, -2, "type");
    object_push_doc(L, owner, (ByteRange){attribute->offset, attribute->length}, "AttributeProto",
                    ATTRIBUTE_DOC_STRING);
    lua_setfield(L, -2, "doc");
    if (attribute->reference != SYMBOL_NONE) {
        object_push_symbol(L, model, attribute->reference);
        lua_setfield(L, -2, "reference");
        return;
    }
    bool types = attribute->type == ATTRIBUTE_TYPE_PROTO || attribute->type == ATTRIBUTE_TYPE_PROTO_LIST;
    if (types) push_types(L, model, attribute);
    else attribute_push(L, model_index, attribute);
    lua_setfield(L, -2, "value");
}

static bool is_node(lua_State *L) {
    return luaL_testudata(L, 1, NODE_TYPE) != NULL;
}

static int syntax_attributes(lua_State *L) {
    bool node = is_node(L);
    const Handle *handle = object_check(L, 1, node ? OBJECT_NODE : OBJECT_GRAPH);
    const Model *model = handle->owner->model;
    const Graph *graph = node ? NULL : &model->graphs.items[handle->id];
    uint32_t count = node ? node_attribute_count(model, handle->id) : graph->default_count;
    const Attribute *attributes =
        node ? model->attributes.items + model->nodes.items[handle->id].first_attribute
             : model->defaults.items + graph->first_default;
    int model_index = object_push_model(L, 1);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        push_attribute(L, model_index, &attributes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int syntax_parameters(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_GRAPH);
    const Model *model = handle->owner->model;
    IdSpan names = model_list(model, model->graphs.items[handle->id].attributes);
    lua_createtable(L, (int)names.count, 0);
    for (uint32_t i = 0; i < names.count; i++) {
        object_push_symbol(L, model, names.ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- notes ---- */

/* Where the notes of an object stand, and under which field numbers; 0 where the message has no such field. */
typedef struct NoteFields {
    const char *message;
    ByteRange range;
    uint32_t doc, metadata, external, quantization, configuration, training;
} NoteFields;

static NoteFields graph_fields(const Model *model, Id id) {
    const Graph *graph = &model->graphs.items[id];
    if (graph->kind == GRAPH_KIND_FUNCTION)
        return (NoteFields){.message = "FunctionProto",
                            .range = graph->range,
                            .doc = FUNCTION_DOC_STRING,
                            .metadata = FUNCTION_METADATA_PROPS};
    return (NoteFields){.message = "GraphProto",
                        .range = graph->range,
                        .doc = GRAPH_DOC_STRING,
                        .metadata = GRAPH_METADATA_PROPS,
                        .quantization = GRAPH_QUANTIZATION_ANNOTATION};
}

static NoteFields model_fields(const Model *model) {
    return (NoteFields){.message = "ModelProto",
                        .range = {0, model->source->size},
                        .doc = MODEL_DOC_STRING,
                        .metadata = MODEL_METADATA_PROPS,
                        .configuration = MODEL_CONFIGURATION,
                        .training = MODEL_TRAINING_INFO};
}

static NoteFields node_fields(const Node *node) {
    return (NoteFields){.message = "NodeProto",
                        .range = {node->offset, node->length},
                        .doc = NODE_DOC_STRING,
                        .metadata = NODE_METADATA_PROPS,
                        .configuration = NODE_DEVICE_CONFIGURATIONS};
}

static NoteFields value_fields(const Model *model, Id id) {
    uint32_t info = model->values.items[id].info;
    if (info == ID_NONE) return (NoteFields){0};
    return (NoteFields){.message = "ValueInfoProto",
                        .range = model->infos.items[info],
                        .doc = VALUE_INFO_DOC_STRING,
                        .metadata = VALUE_INFO_METADATA_PROPS};
}

static NoteFields tensor_fields(const Tensor *tensor) {
    if (tensor->is_sparse) return (NoteFields){0};
    return (NoteFields){.message = "TensorProto",
                        .range = tensor->range,
                        .doc = TENSOR_DOC_STRING,
                        .metadata = TENSOR_METADATA_PROPS,
                        .external = tensor->kind == PAYLOAD_EXTERNAL ? TENSOR_EXTERNAL_DATA : 0};
}

/* The object at stack index 1 raises when it is none of the five. */
static NoteFields check_fields(lua_State *L, LuaModel **owner) {
    const Handle *handle = NULL;
    for (int kind = 0; kind <= OBJECT_TENSOR; kind++) {
        static const char *const types[] = {GRAPH_TYPE, NODE_TYPE, VALUE_TYPE, TENSOR_TYPE};
        if (!luaL_testudata(L, 1, types[kind])) continue;
        handle = object_check(L, 1, (ObjectKind)kind);
        const Model *model = handle->owner->model;
        *owner = handle->owner;
        switch ((ObjectKind)kind) {
        case OBJECT_GRAPH: return graph_fields(model, handle->id);
        case OBJECT_NODE: return node_fields(&model->nodes.items[handle->id]);
        case OBJECT_VALUE: return value_fields(model, handle->id);
        default: return tensor_fields(&model->tensors.items[handle->id]);
        }
    }
    *owner = model_check(L, 1);
    return model_fields((*owner)->model);
}

/* Makes the table of notes at stack index 2 when the first is found. */
static void want_notes(lua_State *L) {
    if (!lua_isnil(L, 2)) return;
    lua_createtable(L, 0, 2);
    lua_replace(L, 2);
}

static bool set_text(lua_State *L, Reader *reader, const Message *m, const char *name) {
    Bytes text;
    if (!message_bytes(reader, m, name, &text)) return false;
    if (text.size == 0) return true;
    want_notes(L);
    object_push_bytes(L, text);
    lua_setfield(L, 2, name);
    return true;
}

static bool add_entry(lua_State *L, Reader *reader, const Message *m, const char *name) {
    Entry entry;
    Bytes text;
    if (!message_entry(reader, m, name, &entry)) return false;
    want_notes(L);
    if (lua_getfield(L, 2, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, name);
    }
    lua_createtable(L, 2, 0);
    if (!reader_bytes(reader, entry.key_offset, entry.key_length, "key", &text)) return false;
    object_push_bytes(L, text);
    lua_rawseti(L, -2, 1);
    if (!reader_bytes(reader, entry.value_offset, entry.value_length, "value", &text)) return false;
    object_push_bytes(L, text);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
    return true;
}

static void count_note(lua_State *L, const char *name) {
    want_notes(L);
    lua_getfield(L, 2, name);
    lua_pushinteger(L, lua_tointeger(L, -1) + 1);
    lua_setfield(L, 2, name);
    lua_pop(L, 1);
}

static void walk_notes(lua_State *L, LuaModel *owner, const NoteFields *fields) {
    Reader *reader = object_reader(owner);
    Message m = message_at(fields->message, fields->range.offset, fields->range.length);
    bool going = true;
    while (going && message_next(reader, &m)) {
        if (m.field == fields->doc) going = set_text(L, reader, &m, "doc");
        else if (m.field == fields->metadata) going = add_entry(L, reader, &m, "metadata");
        else if (m.field == fields->external) going = add_entry(L, reader, &m, "external");
        else if (m.field == fields->quantization) count_note(L, "quantization");
        else if (m.field == fields->configuration) count_note(L, "configurations");
        else if (m.field == fields->training) count_note(L, "trainings");
    }
    if (reader->failed) object_raise(L, &owner->err);
}

/* What a graph has besides: the imports of a function, outputs without a name. */
static void add_graph_notes(lua_State *L, const Model *model, const Graph *graph) {
    IdSpan outputs = model_list(model, graph->outputs);
    for (uint32_t i = 0; i < outputs.count; i++)
        if (outputs.ids[i] == ID_NONE) count_note(L, "unnamed");
    if (graph->kind != GRAPH_KIND_FUNCTION) return;
    want_notes(L);
    lua_createtable(L, (int)graph->opset_count, 0);
    for (uint32_t i = 0; i < graph->opset_count; i++) {
        const Opset *opset = &model->opsets.items[graph->first_opset + i];
        lua_createtable(L, 2, 0);
        object_push_symbol(L, model, opset->domain);
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, opset->version);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, 2, "opsets");
}

static int syntax_notes(lua_State *L) {
    LuaModel *owner;
    lua_settop(L, 1);
    NoteFields fields = check_fields(L, &owner);
    lua_pushnil(L);
    if (fields.message) walk_notes(L, owner, &fields);
    if (luaL_testudata(L, 1, GRAPH_TYPE))
        add_graph_notes(L, owner->model, &owner->model->graphs.items[object_self(L)->id]);
    lua_settop(L, 2);
    return 1;
}

void lua_syntax_push(lua_State *L) {
    static const luaL_Reg functions[] = {{"name", syntax_name},
                                         {"string", syntax_string},
                                         {"float", syntax_float},
                                         {"double", syntax_double},
                                         {"type", syntax_type},
                                         {"attributes", syntax_attributes},
                                         {"parameters", syntax_parameters},
                                         {"notes", syntax_notes},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
}
