#include "lua/lua_object.h"

#include <inttypes.h>
#include <string.h>

#include "onnx/fields.h"

const char MODEL_TYPE[] = "onnxdoc.Model";
const char GRAPH_TYPE[] = "onnxdoc.Graph";
const char NODE_TYPE[] = "onnxdoc.Node";
const char VALUE_TYPE[] = "onnxdoc.Value";
const char VALUE_LIST_TYPE[] = "onnxdoc.ValueList";
const char TENSOR_TYPE[] = "onnxdoc.Tensor";
const char PART_TYPE[] = "onnxdoc.Part";
const char GROUP_TYPE[] = "onnxdoc.LayerGroup";
static const char *const kind_types[OBJECT_KIND_COUNT] = {GRAPH_TYPE,  NODE_TYPE, VALUE_TYPE,
                                                          TENSOR_TYPE, PART_TYPE, GROUP_TYPE};

/* upvalues: metatable, fields (light userdata: the Field) and methods by name */
static int object_index_field(lua_State *L) {
    if (!lua_getmetatable(L, 1) || lua_topointer(L, -1) != lua_topointer(L, lua_upvalueindex(1)))
        return luaL_error(L, "a field is read from something else than the object it belongs to");
    lua_settop(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TLIGHTUSERDATA) return 1;
    const Field *field = lua_touserdata(L, 2);
    return field->get(L);
}

/* upvalues: list of field names, position */
static int object_next_field(lua_State *L) {
    for (;;) {
        lua_Integer position = lua_tointeger(L, lua_upvalueindex(2)) + 1;
        lua_pushinteger(L, position);
        lua_replace(L, lua_upvalueindex(2));
        if (lua_rawgeti(L, lua_upvalueindex(1), position) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_gettable(L, 1) != LUA_TNIL) return 2;
        lua_settop(L, 1);
    }
}

static int object_pairs(lua_State *L) {
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, object_next_field, 2);
    lua_pushvalue(L, 1);
    return 2;
}

void object_register(lua_State *L, const char *type, const char *shown, const Field *fields,
                     const luaL_Reg *methods, const luaL_Reg *extra) {
    luaL_newmetatable(L, type);
    int metatable = lua_gettop(L);
    lua_pushstring(L, shown);
    lua_setfield(L, metatable, "__name");
    lua_pushstring(L, shown);
    lua_setfield(L, metatable, "__metatable");
    luaL_setfuncs(L, extra, 0);
    lua_newtable(L); /* names, for pairs */
    lua_newtable(L); /* fields and methods */
    luaL_setfuncs(L, methods, 0);
    for (lua_Integer i = 0; fields[i].name; i++) {
        lua_pushstring(L, fields[i].name);
        lua_rawseti(L, -3, i + 1);
        lua_pushlightuserdata(L, (void *)&fields[i]);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, object_pairs, 1);
    lua_setfield(L, metatable, "__pairs");
    lua_pushvalue(L, metatable);
    lua_insert(L, -2);
    lua_pushcclosure(L, object_index_field, 2);
    lua_setfield(L, metatable, "__index");
    lua_settop(L, metatable - 1);
}

void object_push_cache(lua_State *L, ObjectKind kind, uint32_t count) {
    lua_createtable(L, (int)count + 1, 0);
    luaL_getmetatable(L, kind_types[kind]);
    lua_rawseti(L, -2, 1);
}

/* New handles only: what makes one, with the cache on top of the stack; leaves the handle on it. */
static void push_new_handle(lua_State *L, int model, Id id) {
    Handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
    handle->owner = lua_touserdata(L, model);
    handle->id = id;
    lua_rawgeti(L, -2, 1);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, model);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer)id + 2);
}

void object_push(lua_State *L, int model, ObjectKind kind, Id id) {
    if (id == ID_NONE) {
        lua_pushnil(L);
        return;
    }
    lua_getiuservalue(L, model, (int)kind + 1);
    if (lua_rawgeti(L, -1, (lua_Integer)id + 2) == LUA_TNIL) {
        lua_pop(L, 1);
        push_new_handle(L, model, id);
    }
    lua_replace(L, -2);
}

static Handle *open_handle(lua_State *L, Handle *handle) {
    if (!handle->owner->model) luaL_error(L, "model is closed");
    return handle;
}

Handle *object_check(lua_State *L, int arg, ObjectKind kind) {
    return open_handle(L, luaL_checkudata(L, arg, kind_types[kind]));
}

Handle *object_self(lua_State *L) {
    return open_handle(L, lua_touserdata(L, 1));
}

LuaModel *model_upvalue(lua_State *L) {
    LuaModel *owner = lua_touserdata(L, lua_upvalueindex(1));
    if (!owner->model) luaL_error(L, "model is closed");
    return owner;
}

LuaModel *model_check(lua_State *L, int arg) {
    LuaModel *owner = luaL_checkudata(L, arg, MODEL_TYPE);
    if (!owner->model) luaL_error(L, "model is closed");
    return owner;
}

int object_push_model(lua_State *L, int arg) {
    lua_getiuservalue(L, arg, 1);
    return lua_gettop(L);
}

void object_push_bytes(lua_State *L, Bytes bytes) {
    lua_pushlstring(L, bytes.size ? bytes.data : "", bytes.size);
}

void object_push_text(lua_State *L, const Model *model, Text text) {
    object_push_bytes(L, model_text(model, text));
}

void object_push_symbol(lua_State *L, const Model *model, Symbol symbol) {
    object_push_bytes(L, model_name(model, symbol));
}

void object_push_operator(lua_State *L, const Model *model, Id op) {
    const Operator *operation = &model->operators.items[op];
    if (operation->domain != SYMBOL_EMPTY) {
        object_push_symbol(L, model, operation->domain);
        lua_pushliteral(L, ".");
    }
    object_push_symbol(L, model, operation->op_type);
    if (operation->domain != SYMBOL_EMPTY) lua_concat(L, 3);
}

void object_push_unsigned(lua_State *L, uint64_t value) {
    if (value <= INT64_MAX) lua_pushinteger(L, (lua_Integer)value);
    else lua_pushnumber(L, (lua_Number)value);
}

void object_set_unsigned(lua_State *L, const char *field, uint64_t value) {
    object_push_unsigned(L, value);
    lua_setfield(L, -2, field);
}

void object_add_shown(luaL_Buffer *buffer, Bytes name, char quote_with) {
    const char special[] = {'\\', quote_with, '\0'};
    for (size_t i = 0;;) {
        char shown[16];
        size_t plain = bytes_plain_length((Bytes){name.data + i, name.size - i}, special);
        luaL_addlstring(buffer, name.data + i, plain);
        i += plain;
        if (i == name.size) break;
        i += escape_character(name.data + i, name.size - i, shown);
        if (quote_with && shown[0] == quote_with) luaL_addchar(buffer, '\\');
        luaL_addstring(buffer, shown);
    }
}

void object_push_hex(lua_State *L, const unsigned char *bytes, size_t size) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < size; i++) {
        luaL_addchar(&buffer, "0123456789abcdef"[bytes[i] >> 4]);
        luaL_addchar(&buffer, "0123456789abcdef"[bytes[i] & 15]);
    }
    luaL_pushresult(&buffer);
}

int object_fail(lua_State *L, const Error *err) {
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    lua_pushstring(L, error_code_name(err->code));
    return 3;
}

int object_raise(lua_State *L, const Error *err) {
    return luaL_error(L, "%s", err->message);
}

Reader *object_reader(LuaModel *owner) {
    owner->reader.failed = false;
    return &owner->reader;
}

/* The last occurrence counts, as protobuf has it. */
void object_push_doc(lua_State *L, LuaModel *owner, ByteRange range, const char *message, uint32_t field) {
    Reader *reader = object_reader(owner);
    ByteRange found = {0, 0};
    bool present = false;
    Message m = message_at(message, range.offset, range.length);
    while (message_next(reader, &m)) {
        if (m.field != field || m.wire != WIRE_LENGTH) continue;
        found = (ByteRange){m.offset, m.length};
        present = true;
    }
    Bytes text = {0};
    if (!reader->failed && present) reader_bytes(reader, found.offset, found.length, "doc_string", &text);
    if (reader->failed) object_raise(L, &owner->err);
    if (present && text.size) object_push_bytes(L, text);
    else lua_pushnil(L);
}

void object_push_entries(lua_State *L, LuaModel *owner, ByteRange range, const char *message,
                         uint32_t field) {
    Reader *reader = object_reader(owner);
    lua_newtable(L);
    Message m = message_at(message, range.offset, range.length);
    while (message_next(reader, &m)) {
        Entry entry;
        Bytes text;
        if (m.field != field) continue;
        if (!message_entry(reader, &m, "metadata", &entry)) break;
        if (!reader_bytes(reader, entry.key_offset, entry.key_length, "key", &text)) break;
        object_push_bytes(L, text);
        if (!reader_bytes(reader, entry.value_offset, entry.value_length, "value", &text)) break;
        object_push_bytes(L, text);
        lua_rawset(L, -3);
    }
    if (reader->failed) object_raise(L, &owner->err);
}

const NameIndex *object_index(lua_State *L, LuaModel *owner) {
    if (!owner->has_index) {
        if (!index_init(&owner->index, owner->model, &owner->err)) object_raise(L, &owner->err);
        owner->has_index = true;
    }
    return &owner->index;
}

void object_push_list(lua_State *L, int model, ObjectKind kind, IdSpan ids) {
    lua_createtable(L, (int)ids.count, 0);
    lua_Integer at = 0;
    for (uint32_t i = 0; i < ids.count; i++) {
        if (ids.ids[i] == ID_NONE) continue;
        object_push(L, model, kind, ids.ids[i]);
        lua_rawseti(L, -2, ++at);
    }
}

void object_check_options(lua_State *L, int arg, const char *what, const char *const *names,
                          const char *there) {
    if (lua_isnoneornil(L, arg)) return;
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        bool is_known = false;
        for (int i = 0; key && names[i] && !is_known; i++) is_known = strcmp(names[i], key) == 0;
        if (!is_known)
            luaL_error(L, "%s: unknown option '%s', %s", what, luaL_tolstring(L, -2, NULL), there);
    }
}

OperatorFilter object_operator_filter(lua_State *L, int arg, const Model *model) {
    static const char *const names[] = {"op", NULL};
    OperatorFilter filter = {.all = true};
    object_check_options(L, arg, "nodes", names, "there is 'op'");
    if (!lua_istable(L, arg)) return filter;
    if (lua_getfield(L, arg, "op") != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "nodes: option 'op' is a %s, an operator name is wanted", luaL_typename(L, -1));
        size_t size;
        const char *name = lua_tolstring(L, -1, &size);
        const char *dot = memrchr(name, '.', size);
        Bytes domain = {name, dot ? (size_t)(dot - name) : 0};
        Bytes op_type = dot ? (Bytes){dot + 1, size - domain.size - 1} : (Bytes){name, size};
        if (bytes_equal(domain, BYTES_LITERAL("ai.onnx"))) domain.size = 0;
        filter.domain = interner_find(&model->text, domain);
        filter.op_type = interner_find(&model->text, op_type);
        filter.all = false;
        filter.none = filter.domain == SYMBOL_NONE || filter.op_type == SYMBOL_NONE;
    }
    lua_pop(L, 1);
    return filter;
}

bool operator_filter_matches(const OperatorFilter *filter, const Model *model, Id node) {
    if (filter->all) return true;
    const Operator *op = &model->operators.items[model->nodes.items[node].op];
    return !filter->none && op->op_type == filter->op_type && op->domain == filter->domain;
}
