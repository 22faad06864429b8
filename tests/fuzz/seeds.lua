-- Writes the models that fuzzing starts from into a folder: lua5.4 tests/fuzz/seeds.lua DIR
package.path = "./tests/?.lua;" .. package.path
local wire = require "wire"
local everything = require "models.everything"

local directory = arg[1]
assert(os.execute("mkdir -p '" .. directory .. "'"))

local function graph(fields)
  fields.name = fields.name or "g"
  return wire.model{graph = fields}
end

local function branch(op)
  return {g = {name = op, node = {wire.node(op, {"x"}, {"r"})}, output = {wire.value("r")}}}
end

local seeds = {
  everything = everything.bytes(),
  relu = graph{node = {wire.node("Relu", {"x"}, {"y"})}, input = {wire.value("x", "float32", {"N", 3})}, output = {wire.value("y")}},
  unsorted = graph{node = {wire.node("Abs", {"m"}, {"y"}), wire.node("Neg", {"x"}, {"m"})}, input = {wire.value("x")},
                   output = {wire.value("y")}},
  cycle = graph{node = {wire.node("Abs", {"b"}, {"a"}), wire.node("Neg", {"a"}, {"b"})}},
  ["if"] = graph{node = {wire.node("If", {"c"}, {"y"}, {then_branch = branch("Abs"), else_branch = branch("Neg")})},
                 input = {wire.value("x"), wire.value("c", "bool", {})}, output = {wire.value("y")}},
  packed = graph{initializer = {wire.tensor("a", "uint2", {5}, "\xe4\1"), wire.tensor("b", "int64", {2}, {int64_data = {1, -1}}),
                                wire.tensor("c", "string", {2}, {string_data = {"a", "b"}})}},
  shapes = graph{value_info = {wire.value("v", "float32", {1, "n", false, -1})}, input = {{name = "s", type = {sequence_type = {
    elem_type = wire.tensor_type("string", {})}}}}},
}
for name, bytes in pairs(seeds) do wire.write(directory .. "/" .. name .. ".onnx", bytes) end

-- A pattern, NUL, and a model in which to look for it.
local patterns = {
  "Abs|Neg -> Relu", "@n: Add(?x, 2~0.1){shape=[?k,_,...], fanout=1}", "y = *(?v, ...); _ ->{1,3} Neg?(Abs) -> *; *(?y)",
  'If{name="*", inputs>=1, attr.axis!=1}', "Concat(?a:init, _:none, ?b:const){axis=-1}; Transpose{perm=[0,1]}",
}
for i, pattern in ipairs(patterns) do
  for name, bytes in pairs(seeds) do wire.write(("%s/pattern_%d_%s"):format(directory, i, name), pattern .. "\0" .. bytes) end
end

-- Small models of every operator, where they are installed: DATA/node/test_add/model.onnx becomes test_add.onnx.
local pipe = io.popen("find /usr/share/libonnx-testdata/data -name '*.onnx' -size -4k 2>/dev/null")
for path in pipe:lines() do
  local file = io.open(path, "rb")
  if file then
    wire.write(directory .. "/" .. path:match("([^/]*)/[^/]*$") .. ".onnx", file:read("a"))
    file:close()
  end
end
pipe:close()
