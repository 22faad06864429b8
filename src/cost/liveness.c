#include "cost/liveness.h"

#include <stdlib.h>
#include <string.h>

/* Monomials that sizes are made of; a model has a few. Past this many, a peak has no formula. */
#define MONOMIAL_LIMIT 128
/* Sums that are not smaller term by term and are compared as formulas. */
#define COMPARE_LIMIT 256

/* A size: its formula, its value, and where its terms stand. */
typedef struct Size {
    Expr formula;
    uint64_t bytes;
    uint32_t first_term, term_count; /* in Finder.terms */
} Size;

typedef struct SizeTerm {
    uint32_t monomial; /* in Finder.monomials */
    int64_t coefficient;
} SizeTerm;

/* What is known of a shape's size, for the dtype last asked for. */
typedef struct ShapeSize {
    uint32_t dtype, size; /* size + 1, in Finder.sizes; 0: not known yet */
} ShapeSize;

typedef struct Finder {
    Costs *costs;
    const LivenessOptions *options;
    Error *err;
    Array(Size) sizes; /* 0 is "no bytes", 1 "not known" */
    Array(SizeTerm) terms;
    Array(Expr) monomials;
    Array(ShapeSize) by_shape;
    bool too_many_monomials;
    uint64_t unknown;
} Finder;

#define SIZE_NONE    0u
#define SIZE_UNKNOWN 1u

/* ---- sizes ---- */

static bool out_of_memory(const Finder *finder) {
    return error_memory(finder->err, "what is alive");
}

static uint32_t find_monomial(Finder *finder, Expr monomial) {
    for (uint32_t i = 0; i < finder->monomials.count; i++)
        if (finder->monomials.items[i] == monomial) return i;
    if (finder->monomials.count < MONOMIAL_LIMIT && array_push(&finder->monomials, monomial))
        return finder->monomials.count - 1;
    finder->too_many_monomials = true;
    return 0;
}

/* A formula whose terms are not whole stands for itself, as one monomial. */
static bool add_terms(Finder *finder, Size *size) {
    Algebra *algebra = finder->costs->shapes->algebra;
    size->first_term = finder->terms.count;
    for (uint32_t i = 0; i < expr_term_count(algebra, size->formula); i++) {
        SizeTerm term = {0, 1};
        Expr monomial = size->formula;
        bool is_whole = expr_term(algebra, size->formula, i, &term.coefficient, &monomial);
        if (!is_whole) {
            finder->terms.count = size->first_term;
            term = (SizeTerm){0, 1};
            monomial = size->formula;
        }
        term.monomial = find_monomial(finder, monomial);
        if (!array_push(&finder->terms, term)) return out_of_memory(finder);
        if (!is_whole) break;
    }
    size->term_count = finder->terms.count - size->first_term;
    return true;
}

static bool evaluate(const Finder *finder, Expr e, uint64_t *value) {
    const LivenessOptions *options = finder->options;
    Evaluation evaluation;
    if (!expr_evaluate(finder->costs->shapes->algebra, e, options->values, options->bound, options->count,
                       &evaluation, finder->err))
        return false;
    *value = evaluation.fits                    ? (uint64_t)(evaluation.value > 0 ? evaluation.value : 0)
             : evaluation.approximate >= 0x1p64 ? UINT64_MAX
             : evaluation.approximate < 0       ? 0
                                                : (uint64_t)evaluation.approximate;
    return true;
}

/* The size of a fact, by number. */
static bool size_of(Finder *finder, Fact fact, uint32_t *number) {
    bool is_tensor = fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR;
    while (is_tensor && finder->by_shape.count <= fact.shape)
        if (!array_push(&finder->by_shape, (ShapeSize){0, 0})) return out_of_memory(finder);
    ShapeSize *known = is_tensor ? &finder->by_shape.items[fact.shape] : NULL;
    if (known && known->size && known->dtype == fact.dtype) {
        *number = known->size - 1;
        return true;
    }
    Size size = {.formula = infer_fact_nbytes(finder->costs->shapes->infer, fact)};
    *number = SIZE_UNKNOWN;
    if (expr_is_known(size.formula)) {
        if (!evaluate(finder, size.formula, &size.bytes) || !add_terms(finder, &size)) return false;
        if (!array_push(&finder->sizes, size)) return out_of_memory(finder);
        *number = finder->sizes.count - 1;
    }
    if (known) *known = (ShapeSize){fact.dtype, *number + 1};
    return true;
}

/* ---- a graph as a schedule ---- */

typedef Array(uint32_t) Numbers;
typedef Array(uint64_t) Bytes64;

/* Values are numbered from 0 on, as they stand in their graph. */
typedef struct Layout {
    uint32_t frame;
    Id first_node, first_value;
    ScheduleGraph graph;
    Numbers first_input, inputs, first_output, outputs, order, sizes_of;
    Bytes64 sizes, inner;
    Array(Expr) inner_formulas;
    Array(uint8_t) kinds, in_place;
    Numbers aliases;
} Layout;

static void layout_free(Layout *layout) {
    array_free(&layout->first_input);
    array_free(&layout->inputs);
    array_free(&layout->first_output);
    array_free(&layout->outputs);
    array_free(&layout->order);
    array_free(&layout->sizes_of);
    array_free(&layout->sizes);
    array_free(&layout->inner);
    array_free(&layout->inner_formulas);
    array_free(&layout->kinds);
    array_free(&layout->in_place);
    array_free(&layout->aliases);
}

static const Graph *graph_of(const Finder *finder, uint32_t frame) {
    const Shapes *shapes = finder->costs->shapes;
    return &shapes->model->graphs.items[shapes->frames.items[frame].graph];
}

static bool is_own(const Finder *finder, const Layout *layout, Id value) {
    return value != ID_NONE && value >= layout->first_value &&
           value < layout->first_value + graph_of(finder, layout->frame)->value_count;
}

static bool add_input(const Finder *finder, Layout *layout, Id value) {
    if (!is_own(finder, layout, value)) return true;
    return array_push(&layout->inputs, value - layout->first_value);
}

static bool add_inputs(const Finder *finder, Layout *layout, IdSpan values) {
    bool done = true;
    for (uint32_t i = 0; done && i < values.count; i++) done = add_input(finder, layout, values.ids[i]);
    return done;
}

/* What the nodes of a graph inside of this one read of it; those that have graphs of their own are put off. */
static bool add_graph_inputs(const Finder *finder, Layout *layout, Id graph, IdArray *pending) {
    const Model *model = finder->costs->shapes->model;
    const Graph *g = &model->graphs.items[graph];
    bool done = add_inputs(finder, layout, model_list(model, g->outputs));
    for (uint32_t i = 0; done && i < g->node_count; i++) {
        Id node = g->first_node + i;
        done = add_inputs(finder, layout, node_inputs(model, node)) &&
               (node_attribute_count(model, node) == 0 || array_push(pending, node));
    }
    return done;
}

/* What the subgraphs of a node read of this graph, those inside of them too. */
static bool add_captured(const Finder *finder, Layout *layout, Id node) {
    const Model *model = finder->costs->shapes->model;
    IdArray pending = {0};
    bool done = array_push(&pending, node);
    for (uint32_t at = 0; done && at < pending.count; at++) {
        const Attribute *attributes =
            model->attributes.items + model->nodes.items[pending.items[at]].first_attribute;
        for (uint32_t a = 0; a < node_attribute_count(model, pending.items[at]); a++) {
            bool holds = attributes[a].type == ATTRIBUTE_GRAPH || attributes[a].type == ATTRIBUTE_GRAPH_LIST;
            for (uint32_t i = 0; done && holds && i < attributes[a].count; i++) {
                Id graph = model->lists.items[attributes[a].first + i];
                done = graph == ID_NONE || add_graph_inputs(finder, layout, graph, &pending);
            }
        }
    }
    array_free(&pending);
    return done || out_of_memory(finder);
}

/* Weights and constants take no part; a constant that is a graph output does. */
static bool is_counted(const Finder *finder, const Layout *layout, Id id, bool inputs_count) {
    const Value *value = &finder->costs->shapes->model->values.items[id];
    bool is_constant = costs_value_flags(finder->costs, layout->frame, id) & VALUE_IS_CONSTANT;
    return value->tensor == ID_NONE && (!is_constant || value->is_output) &&
           (!value->is_input || inputs_count);
}

static bool lay_value(Finder *finder, Layout *layout, Id id, bool inputs_count) {
    const Value *value = &finder->costs->shapes->model->values.items[id];
    bool counts = is_counted(finder, layout, id, inputs_count);
    uint32_t size = SIZE_NONE;
    uint8_t kind = 0;
    if (counts && !size_of(finder, *shapes_fact(finder->costs->shapes, layout->frame, id), &size))
        return false;
    if (size == SIZE_UNKNOWN) finder->unknown++;
    if (counts && value->is_input) kind |= SCHEDULE_VALUE_INPUT;
    if (counts && value->is_output) kind |= SCHEDULE_VALUE_KEPT;
    bool done = array_push(&layout->sizes_of, size) &&
                array_push(&layout->sizes, finder->sizes.items[size].bytes) &&
                array_push(&layout->kinds, kind);
    return done || out_of_memory(finder);
}

static bool lay_values(Finder *finder, Layout *layout, bool inputs_count) {
    const Graph *graph = graph_of(finder, layout->frame);
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (!lay_value(finder, layout, graph->first_value + i, inputs_count)) return false;
    return true;
}

static bool find_inner(Finder *finder, uint32_t frame, Id node, uint64_t *bytes, Expr *formula);

static bool lay_node(Finder *finder, Layout *layout, Id node) {
    const Model *model = finder->costs->shapes->model;
    IdSpan inputs = node_inputs(model, node), outputs = node_outputs(model, node);
    uint8_t flags = costs_of_node(finder->costs, layout->frame, node)->flags;
    uint32_t first_input = layout->inputs.count, first_output = layout->outputs.count;
    bool done =
        array_push(&layout->first_input, first_input) && array_push(&layout->first_output, first_output);
    for (uint32_t i = 0; done && i < inputs.count; i++) done = add_input(finder, layout, inputs.ids[i]);
    uint64_t inner = 0;
    Expr formula = 0;
    if (flags & COST_HAS_BODY) {
        if (!add_captured(finder, layout, node) || !find_inner(finder, layout->frame, node, &inner, &formula))
            return false;
    }
    bool is_view = (flags & COST_IS_VIEW) && inputs.count > 0 && is_own(finder, layout, inputs.ids[0]);
    for (uint32_t i = 0; done && i < outputs.count; i++) {
        if (!is_own(finder, layout, outputs.ids[i])) continue;
        uint32_t output = outputs.ids[i] - layout->first_value;
        done = array_push(&layout->outputs, output);
        if (is_view && i == 0) layout->aliases.items[output] = inputs.ids[0] - layout->first_value;
    }
    done = done && array_push(&layout->inner, inner) && array_push(&layout->inner_formulas, formula) &&
           array_push(&layout->in_place, (flags & COST_IN_PLACE) != 0);
    return done || out_of_memory(finder);
}

/* Nodes stand in the schedule in the order in which they run. */
static bool lay_nodes(Finder *finder, Layout *layout) {
    const Model *model = finder->costs->shapes->model;
    const Graph *graph = graph_of(finder, layout->frame);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        Id node = graph_node_at(model, graph, i);
        if (!array_push(&layout->order, node)) return out_of_memory(finder);
        if (!lay_node(finder, layout, node)) return false;
    }
    if (!array_push(&layout->first_input, layout->inputs.count) ||
        !array_push(&layout->first_output, layout->outputs.count))
        return out_of_memory(finder);
    return true;
}

static bool lay_out(Finder *finder, uint32_t frame, bool inputs_count, Layout *layout) {
    const Graph *graph = graph_of(finder, frame);
    layout->frame = frame;
    layout->first_node = graph->first_node;
    layout->first_value = graph->first_value;
    /* No array is NULL, however little is in it. */
    if (!array_reserve(&layout->aliases, graph->value_count + 1) || !array_reserve(&layout->inputs, 1) ||
        !array_reserve(&layout->outputs, 1) || !array_reserve(&layout->sizes, 1) ||
        !array_reserve(&layout->kinds, 1) || !array_reserve(&layout->inner, 1))
        return out_of_memory(finder);
    memset(layout->aliases.items, 0xff, (graph->value_count + 1) * sizeof(uint32_t));
    if (!lay_values(finder, layout, inputs_count) || !lay_nodes(finder, layout)) return false;
    layout->graph = (ScheduleGraph){.node_count = graph->node_count,
                                    .value_count = graph->value_count,
                                    .first_input = layout->first_input.items,
                                    .inputs = layout->inputs.items,
                                    .first_output = layout->first_output.items,
                                    .outputs = layout->outputs.items,
                                    .sizes = layout->sizes.items,
                                    .kinds = layout->kinds.items,
                                    .inner = layout->inner.items};
    return true;
}

/* ---- formulas ---- */

/* The bytes alive, as whole multiples of monomials, while a graph is gone through once. */
typedef struct Sweep {
    Finder *finder;
    const Layout *layout;
    Numbers last_uses; /* positions, by value */
    int64_t alive[MONOMIAL_LIMIT];
    bool overflowed;
} Sweep;

static void change(Sweep *sweep, uint32_t value, bool is_made) {
    const Size *size = &sweep->finder->sizes.items[sweep->layout->sizes_of.items[value]];
    for (uint32_t i = 0; i < size->term_count; i++) {
        SizeTerm term = sweep->finder->terms.items[size->first_term + i];
        int64_t *sum = &sweep->alive[term.monomial];
        if (is_made ? __builtin_add_overflow(*sum, term.coefficient, sum)
                    : __builtin_sub_overflow(*sum, term.coefficient, sum))
            sweep->overflowed = true;
    }
}

/* Position of the last reader, its own where nobody reads it, node_count for what stays. */
static bool find_last_uses(Sweep *sweep) {
    const ScheduleGraph *graph = &sweep->layout->graph;
    if (!array_reserve(&sweep->last_uses, graph->value_count + 1)) return out_of_memory(sweep->finder);
    uint32_t *last = sweep->last_uses.items;
    for (uint32_t v = 0; v < graph->value_count; v++)
        last[v] = graph->kinds[v] & SCHEDULE_VALUE_INPUT ? graph->node_count : 0;
    for (uint32_t k = 0; k < graph->node_count; k++) {
        for (uint32_t i = graph->first_output[k]; i < graph->first_output[k + 1]; i++)
            last[graph->outputs[i]] = k;
        for (uint32_t i = graph->first_input[k]; i < graph->first_input[k + 1]; i++)
            last[graph->inputs[i]] = k;
    }
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (graph->kinds[v] & SCHEDULE_VALUE_KEPT) last[v] = graph->node_count;
    return true;
}

static void start_sweep(Sweep *sweep) {
    const ScheduleGraph *graph = &sweep->layout->graph;
    memset(sweep->alive, 0, sizeof sweep->alive);
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (graph->kinds[v] & SCHEDULE_VALUE_INPUT) change(sweep, v, true);
}

static void begin_node(Sweep *sweep, uint32_t k) {
    const ScheduleGraph *graph = &sweep->layout->graph;
    for (uint32_t i = graph->first_output[k]; i < graph->first_output[k + 1]; i++)
        change(sweep, graph->outputs[i], true);
}

static void end_node(Sweep *sweep, uint32_t k) {
    const ScheduleGraph *graph = &sweep->layout->graph;
    uint32_t *last = sweep->last_uses.items;
    for (uint32_t i = graph->first_input[k]; i < graph->first_input[k + 1]; i++) {
        uint32_t v = graph->inputs[i];
        if (last[v] != k) continue;
        change(sweep, v, false);
        last[v] = UINT32_MAX; /* gone: it may stand twice */
    }
    for (uint32_t i = graph->first_output[k]; i < graph->first_output[k + 1]; i++) {
        uint32_t v = graph->outputs[i];
        if (last[v] != k) continue;
        change(sweep, v, false);
        last[v] = UINT32_MAX;
    }
}

static Expr sum_of(const Sweep *sweep, const int64_t *alive, Expr inner) {
    Algebra *algebra = sweep->finder->costs->shapes->algebra;
    Expr terms[MONOMIAL_LIMIT + 1];
    uint32_t count = 0;
    for (uint32_t m = 0; m < sweep->finder->monomials.count; m++)
        if (alive[m])
            terms[count++] =
                expr_multiply(algebra, expr_integer(algebra, alive[m]), sweep->finder->monomials.items[m]);
    terms[count++] = inner;
    for (uint32_t i = 0; i < count; i++)
        if (!expr_is_known(terms[i])) return EXPR_UNKNOWN;
    return expr_sum(algebra, terms, count);
}

/* The node at a position has the most for all values of the symbols. */
typedef struct Claim {
    uint32_t position;
    int64_t alive[MONOMIAL_LIMIT];
    Expr inner, sum;
} Claim;

/* Claims of different formulas that are tried: positions at which the bytes are the peak's. */
#define CLAIM_LIMIT 16

typedef struct Claims {
    Claim items[CLAIM_LIMIT];
    uint32_t count;
    bool at_least_0[MONOMIAL_LIMIT]; /* monomials that cannot be negative */
    Array(Expr) compared;            /* sums that the claim at hand was found to cover */
} Claims;

static bool is_covered_by_terms(const Sweep *sweep, const Claims *claims, const Claim *claim, Expr inner) {
    if (inner != 0 && inner != claim->inner) return false;
    for (uint32_t m = 0; m < sweep->finder->monomials.count; m++)
        if (sweep->alive[m] != claim->alive[m] &&
            !(sweep->alive[m] < claim->alive[m] && claims->at_least_0[m]))
            return false;
    return true;
}

static bool is_covered(const Sweep *sweep, Claims *claims, const Claim *claim, Expr inner) {
    if (is_covered_by_terms(sweep, claims, claim, inner)) return true;
    Expr sum = sum_of(sweep, sweep->alive, inner);
    for (uint32_t i = 0; i < claims->compared.count; i++)
        if (claims->compared.items[i] == sum) return true;
    if (!expr_is_known(sum) || claims->compared.count >= COMPARE_LIMIT) return false;
    if (expr_less_equal(sweep->finder->costs->shapes->algebra, sum, claim->sum) != TRUTH_TRUE) return false;
    return array_push(&claims->compared, sum);
}

static void add_claim(const Sweep *sweep, Claims *claims, uint32_t position, Expr inner) {
    size_t used = sweep->finder->monomials.count * sizeof *sweep->alive;
    for (uint32_t i = 0; i < claims->count; i++)
        if (claims->items[i].inner == inner && memcmp(claims->items[i].alive, sweep->alive, used) == 0)
            return;
    if (claims->count == CLAIM_LIMIT) return;
    Claim *claim = &claims->items[claims->count++];
    *claim = (Claim){.position = position, .inner = inner};
    memcpy(claim->alive, sweep->alive, sizeof claim->alive);
}

/* Goes through the graph: with a claim, whether it covers every node; without one, makes the claims of nodes that have the
 * peak. */
static bool sweep_graph(Sweep *sweep, Claims *claims, const Claim *claim, const uint64_t *timeline,
                        uint64_t peak) {
    const Layout *layout = sweep->layout;
    bool holds = true;
    if (!find_last_uses(sweep)) return false;
    start_sweep(sweep);
    for (uint32_t k = 0; k < layout->graph.node_count && holds; k++) {
        Expr inner = layout->inner_formulas.items[k];
        begin_node(sweep, k);
        if (claim)
            holds = k == claim->position || (expr_is_known(inner) && is_covered(sweep, claims, claim, inner));
        else if (timeline[k] == peak) add_claim(sweep, claims, k, inner);
        end_node(sweep, k);
    }
    return holds && !sweep->overflowed;
}

static void find_signs(const Finder *finder, Claims *claims) {
    for (uint32_t m = 0; m < finder->monomials.count; m++) {
        int64_t least, most;
        expr_bounds(finder->costs->shapes->algebra, finder->monomials.items[m], &least, &most);
        claims->at_least_0[m] = least >= 0;
    }
}

/* The formula of the first node that has the peak, or of one that has it for all values of the symbols. */
static Expr prove_peak(Finder *finder, const Layout *layout, const uint64_t *timeline, uint32_t *position,
                       bool *is_for_all) {
    Sweep sweep = {.finder = finder, .layout = layout};
    Claims *claims = calloc(1, sizeof *claims);
    Expr formula = EXPR_UNKNOWN;
    *is_for_all = false;
    bool done = claims && sweep_graph(&sweep, claims, NULL, timeline, timeline[*position]);
    if (done) find_signs(finder, claims);
    done = done && !finder->too_many_monomials;
    for (uint32_t i = 0; done && i < claims->count && !*is_for_all; i++) {
        Claim *claim = &claims->items[i];
        claims->compared.count = 0;
        claim->sum = sum_of(&sweep, claim->alive, claim->inner);
        if (i == 0) formula = claim->sum;
        if (!expr_is_known(claim->sum)) continue;
        *is_for_all = sweep_graph(&sweep, claims, claim, timeline, 0);
        if (!*is_for_all) continue;
        *position = claim->position;
        formula = claim->sum;
    }
    if (claims) array_free(&claims->compared);
    free(claims);
    array_free(&sweep.last_uses);
    return formula;
}

/* ---- bodies ---- */

typedef struct Peak {
    SchedulePeak at;
    Expr formula;
    bool is_for_all;
} Peak;

static bool find_peak(Finder *finder, Layout *layout, uint64_t *timeline, Peak *peak) {
    *peak = (Peak){.formula = 0, .is_for_all = true};
    if (!schedule_run(&layout->graph, NULL, timeline, &peak->at, finder->err)) return false;
    if (layout->graph.node_count == 0) return true;
    peak->formula = prove_peak(finder, layout, timeline, &peak->at.position, &peak->is_for_all);
    return true;
}

static bool find_body_peak(Finder *finder, uint32_t frame, Peak *peak) {
    bool is_call = finder->costs->shapes->frames.items[frame].kind == FRAME_CALL;
    Layout layout = {.frame = frame};
    Bytes64 timeline = {0};
    bool done = lay_out(finder, frame, !is_call, &layout) &&
                (array_reserve(&timeline, layout.graph.node_count + 1) || out_of_memory(finder)) &&
                find_peak(finder, &layout, timeline.items, peak);
    layout_free(&layout);
    array_free(&timeline);
    return done;
}

/* What a call makes stands in its body and as the node's outputs: it is counted with the outputs. */
static bool subtract_outputs(Finder *finder, uint32_t frame, Id node, Peak *peak) {
    Algebra *algebra = finder->costs->shapes->algebra;
    IdSpan outputs = node_outputs(finder->costs->shapes->model, node);
    for (uint32_t i = 0; i < outputs.count; i++) {
        uint32_t size = SIZE_NONE;
        if (outputs.ids[i] == ID_NONE) continue;
        if (!size_of(finder, *shapes_fact(finder->costs->shapes, frame, outputs.ids[i]), &size)) return false;
        uint64_t bytes = finder->sizes.items[size].bytes;
        peak->at.bytes = peak->at.bytes > bytes ? peak->at.bytes - bytes : 0;
        peak->formula =
            expr_max(algebra, expr_subtract(algebra, peak->formula, finder->sizes.items[size].formula), 0);
    }
    return true;
}

static bool find_inner(Finder *finder, uint32_t frame, Id node, uint64_t *bytes, Expr *formula) {
    uint32_t frames[COST_CHILDREN];
    uint32_t count = costs_children(finder->costs, frame, node, frames);
    Algebra *algebra = finder->costs->shapes->algebra;
    for (uint32_t i = 0; i < count; i++) {
        Peak peak;
        if (!find_body_peak(finder, frames[i], &peak)) return false;
        bool is_call = finder->costs->shapes->frames.items[frames[i]].kind == FRAME_CALL;
        if (is_call && !subtract_outputs(finder, frame, node, &peak)) return false;
        if (peak.at.bytes > *bytes) *bytes = peak.at.bytes;
        *formula = peak.is_for_all ? expr_max(algebra, *formula, peak.formula) : EXPR_UNKNOWN;
    }
    return true;
}

/* ---- the main graph ---- */

/* A mark of find_held's own. */
#define SCHEDULE_VALUE_HELD 128

/* Inputs stay to the end, for this one run. */
static bool find_held(Finder *finder, Layout *layout, uint64_t *bytes) {
    SchedulePeak held;
    uint8_t *kinds = layout->kinds.items;
    for (uint32_t v = 0; v < layout->graph.value_count; v++)
        if (kinds[v] == SCHEDULE_VALUE_INPUT) kinds[v] |= SCHEDULE_VALUE_KEPT | SCHEDULE_VALUE_HELD;
    bool done = schedule_run(&layout->graph, NULL, NULL, &held, finder->err);
    for (uint32_t v = 0; v < layout->graph.value_count; v++)
        if (kinds[v] & SCHEDULE_VALUE_HELD) kinds[v] = SCHEDULE_VALUE_INPUT;
    if (done) *bytes = held.bytes;
    return done;
}

static bool find_orders(Finder *finder, Layout *layout, LivenessPeak *peak) {
    ScheduleReuse reuse = {.aliases = layout->aliases.items, .in_place = layout->in_place.items};
    SchedulePeak reused, scheduled;
    Numbers order = {0};
    bool done = (array_reserve(&order, layout->graph.node_count + 1) || out_of_memory(finder)) &&
                schedule_reuse(&layout->graph, NULL, &reuse, NULL, &reused, finder->err) &&
                schedule_lower_bound(&layout->graph, &peak->least, finder->err) &&
                find_held(finder, layout, &peak->held) &&
                schedule_greedy(&layout->graph, NULL, order.items, &scheduled, finder->err);
    array_free(&order);
    if (!done) return false;
    peak->reused = reused.bytes;
    peak->scheduled = scheduled.bytes;
    return true;
}

static bool fill_in(Finder *finder, Layout *layout, LivenessPeak *peak) {
    ScheduleValues alive = {0};
    Peak found;
    uint32_t count = layout->graph.node_count;
    if (!array_reserve(&peak->timeline, count + 1)) return out_of_memory(finder);
    peak->timeline.count = count;
    if (!find_peak(finder, layout, peak->timeline.items, &found)) return false;
    peak->bytes = found.at.bytes;
    peak->formula = found.formula;
    peak->is_for_all = found.is_for_all && finder->unknown == 0;
    peak->unknown = finder->unknown;
    if (count == 0) return true;
    peak->node = layout->order.items[found.at.position];
    peak->inner = layout->inner.items[found.at.position];
    bool done = schedule_alive(&layout->graph, NULL, found.at.position, &alive, finder->err);
    for (uint32_t i = 0; done && i < alive.count; i++) {
        if (layout->sizes.items[alive.items[i]] == 0) continue;
        done = array_push(&peak->alive, alive.items[i] + layout->first_value) || out_of_memory(finder);
    }
    array_free(&alive);
    return done && (!finder->options->with_orders || find_orders(finder, layout, peak));
}

bool liveness_find(Costs *costs, const LivenessOptions *options, LivenessPeak *peak, Error *err) {
    *peak = (LivenessPeak){.node = ID_NONE};
    Finder finder = {.costs = costs, .options = options, .err = err};
    Layout layout = {.frame = 0};
    bool done =
        (array_push(&finder.sizes, (Size){0, 0, 0, 0}) && array_push(&finder.sizes, (Size){0, 0, 0, 0})) ||
        out_of_memory(&finder);
    done = done && lay_out(&finder, 0, true, &layout) && fill_in(&finder, &layout, peak);
    layout_free(&layout);
    array_free(&finder.sizes);
    array_free(&finder.terms);
    array_free(&finder.monomials);
    array_free(&finder.by_shape);
    return done;
}

void liveness_free(LivenessPeak *peak) {
    array_free(&peak->alive);
    array_free(&peak->timeline);
}
