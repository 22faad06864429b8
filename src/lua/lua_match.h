/* What nodes are there for and how a model is made up, as fields and methods of models and nodes. */
#ifndef ONNXDOC_LUA_MATCH_H
#define ONNXDOC_LUA_MATCH_H

#include "lua/lua_object.h"
#include "match/view.h"

/* The canonical (raw: the raw) view of the model, made on first use; raises when memory runs out. `model` is the stack
 * index of the Model userdata. */
View *lua_view(lua_State *L, int model, bool raw);

int node_get_class(lua_State *L);
int node_get_structure(lua_State *L);

#endif
