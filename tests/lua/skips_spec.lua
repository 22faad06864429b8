-- lua/onnxdoc/skips.lua: where a value meets what layers have made of it.

local onnxdoc = require "onnxdoc"
local scale = require "scale"
local skips = require "onnxdoc.skips"

local function zoo(name, options) return assert(require("models." .. name)(options):model()) end

local function counts(model)
  local found = {}
  for _, skip in ipairs(skips.of(model).list) do found[skip.kind] = (found[skip.kind] or 0) + 1 end
  return found
end

local function in_text(body)
  return assert(onnxdoc.parse(([[<ir_version: 8, opset_import: ["": 17]>
    g (float[1,4,8,8] x, float[1,1,8,8] mask) => (float[1,4,8,8] y) <float[4,4,1,1] v = {...}, float[4,4,1,1] w = {...}>
    { a = Conv(x, v) %s }]]):format(body)))
end

describe("skips", function()
  it("of real structures", function()
    assert.are.same({add = 24}, counts(zoo("bert_squad", {})))
    assert.are.same({concat = 3}, counts(zoo("unet")))
    assert.are.same({add = 4}, counts(zoo("llama")))
    assert.are.same({add = 4}, counts(zoo("moe")))
    assert.are.same({add = 10}, counts(zoo("whisper")))
  end)

  it("of each kind, with what is on the way", function()
    local forms = {add = "b = Conv(a, w) y = Add(b, a)", sub = "b = Conv(a, w) y = Sub(a, b)",
      gate = "b = Conv(a, w) c = Sigmoid(b) y = Mul(a, c)", concat = "b = Conv(a, w) y = Concat <axis = 1> (a, b)"}
    for kind, body in pairs(forms) do
      local list = skips.of(in_text(body)).list
      assert.are.same({1, kind, 1, "a"}, {#list, list[1].kind, list[1].layers, list[1].from.name})
    end
  end)

  it("are seen behind what hands values on", function()
    assert.are.same({add = 1}, counts(in_text "i = Identity(a) b = Conv(a, w) c = Dropout(b) y = Add(c, i)"))
    assert.are.same({concat = 1}, counts(in_text
      "p, q = Split <axis = 1> (a) u = Concat <axis = 1> (q, q) b = Conv(u, w) y = Concat <axis = 1> (p, b)"))
  end)

  it("are no branches, no activations, no masks", function()
    assert.are.same({}, counts(in_text "b = Conv(x, w) c = Conv(b, v) y = Add(a, c)"))
    assert.are.same({}, counts(in_text "s = Sigmoid(a) m = Mul(a, s) n = Mul(m, mask) b = Conv(n, w) y = Mul(b, mask)"))
    assert.are.same({}, counts(in_text "n = Add(a, mask) b = Conv(n, w) y = Add(b, mask)"))
  end)
end)

it("looks at so many values and says so", function()
  local count = scale(1000)
  local lines = {"a = Conv(x, w)  b0 = Conv(x, w)"}
  for i = 1, count do lines[i + 1] = ("b%d = Conv(b%d, w)  c%d = Mul(a, b%d)"):format(i, i - 1, i, i) end
  local model = assert(onnxdoc.parse(("g (float[1,4,8,8] x) => (c1) <float[4,4,1,1] w = {...}> { %s }")
    :format(table.concat(lines, "\n"))))
  local found = skips.of(model)
  assert.are.same({}, found.list)
  assert.is_true(found.steps <= 200000)
  assert.are.equal(found.steps == 200000, found.is_cut)
end)
