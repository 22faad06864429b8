-- Writes a language model of 70 billion parameters: 80 layers of grouped-query attention and gated feed
-- forward, exported operator by operator, its 141 GB of float16 weights in an external file that is one hole.
--
--     lua5.4 tests/bench/big_70b.lua MODEL.onnx        (and MODEL.onnx.data beside it)

package.path = "./tests/?.lua;" .. package.path
local wire = require "wire"

local path = arg[1]
local location = path:match("[^/]+$") .. ".data"
local hidden, ffn, heads, groups, vocabulary, layers = 8192, 28672, 64, 8, 128256, 80
local head = hidden // heads

local nodes, tensors, infos = {}, {}, {}
local data_size, counter = 0, 0

local function weight(name, dims)
  local bytes = 2
  for _, dim in ipairs(dims) do bytes = bytes * dim end
  tensors[#tensors + 1] = wire.external(name, "float16", dims,
    {{key = "location", value = location}, {key = "offset", value = tostring(data_size)}, {key = "length", value = tostring(bytes)}})
  data_size = data_size + bytes
  return name
end

local function constant(name, numbers)
  tensors[#tensors + 1] = wire.tensor(name, "int64", {#numbers}, wire.raw("<i8", numbers))
  return name
end

local scope = ""
local function op(op_type, inputs, attributes)
  counter = counter + 1
  local name = ("%s/%s_%d"):format(scope, op_type, counter)
  nodes[#nodes + 1] = wire.node(op_type, inputs, {name .. "_output_0"}, attributes, {name = name})
  infos[#infos + 1] = wire.value(name .. "_output_0", "float16", {"batch", "sequence", hidden})
  return name .. "_output_0"
end

tensors[1] = wire.tensor("epsilon", "float16", {}, "\xa8\x00")
tensors[2] = wire.tensor("two", "float16", {}, "\x00\x40")
tensors[3] = wire.tensor("scale", "float16", {}, string.pack("<I2", 0x2da8))
constant("split_heads", {0, 0, heads, head})
constant("split_groups", {0, 0, groups, head})
constant("merge_heads", {0, 0, hidden})
constant("repeat_groups", {1, 1, heads // groups, 1, 1})
constant("axis_two", {2})
constant("flat", {0, heads, -1, head})
constant("zero", {0})
constant("half", {head // 2})
constant("whole", {head})
constant("last", {-1})

local function norm(x, name)
  local mean = op("ReduceMean", {op("Pow", {x, "two"})}, {axes = {-1}, keepdims = 1})
  local scaled = op("Div", {x, op("Sqrt", {op("Add", {mean, "epsilon"})})})
  return op("Mul", {scaled, weight(name, {hidden})})
end

local function rotate(x)
  local low, high = op("Slice", {x, "zero", "half", "last"}), op("Slice", {x, "half", "whole", "last"})
  local turned = op("Concat", {op("Neg", {high}), low}, {axis = -1})
  return op("Add", {op("Mul", {x, "cos"}), op("Mul", {turned, "sin"})})
end

local function project(x, name, rows, columns)
  return op("MatMul", {x, weight(name, {rows, columns})})
end

local function spread(x)
  local expanded = op("Tile", {op("Unsqueeze", {x, "axis_two"}), "repeat_groups"})
  return op("Reshape", {expanded, "flat"})
end

local presents = {}
local function attention(x, prefix, layer)
  local function split(name, columns, shape)
    local parts = op("Reshape", {project(x, prefix .. name, hidden, columns), shape})
    return op("Transpose", {parts}, {perm = {0, 2, 1, 3}})
  end
  local q = rotate(split("q_proj", hidden, "split_heads"))
  local k = rotate(split("k_proj", groups * head, "split_groups"))
  local v = split("v_proj", groups * head, "split_groups")
  k = op("Concat", {"past_key_values." .. layer .. ".key", k}, {axis = 2})
  v = op("Concat", {"past_key_values." .. layer .. ".value", v}, {axis = 2})
  presents[#presents + 1], presents[#presents + 2] = k, v
  local scores = op("MatMul", {q, op("Transpose", {spread(k)}, {perm = {0, 1, 3, 2}})})
  local masked = op("Add", {op("Mul", {scores, "scale"}), "mask"})
  local mixed = op("MatMul", {op("Softmax", {masked}, {axis = -1}), spread(v)})
  local merged = op("Reshape", {op("Transpose", {mixed}, {perm = {0, 2, 1, 3}}), "merge_heads"})
  return project(merged, prefix .. "o_proj", hidden, hidden)
end

local function feed_forward(x, prefix)
  local gate = project(x, prefix .. "gate_proj", hidden, ffn)
  local activated = op("Mul", {gate, op("Sigmoid", {gate})})
  return project(op("Mul", {activated, project(x, prefix .. "up_proj", hidden, ffn)}), prefix .. "down_proj", ffn, hidden)
end

local x = op("Gather", {weight("model.embed_tokens.weight", {vocabulary, hidden}), "input_ids"})
local inputs = {wire.value("input_ids", "int64", {"batch", "sequence"}), wire.value("mask", "float16", {"batch", 1, "sequence", "total"}),
                wire.value("cos", "float16", {"batch", 1, "sequence", head}), wire.value("sin", "float16", {"batch", 1, "sequence", head})}
for layer = 0, layers - 1 do
  scope = "/model/layers." .. layer
  local prefix = "model.layers." .. layer .. "."
  for _, part in ipairs{"key", "value"} do
    inputs[#inputs + 1] = wire.value(("past_key_values.%d.%s"):format(layer, part), "float16", {"batch", groups, "past", head})
  end
  x = op("Add", {x, attention(norm(x, prefix .. "input_layernorm.weight"), prefix .. "self_attn.", layer)})
  x = op("Add", {x, feed_forward(norm(x, prefix .. "post_attention_layernorm.weight"), prefix .. "mlp.")})
end
scope = ""
local logits = project(norm(x, "model.norm.weight"), "lm_head.weight", hidden, vocabulary)
local outputs = {wire.value(logits, "float16", {"batch", "sequence", vocabulary})}
for _, name in ipairs(presents) do outputs[#outputs + 1] = wire.value(name, "float16", {"batch", groups, "total", head}) end

wire.write(path, wire.model{producer_name = "pytorch", producer_version = "2.4.0", graph = {
  name = "main_graph", node = nodes, initializer = tensors, input = inputs, output = outputs, value_info = infos}})

local data = assert(io.open(path .. ".data", "wb"))
assert(data:seek("set", data_size - 1))
assert(data:write("\0"))
assert(data:close())
print(("%d nodes, %.1f GB of weights"):format(#nodes, data_size / 1e9))
