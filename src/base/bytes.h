/* Bytes: a view of bytes somebody else owns. Names from a model are Bytes: they may hold NUL, control
 * characters and invalid UTF-8, and are kept as they are; only what is shown to people is escaped.
 */
#ifndef ONNXDOC_BYTES_H
#define ONNXDOC_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Bytes {
    const char *data;
    size_t size;
} Bytes;

#define BYTES_LITERAL(text) ((Bytes){"" text "", sizeof(text) - 1})

/* Names are short: they are compared in place rather than by a call, the last word overlapping the one before,
 * since a loop over single bytes ends where no branch predictor expects it. */
static inline bool bytes_equal(Bytes a, Bytes b) {
    size_t size = a.size, at = 0;
    if (size != b.size) return false;
    if (size >= 8) {
        for (; at + 8 < size; at += 8)
            if (memcmp(a.data + at, b.data + at, 8) != 0) return false;
        return memcmp(a.data + size - 8, b.data + size - 8, 8) == 0;
    }
    if (size >= 4)
        return memcmp(a.data, b.data, 4) == 0 && memcmp(a.data + size - 4, b.data + size - 4, 4) == 0;
    for (; at < size; at++)
        if (a.data[at] != b.data[at]) return false;
    return true;
}

/* How many bytes at the start are printable ASCII and none of `special`. Nearly all names are nothing else. */
size_t bytes_plain_length(Bytes text, const char *special);

/* Writes what is shown for the character at `p` (or for its first byte, when it is not UTF-8): itself, or \n,
 * \\, \x07, and \u{202e} for characters that reorder or hide text. Returns how many bytes it stands for;
 * `shown` is terminated. `left` ≥ 1. */
size_t escape_character(const char *p, size_t left, char shown[16]);

/* A name for a message: escaped, in single quotes, cut with "..." past 96 bytes. Returned by value: use it
 * inside one expression, `quote(name).text`. */
typedef struct Quoted {
    char text[112];
} Quoted;
Quoted quote(Bytes name);

#endif
