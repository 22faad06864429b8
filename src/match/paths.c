#include "match/paths.h"

#include <stdlib.h>
#include <string.h>

/* A node on the path at hand, and which of its users comes next. */
typedef struct Step {
    Id node;
    uint32_t output, user;
} Step;

typedef struct Walk {
    const View *view;
    const Model *model;
    Id end;
    uint8_t *reaches; /* by node: the end lies in front of it */
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

static bool has_id(IdSpan sorted, Id id) {
    uint32_t low = 0, high = sorted.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted.ids[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low < sorted.count && sorted.ids[low] == id;
}

static IdSpan users_of_output(const Walk *w, Id node, uint32_t output) {
    Id value = node_outputs(w->model, node).ids[output];
    return value == ID_NONE ? (IdSpan){0} : view_users(w->view, view_source(w->view, value));
}

/* A node that reads two outputs, or one twice, comes next once. Users stand in the order of their ids. */
static bool is_repeated(const Walk *w, const Step *step, IdSpan users) {
    Id user = users.ids[step->user];
    bool found = step->user > 0 && users.ids[step->user - 1] == user;
    for (uint32_t output = 0; output < step->output && !found; output++)
        found = has_id(users_of_output(w, step->node, output), user);
    return found;
}

/* The next node behind the last step; ID_NONE when there is none left. */
static Id next_user(Walk *w, Step *step) {
    uint32_t outputs = node_outputs(w->model, step->node).count;
    for (; step->output < outputs; step->output++, step->user = 0) {
        IdSpan users = users_of_output(w, step->node, step->output);
        while (step->user < users.count) {
            Id user = users.ids[step->user];
            bool is_next = w->reaches[user] && !is_repeated(w, step, users);
            step->user++;
            if (is_next) return user;
        }
    }
    return ID_NONE;
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

static bool walk_from(Walk *w, Id start) {
    w->steps.count = 0;
    if (!w->reaches[start]) return true;
    if (!array_push(&w->steps, (Step){start, 0, 0})) return false;
    while (w->steps.count && !w->paths->has_more) {
        Step *last = &w->steps.items[w->steps.count - 1];
        if (last->node == w->end) {
            if (!keep_path(w)) return false;
            w->steps.count--;
            continue;
        }
        Id next = next_user(w, last);
        if (next == ID_NONE) w->steps.count--;
        else if (!array_push(&w->steps, (Step){next, 0, 0})) return false;
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
    bool done = w.reaches && mark_back(&w) && walk_all(&w, query);
    free(w.reaches);
    array_free(&w.steps);
    return done || error_memory(err, "paths");
}

void paths_free(Paths *paths) {
    array_free(&paths->nodes);
    array_free(&paths->ends);
}
