-- Nodes that compute the same in every run: from constants, and from shapes that are known.

local wording = require "onnxdoc.wording"

-- Quantised weights are stored small on purpose, and what only spells out one number is smaller than its result.
-- Operators that are not known here may give something else each time.
local function is_kept(node)
  local op = node.op_type
  if not node.schema then return true end
  if op == "Constant" or op == "ConstantOfShape" or op == "Expand" or op == "Tile" or op == "Range" then return true end
  return op:lower():find("quantize", 1, true) ~= nil
end

-- Inside of a function, inputs and shapes are those of one call.
local function is_fixed(graph)
  while graph and graph.kind ~= "function" do graph = graph.parent end
  return graph == nil
end

return {
  severity = "info", category = "hygiene", title = "Nodes whose result never changes", confidence = "high",
  description = "Nodes all of whose inputs are constants, or shapes that are known, give the same in every run. Most "
    .. "runtimes compute them once when they load the model; converters for small devices often do not.",
  fix = "Fold them: do_constant_folding at export, onnxsim, or onnxruntime's basic graph optimisation saved to a file.",
  -- So many are taken without a word; results of more bytes are larger in the file than the nodes that make them.
  options = {most = 3, max_bytes = 1 << 20},
  messages = {
    constants = "nodes that compute only with constants: {count} ({operators})",
    shapes = "nodes that compute shapes which are the same for every input: {count} ({operators})",
  },
  check = function(model, report, options)
    local found = {constants = {}, shapes = {}}
    local reads_shape, is_large = {}, {}

    -- Whether a node's result rests on the shape of something that is computed: then a constant is one of shapes.
    local function rests_on_shape(node)
      if node.op_type == "Shape" or node.op_type == "Size" then return true end
      for _, value in pairs(node.inputs) do
        if value and reads_shape[value.producer] then return true end
      end
      return false
    end

    -- Results that are kept apart keep apart what is made of them.
    local function is_unfolded(node)
      if is_kept(node) then return true end
      for _, value in pairs(node.inputs) do
        if value and is_large[value.producer] then return true end
      end
      local bytes = node.outputs[1] and node.outputs[1].nbytes
      return math.type(bytes) ~= "integer" or bytes > options.max_bytes
    end

    for node in model:nodes() do
      if node.class == "constant" and node.op_type ~= "Constant" and is_fixed(node.graph) then
        if rests_on_shape(node) then reads_shape[node] = true end
        if is_unfolded(node) then is_large[node] = true
        -- By Identity exporters let two names share a weight.
        elseif node.op_type ~= "Identity" then
          table.insert(found[reads_shape[node] and "shapes" or "constants"], node)
        end
      end
    end
    for _, key in ipairs {"constants", "shapes"} do
      local nodes = found[key]
      if #nodes > options.most then
        report(nodes, key, {count = #nodes, operators = wording.operators(nodes)})
      end
    end
  end,
  examples = {
    fires = {
      {options = {most = 1}, model = [[g (float[2] x) => (float[2] y) <float[2] a = {1, 2}> {
          b = Neg(a)
          c = Exp(b)
          y = Add(x, c)
        }]]},
      -- Static shapes that are worked out although they are known.
      {options = {most = 1}, model = [[g (float[2,3,4] x) => (float[2,12] y) <int64[1] at = {0}, int64[1] rest = {-1}> {
          shape = Shape(x)
          batch = Gather(shape, at)
          target = Concat <axis = 0> (batch, rest)
          y = Reshape(x, target)
        }]]},
    },
    silent = {
      -- How large the result is depends on what is in the constant.
      {options = {most = 0}, model = [[g (float[2] x) => (float[2] y, int64[1,K] z) <float[5000] a = {...}> {
          z = NonZero(a)
          y = Relu(x)
        }]]},
      -- An optional input that is left out.
      [[g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float least = {0}> {
          b = Clip(a, , least)
          y = Add(x, b)
        }]],
      [[g (float[2] x) => (float[2] y) <float[2] a = {1, 2}> { b = Neg(a) y = Add(x, b) }]],
      -- The batch is not known before the model runs.
      {options = {most = 1}, model = [[g (float[N,3,4] x) => (float[N,12] y) <int64[1] at = {0}, int64[1] rest = {-1}> {
          shape = Shape(x)
          batch = Gather(shape, at)
          target = Concat <axis = 0> (batch, rest)
          y = Reshape(x, target)
        }]]},
      -- Weights that are stored small.
      {options = {most = 0}, model = [[g (float[2] x) => (float[2] y) <int8[2] w = {1, 2}, float scale = {0.5}> {
          v = DequantizeLinear(w, scale)
          y = Add(x, v)
        }]]},
    },
  },
}
