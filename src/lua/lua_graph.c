/* Graph: the main graph, a subgraph, a model-local function or a training graph. */
#include <stdio.h>

#include "lua/lua_cost.h"
#include "lua/lua_guard.h"
#include "lua/lua_layers.h"
#include "lua/lua_object.h"
#include "onnx/fields.h"

static const Graph *self_graph(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->model->graphs.items[handle->id];
}

static bool is_function(const Graph *graph) {
    return graph->kind == GRAPH_KIND_FUNCTION;
}

static int push_symbol(lua_State *L, Symbol symbol) {
    object_push_symbol(L, object_self(L)->owner->model, symbol);
    return 1;
}

static int push_object(lua_State *L, ObjectKind kind, Id id) {
    object_push(L, object_push_model(L, 1), kind, id);
    return 1;
}

static int push_list(lua_State *L, ObjectKind kind, List list) {
    const Model *model = object_self(L)->owner->model;
    object_push_list(L, object_push_model(L, 1), kind, model_list(model, list));
    return 1;
}

static int get_name(lua_State *L) {
    return push_symbol(L, self_graph(L)->name);
}

static int get_kind(lua_State *L) {
    static const char *const kinds[] = {"main", "subgraph", "function", "training-initialization",
                                        "training-algorithm"};
    lua_pushstring(L, kinds[self_graph(L)->kind]);
    return 1;
}

static int get_domain(lua_State *L) {
    const Graph *graph = self_graph(L);
    if (is_function(graph)) return push_symbol(L, graph->domain);
    lua_pushnil(L);
    return 1;
}

static int get_overload(lua_State *L) {
    const Graph *graph = self_graph(L);
    if (is_function(graph)) return push_symbol(L, graph->overload);
    lua_pushnil(L);
    return 1;
}

static int get_inputs(lua_State *L) {
    return push_list(L, OBJECT_VALUE, self_graph(L)->inputs);
}

static int get_outputs(lua_State *L) {
    return push_list(L, OBJECT_VALUE, self_graph(L)->outputs);
}

static int get_initializers(lua_State *L) {
    return push_list(L, OBJECT_TENSOR, self_graph(L)->initializers);
}

static int get_owner(lua_State *L) {
    return push_object(L, OBJECT_NODE, self_graph(L)->owner);
}

static int get_attribute(lua_State *L) {
    const Graph *graph = self_graph(L);
    if (graph->kind == GRAPH_KIND_SUBGRAPH) return push_symbol(L, graph->attribute);
    lua_pushnil(L);
    return 1;
}

static int get_parent(lua_State *L) {
    return push_object(L, OBJECT_GRAPH, self_graph(L)->parent);
}

static int get_depth(lua_State *L) {
    lua_pushinteger(L, self_graph(L)->depth);
    return 1;
}

static int get_offset(lua_State *L) {
    object_push_unsigned(L, self_graph(L)->range.offset);
    return 1;
}

static int get_length(lua_State *L) {
    object_push_unsigned(L, self_graph(L)->range.length);
    return 1;
}

static int get_model(lua_State *L) {
    object_push_model(L, 1);
    return 1;
}

static int get_doc(lua_State *L) {
    const Graph *graph = self_graph(L);
    bool function = is_function(graph);
    object_push_doc(L, object_self(L)->owner, graph->range, function ? "FunctionProto" : "GraphProto",
                    function ? FUNCTION_DOC_STRING : GRAPH_DOC_STRING);
    return 1;
}

static int get_metadata(lua_State *L) {
    const Graph *graph = self_graph(L);
    bool function = is_function(graph);
    object_push_entries(L, object_self(L)->owner, graph->range, function ? "FunctionProto" : "GraphProto",
                        function ? FUNCTION_METADATA_PROPS : GRAPH_METADATA_PROPS);
    return 1;
}

/* The operator sets that hold here: a function's own, else the model's. */
static int get_opset(lua_State *L) {
    const Graph *graph = self_graph(L);
    const Model *model = object_self(L)->owner->model;
    while (graph->kind == GRAPH_KIND_SUBGRAPH) graph = &model->graphs.items[graph->parent];
    if (is_function(graph)) opset_table_push(L, model, graph->first_opset, graph->opset_count);
    else opset_table_push(L, model, 0, model->opset_count);
    return 1;
}

static int get_path(lua_State *L) {
    const Handle *handle = object_self(L);
    graph_push_path(L, object_index(L, handle->owner), handle->id);
    return 1;
}

/* Functions: attributes with their default; true for those that must be given. */
static int get_attributes(lua_State *L) {
    const Graph *graph = self_graph(L);
    const Model *model = object_self(L)->owner->model;
    if (!is_function(graph)) {
        lua_pushnil(L);
        return 1;
    }
    int model_index = object_push_model(L, 1);
    lua_newtable(L);
    IdSpan required = model_list(model, graph->attributes);
    for (uint32_t i = 0; i < required.count; i++) {
        object_push_symbol(L, model, required.ids[i]);
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
    }
    for (uint32_t i = 0; i < graph->default_count; i++) {
        const Attribute *attribute = &model->defaults.items[graph->first_default + i];
        object_push_symbol(L, model, attribute->name);
        attribute_push(L, model_index, attribute);
        lua_rawset(L, -3);
    }
    return 1;
}

static int get_quantization(lua_State *L) {
    Id id = object_self(L)->id;
    quantization_push(L, object_push_model(L, 1), id);
    guard_copy_shared(L);
    return 1;
}

/* ---- methods ---- */

typedef struct NodeWalk {
    OperatorFilter filter;
    Id graph;
    uint32_t next;
} NodeWalk;

/* upvalues: model, NodeWalk */
static int nodes_next(lua_State *L) {
    const Model *model = model_upvalue(L)->model;
    NodeWalk *walk = lua_touserdata(L, lua_upvalueindex(2));
    const Graph *graph = &model->graphs.items[walk->graph];
    while (walk->next < graph->node_count) {
        Id node = graph_node_at(model, graph, walk->next++);
        if (!operator_filter_matches(&walk->filter, model, node)) continue;
        object_push(L, lua_upvalueindex(1), OBJECT_NODE, node);
        return 1;
    }
    return 0;
}

static int graph_nodes(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_GRAPH);
    lua_settop(L, 2);
    OperatorFilter filter = object_operator_filter(L, 2, handle->owner->model);
    object_push_model(L, 1);
    NodeWalk *walk = lua_newuserdatauv(L, sizeof *walk, 0);
    *walk = (NodeWalk){filter, handle->id, 0};
    lua_pushcclosure(L, nodes_next, 2);
    return 1;
}

/* upvalues: model, graph id, position */
static int values_next(lua_State *L) {
    const Model *model = model_upvalue(L)->model;
    const Graph *graph = &model->graphs.items[lua_tointeger(L, lua_upvalueindex(2))];
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
    if (at >= graph->value_count) return 0;
    lua_pushinteger(L, at + 1);
    lua_replace(L, lua_upvalueindex(3));
    object_push(L, lua_upvalueindex(1), OBJECT_VALUE, graph->first_value + (Id)at);
    return 1;
}

static int graph_values(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_GRAPH);
    object_push_model(L, 1);
    lua_pushinteger(L, handle->id);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, values_next, 3);
    return 1;
}

static int graph_value(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_GRAPH);
    Bytes name;
    name.data = luaL_checklstring(L, 2, &name.size);
    Id value = index_find_scoped(object_index(L, handle->owner), handle->id, name);
    return push_object(L, OBJECT_VALUE, value);
}

static int graph_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, GRAPH_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "Graph (of a closed model)");
        return 1;
    }
    const Graph *graph = self_graph(L);
    luaL_Buffer buffer;
    char counted[64];
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, is_function(graph) ? "Function \"" : "Graph \"");
    object_add_shown(&buffer, model_name(handle->owner->model, graph->name), '"');
    snprintf(counted, sizeof counted, "\" (%u node%s)", graph->node_count, graph->node_count == 1 ? "" : "s");
    luaL_addstring(&buffer, counted);
    luaL_pushresult(&buffer);
    return 1;
}

static int graph_length(lua_State *L) {
    object_check(L, 1, OBJECT_GRAPH);
    lua_pushinteger(L, self_graph(L)->node_count);
    return 1;
}

void lua_graph_register(lua_State *L) {
    static const Field fields[] = {{"name", get_name},
                                   {"kind", get_kind},
                                   {"domain", get_domain},
                                   {"overload", get_overload},
                                   {"path", get_path},
                                   {"inputs", get_inputs},
                                   {"outputs", get_outputs},
                                   {"initializers", get_initializers},
                                   {"owner", get_owner},
                                   {"attribute", get_attribute},
                                   {"parent", get_parent},
                                   {"depth", get_depth},
                                   {"doc", get_doc},
                                   {"metadata", get_metadata},
                                   {"opset", get_opset},
                                   {"attributes", get_attributes},
                                   {"quantization", get_quantization},
                                   {"offset", get_offset},
                                   {"length", get_length},
                                   {"model", get_model},
                                   {"cost", graph_get_cost},
                                   {"parts", graph_get_parts},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"nodes", graph_nodes}, {"values", graph_values}, {"value", graph_value}, {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", graph_tostring}, {"__len", graph_length}, {NULL, NULL}};
    object_register(L, GRAPH_TYPE, "Graph", fields, methods, extra);
}
