--- The first screen of the card: what `onnxdoc MODEL` shows, in at most 24 lines of 80 columns.

local facts = require "onnxdoc.facts"

return {
  name = "summary",
  summary = "The first screen of the card: the same as onnxdoc MODEL.",
  example = "onnxdoc summary model.onnx",
  formats = {"text"},
  color = true,
  bindings = true,
  run = function(_, session)
    local first = true
    for model, _, binding in session:models() do
      session:write(function(write)
        if not first then write("\n") end
        require("onnxdoc.page").new({facts = facts.of(model, binding), format = "text", write = write,
          color = session.color}).section "screen"
      end)
      first = first and session.places[session.current] ~= false
    end
  end,
}
