-- Nodes whose outputs lead to no output of their graph: whoever runs the model as it is written computes them for
-- nothing.

-- What changes its inputs in place counts even where nobody reads its outputs.
local function has_effects(node)
  return node.op_type:find("^InPlace") ~= nil or node.op_type:find("Optimizer") ~= nil
    or not node.schema and not node.callee
end

return {
  severity = "warning", category = "hygiene", title = "Nodes that lead to no output", confidence = "high",
  description = "The outputs of these nodes reach no output of their graph. Runtimes that prune drop them; others "
    .. "compute them at every step. They may also be outputs that were meant to be there and got lost at export.",
  fix = "Export again with only the outputs that are wanted, or remove them with onnxsim; if such an output is "
    .. "missing, name it at export.",
  messages = {dead = "nodes that lead to no output of their graph: {count} of {all}"},
  check = function(model, report)
    local is_output, dead, found, all, computes = {}, {}, {}, 0, false
    for _, graph in ipairs(model.graphs) do
      for _, value in ipairs(graph.outputs) do is_output[value] = true end
    end

    local function leads_nowhere(node)
      local count = 0
      for _, value in pairs(node.outputs) do
        if is_output[value] then return false end
        for _, reader in ipairs(value.consumers) do
          if not dead[reader] then return false end
        end
        count = count + 1
      end
      return count > 0 and not has_effects(node)
    end

    -- A list instead of recursion: a chain of dead nodes may be long.
    local waiting = {}
    local function kill(node, is_own)
      dead[node] = true
      if is_own then found[#found + 1] = node end
      if node.op ~= "Constant" then computes = true end
      for _, value in pairs(node.inputs) do waiting[#waiting + 1] = value.producer end
      for _, graph in pairs(node.subgraphs) do
        for inner in graph:nodes() do
          if not dead[inner] then kill(inner, false) end
        end
      end
    end

    for node in model:nodes() do
      all = all + 1
      if not dead[node] and leads_nowhere(node) then kill(node, true) end
      while #waiting > 0 do
        local before = table.remove(waiting)
        if not dead[before] and leads_nowhere(before) then kill(before, true) end
      end
    end
    -- Constants alone cost nothing.
    if computes then report(found, "dead", {count = #found, all = all}) end
  end,
  examples = {
    fires = {
      [[g (float[2] x) => (float[2] y) { y = Relu(x) a = Exp(x) b = Neg(a) }]],
      [[g (float[2] x, bool c) => (float[2] y) {
          a = Exp(x)
          y = Relu(x)
          z = If (c) <then_branch = t () => (float[2] p) { p = Neg(a) },
            else_branch = e () => (float[2] q) { q = Abs(a) }>
        }]],
    },
    silent = {
      [[g (float[2] x) => (float[2] y, float[2] a) { y = Relu(x) a = Exp(x) }]],
      -- One of two outputs is read.
      [[g (float[2,4] x) => (float[2,2] y) <int64[1] k = {2}> { y, i = TopK(x, k) }]],
      -- What only a body reads, and what a body hands out.
      [[g (float[2] x, bool c) => (float[2] z) {
          a = Exp(x)
          b = Neg(x)
          z = If (c) <then_branch = t () => (float[2] p) { p = Neg(a) }, else_branch = e () => (float[2] b) { }>
        }]],
      [[g (float[2] x) => (float[2] y) { y = Relu(x) z = Constant <value_float = 1.0> () }]],
      -- Nobody here knows what this operator does besides.
      [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 1]>
        g (float[2] x) => (float[2] y) { y = Relu(x) z = com.acme.Log(x) }]],
    },
  },
}
