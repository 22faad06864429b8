/* Random numbers: the shape is an attribute (RandomNormal, RandomUniform) or an input's (…Like, Bernoulli). */
#include "ops/family.h"
#include "ops/rules.h"

/* Y: shape */
void infer_random(Op *op) {
    Shape shape;
    if (!op_attribute(op, "shape")) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute shape is missing");
    family_shape(op, "shape", &shape);
    op_set(op, 0, family_dtype(op, "dtype", DTYPE_FLOAT32), &shape);
}

/* Y: as X, of type dtype, else of X's. */
void infer_random_like(Op *op) {
    op_set_like_as(op, 0, 0, family_dtype(op, "dtype", op_dtype(op, 0)));
}

/* [batch, classes] -> [batch, sample_size] */
void infer_multinomial(Op *op) {
    Shape input, shape = {.rank = 2, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN}};
    int64_t samples = op_int(op, "sample_size", 1);
    if (family_ranked(op, 0, "the input", 2, &input)) shape.dims[0] = input.dims[0];
    else op_gap(op, "the shape of the input is not known");
    if (samples < 0) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "sample_size is %lld", (long long)samples);
    else shape.dims[1] = expr_integer(op->algebra, samples);
    op_set(op, 0, family_dtype(op, "dtype", DTYPE_INT32), &shape);
}

/* ---- costs ---- */

/* A normal number takes a logarithm and a cosine of uniform ones (a square root is not counted apart),
 * then a scale and a shift. */
void cost_random_normal(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 2), "2*N(Y)", {"N(Y)", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, n, 2), "2*N(Y)", {"N(Y)", n});
}

void cost_random_uniform(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 2), "2*N(Y)", {"N(Y)", n});
}
