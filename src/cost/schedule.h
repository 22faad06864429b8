/* Schedules: how much memory an order of execution takes, on plain numbers.
 *
 * A ScheduleGraph says which node reads and makes which values and how large those are. Its arrays are
 * borrowed for the time of a call. What is not counted (constants, absent inputs) is left out of it; a
 * value that is neither a graph input nor made by a node is never alive.
 *
 * Nodes run one after another. While a node runs, alive are
 *     graph inputs that it or a later node reads; one that nobody reads is alive the whole time
 *     outputs of earlier nodes that it or a later node reads
 *     its own outputs, also those that nobody reads
 *     what is kept, from when it is made (a graph input: from the start) to the end
 *     its inner bytes: what exists only while it runs, such as the largest body of an If
 * and the peak is the most bytes that are ever alive. Nothing is said of fragments and alignment.
 *
 * An order lists the nodes, each once, behind those whose values it reads; NULL stands for 0, 1, 2, …
 * Functions that can fail do so when memory runs out (ERROR_MEMORY) or the order is none
 * (ERROR_MALFORMED). Bytes beyond 2^64 - 1 are given as UINT64_MAX; sums inside are exact.
 */
#ifndef ONNXDOC_SCHEDULE_H
#define ONNXDOC_SCHEDULE_H

#include "base/array.h"
#include "base/error.h"

#define SCHEDULE_NONE UINT32_MAX

/* What a value can be besides something that a node makes. */
enum {
    SCHEDULE_VALUE_INPUT = 1, /* a graph input: there from the start, made by no node */
    SCHEDULE_VALUE_KEPT = 2,  /* a graph output: stays to the end */
};

typedef struct ScheduleGraph {
    uint32_t node_count, value_count;
    /* Node i reads inputs[first_input[i] .. first_input[i + 1]); a value may stand there twice. Outputs
     * likewise; a value is the output of one node, once. */
    const uint32_t *first_input, *inputs;
    const uint32_t *first_output, *outputs;
    const uint64_t *sizes; /* bytes, by value */
    const uint8_t *kinds;  /* SCHEDULE_VALUE_*, by value */
    const uint64_t *inner; /* bytes, by node; NULL: none */
} ScheduleGraph;

typedef struct SchedulePeak {
    uint64_t bytes;
    uint32_t position; /* the first one at which it is reached; SCHEDULE_NONE without nodes */
} SchedulePeak;

typedef Array(uint32_t) ScheduleValues;

/* The peak of an order, in linear time. `timeline`, or NULL, gets the bytes alive at each position. */
bool schedule_run(const ScheduleGraph *graph, const uint32_t *order, uint64_t *timeline, SchedulePeak *peak,
                  Error *err);

/* Appends the values alive at a position, by id. Their sizes and the node's inner bytes are what the
 * timeline says. */
bool schedule_alive(const ScheduleGraph *graph, const uint32_t *order, uint32_t position,
                    ScheduleValues *alive, Error *err);

/* The largest sum of one node's inputs, outputs and inner bytes: no order can need less. */
bool schedule_lower_bound(const ScheduleGraph *graph, uint64_t *bytes, Error *err);

/* Which memory could be used again.
 *
 * Every value is in a block. Views share the block of what they are views of: a chain of views is one block,
 * as large as the largest of them, alive as long as any of them is. An output that takes over the block of an
 * input has its bytes out of that one; what is left of it is given back after the node. All else has a block
 * of its own. The bytes at a position are those of all blocks alive and the node's inner bytes; blocks do not
 * move and holes between them are not counted.
 */
typedef struct ScheduleReuse {
    /* By value: the value it is a view of, an input of the node that makes it; SCHEDULE_NONE: it is no
     * view. A view of a value that is never alive (a constant) takes no memory; one of a value that is
     * gone has a block of its own. NULL: no views. */
    const uint32_t *aliases;
    /* By node: 1 when its first output may take over the block of an input, namely of the first one that
     * no later node reads, that is not kept, whose block holds no other value still alive, and whose block
     * is at least as large as the output. A graph input is as good as any other: what it holds is lost
     * after its last reader. NULL: no node may. */
    const uint8_t *in_place;
} ScheduleReuse;

/* schedule_run with memory used again. Never more than schedule_run says where views are as large as what
 * they show. */
bool schedule_reuse(const ScheduleGraph *graph, const uint32_t *order, const ScheduleReuse *reuse,
                    uint64_t *timeline, SchedulePeak *peak, Error *err);

/* An order with a low peak: the best of the given one (which may be NULL) and of list schedules from the
 * inputs forwards and from the outputs backwards. `order` has room for all nodes and is not `given`. Takes
 * O(n log n) for n nodes and edges. */
bool schedule_greedy(const ScheduleGraph *graph, const uint32_t *given, uint32_t *order, SchedulePeak *peak,
                     Error *err);

#endif
