/* Operators from Lua: onnxdoc.operator{domain = "com.acme", name = "Fancy", shape = function(node) … end}. */
#ifndef ONNXDOC_LUA_OPERATOR_H
#define ONNXDOC_LUA_OPERATOR_H

#include "lua/lua_object.h"
#include "ops/cost.h"

/* onnxdoc.operator(definition): from then on, models that are inferred anew use it, also instead of a shipped rule. */
int lua_operator(lua_State *L);

/* The hook through which inference asks for operators defined in Lua; its `infer` is NULL when there are none. `call` must
 * live as long as the inference; `model` is the stack index of the Model userdata, which owns the algebra. */
typedef struct OperatorCall {
    lua_State *L;
    int model;
    Op *op;
    bool is_defined; /* there is a function for it */
} OperatorCall;
OperatorHook lua_operator_hook(lua_State *L, int model, OperatorCall *call);
/* The same for costs. */
CostHook lua_operator_cost_hook(lua_State *L, int model, OperatorCall *call);

#endif
