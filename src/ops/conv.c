/* Convolution. X is (N, C, D1, ...) or, channels last, (N, D1, ..., C); the weights are (M, C/group, k1, ...).
 *
 * Y = (N, M, (D + pads - ((k - 1)*dilation + 1))/stride + 1, ...)
 */
#include <string.h>

#include "ops/family.h"
#include "ops/matmul.h"
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

/* ---- costs ---- */

/* The window of a convolution over a space of that rank, its kernel from kernel_shape or the weights. */
static bool conv_window(Op *op, ConvForm form, int32_t rank, Window *window) {
    Shape x, weights;
    if (rank < 1 || !window_read(op, rank, window)) return false;
    if (!op_shape(op, form.weights, &weights)) return true;
    int32_t first = 2;
    if (form.weights_vary && op_shape(op, form.x, &x) && x.rank == rank + 2 && weights.rank == rank + 2) {
        Expr channels = x.dims[x.rank - 1], group = family_positive(op, "group", 1);
        bool is_second = op_times(op, weights.dims[1], group) == channels;
        bool is_last = op_times(op, weights.dims[rank + 1], group) == channels;
        if (is_last && !is_second) first = 1;
    }
    if (weights.rank == rank + 2) window_read_kernel(window, &weights, first);
    return true;
}

/* C_in/group: the weights' second dimension, unless they are not known or lie in a layout of their own. */
static Expr channels_per_group(Op *op, ConvForm form) {
    Shape x, weights;
    if (!form.weights_vary && op_shape(op, form.weights, &weights) && weights.rank > 1)
        return weights.dims[1];
    Expr group = family_positive(op, "group", 1);
    if (!op_shape(op, form.x, &x) || x.rank < 2 || !group) return EXPR_UNKNOWN;
    return expr_divide(op->algebra, x.dims[image_channel_axis(&x, form.channels_last)], group);
}

/* B*C_out*(C_in/group)*K_inside, where K_inside are the pairs of a place and a sample of the kernel there that is no padding.
 * Without padding they are all: macs_valid stays as it is. */
static void add_valid(Op *op, Cost *cost, ConvForm form, const Window *window, const Shape *y) {
    Shape x;
    Expr inside = 1, batch = y->dims[0], channels = channels_per_group(op, form);
    Expr outputs = y->dims[image_channel_axis(y, form.channels_last)];
    bool is_padded = false, is_known = op_shape(op, form.x, &x) && x.rank == y->rank;
    for (int32_t i = 0, space = image_space_axis(form.channels_last); i < window->rank; i++) {
        Expr size = is_known ? x.dims[space + i] : EXPR_UNKNOWN, places = y->dims[space + i];
        Expr before = window_pad_before(op, window, i, size, places);
        bool pads = window_is_padded(window, i);
        is_padded = is_padded || pads;
        inside = op_times(op, inside,
                          pads ? window_inside(op, window, i, size, places, before)
                               : op_times(op, places, window->kernel[i]));
    }
    if (!is_padded) return;
    Expr each = op_times(op, op_times(op, batch, outputs), channels);
    COST_ADD(op, cost, COST_MACS_VALID, op_times(op, each, inside), "B*C_out*(C_in/group)*K_inside",
             {"B", batch}, {"C_out", outputs}, {"C_in/group", channels}, {"K_inside", inside});
}

/* N(Y)*(C_in/group)*K, padding included. */
static void add_convolution(Op *op, Cost *cost, ConvForm form) {
    Shape y;
    Window window;
    bool has_shape = op_place_shape(op, OUTPUT(0), &y),
         has_window = has_shape && conv_window(op, form, y.rank - 2, &window);
    if (has_shape && !has_window) cost_gap(op, cost, "its window is not known");
    Expr n = op_elements(op, OUTPUT(0)), channels = channels_per_group(op, form);
    Expr kernel = has_window ? window_kernel_size(op, &window) : EXPR_UNKNOWN;
    COST_ADD(op, cost, COST_MACS, op_times(op, op_times(op, n, channels), kernel), "N(Y)*(C_in/group)*K",
             {"N(Y)", n}, {"C_in/group", channels}, {"K", kernel});
    if (has_window) add_valid(op, cost, form, &window, &y);
}

/* N(Y) for the bias, for a sum that is added (input 3 of fused ones), and a fused activation. */
void cost_conv(Op *op, Cost *cost) {
    bool is_last = strncmp(op->rule->name, "Nhwc", 4) == 0;
    ConvForm form = {.x = 0, .weights = 1, .bias = 2, .channels_last = is_last, .weights_vary = is_last};
    add_convolution(op, cost, form);
    product_add_bias(op, cost, 2);
    product_add_bias(op, cost, 3);
    cost_activation(op, cost, op_string(op, "activation", ""), op_elements(op, OUTPUT(0)));
}

/* In int8, and zero points. */
void cost_conv_integer(Op *op, Cost *cost) {
    cost->dtype = DTYPE_INT8;
    add_convolution(op, cost, (ConvForm){.x = 0, .weights = 1});
    product_add_zero_points(op, cost, 2, 3);
}

/* In int8, requantised; a bias, zero points. */
void cost_qlinear_conv(Op *op, Cost *cost) {
    cost->dtype = DTYPE_INT8;
    add_convolution(op, cost,
                    (ConvForm){.x = 0, .weights = 3, .channels_last = op_int(op, "channels_last", 0) != 0});
    product_add_bias(op, cost, 8);
    product_add_requantize(op, cost);
    product_add_zero_points(op, cost, 2, 5);
}

/* N(Y)*(C_in/group)*K. Each input channel is sampled (4 products, 3 additions) at B*K*OH*OW points; each of these has
 * coordinates and weights of its four neighbours (10) in every offset group, which a mask scales (4). */
void cost_deform_conv(Op *op, Cost *cost) {
    Shape y;
    ConvForm form = {.x = 0, .weights = 1, .bias = 3};
    Window window;
    bool has_shape = op_place_shape(op, OUTPUT(0), &y);
    if (!has_shape) cost->metrics[COST_MACS] = EXPR_UNKNOWN;
    else if (y.rank != 4 || !conv_window(op, form, 2, &window))
        cost_gap(op, cost, "it is counted with two axes of space and a known window only");
    if (!expr_is_known(cost->metrics[COST_MACS])) return;
    Expr n = op_elements(op, OUTPUT(0)), channels = channels_per_group(op, form), c = op_dim(op, INPUT(0), 1);
    Expr batch = y.dims[0], k = window_kernel_size(op, &window), space = op_product(op, &y, 2, 4);
    Expr group = family_positive(op, "offset_group", 1), mask = op_has_input(op, 4) ? 4 : 0;
    if (!group) group = EXPR_UNKNOWN;
    Expr points = op_times(op, op_times(op, batch, k), space);
    COST_ADD(op, cost, COST_MACS, op_times(op, op_times(op, n, channels), k), "N(Y)*(C_in/group)*K",
             {"N(Y)", n}, {"C_in/group", channels}, {"K", k});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_times(op, points, c), 7), "7*B*C_in*K*OH*OW",
             {"B", batch}, {"C_in", c}, {"K", k}, {"OH*OW", space});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_times(op, points, group), 10 + mask),
             "(10 + mask)*B*offset_group*K*OH*OW", {"mask", mask}, {"B", batch}, {"offset_group", group},
             {"K", k}, {"OH*OW", space});
    product_add_bias(op, cost, 3);
}

/* Depthwise: N(Y)*K, of weights (C, 1, K); a bias, and x*sigmoid(x) where it is fused. */
void cost_causal_conv(Op *op, Cost *cost) {
    Shape weights;
    bool is_varlen = strncmp(op->rule->name, "Varlen", 6) == 0;
    Bytes activation = op_string(op, "activation", "none");
    Expr n = op_elements(op, OUTPUT(0)), k = EXPR_UNKNOWN;
    if (op_shape(op, 1, &weights) && weights.rank > 1) k = op_product(op, &weights, 1, weights.rank);
    COST_ADD(op, cost, COST_MACS, op_times(op, n, k), "N(Y)*K", {"N(Y)", n}, {"K", k});
    product_add_bias(op, cost, is_varlen ? 3 : 2);
    if (bytes_equal(activation, BYTES_LITERAL("silu")) || bytes_equal(activation, BYTES_LITERAL("swish"))) {
        COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
        COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N(Y)", {"N(Y)", n});
    } else if (!bytes_equal(activation, BYTES_LITERAL("none"))) {
        cost_activation(op, cost, activation, n);
    }
}

/* An output that is given, or SAME, cuts what the whole would be: half of it before, where that is odd the longer half
 * unless SAME_UPPER puts it behind. */
static Expr transposed_begin(Op *op, const Window *window, int32_t axis, Expr size, Expr made,
                             int64_t output_padding) {
    Bytes auto_pad = op_string(op, "auto_pad", "");
    Window rule = *window;
    Expr stride = expr_integer(op->algebra, window->strides[axis]);
    Expr whole = op_plus(op, op_times(op, op_minus(op, size, 1), stride), window_extent(op, window, axis));
    whole = op_plus(op, whole, expr_integer(op->algebra, output_padding));
    rule.is_lower = !bytes_equal(auto_pad, BYTES_LITERAL("SAME_UPPER"));
    return window_begin(op, &rule, op_minus(op, whole, made));
}

/* As add_valid, with the roles of input and output exchanged: what a sample of the kernel adds to may be cut off. */
static void add_transposed_valid(Op *op, Cost *cost, const Window *window, const Shape *x, const Shape *y,
                                 Expr channels) {
    int64_t sizes[2 * SHAPE_RANK_LIMIT], paddings[2 * SHAPE_RANK_LIMIT];
    uint32_t rank = (uint32_t)window->rank;
    Expr inside = 1, batch = x->dims[0], inputs = x->dims[1];
    bool is_cut = false;
    if (!window_list(op, "output_shape", rank, -1, 0, sizes) ||
        !window_list(op, "output_padding", rank, 0, 0, paddings))
        return;
    for (int32_t i = 0; i < window->rank; i++) {
        Expr size = x->dims[2 + i], made = y->dims[2 + i];
        bool is_given = sizes[i] >= 0 || window->auto_pad == AUTO_PAD_SAME;
        bool cuts = is_given || window_is_padded(window, i);
        Expr begin = is_given ? transposed_begin(op, window, i, size, made, paddings[i]) : window->pads[i];
        is_cut = is_cut || cuts;
        inside = op_times(op, inside,
                          cuts ? window_inside(op, window, i, made, size, begin)
                               : op_times(op, size, window->kernel[i]));
    }
    if (!is_cut) return;
    Expr each = op_times(op, op_times(op, batch, inputs), channels);
    COST_ADD(op, cost, COST_MACS_VALID, op_times(op, each, inside), "B*C_in*(C_out/group)*K_inside",
             {"B", batch}, {"C_in", inputs}, {"C_out/group", channels}, {"K_inside", inside});
}

/* C_out/group: the weights' second dimension. */
static Expr transposed_channels(Op *op, const Shape *y) {
    Shape weights;
    if (op_shape(op, 1, &weights) && weights.rank > 1) return weights.dims[1];
    Expr group = family_positive(op, "group", 1);
    return group ? expr_divide(op->algebra, y->dims[1], group) : EXPR_UNKNOWN;
}

/* N(X)*(C_out/group)*K: every input sample goes through the whole kernel, whatever the output is cut to. A bias: N(Y). */
void cost_conv_transpose(Op *op, Cost *cost) {
    Shape x, y;
    Window window;
    bool is_dynamic = op_has_input(op, 2) && strcmp(op->rule->name, "ConvTransposeWithDynamicPads") == 0;
    bool has_shapes = op_shape(op, 0, &x) && op_place_shape(op, OUTPUT(0), &y) && x.rank == y.rank;
    bool has_window = has_shapes && conv_window(op, (ConvForm){.x = 0, .weights = 1}, x.rank - 2, &window);
    if (has_shapes && !has_window) cost_gap(op, cost, "its window is not known");
    Expr n = op_elements(op, INPUT(0)), channels = has_window ? transposed_channels(op, &y) : EXPR_UNKNOWN;
    Expr k = has_window ? window_kernel_size(op, &window) : EXPR_UNKNOWN;
    COST_ADD(op, cost, COST_MACS, op_times(op, op_times(op, n, channels), k), "N(X)*(C_out/group)*K",
             {"N(X)", n}, {"C_out/group", channels}, {"K", k});
    if (has_window && is_dynamic) take_pads(op, 2, &window);
    if (has_window) add_transposed_valid(op, cost, &window, &x, &y, channels);
    product_add_bias(op, cost, strcmp(op->rule->name, "ConvTransposeWithDynamicPads") == 0 ? 3 : 2);
    cost_activation(op, cost, op_string(op, "activation", ""), op_elements(op, OUTPUT(0)));
}
