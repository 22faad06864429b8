-- GPT-2 as an exporter writes it, operator by operator: fused qkv by Gemm between reshapes and Split, layer norm and
-- tanh-GELU spelled out, a causal mask from Range and LessOrEqual, keys and values of the past as inputs and, with this
-- step's, as outputs; the output projection is the transposed embedding.
--
-- "full" is the smallest GPT-2 (124,439,808 parameters). Options besides parts.lua's: batch ("batch"; a number fixes
-- it).

local parts = require "models.parts"

local shapes = {
  small = {layers = 2, hidden = 32, heads = 4, positions = 32, vocabulary = 64},
  full = {layers = 12, hidden = 768, heads = 12, positions = 1024, vocabulary = 50257},
}

-- The linear layer of the original code: x as a matrix, Gemm, and back.
local function conv1d(net, x, name, inputs, outputs)
  return net:within(name, function()
    local rows = net:op("Reshape", {x, {-1, inputs}})
    local weight, bias = net:weight("weight", {inputs, outputs}, inputs), net:weight("bias", {outputs}, "bias")
    local product = net:op("Gemm", {rows, weight, bias})
    local batch, sequence = net:op("Unsqueeze", {net:size(x, 0), {0}}), net:op("Unsqueeze", {net:size(x, 1), {0}})
    return net:op("Reshape", {product, net:op("Concat", {batch, sequence, {outputs}}, {axis = 0})})
  end)
end

local function layer_norm(net, x, name, size)
  return net:within(name, function()
    local centred = net:op("Sub", {x, net:op("ReduceMean", {x}, {axes = {-1}})})
    local variance = net:op("ReduceMean", {net:op("Pow", {centred, 2.0})}, {axes = {-1}})
    local scaled = net:op("Div", {centred, net:op("Sqrt", {net:op("Add", {variance, 1e-5})})})
    local product = net:op("Mul", {scaled, net:weight("weight", {size}, "gain")})
    return net:op("Add", {product, net:weight("bias", {size}, "bias")})
  end)
end

-- 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))
local function gelu(net, x)
  local inner = net:op("Add", {x, net:op("Mul", {net:op("Pow", {x, 3.0}), 0.044715})})
  local tanh = net:op("Tanh", {net:op("Mul", {inner, (2 / math.pi) ^ 0.5})})
  return net:op("Mul", {net:op("Mul", {x, 0.5}), net:op("Add", {tanh, 1.0})})
end

-- Keys or values of the past with this step's behind them.
local function cached(net, config, layer, part, step)
  local head = config.hidden // config.heads
  local past = net.builder:input(("past_key_values.%d.%s"):format(layer, part), "float32",
    {config.batch, config.heads, "past_sequence", head})
  return net:op("Concat", {past, step}, {axis = 2}, {("present.%d.%s"):format(layer, part)})
end

local function attention(net, x, config, layer, mask)
  local hidden, heads = config.hidden, config.heads
  local head = hidden // heads
  local qkv = conv1d(net, x, "c_attn", hidden, 3 * hidden)
  local q, k, v = net:op("Split", {qkv, {hidden, hidden, hidden}}, {axis = 2}, 3)
  q, k, v = net:split_heads(q, heads, head), net:split_heads(k, heads, head), net:split_heads(v, heads, head)
  k, v = cached(net, config, layer, "key", k), cached(net, config, layer, "value", v)
  local mixed = net:attention(q, k, v, head, mask)
  return conv1d(net, net:merge_heads(mixed, hidden), "c_proj", hidden, hidden)
end

local function feed_forward(net, x, hidden)
  local inner = gelu(net, conv1d(net, x, "c_fc", hidden, 4 * hidden))
  return conv1d(net, inner, "c_proj", 4 * hidden, hidden)
end

local function block(net, x, config, layer, mask)
  local normed = layer_norm(net, x, "ln_1", config.hidden)
  x = net:op("Add", {x, net:within("attn", attention, net, normed, config, layer, mask)})
  normed = layer_norm(net, x, "ln_2", config.hidden)
  return net:op("Add", {x, net:within("mlp", feed_forward, net, normed, config.hidden)})
end

-- Where a token is, and what it may see: those before it, but for padding.
local function visible(net, input_ids, attention_mask)
  local total = net:size(attention_mask, 1)
  local past = net:op("Sub", {total, net:size(input_ids, 1)})
  local kept = net:op("Unsqueeze", {net:op("Cast", {attention_mask}, {to = 9}), {1, 2}})
  return net:op("And", {net:causal_mask(past, total), kept})
end

return function(options)
  local config = parts.config(options, shapes, {batch = "batch"})
  local net = parts.net(config, {opset = 17, name = "gpt2"})
  local b, batch, hidden = net.builder, config.batch, config.hidden
  local input_ids = b:input("input_ids", "int64", {batch, "sequence"})
  local attention_mask = b:input("attention_mask", "int64", {batch, "past_sequence + sequence"})
  local position_ids = b:input("position_ids", "int64", {batch, "sequence"})

  local embedding = net:weight("wte.weight", {config.vocabulary, hidden}, hidden)
  local positions = net:weight("wpe.weight", {config.positions, hidden}, "bias")
  local x = net:op("Add", {net:op("Gather", {embedding, input_ids}), net:op("Gather", {positions, position_ids})})
  local mask = visible(net, input_ids, attention_mask)
  for layer = 0, config.layers - 1 do x = net:within("h." .. layer, block, net, x, config, layer, mask) end
  x = layer_norm(net, x, "ln_f", hidden)
  local logits = net:op("MatMul", {x, net:op("Transpose", {embedding}, {perm = {1, 0}})}, nil, {"logits"})

  b:output(logits, "float32", {batch, "sequence", config.vocabulary})
  for layer = 0, config.layers - 1 do
    for _, part in ipairs {"key", "value"} do
      b:output(("present.%d.%s"):format(layer, part), "float32",
        {batch, config.heads, "past_sequence + sequence", hidden // config.heads})
    end
  end
  return b
end
