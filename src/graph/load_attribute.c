#include <inttypes.h>

#include "base/little.h"
#include "graph/load.h"
#include "onnx/fields.h"

/* What the fields of one AttributeProto hold, before its type decides which of them is the value. */
typedef struct Parts {
    uint32_t present; /* bit per AttributeType whose field occurs */
    int64_t i;
    float f;
    Text s;
    bool s_stored;
    uint32_t first_integer, integer_count;
    uint32_t first_float, float_count;
    uint32_t first_string, string_count;
    bool long_string; /* one of the list's is too long to be stored */
} Parts;

static const char *const type_names[ATTRIBUTE_TYPE_COUNT] = {
    "UNDEFINED", "FLOAT",   "INT",    "STRING",        "TENSOR",         "GRAPH",      "FLOATS",      "INTS",
    "STRINGS",   "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS",
};

static bool load_numbers(Loader *l, const Message *m, Parts *parts) {
    uint64_t at = 0, value;
    if (m->field == ATTRIBUTE_INTS) {
        while (message_scalar(&l->reader, m, WIRE_VARINT, "ints", &at, &value)) {
            if (parts->integer_count++ >= ATTRIBUTE_STORED_LIMIT) continue;
            if (!LOAD_PUSH(l, &l->model->integers, (int64_t)value)) return false;
        }
    } else {
        while (message_scalar(&l->reader, m, WIRE_FIXED32, "floats", &at, &value)) {
            if (parts->float_count++ >= ATTRIBUTE_STORED_LIMIT) continue;
            if (!LOAD_PUSH(l, &l->model->floats, float32_from_bits((uint32_t)value))) return false;
        }
    }
    return !l->reader.failed;
}

static bool load_list_string(Loader *l, const Message *m, Parts *parts) {
    if (!message_want(&l->reader, m, WIRE_LENGTH, "strings")) return false;
    if (m->length > ATTRIBUTE_STORED_LIMIT) parts->long_string = true;
    if (parts->string_count++ >= ATTRIBUTE_STORED_LIMIT || parts->long_string) return true;
    Text text;
    return load_text(l, m, "strings", &text) && LOAD_PUSH(l, &l->model->strings, text);
}

static bool load_subgraph(Loader *l, const Message *m, Id graph, Id node, Id *id) {
    if (!message_want(&l->reader, m, WIRE_LENGTH, "g")) return false;
    Graph subgraph = {.kind = GRAPH_KIND_SUBGRAPH,
                      .depth = l->model->graphs.items[graph].depth + 1,
                      .owner = node,
                      .parent = graph,
                      .range = {m->offset, m->length}};
    return load_push_graph(l, subgraph, m->offset, id);
}

/* A field that holds a tensor, graph or type: read it and note its id. */
static bool load_member(Loader *l, const Message *m, uint32_t type, Id graph, Id node) {
    Id id = ID_NONE;
    bool done;
    switch (m->field) {
    case ATTRIBUTE_T:
    case ATTRIBUTE_TENSORS: done = load_tensor(l, m, graph, node, &id); break;
    case ATTRIBUTE_SPARSE_TENSOR:
    case ATTRIBUTE_SPARSE_TENSORS: done = load_sparse_tensor(l, m, graph, node, &id); break;
    case ATTRIBUTE_G:
    case ATTRIBUTE_GRAPHS: done = load_subgraph(l, m, graph, node, &id); break;
    default:
        done = message_want(&l->reader, m, WIRE_LENGTH, "tp") && load_type(l, m->offset, m->length, 1, &id);
    }
    return done && LOAD_PUSH(l, &l->members, (struct Member){type, id});
}

static uint32_t field_type(uint32_t field) {
    switch (field) {
    case ATTRIBUTE_F: return ATTRIBUTE_FLOAT;
    case ATTRIBUTE_I: return ATTRIBUTE_INT;
    case ATTRIBUTE_S: return ATTRIBUTE_STRING;
    case ATTRIBUTE_T: return ATTRIBUTE_TENSOR;
    case ATTRIBUTE_G: return ATTRIBUTE_GRAPH;
    case ATTRIBUTE_FLOATS: return ATTRIBUTE_FLOAT_LIST;
    case ATTRIBUTE_INTS: return ATTRIBUTE_INT_LIST;
    case ATTRIBUTE_STRINGS: return ATTRIBUTE_STRING_LIST;
    case ATTRIBUTE_TENSORS: return ATTRIBUTE_TENSOR_LIST;
    case ATTRIBUTE_GRAPHS: return ATTRIBUTE_GRAPH_LIST;
    case ATTRIBUTE_TP: return ATTRIBUTE_TYPE_PROTO;
    case ATTRIBUTE_TYPE_PROTOS: return ATTRIBUTE_TYPE_PROTO_LIST;
    case ATTRIBUTE_SPARSE_TENSOR: return ATTRIBUTE_SPARSE;
    case ATTRIBUTE_SPARSE_TENSORS: return ATTRIBUTE_SPARSE_LIST;
    default: return ATTRIBUTE_UNDEFINED;
    }
}

static bool load_value(Loader *l, const Message *m, uint32_t type, Id graph, Id node, Parts *parts) {
    parts->present |= 1u << type;
    switch (type) {
    case ATTRIBUTE_FLOAT:
        if (!message_want(&l->reader, m, WIRE_FIXED32, "f")) return false;
        parts->f = float32_from_bits((uint32_t)m->value);
        return true;
    case ATTRIBUTE_INT: return load_int(l, m, "i", &parts->i);
    case ATTRIBUTE_STRING:
        if (!message_want(&l->reader, m, WIRE_LENGTH, "s")) return false;
        parts->s_stored = m->length <= ATTRIBUTE_STORED_LIMIT;
        return !parts->s_stored || load_text(l, m, "s", &parts->s);
    case ATTRIBUTE_FLOAT_LIST:
    case ATTRIBUTE_INT_LIST: return load_numbers(l, m, parts);
    case ATTRIBUTE_STRING_LIST: return load_list_string(l, m, parts);
    default: return load_member(l, m, type, graph, node);
    }
}

/* The members of the attribute's type become its list. */
static bool take_members(Loader *l, Attribute *attribute) {
    attribute->first = l->model->lists.count;
    attribute->count = 0;
    for (uint32_t i = 0; i < l->members.count; i++) {
        struct Member member = l->members.items[i];
        if (member.type != attribute->type) continue;
        if (!LOAD_PUSH(l, &l->model->lists, member.id)) return false;
        if (member.type == ATTRIBUTE_GRAPH || member.type == ATTRIBUTE_GRAPH_LIST)
            l->model->graphs.items[member.id].attribute = attribute->name;
        attribute->count++;
    }
    return true;
}

static bool take_value(Loader *l, const Parts *parts, Attribute *attribute) {
    attribute->stored = true;
    switch (attribute->type) {
    case ATTRIBUTE_UNDEFINED: break;
    case ATTRIBUTE_FLOAT: attribute->f = parts->f; break;
    case ATTRIBUTE_INT: attribute->i = parts->i; break;
    case ATTRIBUTE_STRING:
        attribute->s = parts->s;
        attribute->stored = parts->s_stored || !(parts->present & 1u << ATTRIBUTE_STRING);
        break;
    case ATTRIBUTE_FLOAT_LIST:
        attribute->first = parts->first_float;
        attribute->count = parts->float_count;
        attribute->stored = parts->float_count <= ATTRIBUTE_STORED_LIMIT;
        break;
    case ATTRIBUTE_INT_LIST:
        attribute->first = parts->first_integer;
        attribute->count = parts->integer_count;
        attribute->stored = parts->integer_count <= ATTRIBUTE_STORED_LIMIT;
        break;
    case ATTRIBUTE_STRING_LIST:
        attribute->first = parts->first_string;
        attribute->count = parts->string_count;
        attribute->stored = parts->string_count <= ATTRIBUTE_STORED_LIMIT && !parts->long_string;
        break;
    default: return take_members(l, attribute);
    }
    return true;
}

/* Files older than IR version 2 give no type: then it is the one field that is there. A type that does not
 * exist, or whose field is not the one that is there, is reported; what is there wins over what is said. */
static bool settle_type(Loader *l, int64_t declared, const Parts *parts, Id graph, Id node,
                        Attribute *attribute) {
    uint32_t populated = parts->present ? (uint32_t)__builtin_ctz(parts->present) : ATTRIBUTE_UNDEFINED;
    bool known = declared > ATTRIBUTE_UNDEFINED && declared < ATTRIBUTE_TYPE_COUNT;
    bool alone = (parts->present & (parts->present - 1)) == 0;
    bool agrees = known && (parts->present & ~(1u << declared)) == 0;
    attribute->type = (uint8_t)(known && (agrees || parts->present & 1u << declared) ? declared : populated);
    if (agrees || (declared == 0 && alone)) return true;
    return diagnose(l->model, DIAGNOSTIC_ATTRIBUTE_MISMATCH, diagnostic_at(graph, node, attribute->offset),
                    "attribute %s says type %" PRId64 " (%s) and holds %s%s",
                    quote(model_name(l->model, attribute->name)).text, declared,
                    known ? type_names[declared] : "not a type", type_names[populated],
                    alone ? "" : " and other values") ||
           load_out_of_memory(l);
}

bool load_attribute(Loader *l, const Message *field, Id graph, Id node, Attribute *attribute) {
    Model *model = l->model;
    if (!message_want(&l->reader, field, WIRE_LENGTH, "attribute")) return false;
    if (field->length > UINT32_MAX)
        return reader_fail(&l->reader, ERROR_LIMIT, field->start,
                           "AttributeProto at byte %" PRIu64 " has %" PRIu64 " bytes, the limit is 4 GiB",
                           field->offset, field->length);
    *attribute =
        (Attribute){.reference = SYMBOL_NONE, .offset = field->offset, .length = (uint32_t)field->length};
    Parts parts = {.first_integer = model->integers.count,
                   .first_float = model->floats.count,
                   .first_string = model->strings.count};
    int64_t declared = 0;
    l->members.count = 0;
    Message m = message_at("AttributeProto", field->offset, field->length);
    while (message_next(&l->reader, &m)) {
        uint32_t type = field_type(m.field);
        bool done = true;
        if (m.field == ATTRIBUTE_NAME) done = load_symbol(l, &m, "name", &attribute->name);
        else if (m.field == ATTRIBUTE_TYPE) done = load_int(l, &m, "type", &declared);
        else if (m.field == ATTRIBUTE_REF_ATTR_NAME)
            done = load_symbol(l, &m, "ref_attr_name", &attribute->reference);
        else if (type != ATTRIBUTE_UNDEFINED) done = load_value(l, &m, type, graph, node, &parts);
        if (!done) return false;
    }
    if (l->reader.failed) return false;
    if (attribute->reference == SYMBOL_EMPTY) attribute->reference = SYMBOL_NONE;
    return settle_type(l, declared, &parts, graph, node, attribute) && take_value(l, &parts, attribute);
}
