-- What operators cost that are no convolutions, poolings or normalisations: elementwise and reductions, attention,
-- quantisation, selection, signals, losses, learners.

local counted = require "tests.ops.counted"
local one_node = require "tests.ops.one_node"
local onnxdoc = require "onnxdoc"

local check = counted.check

-- The first reason why a node has no cost.
local function gap(op_type, opset, inputs, attributes, count)
  local gaps = one_node.build(op_type, opset, inputs, attributes, count).cost_gaps
  return gaps[1] and gaps[1].reason
end

describe("stated cases", function()
  it("of products, softmax, reductions and activations", function()
    check {
      {"MatMul", 13, {"float32[1,12,128,64]", "float32[1,12,64,128]"}, {}, 1, {macs = 12582912}},
      {"MatMul", 13, {"float32[8,768]", "float32[4,768,10]"}, {}, 1, {macs = 245760}},
      {"MatMul", 13, {"float32[768]", "float32[768]"}, {}, 1, {macs = 768}},
      {"Softmax", 13, {"float32[1,12,128,128]"}, {axis = -1}, 1, {elementwise = 783360, transcendentals = 196608}},
      {"LogSoftmax", 13, {"float32[1,1000]"}, {axis = -1}, 1, {elementwise = 3998, transcendentals = 1001}},
      {"com.microsoft.BiasSoftmax", 1, {"float32[2,3,4,5]", "float32[1,1,4,5]"}, {axis = 2, is_inner_broadcast = 0}, 1,
        {elementwise = 588, transcendentals = 120}},
      {"Gelu", 20, {"float32[1,128,3072]"}, {approximate = "none"}, 1,
       {elementwise = 1572864, transcendentals = 393216}},
      {"Gelu", 20, {"float32[1,128,3072]"}, {approximate = "tanh"}, 1,
       {elementwise = 3145728, transcendentals = 393216}},
      {"HardSwish", 14, {"float32[1,16,112,112]"}, {}, 1, {elementwise = 1003520}},
      {"ReduceMean", 13, {"float32[1,196,768]"}, {axes = {1}}, 1, {elementwise = 150528}},
      {"ReduceL2", 13, {"float32[4,256]"}, {axes = {1}}, 1, {elementwise = 2044, transcendentals = 4}},
      {"Cast", 13, {"float32[10]"}, {to = 11}, 1, {bytes_read = 40, bytes_written = 80}},
      {"Gather", 13, {"float32[30522,768]", "int64[1,128]"}, {}, 1,
       {bytes_read = 128 * 768 * 4 + 128 * 8, bytes_written = 128 * 768 * 4}},
    }
  end)

  it("of the others", function()
    check {
      {"TopK", 11, {"float32[1,8400]", {"int64", 300}}, {}, 2, {elementwise = 75600}},
      {"NonMaxSuppression", 11, {"float32[1,1000,4]", "float32[1,80,1000]", {"int64", 100}}, {}, 1,
       {elementwise = 96883000, elementwise_low = 80000, bound = "upper"}},
      {"DFT", 17, {"float32[1,1024,2]"}, {axis = 1}, 1, {elementwise = 51200}},
      {"STFT", 17, {"float32[1,16000,1]", {"int64", {}, {160}}, "float32[400]", {"int64", {}, {400}}}, {onesided = 1}, 1,
       {elementwise = 921200}},
      {"Attention", 23, {"float32[1,12,128,64]", "float32[1,12,128,64]", "float32[1,12,128,64]"}, {}, 1,
       {macs = 25165824, elementwise = 979968, transcendentals = 196608, macs_causal = 25165824}},
      {"com.microsoft.GroupQueryAttention", 1,
       {"float32[1,1,4096]", "float32[1,1,1024]", "float32[1,1,1024]", "float32[1,8,1023,128]", "float32[1,8,1023,128]",
        "int32[1]", "int32[]"}, {num_heads = 32, kv_num_heads = 8, do_rotary = 0}, 3,
       {macs = 8388608, elementwise = 163776, transcendentals = 32768, macs_causal = 8388608}},
    }
  end)
end)

describe("attention", function()
  it("of ai.onnx: a past, grouped heads, masks, softcap", function()
    check {
      {"Attention", 23, {"float32[N,H,S,64]", "float32[N,H,S,64]", "float32[N,H,S,64]", false, "float32[N,H,P,64]",
        "float32[N,H,P,64]"}, {is_causal = 1, softcap = 3.0}, 3,
       {macs = "128*N*H*S*(S + P)", macs_causal = "N*H*S*(64*S + 128*P + 64)", elementwise = "N*H*S*(7*S + 7*P - 2)",
        transcendentals = "2*N*H*S*(S + P)", bytes_read = "N*H*(768*S + 512*P)", bytes_written = "N*H*(768*S + 512*P)"}},
      {"Attention", 23, {"float16[2,5,24]", "float16[2,7,8]", "float16[2,7,10]", "bool[5,7]"},
       {q_num_heads = 6, kv_num_heads = 2}, 1,
       {macs = 2 * 6 * 5 * 7 * (4 + 5), elementwise = 6 * 420 - 2 * 60, transcendentals = 420}},
      -- Queries stand at the beginning of what is no past: 1 + 2 + 3 of 5 keys, and all keys from the third of 4 queries on.
      {"Attention", 23, {"float32[1,1,3,1]", "float32[1,1,5,1]", "float32[1,1,5,1]"}, {is_causal = 1}, 1,
       {macs = 30, macs_causal = 12, elementwise = 69, transcendentals = 15}},
      {"Attention", 23, {"float32[1,1,4,1]", "float32[1,1,2,1]", "float32[1,1,2,1]"}, {is_causal = 1}, 1,
       {macs = 16, macs_causal = 14, elementwise = 32, transcendentals = 8}},
      -- ... and at the end of a cache that is not full.
      {"Attention", 24, {"float32[1,1,3,1]", "float32[1,1,5,1]", "float32[1,1,5,1]", false, false, false, "int64[1]"},
       {is_causal = 1}, 1, {macs = 30, macs_causal = 24, elementwise = 69, transcendentals = 15}},
      {"Attention", 23, {"float32", "float32[1,1,5,1]", "float32[1,1,5,1]"}, {}, 1,
       {macs = false, elementwise = false, transcendentals = false}},
      {"Attention", 23, {"float32[1,3,4]", "float32[1,3,4]", "float32[1,3,4]"}, {q_num_heads = 3, kv_num_heads = 3}, 1,
       {macs = false, elementwise = 117, transcendentals = 27}},
      {"Attention", 23, {"float32[1,1,3,4]", "float32[1,1,0,4]", "float32[1,1,0,4]"}, {is_causal = 1}, 1, {}},
      {"Attention", 25, {"float32[1,1,3,1]", "float32[1,1,3,1]", "float32[1,1,3,1]"},
       {left_window_size = math.maxinteger, right_window_size = math.maxinteger}, 1,
       {macs = 18, macs_causal = 18, elementwise = 39, transcendentals = 9}},
      {"Attention", 25, {"float32[1,1,3,1]", "float32[1,1,3,1]", "float32[1,1,3,1]"},
       {left_window_size = math.mininteger, right_window_size = math.mininteger}, 1,
       {macs = 18, macs_causal = 18, elementwise = 39, transcendentals = 9}},
    }
    local flat = {"float32[1,3,4]", "float32[1,3,4]", "float32[1,3,4]"}
    assert.equal("the number of heads is not known", gap("Attention", 23, flat, {}, 1))
    assert.equal("the number of heads is not known", gap("Attention", 23, flat, {q_num_heads = 0, kv_num_heads = -1}, 1))
    flat[1] = "float32[3,4]"
    assert.equal("the rank of the query is none that its operator takes", gap("Attention", 23, flat, {q_num_heads = 2}, 1))
    flat[1] = "float32"
    assert.equal("the shape of 'x1' is not known", gap("Attention", 23, flat, {q_num_heads = 2, kv_num_heads = 2}, 1))
  end)

  it("gives for symbols what it gives for numbers", function()
    local function node(S, P, attributes)
      local query, past = ("float32[1,%s,8]"):format(S), ("float32[1,2,%s,2]"):format(P)
      local key = ("float32[1,%s,4]"):format(S)
      attributes.num_heads, attributes.kv_num_heads = 4, 2
      return one_node.build("com.microsoft.GroupQueryAttention", 1, {query, key, key, past, past, "int32[1]", "int32[]"},
        attributes, 3):node("n")
    end
    for _, attributes in ipairs {{}, {local_window_size = 3}, {causal = 0, local_window_size = 2}, {do_rotary = 1}} do
      local symbolic = node("S", "P", attributes).own_cost
      for S = 1, 5 do
        for P = 1, 5 do
          local numeric, at = node(S, P, attributes).own_cost, symbolic:at {S = S, P = P}
          for _, metric in ipairs {"macs", "macs_causal", "elementwise", "bytes_read", "bytes_written"} do
            assert.equal(tostring(numeric[metric]), tostring(at[metric]), ("%s of S %d, P %d"):format(metric, S, P))
          end
        end
      end
    end
  end)

  it("of com.microsoft: with the projection inside", function()
    local weights, bias = "float32[64,192]", "float32[192]"
    check {
      {"com.microsoft.Attention", 1, {"float32[N,S,64]", weights, bias, "int32[N]", "float32[2,N,4,P,16]"},
       {num_heads = 4, unidirectional = 1}, 2,
       {macs = "N*S*(128*S + 128*P + 12288)", macs_causal = "N*S*(64*S + 128*P + 12352)",
        elementwise = "N*S*(24*S + 24*P + 184)", transcendentals = "4*N*S*(S + P)"}},
      {"com.microsoft.Attention", 1, {"float32[2,3,10]", "float32[10,28]"},
       {num_heads = 2, qkv_hidden_sizes = {8, 8, 12}, do_rotary = 1}, 1,
       {macs = 6 * 10 * 28 + 2 * 2 * 9 * (4 + 6), elementwise = 5 * 36 - 2 * 12 + 3 * 6 * 4 * 4, transcendentals = 36}},
      -- The past's buffer holds more than the past: as much as an input says, at most all.
      {"com.microsoft.Attention", 1, {"float32[1,1,64]", weights, bias, false, "float32[2,1,4,100,16]", false, {"int32", 9}},
       {num_heads = 4, past_present_share_buffer = 1}, 2,
       {macs = 64 * 192 + 4 * 10 * 32, elementwise = 192 + 5 * 40 - 8, transcendentals = 40, bound = "exact"}},
      {"com.microsoft.Attention", 1, {"float32[1,1,64]", weights, bias, false, "float32[2,1,4,100,16]", false, "int32[1]"},
       {num_heads = 4, past_present_share_buffer = 1}, 2,
       {macs = 64 * 192 + 4 * 100 * 32, elementwise = 192 + 5 * 400 - 8, transcendentals = 400, bound = "upper"}},
      {"com.microsoft.QAttention", 1, {"uint8[1,8,64]", "int8[64,192]", bias, "float32[]", "float32[]"}, {num_heads = 4}, 1,
       {macs = 8 * 64 * 192 + 4 * 64 * 32, elementwise = 8 * 192 + 5 * 256 - 64, transcendentals = 256}},
      {"com.microsoft.PackedAttention", 1, {"float32[T,64]", weights, bias, "int32[N,S]", "int32[C]"}, {num_heads = 4}, 1,
       {macs = "128*T*S + 12288*T", elementwise = "20*T*S + 184*T", transcendentals = "4*T*S", bound = "upper"}},
      {"com.microsoft.LongformerAttention", 1, {"float32[1,64,64]", weights, bias, "float32[1,64]", weights, bias,
        "int32[1,64]"}, {num_heads = 4, window = 4}, 1,
       {macs = 64 * 64 * 192 + 4 * 64 * 9 * 32, elementwise = 64 * 192 + 6 * 2304 - 2 * 256, transcendentals = 2304,
        bound = "estimate"}},
      {"com.microsoft.DecoderMaskedSelfAttention", 1, {"float32[N,1,64]", weights, bias, false, "float32[2,N,4,M,16]", false,
        "int32[1]"}, {num_heads = 4}, 2,
       {macs = "128*N*M + 12288*N", elementwise = "20*N*M + 184*N", transcendentals = "4*N*M", bound = "upper"}},
      {"com.microsoft.Attention", 1, {"float32[1,8,64]", "float32[64,190]"}, {num_heads = 4}, 1,
       {macs = false, elementwise = 1216, transcendentals = 256}},
      {"com.microsoft.Attention", 1, {"float32[1,8,64]", weights}, {num_heads = 4, qkv_hidden_sizes = {1, 2, 3, 4}}, 1,
       {macs = 8 * 64 * 192 + 4 * 64 * 32, elementwise = 5 * 256 - 64, transcendentals = 256}},
      {"com.microsoft.Attention", 1, {"float32[1,8,64]", weights}, {num_heads = 4, qkv_hidden_sizes = {-1, 0, 5}}, 1,
       {macs = false, elementwise = 1216, transcendentals = 256}},
    }
    local node = one_node.build("com.microsoft.QAttention", 1, {"uint8[1,8,64]", "int8[64,192]", bias, "float32[]",
      "float32[]"}, {num_heads = 4}, 1):node("n")
    assert.same({"int8"}, {next(node.own_cost.macs_by_dtype), nil})
    assert.equal("the number of heads is not known", gap("com.microsoft.Attention", 1, {"float32[1,8,64]", weights}, {}, 1))
  end)

  it("of a decoder, whose keys are new or the past's", function()
    local inputs = {"float32[3,2,8]", "float32[5,2,8]", "float32[8,8]", "float32[8,16]", "float32[24]", false,
      "float32[2,2,7,4]", "float32[2,2,7,4]"}
    local function case(static_kv, use_past, macs, elementwise, transcendentals)
      local all = table.move(inputs, 1, 8, 1, {})
      all[9], all[10], all[11], all[12] = static_kv, use_past, {"bool", {}, {1}}, {"bool", {}, {0}}
      return {"com.microsoft.DecoderAttention", 1, all, {num_heads = 2}, 3,
        {macs = macs, elementwise = elementwise, transcendentals = transcendentals}}
    end
    local yes, no = {"bool", {}, {1}}, {"bool", {}, {0}}
    local function both(new, keys)
      local scores = 2 * 2 * 3 * keys
      return 2 * 8 * (3 * 8 + new * 16) + scores * 8, 2 * (3 * 8 + new * 16) + 5 * scores - 24, scores
    end
    check {case(no, no, both(3, 3)), case(no, yes, both(3, 10)), case(yes, no, both(5, 5)), case(yes, yes, both(0, 7)),
      case("bool[]", yes, false, false, false)}
  end)

  it("of many heads", function()
    local q = "float32[2,3,16]"
    check {
      {"com.microsoft.MultiHeadAttention", 1, {q, "float32[2,5,16]", "float32[2,5,24]", "float32[56]", "int32[2]",
        "float32[1,4,3,5]"}, {num_heads = 4}, 1,
       {macs = 120 * 10, elementwise = 2 * (3 * 16 + 5 * 40) + 7 * 120 - 48, transcendentals = 120}},
      {"com.microsoft.MultiHeadAttention", 1, {"float32[N,1,16]", "float32[N,1,16]", "float32[N,1,16]", false, false, false,
        "float32[N,4,M,4]", "float32[N,4,M,4]", "int32[1]"}, {num_heads = 4}, 3,
       {macs = "32*N*M", elementwise = "20*N*M - 8*N", transcendentals = "4*N*M", bound = "upper"}},
      {"com.microsoft.DecoderMaskedMultiHeadAttention", 1, {"float32[2,1,16]", "float32[2,1,16]", "float32[2,1,16]", false,
        false, "float32[2,4,9,4]", "float32[2,4,9,4]", {"int32", 6}, false, false, "float32[48]"},
       {num_heads = 4, past_present_share_buffer = 1}, 3,
       {macs = 8 * 7 * 8, elementwise = 2 * 48 + 5 * 56 - 16, transcendentals = 56, bound = "exact"}},
      {"com.microsoft.PackedMultiHeadAttention", 1, {"float32[T,16]", "float32[T,16]", "float32[T,24]", false, "int32[N,S]",
        "int32[C]"}, {num_heads = 4}, 1,
       {macs = "40*T*S", elementwise = "20*T*S - 8*T", transcendentals = "4*T*S", bound = "upper"}},
      {"com.microsoft.PackedMultiHeadAttention", 1, {"float32[T,4,3,8]", false, false, "float32[96]", "int32[N,S]",
        "int32[C]"}, {num_heads = 4}, 1,
       {macs = "64*T*S", elementwise = "20*T*S + 88*T", transcendentals = "4*T*S"}},
      {"com.microsoft.MultiHeadAttention", 1, {q, "float32", "float32[2,5,24]"}, {num_heads = 4}, 1,
       {macs = false, elementwise = false, transcendentals = false}},
      {"com.microsoft.MultiHeadAttention", 1, {q}, {num_heads = 5}, 1,
       {macs = false, elementwise = 390, transcendentals = 90}},
    }
    assert.equal("the number of heads is not known", gap("com.microsoft.MultiHeadAttention", 1, {q}, {num_heads = -4}, 1))
  end)

  it("of grouped heads reads a cache and writes what is new into it", function()
    local float16 = "float16[%s]"
    local function inputs(total, ...)
      local all = {}
      for i, dims in ipairs {"N,S,64", "N,S,16", "N,S,16", "N,2,P,8", "N,2,P,8"} do all[i] = float16:format(dims) end
      all[6], all[7] = "int32[N]", total
      return table.move({...}, 1, select("#", ...), 8, all)
    end
    local op = "com.microsoft.GroupQueryAttention"
    local heads = {num_heads = 8, kv_num_heads = 2}
    check {
      {op, 1, inputs "int32[]", heads, 3,
       {macs = "128*N*S*(S + P)", macs_causal = "N*S*(64*S + 128*P + 64)", elementwise = "N*S*(40*S + 40*P - 16)",
        transcendentals = "8*N*S*(S + P)",
        -- query, key, value; S + P keys and values of 2 heads of 8; lengths
        bytes_read = "256*N*S + 64*N*P + 4*N + 4", bytes_written = "192*N*S"}},
      {op, 1, inputs("int32[]", "float16[4096,2]", "float16[4096,2]"),
       {num_heads = 8, kv_num_heads = 2, do_rotary = 1, softcap = 2.0}, 3,
       {macs = "128*N*S*(S + P)", macs_causal = "N*S*(64*S + 128*P + 64)", elementwise = "N*S*(56*S + 56*P + 104)",
        transcendentals = "16*N*S*(S + P)", bytes_read = "264*N*S + 64*N*P + 4*N + 4"}},
      -- Query, key and value in one; a buffer of 64, of which 20 are used; a window of 5.
      {op, 1, {"float32[1,2,48]", false, false, "float32[1,2,64,4]", "float32[1,2,64,4]", "int32[1]", {"int32", {}, {20}}},
       {num_heads = 8, kv_num_heads = 2, local_window_size = 5}, 3,
       {macs = 8 * 2 * 5 * 8, macs_causal = 8 * 2 * 5 * 8, elementwise = 5 * 80 - 32, transcendentals = 80,
        bytes_read = 2 * 48 * 4 + 4 + 2 * 20 * 8 * 4, weight_bytes = 4, bytes_written = 2 * 32 * 4 + 2 * 2 * 8 * 4}},
      -- A mask, and norms of the heads of Q and K. No past: new keys and values go into the cache and are read from it.
      {op, 1, {"float32[1,3,32]", "float32[1,3,8]", "float32[1,3,8]", false, false, "int32[1]", "int32[]", false, false, false,
        "float32[1,1,3,3]", false, false, false, "float32[4]", "float32[4]"}, heads, 3,
       {macs = 8 * 9 * 8, macs_causal = 8 * 6 * 8, elementwise = 6 * 72 - 48 + 4 * 120 + 30, transcendentals = 72 + 30,
        bytes_read = 4 * (96 + 24 + 24 + 9 + 8) + 8 + 2 * 3 * 8 * 4, bytes_written = 4 * 96 + 2 * 3 * 8 * 4}},
      {op, 1, {"float32[1,3,32]", "float32[1,3,8]", "float32[1,3,8]", false, false, "int32[1]", "int32[]"}, heads, 1,
       {macs = 576, macs_causal = 384, elementwise = 312, transcendentals = 72, bytes_read = 4 * 144 + 8, bytes_written = 384}},
      -- Two numbers of 4 bits in a byte of the cache.
      {op, 1, {"float32[1,1,32]", "float32[1,1,8]", "float32[1,1,8]", "uint8[1,2,9,2]", "uint8[1,2,9,2]", "int32[1]",
        "int32[]"}, {num_heads = 8, kv_num_heads = 2, kv_cache_bit_width = 4}, 3,
       {macs = 640, macs_causal = 640, elementwise = 384, transcendentals = 80, bytes_read = 4 * 48 + 8 + 2 * 10 * 4,
        bytes_written = 4 * 32 + 2 * 4}},
      -- A cache that slides stays as long as it is.
      {op, 1, {"float32[1,1,32]", "float32[1,1,8]", "float32[1,1,8]", "float32[1,2,9,4]", "float32[1,2,9,4]", "int32[1]",
        "int32[]"}, {num_heads = 8, kv_num_heads = 2, sliding_window_cache = 1}, 3,
       {macs = 576, macs_causal = 576, elementwise = 344, transcendentals = 72}},
      -- More queries than keys: nobody sees anything before the first.
      {op, 1, {"float32[1,4,32]", "float32[1,4,8]", "float32[1,4,8]", false, false, "int32[1]", {"int32", {}, {2}}}, heads, 3,
       {macs = 8 * 4 * 2 * 8, macs_causal = 8 * 3 * 8, elementwise = 5 * 64 - 64, transcendentals = 64}},
      {op, 1, {"float32[1,4,32]", "float32[1,4,8]", "float32[1,4,8]"}, {num_heads = 8, kv_num_heads = 0}, 3,
       {macs = 8 * 16 * 8, macs_causal = 8 * 10 * 8, elementwise = 5 * 128 - 64, transcendentals = 128, bytes_read = false}},
    }
    assert.equal("the number of heads is not known", gap(op, 1, {"float32[1,4,32]", "float32[1,4,8]"}, {}, 3))
  end)

  it("of blocks", function()
    check {
      {"com.microsoft.SparseAttention", 1, {"float16[1,2,32]", "float16[1,2,8]", "float16[1,2,8]", "float16[1,2,64,4]",
        "float16[1,2,64,4]", "int32[1,5]", "int32[1,9]", {"int32", {}, {16}}, "int32[1]"},
       {num_heads = 8, kv_num_heads = 2, sparse_block_size = 16}, 3,
       {macs = 8 * 2 * 16 * 8, macs_causal = 8 * 31 * 8, elementwise = 5 * 256 - 32, transcendentals = 256, bound = "upper"}},
      {"com.microsoft.SparseAttention", 1, {"float16[N,S,32]", "float16[N,S,8]", "float16[N,S,8]", "float16[N,2,64,4]",
        "float16[N,2,64,4]", "int32[1,5]", "int32[1,9]", "int32[]", "int32[N]"},
       {num_heads = 8, kv_num_heads = 2, sparse_block_size = 16}, 3,
       {macs = "4096*N*S", elementwise = "2544*N*S", transcendentals = "512*N*S", bound = "upper"}},
      {"com.microsoft.PagedAttention", 1, {"float16[T,32]", "float16[T,8]", "float16[T,8]", "float16[100,16,2,4]",
        "float16[100,16,2,4]", "int32[C]", "int32[N]", "int32[N,M]"}, {num_heads = 8, kv_num_heads = 2}, 3,
       {macs = "1024*T*M", elementwise = "640*T*M - 16*T", transcendentals = "128*T*M", bound = "upper",
        bytes_read = "516*N*M + 96*T + 4*C + 4*N", bytes_written = "96*T"}},
    }
    assert.equal("the layout of its cache has no formula", gap("com.microsoft.PagedAttention", 1, {"float16[T,32]",
      "float16[T,8]", "float16[T,8]", "float16[100,16,2,4]", "float16[100,16,2,4]", "int32[C]", "int32[N]", "int32[N,M]"},
      {num_heads = 8, kv_num_heads = 2, kv_cache_layout = "MIXED"}, 1))
  end)

  it("turns by cosines and sines", function()
    local caches = {"float32[50,4]", "float32[50,4]"}
    check {
      {"RotaryEmbedding", 23, {"float32[N,4,S,8]", caches[1], caches[2], "int64[N,S]"}, {}, 1, {elementwise = "96*N*S"}},
      {"RotaryEmbedding", 23, {"float32[2,4,3,8]", caches[1], caches[2], "int64[2,3]"}, {rotary_embedding_dim = 4}, 1,
       {elementwise = 3 * 2 * 3 * 4 * 4}},
      {"com.microsoft.RotaryEmbedding", 1, {"float32[2,3,32]", "int64[2,3]", caches[1], caches[2]},
       {rotary_embedding_dim = 4, num_heads = 4}, 1, {elementwise = 3 * 2 * 3 * 4 * 4}},
      {"com.microsoft.GemmaRotaryEmbedding", 1, {"float32[1,3,8]", "float16[1,4,3,8]", "float16[1,4,3,8]", "float16[1,2,3,8]",
        "float16[1,2,3,8]"}, {}, 2, {elementwise = 3 * (96 + 48), transcendentals = 48}},
      {"com.microsoft.MRotaryEmbedding", 1, {"float32[2,3,32]", "int64[3,2,3]", caches[1], caches[2]},
       {mrope_section = {1, 1, 2}}, 1, {elementwise = 3 * 192}},
    }
    assert.equal("the number of heads is not known", gap("com.microsoft.RotaryEmbedding", 1, {"float32[2,3,32]", "int64[2,3]",
      caches[1], caches[2]}, {rotary_embedding_dim = 4}, 1))
  end)

  it("with a state instead of keys", function()
    check {
      {"LinearAttention", 27, {"float32[N,S,32]", "float32[N,S,32]", "float32[N,S,64]"}, {q_num_heads = 4, kv_num_heads = 8},
       2, {macs = "1536*N*S", elementwise = "1024*N*S", transcendentals = "8*N*S"}},
      {"com.microsoft.LinearAttention", 1, {"float32[1,5,32]", "float32[1,5,32]", "float32[1,5,64]"},
       {q_num_heads = 4, kv_num_heads = 4, update_rule = "linear"}, 2, {macs = 5 * 4 * 2 * 128}},
      {"com.microsoft.GatedDeltaNet", 1, {"float16[T,4,8]", "float16[T,4,8]", "float16[T,6,16]"}, {}, 1,
       {macs = "2304*T", elementwise = "1536*T", transcendentals = "6*T"}},
      {"com.microsoft.GatedDeltaNet", 1, {"float16[T,4]", "float16[T,4,8]", "float16[T,6,16]"}, {}, 1,
       {macs = false, elementwise = false, transcendentals = false}},
    }
  end)
end)

describe("quantisation", function()
  local scale, zero = "float32[]", "uint8[]"

  it("there and back", function()
    check {
      {"QuantizeLinear", 13, {"float32[N,8]", scale, zero}, {}, 1,
       {elementwise = "40*N", bytes_read = "32*N + 5", bytes_written = "8*N"}},
      {"QuantizeLinear", 21, {"float32[N,8]", scale}, {output_dtype = 22}, 1, {elementwise = "32*N", bytes_written = "4*N"}},
      {"DequantizeLinear", 13, {"uint8[N,8]", scale}, {}, 1, {elementwise = "8*N"}},
      {"com.microsoft.DequantizeLinear", 1, {"uint8[N,8]", scale, zero}, {}, 1, {elementwise = "16*N"}},
      {"DequantizeLinear", 13, {{"uint8", {2}, {3, 4}}, {"float32", {}, {0.5}}}, {}, 1, {kind = "constant"}},
      {"DynamicQuantizeLinear", 11, {"float32[N,8]"}, {}, 3, {elementwise = "56*N", bytes_written = "8*N + 5"}},
      {"QuantizeLinear", 13, {"float32", scale}, {}, 1, {elementwise = false, macs = 0, transcendentals = 0}},
    }
  end)

  it("around other operators", function()
    local x = "uint8[N,8]"
    check {
      {"com.microsoft.QLinearAdd", 1, {x, scale, zero, x, scale, zero, scale, zero}, {}, 1, {elementwise = "80*N"}},
      {"com.microsoft.QLinearMul", 1, {x, scale, false, "uint8[8]", scale, false, scale}, {}, 1, {elementwise = "80*N"}},
      {"com.microsoft.QLinearSigmoid", 1, {x, scale, zero, scale, zero}, {}, 1, {elementwise = "56*N", transcendentals = "8*N"}},
      {"com.microsoft.QLinearLeakyRelu", 1, {x, scale, zero, scale, zero}, {}, 1, {elementwise = "72*N"}},
      {"com.microsoft.QLinearSoftmax", 1, {"uint8[N,4,8]", scale, zero, scale, zero}, {opset = 13, axis = 1}, 1,
       {elementwise = "336*N", transcendentals = "32*N"}},
      {"com.microsoft.QLinearSoftmax", 1, {"uint8[N,4,8]", scale, zero, scale, zero}, {opset = 11, axis = 1}, 1,
       {elementwise = "350*N", transcendentals = "32*N"}},
      {"com.microsoft.QLinearConcat", 1, {scale, zero, x, scale, zero, "uint8[N,4]", scale, zero}, {axis = 1}, 1,
       {elementwise = "84*N"}},
    }
    assert.equal("the axis is none of the input",
      gap("com.microsoft.QLinearSoftmax", 1, {x, scale, zero, scale, zero}, {opset = 13, axis = 2}, 1))
  end)
end)

describe("scatter", function()
  it("takes the place of data that nobody else needs", function()
    check {
      {"ScatterElements", 18, {"float32[N,8]", "int64[N,2]", "float32[N,2]"}, {axis = 1, reduction = "add"}, 1,
       {elementwise = "2*N", bytes_read = "64*N", bytes_written = "40*N"}},
      {"ScatterND", 11, {{"float32", {2, 2}, {1, 2, 3, 4}}, "int64[1,1]", "float32[1,2]"}, {}, 1,
       {bytes_read = 8 + 16, bytes_written = 8 + 16, weight_bytes = 16}},
      {"Scatter", 9, {"float32[4]", "int64[2]", "float32"}, {}, 1, {bytes_read = false, bytes_written = false}},
    }
    local b = onnxdoc.build {opset = 18}
    b:input("x", "float32[8]")
    b:input("at", "int64[2,1]")
    b:input("u", "float32[2]")
    b:op("Relu", {"x"}, {}, {outputs = {"r"}})
    b:op("ScatterND", {"r", "at", "u"}, {}, {outputs = {"s"}, name = "in place"})
    b:op("ScatterND", {"s", "at", "u"}, {}, {outputs = {"t"}, name = "beside"})
    b:op("Add", {"s", "t"}, {}, {outputs = {"y"}})
    local m = assert(b:model())
    local cost = m:node("in place").own_cost
    assert.equal("32 8", ("%s %s"):format(cost.bytes_read, cost.bytes_written))
    cost = m:node("beside").own_cost
    assert.equal("64 40", ("%s %s"):format(cost.bytes_read, cost.bytes_written))
  end)
end)

describe("selection", function()
  it("sorts, compares and finds", function()
    check {
      {"TopK", 11, {"float32[N,L]", {"int64", 3}}, {}, 2, {elementwise = "2*N*L"}},
      {"TopK", 1, {"float32[4,9]"}, {k = 5}, 2, {elementwise = 36 * 3}},
      {"TopK", 11, {"float32[4,9]", {"int64", 1}}, {}, 2, {elementwise = 36}},
      {"TopK", 11, {"float32[4,9]", {"int64", -7}}, {}, 2, {elementwise = 36}},
      {"TopK", 11, {"float32[N,L]", "int64[1]"}, {}, 2, {elementwise = "N*L*ceil_log2(max(y0:1, 2))"}},
      {"TopK", 11, {"float32", {"int64", 3}}, {}, 2, {elementwise = false, macs = 0, transcendentals = 0}},
      {"Unique", 11, {"float32[4,9]"}, {}, 1, {elementwise = 36 * 6}},
      {"Unique", 11, {"float32[4,9]"}, {axis = 1}, 1, {elementwise = 36 * 4}},
      {"Unique", 11, {"float32[N,L]"}, {}, 4, {elementwise = "N*L*ceil_log2(N*L)"}},
      {"com.microsoft.Unique", 1, {"float32[9]"}, {}, 3, {elementwise = 36}},
      {"Unique", 11, {"float32[0]"}, {}, 1, {elementwise = 0}},
      {"NonZero", 9, {"float32[N,L]"}, {}, 1, {elementwise = "N*L"}},
      {"NonMaxSuppression", 11, {"float32[B,N,4]", "float32[B,C,N]", {"int64", 100}}, {}, 1,
       {elementwise = "B*N*(12*C*min(N, 100) + C*ceil_log2(N) + C + 3)", elementwise_low = "B*N*C", bound = "upper"}},
      {"NonMaxSuppression", 11, {"float32[1,10,4]", "float32[1,2,10]"}, {}, 1, {elementwise = 130, elementwise_low = 20}},
      {"NonMaxSuppression", 11, {"float32[1,10,4]", "float32[1,2,10]", "int64[1]"}, {}, 1,
       {elementwise = 2 * (50 + 1200) + 30, elementwise_low = 20}},
      {"NonMaxSuppression", 11, {"float32[1,10,4]", "float32[1,2,10]", {"int64", -5}}, {}, 1,
       {elementwise = 130, elementwise_low = 20}},
      {"NonMaxSuppression", 11, {"float32[1,10,4]", "float32[2,10]"}, {}, 1,
       {elementwise = false, macs = 0, transcendentals = 0, elementwise_low = false}},
    }
  end)

  it("solves", function()
    check {
      {"Det", 11, {"float32[N,4,4]"}, {}, 1, {macs = "64*N/3", elementwise = "4*N"}},
      {"Det", 11, {"float32[6,6]"}, {}, 1, {macs = 72, elementwise = 6}},
      {"com.microsoft.Inverse", 1, {"float32[N,M,M]"}, {}, 1, {macs = "N*M^3"}},
      {"Det", 11, {"float32[4]"}, {}, 1, {macs = false, elementwise = false, transcendentals = false}},
    }
    assert.equal("the input has no rows and columns", gap("com.microsoft.Inverse", 1, {"float32[4]"}, {}, 1))
  end)
end)

describe("signals", function()
  local step = {"int64", {}, {160}}

  it("are transformed", function()
    check {
      {"DFT", 17, {"float32[N,L,1]"}, {onesided = 1}, 1, {elementwise = "5*N*L*ceil_log2(L)/2"}},
      {"DFT", 20, {"float32[3,8,2]"}, {}, 1, {elementwise = 3 * 5 * 8 * 3}},
      {"DFT", 20, {"float32[3,8,1]", {"int64", {}, {20}}}, {}, 1, {elementwise = 3 * 5 * 20 * 5 // 2}},
      {"DFT", 20, {"float32[3,8,2]", false, {"int64", {}, {0}}}, {}, 1, {elementwise = 8 * 5 * 3 * 2}},
      {"DFT", 20, {"float32[3,9,2]"}, {inverse = 1, onesided = 1}, 1, {elementwise = 3 * 5 * 16 * 4 // 2}},
      {"DFT", 20, {"float32[3,8,2]", "int64[]"}, {}, 1, {elementwise = "15*y0:1*ceil_log2(y0:1)"}},
      {"com.microsoft.Rfft", 1, {"float32[N,1024]"}, {}, 1, {elementwise = "25600*N"}},
      {"com.microsoft.Irfft", 1, {"float32[N,513,2]"}, {signal_ndim = 1}, 1, {elementwise = "25600*N"}},
      {"com.microsoft.Rfft", 1, {"float32[N,8,16]"}, {signal_ndim = 2}, 1, {elementwise = "2240*N"}},
      {"STFT", 17, {"float32[N,16000,1]", step, "float32[400]"}, {}, 1, {elementwise = "921200*N"}},
      {"STFT", 17, {"float32[1,16000,2]", step, "float32[400]"}, {onesided = 0}, 1, {elementwise = 98 * (400 + 18000)}},
      {"STFT", 17, {"float32[1,16000]", step, false, {"int64", {}, {400}}}, {}, 1, {elementwise = 98 * 9000}},
      {"DFT", 20, {"float32"}, {}, 1, {elementwise = false, macs = 0, transcendentals = 0}},
    }
    local signal = {"float32[3,8,1]", "int64[]"}
    assert.equal("dft_length is not known", gap("DFT", 20, signal, {onesided = 1}, 1))
    assert.equal("the axis is not known", gap("DFT", 20, {signal[1], false, "int64[]"}, {}, 1))
    assert.equal("the axis is none of the signal", gap("DFT", 17, {signal[1]}, {axis = 2}, 1))
    assert.equal("the axis is none of the signal", gap("DFT", 17, {"float32[]"}, {}, 1))
    assert.equal("signal_ndim does not fit the rank", gap("com.microsoft.Rfft", 1, {signal[1]}, {signal_ndim = 4}, 1))
    assert.equal("the frame length is not known", gap("STFT", 17, {"float32[1,16000]", step, false, "int64[]"}, {}, 1))
  end)

  it("are made", function()
    check {
      {"HannWindow", 17, {"int64[]"}, {}, 1, {elementwise = "3*y0:0", transcendentals = "y0:0"}},
      {"HammingWindow", 17, {{"int64", {}, {8}}}, {}, 1, {kind = "constant"}},
      {"BlackmanWindow", 17, {"int64[]"}, {}, 1, {elementwise = "6*y0:0", transcendentals = "2*y0:0"}},
      {"MelWeightMatrix", 17, {{"int64", {}, {8}}, {"int64", {}, {16}}, "int64[]", "float32[]", "float32[]"}, {}, 1,
       {elementwise = 288, transcendentals = 16}},
      {"RandomNormal", 1, {}, {shape = {2, 3}}, 1, {elementwise = 12, transcendentals = 12}},
      {"RandomUniformLike", 1, {"float32[N]"}, {}, 1, {elementwise = "2*N"}},
      {"Bernoulli", 15, {"float32[N]"}, {}, 1, {elementwise = "2*N"}},
      {"Multinomial", 7, {"float32[N,4]"}, {sample_size = 7}, 1, {elementwise = "14*N"}},
      {"Range", 11, {"float32[]", "float32[]", "float32[]"}, {}, 1,
       {elementwise = "y0:0", bytes_read = 0, bytes_written = "4*y0:0"}},
    }
  end)
end)

describe("losses", function()
  it("are a softmax, or the choice behind one", function()
    check {
      {"SoftmaxCrossEntropyLoss", 13, {"float32[N,C,L]", "int64[N,L]"}, {}, 2,
       {elementwise = "4*N*C*L - N*L", transcendentals = "N*C*L + N*L"}},
      {"NegativeLogLikelihoodLoss", 13, {"float32[N,C,L]", "int64[N,L]"}, {}, 1, {elementwise = "N*L"}},
      {"com.microsoft.SoftmaxCrossEntropy", 1, {"float32[2,5]", "float32[2,5]"}, {}, 2,
       {elementwise = 10 + 40 - 4, transcendentals = 12}},
      {"com.microsoft.SoftmaxCrossEntropyLossInternal", 1, {"float32[2,5]", "int64[2]"}, {}, 2,
       {elementwise = 2 + 40 - 4, transcendentals = 12}},
      {"com.microsoft.NegativeLogLikelihoodLossInternal2", 1, {"float32[2,5]", "int64[2]"}, {}, 1, {elementwise = 2}},
      {"SoftmaxCrossEntropyLoss", 13, {"float32[N,0]", "int64[N]"}, {}, 1, {elementwise = "N"}},
    }
    assert.equal("the scores have no axis of classes", gap("SoftmaxCrossEntropyLoss", 13, {"float32[N]", "int64[N]"}, {}, 1))
  end)
end)

describe("a mixture of experts", function()
  it("computes with k of them, and reads those that are used", function()
    check {
      {"com.microsoft.MoE", 1, {"float16[N,S,512]", "float16[T,8]", "float16[8,1024,512]", false, "float16[8,512,1024]"},
       {k = 2, activation_type = "gelu"}, 1,
       {macs = "2097152*N*S", elementwise = "3072*N*S", transcendentals = "2048*N*S + 8*T",
        bytes_read = "1024*N*S + 16*T + 4194304*min(N*S, 4)", bytes_written = "1024*N*S"}},
      -- The default is relu, which takes no transcendental; three tokens meet three experts at most.
      {"com.microsoft.MoE", 1, {"float32[3,4]", "float32[3,8]", {"float32", {8, 6, 4}, 8 * 24},
        {"float32", {8, 6}, 48}, {"float32", {8, 4, 6}, 8 * 24}}, {}, 1,
       {macs = 3 * 2 * 24, elementwise = 3 * 6 + 3 * 4, transcendentals = 24, bytes_read = 48 + 96,
        weight_bytes = (24 + 6 + 24) * 4 * 3}},
      {"com.microsoft.MoE", 1, {"float32[3,4]", "float32[3,8]", "float32[8,4,6]", false, "float32[8,6,4]", false,
        "float32[8,4,6]"}, {activation_type = "silu"}, 1, {macs = 3 * 3 * 24, elementwise = 30, transcendentals = 24 + 18}},
      {"com.microsoft.QMoE", 1, {"float16[2,3,512]", "float16[6,8]", "uint8[8,2048,256]", "float16[8,2048]", false,
        "uint8[8,512,512]", "float16[8,512]"}, {k = 2, activation_type = "swiglu", swiglu_fusion = 1}, 1,
       {macs = 6 * 2 * 3 * 512 * 1024, elementwise = 12 * 1536, transcendentals = 48 + 12 * 1024,
        dequant = 2 * 8 * 3 * 512 * 1024}},
      {"com.microsoft.ShardedMoE", 1, {"float32[3,4]", "float32[3,8]", "float32[8,6,4]", false, "float32[8,4,6]"}, {}, 1,
       {macs = 144, elementwise = 30, transcendentals = 24}},
      {"com.microsoft.MoE", 1, {"float32[3,4]", "float32[3,8]", "float32[0,6,4]", false, "float32[0,4,6]"}, {}, 1,
       {macs = false, elementwise = false, transcendentals = 24}},
      {"com.microsoft.QMoE", 1, {"float16[3,4]", "float16[3,8]", "uint8[8,6,2]", false, false, "uint8[8,4,3]"},
       {expert_weight_bits = 0}, 1, {macs = false, elementwise = false, transcendentals = 24, dequant = false}},
    }
    assert.equal("k is below 1", gap("com.microsoft.MoE", 1, {"float32[3,4]", "float32[3,8]", "float32[8,6,4]", false,
      "float32[8,4,6]"}, {k = 0}, 1))
  end)
end)

describe("learners", function()
  -- Attributes of complete trees, level by level, ids from 0 on.
  local function complete(trees, depth, attributes)
    local nodes = {}
    for _, name in ipairs {"treeids", "nodeids", "truenodeids", "falsenodeids", "modes"} do
      nodes[name] = {}
      attributes["nodes_" .. name] = nodes[name]
    end
    local inner = 2 ^ depth - 1
    for tree = 0, trees - 1 do
      for id = 0, 2 * inner do
        local at, is_leaf = #nodes.treeids + 1, id >= inner
        nodes.treeids[at], nodes.nodeids[at] = tree, id
        nodes.truenodeids[at] = is_leaf and 0 or 2 * id + 1
        nodes.falsenodeids[at] = is_leaf and 0 or 2 * id + 2
        nodes.modes[at] = is_leaf and "LEAF" or "BRANCH_LEQ"
      end
    end
    return attributes
  end

  local regressor = "ai.onnx.ml.TreeEnsembleRegressor"

  -- Attributes of trees {tree, node, true, false} in any order; a leaf is {tree, node}.
  local function listed(rows, attributes)
    local lists = {{}, {}, {}, {}, {}}
    for i, row in ipairs(rows) do
      for column = 1, 4 do lists[column][i] = row[column] or 0 end
      lists[5][i] = row[3] and "BRANCH_LT" or "LEAF"
    end
    attributes = attributes or {n_targets = 1}
    attributes.nodes_treeids, attributes.nodes_nodeids, attributes.nodes_truenodeids = lists[1], lists[2], lists[3]
    attributes.nodes_falsenodeids, attributes.nodes_modes = lists[4], lists[5]
    if #rows > 0 then return attributes end
    for _, name in ipairs {"treeids", "nodeids", "truenodeids", "falsenodeids", "modes"} do
      attributes["nodes_" .. name] = {type = name == "modes" and "strings" or "ints", value = {}}
    end
    return attributes
  end

  local function tree_gap(rows) return gap(regressor, 3, {"float32[N,4]"}, listed(rows), 1) end

  it("go down trees, of lists that are too long to keep too", function()
    local attributes = complete(100, 6, {n_targets = 1})
    assert.equal(12700, #attributes.nodes_modes)
    check {
      {regressor, 3, {"float32[32,10]"}, attributes, 1,
       {elementwise = 22400, elementwise_low = 22400, bound = "upper", weight_bytes = 32 * 600 * 20, bytes_read = 1280,
        bytes_written = 128}},
      {regressor, 3, {"float32[N,10]"}, complete(2, 3, {n_targets = 5, post_transform = "LOGISTIC"}), 1,
       {elementwise = "16*N", elementwise_low = "16*N", transcendentals = "5*N"}},
      {"ai.onnx.ml.TreeEnsembleClassifier", 3, {"float32[N,10]"}, complete(2, 3, {classlabels_strings = {"a", "b", "c"}}), 2,
       {elementwise = "12*N", elementwise_low = "12*N"}},
      -- A deep leaf and a flat one: 3 steps at most, (1 + 2 + 3 + 3)/4 in the mean. A tree that is a leaf. Any order.
      {regressor, 3, {"float32[N,4]"}, listed {{7, 4, 30, 31}, {7, 1}, {7, 30}, {7, 31}, {7, 2, 3, 4}, {7, 3}, {-9, 5},
        {7, 0, 1, 2}}, 1, {elementwise = "5*N", elementwise_low = "17*N/4", weight_bytes = "60*N"}},
      {regressor, 3, {"float32[N,4]"}, listed {}, 1, {elementwise = 0, bound = "upper"}},
      {regressor, 3, {"float32[4]"}, listed {{0, 0, 1, 2}, {0, 1}, {0, 2}}, 1, {elementwise = 2}},
      {regressor, 3, {"float32[N,4]"}, listed({{0, 0}}, {}), 1, {elementwise = false, macs = false, transcendentals = false,
        elementwise_low = false}},
    }
  end)

  it("do not go down what is no tree", function()
    local two, cycle = "a node of its trees has two parents", "its trees have a cycle"
    assert.equal(cycle, tree_gap {{0, 0, 1, 2}, {0, 1, 0, 3}, {0, 2}, {0, 3}})
    assert.equal(cycle, tree_gap {{0, 0}, {1, 0, 0, 1}, {1, 1}})
    assert.equal(two, tree_gap {{0, 0, 1, 1}, {0, 1}})
    assert.equal(two, tree_gap {{0, 0, 1, 2}, {0, 1, 2, 3}, {0, 2}, {0, 3}})
    assert.equal("a node that its trees name is not there", tree_gap {{0, 0, 1, 2}, {0, 1}, {1, 2}})
    assert.equal("a node that its trees name is not there",
      tree_gap {{0, math.mininteger, math.maxinteger, 1}, {0, 1}})
    assert.equal("two of its nodes have one id", tree_gap {{0, 1}, {0, 0}, {0, 1}})
    local attributes = listed {{0, 0, 1, 2}, {0, 1}, {0, 2}}
    attributes.nodes_modes = {"LEAF"}
    assert.equal("the lists of its nodes are not of one length", gap(regressor, 3, {"float32[N,4]"}, attributes, 1))
    attributes.nodes_modes = nil
    assert.equal("a list of its nodes is not given", gap(regressor, 3, {"float32[N,4]"}, attributes, 1))
    assert.equal("the number of targets or classes is not given",
      gap(regressor, 3, {"float32[N,4]"}, listed({{0, 0}}, {n_targets = -1}), 1))
  end)

  it("are as deep as the attributes of each call say", function()
    local m = assert(onnxdoc.parse [[<ir_version: 10, opset_import: ["" : 21, "ai.onnx.ml" : 5, "f" : 1]>
      g (float[N,3] x) => (y, z) { y = f.trees <leafs = [0, 1]> (x) z = f.trees <leafs = [1, 1]> (x) }
      <opset_import: ["" : 21, "ai.onnx.ml" : 5], domain: "f">
      trees <leafs> (x) => (y) {
        y = ai.onnx.ml.TreeEnsemble <n_targets = 1, tree_roots = [0], nodes_truenodeids = [1, 0],
          nodes_falsenodeids = [0, 1], nodes_trueleafs: ints = @leafs, nodes_falseleafs = [1, 1]> (x)
      }]])
    assert.equal("5*N", tostring(m.cost.elementwise))
  end)

  it("go down trees of positions", function()
    local function ensemble(attributes)
      attributes.n_targets = attributes.n_targets or 2
      return attributes
    end
    local function nodes(trues, true_leafs, falses, false_leafs, roots)
      return ensemble {nodes_truenodeids = trues, nodes_trueleafs = true_leafs, nodes_falsenodeids = falses,
        nodes_falseleafs = false_leafs, tree_roots = roots, post_transform = 1}
    end
    local op = "ai.onnx.ml.TreeEnsemble"
    check {
      -- One tree of three steps, one of one.
      {op, 5, {"float32[N,4]"}, nodes({0, 2, 2, 4}, {1, 0, 1, 1}, {1, 1, 3, 5}, {0, 1, 1, 1}, {0, 3}), 1,
       {elementwise = "8*N", elementwise_low = "29*N/4", transcendentals = "2*N", weight_bytes = "80*N"}},
      -- Nobody leads to the second node, which is its own child; nor to the second here.
      {op, 5, {"float32[N,4]"}, nodes({0, 1}, {1, 0}, {1, 1}, {1, 1}, {0}), 1, {elementwise = "3*N", transcendentals = "2*N"}},
      {op, 5, {"float32[N,4]"}, nodes({0, 0}, {1, 1}, {1, 1}, {1, 1}, {0}), 1, {elementwise = "3*N", transcendentals = "2*N"}},
    }
    local function reason(...) return gap(op, 5, {"float32[N,4]"}, nodes(...), 1) end
    assert.equal("a node that its trees name is not there", reason({-1}, {0}, {0}, {1}, {0}))
    assert.equal("a node that its trees name is not there", reason({0}, {1}, {9}, {0}, {0}))
    assert.equal("a root of its trees is not there", reason({0}, {1}, {0}, {1}, {1}))
    assert.equal("a node of its trees has two parents", reason({0}, {1}, {0}, {1}, {0, 0}))
    assert.equal("a node of its trees has two parents", reason({0}, {0}, {0}, {1}, {0}))
    assert.equal("the lists of its nodes are not of one length", reason({0}, {1}, {0}, {1, 1}, {0}))
  end)

  it("multiply", function()
    check {
      {"ai.onnx.ml.SVMRegressor", 1, {"float32[N,4]"}, {n_supports = 3, kernel_type = "RBF"}, 1,
       {macs = "12*N", elementwise = "15*N", transcendentals = "3*N"}},
      {"ai.onnx.ml.SVMRegressor", 1, {"float32[N,4]"}, {n_supports = 3}, 1, {macs = "12*N", elementwise = "3*N"}},
      {"ai.onnx.ml.SVMRegressor", 1, {"float32[N,4]"}, {coefficients = {1.5, 2.5, 3.5, 4.5}, kernel_type = "RBF"}, 1,
       {macs = "4*N", elementwise = "N"}},
      {"ai.onnx.ml.SVMClassifier", 1, {"float32[N,4]"}, {vectors_per_class = {2, 1}, classlabels_ints = {0, 1},
        kernel_type = "POLY"}, 2, {macs = "12*N", elementwise = "3*N", transcendentals = "3*N"}},
      {"ai.onnx.ml.SVMClassifier", 1, {"float32[N,4]"}, {classlabels_ints = {0, 1},
        coefficients = {1.5, 2, 3, 4, 5, 6, 7, 8}}, 2, {macs = "8*N", elementwise = "2*N"}},
      {"ai.onnx.ml.LinearClassifier", 1, {"float32[N,4]"}, {classlabels_ints = {0, 1, 2}, coefficients = {1.5}}, 2,
       {macs = "12*N", elementwise = "3*N"}},
      {"ai.onnx.ml.LinearClassifier", 1, {"float32[N,4]"}, {classlabels_ints = {0, 1}, intercepts = {0.5},
        coefficients = {1.5}}, 2, {macs = "4*N", elementwise = "N"}},
      {"ai.onnx.ml.LinearRegressor", 1, {"float32[N,4]"}, {targets = 3, coefficients = {1.5}}, 1,
       {macs = "12*N", elementwise = "3*N"}},
    }
    local x = {"float32[N,4]"}
    assert.equal("the number of support vectors is below 0", gap("ai.onnx.ml.SVMRegressor", 1, x, {n_supports = -1}, 1))
    assert.equal("the number of targets or classes is not given", gap("ai.onnx.ml.LinearRegressor", 1, x, {targets = 0}, 1))
    local classes = {}
    for i = 1, 5000 do classes[i] = 1 end
    assert.equal("vectors_per_class has more than 4,096 numbers",
      gap("ai.onnx.ml.SVMClassifier", 1, x, {vectors_per_class = classes}, 2))
  end)
end)
