/* Model: a loaded file. `local m <close> = assert(onnxdoc.load("model.onnx"))`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "graph/diagnose.h"
#include "lua/lua_cost.h"
#include "lua/lua_guard.h"
#include "lua/lua_layers.h"
#include "lua/lua_object.h"
#include "lua/lua_parameters.h"
#include "lua/lua_pattern.h"
#include "lua/lua_shapes.h"
#include "onnx/fields.h"

/* Handles of one kind up to which their table is made in one piece. */
#define HANDLES_AT_ONCE 16384

static const Model *self_model(lua_State *L) {
    return model_check(L, 1)->model;
}

static ByteRange whole_file(const Model *model) {
    return (ByteRange){0, model->source->size};
}

LuaModel *lua_model_prepare(lua_State *L, uint64_t nbytes) {
    LuaModel *owner = guard_new_userdata(L, sizeof *owner, MODEL_USER_VALUES, nbytes);
    *owner = (LuaModel){0};
    luaL_setmetatable(L, MODEL_TYPE);
    return owner;
}

/* The handle caches are weak tables; sized at once for models whose handles all fit in a megabyte or so, since
 * a table that grows key by key is counted again each time it doubles. */
static void finish_model(lua_State *L, LuaModel *owner, Model *model) {
    uint32_t counts[OBJECT_KIND_COUNT] = {model->graphs.count, model->node_count, model->value_count,
                                          model->tensors.count};
    owner->model = model;
    reader_init(&owner->reader, model->source, &owner->err);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
        object_push_cache(L, (ObjectKind)kind, counts[kind] <= HANDLES_AT_ONCE ? counts[kind] : 0);
        lua_pushvalue(L, -2);
        lua_setmetatable(L, -2);
        lua_setiuservalue(L, -3, kind + 1);
    }
    lua_pop(L, 1);
    luaL_getmetatable(L, VALUE_LIST_TYPE);
    lua_setiuservalue(L, -2, VALUE_LIST_METATABLE);
}

int lua_model_load(lua_State *L, LuaModel *owner, Source *source, const ModelOptions *options) {
    Error err = {0};
    Model *model = model_load(source, options, &err);
    if (!model) return object_fail(L, &err);
    finish_model(L, owner, model);
    return 1;
}

void lua_model_push_view(lua_State *L, int base) {
    LuaModel *owner = lua_touserdata(L, base);
    if (owner->base) owner = owner->base;
    uint64_t nbytes = 20000 + ((uint64_t)owner->model->node_count + owner->model->value_count) * 64;
    LuaModel *view = lua_model_prepare(L, nbytes);
    view->base = owner;
    view->next_view = owner->views;
    owner->views = view;
    if (lua_getiuservalue(L, base, VIEW_BASE) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushvalue(L, base);
    }
    lua_setiuservalue(L, -2, VIEW_BASE);
    finish_model(L, view, owner->model);
}

static void close_one(LuaModel *owner) {
    for (int i = 0; i < 2; i++)
        if (owner->cursor_open[i]) payload_close(&owner->cursors[i]);
    if (owner->has_index) index_free(&owner->index);
    reader_free(&owner->reader);
    arena_free(&owner->arena);
    layers_free(owner->layers);
    for (int i = 0; i < 2; i++) view_free(owner->structure[i]);
    costs_free(owner->costs);
    shapes_free(owner->shapes);
    if (!owner->base) model_free(owner->model);
    *owner = (LuaModel){0};
}

/* An operator's function runs for it or a view of it. */
static bool is_inferring(const LuaModel *owner) {
    bool found = owner->is_inferring;
    for (const LuaModel *view = owner->views; view; view = view->next_view)
        found = found || view->is_inferring;
    return found;
}

/* __gc: frees all, views first; once is enough. */
static int model_collect(lua_State *L) {
    LuaModel *owner = luaL_checkudata(L, 1, MODEL_TYPE);
    if (!owner->model) return 0;
    if (is_inferring(owner)) return luaL_error(L, "a model cannot be closed while its shapes are inferred");
    if (owner->base) {
        LuaModel **link = &owner->base->views;
        while (*link != owner) link = &(*link)->next_view;
        *link = owner->next_view;
    }
    for (LuaModel *view = owner->views, *next; view; view = next) {
        next = view->next_view;
        close_one(view);
    }
    close_one(owner);
    return 0;
}

/* close and __close */
static int model_close(lua_State *L) {
    guard_refuse(L, "closing a model");
    return model_collect(L);
}

/* ---- fields ---- */

static int get_path(lua_State *L) {
    lua_pushstring(L, self_model(L)->path);
    return 1;
}

static int get_size(lua_State *L) {
    object_push_unsigned(L, self_model(L)->source->size);
    return 1;
}

static int get_ir_version(lua_State *L) {
    lua_pushinteger(L, self_model(L)->ir_version);
    return 1;
}

static int get_model_version(lua_State *L) {
    lua_pushinteger(L, self_model(L)->model_version);
    return 1;
}

static int get_producer_name(lua_State *L) {
    const Model *model = self_model(L);
    object_push_text(L, model, model->producer_name);
    return 1;
}

static int get_producer_version(lua_State *L) {
    const Model *model = self_model(L);
    object_push_text(L, model, model->producer_version);
    return 1;
}

static int get_producer(lua_State *L) {
    const Model *model = self_model(L);
    bool both = model->producer_name.size && model->producer_version.size;
    object_push_text(L, model, model->producer_name);
    lua_pushstring(L, both ? " " : "");
    object_push_text(L, model, model->producer_version);
    lua_concat(L, 3);
    return 1;
}

static int get_domain(lua_State *L) {
    const Model *model = self_model(L);
    object_push_symbol(L, model, model->domain);
    return 1;
}

static int get_doc(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    object_push_doc(L, owner, whole_file(owner->model), "ModelProto", MODEL_DOC_STRING);
    return 1;
}

static int get_metadata(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    object_push_entries(L, owner, whole_file(owner->model), "ModelProto", MODEL_METADATA_PROPS);
    return 1;
}

/* In file order: of two imports of a domain the last counts. */
void opset_table_push(lua_State *L, const Model *model, uint32_t first, uint32_t count) {
    lua_newtable(L);
    for (uint32_t i = first; i < first + count; i++) {
        object_push_symbol(L, model, model->opsets.items[i].domain);
        lua_pushinteger(L, model->opsets.items[i].version);
        lua_rawset(L, -3);
    }
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "");
    lua_rawget(L, -4);
    lua_setfield(L, -2, "ai.onnx");
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

static int get_opset(lua_State *L) {
    const Model *model = self_model(L);
    opset_table_push(L, model, 0, model->opset_count);
    return 1;
}

static int get_opsets(lua_State *L) {
    const Model *model = self_model(L);
    lua_createtable(L, (int)model->opset_count, 0);
    for (uint32_t i = 0; i < model->opset_count; i++) {
        lua_createtable(L, 0, 2);
        object_push_symbol(L, model, model->opsets.items[i].domain);
        lua_setfield(L, -2, "domain");
        lua_pushinteger(L, model->opsets.items[i].version);
        lua_setfield(L, -2, "version");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int get_inputs(lua_State *L) {
    const Model *model = self_model(L);
    object_push_list(L, 1, OBJECT_VALUE, model_list(model, model->graphs.items[0].inputs));
    return 1;
}

static int get_outputs(lua_State *L) {
    const Model *model = self_model(L);
    object_push_list(L, 1, OBJECT_VALUE, model_list(model, model->graphs.items[0].outputs));
    return 1;
}

static int get_graph(lua_State *L) {
    self_model(L);
    object_push(L, 1, OBJECT_GRAPH, 0);
    return 1;
}

static int push_graphs(lua_State *L, bool only_functions) {
    const Model *model = self_model(L);
    lua_newtable(L);
    lua_Integer at = 0;
    for (Id id = 0; id < model->graphs.count; id++) {
        if (only_functions && model->graphs.items[id].kind != GRAPH_KIND_FUNCTION) continue;
        object_push(L, 1, OBJECT_GRAPH, id);
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

static int get_graphs(lua_State *L) {
    return push_graphs(L, false);
}

static int get_functions(lua_State *L) {
    return push_graphs(L, true);
}

static int get_trainings(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    lua_newtable(L);
    for (uint32_t i = 0; i < owner->model->trainings.count; i++) {
        const Training *training = &owner->model->trainings.items[i];
        lua_createtable(L, 0, 4);
        object_push(L, 1, OBJECT_GRAPH, training->initialization);
        lua_setfield(L, -2, "initialization");
        object_push(L, 1, OBJECT_GRAPH, training->algorithm);
        lua_setfield(L, -2, "algorithm");
        object_push_entries(L, owner, training->range, "TrainingInfoProto", TRAINING_INITIALIZATION_BINDING);
        lua_setfield(L, -2, "initialization_binding");
        object_push_entries(L, owner, training->range, "TrainingInfoProto", TRAINING_UPDATE_BINDING);
        lua_setfield(L, -2, "update_binding");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static void push_configuration(lua_State *L, LuaModel *owner, Bytes bytes, uint64_t offset) {
    arena_free(&owner->arena);
    Onnx__DeviceConfigurationProto *found = leaf_configuration(&owner->arena, bytes, offset, &owner->err);
    if (!found) object_raise(L, &owner->err);
    lua_createtable(L, 0, 3);
    object_push_bytes(L, leaf_bytes(found->name));
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, found->num_devices);
    lua_setfield(L, -2, "num_devices");
    lua_newtable(L);
    for (size_t i = 0; i < found->n_device; i++) {
        object_push_bytes(L, leaf_bytes(found->device[i]));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "devices");
}

static int get_configurations(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    Reader *reader = object_reader(owner);
    lua_newtable(L);
    lua_Integer at = 0;
    Message m = message_at("ModelProto", 0, owner->model->source->size);
    while (message_next(reader, &m)) {
        Bytes bytes;
        if (m.field != MODEL_CONFIGURATION) continue;
        if (!message_bytes(reader, &m, "configuration", &bytes)) break;
        push_configuration(L, owner, bytes, m.offset);
        lua_rawseti(L, -2, ++at);
    }
    if (reader->failed) return object_raise(L, &owner->err);
    return 1;
}

static int get_files(lua_State *L) {
    const Model *model = self_model(L);
    lua_newtable(L);
    for (uint32_t i = 0; i < model->files.count; i++) {
        file_push(L, model, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static void set_object(lua_State *L, ObjectKind kind, Id id, const char *field) {
    object_push(L, 1, kind, id);
    lua_setfield(L, -2, field);
}

static int get_diagnostics(lua_State *L) {
    const Model *model = self_model(L);
    lua_createtable(L, (int)model->diagnostics.count, 0);
    for (uint32_t i = 0; i < model->diagnostics.count; i++) {
        const Diagnostic *d = &model->diagnostics.items[i];
        lua_createtable(L, 0, 8);
        lua_pushstring(L, diagnostic_name((DiagnosticCode)d->code));
        lua_setfield(L, -2, "code");
        lua_pushstring(L, diagnostic_severity((DiagnosticCode)d->code));
        lua_setfield(L, -2, "severity");
        object_push_text(L, model, d->message);
        lua_setfield(L, -2, "message");
        set_object(L, OBJECT_GRAPH, d->graph, "graph");
        set_object(L, OBJECT_NODE, d->node, "node");
        set_object(L, OBJECT_VALUE, d->value, "value");
        set_object(L, OBJECT_TENSOR, d->tensor, "tensor");
        if (d->offset != ERROR_NO_OFFSET) {
            object_push_unsigned(L, d->offset);
            lua_setfield(L, -2, "offset");
        }
        if (d->omitted) {
            lua_pushinteger(L, d->omitted);
            lua_setfield(L, -2, "omitted");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- methods ---- */

typedef struct NodeWalk {
    OperatorFilter filter;
    Id next;
} NodeWalk;

/* upvalues: model, NodeWalk */
static int nodes_next(lua_State *L) {
    const Model *model = model_upvalue(L)->model;
    NodeWalk *walk = lua_touserdata(L, lua_upvalueindex(2));
    while (walk->next < model->node_count && !operator_filter_matches(&walk->filter, model, walk->next))
        walk->next++;
    if (walk->next >= model->node_count) return 0;
    object_push(L, lua_upvalueindex(1), OBJECT_NODE, walk->next++);
    return 1;
}

static int model_nodes(lua_State *L) {
    const Model *model = model_check(L, 1)->model;
    lua_settop(L, 2);
    OperatorFilter filter = object_operator_filter(L, 2, model);
    lua_pushvalue(L, 1);
    NodeWalk *walk = lua_newuserdatauv(L, sizeof *walk, 0);
    *walk = (NodeWalk){filter, 0};
    lua_pushcclosure(L, nodes_next, 2);
    return 1;
}

static int find_by_name(lua_State *L, ObjectKind kind) {
    LuaModel *owner = model_check(L, 1);
    Bytes name;
    name.data = luaL_checklstring(L, 2, &name.size);
    const NameIndex *index = object_index(L, owner);
    uint32_t count;
    Id id =
        kind == OBJECT_NODE ? index_find_node(index, name, &count) : index_find_value(index, name, &count);
    object_push(L, 1, kind, id);
    lua_pushinteger(L, count);
    return 2;
}

static int model_node(lua_State *L) {
    return find_by_name(L, OBJECT_NODE);
}

static int model_value(lua_State *L) {
    return find_by_name(L, OBJECT_VALUE);
}

/* Bytes that are read at once to be hashed, and how many of them count as one instruction in a guard. */
enum { HASHED_AT_ONCE = 1 << 18, HASHED_BYTES = 8 };

/* model:sha256(): of the bytes of the file, without external data, as 64 hexadecimal digits */
static int model_sha256(lua_State *L) {
    LuaModel *owner = model_check(L, 1);
    Source *source = owner->model->source;
    unsigned char digest[SHA256_BYTES], *piece = lua_newuserdatauv(L, HASHED_AT_ONCE, 0);
    Sha256 sha;
    sha256_init(&sha);
    for (uint64_t at = 0; at < source->size;) {
        uint64_t left = source->size - at;
        size_t size = left < HASHED_AT_ONCE ? (size_t)left : HASHED_AT_ONCE;
        guard_spend(L, size / HASHED_BYTES);
        if (!source_read(source, at, piece, size, &owner->err)) return object_fail(L, &owner->err);
        sha256_update(&sha, piece, size);
        at += size;
    }
    sha256_finish(&sha, digest);
    object_push_hex(L, digest, sizeof digest);
    return 1;
}

/* ---- tensors{sort, limit} ---- */

typedef struct TensorOrder {
    const Model *model;
    char key; /* 'b' nbytes, 's' size, 'n' name, 0 as in the file */
    bool descending;
} TensorOrder;

/* Tensors of unknown size stand behind all others; ties keep the file's order. */
static int compare_tensors(const void *a, const void *b, void *context) {
    const TensorOrder *order = context;
    Id i = *(const Id *)a, j = *(const Id *)b;
    const Tensor *x = &order->model->tensors.items[i], *y = &order->model->tensors.items[j];
    int result = 0;
    if (order->key == 'n') {
        Bytes p = model_name(order->model, x->name), q = model_name(order->model, y->name);
        result = memcmp(p.data, q.data, p.size < q.size ? p.size : q.size);
        if (result == 0) result = (p.size > q.size) - (p.size < q.size);
    } else if (order->key) {
        if (x->has_size != y->has_size) return x->has_size ? -1 : 1;
        uint64_t p = order->key == 'b' ? x->nbytes : x->count, q = order->key == 'b' ? y->nbytes : y->count;
        result = (p > q) - (p < q);
    }
    if (order->descending) result = -result;
    return result ? result : (i > j) - (i < j);
}

static TensorOrder check_sort(lua_State *L, const Model *model) {
    static const char *const names[] = {"nbytes", "size", "name", NULL};
    TensorOrder order = {.model = model};
    if (lua_getfield(L, 2, "sort") != LUA_TNIL) {
        const char *sort = luaL_checkstring(L, -1);
        order.descending = *sort == '-';
        sort += order.descending;
        for (int i = 0; names[i]; i++)
            if (strcmp(sort, names[i]) == 0) order.key = "bsn"[i];
        if (!order.key)
            luaL_error(L,
                       "tensors: option 'sort' is '%s'; nbytes, size and name exist, '-' in front turns them",
                       sort);
    }
    lua_pop(L, 1);
    return order;
}

/* upvalues: model, ids, count, position */
static int tensors_next(lua_State *L) {
    model_upvalue(L);
    const Id *ids = lua_touserdata(L, lua_upvalueindex(2));
    lua_Integer count = lua_tointeger(L, lua_upvalueindex(3)), at = lua_tointeger(L, lua_upvalueindex(4));
    if (at >= count) return 0;
    object_push(L, lua_upvalueindex(1), OBJECT_TENSOR, ids[at]);
    lua_pushinteger(L, at + 1);
    lua_replace(L, lua_upvalueindex(4));
    return 1;
}

/* The two tensors inside a sparse one are not tensors of their own here. */
static uint32_t list_tensors(const Model *model, Id *ids) {
    uint32_t count = 0;
    for (Id id = 0; id < model->tensors.count; id++) ids[count++] = id;
    for (Id id = 0; id < model->tensors.count; id++) {
        const Tensor *tensor = &model->tensors.items[id];
        if (tensor->sparse_values != ID_NONE) ids[tensor->sparse_values] = ID_NONE;
        if (tensor->sparse_indices != ID_NONE) ids[tensor->sparse_indices] = ID_NONE;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] != ID_NONE) ids[kept++] = ids[i];
    return kept;
}

static int model_tensors(lua_State *L) {
    const Model *model = model_check(L, 1)->model;
    static const char *const names[] = {"limit", "sort", NULL};
    lua_settop(L, 2);
    object_check_options(L, 2, "tensors", names, "there are 'sort' and 'limit'");
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    TensorOrder order = check_sort(L, model);
    guard_spend(L, model->tensors.count);
    lua_getfield(L, 2, "limit");
    lua_Integer limit = luaL_optinteger(L, -1, LUA_MAXINTEGER);
    lua_pushvalue(L, 1);
    Id *ids = lua_newuserdatauv(L, (model->tensors.count + 1) * sizeof *ids, 0);
    uint32_t count = list_tensors(model, ids);
    if (order.key) qsort_r(ids, count, sizeof *ids, compare_tensors, &order);
    lua_pushinteger(L, limit < (lua_Integer)count ? limit : (lua_Integer)count);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, tensors_next, 4);
    return 1;
}

/* ---- metamethods ---- */

static int model_tostring(lua_State *L) {
    LuaModel *owner = luaL_checkudata(L, 1, MODEL_TYPE);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    if (!owner->model) {
        luaL_addstring(&buffer, "Model (closed)");
    } else {
        const char *path = owner->model->path ? owner->model->path : "";
        const char *slash = strrchr(path, '/');
        char counted[64];
        luaL_addstring(&buffer, "Model \"");
        path = slash && slash[1] ? slash + 1 : path;
        object_add_shown(&buffer, (Bytes){path, strlen(path)}, '"');
        snprintf(counted, sizeof counted, "\" (%u node%s)", owner->model->node_count,
                 owner->model->node_count == 1 ? "" : "s");
        luaL_addstring(&buffer, counted);
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int model_length(lua_State *L) {
    lua_pushinteger(L, self_model(L)->node_count);
    return 1;
}

/* {op = count} over all graphs; names as node.op has them. */
static int get_operators(lua_State *L) {
    const Model *model = self_model(L);
    uint32_t *counts = lua_newuserdatauv(L, (model->operators.count + (size_t)1) * sizeof *counts, 0);
    memset(counts, 0, model->operators.count * sizeof *counts);
    for (Id node = 0; node < model->node_count; node++) counts[model->nodes.items[node].op]++;
    lua_newtable(L);
    for (Id op = 0; op < model->operators.count; op++) {
        if (counts[op] == 0) continue;
        object_push_operator(L, model, op);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3); /* overloads of one name are one */
        lua_pushinteger(L, lua_tointeger(L, -1) + counts[op]);
        lua_remove(L, -2);
        lua_rawset(L, -3);
    }
    return 1;
}

/* The facts that code in the running guard was given before, or nil: its own, so that it cannot change what others read. */
static bool push_guarded_facts(lua_State *L) {
    guard_push_value(L, GUARD_FACTS);
    lua_pushvalue(L, 1);
    return lua_rawget(L, -2) == LUA_TTABLE;
}

static void keep_guarded_facts(lua_State *L) {
    guard_push_value(L, GUARD_FACTS);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* The facts with default values for symbols: lua/onnxdoc/facts.lua makes them section by section. */
static int get_facts(lua_State *L) {
    bool is_guarded = guard_runs(L);
    if (is_guarded ? push_guarded_facts(L) : lua_getiuservalue(L, 1, FACTS) == LUA_TTABLE) return 1;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "onnxdoc.facts");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "of");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (is_guarded) {
        keep_guarded_facts(L);
        return 1;
    }
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, FACTS);
    return 1;
}

void lua_model_register(lua_State *L) {
    static const Field fields[] = {{"path", get_path},
                                   {"size", get_size},
                                   {"ir_version", get_ir_version},
                                   {"producer", get_producer},
                                   {"producer_name", get_producer_name},
                                   {"producer_version", get_producer_version},
                                   {"domain", get_domain},
                                   {"model_version", get_model_version},
                                   {"doc", get_doc},
                                   {"metadata", get_metadata},
                                   {"opset", get_opset},
                                   {"opsets", get_opsets},
                                   {"inputs", get_inputs},
                                   {"outputs", get_outputs},
                                   {"graph", get_graph},
                                   {"graphs", get_graphs},
                                   {"functions", get_functions},
                                   {"trainings", get_trainings},
                                   {"configurations", get_configurations},
                                   {"files", get_files},
                                   {"diagnostics", get_diagnostics},
                                   {"shape_diagnostics", model_get_shape_diagnostics},
                                   {"cost", model_get_cost},
                                   {"cost_gaps", model_get_cost_gaps},
                                   {"parameters", model_get_parameters},
                                   {"coverage", model_get_coverage},
                                   {"facts", get_facts},
                                   {"operators", get_operators},
                                   {"symbols", model_get_symbols},
                                   {"assumptions", model_get_assumptions},
                                   {"gaps", model_get_gaps},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {{"nodes", model_nodes},
                                       {"node", model_node},
                                       {"value", model_value},
                                       {"tensors", model_tensors},
                                       {"with", model_with},
                                       {"costs", model_costs},
                                       {"memory", model_memory},
                                       {"layers", model_layers},
                                       {"close", model_close},
                                       {"find", model_find},
                                       {"paths", model_paths},
                                       {"sha256", model_sha256},
                                       {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__gc", model_collect},
                                     {"__close", model_close},
                                     {"__tostring", model_tostring},
                                     {"__len", model_length},
                                     {NULL, NULL}};
    object_register(L, MODEL_TYPE, "Model", fields, methods, extra);
}
