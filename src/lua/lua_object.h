/* What the Lua types share. A Model is a userdata that owns the C Model; graphs, nodes, values and tensors
 * are handles {model, id} that keep their model alive through a user value. The same object always gives
 * the same handle (a weak cache by id in the Model's user values), so == and table keys work.
 *
 * Each type has a list of fields and of methods. Reading a field calls its getter with the object at
 * stack index 1; it pushes one value. Unknown names are nil; pairs() walks the fields.
 */
#ifndef ONNXDOC_LUA_OBJECT_H
#define ONNXDOC_LUA_OBJECT_H

#include <lauxlib.h>
#include <lua.h>

#include "cost/costs.h"
#include "graph/index.h"
#include "graph/model.h"
#include "match/layers.h"
#include "onnx/leaf.h"
#include "ops/shapes.h"

typedef enum ObjectKind {
    OBJECT_GRAPH,
    OBJECT_NODE,
    OBJECT_VALUE,
    OBJECT_TENSOR,
    OBJECT_PART,  /* of a graph in which something repeats: a layer, the stem, ... */
    OBJECT_GROUP, /* of layers */
    OBJECT_KIND_COUNT
} ObjectKind;

/* The userdata of a Model. What C code needs while Lua errors may pass lives here, so that closing the
 * model frees it. User values 1 to OBJECT_KIND_COUNT: the handle caches; then those named below. */
typedef struct LuaModel {
    Model *model;           /* NULL: closed */
    struct LuaModel *base;  /* views: the one that owns the model; user value VIEW_BASE keeps it alive */
    struct LuaModel *views; /* those that are open, linked by next_view */
    struct LuaModel *next_view;
    Shapes *shapes;     /* made on first use */
    Costs *costs;       /* likewise */
    View *structure[2]; /* likewise: canonical, raw */
    Layers *layers;     /* likewise */
    bool is_inferring;  /* an operator's function may run: it can neither infer again nor close the model */
    NameIndex index;
    bool has_index;
    Reader reader;
    Error err;
    Arena arena;
    PayloadCursor cursors[2];
    TensorPayload payloads[2];
    bool cursor_open[2];
} LuaModel;

#define QUANTIZATION_CACHE   (OBJECT_KIND_COUNT + 1)
#define VALUE_LIST_METATABLE (OBJECT_KIND_COUNT + 2) /* here, since the registry is slower to look in */
#define VIEW_OPTIONS         (OBJECT_KIND_COUNT + 3) /* bindings: what was given to model:with, merged */
#define VIEW_BASE            (OBJECT_KIND_COUNT + 4)
#define ALGEBRA              (OBJECT_KIND_COUNT + 5) /* owns the algebra of the shapes: Exprs may outlive the model */
#define FACTS                (OBJECT_KIND_COUNT + 6) /* what model.facts gave */
#define MODEL_USER_VALUES    (OBJECT_KIND_COUNT + 6)

typedef struct Handle {
    LuaModel *owner;
    Id id;
} Handle;

typedef struct Field {
    const char *name;
    lua_CFunction get;
} Field;

/* Names of the types: metatables are in the registry by name. */
extern const char MODEL_TYPE[], GRAPH_TYPE[], NODE_TYPE[], VALUE_TYPE[], VALUE_LIST_TYPE[], TENSOR_TYPE[],
    PART_TYPE[], GROUP_TYPE[];

/* Makes the metatable of a type: __index over fields and methods, __pairs, __name, __metatable. `extra`
 * holds further metamethods. Leaves nothing on the stack. */
void object_register(lua_State *L, const char *type, const char *shown, const Field *fields,
                     const luaL_Reg *methods, const luaL_Reg *extra);

/* Pushes a new handle cache, with room for `count`: the metatable of the kind, then the handles by id. */
void object_push_cache(lua_State *L, ObjectKind kind, uint32_t count);

/* Pushes the handle of an object; `model` is the stack index of the Model userdata. ID_NONE pushes nil. */
void object_push(lua_State *L, int model, ObjectKind kind, Id id);

/* The handle at `arg`, of an open model; raises otherwise. */
Handle *object_check(lua_State *L, int arg, ObjectKind kind);
/* As object_check, for getters, whose caller has checked the type. */
Handle *object_self(lua_State *L);
/* The model userdata at `arg`, open; the one in upvalue 1 of an iterator. */
LuaModel *model_check(lua_State *L, int arg);
LuaModel *model_upvalue(lua_State *L);
/* Pushes the Model userdata of the handle at `arg` and returns its stack index. */
int object_push_model(lua_State *L, int arg);

void object_push_bytes(lua_State *L, Bytes bytes);
void object_push_text(lua_State *L, const Model *model, Text text);
void object_push_symbol(lua_State *L, const Model *model, Symbol symbol);
/* An operator as people write it: "Conv", "com.microsoft.Attention"; `op` is in Model.operators. */
void object_push_operator(lua_State *L, const Model *model, Id op);
/* Integers from 64 unsigned bits; past 2^63 a float. */
void object_push_unsigned(lua_State *L, uint64_t value);
/* The same, as a field of the table at the top. */
void object_set_unsigned(lua_State *L, const char *field, uint64_t value);

/* Adds a name as people see it: escaped, `quote` (or 0 for none) escaped too. */
void object_add_shown(luaL_Buffer *buffer, Bytes name, char quote);

/* Pushes two hexadecimal digits for each byte. */
void object_push_hex(lua_State *L, const unsigned char *bytes, size_t size);

/* nil, message, code from an Error. */
int object_fail(lua_State *L, const Error *err);
/* Raises an Error (for fields, which have no second result). */
int object_raise(lua_State *L, const Error *err);

/* A reader over the model's file that outlives Lua errors; for one getter at a time. */
Reader *object_reader(LuaModel *owner);

/* Pushes the string in `field` of the message at `range`, or nil when it is absent. */
void object_push_doc(lua_State *L, LuaModel *owner, ByteRange range, const char *message, uint32_t field);
/* Pushes {key = value} from the StringStringEntryProto fields of the message at `range`. */
void object_push_entries(lua_State *L, LuaModel *owner, ByteRange range, const char *message, uint32_t field);

/* The name index, made on first use; raises when memory runs out. */
const NameIndex *object_index(lua_State *L, LuaModel *owner);

/* Pushes a list of handles for ids (nil entries are skipped); `model` is a stack index. */
void object_push_list(lua_State *L, int model, ObjectKind kind, IdSpan ids);

/* The `op` option of nodes{op = "Conv"}: an operator filter from the options table at `arg` (or none). */
typedef struct OperatorFilter {
    bool all;
    bool none; /* the model has no such operator */
    Symbol domain, op_type;
} OperatorFilter;
OperatorFilter object_operator_filter(lua_State *L, int arg, const Model *model);
/* Raises when `arg` is neither none, nil nor a table, or has a key that is none of `names` (NULL behind the last): "find: unknown
 * option 'x', there are all and raw", `there` being the last part. */
void object_check_options(lua_State *L, int arg, const char *what, const char *const *names,
                          const char *there);
bool operator_filter_matches(const OperatorFilter *filter, const Model *model, Id node);

void lua_model_register(lua_State *L);
void lua_graph_register(lua_State *L);
void lua_node_register(lua_State *L);
void lua_value_register(lua_State *L);
void lua_tensor_register(lua_State *L);

/* A model gets its userdata first and is loaded then, so that nothing is lost when Lua runs out of memory: prepare
 * pushes the userdata, closed; load makes it own the model in `source`, which it takes over, and leaves one value on
 * top, the userdata, or three: nil, message, code. Returns how many. `nbytes`: what the model will hold, roughly, for
 * the guard that may run. */
LuaModel *lua_model_prepare(lua_State *L, uint64_t nbytes);
int lua_model_load(lua_State *L, LuaModel *owner, Source *source, const ModelOptions *options);

/* Pushes a Model userdata that shares the model of the one at `base` and closes with it. */
void lua_model_push_view(lua_State *L, int base);

/* Pushes the plain Lua value of an attribute; `model` is a stack index. */
void attribute_push(lua_State *L, int model, const Attribute *attribute);

/* Text of a declared type, and of a tensor's own: "float32[N,3]". */
void type_push(lua_State *L, const Model *model, Id type);
void tensor_type_add(luaL_Buffer *buffer, const Model *model, const Tensor *tensor);
/* Pushes ValueList userdata for a node's inputs or outputs; the node is at stack index 1. */
void value_list_push(lua_State *L, bool is_output);
/* Pushes {tensor name = {key = value}} for a graph, read once. */
void quantization_push(lua_State *L, int model, Id graph);

/* Pushes {[""] = 17, ["com.microsoft"] = 1} for a range of Model.opsets; "ai.onnx" reads as "". */
void opset_table_push(lua_State *L, const Model *model, uint32_t first, uint32_t count);

/* Pushes {location, path, size} of an external data file. */
void file_push(lua_State *L, const Model *model, Id file);

/* A node's own place in text: name, or Op#index when it has none, name#index when its graph has several of that
 * name; behind its graph's path. */
void node_push_path(lua_State *L, const NameIndex *index, Id node);
void graph_push_path(lua_State *L, const NameIndex *index, Id graph);

#endif
