--- Tables for a terminal: columns as wide as what they hold.

local text = require "onnxdoc.text"

local GAP = "  "

local function widths_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, text.width(cell)) end
  end
  return widths
end

--- Lines of a table. Rows are lists of printable strings, the first one holds the heads; align[i] is "left"
-- (default) or "right". A column whose cells are all empty is left out.
return function(rows, align)
  local widths, lines = widths_of(rows), {}
  local empty = {}
  for i = 1, #widths do
    empty[i] = true
    for r = 2, #rows do empty[i] = empty[i] and (rows[r][i] or "") == "" end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for i = 1, #widths do
      if not empty[i] then cells[#cells + 1] = text.pad(row[i] or "", widths[i], align[i]) end
    end
    lines[r] = (table.concat(cells, GAP):gsub("%s+$", ""))
  end
  return lines
end
