--- Words for what roles rest on. Names are as the model has them: whoever shows them escapes.

local text = require "onnxdoc.text"

local evidence = {}

--- "Gather 'name'", or where the node is when it has no name.
function evidence.node(node)
  if node.name ~= "" then return ("%s '%s'"):format(node.op_type, node.name) end
  return ("%s, number %d of graph '%s'"):format(node.op_type, node.index, node.graph.name)
end

function evidence.value(value) return ("'%s'"):format(value.name) end

--- "0…30,521"
function evidence.range(least, most) return text.count(least) .. "…" .. text.count(most) end

--- A dimension as it is shown: with thousands apart, or as its formula.
function evidence.dim(dim)
  if dim == nil or dim == false then return "?" end
  return math.type(dim) and text.count(dim) or tostring(dim)
end

--- Values from 0 on, below a count: {least, most}; nil where the count is not a number.
function evidence.below(count)
  return math.type(count) == "integer" and count > 0 and {least = 0, most = count - 1} or nil
end

return evidence
