-- Weights that are inputs of the graph, too: whoever runs the model may replace them, so no runtime may fold them.

local training = require "onnxdoc.training"

-- Before IR version 4 every initializer had to be an input.
local FIRST = 4

return {
  severity = "warning", category = "hygiene", title = "Initializers listed as inputs", confidence = "high",
  description = "An initializer that is an input of the graph as well is only a default, which a caller may replace. "
    .. "Runtimes then do not fold constants, fuse batch normalisation or pack weights ahead of time.",
  fix = "Export with keep_initializers_as_inputs=False, or take these inputs out of the graph's list of inputs.",
  messages = {weights = "initializers that are inputs of the graph as well, so that runtimes cannot take them as "
    .. "constants: {count} ({bytes})"},
  applies = function(model) return (model.ir_version or 0) >= FIRST and not training.is_intended(model) end,
  check = function(model, report)
    local listed, bytes = {}, 0
    for _, value in ipairs(model.inputs) do
      local tensor = value.tensor
      -- A single number is more likely a default that is meant to be replaced.
      if tensor and (tensor.size or 0) > 1 then
        listed[#listed + 1], bytes = value, bytes + (tensor.nbytes or 0)
      end
    end
    if #listed > 0 then report(listed, "weights", {count = #listed, bytes = onnxdoc.bytes(bytes)}) end
  end,
  examples = {
    fires = {[[<ir_version: 8, opset_import: ["" : 17]>
      g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]]},
    silent = {
      [[<ir_version: 8, opset_import: ["" : 17]>
        g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      -- It had to be so.
      [[<ir_version: 3, opset_import: ["" : 8]>
        g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      -- A default that is meant to be replaced.
      [[<ir_version: 8, opset_import: ["" : 17]>
        g (float[2] x, float scale) => (float[2] y) <float scale = {0.5}> { y = Mul(x, scale) }]],
    },
  },
}
