--- Every node of a model in execution order, with the graphs inside nodes and the functions: as text, JSON or CSV.
-- Written node by node, so that a graph of a million nodes needs no more memory than a small one.

local json = require "onnxdoc.json"
local overview = require "onnxdoc.overview"
local text = require "onnxdoc.text"

local csv, printable, quote = text.csv, text.printable, text.json_string

local LIST_ITEMS, STRING_WIDTH, TENSOR_ITEMS = 12, 60, 4

-- Text ----------------------------------------------------------------------------------------------------------

-- What show(value) gives for each value, nil where an optional one is left out. Most lists have one or two.
local function join(values, separator, show)
  local count = #values
  if count == 1 then return show(values[1]) end
  if count == 2 then return show(values[1]) .. separator .. show(values[2]) end
  local shown = {}
  for i = 1, count do shown[i] = show(values[i]) end
  return table.concat(shown, separator)
end

local function name_text(value)
  local name = value and value.name or ""
  return name == "" and '""' or printable(name)
end

local function typed_name_text(value)
  local kind = value and overview.type_text(value)
  return kind and name_text(value) .. " " .. printable(kind) or name_text(value)
end

local attribute_text

local function list_text(list)
  local items = {}
  for i = 1, math.min(#list, LIST_ITEMS) do items[i] = attribute_text(list[i]) end
  local more = #list - #items
  return "[" .. table.concat(items, ",") .. (more > 0 and (", … %d more"):format(more) or "") .. "]"
end

-- A tensor, with its contents where they are few.
local function tensor_text(tensor)
  local dims = {}
  for i, dim in ipairs(tensor.shape) do dims[i] = tostring(dim) end
  local shown = ("%s[%s]"):format(tensor.dtype or "?", table.concat(dims, ","))
  if tensor.size and tensor.size > 0 and tensor.size <= TENSOR_ITEMS and not tensor.sparse then
    local values = tensor:values()
    if values then shown = shown .. "(" .. list_text(values):sub(2, -2) .. ")" end
  end
  return shown
end

function attribute_text(value)
  if math.type(value) == "float" then return ("%.6g"):format(value) end
  if type(value) == "string" then
    return '"' .. text.truncate(printable(value:sub(1, 4 * STRING_WIDTH)), STRING_WIDTH) .. '"'
  end
  if type(value) == "table" then
    if value.reference then return "@" .. printable(value.reference) end
    return list_text(value)
  end
  if type(value) == "userdata" then
    return value.storage and tensor_text(value) or printable(tostring(value))
  end
  return tostring(value)
end

local function is_graph(value) return type(value) == "userdata" and value.kind ~= nil end

local function attributes_text(node, names)
  local parts, attributes = {}, node.attributes
  for _, name in ipairs(names) do
    local value = attributes[name]
    local first = type(value) == "table" and value[1] or value
    if value ~= nil and not is_graph(first) then
      parts[#parts + 1] = printable(name) .. "=" .. attribute_text(value)
    end
  end
  return #parts > 0 and "  {" .. table.concat(parts, ", ") .. "}" or ""
end

local function graph_text(graph)
  local what
  if graph.kind == "subgraph" then
    what = printable(graph.attribute) .. ": graph"
  elseif graph.kind == "function" then
    what = "function"
  else
    what = graph.kind == "main" and "graph" or graph.kind:gsub("-", " ") .. " graph"
  end
  local name = graph.name
  if graph.kind == "function" then
    name = (graph.domain ~= "" and graph.domain .. "." or "") .. name
      .. (graph.overload ~= "" and ":" .. graph.overload or "")
  end
  return ('%s "%s" (%s) -> (%s)  %s'):format(what, printable(name), join(graph.inputs, ", ", typed_name_text),
    join(graph.outputs, ", ", typed_name_text), text.plural(#graph, "node"))
end

local function initializer_text(tensor)
  local sparse = tensor.sparse
  local storage = sparse and ("sparse, %s of %s elements"):format(text.count(sparse.values.size or 0),
    text.count(tensor.size or 0)) or tensor.storage == "none" and "no data" or tensor.storage
  if tensor.location then storage = storage .. " " .. printable(tensor.location) end
  local dims = {}
  for i, dim in ipairs(tensor.shape) do dims[i] = tostring(dim) end
  return ("tensor %s %s[%s]  %s  %s"):format(tensor.name == "" and '""' or printable(tensor.name),
    tensor.dtype or "?", table.concat(dims, ","), tensor.nbytes and text.bytes(tensor.nbytes) or "size unknown",
    storage)
end

local function value_source(value)
  local parts = {}
  if value.is_input then parts[#parts + 1] = "input" end
  if value.tensor then parts[#parts + 1] = "initializer" end
  if value.producer then
    parts[#parts + 1] = ("output %d of node %d %s"):format(value.output_index, value.producer.index,
      printable(value.producer.op))
  end
  if value.is_undefined then parts[#parts + 1] = "defined nowhere" end
  return table.concat(parts, ", ")
end

local function value_text(value)
  return ("value %s %s  %s  %s%s"):format(name_text(value), printable(overview.type_text(value) or "?"),
    value_source(value), text.plural(#value.consumers, "consumer"), value.is_output and ", graph output" or "")
end

-- ---- layers ----

local DIFFERENCES, VALUE_WIDTH = 8, 40

local function node_text(node) return node.index .. " " .. printable(node.op) end

local function nodes_text(nodes)
  return type(nodes) == "table" and nodes[1] .. " to " .. nodes[2] .. " nodes" or text.plural(nodes, "node")
end

local function part_line(part)
  local line = ("%s, %s"):format(part.kind, text.plural(part.size, "node"))
  return part.first and ("%s: %s … %s"):format(line, node_text(part.first), node_text(part.last)) or line
end

local function group_line(group)
  local first = group.layers[1]
  local one = group.count > 1 and ", the first" or ""
  return ("%d × layer of %s, %d of them computing%s: %s … %s"):format(group.count, nodes_text(group.nodes),
    group.compute, one, node_text(first.first), node_text(first.last))
end

local function side_text(value)
  if value == nil then return "none" end
  local shown = type(value) == "userdata" and value.op and node_text(value) or attribute_text(value)
  return text.truncate(shown, VALUE_WIDTH)
end

local function difference_line(difference)
  local node, what = difference.node or difference.other_node, printable(difference.what)
  local line = ("%s: %s"):format(difference.layer.name, what)
  if what == "extra node" or what == "missing node" then return line .. " " .. node_text(node) end
  return ("%s of %s is %s, not %s"):format(line, node_text(node), side_text(difference.value),
    side_text(difference.other))
end

local function write_group(write, group, indent)
  write(indent, group_line(group), "\n")
  for _, nested in ipairs(group.nested) do
    write(indent, ("  inside: %d × %d computing nodes%s\n"):format(nested.count, nested.compute,
      nested.is_parallel and ", side by side" or ""))
  end
  local differences = group.differences
  for i = 1, math.min(#differences, DIFFERENCES) do
    write(indent, "  ", difference_line(differences[i]), "\n")
  end
  local more = #differences - DIFFERENCES + (differences.omitted or 0)
  if more > 0 then write(indent, ("  … %d more differences\n"):format(more)) end
end

-- Stem, groups of layers, head in place of the nodes.
local function write_parts(write, parts, indent)
  local last
  for _, part in ipairs(parts) do
    local group = part.group
    if not group and part.size > 0 then write(indent, part_line(part), "\n") end
    if group and group ~= last then write_group(write, group, indent) end
    last = group
  end
end

local function write_graph_text(write, graph, level, indent, options, session)
  local op_text = session.color and function(op) return session:bold(printable(op)) end or printable
  write(indent, graph_text(graph), "\n")
  if options.depth and level > options.depth then return end
  indent = indent .. "  "
  if options.tensors then
    for _, tensor in ipairs(graph.initializers) do write(indent, initializer_text(tensor), "\n") end
  end
  if options.values then
    for value in graph:values() do write(indent, value_text(value), "\n") end
  end
  local parts = options.depth == 1 and graph.parts
  if parts then return write_parts(write, parts, indent) end
  for node in graph:nodes() do
    local name, attributes = node.name, node.attribute_names
    local has_attributes = #attributes > 0
    write(indent .. node.index .. " " .. op_text(node.op) .. (name ~= "" and ' "' .. printable(name) .. '" (' or " (")
      .. join(node.inputs, ", ", name_text) .. ") -> " .. join(node.outputs, ", ", typed_name_text)
      .. (has_attributes and attributes_text(node, attributes) or "") .. "\n")
    if has_attributes then
      for _, subgraph in ipairs(node.subgraphs) do
        write_graph_text(write, subgraph, level + 1, indent .. "  ", options, session)
      end
    end
  end
end

-- The graphs that are in no other: main, functions, training.
local function root_graphs(model)
  local roots = {}
  for _, wanted in ipairs {"main", "function", ""} do
    for _, graph in ipairs(model.graphs) do
      local kind = graph.kind
      if kind == wanted or wanted == "" and kind ~= "main" and kind ~= "function" and kind ~= "subgraph" then
        roots[#roots + 1] = graph
      end
    end
  end
  return roots
end

local function write_text(write, model, path, options, session)
  write(session:bold(printable(overview.model_name(path))), "\n")
  for _, graph in ipairs(root_graphs(model)) do write_graph_text(write, graph, 1, "", options, session) end
end

-- JSON and CSV --------------------------------------------------------------------------------------------------

-- Calls visit(node, graph) for every node down to --depth, in execution order, a node's graphs after it.
local function each_node(model, options, visit)
  local function walk(graph, level)
    if options.depth and level > options.depth then return end
    for node in graph:nodes() do
      visit(node, graph)
      for _, subgraph in ipairs(node.subgraphs) do walk(subgraph, level + 1) end
    end
  end
  for _, graph in ipairs(root_graphs(model)) do walk(graph, 1) end
end

local function each_graph(model, options, visit)
  for i, graph in ipairs(model.graphs) do
    if not options.depth or graph.depth < options.depth then visit(graph, i - 1) end
  end
end

local function name_json(value) return value and quote(value.name) or "null" end

local function names_json(values) return "[" .. join(values, ",", name_json) .. "]" end

local function attribute_json(value, graph_ids)
  if type(value) == "table" and not value.reference then
    local list = json.array {}
    for i, item in ipairs(value) do list[i] = attribute_json(item, graph_ids) end
    return list
  end
  if type(value) ~= "userdata" then return value end
  if is_graph(value) then return {graph = graph_ids[value]} end
  return {dtype = value.dtype, shape = json.array {table.unpack(value.shape)}, nbytes = value.nbytes,
    storage = value.storage}
end

local function attributes_json(node, graph_ids)
  if #node.attribute_names == 0 then return "{}" end
  local attributes = json.object {}
  for name, value in pairs(node.attributes) do attributes[name] = attribute_json(value, graph_ids) end
  return json.encode(attributes)
end

-- One array of the document, an element at a time; `each` calls its argument with the text of each element.
local function write_array(write, name, newline, each)
  write(",", newline, quote(name), ":[")
  local before = newline
  each(function(element)
    write(before, element)
    before = "," .. newline
  end)
  write(newline, "]")
end

local function write_nodes_json(write, model, options, graph_ids, newline)
  write_array(write, "nodes", newline, function(element)
    each_node(model, options, function(node, graph)
      element('{"id":' .. node.id .. ',"graph":' .. graph_ids[graph] .. ',"index":' .. node.index .. ',"name":'
        .. quote(node.name) .. ',"op_type":' .. quote(node.op_type) .. ',"domain":' .. quote(node.domain)
        .. ',"path":' .. quote(node.path) .. ',"inputs":' .. names_json(node.inputs) .. ',"outputs":'
        .. names_json(node.outputs) .. ',"attributes":' .. attributes_json(node, graph_ids) .. "}")
    end)
  end)
end

local graph_order = {"id", "kind", "name", "domain", "owner", "attribute", "depth", "nodes", "initializers"}

local function write_graphs_json(write, model, newline)
  write_array(write, "graphs", newline, function(element)
    for i, graph in ipairs(model.graphs) do
      local owner = graph.owner
      element(json.encode({id = i - 1, kind = graph.kind, name = graph.name, domain = graph.domain,
        owner = owner and owner.id, attribute = graph.attribute, depth = graph.depth, nodes = #graph,
        initializers = #graph.initializers}, {keyorder = graph_order}):sub(1, -2)
        .. ',"inputs":' .. names_json(graph.inputs) .. ',"outputs":' .. names_json(graph.outputs) .. "}")
    end
  end)
end

local tensor_order = {"graph", "name", "dtype", "shape", "elements", "stored_elements", "nbytes", "storage"}

local function write_tensors_json(write, model, options, newline)
  write_array(write, "tensors", newline, function(element)
    each_graph(model, options, function(graph, id)
      for _, tensor in ipairs(graph.initializers) do
        element(json.encode({graph = id, name = tensor.name, dtype = tensor.dtype, elements = tensor.size,
          shape = json.array {table.unpack(tensor.shape)}, nbytes = tensor.nbytes, storage = tensor.storage,
          location = tensor.location, stored_elements = tensor.sparse and tensor.sparse.values.size},
          {keyorder = tensor_order}))
      end
    end)
  end)
end

local function write_values_json(write, model, options, newline)
  write_array(write, "values", newline, function(element)
    each_graph(model, options, function(graph, id)
      for value in graph:values() do
        local kind, producer = overview.type_text(value), value.producer
        element('{"graph":' .. id .. ',"name":' .. quote(value.name) .. ',"type":' .. (kind and quote(kind) or "null")
          .. ',"producer":' .. (producer and producer.id or "null") .. ',"consumers":' .. #value.consumers
          .. ',"input":' .. tostring(value.is_input) .. ',"output":' .. tostring(value.is_output) .. ',"initializer":'
          .. tostring(value.tensor ~= nil) .. "}")
      end
    end)
  end)
end

-- Over lines for one model; on one line each for several, so that each line is a document.
local function write_json(write, model, path, options, session)
  local newline = session.many and not session.places[session.current] and "" or "\n"
  local graph_ids = {}
  for i, graph in ipairs(model.graphs) do graph_ids[graph] = i - 1 end
  write('{"model":', quote(path), ',"size":', tostring(model.size))
  write_graphs_json(write, model, newline)
  write_nodes_json(write, model, options, graph_ids, newline)
  if options.tensors then write_tensors_json(write, model, options, newline) end
  if options.values then write_values_json(write, model, options, newline) end
  write("}\n")
end

local function name_csv(value) return value and printable(value.name) or "" end

local csv_heads = {
  nodes = {"model", "graph", "index", "name", "op_type", "domain", "path", "inputs", "outputs"},
  tensors = {"model", "graph", "name", "dtype", "shape", "elements", "nbytes", "storage", "location"},
  values = {"model", "graph", "name", "type", "producer", "consumers", "input", "output", "initializer"},
}

local function write_csv(write, model, path, options)
  local table_name = options.tensors and "tensors" or options.values and "values" or "nodes"
  local function row(...) write(csv(...) .. "\r\n") end
  if options.csv_head then row(csv_heads[table_name]) end
  path = printable(path)
  if table_name == "nodes" then
    local graph_ids = {}
    for i, graph in ipairs(model.graphs) do graph_ids[graph] = i - 1 end
    each_node(model, options, function(node, graph)
      row(path, graph_ids[graph], node.index, printable(node.name), printable(node.op_type), printable(node.domain),
        printable(node.path), join(node.inputs, ";", name_csv), join(node.outputs, ";", name_csv))
    end)
  end
  each_graph(model, options, function(graph, id)
    if table_name == "tensors" then
      for _, tensor in ipairs(graph.initializers) do
        row(path, id, printable(tensor.name), tensor.dtype, "[" .. table.concat(tensor.shape, ",") .. "]",
          tensor.size, tensor.nbytes, tensor.storage, tensor.location and printable(tensor.location))
      end
    elseif table_name == "values" then
      for value in graph:values() do
        local kind, producer = overview.type_text(value), value.producer
        row(path, id, printable(value.name), kind and printable(kind), producer and printable(producer.path),
          #value.consumers, value.is_input, value.is_output, value.tensor ~= nil)
      end
    end
  end)
end

local writers = {text = write_text, json = write_json, csv = write_csv}

local function count_problems(model)
  local problems = 0
  for _, diagnostic in ipairs(model.diagnostics) do
    if diagnostic.severity ~= "info" then problems = problems + 1 + (diagnostic.omitted or 0) end
  end
  return problems
end

return {
  name = "tree",
  summary = "The nodes of a model in execution order, with subgraphs and functions.",
  example = "onnxdoc tree --values --depth 1 model.onnx",
  formats = {"text", "json", "csv"},
  color = true,
  options = {
    {"--tensors", flag = true, description = "Also the initializers: type, shape, bytes, how they are stored. As CSV "
      .. "instead of the nodes."},
    {"--values", flag = true, description = "Also the values: type, where they come from, how many nodes read them. "
      .. "As CSV instead of the nodes."},
    {"--depth", argname = "N", type = "integer", min = 0, description = "Nodes down to N graphs deep only: 1 leaves "
      .. "out those of subgraphs, and as text shows repeated layers in place of their nodes; 0 shows no nodes."},
  },
  run = function(options, session)
    if options.format == "csv" and options.tensors and options.values then
      require("onnxdoc.failure")(2, "tree: CSV holds one table: --tensors or --values, not both")
    end
    local started = false
    for model, path in session:models() do
      local is_stdout = not session.places[session.current]
      options.csv_head = not (started and is_stdout)
      session:write(function(write)
        if started and is_stdout and options.format == "text" then write("\n") end
        writers[options.format](write, model, path, options, session)
      end)
      started = started or is_stdout
      local problems = count_problems(model)
      if problems > 0 then
        session:note(path, ": ", text.plural(problems, "problem"), " found on reading, see onnxdoc card")
      end
    end
  end,
}
