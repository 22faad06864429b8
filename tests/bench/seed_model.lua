-- Writes the seed model (bert_squad, 435 MB) from its specification: every node and initializer of the real
-- one; what the specification does not spell out of the weights is a hole in the file, that is zeros.
--
--     lua5.4 tests/bench/seed_model.lua SPEC.json MODEL.onnx

package.path = "./tests/?.lua;" .. package.path
local wire = require "wire"
local json = require "dkjson"

local formats = {float32 = "<f", int32 = "<i4", int64 = "<i8"}

local function read_spec(path)
  local file = assert(io.open(path, "rb"))
  local spec = assert(json.decode(file:read("a")))
  file:close()
  return spec
end

local function dims_of(shape)
  local dims = {}
  for i, dim in ipairs(shape) do dims[i] = math.tointeger(dim) or dim end
  return dims
end

local function attributes(map)
  local list = {}
  for name, value in pairs(map) do
    if name == "value" then
      value = {t = wire.tensor("", "float32", {#value}, wire.raw("<f", value))}
    elseif type(value) == "table" then
      value = dims_of(value)
    end
    list[#list + 1] = wire.attribute(name, value)
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- The bytes of a TensorProto up to its raw_data, and raw_data: bytes, or a number of zeros.
local function initializer(entry)
  local name, dtype, dims, values = entry[1], entry[2], dims_of(entry[3]), entry[4]
  if type(values) == "number" then values = {values} end
  local head = wire.encode("TensorProto", {dims = dims, data_type = wire.dtypes[dtype], name = name})
  if type(values) == "table" then return head, wire.raw(formats[dtype], values) end
  local count = string.packsize(formats[dtype])
  for _, dim in ipairs(dims) do count = count * dim end
  return head, count
end

local spec_path, model_path = arg[1], arg[2]
local spec = read_spec(spec_path)

local values = {input = {}, output = {}}
for kind, list in pairs(values) do
  for i, entry in ipairs(spec[kind .. "s"]) do list[i] = wire.value(entry[1], entry[2], dims_of(entry[3])) end
end
local nodes = {}
for i, entry in ipairs(spec.nodes) do
  nodes[i] = wire.node(entry[1], entry[3], entry[4], attributes(entry[5]), {name = entry[2]})
end
local before = wire.graph{name = "tf2onnx", node = nodes}
local behind = wire.graph{input = values.input, output = values.output}

local tensors, graph_size = {}, #before + #behind
for i, entry in ipairs(spec.initializers) do
  local head, raw = initializer(entry)
  local raw_size = type(raw) == "string" and #raw or raw
  head = head .. wire.tag(9, 2) .. wire.varint(raw_size)
  head = wire.tag(5, 2) .. wire.varint(#head + raw_size) .. head
  tensors[i] = {head = head, raw = raw}
  graph_size = graph_size + #head + raw_size
end

local file = assert(io.open(model_path, "wb"))
file:write(wire.encode("ModelProto", {ir_version = math.tointeger(spec.ir_version), producer_name = spec.producer_name,
                                      producer_version = spec.producer_version}))
file:write(wire.tag(7, 2), wire.varint(graph_size), before)
for _, tensor in ipairs(tensors) do
  file:write(tensor.head)
  if type(tensor.raw) == "string" then file:write(tensor.raw)
  else file:seek("cur", tensor.raw) end
end
file:write(behind)
file:write(wire.length_field(8, wire.encode("OperatorSetIdProto", {domain = "", version = math.tointeger(spec.opset)})))
assert(file:close())
