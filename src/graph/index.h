/* NameIndex: finding nodes and values by name. Made when the first name is asked for; opening a model does
 * not pay for it. Borrows the Model. */
#ifndef ONNXDOC_INDEX_H
#define ONNXDOC_INDEX_H

#include "graph/model.h"

typedef struct NameIndex {
    const Model *model;
    Interner node_names;      /* symbol s of a node's name */
    IdArray first_node;       /* by symbol of node_names */
    IdArray next_node;        /* by node: the next with the same name */
    Array(bool) has_namesake; /* by node: another node of its graph has its name */
    IdArray first_value;      /* by symbol of the model */
    IdArray next_value;       /* by value */
} NameIndex;

bool index_init(NameIndex *index, const Model *model, Error *err);
void index_free(NameIndex *index);

/* The first node (value) in id order with a name and how many there are; ID_NONE and 0 when there is none. */
Id index_find_node(const NameIndex *index, Bytes name, uint32_t *count);
Id index_find_value(const NameIndex *index, Bytes name, uint32_t *count);

/* What a name stands for inside a graph: its own first value of that name, else that of the graphs around
 * it; ID_NONE when there is none. */
Id index_find_scoped(const NameIndex *index, Id graph, Bytes name);

#endif
