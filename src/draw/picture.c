#include "draw/picture.h"

#include <math.h>
#include <stdlib.h>

#include <cairo.h>

struct Picture {
    cairo_surface_t *surface;
    cairo_t *cairo;
};

static void set_colour(cairo_t *cairo, uint32_t rgb, double opacity) {
    cairo_set_source_rgba(cairo, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0,
                          opacity);
}

Picture *picture_open(uint32_t width, uint32_t height, uint32_t background, Error *err) {
    if (width < 1 || height < 1 || width > PICTURE_MOST || height > PICTURE_MOST) {
        error_set(err, ERROR_LIMIT, ERROR_NO_OFFSET,
                  "a picture of %u x %u pixels: 1 to %d are possible a side", width, height, PICTURE_MOST);
        return NULL;
    }
    Picture *self = malloc(sizeof *self);
    if (!self) {
        error_memory(err, "a picture");
        return NULL;
    }
    self->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    self->cairo = cairo_create(self->surface);
    if (cairo_status(self->cairo) != CAIRO_STATUS_SUCCESS) {
        picture_close(self);
        error_memory(err, "a picture");
        return NULL;
    }
    set_colour(self->cairo, background, 1);
    cairo_paint(self->cairo);
    cairo_set_line_join(self->cairo, CAIRO_LINE_JOIN_ROUND);
    return self;
}

void picture_close(Picture *self) {
    if (!self) return;
    cairo_destroy(self->cairo);
    cairo_surface_destroy(self->surface);
    free(self);
}

static void paint_path(cairo_t *cairo, const Paint *paint) {
    if (paint->fills) {
        set_colour(cairo, paint->fill, paint->opacity);
        cairo_fill_preserve(cairo);
    }
    if (paint->strokes) {
        set_colour(cairo, paint->stroke, 1);
        cairo_set_line_width(cairo, paint->width);
        cairo_set_dash(cairo, &paint->dash, paint->dash > 0, 0);
        cairo_stroke_preserve(cairo);
    }
    cairo_new_path(cairo);
}

static void path_corner(cairo_t *cairo, double x, double y, double radius, int quarter) {
    cairo_arc(cairo, x, y, radius, quarter * M_PI / 2, (quarter + 1) * M_PI / 2);
}

void picture_rectangle(Picture *self, double x, double y, double width, double height, double radius,
                       const Paint *paint) {
    cairo_t *cairo = self->cairo;
    radius = fmin(radius, fmin(width, height) / 2);
    cairo_new_path(cairo);
    if (radius > 0) {
        path_corner(cairo, x + width - radius, y + height - radius, radius, 0);
        path_corner(cairo, x + radius, y + height - radius, radius, 1);
        path_corner(cairo, x + radius, y + radius, radius, 2);
        path_corner(cairo, x + width - radius, y + radius, radius, 3);
        cairo_close_path(cairo);
    } else {
        cairo_rectangle(cairo, x, y, width, height);
    }
    paint_path(cairo, paint);
}

void picture_circle(Picture *self, double x, double y, double radius, const Paint *paint) {
    cairo_new_path(self->cairo);
    cairo_arc(self->cairo, x, y, radius, 0, 2 * M_PI);
    paint_path(self->cairo, paint);
}

void picture_path_begin(Picture *self) {
    cairo_new_path(self->cairo);
}

void picture_path_point(Picture *self, double x, double y) {
    cairo_line_to(self->cairo, x, y);
}

void picture_path_end(Picture *self, bool closed, const Paint *paint) {
    if (closed) cairo_close_path(self->cairo);
    paint_path(self->cairo, paint);
}

void picture_text(Picture *self, Lettering *lettering, double x, double y, Bytes text, LetteringFont font,
                  uint32_t colour) {
    set_colour(self->cairo, colour, 1);
    lettering_draw(lettering, self->cairo, x, y, text, font);
}

bool picture_png(Picture *self, const char *software, PngBytes *bytes, Error *err) {
    *bytes = (PngBytes){NULL, 0, 0};
    if (cairo_status(self->cairo) != CAIRO_STATUS_SUCCESS)
        return error_set(err, ERROR_MEMORY, ERROR_NO_OFFSET, "the picture could not be drawn: %s",
                         cairo_status_to_string(cairo_status(self->cairo)));
    cairo_surface_flush(self->surface);
    PngImage image = {
        .pixels = (const uint32_t *)(const void *)cairo_image_surface_get_data(self->surface),
        .stride = (size_t)cairo_image_surface_get_stride(self->surface) / sizeof(uint32_t),
        .width = (uint32_t)cairo_image_surface_get_width(self->surface),
        .height = (uint32_t)cairo_image_surface_get_height(self->surface),
    };
    return png_encode(&image, software, bytes, err);
}
