/* Contents on demand. Nobody pays for what no shape asks for: a value's contents are worked out when a rule (or a user)
 * wants them, together with those they come from, by a stack of demands instead of recursion: a value whose sources are not
 * worked out yet waits below them.
 */
#include <string.h>

#include "ops/infer.h"

Contents *infer_new_contents(Infer *infer, uint32_t count, ContentsId *id) {
    Contents *contents = arena_allocate(&infer->arena, sizeof *contents + count * sizeof(Expr));
    if (!contents || !array_push(&infer->contents, (ContentsSlot){contents})) {
        infer->out_of_memory = true;
        return NULL;
    }
    contents->count = count;
    *id = infer->contents.count - 1;
    return contents;
}

ContentsId infer_tensor_contents(Infer *infer, Id tensor) {
    const Tensor *t = &infer->model->tensors.items[tensor];
    if (!t->has_size || t->count > CONTENTS_LIMIT || t->is_sparse || t->dtype == DTYPE_STRING)
        return CONTENTS_NONE;
    TensorPayload payload;
    PayloadCursor cursor;
    Error err;
    if (!tensor_payload(infer->model, tensor, &payload, &err) ||
        !payload_open(&cursor, &payload.payload, &err))
        return CONTENTS_NONE;
    uint8_t raw[CONTENTS_LIMIT * 16];
    uint64_t got = 0;
    bool done = payload_pull(&cursor, raw, t->count, &got, &err) && got == t->count;
    payload_close(&cursor);
    if (!done) return CONTENTS_NONE;
    ContentsId id;
    Contents *contents = infer_new_contents(infer, (uint32_t)t->count, &id);
    if (!contents) return CONTENTS_NONE;
    for (uint32_t i = 0; i < contents->count; i++) {
        Element element = element_decode(t->dtype, raw, i);
        contents->items[i] = element.kind == ELEMENT_FLOAT     ? expr_number(infer->algebra, element.real)
                             : element.kind == ELEMENT_COMPLEX ? EXPR_UNKNOWN
                             : element.kind == ELEMENT_UNSIGNED && element.unsigned_ > INT64_MAX
                                 ? EXPR_UNKNOWN
                                 : expr_integer(infer->algebra, element.integer);
    }
    return id;
}

static bool push_demand(Infer *infer, uint32_t frame, Id value) {
    if (array_push(&infer->demands, (Demand){frame, value})) return true;
    infer->out_of_memory = true;
    return false;
}

/* The contents, if they have as many elements as the shape: of what a model names twice (an initializer that a node gives
 * too), the shape may be the one's and the contents the other's. */
static ContentsId fitting(const Infer *infer, Fact fact, ContentsId id) {
    const Contents *contents = infer->contents.items[id].contents;
    uint32_t count;
    return contents && infer_small_count(infer, fact, &count) && count == contents->count ? id
                                                                                          : CONTENTS_NONE;
}

/* Where an input of a function's body comes from: the call's input at the same place. */
static bool call_input(Infer *infer, uint32_t frame, Id value, Demand *source) {
    const Frame *f = &infer->shapes->frames.items[frame];
    if (f->kind != FRAME_CALL) return false;
    IdSpan formals = model_list(infer->model, infer->model->graphs.items[f->graph].inputs);
    IdSpan actuals = node_inputs(infer->model, f->node);
    for (uint32_t i = 0; i < formals.count && i < actuals.count; i++) {
        if (formals.ids[i] != value || actuals.ids[i] == ID_NONE) continue;
        *source = (Demand){f->parent, actuals.ids[i]};
        return true;
    }
    return false;
}

/* The contents of another value are this one's: true when they are there, false when they were asked for first. */
static bool copy_from(Infer *infer, Fact *fact, Demand source) {
    const Fact *other = shapes_fact(infer->shapes, source.frame, source.value);
    if (other->contents == CONTENTS_PENDING && !infer->model->values.items[source.value].is_undefined &&
        shapes_frame_of(infer->shapes, source.frame, source.value) != FRAME_NONE) {
        push_demand(infer, source.frame, source.value);
        return false;
    }
    fact->contents = fitting(infer, *fact, other->contents);
    return true;
}

/* Asks for what a rule needs; true when all of it is there. */
static bool inputs_ready(Infer *infer, const Op *op, uint32_t needs) {
    uint32_t before = infer->demands.count;
    for (uint32_t i = 0; i < op->inputs.count; i++) {
        if (!op_has_input(op, i) || (i < 32 && !(needs >> i & 1)) || (i >= 32 && needs != NEEDS_ALL))
            continue;
        if (infer->model->values.items[op->inputs.ids[i]].is_undefined) continue;
        const Fact *fact = shapes_fact(infer->shapes, op->frame, op->inputs.ids[i]);
        if (fact->kind != TYPE_KIND_NONE && fact->contents == CONTENTS_PENDING &&
            !push_demand(infer, op->frame, op->inputs.ids[i]))
            return true;
    }
    return infer->demands.count == before;
}

/* Some output is small enough to be worth it. */
static bool worth_asking(Op *op) {
    uint32_t count;
    for (uint32_t i = 0; i < op->outputs.count; i++)
        if (op_output_count(op, i, &count)) return true;
    return false;
}

static void settle_outputs(Op *op) {
    for (uint32_t i = 0; i < op->outputs.count; i++) {
        Fact *fact = op_has_output(op, i) ? infer_fact(op->infer, op->frame, op->outputs.ids[i]) : NULL;
        if (fact && fact->contents == CONTENTS_PENDING) fact->contents = CONTENTS_NONE;
    }
}

/* False when the node has to wait for others. */
static bool work_out_node(Infer *infer, uint32_t frame, Id value, Id node) {
    Op op;
    op_init(&op, infer, frame, node);
    uint32_t output = 0;
    while (output < op.outputs.count && op.outputs.ids[output] != value) output++;
    Demand source;
    if (infer_contents_source(&op, output, &source))
        return copy_from(infer, infer_fact(infer, frame, value), source);
    if (op.rule && op.rule->contents && worth_asking(&op)) {
        if (!inputs_ready(infer, &op, op.rule->needs)) return false;
        infer->scratch.count = 0;
        infer->in_contents = true;
        op.rule->contents(&op);
        infer->in_contents = false;
    }
    settle_outputs(&op);
    return true;
}

/* False when the value has to wait for others, which stand on top of it now. */
static bool work_out(Infer *infer, Demand demand) {
    uint32_t frame = shapes_frame_of(infer->shapes, demand.frame, demand.value);
    const Value *value = &infer->model->values.items[demand.value];
    Fact *fact = frame == FRAME_NONE ? NULL : infer_fact(infer, frame, demand.value);
    if (!fact || fact->contents != CONTENTS_PENDING) return true;
    if (value->tensor != ID_NONE) {
        ContentsId stored = infer_tensor_contents(infer, value->tensor);
        fact->contents = fitting(infer, *fact, stored);
        return true;
    }
    if (value->producer != ID_NONE) return work_out_node(infer, frame, demand.value, value->producer);
    Demand source;
    if (call_input(infer, frame, demand.value, &source)) return copy_from(infer, fact, source);
    fact->contents = CONTENTS_NONE;
    return true;
}

const Contents *shapes_contents(Shapes *shapes, uint32_t frame, Id value) {
    Infer *infer = shapes->infer;
    uint32_t base = infer->demands.count;
    const Fact *fact = shapes_fact(shapes, frame, value);
    if (fact->contents == CONTENTS_PENDING) infer->looked_further = true;
    if (fact->contents == CONTENTS_PENDING && fact->kind != TYPE_KIND_NONE &&
        push_demand(infer, frame, value)) {
        while (infer->demands.count > base && !infer->out_of_memory)
            if (work_out(infer, infer->demands.items[infer->demands.count - 1])) infer->demands.count--;
        fact = shapes_fact(shapes, frame, value);
    }
    infer->demands.count = base;
    return infer->contents.items[fact->contents].contents;
}
