/* Parameters: the stored tensors of a model (initializers, sparse ones, values of Constant nodes, in all graphs), each once, by
 * what it is used for. A tensor's use is read from the nodes that compute with it, behind those that only make another
 * constant of it (Transpose, Cast, DequantizeLinear, ...). ONNX does not record what was trained.
 */
#ifndef ONNXDOC_PARAMETERS_H
#define ONNXDOC_PARAMETERS_H

#include "cost/costs.h"

/* X(NAME, "name") */
#define PARAMETER_USES(X)                                                                                    \
    X(UNUSED, "unused")                     /* read by nothing, and no output */                             \
    X(WEIGHT, "weight")                     /* floats of more than one element, or of a contraction */       \
    X(STATISTIC, "statistic")               /* mean and variance of a batch normalisation */                 \
    X(SCALAR, "scalar")                     /* a single float in arithmetic */                               \
    X(INDEX, "index")                       /* shapes, axes, indices, sizes */                               \
    X(TABLE, "table")                       /* masks, rotary caches, windows, large index tables */          \
    X(QUANTISATION, "quantisation")         /* scales and zero points */                                     \
    X(QUANTISED_WEIGHT, "quantised-weight") /* whole numbers that are weights once they are scaled */        \
    X(TEXT, "text")                         /* strings */

typedef enum ParameterUse {
#define X(NAME, name) PARAMETER_##NAME,
    PARAMETER_USES(X)
#undef X
        PARAMETER_USE_COUNT
} ParameterUse;

const char *parameter_use_name(ParameterUse use);

/* The most users of a tensor that are told apart. */
#define PARAMETER_USERS 64

typedef struct ParameterUsers {
    ParameterUse use;
    Id nodes[PARAMETER_USERS]; /* distinct nodes that compute with it */
    uint32_t count;
} ParameterUsers;

/* How a tensor is used. Of more than PARAMETER_USERS users the first are looked at. `roles`, or NULL, is room for
 * PARAMETER_ROLES bytes for each operator of the model, 0 at first: what was found out about inputs is kept there. */
#define PARAMETER_ROLES 8
void parameter_users(const Costs *costs, Id tensor, uint8_t *roles, ParameterUsers *users);

typedef struct ParameterCount {
    uint64_t tensors;
    uint64_t elements; /* both saturate */
    uint64_t nbytes;   /* as stored, packed */
    uint64_t unknown;  /* tensors without a size */
} ParameterCount;

typedef struct Parameters {
    ParameterCount all;
    ParameterCount by_use[PARAMETER_USE_COUNT];
    ParameterCount by_dtype[DTYPE_COUNT];
    ParameterCount weights_by_dtype[DTYPE_COUNT]; /* WEIGHT and QUANTISED_WEIGHT */
    ParameterCount external;                      /* of `all`: outside of the model's file */
    ParameterCount generated;                     /* weights that come from no stored tensor (ConstantOfShape, Range) */
    uint64_t tied;                                /* weights that several nodes compute with */
} Parameters;

/* Counts all; false when memory runs out. `uses` has room for a ParameterUse, one byte, of each tensor; PARAMETER_USE_COUNT
 * where it is no parameter (attributes of other nodes, parts of sparse tensors, training graphs). */
bool parameters_count(const Costs *costs, Parameters *parameters, uint8_t *uses);

#endif
