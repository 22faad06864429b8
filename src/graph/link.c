#include <string.h>

#include "graph/load.h"

/* Ids of values and symbols share the 32-bit arrays node_inputs and node_outputs: symbols while a graph is
 * read, value ids afterwards. */

/* ---- pass one: the values of a graph ---- */

static bool grow_scope(Loader *l) {
    uint32_t count = l->model->text.names.count;
    if (count <= l->scope.count) return true;
    if (!array_reserve(&l->scope, count - l->scope.count)) return load_out_of_memory(l);
    memset(l->scope.items + l->scope.count, 0xff, (count - l->scope.count) * sizeof(Id));
    l->scope.count = count;
    return true;
}

/* The value of this very graph with a name, ID_NONE when it has none. */
static Id own_value(const Loader *l, Id graph, Symbol name) {
    Id value = l->scope.items[name];
    return value != ID_NONE && l->model->values.items[value].graph == graph ? value : ID_NONE;
}

static bool value_problem(Loader *l, DiagnosticCode code, Id graph, Id node, Id value, uint64_t offset,
                          const char *before, Symbol name, const char *after) {
    DiagnosticPlace place = {
        .graph = graph, .node = node, .value = value, .tensor = ID_NONE, .offset = offset};
    return diagnose(l->model, code, place, "%s%s%s", before, quote(model_name(l->model, name)).text, after) ||
           load_out_of_memory(l);
}

/* Appends a value that has a name and a graph so far, NULL when memory runs out. */
static Value *new_value(Loader *l, Symbol name, Id graph) {
    Model *model = l->model;
    if (!array_reserve(&model->values, 1)) {
        load_out_of_memory(l);
        return NULL;
    }
    Value *value = &model->values.items[model->values.count++];
    *value = (Value){.name = name,
                     .graph = graph,
                     .producer = ID_NONE,
                     .tensor = ID_NONE,
                     .type = ID_NONE,
                     .info = ID_NONE};
    return value;
}

/* Enters the value appended last among the names of its graph. */
static bool define_value(Loader *l, uint64_t offset, Id *id) {
    Model *model = l->model;
    *id = model->values.count - 1;
    Value *value = &model->values.items[*id];
    if (value->name == SYMBOL_EMPTY)
        return value_problem(l, DIAGNOSTIC_UNNAMED_VALUE, value->graph, ID_NONE, *id, offset,
                             value->is_input ? "a graph input has the name " : "an initializer has the name ",
                             value->name, "");
    value->is_duplicate = own_value(l, value->graph, value->name) != ID_NONE;
    if (value->is_duplicate)
        return value_problem(l, DIAGNOSTIC_DUPLICATE_VALUE, value->graph, value->producer, *id, offset,
                             "value ", value->name, " is defined twice, the first definition counts");
    l->scope.items[value->name] = *id;
    return true;
}

static bool define_inputs(Loader *l, Id graph) {
    Model *model = l->model;
    List list = {model->lists.count, l->inputs.count};
    for (uint32_t i = 0; i < l->inputs.count; i++) {
        const Declaration *input = &l->inputs.items[i];
        Value *value = new_value(l, input->name, graph);
        if (!value) return false;
        value->type = input->type;
        value->info = input->info;
        value->is_input = true;
        Id id;
        if (!define_value(l, input->offset, &id) || !LOAD_PUSH(l, &model->lists, id)) return false;
    }
    model->graphs.items[graph].inputs = list;
    return true;
}

/* An initializer named like an input is that input's default. */
static bool define_initializers(Loader *l, Id graph) {
    Model *model = l->model;
    for (uint32_t i = 0; i < l->initializers.count; i++) {
        Id tensor = l->initializers.items[i], id = ID_NONE;
        Symbol name = model->tensors.items[tensor].name;
        if (name != SYMBOL_EMPTY) id = own_value(l, graph, name);
        if (id != ID_NONE && model->values.items[id].tensor == ID_NONE) {
            model->values.items[id].tensor = tensor;
            model->tensors.items[tensor].value = id;
            continue;
        }
        Value *value = new_value(l, name, graph);
        if (!value) return false;
        value->tensor = tensor;
        if (!define_value(l, model->tensors.items[tensor].range.offset, &id)) return false;
        model->tensors.items[tensor].value = id;
    }
    return load_list(l, l->initializers.items, l->initializers.count,
                     &model->graphs.items[graph].initializers);
}

static bool define_node_outputs(Loader *l, Id graph) {
    Model *model = l->model;
    const Graph *g = &model->graphs.items[graph];
    Id end = g->first_node + g->node_count;
    for (Id node = g->first_node; node < end; node++) {
        uint32_t last =
            node + 1 < end ? model->nodes.items[node + 1].first_output : model->node_outputs.count;
        for (uint32_t i = model->nodes.items[node].first_output; i < last; i++) {
            Id *output = &model->node_outputs.items[i];
            if (*output == SYMBOL_EMPTY) {
                *output = ID_NONE;
                continue;
            }
            Value *value = new_value(l, *output, graph);
            if (!value) return false;
            value->producer = node;
            if (!define_value(l, model->nodes.items[node].offset, output)) return false;
        }
    }
    return true;
}

/* Declared types go to the values they name. A graph output may be an outer graph's value: that is found
 * when linking. */
static bool attach_types(Loader *l, Id graph) {
    Model *model = l->model;
    for (uint32_t i = 0; i < l->outputs.count + l->value_infos.count; i++) {
        bool is_output = i < l->outputs.count;
        const Declaration *declaration =
            is_output ? &l->outputs.items[i] : &l->value_infos.items[i - l->outputs.count];
        Id id = own_value(l, graph, declaration->name);
        if (id != ID_NONE) {
            Value *value = &model->values.items[id];
            if (value->type == ID_NONE) value->type = declaration->type;
            if (value->info == ID_NONE) value->info = declaration->info;
        } else if (!is_output && !value_problem(l, DIAGNOSTIC_UNUSED_TYPE, graph, ID_NONE, ID_NONE,
                                                declaration->offset, "a type is declared for ",
                                                declaration->name, ", which this graph does not have")) {
            return false;
        }
    }
    return true;
}

/* Outputs stay symbols until link_outputs. */
static bool note_outputs(Loader *l, Id graph) {
    Model *model = l->model;
    List list = {model->lists.count, l->outputs.count};
    for (uint32_t i = 0; i < l->outputs.count; i++)
        if (!LOAD_PUSH(l, &model->lists, l->outputs.items[i].name)) return false;
    model->graphs.items[graph].outputs = list;
    return true;
}

bool load_define_values(Loader *l, Id graph) {
    if (!grow_scope(l)) return false;
    l->model->graphs.items[graph].first_value = l->model->values.count;
    if (!define_inputs(l, graph) || !define_initializers(l, graph) || !define_node_outputs(l, graph))
        return false;
    Graph *g = &l->model->graphs.items[graph];
    g->value_count = l->model->values.count - g->first_value;
    return attach_types(l, graph) && note_outputs(l, graph);
}

/* ---- pass two: what names stand for ---- */

static bool set_scope(Loader *l, Symbol name, Id value) {
    Shadow shadow = {name, l->scope.items[name]};
    l->scope.items[name] = value;
    return LOAD_PUSH(l, &l->undo, shadow);
}

static bool enter_graph(Loader *l, Id graph) {
    Model *model = l->model;
    const Graph *g = &model->graphs.items[graph];
    for (Id id = g->first_value; id < g->first_value + g->value_count; id++) {
        const Value *value = &model->values.items[id];
        if (value->is_duplicate || value->name == SYMBOL_EMPTY) continue;
        if (l->scope.items[value->name] != ID_NONE &&
            !value_problem(l, DIAGNOSTIC_SHADOWED_VALUE, graph, value->producer, id, ERROR_NO_OFFSET,
                           "value ", value->name, " hides the value of that name in an outer graph"))
            return false;
        if (!set_scope(l, value->name, id)) return false;
    }
    return true;
}

static void leave_graph(Loader *l, uint32_t mark) {
    while (l->undo.count > mark) {
        Shadow shadow = l->undo.items[--l->undo.count];
        l->scope.items[shadow.name] = shadow.value;
    }
}

/* A value of an outer graph is read by the node whose subgraph this is, as far as order is concerned. */
static bool note_capture(Loader *l, Id graph, Id value) {
    Model *model = l->model;
    Id home = model->values.items[value].graph;
    Id owner = ID_NONE;
    while (graph != home && graph != ID_NONE) {
        owner = model->graphs.items[graph].owner;
        graph = model->graphs.items[graph].parent;
    }
    return owner == ID_NONE || LOAD_PUSH(l, &l->captures, (Capture){owner, value});
}

/* Turns the symbol in *slot into the id of the value it stands for; makes one for a name nothing defines. */
static bool link_name(Loader *l, Id graph, Id node, uint64_t offset, const char *what, Id *slot) {
    Model *model = l->model;
    Symbol name = *slot;
    if (name == SYMBOL_EMPTY) {
        *slot = ID_NONE;
        return true;
    }
    Id value = l->scope.items[name];
    if (value == ID_NONE) {
        value = model->values.count;
        Value *undefined = new_value(l, name, graph);
        if (!undefined || !set_scope(l, name, value)) return false;
        undefined->is_undefined = true;
        if (!value_problem(l, DIAGNOSTIC_UNDEFINED_VALUE, graph, node, value, offset, what, name,
                           " is defined nowhere"))
            return false;
    }
    *slot = value;
    return model->values.items[value].graph == graph || note_capture(l, graph, value);
}

/* An input of a node: counted for its value's consumers; the first that is read before it is made is noted. */
static bool link_input(Loader *l, Id graph, Id node, Id *slot) {
    Model *model = l->model;
    if (!link_name(l, graph, node, model->nodes.items[node].offset, "input ", slot)) return false;
    if (*slot == ID_NONE) return true;
    Value *value = &model->values.items[*slot];
    value->first_consumer++;
    bool is_forward = value->producer != ID_NONE && value->producer >= node && value->graph == graph;
    if (is_forward && l->forward.items[graph] == ID_NONE) l->forward.items[graph] = *slot;
    return true;
}

static bool link_graph(Loader *l, Id graph) {
    Model *model = l->model;
    const Graph *g = &model->graphs.items[graph];
    for (Id node = g->first_node; node < g->first_node + g->node_count; node++) {
        const Node *n = &model->nodes.items[node];
        for (uint32_t i = n[0].first_input; i < n[1].first_input; i++)
            if (!link_input(l, graph, node, &model->node_inputs.items[i])) return false;
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        Id *output = &model->lists.items[g->outputs.first + i];
        if (*output == SYMBOL_EMPTY &&
            !value_problem(l, DIAGNOSTIC_UNNAMED_VALUE, graph, ID_NONE, ID_NONE, g->range.offset,
                           "a graph output has the name ", SYMBOL_EMPTY, ""))
            return false;
        if (!link_name(l, graph, ID_NONE, g->range.offset, "graph output ", output)) return false;
        if (*output != ID_NONE && model->values.items[*output].graph == graph)
            model->values.items[*output].is_output = true;
    }
    return true;
}

/* Depth-first over the tree of graphs, so that a subgraph sees exactly the names of the graphs around it. */
static bool link_tree(Loader *l, Id root, const Id *child, const Id *sibling) {
    struct {
        Id next;
        uint32_t mark;
    } stack[MODEL_DEPTH_LIMIT + 2]; /* one more than depths: training graphs stand below the main graph */
    unsigned depth = 0;
    for (Id graph = root;; depth++) {
        stack[depth].next = child[graph];
        stack[depth].mark = l->undo.count;
        if (!enter_graph(l, graph) || !link_graph(l, graph)) return false;
        while (stack[depth].next == ID_NONE) {
            leave_graph(l, stack[depth].mark);
            if (depth == 0) return true;
            depth--;
        }
        graph = stack[depth].next;
        stack[depth].next = sibling[graph];
    }
}

static bool link_scopes(Loader *l) {
    Model *model = l->model;
    uint32_t count = model->graphs.count;
    IdArray tree = {0};
    if (!grow_scope(l)) return false;
    if (!array_reserve(&l->forward, count)) return load_out_of_memory(l);
    memset(l->forward.items, 0xff, count * sizeof(Id));
    if (count == 1) return link_graph(l, 0); /* the scope still is what reading the one graph made it */
    if (!array_reserve(&tree, (uint64_t)count * 2)) return load_out_of_memory(l);
    Id *child = tree.items, *sibling = tree.items + count;
    memset(tree.items, 0xff, 2 * (size_t)count * sizeof(Id));
    for (Id id = count; id-- > 0;) {
        Id parent = model->graphs.items[id].parent;
        if (parent == ID_NONE) continue;
        sibling[id] = child[parent];
        child[parent] = id;
    }
    memset(l->scope.items, 0xff, l->scope.count * sizeof(Id));
    bool done = true;
    for (Id root = 0; done && root < count; root++)
        if (model->graphs.items[root].parent == ID_NONE) done = link_tree(l, root, child, sibling);
    array_free(&tree);
    return done;
}

/* ---- consumers ---- */

/* Turns the counts of link_input into places: first to each end, then filling backwards down to each start. */
static bool link_consumers(Loader *l) {
    Model *model = l->model;
    model->value_count = model->values.count;
    array_free(&l->scope); /* names are done with */
    if (!LOAD_PUSH(l, &model->values, (Value){0})) return false;
    uint32_t end = 0;
    for (uint32_t v = 0; v <= model->value_count; v++) end = model->values.items[v].first_consumer += end;
    if (!array_reserve(&model->consumers, end)) return load_out_of_memory(l);
    model->consumers.count = end;
    Id *consumers = model->consumers.items;
    Value *values = model->values.items;
    for (Id node = model->node_count; node-- > 0;) {
        IdSpan inputs = node_inputs(model, node);
        for (uint32_t i = 0; i < inputs.count; i++)
            if (inputs.ids[i] != ID_NONE) consumers[--values[inputs.ids[i]].first_consumer] = node;
    }
    return true;
}

bool link_model(Loader *l) {
    return link_scopes(l) && link_consumers(l) && order_graphs(l) && check_opsets(l);
}
