/* Guard: Lua code that comes from elsewhere (rules, operators, templates of a cloned project) runs within limits.
 *
 * It runs in the host's own Lua state, since it works on the host's models, and is kept apart in four ways:
 *
 *   1. Names. A chunk is text, never bytecode, and sees only the environment that lua/onnxdoc/guard.lua makes: no io, os,
 *      package, debug, load; what could reach around it (setmetatable, getmetatable, pcall, coroutines) is replaced by
 *      what is in guard_base.c.
 *   2. Values. Tables are copied on the way in and out, without their metatables; a function that leaves becomes one
 *      that runs in the guard, one that enters becomes one that copies what it is given and gives (guard_copy.c). So
 *      neither side ever holds a table the other can change or put a metamethod on. Userdata pass as they are.
 *   3. Steps and time. A hook counts instructions on the thread of the call and on each coroutine it resumes, and looks
 *      at the clock. C functions that may take long are given their own versions that count (guard_string.c,
 *      guard_pattern.c, guard_table.c), and tell the guard what they do with guard_spend. While a call lasts, the methods
 *      of strings, s:rep(n), are these versions too, for all code.
 *   4. Memory. The state's allocator is replaced for the time of a call. It refuses what is past the limit, except to
 *      finalizers, which are the host's: code from elsewhere can have none.
 *
 * A limit that is passed *breaks* the run: from then on each instruction raises, and pcall does not catch it, until the
 * call of the guard is left. Then the guard is closed: later calls give the same message, until it is renewed.
 *
 * A GuardRun is one call, on the C stack of guard_run; it stands in the allocator's context, which is how all others find
 * it. Runs nest (an operator's function inside of a rule): what is used counts for all of them.
 */
#ifndef ONNXDOC_LUA_GUARD_H
#define ONNXDOC_LUA_GUARD_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

extern const char GUARD_TYPE[];

/* User values of a Guard: the environment of its chunks; the functions that left it, as keys; the owner of the Exprs
 * that its code makes from names; {model = its facts}, likewise apart from the host's. */
enum { GUARD_ENVIRONMENT = 1, GUARD_FUNCTIONS, GUARD_ALGEBRA, GUARD_FACTS, GUARD_USER_VALUES = GUARD_FACTS };

typedef struct Guard {
    /* Limits of one call. Bytes of memory are what the Lua state may grow by, what the guard's code keeps included. */
    uint64_t instructions;
    int64_t memory;
    uint64_t string; /* bytes of the longest string */
    double seconds;  /* on the wall clock */
    /* Of all calls; memory: the most of one. */
    uint64_t used_instructions;
    int64_t used_memory;
    double used_seconds;
    int64_t kept;     /* bytes that outlive the calls, when last measured */
    int64_t made;     /* bytes that were asked for since then: no more than these came on top */
    int64_t outside;  /* what outlives the calls and is not in the Lua state */
    char closed[256]; /* the message of the limit that was passed, "" while there is none */
} Guard;

/* No-ops where no guard runs. `spend` counts work in instructions (some nanoseconds each), `take` bytes that are not in the
 * Lua state, until the call ends; both raise when a limit is passed. */
void guard_spend(lua_State *L, uint64_t instructions);
void guard_take(lua_State *L, uint64_t bytes);
/* As guard_take, of what stays with the guard for as long as there is one. */
void guard_keep(lua_State *L, uint64_t bytes);
/* lua_newuserdatauv for what holds about `outside` bytes that are not in the Lua state: while a guard runs the userdata is
 * that much larger, so that its limit, the collector and what measures the code's memory see them. */
void *guard_new_userdata(lua_State *L, size_t size, int user_values, uint64_t outside);
/* Raises when a guard runs: `what` is not for code from elsewhere. */
void guard_refuse(lua_State *L, const char *what);
/* Whether a guard runs, and whether one that runs is broken: then what was made meanwhile is to be thrown away. */
bool guard_runs(lua_State *L);
bool guard_is_broken(lua_State *L);
/* Pushes a user value of the Guard that runs; sets it to what is at the top. */
void guard_push_value(lua_State *L, int value);
void guard_set_value(lua_State *L, int value);
/* Where a guard runs, replaces the table at the top, which others read too, by a copy. */
void guard_copy_shared(lua_State *L);

/* ---- between the files of the guard ---- */

/* Replaces the function at 2 and its arguments behind it by what it gives, or by the message why it failed. The Guard
 * stands at 1. Raises only for Ctrl-C and limits of an outer call. */
bool guard_run(lua_State *L);
/* Raises again, with the error at the top, what code from elsewhere is not to catch. */
void guard_pass_error(lua_State *L, int status);
/* The thread of the innermost call; bytes by which that call has made the state grow. */
lua_State *guard_thread(lua_State *L);
int64_t guard_memory(lua_State *L);
/* Sets the hook of a coroutine that is about to run. */
void guard_watch(lua_State *coroutine);
/* A string of so many bytes is about to be made: raises when that is too long. */
void guard_check_length(lua_State *L, uint64_t length);

/* Replaces the `count` values at the top by copies; the Guard's stack index is `guard`. */
void guard_copy_values(lua_State *L, int guard, int count, bool is_outward);
/* The key that guard_base.c puts into tables that serve as metatables; its value is nobody else's business. */
extern const char GUARD_SHADOW;

/* Push new tables of functions: the libraries of an environment. */
void guard_push_base(lua_State *L);
void guard_push_coroutine(lua_State *L);
void guard_push_string(lua_State *L);
void guard_push_utf8(lua_State *L);
void guard_push_table(lua_State *L);
void guard_push_math(lua_State *L);
/* find, match, gmatch and gsub. */
extern const luaL_Reg guard_pattern_functions[];

/* onnxdoc._guard = {new =, parts =, spend =, size =} */
void lua_guard_push(lua_State *L);

#endif
