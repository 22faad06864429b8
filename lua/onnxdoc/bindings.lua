--- Numbers for a model's symbols: what the user gave, by name or by role, and stated defaults for the rest.

local bindings = {}

--- The roles that have an option of their own, in the order of the help.
bindings.roles = {"batch", "seq", "past"}

local function defaults()
  local list = require "onnxdoc.defaults"
  local own = require("onnxdoc.files").user_table("defaults")
  return own and table.move(list, 1, #list, #own + 1, table.move(own, 1, #own, 1, {})) or list
end

local function matches(entry, symbol)
  if entry.origin and entry.origin ~= symbol.origin then return false end
  if entry.axis and not (symbol.origin == "input" and symbol.axis == entry.axis) then return false end
  if entry.rank and not (symbol.value and #(symbol.value.declared_shape or {}) == entry.rank) then return false end
  if not entry.names then return true end
  local name = symbol.name:lower()
  for _, pattern in ipairs(entry.names) do
    if name:find(pattern) then return true end
  end
  return false
end

local function entry_of(symbol, list)
  for _, entry in ipairs(list) do
    if matches(entry, symbol) then return entry end
  end
  return {role = "dimension", value = 1}
end

-- What is wrong with a value, nil where it is in the symbol's range.
local function refusal(symbol, value)
  local limit = value < (symbol.least or value) and "at least " .. symbol.least
    or value > (symbol.most or value) and "at most " .. symbol.most
  return limit and ("%s cannot be %s: it is %s"):format(symbol.name, value, limit) or nil
end

local function clamp(value, symbol)
  return math.min(math.max(value, symbol.least or value), symbol.most or math.huge)
end

-- Symbols that stand for themselves; the others are names of these, or formulas of them.
local function is_free(symbol)
  local names = type(symbol.expr) == "userdata" and symbol.expr.symbols
  return names and #names == 1 and names[1] == symbol.name
end

-- Problems are messages for people; the caller says how they are shown.
local function wrong(message, ...) error({binding = true, message = message:format(...)}, 0) end
local function contradict(message, ...)
  error({binding = true, contradicts = true, message = message:format(...)}, 0)
end

local function quoted_names(symbols)
  local names = {}
  for i, symbol in ipairs(symbols) do
    if i > 8 then names[i] = "…" break end
    names[i] = "'" .. symbol.name .. "'"
  end
  return #names > 0 and table.concat(names, ", ") or "none"
end

-- The dimension that "input:0" names, or nil.
local function dim_of_place(model, place)
  local name, axis = place:match("^(.*):(%d+)$")
  for _, value in ipairs(name and model.inputs or {}) do
    if value.name == name then return value.shape and value.shape[tonumber(axis) + 1] end
  end
end

local function formula_of(model, symbols, name)
  for _, symbol in ipairs(symbols) do
    if symbol.name == name then return symbol.expr end
  end
  local dim = dim_of_place(model, name)
  if dim == nil then wrong("the model has no symbol '%s'; it has %s", name, quoted_names(symbols)) end
  return dim
end

local Binding = {}
Binding.__index = Binding

-- A symbol gets a number that was given under a name.
function Binding:give(name, value, under)
  local entry = self.by_name[name]
  if entry.from == "given" and entry.value ~= value then
    contradict("%s is given as %s and, by %s, as %s", name, entry.value, under, value)
  end
  local problem = refusal(entry.symbol, value)
  if problem then wrong("%s", problem) end
  entry.value, entry.from = value, "given"
end

-- A name that stands for a formula, past = total - seq: the first symbol of it that nobody gave follows.
function Binding:give_formula(formula, value, under)
  local open, others = nil, {}
  for _, name in ipairs(formula.symbols) do
    local entry = self.by_name[name]
    if not open and entry.from ~= "given" then open = name else others[name] = entry.value end
  end
  if not open then
    local is = formula:at(others)
    if is ~= value then contradict("%s is %s, which is %s, and cannot be %s", under, tostring(formula), is, value) end
    return
  end
  local symbol = self.by_name[open].symbol
  if formula == symbol.expr then return self:give(open, value, under) end
  local function at(x)
    others[open] = x
    return clamp(x, symbol) == x and formula:at(others) - value or nil
  end
  local least = symbol.least or 1
  local first, second = at(least), at(least + 1)
  local root = first and second and first ~= second and least + first // (first - second) or nil
  if not root or at(root) ~= 0 then
    local taken = {}
    for _, name in ipairs(formula.symbols) do
      if name ~= open then taken[#taken + 1] = ("%s = %s"):format(name, others[name]) end
    end
    contradict("%s is %s and cannot be %s%s", under, tostring(formula), value,
      #taken > 0 and " where " .. table.concat(taken, ", ") or "")
  end
  self:give(open, root, under)
end

function Binding:give_named(model, symbols, name, value)
  local formula = formula_of(model, symbols, name)
  if type(formula) ~= "userdata" then
    if formula ~= value then contradict("%s is %s and cannot be %s", name, tostring(formula), value) end
    return
  end
  self:give_formula(formula, value, name)
end

function Binding:give_role(role, value, symbols)
  local found = false
  for _, entry in ipairs(self.list) do
    if entry.role == role then
      found = true
      self:give(entry.name, value, "--" .. role)
    end
  end
  if not found then wrong("the model has no symbol of the role '%s'; it has %s", role, quoted_names(symbols)) end
end

--- Values of all symbols, by name, where some have others: defaults that follow from these follow.
function Binding:with(changed)
  local values, roles = {}, {}
  for _, computed in ipairs {false, true} do -- roles whose value follows from others come last
    for _, entry in ipairs(self.list) do
      local value, default = changed[entry.name] or entry.value, entry.default.value
      if (type(default) == "function") == computed then
        if entry.from == "default" and not changed[entry.name] then
          value = clamp(computed and default(roles) or default, entry.symbol)
        end
        values[entry.name] = value
        if roles[entry.role] == nil then roles[entry.role] = value end
      end
    end
  end
  return values
end

function Binding:fill()
  for name, value in pairs(self:with {}) do self.by_name[name].value = value end
end

--- Values for all free symbols of a model. `given` may hold dims = {name = number} and roles = {batch = number}. Gives
-- {list = {{name, value, from = "given" or "default", role}, …} in the model's order, values = {name = number}}.
-- A name or role that the model does not have, and numbers that contradict each other, raise {binding = true, message,
-- contradicts}. A Binding is given back as it is.
function bindings.of(model, given)
  if getmetatable(given) == Binding then return given end
  given = given or {}
  local self = setmetatable({list = {}, by_name = {}, values = {}}, Binding)
  local symbols, list = model.symbols, nil
  for _, symbol in ipairs(symbols) do
    if is_free(symbol) then
      list = list or defaults()
      local default = entry_of(symbol, list)
      local entry = {name = symbol.name, role = default.role, from = "default", default = default, symbol = symbol}
      self.list[#self.list + 1], self.by_name[symbol.name] = entry, entry
    end
  end
  local names = {}
  for name in pairs(given.dims or {}) do names[#names + 1] = name end
  table.sort(names)
  self:fill()
  for _, name in ipairs(names) do self:give_named(model, symbols, name, given.dims[name]) end
  for _, role in ipairs(bindings.roles) do
    if given.roles and given.roles[role] then self:give_role(role, given.roles[role], symbols) end
  end
  self:fill()
  for _, entry in ipairs(self.list) do self.values[entry.name] = entry.value end
  return self
end

--- The symbols of a role, by name; a word that is no role is taken as a symbol's name.
function Binding:symbols_of(word)
  local names = {}
  for _, entry in ipairs(self.list) do
    if entry.role == word then names[#names + 1] = entry.name end
  end
  if #names == 0 and self.by_name[word] then names[1] = word end
  return names
end

--- What is wrong with a value for these symbols, or nil: "batch cannot be 0: it is at least 1".
function Binding:refusal(names, value)
  for _, name in ipairs(names) do
    local problem = refusal(self.by_name[name].symbol, value)
    if problem then return problem end
  end
end

local SHOWN = 6

--- "batch = 1 (default), seq = 128", for people; at most a few. "" when there are no symbols.
function Binding:text()
  local printable, parts = require("onnxdoc.text").printable, {}
  for i, entry in ipairs(self.list) do
    if i > SHOWN then
      parts[i] = ("… %d more"):format(#self.list - SHOWN)
      break
    end
    parts[i] = ("%s = %d%s"):format(printable(entry.name), entry.value, entry.from == "default" and " (default)" or "")
  end
  return table.concat(parts, ", ")
end

return bindings
