/* Expr in Lua: a userdata {algebra, word}. Its user value 1 is what keeps the Algebra alive: a userdata of
 * lua_algebra_push, or any other that does.
 */
#ifndef ONNXDOC_LUA_EXPR_H
#define ONNXDOC_LUA_EXPR_H

#include <lua.h>

#include "dim/expr.h"

typedef struct LuaExpr {
    Algebra *algebra;
    Expr e;
} LuaExpr;

/* Pushes a userdata that owns a new Algebra, to be an owner below; raises when memory runs out. */
Algebra *lua_algebra_push(lua_State *L);

/* Pushes an Expr, constants too; nil for EXPR_UNKNOWN. `owner` is the stack index of what keeps the Algebra alive. */
void lua_expr_push(lua_State *L, int owner, Algebra *algebra, Expr e);
/* As a dimension: an integer when it is one, else an Expr. */
void lua_expr_push_dimension(lua_State *L, int owner, Algebra *algebra, Expr e);
/* The Expr at `arg`, raising when it is none. */
const LuaExpr *lua_expr_check(lua_State *L, int arg);
/* The same, NULL when it is none. */
const LuaExpr *lua_expr_test(lua_State *L, int arg);
/* Pushes the formula's text. */
const char *lua_formula_push(lua_State *L, const Algebra *algebra, Expr e);
/* Pushes an integer, or past 2^63 a float. */
void lua_evaluation_push(lua_State *L, const Evaluation *evaluation);
/* The number or Expr of that Algebra at `arg`; raises when it is neither. */
Expr lua_expr_operand(lua_State *L, Algebra *algebra, int arg);

/* onnxdoc.expr(number or name [, {least =, most =}]) and onnxdoc.prove(a, operator, b). */
int lua_expr(lua_State *L);
int lua_prove(lua_State *L);

void lua_expr_register(lua_State *L);

#endif
