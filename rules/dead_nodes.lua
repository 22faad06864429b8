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

    -- By value: how many nodes read it that are not dead.
    local readers = setmetatable({}, {__index = function(_, value) return #value.consumers end})

    -- By node: how many of its outputs are needed. One without outputs is there for something else.
    local needed = {}

    local function count_needed(node)
      local count, needs = 0, 0
      for _, value in pairs(node.outputs) do
        count = count + (value and 1 or 0)
        if value and (is_output[value] or readers[value] > 0) then needs = needs + 1 end
      end
      return count > 0 and needs or math.huge
    end

    -- Nodes that are dead, but not marked; a list instead of recursion, since a chain of them may be long.
    local waiting = {}

    local function judge(node)
      if needed[node] > 0 or has_effects(node) then return end
      found[#found + 1], waiting[#waiting + 1] = node, node
      if node.op ~= "Constant" then computes = true end
    end

    local function lose_reader(value)
      readers[value] = readers[value] - 1
      local node = value.producer
      if not node or readers[value] > 0 or is_output[value] or dead[node] then return end
      needed[node] = needed[node] and needed[node] - 1 or count_needed(node)
      judge(node)
    end

    local function mark(node)
      dead[node] = true
      local inputs = {}
      for _, value in pairs(node.inputs) do
        if value then inputs[value] = true end
      end
      for value in pairs(inputs) do lose_reader(value) end
      for _, graph in pairs(node.subgraphs) do
        for inner in graph:nodes() do waiting[#waiting + 1] = inner end
      end
    end

    for node in model:nodes() do
      all = all + 1
      if not needed[node] then
        needed[node] = count_needed(node)
        judge(node)
      end
      while #waiting > 0 do
        local next_node = table.remove(waiting)
        if not dead[next_node] then mark(next_node) end
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
      -- An optional input, and an optional output, that are left out.
      [[g (float[1,1,4] x) => (float[1,1,3] c)
          <float[1,12,4] w = {...}, float[1,12,3] r = {...}, float[1,1,3] h0 = {0, 0, 0}> {
          , , c = LSTM <hidden_size = 3> (x, w, r, , , h0)
        }]],
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
