#include "lua/lua_native.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

static const char *const native_modules[] = {"draw"};

/* Where a module may be, from the folder of onnxdoc.so or of the binary: as installed, as built. */
static const char *const native_places[] = {"%s/onnxdoc/%s.so", "%s/../lib/lua/5.4/onnxdoc/%s.so",
                                            "%s/modules/%s.so"};

/* A link to the binary that runs. */
static const char SELF[] = "/proc/self/exe";

static const char *native_tail(const char *name) {
    for (size_t i = 0; i < sizeof native_modules / sizeof *native_modules; i++) {
        if (strncmp(name, "onnxdoc.", 8) == 0 && strcmp(name + 8, native_modules[i]) == 0)
            return native_modules[i];
    }
    return NULL;
}

/* Pushes the folder of a path. */
static void push_folder(lua_State *L, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash) lua_pushlstring(L, path, (size_t)(slash - path));
    else lua_pushliteral(L, ".");
}

static int raise_missing(lua_State *L) {
    return luaL_error(L, "module '%s' is not there (looked for in%s)", lua_tostring(L, 1),
                      lua_tostring(L, lua_upvalueindex(1)));
}

/* Pushes what package.loadlib gives for a file: a function, or nil and why. */
static bool push_opener(lua_State *L, const char *path, const char *tail) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "package");
    lua_getfield(L, -1, "loadlib");
    lua_pushstring(L, path);
    lua_pushfstring(L, "luaopen_onnxdoc_%s", tail);
    lua_call(L, 2, 2);
    lua_remove(L, -4);
    lua_remove(L, -3);
    return lua_isfunction(L, -2);
}

static int search_native(lua_State *L) {
    const char *tail = native_tail(luaL_checkstring(L, 1));
    if (!tail) return 0;
    lua_pushliteral(L, ""); /* 2: where it is not */
    for (size_t i = 0; i < sizeof native_places / sizeof *native_places; i++) {
        lua_settop(L, 2);
        const char *path = lua_pushfstring(L, native_places[i], lua_tostring(L, lua_upvalueindex(1)), tail);
        if (access(path, R_OK) != 0) {
            lua_pushfstring(L, "%s %s", lua_tostring(L, 2), path);
            lua_replace(L, 2);
            continue;
        }
        if (!push_opener(L, path, tail)) return luaL_error(L, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
        lua_pushvalue(L, 3);
        return 2;
    }
    lua_settop(L, 2);
    lua_pushcclosure(L, raise_missing, 1);
    return 1;
}

void native_push_searcher(lua_State *L, const char *origin) {
    char path[PATH_MAX];
    if (!origin) {
        ssize_t size = readlink(SELF, path, sizeof path - 1);
        if (size > 0) path[size] = '\0';
        origin = size > 0 ? path : SELF; /* beside which nothing is: better than the folder one stands in */
    }
    push_folder(L, origin);
    lua_pushcclosure(L, search_native, 1);
}
