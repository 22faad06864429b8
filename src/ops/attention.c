/* Attention: com.microsoft's many forms and ai.onnx's one. B batch, S queries, T keys (past ones P and new ones), H heads,
 * D head size; V has heads of a size Dv of its own. Hidden sizes are H*D.
 */
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
