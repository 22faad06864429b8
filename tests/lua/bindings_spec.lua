-- Numbers for symbols: defaults by name and place, roles, names, formulas, contradictions.

local bindings = require "onnxdoc.bindings"
local onnxdoc = require "onnxdoc"

local function parse(text) return assert(onnxdoc.parse(text)) end

local function fails(model, given, part)
  local ok, problem = pcall(bindings.of, model, given)
  assert.is_false(ok)
  assert.is_true(type(problem) == "table" and problem.binding, tostring(problem))
  assert.truthy(problem.message:find(part, 1, true), problem.message)
  return problem
end

describe("bindings", function()
  local m
  setup(function()
    m = parse [[g (int64[batch_size,sequence_length] ids, float[batch_size,8,past_length,64] past,
      int64[batch_size,total_length] mask, float[B2,3,h2,w2] image, float[n,q] other) => () { }]]
  end)

  it("are defaults by name, else by place", function()
    local b = bindings.of(m)
    assert.same({batch_size = 1, sequence_length = 128, past_length = 0, total_length = 128, B2 = 1, h2 = 224, w2 = 224,
      n = 1, q = 128}, b.values)
    for _, entry in ipairs(b.list) do assert.equal("default", entry.from) end
    assert.truthy(b:text():find("batch_size = 1 (default), sequence_length = 128 (default)", 1, true))
    assert.truthy(b:text():find("… 3 more", 1, true))
  end)

  it("are what is given, by role or by name; others follow", function()
    local b = bindings.of(m, {roles = {batch = 4, past = 100, seq = 1}, dims = {h2 = 7}})
    assert.same({batch_size = 4, sequence_length = 1, past_length = 100, total_length = 101, B2 = 4, h2 = 7, w2 = 224,
      n = 4, q = 1}, b.values)
    assert.equal("given", b.by_name.h2.from)
    assert.is_true(fails(m, {roles = {seq = 1}, dims = {q = 7}}, "q is given as 7 and, by --seq, as 1").contradicts)
  end)

  it("bind a class by any of its names, and by a place", function()
    local tied = parse [[g (float[A] x, float[B] y) => (float[C] z) { z = Add (x, y) }]]
    assert.same({A = 5}, bindings.of(tied, {dims = {B = 5}}).values)
    assert.same({A = 5}, bindings.of(tied, {dims = {C = 5}}).values)
    assert.same({A = 6}, bindings.of(tied, {dims = {["y:0"] = 6}}).values)
    local problem = fails(tied, {dims = {A = 2, B = 3}}, "B is A, which is 2, and cannot be 3")
    assert.is_true(problem.contradicts)
  end)

  it("bind a formula by solving it", function()
    local sum = parse [[g (float[p] a, float[s] b) => (float[t] c) { c = Concat <axis = 0> (a, b) }]]
    local b = bindings.of(sum, {dims = {t = 10, s = 4}})
    assert.same({p = 6, s = 4}, b.values)
    fails(sum, {dims = {t = 10, s = 4, p = 5}}, "t is p + s, which is 9, and cannot be 10")
  end)

  it("that are wrong say what there is", function()
    fails(m, {dims = {batch = 3}}, "the model has no symbol 'batch'; it has 'batch_size'")
    fails(m, {dims = {h2 = 0}}, "h2 cannot be 0: it is at least 1")
    fails(parse "g (float[k] x) => () { }", {roles = {past = 3}}, "no symbol of the role 'past'; it has 'k'")
    fails(parse "g (float[4] x) => () { }", {dims = {["x:0"] = 5}}, "x:0 is 4 and cannot be 5")
  end)

  it("take a user's own defaults first", function()
    local defaults = require "onnxdoc.defaults"
    table.insert(defaults, 1, {role = "image", value = 512, names = {"^h2$"}})
    assert.equal(512, bindings.of(m).values.h2)
    table.remove(defaults, 1)
    assert.equal(224, bindings.of(m).values.h2)
  end)

  it("give symbols by role or name, and copies with other values", function()
    local b = bindings.of(m)
    assert.same({"batch_size", "B2", "n"}, b:symbols_of("batch"))
    assert.same({"q"}, b:symbols_of("q"))
    assert.same({}, b:symbols_of("nothing"))
    assert.equal(9, b:with({q = 9}).q)
    assert.equal(128, b.values.q)
    assert.is_nil(b:refusal({"batch_size", "n"}, 1))
    assert.equal("n cannot be 0: it is at least 1", b:refusal({"n"}, 0))
  end)

  it("that follow from others follow in copies too", function()
    local b = bindings.of(m)
    assert.equal(1128, b:with({past_length = 1000}).total_length)
    assert.equal(7, b:with({past_length = 1000, total_length = 7}).total_length)
    assert.equal(200, bindings.of(m, {dims = {total_length = 200}}):with({past_length = 1000}).total_length)
    assert.equal(128, b.values.total_length)
  end)
end)
