-- Initializers that no node reads and that are no output: they make the file larger, nothing else.

return {
  severity = "warning", category = "hygiene", title = "Initializers that nothing uses", confidence = "high",
  description = "An initializer that no node reads, in the main graph or in a body, is loaded by runtimes for nothing.",
  fix = "Remove them, for example with onnxruntime's graph optimisation or onnxsim, and save the model again.",
  messages = {unused = "{count} of the initializers ({bytes}) are used by no node"},
  check = function(model, report)
    local unused, bytes = {}, 0
    for tensor in model:tensors() do
      local value = tensor.value
      if value and tensor.use == "unused" and not value.is_output then
        unused[#unused + 1], bytes = tensor, bytes + (tensor.nbytes or 0)
      end
    end
    if #unused > 0 then report(unused, "unused", {count = #unused, bytes = onnxdoc.bytes(bytes)}) end
  end,
  examples = {
    fires = {[[g (float[2] x) => (float[2] y) <float[2] w = {1, 2}, float[2] v = {3, 4}> { y = Add(x, w) }]]},
    silent = {[[g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]]},
  },
}
