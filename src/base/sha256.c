#include "base/sha256.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t ROUND_CONSTANTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* ---- with plain arithmetic ---- */

static uint32_t rotate(uint32_t x, int bits) {
    return x >> bits | x << (32 - bits);
}

static uint32_t load_big(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_big(unsigned char *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void schedule(uint32_t w[64], const unsigned char *block) {
    for (int t = 0; t < 16; t++) w[t] = load_big(block + (size_t)4 * (size_t)t);
    for (int t = 16; t < 64; t++) {
        uint32_t a = w[t - 15], b = w[t - 2];
        w[t] = (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10) + w[t - 7] +
               (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[t - 16];
    }
}

/* 6.2.2 */
static void compress_block(uint32_t state[8], const unsigned char *block) {
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    schedule(w, block);
    for (int t = 0; t < 64; t++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                      ROUND_CONSTANTS[t] + w[t];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void compress_portable(uint32_t state[8], const unsigned char *blocks, size_t count) {
    for (size_t i = 0; i < count; i++) compress_block(state, blocks + i * SHA256_BLOCK);
}

const Sha256Compress sha256_portable = compress_portable;

/* ---- with the processor's instructions ---- */

#if defined(__x86_64__)

#define WITH_SHA __attribute__((target("sha,sse4.1")))

/* The instructions keep the state as a, b, e, f and c, d, g, h, the first named in the highest lane, and do two rounds each;
 * four words of the schedule are made at a time, from the sixteen before them. */
typedef struct Lanes {
    __m128i abef, cdgh;
} Lanes;

WITH_SHA static Lanes lanes_from(const uint32_t state[8]) {
    __m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)state),
            efgh = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    abcd = _mm_shuffle_epi32(abcd, 0xb1); /* b, a, d, c */
    efgh = _mm_shuffle_epi32(efgh, 0x1b); /* h, g, f, e */
    return (Lanes){_mm_alignr_epi8(abcd, efgh, 8), _mm_blend_epi16(efgh, abcd, 0xf0)};
}

WITH_SHA static void lanes_to(Lanes lanes, uint32_t state[8]) {
    __m128i feba = _mm_shuffle_epi32(lanes.abef, 0x1b), dchg = _mm_shuffle_epi32(lanes.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

WITH_SHA static __m128i next_words(const __m128i w[4]) {
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), _mm_alignr_epi8(w[3], w[2], 4));
    return _mm_sha256msg2_epu32(sum, w[3]);
}

WITH_SHA static Lanes four_rounds(Lanes lanes, __m128i words, const uint32_t *constants) {
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128((const __m128i *)(const void *)constants));
    lanes.cdgh = _mm_sha256rnds2_epu32(lanes.cdgh, lanes.abef, sum);
    lanes.abef = _mm_sha256rnds2_epu32(lanes.abef, lanes.cdgh, _mm_shuffle_epi32(sum, 0x0e));
    return lanes;
}

WITH_SHA static void compress_accelerated(uint32_t state[8], const unsigned char *blocks, size_t count) {
    const __m128i to_big = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    Lanes lanes = lanes_from(state);
    for (; count; count--, blocks += SHA256_BLOCK) {
        Lanes before = lanes;
        __m128i w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = _mm_loadu_si128((const __m128i *)(const void *)(blocks + (size_t)16 * (size_t)i));
            w[i] = _mm_shuffle_epi8(w[i], to_big);
            lanes = four_rounds(lanes, w[i], ROUND_CONSTANTS + (size_t)4 * (size_t)i);
        }
        for (int t = 16; t < 64; t += 4) {
            __m128i words = next_words(w);
            w[0] = w[1], w[1] = w[2], w[2] = w[3], w[3] = words;
            lanes = four_rounds(lanes, words, ROUND_CONSTANTS + t);
        }
        lanes.abef = _mm_add_epi32(lanes.abef, before.abef);
        lanes.cdgh = _mm_add_epi32(lanes.cdgh, before.cdgh);
    }
    lanes_to(lanes, state);
}

Sha256Compress sha256_accelerated(void) {
    unsigned a, b, c, d;
    if (!__builtin_cpu_supports("sse4.1") || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return NULL;
    return b >> 29 & 1 ? compress_accelerated : NULL; /* leaf 7, EBX bit 29: SHA */
}

#else

Sha256Compress sha256_accelerated(void) {
    return NULL;
}

#endif

/* Asked for once: the question takes longer than a block. */
static void compress(uint32_t state[8], const unsigned char *blocks, size_t count) {
    static _Atomic(Sha256Compress) chosen;
    Sha256Compress way = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!way) {
        way = sha256_accelerated();
        if (!way) way = compress_portable;
        atomic_store_explicit(&chosen, way, memory_order_relaxed);
    }
    way(state, blocks, count);
}

/* ---- the digest ---- */

void sha256_init(Sha256 *sha) {
    /* The first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3). */
    *sha = (Sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                              0x1f83d9ab, 0x5be0cd19}};
}

void sha256_update(Sha256 *sha, const void *bytes, size_t size) {
    const unsigned char *next = bytes;
    size_t held = sha->size % SHA256_BLOCK;
    sha->size += size;
    if (held + size < SHA256_BLOCK) {
        if (size) memcpy(sha->block + held, next, size);
        return;
    }
    if (held) {
        size_t missing = SHA256_BLOCK - held;
        memcpy(sha->block + held, next, missing);
        compress(sha->state, sha->block, 1);
        next += missing;
        size -= missing;
    }
    compress(sha->state, next, size / SHA256_BLOCK);
    memcpy(sha->block, next + size / SHA256_BLOCK * SHA256_BLOCK, size % SHA256_BLOCK);
}

/* A one bit, zeros, and the length in bits as the last eight bytes of a block (5.1.1). */
void sha256_finish(Sha256 *sha, unsigned char digest[SHA256_BYTES]) {
    static const unsigned char padding[SHA256_BLOCK] = {0x80};
    unsigned char length[8];
    store_big(length, (uint32_t)(sha->size >> 29));
    store_big(length + 4, (uint32_t)(sha->size << 3));
    sha256_update(sha, padding, 1 + (SHA256_BLOCK - 9 - sha->size % SHA256_BLOCK) % SHA256_BLOCK);
    sha256_update(sha, length, sizeof length);
    for (size_t i = 0; i < 8; i++) store_big(digest + 4 * i, sha->state[i]);
}

static void digest_two(const unsigned char *first, Bytes second, unsigned char digest[SHA256_BYTES]) {
    Sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, first, SHA256_BLOCK);
    sha256_update(&sha, second.data, second.size);
    sha256_finish(&sha, digest);
}

void sha256_hmac(Bytes key, Bytes text, unsigned char digest[SHA256_BYTES]) {
    unsigned char inner[SHA256_BLOCK] = {0}, outer[SHA256_BLOCK];
    if (key.size > SHA256_BLOCK) {
        Sha256 sha;
        sha256_init(&sha);
        sha256_update(&sha, key.data, key.size);
        sha256_finish(&sha, inner);
    } else if (key.size) memcpy(inner, key.data, key.size);
    for (size_t i = 0; i < SHA256_BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    digest_two(inner, text, digest);
    digest_two(outer, (Bytes){(const char *)digest, SHA256_BYTES}, digest);
}
