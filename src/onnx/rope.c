#include "onnx/rope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dtype.h"
#include "base/element.h"
#include "base/little.h"

#define WRITE_BLOCK ((size_t)1 << 20)
/* Zeros shorter than this are written; longer ones are skipped. */
#define HOLE_SHORTEST ((uint64_t)64 << 10)

void rope_free(Rope *rope) {
    array_free(&rope->pieces);
    array_free(&rope->pool);
    rope->size = 0;
}

static bool push_piece(Rope *rope, Piece piece) {
    piece.start = rope->size;
    uint64_t size;
    if (__builtin_add_overflow(rope->size, piece.length, &size)) return false;
    if (!array_push(&rope->pieces, piece)) return false;
    rope->size = size;
    return true;
}

bool rope_append_bytes(Rope *rope, const void *bytes, size_t size) {
    if (size == 0) return true;
    if (!array_reserve(&rope->pool, size)) return false;
    uint32_t offset = rope->pool.count;
    memcpy(rope->pool.items + offset, bytes, size);
    rope->pool.count += (uint32_t)size;
    Piece *last = rope->pieces.count ? &rope->pieces.items[rope->pieces.count - 1] : NULL;
    if (!last || last->kind != PIECE_LITERAL)
        return push_piece(rope, (Piece){.kind = PIECE_LITERAL, .length = size, .pool_offset = offset});
    last->length += size;
    rope->size += size;
    return true;
}

bool rope_append(Rope *rope, Piece piece) {
    return piece.length == 0 || push_piece(rope, piece);
}

/* ---- random numbers ---- */

/* The i-th output of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static inline uint64_t random_bits(uint64_t seed, uint64_t index) {
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline double random_real(const RandomFill *fill, uint64_t index) {
    return fill->low + fill->width * ((double)(random_bits(fill->seed, index) >> 11) * 0x1p-53);
}

static inline uint64_t random_integer(const RandomFill *fill, uint64_t index) {
    uint64_t bits = random_bits(fill->seed, index);
    if (fill->span == 0) return bits;
    return fill->first + (uint64_t)((unsigned __int128)bits * fill->span >> 64);
}

/* Bytes of one number that is drawn: complex ones are two, and small codes are drawn a byte at a time. */
static size_t number_size(uint32_t dtype) {
    uint32_t bits = dtype_bits(dtype);
    if (dtype == DTYPE_COMPLEX64 || dtype == DTYPE_COMPLEX128) bits /= 2;
    return bits < 8 ? 1 : bits / 8;
}

static uint8_t random_code(const RandomFill *fill, uint64_t index) {
    uint8_t byte = (uint8_t)random_bits(fill->seed, index);
    if (dtype_bits(fill->dtype) < 8) return byte;
    byte &= fill->dtype == DTYPE_FLOAT8E8M0 ? 0x7f : 0xbf;
    return byte == 0x80 ? 0 : byte; /* NaN in two of the types */
}

static void store_number(const RandomFill *fill, uint64_t index, uint8_t *at) {
    switch (fill->dtype) {
    case DTYPE_FLOAT32:
    case DTYPE_COMPLEX64: little_store_32(at, float32_to_bits((float)random_real(fill, index))); break;
    case DTYPE_FLOAT64:
    case DTYPE_COMPLEX128: little_store_64(at, float64_to_bits(random_real(fill, index))); break;
    case DTYPE_FLOAT16: little_store_16(at, float16_encode(random_real(fill, index))); break;
    case DTYPE_BFLOAT16: little_store_16(at, bfloat16_encode(random_real(fill, index))); break;
    case DTYPE_INT64:
    case DTYPE_UINT64: little_store_64(at, random_integer(fill, index)); break;
    case DTYPE_INT32:
    case DTYPE_UINT32: little_store_32(at, (uint32_t)random_integer(fill, index)); break;
    case DTYPE_INT16:
    case DTYPE_UINT16: little_store_16(at, (uint16_t)random_integer(fill, index)); break;
    case DTYPE_INT8:
    case DTYPE_UINT8:
    case DTYPE_BOOL: *at = (uint8_t)random_integer(fill, index); break;
    default: *at = random_code(fill, index);
    }
}

/* float32 in one loop: it is what large models are made of. */
static void store_floats(const RandomFill *fill, uint64_t index, uint8_t *at, size_t count) {
    float low = (float)fill->low, width = (float)fill->width;
    for (size_t i = 0; i < count; i++) {
        float drawn = low + width * ((float)(random_bits(fill->seed, index + i) >> 40) * 0x1p-24f);
        little_store_32(at + 4 * i, float32_to_bits(drawn));
    }
}

static void fill_random(const RandomFill *fill, uint64_t offset, uint8_t *buffer, size_t length) {
    size_t size = number_size(fill->dtype);
    for (size_t done = 0; done < length;) {
        uint64_t index = (offset + done) / size;
        size_t skip = (size_t)((offset + done) % size), whole = (length - done) / size;
        uint8_t number[16];
        if (skip == 0 && whole && fill->dtype == DTYPE_FLOAT32) {
            store_floats(fill, index, buffer + done, whole);
            done += whole * size;
            continue;
        }
        size_t part = size - skip < length - done ? size - skip : length - done;
        if (part == size) store_number(fill, index, buffer + done);
        else if (fill->dtype == DTYPE_FLOAT32) store_floats(fill, index, number, 1);
        else store_number(fill, index, number);
        if (part < size) memcpy(buffer + done, number + skip, part);
        done += part;
    }
}

/* ---- reading ---- */

static void fill_repeat(const Piece *piece, uint64_t offset, uint8_t *buffer, size_t length) {
    uint32_t at = (uint32_t)(offset % piece->pattern_size);
    for (size_t i = 0; i < length; i++) {
        buffer[i] = piece->pattern[at];
        if (++at == piece->pattern_size) at = 0;
    }
}

static void read_piece(const Rope *rope, const Piece *piece, uint64_t offset, uint8_t *buffer,
                       size_t length) {
    switch (piece->kind) {
    case PIECE_LITERAL: memcpy(buffer, rope->pool.items + piece->pool_offset + offset, length); break;
    case PIECE_ZEROS: memset(buffer, 0, length); break;
    case PIECE_REPEAT: fill_repeat(piece, offset, buffer, length); break;
    case PIECE_RANDOM: fill_random(&piece->random, offset, buffer, length); break;
    }
    if (piece->padding && offset + length == piece->length)
        buffer[length - 1] &= (uint8_t)(0xff >> piece->padding);
}

/* The piece that byte `offset` is in. */
static const Piece *find_piece(const Rope *rope, uint64_t offset) {
    uint32_t low = 0, high = rope->pieces.count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (rope->pieces.items[middle].start <= offset) low = middle;
        else high = middle;
    }
    return &rope->pieces.items[low];
}

void rope_read(const Rope *rope, uint64_t offset, void *buffer, size_t length) {
    uint8_t *at = buffer;
    for (const Piece *piece = length ? find_piece(rope, offset) : NULL; length; piece++) {
        uint64_t inside = offset - piece->start, left = piece->length - inside;
        size_t part = left < length ? (size_t)left : length;
        read_piece(rope, piece, inside, at, part);
        at += part;
        offset += part;
        length -= part;
    }
}

typedef struct RopeSource {
    Source source;
    Rope rope;
} RopeSource;

static bool source_read_rope(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    (void)err;
    rope_read(&((RopeSource *)source)->rope, offset, buffer, length);
    return true;
}

static void source_close_rope(Source *source) {
    rope_free(&((RopeSource *)source)->rope);
    free(source);
}

Source *rope_source(Rope *rope, Error *err) {
    RopeSource *self = malloc(sizeof *self);
    if (!self) {
        error_memory(err, "a model that was built");
        rope_free(rope);
        return NULL;
    }
    *self = (RopeSource){{rope->size, source_read_rope, source_close_rope, NULL}, *rope};
    *rope = (Rope){0};
    return &self->source;
}

/* ---- writing ---- */

static bool write_failed(uint64_t offset, int number, Error *err) {
    return error_set(err, ERROR_IO, ERROR_NO_OFFSET, "writing at byte %" PRIu64 " failed: %s", offset,
                     strerror(number));
}

static bool write_all(int fd, uint64_t offset, const uint8_t *bytes, size_t length, Error *err) {
    for (size_t done = 0; done < length;) {
        ssize_t put = write(fd, bytes + done, length - done);
        if (put >= 0) done += (size_t)put;
        else if (errno != EINTR) return write_failed(offset + done, errno, err);
    }
    return true;
}

static bool write_piece(const Rope *rope, const Piece *piece, int fd, uint8_t *block, Error *err) {
    for (uint64_t done = 0; done < piece->length;) {
        size_t part = piece->length - done < WRITE_BLOCK ? (size_t)(piece->length - done) : WRITE_BLOCK;
        read_piece(rope, piece, done, block, part);
        if (!write_all(fd, piece->start + done, block, part, err)) return false;
        done += part;
    }
    return true;
}

static bool skip_piece(const Piece *piece, int fd, Error *err) {
    off_t end = lseek(fd, (off_t)piece->length, SEEK_CUR);
    struct stat st;
    if (end < 0 || fstat(fd, &st) != 0) return write_failed(piece->start, errno, err);
    /* A hole at the end counts only when the file is made that long. */
    if (st.st_size < end && ftruncate(fd, end) != 0) return write_failed(piece->start, errno, err);
    return true;
}

bool rope_write(const Rope *rope, int fd, Error *err) {
    struct stat st;
    bool holes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
    uint8_t *block = malloc(WRITE_BLOCK);
    if (!block) return error_memory(err, "a block to write");
    bool done = true;
    for (uint32_t i = 0; done && i < rope->pieces.count; i++) {
        const Piece *piece = &rope->pieces.items[i];
        if (holes && piece->kind == PIECE_ZEROS && piece->length >= HOLE_SHORTEST)
            done = skip_piece(piece, fd, err);
        else done = write_piece(rope, piece, fd, block, err);
    }
    free(block);
    return done;
}
