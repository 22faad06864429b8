-- reports/check.lua: exit codes, many models, rules that go wrong

local fixture = require "finding_results"
local helpers = require "reports.helpers"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"
local utils = require "pl.utils"

local head = "return {title = 'T', examples = {fires = {''}, silent = {''}}, "

local rules = {
  err = head .. "severity = 'error', check = function(m, report) report(m, 'bad') end}",
  warn = head .. "severity = 'warning', check = function(m, report) report(m, 'odd') end}",
  note = head .. "severity = 'info', check = function(m, report) report(m, 'so') end}",
  fine = head .. "severity = 'error', check = function() end}",
  dunno = head .. "severity = 'error', check = function(m, report) report.unknown('no idea') end}",
  thrower = head .. "severity = 'error', check = function(m, report) report(m, 'before') error('oh no') end}",
  thrower_of_tables = head .. "severity = 'error', check = function() error({exit_code = 0, message = 'm'}) end}",
}

local function small(path)
  local b = onnxdoc.build {opset = 17}
  b:output(b:op("Relu", {b:input("x", "float32", {2})}, nil, {name = "relu"}))
  assert(b:save(path))
end

describe("onnxdoc check", function()
  local scratch

  setup(function()
    scratch = helpers.new()
    scratch:mkdir("rules")
    for id, source in pairs(rules) do scratch:write(("rules/%s.lua"):format(id), source) end
    scratch:mkdir("models")
    small(scratch:path("models/a.onnx"))
    small(scratch:path("models/c.onnx"))
    small(scratch:path("m.onnx"))
    scratch:write("broken.onnx", "this is no model")
  end)
  teardown(function() scratch:remove() end)

  local function run(words) return scratch:run("$onnxdoc check --rules rules " .. words) end
  local function code_of(words) return (select(3, run(words))) end

  it("gives 1 when something is as bad as --fail-on says", function()
    assert.equal(1, code_of "--only err m.onnx")
    assert.equal(0, code_of "--only warn m.onnx")
    assert.equal(1, code_of "--only warn --fail-on warning m.onnx")
    assert.equal(1, code_of "--only err --fail-on warning m.onnx")
    assert.equal(0, code_of "--only note --fail-on warning m.onnx")
    assert.equal(1, code_of "--only note --fail-on info m.onnx")
    assert.equal(0, code_of "--only err --fail-on never m.onnx")
    assert.equal(0, code_of "--only fine m.onnx")
    assert.equal(0, code_of "--only dunno m.onnx")
    assert.equal(1, code_of "--only dunno --strict m.onnx")
    assert.equal(1, code_of "--only dunno --strict --fail-on never m.onnx")
  end)

  it("gives 2 for wrong usage, 3 for what cannot be read, 5 for a rule that fails; the worst counts", function()
    assert.equal(2, code_of "--fail-on fatal m.onnx")
    assert.equal(2, code_of "--format pdf m.onnx")
    assert.equal(2, code_of "--rules rules")
    assert.equal(3, code_of "--only fine broken.onnx")
    assert.equal(3, code_of "--only fine none.onnx")
    assert.equal(3, code_of "--rules nowhere --only fine m.onnx")
    assert.equal(3, code_of "--only err m.onnx broken.onnx")
    assert.equal(5, code_of "--only thrower m.onnx")
    assert.equal(5, code_of "--only thrower,err m.onnx broken.onnx")
    assert.equal(5, code_of "--only thrower --fail-on never m.onnx")
    assert.equal(4, code_of "--only err -o /dev/full m.onnx")
  end)

  it("writes the findings of the others when a model cannot be read, in every format", function()
    for _, format in ipairs {"text", "json", "sarif", "junit", "github", "gitlab"} do
      local out, err, code = run("--only err --format " .. format .. " models/a.onnx broken.onnx models/c.onnx")
      assert.equal(3, code, format)
      assert.truthy(err:find("broken.onnx", 1, true))
      for _, word in ipairs {"models/a.onnx", "models/c.onnx", "broken.onnx", "bad"} do
        assert.truthy(out:find(word, 1, true), format .. " lacks " .. word)
      end
      local again = run("--only err --jobs 1 --format " .. format .. " models/a.onnx broken.onnx models/c.onnx")
      assert.equal(out, again)
    end
  end)

  it("says what a finding is, where, and what to do", function()
    local out = run "--only err,dunno,thrower m.onnx"
    assert.equal([[
m.onnx  2 errors; 0 rules clean
  error err
    bad
  error thrower
    before
  cannot decide dunno: no idea
  rule thrower failed: rules/thrower.lua:1: oh no
]], out)
    assert.equal(out, run "--only err,dunno,thrower --color never m.onnx")
    assert.truthy(run("--only err --color always m.onnx"):find("\27[31merror\27[0m", 1, true))
  end)

  it("writes one document of all models of a folder", function()
    local out, err, code = run "--only err --format json models"
    assert.equal("", err)
    assert.equal(1, code)
    local models = assert(json.decode(out)).models
    assert.equal(2, #models)
    assert.equal("models/a.onnx", models[1].path)
    assert.equal("models/c.onnx", models[2].path)
    assert.equal("err", models[2].findings[1].rule)
  end)

  it("writes a file whole or not at all", function()
    local out, _, code = run "--only err --format sarif -o out/f.sarif m.onnx"
    assert.equal("", out)
    assert.equal(1, code)
    local path = scratch:path("out/f.sarif")
    local before = assert(utils.readfile(path))
    assert.truthy(json.decode(before))
    local _, err, failed = scratch:run("GITHUB_STEP_SUMMARY=/nowhere/x $onnxdoc check --rules rules --only err "
      .. "--format github -o out/f.sarif m.onnx")
    assert.equal(4, failed)
    assert.truthy(err:find("cannot write", 1, true))
    assert.equal(before, assert(utils.readfile(path)))
    local names = {}
    for name in require("lfs").dir(scratch:path("out")) do names[#names + 1] = name:match("^[^.].*") end
    assert.same({"f.sarif"}, names)
  end)

  it("cannot be made to start a workflow command by what a model says, on standard error neither", function()
    local wire = require "wire"
    for i, name in ipairs(fixture.hostile) do
      scratch:write(i .. ".onnx", wire.model {graph = {name = name, output = {wire.value(name, "float32", {2})},
        input = {wire.value(name, "float32", {2})}, node = {wire.node(name, {name, name .. "?"}, {name}, {[name] = 1},
        {name = name, domain = name})}}})
    end
    local bad = scratch:write("bad\n::error::x.onnx", "no model")
    local out, err = run("--only err,read,shape --fail-on never --format github [0-9]*.onnx bad*.onnx")
    assert.truthy(bad)
    for line in out:gmatch("[^\n]+") do assert.truthy(line:find("^::%l+ file=[^:]*,title=[^:]*::"), line) end
    for line in err:gmatch("[^\n]+") do
      assert.falsy(line:find("^%s*::"), line)
      assert.falsy(line:find("##[", 1, true), line)
    end
    fixture.assert_inert(out)
    fixture.assert_inert(err)
  end)
end)

describe("a rule of somebody else", function()
  local scratch, findings, files

  setup(function()
    scratch = helpers.new()
    findings, files = require "onnxdoc.findings", require "onnxdoc.files"
  end)
  teardown(function() scratch:remove() end)

  -- What becomes of a check with this body, under limits that are soon passed.
  local function outcome_of(body, models)
    local path = scratch:write("r.lua", "return {check = function(model, report) " .. body .. " end}")
    local value, message, guard = files.load_confined({path = path, origin = "project"},
      {seconds = 5, instructions = 3e6, memory = 8 * 2 ^ 20})
    assert.is_nil(message)
    local rule = setmetatable({id = "r", severity = "error", title = "T", guard = guard}, {__index = value})
    local found, outcome
    for _ = 1, models or 1 do
      local model <close> = assert(onnxdoc.parse "g (float[2] x) => (y) { y = Relu(x) }")
      found, outcome = findings.run(rule, model, {})
    end
    return outcome, found
  end

  local function failed(body, message, models)
    local outcome, found = outcome_of(body, models)
    assert.equal("failed", outcome.outcome, body)
    assert.truthy(outcome.reason:find(message, 1, true), outcome.reason)
    return found
  end

  it("fails when it throws, whatever it throws", function()
    failed("error('oh')", "oh")
    failed("error()", "nil")
    failed("error({})", "")
    failed("error({exit_code = 0, message = 'm'})", "")
    failed("error(setmetatable({}, {__tostring = function() error('again') end}))", "")
    assert.equal(1, #failed("report(model, 'before') error('oh')", "oh"))
  end)

  it("is stopped when it loops or allocates without end", function()
    failed("while true do end", "limit: more than 3 million instructions")
    failed("while true do pcall(function() while true do end end) end", "limit: ")
    failed("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100) .. i end", "limit: ")
    failed("local s = 'x' while true do s = s .. s end", "limit: ")
  end)

  it("fails when it reports nonsense", function()
    failed("report()", "message")
    failed("report(model)", "message")
    failed("report(nil, 'm')", "subject")
    failed("report(5, 'm')", "subject")
    failed("report({}, 'm')", "no subject")
    failed("report({model, 'x'}, 'm')", "subject")
    failed("report(model, {})", "message")
    failed("report(model, '{x}')", "wants a value 'x'")
    failed("report(model, '{x}', {x = {}})", "'x' is a table")
    failed("report.unknown()", "reason")
    assert.equal("clean", outcome_of("return 42, {}, report").outcome)
  end)

  it("cannot report when its check is over", function()
    failed("if kept then kept(model, 'late') end kept = function(...) report(...) end", "the rule's check is over", 2)
  end)

  it("changes nothing for others", function()
    local format = string.format
    local outcome = outcome_of([[string.format, table.insert, pairs, _G.ipairs, tostring = nil
      string.gsub = function() return "x" end
      getmetatable("").__index = nil
      _G.require, setmetatable = nil
      rawset(_G, "model", nil)]])
    assert.truthy(outcome.outcome)
    assert.equal(format, string.format)
    assert.truthy(pairs and ipairs and tostring and setmetatable and table.insert and ("x").rep)
    local next_outcome, found = outcome_of "for i, n in ipairs {1} do report(model, string.format('%d', n)) end"
    assert.equal("fired", next_outcome.outcome)
    assert.equal("1", found[1].message)
  end)

  it("may report a million findings: some are kept, all are counted", function()
    local model <close> = assert(onnxdoc.parse "g (float[2] x) => (y) { y = Relu(x) }")
    local found, outcome = findings.run({id = "r", severity = "info", title = "T", check = function(m, report)
      for i = 1, 1000000 do report(m, "number " .. i) end
    end}, model, {})
    assert.equal(1000, #found)
    assert.equal(999000, outcome.omitted)
    assert.equal("fired", outcome.outcome)
    found = findings.run({id = "r", severity = "info", title = "T", check = function(m, report)
      local node = m:nodes()()
      for _ = 1, 100000 do report(node, "the same") end
    end}, model, {})
    assert.equal(1, #found)
    assert.equal(100000, found[1].count)
    assert.equal(100, #found[1].nodes)
  end)

  it("whose file cannot be used ends the run, naming file, field and what is wanted", function()
    scratch:mkdir("rules")
    small(scratch:path("m.onnx"))
    for source, message in pairs {
      ["return 3"] = "returns a number, a table is wanted", [""] = "returns a nil, a table is wanted",
      ["return {"] = "bad.lua:1:", ["error('at once')"] = "at once",
      ["return {severity = 'error', title = 'T', examples = {}}"] = "field 'check' is missing",
      [head .. "sevrity = 'error', severity = 'error', check = print}"] = "field 'check' is missing",
      [head .. "severity = 'fatal', check = pairs}"] = "field 'severity': got 'fatal', one of error, warning, info",
      [head .. "severity = 'error', chek = 1, check = pairs}"] = "unknown field 'chek'; did you mean 'check'?",
      [head .. "severity = 'error', needs = {'luck'}, check = pairs}"] = "only shapes, costs are known",
      [head .. "severity = 'error', options = {severity = 1}, check = pairs}"] = "option 'severity'",
      ["return {title = 'T', severity = 'error', check = pairs, examples = {fires = {''}}}"] = "examples.silent",
    } do
      scratch:write("rules/bad.lua", source)
      local out, err, code = scratch:run("$onnxdoc check --rules rules m.onnx")
      assert.equal(5, code, err)
      assert.equal("", out)
      assert.truthy(err:find("rules/bad.lua", 1, true), err)
      assert.truthy(err:find(message, 1, true), err)
    end
  end)

  it("wins over a shipped one of the same id, confined", function()
    scratch:mkdir(".git")
    scratch:mkdir(".onnxdoc")
    scratch:mkdir(".onnxdoc/rules")
    scratch:write(".onnxdoc/rules/unused_initializers.lua", head .. "severity = 'info', check = function(m, report)\n"
      .. "  report(m, 'mine, os is ' .. type(os)) end}")
    local out, _, code = scratch:run("$onnxdoc check --only unused_initializers m.onnx")
    assert.equal(0, code)
    assert.truthy(out:find("mine, os is nil", 1, true), out)
  end)
end)
