-- ONNX's text syntax read: what it means, that it is printed as it was read, and where it is wrong.

local everything = require "models.everything"
local helpers = require "reports.helpers"
local same = require "same"
local scale = require "scale"

-- Texts as they are printed. Together they have all there is in the syntax but the model's header.
local texts = {
  "g (float[1,3,8,8] x) => (y) {\n  y = Relu(x)\n}",
  "g () => () {\n}",
  'g (float[N,?,4] x, int64[] any, bool flag, untyped) => (float[N] "y/1") {\n  [n1] "y/1" = com.acme.Op:over(x, "", any)\n}',
  [[
g (
  seq(float[N]) s,
  optional(seq(int64[])) o,
  map(int64,string[2]) m,
  sparse_tensor(float[4,?]) sp,
  opaque(com.acme,Blob) b,
  opaque() c
) => (y) {
  y = Op(s)
}]],
  [[
g (float[N @"DATA_BATCH",3] @"IMAGE" x @<doc_string: "in", metadata_props: ["k": "v"]>) => (y) @<doc_string: "g"> {
  y = Op(x) @<doc_string: "\x0a\"\\">
}]],
  [[
g () => ()
<
  float[2,2] w = {1.0, -2.5, inf, 1e-12},
  double d = {nan},
  int64[3] i = {-9223372036854775808, 0, 9223372036854775807},
  uint64[1] u = {18446744073709551615},
  bool[2] b = {1, 0},
  string[2] s = {"", "\x00"},
  float16[1] h = {15360},
  int4[3] i4 = {-8, 7, 0},
  complex64[2] c = {1.0, 2.0, 3.0, 4.0},
  float8e5m2[2] f8 = {255, 0},
  float[0,3] none = {},
  uint8[2] noted = {1, 2} @<doc_string: "raw">,
  float[2] outside = ["location": "w.bin", "offset": "8"],  # 8 bytes
  sparse_tensor(float[4,8]) sp = float[2] {1.0, 2.0} at int64[2] {1, 5},
  float[N] inner,
  noted_only @<doc_string: "a note">
>
{
  inner, noted_only = Op()
}]],
  [=[
g (bool c) => (y) {
  y = Op <
    f = 0.5,
    i = -7,
    s = "text",
    t = float[1] {1.0},
    named = int64[2] n = {1, 2},
    fs = [1.0, 2.5],
    is = [1, 2, 3],
    ss = ["a", ""],
    ts = [uint8 {1}, uint8 {2}],
    tp = seq(float[N]),
    tps = [float, int64[]],
    st = sparse_tensor(float[4]) s1 = float[1] {1.0} at int64[1] {0},
    "odd name" @<doc_string: "documented"> = 1,
    none: floats = []
  > (c)
  [if] z = If(c) <
    else_branch: graph = "a b" () => (e) {
      e = Neg(c)
    },
    then_branch = then (float[2] t) => (float[2] t) {
    }
  >
  = Nothing()
}]=],
}

local header = [[
<
  ir_version: 9,
  opset_import: ["": 20, "com.acme": 1],
  producer_name: "maker",
  producer_version: "1.0",
  domain: "org.example",
  model_version: 3,
  doc_string: "model",
  metadata_props: ["b": "2", "a": "1"]
>
]]

local functions = [[


<
  domain: "com.acme",
  opset_import: ["": 20],
  doc_string: "twice"
>
Twice <alpha, beta = 2.0> (a) => (b)
<
  float[2] c
>
{
  c = Add(a, a)
  b = LeakyRelu <alpha: float = @alpha> (c)
}

<
  domain: "com.acme",
  overload: "other",
  opset_import: [],
  metadata_props: ["k": "v"]
>
Twice (a) => (a) {
}]]

describe("onnxdoc.parse", function()
  local onnxdoc
  setup(function() onnxdoc = require "onnxdoc" end)

  local function parse(text, options)
    local model, message, code = onnxdoc.parse(text, options)
    assert(model, tostring(message) .. " in:\n" .. text)
    assert.is_nil(code)
    return model
  end

  -- The message of what is wrong.
  local function problem(text)
    local model, message, code = onnxdoc.parse(text)
    assert.is_nil(model, text)
    assert.equal("syntax", code)
    return message
  end

  it("reads what is printed, and prints what it read", function()
    for _, text in ipairs(texts) do
      assert.equal(text, onnxdoc.text(parse(text).graph, {hash = "none"}))
      local whole = header .. text .. functions
      assert.equal(whole, onnxdoc.text(parse(whole), {hash = "none"}))
    end
  end)

  it("gives the same model back", function()
    local model = assert(onnxdoc.load_bytes(everything.bytes()))
    assert.is_nil(same(model, parse(onnxdoc.text(model, {weights = "all"}))))
    model = assert(onnxdoc.load_bytes(helpers.evil_model()))
    assert.is_nil(same(model, parse(onnxdoc.text(model))))
    model = assert(onnxdoc.load_bytes(helpers.small_model()))
    assert.is_nil(same(model, parse(onnxdoc.text(model))))
  end)

  it("makes a model of a graph alone", function()
    local model = parse "g (float[1,3,8,8] x) => (y) { y = Relu(x) z = com.acme.Op(y) }"
    assert.equal("g", model.graph.name)
    assert.equal(17, model.opset[""])
    assert.equal(1, model.opset["com.acme"])
    assert.same({1, 3, 8, 8}, model.inputs[1].shape)
    assert.equal("Relu", model:nodes()().op)
  end)

  it("takes comments, any white space, and what stands on one line", function()
    local model = parse("# a model\n<ir_version:8,opset_import:[\"\":13]>\n\tg(float x # the input\r\n)=>(float y)"
      .. "<float[2]w={1,#one\n2},float[1] v = { 3\n}>{y=Op<a=1,b=[1,2]>(x,w)}# end")
    assert.equal(13, model.opset[""])
    assert.same({1.0, 2.0}, model.graph.initializers[1]:values())
    assert.same({1, 2}, model:nodes()().attributes.b)
  end)

  it("reads the ways older and newer printers write", function()
    local model = parse [[
      g (float32[2] x = {1, 2}) => (float y)
      <float64[1] d = {1e3}, float[3] left_out = {...}, float[3] bare = ..., float[] scalar = {0.5}>
      {
        y = If(x) <then_branch: graph = t () => (r) { r = Relu <alpha: float = 1, beta: floats = [1, 2.5]> (x) }>
        z = Constant <value = float[2] name {1, -Inf}> ()
        w = Op(, x, , )
        v = Op("")
        u = Op <g = nan () => (q) {}, h = nan, i = INFINITY> ()
      }]]
    local values = {}
    for _, tensor in ipairs(model.graph.initializers) do values[tensor.name] = tensor:values() end
    assert.same({x = {1.0, 2.0}, d = {1000.0}, left_out = {0.0, 0.0, 0.0}, bare = {0.0, 0.0, 0.0}, scalar = {0.5}}, values)
    local nodes = {}
    for node in model.graph:nodes() do nodes[node.outputs[1].name] = node end
    assert.same({1.0, -math.huge}, nodes.z.attributes.value:values())
    assert.equal(3, #nodes.w.inputs)
    assert.equal("x", nodes.w.inputs[2].name)
    assert.equal(1, #nodes.v.inputs)
    assert.is_nil(nodes.v.inputs[1])
    assert.equal("nan", nodes.u.attributes.g.name)
    assert.equal(math.huge, nodes.u.attributes.i)
    local relu = nodes.y.subgraphs[1]:nodes()()
    assert.equal("float", math.type(relu.attributes.alpha))
    assert.same({1.0, 2.5}, relu.attributes.beta)
  end)

  it("reads escapes: \\xHH is a byte, any other backslash takes the next character as it is", function()
    local model = parse [[g () => () { y = Op <a = "\x41\x0a\"\\x41\n\xZ\x4"> () }]]
    assert.equal('A\n"\\x41nxZx4', model:nodes()().attributes.a)
  end)

  it("keeps the sign of zero, and all bits of unsigned numbers", function()
    local model = parse "g () => () <float[2] f = {-0.0, -0}, uint64[2] u = {18446744073709551615, 007}> {}"
    assert.equal(string.pack("<ff", -0.0, -0.0), model.graph.initializers[1]:bytes())
    assert.equal(string.pack("<i8i8", -1, 7), model.graph.initializers[2]:bytes())
  end)

  it("finds external data in the folder that it is given", function()
    local scratch = helpers.new()
    scratch:write("w.bin", string.pack("<ff", 1, 2))
    local model = parse('g () => () <float[2] w = ["location": "w.bin"]> {}', {directory = scratch.directory})
    assert.same({1.0, 2.0}, model.graph.initializers[1]:values())
    scratch:remove()
  end)

  it("gives a builder too, and a type", function()
    local parser = require "onnxdoc.parser"
    local builder = assert(parser.builder("g (float[2] x) => () {}"))
    builder:output(builder:op("Relu", {"x"}))
    assert.equal(1, #assert(builder:model()))
    assert.same({sequence = {dtype = "float32", dims = {"N", 3, false}}}, parser.type("seq(float[N, 3, ?])"))
    local kind, message, code = parser.type("float[2")
    assert.is_nil(kind)
    assert.equal("line 1, column 8: ',' or ']' is expected, got the end of the text", message)
    assert.equal("syntax", code)
  end)

  it("says where it went wrong, what is expected and what stands there", function()
    for text, message in pairs {
      [""] = "line 1, column 1: a graph's name is expected, got the end of the text",
      ["g (float[2] x) => (y) {\n  y = Relu(x\n}"] = "line 3, column 1: ',' or ')' is expected, got '}'",
      ["g (float[2] x) -> (y) {}"] = "line 1, column 16: '=>' is expected, got '-'",
      ["g (float[2.5] x) => () {}"] = "line 1, column 10: a dimension (a whole number, a name or ?) is expected, got '2.5'",
      ["g (flaot[2] x) => () {}"] = "line 1, column 9: ',' or ')' is expected, got '['",
      ["g () => () { y = Op <a = []> () }"] = "line 1, column 26: an empty list needs a type, as in axes: ints = []",
      ["g () => () { y = Op <a: int = 1.5> () }"] = "line 1, column 31: a value of type int is expected, got a float",
      ["g () => () { y = Op <a = [1, \"x\"]> () }"] = "line 1, column 30: the list holds a string behind values of kind int",
      ["g () => () { y = Op <a: long = 1> () }"] =
        "line 1, column 25: an attribute's type (float, ints, graph, …) is expected, got 'long'",
      ["g () => () { y = \"abc\n }"] = "line 1, column 18: the string that starts here has no end",
      ["<ir_version: 8, version: 2> g () => () {}"] =
        "line 1, column 17: one of ir_version, opset_import, producer_name, producer_version, domain, model_version, "
        .. "doc_string, metadata_props is expected, got 'version'",
      ["g () => () <int8[1] w = {1.5}> {}"] = "line 1, column 26: a whole number is expected, got '1.5'",
      ["é () => () {}"] = "line 1, column 1: a graph's name is expected, got 'é'",
      ["\"é\" ( => () {}"] = "line 1, column 7: a type or a name is expected, got '='",
      ["g () => () {}\nf"] = "line 2, column 2: '(' is expected, got the end of the text",
      ["g () => () <complex64[1] c = {1}> {}"] = "line 1, column 31: a complex element is two numbers, and there are 1",
      ["g () => () <float[N] w = {1}> {}"] = "line 1, column 13: a tensor's dimensions are whole numbers",
    } do
      assert.equal(message, problem(text))
    end
  end)

  it("gives the place of what the builder refuses", function()
    assert.equal("line 2, column 3: op Abs: 'y' is defined already in this graph, as an output of a node",
      problem "g (x) => (y) { y = Relu(x)\n  y = Abs(x) }")
    assert.equal("line 1, column 13: constant 'w': 1 values, [2] wants 2", problem "g () => () <float[2] w = {1}> {}")
    assert.truthy(problem("g () => () <int8[1] w = {300}> {}"):find("^line 1, column 13: constant 'w': "))
    assert.truthy(problem("g () => () { y = Op <t = undefined[1] {...}> () }"):find("^line 1, column 26: .*undefined"))
  end)

  it("limits how deep graphs and types nest", function()
    local function nested(depth)
      local open = ("x = If <g = g () => () { "):rep(depth)
      return "g () => () { " .. open .. ("} > () "):rep(depth) .. "}"
    end
    assert.equal(33, #parse(nested(32)).graphs)
    assert.truthy(problem(nested(33)):find("graphs nest deeper than 32", 1, true))
    assert.truthy(problem("g (" .. ("seq("):rep(33) .. "float" .. (")"):rep(33) .. " x) => () {}"):find("types nest", 1, true))
    assert.truthy(problem("g (" .. ("seq("):rep(100000)):find("types nest", 1, true))
    assert.truthy(problem("g () => () { " .. ("[[("):rep(100000)):find("is expected", 1, true))
  end)

  it("takes linear time", function()
    local n = scale(50000)
    local function long(...) return "g () => () { y = Op <" .. table.concat({...}) .. "> () }" end
    local function many(s) return s:rep(n) end
    for _, text in ipairs {long("a = ", many "1", "x"), long("a = ", many "1", "e5"), long("a = ", many "1", ".", many "1", "."),
      long("a = [", many "1.5,", "1]"), long("a = ", many "a"), long("a = \"", many "\\\\", "\""), long("a = [", many "\"x\",", "\"\"]"),
      long("a = ", many "a.", "b"), "g () => () { y = " .. many "a." .. "b () }", "g () => () { y = Op (" .. many "x," .. ") }",
      "g (" .. many "float x @<>,", many "#\n", many " ", "g () => () <int8[1] w = {" .. many " " .. "1}> {}",
      "g () => () { " .. many "x = Op () " .. "}", "g () => () { " .. many "= Op () " .. "}",
      "g (opaque(" .. many "a." .. "b) x) => () {}", "g (float[" .. many "N," .. "1] x) => () {}", many "<", many "g () => () {"} do
      local start = os.clock()
      onnxdoc.parse(text)
      assert.is_true(os.clock() - start < 5 + 20 * n / 100000, text:sub(1, 60))
    end
  end)

  it("takes no memory for elements that are left out, up to what a file can hold", function()
    local model = parse "g () => () <float[20000,20000] w = {...}> {}"
    assert.equal(1600000000, model.graph.initializers[1].nbytes)
    local none, message, code = onnxdoc.parse "g () => () <float[1000000,1000000] w = {...}> {}"
    assert.is_nil(none)
    assert.equal("limit", code)
    assert.equal("a tensor has 4000000000000 bytes", message:match("^[^,]*"))
  end)

  -- A model, or an error inside the text.
  local function check(text)
    local model, message, code = onnxdoc.parse(text)
    if model then return model:close() end
    assert.is_string(code, text)
    if code ~= "syntax" then return end
    local line, column = message:match("^line (%d+), column (%d+): ")
    assert(line, message)
    local at = 0
    for found in (text .. "\n"):gmatch("([^\n]*)\n") do
      at = at + 1
      if at == tonumber(line) then assert.is_true(tonumber(column) <= #found + 1, message) end
    end
    assert.is_true(tonumber(line) <= at, message)
    assert.is_nil(message:find("%c"), message)
  end

  it("gives a model or an error inside the text wherever it is cut", function()
    local whole = header .. texts[7] .. functions
    local step = math.max(1, #whole // scale(#whole))
    for i = 0, #whole, step do check(whole:sub(1, i)) end
    for _, text in ipairs(texts) do
      for i = 0, #text, math.max(1, #text // scale(#text)) do check(text:sub(1, i)) end
    end
  end)

  it("gives a model or an error inside the text whichever character is another", function()
    local others = {"", "\0", "\n", '"', "#", "<", ">", "(", ")", "{", "}", "[", "]", ",", "=", "@", ":", ".", "-", "9",
      "e", "\\", "\xff", "é", "float"}
    for _, text in ipairs {header .. texts[1], texts[5], texts[6], texts[7], texts[1] .. functions} do
      local steps = scale(#text * 3)
      for i = 1, steps do
        local at = (i - 1) * #text // steps + 1
        local other = others[i % #others + 1]
        check(text:sub(1, at - 1) .. other .. text:sub(at + 1))
      end
    end
  end)

  it("raises when used wrongly", function()
    assert.has_error(function() onnxdoc.parse(1) end)
    assert.has_error(function() onnxdoc.parse("", {dir = "."}) end)
    assert.has_error(function() onnxdoc.parse("", 1) end)
  end)
end)
