-- The examples of all shipped rules: each fires exactly once where it should, and stays silent on near misses.

local rule_examples = require "onnxdoc.rule_examples"
local rules = require "onnxdoc.rules"

describe("the shipped rule", function()
  for _, rule in ipairs(rules.load()) do
    if rule.origin == "shipped" then
      it(rule.id .. " does what its examples say", function()
        assert.same({}, (rule_examples.problems(rule)))
        assert.is_true(#rule.examples.silent >= 2, "near misses are wanted")
        for _, field in ipairs {"description", "category", "fix"} do assert.is_string(rule[field], field) end
      end)
    end
  end
end)
