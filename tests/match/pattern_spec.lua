-- The pattern language: the examples of lua/README.md, what is said of wrong patterns, what each construct means, and
-- what pattern and model cannot do to the search.

local utils = require "pl.utils"

local onnxdoc = require "onnxdoc"

describe("patterns in lua/README.md", function()
  local readme = assert(utils.readfile("lua/README.md", true))
  local models = {}
  local function model_of(name)
    models[name] = models[name] or assert(require("models." .. name) {}:model())
    return models[name]
  end
  teardown(function()
    for _, model in pairs(models) do model:close() end
  end)

  local count = 0
  for pattern, what, name, wanted in readme:gmatch("\n| `([^\n]-)` | ([^|\n]+) | ([%w_]+): (%d+) |") do
    count = count + 1
    it("finds " .. what, function()
      assert.equal(math.tointeger(wanted), model_of(name):find(pattern:gsub("\\|", "|"), {count = true}))
    end)
  end

  it("are many", function() assert.is_true(count >= 16, count) end)

  it("have one grammar, which stands at the top of the header too", function()
    local header = assert(utils.readfile("src/match/pattern.h", true))
    local grammar = assert(readme:match("```\n(pattern    =.-)```"))
    for line in grammar:gmatch("[^\n]+") do assert.truthy(header:find(" *     " .. line, 1, true), line) end
  end)
end)

describe("onnxdoc.pattern", function()
  local wrong = {
    {"", "column 1: an operator, ?name, @name:, a number or _ is expected, got the end"},
    {"Add(?x, ?y}", "column 11: ',' or ')' is expected, got '}'"},
    {"Add(?x; ?y)", "column 7: ',' or ')' is expected, got ';'"},
    {"Add ?x", "column 1: the root of a line cannot be left out"},
    {"Add x", "column 5: '->', ';' or the end is expected, got 'x'"},
    {"Add(?)", "column 6: the name of a value is expected, got ')'"},
    {"Add(... , ?x)", "column 9: ')' is expected, got ','"},
    {"Add ->", "column 7: an operator, ?name, @name:, a number or _ is expected, got the end"},
    {"Add ->{0,1} Mul", "column 8: a whole number from 1 to 1000 is expected"},
    {"Add ->{3,1} Mul", "column 8: the first number is larger than the second"},
    {"Add -> ?x", "column 8: what an arrow leads to is a node: an operator is expected"},
    {"?x:input", "column 1: the last term of a line is a node: an operator is expected"},
    {"Relu?", "column 1: the root of a line cannot be left out"},
    {"@n Add", "column 4: ':' is expected, got 'Add'"},
    {"@n: 3", "column 5: an operator is expected, got '3'"},
    {"Add(?x:weight)", "column 8: there is no kind 'weight'; there are init, input, const, output, activation, shape, none"},
    {"Add(?x{axis=1})", "column 8: a value has no predicate 'axis'; it has dtype, shape, rank, elements, bytes, fanout, name"},
    {"Softmax{axes=1}", "column 9: Softmax has no attribute 'axes'; it has axis, and there are dtype, shape, rank, elements, "
      .. "bytes, fanout, name, inputs, outputs"},
    {"Softmax{axis~1}", "column 13: =, !=, <, <=, > or >= is expected, got '~'"},
    {"Softmax{dtype=double}", "column 15: there is no such dtype; there are float32, "},
    {"Softmax{dtype<float32}", "column 15: dtype is compared with = or !="},
    {"Softmax{shape=4}", "column 15: shape is compared with a list, such as [N,_,768]"},
    {"Softmax{rank=[4]}", "column 14: rank is not compared with a list"},
    {"Softmax{rank=1.5}", "column 14: rank is compared with a whole number"},
    {"Softmax{shape=[..., 3]}", "column 19: ']' is expected, got ','"},
    {"Softmax{shape!=[?n]}", "column 16: a dimension is captured where a shape is compared with ="},
    {"Transpose{perm<[1]}", "column 16: only numbers are compared with < and >"},
    {"Add(?x, 1e999)", "column 9: '1e999' is no number"},
    {"Add(?x, 1~-1)", "a tolerance cannot be less than 0"},
    {"?root:const -> Add", "column 1: a capture cannot be called 'root': a match has a field of that name"},
    {"@n: Add(?n)", "column 9: 'n' is a value here and a node elsewhere"},
    {'"Odd', "column 1: this text has no closing quote"},
    {"Add(?x,\n  Mul(?y}", "line 2, column 9: ',' or ')' is expected, got '}'"},
    {"Ä", "column 1: an operator, ?name, @name:, a number or _ is expected, got 'Ä'"},
    {"A\0", "column 2: '->', ';' or the end is expected, got '\\x00'"},
    {("A("):rep(65), "column 131: terms are inside of terms more than 64 deep"},
    {("A;"):rep(65), "a pattern has at most 64 lines"},
    {("A|"):rep(65) .. "A", "a node has at most 64 operators"},
    {("A"):rep(10001), "column 10001: a pattern has at most 10000 characters"},
  }
  for _, case in ipairs(wrong) do
    it("refuses " .. ("%q"):format(case[1]:sub(1, 30)), function()
      local pattern, message, code, byte = onnxdoc.pattern(case[1])
      assert.is_nil(pattern)
      assert.truthy(message:find(case[2], 1, true), message)
      assert.equal("syntax", code)
      assert.is_true(byte >= 1 and byte <= #case[1] + 1)
    end)
  end

  it("takes no bytes amiss", function()
    local pieces = {"Add", "(", ")", "?x", "@n:", "->", "{", "}", ",", "1,3", "axis=1", ";", "...", "_", "2", "~", "?", "|", "*",
      ".", '"', "\\", "shape=[", "]", ":init", "=", "\xff", "\0", " ", "\n"}
    local state = 1
    for _ = 1, 20000 do
      local parts = {}
      for i = 1, 12 do
        state = (state * 1103515245 + 12345) % 2 ^ 31 // 1 | 0
        parts[i] = pieces[state // 65536 % #pieces + 1]
      end
      local pattern, message, code = onnxdoc.pattern(table.concat(parts))
      assert(pattern or message and code == "syntax")
    end
  end)

  it("gives a Pattern with its captures", function()
    local pattern = assert(onnxdoc.pattern "y = @n: Add(?x{shape=[?k]}, _); Relu(?y)")
    assert.equal("y = @n: Add(?x{shape=[?k]}, _); Relu(?y)", pattern.text)
    assert.same({{name = "y", kind = "value"}, {name = "n", kind = "node"}, {name = "x", kind = "value"},
      {name = "k", kind = "dimension"}}, pattern.captures)
    assert.equal('Pattern "Add(\\x1b)"', (tostring(assert(onnxdoc.pattern('"Add(\27)"'))):gsub('\\"', "")))
  end)
end)

describe("what a pattern means", function()
  local open = {}
  local function parse(text)
    local model = assert(onnxdoc.parse(text))
    open[#open + 1] = model
    return model
  end
  after_each(function()
    for _, model in ipairs(open) do model:close() end
    open = {}
  end)
  local function roots(model, pattern, options)
    local names = {}
    for match in model:find(pattern, options) do
      names[#names + 1] = match.root.outputs[1].name
    end
    return table.concat(names, " ")
  end

  it("attributes in effect, axes modulo the rank", function()
    local model = parse [[<opset_import: ["": 17, "com.acme": 1]>
      g (float[N,4,8] x) => (float[N,4,8] y) {
      a = Softmax(x)
      b = Softmax<axis = 2>(x)
      c = Softmax<axis = 1>(x)
      d = LeakyRelu(x)
      e = LeakyRelu<alpha = 0.1>(x)
      f = Transpose<perm = [0,2,1]>(x)
      h = Transpose(x)
      i = com.acme.Odd<shape = [1,2], mode = "fast", wise = 7>(x)
      y = Identity(x)
    }]]
    assert.equal("a b", roots(model, "Softmax{axis=-1}"))
    assert.equal("a b", roots(model, "Softmax{axis=2}"))
    assert.equal("c", roots(model, "Softmax{axis!=-1}"))
    assert.equal("c", roots(model, "Softmax{axis<2}"))
    assert.equal("d", roots(model, "LeakyRelu{alpha=0.01}"))
    assert.equal("e", roots(model, "LeakyRelu{alpha=0.1}"))
    assert.equal("e", roots(model, "LeakyRelu{alpha>0.05}"))
    assert.equal("f", roots(model, "Transpose{perm=[0,2,1]}"))
    assert.equal("h", roots(model, "Transpose{perm!=[0,2,1]}"))
    assert.equal("i", roots(model, "com.acme.Odd{attr.shape=[1,2], mode=fast, wise>=7}"))
    assert.equal("i", roots(model, '*.Odd{mode="fast"}'))
    assert.equal("", roots(model, "com.acme.Odd{mode!=fast}"))
    assert.equal("", roots(model, "Odd"))
    assert.equal("i", roots(model, '"com.acme.Odd"'))
    assert.equal("a b c d e f h", roots(model, "ai.onnx.*"))
    assert.equal("a b c d e f h i", roots(model, "_"))
  end)

  it("shapes, types, sizes, names", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N,4,8] x, float16[N,4] h, float[M] i) => (float[N,4,8] y) {
      a = Relu(x)
      b = Relu(h)
      c = Neg(i)
      d = MatMul(x, x)
      e = Add(a, x)
      y = Add(e, e)
    }]]
    assert.equal("a e y", roots(model, "Relu|Add{dtype=float32}"))
    assert.equal("b", roots(model, "Relu{dtype!=float32}"))
    assert.equal("a e y", roots(model, "Relu|Add{shape=[N,_,8]}"))
    assert.equal("a b e y", roots(model, "Relu|Add{shape=[N,4,...]}"))
    assert.equal("c", roots(model, "*(?v{shape=[M]})"))
    assert.equal("a b", roots(model, "Relu{elements>=4}"))
    assert.equal("", roots(model, "Relu{elements>32}"))
    assert.equal("c", roots(model, "*{rank=1}"))
    assert.equal("a", roots(model, "Relu{bytes>=128}"))
    assert.equal("e y", roots(model, "Add(_, _){fanout=1, inputs=2, outputs=1}"))
    assert.equal("", roots(model, "Add{fanout!=1}"))
    assert.equal("y", roots(model, "Add(?v{name=\"e*\"}, _)"))
    for match in model:find "Relu(?x{shape=[?n,?m]})" do
      assert.equal("N", tostring(match.n))
      assert.equal(4, match.m)
    end
  end)

  it("operands: all, in any order where they commute, left out, open, implied", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[8] x, float[8] z, float[8] lo) => (float[8] y) <float[1] two = {2.0}, int64[1] minus = {-1}> {
      a = Clip(x, lo)
      b = Clip(x, , lo)
      c = Clip(x)
      d = Mul(two, x)
      e = Sub(two, x)
      f = Reshape(x, minus)
      h = Max(x, z, lo)
      y = Add(x, minus)
    }]]
    assert.equal("c", roots(model, "Clip(?x)"))
    assert.equal("a", roots(model, "Clip(?x, ?lo)"))
    assert.equal("b", roots(model, "Clip(?x, _, ?hi)"))
    assert.equal("b", roots(model, "Clip(?x, _:none, ?hi)"))
    assert.equal("a b c", roots(model, "Clip(?x, ...)"))
    assert.equal("a b c", roots(model, "Clip"))
    assert.equal("d", roots(model, "Mul(?x:input, 2)"))
    assert.equal("d", roots(model, "Mul(2, ?x)"))
    assert.equal("", roots(model, "Sub(?x, 2)"))
    assert.equal("e", roots(model, "Sub(2.0000001, ?x)"))
    assert.equal("", roots(model, "Sub(2.1, ?x)"))
    assert.equal("e", roots(model, "Sub(2.1~0.1, ?x)"))
    assert.equal("f", roots(model, "Reshape(?x)"))
    assert.equal("", roots(model, "Reshape(?x)", {raw = true}))
    assert.equal("f", roots(model, "Reshape(?x, -1)"))
    assert.equal("", roots(model, "Add(?x)"))
    assert.equal("h", roots(model, "Max(?a, ?b, ?c)"))
    assert.equal("", roots(model, "Max(?a, ?b)"))
    assert.equal("h", roots(model, "Max(?a, ...)"))
    assert.equal(6, model:find("Max(?a, ?b, ?c)", {all = true, count = true}))
    assert.equal(3, model:find("Max(?a, ...)", {all = true, count = true}))
  end)

  it("kinds of values", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N] x) => (float[N] y) <float[1] w = {2.0}> {
      k = Neg(w)
      s = Shape(x)
      e = Expand(w, s)
      a = Mul(x, w)
      b = Mul(a, k)
      y = Mul(b, e)
    }]]
    assert.equal("a", roots(model, "Mul(?x:input, _)"))
    assert.equal("a", roots(model, "Mul(_, ?w:init)"))
    assert.equal("a b", roots(model, "Mul(_, ?w:const)"))
    assert.equal("b y", roots(model, "Mul(?x:activation, _)"))
    assert.equal("", roots(model, "Neg"))
    assert.equal("k", roots(model, "Neg", {raw = true}))
    assert.equal("", roots(model, "_:output -> *"))
    assert.equal("y", roots(model, "Mul(_, ?e:shape)"))
  end)

  it("the canonical view and the raw one", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N,4] x) => (float[N,4] y) {
      h = Cast<to = 10>(x)
      i = Identity(h)
      a = Relu(i)
      b = Transpose<perm = [1,0]>(a)
      c = Cast<to = 1>(b)
      y = Transpose<perm = [1,0]>(c)
    }]]
    assert.equal("y", roots(model, "Transpose(Transpose(Relu(?x:input)))"))
    assert.equal("", roots(model, "Transpose(Transpose(?x))", {raw = true}))
    assert.equal("y", roots(model, "Transpose(Cast(Transpose(?x)))", {raw = true}))
    assert.equal("", roots(model, "Cast"))
    assert.equal("h c", roots(model, "Cast", {raw = true}))
  end)

  it("terms that may be missing", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N] x) => (float[N] y) {
      a = Abs(x)
      b = Neg(a)
      c = Relu(b)
      d = Relu(a)
      y = Exp(d)
    }]]
    assert.equal("c d", roots(model, "Abs -> Neg? -> Relu"))
    assert.equal("c d", roots(model, "Relu(Neg(Abs)?)"))
    assert.equal("c d y", roots(model, "Relu|Exp(Neg?)"))
    for match in model:find "Relu(@n: Neg(Abs)?)" do
      assert.equal(match.root.outputs[1].name == "d", match.n == nil)
    end
    assert.equal("y", roots(model, "Abs ->{2,2} Exp"))
    assert.equal("y", roots(model, "Abs ->{1,9} Exp"))
    assert.equal("", roots(model, "Abs ->{3,9} Exp"))
  end)

  it("lines, in any order, and a node that is named twice", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N] x, float[N] z) => (float[N] y) {
      a = Abs(x)
      b = Neg(a)
      c = Exp(a)
      d = Exp(z)
      y = Sub(b, c)
    }]]
    for _, text in ipairs {"v = Abs(?x); n = Neg(?v); e = Exp(?v); Sub(?n, ?e)",
      "e = Exp(?v); v = Abs(?x); n = Neg(?v); Sub(?n, ?e)",
      "Neg(?v); Exp(?v); v = Abs", "@s: Sub(?n, ?e); n = Neg(?v); e = Exp(?v); v = Abs(?x); @s: Sub"} do
      assert.equal(1, model:find(text, {count = true}), text)
    end
    assert.equal(0, model:find("v = Abs(?x); e = Exp(?z); z = Neg(?v); Sub", {count = true}))
    assert.equal(2, model:find("Exp; Sub", {count = true, all = true}))
    local match = model:find("v = Abs(?x); n = Neg(?v); e = Exp(?v); Sub(?n, ?e)", {first = true})
    assert.equal(4, #match.nodes)
    assert.equal("a", match.nodes[1].outputs[1].name)
    assert.equal(match.root, match.nodes[4])
    assert.equal("x", match.x.name)
    assert.equal(model.graph, match.graph)
  end)

  it("subgraphs and functions, and values of graphs around", function()
    local model = parse [[<ir_version: 9, opset_import: ["": 17, "local": 1]>
      g (float[N] x, bool c) => (float[N] y) {
      a = Abs(x)
      i = If(c) <then_branch = t () => (r) { s = Neg(a)  r = Relu(s) }, else_branch = e () => (r2) { r2 = Relu(a) }>
      y = local.f(i)
    }
    <opset_import: ["": 17], domain: "local">
    f (p) => (q) { s = Neg(p)  q = Relu(s) }]]
    assert.equal("q r", roots(model, "Neg -> Relu"))
    assert.equal("q r r2", roots(model, "Relu(?a:activation)"))
    assert.equal("", roots(model, "Abs -> Relu"))
    assert.equal("", roots(model, "Abs -> Neg"))
    assert.equal("y", roots(model, "local.f"))
    for _, graph in ipairs(model.graphs) do
      assert.equal(graph.kind == "main" and 0 or 1, model:find("Relu", {within = graph, count = true}))
    end
  end)

  it("a graph whose nodes are in no order", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N] x) => (float[N] y) {
      y = Relu(b)
      b = Relu(a)
      a = Abs(x)
    }]]
    assert.equal("b y", roots(model, "Relu"))
    assert.equal("a b y", roots(model, "Abs|Relu"))
    assert.equal("a b y", roots(model, "_"))
    local nodes = model:find("Abs -> Relu -> Relu", {first = true}).nodes
    assert.equal("a", nodes[1].outputs[1].name)
  end)

  it("options: where, first, count, all, within, and what is wrong with them", function()
    local model = parse [[<opset_import: ["": 17]>
      g (float[N] x, float[N] z) => (float[N] y) {
      a = Add(x, z)
      b = Add(a, z)
      y = Add(a, b)
    }]]
    local pattern = assert(onnxdoc.pattern "Add(?l, ?r)")
    assert.equal(3, model:find(pattern, {count = true}))
    assert.equal(6, model:find(pattern, {count = true, all = true}))
    assert.equal(2, model:find(pattern, {count = true, where = function(m) return m.l.name == "z" end}))
    assert.equal("b", model:find(pattern, {first = true, where = function(m) return m.l.name == "a" end}).root.outputs[1].name)
    assert.is_nil(model:find("Sub", {first = true}))
    local nodes = {}
    for node in model:nodes() do nodes[#nodes + 1] = node end
    assert.equal(1, model:find("Add(Add, _)", {count = true, within = {nodes[2], nodes[3], nodes[2]}}))
    assert.equal(0, model:find("Add", {count = true, within = {}}))
    assert.has_error(function() model:find(pattern, {count = true, where = function() error("mine", 0) end}) end, "mine")
    assert.has_error(function() model:find("Add(") end,
      "pattern: column 5: an operator, ?name, @name:, a number or _ is expected, got the end")
    assert.has_error(function() model:find(pattern, {limit = 3}) end,
      "find: unknown option 'limit', there are all, count, first, raw, where and within")
    local named = setmetatable({}, {__tostring = function() return "all" end})
    assert.has_error(function() model:find(pattern, {[named] = true}) end,
      "find: unknown option 'all', there are all, count, first, raw, where and within")
    assert.has_error(function() model:find(pattern, {where = 1}) end,
      "find: option 'where' is a number, a function is wanted")
    assert.has_error(function() model:find(pattern, {count = true, first = true}) end,
      "find: options 'count' and 'first' exclude each other")
    assert.has_error(function() model:find(pattern, {within = {1}}) end,
      "find: item 1 of option 'within' is a number, a Node is wanted")
    local other = parse "g (float[N] x) => (float[N] y) { y = Relu(x) }"
    assert.has_error(function() model:find(pattern, {within = other.graph}) end, "find: option 'within' is of another model")
    local walk = other:find "Relu"
    other:close()
    assert.has_error(walk, "model is closed")
    local closing = parse "g (float[N] x) => (float[N] y) { a = Relu(x)  y = Relu(a) }"
    assert.has_error(function()
      closing:find("Relu", {count = true, where = function() closing:close() end})
    end, "model is closed")
  end)
end)

describe("questions of users", function()
  it("Conv followed by no activation", function()
    local model = assert(onnxdoc.parse [[<opset_import: ["": 17]>
      g (float[N,3,8,8] x, float[4,3,3,3] w, float[4,4,3,3] v) => (float[N,4,2,2] y) {
      a = Conv(x, w)
      b = Relu(a)
      c = Conv(b, v)
      d = Identity(c)
      y = Conv(d, v)
    }]])
    local active = {Relu = true, Sigmoid = true, Clip = true, LeakyRelu = true}
    local names = {}
    for match in model:find("@conv: Conv", {where = function(match)
      for _, node in ipairs(match.conv.outputs[1].consumers) do
        if active[node.op_type] then return false end
      end
      return true
    end}) do
      names[#names + 1] = match.conv.outputs[1].name
    end
    assert.same({"c", "y"}, names)
    assert.equal(1, model:find("Conv{fanout=1} -> Relu", {count = true}))
    model:close()
  end)

  it("MatMuls with a constant right operand of more than 10 M elements", function()
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {"N", 4096})
    local wide = b:constant("wide", "float32", {4096, 4096}, "zeros")
    local h = b:op("MatMul", {x, wide}, nil, {name = "large"})
    h = b:op("MatMul", {h, b:constant("narrow", "float32", {4096, 16}, "zeros")}, nil, {name = "small"})
    b:output(b:op("MatMul", {wide, b:op("Transpose", {h})}, nil, {name = "left"}))
    local model = assert(b:model())
    local names = {}
    for match in model:find "MatMul(_, ?w:const{elements>10000000})" do names[#names + 1] = match.root.name .. " " .. match.w.name end
    assert.same({"large wide"}, names)
    model:close()
  end)

  it("Transposes that cancel", function()
    local model = assert(onnxdoc.parse [[<opset_import: ["": 17]>
      g (float[N,3,8] x) => (float[N,3,8] y) {
      a = Transpose<perm = [0,2,1]>(x)
      b = Transpose<perm = [0,2,1]>(a)
      c = Transpose<perm = [2,0,1]>(b)
      y = Transpose<perm = [2,0,1]>(c)
    }]])
    local function cancels(match)
      local p, q = match.first:attr "perm", match.root:attr "perm"
      for i = 1, #p do
        if p[q[i] + 1] ~= i - 1 then return false end
      end
      return true
    end
    assert.equal(1, model:find("@first: Transpose -> Transpose", {where = cancels, count = true}))
    model:close()
  end)

  it("every path from an input to the first Softmax", function()
    local model = require("models.bert_squad") {}:model()
    local softmax = model:find("Softmax", {first = true}).root
    local input = model:value "input_ids:0"
    local paths, more = model:paths(input, softmax)
    assert.equal(12, #paths)
    assert.is_false(more)
    for _, path in ipairs(paths) do
      assert.equal(softmax, path[#path])
      assert.equal("Reshape", path[1].op)
    end
    paths, more = model:paths(input, softmax, {limit = 5})
    assert.equal(5, #paths)
    assert.is_true(more)
    assert.equal(1, #model:paths(softmax, softmax))
    assert.equal(0, #model:paths(softmax, input))
    assert.equal(0, #model:paths(model.outputs[1], softmax))
    assert.has_error(function() model:paths(input, softmax, {limit = 0}) end,
      "paths: option 'limit' is no whole number of at least 1")
    model:close()
  end)
end)

describe("hostile patterns and graphs", function()
  -- Each node adds the two before in both orders: there are 2^levels ways down.
  local function ladder(levels, is_same)
    local b = onnxdoc.build{opset = 17}
    local x, y = b:input("x", "float32", {4}), b:input("y", "float32", {4})
    for _ = 1, levels do
      local z = b:op("Add", {x, is_same and x or y})
      if not is_same then y = b:op("Add", {y, x}) end
      x = z
    end
    b:output(x)
    return assert(b:model())
  end
  local function deep(levels, leaf)
    local text = leaf
    for i = 1, levels do text = ("Add(%s, ?x%d)"):format(text, i) end
    return text
  end
  local limit = "the pattern needs more than 10%d+ steps on this model"

  it("end by the limit, soon", function()
    local model = ladder(40)
    local start = os.clock()
    for _, text in ipairs {deep(40, "3"), ("_ ->{1,1000} "):rep(500) .. "Add", "3 -> " .. ("Add? -> "):rep(1000) .. "Add",
      "Add(?a, ?b); Add(?c, ?d); Add(?e, ?f); Add(?g, ?h); Add(?i, ?j); Mul"} do
      local first, message, code = model:find(text, {first = true})
      if first == nil and message then
        assert.truthy(message:find(limit), message)
        assert.equal("limit", code)
      end
    end
    local count, message, code = model:find(deep(40, "3"), {count = true})
    assert.is_nil(count)
    assert.truthy(message:find(limit), message)
    assert.equal("limit", code)
    local ok, problem = pcall(model:find(deep(40, "3")))
    assert.is_false(ok)
    assert.truthy(problem:find(limit), problem)
    count, message = model:find(deep(40, "?z"), {count = true, all = true})
    assert.is_nil(count)
    assert.truthy(message:find(limit), message)
    assert.is_true(os.clock() - start < 20, os.clock() - start)
    model:close()
  end)

  it("need no limit where operands are the same", function()
    local model = ladder(40, true)
    assert.equal(0, model:find(deep(40, "3"), {count = true}))
    assert.equal(1, model:find(deep(40, "?z"), {count = true, all = true}))
    model:close()
  end)

  it("enumerate some of exponentially many paths", function()
    local model = ladder(60)
    local paths, more = model:paths(model.inputs[1], model.outputs[1])
    assert.equal(1000, #paths)
    assert.is_true(more)
    model:close()
  end)

  it("have paths past nodes that lead nowhere", function()
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {4})
    for _ = 1, 6 do
      local left, right = b:op("Split", {x}, {axis = 0}, {outputs = 2})
      x = b:op("Concat", {left, b:op("Concat", {right, left, left}, {axis = 0}), right}, {axis = 0})
    end
    for _ = 1, 500 do b:op("Sigmoid", {x}) end
    b:output(b:op("Relu", {x}), "float32", {"N"})
    local model = assert(b:model())
    local paths, more = model:paths(model.inputs[1], model.outputs[1])
    assert.equal(2 ^ 6, #paths)
    assert.is_false(more)
    model:close()
  end)

  it("are counted in a guard: comparing layers, what searches hold that are not gone through", function()
    local b = onnxdoc.build{opset = 17}
    local x = b:input("x", "float32", {4})
    for i = 1, 600 do x = b:op(({"Relu", "Tanh", "Exp"})[i % 3 + 1], {x}) end
    b:output(x, "float32", {4})
    local model = assert(b:model())
    local function used(text)
      local guard = require("onnxdoc.guard").new()
      local ok, problem = guard:call(assert(guard:load("local m = ... " .. text, "=x")), model)
      assert(ok, problem)
      return guard.used.instructions
    end
    used "return #m:layers().groups"
    assert.is_true(used "local _ = m:layers().groups[1].differences" >= 600 * 50)
    assert.is_true(used "for i = 1, 10 do m:find 'Relu' end" >= 10 * 600 // 4)
    model:close()
  end)
end)
