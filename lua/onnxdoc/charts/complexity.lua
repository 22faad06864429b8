--- What a model is made of and what a run takes, each cut into the operators that have it.

local bars = require "onnxdoc.charts.bars"
local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local ROW, HEIGHT, GAP, LEGEND_ROW, SWATCH, LEGEND_MOST = 56, 40, 16, 34, 18, 280

-- The share from which on an operator without a colour is a part of its own.
local NAMED = 0.08

-- {name, section, list, name and number of its entries, total, how it is shown}
local metrics = {
  {"Nodes", "graph", "operators", "op", "count", "nodes_in_all_graphs", text.count},
  {"Parameters", "parameters", "by_operator", "name", "elements", "total", numbers.si},
  {"MACs", "cost", "by_operator", "op", "macs", "macs", numbers.si},
  {"FLOPs", "cost", "by_operator", "op", "flops", "flops", numbers.si},
  {"Transcendentals", "cost", "by_operator", "op", "transcendentals", "transcendentals", numbers.si},
  {"Bytes moved", "cost", "by_operator", "op", "bytes", "bytes", text.bytes},
}

-- Parts in the order of the colours, so that they stand alike in all bars; then large ones without a colour, and as one
-- part the small ones.
local function parts_of(items, sum, colours, show)
  local parts, rest, by_name = {}, 0, {}
  local function add(item)
    parts[#parts + 1] = {name = item.name, value = item.value, class = colours[item.name],
      note = numbers.note(item.name, show(item.value), item.fact)}
  end
  for _, item in ipairs(items) do by_name[item.name] = item end
  for _, name in ipairs(colours) do
    if by_name[name] then add(by_name[name]) end
  end
  for _, item in ipairs(items) do
    local has_colour = colours[item.name] ~= "other"
    if not has_colour and item.value >= NAMED * sum then add(item)
    elseif not has_colour then rest = rest + item.value end
  end
  if rest > 0 then
    parts[#parts + 1] = {name = "other", value = rest, class = "other", note = "other: " .. show(rest)}
  end
  return parts
end

local function bar_of(metric, facts, colours)
  local name, section_name, list, key, field, total_name, show = table.unpack(metric)
  local section = facts[section_name]
  local items, sum = numbers.items(section and section[list], key, field)
  if #items == 0 then return nil end
  local total = section[total_name]
  return {name = name, parts = parts_of(items, sum, colours, show), sum = sum,
    shown = numbers.at_least(total) .. show(numbers.value(total) or sum)}
end

-- Where the names of the colours stand, {name, class, x, y}, from left to right on as many lines as they need; and how
-- many lines those are.
local function legend_places(c, classes)
  local places, x, line = {}, frame.LEFT, 1
  for i, class in ipairs(classes) do
    local shown = c:fit(canvas.label(class.name, "tail"), LEGEND_MOST, 18, false, "tail")
    local width = SWATCH + 8 + c:width(shown, 18)
    if x + width > frame.RIGHT then x, line = frame.LEFT, line + 1 end
    places[i] = {name = shown, class = class.class, x = x, y = (line - 1) * LEGEND_ROW}
    x = x + width + 28
  end
  return places, line
end

local function draw_legend(c, top, classes)
  for _, place in ipairs((legend_places(c, classes))) do
    local y = top + place.y
    c:rectangle(place.x, y, SWATCH, SWATCH, place.class, {radius = 3})
    c:text(place.x + SWATCH + 8, y + 15, place.name, {size = 18})
  end
end

local function draw_bars(c, top, rows)
  local names, totals = 0, 0
  for _, row in ipairs(rows) do
    names = math.max(names, c:width(row.name, 20))
    totals = math.max(totals, c:width(row.shown, 20, true))
  end
  local left, right = frame.LEFT + names + GAP, frame.RIGHT - totals - GAP
  for i, row in ipairs(rows) do
    local y = top + (i - 1) * ROW
    c:text(left - GAP, y + 27, row.name, {anchor = "end"})
    bars.stack(c, left, y, right - left, HEIGHT, row.parts, row.sum)
    c:text(frame.RIGHT, y + 27, row.shown, {bold = true, anchor = "end"})
  end
end

-- The colours that rows have, each with its operator.
local function legend_of(rows, colours)
  local legend, has = {}, {}
  for _, row in ipairs(rows) do
    for _, part in ipairs(row.parts) do has[part.class] = true end
  end
  for _, name in ipairs(colours) do
    if has[colours[name]] then legend[#legend + 1] = {name = name, class = colours[name]} end
  end
  if has.other then legend[#legend + 1] = {name = "other", class = "other"} end
  return legend
end

return function(facts, colours)
  local rows, parts = {}, {}
  for _, metric in ipairs(metrics) do
    local row = bar_of(metric, facts, colours)
    if row then
      rows[#rows + 1] = row
      parts[#parts + 1] = ("%s %s"):format(row.name, row.shown)
    end
  end
  if #rows == 0 then return nil end
  local legend = legend_of(rows, colours)
  return {
    title = "Complexity Overview", subtitle = numbers.joined("shares of operators, and totals of one run",
      numbers.at(facts.cost and (facts.cost.flops or facts.cost.bytes))),
    alt = "Shares of operators in what the model takes: " .. table.concat(parts, ", ") .. ".",
    height = function(c) return #rows * ROW + select(2, legend_places(c, legend)) * LEGEND_ROW end,
    draw = function(c, top)
      draw_bars(c, top, rows)
      draw_legend(c, top + #rows * ROW + 8, legend)
    end,
  }
end
