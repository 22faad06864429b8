/* Structural hashes: what a node does, without names. Equal hashes stand for equal structure; they hold within one run of
 * the program and across runs (fingerprints rest on them), but not across versions of this file.
 *
 *     kind       operator, how many inputs and outputs, which of them are left out, which are constant
 *     exact      the kind, attributes (tensors by type and contents hash left out: by dtype and shape), dtypes and shapes of
 *                constant inputs, contents of constant scalars
 *
 * Neighbourhoods: view_hash_around(node, radius) mixes the hashes of the nodes up to so many edges away, by direction and by
 * input position (any order where operands commute).
 */
#ifndef ONNXDOC_STRUCTURE_HASH_H
#define ONNXDOC_STRUCTURE_HASH_H

#include "match/view.h"

/* Operands may change places: Add, Mul, And, Equal, Max, ... of ai.onnx. */
bool view_is_commutative(const View *view, Id node);

uint64_t view_hash_kind(const View *view, Id node);
uint64_t view_hash_exact(const View *view, Id node);

/* By node: kinds (exact = false) or exact hashes of all nodes; `hashes` has room for the model's nodes. */
void view_hash_all(const View *view, bool exact, uint64_t *hashes);

/* One round of mixing in what is next to each node: next[node] from hashes of node, of the nodes its inputs come from, and
 * (with_users) of the nodes that use its outputs. After r rounds a hash stands for all up to r edges away. */
void view_hash_spread(const View *view, bool with_users, const uint64_t *hashes, uint64_t *next);

#endif
