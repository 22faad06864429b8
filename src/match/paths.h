/* Paths: the ways through a view from one place to another, as lists of nodes.
 *
 * What can reach the end is marked first, backwards, and what of it reads what listed; the walk forwards, depth first, then
 * meets no dead end. There can be exponentially many paths: a Paths holds the first so many. It owns its arrays.
 */
#ifndef ONNXDOC_PATHS_H
#define ONNXDOC_PATHS_H

#include "match/view.h"

/* Nodes of all paths together. */
#define PATHS_NODE_LIMIT 10000000u

typedef struct Paths {
    IdArray nodes;        /* path by path */
    Array(uint32_t) ends; /* behind the last node of each */
    bool has_more;
} Paths;

/* From a node, or from the nodes that read a value, to a node, or to the one that makes a value (the other of each pair is
 * ID_NONE). */
typedef struct PathsQuery {
    Id from_node, from_value;
    Id to_node, to_value;
    uint32_t limit; /* paths */
} PathsQuery;

/* Bodies of nodes are not entered. False when memory runs out; paths_free in any case. */
bool paths_find(const View *view, const PathsQuery *query, Paths *paths, Error *err);
void paths_free(Paths *paths);

#endif
