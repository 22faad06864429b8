-- A limit for the multiply-accumulates of one run, at the numbers that are asked about (-b 8).

local budgets = require "onnxdoc.budgets"

return {
  severity = "error", category = "budget", title = "More MACs than allowed", confidence = "high",
  description = "One run of the model takes more multiply-accumulates (in matrix products, convolutions, attention and "
    .. "recurrent cells) than the limit that is set.",
  fix = "See onnxdoc cost for where they are; make the model or its input smaller, or raise the limit.",
  options = {max = false},
  applies = budgets.is_set, accepts = budgets.accepts,
  check = function(model, report, options) budgets.compare(model, report, options, budgets.cost(model, "macs")) end,
  examples = {
    fires = {{model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }",
      options = {max = "5k"}, bindings = {N = 8}}},
    silent = {
      "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }",
      {model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = 5120},
        bindings = {N = 8}},
      {model = "g (float[1000] x) => (y) { y = Relu(x) }", options = {max = 0}},
    },
  },
}
