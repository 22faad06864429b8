-- lua/onnxdoc/norms.lua: normalisations by operator and spelled out.

local norms = require "onnxdoc.norms"
local onnxdoc = require "onnxdoc"
local scale = require "scale"

local function counts(model)
  local found = {}
  for _, norm in ipairs(norms.of(model)) do
    local kind = norm.kind .. (norm.is_spelled_out and " spelled out" or "")
    found[kind] = (found[kind] or 0) + 1
  end
  return found
end

local function zoo(name, options) return counts(assert(require("models." .. name)(options):model())) end

local function in_text(body)
  return counts(assert(onnxdoc.parse(([[<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]>
    g (float[N,4,8,8] x) => (y) <float two = {2.0}, float half = {0.5}, float minus = {-0.5}, float eps = {0.00001},
      float[4] s = {...}, float[4] b = {...}, int64[3] groups = {0, 2, -1}, float[2] p = {...}, float[8] gamma = {...}>
    { %s }]]):format(body))))
end

describe("normalisations", function()
  it("of real structures", function()
    assert.are.same({["layer spelled out"] = 25}, zoo "bert_squad")
    assert.are.same({["layer spelled out"] = 5}, zoo "gpt2")
    assert.are.same({["rms spelled out"] = 5}, zoo "moe")
    assert.are.same({batch = 14}, zoo "unet")
    assert.are.same({rms = 5}, zoo "llama")
  end)

  local operators = {
    batch = "y = BatchNormalization(x, s, b, s, b)", instance = "y = InstanceNormalization(x, s, b)",
    group = "r = Reshape(x, groups) y = InstanceNormalization(r, p, p)", layer = "y = LayerNormalization(x, gamma)",
    rms = "y = com.microsoft.SimplifiedLayerNormalization(x, gamma)", response = "y = LRN <size = 3> (x)",
    lp = "y = LpNormalization(x)", other = "y = com.microsoft.MyNorm(x)",
  }
  for kind, body in pairs(operators) do
    it("by operator: " .. kind, function() assert.are.same({[kind] = 1}, in_text(body)) end)
  end

  local spelled = {
    ["rms, by Reciprocal"] = {"rms", [[q = Mul(x, x) m = ReduceMean <axes = [-1]> (q) e = Add(m, eps) r = Sqrt(e)
      i = Reciprocal(r) n = Mul(x, i) y = Mul(n, gamma)]]},
    ["rms, by Pow"] = {"rms", [[q = Pow(x, two) m = ReduceMean <axes = [-1]> (q) e = Add(m, eps) r = Pow(e, minus)
      y = Mul(x, r)]]},
    layer = {"layer", [[u = ReduceMean <axes = [-1]> (x) d = Sub(x, u) q = Pow(d, two) m = ReduceMean <axes = [-1]> (q)
      e = Add(m, eps) r = Pow(e, half) y = Div(d, r)]]},
    instance = {"instance", [[u = ReduceMean <axes = [2, 3]> (x) d = Sub(x, u) q = Mul(d, d)
      m = ReduceMean <axes = [2, 3]> (q) e = Add(m, eps) r = Sqrt(e) y = Div(d, r)]]},
    lp = {"lp", "l = ReduceL2 <axes = [1]> (x) c = Max(l, eps) y = Div(x, c)"},
  }
  for name, case in pairs(spelled) do
    it("spelled out: " .. name, function() assert.are.same({[case[1] .. " spelled out"] = 1}, in_text(case[2])) end)
  end

  it("are no roots of something else, nor deviations that nothing is divided by", function()
    assert.are.same({}, in_text "r = Sqrt(x) y = Div(x, r)")
    assert.are.same({}, in_text "q = Mul(x, x) m = ReduceMean(q) r = Sqrt(m) y = Add(x, r)")
    assert.are.same({}, in_text "y = RandomNormalLike(x)")
  end)

  it("are looked for so far, and what is left out is told", function()
    local lines = {"q = Mul(x, x) m = ReduceMean <axes = [-1]> (q)"}
    for i = 1, scale(500) do lines[i + 1] = ("r%d = Sqrt(m) s%d = Add(r%d, t)"):format(i, i, i) end
    lines[#lines + 1] = "y = Identity(m)"
    local model = assert(onnxdoc.parse(("g (float[N,4] x) => (y) <float t = {1.0}> { %s }"):format(table.concat(lines, "\n"))))
    local list = norms.of(model)
    assert.are.same({0, false}, {#list, list.is_cut})
  end)
end)
