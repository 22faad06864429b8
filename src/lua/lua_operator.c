#include "lua/lua_operator.h"

#include <stdio.h>
#include <string.h>

#include "lua/lua_expr.h"
#include "lua/lua_shapes.h"

/* Registry: "domain" NUL "name" -> definition. */
static const char OPERATORS[] = "onnxdoc.operators";

static void push_key(lua_State *L, Bytes domain, Bytes name) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addlstring(&buffer, domain.data, domain.size);
    luaL_addchar(&buffer, '\0');
    luaL_addlstring(&buffer, name.data, name.size);
    luaL_pushresult(&buffer);
}

static Bytes check_text(lua_State *L, const char *field, bool is_required) {
    Bytes text = {"", 0};
    int type = lua_getfield(L, 1, field);
    if (type == LUA_TSTRING) text.data = lua_tolstring(L, -1, &text.size);
    else if (type != LUA_TNIL || is_required)
        luaL_error(L, "operator: '%s' is a %s, a string is wanted", field, luaL_typename(L, -1));
    return text;
}

int lua_operator(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(key, "domain") != 0 && strcmp(key, "name") != 0 && strcmp(key, "shape") != 0 &&
            strcmp(key, "cost") != 0)
            luaL_error(L, "operator: unknown field '%s', there is domain, name, shape and cost",
                       luaL_tolstring(L, -2, NULL));
    }
    Bytes name = check_text(L, "name", true), domain = check_text(L, "domain", false);
    int shape = lua_getfield(L, 1, "shape"), cost = lua_getfield(L, 1, "cost");
    if (cost != LUA_TNIL && cost != LUA_TFUNCTION)
        luaL_error(L, "operator: 'cost' is a %s, a function is wanted", lua_typename(L, cost));
    if (shape != LUA_TFUNCTION && (shape != LUA_TNIL || cost == LUA_TNIL))
        luaL_error(L, "operator: 'shape' is a %s, a function is wanted", lua_typename(L, shape));
    if (bytes_equal(domain, BYTES_LITERAL("ai.onnx"))) domain.size = 0;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, OPERATORS);
    push_key(L, domain, name);
    lua_pushvalue(L, 1);
    lua_rawset(L, -3);
    return 0;
}

/* ---- what the function gets: {op_type, domain, opset, name, attributes, inputs = {{dtype, shape, known}, …}} ---- */

static void push_place(lua_State *L, OperatorCall *call, Place place) {
    Op *op = call->op;
    bool is_there = place.is_output ? op_has_output(op, place.index) : op_has_input(op, place.index);
    if (!is_there) {
        lua_pushboolean(L, false);
        return;
    }
    Shape shape;
    lua_createtable(L, 0, 3);
    uint32_t dtype = op_place_dtype(op, place);
    if (dtype) {
        lua_pushstring(L, dtype_name(dtype));
        lua_setfield(L, -2, "dtype");
    }
    if (op_place_shape(op, place, &shape)) {
        lua_createtable(L, shape.rank, 0);
        for (int32_t d = 0; d < shape.rank; d++) {
            lua_shapes_push_dim(L, call->model, op->algebra, shape.dims[d]);
            lua_rawseti(L, -2, d + 1);
        }
        lua_setfield(L, -2, "shape");
    }
    const Contents *contents = place.is_output ? NULL : op_contents(op, place.index);
    if (!contents) return;
    lua_createtable(L, (int)contents->count, 0);
    for (uint32_t at = 0; at < contents->count; at++) {
        lua_shapes_push_dim(L, call->model, op->algebra, contents->items[at]);
        lua_rawseti(L, -2, (lua_Integer)at + 1);
    }
    lua_setfield(L, -2, "known");
}

static void push_places(lua_State *L, OperatorCall *call, bool outputs) {
    uint32_t count = outputs ? call->op->outputs.count : call->op->inputs.count;
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        push_place(L, call, (Place){outputs, i});
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, outputs ? "outputs" : "inputs");
}

static void push_node(lua_State *L, OperatorCall *call) {
    const Op *op = call->op;
    const Model *model = op->model;
    const Node *node = &model->nodes.items[op->node];
    const Attribute *attributes = model->attributes.items + node->first_attribute;
    lua_createtable(L, 0, 6);
    object_push_symbol(L, model, model->operators.items[node->op].op_type);
    lua_setfield(L, -2, "op_type");
    object_push_symbol(L, model, model->operators.items[node->op].domain);
    lua_setfield(L, -2, "domain");
    object_push_text(L, model, node->name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, op->version);
    lua_setfield(L, -2, "opset");
    lua_newtable(L);
    for (uint32_t i = node_attribute_count(model, op->node); i-- > 0;) {
        object_push_symbol(L, model, attributes[i].name);
        attribute_push(L, call->model, &attributes[i]);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "attributes");
    push_places(L, call, false);
}

/* ---- what it gives: for each output {dtype =, shape = {…}}, or nil ---- */

static Expr check_dim(lua_State *L, const Op *op, uint32_t output, lua_Integer axis) {
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) return EXPR_UNKNOWN;
    if (lua_type(L, -1) != LUA_TUSERDATA && !lua_isinteger(L, -1))
        luaL_error(L, "output %d: dimension %d is a %s; a whole number, an Expr or false is wanted",
                   (int)output + 1, (int)axis, luaL_typename(L, -1));
    return lua_expr_operand(L, op->algebra, lua_gettop(L));
}

static void read_output(lua_State *L, Op *op, uint32_t output, int at) {
    if (lua_isnil(L, at)) return;
    if (!lua_istable(L, at))
        luaL_error(L, "output %d is a %s, a table is wanted", (int)output + 1, luaL_typename(L, at));
    uint32_t dtype = DTYPE_UNDEFINED;
    if (lua_getfield(L, at, "dtype") != LUA_TNIL) {
        Bytes name = {"", 0};
        if (lua_type(L, -1) == LUA_TSTRING) name.data = lua_tolstring(L, -1, &name.size);
        dtype = dtype_from_name(name);
        if (dtype == DTYPE_UNDEFINED)
            luaL_error(L, "output %d: '%s' is no dtype", (int)output + 1, luaL_tolstring(L, -1, NULL));
    }
    Shape shape = {.rank = -1};
    if (lua_getfield(L, at, "shape") == LUA_TTABLE) {
        lua_Integer rank = (lua_Integer)lua_rawlen(L, -1);
        if (rank > SHAPE_RANK_LIMIT)
            luaL_error(L, "output %d: rank %d is over the limit of %d", (int)output + 1, (int)rank,
                       SHAPE_RANK_LIMIT);
        shape.rank = (int32_t)rank;
        for (lua_Integer i = 1; i <= rank; i++) {
            lua_rawgeti(L, -1, i);
            shape.dims[i - 1] = check_dim(L, op, output, i);
            lua_pop(L, 1);
        }
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "output %d: shape is a %s, a list is wanted", (int)output + 1, luaL_typename(L, -1));
    }
    op_set(op, output, dtype, &shape);
}

/* Protected: the definition, the call and the model are on the stack. */
static int call_operator(lua_State *L) {
    OperatorCall *call = lua_touserdata(L, 2);
    lua_getfield(L, 1, "shape");
    int base = lua_gettop(L);
    push_node(L, call);
    lua_call(L, 1, LUA_MULTRET);
    int results = lua_gettop(L) - base + 1;
    if (results > (int)call->op->outputs.count) results = (int)call->op->outputs.count;
    luaL_checkstack(L, 8, "outputs");
    for (int i = 0; i < results; i++) read_output(L, call->op, (uint32_t)i, base + i);
    return 0;
}

/* ---- what a cost function gives: {macs =, elementwise =, …}, whatever it leaves out is 0, bytes are in + out ---- */

typedef struct CostCall {
    OperatorCall call;
    Cost *cost;
} CostCall;

static const struct {
    const char *name;
    CostMetric metric;
} cost_fields[] = {{"macs", COST_MACS},
                   {"elementwise", COST_ELEMENTWISE},
                   {"transcendentals", COST_TRANSCENDENTALS},
                   {"dequant", COST_DEQUANT},
                   {"bytes_read", COST_BYTES_READ},
                   {"bytes_written", COST_BYTES_WRITTEN},
                   {"weight_bytes", COST_WEIGHT_BYTES}};
#define COST_FIELDS (sizeof cost_fields / sizeof *cost_fields)

/* The value at the top, for the key below it. */
static void read_cost(lua_State *L, const Op *op, Cost *cost) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    size_t i = 0;
    while (i < COST_FIELDS && strcmp(key, cost_fields[i].name) != 0) i++;
    if (i == COST_FIELDS) luaL_error(L, "unknown field '%s' of a cost", luaL_tolstring(L, -2, NULL));
    Expr value = lua_expr_operand(L, op->algebra, lua_gettop(L));
    if (expr_less(op->algebra, value, 0) == TRUTH_TRUE) luaL_error(L, "%s is below 0", key);
    cost->metrics[cost_fields[i].metric] = value;
}

/* Protected: the definition, the call and the model are on the stack. */
static int call_cost(lua_State *L) {
    CostCall *call = lua_touserdata(L, 2);
    lua_getfield(L, 1, "cost");
    push_node(L, &call->call);
    push_places(L, &call->call, true);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1)) luaL_error(L, "cost gave a %s, a table is wanted", luaL_typename(L, -1));
    Cost given = *call->cost;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) read_cost(L, call->call.op, &given);
    *call->cost = given;
    return 0;
}

/* ---- hooks ---- */

/* Pushes the definition of the node's operator, when it has that function. */
static bool push_definition(lua_State *L, const Op *op, const char *function) {
    const Operator *operation = &op->model->operators.items[op->model->nodes.items[op->node].op];
    if (lua_getfield(L, LUA_REGISTRYINDEX, OPERATORS) != LUA_TTABLE) return false;
    push_key(L, model_name(op->model, operation->domain), model_name(op->model, operation->op_type));
    if (lua_rawget(L, -2) != LUA_TTABLE) return false;
    bool has = lua_getfield(L, -1, function) == LUA_TFUNCTION;
    lua_pop(L, 1);
    return has;
}

/* Protected: what to do with a definition, the call, the model and the operator's function by name. */
static int call_definition(lua_State *L) {
    OperatorCall *call = lua_touserdata(L, 2);
    bool is_there = push_definition(L, call->op, lua_touserdata(L, 4));
    call->is_defined = is_there;
    if (!is_there) return 0;
    lua_CFunction use = lua_tocfunction(L, 1);
    lua_pushcfunction(L, use);
    lua_insert(L, -2);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 3, 0);
    return 0;
}

static int explain(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Nothing here raises, since C code that owns memory is below: all of Lua's is done in the protected call. What went wrong
 * is at the top of the stack when false. */
static bool call_protected(lua_State *L, lua_CFunction use, void *call, int model, const char *function) {
    lua_pushcfunction(L, explain);
    int handler = lua_gettop(L);
    lua_pushcfunction(L, call_definition);
    lua_pushcfunction(L, use);
    lua_pushlightuserdata(L, call);
    lua_pushvalue(L, model);
    lua_pushlightuserdata(L, (void *)function);
    return lua_pcall(L, 4, 0, handler) == LUA_OK;
}

static const char *message_at_top(lua_State *L) {
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error without a message";
}

/* Errors of a function are the node's problem, not the end of inference. */
static bool infer_in_lua(void *context, Op *op) {
    OperatorCall *call = context, inner = {call->L, 3, op, false}; /* where call_operator has the model */
    int top = lua_gettop(call->L);
    bool done = call_protected(call->L, call_operator, &inner, call->model, "shape");
    if (!done)
        op_problem(op, SHAPE_PROBLEM_OPERATOR, "its Lua definition failed: %s", message_at_top(call->L));
    lua_settop(call->L, top);
    return inner.is_defined || !done;
}

static bool cost_in_lua(void *context, Op *op, Cost *cost) {
    OperatorCall *call = context;
    CostCall inner = {{call->L, 3, op, false}, cost};
    int top = lua_gettop(call->L);
    bool done = call_protected(call->L, call_cost, &inner, call->model, "cost");
    if (!done) {
        char reason[512];
        snprintf(reason, sizeof reason, "its Lua definition failed: %s", message_at_top(call->L));
        cost_gap(op, cost, reason);
    }
    lua_settop(call->L, top);
    return inner.call.is_defined || !done;
}

CostHook lua_operator_cost_hook(lua_State *L, int model, OperatorCall *call) {
    bool are_there = lua_getfield(L, LUA_REGISTRYINDEX, OPERATORS) == LUA_TTABLE;
    lua_pop(L, 1);
    *call = (OperatorCall){L, model, NULL, false};
    return (CostHook){call, are_there ? cost_in_lua : NULL};
}

OperatorHook lua_operator_hook(lua_State *L, int model, OperatorCall *call) {
    bool are_there = lua_getfield(L, LUA_REGISTRYINDEX, OPERATORS) == LUA_TTABLE;
    lua_pop(L, 1);
    *call = (OperatorCall){L, model, NULL, false};
    return (OperatorHook){call, are_there ? infer_in_lua : NULL};
}
