-- What belongs to training in a model that is there to be used: random dropout, normalisation by the batch at hand,
-- nodes that work out gradients.

local operator_kinds = require "onnxdoc.operator_kinds"
local training = require "onnxdoc.training"

-- The value of a constant scalar, or nil.
local function constant(value)
  local known = value and value.is_constant and value.known
  return known and known[1]
end

-- Dropout is the identity before operator set 12, and behind it where training_mode is left out.
local function is_random(node)
  local mode = constant(node.inputs[3])
  local ratio = constant(node.inputs[2])
  return (mode == true or mode == 1) and ratio ~= 0
end

-- From operator set 14 on an attribute says so; before, the statistics that are given as further outputs.
local function normalises_by_batch(node)
  if node.opset >= 14 then return node:attr("training_mode") == 1 end
  return node.outputs[2] ~= nil
end

local function always() return true end

-- What nodes of an operator may be, and which of them are; nil for most.
local function judge(kind)
  if kind.op == "Dropout" and kind.opset then return "dropout", is_random end
  if kind.op == "BatchNormalization" and kind.opset then return "normalisation", normalises_by_batch end
  if kind.op_type:find("Grad$") then return "gradients", always end
end

return {
  severity = "warning", category = "hygiene", title = "Left over from training", confidence = "high",
  description = "Dropout in training mode makes outputs random, BatchNormalization in training mode makes them depend "
    .. "on the other examples of the batch, and gradients are computed for nobody. Models with a loss, an optimizer or "
    .. "training graphs are left alone.",
  fix = "Call model.eval() and export with TrainingMode.EVAL (PyTorch), or training=False (TensorFlow, Keras).",
  messages = {
    dropout = "Dropout nodes in training mode, which make outputs random: {count}",
    normalisation = "BatchNormalization nodes that normalise by the batch at hand instead of by stored statistics: "
      .. "{count}",
    gradients = "nodes that work out gradients, although there is no loss and no optimizer: {count}",
  },
  applies = function(model) return not training.is_intended(model) end,
  check = function(model, report)
    local found = {dropout = {}, normalisation = {}, gradients = {}}
    for _, kind in ipairs(operator_kinds.of(model)) do
      local key, is_left = judge(kind)
      for _, node in ipairs(key and kind.nodes or {}) do
        if is_left(node) then table.insert(found[key], node) end
      end
    end
    for _, key in ipairs {"dropout", "normalisation", "gradients"} do
      if #found[key] > 0 then report(found[key], key, {count = #found[key]}) end
    end
  end,
  examples = {
    fires = {
      [[g (float[2] x) => (float[2] y) <float ratio = {0.5}, bool mode = {1}> { y = Dropout(x, ratio, mode) }]],
      [[g (float[N,2,4,4] x) => (y)
          <float[2] s = {1, 1}, float[2] b = {0, 0}, float[2] m = {0, 0}, float[2] v = {1, 1}> {
          y, mean, var = BatchNormalization <training_mode = 1> (x, s, b, m, v)
        }]],
      [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[N] x) => (float[N] y) { y = com.microsoft.GeluGrad(x, x) }]],
    },
    silent = {
      [[g (float[2] x) => (float[2] y) <float ratio = {0.5}> { y = Dropout(x, ratio) }]],
      [[g (float[2] x) => (float[2] y) <float ratio = {0.5}, bool mode = {0}> { y = Dropout(x, ratio, mode) }]],
      -- Nothing is dropped.
      [[g (float[2] x) => (float[2] y) <float ratio = {0}, bool mode = {1}> { y = Dropout(x, ratio, mode) }]],
      [[g (float[N,2,4,4] x) => (y)
          <float[2] s = {1, 1}, float[2] b = {0, 0}, float[2] m = {0, 0}, float[2] v = {1, 1}> {
          y = BatchNormalization(x, s, b, m, v)
        }]],
      -- It is there to be trained.
      [[g (float[N,4] x, int64[N] label) => (float loss) <float ratio = {0.5}, bool mode = {1}> {
          d = Dropout(x, ratio, mode)
          loss = SoftmaxCrossEntropyLoss(d, label)
        }]],
    },
  },
}
