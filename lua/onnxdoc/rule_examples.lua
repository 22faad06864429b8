--- The examples of rules, run: each of examples.fires has to give exactly one finding, each of examples.silent none,
-- and neither may be undecided.
--
-- An example is a model in ONNX's text syntax, a function that makes one with a builder (of rules that run confined:
-- that gives such a text), or a table of {model = one of these, options = {…}, bindings = {…}}.

local findings = require "onnxdoc.findings"
local onnxdoc = require "onnxdoc"

local rule_examples = {}

local function build(make, is_confined)
  if is_confined then
    local source = make()
    if type(source) ~= "string" then error("the function gave a " .. type(source) .. ", a text is wanted", 0) end
    return source
  end
  local b = onnxdoc.build {opset = 17}
  local made = make(b)
  return type(made) == "string" and made or b
end

-- The model of an example; raises what is wrong with it.
local function model_of(example, is_confined)
  local source = example
  if type(example) == "table" then source = example.model end
  if type(source) == "function" then source = build(source, is_confined) end
  local model, message
  if type(source) == "string" then
    model, message = onnxdoc.parse(source)
  elseif type(source) == "table" then
    model, message = source:model()
  else
    message = "no text and no function"
  end
  return model or error("no model: " .. tostring(message), 0)
end

local function with_options(rule, given)
  local options = {}
  for name, default in pairs(rule.options or {}) do options[name] = default end
  for name, value in pairs(given or {}) do
    if options[name] == nil then error(("the rule has no option '%s'"):format(tostring(name)), 0) end
    options[name] = value
  end
  return setmetatable({options = options}, {__index = rule})
end

local function run(rule, example, wanted)
  local model <close> = model_of(example, rule.guard ~= nil)
  local given = type(example) == "table" and example or {}
  local bindings = require("onnxdoc.bindings").of(model, {dims = given.bindings}).values
  local found, outcome = findings.run(with_options(rule, given.options), model, bindings)
  if outcome.outcome == "failed" then return "failed: " .. outcome.reason end
  if wanted == "silent" and #found > 0 then return ("fires: %s"):format(found[1].message) end
  if wanted == "silent" and outcome.outcome == "undecided" then return "cannot decide: " .. outcome.reason end
  if wanted == "fires" and #found ~= 1 then
    return ("gives %d findings, one is wanted%s"):format(#found, outcome.reason and ": " .. outcome.reason or "")
  end
end

--- What is wrong with the examples of a rule: list of {example = "fires[1]", problem}; and how many there are.
function rule_examples.problems(rule)
  local problems, count = {}, 0
  for _, wanted in ipairs {"fires", "silent"} do
    for i, example in ipairs(rule.examples[wanted]) do
      count = count + 1
      local ok, problem = pcall(run, rule, example, wanted)
      if not ok and type(problem) == "table" then problem = problem.message or tostring(problem) end
      if not ok or problem then
        problems[#problems + 1] = {example = ("%s[%d]"):format(wanted, i), problem = tostring(problem)}
      end
    end
  end
  return problems, count
end

return rule_examples
