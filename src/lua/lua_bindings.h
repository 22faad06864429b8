/* What a table {batch = 8} says about the symbols of an Algebra. Blocks lie on the Lua stack for as long as they are used. */
#ifndef ONNXDOC_LUA_BINDINGS_H
#define ONNXDOC_LUA_BINDINGS_H

#include <lua.h>

#include "dim/expr.h"

typedef struct IdList {
    SymbolId *ids;
    size_t count, room;
} IdList;

/* Pushes a block with the symbols of e. */
IdList lua_symbols_push(lua_State *L, const Algebra *algebra, Expr e);
/* Pushes the symbols of e for messages: "'n', 'm'"; "" when there are none. */
const char *lua_symbols_push_text(lua_State *L, const Algebra *algebra, Expr e);

/* By symbol: values, EXPR_UNKNOWN where the table says nothing, and the same as numbers where they are. */
typedef struct Bindings {
    Algebra *algebra;
    Expr e; /* the formula they are for, resolved: messages list its symbols */
    Expr *values;
    int64_t *numbers;
    bool *bound;
    uint32_t count;
} Bindings;

/* Pushes the blocks; nothing is bound. */
Bindings lua_bindings_push(lua_State *L, Algebra *algebra, Expr e);
/* Reads the table at `arg`. Raises for a name that is no symbol (and lists those there are), a value outside the symbol's
 * bounds, and values that contradict each other. */
void lua_bindings_read(lua_State *L, Bindings *bindings, int arg);
/* The symbol of the name at `arg`; raises when there is none. */
SymbolId lua_bindings_find(lua_State *L, const Bindings *bindings, int arg);
/* All of these symbols have a number. */
bool lua_bindings_cover(const Bindings *bindings, const IdList *symbols);
bool lua_bindings_evaluate(const Bindings *bindings, Expr e, Evaluation *result, Error *err);

#endif
