--- `onnxdoc facts MODEL`: all facts as JSON; of several models one line each, with the path, and where there are no
-- facts, with what is wrong.

local facts = require "onnxdoc.facts"
local json = require "onnxdoc.json"
local redact = require "onnxdoc.redact"
local text = require "onnxdoc.text"

local section = {"--section", argname = "NAME", choices = facts.sections,
  description = "Only this section: " .. table.concat(facts.sections, ", ") .. "."}

-- A line says first which model it is about.
local outermost = table.move(facts.keyorder, 2, #facts.keyorder, 4, {"schema", "path", "error"})

local function encode(shown, session)
  return json.encode(shown, {keyorder = facts.keyorder, outermost = outermost, indent = not session.many}) .. "\n"
end

return {
  summary = "All facts of a model as JSON; of several models and folders, one line each (NDJSON).",
  description = "All facts of a model as JSON. Several models, a folder or --paths give a line each (NDJSON), in their "
    .. "order, in one file with -o; where a model cannot be read, its line says why.",
  example = "onnxdoc facts models/ | jq -c '[.path, .cost.flops.value]'",
  models = "folders",
  formats = {"json"},
  bindings = true,
  options = {section, table.unpack(redact.options)},
  run = function(options, session)
    redact.check(options)
    local function report(model, path, binding)
      local all = facts.of(model, binding)
      local chosen = options.section and {schema = facts.schema, [options.section] = all[options.section]} or all
      chosen.path = session.many and path or nil
      return encode(facts.complete(redact.shown(chosen, options, all)), session)
    end
    local function refused(path, code, message)
      if not session.many then return "" end
      local problem = {code = code, message = text.printable_lines(text.reason(path, message))}
      return encode(redact.refused({schema = facts.schema, path = path, error = problem}, options), session)
    end
    session:write_reports(report, refused)
  end,
}
