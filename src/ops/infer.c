#include "ops/infer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeping ---- */

Text infer_text(Infer *infer, const char *format, va_list args) {
    char message[480];
    Text text = {0, 0};
    int length = vsnprintf(message, sizeof message, format, args);
    size_t size = length < 0 ? 0 : (size_t)length < sizeof message ? (size_t)length : sizeof message - 1;
    if (!interner_store(&infer->shapes->text, (Bytes){message, size}, &text)) infer->out_of_memory = true;
    return text;
}

void infer_problem(Infer *infer, ShapeProblemCode code, uint32_t frame, Id node, Id value, const char *format,
                   ...) {
    Shapes *shapes = infer->shapes;
    if (infer->is_costing) return;
    if (shapes->problem_counts[code]++ >= SHAPE_PROBLEMS_PER_CODE) return;
    va_list args;
    va_start(args, format);
    ShapeProblem problem = {code, frame, node, value, infer_text(infer, format, args)};
    va_end(args);
    if (!array_push(&shapes->problems, problem)) infer->out_of_memory = true;
}

ShapeId infer_shape(Infer *infer, const Shape *shape) {
    if (shape->rank < 0) return SHAPE_UNKNOWN;
    /* A scalar's key is one byte: the empty name is "unknown". */
    Bytes key = shape->rank ? (Bytes){(const char *)shape->dims, (size_t)shape->rank * sizeof(Expr)}
                            : BYTES_LITERAL("s");
    Symbol symbol = interner_add(&infer->shape_table, key);
    if (symbol != SYMBOL_NONE) return symbol;
    infer->out_of_memory = true;
    return SHAPE_UNKNOWN;
}

void shapes_get(const Shapes *shapes, ShapeId id, Shape *shape) {
    shape->rank = -1;
    if (id == SHAPE_UNKNOWN) return;
    Bytes key = interner_name(&shapes->infer->shape_table, id);
    shape->rank = (int32_t)(key.size / sizeof(Expr));
    memcpy(shape->dims, key.data, (size_t)shape->rank * sizeof(Expr));
    if (algebra_epoch(shapes->algebra) == 0) return;
    for (int32_t i = 0; i < shape->rank; i++)
        if (!expr_is_small(shape->dims[i])) shape->dims[i] = expr_resolve(shapes->algebra, shape->dims[i]);
}

/* ---- frames ---- */

uint32_t shapes_frame_of(const Shapes *shapes, uint32_t frame, Id value) {
    Id graph = shapes->model->values.items[value].graph;
    while (frame != FRAME_NONE && shapes->frames.items[frame].graph != graph) {
        const Frame *f = &shapes->frames.items[frame];
        frame = f->kind == FRAME_SUBGRAPH ? f->parent : FRAME_NONE;
    }
    return frame;
}

static const Fact no_fact = {0};

const Fact *shapes_fact(const Shapes *shapes, uint32_t frame, Id value) {
    const Value *v = &shapes->model->values.items[value];
    frame = v->is_undefined ? FRAME_NONE : shapes_frame_of(shapes, frame, value);
    if (frame == FRAME_NONE) return &no_fact;
    const Frame *f = &shapes->frames.items[frame];
    return &shapes->facts.items[f->first_fact + (value - shapes->model->graphs.items[f->graph].first_value)];
}

uint32_t infer_fact_index(const Infer *infer, uint32_t frame, Id value) {
    const Fact *fact = shapes_fact(infer->shapes, frame, value);
    return fact == &no_fact ? UINT32_MAX : (uint32_t)(fact - infer->shapes->facts.items);
}

Fact *infer_fact(Infer *infer, uint32_t frame, Id value) {
    uint32_t at = infer_fact_index(infer, frame, value);
    return at == UINT32_MAX ? NULL : &infer->shapes->facts.items[at];
}

static Symbol frame_key(Interner *table, uint32_t frame, Id node, Id graph, bool add) {
    uint32_t key[] = {frame, node, graph};
    Bytes bytes = {(const char *)key, sizeof key};
    return add ? interner_add(table, bytes) : interner_find(table, bytes);
}

uint32_t shapes_child_frame(const Shapes *shapes, uint32_t frame, Id node, Id graph) {
    Symbol symbol = frame_key(&shapes->infer->frame_table, frame, node, graph, false);
    return symbol == SYMBOL_NONE ? FRAME_NONE : shapes->infer->frame_numbers.items[symbol - 1];
}

uint32_t shapes_first_frame(const Shapes *shapes, Id graph) {
    return shapes->infer->first_frames[graph];
}

/* The first frame of a graph has the facts that stand at its values' ids; later ones get new facts behind. */
static bool place_facts(Infer *infer, Frame *frame) {
    Shapes *shapes = infer->shapes;
    const Graph *graph = &infer->model->graphs.items[frame->graph];
    frame->first_fact = graph->first_value;
    if (shapes_first_frame(shapes, frame->graph) == FRAME_NONE) return true;
    frame->first_fact = shapes->facts.count;
    if (!array_reserve(&shapes->facts, graph->value_count)) return false;
    if (graph->value_count)
        memset(shapes->facts.items + shapes->facts.count, 0, graph->value_count * sizeof(Fact));
    shapes->facts.count += graph->value_count;
    return true;
}

static uint32_t push_frame(Infer *infer, Frame frame) {
    if (!place_facts(infer, &frame) || !array_push(&infer->shapes->frames, frame)) {
        infer->out_of_memory = true;
        return FRAME_NONE;
    }
    uint32_t made = infer->shapes->frames.count - 1;
    if (infer->first_frames[frame.graph] == FRAME_NONE) infer->first_frames[frame.graph] = made;
    return made;
}

static void forget_facts(Infer *infer, uint32_t frame) {
    const Frame *f = &infer->shapes->frames.items[frame];
    uint32_t count = infer->model->graphs.items[f->graph].value_count;
    if (count) memset(infer->shapes->facts.items + f->first_fact, 0, count * sizeof(Fact));
}

uint32_t infer_enter(Infer *infer, FrameKind kind, uint32_t frame, Id node, Id graph) {
    Symbol symbol = frame_key(&infer->frame_table, frame, node, graph, true);
    if (symbol == SYMBOL_NONE) {
        infer->out_of_memory = true;
        return FRAME_NONE;
    }
    if (symbol - 1 < infer->frame_numbers.count) {
        uint32_t known = infer->frame_numbers.items[symbol - 1];
        forget_facts(infer, known);
        return known;
    }
    uint32_t made =
        push_frame(infer, (Frame){.kind = kind, .graph = graph, .parent = frame, .node = node, .turns = 1});
    if (made != FRAME_NONE && !array_push(&infer->frame_numbers, made)) infer->out_of_memory = true;
    return infer->out_of_memory ? FRAME_NONE : made;
}

/* ---- declared types ---- */

/* Lengths of a past are 0 at the first step; all other dimensions of inputs are at least 1. */
static int64_t least_of(const Model *model, Symbol value, Symbol symbol) {
    Bytes names[] = {model_name(model, value),
                     symbol == SYMBOL_NONE ? (Bytes){0} : model_name(model, symbol)};
    for (int i = 0; i < 2; i++)
        if (names[i].size >= 4 && memmem(names[i].data, names[i].size, "past", 4)) return 0;
    return 1;
}

static void note_symbol(Infer *infer, SymbolId symbol, SymbolInfo info) {
    Shapes *shapes = infer->shapes;
    while (shapes->symbols.count <= symbol)
        if (!array_push(&shapes->symbols, (SymbolInfo){.value = ID_NONE})) {
            infer->out_of_memory = true;
            return;
        }
    if (shapes->symbols.items[symbol].value == ID_NONE) shapes->symbols.items[symbol] = info;
}

SymbolId infer_dim_symbol(Infer *infer, uint32_t frame, Id value, uint32_t axis, SymbolOrigin origin,
                          int64_t least, Text reason) {
    const Frame *f = &infer->shapes->frames.items[frame];
    uint32_t key[] = {f->first_fact + (value - infer->model->graphs.items[f->graph].first_value), axis};
    Symbol symbol = interner_add(&infer->dim_table, (Bytes){(const char *)key, sizeof key});
    if (symbol == SYMBOL_NONE) {
        infer->out_of_memory = true;
        return UINT32_MAX;
    }
    if (symbol - 1 < infer->dim_symbols.count) return infer->dim_symbols.items[symbol - 1];
    char name[160];
    Bytes of = model_name(infer->model, infer->model->values.items[value].name);
    int shown = (int)(of.size < 140 ? of.size : 140);
    if (axis == AXIS_TRIPS) snprintf(name, sizeof name, "%.*s:trips", shown, of.data);
    else snprintf(name, sizeof name, "%.*s:%u", shown, of.data, axis);
    SymbolId made = algebra_fresh_symbol(infer->algebra, (Bytes){name, strlen(name)}, least);
    if (made == UINT32_MAX || !array_push(&infer->dim_symbols, made)) {
        infer->out_of_memory = true;
        return UINT32_MAX;
    }
    note_symbol(infer, made, (SymbolInfo){origin, value, axis, frame, reason});
    return made;
}

void infer_complete(Infer *infer, uint32_t frame, Id value, Shape *shape, Text reason) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (!expr_is_known(shape->dims[i]))
            shape->dims[i] = expr_symbol(infer->algebra, infer_dim_symbol(infer, frame, value, (uint32_t)i,
                                                                          SYMBOL_UNKNOWN, 0, reason));
}

static Expr declared_dim(Infer *infer, uint32_t frame, Id value, uint32_t axis, const Dim *dim,
                         SymbolOrigin origin) {
    const Value *v = &infer->model->values.items[value];
    if (dim->kind == DIM_KNOWN && dim->size >= 0) return expr_integer(infer->algebra, dim->size);
    if (dim->kind == DIM_SYMBOL && dim->symbol != SYMBOL_EMPTY) {
        int64_t least = origin == SYMBOL_INPUT ? least_of(infer->model, v->name, dim->symbol) : 0;
        SymbolId symbol = algebra_find_symbol(infer->algebra, model_name(infer->model, dim->symbol));
        if (symbol == UINT32_MAX) {
            symbol = algebra_symbol(infer->algebra, model_name(infer->model, dim->symbol), least);
            note_symbol(infer, symbol, (SymbolInfo){origin, value, axis, frame, {0, 0}});
        }
        return expr_symbol(infer->algebra, symbol);
    }
    if (origin != SYMBOL_INPUT) return EXPR_UNKNOWN;
    SymbolId symbol = infer_dim_symbol(infer, frame, value, axis, origin,
                                       least_of(infer->model, v->name, SYMBOL_NONE), (Text){0, 0});
    return expr_symbol(infer->algebra, symbol);
}

static ElementFact element_declared(Infer *infer, uint32_t frame, Id value, Id type, SymbolOrigin origin) {
    return (ElementFact){infer_declared(infer, frame, value, type, origin), EXPR_UNKNOWN};
}

/* At most as deep as types nest in a file (MODEL_DEPTH_LIMIT). */
Fact infer_declared(Infer *infer, uint32_t frame, Id value, Id type, SymbolOrigin origin) {
    Fact fact = {0};
    if (type == ID_NONE) return fact;
    const Type *t = &infer->model->types.items[type];
    fact.kind = t->kind;
    switch (t->kind) {
    case TYPE_KIND_TENSOR:
    case TYPE_KIND_SPARSE_TENSOR: {
        fact.dtype = (uint8_t)(dtype_is_known(t->dtype) ? t->dtype : DTYPE_UNDEFINED);
        Shape shape = {.rank = -1};
        if (t->has_shape && t->rank <= SHAPE_RANK_LIMIT) {
            shape.rank = (int32_t)t->rank;
            for (uint32_t i = 0; i < t->rank; i++)
                shape.dims[i] =
                    declared_dim(infer, frame, value, i, &infer->model->dims.items[t->first_dim + i], origin);
        }
        fact.shape = infer_shape(infer, &shape);
        return fact;
    }
    case TYPE_KIND_SEQUENCE:
    case TYPE_KIND_OPTIONAL:
    case TYPE_KIND_MAP: {
        ElementFact element = element_declared(infer, frame, value, t->element, origin);
        fact.dtype = (uint8_t)(t->kind == TYPE_KIND_MAP ? t->dtype : 0);
        fact.shape = infer->shapes->elements.count;
        if (!array_push(&infer->shapes->elements, element)) infer->out_of_memory = true;
        return fact;
    }
    case TYPE_KIND_OPAQUE: fact.shape = type; return fact;
    default: return fact;
    }
}

/* ---- setting the scene ---- */

static void set_tensor_facts(Infer *infer, uint32_t frame, IdSpan tensors) {
    const Model *model = infer->model;
    for (uint32_t i = 0; i < tensors.count; i++) {
        const Tensor *tensor = &model->tensors.items[tensors.ids[i]];
        Fact *fact = tensor->value == ID_NONE ? NULL : infer_fact(infer, frame, tensor->value);
        if (!fact) continue;
        Shape shape = {.rank = tensor->rank <= SHAPE_RANK_LIMIT ? (int32_t)tensor->rank : -1};
        for (int32_t d = 0; d < shape.rank; d++) {
            int64_t dim = model->tensor_dims.items[tensor->first_dim + (uint32_t)d];
            shape.dims[d] = dim < 0 ? EXPR_UNKNOWN : expr_integer(infer->algebra, dim);
        }
        infer_complete(infer, frame, tensor->value, &shape, (Text){0, 0}); /* negative ones were reported */
        *fact = (Fact){.kind = tensor->is_sparse ? TYPE_KIND_SPARSE_TENSOR : TYPE_KIND_TENSOR,
                       .dtype = (uint8_t)(dtype_is_known(tensor->dtype) ? tensor->dtype : 0),
                       .shape = infer_shape(infer, &shape)};
    }
}

/* Inputs of the main graph (and of graphs nobody enters with facts) from their declared types. */
static void set_input_facts(Infer *infer, uint32_t frame, IdSpan inputs) {
    for (uint32_t i = 0; i < inputs.count; i++) {
        if (inputs.ids[i] == ID_NONE) continue;
        const Value *value = &infer->model->values.items[inputs.ids[i]];
        if (value->tensor != ID_NONE) continue;
        Fact *fact = infer_fact(infer, frame, inputs.ids[i]);
        Fact declared = infer_declared(infer, frame, inputs.ids[i], value->type, SYMBOL_INPUT);
        if (fact) *fact = declared;
    }
}

static void override_shape(Infer *infer, const InputShape *given, Id value) {
    Fact *fact = infer_fact(infer, 0, value);
    if (!fact) return;
    Shape shape;
    shapes_get(infer->shapes, fact->shape, &shape);
    if (shape.rank >= 0 && shape.rank != (int32_t)given->rank)
        infer_problem(infer, SHAPE_PROBLEM_BINDING, 0, ID_NONE, value,
                      "input %s has rank %d, %u dimensions are given", quote(given->input).text, shape.rank,
                      given->rank);
    Shape merged = {.rank = (int32_t)given->rank};
    for (uint32_t i = 0; i < given->rank; i++) {
        Expr declared = shape.rank == merged.rank ? shape.dims[i] : EXPR_UNKNOWN;
        Expr wanted = given->dims[i] < 0 ? EXPR_UNKNOWN : expr_integer(infer->algebra, given->dims[i]);
        merged.dims[i] = expr_is_known(wanted) ? wanted : declared;
        if (expr_is_known(wanted) && expr_is_known(declared) &&
            expr_assume_equal(infer->algebra, declared, wanted) == EQUATION_CONTRADICTION)
            infer_problem(infer, SHAPE_PROBLEM_BINDING, 0, ID_NONE, value,
                          "input %s: dimension %u is declared otherwise than the %" PRId64 " that is given",
                          quote(given->input).text, i, given->dims[i]);
    }
    fact->kind = TYPE_KIND_TENSOR;
    fact->shape = infer_shape(infer, &merged);
}

static void give_contents(Infer *infer, const InputContents *given, Id value) {
    Fact *fact = infer_fact(infer, 0, value);
    if (!fact || given->count == 0) return;
    Shape shape;
    shapes_get(infer->shapes, fact->shape, &shape);
    uint64_t count = shape.rank < 0 ? given->count : 1;
    for (int32_t i = 0; i < shape.rank; i++) {
        int64_t dim = 0;
        if (!expr_to_integer(infer->algebra, shape.dims[i], &dim) ||
            __builtin_mul_overflow(count, (uint64_t)dim, &count))
            count = UINT64_MAX;
    }
    if (count > CONTENTS_LIMIT || (given->count != 1 && given->count != count)) {
        infer_problem(infer, SHAPE_PROBLEM_BINDING, 0, ID_NONE, value,
                      "input %s: %u values are given, it does not have as many elements",
                      quote(given->input).text, given->count);
        return;
    }
    Contents *contents = infer_new_contents(infer, (uint32_t)count, &fact->contents);
    if (!contents) return;
    for (uint64_t i = 0; i < count; i++)
        contents->items[i] = expr_number(infer->algebra, given->items[given->count == 1 ? 0 : i]);
}

/* The main graph's input of a name, or ID_NONE after an error that lists the inputs there are. */
static Id find_input(const Model *model, Bytes name, Error *err) {
    IdSpan inputs = model_list(model, model->graphs.items[0].inputs);
    char list[300] = "";
    for (uint32_t i = 0; i < inputs.count; i++) {
        if (inputs.ids[i] == ID_NONE) continue;
        Bytes known = model_name(model, model->values.items[inputs.ids[i]].name);
        if (bytes_equal(known, name)) return inputs.ids[i];
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", quote(known).text);
    }
    error_set(err, ERROR_MISSING, ERROR_NO_OFFSET, "the model has no input %s; it has %s", quote(name).text,
              list[0] ? list : "none");
    return ID_NONE;
}

/* "input:0" names a dimension also where it has a name of its own; EXPR_UNKNOWN when there is no such dimension. */
static Expr dim_of_place(const Infer *infer, Bytes place) {
    IdSpan inputs = model_list(infer->model, infer->model->graphs.items[0].inputs);
    for (uint32_t i = 0; i < inputs.count; i++) {
        if (inputs.ids[i] == ID_NONE) continue;
        Bytes name = model_name(infer->model, infer->model->values.items[inputs.ids[i]].name);
        if (place.size != name.size + 2 || place.data[name.size] != ':')
            continue; /* axes past 9 are rare enough */
        if (name.size && memcmp(place.data, name.data, name.size) != 0) continue;
        Shape shape;
        Fact fact = *shapes_fact(infer->shapes, 0, inputs.ids[i]);
        shapes_get(infer->shapes, fact.kind == TYPE_KIND_TENSOR ? fact.shape : SHAPE_UNKNOWN, &shape);
        int32_t axis = place.data[name.size + 1] - '0';
        return axis >= 0 && axis < shape.rank ? shape.dims[axis] : EXPR_UNKNOWN;
    }
    return EXPR_UNKNOWN;
}

static bool bind_symbol(Infer *infer, const ShapeBinding *binding, Error *err) {
    SymbolId symbol = algebra_find_symbol(infer->algebra, binding->symbol);
    Expr bound =
        symbol == UINT32_MAX ? dim_of_place(infer, binding->symbol) : expr_symbol(infer->algebra, symbol);
    if (!expr_is_known(bound)) {
        char list[300] = "";
        for (uint32_t i = 0; i < algebra_symbol_count(infer->algebra); i++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                     quote(algebra_symbol_name(infer->algebra, i)).text);
        }
        return error_set(err, ERROR_MISSING, ERROR_NO_OFFSET, "the model has no symbol %s; it has %s",
                         quote(binding->symbol).text, list[0] ? list : "none");
    }
    Expr value = expr_integer(infer->algebra, binding->value);
    if (expr_assume_equal(infer->algebra, bound, value) == EQUATION_CONTRADICTION)
        return error_set(err, ERROR_LIMIT, ERROR_NO_OFFSET, "symbol %s cannot be %" PRId64 ": it is %s",
                         quote(binding->symbol).text, binding->value,
                         binding->value < 1 ? "at least 1" : "bound to something else already");
    return true;
}

static bool apply_options(Infer *infer, const ShapesOptions *options, Error *err) {
    if (!options) return true;
    for (uint32_t i = 0; i < options->shape_count; i++) {
        Id value = find_input(infer->model, options->shapes[i].input, err);
        if (value == ID_NONE) return false;
        override_shape(infer, &options->shapes[i], value);
    }
    for (uint32_t i = 0; i < options->binding_count; i++)
        if (!bind_symbol(infer, &options->bindings[i], err)) return false;
    for (uint32_t i = 0; i < options->contents_count; i++) {
        Id value = find_input(infer->model, options->contents[i].input, err);
        if (value == ID_NONE) return false;
        give_contents(infer, &options->contents[i], value);
    }
    return true;
}

/* ---- nodes ---- */

/* The rule of a node's operator. The main graph imports one version of each domain; functions may import others. */
static const ResolvedRule *resolve_rule(Infer *infer, Id node) {
    const Model *model = infer->model;
    Id op = model->nodes.items[node].op;
    ResolvedRule *known = &infer->rules[op];
    bool is_main = model->graphs.items[model->nodes.items[node].graph].kind == GRAPH_KIND_MAIN;
    if (known->is_resolved && is_main && known->is_main) return known;
    int64_t version = node_opset(model, node);
    /* Before IR version 3 there were no imports: all is of the first operator set. */
    if (version == 0 && model->ir_version < 3 && model->operators.items[op].domain == SYMBOL_EMPTY)
        version = 1;
    if (known->is_resolved && known->version == version) {
        known->is_main = is_main;
        return known;
    }
    const Operator *operation = &model->operators.items[op];
    const OpRule *rule =
        op_rule_find(model_name(model, operation->domain), model_name(model, operation->op_type), version);
    *known = (ResolvedRule){.is_resolved = true, .is_main = is_main, .version = version, .rule = rule};
    signature_read(infer, operation, version, &known->signature);
    return known;
}

void op_init(Op *op, Infer *infer, uint32_t frame, Id node) {
    *op = (Op){.infer = infer,
               .model = infer->model,
               .algebra = infer->algebra,
               .node = node,
               .frame = frame,
               .inputs = node_inputs(infer->model, node),
               .outputs = node_outputs(infer->model, node)};
    const ResolvedRule *resolved = resolve_rule(infer, node);
    op->rule = resolved->rule;
    op->version = resolved->version;
}

static void check_declared_dim(Op *op, Id value, int32_t axis, Expr inferred, Expr declared) {
    Infer *infer = op->infer;
    if (inferred == declared || !expr_is_known(declared)) return;
    if (expr_equal(infer->algebra, inferred, declared) == TRUTH_FALSE) {
        infer_problem(infer, SHAPE_PROBLEM_DECLARED, op->frame, op->node, value,
                      "%s: dimension %d is declared as %s, but comes out as %s",
                      quote(model_name(infer->model, infer->model->values.items[value].name)).text, axis,
                      op_show(op, declared), op_show(op, inferred));
        return;
    }
    /* A declared symbol that no input has is another name of what is inferred; an inferred one that nobody knows is what is
     * declared. */
    SymbolId alias = expr_as_symbol(infer->algebra, declared), own = expr_as_symbol(infer->algebra, inferred);
    bool is_alias = alias != UINT32_MAX && alias < infer->shapes->symbols.count &&
                    infer->shapes->symbols.items[alias].origin == SYMBOL_DECLARED;
    bool is_unknown = own != UINT32_MAX && own < infer->shapes->symbols.count &&
                      infer->shapes->symbols.items[own].origin == SYMBOL_UNKNOWN;
    if (is_unknown || is_alias)
        expr_assume_equal(infer->algebra, is_alias ? declared : inferred, is_alias ? inferred : declared);
}

/* Nothing was inferred: what the file says is taken. */
static void adopt_declared(Infer *infer, uint32_t frame, Id value, Fact *fact, Fact declared) {
    if (declared.kind == TYPE_KIND_TENSOR || declared.kind == TYPE_KIND_SPARSE_TENSOR) {
        Shape shape;
        shapes_get(infer->shapes, declared.shape, &shape);
        infer_complete(infer, frame, value, &shape, (Text){0, 0});
        declared.shape = infer_shape(infer, &shape);
    }
    if (fact->dtype && declared.kind == fact->kind) declared.dtype = fact->dtype;
    declared.contents = CONTENTS_NONE; /* rules for contents count on the shape they gave */
    *fact = declared;
}

/* The inferred fact against the declared one: conflicts are reported, what only one of them knows is taken from it. */
static void check_declared(Op *op, Id value, Fact *fact) {
    Infer *infer = op->infer;
    const Value *v = &infer->model->values.items[value];
    if (v->type == ID_NONE) return;
    Fact declared = infer_declared(infer, op->frame, value, v->type, SYMBOL_DECLARED);
    if (fact->kind == TYPE_KIND_NONE) {
        adopt_declared(infer, op->frame, value, fact, declared);
        return;
    }
    bool are_tensors = fact->kind == TYPE_KIND_TENSOR && declared.kind == TYPE_KIND_TENSOR;
    if (!are_tensors) return;
    if (op->has_problem && declared.dtype && declared.shape != SHAPE_UNKNOWN) {
        fact->dtype =
            declared.dtype; /* what is wrong is said already, and not once more for all that follows */
        adopt_declared(infer, op->frame, value, fact, declared);
        return;
    }
    if (fact->dtype == 0) fact->dtype = declared.dtype;
    if (declared.dtype && declared.dtype != fact->dtype)
        infer_problem(infer, SHAPE_PROBLEM_DECLARED, op->frame, op->node, value,
                      "%s is declared as %s, but comes out as %s",
                      quote(model_name(infer->model, v->name)).text, dtype_name(declared.dtype),
                      dtype_name(fact->dtype));
    if (fact->shape == declared.shape || declared.shape == SHAPE_UNKNOWN) return;
    if (fact->shape == SHAPE_UNKNOWN) {
        adopt_declared(infer, op->frame, value, fact, declared);
        return;
    }
    Shape inferred, wanted;
    shapes_get(infer->shapes, fact->shape, &inferred);
    shapes_get(infer->shapes, declared.shape, &wanted);
    if (inferred.rank != wanted.rank) {
        infer_problem(infer, SHAPE_PROBLEM_DECLARED, op->frame, op->node, value,
                      "%s is declared with shape %s, but comes out as %s",
                      quote(model_name(infer->model, v->name)).text, op_show_shape(op, &wanted),
                      op_show_shape(op, &inferred));
        return;
    }
    for (int32_t i = 0; i < inferred.rank; i++)
        check_declared_dim(op, value, i, inferred.dims[i], wanted.dims[i]);
}

/* What the node gave, completed: dimensions that are not known are symbols from here on. */
static void finish_node(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        if (op->outputs.ids[i] == ID_NONE) continue;
        Fact *fact = infer_fact(op->infer, op->frame, op->outputs.ids[i]);
        if (fact && op->model->values.items[op->outputs.ids[i]].type != ID_NONE)
            check_declared(op, op->outputs.ids[i], fact);
    }
}

/* A name for a message, escaped, without quotes. */
static Quoted shown(Bytes name) {
    Quoted quoted = quote(name);
    size_t size = strlen(quoted.text);
    memmove(quoted.text, quoted.text + 1, size);
    if (size >= 2) quoted.text[size - 2] = '\0';
    return quoted;
}

static void infer_node(Infer *infer, uint32_t frame, Id node) {
    Op op;
    op_init(&op, infer, frame, node);
    algebra_failure(infer->algebra); /* another node's is no concern of this one */
    Id function = infer->model->operators.items[infer->model->nodes.items[node].op].function;
    bool is_hooked = infer->hook.infer && infer->hook.infer(infer->hook.context, &op);
    if (is_hooked) { /* done */
    } else if (op.rule && (function == ID_NONE || op.rule->domain[0] == '\0')) {
        signature_check(&op, &infer->rules[infer->model->nodes.items[node].op].signature);
        op.rule->infer(&op);
    } else if (function != ID_NONE) {
        infer_call(&op, function);
    } else {
        const Operator *operation = &infer->model->operators.items[infer->model->nodes.items[node].op];
        op_gap(&op, "there is no rule for operator %s%s%s",
               shown(model_name(infer->model, operation->domain)).text,
               operation->domain == SYMBOL_EMPTY ? "" : ".",
               shown(model_name(infer->model, operation->op_type)).text);
    }
    finish_node(&op);
}

static void infer_nodes(Infer *infer, uint32_t frame) {
    const Graph *graph = &infer->model->graphs.items[infer->shapes->frames.items[frame].graph];
    set_tensor_facts(infer, frame, model_list(infer->model, graph->initializers));
    bool is_sorted = graph->order.count == 0;
    IdSpan order = model_list(infer->model, graph->order);
    for (uint32_t i = 0; i < graph->node_count && !infer->out_of_memory; i++) {
        if (infer->nodes_left == 0) return;
        if (--infer->nodes_left == 0)
            infer_problem(infer, SHAPE_PROBLEM_LIMIT, frame, ID_NONE, ID_NONE,
                          "functions and loops expand to more than %" PRIu64
                          " nodes; the rest is not inferred",
                          INFER_NODE_LIMIT);
        infer_node(infer, frame, is_sorted ? graph->first_node + i : order.ids[i]);
    }
}

void infer_graph(Infer *infer, uint32_t frame) {
    const Frame *f = &infer->shapes->frames.items[frame];
    if (infer->graph_depth >= INFER_DEPTH_LIMIT) {
        infer_problem(infer, SHAPE_PROBLEM_LIMIT, frame, f->node, ID_NONE,
                      "subgraphs and calls nest deeper than %d; what is deeper is not inferred",
                      INFER_DEPTH_LIMIT);
        return;
    }
    infer->graph_depth++;
    infer_nodes(infer, frame);
    infer->graph_depth--;
}

/* ---- the whole ---- */

const char *shape_problem_name(ShapeProblemCode code) {
    static const char *const names[] = {
#define X(NAME, name, severity) name,
        SHAPE_PROBLEMS(X)
#undef X
    };
    return names[code];
}

const char *shape_problem_severity(ShapeProblemCode code) {
    static const char *const severities[] = {
#define X(NAME, name, severity) severity,
        SHAPE_PROBLEMS(X)
#undef X
    };
    return severities[code];
}

void shapes_free(Shapes *shapes) {
    if (!shapes) return;
    Infer *infer = shapes->infer;
    if (infer) {
        interner_free(&infer->shape_table);
        interner_free(&infer->frame_table);
        interner_free(&infer->dim_table);
        interner_free(&infer->ensemble_table);
        array_free(&infer->ensembles);
        array_free(&infer->frame_numbers);
        array_free(&infer->dim_symbols);
        array_free(&infer->contents);
        arena_free(&infer->arena);
        array_free(&infer->demands);
        array_free(&infer->scratch);
        array_free(&infer->attributes);
        array_free(&infer->shape_elements);
        free(infer->rules);
        free(infer->first_frames);
        free(infer);
    }
    if (shapes->owns_algebra) algebra_free(shapes->algebra);
    array_free(&shapes->facts);
    array_free(&shapes->frames);
    array_free(&shapes->elements);
    array_free(&shapes->symbols);
    array_free(&shapes->assumptions);
    array_free(&shapes->gaps);
    array_free(&shapes->problems);
    interner_free(&shapes->text);
    free(shapes);
}

static Shapes *shapes_new(Model *model, Algebra *algebra) {
    Shapes *shapes = calloc(1, sizeof *shapes);
    Infer *infer = calloc(1, sizeof *infer);
    if (!shapes || !infer) {
        free(shapes);
        free(infer);
        return NULL;
    }
    shapes->model = model;
    shapes->infer = infer;
    shapes->owns_algebra = !algebra;
    shapes->algebra = algebra ? algebra : algebra_new();
    *infer = (Infer){.shapes = shapes,
                     .model = model,
                     .algebra = shapes->algebra,
                     .nodes_left = INFER_NODE_LIMIT + model->node_count};
    infer->rules = calloc(model->operators.count + 1, sizeof *infer->rules);
    infer->first_frames = malloc(model->graphs.count * sizeof *infer->first_frames);
    if (infer->first_frames)
        memset(infer->first_frames, 0xff, model->graphs.count * sizeof *infer->first_frames);
    bool done = shapes->algebra && infer->rules && infer->first_frames && interner_init(&shapes->text) &&
                interner_init(&infer->shape_table) && interner_init(&infer->frame_table) &&
                interner_init(&infer->dim_table) && interner_init(&infer->ensemble_table) &&
                array_push(&infer->contents, (ContentsSlot){NULL}) &&
                array_push(&infer->contents, (ContentsSlot){NULL}) &&
                array_reserve(&shapes->facts, model->value_count);
    if (!done) {
        shapes_free(shapes);
        return NULL;
    }
    if (model->value_count) memset(shapes->facts.items, 0, model->value_count * sizeof(Fact));
    shapes->facts.count = model->value_count;
    return shapes;
}

/* Graphs besides the main one that no node enters: training graphs. Functions nobody calls have no shapes. */
static void infer_training(Infer *infer) {
    for (Id graph = 1; graph < infer->model->graphs.count; graph++) {
        GraphKind kind = infer->model->graphs.items[graph].kind;
        if (kind != GRAPH_KIND_TRAINING_INITIALIZATION && kind != GRAPH_KIND_TRAINING_ALGORITHM) continue;
        uint32_t frame =
            push_frame(infer, (Frame){.kind = FRAME_SUBGRAPH, .graph = graph, .node = ID_NONE, .turns = 1});
        if (frame == FRAME_NONE) return;
        set_input_facts(infer, frame, model_list(infer->model, infer->model->graphs.items[graph].inputs));
        infer_graph(infer, frame);
    }
}

Shapes *shapes_infer(Model *model, const ShapesOptions *options, Error *err) {
    Shapes *shapes = shapes_new(model, options ? options->algebra : NULL);
    if (!shapes) {
        error_memory(err, "the model's shapes");
        return NULL;
    }
    Infer *infer = shapes->infer;
    if (options) infer->hook = options->hook;
    const Graph *graph = &model->graphs.items[0];
    uint32_t frame =
        push_frame(infer, (Frame){.kind = FRAME_MAIN, .parent = FRAME_NONE, .node = ID_NONE, .turns = 1});
    if (frame != FRAME_NONE) {
        set_input_facts(infer, frame, model_list(model, graph->inputs));
        if (!apply_options(infer, options, err)) {
            shapes_free(shapes);
            return NULL;
        }
        infer_graph(infer, frame);
        infer_training(infer);
    }
    if (!infer->out_of_memory) return shapes;
    shapes_free(shapes);
    error_memory(err, "the model's shapes");
    return NULL;
}
