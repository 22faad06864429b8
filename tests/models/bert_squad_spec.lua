-- tests/models/bert_squad.lua is the seed model: by counts and by what each layer holds, and, where its description
-- ../shared/data/bert_squad.spec.json is there, node for node and initializer for initializer.

local utils = require "pl.utils"
local make = require "models.bert_squad"

local SPECIFICATION = "../shared/data/bert_squad.spec.json"

local operators = {Unsqueeze = 191, Mul = 186, Add = 185, MatMul = 98, Reshape = 71, Cast = 70, Sub = 62,
  Transpose = 62, Concat = 56, ReduceMean = 50, Identity = 28, Sqrt = 25, Reciprocal = 25, Softmax = 12, Pow = 12,
  Tanh = 12, Squeeze = 7, Slice = 6, Shape = 5, ConstantOfShape = 1, Gather = 1, OneHot = 1, Split = 1}
local of_a_layer = {Unsqueeze = 14, Mul = 15, Add = 15, MatMul = 8, Reshape = 5, Cast = 4, Sub = 5, Transpose = 5,
  Concat = 4, ReduceMean = 4, Identity = 2, Sqrt = 2, Reciprocal = 2, Softmax = 1, Pow = 1, Tanh = 1}

local function count_operators(nodes, pattern)
  local counts = {}
  for _, n in ipairs(nodes) do
    if n.name:find(pattern) then counts[n.op_type] = (counts[n.op_type] or 0) + 1 end
  end
  return counts
end

local function names(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = value.name end
  return list
end

-- A model's parts as the description has them.
local function node_entry(n)
  local attributes = {}
  for name, value in pairs(n.attributes) do
    attributes[name] = type(value) == "userdata" and value:values() or value
  end
  return {n.op_type, n.name, names(n.inputs), names(n.outputs), attributes}
end

local function value_entry(value) return {value.name, value.declared_dtype, value.declared_shape} end

local function tensor_entry(tensor, with_values)
  local values = with_values and tensor:values() or nil
  if values and tensor.rank == 0 then values = values[1] end
  return {tensor.name, tensor.dtype, tensor.shape, values}
end

local function map(list, convert)
  local result = {}
  for i, item in ipairs(list) do result[i] = convert(item) end
  return result
end

describe("bert_squad", function()
  local m, nodes = nil, {}
  setup(function()
    m = assert(make():model())
    for n in m:nodes() do nodes[#nodes + 1] = {name = n.name, op_type = n.op_type} end
  end)

  it("has the nodes of the seed model, by operator", function()
    assert.equal(1167, #m)
    assert.same(operators, count_operators(nodes, ""))
    assert.same({}, m.diagnostics)
  end)

  it("has twelve equal layers", function()
    for layer = 0, 11 do assert.same(of_a_layer, count_operators(nodes, ("/layer_%d/"):format(layer))) end
  end)

  it("has the parameters of BERT-base and a head of two rows", function()
    local elements, initializers = {float32 = 0, int32 = 0, int64 = 0}, m.graph.initializers
    for _, tensor in ipairs(initializers) do elements[tensor.dtype] = elements[tensor.dtype] + tensor.size end
    assert.equal(503, #initializers)
    assert.same({float32 = 108893309, int32 = 154, int64 = 70}, elements)
  end)

  it("gives every helper node a number of its own", function()
    local seen, highest = {}, 0
    for _, n in ipairs(nodes) do
      local number = math.tointeger(tonumber(n.name:match("__(%d+)$")))
      if number then
        assert.is_nil(seen[number], n.name)
        seen[number], highest = n.name, math.max(highest, number)
      end
    end
    assert.equal(490, highest)
    assert.equal("bert/encoder/Reshape_13/shape_Unsqueeze__298", seen[298])
  end)

  it("has random weights of about the right size on demand, and small constants either way", function()
    local drawn <close> = assert(make{weights = "random"}:model())
    local function first(model, name) return model:value(name).tensor:values(1)[1] end
    local gamma, kernel = "bert/encoder/layer_3/output/LayerNorm/gamma:0", "bert/encoder/layer_3/output/dense/kernel:0"
    assert.equal(0, first(m, gamma))
    assert.is_true(math.abs(first(drawn, gamma) - 1) <= 0.05)
    assert.is_true(math.abs(first(drawn, kernel)) <= 0.05)
    assert.not_equal(first(drawn, kernel), first(drawn, (kernel:gsub("layer_3", "layer_4"))))
    for _, model in ipairs{m, drawn} do
      assert.equal(0.125, first(model, "bert/encoder/layer_0/attention/self/Mul/y:0"))
    end
  end)

  it("names an option that it does not have", function()
    assert.error_matches(function() make{weight = "random"} end, "^bert_squad: no option weight=random, there is")
    assert.error_matches(function() make{weights = "ones"} end, "^bert_squad: no option weights=ones")
  end)

  it("has every shape in terms of two symbols, which it derives", function()
    assert.same({}, m.gaps)
    assert.same({}, m.shape_diagnostics)
    local stands_for = {}
    for _, symbol in ipairs(m.symbols) do stands_for[symbol.name] = tostring(symbol.expr) end
    assert.same({unk__492 = "unk__492", unk__493 = "unk__493", unk__494 = "unk__493", unk__495 = "unk__493",
      unk__496 = "unk__493", unk__497 = "unk__493", unk__498 = "unk__492"}, stands_for)
    for _, assumption in ipairs(m.assumptions) do assert.equal("derived", assumption.kind) end
    for value in m.graph:values() do
      assert.is_table(value.shape, value.name)
      assert.is_string(value.dtype, value.name)
    end
    assert.equal("float32[unk__493,12,256,256]", m:value("bert/encoder/layer_0/attention/self/Softmax:0").type)
    assert.equal("int64[unk__492]", m:value("unique_ids:0").type)
  end)

  it("has the same shapes when the batch is bound and when it is put in", function()
    for _, batch in ipairs{1, 2, 4} do
      local bound = m:with{dims = {unk__494 = batch, unk__492 = 7}}
      local at = {unk__493 = batch, unk__492 = 7}
      local values = bound.graph:values()
      for value in m.graph:values() do
        local dims = map(value.shape, function(dim) return type(dim) == "userdata" and dim:at(at) or dim end)
        assert.same(dims, values().shape)
      end
    end
  end)

  describe("beside its description", function()
    local text, wanted = utils.readfile(SPECIFICATION), nil
    setup(function() wanted = text and assert(require("dkjson").decode(text)) end)

    local function compare(what, test)
      it(what, function()
        if not wanted then
          pending("needs " .. SPECIFICATION)
          return
        end
        test()
      end)
    end

    compare("has the same header, inputs and outputs", function()
      for _, field in ipairs{"ir_version", "producer_name", "producer_version"} do
        assert.equal(wanted[field], m[field])
      end
      assert.equal(wanted.opset, m.opset[""])
      assert.same(wanted.inputs, map(m.inputs, value_entry))
      assert.same(wanted.outputs, map(m.outputs, value_entry))
    end)

    compare("has the same nodes in the same order", function()
      local index = 0
      for n in m:nodes() do
        index = index + 1
        assert.same(wanted.nodes[index], node_entry(n))
      end
      assert.equal(#wanted.nodes, index)
    end)

    compare("has the same initializers in the same order", function()
      local initializers = m.graph.initializers
      assert.equal(#wanted.initializers, #initializers)
      for i, entry in ipairs(wanted.initializers) do
        assert.same(entry, tensor_entry(initializers[i], entry[4] ~= nil))
      end
    end)
  end)
end)
