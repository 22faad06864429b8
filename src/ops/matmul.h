/* Matrix products, for the rules of other families that contain one. */
#ifndef ONNXDOC_MATMUL_H
#define ONNXDOC_MATMUL_H

#include "ops/cost.h"

/* The shape of A·B as numpy's matmul has it: 1-D operands are a row and a column that go away again; all but the last two
 * dimensions broadcast. Unknown operands (rank -1) give an unknown result. False after a report. */
bool matmul_shape(Op *op, const Shape *a, const Shape *b, Shape *result);

/* ---- costs ---- */

/* What the product of inputs a and b sums over, their attributes of transposition applied: A's inner dimension, or B's where
 * A's is not known. */
Expr matmul_inner(Op *op, uint32_t a, uint32_t b);
/* MACs N(Y)*K: batches broadcast, so that they are those of Y, not of A. */
void matmul_add_products(Op *op, Cost *cost, uint32_t a, uint32_t b);
/* N(Y): a bias, where that input is given. */
void product_add_bias(Op *op, Cost *cost, uint32_t bias);
/* 2*N(Y): what zero points of the operands take away from a whole-number product, when either is not (or may not be) 0. */
void product_add_zero_points(Op *op, Cost *cost, uint32_t a_zero_point, uint32_t b_zero_point);
/* 5*N(Y): scale, round, add the zero point, clamp at both ends. */
void product_add_requantize(Op *op, Cost *cost);

#endif
