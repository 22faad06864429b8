/* Convolution. X is (N, C, D1, ...) or, channels last, (N, D1, ..., C); the weights are (M, C/group, k1, ...).
 *
 * Y = (N, M, (D + pads - ((k - 1)*dilation + 1))/stride + 1, ...)
 */
#include "ops/family.h"
#include "ops/rules.h"
#include "ops/window.h"

/* Where an operator has its operands. */
typedef struct ConvForm {
    uint32_t x, weights, bias;
    bool channels_last;
    bool weights_vary; /* the weights' layout is up to who made them: only their first dimension is sure */
} ConvForm;

static void check_divides(Op *op, Expr channels, Expr group, const char *what) {
    if (!expr_is_known(channels) || !expr_is_constant(op->algebra, channels)) return;
    Expr rest = expr_modulo(op->algebra, channels, group);
    if (rest == 0 || !expr_is_known(rest)) return;
    op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s %s channels do not divide into %s groups",
               op_show(op, channels), what, op_show(op, group));
}

/* A bias of one number for each output channel. */
static Expr check_bias(Op *op, uint32_t input, Expr channels) {
    Shape bias;
    if (!op_shape(op, input, &bias)) return channels;
    if (bias.rank == 1) return op_equal(op, channels, bias.dims[0], "output channels and the bias");
    op_problem(op, SHAPE_PROBLEM_RANK, "a bias of rank %d, it takes 1", bias.rank);
    return channels;
}

/* X and the weights; the rank of one gives that of the other. */
static bool read_operands(Op *op, ConvForm form, Shape *x, Shape *weights) {
    bool has_weights = op_shape(op, form.weights, weights);
    if (has_weights && !op_shape(op, form.x, x)) {
        shape_fill(x, weights->rank);
        op_gap(op, "the shape of the input is not known");
    }
    if (has_weights ? x->rank < 3 : !window_image(op, form.x, x)) {
        if (has_weights)
            op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, it takes batch, channels and space",
                       x->rank);
        return false;
    }
    if (!has_weights) op_gap(op, "the shape of the weights is not known");
    if (!has_weights || weights->rank == x->rank) return true;
    op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d with weights of rank %d", x->rank, weights->rank);
    return false;
}

/* Weights in some layout: kernel_shape counts; without it, (M, C/group, k...) unless (M, k..., C/group) is what fits. */
static bool take_varying_kernel(Op *op, Window *window, const Shape *weights, Expr channels, Expr group) {
    if (weights->rank < 0 || expr_is_known(window->kernel[0])) return true;
    Expr first = expr_multiply(op->algebra, weights->dims[1], group);
    Expr last = expr_multiply(op->algebra, weights->dims[weights->rank - 1], group);
    bool is_last = first != channels && last == channels;
    return window_take_kernel(op, window, weights, is_last ? 1 : 2);
}

static bool conv_shape(Op *op, ConvForm form, Shape *y) {
    Shape x, weights;
    Window window;
    if (!read_operands(op, form, &x, &weights)) return false;
    int32_t channel = image_channel_axis(&x, form.channels_last),
            space = image_space_axis(form.channels_last);
    Expr group = family_positive(op, "group", 1), outputs = weights.rank < 0 ? EXPR_UNKNOWN : weights.dims[0];
    bool fits = group && window_read(op, x.rank - 2, &window);
    if (fits && form.weights_vary) fits = take_varying_kernel(op, &window, &weights, x.dims[channel], group);
    else if (fits) fits = window_take_kernel(op, &window, &weights, 2);
    shape_fill(y, x.rank);
    y->dims[0] = x.dims[0];
    if (group && weights.rank >= 0 && !form.weights_vary) {
        Expr taken = expr_multiply(op->algebra, weights.dims[1], group);
        op_equal(op, x.dims[channel], taken, "input channels and those of the weights");
        check_divides(op, outputs, group, "output");
    }
    y->dims[channel] = check_bias(op, form.bias, outputs);
    for (int32_t i = 0; fits && i < window.rank; i++)
        y->dims[space + i] = window_count(op, &window, i, x.dims[space + i], false);
    return true;
}

static void infer_conv_as(Op *op, ConvForm form, uint32_t dtype) {
    Shape y;
    bool is_known = conv_shape(op, form, &y);
    op_set(op, 0, dtype, is_known ? &y : NULL);
}

void infer_conv(Op *op) {
    infer_conv_as(op, (ConvForm){.x = 0, .weights = 1, .bias = 2}, op_dtype(op, 0));
}

/* Weights of NHWC convolutions lie as the provider that the model was optimised for wants them. */
void infer_nhwc_conv(Op *op) {
    ConvForm form = {.x = 0, .weights = 1, .bias = 2, .channels_last = true, .weights_vary = true};
    infer_conv_as(op, form, op_dtype(op, 0));
}

void infer_conv_integer(Op *op) {
    infer_conv_as(op, (ConvForm){.x = 0, .weights = 1, .bias = UINT32_MAX}, DTYPE_INT32);
}

/* Y has the type of its zero point. */
void infer_qlinear_conv(Op *op) {
    ConvForm form = {.x = 0, .weights = 3, .bias = 8, .channels_last = op_int(op, "channels_last", 0) != 0};
    infer_conv_as(op, form, op_dtype(op, 7) ? op_dtype(op, 7) : op_dtype(op, 0));
}

/* The offsets, (N, 2*offset_group*k1*..., O1, ...), lie in the output's space; so do the masks, with half the channels. */
void infer_deform_conv(Op *op) {
    Shape y, other;
    bool is_known = conv_shape(op, (ConvForm){.x = 0, .weights = 1, .bias = 3}, &y);
    for (uint32_t input = 2; is_known && input <= 4; input += 2) {
        if (!op_shape(op, input, &other)) continue;
        if (other.rank != y.rank) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input %u is of rank %d, the output of rank %d", input,
                       other.rank, y.rank);
            continue;
        }
        for (int32_t i = 0; i < y.rank; i++)
            if (i != 1) y.dims[i] = op_equal(op, y.dims[i], other.dims[i], "the output and the offsets");
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &y : NULL);
}

/* ---- ConvTranspose ---- */

typedef struct TransposeForm {
    uint32_t x, weights, bias;
    uint32_t pads; /* an input; UINT32_MAX: the attribute */
} TransposeForm;

/* (size - 1)*stride + output_padding + extent - pads; SAME cuts it to size*stride where it is more. */
static Expr transposed_size(Op *op, const Window *window, int32_t axis, Expr size, int64_t output_padding) {
    Algebra *algebra = op->algebra;
    Expr stride = expr_integer(algebra, window->strides[axis]);
    Expr before = expr_multiply(algebra, expr_subtract(algebra, size, 1), stride);
    Expr last = expr_add(algebra, window_extent(op, window, axis), expr_integer(algebra, output_padding));
    if (window->auto_pad == AUTO_PAD_SAME) return expr_add(algebra, before, expr_min(algebra, last, stride));
    Expr full = expr_add(algebra, before, last);
    if (window->auto_pad == AUTO_PAD_VALID) return full;
    full = expr_subtract(algebra, full, window->pads[axis]);
    return expr_subtract(algebra, full, window->pads[window->rank + axis]);
}

/* Pads that come as an input. */
static void take_pads(Op *op, uint32_t input, Window *window) {
    if (!op_has_input(op, input)) return;
    const Contents *pads = op_contents(op, input);
    bool fits = pads && pads->count == 2 * (uint32_t)window->rank;
    if (!fits) op_gap(op, "the contents of input %u, the pads, are not known", input);
    for (uint32_t i = 0; i < 2 * (uint32_t)window->rank; i++)
        window->pads[i] = fits ? expr_resolve(op->algebra, pads->items[i]) : EXPR_UNKNOWN;
}

static void transpose_space(Op *op, TransposeForm form, const Shape *x, const Shape *weights, Shape *y) {
    Window window;
    int64_t sizes[2 * SHAPE_RANK_LIMIT], output_padding[2 * SHAPE_RANK_LIMIT];
    int32_t rank = x->rank - 2;
    if (!window_read(op, rank, &window) || !window_take_kernel(op, &window, weights, 2) ||
        !window_list(op, "output_shape", (uint32_t)rank, -1, 0, sizes) ||
        !window_list(op, "output_padding", (uint32_t)rank, 0, 0, output_padding))
        return;
    if (form.pads != UINT32_MAX) take_pads(op, form.pads, &window);
    for (int32_t i = 0; i < rank; i++)
        y->dims[2 + i] = sizes[i] >= 0 ? expr_integer(op->algebra, sizes[i])
                                       : transposed_size(op, &window, i, x->dims[2 + i], output_padding[i]);
}

/* The weights are (C, M/group, k1, ...). */
static void infer_transpose_as(Op *op, TransposeForm form, uint32_t dtype) {
    Shape x, weights, y;
    if (!read_operands(op, (ConvForm){.x = form.x, .weights = form.weights}, &x, &weights)) {
        op_set(op, 0, dtype, NULL);
        return;
    }
    Expr group = family_positive(op, "group", 1), outputs = EXPR_UNKNOWN;
    shape_fill(&y, x.rank);
    y.dims[0] = x.dims[0];
    if (weights.rank >= 0) {
        Expr inputs = op_equal(op, x.dims[1], weights.dims[0], "input channels and those of the weights");
        if (group) check_divides(op, inputs, group, "input");
        if (group) outputs = expr_multiply(op->algebra, weights.dims[1], group);
    }
    y.dims[1] = check_bias(op, form.bias, outputs);
    if (group) transpose_space(op, form, &x, &weights, &y);
    op_set(op, 0, dtype, &y);
}

void infer_conv_transpose(Op *op) {
    TransposeForm form = {.x = 0, .weights = 1, .bias = 2, .pads = UINT32_MAX};
    infer_transpose_as(op, form, op_dtype(op, 0));
}

void infer_conv_transpose_dynamic(Op *op) {
    infer_transpose_as(op, (TransposeForm){.x = 0, .weights = 1, .bias = 3, .pads = 2}, op_dtype(op, 0));
}

void infer_qlinear_conv_transpose(Op *op) {
    TransposeForm form = {.x = 0, .weights = 3, .bias = 8, .pads = UINT32_MAX};
    infer_transpose_as(op, form, op_dtype(op, 7) ? op_dtype(op, 7) : op_dtype(op, 0));
}

/* ---- causal convolution ---- */

/* X (N, C, L), depthwise: Y as X, and of each channel the last (kernel - 1)*dilation samples for the next call. */
void infer_causal_conv(Op *op) {
    Shape x, weights, state;
    int64_t dilation = op_int(op, "dilation", 1);
    bool is_plain = op_int(op, "ndim", 1) == 1 && op_int(op, "state_window", 0) == 0;
    op_set_like(op, 0, 0);
    if (op_has_input(op, 3)) {
        op_set_like(op, 1, 3);
        return;
    }
    bool is_known =
        is_plain && op_shape(op, 0, &x) && x.rank == 3 && op_shape(op, 1, &weights) && weights.rank >= 1;
    if (is_known) {
        Expr steps = expr_subtract(op->algebra, weights.dims[weights.rank - 1], 1);
        state = (Shape){.rank = 3, .dims = {x.dims[0], x.dims[op_int(op, "channels_last", 0) ? 2 : 1]}};
        state.dims[2] = expr_multiply(op->algebra, steps, expr_integer(op->algebra, dilation));
    } else {
        op_gap(op, "the state is known with one axis, without a window and with its inputs' shapes only");
    }
    op_set(op, 1, op_dtype(op, 0), is_known ? &state : NULL);
}

/* Sequences behind one another: input [tokens, C], the state [B, C, steps], and what changes it, [B, capacity, C] */
void infer_varlen_causal_conv(Op *op) {
    Shape x, state, change = {.rank = 3, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    op_set_like(op, 0, 0);
    op_set_like(op, 1, 4);
    if (op_shape(op, 4, &state) && state.rank == 3) change.dims[0] = state.dims[0];
    if (op_shape(op, 0, &x) && x.rank == 2) change.dims[2] = x.dims[1];
    change.dims[1] = expr_integer(op->algebra, op_int(op, "state_update_capacity", 0));
    op_set(op, 2, op_dtype(op, 0), &change);
}

/* ---- gradients, and the blocked layout of optimised models ---- */

/* dX as X, dW as W, dB as many as the weights have output channels. */
void infer_conv_grad(Op *op) {
    Shape weights, bias = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    op_set_like(op, 0, 1);
    op_set_like(op, 1, 2);
    if (op_shape(op, 2, &weights) && weights.rank > 0) bias.dims[0] = weights.dims[0];
    op_set(op, 2, op_dtype(op, 2), &bias);
}

void infer_conv_transpose_grad(Op *op) {
    Shape bias = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    op_set_like(op, 0, 1);
    op_set_like(op, 1, 2);
    op_gap(op, "how many groups there are is not told");
    op_set(op, 2, op_dtype(op, 2), &bias);
}

/* The input's shape, with channels that come last brought to axis 1, or (is_back) room made for them at the end. False, and
 * the output set, when it is not known. */
static bool read_reordered(Op *op, Shape *shape, bool is_back, bool *channels_last) {
    Shape x;
    if (!op_shape(op, 0, &x) || x.rank < 3) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return false;
    }
    *shape = x;
    *channels_last = op_int(op, "channels_last", 0) != 0;
    for (int32_t i = 2; i < x.rank && *channels_last; i++)
        shape->dims[is_back ? i - 1 : i] = x.dims[is_back ? i : i - 1];
    return true;
}

/* Channels are rounded up to whole blocks, whose size is the processor's. */
void infer_reorder_input(Op *op) {
    Shape shape;
    bool channels_last;
    if (!read_reordered(op, &shape, false, &channels_last)) return;
    shape.dims[1] = EXPR_UNKNOWN;
    op_gap(op, "the size of a block of channels is not told");
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void infer_reorder_output(Op *op) {
    Shape shape;
    bool channels_last;
    if (!read_reordered(op, &shape, true, &channels_last)) return;
    int32_t channels = image_channel_axis(&shape, channels_last);
    shape.dims[channels] = expr_integer(op->algebra, op_int(op, "channels", 0));
    op_set(op, 0, op_dtype(op, 0), &shape);
}
