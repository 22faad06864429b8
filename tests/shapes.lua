-- Infers every model of a folder that has a MODEL.truth.json beside it and compares with what ONNX Runtime gave:
--
--     build/onnxdoc tests/shapes.lua [--verbose] FOLDER [NAME…]
--
-- For each run of a truth file twice: the shapes found with symbols, evaluated at the run's dimensions; and those of
-- model:with{the run's dimensions}. Prints a line for each model that is not perfect (all with --verbose), each wrong
-- value, and why unknown ones are unknown; then each model of the folder with symbols against itself with numbers. The
-- last line is "N passed, N failed": a model with a value that is wrong fails, and all fail together when more than 0.5 %
-- of the values are unknown.

package.path = "./?.lua;" .. package.path
local lfs = require "lfs"
local truths = require "tests.truth"

local evaluate, contradiction = truths.evaluate, truths.contradiction

local verbose, folder, names = truths.arguments(arg)

local totals = {values = 0, right = 0, wrong = 0, unknown = 0}
local reasons = {}

local function shape_text(shape)
  if not shape then return "?" end
  local items = {}
  for i, dim in ipairs(shape) do items[i] = tostring(dim) end
  return "[" .. table.concat(items, ",") .. "]"
end

local function compare(model, name, truth, dims, where, counts)
  local value = model:value(name)
  counts.values = counts.values + 1
  local dtype, shape = truth[1], truth[2]
  local found = value and value.shape
  local outcome = "right"
  local inside = value and value.type and value.type:match("^optional%((.*)%)$")
  if type(shape) ~= "table" then
    outcome = value and (found or value.type) and "right" or "unknown" -- a sequence or map: the truth has its kind only
  elseif inside == ("%s[%s]"):format(dtype, table.concat(shape, ",")) then
    outcome = "right" -- an optional that holds it
  elseif not found or not value.dtype then
    outcome = "unknown"
  elseif #found ~= #shape or value.dtype ~= dtype then
    outcome = "wrong"
  else
    for i, size in ipairs(shape) do
      local dim = evaluate(found[i], dims)
      if dim == nil then outcome = outcome == "wrong" and "wrong" or "unknown"
      elseif dim ~= size then outcome = "wrong" end
    end
  end
  counts[outcome] = counts[outcome] + 1
  if outcome == "wrong" then
    print(("  wrong %s %s: %s %s, is %s %s"):format(where, name, value.dtype, shape_text(found), dtype, shape_text(shape)))
  elseif outcome == "unknown" then
    local reason = value and value.reason or value and value.producer and "no reason" or "no such value"
    local producer = value and value.producer
    reason = (producer and producer.op .. ": " or "") .. reason
    reasons[reason] = (reasons[reason] or 0) + 1
    if verbose then print(("  unknown %s %s: %s (%s)"):format(where, name, shape_text(found), reason)) end
  end
end

local function check_model(path, truth)
  local counts = {values = 0, right = 0, wrong = 0, unknown = 0}
  local skip = truths.data_dependent(truth)
  local model = assert(onnxdoc.load(path))
  for _, run in ipairs(truth.runs) do
    local views = truths.views(model, run)
    -- What these dimensions contradict (1 against n) is named, and only what is inferred with them is compared.
    if views.broken then print(("  %s: %s"):format(path:match("[^/]*$"), views.broken)) end
    if views.refused then
      print("  bindings refused: " .. views.refused)
      counts.wrong = counts.wrong + 1
    end
    for name, value in pairs(run.values) do
      if not skip[name] then
        if not views.broken then compare(views.symbolic, name, value, views.dims, "symbolic", counts) end
        if views.bound then compare(views.bound, name, value, {}, "bound", counts) end
      end
    end
  end
  return counts
end

-- ---- symbols against numbers ----

-- Binds every symbol of the inputs to a number of its own and infers again: what came out with symbols, evaluated, must
-- be the same, unless an assumption does not hold for these numbers (then it is named) or the model refuses them.
local function check_consistency(path)
  local model = onnxdoc.load(path)
  if not model then return 0, 0 end
  local dims, count = {}, 0
  for _, symbol in ipairs(model.symbols) do
    if symbol.origin == "input" and tostring(symbol.expr) == symbol.name then
      count = count + 1
      dims[symbol.name] = 2 + count
    end
  end
  if count == 0 then return 0, 0 end
  local ok, bound = pcall(model.with, model, {dims = dims})
  if not ok then return 0, 0, tostring(bound) end
  for _, symbol in ipairs(model.symbols) do -- what symbols stand for that equations bound
    local value = evaluate(symbol.expr, dims)
    if value then dims[symbol.name] = value end
  end
  local broken = contradiction(model, dims)
  if broken then return 0, 0, broken end
  if #bound.shape_diagnostics > #model.shape_diagnostics then return 0, 0, bound.shape_diagnostics[1].message end
  local others = {}
  for _, graph in ipairs(bound.graphs) do
    for value in graph:values() do others[value.id] = value.shape end
  end
  local compared, wrong = 0, 0
  for _, graph in ipairs(model.graphs) do
    for value in graph:values() do
      local shape, other = value.shape, others[value.id]
      for i, dim in ipairs(other and shape or {}) do
        local expected, found = evaluate(dim, dims), evaluate(other[i], {})
        if expected and found then
          compared = compared + 1
          if expected ~= found then
            wrong = wrong + 1
            print(("  %s: %s axis %d is %s, that is %s, but with numbers %s"):format(path:match("[^/]*$"), value.name, i - 1,
              tostring(dim), expected, found))
          end
        end
      end
    end
  end
  return compared, wrong
end

local passed, failed = 0, 0
for _, file in ipairs(truths.files(folder, names)) do
  if file.path then
    local counts = check_model(file.path, file.truth)
    local good = counts.wrong == 0
    if good then passed = passed + 1 else failed = failed + 1 end
    if verbose or counts.wrong + counts.unknown > 0 then
      print(("%s %s: %d values, %d right, %d wrong, %d unknown"):format(good and "ok" or "FAIL", file.name, counts.values,
        counts.right, counts.wrong, counts.unknown))
    end
    for key, count in pairs(counts) do totals[key] = totals[key] + count end
  else
    print("skipped " .. file.name .. ": its model is not here")
  end
end
if next(names) == nil then
  local compared, wrong = 0, 0
  local paths = {}
  for file in lfs.dir(folder) do
    if file:find("%.onnx$") then paths[#paths + 1] = folder .. "/" .. file end
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local here, bad, why = check_consistency(path)
    compared, wrong = compared + here, wrong + bad
    if why then print(("not compared with numbers: %s: %s"):format(path:match("[^/]*$"), why)) end
    if bad > 0 then failed = failed + 1 elseif here > 0 then passed = passed + 1 end
  end
  print(("%d dimensions with symbols compared with numbers, %d wrong"):format(compared, wrong))
end
local list = {}
for reason, count in pairs(reasons) do list[#list + 1] = {reason, count} end
table.sort(list, function(a, b) return a[2] > b[2] or a[2] == b[2] and a[1] < b[1] end)
for i = 1, math.min(#list, 40) do print(("%6d unknown: %s"):format(list[i][2], list[i][1])) end
local limit = 0.005 * totals.values
if totals.unknown > limit or reasons["no reason"] then
  failed = failed + 1
  print(("FAIL %d values are unknown, the limit is 0.5 %%, each with its reason"):format(totals.unknown))
end
print(("%d values compared: %d right, %d wrong, %d unknown"):format(totals.values, totals.right, totals.wrong, totals.unknown))
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
