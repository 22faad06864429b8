-- The rules of hygiene, versions and metadata on whole models: built ones, and some that examples cannot show.

local findings = require "onnxdoc.findings"
local onnxdoc = require "onnxdoc"
local rules = require "onnxdoc.rules"
local scale = require "scale"
local wire = require "wire"

local pack = {"cancelling_pairs", "dead_nodes", "deprecated_operators", "duplicate_initializers", "foldable_constants",
  "hard_coded_batch", "initializers_as_inputs", "ir_version_lacks", "ir_version_too_old", "missing_metadata",
  "operator_not_in_opset", "training_leftovers", "unknown_operators", "unknown_opset", "unused_initializers"}

local by_id = {}
for _, rule in ipairs(rules.load()) do by_id[rule.id] = rule end

local function run(id, model, options)
  local rule = setmetatable({options = setmetatable(options or {}, {__index = by_id[id].options})}, {__index = by_id[id]})
  return findings.run(rule, model, {})
end

describe("the pack", function()
  it("finds no fault with models as exporters make them", function()
    for _, name in ipairs {"resnet50", "unet", "gpt2", "llama", "moe", "whisper", "qdq", "bert_squad"} do
      local model <close> = assert(require("tests.models." .. name) {weights = "zeros"}:model())
      for _, id in ipairs(pack) do
        local found, outcome = run(id, model)
        assert.not_equal("failed", outcome.outcome, outcome.reason)
        for _, finding in ipairs(found) do
          assert.equal("info", finding.severity, ("%s: %s: %s"):format(name, id, finding.message))
        end
      end
    end
  end)
end)

describe("dead nodes", function()
  it("may be a long chain, and are one finding", function()
    local b = onnxdoc.build {opset = 17}
    b:input("x", "float32", {4})
    b:op("Relu", {"x"}, {}, {outputs = {"y"}})
    local last = "x"
    for _ = 1, 20000 do last = b:op("Neg", {last}) end
    b:output("y", "float32", {4})
    local model <close> = assert(b:model())
    local found = run("dead_nodes", model)
    assert.equal(1, #found)
    assert.equal(20000, found[1].count)
  end)

  it("that read one value are looked at once each", function()
    local b = onnxdoc.build {opset = 17}
    b:input("x", "float32", {4})
    b:op("Relu", {"x"}, {}, {outputs = {"y"}})
    local shared = b:op("Exp", {"x"})
    local count = scale(30000)
    for _ = 1, count do b:op("Add", {shared, shared}) end
    b:output("y", "float32", {4})
    local model <close> = assert(b:model())
    local started = os.clock()
    local found = run("dead_nodes", model)
    assert.equal(count + 1, found[1].count)
    assert.is_true(os.clock() - started < 5)
  end)
end)

describe("initializers as inputs", function()
  it("may have no size", function()
    local bytes = wire.model{ir_version = 8, graph = {name = "g", input = {wire.value("w"), wire.value("v", "float32", {2})},
      initializer = {wire.tensor("w", "float32", {-1, 2}), wire.tensor("v", "float32", {2}, ("\1"):rep(8))},
      node = {wire.node("Add", {"w", "v"}, {"y"})}, output = {wire.value("y")}}}
    local model <close> = assert(onnxdoc.load_bytes(bytes))
    local found = run("initializers_as_inputs", model)
    assert.equal(1, #found)
    assert.equal(1, found[1].count)
  end)
end)

describe("duplicate initializers", function()
  local function model_of(data, count)
    local b = onnxdoc.build {opset = 17}
    local last = b:input("x", "float32", {64, 64}) or "x"
    for i = 1, count do last = b:op("Add", {last, b:constant("w" .. i, "float32", {64, 64}, data(i))}) end
    b:output(last)
    return assert(b:model())
  end

  it("are found among many, and say how much they waste", function()
    local model <close> = model_of(function(i) return {random = i % 3, low = -1, high = 1} end, 6)
    local found = run("duplicate_initializers", model)
    assert.equal(1, #found)
    assert.equal(3, found[1].count)
    assert.matches("49.15 KB of 98.30 KB could be saved", found[1].message, 1, true)
  end)

  it("that would have to be read beyond the limit are not decided", function()
    local model <close> = model_of(function() return {random = 1, low = -1, high = 1} end, 2)
    local found, outcome = run("duplicate_initializers", model, {max_bytes = 10000})
    assert.same({}, found)
    assert.equal("undecided", outcome.outcome)
    assert.matches("2 tensors look alike", outcome.reason, 1, true)
  end)

  it("are none where all elements are one number, or there is no data", function()
    for _, data in ipairs {"zeros", 1.5, "absent"} do
      local model <close> = model_of(function() return data end, 4)
      local found, outcome = run("duplicate_initializers", model)
      assert.same({}, found)
      assert.equal("clean", outcome.outcome)
    end
  end)

  it("may hold strings", function()
    local b = onnxdoc.build {opset = 17}
    b:constant("a", "string", {2}, {"cat", "dog"})
    b:constant("b", "string", {2}, {"cat", "dog"})
    b:op("Concat", {"a", "b"}, {axis = 0}, {outputs = {"y"}})
    b:output("y", "string", {4})
    local model <close> = assert(b:model())
    assert.equal(1, #run("duplicate_initializers", model, {min_bytes = 1}))
  end)
end)
