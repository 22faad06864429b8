-- Rules about architecture on models that are as they should be: none has a warning, and each finding is named here.

local findings = require "onnxdoc.findings"

local ids = {"missing_normalization", "no_skip_connections", "nonstandard_residuals", "no_activations", "oversized_dense",
  "large_embedding", "compute_bottleneck", "unusual_activations"}

local function run(model)
  local lines, bindings = {}, require("onnxdoc.bindings").of(model, {}).values
  for _, id in ipairs(ids) do
    local rule = setmetatable({id = id}, {__index = dofile("rules/" .. id .. ".lua")})
    local found, outcome = findings.run(rule, model, bindings)
    assert.are_not.equal("failed", outcome.outcome, outcome.reason)
    for _, finding in ipairs(found) do
      lines[#lines + 1] = ("%s %s %d"):format(finding.severity, finding.rule, finding.count)
    end
  end
  return lines
end

local expected = {bert_squad = {}, gpt2 = {}, llama = {}, moe = {}, whisper = {}, resnet50 = {}, qdq = {},
  unet = {"info nonstandard_residuals 3"}}

for name, lines in pairs(expected) do
  it(name, function() assert.are.same(lines, run(assert(require("models." .. name)():model()))) end)
end
