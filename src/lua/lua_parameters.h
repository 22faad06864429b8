/* What stored tensors are used for, as fields of models and tensors. */
#ifndef ONNXDOC_LUA_PARAMETERS_H
#define ONNXDOC_LUA_PARAMETERS_H

#include <lua.h>

int model_get_parameters(lua_State *L);
int tensor_get_use(lua_State *L);
int tensor_get_users(lua_State *L);

#endif
