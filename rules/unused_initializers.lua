-- Initializers that no node reads and that are no output: they make the file larger, nothing else.

return {
  severity = "warning", category = "hygiene", title = "Initializers that nothing uses", confidence = "high",
  description = "An initializer that no node reads, in the main graph or in a body, is loaded by runtimes for nothing.",
  fix = "Remove them, for example with onnxruntime's graph optimisation or onnxsim, and save the model again.",
  messages = {unused = "initializers that no node uses: {count} of {all} ({bytes})"},
  check = function(model, report)
    local is_output = {}
    for _, graph in ipairs(model.graphs) do
      for _, value in ipairs(graph.outputs) do is_output[value] = true end
    end
    local unused, bytes, all = {}, 0, 0
    for tensor in model:tensors() do
      local value = tensor.value
      if value then all = all + 1 end
      if value and tensor.use == "unused" and #value.consumers == 0 and not is_output[value] then
        unused[#unused + 1], bytes = tensor, bytes + (tensor.nbytes or 0)
      end
    end
    if #unused > 0 then report(unused, "unused", {count = #unused, all = all, bytes = onnxdoc.bytes(bytes)}) end
  end,
  examples = {
    fires = {[[g (float[2] x) => (float[2] y) <float[2] w = {1, 2}, float[2] v = {3, 4}> { y = Add(x, w) }]]},
    silent = {
      [[g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      -- An output, of the graph and of a branch.
      [[g (float[2] x) => (float[2] w) <float[2] w = {1, 2}> { }]],
      [[g (float[2] x, bool c) => (float[2] y) <float[2] w = {1, 2}> {
          y = If (c) <then_branch = a () => (float[2] w) { }, else_branch = b () => (float[2] z) { z = Relu(x) }>
        }]],
      -- Read by a node that nothing needs: that is another finding.
      [[g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Relu(x) z = Add(w, w) }]],
    },
  },
}
