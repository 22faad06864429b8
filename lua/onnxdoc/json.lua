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

-- A copy that dkjson writes so: `before` says which of two keys comes first, `around` holds the tables around it.
local prepare

local function prepare_list(list, before, around)
  local copy = setmetatable({}, Array)
  for i = 1, #list do copy[i] = prepare(list[i], before, around) end
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

local function prepare_object(object, before, around, outermost)
  local keys = {}
  for key in pairs(object) do
    local kind = type(key)
    if kind ~= "string" and kind ~= "number" then
      error("json: a key is a string or a number, got " .. kind, 0)
    end
    keys[#keys + 1] = key
  end
  table.sort(keys, outermost or before)
  local copy, written = {}, {}
  for i, key in ipairs(keys) do
    local name = free_key(copy, text.safe(tostring(key)))
    copy[name] = prepare(object[key], before, around)
    written[i] = name
  end
  return setmetatable(copy, {__jsontype = "object", __jsonorder = written})
end

local function is_list(t)
  local meta = getmetatable(t)
  if meta and meta.__jsontype then return meta.__jsontype == "array" end
  return #t > 0 or next(t) == nil
end

function prepare(value, before, around, outermost)
  local kind = type(value)
  if kind == "string" then return text.safe(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" or value == nil or value == json.null then return value end
  if kind ~= "table" then error("json: cannot write a " .. kind, 0) end
  if around[value] then error("json: a table holds itself", 0) end
  around[value] = true
  local copy = (is_list(value) and prepare_list or prepare_object)(value, before, around, outermost)
  around[value] = nil
  return copy
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
  local prepared = prepare(value, key_order(options.keyorder), {}, options.outermost and key_order(options.outermost))
  return dkjson().encode(prepared, {indent = options.indent})
end

--- The value, or nil and a message. Lists and objects are marked; null is json.null.
function json.decode(source)
  local ok, value, stopped, message = pcall(dkjson().decode, source, 1, json.null)
  if not ok then return nil, "lists and objects are nested too deep" end -- the stack overflows
  if message then return nil, message end
  local rest = source:match("^%s*()", stopped)
  if rest <= #source then return nil, ("something follows the JSON value at byte %d"):format(rest) end
  return value
end

return json
