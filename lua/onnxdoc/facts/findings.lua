--- What rules find, and what they came to: all rules of the program, the user and the project, as onnxdoc check has
-- them.

local json = require "onnxdoc.json"

local section = {}

-- One for the process: rules are loaded once.
local plan

local function run(context)
  if not context.findings then
    plan = plan or require("onnxdoc.rule_plan").make {is_lenient = true}
    context.findings, context.outcomes = require("onnxdoc.findings").of(context.model, plan, context.binding.values)
  end
  return context.findings, context.outcomes
end

function section.findings(context) return json.array((run(context))) end

local lists = {["not applicable"] = "not_applicable"}

function section.checks(context)
  local checks = {}
  for _, name in ipairs {"clean", "fired", "undecided", "not_applicable", "failed"} do checks[name] = json.array() end
  local _, outcomes = run(context)
  for _, outcome in ipairs(outcomes) do
    local list = checks[lists[outcome.outcome] or outcome.outcome]
    list[#list + 1] = outcome.reason and {rule = outcome.rule, reason = outcome.reason} or outcome.rule
  end
  for _, rule in ipairs(plan.broken) do table.insert(checks.failed, {rule = rule.id, reason = rule.problem}) end
  return checks
end

return section
