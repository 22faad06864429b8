/* Reductions: dimensions that are reduced become 1 (keepdims) or go away.
 */
#include "ops/rules.h"

/* Which axes are reduced: from the attribute, from input 1 (opset 13 for ReduceSum, 18 for the others), all of them when
 * none are given and noop_with_empty_axes is not set. False when the axes are given but not known: then *count is how
 * many, or -1. */
static bool reduced_axes(Op *op, int32_t rank, bool *reduced, int64_t *count) {
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t given = 0;
    bool has_axes = op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &given);
    Shape own;
    *count = -1;
    if (!has_axes && op_has_input(op, 1)) {
        if (op_shape(op, 1, &own) && own.rank == 1 && expr_is_small(own.dims[0])) *count = own.dims[0];
        has_axes = op_constants(op, 1, axes, SHAPE_RANK_LIMIT, &given);
        if (!has_axes && *count != 0) return false;
    }
    bool reduce_all = given == 0 && op_int(op, "noop_with_empty_axes", 0) == 0;
    for (int32_t i = 0; i < rank; i++) reduced[i] = reduce_all;
    for (uint32_t i = 0; i < given; i++) {
        int32_t axis = op_axis(op, axes[i], rank);
        if (axis < 0) return false;
        reduced[axis] = true;
    }
    return true;
}

static void infer_reduction(Op *op, uint32_t dtype) {
    Shape input, shape = {.rank = 0};
    bool reduced[SHAPE_RANK_LIMIT], keeps = op_int(op, "keepdims", 1) != 0;
    int64_t count;
    if (!op_shape(op, 0, &input)) {
        op_set(op, 0, dtype, NULL);
        return;
    }
    if (!reduced_axes(op, input.rank, reduced, &count)) {
        op_gap(op, "the axes to reduce are not known");
        shape.rank = keeps                               ? input.rank
                     : count >= 0 && count <= input.rank ? input.rank - (int32_t)count
                                                         : -1;
        for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = EXPR_UNKNOWN;
        op_set(op, 0, dtype, &shape);
        return;
    }
    for (int32_t i = 0; i < input.rank; i++) {
        if (!reduced[i]) shape.dims[shape.rank++] = input.dims[i];
        else if (keeps) shape.dims[shape.rank++] = 1;
    }
    op_set(op, 0, dtype, &shape);
}

void infer_reduce(Op *op) {
    infer_reduction(op, op_dtype(op, 0));
}

/* ---- contents ---- */

typedef Expr (*Fold)(Algebra *algebra, Expr a, Expr b);

/* Each input element goes to the output element at its indices with the reduced ones left out. */
static bool fold_elements(Op *op, Fold fold, Expr *items, uint32_t count) {
    Shape input;
    bool reduced[SHAPE_RANK_LIMIT];
    int64_t axes;
    const Contents *data = op_contents(op, 0);
    if (!data || !op_shape(op, 0, &input) || !reduced_axes(op, input.rank, reduced, &axes)) return false;
    for (uint32_t i = 0; i < count; i++) items[i] = EXPR_UNKNOWN;
    bool seen[CONTENTS_LIMIT] = {false};
    for (uint32_t i = 0; i < data->count; i++) {
        uint32_t rest = i, at = 0, stride = 1;
        for (int32_t d = input.rank; d-- > 0;) {
            uint32_t dim = (uint32_t)input.dims[d], index = rest % dim;
            rest /= dim;
            if (reduced[d]) continue;
            at += index * stride;
            stride *= dim;
        }
        if (at >= count) return false;
        items[at] = seen[at] ? fold(op->algebra, items[at], data->items[i]) : data->items[i];
        seen[at] = true;
    }
    return data->count > 0;
}

static void fold_reduced(Op *op, Fold fold) {
    uint32_t count;
    if (!op_output_count(op, 0, &count)) return;
    Expr *items = op_scratch(op, count);
    if (items && fold_elements(op, fold, items, count)) op_set_contents(op, 0, items, count);
}

void contents_reduce_sum(Op *op) {
    fold_reduced(op, expr_add);
}
void contents_reduce_prod(Op *op) {
    fold_reduced(op, expr_multiply);
}
void contents_reduce_max(Op *op) {
    fold_reduced(op, expr_max);
}
void contents_reduce_min(Op *op) {
    fold_reduced(op, expr_min);
}

void contents_reduce_mean(Op *op) {
    uint32_t count, all;
    if (!op_output_count(op, 0, &count) || count == 0 || !op_input_count(op, 0, &all)) return;
    Expr *items = op_scratch(op, count);
    if (!items || !fold_elements(op, expr_add, items, count)) return;
    for (uint32_t i = 0; i < count; i++) items[i] = expr_divide(op->algebra, items[i], (Expr)(all / count));
    op_set_contents(op, 0, items, count);
}
