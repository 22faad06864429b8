-- Sizes of inputs that are left open, each derived class of dimensions once: what depends on it, and what that hinders.

local roles = require "onnxdoc.roles"

local harmless_roles = {["passed through"] = true, unused = true}

local SHOWN = 4    -- places, names and inputs that a message lists
local SYMBOLS = 64 -- of a formula whose growth is looked at

-- ---- classes of dimensions ----

local function is_tensor(value)
  local declared = value.declared_type or value.type or "?"
  return not declared:find "^%a+%(" and not value.tensor
end

-- The class of a symbol: what it is called in the model, where it is, and what depends on it.
local function class_of(classes, name)
  if not classes[name] then
    classes[name] = {name = name, aliases = {}, places = {}, inputs = {}, sizes = 0, seen = {}}
    classes[#classes + 1] = classes[name]
  end
  return classes[name]
end

local function add_place(class, value, axis, dim)
  local formula = #dim.symbols > 1 and tostring(dim) or nil
  class.places[#class.places + 1] = {value = value, axis = axis, formula = formula}
  if class.seen[value] then return end
  class.seen[value], class.inputs[#class.inputs + 1] = true, value
end

local function add_aliases(model, classes)
  for _, symbol in ipairs(model.symbols) do
    local class = symbol.origin == "input" and classes[tostring(symbol.expr)]
    if class and symbol.name ~= class.name then table.insert(class.aliases, symbol.name) end
  end
end

-- Notes on classes where it is only broadcasting that makes their dimensions equal: another size may work, too.
local function add_assumptions(model, classes)
  local class_by_name = {}
  for _, class in ipairs(classes) do
    for _, name in ipairs {class.name, table.unpack(class.aliases)} do class_by_name[name] = class end
  end
  for _, assumption in ipairs(model.assumptions) do
    local class = assumption.kind == "assumed" and class_by_name[tostring(assumption.left)]
    if class and class == class_by_name[tostring(assumption.right)] then class.assumed = assumption.node end
  end
end

-- Classes in the order of the inputs. What is computed of others, as n + 1, belongs to each of these.
local function find_classes(model)
  local classes, rankless = {}, {}
  for _, input in ipairs(model.inputs) do
    local shape = is_tensor(input) and input.shape
    if shape == nil then rankless[#rankless + 1] = input end
    for axis, dim in ipairs(shape or {}) do
      for _, name in ipairs(type(dim) == "userdata" and dim.symbols or {}) do
        add_place(class_of(classes, name), input, axis - 1, dim)
      end
    end
  end
  add_aliases(model, classes)
  add_assumptions(model, classes)
  return classes, rankless
end

-- ---- what depends on a class ----

local function add_sizes(classes, shape)
  local counted = {}
  for _, dim in ipairs(shape or {}) do
    for _, name in ipairs(type(dim) == "userdata" and dim.symbols or {}) do
      local class = classes[name]
      if class and not counted[class] then class.sizes, counted[class] = class.sizes + 1, true end
    end
  end
end

-- Counts, class by class, the values that are computed and have such a dimension; gives how many values there are.
local function count_sizes(model, classes)
  local total = 0
  for node in model:nodes() do
    local outputs = node.class == "compute" and node.outputs or {}
    for i = 1, #outputs do
      if outputs[i] then
        total = total + 1
        add_sizes(classes, outputs[i].shape)
      end
    end
  end
  return total
end

local function at(formula, values, name, number)
  local numbers = setmetatable({[name] = number}, {__index = values})
  local given = {}
  for _, symbol in ipairs(formula.symbols) do given[symbol] = numbers[symbol] end
  local result = formula:at(given)
  return math.type(result) and result > 0 and result or nil
end

-- With which power of a symbol a formula grows in the end; nil where that is not to be told.
local function growth(formula, values, name)
  local ok, low, high = pcall(function() return at(formula, values, name, 2^20), at(formula, values, name, 2^21) end)
  return ok and low and high and math.floor(math.log(high / low, 2) + 0.5) or nil
end

local powers = {"in proportion to it", "with its square in the end", "with its cube in the end"}

-- The model's MACs: the formula, and its symbols as a set.
local function macs_of(model)
  local formula, has = model.cost.macs, {}
  local symbols = type(formula) == "userdata" and formula.symbols or {}
  for _, name in ipairs(symbols) do has[name] = true end
  return {formula = formula, has = has, count = #symbols, is_partial = #model.cost_gaps > 0}
end

local function cost_text(macs, values, name)
  if macs.formula == nil then return "MACs are not known" end
  if not macs.has[name] then return macs.is_partial and "no known MACs depend on it" or "no MACs depend on it" end
  local power = macs.count <= SYMBOLS and powers[growth(macs.formula, values, name)]
  local others = macs.count > 1 and " while the others stay as they are" or ""
  return power and ("MACs grow %s%s"):format(power, others) or "MACs depend on it"
end

-- ---- words ----

local function list_text(items)
  local shown = table.move(items, 1, math.min(#items, SHOWN), 1, {})
  if #items > SHOWN then shown[#shown + 1] = ("… %d in all"):format(#items) end
  return table.concat(shown, ", ")
end

local function places_text(class)
  local places = {}
  for i, place in ipairs(class.places) do
    local formula = place.formula and " as " .. place.formula or ""
    places[i] = ("axis %d of '%s'%s"):format(place.axis, place.value.name, formula)
  end
  return list_text(places)
end

local function names_text(class)
  local names = {class.name, table.unpack(class.aliases, 1, SHOWN)}
  if #class.aliases > SHOWN then names[#names + 1] = "…" end
  local text = table.concat(names, " = ")
  if not class.assumed then return text end
  return ("%s (taken to be equal, since %s '%s' broadcasts them)"):format(text, class.assumed.op, class.assumed.name)
end

local function is_harmless(class, model)
  local found = roles.of(model).inputs
  for _, input in ipairs(class.inputs) do
    local role = found[input]
    if not role or not harmless_roles[role.role] then return false end
  end
  return true
end

return {
  severity = "info", category = "shapes", title = "Sizes of inputs are open", confidence = "high",
  description = "Dimensions of inputs that have no fixed size. Those that the model proves to be equal are one. What "
    .. "depends on them has no fixed size either: planning all memory before the model runs is not possible, TensorRT "
    .. "wants a profile of sizes, and compilers for fixed shapes refuse the model. An open batch is usual.",
  fix = "Where the size is always the same, export with it fixed, all names of a class together; else give TensorRT "
    .. "the least, the usual and the greatest size. What is harmless may stay as it is.",
  messages = {
    open = "{names} is open ({places}): {least}{sizes} of {total} computed values have a size that depends on it, "
      .. "{cost}; memory can be planned only once it is known, and TensorRT needs a profile for it",
    sized = "{names} is open ({places}); no computed value is known to have a size that depends on it, {cost}",
    harmless = "{names} is open ({places}), which is harmless: what has it is only passed through or unused",
    rankless = "{count} inputs ({names}) do not even say how many dimensions they have; compilers for fixed shapes, "
      .. "and TensorRT, need to know",
  },
  check = function(model, report)
    local classes, rankless = find_classes(model)
    if #rankless > 0 then
      local names = {}
      for i, input in ipairs(rankless) do names[i] = "'" .. input.name .. "'" end
      report(rankless, "rankless", {count = #rankless, names = list_text(names)})
    end
    local total = #classes > 0 and count_sizes(model, classes)
    local macs = #classes > 0 and macs_of(model)
    local least = model.coverage.shapes < model.coverage.nodes and "at least " or ""
    for _, class in ipairs(classes) do
      local key = class.sizes > 0 and "open" or is_harmless(class, model) and "harmless" or "sized"
      local cost = key ~= "harmless" and cost_text(macs, report.bindings or {}, class.name) or nil
      report(class.inputs, key, {names = names_text(class), places = places_text(class), sizes = class.sizes,
        least = least, total = total, cost = cost})
    end
  end,
  examples = {
    fires = {
      "g (float[batch,3] x) => (float[batch,3] y) { y = Relu(x) }",
      "equal (float[a,3] x, float[b,3] z) => (float[a,6] y) { y = Concat <axis = 1> (x, z) }",
      "passed (int64[n] ids) => (int64[n] y) { y = Identity(ids) }",
      "g (float[] x) => (y) { y = Relu(x) }",
    },
    silent = {
      "g (float[1,3] x) => (float[1,3] y) { y = Relu(x) }",
      "g (float[1,3] x, float[2,3] z) => (float[3,3] y) { y = Concat <axis = 0> (x, z) }",
    },
  },
}
