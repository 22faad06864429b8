--- What a model holds, counted: what the facts of the header, the graph and the stored tensors are made of. Everything
-- is exact or says what is missing from it.

local overview = {}

-- When each IR version appeared (onnx.proto, enum Version).
local ir_dates = {"2017-10-10", "2017-10-30", "2017-11-03", "2019-01-22", "2019-03-18", "2019-09-19", "2020-05-08",
  "2021-07-30", "2023-05-05", "2024-03-25", "2025-05-12", "2025-08-26", "2025-11-06"}

--- The date of an IR version as ISO text, or nil.
function overview.ir_date(version) return ir_dates[version] end

--- A domain as people write it: the empty one is ai.onnx.
function overview.domain_name(domain) return domain == "" and "ai.onnx" or domain end

--- The operator sets of a model as {domain =, version =}, ai.onnx first, else in file order.
function overview.opsets(model)
  local opsets = {}
  for _, wanted in ipairs {true, false} do
    for _, opset in ipairs(model.opsets) do
      if (opset.domain == "") == wanted then
        opsets[#opsets + 1] = {domain = overview.domain_name(opset.domain), version = opset.version}
      end
    end
  end
  return opsets
end

--- What a model is called: its file's name, or that it came by standard input.
function overview.model_name(path)
  return path == "-" and "standard input" or path:match("([^/]*)/*$")
end

-- "main", "subgraphs", "functions" or "training": where a graph belongs. A subgraph in a function is part of it.
local function graph_group(graph)
  local root = graph
  while root.kind == "subgraph" and root.parent do root = root.parent end
  if root.kind == "function" then return "functions" end
  if root.kind == "main" then return graph.kind == "main" and "main" or "subgraphs" end
  return "training"
end

--- How many nodes and graphs there are, as {main, subgraphs, functions, training, total} each.
function overview.graphs(model)
  local nodes = {main = 0, subgraphs = 0, functions = 0, training = 0, total = 0}
  local graphs = {main = 0, subgraphs = 0, functions = 0, training = 0}
  for _, graph in ipairs(model.graphs) do
    local group = graph_group(graph)
    nodes[group] = nodes[group] + #graph
    nodes.total = nodes.total + #graph
    graphs[group] = graphs[group] + 1
  end
  graphs.functions = #model.functions
  return nodes, graphs
end

-- Constant may hold its value as plain numbers instead of a tensor.
local plain_dtypes = {value_float = "float32", value_floats = "float32", value_int = "int64", value_ints = "int64",
  value_string = "string", value_strings = "string"}

local function new_total(dtype)
  return {dtype = dtype, count = 0, elements = 0, bytes = 0, unknown_elements = 0, unknown_bytes = 0}
end

local function new_group()
  local group = new_total()
  group.by_dtype = {}
  return group
end

-- elements and bytes may be nil: then that total is not complete, and unknown_... says how many are missing from it.
local function add_tensor(group, dtype, elements, bytes)
  local name = dtype or "unknown"
  local row = group.by_dtype[name] or new_total(name)
  group.by_dtype[name] = row
  for _, total in ipairs {group, row} do
    total.count = total.count + 1
    total.elements = total.elements + (elements or 0)
    total.bytes = total.bytes + (bytes or 0)
    if not elements then total.unknown_elements = total.unknown_elements + 1 end
    if not bytes then total.unknown_bytes = total.unknown_bytes + 1 end
  end
end

-- A reference to an attribute of the function has no value of its own.
local function add_plain(plain, dtype, value)
  if type(value) == "table" and value.reference then return end
  local elements = type(value) == "table" and #value or 1
  add_tensor(plain, dtype, elements, dtype == "float32" and 4 * elements or dtype == "int64" and 8 * elements or nil)
end

local function count_plain(model, plain)
  for node in model:nodes{op = "Constant"} do
    local name = node.attribute_names[1]
    if plain_dtypes[name] then add_plain(plain, plain_dtypes[name], node.attributes[name]) end
  end
end

--- The operators of all graphs as {op =, count =}, most first.
function overview.operators(model)
  local list = {}
  for op, count in pairs(model.operators) do list[#list + 1] = {op = op, count = count} end
  table.sort(list, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.op < b.op
  end)
  return list
end

-- Sums up where the bytes of the tensors are. A sparse tensor has two parts, of which one counts.
local function add_stored(stored, part, counts)
  local bytes = part.nbytes
  local place = part.storage == "external" and (part.file and part.file.path and "external" or "lost")
    or part.storage == "none" and "none" or "file"
  if place == "none" and part.size == 0 then return end -- nothing to store
  local total = stored[place]
  total.count = total.count + (counts and 1 or 0)
  total.bytes = total.bytes + (bytes or 0)
  if not bytes then total.unknown_bytes = total.unknown_bytes + 1 end
end

local function count_tensors(model, result, stored)
  for tensor in model:tensors() do
    local group = tensor.node and result.constants or tensor.sparse and result.sparse or result.dense
    local sparse = tensor.sparse
    add_tensor(group, tensor.dtype, sparse and sparse.values.size or not sparse and tensor.size or nil, tensor.nbytes)
    if sparse then
      group.full_elements = (group.full_elements or 0) + (tensor.size or 0)
      add_stored(stored, sparse.values, true)
      add_stored(stored, sparse.indices, false)
    else
      add_stored(stored, tensor, true)
    end
  end
end

local function sort_dtypes(group)
  local rows = {}
  for _, row in pairs(group.by_dtype) do rows[#rows + 1] = row end
  table.sort(rows, function(a, b)
    if a.bytes ~= b.bytes then return a.bytes > b.bytes end
    if a.elements ~= b.elements then return a.elements > b.elements end
    return a.dtype < b.dtype
  end)
  group.dtypes = rows
end

--- Initializers of the main graph, of all others, and how many of the main graph's are sparse.
function overview.initializers(model)
  local elsewhere, sparse = 0, 0
  for _, graph in ipairs(model.graphs) do
    if graph.kind ~= "main" then elsewhere = elsewhere + #graph.initializers end
  end
  for _, tensor in ipairs(model.graph.initializers) do
    if tensor.sparse then sparse = sparse + 1 end
  end
  return #model.graph.initializers, elsewhere, sparse
end

--- Diagnostics of reading by code, the worst first, else in the order met: list of {code, severity, count, shown = the
-- diagnostics that are kept}.
function overview.diagnostics(model)
  local groups, by_code = {}, {}
  for _, diagnostic in ipairs(model.diagnostics) do
    local key = diagnostic.severity .. " " .. diagnostic.code
    local group = by_code[key]
    if not group then
      group = {code = diagnostic.code, severity = diagnostic.severity, count = 0, shown = {}}
      by_code[key], groups[#groups + 1] = group, group
    end
    group.count = group.count + 1 + (diagnostic.omitted or 0)
    group.shown[#group.shown + 1] = diagnostic
  end
  local rank = {error = 1, warning = 2, info = 3}
  for i, group in ipairs(groups) do group.position = i end
  table.sort(groups, function(a, b)
    local first, second = rank[a.severity] or 4, rank[b.severity] or 4
    if first ~= second then return first < second end
    return a.position < b.position
  end)
  return groups
end

--- Stored tensors: {dense, sparse, constants, plain}, and where their bytes are: {file, external, lost, none}. dense
-- and sparse are initializers, constants the tensors in node attributes, plain the numbers that Constant nodes hold
-- without a tensor: each {count, elements, bytes, unknown_elements, unknown_bytes, dtypes = rows of the same, most
-- bytes first}.
function overview.tensors(model)
  local result = {dense = new_group(), sparse = new_group(), constants = new_group(), plain = new_group()}
  local stored = {file = new_total(), external = new_total(), lost = new_total(), none = new_total()}
  count_plain(model, result.plain)
  count_tensors(model, result, stored)
  for _, group in pairs(result) do sort_dtypes(group) end
  return result, stored
end

--- Whether a graph input has an initializer, which is its default.
function overview.has_default(value) return value.is_input and value.tensor ~= nil end

--- The declared type of a value as ONNX text, or nil when none is.
function overview.type_text(value)
  local kind = value.type
  return kind ~= "?" and kind or nil
end

return overview
