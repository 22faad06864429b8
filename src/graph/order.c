#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/load.h"

/* Captures sorted by node, so that the ones of a node are found by halving. */
static int compare_captures(const void *a, const void *b) {
    const Capture *x = a, *y = b;
    return x->node != y->node ? (x->node < y->node ? -1 : 1) : (x->value > y->value) - (x->value < y->value);
}

static uint32_t first_capture(const Loader *l, Id node) {
    uint32_t low = 0, high = l->captures.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->captures.items[middle].node < node) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The node of graph `home` that makes a value, or ID_NONE. */
static Id producer_in(const Model *model, Id home, Id value) {
    if (value == ID_NONE) return ID_NONE;
    const Value *v = &model->values.items[value];
    return v->graph == home ? v->producer : ID_NONE;
}

/* One step of the search below: a node and how many of its dependencies have been visited. */
typedef struct Visit {
    Id node;
    uint32_t next;
} Visit;

typedef struct Sorter {
    Loader *l;
    Id graph;
    uint8_t *state; /* by position in the graph: unseen, on the path, placed */
    Array(Visit) path;
    IdArray order;
} Sorter;

enum { UNSEEN, ON_PATH, PLACED };

/* The node that makes the next thing the top of the path depends on; ID_NONE when there is nothing more.
 * Dependencies are the node's inputs, then what its subgraphs capture. */
static bool next_dependency(Sorter *s, Visit *visit, Id *producer) {
    const Loader *l = s->l;
    IdSpan inputs = node_inputs(l->model, visit->node);
    while (visit->next < inputs.count) {
        *producer = producer_in(l->model, s->graph, inputs.ids[visit->next++]);
        if (*producer != ID_NONE) return true;
    }
    uint32_t first = first_capture(l, visit->node);
    for (;;) {
        uint32_t at = first + (visit->next - inputs.count);
        if (at >= l->captures.count || l->captures.items[at].node != visit->node) return false;
        visit->next++;
        *producer = producer_in(l->model, s->graph, l->captures.items[at].value);
        if (*producer != ID_NONE) return true;
    }
}

static bool report_cycle(Sorter *s, Id node) {
    const Model *model = s->l->model;
    uint32_t first = s->path.count;
    while (s->path.items[first - 1].node != node) first--;
    first--;
    uint32_t length = s->path.count - first, shown = length < 6 ? length : 6;
    char text[384] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < shown; i++) {
        Id id = s->path.items[first + i].node;
        const Node *n = &model->nodes.items[id];
        Bytes name = model_text(model, n->name);
        if (name.size > 24) name.size = 24;
        Bytes op = model_name(model, model->operators.items[n->op].op_type);
        if (op.size > 16) op.size = 16;
        int wrote = snprintf(text + used, sizeof text - used, "%s%u %s %s", i ? " <- " : "",
                             id - model->graphs.items[s->graph].first_node, quote(op).text, quote(name).text);
        used += (size_t)wrote;
        if (used >= sizeof text) break;
    }
    return reader_fail(&s->l->reader, ERROR_CYCLE, model->nodes.items[node].offset,
                       "graph %s: %u node%s depend%s on each other in a circle: %s%s",
                       quote(model_name(model, model->graphs.items[s->graph].name)).text, length,
                       length == 1 ? "" : "s", length == 1 ? "s" : "", text, length > shown ? " <- ..." : "");
}

/* Depth-first from one node: everything it depends on is placed, then the node. */
static bool place_node(Sorter *s, Id root) {
    Loader *l = s->l;
    Id base = l->model->graphs.items[s->graph].first_node;
    if (s->state[root - base] == PLACED) return true;
    s->state[root - base] = ON_PATH;
    if (!LOAD_PUSH(l, &s->path, (Visit){root, 0})) return false;
    while (s->path.count) {
        Visit *top = &s->path.items[s->path.count - 1];
        Id producer;
        if (!next_dependency(s, top, &producer)) {
            s->state[top->node - base] = PLACED;
            if (!LOAD_PUSH(l, &s->order, top->node)) return false;
            s->path.count--;
        } else if (s->state[producer - base] == ON_PATH) {
            return report_cycle(s, producer);
        } else if (s->state[producer - base] == UNSEEN) {
            s->state[producer - base] = ON_PATH;
            if (!LOAD_PUSH(l, &s->path, (Visit){producer, 0})) return false;
        }
    }
    return true;
}

static bool sort_graph(Loader *l, Id graph) {
    const Graph *g = &l->model->graphs.items[graph];
    Sorter s = {.l = l, .graph = graph, .state = calloc(g->node_count, 1)};
    bool done = s.state || load_out_of_memory(l);
    for (Id node = g->first_node; done && node < g->first_node + g->node_count; node++)
        done = place_node(&s, node);
    done = done && load_list(l, s.order.items, s.order.count, &l->model->graphs.items[graph].order);
    free(s.state);
    array_free(&s.path);
    array_free(&s.order);
    return done;
}

bool order_graphs(Loader *l) {
    Model *model = l->model;
    if (l->captures.count) qsort(l->captures.items, l->captures.count, sizeof(Capture), compare_captures);
    uint8_t *forward = calloc(model->graphs.count, 1); /* what subgraphs capture stands behind */
    if (!forward) return load_out_of_memory(l);
    for (uint32_t i = 0; i < l->captures.count; i++) {
        Capture capture = l->captures.items[i];
        Id home = model->nodes.items[capture.node].graph;
        Id producer = producer_in(model, home, capture.value);
        if (producer != ID_NONE && producer >= capture.node) forward[home] = 1;
    }
    bool done = true;
    for (Id graph = 0; done && graph < model->graphs.count; graph++) {
        Id value = l->forward.items[graph];
        if (value == ID_NONE && !forward[graph]) continue;
        done = sort_graph(l, graph);
        if (!done) break;
        DiagnosticPlace place = {graph, ID_NONE, value, ID_NONE, model->graphs.items[graph].range.offset};
        done =
            diagnose(model, DIAGNOSTIC_UNSORTED, place,
                     "nodes of graph %s do not stand in execution order; they are shown and counted in one",
                     quote(model_name(model, model->graphs.items[graph].name)).text) ||
            load_out_of_memory(l);
    }
    free(forward);
    return done;
}

/* The graph whose operator set imports hold in a graph: the function it is in, else the main graph. */
static Id importing_graph(const Model *model, Id graph) {
    while (model->graphs.items[graph].kind == GRAPH_KIND_SUBGRAPH) graph = model->graphs.items[graph].parent;
    return model->graphs.items[graph].kind == GRAPH_KIND_FUNCTION ? graph : 0;
}

/* Before IR version 3 there were no imports: ai.onnx is its first operator set. */
static bool is_implied(const Model *model, Symbol domain) {
    return model->ir_version > 0 && model->ir_version < 3 && domain == SYMBOL_EMPTY;
}

/* The model's own imports hold in functions too: nothing can be missing when they have every domain. */
static bool covers_operators(const Model *model) {
    for (uint32_t i = 0; i < model->operators.count; i++) {
        const Operator *op = &model->operators.items[i];
        if (op->function == ID_NONE && model_opset(model, op->domain) == 0 && !is_implied(model, op->domain))
            return false;
    }
    return true;
}

/* Each operator is looked at once for each importing graph, each domain reported once. */
bool check_opsets(Loader *l) {
    Model *model = l->model;
    if (covers_operators(model)) return true;
    IdArray seen = {0},
            reported = {0}; /* by operator: the importing graph it was last looked at in; domains */
    bool done = array_reserve(&seen, model->operators.count) || load_out_of_memory(l);
    if (done && model->operators.count) memset(seen.items, 0xff, model->operators.count * sizeof(Id));
    for (Id node = 0; done && node < model->node_count; node++) {
        const Node *n = &model->nodes.items[node];
        const Operator *op = &model->operators.items[n->op];
        Id importing = importing_graph(model, n->graph);
        if (seen.items[n->op] == importing) continue;
        seen.items[n->op] = importing;
        if (op->function != ID_NONE || node_opset(model, node) != 0 || is_implied(model, op->domain))
            continue;
        bool known = false;
        for (uint32_t i = 0; i < reported.count; i++) known = known || reported.items[i] == op->domain;
        if (known || reported.count >= DIAGNOSTICS_PER_CODE) continue;
        done =
            LOAD_PUSH(l, &reported, op->domain) &&
            (diagnose(model, DIAGNOSTIC_NO_OPSET, diagnostic_at(n->graph, node, n->offset),
                      "no operator set version is imported for domain %s, which nodes use",
                      op->domain == SYMBOL_EMPTY ? "ai.onnx" : quote(model_name(model, op->domain)).text) ||
             load_out_of_memory(l));
    }
    array_free(&seen);
    array_free(&reported);
    return done;
}
