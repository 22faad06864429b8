/* Pad, Crop and CenterCropPad: each axis gets longer or shorter at its ends. */
#include <string.h>

#include "ops/rules.h"
#include "ops/window.h"

/* What is added at the ends of each axis, less than 0 where it is cut. */
typedef struct Ends {
    Expr begin[SHAPE_RANK_LIMIT], end[SHAPE_RANK_LIMIT];
} Ends;

static bool check_count(Op *op, uint32_t count, uint32_t axes) {
    if (count == 2 * axes) return true;
    op_problem(op, SHAPE_PROBLEM_MISMATCH, "%u pads for %u axes, it takes two each", count, axes);
    return false;
}

/* Pads as an attribute (before opset 11): pads, in opset 1 paddings. */
static bool read_attribute(Op *op, int32_t rank, Ends *ends) {
    int64_t pads[2 * SHAPE_RANK_LIMIT];
    uint32_t count = 0;
    const char *name = op_attribute(op, "pads") ? "pads" : "paddings";
    if (!op_ints(op, name, pads, 2 * SHAPE_RANK_LIMIT, &count) || !check_count(op, count, (uint32_t)rank))
        return false;
    for (int32_t i = 0; i < rank; i++) {
        ends->begin[i] = expr_integer(op->algebra, pads[i]);
        ends->end[i] = expr_integer(op->algebra, pads[rank + i]);
    }
    return true;
}

/* Axes (input 3, from opset 18 on), or all. */
static bool read_axes(Op *op, int32_t rank, int32_t *axes, uint32_t *count) {
    int64_t given[SHAPE_RANK_LIMIT];
    *count = (uint32_t)rank;
    for (int32_t i = 0; i < rank; i++) axes[i] = i;
    if (!op_has_input(op, 3)) return true;
    if (!op_constants(op, 3, given, SHAPE_RANK_LIMIT, count)) {
        op_gap(op, "the contents of input 3, axes, are not known");
        return false;
    }
    for (uint32_t i = 0; i < *count; i++) {
        axes[i] = op_axis(op, given[i], rank);
        if (axes[i] < 0) return false;
    }
    return true;
}

/* Pads as input 1: all begins, then all ends. */
static bool read_input(Op *op, int32_t rank, Ends *ends) {
    int32_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    const Contents *pads = op_contents(op, 1);
    if (!read_axes(op, rank, axes, &count)) return false;
    if (!pads) op_gap(op, "the contents of input 1, pads, are not known");
    if (pads && !check_count(op, pads->count, count)) return false;
    for (int32_t i = 0; i < rank; i++) ends->begin[i] = ends->end[i] = 0;
    for (uint32_t i = 0; i < count; i++) {
        ends->begin[axes[i]] = pads ? expr_resolve(op->algebra, pads->items[i]) : EXPR_UNKNOWN;
        ends->end[axes[i]] = pads ? expr_resolve(op->algebra, pads->items[count + i]) : EXPR_UNKNOWN;
        if (!expr_is_known(ends->begin[axes[i]]) || !expr_is_known(ends->end[axes[i]]))
            op_gap(op, "what is padded at axis %d is not known", axes[i]);
    }
    return true;
}

/* Without the input's rank, that of the pads. */
static bool padded_rank(Op *op, Shape *x) {
    Shape pads;
    if (op_shape(op, 0, x)) return true;
    op_gap(op, "the shape of the input is not known");
    bool is_counted =
        !op_has_input(op, 3) && op_shape(op, 1, &pads) && pads.rank == 1 && expr_is_small(pads.dims[0]);
    if (!is_counted || pads.dims[0] < 0 || pads.dims[0] > 2 * SHAPE_RANK_LIMIT) return false;
    shape_fill(x, (int32_t)(pads.dims[0] / 2));
    return true;
}

static void pad_shape(Op *op, const Ends *ends, Shape *x) {
    for (int32_t i = 0; i < x->rank; i++) {
        Expr longer = ends ? expr_add(op->algebra, x->dims[i], ends->begin[i]) : EXPR_UNKNOWN;
        x->dims[i] = ends ? expr_add(op->algebra, longer, ends->end[i]) : EXPR_UNKNOWN;
    }
}

void infer_pad_1(Op *op) {
    Shape x;
    Ends ends;
    bool is_known = op_shape(op, 0, &x);
    if (is_known) pad_shape(op, read_attribute(op, x.rank, &ends) ? &ends : NULL, &x);
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

typedef enum PadMode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP, PAD_UNKNOWN } PadMode;

static PadMode pad_mode(Op *op) {
    static const char *const names[] = {"constant", "edge", "reflect", "wrap"};
    Bytes mode = op_string(op, "mode", "constant");
    for (int i = 0; i < PAD_UNKNOWN; i++)
        if (bytes_equal(mode, (Bytes){names[i], strlen(names[i])})) return (PadMode)i;
    return PAD_UNKNOWN;
}

void infer_pad(Op *op) {
    Shape x;
    Ends ends;
    bool is_known = padded_rank(op, &x);
    if (pad_mode(op) == PAD_UNKNOWN)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute mode is %s, not constant, edge, reflect or wrap",
                   quote(op_string(op, "mode", "")).text);
    if (is_known) pad_shape(op, read_input(op, x.rank, &ends) ? &ends : NULL, &x);
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

/* Where an output's place comes from on an axis of `size`; -1: the constant. */
static int64_t source_of(PadMode mode, int64_t at, int64_t size) {
    if (at >= 0 && at < size) return at;
    if (size == 0 || mode == PAD_CONSTANT || mode == PAD_UNKNOWN) return -1;
    if (mode == PAD_EDGE) return at < 0 ? 0 : size - 1;
    int64_t period = mode == PAD_WRAP ? size : size == 1 ? 1 : 2 * (size - 1);
    at %= period;
    if (at < 0) at += period;
    return at < size ? at : period - at;
}

void contents_pad(Op *op) {
    Shape x, y;
    Ends ends;
    uint32_t count;
    int64_t begin[SHAPE_RANK_LIMIT];
    const Contents *data = op_contents(op, 0);
    if (!data || !op_output_count(op, 0, &count) || !op_shape(op, 0, &x) || !op_get_output_shape(op, 0, &y) ||
        x.rank != y.rank || !read_input(op, x.rank, &ends))
        return;
    for (int32_t i = 0; i < x.rank; i++)
        if (!expr_to_integer(op->algebra, ends.begin[i], &begin[i]) || begin[i] > INT32_MAX ||
            begin[i] < INT32_MIN)
            return;
    Expr value = op_has_input(op, 2) ? op_item(op, 2, 0) : 0, *items = op_scratch(op, count);
    PadMode mode = pad_mode(op);
    if (!items || mode == PAD_UNKNOWN) return;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rest = i;
        int64_t at = 0, stride = 1;
        for (int32_t d = y.rank; d-- > 0;) {
            int64_t from = source_of(mode, (int64_t)(rest % (uint32_t)y.dims[d]) - begin[d], x.dims[d]);
            at = from < 0 || at < 0 ? -1 : at + from * stride;
            stride *= x.dims[d];
            rest /= (uint32_t)y.dims[d];
        }
        items[i] = at < 0 ? value : at < data->count ? data->items[at] : EXPR_UNKNOWN;
    }
    op_set_contents(op, 0, items, count);
}

/* ---- cropping ---- */

/* border is left, top, right, bottom; scale, when given, is the height and width that is left. */
void infer_crop(Op *op) {
    Shape x;
    int64_t border[4], scale[2];
    uint32_t borders = 0, scales = 0;
    bool is_known = op_shape(op, 0, &x);
    if (is_known && x.rank != 4) {
        op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, it takes 4", x.rank);
        is_known = false;
    }
    bool has_border = op_ints(op, "border", border, 4, &borders),
         has_scale = op_ints(op, "scale", scale, 2, &scales);
    if (borders != 4 || (has_scale && scales != 2))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
                   "border has %u numbers and scale %u, it takes 4 and 2 or none", borders, scales);
    for (int32_t i = 0; is_known && i < 2; i++) {
        Expr size = x.dims[2 + i];
        x.dims[2 + i] = EXPR_UNKNOWN;
        if (!has_border || borders != 4) continue;
        size = expr_subtract(op->algebra, size, expr_integer(op->algebra, border[1 - i]));
        size = expr_subtract(op->algebra, size, expr_integer(op->algebra, border[3 - i]));
        x.dims[2 + i] = has_scale && scales == 2 ? expr_integer(op->algebra, scale[i]) : size;
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

/* The sizes of the axes named (of all, when none are) are input 1's contents. */
void infer_center_crop_pad(Op *op) {
    Shape x, sizes;
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    bool has_axes = op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &count),
         has_sizes = op_shape_from(op, 1, &sizes);
    if (!op_shape(op, 0, &x)) {
        op_gap(op, "the shape of the input is not known");
        op_set(op, 0, op_dtype(op, 0), has_sizes && !has_axes ? &sizes : NULL);
        return;
    }
    if (!has_axes) count = (uint32_t)x.rank;
    if (!has_sizes) op_gap(op, "the contents of input 1, a shape, are not known");
    if (has_sizes && sizes.rank != (int32_t)count) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%d sizes for %u axes", sizes.rank, count);
        has_sizes = false;
    }
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = has_axes ? op_axis(op, axes[i], x.rank) : (int32_t)i;
        if (axis >= 0) x.dims[axis] = has_sizes ? sizes.dims[i] : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), &x);
}
