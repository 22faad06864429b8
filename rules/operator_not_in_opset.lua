-- Operators that exist, but not in the operator set that the model imports.

local operator_kinds = require "onnxdoc.operator_kinds"

-- onnxruntime takes these of ai.onnx in any operator set, since its own fusions make them.
local taken_anywhere = {LayerNormalization = true}

return {
  severity = "warning", category = "compatibility", title = "Operators newer than the imported operator set",
  confidence = "high",
  description = "An operator is taken from an operator set that does not have it yet. The ONNX checker refuses the "
    .. "model, and most runtimes do.",
  fix = "Import the operator set that has it (onnx.version_converter), or export again for the one that is wanted.",
  messages = {newer = "{op} is not in operator set {opset} that the model imports: {count} of the nodes"},
  check = function(model, report)
    for _, kind in ipairs(operator_kinds.of(model)) do
      local is_missing = kind.opset and not kind.schema and operator_kinds.is_known(kind)
      if is_missing and not taken_anywhere[kind.op] then
        report(kind.nodes, "newer", {count = #kind.nodes, op = kind.op, opset = kind.opset})
      end
    end
  end,
  examples = {
    fires = {[[<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Gelu(x) }]]},
    silent = {
      [[<ir_version: 9, opset_import: ["" : 20]> g (float[2] x) => (float[2] y) { y = Gelu(x) }]],
      [[<ir_version: 6, opset_import: ["" : 11]>
        g (float[2,4] x) => (float[2,4] y) <float[4] s = {1, 1, 1, 1}> { y = LayerNormalization(x, s) }]],
      -- No operator set is imported: reading says so.
      [[<ir_version: 8, opset_import: ["com.acme" : 1]> g (float[2] x) => (float[2] y) { y = Gelu(x) }]],
    },
  },
}
