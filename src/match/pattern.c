#include "match/pattern.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "ops/schema.h"

#define DEFAULT_TOLERANCE 1e-6
#define NUMBER_LENGTH     64

typedef struct Parser {
    Pattern *pattern;
    Bytes text;
    size_t at;
    uint32_t depth;
    bool failed;
    Error *err;
} Parser;

/* ---- errors ---- */

/* "column 14" or, where the pattern has several lines, "line 2, column 3"; characters, not bytes. */
static void add_place(const Parser *p, size_t place, char buffer[64]) {
    unsigned line = 1, column = 1;
    bool is_one = !memchr(p->text.data, '\n', p->text.size);
    for (size_t i = 0; i < place; i++) {
        if (p->text.data[i] == '\n') line++, column = 1;
        else if ((p->text.data[i] & 0xc0) != 0x80) column++;
    }
    if (is_one) snprintf(buffer, 64, "column %u", column);
    else snprintf(buffer, 64, "line %u, column %u", line, column);
}

__attribute__((format(printf, 3, 4))) static bool fail(Parser *p, size_t place, const char *format, ...) {
    char where[64], message[400];
    va_list args;
    if (p->failed) return false;
    p->failed = true;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add_place(p, place, where);
    return error_set(p->err, ERROR_MALFORMED, place, "%s: %s", where, message);
}

static bool fail_memory(Parser *p) {
    if (!p->failed) error_memory(p->err, "a pattern");
    p->failed = true;
    return false;
}

static bool is_word_start(char c) {
    return isalpha((unsigned char)c) || c == '_';
}
static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* The byte `ahead` of where the parser is; 0 behind the end. */
static char peek_at(const Parser *p, size_t ahead) {
    return p->at + ahead < p->text.size ? p->text.data[p->at + ahead] : '\0';
}

static void skip_blanks(Parser *p) {
    while (p->at < p->text.size && strchr(" \t\r\n", p->text.data[p->at]) && p->text.data[p->at]) p->at++;
}

static bool fail_expected(Parser *p, const char *what) {
    skip_blanks(p);
    size_t size = 1;
    if (p->at == p->text.size) return fail(p, p->at, "%s is expected, got the end", what);
    while (is_word(peek_at(p, 0)) && is_word(peek_at(p, size))) size++;
    while ((peek_at(p, size) & 0xc0) == 0x80) size++;
    return fail(p, p->at, "%s is expected, got %s", what, quote((Bytes){p->text.data + p->at, size}).text);
}

/* ---- tokens ---- */

static bool accept(Parser *p, const char *token) {
    size_t size = strlen(token);
    skip_blanks(p);
    if (p->text.size - p->at < size || memcmp(p->text.data + p->at, token, size) != 0) return false;
    p->at += size;
    return true;
}

static Text store(Parser *p, Bytes bytes) {
    Text text = {0, 0};
    if (!interner_store(&p->pattern->text, bytes, &text)) fail_memory(p);
    return text;
}

/* A word at the place; size 0 when there is none. */
static Bytes take_word(Parser *p) {
    skip_blanks(p);
    size_t start = p->at;
    if (is_word_start(peek_at(p, 0)))
        while (is_word(peek_at(p, 0))) p->at++;
    return (Bytes){p->text.data + start, p->at - start};
}

static Bytes need_word(Parser *p, const char *what) {
    Bytes word = take_word(p);
    if (word.size == 0) fail_expected(p, what);
    return word;
}

/* "text" with \" and \\ in it; the opening quote is there. */
static Text take_quoted(Parser *p) {
    size_t start = p->at++, size = 0;
    char *bytes = malloc(p->text.size);
    if (!bytes) fail_memory(p);
    while (!p->failed && peek_at(p, 0) != '"') {
        if (peek_at(p, 0) == '\\') p->at++;
        if (p->at >= p->text.size) fail(p, start, "this text has no closing quote");
        else bytes[size++] = p->text.data[p->at++];
    }
    p->at++;
    Text text = p->failed ? (Text){0, 0} : store(p, (Bytes){bytes, size});
    free(bytes);
    return text;
}

static bool is_number_start(const Parser *p) {
    size_t ahead = peek_at(p, 0) == '-' || peek_at(p, 0) == '+';
    if (peek_at(p, ahead) == '.') ahead++;
    return isdigit((unsigned char)peek_at(p, ahead));
}

static bool is_number_part(const Parser *p, size_t size) {
    char c = peek_at(p, size);
    bool is_exponent = size > 0 && (c == '-' || c == '+') && strchr("eE", peek_at(p, size - 1));
    bool is_point = c == '.' && peek_at(p, size + 1) != '.';
    return isdigit((unsigned char)c) || is_point || c == 'e' || c == 'E' || is_exponent;
}

static bool take_number(Parser *p, Operand *operand) {
    char digits[NUMBER_LENGTH], *end;
    size_t size = 0, start = p->at;
    if (!is_number_start(p)) return fail_expected(p, "a number");
    do size++;
    while (is_number_part(p, size));
    if (size >= sizeof digits) return fail(p, start, "this number is too long");
    memcpy(digits, p->text.data + start, size);
    digits[size] = '\0';
    *operand = (Operand){.kind = OPERAND_NUMBER, .number = strtod(digits, &end), .capture = PATTERN_NONE};
    if (*end || !isfinite(operand->number))
        return fail(p, start, "%s is no number", quote((Bytes){digits, size}).text);
    operand->is_whole = fabs(operand->number) < 9e18 && operand->number == floor(operand->number);
    if (operand->is_whole)
        operand->whole =
            strpbrk(digits, ".eE") ? (int64_t)operand->number : (int64_t)strtoll(digits, NULL, 10);
    p->at += size;
    return true;
}

/* ---- captures ---- */

static const char *const capture_kinds[] = {"a value", "a node", "a dimension"};

static uint32_t capture(Parser *p, Bytes name, CaptureKind kind, size_t place) {
    static const char *const taken[] = {"root", "nodes", "graph", "_"};
    Pattern *pattern = p->pattern;
    if (p->failed) return PATTERN_NONE;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (bytes_equal(name, (Bytes){taken[i], strlen(taken[i])}))
            fail(p, place, "a capture cannot be called '%s': a match has a field of that name", taken[i]);
    for (uint32_t i = 0; i < pattern->captures.count && !p->failed; i++) {
        const Capture *known = &pattern->captures.items[i];
        if (!bytes_equal(pattern_text(pattern, known->name), name)) continue;
        if (known->kind != kind)
            fail(p, place, "%s is %s here and %s elsewhere", quote(name).text, capture_kinds[kind],
                 capture_kinds[known->kind]);
        return i;
    }
    Text text = store(p, name);
    if (p->failed || !array_push(&pattern->captures, (Capture){text, kind})) {
        fail_memory(p);
        return PATTERN_NONE;
    }
    return pattern->captures.count - 1;
}

/* ---- predicates ---- */

static const char *const subject_names[] = {
#define X(NAME, name, of_values) name,
    PREDICATE_SUBJECTS(X)
#undef X
};
static const bool subject_of_values[] = {
#define X(NAME, name, of_values) of_values,
    PREDICATE_SUBJECTS(X)
#undef X
};
static const char *const kind_names[] = {
#define X(NAME, name) name,
    VALUE_KINDS(X)
#undef X
};

/* "a, b, c" into a message, cut where it gets long. */
typedef struct Listing {
    char text[256];
    size_t size;
} Listing;

static void listing_add(Listing *listing, Bytes name) {
    int wrote = snprintf(listing->text + listing->size, sizeof listing->text - listing->size, "%s%.*s",
                         listing->size ? ", " : "", (int)name.size, name.data);
    if (wrote > 0 && listing->size + (size_t)wrote < sizeof listing->text) listing->size += (size_t)wrote;
    else listing->text[listing->size] = '\0';
}

static Listing list_subjects(bool of_values) {
    Listing listing = {{0}, 0};
    for (int i = 1; i < SUBJECT_COUNT; i++)
        if (!of_values || subject_of_values[i])
            listing_add(&listing, (Bytes){subject_names[i], strlen(subject_names[i])});
    return listing;
}

static bool schema_has(const Schema *schema, Bytes attribute) {
    Bytes field = schema->attributes;
    SchemaAttribute found;
    while (schema_next_attribute(&field, &found))
        if (bytes_equal(found.name, attribute)) return true;
    return false;
}

/* Whether some version of the operator has the attribute; operators without a schema may have any. */
static bool operator_may_have(Bytes domain, Bytes name, Bytes attribute) {
    Schema schema;
    bool is_known = schema_find(domain, name, 0, &schema), found = !is_known;
    while (is_known && !found) {
        found = schema_has(&schema, attribute);
        is_known = schema.since > 1 && schema_find(domain, name, schema.since - 1, &schema);
    }
    return found;
}

static bool check_attribute(Parser *p, const Term *term, Bytes attribute, size_t place) {
    const Pattern *pattern = p->pattern;
    const OperatorName *first = pattern->operators.items + term->first_operator;
    for (uint32_t i = 0; i < term->operator_count; i++) {
        bool is_any = first[i].any_domain || first[i].any_name;
        if (is_any || operator_may_have(pattern_text(pattern, first[i].domain),
                                        pattern_text(pattern, first[i].name), attribute))
            return true;
    }
    Bytes name = pattern_text(pattern, first->name);
    Listing listing = {{0}, 0};
    Schema schema;
    SchemaAttribute known;
    schema_find(pattern_text(pattern, first->domain), name, 0, &schema);
    while (schema_next_attribute(&schema.attributes, &known)) listing_add(&listing, known.name);
    return fail(p, place, "%.*s has no attribute %s; it has %s, and there are %s", (int)name.size, name.data,
                quote(attribute).text, listing.size ? listing.text : "none", list_subjects(false).text);
}

static bool parse_subject(Parser *p, uint32_t term, Predicate *predicate) {
    skip_blanks(p);
    size_t place = p->at;
    Bytes word = need_word(p, "the name of a predicate");
    bool of_values = p->pattern->terms.items[term].kind == TERM_VALUE;
    bool is_attribute = bytes_equal(word, BYTES_LITERAL("attr")) && accept(p, ".");
    if (is_attribute) word = need_word(p, "the name of an attribute");
    for (int i = 1; i < SUBJECT_COUNT && !is_attribute; i++)
        if (bytes_equal(word, (Bytes){subject_names[i], strlen(subject_names[i])}))
            predicate->subject = (uint8_t)i;
    bool is_known = !is_attribute && predicate->subject != SUBJECT_ATTRIBUTE;
    if (p->failed) return false;
    if (of_values && !(is_known && subject_of_values[predicate->subject]))
        return fail(p, place, "a value has no predicate %s; it has %s", quote(word).text,
                    list_subjects(true).text);
    if (is_known) return true;
    predicate->attribute = store(p, word);
    return !p->failed && check_attribute(p, &p->pattern->terms.items[term], word, place);
}

static bool parse_comparison(Parser *p, Predicate *predicate) {
    static const char *const tokens[] = {"!=", "<=", ">=", "==", "=", "<", ">"};
    static const Comparison meaning[] = {COMPARE_NOT_EQUAL, COMPARE_LESS_EQUAL, COMPARE_GREATER_EQUAL,
                                         COMPARE_EQUAL,     COMPARE_EQUAL,      COMPARE_LESS,
                                         COMPARE_GREATER};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        if (accept(p, tokens[i])) {
            predicate->comparison = (uint8_t)meaning[i];
            return true;
        }
    return fail_expected(p, "=, !=, <, <=, > or >=");
}

/* One operand or item of a list. */
static bool parse_operand(Parser *p, bool is_dim) {
    Operand operand = {.capture = PATTERN_NONE};
    skip_blanks(p);
    size_t place = p->at;
    if (is_dim && accept(p, "...")) operand.kind = OPERAND_REST;
    else if (is_dim && accept(p, "?")) {
        operand.kind = OPERAND_CAPTURE;
        operand.capture = capture(p, need_word(p, "the name of a dimension"), CAPTURE_DIM, place);
    } else if (peek_at(p, 0) == '"') {
        operand.kind = OPERAND_TEXT;
        operand.text = take_quoted(p);
    } else if (is_word_start(peek_at(p, 0))) {
        Bytes word = take_word(p);
        bool is_any = is_dim && bytes_equal(word, BYTES_LITERAL("_"));
        operand.kind = is_any ? OPERAND_ANY : OPERAND_TEXT;
        operand.text = store(p, word);
    } else take_number(p, &operand);
    if (p->failed) return false;
    if (!array_push(&p->pattern->operands, operand)) return fail_memory(p);
    return true;
}

static bool parse_list(Parser *p, const Predicate *predicate) {
    bool is_dims = predicate->subject == SUBJECT_SHAPE, is_closed = false;
    if (accept(p, "]")) return true;
    while (!is_closed) {
        if (!parse_operand(p, is_dims)) return false;
        const Operand *last = &p->pattern->operands.items[p->pattern->operands.count - 1];
        is_closed = accept(p, "]");
        if (!is_closed && last->kind == OPERAND_REST) return fail_expected(p, "']'");
        if (!is_closed && !accept(p, ",")) return fail_expected(p, "',' or ']'");
    }
    return true;
}

static bool check_dtype(Parser *p, Predicate *predicate, size_t place) {
    const Operand *operand = &p->pattern->operands.items[predicate->first_operand];
    Listing listing = {{0}, 0};
    if (operand->kind == OPERAND_TEXT)
        predicate->dtype = dtype_from_name(pattern_text(p->pattern, operand->text));
    if (predicate->dtype) return true;
    for (uint32_t i = 1; i < DTYPE_COUNT; i++)
        listing_add(&listing, (Bytes){dtype_name(i), strlen(dtype_name(i))});
    return fail(p, place, "there is no such dtype; there are %s", listing.text);
}

/* What a subject can be compared with, and how. */
static bool check_operand(Parser *p, Predicate *predicate, size_t place) {
    Subject subject = (Subject)predicate->subject;
    bool is_ordered = predicate->comparison >= COMPARE_LESS;
    const Operand *operand = &p->pattern->operands.items[predicate->first_operand];
    bool is_number = !predicate->is_list && operand->kind == OPERAND_NUMBER;
    if (subject == SUBJECT_SHAPE && !predicate->is_list)
        return fail(p, place, "shape is compared with a list, such as [N,_,768]");
    for (uint32_t i = 0; i < predicate->operand_count; i++)
        if (operand[i].kind == OPERAND_CAPTURE && predicate->comparison != COMPARE_EQUAL)
            return fail(p, place, "a dimension is captured where a shape is compared with =");
    if (subject == SUBJECT_ATTRIBUTE || subject == SUBJECT_SHAPE) {
        if (is_ordered && !is_number) return fail(p, place, "only numbers are compared with < and >");
        return true;
    }
    if (predicate->is_list) return fail(p, place, "%s is not compared with a list", subject_names[subject]);
    if (subject == SUBJECT_DTYPE || subject == SUBJECT_NAME) {
        if (is_ordered) return fail(p, place, "%s is compared with = or !=", subject_names[subject]);
        if (is_number) return fail(p, place, "%s is compared with a text", subject_names[subject]);
        return subject == SUBJECT_NAME || check_dtype(p, predicate, place);
    }
    if (!is_number || !operand->is_whole)
        return fail(p, place, "%s is compared with a whole number", subject_names[subject]);
    return true;
}

static bool parse_predicate(Parser *p, uint32_t term) {
    Predicate predicate = {0};
    if (!parse_subject(p, term, &predicate) || !parse_comparison(p, &predicate)) return false;
    predicate.first_operand = p->pattern->operands.count;
    skip_blanks(p);
    size_t place = p->at;
    predicate.is_list = accept(p, "[");
    bool done = predicate.is_list ? parse_list(p, &predicate) : parse_operand(p, false);
    predicate.operand_count = p->pattern->operands.count - predicate.first_operand;
    if (!done || !check_operand(p, &predicate, place)) return false;
    return array_push(&p->pattern->predicates, predicate) || fail_memory(p);
}

static void parse_predicates(Parser *p, uint32_t term) {
    uint32_t first = p->pattern->predicates.count;
    if (!accept(p, "{")) return;
    do
        if (!parse_predicate(p, term)) return;
    while (accept(p, ","));
    if (!accept(p, "}")) fail_expected(p, "',' or '}'");
    Term *self = &p->pattern->terms.items[term];
    self->first_predicate = first;
    self->predicate_count = p->pattern->predicates.count - first;
}

/* ---- terms ---- */

static uint32_t parse_chain(Parser *p, bool is_line);

static void parse_kind(Parser *p, uint32_t term) {
    Listing listing = {{0}, 0};
    if (!accept(p, ":")) return;
    skip_blanks(p);
    size_t place = p->at;
    Bytes word = need_word(p, "a kind");
    for (int i = 1; i < VALUE_KIND_COUNT; i++) {
        Bytes name = {kind_names[i], strlen(kind_names[i])};
        listing_add(&listing, name);
        if (bytes_equal(word, name)) p->pattern->terms.items[term].value_kind = (uint8_t)i;
    }
    if (!p->pattern->terms.items[term].value_kind)
        fail(p, place, "there is no kind %s; there are %s", quote(word).text, listing.text);
}

static void parse_tolerance(Parser *p, uint32_t term) {
    Operand operand = {.number = DEFAULT_TOLERANCE};
    if (accept(p, "~")) {
        skip_blanks(p);
        if (take_number(p, &operand) && operand.number < 0)
            fail(p, p->at, "a tolerance cannot be less than 0");
    }
    p->pattern->terms.items[term].tolerance = operand.number;
}

/* domain.Name, Name, *, *.Name, domain.*: the last piece is the name. */
static OperatorName split_operator(const Parser *p, Text whole) {
    Bytes bytes = pattern_text(p->pattern, whole);
    const char *dot = memrchr(bytes.data, '.', bytes.size);
    uint32_t size = dot ? (uint32_t)(dot - bytes.data) : 0, skipped = dot ? size + 1 : 0;
    Bytes domain = {bytes.data, size}, name = {bytes.data + skipped, bytes.size - skipped};
    OperatorName found = {.any_name = bytes_equal(name, BYTES_LITERAL("*"))};
    found.any_domain = bytes_equal(domain, BYTES_LITERAL("*")) || (found.any_name && !dot);
    if (bytes_equal(domain, BYTES_LITERAL("ai.onnx"))) size = 0;
    found.domain = (Text){whole.offset, size};
    found.name = (Text){whole.offset + skipped, whole.size - skipped};
    return found;
}

static Text take_operator(Parser *p, const char *expected) {
    skip_blanks(p);
    size_t start = p->at;
    bool goes_on = true;
    if (peek_at(p, 0) == '"') return take_quoted(p);
    while (goes_on) {
        if (peek_at(p, 0) == '*') p->at++;
        else if (is_word_start(peek_at(p, 0))) take_word(p);
        else break;
        goes_on = peek_at(p, 0) == '.' && (is_word_start(peek_at(p, 1)) || peek_at(p, 1) == '*');
        if (goes_on) p->at++;
    }
    if (p->at == start) fail_expected(p, expected);
    return store(p, (Bytes){p->text.data + start, p->at - start});
}

static void parse_operators(Parser *p, uint32_t term, const char *expected) {
    uint32_t first = p->pattern->operators.count;
    do {
        Text whole = take_operator(p, expected);
        if (!p->failed && p->pattern->operators.count - first == PATTERN_NAME_LIMIT)
            fail(p, p->at, "a node has at most %d operators", PATTERN_NAME_LIMIT);
        if (p->failed) return;
        if (!array_push(&p->pattern->operators, split_operator(p, whole))) fail_memory(p);
    } while (accept(p, "|"));
    Term *self = &p->pattern->terms.items[term];
    self->first_operator = first;
    self->operator_count = p->pattern->operators.count - first;
}

/* Operands of operands come in between: they are put aside until all are there. */
static void finish_args(Parser *p, uint32_t term, const uint32_t *args, uint32_t count) {
    Pattern *pattern = p->pattern;
    pattern->terms.items[term].first_arg = pattern->args.count;
    pattern->terms.items[term].arg_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!array_push(&pattern->args, args[i])) fail_memory(p);
        pattern->terms.items[args[i]].parent = term;
    }
}

static void parse_args(Parser *p, uint32_t term) {
    Array(uint32_t) args = {0};
    bool is_open = false, is_closed = accept(p, ")");
    if (++p->depth > PATTERN_DEPTH_LIMIT)
        fail(p, p->at, "terms are inside of terms more than %d deep", PATTERN_DEPTH_LIMIT);
    while (!p->failed && !is_closed) {
        is_open = accept(p, "...");
        if (!is_open) {
            uint32_t arg = parse_chain(p, false);
            if (!p->failed && !array_push(&args, arg)) fail_memory(p);
            is_open = !p->failed && accept(p, "...");
        }
        is_closed = !p->failed && accept(p, ")");
        if (p->failed || is_closed) break;
        if (is_open) fail_expected(p, "')'");
        else if (!accept(p, ",")) fail_expected(p, "',' or ')'");
    }
    p->depth--;
    if (!p->failed) finish_args(p, term, args.items, args.count);
    p->pattern->terms.items[term].has_args = true;
    p->pattern->terms.items[term].is_open = is_open;
    array_free(&args);
}

static void parse_node(Parser *p, uint32_t term, const char *expected) {
    p->pattern->terms.items[term].kind = TERM_NODE;
    parse_operators(p, term, expected);
    if (!p->failed && accept(p, "(")) parse_args(p, term);
    if (!p->failed) parse_predicates(p, term);
    if (!p->failed && accept(p, "?")) p->pattern->terms.items[term].is_optional = true;
}

static void parse_value(Parser *p, uint32_t term) {
    parse_kind(p, term);
    if (!p->failed) parse_predicates(p, term);
}

/* `_` that is to be a node: any one. */
static void make_any_node(Parser *p, uint32_t term) {
    Term *self = &p->pattern->terms.items[term];
    self->kind = TERM_NODE;
    self->first_operator = p->pattern->operators.count;
    self->operator_count = 1;
    if (!array_push(&p->pattern->operators, (OperatorName){.any_domain = true, .any_name = true}))
        fail_memory(p);
}

static bool is_any_word(const Parser *p) {
    return peek_at(p, 0) == '_' && !is_word(peek_at(p, 1));
}

static uint32_t parse_term(Parser *p) {
    static const char expected[] = "an operator, ?name, @name:, a number or _";
    skip_blanks(p);
    uint32_t term = p->pattern->terms.count;
    Term self = {
        .capture = PATTERN_NONE, .before = PATTERN_NONE, .parent = PATTERN_NONE, .least = 1, .most = 1};
    self.place = (uint32_t)p->at;
    if (!array_push(&p->pattern->terms, self)) fail_memory(p);
    if (p->failed) return PATTERN_NONE;
    if (is_any_word(p)) {
        p->at++;
        parse_value(p, term);
    } else if (accept(p, "?")) {
        uint32_t slot = capture(p, need_word(p, "the name of a value"), CAPTURE_VALUE, self.place);
        p->pattern->terms.items[term].capture = slot;
        parse_value(p, term);
    } else if (is_number_start(p)) {
        Operand operand;
        p->pattern->terms.items[term].kind = TERM_NUMBER;
        if (take_number(p, &operand)) p->pattern->terms.items[term].number = operand.number;
        parse_tolerance(p, term);
    } else if (accept(p, "@")) {
        uint32_t slot = capture(p, need_word(p, "the name of a node"), CAPTURE_NODE, self.place);
        p->pattern->terms.items[term].capture = slot;
        if (!p->failed && !accept(p, ":")) fail_expected(p, "':'");
        if (!p->failed) parse_node(p, term, "an operator");
    } else parse_node(p, term, expected);
    return term;
}

/* ---- chains and lines ---- */

static bool take_count(Parser *p, uint32_t *count) {
    Operand operand;
    skip_blanks(p);
    size_t place = p->at;
    if (!take_number(p, &operand)) return false;
    if (!operand.is_whole || operand.whole < 1 || operand.whole > PATTERN_EDGE_LIMIT)
        return fail(p, place, "a whole number from 1 to %d is expected", PATTERN_EDGE_LIMIT);
    *count = (uint32_t)operand.whole;
    return true;
}

static bool parse_edges(Parser *p, uint32_t *least, uint32_t *most) {
    *least = *most = 1;
    if (!accept(p, "{")) return true;
    size_t place = p->at;
    if (!take_count(p, least)) return false;
    if (!accept(p, ",")) return fail_expected(p, "','");
    if (!take_count(p, most)) return false;
    if (!accept(p, "}")) return fail_expected(p, "'}'");
    return *least <= *most || fail(p, place, "the first number is larger than the second");
}

/* A term that nodes have to be at: behind an arrow, or a line's root. */
static void need_node(Parser *p, uint32_t term, const char *what) {
    if (p->failed) return;
    const Term *self = &p->pattern->terms.items[term];
    if (self->kind == TERM_NODE) return;
    bool is_plain = self->kind == TERM_VALUE && self->capture == PATTERN_NONE && !self->value_kind &&
                    !self->predicate_count;
    if (is_plain) make_any_node(p, term);
    else fail(p, self->place, "%s is a node: an operator is expected", what);
}

static uint32_t parse_chain(Parser *p, bool is_line) {
    uint32_t term = parse_term(p);
    while (!p->failed && accept(p, "->")) {
        uint32_t before = term, least, most;
        if (!parse_edges(p, &least, &most)) break;
        term = parse_term(p);
        need_node(p, term, "what an arrow leads to");
        if (p->failed) break;
        p->pattern->terms.items[before].parent = term;
        p->pattern->terms.items[term].before = before;
        p->pattern->terms.items[term].least = least;
        p->pattern->terms.items[term].most = most;
    }
    if (is_line) need_node(p, term, "the last term of a line");
    return term;
}

/* `name =` in front of a line; PATTERN_NONE when there is none. */
static uint32_t parse_line_name(Parser *p) {
    skip_blanks(p);
    size_t start = p->at;
    Bytes word = take_word(p);
    if (word.size && accept(p, "=")) return capture(p, word, CAPTURE_VALUE, start);
    p->at = start;
    return PATTERN_NONE;
}

static void parse_line(Parser *p) {
    Pattern *pattern = p->pattern;
    PatternLine line = {.capture = parse_line_name(p), .first_term = pattern->terms.count};
    if (p->failed) return;
    line.root = parse_chain(p, true);
    line.past_term = pattern->terms.count;
    if (p->failed) return;
    if (pattern->terms.items[line.root].is_optional)
        fail(p, pattern->terms.items[line.root].place, "the root of a line cannot be left out");
    else if (pattern->lines.count == PATTERN_LINE_LIMIT)
        fail(p, p->at, "a pattern has at most %d lines", PATTERN_LINE_LIMIT);
    else if (!array_push(&pattern->lines, line)) fail_memory(p);
}

static void parse_pattern(Parser *p) {
    if (p->text.size > PATTERN_SIZE_LIMIT) {
        p->text.size = PATTERN_SIZE_LIMIT;
        fail(p, PATTERN_SIZE_LIMIT, "a pattern has at most %d characters", PATTERN_SIZE_LIMIT);
        return;
    }
    p->pattern->source = store(p, p->text);
    /* So that positions in them may be taken where there is nothing. */
    bool has_room = array_reserve(&p->pattern->predicates, 1) && array_reserve(&p->pattern->operands, 1) &&
                    array_reserve(&p->pattern->args, 1);
    if (!has_room) fail_memory(p);
    while (!p->failed) {
        parse_line(p);
        skip_blanks(p);
        if (p->failed || p->at == p->text.size) return;
        if (!accept(p, ";")) fail_expected(p, "'->', ';' or the end");
        skip_blanks(p);
        if (p->at == p->text.size) return;
    }
}

void pattern_free(Pattern *pattern) {
    if (!pattern) return;
    interner_free(&pattern->text);
    array_free(&pattern->terms);
    array_free(&pattern->args);
    array_free(&pattern->operators);
    array_free(&pattern->predicates);
    array_free(&pattern->operands);
    array_free(&pattern->captures);
    array_free(&pattern->lines);
    free(pattern);
}

Pattern *pattern_compile(Bytes text, Error *err) {
    Pattern *pattern = calloc(1, sizeof *pattern);
    if (!pattern || !interner_init(&pattern->text)) {
        free(pattern);
        error_memory(err, "a pattern");
        return NULL;
    }
    Parser parser = {.pattern = pattern, .text = text, .err = err};
    parse_pattern(&parser);
    if (!parser.failed) return pattern;
    pattern_free(pattern);
    return NULL;
}
