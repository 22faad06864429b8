--- Looking for something close to a value: breadth first, a few dozen values at most, however large the graph is.

local near = {}

--- The most values that are looked at, and the most inputs of one node.
near.values, near.inputs = 64, 16

--- What accept(value) gives for the nearest value at or behind `start`, towards the inputs, for which it gives
-- something. The search goes through nodes whose operator is in `through`, a set.
function near.behind(start, through, accept)
  local seen, queue, at = {[start] = true}, {start}, 1
  while queue[at] do
    local value = queue[at]
    local node, result = value.producer, accept(value)
    if result then return result end
    at = at + 1
    for i = 1, node and through[node.op] and math.min(#node.inputs, near.inputs) or 0 do
      local input = node.inputs[i]
      if input and not seen[input] and #queue < near.values then
        seen[input] = true
        queue[#queue + 1] = input
      end
    end
  end
end

return near
