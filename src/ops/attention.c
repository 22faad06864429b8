/* Attention: com.microsoft's many forms and ai.onnx's one. B batch, S queries, T keys (past ones P and new ones), H heads,
 * D head size; V has heads of a size Dv of its own. Hidden sizes are H*D.
 */
#include <string.h>

#include "ops/rules.h"

/* ---- parts ---- */

static void set_all(Op *op, uint32_t count, uint32_t dtype) {
    for (uint32_t i = 0; i < count; i++) op_set(op, i, dtype, NULL);
}

/* An input of one of two ranks; false when its rank is not known or another (then after a report). */
static bool ranked(Op *op, uint32_t i, int32_t rank, int32_t other, Shape *shape) {
    if (!op_shape(op, i, shape)) return false;
    if (shape->rank == rank || shape->rank == other) return true;
    if (rank == other)
        op_problem(op, SHAPE_PROBLEM_RANK, "input %u has rank %d, %d is wanted", i, shape->rank, rank);
    else
        op_problem(op, SHAPE_PROBLEM_RANK, "input %u has rank %d, %d or %d is wanted", i, shape->rank, rank,
                   other);
    return false;
}

/* A number of heads; 0 after a report when it is below 1, or left out and `is_required`. */
static int64_t head_count(Op *op, const char *name, bool is_required) {
    int64_t heads = op_int(op, name, 0);
    if (heads > 0) return heads;
    if (is_required || op_attribute(op, name))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is %lld, at least 1 is wanted", name,
                   (long long)heads);
    return 0;
}

static Expr heads_expr(Op *op, int64_t heads) {
    return heads > 0 ? expr_integer(op->algebra, heads) : EXPR_UNKNOWN;
}

/* hidden / heads, which must come out whole. */
static Expr over_heads(Op *op, Expr hidden, Expr heads) {
    if (!expr_is_known(hidden) || !expr_is_known(heads)) return EXPR_UNKNOWN;
    if (expr_is_constant(op->algebra, hidden) && expr_modulo(op->algebra, hidden, heads) != 0) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "a hidden size of %s is not divided by %s heads",
                   op_show(op, hidden), op_show(op, heads));
        return EXPR_UNKNOWN;
    }
    return expr_floor_divide(op->algebra, hidden, heads);
}

/* Dimension `axis` of an input of that rank; EXPR_UNKNOWN when it is left out or of another rank. */
static Expr dim_of(const Op *op, uint32_t i, int32_t rank, int32_t axis) {
    Shape shape;
    return op_shape(op, i, &shape) && shape.rank == rank ? shape.dims[axis] : EXPR_UNKNOWN;
}

/* `length` behind a past whose length is dimension `axis`; the past's own length when they share a buffer. */
static Expr behind_past(Op *op, uint32_t past, int32_t rank, int32_t axis, Expr length, bool is_shared) {
    if (!op_has_input(op, past)) return length;
    Shape shape;
    if (!ranked(op, past, rank, rank, &shape)) return EXPR_UNKNOWN;
    return is_shared ? shape.dims[axis] : expr_add(op->algebra, shape.dims[axis], length);
}

static void set_4(Op *op, uint32_t i, uint32_t dtype, Expr a, Expr b, Expr c, Expr d) {
    op_set(op, i, dtype, &(Shape){.rank = 4, .dims = {a, b, c, d}});
}

/* ---- products with the weights inside: Attention and its kin ---- */

/* The hidden size of V: qkv_hidden_sizes[2], else a third of the weights' columns. */
static Expr value_hidden(Op *op) {
    int64_t sizes[3];
    uint32_t count;
    Shape weights;
    if (op_ints(op, "qkv_hidden_sizes", sizes, 3, &count) && count) {
        if (count == 3 && sizes[2] > 0) return expr_integer(op->algebra, sizes[2]);
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "qkv_hidden_sizes are no three positive numbers");
        return EXPR_UNKNOWN;
    }
    if (!ranked(op, 1, 2, 2, &weights)) return EXPR_UNKNOWN;
    return over_heads(op, weights.dims[1], 3);
}

/* output [B, S, H*Dv]; present [2, B, H, P + S, Dv], or as long as past where they share a buffer */
static void attention_with_past(Op *op, uint32_t past, bool is_shared, uint32_t dtype) {
    Shape input, weights;
    Expr heads = heads_expr(op, head_count(op, "num_heads", true));
    if (!ranked(op, 0, 3, 3, &input)) {
        set_all(op, 2, dtype);
        return;
    }
    Expr hidden = value_hidden(op);
    if (op_shape(op, 1, &weights) && weights.rank == 2)
        op_equal(op, input.dims[2], weights.dims[0], "the input's hidden size and the weights' rows");
    op_set(op, 0, dtype, &(Shape){.rank = 3, .dims = {input.dims[0], input.dims[1], hidden}});
    Expr length = behind_past(op, past, 5, 3, input.dims[1], is_shared);
    Shape present = {.rank = 5, .dims = {2, input.dims[0], heads, length, over_heads(op, hidden, heads)}};
    op_set(op, 1, dtype, &present);
}

void infer_attention_ms(Op *op) {
    attention_with_past(op, 4, op_int(op, "past_present_share_buffer", 0) != 0, op_dtype(op, 0));
}

/* 8-bit input and weights, dtype of their scales */
void infer_qattention(Op *op) {
    attention_with_past(op, 8, op_int(op, "past_present_share_buffer", 0) != 0, op_dtype(op, 3));
}

/* present is past */
void infer_decoder_masked_self_attention(Op *op) {
    attention_with_past(op, 4, true, op_dtype(op, 0));
}

/* input [tokens, hidden]; output [tokens, H*Dv] */
void infer_packed_attention(Op *op) {
    Shape input;
    if (ranked(op, 0, 2, 2, &input)) input.dims[1] = value_hidden(op);
    else input.rank = -1;
    op_set(op, 0, op_dtype(op, 0), &input);
}

/* ---- MultiHeadAttention and its kin ---- */

typedef struct Heads {
    Expr batch, queries, keys; /* keys: without the past */
    Expr count;
    Expr size, value_size; /* of a head */
    Expr value_hidden;
} Heads;

static void read_key(Op *op, Heads *h) {
    Shape key;
    if (!op_shape(op, 1, &key)) {
        if (op_has_input(op, 1)) h->keys = EXPR_UNKNOWN;
        return;
    }
    if (key.rank < 3 || key.rank > 5) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the key has rank %d, 3, 4 or 5 is wanted", key.rank);
        h->keys = EXPR_UNKNOWN;
        return;
    }
    h->batch = op_equal(op, h->batch, key.dims[0], "the batches of query and key");
    h->keys = key.rank == 4 ? key.dims[2] : key.dims[1];
}

static void read_value(Op *op, Heads *h) {
    Shape value;
    if (!op_has_input(op, 2)) return;
    h->value_size = h->value_hidden = EXPR_UNKNOWN;
    if (!op_shape(op, 2, &value)) return;
    if (value.rank != 3 && value.rank != 4) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the value has rank %d, 3 or 4 is wanted", value.rank);
        return;
    }
    h->value_size = value.rank == 4 ? value.dims[3] : over_heads(op, value.dims[2], h->count);
    h->value_hidden =
        value.rank == 4 ? expr_multiply(op->algebra, value.dims[1], value.dims[3]) : value.dims[2];
}

/* Query [B,S,H*D] with key and value [B,T,hidden] or [B,H,T,D]; packed query, key, value [B,S,H,3,D]; packed key, value
 * [B,T,H,2,D]. */
static bool read_heads(Op *op, Heads *h) {
    Shape query;
    *h = (Heads){.count = heads_expr(op, head_count(op, "num_heads", true))};
    if (!ranked(op, 0, 3, 5, &query)) return false;
    h->batch = query.dims[0];
    h->queries = h->keys = query.dims[1];
    if (query.rank == 5) {
        h->count = op_equal(op, query.dims[2], h->count, "the packed heads and num_heads");
        h->size = h->value_size = query.dims[4];
        h->value_hidden = expr_multiply(op->algebra, query.dims[2], query.dims[4]);
        return true;
    }
    h->size = h->value_size = over_heads(op, query.dims[2], h->count);
    h->value_hidden = query.dims[2];
    read_key(op, h);
    read_value(op, h);
    return true;
}

/* The keys attended to, where present is a buffer that they do not fill: a past as long as a value says, and the new ones. */
static Expr keys_in_buffer(Op *op, uint32_t length_input, Expr new_ones) {
    Expr past = op_item(op, length_input, 0);
    if (expr_is_known(past) || !op_has_output(op, 3)) return expr_add(op->algebra, past, new_ones);
    return op_data_dim(op, 3, 3, 0, INT64_MAX, "how much of the buffer is filled is a value");
}

/* output [B, S, H*Dv]; present key [B, H, T, D] and value, or the buffers of the past; qk [B, H, S, T] */
static void multi_head(Op *op, uint32_t first_past, uint32_t length_input, bool is_shared) {
    uint32_t dtype = op_dtype(op, 0);
    Heads h;
    if (!read_heads(op, &h)) {
        set_all(op, 4, dtype);
        return;
    }
    Expr keys = behind_past(op, first_past, 4, 2, h.keys, is_shared);
    op_set(op, 0, dtype, &(Shape){.rank = 3, .dims = {h.batch, h.queries, h.value_hidden}});
    set_4(op, 1, dtype, h.batch, h.count, keys, h.size);
    set_4(op, 2, dtype, h.batch, h.count, keys, h.value_size);
    if (is_shared) keys = keys_in_buffer(op, length_input, h.keys);
    set_4(op, 3, dtype, h.batch, h.count, h.queries, keys);
}

/* past_sequence_length comes with a buffer that past and present share. */
void infer_multi_head_attention(Op *op) {
    multi_head(op, 6, 8, op_has_input(op, 8));
}

void infer_decoder_masked_multi_head_attention(Op *op) {
    multi_head(op, 5, 7, op_int(op, "past_present_share_buffer", 0) != 0);
}

/* Packed: query [tokens, hidden] with value [tokens, H*Dv], or all in one [tokens, H, 3, D]; output [tokens, H*Dv] */
void infer_packed_multi_head_attention(Op *op) {
    Shape query, output = {.rank = -1};
    if (ranked(op, 0, 2, 4, &query)) {
        output = (Shape){.rank = 2, .dims = {query.dims[0], query.dims[query.rank == 2 ? 1 : 3]}};
        if (query.rank == 4) output.dims[1] = expr_multiply(op->algebra, query.dims[1], query.dims[3]);
        else if (op_has_input(op, 2)) output.dims[1] = dim_of(op, 2, 2, 1);
    }
    op_set(op, 0, op_dtype(op, 0), &output);
}

/* ---- grouped heads: Hq of queries, Hkv of keys and values ---- */

typedef struct Groups {
    Shape query;
    Expr query_heads, key_heads, size;
    Expr hidden; /* of the output */
} Groups;

/* Query [B, S, Hq*D], or with the keys and values packed behind, [B, S, (Hq + 2 Hkv)*D], when there is no key. (Packed
 * tokens: the same without B.) */
static bool read_groups(Op *op, int32_t rank, Groups *g) {
    int64_t query_heads = head_count(op, "num_heads", true), key_heads = head_count(op, "kv_num_heads", true);
    *g = (Groups){.query_heads = heads_expr(op, query_heads), .key_heads = heads_expr(op, key_heads)};
    if (query_heads && key_heads && query_heads % key_heads)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "num_heads %lld is no multiple of kv_num_heads %lld",
                   (long long)query_heads, (long long)key_heads);
    if (!ranked(op, 0, rank, rank, &g->query)) return false;
    g->hidden = g->query.dims[rank - 1];
    bool is_packed = !op_has_input(op, 1);
    Expr heads = g->query_heads;
    if (is_packed) heads = expr_add(op->algebra, heads, expr_multiply(op->algebra, 2, g->key_heads));
    g->size = over_heads(op, g->hidden, heads);
    if (is_packed) g->hidden = expr_multiply(op->algebra, g->query_heads, g->size);
    return true;
}

/* How long present is: the longer of past and all, when the total is known; else past and new ones. With a cache that slides
 * past stays as it is. */
static Expr grouped_length(Op *op, const Groups *g) {
    Expr past = dim_of(op, 3, 4, 2), new_ones = g->query.dims[1], total = op_item(op, 6, 0);
    if (op_has_input(op, 3) && op_int(op, "sliding_window_cache", 0)) return past;
    if (expr_is_known(total)) return op_has_input(op, 3) ? expr_max(op->algebra, total, past) : total;
    return op_has_input(op, 3) ? expr_add(op->algebra, past, new_ones) : new_ones;
}

/* output [B, S, Hq*D]; present key and value [B, Hkv, T, D], two to a byte in a cache of 4 bits; qk [B, Hq, S, T] */
void infer_group_query_attention(Op *op) {
    uint32_t dtype = op_dtype(op, 0), cache = op_has_input(op, 3) ? op_dtype(op, 3) : dtype;
    Groups g;
    if (!read_groups(op, 3, &g)) {
        op_set(op, 0, dtype, NULL);
        op_set(op, 1, cache, NULL);
        op_set(op, 2, cache, NULL);
        op_set(op, 3, dtype, NULL);
        return;
    }
    Expr batch = g.query.dims[0], length = grouped_length(op, &g), stored = g.size;
    if (op_has_input(op, 1)) batch = op_equal(op, batch, dim_of(op, 1, 3, 0), "the batches of query and key");
    if (op_int(op, "kv_cache_bit_width", 0) == 4) stored = expr_ceil_divide(op->algebra, stored, 2);
    Expr past_size = dim_of(op, 3, 4, 3);
    if (expr_is_known(past_size)) stored = past_size;
    op_set(op, 0, dtype, &(Shape){.rank = 3, .dims = {batch, g.query.dims[1], g.hidden}});
    set_4(op, 1, cache, batch, g.key_heads, length, stored);
    set_4(op, 2, cache, batch, g.key_heads, length, stored);
    Expr total = op_item(op, 6, 0);
    set_4(op, 3, dtype, batch, g.query_heads, g.query.dims[1], expr_is_known(total) ? total : length);
}

/* present key and value are the past's buffers */
void infer_sparse_attention(Op *op) {
    Groups g;
    if (read_groups(op, 3, &g)) g.query.dims[2] = g.hidden;
    else g.query.rank = -1;
    op_set(op, 0, op_dtype(op, 0), &g.query);
    op_set_like(op, 1, 3);
    op_set_like(op, 2, 4);
}

/* Packed tokens; the caches' blocks are updated in place. v_head_size: the part of a head that is V in a cache of both. */
void infer_paged_attention(Op *op) {
    Groups g;
    int64_t value_size = op_int(op, "v_head_size", 0);
    if (read_groups(op, 2, &g)) {
        g.query.dims[1] = g.hidden;
        if (value_size > 0)
            g.query.dims[1] =
                expr_multiply(op->algebra, g.query_heads, expr_integer(op->algebra, value_size));
    } else {
        g.query.rank = -1;
    }
    op_set(op, 0, op_dtype(op, 0), &g.query);
    op_set_like(op, 1, 3);
    op_set_like(op, 2, 4);
}

/* ---- ai.onnx's Attention ---- */

/* Q, K or V as [B, H, length, D], of [B, H, length, D] or [B, length, H*D]. */
static bool heads_apart(Op *op, uint32_t i, const char *attribute, Shape *shape) {
    if (!ranked(op, i, 3, 4, shape)) return false;
    if (shape->rank == 4) return true;
    Expr heads = heads_expr(op, head_count(op, attribute, true));
    *shape = (Shape){.rank = 4,
                     .dims = {shape->dims[0], heads, shape->dims[1], over_heads(op, shape->dims[2], heads)}};
    return true;
}

static Shape unknown_4(void) {
    return (Shape){.rank = 4, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
}

/* What Q, K and V must have in common. */
static void equate_heads(Op *op, Shape *q, Shape *k, Shape *v) {
    q->dims[0] = op_equal(op, q->dims[0], op_equal(op, k->dims[0], v->dims[0], "the batches of K and V"),
                          "the batches of Q and K");
    k->dims[1] = op_equal(op, k->dims[1], v->dims[1], "the heads of K and V");
    k->dims[2] = op_equal(op, k->dims[2], v->dims[2], "the lengths of K and V");
    k->dims[3] = op_equal(op, k->dims[3], q->dims[3], "the head sizes of Q and K");
    if (expr_is_constant(op->algebra, q->dims[1]) && expr_is_constant(op->algebra, k->dims[1]) &&
        expr_less(op->algebra, 0, k->dims[1]) == TRUTH_TRUE &&
        expr_modulo(op->algebra, q->dims[1], k->dims[1]) != 0)
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s heads of Q are no multiple of %s heads of K",
                   op_show(op, q->dims[1]), op_show(op, k->dims[1]));
}

/* Y [B, Hq, S, Dv], or [B, S, Hq*Dv] for Q of rank 3; present key [B, Hkv, P + T, D] and value; qk [B, Hq, S, P + T] */
void infer_attention(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape query, q, k, v;
    bool has_query = op_shape(op, 0, &query) && heads_apart(op, 0, "q_num_heads", &q);
    if (!has_query) q = unknown_4();
    if (!heads_apart(op, 1, "kv_num_heads", &k)) k = unknown_4();
    if (!heads_apart(op, 2, "kv_num_heads", &v)) v = unknown_4();
    equate_heads(op, &q, &k, &v);
    Expr length = behind_past(op, 4, 4, 2, k.dims[2], false);
    if (!has_query) op_set(op, 0, dtype, NULL);
    else if (query.rank == 4) set_4(op, 0, dtype, q.dims[0], q.dims[1], q.dims[2], v.dims[3]);
    else {
        Expr hidden = expr_multiply(op->algebra, q.dims[1], v.dims[3]);
        op_set(op, 0, dtype, &(Shape){.rank = 3, .dims = {q.dims[0], q.dims[2], hidden}});
    }
    set_4(op, 1, op_dtype(op, 1), q.dims[0], k.dims[1], length, k.dims[3]);
    set_4(op, 2, op_dtype(op, 2), q.dims[0], k.dims[1], length, v.dims[3]);
    set_4(op, 3, dtype, q.dims[0], q.dims[1], q.dims[2], length);
}

/* ---- around attention ---- */

/* query [S, B, H*D] (sequence first), key [T, B, H*D]; output as query; caches [B, H, P + T, D] (whether the past is used is
 * data: use_past and static_kv) */
void infer_decoder_attention(Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    Shape query;
    op_set_like(op, 0, 0);
    if (!ranked(op, 0, 3, 3, &query)) {
        op_set(op, 1, dtype, NULL);
        op_set(op, 2, dtype, NULL);
        return;
    }
    Expr heads = heads_expr(op, head_count(op, "num_heads", true));
    Expr static_kv = op_item(op, 8, 0), use_past = op_item(op, 9, 0), length = EXPR_UNKNOWN;
    Expr past = dim_of(op, 6, 4, 2), added = static_kv == 0 ? query.dims[0] : dim_of(op, 1, 3, 0);
    if (use_past == 0) length = added;
    else if (use_past == 1 && static_kv == 1) length = past;
    else if (use_past == 1 && static_kv == 0) length = expr_add(op->algebra, past, added);
    for (uint32_t i = 1; i < 3; i++) {
        Expr dim = length;
        if (!expr_is_known(dim) && op_has_output(op, i))
            dim = op_data_dim(op, i, 2, 0, INT64_MAX,
                              "whether the past is used depends on use_past and static_kv");
        set_4(op, i, dtype, query.dims[1], heads, dim, over_heads(op, query.dims[2], heads));
    }
}

/* both outputs as q and k: q cos(emb) + q_rot sin(emb) */
void infer_gemma_rotary_embedding(Op *op) {
    op_set_like(op, 0, 1);
    op_set_like(op, 1, 3);
}

/* bias_table [buckets, H], two lengths as contents; output [1, H, S, T] */
void infer_relative_position_bias(Op *op) {
    Shape table;
    Expr heads = ranked(op, 0, 2, 2, &table) ? table.dims[1] : EXPR_UNKNOWN, lengths[2];
    for (uint32_t i = 0; i < 2; i++) {
        lengths[i] = op_item(op, i + 1, 0);
        if (!expr_is_known(lengths[i]))
            lengths[i] = op_data_dim(op, 0, i + 2, 0, INT64_MAX, "a length given as a value");
    }
    set_4(op, 0, op_dtype(op, 0), 1, heads, lengths[0], lengths[1]);
}

/* query_layer [B, S, H*D] (or tokens [N, H*D] with token_offset [B, S]), rel_pos [1, H, S, S]; output [B, H, S, S] */
void infer_gated_relative_position_bias(Op *op) {
    Expr heads = heads_expr(op, head_count(op, "num_heads", true));
    Shape query;
    Expr batch = dim_of(op, 6, 2, 0), length = dim_of(op, 6, 2, 1);
    if (!op_has_input(op, 6) && ranked(op, 0, 3, 3, &query)) batch = query.dims[0], length = query.dims[1];
    set_4(op, 0, op_dtype(op, 0), batch, heads, length, length);
}

/* input [B, S, hidden]; output [tokens, hidden], tokens at most B*S; token_offset [B, S]; cumulated_seq_len [B + 1];
 * max_seq_len [1] */
void infer_remove_padding(Op *op) {
    Shape input;
    if (!ranked(op, 0, 3, 3, &input)) input = (Shape){3, {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    int64_t least, most;
    expr_bounds(op->algebra, op_product(op, &input, 0, 2), &least, &most);
    Expr tokens = op_data_dim(op, 0, 0, 0, most, "how many tokens are no padding");
    op_set(op, 0, op_dtype(op, 0), &(Shape){.rank = 2, .dims = {tokens, input.dims[2]}});
    op_set(op, 1, DTYPE_INT32, &(Shape){.rank = 2, .dims = {input.dims[0], input.dims[1]}});
    op_set(op, 2, DTYPE_INT32, &(Shape){.rank = 1, .dims = {expr_add(op->algebra, input.dims[0], 1)}});
    op_set(op, 3, DTYPE_INT32, &(Shape){.rank = 1, .dims = {1}});
}

/* input [tokens, hidden], token_offset [B, S]; output [B, S, hidden] */
void infer_restore_padding(Op *op) {
    Shape input, offsets, output = {3, {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    if (ranked(op, 1, 2, 2, &offsets)) output.dims[0] = offsets.dims[0], output.dims[1] = offsets.dims[1];
    if (ranked(op, 0, 2, 2, &input)) output.dims[2] = input.dims[1];
    op_set(op, 0, op_dtype(op, 0), &output);
}

/* ---- linear attention: a state instead of keys and values ---- */

/* query [B, T, Hq*D], value [B, T, Hkv*Dv]; output [B, T, Hq*Dv] (or Hkv where those are more); the state [B, Hkv, D, Dv],
 * state_window of them when that is given */
void infer_linear_attention(Op *op) {
    uint32_t dtype = op_dtype(op, 0), state = op_has_input(op, 3) ? op_dtype(op, 3) : dtype;
    Expr heads = heads_expr(op, head_count(op, "q_num_heads", true));
    Expr value_heads = heads_expr(op, head_count(op, "kv_num_heads", true));
    Expr batch = dim_of(op, 0, 3, 0), size = over_heads(op, dim_of(op, 0, 3, 2), heads);
    Expr value_size = over_heads(op, dim_of(op, 2, 3, 2), value_heads);
    Expr hidden = expr_multiply(op->algebra, expr_max(op->algebra, heads, value_heads), value_size);
    op_set(op, 0, dtype, &(Shape){.rank = 3, .dims = {batch, dim_of(op, 0, 3, 1), hidden}});
    int64_t window = op_int(op, "state_window", 0);
    if (window <= 0) {
        set_4(op, 1, state, batch, value_heads, size, value_size);
        return;
    }
    Expr states = expr_integer(op->algebra, window);
    op_set(op, 1, state, &(Shape){.rank = 5, .dims = {states, batch, value_heads, size, value_size}});
}

/* The gate of each head from a, and its strength from b */
void infer_linear_attention_gate(Op *op) {
    op_set_like(op, 0, 0);
    op_set_like(op, 1, 3);
}

/* Q [tokens, Hq, D], V [tokens, Hv, Dv], or [B, S, ...] for tokens: output [tokens, the more of Hq and Hv, Dv]; the state
 * [B, Hv, Dv, D]; what changes it, [B, capacity * (Hv + Hk*D + Hv*Dv)]. States are float32. */
void infer_gated_delta_net(Op *op) {
    Shape q, k, v, output = {.rank = -1};
    bool has_query = ranked(op, 0, 3, 4, &q), has_key = ranked(op, 1, 3, 4, &k),
         has_value = ranked(op, 2, 3, 4, &v);
    Expr heads = has_value ? v.dims[v.rank - 2] : EXPR_UNKNOWN,
         size = has_query ? q.dims[q.rank - 1] : EXPR_UNKNOWN;
    Expr value_size = has_value ? v.dims[v.rank - 1] : EXPR_UNKNOWN, batch = dim_of(op, 6, 4, 0);
    if (!expr_is_known(batch) && has_query && q.rank == 4) batch = q.dims[0];
    if (!expr_is_known(batch)) batch = expr_subtract(op->algebra, dim_of(op, 3, 1, 0), 1);
    if (has_query) {
        output = q;
        output.dims[q.rank - 2] = expr_max(op->algebra, q.dims[q.rank - 2], heads);
        output.dims[q.rank - 1] = value_size;
    }
    op_set(op, 0, op_dtype(op, 0), &output);
    set_4(op, 1, DTYPE_FLOAT32, batch, heads, value_size, size);
    Expr keys = has_key ? expr_multiply(op->algebra, k.dims[k.rank - 2], size) : EXPR_UNKNOWN;
    Expr change = expr_add(op->algebra, heads,
                           expr_add(op->algebra, keys, expr_multiply(op->algebra, heads, value_size)));
    Expr capacity = expr_integer(op->algebra, op_int(op, "state_update_capacity", 0));
    op_set(op, 2, DTYPE_FLOAT32,
           &(Shape){.rank = 2, .dims = {batch, expr_multiply(op->algebra, capacity, change)}});
}

/* ---- costs ---- */

/* Scores: of Sq queries with Skv keys, past ones too, for each of B batches and Hq heads. */
typedef struct Scores {
    Expr batch, heads, queries, keys;
    Expr size, value_size; /* of a head: Dqk, Dv */
    Expr before;           /* where the first query stands among the keys */
    int64_t left, right;   /* how many keys before and behind its own place a query sees; -1: all */
    int64_t window;        /* above 0: no more keys than that are read for a query, Skv is min(Skv, window) */
    uint32_t masks;        /* tensors that are added to the scores */
    bool has_softcap;
} Scores;

static Expr within(Op *op, Expr e, Expr least, Expr most) {
    return expr_max(op->algebra, least, expr_min(op->algebra, e, most));
}

/* The sum of first + i over i = 1 .. count, each held within 0 .. most: for S new keys behind a past P,
 * and as many queries, S*P + S*(S + 1)/2. */
static Expr sum_within(Op *op, Expr first, Expr count, Expr most) {
    Expr skipped = within(op, expr_negate(op->algebra, first), 0, count);
    first = op_plus(op, first, skipped);
    count = op_minus(op, count, skipped);
    Expr below = within(op, op_minus(op, most, first), 0, count);
    Expr steps = expr_divide(op->algebra, op_times(op, below, op_plus(op, below, 1)), 2);
    Expr sum = op_plus(op, op_times(op, below, first), steps);
    return op_plus(op, sum, op_times(op, op_minus(op, count, below), most));
}

/* Pairs of a query and a key it sees. */
static Expr visible_pairs(Op *op, const Scores *s) {
    Expr left = expr_integer(op->algebra, s->left), right = expr_integer(op->algebra, s->right);
    Expr seen = op_times(op, s->queries, s->keys);
    if (s->right >= 0) seen = sum_within(op, op_plus(op, s->before, right), s->queries, s->keys);
    if (s->left < 0) return seen;
    Expr last_hidden = op_minus(op, op_minus(op, s->before, 1), left);
    return op_minus(op, seen, sum_within(op, last_hidden, s->queries, s->keys));
}

/* MACs of those pairs alone. Without a window, and with the queries standing behind all other keys, their
 * number is written out. */
static void add_causal_macs(Op *op, Cost *cost, const Scores *s) {
    Expr pairs = visible_pairs(op, s), sizes = op_plus(op, s->size, s->value_size);
    Expr macs = op_times(op, op_times(op, s->batch, s->heads), op_times(op, pairs, sizes));
    bool is_plain = s->left < 0 && s->right == 0 && expr_is_known(s->queries) &&
                    op_minus(op, s->keys, s->before) == s->queries &&
                    expr_less_equal(op->algebra, 0, s->before) == TRUTH_TRUE;
    if (is_plain)
        COST_ADD(op, cost, COST_MACS_CAUSAL, macs, "B*Hq*(Sq*past + Sq*(Sq + 1)/2)*(Dqk + Dv)",
                 {"B", s->batch}, {"Hq", s->heads}, {"Sq", s->queries}, {"past", s->before}, {"Dqk", s->size},
                 {"Dv", s->value_size});
    else
        COST_ADD(op, cost, COST_MACS_CAUSAL, macs, "B*Hq*visible*(Dqk + Dv)", {"B", s->batch},
                 {"Hq", s->heads}, {"visible", pairs}, {"Dqk", s->size}, {"Dv", s->value_size});
}

/* Of P = B*Hq*Sq*Skv scores in R = B*Hq*Sq rows: the scale, each mask, tanh with a division and a product
 * around it (softcap), and softmax. */
static void add_score_elementwise(Op *op, Cost *cost, const Scores *s, Expr p, Expr r) {
    COST_ADD(op, cost, COST_ELEMENTWISE, p, "P", {"P", p});
    if (s->masks)
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, p, s->masks), "masks*P", {"masks", s->masks},
                 {"P", p});
    if (s->has_softcap) {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, p, 2), "2*P", {"P", p});
        COST_ADD(op, cost, COST_TRANSCENDENTALS, p, "P", {"P", p});
    }
    COST_ADD(op, cost, COST_ELEMENTWISE, op_minus(op, op_times(op, p, 4), op_times(op, r, 2)), "4*P - 2*R",
             {"P", p}, {"R", r});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, p, "P", {"P", p});
}

/* B*Hq*Sq*Skv*(Dqk + Dv): scores, and values weighted with them. */
static void add_scores(Op *op, Cost *cost, const Scores *s) {
    bool is_cut = s->window > 0;
    Expr keys = is_cut ? expr_min(op->algebra, s->keys, expr_integer(op->algebra, s->window)) : s->keys;
    Expr r = op_times(op, op_times(op, s->batch, s->heads), s->queries), p = op_times(op, r, keys);
    Expr macs = op_times(op, p, op_plus(op, s->size, s->value_size));
    COST_ADD(op, cost, COST_MACS, macs,
             is_cut ? "B*Hq*Sq*min(Skv, window)*(Dqk + Dv)" : "B*Hq*Sq*Skv*(Dqk + Dv)", {"B", s->batch},
             {"Hq", s->heads}, {"Sq", s->queries}, {is_cut ? "min(Skv, window)" : "Skv", keys},
             {"Dqk", s->size}, {"Dv", s->value_size});
    if (s->left >= 0 || s->right >= 0) add_causal_macs(op, cost, s);
    add_score_elementwise(op, cost, s, p, p == 0 ? 0 : r);
}

static uint32_t given_inputs(const Op *op, const uint32_t *inputs, uint32_t count) {
    uint32_t given = 0;
    for (uint32_t i = 0; i < count; i++) given += op_has_input(op, inputs[i]);
    return given;
}

/* Better reasons than a shape that is not known. */
static void check_scores(Op *op, Cost *cost, const Scores *s, bool has_query) {
    Shape query;
    if (!has_query && op_shape(op, 0, &query))
        cost_gap(op, cost, "the rank of the query is none that its operator takes");
    else if (has_query && !expr_is_known(s->heads)) cost_gap(op, cost, "the number of heads is not known");
}

/* ---- costs: ai.onnx's Attention ---- */

/* Queries stand behind the past; those of a cache that holds more than is said (nonpad_kv_seqlen) at its
 * end. */
void cost_attention(Op *op, Cost *cost) {
    Shape q, k, v;
    bool has_query = heads_apart(op, 0, "q_num_heads", &q);
    if (!has_query) q = unknown_4();
    if (!heads_apart(op, 1, "kv_num_heads", &k)) k = unknown_4();
    if (!heads_apart(op, 2, "kv_num_heads", &v)) v = unknown_4();
    Expr past = op_has_input(op, 4) ? dim_of(op, 4, 4, 2) : 0, keys = op_plus(op, past, k.dims[2]);
    Scores s = {.batch = q.dims[0],
                .heads = q.dims[1],
                .queries = q.dims[2],
                .keys = keys,
                .size = q.dims[3],
                .value_size = v.dims[3],
                .before = op_has_input(op, 6) ? op_minus(op, keys, q.dims[2]) : past,
                .left = op_int(op, "left_window_size", -1),
                .right = op_int(op, "is_causal", 0) ? 0 : op_int(op, "right_window_size", -1),
                .masks = op_has_input(op, 3),
                .has_softcap = op_float(op, "softcap", 0) != 0};
    check_scores(op, cost, &s, has_query);
    add_scores(op, cost, &s);
}

/* ---- costs: projections inside ---- */

/* Behind the past, whose length is dimension `axis`; where present is its buffer, which it need not fill,
 * a value says how long it is, or it is counted as full. */
static void add_past(Op *op, Cost *cost, uint32_t past, int32_t rank, int32_t axis, uint32_t length_input,
                     bool is_shared, Scores *s) {
    s->before = 0;
    if (!op_has_input(op, past)) return;
    s->before = dim_of(op, past, rank, axis);
    Expr filled = is_shared ? expr_resolve(op->algebra, op_item(op, length_input, 0)) : s->before;
    if (expr_is_known(filled)) {
        s->before = filled;
    } else if (is_shared) {
        cost->bound = COST_UPPER;
        s->before = op_minus(op, s->before, s->keys);
    }
    s->keys = op_plus(op, s->before, s->keys);
}

/* Input, weights, bias come first; then: */
typedef struct ProjectedInputs {
    const char *name;
    uint32_t masks[2], past, length;
} ProjectedInputs;
#define NO_INPUT UINT32_MAX

static const ProjectedInputs projected_inputs[] = {
    {"Attention", {3, 5}, 4, 6},
    {"QAttention", {5, NO_INPUT}, 8, NO_INPUT},
    {"LongformerAttention", {3, NO_INPUT}, NO_INPUT, NO_INPUT},
    {"PackedAttention", {5, NO_INPUT}, NO_INPUT, NO_INPUT},
    {"DecoderMaskedSelfAttention", {3, 5}, 4, 6},
};

static bool is_named(const Op *op, const char *name) {
    return strcmp(op->rule->name, name) == 0;
}

static const ProjectedInputs *find_projected(const Op *op) {
    uint32_t last = sizeof projected_inputs / sizeof *projected_inputs - 1, i = 0;
    while (i < last && !is_named(op, projected_inputs[i].name)) i++;
    return &projected_inputs[i];
}

/* Dq, Dk, Dv: qkv_hidden_sizes, else a third of the weights' columns each. */
static void read_hidden(Op *op, Expr hidden[3]) {
    int64_t sizes[3];
    uint32_t count;
    bool is_given = op_ints(op, "qkv_hidden_sizes", sizes, 3, &count) && count;
    Expr third = over_heads(op, dim_of(op, 1, 2, 1), 3);
    for (int i = 0; i < 3; i++) {
        hidden[i] = third;
        if (is_given)
            hidden[i] = count == 3 && sizes[i] > 0 ? expr_integer(op->algebra, sizes[i]) : EXPR_UNKNOWN;
    }
}

/* B*S*D_in*(Dq + Dk + Dv), and the bias. What is masked is projected too. */
static void add_projection(Op *op, Cost *cost, const Scores *s, Expr input, const Expr hidden[3]) {
    Expr columns = op_plus(op, op_plus(op, hidden[0], hidden[1]), hidden[2]);
    Expr results = op_times(op, op_times(op, s->batch, s->queries), columns);
    for (int causal = 0; causal <= (s->right >= 0); causal++)
        COST_ADD(op, cost, causal ? COST_MACS_CAUSAL : COST_MACS, op_times(op, results, input),
                 "B*S*D_in*(Dq + Dk + Dv)", {"B", s->batch}, {"S", s->queries}, {"D_in", input},
                 {"Dq", hidden[0]}, {"Dk", hidden[1]}, {"Dv", hidden[2]});
    if (op_has_input(op, 2))
        COST_ADD(op, cost, COST_ELEMENTWISE, results, "B*S*(Dq + Dk + Dv)", {"B", s->batch},
                 {"S", s->queries}, {"Dq", hidden[0]}, {"Dk", hidden[1]}, {"Dv", hidden[2]});
}

/* do_rotary: two products and a sum for each element of Q and K that is turned. */
static void add_rotary(Op *op, Cost *cost, const Scores *s, Expr key_heads, Expr turned) {
    Expr rows = op_times(op, op_times(op, s->batch, s->queries), op_plus(op, s->heads, key_heads));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_times(op, rows, turned), 3),
             "3*B*Sq*(Hq + Hkv)*rot_dim", {"B", s->batch}, {"Sq", s->queries}, {"Hq", s->heads},
             {"Hkv", key_heads}, {"rot_dim", turned});
}

/* Input [B, S, D_in]. Of packed tokens, [tokens, D_in], each meets at most as many keys as the longest
 * sequence has: S of token_offset [B, S]. Longformer's meet those of a window; global ones, which are
 * data, are not counted. */
static bool read_projected(Op *op, Cost *cost, const ProjectedInputs *inputs, Scores *s) {
    Shape input;
    bool is_packed = is_named(op, "PackedAttention");
    s->batch = is_packed ? 1 : EXPR_UNKNOWN;
    s->queries = s->keys = EXPR_UNKNOWN;
    bool is_known = ranked(op, 0, is_packed ? 2 : 3, is_packed ? 2 : 3, &input);
    if (is_known && !is_packed) s->batch = input.dims[0];
    if (is_known) s->queries = s->keys = input.dims[input.rank - 2];
    if (is_packed) {
        cost->bound = COST_UPPER;
        s->keys = dim_of(op, 3, 2, 1);
    }
    if (is_named(op, "LongformerAttention")) {
        int64_t window = op_int(op, "window", 0);
        cost->bound = COST_ESTIMATE;
        if (window > 0 && window < INT64_MAX / 2) s->window = 2 * window + 1;
    }
    bool is_shared =
        is_named(op, "DecoderMaskedSelfAttention") || op_int(op, "past_present_share_buffer", 0) != 0;
    add_past(op, cost, inputs->past, 5, 3, inputs->length, is_shared, s);
    return is_known;
}

static void cost_projected(Op *op, Cost *cost) {
    const ProjectedInputs *inputs = find_projected(op);
    Expr hidden[3], heads = heads_expr(op, head_count(op, "num_heads", true));
    read_hidden(op, hidden);
    Scores s = {.heads = heads,
                .size = over_heads(op, hidden[0], heads),
                .value_size = over_heads(op, hidden[2], heads),
                .left = -1,
                .right = op_int(op, "unidirectional", 0) ? 0 : -1,
                .masks = given_inputs(op, inputs->masks, 2)};
    if (is_named(op, "QAttention")) cost->dtype = DTYPE_INT8;
    bool has_query = read_projected(op, cost, inputs, &s);
    check_scores(op, cost, &s, has_query);
    add_projection(op, cost, &s, op_dim(op, INPUT(0), -1), hidden);
    add_scores(op, cost, &s);
    if (!op_int(op, "do_rotary", 0)) return;
    int64_t turned = op_int(op, "rotary_embedding_dim", 0);
    add_rotary(op, cost, &s, heads, turned > 0 ? expr_integer(op->algebra, turned) : s.size);
}

/* DecoderAttention. New keys: of the query (static_kv false), of the key, or none, where the past has them
 * all. */
static bool read_decoder_keys(Op *op, Expr queries, Expr *new_ones, Expr *keys) {
    Expr static_kv = op_item(op, 8, 0), use_past = op_item(op, 9, 0);
    *new_ones = *keys = EXPR_UNKNOWN;
    if (!expr_is_constant(op->algebra, static_kv) || !expr_is_constant(op->algebra, use_past)) return false;
    *new_ones = static_kv == 0 ? queries : use_past ? 0 : dim_of(op, 1, 3, 0);
    *keys = op_plus(op, *new_ones, use_past ? dim_of(op, 6, 4, 2) : 0);
    return true;
}

/* B*Sq*D_in*Dq + B*T*D_in*(Dk + Dv) */
static void cost_decoder(Op *op, Cost *cost) {
    Expr heads = heads_expr(op, head_count(op, "num_heads", true)), new_ones;
    Expr input = dim_of(op, 0, 3, 2), dq = dim_of(op, 2, 2, 1), columns = dim_of(op, 3, 2, 1);
    Scores s = {.heads = heads,
                .batch = dim_of(op, 0, 3, 1),
                .queries = dim_of(op, 0, 3, 0),
                .size = over_heads(op, dq, heads),
                .value_size = over_heads(op, op_minus(op, columns, dq), heads),
                .left = -1,
                .right = -1,
                .masks = op_has_input(op, 5)};
    if (!read_decoder_keys(op, s.queries, &new_ones, &s.keys))
        cost_gap(op, cost, "whether the past is used depends on use_past and static_kv");
    check_scores(op, cost, &s, expr_is_known(input));
    Expr results =
        op_times(op, s.batch, op_plus(op, op_times(op, s.queries, dq), op_times(op, new_ones, columns)));
    COST_ADD(op, cost, COST_MACS, op_times(op, results, input), "B*D_in*(Sq*Dq + T*(Dk + Dv))",
             {"B", s.batch}, {"D_in", input}, {"Sq", s.queries}, {"Dq", dq}, {"T", new_ones},
             {"Dk + Dv", columns});
    COST_ADD(op, cost, COST_ELEMENTWISE, results, "B*(Sq*Dq + T*(Dk + Dv))", {"B", s.batch},
             {"Sq", s.queries}, {"Dq", dq}, {"T", new_ones}, {"Dk + Dv", columns});
    add_scores(op, cost, &s);
}

void cost_ms_attention(Op *op, Cost *cost) {
    if (is_named(op, "DecoderAttention")) cost_decoder(op, cost);
    else cost_projected(op, cost);
}

/* ---- costs: MultiHeadAttention and its kin ---- */

typedef struct MultiHeadInputs {
    const char *name;
    uint32_t bias, masks[2], past, length;
} MultiHeadInputs;

static const MultiHeadInputs multi_head_inputs[] = {
    {"MultiHeadAttention", 3, {4, 5}, 6, 8},
    {"DecoderMaskedMultiHeadAttention", 10, {3, 4}, 5, 7},
    {"PackedMultiHeadAttention", 3, {6, NO_INPUT}, NO_INPUT, NO_INPUT},
};

static const MultiHeadInputs *find_multi_head(const Op *op) {
    uint32_t last = sizeof multi_head_inputs / sizeof *multi_head_inputs - 1, i = 0;
    while (i < last && !is_named(op, multi_head_inputs[i].name)) i++;
    return &multi_head_inputs[i];
}

/* Key [B, T, hidden], [B, H, T, D] or, with the values, [B, T, H, 2, D]; value [B, T, hidden] or [B, H, T,
 * Dv]. */
static void read_key_and_value(Op *op, Scores *s) {
    Shape key, value;
    if (op_has_input(op, 1)) s->keys = EXPR_UNKNOWN;
    if (op_shape(op, 1, &key) && key.rank >= 3 && key.rank <= 5) s->keys = key.dims[key.rank == 4 ? 2 : 1];
    if (!op_has_input(op, 2)) return;
    s->value_size = EXPR_UNKNOWN;
    if (!op_shape(op, 2, &value) || (value.rank != 3 && value.rank != 4)) return;
    s->value_size = value.rank == 4 ? value.dims[3] : over_heads(op, value.dims[2], s->heads);
}

/* Query [B, S, H*D], or packed with the others [B, S, H, 3, D]; the same without B, and S tokens, where
 * sequences are packed. */
static bool read_multi_head(Op *op, bool is_packed, Scores *s) {
    Shape query, value;
    int32_t rank = is_packed ? 2 : 3;
    s->batch = s->queries = s->keys = s->size = s->value_size = EXPR_UNKNOWN;
    if (!ranked(op, 0, rank, rank + 2, &query)) return false;
    s->batch = is_packed ? 1 : query.dims[0];
    s->queries = s->keys = query.dims[rank - 2];
    if (query.rank > rank) {
        s->heads = query.dims[rank - 1];
        s->size = s->value_size = query.dims[rank + 1];
        return true;
    }
    s->size = s->value_size = over_heads(op, query.dims[rank - 1], s->heads);
    if (!is_packed) read_key_and_value(op, s);
    else if (op_shape(op, 2, &value) && value.rank == 2)
        s->value_size = over_heads(op, value.dims[1], s->heads);
    else if (op_has_input(op, 2)) s->value_size = EXPR_UNKNOWN;
    return true;
}

/* A bias for Q, K and V: new keys T, not the past's. */
static void add_bias(Op *op, Cost *cost, const Scores *s, Expr new_ones) {
    Expr query = op_times(op, s->queries, s->size);
    Expr rest = op_times(op, new_ones, op_plus(op, s->size, s->value_size));
    Expr elements = op_times(op, op_times(op, s->batch, s->heads), op_plus(op, query, rest));
    COST_ADD(op, cost, COST_ELEMENTWISE, elements, "B*Hq*(Sq*Dqk + T*(Dqk + Dv))", {"B", s->batch},
             {"Hq", s->heads}, {"Sq", s->queries}, {"T", new_ones}, {"Dqk", s->size}, {"Dv", s->value_size});
}

/* DecoderMaskedSelfAttention projects, as Attention does. */
void cost_multi_head_attention(Op *op, Cost *cost) {
    if (is_named(op, "DecoderMaskedSelfAttention")) {
        cost_projected(op, cost);
        return;
    }
    const MultiHeadInputs *inputs = find_multi_head(op);
    bool is_packed = is_named(op, "PackedMultiHeadAttention");
    Scores s = {.heads = heads_expr(op, head_count(op, "num_heads", true)),
                .left = -1,
                .right = op_int(op, "unidirectional", 0) ? 0 : -1,
                .masks = given_inputs(op, inputs->masks, 2)};
    check_scores(op, cost, &s, read_multi_head(op, is_packed, &s));
    if (op_has_input(op, inputs->bias)) add_bias(op, cost, &s, s.keys);
    bool is_buffer = is_named(op, "MultiHeadAttention") ? op_has_input(op, inputs->length)
                                                        : op_int(op, "past_present_share_buffer", 0) != 0;
    if (is_packed) {
        cost->bound = COST_UPPER;
        s.keys = dim_of(op, 4, 2, 1);
    }
    add_past(op, cost, inputs->past, 4, 2, inputs->length, is_buffer, &s);
    add_scores(op, cost, &s);
}

/* ---- costs: grouped heads ---- */

/* Where the past is a cache: how many sequences it keeps, the keys of each that are read, the new ones
 * that are written. */
typedef struct Cache {
    Expr sequences, keys, added;
    Expr heads, size; /* Hkv, D */
    uint32_t cosines; /* the input; sines come next */
} Cache;

/* Bytes of `size` elements like those of an input. */
static Expr nbytes_like(Op *op, uint32_t input, Expr size) {
    uint32_t bits = dtype_bits(op_dtype(op, input));
    return bits ? expr_divide(op->algebra, op_times(op, size, bits), 8) : EXPR_UNKNOWN;
}

/* Bytes of a key (input 3) or value (input 4) in the cache; of a new one, as the query is, where there is
 * no past. */
static Expr cached_nbytes(Op *op, uint32_t input, const Cache *cache) {
    if (op_has_input(op, input)) return nbytes_like(op, input, op_dim(op, INPUT(input), -1));
    if (op_has_input(op, 3)) return 0; /* keys and values in one */
    return nbytes_like(op, 0, cache->size);
}

/* Q, new K and V, the cache's keys and values up to Skv, rows of cosines and sines; out, and new K and V
 * into the cache. The cache is taken to be updated in place. */
static void add_cache_bytes(Op *op, Cost *cost, const Scores *s, const Cache *cache) {
    Expr rows = op_times(op, s->batch, s->queries), written = 0;
    cost_bytes_none(cost);
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        if (i == 3 || i == 4 || !op_has_input(op, i)) continue;
        bool is_table = i == cache->cosines || i == cache->cosines + 1;
        Expr row = nbytes_like(op, i, op_dim(op, INPUT(i), -1));
        cost_reads(op, cost, i, is_table ? op_times(op, rows, row) : op_nbytes(op, INPUT(i)));
    }
    for (uint32_t i = 0; i < op->outputs.count; i++)
        if (i != 1 && i != 2) written = op_plus(op, written, op_nbytes(op, OUTPUT(i)));
    cost->metrics[COST_BYTES_WRITTEN] = written;
    if (!op_has_input(op, 3) && !op_has_output(op, 1)) return;
    Expr pair = op_plus(op, cached_nbytes(op, 3, cache), cached_nbytes(op, 4, cache));
    Expr position = op_times(op, cache->heads, pair);
    Expr kept = op_times(op, op_times(op, cache->sequences, cache->keys), position);
    cost->metrics[COST_BYTES_READ] = op_plus(op, cost->metrics[COST_BYTES_READ], kept);
    cost->metrics[COST_BYTES_WRITTEN] = op_plus(op, written, op_times(op, cache->added, position));
}

/* Cosines have half a row for each element that is turned: all of a head's where they are not known. */
static void add_grouped_rotary(Op *op, Cost *cost, const Scores *s, const Cache *cache) {
    if (!op_int(op, "do_rotary", 0)) return;
    Expr half = dim_of(op, cache->cosines, 2, 1);
    add_rotary(op, cost, s, cache->heads, expr_is_known(half) ? op_times(op, half, 2) : cache->size);
}

/* As RMSNormalization with a scale, of each head of Q and K that has weights for it. */
static void add_head_norms(Op *op, Cost *cost, const Scores *s, const Cache *cache, uint32_t first) {
    const Expr heads[] = {s->heads, cache->heads};
    for (uint32_t i = 0; i < 2; i++) {
        if (!op_has_input(op, first + i)) continue;
        Expr r = op_times(op, op_times(op, s->batch, s->queries), heads[i]), n = op_times(op, r, cache->size);
        COST_ADD(op, cost, COST_ELEMENTWISE, op_plus(op, op_times(op, n, 4), r), "4*N + R", {"N", n},
                 {"R", r});
        COST_ADD(op, cost, COST_TRANSCENDENTALS, r, "R", {"R", r});
    }
}

/* How many keys there are in all: what total_sequence_length (an input) says, else past and new ones.
 * Where past and present are one buffer, of a cache that slides or of a sparse one, at most what it holds. */
static Expr grouped_keys(Op *op, Cost *cost, Expr new_ones, uint32_t total_input, bool is_buffer) {
    Expr past = op_has_input(op, 3) ? dim_of(op, 3, 4, 2) : 0;
    Expr total = expr_resolve(op->algebra, op_item(op, total_input, 0));
    bool is_sliding = op_has_input(op, 3) && op_int(op, "sliding_window_cache", 0) != 0;
    if (is_sliding) return past;
    if (expr_is_known(total)) return total;
    if (!is_buffer) return op_plus(op, past, new_ones);
    cost->bound = COST_UPPER;
    return past;
}

/* Packed tokens, of sequences whose keys stand in blocks: at most as many as the block table has room for. */
static void cost_paged(Op *op, Cost *cost) {
    Groups g;
    bool has_query = read_groups(op, 2, &g);
    int64_t value_size = op_int(op, "v_head_size", 0);
    Scores s = {.batch = 1,
                .heads = g.query_heads,
                .queries = has_query ? g.query.dims[0] : EXPR_UNKNOWN,
                .keys = op_times(op, dim_of(op, 7, 2, 1), dim_of(op, 3, 4, 1)),
                .size = has_query ? g.size : EXPR_UNKNOWN,
                .left = -1,
                .right = -1,
                .window = op_int(op, "is_causal", 1) ? op_int(op, "local_window_size", -1) : -1,
                .has_softcap = op_float(op, "softcap", 0) != 0};
    s.value_size = value_size > 0 ? expr_integer(op->algebra, value_size) : s.size;
    cost->bound = COST_UPPER;
    check_scores(op, cost, &s, has_query);
    if (!bytes_equal(op_string(op, "kv_cache_layout", "SEPARATE"), BYTES_LITERAL("SEPARATE")))
        cost_gap(op, cost, "the layout of its cache has no formula");
    add_scores(op, cost, &s);
    Cache cache = {dim_of(op, 7, 2, 0), s.keys, s.queries, g.key_heads, s.size, 8};
    add_grouped_rotary(op, cost, &s, &cache);
    add_head_norms(op, cost, &s, &cache, 12);
    add_cache_bytes(op, cost, &s, &cache);
}

/* GroupQueryAttention is causal unless it says otherwise; so is SparseAttention, of which all blocks are
 * counted, those that are left out too. */
void cost_group_query_attention(Op *op, Cost *cost) {
    if (is_named(op, "PagedAttention")) {
        cost_paged(op, cost);
        return;
    }
    bool is_sparse = is_named(op, "SparseAttention");
    Groups g;
    bool has_query = read_groups(op, 3, &g);
    Expr new_ones = has_query ? g.query.dims[1] : EXPR_UNKNOWN, size = has_query ? g.size : EXPR_UNKNOWN;
    Scores s = {.batch = has_query ? g.query.dims[0] : EXPR_UNKNOWN,
                .heads = g.query_heads,
                .queries = new_ones,
                .keys = grouped_keys(op, cost, new_ones, is_sparse ? 7 : 6, is_sparse),
                .size = size,
                .value_size = size,
                .left = -1,
                .right = is_sparse || op_int(op, "causal", 1) ? 0 : -1,
                .window = op_int(op, "local_window_size", -1),
                .masks = !is_sparse && op_has_input(op, 10),
                .has_softcap = op_float(op, "softcap", 0) != 0};
    s.before = op_minus(op, s.keys, new_ones);
    if (s.window > 0) s.left = s.window - 1;
    if (s.right < 0) s.window = 0; /* a window ends at the query: keys behind it are all seen */
    if (is_sparse) cost->bound = COST_UPPER;
    check_scores(op, cost, &s, has_query);
    add_scores(op, cost, &s);
    Cache cache = {s.batch, s.keys, op_times(op, s.batch, new_ones), g.key_heads, size, is_sparse ? 9 : 7};
    add_grouped_rotary(op, cost, &s, &cache);
    if (!is_sparse) add_head_norms(op, cost, &s, &cache, 14);
    add_cache_bytes(op, cost, &s, &cache);
}

/* ---- costs: around attention ---- */

/* Gemma's: q*cos(emb) + q_rot*sin(emb), and the same of k. */
static void cost_gemma_rotary(Op *op, Cost *cost) {
    Expr q = op_elements(op, INPUT(1)), k = op_elements(op, INPUT(3)), angles = op_elements(op, INPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_plus(op, q, k), 3), "3*(N(q) + N(k))", {"N(q)", q},
             {"N(k)", k});
    COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, angles, 2), "2*N(emb)", {"N(emb)", angles});
}

/* Two products and a sum for each of the first rot_dim elements of a head; all are turned where that is 0.
 * X [B, S, H*D] or [B, H, S, D]. */
void cost_rotary_embedding(Op *op, Cost *cost) {
    if (is_named(op, "GemmaRotaryEmbedding")) {
        cost_gemma_rotary(op, cost);
        return;
    }
    Shape x;
    int64_t turned = op_int(op, "rotary_embedding_dim", 0);
    Expr n = op_elements(op, INPUT(0)), rot = expr_integer(op->algebra, turned);
    if (turned <= 0) {
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 3), "3*N(X)", {"N(X)", n});
        return;
    }
    bool is_known = ranked(op, 0, 3, 4, &x);
    Expr heads = is_known && x.rank == 4 ? x.dims[1] : heads_expr(op, head_count(op, "num_heads", true));
    if (!expr_is_known(heads)) cost_gap(op, cost, "the number of heads is not known");
    Expr batch = is_known ? x.dims[0] : EXPR_UNKNOWN, length = is_known ? x.dims[x.rank - 2] : EXPR_UNKNOWN;
    Expr rows = op_times(op, op_times(op, batch, length), heads);
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, op_times(op, rows, rot), 3), "3*B*S*H*rot_dim",
             {"B", batch}, {"S", length}, {"H", heads}, {"rot_dim", rot});
}

/* ---- costs: linear attention ---- */

static bool rule_has(Bytes rule, const char *part) {
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= rule.size; i++)
        if (memcmp(rule.data + i, part, size) == 0) return true;
    return false;
}

/* Of B*S tokens, for each of H states [dk, dv]: what the key recalls (a delta rule) and its product with
 * the value are two times dk*dv, a query reads one. A decay (a gated rule) scales the state, and so does
 * beta what is added (delta). */
static void add_states(Op *op, Cost *cost, Expr tokens, Expr states, Expr heads, Expr dk, Expr dv) {
    Bytes rule = op_string(op, "update_rule", "gated_delta");
    Expr is_gated = rule_has(rule, "gated"), is_delta = rule_has(rule, "delta");
    Expr each = op_times(op, tokens, op_times(op, dk, dv)), all = op_times(op, each, states);
    COST_ADD(op, cost, COST_MACS, op_times(op, all, 1 + is_delta), is_delta ? "B*S*H*2*dk*dv" : "B*S*H*dk*dv",
             {"B*S", tokens}, {"H", states}, {"dk", dk}, {"dv", dv});
    COST_ADD(op, cost, COST_MACS, op_times(op, each, heads), "B*S*max(Hq, H)*dk*dv", {"B*S", tokens},
             {"max(Hq, H)", heads}, {"dk", dk}, {"dv", dv});
    if (is_gated + is_delta)
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, all, is_gated + is_delta),
                 is_gated && is_delta ? "2*B*S*H*dk*dv" : "B*S*H*dk*dv", {"B*S", tokens}, {"H", states},
                 {"dk", dk}, {"dv", dv});
    if (is_gated)
        COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, tokens, states), "B*S*H", {"B*S", tokens},
                 {"H", states});
}

/* Tensors [tokens, H, D] or [B, S, H, D], states for the heads of V. */
static void cost_gated_delta_net(Op *op, Cost *cost) {
    Shape q, v;
    bool is_known = ranked(op, 0, 3, 4, &q) && ranked(op, 2, 3, 4, &v);
    if (!is_known) q = v = unknown_4();
    Expr states = v.dims[v.rank - 2], heads = expr_max(op->algebra, q.dims[q.rank - 2], states);
    add_states(op, cost, op_product(op, &q, 0, q.rank - 2), states, heads, q.dims[q.rank - 1],
               v.dims[v.rank - 1]);
}

void cost_linear_attention(Op *op, Cost *cost) {
    if (is_named(op, "GatedDeltaNet")) {
        cost_gated_delta_net(op, cost);
        return;
    }
    Expr heads = heads_expr(op, head_count(op, "q_num_heads", true));
    Expr states = heads_expr(op, head_count(op, "kv_num_heads", true));
    if (!expr_is_known(heads) || !expr_is_known(states))
        cost_gap(op, cost, "the number of heads is not known");
    Expr tokens = op_times(op, dim_of(op, 0, 3, 0), dim_of(op, 0, 3, 1));
    Expr dk = over_heads(op, dim_of(op, 0, 3, 2), heads), dv = over_heads(op, dim_of(op, 2, 3, 2), states);
    add_states(op, cost, tokens, states, expr_max(op->algebra, heads, states), dk, dv);
}
