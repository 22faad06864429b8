-- A limit for the bytes of a model on disk: its file, and files of external data.

local budgets = require "onnxdoc.budgets"

-- Bytes of all files, and why that is not the whole.
local function size_of(model)
  local bytes, unknown = model.size or 0, nil
  for _, file in ipairs(model.files) do
    bytes = bytes + (file.size or 0)
    if not file.size then unknown = ("the size of '%s' is not known"):format(file.location) end
  end
  return bytes, unknown
end

return {
  severity = "error", category = "budget", title = "Larger than allowed", confidence = "high",
  description = "The model's file, with the files of its external data, has more bytes than the limit that is set.",
  fix = "Store weights in fewer bits (float16, int8), share or remove tensors, or raise the limit.",
  options = {max = false},
  applies = budgets.is_set, accepts = budgets.accepts,
  check = function(model, report, options)
    local bytes, unknown = size_of(model)
    budgets.compare(model, report, options, {what = "size", formula = bytes, unknown = unknown,
      show = onnxdoc.bytes})
  end,
  examples = {
    fires = {{model = "g (float[64] x) => (y) <float[64] w = {...}> { y = Add(x, w) }", options = {max = 256}}},
    silent = {
      "g (float[64] x) => (y) <float[64] w = {...}> { y = Add(x, w) }",
      {model = "g (float[64] x) => (y) <float[64] w = {...}> { y = Add(x, w) }", options = {max = "1KiB"}},
    },
  },
}
