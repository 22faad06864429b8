/* Array(T): the one growable array. Zero-initialised is empty; array_free gives the memory back. Pointers
 * into an array die with the next push. Large arrays live in mappings of their own that grow without
 * copying and ask for huge pages (memory.h): touching fresh memory is what opening a big model costs.
 */
#ifndef ONNXDOC_ARRAY_H
#define ONNXDOC_ARRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

#define Array(T)                                                                                             \
    struct {                                                                                                 \
        T *items;                                                                                            \
        uint32_t count;                                                                                      \
        uint32_t capacity;                                                                                   \
    }

/* Room for `extra` more items; false when memory or the 32-bit count is exhausted. */
#define array_reserve(self, extra)                                                                           \
    ((uint64_t)(self)->count + (extra) <= (self)->capacity ||                                                \
     array__grow((void **)&(self)->items, &(self)->capacity, (uint64_t)(self)->count + (extra),              \
                 sizeof *(self)->items))

/* Appends one item: true, or false when it does not fit in memory. */
#define array_push(self, ...)                                                                                \
    (array_reserve(self, 1) && ((self)->items[(self)->count++] = (__VA_ARGS__), true))

#define array_free(self)                                                                                     \
    (memory_free((self)->items, (size_t)(self)->capacity * sizeof *(self)->items), (self)->items = NULL,     \
     (self)->count = (self)->capacity = 0)

static inline bool array__grow(void **items, uint32_t *capacity, uint64_t needed, size_t item_size) {
    uint64_t grown = *capacity ? (uint64_t)*capacity * 2 : ARRAY_FIRST;
    if (grown < needed) grown = needed;
    if (grown > UINT32_MAX) grown = UINT32_MAX;
    if (needed > grown) return false;
    void *moved = memory_resize(*items, (size_t)*capacity * item_size, (size_t)grown * item_size);
    if (!moved) return false;
    *items = moved;
    *capacity = (uint32_t)grown;
    return true;
}

#endif
