--- What activations take while the model runs: the peak, where it is, what is alive there, what other orders would
-- take.

local json = require "onnxdoc.json"

-- Points of the timeline: of longer ones the most of each stretch is kept.
local POINTS = 512

local function timeline(values)
  local list, stretch = json.array(), math.max(1, math.ceil(#values / POINTS))
  for i, bytes in ipairs(values) do
    local point = (i - 1) // stretch + 1
    list[point] = math.max(list[point] or 0, bytes)
  end
  return {bytes = list, nodes_per_point = stretch}
end

local function alive_facts(context, values)
  local list = json.array()
  for i, value in ipairs(values) do
    list[i] = {name = value.name, type = value.type, nbytes = context:number(value.nbytes, "bytes")}
  end
  return list
end

local function peak_fact(context, peak)
  local fact = {value = peak.bytes, unit = "bytes", how = peak.is_for_all
    and "activations alive at this node; no other node has more, whatever the symbols are"
    or "activations alive at this node, which has the most for these values of the symbols"}
  if peak.formula then
    local bound = context:bound(peak.formula)
    if next(bound) then fact.formula, fact.bindings = tostring(peak.formula), bound end
  end
  fact.for_all_bindings = peak.is_for_all
  fact.at_least = peak.unknown > 0 or nil
  return fact
end

-- ---- keys and values kept from step to step ----

local function text_of(x) return x and tostring(x) or nil end
local function plain(x) return type(x) == "userdata" and tostring(x) or x end

local function entry_facts(entries)
  local list = json.array()
  for i, entry in ipairs(entries) do
    list[i] = {kind = entry.kind, layer = plain(entry.layer), input = entry.input and entry.input.name,
      output = entry.output and entry.output.name, cross = entry.cross or nil,
      shared_buffer = entry.shared_buffer or nil,
      how = entry.how, heads = text_of(entry.heads), head_size = text_of(entry.head_size), dtype = entry.dtype}
  end
  return list
end

local function hypothetical(context, model)
  local guess = require("onnxdoc.kv_cache").hypothetical(model)
  if not guess then return nil end
  return {layers = guess.layers, per_token = context:number(guess.bytes_per_token, "bytes",
    "what keeping keys and values would take: this model keeps none")}
end

local function cache_facts(context)
  local model = context.model
  local cache, reason = table.unpack(context:kv_cache())
  if not cache then return {reason = reason, hypothetical = hypothetical(context, model)} end
  local facts = {differs = cache.differs, scheme = cache.scheme, dtype = cache.dtype, layers = cache.layers,
    incomplete = cache.is_incomplete, entries = entry_facts(cache.entries)}
  for _, field in ipairs {"kv_heads", "query_heads", "head_size", "key_size", "value_size"} do
    facts[field] = text_of(cache[field])
  end
  facts.per_token = context:number(cache.bytes_per_token, "bytes",
    "over layers of self-attention: key/value heads × (key size + value size) × bytes of an element")
  facts.bytes = context:number(cache.bytes, "bytes", "all of it as it comes in, for the whole batch")
  facts.buffer = context:number(cache.buffer_bytes, "bytes", "of that, buffers that do not grow")
  facts.cross = context:number(cache.cross_bytes, "bytes", "keys and values of cross-attention")
  return facts
end

local others = {
  held = "when the caller keeps the inputs to the end, as programs around a runtime do",
  reused = "when views share memory and outputs take the place of inputs",
  least = "the largest inputs and outputs of one node: no order takes less",
  scheduled = "an order of nodes found to keep little alive",
}

local lazy = function(...) return require("onnxdoc.facts").lazy(...) end

return function(context)
  local ok, peak = pcall(context.model.memory, context.model, context.binding.values, "orders")
  if not ok then
    local unknown = {unit = "bytes", unknown = context.message(peak)}
    return lazy({peak = unknown, alive = json.array(), timeline = timeline {}},
      {kv_cache = function() return cache_facts(context) end})
  end
  local function other(name) return context:number(peak[name], "bytes", others[name]) end
  return lazy({
    peak = peak_fact(context, peak), at = context:node(peak.node),
    inside = peak.inner > 0 and context:number(peak.inner, "bytes", "in the body that runs there") or nil,
    unknown = peak.unknown > 0 and peak.unknown or nil,
    held = other "held", reused = other "reused", least = other "least", scheduled = other "scheduled",
  }, {
    alive = function() return alive_facts(context, peak.alive) end,
    timeline = function() return timeline(peak.timeline) end,
    kv_cache = function() return cache_facts(context) end,
  })
end
