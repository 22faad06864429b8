-- Repeated layers: what is found in known models, that names and the order of nodes have no say, what of a layer differs.

local onnxdoc = require "onnxdoc"
local scale = require "tests.scale"

local zoo = setmetatable({}, {__index = function(_, name) return require("models." .. name) end})

local function built(name, options) return assert(zoo[name](options):model()) end

local function nodes_text(nodes) return type(nodes) == "table" and nodes[1] .. "-" .. nodes[2] or tostring(nodes) end

-- "stem 4, 3 × 10-12, head 3"
local function summary(model, graph)
  local shown, last = {}, nil
  for _, part in ipairs((graph or model.graph).parts or {}) do
    local group = part.group
    if not group then shown[#shown + 1] = part.kind .. " " .. part.size end
    if group and group ~= last then shown[#shown + 1] = group.count .. " × " .. nodes_text(group.nodes) end
    last = group
  end
  return table.concat(shown, ", ")
end

local function value_text(value)
  if type(value) ~= "table" then return tostring(value) end
  local items = {}
  for i, item in ipairs(value) do items[i] = tostring(item) end
  return "[" .. table.concat(items, ",") .. "]"
end

-- "layer 3, shape of input B of MatMul: [8,24], not [8,32]"
local function differences(group)
  local shown = {}
  for i, difference in ipairs(group.differences) do
    shown[i] = ("%s, %s of %s: %s, not %s"):format(difference.layer.name, difference.what,
      (difference.node or difference.other_node).op, value_text(difference.value), value_text(difference.other))
  end
  return shown
end

-- ---- the seed model ----

describe("the seed model", function()
  local m, layers
  setup(function()
    m = assert(require "models.bert_squad"():model())
    layers = m:layers()
  end)

  it("has twelve equal layers", function()
    assert.equal("stem 79, 12 × 88, head 32", summary(m))
    assert.equal(1, #layers.groups)
    assert.equal(63, layers.groups[1].compute)
    assert.same({}, differences(layers.groups[1]))
    assert.same({}, layers.between)
  end)

  it("has in each layer the nodes that its names put there, and no other", function()
    local group = layers.groups[1]
    for node in m:nodes() do
      local number = node.name:match("/layer_(%d+)/")
      local part = number and group.layers[number + 1] or nil
      if part then assert.equal(part, node.layer) else assert.is_nil(node.layer.number) end
    end
  end)

  it("hands one value from layer to layer", function()
    local group = layers.groups[1]
    for i, layer in ipairs(group.layers) do
      assert.equal(i, layer.number)
      assert.equal(88, #layer.nodes)
      assert.equal(88, layer.size)
      assert.equal("Reshape", layer.first.op)
      assert.equal("Add", layer.last.op)
      assert.equal(1, #layer.outputs)
      assert.equal(3, #layer.inputs) -- with the mask and the batch size
      if i > 1 then
        local is_read = false
        for _, input in ipairs(layer.inputs) do is_read = is_read or input == group.layers[i - 1].outputs[1] end
        assert.is_true(is_read)
      end
    end
  end)

  it("costs what its parts cost", function()
    local macs, nodes, keys = 0, 0, {}
    for _, row in ipairs(m:costs "layer") do
      macs, nodes = macs + row.cost.macs, nodes + row.cost.nodes
      keys[#keys + 1] = row.key.name
      assert.equal(row.key.cost.macs, row.cost.macs)
    end
    assert.equal(m.cost.macs, macs)
    assert.equal(#m.graph, nodes)
    assert.equal("stem layer 1 layer 2", table.concat(keys, " ", 1, 3))
    assert.equal(14, #keys)
  end)
end)

-- ---- the zoo ----

local full = {
  {"resnet50", {}, "stem 4, 3 × 10-12, 4 × 10-12, 6 × 10-12, 3 × 10-12, head 3"},
  {"resnet50", {folded = true}, "stem 3, 3 × 7-8, 4 × 7-8, 6 × 7-8, 3 × 7-8, head 3"},
  {"gpt2", {}, "stem 16, 12 × 85, head 11"},
  {"llama", {}, "stem 8, 16 × 13, head 1"},
  {"moe", {weights = "absent"}, "stem 15, 32 × 188, head 7"},
  {"moe", {weights = "absent", experts_as = "weighted"}, "stem 15, 32 × 71, head 7"},
  {"moe", {weights = "absent", experts_as = "fused"}, "stem 15, 32 × 55, head 7"},
  {"whisper", {}, "stem 8, 2 × 6, between 2, 4 × 33, between 5, 4 × 56, head 3"},
  {"whisper", {part = "decoder_with_past"}, "stem 14, 4 × 53, head 3"},
  {"qdq", {network = "transformer"}, "stem 0, 12 × 56-57, head 0"},
  {"unet", {}, "stem 0, 5 × 6-7, 4 × 8, head 1"},
}

-- Under garbage collection without a pause a model takes a second: then one in five has to do.
local stride = scale(1000) < 100 and 5 or 1

describe("full models:", function()
  for i = 1, #full, stride do
    local name, options, expected = table.unpack(full[i])
    it(name .. " " .. expected, function()
      local with_size = {size = "full"}
      for key, value in pairs(options) do with_size[key] = value end
      assert.equal(expected, summary(built(name, with_size)))
    end)
  end

  it("experts repeat inside of layers", function()
    local group = built("moe", {}):layers().groups[1]
    assert.equal(1, #group.nested)
    assert.same({4, 14}, {group.nested[1].count, group.nested[1].compute})
  end)

  it("the first block of each stage has a projection", function()
    local groups = built("resnet50", {size = "full", folded = true}):layers().groups
    assert.same({
      "layer 4, shape of input W of Conv: [128,256,1,1], not [128,512,1,1]",
      "layer 4, attribute strides of Conv: [2,2], not [1,1]",
      "layer 4, extra node of Conv: Conv, not nil",
    }, differences(groups[2]))
    for i = 1, 4 do assert.equal(1, groups[i].chain) end
  end)
end)

-- ---- names, order, version ----

local function attribute_value(b, value)
  if type(value) ~= "userdata" then return value end
  return b:tensor(value.dtype, value.shape, {raw = value:bytes()})
end

-- Nodes in a random order that is topological.
local function shuffled(model, random)
  local waiting, ready, order = {}, {}, {}
  for node in model.graph:nodes() do
    local sources = {}
    for i = 1, #node.inputs do
      local producer = node.inputs[i] and node.inputs[i].producer
      if producer then sources[producer] = true end
    end
    waiting[node] = 0
    for _ in pairs(sources) do waiting[node] = waiting[node] + 1 end
    if waiting[node] == 0 then ready[#ready + 1] = node end
  end
  while #ready > 0 do
    local node = table.remove(ready, random(#ready))
    order[#order + 1] = node
    local readers = {}
    for i = 1, #node.outputs do
      for _, reader in ipairs(node.outputs[i] and node.outputs[i].consumers or {}) do readers[reader] = true end
    end
    local list = {}
    for reader in pairs(readers) do list[#list + 1] = reader end
    table.sort(list, function(x, y) return x.id < y.id end)
    for _, reader in ipairs(list) do
      waiting[reader] = waiting[reader] - 1
      if waiting[reader] == 0 then ready[#ready + 1] = reader end
    end
  end
  return order
end

-- The same model with other names and its nodes in another order; gives the nodes in that order, too.
local function rebuilt(model, seed, opset)
  local state = seed
  local function random(n)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % n + 1
  end
  local b = onnxdoc.build{opset = opset or model.opset}
  local names, count = {}, 0
  local function renamed(value)
    if not value then return "" end
    if not names[value] then
      count = count + 1
      names[value] = "x" .. (count * 7919) % 1000003
    end
    return names[value]
  end
  for _, input in ipairs(model.inputs) do
    if not input.tensor then b:input(renamed(input), input.declared_dtype, input.declared_shape) end
  end
  for _, tensor in ipairs(model.graph.initializers) do
    b:constant(renamed(tensor.value), tensor.dtype, tensor.shape, {raw = tensor:bytes()})
  end
  local order = shuffled(model, random)
  for i, node in ipairs(order) do
    local inputs, outputs, attributes = {}, {}, {}
    for k = 1, #node.inputs do inputs[k] = renamed(node.inputs[k]) end
    for k = 1, #node.outputs do outputs[k] = renamed(node.outputs[k]) end
    for name, value in pairs(node.attributes) do attributes[name] = attribute_value(b, value) end
    b:op(node.op, inputs, attributes, {outputs = outputs, name = "n" .. (i * 31) % 1009 .. "_" .. i})
  end
  for _, output in ipairs(model.outputs) do
    b:output(renamed(output), output.declared_dtype, output.declared_shape)
  end
  return assert(b:model()), order
end

local function part_names(nodes)
  local names = {}
  for i, node in ipairs(nodes) do names[i] = node.layer and node.layer.name or "" end
  return table.concat(names, "\n")
end

describe("neither names nor the order in the file have a say:", function()
  local models = {
    {"gpt2", {weights = "zeros"}}, {"llama", {weights = "zeros"}}, {"resnet50", {weights = "zeros"}},
    {"moe", {weights = "zeros"}}, {"whisper", {weights = "zeros"}}, {"unet", {weights = "zeros"}},
    {"qdq", {weights = "zeros"}}, {"qdq", {weights = "zeros", network = "transformer"}},
  }
  for i = 1, #models, stride do
    local name, options = table.unpack(models[i])
    it(name, function()
      local model = built(name, options)
      local expected = summary(model)
      assert.is_true(#expected > 0)
      for seed = 1, 3 do
        local other, order = rebuilt(model, seed)
        assert.equal(expected, summary(other))
        local nodes = {}
        for node in other.graph:nodes() do nodes[#nodes + 1] = node end
        assert.equal(part_names(order), part_names(nodes))
      end
    end)
  end

  it("nor another version of the operators", function()
    local model = built("gpt2", {weights = "zeros"})
    assert.equal(summary(model), summary((rebuilt(model, 5, 15))))
  end)
end)

-- ---- layers that differ ----

-- A block as in a transformer, without attention; `change` is {width =, relu =, alpha =}.
local function block(b, x, name, change)
  local width = change.width or 32
  local function weight(part, rows, columns)
    return b:constant(name .. part, "float32", {rows, columns}, {random = 1})
  end
  local gain = b:constant(name .. "gain", "float32", {8}, {random = 2})
  local normed = b:op("LayerNormalization", {x, gain}, {axis = -1, epsilon = change.epsilon or 1e-5})
  local inner = b:op("MatMul", {normed, weight("up", 8, width)})
  inner = b:op("Erf", {inner})
  if change.relu then inner = b:op("Relu", {inner}) end
  local gate = b:op("Sigmoid", {b:op("MatMul", {normed, weight("gate", 8, width)})})
  local product = b:op("Mul", {inner, gate})
  return b:op("Add", {x, b:op("MatMul", {product, weight("down", width, 8)})})
end

local function stack(count, changes)
  local b = onnxdoc.build{opset = 17}
  local x = b:op("Tanh", {b:input("x", "float32", {"N", 8})})
  for i = 1, count do x = block(b, x, "b" .. i, changes[i] or {}) end
  b:output(b:op("Softmax", {x}), "float32", {"N", 8})
  return assert(b:model())
end

describe("a layer that differs", function()
  it("in a width", function()
    local model = stack(6, {[4] = {width = 24}})
    assert.equal("stem 1, 6 × 8, head 1", summary(model))
    assert.same({
      "layer 4, shape of input B of MatMul: [8,24], not [8,32]",
      "layer 4, shape of input B of MatMul: [8,24], not [8,32]",
      "layer 4, shape of input B of MatMul: [24,8], not [32,8]",
    }, differences(model:layers().groups[1]))
    assert.equal("layer 1", model:layers().groups[1].differences.like.name)
  end)

  it("in a node more", function()
    for _, count in ipairs {3, 4, 6} do
      for changed = 1, count do
        local model = stack(count, {[changed] = {relu = true}})
        assert.equal(("stem 1, %d × 8-9, head 1"):format(count), summary(model))
        assert.same({("layer %d, extra node of Relu: Relu, not nil"):format(changed)},
          differences(model:layers().groups[1]))
      end
    end
  end)

  it("in an attribute", function()
    local found = stack(5, {[2] = {epsilon = 0.5}}):layers().groups[1]
    assert.same({"layer 2, attribute epsilon of LayerNormalization: 0.5, not 9.9999997473788e-06"}, differences(found))
    assert.equal("LayerNormalization", found.differences[1].node.op)
    assert.equal(found.layers[2], found.differences[1].layer)
  end)

  it("in a value of its own, but not in what differs everywhere", function()
    local function model(epsilons)
      local changes = {}
      for i, epsilon in ipairs(epsilons) do changes[i] = {epsilon = epsilon} end
      return stack(#epsilons, changes)
    end
    assert.equal(1, #model{0.5, 0.5, 0.25}:layers().groups[1].differences)
    assert.equal(0, #model{0.5, 0.25, 0.125, 0.75}:layers().groups[1].differences)
  end)

  it("from the only other one", function()
    local model = stack(2, {[2] = {relu = true}})
    assert.equal("stem 1, 2 × 8-9, head 1", summary(model))
  end)
end)

-- ---- calls ----

describe("layers that are calls", function()
  local function model_of_calls(count)
    local b = onnxdoc.build{opset = {[""] = 17, ["acme"] = 1}}
    for i = 1, count do -- a function for each, as some exporters write them
      local f = b:func("acme", "Layer" .. i, {inputs = {"x", "w"}, outputs = {"y"}, opset = {[""] = 17}})
      local y = f:op("Add", {"x", f:op("Tanh", {f:op("MatMul", {"x", "w"})})})
      f:op("Relu", {y}, nil, {outputs = {"y"}})
    end
    local x = b:op("Abs", {b:input("x", "float32", {"N", 8})})
    for i = 1, count do
      x = b:op("acme.Layer" .. i, {x, b:constant(nil, "float32", {8, 8}, {random = i})})
    end
    b:output(b:op("Softmax", {x}), "float32", {"N", 8})
    return assert(b:model())
  end

  it("are found, and what is inside belongs to them", function()
    local m = model_of_calls(5)
    assert.equal("stem 1, 5 × 1, head 1", summary(m))
    local layers = m:layers().groups[1].layers
    for node in m:nodes{op = "MatMul"} do
      assert.equal("acme", node.graph.domain)
      assert.equal(layers[tonumber(node.graph.name:match("%d+"))], node.layer)
    end
    local macs = 0
    for _, row in ipairs(m:costs "layer") do macs = macs + row.cost.macs end
    assert.equal(m.cost.macs, macs)
    assert.equal(m.cost.macs, 5 * layers[3].cost.macs)
  end)

  it("are alike in whatever order their nodes stand", function()
    local ops = {"Abs", "Acos", "Asin", "Atan", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "Log", "Neg", "Relu",
      "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign"}
    local function model(is_turned)
      local b = onnxdoc.build{opset = {[""] = 17, ["acme"] = 1}}
      local function body(name, from, to, step, last)
        local f, all = b:func("acme", name, {inputs = {"x"}, outputs = {"y"}, opset = {[""] = 17}}), {}
        for i = from, to, step do all[#all + 1] = f:op(ops[i], {"x"}) end
        f:op(last, {f:op("Max", all)}, nil, {outputs = {"y"}})
      end
      body("One", 1, #ops, 1, "Identity")
      if is_turned then body("Two", #ops, 1, -1, "Tan") else body("Two", 1, #ops, 1, "Tan") end
      local x = b:input("x", "float32", {4})
      for i = 1, 8 do x = b:op(i % 3 == 0 and "acme.Two" or "acme.One", {x}) end
      b:output(x, "float32", {4})
      return assert(b:model())
    end
    assert.equal("stem 0, 8 × 1, head 0", summary(model(false)))
    assert.equal("stem 0, 8 × 1, head 0", summary(model(true)))
  end)
end)

-- ---- hostile models ----

describe("hostile models", function()
  local count = scale(20000)

  local function chain(ops)
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {4})
    for i = 1, count do x = b:op(ops[i % #ops + 1], {x}) end
    b:output(x, "float32", {4})
    return assert(b:model())
  end

  it("say nothing of less than three nodes", function()
    assert.equal("", summary(chain{"Relu"}))
    assert.equal("", summary(chain{"Relu", "Tanh"}))
    assert.same({}, chain{"Relu"}:layers().groups)
  end)

  it("repeat three nodes thousands of times", function()
    local m = chain{"Relu", "Tanh", "Exp"}
    assert.equal(count // 3, m:layers().groups[1].count)
    assert.equal(0, #m:layers().groups[1].differences)
  end)

  it("fan out", function()
    local b = onnxdoc.build{opset = 17}
    local x, all = b:input("x", "float32", {4}), {}
    for i = 1, count do all[i] = b:op("Relu", {x}) end
    b:output(b:op("Sum", all), "float32", {4})
    assert.equal("", summary(assert(b:model())))
  end)

  it("are connected at random", function()
    local b = onnxdoc.build{opset = 17}
    local ops, values, state = {"Add", "Mul", "Sub", "Max"}, {b:input("x", "float32", {4})}, 1
    for i = 1, count do
      state = (state * 1103515245 + 12345) & 0x7fffffff
      values[i + 1] = b:op(ops[i % 4 + 1], {values[i], values[i - (state >> 8) % math.min(i, 1000)]})
    end
    b:output(values[count + 1], "float32", {4})
    assert.equal("", summary(assert(b:model())))
  end)

  it("are empty", function()
    local b = onnxdoc.build{opset = 17}
    b:output(b:input("x", "float32", {4}), "float32", {4})
    local layers = assert(b:model()):layers()
    assert.same({groups = {}, between = {}}, layers)
  end)

  it("have functions that call themselves", function()
    local m = assert(onnxdoc.parse [[
      <ir_version: 8, opset_import: ["": 17, "d": 1]>
      g (float[N] x) => (float[N] y) { a = d.F(x) b = d.F(a) y = d.F(b) }
      <domain: "d", opset_import: ["": 17, "d": 1]>
      F (x) => (y) { a = Relu(x) b = d.G(a) y = Tanh(b) }
      <domain: "d", opset_import: ["": 17, "d": 1]>
      G (x) => (y) { a = Exp(x) b = Abs(a) y = d.F(b) }]])
    assert.is_table(m:layers().groups)
    for node in m:nodes() do assert.is_nil(node.layer) end
  end)
end)

-- ---- random models ----

-- A few programs of random operators, each repeated, with shortcuts, bodies, several outputs and now and then a mistake.
local function random_model(seed)
  local state = seed
  local function random(n)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % n + 1
  end
  local b = onnxdoc.build{opset = 17}
  local ops, values = {"Relu", "Tanh", "Exp", "Neg", "Abs"}, {b:input("x", "float32", {"N", 8})}
  local function recent(n) return values[math.max(1, #values - random(n) + 1)] end
  local function add(code)
    local x = values[#values]
    local y
    if code <= 5 then y = b:op(ops[code], {x})
    elseif code == 6 then y = b:op("Add", {x, recent(10)})
    elseif code == 7 then y = b:op("Mul", {recent(4), x})
    elseif code == 8 then
      local yes, no = b:subgraph("yes"), b:subgraph("no")
      yes:output(yes:op("Add", {x, recent(50)}))
      no:output(no:op("Relu", {recent(3)}))
      y = b:op("If", {b:constant(nil, "bool", {}, {true})}, {then_branch = yes, else_branch = no})
    else
      local left, right = b:op("Split", {x, b:constant(nil, "int64", {2}, {4, 4})}, {axis = 1}, {outputs = 2})
      y = b:op("Concat", {left, right}, {axis = 1})
      if random(3) == 1 then b:output(left) end
    end
    values[#values + 1] = y
  end
  for _ = 1, random(4) do
    local program = {}
    for k = 1, random(12) do program[k] = random(9) end
    for _ = 1, random(8) do
      for _, code in ipairs(program) do add(random(40) == 1 and random(9) or code) end
    end
  end
  b:output(values[#values])
  return assert(b:model())
end

describe("random models", function()
  it("have every node in one part, and all their cost", function()
    local groups = 0
    for seed = 1, scale(150) do
      local m = random_model(seed)
      groups = groups + #m:layers().groups
      for _, graph in ipairs(m.graphs) do
        local seen, count = {}, 0
        for _, part in ipairs(graph.parts or {}) do
          for _, node in ipairs(part.nodes) do
            assert.is_nil(seen[node])
            assert.equal(part, node.layer)
            seen[node], count = true, count + 1
          end
        end
        assert.is_true(count == 0 or count == #graph)
      end
      for _, group in ipairs(m:layers().groups) do
        for _, difference in ipairs(group.differences) do assert.equal(group, difference.layer.group) end
      end
      local sum = onnxdoc.expr(0)
      for _, row in ipairs(m:costs "layer") do sum = sum + row.cost.elementwise end
      assert.equal(tostring(m.cost.elementwise), tostring(sum))
    end
    assert.is_true(groups > 0)
  end)
end)

describe("handles", function()
  it("are the same for the same part, and die with the model", function()
    local m = stack(3, {})
    local part = m:layers().groups[1].layers[2]
    assert.equal(part, m.graph.parts[3])
    assert.equal(part, part.nodes[1].layer)
    assert.equal("Part layer 2, 8 nodes", tostring(part))
    assert.equal("LayerGroup 3 layers", tostring(part.group))
    m:close()
    assert.has_error(function() return part.nodes end)
    assert.equal("Part (of a closed model)", tostring(part))
  end)

  it("have fields to walk", function()
    local names = {}
    for name in pairs(stack(3, {}):layers().groups[1]) do names[#names + 1] = name end
    assert.equal("count nodes compute chain graph layers nested differences", table.concat(names, " "))
  end)
end)
