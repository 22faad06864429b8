#include "draw/png.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { PALETTE = 256, SLOTS = 4 * PNG_COLOURS, LEVEL = 3, CHUNK_FRAME = 12, SOFTWARE_MOST = 200 };
enum { TYPE_RGB = 2, TYPE_PALETTE = 3 };

/* ---- colours ---- */

typedef struct Colour {
    uint32_t rgb, pixels;
    uint32_t index; /* in the palette */
} Colour;

/* The colours of an image: a hash table of their places in `list`, + 1. */
typedef struct Colours {
    uint32_t count;
    uint16_t slots[SLOTS];
    Colour list[PNG_COLOURS];
} Colours;

static uint16_t *colours_slot(Colours *colours, uint32_t rgb) {
    uint32_t slot = rgb * 2654435761u % SLOTS;
    while (colours->slots[slot] && colours->list[colours->slots[slot] - 1].rgb != rgb)
        slot = (slot + 1) % SLOTS;
    return &colours->slots[slot];
}

static const uint32_t *image_row(const PngImage *image, uint32_t y) {
    return image->pixels + y * image->stride;
}

/* Most rows of a chart are like the one above. */
static bool image_row_repeats(const PngImage *image, uint32_t y) {
    return y > 0 &&
           memcmp(image_row(image, y), image_row(image, y - 1), image->width * sizeof(uint32_t)) == 0;
}

/* How many of `left` pixels are the same from the first on. */
static uint32_t run_length(const uint32_t *pixels, uint32_t left) {
    uint32_t length = 1;
    while (length < left && pixels[length] == pixels[0]) length++;
    return length;
}

/* False when there are more than PNG_COLOURS. Rows that repeat the one above count once. */
static bool colours_count(Colours *colours, const PngImage *image) {
    for (uint32_t y = 0; y < image->height; y++) {
        if (image_row_repeats(image, y)) continue;
        const uint32_t *row = image_row(image, y);
        for (uint32_t x = 0, run; x < image->width; x += run) {
            uint32_t rgb = row[x] & 0xffffff;
            uint16_t *slot = colours_slot(colours, rgb);
            run = run_length(row + x, image->width - x);
            if (!*slot) {
                if (colours->count == PNG_COLOURS) return false;
                colours->list[colours->count++] = (Colour){.rgb = rgb};
                *slot = (uint16_t)colours->count;
            }
            colours->list[*slot - 1].pixels += run;
        }
    }
    return true;
}

static int compare_colours(const void *a, const void *b) {
    const Colour *x = a, *y = b;
    if (x->pixels != y->pixels) return x->pixels > y->pixels ? -1 : 1;
    return x->rgb < y->rgb ? -1 : x->rgb > y->rgb;
}

static uint32_t distance(uint32_t a, uint32_t b) {
    int red = (int)(a >> 16) - (int)(b >> 16);
    int green = (int)(a >> 8 & 0xff) - (int)(b >> 8 & 0xff);
    int blue = (int)(a & 0xff) - (int)(b & 0xff);
    return (uint32_t)(red * red + green * green + blue * blue);
}

static uint32_t nearest(const Colours *colours, uint32_t rgb) {
    uint32_t best = 0, least = UINT32_MAX;
    for (uint32_t i = 0; i < PALETTE; i++) {
        uint32_t far = distance(colours->list[i].rgb, rgb);
        if (far < least) best = i, least = far;
    }
    return best;
}

/* The list starts with the palette, and the table finds colours where they are now. */
static void colours_arrange(Colours *colours) {
    qsort(colours->list, colours->count, sizeof *colours->list, compare_colours);
    memset(colours->slots, 0, sizeof colours->slots);
    for (uint32_t i = 0; i < colours->count; i++) {
        *colours_slot(colours, colours->list[i].rgb) = (uint16_t)(i + 1);
        colours->list[i].index = i < PALETTE ? i : nearest(colours, colours->list[i].rgb);
    }
}

/* ---- rows, each behind the number of its filter: 0, none ---- */

static void rows_palette(unsigned char *row, const PngImage *image, Colours *colours) {
    size_t size = (size_t)image->width + 1;
    for (uint32_t y = 0; y < image->height; y++, row += size) {
        if (image_row_repeats(image, y)) {
            memcpy(row, row - size, size);
            continue;
        }
        const uint32_t *pixels = image_row(image, y);
        row[0] = 0;
        for (uint32_t x = 0, run; x < image->width; x += run) {
            run = run_length(pixels + x, image->width - x);
            memset(row + 1 + x, (int)colours->list[*colours_slot(colours, pixels[x] & 0xffffff) - 1].index,
                   run);
        }
    }
}

static void rows_rgb(unsigned char *row, const PngImage *image) {
    for (uint32_t y = 0; y < image->height; y++) {
        *row++ = 0;
        for (uint32_t x = 0; x < image->width; x++) {
            uint32_t rgb = image_row(image, y)[x];
            *row++ = (unsigned char)(rgb >> 16);
            *row++ = (unsigned char)(rgb >> 8);
            *row++ = (unsigned char)rgb;
        }
    }
}

/* ---- chunks ---- */

static unsigned char *put_number(unsigned char *at, uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = (unsigned char)(number >> shift);
    return at;
}

/* A chunk whose data stand already where they belong, 8 bytes behind `at`; gives where the next one starts. */
static unsigned char *close_chunk(unsigned char *at, const char type[4], size_t size) {
    put_number(at, (uint32_t)size);
    memcpy(at + 4, type, 4);
    uLong checksum = crc32(crc32(0, NULL, 0), at + 4, (uInt)(size + 4));
    return put_number(at + 8 + size, (uint32_t)checksum);
}

static unsigned char *put_header(unsigned char *at, const PngImage *image, int type) {
    unsigned char *data = put_number(put_number(at + 8, image->width), image->height);
    memcpy(data, (unsigned char[]){8, (unsigned char)type, 0, 0, 0},
           5); /* bits; type; zlib; filters; in one pass */
    return close_chunk(at, "IHDR", 13);
}

static unsigned char *put_software(unsigned char *at, const char *software) {
    static const char key[] = "Software"; /* its NUL is the separator */
    size_t size = strnlen(software, SOFTWARE_MOST);
    memcpy(at + 8, key, sizeof key);
    memcpy(at + 8 + sizeof key, software, size);
    return close_chunk(at, "tEXt", sizeof key + size);
}

static unsigned char *put_palette(unsigned char *at, const Colours *colours) {
    uint32_t count = colours->count < PALETTE ? colours->count : PALETTE;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < 3; k++)
            at[8 + 3 * i + k] = (unsigned char)(colours->list[i].rgb >> (16 - 8 * k));
    }
    return close_chunk(at, "PLTE", 3 * count);
}

static bool deflate_rows(unsigned char *rows, size_t size, unsigned char *to, size_t *room) {
    z_stream stream = {0};
    if (deflateInit(&stream, LEVEL) != Z_OK) return false;
    stream.next_in = rows;
    stream.avail_in = (uInt)size;
    stream.next_out = to;
    stream.avail_out = (uInt)*room;
    bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *room = stream.total_out;
    deflateEnd(&stream);
    return done;
}

/* ---- the file ---- */

/* Everything but the pixels takes less than this. */
enum { AROUND_PIXELS = 2048 };

bool png_encode(const PngImage *image, const char *software, PngBytes *bytes, Error *err) {
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    Colours *colours = calloc(1, sizeof *colours);
    bool has_palette = colours && colours_count(colours, image);
    size_t size = ((size_t)image->width * (has_palette ? 1 : 3) + 1) * image->height;
    size_t room = size < UINT32_MAX / 2 ? compressBound((uLong)size) : 0;
    unsigned char *rows = room ? malloc(size) : NULL;
    *bytes = (PngBytes){room ? malloc(room + AROUND_PIXELS) : NULL, 0};
    bool done = colours && rows && bytes->data;
    if (done) {
        if (has_palette) colours_arrange(colours);
        memcpy(bytes->data, signature, sizeof signature);
        unsigned char *at =
            put_header(bytes->data + sizeof signature, image, has_palette ? TYPE_PALETTE : TYPE_RGB);
        at = put_software(at, software);
        if (has_palette) {
            at = put_palette(at, colours);
            rows_palette(rows, image, colours);
        } else {
            rows_rgb(rows, image);
        }
        done = deflate_rows(rows, size, at + 8, &room);
        at = close_chunk(close_chunk(at, "IDAT", room), "IEND", 0);
        bytes->size = (size_t)(at - bytes->data);
    }
    free(colours);
    free(rows);
    if (done) return true;
    png_free(bytes);
    return error_memory(err, "a PNG file");
}

void png_free(PngBytes *bytes) {
    free(bytes->data);
    *bytes = (PngBytes){NULL, 0};
}
