#include "ops/schema.h"

#include <string.h>

/* The table and its size, put into read-only data by the assembler; the path is the one from the root of the
 * tree, where the compiler runs. */
__asm__(".pushsection .rodata\n"
        ".hidden schema_text, schema_text_size\n"
        ".globl schema_text, schema_text_size\n"
        ".balign 8\n"
        "schema_text_size: .quad 1f - schema_text\n"
        "schema_text: .incbin \"src/ops/schema.txt\"\n"
        "1: .byte 0\n"
        ".popsection\n");
extern const char schema_text[] __attribute__((visibility("hidden")));
extern const uint64_t schema_text_size __attribute__((visibility("hidden")));

static size_t line_start(size_t at) {
    const char *newline = memrchr(schema_text, '\n', at);
    return newline ? (size_t)(newline + 1 - schema_text) : 0;
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

/* The line that starts at `start`; *next is the start of the one behind it. */
static Schema parse_line(size_t start, size_t *next) {
    Bytes table = {schema_text + start, (size_t)schema_text_size - start};
    Bytes rest = take(&table, '\n');
    Schema schema = {.domain = take(&rest, '\t'), .name = take(&rest, '\t')};
    Bytes since = take(&rest, '\t');
    schema.since = take_number(&since);
    schema.is_deprecated = since.size > 0;
    schema.inputs = take(&rest, '\t');
    schema.outputs = take(&rest, '\t');
    schema.attributes = rest;
    *next = (size_t)(table.data - schema_text);
    return schema;
}

static int compare_bytes(Bytes a, Bytes b) {
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool schema_is_past(const Schema *schema, Bytes domain, Bytes name, int64_t opset) {
    int order = compare_bytes(schema->domain, domain);
    if (order == 0) order = compare_bytes(schema->name, name);
    return order > 0 || (order == 0 && opset != 0 && schema->since > opset);
}

bool schema_find(Bytes domain, Bytes name, int64_t opset, Schema *schema) {
    if (domain.size == 0) domain = BYTES_LITERAL("ai.onnx");
    size_t low = 0, high = (size_t)schema_text_size, next; /* both are starts of lines */
    while (low < high) {
        size_t middle = line_start(low + (high - low) / 2);
        Schema at = parse_line(middle, &next);
        if (schema_is_past(&at, domain, name, opset)) high = middle;
        else low = next;
    }
    if (low == 0) return false;
    *schema = parse_line(line_start(low - 1), &next);
    bool found = bytes_equal(schema->domain, domain) && bytes_equal(schema->name, name);
    if (bytes_equal(schema->domain, BYTES_LITERAL("ai.onnx"))) schema->domain.size = 0;
    return found;
}

uint32_t schema_count(void) {
    uint32_t count = 0;
    for (size_t i = 0; i < schema_text_size; i++) count += schema_text[i] == '\n';
    return count;
}

bool schema_next_formal(Bytes *field, Formal *formal) {
    if (field->size == 0) return false;
    Bytes word = take(field, ' ');
    char mark = word.data[word.size - 1];
    bool variadic = mark == '+' || mark == '*';
    formal->option = mark == '?' ? FORMAL_OPTIONAL : variadic ? FORMAL_VARIADIC : FORMAL_SINGLE;
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

bool schema_find_formal(Bytes domain, Bytes name, int64_t opset, bool is_output, Bytes wanted,
                        uint32_t *position, bool *is_variadic) {
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
