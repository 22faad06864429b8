-- lua/onnxdoc/rule_plan.lua: which rules run, and what is accepted, by the command line and .onnxdoc.lua

local helpers = require "reports.helpers"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"

local examples = 'examples = {fires = {""}, silent = {""}}'

describe("a plan", function()
  local scratch

  setup(function()
    scratch = helpers.new()
    scratch:mkdir("rules")
    local function write(id, fields)
      scratch:write(("rules/%s.lua"):format(id), ("return {title = 'T', %s, %s, check = function(model, report, options) "
        .. "report(model, 'found', {}) end}"):format(fields, examples))
    end
    write("cost_one", 'severity = "error", category = "cost"')
    write("cost_two", 'severity = "warning", category = "cost"')
    write("name_one", 'severity = "info", category = "naming"')
    scratch:write("rules/seen.lua", [[return {severity = "info", title = "T", ]] .. examples .. [[,
      options = {number = 3, word = "w", flag = true, list = {"a"}, limit = false},
      check = function(model, report, options)
        local list = {}
        for name, value in pairs(options) do
          list[#list + 1] = name .. "=" .. (type(value) == "table" and table.concat(value, "+") or tostring(value))
        end
        table.sort(list)
        report(model, table.concat(list, " "))
      end}]])
    scratch:write("rules/relu.lua", [[return {severity = "error", title = "T", ]] .. examples .. [[,
      check = function(model, report)
        local nodes = {}
        for node in model:nodes {op = "Relu"} do nodes[#nodes + 1] = node end
        report(nodes, "Relus")
        report(nodes[1], "the first Relu")
      end}]])
    local b = onnxdoc.build {opset = 17}
    local x = b:input("x", "float32", {2})
    local a = b:op("Relu", {b:op("Abs", {x})}, nil, {name = "left/relu[1]"})
    b:output(b:op("Relu", {a}, nil, {name = "right/relu2"}))
    assert(b:save(scratch:path("m.onnx")))
  end)
  teardown(function() scratch:remove() end)
  after_each(function() os.remove(scratch:path(".onnxdoc.lua")) end)

  local function run(words) return scratch:run("$onnxdoc check --rules rules --format json " .. words .. " m.onnx") end

  -- The rules that were run, in a row.
  local function ran(words)
    local out, err = run(words)
    assert.equal("", err)
    local ids = {}
    for i, outcome in ipairs(assert(json.decode(out)).models[1].outcomes) do ids[i] = outcome.rule end
    return table.concat(ids, " ")
  end

  local function refused(words, code, message)
    local out, err, got = run(words)
    assert.equal(code, got, message .. err)
    assert.truthy(err:find(message, 1, true), err)
    assert.equal("", out)
    assert.falsy(err:find("traceback", 1, true), err)
  end

  it("has the rules that --only names, by id, glob, category and severity, less those of --skip", function()
    assert.equal("cost_one", ran "--only cost_one")
    assert.equal("cost_one name_one", ran "--only '*_one' --skip budget*")
    assert.equal("cost_one cost_two", ran "--only cost")
    assert.equal("cost_two name_one", ran "--only cost_tw?,naming")
    assert.equal("cost_two", ran "--only cost --skip error")
    assert.equal("name_one", ran "--only '?ame_one,cost' --skip 'cost*'")
    assert.falsy(ran("--skip 'cost*'"):find("cost", 1, true))
    assert.equal(2, select(3, run "--only '[a-z]*'"))
  end)

  it("ends with exit code 2 when no rule is left", function()
    local _, err, code = run "--only nothing"
    assert.equal(2, code)
    assert.truthy(err:find("no rule is left", 1, true))
  end)

  it("takes options from --set, converted to what the default is", function()
    local function seen(words)
      local out, err = run("--only seen " .. words)
      assert.equal("", err)
      return assert(json.decode(out)).models[1].findings[1].message
    end
    assert.equal("flag=true limit=false list=a number=3 word=w", seen "")
    assert.equal("flag=false limit=50G list=b+c number=4 word=a=b.c", seen("--set seen.number=4 --set seen.flag=false "
      .. "--set seen.list=b,c --set seen.limit=50G --set seen.word=a=b.c"))
    assert.equal("flag=true limit=5 list= number=0.5 word=", seen("--set seen.number=0.5 --set seen.limit=5 "
      .. "--set seen.list= --set seen.word="))
    scratch:write(".onnxdoc.lua", "return {rules = {seen = {number = 7, limit = 'x', list = {'p', 'q'}}}}")
    assert.equal("flag=true limit=x list=p+q number=8 word=w", seen "--set seen.number=8")
  end)

  it("refuses settings that are wrong", function()
    for words, message in pairs {
      ["x"] = "RULE.OPTION=VALUE is wanted", ["seen=3"] = "RULE.OPTION=VALUE is wanted",
      ["cost_on.max=3"] = "there is no rule 'cost_on'; did you mean 'cost_one'?",
      ["seen.nunber=3"] = "rule 'seen' has no option 'nunber'; it has severity, flag, limit, list, number, word",
      ["seen.number=many"] = "a number is wanted", ["seen.flag=1"] = "a boolean is wanted",
      ["seen.severity=fatal"] = "severity is 'fatal', one of error, warning, info is wanted",
    } do
      refused(("--set '%s'"):format(words), 2, message)
      refused(("--set '%s'"):format(words), 2, "--set '" .. words .. "'")
    end
  end)

  it("asks rules whether they take their options", function()
    scratch:write("picky.lua", [[return {severity = "info", title = "T", check = function() end, options = {n = 1}, ]]
      .. examples .. [[, accepts = function(options)
        if options.n == 2 then return "n cannot be 2" elseif options.n == 3 then error("three", 0) end
      end}]])
    refused("-l picky.lua --set picky.n=2", 2, "rule 'picky': n cannot be 2")
    refused("-l picky.lua --set picky.n=3", 2, "rule 'picky': three")
    assert.equal("picky", ran "-l picky.lua --only picky --set picky.n=4")
    assert.equal("cost_one", ran "-l picky.lua --only cost_one --set picky.n=2")
  end)

  it("takes severities and leaves rules out, as .onnxdoc.lua says", function()
    scratch:write(".onnxdoc.lua", [[return {rules = {cost_one = false, cost_two = {severity = "error"}},
      skip = {"naming"}, only = {"cost", "naming"}, fail_on = "never"}]])
    assert.equal("cost_two", ran "")
    local out, _, code = run ""
    assert.equal("error", assert(json.decode(out)).models[1].findings[1].severity)
    assert.equal(0, code)
    _, _, code = run "--fail-on error"
    assert.equal(1, code)
    assert.equal("seen", ran "--only seen")
  end)

  it("refuses an .onnxdoc.lua that is wrong, naming the field", function()
    for source, message in pairs {
      ["return 3"] = ".onnxdoc.lua: returns no table", ["return {"] = ".onnxdoc.lua",
      ["os.execute('touch owned') return {}"] = "attempt to index a nil value (global 'os')",
      ["return {rules = {}, supress = {}}"] = "unknown field 'supress'; did you mean 'suppress'?",
      ["return {rules = 3}"] = "field 'rules' is a number, a table is wanted",
      ["return {[1] = 'x'}"] = "unknown field '1'", ["return {fail_on = 'sometimes'}"] = "fail_on is 'sometimes'",
      ["return {rules = {seen = 5}}"] = "rules.seen is a number, false or a table is wanted",
      ["return {rules = {sen = false}}"] = "there is no rule 'sen'",
      ["return {rules = {seen = {number = 'x'}}}"] = "option 'number' of rule 'seen' is a string, a number is wanted",
      ["return {rules = {seen = {nothing = 1}}}"] = "rule 'seen' has no option 'nothing'",
      ["return {suppress = {{rule = 'seen'}}}"] = "suppress[1]: field 'reason' is missing",
      ["return {suppress = {{rule = 'seen', reason = ''}}}"] = "suppress[1]: field 'reason' is missing",
      ["return {suppress = {{reason = 'x'}}}"] = "suppress[1]: field 'rule' is missing",
      ["return {suppress = {{rule = 'seen', reason = 'r', names = 'x'}}}"] = "did you mean 'name'?",
      ["return {suppress = {'seen'}}"] = "suppress[1]: a table is wanted",
      ["return {suppress = {{rule = 'seen', reason = 'r', match = 'Relu('}}}"] = "suppress[1]: match: ",
    } do
      scratch:write(".onnxdoc.lua", source)
      refused("", 5, message)
    end
    assert.is_nil(require("lfs").attributes(scratch:path("owned")))
  end)

  it("accepts findings with a reason: all of a rule, by the names of nodes, by a pattern", function()
    local function suppressed(entry)
      scratch:write(".onnxdoc.lua", ("return {suppress = {{reason = 'known', %s}}}"):format(entry))
      local out, err, code = run "--only relu"
      assert.equal("", err)
      local messages = {}
      for _, finding in ipairs(assert(json.decode(out)).models[1].findings) do
        if finding.suppressed == "known" then messages[#messages + 1] = finding.message end
      end
      assert.equal(#messages == 2 and 0 or 1, code)
      return table.concat(messages, ", ")
    end
    assert.equal("Relus, the first Relu", suppressed "rule = 'relu'")
    assert.equal("Relus, the first Relu", suppressed "rule = 'r*'")
    assert.equal("", suppressed "rule = 'seen'")
    assert.equal("the first Relu", suppressed "rule = 'relu', name = 'left/*'")
    assert.equal("the first Relu", suppressed "rule = 'relu', name = 'left/relu[1]'")
    assert.equal("Relus, the first Relu", suppressed "rule = 'relu', name = '*/relu*'")
    assert.equal("", suppressed "rule = 'relu', name = '?eft'")
    assert.equal("the first Relu", suppressed "rule = 'relu', match = 'Relu(Abs)'")
    assert.equal("Relus, the first Relu", suppressed "rule = 'relu', match = 'Relu'")
    assert.equal("", suppressed "rule = 'relu', match = 'Relu(Abs)', name = 'right*'")
  end)
end)
