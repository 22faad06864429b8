-- Attention of com.microsoft and ai.onnx, and what stands around it.

local infer = require("tests.ops.one_node").infer

-- {inputs, attributes, "outputs", "problem codes"}; an input is a type, a constant {dtype, dims, data}, or false.
local function check(op_type, cases, opset)
  for i, case in ipairs(cases) do
    local found, codes = infer(op_type, case[1], case[2], select(2, case[3]:gsub(" [-+*] ", ""):gsub("%S+", "")), opset)
    assert.equal(case[3], found, ("%s, case %d"):format(op_type, i))
    assert.equal(case[4] or "", codes, ("%s, case %d"):format(op_type, i))
  end
end

describe("Attention", function()
  it("multiplies, with a past in front or a buffer", function()
    check("com.microsoft.Attention", {
      {{"float[B,S,64]", "float[64,192]", "float[192]"}, {num_heads = 4}, "float32[B,S,64] float32[2,B,4,S,16]"},
      {{"float[B,S,64]", "float[64,192]", false, false, "float[2,B,4,P,16]"}, {num_heads = 4},
       "float32[B,S,64] float32[2,B,4,S + P,16]"},
      {{"float[B,S,64]", "float[64,192]", false, false, "float[2,B,4,128,16]"},
       {num_heads = 4, past_present_share_buffer = 1}, "float32[B,S,64] float32[2,B,4,128,16]"},
      {{"float16[2,8,64]", "float16[64,160]"}, {num_heads = 4, qkv_hidden_sizes = {64, 64, 32}},
       "float16[2,8,32] float16[2,2,4,8,8]"},
      {{"float[2,8,64]", "float[64,193]"}, {num_heads = 4}, "float32[2,8,y0:2]", "shape-mismatch"},
      {{"float[2,8,64]", "float[32,192]"}, {num_heads = 4}, "float32[2,8,64]", "shape-mismatch"},
      {{"float[2,64]", "float[64,192]"}, {num_heads = 4}, "float32", "rank"},
      {{"float[2,8,64]", "float[64,192]"}, {num_heads = 0}, "float32[2,8,64]", "attribute-value"},
      {{"float[2,8,64]", "float[64,192]"}, {num_heads = 4, qkv_hidden_sizes = {64, 64}}, "float32[2,8,y0:2]", "attribute-value"},
    })
    check("com.microsoft.QAttention", {
      {{"uint8[B,S,64]", "int8[64,192]", "float[192]", "float[]", "float[]", false, "uint8[]", "int8[]", "float[2,B,4,P,16]"},
       {num_heads = 4}, "float32[B,S,64] float32[2,B,4,S + P,16]"}})
    check("com.microsoft.DecoderMaskedSelfAttention", {
      {{"float[B,1,64]", "float[64,192]", "float[192]", false, "float[2,B,4,M,16]", false, "int32[1]"}, {num_heads = 4},
       "float32[B,1,64] float32[2,B,4,M,16]"}})
    check("com.microsoft.PackedAttention", {
      {{"float[T,64]", "float[64,192]", "float[192]", "int32[B,S]", "int32[C]"}, {num_heads = 4}, "float32[T,64]"}})
  end)
end)

describe("MultiHeadAttention", function()
  it("takes query, key, value apart, packed, and with heads apart", function()
    check("com.microsoft.MultiHeadAttention", {
      {{"float[B,S,64]", "float[B,T,64]", "float[B,T,96]"}, {num_heads = 4},
       "float32[B,S,96] float32[B,4,T,16] float32[B,4,T,24] float32[B,4,S,T]"},
      {{"float[B,S,64]", "float[B,S,64]", "float[B,S,64]", false, false, false, "float[B,4,P,16]", "float[B,4,P,16]"},
       {num_heads = 4}, "float32[B,S,64] float32[B,4,S + P,16] float32[B,4,S + P,16] float32[B,4,S,S + P]"},
      {{"float[B,1,64]", "float[B,1,64]", "float[B,1,64]", false, false, false, "float[B,4,M,16]", "float[B,4,M,16]", "int32[1]"},
       {num_heads = 4}, "float32[B,1,64] float32[B,4,M,16] float32[B,4,M,16]"},
      {{"float[B,S,64]", "float[B,T,4,2,16]"}, {num_heads = 4}, "float32[B,S,64] float32[B,4,T,16] float32[B,4,T,16]"},
      {{"float[B,S,4,3,16]"}, {num_heads = 4}, "float32[B,S,64] float32[B,4,S,16] float32[B,4,S,16]"},
      {{"float[B,S,64]", "float[B,4,T,16]", "float[B,4,T,24]"}, {num_heads = 4}, "float32[B,S,96]"},
      {{"float[B,S,64]"}, {num_heads = 5}, "float32[B,S,64]", "shape-mismatch"},
      {{"float[2,8,64]", "float[3,8,64]", "float[3,8,64]"}, {num_heads = 4}, "float32[y0:0,8,64]", "shape-mismatch"},
      {{"float[2,8,64,1]"}, {num_heads = 4}, "float32", "rank"},
    })
    check("com.microsoft.PackedMultiHeadAttention", {
      {{"float[T,64]", "float[T,64]", "float[T,96]", false, "int32[B,S]", "int32[C]"}, {num_heads = 4}, "float32[T,96]"},
      {{"float[T,4,3,16]", false, false, false, "int32[B,S]", "int32[C]"}, {num_heads = 4}, "float32[T,64]"}})
    check("com.microsoft.DecoderMaskedMultiHeadAttention", {
      {{"float[B,1,64]", "float[B,1,64]", "float[B,1,64]", false, false, "float[B,4,M,16]", "float[B,4,M,16]"},
       {num_heads = 4, past_present_share_buffer = 1}, "float32[B,1,64] float32[B,4,M,16] float32[B,4,M,16]"}})
  end)
end)

describe("GroupQueryAttention", function()
  local past = "float16[B,2,P,16]"
  it("has a present as long as all, or as the buffer", function()
    check("com.microsoft.GroupQueryAttention", {
      {{"float16[B,S,128]", "float16[B,S,32]", "float16[B,S,32]", past, past, "int32[B]", "int32[]"},
       {num_heads = 8, kv_num_heads = 2}, "float16[B,S,128] float16[B,2,S + P,16] float16[B,2,S + P,16] float16[B,8,S,S + P]"},
      {{"float16[B,S,192]", false, false, past, past, "int32[B]", "int32[]"}, {num_heads = 8, kv_num_heads = 2},
       "float16[B,S,128] float16[B,2,S + P,16] float16[B,2,S + P,16]"},
      {{"float16[1,1,192]", false, false, "float16[1,2,64,16]", "float16[1,2,64,16]", "int32[1]", {"int32", {}, {20}}},
       {num_heads = 8, kv_num_heads = 2}, "float16[1,1,128] float16[1,2,64,16] float16[1,2,64,16]"},
      {{"float16[1,1,192]", false, false, "float16[1,2,64,16]", "float16[1,2,64,16]", "int32[1]", {"int32", {}, {65}}},
       {num_heads = 8, kv_num_heads = 2}, "float16[1,1,128] float16[1,2,65,16] float16[1,2,65,16]"},
      {{"float16[1,7,192]", false, false, false, false, "int32[1]", "int32[]"}, {num_heads = 8, kv_num_heads = 2},
       "float16[1,7,128] float16[1,2,7,16] float16[1,2,7,16]"},
      {{"float16[1,7,192]", false, false, "uint8[1,2,64,8]", "uint8[1,2,64,8]", "int32[1]", "int32[]"},
       {num_heads = 8, kv_num_heads = 2, kv_cache_bit_width = 4}, "float16[1,7,128] uint8[1,2,71,8] uint8[1,2,71,8]"},
      {{"float16[1,7,190]", false, false, false, false, "int32[1]", "int32[]"}, {num_heads = 8, kv_num_heads = 2},
       "float16[1,7,y0:2]", "shape-mismatch"},
      {{"float16[1,7,64]", "float16[1,7,24]", "float16[1,7,24]", false, false, "int32[1]", "int32[]"},
       {num_heads = 8, kv_num_heads = 3}, "float16[1,7,64]", "attribute-value"},
    })
  end)
  it("and its kin", function()
    check("com.microsoft.SparseAttention", {
      {{"float[B,S,192]", false, false, "float[B,2,M,16]", "float[B,2,M,16]", "int32[L,R]", "int32[L,N]", "int32[1]", "int32[B]"},
       {num_heads = 8, kv_num_heads = 2, sparse_block_size = 64}, "float32[B,S,128] float32[B,2,M,16] float32[B,2,M,16]"}})
    check("com.microsoft.PagedAttention", {
      {{"float16[T,192]", false, false, "float16[K,256,2,16]", "float16[K,256,2,16]", "int32[C]", "int32[B]", "int32[B,N]"},
       {num_heads = 8, kv_num_heads = 2}, "float16[T,128] float16[K,256,2,16] float16[K,256,2,16]"}})
  end)
end)

describe("Attention of ai.onnx", function()
  it("takes rank 3 and rank 4, groups of heads, a past", function()
    local cases = {
      {{"float[B,8,S,16]", "float[B,2,T,16]", "float[B,2,T,24]"}, {},
       "float32[B,8,S,24] float32[B,2,T,16] float32[B,2,T,24] float32[B,8,S,T]"},
      {{"float[B,S,128]", "float[B,T,32]", "float[B,T,48]"}, {q_num_heads = 8, kv_num_heads = 2},
       "float32[B,S,192] float32[B,2,T,16] float32[B,2,T,24] float32[B,8,S,T]"},
      {{"float[B,8,S,16]", "float[B,8,S,16]", "float16[B,8,S,16]", false, "float[B,8,P,16]", "float16[B,8,P,16]"}, {},
       "float32[B,8,S,16] float32[B,8,S + P,16] float16[B,8,S + P,16] float32[B,8,S,S + P]"},
      {{"float[2,3,4,16]", "float[2,2,5,16]", "float[2,2,5,16]"}, {}, "float32[2,3,4,16]", "shape-mismatch"},
      {{"float[2,3,4,16]", "float[2,3,5,8]", "float[2,3,5,16]"}, {}, "float32[2,3,4,16]", "shape-mismatch"},
      {{"float[2,3,4,16]", "float[2,3,5,16]", "float[2,3,6,16]"}, {}, "float32[2,3,4,16]", "shape-mismatch"},
      {{"float[2,4,16]", "float[2,4,16]", "float[2,4,16]"}, {}, "float32[2,4,y0:2]", "attribute-value attribute-value attribute-value"},
      {{"float[2,4]", "float[2,4,8,16]", "float[2,4,8,16]"}, {}, "float32", "rank"},
    }
    check("Attention", cases, 23)
    check("Attention", cases, 24)
    check("RotaryEmbedding", {{{"float[B,4,S,16]", "float[M,8]", "float[M,8]", "int64[B,S]"}, {}, "float32[B,4,S,16]"}}, 23)
    check("TensorScatter", {{{"float[B,4,M,16]", "float[B,4,1,16]", "int64[B]"}, {}, "float32[B,4,M,16]"}}, 24)
  end)
end)

describe("linear attention", function()
  it("keeps a state", function()
    check("com.microsoft.LinearAttention", {
      {{"float16[B,T,128]", "float16[B,T,32]", "float16[B,T,48]", "float[B,2,16,24]"}, {q_num_heads = 8, kv_num_heads = 2},
       "float16[B,T,192] float32[B,2,16,24]"},
      {{"float[B,T,32]", "float[B,T,32]", "float[B,T,192]"}, {q_num_heads = 2, kv_num_heads = 8, state_window = 4},
       "float32[B,T,192] float32[4,B,8,16,24]"}})
  end)
  it("has heads in its shapes, tokens packed or not", function()
    check("com.microsoft.GatedDeltaNet", {
      {{"float16[T,2,8]", "float16[T,2,8]", "float16[T,4,5]", "int32[7]"}, {}, "float16[T,4,5] float32[6,4,5,8]"},
      {{"float16[T,2,8]", "float16[T,2,8]", "float16[T,4,5]", false, false, false, "float[B,4,5,8]"}, {},
       "float16[T,4,5] float32[B,4,5,8]"},
      {{"float16[B,S,2,8]", "float16[B,S,2,8]", "float16[B,S,4,5]"}, {state_update_capacity = 2},
       "float16[B,S,4,5] float32[B,4,5,8] float32[B,80]"},
      {{"float16[B,S,2,8]", "float16[B,S,2,8]", "float16[B,S,4,5]"}, {state_update_capacity = -1},
       "float16[B,S,4,5] float32[B,4,5,8] float32[B,y2:1]", "negative-dimension"},
      {{"float16[T,16]", "float16[T,2,8]", "float16[T,4,5]", "int32[7]"}, {}, "float16 float32[6,4,5,y1:3]", "rank"}})
  end)
end)

describe("around attention", function()
  it("there are biases, rotations and paddings", function()
    check("com.microsoft.RotaryEmbedding", {
      {{"float[B,S,64]", "int64[B,S]", "float[M,8]", "float[M,8]"}, {}, "float32[B,S,64]"}})
    check("com.microsoft.GemmaRotaryEmbedding", {
      {{"float[B,S,16]", "float16[B,4,S,16]", "float16[B,4,S,16]", "float16[B,2,S,16]", "float16[B,2,S,16]"}, {},
       "float16[B,4,S,16] float16[B,2,S,16]"}})
    check("com.microsoft.RelativePositionBias", {
      {{"float[32,8]", {"int64", {1}, {5}}, {"int64", {1}, {7}}}, {max_distance = 128}, "float32[1,8,5,7]"},
      {{"float[32,8]", "int64[1]", "int64[1]"}, {max_distance = 128}, "float32[1,8,y0:2,y0:3]"}})
    check("com.microsoft.GatedRelativePositionBias", {
      {{"float[B,S,64]", "float[64]", "float[1,4,S,S]", "float[16,8]", "float[8]", "float[1,4,1,1]"}, {num_heads = 4}, "float32[B,4,S,S]"},
      {{"float[T,64]", "float[64]", "float[1,4,S,S]", "float[16,8]", "float[8]", "float[1,4,1,1]", "int32[B,S]"}, {num_heads = 4},
       "float32[B,4,S,S]"}})
    check("com.microsoft.RemovePadding", {
      {{"float[B,S,64]", "int32[B]"}, {}, "float32[y0:0,64] int32[B,S] int32[B + 1] int32[1]"}})
    check("com.microsoft.RestorePadding", {{{"float[T,64]", "int32[B,S]"}, {}, "float32[B,S,64]"}})
    check("com.microsoft.DecoderAttention", {
      {{"float[S,B,64]", "float[T,B,64]", "float[64,64]", "float[64,128]", "float[192]", false, "float[B,4,P,16]", "float[B,4,P,16]",
        {"bool", {1}, {false}}, {"bool", {1}, {true}}, {"bool", {1}, {true}}, {"bool", {1}, {false}}}, {num_heads = 4},
       "float32[S,B,64] float32[B,4,S + P,16] float32[B,4,S + P,16]"}})
  end)
end)
