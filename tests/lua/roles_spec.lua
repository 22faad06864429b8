-- lua/onnxdoc/roles.lua: what inputs and outputs are for, each with what is nearly the same and is not.

local onnxdoc = require "onnxdoc"
local roles = require "onnxdoc.roles"
local scale = require "scale"

local function parse(text)
  return assert(onnxdoc.parse([[<ir_version: 10, opset_import: ["": 17, "com.microsoft": 1, "ai.onnx.ml": 3]> ]] .. text))
end

local function zoo(name, options) return assert(require("models." .. name)(options):model()) end

local function named(list, name)
  for _, value in ipairs(list) do
    if value.name == name then return value end
  end
end

-- The role of the input, or the output, of that name.
local function input(text, name)
  local model = type(text) == "string" and parse(text) or text
  return roles.of(model).inputs[named(model.inputs, name)]
end

local function output(text, name)
  local model = type(text) == "string" and parse(text) or text
  return roles.of(model).outputs[named(model.outputs, name)]
end

local function words(role) return role and {role.role, role.constraint} end

describe("the model that this project started with:", function()
  local model = zoo "bert_squad"
  local found = roles.of(model)

  local function of(name) return found.inputs[named(model.inputs, name)] or found.outputs[named(model.outputs, name)] end

  it("tokens and segments", function()
    local tokens = of "input_ids:0"
    assert.same({"token ids", "0…30,521"}, words(tokens))
    assert.same({least = 0, most = 30521}, tokens.values)
    assert.equal("bert/embeddings/word_embeddings:0", tokens.table.name)
    assert.equal("indices of Gather 'bert/embeddings/GatherV2' into 'bert/embeddings/word_embeddings:0' with 30,522 rows",
      tokens.why)
    assert.equal("Gather", tokens.node.op)
    assert.same({"indices", "0…1"}, words(of "segment_ids:0"))
    assert.equal("OneHot", of("segment_ids:0").node.op)
  end)

  it("the mask, of twelve layers", function()
    local mask = of "input_mask:0"
    assert.same({"attention mask", "0 or 1; 0 leaves out"}, words(mask))
    assert.same({12, 0, {least = 0, most = 1}}, {mask.places, mask.dropped, mask.values})
    assert.equal("Softmax", mask.node.op)
  end)

  it("ids that are handed on, and scores that say nothing of themselves", function()
    assert.equal("pass-through of 'unique_ids_raw_output___9:0'", of("unique_ids:0").role)
    assert.equal("passed through", of("unique_ids_raw_output___9:0").role)
    assert.equal("unique_ids:0", of("unique_ids_raw_output___9:0").of.name)
    assert.is_nil(of "unstack:0")
    assert.is_false(found.is_cut)
  end)
end)

-- Softmax attention over x [B,S,8], whose rows `look` makes of the inputs, with what `mask` makes of them added to its
-- scores [B,2,S,S].
local function attends(inputs, look, mask)
  return ([[g (%s) => (float[B,S,8] y)
    <float[64,8] words = {...}, float[16,8] places = {...}, float[8,8] wq = {...}, float[8,8] wk = {...}, float one = {1.0},
     float low = {-10000.0}, float high = {10000.0}, float zero = {0.0}, float small = {-2.0}, int64[2] two = {1, 2},
     int64[4] split = {0, 0, 2, 4}, int64[3] join = {0, 0, 8}>
    { %s
      q0 = MatMul(x, wq) k0 = MatMul(x, wk) q1 = Reshape(q0, split) k1 = Reshape(k0, split)
      q = Transpose<perm = [0, 2, 1, 3]>(q1) k = Transpose<perm = [0, 2, 3, 1]>(k1) v = Transpose<perm = [0, 2, 1, 3]>(q1)
      plain = MatMul(q, k) %s p = Softmax<axis = -1>(scores)
      o = MatMul(p, v) t = Transpose<perm = [0, 2, 1, 3]>(o) y = Reshape(t, join)
    }]]):format(inputs, look, mask)
end

local no_mask = "scores = Identity(plain)"

describe("indices:", function()
  it("of rows, values of the smallest table that is looked up", function()
    local role = input([[g (int64[N] i) => (float[N,4] y) <float[9,4] a = {...}, float[7,4] b = {...}>
      { j = Cast<to = 6>(i) x = Gather(a, j) z = Gather(b, i) y = Add(x, z) }]], "i")
    assert.same({"indices", "0…6"}, words(role))
    assert.same({2, "b", 7}, {role.places, role.table.name, role.rows})
  end)

  it("along an axis that counts from the end, of elements, of blocks", function()
    assert.equal("0…4", input([[g (int64[N] i) => (float[3,N] y) <float[3,5] t = {...}>
      { y = Gather<axis = -1>(t, i) }]], "i").constraint)
    assert.equal("0…2", input([[g (int64[3,5] i) => (float[3,5] y) <float[3,5] t = {...}>
      { y = GatherElements(t, i) }]], "i").constraint)
    assert.equal("0…39", input([[g (int64[N] i) => (float[N,64] y) <uint8[40,32] t = {...}, float[40,2] s = {...}>
      { y = com.microsoft.GatherBlockQuantized(t, i, s) }]], "i").constraint)
  end)

  it("of what is computed, too, with bounds where its size is known", function()
    local text = "g (float[N,%s] x, int64[M] i) => (y) { z = Relu(x) y = Gather<axis = 1>(z, i) }"
    assert.same({"indices", "0…11"}, words(input(text:format "12", "i")))
    assert.same({"indices"}, words(input(text:format "K", "i")))
  end)

  it("after arithmetic say nothing of the input, nor does what is gathered from", function()
    local text = [[g (int64[N] i, float[5,4] x) => (float[N,4] y, float[2,4] z) <float[9,4] t = {...}, int64 two = {2},
      int64[2] k = {0, 1}> { j = Add(i, two) y = Gather(t, j) z = Gather(x, k) }]]
    assert.is_nil(input(text, "i"))
    assert.is_nil(input(text, "x"))
  end)

  it("a OneHot of unknown depth says nothing", function()
    local text = "g (int64[N] i%s) => (y) <float[2] v = {0.0, 1.0}%s> { y = OneHot(i, d, v) }"
    assert.equal("0…6", input(text:format("", ", int64 d = {7}"), "i").constraint)
    assert.is_nil(input(text:format(", int64 d", ""), "i"))
    assert.equal("sizes", input(text:format(", int64 d", ""), "d").role)
  end)
end)

describe("token ids:", function()
  it("are those with most rows, where more tables are added up", function()
    local text = attends("int64[B,S] i, int64[B,S] j", "a = Gather(words, i) b = Gather(places, j) x = Add(a, b)", no_mask)
    assert.same({"token ids", "0…63"}, words(input(text, "i")))
    assert.same({"indices", "0…15"}, words(input(text, "j")))
  end)

  it("are those that an output scores, where fewer words than places are known", function()
    local text = [[g (int64[B,S] i, int64[B,S] j) => (float[B,S,16] y) <float[16,8] words = {...}, float[99,8] places = {...},
      float[1,32,8] w = {...}, float[1,32,8] r = {...}, float[8,16] head = {...}, int64[1] one = {1}>
      { a = Gather(words, i) b = Gather(places, j) x = Add(a, b) h0 = LSTM<hidden_size = 8>(x, w, r) h = Squeeze(h0, one)
        y = MatMul(h, head) }]]
    assert.equal("token ids", input(text, "i").role)
    assert.equal("indices", input(text, "j").role)
  end)

  it("are not places added to what comes in as numbers", function()
    local text = attends("float[B,S,8] e, int64[B,S] j", "b = Gather(places, j) x = Add(e, b)", no_mask)
    assert.equal("indices", input(text, "j").role)
  end)

  it("are not rows as many as they are long, which an output would have as many numbers as anyway", function()
    local text = attends("int64[B,S] i, int64[B,S] j", "a = Gather(words, i) b = Gather(wq, j) c = Gather(wk, j) x = Add(a, b)",
      no_mask)
    assert.equal("token ids", input(text, "i").role)
  end)

  it("are none where two tables are as large, or where nothing attends or recurs", function()
    assert.equal("indices", input([[g (int64[N] i) => (float[N,4] y) <float[9,4] t = {...}> { y = Gather(t, i) }]], "i").role)
    assert.equal("indices", input(attends("int64[B,S] i, int64[B,S] j",
      "w = Neg(words) a = Gather(words, i) b = Gather(w, j) x = Add(a, b)", no_mask), "i").role)
  end)

  it("are not what is looked up in a table of whole numbers", function()
    local text = attends("int64[B,S] i", "numbers = Constant<value = int64[9, 1] {0, 1, 2, 3, 4, 5, 6, 7, 8}>() n = Gather(numbers, i) "
      .. "j = Squeeze(n, last) last = Constant<value = int64[1] {2}>() x = Gather(words, j)", no_mask)
    assert.equal("0…8", input(text, "i").constraint)
    assert.equal("indices", input(text, "i").role)
  end)

  it("may be told by operators", function()
    local text = [[g (int32[B,S] i, int32[B,S] s, int32[B,S] m, int32[B,S] p) => (float[B,S,8] y, int32[B] n)
      <float[64,8] w = {...}, float[16,8] p0 = {...}, float[2,8] t = {...}, float[8] one = {...}>
      { y, n = com.microsoft.EmbedLayerNormalization(i, s, w, p0, t, one, one, m, p) }]]
    assert.same({"token ids", "0…63"}, words(input(text, "i")))
    assert.same({"segment ids", "0…1"}, words(input(text, "s")))
    assert.same({"position ids", "0…15"}, words(input(text, "p")))
    assert.equal("attention mask", input(text, "m").role)
  end)
end)

describe("masks:", function()
  local look = "x = Gather(words, i)"

  local function masked(type, mask) return input(attends("int64[B,S] i, " .. type .. " m", look, mask), "m") end

  local two = "u = Unsqueeze(c, two) "

  it("(1 - x) * -10000", function()
    local role = masked("int64[B,S]", "c = Cast<to = 1>(m) " .. two ..
      "a = Sub(one, u) b = Mul(a, low) scores = Add(plain, b)")
    assert.same({"attention mask", "0 or 1; 0 leaves out"}, words(role))
    assert.equal(0, role.dropped)
  end)

  it("(x - 1) * 10000, and scores - (1 - x) * 10000", function()
    assert.equal(0, masked("float[B,S]", "u = Unsqueeze(m, two) a = Sub(u, one) b = Mul(high, a) scores = Add(b, plain)").dropped)
    assert.equal(0, masked("float[B,S]", "u = Unsqueeze(m, two) a = Sub(one, u) b = Mul(high, a) scores = Sub(plain, b)").dropped)
  end)

  it("x * -10000: ones are left out", function()
    assert.equal(1, masked("float[B,S]", "u = Unsqueeze(m, two) b = Mul(u, low) scores = Add(plain, b)").dropped)
  end)

  it("conditions of Where", function()
    assert.same({"attention mask", "false leaves out"},
      words(masked("bool[B,S]", "u = Unsqueeze(m, two) scores = Where(u, plain, low)")))
    assert.same({"attention mask", "true leaves out"},
      words(masked("bool[B,S]", "u = Unsqueeze(m, two) scores = Where(u, low, plain)")))
    assert.equal(0, masked("float[B,S]", "u = Unsqueeze(m, two) a = Sub(one, u) z = Cast<to = 9>(a) b = Where(z, low, a) "
      .. "scores = Add(plain, b)").dropped)
  end)

  it("compared with 0, joined with what else is left out", function()
    local role = masked("int64[B,S]", [[none = Constant<value = int64 {0}>() e = Equal(m, none) n = Not(e)
      u = Unsqueeze(n, two) d = Greater(plain, zero) both = And(d, u) scores = Where(both, plain, low)]])
    assert.same({"attention mask", 0}, {role.role, role.dropped})
  end)

  it("ids that are compared with 0 are no mask", function()
    local text = attends("int64[B,S] i", [[x0 = Gather(words, j) j = Add(i, jump) jump = Constant<value = int64 {1}>()
      x = Identity(x0)]], [[none = Constant<value = int64 {0}>() e = Equal(i, none) u = Unsqueeze(e, two)
      scores = Where(u, low, plain)]])
    assert.is_nil(input(text, "i"))
  end)

  it("twice as much, or what is not very negative, is no mask but a bias", function()
    assert.is_nil(masked("float[B,S]", "u = Unsqueeze(m, two) a = Sub(one, u) b = Mul(a, small) scores = Mul(plain, b)"))
    assert.equal("attention bias", masked("float[B,S]", "u = Unsqueeze(m, two) scores = Add(plain, u)").role)
  end)

  it("before a softmax that is no attention", function()
    local text = [[g (float[N,9] x, float[9] m) => (y) <float one = {1.0}, float low = {-1e9}>
      { a = Sub(one, m) b = Mul(a, low) s = Add(x, b) y = Softmax(s) }]]
    assert.equal("mask", input(text, "m").role)
    assert.is_nil(input(text, "x"))
  end)

  local function fused(op, type, before)
    return input(([[g (float[B,S,16] x, %s m) => (y) <float[16,48] w = {...}, float[48] bias = {...}, int64[1] last = {1},
      int64 one = {1}, int32 total = {9}> { %s y = %s }]]):format(type, before or "n = Identity(m)", op), "m")
  end

  it("of fused operators, by rank and dtype", function()
    local attention = "com.microsoft.Attention<num_heads = 2>(x, w, bias, n)"
    assert.same({"attention mask", "0 or 1; 0 leaves out"}, words(fused(attention, "int32[B,S]")))
    assert.equal("key lengths", fused(attention, "int32[B]").role)
    local heads = "com.microsoft.MultiHeadAttention<num_heads = 2>(x, x, x, \"\", %s)"
    assert.equal("attention mask", fused(heads:format "n", "int32[B,S]").role)
    assert.equal("attention bias", fused(heads:format "\"\", n", "float[B,2,S,S]").role)
  end)

  it("of ai.onnx's Attention: bool is a mask, float is added", function()
    local text = [[<ir_version: 10, opset_import: ["": 23]> g (float[B,2,S,8] x, %s[B,1,S,S] m) => (y) { y = Attention(x, x, x, m) }]]
    assert.same({"attention mask", "false leaves out"}, words(input(assert(onnxdoc.parse(text:format "bool")), "m")))
    assert.equal("attention bias", input(assert(onnxdoc.parse(text:format "float")), "m").role)
  end)

  it("whose sums are lengths", function()
    local role = fused("com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 2>(x, x, x, \"\", \"\", n, total)",
      "int64[B,S]", "s = ReduceSum<keepdims = 0>(m, last) l = Sub(s, one) n = Cast<to = 6>(l)")
    assert.same({"attention mask", "its sums are 'seqlens_k' of GroupQueryAttention, number 3 of graph 'g'"},
      {role.role, role.why})
    assert.equal("sequence lengths", fused(
      "com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 2>(x, x, x, \"\", \"\", n, total)", "int32[B]").role)
  end)
end)

describe("pictures and signals:", function()
  it("images, as they are and with channels last, behind normalisation", function()
    local role = input([[g (float[N,3,32,24] x) => (y) <float[1,3,1,1] mean = {...}, float[8,3,3,3] w = {...}>
      { a = Sub(x, mean) b = Div(a, mean) y = Conv(b, w) }]], "x")
    assert.same({"image", "NCHW, 3 channels, 32 × 24"}, words(role))
    assert.same({"NCHW", 3, {32, 24}}, {role.layout, role.channels, role.sizes})
    assert.same({"image", "NHWC, 3 channels, H × W"}, words(input([[g (uint8[N,H,W,3] x) => (y) <float[8,3,3,3] w = {...}>
      { f = Cast<to = 1>(x) t = Transpose<perm = [0, 3, 1, 2]>(f) y = Conv(t, w) }]], "x")))
    assert.same({"image", "HWC, 3 channels, 32 × 32"}, words(input([[g (uint8[32,32,3] x) => (y) <float[8,3,3,3] w = {...},
      int64[1] first = {0}> { f = Cast<to = 1>(x) t = Transpose<perm = [2, 0, 1]>(f) u = Unsqueeze(t, first) y = Conv(u, w) }]],
      "x")))
  end)

  it("cut into parts and put together again", function()
    assert.equal("image", input([[g (float[1,3,8,8] x) => (y) <int64[1] o = {0}, int64[1] i = {1}, int64[1] e = {8},
      int64[1] a = {2}, int64[1] s = {2}, float[8,6,3,3] w = {...}>
      { p = Slice(x, o, e, a, s) q = Slice(x, i, e, a, s) c = Concat<axis = 1>(p, q) y = Conv(c, w) }]], "x").role)
  end)

  it("one channel is grey where it is square, anything else a feature map", function()
    local text = "g (float[N,%d,%d,%d] x, float[M,C,3,3] w) => (y) { y = Conv(x, w) }"
    assert.equal("image", input(text:format(1, 28, 28), "x").role)
    assert.equal("feature map", input(text:format(1, 80, 3000), "x").role)
    assert.equal("feature map", input(text:format(16, 28, 28), "x").role)
    assert.is_nil(input(text:format(16, 28, 28), "w"))
  end)

  it("volumes and signals", function()
    assert.equal("NCDHW, 1 channel, 8 × 9 × 10", input("g (float[1,1,8,9,10] x, float[4,1,3,3,3] w) => (y) { y = Conv(x, w) }",
      "x").constraint)
    assert.same({"signal", "NL, 1 channel, L"}, words(input([[g (float[N,L] x) => (y) <int64[1] one = {1}, float[8,1,5] w = {...}>
      { u = Unsqueeze(x, one) y = Conv(u, w) }]], "x")))
  end)

  it("not what was computed with before, nor what a Reshape tore apart", function()
    assert.is_nil(input("g (float[N,3,8,8] x, float[M,3,3,3] w) => (y) { a = Relu(x) y = Conv(a, w) }", "x"))
    assert.is_nil(input([[g (float[N,192] x, float[M,3,3,3] w) => (y) <int64[4] s = {0, 3, 8, 8}>
      { a = Reshape(x, s) y = Conv(a, w) }]], "x"))
  end)

  it("in a local function, and in the branch that is taken", function()
    local model = parse [[g (float[N,3,8,8] x) => (y) <float[4,3,3,3] w = {...}> { y = own.f(x, w) }
      <domain: "own", opset_import: ["": 17]> f (a, b) => (c) {
        yes = Constant<value = bool {1}>()
        c = If(yes)<then_branch = t () => (d) { d = Conv(a, b) }, else_branch = e () => (h) { h = ConvTranspose(a, b) }>
      }]]
    local role = input(model, "x")
    assert.same({"image", "Conv"}, {role.role, role.node.op})
    assert.is_nil(role.places)
  end)
end)

describe("tables of features:", function()
  it("of trees: as many columns as they ask about", function()
    local role = input([[g (float[N,F] x) => (int64[N] l, float[N,2] s)
      { l, s = ai.onnx.ml.TreeEnsembleClassifier<nodes_featureids = [4, 2, 0, 0, 9], nodes_modes = ["BRANCH_LEQ", "BRANCH_LEQ",
        "LEAF", "LEAF", "LEAF"], classlabels_int64s = [0, 1]>(x) }]], "x")
    assert.same({"features", "at least 5 columns"}, words(role))
    assert.same({least = 5}, role.columns)
  end)

  it("of linear models and scalers, behind casts", function()
    local text = [[g (float[N,F] x) => (float[N,2] y) { c = Cast<to = 1>(x) s = ai.onnx.ml.Scaler<offset = [1.0, 2.0, 3.0]>(c)
      y = ai.onnx.ml.LinearRegressor<coefficients = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], targets = 2>(s) }]]
    assert.same({"features", "3 columns"}, words(input(text, "x")))
  end)

  it("that are put side by side: no telling which column is whose", function()
    local text = [[g (float[N,1] a, float[N,1] b) => (float[N,1] y)
      { c = Concat<axis = 1>(a, b) y = ai.onnx.ml.LinearRegressor<coefficients = [1.0, 2.0]>(c) }]]
    assert.same({"features"}, words(input(text, "a")))
  end)

  it("of a dense layer, but not of products of anything else", function()
    local text = "g (float[N,%s] x%s) => (y) <float[12,3] w = {...}, int64[2] s = {-1, 12}> { %s }"
    assert.same({"features", "12 columns"}, words(input(text:format("12", "", "y = MatMul(x, w)"), "x")))
    assert.is_nil(input(text:format("S,12", "", "y = MatMul(x, w)"), "x"))
    assert.is_nil(input(text:format("12", ", float[12,4] v", "y = MatMul(x, v)"), "x"))
    assert.is_nil(input(text:format("12", "", "t = Transpose(x) y = MatMul(t, x)"), "x"))
    assert.is_nil(input(text:format("3,4", "", "r = Reshape(x, s) y = MatMul(r, w)"), "x"))
  end)
end)

describe("words:", function()
  it("text, where strings are taken apart", function()
    assert.equal("text", input([[g (string[N] x) => (float[N,2] y) <int64[1] s = {-1}> { r = Reshape(x, s)
      y = TfIdfVectorizer<mode = "TF", min_gram_length = 1, max_gram_length = 1, max_skip_count = 0, ngram_counts = [0],
        ngram_indexes = [0, 1], pool_strings = ["a", "b"]>(r) }]], "x").role)
    assert.is_nil(input([[g (int64[N] x) => (float[N,2] y) { y = TfIdfVectorizer<mode = "TF", min_gram_length = 1,
      max_gram_length = 1, max_skip_count = 0, ngram_counts = [0], ngram_indexes = [0, 1], pool_int64s = [3, 4]>(x) }]], "x"))
  end)

  it("categories, where they are looked up", function()
    assert.same({"categories", "one of 3"}, words(input([[g (string[N] x) => (float[N,3] y)
      { y = ai.onnx.ml.OneHotEncoder<cats_strings = ["a", "b", "c"]>(x) }]], "x")))
    assert.same({"categories", "one of 2"}, words(input([[g (string[N] x) => (int64[N] y)
      { y = ai.onnx.ml.LabelEncoder<keys_strings = ["a", "b"], values_int64s = [0, 1]>(x) }]], "x")))
    assert.is_nil(input("g (string[N] x) => (float[N,3] y) { y = ai.onnx.ml.OneHotEncoder(x) }", "x"))
    assert.same({"features", "2 keys"}, words(input([[g (map(string,float) x) => (float[1,2] y)
      { y = ai.onnx.ml.DictVectorizer<string_vocabulary = ["a", "b"]>(x) }]], "x")))
  end)
end)

describe("what is carried:", function()
  it("keys and values, with their layers", function()
    local model = zoo "gpt2"
    local found = roles.of(model)
    local past, present = model:value "past_key_values.1.value", model:value "present.1.value"
    assert.same({"past values", "layer 1"}, words(found.inputs[past]))
    assert.same({"present values", "layer 1"}, words(found.outputs[present]))
    assert.equal(present, found.inputs[past].of)
    assert.equal(past, found.outputs[present].of)
    assert.equal(found.inputs[past].node.op, "Concat")
    local kept = table.pack(require("onnxdoc.kv_cache").find(model))
    assert.equal("past values", roles.of(model, kept).inputs[past].role)
  end)

  local lstm = [[g (float[S,B,8] x, float[1,B,4] h, float[1,B,4] c, int32[B] n) => (float[S,1,B,4] y, float[B,4] h1, c1)
    <float[1,16,8] w = {...}, float[1,16,4] r = {...}, int64[1] first = {0}>
    { y, h0, c1 = LSTM<hidden_size = 4>(x, w, r, "", n, h, c) h1 = Squeeze(h0, first) }]]

  it("states of recurrent operators, paired", function()
    local model = parse(lstm)
    local found = roles.of(model)
    local hidden = found.inputs[model:value "h"]
    assert.same({"recurrent state", "hidden", "h1"}, {hidden.role, hidden.kind, hidden.of.name})
    assert.same({"cell", "c1"}, {found.inputs[model:value "c"].kind, found.inputs[model:value "c"].of.name})
    local after = found.outputs[model:value "h1"]
    assert.same({"next recurrent state", "h"}, {after.role, after.of.name})
    assert.same({"sequence", "8 features a step"}, words(found.inputs[model:value "x"]))
    assert.equal("sequence lengths", found.inputs[model:value "n"].role)
    assert.is_nil(found.outputs[model:value "y"])
  end)

  it("other states, found by what becomes of them", function()
    local text = [[g (float[1,4,S] x, float[1,4,2] old) => (float[1,4,S] y, float[1,4,2] new)
      <float[4,4,3] w = {...}, int64[1] from = {-2}, int64[1] to = {9223372036854775807}, int64[1] axis = {2}>
      { all = Concat<axis = 2>(old, x) y = Conv(all, w) new = Slice(all, from, to, axis) }]]
    assert.equal("carried state", input(text, "old").role)
    assert.equal("next state", output(text, "new").role)
    assert.is_nil(input("g (float[2] old) => (float[2] new) { new = Neg(old) }", "old"))
  end)
end)

describe("inputs that steer:", function()
  it("sizes, bounds, shapes", function()
    local text = "g (float[N,4] x, int64[2] s%s) => (y%s) { y = %s }"
    assert.equal("sizes", input(text:format("", "", "Reshape(x, s)"), "s").role)
    assert.equal("bounds", input(text:format(", int64[2] e", "", "Slice(x, s, e)"), "e").role)
    assert.is_nil(input(text:format("", ", z", "Reshape(x, s) z = Neg(s)"), "s"))
    assert.is_nil(input(text:format("", ", s", "Reshape(x, s)"), "s"))
    assert.equal("shape only", input("g (float[N,4] x) => (y) { y = Shape(x) }", "x").role)
    assert.is_nil(input("g (float[N,4] x) => (y, z) { y = Shape(x) z = Neg(x) }", "x"))
  end)

  local loop = [[g (int64 n, bool go, float[2] x, int64[K] i) => (float[2] y, float[N,4] z) <float[5,4] t = {...}>
    { y, z = Loop(n, go, x)<body = b (int64 at, bool on, float[2] v) => (bool on2, float[2] w, float[K,4] r)
      { on2 = Identity(on) w = Neg(v) r = Gather(t, i) }> }]]

  it("trip counts and conditions", function()
    assert.same({"trip count", "0 or more"}, words(input(loop, "n")))
    assert.equal("condition", input(loop, "go").role)
    assert.is_nil(input(loop, "x"))
    assert.equal("condition", input([[g (bool c, float[2] x) => (float[2] y) { y = If(c)<then_branch = t () => (a)
      { a = Neg(x) }, else_branch = e () => (b) { b = Abs(x) }> }]], "c").role)
    assert.is_nil(input([[g (float c, float[2] x) => (float[2] y) <float zero = {0.0}> { d = Greater(c, zero)
      y = If(d)<then_branch = t () => (a) { a = Neg(x) }, else_branch = e () => (b) { b = Abs(x) }> }]], "c"))
  end)

  it("are seen in subgraphs, by capture and through operands that come round again", function()
    assert.same({"indices", "0…4"}, words(input(loop, "i")))
    assert.same({"indices", "0…4"}, words(input([[g (int64 n, bool go, int64[K] i, int64[K] j) => (int64[K] y, float[N,4] z)
      <float[5,4] t = {...}> { y, y2, z = Loop(n, go, i, j)<body = b (int64 at, bool on, int64[K] v, int64[K] u) =>
        (bool on2, int64[K] w, int64[K] u2, float[K,4] r) { on2 = Identity(on) w = Identity(u) u2 = Identity(u) r = Gather(t, v) }> }]],
      "j")))
    assert.equal("0…4", input([[g (int64[T,K] i) => (float[T,K,4] z) <float[5,4] t = {...}>
      { z = Scan<num_scan_inputs = 1, body = b (int64[K] v) => (float[K,4] r) { r = Gather(t, v) }>(i) }]], "i").constraint)
  end)

  it("labels that scores are compared with", function()
    local text = "g (float[N,10] x, int64[N] l, float[10] w) => (float e) { e = SoftmaxCrossEntropyLoss(x, l, w) }"
    assert.same({"labels", "0…9"}, words(input(text, "l")))
    assert.is_nil(input(text, "w"))
    assert.equal("loss", output(text, "e").role)
  end)

  it("what operators call by name", function()
    local text = [[g (float[1,N,4] b, float[1,C,N] s, int64 k, float i) => (int64[M,3] y) { y = NonMaxSuppression(b, s, k, i) }]]
    assert.same({"boxes", "scores", "limit", "threshold", "selected boxes"}, {input(text, "b").role, input(text, "s").role,
      input(text, "k").role, input(text, "i").role, output(text, "y").role})
    assert.same({"threshold", "0 to 1"}, words(input(text, "i")))
  end)

  -- Inputs of one node, and the role that each has: "-" for none.
  local function each(op, attributes, expected)
    local b, names, inputs, found = onnxdoc.build {opset = {[""] = 23, ["com.microsoft"] = 1}}, {}, {}, {}
    for _ in expected:gmatch "[^,]+" do
      names[#names + 1] = b:input("i" .. #names, "int64", {"A", "B"})
      inputs[#inputs + 1] = names[#names]
    end
    b:output(b:op(op, inputs, attributes))
    local model = assert(b:model())
    local all = roles.of(model)
    for i, value in ipairs(model.inputs) do found[i] = all.inputs[value] and all.inputs[value].role or "-" end
    assert.equal(expected, table.concat(found, ","))
    return all, model
  end

  it("of training, of generation, of paged attention, of rotary positions", function()
    each("Dropout", {}, "-,-,training flag")
    each("com.microsoft.AdamWOptimizer", {}, "learning rate,training step,-,-,-,-")
    local _, model = each("com.microsoft.BeamSearch", {vocab_size = 50},
      "token ids,generation setting,generation setting,generation setting,generation setting,generation setting,"
      .. "generation setting,-,-,attention mask")
    assert.equal("0…49", roles.of(model).inputs[model.inputs[1]].constraint)
    assert.equal("token ids", roles.of(model).outputs[model.outputs[1]].role)
    each("RotaryEmbedding", {}, "-,-,-,position ids")
    each("com.microsoft.RotaryEmbedding", {}, "-,position ids,-,-")
    each("com.microsoft.SparseAttention", {num_heads = 2, kv_num_heads = 2, sparse_block_size = 16},
      "-,-,-,-,-,-,-,total length,key lengths,-,-")
    each("com.microsoft.PagedAttention", {num_heads = 2, kv_num_heads = 2},
      "-,-,-,-,-,sequence lengths,sequence lengths,block table,-,-,slots")
  end)

  it("unused ones; not those that come out, nor those that have an initializer", function()
    assert.equal("unused", input("g (float x, float z) => (y) { y = Neg(z) }", "x").role)
    assert.equal("passed through", input("g (float x) => (x) { }", "x").role)
    assert.is_nil(input("g (float x, float z) => (y) <float x = {1.0}> { y = Neg(z) }", "x"))
  end)
end)

describe("outputs:", function()
  it("inputs that come out unchanged; not those that are cast", function()
    local text = "g (float[N] x) => (y, z, w) { a = Identity(x) y = Identity(a) z = Cast<to = 1>(x) w = Neg(x) }"
    local role = output(text, "y")
    assert.same({"pass-through of 'x'", "x"}, {role.role, role.of.name})
    assert.is_nil(output(text, "z"))
    assert.is_nil(input(text, "x"))
  end)

  it("constants; not what is random", function()
    local text = [[g (float[N] x) => (y, z, w, v) <float[2] w = {1.0, 2.0}> { y = Constant<value = float {1.0}>() z = Neg(y)
      v = RandomNormal<shape = [2]>() }]]
    assert.same({"constant", "constant", "constant"}, {output(text, "y").role, output(text, "z").role, output(text, "w").role})
    assert.is_nil(output(text, "v"))
  end)

  it("probabilities, over the axis where it comes out", function()
    local role = output([[g (float[N,7,H,W] x) => (y) { p = Softmax<axis = 1>(x) y = Transpose<perm = [0, 2, 3, 1]>(p) }]], "y")
    assert.same({"probabilities", "7 classes along axis 3"}, words(role))
    assert.same({3, 7, {least = 0, most = 1}}, {role.axis, role.classes, role.values})
    assert.is_nil(output([[g (float[N,7] x) => (y) { p = Softmax(x) y = Cast<to = 7>(p) }]], "y"))
    assert.is_nil(output([[g (float[N,7] x) => (y) { p = Softmax(x) y = Neg(p) }]], "y"))
    assert.equal("log probabilities", output("g (float[N,7] x) => (y) { y = LogSoftmax(x) }", "y").role)
  end)

  it("of an old softmax, which takes all axes from one on", function()
    local model = assert(onnxdoc.parse [[<ir_version: 3, opset_import: ["": 9]> g (float[N,10,1,2] x) => (y) { y = Softmax(x) }]])
    assert.same({"probabilities", "20 classes along axis 1"}, words(output(model, "y")))
  end)

  it("weights of attention are no probabilities of classes", function()
    local text = attends("int64[B,S] i", "x = Gather(words, i)", no_mask):gsub("=> %(float%[B,S,8%] y%)", "=> (y, p)")
    assert.equal("attention weights", output(text, "p").role)
    assert.is_nil(output(text, "y"))
  end)

  it("sigmoids, greatest of, k greatest of", function()
    local text = [[g (float[N,7] x) => (a, b, c, d, e) <int64[1] k = {3}> { a = Sigmoid(x) b = ArgMax<axis = 1>(x)
      c, d = TopK(x, k) e = Tanh(x) }]]
    assert.equal("sigmoid scores", output(text, "a").role)
    assert.same({"indices of the greatest", "0…6"}, words(output(text, "b")))
    assert.equal("the greatest", output(text, "c").role)
    assert.same({"indices of the greatest", "0…6"}, words(output(text, "d")))
    assert.is_nil(output(text, "e"))
  end)

  it("vectors of length 1, shapes", function()
    local text = "g (float[N,7] x) => (a, b) { a = LpNormalization<p = 1>(x) b = Shape(x) }"
    assert.same({"normalised vectors", "length 1 in the 1-norm"}, words(output(text, "a")))
    assert.equal("shape", output(text, "b").role)
  end)

  it("labels and scores of classifiers, beside their labels too", function()
    local text = [[g (float[N,2] x) => (int64[N] l, z) { l0, s = ai.onnx.ml.LinearClassifier<coefficients = [1.0, 2.0, 3.0, 4.0],
      intercepts = [0.0, 0.0], classlabels_int64s = [3, 5], post_transform = "%s">(x) l = Identity(l0)
      z = ai.onnx.ml.ZipMap<classlabels_int64s = [3, 5]>(s) }]]
    assert.same({"label", "one of 2"}, words(output(text:format "NONE", "l")))
    assert.same({"class scores", "2 classes"}, words(output(text:format "NONE", "z")))
    assert.same({"probabilities", "2 classes"}, words(output(text:format "SOFTMAX", "z")))
    assert.same({"label", "one of 3"}, words(output([[g (float[N,3] x) => (y) <int64[3] names = {7, 8, 9}>
      { i = ArgMax<axis = 1, keepdims = 0>(x) y = ai.onnx.ml.ArrayFeatureExtractor(names, i) }]], "y")))
  end)

  it("made by a local function", function()
    assert.equal("probabilities", output([[g (float[N,7] x) => (y) { y = own.f(x) }
      <domain: "own", opset_import: ["": 17]> f (a) => (c) { b = Softmax(a) c = own.g(b) }
      <domain: "own", opset_import: ["": 17]> g (a) => (c) { c = Identity(a) }]], "y").role)
  end)
end)

describe("hostile models:", function()
  it("nothing known of shapes, of names, of inputs", function()
    for _, text in ipairs {"g (x) => (y) { y = Conv(x, w) }", "g (x) => (y) { y = Gather(t, x) }", "g () => (y) { }",
      "g (x) => (y) { y = Softmax(x) }", "g (i, x) => (y) { y = Transpose(x) z = Squeeze(y, i) }",
      "g (x) => (y) { y = Loop(\"\", \"\", x) }", "g (x) => (y) { y = If(x) }",
      "g (x) => (y) { y = Scan(x) }", "g (x) => (y) { y = Concat() z = Where(x) u = Sub(x) v = Mul() w = OneHot(x) }",
      "g (float[0] x) => (y) <float[0,4] t = {}, float[0] k = {}> { y = Gather(t, x) z = Mul(x, k) }"} do
      local model = parse(text)
      local found = roles.of(model)
      assert.is_table(found.inputs)
    end
  end)

  it("names that hold anything stay as they are", function()
    local b = onnxdoc.build {opset = 17}
    local x = b:input("\27[31m|`\0", "int64", {"N"})
    b:constant("t", "float32", {3, 2}, "zeros")
    b:output(b:op("Gather", {"t", x}, nil, {name = "<script>\n"}))
    local model = assert(b:model())
    assert.equal("indices of Gather '<script>\n' into 't' with 3 rows", roles.of(model).inputs[model.inputs[1]].why)
  end)

  it("functions that call each other a thousand deep", function()
    local b, depth = onnxdoc.build {opset = 17}, scale(1000)
    b:constant("t", "float32", {3, 2}, "zeros")
    for i = 1, depth do
      local f = b:func("own", "f" .. i, {inputs = {"x", "w"}, outputs = {"y"}, opset = {[""] = 17, own = 1}})
      f:op(i == 1 and "Gather" or "own.f" .. i - 1, i == 1 and {"w", "x"} or {"x", "w"}, nil, {outputs = {"y"}})
    end
    b:output(b:op("own.f" .. depth, {b:input("x", "int64", {"N"}), "t"}))
    local model = assert(b:model())
    assert.equal("indices", roles.of(model).inputs[model.inputs[1]].role)
  end)

  -- Time for the roles alone: shapes are inferred first. Under sanitizers, and without pauses of the collector, time says
  -- nothing.
  local is_full = scale(1000) == 1000
  local function timed(build, limit)
    local b = onnxdoc.build {opset = 17}
    build(b)
    local model = assert(b:model())
    local _, _ = model.outputs[1].type, model.outputs[1].is_constant
    local clock, found = os.clock(), roles.of(model, {})
    assert.is_true(not is_full or os.clock() - clock < (limit or 2))
    return found, model
  end

  it("a long chain: followed as far as it goes, and told where that ends", function()
    local function chain(length)
      return timed(function(b)
        local x = b:input("x", "int64", {"N"})
        b:constant("t", "float32", {3, 2}, "zeros")
        for _ = 1, length do x = b:op("Identity", {x}) end
        b:output(b:op("Gather", {"t", x}))
      end)
    end
    local found, model = chain(1000)
    assert.same({"indices", false}, {found.inputs[model.inputs[1]].role, found.is_cut})
    if not is_full then return end
    found, model = chain(100000)
    assert.same({nil, true}, {found.inputs[model.inputs[1]], found.is_cut})
  end)

  it("a value that all nodes read, and all outputs that are one input", function()
    local count = scale(50000)
    timed(function(b)
      local x = b:input("x", "float32", {"N"})
      for _ = 1, count do b:output(b:op("Identity", {x}), "float32", {"N"}) end
    end)
  end)

  it("thousands of inputs that all go through one long chain", function()
    local found = timed(function(b)
      local inputs = {}
      for i = 1, scale(2000) do inputs[i] = b:input("x" .. i, "float32", {"N", 1}) end
      local x = b:op("ai.onnx.ml.FeatureVectorizer", inputs)
      for _ = 1, scale(20000) do x = b:op("Identity", {x}) end
      b:output(x)
    end)
    assert.is_true(found.is_cut or not is_full)
  end)

  it("chains of ZipMap", function()
    local found, model = timed(function(b)
      local x = b:input("x", "float32", {"N", 2})
      for _ = 1, scale(50000) do x = b:op("ai.onnx.ml.ZipMap", {x}) end
      b:output(x)
    end)
    assert.equal("class scores", found.outputs[model.outputs[1]].role)
  end)
end)
