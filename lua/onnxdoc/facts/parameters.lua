--- Stored elements by what they are used for, by precision, operator and module; tied and unused tensors; three sizes.

local json = require "onnxdoc.json"
local overview = require "onnxdoc.overview"
local module_of = require "onnxdoc.modules"

-- Tensors that are listed by name.
local LISTED = 100

-- A sum that leaves out tensors without a size, if there are any.
local function sum(context, value, unknown, unit, how)
  local fact = context:number(value, unit, how)
  fact.at_least = unknown > 0 or nil
  return fact
end

local function count_fact(context, count)
  return {tensors = count.tensors, elements = sum(context, count.elements, count.unknown, "elements"),
    nbytes = sum(context, count.nbytes, count.unknown, "bytes"), unknown = count.unknown > 0 and count.unknown or nil}
end

-- Parameters proper: weights, stored or made from no more than a shape.
local function total_fact(context, counts)
  local elements, unknown = counts.generated.elements, counts.generated.unknown
  for _, use in ipairs {"weight", "quantised-weight"} do
    local count = counts.by_use[use]
    if count then elements, unknown = elements + count.elements, unknown + count.unknown end
  end
  return sum(context, elements, unknown, "elements",
    "elements of weights, quantised weights and weights that are generated; tied ones once")
end

local function by_name(context, counts)
  local list = json.object()
  for name, count in pairs(counts) do list[name] = count_fact(context, count) end
  return list
end

local function tensor_facts(tensors, with_users)
  local list = json.array()
  for i, tensor in ipairs(tensors) do
    if i > LISTED then break end
    list[i] = {name = tensor.name, dtype = tensor.dtype, shape = json.array(tensor.shape), elements = tensor.size}
    if with_users then
      local users = json.array()
      for u, node in ipairs(tensor.users) do users[u] = node.name ~= "" and node.name or node.path end
      list[i].users = users
    end
  end
  return list
end

local function add(groups, key, tensor)
  local group = groups[key]
  if not group then
    group = {name = key, tensors = 0, elements = 0, nbytes = 0}
    groups[key], groups[#groups + 1] = group, group
  end
  group.tensors = group.tensors + 1
  group.elements, group.nbytes = group.elements + (tensor.size or 0), group.nbytes + (tensor.nbytes or 0)
end

local function sorted(groups)
  local list = json.array()
  for i, group in ipairs(groups) do list[i] = group end
  table.sort(list, function(a, b)
    if a.elements ~= b.elements then return a.elements > b.elements end
    return a.name < b.name
  end)
  return list
end

-- Weights by the operator that computes with them (the first of several), and by module.
local function group_weights(model)
  local operators, modules = {}, {}
  for tensor in model:tensors() do
    local use = tensor.value and tensor.use
    if use == "weight" or use == "quantised-weight" or use == "statistic" then
      local user = tensor.users[1]
      add(operators, user and user.op or "none", tensor)
      add(modules, module_of.tensor(tensor, user), tensor)
    end
  end
  return sorted(operators), sorted(modules)
end

local kinds = {{"dense", "initializers"}, {"sparse", "sparse initializers"}, {"constants", "node attributes"},
  {"plain", "constant numbers"}}

-- All stored tensors, by what holds them and by precision.
local function held_facts(context, groups)
  local list = json.array()
  for _, kind in ipairs(kinds) do
    for _, row in ipairs(groups[kind[1]].dtypes) do
      list[#list + 1] = {held = kind[2], dtype = row.dtype, tensors = row.count,
        elements = context:sum(row.elements, row.unknown_elements, row.count, "elements"),
        nbytes = context:sum(row.bytes, row.unknown_bytes, row.count, "bytes")}
    end
  end
  return list
end

-- Where their bytes are.
local function place_facts(context, stored)
  local list = json.array()
  for _, place in ipairs {"file", "external", "lost", "none"} do
    local total = stored[place]
    if total.count > 0 then
      list[#list + 1] = {place = place, tensors = total.count,
        nbytes = context:sum(total.bytes, total.unknown_bytes, total.count, "bytes")}
    end
  end
  return list
end

return function(context)
  local model = context.model
  local tensors, stored = overview.tensors(model)
  local sparse = tensors.sparse
  local counts = model.parameters
  local operators, modules
  local function groups()
    if not operators then operators, modules = group_weights(model) end
    return operators, modules
  end
  return require("onnxdoc.facts").lazy({
    total = total_fact(context, counts),
    stored = sum(context, counts.all.elements, counts.all.unknown, "elements",
      "elements of all initializers and constants"),
    trainable = "not recorded in ONNX",
    by_use = by_name(context, counts.by_use), by_precision = by_name(context, counts.by_dtype),
    weights_by_precision = by_name(context, counts.weights_by_dtype),
    generated = counts.generated.tensors > 0 and count_fact(context, counts.generated) or nil,
    tied = tensor_facts(counts.tied, true), tied_count = #counts.tied,
    unused = tensor_facts(counts.unused), unused_count = #counts.unused,
    held = held_facts(context, tensors), places = place_facts(context, stored),
    sparse = sparse.count > 0 and {elements = context:number(sparse.elements, "elements"),
      full_elements = context:number(sparse.full_elements, "elements", "with the zeros that are not stored")} or nil,
    size = {
      file = context:number(model.size, "bytes", "the model's file"),
      weights = sum(context, counts.all.nbytes, counts.all.unknown, "bytes", "all tensors in their stored types"),
      external = sum(context, counts.external.nbytes, counts.external.unknown, "bytes", "of them in other files"),
    },
  }, {
    by_operator = function() return (groups()) end,
    by_module = function() return (select(2, groups())) end,
  })
end
