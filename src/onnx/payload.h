/* Payload: where the elements of one tensor are and how they are written.
 *
 * A TensorProto keeps its elements in one of three ways:
 * 1. raw_data: little-endian, packed; 4-bit elements two a byte, 2-bit four a byte, low bits first.
 * 2. a typed field, packed or not, in one piece or several: float_data (float32, complex64 as pairs),
 *    double_data (float64, complex128 as pairs), int64_data, uint64_data (uint64, uint32), string_data, and
 *    int32_data for all others (int32, int16, int8, uint16, uint8, bool; float16, bfloat16 and float8 as
 *    bits; 4- and 2-bit types as the bytes raw_data would have).
 * 3. another file (external data): as raw_data, at an offset.
 *
 * Whatever the way, payload_pull hands out what raw_data would hold, so that there is one decoder
 * (element_decode). A Payload borrows its Source.
 */
#ifndef ONNXDOC_PAYLOAD_H
#define ONNXDOC_PAYLOAD_H

#include "base/dtype.h"
#include "base/element.h"
#include "base/error.h"
#include "onnx/source.h"
#include "onnx/wire.h"

typedef enum PayloadKind {
    PAYLOAD_NONE, /* no data in the file */
    PAYLOAD_RAW,
    PAYLOAD_FLOAT_DATA,
    PAYLOAD_INT32_DATA,
    PAYLOAD_STRING_DATA,
    PAYLOAD_INT64_DATA,
    PAYLOAD_DOUBLE_DATA,
    PAYLOAD_UINT64_DATA,
    PAYLOAD_EXTERNAL,
} PayloadKind;

typedef struct Payload {
    PayloadKind kind;
    uint32_t dtype;   /* a known Dtype */
    uint64_t count;   /* elements, the product of the dims */
    Source *source;   /* the model's, or the external file's */
    uint64_t offset;  /* RAW, EXTERNAL: the packed elements; typed fields: the TensorProto's contents, ... */
    uint64_t length;  /* ... walked again to find every piece of the field */
    const char *name; /* for errors: "initializer 'w1'" */
} Payload;

/* Reads a payload front to back. */
typedef struct PayloadCursor {
    const Payload *payload;
    Reader reader;
    Message message;    /* typed fields: the walk over the TensorProto */
    uint64_t scalar_at; /* position inside the current piece (message_scalar) */
    bool in_piece;
    uint64_t position; /* elements handed out or skipped so far */
    uint64_t scalars;  /* values of the typed field taken so far: two for a complex number, one for each
                          * byte of 4- and 2-bit elements, else one an element */
    bool ended;        /* all elements taken and nothing found behind them */
} PayloadCursor;

/* What does not match dims and dtype is ERROR_DATA, naming the tensor, the field, what was found and what is
 * needed. A dtype the field cannot hold and a wrong raw_data length are found here, without reading anything;
 * too few values in a typed field by the pull or skip that misses one, too many by the one that reaches the
 * last element. The Payload must outlive the cursor; after a failure there is nothing to close, and closing
 * is harmless. Nothing is allocated but the Reader's window. */
bool payload_open(PayloadCursor *cursor, const Payload *payload, Error *err);
void payload_close(PayloadCursor *cursor);

/* Steps over `count` elements, at most to the end, without decoding them where the layout allows it (varints
 * must be walked). Sub-byte types: `count` must be a multiple of the elements in a byte, except at the
 * end. */
bool payload_skip(PayloadCursor *cursor, uint64_t count, Error *err);

/* Writes up to `count` elements as raw_data would hold them (sub-byte types: a multiple of the elements in a
 * byte, except at the end) and says in *got how many; 0 at the end. Not for strings. After a failure every
 * further call fails. */
bool payload_pull(PayloadCursor *cursor, void *raw, uint64_t count, uint64_t *got, Error *err);

/* The next string of string_data, valid until the next call; *got is false at the end. */
bool payload_pull_string(PayloadCursor *cursor, Bytes *string, bool *got, Error *err);

#endif
