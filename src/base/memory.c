#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Mappings are multiples of MEMORY_LARGE, so that huge pages fill them to the end. */
static size_t mapping_size(size_t size) {
    return (size + MEMORY_LARGE - 1) & ~((size_t)MEMORY_LARGE - 1);
}

static void *mapping_resize(void *block, size_t old_size, size_t new_size) {
    void *mapped;
    if (block && old_size >= MEMORY_LARGE)
        mapped = mremap(block, mapping_size(old_size), mapping_size(new_size), MREMAP_MAYMOVE);
    else
        mapped =
            mmap(NULL, mapping_size(new_size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    madvise(mapped, mapping_size(new_size), MADV_HUGEPAGE);
    if (block && old_size < MEMORY_LARGE) {
        memcpy(mapped, block, old_size);
        free(block);
    }
    return mapped;
}

void *memory_resize(void *block, size_t old_size, size_t new_size) {
    if (new_size > PTRDIFF_MAX - MEMORY_LARGE) return NULL;
    if (new_size >= MEMORY_LARGE) return mapping_resize(block, old_size, new_size);
    return realloc(block, new_size);
}

void memory_free(void *block, size_t size) {
    if (!block) return;
    if (size >= MEMORY_LARGE) munmap(block, mapping_size(size));
    else free(block);
}
