#include "match/sequence.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

/* So many edges apart are the readers of a global value on their ways to the outputs: of two clumps, of more. */
#define GLOBAL_FAR  16
#define GLOBAL_NEAR 4

/* Items that are sorted in place, and the most bytes that one has. */
#define FEW       8
#define FEW_BYTES 32

/* ---- what bodies read from outside ---- */

Id sequence_owner(const Model *model, Id graph, Id inner) {
    while (inner != ID_NONE && inner != graph) {
        const Graph *g = &model->graphs.items[inner];
        if (g->kind != GRAPH_KIND_SUBGRAPH) return ID_NONE;
        if (g->parent == graph) return g->owner;
        inner = g->parent;
    }
    return ID_NONE;
}

static int compare_captures(const void *a, const void *b) {
    const Captured *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static bool capture_node(const View *view, Id node, CapturedArray *captures) {
    const Model *model = view->costs->shapes->model;
    IdSpan inputs = node_inputs(model, node);
    for (uint32_t i = 0; i < inputs.count; i++) {
        if (view_producer(view, inputs.ids[i]) == ID_NONE) continue;
        Id value = view_source(view, inputs.ids[i]);
        Id owner = sequence_owner(model, model->values.items[value].graph, model->nodes.items[node].graph);
        if (owner != ID_NONE && !array_push(captures, (Captured){owner, value})) return false;
    }
    return true;
}

bool sequence_captures(const View *view, CapturedArray *captures) {
    const Model *model = view->costs->shapes->model;
    for (Id graph = 0; graph < model->graphs.count; graph++) {
        const Graph *g = &model->graphs.items[graph];
        if (g->kind != GRAPH_KIND_SUBGRAPH) continue;
        for (uint32_t i = 0; i < g->node_count; i++)
            if (!capture_node(view, g->first_node + i, captures)) return false;
    }
    if (captures->count == 0) return true;
    qsort(captures->items, captures->count, sizeof *captures->items, compare_captures);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < captures->count; i++)
        if (compare_captures(&captures->items[i], &captures->items[kept - 1]) != 0)
            captures->items[kept++] = captures->items[i];
    captures->count = kept;
    return true;
}

/* As qsort, which takes longer to begin than to sort the two or three items that there mostly are. */
static void sort_few(void *items, uint32_t count, size_t size, int (*compare)(const void *, const void *)) {
    _Alignas(max_align_t) char held[FEW_BYTES];
    if (count > FEW || size > sizeof held) {
        qsort(items, count, size, compare);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        char *at = (char *)items + i * size;
        memcpy(held, at, size);
        while (at > (char *)items && compare(at - size, held) > 0) {
            memcpy(at, at - size, size);
            at -= size;
        }
        memcpy(at, held, size);
    }
}

/* ---- the graph as numbers ---- */

typedef struct NodeReader {
    uint32_t node, slot; /* who reads, and at which position; commutative operands have slot 0 */
} NodeReader;

/* Nodes that compute are numbered in execution order: producers have smaller numbers. */
enum { IS_OUTPUT = 1, IS_WANTED = 2, IS_GLOBAL = 4 };

typedef struct Arranger {
    Sequence *sequence;
    uint32_t count;
    Id *nodes;
    uint64_t *kinds;
    uint64_t *hashes;               /* of what operands are made of, to tell those of a sum apart */
    uint32_t *first_input, *inputs; /* CSR */
    uint32_t *visits;               /* the same edges, in the order they are gone back along */
    uint32_t *first_reader;
    NodeReader *readers; /* CSR */
    uint32_t *height;    /* the most edges to an end of the graph */
    uint32_t *depth;     /* the most edges from a start */
    uint32_t *position;
    uint32_t *pending; /* inputs that have no position yet */
    uint32_t *cursor;  /* of the walk */
    uint8_t *flags;
    uint32_t next; /* position */
    Array(uint32_t) ends, globals, stack, ready;
} Arranger;

static void arranger_free(Arranger *self) {
    void *blocks[] = {self->nodes,    self->kinds,        self->hashes,  self->first_input, self->inputs,
                      self->visits,   self->first_reader, self->readers, self->height,      self->depth,
                      self->position, self->pending,      self->cursor,  self->flags};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) free(blocks[i]);
    array_free(&self->ends);
    array_free(&self->globals);
    array_free(&self->stack);
    array_free(&self->ready);
}

static void number_nodes(Arranger *self) {
    const View *view = self->sequence->view;
    const Model *model = view->costs->shapes->model;
    const Graph *graph = &model->graphs.items[self->sequence->graph];
    for (uint32_t i = 0; i < graph->node_count; i++) {
        Id node = graph_node_at(model, graph, i);
        bool computes = view->classes[node] == NODE_CLASS_COMPUTE;
        self->sequence->places[node - graph->first_node] = computes ? self->count : PLACE_NONE;
        if (computes) self->nodes[self->count++] = node;
    }
}

/* The number of the node that a value comes from; PLACE_NONE when it is none of this graph. */
static uint32_t producer_number(const Arranger *self, Id value) {
    const View *view = self->sequence->view;
    const Model *model = view->costs->shapes->model;
    Id producer = view_producer(view, value);
    if (producer == ID_NONE || model->nodes.items[producer].graph != self->sequence->graph) return PLACE_NONE;
    return self->sequence->places[producer - model->graphs.items[self->sequence->graph].first_node];
}

typedef Array(uint32_t) NumberArray;

static bool add_input(const Arranger *self, uint32_t number, Id value, NumberArray *inputs) {
    uint32_t producer = producer_number(self, value);
    return producer >= number || array_push(inputs, producer);
}

static const Captured *first_capture(const CapturedArray *captures, Id node) {
    uint32_t low = 0, high = captures->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (captures->items[middle].node < node) low = middle + 1;
        else high = middle;
    }
    return captures->items + low;
}

static bool list_inputs(Arranger *self, const CapturedArray *captures) {
    const Model *model = self->sequence->view->costs->shapes->model;
    NumberArray inputs = {0};
    bool done = true;
    for (uint32_t n = 0; done && n < self->count; n++) {
        IdSpan ids = node_inputs(model, self->nodes[n]);
        self->first_input[n] = inputs.count;
        for (uint32_t i = 0; done && i < ids.count; i++) done = add_input(self, n, ids.ids[i], &inputs);
        if (captures->count == 0) continue;
        const Captured *capture = first_capture(captures, self->nodes[n]);
        for (; done && capture < captures->items + captures->count && capture->node == self->nodes[n];
             capture++)
            done = add_input(self, n, capture->value, &inputs);
    }
    self->first_input[self->count] = inputs.count;
    self->inputs = done ? malloc((inputs.count + (size_t)1) * sizeof *self->inputs) : NULL;
    self->visits = done ? malloc((inputs.count + (size_t)1) * sizeof *self->visits) : NULL;
    if (self->inputs && inputs.count) memcpy(self->inputs, inputs.items, inputs.count * sizeof *self->inputs);
    array_free(&inputs);
    return self->inputs && self->visits;
}

/* Two rounds of what operands are, to tell the operands of a sum apart. */
static void hash_operands(const Arranger *self, const uint64_t *hashes, uint64_t *next) {
    for (uint32_t n = 0; n < self->count; n++) {
        uint64_t hash = hashes[n], sum = 0;
        bool in_any_order = view_is_commutative(self->sequence->view, self->nodes[n]);
        for (uint32_t i = self->first_input[n]; i < self->first_input[n + 1]; i++) {
            if (in_any_order) sum += hash_mix(hashes[self->inputs[i]]);
            else hash = hash_join(hash, hashes[self->inputs[i]]);
        }
        next[n] = hash_join(hash, sum);
    }
}

static bool hash_all_operands(Arranger *self) {
    uint64_t *once = malloc((self->count + (size_t)1) * sizeof *once);
    if (!once) return false;
    hash_operands(self, self->kinds, once);
    hash_operands(self, once, self->hashes);
    free(once);
    return true;
}

static bool list_readers(Arranger *self) {
    uint32_t total = self->first_input[self->count], *first = self->first_reader;
    self->readers = malloc((total + (size_t)1) * sizeof *self->readers);
    if (!self->readers) return false;
    for (uint32_t i = 0; i < total; i++) first[self->inputs[i]]++;
    for (uint32_t n = 1; n <= self->count; n++) first[n] += first[n - 1];
    for (uint32_t n = self->count; n-- > 0;) {
        bool in_any_order = view_is_commutative(self->sequence->view, self->nodes[n]);
        for (uint32_t i = self->first_input[n + 1]; i-- > self->first_input[n];)
            self->readers[--first[self->inputs[i]]] =
                (NodeReader){n, in_any_order ? 0 : i - self->first_input[n]};
    }
    return true;
}

/* What comes from a global node counts as if it came from a start, so that the same branch is as deep in every layer. */
static void find_depths(Arranger *self) {
    for (uint32_t n = 0; n < self->count; n++) {
        self->depth[n] = 0;
        for (uint32_t i = self->first_input[n]; i < self->first_input[n + 1]; i++) {
            uint32_t input = self->inputs[i];
            uint32_t depth = self->flags[input] & IS_GLOBAL ? 1 : self->depth[input] + 1;
            if (depth > self->depth[n]) self->depth[n] = depth;
        }
    }
}

static void find_heights(Arranger *self) {
    for (uint32_t n = self->count; n-- > 0;)
        for (uint32_t i = self->first_reader[n]; i < self->first_reader[n + 1]; i++)
            if (self->height[self->readers[i].node] >= self->height[n])
                self->height[n] = self->height[self->readers[i].node] + 1;
}

typedef struct Operand {
    uint32_t depth, position, node;
    uint64_t hash; /* operands that commute; else 0 */
} Operand;

/* The deepest first: the way back along the trunk comes before branches beside it. */
static int compare_operands(const void *a, const void *b) {
    const Operand *x = a, *y = b;
    if (x->depth != y->depth) return x->depth > y->depth ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* In which order operands are gone back to. */
static bool list_visits(Arranger *self) {
    Array(Operand) operands = {0};
    bool done = true;
    for (uint32_t n = 0; done && n < self->count; n++) {
        uint32_t first = self->first_input[n], count = self->first_input[n + 1] - first;
        bool in_any_order = view_is_commutative(self->sequence->view, self->nodes[n]);
        operands.count = 0;
        done = array_reserve(&operands, count + 1);
        for (uint32_t i = 0; done && i < count; i++) {
            uint32_t node = self->inputs[first + i];
            operands.items[i] = (Operand){self->depth[node], i, node, in_any_order ? self->hashes[node] : 0};
        }
        if (done) sort_few(operands.items, count, sizeof *operands.items, compare_operands);
        for (uint32_t i = 0; done && i < count; i++) self->visits[first + i] = operands.items[i].node;
    }
    array_free(&operands);
    return done;
}

/* ---- global nodes ---- */

typedef struct Reading {
    uint64_t kind;
    uint32_t height;
} Reading;

static int compare_readings(const void *a, const void *b) {
    const Reading *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return (x->height > y->height) - (x->height < y->height);
}

/* Readers of one kind at one position, by height: they stand in clumps, one for each layer, when the gaps between them are
 * either about as large as the largest or far smaller. Two clumps could be the operands of one attention, unless they are far
 * apart. */
static bool are_in_layers(const Reading *readings, uint32_t count) {
    uint32_t most = 0, large = 0;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t gap = readings[i].height - readings[i - 1].height;
        if (gap > most) most = gap;
    }
    for (uint32_t i = 1; i < count; i++) {
        uint64_t gap = readings[i].height - readings[i - 1].height;
        if (2 * gap >= most) large++;
        else if (4 * gap > most) return false;
    }
    return large > 0 && (most >= GLOBAL_FAR || (most >= GLOBAL_NEAR && large > 1));
}

static bool are_spread(const Reading *readings, uint32_t count) {
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && readings[next].kind == readings[i].kind;) next++;
        if (are_in_layers(readings + i, next - i)) return true;
    }
    return false;
}

static bool find_globals(Arranger *self) {
    Array(Reading) readings = {0};
    bool done = true;
    for (uint32_t n = 0; done && n < self->count; n++) {
        uint32_t first = self->first_reader[n], count = self->first_reader[n + 1] - first;
        if (count < 2) continue;
        readings.count = 0;
        done = array_reserve(&readings, count);
        for (uint32_t i = 0; done && i < count; i++) {
            NodeReader reader = self->readers[first + i];
            readings.items[readings.count++] =
                (Reading){hash_join(self->kinds[reader.node], reader.slot), self->height[reader.node]};
        }
        if (!done) break;
        sort_few(readings.items, count, sizeof *readings.items, compare_readings);
        if (are_spread(readings.items, count)) self->flags[n] |= IS_GLOBAL;
    }
    array_free(&readings);
    return done;
}

/* ---- ends: nodes that nothing reads ---- */

static void mark_outputs(Arranger *self) {
    const Model *model = self->sequence->view->costs->shapes->model;
    IdSpan outputs = model_list(model, model->graphs.items[self->sequence->graph].outputs);
    for (uint32_t i = outputs.count; i-- > 0;) {
        uint32_t number = outputs.ids[i] == ID_NONE ? PLACE_NONE : producer_number(self, outputs.ids[i]);
        if (number == PLACE_NONE) continue;
        self->flags[number] |= IS_OUTPUT;
        self->position[number] = i; /* which output: until nodes have positions */
    }
}

typedef struct End {
    bool is_output;
    uint32_t depth, output;
    uint64_t kind;
    uint32_t node;
} End;

/* Outputs first, the deepest first; then by their order in the graph. */
static int compare_ends(const void *a, const void *b) {
    const End *x = a, *y = b;
    if (x->is_output != y->is_output) return x->is_output ? -1 : 1;
    if (x->depth != y->depth) return x->depth > y->depth ? -1 : 1;
    if (x->output != y->output) return x->output < y->output ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

static bool list_ends(Arranger *self) {
    Array(End) ends = {0};
    bool done = true;
    mark_outputs(self);
    for (uint32_t n = 0; done && n < self->count; n++) {
        bool is_output = self->flags[n] & IS_OUTPUT;
        if (self->first_reader[n] != self->first_reader[n + 1]) continue;
        done = array_push(
            &ends, (End){is_output, self->depth[n], is_output ? self->position[n] : 0, self->kinds[n], n});
    }
    done = done && array_reserve(&self->ends, ends.count + 1);
    if (done && ends.count) qsort(ends.items, ends.count, sizeof *ends.items, compare_ends);
    for (uint32_t i = 0; done && i < ends.count; i++)
        self->ends.items[self->ends.count++] = ends.items[i].node;
    array_free(&ends);
    return done;
}

/* ---- the order ---- */

/* Gives a node its position, and the dead ends that thereby have all they read. */
static bool place_node(Arranger *self, uint32_t node) {
    self->ready.count = 0;
    if (!array_push(&self->ready, node)) return false;
    while (self->ready.count) {
        uint32_t n = self->ready.items[--self->ready.count];
        self->position[n] = self->next++;
        for (uint32_t i = self->first_reader[n + 1]; i-- > self->first_reader[n];) {
            uint32_t reader = self->readers[i].node;
            if (--self->pending[reader] > 0 || self->flags[reader] & IS_WANTED) continue;
            if (!array_push(&self->ready, reader)) return false;
        }
    }
    return true;
}

/* All that a node reads, then the node. */
static bool place_with_sources(Arranger *self, uint32_t node) {
    self->stack.count = 0;
    if (self->position[node] != PLACE_NONE) return true;
    if (!array_push(&self->stack, node)) return false;
    while (self->stack.count) {
        uint32_t n = self->stack.items[self->stack.count - 1];
        while (self->cursor[n] < self->first_input[n + 1] &&
               self->position[self->visits[self->cursor[n]]] != PLACE_NONE)
            self->cursor[n]++;
        if (self->cursor[n] < self->first_input[n + 1]) {
            if (!array_push(&self->stack, self->visits[self->cursor[n]])) return false;
            continue;
        }
        self->stack.count--;
        if (self->position[n] == PLACE_NONE && !place_node(self, n)) return false;
    }
    return true;
}

/* All that leads to an end becomes wanted; which of it is global is in `globals` then. */
static bool want(Arranger *self, uint32_t end) {
    self->stack.count = self->globals.count = 0;
    self->flags[end] |= IS_WANTED;
    if (!array_push(&self->stack, end)) return false;
    while (self->stack.count) {
        uint32_t n = self->stack.items[--self->stack.count];
        if (self->flags[n] & IS_GLOBAL && !array_push(&self->globals, n)) return false;
        for (uint32_t i = self->first_input[n]; i < self->first_input[n + 1]; i++) {
            uint32_t input = self->inputs[i];
            if (self->flags[input] & IS_WANTED || self->position[input] != PLACE_NONE) continue;
            self->flags[input] |= IS_WANTED;
            if (!array_push(&self->stack, input)) return false;
        }
    }
    return true;
}

static int compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pairs {position in an earlier order, node}: sorting them sorts the nodes. */
static bool sort_globals(Arranger *self, const uint32_t *earlier) {
    uint32_t count = self->globals.count;
    uint64_t *pairs = malloc((count + (size_t)1) * sizeof *pairs);
    if (!pairs) return false;
    for (uint32_t i = 0; i < count; i++)
        pairs[i] = (uint64_t)earlier[self->globals.items[i]] << 32 | self->globals.items[i];
    qsort(pairs, count, sizeof *pairs, compare_numbers);
    for (uint32_t i = 0; i < count; i++) self->globals.items[i] = (uint32_t)pairs[i];
    free(pairs);
    return true;
}

/* Positions of all nodes. `earlier`: positions that say in which order global nodes come; NULL: they are not treated apart. */
static bool arrange(Arranger *self, const uint32_t *earlier) {
    self->next = 0;
    memset(self->position, 0xff, self->count * sizeof *self->position);
    for (uint32_t n = 0; n < self->count; n++) {
        self->flags[n] &= (uint8_t)~IS_WANTED;
        self->cursor[n] = self->first_input[n];
        self->pending[n] = self->first_input[n + 1] - self->first_input[n];
    }
    for (uint32_t e = 0; e < self->ends.count; e++) {
        uint32_t end = self->ends.items[e];
        if (self->position[end] != PLACE_NONE) continue;
        if (!want(self, end)) return false;
        if (earlier && !sort_globals(self, earlier)) return false;
        for (uint32_t i = 0; earlier && i < self->globals.count; i++)
            if (!place_with_sources(self, self->globals.items[i])) return false;
        if (!place_with_sources(self, end)) return false;
    }
    return true;
}

static bool arrange_twice(Arranger *self) {
    uint32_t *earlier = malloc((self->count + (size_t)1) * sizeof *earlier);
    if (!earlier) return false;
    bool done = list_visits(self) && arrange(self, NULL);
    memcpy(earlier, self->position, self->count * sizeof *earlier);
    done = done && find_globals(self);
    find_depths(self);
    done = done && list_visits(self) && arrange(self, earlier);
    free(earlier);
    return done;
}

/* ---- the result ---- */

static bool list_spans(const Arranger *self, const uint8_t *is_global) {
    Sequence *sequence = self->sequence;
    const Model *model = sequence->view->costs->shapes->model;
    Id first_node = model->graphs.items[sequence->graph].first_node;
    for (uint32_t place = 0; place < sequence->count; place++) {
        IdSpan outputs = node_outputs(model, sequence->nodes[place]);
        for (uint32_t i = 0; i < outputs.count; i++) {
            if (outputs.ids[i] == ID_NONE) continue;
            IdSpan users = view_users(sequence->view, outputs.ids[i]);
            Span span = {place, place, outputs.ids[i], is_global[place]};
            for (uint32_t u = 0; u < users.count; u++) {
                bool is_here = model->nodes.items[users.ids[u]].graph == sequence->graph;
                uint32_t to = is_here ? sequence->places[users.ids[u] - first_node] : PLACE_NONE;
                if (to != PLACE_NONE && to > span.to) span.to = to;
            }
            if (span.to > place && !array_push(&sequence->spans, span)) return false;
        }
    }
    return true;
}

static bool write_sequence(Arranger *self) {
    Sequence *sequence = self->sequence;
    const Model *model = sequence->view->costs->shapes->model;
    Id first_node = model->graphs.items[sequence->graph].first_node;
    uint32_t *numbers = self->cursor; /* by place; the walk is over */
    uint8_t *is_global = malloc(self->count + (size_t)1);
    if (!is_global) return false;
    sequence->count = self->count;
    for (uint32_t n = 0; n < self->count; n++) {
        numbers[self->position[n]] = n;
        sequence->nodes[self->position[n]] = self->nodes[n];
        sequence->kinds[self->position[n]] = self->kinds[n];
        sequence->places[self->nodes[n] - first_node] = self->position[n];
        is_global[self->position[n]] = (self->flags[n] & IS_GLOBAL) != 0;
    }
    uint32_t total = 0;
    for (uint32_t place = 0; place < self->count; place++) {
        uint32_t n = numbers[place];
        sequence->first_input[place] = total;
        for (uint32_t i = self->first_input[n]; i < self->first_input[n + 1]; i++)
            sequence->inputs[total++] = self->position[self->inputs[i]];
    }
    sequence->first_input[self->count] = total;
    bool done = list_spans(self, is_global);
    free(is_global);
    return done;
}

static bool arranger_make(Arranger *self, uint32_t node_count) {
    size_t room = node_count + (size_t)2;
    self->nodes = malloc(room * sizeof *self->nodes);
    self->kinds = malloc(room * sizeof *self->kinds);
    self->hashes = malloc(room * sizeof *self->hashes);
    self->first_input = malloc(room * sizeof *self->first_input);
    self->first_reader = calloc(room, sizeof *self->first_reader);
    self->height = calloc(room, sizeof *self->height);
    self->depth = calloc(room, sizeof *self->depth);
    self->position = calloc(room, sizeof *self->position);
    self->pending = malloc(room * sizeof *self->pending);
    self->cursor = malloc(room * sizeof *self->cursor);
    self->flags = calloc(room, 1);
    return self->nodes && self->kinds && self->hashes && self->first_input && self->first_reader &&
           self->height && self->depth && self->position && self->pending && self->cursor && self->flags;
}

/* Functions of one family may have other operands. */
static uint64_t kind_of(const View *view, Id node) {
    const Model *model = view->costs->shapes->model;
    bool is_call = model->operators.items[model->nodes.items[node].op].function != ID_NONE;
    return is_call ? hash_join(6, view_operator(view, node)->family) : view_hash_kind(view, node);
}

static bool arranger_run(Arranger *self, const CapturedArray *captures) {
    Sequence *sequence = self->sequence;
    number_nodes(self);
    for (uint32_t n = 0; n < self->count; n++) self->kinds[n] = kind_of(sequence->view, self->nodes[n]);
    if (!list_inputs(self, captures) || !hash_all_operands(self) || !list_readers(self)) return false;
    find_depths(self);
    find_heights(self);
    if (!list_ends(self) || !arrange_twice(self)) return false;
    size_t room = self->count + (size_t)2;
    sequence->nodes = malloc(room * sizeof *sequence->nodes);
    sequence->kinds = malloc(room * sizeof *sequence->kinds);
    sequence->first_input = malloc(room * sizeof *sequence->first_input);
    sequence->inputs = malloc((self->first_input[self->count] + (size_t)1) * sizeof *sequence->inputs);
    return sequence->nodes && sequence->kinds && sequence->first_input && sequence->inputs &&
           write_sequence(self);
}

bool sequence_make(const View *view, Id graph, const CapturedArray *captures, Sequence *sequence) {
    uint32_t node_count = view->costs->shapes->model->graphs.items[graph].node_count;
    *sequence = (Sequence){.view = view, .graph = graph};
    Arranger arranger = {.sequence = sequence};
    sequence->places = malloc((node_count + (size_t)1) * sizeof *sequence->places);
    bool done = sequence->places && arranger_make(&arranger, node_count) && arranger_run(&arranger, captures);
    arranger_free(&arranger);
    return done;
}

void sequence_free(Sequence *sequence) {
    free(sequence->nodes);
    free(sequence->kinds);
    free(sequence->places);
    free(sequence->first_input);
    free(sequence->inputs);
    array_free(&sequence->spans);
}

uint32_t sequence_first_span(const Sequence *sequence, uint32_t place) {
    uint32_t low = 0, high = sequence->spans.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sequence->spans.items[middle].from < place) low = middle + 1;
        else high = middle;
    }
    return low;
}
