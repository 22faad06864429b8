-- The facts verb with several models: lines in order, errors as lines, whatever a model does to the process that reads it.
-- What facts say is in cost_spec.lua.

local helpers = require "reports.helpers"

-- Operators that do to their worker what a broken model might.
local ACME = [[
local function add(name, shape) onnxdoc.operator{domain = "com.acme", name = name, shape = shape} end
add("Crash", function() os.execute("kill -KILL $PPID") end)
add("Slow", function(node) os.execute("sleep 0.3") return {node.inputs[1]} end)
add("Hang", function() os.execute("echo $PPID >> pids") while true do end end)
]]

describe("onnxdoc facts, of several models,", function()
  local scratch, json, schema, json_schema
  setup(function()
    local onnxdoc = require "onnxdoc"
    json = require "onnxdoc.json"
    json_schema = require "tests.json_schema"
    schema = assert(json.decode(assert(io.open("reports/facts.schema.json")):read("a")))
    scratch = helpers.new()
    scratch:write("acme.lua", ACME)
    scratch:write("m.onnx", helpers.small_model())
    scratch:mkdir("d")
    scratch:mkdir("d/.hidden")
    scratch:write("d/.hidden/h.onnx", helpers.small_model())
    scratch:write("d/a.onnx", helpers.small_model())
    scratch:write("d/bad.onnx", "this is no model\n")
    scratch:write("d/z.ONNX", helpers.evil_model())
    scratch:link("../d", "d/loop")
    scratch:mkdir("empty")
    for _, name in ipairs {"Crash", "Slow", "Hang"} do
      local b = onnxdoc.build{opset = {[""] = 17, ["com.acme"] = 1}}
      b:output(b:op("com.acme." .. name, {b:input("x", "float32", {2})}))
      assert(b:save(scratch:path(name:lower() .. ".onnx")))
    end
  end)
  teardown(function() scratch:remove() end)

  -- Lines as "path" or "path: code", each as the schema says; what stood on standard error.
  local function facts(words, wanted)
    local out, err, code = scratch:run('"$onnxdoc" facts -l acme.lua ' .. words)
    assert.equal(wanted or 0, code, err)
    local shown = {}
    for line in out:gmatch("([^\n]*)\n") do
      local record = assert(json.decode(line))
      assert.is_nil(json_schema.problem(record, schema))
      assert.equal(record.error == nil, record.model ~= nil)
      shown[#shown + 1] = record.path .. (record.error and ": " .. record.error.code or "")
    end
    return shown, err, out
  end

  it("are lines in the order of the models", function()
    local shown, err = facts "--jobs 3 slow.onnx m.onnx d/a.onnx"
    assert.same({"slow.onnx", "m.onnx", "d/a.onnx"}, shown)
    assert.equal("", err)
    local _, _, one = facts "--jobs 1 m.onnx d/a.onnx d/z.ONNX"
    local _, _, two = facts "--jobs 2 m.onnx d/a.onnx d/z.ONNX"
    assert.equal(one, two)
    assert.truthy(one:find('^{"schema":"1%.%d+","path":"m%.onnx","model":'))
  end)

  it("go through folders, and on behind what is broken", function()
    local shown, err = facts("m.onnx d gone.onnx empty m.onnx", 3)
    assert.same({"m.onnx", "d/.hidden/h.onnx", "d/a.onnx", "d/bad.onnx: not-onnx", "d/z.ONNX", "gone.onnx: missing",
      "empty: missing"}, shown)
    assert.equal("onnxdoc: d/loop: leads to a folder that is gone through already; passed over\n" ..
      "onnxdoc: d/bad.onnx: is a text file, not an ONNX model; it says 'this is no model\\n'\n" ..
      "onnxdoc: gone.onnx: there is no such file\n" ..
      "onnxdoc: empty: holds no file whose name ends in .onnx\n", err)
    assert.is_nil((select(2, facts("-q d", 3))):find("loop"))
    assert.same({"d/.hidden/h.onnx"}, (facts "d/.hidden"))
  end)

  it("take lists of paths, with any bytes in them", function()
    local odd = "sp ace\n\xff.onnx"
    scratch:write(odd, helpers.small_model())
    scratch:write("list", "m.onnx\n\nd/.hidden\n")
    assert.same({"m.onnx", "d/.hidden/h.onnx"}, (facts "--paths list"))
    assert.same({"d/a.onnx", "m.onnx", "d/.hidden/h.onnx"}, (facts "d/a.onnx --paths list"))
    scratch:write("nul", odd .. "\0" .. "m.onnx\0" .. "no\27[31m.onnx\0")
    local shown, err = facts("--paths - <nul", 3)
    assert.same({"sp ace\n\\xff.onnx", "m.onnx", "no\27[31m.onnx: missing"}, shown)
    assert.equal("onnxdoc: no\\x1b[31m.onnx: there is no such file\n", err)
    assert.same({"m.onnx"}, (facts "--paths - <<X\nm.onnx\nX"))
    assert.same({"-", "d/a.onnx"}, (facts "- d/a.onnx <m.onnx"))
    for list, reason in pairs {gone = "No such file or directory", d = "Is a directory"} do
      local _, problem = facts("--paths " .. list, 3)
      assert.equal(("onnxdoc: --paths %s: %s\n"):format(list, reason), problem)
    end
    facts("--paths - - </dev/null", 2)
    facts("", 2)
  end)

  it("tell of a model that ends its process, or takes too long", function()
    local shown, err = facts("--timeout 1 --jobs 2 crash.onnx m.onnx hang.onnx d/a.onnx crash.onnx d/z.ONNX", 3)
    assert.same({"crash.onnx: crashed", "m.onnx", "hang.onnx: timeout", "d/a.onnx", "d/z.ONNX"}, shown)
    assert.equal("onnxdoc: crash.onnx: its process was killed by signal 9 (Killed)\n" ..
      "onnxdoc: hang.onnx: took longer than 1 s\n", err)
  end)

  it("can be one section, with numbers for symbols where the models have these", function()
    local out, err, code = scratch:run('"$onnxdoc" facts --section symbols --dim N=5 m.onnx d/z.ONNX')
    assert.equal(2, code)
    local lines = {}
    for line in out:gmatch("[^\n]+") do
      lines[#lines + 1] = assert(json.decode(line))
      assert.is_nil(json_schema.problem(lines[#lines], schema))
    end
    assert.equal(5, lines[1].symbols[1].value)
    assert.is_nil(lines[1].cost)
    assert.equal("binding", lines[2].error.code)
    assert.truthy(err:find("^onnxdoc: d/z.ONNX: the model has no symbol 'N'"), err)
  end)

  it("go into one file, there whole or not at all", function()
    assert.same({}, (facts "-o out.ndjson m.onnx d/a.onnx"))
    local _, _, written = facts "m.onnx d/a.onnx"
    assert.equal(written, io.open(scratch:path("out.ndjson")):read("a"))
    facts "-o out/ m.onnx d/a.onnx"
    assert.equal(written, io.open(scratch:path("out/facts.ndjson")):read("a"))
    local _, err = facts("-o /dev/full m.onnx d/a.onnx", 4)
    assert.equal("onnxdoc: cannot write /dev/full: No space left on device\n", err)
    facts("m.onnx d/a.onnx >/dev/full", 4)
  end)

  it("of a single one are not a line, and are under no limit unless there is one", function()
    local alone = scratch:run('"$onnxdoc" facts m.onnx')
    assert.equal("{\n", alone:sub(1, 2))
    assert.is_nil(json.decode(alone).path)
    assert.equal(alone, (scratch:run('"$onnxdoc" facts --timeout 50 m.onnx')))
    local out, err, code = scratch:run('"$onnxdoc" facts --timeout 1 -l acme.lua hang.onnx')
    assert.same({"", "onnxdoc: hang.onnx: took longer than 1 s\n", 3}, {out, err, code})
    scratch:run('"$onnxdoc" facts -o one/ m.onnx; "$onnxdoc" facts -o limited/ --timeout 50 m.onnx')
    assert.equal(alone, io.open(scratch:path("one/m.json")):read("a"))
    assert.equal(alone, io.open(scratch:path("limited/m.json")):read("a"))
  end)

  -- Runs a command in which workers hang, and waits until those it left have ended, at most two seconds. One that has
  -- is still listed until somebody has asked for its exit code.
  local function workers_left(command)
    os.remove(scratch:path("pids"))
    local out, err, code = scratch:run(command)
    local _, _, gone = scratch:run([[
      for i in 1 2 3 4 5 6 7 8 9 10; do
        left=0; for pid in $(cat pids); do grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null && left=1; done
        [ $left = 0 ] && exit 0; sleep 0.2
      done; exit 1]])
    local _, count = io.open(scratch:path("pids")):read("a"):gsub("\n", "")
    assert.equal(2, count)
    assert.equal(0, gone)
    return out, err, code
  end

  it("end with all their workers on Ctrl-C", function()
    scratch:write("interrupt.sh", [[trap : INT
      (until [ "$(grep -c . pids 2>/dev/null)" = 2 ]; do sleep 0.1; done; kill -INT 0) &
      "$onnxdoc" facts --jobs 2 -o left.ndjson -l acme.lua hang.onnx ./d/../hang.onnx m.onnx; exit $?]])
    local out, err, code = workers_left("setsid -w sh interrupt.sh; code=$?; ls left.ndjson*; exit $code")
    assert.equal("", out)
    assert.truthy(err:find("^onnxdoc: interrupted!\n"), err)
    assert.equal(130, code)
  end)

  it("leave no workers behind when they are killed", function()
    workers_left([[
      "$onnxdoc" facts --jobs 2 -l acme.lua hang.onnx ./d/../hang.onnx m.onnx &
      until [ "$(grep -c . pids 2>/dev/null)" = 2 ]; do sleep 0.1; done; kill -KILL $!; wait]])
  end)

  it("end quietly when nobody reads on", function()
    scratch:mkdir("copies")
    for i = 1, 60 do scratch:link("../m.onnx", ("copies/%d.onnx"):format(i)) end
    local out, err = scratch:run([["$onnxdoc" facts copies | head -c 20]])
    assert.equal(20, #out)
    assert.equal("", err)
  end)
end)
