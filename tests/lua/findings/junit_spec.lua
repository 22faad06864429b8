-- lua/onnxdoc/findings/junit.lua

local fixture = require "finding_results"
local xml = require "xml"

local function parsed(names, options, suppressed, known)
  local written = fixture.written("junit", fixture.of(names, suppressed, known), options)
  return xml.parse((written:gsub("^<%?.-%?>\n", ""))), written
end

-- The elements of that name; of cases the one of a rule.
local function named(elements, name, rule)
  local list = {}
  for _, element in ipairs(elements) do
    local is_wanted = not rule or element.parent and element.parent.attributes.name == rule
    if element.name == name and is_wanted then list[#list + 1] = element end
  end
  return list
end

describe("JUnit", function()
  it("is well-formed, inert and the same bytes each time, whatever names are", function()
    local elements, written = parsed(fixture.hostile)
    local _, again = parsed(fixture.hostile)
    assert.equal(written, again)
    fixture.assert_inert(written)
    assert.equal("<?xml", written:sub(1, 5))
    assert.equal(#fixture.hostile + 1, #named(elements, "testsuite"))
    for _, element in ipairs(elements) do
      assert.truthy(("testsuites testsuite testcase failure error skipped system-out"):find(element.name, 1, true))
    end
    assert.falsy(written:find("<script", 1, true))
  end)

  it("has a suite for each model and a case for each rule, and counts them", function()
    local elements = parsed {"a"}
    local suite = named(elements, "testsuite")[1].attributes
    assert.same({name = "m/1 a.onnx", tests = "6", failures = "1", errors = "1", skipped = "2"}, suite)
    assert.same({name = "onnxdoc check", tests = "7", failures = "1", errors = "2", skipped = "2"},
      elements[1].attributes)
    local failure = named(elements, "failure")[1]
    assert.equal("always", failure.parent.attributes.name)
    assert.equal("m/1 a.onnx", failure.parent.attributes.classname)
    assert.equal("node a is here (at Add 'a') and 1 more", failure.attributes.message:gsub("&#39;", "'"))
    assert.truthy(failure.text:find("Rename {it}, 100%.", 1, true))
    assert.equal("does not apply", named(elements, "skipped", "elsewhere")[1].attributes.message)
    assert.truthy(named(elements, "skipped", "undecided")[1].attributes.message:find("what is a", 1, true))
    assert.truthy(named(elements, "error", "broken")[1].attributes.message:find("rule broken failed: a", 1, true))
    assert.equal("read", named(elements, "error")[2].parent.attributes.name)
    assert.equal("truncated", named(elements, "error")[2].attributes.type)
  end)

  it("fails where the exit code is 1, and says the rest", function()
    assert.equal(0, #named(parsed({"a"}, {fail_on = "never"}), "failure"))
    assert.equal(2, #named(parsed({"a"}, {fail_on = "warning"}), "failure"))
    assert.equal(2, #named(parsed({"a"}, {strict = true}), "failure"))
    assert.equal("warning: weak", named(parsed {"a"}, "system-out", "weak")[1].text)
    local elements = parsed({"a"}, {fail_on = "info"}, "weak", "always")
    assert.equal(0, #named(elements, "failure"))
    assert.equal("accepted: a reason\\x0a::error::x: weak", named(elements, "system-out", "weak")[1].text)
    assert.truthy(named(elements, "system-out", "always")[1].text:find("^known: node a is here"))
  end)

  it("has cases for what reading found", function()
    local results = {{path = "a", outcomes = {}, findings = {{rule = "read/odd", severity = "error", message = "odd",
      count = 1}}}}
    local written = fixture.written("junit", results)
    assert.truthy(written:find('<testcase classname="a" name="read/odd"><failure message="odd" type="error">', 1, true))
  end)
end)
