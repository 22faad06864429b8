/* Costs: what running a model takes, node by node, and in sums.
 *
 * Made over a Shapes, which it borrows; formulas are of the Shapes' Algebra. Every node of every frame has a Cost of its own
 * (ops/cost.h), without what its bodies cost. Equal costs are kept once: a CostId stands for one, and a graph of a million
 * nodes has some dozen, so that a sum over nodes is one over a few products.
 *
 *     nodes     CostId, frame by frame: nodes[frames[f].first_node + (node - graph.first_node)]. The first frame of a graph has
 *               its nodes' costs at their own ids.
 *     frames    beside Shapes.frames. `weight` says how often the frame runs in one run of the model: the product of the trip
 *               counts around it; 0 for the branch of an If that costs less than the other one, and for a body whose trip
 *               count has no formula. `total` is the sum of the frame's nodes with all that is inside of them.
 *     flags     by fact: which values are constant, which follow from shapes (VALUE_IS_CONSTANT, VALUE_IS_SHAPE)
 *
 * An If costs what its larger branch does. Where none is larger for all symbols and in all metrics, the If itself has
 * the maximum of each metric, and both branches have weight 0.
 */
#ifndef ONNXDOC_COSTS_H
#define ONNXDOC_COSTS_H

#include "ops/cost.h"
#include "ops/infer.h"

typedef uint32_t CostId; /* 0: nothing is known */

typedef struct CostFrame {
    uint32_t first_node;
    bool is_counted;
    Expr weight;
    CostId total;
} CostFrame;

/* A node whose cost is not known, and why. */
typedef struct CostGap {
    uint32_t frame;
    Id node;
    Text reason; /* in Shapes.text */
} CostGap;

typedef struct Costs {
    Shapes *shapes;
    Interner table; /* Costs as bytes -> CostId */
    Array(CostId) nodes;
    Array(CostFrame) frames;
    uint8_t *flags;
    uint32_t flag_count;
    Array(CostGap) gaps;
    bool out_of_memory;
} Costs;

/* The hook's context is needed until this returns. NULL and *err when memory runs out. */
Costs *costs_count(Shapes *shapes, const CostHook *hook, Error *err);
void costs_free(Costs *costs);

/* The cost of a node by itself in a frame; with what is inside of it, each turn of a loop counted. A view. */
const Cost *costs_of_node(const Costs *costs, uint32_t frame, Id node);
void costs_with_inside(const Costs *costs, uint32_t frame, Id node, Cost *cost);
static inline const Cost *costs_get(const Costs *costs, CostId id) {
    return (const Cost *)(const void *)interner_name(&costs->table, id).data;
}
/* The frames of a node's subgraphs and of the function it calls; gives how many. */
#define COST_CHILDREN 4
uint32_t costs_children(const Costs *costs, uint32_t frame, Id node, uint32_t frames[COST_CHILDREN]);
/* What a frame costs each time it runs. */
const Cost *costs_of_frame(const Costs *costs, uint32_t frame);

/* The cost of a node by itself, worked out once more, with notes of how it comes about. The caller frees notes->items.
 * False when memory runs out. */
bool costs_explain(Costs *costs, uint32_t frame, Id node, const CostHook *hook, Cost *cost, CostNotes *notes);

static inline uint8_t costs_value_flags(const Costs *costs, uint32_t frame, Id value) {
    uint32_t at = infer_fact_index(costs->shapes->infer, frame, value);
    return at < costs->flag_count ? costs->flags[at] : 0;
}

/* Nodes, each once for every frame it is in, without those whose frame has weight 0 (training graphs, branches that do not
 * count: as in sums); and how many of them have outputs whose shapes are known (no dimension that should follow and does
 * not). False when memory runs out. */
bool costs_shape_coverage(const Costs *costs, uint64_t *nodes, uint64_t *known);

/* ---- sums ---- */

/* MACs of one dtype. */
typedef struct DtypeMacs {
    uint8_t dtype;
    Expr macs;
} DtypeMacs;

typedef struct CostSum {
    Expr metrics[COST_METRIC_COUNT]; /* over what is known; EXPR_UNKNOWN when the sum itself is past 2^127 */
    DtypeMacs by_dtype[DTYPE_COUNT];
    uint32_t dtype_count;
    uint64_t nodes;   /* each once for every frame it is in, unless that frame's weight is 0 */
    uint64_t unknown; /* of them: no MACs, elementwise or transcendentals */
    uint64_t unknown_bytes;
    uint64_t constant, shape, views, not_numeric;
    bool is_upper, is_estimate; /* some node's bound is no exact one */
} CostSum;

/* Sums by group: `groups` has one for each node of the model (COST_GROUP_NONE: none; COST_GROUP_ENTERING: that of the node
 * whose body or function it is in, each time it is entered), or is NULL for a single one. Bodies count as often as they run.
 * False with *err when memory runs out. */
#define COST_GROUP_NONE     UINT32_MAX
#define COST_GROUP_ENTERING (UINT32_MAX - 1)
bool costs_sum(Costs *costs, const uint32_t *groups, uint32_t group_count, CostSum *sums, Error *err);

#endif
