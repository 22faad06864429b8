-- U-Net for segmentation in its usual implementation: two padded 3 by 3 convolutions with batch norm a level, max
-- pooling on the way down, and on the way up what came down on the same level is put before what was upsampled.
--
-- "full" has the classic widths, 64 to 1024, for images of 3 channels and one class: 31,037,633 parameters, or
-- 17,262,977 with upsample = "resize", which halves the widths on the way up. Options besides parts.lua's: upsample
-- ("transpose": ConvTranspose; "resize": bilinear Resize), batch ("batch"), height ("height") and width ("width");
-- numbers fix them, and an image's sides are to be multiples of 2 to the number of levels.

local parts = require "models.parts"

local shapes = {
  small = {levels = 3, channels = 8, inputs = 3, classes = 2},
  full = {levels = 4, channels = 64, inputs = 3, classes = 1},
}

local function double_conv(net, x, inputs, outputs, middle)
  return net:within("double_conv", function()
    for i, step in ipairs {{inputs, middle or outputs}, {middle or outputs, outputs}} do
      x = net:conv(x, tostring(3 * i - 3), step[1], step[2], {3, 3}, {pad = 1, bias = false})
      x = net:op("Relu", {net:batch_norm(x, tostring(3 * i - 2), step[2])})
    end
    return x
  end)
end

local function down(net, x, inputs, outputs)
  local pooled = net:op("MaxPool", {x}, {kernel_shape = {2, 2}, strides = {2, 2}})
  return double_conv(net, pooled, inputs, outputs)
end

local function conv_transpose(net, x, inputs, outputs)
  return net:within("up", function()
    local weight, bias = net:weight("weight", {inputs, outputs, 2, 2}, inputs), net:weight("bias", {outputs}, "bias")
    return net:op("ConvTranspose", {x, weight, bias}, {kernel_shape = {2, 2}, strides = {2, 2}})
  end)
end

local function resize(net, x)
  return net:within("up", function()
    return net:op("Resize", {x, "", net:constant("float32", {1.0, 1.0, 2.0, 2.0})},
      {mode = "linear", coordinate_transformation_mode = "align_corners"})
  end)
end

-- `inputs` channels come: half of them from the way down, half from below.
local function up(net, x, skip, inputs, outputs, config)
  if config.upsample == "transpose" then
    x = conv_transpose(net, x, inputs, inputs // 2)
  else
    x = resize(net, x)
  end
  local both = net:op("Concat", {skip, x}, {axis = 1})
  return double_conv(net, both, inputs, outputs, config.upsample == "resize" and inputs // 2)
end

return function(options)
  local config = parts.config(options, shapes, {batch = "batch", height = "height", width = "width"},
    {upsample = {"transpose", "resize"}})
  local net = parts.net(config, {opset = 17, name = "unet"})
  local image = net.builder:input("image", "float32", {config.batch, config.inputs, config.height, config.width})
  local shrink = config.upsample == "resize" and 2 or 1

  local width = config.channels
  local x = net:within("inc", double_conv, net, image, config.inputs, width)
  local skips = {x}
  for level = 1, config.levels do
    local outputs = level == config.levels and 2 * width // shrink or 2 * width
    x = net:within("down" .. level, down, net, x, width, outputs)
    skips[level + 1], width = x, 2 * width
  end
  for level = 1, config.levels do
    local outputs = level == config.levels and config.channels or width // 2 // shrink
    x = net:within("up" .. level, up, net, x, skips[config.levels + 1 - level], width, outputs, config)
    width = width // 2
  end
  x = net:within("outc", function()
    local weight = net:weight("weight", {config.classes, width, 1, 1}, width)
    local bias = net:weight("bias", {config.classes}, "bias")
    return net:op("Conv", {x, weight, bias}, {kernel_shape = {1, 1}}, {"logits"})
  end)
  net.builder:output(x, "float32", {config.batch, config.classes, config.height, config.width})
  return net.builder
end
