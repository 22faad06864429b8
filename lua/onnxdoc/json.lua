--- JSON through dkjson, made exact: integers to the last digit, floats that read back as the same number, NaN and
-- infinities as null, strings always valid UTF-8, keys in a stated order and then sorted, empty lists as [].

local text = require "onnxdoc.text"

-- Facts are marked as lists and objects long before, and often without, being written: dkjson is loaded when it is
-- used.
local function dkjson() return require "dkjson" end

local json = setmetatable({}, {__index = function(json, name)
  if name ~= "null" then return nil end
  json.null = dkjson().null
  return json.null
end})

local Array, Object = {__jsontype = "array"}, {__jsontype = "object"}

--- Marks t a list, also when it is empty; an element may be json.null.
function json.array(t) return setmetatable(t or {}, Array) end

--- Marks t an object, also when it is empty.
function json.object(t) return setmetatable(t or {}, Object) end

local Number = {__tojson = function(self) return self.written end}

local function number(n)
  if n ~= n or n == math.huge or n == -math.huge then return json.null end
  return setmetatable({written = text.number(n)}, Number)
end

local prepare

local function prepare_list(list, order, seen)
  local copy = setmetatable({}, Array)
  for i = 1, #list do copy[i] = prepare(list[i], order, seen) end
  return copy
end

-- Two keys may differ only in bytes that JSON cannot hold; neither may hide the other.
local function free_key(copy, key)
  local candidate, ordinal = key, 1
  while copy[candidate] ~= nil do
    ordinal = ordinal + 1
    candidate = ("%s (%d)"):format(key, ordinal)
  end
  return candidate
end

local function prepare_object(object, order, seen)
  local names = {}
  for key in pairs(object) do
    local kind = type(key)
    if kind ~= "string" and kind ~= "number" then
      error("json: a key is a string or a number, got " .. kind, 0)
    end
    names[#names + 1] = key
  end
  table.sort(names, function(a, b)
    local first, second = order[a] or math.huge, order[b] or math.huge
    if first ~= second then return first < second end
    return tostring(a) < tostring(b)
  end)
  local copy, written = {}, {}
  for _, key in ipairs(names) do
    local name = free_key(copy, text.safe(tostring(key)))
    copy[name] = prepare(object[key], order, seen)
    written[#written + 1] = name
  end
  return setmetatable(copy, {__jsontype = "object", __jsonorder = written})
end

local function is_list(t)
  local meta = getmetatable(t)
  if meta and meta.__jsontype then return meta.__jsontype == "array" end
  return #t > 0 or next(t) == nil
end

function prepare(value, order, seen)
  local kind = type(value)
  if kind == "string" then return text.safe(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" or value == nil or value == json.null then return value end
  if kind ~= "table" then error("json: cannot write a " .. kind, 0) end
  if seen[value] then error("json: a table holds itself", 0) end
  seen[value] = true
  local copy = (is_list(value) and prepare_list or prepare_object)(value, order, seen)
  seen[value] = nil
  return copy
end

--- value as JSON. options.indent: over several lines; options.keyorder: list of the keys that come first.
function json.encode(value, options)
  options = options or {}
  local order = {}
  for i, key in ipairs(options.keyorder or {}) do order[key] = i end
  return dkjson().encode(prepare(value, order, {}), {indent = options.indent})
end

--- The value, or nil and a message. Lists and objects are marked; null is json.null.
function json.decode(source)
  local value, stopped, message = dkjson().decode(source, 1, json.null)
  if message then return nil, message end
  local rest = source:match("^%s*()", stopped)
  if rest <= #source then return nil, ("something follows the JSON value at byte %d"):format(rest) end
  return value
end

return json
