/* The onnxdoc command: a Lua state with the onnxdoc module in it, and lua/onnxdoc/command.lua run on the words of
 * the command line. What the words mean is decided there; here is only what Lua cannot do: --lua-dir before
 * anything is loaded, Ctrl-C, and an output that could not be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "lua/lua_onnxdoc.h"

enum { EXIT_CODE_OUTPUT = 4, EXIT_CODE_SCRIPT = 5 };

#ifdef __SANITIZE_ADDRESS__
/* fontconfig (onnxdoc.draw) keeps what it has behind distances instead of pointers, which a leak checker cannot follow. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig";
}
__attribute__((visibility("default"))) const char *__lsan_default_options(void);
const char *__lsan_default_options(void) {
    return "print_suppressions=0";
}
#endif

static lua_State *interrupted_state;

static void interrupt_install(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART: a waiting read gives up */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* A command in the background of a shell without job control is not to hear Ctrl-C. */
static bool interrupt_is_ignored(void) {
    struct sigaction action;
    return sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void interrupt_handle(int signal_number);

static void interrupt_raise(lua_State *L, lua_Debug *ar) {
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    interrupt_install(interrupt_handle);
    lua_pushliteral(L, "interrupted!");
    lua_error(L);
}

/* A second Ctrl-C, before the first has been noticed, ends the process. */
static void interrupt_handle(int signal_number) {
    interrupt_install(SIG_DFL);
    (void)signal_number;
    lua_sethook(interrupted_state, interrupt_raise, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT,
                1);
}

/* A closed standard stream would give its number to the next file opened, and what is printed would end up there. */
static void streams_reserve(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
}

static bool stdout_finished;

/* `told`: somebody has said already that an output could not be written. */
static bool stdout_finish(bool told) {
    stdout_finished = true;
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    if (told) return false;
    fprintf(stderr, "onnxdoc: cannot write standard output%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return false;
}

/* For a script that leaves through os.exit. */
static void stdout_finish_at_exit(void) {
    if (!stdout_finished && !stdout_finish(false)) {
        fflush(NULL);
        _exit(EXIT_CODE_OUTPUT);
    }
}

/* The directory --lua-dir names, or NULL. Host options stand before the first other word. */
static const char *find_lua_dir(int argc, char **argv) {
    const char *dir = NULL;
    for (int i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0' && strcmp(argv[i], "--") != 0; i++) {
        bool takes_value =
            !strcmp(argv[i], "-e") || !strcmp(argv[i], "-l") || !strcmp(argv[i], "--data-root");
        if (!strncmp(argv[i], "--lua-dir=", 10)) dir = argv[i] + 10;
        else if (!strcmp(argv[i], "--lua-dir") && i + 1 < argc) dir = argv[++i];
        else if (takes_value) i++;
    }
    return dir;
}

static int add_traceback(lua_State *L) {
    const char *message = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, message, 1);
    return 1;
}

/* command.lua is called with the words, [0] being the program, and with what is a terminal. */
static void push_arguments(lua_State *L, int argc, char **argv) {
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_createtable(L, 0, 3);
    lua_pushboolean(L, isatty(STDIN_FILENO));
    lua_setfield(L, -2, "stdin");
    lua_pushboolean(L, isatty(STDOUT_FILENO));
    lua_setfield(L, -2, "stdout");
    lua_pushboolean(L, isatty(STDERR_FILENO));
    lua_setfield(L, -2, "stderr");
}

static int run(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_onnxdoc);
    lua_setfield(L, -2, "onnxdoc");
    lua_getglobal(L, "require");
    lua_pushvalue(L, -1);
    lua_pushliteral(L, "onnxdoc");
    lua_call(L, 1, 1);
    lua_setglobal(L, "onnxdoc");
    lua_pushliteral(L, "onnxdoc.command");
    lua_call(L, 1, 1);
    push_arguments(L, argc, argv);
    lua_gc(L, LUA_GCRESTART);
    lua_call(L, 2, 1);
    return 1;
}

int main(int argc, char **argv) {
    streams_reserve();
    signal(SIGPIPE,
           SIG_DFL); /* a reader that has seen enough ends us quietly, also where it was set to be ignored */
    signal(SIGXFSZ, SIG_IGN); /* a file that may grow no further is an output that cannot be written */
    atexit(stdout_finish_at_exit);
    onnxdoc_set_lua_dir(find_lua_dir(argc, argv));
    lua_State *L = luaL_newstate();
    if (!L) {
        fputs("onnxdoc: not enough memory\n", stderr);
        return EXIT_CODE_SCRIPT;
    }
    lua_gc(L, LUA_GCSTOP);
    interrupted_state = L;
    if (!interrupt_is_ignored()) interrupt_install(interrupt_handle);
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int code = EXIT_CODE_SCRIPT;
    if (lua_pcall(L, 2, 1, 1) == LUA_OK) code = (int)lua_tointeger(L, -1);
    else fprintf(stderr, "onnxdoc: %s\n", lua_tostring(L, -1));
    if (!interrupt_is_ignored()) interrupt_install(SIG_DFL);
    lua_close(L);
    if (!stdout_finish(code == EXIT_CODE_OUTPUT) && code < EXIT_CODE_OUTPUT) code = EXIT_CODE_OUTPUT;
    return code;
}
