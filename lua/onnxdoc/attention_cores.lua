--- Where a model attends: every fused attention operator, and every Softmax between two products of activations. Found
-- by dataflow; no name is looked at.
--
--     attention_cores.find(model)    a list of cores, graph by graph in execution order
--
-- A core is {node = the Softmax or the fused operator, fused = true or false, query, key, value = Values}, with
--
--   scores, mix               the two products (Nodes) around a Softmax
--   query_heads, kv_heads     whole numbers; nil where shapes and attributes do not tell
--   key_size, value_size      of one head, a whole number or an Expr
--   query_length, key_length  of the scores, a whole number or an Expr
--   key_axis, value_axis      the axis of key and of value that runs over the keys, from 1, where it is known
--   operator                  of a fused operator, its entry in attention_cores.operators
--
-- Of a spelled-out core, query, key and value are the operands of its products: heads of keys that were repeated for
-- several query heads are found behind Expand and Tile. Searches around a Softmax see NEAR values at most, so that the
-- whole takes time linear in the nodes.

local attention_cores = {}

local near = require "onnxdoc.near"

local set = require("onnxdoc.lists").set

local NEAR = near.values -- that a search around one Softmax visits
local MANY = 16 -- inputs or consumers of one of them that it follows

-- ---- dimensions ----

--- The quotient of two dimensions where it is a whole number from 1 on, else nil.
function attention_cores.ratio(a, b)
  if a == nil or b == nil then return nil end
  if math.type(a) and math.type(b) then return b > 0 and a >= b and a % b == 0 and a // b or nil end
  local ok, quotient = pcall(function() return a / b end)
  local value = ok and (math.type(quotient) and quotient or quotient.value)
  value = value and math.tointeger(value)
  return value and value >= 1 and value or nil
end

local ratio = attention_cores.ratio

--- The product of dimensions, nil where one is missing or it is no formula.
function attention_cores.product(dims)
  local result = 1
  for i = 1, #dims do
    local ok, next_result = pcall(function() return result * dims[i] end)
    if not ok then return nil end
    result = next_result
  end
  return result
end

-- Weights have a shape also in graphs that nobody runs with known inputs.
local function shape_of(value)
  return value and (value.shape or value.tensor and value.tensor.shape)
end

-- Dimension `place` of a value, counted from the end when it is negative.
local function dim(value, place)
  local shape = shape_of(value)
  if not shape then return nil end
  return shape[place < 0 and #shape + 1 + place or place]
end

local function rank(value)
  local shape = shape_of(value)
  return shape and #shape
end

local function is_activation(value)
  return value ~= nil and value.tensor == nil and not value.is_constant
end

-- ---- products of two activations ----

-- Where the two factors stand.
local factors = {MatMul = {1, 2}, Einsum = {1, 2}, MatMulInteger = {1, 2}, QLinearMatMul = {1, 4},
  ["com.microsoft.FusedMatMul"] = {1, 2}, ["com.microsoft.TransposeMatMul"] = {1, 2},
  ["com.microsoft.MatMulIntegerToFloat"] = {1, 2}, ["com.microsoft.MatMulInteger16"] = {1, 2}}

-- "bqhd,bkhd->bhqk" as three strings; nil where it has dots or not two operands.
local function einsum_labels(equation)
  local a, b, out = (equation or ""):gsub("%s", ""):match("^(%a+),(%a+)%->(%a+)$")
  return a, b, out
end

-- Which axis of each factor is summed over and which stays: places from the end.
local function matmul_axes(node)
  local a_turned, b_turned = node:attr("transA") == 1, node:attr("transB") == 1
  return {inner = a_turned and -2 or -1, free = a_turned and -1 or -2},
    {inner = b_turned and -1 or -2, free = b_turned and -2 or -1}
end

local function matmul_sizes(node, a, b)
  local of_a, of_b = matmul_axes(node)
  local batch, shape = {}, node.outputs[1] and node.outputs[1].shape
  for i = 1, shape and #shape - 2 or 0 do batch[i] = shape[i] end
  return {batch = batch, inner = dim(a, of_a.inner) or dim(b, of_b.inner),
    free = {dim(a, of_a.free), dim(b, of_b.free)}, rank = shape and #shape}
end

local function einsum_sizes(node, a, b)
  local of_a, of_b, out = einsum_labels(node:attr("equation"))
  local sizes = {batch = {}, free = {}, rank = out and #out}
  if not out or rank(a) ~= #of_a or rank(b) ~= #of_b then return sizes end
  local inner = {}
  for place, label in of_a:gmatch("()(%a)") do
    local in_b, in_out = of_b:find(label, 1, true), out:find(label, 1, true)
    if not in_out then inner[#inner + 1] = dim(a, place)
    elseif not in_b then sizes.free[1] = dim(a, place) end
  end
  for place, label in of_b:gmatch("()(%a)") do
    if out:find(label, 1, true) and not of_a:find(label, 1, true) then sizes.free[2] = dim(b, place) end
  end
  for label in out:gmatch("%a") do
    local place = of_a:find(label, 1, true)
    if place and of_b:find(label, 1, true) then sizes.batch[#sizes.batch + 1] = dim(a, place) end
  end
  sizes.inner = #inner > 0 and attention_cores.product(inner) or nil
  return sizes
end

-- The two factors of a product of activations, nil for any other node.
local function product_factors(node)
  local places = factors[node.op]
  if not places or (node.op == "Einsum" and #node.inputs ~= 2) then return nil end
  local a, b = node.inputs[places[1]], node.inputs[places[2]]
  if is_activation(a) and is_activation(b) then return a, b end
end

-- The axis, from 1, of a product's factor that is summed over or that stays; a label's place in an Einsum.
local function factor_axis(node, which, role)
  local a, b = product_factors(node)
  local value = which == 1 and a or b
  if node.op == "Einsum" then
    local of_a, of_b, out = einsum_labels(node:attr("equation"))
    local mine, others = which == 1 and of_a or of_b, which == 1 and of_b or of_a
    for place, label in (mine or ""):gmatch("()(%a)") do
      local in_other, in_out = others:find(label, 1, true), out:find(label, 1, true)
      if role == "inner" and not in_out or role == "free" and in_out and not in_other then return place end
    end
    return nil
  end
  local of_a, of_b = matmul_axes(node)
  local ranks = rank(value)
  return ranks and ranks >= 2 and ranks + 1 + (which == 1 and of_a or of_b)[role] or nil
end

-- ---- searching around a Softmax ----

local before = set [[Add Sub Mul Div Sum Max Min Where Cast CastLike Identity Reshape Squeeze Unsqueeze Transpose Clip
  Tanh Dropout Pad Slice Concat Neg QuantizeLinear DequantizeLinear com.microsoft.QLinearAdd com.microsoft.QLinearMul]]
local after = set [[Cast CastLike Identity Dropout Where Mul Div Reshape Squeeze Unsqueeze Transpose Slice
  QuantizeLinear DequantizeLinear com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear]]

-- The nearest product that the value comes from.
local function product_before(start)
  return near.behind(start, before, function(value)
    local node = value.producer
    return node and product_factors(node) and node
  end)
end

-- Consumers of a value, as many as a search follows; `known` keeps those that were asked for.
local function near_consumers(value, known)
  local list = known[value]
  if not list then
    list = {}
    for i, node in ipairs(value.consumers) do
      if i > MANY then break end
      list[i] = node
    end
    known[value] = list
  end
  return list
end

-- The nearest product that reads the value, and in it the factor that comes from the value.
local function product_after(start, known)
  local seen, queue, at = {[start] = true}, {start}, 1
  while queue[at] do
    local value = queue[at]
    at = at + 1
    for _, node in ipairs(near_consumers(value, known)) do
      if product_factors(node) then return node, value end
      for i = 1, after[node.op] and math.min(#node.outputs, 2) or 0 do
        local output = node.outputs[i]
        if output and not seen[output] and #queue < NEAR then
          seen[output] = true
          queue[#queue + 1] = output
        end
      end
    end
  end
end

-- What a softmax is taken of, nil for a node that is none. Spelled out it is Exp(x) / ReduceSum(Exp(x)).
local function softmax_input(node)
  if node.op_type ~= "Div" then return node.inputs[1] end
  local exp = node.inputs[1] and node.inputs[1].producer
  local sum = node.inputs[2] and node.inputs[2].producer
  if exp and sum and exp.op == "Exp" and sum.op == "ReduceSum" and sum.inputs[1] == node.inputs[1] then
    return exp.inputs[1]
  end
end

-- True where the softmax runs down the scores' columns: queries are the second factor then.
local function is_turned(node)
  local axis, ranks = node:attr("axis"), rank(node.outputs[1])
  if math.type(axis) ~= "integer" or not ranks or ranks < 2 or node.op_type == "Div" then return false end
  return (axis < 0 and axis or axis - ranks) == -2
end

-- ---- heads ----

local function other_operand(node)
  local a, b = node.inputs[1], node.inputs[2]
  if a and (b == nil or not is_activation(b)) then return a end
  if b and a and not is_activation(a) then return b end
end

local layout = set "Transpose Reshape Unsqueeze Squeeze Identity Cast"
local scaling = set "Mul Div Add"

-- The value before one node of layout or of scaling by a constant.
local function value_before(value)
  local node = value.producer
  if not node then return nil end
  if layout[node.op] then return node.inputs[1] end
  return scaling[node.op] and other_operand(node) or nil
end

-- Heads of queries [batch * heads, length, size] or [batch, length * heads, size]: seen where they were split, and the
-- first dimension there.
local function merged_heads(query, size)
  local value = query
  for _ = 1, MANY do
    local shape = value and value.shape
    if not shape then return nil end
    if #shape >= 4 and shape[#shape] == size then
      return math.tointeger(shape[#shape - 2]), shape[1]
    end
    local width = shape[#shape]
    if value ~= query and width ~= size and #shape == 3 and ratio(width, size) then
      return ratio(width, size), shape[1]
    end
    local next_value = value_before(value)
    if not next_value then return width == size and 1 or nil end
    value = next_value
  end
end

local repeating = set "Expand Tile Gather"

-- How many query heads use each head of these keys: elements after and before Expand and Tile.
local function repeats(key)
  local value, times = key, 1
  for _ = 1, MANY do
    local node = value.producer
    local source = node and repeating[node.op] and node.inputs[1]
    if source then
      if not is_activation(source) then break end
      times = times * (ratio(value.elements, source.elements) or 1)
    end
    value = source or value_before(value)
    if not value then break end
  end
  return times
end

-- Heads of queries and of keys, from the product of both.
local function count_heads(sizes, query, key)
  local batch, heads = sizes.batch, nil
  local last = batch[#batch]
  if #batch >= 3 and dim(key, -3) == 1 and last ~= 1 then -- [batch, groups, heads of a group, length, size]
    heads = math.tointeger(attention_cores.product {batch[#batch - 1], last})
    return heads, math.tointeger(batch[#batch - 1])
  end
  if #batch >= 2 then heads = math.tointeger(last)
  elseif #batch == 1 then
    local first
    heads, first = merged_heads(query, sizes.inner)
    if heads and first == last then return heads, 1 end -- heads stand with the length, and share their keys
  elseif sizes.rank then heads = 1 end
  local times = repeats(key)
  return heads, heads and heads % times == 0 and heads // times or nil
end

-- ---- spelled-out cores ----

local function product_sizes(node)
  local a, b = product_factors(node)
  return (node.op == "Einsum" and einsum_sizes or matmul_sizes)(node, a, b)
end

-- Keys have the axis that the softmax runs along; in an Einsum that is the last label of its result.
local function keys_are_first(scores, softmax)
  if scores.op == "Einsum" then
    local of_a, _, out = einsum_labels(scores:attr("equation"))
    return out ~= nil and of_a:find(out:sub(-1), 1, true) ~= nil
  end
  return is_turned(softmax)
end

local function spelled_core(softmax, known)
  local input = softmax_input(softmax)
  local output = softmax.outputs[1]
  local scores = input and output and product_before(input)
  local mix, weights = nil, nil
  if scores then mix, weights = product_after(output, known) end
  if not mix or mix == scores then return nil end
  local a, b = product_factors(scores)
  local c, d = product_factors(mix)
  local turned, sizes, mixed = keys_are_first(scores, softmax), product_sizes(scores), product_sizes(mix)
  local core = {node = softmax, fused = false, scores = scores, mix = mix, key_size = sizes.inner,
    query = turned and b or a, key = turned and a or b, value = weights == c and d or c,
    query_length = sizes.free[turned and 2 or 1], key_length = sizes.free[turned and 1 or 2],
    value_size = mixed.free[weights == c and 2 or 1]}
  core.key_axis = factor_axis(scores, turned and 1 or 2, "free")
  core.value_axis = factor_axis(mix, weights == c and 2 or 1, "inner")
  core.query_heads, core.kv_heads = count_heads(sizes, core.query, core.key)
  return core
end

-- ---- fused operators ----

local function positive(number)
  return math.type(number) == "integer" and number > 0 and number or nil
end

-- The size of one of `heads` in rows of that width.
local function head_size(width, heads)
  return heads and ratio(width, heads)
end

-- Keys or values with heads of their own, [batch, heads, length, size], or side by side, [batch, length, heads * size].
local function size_in(value, heads)
  local ranks = rank(value)
  if ranks == 4 or ranks == 5 then return dim(value, -1) end
  return ranks and ranks >= 2 and head_size(dim(value, -1), heads) or nil
end

local function ms_attention(node, core)
  local widths, columns = node:attr("qkv_hidden_sizes"), dim(node.inputs[2], 2)
  core.query, core.key, core.value = node.inputs[1], node.inputs[1], node.inputs[1]
  core.query_heads = positive(node:attr("num_heads"))
  core.kv_heads = core.query_heads
  if type(widths) == "table" and #widths == 3 then
    core.key_size = head_size(positive(widths[2]), core.query_heads)
    core.value_size = head_size(positive(widths[3]), core.query_heads)
  else
    core.key_size = head_size(columns, core.query_heads and 3 * core.query_heads)
    core.value_size = core.key_size
  end
end

local function multi_head(node, core)
  local key = core.key or core.query
  core.query_heads = positive(node:attr("num_heads"))
  core.kv_heads = positive(node:attr("kv_num_heads")) or core.query_heads
  core.key_size = size_in(key, core.kv_heads)
  core.value_size = size_in(core.value, core.kv_heads) or core.key_size
end

-- Without keys of its own the query has all three side by side: heads and twice the key's heads of one size.
local function grouped(node, core)
  multi_head(node, core)
  if not core.key and core.query_heads and core.kv_heads then
    core.key_size = head_size(dim(core.query, -1), core.query_heads + 2 * core.kv_heads)
    core.value_size = core.key_size
  end
end

local function onnx_attention(node, core)
  core.query_heads = rank(core.query) == 4 and math.tointeger(dim(core.query, 2)) or positive(node:attr("q_num_heads"))
  core.kv_heads = rank(core.key) == 4 and math.tointeger(dim(core.key, 2)) or positive(node:attr("kv_num_heads"))
  core.key_size, core.value_size = size_in(core.key, core.kv_heads), size_in(core.value, core.kv_heads)
end

local function packed_with_bias(node, core)
  core.query_heads = positive(node:attr("num_heads"))
  core.kv_heads = core.query_heads
  core.key_size = core.key and size_in(core.key, core.kv_heads) or head_size(dim(core.query, -1), core.query_heads)
  core.value_size = core.value and size_in(core.value, core.kv_heads) or core.key_size
end

--- The fused operators: `read` fills a core; `past` and `present` name the inputs and outputs that a cache goes
-- through, by kind; `projects` of those that project to queries, keys and values themselves are the places of what is
-- projected and of its weights; `paged` caches are blocks, `shares` those that are written in place.
attention_cores.operators = {
  Attention = {read = onnx_attention, query = "Q", key = "K", value = "V",
    past = {key = "past_key", value = "past_value"}, present = {key = "present_key", value = "present_value"}},
  ["com.microsoft.Attention"] = {read = ms_attention, past = {stacked = "past"}, present = {stacked = "present"},
    projects = {{1, 2}}},
  ["com.microsoft.QAttention"] = {read = ms_attention, past = {stacked = "past"}, present = {stacked = "present"},
    projects = {{1, 2}}},
  ["com.microsoft.DecoderMaskedSelfAttention"] = {read = ms_attention, past = {stacked = "past"},
    present = {stacked = "present"}, projects = {{1, 2}}, shares = true},
  ["com.microsoft.PackedAttention"] = {read = ms_attention, projects = {{1, 2}}},
  ["com.microsoft.LongformerAttention"] = {read = ms_attention, projects = {{1, 2}}},
  ["com.microsoft.MultiHeadAttention"] = {read = multi_head, query = "query", key = "key", value = "value",
    past = {key = "past_key", value = "past_value"}, present = {key = "present_key", value = "present_value"}},
  ["com.microsoft.DecoderMaskedMultiHeadAttention"] = {read = multi_head, query = "query", key = "key",
    value = "value", past = {key = "past_key", value = "past_value"},
    present = {key = "present_key", value = "present_value"}},
  ["com.microsoft.PackedMultiHeadAttention"] = {read = packed_with_bias, query = "query", key = "key",
    value = "value"},
  ["com.microsoft.GroupQueryAttention"] = {read = grouped, query = "query", key = "key", value = "value",
    past = {key = "past_key", value = "past_value"}, present = {key = "present_key", value = "present_value"}},
  ["com.microsoft.SparseAttention"] = {read = grouped, query = "query", key = "key", value = "value",
    past = {key = "past_key", value = "past_value"}, present = {key = "present_key", value = "present_value"}},
  ["com.microsoft.PagedAttention"] = {read = grouped, query = "query", key = "key", value = "value", paged = true,
    past = {key = "key_cache", value = "value_cache"}, present = {key = "key_cache_out", value = "value_cache_out"}},
  ["com.microsoft.DecoderAttention"] = {read = packed_with_bias, query = "query", projects = {{1, 3}, {2, 4}},
    past = {key = "key_cache", value = "value_cache"}, present = {key = "new_key_cache", value = "new_value_cache"}},
}

local function has_past(node, operator)
  for _, name in pairs(operator.past or {}) do
    if node.inputs[name] then return true end
  end
  return false
end

local function fused_core(node, operator)
  local function input(name) return name and node.inputs[name] or nil end
  local core = {node = node, fused = true, operator = operator, query = input(operator.query),
    key = input(operator.key), value = input(operator.value)}
  operator.read(node, core)
  for _, role in ipairs {"key", "value"} do
    local ranks = rank(core[role])
    core[role .. "_axis"] = ranks == 4 and 3 or ranks == 3 and 2 or nil
  end
  local ranks = rank(core.query)
  core.query_length = ranks == 4 and dim(core.query, 3) or ranks == 3 and dim(core.query, 2) or nil
  if not has_past(node, operator) then
    core.key_length = core.key_axis and dim(core.key, core.key_axis) or not core.key and core.query_length or nil
  end
  return core
end

local softmaxes = set "Softmax Div com.microsoft.QLinearSoftmax com.microsoft.BiasSoftmax"

local found = setmetatable({}, {__mode = "k"}) -- by model: a model does not change

-- Whether any operator is there that a search starts at: most large graphs are told at a glance.
local function may_attend(model)
  for op in pairs(model.operators) do
    if attention_cores.operators[op] or softmaxes[op] then return true end
  end
  return false
end

function attention_cores.find(model)
  if found[model] then return found[model] end
  local cores, known = {}, {}
  if not may_attend(model) then return cores end
  for node in model:nodes() do
    local op = node.op
    local operator = attention_cores.operators[op]
    local core = operator and fused_core(node, operator) or softmaxes[op] and spelled_core(node, known)
    if core then cores[#cores + 1] = core end
  end
  found[model] = cores
  return cores
end

return attention_cores
