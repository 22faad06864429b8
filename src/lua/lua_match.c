#include "lua/lua_match.h"

#include "lua/lua_cost.h"
#include "lua/lua_guard.h"

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
