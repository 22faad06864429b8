--- The charts of a model card: pictures of facts, each as SVG and as PNG from the same drawing.
--
-- A chart is a file in charts/ that returns a function(facts, colours). It gives nil where the facts do not exist, else
-- a plan {title =, subtitle =, alt = a sentence with the main figures, height = function(c), draw = function(c, top)}:
-- so many pixels from `top` on, between LEFT and RIGHT of onnxdoc.charts.frame, are its own.

local canvas = require "onnxdoc.canvas"
local frame = require "onnxdoc.charts.frame"

local charts = {}

--- In the order in which a card shows them.
charts.ids = {"complexity", "operators", "parameters", "flops", "memory", "layers"}

-- Draws a plan on a new surface of a kind ("svg", "png", "record"); nil and a message where there is none.
local function render(plan, kind, measure)
  local height = frame.height(canvas.new(nil, measure), plan)
  local surface, message = require("onnxdoc.canvas." .. kind).new(frame.WIDTH, height, plan.title, plan.alt)
  if not surface then return nil, message end
  frame.draw(canvas.new(surface, measure), plan)
  return surface:finish()
end

--- The charts that a model's facts give, a list of {id, title, alt, svg = function, png = function, record = function}.
-- svg gives text, png the bytes of a file, or nil and a message where it cannot be drawn; record what a test looks at.
-- `measure` replaces how text is measured.
function charts.list(facts, measure)
  local colours, list = require("onnxdoc.charts.colours")(facts), {}
  for _, id in ipairs(charts.ids) do
    local plan = require("onnxdoc.charts." .. id)(facts, colours)
    if plan then
      local function drawn_as(kind) return function() return render(plan, kind, measure) end end
      list[#list + 1] = {id = id, title = plan.title, alt = plan.alt, svg = drawn_as "svg", png = drawn_as "png",
        record = drawn_as "record"}
    end
  end
  return list
end

return charts
