--- The sections that say what a model is: its header, its graph, its symbols, and what was taken to be true of them.

local overview = require "onnxdoc.overview"

local about = {}

local function stem(path) return path and path:match("([^/]*)/*$") or nil end

function about.model(context)
  local model = context.model
  local opsets = {}
  for _, opset in ipairs(overview.opsets(model)) do opsets[#opsets + 1] = opset end
  return {
    name = stem(model.path), size = context:number(model.size, "bytes", "the file"),
    ir_version = model.ir_version, producer = model.producer ~= "" and model.producer or nil,
    domain = model.domain ~= "" and model.domain or nil, model_version = model.model_version,
    opsets = opsets, metadata = next(model.metadata) and model.metadata or nil, functions = #model.functions,
  }
end

local function dims_of(value)
  local dims
  for i, dim in ipairs(value.shape or {}) do
    dims = dims or {}
    dims[i] = math.type(dim) and dim or tostring(dim)
  end
  return dims or value.shape and require("onnxdoc.json").array() or nil
end

local function value_fact(value)
  return {name = value.name, type = value.type, dtype = value.dtype, shape = dims_of(value)}
end

-- Inputs that have an initializer are that, with another default.
local function values_of(list)
  local values = require("onnxdoc.json").array()
  for _, value in ipairs(list) do
    if not (value.is_input and value.tensor) then values[#values + 1] = value_fact(value) end
  end
  return values
end

function about.graph(context)
  local model = context.model
  local operators, total = require("onnxdoc.json").array(overview.operators(model)), 0
  for _, row in ipairs(operators) do total = total + row.count end
  return {
    name = model.graph.name, nodes = #model.graph, nodes_in_all_graphs = total, graphs = #model.graphs,
    inputs = values_of(model.inputs), outputs = values_of(model.outputs), operators = operators,
    initializers = #model.graph.initializers,
  }
end

function about.symbols(context)
  local list, aliases = require("onnxdoc.json").array(), {}
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
  local list = require("onnxdoc.json").array()
  for _, assumption in ipairs(context.model.assumptions) do
    list[#list + 1] = {kind = assumption.kind, left = tostring(assumption.left), right = tostring(assumption.right),
      node = context:node(assumption.node)}
  end
  return list
end

return about
