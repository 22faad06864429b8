-- Models as text: layout, literals, what is left out, what is said about it.

local everything = require "models.everything"
local helpers = require "reports.helpers"
local scale = require "scale"
local wire = require "wire"

local GOLDEN = "tests/lua/everything.golden"

describe("onnxdoc.text", function()
  local onnxdoc
  setup(function() onnxdoc = require "onnxdoc" end)

  local function load(fields) return assert(onnxdoc.load_bytes(wire.model(fields))) end

  -- The text of an initializer or of one attribute's value.
  local function tensor_text(dtype, dims, data, options)
    local model = load {graph = {name = "g", initializer = {wire.tensor("t", dtype, dims, data)}}}
    return onnxdoc.text(model.graph, options):match("<\n  (.-)\n>")
  end
  local function attribute_text(value)
    local model = load {graph = {name = "g", node = {wire.node("Op", {}, {"y"}, {a = value})}}}
    return onnxdoc.text(model:nodes()()):match("<a = (.*)>")
  end

  it("writes one of everything", function()
    local model = assert(onnxdoc.load_bytes(everything.bytes()))
    local text = onnxdoc.text(model) .. "\n"
    if os.getenv("ONNXDOC_UPDATE_GOLDENS") then wire.write(GOLDEN, text) end
    local file = assert(io.open(GOLDEN, "rb"))
    assert.equal(file:read("a"), text)
    file:close()
  end)

  it("writes graphs and nodes alone", function()
    local model = assert(onnxdoc.load_bytes(helpers.small_model()))
    assert.equal("[mul] m = Mul(x, w)", onnxdoc.text((model:node("mul"))))
    local branch = model:node("if").subgraphs[1]
    assert.equal("else () => (e) {\n  e = Abs(m)\n}", onnxdoc.text(branch))
    assert.equal("small (float[N,3] x, float[3] w, bool c) => (float[N,3] y)\n<\n  float[3] w = {1.0, 2.0, 3.0}\n>\n{\n",
      onnxdoc.text(model.graph):match("^.-\n{\n"))
  end)

  it("writes float32 in the fewest digits that give it back", function()
    for number, text in pairs {[0.1] = "0.1", [1] = "1.0", [1 / 3] = "0.33333334", [16777216] = "16777216.0",
      [1e10] = "1e+10", [-2.5e-30] = "-2.5e-30", [math.huge] = "inf", [-math.huge] = "-inf"} do
      assert.equal(text, attribute_text(number + 0.0))
    end
    assert.equal("nan", attribute_text(0 / 0))
    assert.equal("-0.0", attribute_text(-0.0))
    assert.equal("[1.0, 0.5]", attribute_text {1.0, 0.5})
    for _ = 1, 2000 do
      local x = string.unpack("<f", string.pack("<I4", math.random(0, 0x7f7fffff)))
      assert.equal(string.pack("<f", x), string.pack("<f", tonumber(attribute_text(x))))
    end
  end)

  it("writes elements so that they can be read back", function()
    assert.equal("double[2] t = {0.1, 1e+300}", tensor_text("float64", {2}, wire.raw("<d", {0.1, 1e300})))
    assert.equal("uint64[3] t = {18446744073709551615, 9223372036854775808, 3}",
      tensor_text("uint64", {3}, {uint64_data = {-1, math.mininteger, 3}}))
    assert.equal("float16[1] t = {15360}", tensor_text("float16", {1}, "\0\x3c"))
    assert.equal("int4[3] t = {1, -1, 7}", tensor_text("int4", {3}, "\xf1\x07"))
    assert.equal("complex64[1] t = {1.0, -2.0}", tensor_text("complex64", {1}, {float_data = {1, -2}}))
    assert.equal('string[2] t = {"a\\"\\\\", "\\x00\\xff"}', tensor_text("string", {2}, {string_data = {'a"\\', "\0\xff"}}))
    assert.equal("float t = {2.5}", tensor_text("float32", {}, wire.raw("<f", {2.5})))
  end)

  it("leaves large tensors out and says what they hold", function()
    local zeros = ("\0"):rep(17)
    assert.equal("uint8[17] t = {...}  # 17 bytes, xxh3 c2915ca0df7ad4c1", (tensor_text("uint8", {17}, zeros)))
    assert.equal("uint8[17] t = {...}  # 17 bytes", (tensor_text("uint8", {17}, zeros, {hash = "none"})))
    assert.truthy(tensor_text("uint8", {17}, zeros, {weights = "all"}):find("= {0, 0, 0,", 1, true))
    assert.truthy(tensor_text("uint8", {17}, zeros, {weights = 17}):find("= {0, 0, 0,", 1, true))
    assert.truthy(tensor_text("uint8", {1}, "\0", {weights = 0}):find("= {...}  # 1 byte, xxh3", 1, true))
    local large = ("\0"):rep(1 << 17)
    assert.truthy(tensor_text("uint8", {1 << 17}, large):find("# 131.07 KB, xxh3%-sample %x+$"))
    assert.truthy(tensor_text("uint8", {1 << 17}, large, {hash = "full"}):find("# 131.07 KB, xxh3 %x+$"))
  end)

  it("says why contents are not there", function()
    assert.equal("float[2] t = {}  # 8 bytes, no data in the file", (tensor_text("float32", {2}, {})))
    assert.truthy(tensor_text("float32", {2}, "abc"):find("{...}  # cannot be read: initializer 't': raw_data has 3", 1, true))
    assert.truthy(tensor_text("float32", {100}, "abc"):find("{...}  # 400 bytes, cannot be read: ", 1, true))
    assert.equal("undefined[2] t = {...}  # size unknown", (tensor_text(77, {2}, "abc")))
  end)

  it("gives an attribute's type only where its literal does not", function()
    assert.equal("1", attribute_text(1))
    local model = load {graph = {name = "g", node = {wire.node("Op", {}, {"y"}, {
      none = {ints = {}, type = 7}, g = {g = {name = "a b", output = {}}}})}}}
    assert.equal('y = Op() <\n  g: graph = "a b" () => () {\n  },\n  none: ints = []\n>', onnxdoc.text(model:nodes()()))
  end)

  it("lets no byte of a name through that could harm a terminal, and quotes what is no identifier", function()
    local text = onnxdoc.text(assert(onnxdoc.load_bytes(helpers.evil_model())))
    assert.is_nil(text:gsub("\n", ""):find("%c"))
    assert.is_truthy(utf8.len(text))
    assert.is_nil(text:find("\u{202e}", 1, true))
    assert.truthy(text:find([[\x1b[31m\x00\xff\xe2\x80\xae]], 1, true))
    assert.equal('"float", x1, "1x", "é", ""', (onnxdoc.text(load({graph = {name = "g",
      node = {wire.node("Op", {"float", "x1", "1x", "é", ""}, {"y"})}}}):nodes()()):match("%((.*)%)")))
  end)

  it("breaks long lists over lines", function()
    local names = {}
    for i = 1, 40 do names[i] = "input_number_" .. i end
    local text = onnxdoc.text(load({graph = {name = "g", node = {wire.node("Concat", names, {"y"}, {axis = 1})}}}):nodes()())
    assert.equal("y = Concat <axis = 1> (", text:match("^[^\n]*"))
    for line in text:gmatch("[^\n]+") do assert.is_true(#line <= 100, line) end
  end)

  it("keeps the order of the file where nodes do not stand in the order they run", function()
    local model = load {graph = {name = "g", input = {wire.value("x", "float32", {1})}, output = {wire.value("y")},
      node = {wire.node("Relu", {"m"}, {"y"}), wire.node("Abs", {"x"}, {"m"})}}}
    assert.truthy(onnxdoc.text(model):find("y = Relu(m)\n  m = Abs(x)", 1, true))
  end)

  it("leaves out declared types when told, and says so", function()
    local model = load {graph = {name = "g", input = {wire.value("x", "float32", {1})}, output = {wire.value("y")},
      value_info = {wire.value("m", "float32", {1}), wire.value("lost", "float32", {1})},
      node = {wire.node("Relu", {"x"}, {"m"}), wire.node("Abs", {"m"}, {"y"})}}}
    local text = onnxdoc.text(model.graph)
    assert.truthy(text:find("<\n  float[1] m\n>", 1, true), text)
    assert.truthy(text:find("# not shown: 1 type of a value the graph does not have", 1, true), text)
    text = onnxdoc.text(model.graph, {values = false})
    assert.is_nil(text:find("float[1] m", 1, true), text)
    assert.truthy(text:find("# not shown: 1 declared type of an inner value", 1, true), text)
  end)

  it("writes whatever can be opened, and what it wrote can be read or is told to be wrong", function()
    local bytes = everything.bytes()
    for _ = 1, scale(1000) do
      local at = math.random(#bytes)
      local model = onnxdoc.load_bytes(bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << math.random(0, 7))
        .. bytes:sub(at + 1))
      local ok, text = pcall(function() return model and onnxdoc.text(model) or "" end)
      assert(ok or text:find("at byte %d"), text)
      local again, message, code = onnxdoc.parse(text)
      assert.is_true(again ~= nil or type(message) == "string" and type(code) == "string")
    end
  end)

  it("raises when used wrongly", function()
    local model = load {graph = {name = "g"}}
    for _, case in ipairs {{{wieghts = 1}, "unknown option 'wieghts'"}, {{weights = "some"}, "option 'weights'"},
      {{weights = -1}, "option 'weights'"}, {{hash = true}, "option 'hash'"}} do
      local ok, message = pcall(onnxdoc.text, model, case[1])
      assert.is_false(ok)
      assert.truthy(message:find(case[2], 1, true), message)
    end
    assert.has_error(function() onnxdoc.text(model, 1) end)
    for _, x in ipairs {1, "text", {}} do
      local ok, message = pcall(onnxdoc.text, x)
      assert.is_false(ok)
      assert.truthy(message:find("a Model, Graph or Node is wanted", 1, true), message)
    end
  end)
end)
