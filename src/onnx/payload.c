#include "onnx/payload.h"

#include <inttypes.h>

#include "onnx/fields.h"

/* Runs of bytes from here on are read straight into the caller's memory, shorter ones through the window. */
#ifndef PAYLOAD_DIRECT
#define PAYLOAD_DIRECT ((uint64_t)64 << 10)
#endif

typedef struct FieldLayout {
    const char *name;
    uint32_t number; /* 0: not a typed field */
    WireType wire;   /* of one scalar */
} FieldLayout;

static const FieldLayout layouts[] = {
    [PAYLOAD_NONE] = {"data", 0, WIRE_VARINT},
    [PAYLOAD_RAW] = {"raw_data", 0, WIRE_VARINT},
    [PAYLOAD_FLOAT_DATA] = {"float_data", TENSOR_FLOAT_DATA, WIRE_FIXED32},
    [PAYLOAD_INT32_DATA] = {"int32_data", TENSOR_INT32_DATA, WIRE_VARINT},
    [PAYLOAD_STRING_DATA] = {"string_data", TENSOR_STRING_DATA, WIRE_LENGTH},
    [PAYLOAD_INT64_DATA] = {"int64_data", TENSOR_INT64_DATA, WIRE_VARINT},
    [PAYLOAD_DOUBLE_DATA] = {"double_data", TENSOR_DOUBLE_DATA, WIRE_FIXED64},
    [PAYLOAD_UINT64_DATA] = {"uint64_data", TENSOR_UINT64_DATA, WIRE_VARINT},
    [PAYLOAD_EXTERNAL] = {"external data", 0, WIRE_VARINT},
};

static const FieldLayout *payload_layout(const Payload *payload) {
    return &layouts[payload->kind];
}

static const char *payload_name(const Payload *payload) {
    return payload->name ? payload->name : "tensor";
}

static uint64_t payload_error_offset(const Payload *payload) {
    return payload->kind == PAYLOAD_EXTERNAL ? ERROR_NO_OFFSET : payload->offset;
}

/* The typed field that holds a dtype; PAYLOAD_NONE for undefined. */
static PayloadKind dtype_field(uint32_t dtype) {
    switch (dtype) {
    case DTYPE_UNDEFINED: return PAYLOAD_NONE;
    case DTYPE_FLOAT32:
    case DTYPE_COMPLEX64: return PAYLOAD_FLOAT_DATA;
    case DTYPE_FLOAT64:
    case DTYPE_COMPLEX128: return PAYLOAD_DOUBLE_DATA;
    case DTYPE_STRING: return PAYLOAD_STRING_DATA;
    case DTYPE_INT64: return PAYLOAD_INT64_DATA;
    case DTYPE_UINT32:
    case DTYPE_UINT64: return PAYLOAD_UINT64_DATA;
    default: return PAYLOAD_INT32_DATA;
    }
}

static bool dtype_is_complex(uint32_t dtype) {
    return dtype == DTYPE_COMPLEX64 || dtype == DTYPE_COMPLEX128;
}

/* Scalars of the typed field that `count` elements take. Cannot overflow: payload_open checked the bytes. */
static uint64_t payload_scalars(const Payload *payload, uint64_t count) {
    uint64_t bytes = 0;
    if (dtype_is_complex(payload->dtype)) return count * 2;
    if (payload->dtype == DTYPE_STRING || dtype_bits(payload->dtype) >= 8) return count;
    dtype_nbytes(payload->dtype, count, &bytes);
    return bytes;
}

/* Bytes of raw_data that one scalar of the typed field becomes. */
static uint32_t payload_scalar_size(const Payload *payload) {
    uint32_t bits = dtype_bits(payload->dtype);
    return bits < 8 ? 1 : bits / (dtype_is_complex(payload->dtype) ? 16 : 8);
}

static bool open_fits(PayloadCursor *cursor) {
    const Payload *payload = cursor->payload;
    PayloadKind field = dtype_field(payload->dtype);
    bool fits = payload_layout(payload)->number ? payload->kind == field : field != PAYLOAD_STRING_DATA;
    if (fits || payload->kind == PAYLOAD_NONE) return true;
    return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                       "%s: %s cannot hold %s, %s does", payload_name(payload), payload_layout(payload)->name,
                       dtype_name(payload->dtype), layouts[field].name);
}

static bool open_has_data(PayloadCursor *cursor) {
    const Payload *payload = cursor->payload;
    if (payload->kind == PAYLOAD_NONE ? payload->count == 0 : payload->source != NULL) return true;
    return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                       "%s: there is no data for its %" PRIu64 " %s elements", payload_name(payload),
                       payload->count, dtype_name(payload->dtype));
}

static bool open_in_source(PayloadCursor *cursor) {
    const Payload *payload = cursor->payload;
    uint64_t size = payload->source->size;
    if (payload->offset <= size && payload->length <= size - payload->offset) return true;
    return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                       "%s: %s has %" PRIu64 " bytes from byte %" PRIu64 " on, the file ends at %" PRIu64,
                       payload_name(payload), payload_layout(payload)->name, payload->length, payload->offset,
                       size);
}

static bool open_has_size(PayloadCursor *cursor) {
    const Payload *payload = cursor->payload;
    uint64_t needed;
    if (payload->dtype == DTYPE_STRING) return true;
    if (!dtype_nbytes(payload->dtype, payload->count, &needed))
        return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                           "%s: %" PRIu64 " %s elements need more than 2^64 bytes", payload_name(payload),
                           payload->count, dtype_name(payload->dtype));
    if (payload_layout(payload)->number || payload->kind == PAYLOAD_NONE || payload->length == needed)
        return true;
    return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                       "%s: %s has %" PRIu64 " bytes, %" PRIu64 " %s elements need %" PRIu64,
                       payload_name(payload), payload_layout(payload)->name, payload->length, payload->count,
                       dtype_name(payload->dtype), needed);
}

bool payload_open(PayloadCursor *cursor, const Payload *payload, Error *err) {
    *cursor = (PayloadCursor){.payload = payload, .reader = {.err = err}};
    if (!dtype_is_known(payload->dtype))
        return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                           "%s: data type %" PRIu32 " is none of 1 to %d", payload_name(payload),
                           payload->dtype, DTYPE_COUNT - 1);
    if (!open_fits(cursor) || !open_has_data(cursor) || !open_has_size(cursor)) return false;
    if (payload->kind == PAYLOAD_NONE) return true;
    if (!open_in_source(cursor)) return false;
    reader_init(&cursor->reader, payload->source, err);
    cursor->message = message_at(payload_name(payload), payload->offset, payload->length);
    return true;
}

void payload_close(PayloadCursor *cursor) {
    reader_free(&cursor->reader);
    *cursor = (PayloadCursor){.reader = {.failed = true}};
}

static bool cursor_ready(PayloadCursor *cursor, Error *err) {
    if (cursor->reader.failed)
        return error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "%s: it is closed, or reading it failed before",
                         cursor->payload ? payload_name(cursor->payload) : "tensor");
    cursor->reader.err = err;
    return true;
}

static bool fail_scalar_count(PayloadCursor *cursor, uint64_t found) {
    const Payload *payload = cursor->payload;
    return reader_fail(&cursor->reader, ERROR_DATA, payload_error_offset(payload),
                       "%s: %s has %" PRIu64 " values, %" PRIu64 " %s elements need %" PRIu64,
                       payload_name(payload), payload_layout(payload)->name, found, payload->count,
                       dtype_name(payload->dtype), payload_scalars(payload, payload->count));
}

static bool cursor_copy(PayloadCursor *cursor, uint64_t offset, uint8_t *to, uint64_t length) {
    Reader *reader = &cursor->reader;
    if (length == 0) return true;
    if (length >= PAYLOAD_DIRECT && !reader->source->memory) {
        if (!source_read(reader->source, offset, to, (size_t)length, reader->err)) reader->failed = true;
        return !reader->failed;
    }
    Bytes bytes;
    if (!reader_bytes(reader, offset, length, payload_layout(cursor->payload)->name, &bytes)) return false;
    memcpy(to, bytes.data, bytes.size);
    return true;
}

/* Moves to the next piece of the typed field: one scalar, one string or a run of packed scalars. */
static bool cursor_next_piece(PayloadCursor *cursor) {
    const FieldLayout *layout = payload_layout(cursor->payload);
    Message *message = &cursor->message;
    while (message_next(&cursor->reader, message)) {
        if (message->field != layout->number) continue;
        cursor->in_piece = true;
        cursor->scalar_at = 0;
        uint32_t size = layout->wire == WIRE_FIXED32 ? 4 : layout->wire == WIRE_FIXED64 ? 8 : 1;
        if (message->wire != WIRE_LENGTH || message->length % size == 0) return true;
        return reader_fail(&cursor->reader, ERROR_MALFORMED, message->start,
                           "%s: %s at byte %" PRIu64 " has %" PRIu64 " bytes, no multiple of %" PRIu32,
                           payload_name(cursor->payload), layout->name, message->start, message->length,
                           size);
    }
    return false;
}

/* Takes scalars of a packed piece of known width as they are. */
static bool take_fixed(PayloadCursor *cursor, uint8_t *out, uint64_t wanted, uint64_t *taken) {
    const Message *message = &cursor->message;
    uint64_t size = payload_layout(cursor->payload)->wire == WIRE_FIXED32 ? 4 : 8;
    uint64_t at = cursor->scalar_at ? cursor->scalar_at : message->offset;
    uint64_t held = (message->offset + message->length - at) / size;
    *taken = held < wanted ? held : wanted;
    cursor->in_piece = held > wanted;
    cursor->scalar_at = at + *taken * size;
    return !out || cursor_copy(cursor, at, out, *taken * size);
}

static void store_scalar(uint32_t dtype, uint64_t value, uint8_t *out, uint32_t size) {
    if (dtype == DTYPE_BOOL) value = value != 0;
    for (uint32_t i = 0; i < size; i++) out[i] = (uint8_t)(value >> (8 * i));
}

/* Takes up to `wanted` scalars of the typed field; fewer at its end. `out` NULL: passes over them. */
static bool take_scalars(PayloadCursor *cursor, uint8_t *out, uint64_t wanted, uint64_t *taken) {
    const FieldLayout *layout = payload_layout(cursor->payload);
    uint32_t size = payload_scalar_size(cursor->payload), dtype = cursor->payload->dtype;
    *taken = 0;
    while (*taken < wanted) {
        if (!cursor->in_piece && !cursor_next_piece(cursor)) return !cursor->reader.failed;
        uint8_t *to = out ? out + *taken * size : NULL;
        uint64_t value, run;
        if (layout->wire != WIRE_VARINT && cursor->message.wire == WIRE_LENGTH) {
            if (!take_fixed(cursor, to, wanted - *taken, &run)) return false;
            *taken += run;
        } else if (message_scalar(&cursor->reader, &cursor->message, layout->wire, layout->name,
                                  &cursor->scalar_at, &value)) {
            if (to) store_scalar(dtype, value, to, size);
            *taken += 1;
        } else {
            if (cursor->reader.failed) return false;
            cursor->in_piece = false;
        }
    }
    return true;
}

/* At the last element: nothing of the field may follow. The string found last stays the current one. */
static bool cursor_end(PayloadCursor *cursor) {
    if (cursor->ended || cursor->position < cursor->payload->count) return true;
    cursor->ended = true;
    if (!payload_layout(cursor->payload)->number) return true;
    Message last = cursor->message;
    uint64_t extra = 0;
    if (cursor->payload->kind == PAYLOAD_STRING_DATA)
        while (cursor_next_piece(cursor)) extra++;
    else take_scalars(cursor, NULL, UINT64_MAX, &extra);
    cursor->message = last;
    if (cursor->reader.failed) return false;
    return extra == 0 || fail_scalar_count(cursor, cursor->scalars + extra);
}

static bool step_string(PayloadCursor *cursor) {
    if (!cursor_next_piece(cursor))
        return !cursor->reader.failed && fail_scalar_count(cursor, cursor->scalars);
    cursor->scalars++;
    cursor->position++;
    return message_want(&cursor->reader, &cursor->message, WIRE_LENGTH, "string_data") && cursor_end(cursor);
}

/* Steps over `count` ≤ remaining elements, writing them to `out` unless it is NULL. */
static bool step_elements(PayloadCursor *cursor, uint8_t *out, uint64_t count) {
    const Payload *payload = cursor->payload;
    uint64_t after = cursor->position + count;
    if (payload_layout(payload)->number) {
        uint64_t wanted = payload_scalars(payload, after) - cursor->scalars, taken;
        if (!take_scalars(cursor, out, wanted, &taken)) return false;
        cursor->scalars += taken;
        if (taken < wanted) return fail_scalar_count(cursor, cursor->scalars);
    } else if (out && payload->kind != PAYLOAD_NONE) {
        uint64_t start = 0, end = 0;
        dtype_nbytes(payload->dtype, cursor->position, &start);
        dtype_nbytes(payload->dtype, after, &end);
        if (!cursor_copy(cursor, payload->offset + start, out, end - start)) return false;
    }
    cursor->position = after;
    return cursor_end(cursor);
}

/* Cuts `count` to what remains; false when it would stop inside a byte. */
static bool clip_count(const PayloadCursor *cursor, uint64_t *count, Error *err) {
    const Payload *payload = cursor->payload;
    uint64_t left = payload->count - cursor->position;
    uint32_t bits = dtype_bits(payload->dtype), per_byte = bits && bits < 8 ? 8 / bits : 1;
    if (*count >= left) *count = left;
    else if (*count % per_byte)
        return error_set(err, ERROR_DATA, ERROR_NO_OFFSET,
                         "%s: %" PRIu64
                         " %s elements were asked for, before its end they come in multiples of %" PRIu32,
                         payload_name(payload), *count, dtype_name(payload->dtype), per_byte);
    return true;
}

bool payload_skip(PayloadCursor *cursor, uint64_t count, Error *err) {
    if (!cursor_ready(cursor, err) || !clip_count(cursor, &count, err)) return false;
    if (cursor->payload->kind != PAYLOAD_STRING_DATA) return step_elements(cursor, NULL, count);
    for (; count; count--)
        if (!step_string(cursor)) return false;
    return cursor_end(cursor);
}

bool payload_pull(PayloadCursor *cursor, void *raw, uint64_t count, uint64_t *got, Error *err) {
    *got = 0;
    if (!cursor_ready(cursor, err) || !clip_count(cursor, &count, err)) return false;
    if (cursor->payload->dtype == DTYPE_STRING)
        return error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "%s: strings have no packed form",
                         payload_name(cursor->payload));
    if (!step_elements(cursor, raw, count)) return false;
    *got = count;
    return true;
}

bool payload_pull_string(PayloadCursor *cursor, Bytes *string, bool *got, Error *err) {
    *got = false;
    if (!cursor_ready(cursor, err)) return false;
    if (cursor->payload->dtype != DTYPE_STRING)
        return error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "%s: its elements are %s, not strings",
                         payload_name(cursor->payload), dtype_name(cursor->payload->dtype));
    if (cursor->position == cursor->payload->count) return cursor_end(cursor);
    *got = step_string(cursor) && message_bytes(&cursor->reader, &cursor->message, "string_data", string);
    return *got;
}
