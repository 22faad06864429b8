--- `onnxdoc explain WHAT MODEL`: what a node costs and why; what a value is, where each of its dimensions comes
-- from, and why one is not known; what a symbol or a fact is.

local symbol_of = require("onnxdoc.sizes").symbol_of
local text = require "onnxdoc.text"

local printable = text.printable
local ITEMS = 16 -- of contents that are shown

local function node_text(node)
  local name = node.name ~= "" and "'" .. printable(node.name) .. "'" or "node " .. node.index
  return printable(node.op) .. " " .. name
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
    if symbol.name ~= name and symbol_of(symbol.expr) == name then names[#names + 1] = printable(symbol.name) end
  end
  return names
end

local function symbol_text(model, symbol)
  local name = printable(symbol.name)
  local parts = {}
  if symbol.value then
    parts[1] = (symbol.axis and "axis " .. symbol.axis - 1 or "turns of the loop") .. (" of '%s'"):format(
      printable(symbol.value.name))
  end
  if symbol_of(symbol.expr) ~= symbol.name then
    parts[#parts + 1] = "stands for " .. printable(tostring(symbol.expr))
  end
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

-- What a stored tensor is for, how large it is, and where it stands.
local function stored_text(tensor)
  local parts = {", " .. tensor.use}
  if tensor.nbytes then parts[#parts + 1] = text.bytes(tensor.nbytes) end
  if tensor.location then
    parts[#parts + 1] = ("at byte %d of '%s'"):format(tensor.data_offset or 0, printable(tensor.location))
  else
    parts[#parts + 1] = ("at byte %d of the file"):format(tensor.offset)
  end
  return table.concat(parts, ", ")
end

local function explain(model, value, write)
  write(("value '%s': %s\n"):format(printable(value.name), printable(value.type or "of unknown type")))
  local node = value.producer
  if node then write(("  made by %s from %s\n"):format(node_text(node), shapes_of(node)))
  elseif value.is_input then write("  an input of the graph\n")
  elseif value.tensor then write("  an initializer" .. stored_text(value.tensor) .. "\n") end
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

-- ---- nodes ----

local function formal_names(node)
  local names, schema = {}, node.schema
  for i, formal in ipairs(schema and schema.inputs or {}) do names[i] = formal.name end
  return names
end

local function input_lines(node, write)
  local names = formal_names(node)
  for i = 1, #node.inputs do
    local input = node.inputs[i]
    local formal = names[i] or ("input %d"):format(i - 1)
    if input then
      local what = input.tensor and "initializer " or input.is_constant and "constant " or ""
      write(("  %s: %s'%s' %s\n"):format(printable(formal), what, printable(input.name), printable(input.type or "?")))
    end
  end
end

local function output_lines(node, write)
  for i = 1, #node.outputs do
    local output = node.outputs[i]
    if output then
      write(("  gives '%s' %s\n"):format(printable(output.name), printable(output.type or "of unknown type")))
      for axis, dim in ipairs(dims_of(output)) do
        write(("    axis %d = %s: %s\n"):format(axis - 1, printable(tostring(dim)), origin_text(origin(output, axis))))
      end
    end
  end
end

local function number_text(x, context)
  local fact = context:number(x)
  if not fact then return "?" end
  if fact.unknown then return "unknown: " .. printable(fact.unknown) end
  return fact.exact or text.count(fact.value)
end

local labels = {macs = "MACs", dequant = "dequantisation",
  macs_valid = "MACs without padding", macs_causal = "MACs under the causal mask",
  elementwise_low = "elementwise, least or expected"}

-- A formula of the convention, what its names are here, what comes out, and for the numbers at hand.
local function note_lines(note, context, write)
  local terms = {}
  for i, term in ipairs(note.terms) do
    terms[i] = ("%s = %s"):format(term.name, printable(tostring(term.value == false and "?" or term.value)))
  end
  local value = note.value ~= false and note.value or nil
  write(("  %s = %s\n    %s\n"):format(labels[note.metric] or note.metric, note.formula, table.concat(terms, ", ")))
  if type(value) == "userdata" and #value.symbols > 0 then
    write(("    = %s = %s\n"):format(printable(tostring(value)), number_text(value, context)))
  else
    write(("    = %s\n"):format(number_text(value, context)))
  end
end

local kinds = {constant = "all its inputs are constant: it costs nothing at run time",
  shape = "shape arithmetic: its operations are not counted", view = "a view: no bytes are moved",
  ["not-numeric"] = "no numbers: nothing is counted"}

local function body_lines(node, context, write)
  local bodies = {table.unpack(node.subgraphs)}
  if node.callee then bodies[#bodies + 1] = node.callee end
  for _, graph in ipairs(bodies) do
    local cost = graph.cost
    write(("  %s: %s MACs, %s FLOPs each time\n"):format(printable(graph.attribute or "the function"),
      number_text(cost and cost.macs, context), number_text(cost and cost.flops, context)))
  end
  if #bodies > 0 then
    write(("  with what is inside: %s MACs, %s FLOPs\n"):format(number_text(node.cost.macs, context),
      number_text(node.cost.flops, context)))
  end
end

local function cost_lines(node, context, write)
  local cost = node.own_cost
  if not cost then return write("  nothing runs it: it has no cost\n") end
  if kinds[cost.kind] then write("  " .. kinds[cost.kind] .. "\n") end
  if cost.kind == "compute" then
    for _, note in ipairs(node.cost_notes) do note_lines(note, context, write) end
  end
  for _, gap in ipairs(node.model.cost_gaps) do
    if gap.node == node then write("  its cost is not known: " .. printable(gap.reason) .. "\n") end
  end
  if cost.flops and cost.flops.value ~= 0 then
    write(("  FLOPs = 2*MACs + elementwise = %s\n"):format(number_text(cost.flops, context)))
  end
  write(("  bytes: %s read, %s written, %s weights\n"):format(number_text(cost.bytes_read, context),
    number_text(cost.bytes_written, context), number_text(cost.weight_bytes, context)))
  if cost.flops and cost.bytes and cost.flops.value ~= 0 then
    local flops, moved = context:number(cost.flops), context:number(cost.bytes)
    if flops.value and moved.value and moved.value > 0 then
      write(("  intensity: %.2f FLOPs a byte\n"):format(flops.value / moved.value))
    end
  end
  body_lines(node, context, write)
  local runs = node.runs
  if runs ~= 1 then write(("  runs %s times\n"):format(number_text(runs, context))) end
end

local function explain_node(node, context, write)
  write(("node %s, number %d of graph '%s'\n"):format(node_text(node), node.index, printable(node.graph.name)))
  input_lines(node, write)
  output_lines(node, write)
  cost_lines(node, context, write)
  if #context.binding.list > 0 then write("  numbers at " .. context.binding:text() .. "\n") end
  write(("  at byte %d of the file, %s\n"):format(node.offset, text.bytes(node.length)))
end

-- ---- facts ----

-- Number facts have a unit. Tables with a model's own names as keys (metadata, bindings) may hold "value" too.
local function is_number_fact(fact)
  return type(fact) == "table" and math.type(fact.value) ~= nil and type(fact.unit) == "string"
end

local function explain_fact(path, fact, write)
  write(printable(path), "\n")
  local json = require "onnxdoc.json"
  if not is_number_fact(fact) then
    return write("  ", printable(type(fact) == "table" and json.encode(fact) or tostring(fact)), "\n")
  end
  write(("  %s%s %s\n"):format(fact.at_least and "at least " or "", fact.exact or text.number(fact.value), fact.unit))
  if fact.formula then write("  = " .. printable(fact.formula) .. "\n") end
  local names = {}
  for name in pairs(fact.bindings or {}) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = ("%s = %s"):format(printable(name), fact.bindings[name]) end
  if #names > 0 then write("  at " .. table.concat(names, ", ") .. "\n") end
  if fact.how then write("  " .. fact.how .. "\n") end
end

-- ---- what is meant ----

local SHOWN = 5

-- Nodes and values whose name holds the word.
local function similar(model, word)
  local nodes, values = {}, {}
  for node in model:nodes() do
    if node.name:find(word, 1, true) then nodes[#nodes + 1] = node end
  end
  for _, graph in ipairs(model.graphs) do
    for value in graph:values() do
      if value.name:find(word, 1, true) then values[#values + 1] = value end
    end
  end
  return nodes, values
end

local function find_symbol(model, word)
  for _, symbol in ipairs(model.symbols) do
    if symbol.name == word then return symbol end
  end
end

local function node_by_number(model, word)
  local number = math.tointeger(tonumber(word:match("^#(%d+)$")))
  if not number then return nil end
  for node in model.graph:nodes() do
    if node.index == number then return node end
  end
end

local function names_of(list)
  local names = {}
  for i, item in ipairs(list) do
    if i > SHOWN then
      names[i] = ("… %d more"):format(#list - SHOWN)
      break
    end
    names[i] = "'" .. printable(item.name) .. "'"
  end
  return table.concat(names, ", ")
end

-- Writes what the word stands for; false and a message when it stands for nothing, or for several things.
local function explain_word(model, word, all, write)
  local facts = require "onnxdoc.facts"
  local context = facts.context(all)
  local value, symbol = model:value(word), find_symbol(model, word)
  local node = node_by_number(model, word) or model:node(word)
  if value then explain(model, value, write) end
  if node then explain_node(node, context, write) end
  if symbol and not value then write("symbol" .. symbol_text(model, symbol):sub(2)) end
  if value or node or symbol then return true end
  local path = word:match("^(%a+)%.")
  if path and all[path] then
    local fact = facts.at(all, word)
    if fact ~= nil then
      explain_fact(word, fact, write)
      return true
    end
  end
  local nodes, values = similar(model, word)
  if #nodes == 1 then
    explain_node(nodes[1], context, write)
    return true
  elseif #nodes == 0 and #values == 1 then
    explain(model, values[1], write)
    return true
  end
  local found = #nodes > 0 and nodes or values
  return false, ("has no node, value, symbol or fact '%s'%s"):format(printable(word),
    #found > 0 and "; there is " .. names_of(found) or "")
end

return {
  summary = "What a node costs and why, where a shape comes from, what a symbol or a fact is.",
  example = "onnxdoc explain MatMul_17 model.onnx",
  models = "one",
  bindings = true,
  options = {{"what", argname = "WHAT", description = "A node (also #123), a value, a symbol, a fact (cost.flops); "
    .. "a part of a name will do where it is the only one."}},
  run = function(options, session)
    local code
    for model, name, binding in session:models() do
      local all = require "onnxdoc.facts".of(model, binding)
      local parts = {}
      local function write(...) parts[#parts + 1] = table.concat({...}) end
      local ok, message = explain_word(model, options.what, all, write)
      if ok then
        session:write(table.concat(parts))
      else
        io.stderr:write("onnxdoc: ", printable(name), ": ", message, "\n")
        code = 1
      end
    end
    return code
  end,
}
