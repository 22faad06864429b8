-- What the model uses, but its IR version does not have yet.

-- The first IR version with an element type; those that are not named are older.
local first_ir = {
  float8e4m3fn = 9, float8e4m3fnuz = 9, float8e5m2 = 9, float8e5m2fnuz = 9, int4 = 10, uint4 = 10, float4e2m1 = 11,
  float8e8m0 = 12, int2 = 13, uint2 = 13,
}
local FUNCTIONS, FREE_INITIALIZERS = 8, 4

return {
  severity = "warning", category = "compatibility", title = "The IR version lacks what the model uses",
  confidence = "high",
  description = "Local functions, small element types and initializers that are no inputs came with later IR versions "
    .. "than the one that the model names. The ONNX checker refuses it, and runtimes that go by the IR version misread "
    .. "it.",
  fix = "Raise ir_version to the one that the message names.",
  references = {"https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"},
  messages = {
    functions = "local functions, which IR version {ir} does not have, but {wanted} has: {count}",
    initializers = "initializers that are no inputs of the graph, as IR version {ir} demands and {wanted} does not: "
      .. "{count}",
    dtype = "stored tensors of type {dtype}, which IR version {ir} does not have, but {wanted} has: {count}",
  },
  check = function(model, report)
    local ir = model.ir_version or 0
    if ir == 0 then return end
    if ir < FUNCTIONS and #model.functions > 0 then
      report(model, "functions", {count = #model.functions, ir = ir, wanted = FUNCTIONS})
    end
    local free, by_dtype, dtypes = {}, {}, {}
    for tensor in model:tensors() do
      local value, dtype = tensor.value, tensor.dtype
      if value and value.graph.kind == "main" and not value.is_input then free[#free + 1] = tensor end
      if (first_ir[dtype] or 0) > ir then
        if not by_dtype[dtype] then
          by_dtype[dtype] = {}
          dtypes[#dtypes + 1] = dtype
        end
        table.insert(by_dtype[dtype], tensor)
      end
    end
    if ir < FREE_INITIALIZERS and #free > 0 then
      report(free, "initializers", {count = #free, ir = ir, wanted = FREE_INITIALIZERS})
    end
    for _, dtype in ipairs(dtypes) do
      local tensors = by_dtype[dtype]
      report(tensors, "dtype", {count = #tensors, dtype = dtype, ir = ir, wanted = first_ir[dtype]})
    end
  end,
  examples = {
    fires = {
      [[<ir_version: 3, opset_import: ["" : 8]>
        g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      [[<ir_version: 7, opset_import: ["" : 14, "com.acme" : 1]>
        g (float[2] x) => (float[2] y) { y = com.acme.Twist(x) }
        <domain: "com.acme", opset_import: ["" : 14]>
        Twist (a) => (b) { b = Neg(a) }]],
      [[<ir_version: 8, opset_import: ["" : 21]>
        g (float[2] x) => (float[2] y) <int4[2] w = {1, 2}, float s = {1}> {
          v = DequantizeLinear(w, s)
          y = Add(x, v)
        }]],
    },
    silent = {
      [[<ir_version: 4, opset_import: ["" : 9]>
        g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      [[<ir_version: 3, opset_import: ["" : 8]>
        g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }]],
      [[<ir_version: 10, opset_import: ["" : 21]>
        g (float[2] x) => (float[2] y) <int4[2] w = {1, 2}, float s = {1}> {
          v = DequantizeLinear(w, s)
          y = Add(x, v)
        }]],
    },
  },
}
