#include "base/dtype.h"

static const char *const names[DTYPE_COUNT] = {
#define X(NAME, number, name, bits) [number] = name,
    DTYPES(X)
#undef X
};

static const uint8_t widths[DTYPE_COUNT] = {
#define X(NAME, number, name, bits) [number] = bits,
    DTYPES(X)
#undef X
};

const char *dtype_name(uint32_t dtype) {
    return names[dtype < DTYPE_COUNT ? dtype : DTYPE_UNDEFINED];
}

uint32_t dtype_bits(uint32_t dtype) {
    return dtype < DTYPE_COUNT ? widths[dtype] : 0;
}

bool dtype_is_known(uint32_t dtype) {
    return dtype > DTYPE_UNDEFINED && dtype < DTYPE_COUNT;
}

bool dtype_is_float(uint32_t dtype) {
    const char *name = dtype_name(dtype);
    return strncmp(name, "float", 5) == 0 || dtype == DTYPE_BFLOAT16;
}

bool dtype_is_signed(uint32_t dtype) {
    return strncmp(dtype_name(dtype), "int", 3) == 0;
}

Dtype dtype_from_name(Bytes name) {
    for (unsigned i = 1; i < DTYPE_COUNT; i++)
        if (bytes_equal(name, (Bytes){names[i], strlen(names[i])})) return (Dtype)i;
    return DTYPE_UNDEFINED;
}

bool dtype_nbytes(uint32_t dtype, uint64_t count, uint64_t *nbytes) {
    uint32_t bits = dtype_bits(dtype);
    if (bits == 0) return false;
    if (bits >= 8) return !__builtin_mul_overflow(count, (uint64_t)(bits / 8), nbytes);
    uint32_t per_byte = 8 / bits;
    *nbytes = count / per_byte + (count % per_byte != 0);
    return true;
}
