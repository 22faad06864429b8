/* The onnxdoc module: `require "onnxdoc"` in a stock lua5.4 (build/onnxdoc.so) and in the onnxdoc binary. */
#ifndef ONNXDOC_LUA_ONNXDOC_H
#define ONNXDOC_LUA_ONNXDOC_H

#include <lua.h>

__attribute__((visibility("default"))) int luaopen_onnxdoc(lua_State *L);

/* Reads the Lua files from a folder (which holds lua/, reports/, rules/) instead of those in the binary.
 * Keeps the pointer. Call it before luaopen_onnxdoc. */
void onnxdoc_set_lua_dir(const char *directory);

#endif
