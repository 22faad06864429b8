-- Names as people never write them: duplicate, empty, with NUL, control characters or bytes that are no UTF-8.

local onnxdoc = require "onnxdoc"
local wire = require "wire"

local function load(graph)
  graph.name = graph.name or "g"
  return assert(onnxdoc.load_bytes(wire.model{graph = graph}))
end

local function diagnostics(model)
  local list = {}
  for _, d in ipairs(model.diagnostics) do
    assert.is_nil(d.message:find("%c"), "control characters are escaped")
    assert.truthy(utf8.len(d.message), "messages are UTF-8")
    list[#list + 1] = d.code .. ": " .. d.message
  end
  return list
end

describe("names", function()
  local odd = {
    ["a NUL"] = "a\0b", ["only a NUL"] = "\0", ["control characters"] = "a\n\27[31m\r\t\127b",
    ["invalid UTF-8"] = "\255\254\xc3", ["an overlong form"] = "\xc0\xaf", ["a surrogate"] = "\xed\xa0\x80",
    ["a bidi override"] = "a\u{202e}b", ["quotes and backslashes"] = [[it's "a\b"]], ["a very long run"] = ("n"):rep(100000),
    ["slashes and dots"] = "a/b::c.d/../e", ["a space"] = " ", ["a percent sign"] = "%s%n%d",
  }
  for what, name in pairs(odd) do
    it("with " .. what .. " are kept as bytes and shown escaped", function()
      local model = load{
        name = name, doc_string = name, input = {wire.value(name, "float32", {name})},
        initializer = {wire.tensor(name .. "w", "float32", {1}, "bad")}, output = {wire.value(name .. "y")},
        node = {wire.node(name, {name, name .. "w", name .. "undefined"}, {name .. "y"}, {[name] = name}, {name = name, domain = name}),
                wire.node("Relu", {name .. "y"}, {name .. "y"})}}
      local node = model:node(name)
      assert.equal(name, node.name)
      assert.equal(name, node.op_type)
      assert.equal(name, node.domain)
      assert.equal(name, node.attributes[name])
      assert.equal(name, node.inputs[1].name)
      assert.equal(name, node.inputs[1].declared_shape[1])
      assert.equal(node.inputs[1], model:value(name))
      assert.equal(name, model.graph.name)
      assert.equal(name, model.graph.doc)
      for _, object in ipairs{model, model.graph, node, node.inputs[1], node.inputs[2].tensor} do
        local shown = tostring(object)
        assert.is_nil(shown:find("%c"), shown)
        assert.truthy(utf8.len(shown), "tostring is UTF-8")
        assert.is_nil(shown:find("\u{202e}", 1, true))
      end
      assert.is_nil(node.path:find("%c"))
      assert.is_true(#diagnostics(model) > 0)
      model:close()
    end)
  end

  it("of all lengths, mixed with empty ones, keep to their edges", function()
    local function name(i) return ("v%d_%s"):format(i, ("x"):rep(i * i % 2200)) end
    local nodes = {}
    for i = 1, 200 do
      local outputs = i % 5 == 0 and {name(i), "", name(i) .. "b"} or {name(i)}
      nodes[i] = wire.node("Op", {name(i - 1), "", name(math.max(0, i - 7))}, outputs, {}, {name = "n" .. i})
    end
    local model = load{input = {wire.value(name(0), "float32", {1})}, output = {wire.value(name(200))}, node = nodes}
    assert.same({}, (diagnostics(model)))
    local i = 0
    for node in model.graph:nodes() do
      i = i + 1
      assert.equal(name(i - 1), node.inputs[1].name)
      assert.is_nil(node.inputs[2])
      assert.equal(name(math.max(0, i - 7)), node.inputs[3].name)
      assert.equal(name(i), node.outputs[1].name)
      if i % 5 == 0 then assert.equal(name(i) .. "b", node.outputs[3].name) end
      assert.equal(model:value(name(i)), node.outputs[1])
    end
    model:close()
  end)

  it("of metadata and opset domains are kept too", function()
    local model = assert(onnxdoc.load_bytes(wire.model{
      producer_name = "p\0q", doc_string = "d\255", metadata_props = {{key = "k\0", value = "v\0"}, {key = "", value = ""}},
      opset_import = {{version = 17}, {domain = "odd\n", version = 1}},
      graph = {name = "g", node = {wire.node("Relu", {"x"}, {"y"})}, output = {wire.value("y")}}}))
    assert.equal("p\0q", model.producer_name)
    assert.equal("d\255", model.doc)
    assert.same({["k\0"] = "v\0", [""] = ""}, model.metadata)
    assert.equal(1, model.opset["odd\n"])
    model:close()
  end)
end)

describe("duplicate names", function()
  it("of nodes: the first is found, with the number of its namesakes", function()
    local model = load{node = {wire.node("Relu", {"x"}, {"a"}, nil, {name = "n"}), wire.node("Abs", {"a"}, {"b"}, nil, {name = "n"})},
                       input = {wire.value("x")}, output = {wire.value("b")}}
    local node, count = model:node("n")
    assert.equal("Relu", node.op_type)
    assert.equal(2, count)
    local paths = {}
    for n in model:nodes() do
      assert.is_nil(paths[n.path], "paths are unambiguous: " .. n.path)
      paths[n.path] = true
    end
    model:close()
  end)

  it("of values: each definition is a value, the first is found, and it is reported", function()
    local model = load{node = {wire.node("Relu", {"x"}, {"y"}), wire.node("Abs", {"x"}, {"y"}), wire.node("Neg", {"y"}, {"z"})},
                       input = {wire.value("x"), wire.value("x")}, output = {wire.value("z")}}
    local y, count = model:value("y")
    assert.equal("Relu", y.producer.op_type)
    assert.equal(2, count)
    local found = false
    for _, d in ipairs(model.diagnostics) do found = found or d.code:find("duplicate", 1, true) ~= nil end
    assert.is_true(found)
    assert.equal(2, #model.inputs)
    model:close()
  end)

  it("of initializers, attributes, functions and opsets do no harm", function()
    local fun = {name = "F", domain = "d", input = {"a"}, output = {"b"}, opset_import = {{version = 17}},
                 node = {wire.node("Relu", {"a"}, {"b"})}}
    local model = assert(onnxdoc.load_bytes(wire.model{
      opset_import = {{version = 17}, {version = 18}, {domain = "ai.onnx", version = 19}, {domain = "d", version = 1}},
      functions = {fun, fun},
      graph = {name = "g", initializer = {wire.tensor("w", "uint8", {1}, "\1"), wire.tensor("w", "uint8", {1}, "\2")},
               node = {wire.node("F", {"w"}, {"y"}, {wire.attribute("a", 1), wire.attribute("a", 2)}, {domain = "d"})},
               output = {wire.value("y"), wire.value("y")}}}))
    assert.same({1}, model:value("w").tensor:values())
    assert.equal(2, #model.graph.initializers)
    assert.equal(2, #model.functions)
    for n in model.graph:nodes() do
      assert.equal(model.functions[1], n.callee)
      assert.is_number(n.attributes.a)
    end
    assert.is_true(#model.diagnostics > 0)
    model:close()
  end)
end)

describe("empty names", function()
  it("of inputs and outputs are omitted positions", function()
    local model = load{input = {wire.value("x"), wire.value("hi")}, output = {wire.value("y")},
                       node = {wire.node("Clip", {"x", "", "hi"}, {"y", ""})}}
    local node
    for n in model:nodes() do node = n end
    assert.equal(3, #node.inputs)
    assert.is_nil(node.inputs[2])
    assert.is_nil(node.inputs.min)
    assert.equal("hi", node.inputs.max.name)
    assert.equal("x", node.inputs.input.name)
    assert.equal(2, #node.outputs)
    assert.is_nil(node.outputs[2])
    local seen = {}
    for i, v in pairs(node.inputs) do seen[i] = v and v.name or "omitted" end
    assert.same({"x", "omitted", "hi"}, seen)
    assert.is_nil(node.inputs[0])
    assert.is_nil(node.inputs[4])
    model:close()
  end)

  it("everywhere do no harm", function()
    local model = load{name = "", input = {wire.value("", "float32", {1}), {}}, output = {wire.value(""), {}}, value_info = {{}},
                       initializer = {wire.tensor("", "float32", {1}, "abcd"), {}}, sparse_initializer = {{}},
                       quantization_annotation = {{}},
                       node = {wire.node("", {}, {}), {}, wire.node("Relu", {""}, {""}, {wire.attribute("", 1), {}}, {name = ""})}}
    assert.equal(3, #model)
    require("walk")(model)
    model:close()
  end)
end)

describe("names used but never defined", function()
  it("are values of their own, and reported", function()
    local model = load{node = {wire.node("Add", {"ghost", "x"}, {"y"}), wire.node("Relu", {"ghost"}, {"z"})},
                       input = {wire.value("x")}, output = {wire.value("y"), wire.value("nowhere")}}
    local ghost = model:value("ghost")
    assert.is_true(ghost.is_undefined)
    assert.is_nil(ghost.producer)
    assert.equal(2, #ghost.consumers)
    local text = table.concat(diagnostics(model), "\n")
    assert.truthy(text:find("ghost", 1, true), text)
    assert.truthy(text:find("nowhere", 1, true), text)
    model:close()
  end)
end)
