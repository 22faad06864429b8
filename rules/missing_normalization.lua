-- Deep networks in which nothing normalises: neither an operator for it nor one spelled out in sums and roots.

local learned = require "onnxdoc.learned"
local norms = require "onnxdoc.norms"

local conv = require("onnxdoc.lists").set [[Conv ConvTranspose DeformConv QLinearConv com.microsoft.FusedConv
  com.microsoft.QLinearConv com.microsoft.NhwcFusedConv com.microsoft.NhwcConv com.microsoft.nchwc.Conv]]

-- Whether a node puts a constant for each channel to a value.
local function is_per_channel(node, value)
  local other = node.inputs[node.inputs[1] == value and 2 or 1]
  return other ~= nil and learned.is_constant(other) and (other.elements or 2) ~= 1
end

-- Where a batch normalisation may have gone when the model was exported: into the bias of a convolution, or into a
-- factor for each channel behind a layer.
local function may_hide_one(node)
  local is_conv, output = conv[node.op], node.outputs[1]
  if is_conv and (node.inputs.B or node.domain ~= "" or node.op == "QLinearConv") then return true end
  for _, reader in ipairs(output and output.consumers or {}) do
    if (reader.op == "Mul" or is_conv and reader.op == "Add") and is_per_channel(reader, output) then return true end
  end
  return false
end

local function first_unknown(model)
  for node in model:nodes() do
    if not node.schema and not node.callee then return node.op end
  end
end

return {
  severity = "info", category = "architecture", title = "No normalisation in a deep network", confidence = "medium",
  description = "Deep networks without batch, layer, RMS, group or instance normalisation are hard to train and to "
    .. "fine-tune, and their activations can grow beyond what float16 or 8 bits hold. Normalisations that are spelled "
    .. "out count, and where one may have been folded into convolutions the rule says nothing.",
  fix = "If the network was not made to do without, add normalisation before it is trained again; look at the range of "
    .. "its activations before it is quantised or run in float16.",
  options = {layers = 10},
  messages = {none = "{layers} layers with weights, up to {depth} of them one behind another, and nothing normalises "
    .. "what is between them"},
  check = function(model, report, options)
    local net, found = learned.of(model), norms.of(model)
    if net.depth < options.layers or #found > 0 then return end
    if found.is_cut then return report.unknown("there are more roots than are looked at") end
    local nodes, hiding = {}, 0
    for i, layer in ipairs(net.layers) do
      nodes[i] = layer.node
      if may_hide_one(layer.node) then hiding = hiding + 1 end
    end
    local unknown = first_unknown(model)
    if unknown then return report.unknown(("nobody knows what %s does"):format(unknown)) end
    if hiding * 4 > #nodes then
      return report.unknown(("normalisations may have been folded into %d of %d layers"):format(hiding, #nodes))
    end
    report(nodes, "none", {layers = #nodes, depth = net.depth})
  end,
  examples = {
    fires = {
      function(b)  -- twelve layers with an activation and nothing else
        local x = b:input("x", "float32", {"batch", 16})
        for i = 1, 12 do
          local w = b:constant(nil, "float32", {16, 16}, {random = i})
          x = b:op("Relu", {b:op("MatMul", {x, w})})
        end
        b:output(x)
      end,
      function(b)  -- convolutions without a bias: there is no place where one could have been folded in
        local x = b:input("x", "float32", {1, 4, 8, 8})
        for i = 1, 10 do
          local w = b:constant(nil, "float32", {4, 4, 3, 3}, {random = i})
          x = b:op("Relu", {b:op("Conv", {x, w}, {pads = {1, 1, 1, 1}})})
        end
        b:output(x)
      end,
    },
    silent = {
      function(b)  -- RMS normalisation, spelled out, once before the layers
        local x = b:input("x", "float32", {"batch", 16})
        local mean = b:op("ReduceMean", {b:op("Mul", {x, x})}, {axes = {-1}})
        local root = b:op("Sqrt", {b:op("Add", {mean, b:constant(nil, "float32", {}, {1e-5})})})
        x = b:op("Mul", {x, b:op("Reciprocal", {root})})
        for i = 1, 12 do
          local w = b:constant(nil, "float32", {16, 16}, {random = i})
          x = b:op("Relu", {b:op("MatMul", {x, w})})
        end
        b:output(x)
      end,
      function(b)  -- layer normalisation, spelled out, with a root by Pow
        local x = b:input("x", "float32", {"batch", 16})
        local centred = b:op("Sub", {x, b:op("ReduceMean", {x}, {axes = {-1}})})
        local square = b:op("Pow", {centred, b:constant(nil, "float32", {}, {2})})
        local variance = b:op("ReduceMean", {square}, {axes = {-1}})
        local root = b:op("Pow", {b:op("Add", {variance, b:constant(nil, "float32", {}, {1e-5})}),
          b:constant(nil, "float32", {}, {0.5})})
        x = b:op("Div", {centred, root})
        for i = 1, 12 do
          local w = b:constant(nil, "float32", {16, 16}, {random = i})
          x = b:op("Relu", {b:op("MatMul", {x, w})})
        end
        b:output(x)
      end,
      function(b)  -- a network of three layers needs none
        local x = b:input("x", "float32", {"batch", 16})
        for i = 1, 3 do x = b:op("Relu", {b:op("MatMul", {x, b:constant(nil, "float32", {16, 16}, {random = i})})}) end
        b:output(x)
      end,
    },
  },
}
