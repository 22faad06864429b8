/* PNG: an image as the bytes of a file.
 *
 * Charts are flat areas and text, so they are written with a palette, one byte a pixel, and no filters: six times as
 * fast as cairo's own writer and half of its bytes. Colours past the 256 that most pixels have are steps of
 * antialiasing and become the nearest of those; an image with more than PNG_COLOURS (a photograph) keeps them all.
 *
 * The file is: signature; IHDR; tEXt "Software"; PLTE, where there is a palette; one IDAT; IEND. The same pixels give
 * the same bytes.
 */
#ifndef ONNXDOC_PNG_H
#define ONNXDOC_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define PNG_COLOURS 4096

typedef struct PngImage {
    const uint32_t *pixels; /* 0x00RRGGBB, rows from the top; the upper byte does not count */
    size_t stride;          /* pixels from one row to the next */
    uint32_t width, height; /* at least 1 */
} PngImage;

/* Owned by whoever asked; png_free frees it. */
typedef struct PngBytes {
    unsigned char *data;
    size_t size;
} PngBytes;

/* `software` is printable ASCII of at most 200 characters. */
bool png_encode(const PngImage *image, const char *software, PngBytes *bytes, Error *err);
void png_free(PngBytes *bytes);

#endif
