-- What the model builders of this folder share. Each of them is
--
--     local b = require("models.gpt2"){size = "full", weights = "random"}      -- a filled onnxdoc.build
--
-- with options   size     "small" (default: runs in seconds, below 1 MB of weights) or "full" (the published shape)
--                weights  "zeros" (default: norm scales and variances are 1) or "random" (finite results in a runtime)
--
-- and its own; every number of the shape is an option too (layers = 3). Nodes and values are named as an exporter of
-- modules does, "/h.0/attn/MatMul_1" and "/h.0/attn/MatMul_1_output_0"; parameters "h.0.attn.c_attn.weight". What is
-- no parameter (a shape, a scale, an epsilon) is an initializer whose name starts with "/constant/".

local misuse = require "onnxdoc.misuse"
local onnxdoc = require "onnxdoc"

local parts = {}

local function copy_into(target, source)
  for key, value in pairs(source) do target[key] = value end
  return target
end

local function check_choice(key, value, choices)
  for _, choice in ipairs(choices) do
    if value == choice then return end
  end
  misuse("%s is '%s'; there is %s", key, tostring(value), table.concat(choices, ", "))
end

--- What to build: the shape that options.size names, the model's own options with their defaults, and over these what
-- was given. `choices` lists for some options what they may be, the default first. Raises for an option that there is
-- not.
function parts.config(options, shapes, defaults, choices)
  options = options or {}
  local size = options.size or "small"
  if not shapes[size] then misuse("there is no size '%s' of this model", tostring(size)) end
  local config = copy_into({size = size}, shapes[size])
  copy_into(config, defaults)
  choices = copy_into({weights = {"zeros", "random", "absent"}}, choices or {})
  for key, list in pairs(choices) do config[key] = list[1] end
  for key, value in pairs(options) do
    if config[key] == nil then misuse("this model has no option '%s'", tostring(key)) end
    config[key] = value
  end
  for key, list in pairs(choices) do check_choice(key, config[key], list) end
  return config
end

-- ---- a network: a builder, and the module whose inside is being written ----

local Net = {}
Net.__index = Net

--- A network whose weights are of config.weights; `build` are onnxdoc.build's options.
function parts.net(config, build)
  build.producer_name = build.producer_name or "onnxdoc"
  return setmetatable({builder = onnxdoc.build(build), dtype = "float32", weights = config.weights, seed = 0,
    module = {}, counts = {}, constants = {}}, Net)
end

--- Names what `write` adds after the module `name`; gives what it returns.
function Net:within(name, write, ...)
  local outer = self.module
  self.module = table.move(outer, 1, #outer, 1, {})
  table.insert(self.module, name)
  local results = table.pack(write(...))
  self.module = outer
  return table.unpack(results, 1, results.n)
end

--- The name of a parameter of the current module.
function Net:parameter(name)
  return #self.module > 0 and table.concat(self.module, ".") .. "." .. name or name
end

--- An initializer of the current module, its data as the weights option says: random from low to high, else `resting`.
function Net:initializer(name, dtype, dims, low, high, resting)
  self.seed = self.seed + 1
  local data = resting
  if self.weights == "random" then data = {random = self.seed, low = low, high = high}
  elseif self.weights == "absent" then data = {external = {location = "absent.data"}} end
  return self.builder:constant(self:parameter(name), dtype, dims, data)
end

local ranges = {bias = {-0.05, 0.05, "zeros"}, gain = {0.9, 1.1, 1.0}, variance = {0.5, 1.5, 1.0}}

--- A parameter. `kind` is "bias", "gain", "variance", or the number of inputs that each output sums over.
function Net:weight(name, dims, kind)
  local range = ranges[kind] or {-(3 / kind) ^ 0.5, (3 / kind) ^ 0.5, "zeros"}
  return self:initializer(name, self.dtype, dims, table.unpack(range))
end

--- A constant, made once: a number (a scalar) or a list of numbers.
function Net:constant(dtype, value)
  local list = type(value) == "table" and value or {value}
  local name = ("/constant/%s_%s%s"):format(dtype, value == list and "list_" or "", table.concat(list, "_"))
  if not self.constants[name] then
    self.builder:constant(name, dtype, value == list and {#list} or {}, list)
    self.constants[name] = true
  end
  return name
end

local function input_name(net, input)
  local kind = math.type(input)
  if kind == "float" then return net:constant(net.dtype, input) end
  if kind == "integer" or type(input) == "table" then return net:constant("int64", input) end
  return input
end

--- A node; gives the names of its outputs. Inputs are values; floats, integers and lists of integers become constants
-- (the latter two int64). `outputs` is a count or a list of names.
function Net:op(op_type, inputs, attributes, outputs)
  local stem = "/" .. table.concat(self.module, "/")
  stem = (stem == "/" and "" or stem) .. "/" .. op_type:match("[^.]*$")
  local count = self.counts[stem] or 0
  self.counts[stem] = count + 1
  local name = count == 0 and stem or stem .. "_" .. count
  local names = type(outputs) == "table" and outputs or {}
  for i = #names + 1, math.type(outputs) and outputs or #names == 0 and 1 or 0 do
    names[i] = ("%s_output_%d"):format(name, i - 1)
  end
  local values = {}
  for i, input in ipairs(inputs) do values[i] = input_name(self, input) end
  return self.builder:op(op_type, values, attributes, {name = name, outputs = names})
end

-- ---- layers ----

--- x W + b. options: bias (false for none), output (the name of the result).
function Net:linear(x, name, inputs, outputs, options)
  options = options or {}
  local result = options.output and {options.output}
  return self:within(name, function()
    local weight = self:weight("weight", {inputs, outputs}, inputs)
    if options.bias == false then return self:op("MatMul", {x, weight}, nil, result) end
    local product = self:op("MatMul", {x, weight})
    return self:op("Add", {product, self:weight("bias", {outputs}, "bias")}, nil, result)
  end)
end

--- A convolution over len(kernel) spatial axes. options: stride, pad, group, bias (false for none).
function Net:conv(x, name, inputs, outputs, kernel, options)
  options = options or {}
  local function every(value)
    local list = {}
    for i = 1, #kernel do list[i], list[i + #kernel] = value, value end
    return list
  end
  local stride, pads = every(options.stride or 1), every(options.pad or 0)
  local dims, taps = {outputs, inputs // (options.group or 1)}, inputs // (options.group or 1)
  for i, size in ipairs(kernel) do dims[i + 2], taps, stride[i + #kernel] = size, taps * size, nil end
  return self:within(name, function()
    local operands = {x, self:weight("weight", dims, taps)}
    if options.bias ~= false then operands[3] = self:weight("bias", {outputs}, "bias") end
    return self:op("Conv", operands, {kernel_shape = kernel, strides = stride, pads = pads, group = options.group or 1,
      dilations = table.move(every(1), 1, #kernel, 1, {})})
  end)
end

--- BatchNormalization by running statistics.
function Net:batch_norm(x, name, channels)
  return self:within(name, function()
    return self:op("BatchNormalization", {x, self:weight("weight", {channels}, "gain"),
      self:weight("bias", {channels}, "bias"), self:weight("running_mean", {channels}, "bias"),
      self:weight("running_var", {channels}, "variance")}, {epsilon = 1e-5, momentum = 0.9})
  end)
end

--- LayerNormalization over the last axis.
function Net:layer_norm(x, name, size)
  return self:within(name, function()
    local gain, bias = self:weight("weight", {size}, "gain"), self:weight("bias", {size}, "bias")
    return self:op("LayerNormalization", {x, gain, bias}, {axis = -1, epsilon = 1e-5})
  end)
end

--- GELU by the error function: 0.5 x (1 + erf(x / √2)).
function Net:gelu(x)
  local erf = self:op("Erf", {self:op("Div", {x, 2 ^ 0.5})})
  return self:op("Mul", {self:op("Mul", {x, self:op("Add", {erf, 1.0})}), 0.5})
end

--- SwiGLU's first half: silu(gate) · up.
function Net:gated(gate, up)
  return self:op("Mul", {self:op("Mul", {gate, self:op("Sigmoid", {gate})}), up})
end

-- ---- attention ----

--- The size of one axis of x, an int64 scalar.
function Net:size(x, axis)
  return self:op("Gather", {self:op("Shape", {x}), axis}, {axis = 0})
end

--- [batch, sequence, heads · head] to [batch, heads, sequence, head].
function Net:split_heads(x, heads, head)
  return self:op("Transpose", {self:op("Reshape", {x, {0, 0, heads, head}})}, {perm = {0, 2, 1, 3}})
end

--- [batch, heads, sequence, head] to [batch, sequence, hidden].
function Net:merge_heads(x, hidden)
  return self:op("Reshape", {self:op("Transpose", {x}, {perm = {0, 2, 1, 3}}), {0, 0, hidden}})
end

--- What a position may see, bool [total - past, total]: those up to itself. past and total are int64 scalars.
function Net:causal_mask(past, total)
  local queries = self:op("Unsqueeze", {self:op("Range", {past, total, 1}), {1}})
  local keys = self:op("Unsqueeze", {self:op("Range", {0, total, 1}), {0}})
  return self:op("LessOrEqual", {keys, queries})
end

--- softmax(q kᵀ / √head) v over [batch, heads, sequence, head]; `mask` is true where a query may see a key.
function Net:attention(q, k, v, head, mask)
  local scores = self:op("MatMul", {q, self:op("Transpose", {k}, {perm = {0, 1, 3, 2}})})
  scores = self:op("Mul", {scores, head ^ -0.5})
  if mask then scores = self:op("Where", {mask, scores, -10000.0}) end
  return self:op("MatMul", {self:op("Softmax", {scores}, {axis = -1}), v})
end

return parts
