/* Encoding elements: every code comes back from its value, and values between two codes go to the nearer one. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../check.h"
#include "base/element.h"

static uint64_t state = 1;

static uint64_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state ^ state >> 29;
}

static uint64_t load(uint32_t bits, const uint8_t *raw) {
    return bits == 16 ? little_load_16(raw) : *raw;
}

static double decode(uint32_t dtype, uint32_t code) {
    uint8_t raw[2];
    if (dtype_bits(dtype) == 16) little_store_16(raw, (uint16_t)code);
    else *raw = (uint8_t)code;
    return element_decode(dtype, raw, 0).real;
}

static uint32_t encode(uint32_t dtype, double value, bool *done) {
    uint8_t raw[2] = {0};
    *done = element_encode(dtype, (Element){.kind = ELEMENT_FLOAT, .real = value}, raw, 0);
    return (uint32_t)load(dtype_bits(dtype), raw);
}

static void every_code_comes_back(uint32_t dtype) {
    unsigned wrong = 0;
    for (uint32_t code = 0; code < 1u << dtype_bits(dtype); code++) {
        bool done;
        double value = decode(dtype, code);
        uint32_t again = encode(dtype, value, &done);
        if (!done || (isnan(value) ? !isnan(decode(dtype, again)) : again != code)) wrong++;
    }
    CHECK(wrong == 0);
}

/* Against all codes, one by one: none is nearer, and of two that are as near the even one is taken. */
static void between_codes_the_nearer(uint32_t dtype) {
    uint32_t codes = 1u << dtype_bits(dtype);
    for (int round = 0; round < 200; round++) {
        double a = decode(dtype, (uint32_t)next_random() % codes),
               b = decode(dtype, (uint32_t)next_random() % codes);
        if (!isfinite(a) || !isfinite(b)) continue;
        double value = round % 2 ? (a + b) / 2 : a + (b - a) * (double)(next_random() >> 11) * 0x1p-53;
        bool done;
        uint32_t code = encode(dtype, value, &done);
        double distance = fabs(decode(dtype, code) - value);
        bool is_nearest = done && isfinite(decode(dtype, code));
        for (uint32_t other = 0; is_nearest && other < codes; other++) {
            double candidate = decode(dtype, other);
            if (!isfinite(candidate) || candidate == decode(dtype, code)) continue;
            double away = fabs(candidate - value);
            is_nearest = away > distance || (away == distance && code % 2 == 0);
        }
        CHECK(is_nearest);
    }
}

static void beyond_the_largest(void) {
    bool done;
    CHECK(float16_encode(65504) == 0x7bff && float16_encode(65519.99) == 0x7bff);
    CHECK(float16_encode(65520) == 0x7c00 && float16_encode(-1e300) == 0xfc00);
    CHECK(float16_encode(0x1p-25) == 0 && float16_encode(0x1.0001p-25) == 1 &&
          float16_encode(-0.0) == 0x8000);
    CHECK(bfloat16_encode(INFINITY) == 0x7f80 && bfloat16_encode(-INFINITY) == 0xff80);
    CHECK(bfloat16_encode(1.00390625) == 0x3f80 && bfloat16_encode(1.01171875) == 0x3f82); /* ties to even */
    CHECK(isnan(decode(DTYPE_FLOAT16, float16_encode(NAN))) &&
          isnan(decode(DTYPE_BFLOAT16, bfloat16_encode(NAN))));
    CHECK(encode(DTYPE_FLOAT8E4M3FN, 1e9, &done) == 0x7e && done);
    CHECK(encode(DTYPE_FLOAT8E4M3FN, -INFINITY, &done) == 0xfe && done);
    CHECK(encode(DTYPE_FLOAT8E5M2, 1e9, &done) == 0x7b && encode(DTYPE_FLOAT8E5M2, INFINITY, &done) == 0x7c);
    CHECK(encode(DTYPE_FLOAT8E5M2FNUZ, -0.0, &done) == 0 && encode(DTYPE_FLOAT4E2M1, -0.0, &done) == 8);
    encode(DTYPE_FLOAT8E8M0, -1, &done);
    CHECK(!done);
    encode(DTYPE_FLOAT4E2M1, NAN, &done);
    CHECK(!done);
}

typedef struct Range {
    uint32_t dtype;
    int64_t low, high;
} Range;

static bool fits(uint32_t dtype, Element value) {
    uint8_t raw[8] = {0};
    return element_encode(dtype, value, raw, 0);
}

static void integers_that_fit(void) {
    static const Range ranges[] = {
        {DTYPE_INT2, -2, 1},           {DTYPE_UINT2, 0, 3},      {DTYPE_INT4, -8, 7},
        {DTYPE_UINT4, 0, 15},          {DTYPE_INT8, -128, 127},  {DTYPE_UINT8, 0, 255},
        {DTYPE_INT16, -32768, 32767},  {DTYPE_UINT16, 0, 65535}, {DTYPE_INT32, INT32_MIN, INT32_MAX},
        {DTYPE_UINT32, 0, UINT32_MAX}, {DTYPE_BOOL, 0, 1}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        Range r = ranges[i];
        const int64_t tried[] = {r.low - 1, r.low, r.high, r.high + 1};
        for (size_t j = 0; j < 4; j++) {
            Element value = {.kind = ELEMENT_INTEGER, .integer = tried[j]};
            uint8_t raw[8] = {0};
            bool wanted = j == 1 || j == 2;
            CHECK(element_encode(r.dtype, value, raw, 0) == wanted);
            if (wanted) CHECK(element_decode(r.dtype, raw, 0).integer == tried[j]);
        }
    }
    Element huge = {.kind = ELEMENT_UNSIGNED, .unsigned_ = UINT64_MAX},
            low = {.kind = ELEMENT_INTEGER, .integer = INT64_MIN};
    CHECK(fits(DTYPE_UINT64, huge) && !fits(DTYPE_INT64, huge) && !fits(DTYPE_UINT32, huge));
    CHECK(fits(DTYPE_INT64, low) && !fits(DTYPE_UINT64, low) && !fits(DTYPE_STRING, low));
}

static void small_elements_share_bytes(void) {
    uint8_t raw[3] = {0};
    for (uint64_t i = 0; i < 5; i++) {
        Element value = {.kind = ELEMENT_INTEGER, .integer = (int64_t)i - 3};
        CHECK(element_encode(DTYPE_INT4, value, raw, i));
    }
    CHECK(memcmp(raw, "\xed\x0f\x01", 3) == 0);
    for (uint64_t i = 0; i < 5; i++) CHECK(element_decode(DTYPE_INT4, raw, i).integer == (int64_t)i - 3);
}

int main(void) {
    static const uint32_t floats[] = {DTYPE_FLOAT16,        DTYPE_BFLOAT16,   DTYPE_FLOAT8E4M3FN,
                                      DTYPE_FLOAT8E4M3FNUZ, DTYPE_FLOAT8E5M2, DTYPE_FLOAT8E5M2FNUZ,
                                      DTYPE_FLOAT8E8M0,     DTYPE_FLOAT4E2M1};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        every_code_comes_back(floats[i]);
        between_codes_the_nearer(floats[i]);
    }
    beyond_the_largest();
    integers_that_fit();
    small_elements_share_bytes();
    return check_report();
}
