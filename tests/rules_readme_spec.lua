-- rules/README.md is run from top to bottom in an empty repository: files are written, sessions must print what stands there.

local helpers = require "reports.helpers"
local utils = require "pl.utils"
local onnxdoc = require "onnxdoc"

describe("rules/README.md", function()
  it("shows what happens", function()
    local scratch = helpers.new()
    scratch:mkdir(".git")
    local b = onnxdoc.build {opset = 17}
    b:output(b:op("Relu", {b:input("image", "float32", {1, 3, 8, 8})}))
    assert(b:save(scratch:path("model.onnx")))
    local readme = assert(utils.readfile("rules/README.md"))
    local files, sessions = {".onnxdoc/rules/fixed_batch.lua", ".onnxdoc.lua"}, 0
    for kind, block in readme:gmatch("```(%a+)\n(.-)```") do
      if kind == "lua" then
        scratch:write(table.remove(files, 1), block)
      else
        local command, expected = block:match("^%$ ([^\n]*)\n(.*)$")
        local out, err = scratch:run((command:gsub("^onnxdoc", '"$onnxdoc"')))
        assert.equal(expected, out .. err)
        sessions = sessions + 1
      end
    end
    assert.same({}, files)
    assert.equal(4, sessions)
    scratch:remove()
  end)
end)
