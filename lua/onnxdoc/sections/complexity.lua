--- What the model holds and what one run takes.

local lists = require "onnxdoc.lists"
local text = require "onnxdoc.text"
local complexity = {}

local right2 = {right = {false, true}}

-- Rows of the facts of cost that there are: label, fact, formula.
local cost_rows = {
  {"MACs", "cost.macs"}, {"MACs that do not multiply padding", "cost.macs_valid"},
  {"MACs where a causal mask is used", "cost.macs_causal"},
  {"FLOPs", "cost.flops"}, {"— in matrix products", "cost.matrix_flops"}, {"— elementwise", "cost.elementwise"},
  {"— at least", "cost.elementwise_low"}, {"— to widen quantised weights", "cost.dequant"},
  {"Transcendentals", "cost.transcendentals"},
  {"Bytes moved", "cost.bytes"}, {"— read", "cost.bytes_read"}, {"— written", "cost.bytes_written"},
  {"— weights", "cost.weight_bytes"}, {"FLOPs per byte", "cost.intensity"},
}

local function attention_row(page, facts)
  local attention = facts.cost.attention
  if not attention then return nil end
  local note = {}
  for i, symbol in ipairs(lists.sorted_keys(attention.quadratic or {})) do
    note[i] = ("%s*%s^2"):format(attention.quadratic[symbol], symbol)
  end
  return {{"— in attention's scores and values, ", page.share("cost.attention.macs", "cost.macs")},
    page.fact "cost.attention.macs", {page.formula "cost.attention.macs",
      #note > 0 and {"; grows with ", page.code(table.concat(note, ", "))} or ""}}
end

-- What the operators take that take most, and how much of all FLOPs that is.
local function write_operators(page, facts, top)
  local rows, more = {}, 0
  for i, group in ipairs(facts.cost.by_operator) do
    local known = group.flops and (group.flops.value or 0) + (group.bytes and group.bytes.value or 0) > 0
    if known and #rows < top then
      local here = ("cost.by_operator.%d."):format(i)
      rows[#rows + 1] = {group.op, page.fact(here .. "nodes"), page.fact(here .. "macs"), page.fact(here .. "flops"),
        page.fact(here .. "transcendentals"), page.fact(here .. "bytes"), page.share(here .. "flops", "cost.flops")}
    elseif known then
      more = more + 1
    end
  end
  if #rows == 0 then return end
  if more > 0 then rows[#rows + 1] = {("… (%d more)"):format(more), "", "", "", "", "", ""} end
  page.heading(3, "Cost by Operator Type")
  page.table({"Operator", "Nodes", "MACs", "FLOPs", "Transc.", "Bytes moved", "Of all FLOPs"}, rows,
    {right = {false, true, true, true, true, true}})
end

--- MACs, FLOPs, transcendentals, bytes: numbers and formulas, and by operator.
function complexity.complexity(page, facts, card)
  page.heading(2, "Complexity Metrics")
  local rows = {{"Parameters", page.fact("parameters.total", "exact"), ""}}
  for _, row in ipairs(cost_rows) do
    local name = row[2]:match("[^.]*$")
    if facts.cost[name] then rows[#rows + 1] = {row[1], page.fact(row[2]), page.formula(row[2])} end
  end
  rows[#rows + 1] = attention_row(page, facts)
  page.table({"Metric", "Value", "Formula"}, rows, right2)
  if facts.cost.bound ~= "exact" then
    page.paragraph("Some of it depends on data: elementwise operations are ",
      facts.cost.bound == "upper" and "an upper bound." or "an estimate.")
  end
  page.paragraph("Whether parameters are trainable is ", facts.parameters.trainable, ".")
  write_operators(page, facts, card.top == 0 and math.huge or card.top)
end

-- ---- parameters ----

-- Rows of a map of counts, most elements first.
local function count_rows(page, counts, path)
  local rows = {}
  for _, name in ipairs(lists.sorted_keys(counts)) do rows[#rows + 1] = {name = name, count = counts[name]} end
  table.sort(rows, function(a, b)
    local x, y = a.count.elements.value or 0, b.count.elements.value or 0
    if x ~= y then return x > y end
    return a.name < b.name
  end)
  for i, row in ipairs(rows) do
    local here = path .. "." .. row.name
    rows[i] = {row.name, page.fact(here .. ".tensors"), page.fact(here .. ".elements", "exact"),
      page.fact(here .. ".nbytes")}
  end
  return rows
end

local count_heads, count_right = {"Tensors", "Elements", "Bytes"}, {right = {false, true, true, true}}

local function write_counts(page, head, counts, path)
  local rows = count_rows(page, counts, path)
  if #rows > 0 then page.table({head, table.unpack(count_heads)}, rows, count_right) end
end

-- "Used by no node: 3 tensors: `a`, `b`, …"
local function write_names(page, title, what, facts)
  local total, cell = facts.parameters[what .. "_count"], {}
  if total == 0 then return end
  for i, tensor in ipairs(facts.parameters[what] or {}) do
    if i > 5 then break end
    cell[i] = {i > 1 and ", " or ": ", page.code(tensor.name)}
  end
  page.paragraph(title, text.plural(total, "tensor"), page.cite("parameters." .. what .. "_count"), cell,
    #cell > 0 and total > #cell and ", …" or ".")
end

--- Stored elements by what they are for and by precision.
function complexity.parameters(page, facts)
  local parameters = facts.parameters
  if #parameters.held == 0 then return end
  page.heading(3, "Parameters")
  write_counts(page, "Class", parameters.by_use, "parameters.by_use")
  local generated = parameters.generated
  if generated then
    page.paragraph("Weights made by nodes that fill a shape, not stored: ",
      page.fact("parameters.generated.elements", "exact"), " elements.")
  end
  local rows = {}
  for i, held in ipairs(parameters.held) do
    local here = ("parameters.held.%d."):format(i)
    rows[i] = {held.dtype, held.held, page.fact(here .. "tensors"), page.fact(here .. "elements", "exact"),
      page.fact(here .. "nbytes")}
  end
  page.table({"Precision", "Held by", table.unpack(count_heads)}, rows, {right = {false, false, true, true, true}})
  if parameters.sparse then
    page.paragraph("The sparse initializers hold ", page.fact("parameters.sparse.elements", "exact"), " of ",
      page.fact("parameters.sparse.full_elements", "exact"), " elements; the others are zero. Their bytes are those of "
      .. "values and indices.")
  end
  write_names(page, "Used in more than one place: ", "tied", facts)
  write_names(page, "Used by no node: ", "unused", facts)
end

-- ---- sizes ----

local places = {file = "Tensors in the model file", external = "Tensors in external data",
  lost = "Tensors whose external data cannot be used", none = "Tensors declared without data"}

--- What it takes on disk, as tensors, and while it runs.
function complexity.sizes(page, facts)
  local rows = {{"Model file", page.fact("model.size", "exact"), ""}}
  for i, place in ipairs(facts.parameters.places) do
    local here = ("parameters.places.%d."):format(i)
    rows[#rows + 1] = {places[place.place], page.fact(here .. "nbytes", "exact"), page.fact(here .. "tensors")}
  end
  local external = facts.model.external
  for i, file in ipairs(external and external.listed or {}) do
    rows[#rows + 1] = {{"External data file ", page.code(file.location)},
      file.size and page.fact(("model.external.listed.%d.size"):format(i), "exact") or "cannot be used", ""}
  end
  if external and external.files > #(external.listed or {}) then
    rows[#rows + 1] = {"External data, all files", page.fact("model.external.size", "exact"), ""}
  end
  rows[#rows + 1] = {"All tensors in their stored types", page.fact("parameters.size.weights", "exact"), ""}
  rows[#rows + 1] = {"Activations at the peak of a run", page.fact("memory.peak", "exact"), ""}
  page.heading(3, "Sizes")
  page.table({"Component", "Size", "Tensors"}, rows, {right = {false, true, true}})
end

return complexity
