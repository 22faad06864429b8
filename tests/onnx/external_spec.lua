-- External data: it must stay inside the model's directory, exist, be long enough; nothing else is opened.

local onnxdoc = require "onnxdoc"
local wire = require "wire"
local Scratch = require "scratch"
local scale = require "scale"

describe("external data", function()
  local scratch
  before_each(function() scratch = Scratch.new() end)
  after_each(function() scratch:remove() end)

  local function model_bytes(entries)
    return wire.model{graph = {
      name = "g", initializer = {wire.external("w", "float32", {2}, entries)},
      node = {wire.node("Relu", {"w"}, {"y"})}, output = {wire.value("y")}}}
  end

  local two = wire.raw("<f", {1.5, -2})

  local function load(entries, options)
    local path = scratch:write("m.onnx", model_bytes(entries))
    local model = assert(onnxdoc.load(path, options))
    return model, model:value("w").tensor
  end

  -- The data cannot be read, a diagnostic says so, and the tensor is otherwise there.
  local function unreadable(entries, pattern, options)
    local model, w = load(entries, options)
    assert.equal("w", w.name)
    assert.same({2}, w.shape)
    local values, message, code = w:values()
    assert.is_nil(values)
    assert.is_true(code == "data" or code == "missing" or code == "io", code)
    local stats = w:stats()
    assert.is_nil(stats)
    local found = false
    for _, d in ipairs(model.diagnostics) do found = found or d.message:find("w", 1, true) ~= nil end
    assert.is_true(found, "a diagnostic")
    if pattern then assert.truthy(message:find(pattern), message) end
    model:close()
    return message
  end

  it("is read from beside the model", function()
    scratch:write("w.data", "....." .. two)
    local model, w = load{location = "w.data", offset = "5", length = "8"}
    assert.same({1.5, -2.0}, w:values())
    assert.equal("external", w.storage)
    assert.equal("w.data", w.location)
    assert.equal(5, w.data_offset)
    assert.equal(8, w.data_length)
    assert.equal(13, w.file.size)
    assert.equal("w.data", model.files[1].location)
    assert.equal(0, #model.diagnostics)
    model:close()
  end)

  it("is read from a directory below, and without offset and length", function()
    scratch:mkdir("below")
    scratch:write("below/w.data", two)
    for _, location in ipairs{"below/w.data", "./below/w.data", "below//w.data"} do
      local model, w = load{location = location}
      assert.same({1.5, -2.0}, w:values(), location)
      model:close()
    end
  end)

  it("for bytes from memory is looked for where the caller says", function()
    scratch:write("w.data", two)
    local model = assert(onnxdoc.load_bytes(model_bytes{location = "w.data"}, {directory = scratch.directory}))
    assert.same({1.5, -2.0}, model:value("w").tensor:values())
    model:close()
    model = assert(onnxdoc.load_bytes(model_bytes{location = "w.data"}))
    assert.is_nil((model:value("w").tensor:values()))
    model:close()
  end)

  it("that is missing is reported", function()
    unreadable({location = "none.data"}, "none%.data")
  end)

  it("that is too short is reported with both sizes", function()
    scratch:write("w.data", "1234567")
    local message = unreadable{location = "w.data"}
    assert.truthy(message:find("7") and message:find("8"), message)
    unreadable{location = "w.data", offset = "3", length = "8"}
    unreadable{location = "w.data", offset = "8", length = "8"}
  end)

  it("whose length is not what dims need is reported", function()
    scratch:write("w.data", ("x"):rep(100))
    unreadable({location = "w.data", length = "4"}, "4")
    unreadable({location = "w.data", length = "12"}, "12")
  end)

  it("with an offset or length that overflows or is no number is reported", function()
    scratch:write("w.data", ("x"):rep(100))
    for _, number in ipairs{"18446744073709551615", "9223372036854775807", "99999999999999999999999", "-1", "1e3",
                            "0x10", "abc", " 5", "5 ", "+5", "5\0" .. "6"} do
      unreadable{location = "w.data", offset = number, length = "8"}
    end
    for _, number in ipairs{"18446744073709551615", "-8", "eight"} do
      unreadable{location = "w.data", offset = "4", length = number}
    end
  end)

  it("outside the model's directory is refused, however it is spelled", function()
    local outside = Scratch.new()
    outside:write("w.data", two)
    local name = outside.directory:match("[^/]+$")
    scratch:mkdir("below")
    for _, location in ipairs{outside.directory .. "/w.data", "../" .. name .. "/w.data", "below/../../" .. name .. "/w.data",
                              "./../" .. name .. "/w.data", "below/../m.onnx", "/etc/hostname", "..", ".", "", "/", "below"} do
      unreadable{location = location}
    end
    outside:remove()
  end)

  it("outside through a symbolic link is refused", function()
    local outside = Scratch.new()
    outside:write("w.data", two)
    scratch:link(outside:path("w.data"), "link.data")
    scratch:link(outside.directory, "dir")
    unreadable{location = "link.data"}
    unreadable{location = "dir/w.data"}
    outside:remove()
  end)

  it("through a symbolic link that stays inside is read", function()
    scratch:mkdir("blobs")
    scratch:write("blobs/w", two)
    scratch:link("blobs/w", "link.data")
    local model, w = load{location = "link.data"}
    assert.same({1.5, -2.0}, w:values())
    model:close()
  end)

  it("outside is read when data_root allows it", function()
    local outside = Scratch.new()
    outside:write("w.data", two)
    scratch:link(outside:path("w.data"), "link.data")
    local model, w = load({location = "link.data"}, {data_root = outside.directory})
    assert.same({1.5, -2.0}, w:values())
    model:close()
    outside:remove()
  end)

  it("beside what a linked model leads to is read, as download caches keep them", function()
    scratch:mkdir("blobs")
    scratch:mkdir("snapshot")
    scratch:write("blobs/aaaa", model_bytes{location = "w.data"})
    scratch:write("blobs/w.data", two)
    scratch:link("../blobs/aaaa", "snapshot/model.onnx")
    local model = assert(onnxdoc.load(scratch:path("snapshot/model.onnx")))
    assert.same({1.5, -2.0}, model:value("w").tensor:values())
    model:close()
  end)

  it("that is a FIFO or a device is not opened", function()
    assert(os.execute("mkfifo '" .. scratch:path("w.data") .. "'"))
    unreadable{location = "w.data"}
  end)

  it("with a location that holds NUL or control characters is refused and shown escaped", function()
    scratch:write("w.data", two)
    for _, location in ipairs{"w.data\0/../../etc/passwd", "a\nb", "\27[2J"} do
      local message = unreadable{location = location}
      assert.is_nil(message:find("%c"), message)
    end
  end)

  it("without a location is refused", function()
    unreadable{offset = "0", length = "8"}
    unreadable({{key = "location"}})
  end)

  it("in a string tensor is refused", function()
    scratch:write("w.data", two)
    local model = assert(onnxdoc.load(scratch:write("m.onnx", wire.model{graph = {
      name = "g", initializer = {wire.external("w", "string", {2}, {location = "w.data"})},
      node = {wire.node("Identity", {"w"}, {"y"})}, output = {wire.value("y")}}})))
    assert.is_nil((model:value("w").tensor:values()))
    model:close()
  end)

  it("removed or cut short after loading gives an error", function()
    local big = ("\0\0\128\63"):rep(1000000)
    scratch:write("w.data", big)
    local path = scratch:write("m.onnx", wire.model{graph = {
      name = "g", initializer = {wire.external("w", "float32", {1000000}, {location = "w.data"})},
      node = {wire.node("Relu", {"w"}, {"y"})}, output = {wire.value("y")}}})
    local model = assert(onnxdoc.load(path))
    local w = model:value("w").tensor
    assert.same({1.0}, w:values(1))
    scratch:write("w.data", "cut")
    local values, message, code = w:values(1, 900000)
    assert.is_nil(values)
    assert.is_string(message)
    assert.is_string(code)
    model:close()
  end)

  it("of many tensors in one file is one file", function()
    scratch:write("w.data", ("x"):rep(4000))
    local tensors = {}
    local count = scale(500)
    for i = 1, count do
      tensors[i] = wire.external("w" .. i, "float32", {2}, {location = "w.data", offset = tostring((i - 1) * 8), length = "8"})
    end
    local model = assert(onnxdoc.load(scratch:write("m.onnx", wire.model{graph = {
      name = "g", initializer = tensors, node = {wire.node("Relu", {"w1"}, {"y"})}, output = {wire.value("y")}}})))
    assert.equal(1, #model.files)
    assert.equal(0, #model.diagnostics)
    assert.equal(count, #model.graph.initializers)
    model:close()
  end)
end)
