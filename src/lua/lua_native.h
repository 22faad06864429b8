/* Parts of onnxdoc that are shared objects of their own, so that nobody pays for libraries that only they need:
 * onnxdoc.draw. `require` finds them where onnxdoc itself is, and nowhere else: what lies in the folder one happens to
 * stand in is not to run. One that is missing is an error that says where it was looked for.
 */
#ifndef ONNXDOC_LUA_NATIVE_H
#define ONNXDOC_LUA_NATIVE_H

#include <lua.h>

/* Pushes a package searcher. `origin` is the path that onnxdoc.so was loaded from, or NULL for the binary. */
void native_push_searcher(lua_State *L, const char *origin);

#endif
