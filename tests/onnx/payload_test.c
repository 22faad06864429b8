/* Elements, payloads and stats in C. Every payload is read from a memory block and through a read callback,
 * and in chunks of several sizes, so that pieces, windows and chunks end everywhere.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/element.h"
#include "onnx/fields.h"
#include "onnx/payload.h"
#include "weights/stats.h"

static unsigned passed, failed;

#define CHECK(condition, ...)                                                                                \
    do {                                                                                                     \
        if (condition) {                                                                                     \
            passed++;                                                                                        \
        } else {                                                                                             \
            failed++;                                                                                        \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                           \
            printf(__VA_ARGS__);                                                                             \
            putchar('\n');                                                                                   \
        }                                                                                                    \
    } while (0)

/* ---- bytes of a TensorProto ---- */

typedef struct Wire {
    uint8_t *data;
    size_t size;
    size_t capacity;
} Wire;

static void put(Wire *wire, const void *data, size_t size) {
    if (wire->size + size > wire->capacity) {
        wire->capacity = (wire->size + size) * 2;
        wire->data = realloc(wire->data, wire->capacity);
        if (!wire->data) exit(2);
    }
    if (size) memcpy(wire->data + wire->size, data, size);
    wire->size += size;
}

static void put_varint(Wire *wire, uint64_t value) {
    uint8_t bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    put(wire, bytes, size);
}

static void put_tag(Wire *wire, uint32_t field, WireType type) {
    put_varint(wire, (uint64_t)field << 3 | (uint64_t)type);
}

static void put_bytes(Wire *wire, uint32_t field, const void *data, size_t size) {
    put_tag(wire, field, WIRE_LENGTH);
    put_varint(wire, size);
    put(wire, data, size);
}

static void put_text(Wire *wire, uint32_t field, const char *text) {
    put_bytes(wire, field, text, strlen(text));
}

static void put_little(Wire *wire, uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; i++) put(wire, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
}

static uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A run of scalars as one packed piece; width 0: varints. */
static void put_packed(Wire *wire, uint32_t field, const uint64_t *values, size_t count, unsigned width) {
    Wire piece = {0};
    for (size_t i = 0; i < count; i++) {
        if (width) put_little(&piece, values[i], width);
        else put_varint(&piece, values[i]);
    }
    put_bytes(wire, field, piece.data, piece.size);
    free(piece.data);
}

static void put_single(Wire *wire, uint32_t field, uint64_t value, unsigned width) {
    put_tag(wire, field, width == 4 ? WIRE_FIXED32 : width == 8 ? WIRE_FIXED64 : WIRE_VARINT);
    if (width) put_little(wire, value, width);
    else put_varint(wire, value);
}

/* ---- sources ---- */

typedef struct Block {
    Source source;
    const uint8_t *data;
    unsigned reads;
    bool broken; /* reads fail */
} Block;

static bool block_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    Block *block = (Block *)source;
    block->reads++;
    if (block->broken) return error_set(err, ERROR_IO, offset, "the disk is gone");
    if (length) memcpy(buffer, block->data + offset, length);
    return true;
}

static Block block_of(const Wire *wire, bool in_memory) {
    return (Block){.source = {.size = wire->size,
                              .read = block_read,
                              .memory = in_memory ? (const char *)wire->data : NULL},
                   .data = wire->data};
}

/* ---- reading everything ---- */

typedef struct Result {
    uint8_t *raw;
    uint64_t count; /* elements got */
    bool ok;
    Error err;
} Result;

/* Reads all elements in chunks of `chunk`; skips the first `skip`. The chunk's buffer fits exactly, for the
 * sanitizers. */
static Result read_all(const Payload *payload, uint64_t chunk, uint64_t skip) {
    Result result = {0};
    PayloadCursor cursor;
    Wire all = {0};
    uint64_t bytes = 0, got = 1;
    dtype_nbytes(payload->dtype, chunk, &bytes);
    uint8_t *part = malloc(bytes ? bytes : 1);
    if (!part) exit(2);
    result.ok = payload_open(&cursor, payload, &result.err) && payload_skip(&cursor, skip, &result.err);
    while (result.ok && got) {
        result.ok = payload_pull(&cursor, part, chunk, &got, &result.err);
        dtype_nbytes(payload->dtype, got, &bytes);
        if (got) put(&all, part, bytes);
        result.count += got;
    }
    payload_close(&cursor);
    free(part);
    result.raw = all.data;
    return result;
}

static Payload typed(PayloadKind kind, uint32_t dtype, uint64_t count, const Wire *wire) {
    return (Payload){
        .kind = kind, .dtype = dtype, .count = count, .length = wire->size, .name = "initializer 'w1'"};
}

static void expect_raw(const char *what, Payload payload, const Wire *wire, const void *raw) {
    static const uint64_t chunks[] = {4, 8, 12, 1024, 100000};
    uint64_t total = 0;
    dtype_nbytes(payload.dtype, payload.count, &total);
    for (unsigned memory = 0; memory < 2; memory++)
        for (unsigned i = 0; i < 2 * sizeof chunks / sizeof *chunks; i++) {
            Block block = block_of(wire, memory);
            uint64_t chunk = chunks[i / 2], skip = i & 1 && payload.count >= 4 ? 4 : 0, skipped = 0;
            payload.source = &block.source;
            Result result = read_all(&payload, chunk, skip);
            dtype_nbytes(payload.dtype, skip, &skipped);
            CHECK(result.ok && result.count == payload.count - skip,
                  "%s, chunk %" PRIu64 ": got %" PRIu64 " of %" PRIu64 ", %s", what, chunk, result.count,
                  payload.count, result.ok ? "ok" : result.err.message);
            if (result.ok && result.count == payload.count - skip)
                CHECK(total == skipped ||
                          memcmp(result.raw, (const uint8_t *)raw + skipped, total - skipped) == 0,
                      "%s, chunk %" PRIu64 ", skip %" PRIu64 ": other bytes", what, chunk, skip);
            free(result.raw);
        }
}

static void expect_error(const char *what, Payload payload, const Wire *wire, ErrorCode code,
                         const char *message) {
    for (unsigned i = 0; i < 4; i++) {
        Block block = block_of(wire, i & 1);
        payload.source = &block.source;
        Result result = read_all(&payload, 8, i & 2 ? UINT64_MAX : 0);
        CHECK(!result.ok && result.err.code == code, "%s: %s, code %s", what,
              result.ok ? "no error" : result.err.message, error_code_name(result.err.code));
        CHECK(result.ok || strcmp(result.err.message, message) == 0, "%s: \"%s\", expected \"%s\"", what,
              result.err.message, message);
        free(result.raw);
    }
}

/* ---- dtypes ---- */

static void test_dtypes(void) {
    uint64_t nbytes = 0;
    CHECK(strcmp(dtype_name(DTYPE_FLOAT8E4M3FNUZ), "float8e4m3fnuz") == 0, "%s",
          dtype_name(DTYPE_FLOAT8E4M3FNUZ));
    CHECK(strcmp(dtype_name(27), "undefined") == 0 && strcmp(dtype_name(UINT32_MAX), "undefined") == 0,
          "unknown numbers");
    CHECK(!dtype_is_known(0) && dtype_is_known(1) && dtype_is_known(26) && !dtype_is_known(27),
          "known numbers");
    CHECK(dtype_bits(DTYPE_COMPLEX128) == 128 && dtype_bits(DTYPE_STRING) == 0 && dtype_bits(99) == 0,
          "bits");
    for (uint32_t i = 1; i < DTYPE_COUNT; i++) {
        const char *name = dtype_name(i);
        CHECK(dtype_from_name((Bytes){name, strlen(name)}) == (Dtype)i, "%s", name);
    }
    CHECK(dtype_from_name(BYTES_LITERAL("float3")) == DTYPE_UNDEFINED, "prefix");
    CHECK(dtype_from_name(BYTES_LITERAL("float32\0")) == DTYPE_UNDEFINED, "NUL behind");
    CHECK(dtype_from_name(BYTES_LITERAL("")) == DTYPE_UNDEFINED, "empty");
    CHECK(dtype_nbytes(DTYPE_INT4, 3, &nbytes) && nbytes == 2, "3 int4: %" PRIu64, nbytes);
    CHECK(dtype_nbytes(DTYPE_UINT2, 5, &nbytes) && nbytes == 2, "5 uint2: %" PRIu64, nbytes);
    CHECK(dtype_nbytes(DTYPE_INT2, UINT64_MAX, &nbytes) && nbytes == (uint64_t)1 << 62, "%" PRIu64, nbytes);
    CHECK(dtype_nbytes(DTYPE_FLOAT32, 0, &nbytes) && nbytes == 0, "none");
    CHECK(dtype_nbytes(DTYPE_UINT8, UINT64_MAX, &nbytes) && nbytes == UINT64_MAX, "%" PRIu64, nbytes);
    CHECK(!dtype_nbytes(DTYPE_FLOAT32, (uint64_t)1 << 62, &nbytes), "2^62 float32");
    CHECK(!dtype_nbytes(DTYPE_COMPLEX128, (uint64_t)1 << 60, &nbytes), "2^60 complex128");
    CHECK(!dtype_nbytes(DTYPE_STRING, 1, &nbytes) && !dtype_nbytes(DTYPE_UNDEFINED, 0, &nbytes),
          "no fixed size");
}

/* ---- elements ---- */

typedef struct Format {
    uint32_t dtype;
    int sign, exponent, mantissa, bias;
    enum { IEEE, FN, FNUZ, PLAIN } flavour;
} Format;

/* The value of a code from its sign, exponent and mantissa as the formats' definitions give it. */
static double value_of(const Format *format, unsigned code) {
    int mantissa = (int)(code & ((1u << format->mantissa) - 1));
    int exponent = (int)(code >> format->mantissa & ((1u << format->exponent) - 1));
    bool negative = format->sign && code >> (format->exponent + format->mantissa) & 1;
    int top = (1 << format->exponent) - 1, full = (1 << format->mantissa) - 1;
    double value;
    if (format->flavour == FNUZ && negative && exponent == 0 && mantissa == 0) return NAN;
    if (format->flavour == FN && exponent == top && mantissa == full) return NAN;
    if (format->flavour == IEEE && exponent == top) {
        if (mantissa) return NAN;
        value = HUGE_VAL;
    } else if (exponent == 0 && format->mantissa) {
        value = ldexp(ldexp((double)mantissa, -format->mantissa), 1 - format->bias);
    } else {
        value = ldexp(1.0 + ldexp((double)mantissa, -format->mantissa), exponent - format->bias);
    }
    return negative ? -value : value;
}

static bool same_number(double a, double b) {
    return isnan(a) || isnan(b) ? isnan(a) && isnan(b) : a == b && signbit(a) == signbit(b);
}

static void test_float_tables(void) {
    static const Format formats[] = {
        {DTYPE_FLOAT16, 1, 5, 10, 15, IEEE},      {DTYPE_BFLOAT16, 1, 8, 7, 127, IEEE},
        {DTYPE_FLOAT8E5M2, 1, 5, 2, 15, IEEE},    {DTYPE_FLOAT8E4M3FN, 1, 4, 3, 7, FN},
        {DTYPE_FLOAT8E4M3FNUZ, 1, 4, 3, 8, FNUZ}, {DTYPE_FLOAT8E5M2FNUZ, 1, 5, 2, 16, FNUZ},
        {DTYPE_FLOAT8E8M0, 0, 8, 0, 127, FN},     {DTYPE_FLOAT4E2M1, 1, 2, 1, 1, PLAIN},
    };
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
        const Format *format = &formats[i];
        unsigned bits = dtype_bits(format->dtype), wrong = 0, example = 0;
        for (unsigned code = 0; code < 1u << bits; code++) {
            uint8_t raw[2] = {(uint8_t)code, (uint8_t)(code >> 8)};
            uint8_t high = (uint8_t)(code << 4);
            Element element =
                bits < 8 ? element_decode(format->dtype, &high, 1) : element_decode(format->dtype, raw, 0);
            if (element.kind != ELEMENT_FLOAT || !same_number(element.real, value_of(format, code))) {
                wrong++;
                example = code;
            }
        }
        CHECK(wrong == 0, "%s: %u codes, for example 0x%x", dtype_name(format->dtype), wrong, example);
    }
}

/* A few values from the formats' papers, so that value_of is not the only witness. */
static void test_float_landmarks(void) {
    static const struct {
        uint32_t dtype;
        unsigned code;
        double value;
    } marks[] = {
        {DTYPE_FLOAT16, 0x3c00, 1},          {DTYPE_FLOAT16, 0x7bff, 65504},
        {DTYPE_FLOAT16, 0x0001, 0x1p-24},    {DTYPE_BFLOAT16, 0x3f80, 1},
        {DTYPE_FLOAT8E4M3FN, 0x7e, 448},     {DTYPE_FLOAT8E4M3FN, 0x01, 0x1p-9},
        {DTYPE_FLOAT8E4M3FNUZ, 0x7f, 240},   {DTYPE_FLOAT8E4M3FNUZ, 0x01, 0x1p-10},
        {DTYPE_FLOAT8E5M2, 0x7b, 57344},     {DTYPE_FLOAT8E5M2, 0x01, 0x1p-16},
        {DTYPE_FLOAT8E5M2FNUZ, 0x7f, 57344}, {DTYPE_FLOAT8E5M2FNUZ, 0x01, 0x1p-17},
        {DTYPE_FLOAT8E8M0, 0x7f, 1},         {DTYPE_FLOAT8E8M0, 0x00, 0x1p-127},
        {DTYPE_FLOAT8E8M0, 0xfe, 0x1p127},   {DTYPE_FLOAT8E5M2, 0xfc, -HUGE_VAL},
        {DTYPE_FLOAT8E4M3FN, 0xff, NAN},     {DTYPE_FLOAT8E4M3FNUZ, 0x80, NAN},
        {DTYPE_FLOAT8E5M2FNUZ, 0x80, NAN},   {DTYPE_FLOAT8E8M0, 0xff, NAN},
        {DTYPE_FLOAT8E4M3FN, 0x80, -0.0},
    };
    static const double float4[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++) {
        uint8_t raw[2] = {(uint8_t)marks[i].code, (uint8_t)(marks[i].code >> 8)};
        double value = element_decode(marks[i].dtype, raw, 0).real;
        CHECK(same_number(value, marks[i].value), "%s 0x%x: %g", dtype_name(marks[i].dtype), marks[i].code,
              value);
    }
    for (unsigned code = 0; code < 16; code++) {
        uint8_t raw = (uint8_t)code;
        double value = element_decode(DTYPE_FLOAT4E2M1, &raw, 0).real;
        CHECK(same_number(value, code & 8 ? -float4[code & 7] : float4[code & 7]), "0x%x: %g", code, value);
    }
}

static void check_integer(uint32_t dtype, const uint8_t *raw, uint64_t index, int64_t wanted) {
    Element element = element_decode(dtype, raw, index);
    CHECK(element.kind == ELEMENT_INTEGER && element.integer == wanted,
          "%s [%" PRIu64 "]: %" PRId64 ", expected %" PRId64, dtype_name(dtype), index, element.integer,
          wanted);
}

static void test_integers(void) {
    /* Behind an odd address: nothing may depend on alignment. */
    static const uint8_t bytes[] = {0, 0x21, 0x83, 0x45, 0xf7, 0xff, 0xff, 0xff, 0xfe, 0x80, 0x7f};
    const uint8_t *raw = bytes + 1;
    check_integer(DTYPE_UINT8, raw, 1, 0x83);
    check_integer(DTYPE_INT8, raw, 1, 0x83 - 256);
    check_integer(DTYPE_UINT16, raw, 0, 0x8321);
    check_integer(DTYPE_INT16, raw, 0, 0x8321 - 0x10000);
    check_integer(DTYPE_UINT32, raw, 0, 0xf7458321);
    check_integer(DTYPE_INT32, raw, 0, (int64_t)0xf7458321 - ((int64_t)1 << 32));
    check_integer(DTYPE_INT32, raw, 1, -16777217);
    check_integer(DTYPE_INT64, raw, 0, (int64_t)0xfefffffff7458321);
    CHECK(element_decode(DTYPE_UINT64, raw, 0).kind == ELEMENT_UNSIGNED, "uint64 kind");
    CHECK(element_decode(DTYPE_UINT64, raw, 0).unsigned_ == 0xfefffffff7458321, "uint64");
    static const int uint4[] = {1, 2, 3, 8, 5, 4, 7, 15}, int4[] = {1, 2, 3, -8, 5, 4, 7, -1};
    static const int uint2[] = {1, 0, 2, 0, 3, 0, 0, 2, 1, 1, 0, 1},
                     int2[] = {1, 0, -2, 0, -1, 0, 0, -2, 1, 1, 0, 1};
    for (unsigned i = 0; i < 8; i++) check_integer(DTYPE_UINT4, raw, i, uint4[i]);
    for (unsigned i = 0; i < 8; i++) check_integer(DTYPE_INT4, raw, i, int4[i]);
    for (unsigned i = 0; i < 12; i++) check_integer(DTYPE_UINT2, raw, i, uint2[i]);
    for (unsigned i = 0; i < 12; i++) check_integer(DTYPE_INT2, raw, i, int2[i]);
    static const uint8_t truths[] = {0, 1, 2, 0x80};
    for (unsigned i = 0; i < 4; i++) {
        Element element = element_decode(DTYPE_BOOL, truths, i);
        CHECK(element.kind == ELEMENT_BOOL && element.integer == (i != 0), "bool %u", i);
    }
    check_integer(DTYPE_STRING, raw, 0, 0);
    check_integer(99, raw, 0, 0);
}

static void test_wide_floats(void) {
    Wire wire = {0};
    put_little(&wire, 0, 1);
    put_little(&wire, bits_of_float(1.5f), 4);
    put_little(&wire, bits_of_float(-0.0f), 4);
    put_little(&wire, bits_of_double(0.1), 8);
    put_little(&wire, bits_of_double(-1e300), 8);
    const uint8_t *raw = wire.data + 1;
    CHECK(same_number(element_decode(DTYPE_FLOAT32, raw, 0).real, 1.5), "float32");
    CHECK(same_number(element_decode(DTYPE_FLOAT32, raw, 1).real, -0.0), "float32 -0");
    CHECK(same_number(element_decode(DTYPE_FLOAT64, raw, 1).real, 0.1), "float64");
    Element complex64 = element_decode(DTYPE_COMPLEX64, raw, 0);
    CHECK(complex64.kind == ELEMENT_COMPLEX && complex64.real == 1.5 &&
              same_number(complex64.imaginary, -0.0),
          "complex64");
    Element complex128 = element_decode(DTYPE_COMPLEX128, raw + 8, 0);
    CHECK(complex128.kind == ELEMENT_COMPLEX && complex128.real == 0.1 && complex128.imaginary == -1e300,
          "complex128");
    free(wire.data);
}

/* ---- typed fields ---- */

typedef struct Case {
    PayloadKind kind;
    uint32_t dtype;
    uint32_t field;
    unsigned width;  /* of a scalar on the wire; 0: varint */
    unsigned stored; /* bytes of raw_data a scalar becomes */
} Case;

static const Case cases[] = {
    {PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, TENSOR_FLOAT_DATA, 4, 4},
    {PAYLOAD_FLOAT_DATA, DTYPE_COMPLEX64, TENSOR_FLOAT_DATA, 4, 4},
    {PAYLOAD_DOUBLE_DATA, DTYPE_FLOAT64, TENSOR_DOUBLE_DATA, 8, 8},
    {PAYLOAD_DOUBLE_DATA, DTYPE_COMPLEX128, TENSOR_DOUBLE_DATA, 8, 8},
    {PAYLOAD_INT64_DATA, DTYPE_INT64, TENSOR_INT64_DATA, 0, 8},
    {PAYLOAD_UINT64_DATA, DTYPE_UINT64, TENSOR_UINT64_DATA, 0, 8},
    {PAYLOAD_UINT64_DATA, DTYPE_UINT32, TENSOR_UINT64_DATA, 0, 4},
    {PAYLOAD_INT32_DATA, DTYPE_INT32, TENSOR_INT32_DATA, 0, 4},
    {PAYLOAD_INT32_DATA, DTYPE_INT16, TENSOR_INT32_DATA, 0, 2},
    {PAYLOAD_INT32_DATA, DTYPE_UINT16, TENSOR_INT32_DATA, 0, 2},
    {PAYLOAD_INT32_DATA, DTYPE_INT8, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_UINT8, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT16, TENSOR_INT32_DATA, 0, 2},
    {PAYLOAD_INT32_DATA, DTYPE_BFLOAT16, TENSOR_INT32_DATA, 0, 2},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT8E4M3FN, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT8E4M3FNUZ, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT8E5M2, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT8E5M2FNUZ, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT8E8M0, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_INT4, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_UINT4, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_FLOAT4E2M1, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_INT2, TENSOR_INT32_DATA, 0, 1},
    {PAYLOAD_INT32_DATA, DTYPE_UINT2, TENSOR_INT32_DATA, 0, 1},
};

static uint64_t scalars_needed(const Case *c, uint64_t count) {
    uint32_t bits = dtype_bits(c->dtype);
    if (c->dtype == DTYPE_COMPLEX64 || c->dtype == DTYPE_COMPLEX128) return count * 2;
    return bits < 8 ? (count * bits + 7) / 8 : count;
}

/* `count` scalars as pieces of all kinds: packed, single, empty, with other fields between them. */
static void put_pieces(Wire *wire, const Case *c, const uint64_t *values, uint64_t count) {
    static const unsigned runs[] = {1, 3, 0, 2, 1, 7, 1, 1, 40, 1, 1000, 5000};
    uint64_t at = 0;
    for (unsigned i = 0; at < count; i++) {
        uint64_t run = runs[i % (sizeof runs / sizeof *runs)];
        if (run > count - at) run = count - at;
        if (run == 1 && i % 3 != 2) put_single(wire, c->field, values[at], c->width);
        else put_packed(wire, c->field, values + at, run, c->width);
        if (i % 2) put_text(wire, TENSOR_NAME, "w1");
        if (i % 5 == 0) put_single(wire, TENSOR_DIMS, 1000, 0);
        at += run;
    }
    put_bytes(wire, c->field, "", 0);
    put_text(wire, TENSOR_DOC_STRING, "the end");
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

static void test_pieces(void) {
    static const uint64_t counts[] = {0, 1, 3, 4, 5, 21, 1003, 40000};
    uint64_t state = 7;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        for (unsigned j = 0; j < sizeof counts / sizeof *counts; j++) {
            const Case *c = &cases[i];
            uint64_t scalars = scalars_needed(c, counts[j]);
            uint64_t *values = malloc((scalars + 1) * sizeof *values);
            Wire wire = {0}, raw = {0};
            if (!values) exit(2);
            put_little(&wire, 0xffffff, 3); /* the TensorProto stands somewhere in the file */
            for (uint64_t k = 0; k < scalars; k++) {
                values[k] = next_random(&state) >> (next_random(&state) % 60);
                if (c->kind == PAYLOAD_INT32_DATA) values[k] = (uint64_t)(int64_t)(int32_t)values[k];
                put_little(&raw, values[k], c->stored);
            }
            put_pieces(&wire, c, values, scalars);
            Payload payload = typed(c->kind, c->dtype, counts[j], &wire);
            payload.offset = 3;
            payload.length -= 3;
            expect_raw(dtype_name(c->dtype), payload, &wire, raw.data);
            free(values);
            free(wire.data);
            free(raw.data);
        }
}

static void test_negative_and_bool(void) {
    Wire wire = {0};
    uint64_t values[] = {(uint64_t)-1, (uint64_t)-128, 127, 300, (uint64_t)INT64_MIN, 256};
    put_packed(&wire, TENSOR_INT32_DATA, values, 6, 0);
    expect_raw("int8", typed(PAYLOAD_INT32_DATA, DTYPE_INT8, 6, &wire), &wire, "\xff\x80\x7f\x2c\x00\x00");
    expect_raw("bool", typed(PAYLOAD_INT32_DATA, DTYPE_BOOL, 6, &wire), &wire, "\1\1\1\1\1\1");
    expect_raw("int16", typed(PAYLOAD_INT32_DATA, DTYPE_INT16, 6, &wire), &wire,
               "\xff\xff\x80\xff\x7f\x00\x2c\x01\x00\x00\x00\x01");
    free(wire.data);
    wire = (Wire){0};
    for (unsigned i = 0; i < 3; i++) put_single(&wire, TENSOR_INT32_DATA, i, 0);
    expect_raw("bool", typed(PAYLOAD_INT32_DATA, DTYPE_BOOL, 3, &wire), &wire, "\0\1\1");
    free(wire.data);
}

/* ---- what does not match ---- */

static void test_counts(void) {
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *c = &cases[i];
        uint64_t needed = scalars_needed(c, 9), values[32] = {1, 2, 3};
        const char *field = c->width == 4                    ? "float_data"
                            : c->width == 8                  ? "double_data"
                            : c->field == TENSOR_INT64_DATA  ? "int64_data"
                            : c->field == TENSOR_UINT64_DATA ? "uint64_data"
                                                             : "int32_data";
        for (uint64_t found = 0; found <= needed + 3; found++) {
            char message[200];
            Wire wire = {0};
            put_pieces(&wire, c, values, found);
            snprintf(message, sizeof message,
                     "initializer 'w1': %s has %" PRIu64 " values, 9 %s elements need %" PRIu64, field, found,
                     dtype_name(c->dtype), needed);
            if (found != needed)
                expect_error("count", typed(c->kind, c->dtype, 9, &wire), &wire, ERROR_DATA, message);
            free(wire.data);
        }
    }
    Wire wire = {0};
    put_single(&wire, TENSOR_FLOAT_DATA, 0, 4);
    expect_error("empty with data", typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, 0, &wire), &wire, ERROR_DATA,
                 "initializer 'w1': float_data has 1 values, 0 float32 elements need 0");
    expect_error("hostile count", typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, (uint64_t)1 << 63, &wire), &wire,
                 ERROR_DATA,
                 "initializer 'w1': 9223372036854775808 float32 elements need more than 2^64 bytes");
    expect_error("large count", typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, (uint64_t)1 << 61, &wire), &wire,
                 ERROR_DATA,
                 "initializer 'w1': float_data has 1 values, 2305843009213693952 float32 elements need "
                 "2305843009213693952");
    expect_error("large count, int2", typed(PAYLOAD_INT32_DATA, DTYPE_INT2, UINT64_MAX, &wire), &wire,
                 ERROR_DATA,
                 "initializer 'w1': int32_data has 0 values, 18446744073709551615 int2 elements need "
                 "4611686018427387904");
    expect_error("no payload", typed(PAYLOAD_NONE, DTYPE_FLOAT32, 2, &wire), &wire, ERROR_DATA,
                 "initializer 'w1': there is no data for its 2 float32 elements");
    expect_raw("no payload, no elements", typed(PAYLOAD_NONE, DTYPE_FLOAT32, 0, &wire), &wire, "");
    expect_error("unknown dtype", typed(PAYLOAD_RAW, 99, 2, &wire), &wire, ERROR_DATA,
                 "initializer 'w1': data type 99 is none of 1 to 26");
    Payload beyond = typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, 1, &wire);
    beyond.offset = UINT64_MAX - 2;
    expect_error(
        "beyond the file", beyond, &wire, ERROR_DATA,
        "initializer 'w1': float_data has 5 bytes from byte 18446744073709551613 on, the file ends at 5");
    free(wire.data);
}

static void test_kinds(void) {
    static const char *const fields[] = {
        [PAYLOAD_RAW] = "raw_data",
        [PAYLOAD_FLOAT_DATA] = "float_data",
        [PAYLOAD_INT32_DATA] = "int32_data",
        [PAYLOAD_STRING_DATA] = "string_data",
        [PAYLOAD_INT64_DATA] = "int64_data",
        [PAYLOAD_DOUBLE_DATA] = "double_data",
        [PAYLOAD_UINT64_DATA] = "uint64_data",
        [PAYLOAD_EXTERNAL] = "external data",
    };
    Wire wire = {0};
    put_text(&wire, TENSOR_NAME, "w1");
    for (uint32_t dtype = 1; dtype < DTYPE_COUNT; dtype++) {
        PayloadKind own = dtype == DTYPE_STRING ? PAYLOAD_STRING_DATA : PAYLOAD_INT32_DATA;
        for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
            if (cases[i].dtype == dtype) own = cases[i].kind;
        for (PayloadKind kind = PAYLOAD_RAW; kind <= PAYLOAD_EXTERNAL; kind++) {
            char message[200];
            bool fits =
                kind == own || (dtype != DTYPE_STRING && (kind == PAYLOAD_RAW || kind == PAYLOAD_EXTERNAL));
            if (fits) continue;
            snprintf(message, sizeof message, "initializer 'w1': %s cannot hold %s, %s does", fields[kind],
                     dtype_name(dtype), fields[own]);
            expect_error("kind", typed(kind, dtype, 2, &wire), &wire, ERROR_DATA, message);
        }
    }
    free(wire.data);
}

static void test_raw(void) {
    Wire wire = {0};
    uint64_t state = 3;
    for (unsigned i = 0; i < 300000; i++) put_little(&wire, next_random(&state), 1);
    for (uint32_t dtype = 1; dtype < DTYPE_COUNT; dtype++) {
        uint64_t counts[] = {0, 1, 5, 1023, 18001}, nbytes;
        if (dtype == DTYPE_STRING) continue;
        for (unsigned i = 0; i < 5; i++)
            for (PayloadKind kind = PAYLOAD_RAW; kind <= PAYLOAD_EXTERNAL;
                 kind += PAYLOAD_EXTERNAL - PAYLOAD_RAW) {
                dtype_nbytes(dtype, counts[i], &nbytes);
                Payload payload = {.kind = kind,
                                   .dtype = dtype,
                                   .count = counts[i],
                                   .offset = 77,
                                   .length = nbytes,
                                   .name = "w"};
                expect_raw(dtype_name(dtype), payload, &wire, wire.data + 77);
            }
    }
    Payload payload = {
        .kind = PAYLOAD_RAW, .dtype = DTYPE_FLOAT32, .count = 8, .length = 12, .name = "initializer 'w1'"};
    expect_error("short", payload, &wire, ERROR_DATA,
                 "initializer 'w1': raw_data has 12 bytes, 8 float32 elements need 32");
    payload.length = 33;
    expect_error("long", payload, &wire, ERROR_DATA,
                 "initializer 'w1': raw_data has 33 bytes, 8 float32 elements need 32");
    payload.kind = PAYLOAD_EXTERNAL;
    expect_error("long", payload, &wire, ERROR_DATA,
                 "initializer 'w1': external data has 33 bytes, 8 float32 elements need 32");
    payload.length = 32;
    payload.offset = 299969;
    expect_error("past the end", payload, &wire, ERROR_DATA,
                 "initializer 'w1': external data has 32 bytes from byte 299969 on, the file ends at 300000");
    payload = (Payload){.kind = PAYLOAD_RAW, .dtype = DTYPE_INT4, .count = 3, .length = 1};
    expect_error("int4", payload, &wire, ERROR_DATA, "tensor: raw_data has 1 bytes, 3 int4 elements need 2");
    payload.count = (uint64_t)1 << 63;
    payload.length = (uint64_t)1 << 62;
    expect_error("hostile", payload, &wire, ERROR_DATA,
                 "tensor: raw_data has 4611686018427387904 bytes from byte 0 on, the file ends at 300000");
    payload = (Payload){.kind = PAYLOAD_RAW,
                        .dtype = DTYPE_UINT8,
                        .count = UINT64_MAX - 2,
                        .length = UINT64_MAX - 2,
                        .offset = 5};
    expect_error("end past 2^64", payload, &wire, ERROR_DATA,
                 "tensor: raw_data has 18446744073709551613 bytes from byte 5 on, the file ends at 300000");
    free(wire.data);
}

static void test_malformed(void) {
    Wire wire = {0};
    put_bytes(&wire, TENSOR_FLOAT_DATA, "1234567", 7);
    expect_error("7 bytes", typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, 2, &wire), &wire, ERROR_MALFORMED,
                 "initializer 'w1': float_data at byte 0 has 7 bytes, no multiple of 4");
    free(wire.data);
    wire = (Wire){0};
    put_single(&wire, TENSOR_FLOAT_DATA, 5, 8);
    expect_error("wire type", typed(PAYLOAD_FLOAT_DATA, DTYPE_FLOAT32, 2, &wire), &wire, ERROR_MALFORMED,
                 "initializer 'w1': float_data at byte 0 has wire type 1, its type needs 2");
    free(wire.data);
    wire = (Wire){0};
    put_bytes(&wire, TENSOR_INT32_DATA, "\x01\xff\xff", 3);
    expect_error("cut varint", typed(PAYLOAD_INT32_DATA, DTYPE_INT32, 2, &wire), &wire, ERROR_TRUNCATED,
                 "int32_data: the varint at byte 3 runs past its end at byte 5");
    free(wire.data);
    wire = (Wire){0};
    put_tag(&wire, TENSOR_INT64_DATA, WIRE_LENGTH);
    put_varint(&wire, (uint64_t)1 << 63);
    Payload payload = typed(PAYLOAD_INT64_DATA, DTYPE_INT64, 2, &wire);
    put(&wire, "\1", 1); /* belongs to what follows in the file */
    expect_error("length 2^63", payload, &wire, ERROR_TRUNCATED,
                 "initializer 'w1': field 7 at byte 0 has 9223372036854775808 bytes, 0 remain");
    free(wire.data);
}

/* Every truncation of a message full of pieces ends in a result or an error. */
static void test_truncations(void) {
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t values[128], state = i;
        Wire wire = {0};
        for (unsigned k = 0; k < 128; k++) values[k] = next_random(&state);
        put_pieces(&wire, &cases[i], values, 57);
        for (size_t size = 0; size < wire.size; size++) {
            uint8_t *copy = malloc(size ? size : 1);
            if (!copy) exit(2);
            memcpy(copy, wire.data, size);
            Wire cut = {copy, size, size};
            Payload payload = typed(cases[i].kind, cases[i].dtype, 57, &cut);
            for (unsigned memory = 0; memory < 2; memory++) {
                Block block = block_of(&cut, memory);
                payload.source = &block.source;
                Result result = read_all(&payload, 16, 0);
                if (!result.ok && result.err.message[0] == 0)
                    CHECK(false, "an error without a message, %zu", size);
                free(result.raw);
            }
            free(copy);
        }
        passed++;
        free(wire.data);
    }
}

static void test_misuse(void) {
    Wire wire = {0};
    put_text(&wire, TENSOR_NAME, "ABCDEFGH");
    Block block = block_of(&wire, true);
    Payload payload = {.kind = PAYLOAD_RAW,
                       .dtype = DTYPE_INT4,
                       .count = 7,
                       .source = &block.source,
                       .offset = 2,
                       .length = 4};
    PayloadCursor cursor;
    Error err = {0};
    uint8_t raw[8];
    uint64_t got;
    Bytes string;
    bool any;
    CHECK(payload_open(&cursor, &payload, &err), "%s", err.message);
    CHECK(!payload_pull(&cursor, raw, 3, &got, &err) && got == 0, "3 int4 in the middle");
    CHECK(!payload_skip(&cursor, 1, &err), "1 int4 in the middle");
    CHECK(!payload_pull_string(&cursor, &string, &any, &err), "a string of int4");
    CHECK(payload_skip(&cursor, 2, &err), "%s", err.message);
    CHECK(payload_pull(&cursor, raw, 4, &got, &err) && got == 4 && memcmp(raw, "BC", 2) == 0, "%s",
          err.message);
    CHECK(payload_pull(&cursor, raw, 1, &got, &err) && got == 1 && raw[0] == 'D', "%s", err.message);
    CHECK(payload_pull(&cursor, raw, 1, &got, &err) && got == 0, "%s", err.message);
    CHECK(payload_skip(&cursor, 100, &err), "skip at the end");
    payload_close(&cursor);
    payload_close(&cursor);
    CHECK(!payload_pull(&cursor, raw, 1, &got, &err), "closed");
    free(wire.data);
}

static void test_source_errors(void) {
    Wire wire = {0};
    uint64_t values[64] = {0};
    put_packed(&wire, TENSOR_INT32_DATA, values, 64, 0);
    for (unsigned i = 0; i < 2; i++) {
        Block block = block_of(&wire, false);
        block.broken = true;
        Payload payload = typed(i ? PAYLOAD_RAW : PAYLOAD_INT32_DATA, DTYPE_UINT8, i ? wire.size : 64, &wire);
        payload.source = &block.source;
        PayloadCursor cursor;
        Error err = {0};
        uint8_t raw[80];
        uint64_t got;
        CHECK(payload_open(&cursor, &payload, &err) && block.reads == 0, "opening reads nothing");
        CHECK(!payload_pull(&cursor, raw, 10, &got, &err) && err.code == ERROR_IO, "%s", err.message);
        CHECK(strcmp(err.message, "the disk is gone") == 0, "%s", err.message);
        block.broken = false;
        CHECK(!payload_pull(&cursor, raw, 10, &got, &err) && err.code == ERROR_DATA, "%s", err.message);
        payload_close(&cursor);
    }
    free(wire.data);
}

/* ---- strings ---- */

static void expect_strings(const Wire *wire, uint64_t count, uint64_t skip, const char *const *texts,
                           const char *message) {
    for (unsigned memory = 0; memory < 2; memory++) {
        Block block = block_of(wire, memory);
        Payload payload = typed(PAYLOAD_STRING_DATA, DTYPE_STRING, count, wire);
        PayloadCursor cursor;
        Error err = {0};
        Bytes string = {0};
        bool got = false, ok;
        uint64_t i = skip;
        payload.source = &block.source;
        ok = payload_open(&cursor, &payload, &err) && payload_skip(&cursor, skip, &err);
        for (; ok; i++) {
            ok = payload_pull_string(&cursor, &string, &got, &err);
            if (!got) break;
            CHECK(i < count && bytes_equal(string, (Bytes){texts[i], strlen(texts[i])}), "string %" PRIu64,
                  i);
        }
        CHECK(ok == !message && (ok ? i == count : strcmp(err.message, message) == 0),
              "%" PRIu64 " of %" PRIu64 ": %s", i, count, err.message);
        payload_close(&cursor);
    }
}

static void test_strings(void) {
    static const char *const texts[] = {"", "one", "two\xff", "", "five"};
    Wire wire = {0};
    for (unsigned i = 0; i < 5; i++) {
        put_text(&wire, TENSOR_STRING_DATA, texts[i]);
        put_text(&wire, TENSOR_NAME, "w1");
    }
    for (uint64_t skip = 0; skip <= 5; skip++) expect_strings(&wire, 5, skip, texts, NULL);
    expect_strings(&wire, 4, 0, texts,
                   "initializer 'w1': string_data has 5 values, 4 string elements need 4");
    expect_strings(&wire, 4, 4, texts,
                   "initializer 'w1': string_data has 5 values, 4 string elements need 4");
    expect_strings(&wire, 6, 0, texts,
                   "initializer 'w1': string_data has 5 values, 6 string elements need 6");
    expect_strings(&wire, 0, 0, texts,
                   "initializer 'w1': string_data has 5 values, 0 string elements need 0");
    expect_strings(&wire, (uint64_t)1 << 63, (uint64_t)1 << 62, texts,
                   "initializer 'w1': string_data has 5 values, 9223372036854775808 string elements need "
                   "9223372036854775808");
    expect_error("pull", typed(PAYLOAD_STRING_DATA, DTYPE_STRING, 5, &wire), &wire, ERROR_DATA,
                 "initializer 'w1': strings have no packed form");
    put_single(&wire, TENSOR_STRING_DATA, 5, 0);
    expect_strings(&wire, 6, 5, texts,
                   "initializer 'w1': string_data at byte 41 has wire type 0, its type needs 2");
    free(wire.data);
}

/* ---- stats ---- */

static double number_of(Element element) {
    return element.kind == ELEMENT_FLOAT      ? element.real
           : element.kind == ELEMENT_UNSIGNED ? (double)element.unsigned_
                                              : (double)element.integer;
}

static bool is_near(double a, double b, double relative) {
    return a == b || fabs(a - b) <= relative * fabs(b);
}

/* Against two plain passes in long double. */
static void check_stats(uint32_t dtype, const uint8_t *raw, uint64_t count, uint64_t chunk) {
    Stats stats = {0};
    uint64_t finite = 0, zeros = 0, nan = 0, inf = 0, bits = dtype_bits(dtype);
    long double sum = 0, squares = 0;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (uint64_t i = 0; i < count; i += chunk)
        stats_update(&stats, dtype, raw + i * bits / 8, count - i < chunk ? count - i : chunk);
    stats_finish(&stats);
    for (uint64_t i = 0; i < count; i++) {
        double value = number_of(element_decode(dtype, raw, i));
        nan += isnan(value) != 0;
        inf += isinf(value) != 0;
        if (!isfinite(value)) continue;
        zeros += value == 0;
        finite++;
        sum += (long double)value;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    long double mean = sum / (long double)finite;
    for (uint64_t i = 0; i < count; i++) {
        double value = number_of(element_decode(dtype, raw, i));
        if (isfinite(value)) squares += ((long double)value - mean) * ((long double)value - mean);
    }
    double std = (double)sqrtl(squares / (long double)finite);
    const char *name = dtype_name(dtype);
    CHECK(stats.count == count && stats.finite == finite && stats.zeros == zeros && stats.nan == nan &&
              stats.inf == inf,
          "%s: counts", name);
    if (finite == 0) {
        CHECK(isnan(stats.mean) && isnan(stats.std), "%s: nothing finite", name);
        return;
    }
    CHECK(number_of(stats.min) == low && number_of(stats.max) == high, "%s: range", name);
    CHECK(stats.min.kind == element_decode(dtype, raw, 0).kind, "%s: kind", name);
    CHECK(fabs(stats.mean - (double)mean) <= 1e-13 * (fabs((double)mean) + std),
          "%s: mean %.17g, expected %.17g", name, stats.mean, (double)mean);
    CHECK(is_near(stats.std, std, 1e-12), "%s: std %.17g, expected %.17g", name, stats.std, std);
}

static void test_stats_random(void) {
    Wire wire = {0};
    uint64_t state = 11;
    for (unsigned i = 0; i < 40000; i++) put_little(&wire, next_random(&state), 1);
    for (uint32_t dtype = 1; dtype < DTYPE_COUNT; dtype++) {
        if (!stats_supports(dtype)) continue;
        for (uint64_t count = 0; count < 5; count++) check_stats(dtype, wire.data, count, 4);
        check_stats(dtype, wire.data + 1, 4500, 1024);
        check_stats(dtype, wire.data + 1, 4501, 60);
    }
    free(wire.data);
}

static void test_stats_refused(void) {
    static const uint32_t refused[] = {DTYPE_UNDEFINED,  DTYPE_STRING, DTYPE_COMPLEX64,
                                       DTYPE_COMPLEX128, 27,           UINT32_MAX};
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        Stats stats = {0};
        uint8_t raw[16] = {0};
        CHECK(!stats_supports(refused[i]) && !stats_update(&stats, refused[i], raw, 1) && stats.count == 0,
              "%" PRIu32, refused[i]);
    }
}

static Stats stats_of_doubles(const double *values, uint64_t count) {
    Stats stats = {0};
    Wire wire = {0};
    for (uint64_t i = 0; i < count; i++) put_little(&wire, bits_of_double(values[i]), 8);
    stats_update(&stats, DTYPE_FLOAT64, wire.data, count);
    stats_finish(&stats);
    free(wire.data);
    return stats;
}

static void test_stats_edges(void) {
    static const double huge[] = {1e300, -1e300, 1.5e308, -1.5e308}, tiny[] = {1e-300, 3e-300},
                        mixed[] = {1e300, 1, 2, 3}, none[] = {NAN, HUGE_VAL, -HUGE_VAL},
                        zeros[] = {0.0, -0.0, 5};
    Stats stats = stats_of_doubles(huge, 4);
    CHECK(stats.mean == 0 && is_near(stats.std, 1.0606601717798213e308 * sqrt(1 + 4.0 / 9 * 1e-16), 1e-6),
          "%g %g", stats.mean, stats.std);
    stats = stats_of_doubles(tiny, 2);
    CHECK(is_near(stats.mean, 2e-300, 1e-14) && is_near(stats.std, 1e-300, 1e-14), "%g %g", stats.mean,
          stats.std);
    stats = stats_of_doubles(mixed, 4);
    CHECK(is_near(stats.mean, 2.5e299, 1e-14) && is_near(stats.std, sqrt(3) / 4 * 1e300, 1e-14), "%g %g",
          stats.mean, stats.std);
    stats = stats_of_doubles(none, 3);
    CHECK(stats.finite == 0 && stats.nan == 1 && stats.inf == 2 && isnan(stats.mean), "%g", stats.mean);
    stats = stats_of_doubles(zeros, 3);
    CHECK(stats.zeros == 2 && stats.min.real == 0 && stats.max.real == 5, "%" PRIu64, stats.zeros);
    static const uint64_t integers[] = {INT64_MAX, INT64_MAX - 1, 0x8000000000000000, 0, 9007199254740993};
    Wire wire = {0};
    for (unsigned i = 0; i < 5; i++) put_little(&wire, integers[i], 8);
    stats = (Stats){0};
    stats_update(&stats, DTYPE_INT64, wire.data, 5);
    CHECK(stats.max.integer == INT64_MAX && stats.min.integer == INT64_MIN && stats.zeros == 1,
          "int64 range");
    stats = (Stats){0};
    stats_update(&stats, DTYPE_UINT64, wire.data, 3);
    CHECK(stats.max.kind == ELEMENT_UNSIGNED && stats.max.unsigned_ == 0x8000000000000000, "uint64 maximum");
    CHECK(stats.min.unsigned_ == INT64_MAX - 1, "uint64 minimum");
    stats_finish(&stats);
    CHECK(is_near(stats.mean, 0x1p63, 1e-15) && is_near(stats.std, sqrt(2.0 / 3), 1e-9), "%.17g %.17g",
          stats.mean, stats.std);
    free(wire.data);
}

/* 1e6 + noise, as float32 and as float64, and a constant: where sums of squares lose all digits. */
static void test_stats_stable(void) {
    enum { COUNT = 1 << 20, TIMES = 4 };
    float *floats = malloc(COUNT * sizeof *floats);
    double *doubles = malloc(COUNT * sizeof *doubles);
    Stats narrow = {0}, wide = {0}, constant = {0};
    uint64_t state = 5;
    if (!floats || !doubles) exit(2);
    long double sum = 0, squares = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        doubles[i] = 1e6 + (double)(next_random(&state) >> 32) * 0x1p-32 * 1e-3;
        floats[i] = 1e6f + (float)(i % 8) / 16;
        sum += (long double)doubles[i];
    }
    long double mean = sum / COUNT;
    for (unsigned i = 0; i < COUNT; i++)
        squares += ((long double)doubles[i] - mean) * ((long double)doubles[i] - mean);
    for (unsigned i = 0; i < TIMES; i++) {
        stats_update(&narrow, DTYPE_FLOAT32, floats, COUNT);
        stats_update(&wide, DTYPE_FLOAT64, doubles, COUNT);
    }
    stats_finish(&narrow);
    stats_finish(&wide);
    CHECK(is_near(wide.mean, (double)mean, 1e-15), "%.17g, expected %.17g", wide.mean, (double)mean);
    CHECK(is_near(wide.std, (double)sqrtl(squares / COUNT), 1e-9), "%.17g, expected %.17g", wide.std,
          (double)sqrtl(squares / COUNT));
    CHECK(narrow.mean == 1e6 + 3.5 / 16 && is_near(narrow.std, sqrt(21.0 / 4) / 16, 1e-14), "%.17g %.17g",
          narrow.mean, narrow.std);
    for (unsigned i = 0; i < COUNT; i++) doubles[i] = 0.1;
    for (unsigned i = 0; i < TIMES; i++) stats_update(&constant, DTYPE_FLOAT64, doubles, COUNT - 5);
    stats_finish(&constant);
    CHECK(constant.mean == 0.1 && constant.std == 0, "%.17g %g", constant.mean, constant.std);
    free(floats);
    free(doubles);
}

int main(void) {
    test_dtypes();
    test_float_tables();
    test_float_landmarks();
    test_integers();
    test_wide_floats();
    test_pieces();
    test_negative_and_bool();
    test_counts();
    test_kinds();
    test_raw();
    test_malformed();
    test_truncations();
    test_misuse();
    test_source_errors();
    test_strings();
    test_stats_random();
    test_stats_refused();
    test_stats_edges();
    test_stats_stable();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
