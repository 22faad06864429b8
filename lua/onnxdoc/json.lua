--- JSON, exact: integers to the last digit, floats that read back as the same number, NaN and infinities as null,
-- strings always valid UTF-8, keys in a stated order and then sorted, empty lists as []. dkjson reads it; it is written
-- here, since most of the time that the facts of many models take is writing.

local text = require "onnxdoc.text"

local json = {}

local Array, Object = {__jsontype = "array"}, {__jsontype = "object"}

--- null, where nil would be nothing at all.
json.null = setmetatable({}, {__tostring = function() return "null" end})

--- Marks t a list, also when it is empty; an element may be json.null.
function json.array(t) return setmetatable(t or {}, Array) end

--- Marks t an object, also when it is empty.
function json.object(t) return setmetatable(t or {}, Object) end

local function written_number(n)
  if math.type(n) == "integer" then return n end
  if n ~= n or n == math.huge or n == -math.huge then return "null" end
  return text.number(n)
end

-- What is being written: parts of the text, names as they are written, the tables around this value and how many these
-- are, and which of two keys comes first.
local Writer = {}
Writer.__index = Writer

function Writer:put(part)
  self.count = self.count + 1
  self.parts[self.count] = part
end

function Writer:new_line(depth) self:put("\n" .. ("  "):rep(depth)) end

function Writer:list(list)
  self:put("[")
  for i = 1, #list do
    if i > 1 then self:put(",") end
    self:value(list[i])
  end
  self:put("]")
end

-- The keys in order, and whether each is its own name: text that JSON can hold.
function Writer:keys(object)
  local keys, plain = {}, true
  for key in pairs(object) do
    local kind = type(key)
    if kind ~= "string" and kind ~= "number" then
      error("json: a key is a string or a number, got " .. kind, 0)
    end
    plain = plain and kind == "string" and (self.names[key] or utf8.len(key)) ~= nil
    keys[#keys + 1] = key
  end
  if #keys > 1 then table.sort(keys, self.depth == 1 and self.before_outermost or self.before) end
  return keys, plain
end

-- A name that is not taken: two keys may differ only in bytes that JSON cannot hold; neither may hide the other.
local function free_name(key, taken)
  local name = text.safe(tostring(key))
  local candidate, ordinal = name, 1
  while taken[candidate] do
    ordinal = ordinal + 1
    candidate = ("%s (%d)"):format(name, ordinal)
  end
  taken[candidate] = true
  return candidate
end

-- `"name":`, made once for each name.
function Writer:name(name)
  local written = self.names[name]
  if not written then
    written = text.json_string(name) .. ":"
    self.names[name] = written
  end
  return written
end

function Writer:object(object)
  local keys, plain = self:keys(object)
  local taken = not plain and {}
  self:put("{")
  for i, key in ipairs(keys) do
    if i > 1 then self:put(",") end
    if self.indent then self:new_line(self.depth) end
    self:put(self:name(taken and free_name(key, taken) or key))
    self:value(object[key])
  end
  if self.indent then self:new_line(self.depth - 1) end
  self:put("}")
end

local function is_list(t)
  local meta = getmetatable(t)
  if meta and meta.__jsontype then return meta.__jsontype == "array" end
  return #t > 0 or next(t) == nil
end

function Writer:table(t)
  if self.around[t] then error("json: a table holds itself", 0) end
  self.around[t], self.depth = true, self.depth + 1
  if is_list(t) then self:list(t) else self:object(t) end
  self.around[t], self.depth = nil, self.depth - 1
end

function Writer:value(value)
  local kind = type(value)
  if kind == "string" then self:put(text.json_string(value))
  elseif kind == "number" then self:put(written_number(value))
  elseif kind == "boolean" then self:put(value and "true" or "false")
  elseif value == nil or value == json.null then self:put("null")
  elseif kind == "table" then self:table(value)
  else error("json: cannot write a " .. kind, 0) end
end

-- Whether a key comes before another.
local function key_order(first)
  local rank = {}
  for i, key in ipairs(first or {}) do rank[key] = i end
  return function(a, b)
    local rank_a, rank_b = rank[a], rank[b]
    if rank_a or rank_b then return (rank_a or math.huge) < (rank_b or math.huge) end
    return tostring(a) < tostring(b)
  end
end

--- value as JSON. options.indent: over several lines; options.keyorder: list of the keys that come first;
-- options.outermost: the same list for the object that holds all others.
function json.encode(value, options)
  options = options or {}
  local writer = setmetatable({parts = {}, count = 0, names = {}, around = {}, depth = 0,
    indent = options.indent, before = key_order(options.keyorder),
    before_outermost = options.outermost and key_order(options.outermost)}, Writer)
  writer:value(value)
  return table.concat(writer.parts)
end

--- The value, or nil and a message. Lists and objects are marked; null is json.null.
function json.decode(source)
  local ok, value, stopped, message = pcall(require("dkjson").decode, source, 1, json.null)
  if not ok then return nil, "lists and objects are nested too deep" end -- the stack overflows
  if message then return nil, message end
  local rest = source:match("^%s*()", stopped)
  if rest <= #source then return nil, ("something follows the JSON value at byte %d"):format(rest) end
  return value
end

return json
