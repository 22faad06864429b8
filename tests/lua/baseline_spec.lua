-- lua/onnxdoc/baseline.lua, and the fingerprints it rests on

local baseline = require "onnxdoc.baseline"
local findings = require "onnxdoc.findings"
local helpers = require "reports.helpers"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"
local utils = require "pl.utils"

-- A chain of layers, all names with a prefix.
local function chain(prefix, layers)
  local b = onnxdoc.build {opset = 17, name = prefix .. "g"}
  local value = b:input(prefix .. "x", "float32", {"N", 16})
  for i = 1, layers do
    local weight = b:constant(("%sw%d"):format(prefix, i), "float32", {16, 16}, "zeros")
    local product = b:op("MatMul", {value, weight}, nil, {name = prefix .. "m" .. i, outputs = {prefix .. "p" .. i}})
    value = b:op("Tanh", {product}, nil, {name = prefix .. "t" .. i, outputs = {prefix .. "v" .. i}})
  end
  b:output(value)
  return b
end

local rule = {id = "tanh", severity = "error", title = "Tanh", check = function(model, report)
  for node in model:nodes {op = "Tanh"} do report(node, "{name} is a Tanh", {name = node.name}) end
end}

local function fingerprints(model)
  local list = {}
  for i, finding in ipairs((findings.run(rule, model, {}))) do list[i] = finding.fingerprint end
  return list
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

local function count(set)
  local n = 0
  for _ in pairs(set) do n = n + 1 end
  return n
end

describe("fingerprints", function()
  it("of equal layers are different ones, and stay when all names change", function()
    local model <close> = assert(chain("a/", 12):model())
    local renamed <close> = assert(chain("other.", 12):model())
    local list = fingerprints(model)
    assert.equal(12, count(set_of(list)))
    assert.same(list, fingerprints(renamed))
  end)

  it("of eleven layers stay when the twelfth goes", function()
    local model <close> = assert(chain("a", 12):model())
    local less <close> = assert(chain("a", 11):model())
    local known = set_of(fingerprints(model))
    local list = fingerprints(less)
    assert.equal(11, #list)
    for _, fingerprint in ipairs(list) do assert.truthy(known[fingerprint]) end
  end)

  it("differ by rule, template and structure", function()
    local b = onnxdoc.build {opset = 17}
    local first = b:op("Tanh", {b:input("x", "float32", {2})}, nil, {name = "first"})
    b:output(b:op("Tanh", {b:op("Relu", {first})}, nil, {name = "second"}))
    local model <close> = assert(b:model())
    local list = fingerprints(model)
    assert.not_equal(list[1]:sub(1, 16), list[2]:sub(1, 16))
    local other = setmetatable({id = "other"}, {__index = rule})
    assert.not_equal(list[1], findings.run(other, model, {})[1].fingerprint)
  end)
end)

describe("a baseline", function()
  local scratch

  setup(function() scratch = helpers.new() end)
  teardown(function() scratch:remove() end)

  it("is written in order, without what is accepted, and read as a set", function()
    local path = scratch:path("known.json")
    baseline.write(path, {{rule = "b", fingerprint = "2-1", message = "two\n\27"}, {rule = "a", fingerprint = "1-1",
      message = "one"}, {rule = "c", fingerprint = "3-1", message = "three", suppressed = "a reason"}})
    local written = assert(utils.readfile(path))
    assert.equal([[{"onnxdoc_baseline":1,"findings":[
  {"rule":"a","fingerprint":"1-1","message":"one"},
  {"rule":"b","fingerprint":"2-1","message":"two\n\u001b"}
]}
]], written)
    assert.same({["1-1"] = true, ["2-1"] = true}, baseline.read(path))
    baseline.write(path, {})
    assert.same({}, baseline.read(path))
    assert.truthy(json.decode(assert(utils.readfile(path))))
  end)

  it("that cannot be used ends the run, saying why", function()
    local model = scratch:path("m.onnx")
    assert(chain("", 1):save(model))
    local cases = {
      ["not JSON"] = "is no JSON", [("["):rep(1000000)] = "is no JSON: lists and objects are nested too deep",
      ["[]"] = "is no baseline of onnxdoc", ["3"] = "is no baseline of onnxdoc",
      ['{"onnxdoc_baseline":2,"findings":[]}'] = "is for version 2, this program writes and reads version 1",
      ['{"onnxdoc_baseline":1}'] = "has no list of findings",
      ['{"onnxdoc_baseline":1,"findings":{"a":1}}'] = "has no list of findings",
      ['{"onnxdoc_baseline":1,"findings":[{}]}'] = "findings[1] has no fingerprint",
      ['{"onnxdoc_baseline":1,"findings":[{"fingerprint":5}]}'] = "findings[1] has no fingerprint",
    }
    for content, message in pairs(cases) do
      scratch:write("known.json", content)
      local out, err, code = scratch:run("$onnxdoc check --baseline known.json m.onnx")
      assert.equal("", out)
      assert.equal(3, code, message)
      assert.truthy(err:find("--baseline known.json: " .. message, 1, true), err)
    end
    local _, err, code = scratch:run("$onnxdoc check --baseline none.json m.onnx")
    assert.equal(3, code)
    assert.truthy(err:find("none.json", 1, true))
    _, err, code = scratch:run("$onnxdoc check --baseline . m.onnx")
    assert.equal(3, code)
    assert.falsy(err:find("traceback", 1, true))
    _, err, code = scratch:run("$onnxdoc check --write-baseline m.onnx/known.json m.onnx")
    assert.equal(4, code)
    assert.truthy(err:find("cannot write", 1, true))
  end)

  it("knows the findings of a model that was renamed, and not a new one", function()
    scratch:write("tanh.lua", [[return {severity = "error", title = "Tanh", examples = {fires = {""}, silent = {""}},
      check = function(model, report)
        for node in model:nodes {op = "Tanh"} do report(node, "{name} is a Tanh", {name = node.name}) end
      end}]])
    assert(chain("a", 3):save(scratch:path("m.onnx")))
    local check = "$onnxdoc check -l tanh.lua --only tanh "
    local _, _, code = scratch:run(check .. "--write-baseline known.json m.onnx")
    assert.equal(1, code)
    _, _, code = scratch:run(check .. "--baseline known.json m.onnx")
    assert.equal(0, code)
    assert(chain("b", 3):save(scratch:path("m.onnx")))
    local out
    out, _, code = scratch:run(check .. "--baseline known.json m.onnx")
    assert.equal("m.onnx  nothing found, 3 known or suppressed; 0 rules clean\n", out)
    assert.equal(0, code)
    out, _, code = scratch:run(check .. "--baseline known.json --format json m.onnx")
    assert.equal(0, code)
    assert.is_true(assert(json.decode(out)).models[1].findings[1].known)
    assert(chain("b", 4):save(scratch:path("m.onnx")))
    out, _, code = scratch:run(check .. "--baseline known.json m.onnx")
    assert.equal(1, code)
    assert.truthy(out:find("1 error, 3 known or suppressed", 1, true), out)
    scratch:write(".onnxdoc.lua", "return {baseline = 'known.json'}")
    _, _, code = scratch:run(check .. "--write-baseline known.json m.onnx; " .. check .. "m.onnx")
    assert.equal(0, code)
  end)
end)
