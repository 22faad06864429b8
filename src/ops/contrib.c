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

/* ---- costs ---- */

/* M*N*K in int8; requantised, or, without a scale of Y, only scaled: N(Y). alpha goes into the scale. */
void cost_qgemm(Op *op, Cost *cost) {
    Expr m = op_dim(op, OUTPUT(0), 0), n = op_dim(op, OUTPUT(0), 1), k = matmul_inner(op, 0, 3);
    Expr y = op_times(op, m, n);
    cost->dtype = DTYPE_INT8;
    COST_ADD(op, cost, COST_MACS, op_times(op, y, k), "M*N*K", {"M", m}, {"N", n}, {"K", k});
    product_add_bias(op, cost, 6);
    product_add_zero_points(op, cost, 2, 5);
    if (op_has_input(op, 7)) product_add_requantize(op, cost);
    else COST_ADD(op, cost, COST_ELEMENTWISE, y, "N(Y)", {"N(Y)", y});
}

static void add_scaled_products(Op *op, Cost *cost, uint32_t bias) {
    Expr y = op_elements(op, OUTPUT(0));
    cost->dtype = DTYPE_INT8;
    matmul_add_products(op, cost, 0, 1);
    COST_ADD(op, cost, COST_ELEMENTWISE, y, "N(Y)", {"N(Y)", y});
    product_add_bias(op, cost, bias);
}

/* N(Y)*K in int8; N(Y) for the scale, N(Y) for the bias. */
void cost_matmul_integer_to_float(Op *op, Cost *cost) {
    add_scaled_products(op, cost, 6);
}

/* The same, and A is quantised: 2*N(A) for its least and greatest, 5*N(A) to scale, round, shift and clamp. */
void cost_dynamic_quantize_matmul(Op *op, Cost *cost) {
    Expr a = op_elements(op, INPUT(0));
    add_scaled_products(op, cost, 4);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, a, 7), "2*N(A) + 5*N(A)", {"N(A)", a});
}

static Expr positive_or(Op *op, const char *name, Expr fallback) {
    int64_t value = op_int(op, name, 0);
    return value > 0 ? expr_integer(op->algebra, value) : fallback;
}

/* N(Y)*K, in A's type or, at accuracy level 4, in int8. K*N weights are widened: a subtraction and a product each (dequant).
 * Bytes are those of the packed weights, as they are stored. */
void cost_matmul_nbits(Op *op, Cost *cost) {
    bool transposed = op_int(op, "transB", 1) != 0; /* MatMulBnb4 for gradients: A [..., N] */
    Expr y = op_elements(op, OUTPUT(0));
    Expr k = positive_or(op, transposed ? "K" : "N", op_dim(op, INPUT(0), -1));
    Expr n = positive_or(op, transposed ? "N" : "K", op_dim(op, OUTPUT(0), -1));
    if (op_int(op, "accuracy_level", 0) == 4) cost->dtype = DTYPE_INT8;
    COST_ADD(op, cost, COST_MACS, op_times(op, y, k), "N(Y)*K", {"N(Y)", y}, {"K", k});
    COST_ADD(op, cost, COST_DEQUANT, op_times(op, op_times(op, n, k), 2), "2*N*K", {"N", n}, {"K", k});
    product_add_bias(op, cost, 5);
}

/* Bytes of an input's rows that are picked along gather_axis. */
static Expr picked_nbytes(Op *op, uint32_t input) {
    Shape shape;
    if (!op_has_input(op, input)) return 0;
    if (!op_shape(op, input, &shape)) return EXPR_UNKNOWN;
    int32_t axis = op_axis(op, op_int(op, "gather_axis", 0), shape.rank);
    uint32_t bits = dtype_bits(op_dtype(op, input));
    if (axis < 0 || bits == 0) return EXPR_UNKNOWN;
    shape_drop_axis(&shape, axis);
    Expr each = op_product(op, &shape, 0, shape.rank), n = op_elements(op, INPUT(1));
    return expr_ceil_divide(op->algebra, op_times(op, op_times(op, n, each), bits), 8);
}

/* Bits of a number of the table; those that uint8 holds several of are as wide as the attribute says. */
static uint32_t packed_bits(Op *op) {
    int64_t bits = op_int(op, "bits", 4);
    bool is_packed = op_dtype(op, 0) == DTYPE_UINT8 && (bits == 2 || bits == 4);
    return is_packed ? (uint32_t)bits : dtype_bits(op_dtype(op, 0));
}

/* 2*N(Y): the zero point taken away and the scale. Only what is picked is read, with its scales and zero points. */
void cost_gather_block_quantized(Op *op, Cost *cost) {
    Expr y = op_elements(op, OUTPUT(0));
    uint32_t bits = packed_bits(op);
    Expr rows = bits ? expr_ceil_divide(op->algebra, op_times(op, y, bits), 8) : EXPR_UNKNOWN;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, y, 2), "2*N(Y)", {"N(Y)", y});
    cost_bytes_none(cost);
    cost->metrics[COST_BYTES_WRITTEN] = op_nbytes(op, OUTPUT(0));
    cost_reads(op, cost, 0, rows);
    cost_reads(op, cost, 1, op_nbytes(op, INPUT(1)));
    cost_reads(op, cost, 2, picked_nbytes(op, 2));
    cost_reads(op, cost, 3, picked_nbytes(op, 3));
}
