-- Activations that few networks have, and for which few runtimes have kernels of their own.

-- Mish is x * tanh(softplus(x)): there Softplus is part of something usual.
local function is_in_mish(node)
  local readers = node.outputs[1] and node.outputs[1].consumers or {}
  return #readers > 0 and readers[1].op == "Tanh"
end

return {
  severity = "info", category = "compatibility", title = "Unusual activations", confidence = "medium",
  description = "Elu, Celu, Selu, ThresholdedRelu, Softsign, Softplus, Shrink, Hardmax: runtimes for phones, browsers "
    .. "and accelerators often have no kernel for them, or none in 8 bits, and then run them elsewhere, which splits "
    .. "the graph.",
  fix = "Look whether the runtime you mean to use has them. If not, spell them out in simpler operators, or train "
    .. "with a common one (Relu, HardSwish, Gelu).",
  options = {operators = {"Elu", "Celu", "Selu", "ThresholdedRelu", "Softsign", "Softplus", "Shrink", "Hardmax"}},
  messages = {rare = "{count} activations that not every runtime for phones, browsers and accelerators has a kernel "
    .. "for: {operators}"},
  check = function(model, report, options)
    local found, counts = {}, {}
    for _, op in ipairs(options.operators) do
      local before = #found
      for node in model:nodes {op = op} do
        if node.class == "compute" and not (op == "Softplus" and is_in_mish(node)) then found[#found + 1] = node end
      end
      if #found > before then counts[#counts + 1] = ("%d × %s"):format(#found - before, op) end
    end
    if #found > 0 then report(found, "rare", {count = #found, operators = table.concat(counts, ", ")}) end
  end,
  examples = {
    fires = {
      "g (float[N,4] x) => (float[N,4] y) { y = Selu(x) }",
      "g (float[N,4] x) => (float[N,4] y) { a = Softsign(x)  b = Abs(a)  c = Softsign(b)  y = Elu(c) }",
      "g (float[N,4] x) => (float[N,4] y) { y = Softplus(x) }",
      {model = "g (float[N,4] x) => (float[N,4] y) { y = Mish(x) }", options = {operators = {"Mish"}}},
    },
    silent = {
      "mish (float[N,4] x) => (float[N,4] y) { s = Softplus(x)  t = Tanh(s)  y = Mul(x, t) }",
      "swish (float[N,4] x) => (float[N,4] y) { s = Sigmoid(x)  y = Mul(x, s) }",
      "gelu (float[N,4] x) => (float[N,4] y) <float r = {1.4142135}, float one = {1.0}, float half = {0.5}> "
        .. "{ d = Div(x, r)  e = Erf(d)  a = Add(e, one)  m = Mul(x, a)  y = Mul(m, half) }",
      "prelu (float[N,4] x) => (float[N,4] y) <float[4] slope = {...}> { y = PRelu(x, slope) }",
      "g (float[N,4] x) => (float[N,4] y) { h = HardSwish(x)  y = LeakyRelu(h) }",
    },
  },
}
