--- A canvas: what charts draw on, in pixels from the upper left corner. The same calls make an SVG image, a PNG image
-- or a record of what was drawn (onnxdoc.canvas.svg, .png, .record).
--
--     local c = canvas.new(surface)
--     c:rectangle(x, y, width, height, class, {radius =, note =})     class: onnxdoc.canvas.styles
--     c:circle(x, y, radius, class, {note =})                         note: shown to who points at it in an SVG
--     c:line({x1, y1, x2, y2, …}, class), c:polygon(points, class)
--     c:text(x, y, s, {size = 20, bold =, class = "ink", anchor = "start"|"middle"|"end", most = width, keep = "tail"})
--     c:width(s, size, bold), c:fit(s, width, size, bold, keep)
--
-- y of a text is its baseline. Text that is wider than `most` is cut, with … at its end, or at its start to keep the
-- tail. Labels are names of a model: canvas.label makes any bytes a short line that can be shown.

local lettering = require "onnxdoc.canvas.lettering"
local text = require "onnxdoc.text"

local Canvas = {}
Canvas.__index = Canvas

local canvas = {}

-- Bytes of a name that are looked at, and marks above or below one letter.
local BYTES, COMBINING = 400, 2

--- A canvas on a surface, or on none, to measure only; `measure` is a function as lettering.measure gives one.
function canvas.new(surface, measure)
  return setmetatable({surface = surface, measure = measure or lettering.measure()}, Canvas)
end

-- Letters keep few of the marks that are stacked on them, which else cover the lines around.
local function without_stacks(s)
  local kept, stacked = {}, 0
  for _, code in utf8.codes(s) do
    local char = utf8.char(code)
    stacked = text.width(char) == 0 and stacked + 1 or 0
    if stacked <= COMBINING then kept[#kept + 1] = char end
  end
  return table.concat(kept)
end

--- Any bytes as one short printable line; of long ones the start, or the tail, is kept.
function canvas.label(s, keep)
  if s == "" then return "(no name)" end
  if #s > BYTES and keep == "tail" then s = "…" .. s:sub(-BYTES):gsub("^[\x80-\xbf]+", "")
  elseif #s > BYTES then s = s:sub(1, BYTES):gsub("[\xc2-\xf4][\x80-\xbf]*$", "") .. "…" end
  s = text.printable(s)
  return s:find("[\x80-\xff]") and without_stacks(s) or s
end

function Canvas:rectangle(x, y, width, height, class, extra)
  self.surface:rectangle(x, y, width, height, class, extra)
end

function Canvas:circle(x, y, radius, class, extra) self.surface:circle(x, y, radius, class, extra) end
function Canvas:line(points, class) self.surface:line(points, class) end
function Canvas:polygon(points, class) self.surface:polygon(points, class) end

function Canvas:width(s, size, bold) return (self.measure(s, size, bold)) end

-- Where the characters of s start, and where the one behind the last would.
local function starts_of(s)
  local starts = {}
  for at in utf8.codes(s) do starts[#starts + 1] = at end
  starts[#starts + 1] = #s + 1
  return starts
end

-- A tail starts where a part of the name does, when little is lost by that: "…ml.Scaler" instead of "…nnx.ml.Scaler".
local function from_part(cut)
  local rest = cut:match("^…[^./]*[./](.+)$")
  return rest and 2 * #rest >= #cut and "…" .. rest or cut
end

--- s, or as much of its start (or of its tail) as fits beside an …; "" where not even that fits.
function Canvas:fit(s, width, size, bold, keep)
  if self:width(s, size, bold) <= width then return s end
  if self:width("…", size, bold) > width then return "" end
  local starts = starts_of(s)
  local function cut(kept)
    if keep == "tail" then return "…" .. s:sub(starts[#starts - kept]) end
    return s:sub(1, starts[kept + 1] - 1) .. "…"
  end
  local low, high = 0, #starts - 1 -- `low` characters fit, `high` do not
  while high - low > 1 do
    local middle = (low + high) // 2
    if self:width(cut(middle), size, bold) <= width then low = middle else high = middle end
  end
  return keep == "tail" and from_part(cut(low)) or cut(low)
end

local shifts = {middle = 0.5, ["end"] = 1}

--- Draws a text; gives its width.
function Canvas:text(x, y, s, options)
  local size, bold = options.size or 20, options.bold or false
  if options.most then s = self:fit(s, options.most, size, bold, options.keep) end
  if s == "" then return 0 end
  local width, ascent, descent = self.measure(s, size, bold)
  self.surface:text(x, y, s, {size = size, bold = bold, class = options.class or "ink", anchor = options.anchor,
    left = x - width * (shifts[options.anchor] or 0), width = width, ascent = ascent, descent = descent})
  return width
end

return canvas
