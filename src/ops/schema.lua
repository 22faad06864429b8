-- Makes src/ops/schema.txt, the table of operator schemas, from lists of schemas in JSON:
--
--     lua5.4 src/ops/schema.lua OPSCHEMA.json CONTRIBSCHEMA.json > src/ops/schema.txt
--
-- The format of the table is described in src/ops/schema.h. Run by hand when the lists change; the build
-- uses the committed table. What the format cannot hold stops the run and is named.

local json = require "dkjson"

local OPTION_MARKS = {Single = "", Optional = "?", Variadic = "+"}

local function check_name(name)
  if not name:find("^[%w_.]+$") then error(("name %q does not fit the table"):format(name)) end
  return name
end

local function integer_text(value)
  local integer = math.tointeger(value) or error(("%s is not an integer"):format(value))
  return ("%d"):format(integer)
end

-- The fewest digits that give the same float32 back, always with a point or an exponent.
local function float_text(value)
  local wanted = string.pack("f", value)
  for digits = 1, 9 do
    local text = ("%." .. digits .. "g"):format(value)
    if not text:find("[.e]") then text = text .. ".0" end
    if string.pack("f", tonumber(text)) == wanted then return text end
  end
  error(("%s has no float32 text"):format(value))
end

local function string_text(value)
  if value:find('[%c"\\]') then error(("string %q does not fit the table"):format(value)) end
  return '"' .. value .. '"'
end

local ITEM_TEXT = {INT = integer_text, FLOAT = float_text, STRING = string_text}

local function default_text(type_name, value)
  if ITEM_TEXT[type_name] then return ITEM_TEXT[type_name](value) end
  local item_text = ITEM_TEXT[type_name:match("^(.*)S$")]
  if not item_text then error(("a default of type %s does not fit the table"):format(type_name)) end
  local items = {}
  for i, item in ipairs(value) do items[i] = item_text(item) end
  return "[" .. table.concat(items, ",") .. "]"
end

-- A variadic formal takes at least one value unless the operator may have fewer than its place asks for.
local function formals_text(formals, minimum)
  local words = {}
  for i, formal in ipairs(formals) do
    local mark = OPTION_MARKS[formal.option] or error(("option %q is unknown"):format(formal.option))
    if formal.option == "Variadic" and minimum < i then mark = "*" end
    words[i] = check_name(formal.name) .. mark
  end
  return table.concat(words, " ")
end

local function attributes_text(attributes)
  local words = {}
  for name, attribute in pairs(attributes) do
    local word = check_name(name) .. ":" .. check_name(attribute.type)
    if attribute.required then word = word .. "!" end
    if attribute.default ~= nil then word = word .. "=" .. default_text(attribute.type, attribute.default) end
    words[#words + 1] = word
  end
  table.sort(words)
  return table.concat(words, " ")
end

-- A schema that does not say since when it holds holds from the first version of its domain.
local function schema_line(schema)
  local since = schema.since_version or 1
  return {
    key = ("%s\t%s\t%010d"):format(check_name(schema.domain), check_name(schema.name), since),
    text = table.concat({
      schema.domain, schema.name, integer_text(since) .. (schema.deprecated and " deprecated" or ""),
      formals_text(schema.inputs, schema.min_input), formals_text(schema.outputs, schema.min_output),
      attributes_text(schema.attributes),
    }, "\t"),
  }
end

local function read_schemas(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  local schemas, _, message = json.decode(text)
  return schemas or error(path .. ": " .. message)
end

local lines = {}
for _, path in ipairs(arg) do
  for _, schema in ipairs(read_schemas(path)) do lines[#lines + 1] = schema_line(schema) end
end
table.sort(lines, function(a, b) return a.key < b.key end)
for i, line in ipairs(lines) do
  if i > 1 and lines[i - 1].key == line.key then error("two schemas are " .. line.key) end
  io.write(line.text, "\n")
end
