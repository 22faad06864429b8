/* Normalization, and Dropout: the output is as the input; what is learnt or measured has one number for each channel, group
 * or row.
 */
#include <string.h>

#include "ops/cost.h"
#include "ops/family.h"
#include "ops/rules.h"

/* Inputs `first` to `last` hold one number for each of `count`. Gives what all agree on. */
static Expr check_vectors(Op *op, uint32_t first, uint32_t last, Expr count, const char *what) {
    Shape shape;
    for (uint32_t i = first; i <= last; i++) {
        if (!op_shape(op, i, &shape)) continue;
        if (shape.rank != 1) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input %u is of rank %d, it takes 1", i, shape.rank);
            continue;
        }
        Expr both = op_equal(op, count, shape.dims[0], what);
        if (expr_is_known(both)) count = both;
    }
    return count;
}

static bool needs_rank(Op *op, const Shape *x, int32_t least) {
    if (x->rank >= least) return true;
    op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d, the least is %d", x->rank, least);
    return false;
}

/* ---- BatchNormalization ---- */

/* X's second dimension; an X of rank 1 has one channel. */
static bool batch_channels(Op *op, Expr *channels) {
    Shape x;
    *channels = EXPR_UNKNOWN;
    if (!op_shape(op, 0, &x) || !needs_rank(op, &x, 1)) return false;
    *channels = x.rank == 1 ? 1 : x.dims[1];
    return true;
}

/* Running and saved statistics: one for each channel. */
static void set_statistics(Op *op, Expr channels, uint32_t dtype) {
    Shape vector = {.rank = 1, .dims = {channels}};
    for (uint32_t i = 1; i < op->outputs.count; i++) op_set(op, i, dtype, &vector);
}

/* Before opset 9, spatial = 0 asks for statistics of each place: one for each of X's dimensions but the batch. */
void infer_batch_normalization_1(Op *op) {
    Shape x;
    Expr channels;
    op_set_like(op, 0, 0);
    if (op_int(op, "spatial", 1) != 0) {
        batch_channels(op, &channels);
        set_statistics(op, check_vectors(op, 1, 4, channels, "channels and parameters"), op_dtype(op, 0));
        return;
    }
    bool is_known = op_shape(op, 0, &x) && needs_rank(op, &x, 1);
    for (int32_t i = 1; is_known && i < x.rank; i++) x.dims[i - 1] = x.dims[i];
    if (is_known) x.rank--;
    for (uint32_t i = 1; i < op->outputs.count; i++) op_set(op, i, op_dtype(op, 0), is_known ? &x : NULL);
}

void infer_batch_normalization(Op *op) {
    Expr channels;
    op_set_like(op, 0, 0);
    batch_channels(op, &channels);
    channels = check_vectors(op, 1, 4, channels, "channels and parameters");
    set_statistics(op, channels, op_dtype(op, 3) ? op_dtype(op, 3) : op_dtype(op, 0));
}

/* Gradients of X (input `x`), and of what scales and shifts it (as input `scale`). */
static void set_gradients(Op *op, uint32_t x, uint32_t scale) {
    op_set_like(op, 0, x);
    op_set_like(op, 1, scale);
    op_set_like(op, 2, scale);
}

void infer_normalization_grad(Op *op) {
    set_gradients(op, 1, 2);
}

/* ---- channels and groups ---- */

void infer_instance_normalization(Op *op) {
    Shape x;
    if (op_shape(op, 0, &x) && needs_rank(op, &x, 3))
        check_vectors(op, 1, 2, x.dims[1], "channels and parameters");
    op_set_like(op, 0, 0);
}

/* The number of groups; 0 after a report when it does not divide the channels. */
static Expr check_groups(Op *op, const char *name, Expr channels) {
    Expr count = family_positive(op, name, 1);
    if (count == 0) return 0;
    Expr rest = expr_modulo(op->algebra, channels, count);
    if (!expr_is_known(rest) || !expr_is_constant(op->algebra, rest) || rest == 0) return count;
    op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s channels do not divide into %s groups", op_show(op, channels),
               op_show(op, count));
    return 0;
}

/* Parameters: one for each group; from opset 21 on for each channel. */
void infer_group_normalization(Op *op) {
    Shape x;
    if (op_shape(op, 0, &x) && needs_rank(op, &x, 2)) {
        Expr groups = check_groups(op, "num_groups", x.dims[1]);
        bool is_old = op->version > 0 && op->version < 21;
        if (groups) check_vectors(op, 1, 2, is_old ? groups : x.dims[1], "channels (groups) and parameters");
    }
    op_set_like(op, 0, 0);
}

static void check_group_norm(Op *op) {
    Shape x;
    if (!op_shape(op, 0, &x) || !needs_rank(op, &x, 3)) return;
    Expr channels = x.dims[op_int(op, "channels_last", 1) ? x.rank - 1 : 1];
    check_groups(op, "groups", channels);
    check_vectors(op, 1, 2, channels, "channels and parameters");
}

void infer_group_norm(Op *op) {
    check_group_norm(op);
    op_set_like(op, 0, 0);
}

/* Outputs: the normalized sum, and the sum. */
void infer_skip_group_norm(Op *op) {
    check_group_norm(op);
    op_set_like(op, 0, 0);
    op_set_like(op, 1, 0);
}

/* ---- rows ---- */

/* A scale of the last dimension, when it is one row and no single number. */
static void check_row(Op *op, uint32_t input, Expr last) {
    Shape scale;
    if (op_shape(op, input, &scale) && scale.rank == 1 && scale.dims[0] != 1)
        op_equal(op, last, scale.dims[0], "the normalized dimension and the parameters");
}

/* Y as X, of Scale's type where the operator lets them differ. Mean and InvStdDev: one number for each row, which is X's
 * dimensions from `axis` on. */
static void infer_rows(Op *op, uint32_t dtype, int64_t fallback, uint32_t parameters) {
    Shape x;
    uint32_t stash = (uint32_t)op_int(op, "stash_type", DTYPE_FLOAT32);
    if (!dtype_is_known(stash)) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute stash_type is %u, no element type", stash);
        stash = DTYPE_UNDEFINED;
    }
    op_set_like_as(op, 0, 0, dtype);
    bool is_known = op_shape(op, 0, &x);
    int32_t axis = is_known ? op_axis(op, op_int(op, "axis", fallback), x.rank) : -1;
    if (axis >= 0 && axis == x.rank - 1)
        for (uint32_t i = 1; i <= parameters; i++) check_row(op, i, x.dims[axis]);
    for (int32_t i = axis; axis >= 0 && i < x.rank; i++) x.dims[i] = 1;
    for (uint32_t i = 1; i < op->outputs.count; i++) op_set(op, i, stash, axis >= 0 ? &x : NULL);
}

/* Before opset 17 it is ONNX Runtime's, with a Scale (and Y) of a type of its own. */
void infer_layer_normalization(Op *op) {
    uint32_t dtype = op->version > 0 && op->version < 17 ? op_dtype(op, 1) : op_dtype(op, 0);
    infer_rows(op, dtype ? dtype : op_dtype(op, 0), -1, 2);
}

void infer_simplified_layer_normalization(Op *op) {
    infer_rows(op, op_dtype(op, 1) ? op_dtype(op, 1) : op_dtype(op, 0), -1, 1);
}

/* Outputs: the normalized sum, mean and inverse deviation of each row, the sum. */
void infer_skip_layer_normalization(Op *op) {
    Shape x;
    op_set_like(op, 0, 0);
    op_set_like(op, 3, 0);
    bool is_known = op_shape(op, 0, &x) && needs_rank(op, &x, 1);
    if (is_known) {
        check_row(op, 2, x.dims[x.rank - 1]);
        x.dims[x.rank - 1] = 1;
    }
    for (uint32_t i = 1; i <= 2; i++) op_set(op, i, DTYPE_FLOAT32, is_known ? &x : NULL);
}

/* (batch, sequence, hidden size); one mask index for each of the batch; the sum of embeddings. Inputs: ids, segments, words
 * (words, hidden size), ... */
void infer_embed_layer_normalization(Op *op) {
    Shape ids, words, y;
    bool is_quantized = op_dtype(op, 2) == DTYPE_INT8 || op_dtype(op, 2) == DTYPE_UINT8;
    uint32_t dtype = is_quantized ? op_dtype(op, 8) : op_dtype(op, 2);
    y = (Shape){.rank = 3, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    if (op_shape(op, 0, &ids)) {
        if (ids.rank == 2) y.dims[0] = ids.dims[0], y.dims[1] = ids.dims[1];
        else op_problem(op, SHAPE_PROBLEM_RANK, "input 0 is of rank %d, it takes 2", ids.rank);
    }
    if (op_shape(op, 2, &words)) {
        if (words.rank == 2) y.dims[2] = words.dims[1];
        else op_problem(op, SHAPE_PROBLEM_RANK, "input 2 is of rank %d, it takes 2", words.rank);
    }
    op_set(op, 0, dtype, &y);
    op_set(op, 1, DTYPE_INT32, &(Shape){.rank = 1, .dims = {y.dims[0]}});
    op_set(op, 2, dtype, &y);
}

/* ---- the rest ---- */

/* Axes must be there. */
void infer_lp_normalization(Op *op) {
    Shape x;
    if (op_shape(op, 0, &x)) op_axis(op, op_int(op, "axis", -1), x.rank);
    op_set_like(op, 0, 0);
}

void infer_mean_variance_normalization(Op *op) {
    Shape x;
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t count;
    if (op_shape(op, 0, &x) && op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &count))
        for (uint32_t i = 0; i < count; i++) op_axis(op, axes[i], x.rank);
    op_set_like(op, 0, 0);
}

/* The mask has the data's type before opset 10, and is bool from then on. */
void infer_dropout(Op *op) {
    op_set_like(op, 0, 0);
    if (op->version > 0 && op->version < 10) op_set_like(op, 1, 0);
    else op_set_like_as(op, 1, 0, DTYPE_BOOL);
}

/* Nothing is dropped outside of training: is_test before opset 7, never in 7 to 11, input training_mode from 12 on. */
void contents_dropout(Op *op) {
    const Contents *data = op_contents(op, 0);
    bool is_test = op->version < 7 ? op->version > 0 && op_int(op, "is_test", 0) != 0
                                   : !op_has_input(op, 2) || op_item(op, 2, 0) == 0;
    if (data && is_test) op_set_contents(op, 0, data->items, data->count);
}

/* data + bias, residual added behind the dropping out. */
void infer_bias_dropout(Op *op) {
    op_set_like(op, 0, 0);
    op_set_like_as(op, 1, 0, DTYPE_BOOL);
}

/* The mask has 32 elements to a word. */
void infer_bitmask_dropout(Op *op) {
    Shape x, mask = {.rank = 1, .dims = {EXPR_UNKNOWN}};
    op_set_like(op, 0, 0);
    if (op_shape(op, 0, &x)) mask.dims[0] = expr_ceil_divide(op->algebra, op_product(op, &x, 0, x.rank), 32);
    op_set(op, 1, DTYPE_UINT32, &mask);
}

/* (..., D/2): half of the sum goes through Gelu and multiplies the other half. */
void infer_bias_split_gelu(Op *op) {
    Shape x;
    bool is_known = op_shape(op, 0, &x) && needs_rank(op, &x, 1);
    if (is_known) {
        int32_t last = x.rank - 1;
        Expr width = check_vectors(op, 1, 1, x.dims[last], "the last dimension and the bias");
        x.dims[last] = expr_floor_divide(op->algebra, width, 2);
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

void infer_bias_add(Op *op) {
    Shape x;
    if (op_shape(op, 0, &x) && needs_rank(op, &x, 1))
        check_vectors(op, 1, 1, x.dims[x.rank - 1], "the last dimension and the bias");
    op_set_like(op, 0, 0);
}

/* ---- costs ---- */

/* With R rows of the N elements, 5*N + R: the mean takes N - R additions and R divisions; then N subtractions; the variance N
 * products, N - R additions, R divisions; R times epsilon; N products. Without a mean, 3*N + R. A root for each row. */
static void add_rows(Op *op, Cost *cost, Expr n, Expr rows, bool has_mean) {
    Expr all = op_plus(op, op_times(op, n, has_mean ? 5 : 3), rows);
    COST_ADD(op, cost, COST_ELEMENTWISE, all, has_mean ? "5*N + R" : "3*N + R", {"N", n}, {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, rows, "R", {"R", rows});
}

/* N for each of inputs `first` to `last` that is given: scales, biases, what is added. */
static void add_parameters(Op *op, Cost *cost, Expr n, uint32_t first, uint32_t last) {
    Expr count = 0;
    for (uint32_t i = first; i <= last; i++) count += op_has_input(op, i);
    if (count == 0) return;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, count), "parameters*N", {"parameters", count},
             {"N", n});
}

/* Product of the dimensions before `axis`, which may count from the end. */
static Expr rows_before(Op *op, Place place, int64_t axis) {
    Shape shape;
    if (!op_place_shape(op, place, &shape)) return EXPR_UNKNOWN;
    int32_t first = op_axis(op, axis, shape.rank);
    return first < 0 ? EXPR_UNKNOWN : op_product(op, &shape, 0, first);
}

/* 2*N(Y): what is learnt and measured is one scale and one shift of each channel. */
COST_EACH_RULE(cost_batch_normalization, 2, 0)

/* 5*N + R, N for the scale, N for the bias. */
void cost_layer_normalization(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    add_rows(op, cost, n, rows_before(op, INPUT(0), op_int(op, "axis", -1)), true);
    add_parameters(op, cost, n, 1, 2);
}

/* 3*N + R, N for the scale. */
void cost_rms_normalization(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    add_rows(op, cost, n, rows_before(op, INPUT(0), op_int(op, "axis", -1)), false);
    add_parameters(op, cost, n, 1, 1);
}

/* As the normalization of that kind; the skip, gamma, beta and a bias are N each. */
void cost_skip_layer_normalization(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    bool is_simplified = strstr(op->rule->name, "Simplified") != NULL;
    add_rows(op, cost, n, rows_before(op, INPUT(0), -1), !is_simplified);
    add_parameters(op, cost, n, 1, is_simplified ? 3 : 4);
}

/* Of the tables (inputs 2 to 4) only the rows that ids pick are read. */
static void embedding_reads(Op *op, Cost *cost, Expr n) {
    cost_bytes_none(cost);
    for (uint32_t i = 0; i < op->outputs.count; i++)
        cost->metrics[COST_BYTES_WRITTEN] =
            op_plus(op, cost->metrics[COST_BYTES_WRITTEN], op_nbytes(op, OUTPUT(i)));
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        if (!op_has_input(op, i)) continue;
        uint32_t bits = dtype_bits(op_dtype(op, i));
        Expr rows = bits ? expr_ceil_divide(op->algebra, op_times(op, n, bits), 8) : EXPR_UNKNOWN;
        cost_reads(op, cost, i, i >= 2 && i <= 4 ? rows : op_nbytes(op, INPUT(i)));
    }
}

/* Layer normalization of the sum of two embeddings, or of three with segments: N for each beyond the first. Tables of 8 bits
 * are widened: 2*N each. */
void cost_embed_layer_normalization(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0)), tables = op_has_input(op, 4) ? 3 : 2;
    uint32_t dtype = op_dtype(op, 2);
    add_rows(op, cost, n, rows_before(op, OUTPUT(0), -1), true);
    add_parameters(op, cost, n, 5, 6);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, tables - 1), "(tables - 1)*N", {"tables", tables},
             {"N", n});
    if (dtype == DTYPE_INT8 || dtype == DTYPE_UINT8)
        COST_ADD(op, cost, COST_DEQUANT, op_times(op, n, 2 * tables), "2*tables*N", {"tables", tables},
                 {"N", n});
    embedding_reads(op, cost, n);
}

/* 7*N + R, scale and bias included, with a row for each channel (group) of each of the batch. */
static void add_channel_rows(Op *op, Cost *cost, Expr groups) {
    Expr n = op_elements(op, INPUT(0)), rows = op_times(op, op_dim(op, INPUT(0), 0), groups);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_plus(op, op_times(op, n, 7), rows), "7*N + R", {"N", n},
             {"R", rows});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, rows, "R", {"R", rows});
}

void cost_instance_normalization(Op *op, Cost *cost) {
    add_channel_rows(op, cost, op_dim(op, INPUT(0), 1));
}

/* GroupNorm has x*sigmoid(x) behind it where activation is 1; SkipGroupNorm adds a skip and a bias before. */
void cost_group_normalization(Op *op, Cost *cost) {
    bool is_ours = op->rule->domain[0] == '\0';
    Expr n = op_elements(op, INPUT(0)), groups = family_positive(op, is_ours ? "num_groups" : "groups", 1);
    add_channel_rows(op, cost, groups ? groups : EXPR_UNKNOWN);
    if (!is_ours) add_parameters(op, cost, n, 3, 4);
    if (is_ours || op_int(op, "activation", 0) != 1) return;
    COST_ADD(op, cost, COST_ELEMENTWISE, n, "N", {"N", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N", {"N", n});
}

/* Product of the dimensions that no axis names; the axes are 0, 2 and 3 by default. Before opset 9 they are all but the batch
 * and, unless across_channels says so, the channels. */
static Expr mean_variance_rows(Op *op) {
    Shape x;
    int64_t axes[SHAPE_RANK_LIMIT] = {0, 2, 3};
    uint32_t count = 3;
    bool is_old = op->rule->domain[0] != '\0' || (op->version > 0 && op->version < 9);
    if (!op_shape(op, 0, &x)) return EXPR_UNKNOWN;
    if (is_old)
        return op_product(op, &x, 0, x.rank > 1 && op_int(op, "across_channels", 0) == 0 ? 2 : x.rank > 0);
    if (!op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &count) && op_attribute(op, "axes")) return EXPR_UNKNOWN;
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = op_axis(op, axes[i], x.rank);
        if (axis < 0) return EXPR_UNKNOWN;
        x.dims[axis] = 1;
    }
    return op_product(op, &x, 0, x.rank);
}

/* 5*N + R */
void cost_mean_variance_normalization(Op *op, Cost *cost) {
    add_rows(op, cost, op_elements(op, INPUT(0)), mean_variance_rows(op), true);
}

/* N squares or absolute values, N - R additions, N divisions; a root for each row when p is 2. Normalizer, whose norm may
 * also be the greatest, works on the last axis. */
void cost_lp_normalization(Op *op, Cost *cost) {
    bool is_ml = op->rule->domain[0] != '\0';
    bool has_roots =
        is_ml ? bytes_equal(op_string(op, "norm", "MAX"), BYTES_LITERAL("L2")) : op_int(op, "p", 2) == 2;
    Expr n = op_elements(op, INPUT(0)), rows = op_rows(op, 0, is_ml ? -1 : op_int(op, "axis", -1), false);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, n, 3), rows), "3*N - R", {"N", n},
             {"R", rows});
    if (has_roots) COST_ADD(op, cost, COST_TRANSCENDENTALS, rows, "R", {"R", rows});
}

/* (size + 3)*N: N squares, size - 1 additions for each, alpha, bias, and a division; a power for each. */
void cost_lrn(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0)), size = family_positive(op, "size", 0);
    if (!size) {
        cost_gap(op, cost, "attribute size is not at least 1");
        return;
    }
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_plus(op, size, 3), n), "(size + 3)*N",
             {"size", size}, {"N", n});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, n, "N", {"N", n});
}
