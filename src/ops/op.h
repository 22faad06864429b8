/* Op: a node as its operator's rules see it. A rule reads inputs and attributes through the functions below and sets
 * outputs; what it does not set stays unknown. It never fails: what is wrong is reported (op_problem), what cannot be known
 * is explained (op_gap), and inference goes on.
 *
 * The rules of one family of operators stand in one file (elementwise.c, conv.c, ...), each under the formula it follows;
 * ops.def is the table that names them:
 *
 *     X("", "Gather", 1, infer_gather, contents_gather, NEEDS_ALL, cost_gather)
 *
 * domain ("" is ai.onnx), operator, the version since which the line holds (until the next of the same name), the rule that
 * gives types and shapes, the rule that gives contents (or NULL), which inputs' contents that one needs, and the rule that
 * counts what it takes (ops/cost.h).
 */
#ifndef ONNXDOC_OP_H
#define ONNXDOC_OP_H

#include "ops/shapes.h"

typedef struct Infer Infer;

typedef struct Cost Cost;
typedef struct CostNotes CostNotes;

typedef struct OpRule {
    const char *domain;
    const char *name;
    int32_t since;
    void (*infer)(Op *op);
    void (*contents)(Op *op);
    uint32_t needs; /* bit i: contents of input i are worked out before the contents rule is called */
    void (*cost)(Op *op, Cost *cost);
} OpRule;
#define NEEDS_ALL  UINT32_MAX
#define NEEDS_NONE 0u
#define NEEDS(i)   (1u << (i))

struct Op {
    Infer *infer;
    Model *model;
    Algebra *algebra;
    const OpRule *rule; /* NULL for unknown operators and calls */
    Id node;
    uint32_t frame;
    int64_t version; /* of the operator's domain, as imported; 0 when it is not */
    IdSpan inputs, outputs;
    CostNotes *notes; /* cost rules: where formulas are noted, or NULL */
    bool has_problem; /* something wrong with the node was reported: its outputs are guesses */
};

/* The line of the table that holds, or NULL. Version 0: the newest. */
const OpRule *op_rule_find(Bytes domain, Bytes name, int64_t version);
/* All lines, in order of domain, name (as bytes) and version. */
const OpRule *op_rules(uint32_t *count);

/* ---- inputs ---- */

static inline bool op_has_input(const Op *op, uint32_t i) {
    return i < op->inputs.count && op->inputs.ids[i] != ID_NONE;
}
static inline bool op_has_output(const Op *op, uint32_t i) {
    return i < op->outputs.count && op->outputs.ids[i] != ID_NONE;
}
/* The fact of an input; of kind NONE when it is left out or unknown. */
Fact op_input(const Op *op, uint32_t i);
/* The dtype of a tensor input, 0 when it is left out or unknown. */
uint32_t op_dtype(const Op *op, uint32_t i);
/* The shape of a tensor input, equations applied; false (and rank -1) when it is left out or its rank is not known. */
bool op_shape(const Op *op, uint32_t i, Shape *shape);
/* Contents of an input, or NULL. Items that are not known are EXPR_UNKNOWN. */
const Contents *op_contents(Op *op, uint32_t i);
/* Item `at` of an input's contents; EXPR_UNKNOWN when not known. A scalar or a tensor of one element: at 0. */
Expr op_item(Op *op, uint32_t i, uint32_t at);
/* Contents as constant whole numbers: false when any is not known to be one. At most `capacity` are taken; more is false. */
bool op_constants(Op *op, uint32_t i, int64_t *items, uint32_t capacity, uint32_t *count);

/* A shape that is an input's contents: dimensions that are not known are EXPR_UNKNOWN (with a gap), rank -1 and false when
 * not even their number is known. */
bool op_shape_from(Op *op, uint32_t input, Shape *shape);
/* Contents of a tensor attribute, or NULL. */
const Contents *op_tensor_contents(Op *op, Id tensor);

/* ---- attributes: as written, function parameters looked up in the call, else the fallback ---- */

const Attribute *op_attribute(const Op *op, const char *name);
int64_t op_int(Op *op, const char *name, int64_t fallback);
double op_float(Op *op, const char *name, double fallback);
Bytes op_string(Op *op, const char *name, const char *fallback);
/* The numbers of a list (a copy: at most `capacity`, more is a problem), false when it is not given. */
bool op_ints(Op *op, const char *name, int64_t *items, uint32_t capacity, uint32_t *count);
/* The graph (tensor, type) of an attribute; ID_NONE when it is not given. */
Id op_graph(const Op *op, const char *name);
Id op_tensor(const Op *op, const char *name);
/* The fact of a TYPE_PROTO attribute, of output 0's value; kind NONE when it is not given. */
Fact op_type_fact(Op *op, const char *name);

/* ---- outputs ---- */

/* A tensor of a dtype (0: unknown) and shape (NULL or rank -1: unknown rank). Unknown dimensions become symbols of their own,
 * with the op's gap (or "the rule does not say") as the reason. Out-of-range outputs are ignored. */
void op_set(Op *op, uint32_t i, uint32_t dtype, const Shape *shape);
/* As another fact; its contents are not taken over. */
void op_set_fact(Op *op, uint32_t i, Fact fact);
/* As input `input`: the type, and the shape by its id. */
void op_set_like(Op *op, uint32_t i, uint32_t input);
/* As input `input`, with another dtype. */
void op_set_like_as(Op *op, uint32_t i, uint32_t input, uint32_t dtype);
/* Containers. `length` is the number of items of a sequence. */
Fact op_sequence_of(Op *op, Fact element, Expr length);
Fact op_optional_of(Op *op, Fact element);
Fact op_map_of(Op *op, uint32_t key_dtype, Fact value);
/* What a container holds, and how many; kind NONE when it is no container. */
ElementFact op_element_of(const Op *op, Fact container);
/* A tensor fact. */
Fact op_tensor_fact(Op *op, uint32_t dtype, const Shape *shape);

/* Contents of an output, in the contents rule. `count` must be the output's element count. */
void op_set_contents(Op *op, uint32_t i, const Expr *items, uint32_t count);
/* What an output was found to be (for contents rules, which run after the shape rule). */
Fact op_output(Op *op, uint32_t i);
bool op_get_output_shape(Op *op, uint32_t i, Shape *shape);
/* Room for that many items until the rule returns; NULL when it is more than CONTENTS_LIMIT or memory runs out. */
Expr *op_scratch(Op *op, uint64_t count);
/* The number of elements of an output (input) when it is constant and at most CONTENTS_LIMIT; false otherwise, and for an
 * output whose shape is only declared. */
bool op_output_count(Op *op, uint32_t i, uint32_t *count);
bool op_input_count(Op *op, uint32_t i, uint32_t *count);

/* ---- dimensions ---- */

/* Takes a = b for derived (element counts, inner dimensions). The one to go on with, or EXPR_UNKNOWN after a contradiction,
 * which is reported with `what` ("inner dimensions"). EXPR_UNKNOWN operands give the other one. */
Expr op_equal(Op *op, Expr a, Expr b, const char *what);
/* The dimension that two broadcast to (numpy's rule). Two symbols are taken to be equal, an assumption of this node. */
Expr op_broadcast_dim(Op *op, Expr a, Expr b);
/* Shapes aligned at their ends. False, after a report, when they cannot be; rank -1 in, rank -1 out. */
bool op_broadcast(Op *op, const Shape *a, const Shape *b, Shape *result);
/* A new symbol for an output's dimension that depends on the data; `why` goes into the symbol's reason. */
Expr op_data_dim(Op *op, uint32_t output, uint32_t axis, int64_t least, int64_t most, const char *why);
/* Product of dims[first .. last). */
Expr op_product(Op *op, const Shape *shape, int32_t first, int32_t last);
/* Without the dimension at `axis`; with another one there (rank -1 when that is one too many, or it was -1). */
void shape_drop_axis(Shape *shape, int32_t axis);
void shape_insert_axis(Shape *shape, int32_t axis, Expr dim);
/* An axis from -rank on as one from 0 on; -1 after a report when it is outside. */
int32_t op_axis(Op *op, int64_t axis, int32_t rank);

/* ---- reporting ---- */

/* The first gap of a node counts. */
void op_gap(Op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));
void op_problem(Op *op, ShapeProblemCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "Conv 'conv1'": the start of messages is made by op_problem; rules say only what is wrong. */

/* A dimension in a message; the text lives until the next but three calls. */
const char *op_show(const Op *op, Expr e);
const char *op_show_shape(const Op *op, const Shape *shape);

/* ---- rules many operators share ---- */

/* Inputs `first`, `first + step`, ... one behind the other along the attribute axis; rank -1 when that is not known. */
void op_concat(Op *op, uint32_t first, uint32_t step, int64_t fallback_axis, Shape *result);

void infer_same(Op *op);      /* output 0 as input 0 */
void infer_broadcast(Op *op); /* output 0: all inputs broadcast together, dtype of input 0 */
void infer_broadcast_bool(Op *op);

#endif
