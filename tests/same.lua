-- Compares what two models say, by everything the API shows but places in the file and ways of storage: graphs with
-- their inputs, outputs, nodes in file order and attributes, types, initializers and their elements, functions,
-- documentation and metadata. Returns nil, or where and how they differ first.
--
-- What text has no words for is left out: training graphs, device configurations, quantization annotations.

local compare

local function differ(where, a, b)
  return ("%s: %s, not %s"):format(where, tostring(a), tostring(b))
end

local function fields(where, a, b, names)
  for name in names:gmatch("%S+") do
    local difference = compare(where .. "." .. name, a[name], b[name])
    if difference then return difference end
  end
end

local function lists(where, a, b)
  if #a ~= #b then return differ(where .. ": length", #a, #b) end
  for i = 1, #a do
    local difference = compare(("%s[%d]"):format(where, i), a[i], b[i])
    if difference then return difference end
  end
end

local function tensors(where, a, b)
  local difference = fields(where, a, b, "name dtype shape size doc metadata sparse")
  if difference or a.sparse or not a.dtype then return difference end
  if a.dtype == "string" then return compare(where .. ": elements", a:values(), b:values()) end
  local left, right = a:bytes(a.size), b:bytes(b.size)
  if left ~= right then return where .. ": other elements" end
end

-- A type of which nothing is said ("?") is as good as none.
local function values(where, a, b)
  return fields(where, a, b, "name dtype shape denotation doc metadata is_input is_output")
    or compare(where .. ".type", a.declared_type ~= "?" and a.declared_type or nil, b.declared_type)
end

-- Inputs or outputs of a node: names, nil where one is left out.
local function links(where, a, b)
  if #a ~= #b then return differ(where .. ": length", #a, #b) end
  for i, value in pairs(a) do
    local name, other = value and value.name, b[i] and b[i].name
    if name ~= other then return differ(("%s[%d]"):format(where, i), name, other) end
  end
end

local function nodes(where, a, b)
  return fields(where, a, b, "name op_type domain overload doc metadata attribute_names attributes opset")
    or links(where .. ".inputs", a.inputs, b.inputs) or links(where .. ".outputs", a.outputs, b.outputs)
end

local function in_file_order(graph)
  local list = {}
  for node in graph:nodes() do list[node.index + 1] = node end
  return list
end

local function values_of(graph)
  local list = {}
  for value in graph:values() do list[#list + 1] = value end
  return list
end

local function graphs(where, a, b)
  return fields(where, a, b, "name kind domain overload doc metadata attributes opset inputs outputs initializers")
    or lists(where .. ".nodes", in_file_order(a), in_file_order(b))
    or lists(where .. ".values", values_of(a), values_of(b))
end

local function maps(where, a, b)
  for key, value in pairs(a) do
    local difference = compare(("%s[%s]"):format(where, tostring(key)), value, b[key])
    if difference then return difference end
  end
  for key, value in pairs(b) do
    if a[key] == nil then return differ(("%s[%s]"):format(where, tostring(key)), nil, value) end
  end
end

function compare(where, a, b)
  if type(a) ~= type(b) or math.type(a) ~= math.type(b) then return differ(where, a, b) end
  if type(a) == "table" then return maps(where, a, b) end
  if type(a) == "userdata" then
    if a.op_type then return nodes(where, a, b) end
    if a.kind then return graphs(where, a, b) end
    return (a.storage and tensors or values)(where, a, b)
  end
  if a ~= b and not (a ~= a and b ~= b) then return differ(where, a, b) end
end

return function(a, b)
  return fields("model", a, b, "ir_version producer_name producer_version domain model_version doc metadata opsets")
    or fields("model", a, b, "graph functions")
end
