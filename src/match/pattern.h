/* Pattern: what a place in a graph looks like, as text and compiled. A pattern knows no model; find.h looks for it in one.
 *
 *     pattern    = line { ";" line } [ ";" ]           the root of the last line is the root of a match
 *     line       = [ name "=" ] chain                  name: the first output of the line's root, a capture as ?name is
 *     chain      = term { ( "->" | "->{m,n}" ) term }  each reads an output of the one before, over m to n edges (1)
 *     term       = value | number | node
 *     value      = ( "_" | "?" name ) [ ":" kind ] [ predicates ]
 *     number     = digits [ "~" tolerance ]            a constant all of whose elements equal it; relative, 1e-6
 *     node       = [ "@" name ":" ] operator { "|" operator } [ "(" [ args ] ")" ] [ predicates ] [ "?" ]
 *     operator   = [ domain "." ] Name | "*" "." Name | domain "." "*" | "*" | quoted
 *     args       = chain { "," chain } [ [ "," ] "..." ] | "..."
 *     predicates = "{" predicate { "," predicate } "}"
 *     predicate  = ( what | [ "attr." ] attribute ) ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) operand
 *     operand    = number | word | quoted | "[" [ item { "," item } ] "]"
 *     item       = number | word | quoted | "_" | "?" name | "..."   the last three in shapes only, "..." at the end
 *     kind       = "init" | "input" | "const" | "output" | "activation" | "shape" | "none"
 *     what       = "dtype" | "shape" | "rank" | "elements" | "bytes" | "fanout" | "name" | "inputs" | "outputs"
 *
 * An operator without a domain is one of ai.onnx; "*" stands for any. `_` as the last term of a line, and behind an arrow, is
 * any node. A node followed by "?" may be missing: then what the arrow leads from, else its first operand, stands in its
 * place. Values and numbers stand at the start of a chain only. Blanks and line ends mean nothing.
 *
 * Terms are in an array, a line's side by side. Children know their parent, so that nothing has to recurse over them.
 *
 * A Pattern owns all that is in it, its text too: what pattern_text gives dies with it.
 */
#ifndef ONNXDOC_PATTERN_H
#define ONNXDOC_PATTERN_H

#include "base/array.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/intern.h"

#define PATTERN_SIZE_LIMIT  10000 /* bytes */
#define PATTERN_DEPTH_LIMIT 64    /* terms inside terms */
#define PATTERN_LINE_LIMIT  64
#define PATTERN_NAME_LIMIT  64   /* operators of one node */
#define PATTERN_EDGE_LIMIT  1000 /* of ->{m,n} */
#define PATTERN_NONE        UINT32_MAX

typedef enum CaptureKind { CAPTURE_VALUE, CAPTURE_NODE, CAPTURE_DIM } CaptureKind;

typedef struct Capture {
    Text name;
    CaptureKind kind;
} Capture;

typedef enum TermKind { TERM_VALUE, TERM_NUMBER, TERM_NODE } TermKind;

/* X(NAME, "name") */
#define VALUE_KINDS(X)                                                                                       \
    X(ANY, "")                                                                                               \
    X(INIT, "init")             /* an initializer */                                                         \
    X(INPUT, "input")           /* given from outside of the graph */                                        \
    X(CONST, "const")           /* the same in every run */                                                  \
    X(OUTPUT, "output")         /* of a graph */                                                             \
    X(ACTIVATION, "activation") /* made by a node, another one in every run */                               \
    X(SHAPE, "shape")           /* follows from shapes */                                                    \
    X(NONE, "none")             /* an optional input that is left out */

typedef enum ValueKind {
#define X(NAME, name) VALUE_KIND_##NAME,
    VALUE_KINDS(X)
#undef X
        VALUE_KIND_COUNT
} ValueKind;

typedef struct Term {
    uint8_t kind;       /* TermKind */
    uint8_t value_kind; /* values */
    bool is_optional;
    bool has_args; /* "(" ... ")" was written */
    bool is_open;  /* its arguments end with "..." */
    uint32_t capture;
    uint32_t first_operator, operator_count;
    uint32_t first_arg, arg_count; /* in Pattern.args: terms */
    uint32_t first_predicate, predicate_count;
    uint32_t before; /* what the arrow in front of it leads from, ... */
    uint32_t least, most;
    uint32_t
        parent; /* the node it is an operand of, or that the arrow behind it leads to; a line's root: none */
    double number, tolerance;
    uint32_t place; /* in the text, for errors */
} Term;

typedef struct OperatorName {
    Text domain; /* as written; "ai.onnx" and none are empty */
    Text name;
    bool any_domain, any_name;
} OperatorName;

/* X(NAME, "name", may be asked of values) */
#define PREDICATE_SUBJECTS(X)                                                                                \
    X(ATTRIBUTE, "", false)                                                                                  \
    X(DTYPE, "dtype", true)                                                                                  \
    X(SHAPE, "shape", true)                                                                                  \
    X(RANK, "rank", true)                                                                                    \
    X(ELEMENTS, "elements", true)                                                                            \
    X(BYTES, "bytes", true)                                                                                  \
    X(FANOUT, "fanout", true)                                                                                \
    X(NAME, "name", true)                                                                                    \
    X(INPUTS, "inputs", false)                                                                               \
    X(OUTPUTS, "outputs", false)

typedef enum Subject {
#define X(NAME, name, of_values) SUBJECT_##NAME,
    PREDICATE_SUBJECTS(X)
#undef X
        SUBJECT_COUNT
} Subject;

typedef enum Comparison {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL
} Comparison;

typedef enum OperandKind {
    OPERAND_NUMBER,
    OPERAND_TEXT,
    OPERAND_ANY,
    OPERAND_CAPTURE,
    OPERAND_REST
} OperandKind;

typedef struct Operand {
    uint8_t kind; /* OperandKind */
    bool is_whole;
    int64_t whole; /* numbers that are */
    double number;
    Text text;
    uint32_t capture;
} Operand;

typedef struct Predicate {
    uint8_t subject;    /* Subject */
    uint8_t comparison; /* Comparison */
    bool is_list;
    uint32_t dtype; /* of SUBJECT_DTYPE */
    Text attribute;
    uint32_t first_operand, operand_count;
} Predicate;

typedef struct PatternLine {
    uint32_t root;
    uint32_t capture;               /* of `name =` */
    uint32_t first_term, past_term; /* its terms */
} PatternLine;

typedef struct Pattern {
    Interner text; /* the pattern's text is its first piece */
    Text source;
    Array(Term) terms;
    Array(uint32_t) args;
    Array(OperatorName) operators;
    Array(Predicate) predicates;
    Array(Operand) operands;
    Array(Capture) captures;
    Array(PatternLine) lines;
} Pattern;

/* NULL and *err when the text is no pattern: the message opens with line and column, *err's offset is the byte. */
Pattern *pattern_compile(Bytes text, Error *err);
void pattern_free(Pattern *pattern);

static inline Bytes pattern_text(const Pattern *pattern, Text text) {
    return interner_text(&pattern->text, text);
}

#endif
