-- Sequences and optionals.

local inferred = require "tests.ops.inferred"
local onnxdoc = require "onnxdoc"

local types, codes = inferred.types, inferred.codes

local function parse(text) return assert(onnxdoc.parse('<ir_version: 8, opset_import: ["": 18]> ' .. text)) end
local function known(m, name)
  local list = m:value(name).known
  return list and tostring(list[1])
end

describe("sequences", function()
  it("hold what their items have in common", function()
    local m = parse [[g (float[N,2] x, float[M,2] y, float[2] z) => () {
      a = SequenceConstruct(x, x) b = SequenceConstruct(x, y) c = SequenceConstruct(x, z) e = SequenceEmpty() f = SequenceEmpty<dtype = 7>()
    }]]
    assert.equal("seq(float32[N,2]) seq(float32[?,2]) seq(float32) seq(float32) seq(int64)", types(m, "a", "b", "c", "e", "f"))
  end)

  it("are taken apart", function()
    local m = parse [[g (float[N,2] x, float[M,2] y, int64 i) => () <int64 one = {1}, int64 last = {-1}, int64 far = {2}> {
      s = SequenceConstruct(x, y)
      a = SequenceAt(s, one) b = SequenceAt(s, last) c = SequenceAt(s, i) d = SequenceAt(s, i)
    }]]
    assert.equal("float32[M,2] float32[M,2] float32[c:0,2] float32[d:0,2]", types(m, "a", "b", "c", "d"))
    assert.equal("data", m.symbols[3].origin)
    assert.equal("axis", codes(parse [[g (float[2] x) => () <int64 far = {2}> { s = SequenceConstruct(x, x) a = SequenceAt(s, far) }]]))
    assert.equal("shape-mismatch", codes(parse [[g (float[2] x) => () <int64 far = {0}> { a = SequenceAt(x, far) }]]))
  end)

  it("know their length", function()
    local m = parse [[g (float[N,2] x, int64 i) => () <int64 k = {3}> {
      s = SequenceConstruct(x, x, x) n = SequenceLength(s)
      t = SequenceInsert(s, x, i) tn = SequenceLength(t)
      u = SequenceErase(t) v = SequenceErase(u, i) vn = SequenceLength(v)
      w = SplitToSequence<axis = 0>(x, k) wn = SequenceLength(w)
    }]]
    assert.equal("3 4 2 ceil(N/3)", table.concat({known(m, "n"), known(m, "tn"), known(m, "vn"), known(m, "wn")}, " "))
    assert.equal("axis", codes(parse "g () => () { s = SequenceEmpty() t = SequenceErase(s) }"))
  end)

  it("of what is split", function()
    local m = parse [[g (float[N,6] x) => () <int64 four = {4}, int64 two = {2}, int64[3] sizes = {1, 2, 3},
      int64[2] half = {3, 3}, int64 zero = {0}, int64 one = {1}, int64 last = {-1}> {
      a = SplitToSequence<axis = 1>(x) b = SplitToSequence<axis = 1, keepdims = 0>(x) c = SplitToSequence<axis = -1>(x, two)
      d = SplitToSequence<axis = 1>(x, four) e = SplitToSequence<axis = 1>(x, sizes) f = SplitToSequence<axis = 1, keepdims = 0>(x, half)
      d0 = SequenceAt(d, zero) d1 = SequenceAt(d, one) e2 = SequenceAt(e, last) b1 = SequenceAt(b, one)
    }]]
    assert.equal("seq(float32[N,1]) seq(float32[N]) seq(float32[N,2])", types(m, "a", "b", "c"))
    assert.equal("seq(float32[N,?]) seq(float32[N,?]) seq(float32[N,3])", types(m, "d", "e", "f"))
    assert.equal("float32[N,4] float32[N,2] float32[N,3] float32[N]", types(m, "d0", "d1", "e2", "b1"))
    assert.equal("shape-mismatch", codes(parse [[g (float[7] x) => () <int64[2] s = {3, 3}> { a = SplitToSequence(x, s) }]]))
    assert.equal("attribute-value", codes(parse [[g (float[7] x) => () <int64 s = {0}> { a = SplitToSequence(x, s) }]]))
    assert.equal("axis", codes(parse [[g (float[7] x) => () { a = SplitToSequence<axis = 1>(x) }]]))
  end)

  it("are put together", function()
    local m = parse [[g (float[N,2] x, float[M,2] y, seq(float[A,3]) q) => () <int64 two = {2}> {
      s = SequenceConstruct(x, y, x) a = ConcatFromSequence<axis = 0>(s)
      t = SequenceConstruct(x, x) b = ConcatFromSequence<axis = 0, new_axis = 1>(t) c = ConcatFromSequence<axis = -1, new_axis = 1>(t)
      p = SplitToSequence<axis = 0>(x, two) d = ConcatFromSequence<axis = 0>(p)
      e = ConcatFromSequence<axis = 1>(q)
      r = SplitToSequence<axis = 0>(x) f = ConcatFromSequence<axis = 1>(r)
    }]]
    assert.equal("float32[M + 2*N,2]", (types(m, "a"):gsub("2%*N %+ M", "M + 2*N")))
    assert.equal("float32[2,N,2] float32[N,2,2] float32[N,2] float32[A,e:1] float32[1,2*N]", types(m, "b", "c", "d", "e", "f"))
    assert.equal("axis", codes(parse "g (float[7] x) => () { s = SequenceConstruct(x) a = ConcatFromSequence<axis = 1>(s) }"))
    assert.equal("rank", codes(parse [[g (float[7] x, float[1,1] y) => () {
      s = SequenceConstruct(x, y) a = ConcatFromSequence<axis = 0>(s) }]]))
  end)

  it("grow in a loop", function()
    local m = parse [[g (float[N,2] x, int64 turns, bool go) => () {
      s = SequenceEmpty()
      t = Loop(turns, go, s) <body = b (int64 i, bool c, seq(float) in) => (bool c2, seq(float) out) { c2 = Identity(c)
        out = SequenceInsert(in, x) }>
      y = ConcatFromSequence<axis = 0, new_axis = 1>(t) z = ConcatFromSequence<axis = 0>(t)
    }]]
    assert.equal("seq(float32[N,2]) float32[y:0,N,2] float32[z:0,2]", types(m, "t", "y", "z"))
  end)
end)

describe("optionals", function()
  it("hold a value or none", function()
    local m = parse [[g (float[N] x, optional(float[M]) p) => () {
      a = Optional(x) b = OptionalGetElement(a) c = OptionalHasElement(a)
      d = OptionalGetElement(p) e = OptionalHasElement(p) f = OptionalGetElement(x) h = OptionalHasElement(x) i = OptionalHasElement()
    }]]
    assert.equal("optional(float32[N]) float32[N] bool[] float32[M] float32[N]", types(m, "a", "b", "c", "d", "f"))
    assert.same({"1", nil, "1", "0"}, {known(m, "c"), known(m, "e"), known(m, "h"), known(m, "i")})
  end)

  it("have a type when they hold none", function()
    local b = onnxdoc.build{opset = 18}
    local o = b:op("Optional", {}, {type = b:type("float32", {2, 3})})
    local e, has = b:op("OptionalGetElement", {o}), b:op("OptionalHasElement", {o})
    local m = assert(b:model())
    assert.equal("optional(float32[2,3]) float32[2,3]", types(m, o, e))
    assert.equal("0", known(m, has))
    assert.equal("attribute-value", codes(parse "g () => () { o = Optional() }"))
  end)
end)
