/* Rope: the bytes of a file to be, described rather than held. A model with gigabytes of made-up weights is a few
 * kilobytes of it, can be read like a file (rope_source) and is written piece by piece (rope_write).
 *
 * A rope is a list of pieces, one behind the other:
 *
 * 1. PIECE_LITERAL: bytes that are held, in the rope's own pool
 * 2. PIECE_ZEROS: holes, where the file is one that can have holes
 * 3. PIECE_REPEAT: one element over and over, from its first byte on
 * 4. PIECE_RANDOM: numbers drawn from a seed. The i-th number depends on the seed and i alone, so that any range can
 *    be read, in any order, and the same seed gives the same bytes everywhere.
 *
 * A Rope owns its pieces; zero-initialised is empty.
 */
#ifndef ONNXDOC_ROPE_H
#define ONNXDOC_ROPE_H

#include "base/array.h"
#include "base/error.h"
#include "onnx/source.h"

/* Numbers of one dtype, uniform: floats (real and imaginary parts alike) from low to low + width, integers first,
 * first + 1, ... first + span - 1 (span 0: all 2^64), wrapping in 64 bits. Types below a byte, and the float8 ones,
 * draw codes instead; a float8 has its magnitude kept below 2, which leaves NaN and infinities out. */
typedef struct RandomFill {
    uint32_t dtype; /* any of fixed size */
    uint64_t seed;
    union {
        struct {
            double low, width;
        };
        struct {
            uint64_t first, span;
        };
    };
} RandomFill;

typedef enum PieceKind { PIECE_LITERAL, PIECE_ZEROS, PIECE_REPEAT, PIECE_RANDOM } PieceKind;

typedef struct Piece {
    PieceKind kind;
    uint64_t start; /* in the rope; set by rope_append */
    uint64_t length;
    uint8_t padding; /* high bits of the last byte that are 0: what is behind the last 4- or 2-bit element */
    union {
        uint32_t pool_offset; /* LITERAL */
        struct {
            uint8_t pattern[16]; /* REPEAT */
            uint32_t pattern_size;
        };
        RandomFill random;
    };
} Piece;

typedef struct Rope {
    Array(Piece) pieces;
    Array(char) pool;
    uint64_t size;
} Rope;

void rope_free(Rope *rope);

/* Add to the end; false when memory (or 2^32 literal bytes, or 2^64 bytes in all) is exhausted. */
bool rope_append_bytes(Rope *rope, const void *bytes, size_t size);
bool rope_append(Rope *rope, Piece piece); /* any but a literal */

/* The `length` bytes at `offset`, which must lie in the rope. */
void rope_read(const Rope *rope, uint64_t offset, void *buffer, size_t length);

/* A Source over the rope, which it takes over (and leaves empty), also on failure. */
Source *rope_source(Rope *rope, Error *err);

/* Writes the whole rope to `fd` from its current position. In an empty regular file, zeros become holes. */
bool rope_write(const Rope *rope, int fd, Error *err);

#endif
