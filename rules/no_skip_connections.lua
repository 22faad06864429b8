-- Deep networks in which every value goes through every layer: no sum, concatenation or product takes a shorter way.

local learned = require "onnxdoc.learned"
local skips = require "onnxdoc.skips"

-- Whether a node joins ways of different length, all of which have layers.
local function is_bypass(net, join)
  if not skips.kind(join.node) then return false end
  for _, value in ipairs(join.inputs) do
    if (net.depth_of[value] or 0) == 0 then return false end
  end
  return true
end

local function nodes_of(layers)
  local nodes = {}
  for i, layer in ipairs(layers) do nodes[i] = layer.node end
  return nodes
end

return {
  severity = "info", category = "architecture", title = "A deep network without skip connections",
  confidence = "medium",
  description = "Past some twenty layers, plain networks train worse than those in which values also go around layers, "
    .. "since gradients fade on the way. For inference alone it does not matter.",
  fix = "Nothing, if the model is only run. If it is to be trained further, think of residual connections, or of a "
    .. "network that has them.",
  options = {layers = 20},
  messages = {plain = "{depth} layers with weights lie one behind another, and nothing goes around any of them"},
  check = function(model, report, options)
    local net = learned.of(model)
    if net.depth < options.layers or #skips.of(model).list > 0 then return end
    for _, join in ipairs(net.joins) do
      if is_bypass(net, join) then return end
    end
    if #net.calls > 0 then return report.unknown("what is in local functions is not followed") end
    report(nodes_of(net.layers), "plain", {depth = net.depth})
  end,
  examples = {
    fires = {function(b)
      local x = b:input("x", "float32", {"batch", 8})
      for i = 1, 20 do x = b:op("Relu", {b:op("MatMul", {x, b:constant(nil, "float32", {8, 8}, {random = i})})}) end
      b:output(x)
    end},
    silent = {
      function(b)  -- residual sums
        local x = b:input("x", "float32", {"batch", 8})
        for i = 1, 20 do
          local y = b:op("Relu", {b:op("MatMul", {x, b:constant(nil, "float32", {8, 8}, {random = i})})})
          x = b:op("Add", {x, y})
        end
        b:output(x)
      end,
      function(b)  -- a single shortcut with a projection of its own
        local x = b:input("x", "float32", {"batch", 8})
        local short
        for i = 1, 20 do
          x = b:op("Relu", {b:op("MatMul", {x, b:constant(nil, "float32", {8, 8}, {random = i})})})
          if i == 4 then short = b:op("MatMul", {x, b:constant(nil, "float32", {8, 8}, {random = 99})}) end
        end
        b:output(b:op("Add", {x, short}))
      end,
      function(b)  -- not deep
        local x = b:input("x", "float32", {"batch", 8})
        for i = 1, 12 do x = b:op("Relu", {b:op("MatMul", {x, b:constant(nil, "float32", {8, 8}, {random = i})})}) end
        b:output(x)
      end,
    },
  },
}
