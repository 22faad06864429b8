--- Bars: rows of them with a name before and a number behind each, and one that is cut into parts of a whole.

local canvas = require "onnxdoc.canvas"

local bars = {}

--- From one row to the next.
bars.ROW = 36

local HEIGHT, GAP, NAMES_MOST, SIZE = 24, 12, 330, 20

-- The widest of what `of` gives for rows.
local function widest(c, rows, of)
  local most = 0
  for _, row in ipairs(rows) do most = math.max(most, c:width(of(row), SIZE)) end
  return most
end

--- Rows {name, value, shown, class, note} from `top` on, between left and right; the longest bar is the largest value.
-- A row without a class has no bar: it sums up what has no row of its own.
function bars.rows(c, top, left, right, rows)
  local names, largest = {}, 0
  for i, row in ipairs(rows) do
    names[i] = c:fit(canvas.label(row.name, "tail"), NAMES_MOST, SIZE, false, "tail")
    largest = math.max(largest, row.class and row.value or 0)
  end
  local start = left + widest(c, names, function(name) return name end) + GAP
  local room = right - start - GAP - widest(c, rows, function(row) return row.shown end)
  for i, row in ipairs(rows) do
    local y, length = top + (i - 1) * bars.ROW, 0
    c:text(start - GAP, y + 25, names[i], {anchor = "end", class = row.class and "ink" or "muted"})
    if row.class then
      length = math.max(row.value / largest * room, 1)
      c:rectangle(start, y + 6, length, HEIGHT, row.class, {radius = 2, note = row.note})
    end
    c:text(start + length + GAP, y + 25, row.shown, {class = "muted"})
  end
end

-- What is written on a part: its name, where that fits.
local function name_part(c, part, x, y, width, height)
  local name = canvas.label(part.name)
  if c:width(name, 18) + 12 > width then return end
  local class = "on" .. part.class:gsub("^c", "")
  c:text(x + width / 2, y + height / 2 + 7, name, {size = 18, anchor = "middle", class = class})
end

--- One bar of parts {name, value, class, note}, which make up `total`.
function bars.stack(c, x, y, width, height, parts, total)
  local done = 0
  for _, part in ipairs(parts) do
    local from, to = x + done / total * width, x + (done + part.value) / total * width
    local thickness = to - from > 4 and to - from - 2 or to - from
    if thickness >= 0.5 then
      c:rectangle(from, y, thickness, height, part.class, {note = part.note})
      name_part(c, part, from, y, thickness, height)
    end
    done = done + part.value
  end
end

return bars
