#include "match/hash.h"

#include <string.h>

/* ---- mixing ---- */

/* Steele, Lea and Flood's splitmix64 finalizer: every bit of the argument changes half of the result's. */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t join(uint64_t hash, uint64_t part) {
    return mix(hash ^ mix(part));
}

static uint64_t join_bytes(uint64_t hash, Bytes bytes) {
    hash = join(hash, bytes.size);
    for (size_t i = 0; i < bytes.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes.data + i, bytes.size - i < 8 ? bytes.size - i : 8);
        hash = join(hash, word);
    }
    return hash;
}

/* ---- operands ---- */

bool view_is_commutative(const View *view, Id node) {
    static const char *const names[] = {"Add", "Mul",  "And", "Or",         "Xor",       "Equal",     "Max",
                                        "Min", "Mean", "Sum", "BitwiseAnd", "BitwiseOr", "BitwiseXor"};
    const Model *model = view->costs->shapes->model;
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    if (operation->domain != SYMBOL_EMPTY || operation->function != ID_NONE) return false;
    Bytes name = model_name(model, operation->op_type);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(name, (Bytes){names[i], strlen(names[i])})) return true;
    return false;
}

static uint64_t operator_hash(const Model *model, Id node) {
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    uint64_t hash = join_bytes(1, model_name(model, operation->domain));
    hash = join_bytes(hash, model_name(model, operation->op_type));
    return join_bytes(hash, model_name(model, operation->overload));
}

/* What operands look like, in their order or, where they commute, in any. */
static uint64_t join_operands(const View *view, Id node, uint64_t hash,
                              uint64_t (*operand)(const View *view, Id value)) {
    IdSpan inputs = node_inputs(view->costs->shapes->model, node);
    bool in_any_order = view_is_commutative(view, node);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < inputs.count; i++) {
        uint64_t part = operand(view, inputs.ids[i]);
        if (in_any_order) sum += mix(part);
        else hash = join(hash, part);
    }
    return join(hash, in_any_order ? sum : inputs.count);
}

static uint64_t presence(const View *view, Id value) {
    return value == ID_NONE ? 0 : view_is_constant(view, value) ? 1 : 2;
}

uint64_t view_hash_kind(const View *view, Id node) {
    const Model *model = view->costs->shapes->model;
    uint64_t hash = join(operator_hash(model, node), node_outputs(model, node).count);
    return join_operands(view, node, hash, presence);
}

/* ---- exact ---- */

static uint64_t join_fact(const View *view, uint64_t hash, Fact fact) {
    Shapes *shapes = view->costs->shapes;
    Shape shape;
    hash = join(join(hash, fact.kind), fact.dtype);
    bool is_tensor = fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR;
    shapes_get(shapes, is_tensor ? fact.shape : SHAPE_UNKNOWN, &shape);
    hash = join(hash, (uint64_t)(int64_t)shape.rank);
    for (int32_t i = 0; i < shape.rank; i++) {
        int64_t dim = -1;
        if (!expr_to_integer(shapes->algebra, shape.dims[i], &dim)) dim = -1;
        hash = join(hash, (uint64_t)dim);
    }
    return hash;
}

/* Of constants: type and shape, and the number a scalar holds. Other values only say that they are there. */
static uint64_t constant_hash(const View *view, Id value) {
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
    return join(hash, bits);
}

static uint64_t join_list(const Model *model, uint64_t hash, const Attribute *attribute) {
    hash = join(hash, attribute->count);
    for (uint32_t i = 0; attribute->stored && i < attribute->count; i++) {
        uint32_t at = attribute->first + i, bits = 0;
        switch (attribute->type) {
        case ATTRIBUTE_INT_LIST: hash = join(hash, (uint64_t)model->integers.items[at]); break;
        case ATTRIBUTE_FLOAT_LIST:
            memcpy(&bits, &model->floats.items[at], sizeof bits);
            hash = join(hash, bits);
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
    hash = join(join(hash, tensor->dtype), tensor->rank);
    for (uint32_t i = 0; i < tensor->rank; i++)
        hash = join(hash, (uint64_t)model->tensor_dims.items[tensor->first_dim + i]);
    return hash;
}

/* A body stands for the operators in it. */
static uint64_t join_graph(const Model *model, uint64_t hash, const Attribute *attribute) {
    Id id = attribute->count ? model->lists.items[attribute->first] : ID_NONE;
    if (id == ID_NONE) return hash;
    const Graph *graph = &model->graphs.items[id];
    for (uint32_t i = 0; i < graph->node_count; i++)
        hash = join(hash, operator_hash(model, graph->first_node + i));
    return hash;
}

static uint64_t attribute_hash(const Model *model, const Attribute *attribute) {
    uint64_t hash = join(join_bytes(2, model_name(model, attribute->name)), attribute->type);
    uint32_t bits = 0;
    if (attribute->reference != SYMBOL_NONE) return join_bytes(hash, model_name(model, attribute->reference));
    switch (attribute->type) {
    case ATTRIBUTE_INT: return join(hash, (uint64_t)attribute->i);
    case ATTRIBUTE_FLOAT: memcpy(&bits, &attribute->f, sizeof bits); return join(hash, bits);
    case ATTRIBUTE_STRING:
        return attribute->stored ? join_bytes(hash, model_text(model, attribute->s))
                                 : join(hash, attribute->length);
    case ATTRIBUTE_TENSOR: return join_tensor(model, hash, attribute);
    case ATTRIBUTE_GRAPH: return join_graph(model, hash, attribute);
    default: return join_list(model, hash, attribute);
    }
}

uint64_t view_hash_exact(const View *view, Id node) {
    const Model *model = view->costs->shapes->model;
    const Attribute *attributes = model->attributes.items + model->nodes.items[node].first_attribute;
    uint64_t sum = 0; /* attributes in any order */
    for (uint32_t i = 0; i < node_attribute_count(model, node); i++)
        sum += attribute_hash(model, &attributes[i]);
    return join_operands(view, node, join(view_hash_kind(view, node), sum), constant_hash);
}

/* ---- of all nodes ---- */

void view_hash_all(const View *view, bool exact, uint64_t *hashes) {
    for (Id node = 0; node < view->costs->shapes->model->node_count; node++)
        hashes[node] = exact ? view_hash_exact(view, node) : view_hash_kind(view, node);
}

static uint64_t users_hash(const View *view, Id value, const uint64_t *hashes) {
    IdSpan users = view_users(view, value);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < users.count; i++) sum += mix(hashes[users.ids[i]]);
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
            if (in_any_order) sum += mix(part);
            else hash = join(hash, part);
        }
        hash = join(hash, sum);
        for (uint32_t i = 0; with_users && i < outputs.count; i++)
            if (outputs.ids[i] != ID_NONE) hash = join(hash, users_hash(view, outputs.ids[i], hashes));
        next[node] = hash;
    }
}
