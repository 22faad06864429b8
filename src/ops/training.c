/* com.microsoft's training operators: gradients, which have the shape of what they are the gradient of, losses, optimizers.
 */
#include "ops/family.h"
#include "ops/rules.h"

static const Shape scalar = {.rank = 0};
static const Shape single = {.rank = 1, .dims = {1}};

/* ---- gradients ---- */

/* As input 0 or, where that is not known, input 1: dY, and X or Y of one shape */
void infer_elementwise_grad(Op *op) {
    Fact fact = op_input(op, 0), other = op_input(op, 1);
    bool is_known = fact.kind == TYPE_KIND_TENSOR && fact.shape != SHAPE_UNKNOWN;
    op_set_fact(op, 0, is_known || other.kind == TYPE_KIND_NONE ? fact : other);
}

/* dY, log_prob, label: as log_prob */
void infer_cross_entropy_grad(Op *op) {
    op_set_like_as(op, 0, 1, family_dtype_or(op, "output_type", op_dtype(op, 1)));
}

/* dY, mask, Y: as Y */
void infer_softmax_dropout_grad(Op *op) {
    op_set_like(op, 0, 2);
}

/* dY, A, B: dA, dB */
void infer_div_grad(Op *op) {
    op_set_like(op, 0, 1);
    op_set_like(op, 1, 2);
}

static void set_shape_given(Op *op, uint32_t shape_input, uint32_t dtype) {
    Shape shape;
    if (!op_shape_from(op, shape_input, &shape)) op_gap(op, "the shape, an input, is not known");
    op_set(op, 0, dtype, &shape);
}

/* shape, indices, dY */
void infer_gather_grad(Op *op) {
    set_shape_given(op, 0, op_dtype(op, 2));
}

/* dY, shape, ... */
void infer_grad_of_shape(Op *op) {
    set_shape_given(op, 1, op_dtype(op, 0));
}

/* The axes along which each of two shapes was broadcast */
void infer_broadcast_gradient_args(Op *op) {
    Shape a, b;
    int64_t most = SHAPE_RANK_LIMIT;
    bool is_known = op_shape(op, 0, &a) && op_shape(op, 1, &b) && a.rank == 1 && b.rank == 1;
    if (is_known && expr_is_small(a.dims[0]) && expr_is_small(b.dims[0]))
        most = a.dims[0] > b.dims[0] ? a.dims[0] : b.dims[0];
    for (uint32_t i = 0; i < 2; i++) {
        Expr count = op_data_dim(op, i, 0, 0, most < 0 ? 0 : most, "how many axes are broadcast");
        op_set(op, i, DTYPE_INT64, &(Shape){.rank = 1, .dims = {count}});
    }
}

/* ---- losses ---- */

static void set_loss(Op *op, uint32_t dtype) {
    bool is_whole = bytes_equal(op_string(op, "reduction", "mean"), BYTES_LITERAL("none"));
    if (is_whole) op_set_like_as(op, 0, 1, dtype);
    else op_set(op, 0, dtype, &scalar);
}

/* scores [N, C, ...], labels [N, ...]: the loss, of each label or reduced; log_prob as scores */
void infer_cross_entropy_loss(Op *op) {
    uint32_t dtype = family_dtype_or(op, "output_type", op_dtype(op, 0));
    set_loss(op, dtype);
    op_set_like_as(op, 1, 0, dtype);
}

/* logits and label [..., C] of one shape: the loss is a scalar */
void infer_cross_entropy(Op *op) {
    op_set(op, 0, op_dtype(op, 0), &scalar);
    op_set_like(op, 1, 0);
}

/* ---- optimizers ---- */

/* R, step, weights, gradients, two moments, weights of lower precision */
void infer_adam_optimizer(Op *op) {
    static const uint32_t inputs[] = {1, 4, 5, 2, 3, 6};
    for (uint32_t i = 0; i < 6; i++) op_set_like(op, i, inputs[i]);
}

/* lr, step, then sequences: weights, gradients, two moments; a flag first */
void infer_adamw_optimizer(Op *op) {
    static const uint32_t inputs[] = {2, 4, 5};
    op_set(op, 0, DTYPE_BOOL, &single);
    for (uint32_t i = 0; i < 3; i++) op_set_fact(op, i + 1, op_input(op, inputs[i]));
}

void infer_sgd_optimizer(Op *op) {
    op_set_like(op, 0, 1);
    op_set_like(op, 1, 2);
}

void infer_sgd_optimizer_v2(Op *op) {
    op_set(op, 0, DTYPE_BOOL, &single);
    op_set_fact(op, 1, op_input(op, 1));
}

void infer_accumulator_v2(Op *op) {
    op_set(op, 0, DTYPE_BOOL, &single);
    op_set_like(op, 1, 0);
}

/* ---- others ---- */

/* Output i as input i */
void infer_pass_through(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) op_set_fact(op, i, op_input(op, i));
}

/* All outputs as input 0 */
void infer_batch_scale(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) op_set_like(op, i, 0);
}

/* S, then tensors that become `to`; fused, they lie in one row */
void infer_mixed_precision_scale(Op *op) {
    uint32_t dtype = family_dtype_or(op, "to", DTYPE_UNDEFINED);
    if (op_int(op, "fuse_outputs", 0) == 0) {
        for (uint32_t i = 0; i < op->outputs.count; i++) op_set_like_as(op, i, i + 1, dtype);
        return;
    }
    Shape input, shape = {.rank = 1, .dims = {0}};
    for (uint32_t i = 1; i < op->inputs.count; i++) {
        bool is_known = op_shape(op, i, &input);
        shape.dims[0] = expr_add(op->algebra, shape.dims[0],
                                 is_known ? op_product(op, &input, 0, input.rank) : EXPR_UNKNOWN);
    }
    op_set(op, 0, dtype, &shape);
}

void infer_is_finite(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_BOOL);
}

void infer_is_all_finite(Op *op) {
    op_set(op, 0, DTYPE_BOOL, &scalar);
}

void infer_reduce_all_l2(Op *op) {
    op_set(op, 0, op_dtype(op, 0), &scalar);
}

/* Also the length each input has along the axis */
void infer_concat_training(Op *op) {
    infer_concat(op);
    op_set(op, 1, DTYPE_INT64, &(Shape){.rank = 1, .dims = {op->inputs.count}});
}

/* The lengths along the axis are input 1's contents. */
void infer_split_training(Op *op) {
    Shape input;
    const Contents *lengths = op_contents(op, 1);
    int32_t axis = op_shape(op, 0, &input) ? op_axis(op, op_int(op, "axis", 0), input.rank) : -1;
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        if (axis < 0) input.rank = -1;
        else input.dims[axis] = lengths && i < lengths->count ? lengths->items[i] : EXPR_UNKNOWN;
        if (axis >= 0 && !expr_is_known(input.dims[axis]))
            op_gap(op, "the lengths of the parts are not known");
        op_set(op, i, op_dtype(op, 0), &input);
    }
}

/* What goes to a board: one text */
void infer_summary(Op *op) {
    op_set(op, 0, DTYPE_STRING, &scalar);
}

/* ---- recurrent networks ---- */

/* [S, directions, B, hidden], from X [S, B, input] and R [directions, gates*hidden, hidden] */
static Shape all_steps(Op *op) {
    Shape x, r, all = {.rank = 4, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    if (op_shape(op, 0, &x) && x.rank == 3) all.dims[0] = x.dims[0], all.dims[2] = x.dims[1];
    if (op_shape(op, 2, &r) && r.rank == 3) all.dims[1] = r.dims[0], all.dims[3] = r.dims[2];
    return all;
}

/* The last of them: [directions, B, hidden] */
static Shape last_step(const Shape *all) {
    return (Shape){.rank = 3, .dims = {all->dims[1], all->dims[2], all->dims[3]}};
}

static Shape with_gates(Op *op, const Shape *all, int64_t gates) {
    Shape shape = *all;
    shape.dims[3] = expr_multiply(op->algebra, gates, all->dims[3]);
    return shape;
}

/* H of all steps, the last H and C, C of all steps, the gates of all steps */
void infer_lstm_training(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape all = all_steps(op), last = last_step(&all), gates = with_gates(op, &all, 4);
    op_set(op, 0, dtype, &all);
    op_set(op, 1, dtype, &last);
    op_set(op, 2, dtype, &last);
    op_set(op, 3, dtype, &all);
    op_set(op, 4, dtype, &gates);
}

/* H of all steps, the last H, the gates of all steps */
void infer_gru_training(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape all = all_steps(op), last = last_step(&all), gates = with_gates(op, &all, 3);
    op_set(op, 0, dtype, &all);
    op_set(op, 1, dtype, &last);
    op_set(op, 2, dtype, &gates);
}

/* dX, dW, dR, dB [directions, 8 hidden], dH0, dC0, dP [directions, 3 hidden] */
void infer_lstm_grad(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape all = all_steps(op), last = last_step(&all);
    for (uint32_t i = 0; i < 3; i++) op_set_like(op, i, i);
    op_set(op, 3, dtype,
           &(Shape){.rank = 2, .dims = {all.dims[1], expr_multiply(op->algebra, 8, all.dims[3])}});
    op_set(op, 4, dtype, &last);
    op_set(op, 5, dtype, &last);
    op_set(op, 6, dtype,
           &(Shape){.rank = 2, .dims = {all.dims[1], expr_multiply(op->algebra, 3, all.dims[3])}});
}

/* dX, dW, dR, dB [directions, 6 hidden], dH0 */
void infer_gru_grad(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape all = all_steps(op), last = last_step(&all);
    for (uint32_t i = 0; i < 3; i++) op_set_like(op, i, i);
    op_set(op, 3, dtype,
           &(Shape){.rank = 2, .dims = {all.dims[1], expr_multiply(op->algebra, 6, all.dims[3])}});
    op_set(op, 4, dtype, &last);
}
