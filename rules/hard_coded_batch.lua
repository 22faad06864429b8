-- A batch that is symbolic in the inputs, but a number in a Reshape: the model runs for that number only.

-- The symbols that stand for an input's first axis, by name; whether inference had to make a number of each.
local function batches(model)
  local free, fixed = {}, {}
  for _, symbol in ipairs(model.symbols) do
    if symbol.origin == "input" and symbol.axis == 1 then
      local number = math.type(symbol.expr) == "integer" and symbol.expr or symbol.expr.value
      if number then fixed[symbol.name] = number else free[symbol.name] = true end
    end
  end
  return free, fixed
end

-- The first element of a Reshape's target where it is a constant: what the exporter wrote down.
local function constant_first(node)
  local target = node.inputs[2]
  local first = target and target.is_constant and target.known and target.known[1]
  return math.type(first) == "integer" and first > 0 and first or nil
end

local function mentions(expr, names)
  for _, name in ipairs(type(expr) == "userdata" and expr.symbols or {}) do
    if names[name] then return name end
  end
end

-- What a Reshape tells inference to be equal: the number of elements before and behind it.
local function fixed_by(assumption, fixed)
  local node = assumption.node
  if assumption.kind ~= "derived" or not node or node.op ~= "Reshape" or not constant_first(node) then return nil end
  return mentions(assumption.left, fixed) or mentions(assumption.right, fixed)
end

-- Whether an output has that number in front, and none has the batch: then the batch did not come back on the way.
local function is_lost(model, name, number)
  local is_number = false
  for _, value in ipairs(model.outputs) do
    if not value.shape then return false end
    local first = value.shape[1]
    if mentions(first, {[name] = true}) then return false end
    if first == number then is_number = true end
  end
  return is_number
end

return {
  severity = "warning", category = "portability", title = "Reshape has the batch written into it", confidence = "high",
  description = "The model's inputs have a batch of any size, but the target shape of a Reshape has a number in its "
    .. "place, as tracing writes down x.shape[0]. Other batches fail there, or their examples get mixed up.",
  fix = "Write -1 or 0 there: x.reshape(x.shape[0], …) with dynamic_axes or dynamic_shapes at export, or give the "
    .. "input that batch.",
  needs = {"shapes"},
  messages = {
    fixes = "the inputs declare a first axis of any size, '{name}', but the target shape of a Reshape allows only "
      .. "{number}",
    merges = "the batch '{name}' becomes {number} in a Reshape, and no output has it again: batches of other sizes are "
      .. "merged into another axis",
  },
  check = function(model, report)
    local free, fixed = batches(model)
    if not next(free) and not next(fixed) then return end
    for _, assumption in ipairs(next(fixed) and model.assumptions or {}) do
      local name = fixed_by(assumption, fixed)
      if name then report(assumption.node, "fixes", {name = name, number = fixed[name]}) end
    end
    if not next(free) then return end
    for node in model.graph:nodes {op = "Reshape"} do
      local number, data = constant_first(node), node.inputs[1]
      local name = number and data and data.shape and mentions(data.shape[1], free)
      if name and is_lost(model, name, number) then report(node, "merges", {name = name, number = number}) end
    end
  end,
  examples = {
    fires = {
      [[g (float[N,3,8,8] x) => (y) <int64[2] target = {1, 192}> { y = Reshape(x, target) }]],
      [[g (float[N,3,8,8] x) => (y) <int64[2] target = {1, -1}> { f = Relu(x) y = Reshape(f, target) }]],
    },
    silent = {
      [[g (float[N,3,8,8] x) => (float[N,192] y) <int64[2] target = {-1, 192}> { y = Reshape(x, target) }]],
      [[g (float[N,3,8,8] x) => (float[N,192] y) <int64[2] target = {0, -1}> { y = Reshape(x, target) }]],
      [[g (float[4,3,8,8] x) => (float[4,192] y) <int64[2] target = {4, 192}> { y = Reshape(x, target) }]],
      -- The batch becomes channels, and the batch again.
      [[g (float[N,3,8,8] x) => (float[N,3,8,8] y) <int64[4] as_one = {1, -1, 8, 8}, int64[4] apart = {-1, 3, 8, 8}> {
          f = Reshape(x, as_one)
          r = Relu(f)
          y = Reshape(r, apart)
        }]],
      -- An axis of one in front of the others: nothing is lost.
      [[g (float[N,4] x) => (float[N,4] y, float[1,4] z) <int64[2] target = {1, 4}, float[4] w = {1, 2, 3, 4}> {
          y = Add(x, w)
          z = Reshape(w, target)
        }]],
    },
  },
}
