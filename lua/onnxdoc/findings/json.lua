--- Findings as JSON: what the other formats are made of, whole.

local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"

local keyorder = {"onnxdoc_check", "version", "models", "path", "error", "findings", "outcomes", "rule", "severity",
  "message", "title", "category", "fingerprint", "count", "nodes", "values", "tensors", "evidence"}

return function(write, results)
  write(json.encode({onnxdoc_check = 1, version = onnxdoc.version, models = json.array(results)},
    {keyorder = keyorder, indent = true}), "\n")
end
