#include "base/element.h"

#include <math.h>

#include "base/little.h"

typedef struct Minifloat {
    uint8_t exponent_bits;
    uint8_t mantissa_bits;
    uint8_t bias;
    uint8_t nan; /* 0: IEEE, the highest exponent is infinity and NaN; else the one code that is NaN, ... */
    bool unsigned_zero; /* ... whatever its sign when this is false */
} Minifloat;

static const Minifloat float8e4m3fn = {4, 3, 7, 0x7f, false};
static const Minifloat float8e4m3fnuz = {4, 3, 8, 0x80, true};
static const Minifloat float8e5m2 = {5, 2, 15, 0, false};
static const Minifloat float8e5m2fnuz = {5, 2, 16, 0x80, true};

/* 2^exponent, for exponents of normal doubles. */
static double power_of_two(int exponent) {
    return float64_from_bits((uint64_t)(1023 + exponent) << 52);
}

static double decode_minifloat(const Minifloat *format, unsigned code) {
    unsigned magnitude = code & 0x7f, mantissa_bits = format->mantissa_bits;
    unsigned exponent = magnitude >> mantissa_bits, mantissa = magnitude & ((1u << mantissa_bits) - 1);
    if (format->nan && (format->unsigned_zero ? code : magnitude) == format->nan) return NAN;
    bool is_top = exponent == (1u << format->exponent_bits) - 1;
    double value;
    if (is_top && !format->nan) value = mantissa ? NAN : INFINITY;
    else if (exponent)
        value = ((1u << mantissa_bits) + mantissa) *
                power_of_two((int)exponent - format->bias - (int)mantissa_bits);
    else value = mantissa * power_of_two(1 - format->bias - (int)mantissa_bits);
    return code & 0x80 ? -value : value;
}

static double decode_float8e8m0(unsigned code) {
    return code == 0xff ? NAN : power_of_two((int)code - 127);
}

static double decode_float4e2m1(unsigned code) {
    static const float magnitudes[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    double value = magnitudes[code & 7];
    return code & 8 ? -value : value;
}

static unsigned sub_byte(const uint8_t *bytes, uint64_t index, unsigned bits) {
    unsigned per_byte = 8 / bits;
    unsigned byte = bytes[index / per_byte], shift = bits * (unsigned)(index % per_byte);
    return byte >> shift & ((1u << bits) - 1);
}

static Element element_integer(int64_t value) {
    return (Element){.kind = ELEMENT_INTEGER, .integer = value};
}

static Element element_float(double value) {
    return (Element){.kind = ELEMENT_FLOAT, .real = value};
}

static Element element_complex(double real, double imaginary) {
    return (Element){.kind = ELEMENT_COMPLEX, .real = real, .imaginary = imaginary};
}

static Element decode_byte(uint32_t dtype, uint8_t code) {
    switch (dtype) {
    case DTYPE_INT8: return element_integer((int8_t)code);
    case DTYPE_BOOL: return (Element){.kind = ELEMENT_BOOL, .integer = code != 0};
    case DTYPE_FLOAT8E4M3FN: return element_float(decode_minifloat(&float8e4m3fn, code));
    case DTYPE_FLOAT8E4M3FNUZ: return element_float(decode_minifloat(&float8e4m3fnuz, code));
    case DTYPE_FLOAT8E5M2: return element_float(decode_minifloat(&float8e5m2, code));
    case DTYPE_FLOAT8E5M2FNUZ: return element_float(decode_minifloat(&float8e5m2fnuz, code));
    case DTYPE_FLOAT8E8M0: return element_float(decode_float8e8m0(code));
    default: return element_integer(code);
    }
}

static Element decode_sub_byte(uint32_t dtype, const uint8_t *bytes, uint64_t index) {
    unsigned bits = dtype_bits(dtype);
    unsigned code = sub_byte(bytes, index, bits), sign = 1u << (bits - 1);
    if (dtype == DTYPE_FLOAT4E2M1) return element_float(decode_float4e2m1(code));
    bool is_signed = dtype == DTYPE_INT4 || dtype == DTYPE_INT2;
    return element_integer(is_signed ? (int)(code ^ sign) - (int)sign : (int)code);
}

Element element_decode(uint32_t dtype, const void *raw, uint64_t index) {
    uint32_t bits = dtype_bits(dtype);
    if (bits == 0) return element_integer(0);
    if (bits < 8) return decode_sub_byte(dtype, raw, index);
    const uint8_t *bytes = (const uint8_t *)raw + index * (bits / 8);
    switch (dtype) {
    case DTYPE_FLOAT32: return element_float((double)float32_from_bits(little_load_32(bytes)));
    case DTYPE_FLOAT64: return element_float(float64_from_bits(little_load_64(bytes)));
    case DTYPE_FLOAT16: return element_float((double)float16_decode(little_load_16(bytes)));
    case DTYPE_BFLOAT16:
        return element_float((double)float32_from_bits((uint32_t)little_load_16(bytes) << 16));
    case DTYPE_INT16: return element_integer((int16_t)little_load_16(bytes));
    case DTYPE_UINT16: return element_integer(little_load_16(bytes));
    case DTYPE_INT32: return element_integer((int32_t)little_load_32(bytes));
    case DTYPE_UINT32: return element_integer(little_load_32(bytes));
    case DTYPE_INT64: return element_integer((int64_t)little_load_64(bytes));
    case DTYPE_UINT64: return (Element){.kind = ELEMENT_UNSIGNED, .unsigned_ = little_load_64(bytes)};
    case DTYPE_COMPLEX64:
        return element_complex((double)float32_from_bits(little_load_32(bytes)),
                               (double)float32_from_bits(little_load_32(bytes + 4)));
    case DTYPE_COMPLEX128:
        return element_complex(float64_from_bits(little_load_64(bytes)),
                               float64_from_bits(little_load_64(bytes + 8)));
    default: return decode_byte(dtype, *bytes);
    }
}
