--- Numbers of facts as charts show them: only what is known and finite, with units, with "≥" where some are missing.

local canvas = require "onnxdoc.canvas"
local text = require "onnxdoc.text"

local numbers = {}

-- What is larger is no size of anything, but a mistake in a model; sums of what is left stay finite.
local LARGEST = 1e33

--- The number of a fact, or a number itself; nil where it is not known, negative or not finite.
function numbers.value(fact)
  local value = type(fact) == "table" and fact.value or fact
  if math.type(value) == nil or not (value >= 0 and value <= LARGEST) then return nil end
  return value
end

-- What "layer_10" is sorted by, so that it comes behind "layer_9"; of long names the start.
local function order_of(name)
  return (name:sub(1, 200):gsub("%d+", function(digits) return ("0"):rep(20 - #digits) .. digits end))
end

--- Items of a list with what `field` of them is, as {name, value, fact}: those above zero, the largest first.
function numbers.items(list, name, field)
  local items, total = {}, 0
  for _, entry in ipairs(list or {}) do
    local value = numbers.value(entry[field])
    if value and value > 0 then
      local shown = tostring(entry[name])
      items[#items + 1] = {name = shown, value = value, fact = entry[field], order = order_of(shown)}
      total = total + (value + 0.0)
    end
  end
  table.sort(items, function(a, b)
    if a.value ~= b.value then return a.value > b.value end
    if a.order ~= b.order then return a.order < b.order end
    return a.name < b.name
  end)
  return items, total
end

--- `most` items, the last one {name = "n more", value, is_rest = true} when there are more than that.
function numbers.first(items, most)
  if #items <= most then return items end
  local kept, rest = table.move(items, 1, most - 1, 1, {}), 0
  for i = most, #items do rest = rest + items[i].value end
  kept[most] = {name = ("%d more"):format(#items - most + 1), value = rest, is_rest = true}
  return kept
end

--- "99.6%", for what is not quite nothing or all "< 0.1%" and "> 99.9%".
function numbers.percent(part, whole)
  local share = whole > 0 and math.min(part / whole, 1) or 0
  if share > 0 and share < 0.0005 then return "< 0.1%" end
  if share < 1 and share >= 0.9995 then return "> 99.9%" end
  return share == 1 and "100%" or ("%.1f%%"):format(100 * share)
end

--- "≥ " for a number from which something is missing.
function numbers.at_least(fact) return type(fact) == "table" and fact.at_least and "≥ " or "" end

--- Whole bytes or counts with a prefix but without zeros behind the point, for axes: "5 MB", "2.5 M".
function numbers.short(shown)
  return (shown:gsub("(%.%d-)0+$", "%1"):gsub("(%.%d-)0+ ", "%1 "):gsub("%.$", ""):gsub("%. ", " "))
end

--- The same with three digits: "393 k", "23.8 M".
function numbers.brief(shown)
  return numbers.short((shown:gsub("%d+%.%d+", function(digits)
    local number = tonumber(digits)
    return (number >= 100 and "%.0f" or number >= 10 and "%.1f" or "%.2f"):format(number)
  end)))
end

--- "at batch = 1, seq = 128": the values of symbols that a fact took; "" without any.
function numbers.at(fact)
  local parts = {}
  for name, value in pairs(type(fact) == "table" and fact.bindings or {}) do
    parts[#parts + 1] = ("%s = %s"):format(canvas.label(tostring(name)), tostring(value))
  end
  table.sort(parts)
  return #parts > 0 and "at " .. table.concat(parts, ", ") or ""
end

--- What a mark stands for, for who points at it: name, number, formula.
function numbers.note(name, shown, fact)
  local formula = type(fact) == "table" and fact.formula
  return ("%s: %s%s"):format(canvas.label(name), shown, formula and " = " .. canvas.label(formula) or "")
end

--- Texts that are not empty, between " · ".
function numbers.joined(...)
  local parts = {}
  for _, part in ipairs {...} do
    if part ~= "" then parts[#parts + 1] = part end
  end
  return table.concat(parts, " · ")
end

--- A list for a sentence: "a, b and c".
function numbers.enumerate(parts)
  if #parts < 2 then return parts[1] or "" end
  return table.concat(parts, ", ", 1, #parts - 1) .. " and " .. parts[#parts]
end

--- A step of 1, 2 or 5 times a power of ten, at most `steps` of which make up `most`.
function numbers.step(most, steps)
  local power = 10.0 ^ math.floor(math.log(most / steps, 10))
  for _, factor in ipairs {1, 2, 5, 10} do
    if most / (factor * power) <= steps then return factor * power end
  end
  return 10 * power
end

--- A number of bytes or operations, which as a float has digits that are not there.
function numbers.si(value, unit) return text.si(math.tointeger(value) or value, unit) end

return numbers
