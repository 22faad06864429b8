#include "graph/load.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/fields.h"
#include "onnx/leaf.h"
#include "onnx/sniff.h"

#define NEWEST_IR_VERSION 14

bool load_out_of_memory(Loader *l) {
    l->reader.failed = true;
    return error_memory(l->err, "the model's graph (or it has more than 2^32 parts)");
}

bool load_symbol(Loader *l, const Message *message, const char *field, Symbol *symbol) {
    Bytes bytes;
    if (!message_bytes(&l->reader, message, field, &bytes)) return false;
    *symbol = interner_add(&l->model->text, bytes);
    return *symbol != SYMBOL_NONE || load_out_of_memory(l);
}

bool load_domain(Loader *l, const Message *message, const char *field, Symbol *symbol) {
    if (!load_symbol(l, message, field, symbol)) return false;
    if (bytes_equal(model_name(l->model, *symbol), BYTES_LITERAL("ai.onnx"))) *symbol = SYMBOL_EMPTY;
    return true;
}

bool load_text(Loader *l, const Message *message, const char *field, Text *text) {
    Bytes bytes;
    return message_bytes(&l->reader, message, field, &bytes) &&
           (interner_store(&l->model->text, bytes, text) || load_out_of_memory(l));
}

bool load_int(Loader *l, const Message *message, const char *field, int64_t *value) {
    if (!message_want(&l->reader, message, WIRE_VARINT, field)) return false;
    *value = (int64_t)message->value;
    return true;
}

bool load_check_entry(Loader *l, const Message *message) {
    Entry entry;
    return message_entry(&l->reader, message, "metadata_props", &entry);
}

bool load_check_leaf(Loader *l, const Message *message, const char *field, LeafCheck *check) {
    Bytes bytes;
    Arena arena = {0};
    if (!message_bytes(&l->reader, message, field, &bytes)) return false;
    bool done = check(&arena, bytes, message->offset, l->err);
    arena_free(&arena);
    l->reader.failed = !done;
    return done;
}

static bool check_annotation(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return leaf_annotation(arena, bytes, offset, err) != NULL;
}

static bool check_configuration(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return leaf_configuration(arena, bytes, offset, err) != NULL;
}

static bool check_node_configuration(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return leaf_node_configuration(arena, bytes, offset, err) != NULL;
}

bool load_list(Loader *l, const Id *ids, uint32_t count, List *list) {
    Model *model = l->model;
    *list = (List){model->lists.count, count};
    if (!array_reserve(&model->lists, count)) return load_out_of_memory(l);
    if (count) memcpy(model->lists.items + model->lists.count, ids, count * sizeof *ids);
    model->lists.count += count;
    return true;
}

bool load_push_graph(Loader *l, Graph graph, uint64_t offset, Id *id) {
    if (graph.depth > MODEL_DEPTH_LIMIT)
        return reader_fail(&l->reader, ERROR_LIMIT, offset,
                           "the graph at byte %" PRIu64 " nests deeper than %d graphs", offset,
                           MODEL_DEPTH_LIMIT);
    *id = l->model->graphs.count;
    return LOAD_PUSH(l, &l->model->graphs, graph);
}

/* ---- nodes ---- */

static Symbol operator_key(Interner *keys, Symbol domain, Symbol op_type, Symbol overload) {
    Symbol key[] = {domain, op_type, overload};
    return interner_add(keys, (Bytes){(const char *)key, sizeof key});
}

static bool is_operator(const Model *model, Id id, Symbol domain, Symbol op_type, Symbol overload) {
    if (id >= model->operators.count) return false;
    const Operator *op = &model->operators.items[id];
    return op->op_type == op_type && op->domain == domain && op->overload == overload;
}

static bool load_operator(Loader *l, Symbol domain, Symbol op_type, Symbol overload, Id *op) {
    Id *recent = &l->recent_operators[op_type % RECENT_OPERATORS];
    *op = *recent;
    if (is_operator(l->model, *op, domain, op_type, overload)) return true;
    Symbol key = operator_key(&l->operators, domain, op_type, overload);
    if (key == SYMBOL_NONE) return load_out_of_memory(l);
    *op = *recent = key - 1;
    if (*op < l->model->operators.count) return true;
    return LOAD_PUSH(
        l, &l->model->operators,
        (Operator){.domain = domain, .op_type = op_type, .overload = overload, .function = ID_NONE});
}

/* Attributes of one node with one name: the first counts (node_attribute). */
static bool check_attribute_names(Loader *l, Id node, const Node *n) {
    const Model *model = l->model;
    const Attribute *attributes = model->attributes.items;
    uint32_t count = model->attributes.count - n->first_attribute;
    if (count > 256) return true; /* no operator has that many; not worth a quadratic look */
    for (uint32_t i = n->first_attribute; i < model->attributes.count; i++)
        for (uint32_t j = n->first_attribute; j < i; j++)
            if (attributes[i].name == attributes[j].name)
                return diagnose(l->model, DIAGNOSTIC_DUPLICATE_ATTRIBUTE,
                                diagnostic_at(n->graph, node, n->offset),
                                "attribute %s is given twice, the first counts",
                                quote(model_name(model, attributes[i].name)).text) ||
                       load_out_of_memory(l);
    return true;
}

static bool intern_queue(Loader *l, EdgeNames *queue, IdArray *edges) {
    Id *edge = edges->items + edges->count - queue->count;
    const char *text = queue->text;
    for (uint32_t i = 0; i < queue->count; i++) {
        Bytes name = {text, queue->names[i].size};
        edge[i] = interner_add_placed(&l->model->text, name, queue->names[i].place);
        if (edge[i] == SYMBOL_NONE) return load_out_of_memory(l);
        text += name.size;
    }
    queue->count = queue->used = 0;
    return true;
}

/* Outputs first: nearly all are new and nearly all inputs are not, which branch predictors like. */
static bool intern_edges(Loader *l) {
    return intern_queue(l, &l->output_names, &l->model->node_outputs) &&
           intern_queue(l, &l->input_names, &l->model->node_inputs);
}

static bool load_edge(Loader *l, const Message *m, const char *field, EdgeNames *queue, IdArray *edges) {
    Bytes name;
    if (!message_bytes(&l->reader, m, field, &name)) return false;
    bool is_full = queue->count == EDGE_NAMES || name.size > sizeof queue->text - queue->used;
    if (is_full && !intern_edges(l)) return false;
    if (name.size > sizeof queue->text) {
        Symbol symbol = interner_add(&l->model->text, name);
        return symbol == SYMBOL_NONE ? load_out_of_memory(l) : LOAD_PUSH(l, edges, symbol);
    }
    queue->names[queue->count].place = interner_place(&l->model->text, name);
    queue->names[queue->count++].size = (uint32_t)name.size;
    memcpy(queue->text + queue->used, name.data, name.size);
    queue->used += (uint32_t)name.size;
    return LOAD_PUSH(l, edges, SYMBOL_EMPTY);
}

static bool load_node(Loader *l, const Message *field, Id graph) {
    Model *model = l->model;
    if (!message_want(&l->reader, field, WIRE_LENGTH, "node")) return false;
    if (field->length > UINT32_MAX)
        return reader_fail(&l->reader, ERROR_LIMIT, field->start,
                           "NodeProto at byte %" PRIu64 " has %" PRIu64 " bytes, the limit is 4 GiB",
                           field->offset, field->length);
    if (!array_reserve(&model->nodes, 1)) return load_out_of_memory(l);
    Id id = model->nodes.count;
    Node *node = &model->nodes.items[id];
    *node = (Node){.offset = field->offset,
                   .length = (uint32_t)field->length,
                   .graph = graph,
                   .first_input = model->node_inputs.count,
                   .first_output = model->node_outputs.count,
                   .first_attribute = model->attributes.count};
    Symbol op_type = SYMBOL_EMPTY, domain = SYMBOL_EMPTY, overload = SYMBOL_EMPTY;
    Message m = message_at("NodeProto", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        bool done = true;
        Attribute attribute;
        switch (m.field) {
        case NODE_INPUT: done = load_edge(l, &m, "input", &l->input_names, &model->node_inputs); break;
        case NODE_OUTPUT: done = load_edge(l, &m, "output", &l->output_names, &model->node_outputs); break;
        case NODE_NAME: done = load_text(l, &m, "name", &node->name); break;
        case NODE_OP_TYPE: done = load_symbol(l, &m, "op_type", &op_type); break;
        case NODE_DOMAIN: done = load_domain(l, &m, "domain", &domain); break;
        case NODE_OVERLOAD: done = load_symbol(l, &m, "overload", &overload); break;
        case NODE_ATTRIBUTE:
            done =
                load_attribute(l, &m, graph, id, &attribute) && LOAD_PUSH(l, &model->attributes, attribute);
            break;
        case NODE_METADATA_PROPS: done = load_check_entry(l, &m); break;
        case NODE_DOC_STRING: done = message_want(&l->reader, &m, WIRE_LENGTH, "doc_string"); break;
        case NODE_DEVICE_CONFIGURATIONS:
            done = load_check_leaf(l, &m, "device_configurations", check_node_configuration);
            break;
        default: break;
        }
        if (!done) return false;
    }
    if (l->reader.failed || !load_operator(l, domain, op_type, overload, &node->op)) return false;
    if (op_type == SYMBOL_EMPTY &&
        !diagnose(model, DIAGNOSTIC_NO_OP_TYPE, diagnostic_at(graph, id, node->offset),
                  "node %s has no operator type", quote(model_text(model, node->name)).text))
        return load_out_of_memory(l);
    model->nodes.count++;
    return check_attribute_names(l, id, node);
}

/* ---- graphs ---- */

static bool load_declaration(Loader *l, const Message *m, uint32_t field) {
    Declaration declaration;
    if (!load_value_info(l, m, &declaration)) return false;
    switch (field) {
    case GRAPH_INPUT: return LOAD_PUSH(l, &l->inputs, declaration);
    case GRAPH_OUTPUT: return LOAD_PUSH(l, &l->outputs, declaration);
    default: return LOAD_PUSH(l, &l->value_infos, declaration);
    }
}

static bool load_graph_field(Loader *l, const Message *m, Id id) {
    Symbol name;
    Id tensor;
    switch (m->field) {
    case GRAPH_NODE: return load_node(l, m, id);
    case GRAPH_NAME:
        if (!load_symbol(l, m, "name", &name)) return false;
        l->model->graphs.items[id].name = name;
        return true;
    case GRAPH_INITIALIZER:
        return load_tensor(l, m, id, ID_NONE, &tensor) && LOAD_PUSH(l, &l->initializers, tensor);
    case GRAPH_SPARSE_INITIALIZER:
        return load_sparse_tensor(l, m, id, ID_NONE, &tensor) && LOAD_PUSH(l, &l->initializers, tensor);
    case GRAPH_INPUT:
    case GRAPH_OUTPUT:
    case GRAPH_VALUE_INFO: return load_declaration(l, m, m->field);
    case GRAPH_QUANTIZATION_ANNOTATION:
        return load_check_leaf(l, m, "quantization_annotation", check_annotation);
    case GRAPH_METADATA_PROPS: return load_check_entry(l, m);
    case GRAPH_DOC_STRING: return message_want(&l->reader, m, WIRE_LENGTH, "doc_string");
    default: return true;
    }
}

static bool load_graph(Loader *l, Id id) {
    ByteRange range = l->model->graphs.items[id].range;
    Message m = message_at("GraphProto", range.offset, range.length);
    while (message_next(&l->reader, &m))
        if (!load_graph_field(l, &m, id)) return false;
    return !l->reader.failed;
}

/* ---- opsets ---- */

static bool load_opset(Loader *l, const Message *m, uint32_t first) {
    Bytes bytes;
    if (!message_bytes(&l->reader, m, "opset_import", &bytes)) return false;
    Arena arena = {0};
    Onnx__OperatorSetIdProto *opset = leaf_opset(&arena, bytes, m->offset, l->err);
    l->reader.failed = !opset;
    Symbol domain = SYMBOL_NONE;
    int64_t version = 0;
    if (opset) {
        Bytes name = leaf_bytes(opset->domain);
        if (bytes_equal(name, BYTES_LITERAL("ai.onnx"))) name.size = 0;
        domain = interner_add(&l->model->text, name);
        version = opset->version;
    }
    arena_free(&arena);
    if (!opset) return false;
    if (domain == SYMBOL_NONE) return load_out_of_memory(l);
    for (uint32_t i = first; i < l->model->opsets.count && i < first + 64; i++) {
        if (l->model->opsets.items[i].domain != domain) continue;
        if (l->model->opsets.items[i].version == version) break;
        if (!diagnose(l->model, DIAGNOSTIC_DUPLICATE_OPSET, diagnostic_at(ID_NONE, ID_NONE, m->offset),
                      "operator set %s is imported twice, as version %" PRId64 " and as %" PRId64
                      "; the last counts",
                      domain == SYMBOL_EMPTY ? "ai.onnx" : quote(model_name(l->model, domain)).text,
                      l->model->opsets.items[i].version, version))
            return load_out_of_memory(l);
        break;
    }
    return LOAD_PUSH(l, &l->model->opsets, (Opset){domain, version});
}

/* ---- functions ---- */

static bool load_function_field(Loader *l, const Message *m, Id id) {
    Model *model = l->model;
    Graph *function = &model->graphs.items[id];
    Declaration declaration = {.type = ID_NONE, .info = ID_NONE, .offset = m->offset};
    Attribute attribute;
    Symbol name;
    switch (m->field) {
    case FUNCTION_NAME: return load_symbol(l, m, "name", &function->name);
    case FUNCTION_DOMAIN: return load_domain(l, m, "domain", &function->domain);
    case FUNCTION_OVERLOAD: return load_symbol(l, m, "overload", &function->overload);
    case FUNCTION_INPUT:
        return load_symbol(l, m, "input", &declaration.name) && LOAD_PUSH(l, &l->inputs, declaration);
    case FUNCTION_OUTPUT:
        return load_symbol(l, m, "output", &declaration.name) && LOAD_PUSH(l, &l->outputs, declaration);
    case FUNCTION_ATTRIBUTE: return load_symbol(l, m, "attribute", &name) && LOAD_PUSH(l, &l->names, name);
    case FUNCTION_ATTRIBUTE_PROTO:
        return load_attribute(l, m, id, ID_NONE, &attribute) && LOAD_PUSH(l, &model->defaults, attribute);
    case FUNCTION_NODE: return load_node(l, m, id);
    case FUNCTION_OPSET_IMPORT: return load_opset(l, m, function->first_opset);
    case FUNCTION_VALUE_INFO: return load_declaration(l, m, GRAPH_VALUE_INFO);
    case FUNCTION_METADATA_PROPS: return load_check_entry(l, m);
    case FUNCTION_DOC_STRING: return message_want(&l->reader, m, WIRE_LENGTH, "doc_string");
    default: return true;
    }
}

/* Enters the function among those nodes can call; of two with the same name the first counts. */
static bool register_function(Loader *l, Id id) {
    const Graph *function = &l->model->graphs.items[id];
    Symbol key = operator_key(&l->functions, function->domain, function->name, function->overload);
    if (key == SYMBOL_NONE) return load_out_of_memory(l);
    if (key - 1 == l->function_graphs.count) return LOAD_PUSH(l, &l->function_graphs, id);
    return diagnose(l->model, DIAGNOSTIC_DUPLICATE_FUNCTION,
                    diagnostic_at(id, ID_NONE, function->range.offset),
                    "function %s of domain %s is defined twice, the first counts",
                    quote(model_name(l->model, function->name)).text,
                    quote(model_name(l->model, function->domain)).text) ||
           load_out_of_memory(l);
}

static bool load_function(Loader *l, Id id) {
    Model *model = l->model;
    Graph *function = &model->graphs.items[id];
    ByteRange range = function->range;
    function->first_opset = model->opsets.count;
    function->first_default = model->defaults.count;
    l->names.count = 0;
    Message m = message_at("FunctionProto", range.offset, range.length);
    while (message_next(&l->reader, &m))
        if (!load_function_field(l, &m, id)) return false;
    if (l->reader.failed) return false;
    function = &model->graphs.items[id];
    function->opset_count = model->opsets.count - function->first_opset;
    function->default_count = model->defaults.count - function->first_default;
    return load_list(l, l->names.items, l->names.count, &function->attributes) && register_function(l, id);
}

/* ---- the whole model ---- */

static bool push_training(Loader *l, ByteRange range) {
    Training training = {.initialization = ID_NONE, .algorithm = ID_NONE, .range = range};
    Message m = message_at("TrainingInfoProto", range.offset, range.length);
    while (message_next(&l->reader, &m)) {
        bool is_binding = m.field == TRAINING_INITIALIZATION_BINDING || m.field == TRAINING_UPDATE_BINDING;
        if (is_binding && !load_check_entry(l, &m)) return false;
        if (m.field != TRAINING_INITIALIZATION && m.field != TRAINING_ALGORITHM) continue;
        if (!message_want(&l->reader, &m, WIRE_LENGTH, "graph")) return false;
        bool is_algorithm = m.field == TRAINING_ALGORITHM;
        Graph graph = {.kind =
                           is_algorithm ? GRAPH_KIND_TRAINING_ALGORITHM : GRAPH_KIND_TRAINING_INITIALIZATION,
                       .owner = ID_NONE,
                       .parent = 0,
                       .range = {m.offset, m.length}};
        if (!load_push_graph(l, graph, m.offset,
                             is_algorithm ? &training.algorithm : &training.initialization))
            return false;
    }
    return !l->reader.failed && LOAD_PUSH(l, &l->model->trainings, training);
}

/* What the top level says about graphs, noted until it is known where the main graph is. */
typedef struct Outline {
    ByteRange graph;
    bool has_graph;
    Array(ByteRange) functions;
    Array(ByteRange) trainings;
} Outline;

static bool load_model_field(Loader *l, const Message *m, Outline *outline) {
    Model *model = l->model;
    ByteRange range = {m->offset, m->length};
    switch (m->field) {
    case MODEL_IR_VERSION: return load_int(l, m, "ir_version", &model->ir_version);
    case MODEL_MODEL_VERSION: return load_int(l, m, "model_version", &model->model_version);
    case MODEL_PRODUCER_NAME: return load_text(l, m, "producer_name", &model->producer_name);
    case MODEL_PRODUCER_VERSION: return load_text(l, m, "producer_version", &model->producer_version);
    case MODEL_DOMAIN: return load_symbol(l, m, "domain", &model->domain);
    case MODEL_OPSET_IMPORT: return load_opset(l, m, 0);
    case MODEL_METADATA_PROPS: return load_check_entry(l, m);
    case MODEL_DOC_STRING: return message_want(&l->reader, m, WIRE_LENGTH, "doc_string");
    case MODEL_CONFIGURATION: return load_check_leaf(l, m, "configuration", check_configuration);
    case MODEL_GRAPH:
        if (!message_want(&l->reader, m, WIRE_LENGTH, "graph")) return false;
        if (outline->has_graph)
            return reader_fail(&l->reader, ERROR_MALFORMED, m->start,
                               "ModelProto: a second graph at byte %" PRIu64
                               ", the first is at byte %" PRIu64,
                               m->offset, outline->graph.offset);
        outline->graph = range;
        outline->has_graph = true;
        return true;
    case MODEL_FUNCTIONS:
        return message_want(&l->reader, m, WIRE_LENGTH, "functions") &&
               LOAD_PUSH(l, &outline->functions, range);
    case MODEL_TRAINING_INFO:
        return message_want(&l->reader, m, WIRE_LENGTH, "training_info") &&
               LOAD_PUSH(l, &outline->trainings, range);
    default: return true;
    }
}

static bool push_graphs(Loader *l, const Outline *outline) {
    Id id;
    Graph main_graph = {
        .kind = GRAPH_KIND_MAIN, .owner = ID_NONE, .parent = ID_NONE, .range = outline->graph};
    if (!load_push_graph(l, main_graph, outline->graph.offset, &id)) return false;
    for (uint32_t i = 0; i < outline->functions.count; i++) {
        Graph function = {.kind = GRAPH_KIND_FUNCTION,
                          .owner = ID_NONE,
                          .parent = ID_NONE,
                          .range = outline->functions.items[i]};
        if (!load_push_graph(l, function, function.range.offset, &id)) return false;
    }
    for (uint32_t i = 0; i < outline->trainings.count; i++)
        if (!push_training(l, outline->trainings.items[i])) return false;
    return true;
}

/* A field of the outermost message that runs past the file's end is what a broken download looks like. */
static bool report_cut(Loader *l) {
    Error cut = *l->err;
    if (cut.code != ERROR_TRUNCATED) return false;
    return error_set(l->err, cut.code, cut.offset, "%s; the file seems to be cut short", cut.message);
}

static bool load_outline(Loader *l, Outline *outline) {
    Model *model = l->model;
    Message m = message_at("ModelProto", 0, model->source->size);
    while (message_next(&l->reader, &m))
        if (!load_model_field(l, &m, outline)) return false;
    if (l->reader.failed) return report_cut(l);
    if (!outline->has_graph)
        return reader_fail(&l->reader, ERROR_NOT_ONNX, 0,
                           "there is no graph in it: this is not an ONNX model");
    model->opset_count = model->opsets.count;
    if ((model->ir_version < 1 || model->ir_version > NEWEST_IR_VERSION) &&
        !diagnose(model, DIAGNOSTIC_IR_VERSION, diagnostic_at(ID_NONE, ID_NONE, ERROR_NO_OFFSET),
                  "the IR version is %" PRId64 ", 1 to %d are known", model->ir_version, NEWEST_IR_VERSION))
        return load_out_of_memory(l);
    return push_graphs(l, outline);
}

/* Graphs in the order they were noted; reading one notes more of them behind it. */
static bool load_graphs(Loader *l) {
    Model *model = l->model;
    for (Id id = 0; id < model->graphs.count; id++) {
        l->inputs.count = l->outputs.count = l->value_infos.count = l->initializers.count = 0;
        bool is_function = model->graphs.items[id].kind == GRAPH_KIND_FUNCTION;
        model->graphs.items[id].first_node = model->nodes.count;
        if (!(is_function ? load_function(l, id) : load_graph(l, id))) return false;
        if (!intern_edges(l)) return false;
        model->graphs.items[id].node_count = model->nodes.count - model->graphs.items[id].first_node;
        if (!load_define_values(l, id)) return false;
    }
    model->node_count = model->nodes.count;
    Node sentinel = {.first_input = model->node_inputs.count,
                     .first_output = model->node_outputs.count,
                     .first_attribute = model->attributes.count,
                     .op = ID_NONE,
                     .graph = ID_NONE};
    return LOAD_PUSH(l, &model->nodes, sentinel);
}

static void resolve_functions(Loader *l) {
    Model *model = l->model;
    for (uint32_t i = 0; i < model->operators.count; i++) {
        Operator *op = &model->operators.items[i];
        Symbol key[] = {op->domain, op->op_type, op->overload};
        Symbol found = interner_find(&l->functions, (Bytes){(const char *)key, sizeof key});
        if (found != SYMBOL_NONE) op->function = l->function_graphs.items[found - 1];
    }
}

/* ---- setting up ---- */

/* The folder of a path, "." for a bare name; NULL when memory runs out. */
static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool set_paths(Model *model, const ModelOptions *options) {
    if (options->data_root && !(model->data_root = strdup(options->data_root))) return false;
    if (options->directory && !(model->directory = strdup(options->directory))) return false;
    if (!options->path) return true;
    if (!(model->path = strdup(options->path))) return false;
    if (options->directory || options->no_directory || strcmp(options->path, "-") == 0) return true;
    char resolved[PATH_MAX];
    if (!(model->directory = directory_of(options->path))) return false;
    return !realpath(options->path, resolved) || (model->resolved_directory = directory_of(resolved));
}

/* Spans point into these arrays also where they are empty, so that they exist from the start. */
static bool reserve_arrays(Model *model) {
    return array_reserve(&model->node_inputs, 1) && array_reserve(&model->node_outputs, 1) &&
           array_reserve(&model->consumers, 1) && array_reserve(&model->lists, 1) &&
           array_reserve(&model->attributes, 1) && array_reserve(&model->values, 1) &&
           array_reserve(&model->tensors, 1) && array_reserve(&model->tensor_dims, 1);
}

static bool loader_init(Loader *l, const ModelOptions *options) {
    return reserve_arrays(l->model) && interner_init(&l->model->text) && interner_init(&l->operators) &&
           interner_init(&l->functions) && interner_init(&l->locations) && set_paths(l->model, options);
}

static void loader_free(Loader *l) {
    reader_free(&l->reader);
    interner_free(&l->operators);
    interner_free(&l->functions);
    interner_free(&l->locations);
    array_free(&l->function_graphs);
    array_free(&l->scope);
    array_free(&l->inputs);
    array_free(&l->outputs);
    array_free(&l->value_infos);
    array_free(&l->initializers);
    array_free(&l->names);
    array_free(&l->members);
    array_free(&l->forward);
    array_free(&l->captures);
    array_free(&l->undo);
}

static bool load_all(Loader *l) {
    Outline outline = {0};
    bool done = load_outline(l, &outline) && load_graphs(l);
    array_free(&outline.functions);
    array_free(&outline.trainings);
    if (!done) return false;
    resolve_functions(l);
    return link_model(l);
}

Model *model_load(Source *source, const ModelOptions *options, Error *err) {
    Model *model = calloc(1, sizeof *model);
    if (!model) {
        source_close(source);
        error_memory(err, "a model");
        return NULL;
    }
    model->source = source;
    Loader l = {.model = model, .err = err};
    reader_init(&l.reader, source, err);
    bool done = loader_init(&l, options) ? load_all(&l) : error_memory(err, "a model");
    loader_free(&l);
    if (done) return model;
    if (err->code != ERROR_MEMORY && err->code != ERROR_IO) sniff_explain(source, options->path, err);
    model_free(model);
    return NULL;
}
