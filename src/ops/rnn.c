/* Recurrent operators. With S time steps, batch B, D directions, input size I, hidden size H and G gates (RNN 1, GRU 3,
 * LSTM 4):
 *
 *                   layout 0        layout 1
 *     X             [S, B, I]       [B, S, I]
 *     W, R          [D, G*H, I], [D, G*H, H]
 *     B, P          [D, 2*G*H], [D, 3*H]
 *     initial_h, _c [D, B, H]       [B, D, H]
 *     Y             [S, D, B, H]    [B, S, D, H]
 *     Y_h, Y_c      [D, B, H]       [B, D, H]
 */
#include "ops/family.h"
#include "ops/rules.h"

typedef struct Recurrent {
    int32_t gates;
    bool is_batch_first;
    Expr steps, batch, directions, size, hidden;
} Recurrent;

static void agree(Op *op, Expr *known, Expr found, const char *what) {
    Expr same = op_equal(op, *known, found, what);
    if (expr_is_known(same)) *known = same;
}

static Expr gate_rows(Op *op, const Recurrent *r, int32_t factor) {
    return expr_multiply(op->algebra, r->hidden, factor);
}

static void read_attributes(Op *op, Recurrent *r) {
    Bytes direction = op_string(op, "direction", "forward");
    if (bytes_equal(direction, BYTES_LITERAL("bidirectional"))) r->directions = 2;
    else if (bytes_equal(direction, BYTES_LITERAL("forward")) ||
             bytes_equal(direction, BYTES_LITERAL("reverse")))
        r->directions = 1;
    else
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
                   "direction is '%.*s', none of forward, reverse, bidirectional",
                   (int)(direction.size > 40 ? 40 : direction.size), (const char *)direction.data);
    if (op->version >= 14) r->is_batch_first = op_int(op, "layout", 0) != 0;
    if (!op_attribute(op, "hidden_size")) return;
    int64_t hidden = op_int(op, "hidden_size", 0);
    if (hidden > 0) r->hidden = expr_integer(op->algebra, hidden);
    else
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "hidden_size is %lld, at least 1 is wanted",
                   (long long)hidden);
}

/* X, W and R. A hidden size that is not given is R's last dimension, or W's rows over the gates. */
static void read_operands(Op *op, Recurrent *r) {
    Shape shape;
    if (family_ranked(op, 0, "X", 3, &shape)) {
        r->steps = shape.dims[r->is_batch_first ? 1 : 0];
        r->batch = shape.dims[r->is_batch_first ? 0 : 1];
        r->size = shape.dims[2];
    }
    if (family_ranked(op, 2, "R", 3, &shape)) {
        agree(op, &r->directions, shape.dims[0], "directions of the attribute and R");
        agree(op, &r->hidden, shape.dims[2], "hidden sizes of the attribute and R");
        op_equal(op, shape.dims[1], gate_rows(op, r, r->gates), "rows of R and of all gates");
    }
    if (family_ranked(op, 1, "W", 3, &shape)) {
        agree(op, &r->directions, shape.dims[0], "directions of the attribute and W");
        agree(op, &r->size, shape.dims[2], "input sizes of X and W");
        if (!expr_is_known(r->hidden)) {
            Expr hidden = expr_divide(op->algebra, shape.dims[1], r->gates);
            if (expr_is_known(hidden) && expr_is_whole(op->algebra, hidden)) r->hidden = hidden;
        }
        op_equal(op, shape.dims[1], gate_rows(op, r, r->gates), "rows of W and of all gates");
    }
}

static void read_state(Op *op, Recurrent *r, uint32_t input, const char *name) {
    Shape shape;
    if (!family_ranked(op, input, name, 3, &shape)) return;
    agree(op, &r->directions, shape.dims[r->is_batch_first ? 1 : 0],
          "directions of the attribute and a state");
    agree(op, &r->batch, shape.dims[r->is_batch_first ? 0 : 1], "batch sizes of X and a state");
    agree(op, &r->hidden, shape.dims[2], "hidden sizes of the weights and a state");
}

static void read_options(Op *op, Recurrent *r) {
    Shape shape;
    if (family_ranked(op, 3, "B", 2, &shape)) {
        agree(op, &r->directions, shape.dims[0], "directions of the attribute and B");
        op_equal(op, shape.dims[1], gate_rows(op, r, 2 * r->gates), "columns of B and of all gates");
    }
    if (family_ranked(op, 4, "sequence_lens", 1, &shape))
        agree(op, &r->batch, shape.dims[0], "batch sizes of X and sequence_lens");
    read_state(op, r, 5, "initial_h");
    if (r->gates != 4) return;
    read_state(op, r, 6, "initial_c");
    if (family_ranked(op, 7, "P", 2, &shape)) {
        agree(op, &r->directions, shape.dims[0], "directions of the attribute and P");
        op_equal(op, shape.dims[1], gate_rows(op, r, 3), "columns of P and of all peepholes");
    }
}

static void infer_recurrent(Op *op, int32_t gates) {
    Recurrent r = {gates, false, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN};
    read_attributes(op, &r);
    read_operands(op, &r);
    read_options(op, &r);
    if (!expr_is_known(r.steps)) op_gap(op, "the shape of X is not known");
    if (!expr_is_known(r.hidden)) op_gap(op, "the hidden size is not known");
    Shape all = {.rank = 4, .dims = {r.steps, r.directions, r.batch, r.hidden}};
    Shape last = {.rank = 3, .dims = {r.directions, r.batch, r.hidden}};
    if (r.is_batch_first) {
        all = (Shape){.rank = 4, .dims = {r.batch, r.steps, r.directions, r.hidden}};
        last = (Shape){.rank = 3, .dims = {r.batch, r.directions, r.hidden}};
    }
    uint32_t dtype = op_dtype(op, 0);
    op_set(op, 0, dtype, &all);
    op_set(op, 1, dtype, &last);
    if (gates == 4) op_set(op, 2, dtype, &last);
}

void infer_rnn(Op *op) {
    infer_recurrent(op, 1);
}
void infer_gru(Op *op) {
    infer_recurrent(op, 3);
}
void infer_lstm(Op *op) {
    infer_recurrent(op, 4);
}
