/* Cost: what a node, a graph, a group of nodes or a model takes. Fields are Exprs, nil where a formula is not known. */
#include "lua/lua_cost.h"

#include <string.h>

#include "cost/liveness.h"
#include "lua/lua_bindings.h"
#include "lua/lua_expr.h"
#include "lua/lua_guard.h"
#include "lua/lua_layers.h"
#include "lua/lua_operator.h"
#include "lua/lua_shapes.h"

static const char COST_TYPE[] = "onnxdoc.Cost";

/* User value 1 is the owner of the algebra, 2 a text that says what the cost is of, 3 the model of a sum. */
typedef struct LuaCost {
    Algebra *algebra;
    CostSum sum;
    uint8_t flags, bound;
} LuaCost;

Costs *lua_costs(lua_State *L, int model) {
    LuaModel *owner = lua_touserdata(L, model);
    if (owner->costs) return owner->costs;
    Shapes *shapes = lua_shapes(L, model);
    if (owner->is_inferring)
        luaL_error(
            L, "the model's costs are not there yet: an operator's function gets what it needs as its node");
    OperatorCall call;
    CostHook hook = lua_operator_cost_hook(L, model, &call);
    owner->is_inferring = true;
    owner->costs = costs_count(shapes, &hook, &owner->err);
    owner->is_inferring = false;
    if (guard_is_broken(L)) {
        costs_free(owner->costs);
        owner->costs = NULL;
        guard_spend(L, 0);
    }
    if (!owner->costs) object_raise(L, &owner->err);
    return owner->costs;
}

/* ---- pushing ---- */

/* `what` is at the top of the stack, and is popped. */
static LuaCost *push_cost(lua_State *L, int model) {
    LuaModel *owner = lua_touserdata(L, model);
    LuaCost *cost = lua_newuserdatauv(L, sizeof *cost, 3);
    memset(cost, 0, sizeof *cost);
    cost->algebra = owner->shapes->algebra;
    luaL_setmetatable(L, COST_TYPE);
    lua_getiuservalue(L, model, ALGEBRA);
    lua_setiuservalue(L, -2, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 2);
    return cost;
}

static void push_single(lua_State *L, int model, const Cost *single) {
    LuaCost *cost = push_cost(L, model);
    bool has_macs = single->dtype && single->metrics[COST_MACS] != 0;
    memcpy(cost->sum.metrics, single->metrics, sizeof single->metrics);
    cost->sum.nodes = 1;
    cost->flags = single->flags;
    cost->bound = single->bound;
    if (has_macs)
        cost->sum.by_dtype[cost->sum.dtype_count++] = (DtypeMacs){single->dtype, single->metrics[COST_MACS]};
}

void lua_cost_push_sum(lua_State *L, int model, const CostSum *sum) {
    LuaCost *cost = push_cost(L, model);
    lua_pushvalue(L, model);
    lua_setiuservalue(L, -2, 3);
    cost->sum = *sum;
    cost->bound = sum->is_upper ? COST_UPPER : sum->is_estimate ? COST_ESTIMATE : COST_EXACT;
}

/* ---- fields ---- */

static LuaCost *self_cost(lua_State *L) {
    return lua_touserdata(L, 1);
}

static int push_expr(lua_State *L, Expr e) {
    LuaCost *self = self_cost(L);
    lua_getiuservalue(L, 1, 1);
    lua_expr_push(L, -1, self->algebra, expr_is_known(e) ? expr_resolve(self->algebra, e) : e);
    return 1;
}

static int push_metric(lua_State *L, CostMetric metric) {
    return push_expr(L, self_cost(L)->sum.metrics[metric]);
}

static Expr flops(const LuaCost *self) {
    Expr macs = expr_multiply(self->algebra, self->sum.metrics[COST_MACS], 2);
    return expr_add(self->algebra, macs, self->sum.metrics[COST_ELEMENTWISE]);
}

static Expr all_bytes(const LuaCost *self) {
    const Expr items[] = {self->sum.metrics[COST_BYTES_READ], self->sum.metrics[COST_BYTES_WRITTEN],
                          self->sum.metrics[COST_WEIGHT_BYTES]};
    return expr_sum(self->algebra, items, 3);
}

#define METRIC(name, METRIC)                                                                                 \
    static int get_##name(lua_State *L) {                                                                    \
        return push_metric(L, COST_##METRIC);                                                                \
    }
METRIC(macs, MACS)
METRIC(elementwise, ELEMENTWISE)
METRIC(transcendentals, TRANSCENDENTALS)
METRIC(dequant, DEQUANT)
METRIC(bytes_read, BYTES_READ)
METRIC(bytes_written, BYTES_WRITTEN)
METRIC(weight_bytes, WEIGHT_BYTES)
METRIC(macs_valid, MACS_VALID)
METRIC(macs_causal, MACS_CAUSAL)
METRIC(elementwise_low, ELEMENTWISE_LOW)
#undef METRIC

static int get_flops(lua_State *L) {
    return push_expr(L, flops(self_cost(L)));
}

static int get_bytes(lua_State *L) {
    return push_expr(L, all_bytes(self_cost(L)));
}

#define COUNT(field)                                                                                         \
    static int get_##field(lua_State *L) {                                                                   \
        lua_pushinteger(L, (lua_Integer)self_cost(L)->sum.field);                                            \
        return 1;                                                                                            \
    }
COUNT(nodes)
COUNT(unknown)
COUNT(unknown_bytes)
COUNT(constant)
COUNT(shape)
COUNT(views)
COUNT(not_numeric)
#undef COUNT

static int get_bound(lua_State *L) {
    static const char *const names[] = {"exact", "upper", "estimate"};
    lua_pushstring(L, names[self_cost(L)->bound]);
    return 1;
}

/* What kind of node it is: "constant", "shape", "view", "not-numeric", "compute". */
static int get_kind(lua_State *L) {
    uint8_t flags = self_cost(L)->flags;
    lua_pushstring(L, flags & COST_IS_CONSTANT   ? "constant"
                      : flags & COST_IS_SHAPE    ? "shape"
                      : flags & COST_IS_VIEW     ? "view"
                      : flags & COST_NOT_NUMERIC ? "not-numeric"
                                                 : "compute");
    return 1;
}

static int get_macs_by_dtype(lua_State *L) {
    LuaCost *self = self_cost(L);
    lua_createtable(L, 0, (int)self->sum.dtype_count);
    for (uint32_t i = 0; i < self->sum.dtype_count; i++) {
        push_expr(L, self->sum.by_dtype[i].macs);
        lua_remove(L, -2);
        lua_setfield(L, -2, dtype_name(self->sum.by_dtype[i].dtype));
    }
    return 1;
}

/* ---- cost:at{batch = 8} ---- */

static const char *const metric_names[] = {"macs",        "elementwise",     "transcendentals", "dequant",
                                           "bytes_read",  "bytes_written",   "weight_bytes",    "macs_valid",
                                           "macs_causal", "elementwise_low", "flops",           "bytes"};
#define METRIC_NAMES (sizeof metric_names / sizeof *metric_names)

static Expr named_metric(const LuaCost *self, size_t i) {
    return i < COST_METRIC_COUNT    ? self->sum.metrics[i]
           : i == COST_METRIC_COUNT ? flops(self)
                                    : all_bytes(self);
}

/* The node of a sum that has no value by itself, as often as it runs; ID_NONE when it is only the sum that has none. */
static Id failing_node(const Costs *costs, const Bindings *bindings, size_t metric) {
    LuaCost single = {.algebra = costs->shapes->algebra};
    Evaluation evaluation;
    Error err;
    for (uint32_t f = 0; f < costs->frames.count; f++) {
        const Graph *graph = &costs->shapes->model->graphs.items[costs->shapes->frames.items[f].graph];
        Expr weight = costs->frames.items[f].weight;
        for (uint32_t i = 0; weight != 0 && i < graph->node_count; i++) {
            memcpy(single.sum.metrics, costs_of_node(costs, f, graph->first_node + i)->metrics,
                   sizeof single.sum.metrics);
            Expr e = expr_multiply(single.algebra, weight, named_metric(&single, metric));
            if (expr_is_known(e) && !lua_bindings_evaluate(bindings, e, &evaluation, &err))
                return graph->first_node + i;
        }
    }
    return ID_NONE;
}

static int raise_in(lua_State *L, const Bindings *bindings, size_t metric, const Error *err) {
    lua_getiuservalue(L, 1, 2);
    const char *what = lua_tostring(L, -1);
    const LuaModel *owner = lua_getiuservalue(L, 1, 3) == LUA_TUSERDATA ? lua_touserdata(L, -1) : NULL;
    if (err->code == ERROR_LIMIT && owner && owner->costs) {
        object_push(L, lua_gettop(L), OBJECT_NODE, failing_node(owner->costs, bindings, metric));
        if (!lua_isnil(L, -1)) what = luaL_tolstring(L, -1, NULL);
    }
    return luaL_error(L, "%s of %s: %s", metric_names[metric], what, err->message);
}

/* A table of numbers; metrics that are not known are left out. Integers, past 2^63 floats; `exact` has the digits of those. */
static int cost_at(lua_State *L) {
    LuaCost *self = luaL_checkudata(L, 1, COST_TYPE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    Expr shown = expr_add(self->algebra, flops(self), all_bytes(self));
    Bindings bindings = lua_bindings_push(L, self->algebra, expr_is_known(shown) ? shown : 0);
    lua_bindings_read(L, &bindings, 2);
    lua_createtable(L, 0, METRIC_NAMES + 1);
    int result = lua_gettop(L);
    lua_newtable(L);
    for (size_t i = 0; i < METRIC_NAMES; i++) {
        Evaluation evaluation;
        Error err;
        Expr e = named_metric(self, i);
        if (!expr_is_known(e)) continue;
        if (!lua_bindings_evaluate(&bindings, e, &evaluation, &err)) return raise_in(L, &bindings, i, &err);
        lua_evaluation_push(L, &evaluation);
        lua_setfield(L, result, metric_names[i]);
        if (evaluation.fits) continue;
        lua_pushstring(L, evaluation.text);
        lua_setfield(L, -2, metric_names[i]);
    }
    lua_setfield(L, result, "exact");
    return 1;
}

static int cost_tostring(lua_State *L) {
    LuaCost *self = luaL_checkudata(L, 1, COST_TYPE);
    lua_getiuservalue(L, 1, 2);
    const char *what = lua_tostring(L, -1);
    lua_pushfstring(L, "Cost of %s: ", what);
    lua_formula_push(L, self->algebra, self->sum.metrics[COST_MACS]);
    lua_pushliteral(L, " MACs");
    lua_concat(L, 3);
    return 1;
}

/* ---- models ---- */

int model_get_cost(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    Costs *costs = lua_costs(L, 1);
    CostSum sum;
    if (!costs_sum(costs, NULL, 1, &sum, &owner->err)) return object_raise(L, &owner->err);
    lua_pushliteral(L, "the model");
    lua_cost_push_sum(L, 1, &sum);
    return 1;
}

/* {nodes, shapes}: nodes, and those whose outputs have known shapes. */
int model_get_coverage(lua_State *L) {
    model_check(L, 1);
    uint64_t nodes, known;
    if (!costs_shape_coverage(lua_costs(L, 1), &nodes, &known)) return luaL_error(L, "out of memory");
    lua_createtable(L, 0, 2);
    object_set_unsigned(L, "nodes", nodes);
    object_set_unsigned(L, "shapes", known);
    return 1;
}

/* A list of {node, reason}. */
int model_get_cost_gaps(lua_State *L) {
    model_check(L, 1);
    const Costs *costs = lua_costs(L, 1);
    lua_createtable(L, (int)costs->gaps.count, 0);
    for (uint32_t i = 0; i < costs->gaps.count; i++) {
        lua_createtable(L, 0, 2);
        object_push(L, 1, OBJECT_NODE, costs->gaps.items[i].node);
        lua_setfield(L, -2, "node");
        object_push_bytes(L, shapes_text(costs->shapes, costs->gaps.items[i].reason));
        lua_setfield(L, -2, "reason");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* The number of the key at the top, which is popped; the next one when it is new. `numbers` and `keys` are tables. */
static uint32_t number_key(lua_State *L, int numbers, int keys, uint32_t *count) {
    lua_pushvalue(L, -1);
    uint32_t number = *count;
    if (lua_rawget(L, numbers) == LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_pushinteger(L, number);
        lua_rawset(L, numbers);
        lua_pushvalue(L, -2);
        lua_rawseti(L, keys, (lua_Integer)number + 1);
        ++*count;
    } else number = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return number;
}

/* Fills groups[node] from what the function at 2 gives; keys, by group, are in the table at `keys`. */
static uint32_t group_nodes(lua_State *L, const Model *model, uint32_t *groups, int keys) {
    lua_newtable(L);
    int numbers = lua_gettop(L);
    uint32_t count = 0;
    for (Id node = 0; node < model->node_count; node++) {
        lua_pushvalue(L, 2);
        object_push(L, 1, OBJECT_NODE, node);
        lua_call(L, 1, 1);
        model_check(L, 1);
        if (!lua_isnil(L, -1)) groups[node] = number_key(L, numbers, keys, &count);
        else {
            groups[node] = UINT32_MAX;
            lua_pop(L, 1);
        }
    }
    lua_settop(L, keys);
    return count;
}

/* The same by operator, without asking Lua for every node. */
static uint32_t group_operators(lua_State *L, const Model *model, uint32_t *groups, int keys) {
    uint32_t *known = lua_newuserdatauv(L, (model->operators.count + (size_t)1) * sizeof *known, 0);
    uint32_t count = 0;
    lua_newtable(L);
    int numbers = lua_gettop(L);
    memset(known, 0xff, model->operators.count * sizeof *known);
    for (Id node = 0; node < model->node_count; node++) {
        uint32_t *number = &known[model->nodes.items[node].op];
        if (*number == UINT32_MAX) {
            object_push(L, 1, OBJECT_NODE, node);
            lua_getfield(L, -1, "op");
            lua_remove(L, -2);
            *number = number_key(L, numbers, keys, &count);
        }
        groups[node] = *number;
    }
    lua_settop(L, keys);
    return count;
}

int model_costs(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    bool is_by_op = lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "op") == 0;
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "layer") == 0)
        return model_layer_costs(L);
    if (!is_by_op && !lua_isfunction(L, 2)) return luaL_typeerror(L, 2, "function, \"op\" or \"layer\"");
    lua_settop(L, 2);
    lua_costs(L, 1);
    uint32_t *groups = lua_newuserdatauv(L, (owner->model->node_count + (size_t)1) * sizeof *groups, 0);
    lua_newtable(L);
    int keys = lua_gettop(L);
    uint32_t count = (is_by_op ? group_operators : group_nodes)(L, owner->model, groups, keys);
    guard_spend(L, (uint64_t)owner->model->node_count * 50);
    CostSum *sums = lua_newuserdatauv(L, (count + (size_t)1) * sizeof *sums, 0);
    if (!costs_sum(owner->costs, groups, count, sums, &owner->err)) return object_raise(L, &owner->err);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 2);
        lua_rawgeti(L, keys, (lua_Integer)i + 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "key");
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        model_check(L, 1); /* a key's __tostring may have closed it */
        lua_cost_push_sum(L, 1, &sums[i]);
        lua_setfield(L, -2, "cost");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* Where a peak lives while Lua may raise. */
static const char PEAK_TYPE[] = "onnxdoc.LivenessPeak";

static int peak_collect(lua_State *L) {
    liveness_free(lua_touserdata(L, 1));
    return 0;
}

static LivenessPeak *push_peak(lua_State *L) {
    LivenessPeak *peak = lua_newuserdatauv(L, sizeof *peak, 0);
    memset(peak, 0, sizeof *peak);
    luaL_setmetatable(L, PEAK_TYPE);
    return peak;
}

static void push_peak_table(lua_State *L, const LivenessPeak *peak, bool with_orders) {
    lua_createtable(L, 0, 12);
    object_set_unsigned(L, "bytes", peak->bytes);
    object_set_unsigned(L, "inner", peak->inner);
    object_set_unsigned(L, "unknown", peak->unknown);
    if (with_orders) {
        object_set_unsigned(L, "held", peak->held);
        object_set_unsigned(L, "reused", peak->reused);
        object_set_unsigned(L, "least", peak->least);
        object_set_unsigned(L, "scheduled", peak->scheduled);
    }
    object_push(L, 1, OBJECT_NODE, peak->node);
    lua_setfield(L, -2, "node");
    object_push_list(L, 1, OBJECT_VALUE, (IdSpan){peak->alive.items, peak->alive.count});
    lua_setfield(L, -2, "alive");
    lua_getiuservalue(L, 1, ALGEBRA);
    lua_expr_push(L, -1, ((LuaModel *)lua_touserdata(L, 1))->shapes->algebra, peak->formula);
    lua_setfield(L, -3, "formula");
    lua_pop(L, 1);
    lua_pushboolean(L, peak->is_for_all);
    lua_setfield(L, -2, "is_for_all");
    lua_createtable(L, (int)peak->timeline.count, 0);
    for (uint32_t i = 0; i < peak->timeline.count; i++) {
        object_push_unsigned(L, peak->timeline.items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "timeline");
}

/* model:memory(bindings [, "orders"]) */
int model_memory(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    static const char *const extents[] = {"peak", "orders", NULL};
    bool with_orders = luaL_checkoption(L, 3, "peak", extents) == 1;
    Costs *costs = lua_costs(L, 1);
    Bindings bindings = lua_bindings_push(L, costs->shapes->algebra, 0);
    lua_bindings_read(L, &bindings, 2);
    guard_spend(L, 1000 + (uint64_t)owner->model->node_count * (with_orders ? 1000 : 100));
    LivenessOptions options = {bindings.numbers, bindings.bound, bindings.count, with_orders};
    LivenessPeak *peak = push_peak(L);
    if (!liveness_find(costs, &options, peak, &owner->err)) return object_raise(L, &owner->err);
    push_peak_table(L, peak, with_orders);
    return 1;
}

/* ---- graphs and nodes ---- */

static uint32_t first_frame(lua_State *L, int model, Id graph) {
    return shapes_first_frame(lua_costs(L, model)->shapes, graph);
}

/* What the graph costs each time it runs, in the first of its frames. */
int graph_get_cost(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    uint32_t frame = first_frame(L, model, handle->id);
    if (frame == FRAME_NONE) {
        lua_pushnil(L);
        return 1;
    }
    luaL_tolstring(L, 1, NULL);
    push_single(L, model, costs_of_frame(handle->owner->costs, frame));
    return 1;
}

static int push_node_cost(lua_State *L, bool with_inside) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    uint32_t frame = first_frame(L, model, handle->owner->model->nodes.items[handle->id].graph);
    if (frame == FRAME_NONE) {
        lua_pushnil(L);
        return 1;
    }
    Cost cost;
    if (with_inside) costs_with_inside(handle->owner->costs, frame, handle->id, &cost);
    else cost = *costs_of_node(handle->owner->costs, frame, handle->id);
    luaL_tolstring(L, 1, NULL);
    push_single(L, model, &cost);
    return 1;
}

int node_get_cost(lua_State *L) {
    return push_node_cost(L, true);
}

int node_get_own_cost(lua_State *L) {
    return push_node_cost(L, false);
}

/* How often the node runs in one run of the model: the sum over all frames its graph has. */
int node_get_runs(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    const Costs *costs = lua_costs(L, model);
    Id graph = handle->owner->model->nodes.items[handle->id].graph;
    Expr runs = 0;
    for (uint32_t i = 0; i < costs->frames.count; i++)
        if (costs->shapes->frames.items[i].graph == graph)
            runs = expr_add(costs->shapes->algebra, runs, costs->frames.items[i].weight);
    lua_shapes_push_dim(L, model, costs->shapes->algebra, runs);
    return 1;
}

static void push_notes(lua_State *L, int model, const CostNotes *notes) {
    Algebra *algebra = ((LuaModel *)lua_touserdata(L, model))->shapes->algebra;
    lua_createtable(L, (int)notes->items.count, 0);
    for (uint32_t i = 0; i < notes->items.count; i++) {
        const CostNote *note = &notes->items.items[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, metric_names[note->metric]);
        lua_setfield(L, -2, "metric");
        lua_pushstring(L, note->formula);
        lua_setfield(L, -2, "formula");
        lua_shapes_push_dim(L, model, algebra, note->value);
        lua_setfield(L, -2, "value");
        lua_createtable(L, (int)note->count, 0);
        for (uint32_t t = 0; t < note->count; t++) {
            lua_createtable(L, 0, 2);
            lua_pushstring(L, note->terms[t].name);
            lua_setfield(L, -2, "name");
            lua_shapes_push_dim(L, model, algebra, note->terms[t].value);
            lua_setfield(L, -2, "value");
            lua_rawseti(L, -2, (lua_Integer)t + 1);
        }
        lua_setfield(L, -2, "terms");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Where notes live while Lua may raise: a userdata whose __gc frees them. */
static const char NOTES_TYPE[] = "onnxdoc.CostNotes";

static int notes_collect(lua_State *L) {
    CostNotes *notes = lua_touserdata(L, 1);
    array_free(&notes->items);
    return 0;
}

/* A list of {metric, formula, value, terms = {{name, value}, …}}: how the node's own cost comes about. */
int node_get_cost_notes(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    Costs *costs = lua_costs(L, model);
    uint32_t frame = first_frame(L, model, handle->owner->model->nodes.items[handle->id].graph);
    CostNotes *notes = lua_newuserdatauv(L, sizeof *notes, 0);
    memset(notes, 0, sizeof *notes);
    luaL_setmetatable(L, NOTES_TYPE);
    OperatorCall call;
    CostHook hook = lua_operator_cost_hook(L, model, &call);
    Cost cost;
    bool was_inferring = handle->owner->is_inferring;
    handle->owner->is_inferring = true;
    bool done = frame == FRAME_NONE || costs_explain(costs, frame, handle->id, &hook, &cost, notes);
    handle->owner->is_inferring = was_inferring;
    if (!done) return luaL_error(L, "out of memory");
    push_notes(L, model, notes);
    return 1;
}

/* ---- values ---- */

static int push_of_fact(lua_State *L, Expr (*measure)(Infer *infer, Fact fact)) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    Shapes *shapes = lua_shapes(L, model);
    const Value *value = &handle->owner->model->values.items[handle->id];
    uint32_t frame = value->is_undefined ? FRAME_NONE : shapes_first_frame(shapes, value->graph);
    Expr e =
        frame == FRAME_NONE ? EXPR_UNKNOWN : measure(shapes->infer, *shapes_fact(shapes, frame, handle->id));
    if (expr_is_known(e)) lua_shapes_push_dim(L, model, shapes->algebra, e);
    else lua_pushnil(L);
    return 1;
}

/* Bytes in memory; nil for strings and what has no shape. */
int value_get_nbytes(lua_State *L) {
    return push_of_fact(L, infer_fact_nbytes);
}

int value_get_elements(lua_State *L) {
    return push_of_fact(L, infer_fact_elements);
}

/* The same in every run. */
int value_get_is_constant(lua_State *L) {
    const Handle *handle = object_self(L);
    int model = object_push_model(L, 1);
    const Costs *costs = lua_costs(L, model);
    uint32_t frame = first_frame(L, model, handle->owner->model->values.items[handle->id].graph);
    lua_pushboolean(L,
                    frame != FRAME_NONE && (costs_value_flags(costs, frame, handle->id) & VALUE_IS_CONSTANT));
    return 1;
}

void lua_cost_register(lua_State *L) {
    static const Field fields[] = {{"macs", get_macs},
                                   {"flops", get_flops},
                                   {"elementwise", get_elementwise},
                                   {"transcendentals", get_transcendentals},
                                   {"dequant", get_dequant},
                                   {"bytes", get_bytes},
                                   {"bytes_read", get_bytes_read},
                                   {"bytes_written", get_bytes_written},
                                   {"weight_bytes", get_weight_bytes},
                                   {"macs_valid", get_macs_valid},
                                   {"macs_causal", get_macs_causal},
                                   {"elementwise_low", get_elementwise_low},
                                   {"macs_by_dtype", get_macs_by_dtype},
                                   {"bound", get_bound},
                                   {"kind", get_kind},
                                   {"nodes", get_nodes},
                                   {"unknown", get_unknown},
                                   {"unknown_bytes", get_unknown_bytes},
                                   {"constant", get_constant},
                                   {"shape", get_shape},
                                   {"views", get_views},
                                   {"not_numeric", get_not_numeric},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {{"at", cost_at}, {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", cost_tostring}, {NULL, NULL}};
    object_register(L, COST_TYPE, "Cost", fields, methods, extra);
    luaL_newmetatable(L, PEAK_TYPE);
    lua_pushcfunction(L, peak_collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newmetatable(L, NOTES_TYPE);
    lua_pushcfunction(L, notes_collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
