--- Builds ONNX models: `onnxdoc.build{opset = 17}` gives a builder, which is also the main graph's scope.
--
--     local b = onnxdoc.build{opset = 17}
--     local x = b:input("x", "float32", {"batch", 64})
--     local w = b:constant("w", "float32", {64, 64}, {random = 1})
--     b:output(b:op("MatMul", {x, w}), "float32", {"batch", 64})
--     local model = b:model()                  -- without a file
--     assert(b:save("m.onnx", {external = "m.data"}))
--
-- Values are their names. Wrong use raises an error that names the argument; what the world refuses (a full disk) comes
-- back as nil, message, code. Nothing is checked that a reader of the model can find out: undefined names, missing
-- inputs and the like are for model.diagnostics and rules. lua/README.md lists everything.

local misuse = require "onnxdoc.misuse"
local onnxdoc = require "onnxdoc"
local tensor_data = require "onnxdoc.tensor_data"
local text = require "onnxdoc.text"

local quoted = function(name) return "'" .. text.printable(name) .. "'" end

local function check_name(name, where)
  if type(name) ~= "string" then misuse("%s is a %s, a string is wanted", where, type(name)) end
  return name
end

local function check_options(options, known, where)
  if options == nil then return {} end
  if type(options) ~= "table" then misuse("%s: options are a %s, a table is wanted", where, type(options)) end
  for key in pairs(options) do
    if not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      misuse("%s: unknown option '%s', there is %s", where, text.printable(tostring(key)), table.concat(names, ", "))
    end
  end
  return options
end

local function set(...)
  local result = {}
  for _, name in ipairs {...} do result[name] = true end
  return result
end

local function metadata_entries(metadata, where)
  return metadata and tensor_data.entries(metadata, where .. ": metadata")
end

-- ---- types ----

local Type = {}

local function shape_message(dims, where)
  local list = {}
  for i, dim in ipairs(dims) do
    local denotation
    if type(dim) == "table" then dim, denotation = dim.size or dim.symbol or false, dim.denotation end
    if math.type(dim) == "integer" then list[i] = {dim_value = dim}
    elseif type(dim) == "string" then list[i] = {dim_param = dim}
    elseif dim == false then list[i] = {}
    else
      misuse("%s: dimension %d is %s; a whole number, a symbol's name or false is wanted", where, i, tostring(dim))
    end
    list[i].denotation = denotation
  end
  return {dim = list}
end

local function tensor_message(dtype, dims, where)
  local number = dtype == "undefined" and 0 or tensor_data.dtype(dtype, where)
  return {elem_type = number, shape = dims and shape_message(dims, where)}
end

local type_message

-- A structured type: {dtype =, dims =}, {sequence = T}, {optional = T}, {map = key, value = T}, {sparse = dtype,
-- dims =}, {opaque = name, domain =}; each with an optional denotation.
local function structured_type(t, where)
  local message
  if t.dtype then message = {tensor_type = tensor_message(t.dtype, t.dims, where)}
  elseif t.sparse then message = {sparse_tensor_type = tensor_message(t.sparse, t.dims, where)}
  elseif t.sequence then message = {sequence_type = {elem_type = type_message(t.sequence, nil, where)}}
  elseif t.optional then message = {optional_type = {elem_type = type_message(t.optional, nil, where)}}
  elseif t.map then
    local key = tensor_data.dtype(t.map, where)
    message = {map_type = {key_type = key, value_type = type_message(t.value, nil, where)}}
  elseif t.opaque then message = {opaque_type = {domain = t.domain, name = t.opaque}}
  else misuse("%s: a type's table has dtype, sequence, optional, map, sparse or opaque", where) end
  message.denotation = t.denotation
  return message
end

-- A TypeProto from a dtype with dimensions, a type in ONNX's text syntax, or a structured type.
function type_message(type_, dims, where)
  if getmetatable(type_) == Type then return type_.message end
  if type(type_) == "table" then return structured_type(type_, where) end
  if type(type_) == "string" and not dims and type_:find("[%[(]") then
    local parsed, message = require("onnxdoc.parser").type(type_)
    if not parsed then misuse("%s: type %s: %s", where, quoted(type_), message) end
    return structured_type(parsed, where)
  end
  return {tensor_type = tensor_message(type_, dims, where)}
end

-- ---- scopes ----

-- A graph, subgraph or function body. `message` is its GraphProto or FunctionProto.
local Scope = {}
Scope.__index = Scope

local value_options = set("doc", "metadata", "denotation")

local function value_message(name, type_, dims, options, where)
  where = ("%s %s"):format(where, quoted(check_name(name, where .. ": the name")))
  options = check_options(options, value_options, where)
  local message = {name = name, doc_string = options.doc, metadata_props = metadata_entries(options.metadata, where)}
  if type_ ~= nil then message.type = type_message(type_, dims, where) end
  if options.denotation then
    if not message.type then misuse("%s: a denotation needs a type", where) end
    message.type.denotation = options.denotation
  end
  return message
end

local function define(scope, name, what, where)
  local before = scope.defined[name]
  local is_default = before == "input" and what == "initializer" or before == "initializer" and what == "input"
  if before and not is_default then
    misuse("%s: %s is defined already in this graph, as an %s", where, quoted(name), before)
  end
  scope.defined[name] = what
  scope.root.taken[name] = true
end

local function append(list, item) list[#list + 1] = item end

local function only_graphs(scope, what)
  if scope.is_function then
    misuse("%s: a function has none; name it in func's options, or use op(\"Constant\")", what)
  end
end

--- A graph input; gives its name.
function Scope:input(name, type_, dims, options)
  only_graphs(self, "input")
  append(self.message.input, value_message(name, type_, dims, options, "input"))
  define(self, name, "input", "input")
  return name
end

--- Makes a value an output of the graph; gives its name. A type may be left out, inside subgraphs always.
function Scope:output(name, type_, dims, options)
  only_graphs(self, "output")
  append(self.message.output, value_message(name, type_, dims, options, "output"))
  return name
end

--- Declares the type of a value (value_info); gives its name.
function Scope:value(name, type_, dims, options)
  append(self.message.value_info, value_message(name, type_, dims, options, "value"))
  return name
end

local function fresh(root, stem)
  local name
  repeat
    name = stem .. "_" .. root.next_number
    root.next_number = root.next_number + 1
  until not root.taken[name]
  root.taken[name] = true
  return name
end

local tensor_options = set("name", "storage", "doc", "metadata")

local Tensor, Sparse = {}, {}

local function tensor_message_of(name, dtype, dims, data, options, where)
  options = check_options(options, tensor_options, where)
  local message = tensor_data.fields(dtype, dims, data, options.storage, where)
  message.name, message.doc_string = name, options.doc
  message.metadata_props = metadata_entries(options.metadata, where)
  return message
end

--- An initializer; gives its name, made up when it is nil.
function Scope:constant(name, dtype, dims, data, options)
  only_graphs(self, "constant")
  if name == nil then name = fresh(self.root, "constant") end
  local where = "constant " .. quoted(check_name(name, "constant: the name"))
  local message = tensor_message_of(name, dtype, dims, data, options, where)
  append(self.message.initializer, message)
  append(self.root.initializers, message)
  define(self, name, "initializer", "constant")
  return name
end

-- data.values and data.indices are lists, or both tensors (of attributes) that are taken as they are.
local function sparse_message(name, dtype, dims, data, options, where)
  if type(data) ~= "table" or type(data.values) ~= "table" or type(data.indices) ~= "table" then
    misuse("%s: data is {values = {…}, indices = {…}}", where)
  end
  tensor_data.element_count(dims, where)
  if getmetatable(data.values) == Tensor and getmetatable(data.indices) == Tensor then
    data.values.message.name = name
    return {values = data.values.message, indices = data.indices.message, dims = dims}
  end
  local count, per_value = #data.values, type(data.indices[1]) == "table" and #data.indices[1] or nil
  local indices, index_dims = data.indices, {count}
  if per_value then
    indices, index_dims = {}, {count, per_value}
    for _, index in ipairs(data.indices) do table.move(index, 1, per_value, #indices + 1, indices) end
  end
  return {values = tensor_message_of(name, dtype, {count}, data.values, options, where), dims = dims,
    indices = tensor_data.fields("int64", index_dims, indices, nil, where .. ": indices")}
end

--- A sparse initializer: its values, and their places, counted in row-major order or as one {row, column, …} each.
function Scope:sparse(name, dtype, dims, data, options)
  only_graphs(self, "sparse")
  if name == nil then name = fresh(self.root, "constant") end
  local where = "sparse " .. quoted(check_name(name, "sparse: the name"))
  append(self.message.sparse_initializer, sparse_message(name, dtype, dims, data, options, where))
  define(self, name, "initializer", "sparse")
  return name
end

-- ---- attributes ----

-- By type: number of AttributeProto.AttributeType and the field the value stands in.
local attribute_types = {float = {1, "f"}, int = {2, "i"}, string = {3, "s"}, tensor = {4, "t"}, graph = {5, "g"},
  floats = {6, "floats"}, ints = {7, "ints"}, strings = {8, "strings"}, tensors = {9, "tensors"},
  graphs = {10, "graphs"}, sparse_tensor = {11, "sparse_tensor"}, sparse_tensors = {12, "sparse_tensors"},
  type_proto = {13, "tp"}, type_protos = {14, "type_protos"}}

-- The type of one value by what it is.
local function scalar_type(value)
  local kind = math.type(value)
  if kind then return kind == "integer" and "int" or "float" end
  if type(value) == "string" then return "string" end
  if type(value) == "boolean" then return "int" end
  local class = getmetatable(value)
  return class == Tensor and "tensor" or class == Sparse and "sparse_tensor" or class == Type and "type_proto"
    or class == Scope and "graph" or nil
end

local function value_type(value, where)
  local kind = scalar_type(value)
  if kind then return kind end
  if type(value) ~= "table" then misuse("%s is a %s, which no attribute can be", where, type(value)) end
  if #value == 0 then misuse("%s is an empty list: give its type, {type = \"ints\", value = {}}", where) end
  local first = scalar_type(value[1])
  for i, item in ipairs(value) do
    local other = scalar_type(item)
    if not other then misuse("%s: item %d is a %s, which no attribute can be", where, i, type(item)) end
    if other == "float" and first == "int" then first = "float" end
    if other ~= first and not (other == "int" and first == "float") then
      misuse("%s: item %d is of type %s, those before are %s", where, i, other, first)
    end
  end
  return first .. "s"
end

-- What the operator's schema says the attribute is ("floats"), or nil.
local function schema_type(scope, op_type, domain, name)
  local key = domain .. "." .. op_type
  local schema = scope.root.schemas[key]
  if schema == nil then
    schema = onnxdoc.schema(op_type, domain, scope.opset[domain]) or false
    scope.root.schemas[key] = schema
  end
  local attribute = schema and schema.attributes[name]
  return attribute and attribute.type:lower()
end

local function scalar_message(kind, value, where)
  if kind == "float" then
    if type(value) ~= "number" then misuse("%s is a %s, a number is wanted", where, type(value)) end
    return value
  elseif kind == "int" then
    if type(value) == "boolean" then return value and 1 or 0 end
    return math.tointeger(value) or misuse("%s is %s, a whole number is wanted", where, tostring(value))
  elseif kind == "string" then
    return check_name(value, where)
  end
  if scalar_type(value) ~= kind then misuse("%s is a %s, a %s is wanted", where, type(value), kind) end
  return value.message
end

local attribute_fields = set("name", "value", "type", "reference", "doc")

-- An AttributeProto. `expected` is the schema's type; it decides between whole numbers and floats.
local function attribute_message(name, value, expected, where)
  where = ("%s: attribute %s"):format(where, quoted(check_name(name, where .. ": an attribute's name")))
  local message, given = {name = name}, nil
  local is_spelled = type(value) == "table" and not getmetatable(value)
    and (value.type or value.reference or value.value ~= nil)
  if is_spelled then
    check_options(value, attribute_fields, where)
    message.doc_string, given = value.doc, value.type
    if given and not attribute_types[given] then misuse("%s: '%s' is no attribute type", where, tostring(given)) end
    if value.reference then
      local kind = given or expected or misuse("%s: a reference needs a type", where)
      message.type = attribute_types[kind][1]
      message.ref_attr_name = check_name(value.reference, where .. ": reference")
      return message
    end
    value = value.value
  end
  local kind = given or value_type(value, where)
  local is_whole = kind == "int" and expected == "float" or kind == "ints" and expected == "floats"
  if is_whole and not given then kind = expected end
  local number, field = table.unpack(attribute_types[kind])
  message.type = number
  if kind:sub(-1) ~= "s" then
    message[field] = scalar_message(kind, value, where)
  else
    if type(value) ~= "table" then misuse("%s is a %s, a list is wanted", where, type(value)) end
    local list = {}
    for i, item in ipairs(value) do
      list[i] = scalar_message(kind:sub(1, -2), item, ("%s: item %d"):format(where, i))
    end
    message[field] = list
  end
  return message
end

-- Attributes as AttributeProtos: a map in the order of its names, a list of {name =, …} as it is.
local function attribute_messages(attributes, expected, where)
  if attributes == nil then return nil end
  if type(attributes) ~= "table" then misuse("%s: attributes are a %s, a table is wanted", where, type(attributes)) end
  local list = {}
  if #attributes > 0 then
    for i, entry in ipairs(attributes) do
      if type(entry) ~= "table" then misuse("%s: attribute %d is a %s, a table is wanted", where, i, type(entry)) end
      list[i] = attribute_message(entry.name, entry, expected(entry.name), where)
    end
    return list
  end
  local names = {}
  for name in pairs(attributes) do append(names, check_name(name, where .. ": an attribute's name")) end
  table.sort(names)
  for i, name in ipairs(names) do list[i] = attribute_message(name, attributes[name], expected(name), where) end
  return list
end

-- ---- nodes ----

local op_options = set("name", "outputs", "domain", "overload", "doc", "metadata")

local function output_names(wanted, stem, where)
  if wanted == nil then return {stem} end
  if math.type(wanted) == "integer" then
    local names = {}
    for i = 1, wanted do names[i] = wanted == 1 and stem or ("%s_%d"):format(stem, i - 1) end
    return names
  end
  if type(wanted) == "string" then return {wanted} end
  if type(wanted) ~= "table" then
    misuse("%s: outputs are a %s, a count or a list of names is wanted", where, type(wanted))
  end
  for i, name in ipairs(wanted) do check_name(name, ("%s: output %d"):format(where, i)) end
  return wanted
end

local function input_names(inputs, where)
  if type(inputs) ~= "table" then misuse("%s: inputs are a %s, a list of names is wanted", where, type(inputs)) end
  local names, count = {}, #inputs
  for i = 1, count do
    local name = inputs[i]
    if name == nil then misuse("%s: input %d is nil; an omitted one is \"\" or false", where, i) end
    names[i] = name == false and "" or check_name(name, ("%s: input %d"):format(where, i))
  end
  for key in pairs(inputs) do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      misuse("%s: inputs hold something at %s; an omitted one is \"\" or false", where, tostring(key))
    end
  end
  return names
end

local function split_operator(op_type, domain)
  if domain then return op_type, domain == "ai.onnx" and "" or domain end
  local before, last = op_type:match("^(.*)%.([^.]*)$")
  return last or op_type, before == "ai.onnx" and "" or before or ""
end

--- Adds a node; gives the names of its outputs, one result each.
function Scope:op(op_type, inputs, attributes, options)
  check_name(op_type, "op: the operator")
  local where = ("op %s"):format(text.printable(op_type))
  options = check_options(options, op_options, where)
  local bare, domain = split_operator(op_type, options.domain)
  local name = options.name or fresh(self.root, bare)
  local outputs = output_names(options.outputs, name ~= "" and name or fresh(self.root, bare), where)
  local node = {op_type = bare, input = input_names(inputs, where), output = outputs,
    name = name ~= "" and check_name(name, where .. ": the name") or nil, domain = domain ~= "" and domain or nil,
    overload = options.overload, doc_string = options.doc, metadata_props = metadata_entries(options.metadata, where),
    attribute = attribute_messages(attributes, function(attribute)
      return schema_type(self, bare, domain, attribute)
    end, where)}
  for _, output in ipairs(outputs) do
    if output ~= "" then define(self, output, "output of a node", where) end
  end
  self.domains[domain] = true
  append(self.message.node, node)
  return table.unpack(outputs)
end

--- A tensor for attributes.
function Scope.tensor(_, dtype, dims, data, options)
  local name = options and options.name
  return setmetatable({message = tensor_message_of(name, dtype, dims, data, options, "tensor")}, Tensor)
end

--- A sparse tensor for attributes.
function Scope.sparse_tensor(_, dtype, dims, data, options)
  local name = options and options.name
  return setmetatable({message = sparse_message(name, dtype, dims, data, options, "sparse_tensor")}, Sparse)
end

--- A type for attributes.
function Scope.type(_, type_, dims)
  return setmetatable({message = type_message(type_, dims, "type")}, Type)
end

local function new_scope(root, message, opset)
  return setmetatable({root = root, message = message, defined = {}, domains = {}, opset = opset}, Scope)
end

local graph_options = set("doc", "metadata")

local function new_graph(root, name, options, opset, where)
  options = check_options(options, graph_options, where)
  return new_scope(root, {name = check_name(name, where .. ": the name"), doc_string = options.doc,
    metadata_props = metadata_entries(options.metadata, where),
    input = {}, output = {}, value_info = {}, node = {}, initializer = {}, sparse_initializer = {}}, opset)
end

--- A graph that is to be the value of an attribute. It sees the names of the graphs around its node.
function Scope:subgraph(name, options)
  local scope = new_graph(self.root, name, options, self.opset, "subgraph")
  scope.domains = self.domains
  return scope
end

-- ---- functions ----

local Builder = setmetatable({}, {__index = Scope})
Builder.__index = Builder

-- {domain =, version =} entries, and versions by domain, of an opset option; also whether it was a list, to be written
-- exactly so.
local function read_opsets(opset, where)
  if opset == nil then opset = 17 end
  if math.type(opset) == "integer" then opset = {[""] = opset} end
  if type(opset) ~= "table" then misuse("%s: opset is a %s, a number or a table is wanted", where, type(opset)) end
  local entries, map = {}, {}
  for i, entry in ipairs(opset) do
    if type(entry) ~= "table" then misuse("%s: opset entry %d is a %s", where, i, type(entry)) end
    append(entries, {domain = check_name(entry.domain or "", where .. ": a domain"), version = entry.version})
  end
  local is_list = next(opset) == nil or #entries > 0
  if not is_list then
    for domain, version in pairs(opset) do
      append(entries, {domain = check_name(domain, where .. ": a domain"), version = version})
    end
    table.sort(entries, function(a, b) return a.domain < b.domain end)
  end
  for _, entry in ipairs(entries) do
    if math.type(entry.version) ~= "integer" then
      misuse("%s: the version of domain %s is %s, a whole number is wanted", where, quoted(entry.domain),
        tostring(entry.version))
    end
    local domain = entry.domain == "ai.onnx" and "" or entry.domain
    map[domain] = map[domain] or entry.version
  end
  return entries, map, is_list
end

-- The imports to write: what was given, and version 1 of every other domain that is used.
local function imports(scope)
  local entries = table.move(scope.imports, 1, #scope.imports, 1, {})
  if scope.is_exact then return entries end
  local missing = {}
  for domain in pairs(scope.domains) do
    if not scope.opset[domain] then append(missing, domain) end
  end
  table.sort(missing)
  for _, domain in ipairs(missing) do append(entries, {domain = domain, version = 1}) end
  return entries
end

local function name_list(list, where)
  if list == nil then return {} end
  if type(list) ~= "table" then misuse("%s are a %s, a list of names is wanted", where, type(list)) end
  for i, name in ipairs(list) do check_name(name, ("%s: name %d"):format(where, i)) end
  return list
end

local function_options = set("inputs", "outputs", "attributes", "defaults", "opset", "overload", "doc", "metadata")

--- A model-local function; gives the scope of its body. Its domain is one of the model's from now on.
function Builder:func(domain, name, options)
  local where = ("func %s"):format(text.printable(check_name(name, "func: the name")))
  check_name(domain, where .. ": the domain")
  options = check_options(options, function_options, where)
  local message = {name = name, domain = domain, overload = options.overload, doc_string = options.doc,
    input = name_list(options.inputs, where .. ": inputs"), output = name_list(options.outputs, where .. ": outputs"),
    attribute = name_list(options.attributes, where .. ": attributes"),
    attribute_proto = attribute_messages(options.defaults, function() return nil end, where),
    metadata_props = metadata_entries(options.metadata, where), node = {}, value_info = {}}
  local scope = new_scope(self, message, self.opset)
  scope.imports, scope.is_exact, scope.is_function = self.imports, false, true
  if options.opset then scope.imports, scope.opset, scope.is_exact = read_opsets(options.opset, where) end
  for _, input in ipairs(message.input) do define(scope, input, "input", where) end
  self.domains[domain == "ai.onnx" and "" or domain] = true
  append(self.functions, scope)
  return scope
end

-- ---- the model ----

local build_options = set("opset", "ir_version", "name", "producer_name", "producer_version", "domain",
  "model_version", "doc", "graph_doc", "metadata", "graph_metadata", "text")

-- The oldest format that has all of an operator set, from ONNX's release notes.
local function ir_version_for(opset)
  if not opset or opset < 9 then return 3 end
  local first = {4, 5, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13} -- of operator set 9, 10, ...
  return first[opset - 8] or 13
end

--- A new builder. Options: opset (a number, 17 unless given, a map by domain, or a list of {domain =, version =} to be
-- written exactly so), ir_version (as old as the operator set allows), name of the graph ("main"), producer_name,
-- producer_version, domain, model_version, doc, metadata; graph_doc and graph_metadata for the main graph; or text, a
-- model in ONNX's text syntax to start from (then nil, message, code when it cannot be read).
local function build(options)
  options = check_options(options, build_options, "build")
  if options.text then return require("onnxdoc.parser").builder(options.text) end
  local entries, map, is_exact = read_opsets(options.opset, "build")
  local graph = {doc = options.graph_doc, metadata = options.graph_metadata}
  local self = new_graph(nil, options.name or "main", graph, map, "build")
  self.root, self.imports, self.is_exact = self, entries, is_exact
  self.taken, self.next_number, self.schemas, self.initializers, self.functions = {}, 0, {}, {}, {}
  self.domains[""] = map[""] and true or nil
  self.header = {ir_version = options.ir_version or ir_version_for(map[""]), producer_name = options.producer_name,
    producer_version = options.producer_version, domain = options.domain, model_version = options.model_version,
    doc_string = options.doc, metadata_props = metadata_entries(options.metadata, "build")}
  return setmetatable(self, Builder)
end

local function encode(self)
  local model = {graph = self.message, opset_import = imports(self), functions = {}}
  for key, value in pairs(self.header) do model[key] = value end
  for i, scope in ipairs(self.functions) do
    scope.message.opset_import = imports(scope)
    model.functions[i] = scope.message
  end
  return onnxdoc._encode(model)
end

local model_options = set("directory")

--- The model, read back from memory (described weights are made as they are read), or nil, message, code. directory is
-- where external data is looked for.
function Builder:model(options)
  options = check_options(options, model_options, "model")
  local draft, message, code = encode(self)
  if not draft then return nil, message, code end
  return draft:load(options.directory)
end

local save_options = set("external", "threshold", "align")

local function payload_size(payload)
  if type(payload) == "string" then return #payload end
  return type(payload) == "table" and (payload.zeros or payload.nbytes) or 0
end

-- Moves what is large into a list of payloads for a file of its own. Gives the list and a function that moves it back.
local function move_out(self, location, threshold, align)
  local payloads, moved, size = {}, {}, 0
  for _, tensor in ipairs(self.initializers) do
    local nbytes = payload_size(tensor.raw_data)
    if tensor.raw_data and nbytes >= threshold then
      local gap = -size % align
      append(payloads, {zeros = gap})
      append(payloads, tensor.raw_data)
      append(moved, {tensor, tensor.raw_data})
      tensor.raw_data, tensor.data_location = nil, 1
      tensor.external_data = {{key = "location", value = location}, {key = "offset", value = tostring(size + gap)},
        {key = "length", value = tostring(nbytes)}}
      size = size + gap + nbytes
    end
  end
  return payloads, function()
    for _, pair in ipairs(moved) do
      pair[1].raw_data, pair[1].data_location, pair[1].external_data = pair[2], nil, nil
    end
  end
end

-- Why a location is no place beside the model, or nil.
local function refuse_location(location)
  if location == "" or location:find("^/") or location:find("\0", 1, true) then return "a relative path is wanted" end
  for part in location:gmatch("[^/]+") do
    if part == ".." then return "a place below the model's folder is wanted" end
  end
end

local function write_draft(draft, path, before)
  local output = require "onnxdoc.output"
  local ok, message, code = output.write_file(path, function(_, file)
    local done, problem = draft:write(file)
    if done and before then done, problem = before() end
    return done, problem
  end)
  if ok then return true end
  return nil, message, code or "io"
end

--- Writes the model: true, or nil, message, code. The file is there whole or not at all. external is the name of a file
-- beside it for initializers of `threshold` bytes (1024) and more, each at a multiple of `align` (4096); true calls it
-- like the model, with .data behind.
function Builder:save(path, options)
  if check_name(path, "save: the path"):find("\0", 1, true) then misuse("save: a path has no NUL") end
  options = check_options(options, save_options, "save")
  local location = options.external
  if location == true then location = path:match("[^/]*$") .. ".data" end
  if not location then
    local draft, message, code = encode(self)
    if not draft then return nil, message, code end
    return write_draft(draft, path)
  end
  local refusal = refuse_location(check_name(location, "save: external"))
  if refusal then misuse("save: external is %s, %s", quoted(location), refusal) end
  local threshold, align = options.threshold or 1024, options.align or 4096
  if math.type(threshold) ~= "integer" or threshold < 0 then misuse("save: threshold is %s", tostring(threshold)) end
  if math.type(align) ~= "integer" or align < 1 then misuse("save: align is %s", tostring(align)) end
  local payloads, move_back = move_out(self, location, threshold, align)
  local draft, message, code = encode(self)
  move_back()
  if not draft then return nil, message, code end
  local data_path = (path:match("^(.*/)") or "") .. location
  if data_path == path then misuse("save: external is the model's own file") end
  return write_draft(onnxdoc._payload(payloads), data_path, function() return write_draft(draft, path) end)
end

return {build = build}
