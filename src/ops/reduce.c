/* Reductions: dimensions that are reduced become 1 (keepdims) or go away.
 */
#include <string.h>

#include "ops/rules.h"

/* Which axes are reduced: from the attribute, from an input (opset 13 for ReduceSum, 18 for the others), all of them when
 * none are given and noop_with_empty_axes is not set. False when the axes are given but not known: then *count is how
 * many, or -1. */
static bool reduced_axes(Op *op, uint32_t input, int32_t rank, bool *reduced, int64_t *count) {
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t given = 0;
    bool has_axes = op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &given);
    Shape own;
    *count = -1;
    if (!has_axes && op_has_input(op, input)) {
        if (op_shape(op, input, &own) && own.rank == 1 && expr_is_small(own.dims[0])) *count = own.dims[0];
        has_axes = op_constants(op, input, axes, SHAPE_RANK_LIMIT, &given);
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

static void infer_reduction(Op *op, uint32_t axes_input, uint32_t dtype) {
    Shape input, shape = {.rank = 0};
    bool reduced[SHAPE_RANK_LIMIT], keeps = op_int(op, "keepdims", 1) != 0;
    int64_t count;
    if (!op_shape(op, 0, &input)) {
        op_set(op, 0, dtype, NULL);
        return;
    }
    if (!reduced_axes(op, axes_input, input.rank, reduced, &count)) {
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
    infer_reduction(op, 1, op_dtype(op, 0));
}

/* com.microsoft's have their axes as an attribute only. */
void infer_qlinear_reduce_mean(Op *op) {
    infer_reduction(op, UINT32_MAX, op_dtype(op, 0));
}

void infer_reduce_sum_integer(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    infer_reduction(op, UINT32_MAX,
                    dtype == DTYPE_UINT8 ? DTYPE_UINT32
                    : dtype              ? DTYPE_INT32
                                         : DTYPE_UNDEFINED);
}

/* ---- contents ---- */

typedef Expr (*Fold)(Algebra *algebra, Expr a, Expr b);

/* Each input element goes to the output element at its indices with the reduced ones left out; `start` is what nothing at
 * all gives: the elements of a scalar's shape multiply to 1. */
static bool fold_elements(Op *op, Fold fold, Expr start, Expr *items, uint32_t count) {
    Shape input;
    bool reduced[SHAPE_RANK_LIMIT];
    int64_t axes;
    const Contents *data = op_contents(op, 0);
    if (!data || !op_shape(op, 0, &input) || !reduced_axes(op, 1, input.rank, reduced, &axes)) return false;
    for (uint32_t i = 0; i < count; i++) items[i] = start;
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
    return true;
}

static void fold_reduced(Op *op, Fold fold, Expr start) {
    uint32_t count;
    if (!op_output_count(op, 0, &count)) return;
    Expr *items = op_scratch(op, count);
    if (items && fold_elements(op, fold, start, items, count)) op_set_contents(op, 0, items, count);
}

void contents_reduce_sum(Op *op) {
    fold_reduced(op, expr_add, 0);
}
void contents_reduce_prod(Op *op) {
    fold_reduced(op, expr_multiply, 1);
}
void contents_reduce_max(Op *op) {
    fold_reduced(op, expr_max, EXPR_UNKNOWN);
}
void contents_reduce_min(Op *op) {
    fold_reduced(op, expr_min, EXPR_UNKNOWN);
}

/* Of whole numbers a whole number, towards 0. */
void contents_reduce_mean(Op *op) {
    uint32_t count, all;
    if (!op_output_count(op, 0, &count) || !op_input_count(op, 0, &all) || count == 0 || all == 0) return;
    Expr *items = op_scratch(op, count);
    if (!items || !fold_elements(op, expr_add, 0, items, count)) return;
    uint32_t dtype = op_dtype(op, 0);
    Fold divide = dtype != DTYPE_UNDEFINED && !dtype_is_float(dtype) ? expr_truncate_divide : expr_divide;
    for (uint32_t i = 0; i < count; i++) items[i] = divide(op->algebra, items[i], (Expr)(all / count));
    op_set_contents(op, 0, items, count);
}

/* As X; the axis is input 1. */
void infer_cumulative(Op *op) {
    Shape shape;
    int64_t axis;
    if (op_shape(op, 0, &shape) && expr_to_integer(op->algebra, op_item(op, 1, 0), &axis))
        op_axis(op, axis, shape.rank);
    op_set_like(op, 0, 0);
}

/* Along `axis` (input 1): y[i] = y[i - 1] + x[i], from the other end when `reverse`, x[i] left out when `exclusive`. */
static void accumulate(Op *op, Fold fold, Expr start) {
    Shape shape;
    int64_t given;
    const Contents *data = op_contents(op, 0);
    if (!data || !op_shape(op, 0, &shape) || !expr_to_integer(op->algebra, op_item(op, 1, 0), &given)) return;
    if (given < -shape.rank || given >= shape.rank || data->count == 0) return;
    int32_t axis = (int32_t)(given < 0 ? given + shape.rank : given);
    Expr *items = op_scratch(op, data->count);
    if (!items) return;
    bool exclusive = op_int(op, "exclusive", 0) != 0, reverse = op_int(op, "reverse", 0) != 0;
    uint32_t stride = 1, dim = (uint32_t)shape.dims[axis];
    for (int32_t i = axis + 1; i < shape.rank; i++) stride *= (uint32_t)shape.dims[i];
    for (uint32_t n = 0; n < data->count; n++) {
        uint32_t i = reverse ? data->count - 1 - n : n, before = reverse ? i + stride : i - stride;
        bool is_first = i / stride % dim == (reverse ? dim - 1 : 0);
        Expr sum = is_first ? start : items[before];
        if (!exclusive) items[i] = fold(op->algebra, sum, data->items[i]);
        else items[i] = is_first ? start : fold(op->algebra, sum, data->items[before]);
    }
    op_set_contents(op, 0, items, data->count);
}

void contents_cum_sum(Op *op) {
    accumulate(op, expr_add, 0);
}
void contents_cum_prod(Op *op) {
    accumulate(op, expr_multiply, 1);
}

/* ---- costs ---- */

/* Per element of X, per element of Y, and the transcendentals of both: ReduceMean is N(X) - N(Y) additions and N(Y) divisions.
 */
typedef struct ReduceCost {
    const char *name;
    int64_t inputs, outputs;
    const char *elementwise;
    bool roots, exps; /* N(Y), N(X) transcendentals */
} ReduceCost;

static const ReduceCost reduce_costs[] = {
    {"ReduceMean", 1, 0, "N(X)", false, false},
    {"DistributedReduceMean", 1, 0, "N(X)", false, false},
    {"ReduceL1", 2, 1, "2*N(X) - N(Y)", false, false},
    {"ReduceSumSquare", 2, 1, "2*N(X) - N(Y)", false, false},
    {"ReduceL2", 2, 1, "2*N(X) - N(Y)", true, false},
    {"ReduceLogSum", 1, 1, "N(X) - N(Y)", true, false},
    {"ReduceLogSumExp", 3, 1, "3*N(X) - N(Y)", true, true},
    {"", 1, 1, "N(X) - N(Y)", false, false}, /* sums, products, least and greatest ones, arguments */
};

void cost_reduce(Op *op, Cost *cost) {
    const ReduceCost *known = reduce_costs;
    while (known->name[0] && strcmp(known->name, op->rule->name) != 0) known++;
    Expr x = op_elements(op, INPUT(0)), y = op_elements(op, OUTPUT(0));
    Expr count = op_minus(op, op_times(op, x, known->inputs), op_times(op, y, known->outputs));
    COST_ADD(op, cost, COST_ELEMENTWISE, count, known->elementwise, {"N(X)", x}, {"N(Y)", y});
    if (known->roots) COST_ADD(op, cost, COST_TRANSCENDENTALS, y, "N(Y)", {"N(Y)", y});
    if (known->exps) COST_ADD(op, cost, COST_TRANSCENDENTALS, x, "N(X)", {"N(X)", x});
}

/* N(X) - N(X)/L: a running sum of L elements needs L - 1 additions. */
void cost_cumulative(Op *op, Cost *cost) {
    int64_t axis = 0;
    uint32_t count;
    bool is_known = op_constants(op, 1, &axis, 1, &count) && count == 1;
    Expr n = op_elements(op, INPUT(0)), rows = is_known ? op_rows(op, 0, axis, false) : EXPR_UNKNOWN;
    if (!expr_is_known(rows)) cost_gap(op, cost, "the axis is not known");
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, n, rows), "N(X) - N(X)/L", {"N(X)", n},
             {"L", is_known ? op_dim(op, INPUT(0), (int32_t)axis) : EXPR_UNKNOWN});
}
