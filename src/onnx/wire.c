#include "onnx/wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/fields.h"

#ifndef READER_WINDOW
#define READER_WINDOW ((size_t)256 << 10)
#endif
#define READER_FIRST_STEP ((size_t)64 << 10)
#define READER_JUMP_STEP  ((size_t)4 << 10)

bool reader_fail(Reader *reader, ErrorCode code, uint64_t offset, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (!reader->failed) error_set_va(reader->err, code, offset, format, args);
    va_end(args);
    reader->failed = true;
    return false;
}

void reader_init(Reader *reader, Source *source, Error *err) {
    *reader = (Reader){.source = source, .err = err, .step = READER_FIRST_STEP};
    if (source->memory) {
        reader->start = reader->next = (const uint8_t *)source->memory;
        reader->end = reader->start + source->size;
    }
}

void reader_free(Reader *reader) {
    memory_free(reader->buffer, reader->capacity);
    reader->buffer = NULL;
}

void reader_seek(Reader *reader, uint64_t offset) {
    uint64_t held = (uint64_t)(reader->end - reader->start);
    if (reader->start && offset >= reader->start_offset && offset - reader->start_offset <= held) {
        reader->next = reader->start + (offset - reader->start_offset);
        return;
    }
    reader->start = reader->next = reader->end = reader->buffer;
    reader->start_offset = offset;
    reader->step = READER_JUMP_STEP;
}

/* Makes `wanted` bytes from the position on contiguous in the window (the caller knows the source has them),
 * reading ahead by the current step. */
static bool reader_fill(Reader *reader, uint64_t wanted) {
    size_t held = (size_t)(reader->end - reader->next);
    if (held >= wanted) return true;
    uint64_t offset = reader_offset(reader);
    uint64_t left = reader->source->size - offset;
    if (wanted > left)
        return reader_fail(reader, ERROR_TRUNCATED, offset,
                           "byte %" PRIu64 ": %" PRIu64 " bytes wanted, the file ends after %" PRIu64, offset,
                           wanted, left);
    uint64_t total = wanted > reader->step ? wanted : reader->step;
    if (total > left) total = left;
    if (total > reader->capacity) {
        size_t grown = total > READER_WINDOW ? (size_t)total : READER_WINDOW;
        size_t consumed = (size_t)(reader->next - reader->start);
        uint8_t *moved = memory_resize(reader->buffer, reader->capacity, grown);
        if (!moved) {
            reader->failed = true;
            return error_memory(reader->err, "the read window");
        }
        reader->buffer = moved;
        reader->capacity = grown;
        reader->start = moved;
        reader->next = moved + consumed;
        reader->end = reader->next + held;
    }
    if (held) memmove(reader->buffer, reader->next, held);
    reader->start = reader->next = reader->buffer;
    reader->end = reader->buffer + held;
    reader->start_offset = offset;
    if (!source_read(reader->source, offset + held, reader->buffer + held, (size_t)total - held,
                     reader->err)) {
        reader->failed = true;
        return false;
    }
    reader->end = reader->buffer + total;
    if (reader->step < READER_WINDOW) reader->step *= 2;
    return true;
}

bool reader_bytes(Reader *reader, uint64_t offset, uint64_t length, const char *what, Bytes *bytes) {
    if (reader->failed) return false;
    if (offset > reader->source->size || length > reader->source->size - offset)
        return reader_fail(reader, ERROR_TRUNCATED, offset,
                           "%s at byte %" PRIu64 " has %" PRIu64 " bytes, the file ends at %" PRIu64, what,
                           offset, length, reader->source->size);
    if (length > READER_BYTES_LIMIT && !reader->source->memory)
        return reader_fail(reader, ERROR_LIMIT, offset,
                           "%s at byte %" PRIu64 " has %" PRIu64 " bytes, the limit is %" PRIu64, what,
                           offset, length, READER_BYTES_LIMIT);
    if (length == 0) {
        *bytes = (Bytes){"", 0};
        return true;
    }
    reader_seek(reader, offset);
    if (!reader_fill(reader, length)) return false;
    *bytes = (Bytes){(const char *)reader->next, (size_t)length};
    reader->next += length;
    return true;
}

static bool varint_overlong(Reader *reader, uint64_t start, const char *name) {
    return reader_fail(reader, ERROR_MALFORMED, start,
                       "%s: the varint at byte %" PRIu64 " has more than 10 bytes", name, start);
}

static bool varint_cut(Reader *reader, uint64_t start, uint64_t end, const char *name) {
    return reader_fail(reader, ERROR_TRUNCATED, start,
                       "%s: the varint at byte %" PRIu64 " runs past its end at byte %" PRIu64, name, start,
                       end);
}

bool reader_varint(Reader *reader, uint64_t end, const char *name, uint64_t *value) {
    uint64_t start = reader_offset(reader);
    uint64_t room = end - start;
    if (room > 10) room = 10;
    if (!reader_fill(reader, room)) return false;
    const uint8_t *p = reader->next;
    uint64_t result = 0;
    for (unsigned i = 0; i < room; i++) {
        result |= (uint64_t)(p[i] & 0x7f) << (7 * i);
        if (p[i] < 0x80) {
            reader->next = p + i + 1;
            *value = result;
            return true;
        }
    }
    return room == 10 ? varint_overlong(reader, start, name) : varint_cut(reader, start, end, name);
}

static bool read_fixed(Reader *reader, Message *message, unsigned size) {
    uint64_t offset = reader_offset(reader);
    if (message->end - offset < size)
        return reader_fail(reader, ERROR_TRUNCATED, offset,
                           "%s: field %" PRIu32 " at byte %" PRIu64 " needs %u bytes, %" PRIu64 " remain",
                           message->name, message->field, message->start, size, message->end - offset);
    if (!reader_fill(reader, size)) return false;
    message->value = 0;
    for (unsigned i = 0; i < size; i++) message->value |= (uint64_t)reader->next[i] << (8 * i);
    reader->next += size;
    return true;
}

/* A varint whose bytes are known to be in the window: the common one-byte case without a call. */
static inline bool quick_varint(Reader *reader, uint64_t end, const char *name, uint64_t *value) {
    if (reader->next < reader->end && *reader->next < 0x80 && reader_offset(reader) < end) {
        *value = *reader->next++;
        return true;
    }
    return reader_varint(reader, end, name, value);
}

bool message_step(Reader *reader, Message *message) {
    if (reader->failed || message->resume >= message->end) return false;
    reader_seek(reader, message->resume);
    message->start = message->resume;
    uint64_t tag;
    if (!quick_varint(reader, message->end, message->name, &tag)) return false;
    message->field = (uint32_t)(tag >> 3);
    message->wire = (WireType)(tag & 7);
    if (message->field == 0 || tag > UINT32_MAX)
        return reader_fail(reader, ERROR_MALFORMED, message->start,
                           "%s: the tag at byte %" PRIu64 " has field number %" PRIu64
                           ", 1 to 536870911 are allowed",
                           message->name, message->start, tag >> 3);
    switch (message->wire) {
    case WIRE_VARINT:
        if (!quick_varint(reader, message->end, message->name, &message->value)) return false;
        break;
    case WIRE_FIXED64:
        if (!read_fixed(reader, message, 8)) return false;
        break;
    case WIRE_FIXED32:
        if (!read_fixed(reader, message, 4)) return false;
        break;
    case WIRE_LENGTH:
        if (!quick_varint(reader, message->end, message->name, &message->length)) return false;
        message->offset = reader_offset(reader);
        if (message->length > message->end - message->offset)
            return reader_fail(reader, ERROR_TRUNCATED, message->start,
                               "%s: field %" PRIu32 " at byte %" PRIu64 " has %" PRIu64 " bytes, %" PRIu64
                               " remain",
                               message->name, message->field, message->start, message->length,
                               message->end - message->offset);
        message->resume = message->offset + message->length;
        return true;
    default:
        return reader_fail(reader, ERROR_MALFORMED, message->start,
                           "%s: field %" PRIu32 " at byte %" PRIu64
                           " has wire type %u, ONNX uses 0, 1, 2 and 5",
                           message->name, message->field, message->start, (unsigned)message->wire);
    }
    message->resume = reader_offset(reader);
    return true;
}

bool message_want(Reader *reader, const Message *message, WireType wire, const char *field_name) {
    if (message->wire == wire) return true;
    return reader_fail(reader, ERROR_MALFORMED, message->start,
                       "%s: %s at byte %" PRIu64 " has wire type %u, its type needs %u", message->name,
                       field_name, message->start, (unsigned)message->wire, (unsigned)wire);
}

bool message_scalar(Reader *reader, const Message *message, WireType element, const char *field_name,
                    uint64_t *at, uint64_t *value) {
    if (reader->failed) return false;
    if (message->wire == element) {
        if (*at) return false;
        *at = 1;
        *value = message->value;
        return true;
    }
    if (!message_want(reader, message, WIRE_LENGTH, field_name)) return false;
    uint64_t offset = *at ? *at : message->offset, end = message->offset + message->length;
    if (offset >= end) return false;
    reader_seek(reader, offset);
    if (element == WIRE_VARINT) {
        if (!quick_varint(reader, end, field_name, value)) return false;
    } else {
        Message fixed = {.name = field_name, .end = end, .start = offset, .field = message->field};
        if (!read_fixed(reader, &fixed, element == WIRE_FIXED64 ? 8 : 4)) return false;
        *value = fixed.value;
    }
    *at = reader_offset(reader);
    return true;
}

bool message_entry(Reader *reader, const Message *message, const char *field_name, Entry *entry) {
    *entry = (Entry){0};
    if (!message_want(reader, message, WIRE_LENGTH, field_name)) return false;
    Message m = message_at("StringStringEntryProto", message->offset, message->length);
    while (message_next(reader, &m)) {
        if (m.field == ENTRY_KEY) {
            if (!message_want(reader, &m, WIRE_LENGTH, "key")) return false;
            entry->key_offset = m.offset;
            entry->key_length = m.length;
        } else if (m.field == ENTRY_VALUE) {
            if (!message_want(reader, &m, WIRE_LENGTH, "value")) return false;
            entry->value_offset = m.offset;
            entry->value_length = m.length;
        }
    }
    return !reader->failed;
}
