#include "draw/png.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>

/* Charts are flat areas: more work on them makes files little smaller, filters make them larger. */
enum { LEVEL = 3, ROOM_FIRST = 65536 };

static void append_bytes(png_structp png, png_bytep data, size_t size) {
    PngBytes *bytes = png_get_io_ptr(png);
    if (size > bytes->room - bytes->size) {
        size_t room = bytes->room ? bytes->room : ROOM_FIRST;
        while (room < bytes->size + size) room *= 2;
        unsigned char *grown = realloc(bytes->data, room);
        if (!grown) png_error(png, "out of memory");
        bytes->data = grown;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void flush_bytes(png_structp png) {
    (void)png;
}

/* libpng's own would print. */
static _Noreturn void leave(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void set_header(png_structp png, png_infop info, const PngImage *image, const char *software) {
    png_set_compression_level(png, LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_IHDR(png, info, image->width, image->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    char key[] = "Software";
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = key, .text = (char *)(uintptr_t)software};
    png_set_text(png, info, &text, 1);
}

/* Pixels are numbers: which of their bytes does not count depends on the machine. */
static void set_layout(png_structp png) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_filler(png, 0, PNG_FILLER_AFTER);
    png_set_bgr(png);
#else
    png_set_filler(png, 0, PNG_FILLER_BEFORE);
#endif
}

/* False when libpng gave up, which leaves by longjmp: nothing is kept in variables here. */
static bool write_file(png_structp png, png_infop info, const PngImage *image, const char *software) {
    if (setjmp(png_jmpbuf(png))) return false;
    set_header(png, info, image, software);
    png_write_info(png, info);
    set_layout(png);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(png, (png_const_bytep)(image->pixels + y * image->stride));
    png_write_end(png, info);
    return true;
}

bool png_encode(const PngImage *image, const char *software, PngBytes *bytes, Error *err) {
    *bytes = (PngBytes){NULL, 0, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, leave, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = false;
    if (info) {
        png_set_write_fn(png, bytes, append_bytes, flush_bytes);
        done = write_file(png, info, image, software);
    }
    png_destroy_write_struct(&png, &info);
    if (done) return true;
    png_bytes_free(bytes);
    return error_memory(err, "a PNG file");
}

void png_bytes_free(PngBytes *bytes) {
    free(bytes->data);
    *bytes = (PngBytes){NULL, 0, 0};
}
