--- What rules with a limit share: the limit as it was set, and the verdict fits, exceeds or unknown.

local fits = require "onnxdoc.fits"
local quantity = require "onnxdoc.quantity"
local text = require "onnxdoc.text"

local budgets = {}

-- Columns of a formula that are shown, and symbols whose values are.
local FORMULA, SYMBOLS = 120, 8

--- Whether a limit is set: budgets apply only then.
function budgets.is_set(_, options) return options.max ~= false end

--- What is wrong with a limit as it is set: "50G", "6GiB", 1e9 or false is wanted.
function budgets.accepts(options)
  if options.max == false or quantity.of(options.max) then return nil end
  return ("option 'max' is '%s'; a number such as 50G, 16MB, 6GiB or 1000000 is wanted"):format(
    text.printable(tostring(options.max)))
end

-- "batch = 8, seq = 128": the symbols of a formula, as far as they have values.
local function bindings_text(formula, bindings)
  local parts = {}
  for i, name in ipairs(type(formula) == "userdata" and formula.symbols or {}) do
    if i > SYMBOLS then
      parts[i] = "…"
      break
    end
    parts[i] = ("%s = %s"):format(name, tostring(bindings[name] or "?"))
  end
  return table.concat(parts, ", ")
end

local function formula_text(formula, bindings)
  if type(formula) ~= "userdata" or #formula.symbols == 0 then return "" end
  return (": %s at %s"):format(text.truncate(tostring(formula), FORMULA), bindings_text(formula, bindings))
end

--- Compares with the limit and reports where it is exceeded. `taken` is
--
--   what      "FLOPs", in messages
--   formula   a number or an Expr, counted as far as it is known
--   least     the same, where `formula` may be more than what is really taken
--   unknown   why the formula is not the whole, or nil
--   show      a number as text (text.si)
function budgets.compare(model, report, options, taken)
  local limit, show = quantity.of(options.max), taken.show or text.si
  if not limit then error(budgets.accepts(options), 0) end
  local value = taken.formula and fits.at(taken.formula, report.bindings)
  local least = taken.least and fits.at(taken.least, report.bindings) or value
  if not value then return report.unknown(("%s: %s"):format(taken.what, taken.unknown or "not known")) end
  if least > limit then
    if show(least) == show(limit) then show = text.count end
    return report(model, "{what}: {at_least}{shown} are more than the {limit_shown} allowed{formula}", {
      what = taken.what, at_least = (taken.unknown or least < value) and "at least " or "", shown = show(least),
      limit_shown = show(limit), formula = formula_text(taken.formula, report.bindings), value = least, limit = limit})
  end
  if taken.unknown then
    return report.unknown(("%s: those known are %s of %s allowed, but %s"):format(taken.what, show(value), show(limit),
      taken.unknown))
  end
  if value > limit then
    report.unknown(("%s: between %s and %s, as the data is; %s are allowed"):format(taken.what, show(least),
      show(value), show(limit)))
  end
end

-- Why a sum over nodes is not the whole.
local function gap_of(cost)
  if cost.unknown == 0 then return nil end
  return ("the cost of %s is not known"):format(text.plural(cost.unknown, "node"))
end

--- Of one run of a model: what it takes of a metric ("flops", "macs").
function budgets.cost(model, metric)
  local cost = model.cost
  local taken = {what = metric:upper():gsub("S$", "s"), formula = cost[metric], unknown = gap_of(cost)}
  if metric == "flops" and cost.bound ~= "exact" and cost.macs and cost.elementwise_low then
    taken.least = 2 * cost.macs + cost.elementwise_low
  end
  return taken
end

return budgets
