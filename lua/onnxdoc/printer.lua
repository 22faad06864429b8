--- A model, graph or node in ONNX's text syntax. lua/onnxdoc/parser.lua describes the syntax, reads it back, and lists
-- where it goes beyond what the official tools know.
--
-- Whatever the text cannot say is named in a comment line "# not shown: …". Names and strings are untrusted: no byte
-- of them reaches a terminal that could harm it, and all can be read back.

local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local syntax = onnxdoc._syntax
local name_text, string_text, float_text, double_text = syntax.name, syntax.string, syntax.float, syntax.double

local printer = {}

-- Names where no type may stand: attributes, operators, functions.
local function word_text(name)
  return name:find("^[A-Za-z_][A-Za-z0-9_]*$") and name or string_text(name)
end

-- Lines are broken behind so many columns, tensors of more elements are left out, larger ones are hashed by so many
-- bytes of them.
local WIDTH, ELEMENTS, SAMPLE = 100, 16, 65536
local ELEMENTS_AT_ONCE = 4096

-- Numbers -------------------------------------------------------------------------------------------------------

-- All 64 bits as a number without sign.
local function unsigned_text(x)
  if x >= 0 then return tostring(x) end
  local tens = (x >> 1) // 5
  return ("%d%d"):format(tens, x - tens * 10)
end

-- How elements of whole bytes are read and written: format of one number, its bytes, how many make an element, and the
-- literal. What has no literal of its own is written as the integer its bits are.
local wide = {
  float32 = {"<f", 4, 1, float_text}, float64 = {"<d", 8, 1, double_text}, complex64 = {"<f", 4, 2, float_text},
  complex128 = {"<d", 8, 2, double_text}, int8 = {"<i1", 1, 1}, int16 = {"<i2", 2, 1}, int32 = {"<i4", 4, 1},
  int64 = {"<i8", 8, 1}, uint8 = {"<I1", 1, 1}, uint16 = {"<I2", 2, 1}, uint32 = {"<I4", 4, 1},
  uint64 = {"<i8", 8, 1, unsigned_text}, bool = {"<I1", 1, 1}, float16 = {"<I2", 2, 1}, bfloat16 = {"<I2", 2, 1},
  float8e4m3fn = {"<I1", 1, 1}, float8e4m3fnuz = {"<I1", 1, 1}, float8e5m2 = {"<I1", 1, 1},
  float8e5m2fnuz = {"<I1", 1, 1}, float8e8m0 = {"<I1", 1, 1},
}

local function wide_elements(bytes, layout, first, last)
  local format, size, numbers, write = layout[1], layout[2], layout[3], layout[4] or tostring
  local items, unpack = {}, string.unpack
  for at = (first - 1) * numbers * size + 1, last * numbers * size, size do
    items[#items + 1] = write((unpack(format, bytes, at)))
  end
  return items
end

-- Elements of 4 and 2 bits, low bits first.
local function narrow_elements(bytes, bits, signed, first, last)
  local items, mask, half = {}, (1 << bits) - 1, 1 << bits - 1
  for i = first - 1, last - 1 do
    local value = bytes:byte(i * bits // 8 + 1) >> i * bits % 8 & mask
    items[#items + 1] = tostring(signed and value >= half and value - 2 * half or value)
  end
  return items
end

-- A function that gives elements from `first` to `last` as literals, or nil and a message.
local function element_reader(tensor)
  local dtype, count = tensor.dtype, tensor.size
  if dtype == "string" then
    local values, message = tensor:values(count)
    for i = 1, values and #values or 0 do values[i] = string_text(values[i]) end
    return values and function(first, last) return table.move(values, first, last, 1, {}) end, message
  end
  local bytes, message = tensor:bytes(count)
  if not bytes then return nil, message end
  if wide[dtype] then
    return function(first, last) return wide_elements(bytes, wide[dtype], first, last) end
  end
  local bits, signed = onnxdoc.dtypes[dtype].bits, dtype:find("^int") ~= nil
  return function(first, last) return narrow_elements(bytes, bits, signed, first, last) end
end

-- Lines ---------------------------------------------------------------------------------------------------------

-- Columns behind the last line end of s.
local function columns(s)
  local start = s:match(".*\n()")
  return start and #s - start + 1 or #s
end

-- Items with commas, on as many lines as they need; the first starts behind `used` columns.
local function fill(items, indent, used)
  local parts, at = {}, used
  for i, item in ipairs(items) do
    local comma = i < #items and "," or ""
    if i > 1 and at + 1 + #item + #comma > WIDTH then
      parts[#parts + 1] = "\n" .. indent
      at = #indent
    elseif i > 1 then
      parts[#parts + 1] = " "
      at = at + 1
    end
    parts[#parts + 1] = item .. comma
    at = at + #item + #comma
  end
  return table.concat(parts)
end

local function on_one_line(open, items, close, used)
  local line = open .. table.concat(items, ", ") .. close
  return used + #line <= WIDTH and not line:find("\n", 1, true) and line or nil
end

-- Short items between brackets, filling lines of their own where one is not enough.
local function filled(open, items, close, indent, used)
  local inner = indent .. "  "
  return on_one_line(open, items, close, used)
    or open .. "\n" .. inner .. fill(items, inner, #inner) .. "\n" .. indent .. close
end

-- Items between brackets, on a line each where one line is not enough or an item has a comment.
local function stacked(open, items, comments, close, indent, used)
  if next(comments) == nil then
    local line = on_one_line(open, items, close, used)
    if line then return line end
  end
  local parts = {open, "\n"}
  for i, item in ipairs(items) do
    parts[#parts + 1] = ("%s  %s%s%s\n"):format(indent, item, i < #items and "," or "",
      comments[i] and "  # " .. comments[i] or "")
  end
  parts[#parts + 1] = indent .. close
  return table.concat(parts)
end

-- Notes ---------------------------------------------------------------------------------------------------------

local function entries_text(entries)
  local items = {}
  for i, entry in ipairs(entries) do items[i] = string_text(entry[1]) .. ": " .. string_text(entry[2]) end
  return "[" .. table.concat(items, ", ") .. "]"
end

local function opsets_text(opsets)
  local items = {}
  for i, opset in ipairs(opsets) do
    items[i] = ("%s: %d"):format(string_text(opset.domain or opset[1]), opset.version or opset[2])
  end
  return "[" .. table.concat(items, ", ") .. "]"
end

-- Documentation and metadata as fields of a header.
local function note_fields(notes)
  local fields = {}
  if notes and notes.doc then fields[#fields + 1] = "doc_string: " .. string_text(notes.doc) end
  if notes and notes.metadata then fields[#fields + 1] = "metadata_props: " .. entries_text(notes.metadata) end
  return fields
end

-- The same where the official syntax has no place for them: " @<doc_string: "…">" behind what they belong to.
local function notes_text(notes)
  local fields = note_fields(notes)
  return #fields > 0 and " @<" .. table.concat(fields, ", ") .. ">" or ""
end

-- Tensors -------------------------------------------------------------------------------------------------------

local prims = {float32 = "float", float64 = "double"}

local function prim(tensor)
  local dtype = tensor.dtype or "undefined"
  return prims[dtype] or dtype
end

local function tensor_type(tensor)
  local shape = tensor.shape
  return prim(tensor) .. (#shape > 0 and "[" .. table.concat(shape, ",") .. "]" or "")
end

-- What stands in the comment behind a tensor whose elements are not written: its size and the hash of its contents.
local function contents_comment(p, tensor)
  local size = tensor.nbytes and text.bytes(tensor.nbytes) or "size unknown"
  if tensor.storage == "none" then return size .. ", no data in the file" end
  if p.hash == "none" or not tensor.size then return size end
  local hash, sampled = tensor:hash(p.hash == "sample" and {sample = SAMPLE} or nil)
  if not hash then return size .. ", cannot be read: " .. text.printable(sampled) end -- the second is a message then
  return ("%s, %s %s"):format(size, sampled and "xxh3-sample" or "xxh3", hash)
end

local function is_written(p, tensor)
  local size = tensor.size
  return size and tensor.dtype and (p.weights == "all" or size <= p.weights)
end

-- Elements some at a time, so that a large tensor takes little more memory than its text.
local function many_elements(read, count, indent)
  local inner = indent .. "  "
  local parts = {"{\n"}
  for first = 1, count, ELEMENTS_AT_ONCE do
    local last = math.min(first + ELEMENTS_AT_ONCE - 1, count)
    parts[#parts + 1] = inner .. fill(read(first, last), inner, #inner) .. (last < count and ",\n" or "\n")
  end
  parts[#parts + 1] = indent .. "}"
  return table.concat(parts)
end

-- The data of a dense tensor, and a comment for the end of its line where there is one.
local function data_text(p, tensor, notes, indent, used)
  if notes and notes.external then return entries_text(notes.external), contents_comment(p, tensor) end
  if tensor.storage == "none" and tensor.size ~= 0 then return "{}", contents_comment(p, tensor) end
  if not is_written(p, tensor) then return "{...}", contents_comment(p, tensor) end
  local read, message = element_reader(tensor)
  if not read then return "{...}", "cannot be read: " .. text.printable(message) end
  if tensor.size > ELEMENTS_AT_ONCE then return many_elements(read, tensor.size, indent) end
  return filled("{", read(1, tensor.size), "}", indent, used)
end

local function join_comments(a, b)
  return a and b and a .. "; " .. b or a or b
end

-- A dense tensor with type, name (unless it is nil), data and notes; and the comment.
local function dense_text(p, tensor, name, indent)
  local notes = syntax.notes(tensor)
  local equals = (name or notes and notes.external) and " = " or " "
  local head = tensor_type(tensor) .. (name and " " .. name_text(name) or "") .. equals
  local data, comment = data_text(p, tensor, notes, indent, #indent + #head)
  return head .. data .. notes_text(notes), comment
end

-- The name of a tensor, nil where there is none to write.
local function own_name(tensor)
  local name = tensor.name
  return name ~= "" and name or nil
end

-- One of the two tensors of a sparse one; a broken file may lack it.
local function part_text(p, part, name, indent, kind)
  if part then return dense_text(p, part, name, indent) end
  return kind .. "[0] {}", "one of its two tensors is missing"
end

-- A sparse one: its values, and where they are. Its name is the one of its values.
local function sparse_text(p, tensor, name, indent)
  local sparse = tensor.sparse
  local indices_name = sparse.indices and own_name(sparse.indices)
  local values, comment = part_text(p, sparse.values, nil, indent, prim(tensor))
  local indices, other = part_text(p, sparse.indices, indices_name, indent, "int64")
  return ("sparse_tensor(%s)%s = %s at %s"):format(tensor_type(tensor), name and " " .. name_text(name) or "", values,
    indices), join_comments(comment, other)
end

local function tensor_text(p, tensor, name, indent)
  return (tensor.sparse and sparse_text or dense_text)(p, tensor, name, indent)
end

-- Attributes ----------------------------------------------------------------------------------------------------

local graph_string

-- Values of each type of attribute: literal, comment.
local values = {
  int = tostring,
  float = float_text,
  string = string_text,
  type_proto = function(value) return value end,
  tensor = function(value, p, indent) return tensor_text(p, value, own_name(value), indent) end,
  sparse_tensor = function(value, p, indent) return tensor_text(p, value, own_name(value), indent) end,
  graph = function(value, p, indent) return graph_string(p, value, indent) end,
}

local singular = {ints = "int", floats = "float", strings = "string", type_protos = "type_proto",
  tensors = "tensor", sparse_tensors = "sparse_tensor", graphs = "graph"}

local function is_graph_named_apart(value)
  return name_text(value.name):find('^"') ~= nil
end

-- Whether the literal alone does not say the type: nothing in it does, or a graph's name looks like a string.
local function needs_type(attribute)
  local value, kind = attribute.value, attribute.type
  if singular[kind] and #value == 0 then return true end
  if kind == "graph" then return is_graph_named_apart(value) end
  return kind == "graphs" and is_graph_named_apart(value[1])
end

local function list_text(p, list, kind, indent, used)
  local items, comment, long = {}, nil, false
  local inner = indent .. "  "
  for i, item in ipairs(list) do
    local other
    items[i], other = values[kind](item, p, inner)
    comment = join_comments(comment, other)
    long = long or kind == "tensor" or kind == "graph" or kind == "sparse_tensor"
  end
  if long then return stacked("[", items, {}, "]", indent, used), comment end
  return filled("[", items, "]", indent, used), comment
end

-- An attribute, a comment; nil when it has no value.
local function attribute_text(p, attribute, indent)
  local head = word_text(attribute.name)
  if attribute.doc then head = head .. notes_text {doc = attribute.doc} end
  if attribute.reference then
    return head .. (attribute.type and ": " .. attribute.type or "") .. " = @" .. word_text(attribute.reference)
  end
  local value, kind = attribute.value, attribute.type
  if value == nil or not kind then return nil end
  head = head .. (needs_type(attribute) and ": " .. kind or "") .. " = "
  local written, comment
  if singular[kind] then
    written, comment = list_text(p, value, singular[kind], indent, #indent + #head)
  else
    written, comment = values[kind](value, p, indent)
  end
  return head .. written, comment
end

-- Attributes between angle brackets, "" when there are none; and the names of those that cannot be shown.
local function attributes_text(p, attributes, indent, used)
  local items, comments, missing = {}, {}, {}
  for _, attribute in ipairs(attributes) do
    local item, comment = attribute_text(p, attribute, indent .. "  ")
    if item then
      items[#items + 1], comments[#items + 1] = item, comment
    else
      missing[#missing + 1] = attribute
    end
  end
  return #items > 0 and stacked("<", items, comments, ">", indent, used) or "", missing
end

-- Nodes ---------------------------------------------------------------------------------------------------------

local function hidden_line(indent, what) return indent .. "# not shown: " .. what .. "\n" end

local function names_of(list)
  local names = {}
  for i, value in pairs(list) do names[i] = value and name_text(value.name) or '""' end
  return names
end

-- A domain: identifiers with dots between them, else in quotes.
local function domain_text(domain)
  local plain = ("." .. domain):gsub("%.[A-Za-z_][A-Za-z0-9_]*", "") == ""
  return plain and domain or string_text(domain)
end

local function op_text(node)
  local domain, overload = node.domain, node.overload
  return (domain ~= "" and domain_text(domain) .. "." or "") .. word_text(node.op_type)
    .. (overload ~= "" and ":" .. word_text(overload) or "")
end

local function node_text(p, node, indent)
  local name, hidden = node.name, ""
  local outputs, inputs, attributes = names_of(node.outputs), names_of(node.inputs), syntax.attributes(node)
  local notes = syntax.notes(node)
  if notes and notes.configurations then
    hidden = hidden_line(indent, text.plural(notes.configurations, "device configuration"))
  end
  local line = indent .. (name ~= "" and "[" .. name_text(name) .. "] " or "")
  line = line .. fill(outputs, indent .. "  ", #line) .. (#outputs > 0 and " = " or "= ") .. op_text(node)
  local arguments = filled("(", inputs, ")", indent, #indent)
  if #attributes > 0 then
    local written, missing = attributes_text(p, attributes, indent, #indent)
    for _, attribute in ipairs(missing) do
      hidden = hidden .. hidden_line(indent, "attribute " .. string_text(attribute.name) .. ", which has no value")
    end
    local behind = #node.subgraphs > 0 or written == ""
    line = line .. (behind and arguments .. " " .. written or " " .. written .. " " .. arguments)
  else
    line = line .. arguments
  end
  return hidden .. line .. notes_text(notes)
end

-- Graphs --------------------------------------------------------------------------------------------------------

local function value_text(value)
  local kind = syntax.type(value)
  return (kind and kind .. " " or "") .. name_text(value.name) .. notes_text(syntax.notes(value))
end

local function values_text(list, indent, used)
  local items = {}
  for i, value in ipairs(list) do items[i] = value_text(value) end
  return stacked("(", items, {}, ")", indent, used)
end

local function names_text(list, indent, used)
  local items = {}
  for i, value in ipairs(list) do items[i] = name_text(value.name) end
  return filled("(", items, ")", indent, used)
end

-- Diagnostics of a graph with that code, and how many more of it the model has that were not kept.
local function count_diagnostics(graph, code)
  local count = 0
  for _, diagnostic in ipairs(graph.model.diagnostics) do
    if diagnostic.code == code then
      if diagnostic.graph == graph then count = count + 1 end
      if diagnostic.omitted then return count + diagnostic.omitted end
    end
  end
  return count
end

-- Initializers, and types of values inside the graph: calls entry(text, comment) for each.
local function each_entry(p, graph, indent, entry)
  for _, sparse in ipairs {false, true} do
    for _, tensor in ipairs(graph.initializers) do
      if (tensor.sparse ~= nil) == sparse then entry(tensor_text(p, tensor, tensor.name, indent)) end
    end
  end
  if not p.values then return end
  local is_function = graph.kind == "function"
  for value in graph:values() do
    if is_function or not (value.is_input or value.is_output) then
      if syntax.type(value) or syntax.notes(value) then entry(value_text(value)) end
    end
  end
end

-- The entries between angle brackets on lines of their own; false when there are none.
local function write_entries(p, graph, indent, write)
  local inner, pending, comment = indent .. "  ", nil, nil
  local function put(comma)
    write(inner, pending, comma, comment and "  # " .. comment or "", "\n")
  end
  each_entry(p, graph, inner, function(entry, its_comment)
    if pending then put(",") else write("\n", indent, "<\n") end
    pending, comment = entry, its_comment
  end)
  if not pending then return false end
  put("")
  write(indent, ">\n")
  return true
end

local function write_hidden(p, graph, notes, indent, write)
  local function hidden(count, ...)
    if count and count > 0 then write(hidden_line(indent, text.plural(count, ...))) end
  end
  hidden(notes and notes.quantization, "quantization annotation")
  hidden(notes and notes.unnamed, "output without a name", "outputs without a name")
  hidden(count_diagnostics(graph, "unused-value-info"), "type of a value the graph does not have",
    "types of values the graph does not have")
  if p.values then return end
  local count = 0
  for value in graph:values() do
    if syntax.type(value) and not (value.is_input or value.is_output) then count = count + 1 end
  end
  hidden(count, "declared type of an inner value", "declared types of inner values")
end

-- Nodes as the file has them, which may not be the order they run in.
local function file_order(graph)
  if count_diagnostics(graph, "unsorted") == 0 then return graph:nodes() end
  local nodes = {}
  for node in graph:nodes() do nodes[node.index + 1] = node end
  local at = 0
  return function()
    at = at + 1
    return nodes[at]
  end
end

local function write_body(p, graph, notes, indent, write)
  local entries = write_entries(p, graph, indent, write)
  write(entries and indent or " ", "{\n")
  write_hidden(p, graph, notes, indent .. "  ", write)
  for node in file_order(graph) do write(node_text(p, node, indent .. "  "), "\n") end
  write(indent, "}")
end

local function write_graph(p, graph, indent, write)
  local notes = syntax.notes(graph)
  local head = name_text(graph.name) .. " "
  head = head .. values_text(graph.inputs, indent, #indent + #head) .. " => "
  head = head .. values_text(graph.outputs, indent, columns(head) + #indent)
  write(head, notes_text(notes))
  write_body(p, graph, notes, indent, write)
end

function graph_string(p, graph, indent)
  local parts = {}
  write_graph(p, graph, indent, function(...)
    for i = 1, select("#", ...) do parts[#parts + 1] = (select(i, ...)) end
  end)
  return table.concat(parts)
end

local function write_header(fields, write)
  write("<\n  ", table.concat(fields, ",\n  "), "\n>\n")
end

local function add_fields(fields, more)
  for _, field in ipairs(more) do fields[#fields + 1] = field end
end

local function write_function(p, graph, write)
  local notes = syntax.notes(graph)
  local fields = {"domain: " .. string_text(graph.domain)}
  if graph.overload ~= "" then fields[2] = "overload: " .. string_text(graph.overload) end
  fields[#fields + 1] = "opset_import: " .. opsets_text(notes.opsets)
  add_fields(fields, note_fields(notes))
  write_header(fields, write)
  local head, items, comments = word_text(graph.name) .. " ", {}, {}
  for i, parameter in ipairs(syntax.parameters(graph)) do items[i] = word_text(parameter) end
  for _, attribute in ipairs(syntax.attributes(graph)) do
    local item, comment = attribute_text(p, attribute, "  ")
    items[#items + 1], comments[#items + 1] = item or word_text(attribute.name), comment
  end
  if #items > 0 then head = head .. stacked("<", items, comments, ">", "", #head) .. " " end
  head = head .. names_text(graph.inputs, "", columns(head)) .. " => "
  write(head, names_text(graph.outputs, "", columns(head)))
  write_body(p, graph, notes, "", write)
end

-- Models --------------------------------------------------------------------------------------------------------

local function model_fields(model, notes)
  local fields = {"ir_version: " .. model.ir_version, "opset_import: " .. opsets_text(model.opsets)}
  for _, key in ipairs {"producer_name", "producer_version", "domain"} do
    if model[key] ~= "" then fields[#fields + 1] = key .. ": " .. string_text(model[key]) end
  end
  if model.model_version ~= 0 then fields[#fields + 1] = "model_version: " .. model.model_version end
  add_fields(fields, note_fields(notes))
  return fields
end

local function write_model(p, model, write)
  local notes = syntax.notes(model)
  write_header(model_fields(model, notes), write)
  if notes and notes.trainings then write(hidden_line("", text.plural(notes.trainings, "training description"))) end
  if notes and notes.configurations then
    write(hidden_line("", text.plural(notes.configurations, "device configuration")))
  end
  write_graph(p, model.graph, "", write)
  for _, graph in ipairs(model.functions) do
    write("\n\n")
    write_function(p, graph, write)
  end
end

local function check_weights(weights)
  if weights == "all" or math.type(weights) == "integer" and weights >= 0 then return weights end
  error(("text: option 'weights' is %s; \"all\", or the elements up to which a tensor is written, is wanted")
    :format(tostring(weights)), 4)
end

local hash_ways = {sample = true, full = true, none = true}

local function check_options(options)
  local p = {weights = ELEMENTS, hash = "sample", values = true}
  if options ~= nil and type(options) ~= "table" then
    error(("text: options are a %s, a table is wanted"):format(type(options)), 3)
  end
  for key, value in pairs(options or {}) do
    if key == "weights" then
      p.weights = check_weights(value)
    elseif key == "hash" and hash_ways[value] then
      p.hash = value
    elseif key == "hash" then
      error(("text: option 'hash' is %s; sample, full or none is wanted"):format(tostring(value)), 3)
    elseif key == "values" then
      p.values = value and true or false
    else
      error(("text: unknown option '%s', there are 'weights', 'hash' and 'values'"):format(tostring(key)), 3)
    end
  end
  return p
end

local function write_object(p, x, write)
  local is_object = type(x) == "userdata"
  if is_object and x.opsets then
    write_model(p, x, write)
  elseif is_object and x.kind == "function" then
    write_function(p, x, write)
  elseif is_object and x.kind then
    write_graph(p, x, "", write)
  elseif is_object and x.op_type then
    write(node_text(p, x, ""))
  else
    error(("text: a Model, Graph or Node is wanted, got %s"):format(is_object and tostring(x) or type(x)), 3)
  end
end

--- Writes a Model, Graph (a subgraph or function too) or Node piece by piece: write(...) is called with strings. There
-- is no line end at the end. Options:
--
--   weights   "all", or the elements up to which a tensor is written out (16); larger ones are {...}, with size and
--             hash in a comment
--   hash      "sample" (64 KiB of each; default), "full" (all bytes are read) or "none"
--   values    false leaves out the declared types of values inside graphs
function printer.write(write, x, options)
  write_object(check_options(options), x, write)
end

--- The same as a string.
function printer.text(x, options)
  local p, parts = check_options(options), {}
  write_object(p, x, function(...)
    for i = 1, select("#", ...) do parts[#parts + 1] = (select(i, ...)) end
  end)
  return table.concat(parts)
end

return printer
