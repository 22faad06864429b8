/* Drafts: models and data files that the builder makes. */
#ifndef ONNXDOC_LUA_DRAFT_H
#define ONNXDOC_LUA_DRAFT_H

#include "lua/lua_object.h"

void lua_draft_register(lua_State *L);
/* _encode, _payload, _pack: for lua/onnxdoc/builder.lua. */
extern const luaL_Reg lua_draft_functions[];

#endif
