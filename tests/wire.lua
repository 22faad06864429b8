-- A small protobuf writer for fixtures. It writes what it is told, sensible or not: every message may be
-- given as a table of fields or as ready bytes, and `raw` in a table appends bytes of its own.
--
--     local wire = require "wire"
--     local bytes = wire.model{graph = {
--       name = "g", input = {wire.value("x", "float32", {"N", 3})}, output = {wire.value("y")},
--       node = {wire.node("Relu", {"x"}, {"y"})}}}
--
-- wire.encode(message, fields) writes any message of the format by its field names; wire.field, wire.varint
-- and friends write single pieces.

local wire = {}

-- number name kind; * repeated, + repeated and packed. Kinds: int (varint), bytes, float, double, or a message.
local messages = {
  ModelProto = [[1 ir_version int, 2 producer_name bytes, 3 producer_version bytes, 4 domain bytes,
    5 model_version int, 6 doc_string bytes, 7 graph GraphProto, 8 opset_import OperatorSetIdProto*,
    14 metadata_props Entry*, 20 training_info TrainingInfoProto*, 25 functions FunctionProto*,
    26 configuration DeviceConfigurationProto*]],
  OperatorSetIdProto = "1 domain bytes, 2 version int",
  Entry = "1 key bytes, 2 value bytes",
  DeviceConfigurationProto = "1 name bytes, 2 num_devices int, 3 device bytes*",
  TrainingInfoProto = [[1 initialization GraphProto, 2 algorithm GraphProto, 3 initialization_binding Entry*,
    4 update_binding Entry*]],
  GraphProto = [[1 node NodeProto*, 2 name bytes, 5 initializer TensorProto*, 10 doc_string bytes,
    11 input ValueInfoProto*, 12 output ValueInfoProto*, 13 value_info ValueInfoProto*,
    14 quantization_annotation TensorAnnotation*, 15 sparse_initializer SparseTensorProto*,
    16 metadata_props Entry*]],
  TensorAnnotation = "1 tensor_name bytes, 2 quant_parameter_tensor_names Entry*",
  FunctionProto = [[1 name bytes, 4 input bytes*, 5 output bytes*, 6 attribute bytes*, 7 node NodeProto*,
    8 doc_string bytes, 9 opset_import OperatorSetIdProto*, 10 domain bytes, 11 attribute_proto AttributeProto*,
    12 value_info ValueInfoProto*, 13 overload bytes, 14 metadata_props Entry*]],
  NodeProto = [[1 input bytes*, 2 output bytes*, 3 name bytes, 4 op_type bytes, 5 attribute AttributeProto*,
    6 doc_string bytes, 7 domain bytes, 8 overload bytes, 9 metadata_props Entry*,
    10 device_configurations NodeDeviceConfigurationProto*]],
  NodeDeviceConfigurationProto = [[1 configuration_id bytes, 2 sharding_spec ShardingSpecProto*,
    3 pipeline_stage int]],
  ShardingSpecProto = [[1 tensor_name bytes, 2 device int*, 3 index_to_device_group_map IntIntListEntryProto*,
    4 sharded_dim ShardedDimProto*]],
  IntIntListEntryProto = "1 key int, 2 value int*",
  ShardedDimProto = "1 axis int, 2 simple_sharding SimpleShardedDimProto*",
  SimpleShardedDimProto = "1 dim_value int, 2 dim_param bytes, 3 num_shards int",
  AttributeProto = [[1 name bytes, 2 f float, 3 i int, 4 s bytes, 5 t TensorProto, 6 g GraphProto,
    7 floats float*, 8 ints int*, 9 strings bytes*, 10 tensors TensorProto*, 11 graphs GraphProto*,
    13 doc_string bytes, 14 tp TypeProto, 15 type_protos TypeProto*, 20 type int, 21 ref_attr_name bytes,
    22 sparse_tensor SparseTensorProto, 23 sparse_tensors SparseTensorProto*]],
  TensorProto = [[1 dims int*, 2 data_type int, 3 segment Segment, 4 float_data float+, 5 int32_data int+,
    6 string_data bytes*, 7 int64_data int+, 8 name bytes, 9 raw_data bytes, 10 double_data double+,
    11 uint64_data int+, 12 doc_string bytes, 13 external_data Entry*, 14 data_location int,
    16 metadata_props Entry*]],
  Segment = "1 begin int, 2 end int",
  SparseTensorProto = "1 values TensorProto, 2 indices TensorProto, 3 dims int*",
  ValueInfoProto = "1 name bytes, 2 type TypeProto, 3 doc_string bytes, 4 metadata_props Entry*",
  TypeProto = [[1 tensor_type TensorType, 4 sequence_type ElementType, 5 map_type MapType, 6 denotation bytes,
    7 opaque_type OpaqueType, 8 sparse_tensor_type TensorType, 9 optional_type ElementType]],
  TensorType = "1 elem_type int, 2 shape TensorShapeProto",
  ElementType = "1 elem_type TypeProto",
  MapType = "1 key_type int, 2 value_type TypeProto",
  OpaqueType = "1 domain bytes, 2 name bytes",
  TensorShapeProto = "1 dim Dimension*",
  Dimension = "1 dim_value int, 2 dim_param bytes, 3 denotation bytes",
}

wire.dtypes = {
  undefined = 0, float32 = 1, uint8 = 2, int8 = 3, uint16 = 4, int16 = 5, int32 = 6, int64 = 7, string = 8,
  bool = 9, float16 = 10, float64 = 11, uint32 = 12, uint64 = 13, complex64 = 14, complex128 = 15,
  bfloat16 = 16, float8e4m3fn = 17, float8e4m3fnuz = 18, float8e5m2 = 19, float8e5m2fnuz = 20, uint4 = 21,
  int4 = 22, float4e2m1 = 23, float8e8m0 = 24, uint2 = 25, int2 = 26,
}

wire.attribute_types = {
  f = 1, i = 2, s = 3, t = 4, g = 5, floats = 6, ints = 7, strings = 8, tensors = 9, graphs = 10,
  sparse_tensor = 11, sparse_tensors = 12, tp = 13, type_protos = 14,
}

-- An integer as a varint; negative ones take ten bytes.
function wire.varint(n)
  if n >= 0 and n < 128 then return string.char(n) end
  local bytes = {}
  repeat
    local low = n & 127
    n = n >> 7
    bytes[#bytes + 1] = string.char(n ~= 0 and low | 128 or low)
  until n == 0
  return table.concat(bytes)
end
local varint = wire.varint

function wire.tag(number, wire_type)
  return varint(number << 3 | wire_type)
end

-- A field of bytes: a string or message. `claimed` is a length that may lie about it.
function wire.length_field(number, bytes, claimed)
  return wire.tag(number, 2) .. varint(claimed or #bytes) .. bytes
end

function wire.int_field(number, n)
  return wire.tag(number, 0) .. varint(n)
end

-- One field by the type of its value: a string is bytes, an integer a varint, a float a fixed32, true or
-- false 1 or 0.
function wire.field(number, value)
  if type(value) == "string" then return wire.length_field(number, value) end
  if type(value) == "boolean" then return wire.int_field(number, value and 1 or 0) end
  if math.type(value) == "integer" then return wire.int_field(number, value) end
  return wire.tag(number, 5) .. string.pack("<f", value)
end

-- Pieces one behind the other.
function wire.message(pieces)
  return table.concat(pieces)
end

local schema = {}
for name, text in pairs(messages) do
  local fields = {}
  for number, field, kind, mark in text:gmatch("(%d+) ([%w_]+) (%w+)([*+]?)") do
    local entry = {number = math.tointeger(number), name = field, kind = kind, mark = mark}
    fields[#fields + 1] = entry
    fields[field] = entry
  end
  schema[name] = fields
end

local pack_kind = {
  int = function(value)
    if type(value) == "boolean" then value = value and 1 or 0 end
    return varint(value)
  end,
  float = function(value) return string.pack("<f", value) end,
  double = function(value) return string.pack("<d", value) end,
}
local wire_types = {int = 0, float = 5, double = 1}

local function encode_field(entry, value, out)
  local pack = pack_kind[entry.kind]
  if not pack then
    if type(value) == "table" then value = wire.encode(entry.kind, value) end
    out[#out + 1] = wire.length_field(entry.number, value)
  else
    out[#out + 1] = wire.tag(entry.number, wire_types[entry.kind]) .. pack(value)
  end
end

-- The fields of a message, in order of their numbers, then fields.raw. A misspelt field raises.
function wire.encode(message, fields)
  if type(fields) == "string" then return fields end
  local entries = schema[message] or error("no message " .. tostring(message), 2)
  for name in pairs(fields) do
    if name ~= "raw" and not entries[name] then
      error(message .. " has no field " .. tostring(name), 2)
    end
  end
  local out = {}
  for _, entry in ipairs(entries) do
    local value = fields[entry.name]
    if value ~= nil and entry.mark == "" then
      encode_field(entry, value, out)
    elseif value ~= nil and entry.mark == "*" then
      for _, item in ipairs(value) do encode_field(entry, item, out) end
    elseif value ~= nil then
      local packed = {}
      for i, item in ipairs(value) do packed[i] = pack_kind[entry.kind](item) end
      out[#out + 1] = wire.length_field(entry.number, table.concat(packed))
    end
  end
  out[#out + 1] = fields.raw
  return table.concat(out)
end

local function with(base, extra)
  for key, value in pairs(extra or {}) do base[key] = value end
  return base
end

-- {key = value} as entries in order of the keys.
function wire.entries(map)
  local keys, list = {}, {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do list[i] = {key = key, value = map[key]} end
  return list
end

-- A ModelProto: `fields` as in the format; ir_version 8 and ai.onnx 17 unless they are given (false: left out).
function wire.model(fields)
  local all = with({ir_version = 8, opset_import = {{domain = "", version = 17}}}, fields)
  for key, value in pairs(all) do
    if value == false then all[key] = nil end
  end
  return wire.encode("ModelProto", all)
end

function wire.graph(fields)
  return wire.encode("GraphProto", fields)
end

-- An AttributeProto: the kind follows from the value, unless it is a table that names its field:
-- wire.attribute("alpha", 0.5), ("axis", 1), ("mode", "same"), ("axes", {0, 1}), ("value", {t = tensor}).
function wire.attribute(name, value, extra)
  local fields = {name = name}
  if type(value) == "table" and #value == 0 and next(value) then
    for key, item in pairs(value) do fields[key] = item end
  elseif type(value) == "table" then
    local first = value[1]
    local key = type(first) == "string" and "strings" or math.type(first) == "float" and "floats" or "ints"
    fields[key] = value
  elseif value ~= nil then
    fields[type(value) == "string" and "s" or math.type(value) == "float" and "f" or "i"] = value
  end
  for key, number in pairs(wire.attribute_types) do
    if fields[key] ~= nil and fields.type == nil then fields.type = number end
  end
  return with(fields, extra)
end

-- A NodeProto. Attributes: {name = value} as wire.attribute takes them, or a list of messages.
function wire.node(op_type, inputs, outputs, attributes, extra)
  local list = attributes or {}
  if #list == 0 and next(list) then
    local names = {}
    for name in pairs(list) do names[#names + 1] = name end
    table.sort(names)
    list = {}
    for i, name in ipairs(names) do list[i] = wire.attribute(name, attributes[name]) end
  end
  return with({op_type = op_type, input = inputs, output = outputs, attribute = list}, extra)
end

-- A TypeProto of a tensor: dims are integers, symbols, or false for an unnamed unknown one; without dims not
-- even the rank is known.
function wire.tensor_type(dtype, dims)
  local shape
  if dims then
    shape = {dim = {}}
    for i, dim in ipairs(dims) do
      shape.dim[i] = type(dim) == "string" and {dim_param = dim} or dim and {dim_value = dim} or {}
    end
  end
  return {tensor_type = {elem_type = wire.dtypes[dtype] or dtype, shape = shape}}
end

-- A ValueInfoProto; without a dtype it has no type.
function wire.value(name, dtype, dims, extra)
  return with({name = name, type = dtype and wire.tensor_type(dtype, dims) or nil}, extra)
end

-- A TensorProto: `data` is raw_data when it is a string, else fields such as {float_data = {1, 2}}.
function wire.tensor(name, dtype, dims, data, extra)
  local fields = {name = name, data_type = wire.dtypes[dtype] or dtype, dims = dims}
  if type(data) == "string" then fields.raw_data = data
  else with(fields, data) end
  return with(fields, extra)
end

-- A TensorProto whose elements are in another file.
function wire.external(name, dtype, dims, entries, extra)
  local list = #entries > 0 and entries or wire.entries(entries)
  return with({name = name, data_type = wire.dtypes[dtype] or dtype, dims = dims, data_location = 1,
               external_data = list}, extra)
end

-- Numbers as raw_data: wire.raw("<f", {1, 2}).
function wire.raw(format, numbers)
  local packed = {}
  for i, number in ipairs(numbers) do packed[i] = string.pack(format, number) end
  return table.concat(packed)
end

function wire.write(path, bytes)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  assert(file:close())
  return path
end

return wire
