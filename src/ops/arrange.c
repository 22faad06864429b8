/* Operators that take tensors apart, put them together and repeat them, elements and all.
 */
#include <string.h>

#include "ops/rules.h"

/* ---- Transpose ---- */

static bool read_perm(Op *op, int32_t rank, int32_t *perm) {
    int64_t given[SHAPE_RANK_LIMIT];
    uint32_t count;
    if (!op_ints(op, "perm", given, SHAPE_RANK_LIMIT, &count)) {
        for (int32_t i = 0; i < rank; i++) perm[i] = rank - 1 - i;
        return true;
    }
    bool seen[SHAPE_RANK_LIMIT] = {false};
    for (int32_t i = 0; i < rank && count == (uint32_t)rank; i++) {
        perm[i] = (int32_t)(given[i] < 0 ? given[i] + rank : given[i]);
        if (given[i] < -rank || given[i] >= rank || seen[perm[i]]) count = 0;
        else seen[perm[i]] = true;
    }
    if (count == (uint32_t)rank) return true;
    op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "perm is no permutation of %d axes", rank);
    return false;
}

void infer_transpose(Op *op) {
    Shape input, shape;
    int32_t perm[SHAPE_RANK_LIMIT];
    if (!op_shape(op, 0, &input) || !read_perm(op, input.rank, perm)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    shape.rank = input.rank;
    for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = input.dims[perm[i]];
    op_set(op, 0, op_dtype(op, 0), &shape);
}

/* Row-major strides of constant dimensions. */
static void strides_of(const Shape *shape, uint32_t *strides) {
    uint32_t stride = 1;
    for (int32_t i = shape->rank; i-- > 0;) {
        strides[i] = stride;
        stride *= (uint32_t)shape->dims[i];
    }
}

/* Item [i, j, ..] of the output is the one of input 0 at i % dims[0] * strides[0] + j % dims[1] * strides[1] + .. */
static void pick_contents(Op *op, const uint32_t *dims, const uint32_t *strides) {
    Shape output;
    uint32_t count;
    const Contents *data = op_contents(op, 0);
    Expr *items = data && op_output_count(op, 0, &count) ? op_scratch(op, count) : NULL;
    if (!items || (count > 0 && data->count == 0)) return;
    op_get_output_shape(op, 0, &output);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rest = i, at = 0;
        for (int32_t d = output.rank; d-- > 0;) {
            at += rest % (uint32_t)output.dims[d] % dims[d] * strides[d];
            rest /= (uint32_t)output.dims[d];
        }
        items[i] = at < data->count ? data->items[at] : EXPR_UNKNOWN;
    }
    op_set_contents(op, 0, items, count);
}

void contents_transpose(Op *op) {
    Shape input;
    int32_t perm[SHAPE_RANK_LIMIT];
    uint32_t own[SHAPE_RANK_LIMIT], dims[SHAPE_RANK_LIMIT], strides[SHAPE_RANK_LIMIT];
    if (!op_contents(op, 0) || !op_shape(op, 0, &input) || !read_perm(op, input.rank, perm)) return;
    strides_of(&input, own);
    for (int32_t d = 0; d < input.rank; d++) {
        dims[d] = (uint32_t)input.dims[perm[d]];
        strides[d] = own[perm[d]];
    }
    pick_contents(op, dims, strides);
}

/* ---- Concat ---- */

void op_concat(Op *op, uint32_t first, uint32_t step, int64_t fallback, Shape *result) {
    Shape other;
    int32_t axis = -1;
    result->rank = -1;
    for (uint32_t i = first; i < op->inputs.count; i += step) {
        bool is_known = op_shape(op, i, &other);
        if (is_known && i == first) {
            *result = other;
            axis = op_axis(op, op_int(op, "axis", fallback), other.rank);
        } else if (is_known && other.rank != result->rank) {
            op_problem(op, SHAPE_PROBLEM_RANK, "ranks differ: %d and %d", result->rank, other.rank);
            is_known = false;
        }
        if (!is_known || axis < 0) {
            result->rank = -1;
            return;
        }
        for (int32_t d = 0; i > first && d < result->rank; d++)
            result->dims[d] =
                d == axis ? expr_add(op->algebra, result->dims[d], other.dims[d])
                          : op_equal(op, result->dims[d], other.dims[d], "dimensions beside the axis");
    }
}

void infer_concat(Op *op) {
    Shape result;
    uint32_t dtype = 0;
    op_concat(op, 0, 1, 1, &result); /* required from opset 4 on */
    for (uint32_t i = 0; dtype == 0 && i < op->inputs.count; i++) dtype = op_dtype(op, i);
    op_set(op, 0, dtype, &result);
}

/* Blocks of each input, axis and what is behind it, in turn. */
void contents_concat(Op *op) {
    Shape output, shape;
    uint32_t count, done = 0;
    if (!op_output_count(op, 0, &count) || !op_get_output_shape(op, 0, &output)) return;
    int64_t axis = op_int(op, "axis", 1);
    if (axis < 0) axis += output.rank;
    if (axis < 0 || axis >= output.rank) return;
    Expr *items = op_scratch(op, count);
    if (!items) return;
    uint32_t outer = 1;
    for (int32_t i = 0; i < axis; i++) outer *= (uint32_t)output.dims[i];
    for (uint32_t o = 0; o < outer; o++)
        for (uint32_t input = 0; input < op->inputs.count; input++) {
            const Contents *part = op_contents(op, input);
            uint32_t size;
            if (!op_input_count(op, input, &size) || !op_shape(op, input, &shape)) return;
            uint32_t block = size / outer;
            if (done + block > count) return;
            for (uint32_t i = 0; i < block; i++)
                items[done++] =
                    part && o * block + i < part->count ? part->items[o * block + i] : EXPR_UNKNOWN;
        }
    if (done == count) op_set_contents(op, 0, items, count);
}

/* ---- Split ---- */

/* Sizes along the axis: `split` (attribute or input 1), else even parts, the last one smaller where num_outputs says so. */
static bool split_sizes(Op *op, Expr dim, Expr *sizes) {
    int64_t given[256];
    uint32_t count = op->outputs.count, found = 0;
    if (count == 0 || count > 256) return false;
    if (op_has_input(op, 1)) {
        const Contents *contents = op_contents(op, 1);
        for (uint32_t i = 0; i < count; i++)
            sizes[i] = contents && i < contents->count ? contents->items[i] : EXPR_UNKNOWN;
        return true;
    }
    if (op_ints(op, "split", given, 256, &found)) {
        for (uint32_t i = 0; i < count; i++)
            sizes[i] = i < found ? expr_integer(op->algebra, given[i]) : EXPR_UNKNOWN;
        return true;
    }
    Expr size = expr_ceil_divide(op->algebra, dim, (Expr)count);
    for (uint32_t i = 0; i < count; i++) sizes[i] = size;
    Expr before = expr_multiply(op->algebra, size, (Expr)count - 1);
    sizes[count - 1] = expr_subtract(op->algebra, dim, before);
    return true;
}

void infer_split(Op *op) {
    Shape input, shape;
    Expr sizes[256];
    int32_t axis = op_shape(op, 0, &input) ? op_axis(op, op_int(op, "axis", 0), input.rank) : -1;
    bool done = axis >= 0 && split_sizes(op, input.dims[axis], sizes);
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        shape = input;
        if (done) shape.dims[axis] = expr_resolve(op->algebra, sizes[i]);
        op_set(op, i, op_dtype(op, 0), done ? &shape : NULL);
    }
}

void contents_split(Op *op) {
    Shape input, part;
    const Contents *data = op_contents(op, 0);
    if (!data || !op_shape(op, 0, &input)) return;
    int64_t axis = op_int(op, "axis", 0);
    if (axis < 0) axis += input.rank;
    if (axis < 0 || axis >= input.rank) return;
    uint32_t inner = 1, outer = 1, start = 0;
    for (int32_t i = 0; i < input.rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : (uint32_t)input.dims[i];
    uint32_t whole = (uint32_t)input.dims[axis] * inner;
    for (uint32_t output = 0; output < op->outputs.count; output++) {
        uint32_t count;
        if (!op_output_count(op, output, &count) || !op_get_output_shape(op, output, &part)) return;
        uint32_t block = (uint32_t)part.dims[axis] * inner;
        Expr *items = op_scratch(op, count);
        if (!items || start + block > whole) return;
        for (uint32_t o = 0; o < outer; o++)
            memcpy(items + o * block, data->items + o * whole + start, block * sizeof *items);
        op_set_contents(op, output, items, count);
        start += block;
    }
}

/* ---- Slice ---- */

/* How many of 0 .. dim-1 are start, start + step, ... before end; bounds clamped as numpy does. */
static Expr slice_count(Op *op, Expr dim, Expr start, Expr end, int64_t step) {
    Algebra *algebra = op->algebra;
    if (!expr_is_known(dim) || !expr_is_known(start) || !expr_is_known(end)) return EXPR_UNKNOWN;
    Expr low = step < 0 ? -1 : 0, high = step < 0 ? expr_subtract(algebra, dim, 1) : dim;
    Expr bounds[2] = {start, end};
    for (int i = 0; i < 2; i++) {
        int64_t constant;
        Truth is_negative = expr_less(algebra, bounds[i], 0);
        if (expr_to_integer(algebra, bounds[i], &constant) &&
            (constant > INT32_MAX / 2 * 2LL || constant < -(INT32_MAX / 2 * 2LL)))
            bounds[i] = constant > 0 ? high : low; /* "to the end": INT_MAX and the like */
        else if (is_negative == TRUTH_TRUE)
            bounds[i] = expr_max(algebra, expr_add(algebra, bounds[i], dim), low);
        else if (is_negative == TRUTH_FALSE) bounds[i] = expr_min(algebra, bounds[i], high);
        else return EXPR_UNKNOWN;
    }
    Expr span = step > 0 ? expr_subtract(algebra, bounds[1], bounds[0])
                         : expr_subtract(algebra, bounds[0], bounds[1]);
    Expr count = expr_ceil_divide(algebra, span, expr_integer(algebra, step < 0 ? -step : step));
    return expr_max(algebra, count, 0);
}

typedef struct SliceBounds {
    uint32_t count;
    int32_t axes[SHAPE_RANK_LIMIT];
    Expr starts[SHAPE_RANK_LIMIT], ends[SHAPE_RANK_LIMIT];
    int64_t steps[SHAPE_RANK_LIMIT]; /* 0: not known */
} SliceBounds;

/* Before opset 10 bounds are attributes. */
static bool read_bounds_1(Op *op, int32_t rank, SliceBounds *b) {
    int64_t starts[SHAPE_RANK_LIMIT], ends[SHAPE_RANK_LIMIT], axes[SHAPE_RANK_LIMIT];
    uint32_t end_count, axis_count;
    if (!op_ints(op, "starts", starts, SHAPE_RANK_LIMIT, &b->count) ||
        !op_ints(op, "ends", ends, SHAPE_RANK_LIMIT, &end_count) || b->count != end_count) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "starts and ends do not fit each other");
        return false;
    }
    bool has_axes = op_ints(op, "axes", axes, SHAPE_RANK_LIMIT, &axis_count);
    for (uint32_t i = 0; i < b->count; i++) {
        b->axes[i] = op_axis(op, has_axes && i < axis_count ? axes[i] : i, rank);
        if (b->axes[i] < 0) return false;
        b->starts[i] = expr_integer(op->algebra, starts[i]);
        b->ends[i] = expr_integer(op->algebra, ends[i]);
        b->steps[i] = 1;
    }
    return true;
}

static bool read_bounds(Op *op, int32_t rank, SliceBounds *b) {
    if (op->version < 10 && op->version > 0) return read_bounds_1(op, rank, b);
    Shape own;
    int64_t axes[SHAPE_RANK_LIMIT];
    uint32_t axis_count = 0;
    if (!op_shape(op, 1, &own) || own.rank != 1 || !expr_is_small(own.dims[0]) ||
        own.dims[0] > SHAPE_RANK_LIMIT) {
        op_gap(op, "how many axes are sliced is not known");
        return false;
    }
    b->count = (uint32_t)own.dims[0];
    bool has_axes = op_has_input(op, 3);
    if (has_axes && (!op_constants(op, 3, axes, SHAPE_RANK_LIMIT, &axis_count) || axis_count < b->count)) {
        op_gap(op, "the axes that are sliced are not known");
        return false;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        b->axes[i] = op_axis(op, has_axes ? axes[i] : i, rank);
        if (b->axes[i] < 0) return false;
        b->starts[i] = expr_resolve(op->algebra, op_item(op, 1, i));
        b->ends[i] = expr_resolve(op->algebra, op_item(op, 2, i));
        b->steps[i] = 1;
        if (op_has_input(op, 4) &&
            (!expr_to_integer(op->algebra, op_item(op, 4, i), &b->steps[i]) || b->steps[i] == 0)) {
            b->steps[i] = 0;
            if (op_item(op, 4, i) == 0) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "step %u is 0", i);
        }
    }
    return true;
}

void infer_slice(Op *op) {
    Shape input, shape;
    SliceBounds bounds;
    if (!op_shape(op, 0, &input)) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    shape = input;
    if (read_bounds(op, input.rank, &bounds)) {
        for (uint32_t i = 0; i < bounds.count; i++) {
            int32_t axis = bounds.axes[i];
            shape.dims[axis] = bounds.steps[i] ? slice_count(op, input.dims[axis], bounds.starts[i],
                                                             bounds.ends[i], bounds.steps[i])
                                               : EXPR_UNKNOWN;
            if (!expr_is_known(shape.dims[axis]))
                op_gap(op, "where the slice of axis %d starts or ends is not known", axis);
        }
    } else {
        for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), &shape);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

void contents_slice(Op *op) {
    Shape input, output;
    SliceBounds bounds;
    uint32_t count, strides[SHAPE_RANK_LIMIT];
    const Contents *data = op_contents(op, 0);
    if (!data || !op_output_count(op, 0, &count) || !op_shape(op, 0, &input) ||
        !read_bounds(op, input.rank, &bounds))
        return;
    op_get_output_shape(op, 0, &output);
    strides_of(&input, strides);
    int64_t starts[SHAPE_RANK_LIMIT] = {0}, steps[SHAPE_RANK_LIMIT];
    for (int32_t i = 0; i < input.rank; i++) steps[i] = 1;
    for (uint32_t i = 0; i < bounds.count; i++) {
        int64_t start, dim = input.dims[bounds.axes[i]];
        if (!expr_to_integer(op->algebra, bounds.starts[i], &start) || bounds.steps[i] == 0) return;
        if (start < 0) start = start < -dim ? -1 : start + dim;
        steps[bounds.axes[i]] = bounds.steps[i];
        starts[bounds.axes[i]] = bounds.steps[i] > 0 ? clamp(start, 0, dim) : clamp(start, -1, dim - 1);
    }
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rest = i;
        int64_t at = 0;
        for (int32_t d = output.rank; d-- > 0;) {
            at += (starts[d] + (int64_t)(rest % (uint32_t)output.dims[d]) * steps[d]) * strides[d];
            rest /= (uint32_t)output.dims[d];
        }
        items[i] = at >= 0 && at < data->count ? data->items[at] : EXPR_UNKNOWN;
    }
    op_set_contents(op, 0, items, count);
}

/* ---- Gather ---- */

/* dims before axis, indices' dims, dims behind axis */
void infer_gather(Op *op) {
    Shape data, indices, shape;
    bool is_known = op_shape(op, 0, &data) && op_shape(op, 1, &indices);
    int32_t axis = is_known ? op_axis(op, op_int(op, "axis", 0), data.rank) : -1;
    if (axis < 0 || data.rank + indices.rank - 1 > SHAPE_RANK_LIMIT) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    shape.rank = 0;
    for (int32_t i = 0; i < axis; i++) shape.dims[shape.rank++] = data.dims[i];
    for (int32_t i = 0; i < indices.rank; i++) shape.dims[shape.rank++] = indices.dims[i];
    for (int32_t i = axis + 1; i < data.rank; i++) shape.dims[shape.rank++] = data.dims[i];
    op_set(op, 0, op_dtype(op, 0), &shape);
}

void contents_gather(Op *op) {
    Shape shape;
    uint32_t count, done = 0;
    const Contents *data = op_contents(op, 0), *indices = op_contents(op, 1);
    if (!data || !indices || !op_output_count(op, 0, &count) || !op_shape(op, 0, &shape)) return;
    int64_t axis = op_int(op, "axis", 0);
    if (axis < 0) axis += shape.rank;
    if (axis < 0 || axis >= shape.rank) return;
    uint32_t outer = 1, inner = 1, dim = (uint32_t)shape.dims[axis];
    for (int32_t i = 0; i < axis; i++) outer *= (uint32_t)shape.dims[i];
    for (int32_t i = (int32_t)axis + 1; i < shape.rank; i++) inner *= (uint32_t)shape.dims[i];
    Expr *items = op_scratch(op, count);
    if (!items) return;
    for (uint32_t o = 0; o < outer; o++)
        for (uint32_t i = 0; i < indices->count; i++) {
            int64_t index;
            bool is_known = expr_to_integer(op->algebra, indices->items[i], &index);
            if (is_known && index < 0) index += dim;
            is_known = is_known && index >= 0 && index < dim;
            for (uint32_t j = 0; j < inner && done < count; j++)
                items[done++] =
                    is_known ? data->items[(o * dim + (uint32_t)index) * inner + j] : EXPR_UNKNOWN;
        }
    if (done == count) op_set_contents(op, 0, items, count);
}

/* ---- Expand, Tile ---- */

void infer_expand(Op *op) {
    Shape input, target, shape;
    bool is_known = op_shape_from(op, 1, &target) && op_shape(op, 0, &input);
    is_known = is_known && op_broadcast(op, &input, &target, &shape);
    op_set(op, 0, op_dtype(op, 0), is_known ? &shape : NULL);
}

void infer_tile(Op *op) {
    Shape input;
    if (op_shape(op, 0, &input))
        for (int32_t i = 0; i < input.rank; i++)
            input.dims[i] = expr_multiply(op->algebra, input.dims[i],
                                          expr_resolve(op->algebra, op_item(op, 1, (uint32_t)i)));
    op_set(op, 0, op_dtype(op, 0), &input);
}

/* Either way the input stands in the output again and again along each axis. */
void contents_repeat(Op *op) {
    Shape input, output;
    uint32_t dims[SHAPE_RANK_LIMIT], strides[SHAPE_RANK_LIMIT];
    if (!op_contents(op, 0) || !op_shape(op, 0, &input) || !op_get_output_shape(op, 0, &output)) return;
    while (input.rank >= 0 && input.rank < output.rank) shape_insert_axis(&input, 0, 1);
    if (input.rank != output.rank) return;
    strides_of(&input, strides);
    for (int32_t d = 0; d < input.rank; d++) dims[d] = (uint32_t)input.dims[d];
    pick_contents(op, dims, strides);
}

/* ---- costs ---- */

/* Only what is picked is read: an embedding's whole table counts as parameters, not as bytes. */
void cost_gather(Op *op, Cost *cost) {
    Expr nbytes = op_nbytes(op, OUTPUT(0));
    cost_bytes_none(cost);
    cost->metrics[COST_BYTES_WRITTEN] = nbytes;
    cost_reads(op, cost, 0, nbytes);
    cost_reads(op, cost, 1, op_nbytes(op, INPUT(1)));
}
