-- Operators that neither the shipped schemas nor the model itself define.

local domains = require "onnxdoc.domains"
local operator_kinds = require "onnxdoc.operator_kinds"

return {
  severity = "info", category = "compatibility", title = "Operators that are not known here", confidence = "high",
  description = "No schema here and no local function of the model defines these operators. A runtime needs a library "
    .. "that does, and what such a node gives and costs is not known here.",
  fix = "Name the library that a runtime needs in the model's documentation; describe the operator in "
    .. ".onnxdoc/operators, so that shapes and costs are known.",
  messages = {
    made = "{op}, an operator of {maker}, is not known here: {count} of the nodes",
    unknown = "{op}, an operator of a domain that is not known here: {count} of the nodes",
    missing = "{op} is in no operator set of ai.onnx that is known here: {count} of the nodes",
  },
  check = function(model, report)
    for _, kind in ipairs(operator_kinds.of(model)) do
      if kind.op_type ~= "" and not operator_kinds.is_known(kind) then
        local maker = domains.maker(kind.domain)
        local message = kind.domain == "" and "missing" or maker and "made" or "unknown"
        report(kind.nodes, message, {count = #kind.nodes, op = kind.op, maker = maker or ""})
      end
    end
  end,
  examples = {
    fires = {
      [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 1]>
        g (float[2] x) => (float[2] y) { t = com.acme.Twist(x) y = com.acme.Twist(t) }]],
      [[<ir_version: 8, opset_import: ["" : 17, "ai.onnx.contrib" : 1]>
        g (string[2] x) => (int64[N] y) { y = ai.onnx.contrib.BertTokenizer(x) }]],
      [[g (float[2] x) => (float[2] y) { y = Reluu(x) }]],
    },
    silent = {
      [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[2] x) => (float[2] y) { y = com.microsoft.Gelu(x) }]],
      -- The model brings it along.
      [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 1]>
        g (float[2] x) => (float[2] y) { y = com.acme.Twist(x) }
        <domain: "com.acme", opset_import: ["" : 17]>
        Twist (a) => (b) { b = Neg(a) }]],
      -- It exists, but not in this operator set: that is another finding.
      [[<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Gelu(x) }]],
    },
  },
}
