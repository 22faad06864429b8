#include "match/families.h"

#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

#define TALLY_LIMIT  16 /* operators of a body that are told apart: the smallest by hash, in whatever order */
#define FAMILY_LIMIT 64 /* a function is compared with so many families, the last ones */

typedef struct TallyItem {
    uint64_t hash;
    uint64_t count;
} TallyItem;

typedef struct Tally {
    uint32_t count;
    uint64_t size;                /* nodes, those of operators that are not told apart included */
    TallyItem items[TALLY_LIMIT]; /* ascending by hash */
} Tally;

typedef struct Member {
    uint64_t size, hash;
    Id operation;
} Member;

typedef struct Families {
    View *view;
    Tally *tallies;     /* by operator; only of those that call functions */
    uint32_t *numbers;  /* by operator: in tallies */
    uint32_t *by_graph; /* by function: its operator's number; UINT32_MAX: not tallied yet */
    Array(Member) members;
} Families;

static void tally_grow(Tally *self, uint64_t size) {
    self->size = self->size + size < self->size ? UINT64_MAX : self->size + size;
}

static void tally_add(Tally *self, uint64_t hash, uint64_t count) {
    uint32_t at = 0;
    while (at < self->count && self->items[at].hash < hash) at++;
    if (at < self->count && self->items[at].hash == hash) {
        self->items[at].count += count;
        return;
    }
    if (at == TALLY_LIMIT) return;
    if (self->count < TALLY_LIMIT) self->count++;
    memmove(self->items + at + 1, self->items + at, (self->count - at - 1) * sizeof *self->items);
    self->items[at] = (TallyItem){hash, count};
}

/* What both have is at least two thirds of what either has. */
static bool are_alike(const Tally *a, const Tally *b) {
    uint64_t common = 0;
    for (uint32_t i = 0, k = 0; i < a->count && k < b->count;) {
        if (a->items[i].hash < b->items[k].hash) i++;
        else if (a->items[i].hash > b->items[k].hash) k++;
        else {
            common += a->items[i].count < b->items[k].count ? a->items[i].count : b->items[k].count;
            i++, k++;
        }
    }
    uint64_t most = a->size > b->size ? a->size : b->size;
    return most < UINT32_MAX && 3 * common >= 2 * most;
}

/* False when a function is called that is not tallied yet. */
static bool tally_body(Families *self, Id function, Tally *tally) {
    const View *view = self->view;
    const Model *model = view->costs->shapes->model;
    const Graph *graph = &model->graphs.items[function];
    *tally = (Tally){0};
    for (Id node = graph->first_node; node < graph->first_node + graph->node_count; node++) {
        Id callee = model->operators.items[model->nodes.items[node].op].function;
        if (view->classes[node] != NODE_CLASS_COMPUTE) continue;
        if (callee == ID_NONE) {
            tally_add(tally, view_operator(view, node)->hash, 1);
            tally_grow(tally, 1);
            continue;
        }
        if (self->by_graph[callee] == UINT32_MAX) return false;
        const Tally *inner = &self->tallies[self->by_graph[callee]];
        for (uint32_t i = 0; i < inner->count; i++)
            tally_add(tally, inner->items[i].hash, inner->items[i].count);
        tally_grow(tally, inner->size);
    }
    return true;
}

static bool tally_bodies(Families *self) {
    const Model *model = self->view->costs->shapes->model;
    bool found = false;
    for (Id i = 0; i < model->operators.count; i++) {
        Id function = model->operators.items[i].function;
        if (function == ID_NONE || self->by_graph[function] != UINT32_MAX) continue;
        if (!tally_body(self, function, &self->tallies[self->numbers[i]])) continue;
        self->by_graph[function] = self->numbers[i];
        found = true;
    }
    return found;
}

static int compare_members(const void *a, const void *b) {
    const Member *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Smaller bodies first, whatever their order in the file: each joins the family it is like, or begins one. */
static bool join_families(Families *self) {
    View *view = self->view;
    const Model *model = view->costs->shapes->model;
    for (Id i = 0; i < model->operators.count; i++) {
        Id function = model->operators.items[i].function;
        if (function == ID_NONE || self->by_graph[function] == UINT32_MAX) continue;
        Member member = {self->tallies[self->numbers[i]].size, view->operators[i].hash, i};
        if (!array_push(&self->members, member)) return false;
    }
    if (self->members.count) qsort(self->members.items, self->members.count, sizeof(Member), compare_members);
    Id firsts[FAMILY_LIMIT];
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->members.count; i++) {
        Id operation = self->members.items[i].operation, found = ID_NONE;
        const Tally *tally = &self->tallies[self->numbers[operation]];
        for (uint32_t f = 0; f < count && f < FAMILY_LIMIT && found == ID_NONE; f++)
            if (are_alike(&self->tallies[self->numbers[firsts[f]]], tally)) found = firsts[f];
        if (found == ID_NONE) firsts[count++ % FAMILY_LIMIT] = found = operation;
        view->operators[operation].family = view->operators[found].hash;
    }
    return true;
}

static uint32_t number_functions(Families *self) {
    const Model *model = self->view->costs->shapes->model;
    uint32_t count = 0;
    for (Id i = 0; i < model->operators.count; i++) {
        self->view->operators[i].family = self->view->operators[i].hash;
        if (model->operators.items[i].function != ID_NONE) self->numbers[i] = count++;
    }
    return count;
}

bool families_find(View *view) {
    const Model *model = view->costs->shapes->model;
    Families self = {.view = view};
    bool done = false;
    self.numbers = calloc(model->operators.count + (size_t)1, sizeof *self.numbers);
    self.by_graph = malloc((model->graphs.count + (size_t)1) * sizeof *self.by_graph);
    if (self.numbers && self.by_graph) {
        memset(self.by_graph, 0xff, (model->graphs.count + (size_t)1) * sizeof *self.by_graph);
        self.tallies = calloc(number_functions(&self) + (size_t)1, sizeof *self.tallies);
        for (int round = 0; self.tallies && round < MODEL_DEPTH_LIMIT; round++)
            if (!tally_bodies(&self)) break;
        done = self.tallies && join_families(&self);
    }
    free(self.numbers);
    free(self.by_graph);
    free(self.tallies);
    array_free(&self.members);
    return done;
}
