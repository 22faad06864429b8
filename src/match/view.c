#include "match/view.h"

#include <stdlib.h>
#include <string.h>

#include "match/families.h"
#include "match/hash.h"

const char *node_class_name(NodeClass class) {
    static const char *const names[] = {"compute", "shape", "constant", "pass-through"};
    return names[class];
}

/* ---- classes ---- */

static NodeClass class_of(const View *view, uint32_t frame, Id node) {
    const Model *model = view->costs->shapes->model;
    uint8_t flags = frame == FRAME_NONE ? 0 : costs_of_node(view->costs, frame, node)->flags;
    if (flags & COST_IS_CONSTANT) return NODE_CLASS_CONSTANT;
    if (flags & COST_IS_SHAPE) return NODE_CLASS_SHAPE;
    IdSpan inputs = node_inputs(model, node), outputs = node_outputs(model, node);
    bool is_one =
        inputs.count > 0 && inputs.ids[0] != ID_NONE && outputs.count > 0 && outputs.ids[0] != ID_NONE;
    if (view_operator(view, node)->hands_on && is_one) return NODE_CLASS_PASS_THROUGH;
    return inputs.count == 0 && frame == FRAME_NONE ? NODE_CLASS_CONSTANT : NODE_CLASS_COMPUTE;
}

static void find_classes(View *view) {
    const Costs *costs = view->costs;
    const Model *model = costs->shapes->model;
    for (Id graph = 0; graph < model->graphs.count; graph++) {
        const Graph *g = &model->graphs.items[graph];
        uint32_t frame = shapes_first_frame(costs->shapes, graph);
        for (uint32_t i = 0; i < g->node_count; i++)
            view->classes[g->first_node + i] = (uint8_t)class_of(view, frame, g->first_node + i);
    }
}

/* ---- edges ---- */

/* Nodes in execution order: what a pass-through node reads has its source by then. */
static void find_sources(View *view) {
    const Model *model = view->costs->shapes->model;
    for (Id value = 0; value < model->value_count; value++) view->sources[value] = value;
    for (Id graph = 0; !view->is_raw && graph < model->graphs.count; graph++) {
        const Graph *g = &model->graphs.items[graph];
        for (uint32_t i = 0; i < g->node_count; i++) {
            Id node = graph_node_at(model, g, i);
            if (view->classes[node] != NODE_CLASS_PASS_THROUGH) continue;
            view->sources[node_outputs(model, node).ids[0]] = view->sources[node_inputs(model, node).ids[0]];
        }
    }
}

static bool uses(const View *view, Id node) {
    return view->is_raw || view->classes[node] == NODE_CLASS_COMPUTE;
}

static bool list_users(View *view) {
    const Model *model = view->costs->shapes->model;
    uint32_t *first = view->first_user;
    for (Id node = 0; node < model->node_count; node++) {
        IdSpan inputs = node_inputs(model, node);
        for (uint32_t i = 0; uses(view, node) && i < inputs.count; i++)
            if (inputs.ids[i] != ID_NONE) first[view->sources[inputs.ids[i]] + 1]++;
    }
    for (Id value = 0; value < model->value_count; value++) first[value + 1] += first[value];
    uint32_t total = first[model->value_count];
    if (!array_reserve(&view->users, total + 1)) return false;
    view->users.count = total;
    for (Id node = model->node_count; node-- > 0;) {
        IdSpan inputs = node_inputs(model, node);
        for (uint32_t i = inputs.count; uses(view, node) && i-- > 0;) {
            if (inputs.ids[i] == ID_NONE) continue;
            /* Filled from the end of each stretch, which thereby gets to its beginning. */
            view->users.items[--first[view->sources[inputs.ids[i]] + 1]] = node;
        }
    }
    memmove(first, first + 1, model->value_count * sizeof *first);
    first[model->value_count] = total;
    return true;
}

/* ---- nodes by operator ---- */

static bool is_reordered(const Model *model) {
    for (Id graph = 0; graph < model->graphs.count; graph++)
        if (model->graphs.items[graph].order.count) return true;
    return false;
}

static bool make_ranks(View *view) {
    const Model *model = view->costs->shapes->model;
    if (view->ranks || !is_reordered(model)) return true;
    view->ranks = malloc((model->node_count + (size_t)1) * sizeof *view->ranks);
    if (!view->ranks) return false;
    for (Id node = 0; node < model->node_count; node++) view->ranks[node] = node;
    for (Id graph = 0; graph < model->graphs.count; graph++) {
        const Graph *g = &model->graphs.items[graph];
        IdSpan order = model_list(model, g->order);
        for (uint32_t i = 0; i < order.count; i++) view->ranks[order.ids[i]] = g->first_node + i;
    }
    return true;
}

static void fill_operators(View *view, uint32_t *first) {
    const Model *model = view->costs->shapes->model;
    for (Id node = 0; node < model->node_count; node++) first[model->nodes.items[node].op + 1]++;
    for (Id op = 0; op < model->operators.count; op++) first[op + 1] += first[op];
    for (Id graph = model->graphs.count; graph-- > 0;) {
        const Graph *g = &model->graphs.items[graph];
        for (uint32_t i = g->node_count; i-- > 0;) {
            Id node = graph_node_at(model, g, i);
            /* Filled from the end of each stretch, which thereby gets to its beginning. */
            view->by_operator[--first[model->nodes.items[node].op + 1]] = node;
        }
    }
    memmove(first, first + 1, model->operators.count * sizeof *first);
    first[model->operators.count] = model->node_count;
}

bool view_index_operators(View *view, Error *err) {
    const Model *model = view->costs->shapes->model;
    if (view->first_of_operator) return true;
    uint32_t *first = calloc(model->operators.count + (size_t)2, sizeof *first);
    if (!view->by_operator)
        view->by_operator = malloc((model->node_count + (size_t)1) * sizeof *view->by_operator);
    if (!first || !view->by_operator || !make_ranks(view)) {
        free(first);
        return error_memory(err, "the index of operators");
    }
    fill_operators(view, first);
    view->first_of_operator = first;
    return true;
}

/* ---- the whole ---- */

bool view_is_constant(const View *view, Id value) {
    const Model *model = view->costs->shapes->model;
    const Value *v = &model->values.items[value];
    if (v->tensor != ID_NONE) return true;
    uint32_t frame = v->is_undefined ? FRAME_NONE : shapes_first_frame(view->costs->shapes, v->graph);
    if (frame != FRAME_NONE) return costs_value_flags(view->costs, frame, value) & VALUE_IS_CONSTANT;
    return v->producer != ID_NONE && view->classes[v->producer] == NODE_CLASS_CONSTANT;
}

Id view_producer(const View *view, Id value) {
    if (value == ID_NONE) return ID_NONE;
    Id producer = view->costs->shapes->model->values.items[view->sources[value]].producer;
    if (producer == ID_NONE || view->is_raw) return producer;
    return view->classes[producer] == NODE_CLASS_CONSTANT ? ID_NONE : producer;
}

void view_free(View *view) {
    if (!view) return;
    free(view->operators);
    free(view->classes);
    free(view->sources);
    free(view->first_user);
    free(view->first_of_operator);
    free(view->by_operator);
    free(view->ranks);
    free(view->neighbourhoods);
    array_free(&view->users);
    free(view);
}

View *view_make(const Costs *costs, bool raw, Error *err) {
    const Model *model = costs->shapes->model;
    View *view = calloc(1, sizeof *view);
    if (view) {
        view->costs = costs;
        view->is_raw = raw;
        view->operators = calloc(model->operators.count + (size_t)1, sizeof *view->operators);
        view->classes = malloc(model->node_count + (size_t)1);
        view->sources = malloc((model->value_count + (size_t)1) * sizeof *view->sources);
        view->first_user = calloc(model->value_count + (size_t)2, sizeof *view->first_user);
    }
    if (view && view->operators && view->classes && view->sources && view->first_user) {
        view_hash_operators(view);
        find_classes(view);
        find_sources(view);
        if (list_users(view) && view_hash_functions(view) && families_find(view)) return view;
    }
    view_free(view);
    error_memory(err, "the model's structure");
    return NULL;
}
