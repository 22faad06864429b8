--- What is not known, and what is wrong with the file.

local text = require "onnxdoc.text"

local coverage = {}

local GAPS, PROBLEMS = 20, 5

local function gap_rows(page, facts)
  local rows = {}
  for i, gap in ipairs(facts.gaps) do
    if i > GAPS then
      rows[i] = {("… (%d more)"):format(#facts.gaps - GAPS), "", "", "", ""}
      break
    end
    rows[i] = {gap.what, gap.op, gap.reason, page.fact(("gaps.%d.count"):format(i)),
      gap.first and page.code(gap.first.name ~= "" and gap.first.name or gap.first.path) or ""}
  end
  return rows
end

--- How many nodes have shapes and costs, and why others have none.
function coverage.coverage(page, facts)
  local c = facts.coverage
  page.heading(2, "Coverage")
  local nodes = page.fact "coverage.nodes"
  page.list {
    {page.fact "coverage.shapes_known", " of ", nodes, " nodes have known shapes"},
    {page.fact "coverage.costs_known", " of ", nodes, " nodes have a counted cost"},
    {page.fact "coverage.constant", " make constants, ", page.fact "coverage.shape_arithmetic",
      " compute shapes: these cost nothing in a run"},
  }
  if #facts.gaps == 0 then return end
  page.paragraph("Totals with gaps are lower bounds and say ≥. What is missing, and why:")
  page.table({"Missing", "Operator", "Why", "Nodes", "The first"}, gap_rows(page, facts),
    {right = {false, false, false, true}})
  if c.bytes_unknown > 0 then
    page.paragraph("Nodes that move an unknown number of bytes: ", page.fact "coverage.bytes_unknown", ".")
  end
end

--- What reading the file found to be wrong with it.
function coverage.problems(page, facts)
  local items = {}
  for _, group in ipairs(facts.model.diagnostics) do
    local shown = math.min(#(group.listed or {}), PROBLEMS)
    for i = 1, shown do
      local diagnostic = group.listed[i]
      items[#items + 1] = {page.strong(group.severity), " ", page.code(group.code), ": ", diagnostic.message,
        diagnostic.offset and (" (at byte %d)"):format(diagnostic.offset) or ""}
    end
    if group.count > shown then
      items[#items + 1] = {("… (%s more of "):format(text.count(group.count - shown)), page.code(group.code), ")"}
    end
  end
  if #items == 0 then return end
  page.heading(2, "Problems Found on Reading")
  page.list(items)
end

return coverage
