--- Which rules run, with which severities and options, and what of their findings is known and accepted: from the
-- command line and from the project's .onnxdoc.lua, which returns a table of
--
--   rules      {id = false} leaves one out; {id = {severity = "error", option = value}} sets what the rule offers
--   only, skip lists of ids (with * and ?), categories and severities
--   suppress   list of {rule = id, reason = text, name = …, match = …}: findings all of whose nodes have such a name
-- (with
--              * and ?), or are roots of such a pattern; without either, all of the rule's
--   fail_on    "error", "warning", "info" or "never"
--   baseline   a file, from the folder of .onnxdoc.lua on

local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local lists = require "onnxdoc.lists"
local rules = require "onnxdoc.rules"
local spelling = require "onnxdoc.spelling"
local text = require "onnxdoc.text"

local EXIT_USAGE, EXIT_SCRIPT = 2, 5

local rule_plan = {}

rule_plan.fail_on = {"error", "warning", "info", "never"}

-- ---- patterns of names ----

-- A pattern of Lua for one with * and ?.
local function glob(pattern)
  return "^" .. pattern:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$"
end

-- Whether a word of --only or --skip means a rule or a finding.
local function means(word, id, category, severity)
  return word == category or word == severity or id:find(glob(word)) ~= nil
end

local function any_means(words, ...)
  for _, word in ipairs(words) do
    if means(word, ...) then return true end
  end
  return false
end

-- ---- the project's configuration ----

local config_fields = {rules = "table", only = "table", skip = "table", suppress = "table", fail_on = "string",
  baseline = "string"}
local suppress_fields = {rule = "string", reason = "string", name = "string", match = "string"}

local function check_fields(where, t, fields)
  for name, value in pairs(t) do
    if not fields[name] then
      local near = spelling.nearest(tostring(name), lists.sorted_keys(fields))
      failure(EXIT_SCRIPT, ("%s: unknown field '%s'%s"):format(where, tostring(name),
        near and ("; did you mean '%s'?"):format(near) or ""))
    end
    if type(value) ~= fields[name] then
      failure(EXIT_SCRIPT, ("%s: field '%s' is a %s, a %s is wanted"):format(where, name, type(value), fields[name]))
    end
  end
end

local function check_config(path, config)
  check_fields(path, config, config_fields)
  for i, entry in ipairs(config.suppress or {}) do
    local where = ("%s: suppress[%d]"):format(path, i)
    if type(entry) ~= "table" then failure(EXIT_SCRIPT, where .. ": a table is wanted") end
    check_fields(where, entry, suppress_fields)
    for _, name in ipairs {"rule", "reason"} do
      if not entry[name] or entry[name] == "" then failure(EXIT_SCRIPT, ("%s: field '%s' is missing"):format(where,
        name)) end
    end
    local pattern, message = require("onnxdoc").pattern(entry.match or "_")
    if not pattern then failure(EXIT_SCRIPT, ("%s: match: %s"):format(where, text.printable(message))) end
  end
  if config.fail_on and not lists.contains(rule_plan.fail_on, config.fail_on) then
    failure(EXIT_SCRIPT, ("%s: fail_on is '%s', one of %s is wanted"):format(path, config.fail_on,
      table.concat(rule_plan.fail_on, ", ")))
  end
  return config
end

-- ---- options of rules ----

-- A word of --set as a value of the default's type; false stands for no limit, and any number for one.
local function convert(word, default)
  if type(default) == "number" or default == false and tonumber(word) then
    return math.tointeger(tonumber(word)) or tonumber(word)
  end
  if type(default) == "boolean" then
    if word == "true" then return true elseif word == "false" then return false end
    return default == false and word or nil
  end
  if type(default) == "table" then
    local list = {}
    for item in word:gmatch("[^,]+") do list[#list + 1] = item end
    return list
  end
  return word
end

local function set_one(rule, name, value, where, code)
  if name == "severity" then
    if not lists.contains(rules.severities, value) then
      failure(code, ("%s: severity is '%s', one of %s is wanted"):format(where, tostring(value),
        table.concat(rules.severities, ", ")))
    end
    rule.severity = value
    return
  end
  local default = rule.options[name]
  if default == nil then
    local known = lists.sorted_keys(rule.options)
    failure(code, ("%s: rule '%s' has no option '%s'; it has severity%s"):format(where, rule.id, tostring(name),
      #known > 0 and ", " .. table.concat(known, ", ") or ""))
  end
  if default ~= false and type(value) ~= type(default) then
    failure(code, ("%s: option '%s' of rule '%s' is a %s, a %s is wanted"):format(where, name, rule.id, type(value),
      type(default)))
  end
  rule.options[name] = value
end

local function rule_of(list, id, where, code)
  for _, rule in ipairs(list) do
    if rule.id == id then return rule end
  end
  local ids = {}
  for i, rule in ipairs(list) do ids[i] = rule.id end
  local near = spelling.nearest(id, ids)
  failure(code, ("%s: there is no rule '%s'%s"):format(where, id, near and ("; did you mean '%s'?"):format(near) or ""))
end

local function apply_words(list, words)
  for _, word in ipairs(words or {}) do
    local where = ("--set '%s'"):format(text.printable(word))
    local id, name, value = word:match("^([^.=]+)%.([%w_]+)=(.*)$")
    if not id then failure(EXIT_USAGE, where .. ": RULE.OPTION=VALUE is wanted") end
    local rule = rule_of(list, id, where, EXIT_USAGE)
    local converted = value
    if name ~= "severity" and rule.options[name] ~= nil then converted = convert(value, rule.options[name]) end
    if converted == nil then
      failure(EXIT_USAGE, ("%s: a %s is wanted"):format(where, type(rule.options[name])))
    end
    set_one(rule, name, converted, where, EXIT_USAGE)
  end
end

local function apply_config(list, config, path)
  local off = {}
  for id, settings in pairs(config.rules or {}) do
    local rule = rule_of(list, id, path, EXIT_SCRIPT)
    if settings == false then off[id] = true
    elseif type(settings) == "table" then
      for name, value in pairs(settings) do set_one(rule, name, value, path, EXIT_SCRIPT) end
    else
      failure(EXIT_SCRIPT, ("%s: rules.%s is a %s, false or a table is wanted"):format(path, id, type(settings)))
    end
  end
  return off
end

-- ---- plans ----

local Plan = {}
Plan.__index = Plan

-- Whether a rule, or a finding of none, is wanted.
function Plan:wants(id, category, severity)
  if #self.only > 0 and not any_means(self.only, id, category, severity) then return false end
  return not any_means(self.skip, id, category, severity)
end

--- Whether a finding that no rule file made is wanted.
function Plan:takes(finding) return self:wants(finding.rule, finding.category, finding.severity) end

-- The nodes at which a pattern matches, by id; none where the search becomes too long: what is not known to be accepted
-- is shown.
function Plan:roots(entry, model)
  self.matched = self.matched or setmetatable({}, {__mode = "k"})
  local of_model = self.matched[model] or {}
  self.matched[model] = of_model
  if not of_model[entry] then
    local roots = {}
    local ok = pcall(function()
      for match in model:find(entry.match) do roots[match.root.id] = true end
    end)
    of_model[entry] = ok and roots or {}
  end
  return of_model[entry]
end

function Plan:covers(entry, finding, model)
  if not finding.rule:find(glob(entry.rule)) then return false end
  if not entry.name and not entry.match then return true end
  local nodes = finding.nodes or {}
  for _, node in ipairs(nodes) do
    if entry.name and not node.name:find(glob(entry.name)) then return false end
    if entry.match and not self:roots(entry, model)[node.id] then return false end
  end
  return #nodes > 0 and #nodes == finding.count
end

--- Notes on a finding the reason why it is accepted, where there is one.
function Plan:suppress(finding, model)
  for _, entry in ipairs(self.suppressions) do
    if self:covers(entry, finding, model) then
      finding.suppressed = entry.reason
      return
    end
  end
end

-- The rule with options of its own, which settings may change.
local function settable(rule)
  local options = {}
  for name, default in pairs(rule.options or {}) do options[name] = default end
  return setmetatable({options = options}, {__index = rule})
end

-- Ends the run where a rule does not take its options as they are set.
local function check_options(rule, code)
  if not rule.accepts then return end
  if rule.guard then rule.guard:renew() end
  local ok, message = pcall(rule.accepts, rule.options)
  if not ok or message then failure(code, ("rule '%s': %s"):format(rule.id, tostring(message))) end
end

--- What is to be done: `options` holds only and skip (lists), set (a list of "rule.option=value"), and is_lenient:
-- files that cannot be used are left out, and stand in plan.broken. What is wrong otherwise ends the run.
function rule_plan.make(options)
  local config, path = files.project_table()
  config = config and check_config(path, config) or {}
  local list, broken = {}, {}
  for _, rule in ipairs(rules.load(options.is_lenient)) do
    if rule.problem then broken[#broken + 1] = rule else list[#list + 1] = settable(rule) end
  end
  local off = apply_config(list, config, path)
  apply_words(list, options.set)
  local plan = setmetatable({rules = {}, broken = broken, suppressions = config.suppress or {},
    only = lists.join(options.only or config.only or {}), skip = lists.join(config.skip or {}, options.skip or {}),
    fail_on = config.fail_on, baseline = config.baseline and path:match("^(.*/)") .. config.baseline or nil}, Plan)
  local code = options.set and #options.set > 0 and EXIT_USAGE or EXIT_SCRIPT
  for _, rule in ipairs(list) do
    if not off[rule.id] and plan:wants(rule.id, rule.category, rule.severity) then
      if not options.is_lenient then check_options(rule, code) end
      plan.rules[#plan.rules + 1] = rule
    end
  end
  return plan
end

return rule_plan
