-- The most memory that activations take in one run, as model:memory counts it, for measure_memory.js to compare with what
-- a runtime takes.
--
--     build/onnxdoc tests/models/peak.lua MODEL.onnx [held | reused | …] [DIMENSION=8 …]
--
-- Prints bytes, and the node where they are alive. A dimension without a name is INPUT:AXIS; those that are not given have
-- their defaults.

local which, dims = "bytes", {}
for i = 2, #arg do
  local name, size = arg[i]:match("^(.*)=(%d+)$")
  if name then dims[name] = math.tointeger(size) else which = arg[i] end
end
local bound = assert(onnxdoc.load(arg[1])):with {dims = dims}
local peak = bound:memory(require("onnxdoc.bindings").of(bound).values, "orders")
print(peak[which], peak.node)
if peak.unknown > 0 then
  io.stderr:write(("peak.lua: %d values are left out, their sizes are not known\n"):format(peak.unknown))
end
