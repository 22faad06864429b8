-- Checks a decoded JSON value against a JSON Schema (2020-12, and draft 4): the keywords that reports/facts.schema.json
-- and SARIF's schema use; any other one is an error, so that nothing goes unchecked. Those that begin with x- are for
-- lua/onnxdoc/redact.lua.

local json = require "onnxdoc.json"

local M = {}

local function kind_of(value)
  if value == json.null then return "null" end
  local kind = type(value)
  if kind == "table" then return getmetatable(value).__jsontype end
  return kind
end

local function has_type(value, wanted)
  local kind = kind_of(value)
  if wanted == "integer" then return kind == "number" and math.tointeger(value) ~= nil end
  return kind == wanted
end

local function resolve(root, reference)
  local schema = root
  for word in reference:gsub("^#/", ""):gmatch("[^/]+") do schema = schema[word] end
  return assert(schema, "no " .. reference)
end

local check

local function matching(value, schemas, root, path)
  local count, problem = 0, nil
  for _, schema in ipairs(schemas) do
    local wrong = check(value, schema, root, path)
    if wrong then problem = wrong else count = count + 1 end
  end
  return count, problem
end

local formats = {
  uri = function(s) return s:find("^%a[%w+.-]*:[%w%-._~:/?#%[%]@!$&'()*+,;=%%]*$") and not s:find("%%%X") end,
  ["uri-reference"] = function(s)
    return not s:find("[^%w%-._~:/?#%[%]@!$&'()*+,;=%%]") and not s:find("%%%X") and not s:find("%%%x?$")
      and not s:match("^[^/]*"):find("^[^%a][^:]*:")
  end,
}

local keywords = {
  ["$schema"] = function() end, ["$id"] = function() end, ["$defs"] = function() end, title = function() end,
  id = function() end, definitions = function() end, default = function() end,
  description = function() end, properties = function() end, ["x-names"] = function() end,
  ["x-detail"] = function() end, ["x-filled"] = function() end,
  ["$ref"] = function(value, reference, root, path) return check(value, resolve(root, reference), root, path) end,
  type = function(value, wanted)
    for _, one in ipairs(type(wanted) == "table" and wanted or {wanted}) do
      if has_type(value, one) then return nil end
    end
    return "is a " .. kind_of(value)
  end,
  enum = function(value, allowed)
    for _, one in ipairs(allowed) do
      if one == value then return nil end
    end
    return ("is '%s', which is not allowed"):format(tostring(value))
  end,
  minimum = function(value, least) return type(value) == "number" and value < least and "is below " .. least or nil end,
  pattern = function(value, pattern)
    local lua_pattern = pattern:gsub("\\", "%%")
    return not value:find(lua_pattern) and ("'%s' does not match %s"):format(value, pattern) or nil
  end,
  maximum = function(value, most) return type(value) == "number" and value > most and "is above " .. most or nil end,
  minItems = function(value, least) return #value < least and ("has less than %d items"):format(least) or nil end,
  uniqueItems = function(value)
    local seen = {}
    for _, item in ipairs(value) do
      local written = json.encode(item)
      if seen[written] then return "has an item twice: " .. written end
      seen[written] = true
    end
  end,
  format = function(value, format)
    local test = assert(formats[format], "unknown format " .. format)
    return not test(value) and ("'%s' is no %s"):format(value, format) or nil
  end,
  anyOf = function(value, schemas, root, path)
    local count, problem = matching(value, schemas, root, path)
    return count == 0 and problem or nil
  end,
  oneOf = function(value, schemas, root, path)
    local count = matching(value, schemas, root, path)
    return count ~= 1 and ("fits %d of %d schemas"):format(count, #schemas) or nil
  end,
  required = function(value, names)
    for _, name in ipairs(names) do
      if value[name] == nil then return "lacks " .. name end
    end
  end,
  items = function(value, schema, root, path)
    for i, item in ipairs(value) do
      local problem = check(item, schema, root, path .. "[" .. i .. "]")
      if problem then return problem end
    end
  end,
}

local function check_properties(value, schema, root, path)
  local properties, others = schema.properties or {}, schema.additionalProperties
  for name, item in pairs(value) do
    local wanted = properties[name] or (type(others) == "table" and others)
    if not wanted and others == false then return ("%s: has an unknown property '%s'"):format(path, name) end
    local problem = wanted and check(item, wanted, root, path .. "." .. name)
    if problem then return problem end
  end
end

function check(value, schema, root, path)
  for keyword, argument in pairs(schema) do
    local test = keywords[keyword]
    assert(test or keyword == "additionalProperties", "unknown keyword " .. keyword)
    local problem = test and test(value, argument, root, path)
    if problem then return problem:find("^%$") and problem or path .. ": " .. problem end
  end
  return kind_of(value) == "object" and check_properties(value, schema, root, path) or nil
end

--- nil when the value (as json.decode gives it) is as the schema says, else where and why it is not.
function M.problem(value, schema) return check(value, schema, schema, "$") end

return M
