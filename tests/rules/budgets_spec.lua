-- Rules with a limit: what examples cannot show.

local findings = require "onnxdoc.findings"
local helpers = require "reports.helpers"
local onnxdoc = require "onnxdoc"
local rules = require "onnxdoc.rules"

local function run(id, source, options, bindings)
  local model = type(source) == "string" and assert(onnxdoc.parse(source)) or source
  local rule = rules.find(id)
  local merged = {}
  for name, default in pairs(rule.options) do merged[name] = default end
  for name, value in pairs(options or {}) do merged[name] = value end
  return findings.run(setmetatable({options = merged}, {__index = rule}), model,
    require("onnxdoc.bindings").of(model, {dims = bindings}).values)
end

local product = "g (float[N,64] x) => (y) <float[64,10] w = {...}> { y = MatMul(x, w) }"
local gap = "g (float[2,64] x) => (y) <float[64,10] w = {...}> { z = MatMul(x, w) y = some.Odd(z) }"
local budgets = {"budget_flops", "budget_macs", "budget_parameters", "budget_size", "budget_peak_memory", "budget_opset",
  "allowed_operators", "allowed_domains"}

describe("rules with a limit", function()
  it("do not apply until one is set", function()
    for _, id in ipairs(budgets) do
      local found, outcome = run(id, product)
      assert.equal(0, #found)
      assert.equal("not applicable", outcome.outcome)
    end
  end)

  it("say the value, the limit, the formula and the numbers", function()
    local found = run("budget_flops", product, {max = "5k"}, {N = 7})
    assert.equal("FLOPs: 8.96 k are more than the 5.00 k allowed: 1280*N at N = 7", found[1].message)
    assert.equal(8960, found[1].evidence.value)
    assert.equal(5000, found[1].evidence.limit)
    assert.equal("error", found[1].severity)
    local _, outcome = run("budget_flops", product, {max = "5k"}, {N = 3})
    assert.equal("clean", outcome.outcome)
    found = run("budget_flops", product, {max = 8959}, {N = 7})
    assert.equal("FLOPs: 8,960 are more than the 8,959 allowed: 1280*N at N = 7", found[1].message)
  end)

  it("cannot decide where nodes are missing from a sum that fits, and exceed where the rest is too much", function()
    for _, id in ipairs {"budget_flops", "budget_macs"} do
      local found, outcome = run(id, gap, {max = "50k"})
      assert.equal(0, #found)
      assert.equal("undecided", outcome.outcome)
      assert.truthy(outcome.reason:find("the cost of 1 node is not known", 1, true))
      found = run(id, gap, {max = 1000})
      assert.equal(1, #found)
      assert.truthy(found[1].message:find("at least", 1, true))
    end
    local found, outcome = run("budget_peak_memory", gap, {max = "1MB"})
    assert.equal(0, #found)
    assert.equal("undecided", outcome.outcome)
    found = run("budget_peak_memory", gap, {max = 10})
    assert.truthy(found[1].message:find("^peak activation: at least "))
  end)

  it("exceed at numbers past 2^63", function()
    local found = run("budget_flops", product, {max = "5P"}, {N = 1 << 60})
    assert.truthy(found[1].message:find("are more than the 5.00 P allowed", 1, true))
    found = run("budget_peak_memory", "g (float[N,M] x) => (y) { a = Relu(x) y = Relu(a) }", {max = "5PB"},
      {N = 1 << 40, M = 1 << 40})
    assert.equal(1, #found)
  end)

  it("count external data, whole", function()
    local scratch = helpers.new()
    local b = onnxdoc.build {opset = 17}
    b:output(b:op("Add", {b:input("x", "float32", {5000}), b:constant("w", "float32", {5000}, 1)}))
    assert(b:save(scratch:path("m.onnx"), {external = "m.data"}))
    local model <close> = assert(onnxdoc.load(scratch:path("m.onnx")))
    assert.truthy(run("budget_size", model, {max = 20000})[1].message:find("^size: 20"))
    local _, outcome = run("budget_size", model, {max = "40KB"})
    assert.equal("clean", outcome.outcome)
    os.remove(scratch:path("m.data"))
    local without <close> = assert(onnxdoc.load(scratch:path("m.onnx")))
    _, outcome = run("budget_size", without, {max = "40KB"})
    assert.equal("undecided", outcome.outcome)
    assert.truthy(outcome.reason:find("m.data", 1, true))
    scratch:remove()
  end)

  it("refuse a limit that is none before anything runs", function()
    local scratch = helpers.new()
    for setting, message in pairs {
      ["budget_flops.max=lots"] = "rule 'budget_flops': option 'max' is 'lots'; a number such as 50G",
      ["budget_size.max=-1"] = "rule 'budget_size': option 'max' is '-1'; a number such as 50G",
      ["budget_macs.max=true"] = "rule 'budget_macs': option 'max' is 'true'; a number such as 50G",
      ["budget_opset.max=17.5"] = "rule 'budget_opset': option 'max' is '17.5'; a whole number is wanted",
      ["budget_opset.min=new"] = "rule 'budget_opset': option 'min' is 'new'; a whole number is wanted",
    } do
      local out, err, code = scratch:run(("$onnxdoc check --set %s none.onnx"):format(setting))
      assert.equal("", out)
      assert.equal(2, code)
      assert.truthy(err:find(message, 1, true), err)
    end
    scratch:write(".onnxdoc.lua", "return {rules = {budget_flops = {max = {}}}}")
    local _, err, code = scratch:run("$onnxdoc check none.onnx")
    assert.equal(5, code)
    assert.truthy(err:find("rule 'budget_flops': option 'max' is 'table", 1, true), err)
    scratch:remove()
  end)

  it("say one finding for each operator and domain, with all nodes", function()
    local source = [[<ir_version: 8, opset_import: ["" : 17, "a" : 1, "b" : 1]>
      g (float[2] x) => (y) { p = a.P(x) q = a.Q(p) r = b.P(q) y = a.P(r) }]]
    local found = run("allowed_operators", source, {list = {"a.Q"}})
    assert.equal(2, #found)
    assert.equal("2 nodes of operator a.P, which is not allowed", found[1].message)
    assert.equal(2, found[1].count)
    assert.equal("1 node of operator b.P, which is not allowed", found[2].message)
    assert.equal(1, #run("allowed_domains", source, {list = {"a"}}))
  end)

  it("are set from the command line and from .onnxdoc.lua", function()
    local scratch = helpers.new()
    local b = onnxdoc.build {opset = 17}
    local x = b:input("x", "float32", {"batch", 64})
    b:output(b:op("MatMul", {x, b:constant("w", "float32", {64, 10}, "zeros")}))
    assert(b:save(scratch:path("m.onnx")))
    local function check(words, wanted)
      local out, err, code = scratch:run("$onnxdoc check --only budget_flops " .. words .. " m.onnx")
      assert.equal("", err)
      assert.equal(wanted, code, out)
      return out
    end
    check("-b 1", 0)
    check("--set budget_flops.max=50G -b 1", 0)
    assert.truthy(check("--set budget_flops.max=5k -b 4", 1):find("1280*batch at batch = 4", 1, true))
    check("--set budget_flops.max=5k --set budget_flops.severity=warning -b 4", 0)
    scratch:write(".onnxdoc.lua", "return {rules = {budget_flops = {max = '2k'}}}")
    check("-b 1", 0)
    check("-b 2", 1)
    scratch:write(".onnxdoc.lua", "return {rules = {budget_flops = {max = 1279}}}")
    check("-b 1", 1)
    scratch:remove()
  end)
end)
