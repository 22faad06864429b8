--- The model card in Markdown. It says what is known and nothing else: what does not exist has no line, a total that is
-- not complete says so, and the same model always gives the same bytes.

local onnxdoc = require "onnxdoc"
local output = require "onnxdoc.output"
local overview = require "onnxdoc.overview"
local text = require "onnxdoc.text"

local code = text.code

local INTERFACE_LIMIT, METADATA_WIDTH, PROBLEMS_PER_CODE, FILES_LIMIT, DOC_LIMIT = 100, 300, 5, 20, 4000

local function exact_bytes(n)
  if math.abs(n) < 1000 then return text.bytes(n) end
  return ("%s (%s bytes)"):format(text.bytes(n), text.count(n))
end

local function at_least(unknown, shown) return (unknown > 0 and "≥ " or "") .. shown end

-- A table: heads and rows of Markdown; `right` names the columns of numbers.
local function add_table(write, heads, rows, right)
  local rule = {}
  for i = 1, #heads do rule[i] = right and right[i] and "---:" or "---" end
  write("| ", table.concat(heads, " | "), " |\n| ", table.concat(rule, " | "), " |\n")
  for _, row in ipairs(rows) do write("| ", table.concat(row, " | "), " |\n") end
  write("\n")
end

local function training_text(model)
  local parts = {}
  for _, training in ipairs(model.trainings) do
    local graphs = {}
    if training.initialization then
      graphs[#graphs + 1] = "initialization with " .. text.plural(#training.initialization, "node")
    end
    if training.algorithm then graphs[#graphs + 1] = "algorithm with " .. text.plural(#training.algorithm, "node") end
    parts[#parts + 1] = #graphs > 0 and table.concat(graphs, ", ") or "without graphs"
  end
  return table.concat(parts, "; ")
end

local function configurations_text(model)
  local parts = {}
  for i, configuration in ipairs(model.configurations) do
    parts[i] = ("%s (%s)"):format(code(configuration.name), text.plural(configuration.num_devices, "device"))
  end
  return table.concat(parts, ", ")
end

local function opsets_text(model)
  local parts = {}
  for i, opset in ipairs(overview.opsets(model)) do
    parts[i] = ("%s:%d"):format(text.markdown(opset.domain), opset.version)
  end
  return #parts > 0 and table.concat(parts, ", ") or "none declared"
end

local function functions_text(model)
  local parts = {}
  for i = 1, math.min(#model.functions, 10) do
    local graph = model.functions[i]
    parts[i] = code((graph.domain ~= "" and graph.domain .. "." or "") .. graph.name
      .. (graph.overload ~= "" and ":" .. graph.overload or ""))
  end
  local more = #model.functions - #parts
  return ("%d: %s%s"):format(#model.functions, table.concat(parts, ", "),
    more > 0 and (", … (%d more)"):format(more) or "")
end

local function metadata_value(value)
  if #value <= METADATA_WIDTH then return code(value) end
  return ("%s (%s)"):format(code(text.truncate(text.printable(value:sub(1, 4 * METADATA_WIDTH)), METADATA_WIDTH)),
    text.bytes(#value))
end

local function metadata_rows(model)
  local rows = {}
  local function add(property, value) rows[#rows + 1] = {property, value} end
  local date = overview.ir_date(model.ir_version)
  add("IR Version", model.ir_version == 0 and "none declared"
    or ("%d%s"):format(model.ir_version, date and (" (%s)"):format(date) or ""))
  if model.producer ~= "" then add("Producer", text.markdown(model.producer)) end
  add("Opsets", opsets_text(model))
  if model.domain ~= "" then add("Model Domain", code(model.domain)) end
  if model.model_version ~= 0 then add("Model Version", tostring(model.model_version)) end
  if model.graph and model.graph.name ~= "" then add("Graph Name", code(model.graph.name)) end
  add("File Size", exact_bytes(model.size))
  if #model.files > 0 then add("External Data", overview.external_text(model, exact_bytes)) end
  if #model.functions > 0 then add("Functions", functions_text(model)) end
  if #model.trainings > 0 then add("Training", training_text(model)) end
  if #model.configurations > 0 then add("Device Configurations", configurations_text(model)) end
  local keys = {}
  for key in pairs(model.metadata) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do add(code(key), metadata_value(model.metadata[key])) end
  return rows
end

local function write_doc(write, title, doc)
  if not doc or doc == "" then return end
  local rest = #doc - DOC_LIMIT
  write(title, "\n\n", text.fence(rest > 0 and doc:sub(1, DOC_LIMIT) or doc), "\n\n")
  if rest > 0 then write(("… (%s more)\n\n"):format(text.bytes(rest))) end
end

local function write_metadata(write, model)
  write("## Metadata\n\n")
  add_table(write, {"Property", "Value"}, metadata_rows(model))
  write_doc(write, "The model's own description:", model.doc)
  write_doc(write, "The graph's own description:", model.graph and model.graph.doc)
end

local function count_defaults(model)
  local defaults = 0
  for _, value in ipairs(model.inputs) do
    if overview.has_default(value) then defaults = defaults + 1 end
  end
  return defaults
end

local function write_counts(write, model, facts)
  local nodes, others = tostring(facts.nodes.main), {}
  for _, group in ipairs {{"subgraphs", "subgraph"}, {"functions", "function"}, {"training", "training graph"}} do
    if facts.graphs[group[1]] > 0 then
      others[#others + 1] = ("%d in %s"):format(facts.nodes[group[1]], text.plural(facts.graphs[group[1]], group[2]))
    end
  end
  if #others > 0 then nodes = nodes .. ", and " .. table.concat(others, ", ") end
  local defaults = count_defaults(model)
  write("- **Nodes**: ", nodes, "\n- **Inputs**: ", tostring(#model.inputs))
  if defaults > 0 then write((" (%d of them with an initializer as default)"):format(defaults)) end
  write("\n- **Outputs**: ", tostring(#model.outputs), "\n- **Initializers**: ", tostring(facts.initializers.main))
  if facts.initializers.main_sparse > 0 then
    write((" (%d of them sparse)"):format(facts.initializers.main_sparse))
  end
  if facts.initializers.inner > 0 then write((", and %d in other graphs"):format(facts.initializers.inner)) end
  write("\n\n")
end

local function value_cells(value)
  local kind, shape = overview.type_text(value), overview.shape_text(value)
  if not kind then return "not declared", "not declared" end
  if kind:sub(1, #(value.dtype or "?")) ~= value.dtype then return code(kind), "—" end -- a sequence, a map, ...
  return code(value.dtype), shape and code(shape) or "not declared"
end

-- The values of the graph's interface; those with a default come last, and are marked.
local function write_values(write, title, values)
  if #values == 0 then return end
  write("### ", title, "\n\n")
  local rows, marked = {}, false
  for _, with_default in ipairs {false, true} do
    for _, value in ipairs(values) do
      if overview.has_default(value) == with_default then
        local kind, shape = value_cells(value)
        local note = with_default and "initializer" or nil
        rows[#rows + 1] = {code(value.name), kind, shape, note}
        marked = marked or note ~= nil
      end
    end
  end
  local more = #rows - INTERFACE_LIMIT
  for i = #rows, INTERFACE_LIMIT + 1, -1 do rows[i] = nil end
  if marked then
    for _, row in ipairs(rows) do row[4] = row[4] or "" end
  end
  add_table(write, {"Name", "Type", "Shape", marked and "Default" or nil}, rows)
  if more > 0 then write(("… (%d more)\n\n"):format(more)) end
end

local function write_operators(write, facts, top)
  if #facts.operators == 0 then return end
  write("### Operator Distribution\n\n")
  local rows, rest, limit = {}, 0, top == 0 and #facts.operators or top
  for i, row in ipairs(facts.operators) do
    if i <= limit then
      rows[i] = {text.markdown(row.op), tostring(row.count)}
    else
      rest = rest + row.count
    end
  end
  if rest > 0 then rows[#rows + 1] = {("… (%d more)"):format(#facts.operators - limit), tostring(rest)} end
  add_table(write, {"Operator", "Count"}, rows, {false, true})
  if facts.nodes.total ~= facts.nodes.main then
    write(("Counted in all graphs: %s.\n\n"):format(text.plural(facts.nodes.total, "node")))
  end
end

local tensor_groups = {{"dense", "Initializers"}, {"sparse", "Sparse initializers"}, {"constants", "Node attributes"},
  {"plain", "Constant numbers"}}

local function write_elements(write, facts)
  local rows, groups = {}, 0
  for _, entry in ipairs(tensor_groups) do
    local group = facts[entry[1]]
    groups = groups + (group.count > 0 and 1 or 0)
    for _, row in ipairs(group.dtypes) do
      rows[#rows + 1] = {entry[2], row.dtype, tostring(row.count),
        at_least(row.unknown_elements, text.count(row.elements)),
        row.unknown_bytes == row.count and "unknown" or at_least(row.unknown_bytes, text.bytes(row.bytes))}
    end
    if #group.dtypes > 1 then
      rows[#rows + 1] = {("**%s, all**"):format(entry[2]), "", tostring(group.count),
        at_least(group.unknown_elements, text.count(group.elements)),
        at_least(group.unknown_bytes, text.bytes(group.bytes))}
    end
  end
  if groups == 0 then return end
  write("## Elements by Precision\n\n")
  add_table(write, {"Where", "Type", "Tensors", "Elements", "Bytes"}, rows, {false, false, true, true, true})
  if facts.sparse.count > 0 then
    write(("The sparse initializers hold %s of %s elements; the others are zero. Their bytes are those of values and "
      .. "indices.\n\n"):format(text.count(facts.sparse.elements), text.count(facts.sparse.full_elements)))
  end
end

local function write_sizes(write, model, facts)
  local rows, stored = {{"Model file", exact_bytes(model.size)}}, facts.stored
  local function add(name, total)
    if total.count > 0 then
      local size = total.unknown_bytes == total.count and "unknown size"
        or at_least(total.unknown_bytes, exact_bytes(total.bytes))
      rows[#rows + 1] = {name, ("%s in %s"):format(size, text.plural(total.count, "tensor"))}
    end
  end
  add("Tensors in the model file", stored.file)
  add("Tensors in external data", stored.external)
  add("Tensors whose external data cannot be used", stored.lost)
  add("Tensors declared without data", stored.none)
  for i, file in ipairs(model.files) do
    if i > FILES_LIMIT then
      rows[#rows + 1] = {"External data, all files", overview.external_text(model, exact_bytes)}
      break
    end
    rows[#rows + 1] = {"External data file " .. code(file.location),
      file.path and exact_bytes(file.size) or "cannot be used"}
  end
  write("## Sizes\n\n")
  add_table(write, {"Component", "Size"}, rows)
end

local function write_problems(write, facts)
  if #facts.diagnostics == 0 then return end
  write("## Problems Found on Reading\n\n")
  for _, group in ipairs(facts.diagnostics) do
    for i, diagnostic in ipairs(group.shown) do
      if i > PROBLEMS_PER_CODE then break end
      write(("- **%s** %s: %s%s\n"):format(group.severity, code(group.code), text.markdown(diagnostic.message),
        diagnostic.offset and (" (at byte %d)"):format(diagnostic.offset) or ""))
    end
    local more = group.count - math.min(#group.shown, PROBLEMS_PER_CODE)
    if more > 0 then write(("- … (%d more of %s)\n"):format(more, code(group.code))) end
  end
  write("\n")
end

local function has_unknown(facts)
  for _, entry in ipairs(tensor_groups) do
    local group = facts[entry[1]]
    if group.unknown_elements + group.unknown_bytes > 0 then return true end
  end
  return false
end

local function write_method(write, model, facts)
  write("## How These Numbers Were Obtained\n\n",
    "- Nodes, inputs, outputs and initializers are counted as the file lists them; nothing was run or folded.\n")
  if facts.nodes.total ~= facts.nodes.main then
    write("- Nodes of subgraphs and functions are counted once each, however often they run or are called; the "
      .. "subgraphs of a function count with it.\n")
  end
  if facts.has_tensors or facts.plain.count > 0 then
    write("- Elements: the product of each tensor's dims. Bytes: elements × bits of the type, packed (two 4-bit "
      .. "elements in a byte), whichever way the file stores them; of strings, their own bytes.\n")
    if has_unknown(facts) then
      write("- ≥ and unknown: some tensors' dims or types give no size; they are missing from the total.\n")
    end
  end
  if facts.constants.count > 0 or facts.plain.count > 0 then
    write("- Tensors in node attributes (the value of Constant, for example) are not initializers and are shown "
      .. "apart.\n")
  end
  write("- Sizes of files: as the file system reports them",
    model.path and "" or "; a model from standard input: the bytes read", ".\n")
end

local function write_card(write, model, path, options)
  local facts = overview.collect(model)
  write("# Model Card: ", text.markdown(path == "-" and "standard input" or output.stem(path)), "\n\n",
    "*Generated by onnxdoc ", onnxdoc.version, "*\n\n")
  write_metadata(write, model)
  write("## Graph Summary\n\n")
  write_counts(write, model, facts)
  write_values(write, "Inputs", model.inputs)
  write_values(write, "Outputs", model.outputs)
  write_operators(write, facts, options.top)
  write_elements(write, facts)
  write_sizes(write, model, facts)
  write_problems(write, facts)
  write_method(write, model, facts)
end

return {
  name = "card",
  summary = "The model card: metadata, graph, inputs and outputs, operators, elements, sizes.",
  example = "onnxdoc card model.onnx -o cards/",
  formats = {"markdown"},
  top = 15,
  run = function(options, session)
    local first = true
    for model, path in session:models() do
      session:write(function(write)
        if not first and not session.places[session.current] then write("\n") end
        write_card(write, model, path, options)
      end)
      first = false
    end
  end,
}
