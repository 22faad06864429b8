#include "lua/lua_schema.h"

#include <string.h>

#include "lua/lua_object.h"
#include "ops/schema.h"

static void push_formals(lua_State *L, Bytes field) {
    static const char *const options[] = {"single", "optional", "variadic"};
    Formal formal;
    lua_newtable(L);
    for (lua_Integer i = 1; schema_next_formal(&field, &formal); i++) {
        lua_createtable(L, 0, 2);
        object_push_bytes(L, formal.name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, options[formal.option]);
        lua_setfield(L, -2, "option");
        lua_rawseti(L, -2, i);
    }
}

/* A default as the table writes it: "text", 3 or 0.5. Numbers go through Lua, which knows the locale; floats
 * are rounded to float32, so that a default equals the same value written in a file. */
static void push_scalar(lua_State *L, Bytes text) {
    char number[64];
    if (text.data[0] == '"') {
        lua_pushlstring(L, text.data + 1, text.size - 2);
        return;
    }
    size_t size = text.size < sizeof number - 1 ? text.size : sizeof number - 1;
    memcpy(number, text.data, size);
    number[size] = 0;
    lua_stringtonumber(L, number);
    if (lua_isinteger(L, -1)) return;
    float narrow = (float)lua_tonumber(L, -1);
    lua_pop(L, 1);
    lua_pushnumber(L, (lua_Number)narrow);
}

static void push_default(lua_State *L, const SchemaAttribute *attribute) {
    Bytes text = attribute->default_text, item;
    if (text.data[0] != '[') {
        push_scalar(L, text);
        return;
    }
    Bytes list = {text.data + 1, text.size - 2};
    lua_newtable(L);
    for (lua_Integer i = 1; schema_next_item(&list, &item); i++) {
        push_scalar(L, item);
        lua_rawseti(L, -2, i);
    }
}

static void push_attributes(lua_State *L, Bytes field) {
    SchemaAttribute attribute;
    lua_newtable(L);
    while (schema_next_attribute(&field, &attribute)) {
        object_push_bytes(L, attribute.name);
        lua_createtable(L, 0, 3);
        object_push_bytes(L, attribute.type);
        lua_setfield(L, -2, "type");
        lua_pushboolean(L, attribute.is_required);
        lua_setfield(L, -2, "required");
        if (attribute.has_default) {
            push_default(L, &attribute);
            lua_setfield(L, -2, "default");
        }
        lua_rawset(L, -3);
    }
}

int lua_schema_push(lua_State *L, Bytes op_type, Bytes domain, int64_t opset) {
    Schema schema;
    if (!schema_find(domain, op_type, opset, &schema)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_checkstack(L, 8, "schema");
    lua_createtable(L, 0, 7);
    object_push_bytes(L, schema.domain);
    lua_setfield(L, -2, "domain");
    object_push_bytes(L, schema.name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, schema.since);
    lua_setfield(L, -2, "since");
    lua_pushboolean(L, schema.is_deprecated);
    lua_setfield(L, -2, "deprecated");
    push_formals(L, schema.inputs);
    lua_setfield(L, -2, "inputs");
    push_formals(L, schema.outputs);
    lua_setfield(L, -2, "outputs");
    push_attributes(L, schema.attributes);
    lua_setfield(L, -2, "attributes");
    return 1;
}

bool lua_schema_push_default(lua_State *L, Bytes op_type, Bytes domain, int64_t opset, Bytes name) {
    Schema schema;
    SchemaAttribute attribute;
    if (!schema_find(domain, op_type, opset, &schema)) return false;
    while (schema_next_attribute(&schema.attributes, &attribute)) {
        if (!bytes_equal(attribute.name, name)) continue;
        luaL_checkstack(L, 4, "default");
        if (attribute.has_default) push_default(L, &attribute);
        return attribute.has_default;
    }
    return false;
}

int lua_schema(lua_State *L) {
    Bytes op_type, domain;
    op_type.data = luaL_checklstring(L, 1, &op_type.size);
    domain.data = luaL_optlstring(L, 2, "", &domain.size);
    lua_Integer opset = luaL_optinteger(L, 3, 0);
    return lua_schema_push(L, op_type, domain, opset);
}
