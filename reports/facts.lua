--- `onnxdoc facts MODEL`: all facts as JSON; of several models one line each.

local facts = require "onnxdoc.facts"
local json = require "onnxdoc.json"
local redact = require "onnxdoc.redact"

local section = {"--section", argname = "NAME", choices = facts.sections,
  description = "Only this section: " .. table.concat(facts.sections, ", ") .. "."}

return {
  summary = "All facts of a model as JSON; of several models, one line each (NDJSON).",
  example = "onnxdoc facts model.onnx | jq .cost.flops",
  bindings = true,
  options = {section, table.unpack(redact.options)},
  run = function(options, session)
    for model, _, binding in session:models() do
      local all = facts.of(model, binding)
      local chosen = options.section and {schema = facts.schema, [options.section] = all[options.section]} or all
      local shown = facts.complete(redact.shown(chosen, options, all))
      session:write(json.encode(shown, {keyorder = facts.keyorder, indent = not session.many}) .. "\n")
    end
  end,
}
