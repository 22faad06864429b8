/* Operator schemas: formal inputs and outputs, attributes and their defaults, of every operator and version
 * of ai.onnx, ai.onnx.ml, the training and preview domains and ONNX Runtime's own.
 *
 * src/ops/schema.txt holds them, made by src/ops/schema.lua and built into the program as it stands. One
 * line a schema, sorted by domain and name (as bytes) and version, six fields between tabs:
 *
 * 1. domain ("ai.onnx" here, "" everywhere else)
 * 2. name
 * 3. since which version of the domain it holds, then " deprecated" where it is
 * 4. inputs between spaces: Name, Name? (optional), Name+ (variadic, at least one), Name* (variadic, maybe
 *    none)
 * 5. outputs likewise
 * 6. attributes between spaces: name:TYPE, ! when required, =default: 3, 0.5, "text" or [3,4] of these
 *
 * TYPE is a value of AttributeProto.AttributeType. A float has a point or an exponent and as many digits as
 * its float32 needs. Names hold letters, digits, _ and . only; texts hold no quote, backslash or control
 * character, so nothing is escaped.
 *
 * Nothing here allocates or keeps state; views point into the table and live as long as the program.
 */
#ifndef ONNXDOC_SCHEMA_H
#define ONNXDOC_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

typedef struct Schema {
    Bytes domain; /* "" for ai.onnx */
    Bytes name;
    int64_t since;
    bool is_deprecated;
    Bytes inputs, outputs, attributes; /* the fields of the line, for the iterators */
} Schema;

typedef enum FormalOption { FORMAL_SINGLE, FORMAL_OPTIONAL, FORMAL_VARIADIC } FormalOption;

typedef struct Formal {
    Bytes name;
    FormalOption option;
} Formal;

typedef struct SchemaAttribute {
    Bytes name;
    Bytes type; /* "INT", "FLOATS", ... */
    bool is_required;
    bool has_default;
    Bytes default_text; /* as in the table */
} SchemaAttribute;

/* The schema that holds for an operator in version `opset` of its domain: the newest not younger than it; 0
 * asks for the newest of all. "ai.onnx" and "" are one domain. False when there is none, and *schema means
 * nothing then. */
bool schema_find(Bytes domain, Bytes name, int64_t opset, Schema *schema);

/* How many schemas there are, all versions counted. */
uint32_t schema_count(void);

/* Take the next formal (attribute) off the front of a field of a Schema; false when it is used up. */
bool schema_next_formal(Bytes *field, Formal *formal);
bool schema_next_attribute(Bytes *field, SchemaAttribute *attribute);

/* Takes the next item off the front of a list default's text without its brackets. */
bool schema_next_item(Bytes *list, Bytes *item);

/* The position (from 0) of the formal input or output called `formal`; false when the schema has none. */
bool schema_find_formal(Bytes domain, Bytes name, int64_t opset, bool is_output, Bytes formal,
                        uint32_t *position, bool *is_variadic);

#endif
