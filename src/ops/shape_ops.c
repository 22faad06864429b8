/* Operators that read shapes and make tensors of given ones: with arrange.c, what exporters do shape arithmetic with.
 */
#include "ops/rules.h"

/* ---- Shape, Size, Constant ---- */

/* Y = dims[start:end], clamped (opset 15 on has start and end). */
static void shape_range(Op *op, int32_t rank, int32_t *start, int32_t *end) {
    int64_t from = op_int(op, "start", 0), to = op_int(op, "end", rank);
    if (from < 0) from += rank;
    if (to < 0) to += rank;
    *start = (int32_t)(from < 0 ? 0 : from > rank ? rank : from);
    *end = (int32_t)(to < *start ? *start : to > rank ? rank : to);
}

void infer_shape_of(Op *op) {
    Shape input, shape = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    int32_t start, end;
    if (op_shape(op, 0, &input)) {
        shape_range(op, input.rank, &start, &end);
        shape.dims[0] = end - start;
    }
    op_set(op, 0, DTYPE_INT64, &shape);
}

void contents_shape_of(Op *op) {
    Shape input;
    int32_t start, end;
    if (!op_shape(op, 0, &input)) return;
    shape_range(op, input.rank, &start, &end);
    op_set_contents(op, 0, input.dims + start, (uint32_t)(end - start));
}

void infer_size_of(Op *op) {
    op_set(op, 0, DTYPE_INT64, &(Shape){.rank = 0});
}

void contents_size_of(Op *op) {
    Shape input;
    if (!op_shape(op, 0, &input)) return;
    Expr size = op_product(op, &input, 0, input.rank);
    op_set_contents(op, 0, &size, 1);
}

static bool tensor_shape(Op *op, Id tensor, Shape *shape) {
    const Tensor *t = &op->model->tensors.items[tensor];
    if (t->rank > SHAPE_RANK_LIMIT) return false;
    shape->rank = (int32_t)t->rank;
    for (uint32_t i = 0; i < t->rank; i++)
        shape->dims[i] = expr_integer(op->algebra, op->model->tensor_dims.items[t->first_dim + i]);
    return true;
}

void infer_constant(Op *op) {
    static const struct {
        const char *name;
        uint32_t dtype;
        int32_t rank;
    } scalars[] = {{"value_int", DTYPE_INT64, 0},      {"value_float", DTYPE_FLOAT32, 0},
                   {"value_string", DTYPE_STRING, 0},  {"value_ints", DTYPE_INT64, 1},
                   {"value_floats", DTYPE_FLOAT32, 1}, {"value_strings", DTYPE_STRING, 1}};
    Id tensor = op_tensor(op, "value");
    Shape shape;
    if (tensor != ID_NONE) {
        bool done = tensor_shape(op, tensor, &shape);
        op_set(op, 0, op->model->tensors.items[tensor].dtype, done ? &shape : NULL);
        return;
    }
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        const Attribute *attribute = op_attribute(op, scalars[i].name);
        if (!attribute) continue;
        shape = (Shape){.rank = scalars[i].rank, .dims = {attribute->count}};
        op_set(op, 0, scalars[i].dtype, &shape);
        return;
    }
    const Attribute *sparse = op_attribute(op, "sparse_value");
    if (sparse && sparse->count && tensor_shape(op, op->model->lists.items[sparse->first], &shape)) {
        const Tensor *t = &op->model->tensors.items[op->model->lists.items[sparse->first]];
        op_set(op, 0, t->dtype, &shape);
        return;
    }
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "no value is given");
}

void contents_constant(Op *op) {
    Id tensor = op_tensor(op, "value");
    if (tensor != ID_NONE) {
        const Contents *contents = op_tensor_contents(op, tensor);
        if (contents) op_set_contents(op, 0, contents->items, contents->count);
        return;
    }
    uint32_t count;
    Expr *items = op_output_count(op, 0, &count) ? op_scratch(op, count) : NULL;
    const Attribute *attribute = NULL;
    if (!items) return;
    if ((attribute = op_attribute(op, "value_int")) && attribute->type == ATTRIBUTE_INT && count == 1)
        items[0] = expr_integer(op->algebra, attribute->i);
    else if ((attribute = op_attribute(op, "value_float")) && attribute->type == ATTRIBUTE_FLOAT &&
             count == 1)
        items[0] = expr_number(op->algebra, (double)attribute->f);
    else if ((attribute = op_attribute(op, "value_ints")) && attribute->type == ATTRIBUTE_INT_LIST &&
             attribute->stored && attribute->count == count)
        for (uint32_t i = 0; i < count; i++)
            items[i] = expr_integer(op->algebra, op->model->integers.items[attribute->first + i]);
    else if ((attribute = op_attribute(op, "value_floats")) && attribute->type == ATTRIBUTE_FLOAT_LIST &&
             attribute->stored && attribute->count == count)
        for (uint32_t i = 0; i < count; i++)
            items[i] = expr_number(op->algebra, (double)op->model->floats.items[attribute->first + i]);
    else return;
    op_set_contents(op, 0, items, count);
}

/* ---- shapes given as tensors ---- */

bool op_shape_from(Op *op, uint32_t input, Shape *shape) {
    shape->rank = -1;
    if (!op_has_input(op, input)) return false;
    const Contents *contents = op_contents(op, input);
    if (contents && contents->count <= SHAPE_RANK_LIMIT) {
        shape->rank = (int32_t)contents->count;
        for (uint32_t i = 0; i < contents->count; i++)
            shape->dims[i] = expr_resolve(op->algebra, contents->items[i]);
        return true;
    }
    Shape own;
    if (!op_shape(op, input, &own)) return false;
    if (own.rank != 1 || !expr_is_small(own.dims[0])) return false;
    if (own.dims[0] > SHAPE_RANK_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "a shape of rank %lld is over the limit of %d",
                   (long long)own.dims[0], SHAPE_RANK_LIMIT);
        return false;
    }
    op_gap(op, "the contents of input %u, a shape, are not known", input);
    shape->rank = (int32_t)own.dims[0];
    for (int32_t i = 0; i < shape->rank; i++) shape->dims[i] = EXPR_UNKNOWN;
    return true;
}

/* Y = value everywhere; the shape is input 0's contents. */
void infer_constant_of_shape(Op *op) {
    Id tensor = op_tensor(op, "value");
    Shape shape;
    op_shape_from(op, 0, &shape);
    op_set(op, 0, tensor == ID_NONE ? DTYPE_FLOAT32 : op->model->tensors.items[tensor].dtype, &shape);
}

void contents_constant_of_shape(Op *op) {
    uint32_t count;
    if (!op_output_count(op, 0, &count)) return;
    Id tensor = op_tensor(op, "value");
    const Contents *value = tensor == ID_NONE ? NULL : op_tensor_contents(op, tensor);
    if (tensor != ID_NONE && (!value || value->count != 1)) return;
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < count; i++) items[i] = value ? value->items[0] : 0;
    op_set_contents(op, 0, items, count);
}

/* ---- Reshape ---- */

/* The one dimension that is -1: all elements over the others. */
static void fill_rest(Op *op, const Shape *input, Shape *shape, int32_t rest) {
    if (input->rank < 0) {
        shape->dims[rest] = EXPR_UNKNOWN;
        op_gap(op, "the rank of what is reshaped is not known");
        return;
    }
    Expr others = 1;
    for (int32_t i = 0; i < shape->rank; i++)
        if (i != rest) others = expr_multiply(op->algebra, others, shape->dims[i]);
    Expr total = op_product(op, input, 0, input->rank);
    Expr whole = expr_divide(op->algebra, total, others);
    bool is_whole = expr_is_known(whole) && expr_is_whole(op->algebra, whole);
    if (!is_whole && expr_is_constant(op->algebra, total) && expr_is_constant(op->algebra, others)) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s elements cannot be split into parts of %s",
                   op_show(op, total), op_show(op, others));
        shape->dims[rest] = EXPR_UNKNOWN;
        return;
    }
    shape->dims[rest] = is_whole ? whole : expr_floor_divide(op->algebra, total, others);
}

/* Equal element counts, when -1 does not make them so. */
static void equate_counts(Op *op, const Shape *input, const Shape *shape) {
    if (input->rank < 0) return;
    for (int32_t i = 0; i < shape->rank; i++)
        if (!expr_is_known(shape->dims[i])) return;
    op_equal(op, op_product(op, input, 0, input->rank), op_product(op, shape, 0, shape->rank),
             "element counts");
}

/* A dimension that only may be -1: exporters compute it, so that it is known as an Expr that is not. */
static void finish_reshape(Op *op, Shape *shape, bool keeps_zero) {
    Shape input;
    op_shape(op, 0, &input);
    int32_t rest = -1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] == 0 && !keeps_zero) {
            if (input.rank >= 0 && i >= input.rank) {
                op_problem(op, SHAPE_PROBLEM_AXIS, "dimension %d is copied from a shape of rank %d", i,
                           input.rank);
                shape->dims[i] = EXPR_UNKNOWN;
            } else {
                shape->dims[i] = input.rank >= 0 ? input.dims[i] : EXPR_UNKNOWN;
            }
        } else if (shape->dims[i] == -1 && rest >= 0) {
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "dimensions %d and %d are both -1", rest, i);
            shape->dims[i] = EXPR_UNKNOWN;
        } else if (shape->dims[i] == -1) {
            rest = i;
        }
    }
    /* One that is not known at all follows like a -1, when it is alone. */
    int32_t unknown = -1, unknowns = 0;
    for (int32_t i = 0; i < shape->rank; i++)
        if (!expr_is_known(shape->dims[i])) unknown = i, unknowns++;
    if (rest < 0 && unknowns == 1 && input.rank >= 0) rest = unknown;
    else if (rest >= 0 && unknowns) shape->dims[rest] = EXPR_UNKNOWN, rest = -1;
    if (rest >= 0) fill_rest(op, &input, shape, rest);
    else equate_counts(op, &input, shape);
    op_set(op, 0, op_dtype(op, 0), shape);
}

void infer_reshape(Op *op) {
    Shape shape;
    if (!op_shape_from(op, 1, &shape)) {
        op_gap(op, "not even the length of the shape input is known");
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    finish_reshape(op, &shape, op_int(op, "allowzero", 0) != 0);
}

void infer_reshape_1(Op *op) {
    int64_t items[SHAPE_RANK_LIMIT];
    uint32_t count = 0;
    if (!op_ints(op, "shape", items, SHAPE_RANK_LIMIT, &count)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    Shape shape = {.rank = (int32_t)count};
    for (uint32_t i = 0; i < count; i++) shape.dims[i] = expr_integer(op->algebra, items[i]);
    finish_reshape(op, &shape, false);
}

/* [product of dims before axis, product of the rest] */
void infer_flatten(Op *op) {
    Shape input, shape = {.rank = 2, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN}};
    int64_t axis = op_int(op, "axis", 1);
    if (op_shape(op, 0, &input)) {
        if (axis < 0) axis += input.rank;
        if (axis < 0 || axis > input.rank) {
            op_problem(op, SHAPE_PROBLEM_AXIS, "axis %lld is outside a shape of rank %d", (long long)axis,
                       input.rank);
        } else {
            shape.dims[0] = op_product(op, &input, 0, (int32_t)axis);
            shape.dims[1] = op_product(op, &input, (int32_t)axis, input.rank);
        }
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- Squeeze, Unsqueeze ---- */

/* Axes from the attribute (before opset 13) or input 1; false when they are given but not known. */
static bool read_axes(Op *op, int64_t *axes, uint32_t *count, bool *given) {
    *given = true;
    if (op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, count)) return true;
    if (op_has_input(op, 1)) return op_constants(op, 1, axes, SHAPE_RANK_LIMIT, count);
    *given = false;
    *count = 0;
    return true;
}

void infer_squeeze(Op *op) {
    Shape input, shape = {.rank = 0};
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    bool given, dropped[SHAPE_RANK_LIMIT] = {false};
    bool is_known = read_axes(op, axes, &count, &given);
    if (!is_known || !op_shape(op, 0, &input)) {
        op_gap(op, is_known ? "the rank of the input is not known" : "the axes are not known");
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = op_axis(op, axes[i], input.rank);
        if (axis < 0) return;
        dropped[axis] = true;
        if (expr_equal(op->algebra, input.dims[axis], 1) != TRUTH_TRUE)
            op_equal(op, input.dims[axis], 1, "a squeezed dimension and 1");
    }
    for (int32_t i = 0; i < input.rank; i++) {
        bool is_gone = given ? dropped[i] : input.dims[i] == 1;
        if (!is_gone) shape.dims[shape.rank++] = input.dims[i];
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void infer_unsqueeze(Op *op) {
    Shape input, shape;
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    bool given, is_new[SHAPE_RANK_LIMIT] = {false};
    bool is_known = read_axes(op, axes, &count, &given);
    if (!is_known || !op_shape(op, 0, &input)) {
        op_gap(op, is_known ? "the rank of the input is not known" : "the axes are not known");
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    if (input.rank + (int32_t)count > SHAPE_RANK_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "rank %d is over the limit of %d", input.rank + (int32_t)count,
                   SHAPE_RANK_LIMIT);
        return;
    }
    shape.rank = input.rank + (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = op_axis(op, axes[i], shape.rank);
        if (axis < 0) return;
        if (is_new[axis]) {
            op_problem(op, SHAPE_PROBLEM_AXIS, "axis %d is given twice", axis);
            return;
        }
        is_new[axis] = true;
    }
    for (int32_t i = 0, from = 0; i < shape.rank; i++) shape.dims[i] = is_new[i] ? 1 : input.dims[from++];
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- Range ---- */

/* max(ceil((limit - start) / delta), 0) */
void infer_range(Op *op) {
    Expr start = expr_resolve(op->algebra, op_item(op, 0, 0)),
         limit = expr_resolve(op->algebra, op_item(op, 1, 0));
    Expr delta = expr_resolve(op->algebra, op_item(op, 2, 0));
    Shape shape = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    if (expr_is_known(start) && expr_is_known(limit) && expr_is_known(delta)) {
        Expr span = expr_subtract(op->algebra, limit, start);
        Expr count = expr_less(op->algebra, delta, 0) == TRUTH_TRUE
                         ? expr_ceil_divide(op->algebra, expr_negate(op->algebra, span),
                                            expr_negate(op->algebra, delta))
                         : expr_ceil_divide(op->algebra, span, delta);
        shape.dims[0] = expr_max(op->algebra, count, 0);
    } else {
        op_gap(op, "start, limit or delta is not known");
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void contents_range(Op *op) {
    uint32_t count;
    if (!op_output_count(op, 0, &count)) return;
    Expr item = op_item(op, 0, 0), delta = op_item(op, 2, 0), *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < count; i++, item = expr_add(op->algebra, item, delta)) items[i] = item;
    op_set_contents(op, 0, items, count);
}

/* ---- costs ---- */

/* An addition for each element; nothing is read but three numbers. */
void cost_range(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
    cost->metrics[COST_BYTES_READ] = cost->metrics[COST_WEIGHT_BYTES] = 0;
}
