-- RNN, GRU, LSTM.

local infer = require("tests.ops.one_node").infer

-- Types of the outputs of one node, and the codes of what is wrong. `inputs`: {type text or false, …}.
local function run(op, inputs, attributes, opset)
  return infer(op, inputs, attributes, op == "LSTM" and 3 or 2, opset or 14)
end

describe("recurrent operators", function()
  it("give all steps and the last one", function()
    assert.equal("float32[S,1,B,20] float32[1,B,20]", (run("RNN", {"float32[S,B,10]", "float32[1,20,10]", "float32[1,20,20]"},
      {hidden_size = 20})))
    assert.equal("float32[7,1,3,20] float32[1,3,20]", (run("GRU", {"float32[7,3,10]", "float32[1,60,10]", "float32[1,60,20]"},
      {hidden_size = 20, direction = "reverse"})))
    assert.equal("float16[S,2,B,20] float16[2,B,20] float16[2,B,20]",
      (run("LSTM", {"float16[S,B,10]", "float16[2,80,10]", "float16[2,80,20]"},
      {hidden_size = 20, direction = "bidirectional"})))
  end)

  it("have the batch in front with layout 1", function()
    local given = {"float32[B,S,10]", "float32[1,80,10]", "float32[1,80,20]",
      "float32[1,160]", "int32[B]", "float32[B,1,20]", "float32[B,1,20]", "float32[1,60]"}
    local found, codes = run("LSTM", given, {hidden_size = 20, layout = 1})
    assert.same({"float32[B,S,1,20] float32[B,1,20] float32[B,1,20]", ""}, {found, codes})
    local before = {"float32[S,B,10]", "float32[1,80,10]", "float32[1,80,20]"}
    assert.equal("float32[S,1,B,20]", (run("LSTM", before, {hidden_size = 20}, 7)):match("^%S+"))
  end)

  it("know the hidden size from the weights", function()
    assert.equal("float32[S,1,B,20] float32[1,B,20]", (run("GRU", {"float32[S,B,10]", "float32[1,60,10]", "float32[1,60,20]"})))
    assert.equal("float32[S,1,B,20] float32[1,B,20]", (run("GRU", {"float32[S,B,10]", "float32[1,60,10]", "float32"})))
    assert.equal("float32[S,1,B,H] float32[1,B,H]", (run("RNN", {"float32[S,B,10]", "float32[1,H,10]", "float32[1,H,H]"})))
  end)

  it("take the batch from a state when X is not known, and say so", function()
    local found, codes, m = run("RNN", {"float32", "float32[1,20,10]", "float32[1,20,20]", false, false, "float32[1,B,20]"})
    assert.same({"float32[y0:0,1,B,20] float32[1,B,20]", ""}, {found, codes})
    assert.equal("the shape of X is not known", m.gaps[1].reason)
  end)

  it("make batch sizes equal", function()
    local found, codes, m = run("RNN", {"float32[S,B,10]", "float32[1,20,10]", "float32[1,20,20]", false, "int32[C]", "float32[1,D,20]"})
    assert.same({"float32[S,1,B,20] float32[1,B,20]", ""}, {found, codes})
    assert.equal("derived derived", m.assumptions[1].kind .. " " .. m.assumptions[2].kind)
  end)

  it("report what does not fit", function()
    local function code(...) return select(2, run(...)) end
    assert.equal("rank", code("RNN", {"float32[S,B]", "float32[1,20,10]", "float32[1,20,20]"}))
    assert.equal("shape-mismatch", code("RNN", {"float32[S,B,11]", "float32[1,20,10]", "float32[1,20,20]"}))
    assert.equal("shape-mismatch", code("LSTM", {"float32[S,B,10]", "float32[1,60,10]", "float32[1,80,20]"}))
    assert.equal("attribute-value", code("RNN", {"float32[S,B,10]", "float32[1,20,10]", "float32[1,20,20]"}, {direction = "both"}))
    assert.equal("attribute-value", code("RNN", {"float32[S,B,10]", "float32[1,20,10]", "float32[1,20,20]"}, {hidden_size = -1}))
    assert.equal("shape-mismatch", code("RNN", {"float32[S,B,10]", "float32[2,20,10]", "float32[1,20,20]"}))
  end)
end)
