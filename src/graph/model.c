#include "graph/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "onnx/external.h"

void model_free(Model *model) {
    if (!model) return;
    for (uint32_t i = 0; i < model->files.count; i++)
        if (model->files.items[i].source) source_close(model->files.items[i].source);
    source_close(model->source);
    interner_free(&model->text);
    free(model->path);
    free(model->directory);
    free(model->resolved_directory);
    free(model->data_root);
    array_free(&model->opsets);
    array_free(&model->graphs);
    array_free(&model->nodes);
    array_free(&model->operators);
    array_free(&model->node_inputs);
    array_free(&model->node_outputs);
    array_free(&model->attributes);
    array_free(&model->defaults);
    array_free(&model->values);
    array_free(&model->consumers);
    array_free(&model->tensors);
    array_free(&model->tensor_dims);
    array_free(&model->types);
    array_free(&model->dims);
    array_free(&model->lists);
    array_free(&model->integers);
    array_free(&model->floats);
    array_free(&model->strings);
    array_free(&model->infos);
    array_free(&model->files);
    array_free(&model->trainings);
    array_free(&model->diagnostics);
    free(model);
}

const Attribute *node_attribute(const Model *model, Id node, Symbol name) {
    const Node *n = &model->nodes.items[node];
    for (uint32_t i = n[0].first_attribute; i < n[1].first_attribute; i++)
        if (model->attributes.items[i].name == name) return &model->attributes.items[i];
    return NULL;
}

/* Back to front: of two imports of a domain the last counts, as for the checker of ONNX and onnxruntime. */
static int64_t find_opset(const Model *model, uint32_t first, uint32_t count, Symbol domain) {
    for (uint32_t i = first + count; i-- > first;)
        if (model->opsets.items[i].domain == domain) return model->opsets.items[i].version;
    return 0;
}

int64_t model_opset(const Model *model, Symbol domain) {
    return find_opset(model, 0, model->opset_count, domain);
}

int64_t node_opset(const Model *model, Id node) {
    const Node *n = &model->nodes.items[node];
    const Graph *graph = &model->graphs.items[n->graph];
    Symbol domain = model->operators.items[n->op].domain;
    while (graph->kind == GRAPH_KIND_SUBGRAPH) graph = &model->graphs.items[graph->parent];
    if (graph->kind == GRAPH_KIND_FUNCTION) {
        int64_t version = find_opset(model, graph->first_opset, graph->opset_count, domain);
        if (version) return version;
    }
    return model_opset(model, domain);
}

static const char *no_data_reason(const Tensor *tensor) {
    if (tensor->is_sparse) return "is sparse: its values and indices are tensors of their own";
    if (tensor->kind == PAYLOAD_NONE) return "has no data in the file";
    if (!dtype_is_known(tensor->dtype)) return "has an element type that does not exist";
    if (!tensor->has_size) return "has dims that are negative or overflow";
    return NULL;
}

static bool open_external(Model *model, const Tensor *tensor, TensorPayload *payload, Error *err) {
    if (tensor->file == ID_NONE)
        return error_set(err, ERROR_DATA, tensor->range.offset,
                         "%s: no location of its external data is given", payload->label);
    DataFile *file = &model->files.items[tensor->file];
    Quoted location = quote(model_name(model, file->location));
    if (file->path.size == 0)
        return error_set(err, ERROR_DATA, tensor->range.offset, "%s: external data %s %s", payload->label,
                         location.text, external_status_explain((ExternalStatus)file->status));
    if (tensor->data.length != tensor->nbytes)
        return error_set(err, ERROR_DATA, tensor->range.offset,
                         "%s: external data has %llu bytes, dims and element type need %llu", payload->label,
                         (unsigned long long)tensor->data.length, (unsigned long long)tensor->nbytes);
    if (!file->source) {
        ExternalRoots roots = {model->directory, model->resolved_directory, model->data_root};
        Bytes path = model_text(model, file->path);
        char *name = strndup(path.data, path.size);
        if (!name) return error_memory(err, "a path");
        file->source = external_open(name, &roots, err);
        free(name);
        if (!file->source) return false;
    }
    payload->payload.source = file->source;
    uint64_t size = file->source->size;
    if (tensor->data.offset > size || tensor->data.length > size - tensor->data.offset)
        return error_set(err, ERROR_DATA, tensor->range.offset,
                         "%s: external data %s has %llu bytes, offset %llu + length %llu are wanted",
                         payload->label, location.text, (unsigned long long)size,
                         (unsigned long long)tensor->data.offset, (unsigned long long)tensor->data.length);
    return true;
}

bool tensor_payload(Model *model, Id id, TensorPayload *payload, Error *err) {
    const Tensor *tensor = &model->tensors.items[id];
    snprintf(payload->label, sizeof payload->label, "%s %s",
             tensor->node == ID_NONE ? "initializer" : "tensor", quote(model_name(model, tensor->name)).text);
    payload->payload = (Payload){.kind = (PayloadKind)tensor->kind,
                                 .dtype = tensor->dtype,
                                 .count = tensor->count,
                                 .source = model->source,
                                 .offset = tensor->data.offset,
                                 .length = tensor->data.length,
                                 .name = payload->label};
    const char *reason =
        tensor->count == 0 && tensor->has_size && !tensor->is_sparse ? NULL : no_data_reason(tensor);
    if (reason) return error_set(err, ERROR_DATA, tensor->range.offset, "%s %s", payload->label, reason);
    return tensor->kind != PAYLOAD_EXTERNAL || open_external(model, tensor, payload, err);
}
