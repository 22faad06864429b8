--- Skip connections: where a value meets what layers have made of it. x + f(x) is one when f has weights; the sums and
-- products inside of normalisations, activations and rotary embeddings are none, and neither are branches that only
-- begin at the same place.
--
--     for _, skip in ipairs(require("onnxdoc.skips").of(model).list) do print(skip.kind, skip.node, skip.layers) end
--
-- A skip is {node = where they meet, kind = "add", "concat", "sub" or "gate" (a product), from = the Value that skips,
-- layers = how many nodes with weights the shortest way around has, path = its Nodes, from the end on}. of(model) is
-- found once for each model; is_cut says that places were left out since the search had taken enough steps.

local learned = require "onnxdoc.learned"
local near = require "onnxdoc.near"

local set = require("onnxdoc.lists").set

local skips = {}

local STEPS = 200000 -- values that are looked at in one model

-- ---- what joins ----

local kinds = {}

local function add(kind, operators)
  for op in pairs(set(operators)) do kinds[op] = kind end
end

add("add", [[Add Sum Mean com.microsoft.QLinearAdd com.microsoft.SkipLayerNormalization com.microsoft.FusedConv
  com.microsoft.SkipSimplifiedLayerNormalization com.microsoft.SkipGroupNorm com.microsoft.nchwc.Conv]])
add("concat", "Concat com.microsoft.QLinearConcat")
add("sub", "Sub")
add("gate", "Mul com.microsoft.QLinearMul")

--- Of a node what kind of skip ends there, if one does; nil where none can.
function skips.kind(node) return kinds[node.op] end

-- ---- sources ----

-- What stands between a value and a place that takes it as it is; a part of it will do where parts are put together.
local handing_on = set [[Identity Cast CastLike Dropout QuantizeLinear DequantizeLinear Transpose Reshape Squeeze
  Unsqueeze Flatten com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear]]
local cutting = set "Slice Split Pad Crop CenterCropPad"
local takes_parts = set "concat add"

-- Operators that give their sum, too, beside what they make of it.
local twofold = set [[com.microsoft.SkipLayerNormalization com.microsoft.SkipSimplifiedLayerNormalization
  com.microsoft.SkipGroupNorm com.microsoft.EmbedLayerNormalization]]

-- What stands for a value: its node where all outputs of that are the same to us.
local function key_of(value)
  local node = value.producer
  return node and twofold[node.op] and node or value
end

local function source_of(value, kind)
  for _ = 1, near.values do
    local node = value.producer
    if not node or not (handing_on[node.op] or takes_parts[kind] and cutting[node.op]) then break end
    value = node.inputs[1] or value
  end
  return value
end

-- Whether a value has the shape of what is made of it and others; nil where that is not known.
local function fills(value, result)
  local shape, whole = value.shape, result and result.shape
  if not shape or not whole then return nil end
  for i = 1, #whole do
    if tostring(shape[#shape + 1 - i]) ~= tostring(whole[#whole + 1 - i]) then return false end
  end
  return true
end

-- Masks and rotary tables are read by many layers, and what these make of them meets them again. They are no skips:
-- they are spread over what they are put to, and depend on no layer.
local function may_skip(value, kind, result, depth)
  if kind == "concat" then return true end
  local is_whole = fills(value, result)
  return is_whole or is_whole == nil and (kind ~= "gate" or depth > 0)
end

-- ---- the way around ----

-- The way back from a step, as Nodes, and how many layers are on it.
local function path_of(net, step)
  local path, layers = {}, 0
  while step.from do
    path[#path + 1] = step.node
    if net.by_node[step.node] then layers = layers + 1 end
    step = step.from
  end
  for i = 1, #path // 2 do path[i], path[#path + 1 - i] = path[#path + 1 - i], path[i] end
  return path, layers
end

-- Breadth first towards the inputs, first without a layer passed, then with one; only to what can be behind a source:
-- it stands before it and is not less deep.
local function search(found, net, join, deepest, sources, least)
  local queue, at, seen = {{value = deepest, passed = false}}, 1, {[false] = {}, [true] = {}}
  while queue[at] and found.steps < STEPS do
    local step = queue[at]
    at, found.steps = at + 1, found.steps + 1
    if step.passed and sources[key_of(step.value)] then return step end
    local node = step.value.producer
    if node and node.graph == join.graph and net.position[node] > least.position then
      local inputs, passed = node.inputs, step.passed or net.by_node[node] ~= nil
      for i = 1, #inputs do
        local value = inputs[i]
        local depth = value and net.depth_of[value] or 0
        if value and depth >= least.depth and not seen[passed][value] then
          seen[passed][value] = true
          queue[#queue + 1] = {value = value, passed = passed, node = node, from = step}
        end
      end
    end
  end
end

local function position_of(net, value)
  local node = value.producer
  return node and net.position[node] or 0
end

local function deepest_of(net, values)
  local deepest, most = nil, -1
  for _, value in ipairs(values) do
    local depth = net.depth_of[value] or 0
    if depth > most then deepest, most = value, depth end
  end
  return deepest, most
end

-- What may skip: {[key] = Value}, and where the earliest and the least deep of them is.
local function sources_of(net, join, kind, most)
  local sources, least = {}, {depth = math.huge, position = math.huge}
  for _, value in ipairs(join.inputs) do
    local source = source_of(value, kind)
    local depth = net.depth_of[source] or 0
    if depth < most and may_skip(value, kind, join.node.outputs[1], depth) then
      sources[key_of(source)] = source
      least.depth = math.min(least.depth, depth)
      least.position = math.min(least.position, position_of(net, source))
    end
  end
  return sources, least
end

local function find_skip(found, net, join, kind)
  local deepest, most = deepest_of(net, join.inputs)
  local sources, least = sources_of(net, join, kind, most)
  local step = next(sources) and search(found, net, join.node, deepest, sources, least)
  if not step then return nil end
  local path, layers = path_of(net, step)
  return {node = join.node, kind = kind, from = sources[key_of(step.value)], path = path, layers = layers}
end

local function find(model)
  local net, found = learned.of(model), {list = {}, steps = 0}
  for _, join in ipairs(net.joins) do
    local kind = skips.kind(join.node)
    local skip = kind and find_skip(found, net, join, kind)
    if skip then found.list[#found.list + 1] = skip end
  end
  found.is_cut = found.steps >= STEPS
  return found
end

local of_models = setmetatable({}, {__mode = "k"})

function skips.of(model)
  of_models[model] = of_models[model] or find(model)
  return of_models[model]
end

return skips
