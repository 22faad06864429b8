--- Whether a model is there to be trained: then what else would be a leftover of training is on purpose.

local lists = require "onnxdoc.lists"

local training = {}

-- Losses, optimizers, and what hands gradients on. A model for use has none of them.
local signs = lists.set [[SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss SoftmaxCrossEntropy
  SparseSoftmaxCrossEntropy SoftmaxCrossEntropyLossInternal SGD Adam AdamW AdamOptimizer AdamWOptimizer SGDOptimizer
  SGDOptimizerV2 LambOptimizer YieldOp GradientAccumulator InPlaceAccumulator InPlaceAccumulatorV2]]

local domains = lists.set "ai.onnx.preview.training ai.onnx.training"

--- Whether it has a loss, an optimizer, a place where gradients come in, or training graphs.
function training.is_intended(model)
  if #model.trainings > 0 then return true end
  for op in pairs(model.operators) do
    local domain, name = op:match("^(.+)%.([^.]+)$")
    if signs[name or op] or domains[domain] then return true end
  end
  return false
end

return training
