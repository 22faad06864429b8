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

static inline uint64_t load64(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t load32(const char *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Where a name belongs, modulo the size of the table: a hash with a seed. A slot keeps it, to compare before any
 * text is. */
static inline uint32_t place_of(uint64_t seed, Bytes name) {
    const char *p = name.data;
    size_t size = name.size;
    uint64_t state = seed ^ (size * 0x9e3779b97f4a7c15u), last = 0;
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) state = mix(state ^ load64(p + i), 0xa0761d6478bd642fu);
        last = load64(p + size - 8);
    } else if (size >= 4) {
        last = load32(p) | load32(p + size - 4) << 32;
    } else if (size) {
        last = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[size / 2] << 8 |
               (uint64_t)(unsigned char)p[size - 1] << 56;
    }
    state = mix(state ^ last, 0xe7037ed1a0b428dbu);
    return (uint32_t)mix(state, 0x8ebc6af09c88c6e3u);
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
    /* The pool exists from the start: the empty name, too, is at an address. */
    return array_reserve(&self->pool, 1) && interner_add(self, BYTES_LITERAL("")) == SYMBOL_EMPTY;
}

void interner_free(Interner *self) {
    array_free(&self->pool);
    array_free(&self->names);
    memory_free(self->slots, slots_size(self->slot_count));
    self->slots = NULL;
}

/* The slot that holds `name` or the free one where it belongs. */
static inline uint32_t find_slot(const Interner *self, Bytes name, uint32_t place) {
    uint32_t mask = self->slot_count - 1;
    for (uint32_t at = place & mask;; at = (at + 1) & mask) {
        uint64_t slot = self->slots[at];
        if (slot == 0) return at;
        if (slot >> 32 == place && bytes_equal(interner_name(self, (Symbol)slot - 1), name)) return at;
    }
}

/* A slot knows its place, so both tables are walked front to back and no text is looked at. */
static bool interner_grow(Interner *self) {
    if (self->slot_count > UINT32_MAX / 2) return false;
    uint32_t old_count = self->slot_count, count = old_count * 2;
    uint64_t *slots = memory_resize(NULL, 0, slots_size(count));
    if (!slots) return false;
    if (slots_size(count) < MEMORY_LARGE) memset(slots, 0, slots_size(count)); /* a mapping is zero already */
    for (uint32_t i = 0; i < old_count; i++) {
        uint64_t slot = self->slots[i];
        if (slot == 0) continue;
        uint32_t at = (uint32_t)(slot >> 32) & (count - 1);
        while (slots[at]) at = (at + 1) & (count - 1);
        slots[at] = slot;
    }
    memory_free(self->slots, slots_size(old_count));
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
    return interner_add_placed(self, name, place_of(self->seed, name));
}

uint32_t interner_place(const Interner *self, Bytes name) {
    uint32_t place = place_of(self->seed, name);
    __builtin_prefetch(&self->slots[place & (self->slot_count - 1)]);
    return place;
}

Symbol interner_add_placed(Interner *self, Bytes name, uint32_t place) {
    if (self->names.count >= self->slot_count / 8 * 5 && !interner_grow(self)) return SYMBOL_NONE;
    uint64_t *slot = &self->slots[find_slot(self, name, place)];
    if (*slot) return (Symbol)*slot - 1;
    Text text;
    if (self->names.count >= SYMBOL_NONE - 1 || !interner_store(self, name, &text)) return SYMBOL_NONE;
    if (!array_push(&self->names, text)) return SYMBOL_NONE;
    *slot = (uint64_t)place << 32 | self->names.count;
    return self->names.count - 1;
}

Symbol interner_find(const Interner *self, Bytes name) {
    uint64_t slot = self->slots[find_slot(self, name, place_of(self->seed, name))];
    return slot ? (Symbol)slot - 1 : SYMBOL_NONE;
}
