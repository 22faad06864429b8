-- The operator domains that a runtime has. Calls of the model's own functions need no operator of their domain.

local function set_of(list)
  local set = {}
  for _, domain in ipairs(list) do set[domain == "" and "ai.onnx" or domain] = true end
  return set
end

return {
  severity = "error", category = "budget", title = "Operators of domains that are not allowed", confidence = "high",
  description = "Nodes whose operators are of a domain that is not on the list. The standard's own is ai.onnx.",
  fix = "Export without them, write them as functions of standard operators, or add the domain to the list.",
  options = {list = {}},
  messages = {other = "{count} of domain {domain}, which is not allowed"},
  applies = function(_, options) return #options.list > 0 end,
  check = function(model, report, options)
    local allowed, found, order = set_of(options.list), {}, {}
    for node in model:nodes() do
      local domain = node.domain == "" and "ai.onnx" or node.domain
      if not allowed[domain] and not node.callee then
        if not found[domain] then
          found[domain] = {}
          order[#order + 1] = domain
        end
        table.insert(found[domain], node)
      end
    end
    for _, domain in ipairs(order) do
      local count = #found[domain]
      report(found[domain], "other", {count = count == 1 and "1 node" or count .. " nodes", domain = domain})
    end
  end,
  examples = {
    fires = {{model = [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
      g (float[2] x) => (y) { a = com.microsoft.Gelu(x) b = com.microsoft.QuickGelu(a) y = Relu(b) }]],
      options = {list = {"ai.onnx"}}}},
    silent = {
      [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[2] x) => (y) { y = com.microsoft.Gelu(x) }]],
      {model = [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[2] x) => (y) { y = com.microsoft.Gelu(x) }]], options = {list = {"com.microsoft"}}},
      {model = [[<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        g (float[2] x) => (y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 17]> twice (x) => (y) { y = Add(x, x) }]],
        options = {list = {"ai.onnx"}}},
    },
  },
}
