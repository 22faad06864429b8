/* Picture: an image to draw on, in pixels from the upper left corner, and the PNG file that it becomes.
 *
 * Colours are 0xRRGGBB. A shape is filled, stroked, or both, as its Paint says; a line of width 1 is sharp where it
 * runs through the middle of pixels (at x.5). What lies outside is not drawn. Coordinates must be finite and within
 * ±PICTURE_FAR, since cairo counts in 24 bits.
 *
 * A Picture owns its pixels; picture_close frees them. Drawing never fails: where memory runs out, picture_png says so.
 */
#ifndef ONNXDOC_PICTURE_H
#define ONNXDOC_PICTURE_H

#include "draw/lettering.h"
#include "draw/png.h"

#define PICTURE_MOST 8192 /* pixels a side */
#define PICTURE_FAR  1e6

typedef struct Picture Picture;

typedef struct Paint {
    bool fills, strokes;
    uint32_t fill, stroke;
    double width;   /* of the stroke */
    double dash;    /* length of its dashes and gaps; 0: none */
    double opacity; /* of the filling: 0 to 1 */
} Paint;

Picture *picture_open(uint32_t width, uint32_t height, uint32_t background, Error *err);
void picture_close(Picture *picture);

/* `radius` rounds the corners; no more than half of the shorter side. */
void picture_rectangle(Picture *picture, double x, double y, double width, double height, double radius,
                       const Paint *paint);
void picture_circle(Picture *picture, double x, double y, double radius, const Paint *paint);

/* A line or a polygon, point by point: begin, points, end. */
void picture_path_begin(Picture *picture);
void picture_path_point(Picture *picture, double x, double y);
void picture_path_end(Picture *picture, bool closed, const Paint *paint);

void picture_text(Picture *picture, Lettering *lettering, double x, double y, Bytes text, LetteringFont font,
                  uint32_t colour);

bool picture_png(Picture *picture, const char *software, PngBytes *bytes, Error *err);

#endif
