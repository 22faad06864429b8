#include "base/bytes.h"

#include <stdint.h>
#include <stdio.h>

size_t bytes_plain_length(Bytes text, const char *special) {
    size_t length = 0;
    for (; length < text.size; length++) {
        char c = text.data[length];
        if (c < 0x20 || c > 0x7e) break;
        for (const char *s = special; *s; s++)
            if (c == *s) return length;
    }
    return length;
}

/* Length of the UTF-8 sequence at `p`, its code point in *code; 0 when the bytes are not valid UTF-8
 * (overlong forms, surrogates and code points past U+10FFFF are not). */
static size_t utf8_decode(const unsigned char *p, size_t left, uint32_t *code) {
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || size > left) return 0;
    uint32_t value = p[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    *code = value;
    return size;
}

/* Characters that are invisible or change how their neighbours are shown. */
static bool is_deceptive(uint32_t code) {
    return (code >= 0x80 && code < 0xa0) || code == 0xad || code == 0x61c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f);
}

size_t escape_character(const char *text, size_t left, char shown[16]) {
    const unsigned char *p = (const unsigned char *)text;
    uint32_t code;
    if (p[0] >= 0x20 && p[0] < 0x7f && p[0] != '\\') { /* nearly all of nearly all names */
        shown[0] = *text;
        shown[1] = '\0';
        return 1;
    }
    size_t size = utf8_decode(p, left, &code);
    if (size == 0) {
        snprintf(shown, 16, "\\x%02x", p[0]);
        return 1;
    }
    if (code == '\n' || code == '\t' || code == '\r')
        snprintf(shown, 16, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
    else if (code == '\\') snprintf(shown, 16, "\\\\");
    else if (code < 0x20 || code == 0x7f) snprintf(shown, 16, "\\x%02x", (unsigned)code);
    else if (is_deceptive(code)) snprintf(shown, 16, "\\u{%x}", (unsigned)code);
    else snprintf(shown, 16, "%.*s", (int)size, text);
    return size;
}

Quoted quote(Bytes name) {
    Quoted quoted;
    char *out = quoted.text, *limit = quoted.text + sizeof quoted.text - sizeof "...'";
    *out++ = '\'';
    for (size_t i = 0; i < name.size;) {
        char shown[16];
        size_t used = escape_character(name.data + i, name.size - i, shown);
        if (shown[0] == '\'') memcpy(shown, "\\'", 3);
        size_t size = strlen(shown);
        if (size > (size_t)(limit - out)) {
            memcpy(out, "...", 3);
            out += 3;
            break;
        }
        memcpy(out, shown, size);
        out += size;
        i += used;
    }
    memcpy(out, "'", 2);
    return quoted;
}
