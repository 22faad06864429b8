-- lua/onnxdoc/findings/sarif.lua. `make check-sarif` fetches the schema; without it those specs are skipped.

local fixture = require "finding_results"
local json = require "onnxdoc.json"
local utils = require "pl.utils"

local build = (os.getenv("ONNXDOC") or "build/onnxdoc"):match("^(.*)/[^/]*$") or "build"

local function read_schema()
  local source = utils.readfile(build .. "/npm/sarif-2.1.0.schema.json")
    or utils.readfile("build/npm/sarif-2.1.0.schema.json")
  return source and assert(json.decode(source))
end

local function log_of(names, options, suppressed, known)
  local results = fixture.of(names, suppressed, known)
  local written = fixture.written("sarif", results, options)
  return assert(json.decode(written)), written
end

local function by_rule(run, id)
  local list = {}
  for _, result in ipairs(run.results) do
    if result.ruleId == id then list[#list + 1] = result end
  end
  return list
end

describe("SARIF", function()
  it("validates against the schema, whatever names are", function()
    local schema = read_schema()
    if not schema then return pending("no SARIF schema: make check-sarif fetches it") end
    local problem = require("json_schema").problem
    assert.is_nil(problem(log_of(fixture.hostile, {has_baseline = true}, "weak", "always"), schema))
    assert.is_nil(problem(log_of({}, {}), schema))
    local wrong = log_of {"a"}
    wrong.runs[1].results[1].level = "fatal"
    assert.truthy(problem(wrong, schema):find("level", 1, true))
    wrong = log_of {"a"}
    wrong.runs[1].artifacts[1].location.uri = "a b"
    assert.truthy(problem(wrong, schema):find("uri", 1, true))
  end)

  it("is inert and the same bytes each time", function()
    local log, written = log_of(fixture.hostile, {has_baseline = true}, "weak")
    local _, again = log_of(fixture.hostile, {has_baseline = true}, "weak")
    assert.equal(written, again)
    fixture.assert_inert(written)
    for _, result in ipairs(log.runs[1].results) do
      assert.falsy(result.message.text:find("](", 1, true))
      assert.falsy(result.message.text:gsub("{{", ""):gsub("}}", ""):find("[{}]"))
    end
    assert.truthy(written:find("node {{0}} {{x}} is here", 1, true))
  end)

  it("describes the rules that ran", function()
    local driver = log_of({"a"}).runs[1].tool.driver
    assert.equal("onnxdoc", driver.name)
    local rule = driver.rules[1]
    assert.equal("always", rule.id)
    assert.equal("Always", rule.name)
    assert.equal("error", rule.defaultConfiguration.level)
    assert.equal("https://example.org/a?b=c", rule.helpUri)
    assert.same({"names"}, {table.unpack(rule.properties.tags)})
    assert.equal("high", rule.properties.precision)
    assert.equal("Title, with: a comma", rule.shortDescription.text)
    assert.truthy(rule.help.text:find("Rename {{it}}, 100%.", 1, true))
    assert.truthy(rule.help.markdown:find("- <https://example.org/a?b=c>", 1, true))
    assert.falsy(rule.help.markdown:find("javascript", 1, true))
  end)

  it("says where findings are, from the repository's root on", function()
    local run = log_of({"a b"}).runs[1]
    local found = by_rule(run, "always")
    assert.equal(2, #found)
    local place = found[1].locations[1]
    assert.equal("m/1%20a%20b.onnx", place.physicalLocation.artifactLocation.uri)
    assert.equal("%SRCROOT%", place.physicalLocation.artifactLocation.uriBaseId)
    assert.truthy(place.physicalLocation.region.byteOffset > 0)
    assert.truthy(place.physicalLocation.region.byteLength > 0)
    assert.equal("a b", place.logicalLocations[1].name)
    assert.equal("node", place.logicalLocations[1].kind)
    assert.truthy(place.logicalLocations[1].fullyQualifiedName:find("a b", 1, true))
    local kinds = {}
    for i, location in ipairs(found[2].locations[1].logicalLocations) do kinds[i] = location.kind end
    assert.same({"value", "tensor"}, kinds)
    assert.equal("a b", found[1].properties.evidence.name)
    assert.truthy(found[1].partialFingerprints["onnxdocFingerprint/v1"]:find("^%x+%-1$"))
    assert.equal(run.tool.driver.rules[found[1].ruleIndex + 1].id, "always")
    local weak = by_rule(run, "weak")[1]
    assert.equal("warning", weak.level)
    assert.is_nil(weak.locations[1].physicalLocation.region)
  end)

  it("marks what is accepted and what a baseline knows", function()
    local run = log_of({"a"}, {has_baseline = true}, "weak", "always").runs[1]
    local weak, always = by_rule(run, "weak")[1], by_rule(run, "always")[1]
    assert.equal("external", weak.suppressions[1].kind)
    assert.equal("a reason\\x0a::error::x", weak.suppressions[1].justification)
    assert.equal("new", weak.baselineState)
    assert.equal("unchanged", always.baselineState)
    assert.equal(0, #always.suppressions)
    assert.is_nil(by_rule(log_of({"a"}).runs[1], "weak")[1].baselineState)
  end)

  it("tells of rules that failed or could not decide, and of models that could not be read", function()
    local invocation = log_of({"a"}).runs[1].invocations[1]
    assert.is_false(invocation.executionSuccessful)
    local said = {}
    for i, note in ipairs(invocation.toolExecutionNotifications) do said[i] = note.level .. " " .. note.message.text end
    assert.same({"error rule broken failed: a", "note cannot decide undecided: what is a",
      "error cannot be read: ends\\x0a::error::x\\x00"}, said)
    assert.equal("broken", invocation.toolExecutionNotifications[1].associatedRule.id)
    assert.equal("m/none%0A%3A%3Aerror%3A%3Ax.onnx",
      invocation.toolExecutionNotifications[3].locations[1].physicalLocation.artifactLocation.uri)
  end)

  it("has rules for what reading found", function()
    local results = {{path = "-", outcomes = {}, findings = {{rule = "read/odd", severity = "warning", category = "read",
      title = "Problem found on reading", message = "odd", count = 1, fingerprint = "0-1"}}}}
    local run = assert(json.decode(fixture.written("sarif", results))).runs[1]
    local result = run.results[1]
    assert.equal("read/odd", run.tool.driver.rules[result.ruleIndex + 1].id)
    assert.is_nil(result.locations)
    assert.is_true(run.invocations[1].executionSuccessful)
    assert.equal("standard input", run.artifacts[1].description.text)
  end)
end)
