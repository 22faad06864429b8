-- A limit for the stored elements of a model.

local budgets = require "onnxdoc.budgets"
local text = require "onnxdoc.text"

local function unknown_of(count)
  return count.unknown > 0 and ("the size of %s is not known"):format(text.plural(count.unknown, "tensor")) or nil
end

return {
  severity = "error", category = "budget", title = "More parameters than allowed", confidence = "high",
  description = "The model stores more elements (weights, and all other constants) than the limit that is set.",
  fix = "See onnxdoc cost --by module for where they are; make the model smaller, or raise the limit.",
  options = {max = false},
  applies = budgets.is_set, accepts = budgets.accepts,
  check = function(model, report, options)
    local all = model.parameters.all
    budgets.compare(model, report, options, {what = "parameters", formula = all.elements, unknown = unknown_of(all)})
  end,
  examples = {
    fires = {{model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = 639}}},
    silent = {
      "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }",
      {model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = "0.64k"}},
    },
  },
}
