#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

struct ArenaChunk {
    ArenaChunk *older;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void *arena_allocate(Arena *arena, size_t size) {
    size_t unit = alignof(max_align_t);
    if (size > (size_t)-1 / 2) return NULL;
    size = (size + unit - 1) / unit * unit;
    if (size > arena->left) {
        size_t room = size > ARENA_CHUNK ? size : ARENA_CHUNK;
        ArenaChunk *chunk = malloc(sizeof *chunk + room);
        if (!chunk) return NULL;
        *chunk = (ArenaChunk){.older = arena->chunks, .size = room};
        arena->chunks = chunk;
        arena->left = room;
    }
    char *block = arena->chunks->bytes + (arena->chunks->size - arena->left);
    arena->left -= size;
    return block;
}

void arena_free(Arena *arena) {
    while (arena->chunks) {
        ArenaChunk *older = arena->chunks->older;
        free(arena->chunks);
        arena->chunks = older;
    }
    arena->left = 0;
}
