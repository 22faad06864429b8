/* memory: what every growing block stands on. Small blocks come from malloc; from MEMORY_LARGE on a block
 * is an anonymous mapping that grows by mremap and is marked for huge pages, since faulting a page in
 * costs about as much as parsing the nodes that fill it. The caller keeps the size and hands it back.
 */
#ifndef ONNXDOC_MEMORY_H
#define ONNXDOC_MEMORY_H

#include <stddef.h>

#ifndef MEMORY_LARGE
#define MEMORY_LARGE ((size_t)4 << 20)
#endif
#ifndef ARRAY_FIRST
#define ARRAY_FIRST 8
#endif

/* Like realloc with the old size given; blocks never shrink and new_size is not 0. New bytes are undefined.
 * NULL when there is no memory (the old block stays). */
void *memory_resize(void *block, size_t old_size, size_t new_size);
void memory_free(void *block, size_t size);

#endif
