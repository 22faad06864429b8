#include "ops/op.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/infer.h"

/* ---- inputs ---- */

Fact op_input(const Op *op, uint32_t i) {
    return op_has_input(op, i) ? *shapes_fact(op->infer->shapes, op->frame, op->inputs.ids[i]) : (Fact){0};
}

uint32_t op_dtype(const Op *op, uint32_t i) {
    Fact fact = op_input(op, i);
    return fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR ? fact.dtype
                                                                                 : DTYPE_UNDEFINED;
}

bool op_shape(const Op *op, uint32_t i, Shape *shape) {
    Fact fact = op_input(op, i);
    bool is_tensor = fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR;
    shapes_get(op->infer->shapes, is_tensor ? fact.shape : SHAPE_UNKNOWN, shape);
    return shape->rank >= 0;
}

const Contents *op_contents(Op *op, uint32_t i) {
    if (!op_has_input(op, i)) return NULL;
    if (!op->infer->in_contents) return shapes_contents(op->infer->shapes, op->frame, op->inputs.ids[i]);
    ContentsId id = op_input(op, i).contents;
    return op->infer->contents.items[id].contents;
}

Expr op_item(Op *op, uint32_t i, uint32_t at) {
    const Contents *contents = op_contents(op, i);
    return contents && at < contents->count ? contents->items[at] : EXPR_UNKNOWN;
}

bool op_constants(Op *op, uint32_t i, int64_t *items, uint32_t capacity, uint32_t *count) {
    const Contents *contents = op_contents(op, i);
    if (!contents || contents->count > capacity) return false;
    for (uint32_t at = 0; at < contents->count; at++)
        if (!expr_to_integer(op->algebra, expr_resolve(op->algebra, contents->items[at]), &items[at]))
            return false;
    *count = contents->count;
    return true;
}

const Contents *op_tensor_contents(Op *op, Id tensor) {
    ContentsId id = infer_tensor_contents(op->infer, tensor);
    return op->infer->contents.items[id].contents;
}

/* ---- attributes ---- */

/* A reference inside a function's body: the attribute of the node that calls it, else the function's default. */
static const Attribute *follow_reference(const Op *op, const Attribute *attribute) {
    const Shapes *shapes = op->infer->shapes;
    uint32_t at = op->frame;
    for (int depth = 0; attribute && attribute->reference != SYMBOL_NONE && depth < 2 * INFER_CALL_LIMIT;
         depth++) {
        while (at != FRAME_NONE && shapes->frames.items[at].kind != FRAME_CALL)
            at = shapes->frames.items[at].parent;
        if (at == FRAME_NONE) return NULL;
        const Frame *frame = &shapes->frames.items[at];
        const Graph *function = &op->model->graphs.items[frame->graph];
        Symbol name = attribute->reference;
        attribute = node_attribute(op->model, frame->node, name);
        for (uint32_t i = 0; !attribute && i < function->default_count; i++) {
            const Attribute *fallback = &op->model->defaults.items[function->first_default + i];
            if (fallback->name == name) attribute = fallback;
        }
        at = frame->parent;
    }
    return attribute;
}

const Attribute *op_attribute(const Op *op, const char *name) {
    if (node_attribute_count(op->model, op->node) == 0) return NULL;
    Symbol symbol = interner_find(&op->model->text, (Bytes){name, strlen(name)});
    const Attribute *attribute = symbol == SYMBOL_NONE ? NULL : node_attribute(op->model, op->node, symbol);
    if (attribute && attribute->reference != SYMBOL_NONE) return follow_reference(op, attribute);
    return attribute;
}

static const Attribute *typed_attribute(Op *op, const char *name, AttributeType type, const char *wanted) {
    const Attribute *attribute = op_attribute(op, name);
    if (!attribute || attribute->type == type) return attribute;
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is no %s", name, wanted);
    return NULL;
}

int64_t op_int(Op *op, const char *name, int64_t fallback) {
    const Attribute *attribute = typed_attribute(op, name, ATTRIBUTE_INT, "whole number");
    return attribute ? attribute->i : fallback;
}

double op_float(Op *op, const char *name, double fallback) {
    const Attribute *attribute = typed_attribute(op, name, ATTRIBUTE_FLOAT, "float");
    return attribute ? (double)attribute->f : fallback;
}

Bytes op_string(Op *op, const char *name, const char *fallback) {
    const Attribute *attribute = typed_attribute(op, name, ATTRIBUTE_STRING, "string");
    if (!attribute || !attribute->stored) return (Bytes){fallback, strlen(fallback)};
    return model_text(op->model, attribute->s);
}

bool op_ints(Op *op, const char *name, int64_t *items, uint32_t capacity, uint32_t *count) {
    const Attribute *attribute = typed_attribute(op, name, ATTRIBUTE_INT_LIST, "list of whole numbers");
    if (!attribute) return false;
    if (!attribute->stored || attribute->count > capacity) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "attribute %s has %u numbers, the limit is %u", name,
                   attribute->count, capacity);
        return false;
    }
    *count = attribute->count;
    if (*count) memcpy(items, op->model->integers.items + attribute->first, *count * sizeof *items);
    return true;
}

static Id attribute_id(const Op *op, const char *name, AttributeType type) {
    const Attribute *attribute = op_attribute(op, name);
    return attribute && attribute->type == type && attribute->count ? op->model->lists.items[attribute->first]
                                                                    : ID_NONE;
}

Id op_graph(const Op *op, const char *name) {
    return attribute_id(op, name, ATTRIBUTE_GRAPH);
}

Id op_tensor(const Op *op, const char *name) {
    return attribute_id(op, name, ATTRIBUTE_TENSOR);
}

Fact op_type_fact(Op *op, const char *name) {
    Id type = attribute_id(op, name, ATTRIBUTE_TYPE_PROTO);
    if (type == ID_NONE || !op_has_output(op, 0)) return (Fact){0};
    return infer_declared(op->infer, op->frame, op->outputs.ids[0], type, SYMBOL_DECLARED);
}

/* ---- reporting ---- */

static Text last_gap(const Op *op) {
    const Shapes *shapes = op->infer->shapes;
    const Gap *gap = shapes->gaps.count ? &shapes->gaps.items[shapes->gaps.count - 1] : NULL;
    return gap && gap->node == op->node && gap->frame == op->frame ? gap->reason : (Text){0, 0};
}

static bool has_gap(const Op *op) {
    const Shapes *shapes = op->infer->shapes;
    for (uint32_t i = shapes->gaps.count; i-- > 0 && shapes->gaps.items[i].frame == op->frame;)
        if (shapes->gaps.items[i].node == op->node) return true;
    return false;
}

void op_gap(Op *op, const char *format, ...) {
    if (op->infer->is_costing) return;
    /* A node that is inferred again (a loop's body) has its gap already; else it is the newest. */
    if (last_gap(op).size || (op->infer->is_again && has_gap(op))) return;
    va_list args;
    va_start(args, format);
    Gap gap = {op->frame, op->node, infer_text(op->infer, format, args)};
    va_end(args);
    if (!array_push(&op->infer->shapes->gaps, gap)) op->infer->out_of_memory = true;
}

void op_problem(Op *op, ShapeProblemCode code, const char *format, ...) {
    char what[360];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const Node *node = &op->model->nodes.items[op->node];
    Quoted kind = quote(model_name(op->model, op->model->operators.items[node->op].op_type));
    Bytes name = model_text(op->model, node->name);
    infer_problem(op->infer, code, op->frame, op->node, ID_NONE, "%s %s: %s", kind.text,
                  name.size ? quote(name).text : "without name", what);
    op_gap(op, "%s", what);
    op->has_problem = true;
}

const char *op_show(const Op *op, Expr e) {
    static _Thread_local char buffers[4][96];
    static _Thread_local unsigned next;
    char *buffer = buffers[next++ % 4];
    expr_print(op->algebra, e, buffer, sizeof buffers[0]);
    return buffer;
}

const char *op_show_shape(const Op *op, const Shape *shape) {
    static _Thread_local char buffers[2][200];
    static _Thread_local unsigned next;
    char *buffer = buffers[next++ % 2];
    size_t used = (size_t)snprintf(buffer, sizeof buffers[0], "[");
    for (int32_t i = 0; i < shape->rank && used < sizeof buffers[0]; i++)
        used += (size_t)snprintf(buffer + used, sizeof buffers[0] - used, "%s%s", i ? "," : "",
                                 op_show(op, shape->dims[i]));
    if (used < sizeof buffers[0]) snprintf(buffer + used, sizeof buffers[0] - used, "]");
    return buffer;
}

/* ---- outputs ---- */

static Fact *output_fact(Op *op, uint32_t i) {
    return op_has_output(op, i) ? infer_fact(op->infer, op->frame, op->outputs.ids[i]) : NULL;
}

void op_set_fact(Op *op, uint32_t i, Fact fact) {
    Fact *output = output_fact(op, i);
    if (!output) return;
    *output = fact;
    output->contents = CONTENTS_PENDING;
}

Fact op_output(Op *op, uint32_t i) {
    const Fact *fact = output_fact(op, i);
    return fact ? *fact : (Fact){0};
}

bool op_get_output_shape(Op *op, uint32_t i, Shape *shape) {
    Fact fact = op_output(op, i);
    shapes_get(op->infer->shapes, fact.kind == TYPE_KIND_TENSOR ? fact.shape : SHAPE_UNKNOWN, shape);
    return shape->rank >= 0;
}

/* Dimensions below 0 are reported and unknown. */
static void check_dims(Op *op, Shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++) {
        Expr dim = shape->dims[i];
        if (!expr_is_known(dim)) {
            AlgebraFailure failure = algebra_failure(op->algebra);
            if (failure != ALGEBRA_FINE)
                op_problem(op, SHAPE_PROBLEM_OVERFLOW, "dimension %d %s", i,
                           failure == ALGEBRA_DIVIDE_BY_ZERO ? "is a division by zero"
                           : failure == ALGEBRA_TOO_LARGE    ? "is too long a formula"
                                                             : "is past what 128 bits hold");
        } else if (expr_is_constant(op->algebra, dim) && expr_less(op->algebra, dim, 0) == TRUTH_TRUE) {
            op_problem(op, SHAPE_PROBLEM_NEGATIVE, "dimension %d comes out as %s", i, op_show(op, dim));
            shape->dims[i] = EXPR_UNKNOWN;
        } else if (!expr_is_whole(op->algebra, dim)) {
            op_problem(op, SHAPE_PROBLEM_MISMATCH, "dimension %d comes out as %s, which is not whole", i,
                       op_show(op, dim));
            shape->dims[i] = EXPR_UNKNOWN;
        }
    }
}

static bool needs_care(const Shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (!expr_is_small(shape->dims[i]) || shape->dims[i] < 0) return true;
    return false;
}

void op_set(Op *op, uint32_t i, uint32_t dtype, const Shape *shape) {
    Fact *output = output_fact(op, i);
    if (!output) return;
    Fact fact = {.kind = TYPE_KIND_TENSOR, .dtype = (uint8_t)dtype};
    if (shape && shape->rank > SHAPE_RANK_LIMIT)
        op_problem(op, SHAPE_PROBLEM_LIMIT, "rank %d is over the limit of %d", shape->rank, SHAPE_RANK_LIMIT);
    else if (shape && !needs_care(shape)) fact.shape = infer_shape(op->infer, shape);
    else if (shape && shape->rank >= 0) {
        Shape checked = *shape;
        check_dims(op, &checked);
        infer_complete(op->infer, op->frame, op->outputs.ids[i], &checked, last_gap(op));
        fact.shape = infer_shape(op->infer, &checked);
    }
    output = output_fact(op, i);
    *output = fact;
}

Fact op_tensor_fact(Op *op, uint32_t dtype, const Shape *shape) {
    return (Fact){.kind = TYPE_KIND_TENSOR,
                  .dtype = (uint8_t)dtype,
                  .shape = shape ? infer_shape(op->infer, shape) : SHAPE_UNKNOWN};
}

void op_set_like_as(Op *op, uint32_t i, uint32_t input, uint32_t dtype) {
    Fact fact = op_input(op, input);
    if (fact.kind != TYPE_KIND_TENSOR) fact = (Fact){.kind = TYPE_KIND_TENSOR};
    fact.dtype = (uint8_t)dtype;
    op_set_fact(op, i, fact);
}

void op_set_like(Op *op, uint32_t i, uint32_t input) {
    op_set_fact(op, i, op_input(op, input));
}

static Fact container(Op *op, TypeKind kind, uint32_t key, Fact element, Expr length) {
    Fact fact = {.kind = (uint8_t)kind, .dtype = (uint8_t)key, .shape = op->infer->shapes->elements.count};
    element.contents = CONTENTS_NONE;
    if (!array_push(&op->infer->shapes->elements, (ElementFact){element, length})) {
        op->infer->out_of_memory = true;
        return (Fact){0};
    }
    return fact;
}

Fact op_sequence_of(Op *op, Fact element, Expr length) {
    return container(op, TYPE_KIND_SEQUENCE, 0, element, length);
}

Fact op_optional_of(Op *op, Fact element) {
    return container(op, TYPE_KIND_OPTIONAL, 0, element, EXPR_UNKNOWN);
}

Fact op_map_of(Op *op, uint32_t key_dtype, Fact value) {
    return container(op, TYPE_KIND_MAP, key_dtype, value, EXPR_UNKNOWN);
}

ElementFact op_element_of(const Op *op, Fact fact) {
    bool holds =
        fact.kind == TYPE_KIND_SEQUENCE || fact.kind == TYPE_KIND_OPTIONAL || fact.kind == TYPE_KIND_MAP;
    return holds ? op->infer->shapes->elements.items[fact.shape] : (ElementFact){{0}, EXPR_UNKNOWN};
}

/* ---- contents ---- */

bool infer_small_count(const Infer *infer, Fact fact, uint32_t *count) {
    if (fact.kind != TYPE_KIND_TENSOR || fact.shape == SHAPE_UNKNOWN) return false;
    Shape shape;
    shapes_get(infer->shapes, fact.shape, &shape);
    uint64_t product = 1;
    for (int32_t i = 0; i < shape.rank; i++) {
        if (!expr_is_small(shape.dims[i]) || shape.dims[i] < 0 ||
            __builtin_mul_overflow(product, (uint64_t)shape.dims[i], &product))
            return false;
    }
    *count = (uint32_t)product;
    return product <= CONTENTS_LIMIT;
}

bool op_output_count(Op *op, uint32_t i, uint32_t *count) {
    const Fact *fact = output_fact(op, i);
    return fact && fact->contents != CONTENTS_NONE && infer_small_count(op->infer, *fact, count);
}

bool op_input_count(Op *op, uint32_t i, uint32_t *count) {
    return infer_small_count(op->infer, op_input(op, i), count);
}

void op_set_contents(Op *op, uint32_t i, const Expr *items, uint32_t count) {
    Infer *infer = op->infer;
    uint32_t wanted;
    if (!op_output_count(op, i, &wanted) || wanted != count) return;
    ContentsId id;
    Contents *contents = infer_new_contents(infer, count, &id);
    if (!contents) return;
    if (count) memcpy(contents->items, items, count * sizeof *items);
    output_fact(op, i)->contents = id;
}

Expr *op_scratch(Op *op, uint64_t count) {
    Infer *infer = op->infer;
    if (count > CONTENTS_LIMIT) return NULL;
    /* One block for all contents rules: it has room for the largest from the first use on, so earlier parts stay. */
    if (!infer->scratch.items && !array_reserve(&infer->scratch, 4 * CONTENTS_LIMIT)) {
        infer->out_of_memory = true;
        return NULL;
    }
    if (infer->scratch.count + count > infer->scratch.capacity) return NULL;
    Expr *items = infer->scratch.items + infer->scratch.count;
    infer->scratch.count += (uint32_t)count;
    return items;
}

/* ---- dimensions ---- */

static void note_assumption(Op *op, bool is_derived, Expr a, Expr b) {
    if (op->infer->is_again) return;
    Assumption assumption = {is_derived, op->frame, op->node, a, b};
    if (!array_push(&op->infer->shapes->assumptions, assumption)) op->infer->out_of_memory = true;
}

Expr op_equal(Op *op, Expr a, Expr b, const char *what) {
    if (a == b || !expr_is_known(b)) return a;
    if (!expr_is_known(a)) return b;
    switch (expr_assume_equal(op->algebra, a, b)) {
    case EQUATION_BOUND: note_assumption(op, true, a, b); return expr_resolve(op->algebra, a);
    case EQUATION_CONTRADICTION:
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s differ: %s and %s", what, op_show(op, a), op_show(op, b));
        return EXPR_UNKNOWN;
    default: return expr_is_constant(op->algebra, b) ? b : a;
    }
}

typedef struct OpenSearch {
    const Shapes *shapes;
    bool found;
} OpenSearch;

static bool find_open(void *context, SymbolId symbol) {
    OpenSearch *search = context;
    if (symbol >= search->shapes->symbols.count) return true;
    SymbolOrigin origin = search->shapes->symbols.items[symbol].origin;
    search->found = origin == SYMBOL_DATA || origin == SYMBOL_UNKNOWN;
    return !search->found;
}

/* A symbol of it is none of the model's inputs'. */
static bool is_open(const Op *op, Expr e) {
    OpenSearch search = {op->infer->shapes, false};
    expr_visit_symbols(op->algebra, e, find_open, &search);
    return search.found;
}

Expr op_broadcast_dim(Op *op, Expr a, Expr b) {
    if (a == b || b == 1) return a;
    if (a == 1) return b;
    if (!expr_is_known(a)) return expr_is_small(b) ? b : EXPR_UNKNOWN;
    if (!expr_is_known(b)) return expr_is_small(a) ? a : EXPR_UNKNOWN;
    bool is_a_constant = expr_is_constant(op->algebra, a), is_b_constant = expr_is_constant(op->algebra, b);
    if (is_a_constant && is_b_constant) return op_equal(op, a, b, "dimensions to broadcast");
    /* Against a constant that is not 1, the other is that or 1: the result is the constant either way. */
    if (is_a_constant || is_b_constant) return is_a_constant ? a : b;
    /* Nothing is assumed of what depends on data or is not known: it may well be 1. */
    if (is_open(op, a) || is_open(op, b)) return expr_max(op->algebra, a, b);
    switch (expr_assume_equal(op->algebra, a, b)) {
    case EQUATION_BOUND: note_assumption(op, false, a, b); return expr_resolve(op->algebra, a);
    case EQUATION_TRIVIAL: return a;
    default: return expr_max(op->algebra, a, b);
    }
}

bool op_broadcast(Op *op, const Shape *a, const Shape *b, Shape *result) {
    if (a->rank < 0 || b->rank < 0) {
        result->rank = -1;
        return true;
    }
    const Shape *long_one = a->rank >= b->rank ? a : b, *short_one = long_one == a ? b : a;
    int32_t offset = long_one->rank - short_one->rank;
    Shape made = *long_one;
    for (int32_t i = 0; i < short_one->rank; i++) {
        Expr dim = op_broadcast_dim(op, long_one->dims[offset + i], short_one->dims[i]);
        bool was_known = expr_is_known(long_one->dims[offset + i]) && expr_is_known(short_one->dims[i]);
        if (!expr_is_known(dim) && was_known) return false;
        made.dims[offset + i] = dim;
    }
    *result = made;
    return true;
}

Expr op_data_dim(Op *op, uint32_t output, uint32_t axis, int64_t least, int64_t most, const char *why) {
    if (!op_has_output(op, output)) return EXPR_UNKNOWN;
    Text reason = {0, 0};
    if (!interner_store(&op->infer->shapes->text, (Bytes){why, strlen(why)}, &reason))
        op->infer->out_of_memory = true;
    SymbolId symbol =
        infer_dim_symbol(op->infer, op->frame, op->outputs.ids[output], axis, SYMBOL_DATA, least, reason);
    if (symbol == UINT32_MAX) return EXPR_UNKNOWN;
    if (most < INT64_MAX) algebra_bound_symbol(op->algebra, symbol, least, most);
    return expr_resolve(op->algebra, expr_symbol(op->algebra, symbol));
}

Expr op_product(Op *op, const Shape *shape, int32_t first, int32_t last) {
    Expr product = 1;
    for (int32_t i = first; i < last; i++) product = expr_multiply(op->algebra, product, shape->dims[i]);
    return product;
}

void shape_drop_axis(Shape *shape, int32_t axis) {
    memmove(shape->dims + axis, shape->dims + axis + 1, (size_t)(shape->rank - axis - 1) * sizeof(Expr));
    shape->rank--;
}

void shape_insert_axis(Shape *shape, int32_t axis, Expr dim) {
    if (shape->rank < 0 || shape->rank >= SHAPE_RANK_LIMIT) {
        shape->rank = -1;
        return;
    }
    memmove(shape->dims + axis + 1, shape->dims + axis, (size_t)(shape->rank - axis) * sizeof(Expr));
    shape->dims[axis] = dim;
    shape->rank++;
}

int32_t op_axis(Op *op, int64_t axis, int32_t rank) {
    if (axis >= -(int64_t)rank && axis < rank) return (int32_t)(axis < 0 ? axis + rank : axis);
    op_problem(op, SHAPE_PROBLEM_AXIS, "axis %" PRId64 " is outside a shape of rank %d", axis, rank);
    return -1;
}

/* ---- shared rules ---- */

void infer_same(Op *op) {
    op_set_like(op, 0, 0);
}

static void broadcast_as(Op *op, uint32_t dtype) {
    Fact first = op_input(op, 0);
    bool is_uniform = first.kind == TYPE_KIND_TENSOR && first.shape != SHAPE_UNKNOWN;
    for (uint32_t i = 1; is_uniform && i < op->inputs.count; i++)
        is_uniform = op_input(op, i).shape == first.shape;
    if (is_uniform) {
        first.dtype = (uint8_t)dtype;
        op_set_fact(op, 0, first);
        return;
    }
    Shape result, other;
    op_shape(op, 0, &result);
    for (uint32_t i = 1; i < op->inputs.count; i++) {
        op_shape(op, i, &other);
        if (!op_broadcast(op, &result, &other, &result)) {
            result.rank = -1;
            break;
        }
    }
    op_set(op, 0, dtype, &result);
}

void infer_broadcast(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    for (uint32_t i = 1; dtype == 0 && i < op->inputs.count; i++) dtype = op_dtype(op, i);
    broadcast_as(op, dtype);
}

void infer_broadcast_bool(Op *op) {
    broadcast_as(op, DTYPE_BOOL);
}
