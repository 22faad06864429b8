--- What is not known.

local coverage = {}

local GAPS = 20

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

return coverage
