--- A surface that becomes an SVG image. Colours are classes in its one <style>, so that the same drawing serves light
-- and dark pages; whatever a model says is escaped.

local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"
local styles = require "onnxdoc.canvas.styles"

local Svg = {}
Svg.__index = Svg

function Svg.new(width, height, title, description)
  return setmetatable({width = width, height = height, title = title, description = description, used = {},
    parts = {}}, Svg)
end

-- At most one decimal, and none that says nothing.
local function number(x) return (("%.1f"):format(x):gsub("%.0$", ""):gsub("^%-0$", "0")) end

-- An element; what is in `content` is SVG already. `note` becomes what a reader sees who points at it.
local function add(self, element, class, attributes, note, content)
  self.used[class] = true
  local inner = (note and "<title>" .. text.html(note) .. "</title>" or "") .. (content or "")
  self.parts[#self.parts + 1] = inner == "" and ('<%s class="%s" %s/>'):format(element, class, attributes)
    or ('<%s class="%s" %s>%s</%s>'):format(element, class, attributes, inner, element)
end

function Svg:rectangle(x, y, width, height, class, extra)
  local radius = extra and extra.radius and (' rx="%s"'):format(number(extra.radius)) or ""
  add(self, "rect", class, ('x="%s" y="%s" width="%s" height="%s"%s'):format(number(x), number(y), number(width),
    number(height), radius), extra and extra.note)
end

function Svg:circle(x, y, radius, class, extra)
  add(self, "circle", class, ('cx="%s" cy="%s" r="%s"'):format(number(x), number(y), number(radius)),
    extra and extra.note)
end

local function add_points(self, element, points, class)
  local list = {}
  for i = 1, #points, 2 do list[#list + 1] = number(points[i]) .. "," .. number(points[i + 1]) end
  add(self, element, class, ('points="%s"'):format(table.concat(list, " ")))
end

function Svg:line(points, class) add_points(self, "polyline", points, class) end
function Svg:polygon(points, class) add_points(self, "polygon", points, class) end

local anchors = {middle = ' text-anchor="middle"', ["end"] = ' text-anchor="end"'}

-- Characters that a reader's fonts may have wider are made to fit where they were meant to be; our own are as usual.
local function length_of(s, width)
  if not s:gsub("·", ""):gsub("…", ""):gsub("≥", ""):find("[\x80-\xff]") then return "" end
  return (' textLength="%s" lengthAdjust="spacingAndGlyphs"'):format(number(width))
end

function Svg:text(x, y, s, label)
  add(self, "text", label.class, ('x="%s" y="%s" font-size="%s"%s%s%s'):format(number(x), number(y),
    number(label.size), label.bold and ' font-weight="bold"' or "", anchors[label.anchor] or "",
    length_of(s, label.width)), nil, text.html(s))
end

local function rule(style, shade)
  local colour = ("#%06x"):format(style[shade])
  if not style.stroke then
    local opacity = style.opacity and (";fill-opacity:%s"):format(style.opacity) or ""
    return (".%s{fill:%s%s}"):format(style.name, colour, opacity)
  end
  local dash = style.dash and (";stroke-dasharray:%s"):format(style.dash) or ""
  return (".%s{fill:none;stroke:%s;stroke-width:%s%s}"):format(style.name, colour, style.stroke, dash)
end

local function sheet(used)
  local light, dark = {}, {}
  for _, style in ipairs(styles) do
    if used[style.name] then
      light[#light + 1] = rule(style, "light")
      dark[#dark + 1] = rule(style, "dark")
    end
  end
  return "<style>\nsvg{color-scheme:light dark}\ntext{font-family:'DejaVu Sans',Verdana,sans-serif}\n"
    .. table.concat(light, "\n") .. "\n@media (prefers-color-scheme:dark){\n" .. table.concat(dark, "\n")
    .. "\n}\n</style>"
end

--- The image as text.
function Svg:finish()
  return table.concat({
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">'):format(
      self.width, self.height, self.width, self.height),
    "<!-- onnxdoc " .. onnxdoc.version .. " -->",
    "<title>" .. text.html(self.title) .. "</title>",
    "<desc>" .. text.html(self.description) .. "</desc>",
    sheet(self.used),
    table.concat(self.parts, "\n"),
    "</svg>\n",
  }, "\n")
end

return Svg
