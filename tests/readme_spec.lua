-- What the README shows is what happens: its console blocks are run, command by command, and must print what
-- stands there.

local utils = require "pl.utils"
local binary = os.getenv("ONNXDOC") or "build/onnxdoc"

local function read(path) return assert(utils.readfile(path, true)) end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  pipe:close()
  return text
end

-- {command, output} pairs of all console blocks.
local function commands(text)
  local found = {}
  for block in text:gmatch("```console\n(.-)```") do
    for line in block:gmatch("([^\n]*)\n") do
      local command = line:match("^%$ (.*)")
      if command then found[#found + 1] = {command = command, output = ""}
      else found[#found].output = found[#found].output .. line .. "\n" end
    end
  end
  return found
end

describe("README.md", function()
  local readme = read("README.md")
  local all = commands(readme)

  setup(function()
    os.execute("mkdir -p build/models")
    assert(os.execute(binary .. " tests/models/make.lua bert_squad build/models/bert_squad.onnx"))
    for _, item in ipairs(all) do -- a script that is shown with cat is first written
      local path = item.command:match("^cat (%S+)$")
      if path then
        local file = assert(io.open(path, "wb"))
        file:write(item.output)
        file:close()
      end
    end
  end)

  it("has sessions to run", function() assert.is_true(#all >= 5) end)

  for _, item in ipairs(all) do
    it("shows what happens: " .. item.command:sub(1, 60), function()
      local command = item.command:gsub("build/onnxdoc", function() return binary end)
      assert.equal(item.output, run(command))
    end)
  end

  it("names targets that the Makefile has", function()
    local makefile = read("Makefile")
    local count = 0
    for words in readme:gmatch("make ([%l -]+)[`# ]") do
      for target in words:gmatch("%S+") do
        count = count + 1
        assert.is_truthy(makefile:find("\n" .. target .. ":", 1, true), "make " .. target)
      end
    end
    assert.is_true(count >= 6)
  end)
end)

describe("lua/README.md", function()
  local lua_blocks = {}
  for block in read("lua/README.md"):gmatch("```lua\n(.-)```") do lua_blocks[#lua_blocks + 1] = block end

  local function block_with(words)
    for _, block in ipairs(lua_blocks) do
      if block:find(words, 1, true) then return block end
    end
  end

  local function write_script(path, block)
    local file = assert(io.open(path, "wb"))
    file:write((assert(block)))
    file:close()
  end

  it("shows layers that are found", function()
    write_script("build/models/layers.lua", block_with("model:layers()"))
    assert.equal("LayerGroup 12 layers\t88\n", run(binary .. " build/models/layers.lua build/models/bert_squad.onnx"))
  end)

  it("shows a report that runs", function()
    write_script("build/models/over.lua", block_with("session:models()"))
    local name = "build/models/bert_squad.onnx"
    assert.equal(name .. ": bert/embeddings/word_embeddings:0\n",
                 run(binary .. " build/models/over.lua --over 10000000 " .. name))
    assert.is_truthy(run(binary .. " build/models/over.lua --help"):find("--over BYTES", 1, true))
  end)

  it("shows a pattern that is found", function()
    write_script("build/models/attention.lua", block_with("match.scale.known"))
    local first = run(binary .. " build/models/attention.lua build/models/bert_squad.onnx"):match("[^\n]*")
    assert.equal('Node 126 Softmax "bert/encoder/layer_0/attention/self/Softmax"\tfloat32[unk__493,12,256,64]\t0.125', first)
  end)

  it("shows charts that are written", function()
    local scratch = require("scratch").new()
    local code = block_with("onnxdoc.charts"):gsub('chart%.id %.%. "%.svg"', ("%q .. %%0"):format(scratch.directory .. "/"))
    assert(load("local model = ...\n" .. code))(assert(require("onnxdoc").load("build/models/bert_squad.onnx")))
    for _, name in ipairs {"complexity", "operators", "parameters", "flops", "memory"} do
      assert.matches("^<svg", read(scratch:path(name .. ".svg")))
    end
    scratch:remove()
  end)

  it("shows a model that can be built", function()
    local scratch = require("scratch").new()
    local code = block_with("onnxdoc.build{"):gsub('"m%.onnx"', ("%q"):format(scratch:path("m.onnx")))
    assert.is_truthy(code:find("onnxdoc.build", 1, true))
    assert(load("local onnxdoc = ...\n" .. code))(require "onnxdoc")
    assert.equal(2, #require("onnxdoc").load(scratch:path("m.onnx")))
    scratch:remove()
  end)
end)
