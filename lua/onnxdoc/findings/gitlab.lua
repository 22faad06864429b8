--- Findings as GitLab's Code Quality report: a list of those that are neither known nor accepted. Models that could not
-- be read and rules that failed are in it, too: a report without them would look clean.

local finding_text = require "onnxdoc.finding_text"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"

local severities = {error = "critical", warning = "minor", info = "info"}

local keyorder = {"description", "check_name", "fingerprint", "severity", "location", "path", "lines"}

return function(write, results)
  local places, list = finding_text.repository(results), json.array()
  -- A fingerprint is a finding's own in its model; here it has to be one in all of the report.
  local function add(result, rule, severity, description, fingerprint)
    local path = places:name(result.path)
    list[#list + 1] = {description = description, check_name = finding_text.line(rule), severity = severity,
      fingerprint = onnxdoc.sha256(table.concat({path, rule, fingerprint}, "\0")),
      location = {path = finding_text.line(path), lines = {begin = 1}}}
  end
  for _, result in ipairs(results) do
    if result.error then add(result, "read", "blocker", finding_text.unread(result), result.error.code) end
    for _, finding in ipairs(result.findings or {}) do
      if not finding.suppressed and not finding.known then
        add(result, finding.rule, severities[finding.severity] or "info", finding_text.message(finding),
          finding.fingerprint)
      end
    end
    for _, outcome in ipairs(result.outcomes or {}) do
      if outcome.outcome == "failed" then
        add(result, outcome.rule, "blocker", finding_text.line(finding_text.outcome(outcome)), "failed")
      end
    end
  end
  write(json.encode(list, {keyorder = keyorder, indent = true}), "\n")
end
