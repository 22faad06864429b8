-- Templates: named or given as files, confined, with clear errors.

local helpers = require "reports.helpers"

describe("onnxdoc card --template", function()
  local scratch
  setup(function()
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    for _, folder in ipairs {"config", "config/onnxdoc", "config/onnxdoc/templates"} do
      require("lfs").mkdir(scratch:path(folder))
    end
  end)
  teardown(function() scratch:remove() end)

  local function run(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" card m.onnx ' .. words)
    assert.equal(wanted or 0, code, err)
    return out, err
  end

  it("writes what the template says, in each page format", function()
    scratch:write("brief.lua", [[
      return {summary = "Two lines.", render = function(facts, page)
        page.heading(1, facts.model.name)
        page.paragraph(page.fact "cost.flops", " FLOPs, ", #facts.graph.inputs, " inputs, ",
          facts.memory.kv_cache.reason)
        page.section "operators"
      end}]])
    assert.equal("# m.onnx\n\n6<!-- cost.flops --> FLOPs, 2 inputs, no input comes out again with something added to it, "
      .. "and nothing in the model is attention\n\n### Operator Distribution\n",
      (run("--template brief.lua"):gsub("(Distribution\n).*", "%1")))
    assert.truthy(run("--template ./brief.lua --format text"):find("^m%.onnx\n  6 FLOPs"))
  end)

  it("finds the user's own by name", function()
    scratch:write("config/onnxdoc/templates/mine.lua", "return {render = function(_, page) page.write 'mine' end}")
    assert.equal("mine", (run("--template mine")))
    scratch:write("config/onnxdoc/templates/card.lua", "return {render = function(_, page) page.write 'ours' end}")
    assert.equal("ours", (run("")))
    os.remove(scratch:path("config/onnxdoc/templates/card.lua"))
  end)

  it("says so when a project's own takes a shipped one's place unasked", function()
    for _, folder in ipairs {"clone", "clone/.onnxdoc", "clone/.onnxdoc/templates"} do
      require("lfs").mkdir(scratch:path(folder))
    end
    scratch:write("clone/.onnxdoc/templates/card.lua", "return {render = function(_, page) page.write 'theirs' end}")
    local function card(words)
      local out, err, code = scratch:run('cd clone; "$onnxdoc" card ' .. words .. " ../m.onnx")
      assert.equal(0, code, err)
      return out, err
    end
    local out, err = card ""
    assert.equal("theirs", out)
    assert.truthy(err:find("^onnxdoc: md is written by the project's [^\n]*%.onnxdoc/templates/card%.lua\n$"), err)
    for _, words in ipairs {"--template card", "-q", "--format text", "--json"} do
      assert.equal("", select(2, card(words)))
    end
  end)

  it("runs confined, wherever it comes from", function()
    scratch:write("config/onnxdoc/templates/steal.lua",
      "return {render = function(_, page) page.write(tostring(io), tostring(os), tostring(require), tostring(debug)) end}")
    assert.equal("nilnilnilnil", (run("--template steal")))
    scratch:write("loop.lua", "return {render = function() while true do end end}")
    local _, err = run("--template loop.lua", 5)
    assert.truthy(err:find("loop.lua", 1, true), err)
    scratch:write("grow.lua", "return {render = function(_, page) local t = {} for i = 1, 1e9 do t[i] = {} end end}")
    run("--template grow.lua", 5)
  end)

  it("cannot change the facts or the page of others", function()
    scratch:write("twice.lua", [[
      return {render = function(facts, page)
        page.write(facts.model.name)
        facts.model.name, page.write = "changed", nil
      end}]])
    scratch:write("n.onnx", helpers.small_model())
    assert.equal("n.onnx\nm.onnx", (scratch:run([["$onnxdoc" card n.onnx m.onnx --template twice.lua]])))
  end)

  it("names the line that raises", function()
    scratch:write("bad.lua", "return {render = function(facts, page)\n  page.paragraph(facts.model.nothing.name)\nend}")
    local _, err = run("--template bad.lua", 5)
    assert.truthy(err:find("bad.lua:2: attempt to index a nil value", 1, true), err)
    scratch:write("bad.lua", "return {render = function(facts, page)\n\n  page.paragraph(facts.model.nothing)\nend}")
    _, err = run("--template bad.lua", 5)
    assert.truthy(err:find("bad.lua:3: page.paragraph, part 1 is nil", 1, true), err)
    scratch:write("bad.lua", "return {render = function(_, page)\n\n\n  page.section 'nope'\nend}")
    _, err = run("--template bad.lua", 5)
    assert.truthy(err:find("bad.lua:4: page.section: there is no section 'nope'", 1, true), err)
  end)

  it("names the file of whatever stops it, in few words", function()
    for source, message in pairs {["error(nil)"] = "nil", ["error {}"] = "table: ",
      ["local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end"] = "limit: more than 256 MiB of memory"} do
      scratch:write("bad.lua", ("return {render = function(_, page) %s end}"):format(source))
      local _, err = run("--template bad.lua", 5)
      assert.truthy(err:find("onnxdoc: bad.lua: " .. message, 1, true), err)
    end
    scratch:write("bad.lua", "return {render = function(_, page) error(('long\\n'):rep(1e5)) end}")
    local _, err = run("--template bad.lua", 5)
    assert.truthy(err:find("bad.lua:1: long\nlong", 1, true), err)
    assert.is_true(#err < 2000)
  end)

  it("leaves nothing behind when it raises", function()
    scratch:write("bad.lua", "return {render = function(_, page) page.write 'x' error 'no' end}")
    run("--template bad.lua --format md,json -o half/", 5)
    assert.is_nil(require("lfs").attributes(scratch:path("half"), "mode"))
  end)

  it("is refused where it is none", function()
    for source, message in pairs {["return 1"] = "a template returns a table, got number",
      ["return {}"] = "a template has a function 'render'", ["return {render = 1}"] = "field 'render' is a number",
      ["return {x = 1}"] = "unknown field 'x'", ["return {"] = "near <eof>", ["\27Lua"] = "bad.lua: "} do
      scratch:write("bad.lua", source)
      local _, err = run("--template bad.lua", 5)
      assert.truthy(err:find(message, 1, true), err)
    end
    local _, err = run("--template nope", 2)
    assert.truthy(err:find("there is no template 'nope'; there is 'card', 'text'", 1, true), err)
    _, err = run("--template nope.lua", 3)
    assert.truthy(err:find("nope.lua", 1, true), err)
  end)
end)
