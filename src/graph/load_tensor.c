#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "graph/load.h"
#include "onnx/external.h"
#include "onnx/fields.h"

/* What the fields of one TensorProto say about its data. */
typedef struct Parts {
    uint32_t present; /* bit per PayloadKind with at least one byte of data */
    ByteRange raw;
    uint64_t packed_bytes; /* typed fields: bytes in packed pieces, ... */
    uint64_t loose_count;  /* ... and elements outside of them */
    uint64_t string_count;
    uint64_t string_bytes;
    bool is_external; /* data_location says so */
    Symbol location;
    uint64_t offset, length;
    bool has_length;
    bool bad_number; /* offset or length is not a number */
} Parts;

static const char *const kind_names[] = {"no data",     "raw_data",    "float_data",
                                         "int32_data",  "string_data", "int64_data",
                                         "double_data", "uint64_data", "external data"};

static bool tensor_problem(Loader *l, DiagnosticCode code, const Tensor *tensor, const char *what) {
    DiagnosticPlace place = {tensor->graph, tensor->node, ID_NONE, l->model->tensors.count,
                             tensor->range.offset};
    return diagnose(l->model, code, place, "%s %s: %s", tensor->node == ID_NONE ? "initializer" : "tensor",
                    quote(model_name(l->model, tensor->name)).text, what) ||
           load_out_of_memory(l);
}

typedef struct DimsText {
    char text[128];
} DimsText;

static DimsText dims_text(const Model *model, const Tensor *tensor) {
    DimsText dims;
    char *out = dims.text, *end = dims.text + sizeof dims.text - 32;
    *out++ = '[';
    for (uint32_t i = 0; i < tensor->rank && out < end; i++)
        out += sprintf(out, i ? ",%" PRId64 : "%" PRId64, model->tensor_dims.items[tensor->first_dim + i]);
    sprintf(out, out < end ? "] %s" : ",...] %s", dtype_name(tensor->dtype));
    return dims;
}

static bool load_dims(Loader *l, const Message *m, Tensor *tensor) {
    uint64_t at = 0, value;
    while (message_scalar(&l->reader, m, WIRE_VARINT, "dims", &at, &value)) {
        if (!LOAD_PUSH(l, &l->model->tensor_dims, (int64_t)value)) return false;
        tensor->rank++;
    }
    return !l->reader.failed;
}

/* One external_data entry: key and value in either order; unknown keys (checksum, basepath) are passed over. */
static bool load_external_entry(Loader *l, const Message *field, Parts *parts) {
    Entry entry;
    Bytes text;
    if (!message_entry(&l->reader, field, "external_data", &entry)) return false;
    if (!reader_bytes(&l->reader, entry.key_offset, entry.key_length, "key", &text)) return false;
    bool is_location = bytes_equal(text, BYTES_LITERAL("location"));
    bool is_offset = bytes_equal(text, BYTES_LITERAL("offset"));
    bool is_length = bytes_equal(text, BYTES_LITERAL("length"));
    if (!is_location && !is_offset && !is_length) return true;
    if (!reader_bytes(&l->reader, entry.value_offset, entry.value_length, "value", &text)) return false;
    if (is_location) {
        parts->location = interner_add(&l->model->text, text);
        return parts->location != SYMBOL_NONE || load_out_of_memory(l);
    }
    if (!external_parse_number(text, is_offset ? &parts->offset : &parts->length)) parts->bad_number = true;
    if (is_length) parts->has_length = true;
    return true;
}

static bool load_typed_piece(Loader *l, const Message *m, PayloadKind kind, Parts *parts) {
    static const WireType elements[] = {[PAYLOAD_FLOAT_DATA] = WIRE_FIXED32,
                                        [PAYLOAD_INT32_DATA] = WIRE_VARINT,
                                        [PAYLOAD_INT64_DATA] = WIRE_VARINT,
                                        [PAYLOAD_DOUBLE_DATA] = WIRE_FIXED64,
                                        [PAYLOAD_UINT64_DATA] = WIRE_VARINT};
    if (m->wire == elements[kind]) parts->loose_count++;
    else if (message_want(&l->reader, m, WIRE_LENGTH, kind_names[kind])) parts->packed_bytes += m->length;
    else return false;
    if (m->wire != WIRE_LENGTH || m->length) parts->present |= 1u << kind;
    return true;
}

static bool load_data_field(Loader *l, const Message *m, Parts *parts) {
    int64_t number;
    switch (m->field) {
    case TENSOR_RAW_DATA:
        if (!message_want(&l->reader, m, WIRE_LENGTH, "raw_data")) return false;
        parts->raw = (ByteRange){m->offset, m->length};
        if (m->length) parts->present |= 1u << PAYLOAD_RAW;
        return true;
    case TENSOR_FLOAT_DATA: return load_typed_piece(l, m, PAYLOAD_FLOAT_DATA, parts);
    case TENSOR_INT32_DATA: return load_typed_piece(l, m, PAYLOAD_INT32_DATA, parts);
    case TENSOR_INT64_DATA: return load_typed_piece(l, m, PAYLOAD_INT64_DATA, parts);
    case TENSOR_DOUBLE_DATA: return load_typed_piece(l, m, PAYLOAD_DOUBLE_DATA, parts);
    case TENSOR_UINT64_DATA: return load_typed_piece(l, m, PAYLOAD_UINT64_DATA, parts);
    case TENSOR_STRING_DATA:
        if (!message_want(&l->reader, m, WIRE_LENGTH, "string_data")) return false;
        parts->present |= 1u << PAYLOAD_STRING_DATA;
        parts->string_count++;
        parts->string_bytes += m->length;
        return true;
    case TENSOR_EXTERNAL_DATA: return load_external_entry(l, m, parts);
    case TENSOR_DATA_LOCATION:
        if (!load_int(l, m, "data_location", &number)) return false;
        parts->is_external = number == 1;
        return true;
    case TENSOR_METADATA_PROPS: return load_check_entry(l, m);
    case TENSOR_DOC_STRING: return message_want(&l->reader, m, WIRE_LENGTH, "doc_string");
    default: return true;
    }
}

/* Elements and bytes from dims and dtype; a diagnostic when they cannot be had. */
static bool measure(Loader *l, Tensor *tensor, const Parts *parts) {
    char what[256];
    uint64_t count = 1;
    bool negative = false, overflow = false;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        int64_t dim = l->model->tensor_dims.items[tensor->first_dim + i];
        if (dim < 0) negative = true;
        else if (__builtin_mul_overflow(count, (uint64_t)dim, &count)) overflow = true;
    }
    if (!dtype_is_known(tensor->dtype)) {
        snprintf(what, sizeof what, "element type %" PRId32 " does not exist, 1 to %d do",
                 (int32_t)tensor->dtype, DTYPE_COUNT - 1);
        return tensor_problem(l, DIAGNOSTIC_TENSOR_TYPE, tensor, what);
    }
    bool is_string = tensor->dtype == DTYPE_STRING;
    if (is_string) tensor->nbytes = parts->string_bytes;
    if (!negative && !overflow && !is_string) overflow = !dtype_nbytes(tensor->dtype, count, &tensor->nbytes);
    if (negative || overflow) {
        snprintf(what, sizeof what, "dims %s %s", dims_text(l->model, tensor).text,
                 negative ? "have a negative size" : "overflow 64 bits");
        return tensor_problem(l, DIAGNOSTIC_TENSOR_DIMS, tensor, what);
    }
    tensor->count = count;
    tensor->has_size = true;
    return true;
}

/* The typed field that elements of a dtype belong in. */
static PayloadKind typed_kind(uint32_t dtype) {
    switch (dtype) {
    case DTYPE_FLOAT32:
    case DTYPE_COMPLEX64: return PAYLOAD_FLOAT_DATA;
    case DTYPE_FLOAT64:
    case DTYPE_COMPLEX128: return PAYLOAD_DOUBLE_DATA;
    case DTYPE_INT64: return PAYLOAD_INT64_DATA;
    case DTYPE_UINT32:
    case DTYPE_UINT64: return PAYLOAD_UINT64_DATA;
    case DTYPE_STRING: return PAYLOAD_STRING_DATA;
    default: return PAYLOAD_INT32_DATA;
    }
}

/* Where the elements are. Data in two places, or in the field of another type, is reported; raw_data wins
 * over typed fields, external over both, as readers of ONNX have it. */
static bool choose_kind(Loader *l, Tensor *tensor, const Parts *parts) {
    PayloadKind fitting = typed_kind(tensor->dtype);
    uint32_t present = parts->present;
    if (parts->is_external) tensor->kind = PAYLOAD_EXTERNAL;
    else if (present & 1u << PAYLOAD_RAW) tensor->kind = PAYLOAD_RAW;
    else if (present & 1u << fitting) tensor->kind = (uint8_t)fitting;
    else tensor->kind = (uint8_t)(present ? __builtin_ctz(present) : PAYLOAD_NONE);
    tensor->data = tensor->kind == PAYLOAD_RAW ? parts->raw : tensor->range;
    uint32_t others = present & ~(1u << tensor->kind);
    bool misfit = (tensor->kind == PAYLOAD_RAW && tensor->dtype == DTYPE_STRING) ||
                  (tensor->kind != PAYLOAD_NONE && tensor->kind != PAYLOAD_RAW &&
                   tensor->kind != PAYLOAD_EXTERNAL && tensor->kind != fitting);
    if ((!others && !misfit) || !dtype_is_known(tensor->dtype)) return true;
    char what[160];
    if (others)
        snprintf(what, sizeof what, "has data twice, as %s and as %s", kind_names[tensor->kind],
                 kind_names[__builtin_ctz(others)]);
    else
        snprintf(what, sizeof what, "%s holds %s elements, their field is %s", kind_names[tensor->kind],
                 dtype_name(tensor->dtype), kind_names[fitting]);
    return tensor_problem(l, DIAGNOSTIC_DATA_CONFLICT, tensor, what);
}

/* Compares what there is with what dims need, by lengths alone: no payload is read. */
static bool check_size(Loader *l, const Tensor *tensor, const Parts *parts) {
    char what[320];
    uint64_t scalars = tensor->count, width = 0;
    const char *kind = kind_names[tensor->kind];
    switch (tensor->kind) {
    case PAYLOAD_NONE:
        if (tensor->count == 0) return true;
        snprintf(what, sizeof what, "has no data, dims %s need %" PRIu64 " elements",
                 dims_text(l->model, tensor).text, tensor->count);
        return tensor_problem(l, DIAGNOSTIC_NO_DATA, tensor, what);
    case PAYLOAD_RAW:
        if (parts->raw.length == tensor->nbytes) return true;
        snprintf(what, sizeof what, "raw_data has %" PRIu64 " bytes, dims %s need %" PRIu64,
                 parts->raw.length, dims_text(l->model, tensor).text, tensor->nbytes);
        return tensor_problem(l, DIAGNOSTIC_DATA_SIZE, tensor, what);
    case PAYLOAD_STRING_DATA:
        if (parts->string_count == tensor->count) return true;
        snprintf(what, sizeof what, "string_data has %" PRIu64 " strings, dims %s need %" PRIu64,
                 parts->string_count, dims_text(l->model, tensor).text, tensor->count);
        return tensor_problem(l, DIAGNOSTIC_DATA_SIZE, tensor, what);
    case PAYLOAD_FLOAT_DATA: width = 4; break;
    case PAYLOAD_DOUBLE_DATA: width = 8; break;
    default: break;
    }
    if (dtype_bits(tensor->dtype) < 8) scalars = tensor->nbytes;
    if ((tensor->dtype == DTYPE_COMPLEX64 || tensor->dtype == DTYPE_COMPLEX128) &&
        __builtin_mul_overflow(scalars, 2, &scalars))
        scalars = UINT64_MAX;
    /* Varints take 1 to 10 bytes each. */
    uint64_t least = parts->loose_count + parts->packed_bytes / (width ? width : 10);
    uint64_t most = parts->loose_count + parts->packed_bytes / (width ? width : 1);
    bool ragged = width && parts->packed_bytes % width;
    if (!ragged && scalars >= least && scalars <= most) return true;
    snprintf(what, sizeof what,
             "%s has %" PRIu64 " bytes for at most %" PRIu64 " numbers, dims %s need %" PRIu64, kind,
             parts->packed_bytes, most, dims_text(l->model, tensor).text, scalars);
    return tensor_problem(l, DIAGNOSTIC_DATA_SIZE, tensor, what);
}

/* The data file of a location, looked up (once for each location) inside the directories it may be in. */
static bool data_file(Loader *l, Symbol location, Id *file, ExternalStatus *status) {
    Model *model = l->model;
    Symbol key = interner_add(&l->locations, (Bytes){(const char *)&location, sizeof location});
    if (key == SYMBOL_NONE) return load_out_of_memory(l);
    *file = key - 1;
    *status = EXTERNAL_OK;
    if (*file < model->files.count) return true;
    DataFile data = {.location = location};
    char path[PATH_MAX];
    ExternalRoots roots = {model->directory, model->resolved_directory, model->data_root};
    *status = external_resolve(&roots, model_name(model, location), path, sizeof path, &data.size);
    data.status = (uint8_t)*status;
    if (*status == EXTERNAL_OK && !interner_store(&model->text, (Bytes){path, strlen(path)}, &data.path))
        return load_out_of_memory(l);
    return LOAD_PUSH(l, &model->files, data);
}

static bool check_external(Loader *l, Tensor *tensor, const Parts *parts) {
    char what[320];
    if (parts->location == SYMBOL_EMPTY)
        return tensor_problem(l, DIAGNOSTIC_EXTERNAL_LOCATION, tensor,
                              "its data is external, but no location is given");
    ExternalStatus status;
    if (!data_file(l, parts->location, &tensor->file, &status)) return false;
    const DataFile *file = &l->model->files.items[tensor->file];
    if (status != EXTERNAL_OK) { /* said once for each file */
        DiagnosticCode code = status == EXTERNAL_ESCAPES        ? DIAGNOSTIC_EXTERNAL_ESCAPES
                              : status == EXTERNAL_BAD_LOCATION ? DIAGNOSTIC_EXTERNAL_LOCATION
                                                                : DIAGNOSTIC_EXTERNAL_MISSING;
        snprintf(what, sizeof what, "external data %s %s", quote(model_name(l->model, parts->location)).text,
                 external_status_explain(status));
        return tensor_problem(l, code, tensor, what);
    }
    if (parts->bad_number) {
        snprintf(what, sizeof what, "offset or length in external data %s is not a number",
                 quote(model_name(l->model, parts->location)).text);
        return tensor_problem(l, DIAGNOSTIC_EXTERNAL_SIZE, tensor, what);
    }
    tensor->data = (ByteRange){parts->offset, parts->has_length ? parts->length : tensor->nbytes};
    if (tensor->has_size && tensor->data.length != tensor->nbytes) {
        snprintf(what, sizeof what, "external data has %" PRIu64 " bytes, dims %s need %" PRIu64,
                 tensor->data.length, dims_text(l->model, tensor).text, tensor->nbytes);
        return tensor_problem(l, DIAGNOSTIC_EXTERNAL_SIZE, tensor, what);
    }
    if (file->path.size &&
        (tensor->data.offset > file->size || tensor->data.length > file->size - tensor->data.offset)) {
        snprintf(what, sizeof what,
                 "external data %s has %" PRIu64 " bytes, offset %" PRIu64 " + length %" PRIu64 " are wanted",
                 quote(model_name(l->model, parts->location)).text, file->size, tensor->data.offset,
                 tensor->data.length);
        return tensor_problem(l, DIAGNOSTIC_EXTERNAL_SIZE, tensor, what);
    }
    return true;
}

/* A tensor whose dims, when there are any, are the next ones read. */
static Tensor new_tensor(const Loader *l, const Message *field, Id graph, Id node) {
    return (Tensor){.graph = graph,
                    .node = node,
                    .value = ID_NONE,
                    .file = ID_NONE,
                    .sparse_values = ID_NONE,
                    .sparse_indices = ID_NONE,
                    .first_dim = l->model->tensor_dims.count,
                    .range = {field->offset, field->length}};
}

bool load_tensor(Loader *l, const Message *field, Id graph, Id node, Id *id) {
    if (!message_want(&l->reader, field, WIRE_LENGTH, "tensor")) return false;
    Tensor tensor = new_tensor(l, field, graph, node);
    Parts parts = {0};
    Message m = message_at("TensorProto", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        int64_t number;
        bool done;
        switch (m.field) {
        case TENSOR_DIMS: done = load_dims(l, &m, &tensor); break;
        case TENSOR_DATA_TYPE:
            done = load_int(l, &m, "data_type", &number);
            if (done) tensor.dtype = (uint32_t)number;
            break;
        case TENSOR_NAME: done = load_symbol(l, &m, "name", &tensor.name); break;
        default: done = load_data_field(l, &m, &parts);
        }
        if (!done) return false;
    }
    if (l->reader.failed || !measure(l, &tensor, &parts) || !choose_kind(l, &tensor, &parts)) return false;
    if (tensor.kind == PAYLOAD_EXTERNAL ? !check_external(l, &tensor, &parts)
                                        : tensor.has_size && !check_size(l, &tensor, &parts))
        return false;
    *id = l->model->tensors.count;
    return LOAD_PUSH(l, &l->model->tensors, tensor);
}

/* values, indices and dims; the name is the one of values, the sizes are those of what is stored. */
bool load_sparse_tensor(Loader *l, const Message *field, Id graph, Id node, Id *id) {
    if (!message_want(&l->reader, field, WIRE_LENGTH, "sparse tensor")) return false;
    Id values = ID_NONE, indices = ID_NONE;
    Message m = message_at("SparseTensorProto", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        if (m.field == SPARSE_VALUES && !load_tensor(l, &m, graph, node, &values)) return false;
        if (m.field == SPARSE_INDICES && !load_tensor(l, &m, graph, node, &indices)) return false;
    }
    Tensor tensor = new_tensor(l, field, graph, node);
    tensor.is_sparse = true;
    tensor.sparse_values = values;
    tensor.sparse_indices = indices;
    m = message_at("SparseTensorProto", field->offset, field->length);
    while (message_next(&l->reader, &m))
        if (m.field == SPARSE_DIMS && !load_dims(l, &m, &tensor)) return false;
    if (l->reader.failed) return false;
    const Tensor *stored = l->model->tensors.items;
    if (values != ID_NONE) {
        tensor.name = stored[values].name;
        tensor.dtype = stored[values].dtype;
    }
    if (!measure(l, &tensor, &(Parts){0})) return false;
    tensor.has_size = tensor.has_size && values != ID_NONE && indices != ID_NONE && stored[values].has_size &&
                      stored[indices].has_size;
    if (tensor.has_size) tensor.nbytes = stored[values].nbytes + stored[indices].nbytes;
    *id = l->model->tensors.count;
    return LOAD_PUSH(l, &l->model->tensors, tensor);
}
