-- lua/onnxdoc/findings/gitlab.lua

local fixture = require "finding_results"
local json = require "onnxdoc.json"

local function report_of(names, suppressed, known)
  local written = fixture.written("gitlab", fixture.of(names, suppressed, known))
  return assert(json.decode(written)), written
end

describe("GitLab's Code Quality", function()
  it("is inert and the same bytes each time, with fingerprints of their own", function()
    local report, written = report_of(fixture.hostile)
    local _, again = report_of(fixture.hostile)
    assert.equal(written, again)
    fixture.assert_inert(written)
    local seen = {}
    for _, entry in ipairs(report) do
      assert.falsy(seen[entry.fingerprint])
      seen[entry.fingerprint] = true
      assert.truthy(entry.fingerprint:find("^%x+$"))
    end
    assert.equal(4 * #fixture.hostile + 1, #report)
  end)

  it("says what it is, how bad and where", function()
    local report = report_of {"a"}
    local entry = report[1]
    assert.equal("node a is here (at Add 'a')", entry.description)
    assert.equal("always", entry.check_name)
    assert.equal("critical", entry.severity)
    assert.same({path = "m/1 a.onnx", lines = {begin = 1}}, entry.location)
    local severities = {}
    for _, one in ipairs(report) do severities[#severities + 1] = one.check_name .. " " .. one.severity end
    assert.same({"always critical", "always critical", "weak minor", "broken blocker", "read blocker"}, severities)
  end)

  it("leaves out what is accepted or known, and is a list when nothing is left", function()
    local report = report_of({"a"}, "weak", "always")
    local names = {}
    for i, entry in ipairs(report) do names[i] = entry.check_name end
    assert.same({"broken", "read"}, names)
    assert.equal("[]\n", fixture.written("gitlab", {{path = "a", findings = {}, outcomes = {}}}))
  end)
end)
