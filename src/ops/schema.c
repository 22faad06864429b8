#include "ops/schema.h"

#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
        ".hidden schema_text\n"
        ".hidden schema_text_end\n"
        "schema_text: .incbin \"src/ops/schema.txt\"\n"
        "schema_text_end: .byte 0\n"
        ".popsection\n");
extern const char schema_text[] __attribute__((visibility("hidden")));
extern const char schema_text_end[] __attribute__((visibility("hidden")));

static uint32_t *line_starts; /* offsets into schema_text; one more than lines */
static uint32_t line_count;

/* Kept for the life of the program. False when memory runs out: then no schema is found. */
static bool index_lines(void) {
    if (line_starts) return true;
    uint32_t count = 0;
    for (const char *p = schema_text; p < schema_text_end; p++) count += *p == '\n';
    uint32_t *starts = malloc((count + 1) * sizeof *starts);
    if (!starts) return false;
    uint32_t line = 0;
    starts[line++] = 0;
    for (const char *p = schema_text; p < schema_text_end; p++)
        if (*p == '\n') starts[line++] = (uint32_t)(p + 1 - schema_text);
    line_starts = starts;
    line_count = count;
    return true;
}

/* Takes the text up to `separator` (or all) off the front of *rest. */
static Bytes take(Bytes *rest, char separator) {
    const char *found = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    size_t size = found ? (size_t)(found - rest->data) : rest->size;
    Bytes taken = {rest->data, size};
    rest->data += found ? size + 1 : size;
    rest->size -= found ? size + 1 : size;
    return taken;
}

static int64_t take_number(Bytes *text) {
    int64_t number = 0;
    while (text->size && *text->data >= '0' && *text->data <= '9') {
        number = number * 10 + (*text->data - '0');
        text->data++;
        text->size--;
    }
    return number;
}

static Schema parse_line(uint32_t line) {
    Bytes rest = {schema_text + line_starts[line], line_starts[line + 1] - line_starts[line] - 1};
    Schema schema = {.domain = take(&rest, '\t'), .name = take(&rest, '\t')};
    Bytes since = take(&rest, '\t');
    schema.since = take_number(&since);
    schema.is_deprecated = since.size > 0;
    schema.inputs = take(&rest, '\t');
    schema.outputs = take(&rest, '\t');
    schema.attributes = rest;
    return schema;
}

static int compare_bytes(Bytes a, Bytes b) {
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool schema_find(Bytes domain, Bytes name, int64_t opset, Schema *schema) {
    if (!index_lines()) return false;
    if (domain.size == 0) domain = BYTES_LITERAL("ai.onnx");
    uint32_t low = 0, high = line_count; /* the first line that is past (domain, name, opset) */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        Schema at = parse_line(middle);
        int order = compare_bytes(at.domain, domain);
        if (order == 0) order = compare_bytes(at.name, name);
        if (order == 0) order = opset != 0 && at.since > opset ? 1 : -1;
        if (order > 0) high = middle;
        else low = middle + 1;
    }
    if (low == 0) return false;
    *schema = parse_line(low - 1);
    bool found = bytes_equal(schema->domain, domain) && bytes_equal(schema->name, name);
    if (bytes_equal(schema->domain, BYTES_LITERAL("ai.onnx"))) schema->domain.size = 0;
    return found;
}

uint32_t schema_count(void) {
    return index_lines() ? line_count : 0;
}

bool schema_next_formal(Bytes *field, Formal *formal) {
    if (field->size == 0) return false;
    Bytes word = take(field, ' ');
    char mark = word.data[word.size - 1];
    formal->option = mark == '?' ? FORMAL_OPTIONAL : mark == '+' || mark == '*' ? FORMAL_VARIADIC : FORMAL_SINGLE;
    if (formal->option != FORMAL_SINGLE) word.size--;
    formal->name = word;
    return true;
}

/* A default may hold spaces inside quotes, so words are not cut at the next space alone. */
static Bytes take_attribute(Bytes *field) {
    bool quoted = false;
    size_t size = 0;
    for (; size < field->size && (quoted || field->data[size] != ' '); size++)
        if (field->data[size] == '"') quoted = !quoted;
    Bytes word = {field->data, size};
    size_t used = size < field->size ? size + 1 : size;
    field->data += used;
    field->size -= used;
    return word;
}

bool schema_next_attribute(Bytes *field, SchemaAttribute *attribute) {
    if (field->size == 0) return false;
    Bytes rest = take_attribute(field);
    attribute->name = take(&rest, ':');
    const char *equals = memchr(rest.data, '=', rest.size);
    attribute->has_default = equals != NULL;
    attribute->type = equals ? take(&rest, '=') : rest;
    attribute->default_text = equals ? rest : (Bytes){0};
    attribute->is_required = attribute->type.size && attribute->type.data[attribute->type.size - 1] == '!';
    if (attribute->is_required) attribute->type.size--;
    return true;
}

bool schema_next_item(Bytes *list, Bytes *item) {
    if (list->size == 0) return false;
    bool quoted = false;
    size_t size = 0;
    for (; size < list->size && (quoted || list->data[size] != ','); size++)
        if (list->data[size] == '"') quoted = !quoted;
    *item = (Bytes){list->data, size};
    size_t used = size < list->size ? size + 1 : size;
    list->data += used;
    list->size -= used;
    return true;
}

bool schema_find_formal(Bytes domain, Bytes name, int64_t opset, bool is_output, Bytes wanted, uint32_t *position,
                        bool *is_variadic) {
    Schema schema;
    if (!schema_find(domain, name, opset, &schema)) return false;
    Bytes field = is_output ? schema.outputs : schema.inputs;
    Formal formal;
    for (*position = 0; schema_next_formal(&field, &formal); ++*position) {
        if (!bytes_equal(formal.name, wanted)) continue;
        *is_variadic = formal.option == FORMAL_VARIADIC;
        return true;
    }
    return false;
}
