#include "match/hash.h"

#include <stdlib.h>
#include <string.h>

/* ---- mixing ---- */

static uint64_t join_bytes(uint64_t hash, Bytes bytes) {
    hash = hash_join(hash, bytes.size);
    for (size_t i = 0; i < bytes.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes.data + i, bytes.size - i < 8 ? bytes.size - i : 8);
        hash = hash_join(hash, word);
    }
    return hash;
}

/* ---- operands ---- */

static bool is_named(const Model *model, const Operator *operation, const char *const *names, size_t count) {
    if (operation->domain != SYMBOL_EMPTY || operation->function != ID_NONE) return false;
    Bytes name = model_name(model, operation->op_type);
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, (Bytes){names[i], strlen(names[i])})) return true;
    return false;
}
#define IS_NAMED(model, operation, names) is_named(model, operation, names, sizeof(names) / sizeof *(names))

static uint64_t operator_hash(const Model *model, const Operator *operation) {
    if (operation->function != ID_NONE) return hash_mix(4);
    uint64_t hash = join_bytes(1, model_name(model, operation->domain));
    hash = join_bytes(hash, model_name(model, operation->op_type));
    return join_bytes(hash, model_name(model, operation->overload));
}

void view_hash_operators(View *view) {
    static const char *const commutative[] = {"Add",        "Mul",       "And",       "Or",  "Xor",
                                              "Equal",      "Max",       "Min",       "Sum", "Mean",
                                              "BitwiseAnd", "BitwiseOr", "BitwiseXor"};
    static const char *const hand_on[] = {"Identity", "Cast", "CastLike", "Dropout"};
    const Model *model = view->costs->shapes->model;
    for (Id i = 0; i < model->operators.count; i++) {
        const Operator *operation = &model->operators.items[i];
        view->operators[i] = (OperatorTraits){.hash = operator_hash(model, operation),
                                              .size = 1,
                                              .is_commutative = IS_NAMED(model, operation, commutative),
                                              .hands_on = IS_NAMED(model, operation, hand_on)};
    }
}

bool view_is_commutative(const View *view, Id node) {
    return view_operator(view, node)->is_commutative;
}

/* What operands look like, in their order or, where they commute, in any. */
static uint64_t join_operands(const View *view, Id node, uint64_t hash,
                              uint64_t (*operand)(const View *view, Id value)) {
    IdSpan inputs = node_inputs(view->costs->shapes->model, node);
    bool in_any_order = view_is_commutative(view, node);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < inputs.count; i++) {
        uint64_t part = operand(view, inputs.ids[i]);
        if (in_any_order) sum += hash_mix(part);
        else hash = hash_join(hash, part);
    }
    return hash_join(hash, in_any_order ? sum : inputs.count);
}

static uint64_t presence(const View *view, Id value) {
    return value == ID_NONE ? 0 : view_is_constant(view, value) ? 1 : 2;
}

uint64_t view_hash_kind(const View *view, Id node) {
    const Model *model = view->costs->shapes->model;
    uint64_t hash = hash_join(view_operator(view, node)->hash, node_outputs(model, node).count);
    return join_operands(view, node, hash, presence);
}

/* ---- exact ---- */

static uint64_t join_fact(const View *view, uint64_t hash, Fact fact) {
    Shapes *shapes = view->costs->shapes;
    Shape shape;
    hash = hash_join(hash_join(hash, fact.kind), fact.dtype);
    bool is_tensor = fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR;
    shapes_get(shapes, is_tensor ? fact.shape : SHAPE_UNKNOWN, &shape);
    hash = hash_join(hash, (uint64_t)(int64_t)shape.rank);
    for (int32_t i = 0; i < shape.rank; i++) {
        int64_t dim = -1;
        if (!expr_to_integer(shapes->algebra, shape.dims[i], &dim)) dim = -1;
        hash = hash_join(hash, (uint64_t)dim);
    }
    return hash;
}

/* Of constants: type and shape, and the number a scalar holds. Other values only say that they are there. */
uint64_t view_hash_operand(const View *view, Id value) {
    uint64_t hash = presence(view, value);
    if (hash != 1) return hash;
    Shapes *shapes = view->costs->shapes;
    uint32_t frame = shapes_first_frame(shapes, shapes->model->values.items[value].graph);
    if (frame == FRAME_NONE) return hash;
    Fact fact = *shapes_fact(shapes, frame, value);
    hash = join_fact(view, hash, fact);
    if (infer_fact_elements(shapes->infer, fact) != 1) return hash;
    const Contents *contents = shapes_contents(shapes, frame, value);
    double number = 0;
    uint64_t bits = 0;
    if (!contents || contents->count != 1 || !expr_to_double(shapes->algebra, contents->items[0], &number))
        return hash;
    memcpy(&bits, &number, sizeof bits);
    return hash_join(hash, bits);
}

static uint64_t join_list(const Model *model, uint64_t hash, const Attribute *attribute) {
    hash = hash_join(hash, attribute->count);
    for (uint32_t i = 0; attribute->stored && i < attribute->count; i++) {
        uint32_t at = attribute->first + i, bits = 0;
        switch (attribute->type) {
        case ATTRIBUTE_INT_LIST: hash = hash_join(hash, (uint64_t)model->integers.items[at]); break;
        case ATTRIBUTE_FLOAT_LIST:
            memcpy(&bits, &model->floats.items[at], sizeof bits);
            hash = hash_join(hash, bits);
            break;
        case ATTRIBUTE_STRING_LIST:
            hash = join_bytes(hash, model_text(model, model->strings.items[at]));
            break;
        default: break;
        }
    }
    return hash;
}

static uint64_t join_tensor(const Model *model, uint64_t hash, const Attribute *attribute) {
    Id id = attribute->count ? model->lists.items[attribute->first] : ID_NONE;
    if (id == ID_NONE) return hash;
    const Tensor *tensor = &model->tensors.items[id];
    hash = hash_join(hash_join(hash, tensor->dtype), tensor->rank);
    for (uint32_t i = 0; i < tensor->rank; i++)
        hash = hash_join(hash, (uint64_t)model->tensor_dims.items[tensor->first_dim + i]);
    return hash;
}

/* A body stands for the operators in it. */
static uint64_t join_graph(const View *view, uint64_t hash, const Attribute *attribute) {
    const Model *model = view->costs->shapes->model;
    Id id = attribute->count ? model->lists.items[attribute->first] : ID_NONE;
    if (id == ID_NONE) return hash;
    const Graph *graph = &model->graphs.items[id];
    for (uint32_t i = 0; i < graph->node_count; i++)
        hash = hash_join(hash, view_operator(view, graph->first_node + i)->hash);
    return hash;
}

uint64_t view_hash_attribute(const View *view, const Attribute *attribute) {
    const Model *model = view->costs->shapes->model;
    uint64_t hash = hash_join(join_bytes(2, model_name(model, attribute->name)), attribute->type);
    uint32_t bits = 0;
    if (attribute->reference != SYMBOL_NONE) return join_bytes(hash, model_name(model, attribute->reference));
    switch (attribute->type) {
    case ATTRIBUTE_INT: return hash_join(hash, (uint64_t)attribute->i);
    case ATTRIBUTE_FLOAT: memcpy(&bits, &attribute->f, sizeof bits); return hash_join(hash, bits);
    case ATTRIBUTE_STRING:
        return attribute->stored ? join_bytes(hash, model_text(model, attribute->s))
                                 : hash_join(hash, attribute->length);
    case ATTRIBUTE_TENSOR: return join_tensor(model, hash, attribute);
    case ATTRIBUTE_GRAPH: return join_graph(view, hash, attribute);
    default: return join_list(model, hash, attribute);
    }
}

uint64_t view_hash_exact(const View *view, Id node) {
    const Model *model = view->costs->shapes->model;
    const Attribute *attributes = model->attributes.items + model->nodes.items[node].first_attribute;
    uint64_t sum = 0; /* attributes in any order */
    for (uint32_t i = 0; i < node_attribute_count(model, node); i++)
        sum += view_hash_attribute(view, &attributes[i]);
    return join_operands(view, node, hash_join(view_hash_kind(view, node), sum), view_hash_operand);
}

/* ---- functions ---- */

/* The nodes of a body that compute, in any order; false when it calls a function that is not known yet. */
static bool read_body(const View *view, const bool *is_known, Id function, OperatorTraits *traits) {
    const Model *model = view->costs->shapes->model;
    const Graph *graph = &model->graphs.items[function];
    uint64_t sum = 0, size = 0;
    for (Id node = graph->first_node; node < graph->first_node + graph->node_count; node++) {
        Id callee = model->operators.items[model->nodes.items[node].op].function;
        if (callee != ID_NONE && !is_known[callee]) return false;
        if (view->classes[node] != NODE_CLASS_COMPUTE) continue;
        sum += hash_mix(view_hash_kind(view, node));
        size += view_operator(view, node)->size;
    }
    traits->hash = hash_join(hash_join(5, sum), size);
    traits->size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    return true;
}

/* Whether one more function became known: those whose callees are. */
static bool read_bodies(View *view, bool *is_known) {
    const Model *model = view->costs->shapes->model;
    bool found = false;
    for (Id i = 0; i < model->operators.count; i++) {
        Id function = model->operators.items[i].function;
        if (function == ID_NONE || is_known[function]) continue;
        if (!read_body(view, is_known, function, &view->operators[i])) continue;
        is_known[function] = found = true;
    }
    return found;
}

bool view_hash_functions(View *view) {
    bool *is_known = calloc(view->costs->shapes->model->graphs.count + (size_t)1, sizeof *is_known);
    if (!is_known) return false;
    for (int round = 0; round < MODEL_DEPTH_LIMIT; round++)
        if (!read_bodies(view, is_known)) break;
    free(is_known);
    return true;
}

/* ---- of all nodes ---- */

void view_hash_all(const View *view, bool exact, uint64_t *hashes) {
    for (Id node = 0; node < view->costs->shapes->model->node_count; node++)
        hashes[node] = exact ? view_hash_exact(view, node) : view_hash_kind(view, node);
}

static uint64_t users_hash(const View *view, Id value, const uint64_t *hashes) {
    IdSpan users = view_users(view, value);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < users.count; i++) sum += hash_mix(hashes[users.ids[i]]);
    return sum;
}

void view_hash_spread(const View *view, bool with_users, const uint64_t *hashes, uint64_t *next) {
    const Model *model = view->costs->shapes->model;
    for (Id node = 0; node < model->node_count; node++) {
        IdSpan inputs = node_inputs(model, node), outputs = node_outputs(model, node);
        bool in_any_order = view_is_commutative(view, node);
        uint64_t hash = hashes[node], sum = 0;
        for (uint32_t i = 0; i < inputs.count; i++) {
            Id producer = view_producer(view, inputs.ids[i]);
            uint64_t part = producer == ID_NONE ? 3 : hashes[producer];
            if (in_any_order) sum += hash_mix(part);
            else hash = hash_join(hash, part);
        }
        hash = hash_join(hash, sum);
        for (uint32_t i = 0; with_users && i < outputs.count; i++)
            if (outputs.ids[i] != ID_NONE) hash = hash_join(hash, users_hash(view, outputs.ids[i], hashes));
        next[node] = hash;
    }
}

#define NEIGHBOURHOOD_ROUNDS 2

bool view_hash_neighbourhoods(View *view, Error *err) {
    if (view->neighbourhoods) return true;
    size_t size = (view->costs->shapes->model->node_count + (size_t)1) * sizeof(uint64_t);
    uint64_t *hashes = malloc(size), *next = malloc(size);
    if (!hashes || !next) {
        free(hashes);
        free(next);
        return error_memory(err, "structural hashes");
    }
    view_hash_all(view, true, hashes);
    for (int round = 0; round < NEIGHBOURHOOD_ROUNDS; round++) {
        view_hash_spread(view, true, hashes, next);
        uint64_t *spare = hashes;
        hashes = next;
        next = spare;
    }
    free(next);
    view->neighbourhoods = hashes;
    return true;
}
