--- Words that were mistyped.

local spelling = {}

local function edit_distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local kept = row[j]
      row[j] = math.min(row[j] + 1, row[j - 1] + 1, diagonal + (a:byte(i) == b:byte(j) and 0 or 1))
      diagonal = kept
    end
  end
  return row[#b]
end

--- The word of a list that is spelled most like another one, or nil.
function spelling.nearest(word, list)
  local best, distance = nil, 3
  if #word > 32 then return nil end
  for _, candidate in ipairs(list) do
    local here = edit_distance(word, candidate)
    if here < distance and here < #word then best, distance = candidate, here end
  end
  return best
end

return spelling
