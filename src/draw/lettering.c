#include "draw/lettering.h"

#include <stdlib.h>

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

struct Lettering {
    PangoContext *context;
    PangoLayout *layout;
    PangoFontDescription *description;
};

static bool has_fonts(void) {
    FcConfig *config = FcConfigGetCurrent();
    const FcFontSet *fonts = config ? FcConfigGetFonts(config, FcSetSystem) : NULL;
    return fonts && fonts->nfont > 0;
}

static PangoContext *create_context(void) {
    PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 96);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_language(context, pango_language_from_string("en"));
    return context;
}

Lettering *lettering_open(const char *family, Error *err) {
    if (!has_fonts()) {
        error_set(err, ERROR_MISSING, ERROR_NO_OFFSET,
                  "no fonts are installed, so no text can be drawn (Debian has some in fonts-dejavu-core)");
        return NULL;
    }
    Lettering *self = malloc(sizeof *self);
    if (!self) {
        error_memory(err, "the fonts");
        return NULL;
    }
    self->context = create_context();
    self->layout = pango_layout_new(self->context);
    self->description = pango_font_description_new();
    pango_font_description_set_family(self->description, family);
    pango_layout_set_single_paragraph_mode(self->layout, TRUE);
    pango_layout_set_auto_dir(self->layout, FALSE);
    return self;
}

void lettering_close(Lettering *self) {
    if (!self) return;
    pango_font_description_free(self->description);
    g_object_unref(self->layout);
    g_object_unref(self->context);
    free(self);
}

/* What is cut in the middle of a character is no UTF-8 there, so the rest of it is left out. */
static size_t cut_length(Bytes text) {
    if (text.size <= LETTERING_MOST) return text.size;
    size_t size = LETTERING_MOST;
    for (int back = 0; back < 3 && ((unsigned char)text.data[size] & 0xc0) == 0x80; back++) size--;
    return size;
}

static LetteringBox set_text(Lettering *self, Bytes text, LetteringFont font) {
    pango_font_description_set_absolute_size(self->description, font.size * PANGO_SCALE);
    pango_font_description_set_weight(self->description, font.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(self->layout, self->description);
    char *valid = g_utf8_make_valid(text.data, (gssize)cut_length(text));
    pango_layout_set_text(self->layout, valid, -1);
    g_free(valid);
    int width, height, ascent = pango_layout_get_baseline(self->layout);
    pango_layout_get_size(self->layout, &width, &height);
    return (LetteringBox){(double)width / PANGO_SCALE, (double)ascent / PANGO_SCALE,
                          (double)(height - ascent) / PANGO_SCALE};
}

LetteringBox lettering_measure(Lettering *self, Bytes text, LetteringFont font) {
    return set_text(self, text, font);
}

void lettering_draw(Lettering *self, cairo_t *cairo, double x, double y, Bytes text, LetteringFont font) {
    LetteringBox box = set_text(self, text, font);
    cairo_save(cairo);
    cairo_rectangle(cairo, x - 1, y - box.ascent - 1, box.width + 2, box.ascent + box.descent + 2);
    cairo_clip(cairo);
    cairo_move_to(cairo, x, y - box.ascent);
    pango_cairo_show_layout(cairo, self->layout);
    cairo_restore(cairo);
}
