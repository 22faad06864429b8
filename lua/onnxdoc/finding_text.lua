--- What the formats of findings say alike: where a finding is, a finding in one line, what became of a rule.

local repository = require "onnxdoc.repository"
local text = require "onnxdoc.text"

local finding_text = {}

-- Subjects that are named, and columns of one line: a name may have a megabyte.
local WHERE, LINE = 3, 2000

--- "at Relu 'a', Relu 'b' and 3 more", names as they are in the model; nil where there is no place.
function finding_text.where(finding)
  local words = {}
  for _, node in ipairs(finding.nodes or {}) do
    words[#words + 1] = ("%s '%s'"):format(node.op, node.name ~= "" and node.name or node.path)
  end
  for _, kind in ipairs {"values", "tensors"} do
    for _, subject in ipairs(finding[kind] or {}) do words[#words + 1] = ("'%s'"):format(subject.name) end
  end
  local shown = math.min(#words, WHERE)
  if shown == 0 then return nil end
  local more = finding.count - shown
  return "at " .. table.concat(words, ", ", 1, shown) .. (more > 0 and (" and %s more"):format(text.count(more)) or "")
end

--- Anything as one line for people, cut where it is very long.
function finding_text.line(s) return text.truncate(text.printable(s), LINE) end

--- A finding in one line: what it says, and where that is.
function finding_text.message(finding)
  local place = finding_text.where(finding)
  return finding_text.line(finding.message) .. (place and (" (%s)"):format(finding_text.line(place)) or "")
end

--- What is to be said of a rule that did not decide, failed or found more than is kept; nil where there is nothing.
function finding_text.outcome(outcome)
  if outcome.outcome == "undecided" then return ("cannot decide %s: %s"):format(outcome.rule, outcome.reason) end
  if outcome.outcome == "failed" then return ("rule %s failed: %s"):format(outcome.rule, outcome.reason) end
  if outcome.omitted then
    return ("rule %s: %s more findings"):format(outcome.rule, text.count(outcome.omitted))
  end
end

--- Of a model that could not be read, why.
function finding_text.unread(result) return finding_text.line("cannot be read: " .. result.error.message) end

--- The repository that results are about.
function finding_text.repository(results)
  local paths = {}
  for i, result in ipairs(results) do paths[i] = result.path end
  return repository.files(paths)
end

return finding_text
