--- `onnxdoc cost MODEL`: what a run takes, by operator, node, module or layer; for other values of a symbol; the
-- largest value that fits into some memory.

local columns = require "onnxdoc.columns"
local failure = require "onnxdoc.failure"
local text = require "onnxdoc.text"

local printable, si, bytes = text.printable, text.si, text.bytes

local EXIT_NO, EXIT_USAGE = 1, 2

-- ---- the head: totals with their formulas ----

local function amount(fact, show)
  if not fact or not fact.value then return fact and "unknown" end
  return (fact.at_least and "≥ " or "") .. show(fact.value)
end

local function bindings_text(binding)
  return #binding.list > 0 and "at " .. binding:text() or "no symbols: all sizes are fixed"
end

-- "weight 108.89 M, index 224": what the stored elements are for, most first.
local function uses_text(parameters)
  local uses = {}
  for use, count in pairs(parameters.by_use) do uses[#uses + 1] = {use, count.elements.value} end
  if parameters.generated then uses[#uses + 1] = {"generated", parameters.generated.elements.value} end
  table.sort(uses, function(a, b)
    if a[2] ~= b[2] then return a[2] > b[2] end
    return a[1] < b[1]
  end)
  for i, use in ipairs(uses) do uses[i] = use[1] .. " " .. si(use[2]) end
  return table.concat(uses, ", ")
end

local function head_rows(facts)
  local cost, memory, parameters = facts.cost, facts.memory, facts.parameters
  local rows = {{"", "", ""}}
  local function add(label, value, note)
    if value then rows[#rows + 1] = {label, value, note and printable(note) or ""} end
  end
  local function formula(fact) return fact and fact.formula and "= " .. fact.formula end
  add("MACs", amount(cost.macs, si), formula(cost.macs))
  add("FLOPs", amount(cost.flops, si), cost.matrix_flops and cost.matrix_flops.value
    and amount(cost.matrix_flops, si) .. " in matrix products")
  local attention = cost.attention
  if attention then
    local squares = {}
    for name, factor in pairs(attention.quadratic or {}) do squares[#squares + 1] = ("%s*%s^2"):format(factor, name) end
    table.sort(squares)
    add("  in attention", attention.share and ("%.1f%%"):format(100 * attention.share) or "?",
      "of the MACs" .. (#squares > 0 and ", with " .. table.concat(squares, ", ") or ""))
  end
  add("Transcendentals", amount(cost.transcendentals, si), formula(cost.transcendentals))
  add("Bytes", amount(cost.bytes, bytes), ("%s read, %s written, %s weights"):format(
    amount(cost.bytes_read, bytes) or "?", amount(cost.bytes_written, bytes) or "?",
    amount(cost.weight_bytes, bytes) or "?"))
  add("Intensity", cost.intensity and ("%.2f"):format(cost.intensity.value), cost.intensity and "FLOPs a byte")
  local external = parameters.size.external.value
  add("Parameters", amount(parameters.total, si), uses_text(parameters))
  add("  stored", amount(parameters.size.weights, bytes), external > 0
    and ("%s of it outside of the model's file"):format(bytes(external)) or nil)
  add("Peak activation", amount(memory.peak, bytes), formula(memory.peak))
  add("  could be", memory.at and amount(memory.reused, bytes),
    ("where memory is reused; else %s in a better order, %s at least"):format(amount(memory.scheduled, bytes),
      amount(memory.least, bytes)))
  if memory.at then add("  at", "", text.truncate(printable(memory.at.op), 30) .. " '" .. memory.at.name .. "'") end
  local cache = memory.kv_cache
  if cache.per_token then
    add("KV cache", amount(cache.per_token, bytes), ("a token: %s layers%s%s"):format(cache.layers or "?",
      cache.scheme and ", " .. cache.scheme or "", cache.kv_heads and cache.head_size
      and (", %s heads × %s, %s"):format(cache.kv_heads, cache.head_size, cache.dtype or "?") or ""))
    if cache.bytes and (cache.bytes.value or 0) > 0 then
      add("  in all", amount(cache.bytes, bytes), formula(cache.bytes))
    end
  else
    add("KV cache", "none", cache.reason and (cache.reason:match(": ([^:]*)$") or cache.reason))
    local guess = cache.hypothetical and cache.hypothetical.per_token
    if guess then add("  if kept", amount(guess, bytes), "a token would take, hypothetically") end
  end
  return rows
end

local function coverage_text(coverage, gaps)
  local line = ("%s of %s nodes have a cost, %s known shapes; %d constant, %d shape arithmetic"):format(
    text.count(coverage.costs_known), text.count(coverage.nodes), text.count(coverage.shapes_known), coverage.constant,
    coverage.shape_arithmetic)
  local lines = {line}
  for i, gap in ipairs(gaps) do
    if i > 5 then
      lines[#lines + 1] = ("  … %d more"):format(#gaps - 5)
      break
    end
    lines[#lines + 1] = ("  no %s: %d × %s: %s"):format(gap.what, gap.count, printable(gap.op), printable(gap.reason))
  end
  return lines
end

-- ---- groups ----

local metrics = {"macs", "flops", "elementwise", "transcendentals", "bytes"}

local groupings = {
  op = function() return "op" end,
  layer = function() return "layer" end,
  node = function() return function(node) return node.id end end,
  module = function(depth)
    local modules = require "onnxdoc.modules"
    return function(node)
      local name = modules.name(node.name, depth)
      return name ~= "" and name or "(none)"
    end
  end,
}

-- All metrics as numbers; where one is past what can be told, the others.
local function numbers_at(cost, values)
  local ok, numbers = pcall(cost.at, cost, values)
  if ok then return numbers end
  numbers = {}
  for _, metric in ipairs(metrics) do
    local known, number = pcall(require("onnxdoc.fits").at, cost[metric], values)
    if known then numbers[metric] = number end
  end
  return numbers
end

local function peak_at(model, values)
  local ok, peak = pcall(model.memory, model, values)
  return ok and peak.bytes or nil
end

local function node_names(model)
  local names = {}
  for node in model:nodes() do names[node.id] = node.name ~= "" and node.name or node.path end
  return names
end

local function part_name(part)
  if not part then return "elsewhere" end
  return (part.graph.kind == "main" and "" or part.graph.path) .. part.name
end

-- Rows {name, op, nodes, macs, …, unknown}, most FLOPs first, layers in their order; numbers at the binding, formulas
-- beside them.
local function group_rows(model, binding, by, depth)
  local names = by == "node" and node_names(model)
  local rows = {}
  for i, group in ipairs(model:costs(groupings[by](depth))) do
    local numbers = numbers_at(group.cost, binding.values)
    local name = names and names[group.key] or by == "layer" and part_name(group.key) or group.key
    local row = {name = name, nodes = group.cost.nodes, unknown = group.cost.unknown,
      formula = tostring(group.cost.flops or "?"), position = i}
    for _, metric in ipairs(metrics) do row[metric] = numbers[metric] end
    rows[i] = row
  end
  if by == "layer" then return rows end
  table.sort(rows, function(a, b)
    local x, y = a.flops or -1, b.flops or -1
    if x ~= y then return x > y end
    if (a.bytes or 0) ~= (b.bytes or 0) then return (a.bytes or 0) > (b.bytes or 0) end
    return a.position < b.position
  end)
  return rows
end

local function cell(row, metric, show)
  local value = row[metric]
  if not value or row.unknown == row.nodes and row.nodes > 0 then return "?" end
  if value == 0 and row.unknown == 0 then return "0" end
  return (row.unknown > 0 and "≥ " or "") .. show(value)
end

local function intensity(row)
  if not row.flops or not row.bytes or row.bytes == 0 or row.unknown > 0 or row.flops == 0 then return "" end
  return ("%.2f"):format(row.flops / row.bytes)
end

local function share(value, total)
  if not value or not total or total == 0 or value == 0 then return "" end
  return ("%.1f%%"):format(100 * value / total)
end

-- How many rows are shown, unless --top says so. Layers are all shown.
local DEFAULT_TOP = 15

local titles = {op = "Operator", node = "Node", module = "Module", layer = "Part"}

local function write_groups(write, rows, by, total, top)
  local shown = {{titles[by], "Nodes", "MACs", "FLOPs", "", "Transc.", "Bytes", "FLOP/B"}}
  local is_all = top == 0 or by == "layer" and top == DEFAULT_TOP
  local limit = is_all and #rows or math.min(top, #rows)
  for i = 1, limit do
    local row = rows[i]
    shown[#shown + 1] = {text.truncate(printable(tostring(row.name)), 44), by == "node" and "" or text.count(row.nodes),
      cell(row, "macs", si), cell(row, "flops", si), share(row.flops, total), cell(row, "transcendentals", si),
      cell(row, "bytes", bytes), intensity(row)}
  end
  for _, line in ipairs(columns(shown, {"left", "right", "right", "right", "right", "right", "right", "right"})) do
    write(line, "\n")
  end
  if limit < #rows then write(("… %d more\n"):format(#rows - limit)) end
end

-- ---- other values of a symbol ----

local MOST_VALUES = 1000 -- of a range

-- "batch=1..64" doubles from 1 to 64, "batch=1..8:1" goes by ones, "batch=1,3,5" is a list. Name and values.
local function parse_vary(word)
  local name, list = word:match("^(.+)=([^=]+)$")
  local values = {}
  local first, last, step = (list or ""):match("^(%d+)%.%.(%d+):?(%d*)$")
  first, last, step = math.tointeger(tonumber(first)), math.tointeger(tonumber(last)), math.tointeger(tonumber(step))
  if first and last and (not step or step > 0) then
    local value, before = first, first - 1
    while before < value and value <= last do -- what goes past 2^63 comes out below
      if #values == MOST_VALUES then
        failure(EXIT_USAGE, ("--vary '%s': these are more than %d values"):format(word, MOST_VALUES))
      end
      values[#values + 1] = value
      before, value = value, value + (step or math.max(value, 1))
    end
    if not step and values[#values] and values[#values] < last then values[#values + 1] = last end
  else
    for item in (list or ""):gmatch("[^,]+") do values[#values + 1] = math.tointeger(tonumber(item)) or math.huge end
  end
  for _, value in ipairs(values) do
    if value == math.huge then values = {} break end
  end
  if not name or #values == 0 then
    failure(EXIT_USAGE, ("--vary '%s': NAME=1..64, NAME=1..8:1 or NAME=1,3,5 is wanted"):format(word))
  end
  return name, values
end

local function symbols_of(binding, word, option)
  local names = binding:symbols_of(word)
  if #names > 0 then return names end
  local known = {}
  for i, entry in ipairs(binding.list) do known[i] = "'" .. printable(entry.name) .. "'" end
  failure(EXIT_USAGE, ("%s: the model has no symbol or role '%s'; it has %s"):format(option, printable(word),
    #known > 0 and table.concat(known, ", ", 1, math.min(#known, 8)) or "none"))
end

local function vary_rows(model, binding, word)
  local name, values = parse_vary(word)
  local names = symbols_of(binding, name, "--vary")
  for _, value in ipairs(values) do
    local problem = binding:refusal(names, value)
    if problem then failure(EXIT_USAGE, "--vary: " .. printable(problem)) end
  end
  local cost, cache = model.cost, require("onnxdoc.kv_cache").find(model)
  local rows = {}
  for i, value in ipairs(values) do
    local changed = {}
    for _, symbol in ipairs(names) do changed[symbol] = value end
    local at = binding:with(changed)
    local numbers = numbers_at(cost, at)
    rows[i] = {value = value, peak = peak_at(model, at), unknown = cost.unknown, nodes = cost.nodes}
    for _, metric in ipairs(metrics) do rows[i][metric] = numbers[metric] end
    if cache then rows[i].kv_cache = require("onnxdoc.fits").at(cache.bytes, at) end
  end
  return name, rows
end

local function write_vary(write, name, rows)
  local shown = {{printable(name), "MACs", "FLOPs", "Transc.", "Bytes", "Peak activation", "KV cache"}}
  for _, row in ipairs(rows) do
    shown[#shown + 1] = {text.count(row.value), cell(row, "macs", si), cell(row, "flops", si),
      cell(row, "transcendentals", si), cell(row, "bytes", bytes), row.peak and bytes(row.peak) or "?",
      row.kv_cache and bytes(row.kv_cache) or ""}
  end
  for _, line in ipairs(columns(shown, {"right", "right", "right", "right", "right", "right", "right"})) do
    write(line, "\n")
  end
end

-- ---- what fits ----

local function write_solution(write, solution, options)
  local need = solution.need
  local parts = ("%s weights + %s peak activation%s = %s"):format(bytes(need.weights), bytes(need.peak),
    need.kv_cache > 0 and " + " .. bytes(need.kv_cache) .. " KV cache" or "", bytes(need.total))
  local memory = printable(options.vram)
  if solution.answer == "unknown" then
    write(("unknown whether it fits into %s: %s\n"):format(memory, solution.reason))
  elseif solution.answer == "exceeds" then
    local already = options.solve and (" already at %s = 1"):format(printable(options.solve)) or ""
    write(("exceeds %s%s: %s\n"):format(memory, already, parts))
  elseif options.solve then
    write(("fits into %s up to %s = %s: %s\n"):format(memory, printable(options.solve),
      solution.largest == math.huge and "any" or text.count(solution.largest), parts))
  else
    write(("fits into %s: %s\n"):format(memory, parts))
  end
end

-- ---- formats ----

local function row_record(row, by)
  local record = {[by] = row.name, nodes = row.nodes, unknown = row.unknown, formula = row.formula}
  for _, metric in ipairs(metrics) do record[metric] = row[metric] end
  return record
end

local function json_of(result)
  local json = require "onnxdoc.json"
  return json.encode(result, {indent = true, keyorder = {"symbols", "value", "name", "op", "module", "layer", "node",
    "nodes", "macs", "flops", "elementwise", "transcendentals", "bytes", "peak", "kv_cache"}}) .. "\n"
end

local function csv_of(rows, heads)
  local lines = {text.csv(heads)}
  for _, row in ipairs(rows) do
    local record = {n = #heads}
    for i, head in ipairs(heads) do record[i] = row[head] end
    lines[#lines + 1] = text.csv(record)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function write_compat(write, model, facts, tools)
  local compat, context = require "onnxdoc.compat", require("onnxdoc.facts").context(facts)
  for _, tool in ipairs(tools == "all" and compat.tools or {tools}) do
    local count, missing = compat.count(model, tool)
    local fact = context:number(count)
    fact.at_least = missing > 0
    local digits = fact.exact or fact.value and text.count(fact.value) or ""
    write(("as %-12s %9s  %s\n"):format(tool, amount(fact, si), digits))
  end
end

local function show_groups(model, name, binding, options, session)
  local facts = require "onnxdoc.facts".of(model, binding)
  local rows = group_rows(model, binding, options.by, options.depth)
  if options.format ~= "text" then
    local records = {}
    for i, row in ipairs(rows) do records[i] = row_record(row, options.by) end
    if options.format == "csv" then
      return session:write(csv_of(records, {options.by, "nodes", "macs", "flops", "elementwise", "transcendentals",
        "bytes", "unknown", "formula"}))
    end
    return session:write(json_of{symbols = facts.symbols, cost = facts.cost, memory = facts.memory, rows = records})
  end
  session:write(function(write)
    write(session:bold(printable(require("onnxdoc.overview").model_name(name))), "  ", bindings_text(binding), "\n")
    local lines = columns(head_rows(facts), {"left", "right", "left"})
    for i = 2, #lines do write(text.truncate(lines[i], 110), "\n") end
    for i, line in ipairs(coverage_text(facts.coverage, facts.gaps)) do
      write(i == 1 and "Coverage         " or "  ", text.truncate(line, i == 1 and 93 or 108), "\n")
    end
    if options.compat then write_compat(write, model, facts, options.compat) end
    write("\n")
    write_groups(write, rows, options.by, facts.cost.flops and facts.cost.flops.value, options.top)
  end)
end

local function show_vary(model, binding, options, session)
  local name, rows = vary_rows(model, binding, options.vary)
  if options.format == "json" then return session:write(json_of{symbol = name, rows = rows}) end
  if options.format == "csv" then
    return session:write(csv_of(rows, {"value", "macs", "flops", "elementwise", "transcendentals", "bytes", "peak",
      "kv_cache"}))
  end
  session:write(function(write) write_vary(write, name, rows) end)
end

local function show_fit(model, binding, options, session)
  local fits = require "onnxdoc.fits"
  local limit = fits.bytes(options.vram)
  local precision = options.precision and fits.precision(options.precision)
  local symbols = options.solve and symbols_of(binding, options.solve, "--solve")
  local solution = fits.solve(model, binding, limit, precision, symbols)
  if options.format == "json" then
    if solution.largest == math.huge then solution.largest = nil end
    solution.symbol, solution.limit = options.solve, limit
    session:write(json_of(solution))
  else
    session:write(function(write) write_solution(write, solution, options) end)
  end
  return solution.answer == "exceeds" and EXIT_NO or nil
end

local function check(options)
  local fits = require "onnxdoc.fits"
  for _, option in ipairs {"solve", "precision"} do
    if options[option] and not options.vram then failure(EXIT_USAGE, ("--%s needs --vram"):format(option)) end
  end
  for option, parse in pairs {vram = fits.bytes, precision = fits.precision} do
    local value, message = parse(options[option] or "1")
    if options[option] and not value then failure(EXIT_USAGE, ("--%s: %s"):format(option, message)) end
  end
end

return {
  summary = "MACs, FLOPs, bytes, memory: by operator, node, module or layer; for other batch sizes; what fits.",
  example = "onnxdoc cost --solve batch --vram 6GiB --precision fp16 model.onnx",
  formats = {"text", "json", "csv"},
  top = DEFAULT_TOP,
  color = true,
  bindings = true,
  options = {
    {"--by", argname = "WHAT", choices = {"op", "node", "module", "layer"}, default = "op",
      description = "What rows are. Layers are found by structure, not by name, and shown in their order."},
    {"--depth", argname = "N", type = "integer", min = 1, default = 3,
      description = "How many parts of a node's name make a module."},
    {"--compat", argname = "TOOL", choices = {"torchvision", "fvcore", "thop", "xla", "all"},
      description = "Also what another tool would count."},
    {"--vary", argname = "NAME=LIST", description = "A table over values of a symbol or role: batch=1..64 doubles, "
      .. "batch=1..8:1 goes by ones, batch=1,3,5 lists."},
    {"--vram", argname = "SIZE", description = "Whether weights, peak activation and KV cache fit into so much memory "
      .. "(6GiB, 8GB)."},
    {"--solve", argname = "NAME", description = "With --vram: the largest value of a symbol or role that fits."},
    {"--precision", argname = "P", description = "With --vram: float weights as fp32, fp16, bf16, fp8, int8, int4 or "
      .. "a dtype."},
  },
  run = function(options, session)
    local code
    check(options)
    for model, name, binding in session:models() do
      if options.vram then code = show_fit(model, binding, options, session) or code
      elseif options.vary then show_vary(model, binding, options, session)
      else show_groups(model, name, binding, options, session) end
    end
    return code
  end,
}
