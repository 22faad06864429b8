--- Where a model applies learned weights (products, convolutions, recurrent cells), how many of these places lie one
-- behind another, and whether there is a shorter way around some of them.
--
--     local net = require("onnxdoc.learned").of(model)
--     for _, layer in ipairs(net.layers) do print(layer.node, layer.weight, layer.depth) end
--
-- of(model) is found once for each model:
--
--   layers     list of {node, weight = Value, depth}: the nodes that apply weights, graph by graph in execution order
--   by_node    {[Node] = layer}
--   depth      the most layers one behind another, in one graph
--   joins      list of {node, inputs = {Value, …}}: nodes with several inputs that are computed, and not equally deep
--   calls      the nodes that call local functions: what is in those does not count
--   depth_of   {[Value] = layers on the longest way to it}, nil for constants
--   position   {[Node] = place in the execution order of its graph}
--
-- Only nodes that compute count (n.class): shape arithmetic joins nothing. Loops and branches are opaque, their bodies
-- are graphs of their own.

local set = require("onnxdoc.lists").set

local learned = {}

-- Where the weight is, by operator; a list where one of several inputs may be it.
local places = {}

local function add(domain, place, operators)
  for op in operators:gmatch("%S+") do places[domain .. op] = place end
end

add("", 2, "Conv ConvTranspose DeformConv ConvInteger Gemm LSTM GRU RNN")
add("", 4, "QLinearConv")
add("", {2, 1}, "MatMul MatMulInteger")
add("", {4, 1}, "QLinearMatMul")
add("", {1, 2, 3}, "Einsum")
add("com.microsoft.", 2, "FusedConv NhwcFusedConv NhwcConv FusedGemm GemmFastGelu GemmFloat8 MatMulNBits MatMulBnb4 "
  .. "MatMulFpQ4 MatMulIntegerToFloat DynamicQuantizeMatMul DynamicQuantizeLSTM Attention QAttention PackedAttention "
  .. "LongformerAttention QOrderedAttention QOrderedMatMul")
add("com.microsoft.", 3, "MoE QMoE")
add("com.microsoft.", 4, "QLinearConv QGemm")
add("com.microsoft.", {2, 1}, "FusedMatMul TransposeMatMul FusedMatMulActivation")
add("com.microsoft.nchwc.", 2, "Conv")

-- These have weights whatever these are made of; the others may multiply two activations.
local always = set [[Conv ConvTranspose DeformConv ConvInteger QLinearConv LSTM GRU RNN
  com.microsoft.FusedConv com.microsoft.NhwcFusedConv com.microsoft.NhwcConv com.microsoft.QLinearConv
  com.microsoft.nchwc.Conv]]

--- Products of a matrix with weights, and look-ups of rows in a table, by operator.
learned.dense = set [[MatMul Gemm MatMulInteger QLinearMatMul com.microsoft.FusedMatMul com.microsoft.TransposeMatMul
  com.microsoft.FusedGemm com.microsoft.GemmFastGelu com.microsoft.QGemm com.microsoft.MatMulIntegerToFloat
  com.microsoft.DynamicQuantizeMatMul com.microsoft.MatMulNBits com.microsoft.MatMulBnb4]]
learned.look_ups = set "Gather com.microsoft.GatherBlockQuantized com.microsoft.EmbedLayerNormalization"

--- Whether a value is an initializer or made of constants only.
function learned.is_constant(value) return value.tensor ~= nil or value.is_constant end

local is_constant = learned.is_constant

local function is_matrix(value)
  local shape = value.shape or value.tensor and value.tensor.shape
  return not shape or #shape >= 2
end

--- The weight (a Value) that a node applies, nil where it applies none.
function learned.weight(node)
  local place = places[node.op]
  if not place then return nil end
  local inputs = node.inputs
  if type(place) == "number" then
    local value = inputs[place]
    return value and (always[node.op] or is_constant(value)) and value or nil
  end
  for _, one in ipairs(place) do
    local value = one <= #inputs and inputs[one]
    if value and is_constant(value) and is_matrix(value) then return value end
  end
end

-- The inputs of a node that are computed, how deep they are, and whether equally.
local function look_at_inputs(net, inputs)
  local computed, most, is_even = {}, 0, true
  for i = 1, #inputs do
    local value = inputs[i]
    if value and not is_constant(value) then
      local depth = net.depth_of[value] or 0
      is_even = is_even and (#computed == 0 or depth == most)
      computed[#computed + 1], most = value, math.max(most, depth)
    end
  end
  return computed, most, is_even
end

local function add_node(net, node)
  local weight = learned.weight(node)
  local computed, depth, is_even = look_at_inputs(net, node.inputs)
  if not is_even then net.joins[#net.joins + 1] = {node = node, inputs = computed} end
  if node.callee then net.calls[#net.calls + 1] = node end
  if weight then
    depth = depth + 1
    local layer = {node = node, weight = weight, depth = depth}
    net.layers[#net.layers + 1], net.by_node[node] = layer, layer
    net.depth = math.max(net.depth, depth)
  end
  local outputs = node.outputs
  for i = 1, #outputs do
    if outputs[i] then net.depth_of[outputs[i]] = depth end
  end
end

local function find(model)
  local net = {layers = {}, by_node = {}, depth = 0, joins = {}, calls = {}, depth_of = {}, position = {}}
  for _, graph in ipairs(model.graphs) do
    local position = 0
    for node in graph:nodes() do
      position = position + 1
      net.position[node] = position
      local class = node.class
      if class == "compute" or class == "pass-through" then add_node(net, node) end
    end
  end
  return net
end

local of_models = setmetatable({}, {__mode = "k"})

function learned.of(model)
  of_models[model] = of_models[model] or find(model)
  return of_models[model]
end

return learned
