#include "lua/embedded.h"

#include <stdint.h>

/* What the build writes (Makefile, embedded.S): the count, then for each file where its path and its bytes
 * stand, counted from the table's start, and its size. Differences instead of pointers: nothing to relocate. */
typedef struct EmbeddedFile {
    uint32_t path;
    uint32_t data;
    uint32_t size;
} EmbeddedFile;

typedef struct EmbeddedTable {
    uint32_t count;
    EmbeddedFile files[];
} EmbeddedTable;

extern const EmbeddedTable embedded_table __attribute__((visibility("hidden")));

static const char *table_at(uint32_t offset) {
    return (const char *)((uintptr_t)&embedded_table + offset);
}

size_t embedded_count(void) {
    return embedded_table.count;
}

const char *embedded_path(size_t i) {
    return table_at(embedded_table.files[i].path);
}

bool embedded_find(const char *path, Bytes *bytes) {
    size_t low = 0, high = embedded_table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, embedded_path(middle));
        if (order == 0) {
            const EmbeddedFile *file = &embedded_table.files[middle];
            *bytes = (Bytes){table_at(file->data), file->size};
            return true;
        }
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return false;
}
