-- One node, or one layer or part of those that model:layers() tells apart, that takes most of what a model computes.

-- A number of MACs for these values of the symbols; nil where one of them has none.
local function evaluate(macs, numbers)
  if macs == nil or math.type(macs) then return macs end
  local values = {}
  for _, name in ipairs(macs.symbols) do values[name] = numbers[name] end
  local value = macs:at(values)
  return math.type(value) and value or nil
end

-- Of the places with costs the one with most MACs: {key, macs, count of places that have any}.
local function most_expensive(costs, numbers)
  local best, count = {macs = 0}, 0
  for _, entry in ipairs(costs) do
    local macs = entry.key and evaluate(entry.cost.macs, numbers) or 0
    if macs > 0 then count = count + 1 end
    if macs > best.macs then best = {key = entry.key, macs = macs} end
  end
  best.count = count
  return best
end

-- The costs of nodes whose operators have any MACs in this model.
local function costs_of_nodes(model)
  local has_macs = {}
  for _, entry in ipairs(model:costs "op") do
    local macs = entry.cost.macs
    has_macs[entry.key] = macs == nil or tostring(macs) ~= "0"
  end
  return model:costs(function(node) return has_macs[node.op] and node or nil end)
end

return {
  severity = "info", category = "performance", title = "One place takes most of the computing", confidence = "high",
  description = "One node, one layer, or the part before or behind the repeated layers, takes more than half of all "
    .. "multiply-accumulates (MACs), for the values of the symbols that are asked about. Work on other places cannot "
    .. "make such a model twice as fast.",
  fix = "Look there first: at its resolution, its channels, the size of its vocabulary. `onnxdoc explain` shows how "
    .. "its cost comes about.",
  needs = {"costs"},
  options = {share = 0.5, macs = 5e8, nodes = 5},
  messages = {
    node = "{op} '{name}' takes {share} % of all MACs ({macs} of {total}); {count} nodes have MACs",
    part = "{part} takes {share} % of all MACs ({macs} of {total}); {count} layers and parts between them have MACs",
  },
  check = function(model, report, options)
    local numbers = report.bindings or {}
    local total = evaluate(model.cost.macs, numbers)
    if not total or total < options.macs or #model.cost_gaps > 0 then return end
    local function values(found, more)
      more.share = math.floor(100 * found.macs / total + 0.5)
      more.macs, more.total = onnxdoc.si(found.macs), onnxdoc.si(total)
      return more
    end
    local node = most_expensive(costs_of_nodes(model), numbers)
    if node.count >= options.nodes and node.macs > options.share * total then
      return report(node.key, "node", values(node, {op = node.key.op, name = node.key.name, count = node.count}))
    end
    local part = most_expensive(model:costs "layer", numbers)
    if part.count >= options.nodes and part.macs > options.share * total then
      report(part.key.nodes, "part", values(part, {part = part.key.name, count = part.count}))
    end
  end,
  examples = {
    fires = {
      {model = [[wide (float[1,8] x) => (float[1,8] y)
        <float[8,8] a = {...}, float[8,8] b = {...}, float[8,8] c = {...},
        float[8,4096] d = {...}, float[4096,8] e = {...}, float[8,900] f = {...}>
        { p = MatMul(x, a)  q = MatMul(p, b)  r = MatMul(q, c)  s = MatMul(r, d)  t = Relu(s)  u = MatMul(t, e)
          y = MatMul(u, f) }]], options = {macs = 1000, share = 0.4}},
      function(b)  -- a convolution at full resolution before small ones
        local x = b:input("x", "float32", {1, 3, 512, 512})
        local function conv(value, channels, from, step)
          return b:op("Conv", {value, b:constant(nil, "float32", {channels, from, 7, 7}, {random = 1})},
            {strides = {step, step}})
        end
        x = conv(conv(x, 64, 3, 1), 8, 64, 32)
        for _ = 1, 3 do x = conv(x, 8, 8, 1) end
        b:output(x)
      end,
    },
    silent = {
      function(b)  -- twelve equal products
        local x = b:input("x", "float32", {64, 1024})
        for i = 1, 12 do x = b:op("MatMul", {x, b:constant(nil, "float32", {1024, 1024}, {random = i})}) end
        b:output(x)
      end,
      function(b)  -- two products only: one of them always takes half
        local x = b:input("x", "float32", {512, 1024})
        x = b:op("MatMul", {x, b:constant(nil, "float32", {1024, 4096}, {random = 1})})
        b:output(b:op("MatMul", {x, b:constant(nil, "float32", {4096, 16}, {random = 2})}))
      end,
      [[small (float[1,8] x) => (float[1,4096] y) <float[8,8] a = {...}, float[8,8] b = {...}, float[8,8] c = {...},
        float[8,8] d = {...}, float[8,4096] e = {...}>
        { p = MatMul(x, a)  q = MatMul(p, b)  r = MatMul(q, c)  s = MatMul(r, d)  y = MatMul(s, e) }]],
    },
  },
}
