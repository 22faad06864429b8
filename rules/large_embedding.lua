-- Tables of embeddings that make up much of a model.

local learned = require "onnxdoc.learned"

-- The node that looks words up in a table, and the layer that computes with it besides.
local function users_of(tensor)
  local look_up, layer
  for _, node in ipairs(tensor.users) do
    if learned.look_ups[node.op] and (node:attr "axis" or 0) == 0 then look_up = look_up or node end
    if learned.dense[node.op] then layer = layer or node end
  end
  return look_up, layer
end

-- Rows and columns; where bytes hold several numbers each, as many columns as they hold.
local function dimensions(tensor, look_up)
  local bits = look_up.op == "com.microsoft.GatherBlockQuantized" and tensor.dtype == "uint8" and look_up:attr "bits"
  return tensor.shape[1], tensor.shape[2] * (bits and bits > 0 and 8 // bits or 1)
end

return {
  severity = "info", category = "size", title = "A large table of embeddings", confidence = "high",
  description = "One table, of which each run reads a few rows, holds much of what is stored. It costs memory and "
    .. "loading time, not computing time: counts of parameters say little about the speed of such a model.",
  fix = "Leave out rows of words that never occur, store the table in float16 or 8 bits, or map it instead of loading "
    .. "it. A table that is the output layer's weight as well should be stored once.",
  options = {elements = 5e7, share = 0.25},
  messages = {
    own = "the table '{name}' has {rows} rows × {columns} columns, {elements} elements, {share} % of all stored "
      .. "weights in bytes; no dense layer shares it",
    tied = "the table '{name}' has {rows} rows × {columns} columns, {elements} elements, {share} % of all stored "
      .. "weights in bytes; {layer} shares it",
  },
  check = function(model, report, options)
    local all = model.parameters.all.nbytes
    for tensor in model:tensors {sort = "-nbytes"} do
      if not tensor.nbytes or tensor.nbytes < options.share * all then break end
      local look_up, layer = users_of(tensor)
      if look_up and #tensor.shape == 2 then
        local rows, columns = dimensions(tensor, look_up)
        if rows * columns >= options.elements then
          report({tensor, look_up}, layer and "tied" or "own", {name = tensor.name, rows = rows, columns = columns,
            elements = onnxdoc.si(rows * columns), layer = layer and ("%s '%s'"):format(layer.op, layer.name),
            share = math.floor(100 * tensor.nbytes / all + 0.5)})
        end
      end
    end
  end,
  examples = {
    fires = {
      [[words (int64[N] ids) => (float[N,8] y) <float[250000,256] t = {...}, float[256,8] w = {...}>
        { e = Gather(t, ids)  y = MatMul(e, w) }]],
      {model = [[tied (int64[N] ids) => (float[N,60] y) <float[60,40] t = {...}>
        { e = Gather(t, ids)  r = Relu(e)  y = Gemm <transB = 1> (r, t) }]], options = {elements = 2000}},
    },
    silent = {
      [[small (int64[N] ids) => (float[N,8] y) <float[300,8] t = {...}> { y = Gather(t, ids) }]],
      {model = [[dense (float[N,60] x) => (float[N,40] y) <float[60,40] w = {...}> { y = MatMul(x, w) }]],
        options = {elements = 2000}},
      {model = [[share (int64[N] ids) => (float[N,64] y)
        <float[60,8] t = {...}, float[8,64] v = {...}, float[64,64] w = {...}>
        { e = Gather(t, ids)  a = MatMul(e, v)  y = MatMul(a, w) }]], options = {elements = 100}},
    },
  },
}
