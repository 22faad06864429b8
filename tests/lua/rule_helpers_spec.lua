-- What shipped rules share: versions that go together, domains, training, operators of a model, operators in words.

local domains = require "onnxdoc.domains"
local onnxdoc = require "onnxdoc"
local operator_kinds = require "onnxdoc.operator_kinds"
local training = require "onnxdoc.training"
local versions = require "onnxdoc.versions"
local wording = require "onnxdoc.wording"

local function parse(text) return assert(onnxdoc.parse(text)) end

describe("versions", function()
  it("belong to the first release that has the operator set", function()
    assert.same({release = "1.0", ir = 3, opset = 1}, versions.release_of(1))
    assert.equal("1.1", versions.release_of(2).release)
    assert.equal(8, versions.release_of(17).ir)
    assert.equal(10, versions.release_of(21).ir)
    assert.is_nil(versions.release_of(1000))
  end)

  it("grow together", function()
    local before
    for opset = 1, 26 do
      local release = versions.release_of(opset)
      assert.is_true(release.opset >= opset)
      assert.is_true(not before or release.ir >= before)
      before = release.ir
    end
  end)

  it("are known as far as the shipped schemas go", function()
    local newest = {}
    for line in io.lines "src/ops/schema.txt" do
      local domain, version = line:match "^(%S+)\t[^\t]+\t(%d+)"
      if domain == "ai.onnx" then domain = "" end
      if domain and versions.newest[domain] then
        newest[domain] = math.max(newest[domain] or 0, math.tointeger(version))
      end
    end
    assert.same(newest, versions.newest)
  end)
end)

describe("domains", function()
  it("have makers", function()
    assert.equal("ONNX", domains.maker "")
    assert.equal("onnxruntime", domains.maker "com.microsoft")
    assert.equal("PyTorch, modules as functions", domains.maker "pkg.torch.2.2.0a0+git4ab5507")
    assert.is_nil(domains.maker "com.acme")
    assert.is_nil(domains.maker "\0")
  end)
end)

describe("training", function()
  it("is intended where there is a loss, an optimizer or an operator of its domains", function()
    local header = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1, "ai.onnx.preview.training" : 1]> '
    local function is_intended(node)
      local m <close> = parse(header .. "g (float[2,3] x, int64[2] i) => (y) { y = " .. node .. " }")
      return training.is_intended(m)
    end
    assert.is_true(is_intended "SoftmaxCrossEntropyLoss(x, i)")
    assert.is_true(is_intended "com.microsoft.YieldOp(x)")
    assert.is_true(is_intended "ai.onnx.preview.training.Adam(x, x, x, x, x, x)")
    assert.is_false(is_intended "Softmax(x)")
    assert.is_false(is_intended "com.microsoft.GeluGrad(x, x)")
  end)
end)

describe("kinds of operators", function()
  it("gather the nodes of all graphs, calls left out", function()
    local m <close> = parse [[<ir_version: 8, opset_import: ["" : 17, "com.acme" : 1]>
      g (float[2] x, bool c) => (float[2] y) {
        a = Relu(x)
        b = com.acme.Twist(a)
        y = If (c) <then_branch = t () => (float[2] p) { p = Relu(b) }, else_branch = e () => (float[2] q) { q = Odd(b) }>
      }
      <domain: "com.acme", opset_import: ["" : 13]>
      Twist (u) => (v) { v = Relu(u) }]]
    local found = {}
    for i, kind in ipairs(operator_kinds.of(m)) do
      found[i] = ("%s %d %d %s"):format(kind.op, kind.opset, #kind.nodes, operator_kinds.is_known(kind))
    end
    table.sort(found)
    assert.same({"If 17 1 true", "Odd 17 1 false", "Relu 13 1 true", "Relu 17 2 true"}, found)
    assert.equal(operator_kinds.of(m), operator_kinds.of(m))
  end)

  it("need not have an operator set", function()
    local m <close> = parse '<ir_version: 8, opset_import: ["com.acme" : 1]> g (float[2] x) => (y) { y = Relu(x) }'
    local kind = operator_kinds.of(m)[1]
    assert.equal("Relu", kind.op)
    assert.is_nil(kind.opset)
  end)
end)

describe("operators in words", function()
  it("are counted, the most frequent first, the rest together", function()
    local function nodes(text)
      local list = {}
      for op in text:gmatch "%S+" do list[#list + 1] = {op = op} end
      return list
    end
    assert.equal("2 B, 1 A", wording.operators(nodes "A B B"))
    assert.equal("2 A, 1 B, 1 C, 1 D, 1 E, 1 F, 2 others", wording.operators(nodes "H G F E D C B A A"))
    assert.equal("", wording.operators {})
  end)
end)
