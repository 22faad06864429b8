-- --redact, --salt and --summary-only on the command line.

local helpers = require "reports.helpers"
local json = require "onnxdoc.json"
local json_schema = require "json_schema"
local onnxdoc = require "onnxdoc"

describe("onnxdoc facts --redact", function()
  local scratch, bytes
  setup(function()
    scratch = helpers.new()
    bytes = helpers.small_model()
    scratch:write("m.onnx", bytes)
    scratch:write("evil.onnx", helpers.evil_model())
    helpers.write_everything(scratch)
  end)
  teardown(function() scratch:remove() end)

  local function run(words)
    local out, err, code = scratch:run('"$onnxdoc" facts ' .. words)
    assert.equal(0, code, err)
    assert.equal("", err)
    return out
  end

  local function facts(words) return assert(json.decode(run(words))) end

  local schema = assert(json.decode(onnxdoc._embedded("reports/facts.schema.json")))

  it("has the salt of the file, which --salt can give", function()
    local own = run "--redact m.onnx"
    assert.equal(own, run("--redact --salt " .. onnxdoc.sha256(bytes) .. " m.onnx"))
    assert.not_equal(own, run "--redact --salt other m.onnx")
    assert.truthy(own:find('"value_%x+"'))
    for _, name in ipairs {'"x"', '"N"', "small", "task", "m.onnx"} do assert.is_nil(own:find(name, 1, true), name) end
    assert.truthy(own:find("maker 1.0", 1, true))
  end)

  it("links models by a salt that both have", function()
    scratch:write("other.onnx", bytes .. "\x28\7") -- the model_version
    local function names(words)
      local found = {}
      for _, input in ipairs(facts(words).graph.inputs) do found[#found + 1] = input.name end
      return found
    end
    assert.same(names "--redact --salt s m.onnx", names "--redact --salt s other.onnx")
    assert.not_same(names "--redact m.onnx", names "--redact other.onnx")
  end)

  it("gives what the schema describes, whatever the model and the section", function()
    for _, model in ipairs {"m.onnx", "evil.onnx", "everything.onnx"} do
      for _, options in ipairs {"--redact", "--summary-only", "--redact --summary-only", "--redact --section cost",
        "--summary-only --section memory", "--redact --section symbols"} do
        assert.is_nil(json_schema.problem(facts(options .. " " .. model), schema), options .. " " .. model)
      end
    end
  end)

  it("gives a section the words that all of them have", function()
    local all = facts "--redact evil.onnx"
    for _, section in ipairs {"graph", "symbols", "memory", "cost"} do
      assert.same(all[section], facts("--redact --section " .. section .. " evil.onnx")[section])
    end
  end)

  it("leaves out details with --summary-only", function()
    local all, summary = facts "m.onnx", facts "--summary-only m.onnx"
    assert.equal(all.cost.flops.value, summary.cost.flops.value)
    assert.same(all.cost.flops.bindings, summary.cost.flops.bindings)
    assert.is_nil(summary.graph.inputs)
    assert.is_nil(summary.model.metadata)
    assert.is_nil(run("--summary-only m.onnx"):find("task", 1, true))
  end)

  it("takes many models", function()
    local lines = {}
    for line in run("--redact m.onnx evil.onnx"):gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(2, #lines)
    local first = assert(json.decode(lines[1]))
    assert.truthy(first.path:find("^path_%x+$"))
    first.path = nil
    assert.same(facts "--redact m.onnx", first)
  end)

  it("hides the path of a model that cannot be read", function()
    scratch:write("top secret.onnx", "not a model")
    for _, options in ipairs {"--redact", "--redact --salt s"} do
      local out, _, code = scratch:run('"$onnxdoc" facts ' .. options .. ' m.onnx "top secret.onnx"')
      assert.equal(3, code)
      assert.is_nil(out:find("secret", 1, true), out)
      assert.truthy(out:find('"path":"path_%x+","error":{"code":"not%-onnx"'), out)
    end
  end)

  it("refuses a salt for nothing, and none at all", function()
    local _, err, code = scratch:run [["$onnxdoc" facts --salt s m.onnx]]
    assert.equal(2, code)
    assert.truthy(err:find("option '--salt' needs '--redact'", 1, true), err)
    for _, command in ipairs {"facts --redact --salt '' m.onnx", "facts --redact --salt '' .", -- in workers, too
      "card --redact --salt '' missing.onnx", "summary --redact --salt '' missing.onnx"} do
      local out
      out, err, code = scratch:run('"$onnxdoc" ' .. command)
      assert.equal(2, code)
      assert.equal("", out)
      assert.equal("onnxdoc: --salt is empty: then anybody can tell names by their words\n", err)
    end
  end)

  it("does so where --lua-dir says", function()
    local out, err, code = scratch:run('"$onnxdoc" --lua-dir ' .. helpers.quote(require("lfs").currentdir())
      .. " facts --redact m.onnx")
    assert.equal(0, code, err)
    assert.equal(run "--redact m.onnx", out)
  end)
end)
