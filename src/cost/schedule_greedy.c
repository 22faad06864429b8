/* List scheduling: nodes are taken one by one, always the best of those that are ready. Forwards from the
 * inputs, values are alive from when they are made until their last reader is taken; backwards from the
 * outputs, from their first reader until their maker is taken. Best is what leaves the fewest bytes alive,
 * then what needs the fewest while it runs, then what got ready last. Depth first, what got ready last
 * comes before all that: it finishes one branch before the next, which pays where branches look large at
 * their beginnings.
 *
 * What taking a node does to the bytes alive only ever falls while it waits: forwards when all other
 * readers of a value it reads have been taken, backwards when the first of them has. Each fall puts the
 * node on the heap once more; what comes off it with a change that is no longer true is passed over. So
 * there are no more pushes than nodes and edges.
 */
#include <string.h>

#include "cost/schedule.h"

typedef struct Choice {
    int64_t change;  /* of the bytes alive, once the node has been taken */
    uint64_t effort; /* bytes it makes, and its inner bytes */
    uint32_t age;    /* how many nodes had been taken when it was pushed */
    uint32_t node;
} Choice;

typedef enum Way {
    WAY_FORWARDS,
    WAY_BACKWARDS,
    WAY_DEPTH_FIRST, /* backwards */
    WAY_COUNT
} Way;

typedef struct Lister {
    const ScheduleGraph *graph;
    const uint32_t *given; /* or NULL; below, nodes are numbered by their position in it */
    /* The graph without values that are never alive, and without the second time that a node reads a
     * value. Sizes are shifted so far to the right that all of them together stay below 2^62. */
    ScheduleValues first_read, reads;     /* by node: the values it reads */
    ScheduleValues first_reader, readers; /* by value: the nodes that read it */
    ScheduleValues maker;                 /* by value: the node that makes it, or SCHEDULE_NONE */
    Array(uint64_t) effort;               /* by node */
    uint32_t shift;
    /* While nodes are taken. `waiting`: the makers (backwards: readers) not yet taken; SCHEDULE_NONE when the
     * node is. `left`: readers not yet taken; backwards 1 while the value is not alive, else 0.
     * `last_reader`: those readers combined by exclusive or, so that the only one left is what it says. */
    Way way;
    uint32_t taken;
    ScheduleValues waiting;           /* by node */
    ScheduleValues left, last_reader; /* by value */
    Array(int64_t) change;            /* by node */
    Array(Choice) heap;               /* four children each */
} Lister;

static uint32_t node_of(const Lister *l, uint32_t place) {
    return l->given ? l->given[place] : place;
}

static int64_t size_of(const Lister *l, uint32_t value) {
    return (int64_t)(l->graph->sizes[value] >> l->shift);
}

/* Whether a value, once it is there, stays to the end. */
static bool is_kept(const Lister *l, uint32_t value) {
    return l->graph->kinds[value] & SCHEDULE_VALUE_KEPT;
}

static uint32_t reader_count(const Lister *l, uint32_t value) {
    return l->first_reader.items[value + 1] - l->first_reader.items[value];
}

/* ---- the graph ---- */

static uint32_t find_shift(const ScheduleGraph *graph) {
    unsigned __int128 total = 0;
    uint32_t shift = 0;
    for (uint32_t value = 0; value < graph->value_count; value++) total += graph->sizes[value];
    for (uint32_t node = 0; graph->inner && node < graph->node_count; node++) total += graph->inner[node];
    while (total >> shift >> 62) shift++;
    return shift;
}

static void find_makers(Lister *l) {
    const ScheduleGraph *graph = l->graph;
    for (uint32_t value = 0; value < graph->value_count; value++) l->maker.items[value] = SCHEDULE_NONE;
    for (uint32_t place = 0; place < graph->node_count; place++) {
        uint32_t node = node_of(l, place);
        uint64_t effort = graph->inner ? graph->inner[node] >> l->shift : 0;
        for (uint32_t i = graph->first_output[node]; i < graph->first_output[node + 1]; i++) {
            l->maker.items[graph->outputs[i]] = place;
            effort += (uint64_t)size_of(l, graph->outputs[i]);
        }
        l->effort.items[place] = effort;
    }
}

/* `last_reader` serves as the node that read a value last; first_reader[v + 2] counts readers. */
static void find_reads(Lister *l) {
    const ScheduleGraph *graph = l->graph;
    uint32_t count = 0, *counts = l->first_reader.items + 2, *seen = l->last_reader.items;
    for (uint32_t value = 0; value < graph->value_count; value++) seen[value] = SCHEDULE_NONE;
    for (uint32_t place = 0; place < graph->node_count; place++) {
        uint32_t node = node_of(l, place);
        l->first_read.items[place] = count;
        for (uint32_t i = graph->first_input[node]; i < graph->first_input[node + 1]; i++) {
            uint32_t value = graph->inputs[i];
            bool lives =
                l->maker.items[value] != SCHEDULE_NONE || (graph->kinds[value] & SCHEDULE_VALUE_INPUT);
            if (!lives || seen[value] == place) continue;
            seen[value] = place;
            l->reads.items[count++] = value;
            counts[value]++;
        }
    }
    l->first_read.items[graph->node_count] = count;
}

/* first_reader[v + 1] goes from the first reader of v to the first of v + 1. */
static void find_readers(Lister *l) {
    uint32_t *first = l->first_reader.items;
    for (uint32_t value = 0; value < l->graph->value_count; value++) first[value + 2] += first[value + 1];
    for (uint32_t place = 0; place < l->graph->node_count; place++)
        for (uint32_t i = l->first_read.items[place]; i < l->first_read.items[place + 1]; i++)
            l->readers.items[first[l->reads.items[i] + 1]++] = place;
}

static bool reserve(Lister *l) {
    uint32_t nodes = l->graph->node_count, values = l->graph->value_count;
    uint32_t edges = l->graph->first_input[nodes];
    return array_reserve(&l->first_read, nodes + 1) && array_reserve(&l->reads, edges) &&
           array_reserve(&l->first_reader, (uint64_t)values + 2) && array_reserve(&l->readers, edges) &&
           array_reserve(&l->maker, values) && array_reserve(&l->effort, nodes) &&
           array_reserve(&l->waiting, nodes) && array_reserve(&l->left, values) &&
           array_reserve(&l->last_reader, values) && array_reserve(&l->change, nodes);
}

static bool lister_init(Lister *l) {
    if (!reserve(l)) return false;
    memset(l->first_reader.items, 0, ((size_t)l->graph->value_count + 2) * sizeof(uint32_t));
    l->shift = find_shift(l->graph);
    find_makers(l);
    find_reads(l);
    find_readers(l);
    return true;
}

static void lister_free(Lister *l) {
    array_free(&l->first_read);
    array_free(&l->reads);
    array_free(&l->first_reader);
    array_free(&l->readers);
    array_free(&l->maker);
    array_free(&l->effort);
    array_free(&l->waiting);
    array_free(&l->left);
    array_free(&l->last_reader);
    array_free(&l->change);
    array_free(&l->heap);
}

/* ---- the heap ---- */

static bool is_better(const Lister *l, const Choice *a, const Choice *b) {
    if (l->way == WAY_DEPTH_FIRST && a->age != b->age) return a->age > b->age;
    if (a->change != b->change) return a->change < b->change;
    if (a->effort != b->effort) return a->effort < b->effort;
    if (a->age != b->age) return a->age > b->age;
    return l->way == WAY_FORWARDS ? a->node < b->node : a->node > b->node;
}

static bool push(Lister *l, uint32_t node) {
    Choice choice = {l->change.items[node], l->effort.items[node], l->taken, node};
    if (!array_push(&l->heap, choice)) return false;
    Choice *heap = l->heap.items;
    uint32_t at = l->heap.count - 1;
    for (; at && is_better(l, &choice, &heap[(at - 1) / 4]); at = (at - 1) / 4) heap[at] = heap[(at - 1) / 4];
    heap[at] = choice;
    return true;
}

static uint64_t best_child(const Lister *l, uint64_t at) {
    uint64_t best = 4 * at + 1, end = best + 4 < l->heap.count ? best + 4 : l->heap.count;
    for (uint64_t child = best + 1; child < end; child++)
        if (is_better(l, &l->heap.items[child], &l->heap.items[best])) best = child;
    return best;
}

static Choice pop(Lister *l) {
    Choice *heap = l->heap.items, top = heap[0], moved = heap[--l->heap.count];
    uint64_t at = 0;
    while (4 * at + 1 < l->heap.count) {
        uint64_t child = best_child(l, at);
        if (!is_better(l, &heap[child], &moved)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
    return top;
}

/* ---- taking nodes ---- */

static bool change_falls(Lister *l, uint32_t node, uint32_t value) {
    l->change.items[node] -= size_of(l, value);
    return l->waiting.items[node] != 0 || push(l, node);
}

static bool wait_less(Lister *l, uint32_t node) {
    return --l->waiting.items[node] != 0 || push(l, node);
}

static bool take_forwards(Lister *l, uint32_t node) {
    const ScheduleGraph *graph = l->graph;
    bool done = true;
    for (uint32_t i = l->first_read.items[node]; i < l->first_read.items[node + 1]; i++) {
        uint32_t value = l->reads.items[i], *last = &l->last_reader.items[value];
        *last ^= node;
        if (--l->left.items[value] == 1 && !is_kept(l, value)) done = done && change_falls(l, *last, value);
    }
    uint32_t id = node_of(l, node);
    for (uint32_t i = graph->first_output[id]; i < graph->first_output[id + 1]; i++) {
        uint32_t value = graph->outputs[i];
        for (uint32_t k = l->first_reader.items[value]; k < l->first_reader.items[value + 1]; k++)
            done = done && wait_less(l, l->readers.items[k]);
    }
    return done;
}

static bool take_backwards(Lister *l, uint32_t node) {
    bool done = true;
    for (uint32_t i = l->first_read.items[node]; i < l->first_read.items[node + 1]; i++) {
        uint32_t value = l->reads.items[i], maker = l->maker.items[value];
        if (l->left.items[value])
            for (uint32_t k = l->first_reader.items[value]; k < l->first_reader.items[value + 1]; k++)
                done = done && change_falls(l, l->readers.items[k], value);
        l->left.items[value] = 0;
        if (maker != SCHEDULE_NONE) done = done && wait_less(l, maker);
    }
    return done;
}

/* ---- where a pass starts ---- */

static void start_value(Lister *l, uint32_t value) {
    uint32_t combined = 0, count = reader_count(l, value);
    for (uint32_t i = l->first_reader.items[value]; i < l->first_reader.items[value + 1]; i++)
        combined ^= l->readers.items[i];
    l->last_reader.items[value] = combined;
    l->left.items[value] = l->way == WAY_FORWARDS ? count : !is_kept(l, value) && count;
}

/* What a node reads, as far as taking it changes what is alive: forwards it ends, backwards it begins. */
static int64_t start_reads(const Lister *l, uint32_t node, uint32_t *makers) {
    int64_t bytes = 0;
    for (uint32_t i = l->first_read.items[node]; i < l->first_read.items[node + 1]; i++) {
        uint32_t value = l->reads.items[i];
        *makers += l->maker.items[value] != SCHEDULE_NONE;
        bool matters = l->way == WAY_FORWARDS ? l->left.items[value] == 1 : l->left.items[value];
        if (matters && !is_kept(l, value)) bytes += size_of(l, value);
    }
    return bytes;
}

/* What a node makes and is alive after it. */
static int64_t start_outputs(const Lister *l, uint32_t node, uint32_t *readers) {
    const ScheduleGraph *graph = l->graph;
    int64_t bytes = 0;
    uint32_t id = node_of(l, node);
    for (uint32_t i = graph->first_output[id]; i < graph->first_output[id + 1]; i++) {
        uint32_t value = graph->outputs[i], count = reader_count(l, value);
        *readers += count;
        if (count || is_kept(l, value)) bytes += size_of(l, value);
    }
    return bytes;
}

static void start_node(Lister *l, uint32_t node) {
    uint32_t makers = 0, readers = 0;
    int64_t read = start_reads(l, node, &makers), made = start_outputs(l, node, &readers);
    l->waiting.items[node] = l->way == WAY_FORWARDS ? makers : readers;
    l->change.items[node] = l->way == WAY_FORWARDS ? made - read : read - made;
}

static bool start(Lister *l, Way way) {
    uint32_t count = l->graph->node_count;
    l->way = way;
    l->taken = l->heap.count = 0;
    for (uint32_t value = 0; value < l->graph->value_count; value++) start_value(l, value);
    for (uint32_t node = 0; node < count; node++) start_node(l, node);
    bool done = true;
    for (uint32_t node = 0; done && node < count; node++) done = l->waiting.items[node] != 0 || push(l, node);
    return done;
}

/* ---- a pass ---- */

/* Lists the nodes; false when memory runs out. */
static bool list_nodes(Lister *l, Way way, uint32_t *order) {
    uint32_t count = l->graph->node_count;
    bool done = start(l, way);
    while (done && l->heap.count) {
        Choice choice = pop(l);
        uint32_t node = choice.node;
        if (l->waiting.items[node] != 0 || l->change.items[node] != choice.change) continue;
        l->waiting.items[node] = SCHEDULE_NONE;
        order[way == WAY_FORWARDS ? l->taken : count - 1 - l->taken] = node_of(l, node);
        l->taken++;
        done = way == WAY_FORWARDS ? take_forwards(l, node) : take_backwards(l, node);
    }
    return done;
}

/* Lists the nodes one way; that order is the better one when its peak is lower. */
static bool try_way(Lister *l, Way way, uint32_t *order, SchedulePeak *peak, Error *err) {
    ScheduleValues listed = {0};
    SchedulePeak found = {0};
    uint32_t count = l->graph->node_count;
    bool done = (array_reserve(&listed, count) && list_nodes(l, way, listed.items)) ||
                error_memory(err, "a schedule");
    done = done && schedule_run(l->graph, listed.items, NULL, &found, err);
    if (done && found.bytes < peak->bytes) {
        *peak = found;
        memcpy(order, listed.items, count * sizeof *order);
    }
    array_free(&listed);
    return done;
}

bool schedule_greedy(const ScheduleGraph *graph, const uint32_t *given, uint32_t *order, SchedulePeak *peak,
                     Error *err) {
    uint64_t bound;
    if (!schedule_run(graph, given, NULL, peak, err) || !schedule_lower_bound(graph, &bound, err))
        return false;
    for (uint32_t place = 0; place < graph->node_count; place++) order[place] = given ? given[place] : place;
    if (peak->bytes <= bound) return true;
    Lister lister = {.graph = graph, .given = given};
    bool done = lister_init(&lister) || error_memory(err, "a schedule");
    for (Way way = 0; done && way < WAY_COUNT && peak->bytes > bound; way++)
        done = try_way(&lister, way, order, peak, err);
    lister_free(&lister);
    return done;
}
