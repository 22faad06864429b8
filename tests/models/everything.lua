-- A small model with one of everything the format has: each message and field, each way of keeping tensor
-- data, each attribute kind, subgraphs, functions with overloads, training, sparse and external data, device
-- configurations, metadata everywhere. It is read, cut at every byte and has its bits flipped by the specs.

local wire = require "wire"

local function metadata(of)
  return {{key = "kept by", value = of}}
end

local function tensors()
  local f = {}
  local function add(dtype, dims, data, extra)
    extra = extra or {}
    local name = "t" .. (#f + 1) .. "_" .. dtype
    f[#f + 1] = wire.tensor(name, dtype, dims, data, extra)
  end
  add("float32", {2, 2}, wire.raw("<f", {1.5, -2, 0, 3}), {doc_string = "raw", metadata_props = metadata("tensor")})
  add("float32", {3}, {float_data = {0.25, 0 / 0, 1 / 0}})
  add("float64", {2}, {double_data = {1e300, -1e-300}})
  add("int64", {3}, {int64_data = {-1, math.maxinteger, math.mininteger}})
  add("int32", {2}, {int32_data = {-5, 7}})
  add("uint8", {3}, {int32_data = {0, 255, 7}})
  add("int8", {2}, {int32_data = {-128, 127}})
  add("uint16", {1}, {int32_data = {65535}})
  add("int16", {1}, {int32_data = {-32768}})
  add("bool", {2}, {int32_data = {1, 0}})
  add("float16", {2}, {int32_data = {0x3c00, 0xc000}})
  add("bfloat16", {2}, {int32_data = {0x3f80, 0x4000}})
  add("uint32", {1}, {uint64_data = {4294967295}})
  add("uint64", {2}, {uint64_data = {-1, 3}})
  add("complex64", {2}, {float_data = {1, 2, 3, 4}})
  add("complex128", {1}, {double_data = {5, 6}})
  add("string", {2}, {string_data = {"hello", "\0w\255rld"}})
  for _, dtype in ipairs{"float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0"} do
    add(dtype, {2}, "\x38\xb8")
  end
  add("uint4", {3}, "\x21\x03")
  add("int4", {3}, {int32_data = {0xf1, 0x07}})
  add("float4e2m1", {2}, "\x72")
  add("uint2", {5}, "\xe4\x01")
  add("int2", {4}, {int32_data = {0xe4}})
  add("float32", {}, wire.raw("<f", {2.5}))
  add("float32", {0}, "")
  return f
end

local function sparse(name)
  return {values = wire.tensor(name, "float32", {2}, wire.raw("<f", {1, 2})),
          indices = wire.tensor("", "int64", {2}, {int64_data = {1, 5}}), dims = {2, 3}}
end

local function types()
  local tensor = wire.tensor_type("float32", {"N", 3, false})
  return {
    tensor, wire.tensor_type("int64"), {sequence_type = {elem_type = tensor}},
    {optional_type = {elem_type = {sequence_type = {elem_type = tensor}}}},
    {map_type = {key_type = 7, value_type = wire.tensor_type("string", {})}},
    {opaque_type = {domain = "com.acme", name = "Blob"}, denotation = "BLOB"},
    {sparse_tensor_type = {elem_type = 1, shape = {dim = {{dim_value = 4, denotation = "DATA_BATCH"}}}}},
  }
end

local function branch(name, op, from)
  return {name = name, node = {wire.node(op, {from}, {name .. "_y"}, nil, {name = "inner"})},
          output = {wire.value(name .. "_y", "float32", {"N"})}, metadata_props = metadata("graph")}
end

local function attributes()
  local f = {
    wire.attribute("f", 0.5), wire.attribute("i", -7), wire.attribute("s", "text\0with NUL"),
    wire.attribute("t", {t = wire.tensor("in_node", "int32", {1}, {int32_data = {9}})}),
    wire.attribute("floats", {0.5, 1.5}), wire.attribute("ints", {1, -1, 3}),
    wire.attribute("strings", {"a", "", "c"}),
    wire.attribute("tensors", {tensors = {wire.tensor("l1", "uint8", {1}, "\1"), wire.tensor("l2", "uint8", {1}, "\2")}}),
    wire.attribute("graphs", {graphs = {branch("one", "Abs", "x"), branch("two", "Neg", "x")}}),
    wire.attribute("sparse_tensor", {sparse_tensor = sparse("s1")}),
    wire.attribute("sparse_tensors", {sparse_tensors = {sparse("s2"), sparse("s3")}}),
    wire.attribute("tp", {tp = types()[3]}), wire.attribute("type_protos", {type_protos = types()}),
    wire.attribute("g", {g = branch("three", "Exp", "x")}, {doc_string = "a graph"}),
  }
  return f
end

local function functions()
  local function fun(overload)
    return {
      name = "Twice", domain = "com.acme", overload = overload, input = {"a"}, output = {"b"},
      attribute = {"alpha"}, attribute_proto = {wire.attribute("beta", 2.0)}, doc_string = "a + a",
      opset_import = {{domain = "", version = 16}}, metadata_props = metadata("function"),
      value_info = {wire.value("c", "float32", {2})},
      node = {wire.node("Add", {"a", "a"}, {"c"}),
              wire.node("LeakyRelu", {"c"}, {"b"}, {wire.attribute("alpha", nil, {ref_attr_name = "alpha", type = 1})})},
    }
  end
  return {fun(""), fun("other")}
end

local everything = {}

-- The fields of the model, to change before writing. The external file is "everything.data", 24 bytes.
function everything.fields()
  local initializers = tensors()
  initializers[#initializers + 1] = wire.external("outside", "float32", {2},
    {location = "everything.data", offset = "8", length = "8", checksum = "none"})
  return {
    ir_version = 14, producer_name = "maker", producer_version = "1.0", domain = "org.example", model_version = 3,
    doc_string = "one of everything",
    opset_import = {{domain = "", version = 21}, {domain = "com.acme", version = 1}},
    metadata_props = metadata("model"),
    configuration = {{name = "two", num_devices = 2, device = {"gpu:0", "gpu:1"}}},
    functions = functions(),
    training_info = {{
      initialization = {name = "init", node = {wire.node("Constant", {}, {"w0"}, {value_float = 0.0})},
                        output = {wire.value("w0", "float32", {})}},
      algorithm = {name = "step", node = {wire.node("Identity", {"x"}, {"w1"})}, output = {wire.value("w1")}},
      initialization_binding = {{key = "t1_float32", value = "w0"}}, update_binding = {{key = "t1_float32", value = "w1"}}}},
    graph = {
      name = "everything", doc_string = "main", metadata_props = metadata("graph"),
      input = {wire.value("x", "float32", {"N", 3, false}, {doc_string = "the input", metadata_props = metadata("value")}),
               wire.value("cond", "bool", {}), {name = "seq", type = types()[4]}, {name = "map", type = types()[5]},
               {name = "blob", type = types()[6]}, {name = "sparse_x", type = types()[7]}},
      output = {wire.value("y", "float32", {"N"}), wire.value("z")},
      value_info = {wire.value("m", "float32", {"N", 3, -1})},
      initializer = initializers, sparse_initializer = {sparse("sparse_w")},
      quantization_annotation = {{tensor_name = "x", quant_parameter_tensor_names =
        {{key = "SCALE_TENSOR", value = "t1_float32"}, {key = "ZERO_POINT_TENSOR", value = "t6_uint8"}}}},
      node = {
        wire.node("Conv", {"x", "t1_float32", ""}, {"m"}, {kernel_shape = {1, 1}, auto_pad = "SAME_UPPER"},
          {name = "conv", doc_string = "a node", metadata_props = metadata("node"),
           device_configurations = {{configuration_id = "two", pipeline_stage = 1, sharding_spec = {{
             tensor_name = "x", device = {0, 1}, index_to_device_group_map = {{key = 0, value = {0, 1}}},
             sharded_dim = {{axis = 0, simple_sharding = {{dim_value = 4, num_shards = 2},
                                                          {dim_param = "N", num_shards = 2}}}}}}}}}),
        wire.node("Everything", {"m"}, {"e"}, attributes(), {name = "all", domain = "com.acme"}),
        wire.node("If", {"cond"}, {"y"}, {then_branch = {g = branch("then", "Sqrt", "m")},
                                          else_branch = {g = branch("else", "Relu", "outside")}}, {name = "if"}),
        wire.node("Twice", {"e"}, {"z"}, {alpha = 0.1}, {domain = "com.acme", overload = "other"}),
      },
    },
  }
end

function everything.bytes()
  return wire.model(everything.fields())
end

-- What the external file holds.
everything.data = wire.raw("<f", {0, 0, 10, 20, 0, 0})

return everything
