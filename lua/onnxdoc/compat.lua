--- A model's work as other tools count it, so that their figures can be compared with ours.
--
--   torchvision   MACs of convolutions, matrix products, attention and recurrent cells (printed as "GFLOPS" there)
-- fvcore the same, + 2 for each element of BatchNormalization, 5 of Layer-, Group- and InstanceNormalization, 1 of
--                 nearest and 4 of linear resizing, 1 for each input element of global average pooling
--   thop          2 × (MACs + 2 for each element of BatchNormalization + 1 for each output of average pooling)
--   xla           2 × MACs without padding + elementwise + 1 for each element of Cast

local compat = {}

--- The tools, in the order in which they are shown.
compat.tools = {"torchvision", "fvcore", "thop", "xla"}

-- MACs of these are no products to those tools.
local other_products = {AffineGrid = true, Det = true, ["com.microsoft.Inverse"] = true,
  ["ai.onnx.ml.SVMClassifier"] = true, ["ai.onnx.ml.SVMRegressor"] = true, ["ai.onnx.ml.LinearClassifier"] = true,
  ["ai.onnx.ml.LinearRegressor"] = true}

local function product_macs(node, cost)
  if other_products[node.op] then return 0 end
  return cost.macs
end

local function outputs(node) return node.outputs[1] and node.outputs[1].elements end
local function inputs(node) return node.inputs[1] and node.inputs[1].elements end

local function times(count, factor) return count and count * factor end

local normalised = {LayerNormalization = true, GroupNormalization = true, InstanceNormalization = true,
  ["com.microsoft.LayerNormalization"] = true, ["com.microsoft.GroupNorm"] = true}

local function resized(node)
  local mode = node:attr("mode") or "nearest"
  return mode == "nearest" and 1 or (mode == "linear" or mode == "bilinear") and 4 or 0
end

-- What a node adds to a tool's count; nil where it is not known.
local counts = {
  torchvision = product_macs,
  fvcore = function(node, cost)
    local op = node.op
    if op == "BatchNormalization" then return times(outputs(node), 2) end
    if normalised[op] then return times(outputs(node), 5) end
    if op == "Resize" or op == "Upsample" then return times(outputs(node), resized(node)) end
    if op == "GlobalAveragePool" then return inputs(node) end
    return product_macs(node, cost)
  end,
  thop = function(node, cost)
    local op = node.op
    if op == "BatchNormalization" then return times(outputs(node), 4) end
    if op == "AveragePool" or op == "GlobalAveragePool" then return times(outputs(node), 2) end
    return times(product_macs(node, cost), 2)
  end,
  xla = function(node, cost)
    local elementwise = node.op == "Cast" and cost.kind == "compute" and outputs(node) or cost.elementwise
    return cost.macs_valid and elementwise and 2 * cost.macs_valid + elementwise
  end,
}

--- A model's count in a tool's convention: an Expr or a number, and how many nodes are missing in it.
function compat.count(model, tool)
  local by_runs, missing = 0, 0
  for node in model:nodes() do
    local cost = node.own_cost
    if cost and cost.kind ~= "constant" then
      local count = counts[tool](node, cost)
      if not count then missing = missing + 1
      elseif count ~= 0 then by_runs = by_runs + count * node.runs end
    end
  end
  return by_runs, missing
end

return compat
