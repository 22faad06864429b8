-- Whisper: an encoder of log-mel spectrograms, a stem of two convolutions and transformer blocks, and a decoder of text
-- that attends to itself and to what the encoder found.
--
-- Sizes: "full" is Whisper tiny (37,184,640 parameters), "base" is Whisper base (71,825,920), each as whole. The
-- encoder's sinusoidal positions are on top; where they count as parameters it is 37,760,640 and 72,593,920. Options
-- besides parts.lua's: batch ("batch"; a number fixes it), part
--   "whole"              mel, input_ids -> logits (default)
--   "encoder"            mel -> the encoder's states
--   "decoder"            the first step: input_ids, the encoder's states -> logits, keys and values of both attentions
--   "decoder_with_past"  input_ids, those keys and values -> logits, and with this step's those of the self-attention

local parts = require "models.parts"

local shapes = {
  small = {layers = 2, hidden = 32, heads = 4, mels = 8, frames = 40, positions = 32, vocabulary = 64},
  full = {layers = 4, hidden = 384, heads = 6, mels = 80, frames = 3000, positions = 448, vocabulary = 51865},
  base = {layers = 6, hidden = 512, heads = 8, mels = 80, frames = 3000, positions = 448, vocabulary = 51865},
}

local function project(net, x, name, config, bias)
  local projected = net:linear(x, name, config.hidden, config.hidden, {bias = bias})
  return net:split_heads(projected, config.heads, config.hidden // config.heads)
end

-- Keys (whose projection has no bias) and values of x.
local function keys_values(net, x, config)
  return project(net, x, "k_proj", config, false), project(net, x, "v_proj", config)
end

local function attend(net, x, k, v, config, mask)
  local q = project(net, x, "q_proj", config)
  local mixed = net:merge_heads(net:attention(q, k, v, config.hidden // config.heads, mask), config.hidden)
  return net:linear(mixed, "out_proj", config.hidden, config.hidden)
end

local function feed_forward(net, x, config)
  local normed = net:layer_norm(x, "final_layer_norm", config.hidden)
  local inner = net:gelu(net:linear(normed, "fc1", config.hidden, 4 * config.hidden))
  return net:op("Add", {x, net:linear(inner, "fc2", 4 * config.hidden, config.hidden)})
end

-- ---- encoder ----

local function encoder_layer(net, x, config)
  local normed = net:layer_norm(x, "self_attn_layer_norm", config.hidden)
  local attended = net:within("self_attn", function()
    local k, v = keys_values(net, normed, config)
    return attend(net, normed, k, v, config)
  end)
  return feed_forward(net, net:op("Add", {x, attended}), config)
end

local function encoder(net, mel, config)
  local hidden = config.hidden
  local x = net:gelu(net:conv(mel, "conv1", config.mels, hidden, {3}, {pad = 1}))
  x = net:gelu(net:conv(x, "conv2", hidden, hidden, {3}, {pad = 1, stride = 2}))
  local positions = net:weight("embed_positions.weight", {config.frames // 2, hidden}, "bias")
  x = net:op("Add", {net:op("Transpose", {x}, {perm = {0, 2, 1}}), positions})
  for i = 0, config.layers - 1 do x = net:within("layers." .. i, encoder_layer, net, x, config) end
  return net:layer_norm(x, "layer_norm", hidden)
end

-- ---- decoder ----

-- Keys and values of the past: past_key_values.0.decoder.key (of the text), past_key_values.0.encoder.key …
local function past(net, layer, of, config)
  local names, length = {}, of == "decoder" and "past_sequence" or config.frames // 2
  for i, part in ipairs {"key", "value"} do
    names[i] = net.builder:input(("past_key_values.%d.%s.%s"):format(layer, of, part), "float32",
      {config.batch, config.heads, length, config.hidden // config.heads})
  end
  return table.unpack(names)
end

-- Makes keys and values outputs; net.presents is the list of what to declare.
local function present(net, layer, of, k, v, length)
  for _, pair in ipairs {{"key", k}, {"value", v}} do
    local name = net:op("Identity", {pair[2]}, nil, {("present.%d.%s.%s"):format(layer, of, pair[1])})
    table.insert(net.presents, {name = name, length = length})
  end
end

local function self_attention(net, x, config, layer, mask)
  local k, v = keys_values(net, x, config)
  if config.part == "decoder_with_past" then
    local past_k, past_v = past(net, layer, "decoder", config)
    k, v = net:op("Concat", {past_k, k}, {axis = 2}), net:op("Concat", {past_v, v}, {axis = 2})
  end
  local length = config.part == "decoder_with_past" and "past_sequence + sequence" or "sequence"
  if config.part ~= "whole" then present(net, layer, "decoder", k, v, length) end
  return attend(net, x, k, v, config, mask)
end

local function cross_attention(net, x, config, layer, states)
  local k, v
  if config.part == "decoder_with_past" then k, v = past(net, layer, "encoder", config)
  else k, v = keys_values(net, states, config) end
  if config.part == "decoder" then present(net, layer, "encoder", k, v, config.frames // 2) end
  return attend(net, x, k, v, config)
end

local function decoder_layer(net, x, config, layer, mask, states)
  local normed = net:layer_norm(x, "self_attn_layer_norm", config.hidden)
  x = net:op("Add", {x, net:within("self_attn", self_attention, net, normed, config, layer, mask)})
  normed = net:layer_norm(x, "encoder_attn_layer_norm", config.hidden)
  x = net:op("Add", {x, net:within("encoder_attn", cross_attention, net, normed, config, layer, states)})
  return feed_forward(net, x, config)
end

-- How many positions came before this step.
local function past_length(net, config)
  if config.part ~= "decoder_with_past" then return net:constant("int64", 0) end
  return net:size("past_key_values.0.decoder.key", 2)
end

local function decoder(net, input_ids, config, states)
  local first = past_length(net, config)
  local total = net:op("Add", {first, net:size(input_ids, 1)})
  local mask = net:causal_mask(first, total)
  local tokens = net:weight("embed_tokens.weight", {config.vocabulary, config.hidden}, config.hidden)
  local places = net:weight("embed_positions.weight", {config.positions, config.hidden}, "bias")
  local here = net:op("Gather", {places, net:op("Range", {first, total, 1})})
  local x = net:op("Add", {net:op("Gather", {tokens, input_ids}), here})
  for i = 0, config.layers - 1 do x = net:within("layers." .. i, decoder_layer, net, x, config, i, mask, states) end
  x = net:layer_norm(x, "layer_norm", config.hidden)
  return net:op("MatMul", {x, net:op("Transpose", {tokens}, {perm = {1, 0}})}, nil, {"logits"})
end

-- What each part takes: mel, input_ids, or the encoder's states.
local takes = {
  encoder = {mel = true},
  decoder = {input_ids = true, states = true},
  decoder_with_past = {input_ids = true},
  whole = {mel = true, input_ids = true},
}

return function(options)
  local config = parts.config(options, shapes, {batch = "batch"},
    {part = {"whole", "encoder", "decoder", "decoder_with_past"}})
  local batch, hidden, inputs = config.batch, config.hidden, takes[config.part]
  local net = parts.net(config, {opset = 17, name = "whisper_" .. config.part})
  net.presents = {}
  local b, states = net.builder, nil

  if inputs.mel then
    local mel = b:input("mel", "float32", {batch, config.mels, config.frames})
    states = net:within("encoder", encoder, net, mel, config)
  elseif inputs.states then
    states = b:input("encoder_hidden_states", "float32", {batch, config.frames // 2, hidden})
  end
  if not inputs.input_ids then
    b:output(states, "float32", {batch, config.frames // 2, hidden})
    return b
  end
  local logits = net:within("decoder", decoder, net, b:input("input_ids", "int64", {batch, "sequence"}), config, states)
  b:output(logits, "float32", {batch, "sequence", config.vocabulary})
  for _, kept in ipairs(net.presents) do
    b:output(kept.name, "float32", {batch, config.heads, kept.length, hidden // config.heads})
  end
  return b
end
