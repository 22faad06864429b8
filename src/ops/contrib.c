/* com.microsoft's products: matrix products with transposition, packed or quantised weights, an activation or a bias inside,
 * and gathering from quantised tables.
 */
#include "ops/matmul.h"
#include "ops/rules.h"

/* ---- plain operands ---- */

/* The operand as matmul takes it: [batch..., M, K] of what is kept as [batch..., K, M] (trans), [M, batch..., K]
 * (trans_batch) or [K, batch..., M] (both). */
static void transpose_operand(Shape *shape, bool trans, bool trans_batch) {
    if (shape->rank < 2) return;
    Shape was = *shape;
    int32_t last = was.rank - 1, rows = trans_batch ? 0 : last - 1;
    for (int32_t i = 0; i < last - 1; i++) shape->dims[i] = was.dims[trans_batch ? i + 1 : i];
    shape->dims[last - 1] = was.dims[trans ? last : rows];
    shape->dims[last] = was.dims[trans ? rows : last];
}

static void set_matmul(Op *op, uint32_t a_input, uint32_t b_input, uint32_t dtype) {
    Shape a, b, result;
    op_shape(op, a_input, &a);
    op_shape(op, b_input, &b);
    transpose_operand(&a, op_int(op, "transA", 0) != 0, op_int(op, "transBatchA", 0) != 0);
    transpose_operand(&b, op_int(op, "transB", 0) != 0, op_int(op, "transBatchB", 0) != 0);
    op_set(op, 0, dtype, matmul_shape(op, &a, &b, &result) ? &result : NULL);
}

void infer_fused_matmul(Op *op) {
    set_matmul(op, 0, 1, op_dtype(op, 0) ? op_dtype(op, 0) : op_dtype(op, 1));
}

/* A is sparse. */
void infer_sparse_to_dense_matmul(Op *op) {
    set_matmul(op, 0, 1, op_dtype(op, 1));
}

/* a, its scale, b, its scale, that of y */
void infer_qordered_matmul(Op *op) {
    set_matmul(op, 0, 2, DTYPE_INT8);
}

void infer_matmul_integer_16(Op *op) {
    bool is_unsigned = op_dtype(op, 0) == DTYPE_UINT16 && op_dtype(op, 1) == DTYPE_UINT16;
    set_matmul(op, 0, 1, is_unsigned ? DTYPE_UINT32 : DTYPE_INT32);
}

/* Dequantised: the type of a's scale */
void infer_matmul_integer_to_float(Op *op) {
    set_matmul(op, 0, 1, op_dtype(op, 2));
}

/* [M, N] of two matrices */
static void set_gemm(Op *op, uint32_t a_input, uint32_t b_input, uint32_t dtype) {
    Shape sides[2], result = {.rank = 2, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN}};
    Expr inner[2] = {EXPR_UNKNOWN, EXPR_UNKNOWN};
    uint32_t inputs[] = {a_input, b_input};
    for (uint32_t i = 0; i < 2; i++) {
        if (!op_shape(op, inputs[i], &sides[i])) continue;
        if (sides[i].rank != 2) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input %u has rank %d, 2 is wanted", inputs[i], sides[i].rank);
            continue;
        }
        transpose_operand(&sides[i], op_int(op, i ? "transB" : "transA", 0) != 0, false);
        result.dims[i] = sides[i].dims[i];
        inner[i] = sides[i].dims[1 - i];
    }
    op_equal(op, inner[0], inner[1], "inner dimensions");
    op_set(op, 0, dtype, &result);
}

/* a, its scale and zero point, b, its scale and zero point, C, y's scale and zero point: float32 without those */
void infer_qgemm(Op *op) {
    uint32_t dtype = op_has_input(op, 8)   ? op_dtype(op, 8)
                     : op_has_input(op, 7) ? op_dtype(op, 0)
                                           : DTYPE_FLOAT32;
    set_gemm(op, 0, 3, dtype);
}

void infer_gemm_float8(Op *op) {
    int64_t dtype = op_int(op, "dtype", DTYPE_FLOAT32);
    bool is_known = dtype > 0 && dtype <= UINT8_MAX && dtype_is_known((uint32_t)dtype);
    if (!is_known)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute dtype is %lld, no element type", (long long)dtype);
    set_gemm(op, 0, 1, is_known ? (uint32_t)dtype : DTYPE_UNDEFINED);
}

/* ---- packed weights ---- */

/* A [..., rows]: output i is [..., columns], both as attributes. */
static void set_columns(Op *op, uint32_t i, const char *rows, const char *columns) {
    Shape shape;
    int64_t inner = op_int(op, rows, 0), count = op_int(op, columns, 0);
    if (count < 1)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is %lld, at least 1 is wanted", columns,
                   (long long)count);
    if (op_shape(op, 0, &shape)) {
        if (shape.rank == 0) {
            op_problem(op, SHAPE_PROBLEM_RANK, "A is a scalar");
            return;
        }
        if (inner > 0)
            op_equal(op, shape.dims[shape.rank - 1], expr_integer(op->algebra, inner),
                     "the last dimension of A and the weights' rows");
        shape.dims[shape.rank - 1] = count > 0 ? expr_integer(op->algebra, count) : EXPR_UNKNOWN;
    }
    op_set(op, i, op_dtype(op, 0), &shape);
}

/* A [..., K] times the packed weights of N columns */
void infer_matmul_nbits(Op *op) {
    set_columns(op, 0, "K", "N");
}

/* The weights are kept as [N, K]: A [..., K] times their transpose or, for gradients, A [..., N] times them */
void infer_matmul_bnb4(Op *op) {
    bool transposed = op_int(op, "transB", 1) != 0;
    set_columns(op, 0, transposed ? "K" : "N", transposed ? "N" : "K");
}

/* A [..., K], B [N, bytes]: `per_byte` numbers of a row lie in each. */
static void set_block_quantized(Op *op, Expr per_byte) {
    Shape a, b;
    bool is_known = op_shape(op, 0, &a), has_weights = op_shape(op, 1, &b);
    if ((has_weights && b.rank != 2) || (is_known && a.rank == 0)) {
        op_problem(op, SHAPE_PROBLEM_RANK, "A has rank %d, B rank %d; at least 1, and 2 are wanted",
                   is_known ? a.rank : -1, has_weights ? b.rank : -1);
        a.rank = -1;
    }
    if (a.rank > 0) {
        Expr inner = has_weights ? expr_multiply(op->algebra, b.dims[1], per_byte) : EXPR_UNKNOWN;
        op_equal(op, a.dims[a.rank - 1], inner, "inner dimensions");
        a.dims[a.rank - 1] = has_weights ? b.dims[0] : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), &a);
}

void infer_matmul_block_quantized_fp4(Op *op) {
    set_block_quantized(op, 2);
}

void infer_matmul_block_quantized_fp8(Op *op) {
    set_block_quantized(op, 1);
}

/* The products of a gated network's two halves, multiplied; and what was normalised before. */
void infer_matmul_nbits_mlp(Op *op) {
    set_columns(op, 0, "K", "N");
    op_set_like(op, 1, 0);
}

void infer_matmul_nbits_qkv(Op *op) {
    set_columns(op, 0, "K", "Nq");
    set_columns(op, 1, "K", "Nkv");
    set_columns(op, 2, "K", "Nkv");
    op_set_like(op, 3, 0);
}

/* K and N are the contents of input 2. */
void infer_matmul_fpq4(Op *op) {
    Shape a, b, result;
    op_shape(op, 0, &a);
    if (!op_shape_from(op, 2, &b)) op_gap(op, "the shape of the weights, an input, is not known");
    op_set(op, 0, op_dtype(op, 0), matmul_shape(op, &a, &b, &result) ? &result : NULL);
}

/* data gathered along gather_axis, as Gather does; uint8 holds 8/bits numbers along the last axis. dtype of the scales. */
void infer_gather_block_quantized(Op *op) {
    Shape data, indices, shape = {.rank = 0};
    int64_t bits = op_int(op, "bits", 4), axis = op_int(op, "gather_axis", 0);
    bool is_known = op_shape(op, 0, &data);
    if (!op_shape(op, 1, &indices) || !is_known) {
        op_set(op, 0, op_dtype(op, 2), NULL);
        return;
    }
    int32_t at = op_axis(op, axis, data.rank);
    if (at < 0) return;
    if (data.rank - 1 + indices.rank > SHAPE_RANK_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "rank %d is over the limit of %d", data.rank - 1 + indices.rank,
                   SHAPE_RANK_LIMIT);
        return;
    }
    if (op_dtype(op, 0) == DTYPE_UINT8 && (bits == 2 || bits == 4))
        data.dims[data.rank - 1] = expr_multiply(op->algebra, data.dims[data.rank - 1], 8 / bits);
    for (int32_t i = 0; i < at; i++) shape.dims[shape.rank++] = data.dims[i];
    for (int32_t i = 0; i < indices.rank; i++) shape.dims[shape.rank++] = indices.dims[i];
    for (int32_t i = at + 1; i < data.rank; i++) shape.dims[shape.rank++] = data.dims[i];
    op_set(op, 0, op_dtype(op, 2), &shape);
}

/* softmax of data and bias with some dropped, the mask of what was, and the softmax */
void infer_bias_softmax_dropout(Op *op) {
    op_set_like(op, 0, 0);
    op_set_like_as(op, 1, 0, DTYPE_BOOL);
    op_set_like(op, 2, 0);
}
