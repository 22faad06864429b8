--- Lists and sets of words.

local lists = {}

--- The words of a text as keys: set "a b" is {a = true, b = true}.
function lists.set(words)
  local set = {}
  for word in words:gmatch("%S+") do set[word] = true end
  return set
end

function lists.contains(list, item)
  for _, other in ipairs(list) do
    if other == item then return true end
  end
  return false
end

--- The items of all lists, one list behind the other.
function lists.join(...)
  local joined = {}
  for _, list in ipairs {...} do table.move(list, 1, #list, #joined + 1, joined) end
  return joined
end

--- The keys of a table, sorted.
function lists.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

return lists
