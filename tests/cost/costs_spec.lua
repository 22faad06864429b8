-- Costs of whole models: sums, bodies, constants, shape arithmetic, gaps, large numbers.

local onnxdoc = require "onnxdoc"
local scale = require "tests.scale"

local function parse(text) return assert(onnxdoc.parse(text)) end
local function show(x) return tostring(x) end

describe("the seed model", function()
  local m, cost
  setup(function()
    m = assert(require "models.bert_squad"():model())
    cost = m.cost
  end)

  it("costs what is stated, as formulas", function()
    assert.equal("22952017920*unk__493", show(cost.macs))
    assert.equal("204280832*unk__493", show(cost.elementwise))
    assert.equal("18880768*unk__493", show(cost.transcendentals))
    assert.equal("46108316672*unk__493", show(cost.flops))
    assert.equal("45904035840*unk__493", show(2 * cost.macs))
    assert.equal("22952017920*unk__493", show(cost.macs_by_dtype.float32))
    assert.equal("exact", cost.bound)
  end)

  it("costs what is stated, at batch 1, 2, 4", function()
    for _, batch in ipairs {1, 2, 4} do
      local at = cost:at{unk__495 = batch}
      assert.equal(22952017920 * batch, at.macs)
      assert.equal(46108316672 * batch, at.flops)
      assert.equal(204280832 * batch, at.elementwise)
      assert.equal(18880768 * batch, at.transcendentals)
      assert.equal(46108316672 * batch, m:with{dims = {unk__493 = batch}}.cost.flops.value)
    end
  end)

  it("costs what is stated, by operator", function()
    local wanted = {Mul = {0, 67698688, 0}, MatMul = {22952017920, 0, 0}, Add = {0, 59579136, 0},
      ReduceMean = {0, 9830400, 0}, Sub = {0, 10616832, 0}, Sqrt = {0, 0, 6400}, Reciprocal = {0, 6400, 0},
      Softmax = {0, 37675008, 9437184}, Pow = {0, 18874368, 0}, Tanh = {0, 0, 9437184}}
    local nodes = 0
    for _, group in ipairs(m:costs(function(node) return node.op_type end)) do
      local at, numbers = group.cost:at{unk__493 = 1}, wanted[group.key] or {0, 0, 0}
      assert.same(numbers, {at.macs, at.elementwise, at.transcendentals}, group.key)
      nodes = nodes + group.cost.nodes
    end
    assert.equal(1167, nodes)
    local total = 0
    for _, count in pairs(m.operators) do total = total + count end
    assert.same({1167, 98}, {total, m.operators.MatMul})
  end)

  it("gives the same sums by operator without asking a function", function()
    local by_function = {}
    for _, group in ipairs(m:costs(function(node) return node.op end)) do by_function[group.key] = group.cost end
    for _, group in ipairs(m:costs "op") do
      assert.equal(show(by_function[group.key].flops), show(group.cost.flops))
      assert.equal(by_function[group.key].nodes, group.cost.nodes)
    end
    assert.has_error(function() m:costs "module" end)
    assert.has_error(function() m:costs(3) end)
  end)

  it("raises when a key closes the model", function()
    local closed = parse "g (float[N] x) => () { y = Exp (x) }"
    local key = setmetatable({}, {__tostring = function() closed:close() return "key" end})
    local ok, message = pcall(closed.costs, closed, function() return key end)
    assert.is_false(ok)
    assert.equal("model is closed", message)
  end)

  it("tells constants and shape arithmetic apart", function()
    assert.same({1167, 0, 144, 204}, {cost.nodes, cost.unknown, cost.constant, cost.shape})
    local bound = m:with{dims = {unk__493 = 1}}.cost
    assert.same({348, 0}, {bound.constant, bound.shape})
    assert.same({nodes = 1167, shapes = 1167}, m.coverage)
    assert.same({}, m.cost_gaps)
  end)

  it("keeps most alive in the first feed-forward", function()
    for _, batch in ipairs {1, 2, 4} do
      local peak = m:memory{unk__492 = batch, unk__493 = batch}
      assert.equal(10485760 * batch + 8 * batch + 28, peak.bytes)
      assert.equal("8*unk__492 + 10485760*unk__493 + 28", show(peak.formula))
      assert.equal("bert/encoder/layer_0/intermediate/dense/mul", peak.node.name)
    end
    -- With ids by the billion beside one sentence, copying them is what takes most.
    local peak = m:memory{unk__492 = 1 << 30, unk__493 = 1}
    assert.equal("unique_ids_graph_outputs_Identity__10", peak.node.name)
  end)

  it("has weights, scalars and indices", function()
    local p = m.parameters
    assert.equal(108893533, p.all.elements)
    assert.equal(108893186, p.by_use.weight.elements)
    assert.equal(123, p.by_use.scalar.elements)
    assert.equal(224, p.by_use.index.elements)
    assert.equal(435572744 + 4 * 123 + 154 * 4 + 70 * 8, p.all.nbytes)
    assert.same({}, p.unused)
    assert.same({}, p.tied)
  end)
end)

describe("control flow", function()
  it("counts the larger branch of an If, and shows both", function()
    local m = parse [[g (bool c, float[N,4] x) => (float[N,4] y) {
      y = If (c) <then_branch = t () => (p) { p = Exp (x) }, else_branch = e () => (q) { a = Add (x, x) q = Sqrt (a) }>
    }]]
    assert.equal("4*N", show(m.cost.transcendentals))
    assert.equal("4*N", show(m.cost.elementwise))
    assert.equal("0 4*N", ("%s %s"):format(m:node("").subgraphs[1].cost.elementwise, m:node("").subgraphs[2].cost.elementwise))
  end)

  it("takes the maximum of each metric where no branch is larger in all", function()
    local m = parse [[g (bool c, float[N,4] x) => (float[N,4] y) {
      y = If (c) <then_branch = t () => (p) { p = Exp (x) }, else_branch = e () => (q) { q = Add (x, x) }>
    }]]
    assert.equal("4*N 4*N", ("%s %s"):format(m.cost.transcendentals, m.cost.elementwise))
    local groups = m:costs(function(node) return node.op_type end)
    assert.equal(1, #groups - 2) -- Exp and Add are there, If has the sum
    for _, group in ipairs(groups) do
      assert.equal(group.key == "If" and "4*N" or "0", show(group.cost.elementwise))
    end
  end)

  it("counts only the branch that a constant condition takes", function()
    local m = parse [[g (float[N,4] x) => (float[N,4] y) <bool c = {1}> {
      y = If (c) <then_branch = t () => (p) { p = Exp (x) }, else_branch = e () => (q) { a = Exp (x) q = Exp (a) }>
    }]]
    assert.equal("4*N", show(m.cost.transcendentals))
  end)

  it("multiplies bodies by their trip count", function()
    local text = [[g (float[N,4] x, int64 m) => (float[N,4] y) <bool c = {1}, int64 ten = {10}> {
      y = Loop (%s, c, x) <body = b (int64 i, bool k, float[N,4] v) => (bool k2, float[N,4] w) {
        k2 = Identity (k) w = Relu (v) }>
    }]]
    local fixed = parse(text:format "ten")
    assert.equal("40*N", show(fixed.cost.elementwise))
    local relu
    for node in fixed:nodes{op = "Relu"} do relu = node end
    assert.equal(10, relu.runs)
    assert.equal("4*N", show(relu.cost.elementwise))
    local open = parse(text:format "m")
    assert.equal("4*N*y:trips", (show(open.cost.elementwise):gsub("'", ""):gsub('"', "")))
    local bound = open:with{values = {m = 3}}
    assert.equal("12*N", show(bound.cost.elementwise))
  end)

  it("multiplies a Scan's body by what is scanned, in functions too", function()
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "f": 1]>
      g (float[N] s, float[T,N] x) => (float[N] r, float[T,N] y) { r, y = f.twice (s, x) }
      <domain: "f", opset_import: ["": 17]>
      twice (s, x) => (r, y) { r, y = Scan <num_scan_inputs = 1, body = b (float[N] a, float[N] v) => (float[N] c, float[N] d) {
        c = Add (a, v) d = Identity (c) }> (s, x) }]]
    assert.equal("N*T", show(m.cost.elementwise))
    assert.equal("N*T", show(m:node("").cost.elementwise))
    assert.equal("0", show(m:node("").own_cost.elementwise))
  end)

  it("counts a function once for each call", function()
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "f": 1]>
      g (float[2,3] x, float[5] z) => (y, w) { y = f.double (x) w = f.double (z) }
      <domain: "f", opset_import: ["": 17]>
      double (x) => (y) { y = Add (x, x) }]]
    assert.equal("11", show(m.cost.elementwise))
    for node in m.functions[1]:nodes() do assert.equal(2, node.runs) end
  end)
end)

describe("constants", function()
  it("cost nothing, whatever is made of them", function()
    local m = parse [[g (float[N,4] x) => (y) <float[4,4] w = {...}> {
      t = Transpose (w) d = Exp (t) y = MatMul (x, d) }]]
    assert.equal("16*N 0", ("%s %s"):format(m.cost.macs, m.cost.transcendentals))
    assert.equal("64", show(m.cost.weight_bytes))
    assert.equal(2, m.cost.constant)
    assert.is_true(m:value("d").is_constant)
    assert.is_false(m:value("y").is_constant)
  end)

  it("are not what is random, nor what symbols decide", function()
    local m = parse [[g (float[N,4] x) => (r, z) {
      r = RandomNormal <shape = [3]> () s = Shape (x) z = ConstantOfShape (s) q = Size (x) }]]
    assert.equal(0, m.cost.constant)
    assert.equal("6", show(m.cost.elementwise))
    assert.equal(3, m.cost.shape)
    assert.equal(3, m:with{dims = {N = 2}}.cost.constant)
  end)

  it("leave index arithmetic out of the elementwise count", function()
    local m = parse [[g (int64[N] i, float[N] x) => (j, y) <int64 one = {1}> { j = Add (i, one) y = Add (x, x) }]]
    assert.equal("N", show(m.cost.elementwise))
    assert.equal("shape", m:node("").cost.kind)
  end)
end)

describe("nodes that look alike", function()
  local metrics = {"macs", "elementwise", "transcendentals", "bytes_read", "bytes_written", "weight_bytes", "bound"}

  local function shown(node)
    local texts = {node.op}
    for _, metric in ipairs(metrics) do texts[#texts + 1] = show(node.cost[metric]) end
    return table.concat(texts, " ")
  end

  -- A pool of values, and nodes that read them, at most one of which is made.
  local function build(nodes, only)
    local b = onnxdoc.build{opset = 17}
    local pool = {b:input("x", "float32", {6, 4}), b:input("y", "float32", {6, 4}), b:input("z", "float32", {4}),
      b:input("i", "int64", {6, 4}), b:input("c", "bool", {6, 4}), b:input("u", "float16", {6, 4}),
      b:constant("two", "float32", {}, {2}), b:constant("three", "float32", {}, {3}),
      b:constant("w", "float32", {4, 4}, "zeros"), b:constant("shape", "int64", {2}, {8, 4}),
      b:constant("other", "int64", {2}, {16, 4}), b:constant("one", "int64", {1}, {1})}
    pool[#pool + 1] = b:op("Shape", {"x"})
    pool[#pool + 1] = b:op("Relu", {"x"})
    for at, node in ipairs(nodes) do
      local inputs = {}
      for j, place in ipairs(node.places) do inputs[j] = pool[place] end
      if not only or only == at then b:op(node.op, inputs, {}, {name = "n" .. at}) end
    end
    b:output("x", "float32", {6, 4})
    return assert(b:model())
  end

  it("cost what each costs alone", function()
    local arity = {Add = 2, Sub = 2, Pow = 2, MatMul = 2, Max = 3, Sum = 4, Relu = 1, Exp = 1, Where = 3, Expand = 2,
      Reshape = 2, Tile = 2, Gather = 2, PRelu = 2, Less = 2, Softmax = 1, Identity = 1, Range = 3, Dropout = 2,
      Unsqueeze = 2, ReduceSum = 2, NonZero = 1, ConstantOfShape = 1, Mod = 2, Gemm = 3, Slice = 3}
    local ops, nodes, state = {}, {}, 7
    for op in pairs(arity) do ops[#ops + 1] = op end
    table.sort(ops)
    local function draw(count)
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return (state >> 8) % count + 1
    end
    local count = scale(750)
    for at = 1, count do
      local op = ops[draw(#ops)]
      nodes[at] = {op = op, places = {}}
      for j = 1, arity[op] do nodes[at].places[j] = draw(14) end
      nodes[count + at] = nodes[at]
    end
    local together, seen, repeated = build(nodes), {}, 0
    for at in ipairs(nodes) do
      local text = shown(together:node("n" .. at))
      assert.equal(shown(build(nodes, at):node("n" .. at)), text)
      if seen[text] then repeated = repeated + 1 end
      seen[text] = true
    end
    assert.is_true(repeated > count // 2) -- not all: sizes that data decide have names of their own
  end)

  it("are not alike where who else reads a value, or what it holds, decides", function()
    local m = parse[[<opset_import: ["": 17]> g (float[64] x, int64[2] i, float[2] u, uint8[3,4] v) =>
      (float[64] a, float[64] b) <uint8[4,5] w = {...}, uint8 zero = {0}, uint8 three = {3}> {
      r = Relu(x)
      s = Relu(x)
      a = ScatterElements(r, i, u)
      b = ScatterElements(s, i, u)
      t = Neg(s)
      p = MatMulInteger(v, w, zero)
      q = MatMulInteger(v, w, three)
    }]]
    local takes = {}
    for node in m:nodes() do
      takes[#takes + 1] = ("%s %s %s"):format(node.cost.elementwise, node.cost.bytes_read, node.cost.bytes_written)
    end
    assert.equal(takes[1], takes[2])
    assert.not_equal(takes[3], takes[4])
    assert.not_equal(takes[6], takes[7])
  end)
end)

describe("bytes", function()
  it("are those of an input once, however often it is read", function()
    local m = parse(("g (float[2] x) => (y) { y = Sum (%s) }"):format(("x, "):rep(19) .. "x"))
    assert.equal("8", show(m.cost.bytes_read))
  end)
end)

describe("what has no elements", function()
  it("costs nothing, whatever its rows are", function()
    local m = parse [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
      g (float[4,0] x) => (a, b, c, d, e) <int64 one = {1}> {
        a = Softmax (x)
        b = LogSoftmax (x)
        c = Hardmax (x)
        d = LpNormalization (x)
        e = CumSum (x, one)
      }]]
    assert.equal(0, m.cost.unknown)
    assert.equal("0", show(m.cost.elementwise))
    assert.equal("0", show(m.cost.transcendentals))
  end)
end)

describe("what is not known", function()
  it("is a gap with a reason, and no 0", function()
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "com.acme": 1]>
      g (float[N] x, float u) => (y, z, w) { y = com.acme.Odd (x) z = Relu (x) e = Relu (x) w = Exp (e) }]]
    local cost = m.cost
    assert.equal(1, cost.unknown)
    assert.equal("2*N", show(cost.elementwise))
    assert.equal("there is no cost rule for its operator", m.cost_gaps[1].reason)
    assert.is_nil(m.cost_gaps[1].node.cost.macs)
  end)

  it("names the value whose shape it is", function()
    local b = onnxdoc.build{opset = 17}
    b:input("x", "float32")
    b:output(b:op("MatMul", {"x", "x"}))
    assert.equal("the shape of 'x' is not known", assert(b:model()).cost_gaps[1].reason)
  end)
end)

describe("a body that runs nobody knows how often", function()
  it("makes its node a gap, and is left out of sums", function()
    local m = parse [[g (float[] x, float[4] z) => (y, w) {
      w = Abs (z)
      y = Scan <num_scan_inputs = 1, body = b (float[3] i) => (float[3] o) { o = Abs (i) }> (x)
    }]]
    assert.equal("4", show(m.cost.elementwise))
    assert.equal(1, m.cost.unknown)
    assert.equal("how often its body runs is not known", m.cost_gaps[1].reason)
  end)
end)

describe("coverage", function()
  it("leaves out what is in branches that do not count", function()
    local m = parse [[g (bool c, float[N] x) => (y) {
      y = If (c) <then_branch = t () => (a) {
        a = If (c) <then_branch = t2 () => (a2) { a2 = Abs (x) }, else_branch = t3 () => (a3) { a3 = Neg (x) }>
      }, else_branch = e () => (b) { p = Abs (x) q = Abs (p) b = Abs (q) }>
    }]]
    assert.equal(4, m.cost.nodes)
    assert.equal(4, m.coverage.nodes)
  end)
end)

describe("an input that is no image", function()
  it("gives no MACs, though the output is declared as one", function()
    local m = parse [[<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
      g (float[2] x, float[2,3,3,2] w) => (float[1,2,3,4] y) {
        scalar = ReduceSum<keepdims = 0> (x)
        y = com.microsoft.NhwcConv (scalar, w)
      }]]
    assert.is_nil(m:value("y").producer.cost.macs)
  end)
end)

describe("large numbers", function()
  -- 405 billion parameters at 128 k tokens and batch 256.
  it("come out right past 2^63", function()
    local b = onnxdoc.build{opset = 17}
    b:input("x", "float16", {"batch", "tokens", 16384})
    b:input("w", "float16", {16384, 24786944})
    b:op("MatMul", {"x", "w"}, {}, {outputs = {"y"}, name = "big"})
    b:output("y")
    local m = assert(b:model())
    local at = m.cost:at{batch = 256, tokens = 131072}
    assert.equal("13626766572516278272", at.exact.macs)
    assert.equal("float", math.type(at.macs))
    assert.equal("13626766572516278272", m.cost.macs:exact{batch = 256, tokens = 131072})
    assert.is_true(math.abs(at.macs / 13626766572516278272 - 1) < 1e-12)
  end)

  it("past 2^127 are an error that names the node", function()
    local b = onnxdoc.build{opset = 17}
    b:input("x", "float32", {"n", "n", "n"})
    b:op("MatMul", {"x", "x"}, {}, {outputs = {"y"}, name = "huge"})
    b:output("y")
    local m = assert(b:model())
    local ok, message = pcall(function() return m:node("huge").cost:at{n = 1 << 40} end)
    assert.is_false(ok)
    assert.truthy(message:find('macs of Node 0 MatMul "huge": a value is past 2^127', 1, true), message)
    ok, message = pcall(function() return m.cost:at{n = 1 << 40} end)
    assert.is_false(ok)
    assert.truthy(message:find('"huge"', 1, true), message)
  end)

  it("of coefficients never wrap", function()
    local b = onnxdoc.build{opset = 17}
    b:input("x", "float32", {4611686018427387904, 4611686018427387904, 4611686018427387904})
    b:op("Relu", {"x"}, {}, {outputs = {"y"}, name = "r"})
    b:output("y")
    local m = assert(b:model())
    assert.equal("a number is past 2^127", m.cost_gaps[1].reason)
    assert.is_nil(m:node("r").cost.flops)
  end)
end)

describe("evaluation", function()
  it("names symbols without a value, those there are, and contradictions", function()
    local m = parse [[g (float[N,M] x) => (y) { y = Exp (x) }]]
    local function fails(bindings, part)
      local ok, message = pcall(m.cost.at, m.cost, bindings)
      assert.is_false(ok)
      assert.truthy(message:find(part, 1, true), message)
    end
    fails({N = 2}, "symbol 'M' has no value")
    fails({N = 2, M = 1, Q = 1}, "there is no symbol 'Q'; the formula has 'N', 'M'")
    fails({N = 0, M = 1}, "symbol 'N' is at least 1, got 0")
    local tied = parse [[g (float[N,M] x, float[K,M] z) => (y) { y = Add (x, z) }]]
    local ok, message = pcall(tied.cost.at, tied.cost, {N = 2, K = 3, M = 1})
    assert.is_false(ok)
    assert.truthy(message:find("cannot be", 1, true), message)
  end)
end)

describe("operators from Lua", function()
  it("cost what their function says", function()
    onnxdoc.operator{domain = "com.cost", name = "Fancy",
      shape = function(node) return node.inputs[1] end,
      cost = function(node)
        local n = node.inputs[1].shape[1]
        assert(node.outputs[1].dtype == "float32")
        return {macs = n * 7, elementwise = n, bytes_read = 3}
      end}
    onnxdoc.operator{domain = "com.cost", name = "Wrong", shape = function(node) return node.inputs[1] end,
      cost = function() return {flops = 1} end}
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "com.cost": 1]>
      g (float[N] x) => (y, z) { y = com.cost.Fancy (x) z = com.cost.Wrong (x) }]]
    assert.equal("7*N 15*N", ("%s %s"):format(m.cost.macs, m.cost.flops))
    local gap = m.cost_gaps[1]
    assert.truthy(gap.reason:find("unknown field 'flops' of a cost", 1, true), gap.reason)
    assert.equal(1, m.cost.unknown)
  end)

  it("may cost a shipped operator's node otherwise", function()
    onnxdoc.operator{domain = "", name = "Erf", cost = function(node) return {transcendentals = 2 * node.inputs[1].shape[1]} end}
    local m = parse [[g (float[N] x) => (y) { y = Erf (x) }]]
    assert.equal("2*N", show(m.cost.transcendentals))
    assert.equal("float32[N]", m:value("y").type)
    assert.has_error(function() onnxdoc.operator{name = "X", cost = 3} end)
    assert.has_error(function() onnxdoc.operator{name = "X"} end)
  end)
end)
