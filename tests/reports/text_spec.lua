-- onnxdoc text: models as text, and text as models.

local helpers = require "reports.helpers"
local same = require "same"

describe("onnxdoc text", function()
  local scratch, onnxdoc
  setup(function()
    onnxdoc = require "onnxdoc"
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    helpers.write_everything(scratch)
  end)
  teardown(function() scratch:remove() end)

  -- What a command wrote; the exit code must be the expected one.
  local function run(command, expected)
    local out, err, code = scratch:run(command)
    assert.equal(expected or 0, code, err)
    return out, err
  end

  it("prints a model", function()
    local out = run('"$onnxdoc" text m.onnx')
    assert.equal(onnxdoc.text(assert(onnxdoc.load(scratch:path("m.onnx")))) .. "\n", out)
    assert.truthy(out:find("^<\n  ir_version: 8,\n  opset_import: %[\"\": 17%],\n"))
    assert.truthy(out:find("\n  [mul] m = Mul(x, w)\n", 1, true))
  end)

  it("leaves out and hashes as it is told", function()
    assert.truthy(run('"$onnxdoc" text --weights 2 m.onnx'):find("float%[3%] w = {%.%.%.}  # 12 bytes, xxh3 %x+\n"))
    assert.truthy(run('"$onnxdoc" text --weights 2 --hash none m.onnx'):find("float[3] w = {...}  # 12 bytes\n", 1, true))
    assert.truthy(run('"$onnxdoc" text --weights all m.onnx'):find("float[3] w = {1.0, 2.0, 3.0}\n", 1, true))
    assert.truthy(run('"$onnxdoc" text --no-values everything.onnx'):find("# not shown: 1 declared type", 1, true))
    local _, err = run('"$onnxdoc" text --weights some m.onnx', 2)
    assert.truthy(err:find("--weights is 'some'", 1, true), err)
    run('"$onnxdoc" text --hash md5 m.onnx', 2)
  end)

  it("writes models that its texts say", function()
    run('"$onnxdoc" text --weights all everything.onnx -o e.txt && "$onnxdoc" text --parse e.txt -o again.onnx')
    assert.is_nil(same(assert(onnxdoc.load(scratch:path("everything.onnx"))), assert(onnxdoc.load(scratch:path("again.onnx")))))
    run('"$onnxdoc" text m.onnx | "$onnxdoc" text --parse - -o piped.onnx')
    assert.is_nil(same(assert(onnxdoc.load(scratch:path("m.onnx"))), assert(onnxdoc.load(scratch:path("piped.onnx")))))
  end)

  it("takes several, into a folder", function()
    run('"$onnxdoc" text m.onnx everything.onnx -o texts/')
    run('"$onnxdoc" text --parse texts/m.txt texts/everything.txt -o models/')
    assert.truthy(onnxdoc.load(scratch:path("models/m.onnx")))
    assert.truthy(onnxdoc.load(scratch:path("models/everything.onnx")))
    local out = run('"$onnxdoc" text m.onnx m.onnx')
    assert.truthy(out:find("^# m.onnx\n<\n.*}\n\n# m.onnx\n<\n"))
  end)

  it("says where a text is wrong, and does not write", function()
    scratch:write("bad.txt", "g (float[2] x) => (y) {\n  y = Relu(x\n}\n")
    local _, err = run('"$onnxdoc" text --parse bad.txt -o bad.onnx', 3)
    assert.equal("onnxdoc: bad.txt: line 3, column 1: ',' or ')' is expected, got '}'\n", err)
    assert.is_nil(io.open(scratch:path("bad.onnx")))
    _, err = run('"$onnxdoc" text --parse missing.txt -o bad.onnx', 3)
    assert.equal("onnxdoc: missing.txt: No such file or directory\n", err)
    _, err = run('"$onnxdoc" text --parse bad.txt', 2)
    assert.truthy(err:find("-o FILE.onnx is needed", 1, true), err)
    scratch:write("good.txt", "g () => () {}")
    run('"$onnxdoc" text --parse good.txt -o good.txt/x.onnx', 4)
    scratch:write("huge.txt", "g () => () <float[1000000,1000000] w = {...}> {}")
    _, err = run('"$onnxdoc" text --parse huge.txt -o huge.onnx', 4)
    assert.truthy(err:find("^onnxdoc: cannot write huge.onnx: .*4000000000000 bytes"), err)
  end)
end)
