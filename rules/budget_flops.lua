-- A limit for what one run takes in FLOPs (2 × MACs + elementwise), at the numbers that are asked about (-b 8).

local budgets = require "onnxdoc.budgets"

return {
  severity = "error", category = "budget", title = "More FLOPs than allowed", confidence = "high",
  description = "One run of the model takes more floating-point operations than the limit that is set. A multiply-add "
    .. "counts as two. Symbols have the values given with -b, --seq, --dim, else stated defaults.",
  fix = "See onnxdoc cost for where they are; make the model or its input smaller, or raise the limit.",
  options = {max = false},
  applies = budgets.is_set, accepts = budgets.accepts,
  check = function(model, report, options) budgets.compare(model, report, options, budgets.cost(model, "flops")) end,
  examples = {
    fires = {
      {model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = "10k"},
        bindings = {N = 8}},
      {model = "g (float[1,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) z = Odd(x) }",
        options = {max = 1000}},
    },
    silent = {
      "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }",
      {model = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = "10k"},
        bindings = {N = 7}},
      {model = "g (float[1,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }", options = {max = 1280}},
    },
  },
}
