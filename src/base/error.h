/* Error: why something could not be done, filled in once, where it happened, and handed up unchanged.
 *
 * Functions that can fail return bool (true = done) and take `Error *err` last. A library function never
 * prints, exits or aborts. The message names the thing, the value and the limit:
 * "initializer 'w1': raw_data has 12 bytes, dims [2,4] float32 need 32".
 */
#ifndef ONNXDOC_ERROR_H
#define ONNXDOC_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#define ERROR_NO_OFFSET UINT64_MAX

typedef enum ErrorCode {
    ERROR_NONE,
    ERROR_IO,        /* the operating system refused a read, open or stat */
    ERROR_MISSING,   /* no such file */
    ERROR_NOT_ONNX,  /* the bytes are something else; the message says what and what to do */
    ERROR_TRUNCATED, /* a length points past the end of the bytes */
    ERROR_MALFORMED, /* the bytes break the wire format */
    ERROR_LIMIT,     /* nesting, a length or a count is over a stated limit */
    ERROR_CYCLE,     /* nodes depend on each other in a circle */
    ERROR_DATA,      /* a tensor's contents are absent, out of reach or of the wrong size */
    ERROR_MEMORY,    /* an allocation failed */
} ErrorCode;

typedef struct Error {
    ErrorCode code;
    uint64_t offset;   /* byte offset in the model file, or ERROR_NO_OFFSET */
    char message[480]; /* always terminated, cut with "..." when longer, printable ASCII or UTF-8 */
} Error;

/* Fills *err and returns false, so that a failing function can end with `return error_set(...)`. */
bool error_set(Error *err, ErrorCode code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool error_set_va(Error *err, ErrorCode code, uint64_t offset, const char *format, va_list args);

/* "out of memory" naming what was being allocated. */
bool error_memory(Error *err, const char *what);

/* The stable word scripts branch on: "io", "missing", "not-onnx", "truncated", ... */
const char *error_code_name(ErrorCode code);

#endif
