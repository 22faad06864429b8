/* Worker processes: forked copies of this one, in which one Lua function runs on strings and gives strings back.
 *
 *     local pool <close> = onnxdoc._workers.new(work)   work(job) gives a string; it runs in the workers
 *     pool:start()              a new worker's number; or nil and a message
 *     pool:send(number, job)    hands a string to a worker that has none
 *     pool:wait(seconds)        what came of it; nothing when the time is over or a signal came
 *         number, "done", result       what work gave
 *         number, "failed", message    what it raised
 *         number, "ended", how         the process is gone: "was killed by signal 11 (Segmentation fault)"
 *         number, "part"               some of a result came, or a job went on its way
 *     pool:stop(number)         kills it
 *     pool:close()              kills all
 *     onnxdoc._workers.cpus()   how many workers can run at a time
 *     onnxdoc._workers.now()    seconds on a clock that nobody sets
 *
 * Who gets which job, order and time limits are matters of lua/onnxdoc/workers.lua.
 *
 * The Workers userdata owns processes and buffers: closing or collecting it kills and reaps them all. A worker owns
 * nothing that outlives it, and leaves through _exit: neither its copies of our buffers are written nor our Lua state
 * closed a second time. It ends when its socket does and is killed when we die, however that comes about. It does not
 * hear Ctrl-C, which is ours to act on; what it prints goes to standard error, since standard output is ours.
 */
#ifndef ONNXDOC_LUA_WORKERS_H
#define ONNXDOC_LUA_WORKERS_H

#include <lua.h>

/* Pushes the table {new, cpus, now}. */
void lua_workers_push(lua_State *L);

#endif
