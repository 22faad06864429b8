#include "lua/lua_parameters.h"

#include "cost/parameters.h"
#include "lua/lua_cost.h"

/* {tensors, elements, nbytes, unknown} */
static void push_count(lua_State *L, const ParameterCount *count) {
    lua_createtable(L, 0, 4);
    object_set_unsigned(L, "tensors", count->tensors);
    object_set_unsigned(L, "elements", count->elements);
    object_set_unsigned(L, "nbytes", count->nbytes);
    object_set_unsigned(L, "unknown", count->unknown);
}

static void push_by_dtype(lua_State *L, const ParameterCount *counts) {
    lua_newtable(L);
    for (uint32_t dtype = 0; dtype < DTYPE_COUNT; dtype++) {
        if (counts[dtype].tensors == 0) continue;
        push_count(L, &counts[dtype]);
        lua_setfield(L, -2, dtype_name(dtype));
    }
}

static void push_by_use(lua_State *L, const ParameterCount *counts) {
    lua_newtable(L);
    for (uint32_t use = 0; use < PARAMETER_USE_COUNT; use++) {
        if (counts[use].tensors == 0) continue;
        push_count(L, &counts[use]);
        lua_setfield(L, -2, parameter_use_name((ParameterUse)use));
    }
}

/* A list of the tensors of that use. */
static void push_tensors(lua_State *L, const LuaModel *owner, const uint8_t *uses, uint8_t use) {
    lua_Integer at = 0;
    lua_newtable(L);
    for (Id id = 0; id < owner->model->tensors.count; id++) {
        if (uses[id] != use) continue;
        object_push(L, 1, OBJECT_TENSOR, id);
        lua_rawseti(L, -2, ++at);
    }
}

/* Weights that several nodes compute with. */
static void push_tied(lua_State *L, const LuaModel *owner, const uint8_t *uses) {
    lua_Integer at = 0;
    lua_newtable(L);
    for (Id id = 0; id < owner->model->tensors.count; id++) {
        ParameterUsers users;
        if (uses[id] != PARAMETER_WEIGHT && uses[id] != PARAMETER_QUANTISED_WEIGHT) continue;
        parameter_users(owner->costs, id, NULL, &users);
        if (users.count < 2) continue;
        object_push(L, 1, OBJECT_TENSOR, id);
        lua_rawseti(L, -2, ++at);
    }
}

int model_get_parameters(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    const Costs *costs = lua_costs(L, 1);
    Parameters *parameters = lua_newuserdatauv(L, sizeof *parameters, 0);
    uint8_t *uses = lua_newuserdatauv(L, owner->model->tensors.count + (size_t)1, 0);
    if (!parameters_count(costs, parameters, uses)) return luaL_error(L, "out of memory");
    lua_createtable(L, 0, 8);
    push_count(L, &parameters->all);
    lua_setfield(L, -2, "all");
    push_by_use(L, parameters->by_use);
    lua_setfield(L, -2, "by_use");
    push_by_dtype(L, parameters->by_dtype);
    lua_setfield(L, -2, "by_dtype");
    push_by_dtype(L, parameters->weights_by_dtype);
    lua_setfield(L, -2, "weights_by_dtype");
    push_count(L, &parameters->external);
    lua_setfield(L, -2, "external");
    push_count(L, &parameters->generated);
    lua_setfield(L, -2, "generated");
    push_tensors(L, owner, uses, PARAMETER_UNUSED);
    lua_setfield(L, -2, "unused");
    if (parameters->tied) push_tied(L, owner, uses);
    else lua_newtable(L);
    lua_setfield(L, -2, "tied");
    return 1;
}

static void find_users(lua_State *L, int *model, ParameterUsers *users) {
    const Handle *handle = object_self(L);
    *model = object_push_model(L, 1);
    parameter_users(lua_costs(L, *model), handle->id, NULL, users);
}

/* "weight", "index", ...: see parameters.h. */
int tensor_get_use(lua_State *L) {
    int model;
    ParameterUsers users;
    find_users(L, &model, &users);
    lua_pushstring(L, parameter_use_name(users.use));
    return 1;
}

/* The nodes that compute with it, behind those that only make another constant of it. */
int tensor_get_users(lua_State *L) {
    int model;
    ParameterUsers users;
    find_users(L, &model, &users);
    object_push_list(L, model, OBJECT_NODE, (IdSpan){users.nodes, users.count});
    return 1;
}
