-- JSON that is exact and always valid.

require "onnxdoc"
local json = require "onnxdoc.json"

describe("json.encode", function()
  it("keeps integers to the last digit and floats as they are", function()
    assert.equal("[9007199254740993,-9223372036854775808,0.1,0.3333333333333333,1e+300]",
      json.encode {9007199254740993, math.mininteger, 0.1, 1 / 3, 1e300})
  end)

  it("writes null for what JSON has no number for", function()
    assert.equal("[null,null,null]", json.encode {0 / 0, math.huge, -math.huge})
    assert.equal("[1,null]", json.encode {1, json.null})
  end)

  it("tells empty lists from empty objects", function()
    assert.equal("[]", json.encode {})
    assert.equal("[]", json.encode(json.array()))
    assert.equal("{}", json.encode(json.object()))
    assert.equal('{"a":[],"b":{}}', json.encode {a = json.array {}, b = json.object {}})
  end)

  it("has its keys in order", function()
    local value = {zebra = 1, id = 2, apple = 3, name = 4}
    assert.equal('{"id":2,"name":4,"apple":3,"zebra":1}', json.encode(value, {keyorder = {"id", "name"}}))
    local inner = {path = 1, name = value}
    assert.equal('{"path":1,"name":{"name":4,"apple":3,"id":2,"zebra":1}}',
      json.encode(inner, {keyorder = {"name"}, outermost = {"path"}}))
  end)

  it("has a line for each field of an object where it is to be indented", function()
    assert.equal('{\n  "a":[1,{\n      "b":{\n      }\n    }]\n}',
      json.encode({a = {1, {b = json.object()}}}, {indent = true}))
  end)

  it("is valid UTF-8, and no key hides another", function()
    assert.equal('["\\\\xff\\u0000"]', json.encode {"\xff\0"})
    local written = json.encode {["\xff"] = 1, ["\\xff"] = 2}
    assert.is_truthy(utf8.len(written))
    local read = json.decode(written)
    local seen = {}
    for _, value in pairs(read) do seen[value] = true end
    assert.is_true(seen[1] and seen[2])
  end)

  it("refuses what it cannot write", function()
    assert.has_error(function() json.encode {print} end, "json: cannot write a function")
    local loop = {}
    loop[1] = loop
    assert.has_error(function() json.encode(loop) end, "json: a table holds itself")
  end)
end)

describe("json.decode", function()
  it("reads what was written", function()
    local value = json.decode '{"a": [1, 2.5, "x", null], "b": {}}'
    assert.equal(1, value.a[1])
    assert.equal("integer", math.type(value.a[1]))
    assert.equal(json.null, value.a[4])
    assert.equal('{"a":[1,2.5,"x",null],"b":{}}', json.encode(value))
  end)

  it("gives nil and a message", function()
    for _, source in ipairs {"{", "[1,]x", "", '{"a":1} tail'} do
      local value, message = json.decode(source)
      assert.is_nil(value, source)
      assert.equal("string", type(message))
    end
  end)
end)
