/* Schedules: hand-made graphs with known peaks, random graphs against a simulation that finds what is
 * alive anew at every step, and list schedules against the best of all orders. With an argument it prints
 * how good the list schedules are. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "cost/schedule.h"

/* ---- random numbers ---- */

static uint64_t state = 1;

static uint32_t random_below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state ^ state >> 29) >> 8) % limit;
}

/* ---- a graph in the making ---- */

enum { NODES = 9000, VALUES = 20000, EDGES = 60000 };

static uint32_t first_input[NODES + 1], inputs[EDGES], first_output[NODES + 1], outputs[VALUES];
static uint64_t sizes[VALUES], inner[NODES];
static uint8_t kinds[VALUES];
static ScheduleGraph graph;

static const uint32_t none[] = {SCHEDULE_NONE};
#define LIST(...) ((const uint32_t[]){__VA_ARGS__, SCHEDULE_NONE})

static void begin(void) {
    graph = (ScheduleGraph){0, 0, first_input, inputs, first_output, outputs, sizes, kinds, inner};
}

static uint32_t add_value(uint64_t size, int kind) {
    sizes[graph.value_count] = size;
    kinds[graph.value_count] = (uint8_t)kind;
    return graph.value_count++;
}

static uint32_t append(uint32_t *edges, uint32_t count, const uint32_t *list) {
    while (*list != SCHEDULE_NONE) edges[count++] = *list++;
    return count;
}

static void add_node(const uint32_t *reads, const uint32_t *makes) {
    uint32_t node = graph.node_count++;
    inner[node] = 0;
    first_input[node + 1] = append(inputs, first_input[node], reads);
    first_output[node + 1] = append(outputs, first_output[node], makes);
}

/* ---- what is alive, worked out anew each time ---- */

static bool reads(uint32_t node, uint32_t value) {
    for (uint32_t i = first_input[node]; i < first_input[node + 1]; i++)
        if (inputs[i] == value) return true;
    return false;
}

static bool makes(uint32_t node, uint32_t value) {
    for (uint32_t i = first_output[node]; i < first_output[node + 1]; i++)
        if (outputs[i] == value) return true;
    return false;
}

static bool is_alive(const uint32_t *order, uint32_t position, uint32_t value) {
    if (position >= graph.node_count) return kinds[value] & SCHEDULE_VALUE_KEPT;
    bool there = kinds[value] & SCHEDULE_VALUE_INPUT, is_read = false, is_read_later = false;
    for (uint32_t k = 0; k < position; k++) there = there || makes(order[k], value);
    if (makes(order[position], value)) return true;
    for (uint32_t k = 0; k < graph.node_count; k++) {
        is_read = is_read || reads(order[k], value);
        is_read_later = is_read_later || (k >= position && reads(order[k], value));
    }
    bool is_unread_input = (kinds[value] & SCHEDULE_VALUE_INPUT) && !is_read;
    return there && (is_read_later || is_unread_input || (kinds[value] & SCHEDULE_VALUE_KEPT));
}

static uint64_t bytes_alive(const uint32_t *order, uint32_t position) {
    uint64_t bytes = inner[order[position]];
    for (uint32_t value = 0; value < graph.value_count; value++)
        if (is_alive(order, position, value)) bytes += sizes[value];
    return bytes;
}

static uint64_t largest_node(void) {
    uint64_t most = 0;
    for (uint32_t node = 0; node < graph.node_count; node++) {
        uint64_t bytes = inner[node];
        for (uint32_t value = 0; value < graph.value_count; value++) {
            bool lives = kinds[value] & SCHEDULE_VALUE_INPUT;
            for (uint32_t maker = 0; maker < graph.node_count; maker++) lives = lives || makes(maker, value);
            if (lives && (reads(node, value) || makes(node, value))) bytes += sizes[value];
        }
        if (bytes > most) most = bytes;
    }
    return most;
}

/* ---- the same with memory used again ---- */

static uint32_t aliases[VALUES], block_of[VALUES];
static uint8_t in_place[NODES];

/* A block is as large as the largest value that has been put into it. */
static uint64_t block_size(const uint32_t *order, uint32_t position, uint32_t block, uint32_t *alive) {
    uint64_t size = 0;
    *alive = 0;
    for (uint32_t value = 0; value < graph.value_count; value++) {
        bool there = kinds[value] & SCHEDULE_VALUE_INPUT;
        for (uint32_t k = 0; k <= position; k++) there = there || makes(order[k], value);
        if (!there || block_of[value] != block) continue;
        if (sizes[value] > size) size = sizes[value];
        *alive += is_alive(order, position, value);
    }
    return size;
}

/* Whether the first output may be where one of the inputs is. */
static bool may_take_over(const uint32_t *order, uint32_t position) {
    uint32_t node = order[position], alive;
    if (!in_place[node] || first_output[node] == first_output[node + 1]) return false;
    uint32_t output = outputs[first_output[node]];
    if (aliases[output] != SCHEDULE_NONE) return false;
    for (uint32_t i = first_input[node]; i < first_input[node + 1]; i++) {
        uint32_t input = inputs[i];
        if (block_of[input] == SCHEDULE_NONE || !is_alive(order, position, input)) continue;
        bool stays = position + 1 < graph.node_count ? is_alive(order, position + 1, input)
                                                     : (kinds[input] & SCHEDULE_VALUE_KEPT);
        uint64_t size = block_size(order, position, block_of[input], &alive);
        if (!stays && alive == 1 && size >= sizes[output]) return true;
    }
    return false;
}

static uint64_t bytes_reused(const uint32_t *order, uint32_t position) {
    uint64_t bytes = inner[order[position]];
    uint32_t alive;
    for (uint32_t block = 0; block < graph.value_count; block++) {
        uint64_t size = block_size(order, position, block, &alive);
        if (alive) bytes += size;
    }
    return may_take_over(order, position) ? bytes - sizes[outputs[first_output[order[position]]]] : bytes;
}

/* Views of what their node reads: of a constant, in no block. */
static void random_reuse(void) {
    for (uint32_t value = 0; value < graph.value_count; value++) {
        aliases[value] = SCHEDULE_NONE;
        block_of[value] = value;
    }
    for (uint32_t node = 0; node < graph.node_count; node++) {
        in_place[node] = random_below(2) == 0;
        uint32_t count = first_input[node + 1] - first_input[node];
        for (uint32_t i = first_output[node]; count && i < first_output[node + 1]; i++) {
            if (random_below(3)) continue;
            uint32_t source = inputs[first_input[node] + random_below(count)], value = outputs[i];
            aliases[value] = source;
            block_of[value] = kinds[source] & 4 ? SCHEDULE_NONE : block_of[source];
            if (random_below(4)) sizes[value] = sizes[source];
        }
    }
}

/* ---- random graphs ---- */

/* Kind 4 is for the tests only: neither an input nor made by a node. */
static void random_values(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = random_below(8);
        add_value(random_below(100), kind == 0 ? 4 : kind == 1 ? 3 : SCHEDULE_VALUE_INPUT);
    }
}

static void random_graph(uint32_t node_count, uint32_t reach) {
    begin();
    random_values(random_below(4));
    uint32_t most_reads = 1 + random_below(4);
    for (uint32_t node = 0; node < node_count; node++) {
        uint32_t read[8], made[3], read_count = random_below(most_reads + 1), made_count = 0;
        uint32_t before = graph.value_count, near = before < reach ? before : reach;
        if (!before) read_count = 0;
        for (uint32_t i = 0; i < read_count; i++) read[i] = before - 1 - random_below(near);
        read[read_count] = SCHEDULE_NONE;
        uint32_t wanted = random_below(8) ? 1 : random_below(3);
        while (made_count < wanted)
            made[made_count++] = add_value(random_below(random_below(3) ? 100 : 10),
                                           random_below(8) ? 0 : SCHEDULE_VALUE_KEPT);
        made[made_count] = SCHEDULE_NONE;
        add_node(read, made);
        inner[node] = random_below(6) ? 0 : random_below(50);
    }
}

static bool is_ready(uint32_t node, const bool *has_run) {
    for (uint32_t maker = 0; maker < graph.node_count; maker++)
        for (uint32_t i = first_output[maker]; !has_run[maker] && i < first_output[maker + 1]; i++)
            if (reads(node, outputs[i])) return false;
    return true;
}

static void random_order(uint32_t *order) {
    bool has_run[64] = {false};
    for (uint32_t position = 0; position < graph.node_count;) {
        uint32_t node = random_below(graph.node_count);
        if (has_run[node] || !is_ready(node, has_run)) continue;
        has_run[node] = true;
        order[position++] = node;
    }
}

/* ---- hand-made ---- */

static Error err;

static uint64_t peak_at(const uint32_t *order, uint32_t position) {
    SchedulePeak peak = {0};
    CHECK(schedule_run(&graph, order, NULL, &peak, &err));
    CHECK(peak.position == position);
    return peak.bytes;
}

static uint64_t lower_bound(void) {
    uint64_t bytes = 0;
    CHECK(schedule_lower_bound(&graph, &bytes, &err));
    return bytes;
}

static uint64_t greedy_peak(void) {
    static uint32_t order[NODES];
    SchedulePeak peak = {0}, again = {0};
    CHECK(schedule_greedy(&graph, NULL, order, &peak, &err));
    CHECK(schedule_run(&graph, order, NULL, &again, &err));
    CHECK(peak.bytes == again.bytes && peak.position == again.position);
    return peak.bytes;
}

static void test_nothing(void) {
    SchedulePeak peak = {1, 1};
    ScheduleValues alive = {0};
    uint64_t bytes = 1;
    uint32_t order[1];
    ScheduleReuse reuse = {NULL, NULL};
    ScheduleGraph empty = {0};
    CHECK(schedule_run(&empty, NULL, NULL, &peak, &err) && peak.bytes == 0 && peak.position == SCHEDULE_NONE);
    CHECK(schedule_alive(&empty, NULL, 0, &alive, &err) && alive.count == 0);
    CHECK(schedule_lower_bound(&empty, &bytes, &err) && bytes == 0);
    CHECK(schedule_reuse(&empty, NULL, &reuse, NULL, &peak, &err) && peak.bytes == 0);
    CHECK(schedule_greedy(&empty, NULL, order, &peak, &err) && peak.bytes == 0);
    begin();
    add_value(5, SCHEDULE_VALUE_INPUT); /* values without nodes: nothing ever runs */
    CHECK(peak_at(NULL, SCHEDULE_NONE) == 0 && lower_bound() == 0 && greedy_peak() == 0);
    begin();
    add_node(none, none);
    CHECK(peak_at(NULL, 0) == 0);
    inner[0] = 7;
    CHECK(peak_at(NULL, 0) == 7 && lower_bound() == 7 && greedy_peak() == 7);
    graph.inner = NULL;
    CHECK(peak_at(NULL, 0) == 0 && lower_bound() == 0 && greedy_peak() == 0);
}

/* x -> a -> b -> y with bytes 10, 20, 30, 5. */
static void test_chain(void) {
    uint64_t timeline[3];
    SchedulePeak peak;
    begin();
    uint32_t x = add_value(10, SCHEDULE_VALUE_INPUT), a = add_value(20, 0), b = add_value(30, 0);
    uint32_t y = add_value(5, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(a, a), LIST(b)); /* twice is once */
    add_node(LIST(b), LIST(y));
    CHECK(schedule_run(&graph, NULL, timeline, &peak, &err) && peak.bytes == 50 && peak.position == 1);
    CHECK(timeline[0] == 30 && timeline[1] == 50 && timeline[2] == 35);
    CHECK(lower_bound() == 50 && greedy_peak() == 50);
    inner[2] = 15; /* the same again: the first peak stays */
    CHECK(peak_at(NULL, 1) == 50);
    inner[2] = 16;
    CHECK(peak_at(NULL, 2) == 51 && lower_bound() == 51);
}

static bool alive_is(uint32_t position, const uint32_t *list) {
    ScheduleValues alive = {0};
    bool same = schedule_alive(&graph, NULL, position, &alive, &err);
    for (uint32_t i = 0; i < alive.count; i++)
        same = same && *list != SCHEDULE_NONE && alive.items[i] == *list++;
    array_free(&alive);
    return same && *list == SCHEDULE_NONE;
}

/* Values of every kind: an input nobody reads, an output nobody reads, both kept, a constant. */
static void test_kinds(void) {
    begin();
    uint32_t x = add_value(1, SCHEDULE_VALUE_INPUT), idle = add_value(2, SCHEDULE_VALUE_INPUT);
    uint32_t through = add_value(4, SCHEDULE_VALUE_INPUT | SCHEDULE_VALUE_KEPT), constant = add_value(800, 0);
    uint32_t early = add_value(16, SCHEDULE_VALUE_KEPT), dead = add_value(32, 0), a = add_value(64, 0);
    add_node(LIST(x, through, constant), LIST(early, dead));
    add_node(LIST(early), LIST(a));
    add_node(LIST(a), none);
    add_node(none, none);
    CHECK(alive_is(0, LIST(x, idle, through, early, dead)));
    CHECK(alive_is(1, LIST(idle, through, early, a)));
    CHECK(alive_is(2, LIST(idle, through, early, a)));
    CHECK(alive_is(3, LIST(idle, through, early)));
    CHECK(alive_is(4, none));
    CHECK(peak_at(NULL, 1) == 2 + 4 + 16 + 64);
    CHECK(lower_bound() == 16 + 64);
}

/* Two branches of large middles and small ends: one after the other takes less. */
static void test_branches(void) {
    begin();
    uint32_t x = add_value(1, SCHEDULE_VALUE_INPUT), a = add_value(100, 0), b = add_value(100, 0);
    uint32_t c = add_value(1, 0), d = add_value(1, 0), y = add_value(1, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(x), LIST(b));
    add_node(LIST(a), LIST(c));
    add_node(LIST(b), LIST(d));
    add_node(LIST(c, d), LIST(y));
    CHECK(peak_at(NULL, 1) == 201);
    CHECK(peak_at((const uint32_t[]){0, 2, 1, 3, 4}, 1) == 102);
    CHECK(greedy_peak() == 102 && lower_bound() == 101);
    uint32_t order[5], given[] = {1, 0, 3, 2, 4};
    SchedulePeak peak;
    CHECK(schedule_greedy(&graph, given, order, &peak, &err) && peak.bytes == 102);
    for (uint32_t value = 0; value < graph.value_count; value++)
        sizes[value] <<= 57; /* 2^64 and more together */
    CHECK(greedy_peak() == (uint64_t)102 << 57);
}

static void check_bad(const uint32_t *order, const char *message) {
    SchedulePeak peak;
    ScheduleValues alive = {0};
    ScheduleReuse reuse = {NULL, NULL};
    uint32_t listed[8];
    err = (Error){0};
    CHECK(!schedule_run(&graph, order, NULL, &peak, &err) && err.code == ERROR_MALFORMED);
    CHECK(strcmp(err.message, message) == 0);
    CHECK(!schedule_alive(&graph, order, 0, &alive, &err) && alive.count == 0);
    CHECK(!schedule_reuse(&graph, order, &reuse, NULL, &peak, &err));
    CHECK(!schedule_greedy(&graph, order, listed, &peak, &err));
}

static void test_bad_orders(void) {
    begin();
    uint32_t a = add_value(1, 0), b = add_value(1, 0);
    add_node(none, LIST(a));
    add_node(LIST(a), LIST(b));
    check_bad((const uint32_t[]){0, 0}, "order: node 0 at position 1 of 2 stands at an earlier one too");
    check_bad((const uint32_t[]){0, 2}, "order: node 2 at position 1 of 2 is not in the graph");
    check_bad((const uint32_t[]){1, 0},
              "order: node 0 at position 1 makes value 0, which is read no later than that");
    add_node(none, LIST(b));
    check_bad(NULL, "order: node 2 at position 2 makes value 1, which is there already");
    begin();
    a = add_value(1, 0);
    add_node(LIST(a), LIST(a));
    check_bad(NULL, "order: node 0 at position 0 makes value 0, which is read no later than that");
}

/* Sums past 2^64 - 1 stay there while they are, and are exact again afterwards. */
static void test_saturation(void) {
    uint64_t timeline[3], huge = UINT64_MAX - 1;
    SchedulePeak peak;
    begin();
    uint32_t x = add_value(huge, SCHEDULE_VALUE_INPUT), a = add_value(huge, 0),
             b = add_value(7, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(a), LIST(b));
    add_node(LIST(b), none);
    inner[2] = 3;
    CHECK(schedule_run(&graph, NULL, timeline, &peak, &err) && peak.bytes == UINT64_MAX &&
          peak.position == 0);
    CHECK(timeline[0] == UINT64_MAX && timeline[1] == UINT64_MAX && timeline[2] == 10);
    CHECK(lower_bound() == UINT64_MAX && greedy_peak() == UINT64_MAX);
    inner[0] = inner[2] = UINT64_MAX;
    CHECK(schedule_run(&graph, NULL, timeline, &peak, &err) && timeline[2] == UINT64_MAX);
}

/* ---- memory used again, hand-made ---- */

static uint64_t reuse_peak(uint64_t *timeline) {
    SchedulePeak peak = {0};
    ScheduleReuse reuse = {aliases, in_place};
    CHECK(schedule_reuse(&graph, NULL, &reuse, timeline, &peak, &err));
    return peak.bytes;
}

static void begin_reuse(void) {
    begin();
    memset(aliases, 0xff, sizeof aliases);
    memset(in_place, 0, sizeof in_place);
}

/* A chain of equal sizes is one block, in place or as views. */
static void test_one_block(void) {
    uint64_t timeline[3];
    begin_reuse();
    uint32_t x = add_value(10, SCHEDULE_VALUE_INPUT), a = add_value(10, 0), b = add_value(10, 0);
    uint32_t y = add_value(10, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(a), LIST(b));
    add_node(LIST(b), LIST(y));
    CHECK(reuse_peak(timeline) == 20 && timeline[2] == 20);
    memset(in_place, 1, 3);
    CHECK(reuse_peak(timeline) == 10 && timeline[0] == 10 && timeline[2] == 10);
    memset(in_place, 0, 3);
    aliases[a] = x, aliases[b] = a, aliases[y] = b;
    CHECK(reuse_peak(timeline) == 10 && timeline[0] == 10 && timeline[2] == 10);
    SchedulePeak peak;
    ScheduleReuse nothing = {NULL, NULL};
    CHECK(schedule_reuse(&graph, NULL, &nothing, NULL, &peak, &err) && peak.bytes == 20);
}

/* What keeps an output from taking over its input: a later reader, being kept, a view that lives on, size. */
static void test_in_place_refused(void) {
    begin_reuse();
    uint32_t x = add_value(10, SCHEDULE_VALUE_INPUT), a = add_value(10, 0),
             y = add_value(10, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(a, x), LIST(y));
    in_place[0] = 1;
    CHECK(reuse_peak(NULL) == 30);
    in_place[1] = 1;
    CHECK(reuse_peak(NULL) == 20);
    kinds[a] = SCHEDULE_VALUE_KEPT;
    kinds[x] |= SCHEDULE_VALUE_KEPT;
    CHECK(reuse_peak(NULL) == 30);
    kinds[a] = 0;
    CHECK(reuse_peak(NULL) == 20);
    sizes[y] = 11;
    CHECK(reuse_peak(NULL) == 31);
    sizes[y] = 10;
    aliases[a] = x; /* y may not be where a is: x lives there too */
    CHECK(reuse_peak(NULL) == 20);
}

/* A smaller output gives the rest back; a view of a constant takes nothing; a small view holds its whole
 * block. */
static void test_parts(void) {
    uint64_t timeline[3];
    begin_reuse();
    uint32_t x = add_value(100, SCHEDULE_VALUE_INPUT), a = add_value(30, 0), b = add_value(1, 0);
    uint32_t constant = add_value(50, 0), view = add_value(50, SCHEDULE_VALUE_KEPT);
    add_node(LIST(x), LIST(a));
    add_node(LIST(constant), LIST(view));
    add_node(LIST(a), LIST(b));
    aliases[view] = constant;
    in_place[0] = 1;
    CHECK(reuse_peak(timeline) == 100 && timeline[1] == 30 && timeline[2] == 31);
    in_place[0] = 0;
    aliases[a] = x;
    CHECK(reuse_peak(timeline) == 101 && timeline[0] == 100 && timeline[1] == 100);
}

/* ---- random graphs against the simulation ---- */

static void compare_alive(const uint32_t *order, uint32_t position) {
    ScheduleValues alive = {0};
    bool same = schedule_alive(&graph, order, position, &alive, &err);
    uint32_t next = 0;
    for (uint32_t value = 0; value < graph.value_count; value++)
        if (is_alive(order, position, value))
            same = same && next < alive.count && alive.items[next++] == value;
    CHECK(same && next == alive.count);
    array_free(&alive);
}

static void compare_run(const uint32_t *order) {
    uint64_t timeline[64], most = 0;
    uint32_t position = SCHEDULE_NONE, listed[64];
    SchedulePeak peak = {0}, found = {0};
    bool same = schedule_run(&graph, order, timeline, &peak, &err);
    for (uint32_t k = 0; k < graph.node_count; k++) {
        uint64_t bytes = bytes_alive(order, k);
        same = same && timeline[k] == bytes;
        if (k && bytes <= most) continue;
        most = bytes;
        position = k;
    }
    CHECK(same && peak.bytes == most && peak.position == position);
    CHECK(lower_bound() == largest_node() && lower_bound() <= peak.bytes);
    CHECK(schedule_greedy(&graph, order, listed, &found, &err) && found.bytes <= most);
    CHECK(found.bytes >= lower_bound());
}

static void compare_reuse(const uint32_t *order) {
    uint64_t timeline[64], most = 0;
    SchedulePeak peak = {0};
    ScheduleReuse reuse = {aliases, in_place};
    bool same = schedule_reuse(&graph, order, &reuse, timeline, &peak, &err);
    for (uint32_t k = 0; k < graph.node_count; k++) {
        uint64_t bytes = bytes_reused(order, k);
        same = same && timeline[k] == bytes;
        if (bytes > most) most = bytes;
    }
    CHECK(same && peak.bytes == most);
}

static void test_random(void) {
    uint32_t order[64];
    for (uint32_t i = 0; i < 2000; i++) {
        random_graph(1 + random_below(16), i % 2 ? 4 : 100);
        random_order(order);
        compare_run(order);
        compare_alive(order, random_below(graph.node_count));
        random_reuse();
        compare_reuse(order);
    }
}

/* Views as large as what they show: memory used again is never more. */
static void test_reuse_saves(void) {
    for (uint32_t i = 0; i < 500; i++) {
        random_graph(1 + random_below(60), i % 2 ? 6 : 1000);
        random_reuse();
        for (uint32_t k = 0; k < graph.value_count; k++)
            if (aliases[k] != SCHEDULE_NONE) sizes[k] = sizes[aliases[k]];
        SchedulePeak peak = {0};
        CHECK(schedule_run(&graph, NULL, NULL, &peak, &err) && reuse_peak(NULL) <= peak.bytes);
    }
}

/* ---- list schedules against the best of all orders ---- */

enum { SMALL = 12 };

static uint32_t makers_of[SMALL], readers_of[VALUES]; /* sets of nodes, as bits */
static uint32_t maker_of[VALUES];

static void find_sets(void) {
    memset(makers_of, 0, sizeof makers_of);
    memset(readers_of, 0, sizeof readers_of);
    memset(maker_of, 0xff, sizeof maker_of);
    for (uint32_t node = 0; node < graph.node_count; node++)
        for (uint32_t i = first_output[node]; i < first_output[node + 1]; i++) maker_of[outputs[i]] = node;
    for (uint32_t node = 0; node < graph.node_count; node++)
        for (uint32_t i = first_input[node]; i < first_input[node + 1]; i++) {
            readers_of[inputs[i]] |= 1u << node;
            if (maker_of[inputs[i]] != SCHEDULE_NONE) makers_of[node] |= 1u << maker_of[inputs[i]];
        }
}

/* Bytes alive when the nodes of a set have run and none is running. */
static uint64_t bytes_between(uint32_t set) {
    uint64_t bytes = 0;
    for (uint32_t value = 0; value < graph.value_count; value++) {
        bool is_input = kinds[value] & SCHEDULE_VALUE_INPUT;
        if (!is_input && (maker_of[value] == SCHEDULE_NONE || !(set >> maker_of[value] & 1))) continue;
        bool is_idle = is_input && !readers_of[value];
        if (is_idle || (kinds[value] & SCHEDULE_VALUE_KEPT) || (readers_of[value] & ~set))
            bytes += sizes[value];
    }
    return bytes;
}

static uint64_t bytes_made(uint32_t node) {
    uint64_t bytes = inner[node];
    for (uint32_t i = first_output[node]; i < first_output[node + 1]; i++) bytes += sizes[outputs[i]];
    return bytes;
}

/* The least peak: for every set of nodes that can have run, the least with which it can be reached. */
static uint64_t best_peak(void) {
    static uint64_t best[1 << SMALL];
    uint32_t full = (1u << graph.node_count) - 1;
    find_sets();
    memset(best, 0xff, sizeof best);
    best[0] = 0;
    for (uint32_t set = 0; set < full; set++) {
        if (best[set] == UINT64_MAX) continue;
        uint64_t between = bytes_between(set);
        for (uint32_t node = 0; node < graph.node_count; node++) {
            if ((set >> node & 1) || (makers_of[node] & ~set)) continue;
            uint64_t peak = between + bytes_made(node), *next = &best[set | 1u << node];
            if (peak < best[set]) peak = best[set];
            if (peak < *next) *next = peak;
        }
    }
    return best[full];
}

/* How list schedules compare with the best orders of some random graphs. */
typedef struct Quality {
    uint32_t graphs, close, exact; /* close: at most 1.5 times as much */
    double worst;
} Quality;

static Quality measure(uint32_t least_nodes, uint32_t reach) {
    Quality q = {.worst = 1};
    for (; q.graphs < 2000; q.graphs++) {
        random_graph(least_nodes + random_below(SMALL + 1 - least_nodes), reach);
        uint64_t best = best_peak(), found = greedy_peak();
        CHECK(found >= best);
        q.close += 2 * found <= 3 * best;
        q.exact += found == best;
        if (best && (double)found / (double)best > q.worst) q.worst = (double)found / (double)best;
    }
    return q;
}

static void test_quality(bool is_shown) {
    static const uint32_t kinds_of_graphs[][2] = {{1, 100}, {1, 4}, {SMALL, 100}, {SMALL, 5}};
    for (uint32_t i = 0; i < 4; i++) {
        Quality q = measure(kinds_of_graphs[i][0], kinds_of_graphs[i][1]);
        CHECK(q.close * 100 >= q.graphs * 95);
        CHECK(q.exact * 100 >= q.graphs * 45);
        if (is_shown)
            printf("%u to %u nodes reading up to %u back: %.2f %% within 1.5 x, %.2f %% the best, worst %.2f "
                   "x\n",
                   kinds_of_graphs[i][0], (uint32_t)SMALL, kinds_of_graphs[i][1], 100. * q.close / q.graphs,
                   100. * q.exact / q.graphs, q.worst);
    }
}

/* ---- larger graphs ---- */

static void test_never_worse(void) {
    static uint32_t given[NODES], order[NODES];
    for (uint32_t i = 0; i < 100; i++) {
        SchedulePeak before = {0}, middle = {0}, after = {0};
        random_graph(100 + random_below(1000), i % 2 ? 20 : 10000);
        CHECK(schedule_run(&graph, NULL, NULL, &before, &err));
        CHECK(schedule_greedy(&graph, NULL, given, &middle, &err) && middle.bytes <= before.bytes);
        CHECK(schedule_greedy(&graph, given, order, &after, &err) && after.bytes <= middle.bytes);
        CHECK(schedule_run(&graph, order, NULL, &before, &err) && before.bytes == after.bytes);
    }
}

/* All leaves are ready at once and feed a tree of sums, leaf i with leaf i + half: a tree of 2^d leaves
 * can be done with d + 2 values alive. */
static void test_wide(void) {
    const uint32_t leaves = 4096, depth = 12;
    begin();
    for (uint32_t i = 0; i < 2 * leaves - 1; i++) add_value(8, i == 2 * leaves - 2 ? SCHEDULE_VALUE_KEPT : 0);
    for (uint32_t i = 0; i < leaves; i++) add_node(none, LIST(i));
    uint32_t first = 0, made = leaves;
    for (uint32_t count = leaves; count > 1; count /= 2) {
        for (uint32_t i = 0; i < count / 2; i++)
            add_node(LIST(first + i, first + count / 2 + i), LIST(made + i));
        first = made;
        made += count / 2;
    }
    CHECK(peak_at(NULL, leaves) == 8 * (leaves + 1));
    CHECK(greedy_peak() == 8 * (depth + 2));
}

int main(int count, char **arguments) {
    (void)arguments;
    test_nothing();
    test_chain();
    test_kinds();
    test_branches();
    test_bad_orders();
    test_saturation();
    test_one_block();
    test_in_place_refused();
    test_parts();
    test_random();
    test_reuse_saves();
    test_quality(count > 1);
    test_never_worse();
    test_wide();
    return check_report();
}
