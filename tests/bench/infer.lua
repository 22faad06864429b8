-- Opens a model and infers every shape in it.
local m = assert(onnxdoc.load(arg[1]))
print(#m.gaps, m.outputs[1].type)
