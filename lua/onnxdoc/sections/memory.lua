--- What activations and caches take.

local text = require "onnxdoc.text"

local memory = {}

local ALIVE, OPERATORS = 10, 10

local function node_words(page, node) return {node.op, " ", page.code(node.name ~= "" and node.name or node.path)} end

local other_rows = {{"inside", "— inside"}, {"held", "Inputs held"}, {"reused", "Memory reused"},
  {"scheduled", "Better order"}, {"least", "Any order"}}

local function peak_rows(page, facts)
  local rows = {{"Peak", page.fact "memory.peak", page.formula "memory.peak"}}
  for _, row in ipairs(other_rows) do
    local number = facts.memory[row[1]]
    if number then rows[#rows + 1] = {row[2], page.fact("memory." .. row[1]), number.how} end
  end
  return rows
end

local function write_alive(page, facts)
  local rows = {}
  for i, value in ipairs(facts.memory.alive or {}) do
    rows[i] = {page.code(value.name), value.type and page.code(value.type) or "", value.nbytes
      and page.fact(("memory.alive.%d.nbytes"):format(i)) or "unknown", bytes = value.nbytes and value.nbytes.value
        or 0}
  end
  table.sort(rows, function(a, b) return a.bytes > b.bytes end)
  local more = #rows - ALIVE
  for i = #rows, ALIVE + 1, -1 do rows[i] = nil end
  if #rows == 0 then return end
  page.paragraph("Alive there", more > 0 and (" (the largest, and %d more)"):format(more) or "", ":")
  page.table({"Value", "Type", "Bytes"}, rows, {right = {false, false, true}})
end

--- The peak, where it is, and what is alive there.
function memory.memory(page, facts)
  page.heading(3, "Peak Activation Memory")
  if facts.memory.peak.unknown then
    page.paragraph("Unknown: ", facts.memory.peak.unknown, ".")
    return
  end
  page.table({"Memory", "Bytes", "Formula, or when"}, peak_rows(page, facts), {right = {false, true}})
  if facts.memory.unknown then
    page.paragraph(text.plural(facts.memory.unknown, "value"), page.cite "memory.unknown", " without a known size ",
      facts.memory.unknown == 1 and "is" or "are", " missing from it.")
  end
  if facts.memory.at then
    page.paragraph("The peak is at ", node_words(page, facts.memory.at), ": ", facts.memory.peak.how, ".")
    write_alive(page, facts)
  end
end

-- ---- keys and values kept from step to step ----

local cache_rows = {{"layers", "Layers"}, {"scheme", "Scheme"}, {"query_heads", "Query heads"},
  {"kv_heads", "Key and value heads"}, {"head_size", "Head size"}, {"key_size", "Key size"},
  {"value_size", "Value size"}, {"dtype", "Type"}}

local cache_numbers = {{"per_token", "For each token"}, {"bytes", "All of it, as it comes in"},
  {"buffer", "Of that, buffers that do not grow"}, {"cross", "For cross-attention"}}

local function write_no_cache(page, cache)
  page.paragraph("None: ", cache.reason, ".")
  local guess = cache.hypothetical
  if not guess then return end
  page.paragraph("Keeping keys and values would take ", page.fact "memory.kv_cache.hypothetical.per_token",
    " for each token", guess.layers and {" over ", page.fact "memory.kv_cache.hypothetical.layers", " layers."} or ".")
end

--- The cache of keys and values, or that there is none and why.
function memory.kv_cache(page, facts)
  local cache, rows = facts.memory.kv_cache, {}
  if not cache then return end
  page.heading(3, "KV Cache")
  if not cache.per_token then return write_no_cache(page, cache) end
  for _, row in ipairs(cache_rows) do
    if cache[row[1]] then rows[#rows + 1] = {row[2], tostring(cache[row[1]]), ""} end
  end
  for _, row in ipairs(cache_numbers) do
    local number, path = cache[row[1]], "memory.kv_cache." .. row[1]
    if number and (number.value ~= 0 or number.formula) then
      rows[#rows + 1] = {row[2], page.fact(path), page.formula(path)}
    end
  end
  page.table({"Cache", "Value", "Formula"}, rows, {right = {false, true}})
  if cache.incomplete then page.paragraph("More is carried from step to step than could be followed.") end
  if cache.differs then page.paragraph("Layers are not alike; where they differ, there is no number.") end
end

-- ---- by operator ----

-- Weights and activations of each operator type, most bytes first.
local function operator_rows(page, facts)
  local rows, by_op = {}, {}
  local function row_of(op)
    if not by_op[op] then
      by_op[op] = {op = op, bytes = 0, weights = "", written = ""}
      rows[#rows + 1] = by_op[op]
    end
    return by_op[op]
  end
  for i, group in ipairs(facts.parameters.by_operator) do
    local row = row_of(group.name)
    row.bytes, row.weights = row.bytes + group.nbytes,
      {text.bytes(group.nbytes), page.cite(("parameters.by_operator.%d.nbytes"):format(i))}
  end
  for i, group in ipairs(facts.cost.by_operator) do
    local written = group.bytes_written
    if written and (written.value or 0) > 0 then
      local row = row_of(group.op)
      row.bytes, row.written = row.bytes + written.value, page.fact(("cost.by_operator.%d.bytes_written"):format(i))
    end
  end
  table.sort(rows, function(a, b)
    if a.bytes ~= b.bytes then return a.bytes > b.bytes end
    return a.op < b.op
  end)
  return rows
end

--- Bytes of weights, and of what a run writes, by operator type.
function memory.memory_by_operator(page, facts)
  local rows, shown = operator_rows(page, facts), {}
  for i, row in ipairs(rows) do
    if i > OPERATORS then break end
    shown[i] = {row.op == "none" and "used by no operator" or row.op, row.weights, row.written}
  end
  if #shown == 0 then return end
  if #rows > #shown then shown[#shown + 1] = {("… (%d more)"):format(#rows - #shown), "", ""} end
  page.heading(3, "Memory Breakdown by Operator Type")
  page.table({"Operator", "Weights", "Activations written in one run"}, shown, {right = {false, true, true}})
end

return memory
