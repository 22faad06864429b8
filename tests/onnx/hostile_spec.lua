-- Bytes that are cut, flipped, too long, too deep or a lie: a model or a clear error, never a crash.

local onnxdoc = require "onnxdoc"
local wire = require "wire"
local walk = require "walk"
local scale = require "scale"
local everything = require "models.everything"

local codes = {}
for code in ("io missing not-onnx truncated malformed limit cycle data memory"):gmatch("%S+") do codes[code] = true end

-- Loads and, when that works, touches everything. Returns the model, or nil, message, code.
local function try(bytes)
  local model, message, code = onnxdoc.load_bytes(bytes, {name = "test.onnx"})
  if model then
    walk(model)
    model:close()
    return model
  end
  assert(type(message) == "string" and #message > 0, "no message")
  assert(codes[code], "code " .. tostring(code) .. " for: " .. message)
  assert(not message:find("%c"), "a control character in: " .. message)
  return nil, message, code
end

local function refused(bytes, code, pattern)
  local model, message, got = try(bytes)
  assert.is_nil(model)
  assert.equal(code, got, message)
  if pattern then assert.truthy(message:lower():find(pattern), message) end
  return message
end

-- A graph with something in it, so that what is wrong is not that nothing is there.
local function around(graph)
  graph.name = graph.name or "g"
  graph.node = graph.node or {wire.node("Relu", {"x"}, {"y"})}
  graph.input = graph.input or {wire.value("x", "float32", {1})}
  graph.output = graph.output or {wire.value("y", "float32", {1})}
  return wire.model{graph = graph}
end

-- Fewer where each takes long: under sanitizers, while garbage is collected at every step (tests/suite.lua).
local rounds = scale(20000)

describe("a model with one of everything", function()
  local bytes = everything.bytes()

  it("is read whole", function()
    local model = assert(onnxdoc.load_bytes(bytes))
    local counts = walk(model)
    assert.equal(4 + 5 + 2 * 2 + 2, counts.nodes)
    assert.is_true(counts.attributes > 20 and counts.tensors > 35)
    model:close()
  end)

  it("cut at every byte gives a model or an error", function()
    local read, refusals = 0, {}
    local tried = 0
    for length = 0, #bytes - 1, math.max(1, #bytes // scale(#bytes)) do
      local model, _, code = try(bytes:sub(1, length))
      if model then read = read + 1 else refusals[code] = (refusals[code] or 0) + 1 end
      tried = tried + 1
    end
    assert.is_true((refusals.truncated or 0) > tried // 2, "most cuts leave a length that runs past the end")
    assert.is_true(read < 40, read .. " cuts went unnoticed")
  end)

  it("with bits flipped gives a model or an error", function()
    math.randomseed(20260101)
    local outcomes = {read = 0, refused = 0}
    for _ = 1, rounds do
      local flipped = bytes
      for _ = 1, math.random(1, 3) do
        local at = math.random(#flipped)
        local byte = flipped:byte(at) ~ (1 << math.random(0, 7))
        flipped = flipped:sub(1, at - 1) .. string.char(byte) .. flipped:sub(at + 1)
      end
      local ok, model = pcall(try, flipped)
      if not ok then
        error(("%s\nbytes: %s"):format(model, flipped:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
      end
      outcomes[model and "read" or "refused"] = outcomes[model and "read" or "refused"] + 1
    end
    assert.is_true(outcomes.read > rounds // 10 and outcomes.refused > rounds // 10)
  end)

  it("with bytes taken out or put in gives a model or an error", function()
    math.randomseed(7)
    for _ = 1, rounds // 10 do
      local at, count = math.random(#bytes), math.random(1, 8)
      local changed
      if math.random(2) == 1 then changed = bytes:sub(1, at) .. bytes:sub(at + count)
      else changed = bytes:sub(1, at) .. bytes:sub(math.random(#bytes)):sub(1, count) .. bytes:sub(at + 1) end
      local ok, problem = pcall(try, changed)
      assert.is_true(ok, problem)
    end
  end)
end)

describe("lengths", function()
  local huge = {
    ["2^63"] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", ["2^64 - 1"] = ("\xff"):rep(9) .. "\1",
    ["2^62"] = "\x80\x80\x80\x80\x80\x80\x80\x80\x40", ["2^32"] = "\x80\x80\x80\x80\x10",
  }
  for name, varint in pairs(huge) do
    it("of " .. name .. " are refused, wherever they stand", function()
      local ir = wire.int_field(1, 8)
      refused(ir .. wire.tag(7, 2) .. varint .. "abc", "truncated")
      for _, number in ipairs{1, 2, 5, 10, 11, 12, 13, 14, 15, 16} do
        refused(around{raw = wire.tag(number, 2) .. varint .. "abc"}, "truncated")
      end
      for number = 1, 10 do
        refused(around{raw = wire.length_field(1, wire.tag(number, 2) .. varint .. "abc")}, "truncated")
      end
      refused(around{raw = wire.length_field(5, wire.tag(9, 2) .. varint)}, "truncated")
      refused(around{raw = wire.length_field(11, wire.length_field(2, wire.tag(1, 2) .. varint))}, "truncated")
    end)
  end

  it("of a field inside may not run past the message around it", function()
    local node = wire.length_field(3, "name", 40) -- 4 bytes that say 40; the graph goes on for longer
    local message = refused(around{raw = wire.length_field(1, node) .. wire.length_field(10, ("x"):rep(100))}, "truncated")
    assert.truthy(message:find("%d"), message)
  end)
end)

describe("the wire format", function()
  local ir = wire.int_field(1, 8)

  it("refuses groups, field 0 and unknown wire types", function()
    for wire_type = 3, 7 do
      if wire_type ~= 5 then refused(ir .. wire.tag(7, 2) .. "\3" .. wire.tag(1, wire_type) .. "ab", "malformed") end
    end
    refused(around{raw = "\0\0"}, "malformed")
    refused(around{raw = "\2\0"}, "malformed")
  end)

  it("refuses varints of more than ten bytes", function()
    refused(around{raw = wire.length_field(1, wire.tag(5, 0) .. ("\x80"):rep(10) .. "\1")}, "malformed")
    refused(ir .. "\x38" .. ("\xff"):rep(11), "malformed")
  end)

  it("refuses a known field of another wire type", function()
    refused(around{raw = wire.int_field(1, 3)}, "malformed") -- GraphProto.node
    refused(around{raw = wire.length_field(1, wire.int_field(1, 3))}, "malformed") -- NodeProto.input
    refused(around{raw = wire.length_field(5, wire.int_field(9, 3))}, "malformed") -- TensorProto.raw_data
    refused(around{raw = wire.length_field(5, wire.length_field(2, "ab"))}, "malformed") -- TensorProto.data_type
  end)

  it("skips fields it does not know", function()
    local unknown = wire.int_field(900, 1) .. wire.length_field(901, "later") .. wire.tag(902, 1) .. ("x"):rep(8) ..
      wire.tag(903, 5) .. "abcd"
    local model = assert(onnxdoc.load_bytes(wire.model{raw = unknown, graph = {
      name = "g", raw = unknown, node = {wire.node("Relu", {"x"}, {"y"}, nil, {raw = unknown})},
      input = {wire.value("x", "float32", {1}, {raw = unknown})}, output = {wire.value("y")}}}))
    assert.equal(1, #model)
    assert.equal("Relu", model.inputs[1].consumers[1].op_type)
    model:close()
  end)

  it("takes the packed form of a repeated number as well as the other", function()
    local packed = wire.length_field(1, wire.varint(2) .. wire.varint(3))
    local tensor = packed .. wire.int_field(2, 1) .. wire.length_field(8, "w") ..
      wire.tag(4, 5) .. string.pack("<f", 1) .. wire.length_field(4, wire.raw("<f", {2, 3, 4, 5})) ..
      wire.tag(4, 5) .. string.pack("<f", 6)
    local model = assert(onnxdoc.load_bytes(around{initializer = {tensor}}))
    local w = model:value("w").tensor
    assert.same({2, 3}, w.shape)
    assert.same({1, 2, 3, 4, 5, 6}, w:values())
    model:close()
  end)

  it("merges a message that is written in two pieces, as protobuf does", function()
    local first = wire.graph{name = "g", node = {wire.node("Relu", {"x"}, {"m"})}, input = {wire.value("x", "float32", {1})}}
    local second = wire.graph{node = {wire.node("Abs", {"m"}, {"y"})}, output = {wire.value("y")}}
    local model, message, code = onnxdoc.load_bytes(wire.model{graph = first, raw = wire.length_field(7, second)})
    if model then
      assert.equal(2, #model)
      model:close()
    else
      assert.equal("malformed", code, message)
    end
  end)
end)

describe("nesting", function()
  -- A GraphProto in a NodeProto in a GraphProto ...
  local function nested(depth)
    local graph = wire.graph{name = "innermost", node = {wire.node("Relu", {"x"}, {"y"})}, output = {wire.value("y")}}
    for i = 1, depth do
      graph = wire.graph{name = "g" .. i, output = {wire.value("y")},
                         node = {wire.node("If", {"c"}, {"y"}, {then_branch = {g = graph}}, {name = "if" .. i})}}
    end
    return wire.model{graph = graph}
  end
  local function nested_type(depth, kind, number)
    local t = wire.encode("TypeProto", wire.tensor_type("float32", {1}))
    for _ = 1, depth do t = wire.encode("TypeProto", {[kind] = number and {elem_type = t} or {key_type = 7, value_type = t}}) end
    return around{input = {{name = "x", type = t}}}
  end

  it("of a few subgraphs is fine", function()
    local model = assert(onnxdoc.load_bytes(nested(20)))
    assert.equal(21, #model.graphs)
    assert.equal(20, model.graphs[21].depth)
    model:close()
  end)

  it("of 300 subgraphs is refused", function()
    local message = refused(nested(300), "limit")
    assert.truthy(message:find("32"), "it states the limit: " .. message)
  end)

  it("of 100,000 subgraphs is refused without running out of stack", function()
    local prefix, suffix = {}, ""
    -- lengths from the inside out, each message two bytes and a varint longer than the one in it
    local length = 0
    for i = 1, scale(100000) do
      local attribute = wire.tag(6, 2) .. wire.varint(length)
      length = length + #attribute
      local node = wire.tag(5, 2) .. wire.varint(length)
      length = length + #node
      local graph = wire.tag(1, 2) .. wire.varint(length)
      length = length + #graph
      prefix[i] = graph .. node .. attribute
    end
    local reversed = {}
    for i = #prefix, 1, -1 do reversed[#reversed + 1] = prefix[i] end
    refused(wire.model{graph = table.concat(reversed) .. suffix}, "limit")
  end)

  it("of 300 types is refused, of each kind", function()
    for kind, number in pairs{sequence_type = true, optional_type = true, map_type = false} do
      refused(nested_type(300, kind, number), "limit")
    end
  end)

  it("of 300 types in an attribute is refused", function()
    local t = wire.encode("TypeProto", wire.tensor_type("float32", {1}))
    for _ = 1, 300 do t = wire.encode("TypeProto", {optional_type = {elem_type = t}}) end
    refused(around{node = {wire.node("Optional", {"x"}, {"y"}, {type = {tp = t}})}}, "limit")
  end)

  it("of a few types is fine", function()
    local model = assert(onnxdoc.load_bytes(nested_type(10, "sequence_type", true)))
    assert.truthy(model.inputs[1].declared_type:find("^seq%(seq%("))
    model:close()
  end)
end)

describe("tensors that lie", function()
  local function load(tensor)
    local model = assert(onnxdoc.load_bytes(around{initializer = {tensor}}))
    return model, model:value("w").tensor
  end

  it("with dims whose product overflows have no size", function()
    for _, dims in ipairs{{1 << 32, 1 << 32}, {math.maxinteger, 2}, {3, math.maxinteger}, {1 << 31, 1 << 31, 4}} do
      local model, w = load(wire.tensor("w", "float32", dims, "abcd"))
      assert.same(dims, w.shape)
      assert.is_nil(w.size)
      assert.is_nil(w.nbytes)
      local values, message, code = w:values()
      assert.is_nil(values)
      assert.equal("data", code, message)
      assert.is_nil((w:stats()))
      assert.is_true(#model.diagnostics > 0)
      model:close()
    end
  end)

  it("whose bytes overflow while their elements do not have no byte size", function()
    local model, w = load(wire.tensor("w", "complex128", {1 << 61}, "abcd"))
    assert.is_nil(w.nbytes)
    assert.is_nil((w:values(1)))
    model:close()
  end)

  it("with a zero among overflowing dims are empty or have no size, but never crash", function()
    local model, w = load(wire.tensor("w", "float32", {math.maxinteger, math.maxinteger, 0}, ""))
    assert.is_true(w.size == 0 or w.size == nil)
    w:values()
    w:stats()
    model:close()
  end)

  it("with dims of -1 have no size and are reported", function()
    local model, w = load(wire.tensor("w", "float32", {-1, 4}, ("x"):rep(16)))
    assert.same({-1, 4}, w.shape)
    assert.is_nil(w.size)
    local values, message, code = w:values()
    assert.is_nil(values)
    assert.equal("data", code, message)
    assert.is_true(#model.diagnostics > 0)
    assert.truthy(model.diagnostics[1].message:find("-1", 1, true))
    model:close()
  end)

  it("with raw_data of the wrong length say what is there and what is needed", function()
    for _, bytes in ipairs{"", "abc", ("x"):rep(28), ("x"):rep(36)} do
      local model, w = load(wire.tensor("w", "float32", {2, 4}, bytes))
      local values, message, code = w:values()
      assert.is_nil(values)
      assert.equal("data", code, message)
      local found
      for _, d in ipairs(model.diagnostics) do
        if d.message:find("'w'", 1, true) and d.message:find("32", 1, true) then found = d end
      end
      assert.truthy(found, "a diagnostic that names w and the 32 bytes")
      assert.equal("w", found.tensor.name)
      model:close()
    end
  end)

  it("with typed data of the wrong length give an error", function()
    for _, data in ipairs{{float_data = {}}, {float_data = {1, 2, 3}}, {float_data = {1, 2, 3, 4, 5}}} do
      local model, w = load(wire.tensor("w", "float32", {4}, data))
      local values, message, code = w:values()
      assert.is_nil(values)
      assert.equal("data", code, message)
      assert.is_nil((w:stats()))
      model:close()
    end
  end)

  it("with data in the field of another type give an error", function()
    local model, w = load(wire.tensor("w", "float32", {2}, {int64_data = {1, 2}}))
    assert.is_nil((w:values()))
    model:close()
  end)

  it("without data, or of an unknown type, give an error", function()
    for _, tensor in ipairs{wire.tensor("w", "float32", {2}, {}), wire.tensor("w", 0, {2}, "abcd"),
                            wire.tensor("w", 999, {2}, "abcd"), wire.tensor("w", -3, {2}, "abcd")} do
      local model, w = load(tensor)
      local values, message, code = w:values()
      assert.is_nil(values)
      assert.equal("data", code, message)
      assert.is_true(#model.diagnostics > 0)
      model:close()
    end
  end)

  it("with more dims than anyone needs do no harm", function()
    local dims = {}
    local rank = scale(5000)
    for i = 1, rank do dims[i] = 1 end
    local model, w = load(wire.tensor("w", "float32", dims, "\0\0\128\63"))
    assert.equal(rank, w.rank)
    assert.same({1.0}, w:values())
    assert.is_true(#tostring(w) < 100000)
    model:close()
  end)
end)

describe("a flood of what is wrong", function()
  it("is counted, not kept", function()
    local tensors = {}
    local count = scale(5000)
    for i = 1, count do tensors[i] = wire.tensor("w" .. i, "float32", {-1}, "abcd") end
    local model = assert(onnxdoc.load_bytes(around{initializer = tensors}))
    assert.is_true(#model.diagnostics < 500)
    local omitted = 0
    for _, d in ipairs(model.diagnostics) do omitted = omitted + (d.omitted or 0) end
    assert.equal(count, #model.diagnostics + omitted)
    model:close()
  end)
end)
