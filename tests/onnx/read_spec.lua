-- What stands in a file comes out: facts of the model with one of everything, and tensors of every dtype.

local onnxdoc = require "onnxdoc"
local wire = require "wire"
local everything = require "models.everything"
local Scratch = require "scratch"

describe("the model with one of everything", function()
  local scratch, model
  setup(function()
    scratch = Scratch.new()
    scratch:write("everything.data", everything.data)
    model = assert(onnxdoc.load(scratch:write("everything.onnx", everything.bytes())))
  end)
  teardown(function()
    model:close()
    scratch:remove()
  end)

  local function tensor(index)
    return model.graph.initializers[index]
  end

  it("has its header", function()
    assert.equal(14, model.ir_version)
    assert.equal(3, model.model_version)
    assert.equal("maker", model.producer_name)
    assert.equal("1.0", model.producer_version)
    assert.equal("maker 1.0", model.producer)
    assert.equal("org.example", model.domain)
    assert.equal("one of everything", model.doc)
    assert.equal(21, model.opset[""])
    assert.equal(1, model.opset["com.acme"])
    assert.equal("", model.opsets[1].domain)
    assert.equal(21, model.opsets[1].version)
    assert.same({["kept by"] = "model"}, model.metadata)
    assert.equal(#everything.bytes(), model.size)
    assert.equal(scratch:path("everything.onnx"), model.path)
  end)

  it("has device configurations, of the model and of a node", function()
    local c = model.configurations[1]
    assert.equal("two", c.name)
    assert.equal(2, c.num_devices)
    assert.same({"gpu:0", "gpu:1"}, c.devices)
    local of_node = model:node("conv").device_configurations
    assert.equal(1, #of_node)
    assert.is_table(of_node[1])
  end)

  it("has metadata and documentation on graph, node, value, tensor and function", function()
    assert.same({["kept by"] = "graph"}, model.graph.metadata)
    assert.equal("main", model.graph.doc)
    assert.same({["kept by"] = "node"}, model:node("conv").metadata)
    assert.equal("a node", model:node("conv").doc)
    assert.same({["kept by"] = "value"}, model:value("x").metadata)
    assert.equal("the input", model:value("x").doc)
    assert.same({["kept by"] = "tensor"}, tensor(1).metadata)
    assert.equal("raw", tensor(1).doc)
    assert.same({["kept by"] = "function"}, model.functions[1].metadata)
    assert.equal("a + a", model.functions[1].doc)
    assert.same({["kept by"] = "graph"}, model:node("if").subgraphs[1].metadata)
  end)

  it("has values with types", function()
    local x = model:value("x")
    assert.equal("float32", x.declared_dtype)
    assert.same({"N", 3, false}, x.declared_shape)
    assert.is_true(x.is_input)
    assert.equal("seq", model.inputs[3].name)
    assert.truthy(model.inputs[3].type:find("^optional%(seq%("), model.inputs[3].type)
    assert.truthy(model.inputs[4].declared_type:find("^map%(int64, string"), model.inputs[4].declared_type)
    assert.truthy(model.inputs[5].declared_type:find("com.acme", 1, true), model.inputs[5].declared_type)
    assert.equal("BLOB", model.inputs[5].denotation)
    assert.truthy(model.inputs[6].declared_type:find("sparse", 1, true), model.inputs[6].declared_type)
    assert.is_nil(model:value("z").declared_type)
    assert.is_nil(model:value("z").declared_shape)
    assert.same({"N", 3, -1}, model:value("m").declared_shape)
  end)

  it("has quantization annotations", function()
    assert.same({SCALE_TENSOR = "t1_float32", ZERO_POINT_TENSOR = "t6_uint8"}, model:value("x").quantization)
    assert.same({x = {SCALE_TENSOR = "t1_float32", ZERO_POINT_TENSOR = "t6_uint8"}}, model.graph.quantization)
    assert.is_nil(model:value("m").quantization)
  end)

  it("has training graphs and their bindings", function()
    local t = model.trainings[1]
    assert.equal("training-initialization", t.initialization.kind)
    assert.equal("training-algorithm", t.algorithm.kind)
    assert.equal("step", t.algorithm.name)
    assert.same({t1_float32 = "w0"}, t.initialization_binding)
    assert.same({t1_float32 = "w1"}, t.update_binding)
    local identity
    for n in t.algorithm:nodes() do identity = n end
    assert.equal(model.graph, identity.inputs[1].graph, "training sees the main graph's names")
  end)

  it("has functions with overloads, attributes and opsets of their own", function()
    local f, other = model.functions[1], model.functions[2]
    assert.equal("function", f.kind)
    assert.equal("Twice", f.name)
    assert.equal("com.acme", f.domain)
    assert.equal("", f.overload)
    assert.equal("other", other.overload)
    assert.same({alpha = true, beta = 2.0}, f.attributes)
    assert.equal(16, f.opset[""])
    local nodes = {}
    for n in f:nodes() do nodes[#nodes + 1] = n end
    assert.equal("LeakyRelu", nodes[2].op_type)
    assert.same({reference = "alpha"}, nodes[2].attributes.alpha)
    assert.equal(16, nodes[2].opset)
    local call
    for n in model:nodes{op = "com.acme.Twice"} do call = n end
    assert.equal(other, call.callee)
    assert.equal("other", call.overload)
    assert.is_nil(model:node("conv").callee)
  end)

  it("has all fourteen kinds of attribute", function()
    local a = model:node("all").attributes
    assert.equal(0.5, a.f)
    assert.equal(-7, a.i)
    assert.equal("integer", math.type(a.i))
    assert.equal("text\0with NUL", a.s)
    assert.same({9}, a.t:values())
    assert.same({0.5, 1.5}, a.floats)
    assert.same({1, -1, 3}, a.ints)
    assert.same({"a", "", "c"}, a.strings)
    assert.same({2}, a.tensors[2]:values())
    assert.equal("two", a.graphs[2].name)
    assert.same({1, 2}, a.sparse_tensor.sparse.values:values())
    assert.same({1, 5}, a.sparse_tensors[2].sparse.indices:values())
    assert.truthy(a.tp:find("^seq%("), tostring(a.tp))
    assert.equal(7, #a.type_protos)
    assert.equal("three", a.g.name)
    assert.same({"f", "i", "s", "t", "floats", "ints", "strings", "tensors", "graphs", "sparse_tensor",
                 "sparse_tensors", "tp", "type_protos", "g"}, model:node("all").attribute_names)
    assert.equal(3, #model:node("all").subgraphs)
    assert.equal(model:node("all"), a.t.node)
  end)

  it("has a sparse initializer", function()
    local s = model:value("sparse_w").tensor
    assert.equal("sparse", s.storage)
    assert.same({2, 3}, s.shape)
    assert.same({1, 2}, s.sparse.values:values())
    assert.same({1, 5}, s.sparse.indices:values())
  end)

  it("has external data", function()
    local t = model:value("outside").tensor
    assert.same({10, 20}, t:values())
    assert.equal("everything.data", t.location)
    assert.equal(8, t.data_offset)
  end)

  it("has the byte ranges of nodes and tensors", function()
    local bytes = everything.bytes()
    local conv, t = model:node("conv"), tensor(1)
    local written = wire.encode("NodeProto", everything.fields().graph.node[1])
    assert.equal(written, bytes:sub(conv.offset + 1, conv.offset + conv.length))
    written = wire.encode("TensorProto", everything.fields().graph.initializer[1])
    assert.equal(written, bytes:sub(t.offset + 1, t.offset + t.length))
    assert.equal(wire.raw("<f", {1.5, -2, 0, 3}), bytes:sub(t.data_offset + 1, t.data_offset + t.data_length))
  end)

  it("names subgraph nodes by their path", function()
    local inner
    for n in model:node("if").subgraphs[1]:nodes() do inner = n end
    assert.equal("if.else_branch::inner", inner.path)
  end)
end)

describe("tensor values", function()
  local function values(dtype, dims, data)
    local model = assert(onnxdoc.load_bytes(wire.model{graph = {
      name = "g", initializer = {wire.tensor("w", dtype, dims, data)}, node = {wire.node("Identity", {"w"}, {"y"})},
      output = {wire.value("y")}}}))
    local t = model:value("w").tensor
    local got, message = t:values()
    model:close()
    assert(got, message)
    return got
  end

  local function same(expected, dtype, data)
    local got = values(dtype, {#expected}, data)
    assert.equal(#expected, #got)
    for i, want in ipairs(expected) do
      if want ~= want then assert.is_true(got[i] ~= got[i], dtype .. " element " .. i .. " is NaN")
      else assert.same(want, got[i], dtype .. " element " .. i) end
    end
  end
  local nan, inf = 0 / 0, 1 / 0

  it("of floats", function()
    same({1.5, -0.25, inf}, "float32", wire.raw("<f", {1.5, -0.25, inf}))
    same({1.5, -0.25, nan}, "float32", {float_data = {1.5, -0.25, nan}})
    same({0.1, -1e300}, "float64", wire.raw("<d", {0.1, -1e300}))
    same({0.1, -1e300}, "float64", {double_data = {0.1, -1e300}})
    same({1.0, -2.0, 65504.0, 2.0 ^ -24, inf, nan}, "float16",
         wire.raw("<I2", {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x7e00}))
    same({1.0, -2.0}, "float16", {int32_data = {0x3c00, 0xc000}})
    same({1.0, -2.0, inf, 3.140625}, "bfloat16", wire.raw("<I2", {0x3f80, 0xc000, 0x7f80, 0x4049}))
    same({1.0}, "bfloat16", {int32_data = {0x3f80}})
  end)

  it("of eight-bit floats", function()
    same({1.0, -1.0, 448.0, nan, 2.0 ^ -9}, "float8e4m3fn", "\x38\xb8\x7e\x7f\x01")
    same({0.5, 240.0, nan, 2.0 ^ -10}, "float8e4m3fnuz", "\x38\x7f\x80\x01")
    same({1.0, 57344.0, inf, nan, 2.0 ^ -16}, "float8e5m2", "\x3c\x7b\x7c\x7d\x01")
    same({0.5, 57344.0, nan, 2.0 ^ -17}, "float8e5m2fnuz", "\x3c\x7f\x80\x01")
    same({1.0, 2.0 ^ -127, 2.0 ^ 127, nan}, "float8e8m0", "\x7f\x00\xfe\xff")
    same({1.0, -1.0}, "float8e4m3fn", {int32_data = {0x38, 0xb8}})
  end)

  it("of packed four- and two-bit types, low bits first", function()
    same({1, 2, 15}, "uint4", "\x21\x0f")
    same({1, -8, -1}, "int4", "\x81\x0f")
    same({0.0, 0.5, 6.0, -6.0, 1.0}, "float4e2m1", "\x10\xf7\x02")
    same({0, 1, 2, 3, 1}, "uint2", "\xe4\x01")
    same({0, 1, -2, -1}, "int2", "\xe4")
    same({1, 2, 15}, "uint4", {int32_data = {0x21, 0x0f}})
    same({0, 1, -2, -1}, "int2", {int32_data = {0xe4}})
  end)

  it("of integers", function()
    same({0, 255}, "uint8", "\0\255")
    same({-128, 127}, "int8", "\128\127")
    same({65535, 1}, "uint16", "\255\255\1\0")
    same({-32768}, "int16", "\0\128")
    same({-5, 7}, "int32", wire.raw("<i4", {-5, 7}))
    same({-5, 7}, "int32", {int32_data = {-5, 7}})
    same({-5, 7}, "int8", {int32_data = {-5, 7}})
    same({4294967295}, "uint32", "\255\255\255\255")
    same({4294967295}, "uint32", {uint64_data = {4294967295}})
    same({math.mininteger, math.maxinteger}, "int64", wire.raw("<i8", {math.mininteger, math.maxinteger}))
    same({math.mininteger, -1}, "int64", {int64_data = {math.mininteger, -1}})
    same({5, 2.0 ^ 64}, "uint64", {uint64_data = {5, -1}})
    same({5, 2.0 ^ 63}, "uint64", wire.raw("<i8", {5, math.mininteger}))
  end)

  it("of booleans, complex numbers and strings", function()
    same({true, false}, "bool", "\1\0")
    same({true, false, true}, "bool", {int32_data = {1, 0, 1}})
    same({{1.0, 2.0}, {3.0, -4.0}}, "complex64", wire.raw("<f", {1, 2, 3, -4}))
    same({{1.0, 2.0}}, "complex64", {float_data = {1, 2}})
    same({{1.0, 2.0}}, "complex128", {double_data = {1, 2}})
    same({"a", "", "\0\255"}, "string", {string_data = {"a", "", "\0\255"}})
  end)

  it("of a scalar and of nothing", function()
    assert.same({2.5}, values("float32", {}, wire.raw("<f", {2.5})))
    assert.same({}, values("float32", {0}, ""))
    assert.same({}, values("float32", {0, 5}, {}))
  end)

  it("in slices of any dtype", function()
    for dtype, data in pairs{uint4 = "\x21\x43\x65", uint8 = "\1\2\3\4\5\6", int64 = {int64_data = {1, 2, 3, 4, 5, 6}}} do
      local model = assert(onnxdoc.load_bytes(wire.model{graph = {
        name = "g", initializer = {wire.tensor("w", dtype, {6}, data)}, node = {wire.node("Identity", {"w"}, {"y"})},
        output = {wire.value("y")}}}))
      local w = model:value("w").tensor
      for first = 1, 6 do
        for count = 0, 6 - first + 1 do
          local expected = {}
          for i = 1, count do expected[i] = first + i - 1 end
          assert.same(expected, w:values(count, first), dtype .. " " .. first .. " " .. count)
        end
      end
      assert.same({5, 6}, w:values(10, 5))
      assert.has_error(function() w:values("many") end)
      model:close()
    end
  end)
end)

describe("tensor statistics", function()
  local function stats(dtype, dims, data)
    local model = assert(onnxdoc.load_bytes(wire.model{graph = {
      name = "g", initializer = {wire.tensor("w", dtype, dims, data)}, node = {wire.node("Identity", {"w"}, {"y"})},
      output = {wire.value("y")}}}))
    local got, message = model:value("w").tensor:stats()
    model:close()
    return assert(got, message)
  end

  it("count what is not finite apart", function()
    local s = stats("float32", {6}, wire.raw("<f", {1, 2, 3, 0, 0 / 0, -1 / 0}))
    assert.equal(6, s.count)
    assert.equal(1, s.min - s.min + s.nan)
    assert.equal(0, s.min)
    assert.equal(3, s.max)
    assert.equal(1.5, s.mean)
    assert.is_true(math.abs(s.std - math.sqrt(1.25)) < 1e-9)
    assert.equal(1, s.zeros)
    assert.equal(1, s.nan)
    assert.equal(1, s.inf)
  end)

  it("have no minimum where there is nothing finite", function()
    local s = stats("float32", {1}, wire.raw("<f", {0 / 0}))
    assert.is_nil(s.min)
    assert.is_nil(s.max)
    s = stats("float32", {0}, "")
    assert.equal(0, s.count)
    assert.is_nil(s.min)
  end)

  it("of integers and packed types", function()
    local s = stats("int4", {3}, "\x81\x0f")
    assert.equal(-8, s.min)
    assert.equal(1, s.max)
    s = stats("uint8", {4}, "\0\0\4\8")
    assert.equal(3, s.mean)
    assert.equal(2, s.zeros)
    s = stats("int64", {2}, {int64_data = {5, 7}})
    assert.equal(6, s.mean)
  end)
end)
