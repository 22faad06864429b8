/* Decodes files twice, with our reader and with protobuf-c's full decode, and compares what came out.
 *
 *     decode_compare FILE...
 *
 * Both models are written as text, line by line: header, metadata, graphs with their nodes, attributes,
 * declared types and tensors (names, dims and a hash of the elements as raw_data would hold them), functions
 * and training graphs. The texts must be the same. protobuf-c recurses as deep as a file nests, so depth is
 * checked first by a walk of our own. A line for each file, fields between tabs:
 *
 *     same       PATH  LINES
 *     different  PATH  OURS  THEIRS      (the first lines that differ)
 *     refused    PATH  CODE  MESSAGE     (by our reader)
 *     failed     PATH  MESSAGE           (protobuf-c refuses what we read)
 *
 * Exit status 1 when anything was different or failed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/element.h"
#include "graph/model.h"
#include "onnx.pb-c.h"
#include "onnx/fields.h"
#include "onnx/source.h"
#include "onnx/wire.h"

enum { DEPTH_LIMIT = 200, RAW_CHUNK = 1 << 16 };

typedef struct Out {
    FILE *file;
    int indent;
} Out;

static void line(Out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(Out *out, const char *format, ...) {
    fprintf(out->file, "%*s", out->indent * 2, "");
    va_list args;
    va_start(args, format);
    vfprintf(out->file, format, args);
    va_end(args);
    fputc('\n', out->file);
}

/* Bytes as text on one line; a few at a time, since a line shows several. */
static const char *show(Bytes bytes) {
    static char rooms[8][512];
    static unsigned next;
    char *room = rooms[next++ % 8];
    uint64_t hash = 1469598103934665603u;
    size_t used = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        hash = (hash ^ c) * 1099511628211u;
        if (used > 440) continue;
        if (c > ' ' && c < 127 && c != '%') room[used++] = (char)c;
        else used += (size_t)snprintf(room + used, 8, "%%%02x", c);
    }
    snprintf(room + used, 512 - used, "(%zu %" PRIx64 ")", bytes.size, hash);
    return room;
}

static Bytes domain_name(Bytes domain) {
    return bytes_equal(domain, BYTES_LITERAL("ai.onnx")) ? (Bytes){"", 0} : domain;
}

/* FNV-1a of the elements of a tensor. */
typedef struct Hash {
    uint64_t value;
    uint64_t count;
} Hash;

static void hash_add(Hash *hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        hash->value = (hash->value ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    hash->count += size;
}

/* ---- ours ---- */

typedef struct Ours {
    Model *model;
    Reader reader;
    Error err;
    Out out;
} Ours;

static Bytes ours_name(Ours *o, Symbol symbol) {
    return symbol == SYMBOL_NONE ? (Bytes){"", 0} : model_name(o->model, symbol);
}

static Bytes ours_value(Ours *o, Id value) {
    return value == ID_NONE ? (Bytes){"", 0} : model_name(o->model, o->model->values.items[value].name);
}

static void ours_entry(Ours *o, uint64_t offset, uint64_t length) {
    Message m = message_at("StringStringEntryProto", offset, length);
    char key[512], value[512];
    Bytes bytes = {"", 0};
    strcpy(key, show(bytes));
    strcpy(value, show(bytes));
    while (message_next(&o->reader, &m)) {
        if (m.field == ENTRY_KEY && message_bytes(&o->reader, &m, "key", &bytes)) strcpy(key, show(bytes));
        if (m.field == ENTRY_VALUE && message_bytes(&o->reader, &m, "value", &bytes)) strcpy(value, show(bytes));
    }
    line(&o->out, "metadata %s = %s", key, value);
}

/* The doc string and the metadata of the message at `range`, read from the file. */
static void ours_notes(Ours *o, const char *name, ByteRange range, uint32_t doc_field, uint32_t entry_field) {
    Message m = message_at(name, range.offset, range.length);
    const char *doc = NULL;
    while (message_next(&o->reader, &m)) {
        Bytes bytes;
        if (m.field == doc_field && message_bytes(&o->reader, &m, "doc_string", &bytes)) doc = show(bytes);
    }
    if (doc) line(&o->out, "doc %s", doc);
    m = message_at(name, range.offset, range.length);
    while (message_next(&o->reader, &m)) {
        Bytes bytes;
        if (m.field != entry_field || !message_bytes(&o->reader, &m, "metadata_props", &bytes)) continue;
        ours_entry(o, m.offset, m.length);
    }
}

static void ours_type(Ours *o, FILE *text, Id id) {
    if (id == ID_NONE) {
        fputs("none", text);
        return;
    }
    const Type *type = &o->model->types.items[id];
    switch ((TypeKind)type->kind) {
    case TYPE_KIND_NONE: fputs("none", text); break;
    case TYPE_KIND_TENSOR:
    case TYPE_KIND_SPARSE_TENSOR:
        fprintf(text, "%s %d", type->kind == TYPE_KIND_TENSOR ? "tensor" : "sparse", (int)type->dtype);
        if (!type->has_shape) break;
        fputc('[', text);
        for (uint32_t i = 0; i < type->rank; i++) {
            const Dim *dim = &o->model->dims.items[type->first_dim + i];
            if (dim->kind == DIM_KNOWN) fprintf(text, " %" PRId64, dim->size);
            else if (dim->kind == DIM_SYMBOL && dim->symbol != SYMBOL_EMPTY)
                fprintf(text, " %s", show(ours_name(o, dim->symbol)));
            else fputs(" ?", text);
            if (ours_name(o, dim->denotation).size) fprintf(text, "/%s", show(ours_name(o, dim->denotation)));
        }
        fputc(']', text);
        break;
    case TYPE_KIND_SEQUENCE:
    case TYPE_KIND_OPTIONAL:
        fputs(type->kind == TYPE_KIND_SEQUENCE ? "seq(" : "optional(", text);
        ours_type(o, text, type->element);
        fputc(')', text);
        break;
    case TYPE_KIND_MAP:
        fprintf(text, "map(%d, ", (int)type->dtype);
        ours_type(o, text, type->element);
        fputc(')', text);
        break;
    case TYPE_KIND_OPAQUE:
        fprintf(text, "opaque(%s, %s)", show(ours_name(o, type->domain)), show(ours_name(o, type->name)));
    }
    if (ours_name(o, type->denotation).size) fprintf(text, " as %s", show(ours_name(o, type->denotation)));
}

static void ours_type_line(Ours *o, const char *what, Bytes name, Id type) {
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    ours_type(o, file, type);
    fclose(file);
    line(&o->out, "%s %s: %s", what, show(name), text);
    free(text);
}

static bool ours_hash(Ours *o, Id id, Hash *hash) {
    TensorPayload payload;
    PayloadCursor cursor;
    *hash = (Hash){1469598103934665603u, 0};
    if (!tensor_payload(o->model, id, &payload, &o->err)) return false;
    if (!payload_open(&cursor, &payload.payload, &o->err)) return false;
    static char raw[RAW_CHUNK * 16];
    uint64_t got, taken = 0;
    bool ok = true;
    if (payload.payload.dtype == DTYPE_STRING) {
        Bytes string;
        bool more = true;
        while ((ok = payload_pull_string(&cursor, &string, &more, &o->err)) && more) {
            hash_add(hash, string.data, string.size);
            hash_add(hash, "\xff", 1);
        }
    } else {
        do {
            uint64_t nbytes = 0;
            ok = payload_pull(&cursor, raw, RAW_CHUNK, &got, &o->err);
            if (!ok || !dtype_nbytes(payload.payload.dtype, got, &nbytes)) break;
            hash_add(hash, raw, (size_t)nbytes);
            taken += got;
        } while (got);
        ok = ok && taken == payload.payload.count;
    }
    payload_close(&cursor);
    return ok;
}

static void ours_dense(Ours *o, Id id) {
    const Tensor *t = &o->model->tensors.items[id];
    fprintf(o->out.file, "%*stensor %s %d [", o->out.indent * 2, "", show(ours_name(o, t->name)), (int)t->dtype);
    for (uint32_t i = 0; i < t->rank; i++)
        fprintf(o->out.file, " %" PRId64, o->model->tensor_dims.items[t->first_dim + i]);
    fputs("] ", o->out.file);
    Hash hash;
    if (t->kind == PAYLOAD_EXTERNAL) fputs("external\n", o->out.file);
    else if (ours_hash(o, id, &hash)) fprintf(o->out.file, "%" PRIu64 " %" PRIx64 "\n", hash.count, hash.value);
    else fputs("unreadable\n", o->out.file);
    if (t->file != ID_NONE)
        line(&o->out, "in %s", show(ours_name(o, o->model->files.items[t->file].location)));
    ours_notes(o, "TensorProto", t->range, TENSOR_DOC_STRING, TENSOR_METADATA_PROPS);
}

static void ours_tensor(Ours *o, Id id) {
    const Tensor *t = &o->model->tensors.items[id];
    if (!t->is_sparse) {
        ours_dense(o, id);
        return;
    }
    fprintf(o->out.file, "%*ssparse [", o->out.indent * 2, "");
    for (uint32_t i = 0; i < t->rank; i++)
        fprintf(o->out.file, " %" PRId64, o->model->tensor_dims.items[t->first_dim + i]);
    fputs("]\n", o->out.file);
    o->out.indent++;
    if (t->sparse_values != ID_NONE) ours_dense(o, t->sparse_values);
    if (t->sparse_indices != ID_NONE) ours_dense(o, t->sparse_indices);
    o->out.indent--;
}

static void ours_graph(Ours *o, Id id);

static void ours_member(Ours *o, uint32_t type, Id id) {
    switch (type) {
    case ATTRIBUTE_TENSOR:
    case ATTRIBUTE_TENSOR_LIST:
    case ATTRIBUTE_SPARSE:
    case ATTRIBUTE_SPARSE_LIST: ours_tensor(o, id); break;
    case ATTRIBUTE_GRAPH:
    case ATTRIBUTE_GRAPH_LIST: ours_graph(o, id); break;
    default: ours_type_line(o, "type", (Bytes){"", 0}, id);
    }
}

static void line_float(Out *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    line(out, "f %08" PRIx32, bits);
}

/* A long string or list, from the file. */
static void ours_long(Ours *o, const Attribute *a) {
    Message m = message_at("AttributeProto", a->offset, a->length);
    Bytes bytes;
    while (message_next(&o->reader, &m)) {
        uint64_t at = 0, bits;
        if ((m.field == ATTRIBUTE_S && a->type == ATTRIBUTE_STRING) ||
            (m.field == ATTRIBUTE_STRINGS && a->type == ATTRIBUTE_STRING_LIST)) {
            if (message_bytes(&o->reader, &m, "string", &bytes)) line(&o->out, "s %s", show(bytes));
        } else if (m.field == ATTRIBUTE_INTS && a->type == ATTRIBUTE_INT_LIST) {
            while (message_scalar(&o->reader, &m, WIRE_VARINT, "ints", &at, &bits))
                line(&o->out, "i %" PRId64, (int64_t)bits);
        } else if (m.field == ATTRIBUTE_FLOATS && a->type == ATTRIBUTE_FLOAT_LIST) {
            while (message_scalar(&o->reader, &m, WIRE_FIXED32, "floats", &at, &bits))
                line(&o->out, "f %08" PRIx32, (uint32_t)bits);
        }
    }
}

static void ours_attribute(Ours *o, const Attribute *a) {
    const Model *model = o->model;
    line(&o->out, "attribute %s type %d ref %s", show(ours_name(o, a->name)), a->type,
         a->reference == SYMBOL_NONE ? "-" : show(ours_name(o, a->reference)));
    o->out.indent++;
    if (a->reference != SYMBOL_NONE) {
    } else if (!a->stored) {
        ours_long(o, a);
    } else {
        switch ((AttributeType)a->type) {
        case ATTRIBUTE_UNDEFINED:
        case ATTRIBUTE_TYPE_COUNT: break;
        case ATTRIBUTE_FLOAT: line_float(&o->out, a->f); break;
        case ATTRIBUTE_INT: line(&o->out, "i %" PRId64, a->i); break;
        case ATTRIBUTE_STRING: line(&o->out, "s %s", show(model_text(model, a->s))); break;
        case ATTRIBUTE_INT_LIST:
            for (uint32_t i = 0; i < a->count; i++)
                line(&o->out, "i %" PRId64, model->integers.items[a->first + i]);
            break;
        case ATTRIBUTE_FLOAT_LIST:
            for (uint32_t i = 0; i < a->count; i++) line_float(&o->out, model->floats.items[a->first + i]);
            break;
        case ATTRIBUTE_STRING_LIST:
            for (uint32_t i = 0; i < a->count; i++)
                line(&o->out, "s %s", show(model_text(model, model->strings.items[a->first + i])));
            break;
        default:
            for (uint32_t i = 0; i < a->count; i++) ours_member(o, a->type, model->lists.items[a->first + i]);
        }
    }
    o->out.indent--;
}

static void ours_node(Ours *o, Id id) {
    const Model *model = o->model;
    const Node *node = &model->nodes.items[id];
    const Operator *op = &model->operators.items[node->op];
    line(&o->out, "node %s . %s overload %s name %s", show(ours_name(o, op->domain)),
         show(ours_name(o, op->op_type)), show(ours_name(o, op->overload)), show(model_text(model, node->name)));
    o->out.indent++;
    IdSpan inputs = node_inputs(model, id), outputs = node_outputs(model, id);
    for (uint32_t i = 0; i < inputs.count; i++) line(&o->out, "in %s", show(ours_value(o, inputs.ids[i])));
    for (uint32_t i = 0; i < outputs.count; i++) line(&o->out, "out %s", show(ours_value(o, outputs.ids[i])));
    uint32_t count = node_attribute_count(model, id);
    for (uint32_t i = 0; i < count; i++) ours_attribute(o, &model->attributes.items[node->first_attribute + i]);
    ours_notes(o, "NodeProto", (ByteRange){node->offset, node->length}, NODE_DOC_STRING, NODE_METADATA_PROPS);
    o->out.indent--;
}

static void ours_opsets(Ours *o, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const Opset *opset = &o->model->opsets.items[first + i];
        line(&o->out, "opset %s %" PRId64, show(ours_name(o, opset->domain)), opset->version);
    }
}

/* Types of what the graph defines, but for names it defines twice (which of them a type is for is our rule). */
static void ours_definition(Ours *o, Id graph, Id id) {
    if (id == ID_NONE) return;
    const Value *value = &o->model->values.items[id];
    if (value->graph != graph || value->name == SYMBOL_EMPTY || value->is_undefined) return;
    ours_type_line(o, "value", ours_name(o, value->name), value->type);
}

static void ours_body(Ours *o, Id id) {
    Graph g = o->model->graphs.items[id];
    IdSpan inputs = model_list(o->model, g.inputs), outputs = model_list(o->model, g.outputs);
    IdSpan tensors = model_list(o->model, g.initializers);
    for (uint32_t i = 0; i < inputs.count; i++) line(&o->out, "input %s", show(ours_value(o, inputs.ids[i])));
    for (uint32_t i = 0; i < outputs.count; i++) line(&o->out, "output %s", show(ours_value(o, outputs.ids[i])));
    for (int sparse = 0; sparse < 2; sparse++)
        for (uint32_t i = 0; i < tensors.count; i++)
            if (o->model->tensors.items[tensors.ids[i]].is_sparse == sparse) ours_tensor(o, tensors.ids[i]);
    for (uint32_t i = 0; i < g.node_count; i++) ours_node(o, g.first_node + i);
    for (uint32_t i = 0; i < inputs.count; i++) ours_definition(o, id, inputs.ids[i]);
    for (uint32_t i = 0; i < g.node_count; i++) {
        IdSpan made = node_outputs(o->model, g.first_node + i);
        for (uint32_t j = 0; j < made.count; j++) ours_definition(o, id, made.ids[j]);
    }
}

static void ours_graph(Ours *o, Id id) {
    Graph g = o->model->graphs.items[id];
    line(&o->out, "graph %s", show(ours_name(o, g.name)));
    o->out.indent++;
    ours_body(o, id);
    ours_notes(o, "GraphProto", g.range, GRAPH_DOC_STRING, GRAPH_METADATA_PROPS);
    o->out.indent--;
}

static void ours_function(Ours *o, Id id) {
    Graph g = o->model->graphs.items[id];
    line(&o->out, "function %s . %s overload %s", show(ours_name(o, g.domain)), show(ours_name(o, g.name)),
         show(ours_name(o, g.overload)));
    o->out.indent++;
    IdSpan names = model_list(o->model, g.attributes);
    for (uint32_t i = 0; i < names.count; i++) line(&o->out, "required %s", show(ours_name(o, names.ids[i])));
    for (uint32_t i = 0; i < g.default_count; i++)
        ours_attribute(o, &o->model->defaults.items[g.first_default + i]);
    ours_opsets(o, g.first_opset, g.opset_count);
    ours_body(o, id);
    ours_notes(o, "FunctionProto", g.range, FUNCTION_DOC_STRING, FUNCTION_METADATA_PROPS);
    o->out.indent--;
}

static void ours_model(Ours *o) {
    const Model *m = o->model;
    line(&o->out, "ir %" PRId64 " version %" PRId64 " domain %s", m->ir_version, m->model_version,
         show(ours_name(o, m->domain)));
    line(&o->out, "producer %s %s", show(model_text(m, m->producer_name)),
         show(model_text(m, m->producer_version)));
    ours_opsets(o, 0, m->opset_count);
    ours_notes(o, "ModelProto", (ByteRange){0, m->source->size}, MODEL_DOC_STRING, MODEL_METADATA_PROPS);
    uint32_t count = m->graphs.count;
    if (count) ours_graph(o, 0);
    for (Id id = 0; id < count; id++)
        if (m->graphs.items[id].kind == GRAPH_KIND_FUNCTION) ours_function(o, id);
    for (uint32_t i = 0; i < m->trainings.count; i++) {
        Training t = m->trainings.items[i];
        line(&o->out, "training");
        if (t.initialization != ID_NONE) ours_graph(o, t.initialization);
        if (t.algorithm != ID_NONE) ours_graph(o, t.algorithm);
        ours_notes(o, "TrainingInfoProto", t.range, 0, TRAINING_INITIALIZATION_BINDING);
        ours_notes(o, "TrainingInfoProto", t.range, 0, TRAINING_UPDATE_BINDING);
    }
}

/* ---- theirs ---- */

static Bytes B(ProtobufCBinaryData data) {
    return (Bytes){(const char *)data.data, data.len};
}

static void their_entries(Out *out, size_t count, Onnx__StringStringEntryProto **entries) {
    for (size_t i = 0; i < count; i++)
        line(out, "metadata %s = %s", show(B(entries[i]->key)), show(B(entries[i]->value)));
}

#define THEIR_NOTES(out, message)                                                                            \
    do {                                                                                                     \
        if ((message)->has_doc_string) line(out, "doc %s", show(B((message)->doc_string)));                  \
        their_entries(out, (message)->n_metadata_props, (message)->metadata_props);                          \
    } while (0)

static void their_type(FILE *text, const Onnx__TypeProto *type) {
    if (!type) {
        fputs("none", text);
        return;
    }
    bool sparse = type->value_case == ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE;
    switch ((int)type->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE: {
        const Onnx__TensorShapeProto *shape = sparse ? type->sparse_tensor_type->shape : type->tensor_type->shape;
        fprintf(text, "%s %d", sparse ? "sparse" : "tensor",
                sparse ? type->sparse_tensor_type->elem_type : type->tensor_type->elem_type);
        if (!shape) break;
        fputc('[', text);
        for (size_t i = 0; i < shape->n_dim; i++) {
            const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];
            if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
                fprintf(text, " %" PRId64, dim->dim_value);
            else if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && dim->dim_param.len)
                fprintf(text, " %s", show(B(dim->dim_param)));
            else fputs(" ?", text);
            if (dim->denotation.len) fprintf(text, "/%s", show(B(dim->denotation)));
        }
        fputc(']', text);
        break;
    }
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        fputs("seq(", text);
        their_type(text, type->sequence_type->elem_type);
        fputc(')', text);
        break;
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        fputs("optional(", text);
        their_type(text, type->optional_type->elem_type);
        fputc(')', text);
        break;
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        fprintf(text, "map(%d, ", type->map_type->key_type);
        their_type(text, type->map_type->value_type);
        fputc(')', text);
        break;
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
        fprintf(text, "opaque(%s, %s)", show(B(type->opaque_type->domain)), show(B(type->opaque_type->name)));
        break;
    default: fputs("none", text);
    }
    if (type->denotation.len) fprintf(text, " as %s", show(B(type->denotation)));
}

static void their_type_line(Out *out, const char *what, Bytes name, const Onnx__TypeProto *type) {
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    their_type(file, type);
    fclose(file);
    line(out, "%s %s: %s", what, show(name), text);
    free(text);
}

static bool hash_words(Hash *hash, const void *words, size_t count, size_t size, uint64_t needed) {
    if (count != needed) return false;
    hash_add(hash, words, count * size);
    return true;
}

/* int32_data, each as many bytes as the type has in raw_data; packed types one byte each. */
static bool hash_int32(Hash *hash, const Onnx__TensorProto *t, uint64_t nbytes) {
    uint32_t bits = dtype_bits((uint32_t)t->data_type);
    size_t size = bits < 8 ? 1 : bits / 8;
    if (!size || size > 4 || t->n_int32_data * size != nbytes) return false;
    for (size_t i = 0; i < t->n_int32_data; i++) {
        int32_t value = t->data_type == DTYPE_BOOL ? t->int32_data[i] != 0 : t->int32_data[i];
        hash_add(hash, &value, size);
    }
    return true;
}

static bool their_hash(const Onnx__TensorProto *t, Hash *hash) {
    *hash = (Hash){1469598103934665603u, 0};
    uint64_t count = 1, nbytes;
    for (size_t i = 0; i < t->n_dims; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(count, (uint64_t)t->dims[i], &count)) return false;
    if (t->data_type == DTYPE_STRING) {
        if (t->n_string_data != count) return false;
        for (size_t i = 0; i < count; i++) {
            hash_add(hash, t->string_data[i].data, t->string_data[i].len);
            hash_add(hash, "\xff", 1);
        }
        return true;
    }
    if (!dtype_nbytes((uint32_t)t->data_type, count, &nbytes)) return false;
    if (t->has_raw_data) return hash_words(hash, t->raw_data.data, t->raw_data.len, 1, nbytes);
    switch (t->data_type) {
    case DTYPE_FLOAT32: return hash_words(hash, t->float_data, t->n_float_data, 4, count);
    case DTYPE_COMPLEX64: return hash_words(hash, t->float_data, t->n_float_data, 4, count * 2);
    case DTYPE_FLOAT64: return hash_words(hash, t->double_data, t->n_double_data, 8, count);
    case DTYPE_COMPLEX128: return hash_words(hash, t->double_data, t->n_double_data, 8, count * 2);
    case DTYPE_INT64: return hash_words(hash, t->int64_data, t->n_int64_data, 8, count);
    case DTYPE_UINT64: return hash_words(hash, t->uint64_data, t->n_uint64_data, 8, count);
    case DTYPE_UINT32:
        if (t->n_uint64_data != count) return false;
        for (size_t i = 0; i < count; i++) {
            uint32_t value = (uint32_t)t->uint64_data[i];
            hash_add(hash, &value, sizeof value);
        }
        return true;
    default: return hash_int32(hash, t, nbytes);
    }
}

static void their_dense(Out *out, const Onnx__TensorProto *t) {
    fprintf(out->file, "%*stensor %s %d [", out->indent * 2, "", show(B(t->name)), t->data_type);
    for (size_t i = 0; i < t->n_dims; i++) fprintf(out->file, " %" PRId64, t->dims[i]);
    fputs("] ", out->file);
    Hash hash;
    if (t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        fputs("external\n", out->file);
        for (size_t i = 0; i < t->n_external_data; i++)
            if (bytes_equal(B(t->external_data[i]->key), BYTES_LITERAL("location")) && t->external_data[i]->value.len)
                line(out, "in %s", show(B(t->external_data[i]->value)));
    } else if (their_hash(t, &hash)) {
        fprintf(out->file, "%" PRIu64 " %" PRIx64 "\n", hash.count, hash.value);
    } else {
        fputs("unreadable\n", out->file);
    }
    THEIR_NOTES(out, t);
}

static void their_sparse(Out *out, const Onnx__SparseTensorProto *t) {
    fprintf(out->file, "%*ssparse [", out->indent * 2, "");
    for (size_t i = 0; i < t->n_dims; i++) fprintf(out->file, " %" PRId64, t->dims[i]);
    fputs("]\n", out->file);
    out->indent++;
    if (t->values) their_dense(out, t->values);
    if (t->indices) their_dense(out, t->indices);
    out->indent--;
}

static void their_graph(Out *out, const Onnx__GraphProto *g);

/* The type of an attribute whose file does not say it: as populated. */
static int attribute_type(const Onnx__AttributeProto *a) {
    if (a->has_type && a->type) return (int)a->type;
    return a->has_f           ? ATTRIBUTE_FLOAT
           : a->has_i         ? ATTRIBUTE_INT
           : a->has_s         ? ATTRIBUTE_STRING
           : a->t             ? ATTRIBUTE_TENSOR
           : a->g             ? ATTRIBUTE_GRAPH
           : a->n_floats      ? ATTRIBUTE_FLOAT_LIST
           : a->n_ints        ? ATTRIBUTE_INT_LIST
           : a->n_strings     ? ATTRIBUTE_STRING_LIST
           : a->n_tensors     ? ATTRIBUTE_TENSOR_LIST
           : a->n_graphs      ? ATTRIBUTE_GRAPH_LIST
           : a->sparse_tensor ? ATTRIBUTE_SPARSE
           : a->tp            ? ATTRIBUTE_TYPE_PROTO
                              : ATTRIBUTE_UNDEFINED;
}

static void their_attribute_value(Out *out, const Onnx__AttributeProto *a, int type) {
    switch (type) {
    case ATTRIBUTE_FLOAT: line_float(out, a->f); break;
    case ATTRIBUTE_INT: line(out, "i %" PRId64, a->i); break;
    case ATTRIBUTE_STRING: line(out, "s %s", show(B(a->s))); break;
    case ATTRIBUTE_TENSOR:
        if (a->t) their_dense(out, a->t);
        break;
    case ATTRIBUTE_GRAPH:
        if (a->g) their_graph(out, a->g);
        break;
    case ATTRIBUTE_FLOAT_LIST:
        for (size_t i = 0; i < a->n_floats; i++) line_float(out, a->floats[i]);
        break;
    case ATTRIBUTE_INT_LIST:
        for (size_t i = 0; i < a->n_ints; i++) line(out, "i %" PRId64, a->ints[i]);
        break;
    case ATTRIBUTE_STRING_LIST:
        for (size_t i = 0; i < a->n_strings; i++) line(out, "s %s", show(B(a->strings[i])));
        break;
    case ATTRIBUTE_TENSOR_LIST:
        for (size_t i = 0; i < a->n_tensors; i++) their_dense(out, a->tensors[i]);
        break;
    case ATTRIBUTE_GRAPH_LIST:
        for (size_t i = 0; i < a->n_graphs; i++) their_graph(out, a->graphs[i]);
        break;
    case ATTRIBUTE_SPARSE:
        if (a->sparse_tensor) their_sparse(out, a->sparse_tensor);
        break;
    case ATTRIBUTE_SPARSE_LIST:
        for (size_t i = 0; i < a->n_sparse_tensors; i++) their_sparse(out, a->sparse_tensors[i]);
        break;
    case ATTRIBUTE_TYPE_PROTO:
        if (a->tp) their_type_line(out, "type", (Bytes){"", 0}, a->tp);
        break;
    case ATTRIBUTE_TYPE_PROTO_LIST:
        for (size_t i = 0; i < a->n_type_protos; i++)
            their_type_line(out, "type", (Bytes){"", 0}, a->type_protos[i]);
        break;
    default: break;
    }
}

static void their_attribute(Out *out, const Onnx__AttributeProto *a) {
    int type = attribute_type(a);
    bool refers = a->has_ref_attr_name && a->ref_attr_name.len;
    line(out, "attribute %s type %d ref %s", show(B(a->name)), type, refers ? show(B(a->ref_attr_name)) : "-");
    out->indent++;
    if (!refers) their_attribute_value(out, a, type);
    out->indent--;
}

static void their_node(Out *out, const Onnx__NodeProto *n) {
    line(out, "node %s . %s overload %s name %s", show(domain_name(B(n->domain))), show(B(n->op_type)),
         show(B(n->overload)), show(B(n->name)));
    out->indent++;
    for (size_t i = 0; i < n->n_input; i++) line(out, "in %s", show(B(n->input[i])));
    for (size_t i = 0; i < n->n_output; i++) line(out, "out %s", show(B(n->output[i])));
    for (size_t i = 0; i < n->n_attribute; i++) their_attribute(out, n->attribute[i]);
    THEIR_NOTES(out, n);
    out->indent--;
}

static void their_opsets(Out *out, size_t count, Onnx__OperatorSetIdProto **opsets) {
    for (size_t i = 0; i < count; i++)
        line(out, "opset %s %" PRId64, show(domain_name(B(opsets[i]->domain))), opsets[i]->version);
}

/* The declared types of a graph by name: the first of its inputs, outputs and value_info, in this order. */
typedef struct Types {
    Interner names;
    const Onnx__TypeProto *types[1 << 20];
} Types;

static void types_add(Types *types, size_t count, Onnx__ValueInfoProto **infos) {
    for (size_t i = 0; i < count; i++) {
        Symbol known = interner_find(&types->names, B(infos[i]->name));
        Symbol symbol = interner_add(&types->names, B(infos[i]->name));
        if (symbol >= sizeof types->types / sizeof types->types[0]) abort();
        if (known == SYMBOL_NONE || !types->types[symbol]) types->types[symbol] = infos[i]->type;
    }
}

static void their_definition(Out *out, const Types *types, Bytes name) {
    if (!name.size) return;
    Symbol symbol = interner_find(&types->names, name);
    their_type_line(out, "value", name, symbol == SYMBOL_NONE ? NULL : types->types[symbol]);
}

static void their_definitions(Out *out, const Types *types, size_t input_count, const Bytes *inputs,
                              size_t node_count, Onnx__NodeProto **nodes) {
    for (size_t i = 0; i < input_count; i++) their_definition(out, types, inputs[i]);
    for (size_t i = 0; i < node_count; i++)
        for (size_t j = 0; j < nodes[i]->n_output; j++) their_definition(out, types, B(nodes[i]->output[j]));
}

static Types *types_new(void) {
    Types *types = calloc(1, sizeof *types);
    if (!types || !interner_init(&types->names)) abort();
    return types;
}

static void types_free(Types *types) {
    interner_free(&types->names);
    free(types);
}

static void their_graph(Out *out, const Onnx__GraphProto *g) {
    line(out, "graph %s", show(B(g->name)));
    out->indent++;
    for (size_t i = 0; i < g->n_input; i++) line(out, "input %s", show(B(g->input[i]->name)));
    for (size_t i = 0; i < g->n_output; i++) line(out, "output %s", show(B(g->output[i]->name)));
    for (size_t i = 0; i < g->n_initializer; i++) their_dense(out, g->initializer[i]);
    for (size_t i = 0; i < g->n_sparse_initializer; i++) their_sparse(out, g->sparse_initializer[i]);
    for (size_t i = 0; i < g->n_node; i++) their_node(out, g->node[i]);
    Types *types = types_new();
    types_add(types, g->n_input, g->input);
    types_add(types, g->n_output, g->output);
    types_add(types, g->n_value_info, g->value_info);
    Bytes *inputs = calloc(g->n_input + 1, sizeof *inputs);
    if (!inputs) abort();
    for (size_t i = 0; i < g->n_input; i++) inputs[i] = B(g->input[i]->name);
    their_definitions(out, types, g->n_input, inputs, g->n_node, g->node);
    free(inputs);
    types_free(types);
    THEIR_NOTES(out, g);
    out->indent--;
}

static void their_function(Out *out, const Onnx__FunctionProto *f) {
    line(out, "function %s . %s overload %s", show(domain_name(B(f->domain))), show(B(f->name)),
         show(B(f->overload)));
    out->indent++;
    for (size_t i = 0; i < f->n_attribute; i++) line(out, "required %s", show(B(f->attribute[i])));
    for (size_t i = 0; i < f->n_attribute_proto; i++) their_attribute(out, f->attribute_proto[i]);
    their_opsets(out, f->n_opset_import, f->opset_import);
    for (size_t i = 0; i < f->n_input; i++) line(out, "input %s", show(B(f->input[i])));
    for (size_t i = 0; i < f->n_output; i++) line(out, "output %s", show(B(f->output[i])));
    for (size_t i = 0; i < f->n_node; i++) their_node(out, f->node[i]);
    Types *types = types_new();
    types_add(types, f->n_value_info, f->value_info);
    Bytes *inputs = calloc(f->n_input + 1, sizeof *inputs);
    if (!inputs) abort();
    for (size_t i = 0; i < f->n_input; i++) inputs[i] = B(f->input[i]);
    their_definitions(out, types, f->n_input, inputs, f->n_node, f->node);
    free(inputs);
    types_free(types);
    THEIR_NOTES(out, f);
    out->indent--;
}

static void their_model(Out *out, const Onnx__ModelProto *m) {
    line(out, "ir %" PRId64 " version %" PRId64 " domain %s", m->ir_version, m->model_version, show(B(m->domain)));
    line(out, "producer %s %s", show(B(m->producer_name)), show(B(m->producer_version)));
    their_opsets(out, m->n_opset_import, m->opset_import);
    THEIR_NOTES(out, m);
    if (m->graph) their_graph(out, m->graph);
    for (size_t i = 0; i < m->n_functions; i++) their_function(out, m->functions[i]);
    for (size_t i = 0; i < m->n_training_info; i++) {
        const Onnx__TrainingInfoProto *t = m->training_info[i];
        line(out, "training");
        if (t->initialization) their_graph(out, t->initialization);
        if (t->algorithm) their_graph(out, t->algorithm);
        their_entries(out, t->n_initialization_binding, t->initialization_binding);
        their_entries(out, t->n_update_binding, t->update_binding);
    }
}

/* ---- both ---- */

/* Does no message of the file nest deeper than DEPTH_LIMIT? Every field that the schema calls a message is
 * entered, with a stack of our own. */
static bool depth_is_fine(Source *source, Error *err) {
    Reader reader;
    reader_init(&reader, source, err);
    Message stack[DEPTH_LIMIT];
    const ProtobufCMessageDescriptor *types[DEPTH_LIMIT];
    unsigned depth = 0;
    stack[0] = message_at("ModelProto", 0, source->size);
    types[0] = &onnx__model_proto__descriptor;
    bool fine = true;
    while (fine) {
        Message *m = &stack[depth];
        if (!message_next(&reader, m)) {
            if (reader.failed) fine = false;
            if (depth == 0) break;
            depth--;
            continue;
        }
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(types[depth], m->field);
        if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE || m->wire != WIRE_LENGTH) continue;
        if (depth + 1 == DEPTH_LIMIT) fine = error_set(err, ERROR_LIMIT, m->start, "messages nest too deep");
        else {
            depth++;
            types[depth] = field->descriptor;
            stack[depth] = message_at("message", m->offset, m->length);
        }
    }
    reader_free(&reader);
    return fine;
}

static char *write_ours(Model *model) {
    char *text;
    size_t size;
    Ours ours = {.model = model, .out = {open_memstream(&text, &size), 0}};
    reader_init(&ours.reader, model->source, &ours.err);
    ours_model(&ours);
    reader_free(&ours.reader);
    fclose(ours.out.file);
    return text;
}

static char *write_theirs(const Onnx__ModelProto *decoded) {
    char *text;
    size_t size;
    Out out = {open_memstream(&text, &size), 0};
    their_model(&out, decoded);
    fclose(out.file);
    return text;
}

/* Points at the first lines that differ; false when none do. Counts lines. */
static bool find_difference(const char **ours, const char **theirs, unsigned *lines) {
    *lines = 1;
    while (**ours || **theirs) {
        size_t a = strcspn(*ours, "\n"), b = strcspn(*theirs, "\n");
        if (a != b || memcmp(*ours, *theirs, a) != 0) return true;
        *ours += a + ((*ours)[a] == '\n');
        *theirs += b + ((*theirs)[b] == '\n');
        ++*lines;
    }
    return false;
}

static bool compare(const char *path, Model *model, const Onnx__ModelProto *decoded) {
    char *ours = write_ours(model), *theirs = write_theirs(decoded);
    const char *a = ours, *b = theirs;
    unsigned lines;
    bool differ = find_difference(&a, &b, &lines);
    if (differ)
        printf("different\t%s\tline %u: %.*s\t%.*s\n", path, lines, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
    else printf("same\t%s\t%u\n", path, lines);
    free(ours);
    free(theirs);
    return !differ;
}

static bool check_file(const char *path) {
    Error err;
    Source *source = source_open(path, &err);
    Model *model = source ? model_load(source, &(ModelOptions){.path = path}, &err) : NULL;
    if (!model) {
        printf("refused\t%s\t%s\t%s\n", path, error_code_name(err.code), err.message);
        return true;
    }
    size_t size = (size_t)model->source->size;
    uint8_t *bytes = malloc(size + 1);
    Onnx__ModelProto *decoded = NULL;
    if (bytes && depth_is_fine(model->source, &err) && source_read(model->source, 0, bytes, size, &err)) {
        snprintf(err.message, sizeof err.message, "protobuf-c cannot decode it");
        decoded = onnx__model_proto__unpack(NULL, size, bytes);
    }
    bool same = decoded && compare(path, model, decoded);
    if (!decoded) printf("failed\t%s\t%s\n", path, err.message);
    if (decoded) onnx__model_proto__free_unpacked(decoded, NULL);
    free(bytes);
    model_free(model);
    return same;
}

int main(int argc, char **argv) {
    bool all_same = true;
    for (int i = 1; i < argc; i++) all_same = check_file(argv[i]) && all_same;
    return all_same ? 0 : 1;
}
