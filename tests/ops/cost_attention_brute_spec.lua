-- Attention, counted by hand: loops go over every head, query, key and channel, ask the definition whether the query sees
-- the key, and count. Formulas have to give the same for nodes drawn at random.

local one_node = require "tests.ops.one_node"
local counted = require "tests.ops.counted"

-- The same numbers on every machine.
local state
local function draw(least, most)
  state = (state * 1103515245 + 12345) % 2147483648
  return least + (state >> 8) % (most - least + 1)
end
local function chance() return draw(0, 1) == 1 end

-- MACs of all pairs, and of those where sees(query, key), counted from 0, holds.
local function count(batch, heads, queries, keys, size, value_size, sees)
  local all, seen = 0, 0
  for _ = 1, batch do
    for _ = 1, heads do
      for query = 0, queries - 1 do
        for key = 0, keys - 1 do
          local macs = 0
          for _ = 1, size do macs = macs + 1 end
          for _ = 1, value_size do macs = macs + 1 end
          all = all + macs
          if sees(query, key) then seen = seen + macs end
        end
      end
    end
  end
  return all, seen
end

-- Products of a matrix of weights with B*S rows.
local function project(rows, input, columns)
  local macs = 0
  for _ = 1, rows do
    for _ = 1, input do
      for _ = 1, columns do macs = macs + 1 end
    end
  end
  return macs
end

local function shape(...) return "float32[" .. table.concat({...}, ",") .. "]" end

local function always() return true end

local function check(title, op_type, opset, inputs, attributes, outputs, macs, causal)
  for i = 1, #inputs do inputs[i] = inputs[i] or false end
  local node = one_node.build(op_type, opset, inputs, attributes, outputs):node("n")
  assert.equal(tostring(macs), tostring(node.own_cost.macs), title .. ": macs")
  assert.equal(tostring(causal), tostring(node.own_cost.macs_causal), title .. ": macs_causal")
  counted.check_notes(node, title)
end

describe("attention counted by hand", function()
  before_each(function() state = 20240229 end)

  it("ai.onnx", function()
    for i = 1, 40 do
      local batch, groups, kv_heads = draw(1, 2), draw(1, 3), draw(1, 2)
      local queries, new, past, size, value_size = draw(1, 6), draw(1, 6), draw(0, 4), draw(1, 3), draw(1, 4)
      local heads, keys = groups * kv_heads, past + new
      local has_past, is_flat = past > 0, chance()
      local attributes = {is_causal = draw(0, 1)}
      local left, right = -1, -1
      if chance() then left, right = draw(-1, 5), draw(-1, 3) end
      if left >= 0 then attributes.left_window_size = left end
      if right >= 0 then attributes.right_window_size = right end
      local inputs = {shape(batch, heads, queries, size), shape(batch, kv_heads, new, size),
        shape(batch, kv_heads, new, value_size), chance() and shape(queries, keys)}
      if is_flat then
        inputs[1], inputs[2] = shape(batch, queries, heads * size), shape(batch, new, kv_heads * size)
        inputs[3] = shape(batch, new, kv_heads * value_size)
        attributes.q_num_heads, attributes.kv_num_heads = heads, kv_heads
      end
      if has_past then
        inputs[5], inputs[6] = shape(batch, kv_heads, past, size), shape(batch, kv_heads, past, value_size)
      end
      local all, seen = count(batch, heads, queries, keys, size, value_size, function(query, key)
        local place = past + query
        if attributes.is_causal == 1 and key > place then return false end
        if left >= 0 and key < place - left then return false end
        return right < 0 or key <= place + right
      end)
      check("node " .. i, "Attention", 25, inputs, attributes, has_past and 3 or 1, all, seen)
    end
  end)

  it("com.microsoft", function()
    for i = 1, 40 do
      local batch, heads, length, past, input = draw(1, 2), draw(1, 3), draw(1, 6), draw(0, 4), draw(1, 5)
      local size, value_size = draw(1, 3), draw(1, 3)
      local attributes = {num_heads = heads, unidirectional = draw(0, 1)}
      if past > 0 or chance() then value_size = size
      else attributes.qkv_hidden_sizes = {heads * size, heads * size, heads * value_size} end
      local columns = heads * (2 * size + value_size)
      local inputs = {shape(batch, length, input), shape(input, columns), chance() and shape(columns), false,
        past > 0 and shape(2, batch, heads, past, size)}
      if chance() then inputs[4] = "int32[" .. batch .. "]" end
      local all, seen = count(batch, heads, length, past + length, size, value_size, function(query, key)
        return attributes.unidirectional == 0 or key <= past + query
      end)
      local projection = project(batch * length, input, columns)
      check("node " .. i, "com.microsoft.Attention", 1, inputs, attributes, past > 0 and 2 or 1, all + projection,
        seen + projection)
    end
  end)

  it("MultiHeadAttention", function()
    for i = 1, 40 do
      local batch, heads, queries, new, past = draw(1, 2), draw(1, 3), draw(1, 6), draw(1, 6), draw(0, 4)
      local size, value_size, form = draw(1, 3), draw(1, 3), draw(1, 4)
      local attributes = {num_heads = heads, unidirectional = draw(0, 1)}
      local inputs
      if form == 1 then -- all packed
        new, past, value_size = queries, 0, size
        inputs = {shape(batch, queries, heads, 3, size)}
      elseif form == 2 then -- key and value packed
        past, value_size = 0, size
        inputs = {shape(batch, queries, heads * size), shape(batch, new, heads, 2, size)}
      elseif form == 3 then -- heads apart: from another's cache
        past = 0
        inputs = {shape(batch, queries, heads * size), shape(batch, heads, new, size), shape(batch, heads, new, value_size)}
      else
        inputs = {shape(batch, queries, heads * size), shape(batch, new, heads * size), shape(batch, new, heads * value_size)}
        if past > 0 then
          for at = 4, 6 do inputs[at] = false end
          inputs[7], inputs[8] = shape(batch, heads, past, size), shape(batch, heads, past, value_size)
        end
      end
      local all, seen = count(batch, heads, queries, past + new, size, value_size,
        attributes.unidirectional == 0 and always or function(query, key) return key <= past + query end)
      check("node " .. i, "com.microsoft.MultiHeadAttention", 1, inputs, attributes, past > 0 and 3 or 1, all, seen)
    end
  end)

  it("GroupQueryAttention", function()
    for i = 1, 40 do
      local batch, groups, kv_heads = draw(1, 2), draw(1, 3), draw(1, 2)
      local new, past, size, window = draw(1, 6), draw(0, 6), draw(1, 3), draw(-1, 7)
      local heads, keys = groups * kv_heads, past + new
      local attributes = {num_heads = heads, kv_num_heads = kv_heads}
      if window > 0 then attributes.local_window_size = window else window = keys end
      if chance() then attributes.causal = draw(0, 1) end
      local inputs = {shape(batch, new, heads * size), shape(batch, new, kv_heads * size), shape(batch, new, kv_heads * size),
        false, false, "int32[" .. batch .. "]", "int32[]"}
      if chance() then inputs[1], inputs[2], inputs[3] = shape(batch, new, (heads + 2 * kv_heads) * size), false, false end
      if past > 0 then
        inputs[4], inputs[5] = shape(batch, kv_heads, past, size), shape(batch, kv_heads, past, size)
      end
      if chance() then inputs[7] = {"int32", {}, {keys}} end
      -- A buffer that past and present share may be longer than what it holds.
      if past > 0 and type(inputs[7]) == "table" and chance() then
        inputs[4], inputs[5] = shape(batch, kv_heads, 32, size), shape(batch, kv_heads, 32, size)
      end
      local read = attributes.causal == 0 and keys or math.min(keys, window)
      local nominal = count(batch, heads, new, read, size, size, always)
      local _, seen = count(batch, heads, new, keys, size, size, function(query, key)
        local place = past + query
        return key > place - window and (key <= place or attributes.causal == 0)
      end)
      check("node " .. i, "com.microsoft.GroupQueryAttention", 1, inputs, attributes, 3, nominal, seen)
    end
  end)
end)
