--- Text of facts with other words in place of names: formulas, types, operators, messages.
--
--     local text = require("onnxdoc.redact.text").new(word, symbols)
--     text("formula", "floor((n + 3)/2)")        --> "floor((symbol_3fa9c2d1e04b7a61 + 3)/2)"
--
-- word(kind, name) gives what takes a name's place; symbols is a set. What does not read as it should is replaced as a
-- whole.

local onnxdoc = require "onnxdoc"
local set = require("onnxdoc.lists").set

-- What is shared by all text that is made with the same words.
local Text = {}
Text.__index = Text

-- ---- formulas ----
--
-- As src/dim/print.c writes them: numbers, names, names with anything in them in quotation marks, operators, calls. A
-- name may hold "/", which a division is written with: only the symbols tell "n/2" from a symbol of that name.

local functions = set "floor ceil mod max min ceil_log2"
local not_names = set "inf nan"
local escapes = {n = "\n", t = "\t", r = "\r"}

-- Places in one word at which a symbol's name may end: each that is tried costs as much as the word is long.
local DIVISIONS = 16

-- The name that stands between quotation marks.
local function unquoted(text)
  local parts, at = {}, 1
  for slash in text:gmatch "()\\" do
    if slash >= at then
      parts[#parts + 1] = text:sub(at, slash - 1)
      local byte, code = text:match("^x(%x%x)", slash + 1), text:match("^u{(%x+)}", slash + 1)
      local letter = text:sub(slash + 1, slash + 1)
      parts[#parts + 1] = byte and string.char(tonumber(byte, 16)) or code and utf8.char(tonumber(code, 16))
        or escapes[letter] or letter
      at = slash + (byte and 4 or code and 4 + #code or 2)
    end
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

-- The place of the quotation mark that ends the name which begins at `start`; nil when it was cut off.
local function find_end(text, start)
  local at = start
  while true do
    local found = text:find('["\\]', at)
    if not found or text:byte(found) == 34 then return found end
    at = found + 2
  end
end

function Text:symbol(name) return self.word("symbol", name) end

-- A word that is one thing; nil when it is none that is known.
function Text:part(word, is_called)
  if is_called then return functions[word] and word end
  return self.symbols[word] and self:symbol(word) or word:match("^%d+$")
end

-- What a symbol is divided by: "2", "m", "max(", "2/m".
function Text:divisor(word, is_called)
  local whole = self:part(word, is_called)
  if whole then return whole end
  local digits, rest = word:match("^(%d+)/(.*)$")
  local part = digits and self:part(rest, is_called)
  return part and digits .. "/" .. part
end

-- A word as a symbol, the longest there is, and what it is divided by; nil when it is no such thing.
function Text:divided(word, is_called)
  local whole, left = self:part(word, is_called), word
  if whole then return whole end
  for _ = 1, DIVISIONS do
    left = left:match("^(.*)/")
    if not left then return nil end
    local divisor = self.symbols[left] and self:divisor(word:sub(#left + 2), is_called)
    if divisor then return self:symbol(left) .. "/" .. divisor end
  end
  return nil
end

-- Letters, digits and what names may hold besides; called where a bracket follows.
function Text:name(word, is_called)
  local known = self:divided(word, is_called)
  if known then return known end
  if not is_called then return not_names[word] and word or self:symbol(word) end
  local name, called = word:match("^(.*)/([%w_]+)$")
  if functions[called] then return self:symbol(name) .. "/" .. called end
  return self:symbol(word)
end

-- The part of a formula at a place, and where the next one begins; nil for what no formula has.
function Text:piece(text, at)
  if text:byte(at) == 34 then
    local stop = find_end(text, at + 1)
    return self:symbol(unquoted(text:sub(at + 1, stop and stop - 1))), (stop or #text) + 1
  end
  local stop = text:match("^[A-Za-z_][A-Za-z0-9_.:/]*()", at)
  if stop then return self:name(text:sub(at, stop - 1), text:byte(stop) == 40), stop end
  stop = text:match("^%d[%d.]*e[+-]%d+()", at) or text:match("^%d[%d.]*()", at) or text:match("^[-+*/^(), ?]+()", at)
  if stop then return text:sub(at, stop - 1), stop end
end

local kinds = {}

function kinds.formula(self, text)
  local parts, at = {}, 1
  while at <= #text do
    local part, stop = self:piece(text, at)
    if not part then return self.word("formula", text) end
    parts[#parts + 1], at = part, stop
  end
  return table.concat(parts)
end

-- ---- types ----

local containers = {"^seq%(()", "^optional%(()", "^sparse_tensor%(()", "^map%(%w+, ()"}

-- What the containers hold: "float32[n,3]", "?", "opaque(domain.name)".
function Text:held(text)
  local dtype, dims = text:match("^([%w?]+)%[(.*)%]$")
  dtype = dtype or text
  if onnxdoc.dtypes[dtype] or dtype == "?" then
    return dims and dtype .. "[" .. kinds.formula(self, dims) .. "]" or dtype
  end
  local name = text:match("^opaque%((.*)%)$")
  return name and "opaque(" .. self.word("type", name) .. ")" or self.word("type", text)
end

function kinds.type(self, text)
  local at, depth, stop = 1, 0, nil
  repeat
    for _, pattern in ipairs(containers) do
      stop = text:match(pattern, at)
      if stop then break end
    end
    if stop then at, depth = stop, depth + 1 end
  until not stop
  local closing = (")"):rep(depth)
  if text:sub(#text - depth + 1) ~= closing then return self.word("type", text) end
  return text:sub(1, at - 1) .. self:held(text:sub(at, #text - depth)) .. closing
end

-- ---- operators and domains ----

-- Domains of the operators that the program knows; "" is ai.onnx.
local domains = set [[ai.onnx ai.onnx.ml ai.onnx.preview ai.onnx.preview.training com.microsoft com.microsoft.dml
  com.microsoft.nchwc org.pytorch.aten]]

-- What stands in place of an operator where there is none.
local no_operator = set "none ?"

function kinds.domain(self, text) return domains[text] and text or self.word("domain", text) end

-- Messages leave the domain out.
local function is_operator(text)
  local domain, name = text:match("^(.*)%.([^.]*)$")
  if domain then return onnxdoc.schema(name, domain) ~= nil end
  return onnxdoc.schema(text) ~= nil or onnxdoc.schema(text, "com.microsoft") ~= nil
end

function kinds.operator(self, text)
  return (no_operator[text] or is_operator(text)) and text or self.word("op", text)
end

-- "Concat 'name'", or the operator alone.
function kinds.maker(self, text)
  local operator, name = text:match("^(.-) '(.*)'$")
  if not operator then return kinds.operator(self, text) end
  return kinds.operator(self, operator) .. " '" .. self.word("node", name) .. "'"
end

function kinds.producer(_, text) return text end

-- What a rule shows in its message: numbers with units, types and operators stay.
local units = set "bytes byte KB MB GB TB k M G T %"

function kinds.evidence(self, text)
  local number, unit = text:match("^([%d.,]+) ?(%S*)$")
  if number and (unit == "" and #number <= 16 or units[unit]) then return text end
  return (onnxdoc.dtypes[text] or is_operator(text)) and text or self.word("text", text)
end

-- ---- messages ----

-- Digits that a number in a message may have: an unquoted name may be one, too.
local MESSAGE_DIGITS = 5

-- A word of a message without the punctuation around it: its own, or what takes its place.
function Text:spoken(word)
  local is_number = #word <= MESSAGE_DIGITS and word:find("^%-?%d+%.?%d*$")
  local is_ours = is_number or word:find("^%p%p?$") or require("onnxdoc.redact.words")[word] or onnxdoc.dtypes[word]
    or is_operator(word)
  return is_ours and word or self.word("text", word)
end

function Text:unquoted(text)
  return (text:gsub("%S+", function(word)
    local before, core, behind = word:match("^([(%[]?)(.-)([)%],;:.?]?[,;:.]?)$")
    return before .. (core == "" and core or self:spoken(core)) .. behind
  end))
end

-- Where the first name in quotation marks begins; an apostrophe, behind a letter, begins none.
local function find_quote(text)
  local single, double = text:match("^()'") or text:match("[^%w]()'"), text:find('"', 1, true)
  return single and double and math.min(single, double) or single or double
end

-- Whether a word is the name of a symbol: ours or the model's, whichever is replaced tells what the name was.
local function is_ambiguous(self, text)
  for word in text:gmatch "[%w_.:/-]+" do
    if self.symbols[word] then return true end
  end
  return false
end

-- From the first quotation mark to the last, since names may hold them; to the end where the message was cut off.
function kinds.message(self, text)
  if is_ambiguous(self, text) then return self.word("text", text) end
  local before, operator = text:match("^(there is no rule for operator )(.*)$")
  if operator then return before .. kinds.operator(self, operator) end
  local first = find_quote(text)
  if not first then return self:unquoted(text) end
  local last = text:match(".*()['\"]")
  if last == first then last = #text + 1 end
  return self:unquoted(text:sub(1, first - 1)) .. "'" .. self.word("text", text:sub(first + 1, last - 1)) .. "'"
    .. self:unquoted(text:sub(last + 1))
end

-- ---- all of them ----

local text = {}

--- The words of a message, for the list of those that are ours.
function text.words(message)
  local words = {}
  Text.unquoted({spoken = function(_, word)
    words[#words + 1] = word
    return word
  end}, message)
  return words
end

--- A function(kind, text) that gives text with word(kind, name) in place of names. The same text is gone through once.
function text.new(word, symbols)
  local self, made = setmetatable({word = word, symbols = symbols}, Text), {}
  return function(kind, given)
    local rewrite = kinds[kind]
    if not rewrite then return word(kind, given) end
    made[kind] = made[kind] or {}
    made[kind][given] = made[kind][given] or rewrite(self, given)
    return made[kind][given]
  end
end

return text
