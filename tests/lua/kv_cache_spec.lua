-- lua/onnxdoc/kv_cache.lua: what a decoder keeps from step to step, found by dataflow; and what is none.

local kv_cache = require "onnxdoc.kv_cache"
local onnxdoc = require "onnxdoc"
local scale = require "scale"

local function parse(text) return assert(onnxdoc.parse(text)) end

local function zoo(name, options) return assert(require("models." .. name)(options):model()) end

-- An entry in one line: kind, layer, input, output, axis, heads, head size, and what else is true of it.
local function line(entry)
  local words = {entry.kind or "?", entry.layer, entry.input.name, entry.output and entry.output.name or "-",
    entry.axis or "?", entry.heads or "?", entry.head_size or "?"}
  for _, flag in ipairs {"cross", "shared_buffer", "fixed", "paged"} do
    if entry[flag] then words[#words + 1] = flag end
  end
  for i, word in ipairs(words) do words[i] = tostring(word) end
  return table.concat(words, " ")
end

local function lines(cache)
  local list = {}
  for i, entry in ipairs(cache.entries) do list[i] = line(entry) end
  return list
end

local function find(model)
  local cache, reason = kv_cache.find(model)
  assert(cache, reason)
  return cache
end

-- softmax(q kᵀ) v over q [B,2,S,4] and what `keys` and `values` (text) make of new_k and new_v [B,2,S,4].
local function decoder(inputs, outputs, body, last)
  return parse(([[
    <ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]>
    g (float[B,S,8] x, %s) => (float[B,S,8] y, %s)
    <float[8,8] wq = {...}, float[8,8] wk = {...}, float[8,8] wv = {...}, int64[4] split = {0, 0, 2, 4},
     int64[3] join = {0, 0, 8}, int64[1] zero = {0}>
    {
      q0 = MatMul(x, wq) k0 = MatMul(x, wk) v0 = MatMul(x, wv)
      q1 = Reshape(q0, split) k1 = Reshape(k0, split) v1 = Reshape(v0, split)
      q = Transpose<perm = [0, 2, 1, 3]>(q1)
      new_k = Transpose<perm = [0, 2, 1, 3]>(k1)
      new_v = Transpose<perm = [0, 2, 1, 3]>(v1)
      %s
      %s
      mixed = MatMul(weights, values)
      turned = Transpose<perm = [0, 2, 1, 3]>(mixed)
      y = Reshape(turned, join)
    }]]):format(inputs, outputs, body, last or [[
      kt = Transpose<perm = [0, 1, 3, 2]>(keys)
      scores = MatMul(q, kt)
      weights = Softmax<axis = -1>(scores)]]))
end

describe("the models of tests/models:", function()
  it("GPT-2", function()
    local cache = find(zoo("gpt2"))
    assert.same({2, 4, 4, 8, 8, 8, "float32", "MHA", 2 * 4 * 16 * 4},
      {cache.layers, cache.query_heads, cache.kv_heads, cache.key_size, cache.value_size, cache.head_size, cache.dtype,
        cache.scheme, cache.bytes_per_token})
    assert.same({
      "key 0 past_key_values.0.key present.0.key 2 4 8", "value 0 past_key_values.0.value present.0.value 2 4 8",
      "key 1 past_key_values.1.key present.1.key 2 4 8", "value 1 past_key_values.1.value present.1.value 2 4 8"},
      lines(cache))
    assert.equal("Concat '/h.0/attn/Concat'", cache.entries[1].how)
    assert.equal("batch", cache.batch_symbol)
    assert.equal(cache.bytes, 512 * cache.batch * cache.past)
    assert.same({0, 0}, {cache.buffer_bytes, cache.cross_bytes})
  end)

  it("GPT-2 in full: 73,728 bytes per token", function()
    assert.equal(73728, find(zoo("gpt2", {size = "full", weights = "absent"})).bytes_per_token)
  end)

  it("Llama 3 8B: 32 layers, 8 of 32 heads", function()
    local cache = find(zoo("llama", {size = "8b", weights = "absent"}))
    assert.same({32, 32, 8, 128, "GQA", 32 * 8 * 256 * 4},
      {cache.layers, cache.query_heads, cache.kv_heads, cache.head_size, cache.scheme, cache.bytes_per_token})
    assert.equal("GroupQueryAttention '/model/layers.0/attn/GroupQueryAttention'", cache.entries[1].how)
    assert.equal("past_sequence", cache.past_symbol)
    assert.equal(cache.bytes_per_token * 8 * 1000, cache.bytes:at {batch = 8, past_sequence = 1000})
  end)

  it("Whisper's decoder has keys of the text, and keys of what was heard that do not grow", function()
    local cache = find(zoo("whisper", {part = "decoder_with_past"}))
    assert.same({2, 512, "10240*batch", 8}, {cache.layers, cache.bytes_per_token, tostring(cache.cross_bytes), #cache.entries})
    assert.same({"key 0 past_key_values.0.decoder.key present.0.decoder.key 2 4 8",
      "key 0 past_key_values.0.encoder.key - 2 4 8 cross"}, {line(cache.entries[1]), line(cache.entries[3])})
  end)

  for name, reason in pairs {moe = "without cache", bert_squad = "an encoder", resnet50 = "nothing in the model is attention"} do
    it(name .. " has none", function()
      local cache, text = kv_cache.find(zoo(name))
      assert.is_nil(cache)
      assert.truthy(text:find(reason, 1, true), text)
    end)
  end

  it("Whisper's first step has none yet", function()
    local cache, reason = kv_cache.find(zoo("whisper", {part = "decoder"}))
    assert.is_nil(cache)
    assert.truthy(reason:find("first step", 1, true), reason)
  end)
end)

describe("spelled-out attention:", function()
  local append = "keys = Concat<axis = 2>(a, new_k) values = Concat<axis = 2>(b, new_v)"

  it("names may say nothing", function()
    local cache = find(decoder("float[B,2,P,4] b, float[B,2,P,4] a", "float[B,2,T,4] keys, float[B,2,T,4] values", append))
    assert.same({"value 0 b values 2 2 4", "key 0 a keys 2 2 4"}, lines(cache))
    assert.same({1, "MHA", 64, "B", "P"}, {cache.layers, cache.scheme, cache.bytes_per_token, cache.batch_symbol, cache.past_symbol})
  end)

  it("keys may lie the other way, and pass through casts", function()
    local cache = find(decoder("float16[B,2,4,P] k, float16[B,2,P,4] v", "float16[B,2,4,T] k_out, float16[B,2,T,4] v_out", [[
      ka = Cast<to = 1>(k) kb = Transpose<perm = [0, 1, 3, 2]>(ka) keys = Concat<axis = -2>(kb, new_k)
      kc = Transpose<perm = [0, 1, 3, 2]>(keys) k_out = Cast<to = 10>(kc)
      va = Cast<to = 1>(v) values = Concat<axis = -2>(va, new_v) v_out = Cast<to = 10>(values)]]))
    assert.same({"key 0 k k_out 3 2 4", "value 0 v v_out 2 2 4"}, lines(cache))
    assert.equal(32, cache.bytes_per_token)
  end)

  it("keys and values of a layer may be one tensor", function()
    local cache = find(decoder("float[2,B,2,P,4] past", "float[2,B,2,T,4] present", [[
      ka, va = Split<axis = 0>(past) kb = Squeeze(ka, zero) vb = Squeeze(va, zero)
      keys = Concat<axis = 2>(kb, new_k) values = Concat<axis = 2>(vb, new_v)
      kc = Unsqueeze(keys, zero) vc = Unsqueeze(values, zero) present = Concat<axis = 0>(kc, vc)]]))
    assert.same({"stacked 0 past present 3 2 4"}, lines(cache))
    assert.same({1, 64, 4, 4}, {cache.layers, cache.bytes_per_token, cache.key_size, cache.value_size})
  end)

  it("rotary positions may come after the cache, and heads be repeated", function()
    local cache = find(decoder("float[B,1,P,4] a, float[B,1,P,4] b, float[4] cos, float[4] sin",
      "float[B,1,T,4] k_out, float[B,1,T,4] v_out", [[
      low, high = Split<axis = 1>(new_k) vlow, vhigh = Split<axis = 1>(new_v)
      k_out = Concat<axis = 2>(a, low) v_out = Concat<axis = 2>(b, vlow)
      left, right = Split<axis = 3>(k_out) minus = Neg(right) half = Concat<axis = 3>(minus, left)
      c = Mul(k_out, cos) s = Mul(half, sin) turned_k = Add(c, s)
      two = Constant<value = int64[4] {1, 2, 1, 1}>()
      keys = Tile(turned_k, two) values = Tile(v_out, two)]]))
    assert.same({"key 0 a k_out 2 1 4", "value 0 b v_out 2 1 4"}, lines(cache))
    assert.same({2, 1, "MQA"}, {cache.query_heads, cache.kv_heads, cache.scheme})
  end)

  it("new ones may be written into a buffer", function()
    local cache = find(decoder("float[B,2,64,4] a, float[B,2,64,4] b, int64[B,2,S,4] at",
      "float[B,2,64,4] keys, float[B,2,64,4] values",
      "keys = ScatterElements<axis = 2>(a, at, new_k) values = ScatterElements<axis = 2>(b, at, new_v)"))
    assert.same({"key 0 a keys 2 2 4 shared_buffer fixed", "value 0 b values 2 2 4 shared_buffer fixed"}, lines(cache))
    assert.same({64, 64, "4096*B", "4096*B"}, {cache.bytes_per_token, cache.past, tostring(cache.bytes), tostring(cache.buffer_bytes)})
  end)

  it("a window may slide", function()
    local cache = find(decoder("float[B,2,64,4] a, float[B,2,64,4] b", "float[B,2,64,4] k_out, float[B,2,64,4] v_out", append .. [[
      from = Constant<value = int64[1] {-64}>() to = Constant<value = int64[1] {9223372036854775807}>()
      ax = Constant<value = int64[1] {2}>()
      k_out = Slice(keys, from, to, ax) v_out = Slice(values, from, to, ax)]]))
    assert.same({"key 0 a k_out 2 2 4 fixed", "value 0 b v_out 2 2 4 fixed"}, lines(cache))
    assert.same({64, "4096*B"}, {cache.bytes_per_token, tostring(cache.buffer_bytes)})
  end)

  it("branches of an If may hold it", function()
    local cache = find(decoder("float[B,2,P,4] a, float[B,2,P,4] b, bool with", "float[B,2,T,4] keys, float[B,2,T,4] values", [[
      keys, values = If(with) <
        then_branch = yes () => (float[B,2,T,4] k, float[B,2,T,4] v) {
          k = Concat<axis = 2>(a, new_k) v = Concat<axis = 2>(b, new_v) },
        else_branch = no () => (float[B,2,T,4] kn, float[B,2,T,4] vn) { kn = Identity(new_k) vn = Identity(new_v) }>]]))
    assert.same({"key 0 a keys 2 2 4", "value 0 b values 2 2 4"}, lines(cache))
    assert.equal(64, cache.bytes_per_token)
  end)

  it("a Loop may make the steps", function()
    local cache = find(parse [[<ir_version: 8, opset_import: ["": 17]>
      g (int64 n, float[1,2,F,4] first_k, float[1,2,F,4] first_v, float[1,2,1,4] x) => (last_k, last_v)
      {
        c = Constant<value = bool {1}>()
        last_k, last_v = Loop(n, c, first_k, first_v) <body = step (int64 i, bool go, float[1,2,P,4] k, float[1,2,P,4] v)
          => (bool more, float[1,2,T,4] k2, float[1,2,T,4] v2) {
            more = Identity(go) q = Relu(x) nv = Tanh(x) k2 = Concat<axis = 2>(k, q) v2 = Concat<axis = 2>(v, nv)
            kt = Transpose<perm = [0, 1, 3, 2]>(k2) s = MatMul(q, kt) p = Softmax<axis = -1>(s) o = MatMul(p, v2) }>
      }]])
    assert.same({"key 0 k k2 2 2 4", "value 0 v v2 2 2 4"}, lines(cache))
    assert.same({"step", 64}, {cache.graph.name, cache.bytes_per_token})
  end)

  it("new ones may be chosen by Where", function()
    local cache = find(decoder("float[B,2,64,4] a, float[B,2,64,4] b, bool[1,1,64,1] at", "float[B,2,64,4] keys, float[B,2,64,4] values",
      "keys = Where(at, new_k, a) values = Where(at, new_v, b)"))
    assert.same({"key 0 a keys 2 2 4 shared_buffer fixed", "value 0 b values 2 2 4 shared_buffer fixed"}, lines(cache))
  end)

  it("a local function may add what is new", function()
    local model = parse [[
      <ir_version: 8, opset_import: ["": 17, "own": 1]>
      g (float[B,2,S,4] x, float[B,2,P,4] past_key, float[B,2,P,4] past_value)
        => (float[B,2,T,4] present_key, float[B,2,T,4] present_value)
      {
        present_key, present_value = own.extend(past_key, past_value, x)
      }
      <domain: "own", opset_import: ["": 17, "own": 1]>
      extend (k, v, n) => (k2, v2) { k2 = own.add(k, n) v2 = own.add(v, n) }
      <domain: "own", opset_import: ["": 17]>
      add (old, new) => (both) { o = Identity(old) both = Concat<axis = 2>(o, new) }]]
    local cache = find(model)
    assert.same({"key 0 past_key present_key 2 2 4", "value 0 past_value present_value 2 2 4"}, lines(cache))
  end)

  it("layers may differ: sums are right, and no one number is given", function()
    local model = parse [[
      g (float[1,2,P,4] past_key_0, float[1,2,P,4] past_value_0, float[1,1,16,8] past_key_1, float[1,1,16,6] past_value_1,
         float[1,2,S,4] n, float[1,1,S,8] k, float[1,1,S,6] v)
        => (float[1,2,T,4] key_0, float[1,2,T,4] value_0, float[1,1,U,8] key_1, float[1,1,U,6] value_1)
      {
        key_0 = Concat<axis = 2>(past_key_0, n) value_0 = Concat<axis = 2>(past_value_0, n)
        key_1 = Concat<axis = 2>(past_key_1, k) value_1 = Concat<axis = 2>(past_value_1, v)
      }]]
    local cache = find(model)
    assert.same({2, true, (16 + 14) * 4}, {cache.layers, cache.differs, cache.bytes_per_token})
    assert.is_nil(cache.kv_heads)
    assert.is_nil(cache.head_size)
    assert.equal("64*P + 896", tostring(cache.bytes))
  end)

  it("batch and heads may be one axis", function()
    local cache = find(decoder("float[C,4,P] a, float[C,P,4] b", "float[C,4,T] kt, float[C,T,4] values", [[
      three = Constant<value = int64[3] {-1, 0, 4}>() flat = Constant<value = int64[4] {0, 2, -1, 4}>()
      width = Constant<value = int64[2] {-1, 4}>() size = Shape<start = 2>(new_k) rows = Concat<axis = 0>(minus, size)
      minus = Constant<value = int64[1] {-1}>()
      k3 = Reshape(new_k, rows) v3 = Reshape(new_v, rows) q3 = Reshape(q, rows)
      k4 = Transpose<perm = [0, 2, 1]>(k3)
      kt = Concat<axis = 2>(a, k4) values = Concat<axis = 1>(b, v3)]], [[
      scores = MatMul(q3, kt) weights = Softmax<axis = -1>(scores)]]))
    assert.same({"key 0 a kt 2 2 4", "value 0 b values 1 2 4"}, lines(cache))
    assert.same({64, "B"}, {cache.bytes_per_token, cache.batch_symbol})
  end)

  it("keys and values of the only head may lie side by side", function()
    local cache = find(parse [[<ir_version: 8, opset_import: ["": 17]>
      g (float[B,S,8] x, float[B,P,8] layer_past) => (float[B,S,8] y, float[B,T,8] layer_present)
      <float[8,8] wq = {...}, float[8,8] wkv = {...}, int64[3] split = {0, -1, 4}, int64[3] join = {0, -1, 8}>
      {
        q0 = MatMul(x, wq) q = Reshape(q0, split) kv = MatMul(x, wkv)
        layer_present = Concat<axis = 1>(layer_past, kv) k, v = Split<axis = 2>(layer_present)
        kt = Transpose<perm = [0, 2, 1]>(k) s = MatMul(q, kt) p = Softmax<axis = -1>(s)
        o = MatMul(p, v) y = Reshape(o, join)
      }]])
    assert.same({"stacked 0 layer_past layer_present 1 1 4"}, lines(cache))
    assert.same({32, 4}, {cache.bytes_per_token, cache.head_size})
  end)

  it("rows may be scattered along the first axis", function()
    local cache = find(decoder("float[1,2,64,4] a, float[1,2,64,4] b, int64[S,1] at", "float[1,2,64,4] k_out, float[1,2,64,4] v_out", [[
      ka = Transpose<perm = [2, 0, 1, 3]>(a) kn = Transpose<perm = [2, 0, 1, 3]>(new_k) kb = ScatterND(ka, at, kn)
      va = Transpose<perm = [2, 0, 1, 3]>(b) vn = Transpose<perm = [2, 0, 1, 3]>(new_v) vb = ScatterND(va, at, vn)
      k_out = Transpose<perm = [1, 2, 0, 3]>(kb) v_out = Transpose<perm = [1, 2, 0, 3]>(vb)
      keys = Identity(k_out) values = Identity(v_out)]]))
    assert.same({"key 0 a k_out 2 2 4 shared_buffer fixed", "value 0 b v_out 2 2 4 shared_buffer fixed"}, lines(cache))
    assert.same({64, 4096}, {cache.bytes_per_token, cache.buffer_bytes})
  end)

  it("products may be Einsums, and tokens come before heads", function()
    local cache = find(decoder("float[B,P,2,4] a, float[B,P,2,4] b", "float[B,T,2,4] k_out, float[B,T,2,4] values", [[
      k_out = Concat<axis = 1>(a, k1) values = Concat<axis = 1>(b, v1)]], [[
      scores = Einsum<equation = "bqhd,bkhd->bhqk">(q1, k_out) weights = Softmax<axis = -1>(scores)
      ein = Einsum<equation = "bhqk,bkhd->bqhd">(weights, values)]]))
    assert.same({"key 0 a k_out 1 2 4", "value 0 b values 1 2 4"}, lines(cache))
    assert.same({2, 64}, {cache.query_heads, cache.bytes_per_token})
  end)

  it("a past that comes in but does not come out again is one where attention reads it", function()
    local cache = find(decoder("float[B,2,P,4] a, float[B,2,P,4] b", "float[B,S,8] same", append .. " same = Identity(x)"))
    assert.same({"key 0 a - 2 2 4", "value 0 b - 2 2 4"}, lines(cache))
  end)
end)

describe("attention operators:", function()
  local function operator(text, inputs, outputs)
    return parse(([[<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>
      g (float16[B,S,64] x, %s) => (float16[B,S,64] y, %s)
      <float16[64,192] w = {...}, float16[192] bias = {...}, float16[64,64] wq = {...}, float16[64,16] wk = {...}>
      { q = MatMul(x, wq) k = MatMul(x, wk) v = MatMul(x, wk) %s }]]):format(inputs, outputs, text))
  end

  it("com.microsoft.Attention: one tensor for both", function()
    local cache = find(operator("y, o = com.microsoft.Attention<num_heads = 4>(x, w, bias, \"\", i)",
      "float16[2,B,4,P,16] i", "float16[2,B,4,T,16] o"))
    assert.same({"stacked 0 i o 3 4 16"}, lines(cache))
    assert.same({1, 4 * 32 * 2, "MHA", "256*B*P"}, {cache.layers, cache.bytes_per_token, cache.scheme, tostring(cache.bytes)})
  end)

  it("com.microsoft.Attention that shares a buffer", function()
    local cache = find(operator("y, o = com.microsoft.Attention<num_heads = 4, past_present_share_buffer = 1>(x, w, bias, \"\", i)",
      "float16[2,B,4,100,16] i", "float16[2,B,4,100,16] o"))
    assert.same({"stacked 0 i o 3 4 16 shared_buffer fixed"}, lines(cache))
    assert.equal("25600*B", tostring(cache.buffer_bytes))
  end)

  it("com.microsoft.MultiHeadAttention, through casts", function()
    local cache = find(operator([[
      a = Cast<to = 10>(i) y, ko, vo = com.microsoft.MultiHeadAttention<num_heads = 4>(q, q, q, "", "", "", a, j)
      o = Cast<to = 1>(ko)]],
      "float[B,4,P,16] i, float16[B,4,P,16] j", "float[B,4,T,16] o, float16[B,4,T,16] vo"))
    assert.same({"key 0 i o 2 4 16", "value 0 j vo 2 4 16"}, lines(cache))
    assert.same({4 * 16 * 6, true}, {cache.bytes_per_token, cache.differs})
    assert.is_nil(cache.dtype)
  end)

  it("com.microsoft.GroupQueryAttention with a buffer, and four bits to an element", function()
    local call = "y, o, p = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 1%s>(q, k, v, i, j, l, t)"
    local cache = find(operator(call:format "", "float16[B,1,M,16] i, float16[B,1,M,16] j, int32[B] l, int32 t",
      "float16[B,1,M,16] o, float16[B,1,M,16] p"))
    assert.same({"key 0 i o 2 1 16 shared_buffer fixed", "value 0 j p 2 1 16 shared_buffer fixed"}, lines(cache))
    assert.same({"MQA", 64, 0}, {cache.scheme, cache.bytes_per_token, cache.buffer_bytes})
    cache = find(operator(call:format ", kv_cache_bit_width = 4", "uint8[B,1,M,8] i, uint8[B,1,M,8] j, int32[B] l, int32 t",
      "uint8[B,1,M,8] o, uint8[B,1,M,8] p"))
    assert.same({16, 16}, {cache.head_size, cache.bytes_per_token})
  end)

  it("ai.onnx Attention, heads side by side", function()
    local cache = find(operator("y, o, p = Attention<q_num_heads = 4, kv_num_heads = 1>(q, k, v, \"\", i, j)",
      "float16[B,1,P,16] i, float16[B,1,P,16] j", "float16[B,1,T,16] o, float16[B,1,T,16] p"))
    assert.same({"key 0 i o 2 1 16", "value 0 j p 2 1 16"}, lines(cache))
    assert.same({4, 1, "MQA"}, {cache.query_heads, cache.kv_heads, cache.scheme})
  end)

  it("com.microsoft.PagedAttention: blocks of slots", function()
    local cache = find(parse [[<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>
      g (float16[N,64] q, float16[N,16] k, float16[N,16] v, float16[32,8,1,16] i, float16[32,8,1,16] j, int32[C] c,
         int32[B] s, int32[B,M] t) => (float16[N,64] y, float16[32,8,1,16] o, float16[32,8,1,16] p)
      { y, o, p = com.microsoft.PagedAttention<num_heads = 4, kv_num_heads = 1>(q, k, v, i, j, c, s, t) }]])
    assert.same({"key 0 i o 1 1 16 shared_buffer fixed paged", "value 0 j p 1 1 16 shared_buffer fixed paged"}, lines(cache))
    assert.same({64, 256 * 64}, {cache.bytes_per_token, cache.buffer_bytes})
  end)

  it("what BeamSearch runs is looked into", function()
    local model = parse [[<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]>
      g (int32[B,S] ids, int32[1] most) => (int32[B,R,L] found)
      {
        found = com.microsoft.BeamSearch<decoder = step
          (int32[B,S] tokens, float[2,B,4,P,16] past_0) => (float[B,S,64] logits, float[2,B,4,T,16] present_0)
          <float[64,192] w = {...}, float[192] bias = {...}, float[100,64] table = {...}>
          { x = Gather(table, tokens) logits, present_0 = com.microsoft.Attention<num_heads = 4>(x, w, bias, "", past_0) }
        >(ids, most)
      }]]
    local cache = find(model)
    assert.equal("step", cache.graph.name)
    assert.same({1, 4, 16, 512, "512*B*P"}, {cache.layers, cache.kv_heads, cache.head_size, cache.bytes_per_token,
      tostring(cache.bytes)})
  end)
end)

describe("no cache:", function()
  local function none(model, words)
    local cache, reason, states = kv_cache.find(model)
    assert.is_nil(cache)
    assert.truthy(reason:find(words, 1, true), reason)
    return states
  end

  it("names without a connection", function()
    none(parse [[g (float[B,2,P,4] past_key, float[B,2,S,4] x) => (float[B,2,S,4] present_key, int64[4] n)
      { present_key = Relu(x) n = Shape(past_key) }]], "no input comes out again")
  end)

  it("the state of an LSTM", function()
    local states = none(parse [[g (float[S,B,8] x, float[1,B,4] past_key, float[1,B,4] past_value)
      => (float[S,1,B,4] y, float[1,B,4] present_key, float[1,B,4] present_value)
      <float[1,16,8] w = {...}, float[1,16,4] r = {...}>
      { y, present_key, present_value = LSTM<hidden_size = 4>(x, w, r, "", "", past_key, past_value) }]], "a state of LSTM")
    assert.equal(2, #states)
    assert.equal("past_key", states[1].input.name)
    assert.equal("present_key", states[1].output.name)
  end)

  it("the last inputs of a convolution", function()
    local states = none(parse [[g (float[1,4,S] x, float[1,4,2] conv_cache) => (float[1,4,S] y, float[1,4,2] conv_cache_out)
      <float[4,4,3] w = {...}, int64[1] from = {-2}, int64[1] to = {9223372036854775807}, int64[1] axis = {2}>
      { all = Concat<axis = 2>(conv_cache, x) y = Conv(all, w) conv_cache_out = Slice(all, from, to, axis) }]],
      "a state of Concat")
    assert.equal("conv_cache_out", states[1].output.name)
  end)

  it("the state of linear attention", function()
    none(parse [[<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>
      g (float[B,S,64] x, float[B,4,16,16] past) => (float[B,S,64] y, float[B,4,16,16] present)
      { y, present = com.microsoft.LinearAttention<q_num_heads = 4, kv_num_heads = 4>(x, x, x, past) }]],
      "a state of LinearAttention")
  end)

  it("tokens and masks that grow", function()
    none(parse [[g (int64[B,P] past_ids, int64[B,S] ids) => (int64[B,T] present_ids) { present_ids = Concat<axis = 1>(past_ids, ids) }]],
      "no input comes out again")
  end)

  it("an attention by itself", function()
    none(parse [[g (float[B,2,S,4] q, float[B,2,4,T] key, float[B,2,T,4] value) => (float[B,2,S,4] y)
      { s = MatMul(q, key) p = Softmax<axis = -1>(s) y = MatMul(p, value) }]], "an encoder")
  end)
end)

describe("a hypothetical cache", function()
  it("of BERT-base is 73,728 bytes per token", function()
    local guess = kv_cache.hypothetical(zoo("bert_squad"))
    assert.same({true, 12, 12, 12, 64, "float32", 73728}, {guess.hypothetical, guess.layers, guess.query_heads, guess.kv_heads,
      guess.head_size, guess.dtype, guess.bytes_per_token})
  end)

  it("counts heads before they are repeated, and no attention to another text", function()
    assert.same({2, 4, 2, "GQA", 2 * 2 * 16 * 4}, (function(guess)
      return {guess.layers, guess.query_heads, guess.kv_heads, guess.scheme, guess.bytes_per_token}
    end)(kv_cache.hypothetical(zoo("moe"))))
    assert.equal(2, kv_cache.hypothetical(zoo("whisper", {part = "decoder"})).layers)
  end)

  it("is nil where nothing is attention, or nothing is known", function()
    assert.is_nil(kv_cache.hypothetical(zoo("resnet50")))
    assert.is_nil(kv_cache.hypothetical(parse [[g (float q, float k, float v) => (float y)
      { s = MatMul(q, k) p = Softmax(s) y = MatMul(p, v) }]]))
  end)
end)

describe("hostile models:", function()
  local many = scale(20000)

  local function timed(build)
    local b = onnxdoc.build {opset = 17}
    build(b)
    local model, clock = assert(b:model()), os.clock()
    local cache = kv_cache.find(model)
    assert.is_true(os.clock() - clock < 5)
    return cache
  end

  it("a long chain", function()
    local cache = timed(function(b)
      local x = b:input("past_key", "float32", {1, 2, "P", 4})
      for i = 1, many do x = b:op(i % 2 == 0 and "Identity" or "Transpose", {x}, i % 2 == 1 and {perm = {0, 1, 2, 3}} or nil) end
      b:output(b:op("Concat", {x, b:input("new", "float32", {1, 2, "S", 4})}, {axis = 2}), "float32", {1, 2, "T", 4})
    end)
    assert.equal("key 0 past_key Concat_" .. many .. " 2 2 4", line(cache.entries[1]))
  end)

  it("thousands of inputs, each with an output", function()
    local count = many // 10
    local cache = timed(function(b)
      local new = b:input("new", "float32", {1, 2, "S", 4})
      for i = 1, count do
        local past = b:input("past_key_" .. i, "float32", {1, 2, "P", 4})
        b:output(b:op("Concat", {past, new}, {axis = 2}), "float32", {1, 2, "T", 4})
      end
    end)
    assert.same({count, count * 32}, {cache.layers, cache.bytes_per_token})
  end)

  it("all inputs in all outputs", function()
    timed(function(b)
      local inputs, new = {}, b:input("new", "float32", {1, 2, "S", 4})
      for i = 1, many // 10 do
        inputs[i] = b:op("Concat", {b:input("past_key_" .. i, "float32", {1, 2, "P", 4}), new}, {axis = 2})
      end
      local all = b:op("Concat", inputs, {axis = 0})
      for _ = 1, many // 4 do b:output(b:op("ScatterND", {all, "i", "u"}), "float32") end
      b:input("i", "int64", {1, 1})
      b:input("u", "float32", {1, 2, "P", 4})
    end)
  end)

  it("a value that thousands of Softmax read, and one that thousands read", function()
    timed(function(b)
      local x = b:input("x", "float32", {"B", 4, 4})
      local shared = b:op("Identity", {x})
      for _ = 1, many // 4 do
        local weights = b:op("Softmax", {b:op("Add", {shared, shared})})
        shared = b:op("Mul", {shared, weights})
      end
      b:output(shared)
    end)
  end)

  it("functions that call each other a thousand deep", function()
    timed(function(b)
      local depth = many // 20
      for i = 1, depth do
        local f = b:func("own", "f" .. i, {inputs = {"x", "n"}, outputs = {"y"}, opset = {[""] = 17, own = 1}})
        if i == 1 then f:op("Concat", {"x", "n"}, {axis = 2}, {outputs = {"y"}})
        else f:op("own.f" .. i - 1, {"x", "n"}, nil, {outputs = {"y"}}) end
      end
      local past, new = b:input("past_key", "float32", {1, 2, "P", 4}), b:input("n", "float32", {1, 2, "S", 4})
      b:output(b:op("own.f" .. depth, {past, new}), "float32", {1, 2, "T", 4})
    end)
  end)
end)
