--- The seed model: BERT-base with a head that finds answers in a text (SQuAD), as tf2onnx 1.5.2 exported it, node for
-- node: 1,167 nodes, 503 initializers, 435 MB.
--
--     require("models.bert_squad"){weights = "random"}:save("bert_squad.onnx")
--
-- weights: "zeros" (the file has holes) or "random" (a runtime computes finite numbers). Small constants are real.
--
-- A node NAME of TensorFlow's has the value NAME:0. What the exporter put around it is NAME__12, numbered by one
-- counter in several passes, so that numbers jump in the file. Here the passes take their numbers in the exporter's
-- order (`numbering`), and the nodes are made in the file's.

local onnxdoc = require "onnxdoc"

local layers, hidden, heads, ffn, sequence = 12, 768, 12, 3072, 256
local vocabulary, positions, segments = 30522, 512, 2
local head = hidden // heads
local FLOAT, INT32, INT64 = 1, 6, 7 -- what Cast's `to` calls them

-- ---- the exporter's numbers ----

local Counter = {}
Counter.__index = Counter

local function counter(first) return setmetatable({number = first}, Counter) end

-- The next number, as the end of a name. Some helpers take two and show one.
function Counter:take(size)
  self.number = self.number + (size or 1)
  return "__" .. self.number - (size or 1)
end

-- The next `size` numbers as a counter of their own.
function Counter:part(size)
  self.number = self.number + size
  return counter(self.number - size)
end

-- A part for every layer. Backwards means from the last name: 9, 8 ... 2, 11, 10, 1, 0.
local function layer_parts(count, size, backwards)
  local order, parts = {}, {}
  for layer = 0, layers - 1 do order[layer + 1] = layer end
  if backwards then table.sort(order, function(a, b) return tostring(a) > tostring(b) end) end
  for _, layer in ipairs(order) do parts[layer] = count:part(size) end
  return parts
end

-- All numbers, in the exporter's order. Those up to 11 went to the graph's inputs and outputs.
local function numbering()
  local count = counter(12)
  return {
    mask = count:part(16), mask_shapes = layer_parts(count, 1, true),
    embeddings = count:part(36), encoder_batch = count:part(6),
    layer_shapes = layer_parts(count, 18, true), encoder_end_shape = count:part(4), encoder_start = count:part(1),
    layers = layer_parts(count, 14), encoder_end = count:part(1),
    answer_batch = count:part(6), logits_shape = count:part(4), rows_shape = count:part(3), answer = count:part(7),
    dims = count,
  }
end

-- ---- pieces ----

-- A name scope of TensorFlow's, and the numbers for what the exporter adds in it. `state` is one for the whole model.
local Scope = {}
Scope.__index = Scope

local function scope(state, prefix, count)
  return setmetatable({state = state, builder = state.builder, prefix = prefix, count = count}, Scope)
end

function Scope:within(prefix, count) return scope(self.state, self.prefix .. prefix, count or self.count) end
function Scope:outside() return scope(self.state, "", self.count) end
function Scope:numbered(name, size) return name .. self.count:take(size) end

function Scope:op(op_type, name, inputs, attributes)
  name = self.prefix .. name
  return self.builder:op(op_type, inputs, attributes, {name = name, outputs = {name .. ":0"}})
end

-- Weights around `center`, each tensor its own.
function Scope:weight(name, dims, center)
  local state, middle = self.state, center or 0
  state.seed = state.seed + 1
  local data = state.is_random and {random = state.seed, low = middle - 0.05, high = middle + 0.05} or "zeros"
  return self.builder:constant(self.prefix .. name .. ":0", "float32", dims, data)
end

-- A number of TensorFlow's: whole ones are int32.
function Scope:scalar(name, value)
  local dtype = math.type(value) == "integer" and "int32" or "float32"
  return self.builder:constant(self.prefix .. name .. ":0", dtype, {}, {value})
end

-- A shape that the exporter made.
function Scope:list(name, values) return self.builder:constant(self.prefix .. name, "int64", {#values}, values) end

-- scope:add(name, x, y) and so on; a number among the operands becomes the constant NAME/x or NAME/y.
for _, op_type in ipairs{"Add", "Sub", "Mul", "Pow", "MatMul"} do
  Scope[op_type:lower()] = function(self, name, x, y)
    if type(x) == "number" then x = self:scalar(name .. "/x", x) end
    if type(y) == "number" then y = self:scalar(name .. "/y", y) end
    return self:op(op_type, name, {x, y})
  end
end

function Scope:cast(name, x, to) return self:op("Cast", name, {x}, {to = to}) end
function Scope:transpose(name, x, perm) return self:op("Transpose", name, {x}, {perm = perm}) end
function Scope:unsqueeze(name, x) return self:op("Unsqueeze", name, {x}, {axes = {0}}) end
function Scope:squeeze(name, x) return self:op("Squeeze", name, {x}, {axes = {0}}) end
function Scope:reshape(name, x, shape) return self:op("Reshape", name, {x, shape}) end

-- `bounds` are Slice's other inputs, which the exporter made and put in no scope.
function Scope:slice(name, x, bounds)
  local inputs = {x}
  for i, list in ipairs(bounds) do inputs[i + 1] = self:outside():list(self:numbered("const_slice"), list) end
  return self:op("Slice", name, inputs)
end

-- tf.shape(x)[0].
function Scope:batch_size(shape, slice, x)
  local dims = self:cast(self:numbered(shape), self:op("Shape", shape, {x}), INT32)
  local first = self:slice(slice, dims, {{0}, {1}, {0}})
  local scalar = self:squeeze(self:numbered(slice), first)
  return self:cast(self:numbered(slice), scalar, INT32)
end

-- A shape whose first dimension is computed and whose others are known.
function Scope:pack(name, first, known, count)
  local s = self:within(name, count)
  local parts = {s:unsqueeze(s:numbered("_Unsqueeze"), first)}
  for i, size in ipairs(known) do parts[i + 1] = s:unsqueeze(s:numbered("_Unsqueeze"), s:scalar("/" .. i, size)) end
  return s:op("Concat", s:numbered("_Concat"), parts, {axis = 0})
end

-- Such a shape for the Reshape `name`; `number` is that of the Cast behind it.
function Scope:shape(name, first, known, count, number)
  return self:cast(name .. number, self:pack(name .. "/shape", first, known, count), INT64)
end

-- A Reshape to a shape that is known.
function Scope:reshape_to(name, x, shape, number)
  local list = self.builder:constant(self.prefix .. name .. "/shape:0", "int32", {#shape}, shape)
  return self:reshape(name, x, self:cast(name .. number, list, INT64))
end

-- The Identity that makes a value an output of the graph.
function Scope:graph_output(name, x, output) self.builder:op("Identity", {x}, nil, {name = name, outputs = output}) end

local function dense(s, x, rows, columns)
  local product = s:matmul("MatMul", x, s:weight("kernel", {rows, columns}))
  return s:add("BiasAdd", product, s:weight("bias", {columns}))
end

-- (x - mean) / sqrt(variance + epsilon) * gamma + beta. Square and reciprocal are the exporter's.
local function layer_norm(s, x)
  local moments, norm = s:within("moments/"), s:within("batchnorm/")
  local gamma, beta = s:weight("gamma", {hidden}, 1), s:weight("beta", {hidden})
  local mean = moments:op("ReduceMean", "mean", {x}, {axes = {-1}, keepdims = 1})
  local difference = moments:sub("SquaredDifference", x, moments:op("Identity", "StopGradient", {mean}))
  local square = moments:mul(s:numbered("SquaredDifference", 2), difference, difference)
  local variance = moments:op("ReduceMean", "variance", {square}, {axes = {-1}, keepdims = 1})
  local root = norm:op("Sqrt", "Rsqrt", {norm:add("add", variance, 1e-12)})
  local scale = norm:mul("mul", norm:op("Reciprocal", s:numbered("Rsqrt", 2), {root}), gamma)
  local shift = norm:sub("sub", beta, norm:mul("mul_2", mean, scale))
  return norm:add("add_1", norm:mul("mul_1", x, scale), shift)
end

-- x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
local function gelu(s, x)
  local sum = s:add("add", x, s:mul("mul", 0.044715, s:pow("Pow", x, 3.0)))
  local tanh = s:op("Tanh", "Tanh", {s:mul("mul_1", math.sqrt(2 / math.pi), sum)})
  return s:mul("mul_3", x, s:mul("mul_2", 0.5, s:add("add_1", 1.0, tanh)))
end

-- ---- the parts of the model ----

-- What each token may look at: a row of input_mask for every token.
local function attention_mask(s, input_ids, input_mask)
  local batch = s:batch_size("Shape", "strided_slice", input_ids)
  local shape = s:pack("ones/packed", batch, {sequence, 1})
  local one = s.builder:tensor("float32", {1}, {1.0})
  local ones = s:op("ConstantOfShape", "ones", {s:cast(s:numbered("ones"), shape, INT64)}, {value = one})
  shape = s:shape("Reshape", batch, {1, sequence}, s.count:part(4), s.count:take())
  local row = s:cast("Cast", s:reshape("Reshape", input_mask, shape), FLOAT)
  return s:mul("mul", ones, row)
end

-- What OneHot takes besides indices: the depth, and the values off and on.
local function one_hot_range(s)
  local outside = s:outside()
  local function vector(name, value) return outside:unsqueeze(s:numbered("Unsqueeze"), s:scalar(name, value)) end
  local off, on, depth = vector("off_value", 0.0), vector("on_value", 1.0), vector("depth", segments)
  return depth, outside:op("Concat", s:numbered("Concat"), {off, on}, {axis = 0})
end

-- The sum of words, segments and positions, each embedded.
local function embed(s, input_ids, segment_ids)
  local count, known = s.count, {sequence, hidden}
  local places = s:slice("Slice", s:weight("position_embeddings", {positions, hidden}), {{0, 0}, known})
  places = s:reshape_to("Reshape_4", places, {1, sequence, hidden}, count:take())
  local segment = s:reshape_to("Reshape_2", segment_ids, {-1}, count:take())
  local depth, off_on = one_hot_range(s:within("one_hot/"))

  local ids = s:reshape("ExpandDims", input_ids, s:list(s:numbered("ExpandDims"), {-1, sequence, 1}))
  local batch = s:batch_size("Shape", "strided_slice", ids)
  local parts, flat_number, number = count:part(4), count:take(), count:take()
  local shape = s:shape("Reshape_1", batch, known, parts, number)
  local flat = s:reshape_to("Reshape", ids, {-1}, flat_number)
  local words = s:op("Gather", "GatherV2", {s:weight("word_embeddings", {vocabulary, hidden}), flat}, {axis = 0})
  words = s:reshape("Reshape_1", words, shape)

  batch = s:batch_size("Shape_1", "strided_slice_1", words)
  shape = s:shape("Reshape_3", batch, known, count:part(4), count:take())
  local one_hot = s:op("OneHot", "one_hot", {segment, depth, off_on}, {axis = -1})
  local chosen = s:matmul("MatMul", one_hot, s:weight("token_type_embeddings", {segments, hidden}))
  local sum = s:add("add", words, s:reshape("Reshape_3", chosen, shape))
  return layer_norm(s:within("LayerNorm/"), s:add("add_1", sum, places))
end

-- A projection whose columns are split among the heads: [batch, heads, sequence, head].
local function project(s, part, suffix, x, shape)
  local wide = dense(s:within(part .. "/"), x, hidden, hidden)
  return s:transpose("transpose" .. suffix, s:reshape("Reshape" .. suffix, wide, shape), {0, 2, 1, 3})
end

-- Self-attention, up to the projection behind it. `context` is {mask =, batch =}. Shapes got their numbers (`shapes`,
-- `mask_number`) in earlier passes than the casts behind them.
local function attention(s, x, context, shapes, mask_number)
  local mask_shape = s:list("ExpandDims" .. mask_number, {-1, 1, sequence, sequence})
  local closed = s:sub("sub", 1.0, s:reshape("ExpandDims", context.mask, mask_shape))
  local mask = s:mul("mul_1", closed, -10000.0)

  local value_number, query_number, key_number = s.count:take(), s.count:take(), s.count:take()
  local turned_number, merged_number = s.count:take(2), s.count:take()
  local function split_shape(name, number)
    return s:shape(name, context.batch, {sequence, heads, head}, shapes, number)
  end
  local rows = s:mul("mul_2", context.batch, sequence)
  local merged_shape = s:shape("Reshape_3", rows, {hidden}, shapes, merged_number)
  local value_shape, key_shape = split_shape("Reshape_2", value_number), split_shape("Reshape_1", key_number)
  local query_shape = split_shape("Reshape", query_number)

  local value = project(s, "value", "_2", x, value_shape)
  local query = project(s, "query", "", x, query_shape)
  local key = s:transpose("MatMul" .. turned_number, project(s, "key", "_1", x, key_shape), {0, 1, 3, 2})
  local scores = s:mul("Mul", s:matmul("MatMul", query, key), head ^ -0.5)
  local chances = s:op("Softmax", "Softmax", {s:add("add", scores, mask)}, {axis = 3})
  local mixed = s:transpose("transpose_3", s:matmul("MatMul_1", chances, value), {0, 2, 1, 3})
  return s:reshape("Reshape_3", mixed, merged_shape)
end

-- A projection, added to what came before, and the norm of the sum.
local function add_and_norm(s, x, width, before)
  return layer_norm(s:within("LayerNorm/"), s:add("add", dense(s:within("dense/"), x, width, hidden), before))
end

local function layer(s, x, context, shapes, mask_number)
  local attended = attention(s:within("attention/self/"), x, context, shapes, mask_number)
  attended = add_and_norm(s:within("attention/output/"), attended, hidden, x)
  local inner = s:within("intermediate/dense/")
  return add_and_norm(s:within("output/"), gelu(inner, dense(inner, attended, hidden, ffn)), ffn, attended)
end

-- The layers, on a row for each token of the batch; gives [batch, sequence, hidden].
local function encode(s, x, mask, numbers)
  local batch = s:within("", numbers.encoder_batch):batch_size("Shape_2", "strided_slice_2", x)
  local end_number = numbers.encoder_end:take()
  local end_shape = s:shape("Reshape_13", batch, {sequence, hidden}, numbers.encoder_end_shape, end_number)
  x = s:reshape_to("Reshape_1", x, {-1, hidden}, numbers.encoder_start:take())
  for i = 0, layers - 1 do
    local inside = s:within(("layer_%d/"):format(i), numbers.layers[i])
    x = layer(inside, x, {mask = mask, batch = batch}, numbers.layer_shapes[i], numbers.mask_shapes[i]:take())
  end
  return s:reshape("Reshape_13", x, end_shape)
end

-- For each token, how likely the answer begins and ends there.
local function find_answer(s, x, numbers)
  local batch = s:within("", numbers.answer_batch):batch_size("Shape_1", "strided_slice_1", x)
  local rows_number, weights_number, logits_number = s.count:take(), s.count:take(), s.count:take()
  local rows_shape = s:shape("Reshape", s:mul("mul", batch, sequence), {hidden}, numbers.rows_shape, rows_number)
  local logits_shape = s:shape("Reshape_1", batch, {sequence, 2}, numbers.logits_shape, logits_number)
  local rows = s:reshape("Reshape", x, rows_shape)
  local weights = s:transpose("MatMul" .. weights_number, s:weight("cls/squad/output_weights", {2, hidden}), {1, 0})
  local logits = s:add("BiasAdd", s:matmul("MatMul", rows, weights), s:weight("cls/squad/output_bias", {2}))
  logits = s:transpose("transpose", s:reshape("Reshape_1", logits, logits_shape), {2, 0, 1})

  local split = {name = "unstack", outputs = {"unstack_split:0", "unstack_split:1"}}
  local start, stop = s.builder:op("Split", {logits}, {axis = 0}, split)
  local start_name, stop_name = s:numbered("unstack", 2), s:numbered("unstack", 2)
  s:graph_output("unstack_graph_outputs_Identity__4", s:squeeze(stop_name, stop), "unstack:1")
  s:graph_output("unstack_graph_outputs_Identity__7", s:squeeze(start_name, start), "unstack:0")
end

local function check(options)
  for key, value in pairs(options) do
    if key ~= "weights" or value ~= "zeros" and value ~= "random" then
      error(("bert_squad: no option %s=%s, there is weights=zeros and weights=random"):format(key, value), 0)
    end
  end
end

--- A builder with the model in it.
return function(options)
  options = options or {}
  check(options)
  local b = onnxdoc.build{opset = 12, ir_version = 7, name = "tf2onnx",
    producer_name = "tf2onnx", producer_version = "1.5.2"}
  local numbers, ids = numbering(), "unique_ids_raw_output___9:0"
  local s = scope({builder = b, is_random = options.weights == "random", seed = 0}, "", numbers.answer)

  s:graph_output("unique_ids_graph_outputs_Identity__10", ids, "unique_ids:0")
  local mask = attention_mask(s:within("bert/encoder/", numbers.mask), "input_ids:0", "input_mask:0")
  local x = embed(s:within("bert/embeddings/", numbers.embeddings), "input_ids:0", "segment_ids:0")
  find_answer(s, encode(s:within("bert/encoder/"), x, mask, numbers), numbers)

  local function batch() return "unk" .. numbers.dims:take() end
  b:input(ids, "int64", {batch()})
  for _, name in ipairs{"segment_ids:0", "input_mask:0", "input_ids:0"} do
    b:input(name, "int64", {batch(), sequence})
  end
  for _, name in ipairs{"unstack:1", "unstack:0"} do b:output(name, "float32", {batch(), sequence}) end
  b:output("unique_ids:0", "int64", {batch()})
  return b
end
