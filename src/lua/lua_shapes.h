/* What inference found, as fields of models and values. A Model infers on first use; `model:with{…}` is a view of the same
 * model with other bindings, inferred on its own.
 */
#ifndef ONNXDOC_LUA_SHAPES_H
#define ONNXDOC_LUA_SHAPES_H

#include "lua/lua_object.h"
#include "ops/shapes.h"

/* The shapes of the model, made on first use; raises when memory runs out or a binding is wrong. `model` is the stack index of
 * the Model userdata. */
Shapes *lua_shapes(lua_State *L, int model);

/* Pushes an integer, a float, an Expr, or false when it is not known; `model` is the stack index of what owns the algebra. */
void lua_shapes_push_dim(lua_State *L, int model, Algebra *algebra, Expr dim);

/* Fields of values; the value is at stack index 1. */
int value_get_dtype(lua_State *L);
int value_get_shape(lua_State *L);
int value_get_type(lua_State *L);
int value_get_known(lua_State *L);
int value_get_reason(lua_State *L);

/* Fields and methods of models; the model is at stack index 1. */
int model_get_symbols(lua_State *L);
int model_get_assumptions(lua_State *L);
int model_get_gaps(lua_State *L);
int model_get_shape_diagnostics(lua_State *L);
/* model:with{dims = {batch = 8}, values = {sr = 16000}, shapes = {x = {1, 3, 224, 224}}} */
int model_with(lua_State *L);

#endif
