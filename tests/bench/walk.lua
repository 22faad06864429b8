-- Opens a model and walks every node, input, output and attribute, as a script would.
local count = 0
local m = assert(onnxdoc.load(arg[1]))
for n in m:nodes() do
  count = count + #n.op_type
  for _, v in pairs(n.inputs) do
    if v then count = count + #v.name end
  end
  for _, v in pairs(n.outputs) do
    if v then count = count + #v.name end
  end
  for name, value in pairs(n.attributes) do
    if value ~= nil then count = count + #name end
  end
end
print(#m, count)
