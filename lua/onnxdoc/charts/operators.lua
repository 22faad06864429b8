--- How many nodes each operator has.

local bars = require "onnxdoc.charts.bars"
local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local ROWS = 16

local function rows_of(items, total, colours)
  local rows = {}
  for i, item in ipairs(numbers.first(items, ROWS)) do
    local shown = ("%s · %s"):format(text.count(item.value), numbers.percent(item.value, total))
    rows[i] = {name = item.name, value = item.value, shown = shown,
      class = not item.is_rest and colours[item.name] or nil, note = numbers.note(item.name, shown)}
  end
  return rows
end

local function alt_of(items, total)
  local parts = {}
  for i = 1, math.min(#items, 4) do
    parts[i] = ("%s %s"):format(canvas.label(items[i].name), text.count(items[i].value))
  end
  if #items > #parts then parts[#parts + 1] = ("%d more"):format(#items - #parts) end
  return ("%s of %s: %s."):format(text.plural(math.tointeger(total) or total, "node"),
    text.plural(#items, "operator"), numbers.enumerate(parts))
end

return function(facts, colours)
  local items, total = numbers.items(facts.graph and facts.graph.operators, "op", "count")
  if #items == 0 then return nil end
  local rows = rows_of(items, total, colours)
  return {
    title = "Operator Distribution",
    subtitle = ("%s, %s"):format(text.plural(math.tointeger(total) or total, "node"), text.plural(#items, "operator")),
    alt = alt_of(items, total), height = function() return #rows * bars.ROW end,
    draw = function(c, top) bars.rows(c, top, frame.LEFT, frame.RIGHT, rows) end,
  }
end
