-- Touches everything a model has: every field of every graph, node, value and tensor, every list, the elements
-- and statistics of every tensor. Returns counts of what it met. Nothing in it may raise, whatever the bytes
-- were, but for a field that stands in a message found malformed only when it is read: that names the byte. A
-- tensor whose elements cannot be read gives nil, message and code.

local function check(condition, text)
  if not condition then error(text, 3) end
end

local counts
local seen -- values and tensors, which are reached from many sides

-- Calls f(...); it may only raise what the file is to blame for.
local function lenient(f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  check(type(result) == "string" and result:find("at byte %d"), "raised: " .. tostring(result))
  counts.raised = counts.raised + 1
end

local function read_all(object)
  for name, value in pairs(object) do
    check(type(name) == "string", "field names are strings")
    if type(value) == "table" then
      for _, item in pairs(value) do check(type(tostring(item)) == "string", name) end
    end
  end
end

-- Reads all data fields; what they hold that is a list is gone through too.
local function fields(object)
  counts.fields = counts.fields + 1
  check(type(tostring(object)) == "string", "tostring")
  check(rawequal(object, object) and object == object, "a handle equals itself")
  lenient(read_all, object)
end

local codes = {data = true, io = true, missing = true, truncated = true, malformed = true, limit = true, memory = true}

local function failure(what, got, message, code)
  if got ~= nil then return got end
  counts.unreadable = counts.unreadable + 1
  check(type(message) == "string" and message ~= "", what .. " fails with a message")
  check(codes[code], what .. " fails with a code, not " .. tostring(code))
  check(not message:find("%c"), what .. ": a control character in: " .. message)
end

local function tensor(t)
  if seen[t] then return end
  seen[t] = true
  counts.tensors = counts.tensors + 1
  fields(t)
  local sparse = t.sparse
  if sparse then
    if sparse.values then tensor(sparse.values) end
    if sparse.indices then tensor(sparse.indices) end
  end
  local values = failure("values", t:values(16))
  if values then check(#values <= 16, "no more values than asked for") end
  failure("values from 3", t:values(4, 3))
  failure("stats", t:stats())
end

local function value(v)
  if seen[v] then return end
  seen[v] = true
  counts.values = counts.values + 1
  fields(v)
  local declared = v.declared_shape
  for i = 1, declared and #declared or 0 do
    local dim = declared[i]
    check(dim == false or math.type(dim) == "integer" or type(dim) == "string", "a declared dimension")
  end
  local shape = v.shape
  for i = 1, shape and #shape or 0 do
    check(math.type(shape[i]) == "integer" or #tostring(shape[i]) > 0, "a dimension")
  end
  local producer = v.producer
  if producer then check(producer.outputs[v.output_index] ~= nil, "the producer has the output") end
  for _, consumer in ipairs(v.consumers) do check(consumer.op_type ~= nil, "consumers are nodes") end
  if v.tensor then check(v.tensor.name ~= nil, "its tensor") end
end

local function list(l)
  check(#l >= 0, "length")
  local positions = 0
  for i, v in pairs(l) do
    positions = positions + 1
    check(i == positions, "positions in order")
    if v ~= nil then value(v) end
  end
  check(positions == #l, "pairs visits every position")
end

local function plain(v)
  if type(v) == "table" then
    for _, item in pairs(v) do plain(item) end
  elseif type(v) == "userdata" then
    counts.objects = counts.objects + 1
    check(type(tostring(v)) == "string", "attribute values show something")
  end
end

local function node(n)
  counts.nodes = counts.nodes + 1
  fields(n)
  check(not n.path:find("%c"), "paths are printable")
  list(n.inputs)
  list(n.outputs)
  for name, v in pairs(n.attributes) do
    counts.attributes = counts.attributes + 1
    check(type(name) == "string", "attribute names are strings")
    plain(v)
  end
  for _, name in ipairs(n.attribute_names) do plain(n:attr(name)) end
  local schema = n.schema
  if schema then
    for name in pairs(schema.attributes) do plain(n:attr(name)) end
    for _, formal in ipairs(schema.inputs) do plain(n.inputs[formal.name]) end
    for _, formal in ipairs(schema.outputs) do plain(n.outputs[formal.name]) end
  end
  for _, graph in ipairs(n.subgraphs) do check(graph.owner == n, "a subgraph knows its owner") end
end

local function graph(g)
  counts.graphs = counts.graphs + 1
  fields(g)
  local count = 0
  for n in g:nodes() do
    count = count + 1
    check(n.graph == g, "a node knows its graph")
  end
  check(count == #g, "as many nodes as #graph says")
  for v in g:values() do value(v) end
  for _, v in pairs(g.inputs) do value(v) end
  for _, t in ipairs(g.initializers) do tensor(t) end
  local parent, depth = g.parent, 0
  while parent do
    parent, depth = parent.parent, depth + 1
    check(depth < 100, "parents end")
  end
end

return function(model)
  counts = {fields = 0, graphs = 0, nodes = 0, values = 0, tensors = 0, attributes = 0, objects = 0, unreadable = 0,
            raised = 0}
  seen = {}
  fields(model)
  for _, g in ipairs(model.graphs) do graph(g) end
  for _, f in ipairs(model.functions) do fields(f) end
  local nodes = 0
  for n in model:nodes() do
    node(n)
    nodes = nodes + 1
  end
  check(nodes == #model, "as many nodes as #model says")
  for _, v in pairs(model.outputs) do value(v) end
  for t in model:tensors() do tensor(t) end
  for t in model:tensors{sort = "-nbytes", limit = 3} do check(t.name ~= nil, "sorted tensors") end
  for _, d in ipairs(model.diagnostics) do
    check(type(d.code) == "string" and type(d.message) == "string", "a diagnostic says what and why")
    check(not d.message:find("%c"), "a control character in: " .. d.message)
    check(d.severity == "info" or d.severity == "warning" or d.severity == "error", "severity")
  end
  return counts
end
