#include "lua/lua_shapes.h"

#include <stdio.h>
#include <string.h>

#include "lua/lua_expr.h"
#include "lua/lua_guard.h"
#include "lua/lua_operator.h"

/* ---- options of a view: the table in VIEW_OPTIONS, as C arrays ---- */

static const char *const option_names[] = {"dims", "values", "shapes"};

/* Pushes the table of one option, or an empty one; returns its stack index. */
static int push_option(lua_State *L, int options, const char *name) {
    if (lua_istable(L, options)) {
        if (lua_getfield(L, options, name) == LUA_TTABLE) return lua_gettop(L);
        lua_pop(L, 1);
    }
    lua_newtable(L);
    return lua_gettop(L);
}

static uint32_t count_entries(lua_State *L, int table) {
    uint32_t count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) count++;
    return count;
}

/* Memory that lives as long as it stands on the stack. */
static void *push_block(lua_State *L, size_t count, size_t size) {
    return lua_newuserdatauv(L, count * size + 1, 0);
}

/* The key at -2, a string: it stays in its table. */
static Bytes key_bytes(lua_State *L) {
    Bytes bytes;
    bytes.data = lua_tolstring(L, -2, &bytes.size);
    return bytes;
}

static void read_dims(lua_State *L, int options, ShapesOptions *result) {
    int table = push_option(L, options, "dims");
    ShapeBinding *bindings = push_block(L, count_entries(L, table), sizeof *bindings);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        bindings[result->binding_count++] = (ShapeBinding){key_bytes(L), lua_tointeger(L, -1)};
    result->bindings = bindings;
}

static void read_values(lua_State *L, int options, ShapesOptions *result) {
    int table = push_option(L, options, "values");
    InputContents *contents = push_block(L, count_entries(L, table), sizeof *contents);
    int keep = lua_gettop(L);
    luaL_checkstack(L, (int)count_entries(L, table) + 8, "values");
    for (lua_pushnil(L); lua_next(L, table);) {
        InputContents *given = &contents[result->contents_count++];
        bool is_list = lua_istable(L, -1);
        given->input = key_bytes(L);
        given->count = is_list ? (uint32_t)lua_rawlen(L, -1) : 1;
        double *items = push_block(L, given->count, sizeof *items);
        for (uint32_t i = 0; i < given->count; i++) {
            if (is_list) lua_rawgeti(L, -2, (lua_Integer)i + 1);
            else lua_pushvalue(L, -2);
            items[i] = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : lua_tonumber(L, -1);
            lua_pop(L, 1);
        }
        given->items = items;
        /* The block goes below the key, where it stays. */
        lua_insert(L, ++keep);
        lua_pop(L, 1);
    }
    result->contents = contents;
}

static void read_shapes(lua_State *L, int options, ShapesOptions *result) {
    int table = push_option(L, options, "shapes");
    InputShape *shapes = push_block(L, count_entries(L, table), sizeof *shapes);
    int keep = lua_gettop(L);
    luaL_checkstack(L, (int)count_entries(L, table) + 8, "shapes");
    for (lua_pushnil(L); lua_next(L, table);) {
        InputShape *given = &shapes[result->shape_count++];
        given->input = key_bytes(L);
        given->rank = (uint32_t)lua_rawlen(L, -1);
        int64_t *dims = push_block(L, given->rank, sizeof *dims);
        for (uint32_t i = 0; i < given->rank; i++) {
            lua_rawgeti(L, -2, (lua_Integer)i + 1);
            dims[i] = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
            lua_pop(L, 1);
        }
        given->dims = dims;
        lua_insert(L, ++keep);
        lua_pop(L, 1);
    }
    result->shapes = shapes;
}

Shapes *lua_shapes(lua_State *L, int model) {
    LuaModel *owner = lua_touserdata(L, model);
    if (owner->shapes) return owner->shapes;
    if (owner->is_inferring)
        luaL_error(
            L, "the model's shapes are not there yet: an operator's function gets what it needs as its node");
    int top = lua_gettop(L);
    luaL_checkstack(L, 16, "options");
    lua_getiuservalue(L, model, VIEW_OPTIONS);
    int options = lua_gettop(L);
    ShapesOptions given = {0};
    read_dims(L, options, &given);
    read_values(L, options, &given);
    read_shapes(L, options, &given);
    OperatorCall call;
    given.algebra = lua_algebra_push(L);
    lua_setiuservalue(L, model, ALGEBRA);
    given.hook = lua_operator_hook(L, model, &call);
    owner->is_inferring = true;
    owner->shapes = shapes_infer(owner->model, &given, &owner->err);
    owner->is_inferring = false;
    if (guard_is_broken(L)) { /* an operator's function was cut off: these are not the model's shapes */
        shapes_free(owner->shapes);
        owner->shapes = NULL;
        guard_spend(L, 0);
    }
    if (!owner->shapes) object_raise(L, &owner->err);
    lua_settop(L, top);
    return owner->shapes;
}

/* ---- values ---- */

/* The fact of the value at 1, seen from the first frame of its graph; *model is the stack index of its model. */
static const Fact *self_fact(lua_State *L, int *model, uint32_t *frame) {
    const Handle *handle = object_self(L);
    *model = object_push_model(L, 1);
    Shapes *shapes = lua_shapes(L, *model);
    static const Fact unknown = {0};
    const Value *value = &handle->owner->model->values.items[handle->id];
    *frame = value->is_undefined ? FRAME_NONE : shapes_first_frame(shapes, value->graph);
    return *frame == FRAME_NONE ? &unknown : shapes_fact(shapes, *frame, handle->id);
}

void lua_shapes_push_dim(lua_State *L, int model, Algebra *algebra, Expr dim) {
    int64_t value;
    double number;
    if (!expr_is_known(dim)) lua_pushboolean(L, false);
    else if (expr_to_integer(algebra, dim, &value)) lua_pushinteger(L, value);
    else if (expr_to_double(algebra, dim, &number)) lua_pushnumber(L, number);
    else {
        lua_getiuservalue(L, model, ALGEBRA);
        lua_expr_push(L, -1, algebra, dim);
        lua_remove(L, -2);
    }
}

static void push_dim(lua_State *L, int model, Expr dim) {
    lua_shapes_push_dim(L, model, ((LuaModel *)lua_touserdata(L, model))->shapes->algebra, dim);
}

int value_get_dtype(lua_State *L) {
    int model;
    uint32_t frame;
    const Fact *fact = self_fact(L, &model, &frame);
    bool is_tensor = fact->kind == TYPE_KIND_TENSOR || fact->kind == TYPE_KIND_SPARSE_TENSOR;
    if (is_tensor && fact->dtype) lua_pushstring(L, dtype_name(fact->dtype));
    else lua_pushnil(L);
    return 1;
}

static bool fact_shape(const Shapes *shapes, const Fact *fact, Shape *shape) {
    bool is_tensor = fact->kind == TYPE_KIND_TENSOR || fact->kind == TYPE_KIND_SPARSE_TENSOR;
    shapes_get(shapes, is_tensor ? fact->shape : SHAPE_UNKNOWN, shape);
    return shape->rank >= 0;
}

int value_get_shape(lua_State *L) {
    int model;
    uint32_t frame;
    Shape shape;
    const Fact *fact = self_fact(L, &model, &frame);
    if (!fact_shape(((LuaModel *)lua_touserdata(L, model))->shapes, fact, &shape)) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, shape.rank, 0);
    for (int32_t i = 0; i < shape.rank; i++) {
        push_dim(L, model, shape.dims[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static void add_dim(luaL_Buffer *buffer, const Algebra *algebra, Expr dim) {
    char text[256];
    size_t size = expr_print(algebra, dim, text, sizeof text);
    if (size < sizeof text) luaL_addlstring(buffer, text, size);
    else {
        expr_print(algebra, dim, luaL_prepbuffsize(buffer, size + 1), size + 1);
        luaL_addsize(buffer, size);
    }
}

static void add_fact(luaL_Buffer *buffer, const Shapes *shapes, const Fact *fact);

static void add_element(luaL_Buffer *buffer, const Shapes *shapes, const char *before, const Fact *fact) {
    luaL_addstring(buffer, before);
    add_fact(buffer, shapes, &shapes->elements.items[fact->shape].fact);
    luaL_addchar(buffer, ')');
}

/* "float32[B,256]", "seq(int64[N])"; "?" for what is not known. */
static void add_fact(luaL_Buffer *buffer, const Shapes *shapes, const Fact *fact) {
    Shape shape;
    char text[32];
    switch (fact->kind) {
    case TYPE_KIND_TENSOR:
    case TYPE_KIND_SPARSE_TENSOR:
        if (fact->kind == TYPE_KIND_SPARSE_TENSOR) luaL_addstring(buffer, "sparse_tensor(");
        luaL_addstring(buffer, fact->dtype ? dtype_name(fact->dtype) : "?");
        if (fact_shape(shapes, fact, &shape)) {
            luaL_addchar(buffer, '[');
            for (int32_t i = 0; i < shape.rank; i++) {
                if (i) luaL_addchar(buffer, ',');
                add_dim(buffer, shapes->algebra, shape.dims[i]);
            }
            luaL_addchar(buffer, ']');
        }
        if (fact->kind == TYPE_KIND_SPARSE_TENSOR) luaL_addchar(buffer, ')');
        break;
    case TYPE_KIND_SEQUENCE: add_element(buffer, shapes, "seq(", fact); break;
    case TYPE_KIND_OPTIONAL: add_element(buffer, shapes, "optional(", fact); break;
    case TYPE_KIND_MAP:
        snprintf(text, sizeof text, "map(%s, ", dtype_name(fact->dtype));
        add_element(buffer, shapes, text, fact);
        break;
    case TYPE_KIND_OPAQUE: {
        const Type *type = &shapes->model->types.items[fact->shape];
        luaL_addstring(buffer, "opaque(");
        object_add_shown(buffer, model_name(shapes->model, type->domain), 0);
        luaL_addchar(buffer, '.');
        object_add_shown(buffer, model_name(shapes->model, type->name), 0);
        luaL_addchar(buffer, ')');
        break;
    }
    default: luaL_addchar(buffer, '?');
    }
}

int value_get_type(lua_State *L) {
    int model;
    uint32_t frame;
    const Fact *fact = self_fact(L, &model, &frame);
    if (fact->kind == TYPE_KIND_NONE) {
        lua_pushnil(L);
        return 1;
    }
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_fact(&buffer, ((LuaModel *)lua_touserdata(L, model))->shapes, fact);
    luaL_pushresult(&buffer);
    return 1;
}

/* The elements as a list of integers, floats and Exprs, false where one is not known; nil when they are not known or too
 * many. */
int value_get_known(lua_State *L) {
    int model;
    uint32_t frame;
    const Fact *fact = self_fact(L, &model, &frame);
    LuaModel *owner = lua_touserdata(L, model);
    const Contents *contents =
        fact->kind == TYPE_KIND_NONE ? NULL : shapes_contents(owner->shapes, frame, object_self(L)->id);
    if (!contents) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, (int)contents->count, 0);
    for (uint32_t i = 0; i < contents->count; i++) {
        push_dim(L, model, expr_resolve(owner->shapes->algebra, contents->items[i]));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- why something is not known ---- */

/* The gap of a node, or NULL. */
static const Gap *node_gap(const Shapes *shapes, uint32_t frame, Id node) {
    for (uint32_t i = 0; i < shapes->gaps.count; i++)
        if (shapes->gaps.items[i].node == node && shapes->gaps.items[i].frame == frame)
            return &shapes->gaps.items[i];
    return NULL;
}

typedef struct ReasonSearch {
    const Shapes *shapes;
    const SymbolInfo *found;
} ReasonSearch;

static bool find_unknown_symbol(void *context, SymbolId symbol) {
    ReasonSearch *search = context;
    if (symbol >= search->shapes->symbols.count) return true;
    const SymbolInfo *info = &search->shapes->symbols.items[symbol];
    if (info->origin != SYMBOL_UNKNOWN && info->origin != SYMBOL_DATA) return true;
    search->found = info;
    return false;
}

/* What is not known of a value: NULL and ID_NONE when all is; else the reason the inference gave (empty when it gave none) and
 * the value where it started, which for a dimension is the one its symbol is named after. */
typedef struct Unknown {
    bool is_any;
    Text reason;
    Id value;
} Unknown;

static Unknown unknown_of(const Shapes *shapes, uint32_t frame, Id value) {
    const Fact *fact = shapes_fact(shapes, frame, value);
    Shape shape;
    if (fact->kind != TYPE_KIND_NONE && fact->kind != TYPE_KIND_TENSOR &&
        fact->kind != TYPE_KIND_SPARSE_TENSOR)
        return (Unknown){.value = value};
    if (!fact_shape(shapes, fact, &shape)) {
        Id producer = shapes->model->values.items[value].producer;
        const Gap *gap = producer == ID_NONE ? NULL : node_gap(shapes, frame, producer);
        return (Unknown){true, gap ? gap->reason : (Text){0, 0}, value};
    }
    ReasonSearch search = {shapes, NULL};
    for (int32_t i = 0; !search.found && i < shape.rank; i++)
        expr_visit_symbols(shapes->algebra, shape.dims[i], find_unknown_symbol, &search);
    if (!search.found) return (Unknown){.value = value};
    return (Unknown){true, search.found->reason, search.found->frame == frame ? search.found->value : value};
}

/* An input of the value's producer of which something is not known either. */
static Id unknown_input(const Shapes *shapes, uint32_t frame, Id value) {
    Id producer = shapes->model->values.items[value].producer;
    if (producer == ID_NONE) return ID_NONE;
    IdSpan inputs = node_inputs(shapes->model, producer);
    for (uint32_t i = 0; i < inputs.count; i++)
        if (inputs.ids[i] != ID_NONE && unknown_of(shapes, frame, inputs.ids[i]).is_any) return inputs.ids[i];
    return ID_NONE;
}

/* Why the value's type, rank or a dimension is not known: back along what is not known to where it started. Nil when all is
 * known. */
int value_get_reason(lua_State *L) {
    int model;
    uint32_t frame;
    self_fact(L, &model, &frame);
    LuaModel *owner = lua_touserdata(L, model);
    const Shapes *shapes = owner->shapes;
    if (frame == FRAME_NONE) {
        lua_pushliteral(L, "nothing that is run defines it");
        return 1;
    }
    Id value = object_self(L)->id;
    Unknown unknown = unknown_of(shapes, frame, value);
    if (!unknown.is_any) {
        lua_pushnil(L);
        return 1;
    }
    Text reason = unknown.reason;
    for (uint32_t hops = 0; hops <= owner->model->node_count; hops++) {
        Id before = unknown_input(shapes, frame, unknown.value);
        if (before == ID_NONE) break;
        value = before;
        unknown = unknown_of(shapes, frame, value);
        if (unknown.reason.size) reason = unknown.reason;
    }
    if (reason.size) object_push_bytes(L, shapes_text(shapes, reason));
    else if (owner->model->values.items[unknown.value].is_input)
        lua_pushliteral(L, "the rank of an input is not declared");
    else lua_pushliteral(L, "no rule says");
    return 1;
}

/* ---- models ---- */

static void set_text(lua_State *L, const char *field, Bytes text) {
    object_push_bytes(L, text);
    lua_setfield(L, -2, field);
}

static void set_object(lua_State *L, int model, const char *field, ObjectKind kind, Id id) {
    object_push(L, model, kind, id);
    lua_setfield(L, -2, field);
}

static void set_expr(lua_State *L, int model, const char *field, Expr e) {
    push_dim(L, model, e);
    lua_setfield(L, -2, field);
}

static void set_bound(lua_State *L, const char *field, int64_t bound) {
    if (bound == INT64_MAX || bound == INT64_MIN) return;
    lua_pushinteger(L, bound);
    lua_setfield(L, -2, field);
}

static const char *origin_name(SymbolOrigin origin) {
    static const char *const names[] = {"input", "data", "unknown", "declared"};
    return names[origin];
}

/* A list of {name, origin, least, most, expr, value, axis, reason}; `expr` is what the symbol stands for now: itself, or what
 * an equation or a binding made of it. */
int model_get_symbols(lua_State *L) {
    model_check(L, 1);
    const Shapes *shapes = lua_shapes(L, 1);
    lua_newtable(L);
    for (uint32_t i = 0; i < algebra_symbol_count(shapes->algebra); i++) {
        SymbolInfo info =
            i < shapes->symbols.count ? shapes->symbols.items[i] : (SymbolInfo){.value = ID_NONE};
        int64_t least, most;
        expr_bounds(shapes->algebra, expr_symbol(shapes->algebra, i), &least, &most);
        lua_createtable(L, 0, 8);
        set_text(L, "name", algebra_symbol_name(shapes->algebra, i));
        lua_pushstring(L, origin_name(info.origin));
        lua_setfield(L, -2, "origin");
        set_bound(L, "least", least);
        set_bound(L, "most", most);
        set_expr(L, 1, "expr", algebra_symbol_value(shapes->algebra, i));
        set_object(L, 1, "value", OBJECT_VALUE, info.value);
        if (info.value != ID_NONE && info.axis != AXIS_TRIPS) {
            lua_pushinteger(L, (lua_Integer)info.axis + 1);
            lua_setfield(L, -2, "axis");
        }
        if (info.reason.size) set_text(L, "reason", shapes_text(shapes, info.reason));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* A list of {kind = "derived" or "assumed", left, right, node}. */
int model_get_assumptions(lua_State *L) {
    model_check(L, 1);
    const Shapes *shapes = lua_shapes(L, 1);
    lua_createtable(L, (int)shapes->assumptions.count, 0);
    for (uint32_t i = 0; i < shapes->assumptions.count; i++) {
        const Assumption *assumption = &shapes->assumptions.items[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, assumption->is_derived ? "derived" : "assumed");
        lua_setfield(L, -2, "kind");
        set_expr(L, 1, "left", assumption->left);
        set_expr(L, 1, "right", assumption->right);
        set_object(L, 1, "node", OBJECT_NODE, assumption->node);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* A list of {node, reason}. */
int model_get_gaps(lua_State *L) {
    model_check(L, 1);
    const Shapes *shapes = lua_shapes(L, 1);
    lua_createtable(L, (int)shapes->gaps.count, 0);
    for (uint32_t i = 0; i < shapes->gaps.count; i++) {
        lua_createtable(L, 0, 2);
        set_object(L, 1, "node", OBJECT_NODE, shapes->gaps.items[i].node);
        set_text(L, "reason", shapes_text(shapes, shapes->gaps.items[i].reason));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* A list of {code, severity, message, node, value}, as model.diagnostics. */
int model_get_shape_diagnostics(lua_State *L) {
    model_check(L, 1);
    const Shapes *shapes = lua_shapes(L, 1);
    lua_createtable(L, (int)shapes->problems.count, 0);
    for (uint32_t i = 0; i < shapes->problems.count; i++) {
        const ShapeProblem *problem = &shapes->problems.items[i];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, shape_problem_name(problem->code));
        lua_setfield(L, -2, "code");
        lua_pushstring(L, shape_problem_severity(problem->code));
        lua_setfield(L, -2, "severity");
        set_text(L, "message", shapes_text(shapes, problem->message));
        set_object(L, 1, "node", OBJECT_NODE, problem->node);
        set_object(L, 1, "value", OBJECT_VALUE, problem->value);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- views ---- */

static int wrong_entry(lua_State *L, const char *option, const char *wanted) {
    lua_pop(L, 1);
    const char *key = luaL_tolstring(L, -1, NULL);
    return luaL_error(L, "with: %s: entry '%s': %s is wanted", option, key, wanted);
}

static void check_dims(lua_State *L, int table) {
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isinteger(L, -1))
            wrong_entry(L, "dims", "a symbol's name and a whole number");
}

static bool is_number(lua_State *L) {
    return lua_type(L, -1) == LUA_TNUMBER || lua_isboolean(L, -1);
}

static void check_values(lua_State *L, int table) {
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        bool good = lua_type(L, -2) == LUA_TSTRING && (is_number(L) || lua_istable(L, -1));
        for (lua_Integer i = 1; good && lua_istable(L, -1) && i <= (lua_Integer)lua_rawlen(L, -1); i++) {
            lua_rawgeti(L, -1, i);
            good = is_number(L);
            lua_pop(L, 1);
        }
        if (!good) wrong_entry(L, "values", "an input's name and a number or a list of numbers");
    }
}

static void check_shapes(lua_State *L, int table) {
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        bool good =
            lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1) && lua_rawlen(L, -1) <= SHAPE_RANK_LIMIT;
        for (lua_Integer i = 1; good && i <= (lua_Integer)lua_rawlen(L, -1); i++) {
            lua_rawgeti(L, -1, i);
            good = (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0) ||
                   (lua_isboolean(L, -1) && !lua_toboolean(L, -1));
            lua_pop(L, 1);
        }
        if (!good)
            wrong_entry(L, "shapes", "an input's name and a list of whole numbers (false: as declared)");
    }
}

/* Pushes a copy of the view's options in which the entries of the table at `given` are added. */
static void merge_options(lua_State *L, int model, int given) {
    lua_createtable(L, 0, 3);
    int merged = lua_gettop(L);
    lua_getiuservalue(L, model, VIEW_OPTIONS);
    int sources[] = {lua_gettop(L), given};
    for (size_t i = 0; i < sizeof option_names / sizeof *option_names; i++) {
        lua_newtable(L);
        int entries = lua_gettop(L);
        for (int s = 0; s < 2; s++) {
            int table = push_option(L, sources[s], option_names[i]);
            for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
                lua_pushvalue(L, -2);
                lua_pushvalue(L, -2);
                lua_rawset(L, entries);
            }
            lua_pop(L, 1);
        }
        lua_setfield(L, merged, option_names[i]);
    }
    lua_settop(L, merged);
}

/* What an inference takes, roughly, for the guard that may run. */
static void spend_inference(lua_State *L) {
    const Model *model = model_check(L, 1)->model;
    guard_spend(L, 5000 + (uint64_t)model->node_count * 200);
}

int model_with(lua_State *L) {
    model_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    static void (*const checks[])(lua_State * L, int table) = {check_dims, check_values, check_shapes};
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        size_t i = 0;
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        while (i < 3 && strcmp(option_names[i], name) != 0) i++;
        if (i == 3)
            return luaL_error(L, "with: unknown option '%s', there is dims, values and shapes",
                              luaL_tolstring(L, -2, NULL));
        if (!lua_istable(L, -1))
            return luaL_error(L, "with: option '%s' is a %s, a table is wanted", name, luaL_typename(L, -1));
        checks[i](L, lua_gettop(L));
    }
    merge_options(L, 1, 2);
    spend_inference(L);
    lua_model_push_view(L, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, VIEW_OPTIONS);
    lua_shapes(L, lua_gettop(L)); /* a wrong binding raises here, where it is given */
    return 1;
}
