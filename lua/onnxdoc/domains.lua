--- Domains of operators, and whose they are.

local domains = {}

local known = {
  ["ai.onnx"] = "ONNX", ["ai.onnx.ml"] = "ONNX, classical machine learning", ["ai.onnx.preview"] = "ONNX, preview",
  ["ai.onnx.training"] = "ONNX, training", ["ai.onnx.preview.training"] = "ONNX, training",
  ["com.microsoft"] = "onnxruntime", ["com.microsoft.nchwc"] = "onnxruntime, layouts of its CPU kernels",
  ["com.microsoft.experimental"] = "onnxruntime, experiments", ["com.microsoft.dml"] = "onnxruntime, DirectML",
  ["com.microsoft.mlfeaturizers"] = "onnxruntime, featurizers",
  ["com.ms.internal.nhwc"] = "onnxruntime, layouts of its kernels", ["org.pytorch.aten"] = "PyTorch",
  ["ai.onnx.contrib"] = "onnxruntime-extensions", ["com.microsoft.extensions"] = "onnxruntime-extensions",
  ["ai.onnx.converters.tensorflow"] = "tf2onnx", ["pkg.onnxscript.torch_lib"] = "onnxscript",
  ["pkg.onnxscript.torch_lib.common"] = "onnxscript", ["onnx.brevitas"] = "Brevitas",
  ["qonnx.custom_op.general"] = "QONNX", ["qonnx.custom_op.channels_last"] = "QONNX",
  ["finn.custom_op.fpgadataflow"] = "FINN", ["trt.plugins"] = "TensorRT, plug-ins", ["trt"] = "TensorRT",
  ["mmcv"] = "MMCV", ["mmdeploy"] = "MMDeploy", ["com.amd.quark"] = "AMD Quark", ["com.vai.quantize"] = "AMD Vitis AI",
  ["org.openvinotoolkit"] = "OpenVINO", ["ai.graphcore"] = "Graphcore", ["PACTOps"] = "PULP quantisation",
}

--- Whose a domain is, or nil where it is not known. Modules that PyTorch exports as functions have domains of their
-- own.
function domains.maker(domain)
  if domain:find("^pkg%.torch") then return "PyTorch, modules as functions" end
  return known[domain == "" and "ai.onnx" or domain]
end

return domains
