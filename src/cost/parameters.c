#include "cost/parameters.h"

#include <stdlib.h>
#include <string.h>

#include "ops/schema.h"

const char *parameter_use_name(ParameterUse use) {
    static const char *const names[] = {
#define X(NAME, name) name,
        PARAMETER_USES(X)
#undef X
    };
    return names[use];
}

/* ---- what the operator's words for an input say ---- */

typedef enum Role {
    ROLE_ANY,
    ROLE_KERNEL, /* a weight whatever its size */
    ROLE_STATISTIC,
    ROLE_INDEX,
    ROLE_TABLE,
    ROLE_QUANTISATION,
    ROLE_QUANTISED
} Role;

static bool ends_with(Bytes text, const char *end) {
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static bool contains(Bytes text, const char *part) {
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static bool is_any(Bytes text, const char *const *words) {
    for (; *words; words++)
        if (bytes_equal(text, (Bytes){*words, strlen(*words)})) return true;
    return false;
}

static Role role_of_name(Bytes op_type, Bytes formal) {
    static const char *const statistics[] = {"mean", "var", "input_mean", "input_var", NULL};
    static const char *const tables[] = {"cos_cache", "sin_cache", "window", "dft_length", NULL};
    static const char *const resizing[] = {"Resize", "Upsample", NULL};
    static const char *const kernels[] = {"Conv",
                                          "ConvTranspose",
                                          "Gemm",
                                          "MatMul",
                                          "Einsum",
                                          "LSTM",
                                          "GRU",
                                          "RNN",
                                          "BatchNormalization",
                                          "LayerNormalization",
                                          "InstanceNormalization",
                                          "GroupNormalization",
                                          "RMSNormalization",
                                          "PRelu",
                                          "FusedConv",
                                          "FusedGemm",
                                          "FusedMatMul",
                                          "SkipLayerNormalization",
                                          NULL};
    static const char *const quantised[] = {
        "DequantizeLinear", "ConvInteger",          "MatMulInteger",         "QLinearConv",
        "QLinearMatMul",    "MatMulNBits",          "GatherBlockQuantized",  "QGemm",
        "QAttention",       "MatMulIntegerToFloat", "DynamicQuantizeMatMul", NULL};
    if (is_any(op_type, resizing)) return ROLE_INDEX;
    if (contains(formal, "zero_point") || ends_with(formal, "_scale") || ends_with(formal, "_scales") ||
        ends_with(formal, "scales"))
        return ROLE_QUANTISATION;
    if (is_any(op_type, quantised)) return ROLE_QUANTISED;
    if (is_any(formal, statistics)) return ROLE_STATISTIC;
    if (is_any(formal, tables) || contains(formal, "mask")) return ROLE_TABLE;
    return is_any(op_type, kernels) ? ROLE_KERNEL : ROLE_ANY;
}

/* The formal name at a position; the last one where that is variadic. */
static Bytes formal_name(const Model *model, Id node, uint32_t position) {
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    Schema schema;
    Formal formal = {{"", 0}, FORMAL_SINGLE};
    if (!schema_find(model_name(model, operation->domain), model_name(model, operation->op_type),
                     node_opset(model, node), &schema))
        return formal.name;
    Bytes left = schema.inputs;
    for (uint32_t i = 0; i <= position && schema_next_formal(&left, &formal); i++) continue;
    return formal.name;
}

/* ---- users ---- */

typedef struct Search {
    const Costs *costs;
    uint32_t frame;
    Id pending[PARAMETER_USERS]; /* values made of the tensor, those not looked at yet at the end */
    uint32_t count;
    ParameterUsers *users;
    uint8_t *roles;
    Role role; /* of the first user that has one */
    bool is_output;
    bool in_where;
} Search;

/* No operator has more words for its inputs: those from here on are of a list. (Nobody looks for one of a million.) */
#define FORMAL_LIMIT 64

/* All nodes of an operator have the same names for their inputs. */
static Role role_of(const Search *search, Id node, uint32_t position) {
    const Model *model = search->costs->shapes->model;
    Id op = model->nodes.items[node].op;
    uint8_t *known =
        search->roles && position < PARAMETER_ROLES ? &search->roles[op * PARAMETER_ROLES + position] : NULL;
    if (known && *known) return (Role)(*known - 1);
    Bytes op_type = model_name(model, model->operators.items[op].op_type);
    Role role = role_of_name(op_type, formal_name(model, node, position));
    if (known) *known = (uint8_t)(role + 1);
    return role;
}

static void add_user(Search *search, Id node, uint32_t position) {
    const Model *model = search->costs->shapes->model;
    ParameterUsers *users = search->users;
    Bytes op_type = model_name(model, model->operators.items[model->nodes.items[node].op].op_type);
    Role role = role_of(search, node, position);
    if (search->role == ROLE_ANY) search->role = role;
    if (bytes_equal(op_type, BYTES_LITERAL("Where"))) search->in_where = true;
    for (uint32_t i = 0; i < users->count; i++)
        if (users->nodes[i] == node) return;
    if (users->count < PARAMETER_USERS) users->nodes[users->count++] = node;
}

static void add_pending(Search *search, Id value) {
    if (value == ID_NONE) return;
    for (uint32_t i = 0; i < search->count; i++)
        if (search->pending[i] == value) return;
    if (search->count < PARAMETER_USERS) search->pending[search->count++] = value;
}

/* A node that makes another constant: its data goes on, other inputs (axes, shapes, scales) end there. */
static bool hands_on(const Search *search, Id node, uint32_t position) {
    uint32_t frame = search->frame;
    if (frame == FRAME_NONE) return false;
    if (search->costs->shapes->frames.items[frame].graph !=
        search->costs->shapes->model->nodes.items[node].graph)
        return false;
    if (!(costs_of_node(search->costs, frame, node)->flags & COST_IS_CONSTANT)) return false;
    const Model *model = search->costs->shapes->model;
    Bytes op_type = model_name(model, model->operators.items[model->nodes.items[node].op].op_type);
    static const char *const ends[] = {"DequantizeLinear", "ConstantOfShape", NULL};
    return (position == 0 || bytes_equal(op_type, BYTES_LITERAL("Concat"))) && !is_any(op_type, ends);
}

static void visit_consumers(Search *search, Id value) {
    const Model *model = search->costs->shapes->model;
    IdSpan consumers = value_consumers(model, value);
    search->is_output = search->is_output || model->values.items[value].is_output;
    for (uint32_t i = 0; i < consumers.count && i < PARAMETER_USERS; i++) {
        IdSpan inputs = node_inputs(model, consumers.ids[i]), outputs = node_outputs(model, consumers.ids[i]);
        uint32_t position = 0;
        while (position < inputs.count && position < FORMAL_LIMIT && inputs.ids[position] != value)
            position++;
        if (hands_on(search, consumers.ids[i], position))
            for (uint32_t o = 0; o < outputs.count && o < PARAMETER_USERS; o++)
                add_pending(search, outputs.ids[o]);
        else add_user(search, consumers.ids[i], position);
    }
}

/* A square in the last two dimensions and nothing in front of it: a causal mask. */
static bool is_square(const Model *model, const Tensor *tensor) {
    const int64_t *dims = model->tensor_dims.items + tensor->first_dim;
    if (tensor->rank < 3) return false;
    for (uint32_t i = 0; i + 2 < tensor->rank; i++)
        if (dims[i] != 1) return false;
    return dims[tensor->rank - 1] == dims[tensor->rank - 2];
}

/* Whole numbers past this many are a table, not a shape. */
#define INDEX_LIMIT 64

static ParameterUse use_of(const Model *model, const Tensor *tensor, const Search *search) {
    bool is_single = tensor->has_size && tensor->count <= 1;
    bool is_large = tensor->has_size && tensor->count > INDEX_LIMIT && tensor->rank > 0;
    if (search->users->count == 0 && !search->is_output) return PARAMETER_UNUSED;
    if (tensor->dtype == DTYPE_STRING) return PARAMETER_TEXT;
    switch (search->role) {
    case ROLE_STATISTIC: return PARAMETER_STATISTIC;
    case ROLE_QUANTISATION: return PARAMETER_QUANTISATION;
    case ROLE_INDEX: return PARAMETER_INDEX;
    case ROLE_TABLE: return is_single ? PARAMETER_SCALAR : PARAMETER_TABLE;
    case ROLE_QUANTISED:
        if (!dtype_is_float(tensor->dtype) || dtype_bits(tensor->dtype) <= 8)
            return PARAMETER_QUANTISED_WEIGHT;
        return PARAMETER_WEIGHT;
    case ROLE_KERNEL:
        if (dtype_is_float(tensor->dtype)) return PARAMETER_WEIGHT;
        break;
    case ROLE_ANY: break;
    }
    if (tensor->dtype == DTYPE_BOOL) return is_single ? PARAMETER_SCALAR : PARAMETER_TABLE;
    if (tensor->dtype == DTYPE_INT64 || tensor->dtype == DTYPE_INT32)
        return is_large ? PARAMETER_TABLE : PARAMETER_INDEX;
    if (!dtype_is_float(tensor->dtype) && dtype_bits(tensor->dtype) <= 8)
        return is_single ? PARAMETER_QUANTISATION : PARAMETER_QUANTISED_WEIGHT;
    if (is_single) return PARAMETER_SCALAR;
    return search->in_where || is_square(model, tensor) ? PARAMETER_TABLE : PARAMETER_WEIGHT;
}

/* The value that has the tensor's contents: an initializer's, or the output of its Constant node. */
static Id value_of(const Model *model, const Tensor *tensor) {
    if (tensor->node == ID_NONE) return tensor->value;
    IdSpan outputs = node_outputs(model, tensor->node);
    return outputs.count ? outputs.ids[0] : ID_NONE;
}

void parameter_users(const Costs *costs, Id tensor, uint8_t *roles, ParameterUsers *users) {
    const Model *model = costs->shapes->model;
    const Tensor *t = &model->tensors.items[tensor];
    Search search = {
        .costs = costs, .frame = shapes_first_frame(costs->shapes, t->graph), .users = users, .roles = roles};
    users->count = 0;
    add_pending(&search, value_of(model, t));
    for (uint32_t i = 0; i < search.count; i++) visit_consumers(&search, search.pending[i]);
    users->use = use_of(model, t, &search);
}

/* ---- counting ---- */

static uint64_t add_saturating(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void count_tensor(ParameterCount *count, const Tensor *tensor) {
    count->tensors++;
    if (!tensor->has_size) {
        count->unknown++;
        return;
    }
    count->elements = add_saturating(count->elements, tensor->count);
    count->nbytes = add_saturating(count->nbytes, tensor->nbytes);
}

/* Initializers and what Constant nodes hold; not the two parts of a sparse tensor, nor attributes of other operators. */
static bool is_parameter(const Model *model, Id id) {
    const Tensor *tensor = &model->tensors.items[id];
    GraphKind kind = model->graphs.items[tensor->graph].kind;
    if (kind == GRAPH_KIND_TRAINING_INITIALIZATION || kind == GRAPH_KIND_TRAINING_ALGORITHM) return false;
    if (tensor->node == ID_NONE) return tensor->value != ID_NONE;
    const Operator *operation = &model->operators.items[model->nodes.items[tensor->node].op];
    return operation->domain == SYMBOL_EMPTY &&
           bytes_equal(model_name(model, operation->op_type), BYTES_LITERAL("Constant"));
}

/* Constants that nodes make from no more than a shape. */
static void count_generated(const Costs *costs, Parameters *parameters) {
    static const char *const makers[] = {"ConstantOfShape", "EyeLike", "Range", NULL};
    const Model *model = costs->shapes->model;
    for (Id node = 0; node < model->node_count; node++) {
        uint32_t frame = shapes_first_frame(costs->shapes, model->nodes.items[node].graph);
        IdSpan outputs = node_outputs(model, node);
        Bytes op_type = model_name(model, model->operators.items[model->nodes.items[node].op].op_type);
        int64_t elements;
        if (frame == FRAME_NONE || outputs.count == 0 || outputs.ids[0] == ID_NONE ||
            !is_any(op_type, makers) || !(costs_of_node(costs, frame, node)->flags & COST_IS_CONSTANT))
            continue;
        Fact fact = *shapes_fact(costs->shapes, frame, outputs.ids[0]);
        Expr count = infer_fact_elements(costs->shapes->infer, fact);
        if (!expr_to_integer(costs->shapes->algebra, count, &elements) || elements <= 1 ||
            !dtype_is_float(fact.dtype))
            continue;
        parameters->generated.tensors++;
        parameters->generated.elements = add_saturating(parameters->generated.elements, (uint64_t)elements);
    }
}

bool parameters_count(const Costs *costs, Parameters *parameters, uint8_t *uses) {
    const Model *model = costs->shapes->model;
    uint8_t *roles = calloc(model->operators.count + (size_t)1, PARAMETER_ROLES);
    *parameters = (Parameters){.tied = 0};
    if (!roles) return false;
    for (Id id = 0; id < model->tensors.count; id++) {
        const Tensor *tensor = &model->tensors.items[id];
        uses[id] = PARAMETER_USE_COUNT;
        if (!is_parameter(model, id)) continue;
        ParameterUsers users;
        parameter_users(costs, id, roles, &users);
        uses[id] = (uint8_t)users.use;
        uint32_t dtype = tensor->dtype < DTYPE_COUNT ? tensor->dtype : DTYPE_UNDEFINED;
        bool is_weight = users.use == PARAMETER_WEIGHT || users.use == PARAMETER_QUANTISED_WEIGHT;
        count_tensor(&parameters->all, tensor);
        count_tensor(&parameters->by_use[users.use], tensor);
        count_tensor(&parameters->by_dtype[dtype], tensor);
        if (is_weight) count_tensor(&parameters->weights_by_dtype[dtype], tensor);
        if (is_weight && users.count > 1) parameters->tied++;
        if (tensor->kind == PAYLOAD_EXTERNAL) count_tensor(&parameters->external, tensor);
    }
    free(roles);
    count_generated(costs, parameters);
    return true;
}
