/* Polynomials: looking at them, and adding up terms to keep a new one. */
#include "dim/algebra.h"

/* ---- looking ---- */

static Term term_make(Wide coefficient, uint32_t monomial) {
    return (Term){coefficient, monomial, ((uint32_t)(uint64_t)coefficient + monomial) << 24};
}

Polynomial polynomial_of(const Algebra *algebra, Expr e, Term *own) {
    if (expr_is_small(e)) {
        *own = term_make(e, MONOMIAL_ONE);
        return (Polynomial){own, e != 0, 1};
    }
    Bytes key = interner_name(&algebra->polynomials, expr_index(e));
    Polynomial polynomial = {(const Term *)(const void *)(key.data + sizeof(int64_t)),
                             (uint32_t)((key.size - sizeof(int64_t)) / sizeof(Term)), 0};
    memcpy(&polynomial.denominator, key.data, sizeof polynomial.denominator);
    return polynomial;
}

uint32_t polynomial_count(const Algebra *algebra, Expr e) {
    Term own;
    return polynomial_of(algebra, e, &own).count;
}

Term polynomial_term(const Algebra *algebra, Expr e, uint32_t index) {
    Term own;
    return polynomial_of(algebra, e, &own).terms[index];
}

int64_t polynomial_denominator(const Algebra *algebra, Expr e) {
    Term own;
    return polynomial_of(algebra, e, &own).denominator;
}

bool expr_is_real(const Algebra *algebra, Expr e) {
    return !expr_is_small(e) && expr_is_known(e) && polynomial_denominator(algebra, e) == 0;
}

Extent expr_extent(const Algebra *algebra, Expr e) {
    if (expr_is_small(e) || !expr_is_known(e)) return (Extent){0, 1};
    return algebra->polynomial_info.items[expr_index(e)];
}

Wide polynomial_constant(const Algebra *algebra, Expr e) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    if (!polynomial.count || polynomial.terms[polynomial.count - 1].monomial != MONOMIAL_ONE) return 0;
    return polynomial.terms[polynomial.count - 1].coefficient;
}

bool expr_to_wide(const Algebra *algebra, Expr e, Wide *value) {
    if (!expr_is_known(e)) return false;
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    if (polynomial.denominator != 1 || polynomial.count > 1) return false;
    if (polynomial.count && polynomial.terms->monomial != MONOMIAL_ONE) return false;
    *value = polynomial.count ? polynomial.terms->coefficient : 0;
    return true;
}

/* ---- sums ---- */

Sum sum_begin(Algebra *algebra) {
    Sum sum = {algebra, algebra->scratch.count, false, 1};
    if (!array_push(&algebra->scratch, (Term){0})) {
        sum.failed = true;
        algebra_fail(algebra, ALGEBRA_MEMORY);
    }
    return sum;
}

static void sum_fail(Sum *sum, AlgebraFailure failure) {
    if (!sum->failed) algebra_fail(sum->algebra, failure);
    sum->failed = true;
}

void sum_push(Sum *sum, Wide coefficient, uint32_t monomial) {
    if (sum->failed || monomial == MONOMIAL_NONE) {
        sum->failed = true;
        return;
    }
    if (sum->algebra->scratch.count - sum->base > ALGEBRA_PRODUCTS) sum_fail(sum, ALGEBRA_TOO_LARGE);
    else if (!array_push(&sum->algebra->scratch, term_make(coefficient, monomial)))
        sum_fail(sum, ALGEBRA_MEMORY);
}

/* Brings the sum to the denominator that `denominator` divides too. */
static bool widen_denominator(Sum *sum, Wide denominator) {
    Wide factor = denominator / wide_gcd(denominator, sum->denominator), widened;
    if (factor == 1) return true;
    if (!wide_multiply(sum->denominator, factor, &widened) || widened > INT64_MAX) return false;
    Term *terms = sum->algebra->scratch.items;
    for (uint32_t i = sum->base + 1; i < sum->algebra->scratch.count; i++) {
        Wide coefficient;
        if (!wide_multiply(terms[i].coefficient, factor, &coefficient)) return false;
        terms[i] = term_make(coefficient, terms[i].monomial);
    }
    sum->denominator = (int64_t)widened;
    return true;
}

/* For numerator/denominator times something over `under`: what numerators are to be multiplied by. */
static bool match_denominator(Sum *sum, int64_t under, Wide *numerator, Wide denominator) {
    if (denominator == 1 && under == sum->denominator) return true;
    Wide common = wide_gcd(*numerator, denominator), wanted;
    *numerator /= common;
    return wide_multiply(under, denominator / common, &wanted) && widen_denominator(sum, wanted) &&
           wide_multiply(*numerator, sum->denominator / wanted, numerator);
}

void sum_add(Sum *sum, Expr e, Wide numerator, Wide denominator, uint32_t monomial) {
    if (sum->failed || !expr_is_known(e) || monomial == MONOMIAL_NONE) {
        sum->failed = true;
        return;
    }
    if (denominator < 0) numerator = -numerator, denominator = -denominator;
    Term own;
    Polynomial polynomial = polynomial_of(sum->algebra, e, &own);
    if (!match_denominator(sum, polynomial.denominator, &numerator, denominator)) {
        sum_fail(sum, ALGEBRA_OVERFLOW);
        return;
    }
    for (uint32_t i = 0; i < polynomial.count && !sum->failed; i++) {
        Wide coefficient;
        Term term = polynomial.terms[i];
        if (!wide_multiply(term.coefficient, numerator, &coefficient)) sum_fail(sum, ALGEBRA_OVERFLOW);
        else sum_push(sum, coefficient, monomial_multiply(sum->algebra, term.monomial, monomial));
    }
}

/* Merges neighbouring runs of ordered terms from `from` to `to`; gives how many runs there were. */
static uint32_t merge_runs(const Algebra *algebra, const Term *from, Term *to, uint32_t count) {
    uint32_t runs = 0;
    for (uint32_t start = 0, middle, end; start < count; start = end) {
        for (middle = start + 1; middle < count; middle++)
            if (monomial_compare(algebra, from[middle - 1].monomial, from[middle].monomial) > 0) break;
        for (end = middle + 1; end < count; end++)
            if (monomial_compare(algebra, from[end - 1].monomial, from[end].monomial) > 0) break;
        if (end > count) end = count;
        uint32_t i = start, j = middle;
        for (uint32_t k = start; k < end; k++) {
            bool first = j >= end ||
                         (i < middle && monomial_compare(algebra, from[i].monomial, from[j].monomial) <= 0);
            to[k] = from[first ? i++ : j++];
        }
        runs += middle < end ? 2 : 1;
    }
    return runs;
}

static bool sum_sort(Sum *sum) {
    Algebra *algebra = sum->algebra;
    uint32_t first = sum->base + 1, count = algebra->scratch.count - first;
    if (count < 2) return true;
    if (!array_reserve(&algebra->scratch, count)) return false;
    Term *terms = algebra->scratch.items + first, *other = terms + count;
    for (bool swapped = false;; swapped = !swapped) {
        uint32_t runs = merge_runs(algebra, swapped ? other : terms, swapped ? terms : other, count);
        if (runs > 2) continue;
        if (!swapped) memcpy(terms, other, count * sizeof *terms);
        return true;
    }
}

/* Adds up terms of one monomial, drops zeros and what numerator and denominator have in common. */
static bool sum_reduce(Sum *sum) {
    Algebra *algebra = sum->algebra;
    Term *terms = algebra->scratch.items + sum->base + 1;
    uint32_t count = algebra->scratch.count - sum->base - 1, kept = 0;
    Wide common = sum->denominator;
    for (uint32_t i = 0, next; i < count; i = next) {
        Wide coefficient = terms[i].coefficient;
        for (next = i + 1; next < count && terms[next].monomial == terms[i].monomial; next++)
            if (!wide_add(coefficient, terms[next].coefficient, &coefficient)) return false;
        if (coefficient == 0) continue;
        if (common != 1) common = wide_gcd(common, coefficient);
        terms[kept++] = term_make(coefficient, terms[i].monomial);
    }
    algebra->scratch.count = sum->base + 1 + kept;
    if (!kept) sum->denominator = 1;
    if (!kept || common == 1) return true;
    sum->denominator /= (int64_t)common;
    for (uint32_t i = 0; i < kept; i++)
        terms[i] = term_make(terms[i].coefficient / common, terms[i].monomial);
    return true;
}

static Extent sum_extent(const Sum *sum) {
    const Algebra *algebra = sum->algebra;
    Extent extent = {0, 0};
    for (uint32_t i = sum->base + 1; i < algebra->scratch.count; i++) {
        Extent own = algebra->monomial_info.items[algebra->scratch.items[i].monomial].extent;
        if (own.depth > extent.depth) extent.depth = own.depth;
        extent.weight += own.weight + 1;
        if (extent.weight > ALGEBRA_WEIGHT) break;
    }
    return extent;
}

static Expr keep_key(Algebra *algebra, Bytes key, Extent extent) {
    if (!array_reserve(&algebra->polynomial_info, 1)) return algebra_fail(algebra, ALGEBRA_MEMORY);
    Symbol id = interner_add(&algebra->polynomials, key);
    if (id == SYMBOL_NONE) return algebra_fail(algebra, ALGEBRA_MEMORY);
    if (id == algebra->polynomial_info.count) (void)array_push(&algebra->polynomial_info, extent);
    return expr_reference(id);
}

/* The denominator goes right before the terms, into the place that sum_begin left for it. */
static Expr sum_keep(const Sum *sum) {
    Algebra *algebra = sum->algebra;
    uint32_t count = algebra->scratch.count - sum->base - 1;
    Term *terms = algebra->scratch.items + sum->base + 1;
    if (count == 0) return 0;
    if (count == 1 && sum->denominator == 1 && terms->monomial == MONOMIAL_ONE &&
        terms->coefficient >= EXPR_SMALLEST && terms->coefficient <= EXPR_LARGEST)
        return (Expr)terms->coefficient;
    Extent extent = sum_extent(sum);
    if (count > ALGEBRA_TERMS || extent.weight > ALGEBRA_WEIGHT)
        return algebra_fail(algebra, ALGEBRA_TOO_LARGE);
    char *key = (char *)terms - sizeof sum->denominator;
    memcpy(key, &sum->denominator, sizeof sum->denominator);
    return keep_key(algebra, (Bytes){key, sizeof sum->denominator + count * sizeof *terms}, extent);
}

Expr sum_finish(Sum *sum) {
    Algebra *algebra = sum->algebra;
    Expr result = EXPR_UNKNOWN;
    if (!sum->failed && !sum_sort(sum)) sum_fail(sum, ALGEBRA_MEMORY);
    if (!sum->failed && !sum_reduce(sum)) sum_fail(sum, ALGEBRA_OVERFLOW);
    if (!sum->failed) result = sum_keep(sum);
    algebra->scratch.count = sum->base;
    return result;
}

Expr expr_sum(Algebra *algebra, const Expr *items, uint32_t count) {
    Sum sum = sum_begin(algebra);
    Expr reals = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (expr_is_real(algebra, items[i])) reals = expr_add(algebra, reals, items[i]);
        else sum_add(&sum, items[i], 1, 1, MONOMIAL_ONE);
        /* Added up in between, so that only the terms of the result count. */
        if (algebra->scratch.count - sum.base > ALGEBRA_PRODUCTS / 2 && !sum.failed)
            sum.failed = !sum_sort(&sum) || !sum_reduce(&sum);
    }
    return expr_add(algebra, sum_finish(&sum), reals);
}

/* ---- simple ones ---- */

Expr expr_from_term(Algebra *algebra, Wide coefficient, uint32_t monomial) {
    Sum sum = sum_begin(algebra);
    sum_push(&sum, coefficient, monomial);
    return sum_finish(&sum);
}

Expr expr_from_wide(Algebra *algebra, Wide value) {
    if (value >= EXPR_SMALLEST && value <= EXPR_LARGEST) return (Expr)value;
    return expr_from_term(algebra, value, MONOMIAL_ONE);
}

Expr expr_from_atom(Algebra *algebra, uint32_t atom) {
    return expr_from_term(algebra, 1, monomial_of_atom(algebra, atom, 1));
}

Expr expr_from_real(Algebra *algebra, double value) {
    struct {
        int64_t denominator;
        double value;
    } key = {0, value};
    return keep_key(algebra, (Bytes){(const char *)&key, sizeof key}, (Extent){0, 1});
}

Expr expr_scale(Algebra *algebra, Expr e, Wide numerator, Wide denominator) {
    if (numerator == denominator || !expr_is_known(e)) return e;
    Sum sum = sum_begin(algebra);
    sum_add(&sum, e, numerator, denominator, MONOMIAL_ONE);
    return sum_finish(&sum);
}

Expr expr_numerator(Algebra *algebra, Expr e) {
    if (!expr_is_known(e)) return EXPR_UNKNOWN;
    return expr_scale(algebra, e, polynomial_denominator(algebra, e), 1);
}

int64_t expr_common_denominator(Algebra *algebra, Expr a, Expr b) {
    int64_t x = polynomial_denominator(algebra, a), y = polynomial_denominator(algebra, b);
    Wide common = (Wide)x / wide_gcd(x, y) * y;
    if (common <= INT64_MAX) return (int64_t)common;
    algebra_fail(algebra, ALGEBRA_OVERFLOW);
    return 0;
}
