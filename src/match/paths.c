#include "match/paths.h"

#include <stdlib.h>
#include <string.h>

/* A node on the path at hand, and which of the nodes behind it comes next (in Walk.next). */
typedef struct Step {
    Id node;
    uint32_t at;
} Step;

typedef struct Walk {
    const View *view;
    const Model *model;
    Id end;
    uint8_t *reaches; /* by node: the end lies in front of it */
    uint32_t *first;  /* by node: its nodes in `next` */
    IdArray next;     /* of nodes that reach the end: those that read them and reach it, too, each once */
    Id *listed_for;   /* by node: the node it was listed behind last */
    Array(Step) steps;
    Paths *paths;
    uint32_t limit;
} Walk;

static bool is_on_the_way(const Walk *w, Id node) {
    return w->view->is_raw || w->view->classes[node] == NODE_CLASS_COMPUTE;
}

/* Marks all nodes from which the end is reached, the end too. */
static bool mark_back(Walk *w) {
    IdArray stack = {0};
    bool done = array_push(&stack, w->end);
    w->reaches[w->end] = 1;
    while (done && stack.count) {
        IdSpan inputs = node_inputs(w->model, stack.items[--stack.count]);
        for (uint32_t i = 0; i < inputs.count && done; i++) {
            Id node = view_producer(w->view, inputs.ids[i]);
            if (node == ID_NONE || w->reaches[node] || !is_on_the_way(w, node)) continue;
            w->reaches[node] = 1;
            done = array_push(&stack, node);
        }
    }
    array_free(&stack);
    return done;
}

/* Lists what a node that reaches the end leads to: output by output, users in the order of their ids. */
static bool list_next(Walk *w, Id node) {
    IdSpan outputs = node_outputs(w->model, node);
    for (uint32_t output = 0; output < outputs.count; output++) {
        if (outputs.ids[output] == ID_NONE) continue;
        IdSpan users = view_users(w->view, view_source(w->view, outputs.ids[output]));
        for (uint32_t i = 0; i < users.count; i++) {
            Id user = users.ids[i];
            if (!w->reaches[user] || w->listed_for[user] == node) continue;
            w->listed_for[user] = node;
            if (!array_push(&w->next, user)) return false;
        }
    }
    return true;
}

/* Once for all paths, so that a walk never looks at what does not lead to the end. */
static bool list_all_next(Walk *w) {
    size_t room = w->model->node_count + (size_t)1;
    w->first = malloc(room * sizeof *w->first);
    w->listed_for = malloc(room * sizeof *w->listed_for);
    if (!w->first || !w->listed_for) return false;
    memset(w->listed_for, 0xff, room * sizeof *w->listed_for); /* ID_NONE */
    for (Id node = 0; node < w->model->node_count; node++) {
        w->first[node] = w->next.count;
        if (w->reaches[node] && node != w->end && !list_next(w, node)) return false;
    }
    w->first[w->model->node_count] = w->next.count;
    return true;
}

static bool keep_path(Walk *w) {
    Paths *paths = w->paths;
    if (paths->ends.count == w->limit || paths->nodes.count + (uint64_t)w->steps.count > PATHS_NODE_LIMIT) {
        paths->has_more = true;
        return true;
    }
    if (!array_reserve(&paths->nodes, w->steps.count)) return false;
    for (uint32_t i = 0; i < w->steps.count; i++)
        paths->nodes.items[paths->nodes.count++] = w->steps.items[i].node;
    return array_push(&paths->ends, paths->nodes.count);
}

static Step step_to(const Walk *w, Id node) {
    return (Step){node, w->first[node]};
}

static bool walk_from(Walk *w, Id start) {
    w->steps.count = 0;
    if (!w->reaches[start]) return true;
    if (!array_push(&w->steps, step_to(w, start))) return false;
    while (w->steps.count && !w->paths->has_more) {
        Step *last = &w->steps.items[w->steps.count - 1];
        if (last->node == w->end) {
            if (!keep_path(w)) return false;
            w->steps.count--;
            continue;
        }
        if (last->at == w->first[last->node + 1]) {
            w->steps.count--;
            continue;
        }
        Id next = w->next.items[last->at++];
        if (!array_push(&w->steps, step_to(w, next))) return false;
    }
    return true;
}

static bool walk_all(Walk *w, const PathsQuery *query) {
    if (query->from_node != ID_NONE) return walk_from(w, query->from_node);
    IdSpan users = view_users(w->view, view_source(w->view, query->from_value));
    for (uint32_t i = 0; i < users.count && !w->paths->has_more; i++)
        if ((i == 0 || users.ids[i] != users.ids[i - 1]) && !walk_from(w, users.ids[i])) return false;
    return true;
}

bool paths_find(const View *view, const PathsQuery *query, Paths *paths, Error *err) {
    const Model *model = view->costs->shapes->model;
    Walk w = {.view = view, .model = model, .paths = paths, .limit = query->limit};
    *paths = (Paths){0};
    w.end = query->to_node != ID_NONE ? query->to_node : view_producer(view, query->to_value);
    if (w.end == ID_NONE) return true;
    w.reaches = calloc(model->node_count + (size_t)1, 1);
    bool done = w.reaches && mark_back(&w) && list_all_next(&w) && walk_all(&w, query);
    free(w.reaches);
    free(w.first);
    free(w.listed_for);
    array_free(&w.next);
    array_free(&w.steps);
    return done || error_memory(err, "paths");
}

void paths_free(Paths *paths) {
    array_free(&paths->nodes);
    array_free(&paths->ends);
}
