-- Normalization and Dropout.

local check = require "tests.ops.one_node".check
local one_node = require "tests.ops.one_node"

describe("BatchNormalization", function()
  local function inputs(x, vector) return {x, vector, vector, vector, vector} end

  it("is as its input, with statistics of each channel", function()
    local x, v = "float32[N,3,H,W]", "float32[3]"
    check {
      {"BatchNormalization", 1, inputs(x, v), {consumed_inputs = {0}}, "float32[N,3,H,W] float32[3] float32[3] float32[3] float32[3]"},
      {"BatchNormalization", 6, inputs(x, v), {is_test = 1}, "float32[N,3,H,W]"},
      {"BatchNormalization", 7, inputs(x, "float32[3,H,W]"), {spatial = 0}, "float32[N,3,H,W] float32[3,H,W] float32[3,H,W]"},
      {"BatchNormalization", 9, inputs(x, v), {}, "float32[N,3,H,W] float32[3] float32[3]"},
      {"BatchNormalization", 14, {x, v, v, "float64[3]", "float64[3]"}, {training_mode = 1}, "float32[N,3,H,W] float64[3] float64[3]"},
      {"BatchNormalization", 15, {"float16[N,3,H,W]", v, v, v, v}, {training_mode = 1}, "float16[N,3,H,W] float32[3] float32[3]"},
      {"BatchNormalization", 15, inputs("float32", v), {training_mode = 1}, "float32 float32[3] float32[3]"},
      {"BatchNormalization", 9, inputs("float32[N]", "float32[1]"), {}, "float32[N]"},
    }
  end)

  it("reports parameters of other channels", function()
    check {
      {"BatchNormalization", 9, inputs("float32[N,4,H]", "float32[3]"), {}, "float32[N,4,H]",
        "shape-mismatch: 4 and 3; shape-mismatch; shape-mismatch; shape-mismatch"},
      {"BatchNormalization", 9, {"float32[N,3]", "float32[3]", "float32[1,3]", "float32[3]", "float32[3]"}, {},
        "float32[N,3]", "rank: input 2"},
    }
  end)
end)

describe("normalization", function()
  local image = "float32[N,4,H,W]"

  it("keeps the shape", function()
    check {
      {"InstanceNormalization", 6, {image, "float32[4]", "float32[4]"}, {}, image},
      {"GroupNormalization", 18, {image, "float32[2]", "float32[2]"}, {num_groups = 2}, image},
      {"GroupNormalization", 21, {image, "float32[4]", "float32[4]"}, {num_groups = 2}, image},
      {"LRN", 13, {image}, {size = 3}, image},
      {"LpNormalization", 1, {image}, {axis = -4}, image},
      {"MeanVarianceNormalization", 9, {image}, {axes = {0, 2}}, image},
      {"com.microsoft.GroupNorm", 11, {"float16[N,H,W,4]", "float32[4]", "float32[4]"}, {groups = 2, activation = 1},
        "float16[N,H,W,4]"},
      {"com.microsoft.SkipGroupNorm", 11, {"float16[N,H,W,4]", "float32[4]", "float32[4]",
        "float16[N,4]"}, {groups = 2, activation = 1},
        "float16[N,H,W,4] float16[N,H,W,4]"},
    }
  end)

  it("reports what does not fit", function()
    check {
      {"InstanceNormalization", 6, {"float32[N,4]", "float32[4]", "float32[4]"}, {}, "float32[N,4]", "rank: rank 2"},
      {"GroupNormalization", 21, {image, "float32[4]",
        "float32[4]"}, {num_groups = 3}, image, "shape-mismatch: 4 channels do not divide into 3"},
      {"GroupNormalization", 21, {image, "float32[2]", "float32[4]"}, {num_groups = 2}, image, "shape-mismatch: 4 and 2"},
      {"GroupNormalization", 21, {image, "float32[2]", "float32[4]"}, {num_groups = 0}, image, "attribute-value: num_groups is 0"},
      {"LpNormalization", 1, {image}, {axis = 4}, image, "axis: axis 4"},
      {"MeanVarianceNormalization", 9, {image}, {axes = {0, 7}}, image, "axis: axis 7"},
    }
  end)

  it("of rows has their statistics", function()
    local x = "float16[B,S,64]"
    check {
      {"LayerNormalization", 17, {x, "float16[64]"}, {}, "float16[B,S,64] float32[B,S,1] float32[B,S,1]"},
      {"LayerNormalization", 17, {x, "float16[S,64]"}, {axis = 1, stash_type = 16}, "float16[B,S,64] bfloat16[B,1,1] bfloat16[B,1,1]"},
      {"LayerNormalization", 17, {x, "float16[32]"}, {}, "float16[B,S,64]", "shape-mismatch: 64 and 32"},
      {"LayerNormalization", 17, {x, "float16[1]"}, {}, "float16[B,S,64]"},
      {"LayerNormalization", 17, {x, "float16[64]"}, {axis = 3}, "float16[B,S,64] float32", "axis: axis 3"},
      {"LayerNormalization", 9, {x, "float32[64]"}, {}, "float32[B,S,64]"},
      {"RMSNormalization", 23, {x, "float32[64]"}, {}, "float32[B,S,64]"},
      {"SimplifiedLayerNormalization", 17, {x, "float32[64]"}, {}, "float32[B,S,64] float32[B,S,1]"},
      {"com.microsoft.SkipLayerNormalization", 17, {x, x, "float16[64]"}, {},
        "float16[B,S,64] float32[B,S,1] float32[B,S,1] float16[B,S,64]"},
      {"com.microsoft.SkipSimplifiedLayerNormalization", 17, {"float32", "float32", "float32[64]"}, {},
        "float32 float32 float32 float32"},
    }
  end)

  it("derives the hidden size from the parameters", function()
    local m = one_node.build("com.microsoft.SkipLayerNormalization", 17, {"float32[B,S,D]", "float32[B,S,D]", "float32[64]"}, {}, 1)
    assert.equal("float32[B,S,64]", m:value("y0").type)
  end)

  it("of embeddings makes them", function()
    local ids = "int32[B,S]"
    check {
      {"com.microsoft.EmbedLayerNormalization", 11, {ids, ids, "float16[100,64]", "float16[512,64]", "float16[2,64]",
        "float16[64]", "float16[64]"}, {},
        "float16[B,S,64] int32[B] float16[B,S,64]"},
      {"com.microsoft.EmbedLayerNormalization", 11, {"int32", false, "float32[100,64]",
        "float32[512,64]", false, "float32[64]", "float32[64]"}, {},
        "float32[y0:0,y0:1,64]"},
    }
  end)
end)

describe("Dropout", function()
  it("has a mask, of the data's type before opset 10", function()
    check {
      {"Dropout", 1, {"float16[N,4]"}, {}, "float16[N,4] float16[N,4]"},
      {"Dropout", 7, {"float16[N,4]"}, {}, "float16[N,4] float16[N,4]"},
      {"Dropout", 10, {"float16[N,4]"}, {}, "float16[N,4] bool[N,4]"},
      {"Dropout", 12, {"float16[N,4]"}, {}, "float16[N,4] bool[N,4]"},
      {"Dropout", 22, {"float16[N,4]", {"float32", 0.5}}, {}, "float16[N,4] bool[N,4]"},
      {"com.microsoft.BiasDropout", 12, {"float32[N,4]", "float32[4]"}, {}, "float32[N,4] bool[N,4]"},
      {"com.microsoft.BitmaskDropout", 12, {"float32[N,64]"}, {}, "float32[N,64] uint32[2*N]"},
    }
  end)

  it("hands its input on where nothing is dropped", function()
    local ratio, yes, no = {"float32", 0.5}, {"bool", {}, {true}}, {"bool", {}, {false}}
    local function known(opset, inputs, attributes)
      return one_node.build("Dropout", opset, inputs, attributes, 1):value("y0").known
    end
    local data = {"float32", 3, 5}
    assert.same({3, 5}, known(12, {data}))
    assert.same({3, 5}, known(12, {data, ratio, no}))
    assert.same({3, 5}, known(7, {data}))
    assert.same({3, 5}, known(6, {data}, {is_test = 1}))
    assert.is_nil(known(12, {data, ratio, yes}))
    assert.is_nil(known(12, {data, ratio, "bool[]"}))
    assert.is_nil(known(6, {data}))
  end)
end)

describe("fused biases", function()
  it("fit the last dimension", function()
    check {
      {"com.microsoft.BiasSplitGelu", 11, {"float16[B,S,2560]", "float16[2560]"}, {}, "float16[B,S,1280]"},
      {"com.microsoft.BiasAdd", 11, {"float16[B,S,C]", "float16[320]", "float16[B,S,C]"}, {}, "float16[B,S,320]"},
      {"com.microsoft.BiasSplitGelu", 11, {"float16[B,S,10]", "float16[12]"}, {}, "float16[B,S,5]", "shape-mismatch: 10 and 12"},
    }
  end)
end)
