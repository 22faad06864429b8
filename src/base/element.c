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

/* ---- encoding ---- */

/* The mantissa is rounded in one step from double: two steps (through float32) would round ties twice. */
static uint16_t encode_half(double value, int exponent_bits, int mantissa_bits) {
    uint64_t bits = float64_to_bits(value);
    uint16_t sign = (uint16_t)(bits >> 63 << 15),
             infinity = (uint16_t)(((1 << exponent_bits) - 1) << mantissa_bits);
    if (isnan(value)) return (uint16_t)(sign | infinity | 1u << (mantissa_bits - 1));
    if (isinf(value)) return sign | infinity;
    if (value == 0) return sign;
    double magnitude = fabs(value);
    int lowest = 2 - (1 << (exponent_bits - 1)), exponent = ilogb(magnitude);
    int unit = (exponent < lowest ? lowest : exponent) - mantissa_bits;
    /* In units of the last place the value is a whole number after rounding; as codes count up through exponents, a
     * carry out of the mantissa needs no care. */
    double units = nearbyint(ldexp(magnitude, -unit));
    int64_t code = (int64_t)units + ((int64_t)(unit + mantissa_bits - lowest) << mantissa_bits);
    return sign | (uint16_t)(code > infinity ? infinity : code);
}

uint16_t float16_encode(double value) {
    return encode_half(value, 5, 10);
}

uint16_t bfloat16_encode(double value) {
    return encode_half(value, 8, 7);
}

static bool encode_nan(uint32_t dtype, unsigned *code) {
    for (*code = 0; *code < 1u << dtype_bits(dtype); ++*code) {
        uint8_t byte = (uint8_t)*code;
        if (isnan(element_decode(dtype, &byte, 0).real)) return true;
    }
    return false;
}

/* The code of an 8-bit or 4-bit float. Codes without the sign bit count up with their values, and there are few enough
 * to try them all. */
static bool encode_code(uint32_t dtype, double value, unsigned *code) {
    if (isnan(value)) return encode_nan(dtype, code);
    unsigned sign = dtype == DTYPE_FLOAT8E8M0 ? 0 : 1u << (dtype_bits(dtype) - 1);
    if (!sign && value < 0) return false;
    double nearest = INFINITY, magnitude = fabs(value);
    *code = 0;
    for (unsigned i = 0; i < (sign ? sign : 256); i++) {
        uint8_t byte = (uint8_t)i;
        double candidate = element_decode(dtype, &byte, 0).real;
        double distance = candidate == magnitude ? 0 : fabs(candidate - magnitude);
        if (isnan(candidate) || (isinf(candidate) && distance != 0)) continue;
        if (isinf(magnitude) || distance < nearest || (distance == nearest && i % 2 == 0)) {
            nearest = distance;
            *code = i;
        }
    }
    bool has_negative_zero = dtype != DTYPE_FLOAT8E4M3FNUZ && dtype != DTYPE_FLOAT8E5M2FNUZ;
    if (signbit(value) && (*code || has_negative_zero)) *code |= sign;
    return true;
}

static bool integer_fits(const Element *value, bool is_signed, uint32_t bits) {
    if (value->kind == ELEMENT_UNSIGNED && value->unsigned_ > INT64_MAX) return !is_signed && bits == 64;
    int64_t low = is_signed ? INT64_MIN >> (64 - bits) : 0;
    int64_t high = bits == 64 ? INT64_MAX : ((int64_t)1 << (bits - is_signed)) - 1;
    return value->integer >= low && value->integer <= high;
}

static void store_bits(uint8_t *bytes, uint64_t index, uint32_t bits, uint64_t code) {
    switch (bits) {
    case 8: bytes[index] = (uint8_t)code; break;
    case 16: little_store_16(bytes + 2 * index, (uint16_t)code); break;
    case 32: little_store_32(bytes + 4 * index, (uint32_t)code); break;
    case 64: little_store_64(bytes + 8 * index, code); break;
    default: {
        uint32_t per_byte = 8 / bits;
        code &= (1u << bits) - 1;
        bytes[index / per_byte] |= (uint8_t)(code << bits * (index % per_byte));
    }
    }
}

bool element_encode(uint32_t dtype, Element value, void *raw, uint64_t index) {
    uint32_t bits = dtype_bits(dtype);
    uint64_t code;
    unsigned small;
    switch (dtype) {
    case DTYPE_FLOAT32: code = float32_to_bits((float)value.real); break;
    case DTYPE_FLOAT64: code = float64_to_bits(value.real); break;
    case DTYPE_FLOAT16: code = float16_encode(value.real); break;
    case DTYPE_BFLOAT16: code = bfloat16_encode(value.real); break;
    case DTYPE_COMPLEX64:
        store_bits(raw, 2 * index, 32, float32_to_bits((float)value.real));
        store_bits(raw, 2 * index + 1, 32, float32_to_bits((float)value.imaginary));
        return true;
    case DTYPE_COMPLEX128:
        store_bits(raw, 2 * index, 64, float64_to_bits(value.real));
        store_bits(raw, 2 * index + 1, 64, float64_to_bits(value.imaginary));
        return true;
    case DTYPE_FLOAT8E4M3FN:
    case DTYPE_FLOAT8E4M3FNUZ:
    case DTYPE_FLOAT8E5M2:
    case DTYPE_FLOAT8E5M2FNUZ:
    case DTYPE_FLOAT8E8M0:
    case DTYPE_FLOAT4E2M1:
        if (!encode_code(dtype, value.real, &small)) return false;
        code = small;
        break;
    case DTYPE_BOOL:
        if (value.integer != 0 && value.integer != 1) return false;
        code = (uint64_t)value.integer;
        break;
    default:
        if (bits == 0 || !integer_fits(&value, dtype_is_signed(dtype), bits)) return false;
        code = value.unsigned_;
    }
    store_bits(raw, index, bits, code);
    return true;
}
