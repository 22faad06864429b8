/* View: a model's nodes and values as structure is asked about. The canonical view leaves out what exporters differ in: shape
 * arithmetic, constants and how they are made, and nodes that hand their input on (Identity, Cast, Dropout). The raw view is
 * the graph as it is written.
 *
 *     classes    by node: what it is there for
 *     sources    by value: the value it stands for, itself unless pass-through nodes made it of another one
 *     users      by value (CSR): the nodes that read it or what stands for it; in the canonical view nodes that compute only.
 *                A node stands there once for each input.
 *     operators  by operator of the model: what is the same for all its nodes. Calls of functions of the model are told
 *                apart by what is in the function, not by what it is called.
 *
 * Both are of graphs, subgraphs and functions alike: ids are the model's. Classes are those in the first frame of a graph; in
 * graphs that nothing enters, nodes compute unless they are constants by themselves.
 *
 *     by_operator  by operator (CSR), made on first use: its nodes in execution order, whose numbers are `ranks` (NULL: in
 *                the order of ids)
 *     neighbourhoods  by node, made on first use (match/hash.h): what it does, and what is around it
 *
 * A View owns its arrays and borrows the Costs it was made from.
 */
#ifndef ONNXDOC_VIEW_H
#define ONNXDOC_VIEW_H

#include "cost/costs.h"

typedef enum NodeClass {
    NODE_CLASS_COMPUTE,
    NODE_CLASS_SHAPE,        /* shape and index arithmetic */
    NODE_CLASS_CONSTANT,     /* all inputs are constant */
    NODE_CLASS_PASS_THROUGH, /* Identity, Cast, CastLike, Dropout */
} NodeClass;

typedef struct OperatorTraits {
    uint64_t hash;   /* of domain, name and overload; of a function's body where it calls one */
    uint64_t family; /* the hash; of functions, the same for those that differ in some nodes (families.h) */
    uint32_t size;   /* nodes that compute which it stands for: 1, or those of the function it calls */
    bool is_commutative; /* operands may change places */
    bool hands_on;       /* Identity, Cast, CastLike, Dropout */
} OperatorTraits;

typedef struct View {
    const Costs *costs;
    bool is_raw;
    OperatorTraits *operators;
    uint8_t *classes;
    Id *sources;
    uint32_t *first_user; /* value_count + 1; undefined names' values too */
    IdArray users;
    uint32_t *first_of_operator; /* operators + 1; NULL: not made yet */
    Id *by_operator;
    uint32_t *ranks;
    uint64_t *neighbourhoods;
} View;

/* "compute", "shape", "constant", "pass-through". */
const char *node_class_name(NodeClass class);

/* NULL and *err when memory runs out. */
View *view_make(const Costs *costs, bool raw, Error *err);
void view_free(View *view);

/* Makes by_operator and ranks where they are not there yet. */
bool view_index_operators(View *view, Error *err);

static inline Id view_source(const View *view, Id value) {
    return value == ID_NONE ? ID_NONE : view->sources[value];
}
static inline IdSpan view_users(const View *view, Id value) {
    return (IdSpan){view->users.items + view->first_user[value],
                    view->first_user[value + 1] - view->first_user[value]};
}
static inline const OperatorTraits *view_operator(const View *view, Id node) {
    return &view->operators[view->costs->shapes->model->nodes.items[node].op];
}
/* The same in every run: an initializer, or made of constants alone. */
bool view_is_constant(const View *view, Id value);
static inline IdSpan view_nodes_of(const View *view, Id operation) {
    uint32_t first = view->first_of_operator[operation];
    return (IdSpan){view->by_operator + first, view->first_of_operator[operation + 1] - first};
}
/* Where a node stands among all in execution order, graph by graph. */
static inline uint32_t view_rank(const View *view, Id node) {
    return view->ranks ? view->ranks[node] : node;
}
/* The node that a value comes from in this view: none for constants and inputs (in the raw view, as written). */
Id view_producer(const View *view, Id value);

#endif
