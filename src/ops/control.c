/* Control flow: If, Loop, Scan, SequenceMap, and calls of local functions. Each infers another graph in a frame of its own.
 */
#include <string.h>

#include "ops/infer.h"
#include "ops/rules.h"

/* ---- facts that must serve for two ---- */

bool infer_same_fact(Infer *infer, Fact a, Fact b) {
    if (a.kind != b.kind || a.dtype != b.dtype) return false;
    if (a.kind == TYPE_KIND_NONE || a.shape == b.shape) return true;
    if (a.kind == TYPE_KIND_OPAQUE) return false;
    if (a.kind == TYPE_KIND_TENSOR || a.kind == TYPE_KIND_SPARSE_TENSOR) {
        Shape left, right;
        shapes_get(infer->shapes, a.shape, &left);
        shapes_get(infer->shapes, b.shape, &right);
        return left.rank == right.rank &&
               (left.rank <= 0 || memcmp(left.dims, right.dims, (size_t)left.rank * sizeof(Expr)) == 0);
    }
    ElementFact left = infer->shapes->elements.items[a.shape], right = infer->shapes->elements.items[b.shape];
    return left.length == right.length && infer_same_fact(infer, left.fact, right.fact);
}

static Fact merge_tensors(Infer *infer, uint32_t frame, Id value, Fact a, Fact b, Text reason) {
    Fact merged = {.kind = a.kind, .dtype = a.dtype == b.dtype ? a.dtype : 0};
    Shape left, right;
    shapes_get(infer->shapes, a.shape, &left);
    shapes_get(infer->shapes, b.shape, &right);
    if (left.rank != right.rank || left.rank < 0) return merged;
    for (int32_t i = 0; i < left.rank; i++) {
        if (left.dims[i] == right.dims[i]) continue;
        int64_t least_a, least_b, most;
        expr_bounds(infer->algebra, left.dims[i], &least_a, &most);
        expr_bounds(infer->algebra, right.dims[i], &least_b, &most);
        int64_t least = least_a < least_b ? least_a : least_b;
        SymbolId symbol =
            infer_dim_symbol(infer, frame, value, (uint32_t)i, SYMBOL_DATA, least < 0 ? 0 : least, reason);
        left.dims[i] = expr_symbol(infer->algebra, symbol);
    }
    merged.shape = infer_shape(infer, &left);
    return merged;
}

Fact infer_merge(Infer *infer, uint32_t frame, Id value, Fact a, Fact b, const char *why) {
    if (infer_same_fact(infer, a, b)) {
        a.contents = CONTENTS_PENDING;
        return a;
    }
    if (a.kind != b.kind) return (Fact){0};
    Text reason = {0, 0};
    if (!interner_store(&infer->shapes->text, (Bytes){why, strlen(why)}, &reason))
        infer->out_of_memory = true;
    if (a.kind == TYPE_KIND_TENSOR || a.kind == TYPE_KIND_SPARSE_TENSOR)
        return merge_tensors(infer, frame, value, a, b, reason);
    if (a.kind == TYPE_KIND_OPAQUE) return a;
    ElementFact left = infer->shapes->elements.items[a.shape], right = infer->shapes->elements.items[b.shape];
    /* Of an empty sequence nothing is known that the other one's items could contradict. */
    bool is_left_empty = a.kind == TYPE_KIND_SEQUENCE && left.length == 0;
    bool is_right_empty = a.kind == TYPE_KIND_SEQUENCE && right.length == 0;
    Fact item = is_left_empty    ? right.fact
                : is_right_empty ? left.fact
                                 : infer_merge(infer, frame, value, left.fact, right.fact, why);
    ElementFact both = {item, left.length == right.length ? left.length : EXPR_UNKNOWN};
    Fact merged = {
        .kind = a.kind, .dtype = a.dtype == b.dtype ? a.dtype : 0, .shape = infer->shapes->elements.count};
    if (!array_push(&infer->shapes->elements, both)) infer->out_of_memory = true;
    return merged;
}

/* ---- graphs of a node ---- */

static IdSpan graph_inputs(const Op *op, Id graph) {
    return model_list(op->model, op->model->graphs.items[graph].inputs);
}

static IdSpan graph_outputs(const Op *op, Id graph) {
    return model_list(op->model, op->model->graphs.items[graph].outputs);
}

static Fact fact_in(const Op *op, uint32_t frame, Id value) {
    return value == ID_NONE ? (Fact){0} : *shapes_fact(op->infer->shapes, frame, value);
}

static void set_in(const Op *op, uint32_t frame, Id value, Fact fact, ContentsId contents) {
    Fact *slot = value == ID_NONE ? NULL : infer_fact(op->infer, frame, value);
    if (!slot) return;
    *slot = fact;
    slot->contents = contents;
}

/* What is declared for an input whose fact nobody knows. */
static Fact or_declared(const Op *op, uint32_t frame, Id value, Fact fact) {
    if (fact.kind != TYPE_KIND_NONE || value == ID_NONE) return fact;
    return infer_declared(op->infer, frame, value, op->model->values.items[value].type, SYMBOL_INPUT);
}

/* ---- If ---- */

/* The branch that is taken for certain, as an attribute's name, or NULL. */
static const char *certain_branch(Op *op) {
    Expr condition = op_item(op, 0, 0);
    int64_t value;
    if (!expr_is_known(condition) || !expr_to_integer(op->algebra, condition, &value)) return NULL;
    return value ? "then_branch" : "else_branch";
}

static void set_merged(Op *op, uint32_t output, Fact a, Fact b) {
    Fact merged = infer_merge(op->infer, op->frame, op->outputs.ids[output], a, b,
                              "the branches of If give different shapes");
    bool are_tensors = a.kind == TYPE_KIND_TENSOR && b.kind == TYPE_KIND_TENSOR;
    if (are_tensors && a.shape != SHAPE_UNKNOWN && b.shape != SHAPE_UNKNOWN && merged.shape == SHAPE_UNKNOWN)
        op_gap(op, "the branches of If give different ranks");
    else if (a.kind != b.kind && a.kind != TYPE_KIND_NONE && b.kind != TYPE_KIND_NONE)
        op_gap(op, "the branches of If give different kinds of values");
    op_set_fact(op, output, merged);
}

void infer_if(Op *op) {
    static const char *const names[] = {"then_branch", "else_branch"};
    uint32_t frames[2] = {FRAME_NONE, FRAME_NONE};
    IdSpan outputs[2] = {{0}, {0}};
    const char *certain = certain_branch(op);
    for (int i = 0; i < 2; i++) {
        if (certain && certain[0] != names[i][0])
            continue; /* never run: it may even be wrong for these shapes */
        Id graph = op_graph(op, names[i]);
        if (graph == ID_NONE) {
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is missing", names[i]);
            continue;
        }
        frames[i] = infer_enter(op->infer, FRAME_SUBGRAPH, op->frame, op->node, graph);
        if (frames[i] == FRAME_NONE) return;
        infer_graph(op->infer, frames[i]);
        outputs[i] = graph_outputs(op, graph);
    }
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        Fact facts[2] = {{0}, {0}};
        for (int b = 0; b < 2; b++)
            if (frames[b] != FRAME_NONE && i < outputs[b].count)
                facts[b] = fact_in(op, frames[b], outputs[b].ids[i]);
        if (certain) op_set_fact(op, i, facts[certain[0] == 'e']);
        else if (op_has_output(op, i)) set_merged(op, i, facts[0], facts[1]);
    }
}

/* ---- calls ---- */

static bool is_recursive(const Op *op, Id function) {
    for (uint32_t at = op->frame; at != FRAME_NONE; at = op->infer->shapes->frames.items[at].parent)
        if (op->infer->shapes->frames.items[at].graph == function) return true;
    return false;
}

void infer_call(Op *op, Id function) {
    if (is_recursive(op, function)) {
        op_problem(op, SHAPE_PROBLEM_RECURSION, "the function calls itself");
        return;
    }
    if (op->infer->call_depth >= INFER_CALL_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "calls nest deeper than %d", INFER_CALL_LIMIT);
        return;
    }
    uint32_t frame = infer_enter(op->infer, FRAME_CALL, op->frame, op->node, function);
    if (frame == FRAME_NONE) return;
    IdSpan formals = graph_inputs(op, function), results = graph_outputs(op, function);
    for (uint32_t i = 0; i < formals.count; i++)
        set_in(op, frame, formals.ids[i], op_input(op, i), CONTENTS_PENDING);
    op->infer->call_depth++;
    infer_graph(op->infer, frame);
    op->infer->call_depth--;
    for (uint32_t i = 0; i < op->outputs.count && i < results.count; i++)
        op_set_fact(op, i, fact_in(op, frame, results.ids[i]));
}

bool infer_contents_source(Op *op, uint32_t output, Demand *source) {
    Id graph = op->model->operators.items[op->model->nodes.items[op->node].op].function;
    if (op->rule && op->rule->infer == infer_if) {
        if (!op_has_input(op, 0) || op_input(op, 0).contents == CONTENTS_PENDING) return false;
        op->infer->in_contents = true;
        const char *certain = certain_branch(op);
        op->infer->in_contents = false;
        if (!certain) return false;
        graph = op_graph(op, certain);
    } else if (op->rule) {
        return false;
    }
    if (graph == ID_NONE) return false;
    uint32_t frame = shapes_child_frame(op->infer->shapes, op->frame, op->node, graph);
    IdSpan results = graph_outputs(op, graph);
    if (frame == FRAME_NONE || output >= results.count || results.ids[output] == ID_NONE) return false;
    *source = (Demand){frame, results.ids[output]};
    return true;
}

/* ---- bodies that run again and again ---- */

/* More carried values than any model has; they lie on the stack. */
#define CARRIED_LIMIT 1024
#define SCANNED_LIMIT 64
/* Rounds until carried facts settle: as they start, with what differs widened to new symbols, then without a rank. */
#define ROUNDS 4

/* A body graph: its inputs are `before`, the carried values, `after`; its outputs have the carried ones from `first_out`. */
typedef struct Body {
    Id graph;
    IdSpan inputs, outputs;
    const Fact *before, *after;
    uint32_t before_count, after_count;
    Fact *carried;
    uint32_t carried_count;
    uint32_t first_out;
} Body;

static void set_body_inputs(Op *op, const Body *body, uint32_t frame) {
    const Fact *groups[] = {body->before, body->carried, body->after};
    uint32_t counts[] = {body->before_count, body->carried_count, body->after_count}, at = 0;
    for (int g = 0; g < 3; g++)
        for (uint32_t i = 0; i < counts[g]; i++, at++)
            if (at < body->inputs.count) set_in(op, frame, body->inputs.ids[at], groups[g][i], CONTENTS_NONE);
}

/* What carried values start as, or after a body that changes them, what serves for both. True when the body gives back
 * what it got. */
static bool settle_carried(Op *op, Body *body, uint32_t frame) {
    bool is_settled = true;
    for (uint32_t i = 0; i < body->carried_count; i++) {
        uint32_t input = body->before_count + i, output = body->first_out + i;
        if (input >= body->inputs.count || output >= body->outputs.count) continue;
        Fact given = fact_in(op, frame, body->outputs.ids[output]);
        Fact merged = infer_merge(op->infer, frame, body->inputs.ids[input], body->carried[i], given,
                                  "it changes from one turn of the loop to the next");
        if (infer_same_fact(op->infer, merged, body->carried[i])) continue;
        body->carried[i] = merged;
        is_settled = false;
    }
    return is_settled;
}

/* The body's frame once the carried facts hold for every turn; FRAME_NONE when memory runs out. */
static uint32_t run_body(Op *op, Body *body) {
    bool was_again = op->infer->is_again;
    uint32_t frame = FRAME_NONE;
    for (int round = 0; round < ROUNDS; round++) {
        frame = infer_enter(op->infer, FRAME_SUBGRAPH, op->frame, op->node, body->graph);
        if (frame == FRAME_NONE) break;
        set_body_inputs(op, body, frame);
        infer_graph(op->infer, frame);
        if (settle_carried(op, body, frame)) break;
        op->infer->is_again = true;
    }
    op->infer->is_again = was_again;
    return frame;
}

static bool body_init(Op *op, Body *body) {
    body->graph = op_graph(op, "body");
    if (body->graph == ID_NONE) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute body is missing");
        return false;
    }
    body->inputs = graph_inputs(op, body->graph);
    body->outputs = graph_outputs(op, body->graph);
    return true;
}

static void tensor_shape(const Op *op, Fact fact, Shape *shape) {
    shapes_get(op->infer->shapes, fact.kind == TYPE_KIND_TENSOR ? fact.shape : SHAPE_UNKNOWN, shape);
}

/* ---- Loop ---- */

/* The condition is true at the start and every turn hands a true one on. */
static bool stays_true(Op *op, const Body *body, uint32_t frame) {
    Expr first = op_has_input(op, 1) ? op_item(op, 1, 0) : 1;
    if (first != 1 || body->outputs.count == 0 || body->outputs.ids[0] == ID_NONE) return false;
    Id condition = body->outputs.ids[0];
    for (int hops = 0; hops < 64; hops++) { /* a condition handed through */
        if (body->inputs.count > 1 && condition == body->inputs.ids[1]) return true;
        Id producer = op->model->values.items[condition].producer;
        if (producer == ID_NONE) break;
        const Operator *operation = &op->model->operators.items[op->model->nodes.items[producer].op];
        IdSpan inputs = node_inputs(op->model, producer);
        bool is_identity = bytes_equal(model_name(op->model, operation->op_type), BYTES_LITERAL("Identity"));
        if (!is_identity || inputs.count == 0 || inputs.ids[0] == ID_NONE) break;
        condition = inputs.ids[0];
    }
    const Contents *contents = shapes_contents(op->infer->shapes, frame, condition);
    return contents && contents->count == 1 && contents->items[0] == 1;
}

/* How often the body runs: input 0 when nothing ends it early, else EXPR_UNKNOWN; *most bounds it. */
static Expr loop_turns(Op *op, const Body *body, uint32_t frame, int64_t *most) {
    Expr turns = op_has_input(op, 0) ? expr_resolve(op->algebra, op_item(op, 0, 0)) : EXPR_UNKNOWN;
    *most = INT64_MAX;
    if (!expr_is_known(turns)) return EXPR_UNKNOWN;
    turns = expr_max(op->algebra, turns, 0);
    int64_t constant;
    if (expr_to_integer(op->algebra, turns, &constant)) *most = constant;
    return stays_true(op, body, frame) ? turns : EXPR_UNKNOWN;
}

/* A symbol for turns that nobody knows: the length of the first scan output (all are as long), else one of its own. */
static Expr turns_symbol(Op *op, uint32_t first_scan, int64_t most) {
    static const char why[] = "how often the loop runs depends on data";
    for (uint32_t i = first_scan; i < op->outputs.count; i++)
        if (op_has_output(op, i)) return op_data_dim(op, i, 0, 0, most, why);
    for (uint32_t i = 0; i < first_scan; i++)
        if (op_has_output(op, i)) return op_data_dim(op, i, AXIS_TRIPS, 0, most, why);
    return EXPR_UNKNOWN;
}

/* The turn and the condition are scalars, but exporters also declare them as tensors of one element. */
static Fact as_one_element(Op *op, Id value, Fact scalar) {
    Shape one = {.rank = 1, .dims = {1}};
    Id type = value == ID_NONE ? ID_NONE : op->model->values.items[value].type;
    bool is_list =
        type != ID_NONE && op->model->types.items[type].has_shape && op->model->types.items[type].rank == 1;
    return is_list ? op_tensor_fact(op, scalar.dtype, &one) : scalar;
}

void infer_loop(Op *op) {
    Fact carried[CARRIED_LIMIT];
    Shape scalar = {.rank = 0};
    Fact lead[] = {op_tensor_fact(op, DTYPE_INT64, &scalar), op_tensor_fact(op, DTYPE_BOOL, &scalar)};
    Body body = {.before = lead, .before_count = 2, .carried = carried, .first_out = 1};
    if (!body_init(op, &body)) return;
    for (uint32_t i = 0; i < 2 && i < body.inputs.count; i++)
        lead[i] = as_one_element(op, body.inputs.ids[i], lead[i]);
    body.carried_count = op->inputs.count > 2 ? op->inputs.count - 2 : 0;
    if (body.carried_count > CARRIED_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_LIMIT, "%u carried values are over the limit of %d", body.carried_count,
                   CARRIED_LIMIT);
        return;
    }
    for (uint32_t i = 0; i < body.carried_count; i++) {
        carried[i] = op_input(op, 2 + i);
        if (2 + i < body.inputs.count)
            carried[i] = or_declared(op, op->frame, body.inputs.ids[2 + i], carried[i]);
    }
    uint32_t frame = run_body(op, &body);
    if (frame == FRAME_NONE) return;
    for (uint32_t i = 0; i < body.carried_count; i++) op_set_fact(op, i, carried[i]);
    int64_t most;
    Expr turns = loop_turns(op, &body, frame, &most);
    if (!expr_is_known(turns)) turns = turns_symbol(op, body.carried_count, most);
    op->infer->shapes->frames.items[frame].turns = turns;
    for (uint32_t i = body.carried_count; i < op->outputs.count && 1 + i < body.outputs.count; i++) {
        Fact item = fact_in(op, frame, body.outputs.ids[1 + i]);
        Shape shape;
        tensor_shape(op, item, &shape);
        shape_insert_axis(&shape, 0, turns);
        op_set(op, i, item.dtype, &shape);
    }
}

/* ---- Scan ---- */

/* Scan-8 has a sequence_lens input in front and a batch axis in front of every shape. */
typedef struct ScanPlan {
    bool has_batch;
    uint32_t skip, states, scanned;
    int64_t in_axes[SCANNED_LIMIT], out_axes[SCANNED_LIMIT];
    uint32_t in_axis_count, out_axis_count;
    Expr length, batch;
} ScanPlan;

static bool plan_scan(Op *op, ScanPlan *plan) {
    int64_t scanned = op_int(op, "num_scan_inputs", 0);
    *plan = (ScanPlan){.has_batch = op->version == 8, .length = EXPR_UNKNOWN, .batch = EXPR_UNKNOWN};
    plan->skip = plan->has_batch ? 1 : 0;
    if (scanned < 1 || scanned > SCANNED_LIMIT || (uint64_t)scanned + plan->skip > op->inputs.count ||
        op->inputs.count - plan->skip - (uint32_t)scanned > CARRIED_LIMIT) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
                   "num_scan_inputs is %lld, the node has %u inputs (at most %d are scanned)",
                   (long long)scanned, op->inputs.count, SCANNED_LIMIT);
        return false;
    }
    plan->scanned = (uint32_t)scanned;
    plan->states = op->inputs.count - plan->skip - plan->scanned;
    op_ints(op, "scan_input_axes", plan->in_axes, SCANNED_LIMIT, &plan->in_axis_count);
    op_ints(op, "scan_output_axes", plan->out_axes, SCANNED_LIMIT, &plan->out_axis_count);
    return true;
}

/* An input without its batch axis, and a scanned one without the axis that is scanned. */
static bool slice_input(Op *op, ScanPlan *plan, uint32_t input, int32_t scanned, Fact *slice) {
    Shape shape;
    *slice = op_input(op, input);
    if (!op_shape(op, input, &shape)) return true;
    if (plan->has_batch && shape.rank > 0) {
        plan->batch = op_equal(op, plan->batch, shape.dims[0], "batch sizes");
        shape_drop_axis(&shape, 0);
    }
    if (scanned >= 0) {
        int64_t given = (uint32_t)scanned < plan->in_axis_count ? plan->in_axes[scanned] : 0;
        int32_t axis = op_axis(op, given, shape.rank);
        if (axis < 0) return false;
        plan->length = op_equal(op, plan->length, shape.dims[axis], "lengths of what is scanned");
        shape_drop_axis(&shape, axis);
    }
    *slice = op_tensor_fact(op, slice->dtype, &shape);
    return true;
}

static void set_scan_output(Op *op, const ScanPlan *plan, uint32_t output, Fact item) {
    Shape shape;
    if (output < plan->states && !plan->has_batch) {
        op_set_fact(op, output, item);
        return;
    }
    tensor_shape(op, item, &shape);
    if (output >= plan->states && shape.rank >= 0) {
        uint32_t at = output - plan->states;
        int32_t axis = op_axis(op, at < plan->out_axis_count ? plan->out_axes[at] : 0, shape.rank + 1);
        if (axis < 0) return;
        shape_insert_axis(&shape, axis, plan->length);
    }
    if (plan->has_batch) shape_insert_axis(&shape, 0, plan->batch);
    op_set(op, output, item.dtype, &shape);
}

void infer_scan(Op *op) {
    Fact carried[CARRIED_LIMIT], slices[SCANNED_LIMIT];
    Body body = {.carried = carried, .after = slices};
    ScanPlan plan;
    if (!body_init(op, &body) || !plan_scan(op, &plan)) return;
    body.carried_count = plan.states;
    body.after_count = plan.scanned;
    for (uint32_t i = 0; i < plan.scanned; i++)
        if (!slice_input(op, &plan, plan.skip + plan.states + i, (int32_t)i, &slices[i])) return;
    for (uint32_t i = 0; i < plan.states; i++)
        if (!slice_input(op, &plan, plan.skip + i, -1, &carried[i])) return;
    uint32_t frame = run_body(op, &body);
    if (frame == FRAME_NONE) return;
    op->infer->shapes->frames.items[frame].turns =
        plan.has_batch ? expr_multiply(op->algebra, plan.batch, plan.length) : plan.length;
    for (uint32_t i = 0; i < op->outputs.count && i < body.outputs.count; i++)
        set_scan_output(op, &plan, i, i < plan.states ? carried[i] : fact_in(op, frame, body.outputs.ids[i]));
}

/* ---- SequenceMap ---- */

void infer_sequence_map(Op *op) {
    Body body = {0};
    if (!body_init(op, &body)) return;
    uint32_t frame = infer_enter(op->infer, FRAME_SUBGRAPH, op->frame, op->node, body.graph);
    if (frame == FRAME_NONE) return;
    IdSpan inputs = body.inputs, outputs = body.outputs;
    Expr length = op_element_of(op, op_input(op, 0)).length;
    for (uint32_t i = 0; i < inputs.count; i++) {
        Fact fact = op_input(op, i);
        if (fact.kind == TYPE_KIND_SEQUENCE) fact = op_element_of(op, fact).fact;
        set_in(op, frame, inputs.ids[i], or_declared(op, frame, inputs.ids[i], fact), CONTENTS_NONE);
    }
    op->infer->shapes->frames.items[frame].turns = length;
    infer_graph(op->infer, frame);
    for (uint32_t i = 0; i < op->outputs.count && i < outputs.count; i++)
        op_set_fact(op, i, op_sequence_of(op, fact_in(op, frame, outputs.ids[i]), length));
}
