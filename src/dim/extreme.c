/* max and min of any number of Exprs, and ceil_log2. Brought to one form: nested ones are one list, of which what
 * another one is known not to exceed is left out; what all have in common, terms and a factor, stands outside, so
 * that max(k - n, 0) + n is max(n, k); the rest is sorted and becomes atoms nested to the left, constants last. */
#include "dim/algebra.h"

#define LIST_MOST 16

typedef struct List {
    bool is_max;
    uint32_t count;
    Expr items[LIST_MOST];
} List;

/* Whether y makes x superfluous. */
static bool list_covers(Algebra *algebra, const List *list, Expr x, Expr y) {
    return x == y ||
           (list->is_max ? expr_less_equal(algebra, x, y) : expr_less_equal(algebra, y, x)) == TRUTH_TRUE;
}

/* False when there is no room. */
static bool list_push(Algebra *algebra, List *list, Expr e) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (list_covers(algebra, list, e, list->items[i])) return true;
    for (uint32_t i = 0; i < list->count; i++)
        if (!list_covers(algebra, list, list->items[i], e)) list->items[kept++] = list->items[i];
    list->count = kept;
    if (kept == LIST_MOST) return false;
    list->items[list->count++] = e;
    return true;
}

/* The position of a term that is a max (or -min) by itself, UINT32_MAX when e has none. */
static uint32_t find_nested(const Algebra *algebra, const List *list, Expr e) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    for (uint32_t i = 0; i < polynomial.count; i++) {
        uint32_t atom = monomial_as_atom(algebra, polynomial.terms[i].monomial);
        if (!atom) continue;
        bool negative = polynomial.terms[i].coefficient < 0;
        AtomKind kind = algebra_atom(algebra, atom)->kind;
        if (kind == (list->is_max != negative ? ATOM_MAX : ATOM_MIN)) return i;
    }
    return UINT32_MAX;
}

static Expr replace_term(Algebra *algebra, Expr e, Term term, Expr by) {
    Sum sum = sum_begin(algebra);
    sum_add(&sum, e, 1, 1, MONOMIAL_ONE);
    sum_push(&sum, -term.coefficient, term.monomial);
    sum_add(&sum, by, term.coefficient, 1, MONOMIAL_ONE);
    return sum_finish(&sum);
}

/* Adds e: c*max(x, y) + r as c*x + r and c*y + r. False when the list is full or an operation failed. */
static bool list_flatten(Algebra *algebra, List *list, Expr e) {
    Expr waiting[LIST_MOST] = {e};
    uint32_t count = 1, steps = 0;
    while (count) {
        e = waiting[--count];
        if (!expr_is_known(e) || ++steps > 4 * LIST_MOST) return false;
        uint32_t at = find_nested(algebra, list, e);
        if (at == UINT32_MAX) {
            if (!list_push(algebra, list, e)) return false;
            continue;
        }
        Term term = polynomial_term(algebra, e, at);
        Atom atom = *algebra_atom(algebra, monomial_as_atom(algebra, term.monomial));
        if (count + 2 > LIST_MOST) return false;
        waiting[count++] = replace_term(algebra, e, term, atom.a);
        waiting[count++] = replace_term(algebra, e, term, atom.b);
    }
    return true;
}

static Wide coefficient_of(const Algebra *algebra, Expr e, uint32_t monomial) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    uint32_t low = 0, high = polynomial.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (polynomial.terms[middle].monomial == monomial) return polynomial.terms[middle].coefficient;
        if (monomial_compare(algebra, polynomial.terms[middle].monomial, monomial) < 0) low = middle + 1;
        else high = middle;
    }
    return 0;
}

/* The least coefficient of a monomial in any item; 0 when an item before `index` has it, and has been asked. */
static Wide least_coefficient(const Algebra *algebra, const List *list, uint32_t index, uint32_t monomial) {
    Wide least = WIDE_LARGEST;
    for (uint32_t i = 0; i < list->count; i++) {
        Wide coefficient = coefficient_of(algebra, list->items[i], monomial);
        if (i < index && coefficient != 0) return 0;
        if (coefficient < least) least = coefficient;
    }
    return least;
}

/* Of each monomial as much as every item has: k - n and 0 become k and n, with -n outside. */
static Expr list_common_addend(Algebra *algebra, const List *list) {
    Sum sum = sum_begin(algebra);
    for (uint32_t k = 0; k < list->count; k++) {
        for (uint32_t i = 0, count = polynomial_count(algebra, list->items[k]); i < count; i++) {
            uint32_t monomial = polynomial_term(algebra, list->items[k], i).monomial;
            sum_push(&sum, least_coefficient(algebra, list, k, monomial), monomial);
        }
    }
    return sum_finish(&sum);
}

static Wide list_factor(Algebra *algebra, const List *list) {
    Factor factor = {0};
    for (uint32_t i = 0; i < list->count; i++)
        if (!factor_include(algebra, &factor, list->items[i])) return 1;
    return factor.content;
}

/* By terms, as sums are ordered: constants last. */
static bool stands_before(const Algebra *algebra, Expr a, Expr b) {
    Term own_a, own_b;
    Polynomial x = polynomial_of(algebra, a, &own_a), y = polynomial_of(algebra, b, &own_b);
    for (uint32_t i = 0; i < x.count && i < y.count; i++) {
        int order = monomial_compare(algebra, x.terms[i].monomial, y.terms[i].monomial);
        if (order) return order < 0;
        if (x.terms[i].coefficient != y.terms[i].coefficient)
            return x.terms[i].coefficient > y.terms[i].coefficient;
    }
    return x.count > y.count;
}

static void list_sort(const Algebra *algebra, List *list) {
    for (uint32_t i = 1; i < list->count; i++) {
        Expr item = list->items[i];
        uint32_t at = i;
        for (; at > 0 && stands_before(algebra, item, list->items[at - 1]); at--)
            list->items[at] = list->items[at - 1];
        list->items[at] = item;
    }
}

static Expr list_finish(Algebra *algebra, List *list) {
    if (list->count == 1) return list->items[0];
    Expr addend = list_common_addend(algebra, list);
    for (uint32_t i = 0; i < list->count; i++) {
        list->items[i] = expr_subtract(algebra, list->items[i], addend);
        if (!expr_is_known(list->items[i])) return EXPR_UNKNOWN;
    }
    Wide factor = list_factor(algebra, list);
    for (uint32_t i = 0; i < list->count; i++) {
        list->items[i] = expr_scale(algebra, list->items[i], 1, factor);
        if (!expr_is_known(list->items[i])) return EXPR_UNKNOWN;
    }
    list_sort(algebra, list);
    AtomKind kind = list->is_max ? ATOM_MAX : ATOM_MIN;
    Expr result = list->items[0];
    for (uint32_t i = 1; i < list->count; i++) result = atom_make(algebra, kind, result, list->items[i]);
    return expr_add(algebra, expr_scale(algebra, result, factor, 1), addend);
}

/* Of whole Exprs. What is too long a list stays nested. */
static Expr extreme(Algebra *algebra, bool is_max, Expr a, Expr b) {
    List list = {.is_max = is_max};
    if (list_covers(algebra, &list, a, b)) return b;
    if (list_covers(algebra, &list, b, a)) return a;
    if (!list_flatten(algebra, &list, a) || !list_flatten(algebra, &list, b)) {
        bool ordered = stands_before(algebra, a, b);
        list = (List){is_max, 2, {ordered ? a : b, ordered ? b : a}};
    }
    return list_finish(algebra, &list);
}

static Expr extreme_of(Algebra *algebra, bool is_max, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    if (a == b) return a;
    if (expr_is_real(algebra, a) || expr_is_real(algebra, b))
        return real_apply(algebra, is_max ? REAL_MAX : REAL_MIN, a, b);
    Operation operation = is_max ? OPERATION_MAX : OPERATION_MIN;
    Expr low = a < b ? a : b, high = a < b ? b : a, result;
    if (memo_find(algebra, operation, low, high, &result)) return result;
    int64_t under = expr_common_denominator(algebra, low, high);
    if (!under) return EXPR_UNKNOWN;
    a = expr_scale(algebra, low, under, 1);
    b = expr_scale(algebra, high, under, 1);
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    result = expr_scale(algebra, extreme(algebra, is_max, a, b), 1, under);
    return memo_keep(algebra, operation, low, high, result);
}

Expr expr_max(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b)) return a > b ? a : b;
    return extreme_of(algebra, true, a, b);
}

Expr expr_min(Algebra *algebra, Expr a, Expr b) {
    if (expr_is_small(a) && expr_is_small(b)) return a < b ? a : b;
    return extreme_of(algebra, false, a, b);
}

/* ---- ceil_log2 ---- */

/* Powers of two that a has as a factor are taken out where a is known to be positive. */
Expr expr_ceil_log2(Algebra *algebra, Expr a) {
    a = expr_ceil(algebra, a);
    Wide value;
    Factor factor = {0};
    if (!expr_is_known(a)) return EXPR_UNKNOWN;
    if (expr_is_real(algebra, a)) return EXPR_UNKNOWN;
    if (expr_to_wide(algebra, a, &value)) return wide_ceil_log2(value);
    if (expr_upper(algebra, a) <= 1) return 0;
    int low = wide_ceil_log2(expr_lower(algebra, a));
    if (expr_upper(algebra, a) < WIDE_UNBOUNDED && wide_ceil_log2(expr_upper(algebra, a)) == low) return low;
    if (!factor_include(algebra, &factor, a)) return EXPR_UNKNOWN;
    Wide twos = factor.content & -factor.content;
    if (twos == 1 || expr_lower(algebra, a) < 1) return atom_make(algebra, ATOM_CEIL_LOG2, a, 0);
    Expr rest = atom_make(algebra, ATOM_CEIL_LOG2, expr_scale(algebra, a, 1, twos), 0);
    return expr_add(algebra, rest, wide_ceil_log2(twos));
}
