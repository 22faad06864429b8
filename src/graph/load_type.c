#include <inttypes.h>

#include "graph/load.h"
#include "onnx/fields.h"

static bool load_dim(Loader *l, const Message *field, Dim *dim) {
    Message m = message_at("Dimension", field->offset, field->length);
    *dim = (Dim){.kind = DIM_UNKNOWN};
    while (message_next(&l->reader, &m)) {
        switch (m.field) {
        case DIM_VALUE:
            if (!load_int(l, &m, "dim_value", &dim->size)) return false;
            dim->kind = DIM_KNOWN;
            break;
        case DIM_PARAM:
            if (!load_symbol(l, &m, "dim_param", &dim->symbol)) return false;
            dim->kind = dim->symbol == SYMBOL_EMPTY ? DIM_UNKNOWN : DIM_SYMBOL;
            break;
        case DIM_DENOTATION:
            if (!load_symbol(l, &m, "denotation", &dim->denotation)) return false;
            break;
        default: break;
        }
    }
    return !l->reader.failed;
}

static bool load_shape(Loader *l, const Message *field, Type *type) {
    Message m = message_at("TensorShapeProto", field->offset, field->length);
    type->has_shape = true;
    type->first_dim = l->model->dims.count;
    type->rank = 0;
    while (message_next(&l->reader, &m)) {
        if (m.field != SHAPE_DIM) continue;
        Dim dim;
        if (!message_want(&l->reader, &m, WIRE_LENGTH, "dim") || !load_dim(l, &m, &dim)) return false;
        if (!LOAD_PUSH(l, &l->model->dims, dim)) return false;
        type->rank++;
    }
    return !l->reader.failed;
}

static bool load_tensor_type(Loader *l, const Message *field, Type *type) {
    Message m = message_at("TypeProto.Tensor", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        int64_t number;
        switch (m.field) {
        case TYPE_TENSOR_ELEM_TYPE:
            if (!load_int(l, &m, "elem_type", &number)) return false;
            type->dtype = (uint32_t)number;
            break;
        case TYPE_TENSOR_SHAPE:
            if (!message_want(&l->reader, &m, WIRE_LENGTH, "shape") || !load_shape(l, &m, type)) return false;
            break;
        default: break;
        }
    }
    return !l->reader.failed;
}

/* Sequence, Optional and Map: one type inside, for maps also the key's dtype. */
static bool load_container_type(Loader *l, const Message *field, unsigned depth, Type *type) {
    bool is_map = type->kind == TYPE_KIND_MAP;
    uint32_t element = is_map ? TYPE_MAP_VALUE_TYPE : TYPE_NESTED_ELEM_TYPE;
    Message m = message_at("TypeProto", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        int64_t number;
        if (m.field == element) {
            if (!message_want(&l->reader, &m, WIRE_LENGTH, "elem_type")) return false;
            if (!load_type(l, m.offset, m.length, depth + 1, &type->element)) return false;
        } else if (is_map && m.field == TYPE_MAP_KEY_TYPE) {
            if (!load_int(l, &m, "key_type", &number)) return false;
            type->dtype = (uint32_t)number;
        }
    }
    return !l->reader.failed;
}

static bool load_opaque_type(Loader *l, const Message *field, Type *type) {
    Message m = message_at("TypeProto.Opaque", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        if (m.field == TYPE_OPAQUE_DOMAIN && !load_symbol(l, &m, "domain", &type->domain)) return false;
        if (m.field == TYPE_OPAQUE_NAME && !load_symbol(l, &m, "name", &type->name)) return false;
    }
    return !l->reader.failed;
}

static TypeKind type_kind(uint32_t field) {
    switch (field) {
    case TYPE_TENSOR: return TYPE_KIND_TENSOR;
    case TYPE_SPARSE_TENSOR: return TYPE_KIND_SPARSE_TENSOR;
    case TYPE_SEQUENCE: return TYPE_KIND_SEQUENCE;
    case TYPE_OPTIONAL: return TYPE_KIND_OPTIONAL;
    case TYPE_MAP: return TYPE_KIND_MAP;
    case TYPE_OPAQUE: return TYPE_KIND_OPAQUE;
    default: return TYPE_KIND_NONE;
    }
}

bool load_type(Loader *l, uint64_t offset, uint64_t length, unsigned depth, Id *id) {
    if (depth > MODEL_DEPTH_LIMIT)
        return reader_fail(&l->reader, ERROR_LIMIT, offset,
                           "the type at byte %" PRIu64 " nests deeper than %d types", offset,
                           MODEL_DEPTH_LIMIT);
    Type type = {.element = ID_NONE};
    Message m = message_at("TypeProto", offset, length);
    while (message_next(&l->reader, &m)) {
        if (m.field == TYPE_DENOTATION) {
            if (!load_symbol(l, &m, "denotation", &type.denotation)) return false;
            continue;
        }
        TypeKind kind = type_kind(m.field);
        if (kind == TYPE_KIND_NONE) continue;
        if (!message_want(&l->reader, &m, WIRE_LENGTH, "value")) return false;
        type = (Type){.kind = (uint8_t)kind, .element = ID_NONE, .denotation = type.denotation};
        bool done = kind == TYPE_KIND_TENSOR || kind == TYPE_KIND_SPARSE_TENSOR
                        ? load_tensor_type(l, &m, &type)
                    : kind == TYPE_KIND_OPAQUE ? load_opaque_type(l, &m, &type)
                                               : load_container_type(l, &m, depth, &type);
        if (!done) return false;
    }
    *id = l->model->types.count;
    return !l->reader.failed && LOAD_PUSH(l, &l->model->types, type);
}

/* One diagnostic for each declared shape with a negative size: old exporters write -1 for "unknown". */
static bool check_dims(Loader *l, const Declaration *declaration) {
    const Model *model = l->model;
    if (declaration->type == ID_NONE) return true;
    const Type *type = &model->types.items[declaration->type];
    for (uint32_t i = 0; i < type->rank; i++) {
        const Dim *dim = &model->dims.items[type->first_dim + i];
        if (dim->kind == DIM_KNOWN && dim->size < 0)
            return diagnose(l->model, DIAGNOSTIC_BAD_DIM,
                            diagnostic_at(ID_NONE, ID_NONE, declaration->offset),
                            "value %s: axis %u of its declared shape is %" PRId64 ", sizes are 0 or more",
                            quote(model_name(model, declaration->name)).text, i, dim->size) ||
                   load_out_of_memory(l);
    }
    return true;
}

bool load_value_info(Loader *l, const Message *field, Declaration *declaration) {
    if (!message_want(&l->reader, field, WIRE_LENGTH, "value info")) return false;
    *declaration = (Declaration){.type = ID_NONE, .info = ID_NONE, .offset = field->offset};
    Message m = message_at("ValueInfoProto", field->offset, field->length);
    bool has_notes = false;
    while (message_next(&l->reader, &m)) {
        switch (m.field) {
        case VALUE_INFO_NAME:
            if (!load_symbol(l, &m, "name", &declaration->name)) return false;
            break;
        case VALUE_INFO_TYPE:
            if (!message_want(&l->reader, &m, WIRE_LENGTH, "type")) return false;
            if (!load_type(l, m.offset, m.length, 1, &declaration->type)) return false;
            break;
        case VALUE_INFO_DOC_STRING:
            if (!message_want(&l->reader, &m, WIRE_LENGTH, "doc_string")) return false;
            has_notes = true;
            break;
        case VALUE_INFO_METADATA_PROPS:
            if (!load_check_entry(l, &m)) return false;
            has_notes = true;
            break;
        default: break;
        }
    }
    if (l->reader.failed) return false;
    if (has_notes) {
        declaration->info = l->model->infos.count;
        if (!LOAD_PUSH(l, &l->model->infos, (ByteRange){field->offset, field->length})) return false;
    }
    return check_dims(l, declaration);
}
