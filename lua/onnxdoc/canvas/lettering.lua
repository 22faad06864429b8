--- How wide text is: as Pango sets it where onnxdoc.draw is there, else an estimate from the widths of DejaVu Sans.

local text = require "onnxdoc.text"

local lettering = {}

-- Thousandths of the size, from the space on; what DejaVu Sans has.
local widths = {[utf8.codepoint "·"] = 318, [utf8.codepoint "…"] = 1000, [utf8.codepoint "≥"] = 838}
do
  local code = 32
  for width in ([[318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636
    636 337 337 838 838 838 531 1000 711 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 594
    732 684 989 685 611 685 390 337 390 838 500 500 613 635 550 635 615 344 635 634 278 278 579 278 974 634 612 635
    635 394 521 392 634 592 818 592 592 525 636 337 636 838]]):gmatch "%d+" do
    widths[code], code = tonumber(width), code + 1
  end
end

-- Of one column of a terminal outside of ASCII, and how much wider bold text is.
local COLUMN, BOLD = 640, 1.14

--- Width, ascent and descent in pixels, estimated.
function lettering.estimate(s, size, bold)
  local width = 0
  for _, code in utf8.codes(text.safe(s)) do
    width = width + (widths[code] or text.width(utf8.char(code)) * COLUMN)
  end
  return width * size / 1000 * (bold and BOLD or 1), 0.93 * size, 0.24 * size
end

local function measure_of_draw()
  local ok, draw = pcall(require, "onnxdoc.draw")
  return ok and draw.measure("x", 10) and draw.measure or nil
end

--- The best function(s, size, bold) there is here.
function lettering.measure()
  lettering.best = lettering.best or measure_of_draw() or lettering.estimate
  return lettering.best
end

return lettering
