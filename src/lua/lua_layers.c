/* Part: a layer, or the stem, the head, what is between groups of layers. LayerGroup: layers in a row that do the same. */
#include "lua/lua_layers.h"

#include "lua/lua_cost.h"
#include "lua/lua_guard.h"
#include "lua/lua_match.h"
#include "match/layer_differences.h"
#include "ops/schema.h"

Layers *lua_layers(lua_State *L, int model) {
    LuaModel *owner = lua_touserdata(L, model);
    if (owner->layers) return owner->layers;
    const View *view = lua_view(L, model, false);
    guard_spend(L, (uint64_t)owner->model->node_count * 200);
    owner->layers = layers_find(view, &owner->err);
    if (!owner->layers) object_raise(L, &owner->err);
    return owner->layers;
}

/* ---- parts ---- */

static const Part *self_part(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->layers->parts.items[handle->id];
}

static int part_get_kind(lua_State *L) {
    static const char *const names[] = {"stem", "layer", "between", "head"};
    lua_pushstring(L, names[self_part(L)->kind]);
    return 1;
}

/* "stem", "layer 3", "between", "head". */
static int part_get_name(lua_State *L) {
    const Part *part = self_part(L);
    if (part->kind != PART_LAYER) return part_get_kind(L);
    lua_pushfstring(L, "layer %I", (lua_Integer)part->number);
    return 1;
}

static int part_get_number(lua_State *L) {
    const Part *part = self_part(L);
    if (part->kind == PART_LAYER) lua_pushinteger(L, part->number);
    else lua_pushnil(L);
    return 1;
}

static int part_get_group(lua_State *L) {
    uint32_t group = self_part(L)->group;
    object_push(L, object_push_model(L, 1), OBJECT_GROUP, group);
    return 1;
}

static int part_get_graph(lua_State *L) {
    Id graph = self_part(L)->graph;
    object_push(L, object_push_model(L, 1), OBJECT_GRAPH, graph);
    return 1;
}

static int part_get_compute(lua_State *L) {
    const Part *part = self_part(L);
    lua_pushinteger(L, part->end - part->start);
    return 1;
}

static int part_get_nodes(lua_State *L) {
    const Handle *handle = object_self(L);
    object_push_list(L, object_push_model(L, 1), OBJECT_NODE,
                     layers_nodes(handle->owner->layers, handle->id));
    return 1;
}

static int part_get_size(lua_State *L) {
    lua_pushinteger(L, self_part(L)->node_count);
    return 1;
}

/* Of the nodes that compute, in execution order; of the others where none does. */
static int push_node_of_part(lua_State *L, bool is_last) {
    const Handle *handle = object_self(L);
    const Layers *layers = handle->owner->layers;
    IdSpan nodes = layers_nodes(layers, handle->id);
    Id node = nodes.count == 0 ? ID_NONE : nodes.ids[is_last ? nodes.count - 1 : 0];
    for (uint32_t i = 0; i < nodes.count; i++) {
        Id next = nodes.ids[is_last ? nodes.count - 1 - i : i];
        if (layers->view->classes[next] != NODE_CLASS_COMPUTE) continue;
        node = next;
        break;
    }
    object_push(L, object_push_model(L, 1), OBJECT_NODE, node);
    return 1;
}

static int part_get_first(lua_State *L) {
    return push_node_of_part(L, false);
}

static int part_get_last(lua_State *L) {
    return push_node_of_part(L, true);
}

/* Where ids live while Lua may raise. */
static const char IDS_TYPE[] = "onnxdoc.Ids";

static int ids_collect(lua_State *L) {
    IdArray *ids = lua_touserdata(L, 1);
    array_free(ids);
    return 0;
}

static int push_values_of_part(lua_State *L, bool is_output) {
    const Handle *handle = object_self(L);
    const Layers *layers = handle->owner->layers;
    guard_spend(L, layers->parts.items[handle->id].node_count * (uint64_t)20);
    IdArray *ids = lua_newuserdatauv(L, sizeof *ids, 0);
    *ids = (IdArray){0};
    luaL_setmetatable(L, IDS_TYPE);
    if (!layers_values(layers, handle->id, is_output, ids)) return luaL_error(L, "out of memory");
    object_push_list(L, object_push_model(L, 1), OBJECT_VALUE, (IdSpan){ids->items, ids->count});
    return 1;
}

static int part_get_inputs(lua_State *L) {
    return push_values_of_part(L, false);
}

static int part_get_outputs(lua_State *L) {
    return push_values_of_part(L, true);
}

/* What parts cost; `model` is the stack index of the Model userdata. */
static const CostSum *part_sums(lua_State *L, int model) {
    LuaModel *owner = lua_touserdata(L, model);
    Layers *layers = lua_layers(L, model);
    if (!layers->sums) guard_spend(L, (uint64_t)owner->model->node_count * 50);
    const CostSum *sums = layers_costs(layers, lua_costs(L, model), &owner->err);
    if (!sums) object_raise(L, &owner->err);
    return sums;
}

static int part_get_cost(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    const CostSum *sums = part_sums(L, model);
    part_get_name(L);
    lua_cost_push_sum(L, model, &sums[handle->id]);
    return 1;
}

static int part_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, PART_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "Part (of a closed model)");
        return 1;
    }
    lua_pushliteral(L, "Part ");
    part_get_name(L);
    lua_pushfstring(L, ", %I nodes", (lua_Integer)self_part(L)->node_count);
    lua_concat(L, 3);
    return 1;
}

/* ---- groups ---- */

static const LayerGroup *self_group(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->layers->groups.items[handle->id];
}

static int group_get_count(lua_State *L) {
    lua_pushinteger(L, self_group(L)->count);
    return 1;
}

static int group_get_compute(lua_State *L) {
    lua_pushinteger(L, self_group(L)->compute);
    return 1;
}

static int group_get_chain(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)self_group(L)->chain + 1);
    return 1;
}

static int group_get_graph(lua_State *L) {
    Id graph = self_group(L)->graph;
    object_push(L, object_push_model(L, 1), OBJECT_GRAPH, graph);
    return 1;
}

/* Nodes of one layer: a number when all layers have as many, else {least, most}. */
static int group_get_nodes(lua_State *L) {
    const LayerGroup *group = self_group(L);
    const Part *parts = object_self(L)->owner->layers->parts.items + group->first_part;
    uint32_t least = parts->node_count, most = parts->node_count;
    for (uint32_t i = 1; i < group->count; i++) {
        if (parts[i].node_count < least) least = parts[i].node_count;
        if (parts[i].node_count > most) most = parts[i].node_count;
    }
    if (least == most) {
        lua_pushinteger(L, least);
        return 1;
    }
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, least);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, most);
    lua_rawseti(L, -2, 2);
    return 1;
}

/* Pushes the parts [first, first + count). */
static void push_parts(lua_State *L, int model, uint32_t first, uint32_t count) {
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        object_push(L, model, OBJECT_PART, first + i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static int group_get_layers(lua_State *L) {
    const LayerGroup *group = self_group(L);
    push_parts(L, object_push_model(L, 1), group->first_part, group->count);
    return 1;
}

/* A list of {count, compute, is_parallel, first, last}: what repeats inside of a layer, as seen in the second one. */
static int group_get_nested(lua_State *L) {
    const LayerGroup *group = self_group(L);
    const Layers *layers = object_self(L)->owner->layers;
    const Sequence *sequence = layers_sequence(layers, group->graph);
    int model = object_push_model(L, 1);
    lua_createtable(L, (int)group->nested_count, 0);
    for (uint32_t i = 0; i < group->nested_count; i++) {
        const NestedRepeat *nested = &layers->nested.items[group->first_nested + i];
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, nested->count);
        lua_setfield(L, -2, "count");
        lua_pushinteger(L, nested->compute);
        lua_setfield(L, -2, "compute");
        lua_pushboolean(L, nested->is_parallel);
        lua_setfield(L, -2, "is_parallel");
        object_push(L, model, OBJECT_NODE, sequence->nodes[nested->start]);
        lua_setfield(L, -2, "first");
        object_push(L, model, OBJECT_NODE, sequence->nodes[nested->end - 1]);
        lua_setfield(L, -2, "last");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- differences ---- */

/* Where differences live while Lua may raise. */
static const char DIFFERENCES_TYPE[] = "onnxdoc.LayerDifferences";

static int differences_collect(lua_State *L) {
    LayerDifferenceArray *differences = lua_touserdata(L, 1);
    array_free(differences);
    return 0;
}

/* Pushes what an input is called: its formal name, else its number from 1. */
static void push_input_name(lua_State *L, const Model *model, Id node, uint32_t position) {
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    Schema schema;
    Formal formal;
    if (schema_find(model_name(model, operation->domain), model_name(model, operation->op_type),
                    node_opset(model, node), &schema))
        for (uint32_t i = 0; schema_next_formal(&schema.inputs, &formal); i++)
            if (i == position && formal.option != FORMAL_VARIADIC) {
                object_push_bytes(L, formal.name);
                return;
            }
    lua_pushinteger(L, (lua_Integer)position + 1);
}

/* "attribute axis", "shape of input B", "extra node", ... */
static void push_what(lua_State *L, const Model *model, const LayerDifference *difference) {
    static const char *const words[] = {"extra node",       "missing node",    "attribute ",
                                        "dtype of input ",  "shape of input ", "value of input ",
                                        "source of input ", "function"};
    lua_pushstring(L, words[difference->kind]);
    if (difference->kind == LAYER_DIFFERS_ATTRIBUTE) object_push_symbol(L, model, difference->attribute);
    else if (difference->kind >= LAYER_DIFFERS_DTYPE && difference->kind <= LAYER_DIFFERS_SOURCE)
        push_input_name(L, model, difference->node, difference->position);
    else return;
    lua_concat(L, 2);
}

/* What is at one side of a difference: an attribute's value, a field of the input, where it comes from, the operator. */
static void push_side(lua_State *L, int model_index, const LayerDifference *difference, Id node) {
    static const char *const fields[] = {[LAYER_DIFFERS_DTYPE] = "dtype",
                                         [LAYER_DIFFERS_SHAPE] = "shape",
                                         [LAYER_DIFFERS_VALUE] = "known",
                                         [LAYER_DIFFERS_SOURCE] = "producer"};
    const Model *model = ((LuaModel *)lua_touserdata(L, model_index))->model;
    if (node == ID_NONE) {
        lua_pushnil(L);
        return;
    }
    if (difference->kind == LAYER_DIFFERS_ATTRIBUTE) {
        const Attribute *attribute = node_attribute(model, node, difference->attribute);
        if (attribute) attribute_push(L, model_index, attribute);
        else lua_pushnil(L);
        return;
    }
    bool is_of_input = difference->kind >= LAYER_DIFFERS_DTYPE && difference->kind <= LAYER_DIFFERS_SOURCE;
    if (is_of_input)
        object_push(L, model_index, OBJECT_VALUE, node_inputs(model, node).ids[difference->position]);
    else object_push(L, model_index, OBJECT_NODE, node);
    lua_getfield(L, -1, is_of_input ? fields[difference->kind] : "op");
    lua_remove(L, -2);
}

static void push_difference(lua_State *L, int model_index, const LayerDifference *difference) {
    const Model *model = ((LuaModel *)lua_touserdata(L, model_index))->model;
    lua_createtable(L, 0, 6);
    object_push(L, model_index, OBJECT_PART, difference->part);
    lua_setfield(L, -2, "layer");
    object_push(L, model_index, OBJECT_NODE, difference->node);
    lua_setfield(L, -2, "node");
    object_push(L, model_index, OBJECT_NODE, difference->other);
    lua_setfield(L, -2, "other_node");
    push_what(L, model, difference);
    lua_setfield(L, -2, "what");
    push_side(L, model_index, difference, difference->node);
    lua_setfield(L, -2, "value");
    push_side(L, model_index, difference, difference->other);
    lua_setfield(L, -2, "other");
}

/* Comparing layers takes longest where they differ in many nodes. */
static void spend_comparison(lua_State *L, const Layers *layers, const LayerGroup *group) {
    const Part *parts = layers->parts.items + group->first_part;
    uint64_t compute = 0;
    for (uint32_t i = 0; i < group->count; i++) compute += parts[i].end - parts[i].start;
    guard_spend(L, compute * 50);
}

/* A list of {layer, node, other_node, what, value, other}; its field `like` is the layer that the others are compared with,
 * `omitted` how many are not listed, where some are not. */
static int group_get_differences(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    LayerDifferenceArray *differences = lua_newuserdatauv(L, sizeof *differences, 0);
    *differences = (LayerDifferenceArray){0};
    luaL_setmetatable(L, DIFFERENCES_TYPE);
    uint32_t reference, omitted;
    spend_comparison(L, handle->owner->layers, self_group(L));
    if (!layer_differences(handle->owner->layers, handle->id, &reference, differences, &omitted))
        return luaL_error(L, "out of memory");
    lua_createtable(L, (int)differences->count, 2);
    object_push(L, model, OBJECT_PART, reference);
    lua_setfield(L, -2, "like");
    if (omitted) lua_pushinteger(L, omitted), lua_setfield(L, -2, "omitted");
    for (uint32_t i = 0; i < differences->count; i++) {
        push_difference(L, model, &differences->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int group_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, GROUP_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "LayerGroup (of a closed model)");
        return 1;
    }
    const LayerGroup *group = self_group(L);
    lua_pushfstring(L, "LayerGroup %I layers", (lua_Integer)group->count);
    return 1;
}

/* ---- models, graphs, nodes ---- */

/* Sets stem, head and between, those of the main graph, in the table at the top. */
static void set_main_parts(lua_State *L, const Layers *layers) {
    lua_Integer between = 0;
    lua_newtable(L);
    for (uint32_t i = 0; i < layers->parts.count && layers->parts.items[i].graph == 0; i++) {
        PartKind kind = layers->parts.items[i].kind;
        if (kind == PART_LAYER) continue;
        object_push(L, 1, OBJECT_PART, i);
        if (kind == PART_BETWEEN) lua_rawseti(L, -2, ++between);
        else lua_setfield(L, -3, kind == PART_STEM ? "stem" : "head");
    }
    lua_setfield(L, -2, "between");
}

/* {groups, stem, head, between}: groups of all graphs, the main graph's first; the rest is the main graph's. */
int model_layers(lua_State *L) {
    model_check(L, 1);
    lua_settop(L, 1);
    const Layers *layers = lua_layers(L, 1);
    lua_createtable(L, 0, 4);
    lua_createtable(L, (int)layers->groups.count, 0);
    for (uint32_t i = 0; i < layers->groups.count; i++) {
        object_push(L, 1, OBJECT_GROUP, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "groups");
    set_main_parts(L, layers);
    return 1;
}

int model_layer_costs(lua_State *L) {
    model_check(L, 1);
    const CostSum *sums = part_sums(L, 1);
    const Layers *layers = lua_layers(L, 1);
    lua_createtable(L, (int)layers->parts.count, 0);
    lua_Integer at = 0;
    for (uint32_t i = 0; i <= layers->parts.count; i++) {
        if (sums[i].nodes == 0) continue;
        lua_createtable(L, 0, 2);
        if (i < layers->parts.count) object_push(L, 1, OBJECT_PART, i);
        else lua_pushboolean(L, false);
        luaL_tolstring(L, -1, NULL);
        lua_cost_push_sum(L, 1, &sums[i]);
        lua_setfield(L, -3, "cost");
        lua_setfield(L, -2, "key");
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

/* The parts of a graph in which something repeats, in order; nil when nothing does. */
int graph_get_parts(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    const Layers *layers = lua_layers(L, model);
    uint32_t first = layers_first_part(layers, handle->id), count = 0;
    while (first + count < layers->parts.count && layers->parts.items[first + count].graph == handle->id)
        count++;
    if (count) push_parts(L, model, first, count);
    else lua_pushnil(L);
    return 1;
}

/* The Part a node is in; nil where nothing repeats around it. */
int node_get_layer(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    object_push(L, model, OBJECT_PART, layers_part(lua_layers(L, model), handle->id));
    return 1;
}

void lua_layers_register(lua_State *L) {
    static const Field part_fields[] = {{"kind", part_get_kind},     {"name", part_get_name},
                                        {"number", part_get_number}, {"group", part_get_group},
                                        {"graph", part_get_graph},   {"compute", part_get_compute},
                                        {"size", part_get_size},     {"nodes", part_get_nodes},
                                        {"first", part_get_first},   {"last", part_get_last},
                                        {"inputs", part_get_inputs}, {"outputs", part_get_outputs},
                                        {"cost", part_get_cost},     {NULL, NULL}};
    static const Field group_fields[] = {{"count", group_get_count},
                                         {"nodes", group_get_nodes},
                                         {"compute", group_get_compute},
                                         {"chain", group_get_chain},
                                         {"graph", group_get_graph},
                                         {"layers", group_get_layers},
                                         {"nested", group_get_nested},
                                         {"differences", group_get_differences},
                                         {NULL, NULL}};
    static const luaL_Reg no_methods[] = {{NULL, NULL}};
    static const luaL_Reg part_extra[] = {{"__tostring", part_tostring}, {NULL, NULL}};
    static const luaL_Reg group_extra[] = {{"__tostring", group_tostring}, {NULL, NULL}};
    object_register(L, PART_TYPE, "Part", part_fields, no_methods, part_extra);
    object_register(L, GROUP_TYPE, "LayerGroup", group_fields, no_methods, group_extra);
    luaL_newmetatable(L, DIFFERENCES_TYPE);
    lua_pushcfunction(L, differences_collect);
    lua_setfield(L, -2, "__gc");
    luaL_newmetatable(L, IDS_TYPE);
    lua_pushcfunction(L, ids_collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 2);
}
