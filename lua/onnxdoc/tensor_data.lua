--- What a tensor holds, as fields of a TensorProto. Data is one of
--
--   {1, 2.5, true, "text", {re, im}}     as many elements as the dimensions say, in row-major order
--   1.0, true                            every element
--   "zeros"                              every element 0 (false, ""), takes no memory; a hole in the file when large
--   {random = seed, low =, high =}       uniform, made when read or written. Floats: -0.05 to 0.05 unless given;
--                                        integers: all of the type's, bounds included; float8 and types below a byte:
--                                        any code
--   "absent"                             none in the file, as fixtures of broken models want it
--   {raw = bytes}                        raw_data as it is
--   {bits = {0x3c00, …}}                 the elements' bits as whole numbers
--   {external = {location =, offset =, length =}}     elements in another file, also as a list of {key =, value =}

local misuse = require "onnxdoc.misuse"
local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local tensor_data = {}

-- The format's own names of types, where they differ from ours.
local aliases = {float = "float32", double = "float64"}

--- The number and the bits of a dtype by name; raises for an unknown one.
function tensor_data.dtype(name, where)
  local known = type(name) == "string" and onnxdoc.dtypes[aliases[name] or name]
  if not known then
    misuse("%s: %s is no dtype; there are float32, float16, bfloat16, int64, uint8, bool, string and others "
      .. "(onnxdoc.dtypes)", where, type(name) == "string" and "'" .. text.printable(name) .. "'" or type(name))
  end
  return known.number, aliases[name] or name, known.bits
end

--- The product of dimensions, each a whole number from 0 on; raises otherwise, and when it is past 2^63.
function tensor_data.element_count(dims, where)
  if type(dims) ~= "table" then misuse("%s: dimensions are a %s, a list is wanted", where, type(dims)) end
  local count, is_empty = 1, false
  for i, dim in ipairs(dims) do
    if math.type(dim) ~= "integer" or dim < 0 then
      misuse("%s: dimension %d is %s, a tensor's are whole numbers from 0 on", where, i, tostring(dim))
    end
    is_empty = is_empty or dim == 0
  end
  if is_empty then return 0 end
  for _, dim in ipairs(dims) do
    if count > math.maxinteger // dim then
      misuse("%s: [%s] has more than 2^63 elements", where, table.concat(dims, ","))
    end
    count = count * dim
  end
  return count
end

local function byte_count(count, bits, where)
  if bits >= 8 and count > math.maxinteger // (bits // 8) then
    misuse("%s: %d elements of %d bits are more than 2^63 bytes", where, count, bits)
  end
  if bits >= 8 then return count * (bits // 8), 0 end
  local per_byte = 8 // bits
  local rest = count % per_byte
  return count // per_byte + (rest > 0 and 1 or 0), rest > 0 and (per_byte - rest) * bits or 0
end

local function check_list(list, count, dims, where)
  if #list ~= count then
    misuse("%s: %d values, [%s] wants %d", where, #list, table.concat(dims, ","), count)
  end
end

local function pack(name, list, as_bits, where)
  local ok, packed = pcall(onnxdoc._pack, name, list, as_bits)
  if not ok then misuse("%s: %s", where, (tostring(packed):gsub("^.-%d: ", ""))) end
  return packed
end

local function repeated(t, value, where)
  local pattern = pack(t.dtype, {value}, false, where)
  if t.bits < 8 then
    local code = pattern:byte()
    for width = t.bits, 4, t.bits do code = code | code << width end
    pattern = string.char(code & 255)
  end
  if not pattern:find("[^\0]") then return {zeros = t.nbytes} end
  return {repeats = pattern, nbytes = t.nbytes, padding = t.padding}
end

local integer_ranges = {bool = {0, 1}, uint64 = {0, -1}}
for _, bits in ipairs {8, 16, 32, 64} do
  integer_ranges["int" .. bits] = {math.mininteger >> (64 - bits) | -1 << (bits - 1), (1 << (bits - 1)) - 1}
  if bits < 64 then integer_ranges["uint" .. bits] = {0, (1 << bits) - 1} end
end

local random_fields = {random = true, low = true, high = true}

local function random(t, data, where)
  for key in pairs(data) do
    if not random_fields[key] then misuse("%s: random data has 'low' and 'high', not '%s'", where, tostring(key)) end
  end
  if math.type(data.random) ~= "integer" then
    misuse("%s: random is %s, a whole number to start from is wanted", where, tostring(data.random))
  end
  local range = integer_ranges[t.dtype]
  local low, high = data.low, data.high
  if range then
    low, high = low or range[1], high or range[2]
    if math.type(low) ~= "integer" or math.type(high) ~= "integer" or low < range[1]
      or t.dtype ~= "uint64" and high > range[2] then
      misuse("%s: random from %s to %s is not within %s", where, tostring(low), tostring(high), t.dtype)
    end
  elseif t.bits > 8 then
    low, high = low or -0.05, high or 0.05
    if type(low) ~= "number" or type(high) ~= "number" or not (high - low >= 0 and high - low < math.huge) then
      misuse("%s: random from %s to %s: low is to be at most high, both finite", where, tostring(low), tostring(high))
    end
    low, high = low + 0.0, high + 0.0
  elseif low or high then
    misuse("%s: random %s takes any code, there is no low and high", where, t.dtype)
  end
  if range and high < low and t.dtype ~= "uint64" then
    misuse("%s: random from %d to %d is empty", where, low, high)
  end
  return {random = data.random, dtype = t.dtype, nbytes = t.nbytes, low = low, high = high, padding = t.padding}
end

--- {location = "w.bin", offset = 0} or a list of {key =, value =} as StringStringEntryProtos.
function tensor_data.entries(map, where)
  if type(map) ~= "table" then misuse("%s: %s, a table of texts is wanted", where, type(map)) end
  local list = {}
  if #map > 0 then
    for i, entry in ipairs(map) do list[i] = {key = tostring(entry.key), value = tostring(entry.value)} end
    return list
  end
  for key, value in pairs(map) do list[#list + 1] = {key = tostring(key), value = tostring(value)} end
  table.sort(list, function(a, b) return a.key < b.key end)
  return list
end

local function strings(data, count, dims, where)
  if data == "zeros" then
    if count > 1 << 20 then misuse("%s: %d strings are more than can be written out", where, count) end
    data = {}
    for i = 1, count do data[i] = "" end
  end
  if type(data) ~= "table" then misuse("%s: a list of strings is wanted, got %s", where, type(data)) end
  check_list(data, count, dims, where)
  for i, item in ipairs(data) do
    if type(item) ~= "string" then misuse("%s: element %d is a %s, a string is wanted", where, i, type(item)) end
  end
  return {string_data = data}
end

local function raw_payload(t, data, dims, where)
  if data == "zeros" then return {zeros = t.nbytes} end
  if type(data) == "number" or type(data) == "boolean" then return repeated(t, data, where) end
  if type(data) ~= "table" then
    misuse("%s: data is %s; a list, a number, 'zeros', {random = seed}, {raw = bytes} are possible", where,
      type(data) == "string" and "'" .. text.printable(data) .. "'" or type(data))
  end
  if data.random ~= nil then return random(t, data, where) end
  if data.raw ~= nil then
    if type(data.raw) ~= "string" or #data.raw ~= t.nbytes then
      misuse("%s: raw has %s bytes, [%s] %s wants %d", where, type(data.raw) == "string" and #data.raw or "no",
        table.concat(dims, ","), t.dtype, t.nbytes)
    end
    return data.raw
  end
  local list = data.bits or data
  check_list(list, t.count, dims, where)
  return pack(t.dtype, list, data.bits ~= nil, where)
end

-- Typed fields: which one, and how its numbers stand in raw_data.
local typed_fields = {float32 = {"float_data", "<f"}, complex64 = {"float_data", "<f"},
  float64 = {"double_data", "<d"}, complex128 = {"double_data", "<d"}, int64 = {"int64_data", "<i8"},
  uint64 = {"uint64_data", "<i8"}, uint32 = {"uint64_data", "<I4"}, int32 = {"int32_data", "<i4"},
  int16 = {"int32_data", "<i2"}, int8 = {"int32_data", "<i1"}}

local function typed(t, raw, where)
  if type(raw) ~= "string" then misuse("%s: storage 'typed' is for data that is listed", where) end
  local field, format = table.unpack(typed_fields[t.dtype] or {"int32_data", t.bits == 16 and "<I2" or "<I1"})
  local list, at = {}, 1
  for i = 1, #raw // string.packsize(format) do list[i], at = string.unpack(format, raw, at) end
  return {[field] = list}
end

--- The fields of a TensorProto for data of a dtype and dimensions; `where` names the tensor in errors.
function tensor_data.fields(dtype, dims, data, storage, where)
  local number, name, bits = tensor_data.dtype(dtype, where)
  local count = tensor_data.element_count(dims, where)
  local fields
  if data == "absent" then
    fields = {}
  elseif type(data) == "table" and data.external ~= nil then
    fields = {data_location = 1, external_data = tensor_data.entries(data.external, where .. ": external")}
  elseif name == "string" then
    fields = strings(data, count, dims, where)
  else
    local t = {dtype = name, bits = bits, count = count}
    t.nbytes, t.padding = byte_count(count, bits, where)
    local payload = raw_payload(t, data, dims, where)
    if storage == "typed" then fields = typed(t, payload, where)
    elseif storage == nil or storage == "raw" then fields = {raw_data = payload}
    else misuse("%s: storage is %s; there is 'raw' and 'typed'", where, tostring(storage)) end
  end
  fields.data_type, fields.dims = number, dims
  return fields
end

return tensor_data
