-- explain: what a value is, where its dimensions come from, why one is not known.

local helpers = require "reports.helpers"

describe("onnxdoc explain", function()
  local scratch
  setup(function()
    local onnxdoc = require "onnxdoc"
    scratch = helpers.new()
    local function save(name, text) assert(assert(onnxdoc.build{text = text}):save(scratch:path(name))) end
    save("m.onnx", [[g (float[A,64] x, float[B,64] y, int64[2] s) => (float[A,64] r) <float[64,8] w = {...}, int64[2] flat = {-1, 16}> {
      h = Shape(y)
      r = Reshape(x, h)
      q = MatMul(r, w)
      f = Reshape(q, flat)
      u = Reshape(x, s)
      c = com.acme.Odd(x)
      d = Relu(c)
      bad = Concat<axis = 7>(x, y)
    }]])
    save("evil.onnx", 'g (float["N\\x1b[31m"] x) => () { y = Relu(x) }')
  end)
  teardown(function() scratch:remove() end)

  local function explain(value, model)
    return scratch:run(('"$onnxdoc" explain "%s" %s'):format(value, model or "m.onnx"))
  end

  it("follows dimensions to inputs, initializers and computed shapes", function()
    local out, err, code = explain "f"
    assert.equal(0, code, err)
    assert.equal([[
value 'f': float32[floor(A/2),16]
  made by Reshape 'f' from float32[A,8], int64[2]
]], out:gsub("Reshape 'node %d'", "Reshape 'f'"):gsub("Reshape node %d+", "Reshape 'f'"):match("^.-\n.-\n"))
    assert.is_truthy(out:find("  axis 1 = 16: element 1 of 'flat', given to Reshape", 1, true), out)
    assert.is_truthy(out:find("  A: axis 0 of 'x'; at least 1; also B", 1, true), out)
    out = explain "q"
    assert.is_truthy(out:find("  axis 0 = A: axis 0 of input 'x'", 1, true), out)
    assert.is_truthy(out:find("  axis 1 = 8: axis 1 of initializer 'w'", 1, true), out)
  end)

  it("says what follows, what is held, and what is declared otherwise", function()
    local out = explain "r"
    assert.is_truthy(out:find("it follows that: ", 1, true), out)
    assert.is_truthy((explain "h"):find("  holds A, 64", 1, true))
  end)

  it("says why something is not known", function()
    assert.is_truthy((explain "u"):find("not known because the contents of input 1, a shape, are not known", 1, true))
    assert.is_truthy((explain "d"):find("not known because there is no rule for operator com.acme.Odd", 1, true))
    local out = explain "bad"
    assert.is_truthy(out:find("error: 'Concat'", 1, true) and out:find("axis 7 is outside a shape of rank 2", 1, true), out)
  end)

  it("suggests names, and leaves with 1", function()
    local out, err, code = explain "a"
    assert.equal("", out)
    assert.equal(1, code)
    assert.is_truthy(err:find("m.onnx: has no node, value, symbol or fact 'a'; there is 'flat', 'bad'", 1, true), err)
    assert.is_truthy((explain "fl"):find("value 'flat'", 1, true))
  end)

  it("shows names harmlessly", function()
    local out = explain("y", "evil.onnx")
    assert.is_nil(out:find("\27", 1, true))
    assert.is_truthy(out:find("axis 0 of 'x'", 1, true), out)
  end)
end)

describe("onnxdoc explain, of nodes, symbols and facts", function()
  local scratch
  setup(function()
    local onnxdoc = require "onnxdoc"
    scratch = helpers.new()
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {"batch", 8})
    local h = b:op("MatMul", {x, b:constant("w", "float32", {8, 4}, "zeros")}, {}, {name = "net/dense", outputs = {"h"}})
    local c = b:input("c", "bool", {})
    local yes, no = b:subgraph("yes"), b:subgraph("no")
    yes:output(yes:op("Exp", {h}, {}, {outputs = {"p"}}))
    no:output(no:op("Identity", {h}, {}, {outputs = {"q"}}))
    b:output(b:op("If", {c}, {then_branch = yes, else_branch = no}, {name = "choice", outputs = {"y"}}))
    assert(b:save(scratch:path("m.onnx")))
  end)
  teardown(function() scratch:remove() end)

  local function explain(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" explain ' .. words)
    assert.equal(wanted or 0, code, err)
    return out, err
  end
  local function has(text, part) assert.is_truthy(text:find(part, 1, true), ("no '%s' in:\n%s"):format(part, text)) end

  it("says a node's formula, numbers, dimensions, bytes and place", function()
    local out = explain "-b 3 net/dense m.onnx"
    has(out, "node MatMul 'net/dense', number 0 of graph")
    has(out, "  B: initializer 'w' float32[8,4]")
    has(out, "    axis 0 = batch: axis 0 of input 'x'")
    has(out, "  MACs = N(Y)*K\n    N(Y) = 4*batch, K = 8\n    = 32*batch = 96\n")
    has(out, "  FLOPs = 2*MACs + elementwise = 192\n")
    has(out, "  bytes: 96 read, 48 written, 128 weights")
    has(out, "  numbers at batch = 3")
    has(out, "of the file, ")
  end)

  it("shows both branches of an If", function()
    local out = explain "choice m.onnx"
    has(out, "then_branch: 0 MACs, 0 FLOPs each time")
    has(out, "else_branch: 0 MACs, 0 FLOPs each time")
  end)

  it("takes numbers, parts of names, symbols and facts", function()
    has(explain "'#0' m.onnx", "node MatMul 'net/dense'")
    has(explain "dense m.onnx", "node MatMul 'net/dense'")
    has(explain "batch m.onnx", "symbol batch: axis 0 of 'x'; at least 1")
    has(explain "cost.macs m.onnx", "cost.macs\n  32 MAC\n  = 32*batch\n  at batch = 1\n")
    has(explain "memory.alive.1.name m.onnx", "memory.alive.1.name\n  x")
    local _, err = explain("e m.onnx", 1)
    has(err, "has no node, value, symbol or fact 'e'; there is 'net/dense', 'choice'")
    _, err = explain("cost.nothing m.onnx", 1)
    has(err, "has no node, value, symbol or fact 'cost.nothing'")
    explain("'#99' m.onnx", 1)
  end)

  it("takes no name of the model for a part of a fact, and shows none as it is written", function()
    local text = [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 1],
      metadata_props: ["value": "v", "unit": "u", "how": "h", "bindings": "b"]>
      g (float["my dim",value] x, float[other,value] y) => (z) { z = Add (x, y) }]]
    assert(assert(require "onnxdoc".build{text = text}):save(scratch:path("names.onnx")))
    has(explain "model.metadata names.onnx", '"value":"v"')
    has(explain "cost.flops.bindings names.onnx", '"value":')
    has(explain "'my dim' names.onnx", "symbol my dim: axis 0 of 'x'; at least 1; also other")
    scratch:write("evil.onnx", helpers.evil_model())
    for _, what in ipairs {"'#0'", "cost.macs", "coverage.nodes"} do
      assert.is_nil(explain(what .. " evil.onnx"):find("[\27\0]"))
    end
  end)
end)
