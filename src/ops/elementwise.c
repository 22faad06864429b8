/* Elementwise operators. Y[i] = f(A[i], B[i], ...) after numpy's broadcasting; the contents rules do the same on Exprs. */
#include <math.h>

#include "ops/family.h"
#include "ops/rules.h"

/* ---- types and shapes ---- */

/* axis and broadcast attributes of opsets before 7: B lines up with A at `axis`, and the result has A's shape. */
void infer_broadcast_1(Op *op) {
    if (op_int(op, "broadcast", 0)) op_set_like(op, 0, 0);
    else infer_broadcast(op);
}

void infer_compare_1(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_BOOL);
}

void infer_is(Op *op) {
    op_set_like_as(op, 0, 0, DTYPE_BOOL);
}

void infer_where(Op *op) {
    Shape result, other;
    op_shape(op, 0, &result);
    bool done = true;
    for (uint32_t i = 1; done && i < 3; i++) {
        op_shape(op, i, &other);
        done = op_broadcast(op, &result, &other, &result);
    }
    uint32_t dtype = op_dtype(op, 1) ? op_dtype(op, 1) : op_dtype(op, 2);
    op_set(op, 0, dtype, done ? &result : NULL);
}

void infer_cast(Op *op) {
    op_set_like_as(op, 0, 0, family_dtype(op, "to", DTYPE_UNDEFINED));
}

/* Before opset 6 the type was a name. */
void infer_cast_1(Op *op) {
    Bytes to = op_string(op, "to", "");
    char lower[16] = "";
    for (size_t i = 0; i < to.size && i < sizeof lower - 1; i++)
        lower[i] = (char)(to.data[i] >= 'A' && to.data[i] <= 'Z' ? to.data[i] + 32 : to.data[i]);
    Bytes name = {lower, strlen(lower)};
    uint32_t dtype = bytes_equal(name, BYTES_LITERAL("float"))    ? DTYPE_FLOAT32
                     : bytes_equal(name, BYTES_LITERAL("double")) ? DTYPE_FLOAT64
                                                                  : dtype_from_name(name);
    op_set_like_as(op, 0, 0, dtype);
}

void infer_cast_like(Op *op) {
    op_set_like_as(op, 0, 0, op_dtype(op, 1));
}

/* ---- contents ---- */

typedef Expr (*Unary)(Algebra *algebra, Expr a);
typedef Expr (*Binary)(Algebra *algebra, Expr a, Expr b);

static void each_element(Op *op, Unary f) {
    const Contents *a = op_contents(op, 0);
    Expr *items = a ? op_scratch(op, a->count) : NULL;
    if (!items) return;
    for (uint32_t i = 0; i < a->count; i++) items[i] = f(op->algebra, a->items[i]);
    op_set_contents(op, 0, items, a->count);
}

/* Steps through an input as it is broadcast to the output's shape. */
typedef struct Walker {
    const Contents *contents;
    uint32_t strides[SHAPE_RANK_LIMIT];
} Walker;

static bool walker_init(Op *op, uint32_t input, const Shape *output, Walker *walker) {
    Shape shape;
    walker->contents = op_contents(op, input);
    if (!walker->contents || !op_shape(op, input, &shape) || shape.rank > output->rank) return false;
    uint32_t stride = 1;
    for (int32_t i = output->rank; i-- > 0;) {
        int32_t own = i - (output->rank - shape.rank);
        Expr dim = own >= 0 ? shape.dims[own] : 1;
        if (!expr_is_small(dim)) return false;
        walker->strides[i] = dim == 1 ? 0 : stride;
        stride *= (uint32_t)dim;
    }
    return true;
}

static Expr walker_at(const Walker *walker, const Shape *output, uint32_t index) {
    uint32_t at = 0;
    for (int32_t i = output->rank; i-- > 0;) {
        uint32_t dim = (uint32_t)output->dims[i];
        at += index % dim * walker->strides[i];
        index /= dim;
    }
    return at < walker->contents->count ? walker->contents->items[at] : EXPR_UNKNOWN;
}

static bool output_shape(Op *op, Shape *shape, uint32_t *count) {
    if (!op_output_count(op, 0, count)) return false;
    op_get_output_shape(op, 0, shape);
    return true;
}

static void each_pair(Op *op, Binary f) {
    Shape output;
    uint32_t count;
    Walker a, b;
    if (!output_shape(op, &output, &count) || !walker_init(op, 0, &output, &a) ||
        !walker_init(op, 1, &output, &b))
        return;
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < count; i++)
        items[i] = f(op->algebra, walker_at(&a, &output, i), walker_at(&b, &output, i));
    op_set_contents(op, 0, items, count);
}

/* Any number of inputs, from left to right. */
static void fold_inputs(Op *op, Binary f) {
    Shape output;
    uint32_t count;
    if (op->inputs.count == 0 || !output_shape(op, &output, &count)) return;
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t input = 0; input < op->inputs.count; input++) {
        Walker walker;
        if (!walker_init(op, input, &output, &walker)) return;
        for (uint32_t i = 0; i < count; i++) {
            Expr item = walker_at(&walker, &output, i);
            items[i] = input ? f(op->algebra, items[i], item) : item;
        }
    }
    op_set_contents(op, 0, items, count);
}

static bool is_integer(const Op *op) {
    uint32_t dtype = op_dtype(op, 0);
    return dtype != 0 && !dtype_is_float(dtype);
}

void contents_same(Op *op) {
    const Contents *a = op_contents(op, 0);
    if (a) op_set_contents(op, 0, a->items, a->count);
}

void contents_add(Op *op) {
    each_pair(op, expr_add);
}
void contents_sub(Op *op) {
    each_pair(op, expr_subtract);
}
void contents_mul(Op *op) {
    each_pair(op, expr_multiply);
}
void contents_div(Op *op) {
    each_pair(op, is_integer(op) ? expr_truncate_divide : expr_divide);
}
void contents_mod(Op *op) {
    each_pair(op, op_int(op, "fmod", 0) ? expr_remainder : expr_modulo);
}
void contents_max(Op *op) {
    fold_inputs(op, expr_max);
}
void contents_min(Op *op) {
    fold_inputs(op, expr_min);
}
void contents_sum(Op *op) {
    fold_inputs(op, expr_add);
}
void contents_neg(Op *op) {
    each_element(op, expr_negate);
}
void contents_floor(Op *op) {
    each_element(op, expr_floor);
}
void contents_ceil(Op *op) {
    each_element(op, expr_ceil);
}
void contents_round(Op *op) {
    each_element(op, expr_round);
}

static Expr absolute(Algebra *algebra, Expr a) {
    return expr_max(algebra, a, expr_negate(algebra, a));
}
void contents_abs(Op *op) {
    each_element(op, absolute);
}

static Expr sign(Algebra *algebra, Expr a) {
    if (expr_less(algebra, a, 0) == TRUTH_TRUE) return -1;
    if (expr_less(algebra, 0, a) == TRUTH_TRUE) return 1;
    return expr_equal(algebra, a, 0) == TRUTH_TRUE ? 0 : EXPR_UNKNOWN;
}
void contents_sign(Op *op) {
    each_element(op, sign);
}

static Expr square_root(Algebra *algebra, Expr a) {
    return expr_apply_real(algebra, sqrt, a);
}
void contents_sqrt(Op *op) {
    each_element(op, square_root);
}

static Expr reciprocal(Algebra *algebra, Expr a) {
    return expr_divide(algebra, 1, a);
}
void contents_reciprocal(Op *op) {
    each_element(op, reciprocal);
}

static Expr power(Algebra *algebra, Expr a, Expr b) {
    int64_t exponent;
    if (expr_to_integer(algebra, b, &exponent) && exponent >= 0 && exponent <= 64)
        return expr_power(algebra, a, (uint32_t)exponent);
    double base, real;
    if (!expr_to_double(algebra, a, &base) || !expr_to_double(algebra, b, &real)) return EXPR_UNKNOWN;
    return expr_number(algebra, pow(base, real));
}
void contents_pow(Op *op) {
    each_pair(op, power);
}

/* ---- truth ---- */

static Expr truth(Truth t) {
    return t == TRUTH_UNKNOWN ? EXPR_UNKNOWN : t == TRUTH_TRUE;
}
static Expr equal(Algebra *algebra, Expr a, Expr b) {
    return truth(expr_is_known(a) && expr_is_known(b) ? expr_equal(algebra, a, b) : TRUTH_UNKNOWN);
}
static Expr less(Algebra *algebra, Expr a, Expr b) {
    return truth(expr_is_known(a) && expr_is_known(b) ? expr_less(algebra, a, b) : TRUTH_UNKNOWN);
}
static Expr less_equal(Algebra *algebra, Expr a, Expr b) {
    return truth(expr_is_known(a) && expr_is_known(b) ? expr_less_equal(algebra, a, b) : TRUTH_UNKNOWN);
}
static Expr greater(Algebra *algebra, Expr a, Expr b) {
    return less(algebra, b, a);
}
static Expr greater_equal(Algebra *algebra, Expr a, Expr b) {
    return less_equal(algebra, b, a);
}
static Expr both(Algebra *algebra, Expr a, Expr b) {
    (void)algebra;
    if (a == 0 || b == 0) return 0;
    return a == 1 && b == 1 ? 1 : EXPR_UNKNOWN;
}
static Expr either(Algebra *algebra, Expr a, Expr b) {
    (void)algebra;
    if (a == 1 || b == 1) return 1;
    return a == 0 && b == 0 ? 0 : EXPR_UNKNOWN;
}
static Expr one_of(Algebra *algebra, Expr a, Expr b) {
    (void)algebra;
    return expr_is_known(a) && expr_is_known(b) ? a != b : EXPR_UNKNOWN;
}
static Expr not(Algebra * algebra, Expr a) {
    (void)algebra;
    return expr_is_known(a) ? !a : EXPR_UNKNOWN;
}

void contents_equal(Op *op) {
    each_pair(op, equal);
}
void contents_less(Op *op) {
    each_pair(op, less);
}
void contents_less_or_equal(Op *op) {
    each_pair(op, less_equal);
}
void contents_greater(Op *op) {
    each_pair(op, greater);
}
void contents_greater_or_equal(Op *op) {
    each_pair(op, greater_equal);
}
void contents_and(Op *op) {
    each_pair(op, both);
}
void contents_or(Op *op) {
    each_pair(op, either);
}
void contents_xor(Op *op) {
    each_pair(op, one_of);
}
void contents_not(Op *op) {
    each_element(op, not );
}

void contents_where(Op *op) {
    Shape output;
    uint32_t count;
    Walker condition, yes, no;
    if (!output_shape(op, &output, &count) || !walker_init(op, 0, &output, &condition)) return;
    bool has_yes = walker_init(op, 1, &output, &yes), has_no = walker_init(op, 2, &output, &no);
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < count; i++) {
        Expr a = has_yes ? walker_at(&yes, &output, i) : EXPR_UNKNOWN,
             b = has_no ? walker_at(&no, &output, i) : EXPR_UNKNOWN;
        Expr chosen = walker_at(&condition, &output, i);
        items[i] = chosen == 1 ? a : chosen == 0 ? b : a == b ? a : EXPR_UNKNOWN;
    }
    op_set_contents(op, 0, items, count);
}

/* To whole numbers: towards 0. To floats: numbers stay as they are, 64-bit ones past 2^53 too. To bool: not 0. */
static Expr to_bool(Algebra *algebra, Expr a) {
    Expr is_zero = expr_is_known(a) ? truth(expr_equal(algebra, a, 0)) : EXPR_UNKNOWN;
    return expr_is_known(is_zero) ? !is_zero : EXPR_UNKNOWN;
}
static Expr as_is(Algebra *algebra, Expr a) {
    (void)algebra;
    return a;
}
void contents_cast(Op *op) {
    Fact output = op_output(op, 0);
    if (output.dtype == DTYPE_BOOL) each_element(op, to_bool);
    else if (output.dtype != 0 && output.dtype != DTYPE_STRING)
        each_element(op, dtype_is_float(output.dtype) ? as_is : expr_truncate);
}

/* Clip with its bounds as inputs (opset 11 on). */
void contents_clip(Op *op) {
    const Contents *a = op_contents(op, 0);
    Expr *items = a ? op_scratch(op, a->count) : NULL;
    if (!items) return;
    for (uint32_t i = 0; i < a->count; i++) {
        items[i] = a->items[i];
        if (op_has_input(op, 1)) items[i] = expr_max(op->algebra, items[i], op_item(op, 1, 0));
        if (op_has_input(op, 2)) items[i] = expr_min(op->algebra, items[i], op_item(op, 2, 0));
    }
    op_set_contents(op, 0, items, a->count);
}

/* ---- costs ---- */

/* Bounds that are given: each a comparison for every element. */
void cost_clip(Op *op, Cost *cost) {
    int64_t bounds = 0;
    static const char *const names[] = {"min", "max"};
    for (uint32_t i = 0; i < 2; i++)
        if (op_has_input(op, i + 1) || op_attribute(op, names[i])) bounds++;
    cost_each(op, cost, bounds, 0);
}

/* A comparison or an addition less than there are inputs. */
void cost_variadic(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0)), inputs = op->inputs.count;
    cost->flags |= COST_IN_PLACE;
    if (inputs == 0) return;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, inputs - 1), "(n - 1)*N(Y)", {"n", inputs},
             {"N(Y)", n});
}

/* n - 1 additions and a division. */
void cost_mean(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0)), inputs = op->inputs.count;
    cost->flags |= COST_IN_PLACE;
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, inputs), "n*N(Y)", {"n", inputs}, {"N(Y)", n});
}

/* Constant exponents that are no call of pow: 2 is x*x, 3 is x*x*x, 0.5 a square root, -1 a division, 1 nothing. */
void cost_pow(Op *op, Cost *cost) {
    double exponent = 0;
    const Contents *contents = op_contents(op, 1);
    bool is_known = contents && contents->count > 0;
    for (uint32_t i = 0; is_known && i < contents->count; i++)
        is_known = contents->items[i] == contents->items[0];
    is_known = is_known && expr_to_double(op->algebra, contents->items[0], &exponent);
    if (is_known && exponent == 1) cost_each(op, cost, 0, 0);
    else if (is_known && (exponent == 2 || exponent == -1)) cost_each(op, cost, 1, 0);
    else if (is_known && exponent == 3) cost_each(op, cost, 2, 0);
    else cost_each(op, cost, 0, 1);
}
