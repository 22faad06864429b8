-- Runs all shipped rules over a model; prints the milliseconds that takes on top of its facts, rule files that are loaded
-- before not included.

local facts = require "onnxdoc.facts"
local findings = require "onnxdoc.findings"

local all = facts.of(model)
for _, section in ipairs(facts.sections) do
  if section ~= "findings" and section ~= "checks" then facts.complete(all[section]) end
end
local plan = require("onnxdoc.rule_plan").make {}
local start = os.clock()
findings.of(model, plan, facts.context(all).binding.values)
print((os.clock() - start) * 1000)
