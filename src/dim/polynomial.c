/* What is made of polynomials: sums, products, powers, exact quotients. */
#include "dim/algebra.h"

/* ---- addition and multiplication ---- */

static bool swap_operands(Expr *a, Expr *b) {
    if (*a <= *b) return false;
    Expr other = *a;
    *a = *b;
    *b = other;
    return true;
}

static Expr add_scaled(Algebra *algebra, Expr a, Expr b, Wide scale) {
    Sum sum = sum_begin(algebra);
    sum_add(&sum, a, 1, 1, MONOMIAL_ONE);
    sum_add(&sum, b, scale, 1, MONOMIAL_ONE);
    return sum_finish(&sum);
}

Expr expr__add(Algebra *algebra, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    if (a == 0 || b == 0) return a == 0 ? b : a;
    if (expr_is_small(a) && expr_is_small(b)) return expr_from_wide(algebra, (Wide)a + b);
    if (expr_is_real(algebra, a) || expr_is_real(algebra, b)) return real_apply(algebra, REAL_ADD, a, b);
    swap_operands(&a, &b);
    Expr result;
    if (memo_find(algebra, OPERATION_ADD, a, b, &result)) return result;
    return memo_keep(algebra, OPERATION_ADD, a, b, add_scaled(algebra, a, b, 1));
}

Expr expr_negate(Algebra *algebra, Expr a) {
    return expr_multiply(algebra, a, -1);
}

Expr expr__subtract(Algebra *algebra, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    if (a == b) return 0;
    return expr_add(algebra, a, expr_negate(algebra, b));
}

static Expr multiply_terms(Algebra *algebra, Expr a, Expr b) {
    uint32_t count = polynomial_count(algebra, a);
    int64_t denominator = polynomial_denominator(algebra, a);
    if ((uint64_t)count * polynomial_count(algebra, b) > ALGEBRA_PRODUCTS)
        return algebra_fail(algebra, ALGEBRA_TOO_LARGE);
    Sum sum = sum_begin(algebra);
    for (uint32_t i = 0; i < count && !sum.failed; i++) {
        Term term = polynomial_term(algebra, a, i);
        sum_add(&sum, b, term.coefficient, denominator, term.monomial);
    }
    return sum_finish(&sum);
}

Expr expr__multiply(Algebra *algebra, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    if (a == 0 || b == 0) return 0;
    if (a == 1 || b == 1) return a == 1 ? b : a;
    if (expr_is_real(algebra, a) || expr_is_real(algebra, b)) return real_apply(algebra, REAL_MULTIPLY, a, b);
    swap_operands(&a, &b);
    Expr result;
    if (memo_find(algebra, OPERATION_MULTIPLY, a, b, &result)) return result;
    bool shorter = polynomial_count(algebra, a) <= polynomial_count(algebra, b);
    result = shorter ? multiply_terms(algebra, a, b) : multiply_terms(algebra, b, a);
    return memo_keep(algebra, OPERATION_MULTIPLY, a, b, result);
}

/* A single term at once, a sum by squaring. */
Expr expr_power(Algebra *algebra, Expr a, uint32_t exponent) {
    if (!expr_is_known(a)) return EXPR_UNKNOWN;
    Expr result = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = expr_multiply(algebra, result, a);
        if (exponent > 1) a = expr_multiply(algebra, a, a);
        if (result == 0 || !expr_is_known(result)) return result;
    }
    return result;
}

/* ---- factors and division ---- */

bool factor_include(Algebra *algebra, Factor *factor, Expr e) {
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Term term = polynomial_term(algebra, e, i);
        factor->content = wide_gcd(factor->content, term.coefficient);
        factor->monomial =
            factor->started ? monomial_gcd(algebra, factor->monomial, term.monomial) : term.monomial;
        factor->started = true;
        if (factor->monomial == MONOMIAL_NONE) return false;
    }
    return true;
}

Expr expr_without_factor(Algebra *algebra, Expr e, Factor factor) {
    if (factor.content == 1 && factor.monomial == MONOMIAL_ONE) return e;
    Sum sum = sum_begin(algebra);
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Term term = polynomial_term(algebra, e, i);
        sum_push(&sum, term.coefficient / factor.content,
                 monomial_divide(algebra, term.monomial, factor.monomial));
    }
    sum.denominator = polynomial_denominator(algebra, e);
    return sum_finish(&sum);
}

#define DIVISION_STEPS 256

/* The first term of a, from *at on, that b's first term goes into; MONOMIAL_NONE when there is none. */
static uint32_t find_divisible(Algebra *algebra, Expr a, Term lead, bool exact, uint32_t *at, Wide *times) {
    for (uint32_t count = polynomial_count(algebra, a); *at < count; ++*at) {
        Term term = polynomial_term(algebra, a, *at);
        uint32_t monomial = monomial_divide(algebra, term.monomial, lead.monomial);
        *times = wide_floor_divide(term.coefficient, lead.coefficient);
        bool divides = monomial != MONOMIAL_NONE && *times != 0;
        if (exact && (!divides || term.coefficient % lead.coefficient != 0)) return MONOMIAL_NONE;
        if (divides) return monomial;
    }
    return MONOMIAL_NONE;
}

bool polynomial_divide(Algebra *algebra, Expr a, Expr b, bool exact, Expr *quotient, Expr *remainder) {
    Term lead = polynomial_term(algebra, b, 0);
    bool flipped = lead.coefficient < 0;
    if (flipped) {
        b = expr_negate(algebra, b);
        if (!expr_is_known(b)) return false;
        lead.coefficient = -lead.coefficient;
    }
    Expr result = 0, rest = a;
    uint32_t at = 0;
    for (int step = 0; step < DIVISION_STEPS; step++) {
        Wide times;
        uint32_t monomial = find_divisible(algebra, rest, lead, exact, &at, &times);
        if (monomial == MONOMIAL_NONE) {
            if (exact && rest != 0) return false;
            *quotient = flipped ? expr_negate(algebra, result) : result;
            *remainder = rest;
            return expr_is_known(*quotient);
        }
        result = expr_add(algebra, result, expr_from_term(algebra, times, monomial));
        Sum sum = sum_begin(algebra);
        sum_add(&sum, rest, 1, 1, MONOMIAL_ONE);
        sum_add(&sum, b, -times, 1, monomial);
        rest = sum_finish(&sum);
        if (!expr_is_known(rest) || !expr_is_known(result)) return false;
    }
    return false;
}

/* By Gauss' lemma: when the numerator of b without its content divides a's over the rationals, it does over the
 * integers. */
static Expr divide(Algebra *algebra, Expr a, Expr b) {
    Wide value;
    int64_t under_a = polynomial_denominator(algebra, a), under_b = polynomial_denominator(algebra, b);
    Expr over_a = expr_numerator(algebra, a), over_b = expr_numerator(algebra, b);
    Factor factor = {0};
    if (!expr_is_known(over_a) || !expr_is_known(over_b)) return EXPR_UNKNOWN;
    Expr quotient = over_a, remainder;
    if (expr_to_wide(algebra, over_b, &value)) factor.content = value;
    else {
        AlgebraFailure before = algebra->failure;
        if (!factor_include(algebra, &factor, over_b)) return EXPR_UNKNOWN;
        factor.monomial = MONOMIAL_ONE;
        Expr primitive = expr_without_factor(algebra, over_b, factor);
        bool divides = expr_is_known(primitive) &&
                       polynomial_divide(algebra, over_a, primitive, true, &quotient, &remainder);
        algebra->failure = before;
        if (!divides) return EXPR_UNKNOWN;
    }
    Wide denominator;
    if (!wide_multiply(under_a, factor.content, &denominator)) return algebra_fail(algebra, ALGEBRA_OVERFLOW);
    return expr_scale(algebra, quotient, under_b, denominator);
}

Expr expr_divide(Algebra *algebra, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    if (b == 0) return algebra_fail(algebra, ALGEBRA_DIVIDE_BY_ZERO);
    if (a == 0 || b == 1) return a;
    if (a == b) return 1;
    if (expr_is_real(algebra, a) || expr_is_real(algebra, b)) return real_apply(algebra, REAL_DIVIDE, a, b);
    Expr result;
    if (memo_find(algebra, OPERATION_DIVIDE, a, b, &result)) return result;
    return memo_keep(algebra, OPERATION_DIVIDE, a, b, divide(algebra, a, b));
}

/* ---- terms ---- */

uint32_t expr_term_count(const Algebra *algebra, Expr e) {
    return expr_is_known(e) && !expr_is_real(algebra, e) ? polynomial_count(algebra, e) : 0;
}

bool expr_term(Algebra *algebra, Expr e, uint32_t index, int64_t *coefficient, Expr *monomial) {
    Term term = polynomial_term(algebra, e, index);
    if (polynomial_denominator(algebra, e) != 1 || !wide_fits(term.coefficient)) return false;
    *coefficient = (int64_t)term.coefficient;
    *monomial = expr_from_term(algebra, 1, term.monomial);
    return expr_is_known(*monomial);
}
