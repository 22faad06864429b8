#include "cost/alike.h"

bool alike_init(Alike *self) {
    *self = (Alike){.costs = {0}};
    return interner_init(&self->keys) && array_push(&self->costs, 0); /* the empty name */
}

void alike_free(Alike *self) {
    interner_free(&self->keys);
    array_free(&self->costs);
}

static uint32_t first_place(IdSpan inputs, uint32_t i) {
    uint32_t first = 0;
    while (inputs.ids[first] != inputs.ids[i]) first++;
    return first;
}

/* False when it is no tensor. */
static bool add_place(AlikeKey *key, const Costs *costs, uint32_t frame, Id value, uint32_t first) {
    const Shapes *shapes = costs->shapes;
    uint32_t *words = key->words + key->count;
    key->count += 3;
    if (value == ID_NONE) {
        words[0] = words[1] = words[2] = UINT32_MAX;
        return true;
    }
    uint32_t at = infer_fact_index(shapes->infer, frame, value);
    if (at >= costs->flag_count || shapes->facts.items[at].kind != TYPE_KIND_TENSOR) return false;
    const Fact *fact = &shapes->facts.items[at];
    words[0] = fact->dtype | (uint32_t)costs->flags[at] << 8 | first << 16;
    words[1] = fact->shape;
    words[2] = fact->contents;
    return true;
}

AlikeKey alike_key(const Costs *costs, const Op *op) {
    static const AlikeKey none = {.count = 0};
    const Node *node = &op->model->nodes.items[op->node];
    uint32_t inputs = op->inputs.count, outputs = op->outputs.count;
    if (!op->rule || node_attribute_count(op->model, op->node) > 0 ||
        op->model->operators.items[node->op].function != ID_NONE || inputs > ALIKE_PLACES ||
        outputs > ALIKE_PLACES - inputs)
        return none;
    AlikeKey key;
    key.words[0] = node->op;
    key.words[1] = (uint32_t)op->version;
    key.words[2] = (uint32_t)((uint64_t)op->version >> 32);
    key.words[3] = inputs | outputs << 16;
    key.count = 4;
    for (uint32_t i = 0; i < inputs; i++)
        if (!add_place(&key, costs, op->frame, op->inputs.ids[i], first_place(op->inputs, i))) return none;
    for (uint32_t i = 0; i < outputs; i++)
        if (!add_place(&key, costs, op->frame, op->outputs.ids[i], 0)) return none;
    return key;
}

static Bytes key_bytes(const AlikeKey *key) {
    return (Bytes){(const char *)key->words, key->count * sizeof *key->words};
}

CostId alike_find(const Alike *self, const AlikeKey *key) {
    if (key->count == 0) return 0;
    Symbol known = interner_find(&self->keys, key_bytes(key));
    return known == SYMBOL_NONE ? 0 : self->costs.items[known];
}

bool alike_add(Alike *self, const AlikeKey *key, CostId cost) {
    if (key->count == 0 || self->costs.count >= ALIKE_LIMIT) return true;
    Symbol symbol = interner_add(&self->keys, key_bytes(key));
    return symbol != SYMBOL_NONE && (symbol < self->costs.count || array_push(&self->costs, cost));
}
