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
#include <string.h>

#include "ops/cost.h"
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

/* ---- costs ---- */

/* What formulas of recurrent operators are made of; `turns` is S*B. */
typedef struct RecurrentCost {
    Expr directions, turns, size, hidden, all; /* all: D*S*B*H */
    bool has_bias, is_clipped;
} RecurrentCost;

/* S*B, or, where the lengths of the sequences are constant, their sum. */
static Expr count_turns(Op *op, Expr steps, Expr batch) {
    const Contents *lengths = op_contents(op, 4);
    Expr sum = 0;
    for (uint32_t i = 0; lengths && i < lengths->count; i++) {
        Expr length = expr_resolve(op->algebra, lengths->items[i]);
        bool fits = expr_is_constant(op->algebra, length) && expr_less(op->algebra, length, 0) == TRUTH_FALSE;
        sum = op_plus(op, sum, fits ? length : EXPR_UNKNOWN);
    }
    return lengths && expr_is_known(sum) ? sum : op_times(op, steps, batch);
}

/* The hidden size: the attribute, or R's last dimension (DynamicQuantizeLSTM: its rows), or W's share of a gate. */
static Expr hidden_size(Op *op, int32_t gates, bool is_turned) {
    Shape r, w;
    int64_t given = op_int(op, "hidden_size", 0);
    if (given > 0) return expr_integer(op->algebra, given);
    if (family_ranked(op, 2, "R", 3, &r)) return r.dims[is_turned ? 1 : 2];
    if (!family_ranked(op, 1, "W", 3, &w)) return EXPR_UNKNOWN;
    return expr_divide(op->algebra, w.dims[is_turned ? 2 : 1], gates);
}

/* AttnLSTM multiplies what it attends to as well: its W says how long the input is. */
static RecurrentCost read_cost(Op *op, int32_t gates) {
    Shape x, w, r;
    bool is_batch_first = op->version >= 14 && op_int(op, "layout", 0) != 0;
    bool is_turned = strcmp(op->rule->name, "DynamicQuantizeLSTM") == 0;
    bool has_x = family_ranked(op, 0, "X", 3, &x), has_w = family_ranked(op, 1, "W", 3, &w);
    Bytes direction = op_string(op, "direction", "forward");
    RecurrentCost c = {.has_bias = op_has_input(op, 3), .is_clipped = op_attribute(op, "clip") != NULL};
    c.directions = has_w                                                    ? w.dims[0]
                   : family_ranked(op, 2, "R", 3, &r)                       ? r.dims[0]
                   : bytes_equal(direction, BYTES_LITERAL("bidirectional")) ? 2
                                                                            : 1;
    c.size = has_x ? x.dims[2] : EXPR_UNKNOWN;
    if (strcmp(op->rule->name, "AttnLSTM") == 0 && has_w) c.size = w.dims[2];
    c.hidden = hidden_size(op, gates, is_turned);
    Expr steps = has_x ? x.dims[is_batch_first ? 1 : 0] : EXPR_UNKNOWN;
    c.turns = count_turns(op, steps, has_x ? x.dims[is_batch_first ? 0 : 1] : EXPR_UNKNOWN);
    c.all = op_times(op, op_times(op, c.directions, c.turns), c.hidden);
    return c;
}

/* Times D*S*B*H; the formula names these four. */
static void add_each(Op *op, Cost *cost, const RecurrentCost *c, CostMetric metric, Expr times,
                     const char *formula) {
    COST_ADD(op, cost, metric, op_times(op, c->all, times), formula, {"D", c->directions}, {"S*B", c->turns},
             {"H", c->hidden});
}

/* Functions that `activations` may name, and what one call takes. */
static const struct RecurrentActivation {
    const char *name;
    int32_t elementwise, transcendentals;
} recurrent_activations[] = {{"Sigmoid", 0, 1},
                             {"Tanh", 0, 1},
                             {"Relu", 1, 0},
                             {"LeakyRelu", 2, 0},
                             {"ThresholdedRelu", 1, 0},
                             {"ScaledTanh", 2, 1},
                             {"Affine", 2, 0},
                             {"HardSigmoid", 4, 0},
                             {"Elu", 3, 1},
                             {"Softsign", 3, 0},
                             {"Softplus", 1, 2}};

static const struct RecurrentActivation *find_activation(Bytes name) {
    const struct RecurrentActivation *known = recurrent_activations;
    for (size_t i = 0; i < sizeof recurrent_activations / sizeof *known; i++, known++)
        if (bytes_equal(name, (Bytes){known->name, strlen(known->name)})) return known;
    return NULL;
}

/* So many operations of activations, for each of D*S*B*H or, of both directions together, of S*B*H. */
static void add_calls(Op *op, Cost *cost, CostMetric metric, bool is_one, Expr each, int32_t calls) {
    COST_ADD(op, cost, metric, op_times(op, each, calls), is_one ? "F*(D*S*B*H)" : "F*(S*B*H)", {"F", calls},
             {is_one ? "D*S*B*H" : "S*B*H", each});
}

/* Sigmoid and tanh, as each step calls them: calls[0] of the first function for each of D*S*B*H, calls[1] of the next.
 * Functions that are given, direction by direction, count as the operators of their names do. */
static void add_activations(Op *op, Cost *cost, const RecurrentCost *c, const int32_t *calls, int32_t count,
                            const char *formula) {
    const Attribute *given = op_attribute(op, "activations");
    int32_t total = 0, elementwise = 0, transcendentals = 0;
    for (int32_t i = 0; i < count; i++) total += calls[i];
    if (!given || given->type != ATTRIBUTE_STRING_LIST || given->count == 0) {
        add_each(op, cost, c, COST_TRANSCENDENTALS, total, formula);
        return;
    }
    bool is_one = given->count == (uint32_t)count, is_two = given->count == 2 * (uint32_t)count;
    if (!given->stored || (!is_one && !(is_two && c->directions == 2))) {
        cost_gap(op, cost, "there are not as many activations as it calls");
        return;
    }
    for (uint32_t i = 0; i < given->count; i++) {
        Text name = op->model->strings.items[given->first + i];
        const struct RecurrentActivation *known = find_activation(model_text(op->model, name));
        if (!known) {
            cost_gap(op, cost, "one of its activations is not known");
            return;
        }
        elementwise += calls[i % (uint32_t)count] * known->elementwise;
        transcendentals += calls[i % (uint32_t)count] * known->transcendentals;
    }
    Expr each = is_one ? c->all : op_times(op, c->turns, c->hidden);
    if (elementwise) add_calls(op, cost, COST_ELEMENTWISE, is_one, each, elementwise);
    if (transcendentals) add_calls(op, cost, COST_TRANSCENDENTALS, is_one, each, transcendentals);
}

static void add_gates(Op *op, Cost *cost, const RecurrentCost *c, Expr gates) {
    Expr macs = op_times(op, op_times(op, c->all, gates), op_plus(op, c->size, c->hidden));
    COST_ADD(op, cost, COST_MACS, macs, "gates*D*S*B*H*(I + H)", {"gates", gates}, {"D", c->directions},
             {"S*B", c->turns}, {"H", c->hidden}, {"I", c->size});
    if (c->is_clipped)
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, c->all, 2 * gates), "2*gates*D*S*B*H",
                 {"gates", gates}, {"D", c->directions}, {"S*B", c->turns}, {"H", c->hidden});
}

/* The input's product and the state's are added, and the bias (of both in one). */
void cost_rnn(Op *op, Cost *cost) {
    static const int32_t calls[] = {1};
    RecurrentCost c = read_cost(op, 1);
    add_gates(op, cost, &c, 1);
    add_each(op, cost, &c, COST_ELEMENTWISE, 1, "D*S*B*H");
    if (c.has_bias) add_each(op, cost, &c, COST_ELEMENTWISE, 1, "D*S*B*H");
    add_activations(op, cost, &c, calls, 1, "D*S*B*H");
}

/* An addition for each of three gates, and their biases, of which the hidden one is apart with linear_before_reset; r*h,
 * 1 - z, (1 - z)*n, z*h and their sum. */
void cost_gru(Op *op, Cost *cost) {
    static const int32_t calls[] = {2, 1};
    RecurrentCost c = read_cost(op, 3);
    bool is_linear = op_int(op, "linear_before_reset", 0) != 0;
    add_gates(op, cost, &c, 3);
    add_each(op, cost, &c, COST_ELEMENTWISE, 8, "(3 + 5)*D*S*B*H");
    if (c.has_bias)
        add_each(op, cost, &c, COST_ELEMENTWISE, is_linear ? 4 : 3, is_linear ? "4*D*S*B*H" : "3*D*S*B*H");
    add_activations(op, cost, &c, calls, 2, "3*D*S*B*H");
}

/* An addition for each of four gates, and their biases; f*c, i*c', their sum, o*tanh(c). Three peepholes are a product and an
 * addition each; a forget gate that is coupled to the input gate saves one. */
void cost_lstm(Op *op, Cost *cost) {
    static const int32_t calls[] = {3, 1, 1};
    RecurrentCost c = read_cost(op, 4);
    if (strcmp(op->rule->name, "DynamicQuantizeLSTM") == 0) cost->dtype = DTYPE_INT8;
    add_gates(op, cost, &c, 4);
    add_each(op, cost, &c, COST_ELEMENTWISE, 8, "(4 + 4)*D*S*B*H");
    if (c.has_bias) add_each(op, cost, &c, COST_ELEMENTWISE, 4, "4*D*S*B*H");
    if (op_has_input(op, 7)) add_each(op, cost, &c, COST_ELEMENTWISE, 6, "6*D*S*B*H");
    if (op_int(op, "input_forget", 0) != 0) add_each(op, cost, &c, COST_ELEMENTWISE, -1, "-D*S*B*H");
    add_activations(op, cost, &c, calls, 3, "5*D*S*B*H");
}
