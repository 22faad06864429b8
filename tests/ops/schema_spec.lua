-- Operator schemas: which one holds in which version, formals, attributes, defaults of every kind; every line of
-- src/ops/schema.txt; and, where CORPUS=dir is set, that the table is what the lists in CORPUS/../data say.

local utils = require "pl.utils"
local onnxdoc = require "onnxdoc"

local schema = onnxdoc.schema

local function names(formals)
  local list = {}
  for i, formal in ipairs(formals) do list[i] = formal.name .. " " .. formal.option end
  return list
end

local function float32(value)
  return (string.unpack("f", string.pack("f", value)))
end

local function read(path) return assert(utils.readfile(path, true)) end

local function corpus()
  local directory = os.getenv("CORPUS")
  return directory ~= "" and directory or nil
end

describe("onnxdoc.schema", function()
  it("finds the version that holds", function()
    assert.equal(7, schema("Gemm", "", 7).since)
    assert.equal(7, schema("Gemm", "", 8).since)
    assert.equal(11, schema("Gemm", "", 12).since)
    assert.equal(13, schema("Gemm", "", 13).since)
    assert.equal(13, schema("Gemm", "", 1 << 62).since)
    assert.same({"A single", "B single", "C single"}, names(schema("Gemm", "", 7).inputs))
    assert.same({"A single", "B single", "C optional"}, names(schema("Gemm", "", 11).inputs))
    assert.same({"Y single"}, names(schema("Gemm", "", 13).outputs))
  end)

  it("follows an operator through its versions", function()
    assert.is_nil(schema("Resize", "", 9))
    assert.same({"X single", "scales single"}, names(schema("Resize", "", 10).inputs))
    assert.same({"X single", "roi single", "scales single", "sizes optional"}, names(schema("Resize", "", 11).inputs))
    assert.same({"X single", "roi optional", "scales optional", "sizes optional"},
                names(schema("Resize", "", 13).inputs))
    assert.is_nil(schema("Resize", "", 17).attributes.antialias)
    assert.same({type = "INT", required = false, default = 0}, schema("Resize", "", 18).attributes.antialias)
  end)

  it("gives the newest version without an opset, with nil and with 0", function()
    assert.equal(13, schema("Gemm").since)
    assert.equal(13, schema("Gemm", nil, nil).since)
    assert.equal(13, schema("Gemm", "", 0).since)
  end)

  it("takes ai.onnx for the empty domain", function()
    assert.same(schema("Gemm", "", 13), schema("Gemm", "ai.onnx", 13))
    assert.equal("", schema("Gemm", "ai.onnx").domain)
  end)

  it("keeps domains apart", function()
    local fused, standard = schema("Attention", "com.microsoft", 1), schema("Attention", "", 23)
    assert.equal("com.microsoft", fused.domain)
    assert.equal("input", fused.inputs[1].name)
    assert.equal("weights", fused.inputs[2].name)
    assert.same({type = "INT", required = true}, fused.attributes.num_heads)
    assert.equal("Q single", names(standard.inputs)[1])
    assert.equal(23, standard.since)
    assert.is_nil(standard.attributes.num_heads)
    assert.is_nil(schema("Attention", "", 22))
    assert.is_nil(schema("TreeEnsemble", ""))
    assert.equal(5, schema("TreeEnsemble", "ai.onnx.ml").since)
    assert.equal("ai.onnx.preview.training", schema("Adam", "ai.onnx.preview.training").domain)
  end)

  it("knows variadic formals", function()
    local concat = schema("Concat", "", 13)
    assert.same({"inputs variadic"}, names(concat.inputs))
    assert.same({"concat_result single"}, names(concat.outputs))
    assert.same({type = "INT", required = true}, concat.attributes.axis)
    assert.same({"inputs variadic"}, names(schema("EPContext", "com.microsoft").inputs))
    assert.same({"input single", "split optional"}, names(schema("Split", "", 13).inputs))
    assert.same({"outputs variadic"}, names(schema("Split", "", 13).outputs))
  end)

  it("has operators without inputs or without attributes", function()
    assert.same({}, schema("Constant").inputs)
    assert.same({}, schema("Add").attributes)
  end)

  it("says what is deprecated", function()
    assert.is_false(schema("Upsample", "", 9).deprecated)
    assert.is_true(schema("Upsample", "", 10).deprecated)
    assert.equal(10, schema("Upsample").since)
  end)

  it("has ONNX Runtime's own operators in ai.onnx, and those its documentation leaves out", function()
    assert.equal(1, schema("SimplifiedLayerNormalization").since)
    assert.equal(1, schema("LayerNormalization", "", 16).since)
    assert.equal(17, schema("LayerNormalization", "", 17).since)
    assert.equal("com.microsoft.nchwc", schema("Conv", "com.microsoft.nchwc", 1).domain)
    assert.equal(1, schema("QEmbedLayerNormalization", "com.microsoft", 1).since)
  end)

  it("is nil for what nobody knows", function()
    assert.is_nil(schema("Fancy"))
    assert.is_nil(schema(""))
    assert.is_nil(schema("gemm"))
    assert.is_nil(schema("Gem"))
    assert.is_nil(schema("Gemm\0"))
    assert.is_nil(schema("Gemm\t13"))
    assert.is_nil(schema(("G"):rep(100000)))
    assert.is_nil(schema("Gemm", "com.acme"))
    assert.is_nil(schema("Gemm", "ai.onnx\0"))
    assert.is_nil(schema("Gemm", "", -1))
    assert.is_nil(schema("Gemm", "", math.mininteger))
    assert.is_nil(schema("Gelu", "", 19))
    assert.is_nil(schema("\0"))
    assert.is_nil(schema("\255", "\255"))
    assert.is_nil(schema("ATeo", "org.pytorch.aten"))
  end)

  it("finds the first and the last of the table", function()
    assert.equal(1, schema("Abs", "", 5).since)
    assert.equal("org.pytorch.aten", schema("ATen", "org.pytorch.aten").domain)
  end)

  it("names the argument that is wrong", function()
    assert.has_error(function() schema() end)
    assert.error_matches(function() schema({}) end, "bad argument #1 to '.-' %(string expected, got table%)")
    assert.error_matches(function() schema("Gemm", {}) end, "#2")
    assert.error_matches(function() schema("Gemm", "", "new") end, "#3")
    assert.error_matches(function() schema("Gemm", "", 1.5) end, "#3")
  end)

  it("makes a table of its own for every call", function()
    schema("Gemm").attributes.alpha.default = 7
    assert.equal(1.0, schema("Gemm").attributes.alpha.default)
  end)
end)

describe("a default", function()
  local function default(name, attribute, domain, opset)
    return schema(name, domain, opset).attributes[attribute].default
  end

  it("is an integer", function()
    assert.equal("integer", math.type(default("Gemm", "transA")))
    assert.equal(0, default("Gemm", "transA"))
    assert.equal(-1, default("Softmax", "axis", "", 13))
    assert.equal(1, default("Softmax", "axis", "", 12))
  end)

  it("is a float, the one a file would hold", function()
    assert.equal("float", math.type(default("Gemm", "alpha")))
    assert.equal(1.0, default("Gemm", "alpha"))
    assert.equal(float32(1e-5), default("BatchNormalization", "epsilon"))
    assert.equal(float32(0.01), default("LeakyRelu", "alpha"))
    assert.equal(float32(1.6732632), default("Selu", "alpha"))
    assert.equal(-0.75, default("Resize", "cubic_coeff_a"))
    assert.equal("-0.0", tostring(default("LabelEncoder", "default_float", "ai.onnx.ml")))
    assert.equal(0x1.fffffep+127, default("Clip", "max", "", 6))
    assert.equal(-0x1.fffffep+127, default("Clip", "min", "", 6))
    assert.equal(float32(1e-12), default("EmbedLayerNormalization", "epsilon", "com.microsoft"))
    assert.equal(float32(-1e20), default("Sampling", "filter_value", "com.microsoft"))
  end)

  it("does not depend on the locale", function()
    local before, changed = os.setlocale(nil, "numeric"), nil
    for _, locale in ipairs {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"} do
      changed = changed or os.setlocale(locale, "numeric")
    end
    if not changed then
      pending("needs a locale with a decimal comma")
      return
    end
    local value = default("Resize", "cubic_coeff_a")
    os.setlocale(before, "numeric")
    assert.equal(-0.75, value)
  end)

  it("is a string", function()
    assert.equal("NOTSET", default("Conv", "auto_pad"))
    assert.equal("foward", default("GRU", "direction", "", 1))
    assert.equal("forward", default("GRU", "direction", "", 7))
    assert.equal("", default("TritonOp", "func_name", "com.microsoft"))
  end)

  it("is a list", function()
    assert.same({0, 2, 3}, default("MeanVarianceNormalization", "axes"))
    assert.equal("integer", math.type(default("MeanVarianceNormalization", "axes")[1]))
    assert.same({"Tanh", "Tanh"}, default("RNN", "activations"))
  end)

  it("is nil where there is none", function()
    assert.same({type = "INTS", required = false}, schema("Conv").attributes.pads)
    assert.same({type = "TENSOR", required = true}, schema("Constant", "", 9).attributes.value)
    assert.same({type = "TENSOR", required = false}, schema("ConstantOfShape").attributes.value)
    assert.same({type = "GRAPH", required = true}, schema("If").attributes.then_branch)
    assert.same({type = "SPARSE_TENSOR", required = false}, schema("Constant").attributes.sparse_value)
    assert.same({type = "TYPE_PROTO", required = false}, schema("Optional").attributes.type)
  end)
end)

-- The table read in another way than C does.
local function parse_value(text)
  if text:sub(1, 1) == "[" then
    local list = {}
    for item in text:sub(2, -2):gmatch("[^,]+") do list[#list + 1] = parse_value(item) end
    return list
  end
  if text:sub(1, 1) == '"' then return text:sub(2, -2) end
  local number = tonumber(text)
  return math.type(number) == "float" and float32(number) or number
end

local OPTIONS = {[""] = "single", ["?"] = "optional", ["+"] = "variadic", ["*"] = "variadic"}

local function parse_formals(field)
  local formals = {}
  for word in field:gmatch("%S+") do
    local name, mark = word:match("^([%w_.]+)([?+*]?)$")
    formals[#formals + 1] = {name = name, option = OPTIONS[mark]}
  end
  return formals
end

local function parse_attributes(field)
  local attributes = {}
  for word in field:gmatch("%S+") do
    local name, type_name, required, default = word:match("^([%w_.]+):([%u_]+)(!?)=?(.*)$")
    attributes[name] = {type = type_name, required = required == "!"}
    if default ~= "" then attributes[name].default = parse_value(default) end
  end
  return attributes
end

local function parse_line(line)
  local domain, name, since, deprecated, inputs, outputs, attributes =
    line:match("^([%w.]+)\t([%w_]+)\t(%d+)( ?%l*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
  assert(domain, line)
  return {domain = domain == "ai.onnx" and "" or domain, name = name, since = math.tointeger(since),
          deprecated = deprecated == " deprecated", inputs = parse_formals(inputs), outputs = parse_formals(outputs),
          attributes = parse_attributes(attributes)}
end

describe("src/ops/schema.txt", function()
  local lines = {}
  setup(function()
    for line in read("src/ops/schema.txt"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  end)

  it("holds every schema of both lists", function()
    assert.equal(642 + 285, #lines)
  end)

  it("is sorted, without doubles", function()
    local last = ""
    for _, line in ipairs(lines) do
      local domain, name, since = line:match("^(.-)\t(.-)\t(%d+)")
      local key = ("%s\t%s\t%010d"):format(domain, name, since)
      assert.is_true(last < key, line)
      last = key
    end
  end)

  it("comes out line by line, and no version holds before it", function()
    local first = {}
    for _, line in ipairs(lines) do
      local wanted = parse_line(line)
      assert.same(wanted, schema(wanted.name, wanted.domain, wanted.since))
      local key = wanted.domain .. "\t" .. wanted.name
      local before = wanted.since > 1 and schema(wanted.name, wanted.domain, wanted.since - 1)
      if first[key] then assert.is_true(before.since < wanted.since, line)
      else assert.is_falsy(before, line) end
      first[key] = true
    end
  end)

  it("is what src/ops/schema.lua makes of the lists", function()
    if not corpus() then
      pending("needs CORPUS")
      return
    end
    local data = corpus() .. "/../data/"
    local pipe = assert(io.popen(("lua5.4 src/ops/schema.lua '%sopschema.json' '%scontribschema.json'")
                                 :format(data, data)))
    local made = pipe:read("a")
    assert.is_true(pipe:close())
    assert.is_true(made == read("src/ops/schema.txt"), "make src/ops/schema.txt anew")
  end)

  it("says what the lists say", function()
    if not corpus() then
      pending("needs CORPUS")
      return
    end
    local checked = 0
    for _, list in ipairs {"opschema.json", "contribschema.json"} do
      for _, wanted in ipairs(assert(require("dkjson").decode(read(corpus() .. "/../data/" .. list)))) do
        local found = schema(wanted.name, wanted.domain, wanted.since_version or 1)
        assert.equal(wanted.since_version or 1, found.since)
        assert.equal(wanted.deprecated, found.deprecated)
        for _, side in ipairs {"inputs", "outputs"} do
          assert.equal(#wanted[side], #found[side])
          for i, formal in ipairs(wanted[side]) do
            assert.same({name = formal.name, option = formal.option:lower()}, found[side][i])
          end
        end
        for name, attribute in pairs(wanted.attributes) do
          local default = attribute.default
          if type(default) == "table" then setmetatable(default, nil) end
          if attribute.type == "FLOAT" and default then default = float32(default) end
          assert.same({type = attribute.type, required = attribute.required, default = default},
                      found.attributes[name])
        end
        for name in pairs(found.attributes) do assert.is_table(wanted.attributes[name], name) end
        checked = checked + 1
      end
    end
    assert.equal(642 + 285, checked)
  end)
end)
