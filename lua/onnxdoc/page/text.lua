--- Pages for a terminal: bold headings, what belongs to them indented, tables in columns with bars. page.lua says
-- what the functions are for.

local columns = require "onnxdoc.columns"
local text = require "onnxdoc.text"

local INDENT, BAR = "  ", 10
local SHARE = #"100.0% " + BAR -- columns
local LITTLE = 1e-6 -- shows as 0.0%, with a bar

local terminal = {text = text.printable, code = text.printable}

function terminal.strong(s, writer) return writer.color and "\27[1m" .. s .. "\27[0m" or s end
function terminal.emphasis(s, writer) return writer.color and "\27[2m" .. s .. "\27[0m" or s end
function terminal.fact(s) return s end
function terminal.cite() return "" end

local eighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

--- A bar of at most `cells` columns for a part of one; what is not nothing shows at least an eighth of one.
function terminal.bar(x, cells)
  local parts = math.floor(math.min(math.max(x, 0), 1) * cells * 8 + 0.5)
  if parts == 0 and x > 0 then parts = 1 end
  return ("█"):rep(parts // 8) .. eighths[parts % 8 + 1]
end

local function share(x, cells)
  return text.pad(("%.1f%%"):format(100 * x), 6, "right") .. " " .. terminal.bar(x, cells)
end

function terminal.share(x) return share(x, BAR) end

local function write_lines(writer, lines, first, rest)
  for i, line in ipairs(lines) do writer.write(i == 1 and first or rest, line, "\n") end
end

-- A blank line before each block but the first behind a heading.
local function part(writer)
  if writer.started then writer.write("\n") end
  writer.started = true
end

function terminal.heading(level, s, writer)
  part(writer)
  writer.write(level > 2 and INDENT or "", terminal.strong(s, writer), "\n")
  writer.started = false
end

function terminal.paragraph(s, writer)
  part(writer)
  write_lines(writer, text.wrap(s, writer.width - #INDENT), INDENT, INDENT)
end

function terminal.list(items, writer)
  part(writer)
  for _, item in ipairs(items) do
    write_lines(writer, text.wrap(item, writer.width - 2 * #INDENT), INDENT .. "- ", INDENT .. INDENT)
  end
end

-- A cell of a column of that width. Bars are all drawn to its scale; another text that is too long is cut.
local function narrow(cell, width)
  local percent, bar = cell:match("^ *([%d.]+)%% ([█▏▎▍▌▋▊▉]*)$")
  if percent and width < SHARE then
    return share(math.max(tonumber(percent) / 100, bar ~= "" and LITTLE or 0), BAR - (SHARE - width))
  end
  return text.visible_width(cell) > width and text.truncate(cell, width) or cell
end

-- The widest column gives way until a line fits.
local function fit(rows, room)
  local widths, total = {}, 0
  for _, row in ipairs(rows) do
    for c, cell in ipairs(row) do widths[c] = math.max(widths[c] or 0, text.visible_width(cell)) end
  end
  for _, width in ipairs(widths) do total = total + width end
  local over = total + 2 * (#widths - 1) - room
  while over > 0 do
    local widest = 1
    for c, width in ipairs(widths) do widest = width > widths[widest] and c or widest end
    if widths[widest] <= 8 then break end
    widths[widest], over = widths[widest] - 1, over - 1
  end
  for _, row in ipairs(rows) do
    for c, cell in ipairs(row) do row[c] = narrow(cell, widths[c]) end
  end
end

function terminal.table(rows, right, writer)
  part(writer)
  fit(rows, writer.width - #INDENT)
  local align = {}
  for c = 1, #rows[1] do align[c] = right[c] and "right" or "left" end
  for i, line in ipairs(columns(rows, align)) do
    writer.write(INDENT, i == 1 and terminal.emphasis(line, writer) or line, "\n")
  end
end

function terminal.block(s, writer)
  part(writer)
  for line in (text.printable_lines(s):gsub("\n+$", "") .. "\n"):gmatch("([^\n]*)\n") do
    writer.write(INDENT, text.truncate(line:gsub("\t", "    "), writer.width - #INDENT), "\n")
  end
end

-- A terminal shows no pictures, and has no use for what programs read.
function terminal.image() end
function terminal.front_matter() end

return terminal
