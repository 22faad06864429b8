--- What may be wrong with the model.

local text = require "onnxdoc.text"

local risks = {}

local FINDINGS, PLACES = 30, 3

local function places(page, finding)
  local cell = {}
  for _, kind in ipairs {"nodes", "values", "tensors"} do
    for _, subject in ipairs(finding[kind] or {}) do
      if #cell == PLACES then break end
      cell[#cell + 1] = {#cell > 0 and ", " or "", subject.op and {subject.op, " "} or "",
        page.code(subject.name ~= "" and subject.name or subject.path or "")}
    end
  end
  if #cell == 0 then return nil end
  local more = finding.count - #cell
  return {"At ", cell, more > 0 and (" and %s more"):format(text.count(more)) or "", "."}
end

local function write_finding(page, finding)
  page.heading(3, "[", finding.severity:upper(), "] ", finding.rule)
  page.paragraph(finding.message, finding.message:find("[.!?]$") and "" or ".")
  local where = places(page, finding)
  if where then page.paragraph(where) end
  if finding.fix then page.paragraph(page.strong "Recommendation", ": ", finding.fix) end
end

-- What rules could not tell, or failed to.
local function write_checks(page, checks)
  local items = {}
  if #checks.clean > 0 then items[1] = {"Checked and clean: ", table.concat(checks.clean, ", "),
    page.cite "checks.clean"} end
  for _, entry in ipairs(checks.undecided) do items[#items + 1] = {"Cannot decide ", entry.rule, ": ", entry.reason} end
  for _, entry in ipairs(checks.failed) do items[#items + 1] = {"Rule ", entry.rule, " failed: ", entry.reason} end
  page.list(items)
end

--- Findings that are not accepted, the worst first, and what was checked.
function risks.risks(page, facts)
  local shown, more = {}, 0
  for _, finding in ipairs(facts.findings) do
    if not finding.suppressed then
      if #shown < FINDINGS then shown[#shown + 1] = finding else more = more + 1 end
    end
  end
  page.heading(2, "Risk Signals")
  if #shown == 0 then page.paragraph("None found.") end
  for _, finding in ipairs(shown) do write_finding(page, finding) end
  if more > 0 then page.paragraph(("… (%d more, see onnxdoc check)"):format(more)) end
  write_checks(page, facts.checks)
end

return risks
