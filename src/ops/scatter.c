/* ScatterND, ScatterElements: data with some elements replaced; GatherND, GatherElements: the other way.
 */
#include <string.h>

#include "ops/rules.h"

/* Y = data; Y[indices[i]] = updates[i]. Exporters build shapes with it. */
void contents_scatter_nd(Op *op) {
    Shape data_shape, index_shape;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1), *updates = op_contents(op, 2);
    if (!data || !indices || !updates || !op_shape(op, 0, &data_shape) || !op_shape(op, 1, &index_shape))
        return;
    if (index_shape.rank == 0 || op_string(op, "reduction", "none").size != 4) return;
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
        memcpy(items + at * block, updates->items + t * block, block * sizeof *items);
    }
    op_set_contents(op, 0, items, data->count);
}

/* [batch dims of indices.., indices' dims but the last.., data's dims behind those that are indexed] */
void infer_gather_nd(Op *op) {
    Shape data, indices, shape = {.rank = 0};
    int64_t batch = op_int(op, "batch_dims", 0), depth;
    bool is_known = op_shape(op, 0, &data) && op_shape(op, 1, &indices);
    if (!is_known || indices.rank == 0 ||
        !expr_to_integer(op->algebra, indices.dims[indices.rank - 1], &depth)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    if (batch < 0 || batch >= indices.rank || batch + depth > data.rank || depth < 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "%lld indices behind %lld batch dimensions do not fit rank %d",
                   (long long)depth, (long long)batch, data.rank);
        return;
    }
    if (indices.rank - 1 + data.rank - (int32_t)(batch + depth) > SHAPE_RANK_LIMIT) return;
    for (int32_t i = 0; i < indices.rank - 1; i++) shape.dims[shape.rank++] = indices.dims[i];
    for (int32_t i = (int32_t)(batch + depth); i < data.rank; i++) shape.dims[shape.rank++] = data.dims[i];
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void infer_gather_elements(Op *op) {
    op_set_like_as(op, 0, 1, op_dtype(op, 0));
}
