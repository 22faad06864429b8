-- ai.onnx.ml.

local onnxdoc = require "onnxdoc"
local infer = require("tests.ops.one_node").infer

-- Types of the outputs of one node with inputs of these types, and the codes of what is wrong.
local function run(op, inputs, attributes, outputs, version)
  return infer("ai.onnx.ml." .. op, inputs, attributes, outputs or 1, {[""] = 17, ["ai.onnx.ml"] = version or 3})
end

local function floats(n)
  local list = {}
  for i = 1, n do list[i] = 0.5 end
  return list
end

describe("ai.onnx.ml", function()
  it("works elementwise", function()
    assert.equal("float64[N,4]", (run("Binarizer", {"float64[N,4]"})))
    assert.equal("float32[N,4]", (run("Scaler", {"int64[N,4]"}, {scale = floats(4)})))
    assert.equal("float32[N,4]", (run("Normalizer", {"float64[N,4]"})))
    assert.equal("int64[N,4]", (run("Imputer", {"int64[N,4]"}, {imputed_value_int64s = {1}})))
    assert.equal("string[N]", (run("CategoryMapper", {"int64[N]"}, {cats_int64s = {1}, cats_strings = {"a"}})))
    assert.equal("int64[N]", (run("CategoryMapper", {"string[N]"}, {cats_int64s = {1}, cats_strings = {"a"}})))
  end)

  it("encodes labels, by version", function()
    assert.equal("string[N]", (run("LabelEncoder", {"int64[N]"}, {classes_strings = {"a"}}, 1, 1)))
    assert.equal("float32[N]", (run("LabelEncoder", {"int64[N]"}, {keys_int64s = {1}, values_floats = {0.5}}, 1, 2)))
    local b = onnxdoc.build{opset = {[""] = 17, ["ai.onnx.ml"] = 4}}
    local y = b:op("ai.onnx.ml.LabelEncoder", {b:input("x", "int16[N]")},
      {keys_tensor = b:tensor("int16", {1}, {1}), values_tensor = b:tensor("float64", {1}, {1})})
    assert.equal("float64[N]", tostring(assert(b:model()):value(y).type))
    assert.equal("attribute-value", select(2, run("LabelEncoder", {"int64[N]"}, {keys_int64s = {1}}, 1, 2)))
  end)

  it("makes vectors", function()
    assert.equal("float32[N,4,3]", (run("OneHotEncoder", {"int64[N,4]"}, {cats_int64s = {1, 2, 3}})))
    assert.equal("float32[N,2]", (run("OneHotEncoder", {"string[N]"}, {cats_strings = {"a", "b"}})))
    assert.equal("attribute-value", select(2, run("OneHotEncoder", {"string[N]"})))
    assert.equal("float32[N,7]", (run("FeatureVectorizer", {"float32[N,4]", "float32[M,3]"}, {inputdimensions = {4, 3}})))
    assert.equal("attribute-value", select(2, run("FeatureVectorizer", {"float32[N,4]"}, {inputdimensions = {4, 3}})))
    assert.equal("float32[N,K]", (run("ArrayFeatureExtractor", {"float32[N,4]", "int64[1,K]"})))
    assert.equal("string[1,2]", (run("ArrayFeatureExtractor", {"string[4]", "int64[2]"})))
    assert.equal("rank", select(2, run("ArrayFeatureExtractor", {"float[]", "int64[2]"})))
    assert.equal("float32[1,2]", (run("DictVectorizer", {"map(string, float32)"}, {string_vocabulary = {"a", "b"}})))
    assert.equal("shape-mismatch", select(2, run("DictVectorizer", {"float32[3]"}, {string_vocabulary = {"a", "b"}})))
    assert.equal("float32[1,y0:1]", (run("CastMap", {"map(int64, float32)"})))
    assert.equal("int64[1,9]", (run("CastMap", {"map(int64, float32)"}, {cast_to = "TO_INT64", map_form = "SPARSE", max_map = 9})))
  end)

  it("zips rows with labels", function()
    assert.equal("seq(map(int64, float32))", (run("ZipMap", {"float32[N,3]"}, {classlabels_int64s = {0, 1, 2}})))
    assert.equal("seq(map(string, float32))", (run("ZipMap", {"float32[3]"}, {classlabels_strings = {"a", "b", "c"}})))
  end)

  it("classifies", function()
    assert.equal("int64[N] float32[N,3]",
      (run("LinearClassifier", {"float32[N,4]"}, {coefficients = floats(12), intercepts = floats(3), classlabels_ints = {0, 1, 2}}, 2)))
    assert.equal("string[N] float32[N,2]",
      (run("LinearClassifier", {"float32[N,4]"}, {coefficients = floats(4), intercepts = floats(1), classlabels_strings = {"a", "b"}}, 2)))
    assert.equal("int64[1] float32[1,3]", (run("TreeEnsembleClassifier", {"float32[4]"}, {classlabels_int64s = {0, 1, 2}}, 2)))
    local votes = {classlabels_ints = {0, 1, 2, 3}, vectors_per_class = {1, 1, 1, 1}, kernel_type = "RBF"}
    assert.equal("int64[N] float32[N,6]", (run("SVMClassifier", {"float32[N,4]"}, votes, 2)))
    votes.prob_a = floats(6)
    assert.equal("int64[N] float32[N,4]", (run("SVMClassifier", {"float32[N,4]"}, votes, 2)))
    assert.equal("int64[N] float32[N,2]", (run("SVMClassifier", {"float32[N,4]"},
      {classlabels_ints = {0, 1}, vectors_per_class = {1, 1}}, 2)))
  end)

  it("regresses", function()
    assert.equal("float32[N,2]", (run("LinearRegressor", {"float32[N,4]"}, {targets = 2})))
    assert.equal("float32[N,1]", (run("SVMRegressor", {"float32[N,4]"})))
    assert.equal("float32[N,3]", (run("TreeEnsembleRegressor", {"float64[N,4]"}, {n_targets = 3})))
    assert.equal("float32[N,y0:1]", (run("TreeEnsembleRegressor", {"float32[N,4]"})))
    assert.equal("rank", select(2, run("LinearRegressor", {"float[]"})))
    assert.equal("attribute-value", select(2, run("LinearRegressor", {"float32[N,4]"}, {targets = 0})))
  end)

  it("has trees of any float from version 5 on", function()
    local b = onnxdoc.build{opset = {[""] = 17, ["ai.onnx.ml"] = 5}}
    local y = b:op("ai.onnx.ml.TreeEnsemble", {b:input("x", "float64[N,4]")}, {n_targets = 2, tree_roots = {0}})
    assert.equal("float64[N,2]", tostring(assert(b:model()):value(y).type))
  end)
end)
