--- The KV cache of a model that makes one step of a text at a time: keys and values of the past that come in, and come
-- out with this step's. Dataflow decides what is one; names only tell layers apart, and keys from values where no
-- attention reads them.
--
--     local cache, reason, states = kv_cache.find(model)
--
-- gives nil and why when there is none; `states` then lists {input, output, how} of what is carried from step to
-- step without being one (of an LSTM, a convolution, linear attention). A cache has
--
--   entries           a list in the order of the graph's inputs, see below
--   layers            how many have keys and values of their own (of self-attention)
--   query_heads, kv_heads, key_size, value_size, dtype     one of each: where layers differ it is nil and `differs` is
--                     true, and entries have each layer's own
--   head_size         of keys and of values, nil where these differ
--   scheme            "MHA", "GQA" or "MQA", nil where heads are not known
--   bytes_per_token   of self-attention, for one sequence of the batch, all layers
--   bytes             all entries of self-attention as they come in
--   buffer_bytes      that part of them which does not grow: buffers of a fixed length, and windows that slide
--   cross_bytes       keys and values of cross-attention, as long as what the encoder gave
--   batch, past       the dimensions, where they are the same in all entries of self-attention; batch_symbol and
--                     past_symbol are their names where they are plain symbols
--   states            as above
--   is_incomplete     true where more is carried than is followed, which is no model for texts
--   graph             the graph whose inputs these are: the main one, or what BeamSearch and the like, or Loop, run
--
-- and an entry
--
--   kind              "key", "value", or "stacked" (both, or several layers, in one tensor); nil when nothing tells
--   layer             counted from 0, or as names count; layers = n of an entry that has several
--   input, output     Values; the output is nil where the model reads a past and keeps the new one for itself
--   axis              that tokens are along, from 0; paged = true where it is the second of two, blocks and slots
--   heads, head_size, batch, dtype, dims
--   cross             true of cross-attention
--   shared_buffer     true where new keys and values are written into the past instead of put behind it
--   fixed             true where what comes out is as long as what came in
--   how, node         "Concat 'name'" and the node that adds this step's; nil of cross-attention
--   core              of attention_cores, that reads it, where one is found
--
-- Sizes are whole numbers, or Exprs over the model's symbols (over declared names, in graphs that have no shapes of
-- their own); nil where a shape is not known.
--
--     local guess = kv_cache.hypothetical(model)
--
-- is what keeping keys and values of every self-attention would take per token, of a model that keeps none:
-- {hypothetical = true, layers, query_heads, kv_heads, key_size, value_size, head_size, dtype, scheme, differs,
-- bytes_per_token, cores}; nil where there is no attention or its heads and sizes are not known.

local attention_cores = require "onnxdoc.attention_cores"
local sizes = require "onnxdoc.sizes"

local bytes_of, calculate, dtype_of = sizes.bytes_of, sizes.calculate, sizes.dtype_of
local plus, symbol_of = sizes.plus, sizes.symbol_of
local set = require("onnxdoc.lists").set

local kv_cache = {}

-- ---- sums ----

local function new_total() return {sum = 0} end

-- Adds to a sum that is nil once a part is not known.
local function add(total, part)
  total.sum = plus(total.sum, part)
end

-- The value all entries have of a field; false as second result when they differ.
local function common(entries, read)
  local value
  for i, entry in ipairs(entries) do
    local own = read(entry)
    if i > 1 and own ~= value then return nil, false end
    value = own
  end
  return value, true
end

local function scheme_of(query_heads, kv_heads)
  if not query_heads or not kv_heads then return nil end
  if query_heads == kv_heads then return "MHA" end
  return kv_heads == 1 and "MQA" or "GQA"
end

local function set_common(result, field, entries, read)
  local value, is_same = common(entries, read)
  result[field] = value
  if not is_same then result.differs = true end
end

local function of_kinds(entries, kinds)
  local list = {}
  for _, entry in ipairs(entries) do
    if kinds[entry.kind or "unknown"] then list[#list + 1] = entry end
  end
  return list
end

local function describe_heads(result, entries)
  local function field(name) return function(entry) return entry[name] end end
  set_common(result, "kv_heads", entries, field "heads")
  set_common(result, "query_heads", entries, function(entry) return entry.core and entry.core.query_heads end)
  set_common(result, "dtype", entries, field "dtype")
  set_common(result, "key_size", of_kinds(entries, {key = true, stacked = true, unknown = true}), field "head_size")
  set_common(result, "value_size", of_kinds(entries, {value = true, stacked = true, unknown = true}), field "head_size")
  if result.key_size == result.value_size then result.head_size = result.key_size end
  result.scheme = scheme_of(result.query_heads, result.kv_heads)
  result.batch, result.past = common(entries, field "batch"), common(entries, field "past")
  result.batch_symbol, result.past_symbol = symbol_of(result.batch), symbol_of(result.past)
end

local function count_layers(entries)
  local seen, count = {}, 0
  for _, entry in ipairs(entries) do
    if not seen[entry.layer] then count = count + (entry.layers or 1) end
    seen[entry.layer] = true
  end
  return count
end

-- A buffer's length is a number, whoever fills it.
local function has_fixed_length(entry)
  return entry.fixed and (entry.paged or math.type(entry.past) == "integer")
end

local function summarise(graph, entries, states)
  local own, per_token, all, buffers, cross = {}, new_total(), new_total(), new_total(), new_total()
  for _, entry in ipairs(entries) do
    if entry.cross then add(cross, entry.bytes)
    else
      own[#own + 1] = entry
      add(per_token, entry.bytes_per_token)
      add(all, entry.bytes)
      if has_fixed_length(entry) then add(buffers, entry.bytes) end
    end
  end
  local result = {graph = graph, entries = entries, states = states, layers = count_layers(own),
    bytes_per_token = per_token.sum, bytes = all.sum, buffer_bytes = buffers.sum, cross_bytes = cross.sum}
  describe_heads(result, own)
  return result
end

-- ---- finding ----

local runs_steps = set [[Loop Scan com.microsoft.BeamSearch com.microsoft.GreedySearch com.microsoft.Sampling
  com.microsoft.WhisperBeamSearch]]

-- Graphs that are run once for a step: the main one, and bodies of operators that generate.
local function step_graphs(model)
  local graphs = {model.graph}
  for _, graph in ipairs(model.graphs) do
    if graph.kind == "subgraph" and graph.owner and runs_steps[graph.owner.op] then graphs[#graphs + 1] = graph end
  end
  return graphs
end

-- ---- why there is none ----

local keeps_layout = set "Identity Cast Transpose Reshape Unsqueeze Squeeze"

-- Whether a value, or the same laid out anew, is an output.
local function is_kept(value)
  for _ = 1, 8 do
    if value.is_output then return true end
    for i, node in ipairs(value.consumers) do
      local output = i <= 8 and keeps_layout[node.op] and node.outputs[1]
      if output and output.is_output then return true end
    end
    local node = value.producer
    value = node and keeps_layout[node.op] and node.inputs[1]
    if not value then return false end
  end
  return false
end

local function gives_keys(core)
  for _, name in pairs(core.operator and core.operator.present or {}) do
    if core.node.outputs[name] and core.node.outputs[name].is_output then return true end
  end
  return not core.fused and is_kept(core.key) and is_kept(core.value)
end

local function reason_for_none(cores, states, has_cross)
  if states[1] then
    return ("what is carried from step to step is a state of %s, no keys and values"):format(states[1].how)
  end
  if has_cross then return "keys and values come in, but nothing is added to them from step to step" end
  if #cores == 0 then
    return "no input comes out again with something added to it, and nothing in the model is attention"
  end
  for _, core in ipairs(cores) do
    if gives_keys(core) then return "keys and values come out, but no input takes them: the first step of a decoder" end
  end
  return "no input is carried from step to step, and no attention operator has a past: an encoder, or a decoder "
    .. "exported without cache"
end

local numbers = set "float16 bfloat16 float32 float64 float8e4m3fn float8e5m2 int8 uint8 int4 uint4"

-- Whether any input could hold keys or values, or a body might: most models can be told at a glance.
local function may_carry(model)
  if #model.graphs > 1 then return true end
  for _, input in ipairs(model.inputs) do
    local dtype = dtype_of(input)
    if not input.tensor and (not dtype or numbers[dtype]) then return true end
  end
  return false
end

function kv_cache.find(model)
  local cores, core_at, all_states, has_cross = attention_cores.find(model), {}, {}, false
  if not may_carry(model) then return nil, reason_for_none(cores, all_states, has_cross), all_states end
  local carried, kv_entries = require "onnxdoc.carried", require "onnxdoc.kv_entries"
  for _, core in ipairs(cores) do core_at[core.node] = core end
  local summaries = carried.summaries(model)
  for _, graph in ipairs(step_graphs(model)) do
    local entries, states, is_read = kv_entries.find(graph, summaries, cores, core_at)
    if #entries > 0 then
      kv_entries.number_layers(entries)
      local result = summarise(graph, entries, states)
      result.is_incomplete = summaries.is_cut
      return result
    end
    table.move(states, 1, #states, #all_states + 1, all_states)
    has_cross = has_cross or is_read
  end
  if summaries.is_cut then return nil, "more is carried from inputs to outputs than is followed", all_states end
  return nil, reason_for_none(cores, all_states, has_cross), all_states
end

-- ---- what a cache would take ----

-- Keys as long as the queries: of the same text, as far as shapes tell.
local function is_self_attention(core)
  return core.query_length == nil or core.key_length == nil or core.query_length == core.key_length
end

local function core_bytes(core)
  local elements = calculate(function(heads, key, value) return heads * (key + value) end, core.kv_heads, core.key_size,
    core.value_size)
  return bytes_of(elements, dtype_of(core.key or core.query))
end

function kv_cache.hypothetical(model)
  local cores, total = {}, new_total()
  for _, core in ipairs(attention_cores.find(model)) do
    if is_self_attention(core) then
      cores[#cores + 1] = core
      add(total, core_bytes(core))
    end
  end
  if #cores == 0 or not total.sum then return nil end
  local result = {hypothetical = true, layers = #cores, cores = cores, bytes_per_token = total.sum}
  for _, name in ipairs {"query_heads", "kv_heads", "key_size", "value_size"} do
    set_common(result, name, cores, function(core) return core[name] end)
  end
  set_common(result, "dtype", cores, function(core) return dtype_of(core.key or core.query) end)
  if result.key_size == result.value_size then result.head_size = result.key_size end
  result.scheme = scheme_of(result.query_heads, result.kv_heads)
  return result
end

return kv_cache
