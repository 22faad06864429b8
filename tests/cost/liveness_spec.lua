-- Peak activation: against a simulation that follows the definition to the letter, on random graphs; bodies; what is counted.

local onnxdoc = require "onnxdoc"
local scale = require "tests.scale"

local function parse(text) return assert(onnxdoc.parse(text)) end

-- The definition: sets of values, made anew at every node.
local function simulate(model)
  local nodes, read_by = {}, {}
  for node in model.graph:nodes() do
    nodes[#nodes + 1] = node
    for i = 1, #node.inputs do
      local input = node.inputs[i]
      if input then read_by[input] = #nodes end
    end
  end
  local peak, at = 0, nil
  local made = {}
  for k, node in ipairs(nodes) do
    local alive = {}
    for _, input in ipairs(model.inputs) do
      if input.is_output or not read_by[input] or read_by[input] >= k then alive[input] = true end
    end
    for value in pairs(made) do
      if value.is_output or (read_by[value] or 0) >= k then alive[value] = true end
    end
    for i = 1, #node.outputs do
      made[node.outputs[i]] = true
      alive[node.outputs[i]] = true
    end
    local bytes = 0
    for value in pairs(alive) do
      if not value.tensor and (value.is_output or not value.is_constant) then bytes = bytes + value.nbytes end
    end
    if bytes > peak then peak, at = bytes, node end
  end
  return peak, at
end

local function random_graph()
  local b, values = onnxdoc.build{opset = 17}, {}
  for i = 1, math.random(1, 3) do
    values[i] = b:input("x" .. i, math.random(2) == 1 and "float32" or "float16", {math.random(1, 50)})
  end
  values[#values + 1] = b:constant("c", "float32", {math.random(1, 50)}, "zeros")
  for i = 1, math.random(1, 25) do
    local inputs = {}
    for k = 1, math.random(1, 3) do inputs[k] = values[math.random(#values)] end
    local outputs = {}
    for k = 1, math.random(1, 2) do outputs[k] = ("v%d_%d"):format(i, k) end
    local op = ({"Concat", "Concat", "Split", "Identity"})[math.random(4)]
    if op == "Concat" then
      for k = 1, #inputs do inputs[k] = b:op("Cast", {inputs[k]}, {to = 1}) end
      b:op("Concat", inputs, {axis = 0}, {outputs = {outputs[1]}})
      outputs[2] = nil
    elseif op == "Split" then
      outputs = {outputs[1]}
      b:op("Split", {inputs[1]}, {axis = 0}, {outputs = outputs})
    else
      b:op("Identity", {inputs[1]}, {}, {outputs = {outputs[1]}})
      outputs[2] = nil
    end
    for _, output in ipairs(outputs) do
      values[#values + 1] = output
      if math.random(6) == 1 then b:output(output) end
    end
  end
  return assert(b:model())
end

describe("the peak", function()
  it("is what a simulation finds", function()
    math.randomseed(5)
    for i = 1, scale(300) do
      local m = random_graph()
      local peak, found = simulate(m), m:memory({}, "orders")
      assert.equal(peak, found.bytes, "graph " .. i)
      assert.equal(peak, found.formula and found.formula.value)
      assert.is_true(found.is_for_all)
      assert.is_true(found.least <= found.scheduled and found.scheduled <= found.bytes)
      local alive = 0
      for _, value in ipairs(found.alive) do alive = alive + value.nbytes end
      assert.equal(peak, alive)
      assert.equal(peak, math.max(table.unpack(found.timeline)))
    end
  end)

  it("counts inputs nobody reads, outputs nobody reads, no weights", function()
    local m = parse [[g (float[N] x, float[7] unread) => (float[N] y) <float[10] w = {...}, float[100] u = {...}> {
      a = Relu (x) b = Exp (a) y = Add (b, b) v = Add (w, w) }]]
    local peak = m:memory{N = 10}
    assert.equal(10 * 8 + 28, peak.bytes)
    assert.equal("8*N + 28", tostring(peak.formula))
    assert.is_true(peak.is_for_all)
    assert.equal("Relu", peak.node.op_type)
  end)

  it("says that its formula holds only here where another node may have more", function()
    local m = parse [[g (float[N] x, float[M] z) => (float[N] y, float[M] w) {
      a = Relu (x) y = Exp (a) b = Relu (z) w = Exp (b) }]]
    local small, large = m:memory{N = 100, M = 1}, m:memory{N = 1, M = 100}
    assert.is_false(small.is_for_all)
    assert.equal("8*N + 4*M", tostring(small.formula))
    assert.equal("4*N + 8*M", tostring(large.formula))
  end)

  it("holds for all symbols where one node has the most of all terms", function()
    local m = parse [[g (float[N,M] x) => (float[N,M] y) { a = Relu (x) b = Concat <axis = 0> (a, a, a) c = ReduceMax <axes = [0]> (b)
      y = Add (x, c) }]]
    local peak = m:memory{N = 1, M = 1}
    assert.is_true(peak.is_for_all)
    assert.equal("20*N*M", tostring(peak.formula))
  end)

  it("adds the largest body of an If or a Loop", function()
    local m = parse [[g (bool c, float[N] x) => (float[N] y) {
      y = If (c) <then_branch = t () => (p) { p = Relu (x) },
      else_branch = e () => (q) { a = Concat <axis = 0> (x, x, x) q = Relu (x) r = Relu (a) }> }]]
    local peak = m:memory{N = 8}
    -- outside: c, x, y; inside: a, q (kept) and r
    assert.equal(1 + 32 + 32 + (96 + 32 + 96), peak.bytes)
    assert.equal(224, peak.inner)
  end)

  it("keeps what a subgraph reads alive", function()
    local m = parse [[g (bool c, float[N] x) => (float[N] y) {
      big = Add (x, x)
      s = Relu (x)
      y = If (c) <then_branch = t () => (p) { p = Identity (s) }, else_branch = e () => (q) { q = Exp (big) }> }]]
    local node
    for n in m.graph:nodes{op = "If"} do node = n end
    local peak = m:memory{N = 4}
    assert.equal(node, peak.node)
  end)

  it("does not count a call's inputs twice", function()
    local m = parse [[<ir_version: 8, opset_import: ["": 17, "f": 1]>
      g (float[N] x) => (float[N] y) { y = f.twice (x) }
      <domain: "f", opset_import: ["": 17]> twice (x) => (y) { a = Relu (x) y = Exp (a) }]]
    assert.equal(3 * 4 * 5, m:memory{N = 5}.bytes)
  end)

  it("shares views and takes inputs' places in its second figure", function()
    local m = parse [[g (float[N] x) => (float[N] y) <int64[1] s = {-1}> {
      a = Exp (x) b = Reshape (a, s) c = Relu (b) y = Exp (c) }]]
    local peak = m:memory({N = 10}, "orders")
    assert.equal(80, peak.bytes)
    assert.equal(40, peak.reused)
    assert.equal(80, peak.least)
  end)

  it("says what is missing", function()
    local m = parse [[g (string[N] x, float[N] y) => (z) { a = Identity (x) z = Relu (y) }]]
    local peak = m:memory{N = 3}
    assert.equal(2, peak.unknown)
    assert.equal(24, peak.bytes)
    assert.is_false(peak.is_for_all)
    assert.has_error(function() m:memory{} end)
    assert.has_error(function() m:memory{Q = 1} end)
  end)

  it("has no formula of more terms than are kept apart", function()
    local inputs, outputs, nodes, values = {}, {}, {}, {}
    for i = 1, 140 do
      inputs[i], outputs[i] = ("float[N%d] x%d"):format(i, i), ("float[N%d] y%d"):format(i, i)
      nodes[i], values["N" .. i] = ("y%d = Abs (x%d)"):format(i, i), 1
    end
    local m = parse(("g (%s) => (%s) { %s }"):format(table.concat(inputs, ","), table.concat(outputs, ","),
      table.concat(nodes, " ")))
    local peak = m:memory(values)
    assert.equal(4 * 141, peak.bytes)
    assert.is_nil(peak.formula)
    assert.is_false(peak.is_for_all)
  end)

  it("of nothing is nothing", function()
    local m = parse "g (float[N] x) => (x) { }"
    assert.is_nil(m:memory{N = 3}.node)
  end)

  it("saturates", function()
    local m = parse "g (float[N,N,N] x) => (y) { y = Relu (x) }"
    assert.is_true(m:memory{N = 1 << 30}.bytes >= 2 ^ 63)
  end)
end)
