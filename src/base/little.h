/* Little-endian loads and stores at any address: tensor data has no alignment, nor the byte order of the machine. */
#ifndef ONNXDOC_LITTLE_H
#define ONNXDOC_LITTLE_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE_SWAP(bits, value) __builtin_bswap##bits(value)
#else
#define LITTLE_SWAP(bits, value) (value)
#endif

static inline uint16_t little_load_16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return LITTLE_SWAP(16, value);
}

static inline uint32_t little_load_32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return LITTLE_SWAP(32, value);
}

static inline uint64_t little_load_64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return LITTLE_SWAP(64, value);
}

static inline void little_store_16(uint8_t *bytes, uint16_t value) {
    value = LITTLE_SWAP(16, value);
    memcpy(bytes, &value, sizeof value);
}

static inline void little_store_32(uint8_t *bytes, uint32_t value) {
    value = LITTLE_SWAP(32, value);
    memcpy(bytes, &value, sizeof value);
}

static inline void little_store_64(uint8_t *bytes, uint64_t value) {
    value = LITTLE_SWAP(64, value);
    memcpy(bytes, &value, sizeof value);
}

static inline float float32_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double float64_from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t float32_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint64_t float64_to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#endif
