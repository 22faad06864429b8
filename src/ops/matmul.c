/* MatMul, Gemm and their integer kin.
 */
#include "ops/matmul.h"

#include "ops/rules.h"

/* [..., M, K] · [..., K, N] = [..., M, N] */
bool matmul_shape(Op *op, const Shape *a, const Shape *b, Shape *result) {
    result->rank = -1;
    if (a->rank < 0 || b->rank < 0) return true;
    if (a->rank == 0 || b->rank == 0) {
        op_problem(op, SHAPE_PROBLEM_RANK, "a scalar has no matrix product (ranks %d and %d)", a->rank,
                   b->rank);
        return false;
    }
    Expr inner = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    if (!expr_is_known(op_equal(op, a->dims[a->rank - 1], inner, "inner dimensions")) && expr_is_known(inner))
        return false;
    Shape left = *a, right = *b;
    left.rank = a->rank > 2 ? a->rank - 2 : 0;
    right.rank = b->rank > 2 ? b->rank - 2 : 0;
    if (!op_broadcast(op, &left, &right, result)) return false;
    if (a->rank > 1) result->dims[result->rank++] = a->dims[a->rank - 2];
    if (b->rank > 1) result->dims[result->rank++] = b->dims[b->rank - 1];
    return true;
}

static void set_product(Op *op, uint32_t a_input, uint32_t b_input, uint32_t dtype) {
    Shape a, b, result;
    op_shape(op, a_input, &a);
    op_shape(op, b_input, &b);
    bool done = matmul_shape(op, &a, &b, &result);
    op_set(op, 0, dtype, done ? &result : NULL);
}

void infer_matmul(Op *op) {
    set_product(op, 0, 1, op_dtype(op, 0) ? op_dtype(op, 0) : op_dtype(op, 1));
}

void infer_matmul_integer(Op *op) {
    set_product(op, 0, 1, DTYPE_INT32);
}

/* a, its scale and zero point, b, its scale and zero point, those of y, whose zero point has y's type. */
void infer_qlinear_matmul(Op *op) {
    set_product(op, 0, 3, op_dtype(op, 7) ? op_dtype(op, 7) : op_dtype(op, 0));
}

/* C broadcasts to Y; Y does not grow for it. */
static void check_bias(Op *op, const Shape *result) {
    Shape bias, both;
    if (!op_shape(op, 2, &bias)) return;
    if (bias.rank > 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "C has rank %d, at most 2 is wanted", bias.rank);
        return;
    }
    for (int32_t i = 0; i < bias.rank; i++) {
        Expr dim = bias.dims[i], wanted = result->dims[2 - bias.rank + i];
        if (wanted != 1 || dim == 1 || !expr_is_constant(op->algebra, dim)) continue;
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "C %s does not broadcast to Y %s", op_show_shape(op, &bias),
                   op_show_shape(op, result));
        return;
    }
    op_broadcast(op, result, &bias, &both);
}

/* A' = A or its transpose: [M, K]; B' = [K, N]; Y = [M, N]. C broadcasts to Y. */
void infer_gemm(Op *op) {
    Shape sides[2], result = {.rank = 2, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN}};
    Expr inner[2] = {EXPR_UNKNOWN, EXPR_UNKNOWN};
    static const char *const names[] = {"transA", "transB"};
    for (uint32_t i = 0; i < 2; i++) {
        bool transposed = op_int(op, names[i], 0) != 0;
        if (!op_shape(op, i, &sides[i])) continue;
        if (sides[i].rank != 2) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input %u has rank %d, 2 is wanted", i, sides[i].rank);
            continue;
        }
        bool outer_first = (i == 0) != transposed;
        result.dims[i] = sides[i].dims[outer_first ? 0 : 1];
        inner[i] = sides[i].dims[outer_first ? 1 : 0];
    }
    op_equal(op, inner[0], inner[1], "inner dimensions");
    bool broadcasts = op->version >= 7 || op_int(op, "broadcast", 0) == 0;
    if (broadcasts && expr_is_known(result.dims[0]) && expr_is_known(result.dims[1])) check_bias(op, &result);
    op_set(op, 0, op_dtype(op, 0) ? op_dtype(op, 0) : op_dtype(op, 1), &result);
}

/* ---- costs ---- */

/* What is summed over is the last dimension of A and the one before of B. Transposition swaps the last two; with
 * transBatch, what would be the last but one stands first. */
static Expr inner_of(Op *op, uint32_t input, bool is_right) {
    Shape shape;
    if (!op_shape(op, input, &shape) || shape.rank == 0) return EXPR_UNKNOWN;
    if (shape.rank == 1) return shape.dims[0];
    bool is_transposed = op_int(op, is_right ? "transB" : "transA", 0) != 0;
    bool is_first = op_int(op, is_right ? "transBatchB" : "transBatchA", 0) != 0;
    int32_t rows = is_first ? 0 : shape.rank - 2;
    return shape.dims[is_transposed == is_right ? shape.rank - 1 : rows];
}

Expr matmul_inner(Op *op, uint32_t a, uint32_t b) {
    Expr inner = inner_of(op, a, false);
    return expr_is_known(inner) ? inner : inner_of(op, b, true);
}

void matmul_add_products(Op *op, Cost *cost, uint32_t a, uint32_t b) {
    Expr n = op_elements(op, OUTPUT(0)), k = matmul_inner(op, a, b);
    COST_ADD(op, cost, COST_MACS, op_times(op, n, k), "N(Y)*K", {"N(Y)", n}, {"K", k});
}

void product_add_bias(Op *op, Cost *cost, uint32_t bias) {
    Expr n = op_elements(op, OUTPUT(0));
    if (op_has_input(op, bias)) COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
}

void product_add_zero_points(Op *op, Cost *cost, uint32_t a_zero_point, uint32_t b_zero_point) {
    if (op_is_zero(op, a_zero_point) && op_is_zero(op, b_zero_point)) return;
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 2), "2*N(Y)", {"N(Y)", n});
}

void product_add_requantize(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 5), "5*N(Y)", {"N(Y)", n});
}

/* N(Y)*K. The alpha of fused products is taken to be folded. */
void cost_matmul(Op *op, Cost *cost) {
    matmul_add_products(op, cost, 0, 1);
    if (op_attribute(op, "activation")) /* FusedMatMulActivation */
        cost_activation(op, cost, op_string(op, "activation", ""), op_elements(op, OUTPUT(0)));
}

/* M*N*K. C: M*N. An alpha other than 1 takes M*N, unless a constant operand takes it in; a beta that C is to be multiplied
 * by N(C). */
void cost_gemm(Op *op, Cost *cost) {
    Expr m = op_dim(op, OUTPUT(0), 0), n = op_dim(op, OUTPUT(0), 1), k = matmul_inner(op, 0, 1);
    Expr y = op_times(op, m, n), c = op_elements(op, INPUT(2));
    double alpha = op_float(op, "alpha", 1), beta = op_float(op, "beta", 1);
    bool is_folded = op_is_constant(op, 0) || op_is_constant(op, 1);
    COST_ADD(op, cost, COST_MACS, op_times(op, y, k), "M*N*K", {"M", m}, {"N", n}, {"K", k});
    if (op_has_input(op, 2)) COST_ADD(op, cost, COST_ELEMENTWISE, y, "M*N", {"M", m}, {"N", n});
    if (alpha != 1 && !is_folded) COST_ADD(op, cost, COST_ELEMENTWISE, y, "M*N", {"M", m}, {"N", n});
    if (op_has_input(op, 2) && beta != 0 && beta != 1)
        COST_ADD(op, cost, COST_ELEMENTWISE, c, "N(C)", {"N(C)", c});
    cost_activation(op, cost, op_string(op, "activation", ""), y); /* FusedGemm */
}

/* N(Y)*K in int8, and zero points; MatMulInteger16 has none. */
void cost_matmul_integer(Op *op, Cost *cost) {
    cost->dtype = DTYPE_INT8;
    matmul_add_products(op, cost, 0, 1);
    product_add_zero_points(op, cost, 2, 3);
}

/* N(Y)*K in int8, requantised, and zero points. */
void cost_qlinear_matmul(Op *op, Cost *cost) {
    cost->dtype = DTYPE_INT8;
    matmul_add_products(op, cost, 0, 3);
    product_add_requantize(op, cost);
    product_add_zero_points(op, cost, 2, 5);
}
