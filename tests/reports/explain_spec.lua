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
    local out, err, code = explain "fl"
    assert.equal("", out)
    assert.equal(1, code)
    assert.is_truthy(err:find("m.onnx has no value 'fl'; there is 'flat'", 1, true), err)
  end)

  it("shows names harmlessly", function()
    local out = explain("y", "evil.onnx")
    assert.is_nil(out:find("\27", 1, true))
    assert.is_truthy(out:find("axis 0 of 'x'", 1, true), out)
  end)
end)
