--- Sizes where not all of them may be known: dimensions, elements and bytes as whole numbers or Exprs, nil where nobody
-- knows them, which whatever is made of them then is too.

local onnxdoc = require "onnxdoc"

local sizes = {}

-- A dimension that is only declared: a number, or the symbol of that name.
local function declared_dim(dim)
  if type(dim) ~= "string" then return dim or nil end
  local ok, expr = pcall(onnxdoc.expr, dim, {least = 0})
  return ok and expr or nil
end

--- Dimensions of a value, and its rank; nil when not even that is known. An unknown one is nil.
function sizes.dims_of(value)
  if value.shape then return value.shape, #value.shape end
  local declared, dims = value.declared_shape, {}
  if not declared then return nil end
  for i, dim in ipairs(declared) do dims[i] = declared_dim(dim) end
  return dims, #declared
end

--- The dtype of a value, at least as it is declared.
function sizes.dtype_of(value) return value.dtype or value.declared_dtype end

--- The product of dims[i] for the places in the list; nil where one is not known.
function sizes.product_at(dims, places)
  local list = {}
  for i, place in ipairs(places) do
    if dims[place] == nil then return nil end
    list[i] = dims[place]
  end
  return require("onnxdoc.attention_cores").product(list)
end

--- What operation gives for numbers all of which are known.
function sizes.calculate(operation, ...)
  for i = 1, select("#", ...) do
    if select(i, ...) == nil then return nil end
  end
  local ok, result = pcall(operation, ...)
  return ok and result or nil
end

--- a + b
function sizes.plus(a, b) return sizes.calculate(function(x, y) return x + y end, a, b) end

--- Bytes of so many elements, packed.
function sizes.bytes_of(elements, dtype)
  local bits = dtype and onnxdoc.dtypes[dtype] and onnxdoc.dtypes[dtype].bits
  if not bits or bits == 0 then return nil end
  return sizes.calculate(function(n) return bits % 8 == 0 and n * (bits // 8) or (n * bits + 7) // 8 end, elements)
end

--- Bytes of a value in memory.
function sizes.value_bytes(value)
  if value.nbytes then return value.nbytes end
  local dims, rank = sizes.dims_of(value)
  local places = {}
  for i = 1, rank or 0 do places[i] = i end
  return dims and sizes.bytes_of(sizes.product_at(dims, places), sizes.dtype_of(value))
end

--- The name of a dimension that is a symbol.
function sizes.symbol_of(dim)
  local symbols = dim and not math.type(dim) and dim.symbols
  if not symbols or #symbols ~= 1 then return nil end
  local text = tostring(dim)
  return (text == symbols[1] or text == '"' .. symbols[1] .. '"') and symbols[1] or nil
end

return sizes
