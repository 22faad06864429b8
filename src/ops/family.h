/* What several families share. */
#ifndef ONNXDOC_FAMILY_H
#define ONNXDOC_FAMILY_H

#include "ops/op.h"

/* An attribute that names an element type, or the fallback; 0 after a report when it is no element type. */
uint32_t family_dtype(Op *op, const char *name, uint32_t fallback);
/* The same, where 0 stands for "not given". */
uint32_t family_dtype_or(Op *op, const char *name, uint32_t fallback);
/* An attribute that is at least 1, as an Expr; 0 after a report when it is less. */
Expr family_positive(Op *op, const char *name, int64_t fallback);
/* An input of that rank; false when it is left out, its rank is not known or (with a report) another. */
bool family_ranked(Op *op, uint32_t input, const char *name, int32_t rank, Shape *shape);
/* The elements of a list attribute, whatever it holds; false when it is not given. */
bool family_count(Op *op, const char *name, uint32_t *count);
/* A list of whole numbers as a shape; rank -1 when it is not given, too long or holds numbers below 0, which is reported. */
bool family_shape(Op *op, const char *name, Shape *shape);

#endif
