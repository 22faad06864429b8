--- What ONNX Runtime gave for models of a folder: MODEL.truth.json beside MODEL.onnx, read for tests/shapes.lua and
-- tests/costs.lua.
--
--     {runs = {{dims = {batch = 1, ["image:2"] = 64, ["rate:"] = 16000}, values = {NAME = {dtype, shape}}}},
--      data_dependent = {NAME}}
--
-- A key of `dims` is a symbol, or input:axis; one that ends in ":" gives an input's contents.

local lfs = require "lfs"
local json = require "dkjson"

local M = {}

--- [--verbose] FOLDER [NAME…]: whether it is verbose, the folder, the names as keys.
function M.arguments(words)
  local verbose, folder, names = false, nil, {}
  for _, word in ipairs(words) do
    if word == "--verbose" then verbose = true
    elseif not folder then folder = word:gsub("/+$", "")
    else names[word] = true end
  end
  return verbose, folder, names
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- Where the model of a truth file is: beside it, in a folder of its own, or brought by `make models`.
local function find_model(folder, stem)
  local own = folder .. "/" .. stem
  for _, path in ipairs {own .. ".onnx", own .. "/" .. stem .. ".onnx", own .. "/model.onnx",
                         "build/models/npm/" .. stem .. ".onnx"} do
    if lfs.attributes(path) then return path end
  end
  if lfs.attributes(own, "mode") ~= "directory" then return nil end
  for file in lfs.dir(own) do
    if file:find("%.onnx$") then return own .. "/" .. file end
  end
end

--- The truth files of a folder, sorted, all or those of the named models: {name, path, truth}, without `path` where the
-- model is not here.
function M.files(folder, names)
  local found = {}
  for file in lfs.dir(folder) do
    local stem = file:match("^(.*)%.truth%.json$")
    if stem and (next(names) == nil or names[stem]) then
      found[#found + 1] = {name = stem, path = find_model(folder, stem),
        truth = assert(json.decode(read(folder .. "/" .. file)))}
    end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  return found
end

--- The names whose shapes changed with the inputs' contents, as a set.
function M.data_dependent(truth)
  local set = {}
  for _, name in ipairs(truth.data_dependent or {}) do set[name] = true end
  return set
end

--- Those of the sizes whose names are symbols of the model: others cannot be asked for.
function M.symbols_only(model, dims)
  local result = {}
  for _, symbol in ipairs(model.symbols) do result[symbol.name] = dims[symbol.name] end
  return result
end

--- A dimension or another formula at these sizes; nil when it is not known then.
function M.evaluate(formula, dims)
  if type(formula) ~= "userdata" then return formula or nil end
  local value = formula:at(dims)
  return math.type(value) and value or nil
end

--- Why sizes cannot be what they are in this model, as its assumptions have it; nil when they can.
function M.contradiction(model, dims)
  for _, symbol in ipairs(model.symbols) do
    if type(symbol.expr) == "userdata" then
      local ok, message = pcall(symbol.expr.at, symbol.expr, dims)
      if not ok then return (message:gsub("^.-:%d+: ", "")) end
    end
  end
end

--- The model as it is for one run, twice: `symbolic` with `dims` to evaluate its formulas at, and `bound`, inferred with
-- the run's numbers. `broken` says why these numbers contradict the formulas, `refused` why they cannot be bound.
function M.views(model, run)
  local dims, values, sizes = {}, {}, {}
  for key, size in pairs(run.dims) do
    local input = key:match("^(.*):$")
    if input then values[input] = size else sizes[key] = math.tointeger(size) end
  end
  local symbolic = next(values) and model:with {values = values} or model
  for key, size in pairs(sizes) do
    dims[key] = size
    local input, axis = key:match("^(.*):(%d+)$") -- the dimension may have a name all the same
    local value = input and symbolic:value(input)
    local dim = value and value.shape and value.shape[axis + 1]
    if type(dim) == "userdata" and #dim.symbols == 1 then dims[dim.symbols[1]] = size end
  end
  dims = M.symbols_only(symbolic, dims)
  local ok, bound = pcall(model.with, model, {dims = sizes, values = values})
  return {symbolic = symbolic, dims = dims, broken = M.contradiction(symbolic, dims), bound = ok and bound or nil,
    refused = not ok and tostring(bound) or nil}
end

return M
