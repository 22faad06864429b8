--- Baselines: the findings that are known already, by fingerprint, as JSON in the project's repository.

local failure = require "onnxdoc.failure"
local json = require "onnxdoc.json"
local output = require "onnxdoc.output"

local EXIT_INPUT, EXIT_OUTPUT = 3, 4

local baseline = {}

local VERSION = 1

local keyorder = {"onnxdoc_baseline", "findings", "rule", "fingerprint", "message"}

--- The fingerprints of a file, as a set. One that is no baseline, or of another version, ends the run.
function baseline.read(path)
  local file, message = io.open(path, "rb")
  if not file then failure(EXIT_INPUT, "--baseline " .. message) end
  local value
  value, message = json.decode(file:read("a") or "")
  file:close()
  local function refuse(what) failure(EXIT_INPUT, ("--baseline %s: %s"):format(path, what)) end
  if value == nil then refuse("is no JSON: " .. message) end
  if type(value) ~= "table" or value.onnxdoc_baseline == nil then refuse("is no baseline of onnxdoc") end
  if value.onnxdoc_baseline ~= VERSION then
    refuse(("is for version %s, this program writes and reads version %d"):format(tostring(value.onnxdoc_baseline),
      VERSION))
  end
  local known, list = {}, value.findings
  if type(list) ~= "table" or getmetatable(list).__jsontype ~= "array" then refuse("has no list of findings") end
  for i, entry in ipairs(list) do
    if type(entry) ~= "table" or type(entry.fingerprint) ~= "string" then
      refuse(("findings[%d] has no fingerprint"):format(i))
    end
    known[entry.fingerprint] = true
  end
  return known
end

--- Writes the findings that are not suppressed, by rule and fingerprint, one a line, so that changes can be reviewed.
function baseline.write(path, list)
  local entries = {}
  for _, finding in ipairs(list) do
    if not finding.suppressed then
      entries[#entries + 1] = json.encode({rule = finding.rule, fingerprint = finding.fingerprint,
        message = finding.message}, {keyorder = keyorder})
    end
  end
  table.sort(entries)
  local ok, message = output.write_file(path, ('{"onnxdoc_baseline":%d,"findings":[%s%s\n]}\n'):format(VERSION,
    #entries > 0 and "\n  " or "", table.concat(entries, ",\n  ")))
  if not ok then failure(EXIT_OUTPUT, "cannot write " .. message) end
end

return baseline
