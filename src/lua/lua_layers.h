/* Layers of models: model:layers(), parts of graphs, the part a node is in. Found for a whole model on first use. */
#ifndef ONNXDOC_LUA_LAYERS_H
#define ONNXDOC_LUA_LAYERS_H

#include "lua/lua_object.h"

/* The layers of the model, found on first use; raises when memory runs out. `model` is the stack index of the Model userdata. */
Layers *lua_layers(lua_State *L, int model);

/* model:costs("layer"): a list of {key, cost} of parts, in order; key is false for what is in none. */
int model_layer_costs(lua_State *L);
/* model:layers() */
int model_layers(lua_State *L);
int graph_get_parts(lua_State *L);
int node_get_layer(lua_State *L);

void lua_layers_register(lua_State *L);

#endif
