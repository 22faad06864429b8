/* memory: what every growing block stands on. Small blocks come from malloc; from MEMORY_LARGE, the size of a
 * huge page, on a block is an anonymous mapping of whole huge pages that grows by mremap, since faulting a
 * page in costs about as much as parsing the nodes that fill it. The caller keeps the size and hands it back.
 */
#ifndef ONNXDOC_MEMORY_H
#define ONNXDOC_MEMORY_H

#include <stddef.h>

#ifndef MEMORY_LARGE
#define MEMORY_LARGE ((size_t)2 << 20) /* a power of two, whole pages */
#endif
#ifndef ARRAY_FIRST
#define ARRAY_FIRST 8
#endif

/* Like realloc with the old size given; blocks never shrink and new_size is not 0. New bytes are undefined.
 * NULL when there is no memory (the old block stays). */
void *memory_resize(void *block, size_t old_size, size_t new_size);
void memory_free(void *block, size_t size);

#endif
