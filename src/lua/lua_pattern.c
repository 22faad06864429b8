#include "lua/lua_pattern.h"

#include <string.h>

#include "lua/lua_guard.h"
#include "lua/lua_match.h"
#include "lua/lua_shapes.h"
#include "match/find.h"
#include "match/paths.h"

static const char PATTERN_TYPE[] = "onnxdoc.Pattern";
static const char FINDER_TYPE[] = "onnxdoc.Finder";
static const char PATHS_TYPE[] = "onnxdoc.Paths";

#define PATHS_DEFAULT_LIMIT 1000

/* Roughly what they hold, for a guard. */
#define PATTERN_NBYTES(size) (4096 + 24 * (uint64_t)(size))
#define FINDER_NBYTES(model) (2048 + 4 * ((uint64_t)(model)->node_count + (model)->value_count))

/* What the userdata hold; NULL until it is made. */
typedef struct LuaPattern {
    Pattern *pattern;
} LuaPattern;
typedef struct LuaFinder {
    Finder *finder;
} LuaFinder;

/* ---- patterns ---- */

/* Pushes a Pattern; false, with nothing pushed, when the text is none. */
static bool push_pattern(lua_State *L, int text, Error *err) {
    Bytes bytes;
    bytes.data = lua_tolstring(L, text, &bytes.size);
    guard_spend(L, 100 + bytes.size);
    LuaPattern *self = guard_new_userdata(L, sizeof *self, 0, PATTERN_NBYTES(bytes.size));
    self->pattern = NULL;
    luaL_setmetatable(L, PATTERN_TYPE);
    guard_spend(L, 100 + bytes.size * (uint64_t)50);
    self->pattern = pattern_compile(bytes, err);
    if (self->pattern) return true;
    lua_pop(L, 1);
    return false;
}

int lua_pattern(lua_State *L) {
    Error err = {0};
    luaL_checktype(L, 1, LUA_TSTRING);
    if (push_pattern(L, 1, &err)) return 1;
    if (err.code == ERROR_MEMORY) return object_fail(L, &err);
    lua_pushnil(L);
    lua_pushstring(L, err.message);
    lua_pushliteral(L, "syntax");
    object_push_unsigned(L, err.offset + 1);
    return 4;
}

static const Pattern *self_pattern(lua_State *L) {
    return ((LuaPattern *)lua_touserdata(L, 1))->pattern;
}

static int pattern_get_text(lua_State *L) {
    const Pattern *pattern = self_pattern(L);
    object_push_bytes(L, pattern_text(pattern, pattern->source));
    return 1;
}

/* A list of {name, kind}, in the order in which they come. */
static int pattern_get_captures(lua_State *L) {
    static const char *const kinds[] = {"value", "node", "dimension"};
    const Pattern *pattern = self_pattern(L);
    lua_createtable(L, (int)pattern->captures.count, 0);
    for (uint32_t i = 0; i < pattern->captures.count; i++) {
        lua_createtable(L, 0, 2);
        object_push_bytes(L, pattern_text(pattern, pattern->captures.items[i].name));
        lua_setfield(L, -2, "name");
        lua_pushstring(L, kinds[pattern->captures.items[i].kind]);
        lua_setfield(L, -2, "kind");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int pattern_tostring(lua_State *L) {
    luaL_checkudata(L, 1, PATTERN_TYPE);
    const Pattern *pattern = self_pattern(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "Pattern \"");
    object_add_shown(&buffer, pattern_text(pattern, pattern->source), '"');
    luaL_addchar(&buffer, '"');
    luaL_pushresult(&buffer);
    return 1;
}

static int pattern_collect(lua_State *L) {
    LuaPattern *self = lua_touserdata(L, 1);
    pattern_free(self->pattern);
    self->pattern = NULL;
    return 0;
}

/* The pattern at `arg`, compiled in its place where it is a text. A wrong one is misuse. */
static const Pattern *check_pattern(lua_State *L, int arg) {
    Error err = {0};
    if (lua_type(L, arg) != LUA_TSTRING)
        return ((LuaPattern *)luaL_checkudata(L, arg, PATTERN_TYPE))->pattern;
    if (!push_pattern(L, arg, &err)) luaL_error(L, "pattern: %s", err.message);
    lua_replace(L, arg);
    return ((LuaPattern *)lua_touserdata(L, arg))->pattern;
}

/* ---- matches ---- */

/* Searches that are over free what they hold at once: it can be as large as the model, and the collector does not see it. */
static void finder_end(LuaFinder *self) {
    finder_free(self->finder);
    self->finder = NULL;
}

static int finder_collect(lua_State *L) {
    finder_end(lua_touserdata(L, 1));
    return 0;
}

static void push_capture(lua_State *L, int model, const Finder *finder, uint32_t capture) {
    int64_t word = finder->slots[capture];
    CaptureKind kind = finder->pattern->captures.items[capture].kind;
    if (word == SLOT_EMPTY) lua_pushnil(L);
    else if (kind == CAPTURE_DIM)
        lua_shapes_push_dim(L, model, finder->view->costs->shapes->algebra, (Expr)word);
    else object_push(L, model, kind == CAPTURE_NODE ? OBJECT_NODE : OBJECT_VALUE, (Id)word);
}

/* {root, graph, nodes, captures by name}. */
static void push_match(lua_State *L, int model, const Finder *finder) {
    const Pattern *pattern = finder->pattern;
    lua_createtable(L, 0, (int)pattern->captures.count + 3);
    object_push(L, model, OBJECT_NODE, finder->root);
    lua_setfield(L, -2, "root");
    object_push(L, model, OBJECT_GRAPH, finder->graph);
    lua_setfield(L, -2, "graph");
    object_push_list(L, model, OBJECT_NODE, (IdSpan){finder->nodes.items, finder->nodes.count});
    lua_setfield(L, -2, "nodes");
    for (uint32_t i = 0; i < pattern->captures.count; i++) {
        object_push_bytes(L, pattern_text(pattern, pattern->captures.items[i].name));
        push_capture(L, model, finder, i);
        lua_rawset(L, -3);
    }
}

/* What one search is: the places, in the order of a closure's upvalues, of what it needs. */
typedef struct Search {
    int model, finder, where; /* stack or upvalue indices */
    bool all;
} Search;

/* Whether the caller's function wants the match at the top. */
static bool is_wanted(lua_State *L, const Search *search) {
    if (lua_isnil(L, search->where)) return true;
    lua_pushvalue(L, search->where);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    bool wanted = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return wanted;
}

/* Goes to the next match that is wanted, pushing it (where `with_match` or a function asks for it). */
static FindResult next_match(lua_State *L, const Search *search, bool with_match) {
    LuaModel *owner = lua_touserdata(L, search->model);
    LuaFinder *self = lua_touserdata(L, search->finder);
    bool is_filtered = !lua_isnil(L, search->where);
    for (;;) {
        if (!owner->model) luaL_error(L, "model is closed");
        if (!self->finder) return FIND_END;
        uint64_t before = self->finder->steps;
        FindResult result = finder_next(self->finder, &owner->err);
        guard_spend(L, self->finder->steps - before);
        if (result == FIND_END) finder_end(self);
        if (result != FIND_MATCH) return result;
        if (with_match || is_filtered) push_match(L, search->model, self->finder);
        if (is_wanted(L, search)) {
            /* The function may have called this iterator, to the end. */
            if (!search->all && self->finder) finder_skip_root(self->finder);
            if (is_filtered && !with_match) lua_pop(L, 1);
            return result;
        }
        lua_pop(L, 1);
    }
}

/* upvalues: model, finder, where, all, pattern (which is only kept) */
static int find_next(lua_State *L) {
    Search search = {lua_upvalueindex(1), lua_upvalueindex(2), lua_upvalueindex(3),
                     lua_toboolean(L, lua_upvalueindex(4))};
    LuaModel *owner = lua_touserdata(L, search.model);
    lua_settop(L, 0);
    switch (next_match(L, &search, true)) {
    case FIND_MATCH: return 1;
    case FIND_FAILED: return object_raise(L, &owner->err);
    default: return 0;
    }
}

static int find_count(lua_State *L, const Search *search) {
    LuaModel *owner = lua_touserdata(L, search->model);
    FindResult result;
    lua_Integer count = 0;
    while ((result = next_match(L, search, false)) == FIND_MATCH) count++;
    finder_end(lua_touserdata(L, search->finder));
    if (result == FIND_FAILED) return object_fail(L, &owner->err);
    lua_pushinteger(L, count);
    return 1;
}

static int find_first(lua_State *L, const Search *search) {
    LuaModel *owner = lua_touserdata(L, search->model);
    FindResult result = next_match(L, search, true);
    finder_end(lua_touserdata(L, search->finder));
    if (result == FIND_FAILED) return object_fail(L, &owner->err);
    if (result == FIND_END) lua_pushnil(L);
    return 1;
}

/* ---- options ---- */

static const char *const find_options[] = {"all", "count", "first", "raw", "where", "within", NULL};
static const char *const path_options[] = {"limit", "raw", NULL};

static bool option_is_true(lua_State *L, int arg, const char *name) {
    if (!lua_istable(L, arg)) return false;
    lua_getfield(L, arg, name);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

/* Pushes the function, or nil. */
static void push_where(lua_State *L, int arg) {
    if (!lua_istable(L, arg)) lua_pushnil(L);
    else if (lua_getfield(L, arg, "where") != LUA_TNIL && !lua_isfunction(L, -1))
        luaL_error(L, "find: option 'where' is a %s, a function is wanted", luaL_typename(L, -1));
}

static Id own_id(lua_State *L, const LuaModel *owner, int arg, ObjectKind kind) {
    const Handle *handle = object_check(L, arg, kind);
    if (handle->owner != owner) luaL_error(L, "find: option 'within' is of another model");
    return handle->id;
}

/* A list of Nodes or a Graph; pushes what holds the ids. */
static void push_within(lua_State *L, int arg, const LuaModel *owner, FindOptions *options) {
    if (!lua_istable(L, arg) || lua_getfield(L, arg, "within") == LUA_TNIL) {
        lua_pushnil(L);
        return;
    }
    int within = lua_gettop(L);
    if (luaL_testudata(L, within, GRAPH_TYPE)) {
        options->graph = own_id(L, owner, within, OBJECT_GRAPH);
        return;
    }
    if (!lua_istable(L, within))
        luaL_error(L, "find: option 'within' is a %s, a Graph or a list of Nodes is wanted",
                   luaL_typename(L, within));
    lua_Unsigned count = lua_rawlen(L, within);
    if (count > INT32_MAX) luaL_error(L, "find: option 'within' is too long");
    Id *ids = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *ids, 0);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, within, (lua_Integer)i + 1);
        if (!luaL_testudata(L, -1, NODE_TYPE))
            luaL_error(L, "find: item %d of option 'within' is a %s, a Node is wanted", (int)i + 1,
                       luaL_typename(L, -1));
        ids[i] = own_id(L, owner, lua_gettop(L), OBJECT_NODE);
        lua_pop(L, 1);
    }
    options->nodes = ids;
    options->node_count = (uint32_t)count;
}

int model_find(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    lua_settop(L, 3);
    const Pattern *pattern = check_pattern(L, 2);
    object_check_options(L, 3, "find", find_options, "there are all, count, first, raw, where and within");
    Search search = {.model = 1, .finder = 5, .where = 4, .all = option_is_true(L, 3, "all")};
    bool counts = option_is_true(L, 3, "count"), is_first = option_is_true(L, 3, "first");
    if (counts && is_first) return luaL_error(L, "find: options 'count' and 'first' exclude each other");
    push_where(L, 3);
    lua_settop(L, 4);
    View *view = lua_view(L, 1, option_is_true(L, 3, "raw"));
    LuaFinder *self = guard_new_userdata(L, sizeof *self, 0, FINDER_NBYTES(owner->model));
    self->finder = NULL;
    luaL_setmetatable(L, FINDER_TYPE);
    FindOptions options = {.all = search.all || !lua_isnil(L, search.where), .graph = ID_NONE};
    push_within(L, 3, owner, &options);
    guard_spend(L, 100 + (uint64_t)owner->model->node_count / 4);
    self->finder = finder_new(pattern, view, &options, &owner->err);
    if (!self->finder) return object_raise(L, &owner->err);
    lua_settop(L, 5);
    if (counts) return find_count(L, &search);
    if (is_first) return find_first(L, &search);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, search.finder);
    lua_pushvalue(L, search.where);
    lua_pushboolean(L, search.all);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, find_next, 5);
    return 1;
}

/* ---- paths ---- */

static int paths_collect(lua_State *L) {
    paths_free(lua_touserdata(L, 1));
    return 0;
}

/* A Node or Value of this model. */
static void check_end(lua_State *L, int arg, const LuaModel *owner, Id *node, Id *value) {
    bool is_node = luaL_testudata(L, arg, NODE_TYPE);
    if (!is_node && !luaL_testudata(L, arg, VALUE_TYPE)) luaL_typeerror(L, arg, "Node or Value");
    const Handle *handle = object_check(L, arg, is_node ? OBJECT_NODE : OBJECT_VALUE);
    if (handle->owner != owner) luaL_argerror(L, arg, "it is of another model");
    *(is_node ? node : value) = handle->id;
}

static void push_paths(lua_State *L, const Paths *paths) {
    lua_createtable(L, (int)paths->ends.count, 0);
    for (uint32_t i = 0, first = 0; i < paths->ends.count; first = paths->ends.items[i++]) {
        object_push_list(L, 1, OBJECT_NODE,
                         (IdSpan){paths->nodes.items + first, paths->ends.items[i] - first});
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushboolean(L, paths->has_more);
}

int model_paths(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    lua_settop(L, 4);
    PathsQuery query = {ID_NONE, ID_NONE, ID_NONE, ID_NONE, PATHS_DEFAULT_LIMIT};
    check_end(L, 2, owner, &query.from_node, &query.from_value);
    check_end(L, 3, owner, &query.to_node, &query.to_value);
    object_check_options(L, 4, "paths", path_options, "there are limit and raw");
    if (lua_istable(L, 4) && lua_getfield(L, 4, "limit") != LUA_TNIL) {
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > INT32_MAX)
            return luaL_error(L, "paths: option 'limit' is no whole number of at least 1");
        query.limit = (uint32_t)lua_tointeger(L, -1);
    }
    const View *view = lua_view(L, 1, option_is_true(L, 4, "raw"));
    Paths *paths = lua_newuserdatauv(L, sizeof *paths, 0);
    memset(paths, 0, sizeof *paths);
    luaL_setmetatable(L, PATHS_TYPE);
    if (!paths_find(view, &query, paths, &owner->err)) return object_raise(L, &owner->err);
    guard_spend(L, owner->model->node_count + (uint64_t)paths->nodes.count);
    push_paths(L, paths);
    return 2;
}

/* ---- */

static void register_hidden(lua_State *L, const char *type, lua_CFunction collect) {
    luaL_newmetatable(L, type);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

void lua_pattern_register(lua_State *L) {
    static const Field fields[] = {
        {"text", pattern_get_text}, {"captures", pattern_get_captures}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg extra[] = {
        {"__gc", pattern_collect}, {"__tostring", pattern_tostring}, {NULL, NULL}};
    object_register(L, PATTERN_TYPE, "Pattern", fields, methods, extra);
    register_hidden(L, FINDER_TYPE, finder_collect);
    register_hidden(L, PATHS_TYPE, paths_collect);
}
