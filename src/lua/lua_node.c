/* Node: one operation of a graph. */
#include <stdio.h>

#include "lua/lua_cost.h"
#include "lua/lua_layers.h"
#include "lua/lua_match.h"
#include "lua/lua_object.h"
#include "lua/lua_schema.h"
#include "onnx/fields.h"

static const Model *self_model(lua_State *L) {
    return object_self(L)->owner->model;
}

static const Node *self_node(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->model->nodes.items[handle->id];
}

static const Operator *self_operator(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    return &model->operators.items[model->nodes.items[handle->id].op];
}

static ByteRange self_range(lua_State *L) {
    const Node *node = self_node(L);
    return (ByteRange){node->offset, node->length};
}

static int push_symbol(lua_State *L, Symbol symbol) {
    object_push_symbol(L, self_model(L), symbol);
    return 1;
}

static int get_name(lua_State *L) {
    object_push_text(L, self_model(L), self_node(L)->name);
    return 1;
}

static int get_op_type(lua_State *L) {
    return push_symbol(L, self_operator(L)->op_type);
}

static int get_domain(lua_State *L) {
    return push_symbol(L, self_operator(L)->domain);
}

static int get_overload(lua_State *L) {
    return push_symbol(L, self_operator(L)->overload);
}

static int get_op(lua_State *L) {
    object_push_operator(L, self_model(L), self_node(L)->op);
    return 1;
}

static int get_id(lua_State *L) {
    lua_pushinteger(L, object_self(L)->id);
    return 1;
}

static int get_index(lua_State *L) {
    lua_pushinteger(L, object_self(L)->id - self_model(L)->graphs.items[self_node(L)->graph].first_node);
    return 1;
}

static int get_graph(lua_State *L) {
    Id graph = self_node(L)->graph;
    object_push(L, object_push_model(L, 1), OBJECT_GRAPH, graph);
    return 1;
}

static int get_model(lua_State *L) {
    object_push_model(L, 1);
    return 1;
}

/* The model-local function the node calls. */
static int get_callee(lua_State *L) {
    Id function = self_operator(L)->function;
    object_push(L, object_push_model(L, 1), OBJECT_GRAPH, function);
    return 1;
}

static int get_offset(lua_State *L) {
    object_push_unsigned(L, self_node(L)->offset);
    return 1;
}

static int get_length(lua_State *L) {
    lua_pushinteger(L, self_node(L)->length);
    return 1;
}

static int get_doc(lua_State *L) {
    object_push_doc(L, object_self(L)->owner, self_range(L), "NodeProto", NODE_DOC_STRING);
    return 1;
}

static int get_metadata(lua_State *L) {
    object_push_entries(L, object_self(L)->owner, self_range(L), "NodeProto", NODE_METADATA_PROPS);
    return 1;
}

/* The operator set version that holds for the node, nil when its domain is not imported. */
static int get_opset(lua_State *L) {
    const Handle *handle = object_self(L);
    int64_t opset = node_opset(handle->owner->model, handle->id);
    if (opset) lua_pushinteger(L, opset);
    else lua_pushnil(L);
    return 1;
}

static int get_schema(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    const Operator *op = self_operator(L);
    return lua_schema_push(L, model_name(model, op->op_type), model_name(model, op->domain),
                           node_opset(model, handle->id));
}

static int get_inputs(lua_State *L) {
    value_list_push(L, false);
    return 1;
}

static int get_outputs(lua_State *L) {
    value_list_push(L, true);
    return 1;
}

/* Of attributes with one name the first counts: setting them back to front leaves it. */
static int get_attributes(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    const Attribute *attributes = model->attributes.items + self_node(L)->first_attribute;
    uint32_t count = node_attribute_count(model, handle->id);
    int model_index = object_push_model(L, 1);
    lua_createtable(L, 0, (int)count);
    for (uint32_t i = count; i-- > 0;) {
        object_push_symbol(L, model, attributes[i].name);
        attribute_push(L, model_index, &attributes[i]);
        lua_rawset(L, -3);
    }
    return 1;
}

static int get_attribute_names(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    const Attribute *attributes = model->attributes.items + self_node(L)->first_attribute;
    uint32_t count = node_attribute_count(model, handle->id);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        object_push_symbol(L, model, attributes[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int get_subgraphs(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    const Attribute *attributes = model->attributes.items + self_node(L)->first_attribute;
    int model_index = object_push_model(L, 1);
    lua_Integer at = 0;
    lua_newtable(L);
    for (uint32_t i = 0; i < node_attribute_count(model, handle->id); i++) {
        if (attributes[i].type != ATTRIBUTE_GRAPH && attributes[i].type != ATTRIBUTE_GRAPH_LIST) continue;
        for (uint32_t j = 0; j < attributes[i].count; j++) {
            object_push(L, model_index, OBJECT_GRAPH, model->lists.items[attributes[i].first + j]);
            lua_rawseti(L, -2, ++at);
        }
    }
    return 1;
}

/* ---- device configurations ---- */

static void push_simple_sharding(lua_State *L, const Onnx__SimpleShardedDimProto *simple) {
    lua_createtable(L, 0, 2);
    if (simple->dim_case == ONNX__SIMPLE_SHARDED_DIM_PROTO__DIM_DIM_VALUE)
        lua_pushinteger(L, simple->dim_value);
    else if (simple->dim_case == ONNX__SIMPLE_SHARDED_DIM_PROTO__DIM_DIM_PARAM)
        object_push_bytes(L, leaf_bytes(simple->dim_param));
    else lua_pushboolean(L, false);
    lua_setfield(L, -2, "dim");
    lua_pushinteger(L, simple->num_shards);
    lua_setfield(L, -2, "num_shards");
}

static void push_sharded_dims(lua_State *L, const Onnx__ShardingSpecProto *spec) {
    lua_createtable(L, (int)spec->n_sharded_dim, 0);
    for (size_t i = 0; i < spec->n_sharded_dim; i++) {
        const Onnx__ShardedDimProto *dim = spec->sharded_dim[i];
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, dim->axis);
        lua_setfield(L, -2, "axis");
        lua_createtable(L, (int)dim->n_simple_sharding, 0);
        for (size_t j = 0; j < dim->n_simple_sharding; j++) {
            push_simple_sharding(L, dim->simple_sharding[j]);
            lua_rawseti(L, -2, (lua_Integer)j + 1);
        }
        lua_setfield(L, -2, "simple_sharding");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_integers(lua_State *L, const int64_t *items, size_t count) {
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_sharding_spec(lua_State *L, const Onnx__ShardingSpecProto *spec) {
    lua_createtable(L, 0, 4);
    object_push_bytes(L, leaf_bytes(spec->tensor_name));
    lua_setfield(L, -2, "tensor");
    push_integers(L, spec->device, spec->n_device);
    lua_setfield(L, -2, "devices");
    lua_newtable(L);
    for (size_t i = 0; i < spec->n_index_to_device_group_map; i++) {
        const Onnx__IntIntListEntryProto *group = spec->index_to_device_group_map[i];
        push_integers(L, group->value, group->n_value);
        lua_rawseti(L, -2, group->key);
    }
    lua_setfield(L, -2, "device_groups");
    push_sharded_dims(L, spec);
    lua_setfield(L, -2, "sharded_dims");
}

static void push_device_configuration(lua_State *L, LuaModel *owner, Bytes bytes, uint64_t offset) {
    arena_free(&owner->arena);
    Onnx__NodeDeviceConfigurationProto *found =
        leaf_node_configuration(&owner->arena, bytes, offset, &owner->err);
    if (!found) object_raise(L, &owner->err);
    lua_createtable(L, 0, 3);
    object_push_bytes(L, leaf_bytes(found->configuration_id));
    lua_setfield(L, -2, "configuration");
    if (found->has_pipeline_stage) {
        lua_pushinteger(L, found->pipeline_stage);
        lua_setfield(L, -2, "pipeline_stage");
    }
    lua_createtable(L, (int)found->n_sharding_spec, 0);
    for (size_t i = 0; i < found->n_sharding_spec; i++) {
        push_sharding_spec(L, found->sharding_spec[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "sharding");
}

static int get_device_configurations(lua_State *L) {
    LuaModel *owner = object_self(L)->owner;
    ByteRange range = self_range(L);
    Reader *reader = object_reader(owner);
    lua_Integer at = 0;
    lua_newtable(L);
    Message m = message_at("NodeProto", range.offset, range.length);
    while (message_next(reader, &m)) {
        Bytes bytes;
        if (m.field != NODE_DEVICE_CONFIGURATIONS) continue;
        if (!message_bytes(reader, &m, "device_configurations", &bytes)) break;
        push_device_configuration(L, owner, bytes, m.offset);
        lua_rawseti(L, -2, ++at);
    }
    if (reader->failed) return object_raise(L, &owner->err);
    return 1;
}

/* ---- paths ---- */

static void add_label(luaL_Buffer *buffer, const NameIndex *index, Id node) {
    const Model *model = index->model;
    const Node *n = &model->nodes.items[node];
    Bytes name =
        n->name.size ? model_text(model, n->name) : model_name(model, model->operators.items[n->op].op_type);
    object_add_shown(buffer, name, 0);
    if (n->name.size && !index->has_namesake.items[node]) return;
    char number[16];
    snprintf(number, sizeof number, "#%u", node - model->graphs.items[n->graph].first_node);
    luaL_addstring(buffer, number);
}

/* The way down to a graph: nothing for the main graph, "loop.body::if.then_branch::" for subgraphs,
 * "domain.Function::" for functions, "training.initialization::". At most MODEL_DEPTH_LIMIT calls deep. */
static void add_graph_path(luaL_Buffer *buffer, const NameIndex *index, Id graph) {
    const Model *model = index->model;
    const Graph *g = &model->graphs.items[graph];
    switch (g->kind) {
    case GRAPH_KIND_MAIN: return;
    case GRAPH_KIND_SUBGRAPH:
        add_graph_path(buffer, index, g->parent);
        add_label(buffer, index, g->owner);
        luaL_addchar(buffer, '.');
        object_add_shown(buffer, model_name(model, g->attribute), 0);
        break;
    case GRAPH_KIND_FUNCTION:
        object_add_shown(buffer, model_name(model, g->domain), 0);
        if (g->domain != SYMBOL_EMPTY) luaL_addchar(buffer, '.');
        object_add_shown(buffer, model_name(model, g->name), 0);
        if (g->overload != SYMBOL_EMPTY) {
            luaL_addchar(buffer, ':');
            object_add_shown(buffer, model_name(model, g->overload), 0);
        }
        break;
    case GRAPH_KIND_TRAINING_INITIALIZATION: luaL_addstring(buffer, "training.initialization"); break;
    case GRAPH_KIND_TRAINING_ALGORITHM: luaL_addstring(buffer, "training.algorithm"); break;
    }
    luaL_addstring(buffer, "::");
}

void graph_push_path(lua_State *L, const NameIndex *index, Id graph) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_graph_path(&buffer, index, graph);
    luaL_pushresult(&buffer);
}

void node_push_path(lua_State *L, const NameIndex *index, Id node) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_graph_path(&buffer, index, index->model->nodes.items[node].graph);
    add_label(&buffer, index, node);
    luaL_pushresult(&buffer);
}

static int get_path(lua_State *L) {
    const Handle *handle = object_self(L);
    node_push_path(L, object_index(L, handle->owner), handle->id);
    return 1;
}

/* ---- methods ---- */

/* node:attr(name): as written, else the default of the operator's schema in this opset. */
static int node_attr(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_NODE);
    const Model *model = handle->owner->model;
    Bytes name;
    name.data = luaL_checklstring(L, 2, &name.size);
    Symbol symbol = interner_find(&model->text, name);
    const Attribute *attribute = symbol == SYMBOL_NONE ? NULL : node_attribute(model, handle->id, symbol);
    if (attribute) {
        attribute_push(L, object_push_model(L, 1), attribute);
        return 1;
    }
    const Operator *op = self_operator(L);
    if (!lua_schema_push_default(L, model_name(model, op->op_type), model_name(model, op->domain),
                                 node_opset(model, handle->id), name))
        lua_pushnil(L);
    return 1;
}

static int node_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, NODE_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "Node (of a closed model)");
        return 1;
    }
    const Model *model = handle->owner->model;
    luaL_Buffer buffer;
    char number[32];
    luaL_buffinit(L, &buffer);
    snprintf(number, sizeof number, "Node %u ",
             handle->id - model->graphs.items[self_node(L)->graph].first_node);
    luaL_addstring(&buffer, number);
    object_add_shown(&buffer, model_name(model, self_operator(L)->op_type), 0);
    luaL_addstring(&buffer, " \"");
    object_add_shown(&buffer, model_text(model, self_node(L)->name), '"');
    luaL_addchar(&buffer, '"');
    luaL_pushresult(&buffer);
    return 1;
}

void lua_node_register(lua_State *L) {
    static const Field fields[] = {{"name", get_name},
                                   {"op_type", get_op_type},
                                   {"domain", get_domain},
                                   {"overload", get_overload},
                                   {"op", get_op},
                                   {"id", get_id},
                                   {"index", get_index},
                                   {"path", get_path},
                                   {"graph", get_graph},
                                   {"model", get_model},
                                   {"inputs", get_inputs},
                                   {"outputs", get_outputs},
                                   {"attributes", get_attributes},
                                   {"attribute_names", get_attribute_names},
                                   {"subgraphs", get_subgraphs},
                                   {"callee", get_callee},
                                   {"opset", get_opset},
                                   {"schema", get_schema},
                                   {"doc", get_doc},
                                   {"metadata", get_metadata},
                                   {"device_configurations", get_device_configurations},
                                   {"offset", get_offset},
                                   {"length", get_length},
                                   {"cost", node_get_cost},
                                   {"own_cost", node_get_own_cost},
                                   {"cost_notes", node_get_cost_notes},
                                   {"runs", node_get_runs},
                                   {"class", node_get_class},
                                   {"layer", node_get_layer},
                                   {"structure", node_get_structure},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {{"attr", node_attr}, {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", node_tostring}, {NULL, NULL}};
    object_register(L, NODE_TYPE, "Node", fields, methods, extra);
}
