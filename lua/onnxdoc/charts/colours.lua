--- Which operator has which colour: the six that take part most in a model's nodes, parameters, work and traffic have
-- one, the same in all charts.

local numbers = require "onnxdoc.charts.numbers"

local COLOURS = 6

-- Where shares are taken from: section, list, name and number of its entries.
local shares = {
  {"graph", "operators", "op", "count"}, {"parameters", "by_operator", "name", "elements"},
  {"cost", "by_operator", "op", "flops"}, {"cost", "by_operator", "op", "bytes"},
}

-- Operators by the sum of their shares.
local function ranked(facts)
  local sums, list = {}, {}
  for _, source in ipairs(shares) do
    local section = facts[source[1]]
    local items, total = numbers.items(section and section[source[2]], source[3], source[4])
    for _, item in ipairs(items) do
      if not sums[item.name] then list[#list + 1], sums[item.name] = item.name, 0 end
      sums[item.name] = sums[item.name] + item.value / total
    end
  end
  table.sort(list, function(a, b)
    if sums[a] ~= sums[b] then return sums[a] > sums[b] end
    return a < b
  end)
  return list
end

--- {operator = class} of those that have a colour, which are also listed from 1 on; others are "other".
return function(facts)
  local colours = ranked(facts)
  for i = #colours, COLOURS + 1, -1 do colours[i] = nil end
  for i = 1, #colours do colours[colours[i]] = "c" .. i end
  return setmetatable(colours, {__index = function(_, name) return type(name) == "string" and "other" or nil end})
end
