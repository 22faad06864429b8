/* Reading the protobuf wire format.
 *
 * 1. A message is a run of fields; a field is a varint tag (number << 3 | wire type) and a value.
 * 2. Wire type 0: varint, 7 bits a byte, low group first, at most 10 bytes.
 * 3. Wire type 1: 8 bytes little-endian. Wire type 5: 4 bytes little-endian.
 * 4. Wire type 2: a varint length and that many bytes: a string, a message or packed scalars.
 * 5. Wire types 3 and 4 (groups) do not occur in ONNX and are refused, as is field number 0.
 *
 * A Reader is a position in a Source with a small window of its bytes; a Message walks the fields of one
 * message. What a field's length skips is never read, so walking a model costs its graph, not its weights.
 * The Reader borrows its Source. Nothing here recurses; the caller keeps a Message for each level it is in.
 *
 *     Message graph = message_at("GraphProto", offset, length);
 *     while (message_next(&reader, &graph)) {
 *         switch (graph.field) { case GRAPH_NODE: ... graph.offset, graph.length ... }
 *     }
 *     if (reader.failed) ...
 */
#ifndef ONNXDOC_WIRE_H
#define ONNXDOC_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "onnx/source.h"

/* The longest run of bytes reader_bytes hands out: a name, a doc string, the text of an attribute. */
#define READER_BYTES_LIMIT ((uint64_t)64 << 20)

typedef enum WireType { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 } WireType;

typedef struct Reader {
    Source *source;
    const uint8_t *next;   /* the next byte to read */
    const uint8_t *end;    /* end of what the window holds */
    const uint8_t *start;  /* its first byte, ... */
    uint64_t start_offset; /* ... which stands here in the source */
    uint8_t *buffer;       /* the window's memory; NULL when the source is in memory anyway */
    size_t capacity;
    size_t step; /* how much the next refill reads: small after a jump, doubling while sequential */
    Error *err;
    bool failed;
} Reader;

/* A walk over one message. `field`, `wire` and the value belong to the field found last. */
typedef struct Message {
    const char *name; /* for errors: "NodeProto" */
    uint64_t end;     /* the message's end in the source */
    uint64_t resume;  /* where the next field starts */
    uint32_t field;   /* field number */
    WireType wire;
    uint64_t value;  /* varint or fixed value */
    uint64_t start;  /* offset of the field's tag */
    uint64_t offset; /* WIRE_LENGTH: the first byte of its contents, ... */
    uint64_t length; /* ... and how many there are; checked to lie inside the message */
} Message;

/* Errors are put in *err, which must outlive the Reader. */
void reader_init(Reader *reader, Source *source, Error *err);
void reader_free(Reader *reader);

static inline uint64_t reader_offset(const Reader *reader) {
    return reader->start_offset + (uint64_t)(reader->next - reader->start);
}

/* Moves to `offset` (≤ source size) without reading. */
void reader_seek(Reader *reader, uint64_t offset);

/* The `length` bytes at `offset`, contiguous; they stay until the next call on this Reader. Lengths over
 * READER_BYTES_LIMIT and ranges outside the source fail. `what` names them in the error. */
bool reader_bytes(Reader *reader, uint64_t offset, uint64_t length, const char *what, Bytes *bytes);

static inline Message message_at(const char *name, uint64_t offset, uint64_t length) {
    return (Message){.name = name, .end = offset + length, .resume = offset, .start = offset};
}

/* message_next for every case; message_next itself is the common one, inlined. */
bool message_step(Reader *reader, Message *message);

/* Steps to the next field. False at the message's end and on failure (then reader->failed). The Reader may
 * be used for anything between two calls. */
static inline bool message_next(Reader *reader, Message *message) {
    /* A short string or message, field number up to 15, in the window, right where the Reader stands. */
    if (reader->end - reader->next >= 2 && message->end - message->resume >= 2 &&
        message->resume < message->end && reader_offset(reader) == message->resume && !reader->failed) {
        uint8_t tag = reader->next[0], length = reader->next[1];
        if ((tag & 0x87) == WIRE_LENGTH && tag > 7 && length < 0x80 &&
            length <= message->end - message->resume - 2) {
            message->field = tag >> 3;
            message->wire = WIRE_LENGTH;
            message->start = message->resume;
            message->offset = message->start + 2;
            message->length = length;
            message->resume = message->offset + length;
            reader->next += 2;
            return true;
        }
    }
    return message_step(reader, message);
}

/* The field as what the schema says it is; false (and failed) when the wire type is another one. */
bool message_want(Reader *reader, const Message *message, WireType wire, const char *field_name);

/* The contents of a WIRE_LENGTH field. */
static inline bool message_bytes(Reader *reader, const Message *message, const char *field_name,
                                 Bytes *bytes) {
    if (message->wire == WIRE_LENGTH && reader_offset(reader) == message->offset &&
        (uint64_t)(reader->end - reader->next) >= message->length && !reader->failed) {
        *bytes = (Bytes){(const char *)reader->next, (size_t)message->length};
        reader->next += message->length;
        return true;
    }
    return message_want(reader, message, WIRE_LENGTH, field_name) &&
           reader_bytes(reader, message->offset, message->length, field_name, bytes);
}

/* Walks the scalars of a repeated field, packed or not: starts with `at` = 0 for every field message_next
 * finds and hands out one varint (or fixed32/fixed64 as bits) a call; false at the field's end. */
bool message_scalar(Reader *reader, const Message *message, WireType element, const char *field_name,
                    uint64_t *at, uint64_t *value);

/* Where key and value of a StringStringEntryProto stand; length 0 where one is absent. */
typedef struct Entry {
    uint64_t key_offset, key_length;
    uint64_t value_offset, value_length;
} Entry;
bool message_entry(Reader *reader, const Message *message, const char *field_name, Entry *entry);

/* Reads one varint at the Reader's position, which must stay before `end`. */
bool reader_varint(Reader *reader, uint64_t end, const char *name, uint64_t *value);

/* error_set for this reader, and failed = true. */
bool reader_fail(Reader *reader, ErrorCode code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
