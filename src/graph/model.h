/* Model: an ONNX file as a graph. A Model owns everything reachable from it, its Source included;
 * model_free frees all, and pointers from getters die with it. It does not change after model_load.
 *
 * Nodes, values, tensors, types are 32-bit ids: indices into the arrays below. ID_NONE is "there is none".
 * Names of values, operators, attributes and symbols are interned (Symbol); names of nodes are Text.
 *
 *     graphs[0]      the main graph; subgraphs of If/Loop/Scan, functions and training graphs follow, a
 *                    graph always behind the one its owner node is in
 *     nodes          graph by graph, in file order; graph.first_node, graph.node_count
 *     node_inputs    value ids, node by node: node i has [nodes[i].first_input, nodes[i+1].first_input);
 *                    ID_NONE where an optional input is left out. node_outputs likewise. One sentinel node
 *                    stands at the end (node_count does not count it).
 *     values         one for every graph input, initializer and node output, and one for every name that is
 *                    used but never defined; graph by graph as they are found. A definition is a value of its own even
 *                    when its name is taken; lookups find the first.
 *     consumers      node ids, value by value (CSR): value v has [values[v].first_consumer,
 *                    values[v+1].first_consumer), a node once for each input that reads v. Also has a sentinel.
 *     lists          ids that belong together: graph inputs, outputs, initializers
 *
 * Byte ranges (offset, length) are positions in the model file, of the message's contents.
 */
#ifndef ONNXDOC_MODEL_H
#define ONNXDOC_MODEL_H

#include "base/array.h"
#include "base/bytes.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/intern.h"
#include "onnx/payload.h"
#include "onnx/source.h"

typedef uint32_t Id;
#define ID_NONE UINT32_MAX

/* Graphs inside graphs, and types inside types, deeper than this are refused (ONNX Runtime's limit too). */
#define MODEL_DEPTH_LIMIT 32
/* Diagnostics of one code that are kept one by one; the rest is counted (Diagnostic.omitted). */
#define DIAGNOSTICS_PER_CODE   64
#define MODEL_DIAGNOSTIC_CODES 32

typedef Array(Id) IdArray;

typedef struct ByteRange {
    uint64_t offset;
    uint64_t length;
} ByteRange;

typedef struct List {
    uint32_t first; /* in Model.lists */
    uint32_t count;
} List;

typedef enum GraphKind {
    GRAPH_KIND_MAIN,
    GRAPH_KIND_SUBGRAPH, /* the value of an attribute of `owner` */
    GRAPH_KIND_FUNCTION, /* a model-local function; domain, overload, attributes, opsets are set */
    GRAPH_KIND_TRAINING_INITIALIZATION,
    GRAPH_KIND_TRAINING_ALGORITHM,
} GraphKind;

typedef struct Graph {
    GraphKind kind;
    uint32_t depth;   /* 0 main, functions and training; a subgraph is one deeper than its owner's graph */
    Symbol name;      /* functions: the operator's name */
    Symbol domain;    /* functions: "" for ai.onnx */
    Symbol overload;  /* functions */
    Id owner;         /* subgraphs: the node, ... */
    Symbol attribute; /* ... and the attribute whose value it is */
    Id parent; /* the graph whose names it sees: owner's graph; main for training; none for functions */
    Id first_node;
    uint32_t node_count;
    Id first_value; /* what it defines; names it uses that nothing defines stand behind all graphs' values */
    uint32_t value_count;
    List inputs;       /* value ids */
    List outputs;      /* value ids; ID_NONE where the name is empty */
    List initializers; /* tensor ids, sparse ones too */
    List order;        /* node ids in execution order when the file's order is not topological, else empty */
    List attributes;   /* functions: symbols of the attributes without default ... */
    uint32_t first_default; /* ... and the ones with: in Model.defaults */
    uint32_t default_count;
    uint32_t first_opset; /* functions: own imports, in Model.opsets */
    uint32_t opset_count;
    ByteRange range;
} Graph;

/* What a node runs: operator type, domain ("" for ai.onnx, also where the file spells it out), overload. */
typedef struct Operator {
    Symbol domain;
    Symbol op_type;
    Symbol overload;
    Id function; /* the model-local function (a graph id) it calls, or ID_NONE */
} Operator;

typedef struct Node {
    uint64_t offset; /* of the NodeProto's contents */
    uint32_t length;
    Text name;
    Id op; /* in Model.operators */
    Id graph;
    uint32_t first_input;
    uint32_t first_output;
    uint32_t first_attribute;
} Node;

/* AttributeProto.AttributeType. */
typedef enum AttributeType {
    ATTRIBUTE_UNDEFINED = 0,
    ATTRIBUTE_FLOAT = 1,
    ATTRIBUTE_INT = 2,
    ATTRIBUTE_STRING = 3,
    ATTRIBUTE_TENSOR = 4,
    ATTRIBUTE_GRAPH = 5,
    ATTRIBUTE_FLOAT_LIST = 6,
    ATTRIBUTE_INT_LIST = 7,
    ATTRIBUTE_STRING_LIST = 8,
    ATTRIBUTE_TENSOR_LIST = 9,
    ATTRIBUTE_GRAPH_LIST = 10,
    ATTRIBUTE_SPARSE = 11,
    ATTRIBUTE_SPARSE_LIST = 12,
    ATTRIBUTE_TYPE_PROTO = 13,
    ATTRIBUTE_TYPE_PROTO_LIST = 14,
    ATTRIBUTE_TYPE_COUNT
} AttributeType;

/* Lists of up to this many numbers or strings, and strings of up to this many bytes, are kept in memory;
 * longer ones are read from the file when asked for. */
#define ATTRIBUTE_STORED_LIMIT 4096

typedef struct Attribute {
    Symbol name;
    Symbol reference; /* in functions: the function's attribute it takes its value from, or SYMBOL_NONE */
    uint8_t type;     /* AttributeType; where the file does not say, as populated */
    bool stored;      /* the value is in memory (always, but for long strings and lists) */
    uint32_t length;  /* of the AttributeProto's contents ... */
    uint64_t offset;  /* ... in the file */
    union {
        int64_t i;
        float f;
        Text s;
        struct {
            uint32_t
                first; /* numbers, strings: in Model.integers, floats, strings; graphs, tensors, types, also */
            uint32_t count; /* a single one: their ids in Model.lists */
        };
    };
} Attribute;

typedef struct Value {
    Symbol name;
    Id graph;
    Id producer;   /* the node whose output it is, or ID_NONE */
    Id tensor;     /* the initializer that gives its contents, or ID_NONE */
    Id type;       /* declared: graph input or output, else value_info; ID_NONE when undeclared */
    uint32_t info; /* in Model.infos: where its ValueInfoProto stands (doc, metadata), or ID_NONE */
    uint32_t first_consumer;
    uint8_t is_input : 1;
    uint8_t is_output : 1;
    uint8_t is_undefined : 1; /* used, defined nowhere */
    uint8_t is_duplicate : 1; /* an earlier value of this graph has the same name */
} Value;

typedef enum TypeKind {
    TYPE_KIND_NONE,
    TYPE_KIND_TENSOR,
    TYPE_KIND_SPARSE_TENSOR,
    TYPE_KIND_SEQUENCE,
    TYPE_KIND_OPTIONAL,
    TYPE_KIND_MAP,
    TYPE_KIND_OPAQUE
} TypeKind;

typedef struct Type {
    uint8_t kind;
    uint8_t has_shape;  /* tensors: false means that not even the rank is known */
    uint32_t dtype;     /* tensors: number as in the file; map: the key's */
    Id element;         /* sequence, optional: what they hold; map: the value's type */
    uint32_t first_dim; /* tensors, in Model.dims */
    uint32_t rank;
    Symbol denotation; /* "TENSOR", "IMAGE", ... or empty */
    Symbol domain;     /* opaque */
    Symbol name;       /* opaque */
} Type;

typedef enum DimKind { DIM_UNKNOWN, DIM_KNOWN, DIM_SYMBOL } DimKind;

typedef struct Dim {
    uint8_t kind;
    Symbol symbol; /* DIM_SYMBOL */
    Symbol denotation;
    int64_t size; /* DIM_KNOWN; negative sizes are kept and reported */
} Dim;

typedef struct Tensor {
    Symbol name;
    Id graph;
    Id node;      /* the node whose attribute it is, or ID_NONE for an initializer */
    Id value;     /* initializers: the value it gives its contents to; ID_NONE for the others */
    uint8_t kind; /* PayloadKind */
    bool is_sparse;
    bool
        has_size; /* count and nbytes hold; false when dims are negative or overflow, or the dtype is unknown */
    uint32_t dtype; /* number as in the file */
    uint32_t rank;
    uint32_t first_dim; /* in Model.tensor_dims */
    uint64_t count;     /* elements */
    uint64_t nbytes;    /* as stored, packed; strings: the sum of their lengths */
    ByteRange
        data; /* RAW: the bytes in the model file; typed fields: the TensorProto; EXTERNAL: range in the other file */
    ByteRange range;  /* the TensorProto's contents (sparse: the SparseTensorProto's) */
    Id file;          /* EXTERNAL: in Model.files, or ID_NONE */
    Id sparse_values; /* sparse tensors: the two tensors inside; ID_NONE for dense ones */
    Id sparse_indices;
} Tensor;

/* A file that holds external data. Its path is inside the model's directory (or --data-root), links resolved. */
typedef struct DataFile {
    Symbol location; /* as the model gives it */
    Text path;       /* resolved; empty when it may not or cannot be read */
    uint64_t size;
    Source *source; /* opened when first read */
    uint8_t status; /* ExternalStatus */
} DataFile;

typedef struct Opset {
    Symbol domain; /* "" for ai.onnx */
    int64_t version;
} Opset;

typedef struct Training {
    Id initialization; /* graphs, or ID_NONE */
    Id algorithm;
    ByteRange range;
} Training;

/* Something wrong with the model that does not keep it from being read. */
typedef struct Diagnostic {
    uint8_t code; /* DiagnosticCode, diagnose.h: its name and severity stand there */
    Text message;
    Id graph; /* each ID_NONE where it does not apply */
    Id node;
    Id value;
    Id tensor;
    uint64_t offset;  /* byte in the model file, or ERROR_NO_OFFSET */
    uint32_t omitted; /* > 0 on the last one kept of a code: so many more of it were found */
} Diagnostic;

typedef struct Model {
    Source *source;
    Interner text;
    char *path;      /* as given, or NULL for a memory block */
    char *directory; /* of the path as given and of the file it leads to: where external data may be; */
    char *resolved_directory; /* NULL where there is none */
    char *data_root;

    int64_t ir_version; /* 0 when absent */
    int64_t model_version;
    Text producer_name;
    Text producer_version;
    Symbol domain;
    ByteRange doc; /* everywhere: length 0 when absent */

    Array(Opset) opsets; /* [0, opset_count): the model's; then the functions' */
    uint32_t opset_count;
    Array(Graph) graphs;
    Array(Node) nodes;
    uint32_t node_count;
    uint32_t value_count;
    Array(Operator) operators;
    IdArray node_inputs;
    IdArray node_outputs;
    Array(Attribute) attributes; /* of nodes */
    Array(Attribute) defaults;   /* of functions */
    Array(Value) values;
    IdArray consumers;
    Array(Tensor) tensors;
    Array(int64_t) tensor_dims;
    Array(Type) types;
    Array(Dim) dims;
    IdArray lists;
    Array(int64_t) integers;
    Array(float) floats;
    Array(Text) strings;
    Array(ByteRange) infos;
    Array(DataFile) files;
    Array(Training) trainings;
    Array(Diagnostic) diagnostics;
    uint32_t diagnostic_counts[MODEL_DIAGNOSTIC_CODES]; /* kept, by code; and which of them is the last */
    uint32_t last_diagnostic[MODEL_DIAGNOSTIC_CODES];
} Model;

typedef struct ModelOptions {
    const char *path;      /* for messages and external data; may be NULL */
    const char *directory; /* where external data may be, when it is not the directory of path; may be NULL */
    bool no_directory;     /* path is only a name: there is no external data beside it */
    const char *data_root; /* one more directory external data may be in; may be NULL */
} ModelOptions;

/* Reads a model from `source`, which it takes over, also on failure. NULL and *err when it cannot be read;
 * what is merely wrong with it is in diagnostics. */
Model *model_load(Source *source, const ModelOptions *options, Error *err);
void model_free(Model *model);

static inline Bytes model_name(const Model *model, Symbol symbol) {
    return interner_name(&model->text, symbol);
}
static inline Bytes model_text(const Model *model, Text text) {
    return interner_text(&model->text, text);
}

typedef struct IdSpan {
    const Id *ids;
    uint32_t count;
} IdSpan;

static inline IdSpan model_list(const Model *model, List list) {
    return (IdSpan){model->lists.items + list.first, list.count};
}
/* The node of a graph that is executed as number i, from 0. */
static inline Id graph_node_at(const Model *model, const Graph *graph, uint32_t i) {
    return graph->order.count ? model->lists.items[graph->order.first + i] : graph->first_node + i;
}
static inline IdSpan node_inputs(const Model *model, Id node) {
    const Node *n = &model->nodes.items[node];
    return (IdSpan){model->node_inputs.items + n->first_input, n[1].first_input - n->first_input};
}
static inline IdSpan node_outputs(const Model *model, Id node) {
    const Node *n = &model->nodes.items[node];
    return (IdSpan){model->node_outputs.items + n->first_output, n[1].first_output - n->first_output};
}
static inline uint32_t node_attribute_count(const Model *model, Id node) {
    const Node *n = &model->nodes.items[node];
    return n[1].first_attribute - n->first_attribute;
}
static inline IdSpan value_consumers(const Model *model, Id value) {
    const Value *v = &model->values.items[value];
    return (IdSpan){model->consumers.items + v->first_consumer, v[1].first_consumer - v->first_consumer};
}

/* The attribute called `name`, NULL when the node has none. */
const Attribute *node_attribute(const Model *model, Id node, Symbol name);
/* The operator set version of a domain the model imports. 0: none. */
int64_t model_opset(const Model *model, Symbol domain);
/* The operator set version that holds for a node: its function's own imports, else the model's. 0: none. */
int64_t node_opset(const Model *model, Id node);

/* A Payload with the words its errors name it by; the payload points into it, so it is not to be copied. */
typedef struct TensorPayload {
    Payload payload;
    char label[144];
} TensorPayload;

/* Fills a payload to read the tensor with; opens its external file on first use. ERROR_DATA with the reason
 * when there is nothing to read. Sparse tensors have none of their own: read their two tensors. */
bool tensor_payload(Model *model, Id tensor, TensorPayload *payload, Error *err);

#endif
