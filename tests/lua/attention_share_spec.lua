-- lua/onnxdoc/attention_cores.lua and attention_share.lua: where a model attends, and what part of its work that is.

local attention_cores = require "onnxdoc.attention_cores"
local attention_share = require "onnxdoc.attention_share"
local onnxdoc = require "onnxdoc"
local scale = require "scale"

local function parse(text) return assert(onnxdoc.parse(text)) end

local function zoo(name, options) return assert(require("models." .. name)(options):model()) end

-- q, k and v [B,2,S,4] of x; `text` makes y of them.
local function attend(text)
  return parse(([[<ir_version: 8, opset_import: ["": 17]>
    g (float[B,S,8] x, float[B,1,1,S] mask) => (float[B,2,S,4] y)
    <float[8,8] wq = {...}, float[8,8] wk = {...}, float[8,8] wv = {...}, int64[4] split = {0, 0, 2, 4}, float half = {0.5}>
    {
      q0 = MatMul(x, wq) k0 = MatMul(x, wk) v0 = MatMul(x, wv)
      q1 = Reshape(q0, split) k1 = Reshape(k0, split) v1 = Reshape(v0, split)
      q = Transpose<perm = [0, 2, 1, 3]>(q1) k = Transpose<perm = [0, 2, 3, 1]>(k1) v = Transpose<perm = [0, 2, 1, 3]>(v1)
      %s
    }]]):format(text))
end

local function sizes(core)
  return {core.query_heads, core.kv_heads, core.key_size, core.value_size, tostring(core.query_length),
    tostring(core.key_length)}
end

describe("cores", function()
  local same = {2, 2, 4, 4, "S", "S"}
  local forms = {
    plain = "s = MatMul(q, k) p = Softmax<axis = -1>(s) y = MatMul(p, v)",
    ["scaled and masked"] = "s = MatMul(q, k) t = Mul(s, half) u = Add(mask, t) p = Softmax<axis = 3>(u) r = Dropout(p) y = MatMul(r, v)",
    ["with a soft cap"] = "s = MatMul(q, k) t = Tanh(s) u = Div(t, half) p = Softmax<axis = -1>(u) y = MatMul(p, v)",
    ["Softmax spelled out"] = [[s = MatMul(q, k) one = Constant<value = int64[1] {-1}>() m = ReduceMax<axes = [-1]>(s) t = Sub(s, m)
      e = Exp(t) z = ReduceSum(e, one) p = Div(e, z) y = MatMul(p, v)]],
    ["queries behind keys"] = [[kt = Transpose<perm = [0, 1, 3, 2]>(k) qt = Transpose<perm = [0, 1, 3, 2]>(q)
      vt = Transpose<perm = [0, 1, 3, 2]>(v) s = MatMul(kt, qt) p = Softmax<axis = -2>(s) m = MatMul(vt, p)
      y = Transpose<perm = [0, 1, 3, 2]>(m)]],
    ["of Einsums"] = [[s = Einsum<equation = "bqhd, bkhd -> bhqk">(q1, k1) p = Softmax<axis = -1>(s)
      y = Einsum<equation = "bhqk, bkhd -> bhqd">(p, v1)]],
  }
  for name, text in pairs(forms) do
    it(name, function()
      local model = attend(text)
      local cores = attention_cores.find(model)
      assert.equal(1, #cores)
      assert.same(same, sizes(cores[1]))
      assert.same({"s", "p", "v"}, {cores[1].scores.outputs[1].name, cores[1].node.outputs[1].name,
        cores[1].value.name:sub(1, 1)})
    end)
  end

  it("have the length of keys and values somewhere", function()
    for name, axes in pairs {plain = {4, 3}, ["queries behind keys"] = {3, 4}, ["of Einsums"] = {2, 2}} do
      local core = attention_cores.find(attend(forms[name]))[1]
      assert.same(axes, {core.key_axis, core.value_axis}, name)
    end
  end)

  it("are no products with weights, and no Softmax at the end", function()
    assert.same({}, attention_cores.find(zoo("resnet50")))
    assert.same({}, attention_cores.find(parse [[g (float[B,S,8] x) => (float[B,S,4] y) <float[8,4] w = {...}, float[4,4] u = {...}>
      { s = MatMul(x, w) p = Softmax<axis = -1>(s) y = MatMul(p, u) }]]))
  end)

  it("of the models of tests/models", function()
    for name, expected in pairs {gpt2 = {2, 4, 4}, moe = {2, 4, 2}, llama = {2, 4, 2}, bert_squad = {12, 12, 12}} do
      local cores = attention_cores.find(zoo(name))
      assert.same(expected, {#cores, cores[1].query_heads, cores[1].kv_heads}, name)
    end
    assert.equal(6, #attention_cores.find(zoo("whisper")))
  end)

  it("that are fused have heads from their attributes", function()
    local model = parse [[<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>
      g (float[B,S,96] x, float[B,4,S,8] q, float[B,2,T,8] k, float[B,2,T,6] v) => (a, b, c)
      <float[96,192] w = {...}, float[192] bias = {...}>
      {
        a = com.microsoft.Attention<num_heads = 4, qkv_hidden_sizes = [64, 64, 32]>(x, w, bias)
        b = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 1>(x)
        c = Attention(q, k, v)
      }]]
    local list = {}
    for i, core in ipairs(attention_cores.find(model)) do list[i] = {table.unpack(sizes(core), 1, 4)} end
    assert.same({{4, 4, 16, 8}, {4, 1, 16, 16}, {4, 2, 8, 6}}, list)
  end)
end)

describe("the share of attention", function()
  it("in BERT-base is a twentieth, whatever the batch", function()
    local share = attention_share.find(zoo("bert_squad"))
    assert.equal("1207959552*unk__493", tostring(share.macs))
    assert.equal("22952017920*unk__493", tostring(share.total))
    assert.equal(1207959552 / 22952017920, share.fraction)
    assert.same({24, 0, 0}, {#share.nodes, #share.unknown, #share.quadratic})
  end)

  it("grows with the square of the length", function()
    local share = attention_share.find(zoo("moe"))
    assert.equal("128*batch*sequence^2", tostring(share.macs))
    assert.same({"sequence"}, share.quadratic)
    assert.is_nil(share.fraction)
    for _, growth in ipairs(share.growth) do
      assert.equal(growth.symbol == "sequence" and "128*batch" or "0", tostring(growth.squared))
      assert.equal(growth.symbol == "sequence" and "128*batch" or "0", tostring(growth.total_squared))
    end
  end)

  it("is without the projections inside of an operator", function()
    local share = attention_share.find(parse [[<ir_version: 10, opset_import: ["": 17, "com.microsoft": 1]>
      g (float[B,S,64] x) => (float[B,S,64] y) <float[64,192] w = {...}, float[192] bias = {...}>
      { y = com.microsoft.Attention<num_heads = 4>(x, w, bias) }]])
    assert.equal(1, #share.nodes)
    if #share.unknown == 0 then assert.equal("128*B*S^2", tostring(share.macs)) else assert.is_nil(share.macs) end
  end)

  it("counts a function's products each time it is called", function()
    local share = attention_share.find(parse [[<ir_version: 8, opset_import: ["": 17, "own": 1]>
      g (float[B,2,S,4] x) => (float[B,2,S,4] y) { a = own.attend(x) y = own.attend(a) }
      <domain: "own", opset_import: ["": 17]>
      attend (x) => (y) { t = Transpose<perm = [0, 1, 3, 2]>(x) s = MatMul(x, t) p = Softmax<axis = -1>(s) y = MatMul(p, x) }]])
    assert.same({2, "32*B*S^2"}, {#share.nodes, tostring(share.macs)})
    assert.equal(1, share.fraction)
  end)

  it("is nil where nothing is attention", function() assert.is_nil(attention_share.find(zoo("resnet50"))) end)

  it("tells the growth of few symbols only", function()
    local b = onnxdoc.build{opset = 17}
    for i = 1, 40 do
      local q, k = b:input("q" .. i, "float32", {"s" .. i, 8}), b:input("k" .. i, "float32", {8, "t" .. i})
      local v = b:input("v" .. i, "float32", {"t" .. i, 8})
      b:output(b:op("MatMul", {b:op("Softmax", {b:op("MatMul", {q, k})}), v}))
    end
    local share = attention_share.find(assert(b:model()))
    assert.equal(80, #share.nodes)
    assert.equal(80, #share.macs.symbols)
    assert.same({}, share.growth)
  end)
end)

describe("what stands before a square", function()
  local n, m, k = onnxdoc.expr("n", {least = 1}), onnxdoc.expr("m"), onnxdoc.expr("k", {least = 0})

  it("is exact", function()
    assert.equal(3, attention_share.squared(3 * n ^ 2 + 5 * n + 7, n))
    assert.equal(6 * m, attention_share.squared(6 * m * n ^ 2 + m ^ 3 * n, n))
    assert.equal(0, attention_share.squared(m ^ 3, n))
    assert.equal(0, attention_share.squared(12, n))
    assert.equal("1/2", tostring(attention_share.squared(k * (k + 1) / 2, k)))
    assert.equal(2 ^ 60 // 1 | 0, attention_share.squared((1 << 60) * k ^ 2, k))
  end)

  it("is nil of what is no polynomial of degree 2", function()
    assert.is_nil(attention_share.squared(n ^ 3, n))
    assert.is_nil(attention_share.squared(n // 2, n))
    assert.is_nil(attention_share.squared(n:max(m) * n, n))
  end)
end)

it("thousands of Softmax around one value take no longer each", function()
  local b = onnxdoc.build {opset = 17}
  local x = b:input("x", "float32", {"B", 4, 4})
  for _ = 1, scale(20000) do b:op("Softmax", {x}) end
  for _ = 1, scale(20000) do b:op("MatMul", {b:op("Relu", {x}), x}) end
  b:output(x)
  local model, clock = assert(b:model()), os.clock()
  assert.same({}, attention_cores.find(model))
  assert.is_true(os.clock() - clock < 3)
end)
