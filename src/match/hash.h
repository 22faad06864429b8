/* Structural hashes: what a node does, without names. Equal hashes stand for equal structure; they hold within one run of
 * the program and across runs (fingerprints rest on them), but not across versions of this file.
 *
 *     kind       operator, how many inputs and outputs, which of them are left out, which are constant
 *     exact      the kind, attributes (tensors by type and contents hash left out: by dtype and shape), dtypes and shapes of
 *                constant inputs, contents of constant scalars
 *
 * Neighbourhoods: each round of view_hash_spread mixes in the hashes of the nodes one edge further away, by direction and by
 * input position (any order where operands commute).
 */
#ifndef ONNXDOC_STRUCTURE_HASH_H
#define ONNXDOC_STRUCTURE_HASH_H

#include "match/view.h"

/* Steele, Lea and Flood's splitmix64 finalizer: every bit of the argument changes half of the result's. */
static inline uint64_t hash_mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
static inline uint64_t hash_join(uint64_t hash, uint64_t part) {
    return hash_mix(hash ^ hash_mix(part));
}

/* Fill View.operators when a view is made: first what operators are by themselves, then, when nodes have classes, what the
 * functions are that they call (false when memory runs out). A function that calls itself, or nests deeper than
 * MODEL_DEPTH_LIMIT, stands for nothing more than a call. */
void view_hash_operators(View *view);
bool view_hash_functions(View *view);

/* Operands may change places: Add, Mul, And, Equal, Max, ... of ai.onnx. */
bool view_is_commutative(const View *view, Id node);

uint64_t view_hash_kind(const View *view, Id node);
uint64_t view_hash_exact(const View *view, Id node);

/* What of exact hashes comes from one attribute, and from one operand. */
uint64_t view_hash_attribute(const View *view, const Attribute *attribute);
uint64_t view_hash_operand(const View *view, Id value);

/* By node: kinds (exact = false) or exact hashes of all nodes; `hashes` has room for the model's nodes. */
void view_hash_all(const View *view, bool exact, uint64_t *hashes);

/* One round of mixing in what is next to each node: next[node] from hashes of node, of the nodes its inputs come from, and
 * (with_users) of the nodes that use its outputs. After r rounds a hash stands for all up to r edges away. */
void view_hash_spread(const View *view, bool with_users, const uint64_t *hashes, uint64_t *next);

/* Makes View.neighbourhoods where they are not there yet: exact hashes with all that is up to two edges away. Names have no
 * part in them, so that they survive renaming; nodes of equal layers have equal ones. */
bool view_hash_neighbourhoods(View *view, Error *err);

#endif
