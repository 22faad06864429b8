-- onnxdoc rules: the list, a page, examples run, a new rule.

local helpers = require "reports.helpers"
local json = require "onnxdoc.json"

describe("onnxdoc rules", function()
  local scratch
  before_each(function()
    scratch = helpers.new()
    scratch:mkdir(".git")
  end)
  after_each(function() scratch:remove() end)

  local function run(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" rules ' .. words)
    assert.equal(wanted or 0, code, err)
    return out, err
  end

  it("lists them, as text and as JSON", function()
    local out = run ""
    assert.truthy(out:find("\nunused_initializers +warning +hygiene +Initializers that nothing uses"), out)
    local list = assert(json.decode(run "--json"))
    assert.is_true(#list >= 30)
    for _, rule in ipairs(list) do
      assert.equal("shipped", rule.origin)
      assert.truthy(rule.id and rule.severity and rule.title and rule.examples > 0)
    end
  end)

  it("shows one rule's page", function()
    local out = run "budget_flops"
    assert.truthy(out:find("^budget_flops  error, budget"), out)
    assert.truthy(out:find("Options (--set budget_flops.NAME=VALUE)\n  max = no limit\n", 1, true), out)
    local _, err = run("unused_initialisers", 2)
    assert.equal("onnxdoc: there is no rule 'unused_initialisers'; did you mean 'unused_initializers'?\n", err)
  end)

  it("runs the examples of all rules, or of a folder", function()
    assert.truthy(run("test"):find("^%d+ rules, %d+ examples, 0 failed\n$"))
    scratch:mkdir("pack")
    scratch:write("pack/bad.lua", [[return {severity = "info", title = "t", check = function() end,
      examples = {fires = {"g (float[1] x) => (y) { y = Relu(x) }"}, silent = {"nonsense"}}}]])
    scratch:write("pack/worse.lua", "return {severity = 'info', titel = 't'}")
    local out = run("test pack", 1)
    assert.truthy(out:find("FAIL bad fires[1]: gives 0 findings, one is wanted\n", 1, true), out)
    assert.truthy(out:find("FAIL bad silent[1]: no model: ", 1, true), out)
    assert.truthy(out:find("FAIL worse: pack/worse.lua: field 'check' is missing\n", 1, true), out)
    assert.truthy(out:find("2 rules, 2 examples, 3 failed\n", 1, true), out)
    local _, err = run("test nowhere", 3)
    assert.truthy(err:find("nowhere: not a folder", 1, true), err)
  end)

  it("writes a new rule that works, over no other file", function()
    run "new mine"
    assert.equal("1 rule, 2 examples, 0 failed\n", (run "test .onnxdoc/rules"))
    assert.truthy(run("mine"):find("project: ", 1, true))
    local _, err = run("new mine", 4)
    assert.truthy(err:find("is there already", 1, true), err)
    _, err = run("new ../mine", 2)
    assert.truthy(err:find("can be no rule's name", 1, true), err)
    run("new test", 2)
    run("new", 2)
  end)
end)
