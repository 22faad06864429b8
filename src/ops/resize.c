/* Resize and Upsample: sizes are given, or are floor(size * scale).
 *
 * Scales are float32. For a known size the product is float32 too, as ONNX Runtime computes it (10 * 0.7 is 7, though
 * 0.7 as a float32 is less). For a symbol it is exact, with the scale as the simplest fraction of that float32: 7/10 for
 * 0.7, 1/3 for 0.33333334.
 */
#include <math.h>
#include <string.h>

#include "ops/cost.h"
#include "ops/rules.h"
#include "ops/window.h"

#define FRACTION_LIMIT 4096 /* of denominators */

/* The first convergent of the scale's continued fraction that is the same float32; `exact` when it needs larger ones. */
static Expr simplest_fraction(Op *op, float scale, Expr exact) {
    double rest = (double)scale, p0 = 0, q0 = 1, p1 = 1, q1 = 0;
    for (int step = 0; step < 24; step++) {
        double whole = floor(rest), p = whole * p1 + p0, q = whole * q1 + q0;
        if (q > FRACTION_LIMIT || p > 0x1p40) break;
        if ((float)(p / q) == scale) return expr_rational(op->algebra, (int64_t)p, (int64_t)q);
        if (rest - whole <= 0) break;
        rest = 1 / (rest - whole);
        p0 = p1, q0 = q1, p1 = p, q1 = q;
    }
    return exact;
}

static Expr scaled_size(Op *op, Expr size, Expr scale, int32_t axis) {
    double real;
    int64_t whole;
    if (!expr_is_known(size) || !expr_is_known(scale)) return EXPR_UNKNOWN;
    if (!expr_to_double(op->algebra, scale, &real))
        return expr_floor(op->algebra, expr_multiply(op->algebra, size, scale));
    float factor = (float)real;
    if (!(factor > 0) || isinf(factor)) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "the scale of axis %d is %s, it must be above 0", axis,
                   op_show(op, scale));
        return EXPR_UNKNOWN;
    }
    float product = expr_to_integer(op->algebra, size, &whole) ? (float)whole * factor : INFINITY;
    if (product >= 0 && product < 0x1p62f) return expr_integer(op->algebra, (int64_t)product);
    Expr fraction = simplest_fraction(op, factor, scale);
    return expr_floor(op->algebra, expr_multiply(op->algebra, size, fraction));
}

/* The axes that scales and sizes are about: those of the attribute, or all. */
static bool read_axes(Op *op, int32_t rank, int32_t *axes, uint32_t *count) {
    int64_t given[SHAPE_RANK_LIMIT];
    bool seen[SHAPE_RANK_LIMIT] = {false};
    if (!op_ints(op, "axes", given, SHAPE_RANK_LIMIT, count)) {
        *count = (uint32_t)rank;
        for (int32_t i = 0; i < rank; i++) axes[i] = i;
        return true;
    }
    for (uint32_t i = 0; i < *count; i++) {
        axes[i] = op_axis(op, given[i], rank);
        if (axes[i] < 0) return false;
        if (seen[axes[i]]) {
            op_problem(op, SHAPE_PROBLEM_AXIS, "axis %d is given twice", axes[i]);
            return false;
        }
        seen[axes[i]] = true;
    }
    return true;
}

/* keep_aspect_ratio_policy: one scale for all axes, the smallest (largest) that sizes ask for; halves are rounded up. */
static void keep_ratio(Op *op, bool is_larger, const int32_t *axes, uint32_t count, const Shape *x,
                       Shape *y) {
    float scale = 0;
    for (uint32_t i = 0; i < count && count > 1; i++) {
        int64_t size, from;
        bool is_known = expr_to_integer(op->algebra, y->dims[axes[i]], &size) &&
                        expr_to_integer(op->algebra, x->dims[axes[i]], &from) && from > 0;
        if (!is_known) {
            op_gap(op, "which axis keeps its size is not known before the sizes are");
            for (uint32_t at = 0; at < count; at++) y->dims[axes[at]] = EXPR_UNKNOWN;
            return;
        }
        float own = (float)size / (float)from;
        if (i == 0 || (is_larger ? own > scale : own < scale)) scale = own;
    }
    for (uint32_t i = 0; i < count && count > 1; i++) {
        int64_t from = 0;
        expr_to_integer(op->algebra, x->dims[axes[i]], &from);
        float size = roundf(scale * (float)from);
        y->dims[axes[i]] =
            size >= 0 && size < 0x1p62f ? expr_integer(op->algebra, (int64_t)size) : EXPR_UNKNOWN;
    }
}

static void apply_policy(Op *op, const int32_t *axes, uint32_t count, const Shape *x, Shape *y) {
    Bytes policy = op_string(op, "keep_aspect_ratio_policy", "stretch");
    bool is_smaller = bytes_equal(policy, BYTES_LITERAL("not_larger"));
    bool is_larger = bytes_equal(policy, BYTES_LITERAL("not_smaller"));
    if (is_smaller || is_larger) keep_ratio(op, is_larger, axes, count, x, y);
    else if (!bytes_equal(policy, BYTES_LITERAL("stretch")))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
                   "attribute keep_aspect_ratio_policy is %s, not stretch, not_larger or not_smaller",
                   quote(policy).text);
}

/* An input that is there and not known to be empty: exporters leave scales out as a tensor without elements. */
static bool is_given(Op *op, uint32_t input) {
    uint32_t count;
    return op_has_input(op, input) && !(op_input_count(op, input, &count) && count == 0);
}

/* Y from input `from`, which holds scales or sizes. False when not even the rank is known. */
static bool resize_shape(Op *op, uint32_t from, bool are_sizes, Shape *y) {
    Shape x, vector;
    int32_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    const Contents *given = op_contents(op, from);
    bool has_rank = op_shape(op, 0, &x), has_length = op_shape(op, from, &vector) && vector.rank == 1;
    if (!has_rank && !op_attribute(op, "axes") && has_length && expr_is_small(vector.dims[0]) &&
        vector.dims[0] >= 0 && vector.dims[0] <= SHAPE_RANK_LIMIT)
        shape_fill(&x, (int32_t)vector.dims[0]);
    if (!has_rank) op_gap(op, "the shape of the input is not known");
    if (x.rank < 0) return false;
    *y = x;
    bool fits = read_axes(op, x.rank, axes, &count);
    if (fits && given && given->count != count) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%u %s for %u axes", given->count,
                   are_sizes ? "sizes" : "scales", count);
        fits = false;
    }
    if (!fits) shape_fill(y, x.rank);
    if (fits && !given)
        op_gap(op, "the contents of input %u, %s, are not known", from, are_sizes ? "sizes" : "scales");
    for (uint32_t i = 0; fits && i < count; i++) {
        Expr item = given ? expr_resolve(op->algebra, given->items[i]) : EXPR_UNKNOWN;
        y->dims[axes[i]] = are_sizes ? item : scaled_size(op, x.dims[axes[i]], item, axes[i]);
        if (!expr_is_known(item))
            op_gap(op, "%s of axis %d is not known", are_sizes ? "the size" : "the scale", axes[i]);
    }
    if (fits && are_sizes) apply_policy(op, axes, count, &x, y);
    return true;
}

void infer_resize(Op *op) {
    Shape y;
    bool is_old = op->version > 0 && op->version < 11; /* X, scales; later X, roi, scales, sizes */
    bool has_scales = is_given(op, is_old ? 1 : 2), has_sizes = !is_old && is_given(op, 3), is_known = false;
    if (has_scales && has_sizes) op_problem(op, SHAPE_PROBLEM_ARITY, "both scales and sizes are given");
    if (has_sizes) is_known = resize_shape(op, 3, true, &y);
    else if (has_scales) is_known = resize_shape(op, is_old ? 1 : 2, false, &y);
    else op_problem(op, SHAPE_PROBLEM_ARITY, "neither scales nor sizes are given");
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
}

/* ---- Upsample ---- */

void infer_upsample(Op *op) {
    Shape y;
    bool is_known = resize_shape(op, 1, false, &y);
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
}

/* Scales are a list attribute, of floats; in the blocked layout of optimised models of whole numbers. */
void infer_upsample_7(Op *op) {
    Shape x;
    const Attribute *scales = op_attribute(op, "scales");
    bool are_floats = scales && scales->type == ATTRIBUTE_FLOAT_LIST && scales->stored;
    bool are_integers = scales && scales->type == ATTRIBUTE_INT_LIST && scales->stored;
    bool is_known = op_shape(op, 0, &x);
    bool fits = is_known && (are_floats || are_integers) && scales->count == (uint32_t)x.rank;
    if (is_known && !fits)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute scales has %u numbers, the shape needs %d",
                   scales ? scales->count : 0, x.rank);
    for (int32_t i = 0; is_known && i < x.rank; i++) {
        uint32_t at = fits ? scales->first + (uint32_t)i : 0;
        Expr scale = EXPR_UNKNOWN;
        if (fits)
            scale = are_floats ? expr_number(op->algebra, (double)op->model->floats.items[at])
                               : expr_integer(op->algebra, op->model->integers.items[at]);
        x.dims[i] = scaled_size(op, x.dims[i], scale, i);
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

void infer_upsample_1(Op *op) {
    Shape x;
    bool is_known = op_shape(op, 0, &x);
    if (is_known && x.rank != 4) {
        op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, it takes 4", x.rank);
        is_known = false;
    }
    const char *const names[] = {"height_scale", "width_scale"};
    for (int32_t i = 0; is_known && i < 2; i++)
        x.dims[2 + i] =
            scaled_size(op, x.dims[2 + i], expr_number(op->algebra, op_float(op, names[i], 1)), 2 + i);
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

/* dX as X. */
void infer_resize_grad(Op *op) {
    op_set_like(op, 0, 1);
}

/* ---- costs ---- */

/* T: with antialias, how many input samples an output sample takes, over the axes whose size changes: 2*support along each,
 * more where it shrinks, ceil(2*support/scale). */
static Expr filter_size(Op *op, const Shape *x, const Shape *y, int64_t support) {
    Expr taps = 1;
    for (int32_t i = 0; i < x->rank && i < y->rank; i++) {
        if (x->dims[i] == y->dims[i]) continue;
        Expr wide = expr_ceil_divide(op->algebra, op_times(op, x->dims[i], 2 * support), y->dims[i]);
        taps = op_times(op, taps, expr_max(op->algebra, wide, 2 * support));
    }
    return taps;
}

static void add_filter(Op *op, Cost *cost, const Shape *x, const Shape *y, bool is_cubic) {
    Expr n = op_elements(op, OUTPUT(0)), d = 0;
    for (int32_t i = 0; i < x->rank && i < y->rank; i++) d += x->dims[i] != y->dims[i];
    if (op_int(op, "antialias", 0) != 0) {
        Expr taps = filter_size(op, x, y, is_cubic ? 2 : 1);
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_minus(op, op_times(op, taps, 2), 1), n),
                 "(2*T - 1)*N(Y)", {"T", taps}, {"N(Y)", n});
        return;
    }
    Expr each = expr_power(op->algebra, is_cubic ? 4 : 2, (uint32_t)d);
    each = op_minus(op, op_times(op, each, 2), 1);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, each, n),
             is_cubic ? "(2*4^d - 1)*N(Y)" : "(2^(d + 1) - 1)*N(Y)", {"d", d}, {"N(Y)", n});
}

/* Nearest: nothing is computed. Else, over the d axes whose size changes, 2^d (cubic: 4^d) products and one addition less. */
void cost_resize(Op *op, Cost *cost) {
    Shape x, y;
    Bytes mode = op_string(op, "mode", "nearest");
    bool is_cubic = bytes_equal(mode, BYTES_LITERAL("cubic")),
         is_linear =
             bytes_equal(mode, BYTES_LITERAL("linear")) || bytes_equal(mode, BYTES_LITERAL("bilinear"));
    if (bytes_equal(mode, BYTES_LITERAL("nearest"))) return;
    if (!is_cubic && !is_linear) cost_gap(op, cost, "its mode is not known");
    else if (op_shape(op, 0, &x) && op_place_shape(op, OUTPUT(0), &y)) add_filter(op, cost, &x, &y, is_cubic);
    else cost->metrics[COST_ELEMENTWISE] = EXPR_UNKNOWN;
}
