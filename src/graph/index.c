#include "graph/index.h"

#include <string.h>

static bool fill_none(IdArray *array, uint32_t count) {
    if (!array_reserve(array, count)) return false;
    if (count) memset(array->items, 0xff, count * sizeof(Id));
    array->count = count;
    return true;
}

/* Walking ids downwards leaves every chain in ascending order. */
static bool index_nodes(NameIndex *index) {
    const Model *model = index->model;
    if (!interner_init(&index->node_names) || !fill_none(&index->next_node, model->node_count)) return false;
    if (!array_reserve(&index->has_namesake, model->node_count)) return false;
    for (Id node = model->node_count; node-- > 0;) {
        Symbol name = interner_add(&index->node_names, model_text(model, model->nodes.items[node].name));
        if (name == SYMBOL_NONE) return false;
        while (index->first_node.count <= name)
            if (!array_push(&index->first_node, ID_NONE)) return false;
        Id next = index->first_node.items[name];
        /* A graph's nodes have neighbouring ids, so its namesakes are neighbours in the chain. */
        bool shared = next != ID_NONE && model->nodes.items[next].graph == model->nodes.items[node].graph;
        index->has_namesake.items[node] = shared;
        if (shared) index->has_namesake.items[next] = true;
        index->next_node.items[node] = next;
        index->first_node.items[name] = node;
    }
    return true;
}

static bool index_values(NameIndex *index) {
    const Model *model = index->model;
    if (!fill_none(&index->first_value, model->text.names.count)) return false;
    if (!fill_none(&index->next_value, model->value_count)) return false;
    for (Id value = model->value_count; value-- > 0;) {
        Symbol name = model->values.items[value].name;
        index->next_value.items[value] = index->first_value.items[name];
        index->first_value.items[name] = value;
    }
    return true;
}

bool index_init(NameIndex *index, const Model *model, Error *err) {
    *index = (NameIndex){.model = model};
    if (index_nodes(index) && index_values(index)) return true;
    index_free(index);
    return error_memory(err, "the index of names");
}

void index_free(NameIndex *index) {
    interner_free(&index->node_names);
    array_free(&index->first_node);
    array_free(&index->next_node);
    array_free(&index->has_namesake);
    array_free(&index->first_value);
    array_free(&index->next_value);
}

static Id find(const Interner *names, const IdArray *first, const IdArray *next, Bytes name,
               uint32_t *count) {
    *count = 0;
    Symbol symbol = interner_find(names, name);
    Id found = symbol == SYMBOL_NONE || symbol >= first->count ? ID_NONE : first->items[symbol];
    for (Id id = found; id != ID_NONE; id = next->items[id]) ++*count;
    return found;
}

Id index_find_node(const NameIndex *index, Bytes name, uint32_t *count) {
    return find(&index->node_names, &index->first_node, &index->next_node, name, count);
}

Id index_find_value(const NameIndex *index, Bytes name, uint32_t *count) {
    return find(&index->model->text, &index->first_value, &index->next_value, name, count);
}

Id index_find_scoped(const NameIndex *index, Id graph, Bytes name) {
    uint32_t count;
    Id first = index_find_value(index, name, &count);
    for (; graph != ID_NONE; graph = index->model->graphs.items[graph].parent)
        for (Id value = first; value != ID_NONE; value = index->next_value.items[value])
            if (index->model->values.items[value].graph == graph) return value;
    return ID_NONE;
}
