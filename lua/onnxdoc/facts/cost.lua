--- What one run takes: MACs, FLOPs, transcendentals, bytes, in all and by operator.

local json = require "onnxdoc.json"

local how = {
  macs = "multiply-accumulates of matrix products, convolutions, attention and recurrent cells",
  flops = "2 × MACs + elementwise",
  matrix_flops = "2 × MACs",
  elementwise = "additions, comparisons, selections, …: one each",
  transcendentals = "exp, erf, sqrt, …: one each",
  dequant = "elementwise operations that widen quantised weights",
  bytes = "read + written + weights",
  bytes_read = "activations that nodes read",
  bytes_written = "activations that nodes write",
  weight_bytes = "constants that nodes read",
  macs_valid = "MACs without those that multiply padding",
  macs_causal = "MACs without those that a causal mask makes superfluous",
  elementwise_low = "the least or the expected number, where it depends on data",
}

local units = {macs = "MAC", macs_valid = "MAC", macs_causal = "MAC", transcendentals = "calls", bytes = "bytes",
  bytes_read = "bytes", bytes_written = "bytes", weight_bytes = "bytes"}

local function number(context, cost, metric)
  local unit = units[metric] or "FLOP"
  if cost.unknown > 0 and cost.unknown == cost.nodes then
    return {unit = unit, unknown = "no node's cost is known", how = how[metric]}
  end
  return context:sum(cost[metric], cost.unknown, cost.nodes, unit, how[metric])
end

local function operator_facts(context)
  local list = json.array()
  for i, group in ipairs(context.model:costs "op") do
    local cost = group.cost
    list[i] = {op = group.key, nodes = cost.nodes, unknown = cost.unknown > 0 and cost.unknown or nil}
    for _, metric in ipairs {"macs", "flops", "elementwise", "transcendentals", "bytes", "bytes_written"} do
      list[i][metric] = number(context, cost, metric)
      list[i][metric].how = nil
    end
  end
  table.sort(list, function(a, b)
    local x, y = a.flops and a.flops.value or 0, b.flops and b.flops.value or 0
    if x ~= y then return x > y end
    return a.op < b.op
  end)
  return list
end

-- Where both are known: FLOPs for each byte that is moved.
local function intensity(flops, bytes)
  if not (flops.value and bytes.value) or bytes.value == 0 or flops.at_least then return nil end
  return {value = flops.value / bytes.value, unit = "FLOP/byte", how = "FLOPs / bytes", bindings = flops.bindings}
end

-- Products of queries with keys and of weights with values.
local function attention_facts(context, total)
  local share = require("onnxdoc.attention_share").find(context.model)
  local macs = share and context:number(share.macs, "MAC", "products of queries with keys and of weights with values")
  if not macs then return nil end
  macs.at_least = #share.unknown > 0 or nil
  local quadratic = json.object()
  for _, growth in ipairs(share.growth) do
    if growth.squared and growth.squared ~= 0 then quadratic[growth.symbol] = tostring(growth.squared) end
  end
  return {nodes = #share.nodes, macs = macs, quadratic = next(quadratic) and quadratic or nil,
    share = total.value and total.value > 0 and macs.value and macs.value / total.value or nil}
end

return function(context)
  local cost = context:cost()
  local facts = {bound = cost.bound}
  for _, metric in ipairs {"macs", "flops", "elementwise", "transcendentals", "bytes", "bytes_read", "bytes_written",
    "weight_bytes"} do
    facts[metric] = number(context, cost, metric)
  end
  for _, metric in ipairs {"macs_valid", "macs_causal"} do
    if cost[metric] and cost[metric] ~= cost.macs then facts[metric] = number(context, cost, metric) end
  end
  if cost.bound ~= "exact" then facts.elementwise_low = number(context, cost, "elementwise_low") end
  if cost.dequant and cost.dequant.value ~= 0 then facts.dequant = number(context, cost, "dequant") end
  if facts.macs.value then
    facts.matrix_flops = context:number(2 * cost.macs, "FLOP", how.matrix_flops)
    facts.matrix_flops.at_least = facts.macs.at_least
  end
  facts.intensity = intensity(facts.flops, facts.bytes)
  facts.macs_by_precision = json.object()
  for dtype, macs in pairs(cost.macs_by_dtype) do
    facts.macs_by_precision[dtype] = context:number(macs, "MAC")
    facts.macs_by_precision[dtype].at_least = cost.unknown > 0 or nil
  end
  return require("onnxdoc.facts").lazy(facts, {
    attention = function() return attention_facts(context, facts.macs) end,
    by_operator = function() return operator_facts(context) end,
  })
end
