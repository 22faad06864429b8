/* com.microsoft's operators on quantised tensors that are no products: each takes its scales and zero points next to the
 * tensors. And the ones on complex numbers, kept as pairs along a last dimension of 2.
 */
#include <string.h>

#include "ops/family.h"
#include "ops/rules.h"

/* ---- elementwise ---- */

/* Inputs `list` broadcast together. */
static void set_broadcast(Op *op, uint32_t dtype, const uint32_t *list, uint32_t count) {
    Shape result, other;
    op_shape(op, list[0], &result);
    for (uint32_t i = 1; i < count; i++) {
        op_shape(op, list[i], &other);
        if (op_broadcast(op, &result, &other, &result)) continue;
        result.rank = -1;
        break;
    }
    op_set(op, 0, dtype, &result);
}

/* A, its scale and zero point, B, its scale and zero point, those of C */
void infer_qlinear_binary(Op *op) {
    set_broadcast(op, op_dtype(op, 0) ? op_dtype(op, 0) : op_dtype(op, 3), (uint32_t[]){0, 3}, 2);
}

/* A, its zero point, B, its zero point */
void infer_mul_integer(Op *op) {
    set_broadcast(op, DTYPE_INT32, (uint32_t[]){0, 2}, 2);
}

/* condition, X, its scale and zero point, Y, its scale and zero point, those of Z */
void infer_qlinear_where(Op *op) {
    set_broadcast(op, op_dtype(op, 1) ? op_dtype(op, 1) : op_dtype(op, 4), (uint32_t[]){0, 1, 4}, 3);
}

/* ---- Concat ---- */

/* y's scale and zero point, then a tensor, its scale and zero point, for each */
void infer_qlinear_concat(Op *op) {
    Shape result;
    if (op->inputs.count % 3 != 2)
        op_problem(op, SHAPE_PROBLEM_ARITY, "%u inputs, 2 and 3 for each tensor are wanted",
                   op->inputs.count);
    op_concat(op, 2, 3, 0, &result);
    op_set(op, 0, op_dtype(op, 1), &result);
}

/* ---- there and back ---- */

void infer_quantize_with_order(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_INT8);
}

void infer_dequantize_with_order(Op *op) {
    op_set_like_as(op, 0, 0, family_dtype(op, "to", DTYPE_UNDEFINED));
}

/* Blocks of numbers that share an exponent, as bytes; the shape and strides of before. */
void infer_quantize_bfp(Op *op) {
    Shape input, sizes = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    if (op_shape(op, 0, &input)) sizes.dims[0] = input.rank;
    Expr bytes = op_data_dim(op, 0, 0, 0, INT64_MAX, "how many bytes the device's block format takes");
    op_set(op, 0, DTYPE_UINT8, &(Shape){.rank = 1, .dims = {bytes}});
    op_set(op, 1, DTYPE_INT64, &sizes);
    op_set(op, 2, DTYPE_INT64, &sizes);
}

void infer_dequantize_bfp(Op *op) {
    Shape shape;
    if (!op_shape_from(op, 1, &shape)) op_gap(op, "the shape, an input, is not known");
    op_set(op, 0, family_dtype(op, "dtype", DTYPE_FLOAT32), &shape);
}

/* output as input; the mask of what was not clipped */
void infer_fake_quant(Op *op) {
    op_set_like(op, 0, 0);
    op_set_like_as(op, 1, 0, DTYPE_BOOL);
}

/* input [B, S, E], V's weights [E, H*Dv] */
void infer_qordered_attention(Op *op) {
    Shape input, weights;
    if (op_shape(op, 0, &input) && input.rank != 3) {
        op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 3 is wanted", input.rank);
        return;
    }
    if (input.rank == 3)
        input.dims[2] = op_shape(op, 7, &weights) && weights.rank == 2 ? weights.dims[1] : EXPR_UNKNOWN;
    op_set(op, 0, DTYPE_INT8, &input);
}

/* ---- Fourier transforms ---- */

/* [..., N] becomes [..., N/2 + 1, 2], or [..., N, 2] when both sides are kept */
void infer_rfft(Op *op) {
    Shape shape;
    int64_t axes = op_int(op, "signal_ndim", 1);
    if (op_shape(op, 0, &shape)) {
        if (axes < 1 || shape.rank < axes || shape.rank == SHAPE_RANK_LIMIT) {
            op_problem(op, SHAPE_PROBLEM_RANK, "signal_ndim is %lld for a shape of rank %d", (long long)axes,
                       shape.rank);
            return;
        }
        Expr *last = &shape.dims[shape.rank - 1];
        if (op_int(op, "onesided", 1))
            *last = expr_add(op->algebra, expr_floor_divide(op->algebra, *last, 2), 1);
        shape.dims[shape.rank++] = 2;
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* [..., N, 2] becomes [..., 2(N - 1)], or [..., N] when both sides are there */
void infer_irfft(Op *op) {
    Shape shape;
    int64_t axes = op_int(op, "signal_ndim", 1);
    if (op_shape(op, 0, &shape)) {
        if (axes < 1 || shape.rank - 1 < axes) {
            op_problem(op, SHAPE_PROBLEM_RANK, "signal_ndim is %lld for a shape of rank %d", (long long)axes,
                       shape.rank);
            return;
        }
        op_equal(op, shape.dims[shape.rank - 1], 2, "the last dimension, of complex numbers, and 2");
        shape.rank--;
        Expr *last = &shape.dims[shape.rank - 1];
        if (op_int(op, "onesided", 1))
            *last = expr_multiply(op->algebra, 2, expr_subtract(op->algebra, *last, 1));
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- costs ---- */

/* Both inputs count as broadcast. */
void cost_qlinear_binary(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    cost_requantize(op, cost, op_times(op, n, 2), n);
    COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
}

/* QLinearSigmoid: a transcendental; QLinearLeakyRelu: a product and a selection. Kernels look all 256
 * results up. */
void cost_qlinear_unary(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    bool is_sigmoid = strcmp(op->rule->name, "QLinearSigmoid") == 0;
    cost->flags |= COST_IN_PLACE;
    cost_requantize(op, cost, n, n);
    if (is_sigmoid) COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N(Y)", {"N(Y)", n});
    else COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 2), "2*N(Y)", {"N(Y)", n});
}

/* All axes from `axis` on are one where `opset` is below 13. */
void cost_qlinear_softmax(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    Expr rows = op_rows(op, 0, op_int(op, "axis", -1), op_int(op, "opset", 13) < 13);
    if (!expr_is_known(rows) && expr_is_known(n)) cost_gap(op, cost, "the axis is none of the input");
    cost->flags |= COST_IN_PLACE;
    cost_requantize(op, cost, n, n);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, n, 4), op_times(op, rows, 2)),
             "4*N(X) - 2*R", {"N(X)", n}, {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N(X)", {"N(X)", n});
}

void cost_qlinear_concat(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    cost_requantize(op, cost, n, n);
}

/* Rfft, Irfft: of R signals of n = n1*n2.. numbers, real on one side, half of 5*n*log2(n), n1's logarithm
 * and n2's added. n is read from the side that is real. */
void cost_rfft(Op *op, Cost *cost) {
    Shape shape;
    int64_t axes = op_int(op, "signal_ndim", 1);
    bool is_known =
        strcmp(op->rule->name, "Irfft") == 0 ? op_get_output_shape(op, 0, &shape) : op_shape(op, 0, &shape);
    bool fits = is_known && axes >= 1 && axes <= shape.rank;
    if (is_known && !fits) cost_gap(op, cost, "signal_ndim does not fit the rank");
    Expr steps = 0, n = EXPR_UNKNOWN, signals = EXPR_UNKNOWN;
    if (fits) {
        int32_t first = shape.rank - (int32_t)axes;
        for (int32_t i = first; i < shape.rank; i++)
            steps = op_plus(op, steps, expr_ceil_log2(op->algebra, shape.dims[i]));
        n = op_product(op, &shape, first, shape.rank);
        signals = op_product(op, &shape, 0, first);
    }
    Expr count = op_times(op, op_times(op, n, steps), op_times(op, signals, 5));
    COST_ADD(op, cost, COST_ELEMENTWISE, expr_divide(op->algebra, count, 2), "5*n*ceil_log2(n)*R/2", {"n", n},
             {"ceil_log2(n)", steps}, {"R", signals});
}
