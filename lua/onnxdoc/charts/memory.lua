--- What activations take while the model runs, node by node, with the peak marked.

local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"
local numbers = require "onnxdoc.charts.numbers"
local text = require "onnxdoc.text"

local HEIGHT, HEAD, FOOT, STEPS = 330, 64, 40, 6

-- Known points of the timeline, and which has the most.
local function points_of(timeline)
  local points, top = {}, 1
  for i, bytes in ipairs(timeline and timeline.bytes or {}) do
    points[i] = numbers.value(bytes) or 0
    if points[i] > points[top] then top = i end
  end
  return points, top
end

local function axis_text(bytes) return numbers.short(text.bytes(math.tointeger(bytes) or bytes)) end

-- Lines of the grid with their sizes; gives where the plot starts.
local function draw_grid(c, top, most)
  local step, left = numbers.step(most, STEPS), 0
  for i = 0, math.floor(most / step) do left = math.max(left, c:width(axis_text(i * step), 18)) end
  left = frame.LEFT + left + 12
  for i = 0, math.floor(most / step) do
    local y = math.floor(top + HEIGHT - i * step / most * HEIGHT) + 0.5
    c:line({left, y, frame.RIGHT, y}, i == 0 and "axis" or "grid")
    c:text(left - 12, y + 6, axis_text(i * step), {size = 18, class = "muted", anchor = "end"})
  end
  return left
end

-- The outline of the area: each point holds for as long as its nodes run.
local function outline_of(points, left, width, top, most)
  local outline = {}
  for i, bytes in ipairs(points) do
    local y = top + HEIGHT - bytes / most * HEIGHT
    for _, x in ipairs {left + (i - 1) * width, left + i * width} do
      outline[#outline + 1], outline[#outline + 2] = x, y
    end
  end
  return outline
end

local function draw_area(c, outline, top)
  local area = table.move(outline, 1, #outline, 1, {})
  table.move({outline[#outline - 1], top + HEIGHT, outline[1], top + HEIGHT}, 1, 4, #area + 1, area)
  c:polygon(area, "area")
  c:line(outline, "outline")
end

-- The peak: a dot, a line down to its node, and above the plot what it is.
local function draw_peak(c, x, y, top, label, place)
  local anchor = x > 500 and "end" or "start"
  local most = anchor == "end" and x - frame.LEFT or frame.RIGHT - x
  c:line({x, top - 16, x, top + HEIGHT}, "markline")
  c:circle(x, y, 5, "mark", {note = label .. place})
  c:text(x, top - HEAD + 18, label, {bold = true, anchor = anchor, most = most})
  c:text(x, top - HEAD + 42, place, {size = 18, class = "muted", anchor = anchor, most = most, keep = "tail"})
end

local function draw_foot(c, top, left, nodes)
  local y = top + HEIGHT + 28
  c:text(left, y, "first node", {size = 18, class = "muted"})
  c:text(frame.RIGHT, y, text.plural(nodes, "node") .. ", in execution order",
    {size = 18, class = "muted", anchor = "end"})
end

local function draw(c, top, plot)
  top = top + HEAD
  local most = plot.points[plot.at] * 1.02
  local left = draw_grid(c, top, most)
  local width = (frame.RIGHT - left) / #plot.points
  draw_area(c, outline_of(plot.points, left, width, top, most), top)
  draw_peak(c, left + (plot.at - 0.5) * width, top + HEIGHT - HEIGHT / 1.02, top, plot.label, plot.place)
  draw_foot(c, top, left, plot.nodes)
end

return function(facts)
  local memory = facts.memory
  local points, at = points_of(memory and memory.timeline)
  if not points[at] or points[at] <= 0 then return nil end
  local peak = numbers.value(memory.peak) or points[at]
  local node, shown = memory.at or {}, numbers.at_least(memory.peak) .. text.bytes(peak)
  local place = canvas.label(node.name and node.name ~= "" and node.name or node.path or "", "tail")
  place = (node.op and "at " .. canvas.label(node.op) or "") .. (place ~= "" and " " .. place or "")
  local nodes = numbers.value(facts.graph and facts.graph.nodes)
    or #points * (numbers.value(memory.timeline.nodes_per_point) or 1)
  local plot = {points = points, at = at, label = "Peak " .. shown, place = place, nodes = nodes}
  return {
    title = "Memory over Execution",
    subtitle = numbers.joined("activations that are alive", numbers.at(memory.peak)),
    alt = ("Activations take %s at most%s."):format(shown, place ~= "" and ", " .. place or ""),
    height = function() return HEAD + HEIGHT + FOOT end,
    draw = function(c, top) draw(c, top, plot) end,
  }
end
