/* Operators that were deprecated or never left the experimental stage, as old models still have them. */
#include <string.h>

#include "ops/family.h"
#include "ops/rules.h"

/* Without an input: the attribute shape. With one: its shape, or (input_as_shape) its contents; extra_shape follows. */
static bool filled_shape(Op *op, Shape *shape) {
    Shape extra;
    if (!op_has_input(op, 0)) {
        if (!op_attribute(op, "shape"))
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "there is neither an input nor the attribute shape");
        return family_shape(op, "shape", shape);
    }
    bool is_known = op_int(op, "input_as_shape", 0) ? op_shape_from(op, 0, shape) : op_shape(op, 0, shape);
    if (!is_known) {
        op_gap(op, "the shape to fill is not known");
        return false;
    }
    if (!op_attribute(op, "extra_shape")) return true;
    if (!family_shape(op, "extra_shape", &extra)) return false;
    if (shape->rank + extra.rank > SHAPE_RANK_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "rank %d is over the limit of %d", shape->rank + extra.rank,
                   SHAPE_RANK_LIMIT);
        return false;
    }
    memcpy(shape->dims + shape->rank, extra.dims, (size_t)extra.rank * sizeof(Expr));
    shape->rank += extra.rank;
    return true;
}

void infer_constant_fill(Op *op) {
    Shape shape;
    bool is_known = filled_shape(op, &shape);
    op_set(op, 0, family_dtype(op, "dtype", DTYPE_FLOAT32), is_known ? &shape : NULL);
}

/* The values are floats. */
void infer_given_tensor_fill(Op *op) {
    Shape shape;
    bool is_known = filled_shape(op, &shape);
    op_set(op, 0, DTYPE_FLOAT32, is_known ? &shape : NULL);
}
