--- Facts for other eyes: with words in place of names (--redact), without lists of the model's parts (--summary-only).
-- Both are made of facts before anything is shown, and know of a fact only what reports/facts.schema.json says:
--
--   "x-names": KIND    a string that holds text of the model; of an object whose keys are no properties: its keys.
--                      false: never any. A string with `enum` or `const` needs none.
--   "x-detail": true   a property that lists or names parts of the model: no part of a summary, so never `required`.
--
--   "x-filled": true   an object whose message is its template with its evidence in the braces, both without names
--
-- What the schema does not describe is text of the model. Most kinds are only the first half of the word that takes the
-- name's place, `value_3fa9c2d1e04b7a61`; these are more than that:
--
--   symbol     what formulas and the keys of bindings are replaced by, too
--   formula    an Expr as text: only its symbols are replaced
--   type       "float32[batch,256]", likewise
--   operator, domain   those of ONNX and of ONNX Runtime stay
--   maker      "Concat 'name'": an operator and a node
--   message    a sentence of ours: what stands in quotation marks, and each word that is not ours, is replaced; all of
--              it where one of our words is a symbol of the model as well
--   producer   stays: it says which program wrote the file, not whose model it is
--   evidence   what a rule shows in its message: numbers with units, types, operators; anything else is replaced
--   digest     a hash of the file or of tensors; with the salt that --redact takes by default it would tell all names

local failure = require "onnxdoc.failure"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"

local redact = {}

--- The options of reports that show facts; `shown` takes what they say.
redact.options = {
  {"--redact", flag = true,
    description = "Words in place of all names, the same word for the same name."},
  {"--salt", argname = "TEXT", needs = "--redact",
    description = "What words are made with, to compare those of several models; else the file's SHA-256."},
  {"--summary-only", flag = true,
    description = "Totals and counts only: nothing that lists or names parts of the model."},
}

-- Hexadecimal digits of a word: 64 bits, of which two names among a million are the same once in 37 million salts. More
-- digits when there is a collision would make a name's word depend on what else the model holds.
local DIGITS = 16

-- ---- the schema ----

local root

local function schema_root()
  root = root or assert(json.decode(onnxdoc._embedded("reports/facts.schema.json")))
  return root
end

local function resolve(schema)
  while schema["$ref"] do schema = schema_root()["$defs"][schema["$ref"]:match("^#/%$defs/(.*)$")] end
  return schema
end

-- Of what the schema says nothing about.
local undescribed = {["x-names"] = "text"}
undescribed.items, undescribed.additionalProperties = undescribed, undescribed

local function is_allowed(schema, text)
  for _, allowed in ipairs(schema.enum or {schema.const}) do
    if allowed == text then return true end
  end
  return false
end

-- ---- going through facts ----

-- A Walk is {text = function(kind, text), is_summary =}: what becomes of text of the model, and whether details are
-- left out; those that are not made yet stay so.
local walk

local function walk_text(self, text, schema)
  if is_allowed(schema, text) then return text end
  local kind = schema["x-names"]
  if kind == false then return text end
  return self.text(kind or "text", text)
end

local function walk_list(self, list, items)
  local copy = json.array()
  for i, item in ipairs(list) do copy[i] = walk(self, item, items) end
  return copy
end

local function walk_others(self, object, schema, copy)
  local properties, others = schema.properties or {}, schema.additionalProperties
  local is_described = type(others) == "table"
  for key, value in pairs(object) do
    if not properties[key] and (is_described or not self.is_summary) then
      local name = walk_text(self, tostring(key), is_described and {["x-names"] = schema["x-names"]} or undescribed)
      copy[name] = walk(self, value, is_described and others or undescribed)
    end
  end
end

local function walk_object(self, object, schema)
  local copy = json.object()
  for name, property in pairs(schema.properties or {}) do
    local value
    if not (self.is_summary and property["x-detail"]) then value = object[name] end
    if value ~= nil then copy[name] = walk(self, value, property) end
  end
  walk_others(self, object, schema, copy)
  if schema["x-filled"] and object.evidence then
    local evidence = walk(self, object.evidence, schema.properties.evidence)
    copy.message = require("onnxdoc.findings").fill(copy.template, evidence)
  end
  return copy
end

function walk(self, value, schema)
  schema = resolve(schema)
  if type(value) == "string" then return walk_text(self, value, schema) end
  if type(value) ~= "table" or value == json.null then return value end
  if schema.type == "array" or schema.type ~= "object" and #value > 0 then
    return walk_list(self, value, schema.items or undescribed)
  end
  return walk_object(self, value, schema)
end

-- ---- the two ways ----

-- The symbols that the facts name, to tell "n/2" from a symbol of that name.
local function add_symbols(facts, symbols)
  walk({text = function(kind, text)
    if kind == "symbol" then symbols[text] = true end
    return text
  end}, facts, schema_root())
end

--- The facts with words in place of names; a new table. options.salt: bytes; the same name gets the same word wherever
-- the salt is the same. options.symbols: {name = true} for symbols that formulas may have and the facts do not list.
function redact.apply(facts, options)
  local symbols, digits = {}, {}
  for name in pairs(options.symbols or {}) do symbols[name] = true end
  add_symbols(facts, symbols)
  local function word(kind, name)
    if name == "" then return name end
    digits[name] = digits[name] or onnxdoc._hmac(options.salt, name):sub(1, DIGITS)
    return kind .. "_" .. digits[name]
  end
  local text = require("onnxdoc.redact.text").new(word, symbols)
  return walk({text = text}, facts, schema_root())
end

--- The facts without details; a new table. Messages lose the names that they quote.
function redact.summarise(facts)
  local hide = require("onnxdoc.redact.text").new(function() return "…" end, {})
  return walk({is_summary = true, text = function(kind, text)
    return (kind == "message" or kind == "evidence") and hide(kind, text) or text
  end}, facts, schema_root())
end

-- ---- what reports call ----

local EXIT_USAGE, EXIT_INPUT = 2, 3

--- Ends the run where options cannot be met, before a model is looked at.
function redact.check(options)
  if options.salt == "" then failure(EXIT_USAGE, "--salt is empty: then anybody can tell names by their words") end
end

local function salt_of(options, model)
  if options.salt then return options.salt end
  local digest, message = model:sha256()
  return digest or failure(EXIT_INPUT, message)
end

--- The facts as options (redact.options) want them shown; `all` are those that `facts` are taken from.
function redact.shown(facts, options, all)
  if options.summary_only then facts = redact.summarise(facts) end
  if not options.redact then return facts end
  local symbols = {}
  for _, symbol in ipairs(all.symbols) do symbols[symbol.name] = true end
  local model = require("onnxdoc.facts").context(all).model
  return redact.apply(facts, {salt = salt_of(options, model), symbols = symbols})
end

--- The same for what is said in place of the facts of a model that cannot be read; without --salt, with the path as
-- salt.
function redact.refused(record, options)
  if not options.redact then return record end
  return redact.apply(record, {salt = options.salt or record.path})
end

return redact
