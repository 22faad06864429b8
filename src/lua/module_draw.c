/* The module onnxdoc.draw, a shared object of its own: pictures as PNG, and how wide text is.
 *
 *     draw.open(width, height [, background])  a Picture; nil, message, code where there are no fonts or no memory
 *     draw.measure(text, size [, bold])        width, ascent, descent; nil, message, code without fonts
 *     p:rectangle(x, y, width, height, style)  style = {fill = 0xRRGGBB, opacity =, stroke = 0xRRGGBB, width =,
 *     p:circle(x, y, radius, style)                     dash =, radius =}
 *     p:line({x1, y1, x2, y2, …}, style), p:polygon(points, style)
 *     p:text(x, y, text, size, bold, colour)   y: the baseline
 *     p:png()                                  the bytes of the file; nil, message, code without memory
 *
 * Misuse raises: numbers that are not finite, unknown fields of a style, a Picture that is closed.
 */
#include <lauxlib.h>
#include <lua.h>

#include <math.h>
#include <string.h>

#include "draw/picture.h"

static const char PICTURE_TYPE[] = "onnxdoc.Picture";
static const char LETTERING_TYPE[] = "onnxdoc.Lettering";
static const char FAMILY[] = "DejaVu Sans";
static const char SOFTWARE[] = "onnxdoc " ONNXDOC_VERSION;

#define TEXT_SIZE_MOST 512

/* What the userdata hold; NULL until it is made, and when it is closed. */
typedef struct LuaPicture {
    Picture *picture;
    PngBytes png; /* while it becomes a Lua string */
} LuaPicture;
typedef struct LuaLettering {
    Lettering *lettering;
} LuaLettering;

static int fail(lua_State *L, const Error *err) {
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    lua_pushstring(L, error_code_name(err->code));
    return 3;
}

static double check_number(lua_State *L, int arg) {
    double number = luaL_checknumber(L, arg);
    luaL_argcheck(L, fabs(number) <= PICTURE_FAR, arg, "not finite, or too far away"); /* false for NaN */
    return number;
}

/* ---- text ---- */

static int lettering_gc(lua_State *L) {
    LuaLettering *self = luaL_checkudata(L, 1, LETTERING_TYPE);
    lettering_close(self->lettering);
    self->lettering = NULL;
    return 0;
}

/* The one that all functions share, as their upvalue; NULL when it cannot be opened. */
static Lettering *shared_lettering(lua_State *L, Error *err) {
    LuaLettering *self = lua_touserdata(L, lua_upvalueindex(1));
    if (!self->lettering) self->lettering = lettering_open(FAMILY, err);
    return self->lettering;
}

static LetteringFont check_font(lua_State *L, int arg) {
    LetteringFont font = {luaL_checknumber(L, arg), lua_toboolean(L, arg + 1)};
    luaL_argcheck(L, font.size >= 1 && font.size <= TEXT_SIZE_MOST, arg, "a size is 1 to 512 pixels");
    return font;
}

static int draw_measure(lua_State *L) {
    Bytes text;
    Error err;
    text.data = luaL_checklstring(L, 1, &text.size);
    LetteringFont font = check_font(L, 2);
    Lettering *lettering = shared_lettering(L, &err);
    if (!lettering) return fail(L, &err);
    LetteringBox box = lettering_measure(lettering, text, font);
    lua_pushnumber(L, box.width);
    lua_pushnumber(L, box.ascent);
    lua_pushnumber(L, box.descent);
    return 3;
}

/* ---- pictures ---- */

static int draw_open(lua_State *L) {
    lua_Integer width = luaL_checkinteger(L, 1), height = luaL_checkinteger(L, 2);
    lua_Integer background = luaL_optinteger(L, 3, 0xffffff);
    luaL_argcheck(L, width >= 1 && width <= PICTURE_MOST, 1, "a width is 1 to 8192 pixels");
    luaL_argcheck(L, height >= 1 && height <= PICTURE_MOST, 2, "a height is 1 to 8192 pixels");
    Error err;
    if (!shared_lettering(L, &err)) return fail(L, &err);
    LuaPicture *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (LuaPicture){0};
    luaL_setmetatable(L, PICTURE_TYPE);
    self->picture = picture_open((uint32_t)width, (uint32_t)height, (uint32_t)background, &err);
    return self->picture ? 1 : fail(L, &err);
}

static LuaPicture *check_picture(lua_State *L) {
    LuaPicture *self = luaL_checkudata(L, 1, PICTURE_TYPE);
    if (!self->picture) luaL_error(L, "picture is closed");
    return self;
}

static int picture_gc(lua_State *L) {
    LuaPicture *self = luaL_checkudata(L, 1, PICTURE_TYPE);
    picture_close(self->picture);
    png_bytes_free(&self->png);
    self->picture = NULL;
    return 0;
}

/* Fields that numbers in a style belong to; the corners' radius is no part of a Paint. */
typedef struct Style {
    Paint paint;
    double radius;
} Style;

static void style_set(lua_State *L, Style *style, const char *field, double number) {
    Paint *paint = &style->paint;
    bool is_colour = strcmp(field, "fill") == 0 || strcmp(field, "stroke") == 0;
    if (!(number >= 0 && number <= (is_colour ? 0xffffff : PICTURE_FAR)))
        luaL_error(L, "style: '%s' is not from 0 to %s", field, is_colour ? "0xffffff" : "1000000");
    if (strcmp(field, "fill") == 0) paint->fills = true, paint->fill = (uint32_t)number;
    else if (strcmp(field, "stroke") == 0) paint->strokes = true, paint->stroke = (uint32_t)number;
    else if (strcmp(field, "width") == 0) paint->width = number;
    else if (strcmp(field, "dash") == 0) paint->dash = number;
    else if (strcmp(field, "opacity") == 0) paint->opacity = fmin(number, 1);
    else if (strcmp(field, "radius") == 0) style->radius = number;
    else luaL_error(L, "a style has no field '%s'", field);
}

static Style check_style(lua_State *L, int arg) {
    Style style = {.paint = {.width = 1, .opacity = 1}};
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TNUMBER)
            luaL_argerror(L, arg, "a style has names with numbers");
        style_set(L, &style, lua_tostring(L, -2), lua_tonumber(L, -1));
    }
    return style;
}

static int picture_lua_rectangle(lua_State *L) {
    LuaPicture *self = check_picture(L);
    double x = check_number(L, 2), y = check_number(L, 3);
    double width = check_number(L, 4), height = check_number(L, 5);
    Style style = check_style(L, 6);
    picture_rectangle(self->picture, x, y, width, height, style.radius, &style.paint);
    return 0;
}

static int picture_lua_circle(lua_State *L) {
    LuaPicture *self = check_picture(L);
    double x = check_number(L, 2), y = check_number(L, 3), radius = check_number(L, 4);
    Style style = check_style(L, 5);
    picture_circle(self->picture, x, y, radius, &style.paint);
    return 0;
}

static double check_coordinate(lua_State *L, lua_Integer i) {
    lua_rawgeti(L, 2, i);
    double number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!(fabs(number) <= PICTURE_FAR)) luaL_error(L, "coordinate %d is no number that is near", (int)i);
    lua_pop(L, 1);
    return number;
}

static int draw_path(lua_State *L, bool closed) {
    LuaPicture *self = check_picture(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    Style style = check_style(L, 3);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2) / 2;
    picture_path_begin(self->picture);
    for (lua_Integer i = 0; i < count; i++) {
        double x = check_coordinate(L, 2 * i + 1), y = check_coordinate(L, 2 * i + 2);
        picture_path_point(self->picture, x, y);
    }
    picture_path_end(self->picture, closed, &style.paint);
    return 0;
}

static int picture_lua_line(lua_State *L) {
    return draw_path(L, false);
}

static int picture_lua_polygon(lua_State *L) {
    return draw_path(L, true);
}

static int picture_lua_text(lua_State *L) {
    LuaPicture *self = check_picture(L);
    Bytes text;
    Error err;
    double x = check_number(L, 2), y = check_number(L, 3);
    text.data = luaL_checklstring(L, 4, &text.size);
    LetteringFont font = check_font(L, 5);
    lua_Integer colour = luaL_checkinteger(L, 7);
    Lettering *lettering = shared_lettering(L, &err);
    if (lettering) picture_text(self->picture, lettering, x, y, text, font, (uint32_t)colour);
    return 0; /* without fonts there is no picture either */
}

static int picture_lua_png(lua_State *L) {
    LuaPicture *self = check_picture(L);
    Error err;
    if (!picture_png(self->picture, SOFTWARE, &self->png, &err)) return fail(L, &err);
    lua_pushlstring(L, (const char *)self->png.data, self->png.size);
    png_bytes_free(&self->png);
    return 1;
}

/* ---- the module ---- */

static const luaL_Reg picture_methods[] = {{"rectangle", picture_lua_rectangle},
                                           {"circle", picture_lua_circle},
                                           {"line", picture_lua_line},
                                           {"polygon", picture_lua_polygon},
                                           {"text", picture_lua_text},
                                           {"png", picture_lua_png},
                                           {"close", picture_gc},
                                           {NULL, NULL}};
static const luaL_Reg module_functions[] = {{"open", draw_open}, {"measure", draw_measure}, {NULL, NULL}};

/* A metatable of that name, with what frees. */
static void new_type(lua_State *L, const char *name, lua_CFunction gc) {
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, gc);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__gc");
    lua_setfield(L, -2, "__close");
}

__attribute__((visibility("default"))) int luaopen_onnxdoc_draw(lua_State *L);

int luaopen_onnxdoc_draw(lua_State *L) {
    new_type(L, LETTERING_TYPE, lettering_gc);
    LuaLettering *shared = lua_newuserdatauv(L, sizeof *shared, 0);
    shared->lettering = NULL;
    luaL_setmetatable(L, LETTERING_TYPE);
    int lettering = lua_gettop(L);
    new_type(L, PICTURE_TYPE, picture_gc);
    luaL_newlibtable(L, picture_methods);
    lua_pushvalue(L, lettering);
    luaL_setfuncs(L, picture_methods, 1);
    lua_setfield(L, -2, "__index");
    luaL_newlibtable(L, module_functions);
    lua_pushvalue(L, lettering);
    luaL_setfuncs(L, module_functions, 1);
    lua_pushstring(L, SOFTWARE);
    lua_setfield(L, -2, "software");
    return 1;
}
