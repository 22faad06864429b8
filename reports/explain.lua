--- `onnxdoc explain VALUE MODEL`: what a value is, where each of its dimensions comes from, and why one is not known.

local text = require "onnxdoc.text"

local printable = text.printable
local ITEMS = 16 -- of contents that are shown

local function node_text(node)
  return ("%s %s"):format(node.op, node.name ~= "" and "'" .. printable(node.name) .. "'" or "node " .. node.index)
end

local function dims_of(value) return value and value.shape or {} end

-- The input of a node that has the dimension, and which of its axes.
local function input_with(node, dim)
  for i = 1, #node.inputs do
    for axis, other in ipairs(dims_of(node.inputs[i])) do
      if other == dim then return node.inputs[i], axis end
    end
  end
end

-- The input whose contents hold the dimension: a shape that was computed.
local function content_with(node, dim)
  for i = 1, #node.inputs do
    local known = node.inputs[i] and node.inputs[i].known
    for at, item in ipairs(known or {}) do
      if item == dim then return node.inputs[i], at end
    end
  end
end

-- Where a dimension is first seen: back along the nodes as long as an input has it.
local function origin(value, axis)
  local dim = value.shape[axis]
  while value.producer do
    local before, before_axis = input_with(value.producer, dim)
    if not before then break end
    value, axis = before, before_axis
  end
  return value, axis
end

local function shapes_of(node)
  local list = {}
  for i = 1, #node.inputs do
    local input = node.inputs[i]
    list[i] = input and printable(input.type or "?") or "-"
  end
  return table.concat(list, ", ")
end

local function origin_text(value, axis)
  local dim = value.shape[axis]
  if value.is_input then return ("axis %d of input '%s'"):format(axis - 1, printable(value.name)) end
  if value.tensor then return ("axis %d of initializer '%s'"):format(axis - 1, printable(value.name)) end
  local node = value.producer
  if not node then return "nothing defines it" end
  local from, at = content_with(node, dim)
  if from then
    return ("element %d of '%s', given to %s"):format(at - 1, printable(from.name), node_text(node))
  end
  return ("computed by %s from %s"):format(node_text(node), shapes_of(node))
end

-- Names that stand for the same size as a symbol.
local function class_of(model, name)
  local names = {}
  for _, symbol in ipairs(model.symbols) do
    if symbol.name ~= name and tostring(symbol.expr) == name then names[#names + 1] = printable(symbol.name) end
  end
  return names
end

local function symbol_text(model, symbol)
  local name = printable(symbol.name)
  local parts = {}
  if symbol.value then parts[1] = ("axis %d of '%s'"):format(symbol.axis - 1, printable(symbol.value.name)) end
  if symbol.reason then parts[#parts + 1] = printable(symbol.reason) end
  parts[#parts + 1] = symbol.most and ("%d to %d"):format(symbol.least or 0, symbol.most)
    or ("at least %d"):format(symbol.least or 0)
  local also = class_of(model, symbol.name)
  if #also > 0 then parts[#parts + 1] = "also " .. table.concat(also, ", ") end
  return ("  %s: %s\n"):format(name, table.concat(parts, "; "))
end

local function symbol_lines(model, value, write)
  local wanted = {}
  for _, dim in ipairs(dims_of(value)) do
    for _, name in ipairs(type(dim) == "userdata" and dim.symbols or {}) do wanted[name] = true end
  end
  for _, symbol in ipairs(model.symbols) do
    if wanted[symbol.name] then write(symbol_text(model, symbol)) end
  end
end

local function known_text(known)
  local items = {}
  for i = 1, math.min(#known, ITEMS) do items[i] = known[i] and printable(tostring(known[i])) or "?" end
  return table.concat(items, ", ") .. (#known > ITEMS and (", … %d more"):format(#known - ITEMS) or "")
end

local function explain(model, value, write)
  write(("value '%s': %s\n"):format(printable(value.name), printable(value.type or "of unknown type")))
  local node = value.producer
  if node then write(("  made by %s from %s\n"):format(node_text(node), shapes_of(node)))
  elseif value.is_input then write("  an input of the graph\n")
  elseif value.tensor then write("  an initializer\n") end
  local declared = value.declared_type
  if declared and declared ~= value.type then write(("  declared as %s\n"):format(printable(declared))) end
  for axis, dim in ipairs(dims_of(value)) do
    write(("  axis %d = %s: %s\n"):format(axis - 1, printable(tostring(dim)), origin_text(origin(value, axis))))
  end
  symbol_lines(model, value, write)
  local known = value.known
  if known then write("  holds " .. known_text(known) .. "\n") end
  if value.reason then write("  not known because " .. printable(value.reason) .. "\n") end
  for _, problem in ipairs(model.shape_diagnostics) do
    if problem.value == value or node and problem.node == node then
      write(("  %s: %s\n"):format(problem.severity, printable(problem.message)))
    end
  end
  for _, assumption in ipairs(model.assumptions) do
    if node and assumption.node == node then
      write(("  %s: %s = %s\n"):format(assumption.kind == "derived" and "it follows that" or "it is assumed that",
        printable(tostring(assumption.left)), printable(tostring(assumption.right))))
    end
  end
end

-- Values whose name holds the word, at most `limit`.
local function similar(model, word, limit)
  local found = {}
  for _, graph in ipairs(model.graphs) do
    for value in graph:values() do
      if #found < limit and value.name:find(word, 1, true) then
        found[#found + 1] = "'" .. printable(value.name) .. "'"
      end
    end
  end
  return found
end

return {
  summary = "Where a value's shape comes from, dimension by dimension, or why it is not known.",
  example = "onnxdoc explain logits model.onnx",
  models = "one",
  options = {{"value", description = "The name of a value."}},
  run = function(options, session)
    local code
    for model, name in session:models() do
      local value = model:value(options.value)
      if value then
        session:write(function(write) explain(model, value, write) end)
      else
        local names = similar(model, options.value, 5)
        io.stderr:write(("onnxdoc: %s has no value '%s'%s\n"):format(printable(name), printable(options.value),
          #names > 0 and "; there is " .. table.concat(names, ", ") or ""))
        code = 1
      end
    end
    return code
  end,
}
