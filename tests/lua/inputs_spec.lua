-- Which models words, folders and lists mean.

require "onnxdoc"
local inputs = require "onnxdoc.inputs"
local Scratch = require "scratch"

describe("inputs.find", function()
  local scratch
  before_each(function() scratch = Scratch.new() end)
  after_each(function() scratch:remove() end)

  -- Paths without the scratch folder, and behind a path that is none the code; the notes; whether it is several.
  local function find(words, list)
    local paths = {}
    for i, word in ipairs(words) do paths[i] = word:gsub("^@", scratch.directory) end
    local found = inputs.find(paths, list and scratch:path(list))
    local shown = {}
    local function short(path) return (path:gsub(scratch.directory, "@", 1)) end
    for i, entry in ipairs(found.list) do
      shown[i] = short(entry.path) .. (entry.problem and " " .. entry.problem.code or "")
    end
    for i, note in ipairs(found.notes) do found.notes[i] = short(note) end
    return shown, found.notes, found.many
  end

  it("leaves a model as it is, there or not", function()
    local shown, _, many = find {"x.onnx"}
    assert.same({"x.onnx"}, shown)
    assert.is_false(many)
    shown, _, many = find {"x.onnx", "-", "y"}
    assert.same({"x.onnx", "-", "y"}, shown)
    assert.is_true(many)
  end)

  it("takes the models of a folder by the bytes of their paths, hidden ones too", function()
    for _, folder in ipairs {"d", "d/.h", "d/a", "d/a.onnx"} do scratch:mkdir(folder) end
    for _, name in ipairs {"d/b.onnx", "d/Z.ONNX", "d/a/x.Onnx", "d/a.onnx/y.onnx", "d/.h/h.onnx", "d/a/x.onnx.txt",
      "d/onnx", "d/.onnx"} do scratch:write(name, "") end
    local shown, _, many = find {"@/d"}
    assert.same({"@/d/.h/h.onnx", "@/d/.onnx", "@/d/Z.ONNX", "@/d/a.onnx/y.onnx", "@/d/a/x.Onnx", "@/d/b.onnx"}, shown)
    assert.is_true(many)
    assert.same(shown, (find {"@/d/"}))
  end)

  it("follows links, not in circles, and says which it passes over", function()
    scratch:mkdir("d")
    scratch:mkdir("d/sub")
    scratch:mkdir("other")
    scratch:write("other/o.onnx", "")
    scratch:write("d/sub/m.onnx", "")
    scratch:link(scratch.directory .. "/d", "d/sub/loop")
    scratch:link("sub", "d/alias")
    scratch:link("../other", "d/elsewhere")
    scratch:link("nowhere", "d/gone.onnx")
    scratch:link("self", "d/self")
    scratch:link("../other/o.onnx", "d/linked.onnx")
    local shown, notes = find {"@/d"}
    assert.same({"@/d/elsewhere/o.onnx", "@/d/gone.onnx", "@/d/linked.onnx", "@/d/sub/m.onnx"}, shown)
    assert.same({"@/d/alias: leads to a folder that is gone through already; passed over",
      "@/d/sub/loop: leads to a folder that is gone through already; passed over"}, notes)
  end)

  it("keeps what is named twice once, where it comes first", function()
    scratch:mkdir("d")
    scratch:mkdir("d/e")
    scratch:write("d/a.onnx", "")
    scratch:write("d/e/b.onnx", "")
    assert.same({"@/d/e/b.onnx", "@/d/a.onnx"}, (find {"@/d/e/b.onnx", "@/d", "@//d/./a.onnx", "@/d"}))
    assert.same({"@/d/e/b.onnx"}, (find {"@/d/e", "@/d/e/"}))
    os.remove(scratch:path("d/a.onnx"))
    assert.same({"@/d/e/b.onnx"}, (find {"@/d/e", "@/d"}))
    assert.same({"x"}, (find {"x", "./x", ".//x"}))
  end)

  it("says which folder has none, which cannot be searched, and what is no file", function()
    scratch:mkdir("empty")
    scratch:mkdir("d")
    scratch:mkdir("d/closed")
    scratch:write("d/m.onnx", "")
    os.execute("mkfifo " .. scratch:path("d/f.onnx"))
    os.execute("chmod 0 " .. scratch:path("d/closed"))
    local may_read_all = os.execute("ls " .. scratch:path("d/closed") .. " >/dev/null 2>&1")
    local shown, notes = find {"@/empty", "@/d"}
    assert.same({"@/empty missing", not may_read_all and "@/d/closed io" or "@/d/m.onnx"}, table.move(shown, 1, 2, 1, {}))
    assert.equal("@/d/m.onnx", shown[#shown])
    assert.same({"@/d/f.onnx: is a named pipe, not a file; passed over"}, notes)
    os.execute("chmod 700 " .. scratch:path("d/closed"))
  end)

  it("reads lists, of lines or behind NULs", function()
    scratch:write("lines", "a b.onnx\n\n -x\nc.onnx")
    local shown, _, many = find({"first"}, "lines")
    assert.same({"first", "a b.onnx", " -x", "c.onnx"}, shown)
    assert.is_true(many)
    scratch:write("nul", "a\nb.onnx\0c.onnx\0")
    assert.same({"a\nb.onnx", "c.onnx"}, (find({}, "nul")))
    scratch:write("none", "")
    shown, _, many = find({}, "none")
    assert.same({}, shown)
    assert.is_true(many)
  end)

  it("refuses lists that cannot be read, and standard input twice", function()
    local function refusal(...)
      local ok, problem = pcall(find, ...)
      assert.is_false(ok)
      return problem.exit_code, problem.message
    end
    local code, message = refusal({}, "nothing")
    assert.equal(3, code)
    assert.truthy(message:find("^%-%-paths .*/nothing: No such file or directory$"), message)
    assert.equal(3, (refusal({}, ".")))
    assert.equal(2, (refusal {"-", "a", "-"}))
    scratch:write("dash", "-\n")
    assert.equal(2, (refusal({"-"}, "dash")))
  end)
end)
