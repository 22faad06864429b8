#include "cost/schedule.h"

#include <inttypes.h>
#include <string.h>

typedef unsigned __int128 Total; /* 2^33 sizes below 2^64 add up to less than 2^97 */

static uint64_t saturate(Total bytes) {
    return bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
}

static uint32_t node_at(const uint32_t *order, uint32_t position) {
    return order ? order[position] : position;
}

static uint64_t inner_of(const ScheduleGraph *graph, uint32_t node) {
    return graph->inner ? graph->inner[node] : 0;
}

/* ---- when values live ---- */

/* The positions at which a value is made and needed for the last time. */
typedef struct Life {
    uint32_t first; /* 0 for a graph input */
    uint32_t last;  /* SCHEDULE_NONE: to the end */
} Life;

typedef Array(Life) Lives;

/* That every node is listed once. */
static bool check_order(const ScheduleGraph *graph, const uint32_t *order, Error *err) {
    Array(bool) seen = {0};
    uint32_t count = graph->node_count, position = 0;
    if (!order || !count) return true;
    if (!array_reserve(&seen, count)) return error_memory(err, "the check of an order");
    memset(seen.items, 0, count * sizeof *seen.items);
    while (position < count && order[position] < count && !seen.items[order[position]])
        seen.items[order[position++]] = true;
    array_free(&seen);
    if (position == count) return true;
    const char *why = order[position] < count ? "stands at an earlier one too" : "is not in the graph";
    return error_set(err, ERROR_MALFORMED, ERROR_NO_OFFSET,
                     "order: node %" PRIu32 " at position %" PRIu32 " of %" PRIu32 " %s", order[position],
                     position, count, why);
}

/* Notes what a node reads and makes. `last` is SCHEDULE_NONE until the first reader. */
static bool follow_node(const ScheduleGraph *graph, Life *lives, uint32_t node, uint32_t position,
                        Error *err) {
    for (uint32_t i = graph->first_input[node]; i < graph->first_input[node + 1]; i++)
        lives[graph->inputs[i]].last = position;
    for (uint32_t i = graph->first_output[node]; i < graph->first_output[node + 1]; i++) {
        Life *life = &lives[graph->outputs[i]];
        bool is_new = life->first == SCHEDULE_NONE;
        if (!is_new || life->last != SCHEDULE_NONE)
            return error_set(
                err, ERROR_MALFORMED, ERROR_NO_OFFSET,
                "order: node %" PRIu32 " at position %" PRIu32 " makes value %" PRIu32 ", which %s", node,
                position, graph->outputs[i], is_new ? "is read no later than that" : "is there already");
        life->first = position;
    }
    return true;
}

static void finish_life(Life *life, uint8_t kind) {
    if (life->first == SCHEDULE_NONE || (kind & SCHEDULE_VALUE_KEPT)) life->last = SCHEDULE_NONE;
    else if (life->last == SCHEDULE_NONE && !(kind & SCHEDULE_VALUE_INPUT)) life->last = life->first;
}

/* The caller frees `lives`, also when this fails. */
static bool find_lives(const ScheduleGraph *graph, const uint32_t *order, Lives *lives, Error *err) {
    if (!check_order(graph, order, err)) return false;
    if (!array_reserve(lives, graph->value_count)) return error_memory(err, "the lives of values");
    for (uint32_t value = 0; value < graph->value_count; value++) {
        bool is_input = graph->kinds[value] & SCHEDULE_VALUE_INPUT;
        lives->items[value] = (Life){is_input ? 0 : SCHEDULE_NONE, SCHEDULE_NONE};
    }
    for (uint32_t position = 0; position < graph->node_count; position++)
        if (!follow_node(graph, lives->items, node_at(order, position), position, err)) return false;
    for (uint32_t value = 0; value < graph->value_count; value++)
        finish_life(&lives->items[value], graph->kinds[value]);
    lives->count = graph->value_count;
    return true;
}

/* ---- one run ---- */

/* A run at some position: what is alive, and what has been seen so far. */
typedef struct Run {
    Total resident;
    uint64_t *timeline; /* or NULL */
    SchedulePeak *peak;
} Run;

static Run run_begin(uint64_t *timeline, SchedulePeak *peak) {
    *peak = (SchedulePeak){0, SCHEDULE_NONE};
    return (Run){0, timeline, peak};
}

static void run_measure(Run *run, uint32_t position, uint64_t inner) {
    uint64_t bytes = saturate(run->resident + inner);
    if (run->timeline) run->timeline[position] = bytes;
    if (position == 0 || bytes > run->peak->bytes) *run->peak = (SchedulePeak){bytes, position};
}

/* Whether a value is needed at `position` for the last time; true only once, since it is marked. */
static bool life_ends(Life *life, uint32_t position) {
    if (life->last != position) return false;
    life->last = SCHEDULE_NONE;
    return true;
}

bool schedule_run(const ScheduleGraph *graph, const uint32_t *order, uint64_t *timeline, SchedulePeak *peak,
                  Error *err) {
    Lives lives = {0};
    Run run = run_begin(timeline, peak);
    bool done = find_lives(graph, order, &lives, err);
    for (uint32_t value = 0; value < lives.count; value++)
        if (graph->kinds[value] & SCHEDULE_VALUE_INPUT) run.resident += graph->sizes[value];
    for (uint32_t position = 0; done && position < graph->node_count; position++) {
        uint32_t node = node_at(order, position);
        for (uint32_t i = graph->first_output[node]; i < graph->first_output[node + 1]; i++)
            run.resident += graph->sizes[graph->outputs[i]];
        run_measure(&run, position, inner_of(graph, node));
        for (uint32_t i = graph->first_input[node]; i < graph->first_input[node + 1]; i++)
            if (life_ends(&lives.items[graph->inputs[i]], position))
                run.resident -= graph->sizes[graph->inputs[i]];
        for (uint32_t i = graph->first_output[node]; i < graph->first_output[node + 1]; i++)
            if (life_ends(&lives.items[graph->outputs[i]], position))
                run.resident -= graph->sizes[graph->outputs[i]];
    }
    array_free(&lives);
    return done;
}

bool schedule_alive(const ScheduleGraph *graph, const uint32_t *order, uint32_t position,
                    ScheduleValues *alive, Error *err) {
    Lives lives = {0};
    bool done = find_lives(graph, order, &lives, err);
    for (uint32_t value = 0; done && position < graph->node_count && value < lives.count; value++) {
        Life life = lives.items[value];
        if (life.first == SCHEDULE_NONE || life.first > position || life.last < position) continue;
        done = array_push(alive, value) || error_memory(err, "the values alive at a position");
    }
    array_free(&lives);
    return done;
}

/* ---- lower bound ---- */

/* Adds the sizes of a node's values that `seen` does not have as seen at it, and marks them. */
static Total add_unseen(const ScheduleGraph *graph, const uint32_t *values, uint32_t count, uint32_t mark,
                        uint32_t *seen) {
    Total bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = values[i];
        if (seen[value] == SCHEDULE_NONE || seen[value] == mark) continue;
        seen[value] = mark;
        bytes += graph->sizes[value];
    }
    return bytes;
}

bool schedule_lower_bound(const ScheduleGraph *graph, uint64_t *bytes, Error *err) {
    ScheduleValues seen = {
        0}; /* by value: SCHEDULE_NONE when never alive, 0, or the last node seen at and 1 */
    if (!array_reserve(&seen, graph->value_count)) return error_memory(err, "the lower bound of memory");
    for (uint32_t value = 0; value < graph->value_count; value++)
        seen.items[value] = graph->kinds[value] & SCHEDULE_VALUE_INPUT ? 0 : SCHEDULE_NONE;
    for (uint32_t i = 0; graph->node_count && i < graph->first_output[graph->node_count]; i++)
        seen.items[graph->outputs[i]] = 0;
    Total most = 0;
    for (uint32_t node = 0; node < graph->node_count; node++) {
        uint32_t input = graph->first_input[node], output = graph->first_output[node];
        Total sum = inner_of(graph, node);
        sum += add_unseen(graph, graph->inputs + input, graph->first_input[node + 1] - input, node + 1,
                          seen.items);
        sum += add_unseen(graph, graph->outputs + output, graph->first_output[node + 1] - output, node + 1,
                          seen.items);
        if (sum > most) most = sum;
    }
    array_free(&seen);
    *bytes = saturate(most);
    return true;
}

/* ---- memory used again ---- */

typedef struct Block {
    uint64_t size;
    uint32_t value_count; /* that are alive in it; 0: it is given back */
} Block;

typedef struct Reuser {
    const ScheduleGraph *graph;
    const ScheduleReuse *reuse;
    Lives lives;
    ScheduleValues block_of; /* by value: the value whose block it is in; SCHEDULE_NONE: in no block */
    Array(Block) blocks;     /* by value */
    Run run;
} Reuser;

static void open_block(Reuser *r, uint32_t value) {
    r->blocks.items[value] = (Block){r->graph->sizes[value], 1};
    r->run.resident += r->graph->sizes[value];
}

static void place_view(Reuser *r, uint32_t value, uint32_t source) {
    uint32_t place = r->block_of.items[source];
    bool is_constant = r->lives.items[source].first == SCHEDULE_NONE || place == SCHEDULE_NONE;
    if (is_constant) {
        r->block_of.items[value] = SCHEDULE_NONE;
        return;
    }
    Block *block = &r->blocks.items[place];
    if (!block->value_count) {
        open_block(r, value);
        return;
    }
    r->block_of.items[value] = place;
    block->value_count++;
    if (r->graph->sizes[value] <= block->size) return;
    r->run.resident += r->graph->sizes[value] - block->size;
    block->size = r->graph->sizes[value];
}

/* Lets an output have its bytes out of the block of an input that dies; what is left of that goes with the
 * input. */
static bool take_over(Reuser *r, uint32_t node, uint32_t position, uint32_t value) {
    uint64_t size = r->graph->sizes[value];
    for (uint32_t i = r->graph->first_input[node]; i < r->graph->first_input[node + 1]; i++) {
        uint32_t input = r->graph->inputs[i], place = r->block_of.items[input];
        if (r->lives.items[input].last != position || place == SCHEDULE_NONE) continue;
        Block *block = &r->blocks.items[place];
        if (block->value_count != 1 || block->size < size) continue;
        block->size -= size;
        r->blocks.items[value] = (Block){size, 1};
        return true;
    }
    return false;
}

/* The first output comes last, when it is known which inputs have views that live on. */
static void place_outputs(Reuser *r, uint32_t node, uint32_t position) {
    const ScheduleReuse *reuse = r->reuse;
    uint32_t first = r->graph->first_output[node];
    for (uint32_t i = r->graph->first_output[node + 1]; i-- > first;) {
        uint32_t value = r->graph->outputs[i];
        uint32_t source = reuse->aliases ? reuse->aliases[value] : SCHEDULE_NONE;
        bool may_take = i == first && reuse->in_place && reuse->in_place[node];
        if (source != SCHEDULE_NONE) place_view(r, value, source);
        else if (!may_take || !take_over(r, node, position, value)) open_block(r, value);
    }
}

static void release(Reuser *r, const uint32_t *values, uint32_t count, uint32_t position) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = r->block_of.items[values[i]];
        if (!life_ends(&r->lives.items[values[i]], position) || place == SCHEDULE_NONE) continue;
        Block *block = &r->blocks.items[place];
        if (--block->value_count == 0) r->run.resident -= block->size;
    }
}

static bool reuser_init(Reuser *r, const uint32_t *order, Error *err) {
    uint32_t count = r->graph->value_count;
    if (!find_lives(r->graph, order, &r->lives, err)) return false;
    if (!array_reserve(&r->block_of, count) || !array_reserve(&r->blocks, count))
        return error_memory(err, "blocks of memory");
    if (count) memset(r->blocks.items, 0, count * sizeof(Block));
    for (uint32_t value = 0; value < count; value++) {
        r->block_of.items[value] = value;
        if (r->graph->kinds[value] & SCHEDULE_VALUE_INPUT) open_block(r, value);
    }
    return true;
}

bool schedule_reuse(const ScheduleGraph *graph, const uint32_t *order, const ScheduleReuse *reuse,
                    uint64_t *timeline, SchedulePeak *peak, Error *err) {
    Reuser r = {.graph = graph, .reuse = reuse, .run = run_begin(timeline, peak)};
    bool done = reuser_init(&r, order, err);
    for (uint32_t position = 0; done && position < graph->node_count; position++) {
        uint32_t node = node_at(order, position);
        uint32_t input = graph->first_input[node], output = graph->first_output[node];
        place_outputs(&r, node, position);
        run_measure(&r.run, position, inner_of(graph, node));
        release(&r, graph->inputs + input, graph->first_input[node + 1] - input, position);
        release(&r, graph->outputs + output, graph->first_output[node + 1] - output, position);
    }
    array_free(&r.lives);
    array_free(&r.block_of);
    array_free(&r.blocks);
    return done;
}
