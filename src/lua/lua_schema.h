/* Operator schemas as Lua tables. */
#ifndef ONNXDOC_LUA_SCHEMA_H
#define ONNXDOC_LUA_SCHEMA_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* onnxdoc.schema(op_type [, domain [, opset]]): {domain, name, since, deprecated, inputs, outputs,
 * attributes} or nil. Without an opset, or with 0, the newest version; a version below the first is nil, as
 * is an operator nobody knows. Tables are made anew for every call. */
int lua_schema(lua_State *L);

/* Pushes that table, or nil. */
int lua_schema_push(lua_State *L, Bytes op_type, Bytes domain, int64_t opset);

/* Pushes the default of an attribute; false, and nothing pushed, when it has none. */
bool lua_schema_push_default(lua_State *L, Bytes op_type, Bytes domain, int64_t opset, Bytes attribute);

#endif
