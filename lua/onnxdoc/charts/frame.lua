--- What is the same around all charts: width, margins, title.

local frame = {WIDTH = 1000, LEFT = 28, RIGHT = 972}

local TOP, BOTTOM = 96, 24

--- How high a plan's picture is; c measures what is to be written.
function frame.height(c, plan) return math.ceil(TOP + plan.height(c) + BOTTOM) end

--- Draws a plan (onnxdoc.charts) with its title.
function frame.draw(c, plan)
  local most = frame.RIGHT - frame.LEFT
  c:text(frame.LEFT, 42, plan.title, {size = 25, bold = true, most = most})
  c:text(frame.LEFT, 72, plan.subtitle, {size = 18, class = "muted", most = most})
  plan.draw(c, TOP)
end

return frame
