/* Alike: nodes that take the same because they look the same, so that a cost rule runs once for all of them.
 *
 * What a node looks like: its operator and version, and of each input and output the Fact, whether it is constant and which
 * earlier input it repeats. That decides its cost when it has no attributes, reads and gives tensors only, calls no function,
 * and its rule looked at nothing else (Infer.looked_further). Keys are bytes; past ALIKE_LIMIT no more are remembered.
 */
#ifndef ONNXDOC_ALIKE_H
#define ONNXDOC_ALIKE_H

#include "cost/costs.h"

#define ALIKE_LIMIT  65536 /* keys */
#define ALIKE_PLACES 8     /* inputs and outputs of a node */

typedef struct Alike {
    Interner keys;
    Array(CostId) costs; /* by symbol of the key */
} Alike;

typedef struct AlikeKey {
    uint32_t words[4 + 3 * ALIKE_PLACES];
    uint32_t count; /* of words; 0: the node is like no other */
} AlikeKey;

bool alike_init(Alike *self); /* false when memory runs out */
void alike_free(Alike *self);

/* Of a node whose inputs and outputs have all facts and flags. */
AlikeKey alike_key(const Costs *costs, const Op *op);
/* The cost of a node of that key, 0 when there was none. */
CostId alike_find(const Alike *self, const AlikeKey *key);
/* False when memory runs out. */
bool alike_add(Alike *self, const AlikeKey *key, CostId cost);

#endif
