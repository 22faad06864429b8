/* Einsum: "bij,bjk->bik". Labels are letters; "..." stands for dimensions that broadcast, aligned at their ends. Without
 * "->" the output has the ellipsis and then, in alphabetical order, the labels that occur once.
 */
#include <string.h>

#include "ops/cost.h"
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

/* ---- costs ---- */

/* An input, or what is left of those multiplied before: its labels and their sizes. */
typedef struct EinsumOperand {
    uint64_t labels;
    Expr dims[EINSUM_LABELS];
    Shape ellipsis;
} EinsumOperand;

/* Sizes that stand for one another, as inference has found (op_broadcast_dim), only read. */
static Expr broadcast_size(Op *op, Expr a, Expr b) {
    if (a == b || b == 1) return a;
    if (a == 1) return b;
    if (!expr_is_known(a) || !expr_is_known(b)) {
        Expr known = expr_is_known(a) ? a : b;
        return expr_is_small(known) ? known : EXPR_UNKNOWN;
    }
    if (expr_is_constant(op->algebra, a)) return a;
    return expr_is_constant(op->algebra, b) ? b : expr_max(op->algebra, a, b);
}

/* The next term of the equation with an input's shape. An unknown shape gives unknown sizes; a diagonal counts once. */
static bool take_operand(Einsum *e, uint32_t input, EinsumOperand *operand) {
    int labels[SHAPE_RANK_LIMIT], count, ellipses = 0, axis = 0;
    Shape shape;
    if (!read_term(e, labels, &count)) return false;
    for (int i = 0; i < count; i++) ellipses += labels[i] < 0;
    bool is_known = op_shape(e->op, input, &shape);
    int32_t covered = is_known ? shape.rank - (count - ellipses) : ellipses;
    if (ellipses > 1 || covered < 0 || (covered > 0 && !ellipses)) return false;
    *operand = (EinsumOperand){.labels = 0, .ellipsis = {.rank = covered}};
    for (int i = 0; i < count; axis += labels[i] < 0 ? covered : 1, i++) {
        for (int32_t d = 0; labels[i] < 0 && d < covered; d++)
            operand->ellipsis.dims[d] = is_known ? shape.dims[axis + d] : EXPR_UNKNOWN;
        if (labels[i] < 0) continue;
        Expr dim = is_known ? shape.dims[axis] : EXPR_UNKNOWN;
        bool is_first = !(operand->labels & (uint64_t)1 << labels[i]);
        operand->labels |= (uint64_t)1 << labels[i];
        operand->dims[labels[i]] = is_first ? dim : broadcast_size(e->op, operand->dims[labels[i]], dim);
    }
    if (next_char(e) == ',') skip(e, 1);
    return true;
}

static void join_operand(Op *op, EinsumOperand *left, const EinsumOperand *right) {
    for (int label = 0; label < EINSUM_LABELS; label++) {
        uint64_t bit = (uint64_t)1 << label;
        if (!(right->labels & bit)) continue;
        left->dims[label] = left->labels & bit ? broadcast_size(op, left->dims[label], right->dims[label])
                                               : right->dims[label];
    }
    left->labels |= right->labels;
    const Shape *a = &left->ellipsis, *b = &right->ellipsis;
    Shape joined = a->rank >= b->rank ? *a : *b;
    const Shape *shorter = a->rank >= b->rank ? b : a;
    for (int32_t i = 0; i < shorter->rank; i++) {
        Expr *dim = &joined.dims[joined.rank - shorter->rank + i];
        *dim = broadcast_size(op, *dim, shorter->dims[i]);
    }
    left->ellipsis = joined;
}

/* How many terms have each label, and which labels the output has. False where the equation has no such form. */
static bool count_labels(Einsum e, uint32_t *uses, uint64_t *kept) {
    int labels[SHAPE_RANK_LIMIT], count;
    for (uint32_t i = 0; i < e.op->inputs.count; i++) {
        uint64_t own = 0;
        if (i > 0 && next_char(&e) != ',') return false;
        if (i > 0) skip(&e, 1);
        if (!read_term(&e, labels, &count)) return false;
        for (int j = 0; j < count; j++) {
            if (labels[j] < 0) continue;
            e.seen[labels[j]]++;
            if (!(own >> labels[j] & 1)) uses[labels[j]]++;
            own |= (uint64_t)1 << labels[j];
        }
    }
    *kept = 0;
    for (int label = 0; label < EINSUM_LABELS; label++)
        if (e.seen[label] == 1) *kept |= (uint64_t)1 << label;
    if (next_char(&e) == '\0') return e.op->inputs.count > 0;
    if (e.equation.size < 2 || memcmp(e.equation.data, "->", 2) != 0) return false;
    skip(&e, 2);
    *kept = 0;
    if (!read_term(&e, labels, &count) || e.equation.size) return false;
    for (int j = 0; j < count; j++)
        if (labels[j] >= 0) *kept |= (uint64_t)1 << labels[j];
    return e.op->inputs.count > 0;
}

/* N(labels): the product of the sizes of all distinct labels, which stand behind it as terms. Gives how many terms. */
static uint32_t label_terms(Op *op, const EinsumOperand *operand, CostTerm *terms) {
    static const char names[] =
        "A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0M\0N\0O\0P\0Q\0R\0S\0T\0U\0V\0W\0X\0Y\0Z\0"
        "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q\0r\0s\0t\0u\0v\0w\0x\0y\0z";
    Expr ellipsis = op_product(op, &operand->ellipsis, 0, operand->ellipsis.rank), all = ellipsis;
    uint32_t count = 1;
    if (operand->ellipsis.rank > 0) terms[count++] = (CostTerm){"...", ellipsis};
    for (int label = 0; label < EINSUM_LABELS; label++) {
        if (!(operand->labels >> label & 1)) continue;
        all = op_times(op, all, operand->dims[label]);
        if (count < COST_NOTE_TERMS - 1) terms[count++] = (CostTerm){names + 2 * label, operand->dims[label]};
    }
    terms[0] = (CostTerm){"N(labels)", all};
    terms[count] = (CostTerm){NULL, 0};
    return count;
}

/* One operand: what is summed up, N(labels) - N(Y) additions. A pair: N(labels) MACs when a label is summed over, as many
 * products when none is. */
static void add_einsum_step(Op *op, Cost *cost, const EinsumOperand *operand, bool is_single,
                            bool is_contraction) {
    CostTerm terms[COST_NOTE_TERMS + 1];
    uint32_t count = label_terms(op, operand, terms);
    Expr n = terms[0].value, y = op_elements(op, OUTPUT(0));
    if (is_single) {
        terms[count] = (CostTerm){"N(Y)", y};
        terms[count + 1] = (CostTerm){NULL, 0};
        cost_add(op, cost, COST_ELEMENTWISE, op_minus(op, n, y), "N(labels) - N(Y)", terms);
    } else {
        cost_add(op, cost, is_contraction ? COST_MACS : COST_ELEMENTWISE, n, "N(labels)", terms);
    }
}

/* Labels that are summed over now: the output lacks them, and so do all terms still to come. */
static uint64_t labels_gone(const EinsumOperand *left, const uint32_t *uses, uint64_t kept) {
    uint64_t gone = 0;
    for (int label = 0; label < EINSUM_LABELS; label++)
        if ((left->labels & ~kept) >> label & 1 && uses[label] == 0) gone |= (uint64_t)1 << label;
    return gone;
}

/* Operands are multiplied from left to right, each pair summed over the labels that neither the output nor a later operand
 * has. */
void cost_einsum(Op *op, Cost *cost) {
    Einsum e = {.op = op, .equation = op_string(op, "equation", ""), .is_rank_known = true};
    uint32_t uses[EINSUM_LABELS] = {0}, count = op->inputs.count;
    uint64_t kept;
    EinsumOperand left = {.labels = 0}, right;
    bool fits = count_labels(e, uses, &kept);
    for (uint32_t i = 0; fits && i < count; i++) {
        EinsumOperand *taken = i ? &right : &left;
        fits = take_operand(&e, i, taken);
        for (int label = 0; fits && label < EINSUM_LABELS; label++) uses[label] -= (uint32_t)(taken->labels >> label & 1);
        if (!fits || (i == 0 && count > 1)) continue;
        if (i) join_operand(op, &left, &right);
        uint64_t gone = labels_gone(&left, uses, kept);
        add_einsum_step(op, cost, &left, count == 1, gone != 0);
        left.labels &= ~gone;
    }
    if (!fits) cost_gap(op, cost, "its equation does not fit its inputs");
}
