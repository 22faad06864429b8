-- Checks all models below the folders with all shipped rules and compares the findings with tests/findings.golden, each of
-- which somebody has looked at: `make test-corpus`. With --update the file is written anew. Runs inside the onnxdoc binary.

package.path = "./?.lua;./tests/?.lua;" .. package.path
local dir = require "pl.dir"
local findings = require "onnxdoc.findings"
local text = require "onnxdoc.text"
local utils = require "pl.utils"

local GOLDEN = "tests/findings.golden"

local folders, is_update = {}, false
for _, word in ipairs(arg) do
  if word == "--update" then is_update = true else folders[#folders + 1] = word:gsub("/+$", "") end
end

local function lines_of(model, name, plan, lines)
  local bindings = require("onnxdoc.bindings").of(model, {}).values
  local found, outcomes = findings.of(model, plan, bindings)
  for _, finding in ipairs(found) do
    lines[#lines + 1] = ("%s: %s %s: %s (%d)"):format(name, finding.severity, finding.rule,
      text.printable(finding.message), finding.count)
  end
  for _, outcome in ipairs(outcomes) do
    if outcome.outcome == "failed" then lines[#lines + 1] = ("%s: %s failed: %s"):format(name, outcome.rule, outcome.reason) end
  end
end

local plan = require("onnxdoc.rule_plan").make {}
local lines, models = {}, 0
for _, folder in ipairs(folders) do
  local paths = dir.getallfiles(folder, "*.onnx")
  table.sort(paths)
  for _, path in ipairs(paths) do
    local model <close> = onnxdoc.load(path)
    if model then
      models = models + 1
      lines_of(model, path:sub(#folder + 2), plan, lines)
    end
  end
end

local now = table.concat(lines, "\n") .. "\n"
if is_update then
  assert(utils.writefile(GOLDEN, now, true))
  os.exit(true)
end
local before, failed = {}, 0
for line in assert(utils.readfile(GOLDEN)):gmatch("[^\n]+") do before[line] = (before[line] or 0) + 1 end
for _, line in ipairs(lines) do
  if (before[line] or 0) > 0 then before[line] = before[line] - 1
  else
    failed = failed + 1
    print("new: " .. line)
  end
end
for line, count in pairs(before) do
  for _ = 1, count do
    failed = failed + 1
    print("gone: " .. line)
  end
end
print(("%d models, %d findings"):format(models, #lines))
print(("%d passed, %d failed"):format(#lines - failed, failed))
os.exit(failed == 0)
