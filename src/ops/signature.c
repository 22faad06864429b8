/* What an operator's schema demands of every node: how many inputs and outputs, which attributes and of which type. Looked
 * up once for each operator of a model.
 */
#include <string.h>

#include "ops/infer.h"
#include "ops/schema.h"

static uint8_t attribute_type(Bytes name) {
    static const char *const names[ATTRIBUTE_TYPE_COUNT] = {
        [ATTRIBUTE_FLOAT] = "FLOAT",           [ATTRIBUTE_INT] = "INT",
        [ATTRIBUTE_STRING] = "STRING",         [ATTRIBUTE_TENSOR] = "TENSOR",
        [ATTRIBUTE_GRAPH] = "GRAPH",           [ATTRIBUTE_FLOAT_LIST] = "FLOATS",
        [ATTRIBUTE_INT_LIST] = "INTS",         [ATTRIBUTE_STRING_LIST] = "STRINGS",
        [ATTRIBUTE_TENSOR_LIST] = "TENSORS",   [ATTRIBUTE_GRAPH_LIST] = "GRAPHS",
        [ATTRIBUTE_SPARSE] = "SPARSE_TENSOR",  [ATTRIBUTE_SPARSE_LIST] = "SPARSE_TENSORS",
        [ATTRIBUTE_TYPE_PROTO] = "TYPE_PROTO", [ATTRIBUTE_TYPE_PROTO_LIST] = "TYPE_PROTOS",
    };
    for (unsigned i = 1; i < ATTRIBUTE_TYPE_COUNT; i++)
        if (names[i] && bytes_equal(name, (Bytes){names[i], strlen(names[i])})) return (uint8_t)i;
    return ATTRIBUTE_UNDEFINED;
}

/* Which formals must be there, the least and the most of them; most is UINT32_MAX when the last is variadic. */
static void count_formals(Bytes formals, uint64_t *required, uint32_t *least, uint32_t *most) {
    Formal formal;
    uint32_t at = 0;
    *required = *least = *most = 0;
    while (schema_next_formal(&formals, &formal)) {
        if (formal.option == FORMAL_SINGLE && at < 64) *required |= (uint64_t)1 << at;
        at++;
        if (formal.option == FORMAL_SINGLE) *least = at;
        if (formal.option == FORMAL_VARIADIC) *most = UINT32_MAX;
        else if (*most != UINT32_MAX) *most = at;
    }
}

static void read_attributes(Infer *infer, Bytes attributes, Signature *signature) {
    SchemaAttribute attribute;
    signature->first_attribute = infer->attributes.count;
    while (schema_next_attribute(&attributes, &attribute)) {
        SignatureAttribute known = {interner_find(&infer->model->text, attribute.name),
                                    attribute_type(attribute.type), attribute.is_required, attribute.name};
        if (!array_push(&infer->attributes, known)) infer->out_of_memory = true;
    }
    signature->attribute_count = infer->attributes.count - signature->first_attribute;
}

void signature_read(Infer *infer, const Operator *operation, int64_t version, Signature *signature) {
    Schema schema;
    *signature = (Signature){0};
    if (!schema_find(model_name(infer->model, operation->domain),
                     model_name(infer->model, operation->op_type), version, &schema))
        return;
    uint64_t required_outputs;
    uint32_t least_outputs;
    signature->is_known = true;
    count_formals(schema.inputs, &signature->required, &signature->least_inputs, &signature->most_inputs);
    count_formals(schema.outputs, &required_outputs, &least_outputs, &signature->most_outputs);
    read_attributes(infer, schema.attributes, signature);
}

static const SignatureAttribute *find_attribute(const Infer *infer, const Signature *signature, Symbol name) {
    for (uint32_t i = 0; i < signature->attribute_count; i++) {
        const SignatureAttribute *known = &infer->attributes.items[signature->first_attribute + i];
        if (known->name == name) return known;
    }
    return NULL;
}

static void check_attributes(Op *op, const Signature *signature) {
    const Infer *infer = op->infer;
    uint32_t given = node_attribute_count(op->model, op->node);
    const Attribute *attributes =
        op->model->attributes.items + op->model->nodes.items[op->node].first_attribute;
    for (uint32_t i = 0; i < given; i++) {
        const SignatureAttribute *known = find_attribute(infer, signature, attributes[i].name);
        bool is_wrong = known && known->type && attributes[i].type && attributes[i].type != known->type;
        if (is_wrong && attributes[i].reference == SYMBOL_NONE)
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is of type %u, the operator takes type %u",
                       quote(known->text).text, attributes[i].type, known->type);
    }
    for (uint32_t i = 0; i < signature->attribute_count; i++) {
        SignatureAttribute known = infer->attributes.items[signature->first_attribute + i];
        if (known.is_required &&
            (known.name == SYMBOL_NONE || !node_attribute(op->model, op->node, known.name)))
            op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attribute %s is missing", quote(known.text).text);
    }
}

void signature_check(Op *op, const Signature *signature) {
    if (!signature->is_known) return;
    uint32_t given = op->inputs.count;
    if (given > signature->most_inputs)
        op_problem(op, SHAPE_PROBLEM_ARITY, "%u inputs, the operator takes at most %u", given,
                   signature->most_inputs);
    for (uint32_t i = 0; i < signature->least_inputs && i < 64; i++) {
        if (!(signature->required >> i & 1) || op_has_input(op, i)) continue;
        op_problem(op, SHAPE_PROBLEM_ARITY, "input %u is missing, the operator takes at least %u", i,
                   signature->least_inputs);
        break;
    }
    if (op->outputs.count > signature->most_outputs)
        op_problem(op, SHAPE_PROBLEM_ARITY, "%u outputs, the operator has at most %u", op->outputs.count,
                   signature->most_outputs);
    if (signature->attribute_count || node_attribute_count(op->model, op->node))
        check_attributes(op, signature);
}
