/* The base functions and coroutines of code from elsewhere.
 *
 * Metatables: what setmetatable gives a table is a *shadow*, a hidden table with the metamethods that the given one had at
 * that moment, without __gc and __mode, which so cannot be added later: finalizers would run when no guard does, and
 * the collector's work on weak tables can be made quadratic. The shadow hangs in the given table under a key that next
 * and pairs pass over, and is brought up to date by each setmetatable with that table. getmetatable gives
 * the table that was given, and nothing of the host's. */
#include <string.h>

#include "lua/lua_guard.h"
#include "lualib.h"

const char GUARD_SHADOW = 0;

/* ---- protected calls ---- */

static int finish_pcall(lua_State *L, int status, lua_KContext first) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)first;
    guard_pass_error(L, status);
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int base_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
    return finish_pcall(L, status, 0);
}

/* The handler of the code, upvalue 1, does not see what it cannot catch. */
static int handle_error(lua_State *L) {
    if (guard_is_broken(L)) return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int base_xpcall(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle_error, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, true);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, lua_gettop(L) - 4, LUA_MULTRET, 2, 2, finish_pcall);
    return finish_pcall(L, status, 2);
}

/* ---- metatables ---- */

static const char *const metamethods[] = {
    "__index", "__newindex", "__call", "__tostring", "__name", "__metatable", "__len", "__eq",    "__lt",
    "__le",    "__concat",   "__add",  "__sub",      "__mul",  "__div",       "__mod", "__pow",   "__unm",
    "__idiv",  "__band",     "__bor",  "__bxor",     "__bnot", "__shl",       "__shr", "__pairs", "__close"};

static void refuse_metamethod(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    if (lua_rawget(L, 2) != LUA_TNIL) luaL_error(L, "setmetatable: %s is not for code from elsewhere", name);
    lua_pop(L, 1);
}

/* Pushes the shadow of the table at 2, made when it has none of its own. */
static void push_shadow(lua_State *L) {
    if (lua_rawgetp(L, 2, &GUARD_SHADOW) == LUA_TUSERDATA) {
        if (lua_getiuservalue(L, -1, 1) == LUA_TTABLE) {
            lua_rawgetp(L, -1, &GUARD_SHADOW);
            bool is_own = lua_rawequal(L, -1, 2);
            lua_pop(L, 1);
            if (is_own) return;
        }
    }
    lua_settop(L, 2);
    lua_newuserdatauv(L, 0, 1);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    lua_rawsetp(L, -2, &GUARD_SHADOW);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, 2, &GUARD_SHADOW);
}

static int base_setmetatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    lua_settop(L, 2);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        refuse_metamethod(L, "__gc");
        refuse_metamethod(L, "__mode");
        push_shadow(L);
        for (size_t i = 0; i < sizeof metamethods / sizeof *metamethods; i++) {
            lua_pushstring(L, metamethods[i]);
            lua_pushvalue(L, -1);
            lua_rawget(L, 2);
            lua_rawset(L, -3);
        }
    }
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int base_getmetatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return 1;
    if (lua_type(L, 1) == LUA_TTABLE && lua_getmetatable(L, 1)) lua_rawgetp(L, -1, &GUARD_SHADOW);
    else lua_pushnil(L);
    return 1;
}

/* ---- going through tables ---- */

static int base_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    while (lua_next(L, 1)) {
        if (!lua_islightuserdata(L, -2) || lua_touserdata(L, -2) != (void *)&GUARD_SHADOW) return 2;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

static int base_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) {
        lua_pushcfunction(L, base_next);
        lua_pushvalue(L, 1);
        lua_pushnil(L);
    } else {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
    }
    return 3;
}

/* ---- other ---- */

/* What the guard's call has made, in kilobytes: how much the host has is not told. */
static int base_collectgarbage(lua_State *L) {
    static const char *const options[] = {"count", NULL};
    luaL_checkoption(L, 1, "count", options);
    lua_pushnumber(L, (double)guard_memory(L) / 1024);
    return 1;
}

/* upvalue: the stock tonumber, which is slow with a base */
static int base_tonumber(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING) guard_spend(L, lua_rawlen(L, 1));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* Pushes what package.loaded holds under a library's name. */
static void push_library(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

void guard_push_base(lua_State *L) {
    static const char *const stock[] = {"assert", "error",  "ipairs",   "rawequal", "rawget",  "rawlen",
                                        "rawset", "select", "tostring", "type",     "_VERSION"};
    static const luaL_Reg functions[] = {{"pcall", base_pcall},
                                         {"xpcall", base_xpcall},
                                         {"setmetatable", base_setmetatable},
                                         {"getmetatable", base_getmetatable},
                                         {"next", base_next},
                                         {"pairs", base_pairs},
                                         {"collectgarbage", base_collectgarbage},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    push_library(L, LUA_GNAME);
    for (size_t i = 0; i < sizeof stock / sizeof *stock; i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_getfield(L, -1, "tonumber");
    lua_pushcclosure(L, base_tonumber, 1);
    lua_setfield(L, -3, "tonumber");
    lua_pop(L, 1);
}

/* A library of its own, since math.random has a state. */
void guard_push_math(lua_State *L) {
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
}

/* ---- coroutines ---- */

static lua_State *check_coroutine(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, 1);
    luaL_argexpected(L, coroutine, 1, "coroutine");
    return coroutine;
}

static int coroutine_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    guard_spend(L, 100);
    lua_State *coroutine = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, coroutine, 1);
    return 1;
}

/* Moves the arguments over and what comes back; the count, or -1 with the error at the top. */
static int resume(lua_State *L, lua_State *coroutine, int arguments) {
    int results;
    if (!lua_checkstack(coroutine, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    guard_watch(coroutine);
    lua_xmove(L, coroutine, arguments);
    int status = lua_resume(coroutine, L, arguments, &results);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(coroutine, L, 1);
        guard_pass_error(L, status);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(coroutine, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(coroutine, L, results);
    return results;
}

static int coroutine_resume(lua_State *L) {
    int results = resume(L, check_coroutine(L), lua_gettop(L) - 1);
    int values = results < 0 ? 1 : results;
    lua_pushboolean(L, results >= 0);
    lua_insert(L, -(values + 1));
    return values + 1;
}

/* upvalue: the coroutine */
static int call_wrapped(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, coroutine, lua_gettop(L));
    if (results >= 0) return results;
    int status = lua_status(coroutine);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_resetthread(coroutine);
        lua_xmove(coroutine, L, 1);
    }
    guard_spend(L, 0);
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int coroutine_wrap(lua_State *L) {
    coroutine_create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

/* The thread of the host is nothing to hold. */
static int coroutine_running(lua_State *L) {
    bool is_host = guard_thread(L) == L;
    if (is_host) lua_pushnil(L);
    else lua_pushthread(L);
    lua_pushboolean(L, is_host);
    return 2;
}

void guard_push_coroutine(lua_State *L) {
    static const luaL_Reg functions[] = {{"create", coroutine_create},
                                         {"resume", coroutine_resume},
                                         {"wrap", coroutine_wrap},
                                         {"running", coroutine_running},
                                         {NULL, NULL}};
    static const char *const stock[] = {"close", "isyieldable", "status", "yield"};
    luaL_newlib(L, functions);
    push_library(L, LUA_COLIBNAME);
    for (size_t i = 0; i < sizeof stock / sizeof *stock; i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_pop(L, 1);
}
