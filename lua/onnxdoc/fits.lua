--- Whether a model fits into so much memory, and the largest value of a symbol for which it does: weights in a
-- precision, plus the peak of activations, plus the KV cache.

local kv_cache = require "onnxdoc.kv_cache"
local onnxdoc = require "onnxdoc"
local quantity = require "onnxdoc.quantity"

local fits = {}

--- Bytes of "6GiB", "512 MB", "1000000"; nil and a message otherwise. GB is 10^9, GiB 2^30.
function fits.bytes(word)
  local bytes = quantity.of(word)
  if bytes then return bytes end
  return nil, ("'%s' is no size; 6GiB, 512MB and 1000000 are"):format(word)
end

local precisions = {fp32 = "float32", fp16 = "float16", bf16 = "bfloat16", fp8 = "float8e4m3fn"}

--- The dtype that a word for a precision means, or nil and a message.
function fits.precision(word)
  local dtype = precisions[word] or word
  if onnxdoc.dtypes[dtype] and onnxdoc.dtypes[dtype].bits > 0 then return dtype end
  return nil, ("'%s' is no precision; fp32, fp16, bf16, fp8, int8, int4 and dtypes are"):format(word)
end

--- Bytes of all stored tensors, floats in a precision (nil: as stored).
function fits.weights(model, precision)
  local counts, bytes = model.parameters, 0
  if not precision then return counts.all.nbytes end
  for dtype, count in pairs(counts.by_dtype) do
    local is_float = dtype:find("float", 1, true) ~= nil
    bytes = bytes + (is_float and (count.elements * onnxdoc.dtypes[precision].bits + 7) // 8 or count.nbytes)
  end
  return bytes
end

--- A number, or a formula for values of the symbols; nil of nil, and where one of its symbols has no value (in graphs
-- that no inference enters).
function fits.at(x, values)
  if type(x) ~= "userdata" then return x end
  local bound = {}
  for _, name in ipairs(x.symbols) do bound[name] = values[name] end
  local number = x:at(bound)
  return math.type(number) and number or nil
end

--- What is taken for some values of the symbols: {weights, peak, kv_cache, total, unknown}. What is past all numbers is
-- more than any memory.
function fits.need(model, values, weights, cache)
  local ok, peak = pcall(model.memory, model, values)
  if not ok then return {weights = weights, peak = math.huge, kv_cache = 0, total = math.huge, unknown = false} end
  local kept = 0
  if cache then kept = fits.at(cache.bytes, values) end
  local unknown = peak.unknown > 0 and "the sizes of some activations are not known"
    or not kept and "the size of the KV cache is not known"
  return {weights = weights, peak = peak.bytes, kv_cache = kept or 0, total = weights + peak.bytes + (kept or 0),
    unknown = unknown}
end

local LARGEST = 1 << 40

-- The largest value in [least, …] for which fits(value) holds, by doubling and bisection; the least one does.
local function largest(least, holds)
  local good, step = least, 1
  while good < LARGEST and holds(good + step) do good, step = good + step, step * 2 end
  if good >= LARGEST then return math.huge end
  local bad = good + step
  while bad - good > 1 do
    local middle = (good + bad) // 2
    if holds(middle) then good = middle else bad = middle end
  end
  return good
end

--- {answer = "fits" | "exceeds" | "unknown", need, largest, reason}: for the binding, and, where symbols are given
-- (all get the same value), the largest value that fits.
function fits.solve(model, binding, limit, precision, symbols)
  local weights, cache = fits.weights(model, precision), kv_cache.find(model)
  local function need(value)
    local changed = {}
    for _, name in ipairs(symbols or {}) do changed[name] = value end
    return fits.need(model, binding:with(changed), weights, cache)
  end
  local least = 1
  for _, name in ipairs(symbols or {}) do least = math.max(least, binding.by_name[name].symbol.least or 0) end
  local here = need(symbols and least or nil)
  if here.unknown then
    return {answer = "unknown", need = here, reason = here.unknown}
  end
  if here.total > limit then return {answer = "exceeds", need = here} end
  if not symbols then return {answer = "fits", need = here} end
  local most = largest(least, function(value) return need(value).total <= limit end)
  return {answer = "fits", need = need(most == math.huge and least or most), largest = most}
end

return fits
