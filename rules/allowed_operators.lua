-- The operators that a runtime or a device has: any other one is a finding. Calls of the model's own functions are not;
-- what is in these counts.

-- A list of names, with * for anything behind, as a function that tells whether a name is in it.
local function matcher(list)
  local names, prefixes = {}, {}
  for _, name in ipairs(list) do
    if name:sub(-1) == "*" then prefixes[#prefixes + 1] = name:sub(1, -2) else names[name] = true end
  end
  return function(name)
    if names[name] then return true end
    for _, prefix in ipairs(prefixes) do
      if name:sub(1, #prefix) == prefix then return true end
    end
    return false
  end
end

return {
  severity = "error", category = "budget", title = "Operators that are not allowed", confidence = "high",
  description = "Nodes of operators that are not on the list, in the graph, in bodies and in functions. Operators of "
    .. "other domains than ai.onnx are written with it: com.microsoft.Gelu, com.microsoft.*.",
  fix = "Export without them, replace them by allowed ones, or add them to the list.",
  options = {list = {}},
  messages = {other = "{count} of operator {op}, which is not allowed"},
  applies = function(_, options) return #options.list > 0 end,
  check = function(model, report, options)
    local is_allowed, found, order = matcher(options.list), {}, {}
    for node in model:nodes() do
      local op = node.op
      if found[op] == nil and (node.callee or is_allowed(op)) then
        found[op] = false
      elseif found[op] == nil then
        found[op] = {}
        order[#order + 1] = op
      end
      if found[op] then table.insert(found[op], node) end
    end
    for _, op in ipairs(order) do
      local count = #found[op]
      report(found[op], "other", {count = count == 1 and "1 node" or count .. " nodes", op = op})
    end
  end,
  examples = {
    fires = {
      {model = "g (float[2] x) => (y) { a = Relu(x) y = Tanh(a) }", options = {list = {"Relu"}}},
      {model = [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[2] x) => (y) { y = com.microsoft.Gelu(x) }]], options = {list = {"Gelu"}}},
    },
    silent = {
      "g (float[2] x) => (y) { a = Relu(x) y = Tanh(a) }",
      {model = "g (float[2] x) => (y) { a = Relu(x) y = Tanh(a) }", options = {list = {"Relu", "Tan*"}}},
      {model = [[<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        g (float[2] x) => (y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 17]> twice (x) => (y) { y = Add(x, x) }]], options = {list = {"Add"}}},
    },
  },
}
