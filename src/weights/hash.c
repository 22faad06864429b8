#include "weights/hash.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(sizeof(XXH3_state_t) <= sizeof(Hash), "a Hash holds the state");
static_assert(alignof(XXH3_state_t) <= alignof(Hash), "where the state may stand");

static XXH3_state_t *hash_state(Hash *hash) {
    return (XXH3_state_t *)(void *)hash->state;
}

void hash_init(Hash *hash) {
    XXH3_INITSTATE(hash_state(hash));
    XXH3_64bits_reset(hash_state(hash));
}

void hash_update(Hash *hash, const void *bytes, size_t size) {
    XXH3_64bits_update(hash_state(hash), bytes, size);
}

uint64_t hash_value(const Hash *hash) {
    return XXH3_64bits_digest((const XXH3_state_t *)(const void *)hash->state);
}

HashRange hash_sample_block(uint64_t size, uint32_t count, uint32_t index) {
    uint64_t last = size - HASH_BLOCK, steps = count - 1;
    /* last * index / steps, without a product that could overflow */
    uint64_t offset = last / steps * index + last % steps * index / steps;
    offset -= offset % HASH_ALIGN;
    return (HashRange){offset, index == steps ? size - offset : HASH_BLOCK};
}
