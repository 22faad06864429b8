--- What the graph is: counts, inputs and outputs, the symbols of their shapes, operators.

local lists = require "onnxdoc.lists"
local wording = require "onnxdoc.wording"

local graph = {}

local INTERFACE_LIMIT, SYMBOLS, EQUATIONS = 100, 30, 10

local function count_items(page, facts)
  local g = facts.graph
  local items = {
    {page.strong "Nodes", ": ", wording.nodes(g), page.cite "graph.nodes"},
    {page.strong "Inputs", ": ", page.fact "graph.input_count", g.default_count > 0
      and {", and ", page.fact "graph.default_count", " with an initializer as default"} or ""},
    {page.strong "Outputs", ": ", page.fact "graph.output_count"},
    {page.strong "Initializers", ": ", page.fact "graph.initializers",
      g.sparse_initializers and {" (", page.fact "graph.sparse_initializers", " of them sparse)"} or "",
      g.initializers_elsewhere and {", and ", page.fact "graph.initializers_elsewhere", " in other graphs"} or ""},
  }
  return items
end

-- ---- inputs and outputs ----

local function shape_text(shape)
  local dims = {}
  for i, dim in ipairs(shape) do dims[i] = tostring(dim) end
  return "[" .. table.concat(dims, ", ") .. "]"
end

-- Type and shape; of sequences and maps the type says all.
local function type_cells(page, value)
  if not value.type then return "not declared", "not declared" end
  if not value.dtype or value.type:sub(1, #value.dtype) ~= value.dtype then return page.code(value.type), "—" end
  return page.code(value.dtype), value.shape and page.code(shape_text(value.shape)) or "not declared"
end

-- Rows {name, type, shape, role, constraint, why, default}; columns that are empty in all rows are left out.
local function value_rows(page, values, default)
  local rows = {}
  for _, value in ipairs(values or {}) do
    local kind, shape = type_cells(page, value)
    rows[#rows + 1] = {page.code(value.name), kind, shape, value.role or "", value.constraint or "", value.why or "",
      default}
  end
  return rows
end

local heads = {"Name", "Type", "Shape", "Role", "Constraint", "Why", "Default"}

local function drop_empty(rows)
  local kept = {}
  for c = 1, #heads do
    local used = false
    for _, row in ipairs(rows) do used = used or row[c] ~= "" end
    if used then kept[#kept + 1] = c end
  end
  local shown, narrow = {}, {}
  for i, c in ipairs(kept) do shown[i] = heads[c] end
  for r, row in ipairs(rows) do
    narrow[r] = {}
    for i, c in ipairs(kept) do narrow[r][i] = row[c] end
  end
  return shown, narrow
end

local function write_values(page, title, rows)
  if #rows == 0 then return end
  page.heading(3, title)
  local more = #rows - INTERFACE_LIMIT
  for i = #rows, INTERFACE_LIMIT + 1, -1 do rows[i] = nil end
  page.table(drop_empty(rows))
  if more > 0 then page.paragraph(("… (%d more)"):format(more)) end
end

--- Counts, inputs and outputs.
function graph.graph(page, facts)
  page.heading(2, "Graph Summary")
  page.list(count_items(page, facts))
  local inputs = value_rows(page, facts.graph.inputs, "")
  write_values(page, "Inputs", lists.join(inputs, value_rows(page, facts.graph.defaults, "initializer")))
  write_values(page, "Outputs", value_rows(page, facts.graph.outputs, ""))
end

-- ---- symbols ----

local function origin_cell(page, symbol)
  if not symbol.of then return symbol.origin end
  if symbol.origin == "input" and symbol.axis then
    return {("axis %d of "):format(symbol.axis), page.code(symbol.of)}
  end
  return {symbol.reason or symbol.origin, ": ", page.code(symbol.of)}
end

local function range_cell(symbol)
  if symbol.least and symbol.most then return ("%d to %d"):format(symbol.least, symbol.most) end
  return symbol.least and ("≥ %d"):format(symbol.least) or symbol.most and ("≤ %d"):format(symbol.most) or ""
end

local function alias_cell(page, symbol)
  local cell = {}
  for i, alias in ipairs(symbol.aliases or {}) do
    if i > 6 then
      cell[#cell + 1] = (", … %d more"):format(#symbol.aliases - 6)
      break
    end
    cell[#cell + 1] = {i > 1 and ", " or "", page.code(alias)}
  end
  return #cell > 0 and cell or ""
end

local function write_equations(page, facts, kind, title)
  local items, more = {}, 0
  for _, equation in ipairs(facts.assumptions) do
    if equation.kind == kind and #items < EQUATIONS then
      items[#items + 1] = {page.code(equation.left), " = ", page.code(equation.right),
        equation.node and {", at ", equation.node.op, " ", page.code(equation.node.name)} or ""}
    elseif equation.kind == kind then
      more = more + 1
    end
  end
  if #items == 0 then return end
  if more > 0 then items[#items + 1] = ("… (%d more)"):format(more) end
  page.paragraph(title)
  page.list(items)
end

--- Dimensions without a number: what they are, and what must hold between them.
function graph.symbols(page, facts)
  local rows, more = {}, 0
  for i, symbol in ipairs(facts.symbols) do
    if symbol.value and #rows < SYMBOLS then
      rows[#rows + 1] = {page.code(symbol.name), alias_cell(page, symbol), symbol.role or "", range_cell(symbol),
        {page.fact(("symbols.%d.value"):format(i)), symbol.from == "default" and " (default)" or ""},
        origin_cell(page, symbol)}
    elseif symbol.value then
      more = more + 1
    end
  end
  if #rows == 0 then return end
  page.heading(3, "Dynamic Dimensions")
  page.table({"Symbol", "The same", "Role", "Range", "Numbers below at", "What it is"}, rows)
  if more > 0 then page.paragraph(("… (%d more)"):format(more)) end
  write_equations(page, facts, "derived", "Derived: the model runs only where")
  write_equations(page, facts, "assumed", "Assumed, since otherwise broadcasting would have to tell:")
end

-- ---- operators ----

--- How often each operator occurs.
function graph.operators(page, facts, card)
  local operators, rows, rest = facts.graph.operators, {}, 0
  if #operators == 0 then return end
  local limit = card.top == 0 and #operators or card.top
  for i, row in ipairs(operators) do
    if i <= limit then
      local count = ("graph.operators.%d.count"):format(i)
      rows[i] = {row.op, page.fact(count), page.share(count, "graph.nodes_in_all_graphs")}
    else
      rest = rest + row.count
    end
  end
  if rest > 0 then
    rows[#rows + 1] = {("… (%d more)"):format(#operators - limit), {rest, page.cite "graph.operators"}, ""}
  end
  page.heading(3, "Operator Distribution")
  page.table({"Operator", "Count", "Share"}, rows, {right = {false, true}})
  if facts.graph.nodes_in_all_graphs ~= facts.graph.nodes then
    page.paragraph("Counted in all graphs: ", page.fact "graph.nodes_in_all_graphs", " nodes.")
  end
end

return graph
