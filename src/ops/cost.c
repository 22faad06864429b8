#include "ops/cost.h"

#include <stdio.h>
#include <string.h>

#include "ops/infer.h"

/* ---- adding ---- */

static void note(Op *op, CostMetric metric, Expr value, const char *formula, const CostTerm *terms) {
    CostNote made = {.metric = metric, .value = value, .formula = formula};
    while (terms[made.count].name && made.count < COST_NOTE_TERMS) {
        made.terms[made.count] = terms[made.count];
        made.count++;
    }
    if (!array_push(&op->notes->items, made)) op->notes->out_of_memory = true;
}

void cost_add(Op *op, Cost *cost, CostMetric metric, Expr value, const char *formula, const CostTerm *terms) {
    bool is_nominal = cost->metrics[metric] == COST_AS_NOMINAL;
    cost->metrics[metric] = is_nominal ? value : expr_add(op->algebra, cost->metrics[metric], value);
    if (op->notes) note(op, metric, value, formula, terms);
}

void cost_gap(Op *op, Cost *cost, const char *reason) {
    Infer *infer = op->infer;
    if (!infer->cost_gap[0]) snprintf(infer->cost_gap, sizeof infer->cost_gap, "%s", reason);
    cost->metrics[COST_MACS] = cost->metrics[COST_ELEMENTWISE] = cost->metrics[COST_TRANSCENDENTALS] =
        EXPR_UNKNOWN;
}

/* ---- places ---- */

static Fact place_fact(Op *op, Place place) {
    return place.is_output ? op_output(op, place.index) : op_input(op, place.index);
}

static bool is_there(const Op *op, Place place) {
    return place.is_output ? op_has_output(op, place.index) : op_has_input(op, place.index);
}

Expr infer_elements(Infer *infer, ShapeId id) {
    if (id == SHAPE_UNKNOWN) return EXPR_UNKNOWN;
    while (infer->shape_elements.count <= id)
        if (!array_push(&infer->shape_elements, COST_AS_DEFAULT)) {
            infer->out_of_memory = true;
            return EXPR_UNKNOWN;
        }
    Expr *known = &infer->shape_elements.items[id];
    if (*known != COST_AS_DEFAULT) return *known;
    Shape shape;
    shapes_get(infer->shapes, id, &shape);
    Expr product = 1;
    for (int32_t i = 0; i < shape.rank; i++) product = expr_multiply(infer->algebra, product, shape.dims[i]);
    infer->shape_elements.items[id] = product;
    return product;
}

/* What `measure` says of one item of a sequence, for all of them; of an optional, as if it is there. */
static Expr measure_items(Infer *infer, Fact fact, Expr (*measure)(Infer *infer, Fact fact)) {
    ElementFact element = infer->shapes->elements.items[fact.shape];
    Expr length = fact.kind == TYPE_KIND_OPTIONAL ? 1 : expr_resolve(infer->algebra, element.length);
    return length == 0 ? 0 : expr_multiply(infer->algebra, length, measure(infer, element.fact));
}

Expr infer_fact_elements(Infer *infer, Fact fact) {
    if (fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR)
        return infer_elements(infer, fact.shape);
    if (fact.kind != TYPE_KIND_SEQUENCE && fact.kind != TYPE_KIND_OPTIONAL) return EXPR_UNKNOWN;
    return measure_items(infer, fact, infer_fact_elements);
}

Expr infer_fact_nbytes(Infer *infer, Fact fact) {
    if (fact.kind == TYPE_KIND_SEQUENCE || fact.kind == TYPE_KIND_OPTIONAL)
        return measure_items(infer, fact, infer_fact_nbytes);
    uint32_t bits = dtype_bits(fact.dtype);
    if (bits == 0 || fact.kind == TYPE_KIND_MAP) return EXPR_UNKNOWN;
    Expr elements = infer_fact_elements(infer, fact);
    if (bits % 8 == 0) return expr_multiply(infer->algebra, elements, bits / 8);
    return expr_ceil_divide(infer->algebra, expr_multiply(infer->algebra, elements, bits), 8);
}

Expr op_elements(Op *op, Place place) {
    return is_there(op, place) ? infer_fact_elements(op->infer, place_fact(op, place)) : 0;
}

Expr op_nbytes(Op *op, Place place) {
    return is_there(op, place) ? infer_fact_nbytes(op->infer, place_fact(op, place)) : 0;
}

bool op_place_shape(Op *op, Place place, Shape *shape) {
    if (place.is_output) return op_get_output_shape(op, place.index, shape);
    return op_shape(op, place.index, shape);
}

uint32_t op_place_dtype(Op *op, Place place) {
    Fact fact = place_fact(op, place);
    bool is_tensor = fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR;
    return is_tensor ? fact.dtype : DTYPE_UNDEFINED;
}

Expr op_dim(Op *op, Place place, int32_t axis) {
    Shape shape;
    if (!op_place_shape(op, place, &shape)) return EXPR_UNKNOWN;
    if (axis < 0) axis += shape.rank;
    return axis >= 0 && axis < shape.rank ? shape.dims[axis] : EXPR_UNKNOWN;
}

Expr op_rows(Op *op, uint32_t input, int64_t axis, bool is_flat) {
    Shape shape;
    if (op_elements(op, INPUT(input)) == 0) return 0;
    if (!op_shape(op, input, &shape)) return EXPR_UNKNOWN;
    int32_t at = op_axis(op, axis, shape.rank);
    if (at < 0) return EXPR_UNKNOWN;
    if (is_flat) shape.rank = at + 1;
    shape_drop_axis(&shape, at);
    return op_product(op, &shape, 0, shape.rank);
}

bool op_is_constant(const Op *op, uint32_t input) {
    if (!op_has_input(op, input) || !op->infer->value_flags) return false;
    uint32_t at = infer_fact_index(op->infer, op->frame, op->inputs.ids[input]);
    return at != UINT32_MAX && (op->infer->value_flags[at] & VALUE_IS_CONSTANT);
}

bool op_is_last_use(const Op *op, uint32_t input) {
    if (!op_has_input(op, input)) return false;
    const Value *value = &op->model->values.items[op->inputs.ids[input]];
    op->infer->looked_further = true;
    if (value->producer == ID_NONE || value->is_output) return false;
    return value[1].first_consumer - value->first_consumer == 1 &&
           value->graph == op->model->nodes.items[op->node].graph;
}

bool op_is_zero(Op *op, uint32_t input) {
    if (!op_has_input(op, input)) return true;
    const Contents *contents = op_contents(op, input);
    if (!contents) return false;
    for (uint32_t i = 0; i < contents->count; i++)
        if (contents->items[i] != 0) return false;
    return true;
}

/* ---- bytes ---- */

void cost_bytes_none(Cost *cost) {
    cost->metrics[COST_BYTES_READ] = cost->metrics[COST_BYTES_WRITTEN] = cost->metrics[COST_WEIGHT_BYTES] = 0;
}

void cost_reads(Op *op, Cost *cost, uint32_t input, Expr nbytes) {
    CostMetric metric = op_is_constant(op, input) ? COST_WEIGHT_BYTES : COST_BYTES_READ;
    cost->metrics[metric] = expr_add(op->algebra, cost->metrics[metric], nbytes);
}

static Expr outputs_nbytes(Op *op) {
    Expr sum = 0;
    for (uint32_t i = 0; i < op->outputs.count; i++) sum = op_plus(op, sum, op_nbytes(op, OUTPUT(i)));
    return sum;
}

void cost_bytes_of_output(Op *op, Cost *cost) {
    Expr nbytes = outputs_nbytes(op);
    cost_bytes_none(cost);
    cost->metrics[COST_BYTES_WRITTEN] = nbytes;
    cost_reads(op, cost, 0, nbytes);
}

/* ---- shared rules ---- */

void cost_view(Op *op, Cost *cost) {
    (void)op;
    cost->flags |= COST_IS_VIEW;
    cost_bytes_none(cost);
}

void cost_move(Op *op, Cost *cost) {
    (void)op;
    (void)cost;
}

void cost_copy(Op *op, Cost *cost) {
    cost_bytes_of_output(op, cost);
}

void cost_uncounted(Op *op, Cost *cost) {
    (void)op;
    cost->flags |= COST_NOT_NUMERIC;
}

void cost_unstated(Op *op, Cost *cost) {
    cost_gap(op, cost, "there is no cost rule for its operator");
}

void cost_body(Op *op, Cost *cost) {
    (void)op;
    cost->flags |= COST_HAS_BODY;
}

void cost_each(Op *op, Cost *cost, int64_t elementwise, int64_t transcendentals) {
    static const char *const formulas[] = {"0", "N(Y)", "2*N(Y)", "3*N(Y)", "4*N(Y)", "5*N(Y)"};
    Expr n = op_elements(op, OUTPUT(0));
    cost->flags |= COST_IN_PLACE;
    if (elementwise)
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, elementwise), formulas[elementwise],
                 {"N(Y)", n});
    if (transcendentals)
        COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, n, transcendentals), formulas[transcendentals],
                 {"N(Y)", n});
}

COST_EACH_RULE(cost_each_1, 1, 0)
COST_EACH_RULE(cost_each_2, 2, 0)
COST_EACH_RULE(cost_each_3, 3, 0)
COST_EACH_RULE(cost_each_4, 4, 0)
COST_EACH_RULE(cost_each_5, 5, 0)
COST_EACH_RULE(cost_transcendental, 0, 1)

void cost_requantize(Op *op, Cost *cost, Expr in, Expr out) {
    Expr count = op_plus(op, op_times(op, in, 2), op_times(op, out, 5));
    COST_ADD(op, cost, COST_ELEMENTWISE, count, "2*N_in + 5*N_out", {"N_in", in}, {"N_out", out});
}

/* As the operators of these names cost; unknown ones are a gap. */
void cost_activation(Op *op, Cost *cost, Bytes name, Expr n) {
    static const struct {
        const char *name, *formula;
        int64_t elementwise, transcendentals;
    } known[] = {{"Relu", "N(Y)", 1, 0},          {"Clip", "2*N(Y)", 2, 0},  {"LeakyRelu", "2*N(Y)", 2, 0},
                 {"HardSigmoid", "4*N(Y)", 4, 0}, {"Sigmoid", "N(Y)", 0, 1}, {"Tanh", "N(Y)", 0, 1},
                 {"HardSwish", "5*N(Y)", 5, 0},   {"Identity", "0", 0, 0}};
    if (name.size == 0) return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!bytes_equal(name, (Bytes){known[i].name, strlen(known[i].name)})) continue;
        if (known[i].elementwise)
            COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, known[i].elementwise), known[i].formula,
                     {"N(Y)", n});
        if (known[i].transcendentals)
            COST_ADD(op, cost, COST_TRANSCENDENTALS, n, known[i].formula, {"N(Y)", n});
        return;
    }
    cost_gap(op, cost, "its fused activation is not known");
}
