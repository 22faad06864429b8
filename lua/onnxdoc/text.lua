--- Text for people: untrusted names made harmless for each kind of reader, numbers with units, CSV, columns.
-- A model's names are bytes chosen by somebody else. Nothing of them reaches a terminal, a Markdown page, HTML
-- or JSON except through one of the functions here. All of them take any byte string and never fail on one.

local is_plain = require("onnxdoc")._is_plain

local text = {}

-- Characters that change how the text around them looks, or cannot be seen: {first, last}, ascending.
local hidden = {
  {0x80, 0x9f},                                           -- C1 controls
  {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},           -- soft hyphen, grapheme joiner, Arabic letter mark
  {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   -- fillers, inherent vowels, Mongolian selectors
  {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   -- zero width, line separators, bidi controls
  {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   -- filler, variation selectors, byte order mark
  {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},   -- filler, interlinear marks, no characters (nor in XML)
  {0xe0000, 0xe0fff},                                     -- tags and selectors
}

-- Characters that take two columns, and none.
local wide = {
  {0x1100, 0x115e}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
  {0xfe30, 0xfe6f}, {0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
  {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
}
local combining = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
  {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}}

local function within(ranges, code)
  for _, range in ipairs(ranges) do
    if code < range[1] then return false end
    if code <= range[2] then return true end
  end
  return false
end

local function byte_escape(char) return ("\\x%02x"):format(char:byte()) end

--- Calls piece(valid, start, stop) for each stretch of s that is valid UTF-8 and each byte that is not.
local function each_stretch(s, piece)
  local start = 1
  while start <= #s do
    local length, bad = utf8.len(s, start)
    local stop = length and #s or bad - 1
    if stop >= start then piece(true, start, stop) end
    if not length then piece(false, bad, bad) end
    start = stop + (length and 1 or 2)
  end
end

local function printable_character(char)
  local code = utf8.codepoint(char)
  return within(hidden, code) and ("\\u{%04x}"):format(code) or char
end

--- For a terminal: control characters and bytes that are not UTF-8 as \x07, bidirectional and invisible
-- characters as \u{202e}; all else as it is. The result is one line.
function text.printable(s)
  if is_plain(s) then return s end
  local parts = {}
  each_stretch(s, function(valid, start, stop)
    local part = s:sub(start, stop)
    if valid then
      part = part:gsub("[\0-\x1f\x7f]", byte_escape):gsub("[\xc2-\xf4][\x80-\xbf]+", printable_character)
    else
      part = byte_escape(part)
    end
    parts[#parts + 1] = part
  end)
  return table.concat(parts)
end

--- As printable, but line ends and tabs stay: for error messages and documentation strings.
function text.printable_lines(s)
  return (s:gsub("\r\n?", "\n"):gsub("[^\n\t]+", text.printable))
end

--- Bytes that are not UTF-8 as \xff, all else as it is: what JSON and other UTF-8 formats can hold.
function text.safe(s)
  if utf8.len(s) then return s end
  local parts = {}
  each_stretch(s, function(valid, start, stop)
    local part = s:sub(start, stop)
    parts[#parts + 1] = valid and part or byte_escape(part)
  end)
  return table.concat(parts)
end

--- s as a JSON string, quotes included.
function text.json_string(s)
  if is_plain(s, '"\\') then return '"' .. s .. '"' end
  return require("dkjson").quotestring(text.safe(s))
end

--- A message about a path without the path itself, where it opens with that.
function text.reason(path, message)
  local quoted = "'" .. text.printable(path) .. "'"
  if message:sub(1, #quoted) == quoted then message = message:sub(#quoted + 1):gsub("^:?%s*", "") end
  return message
end

--- "PATH: message" for a model that cannot be read.
function text.about(path, message)
  return text.printable(path) .. ": " .. text.reason(path, message)
end

local html_entities = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;"}

--- For HTML text and quoted attribute values.
function text.html(s)
  return (text.printable(s):gsub("[&<>\"']", html_entities))
end

local function character_entity(char) return ("&#%d;"):format(char:byte()) end

--- A Markdown code span that nothing in s can end, in running text and in tables alike. A table cuts its cells at
-- | before it looks for code, so a name with one becomes an HTML element.
function text.code(s)
  if s == "" then return "*(empty)*" end
  s = text.printable(s)
  if s:find("|", 1, true) then
    return "<code>" .. s:gsub("[^%w%s\x80-\xff]", character_entity) .. "</code>"
  end
  local longest = 0
  for run in s:gmatch("`+") do longest = math.max(longest, #run) end
  local fence = ("`"):rep(longest + 1)
  local pad = (s:find("^[` ]") or s:find("[` ]$")) and " " or ""
  if s:find("^ +$") then pad = "" end
  return fence .. pad .. s .. pad .. fence
end

--- For running text in Markdown, tables included: no character of s is markup, HTML, or the start of a link. Line
-- ends become spaces.
function text.markdown(s)
  s = text.printable((s:gsub("[\r\n\t]+", " ")))
  s = s:gsub("[\\`*%[%]~#!$^@{}_]", "\\%0"):gsub("[&<>|]", character_entity)
  for _ = 1, 2 do s = s:gsub("(%w)\\_(%w)", "%1_%2") end
  s = s:gsub("://", "\\://"):gsub("[wW][wW][wW]%.", function(www) return www:sub(1, 3) .. "\\." end)
  s = s:gsub("^(%s*%d+)([.)])(%s)", "%1\\%2%3"):gsub("^(%s*%d+)([.)])$", "%1\\%2")
  return (s:gsub("^(%s*)([-+])", "%1\\%2"))
end

--- A fenced Markdown block of text.
function text.fence(s)
  s = text.printable_lines(s)
  local longest = 2
  for run in s:gmatch("`+") do longest = math.max(longest, #run) end
  local fence = ("`"):rep(longest + 1)
  return fence .. "text\n" .. s:gsub("\n+$", "") .. "\n" .. fence
end

--- The named escapers, for scripts: onnxdoc.escape.html(name).
text.escape = {printable = text.printable, markdown = text.markdown, code = text.code, html = text.html,
  json = text.json_string}

local function check_number(n, who)
  if math.type(n) == nil then
    error(("%s: a number is wanted, got %s"):format(who, type(n)), 3)
  end
end

--- n scaled by thousands: a string in this format, and the prefix. Rounding 999.999 moves on to the next.
local function scale(n, prefixes, digits)
  local index, size = 1, math.abs(n)
  while index < #prefixes and tonumber(digits:format(size)) >= 1000 do
    size, index = size / 1000, index + 1
  end
  return (n < 0 and "-" or "") .. digits:format(size), prefixes[index]
end

local function is_whole(n) return math.tointeger(n) ~= nil end

--- A size in decimal units: "544 bytes", "435.57 MB".
function text.bytes(n)
  check_number(n, "bytes")
  if math.abs(n) < 1000 and is_whole(n) then
    return ("%d byte%s"):format(n, math.abs(n) == 1 and "" or "s")
  end
  local number, prefix = scale(n, {"", "K", "M", "G", "T", "P", "E"}, "%.2f")
  return prefix == "" and number .. " bytes" or number .. " " .. prefix .. "B"
end

--- A number with an SI prefix and, when given, its unit: "108.89 M", "22.95 GFLOP", "1.50 ms". Two decimals, or so
-- many.
function text.si(n, unit, decimals)
  check_number(n, "si")
  unit = unit or ""
  local digits = ("%%.%df"):format(decimals or 2)
  if n ~= n or math.abs(n) == math.huge then return (("%s %s"):format(n, unit):gsub(" $", "")) end
  local number, prefix
  if math.abs(n) < 1000 and is_whole(n) then
    number, prefix = ("%d"):format(n), ""
  elseif math.abs(n) < 0.9995 then
    local small, index = math.abs(n), 1
    local prefixes = {"", "m", "µ", "n", "p"}
    while index < #prefixes and small < 0.9995 do small, index = small * 1000, index + 1 end
    number, prefix = (n < 0 and "-" or "") .. digits:format(small), prefixes[index]
  else
    number, prefix = scale(n, {"", "k", "M", "G", "T", "P", "E", "Z", "Y"}, digits)
  end
  local tail = prefix .. unit
  return tail == "" and number or number .. " " .. tail
end

--- A whole number with its thousands apart: "1,234,567".
function text.count(n)
  check_number(n, "count")
  local whole = math.tointeger(n)
  if not whole then return ("%.14g"):format(n) end
  local sign, digits = tostring(whole):match("^(-?)(%d+)$")
  return sign .. digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
end

--- "1 node", "1,167 nodes".
function text.plural(n, singular, plural)
  return text.count(n) .. " " .. (n == 1 and singular or plural or singular .. "s")
end

--- A number as short as it can be and still be read back as the same one.
function text.number(n)
  if math.type(n) == "integer" then return tostring(n) end
  for digits = 15, 17 do
    local written = ("%%.%dg"):format(digits):format(n)
    if tonumber(written) == n then return written end
  end
  return tostring(n)
end

local function csv_field(field)
  if field == nil then return "" end
  local kind = math.type(field)
  if kind then return kind == "integer" and field or text.number(field) end
  if type(field) ~= "string" then field = tostring(field) end
  if field ~= "" and not field:find('[,"%s]') then return field end
  if field == "" or field:find('[,"\r\n]') or field:find("^%s") or field:find("%s$") then
    return '"' .. field:gsub('"', '""') .. '"'
  end
  return field
end

--- One CSV record (RFC 4180) without its line end, from its fields or from one list of them (`n` counts trailing nils).
-- nil is an empty field, the empty string is "". Nothing else is changed.
function text.csv(...)
  local fields, count = {...}, select("#", ...)
  local list = fields[1]
  if count == 1 and type(list) == "table" and not getmetatable(list) then
    count = list.n or #list
    fields = table.move(list, 1, count, 1, {})
  end
  for i = 1, count do
    local field = fields[i]
    if field == "" or not is_plain(field, ' ,"') then fields[i] = csv_field(field) end
  end
  return table.concat(fields, ",", 1, count)
end

--- Columns that s takes on a terminal; s is printable.
function text.width(s)
  if not s:find("[\x80-\xff]") then return #s end
  local width = 0
  for _, code in utf8.codes(text.safe(s)) do
    width = width + (within(combining, code) and 0 or within(wide, code) and 2 or 1)
  end
  return width
end

--- s filled with spaces to a width in columns; align is "left" (default) or "right".
function text.pad(s, width, align)
  local fill = (" "):rep(width - text.width(s))
  return align == "right" and fill .. s or s .. fill
end

--- s cut to at most `width` columns, with … where something was cut off.
function text.truncate(s, width)
  if text.width(s) <= width then return s end
  local kept, taken = {}, 0
  for _, code in utf8.codes(text.safe(s)) do
    local char = utf8.char(code)
    taken = taken + text.width(char)
    if taken > width - 1 then break end
    kept[#kept + 1] = char
  end
  return table.concat(kept) .. "…"
end

--- Columns that s takes, escapes that only colour left out.
function text.visible_width(s) return text.width((s:gsub("\27%[%d*m", ""))) end

--- The words of s in lines of at most `width` columns; s is printable, and may be coloured. A word that is longer is
-- cut, or stays whole where `keep` says so.
function text.wrap(s, width, keep)
  local lines, line, taken = {}, {}, 0
  for word in s:gmatch("%S+") do
    local columns = text.visible_width(word)
    if columns > width and not keep then word, columns = text.truncate(word, width), width end
    if #line > 0 and taken + 1 + columns > width then
      lines[#lines + 1], line, taken = table.concat(line, " "), {}, 0
    end
    taken = taken + (#line > 0 and 1 or 0) + columns
    line[#line + 1] = word
  end
  if #line > 0 then lines[#lines + 1] = table.concat(line, " ") end
  return lines
end

return text
