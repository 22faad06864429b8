--- Facts in words: what the first screen, the card's sections and others say in the same way.

local text = require "onnxdoc.text"

local wording = {}

--- What a model is called: its file without .onnx.
function wording.name(facts)
  local name = facts.model.name
  return name and (name:gsub("%.onnx$", "")) or "standard input"
end

--- The number of a fact with an SI prefix; "≥ " before one that is not complete, "unknown" where there is none.
local function amount(fact, decimals)
  if not (fact and fact.value) then return "unknown" end
  return (fact.at_least and "≥ " or "") .. text.si(fact.value, nil, decimals)
end

--- "MACs 22.95 G · FLOPs 46.11 G (45.90 G in matrix products) · transcendentals 18.9 M", and the paths of its facts.
function wording.headline(facts)
  local cost = facts.cost
  local paths = {"cost.macs", "cost.flops"}
  local line = ("MACs %s · FLOPs %s"):format(amount(cost.macs), amount(cost.flops))
  local matrix = cost.matrix_flops
  if matrix and matrix.value and matrix.value > 0 then
    line = line .. (" (%s in matrix products)"):format(amount(matrix))
    paths[#paths + 1] = "cost.matrix_flops"
  end
  paths[#paths + 1] = "cost.transcendentals"
  return line .. " · transcendentals " .. amount(cost.transcendentals, 1), paths
end

local SHOWN = 6 -- symbols, operators

--- "batch, seq = 1 (default), past = 128": what the numbers rest on, symbols with the same value together; nil where
-- there are no symbols. Names are as they are.
function wording.bindings(facts)
  local groups, shown, more = {}, 0, 0
  for _, symbol in ipairs(facts.symbols) do
    if symbol.value and shown < SHOWN then
      local value = ("%d%s"):format(symbol.value, symbol.from == "default" and " (default)" or "")
      local group = groups[#groups]
      if not group or group.value ~= value then
        group = {value = value}
        groups[#groups + 1] = group
      end
      group[#group + 1], shown = symbol.name, shown + 1
    elseif symbol.value then
      more = more + 1
    end
  end
  for i, group in ipairs(groups) do groups[i] = table.concat(group, ", ") .. " = " .. group.value end
  if more > 0 then groups[#groups + 1] = ("… %d more"):format(more) end
  return #groups > 0 and table.concat(groups, ", ") or nil
end

--- "88", or "17 to 24".
function wording.range(least, most)
  return least == most and text.count(least) or ("%s to %s"):format(text.count(least), text.count(most))
end

--- "1 node", "12 in main, 3 in 2 subgraphs": where nodes are.
function wording.nodes(graph)
  local parts = {text.count(graph.nodes)}
  for _, place in ipairs {{"subgraphs", "subgraph"}, {"functions", "function"}, {"training", "training graph"}} do
    local there = graph.elsewhere and graph.elsewhere[place[1]]
    if there then
      parts[1] = text.count(graph.nodes) .. " in main"
      parts[#parts + 1] = ("%s in %s"):format(text.count(there.nodes), text.plural(there.graphs, place[2]))
    end
  end
  return table.concat(parts, ", ")
end

--- "24 Transpose, 12 Reshape, 3 others": which operators nodes have, the most frequent first. Names are as they are.
function wording.operators(nodes)
  local counts, ops = {}, {}
  for _, node in ipairs(nodes) do
    if not counts[node.op] then ops[#ops + 1] = node.op end
    counts[node.op] = (counts[node.op] or 0) + 1
  end
  table.sort(ops, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  local words, rest = {}, 0
  for i, op in ipairs(ops) do
    if i <= SHOWN then words[i] = ("%s %s"):format(text.count(counts[op]), op) else rest = rest + counts[op] end
  end
  if rest > 0 then words[#words + 1] = text.plural(rest, "other") end
  return table.concat(words, ", ")
end

return wording
