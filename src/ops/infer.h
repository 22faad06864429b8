/* Inference, inside src/ops: what infer.c (walking graphs), op.c (what rules call), contents.c (contents on demand) and
 * control.c (subgraphs and calls) share.
 */
#ifndef ONNXDOC_INFER_H
#define ONNXDOC_INFER_H

#include "ops/ensemble.h"
#include "ops/op.h"

/* Nodes inferred in all, calls counted each time: functions that call functions can be far more than the file holds. */
#define INFER_NODE_LIMIT ((uint64_t)20 << 20)
/* Calls inside calls. */
#define INFER_CALL_LIMIT 64
/* Graphs inside graphs, subgraphs and calls together. Each takes up to 18 KB of the stack (Scan). */
#define INFER_DEPTH_LIMIT 256

/* A value whose contents are being worked out. */
typedef struct Demand {
    uint32_t frame;
    Id value;
} Demand;

typedef struct ContentsSlot {
    const Contents *contents; /* in Infer.arena */
} ContentsSlot;

/* What an operator's schema demands (signature.c). */
typedef struct SignatureAttribute {
    Symbol name;  /* SYMBOL_NONE: no node of the model has one of that name */
    uint8_t type; /* AttributeType */
    bool is_required;
    Bytes text;
} SignatureAttribute;
typedef struct Signature {
    bool is_known;                                    /* false: there is no schema */
    uint64_t required;                                /* bit i: input i must be there (of the first 64) */
    uint32_t least_inputs, most_inputs, most_outputs; /* UINT32_MAX: any number */
    uint32_t first_attribute, attribute_count;        /* in Infer.attributes */
} Signature;

/* An operator of the model in one version of its domain. */
typedef struct ResolvedRule {
    bool is_resolved;
    bool is_main; /* `version` is what the main graph imports */
    int64_t version;
    const OpRule *rule; /* NULL: the table has none */
    Signature signature;
} ResolvedRule;

struct Infer {
    Shapes *shapes;
    Model *model;
    Algebra *algebra;
    OperatorHook hook;
    Interner shape_table; /* arrays of Expr as bytes -> ShapeId */
    Interner frame_table; /* {frame, node, graph} as bytes -> index in frame_numbers + 1 */
    Array(uint32_t) frame_numbers;
    Interner ensemble_table; /* where its lists stand in the file, as bytes -> index in ensembles + 1 */
    Array(EnsembleDepths) ensembles;
    Interner dim_table; /* {fact, axis} as bytes -> index in dim_symbols + 1 */
    Array(SymbolId) dim_symbols;
    Array(ContentsSlot) contents; /* by ContentsId; the first two hold NULL */
    Arena arena;                  /* of contents */
    Array(Demand) demands;
    Array(Expr) scratch; /* of the contents rule that runs */
    ResolvedRule *rules; /* by operator id: the version last asked for */
    Array(SignatureAttribute) attributes;
    uint32_t *first_frames; /* by graph; FRAME_NONE */
    uint64_t nodes_left;
    uint32_t call_depth;
    uint32_t graph_depth;
    uint32_t epoch;             /* of the algebra, when shape ids were last the whole truth */
    bool in_contents;           /* a contents rule runs: nothing new is asked for */
    bool is_again;              /* the body of a loop is inferred once more: what it says was said already */
    bool is_costing;            /* cost rules run: what is wrong with a node was said */
    Array(Expr) shape_elements; /* by ShapeId, when first asked for */
    const uint8_t *value_flags; /* by fact, while costs are counted */
    char cost_gap[160];         /* the reason of the node at hand */
    bool looked_further;        /* a cost rule asked for more than facts: contents not known yet, other readers */
    bool out_of_memory;         /* checked at the end: until then facts just stay unknown */
};

/* Text of the Shapes; empty when memory runs out. */
Text infer_text(Infer *infer, const char *format, va_list args);
/* Interns; SHAPE_UNKNOWN for rank -1. */
ShapeId infer_shape(Infer *infer, const Shape *shape);
Fact *infer_fact(Infer *infer, uint32_t frame, Id value);
/* Its position in Shapes.facts; UINT32_MAX when the frame has none. */
uint32_t infer_fact_index(const Infer *infer, uint32_t frame, Id value);

/* What a value is in a frame, as costs see it. */
enum {
    VALUE_IS_CONSTANT = 1, /* the same in every run */
    VALUE_IS_SHAPE = 2,    /* follows from shapes */
};
/* Elements, and bytes as packed in memory (strings and maps: EXPR_UNKNOWN). Of a sequence, of all its items. */
Expr infer_elements(Infer *infer, ShapeId shape);
Expr infer_fact_elements(Infer *infer, Fact fact);
Expr infer_fact_nbytes(Infer *infer, Fact fact);

/* The frame of a graph that `node` enters from `frame`, made when it is new; FRAME_NONE when memory runs out. Its facts are
 * unknown afterwards. */
uint32_t infer_enter(Infer *infer, FrameKind kind, uint32_t frame, Id node, Id graph);
/* Infers all nodes of a frame whose inputs are set. */
void infer_graph(Infer *infer, uint32_t frame);

/* A node that calls a local function. */
void infer_call(Op *op, Id function);
/* Where the contents of a node's output come from when it is a call or an If whose condition is known. */
bool infer_contents_source(Op *op, uint32_t output, Demand *source);

/* New contents of `count` items, to be filled in, and their id; NULL when memory runs out. */
Contents *infer_new_contents(Infer *infer, uint32_t count, ContentsId *id);
/* The number of elements of a tensor when it is constant and at most CONTENTS_LIMIT; false otherwise. */
bool infer_small_count(const Infer *infer, Fact fact, uint32_t *count);
/* The elements of a tensor, read now; CONTENTS_NONE when they are too many or cannot be read. */
ContentsId infer_tensor_contents(Infer *infer, Id tensor);

void signature_read(Infer *infer, const Operator *operation, int64_t version, Signature *signature);
/* Reports what of a node does not fit. */
void signature_check(Op *op, const Signature *signature);

void op_init(Op *op, Infer *infer, uint32_t frame, Id node);
void infer_problem(Infer *infer, ShapeProblemCode code, uint32_t frame, Id node, Id value, const char *format,
                   ...) __attribute__((format(printf, 6, 7)));
/* The symbol of one dimension of a fact, the same one when asked again. */
SymbolId infer_dim_symbol(Infer *infer, uint32_t frame, Id value, uint32_t axis, SymbolOrigin origin,
                          int64_t least, Text reason);
/* Symbols in place of EXPR_UNKNOWN, of the value and for that reason. */
void infer_complete(Infer *infer, uint32_t frame, Id value, Shape *shape, Text reason);
/* A fact for a declared type. Names of dimensions become symbols of `origin`. */
Fact infer_declared(Infer *infer, uint32_t frame, Id value, Id type, SymbolOrigin origin);
/* One fact that both are: where they differ, new symbols of the value. Used for branches and for loops. */
Fact infer_merge(Infer *infer, uint32_t frame, Id value, Fact a, Fact b, const char *why);
bool infer_same_fact(Infer *infer, Fact a, Fact b);

#endif
