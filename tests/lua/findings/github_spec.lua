-- lua/onnxdoc/findings/github.lua

local fixture = require "finding_results"
local helpers = require "reports.helpers"
local utils = require "pl.utils"

local function lines_of(s)
  local lines = {}
  for line in s:gmatch("[^\n]*\n") do lines[#lines + 1] = line:sub(1, -2) end
  return lines
end

describe("GitHub's workflow commands", function()
  it("are one line each, whatever names are", function()
    local written = fixture.written("github", fixture.of(fixture.hostile))
    assert.equal(written, fixture.written("github", fixture.of(fixture.hostile)))
    fixture.assert_inert(written)
    local lines = lines_of(written)
    assert.equal(4 * #fixture.hostile + 1, #lines)
    for _, line in ipairs(lines) do
      local properties, message = line:match("^::%l+ (.-)::(.*)$")
      assert.truthy(properties, line)
      local count = 0
      for property in (properties .. ","):gmatch("(.-),") do
        count = count + 1
        assert.truthy(property:find("^file=[^:]*$") or property:find("^title=[^:]*$"), property)
      end
      assert.equal(2, count)
      assert.falsy(message:gsub("%%25", ""):find("%%"))
      assert.truthy(#line < 10000)
    end
  end)

  it("say the severity, the file, the title, the message and what to do", function()
    local lines = lines_of(fixture.written("github", fixture.of {"a,b%c"}))
    assert.equal("::error file=m/1 a%2Cb%25c.onnx,title=Title%2C with%3A a comma::"
      .. "node a,b%25c is here (at Add 'a,b%25c'). Rename {it}, 100%25.", lines[1])
    assert.truthy(lines[3]:find("^::warning .*::weak$"))
    assert.truthy(lines[4]:find("^::error .*title=broken::rule broken failed: a,b%%25c$"))
    assert.truthy(lines[5]:find("^::error file=m/none\\x0a%%3A%%3Aerror%%3A%%3Ax.onnx,title=cannot be read::"))
  end)

  it("leave out what is accepted or known; what is undecided is an error with --strict", function()
    assert.equal(2, #lines_of(fixture.written("github", fixture.of({"a"}, "weak", "always"))))
    local written = fixture.written("github", fixture.of {"a"}, {strict = true})
    assert.truthy(written:find("::error [^\n]*title=undecided::cannot decide undecided: what is a\n"))
  end)
end)

describe("the job's summary", function()
  local scratch

  setup(function()
    scratch = helpers.new()
    local evil = helpers.evil_model()
    scratch:write("evil.onnx", evil)
    scratch:write("r.lua", [[return {severity = "error", title = "T", examples = {fires = {"x"}, silent = {"x"}},
      check = function(model, report)
        for node in model:nodes() do report(node, "{name}", {name = node.name}) end
        for i = 1, 300 do report(model, "number {i}", {i = i}) end
      end}]])
  end)
  teardown(function() scratch:remove() end)

  it("is appended where GITHUB_STEP_SUMMARY says", function()
    scratch:write("summary.md", "before\n")
    local out, err, code = scratch:run(
      "GITHUB_STEP_SUMMARY=summary.md $onnxdoc check -l r.lua --only r --format github evil.onnx")
    assert.equal("", err)
    assert.equal(1, code)
    assert.equal(301, #lines_of(out))
    local summary = assert(utils.readfile(scratch:path("summary.md")))
    fixture.assert_inert(summary)
    local lines = lines_of(summary)
    assert.equal("before", lines[1])
    assert.equal("## onnxdoc check", lines[2])
    assert.equal("| error | r | evil.onnx | a\\`", lines[6]:sub(1, 29))
    assert.falsy(lines[6]:find("<script>", 1, true))
    local bars = select(2, lines[6]:gsub("|", ""))
    assert.equal(5, bars)
    assert.equal("101 more.", lines[#lines - 1])
  end)

  it("says that nothing was found, and what cannot be written", function()
    local _, _, code = scratch:run(
      "GITHUB_STEP_SUMMARY=clean.md $onnxdoc check --only unused_initializers --format github evil.onnx")
    assert.equal(0, code)
    local _, err, wrong = scratch:run("GITHUB_STEP_SUMMARY=/nowhere/x $onnxdoc check --format github evil.onnx")
    assert.equal(4, wrong)
    assert.truthy(err:find("cannot write /nowhere/x", 1, true))
  end)
end)
