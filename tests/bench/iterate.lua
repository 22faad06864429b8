-- Prints how many milliseconds it takes to go through all nodes and read their operator type.
local m = assert(onnxdoc.load(arg[1]))
local times = {}
for run = 1, 6 do
  local start, count = os.clock(), 0
  for n in m:nodes() do
    if n.op_type == "Add" then count = count + 1 end
  end
  if run > 1 then times[#times + 1] = (os.clock() - start) * 1000 end
end
table.sort(times)
print(("%.3f"):format(times[3]))
