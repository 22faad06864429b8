-- The cost verb: tables, other values of a symbol, what fits; and the facts verb with its schema.

local helpers = require "reports.helpers"

describe("onnxdoc cost", function()
  local scratch, json, onnxdoc
  setup(function()
    onnxdoc = require "onnxdoc"
    json = require "onnxdoc.json"
    scratch = helpers.new()
    scratch:write("evil.onnx", helpers.evil_model())
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {"batch", 8})
    for layer = 1, 3 do
      local w = b:constant("w" .. layer, "float32", {8, 8}, {random = layer})
      x = b:op("MatMul", {x, w}, {}, {name = ("net/layer_%d/dense/MatMul"):format(layer)})
      x = b:op("Tanh", {x}, {}, {name = ("net/layer_%d/act/Tanh"):format(layer)})
    end
    b:output(x)
    assert(b:save(scratch:path("m.onnx")))
    local odd = onnxdoc.build{opset = {[""] = 17, ["com.acme"] = 1}}
    local y = odd:op("com.acme.Odd", {odd:input("x", "string", {"N"})})
    odd:output(odd:op("Relu", {y}))
    assert(odd:save(scratch:path("odd.onnx")))
  end)
  teardown(function() scratch:remove() end)

  local function cost(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" cost ' .. words)
    assert.equal(wanted or 0, code, err)
    return out, err
  end
  -- Columns are as wide as what is in them: runs of spaces count as one.
  local function has(text, part)
    assert.truthy(text:gsub(" +", " "):find((part:gsub(" +", " ")), 1, true), ("no '%s' in:\n%s"):format(part, text))
  end

  it("adds up by layer, in their order", function()
    local b = onnxdoc.build{opset = 17}
    local x = b:op("Abs", {b:input("x", "float32", {2, 8})})
    for i = 1, 20 do
      x = b:op("MatMul", {x, b:constant("w" .. i, "float32", {8, 8}, {random = i})})
      x = b:op("Tanh", {b:op("Neg", {b:op("Exp", {b:op("Neg", {x})})})})
    end
    b:output(b:op("Softmax", {x}), "float32", {2, 8})
    assert(b:save(scratch:path("layers.onnx")))
    local rows = json.decode((cost("--by layer --format json layers.onnx"))).rows
    assert.equal(22, #rows)
    assert.equal("stem", rows[1].layer)
    assert.equal("layer 20", rows[21].layer)
    assert.equal(128, rows[21].macs)
    assert.equal(5, rows[21].nodes)
    assert.equal("head", rows[22].layer)
    local shown = cost("--by layer layers.onnx")
    assert.is_truthy(shown:find("\nlayer 20 ", 1, true))
    assert.is_nil(cost("--by layer --top 3 layers.onnx"):find("\nlayer 20 ", 1, true))
    assert.is_truthy(cost("--by layer odd.onnx"):find("\nelsewhere ", 1, true))
  end)

  it("shows totals with formulas, the peak, coverage, and operators", function()
    local out = cost "m.onnx"
    has(out, "m.onnx  at batch = 1 (default)")
    has(out, "MACs                  192  = 192*batch")
    has(out, "FLOPs                 384  384 in matrix products")
    has(out, "Peak activation    64 bytes  = 64*batch")
    has(out, "6 of 6 nodes have a cost")
    has(out, "MatMul        3   192    384  100.0%")
    for line in out:gmatch("[^\n]+") do assert.is_true(utf8.len(line) <= 110, line) end
  end)

  it("takes values for symbols, by role and by name", function()
    has(cost "-b 4 m.onnx", "at batch = 4\n")
    has(cost "--dim batch=4 m.onnx", "MACs                   768")
    local _, err = cost("--seq 4 m.onnx", 2)
    has(err, "m.onnx: the model has no symbol of the role 'seq'; it has 'batch'")
    _, err = cost("--dim bach=4 m.onnx", 2)
    has(err, "the model has no symbol 'bach'; it has 'batch'")
    _, err = cost("-b 4 --dim batch=5 m.onnx", 2)
    has(err, "batch is given as 5 and, by --batch, as 4")
    _, err = cost("--dim batch=0 m.onnx", 2)
    has(err, "batch cannot be 0: it is at least 1")
    _, err = cost("--dim batch m.onnx", 2)
    has(err, "'batch' is no NAME=N")
    _, err = cost("--value x=1,two m.onnx", 2)
    has(err, "'two' is no number")
  end)

  it("says what a derived dimension cannot be, and why", function()
    local model = onnxdoc.build{text = [[g (float[B,past,4] p, float[B,seq,4] x) => (float[B,total,4] y) {
      y = Concat <axis = 1> (p, x) }]]}
    assert(model:save(scratch:path("past.onnx")))
    local _, err, code = scratch:run('"$onnxdoc" cost --dim total=5 past.onnx')
    assert.equal(2, code)
    assert.equal("onnxdoc: past.onnx: total is past + seq and cannot be 5 where seq = 128\n", err)
    local out = scratch:run('"$onnxdoc" cost --dim total=200 past.onnx')
    assert.truthy(out:find("past = 72, seq = 128 (default)", 1, true), out)
  end)

  it("binds before it infers where symbols were only taken to be equal", function()
    local tied = onnxdoc.build{opset = 17}
    tied:output(tied:op("Add", {tied:input("x", "float32", {"A", 3}), tied:input("y", "float32", {"B", 3})}))
    assert(tied:save(scratch:path("tied.onnx")))
    has(cost "--dim A=5 tied.onnx", "FLOPs 15")
    has(cost "--dim A=1 --dim B=5 tied.onnx", "FLOPs 15")
    local _, err = cost("--dim A=2 --dim B=5 tied.onnx", 2)
    has(err, "tied.onnx: 'Add' 'Add_0': dimensions to broadcast differ: 2 and 5")
  end)

  it("goes on with the next model where one lacks a symbol", function()
    local out, err = cost("--seq 7 m.onnx tied.onnx odd.onnx", 2)
    has(err, "m.onnx: the model has no symbol of the role 'seq'")
    has(err, "odd.onnx: ")
    assert.equal("", out)
    out, err = cost("--dim batch=3 tied.onnx m.onnx", 2)
    has(out, "m.onnx at batch = 3")
    has(err, "tied.onnx: the model has no symbol 'batch'; it has 'A', 'B'")
  end)

  it("takes defaults from the user's own file", function()
    scratch:mkdir "config"
    scratch:mkdir "config/onnxdoc"
    scratch:write("config/onnxdoc/defaults.lua", 'return {{role = "images", value = 5, names = {"^batch$"}}}')
    has(cost "m.onnx", "at batch = 5 (default)")
    scratch:write("config/onnxdoc/defaults.lua", "return 3")
    local _, err = cost("m.onnx", 5)
    has(err, "defaults.lua: returns no table")
    os.remove(scratch:path "config/onnxdoc/defaults.lua")
  end)

  it("counts as other tools do", function()
    local out = cost "--compat all -b 2 m.onnx"
    has(out, "as torchvision 384 384")
    has(out, "as xla 768 768")
    has(cost "--compat thop m.onnx", "as thop 384 384")
  end)

  it("groups by node and by module", function()
    local out = cost "--by module m.onnx"
    has(out, "net/layer_1/dense      1")
    has(cost "--by module --depth 2 m.onnx", "net/layer_3      2    64")
    has(cost "--by node m.onnx", "net/layer_2/dense/MatMul")
    local rows = {}
    for line in cost "--by node --csv m.onnx":gmatch("[^\n]+") do rows[#rows + 1] = line end
    assert.equal("node,nodes,macs,flops,elementwise,transcendentals,bytes,unknown,formula", rows[1])
    assert.equal("net/layer_1/dense/MatMul,1,64,128,0,0,320,0,128*batch", rows[2])
    assert.equal(7, #rows)
  end)

  it("writes JSON", function()
    local all = assert(json.decode((cost "--json -b 2 m.onnx")))
    assert.equal(384, all.cost.macs.value)
    assert.equal(2, all.cost.macs.bindings.batch)
    assert.equal("MatMul", all.rows[1].op)
    assert.equal(384, all.rows[1].macs)
  end)

  it("varies a symbol", function()
    local out = cost "--vary batch=1..64 m.onnx"
    local lines = {}
    for line in out:gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.equal(8, #lines)
    has(lines[8], "64  12.29 k  24.58 k   1.54 k")
    assert.equal("3,576,1152,0,72,1920,192,", (cost "--vary batch=1,3 --csv m.onnx"):match("\n(3,[^\n]*)"))
    local rows = json.decode((cost "--vary batch=2..4:1 --json m.onnx")).rows
    assert.same({2, 3, 4}, {rows[1].value, rows[2].value, rows[3].value})
    for _, wrong in ipairs {"batch", "batch=", "batch=a", "=1..2", "batch=4..1", "batch=1.5"} do
      local _, err = cost(("--vary '%s' m.onnx"):format(wrong), 2)
      has(err, "is wanted")
    end
    local _, err = cost("--vary height=1,2 m.onnx", 2)
    has(err, "no symbol or role 'height'; it has 'batch'")
    for words, message in pairs {["batch=0,1"] = "batch cannot be 0: it is at least 1",
      ["batch=-3"] = "batch cannot be -3", ["batch=1..5000:1"] = "more than 1000 values"} do
      _, err = cost(("--vary %s m.onnx"):format(words), 2)
      has(err, message)
    end
    rows = json.decode((cost "--vary batch=1..9223372036854775807:9223372036854775807 --json m.onnx")).rows
    assert.equal(1, #rows)
    assert.equal(64, #json.decode((cost "--vary batch=1..9223372036854775807 --json m.onnx")).rows)
  end)

  it("says what fits only where the cache's size is known", function()
    assert.is_nil(require "onnxdoc.fits".at(nil, {}))
    local m = assert(onnxdoc.parse "g (float[N] x) => (float[N] y) { y = Relu (x) }")
    local need = require "onnxdoc.fits".need(m, {N = 1}, 0, {bytes = nil})
    assert.equal("the size of the KV cache is not known", need.unknown)
  end)

  it("tells contents that are given twice as they were written", function()
    local _, err = cost("--value x=1,2 --value x=1,3 m.onnx", 2)
    has(err, "x is given twice, as 1,2 and as 1,3")
  end)

  it("finds what fits", function()
    has(cost "--vram 1MiB m.onnx", "fits into 1MiB: 768 bytes weights + 64 bytes peak activation = 832 bytes")
    has(cost "--vram 1000 --solve batch m.onnx", "fits into 1000 up to batch = 3: 768 bytes weights + 192 bytes")
    has(cost "--vram 1000 --solve batch --precision fp16 m.onnx", "up to batch = 9: 384 bytes weights + 576 bytes")
    has(cost("--vram 800 m.onnx", 1), "exceeds 800: 768 bytes weights + 64 bytes")
    has(cost("--vram 800 --solve batch m.onnx", 1), "exceeds 800 already at batch = 1")
    assert.equal(3, json.decode((cost "--vram 1000 --solve batch --json m.onnx")).largest)
    has(cost "--vram 1MB odd.onnx", "unknown whether it fits into 1MB: the sizes of some activations are not known")
    for words, message in pairs {["--solve batch"] = "--solve needs --vram", ["--vram lots"] = "'lots' is no size",
      ["--vram 1MB --precision fp3"] = "'fp3' is no precision", ["--precision fp16"] = "--precision needs --vram"} do
      local _, err = cost(words .. " m.onnx", 2)
      has(err, message)
    end
  end)

  it("says what is missing from a sum", function()
    local out = cost "odd.onnx"
    has(out, "MACs             unknown")
    has(out, "no cost: 1 × com.acme.Odd: there is no cost rule for its operator")
    has(out, "0 of 2 nodes have a cost")
    local b = onnxdoc.build{opset = {[""] = 17, ["com.acme"] = 1}}
    local x = b:input("x", "float32", {2, 2})
    b:output(b:op("com.acme.Odd", {x}))
    b:output(b:op("MatMul", {x, x}))
    assert(b:save(scratch:path("part.onnx")))
    has(cost "part.onnx", "FLOPs ≥ 16 ≥ 16 in matrix products")
  end)

  it("shows no name as it is written", function()
    for _, words in ipairs {"evil.onnx", "--by node evil.onnx", "--by module evil.onnx"} do
      local out = cost(words)
      assert.is_nil(out:find("[\27\0]"))
    end
  end)

  it("explains its options", function()
    local out = scratch:run('"$onnxdoc" cost --help')
    for _, part in ipairs {"--by", "--vary", "--solve", "--vram", "--precision", "--batch", "--dim"} do has(out, part) end
  end)
end)

describe("onnxdoc facts", function()
  local scratch, json, schema, json_schema
  setup(function()
    require "onnxdoc"
    json = require "onnxdoc.json"
    json_schema = require "tests.json_schema"
    schema = assert(json.decode(assert(io.open("reports/facts.schema.json")):read("a")))
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    scratch:write("evil.onnx", helpers.evil_model())
    helpers.write_everything(scratch)
  end)
  teardown(function() scratch:remove() end)

  it("are as the schema says", function()
    for _, name in ipairs {"m.onnx", "evil.onnx", "everything.onnx"} do
      local out, err, code = scratch:run('"$onnxdoc" facts ' .. name)
      assert.equal(0, code, err)
      local facts = assert(json.decode(out))
      assert.is_nil(json_schema.problem(facts, schema))
      for _, section in ipairs(require "onnxdoc.facts".sections) do assert.is_table(facts[section], section) end
    end
  end)

  it("of several models are a line each", function()
    local out = scratch:run('"$onnxdoc" facts m.onnx everything.onnx')
    local count = 0
    for line in out:gmatch("[^\n]+") do
      assert.is_nil(json_schema.problem(assert(json.decode(line)), schema))
      count = count + 1
    end
    assert.equal(2, count)
  end)

  it("are the same bytes each time, and one section where one is asked for", function()
    local first, second = scratch:run('"$onnxdoc" facts everything.onnx'), scratch:run('"$onnxdoc" facts everything.onnx')
    assert.equal(first, second)
    local facts = json.decode((scratch:run('"$onnxdoc" facts --section cost m.onnx')))
    assert.is_table(facts.cost)
    assert.is_table(facts.cost.by_operator)
    assert.is_nil(facts.memory)
  end)

  it("say what is too large to be a number", function()
    local onnxdoc = require "onnxdoc"
    local b = onnxdoc.build{opset = 17}
    local n = 1 << 60
    b:output(b:op("Relu", {b:op("MatMul", {b:input("x", "float32", {"batch", n, n}), b:input("y", "float32", {n, n})})}))
    local m = assert(b:model())
    local facts = require("onnxdoc.facts").complete(require("onnxdoc.facts").of(m))
    assert.is_nil(json_schema.problem(assert(json.decode(json.encode(facts))), schema))
    assert.is_truthy(facts.cost.macs.unknown or facts.cost.macs.at_least)
    assert.equal("a value is past 2^127",
      (require("onnxdoc.facts").of(m, {dims = {batch = 1 << 60}}).memory.peak.unknown))
    assert(b:save(scratch:path("huge.onnx")))
    local out, err, code = scratch:run('"$onnxdoc" cost --dim batch=1000000000000000000 huge.onnx')
    assert.equal(0, code, err)
    assert.truthy(out:find("unknown", 1, true))
  end)

  it("are a field of a model, made section by section", function()
    local onnxdoc = require "onnxdoc"
    local m = assert(onnxdoc.parse "g (float[batch,4] x) => (y) { y = Exp (x) }")
    assert.equal(4, m.facts.cost.transcendentals.value)
    assert.equal("4*batch", m.facts.cost.transcendentals.formula)
    assert.equal("32*batch", m.facts.memory.peak.formula)
    assert.is_nil(rawget(m.facts, "parameters"))
    assert.equal(m.facts, m.facts)
    assert.is_nil(m.facts.nothing)
    assert.equal(12, m:with{dims = {batch = 3}}.facts.cost.transcendentals.value)
  end)

  it("are refused by the schema when they are wrong", function()
    local function problem(change)
      local facts = json.decode((scratch:run('"$onnxdoc" facts m.onnx')))
      change(facts)
      return json_schema.problem(facts, schema)
    end
    assert.equal("$: has an unknown property 'odd'", problem(function(f) f.odd = 1 end))
    assert.equal("$.cost.macs.value: is a string", problem(function(f) f.cost.macs.value = "1" end))
    assert.truthy(problem(function(f) f.coverage.nodes = -1 end):find("is below 0", 1, true))
    assert.truthy(problem(function(f) f.schema = nil end):find("lacks schema", 1, true))
  end)
end)
