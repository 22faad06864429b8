--- A model's work as other tools count it, so that their figures can be compared with ours.
--
--   torchvision   MACs of convolutions, matrix products, attention and recurrent cells (printed as "GFLOPS" there)
--   fvcore        the same, + 2 for each element of BatchNormalization, 5 of Layer-, Group- and InstanceNormalization,
--                 1 of nearest and 4 of linear resizing, 1 for each input element of global average pooling
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

-- As an Expr, which does not wrap around; nil where it is not known. `zero` is one of the model.
local function elements(value, zero) return value and value.elements and zero + value.elements or nil end

local function outputs(node, zero) return elements(node.outputs[1], zero) end
local function inputs(node, zero) return elements(node.inputs[1], zero) end

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
  fvcore = function(node, cost, zero)
    local op = node.op
    if op == "BatchNormalization" then return times(outputs(node, zero), 2) end
    if normalised[op] then return times(outputs(node, zero), 5) end
    if op == "Resize" or op == "Upsample" then return times(outputs(node, zero), resized(node)) end
    if op == "GlobalAveragePool" then return inputs(node, zero) end
    return product_macs(node, cost)
  end,
  thop = function(node, cost, zero)
    local op = node.op
    if op == "BatchNormalization" then return times(outputs(node, zero), 4) end
    if op == "AveragePool" or op == "GlobalAveragePool" then return times(outputs(node, zero), 2) end
    return times(product_macs(node, cost), 2)
  end,
  xla = function(node, cost, zero)
    local elementwise = node.op == "Cast" and cost.kind == "compute" and outputs(node, zero) or cost.elementwise
    return cost.macs_valid and elementwise and 2 * cost.macs_valid + elementwise
  end,
}

local function is_zero(count) return count == 0 or type(count) == "userdata" and count.value == 0 end

-- By halves: a formula that grows node by node would take time quadratic in its terms.
local function sum(parts)
  while #parts > 1 do
    local pairs_of = {}
    for i = 1, #parts, 2 do pairs_of[#pairs_of + 1] = parts[i + 1] and parts[i] + parts[i + 1] or parts[i] end
    parts = pairs_of
  end
  return parts[1] or 0
end

--- A model's count in a tool's convention: an Expr or a number, and how many nodes are missing in it: those whose
-- count is not known, or how often they run.
function compat.count(model, tool)
  local parts, missing, zero = {}, 0, model.cost.macs * 0
  for node in model:nodes() do
    local cost = node.own_cost
    if cost and cost.kind ~= "constant" then
      local count = counts[tool](node, cost, zero)
      if not count or not is_zero(count) then
        local runs = count and node.runs
        if not runs then missing = missing + 1
        else parts[#parts + 1] = runs == 1 and count or count * runs end
      end
    end
  end
  return sum(parts), missing
end

return compat
