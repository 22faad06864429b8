--- Facts: what is known of a model, as one table of plain data. reports/facts.schema.json describes it. Sections,
-- and parts of them that take long, are made when they are first read; facts.complete makes all.
--
-- A number is {value =, unit =, formula =, bindings = {batch = 1}, how =}: the value for these values of the symbols,
-- what it is for all others, and how it was obtained. Past 2^63 `exact` has all digits. `at_least` says that nodes
-- are missing from a sum; what nobody can know is absent.

local bindings = require "onnxdoc.bindings"

local facts = {}

--- The version of the schema: additions only, until the first number changes.
facts.schema = "1.0"

--- The sections in the order in which they are written.
facts.sections = {"model", "graph", "symbols", "assumptions", "coverage", "gaps", "parameters", "cost", "memory",
  "architecture", "findings", "checks"}

-- What sections are made with: the model, numbers for its symbols, and what several of them read.
local Context = {}
Context.__index = Context

-- The values of the symbols that a formula has, and the first one that has none (in graphs that no inference enters).
function Context:bound(formula)
  local bound, open = {}, nil
  for _, name in ipairs(formula.symbols) do
    bound[name] = self.binding.values[name]
    if bound[name] == nil then open = open or name end
  end
  return bound, open
end

-- An error without the place where it was raised.
function Context.message(problem) return (tostring(problem):gsub("^[^:]*:%d+: ", "")) end

--- A number fact of a number or an Expr; nil for nil.
function Context:number(x, unit, how)
  if x == nil then return nil end
  if type(x) == "number" then return {value = x, unit = unit, how = how} end
  local bound, open = self:bound(x)
  local fact = {unit = unit, how = how}
  if open then
    fact.formula, fact.unknown = tostring(x), ("symbol '%s' has no value"):format(open)
    return fact
  end
  if next(bound) then fact.formula, fact.bindings = tostring(x), bound end
  local ok, value = pcall(x.at, x, bound)
  if not ok then
    fact.unknown = Context.message(value)
    return fact
  end
  fact.value = value
  if math.type(value) == "float" and math.abs(value) >= 2 ^ 63 then fact.exact = x:exact(bound) end
  return fact
end

--- A number fact of a sum over `count` things, of which `unknown` are missing. Sums of what a hostile model says may be
-- past all that formulas can hold: nil.
function Context:sum(x, unknown, count, unit, how)
  local missing = unknown > 0 and unknown == count and "no size is known" or x == nil and "the sum is too large" or nil
  if missing then return {unit = unit, unknown = missing, how = how} end
  local fact = self:number(x, unit, how)
  fact.at_least = unknown > 0 or nil
  return fact
end

--- The model's cost, counted once.
function Context:cost()
  self.total = self.total or self.model.cost
  return self.total
end

--- What kv_cache.find gives, in a list, found once.
function Context:kv_cache()
  self.cache = self.cache or table.pack(require("onnxdoc.kv_cache").find(self.model))
  return self.cache
end

function Context.node(_, node)
  return node and {name = node.name, op = node.op, id = node.id, path = node.path}
end

--- A table whose further fields are made by functions, when they are first read.
function facts.lazy(made, makers)
  return setmetatable(made, {makers = makers, __index = function(self, name)
    local make = makers[name]
    local value = make and make()
    if value ~= nil then rawset(self, name, value) end
    return value
  end})
end

local function section(name) return require("onnxdoc.facts." .. name) end

local makers = {
  model = function(context) return section "about".model(context) end,
  graph = function(context) return section "about".graph(context) end,
  symbols = function(context) return section "about".symbols(context) end,
  assumptions = function(context) return section "about".assumptions(context) end,
  coverage = function(context) return section "coverage".coverage(context) end,
  gaps = function(context) return section "coverage".gaps(context) end,
  parameters = function(context) return section "parameters"(context) end,
  cost = function(context) return section "cost"(context) end,
  memory = function(context) return section "memory"(context) end,
  architecture = function(context) return section "architecture"(context) end,
  findings = function(context) return section "findings".findings(context) end,
  checks = function(context) return section "findings".checks(context) end,
}

--- The facts of a model. `given` is what bindings.of takes: {dims = {name = number}, roles = {batch = number}};
-- symbols that it leaves out get their defaults. Raises what bindings.of raises.
function facts.of(model, given)
  local context = setmetatable({model = model, binding = bindings.of(model, given)}, Context)
  local sections = {}
  for name, make in pairs(makers) do sections[name] = function() return make(context) end end
  local all = facts.lazy({schema = facts.schema}, sections)
  getmetatable(all).context = context
  return all
end

--- Makes all that is not made yet; gives the table itself.
function facts.complete(table)
  local meta = getmetatable(table)
  for name in pairs(meta and meta.makers or {}) do local _ = table[name] end
  for _, value in pairs(table) do
    if type(value) == "table" then facts.complete(value) end
  end
  return table
end

--- What sections are made with: {model, binding}.
function facts.context(table) return getmetatable(table).context end

--- Keys in the order in which people want to read them, for json.encode.
facts.keyorder = {"schema", "model", "graph", "symbols", "assumptions", "coverage", "gaps", "parameters", "cost",
  "memory", "architecture", "findings", "checks", "rule", "severity", "name", "op", "value", "exact", "at_least",
  "unit", "formula", "bindings", "how", "macs", "flops"}

--- The fact at a path, "cost.flops" or "memory.alive.1.name"; nil when there is none.
function facts.at(table, path)
  for word in path:gmatch("[^.]+") do
    if type(table) ~= "table" then return nil end
    table = table[math.tointeger(tonumber(word)) or word]
  end
  return table
end

return facts
