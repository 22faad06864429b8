-- Opens a model and does nothing with it.
print(#assert(onnxdoc.load(arg[1])))
