/* A directory of a C test's own: it becomes the working directory and is removed at the end. */
#ifndef ONNXDOC_TESTS_SCRATCH_H
#define ONNXDOC_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st, (void)kind, (void)place;
    return remove(path);
}

/* Makes the directory and goes there; `path` holds its real path. */
static inline bool scratch_enter(const char *name, char *path, size_t capacity) {
    const char *parent = getenv("TMPDIR");
    snprintf(path, capacity, "%s/%s.XXXXXX", parent && parent[0] ? parent : P_tmpdir, name);
    if (mkdtemp(path) && chdir(path) == 0 && getcwd(path, capacity)) return true;
    perror(path);
    return false;
}

static inline void scratch_leave(const char *path) {
    if (chdir("/") != 0 || nftw(path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        printf("%s is left behind\n", path);
}

#endif
