/* Pooling, and regions of interest. */
#include <string.h>

#include "ops/cost.h"
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

/* ---- costs ---- */

static bool is_named(const Op *op, const char *part) {
    return strstr(op->rule->name, part) != NULL;
}

/* K: the samples under a window. */
static Expr kernel_product(Op *op) {
    int64_t kernel[SHAPE_RANK_LIMIT];
    uint32_t count = 0;
    Expr product = 1;
    if (!op_ints(op, "kernel_shape", kernel, SHAPE_RANK_LIMIT, &count) || count == 0) return EXPR_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        product = kernel[i] < 1 ? EXPR_UNKNOWN : op_times(op, product, expr_integer(op->algebra, kernel[i]));
    return product;
}

/* Padding included. Greatest: K - 1 comparisons. Mean: K - 1 additions and a division. Lp: a power for each sample, K - 1
 * additions, and a root, which p = 1 does without. */
void cost_pool(Op *op, Cost *cost) {
    Expr k = kernel_product(op), y = op_elements(op, OUTPUT(0)), all = op_times(op, k, y);
    if (!expr_is_known(k)) cost_gap(op, cost, "kernel_shape is not given");
    if (is_named(op, "Average")) {
        COST_ADD(op, cost, COST_ELEMENTWISE, all, "K*N(Y)", {"K", k}, {"N(Y)", y});
    } else if (is_named(op, "LpPool")) {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, all, 2), y), "(2*K - 1)*N(Y)",
                 {"K", k}, {"N(Y)", y});
        if (op_int(op, "p", 2) != 1) COST_ADD(op, cost, COST_TRANSCENDENTALS, y, "N(Y)", {"N(Y)", y});
    } else {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, all, y), "(K - 1)*N(Y)", {"K", k}, {"N(Y)", y});
    }
    if (is_named(op, "QLinear")) cost_requantize(op, cost, op_elements(op, INPUT(0)), y);
}

/* The same over all of space: N(X) - N(Y) comparisons; N(X) additions and divisions; 2*N(X) - N(Y), and a root. */
void cost_global_pool(Op *op, Cost *cost) {
    Expr x = op_elements(op, INPUT(0)), y = op_elements(op, OUTPUT(0));
    if (is_named(op, "Average")) {
        COST_ADD(op, cost, COST_ELEMENTWISE, x, "N(X)", {"N(X)", x});
    } else if (is_named(op, "LpPool")) {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, x, 2), y), "2*N(X) - N(Y)",
                 {"N(X)", x}, {"N(Y)", y});
        if (op_int(op, "p", 2) != 1) COST_ADD(op, cost, COST_TRANSCENDENTALS, y, "N(Y)", {"N(Y)", y});
    } else {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, x, y), "N(X) - N(Y)", {"N(X)", x}, {"N(Y)", y});
    }
    if (is_named(op, "QLinear")) cost_requantize(op, cost, op_elements(op, INPUT(0)), y);
}

/* A comparison for each sample of each region, which regions decide: at most the whole image, at least one sample. */
void cost_roi_pool(Op *op, Cost *cost) {
    Expr regions = op_dim(op, INPUT(1), 0), c = op_dim(op, INPUT(0), 1);
    Expr h = op_dim(op, INPUT(0), 2), w = op_dim(op, INPUT(0), 3), least = op_times(op, regions, c);
    cost->bound = COST_UPPER;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, least, op_times(op, h, w)), "R*C*H*W", {"R", regions},
             {"C", c}, {"H", h}, {"W", w});
    COST_ADD(op, cost, COST_ELEMENTWISE_LOW, least, "R*C", {"R", regions}, {"C", c});
}

/* Each bin of each region is sampled at points: g*g of them, or, for CropAndResize, one. A point has coordinates and weights
 * of its four neighbours (14); each channel takes 4 products and 3 additions, and one to join the bin's points. Where g goes
 * by the size of a region, 2 is what is usual. */
void cost_roi_align(Op *op, Cost *cost) {
    bool is_crop = is_named(op, "Crop");
    int64_t ratio = is_crop ? 1 : op_int(op, "sampling_ratio", 0);
    if (is_crop && !bytes_equal(op_string(op, "mode", "bilinear"), BYTES_LITERAL("bilinear"))) {
        cost_gap(op, cost, "it is counted with bilinear sampling only");
        return;
    }
    if (ratio < 1) cost->bound = COST_ESTIMATE;
    Expr g = ratio < 1 ? 2 : expr_integer(op->algebra, ratio), squared = op_times(op, g, g);
    Expr y = op_elements(op, OUTPUT(0)), regions = op_dim(op, OUTPUT(0), 0);
    Expr ph = op_dim(op, OUTPUT(0), 2), pw = op_dim(op, OUTPUT(0), 3);
    Expr points = op_times(op, op_times(op, regions, squared), op_times(op, ph, pw));
    Expr samples = op_times(op, op_times(op, y, squared), is_crop ? 7 : 8);
    COST_ADD(op, cost, COST_ELEMENTWISE, samples, is_crop ? "7*N(Y)" : "8*N(Y)*g*g", {"N(Y)", y}, {"g", g});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, points, 14), is_crop ? "14*R*ph*pw" : "14*R*ph*pw*g*g",
             {"R", regions}, {"ph", ph}, {"pw", pw}, {"g", g});
}
