-- Links, order, cycles, scopes, functions, attribute kinds and what the handles promise.

local onnxdoc = require "onnxdoc"
local scale = require "scale"
local wire = require "wire"

local function load(graph, extra)
  graph.name = graph.name or "g"
  local fields = {graph = graph}
  for key, value in pairs(extra or {}) do fields[key] = value end
  return assert(onnxdoc.load_bytes(wire.model(fields)))
end

local function names(iterator)
  local list = {}
  for n in iterator do list[#list + 1] = n.name end
  return list
end

describe("order", function()
  local function node(name, inputs, outputs)
    return wire.node("Sum", inputs, outputs, nil, {name = name})
  end

  it("is the file's where that is topological", function()
    local model = load{input = {wire.value("x")}, output = {wire.value("c")},
                       node = {node("b", {"x"}, {"b"}), node("a", {"x"}, {"a"}), node("c", {"a", "b"}, {"c"})}}
    assert.same({"b", "a", "c"}, names(model.graph:nodes()))
    assert.equal(0, #model.diagnostics)
    model:close()
  end)

  it("is made where it is not, and reported", function()
    local model = load{input = {wire.value("x")}, output = {wire.value("d")},
                       node = {node("d", {"c", "b"}, {"d"}), node("c", {"b"}, {"c"}), node("b", {"a"}, {"b"}), node("a", {"x"}, {"a"})}}
    assert.same({"a", "b", "c", "d"}, names(model.graph:nodes()))
    assert.same({"d", "c", "b", "a"}, names(model:nodes()))
    assert.equal(0, model:node("d").index)
    assert.is_true(#model.diagnostics > 0)
    model:close()
  end)

  it("minds what a subgraph takes from outside", function()
    local branch = {name = "t", node = {node("inner", {"late"}, {"t"})}, output = {wire.value("t")}}
    local model = load{input = {wire.value("c"), wire.value("x")}, output = {wire.value("y")},
                       node = {wire.node("If", {"c"}, {"y"}, {then_branch = {g = branch}, else_branch = {g = branch}}, {name = "if"}),
                               node("late", {"x"}, {"late"})}}
    assert.same({"late", "if"}, names(model.graph:nodes()))
    model:close()
  end)

  it("of 200,000 nodes in reverse is found without recursion", function()
    local nodes, count = {}, scale(200000)
    for i = count, 1, -1 do
      nodes[#nodes + 1] = wire.encode("NodeProto", {input = {"v" .. (i - 1)}, output = {"v" .. i}, op_type = "Relu"})
    end
    local model = load{input = {wire.value("v0")}, output = {wire.value("v" .. count)}, node = nodes}
    local expected = count - 1
    for n in model.graph:nodes() do
      if n.index ~= expected then error("out of order at " .. n.index) end
      expected = expected - 1
    end
    assert.equal(-1, expected)
    model:close()
  end)
end)

describe("a cycle", function()
  local function refused(graph)
    graph.name = "g"
    local model, message, code = onnxdoc.load_bytes(wire.model{graph = graph})
    assert.is_nil(model)
    assert.equal("cycle", code, message)
    return message
  end
  local function node(name, inputs, outputs)
    return wire.node("Sum", inputs, outputs, nil, {name = name})
  end

  it("is an error that names its nodes", function()
    local message = refused{input = {wire.value("x")}, output = {wire.value("b")},
      node = {node("first", {"x", "c"}, {"a"}), node("second", {"a"}, {"b"}), node("third", {"b"}, {"c"}),
              node("bystander", {"c"}, {"d"})}}
    for _, name in ipairs{"first", "second", "third"} do assert.truthy(message:find(name, 1, true), message) end
    assert.is_nil(message:find("bystander", 1, true), message)
  end)

  it("of one node is one too", function()
    local message = refused{node = {node("self", {"a"}, {"a"})}, output = {wire.value("a")}}
    assert.truthy(message:find("self", 1, true))
  end)

  it("through a subgraph is one too", function()
    local branch = {name = "t", node = {node("inner", {"y"}, {"t"})}, output = {wire.value("t")}}
    local message = refused{input = {wire.value("c")}, output = {wire.value("y")},
      node = {wire.node("If", {"c"}, {"y"}, {then_branch = {g = branch}, else_branch = {g = branch}}, {name = "if"})}}
    assert.truthy(message:find("if", 1, true))
  end)

  it("inside a subgraph or a function is one too", function()
    local branch = {name = "t", node = {node("p", {"q"}, {"p"}), node("q", {"p"}, {"q"})}, output = {wire.value("p")}}
    refused{input = {wire.value("c")}, output = {wire.value("y")},
            node = {wire.node("If", {"c"}, {"y"}, {then_branch = {g = branch}, else_branch = {g = branch}})}}
    local _, message, code = onnxdoc.load_bytes(wire.model{
      graph = {name = "g", node = {node("n", {"x"}, {"y"})}, output = {wire.value("y")}},
      functions = {{name = "F", domain = "d", node = {node("p", {"q"}, {"p"}), node("q", {"p"}, {"q"})}}}})
    assert.equal("cycle", code, message)
  end)

  it("of 100,000 nodes is named in a message that stays short", function()
    local nodes, count = {}, scale(100000)
    for i = 1, count do
      nodes[i] = wire.encode("NodeProto", {input = {"v" .. (i - 1) % count}, output = {"v" .. i % count},
                                           op_type = "Relu", name = "n" .. i})
    end
    local message = refused{node = nodes}
    assert.is_true(#message < 480)
  end)

  it("of functions that call each other is no crash", function()
    local function fun(name, calls)
      return {name = name, domain = "d", input = {"a"}, output = {"b"}, opset_import = {{domain = "d", version = 1}},
              node = {wire.node(calls, {"a"}, {"b"}, nil, {domain = "d"})}}
    end
    local model, message, code = onnxdoc.load_bytes(wire.model{functions = {fun("F", "G"), fun("G", "F"), fun("H", "H")},
      graph = {name = "g", node = {wire.node("F", {"x"}, {"y"}, nil, {domain = "d"})}, output = {wire.value("y")}}})
    if model then
      require("walk")(model)
      model:close()
    else
      assert.equal("cycle", code, message)
    end
  end)
end)

describe("links", function()
  it("lead from producers to consumers and back", function()
    local model = load{input = {wire.value("x")}, output = {wire.value("y"), wire.value("a")},
                       initializer = {wire.tensor("w", "float32", {1}, "abcd")},
                       node = {wire.node("Split", {"x"}, {"a", "b"}, nil, {name = "split"}),
                               wire.node("Mul", {"a", "a"}, {"c"}, nil, {name = "mul"}),
                               wire.node("Sum", {"a", "b", "c", "w"}, {"y"}, nil, {name = "sum"})}}
    local a = model:value("a")
    assert.equal("split", a.producer.name)
    assert.equal(1, a.output_index)
    assert.equal(2, model:value("b").output_index)
    assert.same({"mul", "sum"}, {a.consumers[1].name, a.consumers[2].name})
    assert.equal(2, #a.consumers)
    assert.is_true(a.is_output)
    assert.is_false(a.is_input)
    assert.is_nil(model:value("x").producer)
    assert.same({"float32"}, {model:value("w").tensor.dtype})
    assert.equal("w", model:value("w").tensor.value.name)
    model:close()
  end)
end)

describe("scopes", function()
  local function if_model(branch, graph)
    graph = graph or {}
    graph.input = graph.input or {wire.value("c", "bool", {}), wire.value("x", "float32", {1})}
    graph.output = {wire.value("y")}
    graph.node = graph.node or {}
    graph.node[#graph.node + 1] = wire.node("If", {"c"}, {"y"}, {then_branch = {g = branch}, else_branch = {g = branch}}, {name = "if"})
    return load(graph)
  end

  it("outer names are seen inside", function()
    local model = if_model{name = "b", node = {wire.node("Relu", {"x"}, {"r"}, nil, {name = "inner"})}, output = {wire.value("r")}}
    local inner = model:node("inner")
    assert.equal(model:value("x"), inner.inputs[1])
    assert.equal(model.graph, inner.inputs[1].graph)
    local found = false
    for _, n in ipairs(model:value("x").consumers) do found = found or n == inner end
    assert.is_true(found, "the inner node is a consumer of the outer value")
    assert.equal("subgraph", inner.graph.kind)
    assert.equal(model:node("if"), inner.graph.owner)
    assert.equal("else_branch", inner.graph.attribute)
    assert.equal(model.graph, inner.graph.parent)
    assert.equal(1, inner.graph.depth)
    assert.equal(model:value("x"), inner.graph:value("x"))
    assert.equal(2, select(2, model:node("inner")))
    model:close()
  end)

  it("names of a subgraph's own shadow outer ones", function()
    local model = if_model({name = "b", initializer = {wire.tensor("x", "float32", {1}, "abcd")},
                            node = {wire.node("Relu", {"x"}, {"r"}, nil, {name = "inner"})}, output = {wire.value("r")}})
    local inner = model:node("inner")
    assert.not_equal(model.graph:value("x"), inner.inputs[1])
    assert.equal(inner.graph, inner.inputs[1].graph)
    assert.equal("x", inner.inputs[1].tensor.name)
    assert.equal(0, #model.graph:value("x").consumers)
    assert.equal("shadowed-value info", model.diagnostics[1].code .. " " .. model.diagnostics[1].severity)
    model:close()
  end)

  it("a formal input of a loop body shadows an outer name", function()
    local body = {name = "body", input = {wire.value("i", "int64", {}), wire.value("go", "bool", {}), wire.value("x")},
                  node = {wire.node("Relu", {"x"}, {"x2"}, nil, {name = "inner"})}, output = {wire.value("go"), wire.value("x2")}}
    local model = load{input = {wire.value("n"), wire.value("x", "float32", {3})}, output = {wire.value("y")},
                       node = {wire.node("Loop", {"n", "", "x"}, {"y"}, {body = {g = body}}, {name = "loop"})}}
    local inner = model:node("inner")
    assert.equal(inner.graph, inner.inputs[1].graph)
    assert.is_true(inner.inputs[1].is_input)
    assert.equal("loop.body::inner", inner.path)
    model:close()
  end)

  it("names inside a subgraph are not seen outside, nor in a sibling", function()
    local first = {name = "b1", node = {wire.node("Relu", {"x"}, {"hidden"})}, output = {wire.value("hidden")}}
    local second = {name = "b2", node = {wire.node("Relu", {"hidden"}, {"r"}, nil, {name = "sibling"})}, output = {wire.value("r")}}
    local model = load{input = {wire.value("c"), wire.value("x")}, output = {wire.value("z")},
                       node = {wire.node("If", {"c"}, {"y"}, {then_branch = {g = first}, else_branch = {g = second}}),
                               wire.node("Relu", {"hidden"}, {"z"}, nil, {name = "outside"})}}
    assert.is_true(model:node("sibling").inputs[1].is_undefined)
    assert.is_true(model:node("outside").inputs[1].is_undefined)
    model:close()
  end)

  it("two levels deep, the nearest one counts", function()
    local innermost = {name = "i", node = {wire.node("Relu", {"v"}, {"r"}, nil, {name = "deep"})}, output = {wire.value("r")}}
    local middle = {name = "m", output = {wire.value("q")},
                    node = {wire.node("Abs", {"x"}, {"v"}, nil, {name = "near"}),
                            wire.node("If", {"c"}, {"q"}, {then_branch = {g = innermost}, else_branch = {g = innermost}})}}
    local model = if_model(middle, {node = {wire.node("Neg", {"x"}, {"v"}, nil, {name = "far"})}})
    assert.equal("near", model:node("deep").inputs[1].producer.name)
    assert.equal(2, model:node("deep").graph.depth)
    model:close()
  end)

  it("functions see nothing from outside", function()
    local model = load({input = {wire.value("x")}, output = {wire.value("y")}, node = {wire.node("F", {"x"}, {"y"}, nil, {domain = "d"})}},
      {functions = {{name = "F", domain = "d", input = {"a"}, output = {"b"}, opset_import = {{version = 17}},
                     node = {wire.node("Add", {"a", "x"}, {"b"}, nil, {name = "in"})}}}})
    local inner = model:node("in")
    assert.is_true(inner.inputs[2].is_undefined)
    assert.is_true(inner.inputs[1].is_input)
    assert.is_nil(inner.graph.parent)
    assert.equal("function", inner.graph.kind)
    model:close()
  end)
end)

describe("functions", function()
  local function fun(domain, name, overload)
    return {name = name, domain = domain, overload = overload, input = {"a"}, output = {"b"}, opset_import = {{version = 13}},
            node = {wire.node("Relu", {"a"}, {"b"})}}
  end

  it("are chosen by domain, name and overload", function()
    local function call(domain, name, overload, as)
      return wire.node(name, {"x"}, {as}, nil, {domain = domain, overload = overload, name = as})
    end
    local model = load({input = {wire.value("x")}, output = {wire.value("p")},
        node = {call("d", "F", "", "p"), call("d", "F", "v2", "q"), call("d", "F", "v3", "r"), call("e", "F", "", "s"),
                call("", "F", "", "t"), call("ai.onnx", "R", "", "u")}},
      {functions = {fun("d", "F"), fun("d", "F", "v2"), fun("e", "F", ""), fun("", "R")}})
    assert.equal(model.functions[1], model:node("p").callee)
    assert.equal(model.functions[2], model:node("q").callee)
    assert.is_nil(model:node("r").callee)
    assert.equal(model.functions[3], model:node("s").callee)
    assert.is_nil(model:node("t").callee)
    assert.equal(model.functions[4], model:node("u").callee)
    model:close()
  end)
end)

describe("operators", function()
  it("of ai.onnx are the same, however the domain is spelled", function()
    local model = load({input = {wire.value("x")}, output = {wire.value("b")},
                        node = {wire.node("Relu", {"x"}, {"a"}, nil, {domain = "ai.onnx"}), wire.node("Relu", {"a"}, {"b"}),
                                wire.node("Relu", {"a"}, {"c"}, nil, {domain = "com.acme"})}},
                       {opset_import = {{domain = "ai.onnx", version = 15}, {domain = "com.acme", version = 2}}})
    local count = 0
    for n in model:nodes{op = "Relu"} do
      assert.equal("", n.domain)
      assert.equal("Relu", n.op)
      assert.equal(15, n.opset)
      count = count + 1
    end
    assert.equal(2, count)
    assert.equal(15, model.opset[""])
    assert.equal(15, model.opset["ai.onnx"])
    count = 0
    for n in model:nodes{op = "com.acme.Relu"} do
      assert.equal("com.acme", n.domain)
      assert.equal("com.acme.Relu", n.op)
      assert.equal(2, n.opset)
      count = count + 1
    end
    assert.equal(1, count)
    model:close()
  end)

  it("of a domain that is imported twice are of the last version", function()
    local model = load({input = {wire.value("x")}, output = {wire.value("y")}, node = {wire.node("Relu", {"x"}, {"y"})}},
                       {opset_import = {{domain = "", version = 19}, {domain = "ai.onnx", version = 12}}})
    assert.equal(12, model.opset[""])
    assert.equal(12, model.graph:nodes()().opset)
    assert.equal("duplicate-opset", model.diagnostics[1].code)
    assert.matches("as version 19 and as 12; the last counts", model.diagnostics[1].message, 1, true)
    model:close()
    model = load({}, {opset_import = {{domain = "", version = 19}, {domain = "", version = 19}}})
    assert.equal(0, #model.diagnostics)
    model:close()
  end)

  it("need no import before IR version 3", function()
    local function codes(ir_version, domain)
      local model = assert(onnxdoc.load_bytes(wire.model{ir_version = ir_version, opset_import = false, graph = {
        name = "g", input = {wire.value("x")}, output = {wire.value("y")},
        node = {wire.node("Relu", {"x"}, {"y"}, nil, {domain = domain})}}}))
      local found = {}
      for i, diagnostic in ipairs(model.diagnostics) do found[i] = diagnostic.code .. " " .. diagnostic.severity end
      model:close()
      return table.concat(found, ", ")
    end
    assert.equal("", codes(1))
    assert.equal("missing-opset warning", codes(1, "com.acme"))
    assert.equal("missing-opset warning", codes(3))
  end)

  it("without an import have no opset", function()
    local model = assert(onnxdoc.load_bytes(wire.model{opset_import = false, graph = {
      name = "g", node = {wire.node("Relu", {"x"}, {"y"}, nil, {name = "n"})}, output = {wire.value("y")}}}))
    local opset = model:node("n").opset
    assert.is_true(opset == nil or opset == 0)
    assert.is_nil(model.opset[""])
    model:close()
  end)

  it("give their inputs by formal name, variadic ones as a list", function()
    local model = load{input = {wire.value("x"), wire.value("w"), wire.value("b")}, output = {wire.value("y")},
                       node = {wire.node("Conv", {"x", "w", "b"}, {"y"}, nil, {name = "conv"}),
                               wire.node("Concat", {"x", "w", "b"}, {"z"}, {axis = 1}, {name = "concat"})}}
    local conv, concat = model:node("conv"), model:node("concat")
    assert.equal("x", conv.inputs.X.name)
    assert.equal("w", conv.inputs.W.name)
    assert.equal("b", conv.inputs.B.name)
    assert.equal("y", conv.outputs.Y.name)
    assert.is_nil(conv.inputs.nothing)
    assert.equal(3, #concat.inputs.inputs)
    assert.equal("w", concat.inputs.inputs[2].name)
    assert.equal("z", concat.outputs.concat_result.name)
    model:close()
  end)

  it("give attributes as written, or the default of the model's opset", function()
    local function softmax_axis(opset)
      local model = load({input = {wire.value("x")}, output = {wire.value("y")},
                          node = {wire.node("Softmax", {"x"}, {"y"}, nil, {name = "n"})}},
                         {opset_import = {{domain = "", version = opset}}})
      local axis, written = model:node("n"):attr("axis"), model:node("n").attributes.axis
      model:close()
      assert.is_nil(written)
      return axis
    end
    assert.equal(1, softmax_axis(11))
    assert.equal(-1, softmax_axis(13))
    local model = load{input = {wire.value("x")}, output = {wire.value("y")},
                       node = {wire.node("Gemm", {"x", "x"}, {"y"}, {alpha = 0.5}, {name = "n"})}}
    local n = model:node("n")
    assert.equal(0.5, n:attr("alpha"))
    assert.equal(1.0, n:attr("beta"))
    assert.equal(0, n:attr("transA"))
    assert.is_nil(n:attr("nothing"))
    assert.has_error(function() n:attr() end)
    model:close()
  end)
end)

describe("attributes without a declared type", function()
  it("are what they are filled with", function()
    local list = {}
    for name, field in pairs{f = {f = 1.5}, i = {i = 3}, s = {s = "x"}, ints = {ints = {1, 2}}, floats = {floats = {1.0}},
                             strings = {strings = {"a"}}} do
      field.name, field.type = name, nil
      list[#list + 1] = field
    end
    local model = load{node = {wire.node("N", {}, {"y"}, list, {name = "n", domain = "d"})}, output = {wire.value("y")}}
    local a = model:node("n").attributes
    assert.equal(1.5, a.f)
    assert.equal(3, a.i)
    assert.equal("x", a.s)
    assert.same({1, 2}, a.ints)
    assert.same({1.0}, a.floats)
    assert.same({"a"}, a.strings)
    model:close()
  end)

  it("with a type that does not fit, or none there is, do no harm", function()
    local list = {}
    for number = -1, 40 do list[#list + 1] = {name = "a" .. number, i = 1, s = "x", type = number} end
    list[#list + 1] = {name = "empty"}
    local model = load{node = {wire.node("N", {}, {"y"}, list, {name = "n", domain = "d"})}, output = {wire.value("y")}}
    require("walk")(model)
    model:close()
  end)

  it("long lists and strings are kept whole", function()
    local ints, floats, strings = {}, {}, {}
    for i = 1, scale(40000) do ints[i], floats[i], strings[i] = i - 20000, i / 4, "s" .. i end
    local text = ("0123456789"):rep(5000)
    local model = load{node = {wire.node("N", {}, {"y"}, {ints = ints, floats = floats, strings = strings, text = text},
                                         {name = "n", domain = "d"})}, output = {wire.value("y")}}
    local a = model:node("n").attributes
    assert.same(ints, a.ints)
    assert.same(floats, a.floats)
    assert.same(strings, a.strings)
    assert.equal(text, a.text)
    model:close()
  end)
end)

describe("handles", function()
  local function small()
    return load{input = {wire.value("x")}, output = {wire.value("y")}, initializer = {wire.tensor("w", "uint8", {1}, "\1")},
                node = {wire.node("Add", {"x", "w"}, {"y"}, nil, {name = "n"})}}
  end

  it("of the same thing are the same, also as table keys", function()
    local model = small()
    assert.is_true(rawequal(model:node("n"), model:node("n")))
    assert.is_true(rawequal(model:value("x"), model:node("n").inputs[1]))
    assert.is_true(rawequal(model.graph, model:node("n").graph))
    assert.is_true(rawequal(model:value("w").tensor, model.graph.initializers[1]))
    assert.is_true(rawequal(model, model:node("n").model))
    local seen = {[model:node("n")] = "yes"}
    assert.equal("yes", seen[model:value("y").producer])
    model:close()
  end)

  it("of different models are different", function()
    local one, two = small(), small()
    assert.not_equal(one:node("n"), two:node("n"))
    one:close()
    two:close()
  end)

  it("keep their model alive, and let go of it", function()
    local weak = setmetatable({}, {__mode = "k"})
    local model = small()
    weak[model] = true
    local node = model:node("n")
    local list = node.inputs
    model = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal("n", node.name)
    assert.equal("x", list[1].name)
    assert.truthy(next(weak))
    node, list = nil, nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)

  it("that nobody holds are collected", function()
    local model = small()
    local weak = setmetatable({}, {__mode = "k"})
    weak[model:node("n")] = true
    weak[model:value("x")] = true
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
    model:close()
  end)

  it("after closing raise, but still show something", function()
    local model = small()
    local node, value, graph, tensor = model:node("n"), model:value("x"), model.graph, model:value("w").tensor
    local list, iterator = node.inputs, model:nodes()
    model:close()
    model:close()
    for _, use in ipairs{function() return model.ir_version end, function() return #model end, function() return model:node("n") end,
                         function() return node.name end, function() return value.shape end, function() return graph:nodes() end,
                         function() return tensor:values() end, function() return tensor:stats() end, function() return list[1] end,
                         function() return #list end, function() return iterator() end,
                         function() return (pairs(node))(node) end} do
      assert.error_matches(use, "model is closed")
    end
    for _, object in ipairs{model, node, value, graph, tensor, list} do assert.is_string(tostring(object)) end
    assert.is_true(node == node)
  end)

  it("close at the end of a block", function()
    local kept
    do
      local model <close> = small()
      kept = model
    end
    assert.error_matches(function() return kept.ir_version end, "model is closed")
  end)

  it("misused raise and name what came", function()
    local model = small()
    for _, misuse in ipairs{function() onnxdoc.load() end, function() onnxdoc.load({}) end, function() onnxdoc.load_bytes(nil) end,
                            function() onnxdoc.load_bytes("", {nam = "x"}) end, function() onnxdoc.load("x", 5) end,
                            function() model:nodes{opp = "Add"} end, function() model:nodes{op = 5} end, function() model:node() end,
                            function() model:tensors{sort = "sideways"} end, function() model:tensors{limit = "many"} end,
                            function() model.ir_version = 5 end, function() model:node("n").name = "x" end,
                            function() model.node("n") end} do
      assert.has_error(misuse)
    end
    assert.error_matches(function() model:nodes{opp = "Add"} end, "opp")
    assert.is_nil(model.no_such_field)
    assert.is_nil(model:node("n").no_such_field)
    assert.is_nil(model:node("none"))
    assert.is_nil(model:value("none"))
    model:close()
  end)

  it("show what they are", function()
    local model = small()
    assert.equal('Node 0 Add "n"', tostring(model:node("n")))
    assert.equal('Graph "g" (1 nodes)', (tostring(model.graph):gsub("1 node%)", "1 nodes)")))
    assert.equal('Tensor "w" uint8[1]', tostring(model:value("w").tensor))
    assert.truthy(tostring(model:value("x")):find('Value "x"', 1, true))
    assert.truthy(tostring(model):find("Model", 1, true))
    model:close()
  end)
end)

describe("tensors of a model", function()
  it("are sorted and limited as asked", function()
    local model = load{output = {wire.value("y")}, node = {wire.node("Concat", {"a", "b", "c"}, {"y"}, {axis = 0})},
                       initializer = {wire.tensor("b", "uint8", {2}, "ab"), wire.tensor("c", "uint8", {9}, ("x"):rep(9)),
                                      wire.tensor("a", "uint8", {5}, "abcde")}}
    assert.same({"c", "a", "b"}, names(model:tensors{sort = "-nbytes"}))
    assert.same({"b", "a", "c"}, names(model:tensors{sort = "nbytes"}))
    assert.same({"a", "b", "c"}, names(model:tensors{sort = "name"}))
    assert.same({"c"}, names(model:tensors{sort = "-nbytes", limit = 1}))
    assert.equal(3, #names(model:tensors()))
    model:close()
  end)
end)

describe("models without a graph, or with little in it", function()
  it("are read or refused, but never crash", function()
    for _, bytes in ipairs{wire.model{}, wire.model{graph = {}}, wire.model{ir_version = false, opset_import = false, graph = {name = "g"}},
                           wire.model{ir_version = -1, graph = {name = "g"}}, wire.model{ir_version = 1000000, graph = {name = "g"}},
                           wire.model{model_version = math.mininteger, graph = {}}, wire.int_field(1, 8)} do
      local model, message, code = onnxdoc.load_bytes(bytes)
      if model then
        require("walk")(model)
        model:close()
      else
        assert.is_string(message)
        assert.is_string(code)
      end
    end
  end)
end)
