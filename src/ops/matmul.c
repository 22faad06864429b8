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
