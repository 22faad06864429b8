--- A surface that becomes a PNG image, through onnxdoc.draw.

local styles = require "onnxdoc.canvas.styles"

local Png = {}
Png.__index = Png

--- nil and a message where the module, its libraries or fonts are missing.
function Png.new(width, height)
  local ok, draw = pcall(require, "onnxdoc.draw")
  if not ok then return nil, "no PNG can be drawn here: " .. tostring(draw):match("^[^\n]*") end
  local picture, message = draw.open(width, height)
  if not picture then return nil, message end
  return setmetatable({picture = picture}, Png)
end

-- What onnxdoc.draw takes for a class.
local paints = {}
local function paint(class, radius)
  local key = radius and class .. radius or class
  if not paints[key] then
    local style = styles[class]
    paints[key] = style.stroke and {stroke = style.light, width = style.stroke, dash = style.dash}
      or {fill = style.light, opacity = style.opacity, radius = radius}
  end
  return paints[key]
end

function Png:rectangle(x, y, width, height, class, extra)
  self.picture:rectangle(x, y, width, height, paint(class, extra and extra.radius))
end

function Png:circle(x, y, radius, class) self.picture:circle(x, y, radius, paint(class)) end
function Png:line(points, class) self.picture:line(points, paint(class)) end
function Png:polygon(points, class) self.picture:polygon(points, paint(class)) end

function Png:text(_, y, s, label)
  self.picture:text(label.left, y, s, label.size, label.bold, styles[label.class].light)
end

--- The bytes of the file; nil and a message when memory is short.
function Png:finish()
  local bytes, message = self.picture:png()
  self.picture:close()
  if not bytes then return nil, message end
  return bytes
end

return Png
