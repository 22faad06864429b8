/* Constants: from and to C's numbers, reals, rounding. */
#include <math.h>

#include "dim/algebra.h"

Expr expr_integer(Algebra *algebra, int64_t value) {
    return expr_from_wide(algebra, value);
}

Expr expr_rational(Algebra *algebra, int64_t numerator, int64_t denominator) {
    if (denominator == 0) return algebra_fail(algebra, ALGEBRA_DIVIDE_BY_ZERO);
    return expr_scale(algebra, expr_integer(algebra, numerator), 1, denominator);
}

Expr expr_number(Algebra *algebra, double value) {
    if (!isfinite(value)) return EXPR_UNKNOWN;
    if (value == 0) return 0;
    int exponent;
    int64_t mantissa = (int64_t)ldexp(frexp(value, &exponent), 53);
    exponent -= 53;
    int zeros = __builtin_ctzll((uint64_t)mantissa);
    mantissa /= (int64_t)1 << zeros;
    exponent += zeros;
    if (exponent < -40 || exponent > 80 || fabs(value) > 0x1p80) return expr_from_real(algebra, value);
    if (exponent < 0) return expr_rational(algebra, mantissa, (int64_t)1 << -exponent);
    return expr_from_wide(algebra, (Wide)mantissa * ((Wide)1 << exponent));
}

/* ---- asking ---- */

bool expr_is_constant(const Algebra *algebra, Expr e) {
    if (expr_is_small(e) || !expr_is_known(e)) return expr_is_known(e);
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    return polynomial.denominator == 0 ||
           (polynomial.count == 1 && polynomial.terms->monomial == MONOMIAL_ONE);
}

bool expr_is_whole(const Algebra *algebra, Expr e) {
    return expr_is_known(e) && polynomial_denominator(algebra, e) == 1;
}

bool expr_to_integer(const Algebra *algebra, Expr e, int64_t *value) {
    Wide wide;
    if (!expr_to_wide(algebra, e, &wide) || !wide_fits(wide)) return false;
    *value = (int64_t)wide;
    return true;
}

static double real_value(const Algebra *algebra, Expr e) {
    double value;
    Bytes key = interner_name(&algebra->polynomials, expr_index(e));
    memcpy(&value, key.data + sizeof(int64_t), sizeof value);
    return value;
}

bool expr_to_double(const Algebra *algebra, Expr e, double *value) {
    if (!expr_is_constant(algebra, e)) return false;
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    if (polynomial.denominator == 0) *value = real_value(algebra, e);
    else if (polynomial.count == 0) *value = 0;
    else *value = (double)polynomial.terms->coefficient / (double)polynomial.denominator;
    return true;
}

/* ---- reals ---- */

static double apply(RealOperation operation, double x, double y) {
    switch (operation) {
    case REAL_ADD: return x + y;
    case REAL_MULTIPLY: return x * y;
    case REAL_DIVIDE: return x / y;
    case REAL_FLOOR_DIVIDE: return floor(x / y);
    case REAL_MODULO: return x - y * floor(x / y);
    case REAL_MAX: return x > y ? x : y;
    case REAL_MIN: return x < y ? x : y;
    }
    return NAN;
}

Expr real_apply(Algebra *algebra, RealOperation operation, Expr a, Expr b) {
    double x, y;
    if (!expr_to_double(algebra, a, &x) || !expr_to_double(algebra, b, &y)) return EXPR_UNKNOWN;
    double value = apply(operation, x, y);
    return isfinite(value) ? expr_number(algebra, value) : algebra_fail(algebra, ALGEBRA_OVERFLOW);
}

Expr expr_apply_real(Algebra *algebra, double (*f)(double), Expr a) {
    double value;
    return expr_to_double(algebra, a, &value) ? expr_number(algebra, f(value)) : EXPR_UNKNOWN;
}

/* ---- rounding ---- */

/* Whole already, or a real: what rounding makes of it then. False when it is a rational or a sum. */
static bool round_simple(Algebra *algebra, Expr a, double (*round_real)(double), Expr *result) {
    *result = a;
    if (!expr_is_known(a) || expr_is_whole(algebra, a)) return true;
    if (!expr_is_real(algebra, a)) return false;
    *result = expr_apply_real(algebra, round_real, a);
    return true;
}

Expr expr_floor(Algebra *algebra, Expr a) {
    Expr result;
    if (round_simple(algebra, a, floor, &result)) return result;
    return expr_floor_divide(algebra, expr_numerator(algebra, a),
                             expr_integer(algebra, polynomial_denominator(algebra, a)));
}

Expr expr_ceil(Algebra *algebra, Expr a) {
    Expr result;
    if (round_simple(algebra, a, ceil, &result)) return result;
    return expr_ceil_divide(algebra, expr_numerator(algebra, a),
                            expr_integer(algebra, polynomial_denominator(algebra, a)));
}

Expr expr_truncate(Algebra *algebra, Expr a) {
    Expr result;
    if (round_simple(algebra, a, trunc, &result)) return result;
    return expr_truncate_divide(algebra, expr_numerator(algebra, a),
                                expr_integer(algebra, polynomial_denominator(algebra, a)));
}

Expr expr_round(Algebra *algebra, Expr a) {
    Expr result;
    if (round_simple(algebra, a, rint, &result)) return result;
    if (!expr_is_constant(algebra, a)) return EXPR_UNKNOWN;
    Expr half = expr_rational(algebra, 1, 2), up = expr_floor(algebra, expr_add(algebra, a, half));
    bool tie = expr_subtract(algebra, up, a) == half;
    return tie && expr_modulo(algebra, up, 2) == 1 ? expr_subtract(algebra, up, 1) : up;
}
