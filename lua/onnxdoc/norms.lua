--- Normalisations: operators for them, of any domain, and those that exporters spell out. No name of a node is looked
-- at.
--
--     for _, norm in ipairs(require("onnxdoc.norms").of(model)) do print(norm.kind, norm.node) end
--
-- A norm is {node, kind, is_spelled_out = true or nil}: node is the operator or, spelled out, the one that divides by
-- the deviation, or multiplies by its inverse; kind is "batch", "layer", "rms", "instance", "group", "response" (LRN),
-- "lp" or "other" (an operator by the name of it). of(model) is found once for each model; functions and bodies count.
-- Its is_cut says that not all roots were looked at.
--
-- Spelled out is any x / sqrt(mean(…)): from a root, a mean or sum is near towards the inputs, and a quotient or
-- product with something computed is near towards the outputs. Centred ones (mean((x - mean(x))^2)) are "layer" over
-- one axis, "instance" over several, others are "rms"; over the root of a sum, as ReduceL2 gives it, they are "lp".

local learned = require "onnxdoc.learned"
local near = require "onnxdoc.near"

local set = require("onnxdoc.lists").set

local norms = {}

local STEPS = 200000 -- readers that are looked at in one model

-- ---- operators ----

local words = {{"batchnorm", "batch"}, {"rmsnorm", "rms"}, {"simplifiedlayernorm", "rms"}, {"layernorm", "layer"},
  {"groupnorm", "group"}, {"instancenorm", "instance"}, {"lpnorm", "lp"}}
local others = {LRN = "response", MeanVarianceNormalization = "instance"}

-- An instance normalisation of what was reshaped is how GroupNorm is exported.
local function is_of_groups(node)
  local input = node.inputs[1]
  return input and input.producer and input.producer.op == "Reshape"
end

-- Kinds by operator, found when it is first seen; false for no normalisation.
local kinds = setmetatable({}, {__index = function(kinds, op)
  local name, kind = op:lower(), others[op] or false
  if not kind and name:find "norm" and not name:find "normal$" and not name:find "normali[sz]er$"
    and not name:find "randomnormal" then
    kind = "other"
    for _, word in ipairs(words) do
      if name:find(word[1], 1, true) then
        kind = word[2]
        break
      end
    end
  end
  kinds[op] = kind
  return kind
end})

local function operator_kind(node)
  local kind = kinds[node.op]
  return kind == "instance" and is_of_groups(node) and "group" or kind
end

-- ---- spelled out ----

local before = set "Add Mul Div Max Clip Cast Identity Reshape Unsqueeze Squeeze Expand Abs Relu Sub"
local means = set [[ReduceMean ReduceSum ReduceSumSquare ReduceL2 GlobalAveragePool AveragePool
  com.microsoft.QLinearReduceMean com.microsoft.QLinearGlobalAveragePool]]
local behind = set "Add Max Clip Cast Identity Reshape Unsqueeze Squeeze Expand Reciprocal Mul Div Pow"

local function is_mean(value)
  local node = value.producer
  return node and means[node.op] and node or nil
end

-- The number that a constant has, where it has one element.
local function number(value)
  local known = value and value.known
  return known and #known == 1 and tonumber(known[1]) or nil
end

-- Whether a node takes a root, or is one: sqrt(x), x^0.5, x^-0.5, the norm of x.
local function is_root(node)
  local op = node.op
  if op == "Sqrt" or op == "ReduceL2" then return true end
  local exponent = op == "Pow" and number(node.inputs[2])
  return exponent == 0.5 or exponent == -0.5
end

-- Whether node, which reads `value` (a root or its inverse), puts it to something that is computed otherwise.
local function scales(node, value)
  if node.op ~= "Div" and node.op ~= "Mul" then return false end
  local a, b = node.inputs[1], node.inputs[2]
  local other = a == value and b or a
  return other ~= nil and other ~= value and not learned.is_constant(other) and (node.op == "Mul" or b == value)
end

-- The node that is scaled by a root, near towards the outputs.
local function scaled_by(list, root)
  local queue, at = {root}, 1
  while queue[at] and list.steps < STEPS do
    local readers = queue[at].consumers
    list.steps = list.steps + #readers
    for i, node in ipairs(readers) do
      if i > near.inputs then break end
      if scales(node, queue[at]) then return node end
      if behind[node.op] and #queue < near.inputs then queue[#queue + 1] = node.outputs[1] end
    end
    at = at + 1
  end
end

-- How many axes a mean is taken over; nil where that is not known.
local function axis_count(mean)
  local axes = mean:attr "axes" or mean.inputs[2] and mean.inputs[2].known
  return type(axes) == "table" and #axes or nil
end

-- Whether what is squared has had its mean taken away.
local function is_centred(mean)
  local input = mean.inputs[1]
  return input ~= nil and near.behind(input, set "Mul Pow Abs Cast Identity", function(value)
    return value.producer and value.producer.op == "Sub"
  end) ~= nil
end

local function spelled_kind(mean)
  if mean.op == "ReduceL2" or mean.op == "ReduceSumSquare" or mean.op == "ReduceSum" then return "lp" end
  if not is_centred(mean) then return "rms" end
  return (axis_count(mean) or 1) > 1 and "instance" or "layer"
end

local function spelled_out(list, node)
  local input, output = node.inputs[1], node.outputs[1]
  if not input or not output or learned.is_constant(output) then return nil end
  local mean = node.op == "ReduceL2" and node or near.behind(input, before, is_mean)
  local scaled = mean and scaled_by(list, output)
  return scaled and {node = scaled, kind = spelled_kind(mean), is_spelled_out = true}
end

-- ---- all ----

local function find(model)
  local list = {steps = 0}
  for node in model:nodes() do
    local kind = operator_kind(node)
    local norm = kind and {node = node, kind = kind}
      or is_root(node) and node.class == "compute" and spelled_out(list, node)
    if norm then list[#list + 1] = norm end
  end
  list.is_cut = list.steps >= STEPS
  return list
end

local of_models = setmetatable({}, {__mode = "k"})

function norms.of(model)
  of_models[model] = of_models[model] or find(model)
  return of_models[model]
end

return norms
