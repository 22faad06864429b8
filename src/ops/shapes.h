/* Shapes: what is known of every value of a model: its type, its shape in terms of the model's symbols, and, asked for one
 * by one, its contents where they are small and follow from shapes and constants.
 *
 * A Shapes is made for one set of bindings and assumptions and borrows its Model. It owns all that hangs on it; Exprs and
 * shapes die with it.
 *
 *     facts      by place. The facts of a graph lie side by side, in the order of its values, where its frame says:
 *                facts[frame.first_fact + (value - graph.first_value)]
 *     frames     one for each time a graph is entered. Frame 0 is the main graph; a subgraph has one for each frame its
 *                owner node is in, a function one for each call (it is inferred anew with each call's shapes). The first
 *                frame of a graph has its facts at the values' own ids.
 *     shapes     interned: equal shapes have equal ids. 0 is "not even the rank is known".
 *     elements   what sequences, optionals and maps hold
 *
 * Unknown dimensions are symbols like any other, with a SymbolInfo that says why nobody knows them.
 */
#ifndef ONNXDOC_SHAPES_H
#define ONNXDOC_SHAPES_H

#include "base/arena.h"
#include "dim/expr.h"
#include "graph/model.h"

/* Tensors of more dimensions are not followed (numpy's limit is the same). */
#define SHAPE_RANK_LIMIT 32
/* Contents of more elements are not kept. */
#define CONTENTS_LIMIT 4096

typedef struct Shape {
    int32_t rank; /* -1: unknown */
    Expr dims[SHAPE_RANK_LIMIT];
} Shape;

typedef uint32_t ShapeId;
#define SHAPE_UNKNOWN ((ShapeId)0)

typedef struct Contents {
    uint32_t count;
    Expr items[]; /* numbers as Exprs, bool as 0 and 1; EXPR_UNKNOWN where one is not known */
} Contents;

typedef uint32_t ContentsId;
#define CONTENTS_PENDING ((ContentsId)0) /* nobody asked yet */
#define CONTENTS_NONE    ((ContentsId)1) /* asked, and not known */

typedef struct Fact {
    uint8_t kind;  /* TypeKind; TYPE_KIND_NONE: unknown */
    uint8_t dtype; /* tensors: Dtype, 0 unknown; map: the key's */
    ShapeId shape; /* tensors; opaque: a type's id in the model; else: an index in Shapes.elements */
    ContentsId contents;
} Fact;

typedef struct ElementFact {
    Fact fact;
    Expr length; /* sequences: how many; EXPR_UNKNOWN where not known */
} ElementFact;

typedef enum FrameKind { FRAME_MAIN, FRAME_SUBGRAPH, FRAME_CALL } FrameKind;

typedef struct Frame {
    FrameKind kind;
    Id graph;
    uint32_t parent; /* the frame it sees by name (subgraphs), or that calls it; FRAME_NONE: main graph */
    Id node;         /* the node, in `parent`, whose graph or call it is; ID_NONE for the main graph */
    uint32_t first_fact;
    Expr turns; /* how often it runs each time `node` does: of loops the trip count, else 1 */
} Frame;
#define FRAME_NONE UINT32_MAX

typedef enum SymbolOrigin {
    SYMBOL_INPUT,    /* a declared dimension of a graph input */
    SYMBOL_DATA,     /* depends on contents: what NonZero finds */
    SYMBOL_UNKNOWN,  /* should follow from shapes, but does not; `reason` says why */
    SYMBOL_DECLARED, /* only in a value_info or an output's type: another name of what was inferred there */
} SymbolOrigin;

#define AXIS_TRIPS UINT32_MAX
typedef struct SymbolInfo {
    SymbolOrigin origin;
    Id value;      /* whose dimension it is */
    uint32_t axis; /* AXIS_TRIPS: none, but how often the loop that gives the value runs */
    uint32_t frame;
    Text reason; /* in Shapes.text; empty for inputs */
} SymbolInfo;

/* Something taken to be true. */
typedef struct Assumption {
    bool is_derived; /* follows from the model (element counts, ...); else assumed (broadcasting) */
    uint32_t frame;
    Id node;
    Expr left, right; /* as they were before; one of them is bound now */
} Assumption;

/* A node whose outputs could not be inferred, and why. */
typedef struct Gap {
    uint32_t frame;
    Id node;
    Text reason;
} Gap;

/* X(NAME, "code", "severity") */
#define SHAPE_PROBLEMS(X)                                                                                    \
    X(MISMATCH, "shape-mismatch", "error")      /* dimensions that must be equal are not */                  \
    X(DECLARED, "declared-shape", "warning")    /* the declared type is not what is inferred */              \
    X(ATTRIBUTE, "attribute-value", "error")    /* missing, of the wrong type, or out of range */            \
    X(ARITY, "input-count", "error")            /* too few or too many inputs or outputs */                  \
    X(RANK, "rank", "error")                    /* a rank the operator does not take */                      \
    X(AXIS, "axis", "error")                    /* an axis outside the shape */                              \
    X(NEGATIVE, "negative-dimension", "error")  /* a dimension that comes out below 0 */                     \
    X(OVERFLOW, "overflow", "error")            /* a size past what 128 bits hold, or division by 0 */       \
    X(LIMIT, "limit", "warning")                /* more than a stated limit */                               \
    X(RECURSION, "recursive-function", "error") /* a function that calls itself */                           \
    X(OPERATOR, "operator", "error")            /* an operator defined outside failed */                     \
    X(BINDING, "binding", "error")              /* bound values that contradict each other or the model */

typedef enum ShapeProblemCode {
#define X(NAME, code, severity) SHAPE_PROBLEM_##NAME,
    SHAPE_PROBLEMS(X)
#undef X
        SHAPE_PROBLEM_COUNT
} ShapeProblemCode;

typedef struct ShapeProblem {
    ShapeProblemCode code;
    uint32_t frame;
    Id node;
    Id value;
    Text message;
} ShapeProblem;
/* Of one code that many are kept; `omitted` counts the rest. */
#define SHAPE_PROBLEMS_PER_CODE 64

typedef struct Shapes {
    Model *model;
    Algebra *algebra;
    bool owns_algebra;
    Array(Fact) facts;
    Array(Frame) frames;
    Array(ElementFact) elements;
    Array(SymbolInfo) symbols; /* by SymbolId; shorter where later ones were made by others */
    Array(Assumption) assumptions;
    Array(Gap) gaps;
    Array(ShapeProblem) problems;
    uint32_t problem_counts[SHAPE_PROBLEM_COUNT];
    Interner text;
    struct Infer *infer; /* what contents are asked through */
} Shapes;

/* What is given from outside. All borrowed for the call. */
typedef struct ShapeBinding {
    Bytes symbol;
    int64_t value;
} ShapeBinding;
typedef struct InputShape {
    Bytes input;
    uint32_t rank;
    const int64_t *dims; /* -1: as declared */
} InputShape;
typedef struct InputContents {
    Bytes input;
    uint32_t count;
    const double *items; /* as many as the input has elements, or one for all */
} InputContents;

/* An operator from outside (Lua); Op is in op.h. */
typedef struct Op Op;

typedef struct OperatorHook {
    void *context;
    /* True when it knows the operator and has set the outputs; false when it does not know it. */
    bool (*infer)(void *context, Op *op);
} OperatorHook;

typedef struct ShapesOptions {
    const ShapeBinding *bindings;
    uint32_t binding_count;
    const InputShape *shapes;
    uint32_t shape_count;
    const InputContents *contents;
    uint32_t contents_count;
    OperatorHook hook; /* infer NULL: none */
    Algebra
        *algebra; /* a new one of the caller's, who frees it after the Shapes; NULL: the Shapes has its own */
} ShapesOptions;

/* NULL and *err when memory runs out, or a binding names a symbol (input) the model does not have: the message lists those
 * it has. All else that is wrong is in problems. `options` may be NULL. */
Shapes *shapes_infer(Model *model, const ShapesOptions *options, Error *err);
void shapes_free(Shapes *shapes);

const char *shape_problem_name(ShapeProblemCode code);
const char *shape_problem_severity(ShapeProblemCode code);

static inline Bytes shapes_text(const Shapes *shapes, Text text) {
    return interner_text(&shapes->text, text);
}

/* The frame, from `frame` outwards, that has facts of the value's graph; FRAME_NONE when there is none. */
uint32_t shapes_frame_of(const Shapes *shapes, uint32_t frame, Id value);
/* The fact of a value as seen from a frame (its own graph's, or an outer one's). */
const Fact *shapes_fact(const Shapes *shapes, uint32_t frame, Id value);
/* The first frame of a graph; FRAME_NONE when nothing enters it. */
uint32_t shapes_first_frame(const Shapes *shapes, Id graph);
/* The frame of a subgraph or function body as entered from a node; FRAME_NONE when there is none. */
uint32_t shapes_child_frame(const Shapes *shapes, uint32_t frame, Id node, Id graph);

/* The dimensions of a shape, bindings and equations applied. */
void shapes_get(const Shapes *shapes, ShapeId id, Shape *shape);
/* The elements of a value, or NULL: worked out now, on first use. */
const Contents *shapes_contents(Shapes *shapes, uint32_t frame, Id value);

#endif
