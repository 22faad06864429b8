#include "cost/costs.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cost/alike.h"

/* ---- keeping ---- */

static CostId keep(Costs *costs, const Cost *cost) {
    CostId id = interner_add(&costs->table, (Bytes){(const char *)cost, sizeof *cost});
    if (id != SYMBOL_NONE) return id;
    costs->out_of_memory = true;
    return 0;
}

static const Cost unknown_cost = {.metrics = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN,
                                              EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN,
                                              EXPR_UNKNOWN, EXPR_UNKNOWN}};

const Cost *costs_of_frame(const Costs *costs, uint32_t frame) {
    CostId id = costs->frames.items[frame].total;
    return id ? costs_get(costs, id) : &unknown_cost;
}

static CostId *node_slot(const Costs *costs, uint32_t frame, Id node) {
    const Frame *f = &costs->shapes->frames.items[frame];
    const Graph *graph = &costs->shapes->model->graphs.items[f->graph];
    return &costs->nodes.items[costs->frames.items[frame].first_node + (node - graph->first_node)];
}

const Cost *costs_of_node(const Costs *costs, uint32_t frame, Id node) {
    CostId id = *node_slot(costs, frame, node);
    return id ? costs_get(costs, id) : &unknown_cost;
}

static void add_gap(Costs *costs, uint32_t frame, Id node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void add_gap(Costs *costs, uint32_t frame, Id node, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CostGap gap = {frame, node, infer_text(costs->shapes->infer, format, args)};
    va_end(args);
    if (!array_push(&costs->gaps, gap)) costs->out_of_memory = true;
}

/* ---- values ---- */

static void set_flag(Costs *costs, uint32_t frame, Id value, uint8_t flag) {
    uint32_t at = value == ID_NONE ? UINT32_MAX : infer_fact_index(costs->shapes->infer, frame, value);
    if (at < costs->flag_count) costs->flags[at] |= flag;
}

static bool all_known_constants(Costs *costs, uint32_t frame, Id value) {
    const Contents *contents = shapes_contents(costs->shapes, frame, value);
    if (!contents) return false;
    for (uint32_t i = 0; i < contents->count; i++)
        if (!expr_is_constant(costs->shapes->algebra,
                              expr_resolve(costs->shapes->algebra, contents->items[i])))
            return false;
    return true;
}

typedef struct InputKinds {
    bool all_constant, all_from_shapes, any;
} InputKinds;

static InputKinds input_kinds(const Costs *costs, const Op *op) {
    InputKinds kinds = {true, true, false};
    for (uint32_t i = 0; i < op->inputs.count && kinds.all_from_shapes; i++) {
        if (op->inputs.ids[i] == ID_NONE) continue;
        uint8_t flags = costs_value_flags(costs, op->frame, op->inputs.ids[i]);
        kinds.any = true;
        if (!(flags & VALUE_IS_CONSTANT)) kinds.all_constant = false;
        if (!(flags & (VALUE_IS_CONSTANT | VALUE_IS_SHAPE)))
            kinds.all_from_shapes = kinds.all_constant = false;
    }
    return kinds;
}

static bool is_named(const Op *op, const char *const *names, size_t count) {
    const Operator *operation = &op->model->operators.items[op->model->nodes.items[op->node].op];
    Bytes name = model_name(op->model, operation->op_type);
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, (Bytes){names[i], strlen(names[i])})) return true;
    return false;
}

/* Gives something else each time, or has an effect: never constant. */
static bool is_random(const Op *op) {
    static const char *const names[] = {"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                        "RandomUniformLike", "Bernoulli",        "Multinomial"};
    return op->rule && op->rule->domain[0] == '\0' && is_named(op, names, sizeof names / sizeof *names);
}

static bool reads_shape(const Op *op) {
    static const char *const names[] = {"Shape", "Size"};
    return op->rule && op->rule->domain[0] == '\0' && is_named(op, names, 2);
}

/* Marks outputs of a node that follow from constants, or from shapes. */
static uint8_t classify(Costs *costs, const Op *op) {
    InputKinds kinds = input_kinds(costs, op);
    bool is_shape = reads_shape(op);
    if (!is_shape && (!kinds.all_from_shapes || is_random(op))) return 0;
    if (!op->rule || op->rule->cost == cost_body) return 0;
    bool is_constant = kinds.all_constant;
    if (!is_constant) {
        is_constant = true;
        for (uint32_t i = 0; i < op->outputs.count && is_constant; i++)
            if (op_has_output(op, i)) is_constant = all_known_constants(costs, op->frame, op->outputs.ids[i]);
    }
    uint8_t flag = is_constant ? VALUE_IS_CONSTANT : VALUE_IS_SHAPE;
    for (uint32_t i = 0; i < op->outputs.count; i++) set_flag(costs, op->frame, op->outputs.ids[i], flag);
    return is_constant ? COST_IS_CONSTANT : COST_IS_SHAPE;
}

/* ---- a node ---- */

/* A node that reads a value twice has it once. Only the first inputs are looked through: a Concat may have a million. */
static bool is_seen_before(const Op *op, uint32_t i) {
    for (uint32_t before = 0; before < 16 && before < i; before++)
        if (op->inputs.ids[before] == op->inputs.ids[i]) return true;
    return false;
}

static void default_bytes(Op *op, Cost *cost) {
    Expr read = 0, weights = 0, written = 0;
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        if (!op_has_input(op, i) || is_seen_before(op, i)) continue;
        Expr *sum = op_is_constant(op, i) ? &weights : &read;
        *sum = op_plus(op, *sum, op_nbytes(op, INPUT(i)));
    }
    for (uint32_t i = 0; i < op->outputs.count; i++) written = op_plus(op, written, op_nbytes(op, OUTPUT(i)));
    const Expr made[] = {read, written, weights};
    for (int i = 0; i < 3; i++)
        if (cost->metrics[COST_BYTES_READ + i] == COST_AS_DEFAULT)
            cost->metrics[COST_BYTES_READ + i] = made[i];
}

static bool is_integer(uint32_t dtype) {
    return dtype == DTYPE_INT64 || dtype == DTYPE_INT32;
}

/* Indices are worked out, nothing is computed with them: an operator of ai.onnx whose inputs are whole numbers (or conditions),
 * and so is its output.
 */
static bool is_index_arithmetic(Op *op, const Cost *cost) {
    bool is_counted = cost->metrics[COST_ELEMENTWISE] != 0 || cost->metrics[COST_TRANSCENDENTALS] != 0;
    if (!is_counted || cost->metrics[COST_MACS] != 0 || !op->rule || op->rule->domain[0] ||
        !is_integer(op_place_dtype(op, OUTPUT(0))))
        return false;
    for (uint32_t i = 0; i < op->inputs.count; i++)
        if (op_has_input(op, i) && !is_integer(op_dtype(op, i)) && op_dtype(op, i) != DTYPE_BOOL)
            return false;
    return op->inputs.count > 0;
}

static const char *first_unknown(Op *op, char *buffer, size_t size) {
    for (int outputs = 0; outputs < 2; outputs++) {
        IdSpan span = outputs ? op->outputs : op->inputs;
        for (uint32_t i = 0; i < span.count; i++) {
            Place place = outputs ? OUTPUT(i) : INPUT(i);
            if (span.ids[i] == ID_NONE || expr_is_known(op_elements(op, place))) continue;
            snprintf(buffer, size, "the shape of %s is not known",
                     quote(model_name(op->model, op->model->values.items[span.ids[i]].name)).text);
            return buffer;
        }
    }
    return "a formula has no value";
}

static const char *failure_text(AlgebraFailure failure) {
    switch (failure) {
    case ALGEBRA_OVERFLOW: return "a number is past 2^127";
    case ALGEBRA_TOO_LARGE: return "the formula is too large";
    case ALGEBRA_MEMORY: return "out of memory";
    case ALGEBRA_DIVIDE_BY_ZERO: return "division by zero";
    case ALGEBRA_FINE: break;
    }
    return NULL;
}

/* Sizes that contradict each other (a negative shape given as contents) can make a count negative: then nobody knows it. */
static bool is_negative(const Op *op, Expr e) {
    if (expr_is_small(e)) return e < 0;
    return expr_is_known(e) && expr_is_constant(op->algebra, e) && expr_less(op->algebra, e, 0) == TRUTH_TRUE;
}

static void finish(Costs *costs, Op *op, Cost *cost) {
    const char *failed = failure_text(algebra_failure(op->algebra));
    for (int m = 0; m < COST_METRIC_COUNT; m++) {
        if (cost->metrics[m] == COST_AS_NOMINAL)
            cost->metrics[m] = cost->metrics[m == COST_ELEMENTWISE_LOW ? COST_ELEMENTWISE : COST_MACS];
        if (is_negative(op, cost->metrics[m])) {
            cost->metrics[m] = EXPR_UNKNOWN;
            failed = "it comes out below 0";
        }
        if (!expr_is_known(cost->metrics[m])) cost->metrics[m] = EXPR_UNKNOWN;
    }
    if (cost->metrics[COST_MACS] == 0) cost->dtype = 0;
    bool is_known = expr_is_known(cost->metrics[COST_MACS]) &&
                    expr_is_known(cost->metrics[COST_ELEMENTWISE]) &&
                    expr_is_known(cost->metrics[COST_TRANSCENDENTALS]);
    if (is_known) return;
    char buffer[160];
    const char *reason = costs->shapes->infer->cost_gap;
    if (!*reason) reason = failed ? failed : first_unknown(op, buffer, sizeof buffer);
    add_gap(costs, op->frame, op->node, "%s", reason);
}

static void run_rule(Costs *costs, Op *op, const CostHook *hook, Cost *cost) {
    *cost = (Cost){.dtype = (uint8_t)op_dtype(op, 0)};
    for (int m = COST_BYTES_READ; m <= COST_WEIGHT_BYTES; m++) cost->metrics[m] = COST_AS_DEFAULT;
    for (int m = COST_MACS_VALID; m < COST_METRIC_COUNT; m++) cost->metrics[m] = COST_AS_NOMINAL;
    costs->shapes->infer->cost_gap[0] = '\0';
    Id function = op->model->operators.items[op->model->nodes.items[op->node].op].function;
    bool is_hooked = hook && hook->cost && hook->cost(hook->context, op, cost);
    if (is_hooked) { /* done */
    } else if (op->rule && (function == ID_NONE || op->rule->domain[0] == '\0')) {
        op->rule->cost(op, cost);
    } else if (function != ID_NONE) {
        cost->flags |= COST_HAS_BODY;
        cost_bytes_none(cost);
    } else {
        cost_unstated(op, cost);
    }
    default_bytes(op, cost);
}

static void count_node(Costs *costs, Op *op, const CostHook *hook, uint8_t kind, Cost *cost) {
    algebra_failure(op->algebra);
    if (kind == COST_IS_CONSTANT) {
        *cost = (Cost){.flags = COST_IS_CONSTANT};
        return;
    }
    run_rule(costs, op, hook, cost);
    if (kind == 0 && is_index_arithmetic(op, cost)) kind = COST_IS_SHAPE;
    if (kind == COST_IS_SHAPE) {
        cost->flags |= COST_IS_SHAPE;
        cost->metrics[COST_ELEMENTWISE] = cost->metrics[COST_TRANSCENDENTALS] = 0;
        cost->metrics[COST_ELEMENTWISE_LOW] = 0;
    }
    finish(costs, op, cost);
}

/* ---- sums of ids ---- */

/* How often each CostId occurs: counts by id, and the ids that do. */
typedef struct Tally {
    Array(uint32_t) counts;
    Array(CostId) ids;
} Tally;

static bool tally_add(Tally *tally, CostId id) {
    while (tally->counts.count <= id)
        if (!array_push(&tally->counts, 0)) return false;
    if (tally->counts.items[id]++ == 0) return array_push(&tally->ids, id);
    return true;
}

static void tally_clear(Tally *tally) {
    for (uint32_t i = 0; i < tally->ids.count; i++) tally->counts.items[tally->ids.items[i]] = 0;
    tally->ids.count = 0;
}

static void tally_free(Tally *tally) {
    array_free(&tally->counts);
    array_free(&tally->ids);
}

/* ---- frames ---- */

typedef struct Counter {
    Costs *costs;
    const CostHook *hook;
    Alike alike;
    Tally tally;
    Array(Expr) terms;
} Counter;

static void count_frame(Counter *counter, uint32_t frame);

/* Calls visit with the frames of a node's subgraphs and of the function it calls. */
static void visit_children(const Costs *costs, uint32_t frame, Id node,
                           void (*visit)(void *context, uint32_t child), void *context) {
    const Model *model = costs->shapes->model;
    Id function = model->operators.items[model->nodes.items[node].op].function;
    uint32_t child;
    if (function != ID_NONE &&
        (child = shapes_child_frame(costs->shapes, frame, node, function)) != FRAME_NONE)
        visit(context, child);
    const Attribute *attributes = model->attributes.items + model->nodes.items[node].first_attribute;
    for (uint32_t a = 0; a < node_attribute_count(model, node); a++) {
        if (attributes[a].type != ATTRIBUTE_GRAPH && attributes[a].type != ATTRIBUTE_GRAPH_LIST) continue;
        for (uint32_t i = 0; i < attributes[a].count; i++) {
            Id graph = model->lists.items[attributes[a].first + i];
            child = graph == ID_NONE ? FRAME_NONE : shapes_child_frame(costs->shapes, frame, node, graph);
            if (child != FRAME_NONE) visit(context, child);
        }
    }
}

typedef struct Children {
    uint32_t frames[COST_CHILDREN];
    uint32_t count;
} Children;

static void collect_child(void *context, uint32_t child) {
    Children *children = context;
    if (children->count < COST_CHILDREN) children->frames[children->count++] = child;
}

uint32_t costs_children(const Costs *costs, uint32_t frame, Id node, uint32_t frames[COST_CHILDREN]) {
    Children children = {.count = 0};
    visit_children(costs, frame, node, collect_child, &children);
    memcpy(frames, children.frames, children.count * sizeof *frames);
    return children.count;
}

/* What a child adds to its node: all of its metrics, as often as it runs. */
static void add_child(const Costs *costs, uint32_t child, Cost *sum) {
    Algebra *algebra = costs->shapes->algebra;
    if (!costs->frames.items[child].is_counted) return;
    Expr turns = expr_resolve(algebra, costs->shapes->frames.items[child].turns);
    Cost total = *costs_of_frame(costs, child);
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        sum->metrics[m] = expr_add(algebra, sum->metrics[m], expr_multiply(algebra, turns, total.metrics[m]));
}

/* What `from` has as values, `to` has as copies. */
static void copy_flags(Costs *costs, uint32_t from, IdSpan values, uint32_t to, IdSpan copies) {
    for (uint32_t i = 0; i < values.count && i < copies.count; i++)
        if (values.ids[i] != ID_NONE)
            set_flag(costs, to, copies.ids[i], costs_value_flags(costs, from, values.ids[i]));
}

static bool covers(Costs *costs, uint32_t larger, uint32_t smaller) {
    const Cost *a = costs_of_frame(costs, larger), *b = costs_of_frame(costs, smaller);
    if (a == &unknown_cost || b == &unknown_cost) return false;
    Cost left = *a, right = *b;
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        if (!expr_is_known(left.metrics[m]) || !expr_is_known(right.metrics[m]) ||
            expr_less_equal(costs->shapes->algebra, right.metrics[m], left.metrics[m]) != TRUTH_TRUE)
            return false;
    return true;
}

/* Both branches of an If are there: the larger one counts, or the If has the maxima. */
static void choose_branch(Costs *costs, const Children *branches, Cost *cost) {
    uint32_t first = branches->frames[0], second = branches->frames[1];
    if (covers(costs, first, second)) {
        costs->frames.items[second].is_counted = false;
        return;
    }
    costs->frames.items[first].is_counted = false;
    if (covers(costs, second, first)) return;
    costs->frames.items[second].is_counted = false;
    Algebra *algebra = costs->shapes->algebra;
    Cost a = *costs_of_frame(costs, first), b = *costs_of_frame(costs, second);
    cost->dtype = a.dtype ? a.dtype : b.dtype;
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        cost->metrics[m] = expr_add(algebra, cost->metrics[m], expr_max(algebra, a.metrics[m], b.metrics[m]));
}

/* Inputs of a function's body are what the call gives; those of other bodies change from turn to turn. */
static void enter_child(void *context, uint32_t child) {
    Counter *counter = context;
    Costs *costs = counter->costs;
    const Model *model = costs->shapes->model;
    const Frame *f = &costs->shapes->frames.items[child];
    const Graph *graph = &model->graphs.items[f->graph];
    bool is_call = f->kind == FRAME_CALL;
    costs->frames.items[child].is_counted = true;
    if (is_call)
        copy_flags(costs, f->parent, node_inputs(model, f->node), child, model_list(model, graph->inputs));
    count_frame(counter, child);
    if (is_call)
        copy_flags(costs, child, model_list(model, graph->outputs), f->parent, node_outputs(model, f->node));
}

/* Counts what is inside of a node, adds what the If itself takes to `cost` and all the rest to `inside`. A body of which nobody
 * knows how often it runs is in no sum: the node is a gap. */
static void count_bodies(Counter *counter, const Op *op, Cost *cost, Cost *inside) {
    static const char *const branching[] = {"If"};
    Costs *costs = counter->costs;
    Children children = {.count = 0};
    visit_children(costs, op->frame, op->node, enter_child, counter);
    visit_children(costs, op->frame, op->node, collect_child, &children);
    if (children.count == 2 && is_named(op, branching, 1)) choose_branch(costs, &children, cost);
    bool is_known = children.count > 0;
    for (uint32_t i = 0; i < children.count; i++) {
        uint32_t child = children.frames[i];
        if (!expr_is_known(costs->shapes->frames.items[child].turns))
            is_known = costs->frames.items[child].is_counted = false;
        add_child(costs, child, inside);
    }
    if (is_known) return;
    cost->metrics[COST_MACS] = cost->metrics[COST_ELEMENTWISE] = cost->metrics[COST_TRANSCENDENTALS] =
        EXPR_UNKNOWN;
    add_gap(costs, op->frame, op->node, "%s",
            children.count ? "how often its body runs is not known" : "its body was not inferred");
}

static CostId count_one(Counter *counter, uint32_t frame, Id node, Cost *inside) {
    Costs *costs = counter->costs;
    Infer *infer = costs->shapes->infer;
    Op op;
    Cost cost;
    op_init(&op, infer, frame, node);
    uint8_t kind = classify(costs, &op);
    AlikeKey key = {.count = 0};
    if (kind == 0 && !(counter->hook && counter->hook->cost)) key = alike_key(costs, &op);
    CostId id = alike_find(&counter->alike, &key);
    if (id) return id;
    uint32_t gaps = costs->gaps.count;
    infer->looked_further = false;
    count_node(costs, &op, counter->hook, kind, &cost);
    bool is_alone = infer->looked_further || costs->gaps.count > gaps || (cost.flags & COST_HAS_BODY);
    if (cost.flags & COST_HAS_BODY) count_bodies(counter, &op, &cost, inside);
    id = keep(costs, &cost);
    if (!is_alone && !alike_add(&counter->alike, &key, id)) costs->out_of_memory = true;
    return id;
}

static void count_nodes(Counter *counter, uint32_t frame, Cost *inside) {
    Costs *costs = counter->costs;
    const Model *model = costs->shapes->model;
    const Graph *graph = &model->graphs.items[costs->shapes->frames.items[frame].graph];
    IdSpan tensors = model_list(model, graph->initializers);
    for (uint32_t i = 0; i < tensors.count; i++)
        set_flag(costs, frame, model->tensors.items[tensors.ids[i]].value, VALUE_IS_CONSTANT);
    for (uint32_t i = 0; i < graph->node_count && !costs->out_of_memory; i++) {
        Id node = graph_node_at(model, graph, i);
        CostId id = count_one(counter, frame, node, inside);
        *node_slot(costs, frame, node) = id;
    }
}

/* The sum of one metric over a tally; what is not known is left out. */
static Expr sum_tally(Counter *counter, int metric) {
    Algebra *algebra = counter->costs->shapes->algebra;
    counter->terms.count = 0;
    for (uint32_t i = 0; i < counter->tally.ids.count; i++) {
        CostId id = counter->tally.ids.items[i];
        Expr each = costs_get(counter->costs, id)->metrics[metric];
        if (!expr_is_known(each) || each == 0) continue;
        if (!array_push(&counter->terms, expr_multiply(algebra, each, counter->tally.counts.items[id])))
            counter->costs->out_of_memory = true;
    }
    return expr_sum(algebra, counter->terms.items, counter->terms.count);
}

static void count_frame(Counter *counter, uint32_t frame) {
    Costs *costs = counter->costs;
    const Frame *f = &costs->shapes->frames.items[frame];
    const Graph *graph = &costs->shapes->model->graphs.items[f->graph];
    Cost inside = {.dtype = 0}, total = inside;
    count_nodes(counter, frame, &inside);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        CostId id = *node_slot(costs, frame, graph->first_node + i);
        if (id && !tally_add(&counter->tally, id)) costs->out_of_memory = true;
    }
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        total.metrics[m] = expr_add(costs->shapes->algebra, sum_tally(counter, m), inside.metrics[m]);
    tally_clear(&counter->tally);
    costs->frames.items[frame].total = keep(costs, &total);
}

/* Nodes of a graph's first frame stand at their ids, those of later ones behind. */
static bool place_frames(Costs *costs) {
    const Shapes *shapes = costs->shapes;
    uint32_t next = shapes->model->node_count;
    for (uint32_t i = 0; i < shapes->frames.count; i++) {
        Id graph = shapes->frames.items[i].graph;
        const Graph *g = &shapes->model->graphs.items[graph];
        bool is_first = shapes_first_frame(shapes, graph) == i;
        CostFrame frame = {.first_node = is_first ? g->first_node : next};
        if (!is_first && __builtin_add_overflow(next, g->node_count, &next)) return false;
        if (!array_push(&costs->frames, frame)) return false;
    }
    if (!array_reserve(&costs->nodes, next)) return false;
    if (next) memset(costs->nodes.items, 0, next * sizeof *costs->nodes.items);
    costs->nodes.count = next;
    return true;
}

/* A frame comes behind the one it is entered from. */
static void weigh_frames(Costs *costs) {
    const Shapes *shapes = costs->shapes;
    for (uint32_t i = 0; i < costs->frames.count; i++) {
        const Frame *f = &shapes->frames.items[i];
        CostFrame *frame = &costs->frames.items[i];
        bool is_main = f->kind == FRAME_MAIN;
        frame->weight = is_main ? 1
                        : !frame->is_counted
                            ? 0
                            : expr_multiply(shapes->algebra, costs->frames.items[f->parent].weight,
                                            expr_resolve(shapes->algebra, f->turns));
    }
}

/* Training graphs do not run with the model: their nodes have costs, which no sum counts. */
static void count_all(Counter *counter) {
    const Shapes *shapes = counter->costs->shapes;
    for (uint32_t i = 0; i < shapes->frames.count; i++)
        if (shapes->frames.items[i].node == ID_NONE) count_frame(counter, i);
    weigh_frames(counter->costs);
}

void costs_free(Costs *costs) {
    if (!costs) return;
    interner_free(&costs->table);
    array_free(&costs->nodes);
    array_free(&costs->frames);
    array_free(&costs->gaps);
    free(costs->flags);
    free(costs);
}

Costs *costs_count(Shapes *shapes, const CostHook *hook, Error *err) {
    Costs *costs = calloc(1, sizeof *costs);
    if (!costs || !interner_init(&costs->table)) {
        free(costs);
        error_memory(err, "the model's costs");
        return NULL;
    }
    costs->shapes = shapes;
    costs->flag_count = shapes->facts.count;
    costs->flags = calloc(costs->flag_count + (size_t)1, 1);
    Counter counter = {.costs = costs, .hook = hook};
    Infer *infer = shapes->infer;
    costs->out_of_memory = !alike_init(&counter.alike) || !costs->flags || !place_frames(costs);
    infer->is_costing = true;
    infer->value_flags = costs->flags;
    if (!costs->out_of_memory) count_all(&counter);
    infer->is_costing = false;
    infer->value_flags = NULL;
    alike_free(&counter.alike);
    tally_free(&counter.tally);
    array_free(&counter.terms);
    if (!costs->out_of_memory && !infer->out_of_memory) return costs;
    costs_free(costs);
    error_memory(err, "the model's costs");
    return NULL;
}

void costs_with_inside(const Costs *costs, uint32_t frame, Id node, Cost *cost) {
    Children children = {.count = 0};
    *cost = *costs_of_node(costs, frame, node);
    if (!(cost->flags & COST_HAS_BODY)) return;
    visit_children(costs, frame, node, collect_child, &children);
    for (uint32_t i = 0; i < children.count; i++) add_child(costs, children.frames[i], cost);
}

bool costs_explain(Costs *costs, uint32_t frame, Id node, const CostHook *hook, Cost *cost,
                   CostNotes *notes) {
    Infer *infer = costs->shapes->infer;
    Op op;
    op_init(&op, infer, frame, node);
    op.notes = notes;
    infer->is_costing = true;
    infer->value_flags = costs->flags;
    run_rule(costs, &op, hook, cost);
    infer->is_costing = false;
    infer->value_flags = NULL;
    return !notes->out_of_memory;
}

/* ---- coverage ---- */

enum { COVERED_UNASKED, COVERED_YES, COVERED_NO };

typedef struct Explained {
    Shapes *shapes;
    bool all;
} Explained;

static bool visit_explained(void *context, SymbolId symbol) {
    Explained *explained = context;
    const Shapes *shapes = explained->shapes;
    explained->all =
        symbol >= shapes->symbols.count || shapes->symbols.items[symbol].origin != SYMBOL_UNKNOWN;
    return explained->all;
}

static bool is_shape_known(Shapes *shapes, ShapeId id) {
    Shape shape;
    Explained explained = {shapes, id != SHAPE_UNKNOWN};
    shapes_get(shapes, id, &shape);
    for (int32_t i = 0; explained.all && i < shape.rank; i++)
        expr_visit_symbols(shapes->algebra, shape.dims[i], visit_explained, &explained);
    return explained.all;
}

static bool is_fact_known(Shapes *shapes, Fact fact, uint8_t *by_shape) {
    if (fact.kind == TYPE_KIND_NONE) return false;
    if (fact.kind != TYPE_KIND_TENSOR && fact.kind != TYPE_KIND_SPARSE_TENSOR) return true;
    if (by_shape[fact.shape] == COVERED_UNASKED)
        by_shape[fact.shape] = is_shape_known(shapes, fact.shape) ? COVERED_YES : COVERED_NO;
    return by_shape[fact.shape] == COVERED_YES;
}

static bool is_node_known(Shapes *shapes, uint32_t frame, Id node, uint8_t *by_shape) {
    IdSpan outputs = node_outputs(shapes->model, node);
    for (uint32_t i = 0; i < outputs.count; i++)
        if (outputs.ids[i] != ID_NONE &&
            !is_fact_known(shapes, *shapes_fact(shapes, frame, outputs.ids[i]), by_shape))
            return false;
    return true;
}

bool costs_shape_coverage(const Costs *costs, uint64_t *nodes, uint64_t *known) {
    Shapes *shapes = costs->shapes;
    uint8_t *by_shape = calloc(shapes->infer->shape_table.names.count + (size_t)1, 1);
    *nodes = *known = 0;
    if (!by_shape) return false;
    for (uint32_t f = 0; f < costs->frames.count; f++) {
        const Graph *graph = &shapes->model->graphs.items[shapes->frames.items[f].graph];
        if (costs->frames.items[f].weight == 0) continue;
        *nodes += graph->node_count;
        for (uint32_t i = 0; i < graph->node_count; i++)
            if (is_node_known(shapes, f, graph->first_node + i, by_shape)) ++*known;
    }
    free(by_shape);
    return true;
}

/* ---- sums ---- */

/* A product that goes into a sum: so many times a cost, in one group. */
typedef struct Share {
    uint32_t group;
    CostId id;
    uint32_t frame; /* its weight is a factor */
    uint32_t count;
} Share;

typedef struct Summer {
    Costs *costs;
    const uint32_t *groups;
    uint32_t *frame_groups; /* by frame: of the node that enters it */
    CostSum *sums;
    Tally tally;
    Array(uint64_t) keys;
    Array(Share) shares;
    Array(Expr) terms;
} Summer;

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int compare_shares(const void *a, const void *b) {
    const Share *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static uint32_t group_in(const Summer *summer, uint32_t frame, Id node) {
    uint32_t group = summer->groups[node];
    return group == COST_GROUP_ENTERING ? summer->frame_groups[frame] : group;
}

/* Frames stand behind those that enter them. */
static bool find_frame_groups(Summer *summer) {
    const Shapes *shapes = summer->costs->shapes;
    summer->frame_groups = malloc((shapes->frames.count + (size_t)1) * sizeof *summer->frame_groups);
    if (!summer->frame_groups) return false;
    for (uint32_t f = 0; f < shapes->frames.count; f++) {
        const Frame *frame = &shapes->frames.items[f];
        bool is_entered = frame->node != ID_NONE && frame->parent != FRAME_NONE;
        summer->frame_groups[f] = is_entered ? group_in(summer, frame->parent, frame->node) : COST_GROUP_NONE;
    }
    return true;
}

/* The shares of a frame whose nodes are in many groups: sorted (group, id) pairs, equal ones counted. */
static bool share_by_group(Summer *summer, uint32_t frame, const Graph *graph) {
    summer->keys.count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        uint32_t group = group_in(summer, frame, graph->first_node + i);
        if (group == COST_GROUP_NONE) continue;
        uint64_t key = (uint64_t)group << 32 | *node_slot(summer->costs, frame, graph->first_node + i);
        if (!array_push(&summer->keys, key)) return false;
    }
    if (summer->keys.count == 0) return true;
    qsort(summer->keys.items, summer->keys.count, sizeof(uint64_t), compare_keys);
    for (uint32_t i = 0, next; i < summer->keys.count; i = next) {
        uint64_t key = summer->keys.items[i];
        for (next = i + 1; next < summer->keys.count && summer->keys.items[next] == key;) next++;
        if (!array_push(&summer->shares, (Share){(uint32_t)(key >> 32), (CostId)key, frame, next - i}))
            return false;
    }
    return true;
}

static bool share_in_one(Summer *summer, uint32_t frame, const Graph *graph) {
    Costs *costs = summer->costs;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!tally_add(&summer->tally, *node_slot(costs, frame, graph->first_node + i))) return false;
    bool done = true;
    for (uint32_t i = 0; done && i < summer->tally.ids.count; i++) {
        CostId id = summer->tally.ids.items[i];
        done = array_push(&summer->shares, (Share){0, id, frame, summer->tally.counts.items[id]});
    }
    tally_clear(&summer->tally);
    return done;
}

static void count_share(CostSum *sum, const Cost *cost, uint32_t count) {
    bool is_known = true;
    for (int m = COST_MACS; m <= COST_TRANSCENDENTALS; m++)
        is_known = is_known && expr_is_known(cost->metrics[m]);
    bool has_bytes = true;
    for (int m = COST_BYTES_READ; m <= COST_WEIGHT_BYTES; m++)
        has_bytes = has_bytes && expr_is_known(cost->metrics[m]);
    sum->nodes += count;
    if (!is_known) sum->unknown += count;
    if (!has_bytes) sum->unknown_bytes += count;
    if (cost->flags & COST_IS_CONSTANT) sum->constant += count;
    else if (cost->flags & COST_IS_SHAPE) sum->shape += count;
    else if (cost->flags & COST_IS_VIEW) sum->views += count;
    else if (cost->flags & COST_NOT_NUMERIC) sum->not_numeric += count;
    sum->is_upper = sum->is_upper || cost->bound == COST_UPPER;
    sum->is_estimate = sum->is_estimate || cost->bound == COST_ESTIMATE;
}

/* Adds up one metric of a group's shares, of one dtype only unless `dtype` is 0. */
static bool add_metric(Summer *summer, const Share *shares, uint32_t count, int metric, uint8_t dtype,
                       Expr *sum) {
    Costs *costs = summer->costs;
    Algebra *algebra = costs->shapes->algebra;
    summer->terms.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const Cost *cost = shares[i].id ? costs_get(costs, shares[i].id) : &unknown_cost;
        if (!expr_is_known(cost->metrics[metric]) || cost->metrics[metric] == 0) continue;
        if (dtype && cost->dtype != dtype) continue;
        Expr times = expr_multiply(algebra, costs->frames.items[shares[i].frame].weight, shares[i].count);
        if (!array_push(&summer->terms, expr_multiply(algebra, cost->metrics[metric], times))) return false;
    }
    *sum = expr_sum(algebra, summer->terms.items, summer->terms.count);
    return true;
}

static bool add_group(Summer *summer, const Share *shares, uint32_t count, CostSum *sum) {
    bool has_dtype[256] = {false};
    for (uint32_t i = 0; i < count; i++) {
        const Cost *cost = shares[i].id ? costs_get(summer->costs, shares[i].id) : &unknown_cost;
        count_share(sum, cost, shares[i].count);
        if (cost->dtype && cost->metrics[COST_MACS] != 0) has_dtype[cost->dtype] = true;
    }
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        if (!add_metric(summer, shares, count, m, 0, &sum->metrics[m])) return false;
    for (uint32_t dtype = 1; dtype < DTYPE_COUNT; dtype++) {
        if (!has_dtype[dtype]) continue;
        DtypeMacs *macs = &sum->by_dtype[sum->dtype_count++];
        macs->dtype = (uint8_t)dtype;
        if (!add_metric(summer, shares, count, COST_MACS, (uint8_t)dtype, &macs->macs)) return false;
    }
    return true;
}

static bool sum_groups(Summer *summer) {
    const Shapes *shapes = summer->costs->shapes;
    if (summer->groups && !find_frame_groups(summer)) return false;
    for (uint32_t f = 0; f < shapes->frames.count; f++) {
        if (summer->costs->frames.items[f].weight == 0) continue;
        const Graph *graph = &shapes->model->graphs.items[shapes->frames.items[f].graph];
        if (!(summer->groups ? share_by_group(summer, f, graph) : share_in_one(summer, f, graph)))
            return false;
    }
    uint32_t count = summer->shares.count;
    const Share *shares = summer->shares.items;
    if (count) qsort(summer->shares.items, count, sizeof *shares, compare_shares);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && shares[next].group == shares[i].group;) next++;
        if (!add_group(summer, shares + i, next - i, &summer->sums[shares[i].group])) return false;
    }
    return true;
}

bool costs_sum(Costs *costs, const uint32_t *groups, uint32_t group_count, CostSum *sums, Error *err) {
    Summer summer = {.costs = costs, .groups = groups, .sums = sums};
    memset(sums, 0, group_count * sizeof *sums);
    bool done = sum_groups(&summer);
    tally_free(&summer.tally);
    free(summer.frame_groups);
    array_free(&summer.keys);
    array_free(&summer.shares);
    array_free(&summer.terms);
    return done || error_memory(err, "sums of costs");
}
