--- What a model is built of: its layers, and what each part of the main graph takes.

local json = require "onnxdoc.json"

local function range_of(nodes)
  if type(nodes) ~= "table" then return nodes, nodes end
  return nodes[1], nodes[2]
end

local function group_facts(groups)
  local list = json.array()
  for i, group in ipairs(groups) do
    local least, most = range_of(group.nodes)
    list[i] = {count = group.count, nodes_least = least, nodes_most = most, chain = group.chain,
      first = group.layers[1].name, last = group.layers[#group.layers].name, differences = #group.differences,
      graph = group.graph.kind ~= "main" and group.graph.path or nil}
  end
  return list
end

-- Elements of weights by the part that uses them first.
local function weights_by_part(model)
  local weights = {}
  for tensor in model:tensors() do
    local use = tensor.value and tensor.use
    if use == "weight" or use == "quantised-weight" then
      local user = tensor.users[1]
      local part = user and user.layer
      if part then weights[part] = (weights[part] or 0) + (tensor.size or 0) end
    end
  end
  return weights
end

local function cost_of(context, part, metric, unit)
  local cost = part.cost
  return context:sum(cost[metric], cost.unknown, cost.nodes, unit)
end

local function part_facts(context, groups)
  local list, number_of, weights = json.array(), {}, nil
  for i, group in ipairs(groups) do number_of[group] = i end
  for i, part in ipairs(context.model.graph.parts or {}) do
    weights = weights or weights_by_part(context.model)
    list[i] = {
      name = part.name, kind = part.kind, group = number_of[part.group], nodes = part.size, compute = part.compute,
      first = context:node(part.first), last = context:node(part.last),
      macs = cost_of(context, part, "macs", "MAC"), flops = cost_of(context, part, "flops", "FLOP"),
      transcendentals = cost_of(context, part, "transcendentals", "calls"),
      bytes = cost_of(context, part, "bytes", "bytes"),
      parameters = context:number(weights[part] or 0, "elements"),
    }
  end
  return list
end

return function(context)
  local groups = context.model:layers().groups
  return require("onnxdoc.facts").lazy({layers = group_facts(groups)}, {
    parts = function() return part_facts(context, groups) end,
  })
end
