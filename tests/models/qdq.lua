-- Quantised networks as quantisation tools write them: QuantizeLinear and DequantizeLinear around activations (uint8,
-- one scale), DequantizeLinear behind weights (int8, a scale for each output channel) and, in convolutions, behind
-- biases (int32).
--
-- Options besides parts.lua's: batch ("batch"; a number fixes it), network
--   "conv"         separable convolutions. "full" is MobileNet v1 for images of 224: 4,231,976 parameters, less 10,944
--                  scales of batch norm, which are folded into the weights (default)
--   "transformer"  an encoder on hidden states. "full" is BERT base's: 85,054,464 parameters
-- and bits (8), for "transformer": 4 has int4 weights with a scale for `block` inputs of a column (opset 21), and
-- leaves activations alone.

local misuse = require "onnxdoc.misuse"
local parts = require "models.parts"

-- width is that of the first convolution, widths those that follow, as multiples of it; one that is negative halves the
-- image.
local shapes = {
  small = {image = 32, width = 8, widths = {2, -4, 4}, classes = 10,
    layers = 2, hidden = 32, heads = 4, inner = 64, block = 16},
  full = {image = 224, width = 32, widths = {2, -4, 4, -8, 8, -16, 16, 16, 16, 16, 16, -32, 32}, classes = 1000,
    layers = 12, hidden = 768, heads = 12, inner = 3072, block = 32},
}

-- ---- quantising ----

-- x through uint8: what is between low and high stays, to 1/255 of that.
local function activation(net, x, low, high)
  local scale = (high - low) / 255
  local scale_zero = {net:constant("float32", scale), net:constant("uint8", math.floor(-low / scale + 0.5))}
  local codes = net:op("QuantizeLinear", {x, table.unpack(scale_zero)})
  return net:op("DequantizeLinear", {codes, table.unpack(scale_zero)})
end

-- A scale for each of `count` channels, such that codes to 127 sum over `inputs` to about what was there before.
local function channel_scales(count, inputs)
  local scales = {}
  for i = 1, count do scales[i] = (3 / inputs) ^ 0.5 / 127 * (0.8 + i * 0.618 % 1 * 0.4) end
  return scales
end

local function dequantize(net, codes, scales, dtype, axis)
  local b, count = net.builder, #scales
  local scale = b:constant(codes .. "_scale", "float32", {count}, scales)
  local zero = b:constant(codes .. "_zero_point", dtype, {count}, "zeros")
  return net:op("DequantizeLinear", {codes, scale, zero}, {axis = axis})
end

local function int8_weight(net, dims, inputs, axis)
  local scales = channel_scales(dims[axis + 1], inputs)
  local codes = net:initializer("weight_quantized", "int8", dims, -127, 127, "zeros")
  return dequantize(net, codes, scales, "int8", axis), scales
end

-- A bias has the scale of what it is added to: the input's times the weight's.
local function int32_bias(net, input_scale, weight_scales)
  local scales = {}
  for i, scale in ipairs(weight_scales) do scales[i] = scale * input_scale end
  local codes = net:initializer("bias_quantized", "int32", {#scales}, -500, 500, "zeros")
  return dequantize(net, codes, scales, "int32", 0)
end

local function int4_weight(net, inputs, outputs, block)
  local scale, dims = (3 / inputs) ^ 0.5 / 7, {inputs // block, outputs}
  local codes = net:initializer("weight_quantized", "int4", {inputs, outputs}, nil, nil, "zeros")
  local scales = net:initializer("weight_quantized_scale", "float32", dims, 0.8 * scale, 1.2 * scale, "zeros")
  return net:op("DequantizeLinear", {codes, scales}, {axis = 0, block_size = block})
end

-- ---- separable convolutions ----

-- Conv and ReLU6, of an input between 0 and 6 but for the first.
local function conv(net, x, name, inputs, outputs, kernel, stride, group, input_scale)
  return net:within(name, function()
    local channels, pad = inputs // group, kernel // 2
    local weight, scales = int8_weight(net, {outputs, channels, kernel, kernel}, channels * kernel * kernel, 0)
    local y = net:op("Conv", {x, weight, int32_bias(net, input_scale or 6 / 255, scales)},
      {kernel_shape = {kernel, kernel}, strides = {stride, stride}, pads = {pad, pad, pad, pad}, group = group})
    return activation(net, net:op("Clip", {y, 0.0, 6.0}), 0, 6)
  end)
end

local function separable(net, config)
  local b, batch = net.builder, config.batch
  local x = activation(net, b:input("image", "float32", {batch, 3, config.image, config.image}), -1, 1)
  local channels = config.width
  x = conv(net, x, "stem", 3, channels, 3, 2, 1, 2 / 255)
  for i, multiple in ipairs(config.widths) do
    x = net:within("blocks." .. i, function()
      local y = conv(net, x, "depthwise", channels, channels, 3, multiple < 0 and 2 or 1, channels)
      return conv(net, y, "pointwise", channels, config.width * math.abs(multiple), 1, 1, 1)
    end)
    channels = config.width * math.abs(multiple)
  end
  x = net:op("Flatten", {activation(net, net:op("GlobalAveragePool", {x}), 0, 6)})
  net:within("classifier", function()
    local weight, scales = int8_weight(net, {config.classes, channels}, channels, 0)
    net:op("Gemm", {x, weight, int32_bias(net, 6 / 255, scales)}, {transB = 1}, {"logits"})
  end)
  b:output("logits", "float32", {batch, config.classes})
end

-- ---- transformer ----

local function linear(net, x, name, inputs, outputs, config)
  return net:within(name, function()
    local weight
    if config.bits == 4 then weight = int4_weight(net, inputs, outputs, config.block)
    else weight = int8_weight(net, {inputs, outputs}, inputs, 1) end
    return net:op("Add", {net:op("MatMul", {x, weight}), net:weight("bias", {outputs}, "bias")})
  end)
end

local function encoder_layer(net, x, config)
  local hidden, heads, head = config.hidden, config.heads, config.hidden // config.heads
  local function coded(value, low, high)
    return config.bits == 4 and value or activation(net, value, low or -6, high or 6)
  end
  local input = coded(x)
  local function project(name)
    return net:split_heads(coded(linear(net, input, name, hidden, hidden, config)), heads, head)
  end
  local q, k, v = project("query"), project("key"), project("value")
  local scores = net:op("MatMul", {q, net:op("Transpose", {k}, {perm = {0, 1, 3, 2}})})
  local seen = coded(net:op("Softmax", {net:op("Mul", {scores, head ^ -0.5})}, {axis = -1}), 0, 1)
  local mixed = coded(net:merge_heads(net:op("MatMul", {seen, v}), hidden))
  local attended = linear(net, mixed, "attention_output", hidden, hidden, config)
  x = net:layer_norm(net:op("Add", {x, attended}), "attention_norm", hidden)
  local inner = net:gelu(linear(net, coded(x), "intermediate", hidden, config.inner, config))
  local result = linear(net, coded(inner), "output", config.inner, hidden, config)
  return net:layer_norm(net:op("Add", {x, result}), "output_norm", hidden)
end

local function transformer(net, config)
  local dims = {config.batch, "sequence", config.hidden}
  local x = net.builder:input("hidden_states", "float32", dims)
  for i = 0, config.layers - 1 do x = net:within("layer." .. i, encoder_layer, net, x, config) end
  net.builder:output(net:op("Identity", {x}, nil, {"encoded"}), "float32", dims)
end

local networks = {conv = separable, transformer = transformer}

return function(options)
  local config = parts.config(options, shapes, {batch = "batch"}, {network = {"conv", "transformer"}, bits = {8, 4}})
  if config.bits == 4 and config.network == "conv" then misuse("bits is 4, which only network = 'transformer' has") end
  local net = parts.net(config, {opset = config.bits == 4 and 21 or 17, name = "qdq_" .. config.network})
  networks[config.network](net, config)
  return net.builder
end
