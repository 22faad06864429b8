/* Operators that pick elements or say where they are.
 */
#include <stdlib.h>

#include "ops/family.h"
#include "ops/rules.h"

/* Y has the indices' shape with a dimension of `depth` at `axis`; its type is that of values [off, on]. */
void infer_one_hot(Op *op) {
    Shape indices;
    Expr depth = expr_resolve(op->algebra, op_item(op, 1, 0));
    if (!op_shape(op, 0, &indices) || indices.rank >= SHAPE_RANK_LIMIT) {
        op_set(op, 0, op_dtype(op, 2), NULL);
        return;
    }
    if (!expr_is_known(depth)) op_gap(op, "the depth is not known");
    int32_t axis = op_axis(op, op_int(op, "axis", -1), indices.rank + 1);
    if (axis < 0) return;
    Shape shape = {.rank = indices.rank + 1};
    for (int32_t i = 0, from = 0; i < shape.rank; i++)
        shape.dims[i] = i == axis ? depth : indices.dims[from++];
    op_set(op, 0, op_dtype(op, 2), &shape);
}

/* Each index becomes `depth` elements along the axis: off, and on where it says. Before opset 11 one below 0 is outside. */
void contents_one_hot(Op *op) {
    Shape indices;
    uint32_t count, stride = 1;
    const Contents *data = op_contents(op, 0);
    int64_t axis = op_int(op, "axis", -1), depth, index;
    Expr off = op_item(op, 2, 0), on = op_item(op, 2, 1);
    if (!data || data->count == 0 || !op_shape(op, 0, &indices) || !op_output_count(op, 0, &count)) return;
    if (axis < -(int64_t)indices.rank - 1 || axis > indices.rank) return;
    if (axis < 0) axis += indices.rank + 1;
    for (int32_t i = (int32_t)axis; i < indices.rank; i++) stride *= (uint32_t)indices.dims[i];
    Expr *items = op_scratch(op, count);
    depth = count / data->count;
    if (!items || (uint64_t)depth * data->count != count) return;
    for (uint32_t i = 0; i < data->count; i++) {
        bool is_known = expr_to_integer(op->algebra, data->items[i], &index);
        if (is_known && index < 0 && op->version >= 11) index += depth;
        Expr *first = items + (size_t)(i / stride) * stride * (size_t)depth + i % stride;
        for (int64_t d = 0; d < depth; d++)
            first[(size_t)d * stride] = !is_known ? EXPR_UNKNOWN : d == index ? on : off;
    }
    op_set_contents(op, 0, items, count);
}

/* As X, a stack of matrices */
void infer_trilu(Op *op) {
    Shape shape;
    if (op_shape(op, 0, &shape) && shape.rank < 2)
        op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 2 or more is wanted", shape.rank);
    op_set_like(op, 0, 0);
}

/* As X; sequence_lens is as long as its batch axis, and that and the time axis are the first two, either way round. */
void infer_reverse_sequence(Op *op) {
    Shape shape, lengths;
    int64_t time = op_int(op, "time_axis", 0), batch = op_int(op, "batch_axis", 1);
    op_set_like(op, 0, 0);
    if (time < 0 || time > 1 || batch < 0 || batch > 1 || time == batch) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "time_axis is %lld, batch_axis %lld: 0 and 1 are wanted",
                   (long long)time, (long long)batch);
        return;
    }
    if (!op_shape(op, 0, &shape)) return;
    if (shape.rank < 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 2 or more is wanted", shape.rank);
        return;
    }
    if (family_ranked(op, 1, "sequence_lens", 1, &lengths))
        op_equal(op, lengths.dims[0], shape.dims[batch], "sequence lengths and the batch");
}

/* As input 0, whose elements `to` names another type for, of as many bits */
void infer_bit_cast(Op *op) {
    uint32_t from = op_dtype(op, 0), to = family_dtype(op, "to", DTYPE_UNDEFINED);
    if (from && to && dtype_bits(from) != dtype_bits(to))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "%s has %u bits, %s has %u", dtype_name(from),
                   dtype_bits(from), dtype_name(to), dtype_bits(to));
    op_set_like_as(op, 0, 0, to);
}

/* The input, its upper or lower triangle kept. */
void contents_trilu(Op *op) {
    Shape shape;
    const Contents *data = op_contents(op, 0);
    if (!data || !op_shape(op, 0, &shape) || shape.rank < 2) return;
    int64_t k = 0, rows = shape.dims[shape.rank - 2], columns = shape.dims[shape.rank - 1];
    if (op_has_input(op, 1) && !expr_to_integer(op->algebra, op_item(op, 1, 0), &k)) return;
    bool upper = op_int(op, "upper", 1) != 0;
    Expr *items = op_scratch(op, data->count);
    if (!items) return;
    for (uint32_t i = 0; i < data->count; i++) {
        int64_t row = i / columns % rows, column = i % columns;
        bool keep = upper ? column - row >= k : column - row <= k;
        items[i] = keep ? data->items[i] : 0;
    }
    op_set_contents(op, 0, items, data->count);
}

/* Y = the data's shape, `axis` 1 (keepdims) or gone */
void infer_arg(Op *op) {
    Shape data, shape = {.rank = 0};
    if (!op_shape(op, 0, &data)) {
        op_set(op, 0, DTYPE_INT64, NULL);
        return;
    }
    int32_t axis = op_axis(op, op_int(op, "axis", 0), data.rank);
    if (axis < 0) return;
    bool keeps = op_int(op, "keepdims", 1) != 0;
    for (int32_t i = 0; i < data.rank; i++) {
        if (i != axis) shape.dims[shape.rank++] = data.dims[i];
        else if (keeps) shape.dims[shape.rank++] = 1;
    }
    op_set(op, 0, DTYPE_INT64, &shape);
}

/* Where the greatest (least) element is along `axis`: of equal ones the first, or the last. Elements that cannot be
 * compared for all values of the symbols leave theirs unknown. */
static Expr find_extreme(Op *op, const Expr *data, uint32_t dim, uint32_t stride, bool greatest, bool last) {
    uint32_t best = 0;
    for (uint32_t i = 0; i < dim; i++) {
        Expr old = data[(size_t)best * stride], new = data[(size_t)i * stride];
        if (!expr_is_known(new)) return EXPR_UNKNOWN;
        Expr less = greatest ? old : new, more = greatest ? new : old;
        Truth better = i == 0 ? TRUTH_FALSE
                       : last ? expr_less_equal(op->algebra, less, more)
                              : expr_less(op->algebra, less, more);
        if (better == TRUTH_UNKNOWN) return EXPR_UNKNOWN;
        if (better == TRUTH_TRUE) best = i;
    }
    return best;
}

static void find_extremes(Op *op, bool greatest) {
    Shape shape;
    uint32_t count, dim, stride = 1;
    const Contents *data = op_contents(op, 0);
    int64_t axis = op_int(op, "axis", 0);
    if (!data || data->count == 0 || !op_shape(op, 0, &shape) || !op_output_count(op, 0, &count)) return;
    if (axis < -shape.rank || axis >= shape.rank) return;
    if (axis < 0) axis += shape.rank;
    for (int32_t i = (int32_t)axis + 1; i < shape.rank; i++) stride *= (uint32_t)shape.dims[i];
    dim = (uint32_t)shape.dims[axis];
    Expr *items = op_scratch(op, count);
    if (!items || (uint64_t)count * dim != data->count) return;
    bool last = op_int(op, "select_last_index", 0) != 0;
    for (uint32_t i = 0; i < count; i++) {
        const Expr *first = data->items + (size_t)(i / stride) * stride * dim + i % stride;
        items[i] = find_extreme(op, first, dim, stride, greatest, last);
    }
    op_set_contents(op, 0, items, count);
}

void contents_arg_max(Op *op) {
    find_extremes(op, true);
}
void contents_arg_min(Op *op) {
    find_extremes(op, false);
}

/* Values, Indices: X's shape, `axis` k long; k is an attribute before opset 10, then input 1 */
void infer_top_k(Op *op) {
    Shape shape;
    bool is_known = op_shape(op, 0, &shape);
    int32_t axis = is_known ? op_axis(op, op_int(op, "axis", -1), shape.rank) : -1;
    if (axis < 0) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        op_set(op, 1, DTYPE_INT64, NULL);
        return;
    }
    Expr k = EXPR_UNKNOWN;
    if (op->rule->since >= 10) k = expr_resolve(op->algebra, op_item(op, 1, 0));
    else if (op_attribute(op, "k")) k = expr_integer(op->algebra, op_int(op, "k", 0));
    int64_t wanted, available;
    if (!expr_is_known(k)) {
        op_gap(op, "k is not known");
    } else if (expr_to_integer(op->algebra, k, &wanted) &&
               (wanted < 0 ||
                (expr_to_integer(op->algebra, shape.dims[axis], &available) && wanted > available))) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "k is %lld, axis %d of %s has no such number of elements",
                   (long long)wanted, axis, op_show_shape(op, &shape));
        k = EXPR_UNKNOWN;
    }
    shape.dims[axis] = k;
    op_set(op, 0, op_dtype(op, 0), &shape);
    op_set(op, 1, DTYPE_INT64, &shape);
}

/* pairs of a value and where it is: by value, the first of equal ones first */
static int compare_up(const void *a, const void *b) {
    const Expr *x = a, *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static int compare_down(const void *a, const void *b) {
    const Expr *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0]) - (x[0] > y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* Of a vector whose elements are all known. */
void contents_top_k(Op *op) {
    Shape input;
    const Contents *data = op_contents(op, 0);
    uint32_t count;
    if (!data || !op_shape(op, 0, &input) || input.rank != 1 || op_int(op, "sorted", 1) == 0) return;
    if (!op_output_count(op, 0, &count) || count > data->count) return;
    Expr *pairs = op_scratch(op, 2ull * data->count), *items = op_scratch(op, count);
    if (!pairs || !items) return;
    for (uint32_t i = 0; i < data->count; i++) {
        if (!expr_to_integer(op->algebra, data->items[i], &pairs[2 * i])) return;
        pairs[2 * i + 1] = i;
    }
    qsort(pairs, data->count, 2 * sizeof *pairs, op_int(op, "largest", 1) != 0 ? compare_down : compare_up);
    for (uint32_t i = 0; i < count; i++) items[i] = expr_integer(op->algebra, pairs[2 * i]);
    op_set_contents(op, 0, items, count);
    for (uint32_t i = 0; i < count; i++) items[i] = pairs[2 * i + 1];
    op_set_contents(op, 1, items, count);
}

/* The most a dimension (a product of dimensions) can be; INT64_MAX when nothing is known. */
static int64_t most_of(const Op *op, Expr dim) {
    int64_t least, most = INT64_MAX;
    if (expr_is_known(dim)) expr_bounds(op->algebra, dim, &least, &most);
    return most;
}

/* How many items of an input's contents are not 0; EXPR_UNKNOWN when that is not certain. */
static Expr count_set(Op *op, uint32_t input) {
    const Contents *contents = op_contents(op, input);
    int64_t set = 0, value;
    if (!contents) return EXPR_UNKNOWN;
    for (uint32_t i = 0; i < contents->count; i++) {
        if (!expr_to_integer(op->algebra, contents->items[i], &value)) return EXPR_UNKNOWN;
        set += value != 0;
    }
    return set;
}

/* [X's rank, the elements that are not 0]; for a scalar [0, n], unlike numpy */
void infer_non_zero(Op *op) {
    Shape input;
    bool is_known = op_shape(op, 0, &input);
    Expr found = count_set(op, 0);
    if (!expr_is_known(found)) {
        int64_t most = is_known ? most_of(op, op_product(op, &input, 0, input.rank)) : INT64_MAX;
        found = op_data_dim(op, 0, 1, 0, most, "how many elements are not 0");
    }
    op_set(op, 0, DTYPE_INT64, &(Shape){.rank = 2, .dims = {is_known ? input.rank : EXPR_UNKNOWN, found}});
}

/* The positions in a vector whose elements are all known: exporters write ranges so. */
void contents_non_zero(Op *op) {
    Shape input;
    const Contents *data = op_contents(op, 0);
    uint32_t count, found = 0;
    int64_t value;
    if (!data || !op_shape(op, 0, &input) || input.rank != 1 || !op_output_count(op, 0, &count)) return;
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < data->count && found < count; i++)
        if (expr_to_integer(op->algebra, data->items[i], &value) && value != 0) items[found++] = i;
    if (found == count) op_set_contents(op, 0, items, count);
}

/* boxes [batches, n, 4], scores [batches, classes, n]; selected_indices [found, 3], at most batches * classes *
 * min(n, max_output_boxes_per_class) of them; without input 2 none is selected */
void infer_non_max_suppression(Op *op) {
    Shape boxes, scores;
    int64_t most = INT64_MAX;
    if (op_shape(op, 0, &boxes) && op_shape(op, 1, &scores)) {
        if (boxes.rank != 3 || scores.rank != 3) {
            op_problem(op, SHAPE_PROBLEM_RANK, "boxes %s and scores %s, rank 3 is wanted of both",
                       op_show_shape(op, &boxes), op_show_shape(op, &scores));
        } else {
            op_equal(op, boxes.dims[2], 4, "the last dimension of boxes");
            op_equal(op, boxes.dims[0], scores.dims[0], "batches of boxes and scores");
            Expr each = op_equal(op, boxes.dims[1], scores.dims[2], "boxes and their scores");
            Expr limit = expr_resolve(op->algebra, op_has_input(op, 2) ? op_item(op, 2, 0) : 0);
            if (expr_is_known(limit) && expr_is_known(each)) each = expr_min(op->algebra, each, limit);
            if (expr_is_known(each))
                most = most_of(op, expr_multiply(op->algebra, op_product(op, &scores, 0, 2), each));
        }
    }
    Expr found = op_data_dim(op, 0, 0, 0, most < 0 ? 0 : most, "how many boxes are selected");
    op_set(op, 0, DTYPE_INT64, &(Shape){.rank = 2, .dims = {found, 3}});
}

/* Y: X with `axis` as long as there are different slices, without an axis [n]; indices [n]; inverse_indices as long as the
 * axis (all of X); counts [n] */
void infer_unique(Op *op) {
    Shape input;
    bool is_known = op_shape(op, 0, &input), has_axis = op_attribute(op, "axis") != NULL;
    int32_t axis = has_axis && is_known ? op_axis(op, op_int(op, "axis", 0), input.rank) : -1;
    Expr all = axis >= 0               ? input.dims[axis]
               : is_known && !has_axis ? op_product(op, &input, 0, input.rank)
                                       : EXPR_UNKNOWN;
    Expr n =
        op_data_dim(op, 0, axis < 0 ? 0 : (uint32_t)axis, 0, most_of(op, all), "how many elements differ");
    Shape found = {.rank = 1, .dims = {n}}, inverse = {.rank = 1, .dims = {all}};
    if (axis >= 0) input.dims[axis] = n;
    op_set(op, 0, op_dtype(op, 0), axis >= 0 ? &input : has_axis ? NULL : &found);
    op_set(op, 1, DTYPE_INT64, &found);
    op_set(op, 2, DTYPE_INT64, &inverse);
    op_set(op, 3, DTYPE_INT64, &found);
}

/* The slices along `axis` (the elements, without an axis) where the condition holds; a condition may be shorter. */
void infer_compress(Op *op) {
    Shape input, condition, found = {.rank = 1};
    bool is_known = op_shape(op, 0, &input), has_axis = op_attribute(op, "axis") != NULL;
    int32_t axis = has_axis && is_known ? op_axis(op, op_int(op, "axis", 0), input.rank) : -1;
    Expr kept = count_set(op, 1);
    family_ranked(op, 1, "condition", 1, &condition);
    if (!expr_is_known(kept)) {
        int64_t most = INT64_MAX, conditions = INT64_MAX;
        if (axis >= 0) most = most_of(op, input.dims[axis]);
        else if (is_known && !has_axis) most = most_of(op, op_product(op, &input, 0, input.rank));
        if (op_shape(op, 1, &condition) && condition.rank == 1) conditions = most_of(op, condition.dims[0]);
        kept = op_data_dim(op, 0, axis < 0 ? 0 : (uint32_t)axis, 0, conditions < most ? conditions : most,
                           "how often the condition holds");
    }
    found.dims[0] = kept;
    if (axis >= 0) input.dims[axis] = kept;
    op_set(op, 0, op_dtype(op, 0), axis >= 0 ? &input : has_axis ? NULL : &found);
}

/* As the input, a matrix; its type is `dtype` where that is given. */
void infer_eye_like(Op *op) {
    Shape shape;
    family_ranked(op, 0, "input 0", 2, &shape);
    op_set_like_as(op, 0, 0, family_dtype(op, "dtype", op_dtype(op, 0)));
}

/* [*, M, M] -> [*] */
void infer_det(Op *op) {
    Shape shape;
    if (!op_shape(op, 0, &shape)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    if (shape.rank < 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 2 or more is wanted", shape.rank);
        return;
    }
    op_equal(op, shape.dims[shape.rank - 2], shape.dims[shape.rank - 1], "rows and columns");
    shape.rank -= 2;
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- costs ---- */

/* Heap selection: of R rows of L elements each goes past ceil(log2(k)) of the k kept ones. */
void cost_top_k(Op *op, Cost *cost) {
    Shape shape;
    Expr n = op_elements(op, INPUT(0)), k = EXPR_UNKNOWN;
    if (op->rule->since >= 10) k = expr_resolve(op->algebra, op_item(op, 1, 0));
    else if (op_attribute(op, "k")) k = expr_integer(op->algebra, op_int(op, "k", 0));
    for (uint32_t i = 0; i < 2 && !expr_is_known(k); i++)
        if (op_get_output_shape(op, i, &shape)) k = op_dim(op, OUTPUT(i), (int32_t)op_int(op, "axis", -1));
    if (!expr_is_known(k)) cost_gap(op, cost, "k is not known");
    Expr steps = expr_ceil_log2(op->algebra, expr_max(op->algebra, k, 2));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, steps), "N(X)*ceil_log2(max(k, 2))", {"N(X)", n},
             {"ceil_log2(max(k, 2))", steps});
}

/* Sorting: N*ceil(log2(N)) comparisons; slices along an axis of L are compared element by element,
 * N*ceil(log2(L)). */
void cost_unique(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0)), length = n;
    bool has_axis = op->rule->domain[0] == '\0' && op_attribute(op, "axis") != NULL;
    Shape shape;
    if (has_axis && op_shape(op, 0, &shape)) {
        int32_t axis = op_axis(op, op_int(op, "axis", 0), shape.rank);
        length = axis < 0 ? EXPR_UNKNOWN : shape.dims[axis];
        if (axis < 0) cost_gap(op, cost, "the axis is none of the input");
    }
    Expr steps = expr_ceil_log2(op->algebra, length);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, steps),
             has_axis ? "N(X)*ceil_log2(L)" : "N(X)*ceil_log2(N(X))", {"N(X)", n},
             {has_axis ? "ceil_log2(L)" : "ceil_log2(N(X))", steps});
}

/* A comparison for each element. */
void cost_non_zero(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(X)", {"N(X)", n});
}

/* At least the threshold, for each of C classes and N boxes of B images. At most all pass it and are
 * sorted, and none of the kept ones (k, no more than max_output_boxes_per_class) overlaps another: 12
 * operations for each pair, and 3 for each box's area. */
void cost_non_max_suppression(Op *op, Cost *cost) {
    Shape scores;
    bool is_known = op_shape(op, 1, &scores) && scores.rank == 3;
    Expr batch = is_known ? scores.dims[0] : EXPR_UNKNOWN, classes = is_known ? scores.dims[1] : EXPR_UNKNOWN;
    Expr n = is_known ? scores.dims[2] : EXPR_UNKNOWN, steps = expr_ceil_log2(op->algebra, n);
    Expr limit = op_has_input(op, 2) ? expr_resolve(op->algebra, op_item(op, 2, 0)) : 0;
    Expr kept = expr_is_known(limit) ? expr_max(op->algebra, 0, expr_min(op->algebra, n, limit)) : n;
    Expr each = op_plus(op, op_plus(op, 1, steps), op_times(op, kept, 12));
    Expr tested = op_times(op, op_times(op, batch, classes), n);
    Expr most = op_plus(op, op_times(op, tested, each), op_times(op, op_times(op, batch, n), 3));
    cost->bound = COST_UPPER;
    COST_ADD(op, cost, COST_ELEMENTWISE, most, "B*C*(N + N*ceil_log2(N) + 12*N*k) + 3*B*N", {"B", batch},
             {"C", classes}, {"N", n}, {"ceil_log2(N)", steps}, {"k", kept});
    COST_ADD(op, cost, COST_ELEMENTWISE_LOW, tested, "B*C*N", {"B", batch}, {"C", classes}, {"N", n});
}

/* R matrices of n rows and columns. */
static Expr matrices(Op *op, Cost *cost, Expr *n) {
    Shape shape;
    *n = EXPR_UNKNOWN;
    if (!op_shape(op, 0, &shape)) return EXPR_UNKNOWN;
    if (shape.rank < 2) cost_gap(op, cost, "the input has no rows and columns");
    if (shape.rank < 2) return EXPR_UNKNOWN;
    *n = shape.dims[shape.rank - 1];
    return op_product(op, &shape, 0, shape.rank - 2);
}

/* LU: n^3/3, and the product of the diagonal. */
void cost_det(Op *op, Cost *cost) {
    Expr n, r = matrices(op, cost, &n), cube = op_times(op, n, op_times(op, n, n));
    COST_ADD(op, cost, COST_MACS, expr_divide(op->algebra, op_times(op, r, cube), 3), "R*n*n*n/3", {"R", r},
             {"n", n});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, r, n), "R*n", {"R", r}, {"n", n});
}

void cost_inverse(Op *op, Cost *cost) {
    Expr n, r = matrices(op, cost, &n), cube = op_times(op, n, op_times(op, n, n));
    COST_ADD(op, cost, COST_MACS, op_times(op, r, cube), "R*n*n*n", {"R", r}, {"n", n});
}
