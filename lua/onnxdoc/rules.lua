--- Rules: files that say what may be wrong with a model, and how to see it. rules/README.md teaches writing one.
--
--   severity   "error", "warning" or "info"                                                        (must be there)
--   title      one line                                                                            (must be there)
--   check      function(model, report, options): see findings.lua for what `report` takes          (must be there)
--   examples   {fires = {…}, silent = {…}}, models in ONNX's text syntax or function(builder)      (must be there)
--   description, category, fix   text; references   a list of links; confidence   "high", "medium" or "low"
--   options    {name = default}: numbers, strings, booleans or lists; false where there is no limit unless one is set
--   messages   {name = template}, for report(subject, name)
--   needs      {"shapes", "costs"}: what has to be known of all nodes for silence to mean that the model is clean
--   applies    function(model, options): whether the rule has anything to say about such a model
--   accepts    function(options): nil, or what is wrong with options as they are set
--
-- The id is the file's name. Rules that are not shipped run confined (guard.lua), each in a guard of its own.

local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local lists = require "onnxdoc.lists"
local spelling = require "onnxdoc.spelling"
local text = require "onnxdoc.text"

local EXIT_SCRIPT = 5

local rules = {}

rules.severities = {"error", "warning", "info"}
rules.confidences = {"high", "medium", "low"}
rules.needs = {"shapes", "costs"}

-- What code from elsewhere may take for one model.
local limits = {instructions = 2e9, seconds = 10}

-- ---- what a rule file has to be ----

local fields = {
  severity = {"string", required = true, among = rules.severities}, title = {"string", required = true},
  check = {"function", required = true}, examples = {"table", required = true}, description = {"string"},
  category = {"string"}, fix = {"string"}, references = {"table"}, options = {"table"}, messages = {"table"},
  confidence = {"string", among = rules.confidences}, needs = {"table", each = rules.needs}, applies = {"function"},
  accepts = {"function"},
}

local function quoted(value)
  return type(value) == "string" and "'" .. text.truncate(text.printable(value), 40) .. "'" or type(value)
end

local function check_field(name, value)
  local field = fields[name]
  if not field then
    local near = spelling.nearest(tostring(name), lists.sorted_keys(fields))
    return ("unknown field %s%s"):format(quoted(name), near and ("; did you mean '%s'?"):format(near) or "")
  end
  if type(value) ~= field[1] then return ("field '%s': got %s, a %s is wanted"):format(name, quoted(value),
    field[1]) end
  if field.among and not lists.contains(field.among, value) then
    return ("field '%s': got %s, one of %s is wanted"):format(name, quoted(value), table.concat(field.among, ", "))
  end
  for _, item in ipairs(field.each and value or {}) do
    if not lists.contains(field.each, item) then
      return ("field '%s': got %s, only %s are known"):format(name, quoted(item), table.concat(field.each, ", "))
    end
  end
end

local option_types = {number = true, string = true, boolean = true, table = true}

local function check_options(options)
  for name, default in pairs(options or {}) do
    if type(name) ~= "string"
      or not name:find("^[%a_][%w_]*$") then return ("option %s: a name is wanted"):format(quoted(name)) end
    if name == "severity" then return "option 'severity': every rule has that" end
    if not option_types[type(default)] then return ("option '%s': the default is a %s"):format(name, type(default)) end
  end
end

local function check_examples(examples)
  for name, list in pairs(examples) do
    if name ~= "fires" and name ~= "silent" then return ("examples: unknown field %s"):format(quoted(name)) end
    if type(list) ~= "table" then return ("examples.%s: got %s, a list is wanted"):format(name, quoted(list)) end
    for i, example in ipairs(list) do
      if type(example) ~= "string" and type(example) ~= "function" and type(example) ~= "table" then
        return ("examples.%s[%d]: got %s, a text, a function or {model, options = …} is wanted"):format(name, i,
          quoted(example))
      end
    end
  end
  for _, name in ipairs {"fires", "silent"} do
    if not examples[name] or #examples[name] == 0 then return ("examples.%s: at least one is wanted"):format(name) end
  end
end

--- What is wrong with what a rule file returns, or nil: which field, what it is, what it has to be.
function rules.problem(rule)
  if type(rule) ~= "table" then return ("returns a %s, a table is wanted"):format(type(rule)) end
  for _, name in ipairs(lists.sorted_keys(fields)) do
    if fields[name].required and rule[name] == nil then return ("field '%s' is missing"):format(name) end
  end
  local names = {}
  for name in pairs(rule) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local problem = check_field(name, rule[name])
    if problem then return problem end
  end
  return check_options(rule.options) or check_examples(rule.examples)
end

-- ---- loading ----

local function load_rule(entry)
  if entry.value or entry.origin == "shipped" then
    local value, message = files.load(entry)
    return value, message
  end
  return files.load_confined(entry, limits)
end

--- The rules that count, by id: list of {id, path, origin, guard, and the fields of the file}. A file that cannot be
-- used ends the run when `is_lenient` is not set; else it is {id, path, problem}.
function rules.load(is_lenient)
  local list = {}
  for _, entry in ipairs(files.list("rules")) do
    if not entry.replaced_by then
      local value, message, g = load_rule(entry)
      local problem = message or rules.problem(value)
      if problem and not problem:find(entry.path, 1, true) then problem = entry.path .. ": " .. problem end
      if problem and not is_lenient then failure(EXIT_SCRIPT, problem) end
      local rule = problem and {problem = problem} or setmetatable({}, {__index = value})
      rule.id, rule.path, rule.origin, rule.guard, rule.entry = entry.id, entry.path, entry.origin, g, entry
      list[#list + 1] = rule
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- Of one rule, what stands in the way of being used, or the rule.
function rules.find(id)
  for _, rule in ipairs(rules.load(true)) do
    if rule.id == id then return rule end
  end
end

return rules
