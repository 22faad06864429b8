-- Skip connections that are no sums: values that are put beside, subtracted from, or multiplied with what layers make
-- of them.

local skips = require "onnxdoc.skips"

local set = require("onnxdoc.lists").set

local enlarging = set "Resize Upsample ConvTranspose DepthToSpace MaxUnpool"
local pooling = set "GlobalAveragePool GlobalMaxPool GlobalLpPool AveragePool ReduceMean ReduceMax ReduceSum"

local function passes(skip, operators)
  for _, node in ipairs(skip.path) do
    if operators[node.op] then return true end
  end
  return false
end

-- The message a skip belongs to; nil for sums.
local function message_of(skip)
  if skip.kind == "concat" then return passes(skip, enlarging) and "across" or "beside" end
  if skip.kind == "gate" then return passes(skip, pooling) and "pooled" or "gated" end
  return skip.kind == "sub" and "subtracted" or nil
end

local function add(groups, message, skip)
  local group = groups[message] or {nodes = {}, least = math.huge, most = 0}
  groups[message] = group
  group.nodes[#group.nodes + 1] = skip.node
  group.least, group.most = math.min(group.least, skip.layers), math.max(group.most, skip.layers)
end

local function layers_text(group)
  if group.least == group.most then return group.most == 1 and "1 layer each" or group.most .. " layers each" end
  return ("%d to %d layers"):format(group.least, group.most)
end

return {
  severity = "info", category = "architecture", title = "Skip connections other than sums", confidence = "high",
  description = "What goes around layers is usually added to what comes out of them, and fusions, quantisers and "
    .. "pruners know that form best. Concatenations keep the skipped value in memory until it is read, and make all "
    .. "that meets there share one scale when it is quantised; products and differences stand in the way of fusions. "
    .. "Shape arithmetic and the inside of normalisations and activations are not meant.",
  fix = "Nothing, if the architecture is meant so. When you quantise, fuse or prune the model, look at these nodes "
    .. "first.",
  options = {least = 1},
  messages = {
    across = "values from before a change of resolution are put beside what comes back of it by {count} Concat, as in "
      .. "U-Net and feature pyramids; around {layers}",
    beside = "values are put beside what layers make of them by {count} Concat, as in DenseNet and ShuffleNet; around "
      .. "{layers}",
    gated = "values are weighed by what layers make of them by {count} Mul (gates); around {layers}",
    pooled = "values are weighed by what layers make of their means by {count} Mul, as in squeeze-and-excitation; "
      .. "around {layers}",
    subtracted = "what layers make of values is subtracted from them, or they from it, by {count} Sub; around {layers}",
  },
  check = function(model, report, options)
    local found, groups = skips.of(model), {}
    for _, skip in ipairs(found.list) do
      local message = message_of(skip)
      if message then add(groups, message, skip) end
    end
    for _, message in ipairs {"across", "beside", "subtracted", "gated", "pooled"} do
      local group = groups[message]
      if group and #group.nodes >= options.least then
        report(group.nodes, message, {count = #group.nodes, layers = layers_text(group)})
      end
    end
    if found.is_cut then report.unknown("there are more ways through the model than are followed") end
  end,
  examples = {
    fires = {
      [[dense (float[1,4,8,8] x) => (float[1,8,8,8] y) <float[4,4,1,1] v = {...}, float[4,4,1,1] w = {...}>
        { a = Conv(x, v)  b = Conv(a, w)  c = Relu(b)  y = Concat <axis = 1> (a, c) }]],
      [[denoising (float[1,1,8,8] x) => (float[1,1,8,8] y) <float[1,1,3,3] w = {...}>
        { noise = Conv <pads = [1, 1, 1, 1]> (x, w)  y = Sub(x, noise) }]],
      [[excited (float[1,4,8,8] x) => (float[1,4,8,8] y) <float[4,4,1,1] w = {...}>
        { m = GlobalAveragePool(x)  c = Conv(m, w)  s = Sigmoid(c)  y = Mul(x, s) }]],
      [[unet (float[1,4,8,8] x) => (float[1,8,8,8] y) <float[4,4,1,1] v = {...}, float[4,4,2,2] w = {...}>
        { a = Conv(x, v)  p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (a)
          u = ConvTranspose <strides = [2, 2]> (p, w)  y = Concat <axis = 1> (a, u) }]],
    },
    silent = {
      [[residual (float[1,4,8,8] x) => (float[1,4,8,8] y) <float[4,4,1,1] w = {...}>
        { c = Conv(x, w)  y = Add(x, c) }]],
      [[branches (float[1,4,8,8] x) => (float[1,8,8,8] y) <float[4,4,1,1] v = {...}, float[4,4,1,1] w = {...}>
        { a = Conv(x, v)  b = Conv(x, w)  c = Conv(b, w)  y = Concat <axis = 1> (a, c) }]],
      [[swish (float[N,4] x) => (float[N,4] y) <float[4,4] w = {...}>
        { a = MatMul(x, w)  s = Sigmoid(a)  y = Mul(a, s) }]],
      [[centred (float[N,4] x) => (float[N,4] y) <float[4,4] w = {...}>
        { a = MatMul(x, w)  m = ReduceMean <axes = [-1]> (a)  y = Sub(a, m) }]],
      [[shapes (float[N,4] x) => (float[N,2,2] y) <float[4,4] w = {...}, int64[1] zero = {0}, int64[2] rest = {2, 2}>
        { a = MatMul(x, w)  s = Shape(a)  n = Gather(s, zero)  t = Concat <axis = 0> (n, rest)  y = Reshape(a, t) }]],
    },
  },
}
