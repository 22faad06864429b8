--- What becomes of a graph's inputs on their way to its outputs, as long as they stay recognisable: passed on, laid out
-- anew, with something appended to them, with something written into them. No name is looked at.
--
--     local trace = carried.trace(graph, carried.summaries(model))
--     trace.marks[value]        what the value carries, nil for nothing
--     carried.sources(trace, mark)      a list of {input = Value, growth = nil or a Growth}
--
-- A mark is {label =, axes = list or nil, is_derived = true or nil}: axes[i] is the axis (from 1) of the input that
-- axis i of the value is, false for one that it did not have; is_derived says that the value is no longer the input's
-- own elements (repeated for heads, scaled). A Growth is
--
--   {kind = "append", node = Concat, axis =}                  axis of the value, from 1
--   {kind = "write", node = a scatter, axis = or nil}
--   {kind = "attention", node =, slot = "key", "value", "stacked"}     by an attention operator
--   {kind = "state", node =}                                  by a recurrent operator
--
-- with `value`, what its node was given of the input, and `axes` of that value as above. Labels form a graph that is
-- never copied: a source, a growth upon a label, or several labels in one value. Each value and edge is visited once;
-- calls of local functions go by a summary that is made once for each function; what runs through If comes out of it.
-- Loops are opaque.

local attention_cores = require "onnxdoc.attention_cores"

local set = require("onnxdoc.lists").set

local carried = {}

local LABELS = 1024    -- of one value, that are followed
local BUDGET = 400000  -- labels that are followed in one model
local SUMMARY = 64     -- ways of a function's inputs to one of its outputs

-- ---- labels ----

local function source_label(input) return {input = input} end
local function grown_label(from, growth) return {from = from, growth = growth} end

local function merged_label(labels)
  local parts, seen = {}, {}
  for _, label in ipairs(labels) do
    if not seen[label] then parts[#parts + 1] = label end
    seen[label] = true
  end
  return #parts == 1 and parts[1] or {parts = parts}
end

local function add_source(list, seen, input, growth)
  local of_input = seen[input] or {}
  seen[input] = of_input
  if of_input[growth or false] then return end
  of_input[growth or false] = true
  list[#list + 1] = {input = input, growth = growth}
end

-- A label's inputs, each with the growth that is nearest to it. The stack has a label and what grew above it.
local function collect_sources(top)
  local list, seen, stack, followed = {}, {}, {{top}}, 0
  local visited = {}
  while #stack > 0 and followed < LABELS do
    local label, growth = table.unpack(table.remove(stack), 1, 2)
    followed = followed + 1
    if label.input then add_source(list, seen, label.input, growth)
    elseif not visited[label] then
      visited[label] = true
      if label.from then stack[#stack + 1] = {label.from, label.growth} end
      for i = math.min(#(label.parts or {}), LABELS), 1, -1 do stack[#stack + 1] = {label.parts[i], growth} end
    end
  end
  return list, followed
end

--- The inputs that a mark leads to: a list of {input, growth}. It is empty once a model has taken more than its share;
-- summaries.is_cut says so, as it does when a label had too many parts.
function carried.sources(trace, mark)
  local label, summaries = mark.label, trace.summaries
  local followed
  if summaries.budget > 0 and not label.sources then label.sources, followed = collect_sources(label) end
  summaries.is_cut = summaries.is_cut or summaries.budget <= 0 or followed == LABELS
  if summaries.budget <= 0 then return {} end
  summaries.budget = summaries.budget - (followed or #label.sources)
  return label.sources
end

-- ---- axes ----

local function shape_of(value) return value.shape or value.declared_shape end

--- The axes of a value that is its own input: {1, 2, …}, nil when not even its rank is known.
function carried.own_axes(value)
  local shape, axes = shape_of(value), {}
  if not shape then return nil end
  for i = 1, #shape do axes[i] = i end
  return axes
end

--- An axis as it is written, counted from 0 or from the end, as one from 1; nil when there is no such.
function carried.axis_from_one(axis, rank)
  if math.type(axis) ~= "integer" or axis < -rank or axis >= rank then return nil end
  return axis < 0 and axis + rank + 1 or axis + 1
end

local axis_from_one = carried.axis_from_one

-- The axes that Squeeze and Unsqueeze name, by an attribute or an input: a set, from 1. nil when they are not known.
local function named_axes(node, rank)
  local list = node:attr("axes") or node.inputs[2] and node.inputs[2].known
  if type(list) ~= "table" or #list > 64 then return nil end
  local result = {}
  for _, axis in ipairs(list) do
    local place = axis_from_one(axis, rank)
    if not place then return nil end
    result[place] = true
  end
  return result
end

local axes_after = {}

function axes_after.Transpose(node, axes)
  local perm, result = node:attr("perm"), {}
  for i = 1, #axes do
    local from = perm and axis_from_one(perm[i], #axes) or not perm and #axes + 1 - i or nil
    if not from then return nil end
    result[i] = axes[from]
  end
  return result
end

function axes_after.Unsqueeze(node, axes, output)
  local shape = shape_of(output)
  local added, result, at = shape and named_axes(node, #shape), {}, 0
  if not added then return nil end
  for i = 1, #shape do
    if not added[i] then at = at + 1 end
    result[i] = not added[i] and axes[at] or false
  end
  return result
end

function axes_after.Squeeze(node, axes, _, input)
  local removed, shape, result = named_axes(node, #axes), shape_of(input), {}
  if not removed and (not shape or node.inputs[2]) then return nil end
  for i, axis in ipairs(axes) do
    local is_removed = removed and removed[i] or not removed and shape[i] == 1
    if not is_removed then result[#result + 1] = axis end
  end
  return result
end

-- One index takes its axis away, a list of them keeps it.
function axes_after.Gather(node, axes)
  local indices = node.inputs[2]
  local shape = indices and (indices.shape or indices.tensor and indices.tensor.shape)
  local axis = axis_from_one(node:attr("axis") or 0, #axes)
  if not shape or not axis or #shape > 1 then return nil end
  local result = table.move(axes, 1, #axes, 1, {})
  if #shape == 0 then table.remove(result, axis) end
  return result
end

-- Dimensions that are the same from the left and from the right stay what they were.
function axes_after.Reshape(_, axes, output, input)
  local before, after, result = shape_of(input), shape_of(output), {}
  if not before or not after then return nil end
  for i = 1, #after do result[i] = false end
  local left = 1
  while before[left] ~= nil and before[left] == after[left] do
    result[left] = axes[left]
    left = left + 1
  end
  for back = 0, math.min(#before, #after) - left do
    local from, to = #before - back, #after - back
    if before[from] ~= after[to] then break end
    result[to] = axes[from]
  end
  return result
end
axes_after.Flatten = axes_after.Reshape

--- The axes of what a node makes of `input`, whose own are `axes`, as in a mark: its output has them as they were,
-- unless the operator is known to turn them. nil where they cannot be followed.
function carried.axes_after(node, axes, output, input)
  if not axes then return nil end
  local after = axes_after[node.op]
  if after then return after(node, axes, output, input) end
  return axes
end

-- ---- what nodes do with a value they carry ----

local passing = set [[Identity Cast CastLike Reshape Transpose Squeeze Unsqueeze Flatten Split Slice Gather Dropout
  QuantizeLinear DequantizeLinear com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear]]
local deriving = set "Expand Tile"
local scaling = set "Mul Div"
local writing = set "Scatter ScatterElements ScatterND TensorScatter"

-- Recurrent operators: which input is the state, and which output is what it became.
local recurrent = {
  LSTM = {[6] = 2, [7] = 3}, GRU = {[6] = 2}, RNN = {[6] = 2},
  LinearAttention = {[4] = 2}, CausalConvWithState = {[4] = 2},
  ["com.microsoft.LinearAttention"] = {[4] = 2}, ["com.microsoft.CausalConvWithState"] = {[4] = 2},
  ["com.microsoft.GatedDeltaNet"] = {[7] = 2},
}

local function is_constant(value)
  return value ~= nil and (value.tensor ~= nil or value.is_constant)
end

local cache_kinds = {"key", "value", "stacked"}

-- The output that an attention operator makes of the cache it is given, and the kind of cache.
local function attention_output(node, value)
  local operator = attention_cores.operators[node.op]
  for _, kind in ipairs(operator and operator.past and cache_kinds or {}) do
    local name = operator.past[kind]
    if name and node.inputs[name] == value then return node.outputs[operator.present[kind]], kind end
  end
end

local function recurrent_output(node, value)
  for input, output in pairs(recurrent[node.op] or {}) do
    if node.inputs[input] == value then return node.outputs[output] end
  end
end

-- Where(mask, new, old) writes into what it is given.
local function is_written_by_where(node, value)
  return node.op == "Where" and node.inputs[1] ~= value
end

local function is_scaled(node, value)
  local other = node.inputs[1] == value and node.inputs[2] or node.inputs[1]
  return scaling[node.op] and other ~= value and is_constant(other)
end

-- The outputs that may carry what `value` carries, an empty list when the node takes no notice of it.
local function carrying_outputs(node, value, trace)
  local op = node.op
  if passing[op] or deriving[op] or writing[op] then
    return node.inputs[1] == value and node.outputs or {}
  end
  if op == "Concat" or is_written_by_where(node, value) or is_scaled(node, value) then return {node.outputs[1]} end
  if node.callee then return trace.summaries.functions[node.callee] and node.outputs or {} end
  return {attention_output(node, value) or recurrent_output(node, value)}
end

-- ---- the region: nodes that carry inputs, and how many carried values each waits for ----

-- Where the outputs of If's branches come out: value -> a list of {node, place}.
local function branch_exits(model)
  local exits = {}
  for node in model:nodes {op = "If"} do
    for _, branch in ipairs(node.subgraphs) do
      for place, value in ipairs(branch.outputs) do
        exits[value] = exits[value] or {}
        table.insert(exits[value], {node = node, place = place})
      end
    end
  end
  return exits
end

local function push_new(trace, value)
  if value and not trace.region[value] then
    trace.region[value] = true
    trace.queue[#trace.queue + 1] = value
  end
end

-- Calls visit(node, outputs) for whatever carries the value on.
local function each_step(trace, value, visit)
  for _, node in ipairs(value.consumers) do
    local outputs = carrying_outputs(node, value, trace)
    if #outputs > 0 then visit(node, outputs) end
  end
  for _, exit in ipairs(trace.summaries.exits[value] or {}) do visit(exit.node, {exit.node.outputs[exit.place]}) end
end

local function find_region(trace)
  local at = 1
  while trace.queue[at] do
    each_step(trace, trace.queue[at], function(node, outputs)
      trace.waiting[node] = (trace.waiting[node] or 0) + 1
      for i = 1, #outputs do push_new(trace, outputs[i]) end
    end)
    at = at + 1
  end
end

-- ---- marks ----

local function new_mark(label, axes, is_derived)
  return {label = label, axes = axes, is_derived = is_derived}
end

-- Marks of a list of Values; whether something new is among them, a value that carries nothing and is no constant; and
-- the first Value that has a mark.
local function input_marks(trace, inputs)
  local found, has_new, first = {}, false, nil
  for i = 1, #inputs do
    local value = inputs[i]
    local mark = value and trace.marks[value]
    if mark then
      found[#found + 1] = mark
      first = first or value
    elseif value and not is_constant(value) then has_new = true end
  end
  return found, has_new, first
end

local function labels_of(marks)
  local labels = {}
  for i, mark in ipairs(marks) do labels[i] = mark.label end
  return labels
end

local function grown_mark(mark, growth, value)
  growth.axes, growth.value = growth.axes or mark.axes, growth.value or value
  return new_mark(grown_label(mark.label, growth), mark.axes, mark.is_derived)
end

-- Whether all of the marks are inputs as they came, and not of the same one.
local function are_different_inputs(marks)
  local differ = false
  for _, mark in ipairs(marks) do
    if not mark.label.input then return false end
    differ = differ or mark.label ~= marks[1].label
  end
  return differ
end

-- Parts of one input come together again, or something new is put behind it: what is computed, or another input.
local function concat_mark(trace, node)
  local marks, has_new, old = input_marks(trace, node.inputs)
  local first = marks[1]
  if not first then return nil end
  local has_input_behind = are_different_inputs(marks)
  local label = has_input_behind and first.label or merged_label(labels_of(marks))
  local merged = new_mark(label, first.axes, first.is_derived)
  if not label.input or not (has_new or has_input_behind) then return merged end
  local shape = shape_of(node.outputs[1])
  local axis = shape and axis_from_one(node:attr("axis"), #shape)
  return grown_mark(merged, {kind = "append", node = node, axis = axis}, old)
end

-- ScatterND writes along its indices' first axis when they have one number each.
local function written_axis(node)
  local shape = shape_of(node.inputs[1])
  if not shape then return nil end
  if node.op ~= "ScatterND" then return axis_from_one(node:attr("axis") or 0, #shape) end
  local indices = node.inputs[2] and shape_of(node.inputs[2])
  return indices and indices[#indices] == 1 and 1 or nil
end

local function where_mark(trace, node)
  local marks, has_new, old = input_marks(trace, {node.inputs[2], node.inputs[3]})
  if #marks == 0 then return nil end
  if not has_new then return new_mark(merged_label(labels_of(marks)), marks[1].axes, marks[1].is_derived) end
  return grown_mark(marks[1], {kind = "write", node = node}, old)
end

local function slot_marks(trace, node, set_mark)
  for i = 1, #node.inputs do
    local value = node.inputs[i]
    local mark = value and trace.marks[value]
    if mark then
      local output, kind = attention_output(node, value)
      local growth = {kind = "attention", node = node, slot = kind}
      if output then set_mark(output, grown_mark(mark, growth, value)) end
      local state = recurrent_output(node, value)
      if state then set_mark(state, grown_mark(mark, {kind = "state", node = node}, value)) end
    end
  end
end

-- What a function's axes are of the caller's input.
local function composed_axes(inner, outer)
  if not inner or not outer then return nil end
  local axes = {}
  for i, axis in ipairs(inner) do axes[i] = axis and outer[axis] or false end
  return axes
end

-- A function's growth as its caller sees it.
local function called_growth(growth, mark)
  return {kind = growth.kind, node = growth.node, axis = growth.axis, slot = growth.slot, value = growth.value,
    axes = composed_axes(growth.axes, mark.axes) or {}}
end

local function call_marks(trace, node, set_mark)
  local summary, labels, axes = trace.summaries.functions[node.callee], {}, {}
  for i = 1, #node.inputs do
    local mark = node.inputs[i] and trace.marks[node.inputs[i]]
    for _, item in ipairs(mark and summary[i] or {}) do
      if item.output > #node.outputs then break end
      local label = item.growth and grown_mark(mark, called_growth(item.growth, mark)).label or mark.label
      labels[item.output] = labels[item.output] or {}
      table.insert(labels[item.output], label)
      axes[item.output] = axes[item.output] or composed_axes(item.axes, mark.axes)
    end
  end
  for place, list in pairs(labels) do
    if node.outputs[place] then set_mark(node.outputs[place], new_mark(merged_label(list), axes[place])) end
  end
end

local function if_marks(trace, node, set_mark)
  local lists = {}
  for _, branch in ipairs(node.subgraphs) do
    for place, value in ipairs(branch.outputs) do
      lists[place] = lists[place] or {}
      table.insert(lists[place], trace.marks[value])
    end
  end
  for place, marks in pairs(lists) do
    local first = marks[1]
    if first and node.outputs[place] then
      set_mark(node.outputs[place], new_mark(merged_label(labels_of(marks)), first.axes, first.is_derived))
    end
  end
end

local function pass_marks(trace, node, set_mark)
  local input = node.inputs[1]
  local mark = trace.marks[input]
  if scaling[node.op] and not mark then
    input = node.inputs[2]
    mark = trace.marks[input]
  end
  if not mark then return end
  local is_derived = mark.is_derived or deriving[node.op] or scaling[node.op] or nil
  for i = 1, #node.outputs do
    local output = node.outputs[i]
    local axes = output and carried.axes_after(node, mark.axes, output, input)
    if output then set_mark(output, new_mark(mark.label, axes, is_derived)) end
  end
end

local function mark_outputs(trace, node)
  local function set_mark(value, mark) trace.marks[value] = mark end
  local op = node.op
  if op == "Concat" or op == "Where" then
    trace.marks[node.outputs[1]] = (op == "Concat" and concat_mark or where_mark)(trace, node)
  elseif writing[op] then
    local mark = trace.marks[node.inputs[1]]
    if mark then
      local growth = {kind = "write", node = node, axis = written_axis(node)}
      set_mark(node.outputs[1], grown_mark(mark, growth, node.inputs[1]))
    end
  elseif op == "If" then if_marks(trace, node, set_mark)
  elseif node.callee then call_marks(trace, node, set_mark)
  elseif passing[op] or deriving[op] or scaling[op] then pass_marks(trace, node, set_mark)
  else slot_marks(trace, node, set_mark) end
end

-- Marks values as soon as all that their node waits for are marked.
local function mark_region(trace, inputs)
  local ready, at = table.move(inputs, 1, #inputs, 1, {}), 1
  while ready[at] do
    each_step(trace, ready[at], function(node)
      trace.waiting[node] = trace.waiting[node] - 1
      if trace.waiting[node] > 0 then return end
      mark_outputs(trace, node)
      for i = 1, #node.outputs do
        local output = node.outputs[i]
        if output and trace.region[output] then ready[#ready + 1] = output end
      end
    end)
    at = at + 1
  end
end

--- Marks all values of the graph, and of subgraphs in it, that carry one of its inputs.
function carried.trace(graph, summaries)
  local trace = {marks = {}, region = {}, queue = {}, waiting = {}, summaries = summaries}
  local inputs = {}
  for _, input in ipairs(graph.inputs) do
    if not input.tensor and not trace.region[input] then
      inputs[#inputs + 1] = input
      push_new(trace, input)
      trace.marks[input] = new_mark(source_label(input), carried.own_axes(input))
    end
  end
  find_region(trace)
  mark_region(trace, inputs)
  return trace
end

-- ---- functions ----

-- What a function does to each of its inputs: place of the input -> a list of {output, growth, axes}.
local function summarise(graph, summaries)
  local trace, places, summary = carried.trace(graph, summaries), {}, {}
  for i, input in ipairs(graph.inputs) do places[input] = i end
  for place, value in ipairs(graph.outputs) do
    local mark = trace.marks[value]
    for i, source in ipairs(mark and not mark.is_derived and carried.sources(trace, mark) or {}) do
      if i > SUMMARY then break end
      local of_input = places[source.input]
      summary[of_input] = summary[of_input] or {}
      table.insert(summary[of_input], {output = place, growth = source.growth, axes = mark.axes})
    end
  end
  return summary
end

-- Functions that are called in a function, or in a subgraph of it.
local function callees(model)
  local called = {}
  for _, graph in ipairs(model.graphs) do
    local root = graph
    while root.kind == "subgraph" and root.parent do root = root.parent end
    if root.kind == "function" then
      called[root] = called[root] or {}
      for node in graph:nodes() do
        if node.callee then table.insert(called[root], node.callee) end
      end
    end
  end
  return called
end

--- What carried.trace knows of a model beforehand: its functions, those that are called first, and what leaves Ifs.
function carried.summaries(model)
  local summaries = {functions = {}, exits = branch_exits(model), budget = BUDGET}
  local called, open = callees(model), {}
  local stack = table.move(model.functions, 1, #model.functions, 1, {})
  while #stack > 0 do
    local graph = stack[#stack]
    if open[graph] or summaries.functions[graph] then
      table.remove(stack)
      summaries.functions[graph] = summaries.functions[graph] or summarise(graph, summaries)
    else
      open[graph] = true
      for _, callee in ipairs(called[graph] or {}) do
        if not open[callee] then stack[#stack + 1] = callee end
      end
    end
  end
  return summaries
end

return carried
