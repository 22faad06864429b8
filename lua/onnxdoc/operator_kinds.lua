--- The nodes of a model by what operator they are: what several rules ask of an operator is asked once, not once per
-- node.

local onnxdoc = require "onnxdoc"

local operator_kinds = {}

local made = setmetatable({}, {__mode = "k"})

-- The first node tells what holds of all: the schema is that of the operator set in effect.
local function new_kind(node)
  return {op = node.op, op_type = node.op_type, domain = node.domain, opset = node.opset, schema = node.schema,
    nodes = {}}
end

--- A list of {op, op_type, domain, opset, schema, nodes}, in the order of their first nodes. Calls of local functions
-- are none of these.
function operator_kinds.of(model)
  if made[model] then return made[model] end
  local list, by_key = {}, {}
  local is_called = #model.functions > 0
  for node in model:nodes() do
    if not (is_called and node.callee) then
      local key = node.op .. "\0" .. (node.opset or "")
      local kind = by_key[key]
      if not kind then
        kind = new_kind(node)
        by_key[key], list[#list + 1] = kind, kind
      end
      kind.nodes[#kind.nodes + 1] = node
    end
  end
  made[model] = list
  return list
end

--- Whether the operator exists, in whichever operator set.
function operator_kinds.is_known(kind)
  return kind.schema ~= nil or onnxdoc.schema(kind.op_type, kind.domain) ~= nil
end

return operator_kinds
