--- Where a model's parameters are: by precision, by the operator that computes with them, by module.

local bars = require "onnxdoc.charts.bars"
local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local OPERATORS, MODULES, HEAD, GAP = 6, 10, 34, 22

local function shown_of(item, total)
  return ("%s · %s"):format(numbers.si(item.value), numbers.percent(item.value, total))
end

local function rows_of(items, total, most, class_of)
  local rows = {}
  for i, item in ipairs(numbers.first(items, most)) do
    local shown = shown_of(item, total)
    rows[i] = {name = item.name, value = item.value, shown = shown, class = not item.is_rest and class_of(item) or nil,
      note = numbers.note(item.name, shown)}
  end
  return rows
end

local function precision_items(parameters)
  local list = {}
  for dtype, count in pairs(parameters.weights_by_precision or {}) do
    list[#list + 1] = {name = dtype, elements = count.elements}
  end
  return numbers.items(list, "name", "elements")
end

-- Blocks of rows with a head; lists of less than two rows say nothing that others do not.
local function blocks_of(parameters, colours)
  local blocks = {}
  local function add(head, rows, least)
    if #rows >= least then blocks[#blocks + 1] = {head = head, rows = rows} end
  end
  local items, total = numbers.items(parameters.by_operator, "name", "elements")
  add("by operator", rows_of(items, total, OPERATORS, function(item) return colours[item.name] end), 1)
  items, total = precision_items(parameters)
  add("by precision", rows_of(items, total, OPERATORS, function() return "plain" end), #blocks == 0 and 1 or 2)
  items, total = numbers.items(parameters.by_module, "name", "elements")
  add("by module", rows_of(items, total, MODULES, function() return "plain" end), 2)
  return blocks
end

local function height_of(blocks)
  local height = -GAP
  for _, block in ipairs(blocks) do height = height + HEAD + #block.rows * bars.ROW + GAP end
  return height
end

local function draw_blocks(c, top, blocks)
  for _, block in ipairs(blocks) do
    c:text(frame.LEFT, top + 20, block.head, {size = 18, class = "muted"})
    c:line({frame.LEFT, top + 29.5, frame.RIGHT, top + 29.5}, "grid")
    bars.rows(c, top + HEAD, frame.LEFT, frame.RIGHT, block.rows)
    top = top + HEAD + #block.rows * bars.ROW + GAP
  end
end

local function precision_text(parameters)
  local parts = {}
  for _, item in ipairs((precision_items(parameters))) do
    parts[#parts + 1] = ("%s %s"):format(canvas.label(item.name), numbers.si(item.value))
  end
  return table.concat(parts, ", ")
end

local function alt_of(whole, blocks)
  local parts = {}
  for i, row in ipairs(blocks[1].rows) do
    if i <= 3 then parts[i] = ("%s %s"):format(canvas.label(row.name), (row.shown:gsub(" · (.*)", " (%1)"))) end
  end
  return ("%s parameters, %s: %s."):format(whole, blocks[1].head, numbers.enumerate(parts))
end

return function(facts, colours)
  local parameters = facts.parameters
  local blocks = parameters and blocks_of(parameters, colours) or {}
  if #blocks == 0 then return nil end
  local total = numbers.value(parameters.total)
  local whole = total and numbers.at_least(parameters.total) .. numbers.si(total) or "Known"
  local weights = parameters.size and numbers.value(parameters.size.weights)
  return {
    title = "Parameter Distribution",
    subtitle = numbers.joined(whole .. " parameters", precision_text(parameters),
      weights and text.bytes(weights) .. " stored" or ""),
    alt = alt_of(whole, blocks), height = function() return height_of(blocks) end,
    draw = function(c, top) draw_blocks(c, top, blocks) end,
  }
end
