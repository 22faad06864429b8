-- The builder: what is built is what is read back, wrong use is named where it happened, files are whole or not there.

local onnxdoc = require "onnxdoc"
local lfs = require "lfs"
local Scratch = require "scratch"

local function built(fill, options)
  local b = onnxdoc.build(options)
  fill(b)
  return assert(b:model()), b
end

local function names(list)
  local result = {}
  for i, item in ipairs(list) do result[i] = item.name end
  return result
end

describe("a built model", function()
  it("has its header, with imports of what it uses", function()
    local m = built(function(b) b:op("com.acme.Fancy", {}) end, {opset = 15, name = "g", producer_name = "p",
      producer_version = "1", domain = "d", model_version = 7, doc = "text", metadata = {b = "2", a = "1"},
      graph_doc = "graph", graph_metadata = {k = "v"}})
    assert.equal(8, m.ir_version)
    assert.same({15, 1}, {m.opset[""], m.opset["com.acme"]})
    assert.same({"p", "1", "d", 7, "text"}, {m.producer_name, m.producer_version, m.domain, m.model_version, m.doc})
    assert.same({a = "1", b = "2"}, m.metadata)
    assert.same({"g", "graph", "v"}, {m.graph.name, m.graph.doc, m.graph.metadata.k})
  end)

  it("takes operator sets as a map, or exactly as listed", function()
    local m = built(function() end, {opset = {[""] = 21, ["ai.onnx.ml"] = 3}})
    assert.same({21, 3, 10}, {m.opset[""], m.opset["ai.onnx.ml"], m.ir_version})
    m = built(function(b) b:op("x.y.Z", {}) end, {opset = {{domain = "ai.onnx", version = 9}}, ir_version = 3})
    assert.equal(1, #m.opsets)
    assert.same({9, 3}, {m.opset[""], m.ir_version})
    m = built(function(b) b:op("Relu", {}) end, {opset = {}})
    assert.equal(0, #m.opsets)
  end)

  it("has inputs, outputs and declared values of every type", function()
    local m = built(function(b)
      b:input("a", "float32", {"N", 3, false, {symbol = "W", denotation = "DATA_FEATURE"}}, {doc = "an input",
        denotation = "TENSOR", metadata = {k = "v"}})
      b:input("b", "double")
      b:input("c", {sequence = {dtype = "int64", dims = {"N"}}})
      b:input("d", {optional = {sequence = {dtype = "float16", dims = {}}}})
      b:input("e", {map = "string", value = {dtype = "float32", dims = {}}})
      b:input("f", {sparse = "float32", dims = {2, 3}})
      b:input("g", {opaque = "Blob", domain = "com.acme"})
      b:input("h")
      b:value("v", "bool", {2})
      b:output(b:op("Identity", {"a"}, nil, {outputs = "v"}))
    end)
    local types = {}
    for i, value in ipairs(m.inputs) do types[i] = value.declared_type or "none" end
    assert.same({"float32[N,3,?,W]", "float64", "seq(int64[N])", "optional(seq(float16[]))", "map(string, float32[])",
      "sparse_tensor(float32[2,3])", "opaque(com.acme.Blob)", "none"}, types)
    assert.same({"an input", "TENSOR", "v"}, {m.inputs[1].doc, m.inputs[1].denotation, m.inputs[1].metadata.k})
    assert.equal("bool[2]", m:value("v").declared_type)
    assert.is_true(m:value("v").is_output)
  end)

  it("has nodes with names made up or given, inputs left out and outputs by count or name", function()
    local m = built(function(b)
      local x, low = b:input("x", "float32", {4}), b:constant(nil, "float32", {}, 0.0)
      local y = b:op("Clip", {x, low, ""})
      local first, second = b:op("Split", {y}, {axis = 0}, {outputs = 2, name = "cut", doc = "in two", metadata = {k = "v"}})
      b:op("com.microsoft.Gelu", {first}, nil, {name = "", outputs = {"g", ""}})
      b:op("a.b", {second, false, x}, nil, {domain = "c", overload = "o", name = "last"})
    end)
    local found = {}
    for n in m:nodes() do
      local inputs = {}
      for i = 1, #n.inputs do inputs[i] = n.inputs[i] and n.inputs[i].name or "-" end
      found[#found + 1] = {n.name, n.domain, n.op_type, inputs, #n.outputs}
    end
    assert.same({{"Clip_1", "", "Clip", {"x", "constant_0", "-"}, 1}, {"cut", "", "Split", {"Clip_1"}, 2},
      {"", "com.microsoft", "Gelu", {"cut_0"}, 2}, {"last", "c", "a.b", {"cut_1", "-", "x"}, 1}}, found)
    assert.same({"in two", "v", "o"}, {m:node("cut").doc, m:node("cut").metadata.k, m:node("last").overload})
  end)

  it("has attributes of every type", function()
    local m = built(function(b)
      local g = b:subgraph("inner", {doc = "inside"})
      g:output(g:op("Identity", {"x"}))
      b:input("x", "float32", {})
      b:op("com.acme.All", {"x"}, {i = 3, f = 0.5, s = "text", yes = true, is = {1, -2}, fs = {1, 2.5}, ss = {"a", "b\0c"},
        none = {type = "floats", value = {}}, forced = {type = "float", value = 3, doc = "three"}, t = b:tensor("int8", {2}, {1, 2}),
        ts = {b:tensor("float32", {}, {1}), b:tensor("string", {1}, {"s"})}, g = g, gs = {b:subgraph("one"), b:subgraph("two")},
        sp = b:sparse_tensor("float32", {4}, {values = {5}, indices = {2}}), tp = b:type("float32", {"N"}),
        tps = {b:type("int64", {}), b:type{sequence = {dtype = "bool"}}}}, {name = "all"})
    end)
    local a = m:node("all").attributes
    assert.same({3, 0.5, "text", 1, 3.0}, {a.i, a.f, a.s, a.yes, a.forced})
    assert.equal("float", math.type(a.forced))
    assert.same({{1, -2}, {1.0, 2.5}, {"a", "b\0c"}, {}}, {a.is, a.fs, a.ss, a.none})
    assert.same({1, 2}, a.t:values())
    assert.same({"s"}, a.ts[2]:values())
    assert.equal("inner", a.g.name)
    assert.equal("inside", a.g.doc)
    assert.same({"one", "two"}, names(a.gs))
    assert.same({0, 0, 5, 0}, a.sp:values())
    assert.same({"float32[N]", "int64[]", "seq(bool)"}, {a.tp, a.tps[1], a.tps[2]})
    local found = m:node("all").attribute_names
    local sorted = table.move(found, 1, #found, 1, {})
    table.sort(sorted)
    assert.same(sorted, found)
  end)

  it("asks the operator's schema whether a whole number is a float", function()
    local m = built(function(b)
      b:op("LeakyRelu", {"x"}, {alpha = 1}, {name = "l"})
      b:op("RandomUniform", {}, {shape = {2}, low = -1, high = 2}, {name = "r"})
      b:op("Upsample", {"x"}, {scales = {1, 2}}, {name = "u"})
    end, {opset = 7})
    assert.equal("float", math.type(m:node("l").attributes.alpha))
    assert.equal("integer", math.type(m:node("r").attributes.shape[1]))
    assert.equal("float", math.type(m:node("u").attributes.scales[2]))
  end)

  it("keeps the order of attributes and metadata that are lists", function()
    local m = built(function(b)
      b:op("Pad", {"x"}, {{name = "pads", value = {1, 2}}, {name = "mode", value = "edge"}, {name = "axes", type = "ints", value = {}}},
        {name = "p", metadata = {{key = "z", value = "1"}, {key = "a", value = "2"}}})
    end)
    assert.same({"pads", "mode", "axes"}, m:node("p").attribute_names)
    assert.same({z = "1", a = "2"}, m:node("p").metadata)
  end)

  it("has subgraphs that see what is around them", function()
    local m = built(function(b)
      b:input("c", "bool", {})
      b:input("x", "float32", {2})
      local yes, no = b:subgraph("yes"), b:subgraph("no")
      yes:output(yes:op("Relu", {"x"}))
      no:constant("w", "float32", {2}, {1, 2})
      no:output(no:op("Add", {"x", "w"}))
      b:output(b:op("If", {"c"}, {then_branch = yes, else_branch = no}, {outputs = "y"}))
    end)
    assert.equal(3, #m.graphs)
    assert.equal(m:value("x"), m:node("Relu_0").inputs[1])
    assert.same({1, 2}, m:node("If_2").attributes.else_branch.initializers[1]:values())
    assert.same({}, m.diagnostics)
  end)

  it("has functions with attributes, defaults, overloads and imports of their own", function()
    local m = built(function(b)
      local f = b:func("com.acme", "Scale", {inputs = {"x"}, outputs = {"y"}, attributes = {"alpha"}, defaults = {beta = 2.0},
        opset = {[""] = 13}, overload = "v2", doc = "scales", metadata = {k = "v"}})
      f:value("y", "float32")
      f:op("LeakyRelu", {"x"}, {alpha = {reference = "alpha", type = "float"}}, {outputs = "y"})
      b:input("x", "float32", {})
      b:output(b:op("com.acme.Scale", {"x"}, {alpha = 0.5}, {overload = "v2", outputs = "out"}))
    end)
    local f = m.functions[1]
    assert.same({"Scale", "com.acme", "v2", "scales", "v"}, {f.name, f.domain, f.overload, f.doc, f.metadata.k})
    assert.same({13, 1}, {f.opset[""], m.opset["com.acme"]})
    assert.same({true, 2.0}, {f.attributes.alpha, f.attributes.beta})
    for n in f:nodes() do assert.same({reference = "alpha"}, n.attributes.alpha) end
    for n in m.graph:nodes() do assert.equal(f, n.callee) end
    assert.same({}, m.diagnostics)
  end)

  it("imports what only a subgraph or a function uses where it is used", function()
    local m = built(function(b)
      local g = b:subgraph("g")
      g:op("com.one.Op", {})
      b:op("Loop", {"", ""}, {body = g})
      b:func("com.two", "F"):op("com.three.Op", {})
    end)
    assert.same({17, 1, 1}, {m.opset[""], m.opset["com.one"], m.opset["com.two"]})
    assert.is_nil(m.opset["com.three"])
    assert.equal(1, m.functions[1].opset["com.three"])
  end)

  it("has sparse initializers with flat and with spelled-out places", function()
    local m = built(function(b)
      b:sparse("s", "float32", {2, 3}, {values = {1, 2}, indices = {1, 5}})
      b:sparse("t", "int8", {2, 3}, {values = {1, 2}, indices = {{0, 1}, {1, 2}}})
    end)
    assert.same({0, 1, 0, 0, 0, 2}, m:value("s").tensor:values())
    assert.same({0, 1, 0, 0, 0, 2}, m:value("t").tensor:values())
    m = built(function(b)
      b:sparse("s", "float32", {4}, {values = b:tensor("float32", {1}, {3}), indices = b:tensor("int64", {1}, {2})})
    end)
    assert.same({0, 0, 3, 0}, m:value("s").tensor:values())
  end)

  it("lets an initializer be an input's default", function()
    local m = built(function(b)
      b:input("w", "float32", {1})
      b:constant("w", "float32", {1}, {3})
    end)
    assert.is_true(m:value("w").is_input)
    assert.same({3}, m:value("w").tensor:values())
  end)

  it("can be built on after it was read", function()
    local b = onnxdoc.build()
    b:op("A", {})
    local first = assert(b:model())
    b:op("B", {})
    assert.equal(1, #first)
    assert.equal(2, #assert(b:model()))
  end)
end)

describe("a built tensor", function()
  local lists = {float32 = {0.5, -2, 1 / 0}, float64 = {1e300, 3}, float16 = {0.5, -65504}, bfloat16 = {1.5, -2},
    float8e4m3fn = {448, -0.5}, float8e4m3fnuz = {240, 0.5}, float8e5m2 = {57344, 0.25}, float8e5m2fnuz = {1, -1},
    float8e8m0 = {1, 0.5}, float4e2m1 = {6, -0.5, 1}, int2 = {-2, 1, 0, -1, 1}, uint2 = {3, 0, 1}, int4 = {-8, 7, 1},
    uint4 = {15, 0, 9}, int8 = {-128, 127}, uint8 = {0, 255}, int16 = {-32768, 32767}, uint16 = {65535, 1},
    int32 = {-2147483648, 2147483647}, uint32 = {4294967295, 0}, int64 = {math.mininteger, math.maxinteger},
    uint64 = {2 ^ 63, 5}, bool = {true, false}, string = {"a", "\0\255"}, complex64 = {{1, -2}, {0.5, 3}}, complex128 = {{1, 2}}}

  it("of every dtype holds the listed values, raw and typed", function()
    for dtype in pairs(onnxdoc.dtypes) do assert.is_table(lists[dtype], dtype) end
    for dtype, list in pairs(lists) do
      for _, storage in ipairs {"raw", "typed"} do
        local m = built(function(b) b:constant("t", dtype, {#list}, list, {storage = storage, doc = "d"}) end)
        local t = m:value("t").tensor
        local values = t:values()
        assert.same(list, values, dtype .. " " .. storage)
        assert.equal("d", t.doc)
        assert.same({}, m.diagnostics)
        if dtype ~= "string" then assert.equal(storage == "raw", t.storage == "raw", dtype) end
      end
    end
  end)

  it("holds one value everywhere", function()
    local m = built(function(b)
      b:constant("f", "float32", {2, 2}, 1.5)
      b:constant("i", "int4", {5}, -3)
      b:constant("b", "bool", {3}, true)
      b:constant("z", "float32", {3}, 0)
    end)
    assert.same({1.5, 1.5, 1.5, 1.5}, m:value("f").tensor:values())
    assert.same({-3, -3, -3, -3, -3}, m:value("i").tensor:values())
    assert.same({true, true, true}, m:value("b").tensor:values())
    assert.same({0, 0, 0}, m:value("z").tensor:values())
  end)

  it("takes raw bytes, bit patterns, zeros of every dtype, and nothing", function()
    local m = built(function(b)
      b:constant("r", "int16", {2}, {raw = "\1\0\2\0"})
      b:constant("h", "float16", {2}, {bits = {0x3c00, 0xc000}})
      b:constant("q", "float8e4m3fn", {1}, {bits = {0x7f}})
      b:constant("s", "string", {2}, "zeros")
      b:constant("e", "float32", {0, 7}, {})
      for dtype in pairs(onnxdoc.dtypes) do b:constant(dtype, dtype, {3, 5}, "zeros") end
    end)
    local function values(name) return m:value(name).tensor:values() end
    assert.same({1, 2}, values "r")
    assert.same({1, -2}, values "h")
    assert.is_true(values("q")[1] ~= values("q")[1])
    assert.same({"", ""}, values "s")
    assert.same({}, values "e")
    for dtype in pairs(onnxdoc.dtypes) do assert.equal(15, #values(dtype)) end
  end)

  it("is random from a seed: the same again, others with another seed, within bounds", function()
    local function make()
      return (built(function(b)
        b:constant("a", "float32", {100}, {random = 1})
        b:constant("b", "float32", {100}, {random = 1, low = -3, high = 5})
        b:constant("c", "float32", {100}, {random = 2})
        b:constant("i", "int64", {200}, {random = 3, low = -2, high = 2})
        b:constant("u", "uint8", {2000}, {random = 4})
        b:constant("h", "float16", {100}, {random = 5})
        b:constant("n", "int4", {101}, {random = 6})
        b:constant("x", "complex64", {100}, {random = 7})
        b:constant("w", "uint64", {100}, {random = 8})
      end))
    end
    local m, again = make(), make()
    local function stats(name) return m:value(name).tensor:stats() end
    for _, name in ipairs {"a", "b", "i", "u", "h", "n", "x", "w"} do
      assert.same(m:value(name).tensor:values(), again:value(name).tensor:values())
    end
    assert.not_same(m:value("a").tensor:values(), m:value("c").tensor:values())
    assert.is_true(stats("a").min >= -0.05 and stats("a").max <= 0.05 and stats("a").std > 0.02)
    assert.is_true(stats("b").min < -2 and stats("b").max > 4)
    assert.same({-2, 2}, {stats("i").min, stats("i").max})
    assert.same({0, 255}, {stats("u").min, stats("u").max})
    assert.same({-8, 7}, {stats("n").min, stats("n").max})
    assert.is_true(stats("h").std > 0.01)
  end)

  it("can be far larger than memory", function()
    local m = built(function(b)
      for i = 1, 15 do b:constant("w" .. i, "float32", {1 << 25}, {random = i}) end
      b:constant("z", "float32", {1 << 8}, "zeros")
    end)
    assert.equal(1 << 27, m:value("w15").tensor.nbytes)
    assert.equal(10, #m:value("w15").tensor:values(10, 1 << 24))
  end)

  it("may have no data", function()
    local m = built(function(b) b:constant("w", "float32", {2}, "absent") end)
    assert.equal("none", m:value("w").tensor.storage)
    assert.equal("missing-data", m.diagnostics[1].code)
  end)

  it("may be in a file that is there already", function()
    local m = built(function(b)
      b:constant("w", "float32", {2}, {external = {location = "w.bin", offset = 4, length = 8}})
    end)
    local t = m:value("w").tensor
    assert.same({"external", "w.bin"}, {t.storage, t.location})
  end)
end)

describe("wrong use of the builder", function()
  local function refused(fill, ...)
    local b = onnxdoc.build()
    local ok, message = pcall(fill, b)
    assert.is_false(ok)
    for _, part in ipairs {...} do
      assert.is_truthy(tostring(message):find(part, 1, true), ("%s is not in %s"):format(part, message))
    end
    assert.is_truthy(message:find("builder_spec.lua:%d+: "), message)
    assert.is_nil(message:find("lua/onnxdoc", 1, true), message)
  end

  it("is named: names", function()
    refused(function(b) b:input(3) end, "input: the name is a number")
    refused(function(b) b:input("x") b:input("x") end, "input", "'x' is defined already", "as an input")
    refused(function(b) b:op("A", {}, nil, {outputs = {"y", "y"}}) end, "op A", "'y' is defined already")
    refused(function(b) b:op("A", {}, nil, {outputs = "y"}) b:op("B", {}, nil, {outputs = "y"}) end, "op B", "output of a node")
    refused(function(b) b:constant("\27[31m", "float32", {1}, {1}) b:constant("\27[31m", "float32", {1}, {1}) end, "\\x1b[31m")
  end)

  it("is named: dtypes, dimensions and types", function()
    refused(function(b) b:constant("w", "float3", {1}, {1}) end, "constant 'w'", "'float3' is no dtype")
    refused(function(b) b:constant("w", nil, {1}, {1}) end, "nil is no dtype")
    refused(function(b) b:input("x", "int63", {1}) end, "input 'x'", "'int63' is no dtype")
    refused(function(b) b:constant("w", "float32", {-1}, {1}) end, "dimension 1 is -1")
    refused(function(b) b:constant("w", "float32", {1.5}, {1}) end, "dimension 1 is 1.5")
    refused(function(b) b:constant("w", "float32", {"N"}, {1}) end, "dimension 1 is N")
    refused(function(b) b:constant("w", "float32", 4, {1}) end, "dimensions are a number")
    refused(function(b) b:constant("w", "int8", {1 << 32, 1 << 32}, "zeros") end, "more than 2^63 elements")
    refused(function(b) b:constant("w", "int64", {1 << 61}, "zeros") end, "more than 2^63 bytes")
    refused(function(b) b:input("x", "float32", {true}) end, "dimension 1 is true")
    refused(function(b) b:input("x", {}) end, "a type's table has")
    refused(function(b) b:input("x", "float32", {1}, {size = 3}) end, "unknown option 'size', there is denotation, doc")
  end)

  it("is named: data", function()
    local function data(...)
      local dtype, dims, value = ...
      return function(b) b:constant("w", dtype, dims, value) end
    end
    refused(data("float32", {2, 3}, {1}), "constant 'w'", "1 values, [2,3] wants 6")
    refused(data("uint8", {2}, {1, 256}), "element 2 is 256, which is no uint8")
    refused(data("int8", {1}, {"a"}), "element 1 is a, which is no int8")
    refused(data("int32", {1}, {1.5}), "element 1 is 1.5, which is no int32")
    refused(data("float4e2m1", {1}, {0 / 0}), "no float4e2m1")
    refused(data("float32", {2, 1}, {{1}, {2}}), "element 1 is table")
    refused(data("bool", {1}, {2}), "element 1 is 2, which is no bool")
    refused(data("string", {2}, {"a", 1}), "element 2 is a number")
    refused(data("string", {1}, 1), "a list of strings is wanted")
    refused(data("float32", {1}, "ones"), "data is 'ones'")
    refused(data("float32", {1}), "data is nil")
    refused(data("int16", {2}, {raw = "abc"}), "raw has 3 bytes, [2] int16 wants 4")
    refused(data("float32", {1}, {random = "x"}), "random is x")
    refused(data("float32", {1}, {random = 1, high = -1}), "random from -0.05 to -1")
    refused(data("float32", {1}, {random = 1, mean = 1}), "not 'mean'")
    refused(data("uint8", {1}, {random = 1, high = 256}), "not within uint8")
    refused(data("int4", {1}, {random = 1, low = 0}), "takes any code")
    refused(function(b) b:constant("w", "float32", {1}, {1}, {storage = "odd"}) end, "storage is odd")
    refused(function(b) b:constant("w", "float32", {1}, {random = 1}, {storage = "typed"}) end, "for data that is listed")
    refused(function(b) b:sparse("w", "float32", {1}, {1}) end, "data is {values")
  end)

  it("is named: nodes and attributes", function()
    refused(function(b) b:op(nil, {}) end, "the operator is a nil")
    refused(function(b) b:op("A", "x") end, "op A: inputs are a string")
    refused(function(b) b:op("A", {"x", nil, "y"}) end, "omitted one is")
    refused(function(b) b:op("A", {{}}) end, "input 1 is a table")
    refused(function(b) b:op("A", {}, {f = print}) end, "op A: attribute 'f' is a function, which no attribute can be")
    refused(function(b) b:op("A", {}, {f = {}}) end, "empty list: give its type")
    refused(function(b) b:op("A", {}, {f = {1, "a"}}) end, "item 2 is of type string, those before are int")
    refused(function(b) b:op("A", {}, {f = {1, print}}) end, "item 2 is a function")
    refused(function(b) b:op("A", {}, {f = {type = "complex", value = 1}}) end, "'complex' is no attribute type")
    refused(function(b) b:op("A", {}, {f = {type = "int", value = 1.5}}) end, "is 1.5, a whole number is wanted")
    refused(function(b) b:op("A", {}, {f = {type = "graph", value = 1}}) end, "a graph is wanted")
    refused(function(b) b:op("A", {}, {f = {reference = "g"}}) end, "a reference needs a type")
    refused(function(b) b:op("A", {}, {3}) end, "attribute 1 is a number")
    refused(function(b) b:op("A", {}, nil, {output = {}}) end, "unknown option 'output'")
    refused(function(b) b:op("A", {}, nil, {outputs = true}) end, "outputs are a boolean")
    refused(function(b) b:func("d", "F"):constant("w", "float32", {}, 1) end, "a function has none")
    refused(function(b) b:func("d", "F", {input = {}}) end, "unknown option 'input'")
    refused(function() onnxdoc.build{opset = "new"} end, "opset is a string")
    refused(function() onnxdoc.build{opset = {[""] = 1.5}} end, "version of domain '' is 1.5")
    refused(function() onnxdoc.build{opsets = 3} end, "unknown option 'opsets'")
  end)

  it("is named: nesting too deep, a graph inside itself, header fields of the wrong type", function()
    local function nested(depth)
      local b = onnxdoc.build()
      local g = b
      for i = 1, depth do
        local inner = b:subgraph("g" .. i)
        g:op("Loop", {}, {body = inner})
        g = inner
      end
      return b
    end
    assert.equal(33, #assert(nested(32):model()).graphs)
    local m, problem, code = nested(33):model()
    assert.is_nil(m)
    assert.is_truthy(problem:find("nests deeper than 32 graphs", 1, true), problem)
    assert.equal("limit", code)
    local b = nested(1000)
    local ok, message = pcall(b.model, b)
    assert.is_false(ok)
    assert.is_truthy(message:find("nests deeper than 128 messages", 1, true), message)
    local g
    b = onnxdoc.build()
    g = b:subgraph("g")
    g:op("Loop", {}, {body = g})
    b:op("Loop", {}, {body = g})
    ok, message = pcall(b.model, b)
    assert.is_false(ok)
    assert.is_truthy(message:find("nests deeper", 1, true), message)
    ok, message = pcall(function() return onnxdoc.build{model_version = "new"}:model() end)
    assert.is_false(ok)
    assert.is_truthy(message:find("field 'model_version': a whole number is wanted, got string", 1, true), message)
  end)

  it("is named: more than protobuf can hold", function()
    local b = onnxdoc.build()
    b:constant("w", "float32", {1 << 30}, "zeros")
    local ok, message = pcall(b.model, b)
    assert.is_false(ok)
    assert.is_truthy(message:find("keep it in an external file", 1, true), message)
    b = onnxdoc.build()
    for i = 1, 3 do b:constant("w" .. i, "float32", {1 << 28}, "zeros") end
    local model, problem, code = b:model()
    assert.is_nil(model)
    assert.is_truthy(problem:find("keep weights in an external file", 1, true), problem)
    assert.equal("limit", code)
  end)
end)

describe("saving", function()
  local scratch
  before_each(function() scratch = Scratch.new() end)
  after_each(function() scratch:remove() end)

  local function files()
    local found = {}
    for name in lfs.dir(scratch.directory) do
      if name:sub(1, 1) ~= "." or name:find("part") then found[#found + 1] = name end
    end
    table.sort(found)
    return found
  end

  local function example()
    local b = onnxdoc.build()
    b:constant("small", "float32", {2}, {1, 2})
    b:constant("large", "float32", {1000}, {random = 1})
    b:constant("holes", "float32", {100000}, "zeros")
    b:constant("more", "int16", {5000}, {random = 2})
    return b
  end

  local function contents(model)
    local found = {}
    for t in model:tensors() do found[t.name] = t:values() end
    return found
  end

  it("writes what model() reads, inside one file or beside it", function()
    local b = example()
    local wanted = contents(assert(b:model()))
    assert.is_true(b:save(scratch:path("one.onnx")))
    assert.is_true(b:save(scratch:path("two.onnx"), {external = "two.data"}))
    assert.is_true(b:save(scratch:path("sub/three.onnx"), {external = true, threshold = 0, align = 1}))
    for _, name in ipairs {"one.onnx", "two.onnx", "sub/three.onnx"} do
      assert.same(wanted, contents(assert(onnxdoc.load(scratch:path(name)))))
    end
    assert.same({"one.onnx", "sub", "two.data", "two.onnx"}, files())
    local m = assert(onnxdoc.load(scratch:path("two.onnx")))
    assert.same({"raw", "external"}, {m:value("small").tensor.storage, m:value("large").tensor.storage})
    for t in m:tensors() do
      if t.storage == "external" then assert.equal(0, t.data_offset % 4096) end
    end
    assert.same(wanted, contents(assert(b:model())))
  end)

  it("leaves no half file and keeps the old one when the disk is full or refuses", function()
    local b = example()
    local old = scratch:write("old.onnx", "old")
    local ok, message, code = b:save("/dev/full")
    assert.is_nil(ok)
    assert.is_truthy(message:find("/dev/full", 1, true) and message:find("No space", 1, true), message)
    assert.equal("io", code)
    ok, message, code = b:save(scratch:path("old.onnx/x.onnx"))
    assert.is_nil(ok)
    assert.equal("io", code)
    assert.is_truthy(message:find("old.onnx", 1, true), message)
    ok = b:save(scratch:path(""))
    assert.is_nil(ok)
    -- the model cannot be put in its place, so neither is its data
    scratch:mkdir("folder.onnx")
    ok, message = b:save(scratch:path("folder.onnx"), {external = "f.data"})
    assert.is_nil(ok)
    assert.is_truthy(message:find("folder.onnx", 1, true), message)
    assert.same({"folder.onnx", "old.onnx"}, files())
    assert.equal("old", io.open(old):read("a"))
  end)

  it("writes to what is no regular file", function()
    assert.is_true(example():save("/dev/null"))
  end)

  it("keeps a link a link", function()
    scratch:write("real.onnx", "old")
    scratch:link("real.onnx", "link.onnx")
    assert.is_true(example():save(scratch:path("link.onnx")))
    assert.equal("link", lfs.symlinkattributes(scratch:path("link.onnx"), "mode"))
    assert.is_table(contents(assert(onnxdoc.load(scratch:path("real.onnx")))))
  end)

  it("refuses places for external data that a reader would refuse", function()
    for _, location in ipairs {"/abs.data", "../up.data", "a/../../b", ""} do
      local ok, message = pcall(example().save, example(), scratch:path("m.onnx"), {external = location})
      assert.is_false(ok)
      assert.is_truthy(message:find("external is '" .. location .. "'", 1, true), message)
    end
    local ok, message = pcall(example().save, example(), scratch:path("m.onnx"), {external = "m.onnx"})
    assert.is_false(ok)
    assert.is_truthy(message:find("the model's own file", 1, true), message)
    ok, message = pcall(example().save, example(), scratch:path("m.onnx"), {extern = "m"})
    assert.is_false(ok)
    assert.is_truthy(message:find("unknown option 'extern'", 1, true), message)
    assert.same({}, files())
  end)

  it("writes more than 4 GiB beside the model", function()
    local b = onnxdoc.build()
    for i = 1, 3 do b:constant("w" .. i, "float32", {1 << 29}, "zeros") end
    assert.is_true(b:save(scratch:path("big.onnx"), {external = "big.data"}))
    assert.equal(3 << 31, lfs.attributes(scratch:path("big.data"), "size"))
    local m = assert(onnxdoc.load(scratch:path("big.onnx")))
    assert.same({0, 0}, m:value("w3").tensor:values(2, (1 << 29) - 1))
    assert.same({}, m.diagnostics)
  end)
end)
