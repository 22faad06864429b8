#include "match/layer_differences.h"

#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

#define COLLECT_LIMIT 100000 /* differences, before parameters are left out */
#define ALIGN_LIMIT   640    /* differing nodes of two layers; with more all nodes count as differing */

typedef struct Differ {
    const Layers *layers;
    const Sequence *sequence;
    const LayerGroup *group;
    const Part *model;     /* the layer that others are compared with */
    uint32_t *counterpart; /* by place in the model layer: the place in the other one */
    uint32_t *origin;      /* by place in the other one */
    int32_t *reach;        /* of the rounds of an alignment: that of round d begins at d * d */
    LayerDifferenceArray *found;
    uint32_t omitted;
    uint32_t part;
} Differ;

static const Model *model_of(const Differ *self) {
    return self->layers->view->costs->shapes->model;
}

/* ---- which layer to compare with ---- */

typedef struct Signature64 {
    uint64_t hash;
    uint32_t part;
} Signature64;

static int compare_signatures(const void *a, const void *b) {
    const Signature64 *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->part > y->part) - (x->part < y->part);
}

static uint64_t layer_signature(const Differ *self, const Part *part) {
    uint64_t hash = part->end - part->start;
    for (uint32_t place = part->start; place < part->end; place++)
        hash = hash_join(hash, view_hash_exact(self->layers->view, self->sequence->nodes[place]));
    return hash;
}

static bool choose_model(Differ *self, uint32_t *reference) {
    uint32_t count = self->group->count, most = 0;
    Signature64 *signatures = malloc((count + (size_t)1) * sizeof *signatures);
    if (!signatures) return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t part = self->group->first_part + i;
        signatures[i] = (Signature64){layer_signature(self, &self->layers->parts.items[part]), part};
    }
    qsort(signatures, count, sizeof *signatures, compare_signatures);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && signatures[next].hash == signatures[i].hash;) next++;
        if (next - i < most || (next - i == most && signatures[i].part > *reference)) continue;
        most = next - i;
        *reference = signatures[i].part;
    }
    free(signatures);
    self->model = &self->layers->parts.items[*reference];
    return true;
}

/* ---- alignment ---- */

/* Myers' greedy differences; the rounds are kept, to find the way back. Gives the number of differences; UINT32_MAX: more than
 * ALIGN_LIMIT. */
static uint32_t align_layers(Differ *self, const uint64_t *a, int32_t a_count, const uint64_t *b,
                             int32_t b_count) {
    for (int32_t d = 0; d <= ALIGN_LIMIT; d++) {
        /* Diagonal k is at [k] of `now`, and of `last`, which is of one round less. */
        int32_t *now = self->reach + d * d + d, *last = now - 2 * d;
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t x = 0;
            if (d > 0) x = k == -d || (k != d && last[k - 1] < last[k + 1]) ? last[k + 1] : last[k - 1] + 1;
            while (x < a_count && x - k >= 0 && x - k < b_count && a[x] == b[x - k]) x++;
            now[k] = x;
            if (x >= a_count && k == a_count - b_count) return (uint32_t)d;
        }
    }
    return UINT32_MAX;
}

/* Back from the end of both: along equal nodes, then one step to where the round before came from. */
static void pair_places(Differ *self, const Part *part, uint32_t differences) {
    int32_t x = (int32_t)(self->model->end - self->model->start), y = (int32_t)(part->end - part->start);
    for (int32_t d = (int32_t)differences; d >= 0; d--) {
        int32_t k = x - y, from_x = 0, from_y = 0;
        bool inserts = false;
        if (d > 0) {
            const int32_t *last = self->reach + (d - 1) * (d - 1) + (d - 1);
            inserts = k == -d || (k != d && last[k - 1] < last[k + 1]);
            from_x = inserts ? last[k + 1] : last[k - 1] + 1;
            from_y = from_x - k;
        }
        for (; x > from_x && y > from_y; x--, y--) {
            self->counterpart[x - 1] = part->start + (uint32_t)y - 1;
            self->origin[y - 1] = self->model->start + (uint32_t)x - 1;
        }
        x = inserts ? from_x : from_x - 1;
        y = inserts ? from_y - 1 : from_y;
    }
}

/* ---- records ---- */

static bool add(Differ *self, LayerDifference difference) {
    difference.part = self->part;
    if (self->found->count < COLLECT_LIMIT) return array_push(self->found, difference);
    self->omitted++;
    return true;
}

static const Attribute *attributes_of(const Model *model, Id node) {
    return model->attributes.items + model->nodes.items[node].first_attribute;
}

/* Attributes of `node` that `other` has not, or has otherwise; only those it has not when they were compared before. */
static bool add_attributes(Differ *self, Id node, Id other, bool only_absent) {
    const Model *model = model_of(self);
    for (uint32_t i = 0; i < node_attribute_count(model, node); i++) {
        const Attribute *attribute = attributes_of(model, node) + i;
        const Attribute *twin = node_attribute(model, other, attribute->name);
        if (twin && (only_absent || view_hash_attribute(self->layers->view, attribute) ==
                                        view_hash_attribute(self->layers->view, twin)))
            continue;
        LayerDifference difference = {
            .kind = LAYER_DIFFERS_ATTRIBUTE, .node = node, .other = other, .attribute = attribute->name};
        if (only_absent) difference.node = other, difference.other = node;
        if (!add(self, difference)) return false;
    }
    return true;
}

static Fact fact_of(const Differ *self, Id value) {
    Shapes *shapes = self->layers->view->costs->shapes;
    uint32_t frame = shapes_first_frame(shapes, model_of(self)->values.items[value].graph);
    return frame == FRAME_NONE ? (Fact){0} : *shapes_fact(shapes, frame, value);
}

static bool add_operand(Differ *self, Id node, Id other, uint32_t position) {
    const View *view = self->layers->view;
    Id a = node_inputs(model_of(self), node).ids[position],
       b = node_inputs(model_of(self), other).ids[position];
    if (a == ID_NONE || b == ID_NONE || view_hash_operand(view, a) == view_hash_operand(view, b)) return true;
    Fact x = fact_of(self, a), y = fact_of(self, b);
    LayerDifferenceKind kind = x.dtype != y.dtype   ? LAYER_DIFFERS_DTYPE
                               : x.shape != y.shape ? LAYER_DIFFERS_SHAPE
                                                    : LAYER_DIFFERS_VALUE;
    return add(self, (LayerDifference){.kind = kind, .node = node, .other = other, .position = position});
}

/* Operands that commute are equal in any order. */
static bool same_operands(const Differ *self, Id node, Id other) {
    const View *view = self->layers->view;
    IdSpan a = node_inputs(model_of(self), node), b = node_inputs(model_of(self), other);
    uint64_t sum_a = 0, sum_b = 0;
    for (uint32_t i = 0; i < a.count; i++) sum_a += hash_mix(view_hash_operand(view, a.ids[i]));
    for (uint32_t i = 0; i < b.count; i++) sum_b += hash_mix(view_hash_operand(view, b.ids[i]));
    return view_is_commutative(view, node) && sum_a == sum_b;
}

static uint32_t producer_place(const Differ *self, Id value) {
    const Model *model = model_of(self);
    Id producer = view_producer(self->layers->view, value);
    if (producer == ID_NONE || model->nodes.items[producer].graph != self->sequence->graph) return PLACE_NONE;
    return self->sequence->places[producer - model->graphs.items[self->sequence->graph].first_node];
}

/* Both from outside of their layers, or from nodes that are each other's counterpart, or that have none (told by itself). */
static bool same_source(const Differ *self, const Part *part, Id a, Id b) {
    uint32_t x = producer_place(self, a), y = producer_place(self, b);
    bool x_inside = x >= part->start && x < part->end,
         y_inside = y >= self->model->start && y < self->model->end;
    if (!x_inside || !y_inside) {
        if (x_inside && self->origin[x - part->start] == PLACE_NONE) return true;
        if (y_inside && self->counterpart[y - self->model->start] == PLACE_NONE) return true;
        return x_inside == y_inside;
    }
    uint32_t origin = self->origin[x - part->start];
    return origin == PLACE_NONE || origin == y || self->counterpart[y - self->model->start] == PLACE_NONE;
}

static bool add_sources(Differ *self, const Part *part, Id node, Id other) {
    IdSpan a = node_inputs(model_of(self), node), b = node_inputs(model_of(self), other);
    uint32_t count = a.count < b.count ? a.count : b.count;
    if (count == 2 && view_is_commutative(self->layers->view, node) &&
        same_source(self, part, a.ids[0], b.ids[1]) && same_source(self, part, a.ids[1], b.ids[0]))
        return true;
    for (uint32_t i = 0; i < count; i++) {
        if (a.ids[i] == ID_NONE || b.ids[i] == ID_NONE || same_source(self, part, a.ids[i], b.ids[i]))
            continue;
        if (!add(self, (LayerDifference){
                           .kind = LAYER_DIFFERS_SOURCE, .node = node, .other = other, .position = i}))
            return false;
    }
    return true;
}

static bool compare_nodes(Differ *self, const Part *part, Id node, Id other) {
    const View *view = self->layers->view;
    if (!add_sources(self, part, node, other)) return false;
    if (view_hash_exact(view, node) == view_hash_exact(view, other)) return true;
    if (view_operator(view, node)->hash != view_operator(view, other)->hash)
        if (!add(self, (LayerDifference){.kind = LAYER_DIFFERS_FUNCTION, .node = node, .other = other}))
            return false;
    if (!add_attributes(self, node, other, false) || !add_attributes(self, other, node, true)) return false;
    uint32_t a = node_inputs(model_of(self), node).count, b = node_inputs(model_of(self), other).count;
    for (uint32_t i = 0; i < (a < b ? a : b) && !same_operands(self, node, other); i++)
        if (!add_operand(self, node, other, i)) return false;
    return true;
}

/* ---- one layer ---- */

static bool compare_layer(Differ *self, const Part *part) {
    const Sequence *sequence = self->sequence;
    uint32_t a_count = self->model->end - self->model->start, b_count = part->end - part->start;
    memset(self->counterpart, 0xff, a_count * sizeof *self->counterpart);
    memset(self->origin, 0xff, b_count * sizeof *self->origin);
    uint32_t differences = align_layers(self, sequence->kinds + self->model->start, (int32_t)a_count,
                                        sequence->kinds + part->start, (int32_t)b_count);
    if (differences != UINT32_MAX) pair_places(self, part, differences);
    for (uint32_t i = 0; i < a_count; i++) {
        if (self->counterpart[i] != PLACE_NONE) continue;
        Id other = sequence->nodes[self->model->start + i];
        if (!add(self, (LayerDifference){.kind = LAYER_DIFFERS_MISSING, .node = ID_NONE, .other = other}))
            return false;
    }
    for (uint32_t i = 0; i < b_count; i++) {
        Id node = sequence->nodes[part->start + i];
        if (self->origin[i] != PLACE_NONE) {
            if (!compare_nodes(self, part, node, sequence->nodes[self->origin[i]])) return false;
        } else if (!add(self, (LayerDifference){.kind = LAYER_DIFFERS_EXTRA, .node = node, .other = ID_NONE}))
            return false;
    }
    return true;
}

/* ---- parameters ---- */

/* Differences of one thing of one node stand together, by kind, then by layer. */
static int compare_things(const LayerDifference *x, const LayerDifference *y) {
    if (x->other != y->other) return x->other < y->other ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->attribute != y->attribute) return x->attribute < y->attribute ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static int compare_by_other(const void *a, const void *b) {
    return compare_things(a, b);
}

static int compare_by_part(const void *a, const void *b) {
    const LayerDifference *x = a, *y = b;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    Id at_x = x->node == ID_NONE ? x->other : x->node, at_y = y->node == ID_NONE ? y->other : y->node;
    if (at_x != at_y) return at_x < at_y ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static int compare_hashes(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t value_hash(const Differ *self, const LayerDifference *difference) {
    const View *view = self->layers->view;
    const Model *model = model_of(self);
    if (difference->kind == LAYER_DIFFERS_VALUE)
        return view_hash_operand(view, node_inputs(model, difference->node).ids[difference->position]);
    const Attribute *attribute = node_attribute(model, difference->node, difference->attribute);
    return attribute ? view_hash_attribute(view, attribute) : 0;
}

/* Whether most of those that differ do so in a way of their own. `hashes` has room for them. */
static bool have_many_values(const Differ *self, const LayerDifference *same, uint32_t count,
                             uint64_t *hashes) {
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) hashes[i] = value_hash(self, &same[i]);
    qsort(hashes, count, sizeof *hashes, compare_hashes);
    for (uint32_t i = 0; i < count; i++) distinct += i == 0 || hashes[i] != hashes[i - 1];
    return distinct > 1 && 2 * distinct > count;
}

static bool are_parameters(const Differ *self, const LayerDifference *same, uint32_t count,
                           uint64_t *hashes) {
    bool can_be = same->kind == LAYER_DIFFERS_VALUE || same->kind == LAYER_DIFFERS_ATTRIBUTE;
    return can_be && 2 * count + 1 >= self->group->count && have_many_values(self, same, count, hashes);
}

/* Leaves out scalars and attributes that are not what the model layer has in at least half of the others. */
static bool drop_parameters(Differ *self) {
    LayerDifferenceArray *found = self->found;
    uint32_t kept = 0;
    uint64_t *hashes = malloc(found->count * sizeof *hashes);
    if (!hashes) return false;
    qsort(found->items, found->count, sizeof *found->items, compare_by_other);
    for (uint32_t i = 0, next; i < found->count; i = next) {
        for (next = i + 1; next < found->count && compare_things(&found->items[next], &found->items[i]) == 0;)
            next++;
        if (are_parameters(self, &found->items[i], next - i, hashes)) continue;
        memmove(&found->items[kept], &found->items[i], (next - i) * sizeof *found->items);
        kept += next - i;
    }
    free(hashes);
    found->count = kept;
    qsort(found->items, found->count, sizeof *found->items, compare_by_part);
    if (kept <= LAYER_DIFFERENCE_LIMIT) return true;
    self->omitted += kept - LAYER_DIFFERENCE_LIMIT;
    found->count = LAYER_DIFFERENCE_LIMIT;
    return true;
}

bool layer_differences(const Layers *layers, uint32_t group, uint32_t *reference,
                       LayerDifferenceArray *differences, uint32_t *omitted) {
    Differ self = {.layers = layers, .group = &layers->groups.items[group], .found = differences};
    const Part *parts = layers->parts.items + self.group->first_part;
    uint32_t longest = 0;
    self.sequence = layers_sequence(layers, self.group->graph);
    for (uint32_t i = 0; i < self.group->count; i++)
        if (parts[i].end - parts[i].start > longest) longest = parts[i].end - parts[i].start;
    self.counterpart = malloc((longest + (size_t)1) * sizeof *self.counterpart);
    self.origin = malloc((longest + (size_t)1) * sizeof *self.origin);
    self.reach = malloc((size_t)(ALIGN_LIMIT + 1) * (ALIGN_LIMIT + 1) * sizeof *self.reach);
    differences->count = 0;
    *reference = self.group->first_part;
    bool done = self.counterpart && self.origin && self.reach && choose_model(&self, reference);
    for (uint32_t i = 0; done && i < self.group->count; i++) {
        self.part = self.group->first_part + i;
        done = self.part == *reference || compare_layer(&self, &parts[i]);
    }
    if (done && differences->count) done = drop_parameters(&self);
    *omitted = self.omitted;
    free(self.counterpart);
    free(self.origin);
    free(self.reach);
    return done;
}
