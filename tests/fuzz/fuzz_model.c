/* libFuzzer harness of the reader: bytes are loaded as a model and everything in it is touched, elements of
 * tensors too. Each input is read twice, from memory in place and through a window that refills, as a file is;
 * both must come to the same answer.
 */
#include <stdlib.h>
#include <string.h>

#include "graph/diagnose.h"
#include "graph/index.h"
#include "graph/model.h"
#include "onnx/source.h"
#include "weights/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is looked at per tensor. */
#define ELEMENTS_LIMIT ((uint64_t)1 << 14)
enum { CHUNK = 64, NAMES_LIMIT = 64 };

static uint64_t sum; /* of all bytes seen, so that reading them is not left out */

static void touch(Bytes bytes) {
    for (size_t i = 0; i < bytes.size; i++) sum += (unsigned char)bytes.data[i];
    sum += strlen(quote(bytes).text);
}

static void expect(bool condition) {
    if (!condition) abort();
}

static void touch_elements(PayloadCursor *cursor, uint32_t dtype, Error *err) {
    unsigned char raw[CHUNK * 16];
    uint64_t got = 0, taken = 0;
    Stats stats = {0};
    while (taken < ELEMENTS_LIMIT && payload_pull(cursor, raw, CHUNK, &got, err) && got) {
        expect(got <= CHUNK);
        for (uint64_t i = 0; i < got; i++) sum += (uint64_t)element_decode(dtype, raw, i).kind;
        if (stats_supports(dtype)) expect(stats_update(&stats, dtype, raw, got));
        taken += got;
    }
    stats_finish(&stats);
}

static void touch_strings(PayloadCursor *cursor, Error *err) {
    Bytes string;
    bool got;
    uint64_t taken = 0;
    while (taken++ < ELEMENTS_LIMIT && payload_pull_string(cursor, &string, &got, err) && got) touch(string);
}

static void touch_tensor(Model *model, Id id) {
    const Tensor *tensor = &model->tensors.items[id];
    TensorPayload payload;
    PayloadCursor cursor;
    Error err;
    touch(model_name(model, tensor->name));
    for (uint32_t i = 0; i < tensor->rank; i++) sum += (uint64_t)model->tensor_dims.items[tensor->first_dim + i];
    if (tensor->is_sparse || !tensor_payload(model, id, &payload, &err)) return;
    for (uint64_t skip = 0; skip < 9; skip += 4) {
        if (!payload_open(&cursor, &payload.payload, &err)) return;
        if (skip <= payload.payload.count && payload_skip(&cursor, skip, &err)) {
            if (payload.payload.dtype == DTYPE_STRING) touch_strings(&cursor, &err);
            else touch_elements(&cursor, payload.payload.dtype, &err);
        }
        payload_close(&cursor);
    }
}

static void touch_type(const Model *model, Id id) {
    for (unsigned depth = 0; id != ID_NONE; depth++) {
        expect(depth <= MODEL_DEPTH_LIMIT + 1 && id < model->types.count);
        const Type *type = &model->types.items[id];
        for (uint32_t i = 0; i < type->rank; i++) {
            const Dim *dim = &model->dims.items[type->first_dim + i];
            if (dim->kind == DIM_SYMBOL) touch(model_name(model, dim->symbol));
        }
        id = type->element;
    }
}

static void touch_attribute(const Model *model, const Attribute *a) {
    touch(model_name(model, a->name));
    if (a->reference != SYMBOL_NONE) {
        touch(model_name(model, a->reference));
        return;
    }
    if (!a->stored) return;
    if (a->type == ATTRIBUTE_STRING) touch(model_text(model, a->s));
    if (a->type < ATTRIBUTE_TENSOR) return;
    for (uint32_t i = 0; i < a->count; i++) {
        uint32_t at = a->first + i;
        switch (a->type) {
            case ATTRIBUTE_INT_LIST: sum += (uint64_t)model->integers.items[at]; break;
            case ATTRIBUTE_FLOAT_LIST: sum += model->floats.items[at] > 0; break;
            case ATTRIBUTE_STRING_LIST: touch(model_text(model, model->strings.items[at])); break;
            case ATTRIBUTE_GRAPH:
            case ATTRIBUTE_GRAPH_LIST: expect(model->lists.items[at] < model->graphs.count); break;
            case ATTRIBUTE_TYPE_PROTO:
            case ATTRIBUTE_TYPE_PROTO_LIST: touch_type(model, model->lists.items[at]); break;
            default: expect(model->lists.items[at] < model->tensors.count);
        }
    }
}

static void touch_values(const Model *model, IdSpan ids) {
    for (uint32_t i = 0; i < ids.count; i++) {
        if (ids.ids[i] == ID_NONE) continue;
        expect(ids.ids[i] < model->value_count);
        touch(model_name(model, model->values.items[ids.ids[i]].name));
    }
}

static void touch_node(const Model *model, Id id) {
    const Node *node = &model->nodes.items[id];
    const Operator *op = &model->operators.items[node->op];
    touch(model_name(model, op->op_type));
    touch(model_name(model, op->domain));
    touch(model_text(model, node->name));
    expect(node->offset + node->length <= model->source->size);
    expect(op->function == ID_NONE || op->function < model->graphs.count);
    touch_values(model, node_inputs(model, id));
    touch_values(model, node_outputs(model, id));
    for (uint32_t i = 0; i < node_attribute_count(model, id); i++)
        touch_attribute(model, &model->attributes.items[node->first_attribute + i]);
    sum += (uint64_t)node_opset(model, id);
}

static void touch_graph(const Model *model, const NameIndex *index, Id id) {
    const Graph *graph = &model->graphs.items[id];
    touch(model_name(model, graph->name));
    expect(graph->depth <= MODEL_DEPTH_LIMIT);
    expect(graph->parent == ID_NONE || graph->parent < id || graph->kind != GRAPH_KIND_SUBGRAPH);
    touch_values(model, model_list(model, graph->inputs));
    touch_values(model, model_list(model, graph->outputs));
    IdSpan order = model_list(model, graph->order);
    expect(order.count == 0 || order.count == graph->node_count);
    for (uint32_t i = 0; i < order.count; i++) expect(model->nodes.items[order.ids[i]].graph == id);
    for (uint32_t i = 0; i < graph->default_count; i++)
        touch_attribute(model, &model->defaults.items[graph->first_default + i]);
    for (uint32_t i = 0; i < model->value_count && i < NAMES_LIMIT; i++)
        sum += index_find_scoped(index, id, model_name(model, model->values.items[i].name));
}

static void touch_links(const Model *model) {
    for (Id id = 0; id < model->value_count; id++) {
        const Value *value = &model->values.items[id];
        IdSpan consumers = value_consumers(model, id);
        for (uint32_t i = 0; i < consumers.count; i++) expect(consumers.ids[i] < model->node_count);
        expect(value->producer == ID_NONE || value->producer < model->node_count);
        expect(value->tensor == ID_NONE || value->tensor < model->tensors.count);
        touch_type(model, value->type);
    }
}

static void touch_model(Model *model) {
    NameIndex index;
    Error err;
    uint32_t count;
    if (!index_init(&index, model, &err)) return;
    for (Id id = 0; id < model->graphs.count; id++) touch_graph(model, &index, id);
    for (Id id = 0; id < model->node_count; id++) touch_node(model, id);
    touch_links(model);
    for (Id id = 0; id < model->tensors.count; id++) touch_tensor(model, id);
    for (Id id = 0; id < model->value_count && id < NAMES_LIMIT; id++)
        expect(index_find_value(&index, model_name(model, model->values.items[id].name), &count) != ID_NONE || !count);
    for (Id id = 0; id < model->node_count && id < NAMES_LIMIT; id++)
        sum += index_find_node(&index, model_text(model, model->nodes.items[id].name), &count);
    for (uint32_t i = 0; i < model->diagnostics.count; i++) {
        const Diagnostic *d = &model->diagnostics.items[i];
        touch(model_text(model, d->message));
        sum += strlen(diagnostic_name((DiagnosticCode)d->code)) + strlen(diagnostic_severity((DiagnosticCode)d->code));
    }
    index_free(&index);
}

/* A source that has to be asked for every byte, as a file has. */
typedef struct DistantSource {
    Source source;
    const uint8_t *data;
} DistantSource;

static bool distant_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    (void)err;
    expect(offset <= source->size && length <= source->size - offset);
    memcpy(buffer, ((DistantSource *)source)->data + offset, length);
    return true;
}

static void distant_close(Source *source) {
    free(source);
}

static Source *source_distant(const uint8_t *data, size_t size) {
    DistantSource *self = malloc(sizeof *self);
    if (!self) return NULL;
    *self = (DistantSource){{.size = size, .read = distant_read, .close = distant_close}, data};
    return &self->source;
}

/* The number of nodes, or minus the error's code. */
static int64_t read_model(const uint8_t *data, size_t size, bool in_place) {
    Error err = {0};
    Source *source = in_place ? source_from_memory(data, size, &err) : source_distant(data, size);
    if (!source) return -(int64_t)err.code;
    Model *model = model_load(source, &(ModelOptions){0}, &err);
    if (!model) {
        expect(err.code != ERROR_NONE && err.message[0]);
        for (const char *c = err.message; *c; c++) expect((unsigned char)*c >= ' ' && *c != 127);
        return -(int64_t)err.code;
    }
    int64_t nodes = model->node_count;
    touch_model(model);
    model_free(model);
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t in_place = read_model(data, size, true);
    expect(read_model(data, size, false) == in_place);
    return 0;
}
