-- A cloned repository whose configuration, rules, templates and reports try to get out: nothing of it does, whatever is
-- run in it.

local helpers = require "reports.helpers"
local lfs = require "lfs"

-- What code from elsewhere may try: each leaves a file behind when it gets out.
local attempts = [[
  local function try(f) safe(f) end
  try(function() os.execute("touch escaped") end)
  try(function() io.open("escaped", "w"):close() end)
  try(function() io.popen("touch escaped"):close() end)
  try(function() require("os").execute("touch escaped") end)
  try(function() package.loaded.os.execute("touch escaped") end)
  try(function() load("os.execute('touch escaped')")() end)
  try(function() dofile("touch.lua") end)
  try(function() debug.getregistry()._LOADED.os.execute("touch escaped") end)
  try(function() getmetatable("").__index = {rep = 1, format = 1, find = 1, gsub = 1, sub = 1, byte = 1} end)
  try(function() string.format, string.gsub, string.find, string.rep = nil, nil, nil, nil end)
  try(function() table.concat, table.sort, tostring, pairs, ipairs, pcall = nil end)
  try(function() _G.io, _G.os = {}, {} end)
  try(function() setmetatable(_G, {__index = function() error("trap") end}) end)
  try(function() onnxdoc.load("/etc/passwd") onnxdoc.build() end)
  try(function() onnxdoc.text, onnxdoc.parse, onnxdoc.bytes = nil, nil, nil end)
  try(function() coroutine.wrap(function() os.execute("touch escaped") end)() end)
]]

local start = "local safe = pcall\n"

local rule = start .. attempts .. [[
  return {
    severity = "info", title = "evil", category = "evil",
    check = function(model, report, options)
      ]] .. attempts .. [[
      safe(function() model:close() end)
      safe(function() model.graph = nil end)
      report(model, "\27[31m<script>alert(1)</script>::error::{x}\n# H", {x = "](javascript:1)"})
    end,
    examples = {fires = {"g (float[1] x) => (y) { y = Relu(x) }", function(b) ]] .. attempts .. [[ return "x" end},
      silent = {"g (float[1] x) => (y) { y = Relu(x) }"}},
  }
]]

describe("a hostile repository", function()
  local scratch
  before_each(function()
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    for _, folder in ipairs {".git", ".onnxdoc", ".onnxdoc/rules", ".onnxdoc/templates", ".onnxdoc/reports",
      ".onnxdoc/operators", ".onnxdoc/blocks", ".onnxdoc/prompts", ".onnxdoc/devices"} do
      scratch:mkdir(folder)
    end
    scratch:write("touch.lua", "os.execute('touch escaped')")
  end)
  after_each(function() scratch:remove() end)

  local function run(words)
    local out, err, code = scratch:run('"$onnxdoc" ' .. words)
    assert.is_nil(lfs.attributes(scratch:path("escaped")), words)
    return out, err, code
  end

  local verbs = {"check m.onnx", "check --format json m.onnx", "check --strict m.onnx m.onnx", "card m.onnx",
    "card --format text m.onnx", "card m.onnx -o out/", "facts m.onnx", "facts m.onnx m.onnx", "summary m.onnx", "m.onnx",
    "tree m.onnx", "cost m.onnx", "explain x m.onnx", "grep Relu m.onnx", "text m.onnx", "rules", "rules evil", "rules test",
    "rules --json", "--help", "check --help", "-e 'print(#model.facts.findings)' m.onnx"}

  it("gets nothing out of its rules", function()
    scratch:write(".onnxdoc/rules/evil.lua", rule)
    for _, words in ipairs(verbs) do
      local out = run(words)
      if not words:find("json", 1, true) and not words:find("^facts") then
        assert.is_nil(out:find("\27", 1, true), words)
        assert.is_nil(out:find("\n# H", 1, true), words)
      end
    end
    local out, err, code = run("check --only evil m.onnx")
    assert.equal(0, code, err)
    assert.truthy(out:find("<script>alert(1)</script>::error::](javascript:1)", 1, true), out)
    out = run("card m.onnx")
    assert.is_nil(out:find("<script", 1, true))
    assert.is_nil(out:find("[^\\]%]%("))
  end)

  it("does not disturb what runs behind its rules", function()
    scratch:write(".onnxdoc/rules/aaa.lua", rule)
    local out, _, code = run("check m.onnx")
    assert.equal(0, code)
    scratch:write(".onnxdoc/rules/aaa.lua", "return nil")
    os.remove(scratch:path(".onnxdoc/rules/aaa.lua"))
    local before = run("check m.onnx")
    assert.equal((before:match("(%d+) rules? clean")), (out:match("(%d+) rules? clean")))
  end)

  it("gets nothing out of its templates", function()
    local template = start .. attempts .. "return {render = function(facts, page) " .. attempts .. " page.write('x') end}"
    scratch:write(".onnxdoc/templates/card.lua", template)
    scratch:write(".onnxdoc/templates/text.lua", template)
    for _, words in ipairs(verbs) do run(words) end
    assert.equal("x", (run("card m.onnx")))
  end)

  it("gets nothing out of its reports", function()
    for _, name in ipairs {"check", "card", "evil"} do
      scratch:write(".onnxdoc/reports/" .. name .. ".lua", start .. "os.execute('touch escaped') " .. attempts)
    end
    for _, words in ipairs(verbs) do run(words) end
    local _, err, code = run("evil m.onnx")
    assert.equal(2, code)
    assert.truthy(err:find("'evil' is neither a file nor a verb", 1, true), err)
  end)

  it("gets nothing out of its configuration", function()
    scratch:write(".onnxdoc.lua", start .. attempts .. "return {rules = {}}")
    for _, words in ipairs(verbs) do run(words) end
    scratch:write(".onnxdoc.lua", "while true do end")
    local _, err, code = run("check m.onnx")
    assert.equal(5, code)
    assert.truthy(err:find(".onnxdoc.lua", 1, true), err)
  end)

  it("gets nothing out of what else lies there", function()
    for _, kind in ipairs {"operators", "blocks", "prompts", "devices"} do
      scratch:write(".onnxdoc/" .. kind .. "/evil.lua", start .. "os.execute('touch escaped') " .. attempts .. " return {}")
    end
    scratch:write("onnxdoc.lua", "os.execute('touch escaped')")
    scratch:write("lfs.lua", "os.execute('touch escaped')")
    scratch:write("dkjson.lua", "os.execute('touch escaped')")
    for _, words in ipairs(verbs) do run(words) end
  end)
end)
