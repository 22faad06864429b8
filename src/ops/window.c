#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

static bool read_auto_pad(Op *op, AutoPad *auto_pad) {
    static const struct {
        const char *name;
        AutoPad value;
    } names[] = {{"", AUTO_PAD_NOTSET},
                 {"NOTSET", AUTO_PAD_NOTSET},
                 {"SAME_UPPER", AUTO_PAD_SAME},
                 {"SAME_LOWER", AUTO_PAD_SAME},
                 {"VALID", AUTO_PAD_VALID}};
    Bytes given = op_string(op, "auto_pad", "NOTSET");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!bytes_equal(given, (Bytes){names[i].name, strlen(names[i].name)})) continue;
        *auto_pad = names[i].value;
        return true;
    }
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
               "attribute auto_pad is %s, not NOTSET, SAME_UPPER, SAME_LOWER or VALID", quote(given).text);
    return false;
}

bool window_list(Op *op, const char *name, uint32_t wanted, int64_t fallback, int64_t least, int64_t *items) {
    uint32_t count = 0;
    const Attribute *attribute = op_attribute(op, name);
    bool is_given = attribute && attribute->count > 0;
    if (is_given && !op_ints(op, name, items, 2 * SHAPE_RANK_LIMIT, &count)) return false;
    if (count == 0) {
        for (uint32_t i = 0; i < wanted; i++) items[i] = fallback;
        return true;
    }
    if (count != wanted) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s has %u numbers, the shape needs %u", name,
                   count, wanted);
        return false;
    }
    for (uint32_t i = 0; i < wanted; i++) {
        if (items[i] >= least) continue;
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s has %" PRId64 " at %u, the least is %" PRId64,
                   name, items[i], i, least);
        return false;
    }
    return true;
}

bool window_read(Op *op, int32_t rank, Window *window) {
    int64_t kernel[2 * SHAPE_RANK_LIMIT], strides[2 * SHAPE_RANK_LIMIT], dilations[2 * SHAPE_RANK_LIMIT];
    int64_t pads[2 * SHAPE_RANK_LIMIT];
    uint32_t count = (uint32_t)rank;
    window->rank = rank;
    window->is_lower = bytes_equal(op_string(op, "auto_pad", ""), BYTES_LITERAL("SAME_LOWER"));
    if (!read_auto_pad(op, &window->auto_pad) || !window_list(op, "kernel_shape", count, 0, 1, kernel) ||
        !window_list(op, "strides", count, 1, 1, strides) ||
        !window_list(op, "dilations", count, 1, 1, dilations) ||
        !window_list(op, "pads", 2 * count, 0, 0, pads))
        return false;
    for (int32_t i = 0; i < rank; i++) {
        window->kernel[i] = kernel[i] ? expr_integer(op->algebra, kernel[i]) : EXPR_UNKNOWN;
        window->strides[i] = strides[i];
        window->dilations[i] = dilations[i];
    }
    for (int32_t i = 0; i < 2 * rank; i++) window->pads[i] = expr_integer(op->algebra, pads[i]);
    return true;
}

bool window_take_kernel(Op *op, Window *window, const Shape *weights, int32_t first) {
    for (int32_t i = 0; i < window->rank && weights->rank >= 0; i++) {
        if (first + i >= weights->rank) return false;
        Expr dim = weights->dims[first + i], given = window->kernel[i];
        window->kernel[i] = op_equal(op, given, dim, "kernel_shape and the weights' shape");
        if (expr_is_known(given) && !expr_is_known(window->kernel[i])) return false;
    }
    return true;
}

Expr window_extent(Op *op, const Window *window, int32_t axis) {
    Expr steps = expr_subtract(op->algebra, window->kernel[axis], 1);
    Expr dilation = expr_integer(op->algebra, window->dilations[axis]);
    return expr_add(op->algebra, expr_multiply(op->algebra, steps, dilation), 1);
}

/* SAME: ceil(size/stride). Else, with x = size + pads - extent: floor(x/stride) + 1; with ceil_mode ceil(x/stride) + 1, one
 * less when the last window would start behind the input and its first pad. As a pad is less than the extent, both are
 * ceil((size + first + min(last - extent, -stride))/stride) + 1. */
Expr window_count(Op *op, const Window *window, int32_t axis, Expr size, bool is_ceil) {
    Algebra *algebra = op->algebra;
    Expr stride = expr_integer(algebra, window->strides[axis]), extent = window_extent(op, window, axis);
    if (window->auto_pad == AUTO_PAD_SAME) return expr_ceil_divide(algebra, size, stride);
    bool is_padded = window->auto_pad == AUTO_PAD_NOTSET;
    Expr begin = is_padded ? window->pads[axis] : 0, end = is_padded ? window->pads[window->rank + axis] : 0;
    Expr before = expr_add(algebra, size, begin), behind = expr_subtract(algebra, end, extent);
    Expr room = expr_add(algebra, before, behind);
    if (expr_is_constant(algebra, room) && expr_less(algebra, room, 0) == TRUTH_TRUE) {
        op_problem(op, SHAPE_PROBLEM_NEGATIVE, "a window of %s is longer than the padded input of %s",
                   op_show(op, extent), op_show(op, expr_add(algebra, before, end)));
        return expr_less(algebra, expr_add(algebra, room, stride), 0) == TRUTH_FALSE ? 0 : EXPR_UNKNOWN;
    }
    if (!is_ceil) return expr_add(algebra, expr_floor_divide(algebra, room, stride), 1);
    Expr last = expr_min(algebra, behind, expr_negate(algebra, stride));
    return expr_add(algebra, expr_ceil_divide(algebra, expr_add(algebra, before, last), stride), 1);
}

bool window_image(Op *op, uint32_t input, Shape *shape) {
    if (!op_shape(op, input, shape)) {
        const Attribute *kernel = op_attribute(op, "kernel_shape");
        bool is_list = kernel && kernel->type == ATTRIBUTE_INT_LIST && kernel->count > 0;
        if (!is_list || kernel->count > SHAPE_RANK_LIMIT - 2) {
            op_gap(op, "the rank of the input is not known");
            return false;
        }
        op_gap(op, "the shape of the input is not known");
        shape_fill(shape, (int32_t)kernel->count + 2);
    }
    if (shape->rank >= 3) return true;
    op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, it takes batch, channels and space",
               shape->rank);
    return false;
}

/* ---- padding ---- */

/* A window of one sample needs no padding to have ceil(size/stride) places. */
bool window_is_padded(const Window *window, int32_t axis) {
    if (window->auto_pad == AUTO_PAD_SAME) return window->kernel[axis] != 1;
    return window->auto_pad == AUTO_PAD_NOTSET &&
           (window->pads[axis] != 0 || window->pads[window->rank + axis] != 0);
}

void window_read_kernel(Window *window, const Shape *weights, int32_t first) {
    for (int32_t i = 0; i < window->rank && first + i < weights->rank; i++)
        if (!expr_is_known(window->kernel[i])) window->kernel[i] = weights->dims[first + i];
}

Expr window_kernel_size(Op *op, const Window *window) {
    Expr size = 1;
    for (int32_t i = 0; i < window->rank; i++) size = expr_multiply(op->algebra, size, window->kernel[i]);
    return size;
}

Expr window_begin(Op *op, const Window *window, Expr total) {
    total = expr_max(op->algebra, total, 0);
    return window->is_lower ? expr_ceil_divide(op->algebra, total, 2)
                            : expr_floor_divide(op->algebra, total, 2);
}

Expr window_pad_before(Op *op, const Window *window, int32_t axis, Expr size, Expr places) {
    if (window->auto_pad == AUTO_PAD_VALID) return 0;
    if (window->auto_pad == AUTO_PAD_NOTSET) return window->pads[axis];
    Expr stride = expr_integer(op->algebra, window->strides[axis]);
    Expr last = expr_multiply(op->algebra, expr_subtract(op->algebra, places, 1), stride);
    Expr covered = expr_add(op->algebra, last, window_extent(op, window, axis));
    return window_begin(op, window, expr_subtract(op->algebra, covered, size));
}

/* Places at which a sample that lies `offset` behind the place's start is inside of the axis. */
static int64_t places_inside(int64_t places, int64_t stride, int64_t offset, int64_t size) {
    if (offset >= size) return 0;
    int64_t first = offset >= 0 ? 0 : (stride - 1 - offset) / stride, last = (size - 1 - offset) / stride;
    if (last >= places) last = places - 1;
    return last < first ? 0 : last - first + 1;
}

/* From 0 to 2^40, so that products with a kernel fit. */
static bool moderate(Op *op, Expr e, int64_t *value) {
    return expr_is_known(e) && expr_to_integer(op->algebra, e, value) && *value >= 0 &&
           *value <= (int64_t)1 << 40;
}

Expr window_inside(Op *op, const Window *window, int32_t axis, Expr size, Expr places, Expr begin) {
    int64_t samples, count, before, kernel, stride, dilation, sum = 0;
    if (!moderate(op, size, &samples) || !moderate(op, places, &count) || !moderate(op, begin, &before) ||
        !moderate(op, window->kernel[axis], &kernel) || kernel > WINDOW_KERNEL_LIMIT ||
        !moderate(op, window->strides[axis], &stride) || !moderate(op, window->dilations[axis], &dilation))
        return EXPR_UNKNOWN;
    for (int64_t k = 0; k < kernel; k++) sum += places_inside(count, stride, k * dilation - before, samples);
    return expr_integer(op->algebra, sum);
}
