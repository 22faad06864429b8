-- Operator sets newer than those whose operators are known here: what the model says with them is read by older rules.

local versions = require "onnxdoc.versions"

return {
  severity = "info", category = "compatibility", title = "Operator set newer than what is known here",
  confidence = "high",
  description = "Operators of this operator set are read as the newest ones known here describe them; where they have "
    .. "changed, shapes and costs may be wrong.",
  fix = "Use a newer version of onnxdoc, or export for an older operator set, which more runtimes know.",
  messages = {newer = "the model imports operator set {opset} of {domain}; the newest that is known here is {newest}"},
  check = function(model, report)
    for domain, newest in pairs(versions.newest) do
      local opset = model.opset[domain]
      if opset and opset > newest then
        report(model, "newer", {opset = opset, domain = domain == "" and "ai.onnx" or domain, newest = newest})
      end
    end
  end,
  examples = {
    fires = {
      [[<ir_version: 13, opset_import: ["" : 99]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 13, opset_import: ["" : 24, "ai.onnx.ml" : 40]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
    },
    silent = {
      [[<ir_version: 11, opset_import: ["" : 23]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 99]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
    },
  },
}
