/* Element: one decoded element of a tensor, whatever it was stored as.
 *
 * element_decode reads what raw_data holds: little-endian, packed, no alignment; 4-bit elements two a byte,
 * 2-bit four a byte, low bits first. Every value is exact:
 *
 *     type            sign exponent mantissa   bias   beyond numbers
 *     float16            1        5       10     15   IEEE: infinities, NaN
 *     bfloat16           1        8        7    127   IEEE
 *     float8e5m2         1        5        2     15   IEEE
 *     float8e4m3fn       1        4        3      7   NaN = 0x7f, 0xff; no infinities
 *     float8e4m3fnuz     1        4        3      8   NaN = 0x80, so no -0; no infinities
 *     float8e5m2fnuz     1        5        2     16   NaN = 0x80, so no -0; no infinities
 *     float8e8m0         0        8        0    127   NaN = 0xff; no zero: 0x00 is 2^-127
 *     float4e2m1         1        2        1      1   none
 */
#ifndef ONNXDOC_ELEMENT_H
#define ONNXDOC_ELEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/little.h"

typedef struct Element {
    enum { ELEMENT_INTEGER, ELEMENT_UNSIGNED, ELEMENT_FLOAT, ELEMENT_COMPLEX, ELEMENT_BOOL } kind;
    union {
        int64_t integer;    /* INTEGER, BOOL (0 or 1: any other byte counts as true) */
        uint64_t unsigned_; /* UNSIGNED: uint64 values only */
        double real;        /* FLOAT, COMPLEX */
    };
    double imaginary; /* COMPLEX, else 0 */
} Element;

/* Element `index` of packed elements; dtype is any but string and undefined (those give INTEGER 0). */
Element element_decode(uint32_t dtype, const void *raw, uint64_t index);

/* Writes an element where element_decode would read it (the bytes of types below 8 bits must be zero before). `value`
 * is a FLOAT for float types (rounded to the nearest, ties to even mantissas; beyond the largest: infinity where the
 * type has one, else the largest), COMPLEX for complex ones, and any of INTEGER, UNSIGNED, BOOL for integers and
 * bool. False, and nothing written, when an integer does not fit, or a NaN has no code. */
bool element_encode(uint32_t dtype, Element value, void *raw, uint64_t index);

/* Nearest half-precision values, ties to even. */
uint16_t float16_encode(double value);
uint16_t bfloat16_encode(double value);

/* A float16's value: its exponent moves into float32's place, and 2^112 makes up for the biases. */
static inline float float16_decode(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, magnitude = (uint32_t)(bits & 0x7fff) << 13;
    if (magnitude >= 0x7c00u << 13) return float32_from_bits(sign | 0x7f800000u | magnitude);
    return float32_from_bits(sign | magnitude) * 0x1p112f;
}

#endif
