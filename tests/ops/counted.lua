-- What a model of one node costs, for specs of cost rules.
--
--     counted.check {
--       {"MatMul", 13, {"float32[8,768]", "float32[4,768,10]"}, {}, 1, {macs = 245760}},
--       …
--     }
--
-- A case is {operator, opset, inputs, attributes, number of outputs, wanted}, the first four as in one_node.lua. `wanted` has
-- macs, elementwise, transcendentals and dequant, 0 where it says nothing; further fields of a Cost are compared where it
-- names them; formulas of symbols are strings, false is "not known". Every note of the node is computed from its text
-- and its terms, and the notes of a metric must add up to it.

local one_node = require "tests.ops.one_node"
local onnxdoc = require "onnxdoc"
local assert = require "luassert"

local M = {}

local ceil_log2 = function(x)
  local k = 0
  while 2 ^ k < x do k = k + 1 end
  return k
end

-- The value of a formula's text: names are replaced by what they stand for, longest first.
local function compute(formula, terms)
  local sorted, environment = {table.unpack(terms)}, {ceil_log2 = ceil_log2, max = math.max, min = math.min}
  table.sort(sorted, function(a, b) return #a.name > #b.name end)
  for i, term in ipairs(sorted) do
    local name = "t" .. i .. "_"
    environment[name] = term.value
    local pattern = term.name:gsub("%p", "%%%0")
    local before, after = term.name:find("^[%w_]") and "%f[%w_]" or "", term.name:find("[%w_]$") and "%f[^%w_]" or ""
    formula = formula:gsub(before .. pattern .. after, name)
  end
  return assert(load("return " .. formula, "=formula", "t", environment))()
end
M.compute = compute

-- Notes that say what they compute, and add up to the cost.
function M.check_notes(node, title)
  local sums = {}
  for _, note in ipairs(node.cost_notes) do
    local value = note.value
    if value then
      assert.equal(tostring(onnxdoc.expr(0) + value), tostring(onnxdoc.expr(0) + compute(note.formula, note.terms)),
        ("%s: %s = %s"):format(title, note.metric, note.formula))
      sums[note.metric] = (sums[note.metric] or 0) + value
    end
  end
  local cost = node.own_cost
  if cost.kind ~= "compute" then return end
  for _, metric in ipairs {"macs", "elementwise", "transcendentals", "dequant"} do
    if cost[metric] then
      assert.equal(tostring(cost[metric]), tostring(sums[metric] or 0), ("%s: notes of %s"):format(title, metric))
    end
  end
end

local metrics = {"macs", "elementwise", "transcendentals", "dequant"}

function M.check(cases)
  for i, case in ipairs(cases) do
    local op_type, opset, inputs, attributes, count, wanted = table.unpack(case, 1, 6)
    local title = ("case %d, %s %s"):format(i, op_type, tostring(opset))
    local model = one_node.build(op_type, opset, inputs, attributes, count)
    local node = model:node("n")
    local cost, names = node.own_cost, {}
    for _, metric in ipairs(metrics) do names[metric] = true end
    for name in pairs(wanted) do names[name] = true end
    for name in pairs(names) do
      local expected = wanted[name]
      if expected == nil then expected = 0 end
      local got = cost[name]
      assert.equal(expected and tostring(expected) or "nil", tostring(got), ("%s: %s"):format(title, name))
    end
    M.check_notes(node, title)
  end
end

return M
