#include "lua/lua_onnxdoc.h"

#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "lua/embedded.h"
#include "lua/lua_cost.h"
#include "lua/lua_draft.h"
#include "lua/lua_expr.h"
#include "lua/lua_guard.h"
#include "lua/lua_layers.h"
#include "lua/lua_native.h"
#include "lua/lua_object.h"
#include "lua/lua_operator.h"
#include "lua/lua_pattern.h"
#include "lua/lua_schema.h"
#include "lua/lua_syntax.h"
#include "lua/lua_workers.h"
#include "onnx/sniff.h"

static const char *lua_directory; /* --lua-dir, or NULL */

void onnxdoc_set_lua_dir(const char *directory) {
    lua_directory = directory;
}

/* ---- loading models ---- */

typedef struct LoadOptions {
    const char *name, *directory, *data_root;
} LoadOptions;

/* The options table at `arg`, key by key; strings stay on the stack, which keeps them alive. */
static LoadOptions check_options(lua_State *L, int arg, bool from_bytes) {
    LoadOptions options = {0};
    if (lua_isnoneornil(L, arg)) return options;
    luaL_checktype(L, arg, LUA_TTABLE);
    const char *known = from_bytes ? "'name', 'directory' and 'data_root'" : "'data_root'";
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        const char **slot = strcmp(key, "data_root") == 0                 ? &options.data_root
                            : from_bytes && strcmp(key, "name") == 0      ? &options.name
                            : from_bytes && strcmp(key, "directory") == 0 ? &options.directory
                                                                          : NULL;
        if (!slot) luaL_error(L, "unknown option '%s', there is %s", luaL_tolstring(L, -2, NULL), known);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "option '%s' is a %s, a string is wanted", key, luaL_typename(L, -1));
        *slot = lua_tostring(L, -1);
    }
    return options;
}

/* onnxdoc.load(path [, {data_root =}]) */
static int onnxdoc_load(lua_State *L) {
    size_t size;
    const char *path = luaL_checklstring(L, 1, &size);
    luaL_argcheck(L, strlen(path) == size, 1, "a path has no NUL");
    LoadOptions options = check_options(L, 2, false);
    LuaModel *owner = lua_model_prepare(L, 0);
    Error err = {0};
    Source *source = source_open(path, &err);
    if (!source) return object_fail(L, &err);
    return lua_model_load(L, owner, source, &(ModelOptions){.path = path, .data_root = options.data_root});
}

/* onnxdoc.load_bytes(bytes [, {name =, directory =, data_root =}]) */
static int onnxdoc_load_bytes(lua_State *L) {
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    LoadOptions options = check_options(L, 2, true);
    LuaModel *owner = lua_model_prepare(L, 16 * (uint64_t)size);
    Error err = {0};
    Source *source = source_from_memory(bytes, size, &err);
    if (!source) return object_fail(L, &err);
    return lua_model_load(L, owner, source,
                          &(ModelOptions){.path = options.name,
                                          .directory = options.directory,
                                          .no_directory = !options.directory,
                                          .data_root = options.data_root});
}

/* Whether a path is worth loading as a model: by content, or because it is called .onnx. Pipes count, since
 * looking at them would use them up. */
static int onnxdoc_looks_like_model(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    struct stat status;
    size_t size = strlen(path);
    bool named = size > 5 && strcmp(path + size - 5, ".onnx") == 0;
    bool found = stat(path, &status) == 0;
    bool plausible = found && (named || S_ISFIFO(status.st_mode));
    if (found && !plausible && S_ISREG(status.st_mode)) {
        Error err;
        Source *source = source_open(path, &err);
        plausible = source && sniff_plausible_model(source);
        if (source) source_close(source);
    }
    lua_pushboolean(L, plausible);
    return 1;
}

/* ---- shipped files ---- */

/* Leaves the bytes of a shipped file, from --lua-dir or from the binary, on top of the stack; false when there is
 * no such file. */
static bool push_shipped(lua_State *L, const char *path) {
    if (!lua_directory) {
        Bytes bytes;
        if (!embedded_find(path, &bytes)) return false;
        lua_pushlstring(L, bytes.data, bytes.size);
        return true;
    }
    struct stat status;
    const char *file = lua_pushfstring(L, "%s/%s", lua_directory, path);
    if (stat(file, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    size_t size = (size_t)status.st_size;
    char *bytes = lua_newuserdatauv(L, size + 1, 0); /* before the file is open: this can raise */
    Error err;
    Source *source = source_open(file, &err);
    bool done = source && source->size == size && source_read(source, 0, bytes, size, &err);
    source_close(source);
    if (done) lua_pushlstring(L, bytes, size);
    return done;
}

static int onnxdoc_embedded(lua_State *L) {
    if (!push_shipped(L, luaL_checkstring(L, 1))) lua_pushnil(L);
    return 1;
}

static int onnxdoc_embedded_list(lua_State *L) {
    size_t size;
    const char *prefix = luaL_checklstring(L, 1, &size);
    lua_Integer count = 0;
    lua_newtable(L);
    for (size_t i = 0; i < embedded_count(); i++) {
        if (strncmp(embedded_path(i), prefix, size) != 0) continue;
        lua_pushstring(L, embedded_path(i));
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* A package searcher: "onnxdoc.text" is the shipped lua/onnxdoc/text.lua. */
static int search_shipped(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (strncmp(name, "onnxdoc.", 8) != 0) return 0;
    const char *tail = luaL_gsub(L, name, ".", "/");
    const char *path = lua_pushfstring(L, "lua/%s.lua", tail);
    if (!push_shipped(L, path)) {
        lua_pushfstring(L, "no shipped file '%s'", path);
        return 1;
    }
    size_t size;
    const char *bytes = lua_tolstring(L, -1, &size);
    lua_pushfstring(L, "@%s", path);
    if (luaL_loadbufferx(L, bytes, size, lua_tostring(L, -1), "t") != LUA_OK) return lua_error(L);
    lua_pushstring(L, path);
    return 2;
}

/* Puts the function on top of the stack among package.searchers, behind package.preload: what is shipped comes before
 * any path. */
static void add_searcher(lua_State *L) {
    int searcher = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "package");
    if (lua_istable(L, -1) && lua_getfield(L, -1, "searchers") == LUA_TTABLE) {
        lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
        for (lua_Integer i = count; i >= 2; i--) {
            lua_rawgeti(L, -1, i);
            lua_rawseti(L, -2, i + 1);
        }
        lua_pushvalue(L, searcher);
        lua_rawseti(L, -2, 2);
    }
    lua_settop(L, searcher - 1);
}

/* `require` gives the file that a module was loaded from, for one in package.preload ":preload:". */
static void add_searchers(lua_State *L) {
    const char *origin = luaL_optstring(L, 2, ":preload:");
    native_push_searcher(L, strcmp(origin, ":preload:") == 0 ? NULL : origin);
    add_searcher(L);
    lua_pushcfunction(L, search_shipped);
    add_searcher(L);
    lua_settop(L, 0);
}

/* ---- text ---- */

/* onnxdoc._is_plain(s [, special]): whether s is a string of printable ASCII that holds none of `special`, which no
 * escaper would change. What lua/onnxdoc/text.lua asks about each name. */
static int onnxdoc_is_plain(lua_State *L) {
    bool plain = lua_type(L, 1) == LUA_TSTRING;
    if (plain) {
        Bytes text;
        const char *special = lua_tostring(L, 2);
        text.data = lua_tolstring(L, 1, &text.size);
        plain = bytes_plain_length(text, special ? special : "") == text.size;
    }
    lua_pushboolean(L, plain);
    return 1;
}

/* ---- digests ---- */

static Bytes check_bytes(lua_State *L, int arg) {
    Bytes bytes;
    bytes.data = luaL_checklstring(L, arg, &bytes.size);
    return bytes;
}

/* onnxdoc.sha256(bytes): 64 hexadecimal digits */
static int onnxdoc_sha256(lua_State *L) {
    Bytes bytes = check_bytes(L, 1);
    unsigned char digest[SHA256_BYTES];
    Sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, bytes.data, bytes.size);
    sha256_finish(&sha, digest);
    object_push_hex(L, digest, sizeof digest);
    return 1;
}

/* onnxdoc._hmac(key, bytes): HMAC-SHA-256, 64 hexadecimal digits */
static int onnxdoc_hmac(lua_State *L) {
    unsigned char digest[SHA256_BYTES];
    sha256_hmac(check_bytes(L, 1), check_bytes(L, 2), digest);
    object_push_hex(L, digest, sizeof digest);
    return 1;
}

/* ---- the module table ---- */

/* Functions written in Lua come with the first use of one: onnxdoc.bytes, onnxdoc.csv, ... */
static int lazy_field(lua_State *L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "onnxdoc.library");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    if (!lua_isnil(L, -1)) lua_rawset(L, 1);
    lua_settop(L, 4);
    return 1;
}

static void push_dtypes(lua_State *L) {
    lua_createtable(L, 0, DTYPE_COUNT);
    for (uint32_t dtype = 1; dtype < DTYPE_COUNT; dtype++) {
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, dtype_bits(dtype));
        lua_setfield(L, -2, "bits");
        lua_pushinteger(L, dtype);
        lua_setfield(L, -2, "number");
        lua_setfield(L, -2, dtype_name(dtype));
    }
}

int luaopen_onnxdoc(lua_State *L) {
    static const luaL_Reg functions[] = {{"load", onnxdoc_load},
                                         {"load_bytes", onnxdoc_load_bytes},
                                         {"looks_like_model", onnxdoc_looks_like_model},
                                         {"schema", lua_schema},
                                         {"operator", lua_operator},
                                         {"expr", lua_expr},
                                         {"prove", lua_prove},
                                         {"pattern", lua_pattern},
                                         {"sha256", onnxdoc_sha256},
                                         {"_hmac", onnxdoc_hmac},
                                         {"_embedded", onnxdoc_embedded},
                                         {"_embedded_list", onnxdoc_embedded_list},
                                         {"_is_plain", onnxdoc_is_plain},
                                         {NULL, NULL}};
    add_searchers(L);
    lua_model_register(L);
    lua_graph_register(L);
    lua_node_register(L);
    lua_value_register(L);
    lua_tensor_register(L);
    lua_draft_register(L);
    lua_expr_register(L);
    lua_cost_register(L);
    lua_pattern_register(L);
    lua_layers_register(L);
    luaL_newlib(L, functions);
    luaL_setfuncs(L, lua_draft_functions, 0);
    lua_pushliteral(L, ONNXDOC_VERSION);
    lua_setfield(L, -2, "version");
    push_dtypes(L);
    lua_setfield(L, -2, "dtypes");
    lua_syntax_push(L);
    lua_setfield(L, -2, "_syntax");
    lua_guard_push(L);
    lua_setfield(L, -2, "_guard");
    lua_workers_push(L);
    lua_setfield(L, -2, "_workers");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, lazy_field);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}
