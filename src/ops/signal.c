/* Fourier transforms and what goes with them. */
#include <string.h>

#include "ops/family.h"
#include "ops/rules.h"

/* A number given as a scalar input; unknown, with a gap, when it is not known. */
static Expr scalar(Op *op, uint32_t input, const char *name) {
    Expr value = expr_resolve(op->algebra, op_item(op, input, 0));
    if (!expr_is_known(value)) op_gap(op, "%s is not known", name);
    return value;
}

/* n/2 + 1, the half of a spectrum of n that says all. */
static Expr half(Op *op, Expr n) {
    return expr_add(op->algebra, expr_floor_divide(op->algebra, n, 2), 1);
}

/* [.., n along axis, .., 1 or 2] -> [.., N, .., 2] with N = dft_length, else n; onesided floor(N/2) + 1. Back from
 * one side (inverse and onesided): [.., dft_length, else 2*(n - 1), .., 1]. */
static void infer_fourier(Op *op, bool is_axis_known, int64_t axis) {
    Shape shape;
    if (!op_shape(op, 0, &shape) || shape.rank < 2) {
        if (shape.rank >= 0)
            op_problem(op, SHAPE_PROBLEM_RANK, "the input has rank %d, at least 2 is wanted", shape.rank);
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    bool is_inverse = op_int(op, "inverse", 0) != 0, is_onesided = op_int(op, "onesided", 0) != 0;
    int32_t last = shape.rank - 1;
    if (is_onesided && !is_inverse && shape.dims[last] == 2)
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "onesided is for real numbers, the last dimension is 2");
    shape.dims[last] = is_inverse && is_onesided ? 1 : 2;
    if (!is_axis_known) {
        op_gap(op, "the axis is not known");
        bool is_same = !is_onesided && !op_has_input(op, 1);
        for (int32_t i = 0; i < last && !is_same; i++) shape.dims[i] = EXPR_UNKNOWN;
        op_set(op, 0, op_dtype(op, 0), &shape);
        return;
    }
    int32_t along = op_axis(op, axis, shape.rank);
    if (along == last)
        op_problem(op, SHAPE_PROBLEM_AXIS, "axis %d is the one of real and imaginary parts", along);
    if (along < 0 || along == last) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    Expr n = shape.dims[along];
    if (is_onesided && is_inverse) n = expr_multiply(op->algebra, expr_subtract(op->algebra, n, 1), 2);
    if (op_has_input(op, 1)) n = scalar(op, 1, "dft_length");
    if (is_onesided && !is_inverse) n = half(op, n);
    shape.dims[along] = n;
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void infer_dft_17(Op *op) {
    infer_fourier(op, true, op_int(op, "axis", 1));
}

/* From opset 20 on the axis is an input. */
void infer_dft(Op *op) {
    int64_t axis = -2;
    bool is_known = !op_has_input(op, 2) ||
                    expr_to_integer(op->algebra, expr_resolve(op->algebra, op_item(op, 2, 0)), &axis);
    infer_fourier(op, is_known, axis);
}

/* [B, L(, 1 or 2)] -> [B, floor((L - F)/step) + 1, F or floor(F/2) + 1, 2] with F = frame_length, else the window's. */
void infer_stft(Op *op) {
    Shape signal, window, shape = {.rank = 4, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, 2}};
    bool is_known = op_shape(op, 0, &signal);
    if (is_known && signal.rank != 2 && signal.rank != 3) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the signal has rank %d, 2 or 3 is wanted", signal.rank);
        is_known = false;
    }
    Expr frame = EXPR_UNKNOWN, step = expr_resolve(op->algebra, op_item(op, 1, 0));
    if (op_has_input(op, 3)) frame = expr_resolve(op->algebra, op_item(op, 3, 0));
    if (op_has_input(op, 2) && family_ranked(op, 2, "the window", 1, &window))
        frame = op_equal(op, frame, window.dims[0], "frame_length and the window's length");
    if (!op_has_input(op, 2) && !op_has_input(op, 3))
        op_problem(op, SHAPE_PROBLEM_ARITY, "neither window nor frame_length is given");
    if (!expr_is_known(frame)) op_gap(op, "the frame length is not known");
    if (expr_is_known(step) && expr_less(op->algebra, 0, step) == TRUTH_FALSE) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "frame_step is %s, at least 1 is wanted", op_show(op, step));
        step = EXPR_UNKNOWN;
    }
    if (!expr_is_known(step)) op_gap(op, "frame_step is not known");
    shape.dims[2] = op_int(op, "onesided", 1) ? half(op, frame) : frame;
    if (is_known) {
        Expr room = expr_subtract(op->algebra, signal.dims[1], frame);
        shape.dims[0] = signal.dims[0];
        shape.dims[1] = expr_add(op->algebra, expr_floor_divide(op->algebra, room, step), 1);
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* size -> [size] */
void infer_window(Op *op) {
    Shape shape = {.rank = 1, .dims = {scalar(op, 0, "size")}};
    op_set(op, 0, family_dtype(op, "output_datatype", DTYPE_FLOAT32), &shape);
}

/* [floor(dft_length/2) + 1, num_mel_bins] */
void infer_mel_weight_matrix(Op *op) {
    Shape shape = {.rank = 2};
    shape.dims[0] = half(op, scalar(op, 1, "dft_length"));
    shape.dims[1] = scalar(op, 0, "num_mel_bins");
    op_set(op, 0, family_dtype(op, "output_datatype", DTYPE_FLOAT32), &shape);
}

/* ---- costs ---- */

/* How long a transform is: dft_length, else what the signal has along the axis; back from one side, twice
 * that less 2. The output says it where the length is a value that is not known, unless only one side is
 * left. */
static Expr transform_length(Op *op, int32_t along, bool is_onesided, bool is_inverse) {
    Expr n = op_dim(op, INPUT(0), along);
    if (op_has_input(op, 1)) {
        n = expr_resolve(op->algebra, op_item(op, 1, 0));
        return expr_is_known(n) || (is_onesided && !is_inverse) ? n : op_dim(op, OUTPUT(0), along);
    }
    return is_onesided && is_inverse ? op_times(op, op_minus(op, n, 1), 2) : n;
}

/* 5*n*ceil(log2(n)) for R complex signals, half of that where one side is real, or left out. Where it is
 * not known whether the signal is real, it is taken not to be. */
static void add_transforms(Op *op, Cost *cost, Expr n, Expr signals, bool is_half) {
    Expr steps = expr_ceil_log2(op->algebra, n);
    Expr count = op_times(op, op_times(op, n, steps), op_times(op, signals, 5));
    if (is_half) count = expr_divide(op->algebra, count, 2);
    COST_ADD(op, cost, COST_ELEMENTWISE, count, is_half ? "5*n*ceil_log2(n)*R/2" : "5*n*ceil_log2(n)*R",
             {"n", n}, {"ceil_log2(n)", steps}, {"R", signals});
}

static void cost_fourier(Op *op, Cost *cost, bool is_axis_known, int64_t axis) {
    Shape shape;
    bool is_onesided = op_int(op, "onesided", 0) != 0, is_inverse = op_int(op, "inverse", 0) != 0;
    if (!op_shape(op, 0, &shape)) {
        add_transforms(op, cost, EXPR_UNKNOWN, EXPR_UNKNOWN, false);
        return;
    }
    int32_t last = shape.rank - 1, along = is_axis_known ? op_axis(op, axis, shape.rank) : -1;
    if (along < 0 || along == last) {
        cost_gap(op, cost, is_axis_known ? "the axis is none of the signal" : "the axis is not known");
        return;
    }
    Expr n = transform_length(op, along, is_onesided, is_inverse);
    if (!expr_is_known(n)) cost_gap(op, cost, "dft_length is not known");
    Expr before = op_product(op, &shape, 0, along), behind = op_product(op, &shape, along + 1, last);
    add_transforms(op, cost, n, op_times(op, before, behind), is_onesided || shape.dims[last] == 1);
}

/* The axis is an attribute before opset 20, then an input. */
void cost_dft(Op *op, Cost *cost) {
    bool is_attribute = op->rule->since < 20;
    int64_t axis = is_attribute ? op_int(op, "axis", 1) : -2;
    bool is_known = is_attribute || !op_has_input(op, 2) ||
                    expr_to_integer(op->algebra, expr_resolve(op->algebra, op_item(op, 2, 0)), &axis);
    cost_fourier(op, cost, is_known, axis);
}

/* B*F frames: a product with the window, and a transform of n: half of a complex one where one side of a
 * real signal is kept. */
void cost_stft(Op *op, Cost *cost) {
    Shape signal;
    Expr window = op_has_input(op, 2) ? op_elements(op, INPUT(2)) : 0;
    Expr n = op_has_input(op, 3) ? expr_resolve(op->algebra, op_item(op, 3, 0)) : EXPR_UNKNOWN;
    if (!expr_is_known(n) && op_has_input(op, 2)) n = window;
    if (!expr_is_known(n)) cost_gap(op, cost, "the frame length is not known");
    Expr batch = op_dim(op, OUTPUT(0), 0), frames = op_dim(op, OUTPUT(0), 1);
    bool is_complex = op_shape(op, 0, &signal) && signal.rank == 3 && signal.dims[2] == 2;
    bool is_half = op_int(op, "onesided", 1) != 0 && !is_complex;
    Expr steps = expr_ceil_log2(op->algebra, n), each = op_times(op, op_times(op, n, steps), 5);
    if (is_half) each = expr_divide(op->algebra, each, 2);
    Expr count = op_times(op, op_times(op, batch, frames), op_plus(op, window, each));
    COST_ADD(op, cost, COST_ELEMENTWISE, count,
             is_half ? "B*F*(n_window + 5*n*ceil_log2(n)/2)" : "B*F*(n_window + 5*n*ceil_log2(n))",
             {"B", batch}, {"F", frames}, {"n_window", window}, {"n", n}, {"ceil_log2(n)", steps});
}

/* A cosine for each element (Blackman: two), scaled, weighted and added. */
void cost_window(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    bool is_blackman = strcmp(op->rule->name, "BlackmanWindow") == 0;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, is_blackman ? 6 : 3), is_blackman ? "6*n" : "3*n",
             {"n", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, n, is_blackman ? 2 : 1), is_blackman ? "2*n" : "n",
             {"n", n});
}

/* Two slopes for each element; each bin's edges go from hertz to mel and back. */
void cost_mel_weight_matrix(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0)), bins = op_dim(op, OUTPUT(0), 1);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 4), "4*N(Y)", {"N(Y)", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, bins, 2), "2*n_mels", {"n_mels", bins});
}
