/* Value: what nodes read and write; ValueList: the inputs or outputs of a node. */
#include <inttypes.h>
#include <stdio.h>

#include "lua/lua_cost.h"
#include "lua/lua_guard.h"
#include "lua/lua_object.h"
#include "lua/lua_shapes.h"
#include "onnx/fields.h"
#include "ops/schema.h"

/* ---- types as text ---- */

static void add_dims(luaL_Buffer *buffer, const Model *model, const Type *type) {
    luaL_addchar(buffer, '[');
    for (uint32_t i = 0; i < type->rank; i++) {
        const Dim *dim = &model->dims.items[type->first_dim + i];
        char number[24];
        if (i) luaL_addchar(buffer, ',');
        if (dim->kind == DIM_SYMBOL) {
            object_add_shown(buffer, model_name(model, dim->symbol), 0);
        } else if (dim->kind == DIM_KNOWN) {
            snprintf(number, sizeof number, "%" PRId64, dim->size);
            luaL_addstring(buffer, number);
        } else {
            luaL_addchar(buffer, '?');
        }
    }
    luaL_addchar(buffer, ']');
}

static void add_type(luaL_Buffer *buffer, const Model *model, Id id);

static void add_inside(luaL_Buffer *buffer, const Model *model, const char *before, Id element) {
    luaL_addstring(buffer, before);
    add_type(buffer, model, element);
    luaL_addchar(buffer, ')');
}

/* ONNX text syntax; "?" for what is not declared. Types nest at most MODEL_DEPTH_LIMIT deep. */
static void add_type(luaL_Buffer *buffer, const Model *model, Id id) {
    const Type *type = id == ID_NONE ? &(Type){.kind = TYPE_KIND_NONE} : &model->types.items[id];
    char before[32];
    switch (type->kind) {
    case TYPE_KIND_TENSOR:
    case TYPE_KIND_SPARSE_TENSOR:
        if (type->kind == TYPE_KIND_SPARSE_TENSOR) luaL_addstring(buffer, "sparse_tensor(");
        luaL_addstring(buffer, dtype_name(type->dtype));
        if (type->has_shape) add_dims(buffer, model, type);
        if (type->kind == TYPE_KIND_SPARSE_TENSOR) luaL_addchar(buffer, ')');
        break;
    case TYPE_KIND_SEQUENCE: add_inside(buffer, model, "seq(", type->element); break;
    case TYPE_KIND_OPTIONAL: add_inside(buffer, model, "optional(", type->element); break;
    case TYPE_KIND_MAP:
        snprintf(before, sizeof before, "map(%s, ", dtype_name(type->dtype));
        add_inside(buffer, model, before, type->element);
        break;
    case TYPE_KIND_OPAQUE:
        luaL_addstring(buffer, "opaque(");
        object_add_shown(buffer, model_name(model, type->domain), 0);
        luaL_addchar(buffer, '.');
        object_add_shown(buffer, model_name(model, type->name), 0);
        luaL_addchar(buffer, ')');
        break;
    default: luaL_addchar(buffer, '?');
    }
}

void type_push(lua_State *L, const Model *model, Id type) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_type(&buffer, model, type);
    luaL_pushresult(&buffer);
}

void tensor_type_add(luaL_Buffer *buffer, const Model *model, const Tensor *tensor) {
    luaL_addstring(buffer, dtype_name(tensor->dtype));
    luaL_addchar(buffer, '[');
    for (uint32_t i = 0; i < tensor->rank; i++) {
        char number[24];
        snprintf(number, sizeof number, i ? ",%" PRId64 : "%" PRId64,
                 model->tensor_dims.items[tensor->first_dim + i]);
        luaL_addstring(buffer, number);
    }
    luaL_addchar(buffer, ']');
}

/* ---- Value ---- */

static const Model *self_model(lua_State *L) {
    return object_self(L)->owner->model;
}

static const Value *self_value(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->model->values.items[handle->id];
}

/* The declared tensor type, NULL when there is none or it is no tensor. */
static const Type *self_tensor_type(lua_State *L) {
    Id type = self_value(L)->type;
    if (type == ID_NONE) return NULL;
    const Type *found = &self_model(L)->types.items[type];
    return found->kind == TYPE_KIND_TENSOR || found->kind == TYPE_KIND_SPARSE_TENSOR ? found : NULL;
}

static const Tensor *self_tensor(lua_State *L) {
    Id tensor = self_value(L)->tensor;
    return tensor == ID_NONE ? NULL : &self_model(L)->tensors.items[tensor];
}

static int push_object(lua_State *L, ObjectKind kind, Id id) {
    object_push(L, object_push_model(L, 1), kind, id);
    return 1;
}

static int get_name(lua_State *L) {
    const Handle *handle = object_self(L);
    const Model *model = handle->owner->model;
    object_push_symbol(L, model, model->values.items[handle->id].name);
    return 1;
}

static int get_id(lua_State *L) {
    lua_pushinteger(L, object_self(L)->id);
    return 1;
}

static int get_declared_dtype(lua_State *L) {
    const Type *type = self_tensor_type(L);
    const Tensor *tensor = self_tensor(L);
    uint32_t dtype = type ? type->dtype : tensor ? tensor->dtype : DTYPE_UNDEFINED;
    if (dtype_is_known(dtype)) lua_pushstring(L, dtype_name(dtype));
    else lua_pushnil(L);
    return 1;
}

static void push_dim(lua_State *L, const Model *model, const Dim *dim) {
    if (dim->kind == DIM_KNOWN) lua_pushinteger(L, dim->size);
    else if (dim->kind == DIM_SYMBOL) object_push_symbol(L, model, dim->symbol);
    else lua_pushboolean(L, false);
}

static void push_tensor_shape(lua_State *L, const Model *model, const Tensor *tensor) {
    lua_createtable(L, (int)(tensor->rank < 64 ? tensor->rank : 64), 0);
    for (uint32_t i = 0; i < tensor->rank; i++) {
        lua_pushinteger(L, model->tensor_dims.items[tensor->first_dim + i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Declared: integers, symbols as strings, false for an unknown without a name. */
static int get_declared_shape(lua_State *L) {
    const Model *model = self_model(L);
    const Type *type = self_tensor_type(L);
    const Tensor *tensor = self_tensor(L);
    if (type && type->has_shape) {
        lua_createtable(L, (int)(type->rank < 64 ? type->rank : 64), 0);
        for (uint32_t i = 0; i < type->rank; i++) {
            push_dim(L, model, &model->dims.items[type->first_dim + i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    } else if (!type && tensor) {
        push_tensor_shape(L, model, tensor);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int get_declared_type(lua_State *L) {
    const Value *value = self_value(L);
    const Tensor *tensor = self_tensor(L);
    luaL_Buffer buffer;
    if (value->type != ID_NONE) {
        type_push(L, self_model(L), value->type);
    } else if (tensor) {
        luaL_buffinit(L, &buffer);
        tensor_type_add(&buffer, self_model(L), tensor);
        luaL_pushresult(&buffer);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int get_denotation(lua_State *L) {
    const Value *value = self_value(L);
    Symbol denotation =
        value->type == ID_NONE ? SYMBOL_EMPTY : self_model(L)->types.items[value->type].denotation;
    if (denotation == SYMBOL_EMPTY) lua_pushnil(L);
    else object_push_symbol(L, self_model(L), denotation);
    return 1;
}

static int get_is_input(lua_State *L) {
    lua_pushboolean(L, self_value(L)->is_input);
    return 1;
}

static int get_is_output(lua_State *L) {
    lua_pushboolean(L, self_value(L)->is_output);
    return 1;
}

static int get_is_undefined(lua_State *L) {
    lua_pushboolean(L, self_value(L)->is_undefined);
    return 1;
}

static int get_tensor(lua_State *L) {
    return push_object(L, OBJECT_TENSOR, self_value(L)->tensor);
}

static int get_producer(lua_State *L) {
    return push_object(L, OBJECT_NODE, self_value(L)->producer);
}

/* Position among the producer's outputs, from 1; nil without a producer. */
static int get_output_index(lua_State *L) {
    const Handle *handle = object_self(L);
    Id producer = self_value(L)->producer;
    lua_pushnil(L);
    if (producer == ID_NONE) return 1;
    IdSpan outputs = node_outputs(handle->owner->model, producer);
    for (uint32_t i = 0; i < outputs.count; i++) {
        if (outputs.ids[i] != handle->id) continue;
        lua_pushinteger(L, (lua_Integer)i + 1);
        break;
    }
    return 1;
}

/* Nodes that read the value, each once; uses by one node stand side by side. */
static int get_consumers(lua_State *L) {
    const Handle *handle = object_self(L);
    IdSpan consumers = value_consumers(handle->owner->model, handle->id);
    int model_index = object_push_model(L, 1);
    lua_Integer at = 0;
    lua_newtable(L);
    for (uint32_t i = 0; i < consumers.count; i++) {
        if (i && consumers.ids[i] == consumers.ids[i - 1]) continue;
        object_push(L, model_index, OBJECT_NODE, consumers.ids[i]);
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

static int get_graph(lua_State *L) {
    return push_object(L, OBJECT_GRAPH, self_value(L)->graph);
}

static int get_model(lua_State *L) {
    object_push_model(L, 1);
    return 1;
}

static int get_doc(lua_State *L) {
    const Value *value = self_value(L);
    if (value->info == ID_NONE) lua_pushnil(L);
    else
        object_push_doc(L, object_self(L)->owner, self_model(L)->infos.items[value->info], "ValueInfoProto",
                        VALUE_INFO_DOC_STRING);
    return 1;
}

static int get_metadata(lua_State *L) {
    const Value *value = self_value(L);
    if (value->info == ID_NONE) lua_newtable(L);
    else
        object_push_entries(L, object_self(L)->owner, self_model(L)->infos.items[value->info],
                            "ValueInfoProto", VALUE_INFO_METADATA_PROPS);
    return 1;
}

/* ---- quantisation annotations ---- */

static void push_annotation(lua_State *L, LuaModel *owner, Bytes bytes, uint64_t offset) {
    arena_free(&owner->arena);
    Onnx__TensorAnnotation *found = leaf_annotation(&owner->arena, bytes, offset, &owner->err);
    if (!found) object_raise(L, &owner->err);
    object_push_bytes(L, leaf_bytes(found->tensor_name));
    lua_createtable(L, 0, (int)found->n_quant_parameter_tensor_names);
    for (size_t i = 0; i < found->n_quant_parameter_tensor_names; i++) {
        object_push_bytes(L, leaf_bytes(found->quant_parameter_tensor_names[i]->key));
        object_push_bytes(L, leaf_bytes(found->quant_parameter_tensor_names[i]->value));
        lua_rawset(L, -3);
    }
    lua_rawset(L, -3);
}

static void read_annotations(lua_State *L, LuaModel *owner, Id graph) {
    ByteRange range = owner->model->graphs.items[graph].range;
    lua_newtable(L);
    if (owner->model->graphs.items[graph].kind == GRAPH_KIND_FUNCTION) return;
    Reader *reader = object_reader(owner);
    Message m = message_at("GraphProto", range.offset, range.length);
    while (message_next(reader, &m)) {
        Bytes bytes;
        if (m.field != GRAPH_QUANTIZATION_ANNOTATION) continue;
        if (!message_bytes(reader, &m, "quantization_annotation", &bytes)) break;
        push_annotation(L, owner, bytes, m.offset);
    }
    if (reader->failed) object_raise(L, &owner->err);
}

/* A graph's annotations are read once and kept in the model's QUANTIZATION_CACHE by graph id. */
void quantization_push(lua_State *L, int model, Id graph) {
    if (lua_getiuservalue(L, model, QUANTIZATION_CACHE) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, model, QUANTIZATION_CACHE);
    }
    if (lua_rawgeti(L, -1, (lua_Integer)graph + 1) == LUA_TNIL) {
        lua_pop(L, 1);
        read_annotations(L, lua_touserdata(L, model), graph);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)graph + 1);
    }
    lua_remove(L, -2);
}

static int get_quantization(lua_State *L) {
    const Value *value = self_value(L);
    quantization_push(L, object_push_model(L, 1), value->graph);
    object_push_symbol(L, self_model(L), value->name);
    lua_rawget(L, -2);
    guard_copy_shared(L);
    return 1;
}

static int value_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, VALUE_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "Value (of a closed model)");
        return 1;
    }
    luaL_Buffer buffer;
    const Value *value = self_value(L);
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "Value \"");
    object_add_shown(&buffer, model_name(self_model(L), value->name), '"');
    luaL_addchar(&buffer, '"');
    if (value->type != ID_NONE || value->tensor != ID_NONE) luaL_addchar(&buffer, ' ');
    if (value->type != ID_NONE) add_type(&buffer, self_model(L), value->type);
    else if (value->tensor != ID_NONE) tensor_type_add(&buffer, self_model(L), self_tensor(L));
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- ValueList ---- */

typedef struct ValueList {
    const char *tag; /* VALUE_LIST_TYPE: told by it, since walking a model calls little else */
    LuaModel *owner;
    Id node;
    bool is_output;
} ValueList;

void value_list_push(lua_State *L, bool is_output) {
    const Handle *node = object_self(L);
    ValueList *list = lua_newuserdatauv(L, sizeof *list, 1);
    *list = (ValueList){VALUE_LIST_TYPE, node->owner, node->id, is_output};
    int model = object_push_model(L, 1);
    lua_getiuservalue(L, model, VALUE_LIST_METATABLE);
    lua_setmetatable(L, model - 1);
    lua_setiuservalue(L, model - 1, 1);
}

/* The list a metamethod is called on. */
static IdSpan check_list(lua_State *L, ValueList **list) {
    *list = lua_touserdata(L, 1);
    if (!*list || lua_rawlen(L, 1) != sizeof **list || (*list)->tag != VALUE_LIST_TYPE)
        luaL_typeerror(L, 1, "ValueList");
    if (!(*list)->owner->model) luaL_error(L, "model is closed");
    const Model *model = (*list)->owner->model;
    return (*list)->is_output ? node_outputs(model, (*list)->node) : node_inputs(model, (*list)->node);
}

static void push_at(lua_State *L, IdSpan span, lua_Integer position) {
    bool inside = position >= 1 && position <= (lua_Integer)span.count;
    object_push(L, object_push_model(L, 1), OBJECT_VALUE, inside ? span.ids[position - 1] : ID_NONE);
}

/* By formal name, from the operator's schema, else from the local function it calls. */
static bool formal_position(const Model *model, const ValueList *list, Bytes name, uint32_t *position,
                            bool *variadic) {
    const Operator *op = &model->operators.items[model->nodes.items[list->node].op];
    *variadic = false;
    if (op->function != ID_NONE) {
        const Graph *function = &model->graphs.items[op->function];
        IdSpan formals = model_list(model, list->is_output ? function->outputs : function->inputs);
        for (*position = 0; *position < formals.count; ++*position)
            if (formals.ids[*position] != ID_NONE &&
                bytes_equal(model_name(model, model->values.items[formals.ids[*position]].name), name))
                return true;
        return false;
    }
    return schema_find_formal(model_name(model, op->domain), model_name(model, op->op_type),
                              node_opset(model, list->node), list->is_output, name, position, variadic);
}

static int list_index(lua_State *L) {
    ValueList *list;
    IdSpan span = check_list(L, &list);
    if (lua_isinteger(L, 2)) {
        push_at(L, span, lua_tointeger(L, 2));
        return 1;
    }
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    Bytes name;
    name.data = lua_tolstring(L, 2, &name.size);
    uint32_t position;
    bool variadic;
    if (!formal_position(list->owner->model, list, name, &position, &variadic)) return 0;
    if (!variadic) {
        push_at(L, span, (lua_Integer)position + 1);
        return 1;
    }
    lua_newtable(L);
    for (uint32_t i = position; i < span.count; i++) {
        object_push(L, object_push_model(L, 1), OBJECT_VALUE, span.ids[i]);
        lua_rawseti(L, -3, (lua_Integer)(i - position) + 1);
        lua_pop(L, 1);
    }
    return 1;
}

static int list_length(lua_State *L) {
    ValueList *list;
    lua_pushinteger(L, check_list(L, &list).count);
    return 1;
}

static int list_next(lua_State *L) {
    ValueList *list;
    IdSpan span = check_list(L, &list);
    int given;
    lua_Integer position = lua_tointegerx(L, 2, &given) + 1;
    if (!given) position = luaL_optinteger(L, 2, 0) + 1;
    if (position < 1 || position > (lua_Integer)span.count) return 0;
    int model = object_push_model(L, 1);
    lua_pushinteger(L, position);
    object_push(L, model, OBJECT_VALUE, span.ids[position - 1]);
    return 2;
}

static int list_pairs(lua_State *L) {
    lua_pushcfunction(L, list_next);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int list_equal(lua_State *L) {
    const ValueList *a = luaL_testudata(L, 1, VALUE_LIST_TYPE), *b = luaL_testudata(L, 2, VALUE_LIST_TYPE);
    lua_pushboolean(L, a && b && a->owner == b->owner && a->node == b->node && a->is_output == b->is_output);
    return 1;
}

static int list_tostring(lua_State *L) {
    ValueList *list = luaL_checkudata(L, 1, VALUE_LIST_TYPE);
    char text[48];
    if (!list->owner->model) {
        lua_pushliteral(L, "ValueList (of a closed model)");
        return 1;
    }
    uint32_t count = check_list(L, &list).count;
    snprintf(text, sizeof text, "ValueList (%u %s%s)", count, list->is_output ? "output" : "input",
             count == 1 ? "" : "s");
    lua_pushstring(L, text);
    return 1;
}

void lua_value_register(lua_State *L) {
    static const Field fields[] = {{"name", get_name},
                                   {"id", get_id},
                                   {"dtype", value_get_dtype},
                                   {"shape", value_get_shape},
                                   {"type", value_get_type},
                                   {"known", value_get_known},
                                   {"reason", value_get_reason},
                                   {"declared_dtype", get_declared_dtype},
                                   {"declared_shape", get_declared_shape},
                                   {"declared_type", get_declared_type},
                                   {"denotation", get_denotation},
                                   {"is_input", get_is_input},
                                   {"is_output", get_is_output},
                                   {"is_undefined", get_is_undefined},
                                   {"tensor", get_tensor},
                                   {"producer", get_producer},
                                   {"output_index", get_output_index},
                                   {"consumers", get_consumers},
                                   {"quantization", get_quantization},
                                   {"doc", get_doc},
                                   {"metadata", get_metadata},
                                   {"graph", get_graph},
                                   {"model", get_model},
                                   {"elements", value_get_elements},
                                   {"nbytes", value_get_nbytes},
                                   {"is_constant", value_get_is_constant},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", value_tostring}, {NULL, NULL}};
    object_register(L, VALUE_TYPE, "Value", fields, methods, extra);

    static const luaL_Reg list[] = {{"__index", list_index},       {"__len", list_length},
                                    {"__pairs", list_pairs},       {"__eq", list_equal},
                                    {"__tostring", list_tostring}, {NULL, NULL}};
    luaL_newmetatable(L, VALUE_LIST_TYPE);
    luaL_setfuncs(L, list, 0);
    lua_pushliteral(L, "ValueList");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "ValueList");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
