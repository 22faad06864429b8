--- A page that a template writes: headings, paragraphs, lists and tables, in the format that was asked for. All strings
-- are escaped for that format; what is markup is said with the functions below, and `raw` alone passes text as it
-- is. nil raises, at the template's line: what is not known is left out by the template, not by accident.
--
--   page.heading(2, "Graph")                      page.paragraph("Made by ", page.code(facts.model.producer), ".")
--   page.list({"one", {"two ", page.strong("!")}})
--   page.table({"Name", "Count"}, {{"Relu", 3}}, {right = {false, true}})
--   page.block(text)           as it stands, in a monospaced block
--   page.image(path, alt)      page.write(…)      without any markup of its own
--   page.section("operators")  a section of the shipped card
--
-- Where a string stands, so may a number (with its thousands apart), a list of these, and what these functions give:
--
--   page.code(s)  page.strong(…)  page.emphasis(…)  page.raw(s)
--   page.fact(path [, "exact"])    the value of a fact with its unit; in Markdown, followed by a comment with its path
--   page.formula(path)             its formula; nothing where it is the same for all symbols
--   page.cite(path, …)             that comment alone, where the numbers are in a text
--   page.share(path, whole)        one fact as a part of another: "42.0%", on a terminal with a bar
--
-- Of a code longer than 200 columns, or a text longer than 1,000, only the beginning is shown: a name may be a
-- megabyte long.
--
-- `page.format` is "md" or "text". A format is a file in page/; it has a function for each of these words.

local facts_at = require("onnxdoc.facts").at
local text = require "onnxdoc.text"

local page = {}

-- ---- what a fact looks like ----

local function shown_number(fact, value, style)
  if fact.unit == "bytes" then
    if style ~= "exact" or math.abs(value) < 1000 then return text.bytes(value) end
    return ("%s (%s bytes)"):format(text.bytes(value), fact.exact or text.count(value))
  end
  if fact.unit == "FLOP/byte" then return ("%.2f"):format(value) end
  return style == "exact" and (fact.exact or text.count(value)) or text.si(value)
end

--- A fact as text: a number with its unit, "≥ " before one that is not complete, "unknown" where there is no value.
function page.shown(fact, style)
  local kind = type(fact)
  if kind == "number" then return math.type(fact) == "integer" and text.count(fact) or text.number(fact) end
  if kind ~= "table" then return tostring(fact) end
  if not fact.value then return "unknown" end
  return (fact.at_least and "≥ " or "") .. shown_number(fact, fact.value, style)
end

-- ---- inline content ----

local CODE, TEXT, BLOCK = 200, 1000, 20000 -- columns; of blocks, bytes
local DEPTH = 50 -- of lists in lists

local function cut(s, columns)
  if #s <= columns then return s end
  return text.truncate(text.printable(s:sub(1, 4 * columns)), columns)
end

local Writer = {}

-- A misuse by the template: the message begins with its file and line, wherever it is called from.
function Writer:misuse(message, ...)
  local level, where = 2, ""
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if info.source == self.source then
      where = ("%s:%d: "):format(info.short_src, info.currentline)
      break
    end
    level = level + 1
  end
  error(where .. message:format(...), 0)
end

function Writer:fact_at(path, who)
  if type(path) ~= "string" or not path:find("^[%w_.-]+$") or path:find("--", 1, true) then
    self:misuse("%s: a path such as cost.flops is wanted", who)
  end
  local fact = facts_at(self.facts, path)
  if fact == nil then self:misuse("%s: there is no fact '%s'", who, path) end
  return fact
end

local render = {}

function render:fact(inline)
  local fact = self:fact_at(inline.fact, "page.fact")
  return self.format.fact(page.shown(fact, inline.style), inline.fact, self)
end

function render:formula(inline)
  local fact = self:fact_at(inline.formula, "page.formula")
  return type(fact) == "table" and fact.formula and self.format.code(cut(fact.formula, CODE), self) or ""
end

local function value_of(fact) return type(fact) == "table" and fact.value or fact end

function render:share(inline)
  local part = value_of(self:fact_at(inline.share, "page.share"))
  local whole = value_of(self:fact_at(inline.whole, "page.share"))
  if type(part) ~= "number" or type(whole) ~= "number" or whole == 0 then return "" end
  return self.format.share(part / whole, inline.share .. " / " .. inline.whole, self)
end

function render:cite(inline) return self.format.cite(table.concat(inline.cite, " "), self) end
function render.raw(_, inline) return inline.raw end
function render:code(inline) return self.format.code(cut(inline.code, CODE), self) end
function render:strong(inline) return self.format.strong(self:inline(inline.strong, "page.strong"), self) end
function render:emphasis(inline) return self.format.emphasis(self:inline(inline.emphasis, "page.emphasis"), self) end

local function render_list(self, list, who)
  local count = math.type(list.n) == "integer" and list.n or #list
  if count == 0 and next(list) ~= nil and list.n ~= 0 then
    self:misuse("%s is a table with fields, not a list; page.fact shows a fact", who)
  end
  local parts = {}
  for i = 1, count do parts[i] = self:inline(list[i], ("%s, part %d"):format(who, i)) end
  return table.concat(parts)
end

-- Inline content as text of the format. What the page's functions gave bears its key, by which facts of a model that
-- happen to have such fields are told from it: confined code has copies. `who` names it where it is nil.
function Writer:inline(content, who)
  local kind = type(content)
  if kind == "string" then return self.format.text(cut(content, TEXT), self) end
  if kind == "number" then return self.format.text(page.shown(content), self) end
  if kind ~= "table" then self:misuse("%s is %s, text is wanted", who, kind == "nil" and "nil" or "a " .. kind) end
  self.depth = self.depth + 1
  if self.depth > DEPTH then self:misuse("%s: lists in lists, more than %d deep", who:match("^[^,:]*"), DEPTH) end
  local mark = content.key == self.key and render[content.mark] or render_list
  local shown = mark(self, content, who)
  self.depth = self.depth - 1
  return shown
end

-- ---- blocks ----

local function check_list(writer, list, who)
  if type(list) ~= "table" then writer:misuse("%s: a list is wanted, got %s", who, type(list)) end
end

local function check_table(writer, heads, rows, options)
  check_list(writer, heads, "page.table")
  check_list(writer, rows, "page.table")
  if #heads == 0 then writer:misuse("page.table: no heads, so no columns") end
  check_list(writer, options, "page.table: options")
  if options.right ~= nil then check_list(writer, options.right, "page.table: right") end
end

local function check_entries(writer, entries)
  check_list(writer, entries, "page.front_matter")
  for i, entry in ipairs(entries) do
    local who = ("page.front_matter: entry %d"):format(i)
    check_list(writer, entry, who)
    local is_key = type(entry[1]) == "string" and entry[1]:find("^[%w_-]+$")
    if not is_key then writer:misuse("%s: a key is wanted", who) end
    for _, value in ipairs(type(entry[2]) == "table" and entry[2] or {entry[2] or nil}) do
      if type(value) ~= "string" then writer:misuse("%s: a string is wanted, got %s", who, type(value)) end
    end
  end
end

local blocks = {}

function blocks:heading(level, ...)
  if math.type(level) ~= "integer" or level < 1 or level > 6 then
    self:misuse("page.heading: a level from 1 to 6 is wanted")
  end
  self.format.heading(level, self:inline(table.pack(...), "page.heading"), self)
end

function blocks:paragraph(...) self.format.paragraph(self:inline(table.pack(...), "page.paragraph"), self) end

function blocks:write(...)
  self.write(self:inline(table.pack(...), "page.write"))
  self.started = true
end

function blocks:list(items)
  check_list(self, items, "page.list")
  local rendered = {}
  for i = 1, #items do rendered[i] = self:inline(items[i], ("page.list: item %d"):format(i)) end
  if #rendered > 0 then self.format.list(rendered, self) end
end

function blocks:table(heads, rows, options)
  check_table(self, heads, rows, options or {})
  local rendered, right = {{}}, options and options.right or {}
  for c = 1, #heads do rendered[1][c] = self:inline(heads[c], ("page.table: head %d"):format(c)) end
  for r, row in ipairs(rows) do
    check_list(self, row, ("page.table: row %d"):format(r))
    local cells = {}
    for c = 1, #heads do cells[c] = self:inline(row[c], ("page.table: row %d, column %d"):format(r, c)) end
    rendered[r + 1] = cells
  end
  if #rows > 0 then self.format.table(rendered, right, self) end
end

function blocks:block(s)
  if type(s) ~= "string" then self:misuse("page.block: a string is wanted, got %s", type(s)) end
  self.format.block(#s > BLOCK and s:sub(1, BLOCK) .. "…" or s, self)
end

function blocks:image(path, alt)
  if type(path) ~= "string" or type(alt) ~= "string" then self:misuse("page.image: a path and a text are wanted") end
  self.format.image(path, cut(alt, TEXT), self)
end

function blocks:front_matter(entries)
  check_entries(self, entries)
  self.format.front_matter(entries, self)
end

function blocks:section(name)
  local section = type(name) == "string" and require("onnxdoc.sections")[name]
  if type(section) ~= "function" then
    self:misuse("page.section: there is no section '%s'; there is %s", tostring(name),
      table.concat(require("onnxdoc.sections").names, ", "))
  end
  section(self.page, self.facts, self.card)
end

local inline_makers = {
  code = function(self, s)
    if type(s) ~= "string" then self:misuse("page.code: a string is wanted, got %s", type(s)) end
    return {code = s}
  end,
  strong = function(_, ...) return {strong = table.pack(...)} end,
  emphasis = function(_, ...) return {emphasis = table.pack(...)} end,
  raw = function(self, s)
    if type(s) ~= "string" then self:misuse("page.raw: a string is wanted, got %s", type(s)) end
    return {raw = s}
  end,
  fact = function(self, path, style)
    self:fact_at(path, "page.fact")
    if style ~= nil and style ~= "exact" then
      self:misuse("page.fact: '%s' is no style, 'exact' is", tostring(style))
    end
    return {fact = path, style = style}
  end,
  formula = function(self, path)
    self:fact_at(path, "page.formula")
    return {formula = path}
  end,
  cite = function(self, ...)
    for _, path in ipairs {...} do self:fact_at(path, "page.cite") end
    return {cite = {...}}
  end,
  share = function(self, path, whole)
    self:fact_at(path, "page.share")
    self:fact_at(whole, "page.share")
    return {share = path, whole = whole}
  end,
}

--- A page that is written through write(…). `options`: `facts`; `format`, the name of a file in page/; `write`;
-- `source`, the chunk name of the template, for the lines of its errors; `card`, what belongs to this card rather
-- than to the model ({version, command, made, charts = {{title, path, alt}, …}}); `color` and `width`, for
-- terminals.
function page.new(options)
  local writer = setmetatable({facts = options.facts, card = options.card, source = options.source,
    write = options.write, color = options.color, width = options.width or 80, depth = 0,
    key = ("%x"):format(math.random(0))}, {__index = Writer})
  writer.format = require("onnxdoc.page." .. options.format)
  writer.page = {format = options.format}
  for name, write in pairs(blocks) do
    writer.page[name] = function(...)
      writer.depth = 0 -- what was raised within the last block may have been caught
      return write(writer, ...)
    end
  end
  for name, make in pairs(inline_makers) do
    writer.page[name] = function(...)
      local inline = make(writer, ...)
      inline.mark, inline.key = name, writer.key
      return inline
    end
  end
  return writer.page
end

return page
