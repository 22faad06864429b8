/* Cost: what running a node once takes, as formulas over the model's symbols.
 *
 * Counted are multiply-accumulates (MACs) of contractions; elementwise operations (additions, comparisons, selections, ...:
 * one each); transcendentals (sqrt, exp, erf, ...: one each); bytes that activations take to read and to write, and bytes of
 * constants read (weight bytes), in the type in which the node reads them: what is made of constants alone counts as it is
 * made, once and for all. FLOPs are 2 * MACs + elementwise. An Expr may be a rational: it is rounded up when it is
 * evaluated.
 *
 * A cost rule stands in its operator's family file, under its formula, and ops.def names it. It runs when all of a model is
 * inferred, sees the node through op.h (inputs, outputs and contents are facts by then), and adds to what starts at 0:
 *
 *     Expr n = op_elements(op, OUTPUT(0)), k = ...;
 *     COST_ADD(op, cost, COST_MACS, expr_multiply(op->algebra, n, k), "N(Y)*K", {"N(Y)", n}, {"K", k});
 *
 * The text is the formula as people are shown it, its names are bound by the terms behind it; a spec computes it and compares.
 * Bytes need no rule where they are all inputs and all outputs; the functions below say it where they are not. Whatever is
 * EXPR_UNKNOWN in the end is a gap of the node, for a stated reason.
 *
 * What a rule does not have to care for: nodes whose inputs are all constant cost nothing, nodes of shape arithmetic are not
 * counted as elementwise, bodies of control flow and functions are counted by themselves (src/cost).
 */
#ifndef ONNXDOC_OPS_COST_H
#define ONNXDOC_OPS_COST_H

#include "ops/op.h"

typedef enum CostMetric {
    COST_MACS,            /* contractions at nominal positions, padding included */
    COST_ELEMENTWISE,     /* FLOPs that are no MACs */
    COST_TRANSCENDENTALS, /* calls */
    COST_DEQUANT,         /* FLOPs that widen quantised weights */
    COST_BYTES_READ,      /* of activations */
    COST_BYTES_WRITTEN,
    COST_WEIGHT_BYTES,    /* of constants, as the node reads them */
    COST_MACS_VALID,      /* MACs without those that multiply padding */
    COST_MACS_CAUSAL,     /* MACs without those that a causal mask makes superfluous */
    COST_ELEMENTWISE_LOW, /* where `bound` is not exact: the least, or the expected, number */
    COST_METRIC_COUNT
} CostMetric;

typedef enum CostBound {
    COST_EXACT,
    COST_UPPER, /* depends on data: elementwise is the most, elementwise_low the least (or the expected) number */
    COST_ESTIMATE /* depends on data: what is usual */
} CostBound;

enum {
    COST_IS_VIEW = 1,      /* the output is the input's memory, read in another way */
    COST_IN_PLACE = 2,     /* an output may take an input's place */
    COST_IS_CONSTANT = 4,  /* all inputs are constant: costs nothing at run time */
    COST_IS_SHAPE = 8,     /* shape arithmetic */
    COST_NOT_NUMERIC = 16, /* strings, maps: no operations are counted */
    COST_HAS_BODY = 32,    /* control flow and calls: subgraphs are counted besides */
};

struct Cost {
    Expr metrics[COST_METRIC_COUNT];
    uint8_t dtype; /* what MACs are computed in */
    uint8_t bound; /* CostBound */
    uint8_t flags;
    uint8_t unused[5];
};

/* As the engine's defaults: not metrics a rule may read. */
#define COST_AS_DEFAULT ((Expr)INT64_MAX) /* bytes: all inputs, all outputs */
#define COST_AS_NOMINAL                                                                                      \
    ((Expr)(INT64_MAX - 1)) /* macs_valid, macs_causal: as macs; elementwise_low: as elementwise */

/* A name of a formula and what it stands for here. */
typedef struct CostTerm {
    const char *name;
    Expr value;
} CostTerm;

/* One part of a metric, noted for people when Op.notes is set. */
#define COST_NOTE_TERMS 12
typedef struct CostNote {
    CostMetric metric;
    Expr value;
    const char *formula;
    uint32_t count;
    CostTerm terms[COST_NOTE_TERMS];
} CostNote;
struct CostNotes {
    Array(CostNote) items;
    bool out_of_memory;
};

/* An operator whose cost is known outside (Lua): true when it has set the cost. */
typedef struct CostHook {
    void *context;
    bool (*cost)(void *context, Op *op, Cost *cost);
} CostHook;

/* Adds to a metric. Terms end with {NULL, 0}; names and formula are literals. */
void cost_add(Op *op, Cost *cost, CostMetric metric, Expr value, const char *formula, const CostTerm *terms);
#define COST_ADD(op, cost, metric, value, ...) COST_ADD_(op, cost, metric, value, __VA_ARGS__, {NULL, 0})
#define COST_ADD_(op, cost, metric, value, formula, ...)                                                     \
    cost_add(op, cost, metric, value, formula, (const CostTerm[]){__VA_ARGS__})

/* ---- what formulas are made of ---- */

/* A place of a node: input or output i. */
typedef struct Place {
    bool is_output;
    uint32_t index;
} Place;
#define INPUT(i)  ((Place){false, (i)})
#define OUTPUT(i) ((Place){true, (i)})

/* N(X): elements; of a sequence, of all its items; 0 when left out. */
Expr op_elements(Op *op, Place place);
/* Bytes in memory, packed, rounded up to whole bytes; 0 when left out, EXPR_UNKNOWN for strings and what has no shape. */
Expr op_nbytes(Op *op, Place place);
/* The shape of a place; false when it is left out or its rank is not known. */
bool op_place_shape(Op *op, Place place, Shape *shape);
/* The dtype of a place, 0 when it is left out or unknown. */
uint32_t op_place_dtype(Op *op, Place place);
/* An input that is the same in every run: an initializer or what follows from constants alone. */
bool op_is_constant(const Op *op, uint32_t input);
/* Nobody else needs an input of before: a node of the same graph made it, and this one alone reads it. */
bool op_is_last_use(const Op *op, uint32_t input);
/* A dimension; a negative axis counts from the end. EXPR_UNKNOWN when there is none. */
Expr op_dim(Op *op, Place place, int32_t axis);
/* R: the rows of an input along an axis, which may count from the end: the product of all other dimensions, or (is_flat: axes
 * from that one on are one) of those before it. 0 when the input has no elements; EXPR_UNKNOWN when its shape is not known or
 * has no such axis. */
Expr op_rows(Op *op, uint32_t input, int64_t axis, bool is_flat);
/* A constant input whose items are all 0 (zero points), or one that is left out; false when that is not known. */
bool op_is_zero(Op *op, uint32_t input);

static inline Expr op_times(const Op *op, Expr a, Expr b) {
    return expr_multiply(op->algebra, a, b);
}
static inline Expr op_plus(const Op *op, Expr a, Expr b) {
    return expr_add(op->algebra, a, b);
}
static inline Expr op_minus(const Op *op, Expr a, Expr b) {
    return expr_subtract(op->algebra, a, b);
}

/* ---- bytes other than all inputs and all outputs ---- */

/* A view, or nothing but metadata. */
void cost_bytes_none(Cost *cost);
/* Of input 0 as many bytes are read as are written, of others none: Slice, Split. */
void cost_bytes_of_output(Op *op, Cost *cost);
/* Reads: of a constant input they are weight bytes. */
void cost_reads(Op *op, Cost *cost, uint32_t input, Expr nbytes);

/* Why something is not known; the first reason counts. All metrics that no rule gave become unknown. */
void cost_gap(Op *op, Cost *cost, const char *reason);

/* ---- rules that many operators share ---- */

void cost_view(Op *op, Cost *cost);      /* 0; no bytes: metadata only */
void cost_move(Op *op, Cost *cost);      /* 0; in + out */
void cost_copy(Op *op, Cost *cost);      /* 0; as many bytes read as written */
void cost_uncounted(Op *op, Cost *cost); /* strings and maps: 0, and listed */
void cost_unstated(Op *op, Cost *cost);  /* no formula is stated: a gap */
void cost_body(Op *op, Cost *cost);      /* control flow: what its bodies cost; in + out */
void cost_each_1(Op *op, Cost *cost);    /* elementwise N(Y) */
void cost_each_2(Op *op, Cost *cost);    /* 2 N(Y), ... */
void cost_each_3(Op *op, Cost *cost);
void cost_each_4(Op *op, Cost *cost);
void cost_each_5(Op *op, Cost *cost);
void cost_transcendental(Op *op, Cost *cost); /* N(Y) transcendentals */

/* So many elementwise operations and transcendentals, 0 to 5 each, for every element of Y; and a rule that is no more. */
void cost_each(Op *op, Cost *cost, int64_t elementwise, int64_t transcendentals);
#define COST_EACH_RULE(name, elementwise, transcendentals)                                                   \
    void name(Op *op, Cost *cost) {                                                                          \
        cost_each(op, cost, elementwise, transcendentals);                                                   \
    }

/* Around what a quantised operator does with floats: 2*N_in to dequantise (zero point, scale), 5*N_out to quantise again
 * (division, rounding, zero point, two bounds). */
void cost_requantize(Op *op, Cost *cost, Expr in, Expr out);

/* A fused activation of n = N(Y) elements, by its operator's name; "" is none. */
void cost_activation(Op *op, Cost *cost, Bytes name, Expr n);

#endif
