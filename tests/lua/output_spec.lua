-- Files that are there whole or not at all, and where -o puts them.

require "onnxdoc"
local lfs = require "lfs"
local output = require "onnxdoc.output"
local Scratch = require "scratch"

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read("a")
  file:close()
  return bytes
end

local function names(folder)
  local found = {}
  for name in lfs.dir(folder) do
    if name ~= "." and name ~= ".." then found[#found + 1] = name end
  end
  table.sort(found)
  return found
end

describe("output.write_file", function()
  local scratch
  before_each(function() scratch = Scratch.new() end)
  after_each(function() scratch:remove() end)

  it("writes a string or what a function writes", function()
    assert.is_true(output.write_file(scratch:path("a"), "text"))
    assert.equal("text", read(scratch:path("a")))
    assert.is_true(output.write_file(scratch:path("a"), function(write) write("one ", "two") write("\n") end))
    assert.equal("one two\n", read(scratch:path("a")))
    assert.same({"a"}, names(scratch.directory))
  end)

  it("makes the folders above", function()
    assert.is_true(output.write_file(scratch:path("x/y/z.md"), "deep"))
    assert.equal("deep", read(scratch:path("x/y/z.md")))
  end)

  it("takes away the folders it made for what cannot be written", function()
    scratch:mkdir("old")
    scratch:write("old/file", "")
    local ok, message = output.write_files {{scratch:path("new/deep/a"), "text"}, {scratch:path("old/b"), "text"},
      {scratch:path("old/file/c"), "text"}}
    assert.is_nil(ok)
    assert.truthy(message:find("not a folder", 1, true), message)
    assert.same({"old"}, names(scratch.directory))
    assert.same({"file"}, names(scratch:path("old")))
  end)

  it("takes names as long as they may be", function()
    local name = ("n"):rep(255)
    assert.is_true(output.write_file(scratch:path(name), "text"))
    assert.same({name}, names(scratch.directory))
  end)

  it("leaves the old file and nothing else when the content fails", function()
    scratch:write("a", "old")
    local ok, message = pcall(output.write_file, scratch:path("a"), function(write)
      write("new")
      error({failed = true})
    end)
    assert.is_false(ok)
    assert.is_true(message.failed)
    assert.equal("old", read(scratch:path("a")))
    assert.same({"a"}, names(scratch.directory))
  end)

  it("says what stands in the way", function()
    scratch:write("file", "")
    local ok, message = output.write_file(scratch:path("file/x"), "text")
    assert.is_nil(ok)
    assert.truthy(message:find("file", 1, true))
    ok, message = output.write_file(scratch.directory, "text")
    assert.is_nil(ok)
    assert.truthy(message:find("is a folder", 1, true))
    ok, message = output.write_file("/dev/full", ("x"):rep(100000))
    assert.is_nil(ok)
    assert.equal("/dev/full: No space left on device", message)
  end)

  it("writes through a link", function()
    scratch:write("real", "old")
    scratch:link("real", "link")
    assert.is_true(output.write_file(scratch:path("link"), "new"))
    assert.equal("link", lfs.symlinkattributes(scratch:path("link"), "mode"))
    assert.equal("new", read(scratch:path("real")))
  end)
end)

describe("output.check_models", function()
  it("refuses a place that is a model, whatever it is called there", function()
    local scratch = Scratch.new()
    local model, other = scratch:write("m.onnx", "model"), scratch:write("n.onnx", "other")
    scratch:link("m.onnx", "link.md")
    output.check_models({false, scratch:path("new.md"), "/dev/null", other}, {model, "-", "missing.onnx"})
    for _, place in ipairs {model, scratch:path("./m.onnx"), scratch:path("link.md")} do
      local ok, problem = pcall(output.check_models, {false, place}, {other, model})
      assert.is_false(ok)
      assert.equal(2, problem.exit_code)
      assert.equal(("-o %s: this is the model %s itself"):format(place, model), problem.message)
    end
    scratch:remove()
  end)
end)

describe("output.place", function()
  local scratch
  setup(function() scratch = Scratch.new() end)
  teardown(function() scratch:remove() end)

  it("is standard output without a path", function()
    assert.is_nil(output.place(nil, "m.onnx", "md"))
    assert.is_nil(output.place("-", "m.onnx", "md"))
  end)

  it("is in a folder, named after the model", function()
    assert.equal(scratch.directory .. "/net.v2.md", output.place(scratch.directory, "some/net.v2.onnx", "md"))
    assert.equal("cards/net.json", output.place("cards/", "net.onnx", "json"))
    assert.equal("cards/net.md", output.place("cards", "net.onnx", "md"))
    assert.equal("cards/stdin.md", output.place("cards/", "-", "md"))
    assert.equal("cards/model.md", output.place("cards/", ".onnx", "md"))
  end)

  it("is the file itself otherwise", function()
    assert.equal("card.md", output.place("card.md", "m.onnx", "md"))
    local existing = scratch:write("existing", "")
    assert.equal(existing, output.place(existing, "m.onnx", "md"))
  end)

  it("refuses two models for one file", function()
    local ok, problem = pcall(output.places, "out/", {"a/m.onnx", "b/m.onnx"}, "md")
    assert.is_false(ok)
    assert.equal(2, problem.exit_code)
    assert.same({"out/a.md", "out/b.md"}, output.places("out/", {"a.onnx", "b.onnx"}, "md"))
  end)
end)
