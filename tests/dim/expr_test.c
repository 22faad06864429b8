/* Exprs: random expressions against a naive evaluator, canonical forms, bounds, comparisons, substitution,
 * equations, printing and hostile sizes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    bool good = (less == TRUTH_UNKNOWN || (less == TRUTH_TRUE) == is_less(x, y)) &&
                (less_equal == TRUTH_UNKNOWN || (less_equal == TRUTH_TRUE) == !is_less(y, x)) &&
                (equal == TRUTH_UNKNOWN || (equal == TRUTH_TRUE) == is_equal) && (e != f || is_equal);
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
    for (int i = 0; i < 5000; i++) random_case();
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
    Expr p = random_polynomial(2), q = random_polynomial(2), b = random_between(1, 9),
         c = random_between(1, 9);
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
    check_same("negative", expr_floor_divide(algebra, p, b),
               expr_floor_divide(algebra, expr_negate(algebra, p), -b));
    check_same("ceil", expr_ceil_divide(algebra, p, b),
               expr_floor_divide(algebra, expr_add(algebra, p, b - 1), b));
    check_same("mod of mod", expr_modulo(algebra, expr_modulo(algebra, p, b * c), c),
               expr_modulo(algebra, p, c));
}

static void floors_by_symbols(void) {
    Expr p = random_polynomial(2), q = random_polynomial(2), k = symbols[2 + random_between(0, 1)];
    if (next_random() % 2) k = expr_add(algebra, expr_multiply(algebra, k, random_between(1, 5)), symbols[0]);
    Expr shifted = expr_add(algebra, p, expr_multiply(algebra, q, k));
    check_same("floor of a symbolic multiple more", expr_floor_divide(algebra, shifted, k),
               expr_add(algebra, expr_floor_divide(algebra, p, k), q));
    check_same("mod of a symbolic multiple more", expr_modulo(algebra, shifted, k),
               expr_modulo(algebra, p, k));
    check_same(
        "common symbolic factor",
        expr_floor_divide(algebra, expr_multiply(algebra, p, k), expr_multiply(algebra, symbols[3], k)),
        expr_floor_divide(algebra, p, symbols[3]));
}

static void extremes(bool is_max) {
    Expr (*f)(Algebra *, Expr, Expr) = is_max ? expr_max : expr_min,
                               (*g)(Algebra *, Expr, Expr) = is_max ? expr_min : expr_max;
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
    for (int i = 0; i < 200; i++) {
        sums_in_any_order();
        products();
        floors_by_numbers();
        floors_by_symbols();
        extremes(i % 2);
    }
}

/* ---- equations: whatever satisfies them gives resolved and unresolved the same value ---- */

#define UNKNOWNS 5
#define MOST     4 /* values that are tried */

typedef struct System {
    Expr symbols[UNKNOWNS];
    int64_t least[UNKNOWNS];
    Expr left[6], right[6];
    uint32_t count;
} System;

static Expr pick(const System *system) {
    return system->symbols[random_between(0, UNKNOWNS - 1)];
}

static Expr random_side(const System *system) {
    switch (next_random() % 8) {
    case 0: return random_between(0, 4);
    case 1: return expr_add(algebra, pick(system), random_between(-2, 3));
    case 2: return expr_multiply(algebra, pick(system), random_between(2, 4));
    case 3: return expr_multiply(algebra, pick(system), pick(system));
    case 4: return expr_add(algebra, expr_multiply(algebra, pick(system), 2), pick(system));
    case 5: return expr_floor_divide(algebra, expr_add(algebra, pick(system), random_between(0, 3)), 2);
    default: return pick(system);
    }
}

static bool evaluates_to(Expr e, const int64_t *values, int64_t *value) {
    static const bool bound[UNKNOWNS] = {true, true, true, true, true};
    Evaluation evaluation;
    Error err;
    if (!expr_evaluate(algebra, e, values, bound, UNKNOWNS, &evaluation, &err)) return false;
    *value = evaluation.value;
    return evaluation.fits;
}

static bool satisfied(const System *system, const int64_t *values) {
    for (uint32_t i = 0; i < system->count; i++) {
        int64_t left, right;
        if (!evaluates_to(system->left[i], values, &left) || !evaluates_to(system->right[i], values, &right))
            return false;
        if (left != right) return false;
    }
    return true;
}

static bool agrees(const System *system, Expr probe, Expr resolved, const int64_t *values) {
    int64_t before, after;
    if (!evaluates_to(probe, values, &before) || !evaluates_to(resolved, values, &after) || before != after)
        return false;
    for (int i = 0; i < UNKNOWNS; i++) {
        int64_t least, most;
        expr_bounds(algebra, expr_resolve(algebra, system->symbols[i]), &least, &most);
        if (values[i] < least || values[i] > most) return false;
    }
    return true;
}

/* Every assignment within the bounds up to MOST above the least. */
static void try_assignments(const System *system, bool contradiction) {
    Expr probe = 0;
    for (int i = 0; i < UNKNOWNS; i++)
        probe = expr_add(algebra, expr_multiply(algebra, probe, 7), system->symbols[i]);
    probe = expr_add(algebra, probe, expr_floor_divide(algebra, probe, 3));
    Expr resolved = expr_resolve(algebra, probe);
    CHECK(expr_resolve(algebra, resolved) == resolved);
    unsigned combinations = 1, wrong = 0;
    for (int i = 0; i < UNKNOWNS; i++) combinations *= MOST + 1;
    for (unsigned c = 0; c < combinations; c++) {
        int64_t values[UNKNOWNS];
        unsigned rest = c;
        for (int i = 0; i < UNKNOWNS; i++, rest /= MOST + 1) values[i] = system->least[i] + rest % (MOST + 1);
        if (!satisfied(system, values)) continue;
        if (contradiction || !agrees(system, probe, resolved, values)) wrong++;
    }
    CHECK(wrong == 0);
    if (!wrong) return;
    for (uint32_t i = 0; i < system->count; i++)
        printf("  %s = %s\n", show(system->left[i]), show(system->right[i]));
    printf("  %s, then %s\n", show(probe), contradiction ? "a contradiction" : show(resolved));
}

static unsigned equations[4];

static void random_system(void) {
    algebra = algebra_new();
    System system = {.count = 0};
    for (int i = 0; i < UNKNOWNS; i++) {
        system.least[i] = random_between(0, 1);
        char name = (char)('a' + i);
        system.symbols[i] = expr_symbol(algebra, algebra_symbol(algebra, (Bytes){&name, 1}, system.least[i]));
    }
    bool contradiction = false;
    for (uint32_t i = 0; i < 1 + next_random() % 4 && !contradiction; i++) {
        Expr left = random_side(&system), right = random_side(&system);
        system.left[system.count] = left;
        system.right[system.count++] = right;
        Equation equation = expr_assume_equal(algebra, left, right);
        equations[equation]++;
        contradiction = equation == EQUATION_CONTRADICTION;
        if (equation == EQUATION_BOUND || equation == EQUATION_TRIVIAL)
            CHECK(expr_equal(algebra, expr_resolve(algebra, left), expr_resolve(algebra, right)) ==
                  TRUTH_TRUE);
    }
    try_assignments(&system, contradiction);
    algebra_free(algebra);
}

static void random_systems(void) {
    for (int i = 0; i < 400; i++) random_system();
    printf("  equations: %u trivial, %u bound, %u kept, %u contradictions\n", equations[EQUATION_TRIVIAL],
           equations[EQUATION_BOUND], equations[EQUATION_KEPT], equations[EQUATION_CONTRADICTION]);
}

static Expr symbol(const char *name, int64_t least) {
    return expr_symbol(algebra, algebra_symbol(algebra, (Bytes){name, strlen(name)}, least));
}

static void classes_and_chains(void) {
    algebra = algebra_new();
    Expr n = symbol("n", 1), m = symbol("m", 1), k = symbol("k", 1), z = symbol("z", 0);
    CHECK(expr_assume_equal(algebra, expr_multiply(algebra, n, 256), expr_multiply(algebra, m, 256)) ==
          EQUATION_BOUND);
    CHECK(expr_resolve(algebra, m) == n && expr_resolve(algebra, n) == n && algebra_epoch(algebra) == 1);
    CHECK(expr_assume_equal(algebra, m, n) == EQUATION_TRIVIAL);
    CHECK(expr_assume_equal(algebra, expr_multiply(algebra, n, k), expr_multiply(algebra, z, k)) ==
          EQUATION_BOUND);
    CHECK(expr_resolve(algebra, z) == n);
    CHECK(expr_assume_equal(algebra, n, expr_add(algebra, m, 1)) == EQUATION_CONTRADICTION);
    CHECK(expr_assume_equal(algebra, n, 0) == EQUATION_CONTRADICTION);
    CHECK(expr_assume_equal(algebra, 3, 4) == EQUATION_CONTRADICTION);
    CHECK(expr_assume_equal(algebra, expr_multiply(algebra, n, 2),
                            expr_add(algebra, expr_multiply(algebra, k, 2), 1)) == EQUATION_CONTRADICTION);
    CHECK(expr_assume_equal(algebra, expr_multiply(algebra, n, k), 12) == EQUATION_KEPT);
    CHECK(expr_assume_equal(algebra, z, 7) == EQUATION_BOUND);
    CHECK(expr_resolve(algebra, m) == 7 && expr_resolve(algebra, n) == 7);
    CHECK(expr_resolve(algebra, expr_add(algebra, m, k)) == expr_add(algebra, k, 7));
    Expr past = symbol("past", 0), product = symbol("product", 1);
    CHECK(expr_assume_equal(algebra, product, expr_multiply(algebra, past, k)) == EQUATION_BOUND);
    CHECK(expr_less(algebra, 0, past) == TRUTH_TRUE);
    algebra_free(algebra);
}

/* Each symbol is one more than the one before; bound from the last to the first, and the other way round. */
static void long_chains(bool backwards) {
    enum { LENGTH = 20000 };
    algebra = algebra_new();
    Expr first = symbol("s", 0), last = first;
    for (int i = 1; i < LENGTH; i++)
        last = expr_symbol(algebra, algebra_fresh_symbol(algebra, BYTES_LITERAL("s"), 0));
    for (int i = 1; i < LENGTH; i++) {
        SymbolId id = (SymbolId)(backwards ? LENGTH - i : i);
        Expr before = expr_symbol(algebra, id - 1);
        CHECK(expr_assume_equal(algebra, expr_symbol(algebra, id), expr_add(algebra, before, 1)) ==
              EQUATION_BOUND);
    }
    CHECK(expr_resolve(algebra, last) == expr_add(algebra, first, LENGTH - 1));
    CHECK(bytes_equal(algebra_symbol_name(algebra, 2), BYTES_LITERAL("s'3")));
    algebra_free(algebra);
}

/* ---- hostile sizes ---- */

static void check_failure(Expr e, AlgebraFailure failure) {
    CHECK(e == EXPR_UNKNOWN);
    CHECK(algebra_failure(algebra) == failure);
    CHECK(algebra_failure(algebra) == ALGEBRA_FINE);
}

static void coefficients_overflow(void) {
    Expr n = symbols[0], large = expr_power(algebra, 2, 126);
    Expr larger = expr_multiply(algebra, expr_add(algebra, large, expr_subtract(algebra, large, 1)), n);
    CHECK(strcmp(show(larger), "170141183460469231731687303715884105727*n") == 0);
    CHECK(expr_is_constant(algebra, large) && !expr_is_small(large));
    check_failure(expr_add(algebra, larger, n), ALGEBRA_OVERFLOW);
    check_failure(expr_add(algebra, expr_negate(algebra, larger), expr_multiply(algebra, n, -1)),
                  ALGEBRA_OVERFLOW);
    check_failure(expr_multiply(algebra, larger, 2), ALGEBRA_OVERFLOW);
    check_failure(expr_multiply(algebra, larger, larger), ALGEBRA_OVERFLOW);
    check_failure(expr_power(algebra, 2, 127), ALGEBRA_OVERFLOW);
    check_failure(expr_power(algebra, 3, UINT32_MAX), ALGEBRA_OVERFLOW);
    CHECK(expr_power(algebra, -1, UINT32_MAX) == -1 && expr_power(algebra, 0, UINT32_MAX) == 0);
    CHECK(expr_subtract(algebra, larger, larger) == 0);
    CHECK(expr_floor_divide(algebra, larger, larger) == 1);
    Expr third = expr_divide(algebra, n, expr_integer(algebra, INT64_MAX));
    Expr other = expr_divide(algebra, n, expr_integer(algebra, INT64_MAX - 1));
    check_failure(expr_add(algebra, third, other), ALGEBRA_OVERFLOW);
    check_failure(expr_divide(algebra, third, 2), ALGEBRA_OVERFLOW);
    check_failure(expr_divide(algebra, n, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_floor_divide(algebra, n, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_floor_divide(algebra, 1, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_modulo(algebra, n, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_ceil_divide(algebra, n, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_truncate_divide(algebra, 1, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_remainder(algebra, 1, 0), ALGEBRA_DIVIDE_BY_ZERO);
    check_failure(expr_rational(algebra, 1, 0), ALGEBRA_DIVIDE_BY_ZERO);
    CHECK(expr_divide(algebra, n, symbols[1]) == EXPR_UNKNOWN && algebra_failure(algebra) == ALGEBRA_FINE);
}

static void small_edges(void) {
    int64_t value;
    Expr largest = expr_integer(algebra, INT64_MAX), smallest = expr_integer(algebra, INT64_MIN);
    CHECK(expr_to_integer(algebra, largest, &value) && value == INT64_MAX);
    CHECK(expr_to_integer(algebra, smallest, &value) && value == INT64_MIN);
    CHECK(expr_is_known(smallest) && !expr_is_small(smallest));
    CHECK(expr_add(algebra, smallest, largest) == -1);
    CHECK(strcmp(show(expr_multiply(algebra, smallest, smallest)),
                 "85070591730234615865843651857942052864") == 0);
    CHECK(expr_add(algebra, EXPR_LARGEST, 1) == expr_integer(algebra, (int64_t)1 << 62));
    CHECK(expr_subtract(algebra, expr_integer(algebra, (int64_t)1 << 62), 1) == EXPR_LARGEST);
    CHECK(expr_negate(algebra, EXPR_SMALLEST) == expr_integer(algebra, (int64_t)1 << 62));
    CHECK(expr_floor_divide(algebra, smallest, -1) == expr_negate(algebra, smallest));
    CHECK(expr_floor_divide(algebra, EXPR_SMALLEST, -1) == expr_negate(algebra, EXPR_SMALLEST));
    CHECK(expr_floor_divide(algebra, -7, 2) == -4 && expr_ceil_divide(algebra, -7, 2) == -3);
    CHECK(expr_truncate_divide(algebra, -7, 2) == -3 && expr_modulo(algebra, -7, 2) == 1);
    CHECK(expr_remainder(algebra, -7, 2) == -1 && expr_modulo(algebra, 7, -2) == -1);
    CHECK(expr_add(algebra, EXPR_UNKNOWN, 1) == EXPR_UNKNOWN &&
          expr_multiply(algebra, 0, EXPR_UNKNOWN) == EXPR_UNKNOWN);
    CHECK(expr_max(algebra, EXPR_UNKNOWN, 1) == EXPR_UNKNOWN &&
          expr_floor(algebra, EXPR_UNKNOWN) == EXPR_UNKNOWN);
    CHECK(expr_add(algebra, INT64_MAX, 1) == EXPR_UNKNOWN &&
          expr_divide(algebra, symbols[0], INT64_MAX) == EXPR_UNKNOWN);
    CHECK(algebra_failure(algebra) == ALGEBRA_FINE);
}

static void reals(void) {
    double value;
    Expr tenth = expr_number(algebra, 0.1);
    CHECK(expr_number(algebra, 3) == 3 && expr_number(algebra, -0.0) == 0);
    CHECK(expr_number(algebra, NAN) == EXPR_UNKNOWN && expr_number(algebra, INFINITY) == EXPR_UNKNOWN);
    CHECK(expr_number(algebra, 0.75) == expr_rational(algebra, 3, 4));
    CHECK(expr_multiply(algebra, expr_number(algebra, 0.5), expr_add(algebra, symbols[0], symbols[0])) ==
          symbols[0]);
    CHECK(expr_multiply(algebra, tenth, 10) == 1);
    CHECK(expr_multiply(algebra, tenth, symbols[0]) == EXPR_UNKNOWN && expr_multiply(algebra, tenth, 0) == 0);
    CHECK(expr_apply_real(algebra, sqrt, 16) == 4 && expr_apply_real(algebra, sqrt, -1) == EXPR_UNKNOWN);
    CHECK(expr_to_double(algebra, expr_apply_real(algebra, sqrt, 2), &value) && value == sqrt(2));
    CHECK(expr_floor(algebra, expr_number(algebra, 1e30)) == expr_number(algebra, 1e30));
    CHECK(expr_round(algebra, expr_rational(algebra, 5, 2)) == 2 &&
          expr_round(algebra, expr_rational(algebra, 7, 2)) == 4);
    CHECK(expr_round(algebra, expr_rational(algebra, -5, 2)) == -2 &&
          expr_round(algebra, symbols[0]) == symbols[0]);
    CHECK(expr_floor(algebra, expr_number(algebra, -0.1)) == -1 &&
          expr_truncate(algebra, expr_number(algebra, -0.1)) == 0);
    CHECK(expr_less(algebra, tenth, expr_number(algebra, 0.2)) == TRUTH_TRUE);
    CHECK(expr_number(algebra, 0x1p79) == expr_power(algebra, 2, 79));
    for (int i = 0; i < 1000; i++) {
        double x = ldexp((double)(int64_t)next_random(), (int)random_between(-100, 20));
        CHECK(expr_to_double(algebra, expr_number(algebra, x), &value) && value == x);
    }
}

static void many_terms(void) {
    Expr items[5000], sum = 0;
    for (int i = 0; i < 5000; i++)
        items[i] = expr_symbol(algebra, algebra_fresh_symbol(algebra, BYTES_LITERAL("t"), 0));
    for (int i = 0; i < 4096; i++) sum = expr_add(algebra, sum, items[i]);
    CHECK(expr_is_known(sum) && expr_sum(algebra, items, 4096) == sum);
    check_failure(expr_sum(algebra, items, 5000), ALGEBRA_TOO_LARGE);
    check_failure(expr_add(algebra, sum, items[4096]), ALGEBRA_TOO_LARGE);
    check_failure(expr_multiply(algebra, sum, sum), ALGEBRA_TOO_LARGE);
    check_failure(expr_power(algebra, sum, 5), ALGEBRA_TOO_LARGE);
    check_failure(expr_power(algebra, symbols[0], 70000), ALGEBRA_TOO_LARGE);
    Expr product = 1;
    for (int i = 0; i < 64; i++) product = expr_multiply(algebra, product, items[i]);
    CHECK(expr_is_known(product));
    check_failure(expr_multiply(algebra, product, items[64]), ALGEBRA_TOO_LARGE);
    CHECK(expr_less_equal(algebra, items[7], sum) == TRUTH_TRUE &&
          expr_divide(algebra, sum, items[0]) == EXPR_UNKNOWN);
    CHECK(expr_is_known(expr_floor_divide(algebra, sum, 7)) &&
          expr_is_known(expr_max(algebra, sum, product)));
    char small[16];
    CHECK(expr_print(algebra, sum, small, sizeof small) > 20000 && strlen(small) == sizeof small - 1);
    CHECK(expr_print(algebra, sum, NULL, 0) > 20000);
}

/* max(... floor(x*x/3) ...): nests, and every level mentions the one below twice. */
static void deep_nesting(void) {
    Expr e = symbols[0];
    int depth = 0;
    while (depth < 100) {
        Expr next = expr_floor_divide(algebra, expr_multiply(algebra, e, e), 3 + depth);
        if (!expr_is_known(next)) break;
        e = next;
        depth++;
    }
    CHECK(depth > 8 && depth <= 64 && algebra_failure(algebra) == ALGEBRA_TOO_LARGE);
    Expr line = symbols[0];
    for (depth = 0; depth < 100; depth++) {
        Expr next = expr_floor_divide(algebra, expr_add(algebra, expr_multiply(algebra, line, 3), 1), 5);
        if (!expr_is_known(next)) break;
        line = next;
    }
    CHECK(depth == 64 && algebra_failure(algebra) == ALGEBRA_TOO_LARGE);
    int64_t least, most;
    expr_bounds(algebra, line, &least, &most);
    CHECK(least == 0 && most == INT64_MAX);
    Big value;
    int64_t values[SYMBOLS] = {1000000000, 0, 1, 1};
    CHECK(value_of(line, values, &value) && value == 0);
    CHECK(expr_is_known(substitute_some(e, values, true)) || algebra_failure(algebra) == ALGEBRA_OVERFLOW);
    CHECK(expr_print(algebra, e, NULL, 0) > 100);
}

/* Random expressions of numbers near every limit: nothing to compare with, but nothing may wrap or crash either. */
static Expr huge_number(void) {
    static const int64_t edges[] = {INT64_MAX, INT64_MIN, EXPR_LARGEST, EXPR_SMALLEST, 1, -1};
    Expr e = expr_integer(algebra, edges[next_random() % 6]);
    if (next_random() % 2)
        e = expr_multiply(algebra, e, expr_power(algebra, 2, (uint32_t)random_between(40, 63)));
    if (next_random() % 4 == 0)
        e = expr_divide(algebra, e, expr_integer(algebra, random_between(1, INT64_MAX - 1)));
    return e;
}

static Expr huge_random(int depth) {
    if (depth == 0) return next_random() % 2 ? huge_number() : symbols[next_random() % SYMBOLS];
    Expr (*const operations[])(Algebra *, Expr, Expr) = {
        expr_add,    expr_subtract,  expr_multiply,        expr_divide, expr_floor_divide, expr_ceil_divide,
        expr_modulo, expr_remainder, expr_truncate_divide, expr_max,    expr_min};
    Expr a = huge_random(depth - 1), b = huge_random(depth - 1);
    if (!expr_is_known(a) || !expr_is_known(b)) return expr_is_known(a) ? a : b;
    Expr e = operations[next_random() % 11](algebra, a, b);
    return next_random() % 8 == 0 ? expr_ceil_log2(algebra, e) : e;
}

static void huge_numbers(void) {
    unsigned known = 0;
    for (int i = 0; i < 20000; i++) {
        Expr a = huge_random((int)random_between(1, 3)), b = huge_random((int)random_between(0, 2));
        int64_t least, most, values[SYMBOLS] = {INT64_MAX, (int64_t)(next_random() >> 1), 1, INT64_MAX};
        Big value;
        known += expr_is_known(a);
        expr_bounds(algebra, a, &least, &most);
        if (value_of(a, values, &value)) CHECK(value >= least && value <= most);
        Truth less = expr_less(algebra, a, b), equal = expr_equal(algebra, a, b);
        CHECK(less != TRUTH_TRUE || equal != TRUTH_TRUE);
        substitute_some(a, values, true);
        substitute_some(a, values, false);
        show(a);
    }
    CHECK(known > 10000);
}

static void evaluations(void) {
    Evaluation evaluation;
    Error err;
    int64_t values[SYMBOLS] = {INT64_MAX, INT64_MAX, 1, 1};
    bool bound[SYMBOLS] = {true, true, false, false};
    Expr n = symbols[0], product = expr_multiply(algebra, n, symbols[1]);
    CHECK(expr_evaluate(algebra, product, values, bound, 2, &evaluation, &err) && !evaluation.fits);
    CHECK(strcmp(evaluation.text, "85070591730234615847396907784232501249") == 0 &&
          evaluation.approximate == 0x1p126);
    CHECK(!expr_evaluate(algebra, expr_multiply(algebra, product, n), values, bound, 2, &evaluation, &err));
    CHECK(err.code == ERROR_LIMIT);
    CHECK(!expr_evaluate(algebra, symbols[2], values, bound, 2, &evaluation, &err) &&
          strstr(err.message, "'k'"));
    CHECK(!expr_evaluate(algebra, EXPR_UNKNOWN, values, bound, 2, &evaluation, &err));
    values[0] = 0;
    CHECK(!expr_evaluate(algebra, expr_floor_divide(algebra, symbols[1], n), values, bound, 2, &evaluation,
                         &err));
    CHECK(strstr(err.message, "division by zero") != NULL);
    CHECK(expr_evaluate(algebra, expr_number(algebra, 0.1), values, bound, 2, &evaluation, &err) &&
          evaluation.value == 1);
    CHECK(expr_evaluate(algebra, expr_rational(algebra, -7, 2), values, bound, 2, &evaluation, &err) &&
          evaluation.value == -3);
}

/* ---- what people read ---- */

static void printed(Expr e, const char *expected) {
    if (strcmp(show(e), expected) == 0) {
        passed++;
        return;
    }
    failed++;
    printf("%s is printed, %s expected\n", show(e), expected);
}

#define ADD(a, b)      expr_add(algebra, a, b)
#define SUBTRACT(a, b) expr_subtract(algebra, a, b)
#define MULTIPLY(a, b) expr_multiply(algebra, a, b)
#define DIVIDE(a, b)   expr_divide(algebra, a, b)
#define FLOOR(a, b)    expr_floor_divide(algebra, a, b)
#define CEIL(a, b)     expr_ceil_divide(algebra, a, b)
#define MODULO(a, b)   expr_modulo(algebra, a, b)
#define MAX(a, b)      expr_max(algebra, a, b)
#define MIN(a, b)      expr_min(algebra, a, b)

static void sums_as_text(void) {
    Expr B = symbol("B", 1), s = symbol("s", 1), batch = symbol("batch", 1), seq = symbol("seq", 1),
         n = symbol("n", 0);
    printed(0, "0");
    printed(-5, "-5");
    printed(EXPR_UNKNOWN, "?");
    printed(batch, "batch");
    printed(MULTIPLY(n, -1), "-n");
    printed(SUBTRACT(n, 1), "n - 1");
    printed(SUBTRACT(3, n), "-n + 3");
    printed(ADD(MULTIPLY(MULTIPLY(2, batch), seq), 3), "2*batch*seq + 3");
    printed(ADD(MULTIPLY(MULTIPLY(2, B), s), 3), "2*B*s + 3");
    printed(ADD(MULTIPLY(36864, MULTIPLY(s, s)), MULTIPLY(169869312, s)), "36864*s^2 + 169869312*s");
    printed(ADD(MULTIPLY(batch, seq), batch), "batch*(seq + 1)");
    printed(ADD(MULTIPLY(B, s), B), "B*s + B");
    printed(ADD(MULTIPLY(256, B), MULTIPLY(256, s)), "256*(B + s)");
    printed(SUBTRACT(MULTIPLY(2, B), MULTIPLY(2, s)), "2*B - 2*s");
    printed(expr_power(algebra, ADD(n, 1), 3), "n^3 + 3*n^2 + 3*n + 1");
    printed(MULTIPLY(ADD(B, 1), ADD(s, 1)), "B*s + B + s + 1");
    printed(SUBTRACT(MULTIPLY(s, s), MULTIPLY(n, MULTIPLY(s, s))), "-n*s^2 + s^2");
    printed(DIVIDE(ADD(n, 1), 2), "(n + 1)/2");
    printed(DIVIDE(n, 2), "n/2");
    printed(DIVIDE(MULTIPLY(3, n), 2), "3*n/2");
    printed(DIVIDE(MULTIPLY(-3, n), 2), "-3*n/2");
    printed(ADD(n, expr_rational(algebra, 1, 2)), "n + 1/2");
    printed(ADD(DIVIDE(n, 3), DIVIDE(B, 2)), "n/3 + B/2");
    printed(expr_rational(algebra, -1, 2), "-1/2");
    printed(expr_number(algebra, 0.1), "0.1");
    printed(expr_number(algebra, 1e30), "1e+30");
    printed(expr_apply_real(algebra, sqrt, 2), "1.4142135623730951");
    printed(MULTIPLY(expr_integer(algebra, INT64_MAX), 2), "18446744073709551614");
}

static void atoms_as_text(void) {
    Expr H = symbol("H", 1), W = symbol("W", 1), n = symbol("n", 0), m = symbol("m", 0),
         batch = symbol("batch", 1);
    printed(FLOOR(n, 2), "floor(n/2)");
    printed(FLOOR(ADD(H, 1), 2), "ceil(H/2)");
    printed(FLOOR(ADD(H, 1), 3), "floor((H + 1)/3)");
    printed(FLOOR(ADD(MULTIPLY(7, n), 5), 2), "3*n + ceil(n/2) + 2");
    printed(FLOOR(FLOOR(n, 2), 2), "floor(n/4)");
    printed(FLOOR(ADD(FLOOR(n, 2), 1), 2), "floor((n + 2)/4)");
    printed(FLOOR(MULTIPLY(2, n), 3), "floor(2*n/3)");
    printed(CEIL(MULTIPLY(2, n), 3), "ceil(2*n/3)");
    printed(CEIL(ADD(n, MULTIPLY(2, m)), 3), "ceil((n + 2*m)/3)");
    printed(ADD(FLOOR(SUBTRACT(H, 1), 2), 1), "ceil(H/2)");
    printed(ADD(FLOOR(SUBTRACT(H, 7), 2), 1), "ceil(H/2) - 3");
    printed(MULTIPLY(batch, CEIL(H, 2)), "batch*ceil(H/2)");
    printed(MULTIPLY(MULTIPLY(64, CEIL(H, 2)), CEIL(W, 2)), "64*ceil(H/2)*ceil(W/2)");
    printed(expr_power(algebra, FLOOR(n, 2), 2), "floor(n/2)^2");
    printed(FLOOR(n, H), "floor(n/H)");
    printed(FLOOR(n, MULTIPLY(2, H)), "floor(n/(2*H))");
    printed(FLOOR(n, ADD(H, 1)), "floor(n/(H + 1))");
    printed(CEIL(n, H), "ceil(n/H)");
    printed(MULTIPLY(3, CEIL(n, H)), "3*ceil(n/H)");
    printed(ADD(CEIL(ADD(n, 1), H), 4), "floor(n/H) + 5");
    printed(FLOOR(ADD(MULTIPLY(n, H), 1), H), "n + floor(1/H)");
    printed(MODULO(n, 4), "mod(n, 4)");
    printed(MODULO(MULTIPLY(2, n), 4), "2*mod(n, 2)");
    printed(MODULO(n, H), "mod(n, H)");
    printed(MAX(n, 1), "max(n, 1)");
    printed(MAX(H, 1), "H");
    printed(MAX(1, MAX(m, n)), "max(n, m, 1)");
    Expr first = MAX(n, 3), second = MAX(m, 2);
    printed(MIN(second, first), "min(max(n, 3), max(m, 2))");
    printed(MIN(n, SUBTRACT(m, 1)), "min(n + 1, m) - 1");
    printed(ADD(MAX(SUBTRACT(m, n), 0), n), "max(n, m)");
    printed(MAX(MULTIPLY(256, n), MULTIPLY(256, m)), "256*max(n, m)");
    printed(expr_ceil_log2(algebra, n), "ceil_log2(n)");
    printed(expr_ceil_log2(algebra, MULTIPLY(8, H)), "ceil_log2(H) + 3");
    printed(expr_ceil_log2(algebra, 9), "4");
    printed(expr_truncate_divide(algebra, n, 2), "floor(n/2)");
    printed(expr_floor(algebra, DIVIDE(ADD(n, 1), 3)), "floor((n + 1)/3)");
}

static void names_as_text(void) {
    printed(symbol("input:0", 1), "input:0");
    printed(symbol("/a/b.c_1", 1), "\"/a/b.c_1\"");
    printed(symbol("a/b.c_1", 1), "a/b.c_1");
    printed(symbol("my dim", 1), "\"my dim\"");
    printed(symbol("2n", 1), "\"2n\"");
    printed(symbol("a\"b\n\x01", 1), "\"a\\\"b\\n\\x01\"");
    printed(symbol("n-1", 1), "\"n-1\"");
    printed(symbol("\xff", 1), "\"\\xff\"");
    printed(symbol("", 1), "\"\"");
    printed(symbol("größe", 1), "\"größe\"");
}

static bool collect(void *context, SymbolId id) {
    uint32_t *order = context;
    *order = *order * 10 + id + 1;
    return true;
}

static void symbols_in_order(void) {
    Expr n = symbols[0], m = symbols[1], k = symbols[2], j = symbols[3];
    uint32_t order = 0;
    expr_visit_symbols(algebra, ADD(ADD(j, MULTIPLY(m, k)), FLOOR(ADD(n, m), 5)), collect, &order);
    CHECK(order == 2341 || order == 2314);
    CHECK(expr_as_symbol(algebra, n) == 0 && expr_as_symbol(algebra, ADD(n, 1)) == UINT32_MAX);
    CHECK(expr_as_symbol(algebra, FLOOR(n, 2)) == UINT32_MAX && expr_as_symbol(algebra, 3) == UINT32_MAX);
    CHECK(algebra_find_symbol(algebra, BYTES_LITERAL("k")) == 2);
    CHECK(algebra_find_symbol(algebra, BYTES_LITERAL("nobody")) == UINT32_MAX);
    CHECK(expr_symbol(algebra, 99) == EXPR_UNKNOWN);
}

static void proofs(void) {
    Expr n = symbols[0], m = symbols[1], k = symbols[2];
    CHECK(expr_less(algebra, n, ADD(n, 1)) == TRUTH_TRUE &&
          expr_less_equal(algebra, n, MULTIPLY(2, n)) == TRUTH_TRUE);
    CHECK(expr_less_equal(algebra, FLOOR(n, 2), n) == TRUTH_TRUE &&
          expr_less(algebra, n, m) == TRUTH_UNKNOWN);
    CHECK(expr_less_equal(algebra, MULTIPLY(k, FLOOR(n, k)), n) == TRUTH_TRUE);
    CHECK(expr_less_equal(algebra, n, MULTIPLY(n, k)) == TRUTH_TRUE &&
          expr_less(algebra, n, MULTIPLY(n, k)) == TRUTH_UNKNOWN);
    CHECK(expr_equal(algebra, ADD(FLOOR(n, 2), CEIL(n, 2)), n) == TRUTH_TRUE);
    CHECK(expr_equal(algebra, ADD(MULTIPLY(3, FLOOR(n, 3)), MODULO(n, 3)), n) == TRUTH_TRUE);
    CHECK(expr_equal(algebra, ADD(MAX(n, m), MIN(n, m)), ADD(n, m)) == TRUTH_TRUE);
    CHECK(expr_equal(algebra, MULTIPLY(2, n), ADD(MULTIPLY(2, m), 1)) == TRUTH_FALSE);
    CHECK(expr_less_equal(algebra, FLOOR(n, 4), FLOOR(n, 2)) == TRUTH_TRUE);
    CHECK(expr_less(algebra, MODULO(n, k), k) == TRUTH_TRUE &&
          expr_less_equal(algebra, MODULO(n, 4), n) == TRUTH_TRUE);
    CHECK(expr_less_equal(algebra, MIN(n, m), MAX(n, m)) == TRUTH_TRUE);
    CHECK(expr_less(algebra, expr_ceil_log2(algebra, k), k) == TRUTH_TRUE);
    CHECK(expr_less(algebra, n, 0) == TRUTH_FALSE && expr_less_equal(algebra, k, 0) == TRUTH_FALSE);
    CHECK(expr_less(algebra, n, EXPR_UNKNOWN) == TRUTH_UNKNOWN &&
          expr_equal(algebra, EXPR_UNKNOWN, EXPR_UNKNOWN) == TRUTH_UNKNOWN);
    algebra_bound_symbol(algebra, 0, INT64_MIN, 9);
    CHECK(expr_less(algebra, n, 10) == TRUTH_TRUE && FLOOR(n, 10) == 0 && MODULO(n, 10) == n &&
          MIN(n, 9) == n);
    algebra_bound_symbol(algebra, 0, 20, 30); /* nothing would be left */
    CHECK(expr_less(algebra, n, 10) == TRUTH_TRUE);
}

/* ---- speed, printed to be looked at ---- */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A million sums, as many different ones; what is computed again costs a look into the memo. */
static void time_sums(int64_t different) {
    Expr n = symbols[0], last = 0;
    double start = seconds();
    for (int64_t i = 0; i < 1000000; i++)
        last = expr_add(algebra, expr_multiply(algebra, n, 3), expr_integer(algebra, i % different));
    printf("  a million sums 3*n + i, %lld different: %.3f s\n", (long long)different, seconds() - start);
    CHECK(last == ADD(MULTIPLY(n, 3), 999999 % different));
}

static void speed(void) {
    time_sums(1000);
    time_sums(1000000);
}

/* Fresh algebras keep the tables small and the tests quick. */
static void with_symbols(void (*test)(void)) {
    static const char *const names[SYMBOLS] = {"n", "m", "k", "j"};
    algebra = algebra_new();
    for (int i = 0; i < SYMBOLS; i++) symbols[i] = symbol(names[i], least_values[i]);
    test();
    algebra_free(algebra);
}

int main(void) {
    for (int i = 0; i < 20; i++) with_symbols(random_expressions);
    printf("  %u values compared, %u of 100000 expressions unknown\n", evaluated, unknown);
    CHECK(evaluated > 100000);
    CHECK(unknown < 20000);
    for (int i = 0; i < 20; i++) with_symbols(canonical_forms);
    random_systems();
    classes_and_chains();
    long_chains(false);
    long_chains(true);
    with_symbols(coefficients_overflow);
    with_symbols(small_edges);
    with_symbols(reals);
    with_symbols(many_terms);
    with_symbols(deep_nesting);
    for (int i = 0; i < 5; i++) with_symbols(huge_numbers);
    with_symbols(evaluations);
    with_symbols(sums_as_text);
    with_symbols(atoms_as_text);
    with_symbols(names_as_text);
    with_symbols(symbols_in_order);
    with_symbols(proofs);
    with_symbols(speed);
    return check_report();
}
