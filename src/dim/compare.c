/* Comparisons: by the bounds of a difference, in which what is equal has cancelled. */
#include "dim/algebra.h"

#define EXPAND_MOST 64 /* atoms that are brought to another form to let them cancel */

/* b - a, times its denominator; EXPR_UNKNOWN when there is none. Leaves the failure as it was. */
static Expr difference(Algebra *algebra, Expr a, Expr b) {
    AlgebraFailure before = algebra->failure;
    Expr e = expr_subtract(algebra, b, a);
    if (expr_is_known(e) && !expr_is_real(algebra, e)) e = expr_numerator(algebra, e);
    algebra->failure = before;
    return e;
}

static Truth truth(bool value) {
    return value ? TRUTH_TRUE : TRUTH_FALSE;
}

/* p mod q as p - q*floor(p/q), min(a, b) as a + b - max(a, b). */
static Expr other_form(Algebra *algebra, Atom atom) {
    if (atom.kind == ATOM_MIN)
        return expr_subtract(algebra, expr_add(algebra, atom.a, atom.b), expr_max(algebra, atom.a, atom.b));
    Expr quotient = expr_floor_divide(algebra, atom.a, atom.b);
    return expr_subtract(algebra, atom.a, expr_multiply(algebra, atom.b, quotient));
}

/* The first term that is a mod or a min by itself; the count of terms when there is none. */
static uint32_t find_expandable(const Algebra *algebra, Expr e) {
    uint32_t i = 0, count = polynomial_count(algebra, e);
    for (; i < count; i++) {
        uint32_t atom = monomial_as_atom(algebra, polynomial_term(algebra, e, i).monomial);
        AtomKind kind = algebra_atom(algebra, atom)->kind;
        if (kind == ATOM_MODULO || kind == ATOM_MIN) break;
    }
    return i;
}

/* A whole e with mods and mins that are terms in their other form: what is equal cancels then. */
static Expr expand(Algebra *algebra, Expr e) {
    for (int step = 0; step < EXPAND_MOST && expr_is_known(e); step++) {
        uint32_t at = find_expandable(algebra, e);
        if (at == polynomial_count(algebra, e)) return e;
        Term term = polynomial_term(algebra, e, at);
        Expr form = other_form(algebra, *algebra_atom(algebra, monomial_as_atom(algebra, term.monomial)));
        Sum sum = sum_begin(algebra);
        sum_add(&sum, e, 1, 1, MONOMIAL_ONE);
        sum_push(&sum, -term.coefficient, term.monomial);
        sum_add(&sum, form, term.coefficient, 1, MONOMIAL_ONE);
        e = sum_finish(&sum);
    }
    return e;
}

/* Bounds of a difference, with and without mods and mins in it. */
static Interval bounds_of_difference(Algebra *algebra, Expr e) {
    Interval bounds = expr_interval(algebra, e);
    if (bounds.low > 0 || bounds.high < 0 || !expr_extent(algebra, e).depth) return bounds;
    AlgebraFailure before = algebra->failure;
    Expr expanded = expand(algebra, e);
    algebra->failure = before;
    if (expanded == e || !expr_is_known(expanded)) return bounds;
    Interval other = expr_interval(algebra, expanded);
    if (other.low > bounds.low) bounds.low = other.low;
    if (other.high < bounds.high) bounds.high = other.high;
    return bounds;
}

/* Of a difference: whether it is at least `limit` (0 or 1; reals: at least 0, above 0). */
static Truth at_least(Algebra *algebra, Expr e, int limit) {
    double value;
    if (!expr_is_known(e)) return TRUTH_UNKNOWN;
    if (expr_is_real(algebra, e)) {
        expr_to_double(algebra, e, &value);
        return truth(limit ? value > 0 : value >= 0);
    }
    Interval bounds = bounds_of_difference(algebra, e);
    if (bounds.low >= limit) return TRUTH_TRUE;
    return bounds.high < limit ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

Truth expr_less(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b)) return truth(a < b);
    return at_least(algebra, difference(algebra, a, b), 1);
}

Truth expr_less_equal(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b)) return truth(a <= b);
    return at_least(algebra, difference(algebra, a, b), 0);
}

/* Whether the coefficients of a whole e have a factor that its constant has not: then it is never 0. */
static bool is_never_zero_by_factor(const Algebra *algebra, Expr e) {
    Wide factor = 0, constant = polynomial_constant(algebra, e);
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Term term = polynomial_term(algebra, e, i);
        if (term.monomial != MONOMIAL_ONE) factor = wide_gcd(factor, term.coefficient);
    }
    return factor == 0 ? constant != 0 : constant % factor != 0;
}

Truth expr_equal(Algebra *algebra, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return TRUTH_UNKNOWN;
    if (a == b || (expr_is_small(a) && expr_is_small(b))) return truth(a == b);
    Expr e = difference(algebra, a, b);
    if (!expr_is_known(e)) return TRUTH_UNKNOWN;
    if (expr_is_real(algebra, e) || is_never_zero_by_factor(algebra, e)) return TRUTH_FALSE;
    Interval bounds = bounds_of_difference(algebra, e);
    if (bounds.low == 0 && bounds.high == 0) return TRUTH_TRUE;
    return bounds.low > 0 || bounds.high < 0 ? TRUTH_FALSE : TRUTH_UNKNOWN;
}
