/* What ONNX's text syntax needs of a model that the plain API leaves out: names and types to the byte, the kinds of
 * attributes, the order of entries. For lua/onnxdoc/printer.lua, as the table onnxdoc._syntax:
 *
 *     name(s)        s as it is when it is an identifier and no type's name, else as string(s)
 *     string(s)      "s" in quotes; a byte that is not shown (control characters, bytes that are no UTF-8, characters
 *                    that change how text looks) is \xHH, so that s can be read back and no terminal is harmed
 *     float(x)       a float32 in the fewest digits that give it back, always with a point, an exponent, or inf or nan
 *     double(x)      the same of a double
 *     type(value)    its declared type, nil when there is none
 *     attributes(o)  of a node, or the defaults of a function, in file order with repeated names: a list of
 *                    {name =, type = "ints", value =, reference =, doc =}; `value` as in node.attributes, but a
 *                    TYPE_PROTO is the text of type(); `type` is nil when neither the file nor the value says
 *     parameters(f)  names of a function's attributes that have no default, in file order
 *     notes(o)       of a Model, Graph, Node, Value or Tensor, nil when it has none of these: {doc =, metadata =,
 *                    external = (tensors), opsets = (functions), unnamed = outputs without a name (graphs),
 *                    quantization =, configurations =, trainings = how many there are}. metadata, external: lists of
 *                    {key, value}; opsets: list of {domain, version}
 */
#ifndef ONNXDOC_LUA_SYNTAX_H
#define ONNXDOC_LUA_SYNTAX_H

#include <lua.h>

/* Pushes that table. */
void lua_syntax_push(lua_State *L);

#endif
