-- Opens a model and finds its layers; prints how long that took on top of costs and node classes, in milliseconds.
local m = assert(onnxdoc.load(arg[1]))
local _, _ = m.cost, m:nodes()().class
local start = os.clock()
local groups = m:layers().groups
print(("%.3f %d"):format((os.clock() - start) * 1000, #groups))
