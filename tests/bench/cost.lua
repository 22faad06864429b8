-- Opens a model, infers its shapes and counts its costs; prints how long the counting took, in milliseconds.
local m = assert(onnxdoc.load(arg[1]))
local _ = m.symbols
local start = os.clock()
local cost = m.cost
print(("%.3f %s"):format((os.clock() - start) * 1000, tostring(cost.flops)))
