#include "base/intern.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERNER_FIRST_SLOTS 256

/* 64-bit multiply and fold, the mixing step of the hash. */
static inline uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load(const char *p, size_t size) {
    uint64_t word = 0;
    memcpy(&word, p, size);
    return word;
}

static uint64_t hash(uint64_t seed, Bytes name) {
    const char *p = name.data;
    size_t left = name.size;
    uint64_t state = seed ^ (name.size * 0x9e3779b97f4a7c15u);
    for (; left > 8; p += 8, left -= 8) state = mix(state ^ load(p, 8), 0xa0761d6478bd642fu);
    if (left) state = mix(state ^ load(p, left), 0xe7037ed1a0b428dbu);
    return mix(state, 0x8ebc6af09c88c6e3u);
}

static size_t slots_size(uint32_t count) {
    return (size_t)count * sizeof(uint64_t);
}

bool interner_init(Interner *self) {
    *self = (Interner){0};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    self->seed = mix((uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)self, 0x589965cc75374cc3u);
    self->slots = memory_resize(NULL, 0, slots_size(INTERNER_FIRST_SLOTS));
    if (!self->slots) return false;
    memset(self->slots, 0, slots_size(INTERNER_FIRST_SLOTS));
    self->slot_count = INTERNER_FIRST_SLOTS;
    return interner_add(self, BYTES_LITERAL("")) == SYMBOL_EMPTY;
}

void interner_free(Interner *self) {
    array_free(&self->pool);
    array_free(&self->names);
    memory_free(self->slots, slots_size(self->slot_count));
    self->slots = NULL;
}

/* The slot that holds `name` or the free one where it belongs. Slots hold the hash's upper half, so that a
 * probe compares text only when the name is almost surely the one. */
static uint32_t find_slot(const Interner *self, Bytes name, uint64_t hashed) {
    uint32_t mask = self->slot_count - 1;
    uint32_t at = (uint32_t)hashed & mask;
    for (;; at = (at + 1) & mask) {
        uint64_t slot = self->slots[at];
        if (slot == 0) return at;
        if (slot >> 32 == hashed >> 32 && bytes_equal(interner_name(self, (Symbol)slot - 1), name)) return at;
    }
}

/* Rehashing needs the low bits of the hash, which the slots do not keep: it is computed again, in symbol
 * order, so that the pool is read front to back. */
static bool interner_grow(Interner *self) {
    if (self->slot_count > UINT32_MAX / 4) return false;
    uint32_t count = self->slot_count * (self->slot_count < 65536 ? 4 : 2);
    uint64_t *slots = memory_resize(NULL, 0, slots_size(count));
    if (!slots) return false;
    if (slots_size(count) < MEMORY_LARGE) memset(slots, 0, slots_size(count)); /* a mapping is zero already */
    for (uint32_t symbol = 0; symbol < self->names.count; symbol++) {
        uint64_t hashed = hash(self->seed, interner_name(self, symbol));
        uint32_t at = (uint32_t)hashed & (count - 1);
        while (slots[at]) at = (at + 1) & (count - 1);
        slots[at] = (hashed & ~(uint64_t)UINT32_MAX) | (symbol + 1);
    }
    memory_free(self->slots, slots_size(self->slot_count));
    self->slots = slots;
    self->slot_count = count;
    return true;
}

bool interner_store(Interner *self, Bytes bytes, Text *text) {
    if (bytes.size > UINT32_MAX || !array_reserve(&self->pool, bytes.size)) return false;
    *text = (Text){self->pool.count, (uint32_t)bytes.size};
    if (bytes.size) memcpy(self->pool.items + text->offset, bytes.data, bytes.size);
    self->pool.count += (uint32_t)bytes.size;
    return true;
}

Symbol interner_add(Interner *self, Bytes name) {
    uint64_t hashed = hash(self->seed, name);
    uint32_t at = find_slot(self, name, hashed);
    if (self->slots[at]) return (Symbol)self->slots[at] - 1;
    if (self->names.count >= self->slot_count / 4 * 3) {
        if (!interner_grow(self)) return SYMBOL_NONE;
        at = find_slot(self, name, hashed);
    }
    Text text;
    if (self->names.count >= SYMBOL_NONE - 1 || !interner_store(self, name, &text)) return SYMBOL_NONE;
    if (!array_push(&self->names, text)) return SYMBOL_NONE;
    self->slots[at] = (hashed & ~(uint64_t)UINT32_MAX) | self->names.count;
    return self->names.count - 1;
}

Symbol interner_find(const Interner *self, Bytes name) {
    uint64_t slot = self->slots[find_slot(self, name, hash(self->seed, name))];
    return slot ? (Symbol)slot - 1 : SYMBOL_NONE;
}
