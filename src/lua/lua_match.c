#include "lua/lua_match.h"

#include <inttypes.h>
#include <stdio.h>

#include "lua/lua_cost.h"
#include "lua/lua_guard.h"
#include "match/hash.h"

View *lua_view(lua_State *L, int model, bool raw) {
    LuaModel *owner = lua_touserdata(L, model);
    View **slot = &owner->structure[raw];
    if (*slot) return *slot;
    const Costs *costs = lua_costs(L, model);
    guard_spend(L, (uint64_t)owner->model->node_count * 50);
    *slot = view_make(costs, raw, &owner->err);
    if (!*slot) object_raise(L, &owner->err);
    return *slot;
}

/* "compute", "shape", "constant" or "pass-through". */
int node_get_class(lua_State *L) {
    const Handle *handle = object_self(L);
    const View *view = lua_view(L, object_push_model(L, 1), false);
    lua_pushstring(L, node_class_name((NodeClass)view->classes[handle->id]));
    return 1;
}

/* What the node does and what is around it, as 16 hexadecimal digits; names have no part in them. */
int node_get_structure(lua_State *L) {
    const Handle *handle = object_self(L);
    LuaModel *owner = handle->owner;
    View *view = lua_view(L, object_push_model(L, 1), true);
    if (!view->neighbourhoods) guard_spend(L, (uint64_t)owner->model->node_count * 50);
    if (!view_hash_neighbourhoods(view, &owner->err)) return object_raise(L, &owner->err);
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, view->neighbourhoods[handle->id]);
    lua_pushstring(L, digits);
    return 1;
}
