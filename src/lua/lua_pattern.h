/* Patterns in Lua: onnxdoc.pattern, model:find and model:paths. */
#ifndef ONNXDOC_LUA_PATTERN_H
#define ONNXDOC_LUA_PATTERN_H

#include <lua.h>

/* onnxdoc.pattern(text): a Pattern, or nil, message, "syntax", byte. */
int lua_pattern(lua_State *L);

/* model:find(pattern or text [, {all =, count =, first =, raw =, where =, within =}]) */
int model_find(lua_State *L);
/* model:paths(from, to [, {limit =, raw =}]): a list of lists of Nodes; true behind it when there are more. */
int model_paths(lua_State *L);

void lua_pattern_register(lua_State *L);

#endif
