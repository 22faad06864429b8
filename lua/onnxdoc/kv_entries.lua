--- Entries of a KV cache: which inputs of a graph are keys or values of the past, and what is known of each.
-- kv_cache.lua says what an entry has.

local attention_cores = require "onnxdoc.attention_cores"
local carried = require "onnxdoc.carried"
local near = require "onnxdoc.near"
local sizes = require "onnxdoc.sizes"

local bytes_of, calculate, dims_of = sizes.bytes_of, sizes.calculate, sizes.dims_of
local dtype_of, product_at, value_bytes = sizes.dtype_of, sizes.product_at, sizes.value_bytes
local set = require("onnxdoc.lists").set

local kv_entries = {}

local FEW = 8 -- inputs of the model that are in one operand

-- ---- who reads what an input carries ----

local function first_growth(trace, mark)
  local source = mark and carried.sources(trace, mark)[1]
  return source and source.growth, source ~= nil
end

local leads = set [[Add Sub Mul Div Neg Concat Slice Split Transpose Reshape Expand Tile Unsqueeze Squeeze Cast Identity
  Gather Where DequantizeLinear RotaryEmbedding com.microsoft.RotaryEmbedding com.microsoft.DequantizeLinear]]

-- The nearest mark with growth behind a value: rotary positions may stand between a cache and the scores.
local function grown_mark_behind(trace, start)
  return near.behind(start, leads, function(value)
    local mark = trace.marks[value]
    return first_growth(trace, mark) and mark
  end)
end

-- Whether the query, too, is an input as it came: then the model is no more than an attention, and keeps nothing.
local function is_bare(trace, core)
  local growth, is_carried = first_growth(trace, core.query and trace.marks[core.query])
  return is_carried and growth == nil
end

local function note_read(reads, source, role, read)
  local of_input = reads[source.input] or {growths = {}}
  reads[source.input] = of_input
  of_input[role] = of_input[role] or read
  if source.growth then table.insert(of_input.growths, source.growth) end
end

-- For each input, which core reads its keys or values: {key = {core, mark, axis}, value =, growths =}.
local function find_reads(trace, cores)
  local reads = {}
  for _, core in ipairs(cores) do
    for _, role in ipairs {"key", "value"} do
      local operand = core[role]
      local direct = operand and trace.marks[operand]
      local mark = direct or operand and grown_mark_behind(trace, operand)
      for i, source in ipairs(mark and carried.sources(trace, mark) or {}) do
        if i > FEW then break end
        if source.growth or not is_bare(trace, core) then
          note_read(reads, source, role, {core = core, mark = mark, axis = direct and core[role .. "_axis"]})
        end
      end
    end
  end
  return reads
end

-- ---- candidates: inputs that come out again, or that attention reads ----

local function new_candidate(input) return {input = input, outputs = {}, growths = {}} end

local function add_growths(candidate, growths)
  for _, growth in ipairs(growths) do
    if not candidate.growths[growth] then
      candidate.growths[growth] = true
      candidate.growths[#candidate.growths + 1] = growth
    end
  end
end

local function find_candidates(graph, trace, cores)
  local by_input, list = {}, {}
  local function candidate_of(input)
    by_input[input] = by_input[input] or new_candidate(input)
    return by_input[input]
  end
  for _, output in ipairs(graph.outputs) do
    local mark = trace.marks[output]
    for _, source in ipairs(mark and not mark.is_derived and carried.sources(trace, mark) or {}) do
      local candidate = candidate_of(source.input)
      candidate.outputs[#candidate.outputs + 1] = output
      add_growths(candidate, {source.growth})
    end
  end
  for input, reads in pairs(find_reads(trace, cores)) do
    local candidate = candidate_of(input)
    candidate.reads = reads
    if #candidate.growths == 0 then add_growths(candidate, reads.growths) end
  end
  for _, input in ipairs(graph.inputs) do
    list[#list + 1] = by_input[input]
    by_input[input] = nil
  end
  return list
end

-- ---- what a candidate is ----

-- The words of a name, in small letters: "pastKey_0.v" has past, key and v.
local function words_of(name)
  local words = {}
  for word in name:gsub("(%l)(%u)", "%1 %2"):lower():gmatch("%a+") do words[#words + 1] = word end
  return words
end

-- Whether the input's name or the output's has one of these words.
local function names_say(candidate, wanted)
  for _, value in ipairs {candidate.input, candidate.outputs[1]} do
    for _, word in ipairs(words_of(value.name)) do
      if wanted[word] then return true end
    end
  end
  return false
end

local says_key, says_cache = set "key keys value values kv k v", set "past present cache"
local says_state = set "past present cache state states"

local floats = set [[float32 float16 bfloat16 float64 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz float4e2m1
  int8 uint8 int4 uint4 int2 uint2]]

-- Elements that keys and values may have, quantised or not; token numbers and masks have others.
local function holds_numbers(value) return floats[dtype_of(value)] == true end

local function same_shape(a, b)
  local dims, rank = dims_of(a)
  local others, other_rank = dims_of(b)
  if not dims or not others or rank ~= other_rank then return false end
  for i = 1, rank do
    if dims[i] == nil or dims[i] ~= others[i] then return false end
  end
  return true
end

-- DecoderAttention keeps what the encoder gave as it is.
local function is_static(growth)
  local static = growth.node.inputs.static_kv
  local known = static and (static.known or static.tensor and static.tensor:values())
  return known ~= nil and known[1] == true
end

local function classify_grown(candidate, growth)
  local output = candidate.outputs[1]
  if growth.kind == "state" then return "state" end
  if growth.kind == "attention" then return is_static(growth) and "cross" or "cache" end
  if not holds_numbers(candidate.input) then return nil end
  if candidate.reads then return "cache" end
  local _, rank = dims_of(candidate.input)
  local is_named = names_say(candidate, says_key) and names_say(candidate, says_cache)
  if rank and rank >= 3 and is_named then return "cache" end
  return same_shape(candidate.input, output) and "state" or nil
end

-- "cache", "cross", "state", or nil for what is none of these.
local function classify(candidate)
  local growth = candidate.growths[1]
  if growth then return classify_grown(candidate, growth) end
  if not holds_numbers(candidate.input) then return nil end
  if candidate.reads then return "cross" end
  return names_say(candidate, says_state) and "state" or nil
end

-- ---- where tokens, heads and the batch are ----

-- The input's axis that axis `axis` of a growth's operand is.
local function source_axis(axes, axis)
  return axes and axis and axes[axis] or nil
end

local function attention_axis(growth)
  if attention_cores.operators[growth.node.op].paged then return 2 end
  return growth.slot == "stacked" and 4 or 3
end

-- The only axis along which input and output differ.
local function differing_axis(candidate)
  local output = candidate.outputs[1]
  local dims, rank = dims_of(candidate.input)
  local others, other_rank = nil, nil
  if output then others, other_rank = dims_of(output) end
  if not dims or not others or rank ~= other_rank then return nil end
  local found
  for i = 1, rank do
    if dims[i] ~= others[i] then
      if found then return nil end
      found = i
    end
  end
  return found
end

local function read_axis(candidate)
  for _, role in ipairs {"key", "value"} do
    local read = candidate.reads and candidate.reads[role]
    local axis = read and source_axis(read.mark.axes, read.axis)
    if axis then return axis end
  end
end

-- Slots of a flattened buffer that ScatterND writes whole rows of: how many of the input's first axes they are.
local function slot_axes(candidate, growth)
  local dims, rank = dims_of(candidate.input)
  local rows = growth.value and dims_of(growth.value)
  if not dims or not rows or not growth.axis then return nil end
  local places = {}
  for i = 1, rank do
    places[i] = i
    if product_at(dims, places) == rows[growth.axis] then return i end
  end
end

-- Axes (from 1) of an entry: `token` is a set, `first` the one to show.
local function token_axes(candidate, growth)
  if growth and growth.kind == "attention" then
    local operator = attention_cores.operators[growth.node.op]
    local axis = source_axis(growth.axes, attention_axis(growth)) or differing_axis(candidate)
    local block = operator.paged and source_axis(growth.axes, 1)
    return axis, block
  end
  local axis = growth and source_axis(growth.axes, growth.axis) or read_axis(candidate) or differing_axis(candidate)
  if axis or not growth or growth.node.op ~= "ScatterND" then return axis end
  local slots = slot_axes(candidate, growth)
  return slots, slots and slots > 1 and 1 or nil
end

-- Axes of the input that are gone where something is added: key or value, or a layer, was picked out of them.
local function stack_axes(candidate, growth)
  local stacked, present = {}, {}
  local dims, rank = dims_of(candidate.input)
  if not growth or not growth.axes or not dims then return stacked end
  if growth.slot == "stacked" and growth.axes[1] then stacked[growth.axes[1]] = true end
  local value_dims = dims_of(growth.value) or {}
  for i, axis in ipairs(growth.axes) do
    if not axis and value_dims[i] ~= 1 then return stacked end
    present[axis] = true
    local size = axis and math.tointeger(dims[axis])
    if size and size > 1 and value_dims[i] == 1 then stacked[axis] = true end
  end
  for i = 1, rank do
    if not present[i] then stacked[i] = true end
  end
  return stacked
end

-- [x, y] besides tokens and stacks: batch and hidden size, heads and their size, or batch times heads in the first.
-- Gives what one token of one sequence takes.
local function split_two(entry, x, y, core)
  local heads, size = core and core.kv_heads, core and core.key_size
  if not heads or not size or y ~= size or heads == 1 then
    entry.batch, entry.heads = x, heads
    entry.head_size = heads and attention_cores.ratio(y, heads)
    return y
  end
  entry.heads, entry.head_size = heads, y
  local batch = calculate(function() return x / heads end)
  if x ~= heads then entry.batch = batch and not math.type(batch) and batch.value or batch end
  return calculate(function() return heads * y end)
end

-- Fills in batch, heads and head_size from the dimensions that are neither tokens nor stacks; gives their product, but
-- for the batch.
local function read_layout(entry, dims, free, core)
  if entry.paged then entry.heads, entry.head_size = dims[free[1]], dims[free[2]]
  elseif #free == 3 then entry.batch, entry.heads, entry.head_size = dims[free[1]], dims[free[2]], dims[free[3]]
  elseif #free == 2 and dims[free[1]] and dims[free[2]] then
    return split_two(entry, dims[free[1]], dims[free[2]], core)
  elseif #free == 1 then
    entry.heads = core and core.kv_heads
    entry.head_size = entry.heads and attention_cores.ratio(dims[free[1]], entry.heads)
  elseif #free > 3 then entry.batch = dims[free[1]] end
  return product_at(dims, table.move(free, entry.batch and 2 or 1, #free, 1, {}))
end

-- Keys and values side by side along one axis, as multi-query attention keeps them: a head is what its core says.
local function split_pair(entry)
  local core = entry.core
  if entry.kind ~= "stacked" or entry.stack ~= 1 or not core or not core.key_size then return end
  entry.heads, entry.head_size = core.kv_heads, core.key_size
end

-- Four bits of a cache two to a byte: a head is twice as long as its bytes.
local function unpack_head(entry)
  local bits = entry.node and entry.node.op == "com.microsoft.GroupQueryAttention" and
    entry.node:attr("kv_cache_bit_width")
  if bits == 4 and entry.dtype:find("int8", 1, true) and entry.head_size then entry.head_size = 2 * entry.head_size end
end

local function locate(entry, candidate, growth)
  local dims, rank = dims_of(candidate.input)
  local axis, block = token_axes(candidate, growth)
  if not dims or not axis then return end
  entry.dims, entry.axis, entry.paged = dims, axis - 1, block ~= nil or nil
  local stack, free, stacked = stack_axes(candidate, growth), {}, {}
  for i = 1, rank do
    local is_token = i == axis or block and i >= block and i <= axis
    if stack[i] and not is_token then stacked[#stacked + 1] = i elseif not is_token then free[#free + 1] = i end
  end
  entry.past = block == nil and dims[axis] or nil
  local per_token = read_layout(entry, dims, free, entry.core)
  entry.stack = product_at(dims, stacked)
  entry.bytes_per_token = bytes_of(calculate(function() return per_token * entry.stack end), entry.dtype)
  unpack_head(entry)
end

-- ---- kinds and layers ----

local kind_words = {key = "key", k = "key", value = "value", v = "value"}

-- What the last word that says so says. "key_values" is of both.
local function kind_in_name(name)
  local kind
  local words = words_of(name)
  for i, word in ipairs(words) do
    local pair = (words[i + 1] or ""):find("^values?$") or word == "value" and words[i - 1] == "key"
    if kind_words[word] and not pair then kind = kind_words[word] end
  end
  return kind
end

local function kind_by_name(candidate)
  local output = candidate.outputs[1]
  return kind_in_name(candidate.input.name) or output and kind_in_name(output.name) or nil
end

local function kind_of(candidate, entry)
  local reads, slot = candidate.reads or {}, candidate.growths[1] and candidate.growths[1].slot
  if slot then return slot end
  if reads.key and reads.value or (entry.stack or 1) ~= 1 then return "stacked" end
  return reads.key and "key" or reads.value and "value" or kind_by_name(candidate)
end

-- Layers in one entry: two growths are one of keys and one of values.
local function layers_in(candidate, entry)
  if entry.kind ~= "stacked" then return nil end
  local growths = #candidate.growths
  local layers = growths > 0 and candidate.growths[1].slot == "stacked" and growths or (growths + 1) // 2
  return layers > 1 and layers or nil
end

local function core_of(candidate, core_at)
  local reads, growth = candidate.reads or {}, candidate.growths[1]
  local read = reads.key or reads.value
  return read and read.core or growth and core_at[growth.node] or nil
end

local function how_text(node)
  return node.name ~= "" and ("%s '%s'"):format(node.op_type, node.name) or node.op_type
end

local function is_fixed(entry)
  return entry.shared_buffer or entry.output ~= nil and same_shape(entry.input, entry.output)
end

local function shares_buffer(growth, input, output)
  if not growth then return false end
  if growth.kind == "write" then return true end
  if growth.kind ~= "attention" then return false end
  local operator = attention_cores.operators[growth.node.op]
  if operator.shares or operator.paged or growth.node:attr("past_present_share_buffer") == 1 then return true end
  if not output then return false end
  local declared, others = input.declared_shape, output.declared_shape
  local is_declared_so = declared ~= nil and others ~= nil and #declared == #others
  for i = 1, is_declared_so and #declared or 0 do
    is_declared_so = is_declared_so and declared[i] ~= false and declared[i] == others[i]
  end
  return is_declared_so or same_shape(input, output)
end

local function new_entry(candidate, class, core_at)
  local growth, output = candidate.growths[1], candidate.outputs[1]
  local entry = {input = candidate.input, output = output, cross = class == "cross", dtype = dtype_of(candidate.input),
    core = core_of(candidate, core_at), node = growth and growth.node or nil}
  entry.how = growth and how_text(growth.node) or nil
  entry.shared_buffer = shares_buffer(growth, candidate.input, output)
  locate(entry, candidate, growth)
  entry.fixed = is_fixed(entry)
  entry.kind = kind_of(candidate, entry)
  split_pair(entry)
  entry.layers = layers_in(candidate, entry)
  entry.bytes = value_bytes(candidate.input)
  return entry
end

-- Numbers in a name, and the name without them.
local function numbers_in(name)
  local numbers = {}
  local template = name:gsub("%d+", function(digits)
    numbers[#numbers + 1] = math.tointeger(tonumber(digits)) or 0
    return "#"
  end)
  return numbers, template
end

-- The first place of a number that is not the same in all of these lists; the only one of a single list.
local function varying_place(lists)
  for place = 1, #lists[1] do
    for i = 2, #lists do
      if lists[i][place] ~= lists[1][place] then return place end
    end
  end
  return #lists == 1 and #lists[1] > 0 and 1 or nil
end

-- Layers as the names count them, by entry; nil where names do not, or where one core has two of them.
local function layers_by_name(entries)
  local groups, layers, of_core, of_layer = {}, {}, {}, {}
  local lists = {}
  for _, entry in ipairs(entries) do
    local numbers, template = numbers_in(entry.input.name)
    groups[template] = groups[template] or {}
    table.insert(groups[template], numbers)
    lists[entry] = {numbers, template}
  end
  local places = {}
  for template, list in pairs(groups) do places[template] = varying_place(list) end
  for _, entry in ipairs(entries) do
    local numbers, template = table.unpack(lists[entry])
    local layer = places[template] and numbers[places[template]]
    local taken = ("%s %s %s"):format(layer, entry.kind, entry.cross)
    if not layer or of_layer[taken] then return nil end
    if entry.core and not entry.cross and (of_core[entry.core] or layer) ~= layer then return nil end
    of_layer[taken] = true
    if entry.core then of_core[entry.core] = layer end
    layers[entry] = layer
  end
  return layers
end

-- Layers counted from 0: by the core that reads them, else two entries after one another.
local function layers_by_order(entries)
  local layers, of_core, count, open = {}, {}, 0, nil
  for _, entry in ipairs(entries) do
    local group = entry.core and of_core[entry.core]
    if not group and not entry.core and open and entry.kind ~= "stacked" then
      group, open = open, nil
    elseif not group then
      group = count
      count = count + (entry.layers or 1)
      open = not entry.core and entry.kind ~= "stacked" and group or nil
    end
    if entry.core then of_core[entry.core] = group end
    layers[entry] = group
  end
  return layers
end

function kv_entries.number_layers(entries)
  local layers = layers_by_name(entries)
  if layers then
    for _, entry in ipairs(entries) do entry.layer = layers[entry] end
    return
  end
  for _, is_cross in ipairs {false, true} do
    local some = {}
    for _, entry in ipairs(entries) do
      if entry.cross == is_cross then some[#some + 1] = entry end
    end
    for entry, layer in pairs(layers_by_order(some)) do entry.layer = layer end
  end
end

local function state_of(candidate)
  local growth, output = candidate.growths[1], candidate.outputs[1]
  return {input = candidate.input, output = output, how = how_text(growth and growth.node or output.producer)}
end

--- Entries and states of a graph; none of self-attention means no entries. The third result says whether any are read.
function kv_entries.find(graph, summaries, cores, core_at)
  local trace, entries, states, has_own = carried.trace(graph, summaries), {}, {}, false
  for _, candidate in ipairs(find_candidates(graph, trace, cores)) do
    local class = classify(candidate)
    if class == "state" then states[#states + 1] = state_of(candidate)
    elseif class then
      entries[#entries + 1] = new_entry(candidate, class, core_at)
      has_own = has_own or class == "cache"
    end
  end
  return has_own and entries or {}, states, #entries > 0
end

return kv_entries
