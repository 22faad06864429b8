--- Numbers as people write limits: 50G, 6GiB, 512 MB, 1.5e9.

local quantity = {}

local prefixes = {[""] = 1, K = 1e3, M = 1e6, G = 1e9, T = 1e12, P = 1e15, KI = 2 ^ 10, MI = 2 ^ 20, GI = 2 ^ 30,
  TI = 2 ^ 40, PI = 2 ^ 50}

local function parts_of(word)
  local number, unit = word:match("^%s*(%d+%.?%d*[eE][+-]?%d+)%s*(%a*)%s*$")
  if number then return number, unit end
  return word:match("^%s*([%d.]+)%s*(%a*)%s*$")
end

--- The number that a word stands for, whole where it can be: K, M, G, T, P are powers of 1000, Ki, Mi, … of 1024, and
-- a B may stand behind them. A number is given back as it is. nil where it is none, or below 0.
function quantity.of(word)
  if type(word) ~= "string" then return math.type(word) and word >= 0 and word or nil end
  local number, unit = parts_of(word)
  local factor = number and prefixes[unit:upper():gsub("B$", "")]
  local value = factor and tonumber(number) and tonumber(number) * factor
  return value and (math.tointeger(value // 1) or value)
end

return quantity
