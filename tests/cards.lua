-- Makes the card of every .onnx file below the given folders in all formats, and checks what must hold for any of them: facts
-- validate against the schema, each number's comment names a fact that shows as that number, links lead to files that are made,
-- no NaN or infinity is written, text keeps to 80 columns. Runs inside the onnxdoc binary (`make test-corpus`). The last line is
-- "N passed, N failed".

package.path = "./?.lua;./tests/?.lua;" .. package.path
local dir = require "pl.dir"
local facts_module = require "onnxdoc.facts"
local json = require "onnxdoc.json"
local json_schema = require "tests.json_schema"
local page = require "onnxdoc.page"
local rendered = require "rendered"
local text = require "onnxdoc.text"
local utils = require "pl.utils"

local schema = assert(json.decode(assert(utils.readfile("reports/facts.schema.json"))))

local function check_numbers(facts, markdown)
  for before, paths in markdown:gmatch("([^|\n]*)<!%-%- ([%w_./ -]+) %-%->") do
    local only = not paths:find(" ", 1, true) and facts_module.at(facts, paths)
    for path in paths:gmatch("[^ /]+") do
      if facts_module.at(facts, path) == nil then return "no fact " .. path end
    end
    if type(only) == "table" and only.unit then
      local shown = {text.markdown(page.shown(only)), text.markdown(page.shown(only, "exact"))}
      if before:sub(-#shown[1]) ~= shown[1] and before:sub(-#shown[2]) ~= shown[2] then
        return ("%s shows as '%s', and is %s"):format(paths, before, shown[2])
      end
    end
  end
end

local function check_links(markdown, files)
  local made = {}
  for _, file in ipairs(files) do made[file[1]] = true end
  for target in markdown:gmatch("!%[[^\n]*%]%(([^)\n]*)%)") do
    local path = target:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    if not made["cards/" .. path] then return "no file " .. path end
  end
end

local function check_width(shown)
  for line in shown:gmatch("[^\n]+") do
    if text.width(line) > 80 then return "a line of " .. text.width(line) .. " columns: " .. line end
  end
end

local function has_strange_number(s)
  for word in s:gmatch("%f[%w]%a+%f[%W]") do
    if word == "nan" or word == "inf" or word == "NaN" or word == "Infinity" then return "writes " .. word end
  end
end

local function check(model)
  local facts = facts_module.complete(facts_module.of(model))
  local card = rendered(facts)
  local outputs = card.outputs
  local problem = json_schema.problem(assert(json.decode(outputs.json)), schema) or check_numbers(facts, outputs.md)
    or check_links(outputs.md, card.files) or check_width(outputs.text)
  for format, output in pairs(outputs) do
    local strange = has_strange_number(output)
    problem = problem or strange and format .. " " .. strange
  end
  return problem
end

local passed, failed, refused = 0, 0, 0
for _, folder in ipairs(arg) do
  for _, path in ipairs(dir.getallfiles(folder, "*.onnx")) do
    local model <close> = onnxdoc.load(path)
    if model then
      local ok, problem = pcall(check, model)
      if ok and not problem then passed = passed + 1 else
        failed = failed + 1
        print(("FAIL %s: %s"):format(path, problem))
      end
    else
      refused = refused + 1
    end
  end
end
print(refused .. " cannot be read")
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
