/* Expr: integers (and, on the way through scales, rationals) in terms of a model's symbols. A dimension, an element
 * of a shape tensor and a cost are all an Expr.
 *
 * In memory an Expr is one word: a whole number in place, or a reference into an Algebra, which keeps everything else
 * once (hash-consed), so that two Exprs of one Algebra are equal exactly when their words are. What an Algebra keeps:
 *
 * 1. Symbols: "batch", "input:0". Each has bounds and, once equations bind it, a substitution.
 * 2. Atoms: what a polynomial treats as a variable. A symbol, or an opaque operation on Exprs: floor(a/b), a mod b,
 *    max(a,b), min(a,b), ceil_log2(a). Operations that can be resolved never become atoms: floor(4*n/2) is 2*n,
 *    floor((4*n + 3)/4) is n, max(n + 1, 1) is n + 1 where n ≥ 0 is known. ceil(a/b) is kept as floor((a + b - 1)/b),
 *    and printed as ceil again.
 * 3. Polynomials over atoms: terms of a 128-bit coefficient and atoms with powers, sorted, over one positive 64-bit
 *    denominator in lowest terms. Whole numbers past 62 bits and rationals are polynomials without atoms.
 * 4. Reals: finite doubles that are no rational of that kind, so that a detour through float constants stays exact
 *    where it can be and is still a number where not.
 *
 * EXPR_UNKNOWN is "no one can say", and infectious: an operation on it gives it. So is overflow of a coefficient or
 * of memory; algebra_failure says why it last happened.
 *
 * An Algebra owns all; Exprs die with it. It only grows, except that expr_assume_equal makes later results of
 * expr_resolve see what was bound.
 */
#ifndef ONNXDOC_EXPR_H
#define ONNXDOC_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* Whole numbers in [-2^62, 2^62) stand for themselves; words below are references. Compare Exprs of one Algebra
 * with ==. */
typedef int64_t Expr;
#define EXPR_SMALLEST (-((int64_t)1 << 62))
#define EXPR_LARGEST  (((int64_t)1 << 62) - 1)
#define EXPR_UNKNOWN  INT64_MIN

static inline bool expr_is_small(Expr e) {
    return e >= EXPR_SMALLEST && e <= EXPR_LARGEST;
}
/* Words above EXPR_LARGEST are nothing: a number that did not go through expr_integer is unknown rather than a
 * crash. */
static inline bool expr_is_known(Expr e) {
    return e != EXPR_UNKNOWN && e <= EXPR_LARGEST;
}

typedef struct Algebra Algebra;

Algebra *algebra_new(void); /* NULL when memory runs out */
void algebra_free(Algebra *algebra);
/* Bytes of text and terms it holds; its tables take as much again. */
size_t algebra_nbytes(const Algebra *algebra);

typedef enum AlgebraFailure {
    ALGEBRA_FINE,
    ALGEBRA_OVERFLOW,
    ALGEBRA_TOO_LARGE,
    ALGEBRA_MEMORY,
    ALGEBRA_DIVIDE_BY_ZERO
} AlgebraFailure;
/* Why the last operation gave EXPR_UNKNOWN although its operands were known; reading it resets it. TOO_LARGE: more than
 * 4,096 terms, nested deeper than 64, more than 65,536 atoms when written out, or the like (hostile models). */
AlgebraFailure algebra_failure(Algebra *algebra);

/* ---- making ---- */

Expr expr_integer(Algebra *algebra, int64_t value);
/* A finite double exactly: a whole number, a rational when it has a denominator up to 2^40 and a numerator up to 2^80,
 * else a real. NaN and infinities are EXPR_UNKNOWN. */
Expr expr_number(Algebra *algebra, double value);
Expr expr_rational(Algebra *algebra, int64_t numerator, int64_t denominator);

/* Symbols are by name: the same name gives the same one. Its lower bound starts at `least` (which can only go up
 * when it is there already), its upper bound at none. */
typedef uint32_t SymbolId;
SymbolId algebra_symbol(Algebra *algebra, Bytes name, int64_t least);
/* A new symbol even when the name is taken ("name", then "name'2", "name'3"). */
SymbolId algebra_fresh_symbol(Algebra *algebra, Bytes name, int64_t least);
/* UINT32_MAX when there is none of that name. */
SymbolId algebra_find_symbol(const Algebra *algebra, Bytes name);
uint32_t algebra_symbol_count(const Algebra *algebra);
Bytes algebra_symbol_name(const Algebra *algebra, SymbolId symbol);
/* Narrows; a bound that would leave no value at all is not taken. */
void algebra_bound_symbol(Algebra *algebra, SymbolId symbol, int64_t least, int64_t most);
Expr expr_symbol(Algebra *algebra, SymbolId symbol);
/* The symbol an Expr is, or UINT32_MAX. */
SymbolId expr_as_symbol(const Algebra *algebra, Expr e);

/* ---- operations ---- */

/* Small numbers stay in registers; the rest is in polynomial.c. */
Expr expr__add(Algebra *algebra, Expr a, Expr b);
Expr expr__subtract(Algebra *algebra, Expr a, Expr b);
Expr expr__multiply(Algebra *algebra, Expr a, Expr b);

static inline Expr expr_add(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b) && expr_is_small(a + b)) return a + b;
    return expr__add(algebra, a, b);
}
static inline Expr expr_subtract(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b) && expr_is_small(a - b)) return a - b;
    return expr__subtract(algebra, a, b);
}
static inline Expr expr_multiply(Algebra *algebra, Expr a, Expr b) {
    Expr product;
    if (expr_is_small(a) && expr_is_small(b) && !__builtin_mul_overflow(a, b, &product) &&
        expr_is_small(product))
        return product;
    return expr__multiply(algebra, a, b);
}
/* All of them added up at once: a long sum term by term would keep every step of it. */
Expr expr_sum(Algebra *algebra, const Expr *items, uint32_t count);
Expr expr_negate(Algebra *algebra, Expr a);
/* Exactly a/b, a rational; EXPR_UNKNOWN when b is 0 or a/b is no polynomial (n/m). Divides polynomials where one
 * goes into the other: (n*m + m)/m is n + 1. */
Expr expr_divide(Algebra *algebra, Expr a, Expr b);
Expr expr_floor(Algebra *algebra, Expr a); /* of a rational: floor(n/2 + 1/2) is floor((n + 1)/2) */
Expr expr_ceil(Algebra *algebra, Expr a);
Expr expr_truncate(Algebra *algebra, Expr a); /* towards 0 */
Expr expr_round(Algebra *algebra, Expr a);    /* half to even; constants, and what is whole anyway */
Expr expr_floor_divide(Algebra *algebra, Expr a, Expr b);
Expr expr_ceil_divide(Algebra *algebra, Expr a, Expr b);
Expr expr_truncate_divide(Algebra *algebra, Expr a, Expr b); /* C's and ONNX's integer Div */
Expr expr_modulo(Algebra *algebra, Expr a,
                 Expr b); /* the sign of b, as Python's and ONNX's Mod with fmod 0 */
Expr expr_remainder(Algebra *algebra, Expr a, Expr b); /* the sign of a, C's */
Expr expr_max(Algebra *algebra, Expr a, Expr b);
Expr expr_min(Algebra *algebra, Expr a, Expr b);
Expr expr_ceil_log2(Algebra *algebra, Expr a); /* 0 for 1 and all below */
Expr expr_power(Algebra *algebra, Expr a, uint32_t exponent);
/* Doubles for which the exact result is none: square roots and the like of constants. EXPR_UNKNOWN otherwise. */
Expr expr_apply_real(Algebra *algebra, double (*f)(double), Expr a);

/* ---- asking ---- */

/* Whole constants past 62 bits too. */
bool expr_to_integer(const Algebra *algebra, Expr e, int64_t *value);
bool expr_to_double(const Algebra *algebra, Expr e, double *value); /* any constant */
bool expr_is_constant(const Algebra *algebra, Expr e);
bool expr_is_whole(const Algebra *algebra, Expr e); /* whole for whole symbols: no denominator, no real */

typedef enum Truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN } Truth;
Truth expr_equal(Algebra *algebra, Expr a, Expr b); /* for all values of the symbols, within their bounds */
Truth expr_less(Algebra *algebra, Expr a, Expr b);  /* a < b */
Truth expr_less_equal(Algebra *algebra, Expr a, Expr b); /* a ≤ b */
/* Bounds from those of the symbols, by interval arithmetic; INT64_MIN and INT64_MAX where there is none. */
void expr_bounds(Algebra *algebra, Expr e, int64_t *least, int64_t *most);

/* Its terms, for those who add up many: how many there are, and coefficient and monomial (an Expr: 1, n, n*m, floor(n/2), ...)
 * of one of them. False when the coefficient is not whole or does not fit. */
uint32_t expr_term_count(const Algebra *algebra, Expr e);
bool expr_term(Algebra *algebra, Expr e, uint32_t index, int64_t *coefficient, Expr *monomial);

/* The symbols in it, each once, in the order in which it is printed; calls visit for each until it gives false. */
void expr_visit_symbols(const Algebra *algebra, Expr e, bool (*visit)(void *context, SymbolId symbol),
                        void *context);

/* ---- equations ---- */

typedef enum Equation {
    EQUATION_TRIVIAL,       /* they were equal already */
    EQUATION_BOUND,         /* a symbol got a substitution (symbols of one class have one representative) */
    EQUATION_KEPT,          /* neither: n*m = 12; not used further */
    EQUATION_CONTRADICTION, /* can hold for no values within the bounds: 3 = 4, n = n + 1, n = 0 with n ≥ 1 */
} Equation;

/* Takes a = b as true. Common factors that cannot be 0 are divided out first: 256*n = 256*m binds n and m, n*k =
 * m*k with k ≥ 1 too. A symbol is bound to another symbol (the one made first stays), to a constant, or to an
 * expression in which it does not occur (2*n + 1, m*k); bounds are intersected. */
Equation expr_assume_equal(Algebra *algebra, Expr a, Expr b);
/* With all substitutions made so far applied; e itself when none concerns it. Memoised. */
Expr expr_resolve(Algebra *algebra, Expr e);
/* Counts substitutions, so that a caller knows whether anything changed. */
uint32_t algebra_epoch(const Algebra *algebra);
/* The symbol or expression a symbol stands for now: itself, when nothing is bound. */
Expr algebra_symbol_value(Algebra *algebra, SymbolId symbol);

/* ---- substituting and evaluating ---- */

/* Every symbol replaced by values[symbol] (EXPR_UNKNOWN: left alone; symbols from `count` on too), simultaneously. */
Expr expr_substitute(Algebra *algebra, Expr e, const Expr *values, uint32_t count);

/* The value for whole numbers; exact in 128 bits, rationals rounded up at the very end. bound[symbol] says which
 * have a value. False with *err when a symbol has none (named), a division is by zero, or it is past 2^127. A
 * symbol without a value of its own has that of what it is bound to. `text` holds the digits, past 2^63 too. */
typedef struct Evaluation {
    bool fits;     /* in int64 */
    int64_t value; /* when it does */
    double approximate;
    char text[48];
} Evaluation;
bool expr_evaluate(Algebra *algebra, Expr e, const int64_t *values, const bool *bound, uint32_t count,
                   Evaluation *result, Error *err);

/* ---- showing ---- */

/* As a person would write it: "2*batch*seq + 3", "B*(s + 1)" where that is shorter, "floor((H + 1)/2)",
 * "ceil(H/2)", higher powers first ("36864*s^2 + 169869312*s"), "?" for unknown. Names that are no plain words are
 * quoted. Writes at most `size` bytes with the end mark and gives the length it wants. */
size_t expr_print(const Algebra *algebra, Expr e, char *buffer, size_t size);

#endif
