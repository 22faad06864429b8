/* What values an Expr can have.
 *
 * Interval arithmetic over the terms forgets that the same n stands in two of them, so three things help it for a lower
 * bound (an upper one is that of the negative):
 *
 * 1. Atoms are replaced by what they are at least (or, where they count negatively, at most): floor(p/q) lies between
 *    (p - q + 1)/q and p/q, p mod q below q and at most p, max(a, b) is one of both. n - floor(n/2) is n/2 at least.
 * 2. Symbols are counted from their least value on: 2*n*m - n with n, m ≥ 1 is 2*n'*m' + n' + 2*m' + 1.
 * 3. What is whole and more than 1/2 is 1 at least.
 */
#include "dim/algebra.h"

#define RELAX_DEPTH 6
#define RELAX_TERMS 64

static const Interval everything = {-WIDE_UNBOUNDED, WIDE_UNBOUNDED};
/* What a bound is taken for that is past what can be counted, in the direction in which that is a weaker claim. */
#define WIDE_HUGE (WIDE_LARGEST / 2)

static bool is_unbounded(Wide a) {
    return a == WIDE_UNBOUNDED || a == -WIDE_UNBOUNDED;
}

static Interval interval_clamp(Interval a) {
    if (a.low > WIDE_HUGE) a.low = WIDE_HUGE;
    if (a.high < -WIDE_HUGE) a.high = -WIDE_HUGE;
    return a;
}

static Wide saturating_add(Wide a, Wide b) {
    Wide sum;
    if (is_unbounded(a)) return a;
    if (is_unbounded(b)) return b;
    if (wide_add(a, b, &sum)) return sum;
    return a > 0 ? WIDE_UNBOUNDED : -WIDE_UNBOUNDED;
}

static Wide saturating_multiply(Wide a, Wide b) {
    Wide product;
    if (a == 0 || b == 0) return 0;
    if (!is_unbounded(a) && !is_unbounded(b) && wide_multiply(a, b, &product)) return product;
    return (a < 0) == (b < 0) ? WIDE_UNBOUNDED : -WIDE_UNBOUNDED;
}

static Wide wide_min(Wide a, Wide b) {
    return a < b ? a : b;
}
static Wide wide_max(Wide a, Wide b) {
    return a > b ? a : b;
}

static Interval interval_add(Interval a, Interval b) {
    return interval_clamp((Interval){saturating_add(a.low, b.low), saturating_add(a.high, b.high)});
}

static Interval interval_multiply(Interval a, Interval b) {
    Wide p = saturating_multiply(a.low, b.low), q = saturating_multiply(a.low, b.high);
    Wide r = saturating_multiply(a.high, b.low), s = saturating_multiply(a.high, b.high);
    return interval_clamp(
        (Interval){wide_min(wide_min(p, q), wide_min(r, s)), wide_max(wide_max(p, q), wide_max(r, s))});
}

static Wide saturating_power(Wide base, uint32_t exponent) {
    Wide power;
    if (!is_unbounded(base) && wide_power(base, exponent, &power)) return power;
    return base > 0 || exponent % 2 == 0 ? WIDE_UNBOUNDED : -WIDE_UNBOUNDED;
}

static Interval interval_power(Interval a, uint32_t exponent) {
    if (exponent == 1) return a;
    Wide low = saturating_power(a.low, exponent), high = saturating_power(a.high, exponent);
    if (exponent % 2 == 1 || a.low >= 0) return interval_clamp((Interval){low, high});
    if (a.high <= 0) return interval_clamp((Interval){high, low});
    return (Interval){0, wide_max(low, high)};
}

/* ---- of atoms ---- */

Interval expr_interval(Algebra *algebra, Expr e) {
    return (Interval){expr_lower(algebra, e), expr_upper(algebra, e)};
}

/* floor(a/b) for b from 1 on; with an unbounded b it comes to 0 from either side. */
static Wide floor_end(Wide a, Wide b) {
    if (is_unbounded(a)) return a;
    if (is_unbounded(b)) return a < 0 ? -1 : 0;
    return wide_floor_divide(a, b);
}

static Interval interval_of_floor(Interval a, Interval b) {
    if (b.low < 1) return everything;
    return (Interval){floor_end(a.low, a.low >= 0 ? b.high : b.low),
                      floor_end(a.high, a.high >= 0 ? b.low : b.high)};
}

static Interval interval_of_modulo(Interval a, Interval b) {
    if (b.low < 1 && b.high > -1) return everything;
    if (b.high <= -1) return (Interval){is_unbounded(b.low) ? b.low : b.low + 1, 0};
    Wide most = is_unbounded(b.high) ? b.high : b.high - 1;
    return (Interval){0, a.low >= 0 ? wide_min(most, a.high) : most};
}

static Wide log_end(Wide a) {
    return is_unbounded(a) ? (a > 0 ? a : 0) : wide_ceil_log2(a);
}

static Interval interval_of_atom(Algebra *algebra, uint32_t id) {
    Atom atom = *algebra_atom(algebra, id);
    if (atom.kind == ATOM_SYMBOL) {
        const SymbolEntry *entry = &algebra->symbols.items[atom.a];
        return (Interval){entry->least == INT64_MIN ? -WIDE_UNBOUNDED : entry->least,
                          entry->most == INT64_MAX ? WIDE_UNBOUNDED : entry->most};
    }
    Interval a = expr_interval(algebra, atom.a);
    Interval b = atom.kind == ATOM_CEIL_LOG2 ? everything : expr_interval(algebra, atom.b);
    switch (atom.kind) {
    case ATOM_FLOOR: return interval_of_floor(a, b);
    case ATOM_MODULO: return interval_of_modulo(a, b);
    case ATOM_MAX: return (Interval){wide_max(a.low, b.low), wide_max(a.high, b.high)};
    case ATOM_MIN: return (Interval){wide_min(a.low, b.low), wide_min(a.high, b.high)};
    case ATOM_CEIL_LOG2: return (Interval){log_end(a.low), log_end(a.high)};
    case ATOM_CEIL:
    case ATOM_SYMBOL: break;
    }
    return everything;
}

/* ---- of polynomials ---- */

static bool can_shift(Interval atom) {
    return atom.low > -WIDE_HUGE && atom.low < WIDE_HUGE;
}

/* With `shifted`, atoms that have a least value stand for how far they are above it. */
static Interval interval_of_monomial(Algebra *algebra, uint32_t monomial, bool shifted) {
    Power powers[ALGEBRA_FACTORS];
    Interval product = {1, 1};
    for (uint32_t i = 0, count = monomial_copy(algebra, monomial, powers); i < count; i++) {
        Interval atom = interval_of_atom(algebra, powers[i].atom);
        if (shifted && can_shift(atom)) atom = (Interval){0, saturating_add(atom.high, -atom.low)};
        product = interval_multiply(product, interval_power(atom, powers[i].exponent));
    }
    return product;
}

static Wide interval_low(Algebra *algebra, Expr e, bool shifted) {
    Interval sum = {0, 0};
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count && !is_unbounded(sum.low); i++) {
        Term term = polynomial_term(algebra, e, i);
        Interval coefficient = {term.coefficient, term.coefficient};
        Interval part = interval_of_monomial(algebra, term.monomial, shifted);
        sum = interval_add(sum, interval_multiply(coefficient, part));
    }
    return sum.low;
}

/* A monomial with each atom x replaced by x + its least value. */
static Expr shift_monomial(Algebra *algebra, uint32_t monomial) {
    Power powers[ALGEBRA_FACTORS];
    Expr product = 1;
    for (uint32_t i = 0, count = monomial_copy(algebra, monomial, powers); i < count; i++) {
        Interval interval = interval_of_atom(algebra, powers[i].atom);
        Expr atom = expr_from_atom(algebra, powers[i].atom);
        if (can_shift(interval)) atom = expr_add(algebra, atom, expr_from_wide(algebra, interval.low));
        product = expr_multiply(algebra, product, expr_power(algebra, atom, powers[i].exponent));
    }
    return product;
}

/* The lower bound of a whole e, counted from the least values of its atoms. */
static Wide shifted_low(Algebra *algebra, Expr e) {
    uint32_t degree = algebra->monomial_info.items[polynomial_term(algebra, e, 0).monomial].degree;
    if (degree < 2 || degree > 8) return -WIDE_UNBOUNDED;
    Sum sum = sum_begin(algebra);
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Term term = polynomial_term(algebra, e, i);
        Expr product = shift_monomial(algebra, term.monomial);
        sum_add(&sum, product, term.coefficient, 1, MONOMIAL_ONE);
    }
    Expr shifted = sum_finish(&sum);
    return expr_is_known(shifted) ? interval_low(algebra, shifted, true) : -WIDE_UNBOUNDED;
}

/* ---- replacing atoms by what bounds them ---- */

/* For a lower bound: with `all` the least of what the alternatives give, else the greatest. */
typedef struct Relaxation {
    Expr alternatives[2];
    uint32_t count;
    bool all;
} Relaxation;

static void relax_to(Relaxation *relaxation, Expr e) {
    if (expr_is_known(e)) relaxation->alternatives[relaxation->count++] = e;
}

/* rest*floor(p/q) by rest/q*(p - q + 1), or rest/q*p, where q divides rest; floor(p/q) ≤ p where 0 ≤ p. */
static void relax_floor(Algebra *algebra, Relaxation *relaxation, Atom atom, Expr rest, bool least) {
    if (expr_lower(algebra, atom.b) < 1) return;
    Expr numerator = atom.a, times = expr_divide(algebra, rest, atom.b);
    if (least) numerator = expr_add(algebra, expr_subtract(algebra, numerator, atom.b), 1);
    if (expr_is_known(times)) relax_to(relaxation, expr_multiply(algebra, times, numerator));
    else if (!least && expr_lower(algebra, atom.a) >= 0)
        relax_to(relaxation, expr_multiply(algebra, rest, atom.a));
}

static void relax_modulo(Algebra *algebra, Relaxation *relaxation, Atom atom, Expr rest, bool least) {
    if (least || expr_lower(algebra, atom.b) < 1) return;
    relax_to(relaxation, expr_multiply(algebra, rest, expr_subtract(algebra, atom.b, 1)));
    if (expr_lower(algebra, atom.a) >= 0) relax_to(relaxation, expr_multiply(algebra, rest, atom.a));
}

static void relax_atom(Algebra *algebra, Relaxation *relaxation, Atom atom, Expr rest, bool least) {
    switch (atom.kind) {
    case ATOM_FLOOR: relax_floor(algebra, relaxation, atom, rest, least); break;
    case ATOM_MODULO: relax_modulo(algebra, relaxation, atom, rest, least); break;
    case ATOM_MAX:
    case ATOM_MIN:
        relax_to(relaxation, expr_multiply(algebra, rest, atom.a));
        relax_to(relaxation, expr_multiply(algebra, rest, atom.b));
        relaxation->all = (atom.kind == ATOM_MAX) != least;
        if (relaxation->all && relaxation->count < 2) relaxation->count = 0;
        break;
    case ATOM_CEIL_LOG2:
        if (!least && expr_lower(algebra, atom.a) >= 1)
            relax_to(relaxation, expr_multiply(algebra, rest, expr_subtract(algebra, atom.a, 1)));
        break;
    case ATOM_CEIL:
    case ATOM_SYMBOL: break;
    }
}

/* The alternatives for one term: an atom of it, times what is not negative. */
static Relaxation relax_term(Algebra *algebra, Term term) {
    Power powers[ALGEBRA_FACTORS];
    Relaxation relaxation = {0};
    for (uint32_t i = 0, count = monomial_copy(algebra, term.monomial, powers); i < count; i++) {
        Atom atom = *algebra_atom(algebra, powers[i].atom);
        if (atom.kind == ATOM_SYMBOL) continue;
        uint32_t rest = monomial_divide(algebra, term.monomial, monomial_of_atom(algebra, powers[i].atom, 1));
        if (rest == MONOMIAL_NONE || interval_of_monomial(algebra, rest, false).low < 0) continue;
        relax_atom(algebra, &relaxation, atom, expr_from_term(algebra, 1, rest), term.coefficient > 0);
        if (relaxation.count) break;
    }
    return relaxation;
}

static Wide lower(Algebra *algebra, Expr e, int depth);

/* The lower bound of e with a term replaced by an alternative: of the numerator, over the denominator, rounded up. */
static Wide lower_with(Algebra *algebra, Expr e, Term term, Expr alternative, int depth) {
    Sum sum = sum_begin(algebra);
    sum_add(&sum, e, 1, 1, MONOMIAL_ONE);
    sum_add(&sum, expr_from_term(algebra, 1, term.monomial), -term.coefficient, 1, MONOMIAL_ONE);
    sum_add(&sum, alternative, term.coefficient, 1, MONOMIAL_ONE);
    Expr relaxed = sum_finish(&sum);
    if (!expr_is_known(relaxed)) return -WIDE_UNBOUNDED;
    int64_t denominator = polynomial_denominator(algebra, relaxed);
    Expr numerator = expr_numerator(algebra, relaxed);
    Wide low = expr_is_known(numerator) ? lower(algebra, numerator, depth) : -WIDE_UNBOUNDED;
    return is_unbounded(low) ? low : wide_ceil_divide(low, denominator);
}

static Wide relaxed_low(Algebra *algebra, Expr e, int depth) {
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Term term = polynomial_term(algebra, e, i);
        Relaxation relaxation = relax_term(algebra, term);
        if (!relaxation.count) continue;
        Wide low = lower_with(algebra, e, term, relaxation.alternatives[0], depth);
        if (relaxation.count == 1) return low;
        Wide other = lower_with(algebra, e, term, relaxation.alternatives[1], depth);
        return relaxation.all ? wide_min(low, other) : wide_max(low, other);
    }
    return -WIDE_UNBOUNDED;
}

static Wide lower(Algebra *algebra, Expr e, int depth) {
    Wide low, constant;
    if (expr_to_wide(algebra, e, &constant)) return constant;
    low = interval_low(algebra, e, false);
    uint32_t count = polynomial_count(algebra, e);
    if (count > RELAX_TERMS) return low;
    if (low == -WIDE_UNBOUNDED && count > 1) low = shifted_low(algebra, e);
    if (depth < RELAX_DEPTH && expr_extent(algebra, e).depth)
        low = wide_max(low, relaxed_low(algebra, e, depth + 1));
    return low;
}

/* The memo keeps 62 bits of a bound: less is none, more is that much. */
Wide expr_lower(Algebra *algebra, Expr e) {
    Expr kept;
    if (expr_is_small(e)) return e;
    if (!expr_is_known(e)) return -WIDE_UNBOUNDED;
    if (memo_find(algebra, OPERATION_LOWER, e, 0, &kept))
        return kept == EXPR_SMALLEST ? -WIDE_UNBOUNDED : kept;
    AlgebraFailure before = algebra->failure;
    Wide low = lower(algebra, e, 0);
    algebra->failure = before;
    kept = low <= EXPR_SMALLEST ? EXPR_SMALLEST : low > EXPR_LARGEST ? EXPR_LARGEST : (Expr)low;
    memo_keep(algebra, OPERATION_LOWER, e, 0, kept);
    return kept == EXPR_SMALLEST ? -WIDE_UNBOUNDED : kept;
}

Wide expr_upper(Algebra *algebra, Expr e) {
    AlgebraFailure before = algebra->failure;
    Expr negative = expr_negate(algebra, e);
    algebra->failure = before;
    return expr_is_known(negative) ? -expr_lower(algebra, negative) : WIDE_UNBOUNDED;
}

/* ---- what others ask ---- */

static int64_t clamp_to_64(Wide a) {
    return a < INT64_MIN ? INT64_MIN : a > INT64_MAX ? INT64_MAX : (int64_t)a;
}

static void bound_real(const Algebra *algebra, Expr e, int64_t *least, int64_t *most) {
    double value;
    expr_to_double(algebra, e, &value);
    *least = value < -0x1p62 ? INT64_MIN : value > 0x1p62 ? EXPR_LARGEST : (int64_t)value - (value < 0);
    *most = value > 0x1p62 ? INT64_MAX : value < -0x1p62 ? EXPR_SMALLEST : (int64_t)value + (value > 0);
}

void expr_bounds(Algebra *algebra, Expr e, int64_t *least, int64_t *most) {
    *least = INT64_MIN;
    *most = INT64_MAX;
    if (!expr_is_known(e)) return;
    if (expr_is_real(algebra, e)) {
        bound_real(algebra, e, least, most);
        return;
    }
    AlgebraFailure before = algebra->failure;
    int64_t denominator = polynomial_denominator(algebra, e);
    Expr numerator = expr_numerator(algebra, e);
    algebra->failure = before;
    if (!expr_is_known(numerator)) return;
    Wide low = expr_lower(algebra, numerator), high = expr_upper(algebra, numerator);
    if (!is_unbounded(low)) *least = clamp_to_64(wide_floor_divide(low, denominator));
    if (!is_unbounded(high)) *most = clamp_to_64(wide_ceil_divide(high, denominator));
}
