-- Where user files are found, in which order, and who wins.

local helpers = require "reports.helpers"

describe("user files", function()
  local scratch
  setup(function()
    scratch = helpers.new()
    for _, folder in ipairs {"config", "config/onnxdoc", "config/onnxdoc/rules", "config/onnxdoc/reports", "project",
      "project/.git", "project/.onnxdoc", "project/.onnxdoc/rules", "project/.onnxdoc/reports", "project/sub"} do
      scratch:mkdir(folder)
    end
    scratch:write("config/onnxdoc/rules/zebra.lua", "return {}")
    scratch:write("config/onnxdoc/rules/apple.lua", "return {}")
    scratch:write("config/onnxdoc/rules/.hidden.lua", "return {}")
    scratch:write("config/onnxdoc/rules/notes.txt", "")
    scratch:write("project/.onnxdoc/rules/apple.lua", "error('must not run')")
    scratch:write("project/.onnxdoc/rules/theirs.lua", [[#!/usr/bin/env onnxdoc
      return {name = table.concat({"theirs", tostring(io), tostring(os)}, " "), check = function(m) return #m end,
        spin = function() while true do end end}]])
    local small = require("onnxdoc").build{}
    small:output(small:op("Relu", {small:input("x", "float32", {2})}), "float32", {2})
    assert(small:save(scratch:path("small.onnx")))
    scratch:write("config/onnxdoc/reports/mine.lua",
      "return {summary = 'Mine.', models = 'none', run = function() print('mine ran') return 1 end}")
    scratch:write("config/onnxdoc/reports/card.lua",
      "return {summary = 'Not the card.', models = 'none', run = function() print('replaced') end}")
    scratch:write("config/onnxdoc/reports/broken.lua", "this is no Lua")
    scratch:write("project/.onnxdoc/reports/theirs.lua",
      "print('theirs loaded') return {summary = 'x', models = 'none', run = function() print('theirs ran') end}")
    scratch:write("extra.lua",
      "return {name = 'extra', summary = 'Extra.', models = 'none', run = function() print('extra ran') end}")
    scratch:write("rule.lua", "return {check = function() end}")
  end)
  teardown(function() scratch:remove() end)

  local function listed(kind, folder)
    local out = scratch:run(([[cd %s; "$onnxdoc" -e 'for _, e in ipairs(require("onnxdoc.files").list("%s")) do
      print(e.origin, e.id, e.trusted, e.replaced_by and e.replaced_by.origin) end']]):format(folder, kind))
    local lines = {}
    for line in out:gmatch("[^\n]+") do
      if not line:find("^shipped") then lines[#lines + 1] = (line:gsub("\t", " ")) end
    end
    return lines
  end

  it("come in a stated order, and a later one wins", function()
    assert.same({"user apple true project", "user zebra true nil", "project apple false nil",
      "project theirs false nil"},
      listed("rules", "project/sub"))
  end)

  it("of a project are found only inside it", function()
    assert.same({"user apple true nil", "user zebra true nil"}, listed("rules", "."))
  end)

  it("of a project that is not trusted run confined", function()
    local out = scratch:run([[cd project; "$onnxdoc" -e 'local files = require "onnxdoc.files"
      print(files.load(files.find("rules", "apple")))
      local rule = files.load(files.find("rules", "theirs"))
      print(rule.name, rule.check(model), pcall(rule.spin))
      print(pcall(rule.check, model))
      print(files.load{kind = "reports", path = ".onnxdoc/reports/theirs.lua", origin = "project", trusted = false})' ../small.onnx]])
    local lines = {}
    for line in out:gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.truthy(lines[1]:find("^nil\t.*apple.lua:1: must not run$"), lines[1])
    assert.truthy(lines[2]:find("^theirs nil nil\t1\tfalse\tlimit: more than 50 million instructions in "), lines[2])
    assert.truthy(lines[3]:find("^false\tlimit: "), lines[3])
    assert.truthy(lines[4]:find("^nil\t.*not trusted$"), lines[4])
    assert.is_nil(lines[5])
  end)

  it("are verbs when they are reports", function()
    local out, _, code = scratch:run([["$onnxdoc" mine]])
    assert.equal("mine ran\n", out)
    assert.equal(1, code)
  end)

  it("do not replace a shipped verb", function()
    local out, err, code = scratch:run([["$onnxdoc" card]])
    assert.equal("", out)
    assert.truthy(err:find("missing argument", 1, true))
    assert.equal(2, code)
  end)

  it("of a project are no verbs, but run when named by path", function()
    local out, err, code = scratch:run([[cd project; "$onnxdoc" theirs]])
    assert.equal("", out)
    assert.truthy(err:find("'theirs' is neither a file nor a verb", 1, true))
    assert.equal(2, code)
    assert.is_nil((scratch:run([[cd project; "$onnxdoc" --help]])):find("theirs", 1, true))
    assert.equal("theirs loaded\ntheirs ran\n", (scratch:run([["$onnxdoc" project/.onnxdoc/reports/theirs.lua]])))
  end)

  it("show in --help, also one that does not load", function()
    local out, _, code = scratch:run([["$onnxdoc" --help]])
    assert.equal(0, code)
    assert.truthy(out:find("mine%s+Mine%."))
    assert.truthy(out:find("broken%s+cannot be used"))
    assert.is_nil(out:find("Not the card", 1, true))
    local _, err, failed = scratch:run([["$onnxdoc" broken]])
    assert.equal(5, failed)
    assert.truthy(err:find("broken.lua:1:", 1, true))
  end)

  it("are added by -l for a run", function()
    assert.equal("extra ran\n", (scratch:run([["$onnxdoc" -l extra.lua extra]])))
    local out = scratch:run([["$onnxdoc" -l rule.lua -e 'print(require("onnxdoc.files").find("rules", "rule").origin)']])
    assert.equal("option\n", out)
    local _, err, code = scratch:run([["$onnxdoc" -l config/onnxdoc/reports/card.lua -e '']])
    assert.equal(2, code)
    assert.truthy(err:find("cannot be replaced", 1, true))
    _, _, code = scratch:run([["$onnxdoc" -l nothing.lua -e '']])
    assert.equal(3, code)
  end)

  it("have an order that can be printed", function()
    local out = scratch:run([[cd project; "$onnxdoc" -e 'for _, l in ipairs(require("onnxdoc.files").describe()) do
      print(l) end']])
    assert.truthy(out:find("^1%. shipped\n2%. user [^\n]*/config/onnxdoc\n3%. project [^\n]*not trusted: what is loaded"))
    assert.truthy(out:find("rules/theirs  [^\n]*theirs%.lua  %(confined%)"))
  end)
end)
