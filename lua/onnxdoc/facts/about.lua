--- The sections that say what a model is: its header, its graph, its symbols, and what was taken to be true of them.

local json = require "onnxdoc.json"
local overview = require "onnxdoc.overview"

local about = {}

-- What is listed by name: functions, external files, diagnostics of one kind.
local LISTED = 20

-- The name of the file; a model from standard input or memory has none.
local function file_name(path) return path and path ~= "-" and path:match("([^/]*)/*$") or nil end

-- What a file leaves empty is absent.
local function given(s) return s ~= "" and s or nil end

-- The first of them, in a list of plain data.
local function listed(items, make)
  local list = json.array()
  for i = 1, math.min(#items, LISTED) do list[i] = make(items[i]) end
  return list
end

local function external_facts(context)
  local files = context.model.files
  if #files == 0 then return nil end
  local bytes, missing = 0, 0
  for _, file in ipairs(files) do
    if file.path then bytes = bytes + file.size else missing = missing + 1 end
  end
  return {
    files = #files, missing = missing, size = context:number(bytes, "bytes", "the files that can be used"),
    listed = listed(files, function(file)
      return {location = file.location, size = file.path and context:number(file.size, "bytes") or nil}
    end),
  }
end

local function function_name(graph)
  return (graph.domain ~= "" and graph.domain .. "." or "") .. graph.name
    .. (graph.overload ~= "" and ":" .. graph.overload or "")
end

-- Diagnostics by what is wrong, the worst first.
local function diagnostic_facts(model)
  local list = json.array()
  for i, group in ipairs(overview.diagnostics(model)) do
    list[i] = {code = group.code, severity = group.severity, count = group.count,
      listed = listed(group.shown, function(diagnostic)
        return {message = diagnostic.message, offset = diagnostic.offset}
      end)}
  end
  return list
end

local function training_facts(model)
  local list = json.array()
  for i, training in ipairs(model.trainings) do
    list[i] = {initialization = training.initialization and #training.initialization,
      algorithm = training.algorithm and #training.algorithm}
  end
  return #list > 0 and list or nil
end

local function configuration_facts(model)
  local list = json.array()
  for i, configuration in ipairs(model.configurations) do
    list[i] = {name = configuration.name, devices = configuration.num_devices}
  end
  return #list > 0 and list or nil
end

function about.model(context)
  local model = context.model
  return {
    name = file_name(model.path), size = context:number(model.size, "bytes", "the file"),
    ir_version = model.ir_version, ir_date = overview.ir_date(model.ir_version), producer = given(model.producer),
    domain = given(model.domain), model_version = model.model_version, doc = given(model.doc or ""),
    opsets = json.array(overview.opsets(model)), metadata = next(model.metadata) and model.metadata or nil,
    functions = #model.functions,
    function_names = #model.functions > 0 and listed(model.functions, function_name) or nil,
    external = external_facts(context), training = training_facts(model), configurations = configuration_facts(model),
    diagnostics = diagnostic_facts(model),
  }
end

local function dims_of(value)
  local dims
  for i, dim in ipairs(value.shape or {}) do
    dims = dims or {}
    dims[i] = dim and (math.type(dim) and dim or tostring(dim)) or "?"
  end
  return dims or value.shape and json.array() or nil
end

-- What dataflow says they are for, found when somebody asks: finding it takes as long as all else here.
local function role_makers(context, value, roles)
  local makers = {}
  local function role() return roles()[value] or {} end
  for _, name in ipairs {"role", "constraint", "why", "values"} do makers[name] = function() return role()[name] end end
  makers.node = function() return context:node(role().node) end
  return makers
end

local function value_fact(context, value, roles)
  return require("onnxdoc.facts").lazy({name = value.name, type = overview.type_text(value), dtype = value.dtype,
    shape = dims_of(value)}, role_makers(context, value, roles))
end

-- Of inputs, those that have an initializer, or those that have none.
local function values_of(context, list, roles, with_default)
  local values = json.array()
  for _, value in ipairs(list) do
    local wanted = with_default == nil or overview.has_default(value) == with_default
    if wanted then values[#values + 1] = value_fact(context, value, roles) end
  end
  return values
end

-- Where nodes are besides the main graph.
local function elsewhere_facts(graphs, nodes)
  local places = json.object()
  for _, place in ipairs {"subgraphs", "functions", "training"} do
    if graphs[place] > 0 then places[place] = {graphs = graphs[place], nodes = nodes[place]} end
  end
  return next(places) and places or nil
end

function about.graph(context)
  local model = context.model
  local nodes, graphs = overview.graphs(model)
  local initializers, elsewhere, sparse = overview.initializers(model)
  local function roles() return require("onnxdoc.roles").of(model, context:kv_cache()) end
  local function of_inputs() return roles().inputs end
  local inputs = values_of(context, model.inputs, of_inputs, false)
  local defaults = values_of(context, model.inputs, of_inputs, true)
  return {
    name = model.graph.name, doc = given(model.graph.doc or ""), nodes = nodes.main, nodes_in_all_graphs = nodes.total,
    graphs = #model.graphs, elsewhere = elsewhere_facts(graphs, nodes),
    inputs = inputs, input_count = #inputs, defaults = defaults, default_count = #defaults,
    outputs = values_of(context, model.outputs, function() return roles().outputs end), output_count = #model.outputs,
    operators = json.array(overview.operators(model)), initializers = initializers,
    initializers_elsewhere = elsewhere > 0 and elsewhere or nil, sparse_initializers = sparse > 0 and sparse or nil,
  }
end

function about.symbols(context)
  local list, aliases = json.array(), {}
  for _, symbol in ipairs(context.model.symbols) do
    local entry = context.binding.by_name[symbol.name]
    local fact = {name = symbol.name, origin = symbol.origin, least = symbol.least, most = symbol.most,
      reason = symbol.reason}
    if symbol.value then fact.of, fact.axis = symbol.value.name, symbol.axis and symbol.axis - 1 end
    if entry then
      fact.value, fact.from, fact.role = entry.value, entry.from, entry.role
    else
      fact.is = tostring(symbol.expr)
      local same = require("onnxdoc.sizes").symbol_of(symbol.expr) or fact.is
      aliases[same] = aliases[same] or {}
      table.insert(aliases[same], symbol.name)
    end
    list[#list + 1] = fact
  end
  for _, fact in ipairs(list) do fact.aliases = aliases[fact.name] end
  return list
end

function about.assumptions(context)
  local list = json.array()
  for _, assumption in ipairs(context.model.assumptions) do
    list[#list + 1] = {kind = assumption.kind, left = tostring(assumption.left), right = tostring(assumption.right),
      node = context:node(assumption.node)}
  end
  return list
end

return about
