/* String and utf8 functions of code from elsewhere. Those whose work is the length of a string are the stock ones, with
 * the work told to the guard where it is much; rep looks at the length first; the pattern functions are in guard_pattern.c;
 * dump is left out. */
#include <string.h>

#include "lua/lua_guard.h"
#include "lualib.h"

/* Bytes up to which nobody counts, and bytes that take as long as an instruction. */
#define BYTES_FREE            65536
#define BYTES_PER_INSTRUCTION 16

static void spend_strings(lua_State *L) {
    size_t bytes = 0;
    for (int i = lua_gettop(L); i > 0; i--)
        if (lua_type(L, i) == LUA_TSTRING) bytes += lua_rawlen(L, i);
    guard_spend(L, bytes > BYTES_FREE ? bytes / BYTES_PER_INSTRUCTION : 0);
}

/* upvalue: the stock function */
static int call_stock(lua_State *L) {
    spend_strings(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    spend_strings(L);
    return lua_gettop(L);
}

/* Sets what a library has under the names in the table at the top: as it is, or with its work told. */
static void set_stock(lua_State *L, const char *library, const char *const *names, bool is_told) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, library);
    for (; *names; names++) {
        lua_getfield(L, -1, *names);
        if (is_told) lua_pushcclosure(L, call_stock, 1);
        lua_setfield(L, -4, *names);
    }
    lua_pop(L, 2);
}

static int string_rep(lua_State *L) {
    size_t size, between;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &between);
    if (times <= 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    uint64_t piece = size + between, total;
    if (__builtin_mul_overflow(piece, (uint64_t)times, &total)) total = UINT64_MAX;
    total -= between;
    guard_check_length(L, total);
    guard_spend(L, total / BYTES_PER_INSTRUCTION);
    if (piece == 0) times = 1;
    luaL_Buffer buffer;
    char *to = luaL_buffinitsize(L, &buffer, total);
    while (times-- > 0) {
        memcpy(to, text, size);
        to += size;
        if (times == 0) break;
        memcpy(to, separator, between);
        to += between;
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

void guard_push_string(lua_State *L) {
    static const char *const plain[] = {"byte", "char", "len", "sub", NULL};
    static const char *const told[] = {"format", "lower",    "upper",  "reverse",
                                       "pack",   "packsize", "unpack", NULL};
    lua_createtable(L, 0, 17);
    set_stock(L, LUA_STRLIBNAME, plain, false);
    set_stock(L, LUA_STRLIBNAME, told, true);
    luaL_setfuncs(L, guard_pattern_functions, 0);
    lua_pushcfunction(L, string_rep);
    lua_setfield(L, -2, "rep");
}

void guard_push_utf8(lua_State *L) {
    static const char *const plain[] = {"char", "charpattern", "codes", NULL};
    static const char *const told[] = {"codepoint", "len", "offset", NULL};
    lua_createtable(L, 0, 6);
    set_stock(L, LUA_UTF8LIBNAME, plain, false);
    set_stock(L, LUA_UTF8LIBNAME, told, true);
}
