/* Sequence: the computing nodes of one graph in an order that follows from structure alone, so that equal parts of the graph
 * read alike: it depends on neither names nor the order of nodes in the file.
 *
 * Nodes come when what is made of them is wanted: from the deepest output back to the inputs, the deepest operand first. What is
 * made from inputs alone (keys of the past, a projection of the encoder's states) thereby stands where it is used, not where the
 * file has it. Two exceptions keep parts alike:
 *     global nodes   what is read again and again further down (masks, rotary tables, an encoder's states) comes before all
 *                    that reads it, so that the first reader looks like the others
 *     dead ends      what does not lead to the output at hand (present keys, further outputs) comes as soon as it can
 *
 * Edges are those of the canonical view, and of values that bodies of a node read from outside.
 *
 *     nodes     by place
 *     kinds     by place: the nodes' hashes; of calls, which family of functions they call
 *     places    by node - graph.first_node; PLACE_NONE for nodes that do not compute
 *     inputs    CSR by place: places of the nodes whose values a node reads, from first_input
 *     spans     by value that another node of the graph reads: from the place that makes it to the last one that reads it,
 *               ascending by `from`
 *
 * A Sequence owns its arrays and borrows the view.
 */
#ifndef ONNXDOC_SEQUENCE_H
#define ONNXDOC_SEQUENCE_H

#include "match/view.h"

#define PLACE_NONE UINT32_MAX

typedef struct Span {
    uint32_t from, to;
    Id value;
    bool is_global;
} Span;

/* A value of an outer graph that the bodies of a node read. */
typedef struct Captured {
    Id node; /* in the graph of the value */
    Id value;
} Captured;
typedef Array(Captured) CapturedArray;

typedef struct Sequence {
    const View *view;
    Id graph;
    uint32_t count;
    Id *nodes;
    uint64_t *kinds;
    uint32_t *places;
    uint32_t *first_input;
    uint32_t *inputs;
    Array(Span) spans;
} Sequence;

/* The node of `graph` that another graph is in, however deep; ID_NONE when it is in none. */
Id sequence_owner(const Model *model, Id graph, Id inner);

/* What bodies read from outside, of the whole model, by node. False when memory runs out. */
bool sequence_captures(const View *view, CapturedArray *captures);

/* False when memory runs out; the sequence is to be freed either way. */
bool sequence_make(const View *view, Id graph, const CapturedArray *captures, Sequence *sequence);
void sequence_free(Sequence *sequence);

/* The first span from `place` on; the number of spans when there is none. */
uint32_t sequence_first_span(const Sequence *sequence, uint32_t place);

#endif
