-- What people hand over by mistake is named, with what to do.

local onnxdoc = require "onnxdoc"
local wire = require "wire"

local function refused(bytes, name)
  local model, message, code = onnxdoc.load_bytes(bytes, {name = name or "model.onnx"})
  assert.is_nil(model)
  assert.is_string(message)
  return message, code
end

local zeros = ("\0"):rep(600)
local function put(bytes, at, piece)
  return bytes:sub(1, at) .. piece .. bytes:sub(at + #piece + 1)
end

-- what, its bytes, a word the message must have
local mistakes = {
  {"a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:" .. ("ab"):rep(32) .. "\nsize 123\n",
   "git lfs"},
  {"an HTML page", "<!DOCTYPE html>\n<html><head><title>Not found</title></head></html>", "html"},
  {"an HTML page in lower case", "\n  <html lang=\"en\"><body>Sign in</body></html>", "html"},
  {"gzip", "\x1f\x8b\x08\x00\0\0\0\0\0\3" .. ("\x55"):rep(40), "gzip"},
  {"a zip archive", "PK\3\4\20\0\0\0\8\0" .. ("\x22"):rep(60), "zip"},
  {"a PyTorch zip", "PK\3\4\0\0\8\8\0\0" .. ("\0"):rep(16) .. "\16\0\0\0archive/data.pkl" .. ("\x22"):rep(60), "pytorch"},
  {"a safetensors file", string.pack("<I8", 60) .. '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}      ' .. "abcd",
   "safetensors"},
  {"a GGUF file", "GGUF\3\0\0\0" .. ("\0"):rep(40), "gguf"},
  {"an .ort file", "\x24\0\0\0ORTM" .. ("\1"):rep(60), "ort"},
  {"a TFLite file", "\x1c\0\0\0TFL3" .. ("\1"):rep(60), "tflite"},
  {"a tar archive", put(zeros, 257, "ustar\0" .. "00"), "tar"},
  {"text protobuf", 'ir_version: 8\nproducer_name: "x"\ngraph {\n  name: "g"\n}\n', "text"},
}

describe("what is no model", function()
  for _, case in ipairs(mistakes) do
    it(case[1] .. " is named", function()
      local message, code = refused(case[2])
      assert.equal("not-onnx", code, message)
      assert.truthy(message:lower():find(case[3], 1, true), message)
      assert.is_true(#message > 40, "it says what to do: " .. message)
    end)
  end

  it("zero bytes", function()
    local message, code = refused("")
    assert.equal("not-onnx", code, message)
    assert.truthy(message:lower():find("empty") or message:find("0 bytes"), message)
  end)

  it("external data, that is numbers", function()
    math.randomseed(3)
    local numbers = {}
    for i = 1, 1000 do numbers[i] = string.pack("<f", math.random() - 0.5) end
    local _, code = refused(table.concat(numbers), "model.onnx.data")
    assert.is_true(code == "not-onnx" or code == "malformed" or code == "truncated", code)
    local message = refused(zeros, "weights.bin")
    assert.truthy(message)
  end)

  it("other protobuf messages are not models", function()
    refused(wire.encode("TensorProto", wire.tensor("w", "float32", {2}, ("x"):rep(8))))
  end)

  it("JSON, PNG, PDF and a pickle", function()
    for _, bytes in ipairs{'{"nodes": []}', "\x89PNG\r\n\x1a\n" .. zeros, "%PDF-1.7\n" .. zeros, "\x80\2}q\0.", "hello\n"} do
      refused(bytes)
    end
  end)
end)

describe("paths that are no model", function()
  local scratch
  before_each(function() scratch = require("scratch").new() end)
  after_each(function() scratch:remove() end)

  it("a missing file", function()
    local model, message, code = onnxdoc.load(scratch:path("none.onnx"))
    assert.is_nil(model)
    assert.equal("missing", code)
    assert.truthy(message:find("none.onnx", 1, true))
  end)

  it("a directory", function()
    local model, message, code = onnxdoc.load(scratch.directory)
    assert.is_nil(model)
    assert.is_true(code == "io" or code == "not-onnx")
    assert.truthy(message:lower():find("directory"), message)
  end)

  it("an empty file", function()
    local model, message, code = onnxdoc.load(scratch:write("empty.onnx", ""))
    assert.is_nil(model)
    assert.equal("not-onnx", code, message)
  end)

  it("a link to itself", function()
    scratch:link("loop.onnx", "loop.onnx")
    local model, _, code = onnxdoc.load(scratch:path("loop.onnx"))
    assert.is_nil(model)
    assert.is_true(code == "io" or code == "missing", code)
  end)

  it("a FIFO that somebody writes a model to is read", function()
    local fifo = scratch:path("pipe")
    local path = scratch:write("m.onnx", wire.model{graph = {
      name = "g", node = {wire.node("Relu", {"x"}, {"y"})}, input = {wire.value("x")}, output = {wire.value("y")}}})
    assert(os.execute("mkfifo '" .. fifo .. "'"))
    assert(os.execute(("cat '%s' > '%s' &"):format(path, fifo)))
    local model, message = onnxdoc.load(fifo)
    assert(model, message)
    assert.equal(1, #model)
    model:close()
  end)

  it("a FIFO that nobody writes to is given up", function()
    local fifo = scratch:path("pipe")
    assert(os.execute("mkfifo '" .. fifo .. "'"))
    local start = os.time()
    local model, message, code = onnxdoc.load(fifo)
    assert.is_nil(model)
    assert.equal("io", code, message)
    assert.is_true(os.time() - start < 20)
  end)

  it("a name with control characters is shown escaped", function()
    local _, message = onnxdoc.load(scratch:path("a\n\27[31mb.onnx"))
    assert.is_nil(message:find("[%c]"), message)
  end)
end)

describe("a file cut short while it is open", function()
  local scratch
  before_each(function() scratch = require("scratch").new() end)
  after_each(function() scratch:remove() end)

  it("gives an error where its bytes are needed", function()
    local long = ("x"):rep(100000)
    local path = scratch:write("m.onnx", wire.model{graph = {
      name = "g", initializer = {wire.tensor("w", "uint8", {8 << 20}, ("\7"):rep(8 << 20))},
      node = {wire.node("Relu", {"w"}, {"y"}, {text = long}, {doc_string = "late"})}, output = {wire.value("y")}}})
    local model = assert(onnxdoc.load(path))
    local w = model:value("w").tensor
    assert.same({7, 7}, w:values(2))
    scratch:write("m.onnx", "short") -- truncates the same file
    local values, message, code = w:values(2, 4000001)
    assert.is_nil(values)
    assert.is_true(code == "io" or code == "truncated" or code == "data", message)
    local stats, _, stats_code = w:stats()
    assert.is_nil(stats)
    assert.is_string(stats_code)
    for node in model:nodes() do -- what is not in memory any more is absent, not a crash
      pcall(function() return node.attributes.text, node.doc, node.metadata end)
      assert.equal("Relu", node.op_type)
    end
    model:close()
  end)
end)
