--- Which operators the work of one run is in.

local bars = require "onnxdoc.charts.bars"
local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local ROWS = 12

local function rows_of(items, total, colours)
  local rows = {}
  for i, item in ipairs(numbers.first(items, ROWS)) do
    local number = numbers.at_least(item.fact) .. numbers.si(item.value, "FLOP")
    local shown = ("%s · %s"):format(number, numbers.percent(item.value, total))
    rows[i] = {name = item.name, value = item.value, shown = shown,
      class = not item.is_rest and colours[item.name] or nil, note = numbers.note(item.name, number, item.fact)}
  end
  return rows
end

local function alt_of(whole, items, total)
  local parts = {}
  for i = 1, math.min(#items, 3) do
    parts[i] = ("%s %s (%s)"):format(canvas.label(items[i].name), text.si(items[i].value),
      numbers.percent(items[i].value, total))
  end
  return ("%s in one run: %s."):format(whole, numbers.enumerate(parts))
end

return function(facts, colours)
  local cost = facts.cost
  local items, total = numbers.items(cost and cost.by_operator, "op", "flops")
  if #items == 0 then return nil end
  local rows = rows_of(items, total, colours)
  local whole = numbers.at_least(cost.flops) .. numbers.si(numbers.value(cost.flops) or total, "FLOP")
  return {
    title = "FLOPs Distribution",
    subtitle = numbers.joined(whole .. " in one run", numbers.at(cost.flops)),
    alt = alt_of(whole, items, total), height = function() return #rows * bars.ROW end,
    draw = function(c, top) bars.rows(c, top, frame.LEFT, frame.RIGHT, rows) end,
  }
end
