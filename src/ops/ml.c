/* ai.onnx.ml: classic learners. Of an input [N, F] (or [F], where N is 1) classifiers give labels [N] and scores [N, E],
 * regressors [N, targets]; the rest works elementwise or makes vectors of what is no tensor.
 */
#include <inttypes.h>
#include <string.h>

#include "ops/ensemble.h"
#include "ops/family.h"
#include "ops/rules.h"

/* N of input 0. */
static Expr rows(Op *op) {
    Shape shape;
    if (!op_shape(op, 0, &shape)) {
        op_gap(op, "the shape of the input is not known");
        return EXPR_UNKNOWN;
    }
    if (shape.rank == 0) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the input has rank 0, 1 or 2 is wanted");
        return EXPR_UNKNOWN;
    }
    return shape.rank == 1 ? 1 : shape.dims[0];
}

static void set_matrix(Op *op, uint32_t output, uint32_t dtype, Expr first, Expr second) {
    op_set(op, output, dtype, &(Shape){.rank = 2, .dims = {first, second}});
}

/* Labels of a classifier or encoder: strings when there are any, else whole numbers. */
static uint32_t labels_dtype(Op *op, const char *strings, const char *integers, uint32_t *count) {
    if (family_count(op, strings, count) && *count) return DTYPE_STRING;
    family_count(op, integers, count);
    return DTYPE_INT64;
}

/* ---- elementwise ---- */

/* Scaler, Normalizer: floats. */
void infer_ml_float(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_FLOAT32);
}

/* Strings become whole numbers, and the other way round. */
void infer_category_mapper(Op *op) {
    uint32_t from = op_dtype(op, 0);
    op_set_like_as(op, 0, 0, from == 0 ? 0 : from == DTYPE_STRING ? DTYPE_INT64 : DTYPE_STRING);
}

void infer_label_encoder(Op *op) {
    static const struct {
        const char *name;
        uint32_t dtype;
    } lists[] = {
        {"values_strings", DTYPE_STRING}, {"values_int64s", DTYPE_INT64}, {"values_floats", DTYPE_FLOAT32}};
    uint32_t dtype = 0, count;
    Id values = op_tensor(op, "values_tensor");
    if (values != ID_NONE) dtype = op->model->tensors.items[values].dtype;
    for (size_t i = 0; !dtype && i < sizeof lists / sizeof *lists; i++)
        if (family_count(op, lists[i].name, &count) && count) dtype = lists[i].dtype;
    if (!dtype) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "no values are given");
    op_set_like_as(op, 0, 0, dtype_is_known(dtype) ? dtype : 0);
}

/* [..] -> [.., categories] */
void infer_one_hot_encoder(Op *op) {
    Shape shape;
    uint32_t count;
    if (!family_count(op, "cats_strings", &count) || !count) family_count(op, "cats_int64s", &count);
    if (!count) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "neither cats_int64s nor cats_strings is given");
    if (!op_shape(op, 0, &shape) || shape.rank >= SHAPE_RANK_LIMIT) {
        op_set(op, 0, DTYPE_FLOAT32, NULL);
        return;
    }
    shape.dims[shape.rank++] = count ? (Expr)count : EXPR_UNKNOWN;
    op_set(op, 0, DTYPE_FLOAT32, &shape);
}

/* [.., D] and indices of n -> [.., n]; [D] -> [1, n] */
void infer_array_feature_extractor(Op *op) {
    Shape shape, indices;
    if (!op_shape(op, 0, &shape)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    if (shape.rank == 0) {
        op_problem(op, SHAPE_PROBLEM_RANK, "the input has rank 0, at least 1 is wanted");
        return;
    }
    Expr count = op_shape(op, 1, &indices) ? op_product(op, &indices, 0, indices.rank) : EXPR_UNKNOWN;
    if (shape.rank == 1) set_matrix(op, 0, op_dtype(op, 0), 1, count);
    shape.dims[shape.rank - 1] = count;
    if (shape.rank > 1) op_set(op, 0, op_dtype(op, 0), &shape);
}

/* ---- vectors of what is no matrix ---- */

static ElementFact map_input(Op *op) {
    Fact fact = op_input(op, 0);
    if (fact.kind != TYPE_KIND_MAP && fact.kind != TYPE_KIND_NONE)
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "the input is no map");
    return op_element_of(op, fact.kind == TYPE_KIND_MAP ? fact : (Fact){0});
}

/* [1, max_map] (SPARSE), or as many as the map has (DENSE) */
void infer_cast_map(Op *op) {
    Bytes to = op_string(op, "cast_to", "TO_FLOAT"), form = op_string(op, "map_form", "DENSE");
    uint32_t dtype = bytes_equal(to, BYTES_LITERAL("TO_FLOAT"))    ? DTYPE_FLOAT32
                     : bytes_equal(to, BYTES_LITERAL("TO_STRING")) ? DTYPE_STRING
                     : bytes_equal(to, BYTES_LITERAL("TO_INT64"))  ? DTYPE_INT64
                                                                   : DTYPE_UNDEFINED;
    if (!dtype)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "cast_to is '%.*s', none of TO_FLOAT, TO_STRING, TO_INT64",
                   (int)(to.size > 40 ? 40 : to.size), (const char *)to.data);
    map_input(op);
    Expr count = bytes_equal(form, BYTES_LITERAL("SPARSE"))
                     ? expr_integer(op->algebra, op_int(op, "max_map", 1))
                     : op_data_dim(op, 0, 1, 0, INT64_MAX, "how many entries the map has depends on data");
    set_matrix(op, 0, dtype, 1, count);
}

/* [1, words of the vocabulary], of the map's values */
void infer_dict_vectorizer(Op *op) {
    uint32_t count;
    ElementFact map = map_input(op);
    if (!family_count(op, "string_vocabulary", &count) || !count)
        family_count(op, "int64_vocabulary", &count);
    if (!count)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "neither string_vocabulary nor int64_vocabulary is given");
    set_matrix(op, 0, map.fact.kind == TYPE_KIND_TENSOR ? map.fact.dtype : 0, 1,
               count ? (Expr)count : EXPR_UNKNOWN);
}

/* [N, F1], [N, F2], .. -> [N, sum of inputdimensions] */
void infer_feature_vectorizer(Op *op) {
    Shape shape;
    Expr first = EXPR_UNKNOWN, width = 0;
    const Attribute *sizes = op_attribute(op, "inputdimensions");
    bool is_given = sizes && sizes->type == ATTRIBUTE_INT_LIST && sizes->stored;
    if (is_given && sizes->count != op->inputs.count)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "inputdimensions has %u numbers for %u inputs", sizes->count,
                   op->inputs.count);
    for (uint32_t i = 0; is_given && i < sizes->count; i++)
        width = expr_add(op->algebra, width,
                         expr_integer(op->algebra, op->model->integers.items[sizes->first + i]));
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        bool is_known = op_shape(op, i, &shape) && shape.rank > 0;
        if (is_known) first = op_equal(op, first, shape.rank == 1 ? 1 : shape.dims[0], "rows of the inputs");
        if (!is_given)
            width = expr_add(op->algebra, width, is_known ? shape.dims[shape.rank - 1] : EXPR_UNKNOWN);
    }
    set_matrix(op, 0, DTYPE_FLOAT32, first, width);
}

/* A map for each row: sequences of {label: score}. */
void infer_zip_map(Op *op) {
    uint32_t count, key = labels_dtype(op, "classlabels_strings", "classlabels_int64s", &count);
    Fact value = op_tensor_fact(op, DTYPE_FLOAT32, NULL);
    op_set_fact(op, 0, op_sequence_of(op, op_map_of(op, key, value), rows(op)));
}

/* ---- classifiers and regressors ---- */

static void set_classifier(Op *op, uint32_t dtype, Expr columns) {
    Expr n = rows(op);
    op_set(op, 0, dtype, &(Shape){.rank = 1, .dims = {n}});
    if (columns == 0) op_gap(op, "how many classes there are is not given");
    set_matrix(op, 1, DTYPE_FLOAT32, n, columns ? columns : EXPR_UNKNOWN);
}

/* A column for each intercept; one for two classes stands for both. */
void infer_linear_classifier(Op *op) {
    uint32_t labels, columns, dtype = labels_dtype(op, "classlabels_strings", "classlabels_ints", &labels);
    if (!family_count(op, "intercepts", &columns) || !columns) columns = labels;
    set_classifier(op, dtype, columns == 1 && labels == 2 ? 2 : columns);
}

/* A column for each class; votes of support vectors without probabilities have one for each pair of more than two. */
void infer_svm_classifier(Op *op) {
    uint32_t labels, count, dtype = labels_dtype(op, "classlabels_strings", "classlabels_ints", &labels);
    bool has_chances = family_count(op, "prob_a", &count) && count;
    bool has_vectors = family_count(op, "vectors_per_class", &count) && count;
    Expr columns = labels ? labels : 1;
    if (has_vectors && !has_chances && columns <= 2) columns = 2;
    else if (has_vectors && !has_chances)
        columns = expr_floor_divide(op->algebra, expr_multiply(op->algebra, columns, columns - 1), 2);
    set_classifier(op, dtype, columns);
}

void infer_tree_ensemble_classifier(Op *op) {
    uint32_t labels, dtype = labels_dtype(op, "classlabels_strings", "classlabels_int64s", &labels);
    set_classifier(op, dtype, labels);
}

static void set_regressor(Op *op, uint32_t dtype, const char *name, int64_t fallback) {
    int64_t targets = op_int(op, name, fallback);
    if (targets < 1 && op_attribute(op, name))
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "%s is %" PRId64 ", at least 1 is wanted", name, targets);
    else if (targets < 1) op_gap(op, "attribute %s is not given", name);
    set_matrix(op, 0, dtype, rows(op), targets < 1 ? EXPR_UNKNOWN : expr_integer(op->algebra, targets));
}

void infer_linear_regressor(Op *op) {
    set_regressor(op, DTYPE_FLOAT32, "targets", 1);
}
void infer_tree_ensemble_regressor(Op *op) {
    set_regressor(op, DTYPE_FLOAT32, "n_targets", 0);
}
void infer_tree_ensemble(Op *op) {
    set_regressor(op, op_dtype(op, 0), "n_targets", 0);
}
void infer_svm_regressor(Op *op) {
    set_matrix(op, 0, DTYPE_FLOAT32, rows(op), 1);
}

/* ---- costs ---- */

/* F of input 0. */
static Expr features(Op *op) {
    Shape shape;
    return op_shape(op, 0, &shape) && shape.rank > 0 ? shape.dims[shape.rank - 1] : EXPR_UNKNOWN;
}

static uint32_t list_count(Op *op, const char *name) {
    uint32_t count;
    family_count(op, name, &count);
    return count;
}

/* What a row gets: a score for each class, or for each target. */
static Expr tree_outputs(Op *op) {
    uint32_t labels;
    if (strcmp(op->rule->name, "TreeEnsembleClassifier") == 0) {
        labels_dtype(op, "classlabels_strings", "classlabels_int64s", &labels);
        return labels ? labels : EXPR_UNKNOWN;
    }
    int64_t targets = op_int(op, "n_targets", 0);
    return targets > 0 ? expr_integer(op->algebra, targets) : EXPR_UNKNOWN;
}

/* TreeEnsemble numbers what the others name. */
static bool has_transform(Op *op) {
    if (strcmp(op->rule->name, "TreeEnsemble") == 0) return op_int(op, "post_transform", 0) != 0;
    return !bytes_equal(op_string(op, "post_transform", "NONE"), BYTES_LITERAL("NONE"));
}

/* A node takes about so many bytes: feature, threshold, two children, mode. */
#define TREE_NODE_BYTES 20

/* Each of B rows goes down all T trees, a comparison a step, and adds up what their leaves give. At most
 * that is as deep as the trees are; the mean leaf, to 1/1024 of a step, is what is expected. Only nodes on
 * the way are read. */
void cost_tree_ensemble(Op *op, Cost *cost) {
    EnsembleDepths depths = ensemble_depths(op);
    Expr n = rows(op), outputs = tree_outputs(op), trees = depths.trees;
    if (depths.gap) cost_gap(op, cost, depths.gap);
    else if (!expr_is_known(outputs)) cost_gap(op, cost, "the number of targets or classes is not given");
    Expr deepest = depths.gap ? EXPR_UNKNOWN : expr_integer(op->algebra, (int64_t)depths.deepest);
    Expr mean =
        depths.gap ? EXPR_UNKNOWN : expr_rational(op->algebra, (int64_t)(depths.mean * 1024 + 0.5), 1024);
    Expr sums = op_times(op, trees, outputs);
    cost->bound = COST_UPPER;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, op_plus(op, deepest, sums)),
             "B*(depths + T*outputs)", {"B", n}, {"depths", deepest}, {"T", trees}, {"outputs", outputs});
    COST_ADD(op, cost, COST_ELEMENTWISE_LOW, op_times(op, n, op_plus(op, mean, sums)),
             "B*(mean_depths + T*outputs)", {"B", n}, {"mean_depths", mean}, {"T", trees},
             {"outputs", outputs});
    if (has_transform(op))
        COST_ADD(op, cost, COST_TRANSCENDENTALS, op_times(op, n, outputs), "B*outputs", {"B", n},
                 {"outputs", outputs});
    cost->metrics[COST_WEIGHT_BYTES] = op_times(op, op_times(op, n, deepest), TREE_NODE_BYTES);
}

/* Support vectors: n_supports, or those of all classes; EXPR_UNKNOWN when there are more classes than are
 * kept. */
static Expr support_vectors(Op *op, Cost *cost) {
    const Attribute *each = op_attribute(op, "vectors_per_class");
    bool is_classifier = strcmp(op->rule->name, "SVMClassifier") == 0;
    Expr sum = 0;
    if (!is_classifier) return expr_integer(op->algebra, op_int(op, "n_supports", 0));
    if (!each || each->type != ATTRIBUTE_INT_LIST) return 0;
    if (!each->stored) {
        cost_gap(op, cost, "vectors_per_class has more than 4,096 numbers");
        return EXPR_UNKNOWN;
    }
    for (uint32_t i = 0; i < each->count; i++)
        sum = op_plus(op, sum, expr_integer(op->algebra, op->model->integers.items[each->first + i]));
    return sum;
}

/* B rows meet n_sv vectors of F features; a kernel for each, weighted. RBF subtracts first; LINEAR takes
 * no transcendental. Without vectors, coefficients are a row of F for each class. */
void cost_svm(Op *op, Cost *cost) {
    Bytes kernel = op_string(op, "kernel_type", "LINEAR");
    bool is_linear = bytes_equal(kernel, BYTES_LITERAL("LINEAR"));
    Expr n = rows(op), f = features(op), vectors = support_vectors(op, cost);
    if (vectors == 0) {
        vectors = expr_divide(op->algebra, list_count(op, "coefficients"), f);
        is_linear = true;
    }
    if (expr_is_known(vectors) && expr_less(op->algebra, vectors, 0) == TRUTH_TRUE) {
        cost_gap(op, cost, "the number of support vectors is below 0");
        vectors = EXPR_UNKNOWN;
    }
    Expr kernels = op_times(op, n, vectors), products = op_times(op, kernels, f);
    COST_ADD(op, cost, COST_MACS, products, "B*n_sv*F", {"B", n}, {"n_sv", vectors}, {"F", f});
    COST_ADD(op, cost, COST_ELEMENTWISE, kernels, "B*n_sv", {"B", n}, {"n_sv", vectors});
    if (is_linear) return;
    COST_ADD(op, cost, COST_TRANSCENDENTALS, kernels, "B*n_sv", {"B", n}, {"n_sv", vectors});
    if (bytes_equal(kernel, BYTES_LITERAL("RBF")))
        COST_ADD(op, cost, COST_ELEMENTWISE, products, "B*n_sv*F", {"B", n}, {"n_sv", vectors}, {"F", f});
}

/* A product and an intercept for each of C classes or targets. */
void cost_linear(Op *op, Cost *cost) {
    uint32_t labels, columns = list_count(op, "intercepts");
    Expr n = rows(op), f = features(op), c;
    if (strcmp(op->rule->name, "LinearRegressor") == 0) {
        int64_t targets = op_int(op, "targets", 1);
        c = targets > 0 ? expr_integer(op->algebra, targets) : EXPR_UNKNOWN;
    } else {
        labels_dtype(op, "classlabels_strings", "classlabels_ints", &labels);
        c = columns ? columns : labels ? labels : EXPR_UNKNOWN;
    }
    if (!expr_is_known(c)) cost_gap(op, cost, "the number of targets or classes is not given");
    COST_ADD(op, cost, COST_MACS, op_times(op, op_times(op, n, f), c), "B*F*C", {"B", n}, {"F", f}, {"C", c});
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, c), "B*C", {"B", n}, {"C", c});
}
