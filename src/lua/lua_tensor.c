/* Tensor: an initializer, or the value of a tensor attribute. Its elements stay in the file until asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lua/lua_guard.h"
#include "lua/lua_object.h"
#include "lua/lua_parameters.h"
#include "onnx/fields.h"
#include "weights/hash.h"
#include "weights/stats.h"

/* Elements values() hands out when nobody said how many. */
#define VALUES_LIMIT ((uint64_t)1 << 24)
/* Bytes decoded at a time. */
#define CHUNK 4096
/* The same where they are only hashed: from here on the payload is read without a copy through the window. */
#define CHUNK_HASHED 65536
/* What hash{sample =} reads at least: two blocks. */
#define SAMPLE_LEAST (2 * HASH_BLOCK)

static const Model *self_model(lua_State *L) {
    return object_self(L)->owner->model;
}

static const Tensor *self_tensor(lua_State *L) {
    const Handle *handle = object_self(L);
    return &handle->owner->model->tensors.items[handle->id];
}

static int push_object(lua_State *L, ObjectKind kind, Id id) {
    object_push(L, object_push_model(L, 1), kind, id);
    return 1;
}

static int push_size(lua_State *L, uint64_t size) {
    if (self_tensor(L)->has_size) object_push_unsigned(L, size);
    else lua_pushnil(L);
    return 1;
}

/* ---- fields ---- */

static int get_name(lua_State *L) {
    object_push_symbol(L, self_model(L), self_tensor(L)->name);
    return 1;
}

static int get_dtype(lua_State *L) {
    if (dtype_is_known(self_tensor(L)->dtype)) lua_pushstring(L, dtype_name(self_tensor(L)->dtype));
    else lua_pushnil(L);
    return 1;
}

static int get_shape(lua_State *L) {
    const Tensor *tensor = self_tensor(L);
    lua_createtable(L, (int)(tensor->rank < 64 ? tensor->rank : 64), 0);
    for (uint32_t i = 0; i < tensor->rank; i++) {
        lua_pushinteger(L, self_model(L)->tensor_dims.items[tensor->first_dim + i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int get_rank(lua_State *L) {
    lua_pushinteger(L, self_tensor(L)->rank);
    return 1;
}

static int get_size(lua_State *L) {
    return push_size(L, self_tensor(L)->count);
}

static int get_nbytes(lua_State *L) {
    return push_size(L, self_tensor(L)->nbytes);
}

static int get_storage(lua_State *L) {
    static const char *const names[] = {"none",        "raw",         "float_data",
                                        "int32_data",  "string_data", "int64_data",
                                        "double_data", "uint64_data", "external"};
    lua_pushstring(L, self_tensor(L)->is_sparse ? "sparse" : names[self_tensor(L)->kind]);
    return 1;
}

void file_push(lua_State *L, const Model *model, Id id) {
    const DataFile *file = &model->files.items[id];
    lua_createtable(L, 0, 3);
    object_push_symbol(L, model, file->location);
    lua_setfield(L, -2, "location");
    if (!file->path.size) return;
    object_push_text(L, model, file->path);
    lua_setfield(L, -2, "path");
    object_push_unsigned(L, file->size);
    lua_setfield(L, -2, "size");
}

static int get_file(lua_State *L) {
    if (self_tensor(L)->file == ID_NONE) lua_pushnil(L);
    else file_push(L, self_model(L), self_tensor(L)->file);
    return 1;
}

static int get_location(lua_State *L) {
    if (self_tensor(L)->file == ID_NONE) lua_pushnil(L);
    else object_push_symbol(L, self_model(L), self_model(L)->files.items[self_tensor(L)->file].location);
    return 1;
}

static bool has_data_range(const Tensor *tensor) {
    return !tensor->is_sparse &&
           (tensor->kind == PAYLOAD_RAW || (tensor->kind == PAYLOAD_EXTERNAL && tensor->file != ID_NONE));
}

static int get_data_offset(lua_State *L) {
    if (has_data_range(self_tensor(L))) object_push_unsigned(L, self_tensor(L)->data.offset);
    else lua_pushnil(L);
    return 1;
}

static int get_data_length(lua_State *L) {
    if (has_data_range(self_tensor(L))) object_push_unsigned(L, self_tensor(L)->data.length);
    else lua_pushnil(L);
    return 1;
}

static int get_offset(lua_State *L) {
    object_push_unsigned(L, self_tensor(L)->range.offset);
    return 1;
}

static int get_length(lua_State *L) {
    object_push_unsigned(L, self_tensor(L)->range.length);
    return 1;
}

static int get_node(lua_State *L) {
    return push_object(L, OBJECT_NODE, self_tensor(L)->node);
}

static int get_value(lua_State *L) {
    return push_object(L, OBJECT_VALUE, self_tensor(L)->value);
}

static int get_graph(lua_State *L) {
    return push_object(L, OBJECT_GRAPH, self_tensor(L)->graph);
}

static int get_model(lua_State *L) {
    object_push_model(L, 1);
    return 1;
}

/* A sparse tensor's name, notes and metadata are those of its values. */
static ByteRange note_range(lua_State *L) {
    const Tensor *tensor = self_tensor(L);
    if (tensor->is_sparse && tensor->sparse_values != ID_NONE)
        tensor = &self_model(L)->tensors.items[tensor->sparse_values];
    return tensor->range;
}

static int get_doc(lua_State *L) {
    object_push_doc(L, object_self(L)->owner, note_range(L), "TensorProto", TENSOR_DOC_STRING);
    return 1;
}

static int get_metadata(lua_State *L) {
    object_push_entries(L, object_self(L)->owner, note_range(L), "TensorProto", TENSOR_METADATA_PROPS);
    return 1;
}

static int get_sparse(lua_State *L) {
    const Tensor *tensor = self_tensor(L);
    lua_pushnil(L);
    if (!tensor->is_sparse) return 1;
    int model = object_push_model(L, 1);
    lua_createtable(L, 0, 2);
    object_push(L, model, OBJECT_TENSOR, tensor->sparse_values);
    lua_setfield(L, -2, "values");
    object_push(L, model, OBJECT_TENSOR, tensor->sparse_indices);
    lua_setfield(L, -2, "indices");
    return 1;
}

/* ---- elements ---- */

/* Opens one of the model's two cursors, which are closed with the model should Lua raise an error meanwhile. */
static PayloadCursor *open_cursor(LuaModel *owner, int which, Id tensor) {
    if (owner->cursor_open[which]) payload_close(&owner->cursors[which]);
    owner->cursor_open[which] = false;
    if (!tensor_payload(owner->model, tensor, &owner->payloads[which], &owner->err)) return NULL;
    owner->cursor_open[which] = true;
    return payload_open(&owner->cursors[which], &owner->payloads[which].payload, &owner->err)
               ? &owner->cursors[which]
               : NULL;
}

static void close_cursor(LuaModel *owner, int which) {
    if (owner->cursor_open[which]) payload_close(&owner->cursors[which]);
    owner->cursor_open[which] = false;
}

static void push_element(lua_State *L, const Element *element) {
    switch (element->kind) {
    case ELEMENT_INTEGER: lua_pushinteger(L, element->integer); break;
    case ELEMENT_BOOL: lua_pushboolean(L, element->integer != 0); break;
    case ELEMENT_UNSIGNED: object_push_unsigned(L, element->unsigned_); break;
    case ELEMENT_FLOAT: lua_pushnumber(L, element->real); break;
    case ELEMENT_COMPLEX:
        lua_createtable(L, 2, 0);
        lua_pushnumber(L, element->real);
        lua_rawseti(L, -2, 1);
        lua_pushnumber(L, element->imaginary);
        lua_rawseti(L, -2, 2);
        break;
    }
}

/* Elements [first, first + wanted) of packed elements into the table on top of the stack. */
static bool push_numbers(lua_State *L, LuaModel *owner, PayloadCursor *cursor, uint32_t dtype, uint64_t first,
                         uint64_t wanted) {
    unsigned char raw[CHUNK];
    uint64_t bits = dtype_bits(dtype), in_chunk = CHUNK * 8 / bits, in_byte = bits < 8 ? 8 / bits : 1;
    uint64_t skip = first % in_byte, got;
    lua_Integer at = 0;
    if (!payload_skip(cursor, first - skip, &owner->err)) return false;
    while (wanted) {
        uint64_t ask = wanted + skip < in_chunk ? wanted + skip : in_chunk;
        ask = (ask + in_byte - 1) / in_byte * in_byte;
        if (!payload_pull(cursor, raw, ask, &got, &owner->err)) return false;
        if (got <= skip) break;
        for (uint64_t i = skip; i < got && wanted; i++, wanted--) {
            Element element = element_decode(dtype, raw, i);
            push_element(L, &element);
            lua_rawseti(L, -2, ++at);
        }
        skip = 0;
    }
    return true;
}

static bool push_strings(lua_State *L, LuaModel *owner, PayloadCursor *cursor, uint64_t first,
                         uint64_t wanted) {
    Bytes string;
    bool got;
    lua_Integer at = 0;
    for (uint64_t i = 0; at < (lua_Integer)wanted; i++) {
        if (!payload_pull_string(cursor, &string, &got, &owner->err)) return false;
        if (!got) break;
        if (i < first) continue;
        object_push_bytes(L, string);
        lua_rawseti(L, -2, ++at);
    }
    return true;
}

/* ---- sparse tensors ---- */

static bool sparse_fail(LuaModel *owner, const Tensor *tensor, const char *what) {
    return error_set(&owner->err, ERROR_DATA, tensor->range.offset, "sparse tensor %s: %s",
                     quote(model_name(owner->model, tensor->name)).text, what);
}

/* One number of indices: ONNX has them linear, [NNZ], or by coordinate, [NNZ, rank]. */
static bool next_position(LuaModel *owner, const Tensor *tensor, PayloadCursor *indices, bool by_coordinate,
                          uint64_t *position) {
    const int64_t *dims = owner->model->tensor_dims.items + tensor->first_dim;
    uint32_t numbers = by_coordinate ? tensor->rank : 1;
    *position = 0;
    for (uint32_t axis = 0; axis < numbers; axis++) {
        unsigned char raw[sizeof(int64_t)];
        uint64_t got;
        if (!payload_pull(indices, raw, 1, &got, &owner->err)) return false;
        int64_t index = got ? element_decode(DTYPE_INT64, raw, 0).integer : -1;
        uint64_t limit = by_coordinate ? (uint64_t)dims[axis] : tensor->count;
        if (index < 0 || (uint64_t)index >= limit)
            return sparse_fail(owner, tensor, "an index is outside its dims");
        *position = *position * limit + (uint64_t)index;
    }
    return true;
}

static bool push_sparse(lua_State *L, LuaModel *owner, const Tensor *tensor, uint64_t first,
                        uint64_t wanted) {
    const Tensor *values = &owner->model->tensors.items[tensor->sparse_values];
    const Tensor *indices = &owner->model->tensors.items[tensor->sparse_indices];
    bool by_coordinate = indices->rank == 2;
    if (indices->dtype != DTYPE_INT64 || values->dtype == DTYPE_STRING || !dtype_is_known(values->dtype) ||
        indices->count != (by_coordinate ? values->count * tensor->rank : values->count))
        return sparse_fail(owner, tensor, "indices do not fit values and dims");
    PayloadCursor *value_cursor = open_cursor(owner, 0, tensor->sparse_values);
    PayloadCursor *index_cursor = value_cursor ? open_cursor(owner, 1, tensor->sparse_indices) : NULL;
    if (!index_cursor) return false;
    unsigned char raw[16] = {0};
    Element element = element_decode(values->dtype, raw, 0);
    for (uint64_t i = 0; i < wanted; i++) {
        push_element(L, &element);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    uint64_t in_byte = dtype_bits(values->dtype) < 8 ? 8 / dtype_bits(values->dtype) : 1, got, position;
    for (uint64_t i = 0; i < values->count; i++) {
        if (i % in_byte == 0 && !payload_pull(value_cursor, raw, in_byte, &got, &owner->err)) return false;
        if (!next_position(owner, tensor, index_cursor, by_coordinate, &position)) return false;
        if (position < first || position - first >= wanted) continue;
        element = element_decode(values->dtype, raw, i % in_byte);
        push_element(L, &element);
        lua_rawseti(L, -2, (lua_Integer)(position - first) + 1);
    }
    return true;
}

/* ---- methods ---- */

/* Whether the elements may be handed out: their number is known and, when all are wanted, not too large. */
static bool size_allows(LuaModel *owner, const Tensor *tensor, bool all) {
    if (tensor->has_size && !(all && tensor->count > VALUES_LIMIT)) return true;
    Quoted name = quote(model_name(owner->model, tensor->name));
    if (!tensor->has_size)
        return error_set(&owner->err, ERROR_DATA, tensor->range.offset, "tensor %s: its size is not known",
                         name.text);
    return error_set(&owner->err, ERROR_LIMIT, tensor->range.offset,
                     "tensor %s has %" PRIu64 " elements; say how many you want, or up to %" PRIu64
                     " come at once",
                     name.text, tensor->count, VALUES_LIMIT);
}

/* tensor:values([n [, first]]) */
static int tensor_values(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_TENSOR);
    LuaModel *owner = handle->owner;
    const Tensor *tensor = self_tensor(L);
    bool all = lua_isnoneornil(L, 2);
    lua_Integer asked = luaL_optinteger(L, 2, 0), first = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, asked >= 0, 2, "a count is 0 or more");
    luaL_argcheck(L, first >= 1, 3, "elements are numbered from 1");
    if (!size_allows(owner, tensor, all)) return object_fail(L, &owner->err);
    uint64_t start = (uint64_t)first - 1, left = start < tensor->count ? tensor->count - start : 0;
    uint64_t wanted = all || (uint64_t)asked > left ? left : (uint64_t)asked;
    guard_spend(L,
                wanted + (tensor->is_sparse || tensor->dtype == DTYPE_STRING ? tensor->count : start / 16));
    lua_createtable(L, (int)(wanted < 65536 ? wanted : 65536), 0);
    bool done = wanted == 0;
    if (!done && tensor->is_sparse) {
        done = push_sparse(L, owner, tensor, start, wanted);
        close_cursor(owner, 1);
    } else if (!done) {
        PayloadCursor *cursor = open_cursor(owner, 0, handle->id);
        done = cursor &&
               (tensor->dtype == DTYPE_STRING ? push_strings(L, owner, cursor, start, wanted)
                                              : push_numbers(L, owner, cursor, tensor->dtype, start, wanted));
    }
    close_cursor(owner, 0);
    return done ? 1 : object_fail(L, &owner->err);
}

static void push_stats(lua_State *L, const Stats *stats) {
    lua_createtable(L, 0, 8);
    object_set_unsigned(L, "count", stats->count);
    object_set_unsigned(L, "zeros", stats->zeros);
    object_set_unsigned(L, "nan", stats->nan);
    object_set_unsigned(L, "inf", stats->inf);
    if (!stats->finite) return;
    push_element(L, &stats->min);
    lua_setfield(L, -2, "min");
    push_element(L, &stats->max);
    lua_setfield(L, -2, "max");
    lua_pushnumber(L, stats->mean);
    lua_setfield(L, -2, "mean");
    lua_pushnumber(L, stats->std);
    lua_setfield(L, -2, "std");
}

static bool gather_stats(LuaModel *owner, Id id, Stats *stats) {
    unsigned char raw[CHUNK * 4];
    const Tensor *tensor = &owner->model->tensors.items[id];
    Quoted name = quote(model_name(owner->model, tensor->name));
    if (tensor->is_sparse)
        return error_set(&owner->err, ERROR_DATA, tensor->range.offset,
                         "tensor %s is sparse: its values, tensor.sparse.values, have statistics", name.text);
    if (!stats_supports(tensor->dtype))
        return error_set(&owner->err, ERROR_DATA, tensor->range.offset,
                         "tensor %s: %s elements have no statistics", name.text, dtype_name(tensor->dtype));
    PayloadCursor *cursor = open_cursor(owner, 0, id);
    uint64_t got = cursor != NULL, ask = sizeof raw * 8 / dtype_bits(tensor->dtype);
    bool done = got;
    while (done && got) {
        done = payload_pull(cursor, raw, ask, &got, &owner->err);
        if (done) stats_update(stats, tensor->dtype, raw, got);
    }
    close_cursor(owner, 0);
    stats_finish(stats);
    return done;
}

/* Tells the guard that may run that the tensor's bytes, or a sample of so many, are read. */
static void spend_reading(lua_State *L, uint64_t sample) {
    const Tensor *tensor = self_tensor(L);
    uint64_t nbytes = tensor->has_size ? tensor->nbytes : 0;
    guard_spend(L, 200 + (sample && sample < nbytes ? sample : nbytes) / 256);
}

/* tensor:stats() */
static int tensor_stats(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_TENSOR);
    Stats stats = {0};
    spend_reading(L, 0);
    if (!gather_stats(handle->owner, handle->id, &stats)) return object_fail(L, &handle->owner->err);
    push_stats(L, &stats);
    return 1;
}

/* ---- bytes and their hash ---- */

static bool add_packed(luaL_Buffer *buffer, LuaModel *owner, PayloadCursor *cursor, uint32_t dtype,
                       uint64_t first, uint64_t wanted) {
    uint64_t bits = dtype_bits(dtype), in_chunk = CHUNK * 8 / bits, got, nbytes;
    if (!payload_skip(cursor, first, &owner->err)) return false;
    while (wanted) {
        char *raw = luaL_prepbuffsize(buffer, CHUNK);
        if (!payload_pull(cursor, raw, wanted < in_chunk ? wanted : in_chunk, &got, &owner->err))
            return false;
        if (got == 0) break;
        dtype_nbytes(dtype, got, &nbytes);
        luaL_addsize(buffer, (size_t)nbytes);
        wanted -= got;
    }
    return true;
}

/* Elements that stand alone in their bytes: sub-byte types are cut where a byte starts. */
static bool whole_bytes(lua_State *L, LuaModel *owner, const Tensor *tensor, uint64_t start,
                        uint64_t *wanted) {
    uint32_t bits = dtype_bits(tensor->dtype);
    uint64_t in_byte = bits && bits < 8 ? 8 / bits : 1;
    if (tensor->is_sparse || bits == 0)
        return error_set(&owner->err, ERROR_DATA, tensor->range.offset,
                         "tensor %s is %s: it has no packed form",
                         quote(model_name(owner->model, tensor->name)).text,
                         tensor->is_sparse ? "sparse" : dtype_name(tensor->dtype));
    if (start % in_byte)
        luaL_argerror(L, 3, "elements of less than a byte are given from the start of a byte on");
    uint64_t left = start < tensor->count ? tensor->count - start : 0;
    if (*wanted < left) *wanted += (in_byte - *wanted % in_byte) % in_byte;
    if (*wanted > left) *wanted = left;
    return true;
}

/* tensor:bytes([n [, first]]) */
static int tensor_bytes(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_TENSOR);
    LuaModel *owner = handle->owner;
    const Tensor *tensor = self_tensor(L);
    bool all = lua_isnoneornil(L, 2);
    lua_Integer asked = luaL_optinteger(L, 2, (lua_Integer)VALUES_LIMIT), first = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, asked >= 0, 2, "a count is 0 or more");
    luaL_argcheck(L, first >= 1, 3, "elements are numbered from 1");
    uint64_t start = (uint64_t)first - 1, wanted = (uint64_t)asked;
    if (!size_allows(owner, tensor, all) || !whole_bytes(L, owner, tensor, start, &wanted))
        return object_fail(L, &owner->err);
    guard_spend(L, (wanted + start) / 16);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    PayloadCursor *cursor = wanted ? open_cursor(owner, 0, handle->id) : NULL;
    bool done = !wanted || (cursor && add_packed(&buffer, owner, cursor, tensor->dtype, start, wanted));
    close_cursor(owner, 0);
    if (!done) return object_fail(L, &owner->err);
    luaL_pushresult(&buffer);
    return 1;
}

static bool hash_packed(LuaModel *owner, PayloadCursor *cursor, uint32_t dtype, uint64_t count, Hash *hash) {
    unsigned char raw[CHUNK_HASHED];
    uint64_t in_chunk = sizeof raw * 8 / dtype_bits(dtype), got, nbytes;
    while (count) {
        if (!payload_pull(cursor, raw, count < in_chunk ? count : in_chunk, &got, &owner->err)) return false;
        if (got == 0) break;
        dtype_nbytes(dtype, got, &nbytes);
        hash_update(hash, raw, (size_t)nbytes);
        count -= got;
    }
    return true;
}

/* Each string with its length before it, so that where one ends counts. */
static bool hash_strings(LuaModel *owner, PayloadCursor *cursor, Hash *hash) {
    Bytes string;
    bool got;
    while (payload_pull_string(cursor, &string, &got, &owner->err)) {
        if (!got) return true;
        unsigned char length[8];
        for (unsigned i = 0; i < sizeof length; i++)
            length[i] = (unsigned char)((uint64_t)string.size >> (8 * i));
        hash_update(hash, length, sizeof length);
        hash_update(hash, string.data, string.size);
    }
    return false;
}

static bool hash_sample(LuaModel *owner, PayloadCursor *cursor, const Tensor *tensor, uint32_t blocks,
                        Hash *hash) {
    uint64_t bits = dtype_bits(tensor->dtype), at = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        HashRange block = hash_sample_block(tensor->nbytes, blocks, i);
        uint64_t first = block.offset * 8 / bits;
        uint64_t count = i + 1 < blocks ? block.length * 8 / bits : tensor->count - first;
        if (!payload_skip(cursor, first - at, &owner->err)) return false;
        if (!hash_packed(owner, cursor, tensor->dtype, count, hash)) return false;
        at = first + count;
    }
    return true;
}

/* The `sample` option, 0 without one. */
static uint64_t check_sample(lua_State *L) {
    static const char *const names[] = {"sample", NULL};
    object_check_options(L, 2, "hash", names, "there is 'sample'");
    if (lua_isnoneornil(L, 2)) return 0;
    if (lua_getfield(L, 2, "sample") == LUA_TNIL) return 0;
    lua_Integer sample = luaL_checkinteger(L, -1);
    if (sample < (lua_Integer)SAMPLE_LEAST)
        luaL_error(L, "hash: option 'sample' is %I bytes, at least %I are wanted", (LUAI_UACINT)sample,
                   (LUAI_UACINT)SAMPLE_LEAST);
    return (uint64_t)sample;
}

/* tensor:hash([{sample = bytes}]) */
static int tensor_hash(lua_State *L) {
    const Handle *handle = object_check(L, 1, OBJECT_TENSOR);
    LuaModel *owner = handle->owner;
    const Tensor *tensor = self_tensor(L);
    uint64_t sample = check_sample(L);
    if (tensor->is_sparse) {
        error_set(&owner->err, ERROR_DATA, tensor->range.offset,
                  "tensor %s is sparse: its two tensors, tensor.sparse, have hashes",
                  quote(model_name(owner->model, tensor->name)).text);
        return object_fail(L, &owner->err);
    }
    spend_reading(L, sample);
    bool strings = tensor->dtype == DTYPE_STRING;
    bool in_part = sample && !strings && tensor->has_size && tensor->nbytes > sample;
    uint64_t blocks = sample / HASH_BLOCK < UINT32_MAX ? sample / HASH_BLOCK : UINT32_MAX;
    Hash hash;
    hash_init(&hash);
    PayloadCursor *cursor = open_cursor(owner, 0, handle->id);
    bool done = cursor && (strings   ? hash_strings(owner, cursor, &hash)
                           : in_part ? hash_sample(owner, cursor, tensor, (uint32_t)blocks, &hash)
                                     : hash_packed(owner, cursor, tensor->dtype, tensor->count, &hash));
    close_cursor(owner, 0);
    if (!done) return object_fail(L, &owner->err);
    char digits[24];
    snprintf(digits, sizeof digits, "%016" PRIx64, hash_value(&hash));
    lua_pushstring(L, digits);
    lua_pushboolean(L, in_part);
    return 2;
}

static int tensor_tostring(lua_State *L) {
    const Handle *handle = luaL_checkudata(L, 1, TENSOR_TYPE);
    if (!handle->owner->model) {
        lua_pushliteral(L, "Tensor (of a closed model)");
        return 1;
    }
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "Tensor \"");
    object_add_shown(&buffer, model_name(self_model(L), self_tensor(L)->name), '"');
    luaL_addstring(&buffer, "\" ");
    tensor_type_add(&buffer, self_model(L), self_tensor(L));
    luaL_pushresult(&buffer);
    return 1;
}

void lua_tensor_register(lua_State *L) {
    static const Field fields[] = {{"name", get_name},
                                   {"dtype", get_dtype},
                                   {"shape", get_shape},
                                   {"rank", get_rank},
                                   {"size", get_size},
                                   {"nbytes", get_nbytes},
                                   {"storage", get_storage},
                                   {"location", get_location},
                                   {"file", get_file},
                                   {"data_offset", get_data_offset},
                                   {"data_length", get_data_length},
                                   {"sparse", get_sparse},
                                   {"node", get_node},
                                   {"use", tensor_get_use},
                                   {"users", tensor_get_users},
                                   {"value", get_value},
                                   {"graph", get_graph},
                                   {"model", get_model},
                                   {"doc", get_doc},
                                   {"metadata", get_metadata},
                                   {"offset", get_offset},
                                   {"length", get_length},
                                   {NULL, NULL}};
    static const luaL_Reg methods[] = {{"values", tensor_values},
                                       {"bytes", tensor_bytes},
                                       {"stats", tensor_stats},
                                       {"hash", tensor_hash},
                                       {NULL, NULL}};
    static const luaL_Reg extra[] = {{"__tostring", tensor_tostring}, {NULL, NULL}};
    object_register(L, TENSOR_TYPE, "Tensor", fields, methods, extra);
}
