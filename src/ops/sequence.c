/* Sequences and optionals. A sequence's fact has what all items have in common, and its length:
 *
 *     element   the type; a dimension that is not the same for all is EXPR_UNKNOWN
 *     length    an Expr; EXPR_UNKNOWN where data decides
 *
 * Where the node that made a sequence is in sight (SequenceConstruct, SplitToSequence), its items are looked at one by one.
 */
#include <inttypes.h>

#include "ops/family.h"
#include "ops/infer.h"
#include "ops/rules.h"

/* ---- what a sequence holds ---- */

/* A type that both items have. */
static Fact common_fact(Op *op, Fact a, Fact b) {
    if (infer_same_fact(op->infer, a, b)) return a;
    if (a.kind != TYPE_KIND_TENSOR || b.kind != TYPE_KIND_TENSOR) return (Fact){0};
    Shape left, right;
    shapes_get(op->infer->shapes, a.shape, &left);
    shapes_get(op->infer->shapes, b.shape, &right);
    if (left.rank != right.rank) left.rank = -1;
    for (int32_t i = 0; i < left.rank; i++)
        if (left.dims[i] != right.dims[i]) left.dims[i] = EXPR_UNKNOWN;
    return op_tensor_fact(op, a.dtype == b.dtype ? a.dtype : 0, &left);
}

/* A frame that is entered once for each turn, between a symbol's frame and the op's. */
static bool is_in_loop(const Op *op, uint32_t frame) {
    const Shapes *shapes = op->infer->shapes;
    for (; frame != FRAME_NONE; frame = shapes->frames.items[frame].parent) {
        uint32_t own = op->frame;
        while (own != FRAME_NONE && own != frame) own = shapes->frames.items[own].parent;
        if (own == frame) return false;
        const Frame *f = &shapes->frames.items[frame];
        if (f->kind != FRAME_SUBGRAPH) continue;
        const Operator *owner = &op->model->operators.items[op->model->nodes.items[f->node].op];
        if (!bytes_equal(model_name(op->model, owner->op_type), BYTES_LITERAL("If"))) return true;
    }
    return false;
}

typedef struct Varying {
    const Op *op;
    bool is_varying;
} Varying;

/* A symbol that stands for another number in each item: one made in a loop's body, or the dimension of a sequence itself
 * (unless it is declared by name). */
static bool visit_varying(void *context, SymbolId symbol) {
    Varying *v = context;
    const Shapes *shapes = v->op->infer->shapes;
    if (symbol >= shapes->symbols.count || shapes->symbols.items[symbol].value == ID_NONE) return true;
    const SymbolInfo *info = &shapes->symbols.items[symbol];
    if (is_in_loop(v->op, info->frame)) v->is_varying = true;
    const Fact *fact = shapes_fact(shapes, info->frame, info->value);
    if (fact && fact->kind == TYPE_KIND_SEQUENCE) {
        Bytes of = model_name(v->op->model, v->op->model->values.items[info->value].name);
        Bytes name = algebra_symbol_name(v->op->algebra, symbol);
        bool is_unnamed =
            name.size > of.size && name.data[of.size] == ':' && bytes_equal((Bytes){name.data, of.size}, of);
        if (info->origin != SYMBOL_INPUT || is_unnamed) v->is_varying = true;
    }
    return !v->is_varying;
}

static bool is_varying(const Op *op, Expr dim) {
    Varying v = {op, false};
    if (!expr_is_known(dim)) return true;
    expr_visit_symbols(op->algebra, dim, visit_varying, &v);
    return v.is_varying;
}

/* An input that is to be a sequence; a report, and an unknown element, when it is something else. */
static ElementFact sequence_input(Op *op, uint32_t input) {
    Fact fact = op_input(op, input);
    if (fact.kind == TYPE_KIND_SEQUENCE) return op_element_of(op, fact);
    if (fact.kind != TYPE_KIND_NONE) op_problem(op, SHAPE_PROBLEM_MISMATCH, "input %u is no sequence", input);
    return (ElementFact){{0}, EXPR_UNKNOWN};
}

/* The shape all items have; dimensions that differ are unknown. */
static bool element_shape(Op *op, Fact element, Shape *shape) {
    shapes_get(op->infer->shapes, element.kind == TYPE_KIND_TENSOR ? element.shape : SHAPE_UNKNOWN, shape);
    for (int32_t i = 0; i < shape->rank; i++)
        if (is_varying(op, shape->dims[i])) shape->dims[i] = EXPR_UNKNOWN;
    return shape->rank >= 0;
}

/* ---- SplitToSequence ---- */

typedef struct Split {
    Shape shape; /* of what is split */
    int32_t axis;
    bool drops_axis;       /* keepdims 0 without sizes */
    Expr each;             /* size of all parts but the last; EXPR_UNKNOWN: `sizes` has them */
    const Contents *sizes; /* or NULL */
    Expr length;
} Split;

/* False when nothing can be said of the shapes; the length may be known even so. */
static bool read_split(Op *op, Split *split) {
    Shape sizes;
    *split = (Split){.shape = {.rank = -1}, .each = EXPR_UNKNOWN, .length = EXPR_UNKNOWN};
    bool has_sizes = op_has_input(op, 1), is_list = op_shape(op, 1, &sizes) && sizes.rank == 1;
    if (has_sizes && sizes.rank > 1) {
        op_problem(op, SHAPE_PROBLEM_RANK, "split has rank %d, 0 or 1 is wanted", sizes.rank);
        return false;
    }
    if (is_list) {
        split->length = sizes.dims[0];
        split->sizes = op_contents(op, 1);
    } else if (!has_sizes || sizes.rank == 0) {
        split->each = has_sizes ? expr_resolve(op->algebra, op_item(op, 1, 0)) : 1;
    }
    if (!op_shape(op, 0, &split->shape)) return false;
    split->axis = op_axis(op, op_int(op, "axis", 0), split->shape.rank);
    if (split->axis < 0) return false;
    split->drops_axis = !has_sizes && !op_int(op, "keepdims", 1);
    if (!expr_is_known(split->each)) return true;
    if (expr_less(op->algebra, 0, split->each) == TRUTH_FALSE) {
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "split is %s, at least 1 is wanted",
                   op_show(op, split->each));
        split->each = EXPR_UNKNOWN;
        return true;
    }
    split->length = expr_ceil_divide(op->algebra, split->shape.dims[split->axis], split->each);
    return true;
}

/* Size of part `at` (-1: the last) along the axis. */
static Expr part_size(Op *op, const Split *split, int64_t at) {
    Algebra *algebra = op->algebra;
    if (split->sizes) {
        int64_t index = at < 0 ? at + split->sizes->count : at;
        return index >= 0 && index < split->sizes->count ? expr_resolve(algebra, split->sizes->items[index])
                                                         : EXPR_UNKNOWN;
    }
    Expr index = at < 0 ? expr_add(algebra, split->length, at) : expr_integer(algebra, at);
    Expr rest =
        expr_subtract(algebra, split->shape.dims[split->axis], expr_multiply(algebra, index, split->each));
    return expr_min(algebra, split->each, rest);
}

/* Element i: [.., min(split, D - i*split), ..], or [.., split[i], ..]; ceil(D/split) or as many as split has. */
void infer_split_to_sequence(Op *op) {
    Split split;
    if (!read_split(op, &split)) {
        op_set_fact(op, 0, op_sequence_of(op, op_tensor_fact(op, op_dtype(op, 0), NULL), split.length));
        return;
    }
    Expr total = split.shape.dims[split.axis], size = EXPR_UNKNOWN;
    if (expr_is_known(split.each)) {
        if (expr_equal(op->algebra, expr_modulo(op->algebra, total, split.each), 0) == TRUTH_TRUE)
            size = split.each;
    } else if (split.sizes && split.sizes->count > 0) {
        Expr sum = expr_sum(op->algebra, split.sizes->items, split.sizes->count);
        op_equal(op, total, expr_resolve(op->algebra, sum),
                 "the dimension that is split and the sum of the parts");
        size = split.sizes->items[0];
        for (uint32_t i = 1; i < split.sizes->count; i++)
            if (split.sizes->items[i] != size) size = EXPR_UNKNOWN;
    }
    split.shape.dims[split.axis] = size;
    if (split.drops_axis) shape_drop_axis(&split.shape, split.axis);
    op_set_fact(op, 0, op_sequence_of(op, op_tensor_fact(op, op_dtype(op, 0), &split.shape), split.length));
}

/* ---- items one by one ---- */

/* The node that made a sequence, as an Op of its own; false when it is not one whose items can be told apart. */
static bool sequence_maker(const Op *op, uint32_t input, Op *maker) {
    if (!op_has_input(op, input)) return false;
    const Value *value = &op->model->values.items[op->inputs.ids[input]];
    if (value->producer == ID_NONE) return false;
    uint32_t frame = shapes_frame_of(op->infer->shapes, op->frame, op->inputs.ids[input]);
    if (frame == FRAME_NONE) return false;
    op_init(maker, op->infer, frame, value->producer);
    if (!maker->rule) return false;
    return maker->rule->infer == infer_sequence_construct || maker->rule->infer == infer_split_to_sequence;
}

/* Item `at`, counted from the end when it is below 0. */
static bool item_shape(Op *op, Op *maker, int64_t at, uint32_t *dtype, Shape *shape) {
    *dtype = op_dtype(maker, 0);
    if (maker->rule->infer == infer_sequence_construct) {
        int64_t index = at < 0 ? at + maker->inputs.count : at;
        if (index < 0 || index >= maker->inputs.count) return false;
        *dtype = op_dtype(maker, (uint32_t)index);
        return op_shape(maker, (uint32_t)index, shape);
    }
    Split split;
    if (!read_split(maker, &split)) return false;
    split.shape.dims[split.axis] = part_size(op, &split, at);
    if (split.drops_axis) shape_drop_axis(&split.shape, split.axis);
    *shape = split.shape;
    return true;
}

void infer_sequence_construct(Op *op) {
    Fact common = op_input(op, 0);
    for (uint32_t i = 1; i < op->inputs.count; i++) common = common_fact(op, common, op_input(op, i));
    if (common.kind == TYPE_KIND_NONE) common = op_tensor_fact(op, op_dtype(op, 0), NULL);
    op_set_fact(op, 0, op_sequence_of(op, common, op->inputs.count));
}

void infer_sequence_empty(Op *op) {
    Fact element = op_tensor_fact(op, family_dtype(op, "dtype", DTYPE_FLOAT32), NULL);
    op_set_fact(op, 0, op_sequence_of(op, element, 0));
}

/* A position that is not given is `fallback`; false when it is not known. Positions from -length to `most` are right. */
static bool read_position(Op *op, uint32_t input, int64_t fallback, Expr length, bool may_end, int64_t *at) {
    *at = fallback;
    if (!op_has_input(op, input)) return true;
    int64_t count;
    if (!expr_to_integer(op->algebra, expr_resolve(op->algebra, op_item(op, input, 0)), at)) return false;
    if (!expr_is_known(length) || !expr_to_integer(op->algebra, length, &count)) return true;
    if (*at >= -count && *at < count + may_end) return true;
    op_problem(op, SHAPE_PROBLEM_AXIS, "position %" PRId64 " is outside a sequence of %" PRId64, *at, count);
    return false;
}

/* The item at a position; where it is not known which, what all have in common. */
void infer_sequence_at(Op *op) {
    ElementFact sequence = sequence_input(op, 0);
    Shape shape;
    int64_t at;
    uint32_t dtype;
    Op maker;
    if (read_position(op, 1, 0, sequence.length, false, &at) && sequence_maker(op, 0, &maker) &&
        item_shape(op, &maker, at, &dtype, &shape)) {
        op_set(op, 0, dtype, &shape);
        return;
    }
    if (sequence.fact.kind != TYPE_KIND_TENSOR && sequence.fact.kind != TYPE_KIND_NONE) {
        op_set_fact(op, 0, sequence.fact);
        return;
    }
    if (!element_shape(op, sequence.fact, &shape))
        op_gap(op, "the rank of the sequence's items is not known");
    for (int32_t i = 0; i < shape.rank; i++)
        if (!expr_is_known(shape.dims[i]))
            shape.dims[i] = op_data_dim(op, 0, (uint32_t)i, 0, INT64_MAX, "items of the sequence may differ");
    op_set(op, 0, sequence.fact.dtype, &shape);
}

/* length + 1; what is inserted and what was there have in common what all have. */
void infer_sequence_insert(Op *op) {
    ElementFact sequence = sequence_input(op, 0);
    Fact item = op_input(op, 1);
    int64_t at;
    read_position(op, 2, 0, sequence.length, true, &at);
    if (sequence.fact.kind == TYPE_KIND_NONE) item = op_tensor_fact(op, item.dtype, NULL);
    else if (sequence.length != 0) item = common_fact(op, sequence.fact, item);
    op_set_fact(op, 0, op_sequence_of(op, item, expr_add(op->algebra, sequence.length, 1)));
}

void infer_sequence_erase(Op *op) {
    ElementFact sequence = sequence_input(op, 0);
    int64_t at;
    Expr length = expr_subtract(op->algebra, sequence.length, 1);
    read_position(op, 1, -1, sequence.length, false, &at);
    if (sequence.length == 0) {
        if (!op_has_input(op, 1))
            op_problem(op, SHAPE_PROBLEM_AXIS, "an item is taken from an empty sequence");
        length = EXPR_UNKNOWN;
    }
    op_set_fact(op, 0, op_sequence_of(op, sequence.fact, length));
}

void infer_sequence_length(Op *op) {
    sequence_input(op, 0);
    op_set(op, 0, DTYPE_INT64, &(Shape){.rank = 0});
}

void contents_sequence_length(Op *op) {
    Expr length = op_element_of(op, op_input(op, 0)).length;
    if (expr_is_known(length)) op_set_contents(op, 0, &length, 1);
}

/* ---- ConcatFromSequence ---- */

/* One more item of a concatenation: its dimensions but `axis` (-1: all) agree, those along it are added. */
static bool concat_item(Op *op, Shape *sum, const Shape *item, int32_t axis) {
    if (item->rank != sum->rank) {
        op_problem(op, SHAPE_PROBLEM_RANK, "items to concatenate have ranks %d and %d", sum->rank,
                   item->rank);
        return false;
    }
    for (int32_t i = 0; i < sum->rank; i++)
        sum->dims[i] = i == axis
                           ? expr_add(op->algebra, sum->dims[i], item->dims[i])
                           : op_equal(op, sum->dims[i], item->dims[i], "dimensions of items to concatenate");
    return true;
}

/* Items in sight, one by one; false when any has no rank. */
static bool concat_items(Op *op, Op *maker, int64_t axis, bool is_new, Shape *sum) {
    Shape item;
    uint32_t dtype;
    int64_t count = maker->inputs.count;
    if (maker->rule->infer != infer_sequence_construct) {
        Split split;
        if (!read_split(maker, &split) || split.drops_axis || is_new) return false;
        *sum = split.shape; /* put together along the same axis, it is what it was */
        return axis == split.axis || axis == split.axis - split.shape.rank;
    }
    if (!item_shape(op, maker, 0, &dtype, sum)) return false;
    if (!is_new && (axis < -sum->rank || axis >= sum->rank)) return false; /* reported by the caller */
    int32_t along = is_new ? -1 : (int32_t)(axis < 0 ? axis + sum->rank : axis);
    for (int64_t i = 1; i < count; i++)
        if (!item_shape(op, maker, i, &dtype, &item) || !concat_item(op, sum, &item, along)) return false;
    return true;
}

static void stack_items(Op *op, Shape *shape, int64_t axis, Expr length) {
    int32_t at = shape->rank < 0 ? -1 : op_axis(op, axis, shape->rank + 1);
    if (at < 0) shape->rank = -1;
    else shape_insert_axis(shape, at, length);
}

/* new_axis 0: the sum along axis, length * dim where all are alike; 1: a new axis of as many as there are items. */
void infer_concat_from_sequence(Op *op) {
    ElementFact sequence = sequence_input(op, 0);
    if (!op_attribute(op, "axis")) op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute axis is missing");
    int64_t axis = op_int(op, "axis", 0);
    bool is_new = op_int(op, "new_axis", 0) != 0;
    Shape shape, each;
    Op maker;
    bool is_known = element_shape(op, sequence.fact, &shape);
    bool is_seen = sequence_maker(op, 0, &maker) && concat_items(op, &maker, axis, is_new, &each);
    if (is_seen) shape = each;
    if (!is_known && !is_seen) op_gap(op, "the rank of the sequence's items is not known");
    Expr length = sequence.length;
    if (is_new) stack_items(op, &shape, axis, length);
    int32_t along = shape.rank < 0 ? -1
                    : is_new       ? (int32_t)(axis < 0 ? axis + shape.rank : axis)
                                   : op_axis(op, axis, shape.rank);
    if (along < 0) {
        op_set(op, 0, sequence.fact.dtype, NULL);
        return;
    }
    if (!is_new && !is_seen) shape.dims[along] = expr_multiply(op->algebra, length, shape.dims[along]);
    if (!expr_is_known(shape.dims[along]))
        shape.dims[along] = op_data_dim(op, 0, (uint32_t)along, 0, INT64_MAX,
                                        "how many items there are, or how long each is, depends on data");
    op_set(op, 0, sequence.fact.dtype, &shape);
}

/* ---- Optional ---- */

void infer_optional(Op *op) {
    Fact fact = op_input(op, 0);
    const Attribute *type = op_attribute(op, "type");
    if (op_has_input(op, 0)) {
        op_set_fact(op, 0, op_optional_of(op, fact));
        return;
    }
    if (type && type->type == ATTRIBUTE_TYPE_PROTO && type->count && op_has_output(op, 0))
        fact = infer_declared(op->infer, op->frame, op->outputs.ids[0], op->model->lists.items[type->first],
                              SYMBOL_DECLARED);
    else op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "there is neither an input nor the attribute type");
    op_set_fact(op, 0, op_optional_of(op, fact));
}

void infer_optional_get_element(Op *op) {
    Fact fact = op_input(op, 0);
    if (fact.kind == TYPE_KIND_OPTIONAL) fact = op_element_of(op, fact).fact;
    Shape shape;
    if (fact.kind == TYPE_KIND_TENSOR && fact.shape != SHAPE_UNKNOWN) {
        shapes_get(op->infer->shapes, fact.shape, &shape);
        op_set(op, 0, fact.dtype, &shape);
    } else {
        op_set_fact(op, 0, fact);
    }
}

void infer_optional_has_element(Op *op) {
    op_set(op, 0, DTYPE_BOOL, &(Shape){.rank = 0});
}

/* Known where nothing is put in, where something else than an optional is, and where Optional made it. */
void contents_optional_has_element(Op *op) {
    Fact fact = op_input(op, 0);
    Expr has = op_has_input(op, 0);
    if (has && fact.kind == TYPE_KIND_NONE) return;
    if (fact.kind == TYPE_KIND_OPTIONAL) {
        Id value = op->inputs.ids[0], producer = op->model->values.items[value].producer;
        uint32_t frame = shapes_frame_of(op->infer->shapes, op->frame, value);
        if (producer == ID_NONE || frame == FRAME_NONE) return;
        Op maker;
        op_init(&maker, op->infer, frame, producer);
        if (!maker.rule || maker.rule->infer != infer_optional) return;
        has = op_has_input(&maker, 0);
        if (has && op_input(&maker, 0).kind == TYPE_KIND_OPTIONAL) return;
    }
    op_set_contents(op, 0, &has, 1);
}
