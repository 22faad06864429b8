--- A surface that only notes what is drawn on it, for tests: `labels` is a list of {text, x, y, width, height}, `marks`
-- one of {kind, class, x, y, width, height}. finish gives the surface.

local Record = {}
Record.__index = Record

function Record.new(width, height, title, description)
  return setmetatable({width = width, height = height, title = title, description = description, labels = {},
    marks = {}}, Record)
end

local function add_mark(self, kind, class, x, y, width, height)
  self.marks[#self.marks + 1] = {kind = kind, class = class, x = x, y = y, width = width, height = height}
end

function Record:rectangle(x, y, width, height, class) add_mark(self, "rectangle", class, x, y, width, height) end

function Record:circle(x, y, radius, class)
  add_mark(self, "circle", class, x - radius, y - radius, 2 * radius, 2 * radius)
end

local function add_points(self, kind, points, class)
  local left, top, right, bottom = math.huge, math.huge, -math.huge, -math.huge
  for i = 1, #points, 2 do
    left, right = math.min(left, points[i]), math.max(right, points[i])
    top, bottom = math.min(top, points[i + 1]), math.max(bottom, points[i + 1])
  end
  add_mark(self, kind, class, left, top, right - left, bottom - top)
end

function Record:line(points, class) add_points(self, "line", points, class) end
function Record:polygon(points, class) add_points(self, "polygon", points, class) end

function Record:text(_, y, s, label)
  self.labels[#self.labels + 1] = {text = s, class = label.class, x = label.left, y = y - label.ascent,
    width = label.width, height = label.ascent + label.descent}
end

function Record:finish() return self end

return Record
