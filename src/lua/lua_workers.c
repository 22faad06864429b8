#include "lua/lua_workers.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/array.h"
#include "base/bytes.h"

static const char WORKERS_TYPE[] = "onnxdoc.Workers";

#define WORKERS_LIMIT 256
/* The largest job or result. */
#define MESSAGE_LIMIT ((uint64_t)1 << 30)
/* Buffers above this size are given back when a result was taken out of them. */
#define BUFFER_KEPT ((uint32_t)1 << 20)
/* Read at a time. */
#define BUFFER_STEP ((uint32_t)1 << 16)

typedef enum MessageKind { MESSAGE_JOB, MESSAGE_DONE, MESSAGE_FAILED } MessageKind;

/* What goes through a socket: this, then `size` bytes. */
typedef struct Header {
    uint64_t kind, size;
} Header;

/* pid 0: there is none in this place. */
typedef struct Worker {
    pid_t pid;
    int fd;
    bool is_busy;
    Header job;
    const char *job_bytes; /* of a string in user value JOBS */
    uint64_t sent;         /* of header and bytes */
    Header result;
    uint32_t header_received;
    Array(char) received;
    const char *problem; /* why it is to be ended, or NULL */
} Worker;

typedef struct Workers {
    Worker items[WORKERS_LIMIT];
    uint32_t count; /* places that were ever used */
    uint32_t first; /* whose turn it is to be looked at first */
} Workers;

/* User values. */
enum { WORK = 1, JOBS = 2 };

/* ---- in the worker ---- */

/* False at the end of the stream. */
static bool read_all(int fd, void *to, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)to + done, size - done);
        if (n == 0 || (n < 0 && errno != EINTR)) return false;
        if (n > 0) done += (size_t)n;
    }
    return true;
}

static bool send_all(int fd, const void *from, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = send(fd, (const char *)from + done, size - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) done += (size_t)n;
    }
    return true;
}

/* Pushes the job that follows a header; false when it does not come. */
static bool receive_job(lua_State *L, int fd, const Header *header) {
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(L, &buffer, (size_t)header->size);
    if (!read_all(fd, bytes, (size_t)header->size)) return false;
    luaL_pushresultsize(&buffer, (size_t)header->size);
    return true;
}

/* Calls the function below the job on top of the stack; leaves what it gave or raised, as text. */
static MessageKind do_job(lua_State *L) {
    bool raised = lua_pcall(L, 1, 1, 0) != LUA_OK;
    if (!raised && lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) <= MESSAGE_LIMIT) return MESSAGE_DONE;
    if (raised) luaL_tolstring(L, -1, NULL);
    else if (lua_type(L, -1) == LUA_TSTRING) lua_pushliteral(L, "the result is larger than 1 GiB");
    else lua_pushfstring(L, "a %s came out, a string is wanted", luaL_typename(L, -1));
    return MESSAGE_FAILED;
}

/* serve(work, fd) until there are no more jobs. */
static int serve(lua_State *L) {
    int fd = (int)lua_tointeger(L, 2);
    Header header;
    while (read_all(fd, &header, sizeof header)) {
        lua_settop(L, 1);
        lua_pushvalue(L, 1);
        if (!receive_job(L, fd, &header)) break;
        header.kind = do_job(L);
        size_t size;
        const char *bytes = lua_tolstring(L, -1, &size);
        header.size = size;
        fflush(stdout);
        if (!send_all(fd, &header, sizeof header) || !send_all(fd, bytes, size)) break;
    }
    return 0;
}

/* Our ends of the sockets, its own and the others': held here too, they would stay open when we die. */
static void forget_ends(Workers *self, int own) {
    close(own);
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->items[i].pid) close(self->items[i].fd);
        self->items[i].pid = 0;
    }
}

static _Noreturn void worker_live(lua_State *L, const int ends[2], pid_t parent, const sigset_t *signals) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    signal(SIGINT, SIG_IGN);
    lua_sethook(L, NULL, 0, 0); /* a Ctrl-C that came before */
    sigprocmask(SIG_SETMASK, signals, NULL);
    forget_ends(lua_touserdata(L, 1), ends[0]);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    lua_pushcfunction(L, serve);
    lua_getiuservalue(L, 1, WORK);
    lua_pushinteger(L, ends[1]);
    _exit(lua_pcall(L, 2, 0, 0) == LUA_OK ? 0 : 1);
}

/* ---- a worker, seen from here ----
 *
 * Nothing here waits for one worker (MSG_DONTWAIT): others may have something to say, and its own time may be over. */

/* What the socket takes now. An end that is gone is noticed when reading. */
static void worker_send(Worker *worker) {
    while (worker->sent < sizeof worker->job + worker->job.size) {
        bool in_header = worker->sent < sizeof worker->job;
        const char *from = in_header ? (const char *)&worker->job + worker->sent
                                     : worker->job_bytes + (worker->sent - sizeof worker->job);
        uint64_t size = in_header ? sizeof worker->job - worker->sent
                                  : worker->job.size - (worker->sent - sizeof worker->job);
        ssize_t n = send(worker->fd, from, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR) return;
        if (n > 0) worker->sent += (uint64_t)n;
    }
}

static bool worker_has_unsent(const Worker *worker) {
    return worker->is_busy && worker->sent < sizeof worker->job + worker->job.size;
}

typedef enum Received { RECEIVED_PART, RECEIVED_ALL, RECEIVED_END } Received;

static Received worker_refuse(Worker *worker, const char *problem) {
    worker->problem = problem;
    return RECEIVED_END;
}

/* Where the next bytes go, and how many are wanted; false when there is no memory for them. */
static bool worker_room(Worker *worker, char **to, size_t *size) {
    if (worker->header_received < sizeof worker->result) {
        *to = (char *)&worker->result + worker->header_received;
        *size = sizeof worker->result - worker->header_received;
        return true;
    }
    uint64_t rest = worker->result.size - worker->received.count;
    uint32_t step = rest < BUFFER_STEP ? (uint32_t)rest : BUFFER_STEP;
    if (!array_reserve(&worker->received, step)) return false;
    *to = worker->received.items + worker->received.count;
    *size = step;
    return true;
}

static bool worker_has_result(const Worker *worker) {
    return worker->header_received == sizeof worker->result && worker->received.count == worker->result.size;
}

static Received worker_receive(Worker *worker) {
    while (!worker_has_result(worker)) {
        char *to;
        size_t size;
        if (!worker_room(worker, &to, &size))
            return worker_refuse(worker, "gave more than there is memory for");
        ssize_t n = recv(worker->fd, to, size, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return RECEIVED_PART;
        if (n <= 0) return RECEIVED_END;
        if (worker->header_received < sizeof worker->result) worker->header_received += (uint32_t)n;
        else worker->received.count += (uint32_t)n;
        if (worker->header_received == sizeof worker->result && worker->result.size > MESSAGE_LIMIT)
            return worker_refuse(worker, "gave what is no result");
    }
    return RECEIVED_ALL;
}

/* Kills a worker, if that is still to be done; gives the status it ended with, or -1. */
static int worker_end(Worker *worker) {
    int status = -1;
    kill(worker->pid, SIGKILL); /* what ended on its own keeps its status */
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    close(worker->fd);
    array_free(&worker->received);
    *worker = (Worker){0};
    return status;
}

/* ---- the pool in Lua ---- */

static Workers *check_workers(lua_State *L) {
    return luaL_checkudata(L, 1, WORKERS_TYPE);
}

static Worker *check_worker(lua_State *L) {
    Workers *self = check_workers(L);
    lua_Integer number = luaL_checkinteger(L, 2);
    bool exists = number >= 1 && number <= WORKERS_LIMIT && self->items[number - 1].pid;
    luaL_argcheck(L, exists, 2, "there is no such worker");
    return &self->items[number - 1];
}

static int workers_new(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    Workers *self = lua_newuserdatauv(L, sizeof *self, 2);
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, WORKERS_TYPE);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, WORK);
    lua_newtable(L);
    lua_setiuservalue(L, -2, JOBS);
    return 1;
}

static int workers_close(lua_State *L) {
    Workers *self = check_workers(L);
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->items[i].pid) worker_end(&self->items[i]);
    }
    return 0;
}

static int fail_with_errno(lua_State *L, const char *what) {
    int number = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", what, strerror(number));
    return 2;
}

/* The pid of a new worker at the second end; all signals wait until it has its own ways with them. */
static pid_t fork_worker(lua_State *L, const int ends[2]) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) worker_live(L, ends, parent, &before);
    int number = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return pid;
}

static int workers_start(lua_State *L) {
    Workers *self = check_workers(L);
    uint32_t place = 0;
    while (place < self->count && self->items[place].pid) place++;
    if (place == WORKERS_LIMIT) return luaL_error(L, "more than %d workers", WORKERS_LIMIT);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_with_errno(L, "socketpair");
    fflush(NULL); /* what waits in buffers must not be in the worker's too */
    pid_t pid = fork_worker(L, ends);
    int number = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = number;
        return fail_with_errno(L, "fork");
    }
    self->items[place] = (Worker){.pid = pid, .fd = ends[0]};
    if (place == self->count) self->count++;
    lua_pushinteger(L, (lua_Integer)place + 1);
    return 1;
}

static int workers_send(lua_State *L) {
    Worker *worker = check_worker(L);
    size_t size;
    const char *bytes = luaL_checklstring(L, 3, &size);
    luaL_argcheck(L, !worker->is_busy, 2, "it has a job");
    luaL_argcheck(L, size <= MESSAGE_LIMIT, 3, "it is larger than 1 GiB");
    lua_getiuservalue(L, 1, JOBS);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, lua_tointeger(L, 2));
    worker->job = (Header){MESSAGE_JOB, size};
    worker->job_bytes = bytes;
    worker->sent = 0;
    worker->is_busy = true;
    worker_send(worker);
    return 0;
}

static int workers_stop(lua_State *L) {
    worker_end(check_worker(L));
    return 0;
}

static int push_result(lua_State *L, Worker *worker) {
    bool is_done = worker->result.kind == MESSAGE_DONE;
    lua_pushstring(L, is_done ? "done" : "failed");
    lua_pushlstring(L, worker->received.items ? worker->received.items : "", worker->received.count);
    worker->is_busy = false;
    worker->header_received = 0;
    worker->received.count = 0;
    if (worker->received.capacity > BUFFER_KEPT) array_free(&worker->received);
    return 3;
}

static int push_end(lua_State *L, Worker *worker) {
    const char *problem = worker->problem;
    int status = worker_end(worker);
    lua_pushliteral(L, "ended");
    if (problem) lua_pushstring(L, problem);
    else if (status == -1) lua_pushliteral(L, "ended");
    else if (WIFSIGNALED(status))
        lua_pushfstring(L, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else lua_pushfstring(L, "ended with exit code %d", WEXITSTATUS(status));
    return 3;
}

/* Pushes what poll noticed of a worker, number first. */
static int push_event(lua_State *L, Workers *self, uint32_t place, short noticed) {
    Worker *worker = &self->items[place];
    lua_pushinteger(L, (lua_Integer)place + 1);
    if (noticed & POLLOUT) worker_send(worker);
    Received received = noticed & ~POLLOUT ? worker_receive(worker) : RECEIVED_PART;
    if (received == RECEIVED_ALL) return push_result(L, worker);
    if (received == RECEIVED_END) return push_end(L, worker);
    lua_pushliteral(L, "part");
    return 2;
}

static int milliseconds(lua_Number seconds) {
    if (!(seconds > 0)) return 0;
    return seconds < INT_MAX / 1000 ? (int)(seconds * 1000) + 1 : INT_MAX;
}

static int workers_wait(lua_State *L) {
    Workers *self = check_workers(L);
    int timeout = milliseconds(luaL_checknumber(L, 2));
    struct pollfd polled[WORKERS_LIMIT];
    for (uint32_t i = 0; i < self->count; i++) {
        const Worker *worker = &self->items[i];
        short wanted = worker_has_unsent(worker) ? POLLIN | POLLOUT : POLLIN;
        polled[i] = (struct pollfd){worker->pid ? worker->fd : -1, wanted, 0};
    }
    int count = poll(polled, self->count, timeout);
    if (count < 0 && errno != EINTR) return luaL_error(L, "poll: %s", strerror(errno));
    for (uint32_t i = 0; count > 0 && i < self->count; i++) {
        uint32_t place = (self->first + i) % self->count;
        if (!polled[place].revents) continue;
        self->first = place + 1;
        return push_event(L, self, place, polled[place].revents);
    }
    return 0;
}

/* Those that this process may use, which may be fewer than the machine has. */
static int workers_cpus(lua_State *L) {
    cpu_set_t usable;
    long count = sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable)
                                                                   : sysconf(_SC_NPROCESSORS_ONLN);
    lua_pushinteger(L, count < 1 ? 1 : count > WORKERS_LIMIT ? WORKERS_LIMIT : count);
    return 1;
}

static int workers_now(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec * 1e-9);
    return 1;
}

void lua_workers_push(lua_State *L) {
    static const luaL_Reg methods[] = {{"start", workers_start}, {"send", workers_send},
                                       {"wait", workers_wait},   {"stop", workers_stop},
                                       {"close", workers_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", workers_close}, {"__close", workers_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"new", workers_new}, {"cpus", workers_cpus}, {"now", workers_now}, {NULL, NULL}};
    luaL_newmetatable(L, WORKERS_TYPE);
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_pushinteger(L, WORKERS_LIMIT);
    lua_setfield(L, -2, "limit");
}
