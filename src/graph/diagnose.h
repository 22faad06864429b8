/* Diagnostics: what is wrong with a model that can still be read. They are records; rules turn them into
 * findings. A code is kept DIAGNOSTICS_PER_CODE times, the rest of it is counted on the last one kept. */
#ifndef ONNXDOC_DIAGNOSE_H
#define ONNXDOC_DIAGNOSE_H

#include "graph/model.h"

/* X(NAME, "name", "severity") */
#define DIAGNOSTICS(X)                                                                                       \
    X(IR_VERSION, "ir-version", "info")              /* absent, or newer than this build knows */            \
    X(NO_OPSET, "missing-opset", "warning")          /* nodes of a domain that is not imported */            \
    X(DUPLICATE_OPSET, "duplicate-opset", "warning") /* two versions of a domain; the last counts */         \
    X(NO_OP_TYPE, "missing-op-type", "error")        /* a node without operator */                           \
    X(DUPLICATE_VALUE, "duplicate-value", "error") /* a name defined twice in one graph; the first counts */ \
    X(SHADOWED_VALUE, "shadowed-value", "info")    /* a subgraph defines a name of an outer graph */         \
    X(UNDEFINED_VALUE, "undefined-value", "error") /* an input or output that nothing defines */             \
    X(UNNAMED_VALUE, "unnamed-value", "warning")   /* a graph input, output or initializer without name */   \
    X(UNSORTED, "unsorted", "warning")             /* nodes do not stand in execution order */               \
    X(UNUSED_TYPE, "unused-value-info", "info")    /* a type for a name the graph does not have */           \
    X(BAD_DIM, "negative-dim", "info")             /* a negative size in a declared shape: not known */      \
    X(ATTRIBUTE_MISMATCH, "attribute-type", "error") /* value and declared type of an attribute differ */    \
    X(DUPLICATE_ATTRIBUTE, "duplicate-attribute", "warning")                                                 \
    X(DUPLICATE_FUNCTION, "duplicate-function", "error")                                                     \
    X(TENSOR_TYPE, "tensor-type", "error")     /* an element type that does not exist */                     \
    X(TENSOR_DIMS, "tensor-dims", "error")     /* negative dims, or a product past 2^64 */                   \
    X(NO_DATA, "missing-data", "warning")      /* a tensor with elements, but none in the file */            \
    X(DATA_SIZE, "data-size", "error")         /* the data does not have the length dims need */             \
    X(DATA_CONFLICT, "data-conflict", "error") /* data in two ways, or in a field of another type */         \
    X(EXTERNAL_LOCATION, "external-location",                                                                \
      "error") /* external data without, or with an unusable, location */                                    \
    X(EXTERNAL_ESCAPES, "external-escapes", "error") /* a location outside the model's directory */          \
    X(EXTERNAL_MISSING, "external-missing", "error") /* the file is not there or cannot be read */           \
    X(EXTERNAL_SIZE, "external-size", "error")       /* offset and length do not fit the file or the dims */

typedef enum DiagnosticCode {
#define X(NAME, name, severity) DIAGNOSTIC_##NAME,
    DIAGNOSTICS(X)
#undef X
        DIAGNOSTIC_COUNT
} DiagnosticCode;

const char *diagnostic_name(DiagnosticCode code);
const char *diagnostic_severity(DiagnosticCode code);

/* What a diagnostic is about; ID_NONE and ERROR_NO_OFFSET where something does not apply. */
typedef struct DiagnosticPlace {
    Id graph, node, value, tensor;
    uint64_t offset;
} DiagnosticPlace;

static inline DiagnosticPlace diagnostic_at(Id graph, Id node, uint64_t offset) {
    return (DiagnosticPlace){graph, node, ID_NONE, ID_NONE, offset};
}

/* False only when memory runs out. */
bool diagnose(Model *model, DiagnosticCode code, DiagnosticPlace place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
