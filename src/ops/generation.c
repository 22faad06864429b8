/* com.microsoft's text operators: search for sequences with a model inside, tokens, embeddings; and the small ones that fit
 * nowhere else.
 */
#include "ops/rules.h"

/* ---- sequences ---- */

/* A length given as a value, else a dimension of output `output` that depends on it. */
static Expr length_given(Op *op, uint32_t input, uint32_t output, uint32_t axis, const char *why) {
    Expr length = op_item(op, input, 0);
    return expr_is_known(length) || !op_has_output(op, output)
               ? length
               : op_data_dim(op, output, axis, 0, INT64_MAX, why);
}

static Expr batch_of(const Op *op) {
    Shape input;
    return op_shape(op, 0, &input) && input.rank >= 1 ? input.dims[0] : EXPR_UNKNOWN;
}

static Expr vocabulary(Op *op) {
    int64_t size = op_int(op, "vocab_size", -1);
    if (size > 0) return expr_integer(op->algebra, size);
    op_gap(op, "the size of the vocabulary is not given");
    return EXPR_UNKNOWN;
}

/* What the decoder starts from: the prompt of a decoder-only model (model_type 0), else one token, or those of input 10. */
static Expr start_length(Op *op, uint32_t start_tokens) {
    Shape shape;
    bool has_prompt = op_int(op, "model_type", 0) == 0, has_tokens = op_has_input(op, start_tokens);
    if (!has_prompt && !has_tokens) return 1;
    return op_shape(op, has_prompt ? 0 : start_tokens, &shape) && shape.rank == 2 ? shape.dims[1]
                                                                                  : EXPR_UNKNOWN;
}

/* Padded to max_length: sequences [B, returned, max_length]; their scores [B, returned]; scores of all tokens [max_length -
 * start, B, beams, vocabulary] */
void infer_beam_search(Op *op) {
    static const char *const why = "how long or many sequences may be is a value";
    Expr batch = batch_of(op), returned = length_given(op, 4, 0, 1, why),
         most = length_given(op, 1, 0, 2, why);
    uint32_t dtype = op_dtype(op, 5) ? op_dtype(op, 5) : op_dtype(op, 6) ? op_dtype(op, 6) : DTYPE_FLOAT32;
    op_set(op, 0, DTYPE_INT32, &(Shape){.rank = 3, .dims = {batch, returned, most}});
    op_set(op, 1, dtype, &(Shape){.rank = 2, .dims = {batch, returned}});
    if (!op_has_output(op, 2)) return;
    Expr steps = expr_subtract(op->algebra, most, start_length(op, 10)),
         beams = length_given(op, 3, 2, 2, why);
    op_set(op, 2, dtype, &(Shape){.rank = 4, .dims = {steps, batch, beams, vocabulary(op)}});
}

/* Also cross_qk [B, returned, heads asked for, max_length, frames], two features to a frame, and [B] */
void infer_whisper_beam_search(Op *op) {
    Shape features, heads, sequences;
    infer_beam_search(op);
    if (!op_get_output_shape(op, 0, &sequences)) return;
    Expr frames = op_shape(op, 0, &features) && features.rank == 3
                      ? expr_floor_divide(op->algebra, features.dims[2], 2)
                      : EXPR_UNKNOWN;
    Expr asked = op_shape(op, 12, &heads) && heads.rank == 2 ? heads.dims[0] : EXPR_UNKNOWN;
    Shape cross = {.rank = 5,
                   .dims = {sequences.dims[0], sequences.dims[1], asked, sequences.dims[2], frames}};
    op_set(op, 3, DTYPE_FLOAT32, &cross);
    op_set(op, 4, DTYPE_FLOAT32, &(Shape){.rank = 1, .dims = {sequences.dims[0]}});
}

/* sequences [B, max_length]; filtered logits [B, vocabulary] */
void infer_greedy_search(Op *op) {
    Expr batch = batch_of(op), most = length_given(op, 1, 0, 1, "how long sequences may be is a value");
    op_set(op, 0, DTYPE_INT32, &(Shape){.rank = 2, .dims = {batch, most}});
    if (op_has_output(op, 1))
        op_set(op, 1, DTYPE_FLOAT32, &(Shape){.rank = 2, .dims = {batch, vocabulary(op)}});
}

void infer_ngram_repeat_block(Op *op) {
    op_set_like(op, 0, 1);
}

/* src_tokens, cur_tokens [C], an index, pred_tokens [P]: [C], or with some of the predicted ones behind, and an index */
void infer_bifurcation_detector(Op *op) {
    Shape tokens, predicted;
    int64_t least = 0, most = INT64_MAX;
    if (!op_shape(op, 1, &tokens)) tokens = (Shape){.rank = 1, .dims = {EXPR_UNKNOWN}};
    if (tokens.rank != 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "cur_tokens has rank %d, 1 is wanted", tokens.rank);
        return;
    }
    if (op_has_input(op, 3)) {
        bool is_known = op_shape(op, 3, &predicted) && predicted.rank == 1;
        Expr all = expr_add(op->algebra, tokens.dims[0], is_known ? predicted.dims[0] : EXPR_UNKNOWN);
        if (expr_is_known(all)) expr_bounds(op->algebra, all, &least, &most);
        tokens.dims[0] = op_data_dim(op, 0, 0, 0, most, "how many predicted tokens are right");
    }
    op_set(op, 0, DTYPE_INT64, &tokens);
    op_set(op, 1, DTYPE_INT64, &(Shape){.rank = 0});
}

/* Token ids, `rank` dimensions: a dimension more, of the heads of all sizes from 2 on; the last ids [B, longest - 1] */
static void set_ngram_hashes(Op *op, int32_t rank, Expr batch) {
    Shape ids;
    Algebra *algebra = op->algebra;
    int64_t size = op_int(op, "max_ngram_size", 0), heads = op_int(op, "n_head_per_ngram", 0);
    if (size < 2 || heads < 1)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE,
                   "max_ngram_size is %lld, n_head_per_ngram %lld; at least 2 and 1 are wanted",
                   (long long)size, (long long)heads);
    Expr past = size < 2 ? EXPR_UNKNOWN : expr_integer(algebra, size - 1);
    Expr hashes = heads < 1 ? EXPR_UNKNOWN : expr_multiply(algebra, past, expr_integer(algebra, heads));
    if (op_shape(op, 0, &ids)) {
        if (ids.rank != rank) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, %d is wanted", ids.rank, rank);
            ids.rank = -1;
        } else {
            ids.dims[ids.rank++] = hashes;
        }
    }
    op_set(op, 0, op_dtype(op, 0), &ids);
    op_set(op, 1, op_dtype(op, 0), &(Shape){.rank = 2, .dims = {batch, past}});
    op_set(op, 2, DTYPE_INT32, &(Shape){.rank = 2, .dims = {batch, past}});
}

void infer_ngram_hash_mapping(Op *op) {
    set_ngram_hashes(op, 2, batch_of(op));
}

/* Sequences behind one another: input 3 [B + 1] says where each starts. */
void infer_varlen_ngram_hash_mapping(Op *op) {
    Shape starts;
    bool is_known = op_shape(op, 3, &starts) && starts.rank == 1;
    set_ngram_hashes(op, 1, is_known ? expr_subtract(op->algebra, starts.dims[0], 1) : EXPR_UNKNOWN);
}

/* ---- strings, embeddings ---- */

void infer_murmur_hash(Op *op) {
    op_set_like_as(op, 0, 0, op_int(op, "positive", 1) ? DTYPE_UINT32 : DTYPE_INT32);
}

/* [C] or [N, C] strings; a dimension more, of the tokens */
void infer_tokenizer(Op *op) {
    Shape shape;
    if (op_shape(op, 0, &shape)) {
        if (shape.rank < 1 || shape.rank > 2) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 1 or 2 is wanted", shape.rank);
            return;
        }
        int32_t last = shape.rank++;
        shape.dims[last] = op_data_dim(op, 0, (uint32_t)last, 0, INT64_MAX, "how many tokens a string has");
    }
    op_set(op, 0, DTYPE_STRING, &shape);
}

/* weight [count, size]: the shape of the indices, and size */
void infer_torch_embedding(Op *op) {
    Shape weight, shape;
    bool is_known = op_shape(op, 0, &weight);
    if (op_shape(op, 1, &shape)) {
        if (shape.rank == SHAPE_RANK_LIMIT || (is_known && weight.rank != 2)) {
            op_problem(op, SHAPE_PROBLEM_RANK, "weight of rank %d, indices of rank %d", weight.rank,
                       shape.rank);
            return;
        }
        shape.dims[shape.rank++] = is_known ? weight.dims[1] : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- others ---- */

/* A [M, K], B [N, K]: distances [M, N] */
void infer_cdist(Op *op) {
    Shape sides[2], result = {.rank = 2, .dims = {EXPR_UNKNOWN, EXPR_UNKNOWN}};
    Expr inner[2] = {EXPR_UNKNOWN, EXPR_UNKNOWN};
    for (uint32_t i = 0; i < 2; i++) {
        if (!op_shape(op, i, &sides[i])) continue;
        if (sides[i].rank != 2) {
            op_problem(op, SHAPE_PROBLEM_RANK, "input %u has rank %d, 2 is wanted", i, sides[i].rank);
            continue;
        }
        result.dims[i] = sides[i].dims[0];
        inner[i] = sides[i].dims[1];
    }
    op_equal(op, inner[0], inner[1], "the sizes of points");
    op_set(op, 0, op_dtype(op, 0), &result);
}

/* [n]: those that differ, where each is among them, how often each is there */
void infer_unique_ms(Op *op) {
    Shape input;
    int64_t least, most = INT64_MAX;
    if (!op_shape(op, 0, &input)) input = (Shape){.rank = 1, .dims = {EXPR_UNKNOWN}};
    if (input.rank != 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "input 0 has rank %d, 1 is wanted", input.rank);
        return;
    }
    if (expr_is_known(input.dims[0])) expr_bounds(op->algebra, input.dims[0], &least, &most);
    Shape found = {.rank = 1, .dims = {op_data_dim(op, 0, 0, 0, most, "how many elements differ")}};
    op_set(op, 0, op_dtype(op, 0), &found);
    op_set(op, 1, DTYPE_INT64, &input);
    op_set(op, 2, DTYPE_INT64, &found);
}

/* Output i: the shape that input i + 1 gives */
void infer_view(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        Shape shape;
        if (!op_shape_from(op, i + 1, &shape)) op_gap(op, "a shape, an input, is not known");
        op_set(op, i, op_dtype(op, 0), &shape);
    }
}

void infer_all(Op *op) {
    op_set(op, 0, DTYPE_BOOL, &(Shape){.rank = 0});
}

/* [B, S, ...] without the positions that are not among the indices [n]: [n, ...]; and the two dimensions */
void infer_flatten_and_unpad(Op *op) {
    Shape input, indices, shape = {.rank = -1};
    if (op_shape(op, 0, &input) && input.rank >= 2) {
        shape = (Shape){.rank = 1, .dims = {EXPR_UNKNOWN}};
        if (op_shape(op, 1, &indices) && indices.rank == 1) shape.dims[0] = indices.dims[0];
        for (int32_t i = 2; i < input.rank; i++) shape.dims[shape.rank++] = input.dims[i];
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
    op_set(op, 1, op_dtype(op, 1), &(Shape){.rank = 1, .dims = {2}});
}

/* Back: the two dimensions are input 2's contents. */
void infer_pad_and_unflatten(Op *op) {
    Shape input, shape = {.rank = -1};
    if (op_shape(op, 0, &input) && input.rank >= 1 && input.rank < SHAPE_RANK_LIMIT) {
        shape = (Shape){.rank = 2, .dims = {op_item(op, 2, 0), op_item(op, 2, 1)}};
        if (!expr_is_known(shape.dims[0])) op_gap(op, "the dimensions, an input, are not known");
        for (int32_t i = 1; i < input.rank; i++) shape.dims[shape.rank++] = input.dims[i];
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* X [S, B, input], R [directions, hidden, 4 hidden]: Y [S, directions, B, hidden], Y_h and Y_c [directions, B, hidden] */
void infer_dynamic_quantize_lstm(Op *op) {
    Shape x, r;
    if (!op_shape(op, 0, &x) || x.rank != 3) x = (Shape){3, {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    if (!op_shape(op, 2, &r) || r.rank != 3) r = (Shape){3, {EXPR_UNKNOWN, EXPR_UNKNOWN, EXPR_UNKNOWN}};
    int64_t given = op_int(op, "hidden_size", 0);
    Expr hidden =
        given > 0 ? op_equal(op, expr_integer(op->algebra, given), r.dims[1], "hidden sizes") : r.dims[1];
    Expr directions =
        bytes_equal(op_string(op, "direction", "forward"), BYTES_LITERAL("bidirectional")) ? 2 : 1;
    op_set(op, 0, op_dtype(op, 0), &(Shape){4, {x.dims[0], directions, x.dims[1], hidden}});
    op_set(op, 1, op_dtype(op, 0), &(Shape){3, {directions, x.dims[1], hidden}});
    op_set(op, 2, op_dtype(op, 0), &(Shape){3, {directions, x.dims[1], hidden}});
}

/* start, limit and, when it is not 1, delta */
void infer_range_ms(Op *op) {
    if (op_has_input(op, 2)) {
        infer_range(op);
        return;
    }
    Expr start = op_item(op, 0, 0), limit = op_item(op, 1, 0), count = EXPR_UNKNOWN;
    if (expr_is_known(start) && expr_is_known(limit)) {
        Expr span =
            expr_subtract(op->algebra, expr_resolve(op->algebra, limit), expr_resolve(op->algebra, start));
        count = expr_max(op->algebra, expr_ceil(op->algebra, span), 0);
    } else {
        op_gap(op, "start or limit is not known");
    }
    op_set(op, 0, op_dtype(op, 0), &(Shape){.rank = 1, .dims = {count}});
}
