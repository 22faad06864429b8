--- What outputs are, by the node that makes them: behind layout, each rule of the table below says what it gives. An
-- output that is a graph input, or hangs on none, is told first. Scores of which nothing says what they are have no
-- role.

local attention_cores = require "onnxdoc.attention_cores"
local carried = require "onnxdoc.carried"
local evidence = require "onnxdoc.roles.evidence"
local text = require "onnxdoc.text"

local set = require("onnxdoc.lists").set

local outputs = {rules = {}}

local STEPS = 50000 -- of all outputs: nodes that are looked at
local MANY = 1000   -- readers of one value; more are taken for a use of it

-- Calls claim(context) for the output at `place` (from 1; any when nil) of these operators. A context is {node, place,
-- value = what the node gives, output = the model's, chain = nodes of layout between them, cores, session}.
local function add(operators, place, claim)
  for op in pairs(set(operators)) do
    outputs.rules[op] = outputs.rules[op] or {}
    table.insert(outputs.rules[op], {place = place, claim = claim})
  end
end

local function by(context) return evidence.node(context.node) end

local function is_float(value)
  local dtype = value.dtype or value.declared_dtype
  return dtype == nil or dtype:find("float", 1, true) ~= nil
end

-- ---- axes ----

local from_one = carried.axis_from_one

-- Where an axis of the node's output is in the model's output, from 1.
local function axis_in_output(context, axis)
  local axes, value = carried.own_axes(context.value), context.value
  for i = #context.chain, 1, -1 do
    local node = context.chain[i]
    local output = node.outputs[1]
    axes = carried.axes_after(node, axes, output, value)
    value = output
  end
  for place, own in ipairs(axes or {}) do
    if own == axis then return place end
  end
end

-- The axis, from 1, that a softmax runs along, and how many numbers it sums up. Before opset 13 that is all axes from
-- the one given on.
local function softmax_axis(node, shape)
  local axis = from_one(node:attr "axis" or (node.opset < 13 and 1 or -1), #shape)
  if not axis then return nil end
  if node.domain ~= "" or node.opset >= 13 then return axis, shape[axis] end
  local product = attention_cores.product(table.move(shape, axis, #shape, 1, {}))
  return axis, product
end

local function classes_text(classes)
  return math.type(classes) and text.plural(classes, "class", "classes") or nil
end

-- ---- scores ----

local function softmax_claim(name)
  return function(context)
    local core, shape = context.cores()[context.node], context.value.shape
    if not is_float(context.output) then return nil end
    local axis, classes = nil, nil
    if shape then axis, classes = softmax_axis(context.node, shape) end
    local place = axis and axis_in_output(context, axis)
    local role = {role = core and "attention weights" or name, axis = place and place - 1, classes = classes,
      values = name == "probabilities" and {least = 0, most = 1} or {most = 0},
      why = ("%s makes them"):format(by(context))}
    local over = not core and classes_text(classes)
    role.constraint = place and ("%salong axis %d"):format(over and over .. " " or "", place - 1) or over or nil
    return role
  end
end

add("Softmax com.microsoft.QLinearSoftmax com.microsoft.BiasSoftmax", 1, softmax_claim "probabilities")
add("LogSoftmax", 1, softmax_claim "log probabilities")

add("Sigmoid com.microsoft.QLinearSigmoid", 1, function(context)
  if not is_float(context.output) then return nil end
  return {role = "sigmoid scores", values = {least = 0, most = 1}, constraint = "0 to 1, each by itself",
    why = ("%s makes them"):format(by(context))}
end)

add("LpNormalization", 1, function(context)
  return {role = "normalised vectors", constraint = ("length 1 in the %d-norm"):format(context.node:attr "p" or 2),
    why = ("%s makes them"):format(by(context))}
end)

-- ---- choices ----

local function choice_claim(name)
  return function(context)
    local input = context.node.inputs[1]
    local shape = input and input.shape
    local axis = shape and from_one(context.node:attr "axis" or 0, #shape)
    local values = axis and evidence.below(shape[axis])
    return {role = name, values = values, classes = values and values.most + 1,
      constraint = values and evidence.range(0, values.most) or nil,
      why = ("%s finds them%s"):format(by(context), axis and (" along axis %d of its input"):format(axis - 1) or "")}
  end
end

add("ArgMax", 1, choice_claim "indices of the greatest")
add("ArgMin", 1, choice_claim "indices of the least")

local function top_claim(what)
  return function(context)
    local ends = context.node:attr "largest" == 0 and "least" or "greatest"
    local input = context.node.inputs[1]
    local shape = input and input.shape
    local axis = shape and from_one(context.node:attr "axis" or -1, #shape)
    local values = what == "indices of the" and axis and evidence.below(shape[axis]) or nil
    return {role = what .. " " .. ends, values = values, constraint = values and evidence.range(0, values.most) or nil,
      why = ("%s finds them"):format(by(context))}
  end
end

add("TopK", 1, top_claim "the")
add("TopK", 2, top_claim "indices of the")

-- ---- classifiers of ai.onnx.ml ----

local function class_count(node)
  for _, name in ipairs {"classlabels_strings", "classlabels_int64s", "classlabels_ints"} do
    local list = node.attributes[name]
    if type(list) == "table" and #list > 0 then return #list end
  end
end

local classifiers = [[ai.onnx.ml.LinearClassifier ai.onnx.ml.SVMClassifier ai.onnx.ml.TreeEnsembleClassifier]]

add(classifiers, 1, function(context)
  local classes = class_count(context.node)
  return {role = "label", classes = classes, constraint = classes and "one of " .. text.count(classes) or nil,
    why = ("%s chooses it"):format(by(context))}
end)

-- What makes scores of a classifier add up to 1. Trees may vote so, but nothing says that they do.
local normalising = set "SOFTMAX"

local function scores_claim(context)
  local classes, transform = class_count(context.node), context.node:attr "post_transform"
  local role = {role = normalising[transform] and "probabilities" or "class scores", classes = classes,
    constraint = classes_text(classes), why = ("%s makes them"):format(by(context))}
  if transform == "LOGISTIC" or normalising[transform] then role.values = {least = 0, most = 1} end
  return role
end

add(classifiers, 2, scores_claim)

-- What is put beside its labels is what it was before.
add("ai.onnx.ml.ZipMap", 1, function(context)
  local scores, classes = context.node.inputs[1], class_count(context.node)
  if context.is_inner then return nil end
  local source = scores and outputs.role_of(context.session, scores, true)
  local is_known = source ~= nil and (source.role == "probabilities" or source.role == "class scores")
  return {role = is_known and source.role or "class scores", values = is_known and source.values or nil,
    classes = classes, constraint = classes_text(classes),
    why = is_known and source.why or ("%s gives each its label"):format(by(context))}
end)

-- A label that is picked out of a list by its number.
add("ai.onnx.ml.ArrayFeatureExtractor", 1, function(context)
  local list, index = context.node.inputs[1], context.node.inputs[2]
  if not list or not index or not (list.tensor or list.is_constant) or index.is_constant then return nil end
  local count = list.elements
  if math.type(count) ~= "integer" then return nil end
  return {role = "label", classes = count, constraint = "one of " .. text.count(count),
    why = ("%s picks it out of %s"):format(by(context), evidence.value(list))}
end)

-- ---- other operators that say what they give ----

local function named(operators, place, role, why, constraint)
  add(operators, place, function(context)
    return {role = role, constraint = constraint, why = why:format(by(context))}
  end)
end

named("NonMaxSuppression", 1, "selected boxes", "%s selects them", "rows of batch, class, box")
named("SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss com.microsoft.SoftmaxCrossEntropyLossInternal", 1, "loss",
  "%s computes it")
named("SoftmaxCrossEntropyLoss com.microsoft.SoftmaxCrossEntropyLossInternal", 2, "log probabilities", "%s makes them")
named("com.microsoft.BeamSearch com.microsoft.GreedySearch com.microsoft.Sampling com.microsoft.WhisperBeamSearch", 1,
  "token ids", "%s writes them")
named("Shape", 1, "shape", "%s reads it")

local function state_claim(kind, slot)
  return function(context)
    return {role = "next recurrent state", kind = kind, slot = slot,
      why = ("the %s state that %s ends with"):format(kind, by(context))}
  end
end

add("LSTM GRU RNN", 2, state_claim("hidden", "initial_h"))
add("LSTM", 3, state_claim("cell", "initial_c"))

-- ---- finding the node ----

local layout = set [[Identity Cast CastLike Reshape Squeeze Unsqueeze Transpose Flatten Dropout DequantizeLinear
  QuantizeLinear com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear]]

-- What a call gives for a parameter of its function.
local function operand_of(call, parameter)
  for place, value in ipairs(call.callee.inputs) do
    if value == parameter then return call.inputs[place] end
  end
end

-- The value of the main graph, or of functions it calls, that an output is a layout of. Functions are entered, and left
-- by their parameters.
local function trace_back(session, output)
  local value, chain, calls = output, {}, {}
  while value and session.steps > 0 do
    local node = value.producer
    session.steps = session.steps - 1
    if not node and #calls > 0 and value.is_input then value = operand_of(table.remove(calls), value)
    elseif not node or node.graph.kind == "subgraph" then return nil
    elseif node.callee then
      calls[#calls + 1] = node
      value = node.callee.outputs[value.output_index]
    elseif layout[node.op] and value == node.outputs[1] then
      chain[#chain + 1] = node
      value = node.inputs[1]
    else return value, chain end
  end
end

--- The role of a value by what makes it; nil when nothing tells. is_inner: asked for by another one's rule.
function outputs.role_of(session, output, is_inner)
  local value, chain = trace_back(session, output)
  if not value then return nil end
  local node = value.producer
  local context = {node = node, place = value.output_index, value = value, output = output, chain = chain,
    cores = session.cores, session = session, is_inner = is_inner}
  for _, rule in ipairs(outputs.rules[node.op] or {}) do
    local role = (rule.place == nil or rule.place == context.place) and rule.claim(context)
    if role then
      role.node = node
      return role
    end
  end
end

-- ---- inputs that come out, and constants ----

local function find_other_use(value)
  for i, node in ipairs(value.consumers) do
    if i > MANY or node.op ~= "Identity" then return true end
  end
  return false
end

-- Whether nothing but Identity reads a value; each is looked at once.
local function is_only_handed_on(session, value)
  local known = session.others
  if known[value] == nil then known[value] = find_other_use(value) end
  return not known[value]
end

-- is_all: nothing else is done with the input.
local function passed_role(session, output)
  local value, is_all = output, is_only_handed_on(session, output)
  while value.producer and value.producer.op == "Identity" and session.steps > 0 do
    session.steps = session.steps - 1
    value = value.producer.inputs[1]
    if not value then return nil end
    is_all = is_all and is_only_handed_on(session, value)
  end
  if value.producer or not value.is_input or value.graph.kind ~= "main" or value.tensor then return nil end
  return {role = ("pass-through of '%s'"):format(value.name), is_passed = true, is_all = is_all, of = value,
    node = output.producer,
    why = output.producer and ("%s hands it on"):format(evidence.node(output.producer)) or "it is the input itself"}
end

local function constant_role(output)
  if not (output.tensor or output.is_constant) then return nil end
  return {role = "constant", node = output.producer, why = "it depends on no input"}
end

-- ---- all ----

-- Which inputs of the model recurrent operators start with: node -> kind -> input.
local function started_states(inputs)
  local states = {}
  for input, role in pairs(inputs) do
    if role.role == "recurrent state" then
      states[role.node] = states[role.node] or {}
      states[role.node][role.kind] = input
    end
  end
  return states
end

local function pair_states(result)
  local states = started_states(result.inputs)
  for output, role in pairs(result.outputs) do
    local input = role.role == "next recurrent state" and states[role.node] and states[role.node][role.kind]
    if input then role.of, result.inputs[input].of = input, output end
  end
end

local function lazy_cores(model)
  local cores
  return function()
    if cores then return cores end
    cores = {}
    for _, core in ipairs(attention_cores.find(model)) do cores[core.node] = core end
    return cores
  end
end

--- Adds the roles of a model's outputs to what is known of its inputs: {inputs, outputs}.
function outputs.add(result, model)
  local session = {steps = STEPS, others = {}, cores = lazy_cores(model)}
  for _, output in ipairs(model.outputs) do
    result.outputs[output] = result.outputs[output] or passed_role(session, output) or constant_role(output)
      or outputs.role_of(session, output)
  end
  pair_states(result)
end

return outputs
