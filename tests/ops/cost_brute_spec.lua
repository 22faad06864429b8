-- Costs of random small nodes, against counts by loops over what the operators are defined to do.

local one_node = require "tests.ops.one_node"
local counted = require "tests.ops.counted"

local ROUNDS = 40

-- ---- chance, the same in every run ----

local state

local function random(least, most)
  state = (state * 1103515245 + 12345) % 2147483648
  return least + (state >> 8) % (most - least + 1)
end

local function chance(percent) return random(1, 100) <= percent end

local function random_list(count, least, most)
  local list = {}
  for i = 1, count do list[i] = random(least, most) end
  return list
end

local function pick(list) return list[random(1, #list)] end

-- ---- loops ----

-- Calls visit with every place of a space of those sizes: a list of indices from 0 on, which changes under it.
local function each_place(sizes, visit, place, axis)
  place, axis = place or {}, axis or 1
  if axis > #sizes then return visit(place) end
  for i = 0, sizes[axis] - 1 do
    place[axis] = i
    each_place(sizes, visit, place, axis + 1)
  end
end

local function type_of(...)
  local dims = {}
  for _, part in ipairs {...} do
    if type(part) == "table" then table.move(part, 1, #part, #dims + 1, dims) else dims[#dims + 1] = part end
  end
  return "float32[" .. table.concat(dims, ",") .. "]"
end

local function check(op_type, opset, inputs, attributes, wanted)
  local model = one_node.build(op_type, opset, inputs, attributes, 1)
  local node = model:node("n")
  local texts = {}
  for i, input in ipairs(inputs) do texts[i] = tostring(input) end
  for name, value in pairs(attributes) do
    texts[#texts + 1] = name .. "=" .. (type(value) == "table" and table.concat(value, ",") or value)
  end
  local title = op_type .. " " .. table.concat(texts, " ")
  assert.equal(0, #model.shape_diagnostics, title)
  for metric, value in pairs(wanted) do
    assert.equal(tostring(value), tostring(node.own_cost[metric]), title .. ": " .. metric)
  end
  counted.check_notes(node, title)
end

local function repeated(count, round)
  return function()
    state = 20240611
    for _ = 1, count do round() end
  end
end

-- ---- windows ----

-- What a window does along the axes of a random space: sizes, kernels, outputs, and attributes that say so.
local function random_window(rank, has_dilations)
  local w = {rank = rank, kernel = random_list(rank, 1, 3), strides = random_list(rank, 1, 3), places = {}, begin = {}}
  w.dilations = has_dilations and random_list(rank, 1, 2) or random_list(rank, 1, 1)
  local extents = {}
  for i = 1, rank do extents[i] = (w.kernel[i] - 1) * w.dilations[i] + 1 end
  w.sizes, w.extents = {}, extents
  for i = 1, rank do w.sizes[i] = extents[i] + random(0, 4) end
  w.attributes = {strides = w.strides, kernel_shape = w.kernel}
  if has_dilations then w.attributes.dilations = w.dilations end
  w.auto_pad = chance(40) and pick {"SAME_UPPER", "SAME_LOWER", "VALID"} or nil
  w.attributes.auto_pad = w.auto_pad
  w.pads = w.auto_pad and random_list(2 * rank, 0, 0) or random_list(2 * rank, 0, 1)
  for i = 1, 2 * rank do w.pads[i] = math.min(w.pads[i], extents[(i - 1) % rank + 1] - 1) end
  if not w.auto_pad then w.attributes.pads = w.pads end
  return w
end

-- How many places the window has, and how far before the input the first one begins.
local function place_window(w)
  for i = 1, w.rank do
    local size, stride = w.sizes[i], w.strides[i]
    if w.auto_pad == "SAME_UPPER" or w.auto_pad == "SAME_LOWER" then
      w.places[i] = (size + stride - 1) // stride
      local total = math.max(0, (w.places[i] - 1) * stride + w.extents[i] - size)
      w.begin[i] = w.auto_pad == "SAME_UPPER" and total // 2 or total - total // 2
    else
      w.places[i] = (size + w.pads[i] + w.pads[w.rank + i] - w.extents[i]) // stride + 1
      w.begin[i] = w.pads[i]
    end
  end
end

local function is_inside(place, sample, w, sizes)
  for i = 1, w.rank do
    local at = place[i] * w.strides[i] - w.begin[i] + sample[i] * w.dilations[i]
    if at < 0 or at >= sizes[i] then return false end
  end
  return true
end

describe("a count by loops is what the cost of", function()
  it("Conv is", repeated(ROUNDS, function()
    local w, group = random_window(random(1, 3), true), random(1, 2)
    local batch, per_group, outputs = random(1, 2), random(1, 2), random(1, 2) * group
    place_window(w)
    local macs, valid = 0, 0
    each_place({batch, outputs, per_group}, function()
      each_place(w.places, function(place)
        each_place(w.kernel, function(sample)
          macs = macs + 1
          if is_inside(place, sample, w, w.sizes) then valid = valid + 1 end
        end)
      end)
    end)
    w.attributes.group = group
    local inputs = {type_of(batch, per_group * group, w.sizes), type_of(outputs, per_group, w.kernel)}
    check("Conv", 11, inputs, w.attributes, {macs = macs, macs_valid = valid, elementwise = 0})
  end))

  it("ConvTranspose is", repeated(ROUNDS, function()
    local w, group = random_window(random(1, 2), true), random(1, 2)
    local batch, inputs, per_group = random(1, 2), random(1, 2) * group, random(1, 2)
    local made, whole = {}, {}
    w.sizes = random_list(w.rank, 1, 4)
    for i = 1, w.rank do
      whole[i] = (w.sizes[i] - 1) * w.strides[i] + w.extents[i]
      made[i] = whole[i] - w.pads[i] - w.pads[w.rank + i]
      w.begin[i] = w.pads[i]
      if w.auto_pad and w.auto_pad ~= "VALID" then
        made[i] = math.min(whole[i], w.sizes[i] * w.strides[i])
        local total = whole[i] - made[i]
        w.begin[i] = w.auto_pad == "SAME_UPPER" and total // 2 or total - total // 2
      end
      if made[i] < 1 then return end
    end
    local macs, valid = 0, 0
    each_place({batch, inputs, per_group}, function()
      each_place(w.sizes, function(place)
        each_place(w.kernel, function(sample)
          macs = macs + 1
          if is_inside(place, sample, w, made) then valid = valid + 1 end
        end)
      end)
    end)
    w.attributes.group = group
    local types = {type_of(batch, inputs, w.sizes), type_of(inputs, per_group, w.kernel)}
    check("ConvTranspose", 11, types, w.attributes, {macs = macs, macs_valid = valid})
  end))

  it("the pools is", repeated(ROUNDS, function()
    local op_type = pick {"MaxPool", "AveragePool", "LpPool"}
    local w, batch, channels = random_window(random(1, 3), false), random(1, 2), random(1, 2)
    place_window(w)
    local elementwise, roots = 0, 0
    each_place({batch, channels}, function()
      each_place(w.places, function()
        local samples = 0
        each_place(w.kernel, function()
          if op_type == "LpPool" then elementwise = elementwise + 1 end -- a power
          if samples > 0 then elementwise = elementwise + 1 end -- joined with those before
          samples = samples + 1
        end)
        if op_type == "AveragePool" then elementwise = elementwise + 1 end
        if op_type == "LpPool" then roots = roots + 1 end
      end)
    end)
    check(op_type, 11, {type_of(batch, channels, w.sizes)}, w.attributes,
      {macs = 0, elementwise = elementwise, transcendentals = roots})
  end))

  it("the global pools is", repeated(ROUNDS, function()
    local op_type = pick {"GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"}
    local batch, channels, space = random(1, 2), random(1, 3), random_list(random(1, 3), 1, 4)
    local elementwise, roots = 0, 0
    each_place({batch, channels}, function()
      local samples = 0
      each_place(space, function()
        if op_type == "GlobalLpPool" then elementwise = elementwise + 1 end
        if samples > 0 then elementwise = elementwise + 1 end
        samples = samples + 1
      end)
      if op_type == "GlobalAveragePool" then elementwise = elementwise + 1 end
      if op_type == "GlobalLpPool" then roots = roots + 1 end
    end)
    check(op_type, 11, {type_of(batch, channels, space)}, {}, {elementwise = elementwise, transcendentals = roots})
  end))
end)

-- ---- matrices ----

-- A batch of dimensions that broadcasts to `dims`: fewer of them, some 1.
local function narrowed(dims)
  local list = {}
  for i = random(1, #dims + 1), #dims do list[#list + 1] = chance(30) and 1 or dims[i] end
  return list
end

local function broadcast(a, b)
  local dims = {}
  for i = 1, math.max(#a, #b) do
    local left, right = a[#a - i + 1] or 1, b[#b - i + 1] or 1
    table.insert(dims, 1, math.max(left, right))
  end
  return dims
end

describe("a count by loops is what the cost of", function()
  it("Gemm is", repeated(ROUNDS, function()
    local m, n, k, turn_a, turn_b = random(1, 5), random(1, 5), random(1, 5), random(0, 1), random(0, 1)
    local macs, elementwise, has_c = 0, 0, chance(50)
    each_place({m, n}, function()
      for _ = 1, k do macs = macs + 1 end
      if has_c then elementwise = elementwise + 1 end
    end)
    local inputs = {turn_a == 1 and type_of(k, m) or type_of(m, k), turn_b == 1 and type_of(n, k) or type_of(k, n)}
    if has_c then inputs[3] = type_of(chance(50) and m or 1, n) end
    check("Gemm", 13, inputs, {transA = turn_a, transB = turn_b}, {macs = macs, elementwise = elementwise})
  end))

  it("MatMul is, for all ranks", repeated(3 * ROUNDS, function()
    local m, n, k, batch = random(1, 4), random(1, 4), random(1, 4), random_list(random(0, 3), 1, 3)
    local is_row, is_column = chance(20), chance(20)
    local left, right = is_row and {} or narrowed(batch), is_column and {} or narrowed(batch)
    local macs = 0
    each_place(broadcast(left, right), function()
      for _ = 1, is_row and 1 or m do
        for _ = 1, is_column and 1 or n do
          for _ = 1, k do macs = macs + 1 end
        end
      end
    end)
    local inputs = {is_row and type_of(k) or type_of(left, m, k), is_column and type_of(k) or type_of(right, k, n)}
    check("MatMul", 13, inputs, {}, {macs = macs, elementwise = 0})
  end))
end)

-- ---- Einsum ----

-- A term of random labels: {text, type, labels = set}; the ellipsis is labels of its own, aligned at their end.
local function random_term(sizes, ellipsis)
  local term, dims = {labels = {}, list = {}}, {}
  local text = {}
  for _ = 1, random(1, 3) do
    local label = pick {"a", "b", "c", "d"}
    text[#text + 1], dims[#dims + 1], term.labels[label] = label, sizes[label], sizes[label]
    term.list[#term.list + 1] = label
  end
  if ellipsis then
    text[#text + 1] = "..."
    local own = narrowed(ellipsis)
    for i, dim in ipairs(own) do
      dims[#dims + 1], term.labels["." .. #own - i] = dim, dim
    end
  end
  term.text, term.type = table.concat(text), type_of(dims)
  return term
end

local function joined(a, b)
  local labels = {}
  for label, size in pairs(a) do labels[label] = size end
  for label, size in pairs(b) do labels[label] = math.max(size, labels[label] or 1) end
  return labels
end

local function combinations(labels)
  local sizes, count = {}, 0
  for _, size in pairs(labels) do sizes[#sizes + 1] = size end
  each_place(sizes, function() count = count + 1 end)
  return count
end

-- The labels of the output, random ones of all or (implicit) those that occur once.
local function random_output(terms, is_implicit)
  local seen, kept, text = {}, {}, {}
  for _, term in ipairs(terms) do
    for _, label in ipairs(term.list) do seen[label] = (seen[label] or 0) + 1 end
  end
  for _, label in ipairs {"d", "b", "a", "c"} do
    if seen[label] and (is_implicit and seen[label] == 1 or not is_implicit and chance(50)) then
      kept[label], text[#text + 1] = true, label
    end
  end
  return kept, table.concat(text)
end

local function is_gone(label, terms, from, kept)
  if kept[label] or label:sub(1, 1) == "." then return false end
  for i = from, #terms do
    if terms[i].labels[label] then return false end
  end
  return true
end

-- Pairs from left to right: every combination of labels is a product, which is added up when a label goes.
local function count_einsum(terms, kept)
  local macs, elementwise, left = 0, 0, terms[1].labels
  for i = 2, #terms do
    left = joined(left, terms[i].labels)
    local rest, is_sum = {}, false
    for label, size in pairs(left) do
      if is_gone(label, terms, i + 1, kept) then is_sum = true else rest[label] = size end
    end
    if is_sum then macs = macs + combinations(left) else elementwise = elementwise + combinations(left) end
    left = rest
  end
  if #terms > 1 then return macs, elementwise end
  local rest = {}
  for label, size in pairs(left) do
    if not is_gone(label, terms, 2, kept) then rest[label] = size end
  end
  return 0, combinations(left) - combinations(rest) -- the first of each sum is no addition
end

describe("a count by loops is what the cost of", function()
  it("Einsum is", repeated(3 * ROUNDS, function()
    local sizes = {a = random(2, 4), b = random(2, 4), c = random(2, 4), d = random(2, 4)}
    local ellipsis = chance(40) and random_list(random(0, 2), 2, 3) or nil
    local terms, texts, inputs = {}, {}, {}
    for i = 1, random(1, 3) do
      terms[i] = random_term(sizes, ellipsis)
      texts[i], inputs[i] = terms[i].text, terms[i].type
    end
    local is_implicit = chance(20)
    local kept, output = random_output(terms, is_implicit)
    local equation = table.concat(texts, chance(50) and "," or " , ")
    if not is_implicit then equation = equation .. "->" .. (ellipsis and "..." or "") .. output end
    local macs, elementwise = count_einsum(terms, kept)
    check("Einsum", 12, inputs, {equation = equation}, {macs = macs, elementwise = elementwise})
  end))
end)

-- ---- recurrent operators ----

describe("a count by loops is what the cost of", function()
  it("RNN, GRU and LSTM is", repeated(3 * ROUNDS, function()
    local op_type = pick {"RNN", "GRU", "LSTM"}
    local gates = ({RNN = 1, GRU = 3, LSTM = 4})[op_type]
    local steps, batch, size, hidden = random(1, 4), random(1, 3), random(1, 3), random(1, 3)
    local direction = pick {"forward", "reverse", "bidirectional"}
    local directions, layout = direction == "bidirectional" and 2 or 1, random(0, 1)
    local lengths = chance(50) and random_list(batch, 1, steps) or nil
    local macs, calls = 0, 0
    for _ = 1, directions do
      for b = 1, batch do
        for _ = 1, lengths and lengths[b] or steps do
          for _ = 1, hidden do
            for _ = 1, gates do macs = macs + size + hidden end
            calls = calls + gates + (op_type == "LSTM" and 1 or 0)
          end
        end
      end
    end
    local inputs = {layout == 1 and type_of(batch, steps, size) or type_of(steps, batch, size),
      type_of(directions, gates * hidden, size), type_of(directions, gates * hidden, hidden), false}
    if lengths then inputs[5] = {"int32", table.unpack(lengths)} end
    local attributes = {direction = direction, layout = layout, hidden_size = chance(70) and hidden or nil}
    check(op_type, 14, inputs, attributes, {macs = macs, transcendentals = calls})
  end))
end)
