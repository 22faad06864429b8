/* Expr: a formula over a model's symbols. Arithmetic gives Exprs, also where the result is constant; what has no
 * result raises and says why. Both operands belong to one Algebra, numbers to any. */
#include "lua/lua_expr.h"

#include <math.h>
#include <string.h>

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

/* Pushes the owner of the Algebra that Exprs made in scripts belong to. */
static Algebra *push_default_algebra(lua_State *L) {
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

static const char *push_formula(lua_State *L, const Algebra *algebra, Expr e) {
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
                   push_formula(L, other->algebra, other->e));
    return other->e;
}

/* The Expr among both operands that has the Algebra: not a small number, where there is a choice. */
static int leading_operand(lua_State *L, int a, int b) {
    const LuaExpr *first = luaL_testudata(L, a, EXPR_TYPE), *second = luaL_testudata(L, b, EXPR_TYPE);
    if (first && !(second && expr_is_small(first->e))) return a;
    return second ? b : a;
}

/* Symbols of a formula. Names are pushed when no visit is under way, since pushing can raise. */
typedef struct IdList {
    SymbolId *ids;
    size_t count, room;
} IdList;

static bool count_symbol(void *context, SymbolId symbol) {
    IdList *list = context;
    if (list->count < list->room) list->ids[list->count] = symbol;
    list->count++;
    return true;
}

/* Pushes a block with the symbols of e. */
static IdList push_symbol_ids(lua_State *L, const Algebra *algebra, Expr e) {
    IdList list = {0};
    expr_visit_symbols(algebra, e, count_symbol, &list);
    list.room = list.count;
    list.ids = lua_newuserdatauv(L, list.room * sizeof *list.ids + 1, 0);
    list.count = 0;
    expr_visit_symbols(algebra, e, count_symbol, &list);
    return list;
}

/* The symbols of e for messages: "'n', 'm'"; "" when there are none. */
static const char *push_symbol_list(lua_State *L, const Algebra *algebra, Expr e) {
    luaL_Buffer buffer;
    IdList list = push_symbol_ids(L, algebra, e);
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < list.count && i < 8; i++) {
        if (i > 0) luaL_addstring(&buffer, ", ");
        luaL_addstring(&buffer, quote(algebra_symbol_name(algebra, list.ids[i])).text);
    }
    if (list.count > 8) luaL_addstring(&buffer, ", ...");
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
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
    push_formula(L, self_expr(L)->algebra, self_expr(L)->e);
    return 1;
}

static int get_symbols(lua_State *L) {
    const LuaExpr *self = self_expr(L);
    IdList list = push_symbol_ids(L, self->algebra, self->e);
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

/* Result of an operation on the Exprs at 1 and 2. */
static int apply(lua_State *L, Expr (*operation)(Algebra *, Expr, Expr), const char *what) {
    int leading = leading_operand(L, 1, 2);
    Algebra *algebra = lua_expr_check(L, leading)->algebra;
    Expr a = lua_expr_operand(L, algebra, 1), b = lua_expr_operand(L, algebra, 2);
    algebra_failure(algebra);
    Expr result = operation(algebra, a, b);
    if (!expr_is_known(result)) {
        const char *first = push_formula(L, algebra, a), *second = push_formula(L, algebra, b);
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
    push_formula(L, self->algebra, self->e);
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
    const char *names = push_symbol_list(L, algebra, expr_is_known(difference) ? difference : a);
    return luaL_error(L, "whether %s %s %s depends on %s", push_formula(L, algebra, a), sign,
                      push_formula(L, algebra, b), names);
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

/* What a table says about symbols: by id, EXPR_UNKNOWN where it says nothing. Both blocks are on the stack. */
typedef struct Bindings {
    Algebra *algebra;
    Expr e; /* the formula they are for, resolved */
    Expr *values;
    int64_t *numbers;
    bool *bound;
    uint32_t count;
} Bindings;

static Bindings push_bindings(lua_State *L, const LuaExpr *self) {
    Bindings bindings = {.algebra = self->algebra, .e = expr_resolve(self->algebra, self->e)};
    if (!expr_is_known(bindings.e)) bindings.e = self->e;
    bindings.count = algebra_symbol_count(self->algebra);
    size_t count = bindings.count + (size_t)1;
    bindings.values = lua_newuserdatauv(L, count * sizeof *bindings.values, 0);
    bindings.numbers = lua_newuserdatauv(L, count * sizeof *bindings.numbers, 0);
    bindings.bound = lua_newuserdatauv(L, count * sizeof *bindings.bound, 0);
    memset(bindings.numbers, 0, count * sizeof *bindings.numbers);
    memset(bindings.bound, 0, count * sizeof *bindings.bound);
    for (uint32_t i = 0; i < bindings.count; i++) bindings.values[i] = EXPR_UNKNOWN;
    return bindings;
}

/* The symbol of a name; raises and says which there are. */
static SymbolId find_symbol(lua_State *L, const Bindings *bindings, int arg) {
    size_t size;
    const char *text = lua_tolstring(L, arg, &size);
    SymbolId symbol = algebra_find_symbol(bindings->algebra, (Bytes){text, size});
    if (symbol != UINT32_MAX) return symbol;
    const char *names = push_symbol_list(L, bindings->algebra, bindings->e);
    if (*names)
        luaL_error(L, "there is no symbol %s; the formula has %s", quote((Bytes){text, size}).text, names);
    luaL_error(L, "there is no symbol %s; the formula has none", quote((Bytes){text, size}).text);
    return symbol;
}

static void raise_contradiction(lua_State *L, const Bindings *bindings, SymbolId symbol, Expr is,
                                Expr value) {
    Quoted name = quote(algebra_symbol_name(bindings->algebra, symbol));
    luaL_error(L, "symbol %s is %s and cannot be %s", name.text, push_formula(L, bindings->algebra, is),
               push_formula(L, bindings->algebra, value));
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
                   (LUAI_UACINT)(below ? least : most), push_formula(L, algebra, value));
    }
    bindings->values[representative] = value;
    bindings->bound[representative] = expr_to_integer(algebra, value, &bindings->numbers[representative]);
}

/* The value of a symbol at the top of the stack: a whole number or an Expr. */
static Expr check_symbol_value(lua_State *L, const Bindings *bindings, SymbolId symbol) {
    if (luaL_testudata(L, -1, EXPR_TYPE)) return lua_expr_operand(L, bindings->algebra, -1);
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
    IdList symbols = push_symbol_ids(L, algebra, rest);
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
static void read_bindings(lua_State *L, Bindings *bindings, int arg) {
    for (int formulas = 0; formulas < 2; formulas++)
        for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING)
                luaL_error(L, "a symbol is named by a string, not a %s", luaL_typename(L, -2));
            SymbolId symbol = find_symbol(L, bindings, -2);
            Expr value = check_symbol_value(L, bindings, symbol),
                 is = algebra_symbol_value(bindings->algebra, symbol);
            bool is_formula = expr_as_symbol(bindings->algebra, is) == UINT32_MAX;
            if (is_formula != (formulas == 1)) continue;
            (is_formula ? bind_formula : bind_symbol)(L, bindings, symbol, value);
        }
}

static bool all_bound(const Bindings *bindings, const IdList *symbols) {
    for (size_t i = 0; i < symbols->count; i++)
        if (!bindings->bound[symbols->ids[i]]) return false;
    return true;
}

static bool evaluate(const Bindings *bindings, Evaluation *result, Error *err) {
    return expr_evaluate(bindings->algebra, bindings->e, bindings->numbers, bindings->bound, bindings->count,
                         result, err);
}

static void push_evaluation(lua_State *L, const Evaluation *evaluation) {
    if (evaluation->fits) lua_pushinteger(L, evaluation->value);
    else lua_pushnumber(L, evaluation->approximate);
}

/* e:at{batch = 8} */
static int expr_at(lua_State *L) {
    const LuaExpr *self = lua_expr_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    Bindings bindings = push_bindings(L, self);
    read_bindings(L, &bindings, 2);
    IdList symbols = push_symbol_ids(L, bindings.algebra, bindings.e);
    if (all_bound(&bindings, &symbols)) {
        Evaluation evaluation;
        Error err;
        if (!evaluate(&bindings, &evaluation, &err)) return object_raise(L, &err);
        push_evaluation(L, &evaluation);
        return 1;
    }
    algebra_failure(bindings.algebra);
    Expr result = expr_substitute(bindings.algebra, bindings.e, bindings.values, bindings.count);
    if (!expr_is_known(result)) return raise_failure(L, bindings.algebra, "at");
    lua_getiuservalue(L, 1, 1);
    if (expr_is_constant(bindings.algebra, result))
        push_number(L, bindings.algebra, expr_ceil(bindings.algebra, result));
    else lua_expr_push(L, -1, bindings.algebra, result);
    return 1;
}

/* ---- solving ---- */

/* Whether the formula is within the bound (stack index 3) for a value of the symbol; past 2^127 it is not. */
static bool fits_bound(lua_State *L, Bindings *bindings, SymbolId symbol, int64_t value) {
    Evaluation evaluation;
    Error err;
    bindings->numbers[symbol] = value;
    if (!evaluate(bindings, &evaluation, &err)) {
        if (err.code == ERROR_LIMIT) return false;
        object_raise(L, &err);
    }
    push_evaluation(L, &evaluation);
    bool fits = lua_compare(L, -1, 3, LUA_OPLE);
    lua_pop(L, 1);
    return fits;
}

/* Raises unless the formula mentions the symbol, and no other, and does not shrink when it grows. */
static void check_solvable(lua_State *L, const Bindings *bindings, SymbolId symbol) {
    Algebra *algebra = bindings->algebra;
    Quoted name = quote(algebra_symbol_name(algebra, symbol));
    IdList symbols = push_symbol_ids(L, algebra, bindings->e);
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
    Bindings bindings = push_bindings(L, self);
    SymbolId symbol = find_symbol(L, &bindings, 2);
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
    if (symbol == UINT32_MAX) symbol = algebra_symbol(algebra, (Bytes){name, size}, least);
    if (symbol == UINT32_MAX) return luaL_error(L, "out of memory for symbol '%s'", name);
    if (has_options) algebra_bound_symbol(algebra, symbol, least, most);
    lua_expr_push(L, -1, algebra, expr_symbol(algebra, symbol));
    return 1;
}

void lua_expr_register(lua_State *L) {
    static const Field fields[] = {
        {"value", get_value}, {"formula", get_formula}, {"symbols", get_symbols}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"at", expr_at},
                                       {"solve", expr_solve},
                                       {"max", expr_max_method},
                                       {"min", expr_min_method},
                                       {NULL, NULL}};
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
