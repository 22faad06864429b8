-- Writes a small but real model: one encoder block of a transformer over token ids, with a batch and a sequence
-- length that are named but not known, a fused activation from a second operator set, and a few initializers.
--
--     lua5.4 tests/models/demo.lua MODEL.onnx

package.path = "./tests/?.lua;" .. package.path
local wire = require "wire"

local vocabulary, hidden, heads, ffn = 64, 32, 4, 128
local head = hidden // heads

-- The same numbers every time, about what training leaves: small and around zero.
local state = 1
local function random_weights(count)
  local numbers = {}
  for i = 1, count do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    numbers[i] = (state / 0x7fffffff - 0.5) / 4
  end
  return wire.raw("<f", numbers)
end

local tensors, nodes = {}, {}

local function weight(name, dims)
  local count = 1
  for _, dim in ipairs(dims) do count = count * dim end
  tensors[#tensors + 1] = wire.tensor(name, "float32", dims, random_weights(count))
  return name
end

local function constant(name, numbers)
  tensors[#tensors + 1] = wire.tensor(name, "int64", {#numbers}, {int64_data = numbers})
  return name
end

local function op(op_type, name, inputs, attributes, extra)
  extra = extra or {}
  extra.name = name
  nodes[#nodes + 1] = wire.node(op_type, inputs, {name .. ":0"}, attributes, extra)
  return name .. ":0"
end

local function dense(name, x, rows, columns)
  local product = op("MatMul", name .. "/MatMul", {x, weight(name .. ".weight", {rows, columns})})
  return op("Add", name .. "/Add", {product, weight(name .. ".bias", {columns})})
end

local function norm(name, x)
  return op("LayerNormalization", name, {x, weight(name .. ".weight", {hidden}), weight(name .. ".bias", {hidden})},
            {axis = -1, epsilon = 1e-5})
end

local function split(name, x, perm)
  return op("Transpose", name .. "/Transpose", {op("Reshape", name .. "/Reshape", {x, "split_heads"})}, {perm = perm})
end

local function attention(x)
  local q = split("/attention/query", dense("/attention/query", x, hidden, hidden), {0, 2, 1, 3})
  local k = split("/attention/key", dense("/attention/key", x, hidden, hidden), {0, 2, 3, 1})
  local v = split("/attention/value", dense("/attention/value", x, hidden, hidden), {0, 2, 1, 3})
  local scores = op("Mul", "/attention/Mul", {op("MatMul", "/attention/scores", {q, k}), "scale"})
  local mixed = op("MatMul", "/attention/mix", {op("Softmax", "/attention/Softmax", {scores}, {axis = -1}), v})
  local merged = op("Transpose", "/attention/Transpose", {mixed}, {perm = {0, 2, 1, 3}})
  return dense("/attention/output", op("Reshape", "/attention/Reshape", {merged, "merge_heads"}), hidden, hidden)
end

constant("split_heads", {0, 0, heads, head})
constant("merge_heads", {0, 0, hidden})
tensors[#tensors + 1] = wire.tensor("scale", "float32", {}, {float_data = {head ^ -0.5}})

local x = op("Gather", "/embedding", {weight("embedding.weight", {vocabulary, hidden}), "input_ids"})
x = norm("/norm1", op("Add", "/residual1", {x, attention(x)}))
local inner = op("FastGelu", "/feed_forward/FastGelu", {dense("/feed_forward/up", x, hidden, ffn)}, nil, {domain = "com.microsoft"})
x = norm("/norm2", op("Add", "/residual2", {x, dense("/feed_forward/down", inner, ffn, hidden)}))
local logits = dense("/classifier", x, hidden, 2)
nodes[#nodes].output = {"logits"}
assert(logits == "/classifier/Add:0")

wire.write(assert(arg[1], "give the path to write"), wire.model{
  ir_version = 8, producer_name = "onnxdoc", producer_version = "demo", model_version = 1,
  doc_string = "One encoder block that labels each token of a sequence.",
  opset_import = {{domain = "", version = 17}, {domain = "com.microsoft", version = 1}},
  metadata_props = {{key = "task", value = "token classification"}, {key = "licence", value = "MIT"}},
  graph = {name = "demo", node = nodes, initializer = tensors,
           input = {wire.value("input_ids", "int64", {"batch", "sequence"})},
           output = {wire.value("logits", "float32", {"batch", "sequence", 2})}}})
