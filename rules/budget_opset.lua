-- The oldest and the newest operator set that a runtime takes.

return {
  severity = "error", category = "budget", title = "Operator set outside of what is allowed", confidence = "high",
  description = "The model imports an operator set that is older than min or newer than max; runtimes refuse what is "
    .. "newer than what they know.",
  fix = "Export with another opset_version, or convert the model with onnx.version_converter.",
  options = {min = false, max = false, domain = "ai.onnx"},
  messages = {
    newer = "{domain} is imported as version {version}; at most {limit} is allowed",
    older = "{domain} is imported as version {version}; at least {limit} is allowed",
  },
  applies = function(model, options)
    return (options.min or options.max) and model.opset[options.domain] ~= nil
  end,
  accepts = function(options)
    for _, name in ipairs {"min", "max"} do
      if options[name] and math.type(options[name]) ~= "integer" then
        return ("option '%s' is '%s'; a whole number is wanted"):format(name, tostring(options[name]))
      end
    end
  end,
  check = function(model, report, options)
    local version = model.opset[options.domain]
    local values = {domain = options.domain, version = version}
    if options.max and version > options.max then
      values.limit = options.max
      report(model, "newer", values)
    elseif options.min and version < options.min then
      values.limit = options.min
      report(model, "older", values)
    end
  end,
  examples = {
    fires = {
      {model = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (y) { y = Relu(x) }', options = {max = 16}},
      {model = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (y) { y = Relu(x) }', options = {min = 18}},
    },
    silent = {
      '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (y) { y = Relu(x) }',
      {model = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (y) { y = Relu(x) }',
        options = {min = 17, max = 17}},
      {model = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (y) { y = Relu(x) }',
        options = {max = 1, domain = "com.microsoft"}},
    },
  },
}
