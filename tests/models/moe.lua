-- A decoder whose feed forward is a mixture of experts, operator by operator: root-mean-square norm, rotary
-- grouped-query attention without a past, a router that weighs the best experts of each token, SwiGLU experts.
--
-- "full" is Mixtral 8x7B (46,702,792,704 parameters: weights = "absent", or saved with a file of their own). Options
-- besides parts.lua's: batch ("batch"; a number fixes it), experts_as
--   "routed"    each expert's tokens are found (NonZero), gathered, and what comes out is scattered back (default)
--   "weighted"  every expert sees every token, weights of 0 drop most of it; an expert's matrices are stacked
--   "fused"     one com.microsoft.MoE, gate and up interleaved in its first matrices

local parts = require "models.parts"

local shapes = {
  small = {layers = 2, hidden = 32, heads = 4, groups = 2, theta = 1e4, inner = 48, experts = 4, top = 2,
    vocabulary = 64},
  full = {layers = 32, hidden = 4096, heads = 32, groups = 8, theta = 1e6, inner = 14336, experts = 8, top = 2,
    vocabulary = 32000},
}

local function rms_norm(net, x, name, size)
  return net:within(name, function()
    local mean = net:op("ReduceMean", {net:op("Pow", {x, 2.0})}, {axes = {-1}})
    local scaled = net:op("Div", {x, net:op("Sqrt", {net:op("Add", {mean, 1e-5})})})
    return net:op("Mul", {net:weight("weight", {size}, "gain"), scaled})
  end)
end

-- cos and sin of each position's angles, [sequence, head].
local function rotary_angles(net, sequence, head, theta)
  local frequencies = {}
  for i = 0, head // 2 - 1 do frequencies[i + 1] = theta ^ (-2 * i / head) end
  local inverse = net.builder:constant("/constant/inverse_frequencies", "float32", {head // 2}, frequencies)
  local positions = net:op("Cast", {net:op("Range", {0, sequence, 1})}, {to = 1})
  local half = net:op("Mul", {net:op("Unsqueeze", {positions, {1}}), inverse})
  local angles = net:op("Concat", {half, half}, {axis = -1})
  return {cos = net:op("Cos", {angles}), sin = net:op("Sin", {angles})}
end

local function rotate(net, x, head, rotary)
  local low, high = net:op("Split", {x, {head // 2, head // 2}}, {axis = -1}, 2)
  local turned = net:op("Concat", {net:op("Neg", {high}), low}, {axis = -1})
  return net:op("Add", {net:op("Mul", {x, rotary.cos}), net:op("Mul", {turned, rotary.sin})})
end

-- A group's keys or values for each of its heads.
local function spread(net, x, config, head)
  local tiled = net:op("Tile", {net:op("Unsqueeze", {x, {2}}), {1, 1, config.heads // config.groups, 1, 1}})
  return net:op("Reshape", {tiled, {0, config.heads, -1, head}})
end

local function attention(net, x, config, rotary, mask)
  local hidden, head = config.hidden, config.hidden // config.heads
  local function project(name, heads)
    return net:split_heads(net:linear(x, name, hidden, heads * head, {bias = false}), heads, head)
  end
  local q = rotate(net, project("q_proj", config.heads), head, rotary)
  local k = spread(net, rotate(net, project("k_proj", config.groups), head, rotary), config, head)
  local v = spread(net, project("v_proj", config.groups), config, head)
  local mixed = net:merge_heads(net:attention(q, k, v, head, mask), hidden)
  return net:linear(mixed, "o_proj", hidden, hidden, {bias = false})
end

-- Each token's best experts: their weights, which sum to 1, and numbers, [tokens, top].
local function route(net, logits, top)
  local values, numbers = net:op("TopK", {net:op("Softmax", {logits}, {axis = -1}), {top}}, {axis = -1}, 2)
  return net:op("Div", {values, net:op("ReduceSum", {values, {-1}}, {keepdims = 1})}), numbers
end

local experts = {}

function experts.routed(net, x, logits, config)
  local weights, numbers = route(net, logits, config.top)
  local hidden, inner = config.hidden, config.inner
  local result = net:op("ConstantOfShape", {net:op("Shape", {x})})
  for expert = 0, config.experts - 1 do
    net:within("experts." .. expert, function()
      local places = net:op("Transpose", {net:op("NonZero", {net:op("Equal", {numbers, expert})})}, {perm = {1, 0}})
      local tokens = net:op("Gather", {places, 0}, {axis = 1})
      local mine = net:op("Gather", {x, tokens}, {axis = 0})
      local gate = net:linear(mine, "w1", hidden, inner, {bias = false})
      local up = net:linear(mine, "w3", hidden, inner, {bias = false})
      local out = net:linear(net:gated(gate, up), "w2", inner, hidden, {bias = false})
      local weighted = net:op("Mul", {out, net:op("Unsqueeze", {net:op("GatherND", {weights, places}), {1}})})
      local rows = net:op("Unsqueeze", {tokens, {1}})
      result = net:op("ScatterND", {result, rows, weighted}, {reduction = "add"})
    end)
  end
  return result
end

function experts.weighted(net, x, logits, config)
  local weights, numbers = route(net, logits, config.top)
  local count, hidden, inner = config.experts, config.hidden, config.inner
  local gate = net:op("MatMul", {x, net:weight("experts.w1", {count, hidden, inner}, hidden)})
  local up = net:op("MatMul", {x, net:weight("experts.w3", {count, hidden, inner}, hidden)})
  local out = net:op("MatMul", {net:gated(gate, up), net:weight("experts.w2", {count, inner, hidden}, inner)})
  local none = net:op("ConstantOfShape", {net:op("Shape", {logits})})
  local spread_out = net:op("ScatterElements", {none, numbers, weights}, {axis = 1})
  local by_expert = net:op("Unsqueeze", {net:op("Transpose", {spread_out}, {perm = {1, 0}}), {2}})
  return net:op("ReduceSum", {net:op("Mul", {out, by_expert}), {0}}, {keepdims = 0})
end

function experts.fused(net, x, logits, config)
  local count, hidden, inner = config.experts, config.hidden, config.inner
  local first = net:weight("experts.fc1", {count, 2 * inner, hidden}, hidden)
  local second = net:weight("experts.fc2", {count, hidden, inner}, inner)
  return net:op("com.microsoft.MoE", {x, logits, first, "", second}, {k = config.top, activation_type = "swiglu",
    swiglu_fusion = 1, activation_alpha = 1.0, activation_beta = 0.0, normalize_routing_weights = 1})
end

local function sparse_feed_forward(net, x, config)
  local rows = net:op("Reshape", {x, {-1, config.hidden}})
  local logits = net:linear(rows, "gate", config.hidden, config.experts, {bias = false})
  return net:op("Reshape", {experts[config.experts_as](net, rows, logits, config), net:op("Shape", {x})})
end

local function layer(net, x, config, rotary, mask)
  local normed = rms_norm(net, x, "input_layernorm", config.hidden)
  x = net:op("Add", {x, net:within("self_attn", attention, net, normed, config, rotary, mask)})
  normed = rms_norm(net, x, "post_attention_layernorm", config.hidden)
  return net:op("Add", {x, net:within("block_sparse_moe", sparse_feed_forward, net, normed, config)})
end

return function(options)
  local config = parts.config(options, shapes, {batch = "batch"}, {experts_as = {"routed", "weighted", "fused"}})
  local net = parts.net(config, {opset = 17, name = "moe"})
  local input_ids = net.builder:input("input_ids", "int64", {config.batch, "sequence"})
  local embedding = net:weight("model.embed_tokens.weight", {config.vocabulary, config.hidden}, config.hidden)
  local x = net:op("Gather", {embedding, input_ids})
  local sequence = net:size(input_ids, 1)
  local mask = net:causal_mask(net:constant("int64", 0), sequence)
  local rotary = rotary_angles(net, sequence, config.hidden // config.heads, config.theta)
  for i = 0, config.layers - 1 do x = net:within("model.layers." .. i, layer, net, x, config, rotary, mask) end
  x = rms_norm(net, x, "model.norm", config.hidden)
  local logits = net:linear(x, "lm_head", config.hidden, config.vocabulary, {bias = false, output = "logits"})
  net.builder:output(logits, "float32", {config.batch, "sequence", config.vocabulary})
  return net.builder
end
