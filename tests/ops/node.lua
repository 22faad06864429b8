-- One node of an operator, inferred: for the specs of rules.
--
--     local infer = require "tests.ops.node"
--     local types, codes = infer("com.microsoft.Gelu", {"float[N]"}, {}, 1)        --> "float32[N]", ""
--
-- An input is a type in ONNX's text syntax ("float[N,3]"; "float": not even the rank is known), a scalar ("float[]"), a
-- constant {dtype, dims, data}, or false where it is left out. Outputs are y0, y1, ...; `types` and the codes of the problems
-- are one text each.

local onnxdoc = require "onnxdoc"

return function(op_type, inputs, attributes, output_count, opset)
  local b = onnxdoc.build{opset = opset or 17}
  local names, outputs = {}, {}
  for i, input in ipairs(inputs) do
    if type(input) == "table" then names[i] = b:constant("x" .. i - 1, input[1], input[2], input[3])
    elseif input and input:find("[]", 1, true) then names[i] = b:input("x" .. i - 1, (input:match("^%w+"):gsub("^float$", "float32")), {})
    elseif input then names[i] = b:input("x" .. i - 1, input)
    else names[i] = false end
  end
  for i = 1, output_count do outputs[i] = "y" .. i - 1 end
  b:op(op_type, names, attributes, {outputs = outputs})
  for i = 1, output_count do b:output(outputs[i]) end
  local m = assert(b:model())
  local types, codes = {}, {}
  for i = 1, output_count do types[i] = tostring(m:value(outputs[i]).type) end
  for i, problem in ipairs(m.shape_diagnostics) do codes[i] = problem.code end
  return table.concat(types, " "), table.concat(codes, " ")
end
