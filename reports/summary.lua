--- The first screen of the card: what `onnxdoc MODEL` shows, in at most 24 lines of 80 columns.

local overview = require "onnxdoc.overview"
local text = require "onnxdoc.text"

local WIDTH, LABEL, INTERFACE_ROWS, WEIGHT_ROWS = 80, 12, 4, 4

local function at_least(unknown, shown) return (unknown > 0 and "≥ " or "") .. shown end

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

local function labelled(lines, session, label, rows)
  for i, row in ipairs(rows) do
    local head = text.pad(i == 1 and label or "", LABEL)
    lines[#lines + 1] = (session.color and session:faint(head) or head) .. text.truncate(row, WIDTH - LABEL)
  end
end

local function value_rows(values)
  local rows, width = {}, 0
  local real = {}
  for _, value in ipairs(values) do
    if not overview.has_default(value) then real[#real + 1] = value end
  end
  local shown = math.min(#real, #real > INTERFACE_ROWS and INTERFACE_ROWS - 1 or #real)
  for i = 1, shown do width = math.max(width, text.width(text.printable(real[i].name))) end
  width = math.min(width, 40)
  for i = 1, shown do
    local name = text.truncate(text.printable(real[i].name), 40)
    rows[i] = text.pad(name, width) .. "  " .. text.printable(overview.type_text(real[i]) or "type not declared")
  end
  if #real > shown then rows[#rows + 1] = ("… %d more"):format(#real - shown) end
  local defaults = #values - #real
  if defaults > 0 then
    rows[#rows + 1] = ("and %s with an initializer as default"):format(text.plural(defaults, "input"))
  end
  return rows
end

local function format_rows(model)
  local opsets = {}
  for _, opset in ipairs(overview.opsets(model)) do
    opsets[#opsets + 1] = ("%s %d"):format(text.printable(opset.domain), opset.version)
  end
  local date = overview.ir_date(model.ir_version)
  return {("IR version %d%s"):format(model.ir_version, date and (" (%s)"):format(date) or ""),
    "opsets " .. (#opsets > 0 and wrap(opsets, 1, WIDTH - LABEL - 7)[1] or "none declared")}
end

local function node_row(facts)
  local parts = {text.count(facts.nodes.main)}
  for _, group in ipairs {{"subgraphs", "subgraph"}, {"functions", "function"}, {"training", "training graph"}} do
    if facts.nodes[group[1]] > 0 then
      parts[1] = text.count(facts.nodes.main) .. " in main"
      parts[#parts + 1] = ("%s in %s"):format(text.count(facts.nodes[group[1]]),
        text.plural(facts.graphs[group[1]], group[2]))
    end
  end
  return table.concat(parts, ", ")
end

local function operator_words(facts)
  local words = {}
  for i, row in ipairs(facts.operators) do
    words[i] = ("%s %s"):format(text.printable(row.op), text.count(row.count))
  end
  return words
end

local function weight_rows(facts)
  local rows = {}
  for _, kind in ipairs {{"dense", "initializer"}, {"sparse", "sparse initializer"},
    {"constants", "tensor in nodes", "tensors in nodes"}} do
    local group = facts[kind[1]]
    if group.count > 0 then
      local dtypes = {}
      for i, row in ipairs(group.dtypes) do dtypes[i] = ("%s %s"):format(row.dtype, text.si(row.elements)) end
      rows[#rows + 1] = ("%s, %s element%s, %s%s"):format(text.plural(group.count, kind[2], kind[3]),
        at_least(group.unknown_elements, text.si(group.elements)), group.elements == 1 and "" or "s",
        at_least(group.unknown_bytes, text.bytes(group.bytes)),
        #dtypes == 1 and ", " .. group.dtypes[1].dtype or "")
      if #dtypes > 1 and kind[1] == "dense" then rows[#rows + 1] = wrap(dtypes, 1)[1] end
    end
  end
  local stored = facts.stored
  local absent = stored.none.count + stored.lost.count
  if absent > 0 then
    local bytes = stored.none.bytes + stored.lost.bytes
    rows[#rows + 1] = ("%s of these without data%s"):format(text.count(absent),
      bytes > 0 and (" (%s)"):format(text.bytes(bytes)) or "")
  end
  return table.move(rows, 1, WEIGHT_ROWS, 1, {})
end

local function problem_rows(facts)
  local rows, rest = {}, 0
  for _, group in ipairs(facts.diagnostics) do
    if group.severity ~= "info" then
      rows[#rows + 1] = ("%s: %s"):format(group.severity, text.printable(group.shown[1].message))
      rest = rest + group.count - 1
      if #rows > 2 then
        rest = rest + 1
        rows[#rows] = nil
      end
    end
  end
  if rest > 0 then
    if #rows == 2 then rest = rest + 1 end
    rows[2] = ("… %d more, see onnxdoc card"):format(rest)
  end
  return rows
end

local function make_lines(model, name, session)
  local facts = overview.collect(model)
  local lines = {session:bold(text.truncate(text.printable(overview.model_name(name)), WIDTH - 30)) .. "  ONNX model, "
    .. text.bytes(model.size)}
  local function add(label, rows) labelled(lines, session, label, rows) end
  if model.producer ~= "" then add("Producer", {text.printable(model.producer)}) end
  add("Format", format_rows(model))
  if #model.files > 0 then add("Ext. data", {overview.external_text(model, text.bytes)}) end
  add("Inputs", #model.inputs > 0 and value_rows(model.inputs) or {"none"})
  add("Outputs", #model.outputs > 0 and value_rows(model.outputs) or {"none"})
  add("Nodes", {node_row(facts)})
  if #facts.operators > 0 then add("Operators", wrap(operator_words(facts), 3)) end
  add("Weights", #weight_rows(facts) > 0 and weight_rows(facts) or {"none"})
  local problems = problem_rows(facts)
  if #problems > 0 then add("Problems", problems) end
  return lines
end

return {
  name = "summary",
  summary = "The first screen of the card: the same as onnxdoc MODEL.",
  example = "onnxdoc summary model.onnx",
  formats = {"text"},
  color = true,
  run = function(_, session)
    local first = true
    for model, name in session:models() do
      local lines = make_lines(model, name, session)
      session:write((first and "" or "\n") .. table.concat(lines, "\n") .. "\n")
      first = first and session.places[session.current] ~= false
    end
  end,
}
