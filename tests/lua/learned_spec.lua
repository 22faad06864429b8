-- lua/onnxdoc/learned.lua: layers with weights, how deep they lie, and what joins ways of different length.

local learned = require "onnxdoc.learned"
local onnxdoc = require "onnxdoc"

local function of(text) return learned.of(assert(onnxdoc.parse(text))) end

describe("layers", function()
  it("are nodes with constant weights, wherever these stand", function()
    local net = of [[<ir_version: 8, opset_import: ["": 17]> g (float[N,4] x) => (float[N,4] y)
      <float[4,4] w = {...}, float[4,4] v = {...}>
      { a = MatMul(x, w)  t = Transpose <perm = [1, 0]> (v)  b = Gemm(a, t)  y = MatMul(b, b) }]]
    assert.are.equal(2, #net.layers)
    assert.are.equal("w", net.layers[1].weight.name)
    assert.are.equal("Gemm", net.layers[2].node.op)
    assert.are.same({1, 2, 2}, {net.layers[1].depth, net.layers[2].depth, net.depth})
  end)

  it("are no products of activations, but convolutions whatever their weights are made of", function()
    local net = of [[<ir_version: 8, opset_import: ["": 17]>
      g (float[1,4,8,8] x, float[4,4,1,1] k) => (float[1,4,8,8] y) { a = Conv(x, k)  y = MatMul(a, a) }]]
    assert.are.equal(1, #net.layers)
    assert.are.equal("Conv", net.layers[1].node.op)
  end)

  it("of bodies count by themselves, calls are named", function()
    local net = of [[<ir_version: 8, opset_import: ["": 17, "my": 1]> g (float[4,4] x) => (float[4,4] y)
      <float[4,4] w = {...}> { a = MatMul(x, w)  y = my.f(a) }
      <domain: "my", opset_import: ["": 17]> f (p) => (q) { q = Relu(p) }]]
    assert.are.equal(1, #net.layers)
    assert.are.equal("my.f", net.calls[1].op)
  end)

  it("of a model without any are none", function()
    local net = of "g (float[N] x) => (float[N] y) { y = Relu(x) }"
    assert.are.same({0, 0, 0}, {#net.layers, net.depth, #net.joins})
  end)
end)

describe("joins", function()
  it("have inputs of different depth; constants are no inputs", function()
    local net = of [[<ir_version: 8, opset_import: ["": 17]> g (float[N,4] x) => (float[N,4] y)
      <float[4,4] w = {...}, float[4] b = {...}>
      { a = MatMul(x, w)  c = Add(a, b)  d = Relu(x)  e = Add(x, d)  y = Add(c, e) }]]
    assert.are.equal(1, #net.joins)
    assert.are.equal(2, #net.joins[1].inputs)
    assert.are.equal("y", net.joins[1].node.outputs[1].name)
  end)
end)

it("is found once for each model", function()
  local model = assert(onnxdoc.parse "g (float[N] x) => (float[N] y) { y = Relu(x) }")
  assert.are.equal(learned.of(model), learned.of(model))
end)
