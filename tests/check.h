/* What the C tests share: CHECK counts, and the last line of a test program counts them all. */
#ifndef ONNXDOC_TESTS_CHECK_H
#define ONNXDOC_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static int passed, failed;

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

static inline void check(bool good, const char *what, const char *file, int line) {
    if (good) {
        passed++;
        return;
    }
    failed++;
    printf("%s:%d: %s\n", file, line, what);
}

/* Prints the counts; what main returns. */
static inline int check_report(void) {
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

#endif
