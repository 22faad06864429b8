--- The first screen of the card: what `onnxdoc MODEL` shows, in at most 24 lines of 80 columns.

local facts_of = require("onnxdoc.facts").of
local redact = require "onnxdoc.redact"

return {
  name = "summary",
  summary = "The first screen of the card: the same as onnxdoc MODEL.",
  example = "onnxdoc summary model.onnx",
  formats = {"text"},
  color = true,
  bindings = true,
  options = redact.options,
  run = function(options, session)
    redact.check(options)
    local first = true
    for model, _, binding in session:models() do
      local facts = facts_of(model, binding)
      facts = redact.shown(facts, options, facts)
      session:write(function(write)
        if not first then write("\n") end
        require("onnxdoc.page").new({facts = facts, format = "text", write = write, color = session.color})
          .section "screen"
      end)
      first = first and session.places[session.current] ~= false
    end
  end,
}
