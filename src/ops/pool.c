/* Pooling, and regions of interest. */
#include "ops/family.h"
#include "ops/rules.h"
#include "ops/window.h"

/* Batch and channels stay; space is as many as the window has places. ceil_mode is there from opset 10 (LpPool: 18) on. */
static bool pool_shape(Op *op, uint32_t input, bool channels_last, Shape *y) {
    Shape x;
    Window window;
    if (!window_image(op, input, &x)) return false;
    int32_t channel = image_channel_axis(&x, channels_last), space = image_space_axis(channels_last);
    shape_fill(y, x.rank);
    y->dims[0] = x.dims[0];
    y->dims[channel] = x.dims[channel];
    bool is_ceil = op_int(op, "ceil_mode", 0) != 0;
    if (!window_read(op, x.rank - 2, &window)) return true;
    for (int32_t i = 0; i < window.rank; i++) {
        y->dims[space + i] = window_count(op, &window, i, x.dims[space + i], is_ceil);
        if (!expr_is_known(window.kernel[i])) op_gap(op, "kernel_shape is not given");
    }
    return true;
}

/* Indices, from opset 8 on MaxPool's second output, lie as the output does. */
static void infer_pool_as(Op *op, bool channels_last) {
    Shape y;
    bool is_known = pool_shape(op, 0, channels_last, &y);
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
    Fact indices = op_output(op, 0);
    indices.dtype = DTYPE_INT64;
    op_set_fact(op, 1, indices);
}

void infer_pool(Op *op) {
    infer_pool_as(op, false);
}

void infer_nhwc_max_pool(Op *op) {
    infer_pool_as(op, true);
}

void infer_qlinear_pool(Op *op) {
    infer_pool_as(op, op_int(op, "channels_last", 0) != 0);
}

/* (N, C, 1, ...) */
static void infer_global_pool_as(Op *op, bool channels_last) {
    Shape y;
    bool is_known = op_shape(op, 0, &y);
    if (is_known && y.rank < 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, it takes batch, channels and space", y.rank);
        is_known = false;
    }
    int32_t space = image_space_axis(channels_last);
    for (int32_t i = 0; is_known && i < y.rank - 2; i++) y.dims[space + i] = 1;
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
}

void infer_global_pool(Op *op) {
    infer_global_pool_as(op, false);
}

void infer_qlinear_global_pool(Op *op) {
    infer_global_pool_as(op, op_int(op, "channels_last", 0) != 0);
}

/* What MaxPool undoes: (size - 1)*stride + kernel - pads, unless input 2 says the whole shape. */
static bool unpool_shape(Op *op, Shape *y) {
    Shape x;
    Window window;
    if (!window_image(op, 0, &x)) return false;
    shape_fill(y, x.rank);
    y->dims[0] = x.dims[0];
    y->dims[1] = x.dims[1];
    if (!window_read(op, x.rank - 2, &window)) return true;
    for (int32_t i = 0; i < window.rank; i++) {
        Expr before = expr_multiply(op->algebra, expr_subtract(op->algebra, x.dims[2 + i], 1),
                                    expr_integer(op->algebra, window.strides[i]));
        Expr size = expr_add(op->algebra, before, window.kernel[i]);
        size = expr_subtract(op->algebra, size, window.pads[i]);
        y->dims[2 + i] = expr_subtract(op->algebra, size, window.pads[window.rank + i]);
    }
    return true;
}

void infer_max_unpool(Op *op) {
    Shape x, y;
    bool is_given = op_has_input(op, 2),
         is_known = is_given ? op_shape_from(op, 2, &y) : unpool_shape(op, &y);
    if (is_given && !is_known && op_shape(op, 0, &x)) {
        op_gap(op, "the contents of input 2, a shape, are not known");
        shape_fill(&y, x.rank);
        is_known = true;
    } else if (is_given && is_known && op_shape(op, 0, &x) && x.rank != y.rank) {
        op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d and an output_shape of %d numbers", x.rank,
                   y.rank);
        is_known = false;
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
}

/* ---- regions of interest ---- */

/* (regions, channels, height, width), of X and (regions, 4 or 5); every region may name its batch besides. */
static void regions_shape(Op *op, Shape *y) {
    Shape x, rois, batches;
    shape_fill(y, 4);
    if (family_ranked(op, 0, "input 0", 4, &x)) y->dims[1] = x.dims[1];
    if (family_ranked(op, 1, "input 1", 2, &rois)) y->dims[0] = rois.dims[0];
    if (op_has_input(op, 2) && family_ranked(op, 2, "input 2", 1, &batches))
        y->dims[0] = op_equal(op, y->dims[0], batches.dims[0], "regions and batch indices");
    if (!expr_is_known(y->dims[0]) || !expr_is_known(y->dims[1]))
        op_gap(op, "the input's shape is not known");
}

void infer_roi_align(Op *op) {
    Shape y;
    regions_shape(op, &y);
    const char *const names[] = {"output_height", "output_width"};
    for (int32_t i = 0; i < 2; i++) {
        Expr size = family_positive(op, names[i], 1);
        y.dims[2 + i] = size ? size : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), &y);
}

void infer_max_roi_pool(Op *op) {
    Shape y;
    int64_t pooled[SHAPE_RANK_LIMIT];
    uint32_t count = 0;
    regions_shape(op, &y);
    if (op_ints(op, "pooled_shape", pooled, SHAPE_RANK_LIMIT, &count) && count != 2)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute pooled_shape has %u numbers, not 2", count);
    for (int32_t i = 0; count == 2 && i < 2; i++) {
        if (pooled[i] >= 1) y.dims[2 + i] = expr_integer(op->algebra, pooled[i]);
        else
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute pooled_shape has %lld, the least is 1",
                       (long long)pooled[i]);
    }
    op_set(op, 0, op_dtype(op, 0), &y);
}

/* The size is input 3's contents. */
void infer_crop_and_resize(Op *op) {
    Shape y;
    regions_shape(op, &y);
    for (int32_t i = 0; i < 2; i++) y.dims[2 + i] = expr_resolve(op->algebra, op_item(op, 3, (uint32_t)i));
    if (!expr_is_known(y.dims[2]) || !expr_is_known(y.dims[3]))
        op_gap(op, "the contents of input 3, a size, are not known");
    op_set(op, 0, op_dtype(op, 0), &y);
}
