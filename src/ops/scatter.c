/* ScatterND, ScatterElements: data with some elements replaced; GatherND, GatherElements: the other way.
 */
#include <string.h>

#include "ops/rules.h"

static bool is_text(Bytes bytes, const char *text) {
    return bytes_equal(bytes, (Bytes){text, strlen(text)});
}

/* What an update makes of an element: the attribute reduction (none: the update itself). */
static Expr update(Op *op, Bytes reduction, Expr old, Expr new) {
    if (is_text(reduction, "none")) return new;
    if (is_text(reduction, "add")) return expr_add(op->algebra, old, new);
    if (is_text(reduction, "mul")) return expr_multiply(op->algebra, old, new);
    if (is_text(reduction, "max")) return expr_max(op->algebra, old, new);
    if (is_text(reduction, "min")) return expr_min(op->algebra, old, new);
    return EXPR_UNKNOWN;
}

/* Y = data; Y[indices[i]] = updates[i]. Exporters build shapes with it. */
void contents_scatter_nd(Op *op) {
    Shape data_shape, index_shape;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1), *updates = op_contents(op, 2);
    if (!data || !indices || !updates || !op_shape(op, 0, &data_shape) || !op_shape(op, 1, &index_shape))
        return;
    if (index_shape.rank == 0) return;
    Bytes reduction = op_string(op, "reduction", "none");
    uint32_t depth = (uint32_t)index_shape.dims[index_shape.rank - 1];
    if (depth == 0 || depth > (uint32_t)data_shape.rank) return;
    uint32_t block = 1, tuples = indices->count / depth;
    for (int32_t i = (int32_t)depth; i < data_shape.rank; i++) block *= (uint32_t)data_shape.dims[i];
    Expr *items = op_scratch(op, data->count);
    if (!items || (uint64_t)tuples * block > updates->count) return;
    memcpy(items, data->items, data->count * sizeof *items);
    for (uint32_t t = 0; t < tuples; t++) {
        uint64_t at = 0;
        for (uint32_t d = 0; d < depth; d++) {
            int64_t index, dim = data_shape.dims[d];
            if (!expr_to_integer(op->algebra, indices->items[t * depth + d], &index)) return;
            if (index < 0) index += dim;
            if (index < 0 || index >= dim) return;
            at = at * (uint64_t)dim + (uint64_t)index;
        }
        for (uint32_t i = 0; i < block; i++)
            items[at * block + i] =
                update(op, reduction, items[at * block + i], updates->items[t * block + i]);
    }
    op_set_contents(op, 0, items, data->count);
}

/* Y as data; updates: the indices' dims but the last, then data's dims behind those that are indexed */
void infer_scatter_nd(Op *op) {
    Shape data, indices, updates;
    int64_t depth;
    op_set_like(op, 0, 0);
    if (!op_shape(op, 0, &data) || !op_shape(op, 1, &indices)) return;
    if (data.rank == 0 || indices.rank == 0) {
        op_problem(op, SHAPE_PROBLEM_RANK, "data has rank %d, indices %d, 1 or more is wanted of both",
                   data.rank, indices.rank);
        return;
    }
    int32_t ahead = indices.rank - 1;
    if (!expr_to_integer(op->algebra, indices.dims[ahead], &depth)) return;
    if (depth < 0 || depth > data.rank) {
        op_problem(op, SHAPE_PROBLEM_RANK, "%lld indices do not fit rank %d", (long long)depth, data.rank);
        return;
    }
    if (!op_shape(op, 2, &updates)) return;
    if (updates.rank != ahead + data.rank - (int32_t)depth) {
        op_problem(op, SHAPE_PROBLEM_RANK, "updates have rank %d, %d is wanted", updates.rank,
                   ahead + data.rank - (int32_t)depth);
        return;
    }
    for (int32_t i = 0; i < updates.rank; i++)
        op_equal(op, updates.dims[i], i < ahead ? indices.dims[i] : data.dims[(int32_t)depth + i - ahead],
                 "updates and what they replace");
}

/* The axis of data whose indices input 1 holds: its rank is that of data. -1 after a report. */
static int32_t element_axis(Op *op, const Shape *data, const Shape *indices) {
    if (data->rank == indices->rank) return op_axis(op, op_int(op, "axis", 0), data->rank);
    op_problem(op, SHAPE_PROBLEM_RANK, "indices have rank %d, data has %d", indices->rank, data->rank);
    return -1;
}

/* Y as data; updates as indices, of data's rank */
void infer_scatter_elements(Op *op) {
    Shape data, indices, updates;
    op_set_like(op, 0, 0);
    if (!op_shape(op, 0, &data) || !op_shape(op, 1, &indices)) return;
    if (element_axis(op, &data, &indices) < 0 || !op_shape(op, 2, &updates)) return;
    if (updates.rank != indices.rank) {
        op_problem(op, SHAPE_PROBLEM_RANK, "updates have rank %d, indices %d", updates.rank, indices.rank);
        return;
    }
    for (int32_t i = 0; i < updates.rank; i++)
        op_equal(op, updates.dims[i], indices.dims[i], "updates and their indices");
}

/* Element `i` of indices stands at its own place in data, except along `axis`, where it says; false when it is unknown or
 * outside. */
static bool element_at(Op *op, const Shape *data, const Shape *indices, int32_t axis, uint32_t i, Expr index,
                       uint64_t *at) {
    uint64_t stride = 1;
    int64_t place;
    *at = 0;
    if (!expr_to_integer(op->algebra, index, &place)) return false;
    for (int32_t d = data->rank; d-- > 0;) {
        if (indices->dims[d] <= 0) return false;
        int64_t own = i % (uint32_t)indices->dims[d], dim = data->dims[d];
        i /= (uint32_t)indices->dims[d];
        if (d == axis) own = place < 0 ? place + dim : place;
        if (own < 0 || own >= dim) return false;
        *at += (uint64_t)own * stride;
        stride *= (uint64_t)dim;
    }
    return true;
}

/* The shapes of both, for contents: the rule for shapes has reported what is wrong. */
static bool element_shapes(Op *op, Shape *data, Shape *indices, int32_t *axis) {
    int64_t given = op_int(op, "axis", 0);
    if (!op_shape(op, 0, data) || !op_shape(op, 1, indices) || data->rank != indices->rank) return false;
    if (given < -data->rank || given >= data->rank) return false;
    *axis = (int32_t)(given < 0 ? given + data->rank : given);
    return true;
}

/* Y = data; Y[.., indices[i], ..] = updates[i] */
void contents_scatter_elements(Op *op) {
    Shape data_shape, index_shape;
    int32_t axis;
    uint64_t at;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1), *updates = op_contents(op, 2);
    if (!data || !indices || !updates || updates->count != indices->count) return;
    if (!element_shapes(op, &data_shape, &index_shape, &axis)) return;
    Bytes reduction = op_string(op, "reduction", "none");
    Expr *items = op_scratch(op, data->count);
    if (!items) return;
    if (data->count) memcpy(items, data->items, data->count * sizeof *items);
    for (uint32_t i = 0; i < indices->count; i++) {
        if (!element_at(op, &data_shape, &index_shape, axis, i, indices->items[i], &at) || at >= data->count)
            return;
        items[at] = update(op, reduction, items[at], updates->items[i]);
    }
    op_set_contents(op, 0, items, data->count);
}

/* Y[i] = data[.., indices[i], ..] */
void contents_gather_elements(Op *op) {
    Shape data_shape, index_shape;
    int32_t axis;
    uint64_t at;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1);
    if (!data || !indices || !element_shapes(op, &data_shape, &index_shape, &axis)) return;
    Expr *items = op_scratch(op, indices->count);
    if (!items) return;
    for (uint32_t i = 0; i < indices->count; i++) {
        if (!element_at(op, &data_shape, &index_shape, axis, i, indices->items[i], &at) || at >= data->count)
            return;
        items[i] = data->items[at];
    }
    op_set_contents(op, 0, items, indices->count);
}

/* [batch dims of indices.., indices' dims but the last.., data's dims behind those that are indexed] */
void infer_gather_nd(Op *op) {
    Shape data, indices, shape = {.rank = 0};
    int64_t batch = op_int(op, "batch_dims", 0), depth;
    bool is_known = op_shape(op, 0, &data) && op_shape(op, 1, &indices);
    op_set(op, 0, op_dtype(op, 0), NULL);
    if (!is_known) return;
    if (indices.rank == 0 || data.rank == 0) {
        op_problem(op, SHAPE_PROBLEM_RANK, "data has rank %d, indices %d, 1 or more is wanted of both",
                   data.rank, indices.rank);
        return;
    }
    if (!expr_to_integer(op->algebra, indices.dims[indices.rank - 1], &depth)) {
        op_gap(op, "how many dimensions are indexed is not known");
        return;
    }
    if (batch < 0 || batch >= indices.rank || depth > data.rank - batch || depth < 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "%lld indices behind %lld batch dimensions do not fit rank %d",
                   (long long)depth, (long long)batch, data.rank);
        return;
    }
    if (indices.rank - 1 + data.rank - (int32_t)(batch + depth) > SHAPE_RANK_LIMIT) return;
    for (int32_t i = 0; i < indices.rank - 1; i++) {
        Expr dim = indices.dims[i];
        shape.dims[shape.rank++] = i < batch ? op_equal(op, dim, data.dims[i], "batch dimensions") : dim;
    }
    for (int32_t i = (int32_t)(batch + depth); i < data.rank; i++) shape.dims[shape.rank++] = data.dims[i];
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* Each tuple of indices picks a block of data, within its batch. */
void contents_gather_nd(Op *op) {
    Shape data_shape, index_shape;
    uint32_t count, block = 1, batches = 1, each = 1;
    int64_t batch = op_int(op, "batch_dims", 0), depth;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1);
    if (!data || !indices || data->count == 0 || !op_output_count(op, 0, &count) || count == 0) return;
    if (!op_shape(op, 0, &data_shape) || !op_shape(op, 1, &index_shape) || index_shape.rank == 0) return;
    depth = index_shape.dims[index_shape.rank - 1];
    if (batch < 0 || batch >= index_shape.rank || depth < 1 || depth > data_shape.rank - batch) return;
    for (int32_t i = 0; i < (int32_t)batch; i++) batches *= (uint32_t)data_shape.dims[i];
    for (int32_t i = (int32_t)batch; i < data_shape.rank; i++) each *= (uint32_t)data_shape.dims[i];
    for (int32_t i = (int32_t)(batch + depth); i < data_shape.rank; i++)
        block *= (uint32_t)data_shape.dims[i];
    uint32_t tuples = indices->count / (uint32_t)depth;
    Expr *items = op_scratch(op, count);
    if (!items || (uint64_t)tuples * block != count || (uint64_t)batches * each != data->count) return;
    if (tuples % batches != 0) return;
    for (uint32_t t = 0; t < tuples; t++) {
        uint64_t at = 0;
        for (uint32_t d = 0; d < (uint32_t)depth; d++) {
            int64_t index, dim = data_shape.dims[(uint32_t)batch + d];
            if (!expr_to_integer(op->algebra, indices->items[t * (uint32_t)depth + d], &index)) return;
            if (index < 0) index += dim;
            if (index < 0 || index >= dim) return;
            at = at * (uint64_t)dim + (uint64_t)index;
        }
        at = at * block + (uint64_t)(t / (tuples / batches)) * each;
        memcpy(items + (size_t)t * block, data->items + at, block * sizeof *items);
    }
    op_set_contents(op, 0, items, count);
}

/* As indices, of data's rank */
void infer_gather_elements(Op *op) {
    Shape data, indices;
    if (op_shape(op, 0, &data) && op_shape(op, 1, &indices)) element_axis(op, &data, &indices);
    op_set_like_as(op, 0, 1, op_dtype(op, 0));
}

/* ---- costs ---- */

/* An operation for each update that a reduction adds to what was there. Bytes: updates read, elements read
 * and written, the indices; all of the data too, read and written, where its place cannot be taken. */
void cost_scatter(Op *op, Cost *cost) {
    Expr updates = op_nbytes(op, INPUT(2)), data = op_nbytes(op, INPUT(0));
    bool is_in_place = op_is_last_use(op, 0) && !op_is_constant(op, 0);
    if (!is_text(op_string(op, "reduction", "none"), "none")) {
        Expr n = op_elements(op, INPUT(2));
        COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(updates)", {"N(updates)", n});
    }
    cost->flags |= COST_IN_PLACE;
    cost_bytes_none(cost);
    cost_reads(op, cost, 1, op_nbytes(op, INPUT(1)));
    cost_reads(op, cost, 2, updates);
    if (!is_in_place) cost_reads(op, cost, 0, data);
    cost->metrics[COST_BYTES_READ] = op_plus(op, cost->metrics[COST_BYTES_READ], updates);
    cost->metrics[COST_BYTES_WRITTEN] = is_in_place ? updates : op_plus(op, updates, data);
}
