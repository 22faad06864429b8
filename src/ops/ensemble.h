/* Ensembles of trees: how deep they are. A tree ensemble keeps its nodes as attributes, lists that may be longer than what
 * a Model keeps in memory; they are read from the file then, once for each ensemble.
 *
 * 1. TreeEnsembleClassifier, -Regressor: node i is node nodes_nodeids[i] of tree nodes_treeids[i]; its children are nodes
 *    nodes_truenodeids[i] and nodes_falsenodeids[i] of that tree, unless nodes_modes[i] is "LEAF". What is nobody's child is
 *    a root.
 * 2. TreeEnsemble: roots are tree_roots; a child is a leaf where nodes_trueleafs[i] (nodes_falseleafs[i]) says so, else the
 *    node at that position.
 *
 * Nothing is taken on trust: lists of different lengths, children that are not there, and nodes with two parents (of which
 * cycles are a case) are gaps.
 */
#ifndef ONNXDOC_ENSEMBLE_H
#define ONNXDOC_ENSEMBLE_H

#include "ops/op.h"

/* Nodes of one ensemble: what is kept of each while they are walked takes up to 80 bytes. */
#define ENSEMBLE_NODE_LIMIT ((uint32_t)1 << 22)

/* Steps from a root to a leaf: to the deepest one, and to the mean one, of all trees together. */
typedef struct EnsembleDepths {
    const char *gap; /* why they are not known, else NULL */
    uint32_t trees;
    uint64_t deepest;
    double mean;
} EnsembleDepths;

/* Of a node's ensemble, kept for the next time. */
EnsembleDepths ensemble_depths(Op *op);

#endif
