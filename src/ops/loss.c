/* Losses, and the optimizers of ai.onnx.preview.training. */
#include <string.h>

#include "ops/family.h"
#include "ops/rules.h"

/* ---- losses ---- */

/* scores [N, C, d1 ..], labels [N, d1 ..]: a loss of labels' shape, reduced to a scalar unless reduction is "none". */
static void infer_loss(Op *op) {
    Shape scores, labels, weights, loss = {.rank = 0};
    Bytes reduction = op_string(op, "reduction", "mean");
    bool is_each = bytes_equal(reduction, BYTES_LITERAL("none"));
    if (!is_each && !bytes_equal(reduction, BYTES_LITERAL("mean")) &&
        !bytes_equal(reduction, BYTES_LITERAL("sum")))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "reduction is '%.*s', none of none, mean, sum",
                   (int)(reduction.size > 40 ? 40 : reduction.size), (const char *)reduction.data);
    bool has_scores = op_shape(op, 0, &scores), has_labels = op_shape(op, 1, &labels);
    if (has_scores && scores.rank < 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the scores have rank %d, at least 2 is wanted", scores.rank);
        has_scores = false;
    }
    if (has_scores && has_labels && labels.rank != scores.rank - 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the labels have rank %d, the scores %d; one less is wanted",
                   labels.rank, scores.rank);
        has_labels = false;
    }
    if (is_each) loss.rank = has_scores ? scores.rank - 1 : has_labels ? labels.rank : -1;
    for (int32_t i = 0; has_scores && i < scores.rank - 1; i++) {
        Expr dim = scores.dims[i ? i + 1 : 0];
        loss.dims[i] =
            has_labels ? op_equal(op, dim, labels.dims[i], "dimensions of scores and labels") : dim;
    }
    if (!has_scores && has_labels)
        for (int32_t i = 0; i < labels.rank; i++) loss.dims[i] = labels.dims[i];
    if (family_ranked(op, 2, "the weights", 1, &weights) && has_scores)
        op_equal(op, scores.dims[1], weights.dims[0], "classes of scores and weights");
    op_set(op, 0, op_dtype(op, 0), &loss);
}

void infer_negative_log_likelihood_loss(Op *op) {
    infer_loss(op);
}

/* log_prob: as scores */
void infer_softmax_cross_entropy_loss(Op *op) {
    infer_loss(op);
    op_set_like(op, 1, 0);
}

/* ---- optimizers ---- */

/* Inputs: R, T, and groups of n tensors: X, G, and states; outputs: X and the states, each as its group's input. */
static void infer_optimizer(Op *op, uint32_t groups) {
    uint32_t rest = op->inputs.count > 2 ? op->inputs.count - 2 : 0, n = rest / groups;
    if (rest == 0 || rest % groups != 0) {
        op_problem(op, SHAPE_PROBLEM_ARITY, "%u tensors are no whole number of groups of %u", rest, groups);
        return;
    }
    for (uint32_t i = 0; i < op->outputs.count && i < n * (groups - 1); i++)
        op_set_like(op, i, 2 + (i < n ? i : i + n));
}

void infer_adagrad(Op *op) {
    infer_optimizer(op, 3);
}
void infer_momentum(Op *op) {
    infer_optimizer(op, 3);
}
void infer_adam(Op *op) {
    infer_optimizer(op, 4);
}

/* dy/dx for each of xs, which are the first inputs: as x. */
void infer_gradient(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) op_set_like(op, i, i);
}

/* ---- costs ---- */

/* LogSoftmax of R rows of scores, where they are no logarithms yet: along axis 1, com.microsoft's SoftmaxCrossEntropy along
 * the last. Then each label picks one, negated. */
void cost_loss(Op *op, Cost *cost) {
    Expr labels = op_elements(op, INPUT(1));
    COST_ADD(op, cost, COST_ELEMENTWISE, labels, "N(labels)", {"N(labels)", labels});
    if (strncmp(op->rule->name, "Softmax", 7) != 0) return;
    bool is_last = strcmp(op->rule->name, "SoftmaxCrossEntropy") == 0;
    Expr n = op_elements(op, INPUT(0)), rows = op_rows(op, 0, is_last ? -1 : 1, false);
    if (expr_is_known(n) && !expr_is_known(rows)) cost_gap(op, cost, "the scores have no axis of classes");
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, n, 4), op_times(op, rows, 2)),
             "4*N(X) - 2*R", {"N(X)", n}, {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_plus(op, n, rows), "N(X) + R", {"N(X)", n}, {"R", rows});
}
