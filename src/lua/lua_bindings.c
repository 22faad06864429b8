/* Values that a table gives to symbols, and the symbols of a formula, for everything that evaluates formulas. */
#include "lua/lua_bindings.h"

#include <string.h>

#include "lua/lua_expr.h"
#include "lua/lua_object.h"

/* ---- symbols of a formula ---- */

/* Names are pushed when no visit is under way, since pushing can raise. */
static bool count_symbol(void *context, SymbolId symbol) {
    IdList *list = context;
    if (list->count < list->room) list->ids[list->count] = symbol;
    list->count++;
    return true;
}

/* Pushes a block with the symbols of e. */
IdList lua_symbols_push(lua_State *L, const Algebra *algebra, Expr e) {
    IdList list = {0};
    expr_visit_symbols(algebra, e, count_symbol, &list);
    list.room = list.count;
    list.ids = lua_newuserdatauv(L, list.room * sizeof *list.ids + 1, 0);
    list.count = 0;
    expr_visit_symbols(algebra, e, count_symbol, &list);
    return list;
}

/* The symbols of e for messages: "'n', 'm'"; "" when there are none. */
const char *lua_symbols_push_text(lua_State *L, const Algebra *algebra, Expr e) {
    luaL_Buffer buffer;
    IdList list = lua_symbols_push(L, algebra, e);
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < list.count && i < 8; i++) {
        if (i > 0) luaL_addstring(&buffer, ", ");
        luaL_addstring(&buffer, quote(algebra_symbol_name(algebra, list.ids[i])).text);
    }
    if (list.count > 8) luaL_addstring(&buffer, ", ...");
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
}

/* ---- values for symbols ---- */

Bindings lua_bindings_push(lua_State *L, Algebra *algebra, Expr e) {
    Bindings bindings = {.algebra = algebra, .e = expr_resolve(algebra, e)};
    if (!expr_is_known(bindings.e)) bindings.e = e;
    bindings.count = algebra_symbol_count(algebra);
    size_t count = bindings.count + (size_t)1;
    bindings.values = lua_newuserdatauv(L, count * sizeof *bindings.values, 0);
    bindings.numbers = lua_newuserdatauv(L, count * sizeof *bindings.numbers, 0);
    bindings.bound = lua_newuserdatauv(L, count * sizeof *bindings.bound, 0);
    memset(bindings.numbers, 0, count * sizeof *bindings.numbers);
    memset(bindings.bound, 0, count * sizeof *bindings.bound);
    for (uint32_t i = 0; i < bindings.count; i++) bindings.values[i] = EXPR_UNKNOWN;
    return bindings;
}

/* The first symbols of all, for messages. */
static const char *push_all_symbols(lua_State *L, const Algebra *algebra) {
    luaL_Buffer buffer;
    uint32_t count = algebra_symbol_count(algebra);
    luaL_buffinit(L, &buffer);
    for (SymbolId i = 0; i < count && i < 8; i++) {
        if (i > 0) luaL_addstring(&buffer, ", ");
        luaL_addstring(&buffer, quote(algebra_symbol_name(algebra, i)).text);
    }
    if (count > 8) luaL_addstring(&buffer, ", ...");
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
}

/* The symbol of a name; raises and says which there are. */
SymbolId lua_bindings_find(lua_State *L, const Bindings *bindings, int arg) {
    size_t size;
    const char *text = lua_tolstring(L, arg, &size);
    SymbolId symbol = algebra_find_symbol(bindings->algebra, (Bytes){text, size});
    if (symbol != UINT32_MAX) return symbol;
    const char *names = lua_symbols_push_text(L, bindings->algebra, bindings->e);
    const char *where = "the formula";
    if (!*names && bindings->e == 0) {
        names = push_all_symbols(L, bindings->algebra);
        where = "the model";
    }
    luaL_error(L, "there is no symbol %s; %s has %s", quote((Bytes){text, size}).text, where,
               *names ? names : "none");
    return symbol;
}

static void raise_contradiction(lua_State *L, const Bindings *bindings, SymbolId symbol, Expr is,
                                Expr value) {
    Quoted name = quote(algebra_symbol_name(bindings->algebra, symbol));
    luaL_error(L, "symbol %s is %s and cannot be %s", name.text, lua_formula_push(L, bindings->algebra, is),
               lua_formula_push(L, bindings->algebra, value));
}

/* A symbol stands for itself, or for another one of its class, which gets the value. */
static void bind_symbol(lua_State *L, Bindings *bindings, SymbolId symbol, Expr value) {
    Algebra *algebra = bindings->algebra;
    Expr is = algebra_symbol_value(algebra, symbol);
    SymbolId representative = expr_as_symbol(algebra, is);
    if (is == value) return;
    Expr before = bindings->values[representative];
    if (expr_is_known(before) && before != value) raise_contradiction(L, bindings, symbol, before, value);
    int64_t least, most, low, high;
    expr_bounds(algebra, is, &least, &most);
    expr_bounds(algebra, value, &low, &high);
    if (high < least || low > most) {
        bool below = high < least;
        Quoted name = quote(algebra_symbol_name(algebra, symbol));
        luaL_error(L, "symbol %s is at %s %I, got %s", name.text, below ? "least" : "most",
                   (LUAI_UACINT)(below ? least : most), lua_formula_push(L, algebra, value));
    }
    bindings->values[representative] = value;
    bindings->bound[representative] = expr_to_integer(algebra, value, &bindings->numbers[representative]);
}

/* The value of a symbol at the top of the stack: a whole number or an Expr. */
static Expr check_symbol_value(lua_State *L, const Bindings *bindings, SymbolId symbol) {
    if (lua_expr_test(L, -1)) return lua_expr_operand(L, bindings->algebra, -1);
    int whole = 0;
    lua_Integer value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
    Quoted name = quote(algebra_symbol_name(bindings->algebra, symbol));
    if (!whole)
        luaL_error(L, "symbol %s gets a whole number or an Expr, not %s", name.text,
                   lua_type(L, -1) == LUA_TNUMBER ? luaL_tolstring(L, -1, NULL) : luaL_typename(L, -1));
    return expr_integer(bindings->algebra, value);
}

/* The value of e when one symbol of it is `value`; EXPR_UNKNOWN when that is no whole constant. */
static Expr constant_at(const Bindings *bindings, Expr e, SymbolId symbol, Expr value) {
    Expr before = bindings->values[symbol];
    bindings->values[symbol] = value;
    Expr result = expr_substitute(bindings->algebra, e, bindings->values, bindings->count);
    bindings->values[symbol] = before;
    int64_t constant;
    return expr_is_known(result) && expr_to_integer(bindings->algebra, result, &constant) ? result
                                                                                          : EXPR_UNKNOWN;
}

/* A symbol that stands for a formula, past = total - seq: when all others have a value it must agree with theirs, and when
 * one has none, that one follows. */
static void bind_formula(lua_State *L, Bindings *bindings, SymbolId symbol, Expr value) {
    Algebra *algebra = bindings->algebra;
    Expr is = algebra_symbol_value(algebra, symbol);
    Expr rest =
        expr_subtract(algebra, expr_substitute(algebra, is, bindings->values, bindings->count), value);
    if (rest == 0) return;
    IdList symbols = lua_symbols_push(L, algebra, rest);
    if (symbols.count != 1) raise_contradiction(L, bindings, symbol, is, value);
    Expr at_zero = constant_at(bindings, rest, symbols.ids[0], 0),
         at_one = constant_at(bindings, rest, symbols.ids[0], 1);
    Expr solution = expr_divide(algebra, at_zero, expr_subtract(algebra, at_zero, at_one));
    if (!expr_is_known(solution) || !expr_is_whole(algebra, solution) ||
        constant_at(bindings, rest, symbols.ids[0], solution) != 0)
        raise_contradiction(L, bindings, symbol, is, value);
    bind_symbol(L, bindings, symbols.ids[0], solution);
    lua_pop(L, 1);
}

/* First the symbols that stand for themselves or their class, then those that stand for formulas of them. */
void lua_bindings_read(lua_State *L, Bindings *bindings, int arg) {
    for (int formulas = 0; formulas < 2; formulas++)
        for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING)
                luaL_error(L, "a symbol is named by a string, not a %s", luaL_typename(L, -2));
            SymbolId symbol = lua_bindings_find(L, bindings, -2);
            Expr value = check_symbol_value(L, bindings, symbol),
                 is = algebra_symbol_value(bindings->algebra, symbol);
            bool is_formula = expr_as_symbol(bindings->algebra, is) == UINT32_MAX;
            if (is_formula != (formulas == 1)) continue;
            (is_formula ? bind_formula : bind_symbol)(L, bindings, symbol, value);
        }
}

bool lua_bindings_cover(const Bindings *bindings, const IdList *symbols) {
    for (size_t i = 0; i < symbols->count; i++)
        if (!bindings->bound[symbols->ids[i]]) return false;
    return true;
}

bool lua_bindings_evaluate(const Bindings *bindings, Expr e, Evaluation *result, Error *err) {
    return expr_evaluate(bindings->algebra, e, bindings->numbers, bindings->bound, bindings->count, result,
                         err);
}
