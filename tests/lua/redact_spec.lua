-- Redaction: no name is left whatever it looks like, everything else stays, and equal names stay equal.

local facts = require "onnxdoc.facts"
local json = require "onnxdoc.json"
local json_schema = require "json_schema"
local onnxdoc = require "onnxdoc"
local redact = require "onnxdoc.redact"
local redact_text = require "onnxdoc.redact.text"
local redact_words = require "redact_words"
local secrets = require "secrets"
local utils = require "pl.utils"
local wire = require "wire"

local schema = assert(json.decode(onnxdoc._embedded("reports/facts.schema.json")))

local function encode(t) return json.encode(t, {keyorder = facts.keyorder}) end

-- What has to be the same before and after: shape, numbers, truth. `names` collects what each string became, by the key
-- under which it stands. Keys that are names are compared by what they hold.
local function compare(before, after, key, names)
  assert.equal(type(before), type(after), key)
  if type(before) == "string" then
    names[#names + 1] = {key = key, before = before, after = after}
  elseif type(before) ~= "table" then
    assert.equal(before, after, key)
  else
    local count, others = 0, 0
    for name, value in pairs(before) do
      count = count + 1
      local place = key == "evidence" and "evidence " .. name or type(name) == "string" and name or key
      if after[name] ~= nil then compare(value, after[name], place, names) end
    end
    for _ in pairs(after) do others = others + 1 end
    assert.equal(count, others, key)
  end
end

local function assert_one_to_one(names)
  local forth, back = {}, {}
  for _, name in ipairs(names) do
    local a, b = name.key .. "\0" .. name.before, name.key .. "\0" .. name.after
    assert.equal(forth[a] or name.after, name.after)
    assert.equal(back[b] or name.before, name.before)
    forth[a], back[b] = name.after, name.before
  end
end

describe("redact.apply", function()
  for look in require("pl.tablex").sort(secrets.looks) do
    for _, is_broken in ipairs {false, true} do
      it(("leaves nothing of names: %s, %s"):format(look, is_broken and "broken" or "good"), function()
        local before, list = secrets.facts(look, is_broken)
        assert.is_truthy(secrets.leak_in(encode(before), list))
        local after = redact.apply(before, {salt = "s"})
        local shown = encode(after)
        assert.is_nil(secrets.leak_in(shown, list))
        assert.is_nil(json_schema.problem(json.decode(shown), schema))
        assert.is_truthy(shown:find('"producer":"maker 1.0"', 1, true))
        local names = {}
        compare(before, after, "", names)
        assert_one_to_one(names)
      end)
    end
  end

  it("leaves nothing of names of a megabyte", function()
    local long = ("wqzkvjx%"):rep(2 ^ 17)
    local bytes = wire.model {graph = {name = long, input = {wire.value(long, "float32", {long, 4})}, output = {wire.value "y"},
      node = {wire.node("Softmax", {long}, {"y"}, nil, {name = long})}}}
    local before = facts.of(assert(onnxdoc.load_bytes(bytes)))
    local after = redact.apply(before, {salt = "s"})
    assert.equal(before.cost.flops.value, after.cost.flops.value)
    local input = after.graph.inputs[1]
    assert.equal("float32[" .. input.shape[1] .. ",4]", input.type)
    local shown = encode(after)
    assert.is_true(#shown < 20000)
    assert.is_nil(secrets.leak_in(shown, {long:sub(1, 100)}))
  end)

  it("leaves nothing of names in the model that has one of everything", function()
    local everything = require "models.everything"
    local fields = everything.fields()
    fields.producer_name, fields.producer_version = "maker", "1.0"
    local model = assert(onnxdoc.load_bytes(wire.model(fields)))
    local shown = encode(redact.apply(facts.of(model), {salt = "s"}))
    for _, name in ipairs {"com.acme", "Everything", "Twice", "everything", "org.example", "kept by", "sparse_w", "t1_float32",
      "outside", "cond", "one of everything", "Blob"} do
      assert.is_nil(shown:find("%f[%w_]" .. name .. "%f[^%w_]"), name)
    end
    assert.is_nil(json_schema.problem(json.decode(shown), schema))
  end)

  it("changes nothing in the facts that it is given", function()
    local given = secrets.facts("plain")
    local before = encode(given)
    redact.apply(given, {salt = "s"})
    assert.equal(before, encode(given))
  end)

  it("gives one name one word, in all kinds of places", function()
    local s = secrets.new "plain"
    local before = facts.complete(facts.of(secrets.load(secrets.fields(s))))
    local after = redact.apply(before, {salt = "s"})
    local batch = after.symbols[1].name
    assert.equal(s "jbatch", before.symbols[1].name)
    assert.truthy(batch:find "^symbol_%x+$")
    assert.equal(16, #batch - #"symbol_")
    assert.equal(batch, after.graph.inputs[1].shape[1])
    assert.truthy(after.graph.inputs[1].type:find("float32[" .. batch .. ",symbol_", 1, true))
    assert.truthy(after.graph.inputs[4].type:find("seq(float32[" .. batch .. ",", 1, true))
    assert.truthy(after.graph.inputs[5].type:find "^optional%(opaque%(type_%x+%)%)$")
    assert.truthy(after.graph.inputs[6].type:find("map(int64, float32[" .. batch .. ",", 1, true))
    assert.truthy(after.cost.macs.formula:find(batch, 1, true))
    assert.equal(before.cost.macs.bindings[s "jbatch"], after.cost.macs.bindings[batch])
    assert.equal(after.graph.inputs[2].name, after.memory.kv_cache.entries[1].input)
    assert.equal(after.symbols[1].of, after.graph.inputs[1].name)
  end)

  it("links models of one salt, and no others", function()
    local given = secrets.facts("plain")
    local function name(salt) return redact.apply(given, {salt = salt}).graph.inputs[1].name end
    assert.equal(name "a", name "a")
    assert.not_equal(name "a", name "b")
    local input = given.graph.inputs[1].name
    assert.equal("value_" .. onnxdoc._hmac("a", input):sub(1, 16), name "a")
  end)

  it("replaces what the schema does not describe", function()
    local after = redact.apply({later = {secret = "hidden", {"deep"}}, graph = {name = "g", extra = "hidden", nodes = 1}},
      {salt = "s"})
    local shown = encode(after)
    for _, word in ipairs {"later", "secret", "hidden", "deep", "extra"} do
      assert.is_nil(shown:find(word, 1, true), word)
    end
    assert.equal(1, after.graph.nodes)
  end)

  it("can be applied to what it gave", function()
    local once = redact.apply(secrets.facts("quotes", true), {salt = "s"})
    assert.is_nil(json_schema.problem(json.decode(encode(redact.apply(once, {salt = "s"}))), schema))
  end)

  it("keeps an empty name empty", function()
    local after = redact.apply({graph = {name = "", nodes = 0}}, {salt = "s"})
    assert.equal("", after.graph.name)
  end)
end)

describe("redact.summarise", function()
  for _, is_broken in ipairs {false, true} do
    it("leaves totals, and no part of the model: " .. (is_broken and "broken" or "good"), function()
      local s = secrets.new "plain"
      local fields = secrets.fields(s)
      if is_broken then secrets.break_fields(s, fields) end
      local before = facts.complete(facts.of(secrets.load(fields)))
      local after = redact.summarise(before)
      assert.is_nil(json_schema.problem(json.decode(encode(after)), schema))
      for _, path in ipairs {"graph.inputs", "graph.outputs", "graph.name", "model.metadata", "memory.alive", "memory.at",
        "memory.timeline", "parameters.by_module", "parameters.tied", "parameters.unused", "symbols.1.of",
        "memory.kv_cache.entries"} do
        assert.is_nil(facts.at(after, path), path)
      end
      for _, path in ipairs {"graph.nodes", "cost.flops", "cost.macs", "memory.peak", "parameters.total", "coverage",
        "memory.kv_cache.layers", "parameters.unused_count"} do
        assert.is_not_nil(facts.at(before, path), path)
        assert.same(facts.at(before, path), facts.at(after, path))
      end
      -- Names of symbols, "input:0" too, stay in formulas, and those of operators and domains.
      local stays = {}
      for _, place in ipairs {"jdomain", "jcustom", "jfunction", "jop", "jother"} do stays[s(place)] = true end
      for _, symbol in ipairs(before.symbols) do stays[symbol.name:gsub(":%d+$", "")] = true end
      local gone = {}
      for _, secret in ipairs(s.list) do gone[#gone + 1] = not stays[secret] and secret or nil end
      assert.is_true(#gone > 30)
      assert.is_nil(secrets.leak_in(encode(after), gone))
    end)
  end

  it("makes no details that nobody asked for", function()
    local given = facts.of(secrets.load(secrets.fields(secrets.new "plain")))
    redact.summarise(given)
    assert.is_nil(rawget(given.memory, "alive"))
    assert.is_nil(rawget(given.parameters, "by_module"))
    assert.is_not_nil(rawget(given.parameters, "by_operator"))
  end)

  it("goes with redaction, whichever comes first", function()
    local given, list = secrets.facts("quotes", true)
    local one = encode(redact.apply(redact.summarise(given), {salt = "s"}))
    local other = encode(redact.summarise(redact.apply(given, {salt = "s"})))
    assert.is_nil(secrets.leak_in(one, list))
    assert.is_nil(secrets.leak_in(other, list))
    assert.is_nil(json_schema.problem(json.decode(one), schema))
    assert.is_nil(json_schema.problem(json.decode(other), schema))
  end)
end)

describe("redacted text", function()
  local function word(kind, name) return kind .. "<" .. name .. ">" end
  local function check(kind, symbols, cases)
    local known = {}
    for _, symbol in ipairs(symbols) do known[symbol] = true end
    local rewrite = redact_text.new(word, known)
    for given, wanted in pairs(cases) do assert.equal(wanted, rewrite(kind, given)) end
  end

  it("has the symbols of formulas replaced, and nothing else", function()
    check("formula", {"n", "m", "n/2", "a.b:0", "inf"}, {
      ["3"] = "3", ["-n"] = "-symbol<n>", ["2*n^2 + 1e+20"] = "2*symbol<n>^2 + 1e+20", ["?"] = "?", ["0.5*n"] = "0.5*symbol<n>",
      ["floor((n + 3)/2)"] = "floor((symbol<n> + 3)/2)", ["ceil_log2(m)"] = "ceil_log2(symbol<m>)",
      ["max(n, mod(m, 3), 4)"] = "max(symbol<n>, mod(symbol<m>, 3), 4)", ["m/2 + 1/2"] = "symbol<m>/2 + 1/2",
      ["n/2"] = "symbol<n/2>", ["n/2/2"] = "symbol<n/2>/2", ["floor(n/m)"] = "floor(symbol<n>/symbol<m>)",
      ["floor(m/max(n, 2))"] = "floor(symbol<m>/max(symbol<n>, 2))", ["a.b:0/3"] = "symbol<a.b:0>/3",
      ["other/2"] = "symbol<other/2>", ["floor(other/min(n, 2))"] = "floor(symbol<other>/min(symbol<n>, 2))",
      ["inf"] = "symbol<inf>", ["nan"] = "nan",
      ['2*"a b"*n'] = "2*symbol<a b>*symbol<n>", ['"a\\"b\\\\"'] = 'symbol<a"b\\>', ['"cut off'] = "symbol<cut off>",
      ['"\\x07\\xff\\n\\t\\r\\u{202e}"'] = "symbol<\7\xff\n\t\r\u{202e}>", ["n § m"] = "formula<n § m>",
    })
  end)

  it("has the names of formulas that the program writes", function()
    for look, make in pairs(secrets.looks) do
      local name = make "zqjvxk"
      local n, seen = onnxdoc.expr(name, {least = 0}), {}
      local rewrite = redact_text.new(function(_, symbol)
        seen[#seen + 1] = symbol
        return "n"
      end, {[name] = true})
      local m = onnxdoc.expr("n", {least = 0})
      for _, make_formula in ipairs {function(x) return x end, function(x) return 3 * x ^ 2 + x end,
        function(x) return (x + 3) // 2 end, function(x) return x / 2 end, function(x) return x % 5 + 1 end,
        function(x) return -x * 7 // (x + 1) end} do
        seen = {}
        assert.equal(tostring(make_formula(m)), rewrite("formula", tostring(make_formula(n))), look)
        for _, symbol in ipairs(seen) do assert.is_true(symbol == name, look) end
        assert.is_true(#seen > 0)
      end
    end
  end)

  it("takes no long time over long names", function()
    local slashes = ("a/"):rep(2 ^ 19) .. "a"
    local known = {a = true, ["a/a"] = true, ["a/a/a"] = true}
    local start = os.clock()
    local shown = redact_text.new(function(kind) return kind end, known)("formula", slashes)
    assert.equal("symbol", shown)
    assert.is_true(os.clock() - start < 2)
  end)

  it("has the symbols of types replaced", function()
    check("type", {"n"}, {
      ["float32"] = "float32", ["?"] = "?", ["float32[]"] = "float32[]", ["int64[2,n,?]"] = "int64[2,symbol<n>,?]",
      ["seq(float32[n])"] = "seq(float32[symbol<n>])", ["optional(seq(?))"] = "optional(seq(?))",
      ["map(string, int64[n])"] = "map(string, int64[symbol<n>])", ["sparse_tensor(float32[n])"] = "sparse_tensor(float32[symbol<n>])",
      ["seq(opaque(a).b))"] = "seq(opaque(type<a).b>))", ["secret[n]"] = "type<secret[n]>", ["seq(float32"] = "type<seq(float32>",
      ['float32["]",n]'] = "float32[symbol<]>,symbol<n>]",
    })
  end)

  it("keeps operators and domains that everybody knows", function()
    check("operator", {}, {Conv = "Conv", ["com.microsoft.Gelu"] = "com.microsoft.Gelu", none = "none", ["?"] = "?",
      ["ai.onnx.ml.Scaler"] = "ai.onnx.ml.Scaler", Secret = "op<Secret>", ["com.microsoft.Secret"] = "op<com.microsoft.Secret>",
      ["acme.Conv"] = "op<acme.Conv>"})
    check("operator", {}, {GroupQueryAttention = "GroupQueryAttention"})
    check("maker", {}, {["Concat 'x'"] = "Concat 'node<x>'", Concat = "Concat", ["block 'x' 'y'"] = "op<block> 'node<x' 'y>'",
      ["'x"] = "op<'x>"})
    check("domain", {}, {["ai.onnx"] = "ai.onnx", ["com.microsoft"] = "com.microsoft", ["com.acme"] = "domain<com.acme>"})
    for domain in utils.readfile("src/ops/schema.txt"):gmatch "([^\t\n]+)\t[^\n]*\n" do
      check("domain", {}, {[domain] = domain})
    end
  end)

  it("keeps our own words of messages", function()
    check("message", {"dimension", "n"}, {
      ["the shape of input 2 is not known"] = "the shape of input 2 is not known",
      ["value 'x' is not known"] = "value 'text<x>' is not known",
      ["value 'it's' or 'that' is not known"] = "value 'text<it's' or 'that>' is not known",
      ["the model's file is too large: 12345"] = "the model's file is too large: 12345",
      ["the model's file 'x'"] = "the model's file 'text<x>'",
      ["input 'cut off"] = "input 'text<cut off>'", ['2*"a b" and 3'] = "text<2*>'text<a b>' and 3",
      ["attribute mode is secret, not constant"] = "attribute mode is text<secret>, not constant",
      ["123456 elements (1 input)"] = "text<123456> elements (1 input)",
      ["there is no rule for operator acme.Input"] = "there is no rule for operator op<acme.Input>",
      ["there is no rule for operator Conv"] = "there is no rule for operator Conv",
      ["a state of ScatterND 'x', no keys"] = "a state of ScatterND 'text<x>', no keys",
      ["axis of dimension 2"] = "text<axis of dimension 2>", ["((((((((("] = "(text<((((((((>",
    })
  end)

  it("knows the words of all messages", function()
    local wanted = redact_words.make()
    if os.getenv "ONNXDOC_UPDATE_GOLDENS" then wire.write(redact_words.path, wanted) end
    assert.equal(wanted, utils.readfile(redact_words.path), "make test-update writes it anew")
  end)
end)

describe("the schema of facts", function()
  local function resolve(part)
    while part["$ref"] do part = schema["$defs"][part["$ref"]:match "[^/]+$"] end
    return part
  end

  local function holds_text(part)
    local kinds = type(part.type) == "table" and part.type or {part.type}
    for _, kind in ipairs(kinds) do
      if kind == "string" then return not part.enum and not part.const end
    end
    return false
  end

  -- What each part must have; calls complain(path, what) for what is missing.
  local function check(part, path, complain)
    local named = part["x-names"]
    if named ~= nil and named ~= false and type(named) ~= "string" then complain(path, "x-names is a kind or false") end
    if holds_text(part) and named == nil then complain(path, "x-names is missing") end
    if type(part.additionalProperties) == "table" then
      if named == nil then complain(path, "x-names of the keys is missing") end
      check(part.additionalProperties, path .. ".*", complain)
    elseif part.properties and part.additionalProperties ~= false then
      complain(path, "additionalProperties is not false")
    end
    if not (part.type or part["$ref"] or part.enum or part.const) then complain(path, "type is missing") end
    for name, property in pairs(part.properties or {}) do check(property, path .. "." .. name, complain) end
    for _, name in ipairs(part.required or {}) do
      if part.properties[name]["x-detail"] then complain(path .. "." .. name, "a detail is required") end
    end
    if part.type == "array" then check(part.items or {}, path .. "[]", complain) end
  end

  local function problems_of(root)
    local problems = {}
    local function complain(path, what) problems[#problems + 1] = path .. ": " .. what end
    check(root, "$", complain)
    for name, part in pairs(root["$defs"] or {}) do check(part, name, complain) end
    table.sort(problems)
    return problems
  end

  it("says of each string whether it holds text of a model", function()
    assert.same({}, problems_of(schema))
    assert.equal("object", resolve {["$ref"] = "#/$defs/node"}.type)
  end)

  it("is checked", function()
    local function problem(part) return problems_of({type = "object", properties = {p = part}, additionalProperties = false})[1] end
    assert.equal("$.p: x-names is missing", problem {type = "string"})
    assert.equal("$.p[]: x-names is missing", problem {type = "array", items = {type = {"number", "string"}}})
    assert.equal("$.p: x-names of the keys is missing", problem {type = "object", additionalProperties = {type = "integer"}})
    assert.equal("$.p.*: x-names is missing",
      problem {type = "object", ["x-names"] = false, additionalProperties = {type = "string"}})
    assert.equal("$.p: additionalProperties is not false", problem {type = "object", properties = {}})
    assert.equal("$.p.q: a detail is required", problem {type = "object", required = {"q"}, additionalProperties = false,
      properties = {q = {type = "integer", ["x-detail"] = true}}})
    assert.equal("$.p: type is missing", problem {})
    assert.is_nil(problem {enum = {"a"}})
  end)
end)

describe("SHA-256", function()
  local abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  -- More than is read at once.
  local function large_bytes() return wire.model {doc_string = ("x"):rep(2 ^ 21), graph = {name = "g"}} end

  it("is of bytes, and of a model's file", function()
    assert.equal(abc, onnxdoc.sha256("abc"))
    local bytes = large_bytes()
    assert.equal(onnxdoc.sha256(bytes), assert(onnxdoc.load_bytes(bytes)):sha256())
    assert.has_error(function() onnxdoc.sha256() end)
  end)

  it("says why a file cannot be read", function()
    local path = os.tmpname()
    wire.write(path, large_bytes())
    local model = assert(onnxdoc.load(path))
    wire.write(path, "")
    local digest, message, code = model:sha256()
    os.remove(path)
    assert.is_nil(digest)
    assert.equal("string", type(message))
    assert.equal("string", type(code))
  end)

  it("counts in a guard", function()
    local guard = require "onnxdoc.guard"
    local model = assert(onnxdoc.load_bytes(large_bytes()))
    local function run(limit)
      local g = guard.new {instructions = limit}
      return g:call(assert(g:load("local m = ... return m:sha256()", "@t")), model)
    end
    local ok, digest = run(1e6)
    assert.is_true(ok)
    assert.equal(model:sha256(), digest)
    local again, message = run(1e5)
    assert.is_false(again)
    assert.truthy(message:find("instructions", 1, true), message)
  end)
end)
