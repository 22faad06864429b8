-- A limit for the peak of activations in one run, at the numbers that are asked about (-b 8).

local budgets = require "onnxdoc.budgets"
local text = require "onnxdoc.text"

return {
  severity = "error", category = "budget", title = "More memory for activations than allowed", confidence = "medium",
  description = "Where most is alive, activations take more bytes than the limit that is set, weights not counted, "
    .. "when nodes run in the order of the file and what nobody reads any more is freed.",
  fix = "See onnxdoc cost for the node; make the batch or the input smaller, or raise the limit.",
  options = {max = false},
  applies = budgets.is_set, accepts = budgets.accepts,
  check = function(model, report, options)
    local ok, peak = pcall(model.memory, model, report.bindings)
    if not ok then return report.unknown("peak activation: " .. tostring(peak)) end
    local unknown = peak.unknown > 0 and ("the size of %s is not known"):format(text.plural(peak.unknown, "activation"))
    budgets.compare(peak.node or model, report, options, {what = "peak activation", formula = peak.bytes,
      unknown = unknown or nil, show = text.bytes})
  end,
  examples = {
    fires = {{model = "g (float[N,1000] x) => (y) { a = Relu(x) y = Relu(a) }", options = {max = "8KB"},
      bindings = {N = 2}}},
    silent = {
      "g (float[N,1000] x) => (y) { a = Relu(x) y = Relu(a) }",
      {model = "g (float[N,1000] x) => (y) { a = Relu(x) y = Relu(a) }", options = {max = "8KB"}, bindings = {N = 1}},
    },
  },
}
