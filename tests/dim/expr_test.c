/* Exprs: random expressions against a naive evaluator, canonical forms, bounds, comparisons, substitution, equations, printing
 * and hostile sizes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "dim/expr.h"

#define SYMBOLS 4

static Algebra *algebra;
static Expr symbols[SYMBOLS]; /* n, m ≥ 0; k, j ≥ 1 */
static const int64_t least_values[SYMBOLS] = {0, 0, 1, 1};

/* ---- random numbers ---- */

static uint64_t state = 1;

static uint64_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state ^ state >> 29;
}

static int64_t random_between(int64_t low, int64_t high) {
    return low + (int64_t)(next_random() % (uint64_t)(high - low + 1));
}

/* ---- a parallel tree, evaluated naively ---- */

typedef __int128 Big;

typedef struct Rational {
    Big over, under; /* under > 0; 0: no value */
} Rational;

static const Rational nothing = {0, 0};

typedef enum Kind {
    KIND_NUMBER,
    KIND_SYMBOL,
    KIND_ADD,
    KIND_SUBTRACT,
    KIND_MULTIPLY,
    KIND_NEGATE,
    KIND_HALVE,
    KIND_FLOOR,
    KIND_CEIL,
    KIND_TRUNCATE,
    KIND_FLOOR_DIVIDE,
    KIND_CEIL_DIVIDE,
    KIND_TRUNCATE_DIVIDE,
    KIND_MODULO,
    KIND_REMAINDER,
    KIND_MAX,
    KIND_MIN,
    KIND_CEIL_LOG2,
    KIND_POWER,
    KIND_COUNT
} Kind;

typedef struct Tree {
    Kind kind;
    int64_t number;
    struct Tree *a, *b;
} Tree;

static Tree pool[256];
static unsigned pool_used;

static Tree *tree_make(Kind kind, int64_t number, Tree *a, Tree *b) {
    Tree *tree = &pool[pool_used++];
    *tree = (Tree){kind, number, a, b};
    return tree;
}

static Tree *tree_random(int depth) {
    if (depth == 0 || next_random() % 8 == 0) {
        if (next_random() % 3 == 0) return tree_make(KIND_NUMBER, random_between(-6, 12), NULL, NULL);
        return tree_make(KIND_SYMBOL, random_between(0, SYMBOLS - 1), NULL, NULL);
    }
    Kind kind = (Kind)random_between(KIND_ADD, KIND_COUNT - 1);
    Tree *a = tree_random(depth - 1), *b = NULL;
    int64_t number = 0;
    if (kind == KIND_POWER) number = random_between(0, 3);
    else if (kind == KIND_HALVE) number = random_between(1, 6);
    else if (kind == KIND_FLOOR_DIVIDE || kind == KIND_CEIL_DIVIDE || kind == KIND_MODULO) {
        bool constant = next_random() % 2;
        b = constant ? tree_make(KIND_NUMBER, random_between(-4, 8), NULL, NULL) : tree_random(depth - 1);
    } else b = tree_random(depth - 1);
    return tree_make(kind, number, a, b);
}

static Expr tree_expr(const Tree *t) {
    Expr a = t->a ? tree_expr(t->a) : 0, b = t->b ? tree_expr(t->b) : 0;
    switch (t->kind) {
    case KIND_NUMBER: return expr_integer(algebra, t->number);
    case KIND_SYMBOL: return symbols[t->number];
    case KIND_ADD: return expr_add(algebra, a, b);
    case KIND_SUBTRACT: return expr_subtract(algebra, a, b);
    case KIND_MULTIPLY: return expr_multiply(algebra, a, b);
    case KIND_NEGATE: return expr_negate(algebra, a);
    case KIND_HALVE: return expr_divide(algebra, a, t->number);
    case KIND_FLOOR: return expr_floor(algebra, a);
    case KIND_CEIL: return expr_ceil(algebra, a);
    case KIND_TRUNCATE: return expr_truncate(algebra, a);
    case KIND_FLOOR_DIVIDE: return expr_floor_divide(algebra, a, b);
    case KIND_CEIL_DIVIDE: return expr_ceil_divide(algebra, a, b);
    case KIND_TRUNCATE_DIVIDE: return expr_truncate_divide(algebra, a, b);
    case KIND_MODULO: return expr_modulo(algebra, a, b);
    case KIND_REMAINDER: return expr_remainder(algebra, a, b);
    case KIND_MAX: return expr_max(algebra, a, b);
    case KIND_MIN: return expr_min(algebra, a, b);
    case KIND_CEIL_LOG2: return expr_ceil_log2(algebra, a);
    case KIND_POWER: return expr_power(algebra, a, (uint32_t)t->number);
    case KIND_COUNT: break;
    }
    return EXPR_UNKNOWN;
}

#define BIG_LIMIT ((Big)1 << 60)

static Big big_gcd(Big a, Big b) {
    while (b) {
        Big rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

/* Values that get large are left out, so that nothing here overflows. */
static Rational rational(Big over, Big under) {
    if (under == 0) return nothing;
    Big common = big_gcd(over, under);
    if (under < 0) common = -common;
    Rational r = {over / common, under / common};
    return r.over > BIG_LIMIT || r.over < -BIG_LIMIT || r.under > BIG_LIMIT ? nothing : r;
}

static Big floor_of(Rational r) {
    return r.over / r.under - (r.over % r.under < 0);
}

static Rational whole(Big value) {
    return rational(value, 1);
}

static Rational round_quotient(Kind kind, Rational q) {
    if (!q.under) return nothing;
    Big down = floor_of(q);
    bool exact = q.under == 1;
    if (kind == KIND_FLOOR_DIVIDE || kind == KIND_FLOOR) return whole(down);
    if (kind == KIND_CEIL_DIVIDE || kind == KIND_CEIL) return whole(exact ? down : down + 1);
    return whole(q.over < 0 && !exact ? down + 1 : down);
}

static Rational multiply(Rational a, Rational b) {
    return rational(a.over * b.over, a.under * b.under);
}

static Rational divide(Rational a, Rational b) {
    return rational(a.over * b.under, a.under * b.over);
}

static Rational add(Rational a, Rational b) {
    return rational(a.over * b.under + b.over * a.under, a.under * b.under);
}

static Rational negate(Rational a) {
    return (Rational){-a.over, a.under};
}

static bool is_less(Rational a, Rational b) {
    return a.over * b.under < b.over * a.under;
}

static Rational log_of(Rational a) {
    Big power = 1, log = 0;
    while (power * a.under < a.over) power *= 2, log++;
    return whole(log);
}

static Rational power_of(Rational a, int64_t exponent) {
    Rational result = {1, 1};
    while (exponent-- > 0 && result.under) result = multiply(result, a);
    return result;
}

static Rational apply_rest(Kind kind, Rational a, Rational b) {
    Rational quotient = divide(a, b);
    if (kind == KIND_FLOOR_DIVIDE || kind == KIND_CEIL_DIVIDE || kind == KIND_TRUNCATE_DIVIDE)
        return round_quotient(kind, quotient);
    quotient = round_quotient(kind == KIND_MODULO ? KIND_FLOOR_DIVIDE : KIND_TRUNCATE_DIVIDE, quotient);
    if (!quotient.under) return nothing;
    quotient = multiply(quotient, b);
    return quotient.under ? add(a, negate(quotient)) : nothing;
}

static Rational tree_value(const Tree *t, const int64_t *values) {
    Rational a = {0, 1}, b = {0, 1};
    if (t->a) a = tree_value(t->a, values);
    if (t->b) b = tree_value(t->b, values);
    if (!a.under || !b.under) return nothing;
    switch (t->kind) {
    case KIND_NUMBER: return whole(t->number);
    case KIND_SYMBOL: return whole(values[t->number]);
    case KIND_ADD: return add(a, b);
    case KIND_SUBTRACT: return add(a, negate(b));
    case KIND_MULTIPLY: return multiply(a, b);
    case KIND_NEGATE: return negate(a);
    case KIND_HALVE: return divide(a, whole(t->number));
    case KIND_FLOOR:
    case KIND_CEIL:
    case KIND_TRUNCATE: return round_quotient(t->kind, a);
    case KIND_MAX: return is_less(a, b) ? b : a;
    case KIND_MIN: return is_less(a, b) ? a : b;
    case KIND_CEIL_LOG2: return log_of(a);
    case KIND_POWER: return power_of(a, t->number);
    default: return apply_rest(t->kind, a, b);
    }
}

/* ---- what is compared with what ---- */

static void random_values(int64_t *values) {
    int64_t range = next_random() % 4 == 0 ? 1000 : 9;
    for (int i = 0; i < SYMBOLS; i++) values[i] = least_values[i] + random_between(0, range);
}

static const char *show(Expr e) {
    static char texts[4][4096];
    static unsigned at;
    char *text = texts[at++ % 4];
    expr_print(algebra, e, text, sizeof texts[0]);
    return text;
}

static void complain(const char *what, Expr e, const int64_t *values) {
    failed++;
    if (failed > 20) return;
    printf("%s: %s at n=%lld m=%lld k=%lld j=%lld\n", what, show(e), (long long)values[0],
           (long long)values[1], (long long)values[2], (long long)values[3]);
}

/* The value of e; rationals as evaluation gives them, rounded up. */
static bool value_of(Expr e, const int64_t *values, Big *value) {
    static const bool bound[SYMBOLS] = {true, true, true, true};
    Evaluation evaluation;
    Error err;
    if (!expr_evaluate(algebra, e, values, bound, SYMBOLS, &evaluation, &err)) return false;
    if (evaluation.fits) *value = evaluation.value;
    return evaluation.fits;
}

static Big ceil_of(Rational r) {
    return -floor_of(negate(r));
}

static void check_bounds(Expr e, Rational expected, const int64_t *values) {
    int64_t least, most;
    expr_bounds(algebra, e, &least, &most);
    bool good = (least == INT64_MIN || (Big)least * expected.under <= expected.over) &&
                (most == INT64_MAX || expected.over <= (Big)most * expected.under);
    if (!good) complain("bounds", e, values);
    else passed++;
}

static void check_comparisons(Expr e, Rational x, Expr f, Rational y, const int64_t *values) {
    Truth less = expr_less(algebra, e, f), less_equal = expr_less_equal(algebra, e, f);
    Truth equal = expr_equal(algebra, e, f);
    bool is_equal = x.over == y.over && x.under == y.under;
    bool whole_operands = x.under == 1 && y.under == 1;
    bool good = (less == TRUTH_UNKNOWN || (less == TRUTH_TRUE) == is_less(x, y)) &&
                (less_equal == TRUTH_UNKNOWN || (less_equal == TRUTH_TRUE) == !is_less(y, x)) &&
                (equal == TRUTH_UNKNOWN || (equal == TRUTH_TRUE) == is_equal) && (e != f || is_equal);
    (void)whole_operands;
    if (!good) {
        complain("comparison", e, values);
        printf("  with %s\n", show(f));
    } else passed++;
}

static Expr substitute_some(Expr e, const int64_t *values, bool all) {
    Expr by[SYMBOLS];
    for (int i = 0; i < SYMBOLS; i++) by[i] = all || i % 2 ? expr_integer(algebra, values[i]) : EXPR_UNKNOWN;
    return expr_substitute(algebra, e, by, SYMBOLS);
}

static void check_substitution(Expr e, Rational expected, const int64_t *values) {
    Big value;
    Expr all = substitute_some(e, values, true), some = substitute_some(e, values, false);
    if (expr_is_known(all) &&
        (!expr_is_constant(algebra, all) || !value_of(all, values, &value) || value != ceil_of(expected)))
        complain("substitution of all", e, values);
    else if (expr_is_known(some) && value_of(some, values, &value) && value != ceil_of(expected))
        complain("substitution of some", e, values);
    else passed++;
}

static unsigned unknown, evaluated;

static void random_case(void) {
    pool_used = 0;
    Tree *tree = tree_random((int)random_between(1, 4)), *other = tree_random((int)random_between(1, 3));
    Expr e = tree_expr(tree), f = tree_expr(other);
    unknown += !expr_is_known(e);
    if (!expr_is_known(e) || !expr_is_known(f)) return;
    for (int i = 0; i < 4; i++) {
        int64_t values[SYMBOLS];
        Big value;
        random_values(values);
        Rational x = tree_value(tree, values), y = tree_value(other, values);
        if (!x.under || !y.under || !value_of(e, values, &value)) continue;
        evaluated++;
        if (value != ceil_of(x)) complain("value", e, values);
        else passed++;
        check_bounds(e, x, values);
        check_comparisons(e, x, f, y, values);
        if (i == 0) check_substitution(e, x, values);
    }
}

static void random_expressions(void) {
    for (int i = 0; i < 100000; i++) random_case();
    printf("  %u values compared, %u of 100000 expressions unknown\n", evaluated, unknown);
    CHECK(evaluated > 100000);
    CHECK(unknown < 20000);
}


/* ---- canonical forms: what is equal for a reason we know is the same word ---- */

static Expr random_polynomial(int terms) {
    Expr sum = random_between(-9, 9);
    for (int i = 0; i < terms; i++) {
        Expr term = random_between(-9, 9);
        for (int k = (int)random_between(1, 3); k > 0; k--)
            term = expr_multiply(algebra, term, symbols[random_between(0, SYMBOLS - 1)]);
        sum = expr_add(algebra, sum, term);
    }
    return sum;
}

static void check_same(const char *law, Expr a, Expr b) {
    if (a == b) {
        passed++;
        return;
    }
    failed++;
    printf("%s: %s and %s\n", law, show(a), show(b));
}

static void shuffle(Expr *items, int count) {
    for (int i = count - 1; i > 0; i--) {
        int k = (int)random_between(0, i);
        Expr item = items[i];
        items[i] = items[k];
        items[k] = item;
    }
}

static void sums_in_any_order(void) {
    Expr items[6], forwards = 0, backwards = 0;
    for (int i = 0; i < 6; i++) items[i] = expr_divide(algebra, random_polynomial(2), random_between(1, 6));
    for (int i = 0; i < 6; i++) forwards = expr_add(algebra, forwards, items[i]);
    check_same("sum at once", forwards, expr_sum(algebra, items, 6));
    shuffle(items, 6);
    for (int i = 0; i < 6; i++) backwards = expr_add(algebra, items[i], backwards);
    check_same("sum", forwards, backwards);
}

static void products(void) {
    Expr a = random_polynomial(3), b = random_polynomial(3), c = random_polynomial(2);
    Expr product = expr_multiply(algebra, a, b);
    check_same("distribute", expr_multiply(algebra, expr_add(algebra, a, b), c),
               expr_add(algebra, expr_multiply(algebra, a, c), expr_multiply(algebra, c, b)));
    check_same("associate", expr_multiply(algebra, product, c),
               expr_multiply(algebra, a, expr_multiply(algebra, b, c)));
    check_same("square", expr_power(algebra, a, 2), expr_multiply(algebra, a, a));
    if (b != 0) check_same("divide", expr_divide(algebra, product, b), a);
    if (b != 0) check_same("floor of exact", expr_floor_divide(algebra, product, b), a);
    if (b != 0) check_same("mod of exact", expr_modulo(algebra, product, b), 0);
}

static void floors_by_numbers(void) {
    Expr p = random_polynomial(2), q = random_polynomial(2), b = random_between(1, 9), c = random_between(1, 9);
    Expr shifted = expr_add(algebra, p, expr_multiply(algebra, q, b));
    check_same("floor of a multiple more", expr_floor_divide(algebra, shifted, b),
               expr_add(algebra, expr_floor_divide(algebra, p, b), q));
    check_same("mod of a multiple more", expr_modulo(algebra, shifted, b), expr_modulo(algebra, p, b));
    check_same("floor of floor", expr_floor_divide(algebra, expr_floor_divide(algebra, p, b), c),
               expr_floor_divide(algebra, p, b * c));
    check_same("floor of a quotient", expr_floor(algebra, expr_divide(algebra, p, b)),
               expr_floor_divide(algebra, p, b));
    check_same("common factor", expr_floor_divide(algebra, expr_multiply(algebra, p, c), b * c),
               expr_floor_divide(algebra, p, b));
    check_same("negative", expr_floor_divide(algebra, p, b), expr_floor_divide(algebra, expr_negate(algebra, p), -b));
    check_same("ceil", expr_ceil_divide(algebra, p, b), expr_floor_divide(algebra, expr_add(algebra, p, b - 1), b));
    check_same("mod of mod", expr_modulo(algebra, expr_modulo(algebra, p, b * c), c), expr_modulo(algebra, p, c));
}

static void floors_by_symbols(void) {
    Expr p = random_polynomial(2), q = random_polynomial(2), k = symbols[2 + random_between(0, 1)];
    if (next_random() % 2) k = expr_add(algebra, expr_multiply(algebra, k, random_between(1, 5)), symbols[0]);
    Expr shifted = expr_add(algebra, p, expr_multiply(algebra, q, k));
    check_same("floor of a symbolic multiple more", expr_floor_divide(algebra, shifted, k),
               expr_add(algebra, expr_floor_divide(algebra, p, k), q));
    check_same("mod of a symbolic multiple more", expr_modulo(algebra, shifted, k), expr_modulo(algebra, p, k));
    check_same("common symbolic factor",
               expr_floor_divide(algebra, expr_multiply(algebra, p, k), expr_multiply(algebra, symbols[3], k)),
               expr_floor_divide(algebra, p, symbols[3]));
}

static void extremes(bool is_max) {
    Expr (*f)(Algebra *, Expr, Expr) = is_max ? expr_max : expr_min, (*g)(Algebra *, Expr, Expr) = is_max ? expr_min : expr_max;
    Expr items[4], together, addend = random_polynomial(2);
    for (int i = 0; i < 4; i++) items[i] = random_polynomial((int)random_between(0, 2));
    together = f(algebra, f(algebra, f(algebra, items[0], items[1]), items[2]), items[3]);
    Expr a = items[0], b = items[1], both = f(algebra, a, b);
    check_same("common addend", f(algebra, expr_add(algebra, a, addend), expr_add(algebra, b, addend)),
               expr_add(algebra, both, addend));
    check_same("common factor", f(algebra, expr_multiply(algebra, a, 6), expr_multiply(algebra, b, 6)),
               expr_multiply(algebra, both, 6));
    Expr negative = expr_negate(algebra, g(algebra, expr_negate(algebra, a), expr_negate(algebra, b)));
    if (expr_equal(algebra, negative, both) != TRUTH_TRUE) check_same("negative", negative, both);
    else passed++;
    check_same("absorbs", f(algebra, both, a), both);
    check_same("same", f(algebra, both, both), both);
    shuffle(items, 4);
    check_same("any order", together,
               f(algebra, f(algebra, items[0], items[1]), f(algebra, items[2], items[3])));
}

static void canonical_forms(void) {
    for (int i = 0; i < 4000; i++) {
        sums_in_any_order();
        products();
        floors_by_numbers();
        floors_by_symbols();
        extremes(i % 2);
    }
}

int main(void) {
    static const char *const names[SYMBOLS] = {"n", "m", "k", "j"};
    algebra = algebra_new();
    for (int i = 0; i < SYMBOLS; i++)
        symbols[i] = expr_symbol(algebra, algebra_symbol(algebra, (Bytes){names[i], 1}, least_values[i]));
    random_expressions();
    canonical_forms();
    algebra_free(algebra);
    return check_report();
}
