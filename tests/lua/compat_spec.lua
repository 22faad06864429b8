-- What other tools would count.

local compat = require "onnxdoc.compat"
local onnxdoc = require "onnxdoc"

describe("compat", function()
  local m
  setup(function()
    m = assert(onnxdoc.parse [[g (float[N,3,8,8] x, float[2,2] a) => (y, z) <float[4,3,3,3] w = {...}, float[4] s = {...},
        float[4] b = {...}, float[4] m = {...}, float[4] v = {...}, float[4] sizes = {1, 1, 2, 2}> {
      c = Conv <pads = [1, 1, 1, 1]> (x, w)
      n = BatchNormalization (c, s, b, m, v)
      r = Relu (n)
      u = Resize <mode = "nearest"> (r, , sizes)
      p = GlobalAveragePool (u)
      y = Cast <to = 10> (p)
      d = Det (a)
      z = Exp (d)
    }]])
  end)

  local function count(tool)
    local formula, missing = compat.count(m, tool)
    assert.equal(0, missing)
    return tostring(formula)
  end

  it("takes the parts that each tool takes", function()
    local conv, outputs = 64 * 4 * 27, 64 * 4
    assert.equal(("%d*N"):format(conv), count "torchvision")
    assert.equal(("%d*N"):format(conv + 2 * outputs + 4 * outputs + 4 * outputs), count "fvcore")
    assert.equal(("%d*N"):format(2 * (conv + 2 * outputs) + 2 * 4), count "thop")
    -- without the 3x3 kernel's places outside of 8x8: 22 of 24 in each direction
    local valid = 22 * 22 * 4 * 3
    assert.equal(("%d*N"):format(2 * valid + 2 * outputs + outputs + 4 * outputs + 4),
      (count "xla":match("^%d+%*N")))
  end)

  it("says how much it misses", function()
    local odd = assert(onnxdoc.parse [[<ir_version: 8, opset_import: ["": 17, "com.acme": 1]>
      g (float[N] x) => (y) { a = com.acme.Odd (x) y = MatMul (x, x) }]])
    local formula, missing = compat.count(odd, "torchvision")
    assert.equal("N", tostring(formula))
    assert.equal(1, missing)
    formula, missing = compat.count(odd, "xla")
    assert.equal("2*N", tostring(formula))
    assert.equal(1, missing)
  end)

  it("misses a node whose body runs nobody knows how often", function()
    local body = assert(onnxdoc.parse [[g (seq(float[N,3]) s) => (seq(float[a,b]) r) {
      r = SequenceMap <body = body (float[a,b] x) => (float[a,b] y) { y = Neg (x) }> (s) }]])
    for _, tool in ipairs(compat.tools) do assert.equal(1, select(2, compat.count(body, tool))) end
  end)

  it("counts past 2^63, and in time linear in the formula's terms", function()
    local large = assert(onnxdoc.parse [[g (float[2147483648,1073741824] x, float[1073741824] s) => (y) {
      y = BatchNormalization (x, s, s, s, s) }]])
    assert.equal("9223372036854775808", tostring((compat.count(large, "thop"))))
    local b = onnxdoc.build{opset = 17}
    for i = 1, 500 do
      b:output(b:op("MatMul", {b:input("x" .. i, "float32", {"s" .. i, 2}), b:input("w" .. i, "float32", {2, "t" .. i})}))
    end
    local formula = compat.count(assert(b:model()), "thop")
    assert.equal(1000, #formula.symbols)
  end)
end)
