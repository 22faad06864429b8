--- The first screen of the card, which `onnxdoc MODEL` shows: at most 24 lines of 80 columns.

local text = require "onnxdoc.text"
local wording = require "onnxdoc.wording"

local WIDTH, LABEL, LINES = 80, 12, 24

-- How many rows the parts that can be long may take: the second where the first make too many lines.
local limits = {{interface = 4, operators = 3, weights = 4}, {interface = 3, operators = 1, weights = 2}}

local printable = text.printable

-- The first `count` words joined by ", " to lines of at most `room` columns, and how many are left out.
local function fill(words, count, room)
  local lines, line = {}, ""
  local rest = #words - count
  for i = 1, count + (rest > 0 and 1 or 0) do
    local word = i <= count and words[i] or ("… %d more"):format(rest)
    local joined = line == "" and word or line .. ", " .. word
    if line ~= "" and text.width(joined) >= room then
      lines[#lines + 1], line = line .. ",", word
    else
      line = joined
    end
  end
  lines[#lines + 1] = line
  return lines
end

-- As many of the words as fit into `rows` lines.
local function wrap(words, rows, room)
  for count = math.min(#words, 40), 1, -1 do
    local lines = fill(words, count, room or WIDTH - LABEL)
    if #lines <= rows then return lines end
  end
  return {words[1]}
end

-- ---- rows of each label ----

-- Of a summary, which lists none, how many there are.
local function value_rows(values, count, defaults, most)
  local rows, width = {}, 0
  if count == 0 and defaults == 0 then return {"none"} end
  if not values then return {text.count(count)} end
  local shown = math.min(#values, #values > most and most - 1 or #values)
  for i = 1, shown do width = math.max(width, text.width(printable(values[i].name))) end
  width = math.min(width, 40)
  for i = 1, shown do
    local name = text.truncate(printable(values[i].name), 40)
    rows[i] = text.pad(name, width) .. "  " .. printable(values[i].type or "type not declared")
  end
  if #values > shown then rows[#rows + 1] = ("… %d more"):format(#values - shown) end
  if defaults > 0 then
    rows[#rows + 1] = ("and %s with an initializer as default"):format(text.plural(defaults, "input"))
  end
  return rows
end

local function format_rows(model)
  local opsets = {}
  for i, opset in ipairs(model.opsets) do opsets[i] = ("%s %d"):format(printable(opset.domain), opset.version) end
  return {("IR version %d%s"):format(model.ir_version, model.ir_date and (" (%s)"):format(model.ir_date) or ""),
    "opsets " .. (#opsets > 0 and wrap(opsets, 1, WIDTH - LABEL - 7)[1] or "none declared")}
end

local function external_rows(external)
  if not external then return {} end
  local missing = external.missing == external.files and ", cannot be used"
    or external.missing > 0 and (", %d of them cannot be used"):format(external.missing) or ""
  return {text.plural(external.files, "file") .. (external.missing < external.files
    and ", " .. text.bytes(external.size.value) or "") .. missing}
end

local function layer_rows(layers)
  local words = {}
  for i, group in ipairs(layers) do
    words[i] = ("%d of %s nodes"):format(group.count, wording.range(group.nodes_least, group.nodes_most))
  end
  return #words > 0 and wrap(words, 1) or {}
end

local function operator_rows(operators, most)
  local words = {}
  for i, row in ipairs(operators) do words[i] = ("%s %s"):format(printable(row.op), text.count(row.count)) end
  return #words > 0 and wrap(words, most) or {}
end

-- Tensors of one kind, all precisions together.
local function add_held(held, kind)
  local sum = {tensors = 0, elements = 0, bytes = 0, elements_mark = "", bytes_mark = "", dtypes = {}}
  for _, row in ipairs(held) do
    if row.held == kind then
      sum.tensors = sum.tensors + row.tensors
      sum.elements, sum.bytes = sum.elements + (row.elements.value or 0), sum.bytes + (row.nbytes.value or 0)
      if row.elements.at_least or not row.elements.value then sum.elements_mark = "≥ " end
      if row.nbytes.at_least or not row.nbytes.value then sum.bytes_mark = "≥ " end
      sum.dtypes[#sum.dtypes + 1] = ("%s %s"):format(row.dtype, text.si(row.elements.value or 0))
      sum.dtype = row.dtype
    end
  end
  return sum
end

local function weight_rows(parameters, most)
  local rows = {}
  for _, kind in ipairs {{"initializers", "initializer"}, {"sparse initializers", "sparse initializer"},
    {"node attributes", "tensor in nodes", "tensors in nodes"}} do
    local sum = add_held(parameters.held, kind[1])
    if sum.tensors > 0 then
      rows[#rows + 1] = ("%s, %s%s element%s, %s%s%s"):format(text.plural(sum.tensors, kind[2], kind[3]),
        sum.elements_mark, text.si(sum.elements), sum.elements == 1 and "" or "s", sum.bytes_mark,
        text.bytes(sum.bytes), #sum.dtypes == 1 and ", " .. sum.dtype or "")
      if #sum.dtypes > 1 and kind[1] == "initializers" then rows[#rows + 1] = wrap(sum.dtypes, 1)[1] end
    end
  end
  local absent, bytes = 0, 0
  for _, place in ipairs(parameters.places) do
    if place.place == "lost" or place.place == "none" then
      absent, bytes = absent + place.tensors, bytes + (place.nbytes.value or 0)
    end
  end
  if absent > 0 then
    table.insert(rows, math.min(#rows, most - 1) + 1, ("%s of these without data%s"):format(text.count(absent),
      bytes > 0 and (" (%s)"):format(text.bytes(bytes)) or ""))
  end
  return #rows > 0 and table.move(rows, 1, most, 1, {}) or {"none"}
end

local function cost_rows(facts)
  local headline, bindings = wording.headline(facts), wording.bindings(facts)
  local first, rest = headline:match("^(.*) · (transcendentals .*)$")
  return {first, rest .. (bindings and ", at " .. printable(bindings) or "")}
end

local function memory_rows(memory)
  local peak = memory.peak
  if not peak.value then return {"peak activation unknown: " .. printable(peak.unknown or "")} end
  local at = memory.at
  return {("peak activation %s%s%s"):format(peak.at_least and "≥ " or "", text.bytes(peak.value),
    at and (", at %s '%s'"):format(printable(at.op), printable(at.name)) or "")}
end

local function problem_rows(diagnostics)
  local rows, rest = {}, 0
  for _, group in ipairs(diagnostics) do
    if group.severity ~= "info" then
      if #rows < 2 then
        rows[#rows + 1] = ("%s: %s"):format(group.severity, printable(group.listed and group.listed[1].message
          or group.code))
        rest = rest + group.count - 1
      else
        rest = rest + group.count
      end
    end
  end
  if rest > 0 then
    if #rows == 2 then rest = rest + 1 end
    rows[2] = ("… %d more, see onnxdoc card"):format(rest)
  end
  return rows
end

-- ---- the screen ----

-- Lines {label or "", row}.
local function make_lines(facts, limit)
  local lines, model, graph = {}, facts.model, facts.graph
  local function add(label, rows)
    for i, row in ipairs(rows) do lines[#lines + 1] = {i == 1 and label or "", text.truncate(row, WIDTH - LABEL)} end
  end
  add("Producer", {model.producer and printable(model.producer)})
  add("Format", format_rows(model))
  add("Ext. data", external_rows(model.external))
  add("Inputs", value_rows(graph.inputs, graph.input_count, graph.default_count, limit.interface))
  add("Outputs", value_rows(graph.outputs, graph.output_count, 0, limit.interface))
  add("Nodes", {wording.nodes(graph)})
  add("Operators", operator_rows(graph.operators, limit.operators))
  add("Layers", layer_rows(facts.architecture.layers))
  add("Weights", weight_rows(facts.parameters, limit.weights))
  add("Cost", cost_rows(facts))
  add("Memory", memory_rows(facts.memory))
  add("Problems", problem_rows(model.diagnostics))
  return lines
end

return {
  screen = function(page, facts)
    local lines = make_lines(facts, limits[1])
    if #lines >= LINES then lines = make_lines(facts, limits[2]) end
    local name = text.truncate(printable(facts.model.name or "standard input"), WIDTH - 30)
    page.write(page.strong(page.raw(name)), page.raw("  ONNX model, " .. text.bytes(facts.model.size.value) .. "\n"))
    for _, line in ipairs(lines) do
      page.write(page.emphasis(page.raw(text.pad(line[1], LABEL))), page.raw(line[2] .. "\n"))
    end
  end,
}
