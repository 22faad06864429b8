-- What a rule file has to be, and what its examples have to show.

local rule_examples = require "onnxdoc.rule_examples"
local rules = require "onnxdoc.rules"

local relu = "g (float[1] x) => (y) { y = Relu(x) }"
local sigmoid = "g (float[1] x) => (y) { y = Sigmoid(x) }"

-- A rule that fires on Relu, with other fields in place of its own.
local function rule_with(fields)
  local rule = {severity = "info", title = "t", examples = {fires = {relu}, silent = {sigmoid}},
    check = function(model, report)
      local found = {}
      for node in model:nodes{op = "Relu"} do found[#found + 1] = node end
      if #found > 0 then report(found, "{count} Relu", {count = #found}) end
    end}
  for name, value in pairs(fields or {}) do rule[name] = value ~= "none" and value or nil end
  return rule
end

describe("a rule file", function()
  it("is taken when its four fields are there", function() assert.is_nil(rules.problem(rule_with())) end)

  for problem, fields in pairs {
    ["field 'severity' is missing"] = {severity = "none"}, ["field 'title' is missing"] = {title = "none"},
    ["field 'check' is missing"] = {check = "none"}, ["field 'examples' is missing"] = {examples = "none"},
    ["field 'severity': got 'fatal', one of error, warning, info is wanted"] = {severity = "fatal"},
    ["unknown field 'fixx'; did you mean 'fix'?"] = {fixx = "x"}, ["unknown field 'zzzzzz'"] = {zzzzzz = "x"},
    ["field 'title': got number, a string is wanted"] = {title = 7},
    ["field 'needs': got 'luck', only shapes, costs are known"] = {needs = {"luck"}},
    ["examples.silent: at least one is wanted"] = {examples = {fires = {relu}}},
    ["examples: unknown field 'fire'"] = {examples = {fire = {relu}}},
    ["examples.fires[1]: got number, a text, a function or {model, options = …} is wanted"] =
      {examples = {fires = {1}, silent = {relu}}},
    ["option 'severity': every rule has that"] = {options = {severity = 1}},
    ["option 'most': the default is a function"] = {options = {most = print}},
  } do
    it("is refused: " .. problem, function() assert.equal(problem, rules.problem(rule_with(fields))) end)
  end

  it("returns a table", function() assert.equal("returns a number, a table is wanted", rules.problem(1)) end)
end)

describe("examples", function()
  local function problems(fields)
    local rule = rule_with(fields)
    rule.id = "r"
    local list, count = rule_examples.problems(rule)
    return list, count
  end

  it("hold", function()
    local list, count = problems()
    assert.same({}, list)
    assert.equal(2, count)
  end)

  it("may be built, and set options and numbers for symbols", function()
    assert.same({}, (problems {options = {most = 3}, examples = {
      fires = {function(b) b:output(b:op("Relu", {b:input("x", "float32", {1})})) end},
      silent = {function() return sigmoid end, {model = sigmoid, options = {most = 4}, bindings = {}}}}}))
  end)

  for problem, examples in pairs {
    ["fires[1]: gives 0 findings, one is wanted"] = {fires = {sigmoid}, silent = {sigmoid}},
    ["silent[1]: fires: 1 Relu"] = {fires = {relu}, silent = {relu}},
    ["fires[1]: the rule has no option 'most'"] = {fires = {{model = relu, options = {most = 1}}}, silent = {sigmoid}},
    ["silent[1]: no model: no text and no function"] = {fires = {relu}, silent = {{}}},
  } do
    it("do not hold: " .. problem, function()
      local list = problems {examples = examples}
      assert.equal(1, #list)
      assert.equal(problem, list[1].example .. ": " .. list[1].problem)
    end)
  end

  it("say what raises, and what cannot decide", function()
    local list = problems {check = function() error("oh", 0) end}
    assert.same({"failed: oh", "failed: oh"}, {list[1].problem, list[2].problem})
    list = problems {check = function(_, report) report.unknown("fog") end}
    assert.same({"gives 0 findings, one is wanted: fog", "cannot decide: fog"}, {list[1].problem, list[2].problem})
  end)
end)
