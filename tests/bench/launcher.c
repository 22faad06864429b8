/* Runs a command RUNS times after one run that does not count, and prints three numbers: the median wall time
 * in milliseconds, the median of the process's own peak resident set in bytes, and the largest exit status.
 *
 *     launcher RUNS COMMAND [ARGUMENT...]
 *
 * What the command prints goes to /dev/null. The peak is that of the process alone: this program stays far
 * smaller than anything it measures.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_LIMIT = 1000 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run_once(char **command, double *ms, double *bytes) {
    double start = now_ms();
    pid_t child = fork();
    if (child < 0) return 127;
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0) dup2(null, STDOUT_FILENO);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) return 127;
    *ms = now_ms() - start;
    *bytes = (double)usage.ru_maxrss * 1024;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > RUNS_LIMIT) {
        fprintf(stderr, "usage: launcher RUNS COMMAND [ARGUMENT...]\n");
        return 2;
    }
    static double ms[RUNS_LIMIT], bytes[RUNS_LIMIT];
    double warm_ms, warm_bytes;
    int worst = run_once(argv + 2, &warm_ms, &warm_bytes);
    for (int i = 0; i < runs && worst != 127; i++) {
        int status = run_once(argv + 2, &ms[i], &bytes[i]);
        if (status > worst) worst = status;
    }
    qsort(ms, (size_t)runs, sizeof ms[0], compare);
    qsort(bytes, (size_t)runs, sizeof bytes[0], compare);
    printf("%.3f %.0f %d\n", ms[runs / 2], bytes[runs / 2], worst);
    return 0;
}
