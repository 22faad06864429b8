-- The tree: every node once, in execution order, as text, JSON and CSV.

local helpers = require "reports.helpers"
local wire = require "wire"

local small_tree = [[
m.onnx
graph "small" (x float32[N,3], w float32[3], c bool[]) -> (y float32[N,3])  2 nodes
  0 Mul "mul" (x, w) -> m float32[N,3]
  1 If "if" (c) -> y float32[N,3]
    else_branch: graph "else" () -> (e float32[N,3])  1 node
      0 Abs (m) -> e float32[N,3]
    then_branch: graph "then" () -> (t float32[N,3])  1 node
      0 Relu (m) -> t float32[N,3]
]]

describe("onnxdoc tree", function()
  local scratch, json
  setup(function()
    require "onnxdoc"
    json = require "onnxdoc.json"
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    scratch:write("evil.onnx", helpers.evil_model())
    helpers.write_everything(scratch)
  end)
  teardown(function() scratch:remove() end)

  local function tree(words)
    local out, err, code = scratch:run('"$onnxdoc" tree ' .. words)
    assert.equal(0, code, err)
    return out, err
  end

  it("shows repeated layers in place of their nodes at depth 1", function()
    local b = require("onnxdoc").build{opset = 17}
    local x = b:op("Abs", {b:input("x", "float32", {"N", 8})})
    for i = 1, 4 do
      local y = b:op("MatMul", {x, b:constant("w" .. i, "float32", {8, 8}, {random = i})})
      y = b:op("Elu", {b:op("Neg", {y})}, {alpha = i == 3 and 0.5 or 1.0})
      if i == 2 then y = b:op("Relu", {y}) end
      x = b:op("Add", {x, b:op("Exp", {y})})
    end
    b:output(b:op("Softmax", {x}), "float32", {"N", 8})
    assert(b:save(scratch:path("layers.onnx")))
    local lines = tree("--depth 1 layers.onnx")
    assert.equal([[
  stem, 1 node: 0 Abs … 0 Abs
  4 × layer of 5 to 6 nodes, 5 of them computing, the first: 1 MatMul … 5 Add
    layer 2: extra node 9 Relu
    layer 3: attribute alpha of 14 Elu is 0.5, not 1
  head, 1 node: 22 Softmax … 22 Softmax
]], lines:match("nodes\n(.*)"))
    assert.is_truthy(tree("--depth 2 layers.onnx"):find("9 Relu", 1, true))
  end)

  it("shows nodes in execution order, with subgraphs under theirs", function()
    assert.equal(small_tree, (tree("m.onnx")))
  end)

  it("shows unsorted nodes in the order they run", function()
    scratch:write("unsorted.onnx", wire.model {graph = {name = "g", input = {wire.value("x", "float32", {1})},
      output = {wire.value("y")}, node = {wire.node("Relu", {"m"}, {"y"}), wire.node("Abs", {"x"}, {"m"})}}})
    local out, err = tree("unsorted.onnx")
    assert.truthy(out:find("1 Abs (x) -> m float32[1]\n  0 Relu (m) -> y float32[1]", 1, true), out)
    assert.truthy(err:find("1 problem found on reading", 1, true), err)
    local _, quiet = tree("-q unsorted.onnx")
    assert.equal("", quiet)
  end)

  it("stops at a depth", function()
    local out = tree("--depth 1 m.onnx")
    assert.truthy(out:find('then_branch: graph "then" () -> (t float32[N,3])  1 node\n', 1, true))
    assert.is_nil(out:find("Relu", 1, true))
    assert.is_nil((tree("--depth 0 m.onnx")):find("Mul", 1, true))
    local document = json.decode((tree("--json --depth 1 m.onnx")))
    assert.equal(2, #document.nodes)
    assert.equal(3, #document.graphs)
  end)

  it("shows initializers and values", function()
    local out = tree("--tensors --values m.onnx")
    assert.truthy(out:find("\n  tensor w float32[3]  12 bytes  raw\n", 1, true), out)
    assert.truthy(out:find("\n  value w float32[3]  input, initializer  1 consumer\n", 1, true), out)
    assert.truthy(out:find("\n  value m float32[N,3]  output 1 of node 0 Mul  ", 1, true), out)
    assert.truthy(out:find("\n  value y float32[N,3]  output 1 of node 1 If  0 consumers, graph output\n", 1, true), out)
  end)

  it("shows functions, attributes and training graphs", function()
    local out = tree("everything.onnx")
    for _, words in ipairs {'function "com.acme.Twice" (a) -> (b)  2 nodes', "{alpha=@alpha}", 's="text\\x00with NUL"',
      "t=int32[1](9)", "training algorithm graph"} do
      assert.truthy(out:find(words, 1, true), words)
    end
  end)

  it("is JSON with the same nodes", function()
    local document = assert(json.decode((tree("--json --tensors --values m.onnx"))))
    local ops = {}
    for i, node in ipairs(document.nodes) do ops[i] = node.op_type end
    assert.same({"Mul", "If", "Abs", "Relu"}, ops)
    assert.same({"x", "w"}, {table.unpack(document.nodes[1].inputs)})
    assert.equal(document.nodes[2].id, document.graphs[document.nodes[3].graph + 1].owner)
    assert.equal(12, document.tensors[1].nbytes)
    assert.equal(7, #document.values)
  end)

  it("is valid JSON and one record per line of CSV whatever the names", function()
    local out = tree("-q --json --tensors --values evil.onnx")
    assert.is_truthy(utf8.len(out))
    local document = assert(json.decode(out))
    assert.equal((helpers.evil_name:gsub("\xff", "\\xff")), document.nodes[1].name)
    assert.equal(json.null, document.nodes[1].inputs[2])
    assert.equal(json.null, document.nodes[1].attributes.nan)
    out = tree("-q --csv evil.onnx")
    local _, lines = out:gsub("\r\n", "")
    assert.equal(2, lines)
    assert.is_nil(out:gsub("\r\n", ""):find("%c"))
  end)

  it("is CSV with one table", function()
    assert.equal("model,graph,index,name,op_type,domain,path,inputs,outputs\r\nm.onnx,0,0,mul,Mul,\"\",mul,x;w,m\r\n",
      (tree("--csv --depth 1 m.onnx")):match("^[^\n]*\n[^\n]*\n"))
    assert.truthy((tree("--csv --tensors m.onnx")):find("\r\nm.onnx,0,w,float32,[3],3,12,raw,\r\n", 1, true))
    assert.truthy((tree("--csv --values m.onnx")):find('\r\nm.onnx,0,x,"float32[N,3]",,1,true,false,false\r\n', 1, true))
    local _, err, code = scratch:run([["$onnxdoc" tree --csv --tensors --values m.onnx]])
    assert.equal(2, code)
    assert.truthy(err:find("one table", 1, true))
  end)

  it("takes several models: a document a line, one head of CSV", function()
    local out = tree("--json m.onnx everything.onnx")
    local lines = {}
    for line in out:gmatch("[^\n]+") do lines[#lines + 1] = assert(json.decode(line)).model end
    assert.same({"m.onnx", "everything.onnx"}, lines)
    local _, heads = (tree("--csv m.onnx everything.onnx")):gsub("model,graph", "")
    assert.equal(1, heads)
    tree("--json -o out/ m.onnx everything.onnx")
    local file = assert(io.open(scratch:path("out/m.json"), "rb"))
    assert.equal("m.onnx", json.decode(file:read("a")).model)
    file:close()
  end)

  it("has colours only when asked or on a terminal", function()
    assert.is_nil((tree("m.onnx")):find("\27", 1, true))
    assert.truthy((tree("--color always m.onnx")):find("\27[1mMul\27[0m", 1, true))
  end)
end)
