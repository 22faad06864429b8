-- An IR version that came before the operator set: no release of ONNX has both.

local versions = require "onnxdoc.versions"

return {
  severity = "info", category = "compatibility", title = "IR version older than the operator set",
  confidence = "medium",
  description = "Each operator set was released with an IR version. A model with an older one mixes two releases; most "
    .. "runtimes take it, strict tools may not.",
  fix = "Set ir_version to what the operator set was released with (onnx.helper.find_min_ir_version_for tells).",
  references = {"https://github.com/onnx/onnx/blob/main/docs/Versioning.md#released-versions"},
  messages = {
    older = "IR version {ir} is older than operator set {opset}, which came with IR version {wanted} in ONNX {release}",
  },
  check = function(model, report)
    local opset = model.opset[""]
    local release = opset and versions.release_of(opset)
    local ir = model.ir_version
    if release and ir and ir > 0 and ir < release.ir then
      report(model, "older", {ir = ir, opset = opset, wanted = release.ir, release = release.release})
    end
  end,
  examples = {
    fires = {[[<ir_version: 6, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }]]},
    silent = {
      [[<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 10, opset_import: ["" : 9]> g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 8, opset_import: ["ai.onnx.ml" : 3]> g (float[1] x) => (float[1] y) {
          y = ai.onnx.ml.Scaler(x)
        }]],
    },
  },
}
