-- Operators defined in Lua.

local onnxdoc = require "onnxdoc"

local function parse(text) return assert(onnxdoc.parse(text)) end

describe("onnxdoc.operator", function()
  it("gives types and shapes, with symbols, attributes and contents", function()
    local seen
    onnxdoc.operator{domain = "test.operator", name = "Pool", shape = function(node)
      seen = node
      local x = node.inputs[1]
      return {dtype = x.dtype, shape = {x.shape[1], node.attributes.size, node.inputs[2].known[1]}}, {dtype = "int64", shape = {}}
    end}
    local m = parse [[<opset_import: ["": 17, "test.operator": 3]> g (float[N,8] x) => () <int64[1] k = {5}> {
      [pool] y, z = test.operator.Pool<size = 3>(x, k, "")
      w = Relu(y) }]]
    assert.equal("float32[N,3,5]", m:value("w").type)
    assert.equal("int64[]", m:value("z").type)
    assert.same({"Pool", "test.operator", "pool", 3, {size = 3}}, {seen.op_type, seen.domain, seen.name, seen.opset, seen.attributes})
    assert.is_false(seen.inputs[3])
    assert.same({}, m.shape_diagnostics)
  end)

  it("calculates with Exprs", function()
    onnxdoc.operator{domain = "test.operator", name = "Half", shape = function(node)
      local x = node.inputs[1].shape[1]
      return {dtype = "float16", shape = {x // 2, x * 3 + 1, false}}
    end}
    local m = parse 'g (float[N] x) => () { y = test.operator.Half(x) }'
    assert.equal("float16[floor(N/2),3*N + 1", m:value("y").type:match("^(.-),[^,]*$"))
    assert.equal(2, m:with{dims = {N = 5}}:value("y").shape[1])
  end)

  it("replaces a shipped operator", function()
    onnxdoc.operator{name = "ThresholdedRelu", shape = function() return {dtype = "int8", shape = {7}} end}
    local m = parse "g (float[N] x) => () { y = ThresholdedRelu(x) }"
    assert.equal("int8[7]", m:value("y").type)
  end)

  it("that fails is that node's problem", function()
    local cases = {
      {function() error("no idea") end, "no idea"},
      {function() error({}) end, "table"},
      {function(node) return node.inputs[9].shape end, "nil value"},
      {function() return 3 end, "output 1 is a number, a table is wanted"},
      {function() return {dtype = "float3"} end, "'float3' is no dtype"},
      {function() return {dtype = "float32", shape = 3} end, "shape is a number"},
      {function() return {shape = {"N"}} end, "dimension 1 is a string"},
      {function() return {shape = {1.5}} end, "dimension 1 is a number"},
      {function() local s = {} for i = 1, 33 do s[i] = 1 end return {shape = s} end, "rank 33 is over the limit of 32"},
    }
    for _, case in ipairs(cases) do
      onnxdoc.operator{domain = "test.operator", name = "Bad", shape = case[1]}
      local m = parse "g (float[N] x) => () { y = test.operator.Bad(x) z = Abs(x) }"
      assert.equal("float32[N]", m:value("z").type)
      assert.equal("operator", m.shape_diagnostics[1].code)
      assert.is_truthy(m.shape_diagnostics[1].message:find(case[2], 1, true), m.shape_diagnostics[1].message)
      assert.is_nil(m:value("y").shape)
    end
  end)

  it("can neither ask for the shapes that are being inferred nor close the model", function()
    local model
    local function run(action)
      onnxdoc.operator{domain = "test.operator", name = "Inward", shape = action}
      model = parse "g (float[N] x) => () { y = test.operator.Inward(x) z = Abs(x) }"
      assert.equal("float32[N]", model:value("z").type)
      return model.shape_diagnostics[1].message
    end
    assert.is_truthy(run(function() return model.symbols end):find("shapes are not there yet", 1, true))
    assert.is_truthy(run(function() return model:value("x").shape end):find("shapes are not there yet", 1, true))
    assert.is_truthy(run(function() model:close() end):find("cannot be closed", 1, true))
    local explained
    onnxdoc.operator{domain = "test.operator", name = "Inward", cost = function()
      if explained then explained = not pcall(model.close, model) end
      return {macs = 1}
    end}
    explained = model.cost and true
    assert.same({}, model:value("y").producer.cost_notes)
    assert.is_true(explained)
    local view
    onnxdoc.operator{domain = "test.operator", name = "Inward", shape = function(node)
      if model and not view then view = model:with{dims = {N = 3}} end
      return node.inputs[1]
    end}
    model = nil
    local seen = parse "g (float[N] x) => () { y = test.operator.Inward(x) }"
    model = parse "g (float[N] x) => () { y = test.operator.Inward(x) }"
    assert.equal("float32[N]", seen:value("y").type)
    assert.equal("float32[3]", view:value("y").type)
  end)

  it("that gives a negative size has it reported", function()
    onnxdoc.operator{domain = "test.operator", name = "Bad", shape = function() return {dtype = "float32", shape = {-1}} end}
    assert.equal("negative-dimension", parse("g () => () { y = test.operator.Bad() }").shape_diagnostics[1].code)
  end)

  it("is checked when it is defined", function()
    local function refused(definition, part)
      local ok, message = pcall(onnxdoc.operator, definition)
      assert.is_false(ok)
      assert.is_truthy(message:find(part, 1, true), message)
    end
    refused({shape = print}, "'name' is a nil")
    refused({name = "X"}, "'shape' is a nil, a function is wanted")
    refused({name = "X", domain = 3, shape = print}, "'domain' is a number")
    refused({name = "X", shapes = print}, "unknown field 'shapes'")
    refused(3, "table expected")
  end)
end)
