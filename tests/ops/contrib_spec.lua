-- com.microsoft's products, quantised operators, text and training operators.

local infer = require("tests.ops.one_node").infer

-- {operator, inputs, attributes, "outputs", "problem codes"}; an input is a type, a constant {dtype, dims, data}, or false.
local function check(cases)
  for _, case in ipairs(cases) do
    local count = select(2, case[4]:gsub(" [-+*] ", ""):gsub("%S+", ""))
    local found, codes = infer("com.microsoft." .. case[1], case[2], case[3], count)
    assert.equal(case[4], found, case[1])
    assert.equal(case[5] or "", codes, case[1])
  end
end

describe("products", function()
  it("transpose their operands", function()
    check({
      {"FusedMatMul", {"float[B,K,M]", "float[B,N,K]"}, {transA = 1, transB = 1}, "float32[B,M,N]"},
      {"FusedMatMul", {"float[M,B,K]", "float[B,K,N]"}, {transBatchA = 1}, "float32[B,M,N]"},
      {"FusedMatMul", {"float[2,3,5]", "float[3,7,5]"}, {transA = 1, transBatchA = 1, transB = 1}, "float32", "shape-mismatch"},
      {"FusedMatMul", {"float[5,3,2]", "float[3,7,5]"}, {transA = 1, transBatchA = 1, transB = 1}, "float32[3,2,7]"},
      {"FusedMatMul", {"float[K]", "float[K,N]"}, {transA = 1}, "float32[N]"},
      {"FusedMatMul", {"float[]", "float[K,N]"}, {}, "float32", "rank"},
      {"FusedMatMulActivation", {"float[M,K]", "float[K,N]"}, {activation = "Relu"}, "float32[M,N]"},
      {"TransposeMatMul", {"float[B,K,M]", "float[K,N]"}, {transA = 1}, "float32[B,M,N]"},
      {"GemmFastGelu", {"float16[B,M,K]", "float16[K,N]"}, {}, "float16[B,M,N]"},
      {"FusedGemm", {"float[M,K]", "float[N,K]"}, {transB = 1, activation = "Relu"}, "float32[M,N]"},
      {"GemmFloat8", {"float[M,K]", "float[N,K]"}, {transB = 1, dtype = 10}, "float16[M,N]"},
      {"GemmFloat8", {"float[M,K]", "float[N,K]"}, {transB = 1, dtype = 999}, "?[M,N]", "attribute-value"},
    })
  end)
  it("take packed and quantised weights", function()
    check({
      {"MatMulNBits", {"float16[B,S,64]", "uint8[96,2,16]", "float16[192]"}, {K = 64, N = 96, bits = 4, block_size = 32},
       "float16[B,S,96]"},
      {"MatMulNBits", {"float[2,60]", "uint8[96,2,16]", "float[192]"}, {K = 64, N = 96, bits = 4, block_size = 32}, "float32[2,96]",
       "shape-mismatch"},
      {"MatMulNBits", {"float[2,64]", "uint8[96,2,16]", "float[192]"}, {K = 64, N = -1, bits = 4, block_size = 32}, "float32[2,y0:1]",
       "attribute-value"},
      {"MatMulBnb4", {"float[S,64]", "uint8[3072]", "float[96]"}, {K = 64, N = 96, block_size = 64, quant_type = 1}, "float32[S,96]"},
      {"MatMulBnb4", {"float[S,96]", "uint8[3072]", "float[96]"}, {K = 64, N = 96, block_size = 64, quant_type = 1, transB = 0},
       "float32[S,64]"},
      {"MatMulBnb4", {"float[S,64]", "uint8[3072]", "float[96]"}, {K = 64, N = 96, block_size = 64, quant_type = 1, transB = 0},
       "float32[S,64]", "shape-mismatch"},
      {"MatMulBlockQuantizedFp4Weight", {"float16[B,S,K]", "uint8[N,16]", "uint8[N,2]", "float[]"}, {}, "float16[B,S,N]"},
      {"MatMulBlockQuantizedFp4Weight", {"float16[]", "uint8[N,16]", "uint8[N,2]", "float[]"}, {}, "float16", "rank"},
      {"MatMulBlockQuantizedFp8Weight", {"float16[B,32]", "float8e4m3fn[7,32]", "float[7,1]"}, {}, "float16[B,7]"},
      {"MatMulBlockQuantizedFp8Weight", {"float16[B,64]", "float8e4m3fn[7,32]", "float[7,1]"}, {}, "float16[B,7]", "shape-mismatch"},
      {"MatMulFpQ4", {"float[B,S,64]", "uint8[1000]", {"int64", {2}, {64, 96}}}, {}, "float32[B,S,96]"},
      {"MatMulInteger16", {"int16[M,K]", "int16[K,N]"}, {}, "int32[M,N]"},
      {"MatMulInteger16", {"uint16[M,K]", "uint16[K,N]"}, {}, "uint32[M,N]"},
      {"MatMulIntegerToFloat", {"uint8[B,M,K]", "int8[K,N]", "float[]", "float[]"}, {}, "float32[B,M,N]"},
      {"DynamicQuantizeMatMul", {"float[B,M,K]", "int8[K,N]", "float[]"}, {}, "float32[B,M,N]"},
      {"QGemm", {"uint8[M,K]", "float[]", "uint8[]", "int8[K,N]", "float[]", "int8[]"}, {}, "float32[M,N]"},
      {"QGemm", {"uint8[M,K]", "float[]", "uint8[]", "int8[N,K]", "float[]", "int8[]", false, "float[]", "int8[]"}, {transB = 1},
       "int8[M,N]"},
      {"QGemm", {"uint8[2,3,4]", "float[]", "uint8[]", "int8[4,5]", "float[]", "int8[]"}, {}, "float32[y0:0,5]", "rank"},
      {"GatherBlockQuantized", {"uint4[V,64]", "int64[B,S]", "float[V,4]"}, {block_size = 16}, "float32[B,S,64]"},
      {"GatherBlockQuantized", {"uint8[V,32]", "int64[B,S]", "float16[V,4]"}, {block_size = 16}, "float16[B,S,64]"},
      {"GatherBlockQuantized", {"uint8[V,64]", "int64[]", "float16[V,4]"}, {block_size = 16, bits = 8}, "float16[64]"},
      {"GatherBlockQuantized", {"uint4[V,64]", "int64[B,S]", "float[V,4]"}, {gather_axis = 2}, "nil", "axis"},
      {"MatMulNBitsQkv", {"float[B,S,64]", false, "float[64]", "uint8[1]", "float[1]", false, "uint8[1]", "float[1]", false, "uint8[1]",
       "float[1]"},
       {K = 64, Nq = 64, Nkv = 16, bits = 4, block_size = 32}, "float32[B,S,64] float32[B,S,16] float32[B,S,16]"},
    })
  end)
end)

describe("quantised operators", function()
  it("have the shapes of the plain ones", function()
    check({
      {"QLinearAdd", {"uint8[B,3,1]", "float[]", "uint8[]", "uint8[4]", "float[]", "uint8[]", "float[]", "uint8[]"}, {}, "uint8[B,3,4]"},
      {"QLinearMul", {"int8[2]", "float[]", "int8[]", "int8[3]", "float[]", "int8[]", "float[]", "int8[]"}, {}, "int8", "shape-mismatch"},
      {"QLinearWhere", {"bool[B,1]", "uint8[4]", "float[]", "uint8[]", "uint8[1]", "float[]", "uint8[]", "float[]", "uint8[]"}, {},
       "uint8[B,4]"},
      {"QLinearSigmoid", {"uint8[N]", "float[]", "uint8[]", "float[]", "uint8[]"}, {}, "uint8[N]"},
      {"QLinearConcat", {"float[]", "uint8[]", "uint8[A,4]", "float[]", "uint8[]", "uint8[B,4]", "float[]", "uint8[]"}, {axis = 0},
       "uint8[A + B,4]"},
      {"QLinearConcat", {"float[]", "uint8[]", "uint8[A,4]", "float[]", "uint8[]", "uint8[B,4]", "float[]", "uint8[]"}, {axis = 2},
       "uint8", "axis"},
      {"QLinearReduceMean", {"uint8[A,4,5]", "float[]", "uint8[]", "float[]", "uint8[]"}, {axes = {-1}, keepdims = 0}, "uint8[A,4]"},
      {"QLinearReduceMean", {"uint8[A,4,5]", "float[]", "uint8[]", "float[]", "uint8[]"}, {axes = {0, 1, 2}, keepdims = 1}, "uint8[1,1,1]"},
      {"QLinearReduceMean", {"uint8[A,4,5]", "float[]", "uint8[]", "float[]", "uint8[]"}, {axes = {3}, keepdims = 1},
       "uint8[y0:0,y0:1,y0:2]", "axis"},
      {"ReduceSumInteger", {"int8[A,4]"}, {axes = {0}, keepdims = 1}, "int32[1,4]"},
      {"MulInteger", {"uint8[A,4]", "uint8[]", "uint8[4]"}, {}, "int32[A,4]"},
      {"QuantizeLinear", {"float[N]", "float[]", "int16[]"}, {}, "int16[N]"},
      {"DequantizeLinear", {"int8[N]", "float16[]", "int8[]"}, {}, "float16[N]"},
      {"QuantizeWithOrder", {"float[N,M]", "float[]"}, {order_input = 1, order_output = 1}, "int8[N,M]"},
      {"DequantizeWithOrder", {"int8[N,M]", "float[]"}, {order_input = 1, order_output = 1, to = 10}, "float16[N,M]"},
      {"QOrderedMatMul", {"int8[M,K]", "float[]", "int8[K,N]", "float[]", "float[]"}, {order_A = 1, order_B = 1, order_Y = 1}, "int8[M,N]"},
      {"FakeQuant", {"float[N]", "float[]", "float[]"}, {}, "float32[N] bool[N]"},
      {"MoE", {"float[B,S,64]", "float[T,8]", "float[8,64,128]", false, "float[8,128,64]"}, {k = 2}, "float32[B,S,64]"},
      {"DynamicQuantizeLSTM", {"float[S,B,10]", "int8[2,10,80]", "int8[2,20,80]", false, false, false, false, false, "float[2]",
       "int8[2]", "float[2]", "int8[2]"},
       {hidden_size = 20, direction = "bidirectional"}, "float32[S,2,B,20] float32[2,B,20] float32[2,B,20]"},
    })
  end)
  it("Fourier transforms have one side or two", function()
    check({
      {"Rfft", {"float[B,16]"}, {signal_ndim = 1}, "float32[B,9,2]"},
      {"Rfft", {"float[B,N]"}, {signal_ndim = 1}, "float32[B,floor(N/2) + 1,2]"},
      {"Rfft", {"float[B,16]"}, {signal_ndim = 2, onesided = 0}, "float32[B,16,2]"},
      {"Rfft", {"float[16]"}, {signal_ndim = 2}, "nil", "rank"},
      {"Irfft", {"float[B,9,2]"}, {signal_ndim = 1}, "float32[B,16]"},
      {"Irfft", {"float[B,9,3]"}, {signal_ndim = 1}, "float32[B,16]", "shape-mismatch"},
      {"ComplexMul", {"float[B,4,2]", "float[4,2]"}, {}, "float32[B,4,2]"},
    })
  end)
end)

describe("text", function()
  it("is searched for", function()
    local one = {"int32", {1}, {1}}
    check({
      {"GreedySearch", {"int32[B,S]", {"int32", {1}, {50}}}, {eos_token_id = 1, pad_token_id = 1}, "int32[B,50]", "attribute-value"},
      {"GreedySearch", {"int32[B,S]", "int32[1]"}, {eos_token_id = 1, pad_token_id = 1}, "int32[B,y0:1]", "attribute-value"},
      {"BeamSearch", {"int32[B,S]", {"int32", {1}, {50}}, one, {"int32", {1}, {4}}, {"int32", {1}, {2}}},
       {eos_token_id = 1, pad_token_id = 1, vocab_size = 100}, "int32[B,2,50] float32[B,2] float32[-S + 50,B,4,100]", "attribute-value"},
    })
  end)
  it("is hashed by neighbours", function()
    local sizes, none = {max_ngram_size = 3, n_head_per_ngram = 2, pad_id = 0}, {max_ngram_size = 1, n_head_per_ngram = 0, pad_id = 0}
    check({
      {"NGramHashMapping", {"int64[B,S]", "int64[3]", "int64[4]"}, sizes, "int64[B,S,4] int64[B,2]"},
      {"NGramHashMapping", {"int64[B]", "int64[3]", "int64[4]"}, sizes, "int64 int64[B,2]", "rank"},
      {"NGramHashMapping", {"int64[B,S]", "int64[3]", "int64[4]"}, none, "int64[B,S,y0:2] int64[B,y1:1]", "attribute-value"},
      {"VarlenNGramHashMapping", {"int64[T]", "int64[3]", "int64[4]", "int32[5]"}, sizes, "int64[T,4] int64[4,2] int32[4,2]"},
      {"EngramGate", {"float[B,S,4,8]", "float[B,S,4,8]", "float[B,S,8]", "float[4,8]", "float[4,8]", "float[4,8]"}, {},
       "float32[B,S,4,8] float32[B,S,4,8]"},
      {"VarlenCausalConvWithState", {"float[T,C]", "float[C,1,3]", "int32[N]", false, "float[B,C,2]", "int32[B]"},
       {state_update_capacity = 4}, "float32[T,C] float32[B,C,2] float32[B,4,C]"},
    })
  end)
  it("is predicted and checked", function()
    check({
      {"BifurcationDetector", {"int64[S]", "int64[C]", "int64[]"}, {}, "int64[C] int64[]"},
      {"BifurcationDetector", {"int64[S]", "int64[C]", "int64[]", "int64[P]"}, {}, "int64[y0:0] int64[]"},
      {"BifurcationDetector", {"int64[S]", "int64[B,C]", "int64[]"}, {}, "nil nil", "rank"},
    })
  end)
  it("is hashed, cut, embedded", function()
    check({
      {"MurmurHash3", {"string[N]"}, {}, "uint32[N]"},
      {"MurmurHash3", {"string[N]"}, {positive = 0}, "int32[N]"},
      {"Tokenizer", {"string[N,C]"}, {mark = 0, mincharnum = 1, pad_value = "#", separators = {" "}}, "string[N,C,y0:2]"},
      {"Tokenizer", {"string[]"}, {mark = 0, mincharnum = 1, pad_value = "#", separators = {" "}}, "nil", "rank"},
      {"TorchEmbedding", {"float[V,64]", "int64[B,S]"}, {}, "float32[B,S,64]"},
      {"NGramRepeatBlock", {"int64[B,S]", "float[B,V]"}, {ngram_size = 3}, "float32[B,V]"},
    })
  end)
end)

describe("others", function()
  it("are small", function()
    check({
      {"CDist", {"float[M,K]", "float[N,K]"}, {}, "float32[M,N]"},
      {"CDist", {"float[2,3]", "float[4,5]"}, {}, "float32[2,4]", "shape-mismatch"},
      {"ExpandDims", {"float[A,B]", {"int32", {}, {-1}}}, {}, "float32[A,B,1]"},
      {"ExpandDims", {"float[A,B]", {"int32", {}, {3}}}, {}, "nil", "axis"},
      {"ExpandDims", {"float[A,B]", "int32[]"}, {}, "float32"},
      {"Range", {{"int64", {}, {2}}, {"int64", {}, {9}}}, {}, "int64[7]"},
      {"Range", {{"float32", {}, {0}}, {"float32", {}, {1}}, {"float32", {}, {0.25}}}, {}, "float32[4]"},
      {"Range", {"int64[]", "int64[]"}, {}, "int64[y0:0]"},
      {"Unique", {"float[N]"}, {}, "float32[y0:0] int64[N] int64[y0:0]"},
      {"View", {"float[24]", {"int64", {2}, {2, 3}}, {"int64", {1}, {18}}}, {}, "float32[2,3] float32[18]"},
      {"FlattenAndUnpad", {"float[B,S,64]", "int64[N]"}, {}, "float32[N,64] int64[2]"},
      {"PadAndUnflatten", {"float[N,64]", "int64[N]", {"int64", {2}, {3, 5}}}, {}, "float32[3,5,64]"},
      {"Inverse", {"float[B,N,N]"}, {}, "float32[B,N,N]"},
      {"BiasSoftmax", {"float[B,H,S,S]", "float[B,1,1,S]"}, {axis = 3, is_inner_broadcast = 0}, "float32[B,H,S,S]"},
    })
  end)
end)

describe("training", function()
  it("gives gradients, losses, steps", function()
    check({
      {"ReluGrad", {"float[N,4]", "float[N,4]"}, {}, "float32[N,4]"},
      {"ReluGrad", {"float", "float[N,4]"}, {}, "float32[N,4]"},
      {"SoftmaxCrossEntropyLossGrad", {"float[]", "float[N,10]", "int64[N]"}, {}, "float32[N,10]"},
      {"SoftmaxCrossEntropyLossInternal", {"float[N,10,D]", "int64[N,D]"}, {reduction = "none"}, "float32[N,D] float32[N,10,D]"},
      {"SoftmaxCrossEntropyLossInternal", {"float[N,10,D]", "int64[N,D]"}, {}, "float32[] float32[N,10,D]"},
      {"GatherGrad", {{"int64", {2}, {100, 64}}, "int64[N]", "float[N,64]"}, {}, "float32[100,64]"},
      {"DivGrad", {"float[N,4]", "float[N,4]", "float[4]"}, {}, "float32[N,4] float32[4]"},
      {"AdamWOptimizer", {"float[1]", "int64[1]", "seq(float[N])", "seq(float[N])", "seq(float[N])", "seq(float[N])"}, {},
       "bool[1] seq(float32[N]) seq(float32[N]) seq(float32[N])"},
      {"InPlaceAccumulatorV2", {"float[N]", "float[N]", "bool[1]"}, {}, "bool[1] float32[N]"},
      {"IsAllFinite", {"float[N]", "float[M]"}, {}, "bool[]"},
      {"SplitTraining", {"float[6,N]", {"int64", {2}, {2, 4}}}, {axis = 0}, "float32[2,N] float32[4,N]"},
      {"ConcatTraining", {"float[A,N]", "float[B,N]"}, {axis = 0}, "float32[A + B,N] int64[2]"},
      {"ReduceSumTraining", {"float[A,N]", {"int64", {1}, {1}}}, {keepdims = 0}, "float32[A]"},
      {"LSTMTraining", {"float[S,B,10]", "float[1,80,10]", "float[1,80,20]"}, {hidden_size = 20},
       "float32[S,1,B,20] float32[1,B,20] float32[1,B,20] float32[S,1,B,20] float32[S,1,B,80]"},
      {"GRUTraining", {"float[S,B,10]", "float[1,60,10]", "float[1,60,20]"}, {hidden_size = 20},
       "float32[S,1,B,20] float32[1,B,20] float32[S,1,B,60]"},
      {"MixedPrecisionScale", {"float[]", "float[A,4]", "float[B]"}, {to = 10, fuse_outputs = 1}, "float16[4*A + B]"},
    })
  end)
end)
