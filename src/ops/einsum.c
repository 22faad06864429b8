/* Einsum: "bij,bjk->bik". Labels are letters; "..." stands for dimensions that broadcast, aligned at their ends. Without
 * "->" the output has the ellipsis and then, in alphabetical order, the labels that occur once.
 */
#include <string.h>

#include "ops/rules.h"

#define EINSUM_LABELS 52

typedef struct Einsum {
    Op *op;
    Bytes equation; /* what is left of it */
    Expr dims[EINSUM_LABELS];
    uint32_t seen[EINSUM_LABELS]; /* how often */
    Shape ellipsis;
    bool has_ellipsis;
    bool is_rank_known;
} Einsum;

static int label_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    return -1;
}

static char next_char(Einsum *e) {
    while (e->equation.size && e->equation.data[0] == ' ') {
        e->equation.data++;
        e->equation.size--;
    }
    return e->equation.size ? e->equation.data[0] : '\0';
}

static void skip(Einsum *e, size_t count) {
    e->equation.data += count;
    e->equation.size -= count;
}

static bool at_ellipsis(const Einsum *e) {
    return e->equation.size >= 3 && memcmp(e->equation.data, "...", 3) == 0;
}

/* A term up to "," or "->": its labels, -1 for the ellipsis. False after a report. */
static bool read_term(Einsum *e, int *labels, int *count) {
    *count = 0;
    for (char c = next_char(e); e->equation.size && c != ',' && c != '-'; c = next_char(e)) {
        bool is_ellipsis = at_ellipsis(e);
        int label = is_ellipsis ? -1 : label_of(c);
        if ((label < 0 && !is_ellipsis) || *count == SHAPE_RANK_LIMIT) {
            op_problem(e->op, SHAPE_PROBLEM_ATTRIBUTE,
                       "the equation has something that is no label, or more than %d", SHAPE_RANK_LIMIT);
            return false;
        }
        labels[(*count)++] = label;
        skip(e, is_ellipsis ? 3 : 1);
    }
    return true;
}

/* Equal labels mean equal dimensions; a 1 broadcasts. */
static void join_label(Einsum *e, int label, Expr dim) {
    Expr before = e->dims[label];
    e->seen[label]++;
    if (!expr_is_known(before) || before == 1) e->dims[label] = dim;
    else if (dim != 1) e->dims[label] = op_equal(e->op, before, dim, "dimensions of one label");
}

static bool read_operand(Einsum *e, uint32_t input) {
    int labels[SHAPE_RANK_LIMIT], count, ellipses = 0;
    if (!read_term(e, labels, &count)) return false;
    for (int i = 0; i < count; i++) ellipses += labels[i] < 0;
    Shape shape;
    bool is_known = op_shape(e->op, input, &shape);
    int covered = is_known ? shape.rank - (count - ellipses) : 0;
    if (ellipses > 1 || (is_known && (covered < 0 || (covered > 0 && !ellipses)))) {
        op_problem(e->op, SHAPE_PROBLEM_RANK, "input %u has rank %d, its term has %d labels and %d ellipses",
                   input, shape.rank, count - ellipses, ellipses);
        return false;
    }
    if (ellipses) e->has_ellipsis = true;
    if (!is_known && ellipses) e->is_rank_known = false;
    for (int i = 0, axis = 0; i < count; i++) {
        if (labels[i] >= 0) {
            join_label(e, labels[i], is_known ? shape.dims[axis] : EXPR_UNKNOWN);
            axis++;
            continue;
        }
        Shape part = {.rank = covered};
        for (int d = 0; d < covered; d++) part.dims[d] = shape.dims[axis + d];
        if (!op_broadcast(e->op, &e->ellipsis, &part, &e->ellipsis)) return false;
        axis += covered;
    }
    return true;
}

static bool append(Shape *result, Expr dim) {
    if (result->rank >= SHAPE_RANK_LIMIT) return false;
    result->dims[result->rank++] = dim;
    return true;
}

static bool append_ellipsis(const Einsum *e, Shape *result) {
    for (int32_t i = 0; i < e->ellipsis.rank; i++)
        if (!append(result, e->ellipsis.dims[i])) return false;
    return true;
}

static bool implicit_output(const Einsum *e, Shape *result) {
    if (!append_ellipsis(e, result)) return false;
    for (int label = 0; label < EINSUM_LABELS; label++)
        if (e->seen[label] == 1 && !append(result, e->dims[label])) return false;
    return true;
}

static bool refuse_output(Einsum *e, const char *why) {
    op_problem(e->op, SHAPE_PROBLEM_ATTRIBUTE, "the equation's output %s", why);
    return false;
}

static bool explicit_output(Einsum *e, Shape *result) {
    int labels[SHAPE_RANK_LIMIT], count, ellipses = 0;
    bool is_taken[EINSUM_LABELS] = {false};
    if (!read_term(e, labels, &count)) return false;
    if (e->equation.size) return refuse_output(e, "has something behind it");
    for (int i = 0; i < count; i++) {
        if (labels[i] < 0) {
            if (ellipses++) return refuse_output(e, "has two ellipses");
            if (!append_ellipsis(e, result)) return false;
            continue;
        }
        if (!e->seen[labels[i]]) return refuse_output(e, "has a label that no input has");
        if (is_taken[labels[i]]) return refuse_output(e, "has a label twice");
        is_taken[labels[i]] = true;
        if (!append(result, e->dims[labels[i]])) return false;
    }
    if (!ellipses && e->ellipsis.rank > 0) return refuse_output(e, "lacks the ellipsis that its inputs have");
    return true;
}

static bool read_equation(Einsum *e, Shape *result) {
    for (uint32_t i = 0; i < e->op->inputs.count; i++) {
        if (!read_operand(e, i)) return false;
        bool is_last = i + 1 == e->op->inputs.count;
        char c = next_char(e);
        if (!is_last && c != ',') {
            op_problem(e->op, SHAPE_PROBLEM_ATTRIBUTE, "the equation has %u terms for %u inputs", i + 1,
                       e->op->inputs.count);
            return false;
        }
        if (!is_last) skip(e, 1);
    }
    if (next_char(e) == '\0') return implicit_output(e, result);
    if (e->equation.size < 2 || memcmp(e->equation.data, "->", 2) != 0) {
        op_problem(e->op, SHAPE_PROBLEM_ATTRIBUTE, "the equation has more terms than the %u inputs",
                   e->op->inputs.count);
        return false;
    }
    skip(e, 2);
    return explicit_output(e, result);
}

void infer_einsum(Op *op) {
    Einsum e = {.op = op, .equation = op_string(op, "equation", ""), .is_rank_known = true};
    for (int i = 0; i < EINSUM_LABELS; i++) e.dims[i] = EXPR_UNKNOWN;
    Shape result = {.rank = 0};
    bool done = read_equation(&e, &result) && (e.is_rank_known || !e.has_ellipsis);
    op_set(op, 0, op_dtype(op, 0), done ? &result : NULL);
}
