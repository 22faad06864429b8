/* What running a model takes, as fields of models, graphs and nodes. Counted for a whole model on first use. */
#ifndef ONNXDOC_LUA_COST_H
#define ONNXDOC_LUA_COST_H

#include "cost/costs.h"
#include "lua/lua_object.h"

/* The costs of the model, made on first use; raises when memory runs out. `model` is the stack index of the Model userdata. */
Costs *lua_costs(lua_State *L, int model);

/* Pushes a sum of costs; what it is of is at the top of the stack, and popped. */
void lua_cost_push_sum(lua_State *L, int model, const CostSum *sum);

int model_get_cost(lua_State *L);
int model_get_cost_gaps(lua_State *L);
int model_get_coverage(lua_State *L);
/* model:costs("op"), model:costs("layer"), model:costs(function(node) return key end) */
int model_costs(lua_State *L);
/* model:memory(bindings [, "orders"]): the peak of activations */
int model_memory(lua_State *L);
int graph_get_cost(lua_State *L);
int node_get_cost(lua_State *L);
int node_get_own_cost(lua_State *L);
int node_get_cost_notes(lua_State *L);
int node_get_runs(lua_State *L);
int value_get_nbytes(lua_State *L);
int value_get_elements(lua_State *L);
int value_get_is_constant(lua_State *L);

void lua_cost_register(lua_State *L);

#endif
