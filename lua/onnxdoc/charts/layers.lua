--- The layers of a model in execution order, with the work and the parameters of each.

local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local PANEL, GAP, HEAD, NAMES, NUMBER = 200, 18, 34, 44, 28

-- What a name may take that is wider than its columns.
local NAME_LEAST = 80

-- What is between layers is grey.
local function class_of(part)
  if part.kind ~= "layer" then return "other" end
  return (math.tointeger(part.group) or 1) % 2 == 1 and "group1" or "group2"
end

local panels = {{"macs", "MACs"}, {"flops", "FLOPs"}, {"parameters", "Parameters"}, {"bytes", "Bytes moved"}}

local function show(field, value) return field == "bytes" and text.bytes(value) or numbers.si(value) end

-- Those of two panels that have something to show: work, and parameters.
local function panels_of(parts)
  local found = {}
  for _, panel in ipairs(panels) do
    local largest = 0
    for _, part in ipairs(parts) do largest = math.max(largest, numbers.value(part[panel[1]]) or 0) end
    if largest > 0 then found[#found + 1] = {field = panel[1], name = panel[2], largest = largest} end
    if panel[1] == "flops" and #found == 2 then found[2] = nil end
    if #found == 2 then break end
  end
  return found
end

-- Neighbours of one kind and group: {first, last, name, class}.
local function runs_of(parts)
  local runs = {}
  for i, part in ipairs(parts) do
    local run = runs[#runs]
    if run and part.kind == "layer" and run.kind == "layer" and run.group == part.group then
      run.last = i
    else
      runs[#runs + 1] = {first = i, last = i, kind = part.kind, group = part.group, class = class_of(part),
        name = canvas.label(tostring(part.name or part.kind or "?"))}
    end
  end
  for _, run in ipairs(runs) do
    if run.last > run.first then run.name = text.plural(run.last - run.first + 1, "layer") end
  end
  return runs
end

-- Where the column behind the i-th starts: on a whole pixel, since columns that meet in the middle of one show stripes.
local function place_of(i, width) return math.floor(frame.LEFT + i * width) end

-- What is written above columns: the numbers of those that differ from the one before; nil when one has no room.
local function numbers_of(c, panel, parts, width)
  local shown, before = {}, nil
  for i, part in ipairs(parts) do
    local value = numbers.value(part[panel.field])
    local number = value and numbers.at_least(part[panel.field]) .. numbers.brief(show(panel.field, value))
    if number and c:width(number, 18) > width - 2 then return nil end
    shown[i], before = number ~= before and number, number
  end
  return shown
end

local function draw_column(c, panel, part, x, base, width, most)
  local fact = part[panel.field]
  local value = numbers.value(fact) or 0
  if value == 0 then return 0 end
  local height = math.max(value / panel.largest * most, 1)
  local shown = numbers.at_least(fact) .. show(panel.field, value)
  c:rectangle(x, base - height, width, height, class_of(part),
    {note = numbers.note(tostring(part.name or part.kind), shown, fact)})
  return height
end

local function draw_panel(c, top, panel, parts, width)
  local base, shown = top + HEAD + PANEL, numbers_of(c, panel, parts, width)
  c:text(frame.LEFT, top + 20, panel.name, {bold = true})
  if not shown then
    c:text(frame.RIGHT, top + 20, "up to " .. show(panel.field, panel.largest),
      {size = 18, class = "muted", anchor = "end"})
  end
  local most, space = PANEL - (shown and NUMBER or 0), width > 6 and math.ceil(math.min(width * 0.15, 6)) or 0
  for i, part in ipairs(parts) do
    local x, right = place_of(i - 1, width), place_of(i, width)
    local height = draw_column(c, panel, part, x, base, math.max(right - x - space, 1), most)
    if shown and shown[i] then
      c:text((x + right - space) / 2, base - height - 8, shown[i], {size = 18, class = "muted", anchor = "middle"})
    end
  end
  c:line({frame.LEFT, base + 0.5, frame.RIGHT, base + 0.5}, "axis")
end

-- Below the columns: a stroke under each run, and its name where there is room for it.
local function draw_names(c, top, runs, width)
  local free = frame.LEFT
  for _, run in ipairs(runs) do
    local left, right = place_of(run.first - 1, width), place_of(run.last, width)
    c:rectangle(left, top, right - left > 4 and right - left - 2 or right - left, 5, run.class)
    local name = c:fit(run.name, math.max(right - left - 6, NAME_LEAST), 18)
    local half = c:width(name, 18) / 2
    local middle = math.min(math.max((left + right) / 2, frame.LEFT + half), frame.RIGHT - half)
    if middle - half >= free then
      c:text(middle, top + 28, name, {size = 18, anchor = "middle"})
      free = middle + half + 14
    end
  end
end

local function draw(c, top, parts, shown, runs)
  local width = (frame.RIGHT - frame.LEFT) / #parts
  for _, panel in ipairs(shown) do
    draw_panel(c, top, panel, parts, width)
    top = top + HEAD + PANEL + GAP
  end
  draw_names(c, top - GAP + 10, runs, width)
end

local function counts_text(parts)
  local layers = 0
  for _, part in ipairs(parts) do layers = layers + (part.kind == "layer" and 1 or 0) end
  return text.plural(layers, "layer") .. " that repeat, in execution order"
end

local function alt_of(parts, shown)
  local list = {}
  for i, panel in ipairs(shown) do
    list[i] = ("%s up to %s each"):format(panel.name, show(panel.field, panel.largest))
  end
  return ("%s: %s."):format(counts_text(parts), numbers.enumerate(list))
end

return function(facts)
  local parts = facts.architecture and facts.architecture.parts or {}
  local shown = panels_of(parts)
  if #shown == 0 then return nil end
  local runs = runs_of(parts)
  return {
    title = "Layers", subtitle = counts_text(parts), alt = alt_of(parts, shown),
    height = function() return #shown * (HEAD + PANEL + GAP) - GAP + NAMES end,
    draw = function(c, top) draw(c, top, parts, shown, runs) end,
  }
end
