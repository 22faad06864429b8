/* Matrix products, for the rules of other families that contain one. */
#ifndef ONNXDOC_MATMUL_H
#define ONNXDOC_MATMUL_H

#include "ops/op.h"

/* The shape of A·B as numpy's matmul has it: 1-D operands are a row and a column that go away again; all but the last two
 * dimensions broadcast. Unknown operands (rank -1) give an unknown result. False after a report. */
bool matmul_shape(Op *op, const Shape *a, const Shape *b, Shape *result);

#endif
