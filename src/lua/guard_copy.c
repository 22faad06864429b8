/* What passes between the host and code from elsewhere. Tables are copied, without metatables, and a table that occurs
 * twice is one table in the copy; functions are wrapped, or unwrapped when they come back; coroutines do not pass. */
#include "lua/lua_guard.h"

#define COPY_DEPTH 100

typedef struct Copying {
    int guard, seen; /* stack indices; `seen` is {original = copy} of tables and functions, or nil */
    bool is_outward;
} Copying;

/* A function of the guard, for the host. Upvalues: Guard, function. */
static int call_guest(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 2);
    if (!guard_run(L)) return lua_error(L);
    return lua_gettop(L) - 1;
}

/* A function of the host, for code in the guard. Upvalues: Guard, function. */
static int call_host(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    guard_copy_values(L, 1, lua_gettop(L) - 1, true);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 2);
    lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
    guard_copy_values(L, 1, lua_gettop(L) - 1, false);
    return lua_gettop(L) - 1;
}

/* Whether the function at the top is a wrapper of this guard; then what it wraps takes its place. */
static bool unwrap(lua_State *L, int guard, lua_CFunction wrapper) {
    if (lua_tocfunction(L, -1) != wrapper || !lua_getupvalue(L, -1, 1)) return false;
    bool is_ours = lua_rawequal(L, -1, guard);
    lua_pop(L, 1);
    if (!is_ours) return false;
    lua_getupvalue(L, -1, 2);
    lua_remove(L, -2);
    return true;
}

/* What has left is where the guard's memory hangs. */
static void note_function(lua_State *L, int guard, int function) {
    lua_getiuservalue(L, guard, GUARD_FUNCTIONS);
    lua_pushvalue(L, function);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* Replaces the function at the top. */
static void copy_function(lua_State *L, const Copying *copying) {
    if (unwrap(L, copying->guard, copying->is_outward ? call_host : call_guest)) return;
    if (copying->is_outward) note_function(L, copying->guard, lua_gettop(L));
    lua_pushvalue(L, copying->guard);
    lua_insert(L, -2);
    lua_pushcclosure(L, copying->is_outward ? call_guest : call_host, 2);
}

static void copy_value(lua_State *L, Copying *copying, int depth);

/* Replaces the table at the top. */
static void copy_table(lua_State *L, Copying *copying, int depth) {
    if (depth > COPY_DEPTH) luaL_error(L, "a table is nested too deep to pass");
    luaL_checkstack(L, 12, "copy");
    int original = lua_gettop(L), copy = original + 1;
    lua_newtable(L);
    lua_pushvalue(L, original);
    lua_pushvalue(L, copy);
    lua_rawset(L, copying->seen);
    for (lua_pushnil(L); lua_next(L, original); lua_pop(L, 1)) {
        guard_spend(L, 4);
        if (lua_islightuserdata(L, -2) && lua_touserdata(L, -2) == (void *)&GUARD_SHADOW) continue;
        lua_pushvalue(L, -2);
        copy_value(L, copying, depth + 1);
        lua_pushvalue(L, -2);
        copy_value(L, copying, depth + 1);
        lua_rawset(L, copy);
    }
    lua_replace(L, original);
}

/* Replaces the value at the top. */
static void copy_value(lua_State *L, Copying *copying, int depth) {
    int type = lua_type(L, -1);
    if (type == LUA_TTHREAD)
        luaL_error(L, "a coroutine cannot pass between the host and code from elsewhere");
    if (type != LUA_TTABLE && type != LUA_TFUNCTION) return;
    if (lua_isnil(L, copying->seen)) {
        lua_newtable(L);
        lua_replace(L, copying->seen);
    }
    lua_pushvalue(L, -1);
    if (lua_rawget(L, copying->seen) != LUA_TNIL) {
        lua_replace(L, -2);
        return;
    }
    lua_pop(L, 1);
    if (type == LUA_TTABLE) {
        copy_table(L, copying, depth);
        return;
    }
    lua_pushvalue(L, -1);
    copy_function(L, copying);
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, copying->seen);
}

void guard_copy_values(lua_State *L, int guard, int count, bool is_outward) {
    int first = lua_gettop(L) - count + 1;
    luaL_checkstack(L, 12, "copy");
    lua_pushnil(L);
    Copying copying = {lua_absindex(L, guard), lua_gettop(L), is_outward};
    for (int i = 0; i < count; i++) {
        int type = lua_type(L, first + i);
        if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TTHREAD) continue;
        lua_pushvalue(L, first + i);
        copy_value(L, &copying, 0);
        lua_replace(L, first + i);
    }
    lua_pop(L, 1);
}
