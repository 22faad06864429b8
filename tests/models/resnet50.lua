-- ResNet-50 v1.5: the variant whose bottlenecks take their stride in the 3 by 3 convolution, as torchvision builds it.
-- 25,557,032 parameters; the running means and variances of 26,560 channels come on top.
--
-- Options besides parts.lua's: folded (false; true has no BatchNormalization, its scale and shift are in Conv's weights
-- and biases), batch ("batch"; a number fixes it).

local parts = require "models.parts"

-- blocks of the four stages, width of the first, height and width of the image.
local shapes = {
  small = {blocks = {1, 2, 1, 1}, width = 8, classes = 10, image = 64},
  full = {blocks = {3, 4, 6, 3}, width = 64, classes = 1000, image = 224},
}

-- A convolution and its normalisation, named as torchvision names the two.
local function conv_norm(net, x, conv, norm, inputs, outputs, kernel, stride, folded)
  x = net:conv(x, conv, inputs, outputs, {kernel, kernel}, {stride = stride, pad = kernel // 2, bias = folded})
  return folded and x or net:batch_norm(x, norm, outputs)
end

-- 1x1 down to `width`, 3x3, 1x1 up to four times that, and the way past them.
local function bottleneck(net, x, inputs, width, stride, folded)
  local y = net:op("Relu", {conv_norm(net, x, "conv1", "bn1", inputs, width, 1, 1, folded)})
  y = net:op("Relu", {conv_norm(net, y, "conv2", "bn2", width, width, 3, stride, folded)})
  y = conv_norm(net, y, "conv3", "bn3", width, 4 * width, 1, 1, folded)
  if stride ~= 1 or inputs ~= 4 * width then
    x = conv_norm(net, x, "downsample.0", "downsample.1", inputs, 4 * width, 1, stride, folded)
  end
  return net:op("Relu", {net:op("Add", {y, x})})
end

local function stem(net, x, config)
  x = net:op("Relu", {conv_norm(net, x, "conv1", "bn1", 3, config.width, 7, 2, config.folded)})
  return net:within("maxpool", function()
    return net:op("MaxPool", {x}, {kernel_shape = {3, 3}, strides = {2, 2}, pads = {1, 1, 1, 1}})
  end)
end

local function classifier(net, x, inputs, classes)
  x = net:op("Flatten", {net:within("avgpool", function() return net:op("GlobalAveragePool", {x}) end)}, {axis = 1})
  return net:within("fc", function()
    return net:op("Gemm", {x, net:weight("weight", {classes, inputs}, inputs), net:weight("bias", {classes}, "bias")},
      {transB = 1}, {"output"})
  end)
end

return function(options)
  local config = parts.config(options, shapes, {folded = false, batch = "batch"})
  local net = parts.net(config, {opset = 17, name = "resnet50"})
  local image = net.builder:input("input", "float32", {config.batch, 3, config.image, config.image})

  local x, channels = stem(net, image, config), config.width
  for stage, blocks in ipairs(config.blocks) do
    local width = config.width << (stage - 1)
    for block = 0, blocks - 1 do
      local stride = block == 0 and stage > 1 and 2 or 1
      x = net:within(("layer%d.%d"):format(stage, block), bottleneck, net, x, channels, width, stride, config.folded)
      channels = 4 * width
    end
  end
  net.builder:output(classifier(net, x, channels, config.classes), "float32", {config.batch, config.classes})
  return net.builder
end
