/* Arena: many small allocations that are freed together. Zero-initialised is empty. Used where a library
 * wants an allocator (protobuf-c) and what it makes lives for one call. */
#ifndef ONNXDOC_ARENA_H
#define ONNXDOC_ARENA_H

#include <stddef.h>

#ifndef ARENA_CHUNK
#define ARENA_CHUNK ((size_t)4 << 10)
#endif

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
    ArenaChunk *chunks; /* newest first */
    size_t left;        /* unused bytes at the end of the newest */
} Arena;

/* Aligned for any type; NULL when there is no memory. */
void *arena_allocate(Arena *arena, size_t size);
void arena_free(Arena *arena);

#endif
