--- `onnxdoc check MODEL…`: what rules find in models, for people and for CI.

local baseline = require "onnxdoc.baseline"
local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local findings = require "onnxdoc.findings"
local json = require "onnxdoc.json"
local rule_plan = require "onnxdoc.rule_plan"
local text = require "onnxdoc.text"

local EXIT_NO, EXIT_SCRIPT = 1, 5

local function words_of(list)
  local words = {}
  for _, item in ipairs(list) do
    for word in item:gmatch("[^,]+") do words[#words + 1] = word end
  end
  return words
end

-- What the worker gives for one model.
local function check_model(model, path, binding, plan)
  local list, outcomes = findings.of(model, plan, binding.values)
  return json.encode {path = path, findings = json.array(list), outcomes = outcomes}
end

local function mark_known(results, known)
  for _, result in ipairs(results) do
    for _, finding in ipairs(result.findings or {}) do finding.known = known[finding.fingerprint] or nil end
  end
end

-- The exit code of one model's result.
local function code_of(result, fail_on, strict)
  local code = 0
  for _, finding in ipairs(result.findings or {}) do
    if findings.counts(finding, fail_on) then code = EXIT_NO end
  end
  for _, outcome in ipairs(result.outcomes or {}) do
    if outcome.outcome == "failed" then return EXIT_SCRIPT end
    if strict and outcome.outcome == "undecided" then code = EXIT_NO end
  end
  return code
end

local function collect(session, plan)
  local results = {}
  session:each_report(function(model, path, binding)
    return check_model(model, path, binding, plan)
  end, function(path, content, word, message)
    results[#results + 1] = content and assert(json.decode(content))
      or {path = path, error = {code = word, message = text.printable_lines(text.reason(path, message))}}
  end)
  return results
end

local function write_baseline(path, results)
  local all = {}
  for _, result in ipairs(results) do table.move(result.findings or {}, 1, #(result.findings or {}), #all + 1, all) end
  baseline.write(path, all)
end

return {
  summary = "What may be wrong with a model: findings of rules, for people and for CI.",
  description = "What may be wrong with a model: findings of rules. Exit code 1 when a finding is at least as bad as "
    .. "--fail-on says, 5 when a rule fails. Findings that a baseline knows, or that .onnxdoc.lua suppresses with a "
    .. "reason, do not count.",
  example = "onnxdoc check --fail-on warning --format sarif -o findings.sarif models/",
  models = "folders",
  whole = true,
  formats = {"text", "json", "sarif", "junit", "github", "gitlab"},
  color = true,
  bindings = true,
  options = {
    {"--fail-on", argname = "SEVERITY", choices = rule_plan.fail_on,
      description = "The least that makes the exit code 1: error (default), warning, info or never."},
    {"--strict", flag = true, description = "The exit code is 1, too, when a rule cannot decide."},
    {"--only", argname = "LIST", description = "Only these rules: ids (with * and ?), categories, severities."},
    {"--skip", argname = "LIST", description = "Not these rules."},
    {"--set", argname = "RULE.OPTION=VALUE", many = true,
      description = "An option of a rule, or its severity; once for each."},
    {"--rules", argname = "DIR", description = "The rules of this folder, too; they run confined."},
    {"--baseline", argname = "FILE", description = "Findings that are known already (see --write-baseline)."},
    {"--write-baseline", argname = "FILE", description = "Write down all findings as known."},
    {"--verbose", flag = true, description = "Also what is known or suppressed."},
  },
  run = function(options, session)
    if options.rules then files.add_folder("rules", options.rules) end
    local plan = rule_plan.make {only = options.only and words_of {options.only}, skip = words_of {options.skip},
      set = options.set}
    local known = options.baseline or plan.baseline
    known = known and baseline.read(known)
    local results = collect(session, plan)
    if known then mark_known(results, known) end
    if options.write_baseline then write_baseline(options.write_baseline, results) end
    local fail_on = options.fail_on or plan.fail_on or "error"
    for _, result in ipairs(results) do session:fail(code_of(result, fail_on, options.strict)) end
    session:write_all(function(write)
      require("onnxdoc.findings." .. options.format)(write, results, {color = session.color, verbose = options.verbose,
        rules = plan.rules, has_baseline = known ~= nil, fail_on = fail_on, strict = options.strict})
    end)
    if #plan.rules == 0 then failure(2, "check: no rule is left by --only and --skip") end
  end,
}
