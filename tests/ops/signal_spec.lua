-- Fourier transforms, windows, random numbers, strings, losses, optimizers, and what old models have.

local inferred = require "tests.ops.inferred"
local onnxdoc = require "onnxdoc"

local types = inferred.types

local function parse(text, opset)
  local header = '<ir_version: 8, opset_import: ["": %d, "ai.onnx.preview.training": 1, "qonnx.custom_op.general": 1]> '
  return assert(onnxdoc.parse(header:format(opset or 20) .. text))
end
local function codes(text, opset) return inferred.codes(parse(text, opset)) end

describe("signals", function()
  it("are transformed, axis an attribute in 17", function()
    local m = parse([[g (float[B,N,M,1] x, float[B,N,M,2] z) => () <int64 n = {16}> {
      a = DFT(x) b = DFT<axis = 2, onesided = 1>(x) c = DFT<inverse = 1>(z) d = DFT<axis = -2, onesided = 1>(x, n)
    }]], 17)
    assert.equal("float32[B,N,M,2] float32[B,N,floor(M/2) + 1,2] float32[B,N,M,2] float32[B,N,9,2]", types(m, "a", "b", "c", "d"))
  end)

  it("are transformed, axis an input from 20 on", function()
    local m = parse [[g (float[B,N,M,1] x, float[B,N,M,2] z, int64 k) => () <int64 one = {1}, int64 n = {15}> {
      a = DFT<onesided = 1>(x) b = DFT<onesided = 1>(x, n, one) c = DFT<onesided = 1, inverse = 1>(z)
        d = DFT<onesided = 1, inverse = 1>(z, n)
      e = DFT(x, , k) f = DFT<onesided = 1>(x, , k)
    }]]
    assert.equal("float32[B,N,floor(M/2) + 1,2] float32[B,8,M,2] float32[B,N,2*M - 2,1] float32[B,N,15,1]",
      (types(m, "a", "b", "c", "d"):gsub("2%*%(M %- 1%)", "2*M - 2")))
    assert.equal("float32[B,N,M,2] float32[f:0,f:1,f:2,2]", types(m, "e", "f"))
    assert.equal("axis", codes "g (float[2,8,1] x) => () <int64 a = {2}> { y = DFT(x, , a) }")
    assert.equal("axis", codes "g (float[2,8,1] x) => () <int64 a = {5}> { y = DFT(x, , a) }")
    assert.equal("rank", codes "g (float[8] x) => () { y = DFT(x) }")
    assert.equal("shape-mismatch", codes "g (float[2,8,2] x) => () { y = DFT<onesided = 1>(x) }")
  end)

  it("are transformed frame by frame", function()
    local m = parse([[g (float[B,L,1] x, float[B,L] y, float[W] w, int64 k) => () <int64 step = {8}, int64 size = {16}> {
      a = STFT(x, step, , size) b = STFT<onesided = 0>(y, step, w) c = STFT(x, k, , size)
    }]], 17)
    assert.equal("float32[B,floor(L/8) - 1,9,2]", types(m, "a"))
    assert.equal("float32[B,15,16,2] float32[B,14,17,2]",
      types(m:with{dims = {L = 128, W = 16}}, "b") .. " " .. types(m:with{dims = {L = 128, W = 17}}, "b"))
    assert.equal("float32[B,c:1,9,2]", types(m, "c"))
    assert.equal("shape-mismatch",
      codes("g (float[2,99] x, float[8] w) => () <int64 s = {8}, int64 n = {16}> { y = STFT(x, s, w, n) }", 17))
    assert.equal("attribute-value", codes("g (float[2,99] x, float[8] w) => () <int64 s = {0}> { y = STFT(x, s, w) }", 17))
    assert.equal("input-count", codes("g (float[2,99] x) => () <int64 s = {8}> { y = STFT(x, s) }", 17))
  end)

  it("have windows and filters", function()
    local m = parse([[g (float[N] x, int64 k) => () <int64 n = {16}, int64 bins = {8}, int64 rate = {8192},
      float low = {0.0}, float high = {4096.0}> {
      s = Size(x) a = HannWindow(n) b = HammingWindow<output_datatype = 11>(s) c = BlackmanWindow(k)
      d = MelWeightMatrix(bins, n, rate, low, high)
    }]], 17)
    assert.equal("float32[16] float64[N] float32[c:0] float32[9,8]", types(m, "a", "b", "c", "d"))
  end)
end)

describe("random numbers", function()
  it("have a shape of their own, or an input's", function()
    local m = parse [[g (float[N,3] x, int32[N] k) => () {
      a = RandomNormal<shape = [2, 3]>() b = RandomUniform<shape = [4], dtype = 11>() c = RandomNormalLike(x)
        d = RandomUniformLike<dtype = 10>(k)
      e = Bernoulli(x) f = Bernoulli<dtype = 9>(x) h = Multinomial(x) i = Multinomial<sample_size = 5, dtype = 7>(x)
    }]]
    assert.equal("float32[2,3] float64[4] float32[N,3] float16[N]", types(m, "a", "b", "c", "d"))
    assert.equal("float32[N,3] bool[N,3] int32[N,1] int64[N,5]", types(m, "e", "f", "h", "i"))
    assert.equal("attribute-value", codes "g () => () { y = RandomNormal<shape = [2, -3]>() }")
    assert.equal("attribute-value", codes "g () => () { y = RandomNormal<shape = [2], dtype = 99>() }")
    assert.equal("rank", codes "g (float[3] x) => () { y = Multinomial(x) }")
  end)
end)

describe("strings", function()
  it("are rewritten, joined, split and matched", function()
    local m = parse [[g (string[N] x, string[1,7] y, string[3,1] z, string[4] w) => () {
      a = StringNormalizer(x) b = StringNormalizer<stopwords = ["a"]>(y) c = StringConcat(z, w) d, e = StringSplit<maxsplit = 2>(z)
        f = RegexFullMatch<pattern = "a">(z)
    }]]
    assert.equal("string[N] string[1,b:1] string[3,4] string[3,1,d:2] int64[3,1] bool[3,1]", types(m, "a", "b", "c", "d", "e", "f"))
    local bounds = {}
    for _, s in ipairs(m.symbols) do bounds[s.name] = {s.least, s.most} end
    assert.same({1, 7}, bounds["b:1"])
    assert.same({0, 3}, bounds["d:2"])
    assert.equal("shape-mismatch", codes "g (string[3] x, string[2] y) => () { z = StringConcat(x, y) }")
  end)

  it("are counted", function()
    local m = parse [[g (int64[N,7] x, string[7] y) => () {
      a = TfIdfVectorizer<max_gram_length = 1, min_gram_length = 1, max_skip_count = 0, mode = "TF", ngram_counts = [0],
        ngram_indexes = [0, 5, 2], pool_int64s = [1, 2, 3]>(x)
      b = TfIdfVectorizer<max_gram_length = 1, min_gram_length = 1, max_skip_count = 0, mode = "TF", ngram_counts = [0],
        ngram_indexes = [0, 1], pool_strings = ["a", "b"]>(y)
    }]]
    assert.equal("float32[N,6] float32[2]", types(m, "a", "b"))
  end)
end)

describe("training", function()
  it("has losses", function()
    local m = parse [[g (float[N,C,D] x, int64[N,D] t, float[K] w) => () {
      a = NegativeLogLikelihoodLoss(x, t) b = NegativeLogLikelihoodLoss<reduction = "none">(x, t, w)
      c, d = SoftmaxCrossEntropyLoss<reduction = "sum">(x, t) e = SoftmaxCrossEntropyLoss<reduction = "none">(x, t)
    }]]
    assert.equal("float32[] float32[N,D] float32[] float32[N,C,D] float32[N,D]", types(m, "a", "b", "c", "d", "e"))
    assert.equal("shape-mismatch", codes "g (float[2,3] x, int64[4] t) => () { y = NegativeLogLikelihoodLoss(x, t) }")
    assert.equal("rank", codes "g (float[2,3] x, int64[2,3] t) => () { y = NegativeLogLikelihoodLoss(x, t) }")
    assert.equal("attribute-value", codes [[g (float[2,3] x, int64[2] t) => () { y = NegativeLogLikelihoodLoss<reduction = "all">(x, t) }]])
  end)

  it("has optimizers", function()
    local m = parse [[g (float r, int64 t, float[2] x, float[3] y, float[2] gx, float[3] gy,
      float[2] vx, float[3] vy, float[2] hx, float[3] hy) => () {
      a, b, c, d = ai.onnx.preview.training.Adagrad(r, t, x, y, gx, gy, vx, vy)
      e, f, g1, h, i, j = ai.onnx.preview.training.Adam(r, t, x, y, gx, gy, vx, vy, hx, hy)
      k, l = ai.onnx.preview.training.Momentum<alpha = 0.9, beta = 1.0, mode = "standard", norm_coefficient = 0.0>(r, t, x, gx, vx)
      m = ai.onnx.preview.training.Gradient<xs = ["x"], y = "r">(x)
    }]]
    assert.equal("float32[2] float32[3] float32[2] float32[3]", types(m, "a", "b", "c", "d"))
    assert.equal("float32[2] float32[3] float32[2] float32[3] float32[2] float32[3]", types(m, "e", "f", "g1", "h", "i", "j"))
    assert.equal("float32[2] float32[2] float32[2]", types(m, "k", "l", "m"))
    assert.equal("input-count", codes
       "g (float r, int64 t, float[2] x, float[2] y) => () { a = ai.onnx.preview.training.Adagrad(r, t, x, y) }")
  end)
end)

describe("old models", function()
  it("fill tensors", function()
    local m = parse([[g (float[N,3] x) => () {
      s = Shape(x) a = ConstantFill<input_as_shape = 1>(s) b = ConstantFill<dtype = 7, extra_shape = [2, 4]>(x)
        c = ConstantFill<shape = [5]>()
      d = GivenTensorFill<shape = [2, 2], values = [1.0, 2.0, 3.0, 4.0]>() e = GRUUnit(x, x) f = ScaledTanh(x) h = ParametricSoftplus(x)
    }]], 7)
    assert.equal("float32[N,3] int64[N,3,2,4] float32[5] float32[2,2]", types(m, "a", "b", "c", "d"))
    assert.equal("float32[N,3] float32[N,3] float32[N,3]", types(m, "e", "f", "h"))
    assert.equal("attribute-value", codes("g () => () { a = ConstantFill() }", 7))
  end)

  it("quantise for training tools", function()
    assert.equal("float32[N,3]", types(
      parse "g (float[N,3] x, float s, float z, float b) => () { y = qonnx.custom_op.general.Quant(x, s, z, b) }", "y"))
  end)
end)
