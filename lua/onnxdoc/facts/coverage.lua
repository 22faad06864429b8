--- How much of a model is known: nodes with shapes, nodes with costs, and what is missing, by operator and reason.

local json = require "onnxdoc.json"

local coverage = {}

function coverage.coverage(context)
  local cost, shapes = context:cost(), context.model.coverage
  return {
    nodes = shapes.nodes, shapes_known = shapes.shapes, costs_known = shapes.nodes - #context.model.cost_gaps,
    constant = cost.constant, shape_arithmetic = cost.shape, views = cost.views, not_numeric = cost.not_numeric,
    bytes_unknown = cost.unknown_bytes,
  }
end

-- Gaps that are alike, by what is missing, operator and reason; the first node stands for all.
local function add_gaps(context, groups, list, what)
  for _, gap in ipairs(list) do
    local op = gap.node and gap.node.op or "?"
    local key = table.concat({what, op, gap.reason}, "\0")
    local group = groups[key]
    if not group then
      group = {what = what, op = op, reason = gap.reason, count = 0, first = context:node(gap.node)}
      groups[key], groups[#groups + 1] = group, group
    end
    group.count = group.count + 1
  end
end

function coverage.gaps(context)
  local groups = {}
  add_gaps(context, groups, context.model.gaps, "shape")
  add_gaps(context, groups, context.model.cost_gaps, "cost")
  local list = json.array()
  for i, group in ipairs(groups) do list[i] = group end
  return list
end

return coverage
