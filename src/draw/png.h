/* PNG: an image as the bytes of a file, through libpng. The file holds IHDR, tEXt "Software", IDAT and IEND; the same pixels
 * give the same bytes. cairo's own writer has no texts, and takes three times as long with its settings.
 */
#ifndef ONNXDOC_PNG_H
#define ONNXDOC_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct PngImage {
    const uint32_t *pixels; /* 0x00RRGGBB, rows from the top; the upper byte does not count */
    size_t stride;          /* pixels from one row to the next */
    uint32_t width, height; /* at least 1 */
} PngImage;

/* Owned by whoever asked; png_bytes_free frees it. */
typedef struct PngBytes {
    unsigned char *data;
    size_t size, room;
} PngBytes;

/* `software` is printable ASCII. False and *err when memory runs out. */
bool png_encode(const PngImage *image, const char *software, PngBytes *bytes, Error *err);
void png_bytes_free(PngBytes *bytes);

#endif
