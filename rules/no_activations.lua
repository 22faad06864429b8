-- Linear layers in a row with nothing but linear steps between: together they are one linear layer.

local learned = require "onnxdoc.learned"

local set = require("onnxdoc.lists").set

-- ---- linear layers: rows and columns of what they multiply by ----

local function matrix(node)
  local b = node.inputs[2]
  local shape = b and learned.is_constant(b) and (b.shape or b.tensor and b.tensor.shape)
  if not shape or #shape ~= 2 or not (math.type(shape[1]) and math.type(shape[2])) then return nil end
  return shape
end

local function size_of_product(node)
  local shape = matrix(node)
  return shape and {rows = shape[1], columns = shape[2]}
end

local function size_of_gemm(node)
  local shape, bias = matrix(node), node.inputs[3]
  if not shape or node:attr "transA" == 1 or bias and not learned.is_constant(bias) then return nil end
  if node:attr "transB" == 1 then return {rows = shape[2], columns = shape[1]} end
  return {rows = shape[1], columns = shape[2]}
end

-- Convolutions with one weight for each pair of channels; merging others makes kernels larger.
local function size_of_conv(node)
  local w = node.inputs.W
  local shape = w and learned.is_constant(w) and (w.shape or w.tensor and w.tensor.shape)
  if not shape or node:attr "group" ~= 1 then return nil end
  for i = 3, #shape do
    if shape[i] ~= 1 then return nil end
  end
  for _, name in ipairs {"pads", "strides"} do
    for _, number in ipairs(node:attr(name) or {}) do
      if number ~= (name == "pads" and 0 or 1) then return nil end
    end
  end
  return #shape >= 3 and {rows = shape[2], columns = shape[1]} or nil
end

local sizes = {MatMul = size_of_product, Gemm = size_of_gemm, Conv = size_of_conv}

-- ---- what is linear between them ----

local handing_on = set "Identity Dropout"
local is_float = set "float64 float32 float16 bfloat16" -- others round
local affine = set "Add Sub Mul Div"
local laid_out = set "Reshape Flatten Squeeze Unsqueeze"

-- Whether a constant has one number, or one for each column (of a convolution: each channel).
local function is_per_column(constant, op, rank)
  local shape = constant.shape or constant.tensor and constant.tensor.shape
  if not shape or not rank then return false end
  for i = 1, #shape do
    local axis = rank - #shape + i
    if shape[i] ~= 1 and axis ~= (op == "Conv" and 2 or rank) then return false end
  end
  return true
end

-- Whether a node is linear in `value`, its other inputs being constants. Division by it is not.
local function is_affine(node, value, op)
  if node.op == "BatchNormalization" then return node.inputs[1] == value and #node.outputs == 1 and op == "Conv" end
  if not affine[node.op] or node.op ~= "Add" and node.op ~= "Mul" and node.inputs[1] ~= value then return false end
  local other = node.inputs[node.inputs[1] == value and 2 or 1]
  return other ~= nil and other ~= value and learned.is_constant(other)
    and is_per_column(other, op, value.shape and #value.shape)
end

local function keeps_rows(node, value)
  local before, after = value.shape, node.outputs[1].shape
  return before and after and #before > 0 and #after > 0 and math.type(before[#before])
    and before[#before] == after[#after]
end

local function is_between(node, value, op)
  if not node.outputs[1] then return false end
  if handing_on[node.op] then return node.inputs[1] == value end
  if node.op == "Cast" then return is_float[node.outputs[1].dtype] ~= nil end
  return is_affine(node, value, op)
    or op ~= "Conv" and laid_out[node.op] and node.inputs[1] == value and keeps_rows(node, value)
end

-- The linear layer that alone reads what a layer gives, if there is one.
local function next_layer(node, layers)
  local value = node.outputs[1]
  while value and not value.is_output do
    local readers = value.consumers
    local reader = readers[1]
    if #readers ~= 1 or reader.graph ~= node.graph then return nil end
    if layers[reader] then
      local is_same = (reader.op == "Conv") == (node.op == "Conv")
      return is_same and reader.inputs[1] == value and reader or nil
    end
    if not is_between(reader, value, node.op) then return nil end
    value = reader.outputs[1]
  end
end

-- ---- chains ----

-- Linear layers by node, with what they multiply by, and in order.
local function find_layers(model)
  local layers, order = {}, {}
  for _, layer in ipairs(learned.of(model).layers) do
    local size_of = sizes[layer.node.op]
    local size = size_of and size_of(layer.node)
    if size then layers[layer.node], order[#order + 1] = size, layer.node end
  end
  return layers, order
end

-- The longest stretch, from the first layer of a chain on, that one layer could replace with less to compute: where a
-- narrow layer stands between wide ones, the two are meant to be two.
local function mergeable(chain, layers)
  local rows, weights, last = layers[chain[1]].rows, 0, 1
  for i, node in ipairs(chain) do
    weights = weights + layers[node].rows * layers[node].columns
    if rows * layers[node].columns <= weights then last = i end
  end
  return table.move(chain, 1, last, 1, {})
end

return {
  severity = "warning", category = "architecture", title = "Linear layers without an activation between them",
  confidence = "high",
  description = "MatMul, Gemm or 1×1 Conv, one behind another, with only linear steps between (biases, scales, batch "
    .. "normalisation, dropout). Whatever their weights are, one such layer computes the same. Mostly an activation "
    .. "was forgotten, or lost in conversion. Bottlenecks, which save computing by being two, are not meant.",
  fix = "Look whether the activations of these layers were lost on export; if the model is meant so, multiply the "
    .. "weights into one layer.",
  options = {layers = 3},
  messages = {chain = "{count} linear layers from '{first}' to '{last}' have no activation between them: one layer "
    .. "with {rows} × {columns} weights does the same"},
  check = function(model, report, options)
    local layers, order = find_layers(model)
    local is_inside = {}
    for _, first in ipairs(order) do
      local chain, node = {}, not is_inside[first] and first or nil
      while node do
        chain[#chain + 1], is_inside[node] = node, true
        node = next_layer(node, layers)
      end
      local merged = #chain > 0 and mergeable(chain, layers) or chain
      if #merged > 1 and #merged >= options.layers then
        report(merged, "chain", {count = #merged, first = merged[1].name, last = merged[#merged].name,
          rows = layers[merged[1]].rows, columns = layers[merged[#merged]].columns})
      end
    end
  end,
  examples = {
    fires = {
      [[stack (float[N,8] x) => (float[N,4] y) <float[8,8] a = {...}, float[8] p = {...}, float[8,8] b = {...},
        float[8,4] c = {...}>
        { d = MatMul(x, a)  e = Add(d, p)  f = MatMul(e, b)  y = MatMul(f, c) }]],
      [[pointwise (float[1,4,8,8] x) => (float[1,4,8,8] y) <float[4,4,1,1] a = {...}, float[4,4,1,1] b = {...},
        float[4,4,1,1] c = {...}> { d = Conv(x, a)  e = Conv(d, b)  y = Conv(e, c) }]],
      {model = [[pair (float[N,8] x) => (float[N,4] y) <float[8,8] a = {...}, float[4,8] b = {...}, float[4] p = {...}>
        { d = MatMul(x, a)  y = Gemm <transB = 1> (d, b, p) }]], options = {layers = 2}},
    },
    silent = {
      [[rounded (float[N,8] x) => (float[N,4] y) <float[8,8] a = {...}, float[8,8] b = {...}, float[8,4] c = {...}>
        { d = MatMul(x, a)  i = Cast <to = 7> (d)  e = Cast <to = 1> (i)  f = MatMul(e, b)  y = MatMul(f, c) }]],
      [[active (float[N,8] x) => (float[N,4] y) <float[8,8] a = {...}, float[8,8] b = {...}, float[8,4] c = {...}>
        { d = MatMul(x, a)  e = Relu(d)  f = MatMul(e, b)  g = Tanh(f)  y = MatMul(g, c) }]],
      {model = [[low_rank (float[N,64] x) => (float[N,64] y) <float[64,4] a = {...}, float[4,64] b = {...}>
        { d = MatMul(x, a)  y = MatMul(d, b) }]], options = {layers = 2}},
      [[read_twice (float[N,8] x) => (float[N,8] y) <float[8,8] a = {...}, float[8,8] b = {...}, float[8,8] c = {...}>
        { d = MatMul(x, a)  e = MatMul(d, b)  f = MatMul(e, c)  g = Add(f, e)  y = Add(g, d) }]],
      [[separable (float[1,4,8,8] x) => (float[1,4,8,8] y) <float[4,1,3,3] a = {...}, float[4,4,1,1] b = {...},
        float[4,1,3,3] c = {...}>
        { d = Conv <group = 4, pads = [1, 1, 1, 1]> (x, a)  e = Conv(d, b)
          y = Conv <group = 4, pads = [1, 1, 1, 1]> (e, c) }]],
      [[swish (float[N,8] x) => (float[N,8] y) <float[8,8] a = {...}, float[8,8] b = {...}, float[8,8] c = {...}>
        { d = MatMul(x, a)  s = Sigmoid(d)  e = Mul(d, s)  f = MatMul(e, b)  g = Mul(f, f)  y = MatMul(g, c) }]],
    },
  },
}
