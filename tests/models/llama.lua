-- Llama 3 as onnxruntime's generator of language models writes it: GroupQueryAttention with rotary tables inside,
-- SimplifiedLayerNormalization with and without Skip, 4-bit weights in MatMulNBits (one scale for 32 of a column; 8
-- stands for zero), SwiGLU. Sequence lengths are counted from the attention mask.
--
-- Sizes: "full" is Llama 3.2 1B (1,235,814,400 parameters; its output projection is the embedding, here once more in 4
-- bits), "8b" is Llama 3 8B (8,030,261,248; weights = "absent", or saved with its weights in a file of their own).
-- Options besides parts.lua's: batch ("batch"; a number fixes it), accuracy (MatMulNBits' accuracy_level, 0).

local parts = require "models.parts"

local shapes = {
  small = {layers = 2, hidden = 64, heads = 4, groups = 2, head = 16, inner = 96, vocabulary = 64, positions = 32,
    theta = 10000.0, block = 32},
  full = {layers = 16, hidden = 2048, heads = 32, groups = 8, head = 64, inner = 8192, vocabulary = 128256,
    positions = 131072, theta = 500000.0, block = 32},
  ["8b"] = {layers = 32, hidden = 4096, heads = 32, groups = 8, head = 128, inner = 14336, vocabulary = 128256,
    positions = 8192, theta = 500000.0, block = 32},
}

-- A linear layer without bias, its weights two to a byte: codes from 0 to 15, less 8, times a scale.
local function linear(net, x, name, inputs, outputs, config, result)
  local blocks = (inputs + config.block - 1) // config.block
  local scale = (3 / inputs) ^ 0.5 / 8
  return net:within(name, function()
    local codes = net:initializer("weight_Q4", "uint8", {outputs, blocks, config.block // 2}, 0, 255, "zeros")
    local scales = net:initializer("weight_scales", "float32", {outputs * blocks}, 0.8 * scale, 1.2 * scale, "zeros")
    return net:op("com.microsoft.MatMulNBits", {x, codes, scales},
      {K = inputs, N = outputs, bits = 4, block_size = config.block, accuracy_level = config.accuracy}, result)
  end)
end

-- f(position · theta^(-2i / head)), [positions, head / 2]; zeros where weights are not random, for tables are long.
local function rotary_table(net, name, f, config)
  local half, values = config.head // 2, {}
  for i = 0, net.weights == "random" and config.positions * half - 1 or -1 do
    values[i + 1] = f(i // half * config.theta ^ (-2 * (i % half) / config.head))
  end
  return net.builder:constant(name, "float32", {config.positions, half}, #values > 0 and values or "zeros")
end

-- The two counts that GroupQueryAttention asks for: the last position of each sequence, and the longest length.
local function lengths(net, mask)
  return net:within("attn_mask_reformat", function()
    local last = net:op("Sub", {net:op("ReduceSum", {mask, {1}}, {keepdims = 0}), {1}})
    return {last = net:op("Cast", {last}, {to = 6}), total = net:op("Cast", {net:size(mask, 1)}, {to = 6})}
  end)
end

local function attention(net, x, config, layer, rotary, length)
  local function project(name, heads) return linear(net, x, name, config.hidden, heads * config.head, config) end
  local q, k, v = project("q_proj", config.heads), project("k_proj", config.groups), project("v_proj", config.groups)
  local caches = {}
  for i, part in ipairs {"key", "value"} do
    caches[i] = net.builder:input(("past_key_values.%d.%s"):format(layer, part), "float32",
      {config.batch, config.groups, "past_sequence", config.head})
  end
  local mixed = net:op("com.microsoft.GroupQueryAttention",
    {q, k, v, caches[1], caches[2], length.last, length.total, rotary.cos, rotary.sin},
    {num_heads = config.heads, kv_num_heads = config.groups, scale = config.head ^ -0.5, do_rotary = 1},
    {("/model/layers.%d/attn/GroupQueryAttention_output_0"):format(layer), ("present.%d.key"):format(layer),
      ("present.%d.value"):format(layer)})
  return linear(net, mixed, "o_proj", config.heads * config.head, config.hidden, config)
end

local function feed_forward(net, x, config)
  local gate = linear(net, x, "gate_proj", config.hidden, config.inner, config)
  local up = linear(net, x, "up_proj", config.hidden, config.inner, config)
  return linear(net, net:gated(gate, up), "down_proj", config.inner, config.hidden, config)
end

-- The sum of two values, and its root-mean-square norm. The first of a model has no second value to add.
local function skip_norm(net, x, skip, name, size)
  return net:within(name, function()
    local weight = net:weight("weight", {size}, "gain")
    if not skip then
      return x, net:op("SimplifiedLayerNormalization", {x, weight}, {axis = -1, epsilon = 1e-5, stash_type = 1})
    end
    local stem = "/" .. table.concat(net.module, "/")
    local normed, sum = stem .. "/output_0", stem .. "/output_3"
    net:op("com.microsoft.SkipSimplifiedLayerNormalization", {x, skip, weight}, {epsilon = 1e-5}, {normed, "", "", sum})
    return sum, normed
  end)
end

local function layers(net, x, config, rotary, length)
  local skip, normed
  for layer = 0, config.layers - 1 do
    net:within("layers." .. layer, function()
      x, normed = skip_norm(net, x, skip, "input_layernorm", config.hidden)
      skip = net:within("attn", attention, net, normed, config, layer, rotary, length)
      x, normed = skip_norm(net, x, skip, "post_attention_layernorm", config.hidden)
      skip = net:within("mlp", feed_forward, net, normed, config)
    end)
  end
  x, normed = skip_norm(net, x, skip, "norm", config.hidden)
  return normed
end

return function(options)
  local config = parts.config(options, shapes, {batch = "batch", accuracy = 0})
  local net = parts.net(config, {opset = {[""] = 17, ["com.microsoft"] = 1}, name = "llama"})
  local b, batch = net.builder, config.batch
  local input_ids = b:input("input_ids", "int64", {batch, "sequence"})
  local length = lengths(net, b:input("attention_mask", "int64", {batch, "past_sequence + sequence"}))
  local rotary = {}
  for _, name in ipairs {"cos", "sin"} do rotary[name] = rotary_table(net, name .. "_cache", math[name], config) end

  local normed = net:within("model", function()
    local embedding = net:weight("embed_tokens.weight", {config.vocabulary, config.hidden}, config.hidden)
    local x = net:within("embed_tokens", function() return net:op("Gather", {embedding, input_ids}) end)
    return layers(net, x, config, rotary, length)
  end)
  local logits = linear(net, normed, "lm_head", config.hidden, config.vocabulary, config, {"logits"})

  b:output(logits, "float32", {batch, "sequence", config.vocabulary})
  for layer = 0, config.layers - 1 do
    for _, part in ipairs {"key", "value"} do
      b:output(("present.%d.%s"):format(layer, part), "float32",
        {batch, config.groups, "past_sequence + sequence", config.head})
    end
  end
  return b
end
