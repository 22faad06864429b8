-- What stored tensors are used for.

local onnxdoc = require "onnxdoc"

local function parse(text) return assert(onnxdoc.parse(text)) end

local function uses(model)
  local found = {}
  for tensor in model:tensors() do
    if tensor.value or tensor.node then found[tensor.name] = tensor.use end
  end
  return found
end

describe("parameters", function()
  it("are told apart by what computes with them", function()
    local m = parse [[g (float[N,4,8,8] x) => (y, z) <
        float[4,4,3,3] kernel = {...}, float[4] bias = {...}, float[4] scale = {...}, float[4] shift = {...},
        float[4] mean = {...}, float[4] var = {...}, float half = {0.5}, int64[2] shape = {0, -1},
        float[8,8] unread = {...}, float[1,1,16,16] causal = {...}, bool[16,16] allowed = {...}> {
      c = Conv (x, kernel, bias)
      n = BatchNormalization (c, scale, shift, mean, var)
      h = Mul (n, half)
      y = Reshape (h, shape)
      a = Add (causal, causal)
      w = Where (allowed, half, half)
      z = Mul (x, bias)
    }]]
    assert.same({kernel = "weight", bias = "weight", scale = "weight", shift = "weight", mean = "statistic",
      var = "statistic", half = "scalar", shape = "index", unread = "unused", causal = "unused", allowed = "unused"},
      uses(m)) -- what is read by nothing but constants that nobody reads is unused as well
    local p = m.parameters
    assert.equal(1, #p.tied)
    assert.equal("bias", p.tied[1].name)
    assert.equal(144 + 12, p.by_use.weight.elements)
    assert.equal(8, p.by_use.statistic.elements)
    assert.equal(3, #p.unused)
  end)

  it("are followed through what only makes another constant of them", function()
    local m = parse [[g (float[N,4] x, bool[N,4] c) => (y, z) <
        float[4,4] w = {...}, int8[4,4] q = {...}, float s = {0.1}, int8 zp = {0}, float[16,4] table = {...},
        int64[3] at = {1, 2, 3}, float[1,4] other = {...}> {
      t = Transpose (w)
      d = DequantizeLinear (q, s, zp)
      a = MatMul (x, t)
      b = MatMul (a, d)
      y = Where (c, b, other)
      picked = Gather (table, at)
      z = Mul (x, picked)
    }]]
    assert.same({w = "weight", q = "quantised-weight", s = "quantisation", zp = "quantisation", table = "weight",
      at = "index", other = "table"}, uses(m))
    for tensor in m:tensors() do
      if tensor.name == "w" then assert.equal("MatMul", tensor.users[1].op_type) end
    end
  end)

  it("count each once, in functions and subgraphs too, and Constant nodes", function()
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "f": 1]>
      g (float[2,3] x, bool c) => (y) {
        a = f.scaled (x) b = f.scaled (a)
        y = If (c) <then_branch = t () => (p) <float[3] w = {...}> { p = Mul (b, w) }, else_branch = e () => (q) { q = Exp (b) }>
      }
      <domain: "f", opset_import: ["": 17]>
      scaled (x) => (y) { k = Constant <value = float[3] {1, 2, 3}> () y = Mul (x, k) }]]
    assert.equal(6, m.parameters.all.elements)
    assert.equal(6, m.parameters.by_use.weight.elements)
  end)

  it("say what is generated instead of stored", function()
    local m = parse [[g (float[N,4] x) => (y) <int64[2] s = {4, 8}> {
      w = ConstantOfShape <value = float[1] {0.5}> (s) y = MatMul (x, w) }]]
    assert.equal(32, m.parameters.generated.elements)
    assert.equal(2, m.parameters.all.elements)
    assert.equal(2, m.parameters.by_use.index.elements)
  end)

  it("pack what is below a byte, and know what is outside", function()
    local b = onnxdoc.build{opset = 21}
    local x = b:input("x", "float32", {"N", 3})
    local w = b:constant("w", "int4", {3, 5}, "zeros")
    local d = b:op("DequantizeLinear", {w, b:constant("s", "float32", {}, {0.5})})
    b:output(b:op("MatMul", {x, d}))
    local m = assert(b:model())
    assert.equal(15, m.parameters.by_use["quantised-weight"].elements)
    assert.equal(8, m.parameters.by_use["quantised-weight"].nbytes)
    assert.equal(0, m.parameters.external.tensors)
  end)

  it("are told apart in a list of any length, in time", function()
    local tensors, names = {}, {}
    for i = 1, 30000 do
      names[i] = "w" .. i
      tensors[i] = ("float[2] w%d = {1, 2}"):format(i)
    end
    local m = parse(("g (float[2] x) => (y) <%s> { y = Concat<axis = 0> (x, %s) }"):format(table.concat(tensors, ","),
      table.concat(names, ",")))
    assert.equal(30000, m.parameters.by_use.weight.tensors)
  end)

  it("stand any graph", function()
    local b = onnxdoc.build{opset = 17}
    b:constant("w", "float32", {4}, "zeros")
    local x = "w"
    for i = 1, 500 do x = b:op("Identity", {x}, {}, {outputs = {"i" .. i}}) end
    for i = 1, 200 do b:op("Add", {b:input("x" .. i, "float32", {4}), "w"}) end
    b:output(x)
    local m = assert(b:model())
    assert.equal(4, m.parameters.by_use.weight.elements)
    for tensor in m:tensors() do assert.is_true(#tensor.users <= 64) end
  end)
end)
