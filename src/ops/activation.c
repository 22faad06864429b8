/* Costs of activations, of softmax and of mixtures of experts. Their shapes are their inputs' (infer_same). */
#include <string.h>

#include "ops/cost.h"
#include "ops/rules.h"

COST_EACH_RULE(cost_swish, 1, 1)      /* x*sigmoid(x): alpha is 1 but for some, and not counted */
COST_EACH_RULE(cost_quick_gelu, 2, 1) /* x*sigmoid(alpha*x) */
COST_EACH_RULE(cost_elu, 3, 1)
COST_EACH_RULE(cost_celu, 4, 1) /* and Selu */
COST_EACH_RULE(cost_softplus, 1, 2)
COST_EACH_RULE(cost_mish, 2, 3)

/* 0.5 * x * (1 + erf(x / sqrt 2)): 4 and an erf; with approximate = "tanh", and in FastGelu, 8 and a tanh. BiasGelu and
 * FastGelu add a bias first. */
void cost_gelu(Op *op, Cost *cost) {
    bool is_fast = strcmp(op->rule->name, "FastGelu") == 0;
    bool is_tanh = is_fast || bytes_equal(op_string(op, "approximate", "none"), BYTES_LITERAL("tanh"));
    Expr n = op_elements(op, OUTPUT(0));
    cost->flags |= COST_IN_PLACE;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, is_tanh ? 8 : 4), is_tanh ? "8*N(Y)" : "4*N(Y)",
             {"N(Y)", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N(Y)", {"N(Y)", n});
    if (op_has_input(op, 1)) COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
}

/* Before opset 13, and in com.microsoft, all axes from `axis` on are one. */
static Expr softmax_rows(Op *op) {
    bool is_flat = op->rule->domain[0] != '\0' || op->version < 13;
    return op_rows(op, 0, op_int(op, "axis", is_flat ? 1 : -1), is_flat);
}

/* Rows of L in N = R*L elements: max R(L-1), subtract N, sum R(L-1), divide N; exp N. BiasSoftmax adds its bias first. */
void cost_softmax(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0)), rows = softmax_rows(op);
    cost->flags |= COST_IN_PLACE;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, n, 4), op_times(op, rows, 2)),
             "4*N(X) - 2*R", {"N(X)", n}, {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N(X)", {"N(X)", n});
    if (op_has_input(op, 1)) COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(X)", {"N(X)", n});
}

/* The same, and a logarithm of each row's sum. */
void cost_log_softmax(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0)), rows = softmax_rows(op);
    cost->flags |= COST_IN_PLACE;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, n, 4), op_times(op, rows, 2)),
             "4*N(X) - 2*R", {"N(X)", n}, {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_plus(op, n, rows), "N(X) + R", {"N(X)", n}, {"R", rows});
}

/* R*(L-1): the maximum of each row. */
void cost_hardmax(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0)), rows = softmax_rows(op);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, n, rows), "N(X) - R", {"N(X)", n}, {"R", rows});
}

/* ---- mixtures of experts ---- */

/* T tokens of D, each through k of E experts of F hidden units. */
typedef struct Experts {
    Expr tokens, chosen, size, count, hidden;
    int64_t matrices; /* of an expert: two, three with a gate */
    Expr used;        /* experts whose weights are read: at most E, and at most T*k */
} Experts;

/* Places of the second matrix, whose elements are E*D*F, and of the third. */
static uint32_t expert_input(const Op *op, bool is_third) {
    bool is_quantised = strcmp(op->rule->name, "QMoE") == 0;
    if (is_third) return is_quantised ? 8 : 6;
    return is_quantised ? 5 : 4;
}

/* Numbers that one stored element holds: of QMoE's weights, 8 bits hold two of 4. EXPR_UNKNOWN when they
 * do not fit. */
static Expr numbers_in_element(Op *op, uint32_t input) {
    int64_t bits = op_int(op, "expert_weight_bits", 4);
    uint32_t stored = dtype_bits(op_dtype(op, input));
    if (strcmp(op->rule->name, "QMoE") != 0) return 1;
    if (stored == 0 || bits < 1 || bits > stored) return EXPR_UNKNOWN;
    return expr_rational(op->algebra, stored, bits);
}

static bool is_activation(Op *op, const char *name) {
    Bytes given = op_string(op, "activation_type", "relu");
    return bytes_equal(given, (Bytes){name, strlen(name)});
}

static void read_experts(Op *op, Cost *cost, Experts *e) {
    Shape input;
    uint32_t second = expert_input(op, false);
    int64_t k = op_int(op, "k", 1);
    *e = (Experts){.tokens = EXPR_UNKNOWN, .size = EXPR_UNKNOWN};
    if (op_shape(op, 0, &input) && input.rank >= 1) {
        e->tokens = op_product(op, &input, 0, input.rank - 1);
        e->size = input.dims[input.rank - 1];
    }
    if (k < 1) cost_gap(op, cost, "k is below 1");
    e->chosen = k < 1 ? EXPR_UNKNOWN : expr_integer(op->algebra, k);
    e->count = op_dim(op, INPUT(second), 0);
    Expr numbers = op_times(op, op_elements(op, INPUT(second)), numbers_in_element(op, second));
    e->hidden = expr_divide(op->algebra, numbers, op_times(op, e->count, e->size));
    e->matrices = op_has_input(op, expert_input(op, true)) || is_activation(op, "swiglu") ? 3 : 2;
    e->used = expr_min(op->algebra, e->count, op_times(op, e->tokens, e->chosen));
}

/* Activations, and the weights of those experts that some token goes to. */
static void add_expert_bytes(Op *op, Cost *cost, const Experts *e) {
    Shape shape;
    cost_bytes_none(cost);
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        if (!op_has_input(op, i)) continue;
        Expr nbytes = op_nbytes(op, INPUT(i));
        bool is_of_experts =
            i >= 2 && op_shape(op, i, &shape) && shape.rank >= 1 && shape.dims[0] == e->count;
        if (is_of_experts) nbytes = op_times(op, expr_divide(op->algebra, nbytes, e->count), e->used);
        cost_reads(op, cost, i, nbytes);
    }
    cost->metrics[COST_BYTES_WRITTEN] = op_nbytes(op, OUTPUT(0));
}

/* T*k*(n_mat*D*F): the router stands outside, its probabilities are an input. An activation for each
 * hidden unit, results weighted by D; softmax takes an exp for each of T*E probabilities. QMoE's weights
 * are widened first. */
void cost_moe(Op *op, Cost *cost) {
    Experts e;
    read_experts(op, cost, &e);
    Expr routed = op_times(op, e.tokens, e.chosen), units = op_times(op, routed, e.hidden);
    Expr matrices = op_times(op, e.matrices, op_times(op, e.size, e.hidden));
    Expr probabilities = op_elements(op, INPUT(1));
    bool has_exp = !is_activation(op, "relu") && !is_activation(op, "identity");
    COST_ADD(op, cost, COST_MACS, op_times(op, routed, matrices), "T*k*n_mat*D*F", {"T", e.tokens},
             {"k", e.chosen}, {"n_mat", e.matrices}, {"D", e.size}, {"F", e.hidden});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, routed, op_plus(op, e.hidden, e.size)), "T*k*F + T*k*D",
             {"T", e.tokens}, {"k", e.chosen}, {"F", e.hidden}, {"D", e.size});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, probabilities, "T*E", {"T*E", probabilities});
    if (has_exp)
        COST_ADD(op, cost, COST_TRANSCENDENTALS, units, "T*k*F", {"T", e.tokens}, {"k", e.chosen},
                 {"F", e.hidden});
    if (strcmp(op->rule->name, "QMoE") == 0)
        COST_ADD(op, cost, COST_DEQUANT, op_times(op, op_times(op, e.used, matrices), 2),
                 "2*min(E, T*k)*n_mat*D*F", {"min(E, T*k)", e.used}, {"n_mat", e.matrices}, {"D", e.size},
                 {"F", e.hidden});
    add_expert_bytes(op, cost, &e);
}
