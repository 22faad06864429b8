-- The models of this folder: small ones load without complaint and hold the operators they are about, full ones have
-- the published numbers of parameters.

local scale = require "scale"

local zoo = setmetatable({}, {__index = function(_, name) return require("models." .. name) end})

local function built(name, options)
  return assert(zoo[name](options):model())
end

-- How many nodes of each operator.
local function operators(model)
  local counts = {}
  for node in model:nodes() do counts[node.op] = (counts[node.op] or 0) + 1 end
  return counts
end

local buffers = {"%.running_mean$", "%.running_var$", "_scales?$", "_zero_point$", "^cos_cache$", "^sin_cache$"}

local function is_parameter(name)
  if name:find("^/constant/") then return false end
  for _, pattern in ipairs(buffers) do
    if name:find(pattern) then return false end
  end
  return true
end

-- Elements of all parameters: without constants, statistics, quantisation's scales and rotary tables; what is stored
-- two to a byte counts twice.
local function parameters(model)
  local count = 0
  for tensor in model:tensors() do
    if is_parameter(tensor.name) then count = count + tensor.size * (tensor.name:find("_Q4$") and 2 or 1) end
  end
  return count
end

local small = {
  {"resnet50", {}, {Conv = 20, BatchNormalization = 20, Relu = 16, Add = 5, MaxPool = 1, Gemm = 1}},
  {"resnet50", {folded = true}, {Conv = 20, Relu = 16, Add = 5, MaxPool = 1, GlobalAveragePool = 1}},
  {"gpt2", {}, {Gemm = 8, Split = 2, Softmax = 2, Tanh = 2, Where = 2, MatMul = 5, Range = 2, And = 1}},
  {"llama", {}, {["com.microsoft.MatMulNBits"] = 15, ["com.microsoft.GroupQueryAttention"] = 2, Sigmoid = 2,
    SimplifiedLayerNormalization = 1, ["com.microsoft.SkipSimplifiedLayerNormalization"] = 4}},
  {"unet", {}, {Conv = 15, BatchNormalization = 14, ConvTranspose = 3, Concat = 3, MaxPool = 3}},
  {"unet", {upsample = "resize"}, {Conv = 15, BatchNormalization = 14, Resize = 3, Concat = 3, MaxPool = 3}},
  {"moe", {}, {TopK = 2, NonZero = 8, GatherND = 8, ScatterND = 8, Softmax = 4, Sigmoid = 8}},
  {"moe", {experts_as = "weighted"}, {TopK = 2, ScatterElements = 2, Softmax = 4, Sigmoid = 2}},
  {"moe", {experts_as = "fused"}, {["com.microsoft.MoE"] = 2, Softmax = 2}},
  {"whisper", {}, {Conv = 2, LayerNormalization = 12, Erf = 6, Softmax = 6, Where = 2}},
  {"whisper", {part = "encoder"}, {Conv = 2, LayerNormalization = 5, Erf = 4, Softmax = 2}},
  {"whisper", {part = "decoder"}, {LayerNormalization = 7, Erf = 2, Softmax = 4, Where = 2, Identity = 8}},
  {"whisper", {part = "decoder_with_past"}, {LayerNormalization = 7, Erf = 2, Softmax = 4, Where = 2, Identity = 4}},
  {"qdq", {}, {Conv = 7, Gemm = 1, Clip = 7, QuantizeLinear = 9, DequantizeLinear = 25}},
  {"qdq", {network = "transformer"}, {MatMul = 16, QuantizeLinear = 16, DequantizeLinear = 28}},
  {"qdq", {network = "transformer", bits = 4}, {MatMul = 16, DequantizeLinear = 12}},
}

-- Name, options, parameters, and what the published number counts or leaves out.
local full = {
  {"resnet50", {}, 25557032},
  {"resnet50", {folded = true}, 25557032 - 26560}, -- each channel's scale of batch norm is in the weights
  {"gpt2", {}, 124439808},                         -- the embedding once, no causal masks
  {"llama", {}, 1235814400 + 128256 * 2048},       -- the output projection is the embedding again, in 4 bits
  {"llama", {size = "8b", weights = "absent"}, 8030261248},
  {"unet", {}, 31037633},
  {"unet", {upsample = "resize"}, 17262977},
  {"moe", {weights = "absent"}, 46702792704},
  {"moe", {weights = "absent", experts_as = "weighted"}, 46702792704},
  {"moe", {weights = "absent", experts_as = "fused"}, 46702792704},
  {"whisper", {}, 37184640 + 1500 * 384},          -- the encoder's positions are computed, not learned
  {"whisper", {size = "base"}, 71825920 + 1500 * 512},
  {"qdq", {}, 4231976 - 10944},                    -- each channel's scale of batch norm is in the weights
  {"qdq", {network = "transformer"}, 12 * 7087872},
  {"qdq", {network = "transformer", bits = 4}, 12 * 7087872},
}

-- Under garbage collection without a pause a model takes a second: then one in five has to do.
local stride = scale(1000) < 100 and 5 or 1

local function title(name, options)
  local words = {name}
  for key, value in pairs(options) do words[#words + 1] = key .. "=" .. tostring(value) end
  table.sort(words, function(a, b) return b ~= name and (a == name or a < b) end)
  return table.concat(words, " ")
end

local function with(options, more)
  local result = {}
  for _, source in ipairs {more, options} do
    for key, value in pairs(source) do result[key] = value end
  end
  return result
end

describe("small models:", function()
  for i = 1, #small, stride do
    local name, options, expected = table.unpack(small[i])
    it(title(name, options), function()
      for _, weights in ipairs {"zeros", "random"} do
        local model = built(name, with(options, {weights = weights}))
        assert.same({}, model.diagnostics)
        local counts = operators(model)
        for op, count in pairs(expected) do assert.equal(count, counts[op], op) end
        assert.is_true(parameters(model) * 4 < 1e6)
        for _, output in ipairs(model.outputs) do assert.is_table(output.declared_shape) end
      end
    end)
  end
end)

describe("full models:", function()
  for i = 1, #full, stride do
    local name, options, expected = table.unpack(full[i])
    it(title(name, options), function()
      local model = built(name, with(options, {size = "full"}))
      assert.equal(expected, parameters(model))
      for _, diagnostic in ipairs(model.diagnostics) do
        assert.same({"external-missing", "absent"}, {diagnostic.code, options.weights})
      end
    end)
  end
end)

describe("options", function()
  it("take a number of the shape's place, and fix a symbol", function()
    local model = built("gpt2", {layers = 1, batch = 3})
    assert.equal(1, operators(model).Softmax)
    assert.same({3, "sequence", 64}, model.outputs[1].declared_shape)
  end)

  it("are refused by name", function()
    for _, case in ipairs {
      {"gpt2", {layer = 1}, "'layer'"}, {"unet", {size = "huge"}, "'huge'"}, {"moe", {weights = "ones"}, "'ones'"},
      {"whisper", {part = "middle"}, "'middle'"}, {"qdq", {bits = 4}, "bits is 4"}, {"qdq", {bits = 5}, "'5'"},
    } do
      local ok, message = pcall(zoo[case[1]], case[2])
      assert.is_false(ok)
      assert.truthy(message:find(case[3], 1, true), message)
    end
  end)
end)
