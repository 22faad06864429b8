-- vendor/onnx.proto is the ONNX format: it agrees with the numbers the reader walks by (src/onnx/fields.h), with
-- the dtypes, and, where CORPUS=dir is set, with the published description in CORPUS/../data/onnx_wire.json.

local utils = require "pl.utils"
local onnxdoc = require "onnxdoc"

local function read(path) return assert(utils.readfile(path, true)) end

local FIELD = "^(%l[%w_]*) ([%w_]+) ([%w_]+) = (%d+)( ?%[?[%w =]*%]?);$"
local ONEOF_FIELD = "^([%w_]+) ([%w_]+) = (%d+);$"

-- {messages = {["TypeProto.Map"] = {{number, name, type, label, packed, oneof}...}}, enums = {name = {value = n}}}
local function parse(text)
  local messages, enums, stack = {}, {}, {}
  local function qualified(name)
    local names = {}
    for _, block in ipairs(stack) do names[#names + 1] = block.name end
    names[#names + 1] = name
    return table.concat(names, ".")
  end
  for line in text:gmatch("[^\n]+") do
    local code = line:gsub("//.*", ""):match("^%s*(.-)%s*$")
    local block = stack[#stack]
    local kind, name = code:match("^(%l+) (%w+) {$")
    if kind == "message" or kind == "enum" then
      local path = qualified(name)
      local made = {}
      if kind == "message" then messages[path] = made else enums[path] = made end
      stack[#stack + 1] = {kind = kind, name = name, items = made}
    elseif kind == "oneof" then
      stack[#stack + 1] = {kind = kind, name = name, items = block.items}
    elseif code == "}" then
      stack[#stack] = nil
    elseif block and block.kind == "enum" and code ~= "" then
      local value, number = code:match("^([%w_]+) = (%d+);$")
      assert(value, line)
      block.items[value] = math.tointeger(number)
    elseif block and block.kind == "oneof" and code ~= "" then
      local type_name, field, number = code:match(ONEOF_FIELD)
      assert(type_name, line)
      table.insert(block.items, {number = math.tointeger(number), name = field, type = type_name, label = "oneof",
                                 packed = false, oneof = block.name})
    elseif block and code ~= "" then
      local label, type_name, field, number, option = code:match(FIELD)
      assert(label, line)
      assert(option == "" or option == " [packed = true]", line)
      table.insert(block.items, {number = math.tointeger(number), name = field, type = type_name, label = label,
                                 packed = option ~= ""})
    else
      assert(code == "" or code == 'syntax = "proto2";' or code == "package onnx;", line)
    end
  end
  assert(#stack == 0)
  return {messages = messages, enums = enums}
end

-- src/onnx/fields.h names a field MESSAGE_FIELD; the longest prefix that fits says which message.
local PREFIXES = {
  MODEL = "ModelProto", GRAPH = "GraphProto", FUNCTION = "FunctionProto", TRAINING = "TrainingInfoProto",
  NODE = "NodeProto", ATTRIBUTE = "AttributeProto", TENSOR = "TensorProto", SPARSE = "SparseTensorProto",
  VALUE_INFO = "ValueInfoProto", TYPE = "TypeProto", TYPE_TENSOR = "TypeProto.Tensor",
  TYPE_NESTED = "TypeProto.Sequence", TYPE_MAP = "TypeProto.Map", TYPE_OPAQUE = "TypeProto.Opaque",
  SHAPE = "TensorShapeProto", DIM = "TensorShapeProto.Dimension", ENTRY = "StringStringEntryProto",
}
-- Fields whose own name repeats or drops a word.
local NAMED = {
  TYPE_TENSOR = "tensor_type", TYPE_SEQUENCE = "sequence_type", TYPE_MAP = "map_type", TYPE_OPAQUE = "opaque_type",
  TYPE_SPARSE_TENSOR = "sparse_tensor_type", TYPE_OPTIONAL = "optional_type", DIM_VALUE = "dim_value",
  DIM_PARAM = "dim_param",
}

local function split_constant(constant)
  if NAMED[constant] then return PREFIXES[constant:match("^%u+")], NAMED[constant] end
  local best
  for prefix in pairs(PREFIXES) do
    if constant:sub(1, #prefix + 1) == prefix .. "_" and (not best or #prefix > #best) then best = prefix end
  end
  return PREFIXES[best], constant:sub(#best + 2):lower()
end

describe("vendor/onnx.proto", function()
  local text, proto
  setup(function()
    text = read("vendor/onnx.proto")
    proto = parse(text)
  end)

  it("has every message and enum of IR version 14", function()
    local messages, fields, enums = 0, 0, 0
    for _, message in pairs(proto.messages) do
      messages = messages + 1
      fields = fields + #message
    end
    for _ in pairs(proto.enums) do enums = enums + 1 end
    assert.equal(28, messages)
    assert.equal(134, fields)
    assert.equal(5, enums)
    assert.equal(14, proto.enums.Version.IR_VERSION)
  end)

  it("gives each number and name of a message once", function()
    for name, message in pairs(proto.messages) do
      local seen = {}
      for _, field in ipairs(message) do
        assert.is_nil(seen[field.number], name .. "." .. field.name)
        assert.is_nil(seen[field.name], name .. "." .. field.name)
        seen[field.number], seen[field.name] = true, true
      end
    end
  end)

  it("agrees with src/onnx/fields.h", function()
    local count = 0
    for constant, number in read("src/onnx/fields.h"):gmatch("%f[%w_](%u[%u_]+) = (%d+)") do
      local message, name = split_constant(constant)
      local found
      for _, field in ipairs(proto.messages[message]) do
        if field.name == name then found = field.number end
      end
      assert.equal(math.tointeger(number), found, constant)
      count = count + 1
    end
    assert.is_true(count > 80)
  end)

  it("agrees with the dtypes", function()
    local by_number = {}
    for name, dtype in pairs(onnxdoc.dtypes) do by_number[dtype.number] = name end
    local renamed = {FLOAT = "float32", DOUBLE = "float64"}
    for name, number in pairs(proto.enums["TensorProto.DataType"]) do
      if number ~= 0 then assert.equal(renamed[name] or name:lower(), by_number[number]) end
    end
  end)

  it("keeps text fields in lines that the build can turn into bytes", function()
    local turned = 0
    for line in text:gmatch("[^\n]+") do
      local code = line:gsub("//.*", "")
      if code:find("%f[%w_]string%f[^%w_]") then
        assert.is_truthy(code:find("^%s*string ") or code:find("^%s*optional string ") or
                         code:find("^%s*repeated string "), line)
        turned = turned + 1
      end
      assert.is_nil((line:match("//.*") or ""):find("%f[%w_]string%f[^%w_]"), line)
    end
    assert.equal(41, turned)
  end)

  it("is the format as published", function()
    local corpus = os.getenv("CORPUS")
    if not corpus or corpus == "" then
      pending("needs CORPUS")
      return
    end
    local wanted = assert(require("dkjson").decode(read(corpus .. "/../data/onnx_wire.json")))
    assert.same(wanted.messages, proto.messages)
    assert.same(wanted.enums, proto.enums)
  end)
end)
