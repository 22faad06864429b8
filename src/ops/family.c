#include "ops/family.h"

#include <inttypes.h>

uint32_t family_dtype(Op *op, const char *name, uint32_t fallback) {
    if (!op_attribute(op, name)) return fallback;
    int64_t dtype = op_int(op, name, fallback);
    if (dtype > 0 && dtype < DTYPE_COUNT && dtype_is_known((uint32_t)dtype)) return (uint32_t)dtype;
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is %" PRId64 ", no element type", name, dtype);
    return DTYPE_UNDEFINED;
}

uint32_t family_dtype_or(Op *op, const char *name, uint32_t fallback) {
    return op_int(op, name, 0) ? family_dtype(op, name, fallback) : fallback;
}

Expr family_positive(Op *op, const char *name, int64_t fallback) {
    int64_t value = op_int(op, name, fallback);
    if (value >= 1) return expr_integer(op->algebra, value);
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is %" PRId64 ", the least is 1", name, value);
    return 0;
}

bool family_ranked(Op *op, uint32_t input, const char *name, int32_t rank, Shape *shape) {
    if (!op_shape(op, input, shape)) return false;
    if (shape->rank == rank) return true;
    op_problem(op, SHAPE_PROBLEM_RANK, "%s has rank %d, %d is wanted", name, shape->rank, rank);
    return false;
}

bool family_count(Op *op, const char *name, uint32_t *count) {
    const Attribute *attribute = op_attribute(op, name);
    bool is_list =
        attribute && (attribute->type == ATTRIBUTE_INT_LIST || attribute->type == ATTRIBUTE_FLOAT_LIST ||
                      attribute->type == ATTRIBUTE_STRING_LIST);
    *count = is_list ? attribute->count : 0;
    return is_list;
}

bool family_shape(Op *op, const char *name, Shape *shape) {
    int64_t items[SHAPE_RANK_LIMIT];
    uint32_t count;
    shape->rank = -1;
    if (!op_ints(op, name, items, SHAPE_RANK_LIMIT, &count)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i] < 0) {
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s: dimension %u is %" PRId64, name, i,
                       items[i]);
            return false;
        }
        shape->dims[i] = expr_integer(op->algebra, items[i]);
    }
    shape->rank = (int32_t)count;
    return true;
}
