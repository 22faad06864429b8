/* Expr: a formula over a model's symbols. Arithmetic gives Exprs, also where the result is constant; what has no
 * result raises and says why. Both operands belong to one Algebra, numbers to any. */
#include "lua/lua_expr.h"

#include <math.h>
#include <string.h>

#include "lua/lua_bindings.h"
#include "lua/lua_guard.h"
#include "lua/lua_object.h"

static const char EXPR_TYPE[] = "onnxdoc.Expr";
static const char ALGEBRA_TYPE[] = "onnxdoc.Algebra";
static const char DEFAULT_ALGEBRA = 0; /* its address is the key in the registry */

/* ---- the Algebra ---- */

typedef struct AlgebraOwner {
    Algebra *algebra;
} AlgebraOwner;

static int algebra_collect(lua_State *L) {
    AlgebraOwner *owner = lua_touserdata(L, 1);
    algebra_free(owner->algebra);
    owner->algebra = NULL;
    return 0;
}

Algebra *lua_algebra_push(lua_State *L) {
    AlgebraOwner *owner = lua_newuserdatauv(L, sizeof *owner, 0);
    owner->algebra = NULL;
    luaL_setmetatable(L, ALGEBRA_TYPE);
    owner->algebra = algebra_new();
    if (!owner->algebra) luaL_error(L, "out of memory for formulas");
    return owner->algebra;
}

/* Pushes the owner of the Algebra of the guard that runs: its code shares no symbols with the host's. */
static Algebra *push_guarded_algebra(lua_State *L) {
    guard_push_value(L, GUARD_ALGEBRA);
    if (lua_isuserdata(L, -1)) return ((AlgebraOwner *)lua_touserdata(L, -1))->algebra;
    lua_pop(L, 1);
    Algebra *algebra = lua_algebra_push(L);
    guard_set_value(L, GUARD_ALGEBRA);
    return algebra;
}

/* Pushes the owner of the Algebra that Exprs made in scripts belong to. */
static Algebra *push_default_algebra(lua_State *L) {
    if (guard_runs(L)) return push_guarded_algebra(L);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &DEFAULT_ALGEBRA) == LUA_TUSERDATA)
        return ((AlgebraOwner *)lua_touserdata(L, -1))->algebra;
    lua_pop(L, 1);
    Algebra *algebra = lua_algebra_push(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &DEFAULT_ALGEBRA);
    return algebra;
}

/* ---- pushing and checking ---- */

void lua_expr_push(lua_State *L, int owner, Algebra *algebra, Expr e) {
    if (!expr_is_known(e)) {
        lua_pushnil(L);
        return;
    }
    owner = lua_absindex(L, owner);
    LuaExpr *self = lua_newuserdatauv(L, sizeof *self, 1);
    *self = (LuaExpr){algebra, e};
    luaL_setmetatable(L, EXPR_TYPE);
    lua_pushvalue(L, owner);
    lua_setiuservalue(L, -2, 1);
}

void lua_expr_push_dimension(lua_State *L, int owner, Algebra *algebra, Expr e) {
    int64_t value;
    if (expr_is_known(e) && expr_to_integer(algebra, e, &value)) lua_pushinteger(L, value);
    else lua_expr_push(L, owner, algebra, e);
}

const LuaExpr *lua_expr_test(lua_State *L, int arg) {
    return luaL_testudata(L, arg, EXPR_TYPE);
}

const LuaExpr *lua_expr_check(lua_State *L, int arg) {
    return luaL_checkudata(L, arg, EXPR_TYPE);
}

static const LuaExpr *self_expr(lua_State *L) {
    return lua_touserdata(L, 1);
}

static void add_formula(luaL_Buffer *buffer, const Algebra *algebra, Expr e) {
    char small[256];
    size_t size = expr_print(algebra, e, small, sizeof small);
    if (size < sizeof small) luaL_addlstring(buffer, small, size);
    else {
        char *space = luaL_prepbuffsize(buffer, size + 1);
        luaL_addsize(buffer, expr_print(algebra, e, space, size + 1));
    }
}

const char *lua_formula_push(lua_State *L, const Algebra *algebra, Expr e) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_formula(&buffer, algebra, e);
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
}

/* A number as an Expr; `arg` is a number. */
static Expr number_expr(lua_State *L, Algebra *algebra, int arg) {
    if (lua_isinteger(L, arg)) return expr_integer(algebra, lua_tointeger(L, arg));
    double value = lua_tonumber(L, arg);
    if (!isfinite(value))
        luaL_error(L, "a formula has no place for %s", isnan(value) ? "nan" : "an infinity");
    return expr_number(algebra, value);
}

/* The operand at `arg` in an Algebra: a number, or an Expr of it (small numbers are the same in each). */
Expr lua_expr_operand(lua_State *L, Algebra *algebra, int arg) {
    if (lua_type(L, arg) == LUA_TNUMBER) return number_expr(L, algebra, arg);
    const LuaExpr *other = luaL_testudata(L, arg, EXPR_TYPE);
    if (!other) luaL_typeerror(L, arg, "number or Expr");
    if (other->algebra != algebra && !expr_is_small(other->e))
        luaL_error(L, "formulas of different models do not mix: %s",
                   lua_formula_push(L, other->algebra, other->e));
    return other->e;
}

/* The Expr among both operands that has the Algebra: not a small number, where there is a choice. */
static int leading_operand(lua_State *L, int a, int b) {
    const LuaExpr *first = luaL_testudata(L, a, EXPR_TYPE), *second = luaL_testudata(L, b, EXPR_TYPE);
    if (first && !(second && expr_is_small(first->e))) return a;
    return second ? b : a;
}

/* ---- fields ---- */

/* A constant's number: an integer, or a float when it is none or past 2^63. */
static void push_number(lua_State *L, const Algebra *algebra, Expr e) {
    int64_t value;
    double real;
    if (expr_to_integer(algebra, e, &value)) lua_pushinteger(L, value);
    else if (expr_to_double(algebra, e, &real)) lua_pushnumber(L, real);
    else lua_pushnil(L);
}

static int get_value(lua_State *L) {
    push_number(L, self_expr(L)->algebra, self_expr(L)->e);
    return 1;
}

static int get_formula(lua_State *L) {
    lua_formula_push(L, self_expr(L)->algebra, self_expr(L)->e);
    return 1;
}

static int get_symbols(lua_State *L) {
    const LuaExpr *self = self_expr(L);
    IdList list = lua_symbols_push(L, self->algebra, self->e);
    lua_createtable(L, (int)list.count, 0);
    for (size_t i = 0; i < list.count; i++) {
        object_push_bytes(L, algebra_symbol_name(self->algebra, list.ids[i]));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- arithmetic ---- */

/* Why an operation has no result. */
static int raise_failure(lua_State *L, Algebra *algebra, const char *what) {
    switch (algebra_failure(algebra)) {
    case ALGEBRA_OVERFLOW: return luaL_error(L, "%s: a coefficient is past 2^127", what);
    case ALGEBRA_TOO_LARGE: return luaL_error(L, "%s: the formula is too large", what);
    case ALGEBRA_MEMORY: return luaL_error(L, "%s: out of memory", what);
    case ALGEBRA_DIVIDE_BY_ZERO: return luaL_error(L, "%s: division by zero", what);
    case ALGEBRA_FINE: break;
    }
    return luaL_error(L, "%s: the result is no formula", what);
}

/* Tells the guard that may run what an operation took: time, and memory for as long as the Algebra lives. */
static void spend_formulas(lua_State *L, const Algebra *algebra, size_t nbytes_before) {
    size_t grown = algebra_nbytes(algebra) - nbytes_before;
    guard_spend(L, 50 + grown / 8);
    guard_keep(L, 2 * grown);
}

/* Result of an operation on the Exprs at 1 and 2. */
static int apply(lua_State *L, Expr (*operation)(Algebra *, Expr, Expr), const char *what) {
    int leading = leading_operand(L, 1, 2);
    Algebra *algebra = lua_expr_check(L, leading)->algebra;
    Expr a = lua_expr_operand(L, algebra, 1), b = lua_expr_operand(L, algebra, 2);
    algebra_failure(algebra);
    size_t nbytes = algebra_nbytes(algebra);
    Expr result = operation(algebra, a, b);
    spend_formulas(L, algebra, nbytes);
    if (!expr_is_known(result)) {
        const char *first = lua_formula_push(L, algebra, a), *second = lua_formula_push(L, algebra, b);
        return raise_failure(L, algebra, lua_pushfstring(L, "%s of %s and %s", what, first, second));
    }
    lua_getiuservalue(L, leading, 1);
    lua_expr_push(L, -1, algebra, result);
    return 1;
}

static int expr_meta_add(lua_State *L) {
    return apply(L, expr_add, "addition");
}

static int expr_meta_subtract(lua_State *L) {
    return apply(L, expr_subtract, "subtraction");
}

static int expr_meta_multiply(lua_State *L) {
    return apply(L, expr_multiply, "multiplication");
}

static int expr_meta_divide(lua_State *L) {
    return apply(L, expr_divide, "/ (// rounds down)");
}

static int expr_meta_floor_divide(lua_State *L) {
    return apply(L, expr_floor_divide, "//");
}

static int expr_meta_modulo(lua_State *L) {
    return apply(L, expr_modulo, "%");
}

static int expr_max_method(lua_State *L) {
    return apply(L, expr_max, "max");
}

static int expr_min_method(lua_State *L) {
    return apply(L, expr_min, "min");
}

static Expr power(Algebra *algebra, Expr a, Expr b) {
    return expr_power(algebra, a, (uint32_t)b);
}

static int expr_meta_power(lua_State *L) {
    const LuaExpr *exponent = luaL_testudata(L, 2, EXPR_TYPE);
    int64_t value = -1;
    if (exponent) (void)(expr_to_integer(exponent->algebra, exponent->e, &value));
    else if (lua_isinteger(L, 2) ||
             (lua_type(L, 2) == LUA_TNUMBER && lua_tonumber(L, 2) == floor(lua_tonumber(L, 2))))
        value = lua_tointegerx(L, 2, NULL);
    if (value < 0 || value > UINT32_MAX)
        return luaL_error(L, "an exponent is a whole number from 0 on, got %s", luaL_tolstring(L, 2, NULL));
    lua_pushinteger(L, value);
    lua_replace(L, 2);
    if (lua_type(L, 1) == LUA_TNUMBER) { /* a number to the power of a constant Expr */
        Algebra *algebra = push_default_algebra(L);
        lua_expr_push(L, -1, algebra, number_expr(L, algebra, 1));
        lua_replace(L, 1);
        lua_settop(L, 2);
    }
    return apply(L, power, "^");
}

static int expr_meta_negate(lua_State *L) {
    lua_settop(L, 1);
    lua_pushinteger(L, -1);
    return apply(L, expr_multiply, "negation");
}

static int expr_meta_tostring(lua_State *L) {
    const LuaExpr *self = lua_expr_check(L, 1);
    lua_formula_push(L, self->algebra, self->e);
    return 1;
}

static int expr_meta_concat(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

/* ---- comparisons ---- */

static int expr_meta_equal(lua_State *L) {
    const LuaExpr *a = luaL_testudata(L, 1, EXPR_TYPE), *b = luaL_testudata(L, 2, EXPR_TYPE);
    bool equal = a && b && a->e == b->e && (a->algebra == b->algebra || expr_is_small(a->e));
    if (a && b && !equal && a->algebra == b->algebra)
        equal = expr_equal(a->algebra, a->e, b->e) == TRUTH_TRUE;
    lua_pushboolean(L, equal);
    return 1;
}

static int compare(lua_State *L, Truth (*relation)(Algebra *, Expr, Expr), const char *sign) {
    Algebra *algebra = lua_expr_check(L, leading_operand(L, 1, 2))->algebra;
    Expr a = lua_expr_operand(L, algebra, 1), b = lua_expr_operand(L, algebra, 2);
    Truth truth = relation(algebra, a, b);
    if (truth != TRUTH_UNKNOWN) {
        lua_pushboolean(L, truth == TRUTH_TRUE);
        return 1;
    }
    Expr difference = expr_subtract(algebra, a, b);
    const char *names = lua_symbols_push_text(L, algebra, expr_is_known(difference) ? difference : a);
    return luaL_error(L, "whether %s %s %s depends on %s", lua_formula_push(L, algebra, a), sign,
                      lua_formula_push(L, algebra, b), names);
}

static int expr_meta_less(lua_State *L) {
    return compare(L, expr_less, "<");
}

static int expr_meta_less_equal(lua_State *L) {
    return compare(L, expr_less_equal, "<=");
}

static Truth prove(Algebra *algebra, Expr a, int operation, Expr b) {
    switch (operation) {
    case 0: return expr_less(algebra, a, b);
    case 1: return expr_less_equal(algebra, a, b);
    case 2: return expr_less(algebra, b, a);
    case 3: return expr_less_equal(algebra, b, a);
    default: return expr_equal(algebra, a, b);
    }
}

int lua_prove(lua_State *L) {
    static const char *const operators[] = {"<", "<=", ">", ">=", "==", "~=", NULL};
    int operation = luaL_checkoption(L, 2, NULL, operators);
    lua_settop(L, 3);
    const LuaExpr *leading = luaL_testudata(L, leading_operand(L, 1, 3), EXPR_TYPE);
    Algebra *algebra = leading ? leading->algebra : push_default_algebra(L);
    Expr a = lua_expr_operand(L, algebra, 1), b = lua_expr_operand(L, algebra, 3);
    Truth truth = prove(algebra, a, operation, b);
    if (truth == TRUTH_UNKNOWN) lua_pushnil(L);
    else lua_pushboolean(L, (truth == TRUTH_TRUE) != (operation == 5));
    return 1;
}

/* ---- values for symbols ---- */

void lua_evaluation_push(lua_State *L, const Evaluation *evaluation) {
    if (evaluation->fits) lua_pushinteger(L, evaluation->value);
    else lua_pushnumber(L, evaluation->approximate);
}

/* e:at{batch = 8} */
static int expr_at(lua_State *L) {
    const LuaExpr *self = lua_expr_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    Bindings bindings = lua_bindings_push(L, self->algebra, self->e);
    lua_bindings_read(L, &bindings, 2);
    IdList symbols = lua_symbols_push(L, bindings.algebra, bindings.e);
    if (lua_bindings_cover(&bindings, &symbols)) {
        Evaluation evaluation;
        Error err;
        if (!lua_bindings_evaluate(&bindings, bindings.e, &evaluation, &err)) return object_raise(L, &err);
        lua_evaluation_push(L, &evaluation);
        return 1;
    }
    algebra_failure(bindings.algebra);
    size_t nbytes = algebra_nbytes(bindings.algebra);
    Expr result = expr_substitute(bindings.algebra, bindings.e, bindings.values, bindings.count);
    spend_formulas(L, bindings.algebra, nbytes);
    if (!expr_is_known(result)) return raise_failure(L, bindings.algebra, "at");
    lua_getiuservalue(L, 1, 1);
    if (expr_is_constant(bindings.algebra, result))
        push_number(L, bindings.algebra, expr_ceil(bindings.algebra, result));
    else lua_expr_push(L, -1, bindings.algebra, result);
    return 1;
}

/* e:exact{batch = 8}: all digits, also past 2^63 */
static int expr_exact(lua_State *L) {
    const LuaExpr *self = lua_expr_check(L, 1);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) lua_newtable(L), lua_replace(L, 2);
    luaL_checktype(L, 2, LUA_TTABLE);
    Bindings bindings = lua_bindings_push(L, self->algebra, self->e);
    lua_bindings_read(L, &bindings, 2);
    Evaluation evaluation;
    Error err;
    if (!lua_bindings_evaluate(&bindings, bindings.e, &evaluation, &err)) return object_raise(L, &err);
    lua_pushstring(L, evaluation.text);
    return 1;
}

/* ---- solving ---- */

/* Whether the formula is within the bound (stack index 3) for a value of the symbol; past 2^127 it is not. */
static bool fits_bound(lua_State *L, Bindings *bindings, SymbolId symbol, int64_t value) {
    Evaluation evaluation;
    Error err;
    bindings->numbers[symbol] = value;
    if (!lua_bindings_evaluate(bindings, bindings->e, &evaluation, &err)) {
        if (err.code == ERROR_LIMIT) return false;
        object_raise(L, &err);
    }
    lua_evaluation_push(L, &evaluation);
    bool fits = lua_compare(L, -1, 3, LUA_OPLE);
    lua_pop(L, 1);
    return fits;
}

/* Raises unless the formula mentions the symbol, and no other, and does not shrink when it grows. */
static void check_solvable(lua_State *L, const Bindings *bindings, SymbolId symbol) {
    Algebra *algebra = bindings->algebra;
    Quoted name = quote(algebra_symbol_name(algebra, symbol));
    IdList symbols = lua_symbols_push(L, algebra, bindings->e);
    SymbolId other = symbol;
    bool mentioned = false;
    for (size_t i = 0; i < symbols.count; i++) {
        mentioned = mentioned || symbols.ids[i] == symbol;
        if (symbols.ids[i] != symbol) other = symbols.ids[i];
    }
    if (!mentioned) luaL_error(L, "the formula does not mention %s", name.text);
    if (other != symbol)
        luaL_error(L, "symbol %s has no value; give it one with :at",
                   quote(algebra_symbol_name(algebra, other)).text);
    bindings->values[symbol] = expr_add(algebra, expr_symbol(algebra, symbol), 1);
    Expr next = expr_substitute(algebra, bindings->e, bindings->values, bindings->count);
    if (expr_is_known(next) && expr_less(algebra, next, bindings->e) == TRUTH_TRUE)
        luaL_error(L, "the formula shrinks when %s grows", name.text);
}

/* The largest value in [least, most] that fits, by doubling and bisection; the least one fits. */
static int64_t largest_fitting(lua_State *L, Bindings *bindings, SymbolId symbol, int64_t least,
                               int64_t most) {
    int64_t good = least, step = 1;
    while (good < most) {
        int64_t next = good > most - step ? most : good + step;
        if (!fits_bound(L, bindings, symbol, next)) {
            most = next - 1;
            break;
        }
        good = next;
        if (step < INT64_MAX / 4) step *= 2;
    }
    while (good < most) {
        int64_t middle = good + (most - good + 1) / 2;
        if (fits_bound(L, bindings, symbol, middle)) good = middle;
        else most = middle - 1;
    }
    return good;
}

/* e:solve(symbol, bound) */
static int expr_solve(lua_State *L) {
    const LuaExpr *self = lua_expr_check(L, 1);
    luaL_checktype(L, 2, LUA_TSTRING);
    lua_settop(L, 3);
    const LuaExpr *bound = luaL_testudata(L, 3, EXPR_TYPE);
    if (bound) {
        push_number(L, bound->algebra, bound->e);
        lua_replace(L, 3);
    }
    luaL_argcheck(L, lua_type(L, 3) == LUA_TNUMBER, 3, "a number is wanted");
    luaL_argcheck(L, lua_tonumber(L, 3) == lua_tonumber(L, 3), 3, "a number is wanted, not nan");
    Bindings bindings = lua_bindings_push(L, self->algebra, self->e);
    SymbolId symbol = lua_bindings_find(L, &bindings, 2);
    Expr is = algebra_symbol_value(bindings.algebra, symbol);
    if (expr_as_symbol(bindings.algebra, is) != UINT32_MAX) symbol = expr_as_symbol(bindings.algebra, is);
    check_solvable(L, &bindings, symbol);
    bindings.bound[symbol] = true;
    int64_t least, most;
    expr_bounds(bindings.algebra, expr_symbol(bindings.algebra, symbol), &least, &most);
    if (least == INT64_MIN) return luaL_error(L, "the symbol has no least value");
    if (!fits_bound(L, &bindings, symbol, least)) {
        lua_pushnil(L);
        return 1;
    }
    int64_t largest = largest_fitting(L, &bindings, symbol, least, most);
    if (largest == INT64_MAX) lua_pushnumber(L, HUGE_VAL);
    else lua_pushinteger(L, largest);
    return 1;
}

/* ---- making ---- */

static int64_t check_limit(lua_State *L, const char *key) {
    int whole = 0;
    lua_Integer value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
    if (!whole) luaL_error(L, "option '%s' is a whole number, not %s", key, luaL_tolstring(L, -1, NULL));
    return value;
}

static void check_options(lua_State *L, int arg, int64_t *least, int64_t *most) {
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(key, "least") == 0) *least = check_limit(L, key);
        else if (strcmp(key, "most") == 0) *most = check_limit(L, key);
        else luaL_error(L, "unknown option '%s', there is 'least' and 'most'", luaL_tolstring(L, -2, NULL));
    }
    luaL_argcheck(L, *least <= *most, arg, "least is more than most");
}

int lua_expr(lua_State *L) {
    lua_settop(L, 2);
    if (luaL_testudata(L, 1, EXPR_TYPE)) {
        lua_settop(L, 1);
        return 1;
    }
    bool named = lua_type(L, 1) == LUA_TSTRING, has_options = !lua_isnil(L, 2);
    if (!named && lua_type(L, 1) != LUA_TNUMBER) return luaL_typeerror(L, 1, "number or a symbol's name");
    luaL_argcheck(L, named || !has_options, 2, "only symbols have bounds");
    int64_t least = 1, most = INT64_MAX;
    if (has_options) check_options(L, 2, &least, &most);
    Algebra *algebra = push_default_algebra(L);
    if (!named) {
        lua_expr_push(L, -1, algebra, number_expr(L, algebra, 1));
        return 1;
    }
    size_t size;
    const char *name = lua_tolstring(L, 1, &size);
    SymbolId symbol = algebra_find_symbol(algebra, (Bytes){name, size});
    size_t nbytes = algebra_nbytes(algebra);
    if (symbol == UINT32_MAX) symbol = algebra_symbol(algebra, (Bytes){name, size}, least);
    if (symbol == UINT32_MAX) return luaL_error(L, "out of memory for symbol '%s'", name);
    spend_formulas(L, algebra, nbytes);
    if (has_options) algebra_bound_symbol(algebra, symbol, least, most);
    lua_expr_push(L, -1, algebra, expr_symbol(algebra, symbol));
    return 1;
}

void lua_expr_register(lua_State *L) {
    static const Field fields[] = {
        {"value", get_value}, {"formula", get_formula}, {"symbols", get_symbols}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"at", expr_at},          {"exact", expr_exact},
                                       {"solve", expr_solve},    {"max", expr_max_method},
                                       {"min", expr_min_method}, {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__add", expr_meta_add},           {"__sub", expr_meta_subtract},
                                     {"__mul", expr_meta_multiply},      {"__div", expr_meta_divide},
                                     {"__idiv", expr_meta_floor_divide}, {"__mod", expr_meta_modulo},
                                     {"__pow", expr_meta_power},         {"__unm", expr_meta_negate},
                                     {"__eq", expr_meta_equal},          {"__lt", expr_meta_less},
                                     {"__le", expr_meta_less_equal},     {"__concat", expr_meta_concat},
                                     {"__tostring", expr_meta_tostring}, {NULL, NULL}};
    object_register(L, EXPR_TYPE, "Expr", fields, methods, extra);
    luaL_newmetatable(L, ALGEBRA_TYPE);
    lua_pushcfunction(L, algebra_collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
