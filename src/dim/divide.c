/* floor(a/b) and a mod b, and what is made of them. Both are brought to one form, so that equal ones are the same atom:
 *
 * 1. a and b are whole, without common factors; b is a positive number or begins with a positive coefficient.
 * 2. Whole multiples of b are split off: floor((7*n + 5)/2) is 3*n + 2 + floor((n + 1)/2), (7*n + 5) mod 2 is
 *    (n + 1) mod 2; floor((n*m + 1)/m) is n + floor(1/m).
 * 3. What the coefficients of a share with the number b goes: floor((4*n + 3)/8) is floor(n/2).
 * 4. A floor in a floor becomes one, floor((floor(n/2) + 1)/2) is floor((n + 2)/4); a mod in a mod likewise.
 * 5. What bounds decide is decided: floor(a/b) is 0 where 0 ≤ a < b.
 */
#include "dim/algebra.h"

/* Bounds of a decide floor(a/divisor). */
static bool bounded_floor(Algebra *algebra, Expr a, Wide divisor, Wide *value) {
    Wide low = expr_lower(algebra, a), high = expr_upper(algebra, a);
    if (low == -WIDE_UNBOUNDED || high == WIDE_UNBOUNDED) return false;
    *value = wide_floor_divide(low, divisor);
    return *value == wide_floor_divide(high, divisor);
}

/* Splits a into divisor*whole + rest, coefficient by coefficient. */
static void split_coefficients(Algebra *algebra, Expr a, Wide divisor, Expr *whole, Expr *rest) {
    uint32_t count = polynomial_count(algebra, a);
    Sum sum = sum_begin(algebra);
    for (uint32_t i = 0; i < count; i++) {
        Term term = polynomial_term(algebra, a, i);
        sum_push(&sum, wide_floor_divide(term.coefficient, divisor), term.monomial);
    }
    *whole = sum_finish(&sum);
    sum = sum_begin(algebra);
    for (uint32_t i = 0; i < count; i++) {
        Term term = polynomial_term(algebra, a, i);
        sum_push(&sum, wide_modulo(term.coefficient, divisor), term.monomial);
    }
    *rest = sum_finish(&sum);
}

/* What the divisor shares with all coefficients but that of 1. */
static Wide shared_content(const Algebra *algebra, Expr a, Wide divisor) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, a, &own);
    for (uint32_t i = 0; i < polynomial.count && divisor != 1; i++)
        if (polynomial.terms[i].monomial != MONOMIAL_ONE)
            divisor = wide_gcd(divisor, polynomial.terms[i].coefficient);
    return divisor;
}

/* floor(a/factor), where factor divides all coefficients but that of 1. */
static Expr floor_shared(Algebra *algebra, Expr a, Wide factor) {
    if (factor == 1) return a;
    Wide constant = polynomial_constant(algebra, a), kept = wide_floor_divide(constant, factor);
    Sum sum = sum_begin(algebra);
    sum_add(&sum, a, 1, factor, MONOMIAL_ONE);
    sum_add(&sum, expr_from_wide(algebra, constant), -1, factor, MONOMIAL_ONE);
    sum_push(&sum, kept * sum.denominator, MONOMIAL_ONE);
    return sum_finish(&sum);
}

/* The first term of a that is an atom of that kind by itself, its coefficient in *coefficient; 0 when there is none. */
static uint32_t find_atom(const Algebra *algebra, Expr a, AtomKind kind, uint32_t *from, Wide *coefficient) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, a, &own);
    for (; *from < polynomial.count; ++*from) {
        uint32_t atom = monomial_as_atom(algebra, polynomial.terms[*from].monomial);
        if (!atom || algebra_atom(algebra, atom)->kind != kind) continue;
        *coefficient = polynomial.terms[*from].coefficient;
        return atom;
    }
    return 0;
}

/* Where a is floor(p/q) + r with q > 0: p + q*r, which a's floor by anything positive is the floor of by q times
 * as much. */
static bool unnest_floor(Algebra *algebra, Expr a, Expr *numerator, Expr *divisor) {
    Wide coefficient;
    for (uint32_t at = 0, atom; (atom = find_atom(algebra, a, ATOM_FLOOR, &at, &coefficient)); at++) {
        Atom inner = *algebra_atom(algebra, atom);
        if (coefficient != 1 || expr_lower(algebra, inner.b) < 1) continue;
        Expr rest = expr_subtract(algebra, a, expr_from_atom(algebra, atom));
        *numerator = expr_add(algebra, inner.a, expr_multiply(algebra, inner.b, rest));
        *divisor = inner.b;
        return expr_is_known(*numerator);
    }
    return false;
}

/* ---- floor ---- */

static Expr floor_by_number(Algebra *algebra, Expr a, Wide divisor) {
    Expr whole = 0, part, numerator, outer;
    Wide value;
    for (;;) {
        if (divisor == 1) return expr_add(algebra, whole, a);
        if (bounded_floor(algebra, a, divisor, &value))
            return expr_add(algebra, whole, expr_from_wide(algebra, value));
        split_coefficients(algebra, a, divisor, &part, &a);
        whole = expr_add(algebra, whole, part);
        if (!expr_is_known(whole) || !expr_is_known(a)) return EXPR_UNKNOWN;
        Wide shared = shared_content(algebra, a, divisor);
        a = floor_shared(algebra, a, shared);
        if (!expr_is_known(a)) return EXPR_UNKNOWN;
        divisor /= shared;
        if (shared != 1) continue;
        if (bounded_floor(algebra, a, divisor, &value))
            return expr_add(algebra, whole, expr_from_wide(algebra, value));
        if (!unnest_floor(algebra, a, &numerator, &outer)) break;
        Wide inner;
        if (!expr_to_wide(algebra, outer, &inner)) {
            outer = expr_multiply(algebra, outer, expr_from_wide(algebra, divisor));
            return expr_add(algebra, whole, expr_floor_divide(algebra, numerator, outer));
        }
        if (!wide_multiply(divisor, inner, &inner)) break;
        a = numerator;
        divisor = inner;
    }
    return expr_add(algebra, whole, atom_make(algebra, ATOM_FLOOR, a, expr_from_wide(algebra, divisor)));
}

/* 0 ≤ a < b, or -b ≤ a < 0 (*value is -1). */
static bool bounded_quotient(Algebra *algebra, Expr a, Expr b, Expr *value) {
    if (expr_lower(algebra, b) < 1) return false;
    if (expr_lower(algebra, a) >= 0) {
        *value = 0;
        return expr_lower(algebra, expr_subtract(algebra, b, a)) > 0;
    }
    *value = -1;
    return expr_upper(algebra, a) < 0 && expr_lower(algebra, expr_add(algebra, a, b)) >= 0;
}

/* Takes out the sum in *from (without the number and the monomial before it) where it divides *other too. */
static void take_out_sum(Algebra *algebra, Expr *from, Expr *other, Expr *taken) {
    Factor factor = {0};
    Expr quotient, rest, other_quotient;
    if (polynomial_count(algebra, *from) < 2 || polynomial_count(algebra, *other) < 2) return;
    if (!factor_include(algebra, &factor, *from)) return;
    Expr sum = expr_without_factor(algebra, *from, factor);
    if (expr_is_known(sum) && polynomial_term(algebra, sum, 0).coefficient < 0)
        sum = expr_negate(algebra, sum);
    if (!expr_is_known(sum) || !polynomial_divide(algebra, *other, sum, true, &other_quotient, &rest)) return;
    if (!polynomial_divide(algebra, *from, sum, true, &quotient, &rest)) return;
    *from = quotient;
    *other = other_quotient;
    *taken = expr_multiply(algebra, *taken, sum);
}

/* Takes out what a and b share: a number, a monomial, and a sum where one of both is a monomial times it; *taken
 * is their product. b begins with a positive coefficient then. */
static bool reduce_fraction(Algebra *algebra, Expr *a, Expr *b, Expr *taken) {
    Factor factor = {0};
    if (!factor_include(algebra, &factor, *a) || !factor_include(algebra, &factor, *b)) return false;
    *a = expr_without_factor(algebra, *a, factor);
    *b = expr_without_factor(algebra, *b, factor);
    if (polynomial_term(algebra, *b, 0).coefficient < 0) {
        *a = expr_negate(algebra, *a);
        *b = expr_negate(algebra, *b);
        factor.content = -factor.content;
    }
    *taken = expr_from_term(algebra, factor.content, factor.monomial);
    if (!expr_is_known(*a) || !expr_is_known(*b)) return false;
    take_out_sum(algebra, b, a, taken);
    take_out_sum(algebra, a, b, taken);
    return true;
}

static Expr floor_by_sum(Algebra *algebra, Expr a, Expr b) {
    Expr quotient, rest, value, numerator, inner, taken;
    Wide number;
    if (!reduce_fraction(algebra, &a, &b, &taken)) return EXPR_UNKNOWN;
    if (expr_to_wide(algebra, b, &number)) return floor_by_number(algebra, a, number);
    if (bounded_quotient(algebra, a, b, &value)) return value;
    if (polynomial_divide(algebra, a, b, false, &quotient, &rest) && quotient != 0)
        return expr_add(algebra, quotient, expr_floor_divide(algebra, rest, b));
    if (expr_lower(algebra, b) >= 1 && unnest_floor(algebra, a, &numerator, &inner)) {
        inner = expr_multiply(algebra, inner, b);
        if (expr_is_known(inner)) return expr_floor_divide(algebra, numerator, inner);
    }
    return atom_make(algebra, ATOM_FLOOR, a, b);
}

/* Both operands known, b not 0: a real among them, or else both made whole (*under is what they were divided by). */
typedef enum Operands { OPERANDS_UNKNOWN, OPERANDS_REAL, OPERANDS_WHOLE } Operands;

static Operands prepare(Algebra *algebra, Expr *a, Expr *b, int64_t *under) {
    if (!expr_is_known(*a) || !expr_is_known(*b)) return OPERANDS_UNKNOWN;
    if (*b == 0) {
        algebra_fail(algebra, ALGEBRA_DIVIDE_BY_ZERO);
        return OPERANDS_UNKNOWN;
    }
    if (expr_is_real(algebra, *a) || expr_is_real(algebra, *b)) return OPERANDS_REAL;
    *under = expr_common_denominator(algebra, *a, *b);
    if (!*under) return OPERANDS_UNKNOWN;
    *a = expr_scale(algebra, *a, *under, 1);
    *b = expr_scale(algebra, *b, *under, 1);
    return expr_is_known(*a) && expr_is_known(*b) ? OPERANDS_WHOLE : OPERANDS_UNKNOWN;
}

static Expr floor_divide(Algebra *algebra, Expr a, Expr b) {
    Wide number;
    if (a == 0) return 0;
    if (!expr_to_wide(algebra, b, &number)) return floor_by_sum(algebra, a, b);
    if (number < 0) a = expr_negate(algebra, a);
    return expr_is_known(a) ? floor_by_number(algebra, a, number < 0 ? -number : number) : a;
}

Expr expr_floor_divide(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b) && b > 0) return a / b - (a % b < 0);
    int64_t under;
    Expr result;
    Operands operands = prepare(algebra, &a, &b, &under);
    if (operands == OPERANDS_REAL) return real_apply(algebra, REAL_FLOOR_DIVIDE, a, b);
    if (operands == OPERANDS_UNKNOWN) return EXPR_UNKNOWN;
    if (memo_find(algebra, OPERATION_FLOOR_DIVIDE, a, b, &result)) return result;
    return memo_keep(algebra, OPERATION_FLOOR_DIVIDE, a, b, floor_divide(algebra, a, b));
}

/* floor((a + b - 1)/b) for positive whole b. */
Expr expr_ceil_divide(Algebra *algebra, Expr a, Expr b) {
    int64_t under;
    Expr x = a, y = b;
    if (prepare(algebra, &x, &y, &under) == OPERANDS_WHOLE) {
        if (expr_upper(algebra, y) < 0) {
            x = expr_negate(algebra, x);
            y = expr_negate(algebra, y);
        }
        if (expr_lower(algebra, y) > 0)
            return expr_floor_divide(algebra, expr_subtract(algebra, expr_add(algebra, x, y), 1), y);
    }
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    return expr_negate(algebra, expr_floor_divide(algebra, expr_negate(algebra, a), b));
}

/* trunc(x) is max(floor(x), 0) + min(ceil(x), 0), of which bounds leave one where they know the sign. */
Expr expr_truncate_divide(Algebra *algebra, Expr a, Expr b) {
    Expr down = expr_floor_divide(algebra, a, b), up = expr_ceil_divide(algebra, a, b);
    return expr_add(algebra, expr_max(algebra, down, 0), expr_min(algebra, up, 0));
}

/* ---- modulo ---- */

/* Terms c*(p mod q) where b divides c*q are c*p as well. */
static Expr unnest_modulo(Algebra *algebra, Expr a, Wide divisor) {
    Wide coefficient, inner, product;
    for (uint32_t at = 0, atom; (atom = find_atom(algebra, a, ATOM_MODULO, &at, &coefficient)); at++) {
        Atom modulo = *algebra_atom(algebra, atom);
        if (!expr_to_wide(algebra, modulo.b, &inner)) continue;
        if (!wide_multiply(inner, coefficient, &product) || product % divisor != 0) continue;
        Sum sum = sum_begin(algebra);
        sum_add(&sum, a, 1, 1, MONOMIAL_ONE);
        sum_add(&sum, expr_from_atom(algebra, atom), -coefficient, 1, MONOMIAL_ONE);
        sum_add(&sum, modulo.a, coefficient, 1, MONOMIAL_ONE);
        return sum_finish(&sum);
    }
    return a;
}

static Expr modulo_by_number(Algebra *algebra, Expr a, Wide divisor) {
    Expr whole, before;
    Wide value, product;
    do {
        if (bounded_floor(algebra, a, divisor, &value) && wide_multiply(value, divisor, &product))
            return expr_subtract(algebra, a, expr_from_wide(algebra, product));
        split_coefficients(algebra, a, divisor, &whole, &a);
        before = a;
        if (expr_is_known(a)) a = unnest_modulo(algebra, a, divisor);
        if (!expr_is_known(a)) return EXPR_UNKNOWN;
    } while (a != before);
    if (bounded_floor(algebra, a, divisor, &value) && value == 0) return a;
    Wide shared = shared_content(algebra, a, divisor);
    Expr left = expr_from_wide(algebra, wide_modulo(polynomial_constant(algebra, a), shared));
    if (shared == divisor) return left;
    if (shared == 1) return atom_make(algebra, ATOM_MODULO, a, expr_from_wide(algebra, divisor));
    a = expr_modulo(algebra, floor_shared(algebra, a, shared), expr_from_wide(algebra, divisor / shared));
    return expr_add(algebra, expr_scale(algebra, a, shared, 1), left);
}

static Expr modulo_by_sum(Algebra *algebra, Expr a, Expr b) {
    Expr quotient, rest, value, result, taken;
    Wide number;
    if (!reduce_fraction(algebra, &a, &b, &taken)) return EXPR_UNKNOWN;
    if (expr_to_wide(algebra, b, &number)) result = modulo_by_number(algebra, a, number);
    else {
        if (!bounded_quotient(algebra, a, b, &value) &&
            polynomial_divide(algebra, a, b, false, &quotient, &rest))
            a = rest;
        if (a == 0) return 0;
        if (bounded_quotient(algebra, a, b, &value)) result = value == 0 ? a : expr_add(algebra, a, b);
        else result = atom_make(algebra, ATOM_MODULO, a, b);
    }
    return expr_multiply(algebra, result, taken);
}

static Expr modulo(Algebra *algebra, Expr a, Expr b) {
    Wide number;
    if (!expr_to_wide(algebra, b, &number)) return modulo_by_sum(algebra, a, b);
    if (number > 0) return modulo_by_number(algebra, a, number);
    a = expr_negate(algebra, a);
    return expr_is_known(a) ? expr_negate(algebra, modulo_by_number(algebra, a, -number)) : a;
}

Expr expr_modulo(Algebra *algebra, Expr a, Expr b) {
    int64_t under;
    Operands operands = prepare(algebra, &a, &b, &under);
    if (operands == OPERANDS_REAL) return real_apply(algebra, REAL_MODULO, a, b);
    if (operands == OPERANDS_UNKNOWN) return EXPR_UNKNOWN;
    Expr result;
    if (!memo_find(algebra, OPERATION_MODULO, a, b, &result))
        result = memo_keep(algebra, OPERATION_MODULO, a, b, modulo(algebra, a, b));
    return expr_scale(algebra, result, 1, under);
}

Expr expr_remainder(Algebra *algebra, Expr a, Expr b) {
    Expr quotient = expr_truncate_divide(algebra, a, b);
    return expr_subtract(algebra, a, expr_multiply(algebra, b, quotient));
}
