/* Ropes: any range reads the same as the whole, random numbers are the same everywhere, files get holes and errors. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../check.h"
#include "../scratch.h"
#include "base/element.h"
#include "onnx/rope.h"

static Piece random_piece(uint32_t dtype, uint64_t seed, double low, double width, uint64_t length) {
    return (Piece){.kind = PIECE_RANDOM,
                   .length = length,
                   .random = {.dtype = dtype, .seed = seed, .low = low, .width = width}};
}

/* One of each kind, with lengths that are no multiple of anything, and literals side by side that become one. */
static Rope mixed_rope(void) {
    Rope rope = {0};
    Piece repeat = {.kind = PIECE_REPEAT, .length = 1001, .pattern = "abc", .pattern_size = 3};
    bool done =
        rope_append_bytes(&rope, "head", 4) && rope_append_bytes(&rope, "er", 2) &&
        rope_append_bytes(&rope, "", 0) && rope_append(&rope, (Piece){.kind = PIECE_ZEROS, .length = 333}) &&
        rope_append(&rope, (Piece){.kind = PIECE_ZEROS, .length = 0}) &&
        rope_append(&rope, random_piece(DTYPE_FLOAT32, 7, -1, 2, 4 * 500 + 3)) &&
        rope_append(&rope, repeat) && rope_append(&rope, random_piece(DTYPE_FLOAT64, 8, 0, 1, 8 * 100)) &&
        rope_append(&rope, random_piece(DTYPE_FLOAT16, 9, 0, 1, 2 * 77 + 1)) &&
        rope_append_bytes(&rope, "tail", 4);
    CHECK(done);
    CHECK(rope.pieces.count == 7 && rope.size == 6 + 333 + 2003 + 1001 + 800 + 155 + 4);
    return rope;
}

static void ranges_read_alike(void) {
    Rope rope = mixed_rope();
    uint8_t *whole = malloc(rope.size), *part = malloc(rope.size);
    if (!whole || !part) exit(2);
    rope_read(&rope, 0, whole, rope.size);
    CHECK(memcmp(whole, "header\0\0", 8) == 0 && memcmp(whole + rope.size - 4, "tail", 4) == 0);
    CHECK(memcmp(whole + 6 + 333 + 2003, "abcabca", 7) == 0);
    unsigned wrong = 0;
    for (uint64_t offset = 0; offset < rope.size; offset += 13)
        for (size_t length = 0; length < rope.size - offset; length += 1 + length / 2) {
            rope_read(&rope, offset, part, length);
            wrong += memcmp(part, whole + offset, length) != 0;
        }
    CHECK(wrong == 0);
    Error err = {0};
    Source *source = rope_source(&rope, &err);
    CHECK(source && rope.size == 0 && rope.pieces.count == 0);
    CHECK(source_read(source, 1000, part, 500, &err) && memcmp(part, whole + 1000, 500) == 0);
    CHECK(!source_read(source, source->size - 1, part, 2, &err) && err.code == ERROR_TRUNCATED);
    source_close(source);
    free(whole);
    free(part);
}

/* The numbers of seed 1 stay what they are: files made with a seed can be made again. */
static void numbers_are_fixed(void) {
    Rope rope = {0};
    uint8_t raw[64 * 8];
    CHECK(rope_append(&rope, random_piece(DTYPE_FLOAT64, 1, 0, 1, 64 * 8)));
    rope_read(&rope, 0, raw, sizeof raw);
    double sum = 0;
    for (uint64_t i = 0; i < 64; i++) {
        double value = element_decode(DTYPE_FLOAT64, raw, i).real;
        CHECK(value >= 0 && value < 1);
        sum += value;
    }
    CHECK(sum > 25 && sum < 39);
    CHECK(little_load_64(raw) == 0x3fe22145bd91204bu);
    rope_free(&rope);
}

static void integers_stay_in_range(void) {
    static const struct {
        uint32_t dtype;
        int64_t first;
        uint64_t span;
    } cases[] = {{DTYPE_INT8, -3, 7},
                 {DTYPE_INT64, -5, 11},
                 {DTYPE_UINT16, 65530, 6},
                 {DTYPE_INT32, INT32_MIN, 2},
                 {DTYPE_BOOL, 0, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Piece piece = {.kind = PIECE_RANDOM,
                       .length = 1000 * dtype_bits(cases[i].dtype) / 8,
                       .random = {.dtype = cases[i].dtype,
                                  .seed = i,
                                  .first = (uint64_t)cases[i].first,
                                  .span = cases[i].span}};
        Rope rope = {0};
        uint8_t raw[8000];
        CHECK(rope_append(&rope, piece));
        rope_read(&rope, 0, raw, rope.size);
        int64_t lowest = INT64_MAX, highest = INT64_MIN;
        for (uint64_t j = 0; j < 1000; j++) {
            int64_t value = element_decode(cases[i].dtype, raw, j).integer;
            if (value < lowest) lowest = value;
            if (value > highest) highest = value;
        }
        CHECK(lowest == cases[i].first && highest == cases[i].first + (int64_t)cases[i].span - 1);
        rope_free(&rope);
    }
}

static void codes_are_numbers(void) {
    static const uint32_t dtypes[] = {DTYPE_FLOAT8E4M3FN, DTYPE_FLOAT8E4M3FNUZ, DTYPE_FLOAT8E5M2,
                                      DTYPE_FLOAT8E5M2FNUZ, DTYPE_FLOAT8E8M0};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        Rope rope = {0};
        uint8_t raw[4096];
        unsigned wrong = 0;
        CHECK(rope_append(&rope, random_piece(dtypes[i], 3, 0, 0, sizeof raw)));
        rope_read(&rope, 0, raw, sizeof raw);
        for (uint64_t j = 0; j < sizeof raw; j++) {
            double value = element_decode(dtypes[i], raw, j).real;
            wrong += !(value > -2.01 && value < 2.01);
        }
        CHECK(wrong == 0);
        rope_free(&rope);
    }
    Piece padded = random_piece(DTYPE_INT4, 3, 0, 0, 3);
    padded.padding = 4;
    Rope rope = {0};
    uint8_t raw[3];
    CHECK(rope_append(&rope, padded));
    rope_read(&rope, 0, raw, 3);
    CHECK((raw[2] & 0xf0) == 0 && (raw[0] & 0xf0) != 0);
    rope_read(&rope, 2, raw, 1);
    CHECK((raw[0] & 0xf0) == 0);
    rope_free(&rope);
}

static void files_hold_what_ropes_say(void) {
    Rope rope = mixed_rope();
    CHECK(rope_append(&rope, (Piece){.kind = PIECE_ZEROS, .length = 10 << 20}));
    Error err = {0};
    int fd = open("rope", O_RDWR | O_CREAT, 0600);
    CHECK(rope_write(&rope, fd, &err));
    struct stat st;
    CHECK(fstat(fd, &st) == 0 && (uint64_t)st.st_size == rope.size && st.st_blocks < 1000);
    char *read_back = malloc(rope.size), *wanted = malloc(rope.size);
    if (!read_back || !wanted) exit(2);
    CHECK(pread(fd, read_back, rope.size, 0) == (ssize_t)rope.size);
    rope_read(&rope, 0, wanted, rope.size);
    CHECK(memcmp(read_back, wanted, rope.size) == 0);
    close(fd);
    fd = open("/dev/full", O_WRONLY);
    if (fd >= 0) {
        CHECK(!rope_write(&rope, fd, &err) && err.code == ERROR_IO);
        close(fd);
    }
    rope_free(&rope);
    free(read_back);
    free(wanted);
}

static void sizes_do_not_overflow(void) {
    Rope rope = {0};
    CHECK(rope_append(&rope, (Piece){.kind = PIECE_ZEROS, .length = UINT64_MAX - 10}));
    CHECK(!rope_append(&rope, (Piece){.kind = PIECE_ZEROS, .length = 11}));
    CHECK(rope.size == UINT64_MAX - 10 && rope.pieces.count == 1);
    rope_free(&rope);
}

int main(void) {
    char place[4096];
    if (!scratch_enter("rope_test", place, sizeof place)) return 1;
    ranges_read_alike();
    numbers_are_fixed();
    integers_stay_in_range();
    codes_are_numbers();
    files_hold_what_ropes_say();
    sizes_do_not_overflow();
    scratch_leave(place);
    return check_report();
}
