/* Lua's patterns with their steps counted: string.find, match, gmatch and gsub of code from elsewhere. What they accept, give and
 * say is what the stock functions do; tests/lua/guard_pattern_spec.lua compares them on random patterns. */
#include <ctype.h>
#include <string.h>

#include "base/bytes.h"
#include "lua/lua_guard.h"

#define ESCAPE         '%'
#define CAPTURES_LIMIT 32
#define DEPTH_LIMIT    200
#define STEPS_AT_ONCE  4096
/* Bytes that memmem passes in the time of a step. */
#define BYTES_PER_STEP 8

/* Lengths of captures that have none. */
enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

typedef struct Capture {
    const char *start;
    ptrdiff_t length;
} Capture;

/* Strings end with a NUL that is not part of them: it may be read. */
typedef struct Matcher {
    lua_State *L;
    const char *subject, *subject_end, *pattern_end;
    uint32_t steps;
    int depth;
    int level; /* captures, finished or not */
    Capture captures[CAPTURES_LIMIT];
} Matcher;

static const char *match(Matcher *m, const char *s, const char *p);

static void count_steps(Matcher *m, size_t steps) {
    m->steps += steps > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)steps;
    if (m->steps < STEPS_AT_ONCE) return;
    steps = m->steps;
    m->steps = 0;
    guard_spend(m->L, steps);
}

static int byte_at(const char *s) {
    return (unsigned char)*s;
}

/* ---- one character ---- */

/* Behind the single-character item at p. */
static const char *item_end(Matcher *m, const char *p) {
    const char first = *p++;
    if (first == ESCAPE) {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    const char *set = p;
    if (*p == '^') p++;
    do {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == ESCAPE && p < m->pattern_end) p++;
    } while (*p != ']');
    count_steps(m, (size_t)(p - set) / BYTES_PER_STEP);
    return p + 1;
}

/* The bit by which small letters differ. */
#define LOWER 0x20

static bool class_has(int c, int name) {
    bool has;
    switch (name | LOWER) {
    case 'a': has = isalpha(c); break;
    case 'c': has = iscntrl(c); break;
    case 'd': has = isdigit(c); break;
    case 'g': has = isgraph(c); break;
    case 'l': has = islower(c); break;
    case 'p': has = ispunct(c); break;
    case 's': has = isspace(c); break;
    case 'u': has = isupper(c); break;
    case 'w': has = isalnum(c); break;
    case 'x': has = isxdigit(c); break;
    case 'z': has = c == 0; break; /* old, and still there */
    default: return name == c;
    }
    return name & LOWER ? has : !has;
}

/* A set from its [ at p to its ] at last. */
static bool set_has(Matcher *m, int c, const char *p, const char *last) {
    bool is_positive = p[1] != '^';
    if (!is_positive) p++;
    count_steps(m, (size_t)(last - p) / 4);
    while (++p < last) {
        if (*p == ESCAPE) {
            p++;
            if (class_has(c, byte_at(p))) return is_positive;
        } else if (p[1] == '-' && p + 2 < last) {
            p += 2;
            if (byte_at(p - 2) <= c && c <= byte_at(p)) return is_positive;
        } else if (byte_at(p) == c) {
            return is_positive;
        }
    }
    return !is_positive;
}

static bool item_matches(Matcher *m, const char *s, const char *p, const char *end) {
    if (s >= m->subject_end) return false;
    count_steps(m, 1);
    switch (*p) {
    case '.': return true;
    case ESCAPE: return class_has(byte_at(s), byte_at(p + 1));
    case '[': return set_has(m, byte_at(s), p, end - 1);
    default: return *p == *s;
    }
}

/* ---- repeated characters ---- */

static const char *match_most(Matcher *m, const char *s, const char *p, const char *end) {
    ptrdiff_t count = 0;
    while (item_matches(m, s + count, p, end)) count++;
    for (; count >= 0; count--) {
        const char *stop = match(m, s + count, end + 1);
        if (stop) return stop;
    }
    return NULL;
}

static const char *match_least(Matcher *m, const char *s, const char *p, const char *end) {
    for (;; s++) {
        const char *stop = match(m, s, end + 1);
        if (stop) return stop;
        if (!item_matches(m, s, p, end)) return NULL;
    }
}

/* ---- captures and other items ---- */

static const char *open_capture(Matcher *m, const char *s, const char *p, ptrdiff_t length) {
    if (m->level >= CAPTURES_LIMIT) luaL_error(m->L, "too many captures");
    m->captures[m->level++] = (Capture){s, length};
    const char *stop = match(m, s, p);
    if (!stop) m->level--;
    return stop;
}

static const char *close_capture(Matcher *m, const char *s, const char *p) {
    int level = m->level - 1;
    while (level >= 0 && m->captures[level].length != CAPTURE_OPEN) level--;
    if (level < 0) luaL_error(m->L, "invalid pattern capture");
    m->captures[level].length = s - m->captures[level].start;
    const char *stop = match(m, s, p);
    if (!stop) m->captures[level].length = CAPTURE_OPEN;
    return stop;
}

/* What an earlier capture has, again; p is at its digit. */
static const char *match_again(Matcher *m, const char *s, const char *p) {
    int level = *p - '1';
    if (level < 0 || level >= m->level || m->captures[level].length == CAPTURE_OPEN)
        luaL_error(m->L, "invalid capture index %%%d", level + 1);
    const Capture *capture = &m->captures[level];
    if (capture->length < 0 || m->subject_end - s < capture->length) return NULL;
    count_steps(m, (size_t)capture->length / BYTES_PER_STEP);
    return memcmp(capture->start, s, (size_t)capture->length) == 0 ? s + capture->length : NULL;
}

/* p is at the two characters of %b. */
static const char *match_balance(Matcher *m, const char *s, const char *p) {
    if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->subject_end || *s != *p) return NULL;
    const char open = p[0], close = p[1];
    for (size_t depth = 1; ++s < m->subject_end;) {
        count_steps(m, 1);
        if (*s == close) {
            if (--depth == 0) return s + 1;
        } else if (*s == open) {
            depth++;
        }
    }
    return NULL;
}

/* Whether a set begins to hold at s; p is at its [. */
static bool is_frontier(Matcher *m, const char *s, const char *p, const char *end) {
    int before = s == m->subject ? 0 : byte_at(s - 1), here = s == m->subject_end ? 0 : byte_at(s);
    return !set_has(m, before, p, end - 1) && set_has(m, here, p, end - 1);
}

/* ---- a pattern ---- */

/* The items that end the match of what stands behind them themselves. False: the one at *p is none of them, or was taken and
 * *s and *p moved on; *result is set when true. */
static bool match_special(Matcher *m, const char **s, const char **p, const char **result, bool *is_taken) {
    const char *item = *p;
    *is_taken = false;
    if (*item == '(') {
        *result = item[1] == ')' ? open_capture(m, *s, item + 2, CAPTURE_POSITION)
                                 : open_capture(m, *s, item + 1, CAPTURE_OPEN);
        return true;
    }
    if (*item == ')') {
        *result = close_capture(m, *s, item + 1);
        return true;
    }
    if (*item == '$' && item + 1 == m->pattern_end) {
        *result = *s == m->subject_end ? *s : NULL;
        return true;
    }
    if (*item != ESCAPE) return false;
    const char *next = *s;
    if (item[1] == 'b') {
        next = match_balance(m, *s, item + 2);
        *p = item + 4;
    } else if (item[1] == 'f') {
        if (item[2] != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
        *p = item_end(m, item + 2);
        if (!is_frontier(m, *s, item + 2, *p)) next = NULL;
    } else if (isdigit(byte_at(item + 1))) {
        next = match_again(m, *s, item + 1);
        *p = item + 2;
    } else {
        return false;
    }
    *is_taken = next != NULL;
    *s = next;
    *result = NULL;
    return next == NULL;
}

/* Where the match of the pattern from p on ends that begins at s, or NULL. */
static const char *match_items(Matcher *m, const char *s, const char *p) {
    while (p != m->pattern_end) {
        const char *result;
        bool is_taken;
        count_steps(m, 1);
        if (match_special(m, &s, &p, &result, &is_taken)) return result;
        if (is_taken) continue;
        const char *end = item_end(m, p);
        if (!item_matches(m, s, p, end)) {
            if (*end != '*' && *end != '?' && *end != '-') return NULL;
            p = end + 1;
            continue;
        }
        if (*end == '*') return match_most(m, s, p, end);
        if (*end == '+') return match_most(m, s + 1, p, end);
        if (*end == '-') return match_least(m, s, p, end);
        if (*end == '?') {
            const char *stop = match(m, s + 1, end + 1);
            if (stop) return stop;
            p = end + 1;
            continue;
        }
        s++;
        p = end;
    }
    return s;
}

static const char *match(Matcher *m, const char *s, const char *p) {
    if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
    const char *stop = match_items(m, s, p);
    m->depth++;
    return stop;
}

/* The captures, half a kilobyte, are written when there are some. */
static void matcher_init(Matcher *m, lua_State *L, Bytes subject, Bytes pattern) {
    m->L = L;
    m->subject = subject.data;
    m->subject_end = subject.data + subject.size;
    m->pattern_end = pattern.data + pattern.size;
    m->steps = 0;
}

static const char *match_at(Matcher *m, const char *s, const char *p) {
    m->level = 0;
    m->depth = DEPTH_LIMIT;
    return match(m, s, p);
}

/* ---- results ---- */

/* The capture of that number, from 0 on; the whole match when there is none. */
static Capture get_capture(const Matcher *m, int number, const char *s, const char *end) {
    if (number >= m->level) {
        if (number != 0) luaL_error(m->L, "invalid capture index %%%d", number + 1);
        return (Capture){s, end - s};
    }
    if (m->captures[number].length == CAPTURE_OPEN) luaL_error(m->L, "unfinished capture");
    return m->captures[number];
}

static void push_capture(const Matcher *m, int number, const char *s, const char *end) {
    Capture capture = get_capture(m, number, s, end);
    if (capture.length == CAPTURE_POSITION) lua_pushinteger(m->L, capture.start - m->subject + 1);
    else lua_pushlstring(m->L, capture.start, (size_t)capture.length);
}

static int push_captures(const Matcher *m, const char *s, const char *end) {
    int count = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) push_capture(m, i, s, end);
    return count;
}

/* The offset an argument names, counted from 1, or from the end when negative; past the end: size + 1. */
static size_t check_start(lua_State *L, int arg, size_t size) {
    lua_Integer at = luaL_optinteger(L, arg, 1);
    if (at > 0) return (lua_Unsigned)at - 1 > size ? size + 1 : (size_t)at - 1;
    if (at == 0 || at < -(lua_Integer)size) return 0;
    return size - (size_t)-at;
}

/* ---- find and match ---- */

static bool is_plain(const char *pattern, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return false;
    return true;
}

static int find_plain(lua_State *L, Bytes subject, Bytes pattern, size_t start) {
    guard_spend(L, (subject.size - start) / BYTES_PER_STEP);
    const char *found = memmem(subject.data + start, subject.size - start, pattern.data, pattern.size);
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - subject.data + 1);
    lua_pushinteger(L, found - subject.data + (lua_Integer)pattern.size);
    return 2;
}

static int find_match(lua_State *L, Bytes subject, Bytes pattern, size_t start, bool is_find) {
    Matcher m;
    matcher_init(&m, L, subject, pattern);
    const char *p = pattern.data, *end = NULL;
    bool is_anchored = *p == '^' && pattern.size;
    if (is_anchored) p++;
    for (const char *s = subject.data + start; s <= m.subject_end && !end; s++) {
        end = match_at(&m, s, p);
        if (end && is_find) {
            guard_spend(L, m.steps);
            lua_pushinteger(L, s - subject.data + 1);
            lua_pushinteger(L, end - subject.data);
            return push_captures(&m, NULL, NULL) + 2;
        }
        if (end) {
            guard_spend(L, m.steps);
            return push_captures(&m, s, end);
        }
        if (is_anchored) break;
    }
    guard_spend(L, m.steps);
    lua_pushnil(L);
    return 1;
}

static int find(lua_State *L, bool is_find) {
    Bytes subject, pattern;
    subject.data = luaL_checklstring(L, 1, &subject.size);
    pattern.data = luaL_checklstring(L, 2, &pattern.size);
    size_t start = check_start(L, 3, subject.size);
    if (start > subject.size) {
        lua_pushnil(L);
        return 1;
    }
    guard_spend(L, pattern.size / BYTES_PER_STEP);
    if (is_find && (lua_toboolean(L, 4) || is_plain(pattern.data, pattern.size)))
        return find_plain(L, subject, pattern, start);
    return find_match(L, subject, pattern, start, is_find);
}

static int string_find(lua_State *L) {
    return find(L, true);
}

static int string_match(lua_State *L) {
    return find(L, false);
}

/* ---- gmatch ---- */

/* upvalues: subject, pattern, offset to go on at, offset where the last match ended or -1 */
static int gmatch_next(lua_State *L) {
    Bytes subject, pattern;
    subject.data = lua_tolstring(L, lua_upvalueindex(1), &subject.size);
    pattern.data = lua_tolstring(L, lua_upvalueindex(2), &pattern.size);
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3)), last = lua_tointeger(L, lua_upvalueindex(4));
    Matcher m;
    matcher_init(&m, L, subject, pattern);
    for (; at <= (lua_Integer)subject.size; at++) {
        const char *s = subject.data + at, *end = match_at(&m, s, pattern.data);
        if (!end || end - subject.data == last) continue;
        guard_spend(L, m.steps);
        lua_pushinteger(L, end - subject.data);
        lua_pushvalue(L, -1);
        lua_replace(L, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&m, s, end);
    }
    guard_spend(L, m.steps);
    return 0;
}

static int string_gmatch(lua_State *L) {
    size_t size;
    luaL_checklstring(L, 1, &size);
    luaL_checkstring(L, 2);
    size_t start = check_start(L, 3, size);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)start);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* ---- gsub ---- */

static void add_template(Matcher *m, luaL_Buffer *buffer, const char *s, const char *end) {
    Bytes template;
    template.data = lua_tolstring(m->L, 3, &template.size);
    const char *stop = template.data + template.size;
    for (const char *t = template.data; t < stop; t++) {
        const char *escape = memchr(t, ESCAPE, (size_t)(stop - t));
        luaL_addlstring(buffer, t, (size_t)((escape ? escape : stop) - t));
        if (!escape) return;
        t = escape + 1;
        if (*t == ESCAPE) {
            luaL_addchar(buffer, ESCAPE);
        } else if (*t == '0') {
            luaL_addlstring(buffer, s, (size_t)(end - s));
        } else if (isdigit(byte_at(t))) {
            push_capture(m, *t - '1', s, end);
            luaL_addvalue(buffer);
        } else {
            luaL_error(m->L, "invalid use of '%c' in replacement string", ESCAPE);
        }
    }
}

/* Adds what takes the place of a match; whether that is something else than the match. */
static bool add_replacement(Matcher *m, luaL_Buffer *buffer, const char *s, const char *end, int type) {
    lua_State *L = m->L;
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, end), 1);
    } else if (type == LUA_TTABLE) {
        push_capture(m, 0, s, end);
        lua_gettable(L, 3);
    } else {
        add_template(m, buffer, s, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(buffer, s, (size_t)(end - s));
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(buffer);
    return true;
}

static int string_gsub(lua_State *L) {
    Bytes subject, pattern;
    subject.data = luaL_checklstring(L, 1, &subject.size);
    pattern.data = luaL_checklstring(L, 2, &pattern.size);
    int type = lua_type(L, 3);
    luaL_argexpected(
        L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION, 3,
        "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)subject.size + 1), count = 0;
    Matcher m;
    matcher_init(&m, L, subject, pattern);
    const char *s = subject.data, *p = pattern.data, *last = NULL;
    bool is_anchored = *p == '^' && pattern.size, is_changed = false;
    if (is_anchored) p++;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while (count < most) {
        const char *end = match_at(&m, s, p);
        if (end && end != last) {
            count++;
            is_changed = add_replacement(&m, &buffer, s, end, type) || is_changed;
            s = last = end;
        } else if (s < m.subject_end) {
            luaL_addchar(&buffer, *s);
            s++;
        } else {
            break;
        }
        if (is_anchored) break;
    }
    guard_spend(L, m.steps);
    luaL_addlstring(&buffer, s, (size_t)(m.subject_end - s));
    luaL_pushresult(&buffer);
    if (!is_changed) lua_pushvalue(L, 1);
    lua_pushinteger(L, count);
    return 2;
}

const luaL_Reg guard_pattern_functions[] = {{"find", string_find},
                                            {"match", string_match},
                                            {"gmatch", string_gmatch},
                                            {"gsub", string_gsub},
                                            {NULL, NULL}};
