/* Attribute values as plain Lua values: numbers, strings, lists; Tensor and Graph handles; types as text;
 * {reference = "alpha"} inside functions. */
#include "base/little.h"
#include "lua/lua_object.h"
#include "onnx/fields.h"

static LuaModel *owner_at(lua_State *L, int model) {
    return lua_touserdata(L, model);
}

static void push_string_field(lua_State *L, LuaModel *owner, const Attribute *attribute) {
    object_push_doc(L, owner, (ByteRange){attribute->offset, attribute->length}, "AttributeProto",
                    ATTRIBUTE_S);
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
    lua_pushliteral(L, "");
}

/* One field of a long list, read from the file. */
static bool push_list_field(lua_State *L, Reader *reader, const Message *m, uint32_t type,
                            lua_Integer *count) {
    uint64_t at = 0, bits;
    if (type == ATTRIBUTE_STRING_LIST) {
        Bytes text;
        if (!message_bytes(reader, m, "strings", &text)) return false;
        object_push_bytes(L, text);
        lua_rawseti(L, -2, ++*count);
        return true;
    }
    WireType wire = type == ATTRIBUTE_INT_LIST ? WIRE_VARINT : WIRE_FIXED32;
    while (message_scalar(reader, m, wire, "attribute", &at, &bits)) {
        if (type == ATTRIBUTE_INT_LIST) {
            lua_pushinteger(L, (lua_Integer)bits);
        } else {
            lua_pushnumber(L, (lua_Number)float32_from_bits((uint32_t)bits));
        }
        lua_rawseti(L, -2, ++*count);
    }
    return !reader->failed;
}

static void push_long_list(lua_State *L, LuaModel *owner, const Attribute *attribute) {
    uint32_t field = attribute->type == ATTRIBUTE_INT_LIST     ? ATTRIBUTE_INTS
                     : attribute->type == ATTRIBUTE_FLOAT_LIST ? ATTRIBUTE_FLOATS
                                                               : ATTRIBUTE_STRINGS;
    Reader *reader = object_reader(owner);
    lua_Integer count = 0;
    lua_createtable(L, (int)(attribute->count < INT32_MAX ? attribute->count : INT32_MAX), 0);
    Message m = message_at("AttributeProto", attribute->offset, attribute->length);
    while (message_next(reader, &m))
        if (m.field == field && !push_list_field(L, reader, &m, attribute->type, &count)) break;
    if (reader->failed) object_raise(L, &owner->err);
}

static void push_stored_list(lua_State *L, const Model *model, const Attribute *attribute) {
    lua_createtable(L, (int)attribute->count, 0);
    for (uint32_t i = 0; i < attribute->count; i++) {
        uint32_t at = attribute->first + i;
        switch (attribute->type) {
        case ATTRIBUTE_INT_LIST: lua_pushinteger(L, model->integers.items[at]); break;
        case ATTRIBUTE_FLOAT_LIST: lua_pushnumber(L, (lua_Number)model->floats.items[at]); break;
        default: object_push_text(L, model, model->strings.items[at]); break;
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_member(lua_State *L, int model, uint32_t type, Id id) {
    switch (type) {
    case ATTRIBUTE_TENSOR:
    case ATTRIBUTE_TENSOR_LIST:
    case ATTRIBUTE_SPARSE:
    case ATTRIBUTE_SPARSE_LIST: object_push(L, model, OBJECT_TENSOR, id); break;
    case ATTRIBUTE_GRAPH:
    case ATTRIBUTE_GRAPH_LIST: object_push(L, model, OBJECT_GRAPH, id); break;
    default: type_push(L, owner_at(L, model)->model, id);
    }
}

static void push_members(lua_State *L, int model, const Attribute *attribute) {
    const Id *ids = owner_at(L, model)->model->lists.items + attribute->first;
    bool is_list = attribute->type == ATTRIBUTE_TENSOR_LIST || attribute->type == ATTRIBUTE_GRAPH_LIST ||
                   attribute->type == ATTRIBUTE_SPARSE_LIST || attribute->type == ATTRIBUTE_TYPE_PROTO_LIST;
    if (!is_list) {
        if (attribute->count) push_member(L, model, attribute->type, ids[0]);
        else lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)attribute->count, 0);
    for (uint32_t i = 0; i < attribute->count; i++) {
        push_member(L, model, attribute->type, ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void attribute_push(lua_State *L, int model_index, const Attribute *attribute) {
    LuaModel *owner = owner_at(L, model_index);
    const Model *model = owner->model;
    luaL_checkstack(L, 8, "attribute");
    if (attribute->reference != SYMBOL_NONE) {
        lua_createtable(L, 0, 1);
        object_push_symbol(L, model, attribute->reference);
        lua_setfield(L, -2, "reference");
        return;
    }
    switch (attribute->type) {
    case ATTRIBUTE_UNDEFINED: lua_pushnil(L); break;
    case ATTRIBUTE_FLOAT: lua_pushnumber(L, (lua_Number)attribute->f); break;
    case ATTRIBUTE_INT: lua_pushinteger(L, attribute->i); break;
    case ATTRIBUTE_STRING:
        if (attribute->stored) object_push_text(L, model, attribute->s);
        else push_string_field(L, owner, attribute);
        break;
    case ATTRIBUTE_FLOAT_LIST:
    case ATTRIBUTE_INT_LIST:
    case ATTRIBUTE_STRING_LIST:
        if (attribute->stored) push_stored_list(L, model, attribute);
        else push_long_list(L, owner, attribute);
        break;
    default: push_members(L, model_index, attribute);
    }
}
