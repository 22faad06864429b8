/* Reading a model, inside src/graph: what the load_*.c files share. Reading has two passes.
 *
 * 1. Graph by graph (load.c): a graph's messages are walked once, front to back; a subgraph is only noted
 *    and read when its turn comes, so no depth of nesting nests calls. Node inputs are symbols until then.
 * 2. Linking (link.c): graphs are entered in scope order, symbols become value ids, consumers are counted,
 *    execution order is checked or made.
 */
#ifndef ONNXDOC_LOAD_H
#define ONNXDOC_LOAD_H

#include "base/arena.h"
#include "graph/diagnose.h"
#include "graph/model.h"
#include "onnx/wire.h"

/* A ValueInfoProto, or only a name. */
typedef struct Declaration {
    Symbol name;
    Id type;
    uint32_t info;
    uint64_t offset;
} Declaration;

/* A node one of whose subgraphs, however deep, reads a value of the node's own graph. */
typedef struct Capture {
    Id node;
    Id value;
} Capture;

/* What a name stood for before a subgraph gave it another meaning. */
typedef struct Shadow {
    Symbol name;
    Id value;
} Shadow;

#ifndef EDGE_NAMES
#define EDGE_NAMES 32
#endif
#define RECENT_OPERATORS 64

/* The names of the last `count` items of node_inputs or node_outputs: interned together, EDGE_NAMES at a time,
 * while their places in memory are being fetched (interner_place). */
typedef struct EdgeNames {
    uint32_t count;
    uint32_t used; /* of text */
    struct {
        uint32_t place; /* interner_place */
        uint32_t size;
    } names[EDGE_NAMES];
    char text[EDGE_NAMES * 64];
} EdgeNames;

typedef struct Loader {
    Model *model;
    Reader reader;
    Error *err;
    Interner operators;                    /* (domain, op_type, overload) as bytes -> operator id + 1 */
    Id recent_operators[RECENT_OPERATORS]; /* by op_type modulo their number; spares most look-ups */
    Interner functions;                    /* likewise -> index in function_graphs + 1 */
    Array(Id) function_graphs;
    Interner locations; /* location symbols as bytes -> data file id + 1 */
    Array(Id) scope;    /* by symbol: the value that the name stands for, or ID_NONE */

    /* Of the graph or attribute being read. */
    EdgeNames input_names;
    EdgeNames output_names;
    Array(Declaration) inputs;
    Array(Declaration) outputs;
    Array(Declaration) value_infos;
    Array(Id) initializers;
    Array(Symbol) names; /* of a function's attributes */
    Array(struct Member {
        uint32_t type;
        Id id;
    }) members; /* graphs, tensors and types of an attribute */

    /* Of linking. */
    Array(Id) forward; /* by graph: a value some node reads before the node that makes it, or ID_NONE */
    Array(Capture) captures;
    Array(Shadow) undo;
} Loader;

/* array_push that fails the load when memory runs out. */
#define LOAD_PUSH(l, array, ...) (array_push((array), __VA_ARGS__) || load_out_of_memory(l))

bool load_out_of_memory(Loader *l);
bool load_symbol(Loader *l, const Message *message, const char *field, Symbol *symbol);
/* As load_symbol; "ai.onnx" becomes "". */
bool load_domain(Loader *l, const Message *message, const char *field, Symbol *symbol);
bool load_text(Loader *l, const Message *message, const char *field, Text *text);
bool load_int(Loader *l, const Message *message, const char *field, int64_t *value);
/* Messages that are read again when a script asks for them are checked now, so that asking cannot fail. */
bool load_check_entry(Loader *l, const Message *message);
typedef bool LeafCheck(Arena *arena, Bytes bytes, uint64_t offset, Error *err);
bool load_check_leaf(Loader *l, const Message *message, const char *field, LeafCheck *check);
/* Appends ids to Model.lists. */
bool load_list(Loader *l, const Id *ids, uint32_t count, List *list);
/* Notes a graph to be read later. `graph.range` says where it stands. */
bool load_push_graph(Loader *l, Graph graph, uint64_t offset, Id *id);

bool load_attribute(Loader *l, const Message *message, Id graph, Id node, Attribute *attribute);
bool load_tensor(Loader *l, const Message *message, Id graph, Id node, Id *tensor);
bool load_sparse_tensor(Loader *l, const Message *message, Id graph, Id node, Id *tensor);
bool load_type(Loader *l, uint64_t offset, uint64_t length, unsigned depth, Id *type);
bool load_value_info(Loader *l, const Message *message, Declaration *declaration);

/* Makes the values of a graph that was just read: inputs, initializers, node outputs; attaches types. */
bool load_define_values(Loader *l, Id graph);

/* The second pass; order_graphs and check_opsets are its last steps. */
bool link_model(Loader *l);
/* Gives graphs whose nodes do not stand in execution order one; ERROR_CYCLE when there is none. */
bool order_graphs(Loader *l);
/* Reports domains whose nodes have no operator set version. */
bool check_opsets(Loader *l);

#endif
