-- Inference as a whole: symbols and what is known of them, declared types, contents, unknown operators, views.

local inferred = require "tests.ops.inferred"
local onnxdoc = require "onnxdoc"

local types, codes = inferred.types, inferred.codes

local function parse(text) return assert(onnxdoc.parse(text)) end

local function known(model, name)
  local list = model:value(name).known
  if not list then return "nil" end
  local items = {}
  for i, item in ipairs(list) do items[i] = item and tostring(item) or "?" end
  return table.concat(items, ",")
end

describe("symbols", function()
  it("are the declared ones, and input:axis where there is no name", function()
    local m = parse "g (float[N,?,3] x, int64[past_length] p) => () { y = Relu(x) }"
    assert.equal("float32[N,x:1,3]", types(m, "y"))
    local found = {}
    for i, s in ipairs(m.symbols) do found[i] = ("%s %s %s %s/%d"):format(s.name, s.origin, s.least, s.value.name, s.axis) end
    assert.same({"N input 1 x/1", "x:1 input 1 x/2", "past_length input 0 p/1"}, found)
  end)

  it("are equal where the model makes them so, and that is derived", function()
    local m = parse [[g (float[A,64] x, float[B,64] y) => () {
      s = Shape(y)
      r = Reshape(x, s)
    }]]
    assert.equal("float32[A,64]", types(m, "r"))
    assert.equal("derived A B", ("%s %s %s"):format(m.assumptions[1].kind, tostring(m.assumptions[1].left):match("A") or "?",
      tostring(m.assumptions[1].right):match("B") or "?"))
    assert.equal("A", tostring(m.symbols[2].expr))
  end)

  it("are taken to be equal where they are broadcast, and that is assumed", function()
    local m = parse "g (float[A,4] x, float[B,4] y) => () { z = Add(x, y) }"
    assert.equal("float32[A,4]", types(m, "z"))
    assert.equal("assumed", m.assumptions[1].kind)
    assert.equal("Add", m.assumptions[1].node.op_type)
    assert.equal("float32[3,4] float32[1,4] float32[3,4]", types(m:with{dims = {A = 3, B = 1}}, "x", "y", "z"))
  end)

  it("stay apart from constants they are broadcast with", function()
    local m = parse "g (float[A,4] x, float[3,4] y, float[1,4] z) => () { a = Add(x, y) b = Add(x, z) }"
    assert.equal("float32[3,4] float32[A,4]", types(m, "a", "b"))
    assert.same({}, m.assumptions)
  end)

  it("of outputs are other names of what is inferred", function()
    local m = parse "g (float[N,2] x) => (float[out,2] y) { y = Relu(x) }"
    assert.equal("float32[N,2]", types(m, "y"))
    assert.equal("", codes(m))
    local alias
    for _, s in ipairs(m.symbols) do if s.name == "out" then alias = s end end
    assert.equal("N", tostring(alias.expr))
  end)
end)

describe("views", function()
  local text = "g (float[N,S] x, float[M,S] y) => () { z = Concat<axis = 0>(x, y) }"

  it("bind symbols and leave the model as it is", function()
    local m = parse(text)
    local at = m:with{dims = {N = 2, S = 5}}
    assert.equal("float32[M + 2,5]", types(at, "z"))
    assert.equal("float32[M + N,S]", types(m, "z"):gsub("N %+ M", "M + N"))
    assert.equal("float32[9,5]", types(at:with{dims = {M = 7}}, "z"))
  end)

  it("are handles of their own over the same graph", function()
    local m = parse(text)
    local at = m:with{dims = {N = 2}}
    assert.equal(#m, #at)
    assert.not_equal(m:value("z"), at:value("z"))
    assert.equal(at:value("z"), at:value("z"))
    assert.equal(at, at:value("z").model)
    m:close()
    assert.has_error(function() return at.inputs end, "model is closed")
  end)

  it("take shapes and contents of inputs", function()
    local m = parse "g (float[] x, int64[K] s) => () { y = Relu(x) z = Reshape(x, s) }"
    assert.equal("float32", types(m, "y"))
    local at = m:with{shapes = {x = {2, 6}, s = {2}}, values = {s = {3, -1}}}
    assert.equal("float32[2,6] float32[3,4]", types(at, "y", "z"))
  end)

  it("name what is wrong with them", function()
    local m = parse(text)
    local function refused(options, ...)
      local ok, message = pcall(m.with, m, options)
      assert.is_false(ok)
      for _, part in ipairs {...} do assert.is_truthy(message:find(part, 1, true), message) end
    end
    refused({dims = {batch = 1}}, "no symbol 'batch'", "'N'", "'S'", "'M'")
    refused({dims = {N = 0}}, "symbol 'N' cannot be 0")
    refused({dims = {N = "two"}}, "dims: entry 'N'")
    refused({values = {w = 1}}, "no input 'w'", "'x'")
    refused({shapes = {x = {"N"}}}, "shapes: entry 'x'")
    refused({shape = {}}, "unknown option 'shape'")
  end)

  it("find contradictions", function()
    local m = parse "g (float[A,64] x, float[B,64] y) => () { s = Shape(y) r = Reshape(x, s) }"
    assert.equal("shape-mismatch", codes(m:with{dims = {A = 2, B = 3}}))
  end)
end)

describe("declared types", function()
  it("are checked, and the inferred ones hold", function()
    local m = parse "g (float[2,3] x) => (int64[2,4] y) { y = Relu(x) }"
    assert.equal("float32[2,3]", types(m, "y"))
    assert.equal("declared-shape declared-shape", codes(m))
    assert.is_truthy(m.shape_diagnostics[2].message:find("dimension 1 is declared as 4, but comes out as 3", 1, true))
    m = parse "g (float[2,3] x) => (float[2] y) { y = Relu(x) }"
    assert.equal("declared-shape", codes(m))
  end)

  it("stand in where nothing is inferred", function()
    local m = parse [[g (float[N] x) => (float[N,M] z) <float[N,8] y> {
      y = com.acme.Unknown(x)
      z = Relu(y)
    }]]
    assert.equal("float32[N,8] float32[N,8]", types(m, "y", "z"))
    assert.equal(1, #m.gaps)
    assert.equal("there is no rule for operator com.acme.Unknown", m.gaps[1].reason)
  end)
end)

describe("what is not known", function()
  it("has a reason, also further down", function()
    local m = parse "g (float[N] x) => () { y = com.acme.Unknown(x) z = Relu(y) w = Add(z, x) }"
    assert.is_nil(m:value("w").shape)
    assert.equal("there is no rule for operator com.acme.Unknown", m:value("w").reason)
    assert.is_nil(m:value("x").reason)
    assert.equal("nothing that is run defines it", parse("g () => () { y = Relu(nowhere) }"):value("nowhere").reason)
  end)

  it("does not keep the rest from being known", function()
    local m = parse "g (float[N,3] x, int64[2] s) => () { r = Reshape(x, s) t = Transpose<perm = [1, 0]>(r) }"
    assert.equal(2, #m:value("t").shape)
    assert.is_truthy(m:value("r").reason:find("the contents of input 1, a shape, are not known", 1, true))
  end)
end)

describe("contents", function()
  it("follow shape arithmetic, with detours through Cast and floats", function()
    local m = parse [[<opset_import: ["": 13]>
      g (float[N,C,H,W] x) => () <float two = {2.0}, int64[1] zero = {0}, int64[1] two_i = {2}, int64[1] big = {4}, int64[1] minus = {-1}> {
        s = Shape(x)
        hw = Slice(s, two_i, big, zero)
        f = Cast<to = 1>(hw)
        half = Div(f, two)
        down = Floor(half)
        i = Cast<to = 7>(down)
        nc = Slice(s, zero, two_i, zero)
        all = Concat<axis = 0>(nc, i)
        n = Gather(s, zero)
        flat = Concat<axis = 0>(n, minus)
        r = Reshape(x, flat)
      }]]
    assert.equal("N,C,H,W", known(m, "s"))
    assert.equal("N,C,floor(H/2),floor(W/2)", known(m, "all"))
    assert.equal("float32[N,C*H*W]", types(m, "r"))
  end)

  it("are folded when they are constant", function()
    local m = parse [[g (float[2,3] x) => () <int64[3] a = {1, -2, 7}, int64[3] b = {2, 2, 2}, bool[3] c = {1, 0, 1}> {
        add = Add(a, b) div = Div(a, b) mod = Mod(a, b) mul = Mul(a, b) max = Max(a, b) neg = Neg(a)
        less = Less(a, b) where = Where(c, a, b) eq = Equal(b, b)
      }]]
    assert.equal("3,0,9 0,-1,3 1,0,1 2,-4,14 2,2,7 -1,2,-7", table.concat({known(m, "add"), known(m, "div"), known(m, "mod"),
      known(m, "mul"), known(m, "max"), known(m, "neg")}, " "))
    assert.equal("1,1,0 1,2,7 1,1,1", table.concat({known(m, "less"), known(m, "where"), known(m, "eq")}, " "))
  end)

  it("are not asked for where they are large", function()
    local m = parse "g () => () <int64[1] n = {100000}> { z = ConstantOfShape(n) y = Neg(z) }"
    assert.equal("float32[100000]", types(m, "y"))
    assert.is_nil(m:value("y").known)
  end)

  it("go through a long chain without nesting", function()
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {"N"})
    local s = b:op("Shape", {x})
    for _ = 1, 50000 do s = b:op("Identity", {s}) end
    b:output(b:op("ConstantOfShape", {s}, nil, {outputs = "y"}))
    assert.equal("float32[N]", types(assert(b:model()), "y"))
  end)
end)

describe("control flow", function()
  it("merges the branches of If", function()
    local m = parse [[g (bool c, float[N,4] x, float[M,4] y) => () {
      z = If (c) <then_branch = t () => (a) { a = Relu(x) }, else_branch = e () => (b) { b = Relu(y) }>
      w = If (c) <then_branch = t2 () => (a2) { a2 = Relu(x) }, else_branch = e2 () => (b2) { b2 = Shape(x) }>
    }]]
    assert.equal('float32[z:0,4]', types(m, "z"))
    assert.equal("the branches of If give different shapes", m:value("z").reason)
    assert.is_nil(m:value("w").shape)
  end)

  it("takes the branch of If that is certain", function()
    local m = parse [[g (float[2,4] x) => () <int64 three = {3}, int64[1] zero = {0}> {
      s = Shape(x) n = Size(s)
      c = Less(n, three)
      z = If (c) <then_branch = t () => (a) { a = Shape(x) }, else_branch = e () => (b) { b = Relu(x) }>
      r = Reshape(x, z)
    }]]
    assert.equal("int64[2] float32[2,4]", types(m, "z", "r"))
  end)

  it("goes through Loop until what is carried stays as it is", function()
    local m = parse [[g (float[N,4] x, int64 trips) => () <bool yes = {1}, int64 five = {5}> {
      a, all = Loop (five, yes, x) <body = b (int64 i, bool c, float[N,4] p) => (c, q, q) { q = Relu(p) }>
      d, some = Loop (trips, yes, x) <body = b2 (int64 i2, bool c2, float[?,4] p2) => (c2, q2, r2) {
        q2 = Concat<axis = 0>(p2, p2) r2 = Relu(x) }>
    }]]
    assert.equal("float32[N,4] float32[5,N,4]", types(m, "a", "all"))
    local shape = m:value("d").shape
    assert.equal(4, shape[2])
    assert.is_truthy(m:value("d").reason:find("from one turn of the loop to the next", 1, true))
    assert.equal(3, #m:value("some").shape)
    assert.equal("N", tostring(m:value("some").shape[2]))
  end)

  it("does not run a loop of 2^62 turns", function()
    local m = parse [[g (float[4] x) => () <bool yes = {1}, int64 many = {4611686018427387904}> {
      a, all = Loop (many, yes, x) <body = b (int64 i, bool c, float[4] p) => (c, q, q) { q = Relu(p) }>
    }]]
    assert.equal("float32[4611686018427387904,4]", types(m, "all"))
  end)

  it("slices and stacks for Scan", function()
    local m = parse [[g (float[B,H] s, float[T,B,4] x) => () {
      last, all = Scan (s, x) <num_scan_inputs = 1, body = b (float[B,H] p, float[B,4] e) => (q, r) { q = Relu(p) r = Relu(e) }>
    }]]
    assert.equal("float32[B,H] float32[T,B,4]", types(m, "last", "all"))
  end)

  it("infers functions anew for each call, with the call's attributes", function()
    local m = parse [[<opset_import: ["": 17, "d": 1]>
      g (float[N,4] x, float[3] y) => () { a = d.F<to = 7>(x) b = d.F<to = 6>(y) }
      <domain: "d", opset_import: ["": 17]> F <to> (p) => (r) { q = Relu(p) r = Cast<to: int = @to>(q) }]]
    assert.equal("int64[N,4] int32[3]", types(m, "a", "b"))
    assert.equal("float32[N,4]", types(m, "q"))
  end)

  it("hands contents through functions", function()
    local m = parse [[<opset_import: ["": 17, "d": 1]>
      g (float[N,4] x) => () { s = d.F(x) r = Reshape(x, s) }
      <domain: "d", opset_import: ["": 17]> F (p) => (r) { q = Shape(p) r = Identity(q) }]]
    assert.equal("float32[N,4]", types(m, "r"))
    assert.same({}, m.gaps)
  end)

  it("names functions that call themselves", function()
    local m = parse [[<opset_import: ["": 17, "d": 1]>
      g (float[N] x) => () { y = d.F(x) z = Relu(x) }
      <domain: "d", opset_import: ["": 17, "d": 1]> F (p) => (r) { r = d.G(p) }
      <domain: "d", opset_import: ["": 17, "d": 1]> G (p) => (r) { r = d.F(p) }]]
    assert.equal("recursive-function", codes(m))
    assert.equal("float32[N]", types(m, "z"))
  end)

  it("stops where functions expand without end", function()
    local parts = {[[<opset_import: ["": 17, "d": 1]> g (float[N] x) => () { y = d.F0(x) z = Relu(x) }]]}
    for i = 0, 39 do
      parts[#parts + 1] = ([[<domain: "d", opset_import: ["": 17, "d": 1]> F%d (p) => (r) {
        a = d.F%d(p) r = d.F%d(a) }]]):format(i, i + 1, i + 1)
    end
    parts[#parts + 1] = [[<domain: "d", opset_import: ["": 17]> F40 (p) => (r) { r = Relu(p) }]]
    local m = parse(table.concat(parts, "\n"))
    assert.is_truthy(codes(m):find("limit", 1, true))
  end)
end)

describe("wrong models", function()
  local function problem(text, code, ...)
    local m = parse(text)
    local first = m.shape_diagnostics[1]
    assert.equal(code, first and first.code, text)
    for _, part in ipairs {...} do assert.is_truthy(first.message:find(part, 1, true), first.message) end
    return m
  end

  it("have their problem named with node, value and limit", function()
    problem("g (float[2] x) => () { y = Add(x) }", "input-count", "'Add'", "input 1 is missing", "at least 2")
    problem("g (float[2] x) => () { y = Relu(x, x, x) }", "input-count", "3 inputs, the operator takes at most 1")
    problem("g (float[2] x) => () { y, z = Relu(x) }", "input-count", "2 outputs, the operator has at most 1")
    problem("g (float[2] x) => () { y = Concat(x, x) }", "attribute-value", "attribute 'axis' is missing")
    problem("g (float[2] x) => () { y = Concat<axis = 3>(x, x) }", "axis", "axis 3 is outside a shape of rank 1")
    problem("g (float[2] x) => () { y = Concat<axis = 0.5>(x, x) }", "attribute-value")
    problem("g (float[2,3] x, float[4] y) => () { z = Add(x, y) }", "shape-mismatch", "3 and 4")
    problem("g (float[2,3] x) => () { z = Transpose<perm = [0, 0]>(x) }", "attribute-value", "no permutation of 2 axes")
    problem("g (float[2,3] x) => () <int64[2] s = {-1, -1}> { z = Reshape(x, s) }", "attribute-value", "both -1")
    problem("g (float[2,3] x) => () <int64[2] s = {4, 4}> { z = Reshape(x, s) }", "shape-mismatch", "element counts", "6", "16")
    problem("g (float[2,3] x) => () <int64[2] s = {5, -1}> { z = Reshape(x, s) }", "shape-mismatch")
    problem("g () => () <int64[1] s = {-3}> { z = ConstantOfShape(s) }", "negative-dimension", "-3")
    problem("g (float[2] x) => () { z = Cast<to = 99>(x) }", "attribute-value", "99")
    problem("g (float[2] x) => () { z = Cast<to = 4294967297>(x) }", "attribute-value", "4294967297")
    local m = problem([[g (float[2] x) => () <int64[2] s = {4611686018427387904, 4611686018427387904}> {
      z = Expand(x, s) w = Size(z) r = Relu(x) }]], "shape-mismatch")
    assert.equal("float32[2]", types(m, "r"))
  end)

  it("are taken at their word about what a wrong node gives", function()
    local m = parse [[g (float[2,3] x, float[4] y) => (float[7] v) <float[7] z, float[7] w> {
      z = Add(x, y)
      w = Relu(z)
      v = Relu(w)
    }]]
    assert.equal("shape-mismatch", codes(m))
    assert.equal("float32[7]", m:value("v").type)
  end)

  it("whose declared types do not fit their operators have no contents", function()
    -- shapes that are only declared, of nodes whose contents are asked for
    local m = parse [[g (int64[1] r) => () <int64[0] none = {}, int64[4] four = {1, 2, 3, 4}, int64[5] t, int64[3] s> {
      t = Tile (none, r) s = Reshape (four, r) u = ConstantOfShape (t) v = ConstantOfShape (s)
    }]]
    assert.equal(5, #m:value("u").shape)
    assert.is_nil(m:value("t").known)
    assert.equal("1,2,3,4", known(m, "s")) -- all four, whatever is declared
    assert.equal("declared-shape", codes(m))
    local b = onnxdoc.build{opset = 17}
    b:op("Constant", {}, {value_float = {1, 2}, value_ints = {1, 2, 3, 4, 5}}, {outputs = {"c"}})
    b:op("ConstantOfShape", {"c"}, {}, {outputs = {"y"}})
    assert.is_nil(assert(b:model()):value("c").known)
  end)

  it("with an initializer of a negative dimension", function()
    local wire = require "wire"
    local m = assert(onnxdoc.load_bytes(wire.model{graph = {name = "g", initializer = {wire.tensor("w", "float32", {-3, 2})},
      node = {wire.node("Relu", {"w"}, {"y"})}, output = {wire.value("y")}}}))
    assert.same({"userdata", 2}, {type(m:value("w").shape[1]), m:value("w").shape[2]})
    assert.equal(m:value("w").shape[1], m:value("y").shape[1])
  end)

  it("have what fails at one node reported at no other", function()
    local m = parse [[g (float[N] x, int64[2] r) => () <int64 one = {1}, int64 zero = {0}> {
      d = Div (one, zero) c = Cast <to = 9> (d)
      y = If (c) <then_branch = t () => (p) { p = Relu (x) }, else_branch = e () => (q) { q = Abs (x) }>
      z = ConstantOfShape (r)
    }]]
    assert.equal("", codes(m))
    assert.equal(2, #m:value("z").shape)
  end)

  it("with a node of no outputs", function()
    local b = onnxdoc.build{opset = 17}
    b:op("Split", {b:input("x", "float[4]")}, {}, {outputs = {}})
    b:op("Relu", {"x"}, {}, {outputs = {"y"}})
    assert.equal("float32[4]", types(assert(b:model()), "y"))
  end)

  it("that nest deeper than the stack allows stop at the limit", function()
    -- functions that call each other, each with loops in loops around the call
    local functions, depth = 40, 28
    local parts = {'<opset_import: ["" : 17, "d" : 1]> g (float[N] x, int64 t, bool c) => () { y = d.f1 (x, t, c) z = Relu (x) }'}
    for f = 1, functions do
      local text = f == functions and ("o%d = Relu (a%d)"):format(depth, depth)
        or ("o%d = d.f%d (a%d, t, c)"):format(depth, f + 1, depth)
      for i = depth, 1, -1 do
        text = ("o%d = Loop <body = b%d (int64 i%d, bool q%d, a%d) => (q%d, o%d) { %s }> (t, c, a%d)"):format(
          i - 1, i, i, i, i, i, i, text, i - 1)
      end
      parts[#parts + 1] = ('<domain: "d", opset_import: ["" : 17, "d" : 1]> f%d (a0, t, c) => (o0) { %s }'):format(f, text)
    end
    local m = parse(table.concat(parts, "\n"))
    assert.equal("limit", m.shape_diagnostics[1].code)
    assert.is_truthy(m.shape_diagnostics[1].message:find("256", 1, true), m.shape_diagnostics[1].message)
    assert.equal("float32[N]", types(m, "z"))
  end)

  it("with results of any size take no memory", function()
    local m = parse [[g (float[1] x) => () <int64[2] s = {4611686018427387904, 4611686018427387904}, int64 a = {0},
      int64 b = {9223372036854775807}, int64 one = {1}, int64[1] t = {9223372036854775807}> {
      z = Expand(x, s) w = Size(z) v = ConstantOfShape(s) r = Range(a, b, one) q = Tile(x, t) u = Mul(w, w) k = Mul(u, u)
    }]]
    assert.equal("float32[4611686018427387904,4611686018427387904] int64[9223372036854775807] float32[9223372036854775807]",
      types(m, "z", "r", "q"))
    assert.is_nil(m:value("r").known)
  end)
end)
