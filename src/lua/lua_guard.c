#include "lua/lua_guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lua/lua_object.h"
#include "lualib.h"

const char GUARD_TYPE[] = "onnxdoc.Guard";
static const char GUARDS = 0;  /* registry: {address of a Guard = the Guard}, weak */
static const char STRINGS = 0; /* registry: the string functions while a guard runs */

/* Instructions between two looks at the clock, and where one look came late. */
#define TICK      1000
#define TICK_SLOW 20
#define SLOW      0.005 /* seconds */
/* Work that is told one by one is looked at in pieces of so many instructions. */
#define SPENT_AT_ONCE 4096
/* Collections that the limit may force before it is final: each goes through all memory. */
#define REFUSALS 32
/* Garbage with a finalizer outlives the collections that the limit forces, and takes two of the others: one is made each
 * time such objects took this part of the limit. */
#define HELD_PARTS 4
/* What a call may give: the room for it is there before, since nothing may raise behind it. */
#define RESULTS_LIMIT 1000
/* Bytes of a source text. */
#define SOURCE_LIMIT (4 << 20)
/* Blocks that are worth a look at the clock. */
#define LARGE_BLOCK (256 << 10)

typedef enum Breach {
    BREACH_NONE,
    BREACH_INSTRUCTIONS,
    BREACH_SECONDS,
    BREACH_MEMORY,
    BREACH_STRING,
    BREACH_INTERRUPT
} Breach;

typedef struct GuardRun {
    Guard *guard;
    struct GuardRun *outer;
    lua_State *L;
    lua_Alloc allocate; /* what was there before: the host's, or that of the outer run */
    void *context;
    int64_t limit, grown, peak; /* bytes */
    int64_t taken;              /* of these, outside of the Lua state */
    int64_t made;               /* without what was given back */
    int64_t held;               /* outside of the state by objects made since the last collection for their sake */
    uint64_t instructions, pending;
    double start, ticked;
    bool collects;    /* the collector was on */
    bool was_refused; /* the last block that was asked for */
    bool is_refusing; /* the allocator has given up */
    unsigned refusals;
    Breach breach;
    char message[256];
} GuardRun;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- breaking ---- */

static void write_limit(const GuardRun *run, Breach breach, char *text, size_t size) {
    const Guard *guard = run->guard;
    switch (breach) {
    case BREACH_INSTRUCTIONS:
        snprintf(text, size, "limit: more than %.6g million instructions", (double)guard->instructions / 1e6);
        break;
    case BREACH_SECONDS: snprintf(text, size, "limit: more than %.6g s", guard->seconds); break;
    case BREACH_MEMORY:
        snprintf(text, size, "limit: more than %.6g MiB of memory", (double)guard->memory / 1048576);
        break;
    case BREACH_STRING:
        snprintf(text, size, "limit: a string of more than %.6g MiB", (double)guard->string / 1048576);
        break;
    default: snprintf(text, size, "interrupted!");
    }
}

static void run_break(GuardRun *run, Breach breach) {
    if (run->breach) return;
    run->breach = breach;
    write_limit(run, breach, run->message, sizeof run->message);
}

static GuardRun *find_broken(GuardRun *run) {
    while (run && !run->breach) run = run->outer;
    return run;
}

/* Adds where it happened: the innermost function that is Lua. */
static void add_place(lua_State *L, GuardRun *run) {
    lua_Debug ar;
    if (strstr(run->message, " in ")) return;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0) continue;
        size_t size = strlen(run->message);
        snprintf(run->message + size, sizeof run->message - size, " in %s:%d", ar.short_src, ar.currentline);
        return;
    }
}

/* ---- the allocator ---- */

/* Finalizers and the collector itself; the collector answers nothing then. Code from elsewhere never runs so. */
static bool is_finalizing(const GuardRun *run) {
    return run->collects && lua_gc(run->L, LUA_GCISRUNNING) != 1;
}

/* Lua collects all garbage after a refusal and asks again, once. */
static bool refuse(GuardRun *run, Breach breach, bool is_final) {
    if (is_finalizing(run)) return false;
    run->refusals++;
    if (is_final || run->was_refused || run->refusals > REFUSALS) {
        run_break(run, breach);
        run->is_refusing = true;
    }
    run->was_refused = true;
    return true;
}

static bool is_late(const GuardRun *run) {
    return seconds_now() - run->start > run->guard->seconds;
}

static bool is_refused(GuardRun *run, bool is_string, size_t size, int64_t growth) {
    if (run->is_refusing) return !is_finalizing(run);
    if (is_string && size > run->guard->string + 64) return refuse(run, BREACH_STRING, true);
    if (size >= LARGE_BLOCK && is_late(run)) return refuse(run, BREACH_SECONDS, true);
    if (run->grown + growth > run->limit) return refuse(run, BREACH_MEMORY, is_late(run));
    return false;
}

static void *run_allocate(void *context, void *block, size_t before, size_t after) {
    GuardRun *run = context;
    int64_t growth = (int64_t)after - (block ? (int64_t)before : 0);
    if (growth > 0 && is_refused(run, !block && before == LUA_TSTRING, after, growth)) return NULL;
    void *result = run->allocate(run->context, block, before, after);
    if (!result && after) return NULL;
    if (growth > 0) {
        run->was_refused = false;
        run->made += growth;
    }
    run->grown += growth;
    if (run->grown > run->peak) run->peak = run->grown;
    return result;
}

static GuardRun *find_run(lua_State *L) {
    void *context;
    return lua_getallocf(L, &context) == run_allocate ? context : NULL;
}

/* The run when it is code in it that asks, and not a finalizer of the host that happens to come now. */
static GuardRun *find_confined(lua_State *L) {
    GuardRun *run = find_run(L);
    return run && !is_finalizing(run) ? run : NULL;
}

/* ---- steps and time ---- */

static void run_tick(lua_State *L, lua_Debug *ar);

/* Raises until the call is left. */
static int raise_broken(lua_State *L, GuardRun *broken) {
    add_place(L, broken);
    if (lua_gethook(L) == run_tick) lua_sethook(L, run_tick, LUA_MASKCOUNT, 1);
    lua_pushstring(L, broken->message);
    return lua_error(L);
}

/* Ctrl-C sets a hook of its own on the thread of the call. */
static bool is_interrupted(const GuardRun *run) {
    return lua_gethook(run->L) != run_tick;
}

static void count(lua_State *L, GuardRun *run, uint64_t instructions) {
    if (is_finalizing(run)) return;
    double now = seconds_now();
    for (GuardRun *each = run; each; each = each->outer) {
        each->instructions += instructions;
        if (each->instructions > each->guard->instructions) run_break(each, BREACH_INSTRUCTIONS);
        if (now - each->start > each->guard->seconds) run_break(each, BREACH_SECONDS);
        if (is_interrupted(each)) run_break(each, BREACH_INTERRUPT);
    }
    run->ticked = now;
    GuardRun *broken = find_broken(run);
    if (broken) raise_broken(L, broken);
}

/* The hook. A coroutine that was made while a guard ran may keep it for longer. */
static void run_tick(lua_State *L, lua_Debug *ar) {
    (void)ar;
    GuardRun *run = find_run(L);
    if (!run) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    double before = run->ticked;
    int ticks = lua_gethookcount(L);
    count(L, run, (uint64_t)ticks);
    int wanted = run->ticked - before > SLOW ? TICK_SLOW : TICK;
    if (wanted != ticks) lua_sethook(L, run_tick, LUA_MASKCOUNT, wanted);
}

void guard_watch(lua_State *coroutine) {
    if (lua_gethook(coroutine) != run_tick || lua_gethookcount(coroutine) == 1)
        lua_sethook(coroutine, run_tick, LUA_MASKCOUNT, TICK);
}

void guard_spend(lua_State *L, uint64_t instructions) {
    GuardRun *run = find_run(L);
    if (!run) return;
    run->pending += instructions;
    if (run->pending < SPENT_AT_ONCE && !find_broken(run)) return;
    instructions = run->pending;
    run->pending = 0;
    count(L, run, instructions);
}

void guard_take(lua_State *L, uint64_t bytes) {
    GuardRun *run = find_confined(L);
    int64_t taken = bytes > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)bytes;
    for (GuardRun *each = run; each; each = each->outer) {
        each->taken += taken;
        each->grown += taken;
        if (each->grown > each->peak) each->peak = each->grown;
        if (each->grown > each->limit) run_break(each, BREACH_MEMORY);
    }
    GuardRun *broken = find_broken(run);
    if (broken) raise_broken(L, broken);
}

void guard_keep(lua_State *L, uint64_t bytes) {
    GuardRun *run = find_confined(L);
    for (GuardRun *each = run; each; each = each->outer) each->guard->outside += (int64_t)bytes;
    guard_take(L, bytes);
}

void guard_check_length(lua_State *L, uint64_t length) {
    GuardRun *run = find_confined(L);
    for (GuardRun *each = run; each; each = each->outer)
        if (length > each->guard->string) run_break(each, BREACH_STRING);
    GuardRun *broken = find_broken(run);
    if (broken) raise_broken(L, broken);
}

bool guard_runs(lua_State *L) {
    return find_confined(L) != NULL;
}

void *guard_new_userdata(lua_State *L, size_t size, int user_values, uint64_t outside) {
    GuardRun *run = find_confined(L);
    if (!run) return lua_newuserdatauv(L, size, user_values);
    run->held += (int64_t)outside;
    if (run->held > run->limit / HELD_PARTS) {
        run->held = 0;
        lua_gc(L, LUA_GCCOLLECT);
    }
    return lua_newuserdatauv(L, size + (size_t)outside, user_values);
}

bool guard_is_broken(lua_State *L) {
    return find_broken(find_run(L)) != NULL;
}

lua_State *guard_thread(lua_State *L) {
    GuardRun *run = find_run(L);
    return run ? run->L : NULL;
}

int64_t guard_memory(lua_State *L) {
    GuardRun *run = find_run(L);
    return run ? run->grown : 0;
}

void guard_refuse(lua_State *L, const char *what) {
    if (find_confined(L)) luaL_error(L, "%s is not for code from elsewhere", what);
}

/* Pushes the Guard that runs. */
static void push_running(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &GUARDS);
    lua_rawgetp(L, -1, find_run(L)->guard);
    lua_remove(L, -2);
}

void guard_push_value(lua_State *L, int value) {
    push_running(L);
    lua_getiuservalue(L, -1, value);
    lua_remove(L, -2);
}

void guard_set_value(lua_State *L, int value) {
    push_running(L);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, value);
    lua_pop(L, 1);
}

void guard_copy_shared(lua_State *L) {
    if (!find_run(L) || !lua_istable(L, -1)) return;
    push_running(L);
    lua_insert(L, -2);
    guard_copy_values(L, -2, 1, false);
    lua_remove(L, -2);
}

void guard_pass_error(lua_State *L, int status) {
    GuardRun *run = find_run(L);
    if (!run) return;
    if (status == LUA_ERRMEM) run_break(run, BREACH_MEMORY);
    if (find_broken(run) || is_interrupted(run)) lua_error(L);
}

/* ---- a call ---- */

/* The message handler: errors are text when they leave. */
static int explain(lua_State *L) {
    if (!guard_is_broken(L)) luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Protected: Guard, function, arguments. */
static int call_inside(lua_State *L) {
    guard_copy_values(L, 1, lua_gettop(L) - 1, false);
    lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
    int results = lua_gettop(L) - 1;
    if (results > RESULTS_LIMIT) return luaL_error(L, "more than %d results", RESULTS_LIMIT);
    guard_copy_values(L, 1, results, true);
    return results;
}

/* The string metatable, the key in it and what stands there; nil, nil, nil when there is no such thing. */
static void push_string_index(lua_State *L) {
    lua_pushliteral(L, "");
    if (!lua_getmetatable(L, -1)) lua_pushnil(L);
    lua_replace(L, -2);
    lua_pushliteral(L, "__index");
    if (lua_istable(L, -2)) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) != LUA_TNIL) return;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    for (int i = 0; i < 3; i++) lua_pushnil(L);
}

/* Sets an entry that is there already, which needs no memory. */
static void set_string_index(lua_State *L, int at, int value) {
    if (lua_isnil(L, at)) return;
    lua_pushvalue(L, at + 1);
    lua_pushvalue(L, value);
    lua_rawset(L, at);
}

static void run_start(lua_State *L, GuardRun *run, Guard *guard) {
    double now = seconds_now();
    *run = (GuardRun){.guard = guard,
                      .outer = find_run(L),
                      .L = L,
                      .limit = guard->memory - guard->kept - guard->outside,
                      .start = now,
                      .ticked = now,
                      .collects = lua_gc(L, LUA_GCISRUNNING) == 1};
    run->allocate = lua_getallocf(L, &run->context);
    lua_setallocf(L, run_allocate, run);
}

static void run_finish(lua_State *L, GuardRun *run, int status) {
    Guard *guard = run->guard;
    lua_setallocf(L, run->allocate, run->context);
    if (status == LUA_ERRMEM && run->refusals) run_break(run, BREACH_MEMORY);
    guard->used_instructions += run->instructions + run->pending;
    guard->used_seconds += seconds_now() - run->start;
    if (run->peak > guard->used_memory) guard->used_memory = run->peak;
    guard->made += run->made;
    if (!run->outer) return;
    run->outer->pending += run->pending;
    for (GuardRun *each = run->outer; each; each = each->outer) {
        each->grown -= run->taken;
        each->taken -= run->taken;
    }
}

/* Stack: Guard, handler, string metatable, key, what stood there, and the function with its arguments. */
static int run_protected(lua_State *L, GuardRun *run, Guard *guard) {
    bool is_outermost = !find_run(L);
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), ticks = lua_gethookcount(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &STRINGS);
    lua_insert(L, 6);
    run_start(L, run, guard);
    if (hook != run_tick) lua_sethook(L, run_tick, LUA_MASKCOUNT, TICK);
    if (is_outermost) set_string_index(L, 3, 6);
    int status = lua_pcall(L, lua_gettop(L) - 7, LUA_MULTRET, 2);
    if (is_outermost) set_string_index(L, 3, 5);
    bool is_interrupted_now = is_interrupted(run);
    run_finish(L, run, status);
    if (is_interrupted_now) {
        if (status != LUA_OK) lua_error(L);
    } else if (hook != run_tick) {
        lua_sethook(L, hook, mask, ticks);
    } else {
        guard_watch(L);
    }
    return status;
}

/* What outlives the calls cannot be told from what the collector has not found yet: it is measured, each time as much was
 * asked for as half the limit, by a function of lua/onnxdoc/guard.lua. */
static bool has_room(lua_State *L, Guard *guard) {
    if (guard->made > guard->memory / 2) {
        lua_getiuservalue(L, 1, GUARD_ENVIRONMENT);
        lua_getiuservalue(L, 1, GUARD_FUNCTIONS);
        lua_getiuservalue(L, 1, GUARD_FACTS);
        lua_getfield(L, -2, "measure");
        lua_insert(L, -4);
        lua_call(L, 3, 1);
        guard->kept = lua_tointeger(L, -1);
        guard->made = 0;
        lua_pop(L, 1);
    }
    return guard->kept + guard->outside < guard->memory;
}

bool guard_run(lua_State *L) {
    Guard *guard = lua_touserdata(L, 1);
    luaL_checkstack(L, RESULTS_LIMIT + 24, "guard");
    if (!guard->closed[0] && !has_room(L, guard))
        snprintf(guard->closed, sizeof guard->closed, "limit: keeps more than %.6g MiB of memory",
                 (double)guard->memory / 1048576);
    if (guard->closed[0]) {
        lua_settop(L, 1);
        lua_pushstring(L, guard->closed);
        return false;
    }
    lua_pushcfunction(L, explain);
    lua_insert(L, 2);
    push_string_index(L);
    lua_rotate(L, 3, 3);
    lua_pushcfunction(L, call_inside);
    lua_insert(L, 6);
    lua_pushvalue(L, 1);
    lua_insert(L, 7);
    GuardRun run;
    int status = run_protected(L, &run, guard);
    for (int i = 0; i < 5; i++) lua_remove(L, 2);
    if (run.breach) {
        lua_settop(L, 1);
        if (run.breach != BREACH_INTERRUPT) memcpy(guard->closed, run.message, sizeof guard->closed);
        lua_pushstring(L, run.message);
        return false;
    }
    return status == LUA_OK;
}

/* ---- the Guard ---- */

/* guard:call(f, …): true and what f gives, or false and a message */
static int guard_call(lua_State *L) {
    luaL_checkudata(L, 1, GUARD_TYPE);
    luaL_checkany(L, 2);
    bool ok = guard_run(L);
    lua_pushboolean(L, ok);
    lua_replace(L, 1);
    return lua_gettop(L);
}

/* Protected: source, name, environment. */
static int compile(lua_State *L) {
    size_t size;
    const char *source = lua_tolstring(L, 1, &size);
    if (size > SOURCE_LIMIT) return luaL_error(L, "limit: a source of more than %d bytes", SOURCE_LIMIT);
    if (luaL_loadbufferx(L, source, size, lua_tostring(L, 2), "t") != LUA_OK) return lua_error(L);
    lua_pushvalue(L, 3);
    lua_setupvalue(L, -2, 1);
    return 1;
}

/* Pushes a copy of the environment in which the entries of the table at 4 are added. */
static void push_extended(lua_State *L) {
    lua_getiuservalue(L, 1, GUARD_ENVIRONMENT);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    for (lua_pushnil(L); lua_next(L, 4); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        guard_copy_values(L, 1, 1, false);
        lua_rawset(L, -5);
    }
    lua_remove(L, -2);
}

/* guard:load(source, name [, names]): a function that runs in the guard, or nil and a message. `names` are added to its
 * environment. */
static int guard_load(lua_State *L) {
    luaL_checkudata(L, 1, GUARD_TYPE);
    luaL_checkstring(L, 2);
    luaL_checkstring(L, 3);
    lua_settop(L, 4);
    if (lua_isnil(L, 4)) {
        lua_getiuservalue(L, 1, GUARD_ENVIRONMENT);
    } else {
        luaL_checktype(L, 4, LUA_TTABLE);
        push_extended(L);
    }
    lua_replace(L, 4);
    lua_pushcfunction(L, compile);
    lua_insert(L, 2);
    if (lua_pcall(L, 3, 1, 0) == LUA_OK) {
        guard_copy_values(L, 1, 1, true);
        return 1;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* guard:wrap(value): a copy in which functions run in the guard */
static int guard_wrap(lua_State *L) {
    luaL_checkudata(L, 1, GUARD_TYPE);
    lua_settop(L, 2);
    guard_copy_values(L, 1, 1, true);
    return 1;
}

/* guard:renew(): forgets the limit that was passed */
static int guard_renew(lua_State *L) {
    Guard *guard = luaL_checkudata(L, 1, GUARD_TYPE);
    guard->closed[0] = 0;
    return 0;
}

static int get_used(lua_State *L) {
    const Guard *guard = lua_touserdata(L, 1);
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, (lua_Integer)guard->used_instructions);
    lua_setfield(L, -2, "instructions");
    lua_pushinteger(L, guard->used_memory);
    lua_setfield(L, -2, "memory");
    lua_pushnumber(L, guard->used_seconds);
    lua_setfield(L, -2, "seconds");
    return 1;
}

static int get_closed(lua_State *L) {
    const Guard *guard = lua_touserdata(L, 1);
    if (guard->closed[0]) lua_pushstring(L, guard->closed);
    else lua_pushnil(L);
    return 1;
}

static int guard_tostring(lua_State *L) {
    const Guard *guard = luaL_checkudata(L, 1, GUARD_TYPE);
    lua_pushfstring(L, "Guard (%s)", guard->closed[0] ? guard->closed : "open");
    return 1;
}

static double check_limit(lua_State *L, const char *name) {
    lua_getfield(L, 1, name);
    double limit = lua_tonumber(L, -1);
    if (!(limit > 0) || limit > 1e15) luaL_error(L, "guard: limit '%s' is a number above 0", name);
    lua_pop(L, 1);
    return limit;
}

static void push_weak_table(lua_State *L, const char *mode) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

/* _guard.new(limits, environment, functions) */
static int guard_new(lua_State *L) {
    lua_settop(L, 3);
    for (int i = 1; i <= 3; i++) luaL_checktype(L, i, LUA_TTABLE);
    Guard *guard = lua_newuserdatauv(L, sizeof *guard, GUARD_USER_VALUES);
    *guard = (Guard){0};
    guard->instructions = (uint64_t)check_limit(L, "instructions");
    guard->memory = (int64_t)check_limit(L, "memory");
    guard->string = (uint64_t)check_limit(L, "string");
    guard->seconds = check_limit(L, "seconds");
    luaL_setmetatable(L, GUARD_TYPE);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 4, GUARD_ENVIRONMENT);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 4, GUARD_FUNCTIONS);
    push_weak_table(L, "k");
    lua_setiuservalue(L, 4, GUARD_FACTS);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &GUARDS);
    lua_pushvalue(L, 4);
    lua_rawsetp(L, -2, guard);
    lua_pop(L, 1);
    return 1;
}

/* _guard.parts(): the libraries of an environment, new tables each time */
static int guard_parts(lua_State *L) {
    static const struct {
        const char *name;
        void (*push)(lua_State *L);
    } parts[] = {{"base", guard_push_base},     {"coroutine", guard_push_coroutine},
                 {"string", guard_push_string}, {"utf8", guard_push_utf8},
                 {"table", guard_push_table},   {"math", guard_push_math}};
    lua_createtable(L, 0, sizeof parts / sizeof *parts);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        parts[i].push(L);
        lua_setfield(L, -2, parts[i].name);
    }
    return 1;
}

/* _guard.spend(instructions, bytes): what a shipped function does besides what is counted anyway */
static int guard_spend_bytes(lua_State *L) {
    guard_spend(L, (uint64_t)luaL_checkinteger(L, 1));
    guard_take(L, (uint64_t)luaL_checkinteger(L, 2));
    return 0;
}

/* _guard.size(userdata): its bytes */
static int guard_size(lua_State *L) {
    luaL_checktype(L, 1, LUA_TUSERDATA);
    object_push_unsigned(L, lua_rawlen(L, 1) + 40);
    return 1;
}

static void register_guard(lua_State *L) {
    static const Field fields[] = {{"used", get_used}, {"closed", get_closed}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"call", guard_call},
                                       {"load", guard_load},
                                       {"wrap", guard_wrap},
                                       {"renew", guard_renew},
                                       {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", guard_tostring}, {NULL, NULL}};
    object_register(L, GUARD_TYPE, "Guard", fields, methods, extra);
    push_weak_table(L, "v");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &GUARDS);
}

void lua_guard_push(lua_State *L) {
    register_guard(L);
    guard_push_string(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &STRINGS);
    lua_newtable(L);
    lua_pushcfunction(L, guard_new);
    lua_setfield(L, -2, "new");
    lua_pushcfunction(L, guard_parts);
    lua_setfield(L, -2, "parts");
    lua_pushcfunction(L, guard_spend_bytes);
    lua_setfield(L, -2, "spend");
    lua_pushcfunction(L, guard_size);
    lua_setfield(L, -2, "size");
}
