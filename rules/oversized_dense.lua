-- A single dense layer that holds much of what the model knows, such as the first one behind a flattened picture.

local learned = require "onnxdoc.learned"

local packed = {["com.microsoft.MatMulNBits"] = true, ["com.microsoft.MatMulBnb4"] = true}

-- The dense layer that a tensor is the weight of; nil when it is a table for look-ups, too (large_embedding has these).
local function dense_user(tensor)
  local found
  for _, node in ipairs(tensor.users) do
    if learned.look_ups[node.op] then return nil end
    found = found or learned.dense[node.op] and node or nil
  end
  return found
end

-- Rows and columns; of packed weights those that they stand for.
local function dimensions(tensor, node)
  if packed[node.op] then return node:attr "K", node:attr "N" end
  if #tensor.shape == 2 then return tensor.shape[1], tensor.shape[2] end
end

return {
  severity = "info", category = "size", title = "One dense layer holds much of the weights", confidence = "high",
  description = "One MatMul or Gemm with a weight above a limit, and above a share of all stored bytes. The first "
    .. "dense layer behind a flattened picture is the usual one, an output layer over a large vocabulary another. A "
    .. "weight that is an embedding as well is large_embedding's.",
  fix = "Pool before flattening, factorise the weight into two smaller ones, or quantise this layer first: it gains "
    .. "most.",
  options = {elements = 1e8, share = 0.25},
  messages = {dense = "the weight of {op} '{name}' is {rows} × {columns}, {elements} elements, {share} % of all "
    .. "stored weights in bytes"},
  check = function(model, report, options)
    local all = model.parameters.all.nbytes
    for tensor in model:tensors {sort = "-nbytes"} do
      if not tensor.nbytes or tensor.nbytes < options.share * all then break end
      local node = dense_user(tensor)
      local rows, columns = nil, nil
      if node then rows, columns = dimensions(tensor, node) end
      if rows and rows * columns >= options.elements then
        report({tensor, node}, "dense", {op = node.op, name = node.name, rows = rows, columns = columns,
          elements = onnxdoc.si(rows * columns), share = math.floor(100 * tensor.nbytes / all + 0.5)})
      end
    end
  end,
  examples = {
    fires = {
      {model = [[g (float[1,60] x) => (float[1,4] y) <float[60,40] w = {...}, float[40,4] v = {...}>
        { a = MatMul(x, w)  b = Relu(a)  y = MatMul(b, v) }]], options = {elements = 2000}},
      [[vgg (float[N,25088] x) => (float[N,10] y) <float[25088,4096] w = {...}, float[4096,10] v = {...}>
        { a = MatMul(x, w)  b = Relu(a)  y = MatMul(b, v) }]],
    },
    silent = {
      [[small (float[1,60] x) => (float[1,40] y) <float[60,40] w = {...}> { y = MatMul(x, w) }]],
      {model = [[tied (int64[N] ids) => (float[N,60] y) <float[60,40] w = {...}>
        { e = Gather(w, ids)  r = Relu(e)  y = Gemm <transB = 1> (r, w) }]], options = {elements = 2000}},
      {model = [[even (float[1,8] x) => (float[1,8] y)
        <float[8,8] a = {...}, float[8,8] b = {...}, float[8,8] c = {...}, float[8,8] d = {...}, float[8,8] e = {...}>
        { p = MatMul(x, a)  q = MatMul(p, b)  r = MatMul(q, c)  s = MatMul(r, d)  y = MatMul(s, e) }]],
        options = {elements = 10}},
    },
  },
}
