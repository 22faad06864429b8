/* Layers: the repeated parts of a model's graphs, and what is before, between and behind them.
 *
 * Each graph in which something repeats (chains.h) is split into parts, in the order of its sequence: the stem, layers, what is
 * between groups of layers, the head. A group is layers in a row that hand on the same type: where types change on the way, as
 * from stage to stage of a convolutional network, each stage is a group of its own, of one layer, too, where a chain has larger
 * ones. Groups of one chain have the same `chain`.
 *
 *     parts      graph by graph; every node of such a graph is in one part. Nodes that do not compute are in the part of those
 *                they serve; where they serve several, in the part of what they read.
 *     nodes      by part, in execution order
 *     part_of    by node; PART_NONE in graphs where nothing repeats
 *     entries    by graph: the node that enters it where there is only one, in one frame; ID_NONE else
 *     nested     what repeats inside of a group's second layer; of parallel units (experts, heads) none reads from another
 *
 * Names of nodes, values and functions have no say in any of it.
 *
 * A Layers owns all that is in it and borrows the View.
 */
#ifndef ONNXDOC_LAYERS_H
#define ONNXDOC_LAYERS_H

#include "match/chains.h"

#define PART_NONE UINT32_MAX

typedef enum PartKind { PART_STEM, PART_LAYER, PART_BETWEEN, PART_HEAD } PartKind;

typedef struct Part {
    PartKind kind;
    Id graph;
    uint32_t group;      /* of a layer */
    uint32_t number;     /* of a layer, in its graph, from 1 */
    uint32_t start, end; /* places in the graph's sequence */
    uint32_t first_node, node_count;
} Part;

typedef struct LayerGroup {
    Id graph;
    uint32_t chain;
    uint32_t first_part, count;
    uint32_t compute; /* nodes that compute, of the most frequent kind of layer */
    uint32_t first_nested, nested_count;
} LayerGroup;

typedef struct NestedRepeat {
    uint32_t count, compute; /* compute: nodes that compute, of one */
    uint32_t start, end;     /* places */
    bool is_parallel;
} NestedRepeat;

typedef struct Layers {
    const View *view;
    Array(Sequence) sequences; /* of graphs that have parts */
    Array(LayerGroup) groups;
    Array(Part) parts;
    Array(NestedRepeat) nested;
    IdArray nodes;
    uint32_t *part_of;
    Id *entries;
    CostSum *sums; /* by part, made when first asked for */
} Layers;

/* NULL and *err when memory runs out. */
Layers *layers_find(const View *view, Error *err);
void layers_free(Layers *self);

const Sequence *layers_sequence(const Layers *self, Id graph);
static inline IdSpan layers_nodes(const Layers *self, uint32_t part) {
    return (IdSpan){self->nodes.items + self->parts.items[part].first_node,
                    self->parts.items[part].node_count};
}

/* The first part of a graph, or of those behind it when it has none. */
uint32_t layers_first_part(const Layers *self, Id graph);

/* The part a node is in: its graph's own, or that of the node whose body or function it is in. */
uint32_t layers_part(const Layers *self, Id node);

/* Values that a part reads and does not make, constants left out, or that it makes and others read (graph outputs too),
 * each once. False when memory runs out. */
bool layers_values(const Layers *self, uint32_t part, bool is_output, IdArray *values);

/* What parts cost, with all that is inside of their nodes, and at the end what is in no part; made once, and owned by the
 * Layers. NULL with *err when memory runs out. */
const CostSum *layers_costs(Layers *self, Costs *costs, Error *err);

#endif
