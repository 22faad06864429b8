/* Table functions of code from elsewhere. The stock ones loop in C for as long as a table says it is, and a metamethod may say
 * anything; here each step is counted. sort works on a copy, whose length cannot change under it. */
#include "lua/lua_guard.h"
#include "lualib.h"

/* Elements between two counts. */
#define PIECE 256
/* Of strings that are compared: see guard_string.c. */
#define BYTES_PER_INSTRUCTION 16

static void spend_step(lua_State *L, lua_Integer step) {
    if (step % PIECE == 0) guard_spend(L, PIECE);
}

/* What the stock functions ask for: a table, or something with these metamethods. */
static void check_table(lua_State *L, int arg, const char *const *wanted) {
    if (lua_type(L, arg) == LUA_TTABLE) return;
    bool is_like_one = true;
    for (; *wanted; wanted++) {
        is_like_one = is_like_one && luaL_getmetafield(L, arg, *wanted) != LUA_TNIL;
        lua_settop(L, lua_gettop(L) - (is_like_one ? 1 : 0));
    }
    if (!is_like_one) luaL_checktype(L, arg, LUA_TTABLE);
}

static const char *const reads[] = {"__index", "__len", NULL};
static const char *const changes[] = {"__index", "__newindex", "__len", NULL};

static lua_Integer check_length(lua_State *L, int arg, const char *const *wanted) {
    check_table(L, arg, wanted);
    return luaL_len(L, arg);
}

/* Moves t[from] … t[from + count - 1] to `to` on in another table, last ones first where they overlap. */
static void move(lua_State *L, int source, int target, lua_Integer from, lua_Integer count, lua_Integer to,
                 bool is_backward) {
    for (lua_Integer i = 0; i < count; i++) {
        lua_Integer step = is_backward ? count - 1 - i : i;
        spend_step(L, i);
        lua_geti(L, source, from + step);
        lua_seti(L, target, to + step);
    }
}

static int table_insert(lua_State *L) {
    lua_Integer end = (lua_Integer)((lua_Unsigned)check_length(L, 1, changes) + 1), at = end;
    switch (lua_gettop(L)) {
    case 2: break;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
        move(L, 1, 1, at, end - at, at + 1, true);
        break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L) {
    lua_Integer size = check_length(L, 1, changes), at = luaL_optinteger(L, 2, size);
    if (!lua_isnone(L, 2) || at != size)
        luaL_argcheck(L,
                      (lua_Unsigned)size + 1u - (lua_Unsigned)at <= (lua_Unsigned)size || size + 1 == at ||
                          (size == 0 && at == 0),
                      2, "position out of bounds");
    lua_geti(L, 1, at);
    if (at < size) {
        move(L, 1, 1, at + 1, size - at, at, false);
        at = size;
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static int table_move(lua_State *L) {
    lua_Integer from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    static const char *const read[] = {"__index", NULL}, *const write[] = {"__newindex", NULL};
    check_table(L, 1, read);
    check_table(L, target, write);
    if (last >= from) {
        luaL_argcheck(L, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
        lua_Integer count = last - from + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        bool is_apart = to > last || to <= from || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
        move(L, 1, target, from, count, to, !is_apart);
    }
    lua_pushvalue(L, target);
    return 1;
}

static void add_element(lua_State *L, luaL_Buffer *buffer, lua_Integer i) {
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
    luaL_addvalue(buffer);
}

static int table_concat(lua_State *L) {
    size_t size;
    lua_Integer length = check_length(L, 1, reads);
    const char *separator = luaL_optlstring(L, 2, "", &size);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    length = luaL_optinteger(L, 4, length);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (; i < length; i++) {
        spend_step(L, i);
        add_element(L, &buffer, i);
        luaL_addlstring(&buffer, separator, size);
    }
    if (i == length) add_element(L, &buffer, i);
    guard_check_length(L, luaL_bufflen(&buffer));
    luaL_pushresult(&buffer);
    return 1;
}

static int table_unpack(lua_State *L) {
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (first > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
    if (count >= (lua_Unsigned)INT32_MAX || !lua_checkstack(L, (int)(count + 1)))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= count; i++) {
        spend_step(L, (lua_Integer)i);
        lua_geti(L, 1, (lua_Integer)((lua_Unsigned)first + i));
    }
    return (int)(count + 1);
}

/* The length of what is sorted, whatever is nil in it. */
static int fixed_length(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

static void fix_length(lua_State *L, lua_Integer size) {
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, size);
    lua_pushcclosure(L, fixed_length, 1);
    lua_setfield(L, -2, "__len");
    lua_setmetatable(L, -2);
}

/* Long strings take long to compare. */
static int compare_less(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING && lua_type(L, 2) == LUA_TSTRING) {
        lua_Unsigned first = lua_rawlen(L, 1), second = lua_rawlen(L, 2);
        guard_spend(L, (first < second ? first : second) / BYTES_PER_INSTRUCTION);
    }
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

/* upvalue: the stock sort, which gets a plain table */
static int table_sort(lua_State *L) {
    lua_Integer size = check_length(L, 1, changes);
    if (size > 1) {
        luaL_argcheck(L, size < INT32_MAX, 1, "array too big");
        if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
        lua_settop(L, 2);
        if (lua_isnil(L, 2)) {
            lua_pushcfunction(L, compare_less);
            lua_replace(L, 2);
        }
        lua_newtable(L);
        move(L, 1, 3, 1, size, 1, false);
        fix_length(L, size);
        for (lua_Integer depth = size; depth > 1; depth /= 2) guard_spend(L, (uint64_t)size / 2);
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, 3);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 0);
        move(L, 3, 1, 1, size, 1, false);
    }
    return 0;
}

void guard_push_table(lua_State *L) {
    static const luaL_Reg functions[] = {{"insert", table_insert}, {"remove", table_remove},
                                         {"move", table_move},     {"concat", table_concat},
                                         {"unpack", table_unpack}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_getfield(L, -1, "pack");
    lua_setfield(L, -4, "pack");
    lua_getfield(L, -1, "sort");
    lua_pushcclosure(L, table_sort, 1);
    lua_setfield(L, -4, "sort");
    lua_pop(L, 2);
}
