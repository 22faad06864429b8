-- Contents of tensors as bytes and as hashes: tensor:bytes, tensor:hash.

local wire = require "wire"

describe("a tensor's bytes and hash", function()
  local onnxdoc
  setup(function() onnxdoc = require "onnxdoc" end)

  local function load_tensors(list)
    return assert(onnxdoc.load_bytes(wire.model {graph = {name = "g", initializer = list}}))
  end

  -- One tensor, and its model, which keeps it.
  local function tensor(dtype, dims, data, extra)
    local model = load_tensors {wire.tensor("t", dtype, dims, data, extra)}
    return model.graph.initializers[1], model
  end

  it("gives elements as raw_data has them, whichever field they stand in", function()
    assert.equal("\1\0\2\0", tensor("int16", {2}, {int32_data = {1, 2}}):bytes())
    assert.equal(string.pack("<fff", 1, -2, 0.5), tensor("float32", {3}, {float_data = {1, -2, 0.5}}):bytes())
    assert.equal(string.pack("<f", -2), tensor("float32", {3}, {float_data = {1, -2, 0.5}}):bytes(1, 2))
    assert.equal("", tensor("float32", {3}, {float_data = {1, -2, 0.5}}):bytes(4, 9))
    assert.equal("", tensor("float32", {0}, ""):bytes())
  end)

  it("gives whole bytes of small elements", function()
    local t = tensor("int4", {5}, "\x21\x43\x05")
    assert.equal("\x21\x43\x05", t:bytes())
    assert.equal("\x21\x43", t:bytes(3))
    assert.equal("\x43\x05", t:bytes(3, 3))
    assert.has_error(function() t:bytes(2, 2) end)
  end)

  it("has no bytes of strings and sparse tensors", function()
    local bytes, message, code = tensor("string", {1}, {string_data = {"a"}}):bytes()
    assert.is_nil(bytes)
    assert.truthy(message:find("no packed form", 1, true), message)
    assert.equal("data", code)
  end)

  it("hashes with XXH3", function()
    local hash, sampled = tensor("uint8", {3}, "abc"):hash()
    assert.equal("78af5f94892f3950", hash)
    assert.is_false(sampled)
    assert.equal("2d06800538d394c2", (tensor("uint8", {0}, ""):hash()))
  end)

  it("hashes the same elements alike, raw or in typed fields", function()
    local raw, typed = {}, {}
    for i = 1, 40000 do
      raw[i], typed[i] = string.pack("<i8", i * i), i * i
    end
    assert.equal((tensor("int64", {40000}, table.concat(raw)):hash()),
      (tensor("int64", {40000}, {int64_data = typed}):hash()))
    assert.equal((tensor("int64", {40000}, table.concat(raw)):hash {sample = 8192}),
      (tensor("int64", {40000}, {int64_data = typed}):hash {sample = 8192}))
  end)

  it("tells strings apart by where they end", function()
    local ab_c, a_bc = tensor("string", {2}, {string_data = {"ab", "c"}}), tensor("string", {2}, {string_data = {"a", "bc"}})
    assert.not_equal((ab_c:hash()), (a_bc:hash()))
    assert.equal((ab_c:hash()), (ab_c:hash {sample = 8192}))
  end)

  it("hashes a sample of what is larger: first and last bytes and some between", function()
    local size = 100003
    local function hash_with(at)
      local bytes = ("\0"):rep(at - 1) .. (at > 0 and "x" or "") .. ("\0"):rep(size - math.max(at, 0))
      return tensor("uint8", {size}, bytes:sub(-size)):hash {sample = 16384}
    end
    local zeros, sampled = hash_with(0)
    assert.is_true(sampled)
    for _, at in ipairs {1, 4096, size - 4095, size} do assert.not_equal(zeros, (hash_with(at)), at) end
    assert.equal(zeros, (hash_with(5000)))
    local whole, part = tensor("uint8", {16384}, ("x"):rep(16384)):hash {sample = 16384}
    assert.is_false(part)
    assert.equal(whole, (tensor("uint8", {16384}, ("x"):rep(16384)):hash()))
  end)

  it("cuts no element in two, of any width", function()
    for _, case in ipairs {{"int4", 100001, 50001}, {"complex128", 1000, 16000}, {"uint2", 77777, 19445}} do
      local hash, sampled = tensor(case[1], {case[2]}, ("\x5a"):rep(case[3])):hash {sample = 8192}
      assert.equal(16, #hash)
      assert.is_true(sampled)
    end
  end)

  it("says what is wrong", function()
    local hash, message, code = tensor("float32", {4}, "abc"):hash()
    assert.is_nil(hash)
    assert.truthy(message:find("'t'", 1, true), message)
    assert.equal("data", code)
    local t = tensor("uint8", {1}, "a")
    assert.has_error(function() t:hash {sample = 1} end, "hash: option 'sample' is 1 bytes, at least 8192 are wanted")
    assert.has_error(function() t:hash {samples = 1} end, "hash: unknown option 'samples', there is 'sample'")
    local model = load_tensors {}
    assert.is_nil(model.graph.initializers[1])
    local sparse = assert(onnxdoc.load_bytes(wire.model {graph = {name = "g", sparse_initializer = {{
      values = wire.tensor("s", "uint8", {1}, "a"), indices = wire.tensor("", "int64", {1}, {int64_data = {0}}),
      dims = {2}}}}}))
    hash, message = sparse.graph.initializers[1]:hash()
    assert.is_nil(hash)
    assert.truthy(message:find("is sparse", 1, true), message)
  end)
end)
