-- rules/dynamic_input_shapes.lua on whole models: the model that started this project, and one with a cache.

local findings = require "onnxdoc.findings"

local function run(name, options)
  local model = assert(require("models." .. name)(options):model())
  local rule = setmetatable({id = "dynamic_input_shapes"}, {__index = dofile "rules/dynamic_input_shapes.lua"})
  return (findings.run(rule, model, require("onnxdoc.bindings").of(model, {}).values))
end

it("reports one class over three inputs, and the one that is harmless", function()
  local found = run "bert_squad"
  assert.are.equal(2, #found)
  local harmless, open = found[1], found[2]
  assert.are.same({1, 3}, {#harmless.values, #open.values})
  assert.matches("^unk__492 is open.* harmless", harmless.message)
  assert.matches("^unk__493 = unk__494 = unk__495 is open", open.message)
  assert.matches("MACs grow in proportion to it", open.message)
  assert.are.same({"info", "info"}, {harmless.severity, open.severity})
end)

it("tells batch, sequence and total apart, and what grows with them", function()
  local lines = {}
  for i, finding in ipairs(run "gpt2") do
    lines[i] = finding.message:match("^(.-) is open") .. ": " .. finding.message:match("MACs (.-);")
  end
  assert.are.same({"batch: grow in proportion to it while the others stay as they are",
    "sequence: grow in proportion to it while the others stay as they are",
    "past_sequence + sequence: grow in proportion to it while the others stay as they are"}, lines)
  assert.matches("as %-sequence", run("gpt2")[2].message)
end)

it("finds squares", function()
  local model = assert(require("onnxdoc").parse "g (float[s,8] x) => (float[s,s] y) { t = Transpose(x)  y = MatMul(x, t) }")
  local rule = setmetatable({id = "dynamic_input_shapes"}, {__index = dofile "rules/dynamic_input_shapes.lua"})
  assert.matches("MACs grow with its square in the end;", findings.run(rule, model, {s = 4})[1].message)
end)
