/* Lettering: text as Pango sets it, one line at a time.
 *
 * Nothing of the environment has a say in the result but the fonts: no hinting, grey antialiasing, left to right
 * unless the characters themselves go the other way, sizes in pixels. Text is text, never markup. It may be any bytes:
 * what is not UTF-8 becomes U+FFFD, and past LETTERING_MOST bytes it is cut.
 *
 * A Lettering owns its Pango objects; lettering_close frees them.
 */
#ifndef ONNXDOC_LETTERING_H
#define ONNXDOC_LETTERING_H

#include <cairo.h>

#include "base/bytes.h"
#include "base/error.h"

#define LETTERING_MOST ((size_t)4096)

typedef struct Lettering Lettering;

typedef struct LetteringFont {
    double size; /* pixels from line to line, roughly */
    bool bold;
} LetteringFont;

/* In pixels; ascent and descent from the baseline, both positive. */
typedef struct LetteringBox {
    double width, ascent, descent;
} LetteringBox;

/* NULL with ERROR_MISSING where no fonts are installed. Opened on first use: the fonts of a system are looked up. */
Lettering *lettering_open(const char *family, Error *err);
void lettering_close(Lettering *lettering);

LetteringBox lettering_measure(Lettering *lettering, Bytes text, LetteringFont font);

/* Draws with the colour that `cairo` has, from x on along the baseline y; nothing outside of the box as measured. */
void lettering_draw(Lettering *lettering, cairo_t *cairo, double x, double y, Bytes text, LetteringFont font);

#endif
