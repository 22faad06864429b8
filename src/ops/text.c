/* Strings. */
#include "ops/family.h"
#include "ops/rules.h"

/* Without stopwords as X; with them [C] -> [at most C] and [1, C] -> [1, at most C], at least one (an empty string). */
void infer_string_normalizer(Op *op) {
    Shape shape;
    uint32_t stopwords;
    family_count(op, "stopwords", &stopwords);
    if (!op_shape(op, 0, &shape)) {
        op_set(op, 0, DTYPE_STRING, NULL);
        return;
    }
    if (shape.rank != 1 && shape.rank != 2)
        op_problem(op, SHAPE_PROBLEM_RANK, "the input has rank %d, 1 or 2 is wanted", shape.rank);
    else if (shape.rank == 2)
        shape.dims[0] = op_equal(op, shape.dims[0], 1, "the first of two dimensions and 1");
    if (stopwords && shape.rank > 0) {
        int32_t last = shape.rank - 1;
        int64_t most;
        if (!expr_to_integer(op->algebra, shape.dims[last], &most) || most < 1) most = INT64_MAX;
        shape.dims[last] =
            op_data_dim(op, 0, (uint32_t)last, 1, most, "how many stopwords there are depends on data");
    }
    op_set(op, 0, DTYPE_STRING, &shape);
}

void infer_string_concat(Op *op) {
    Shape a, b, shape;
    op_shape(op, 0, &a);
    op_shape(op, 1, &b);
    op_set(op, 0, DTYPE_STRING, op_broadcast(op, &a, &b, &shape) ? &shape : NULL);
}

/* Y: X's dimensions, and the most parts any string has; Z: how many parts each has. */
void infer_string_split(Op *op) {
    Shape shape;
    op_set_like_as(op, 1, 0, DTYPE_INT64);
    if (!op_shape(op, 0, &shape) || shape.rank >= SHAPE_RANK_LIMIT) {
        op_set(op, 0, DTYPE_STRING, NULL);
        return;
    }
    int64_t most = op_attribute(op, "maxsplit") ? op_int(op, "maxsplit", INT64_MAX) : INT64_MAX;
    if (most < INT64_MAX && most >= 0) most++;
    else most = INT64_MAX;
    shape.dims[shape.rank] =
        op_data_dim(op, 0, (uint32_t)shape.rank, 0, most, "how many parts there are depends on data");
    shape.rank++;
    op_set(op, 0, DTYPE_STRING, &shape);
}

void infer_regex_full_match(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_BOOL);
}

/* [C] -> [M], [N, C] -> [N, M], with M = the largest of ngram_indexes + 1 */
void infer_tf_idf_vectorizer(Op *op) {
    const Attribute *indexes = op_attribute(op, "ngram_indexes");
    Expr width = EXPR_UNKNOWN;
    if (!indexes || indexes->type != ATTRIBUTE_INT_LIST || indexes->count == 0) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute ngram_indexes is no list of whole numbers");
    } else if (!indexes->stored) {
        op_gap(op, "ngram_indexes is too long to be read");
    } else {
        const int64_t *items = op->model->integers.items + indexes->first;
        int64_t largest = -1;
        for (uint32_t i = 0; i < indexes->count; i++)
            if (items[i] > largest) largest = items[i];
        width = expr_add(op->algebra, expr_integer(op->algebra, largest), 1);
    }
    Shape shape;
    if (op_shape(op, 0, &shape) && shape.rank != 1 && shape.rank != 2) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the input has rank %d, 1 or 2 is wanted", shape.rank);
        shape.rank = -1;
    }
    if (shape.rank > 0) shape.dims[shape.rank - 1] = width;
    op_set(op, 0, DTYPE_FLOAT32, &shape);
}
