#include "match/layers.h"

#include <stdlib.h>
#include <string.h>

#define USUAL_OF    16               /* layers whose lengths are looked at */
#define PART_SHARED (UINT32_MAX - 1) /* while parts are found: what nodes of several parts read */

static const Model *model_of(const Layers *self) {
    return self->view->costs->shapes->model;
}

/* ---- groups ---- */

/* What a unit hands on: the fact of the value made last of those that are read behind it. */
static Fact handed_on(const Layers *self, const Sequence *sequence, Unit unit) {
    const Model *model = model_of(self);
    Id value = ID_NONE;
    uint32_t frame = shapes_first_frame(self->view->costs->shapes, sequence->graph);
    const Span *spans = sequence->spans.items;
    for (uint32_t i = sequence_first_span(sequence, unit.end);
         i > 0 && spans[i - 1].from >= unit.start && value == ID_NONE; i--)
        if (spans[i - 1].to >= unit.end) value = spans[i - 1].value;
    if (value == ID_NONE) {
        IdSpan outputs = node_outputs(model, sequence->nodes[unit.end - 1]);
        if (outputs.count) value = outputs.ids[0];
    }
    return value == ID_NONE || frame == FRAME_NONE ? (Fact){0}
                                                   : *shapes_fact(self->view->costs->shapes, frame, value);
}

static bool same_type(const Layers *self, Fact a, Fact b) {
    if (a.kind == TYPE_KIND_NONE || b.kind == TYPE_KIND_NONE) return true;
    if (a.kind != b.kind || a.dtype != b.dtype) return false;
    if (a.shape == SHAPE_UNKNOWN || b.shape == SHAPE_UNKNOWN || a.shape == b.shape) return true;
    if (a.kind != TYPE_KIND_TENSOR) return false;
    Shape x, y;
    shapes_get(self->view->costs->shapes, a.shape, &x);
    shapes_get(self->view->costs->shapes, b.shape, &y);
    return x.rank == y.rank && (x.rank <= 0 || memcmp(x.dims, y.dims, (size_t)x.rank * sizeof *x.dims) == 0);
}

/* How many units from the first one on hand on the same type. */
static uint32_t stage_length(const Layers *self, const Sequence *sequence, const Unit *units,
                             uint32_t count) {
    Fact first = handed_on(self, sequence, units[0]);
    uint32_t length = 1;
    while (length < count && same_type(self, first, handed_on(self, sequence, units[length]))) length++;
    return length;
}

/* Stages say something when at least half of the units are in one with others. */
static bool has_stages(const Layers *self, const Sequence *sequence, const Unit *units, uint32_t count) {
    uint32_t stages = 0, together = 0;
    for (uint32_t i = 0, length; i < count; i += length, stages++) {
        length = stage_length(self, sequence, units + i, count - i);
        if (length > 1) together += length;
    }
    return stages > 1 && 2 * together >= count;
}

static bool add_part(Layers *self, PartKind kind, Id graph, uint32_t start, uint32_t end) {
    return array_push(&self->parts,
                      (Part){.kind = kind, .graph = graph, .group = PART_NONE, .start = start, .end = end});
}

static bool add_nested(Layers *self, const Sequence *sequence, Unit unit, LayerGroup *group) {
    Chains found = {0};
    group->first_nested = self->nested.count;
    ChainFinder *finder = chain_finder_make(sequence, unit.start, unit.end);
    bool done = finder && chains_find(finder, true, &found);
    chain_finder_free(finder);
    for (uint32_t i = 0; done && i < found.chains.count; i++) {
        const Chain *chain = &found.chains.items[i];
        const Unit *units = found.units.items + chain->first_unit;
        NestedRepeat nested = {chain->count, chain->period, units[0].start, units[chain->count - 1].end,
                               chain->is_parallel};
        done = nested.end - nested.start >= unit.end - unit.start || array_push(&self->nested, nested);
    }
    group->nested_count = self->nested.count - group->first_nested;
    chains_free(&found);
    return done;
}

/* The most frequent number of nodes that compute; of those as frequent the one that comes first. */
static uint32_t usual_length(const Unit *units, uint32_t count) {
    uint32_t best = 0, most = 0;
    for (uint32_t i = 0; i < count && i < USUAL_OF; i++) {
        uint32_t length = units[i].end - units[i].start, times = 0;
        for (uint32_t k = 0; k < count && k < USUAL_OF; k++) times += units[k].end - units[k].start == length;
        if (times > most) best = length, most = times;
    }
    return best;
}

static bool add_group(Layers *self, const Sequence *sequence, uint32_t chain, const Unit *units,
                      uint32_t count) {
    LayerGroup group = {sequence->graph, chain, self->parts.count, count, usual_length(units, count), 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (!add_part(self, PART_LAYER, sequence->graph, units[i].start, units[i].end)) return false;
        self->parts.items[self->parts.count - 1].group = self->groups.count;
    }
    return add_nested(self, sequence, units[count > 1], &group) && array_push(&self->groups, group);
}

static bool add_groups(Layers *self, const Sequence *sequence, uint32_t chain, const Unit *units,
                       uint32_t count) {
    if (!has_stages(self, sequence, units, count)) return add_group(self, sequence, chain, units, count);
    for (uint32_t i = 0, length; i < count; i += length) {
        length = stage_length(self, sequence, units + i, count - i);
        if (!add_group(self, sequence, chain, units + i, length)) return false;
    }
    return true;
}

/* ---- parts of a graph ---- */

static bool add_parts(Layers *self, const Sequence *sequence, const Chains *chains) {
    uint32_t at = 0, first = self->parts.count, number = 0;
    for (uint32_t i = 0; i < chains->chains.count; i++) {
        const Chain *chain = &chains->chains.items[i];
        const Unit *units = chains->units.items + chain->first_unit;
        if (i == 0 || units->start > at)
            if (!add_part(self, i == 0 ? PART_STEM : PART_BETWEEN, sequence->graph, at, units->start))
                return false;
        if (!add_groups(self, sequence, i, units, chain->count)) return false;
        at = units[chain->count - 1].end;
    }
    if (!add_part(self, PART_HEAD, sequence->graph, at, sequence->count)) return false;
    for (uint32_t i = first; i < self->parts.count; i++) {
        Part *part = &self->parts.items[i];
        if (part->kind == PART_LAYER) part->number = ++number;
        for (uint32_t place = part->start; place < part->end; place++)
            self->part_of[sequence->nodes[place]] = i;
    }
    return true;
}

/* The part of all nodes that read what a node makes. */
static uint32_t part_of_readers(const Layers *self, Id graph, Id node) {
    const Model *model = model_of(self);
    IdSpan outputs = node_outputs(model, node);
    uint32_t part = PART_NONE;
    for (uint32_t i = 0; i < outputs.count; i++) {
        if (outputs.ids[i] == ID_NONE) continue;
        IdSpan readers = value_consumers(model, outputs.ids[i]);
        for (uint32_t r = 0; r < readers.count && part != PART_SHARED; r++) {
            Id reader = readers.ids[r];
            if (model->nodes.items[reader].graph != graph)
                reader = sequence_owner(model, graph, model->nodes.items[reader].graph);
            uint32_t other = reader == ID_NONE ? PART_NONE : self->part_of[reader];
            if (part == PART_NONE) part = other;
            else if (other != PART_NONE && other != part) part = PART_SHARED;
        }
    }
    return part;
}

/* The last part that a node reads from; `stem` when there is none. */
static uint32_t part_of_sources(const Layers *self, Id graph, Id node, uint32_t stem) {
    const Model *model = model_of(self);
    IdSpan inputs = node_inputs(model, node);
    uint32_t part = stem;
    for (uint32_t i = 0; i < inputs.count; i++) {
        Id producer = inputs.ids[i] == ID_NONE ? ID_NONE : model->values.items[inputs.ids[i]].producer;
        if (producer == ID_NONE || model->nodes.items[producer].graph != graph) continue;
        uint32_t other = self->part_of[producer];
        if (other < PART_SHARED && other > part) part = other;
    }
    return part;
}

/* Nodes that do not compute, back to front by who reads them, then front to back by what they read. */
static void assign_others(Layers *self, Id id, uint32_t stem) {
    const Model *model = model_of(self);
    const Graph *graph = &model->graphs.items[id];
    for (uint32_t i = graph->node_count; i-- > 0;) {
        Id node = graph_node_at(model, graph, i);
        if (self->part_of[node] == PART_NONE) self->part_of[node] = part_of_readers(self, id, node);
    }
    for (uint32_t i = 0; i < graph->node_count; i++) {
        Id node = graph_node_at(model, graph, i);
        if (self->part_of[node] >= PART_SHARED) self->part_of[node] = part_of_sources(self, id, node, stem);
    }
}

static bool list_nodes(Layers *self, Id id, uint32_t first_part) {
    const Model *model = model_of(self);
    const Graph *graph = &model->graphs.items[id];
    uint32_t at = self->nodes.count;
    if (!array_reserve(&self->nodes, graph->node_count)) return false;
    self->nodes.count += graph->node_count;
    for (uint32_t i = 0; i < graph->node_count; i++)
        self->parts.items[self->part_of[graph->first_node + i]].node_count++;
    for (uint32_t i = first_part; i < self->parts.count; i++) {
        self->parts.items[i].first_node = at;
        at += self->parts.items[i].node_count;
        self->parts.items[i].node_count = 0;
    }
    for (uint32_t i = 0; i < graph->node_count; i++) {
        Id node = graph_node_at(model, graph, i);
        Part *part = &self->parts.items[self->part_of[node]];
        self->nodes.items[part->first_node + part->node_count++] = node;
    }
    return true;
}

/* ---- the whole ---- */

static bool split_graph(Layers *self, ChainFinder *finder, Sequence *sequence) {
    Chains chains = {0};
    uint32_t first_part = self->parts.count;
    bool done = chains_find(finder, false, &chains);
    if (done && chains.chains.count) {
        done = add_parts(self, sequence, &chains);
        if (done) assign_others(self, sequence->graph, first_part);
        done =
            done && list_nodes(self, sequence->graph, first_part) && array_push(&self->sequences, *sequence);
        if (done) *sequence = (Sequence){0}; /* the array has it now */
    }
    chains_free(&chains);
    return done;
}

static bool search_graph(Layers *self, Id graph, const CapturedArray *captures) {
    Sequence sequence;
    bool done = sequence_make(self->view, graph, captures, &sequence);
    if (done && sequence.count > 1) {
        ChainFinder *finder = chain_finder_make(&sequence, 0, sequence.count);
        done = finder && split_graph(self, finder, &sequence);
        chain_finder_free(finder);
    }
    sequence_free(&sequence);
    return done;
}

static void find_entries(Layers *self) {
    const Shapes *shapes = self->view->costs->shapes;
    for (Id graph = 0; graph < shapes->model->graphs.count; graph++) self->entries[graph] = ID_NONE;
    for (uint32_t i = 0; i < shapes->frames.count; i++) {
        const Frame *frame = &shapes->frames.items[i];
        bool is_first = shapes_first_frame(shapes, frame->graph) == i;
        self->entries[frame->graph] = is_first ? frame->node : ID_NONE;
    }
}

static bool layers_make(Layers *self) {
    const Model *model = model_of(self);
    CapturedArray captures = {0};
    self->part_of = malloc((model->node_count + (size_t)1) * sizeof *self->part_of);
    self->entries = malloc((model->graphs.count + (size_t)1) * sizeof *self->entries);
    if (!self->part_of || !self->entries) return false;
    memset(self->part_of, 0xff, model->node_count * sizeof *self->part_of);
    find_entries(self);
    bool done = sequence_captures(self->view, &captures);
    for (Id graph = 0; done && graph < model->graphs.count; graph++)
        if (model->graphs.items[graph].node_count > 1) done = search_graph(self, graph, &captures);
    array_free(&captures);
    return done;
}

Layers *layers_find(const View *view, Error *err) {
    Layers *self = calloc(1, sizeof *self);
    if (self) {
        self->view = view;
        if (layers_make(self)) return self;
    }
    layers_free(self);
    error_memory(err, "the model's layers");
    return NULL;
}

void layers_free(Layers *self) {
    if (!self) return;
    for (uint32_t i = 0; i < self->sequences.count; i++) sequence_free(&self->sequences.items[i]);
    array_free(&self->sequences);
    array_free(&self->groups);
    array_free(&self->parts);
    array_free(&self->nested);
    array_free(&self->nodes);
    free(self->part_of);
    free(self->entries);
    free(self->sums);
    free(self);
}

/* ---- questions ---- */

const Sequence *layers_sequence(const Layers *self, Id graph) {
    uint32_t low = 0, high = self->sequences.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->sequences.items[middle].graph < graph) low = middle + 1;
        else high = middle;
    }
    return low < self->sequences.count && self->sequences.items[low].graph == graph
               ? &self->sequences.items[low]
               : NULL;
}

uint32_t layers_first_part(const Layers *self, Id graph) {
    uint32_t low = 0, high = self->parts.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->parts.items[middle].graph < graph) low = middle + 1;
        else high = middle;
    }
    return low;
}

uint32_t layers_part(const Layers *self, Id node) {
    const Model *model = model_of(self);
    /* Graphs nest to a limit, and so do calls that were followed. */
    for (uint32_t depth = 0; node < model->node_count && depth < 1024; depth++) {
        if (self->part_of[node] != PART_NONE) return self->part_of[node];
        const Graph *graph = &model->graphs.items[model->nodes.items[node].graph];
        Id entry = self->entries[model->nodes.items[node].graph];
        node = graph->kind == GRAPH_KIND_SUBGRAPH ? graph->owner : entry;
    }
    return PART_NONE;
}

static bool is_inside(const Layers *self, Id value, uint32_t part) {
    Id producer = model_of(self)->values.items[value].producer;
    return producer != ID_NONE && self->part_of[producer] == part;
}

static bool leaves(const Layers *self, Id value, uint32_t part) {
    const Model *model = model_of(self);
    Id graph = self->parts.items[part].graph;
    IdSpan readers = value_consumers(model, value);
    if (model->values.items[value].is_output) return true;
    for (uint32_t i = 0; i < readers.count; i++) {
        Id reader = readers.ids[i];
        if (model->nodes.items[reader].graph != graph)
            reader = sequence_owner(model, graph, model->nodes.items[reader].graph);
        if (reader != ID_NONE && self->part_of[reader] != part) return true;
    }
    return false;
}

static int compare_ids(const void *a, const void *b) {
    Id x = *(const Id *)a, y = *(const Id *)b;
    return (x > y) - (x < y);
}

static void drop_double_ids(IdArray *ids) {
    uint32_t kept = 0;
    if (ids->count) qsort(ids->items, ids->count, sizeof *ids->items, compare_ids);
    for (uint32_t i = 0; i < ids->count; i++)
        if (kept == 0 || ids->items[i] != ids->items[kept - 1]) ids->items[kept++] = ids->items[i];
    ids->count = kept;
}

bool layers_values(const Layers *self, uint32_t part, bool is_output, IdArray *values) {
    const Model *model = model_of(self);
    IdSpan nodes = layers_nodes(self, part);
    values->count = 0;
    for (uint32_t n = 0; n < nodes.count; n++) {
        IdSpan ids = is_output ? node_outputs(model, nodes.ids[n]) : node_inputs(model, nodes.ids[n]);
        for (uint32_t i = 0; i < ids.count; i++) {
            Id value = ids.ids[i];
            if (value == ID_NONE || view_is_constant(self->view, value)) continue;
            if (is_output ? !leaves(self, value, part) : is_inside(self, value, part)) continue;
            if (!array_push(values, value)) return false;
        }
    }
    drop_double_ids(values);
    return true;
}

/* Nodes of graphs without parts go with the node that enters the graph; where none does, they are in no part. */
static uint32_t cost_group(const Layers *self, Id node) {
    const Model *model = model_of(self);
    GraphKind kind = model->graphs.items[model->nodes.items[node].graph].kind;
    if (self->part_of[node] != PART_NONE) return self->part_of[node];
    return kind == GRAPH_KIND_SUBGRAPH || kind == GRAPH_KIND_FUNCTION ? COST_GROUP_ENTERING
                                                                      : self->parts.count;
}

const CostSum *layers_costs(Layers *self, Costs *costs, Error *err) {
    const Model *model = model_of(self);
    if (self->sums) return self->sums;
    uint32_t *groups = malloc((model->node_count + (size_t)1) * sizeof *groups);
    CostSum *sums = malloc((self->parts.count + (size_t)2) * sizeof *sums);
    for (Id node = 0; groups && node < model->node_count; node++) groups[node] = cost_group(self, node);
    bool done = groups && sums ? costs_sum(costs, groups, self->parts.count + 1, sums, err)
                               : error_memory(err, "layers");
    free(groups);
    if (!done) free(sums);
    else self->sums = sums;
    return self->sums;
}
