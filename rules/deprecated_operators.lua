-- Operators that the model's own operator set has given up.

local operator_kinds = require "onnxdoc.operator_kinds"

return {
  severity = "warning", category = "compatibility", title = "Deprecated operators", confidence = "high",
  description = "The operator set that the model imports no longer has these operators. The ONNX checker refuses them, "
    .. "and runtimes may.",
  fix = "Export again with a newer exporter, or import the older operator set that has them.",
  messages = {
    deprecated = "{op} is deprecated from operator set {since} on, the model imports {opset}: {count} of the "
      .. "nodes",
  },
  check = function(model, report)
    for _, kind in ipairs(operator_kinds.of(model)) do
      local schema = kind.schema
      if schema and schema.deprecated then
        report(kind.nodes, "deprecated", {count = #kind.nodes, op = kind.op, since = schema.since, opset = kind.opset})
      end
    end
  end,
  examples = {
    fires = {[[<ir_version: 6, opset_import: ["" : 11]>
      g (float[1,1,2,2] x) => (float[1,1,4,4] y) <float[4] scales = {1, 1, 2, 2}> { y = Upsample(x, scales) }]]},
    silent = {
      [[<ir_version: 4, opset_import: ["" : 9]>
        g (float[1,1,2,2] x) => (float[1,1,4,4] y) <float[4] scales = {1, 1, 2, 2}> { y = Upsample(x, scales) }]],
      [[<ir_version: 6, opset_import: ["" : 11]>
        g (float[1,1,2,2] x) => (float[1,1,4,4] y) <float[4] scales = {1, 1, 2, 2}> {
          y = Resize(x, "", scales)
        }]],
    },
  },
}
