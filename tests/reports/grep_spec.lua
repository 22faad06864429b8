-- The grep verb: what it prints, its options, and its exit codes.

local helpers = require "reports.helpers"

describe("onnxdoc grep", function()
  local scratch, json, onnxdoc
  setup(function()
    onnxdoc = require "onnxdoc"
    json = require "onnxdoc.json"
    scratch = helpers.new()
    local function save(name, text) assert(assert(onnxdoc.build{text = text}):save(scratch:path(name))) end
    save("m.onnx", [[<opset_import: ["": 17]>
      g (float[N,4] x) => (float[N,8] y) <float[4,8] w = {...}, float[8] bias = {...}, int64[2] to = {-1, 8}> {
      [mul] m = MatMul(x, w)
      [add] a = Add(m, bias)
      [relu] r = Relu(a)
      [cast] c = Cast<to = 1>(r)
      [reshape] y = Reshape(c, to)
    }]])
    save("n.onnx", "g (float[N] x) => (float[N] y) { [first] a = Relu(x)  [second] y = Neg(a) }")
    scratch:write("evil.onnx", helpers.evil_model())
    scratch:write("broken.onnx", "\8")
  end)
  teardown(function() scratch:remove() end)

  local function grep(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" grep ' .. words)
    assert.equal(wanted or 0, code, out .. err)
    return out, err
  end

  it("prints roots and captures with their types", function()
    assert.equal([[
1 Add 'add'
    mm = MatMul 'mul'
    x = 'x' float32[N,4]
    k = 4
    b = 'bias' float32[8]
]], (grep "'Add(@mm: MatMul(?x{shape=[_,?k]}, _), ?b:init)' m.onnx"))
  end)

  it("names the model where several are searched, and passes over those that cannot be read", function()
    assert.equal("m.onnx: 2 Relu 'relu'\nn.onnx: 0 Relu 'first'\n", (grep "Relu m.onnx n.onnx"))
    assert.equal("m.onnx: 1\nn.onnx: 1\n", (grep "-c Relu m.onnx n.onnx"))
    assert.equal("m.onnx\n", (grep "-l MatMul m.onnx n.onnx"))
    local out = grep("Relu m.onnx broken.onnx", 3)
    assert.equal("m.onnx: 2 Relu 'relu'\n", out)
  end)

  it("counts, and names what matches", function()
    assert.equal("1\n", (grep "--count 'Add -> Relu' m.onnx"))
    assert.equal("0\n", (grep("-c Conv m.onnx", 1)))
    assert.equal("mul\nadd\nrelu\n", (grep "--only-matching 'MatMul -> Add -> Relu' m.onnx"))
    assert.equal("2\n", (grep "-c --all 'Add(?a, ?b)' m.onnx"))
  end)

  it("says where shape arithmetic and casts are", function()
    local out, err = grep("Cast m.onnx", 1)
    assert.equal("", out)
    assert.equal("onnxdoc: nothing outside of shape arithmetic, constants and casts; --raw finds 1 place\n", err)
    assert.equal("3 Cast 'cast'\n", (grep "--raw Cast m.onnx"))
    local _, quiet = grep("-q Cast m.onnx", 1)
    assert.equal("", quiet)
  end)

  it("shows what is wrong with a pattern, and where", function()
    local out, err = grep("'Add(?x, Mul(?y}' m.onnx", 2)
    assert.equal("", out)
    assert.equal([[
onnxdoc: grep: column 15: ',' or ')' is expected, got '}'
  Add(?x, Mul(?y}
                ^
]], err)
    local _, err2 = grep("'Add(?x,\n  ü' m.onnx", 2)
    assert.truthy(err2:find("\n    ü\n    ^\n", 1, true), err2)
    grep("m.onnx", 2)
  end)

  it("takes a condition in Lua", function()
    assert.equal("1\n", (grep "-c --where 'w.tensor.nbytes == 128' 'MatMul(_, ?w)' m.onnx"))
    assert.equal("0\n", (grep("-c --where 'w.tensor.nbytes > 128' 'MatMul(_, ?w)' m.onnx", 1)))
    local _, err = grep("--where 'w.' 'MatMul(_, ?w)' m.onnx", 2)
    assert.truthy(err:find("grep: --where: ", 1, true), err)
    _, err = grep("--where 'nothing.here' 'MatMul(_, ?w)' m.onnx", 5)
    assert.truthy(err:find("grep: --where: where:1: ", 1, true), err)
  end)

  it("confines the condition", function()
    for condition, message in pairs {["io.open(root.name)"] = "where:1: there is no capture or function 'io'",
      ["(function() while true do end end)()"] = "limit: more than 50 million instructions in where:1",
      ["math.pi > 3 and x.name"] = "where:1: there is no capture or function 'x'",
      ["pcall(function() while true do end end) or true"] = "limit: more than 50 million instructions in where:1"} do
      local out, err = grep(("--where '%s' 'MatMul(_, ?w)' m.onnx"):format(condition), 5)
      assert.equal("", out)
      assert.truthy(err:find(message, 1, true), err)
    end
    assert.equal("1\n", (grep "-c --where 'root.name == \"mul\" and #nodes == 1' 'MatMul(_, ?w)' m.onnx"))
  end)

  it("writes JSON", function()
    local found = json.decode((grep "--json 'Add(@mm: MatMul, ?b:init)' m.onnx"))
    assert.equal("m.onnx", found.model)
    assert.equal("Add(@mm: MatMul, ?b:init)", found.pattern)
    assert.equal(1, #found.matches)
    local match = found.matches[1]
    assert.equal("add", match.root.name)
    assert.same({"mul", "add"}, match.nodes)
    assert.equal("bias", match.captures.b.name)
    assert.equal("float32[8]", match.captures.b.type)
    assert.equal("mul", match.captures.mm.name)
    local out = grep("--json Relu m.onnx evil.onnx")
    local lines = 0
    for line in out:gmatch("[^\n]+") do
      json.decode(line)
      lines = lines + 1
    end
    assert.equal(2, lines)
  end)

  it("looks for what is like a node", function()
    assert.equal("Relu(Add(MatMul(?a, ?c:const), ?c2:const))\n2 Relu 'relu'\n    a = 'x' float32[N,4]\n    c = 'w' float32[4,8]\n"
      .. "    c2 = 'bias' float32[8]\n", (grep "--like relu m.onnx"))
    assert.equal("Reshape(Relu(Add(?a, ?c:const)))\n1\n", (grep "--like '#4' -c m.onnx"))
    local _, err = grep("--like nobody m.onnx", 2)
    assert.equal("onnxdoc: m.onnx: has no node 'nobody'\n", err)
    _, err = grep("--like cast m.onnx", 2)
    assert.equal("onnxdoc: m.onnx: 'cast' is pass-through, which is left out unless --raw is given\n", err)
    assert.truthy(grep("--raw --like=cast m.onnx"):find("Cast(Relu(Add(?a, ?c:const)))\n", 1, true))
  end)

  it("shows names that try to break out harmlessly", function()
    local out = grep "'*(?v, ...)' evil.onnx"
    assert.is_nil(out:find("[\27\0]"))
    out = grep "--like '#0' evil.onnx"
    assert.is_nil(out:find("[\27\0]"))
  end)

  it("finds every node of the seed model by what it is like", function()
    local generalise = require "onnxdoc.generalise"
    local model = require("models.bert_squad") {}:model()
    for node in model:nodes() do
      local raw = node.class ~= "compute"
      if node.index % 7 == 0 then
        local text = generalise.of(node, raw)
        assert.is_true(model:find(text, {count = true, raw = raw, within = nil,
          where = function(match) return match.root == node end}) == 1, node.name .. ": " .. text)
      end
    end
    model:close()
  end)
end)
