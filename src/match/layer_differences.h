/* Layer differences: which layers of a group are not like the others, and in what. Layers are compared with the first of those
 * that are most frequent by exact hash, node by node, along an alignment of their kinds.
 *
 * Contents of weights are no difference, nor are constant scalars and attributes that differ in most of the layers (scales of
 * quantisation): these are parameters, too.
 */
#ifndef ONNXDOC_LAYER_DIFFERENCES_H
#define ONNXDOC_LAYER_DIFFERENCES_H

#include "match/layers.h"

typedef enum LayerDifferenceKind {
    LAYER_DIFFERS_EXTRA,     /* the node has no counterpart */
    LAYER_DIFFERS_MISSING,   /* `other` has none */
    LAYER_DIFFERS_ATTRIBUTE, /* `attribute`, which one of the two may lack */
    LAYER_DIFFERS_DTYPE,     /* of input `position` */
    LAYER_DIFFERS_SHAPE,
    LAYER_DIFFERS_VALUE,
    LAYER_DIFFERS_SOURCE,   /* input `position` comes from another place */
    LAYER_DIFFERS_FUNCTION, /* calls of functions that do not do the same */
} LayerDifferenceKind;

typedef struct LayerDifference {
    LayerDifferenceKind kind;
    uint32_t part; /* the layer that differs */
    Id node;       /* of the layer; ID_NONE when it is missing */
    Id other;      /* its counterpart in the layer that is compared with */
    Symbol attribute;
    uint32_t position;
} LayerDifference;
typedef Array(LayerDifference) LayerDifferenceArray;

/* So many are listed; more are counted. */
#define LAYER_DIFFERENCE_LIMIT 1000

/* `reference`: the part that the others are compared with; `omitted`: how many are not listed. The array is the caller's to
 * free, in any case. False when memory runs out. */
bool layer_differences(const Layers *layers, uint32_t group, uint32_t *reference,
                       LayerDifferenceArray *differences, uint32_t *omitted);

#endif
