-- The seed model's formulas at new values of its symbols: microseconds for all totals, and for every distinct formula of a
-- node besides.
local m = assert(onnxdoc.load(arg[1]))
local cost, peak = m.cost, m:memory{unk__492 = 1, unk__493 = 1}.formula
local distinct, seen = {}, {}
for node in m:nodes() do
  local own = node.own_cost
  for _, metric in ipairs {"macs", "flops", "elementwise", "transcendentals", "bytes_read", "bytes_written", "weight_bytes"} do
    local formula = own[metric]
    if #formula.symbols > 0 and not seen[tostring(formula)] then
      seen[tostring(formula)] = true
      distinct[#distinct + 1] = formula
    end
  end
end
local function microseconds(times, work)
  local start = os.clock()
  for i = 1, times do work(i) end
  return (os.clock() - start) * 1e6 / times
end
local totals = microseconds(2000, function(i)
  local values = {unk__492 = i, unk__493 = i}
  return cost:at(values), peak:at(values)
end)
local all = microseconds(200, function(i)
  local values = {unk__493 = i}
  for _, formula in ipairs(distinct) do local _ = formula:at(values) end
end)
print(("%.1f %.1f %d"):format(totals, all, #distinct))
