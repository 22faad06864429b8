/* Hash: XXH3 with 64 bits over bytes that come piece by piece; how they were cut does not matter.
 *
 * A Hash owns nothing: hash_init starts it anywhere, on the stack too. hash_value may be asked at any time, and more
 * bytes may follow.
 *
 * A sample of a large run of bytes is its first and last blocks and others evenly spaced between them. Blocks start at
 * multiples of HASH_ALIGN, so that none cuts an element of any type in two.
 */
#ifndef ONNXDOC_HASH_H
#define ONNXDOC_HASH_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one block of a sample; the last one takes up to HASH_ALIGN - 1 more, to end with the run. */
#define HASH_BLOCK ((uint64_t)4096)
#define HASH_ALIGN ((uint64_t)16)

typedef struct Hash {
    alignas(64) unsigned char state[576]; /* private: an XXH3_state_t */
} Hash;

void hash_init(Hash *hash);
void hash_update(Hash *hash, const void *bytes, size_t size);
uint64_t hash_value(const Hash *hash);

typedef struct HashRange {
    uint64_t offset;
    uint64_t length;
} HashRange;

/* Block `index` of `count` ≥ 2 over `size` ≥ count * HASH_BLOCK bytes. Blocks ascend and do not overlap. */
HashRange hash_sample_block(uint64_t size, uint32_t count, uint32_t index);

#endif
