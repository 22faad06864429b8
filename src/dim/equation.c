/* Equations: which symbol one binds, and to what. */
#include "dim/algebra.h"

/* Divides a whole e that is to be 0 by what cannot be 0. */
static Expr without_nonzero_factors(Algebra *algebra, Expr e) {
    Factor factor = {0};
    Power powers[ALGEBRA_FACTORS];
    if (e == 0 || !factor_include(algebra, &factor, e)) return e;
    uint32_t count = monomial_copy(algebra, factor.monomial, powers), kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        Expr atom = expr_from_atom(algebra, powers[i].atom);
        if (expr_equal(algebra, atom, 0) == TRUTH_FALSE) powers[kept++] = powers[i];
    }
    factor.monomial = monomial_make(algebra, powers, kept);
    return factor.monomial == MONOMIAL_NONE ? EXPR_UNKNOWN : expr_without_factor(algebra, e, factor);
}

/* What the symbol of term `at` of a whole e has to be for e to be 0: EXPR_UNKNOWN when the term is no symbol, its
 * coefficient does not divide the others, or it occurs elsewhere in e. */
static Expr solve_for(Algebra *algebra, Expr e, uint32_t at, SymbolId *symbol) {
    Term term = polynomial_term(algebra, e, at);
    uint32_t atom = monomial_as_atom(algebra, term.monomial);
    if (!atom || algebra_atom(algebra, atom)->kind != ATOM_SYMBOL) return EXPR_UNKNOWN;
    *symbol = (SymbolId)algebra_atom(algebra, atom)->a;
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++)
        if (polynomial_term(algebra, e, i).coefficient % term.coefficient != 0) return EXPR_UNKNOWN;
    Sum sum = sum_begin(algebra);
    sum_add(&sum, e, -1, term.coefficient, MONOMIAL_ONE);
    sum_push(&sum, 1, term.monomial);
    Expr value = sum_finish(&sum);
    return expr_is_known(value) && !expr_mentions(algebra, value, *symbol) ? value : EXPR_UNKNOWN;
}

/* n^2 = 0 leaves n = 0. */
static Expr solve_power(const Algebra *algebra, Expr e, SymbolId *symbol) {
    Term term = polynomial_term(algebra, e, 0);
    uint32_t count;
    const Power *powers = monomial_powers(algebra, term.monomial, &count);
    if (polynomial_count(algebra, e) != 1 || count != 1) return EXPR_UNKNOWN;
    const Atom *atom = algebra_atom(algebra, powers->atom);
    if (atom->kind != ATOM_SYMBOL) return EXPR_UNKNOWN;
    *symbol = (SymbolId)atom->a;
    return 0;
}

/* The symbol made last that e = 0 can be solved for, and its value; EXPR_UNKNOWN when there is none. */
static Expr solve(Algebra *algebra, Expr e, SymbolId *symbol) {
    Expr best = solve_power(algebra, e, symbol);
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        SymbolId candidate;
        Expr value = solve_for(algebra, e, i, &candidate);
        if (!expr_is_known(value) || (expr_is_known(best) && candidate < *symbol)) continue;
        best = value;
        *symbol = candidate;
    }
    return best;
}

/* ---- bounds ---- */

static bool narrow(Algebra *algebra, SymbolId symbol, Wide least, Wide most) {
    const SymbolEntry *entry = &algebra->symbols.items[symbol];
    if (least > entry->most || most < entry->least) return false;
    algebra_bound_symbol(algebra, symbol, least < INT64_MIN ? INT64_MIN : (int64_t)least,
                         most > INT64_MAX ? INT64_MAX : (int64_t)most);
    return true;
}

/* c*t + k within [least, most], a limit of INT64_MIN or INT64_MAX being none. */
static bool narrow_linear(Algebra *algebra, SymbolId symbol, Wide c, Wide k, int64_t least, int64_t most) {
    Wide low = least == INT64_MIN ? -WIDE_UNBOUNDED : least - k;
    Wide high = most == INT64_MAX ? WIDE_UNBOUNDED : most - k;
    if (c < 0) {
        Wide other = low;
        low = -high;
        high = -other;
        c = -c;
    }
    low = low == -WIDE_UNBOUNDED ? low : wide_ceil_divide(low, c);
    high = high == WIDE_UNBOUNDED ? high : wide_floor_divide(high, c);
    return narrow(algebra, symbol, low, high);
}

/* A product of symbols, none negative, that is not 0: none of them is 0. */
static void narrow_product(Algebra *algebra, uint32_t monomial) {
    Power powers[ALGEBRA_FACTORS];
    uint32_t count = monomial_copy(algebra, monomial, powers);
    for (uint32_t i = 0; i < count; i++)
        if (expr_lower(algebra, expr_from_atom(algebra, powers[i].atom)) < 0) return;
    for (uint32_t i = 0; i < count; i++) {
        const Atom *atom = algebra_atom(algebra, powers[i].atom);
        if (atom->kind == ATOM_SYMBOL) algebra_bound_symbol(algebra, (SymbolId)atom->a, 1, INT64_MAX);
    }
}

/* Passes the bounds of a symbol on to the value it gets; false when they contradict. */
static bool inherit_bounds(Algebra *algebra, SymbolId symbol, Expr value) {
    const SymbolEntry *entry = &algebra->symbols.items[symbol];
    int64_t least = entry->least, most = entry->most;
    Wide low = expr_lower(algebra, value), high = expr_upper(algebra, value);
    if (high < least || low > most) return false;
    uint32_t count = polynomial_count(algebra, value);
    if (count == 0 || expr_is_constant(algebra, value)) return true;
    Term term = polynomial_term(algebra, value, 0);
    Wide constant = polynomial_constant(algebra, value);
    if (count == 1 && term.coefficient > 0 && least > 0) narrow_product(algebra, term.monomial);
    if (count > 2 || (count == 2 && constant == 0)) return true;
    uint32_t atom = monomial_as_atom(algebra, term.monomial);
    if (!atom || algebra_atom(algebra, atom)->kind != ATOM_SYMBOL || !wide_fits(constant)) return true;
    return narrow_linear(algebra, (SymbolId)algebra_atom(algebra, atom)->a, term.coefficient, constant, least,
                         most);
}

/* ---- binding ---- */

static Equation bind(Algebra *algebra, SymbolId symbol, Expr value) {
    if (!array_reserve(&algebra->bound, 1)) return EQUATION_KEPT;
    if (!inherit_bounds(algebra, symbol, value)) return EQUATION_CONTRADICTION;
    (void)array_push(&algebra->bound, symbol);
    algebra->symbols.items[symbol].value = value;
    algebra->epoch++;
    algebra->symbols.items[symbol].resolved = algebra->epoch;
    memo_outdate(algebra);
    return EQUATION_BOUND;
}

static Equation assume_zero(Algebra *algebra, Expr e) {
    SymbolId symbol = UINT32_MAX;
    Wide constant;
    e = without_nonzero_factors(algebra, e);
    if (!expr_is_known(e)) return EQUATION_KEPT;
    if (expr_to_wide(algebra, e, &constant)) return constant == 0 ? EQUATION_TRIVIAL : EQUATION_CONTRADICTION;
    if (expr_equal(algebra, e, 0) == TRUTH_FALSE) return EQUATION_CONTRADICTION;
    Expr value = solve(algebra, e, &symbol);
    return expr_is_known(value) ? bind(algebra, symbol, value) : EQUATION_KEPT;
}

Equation expr_assume_equal(Algebra *algebra, Expr a, Expr b) {
    a = expr_resolve(algebra, a);
    b = expr_resolve(algebra, b);
    if (!expr_is_known(a) || !expr_is_known(b)) return EQUATION_KEPT;
    Truth truth = expr_equal(algebra, a, b);
    if (truth != TRUTH_UNKNOWN) return truth == TRUTH_TRUE ? EQUATION_TRIVIAL : EQUATION_CONTRADICTION;
    AlgebraFailure before = algebra->failure;
    Expr e = expr_subtract(algebra, a, b);
    Equation equation = EQUATION_KEPT;
    if (expr_is_known(e) && !expr_is_real(algebra, e)) {
        e = expr_numerator(algebra, e);
        if (expr_is_known(e)) equation = assume_zero(algebra, e);
    }
    algebra->failure = before;
    return equation;
}
