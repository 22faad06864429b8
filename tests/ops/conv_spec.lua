-- Convolution and its kin.

local one_node = require "tests.ops.one_node"
local check = one_node.check

local image, weights = "float32[N,3,H,W]", "float32[8,3,3,3]"

describe("Conv", function()
  it("slides its kernel over each axis of space", function()
    check {
      {"Conv", 1, {"float32[1,3,10,12]", weights}, {}, "float32[1,8,8,10]"},
      {"Conv", 11, {image, weights}, {}, "float32[N,8,H-2,W-2]"},
      {"Conv", 22, {image, weights, "float32[8]"}, {pads = {1, 1, 1, 1}}, "float32[N,8,H,W]"},
      {"Conv", 11, {image, weights}, {strides = {2, 2}, pads = {1, 1, 1, 1}}, "float32[N,8,ceil(H/2),ceil(W/2)]"},
      {"Conv", 11, {"float32[N,3,L]", "float32[8,3,5]"}, {dilations = {2}}, "float32[N,8,L-8]"},
      {"Conv", 11, {"float32[N,8,H,W]", "float32[8,1,3,3]"}, {group = 8}, "float32[N,8,H-2,W-2]"},
      {"Conv", 11, {"float32[2,3,4,5,6]", "float32[8,3,1,2,3]"}, {}, "float32[2,8,4,4,4]"},
    }
  end)

  it("pads by itself, in all spellings", function()
    check {
      {"Conv", 11, {image, weights}, {auto_pad = "SAME_UPPER", strides = {2, 3}}, "float32[N,8,ceil(H/2),ceil(W/3)]"},
      {"Conv", 11, {image, weights}, {auto_pad = "SAME_LOWER"}, "float32[N,8,H,W]"},
      {"Conv", 11, {image, weights}, {auto_pad = "VALID", pads = {1, 1, 1, 1}}, "float32[N,8,H-2,W-2]"},
      {"Conv", 11, {image, weights}, {auto_pad = "NOTSET", pads = {1, 1, 1, 1}}, "float32[N,8,H,W]"},
      {"Conv", 11, {image, weights}, {auto_pad = "SAME"}, "float32[N,8,y0:2,y0:3]", "attribute-value: 'SAME'"},
    }
  end)

  it("says as much as is known", function()
    check {
      {"Conv", 11, {"float32", weights}, {}, "float32[y0:0,8,y0:2,y0:3]"},
      {"Conv", 11, {image, "float32"}, {kernel_shape = {3, 3}}, "float32[N,y0:1,H-2,W-2]"},
      {"Conv", 11, {"float32", "float32"}, {kernel_shape = {3}}, "float32[y0:0,y0:1,y0:2]"},
      {"Conv", 11, {"float32", "float32"}, {}, "float32"},
      {"Conv", 11, {image, "float32[M,3,K,K]"}, {}, "float32[N,M,H-K+1,W-K+1]"},
    }
  end)

  it("reports what does not fit", function()
    check {
      {"Conv", 11, {"float32[1,3,2,9]", weights}, {}, "float32[1,8,0,7]",
        "negative-dimension: 3 is longer than the padded input of 2"},
      {"Conv", 11, {"float32[1,4,9,9]", weights}, {}, "float32[1,8,7,7]", "shape-mismatch: 4 and 3"},
      {"Conv", 11, {"float32[1,6,9,9]", weights}, {group = 2}, "float32[1,8,7,7]"},
      {"Conv", 11, {"float32[1,9,9,9]", weights}, {group = 3}, "float32[1,8,7,7]",
        "shape-mismatch: 8 output channels do not divide into 3"},
      {"Conv", 11, {image, weights}, {group = 0}, "float32[N,8,y0:2,y0:3]", "attribute-value: group is 0"},
      {"Conv", 11, {image, weights}, {strides = {1}}, "float32[N,8,y0:2,y0:3]",
        "attribute-value: strides has 1 numbers, the shape needs 2"},
      {"Conv", 11, {image, weights}, {strides = {1, 0}}, "float32[N,8,y0:2,y0:3]", "attribute-value: strides has 0 at 1"},
      {"Conv", 11, {image, weights}, {pads = {0, 0, -1, 0}}, "float32[N,8,y0:2,y0:3]", "attribute-value: pads has -1 at 2"},
      {"Conv", 11, {image, weights}, {kernel_shape = {2, 3}}, "float32[N,8,y0:2,y0:3]", "shape-mismatch: 2 and 3"},
      {"Conv", 11, {image, weights, "float32[7]"}, {}, "float32[N,y0:1,H-2,W-2]", "shape-mismatch: 8 and 7"},
      {"Conv", 11, {"float32[3,9]", "float32[8,3]"}, {}, "float32", "rank: rank 2"},
      {"Conv", 11, {image, "float32[8,3,3]"}, {}, "float32", "rank: rank 4 with weights of rank 3"},
    }
  end)

  it("survives sizes past all bounds", function()
    local huge = 1 << 62
    check {
      {"Conv", 11, {image, weights}, {pads = {huge, 0, huge, 0}}, ("float32[N,8,H+%d,W-2]"):format(math.maxinteger - 1)},
      {"Conv", 11, {image, weights}, {dilations = {huge, huge}}, "float32[N,8,H-9223372036854775808,W-9223372036854775808]"},
    }
  end)

  it("derives the channels of its input from the weights", function()
    local m = one_node.build("Conv", 11, {"float32[N,C,H,W]", weights}, {}, 1)
    assert.equal("derived", m.assumptions[1].kind)
    assert.equal("float32[N,3,H,W]", m:value("x1").type)
  end)
end)

describe("Conv's kin", function()
  it("are quantized", function()
    local zero, scale = {"uint8", 0}, {"float32", 0.5}
    local inputs = {"uint8[N,3,H,W]", scale, zero, "int8[8,3,3,3]", scale, {"int8", 0}, scale, {"int8", 0}}
    check {
      {"ConvInteger", 10, {"uint8[N,3,H,W]", "int8[8,3,3,3]"}, {}, "int32[N,8,H-2,W-2]"},
      {"QLinearConv", 10, inputs, {}, "int8[N,8,H-2,W-2]"},
    }
    inputs[1] = "uint8[N,H,W,3]"
    check {{"com.microsoft.QLinearConv", 11, inputs, {channels_last = 1}, "int8[N,H-2,W-2,8]"}}
    inputs[1], inputs[4] = "uint8[N,3,H,W]", "int8[3,8,2,2]"
    check {{"com.microsoft.QLinearConvTranspose", 11, inputs, {strides = {2, 2}}, "int8[N,8,2*H,2*W]"}}
  end)

  it("have their channels last", function()
    check {
      {"com.microsoft.NhwcConv", 11, {"float32[N,H,W,3]", "float32[8,3,5,5]"}, {kernel_shape = {5, 5}}, "float32[N,H-4,W-4,8]"},
      {"com.microsoft.NhwcConv", 11, {"float32[N,H,W,3]", "float32[8,5,5,3]"}, {}, "float32[N,H-4,W-4,8]"},
      {"com.microsoft.NhwcFusedConv", 11, {"float32[N,H,W,3]", "float32[8,3,5,5]"}, {}, "float32[N,H-4,W-4,8]"},
      {"com.microsoft.FusedConv", 11, {image, weights}, {activation = "Relu"}, "float32[N,8,H-2,W-2]"},
    }
  end)

  it("are deformed by offsets in the output's space", function()
    check {
      {"DeformConv", 19, {image, weights, "float32[N,18,OH,OW]"}, {}, "float32[N,8,H-2,W-2]"},
      {"DeformConv", 22, {"float32[1,3,9,9]", weights, "float32[1,18,6,7]"}, {}, "float32[1,8,y0:2,7]", "shape-mismatch: 7 and 6"},
    }
  end)

  it("keep a state", function()
    check {{"com.microsoft.CausalConvWithState", 11, {"float32[B,C,L]", "float32[16,1,4]"}, {}, "float32[B,C,L] float32[B,C,3]"}}
  end)
end)

describe("ConvTranspose", function()
  local x, w = "float32[N,8,H,W]", "float32[8,4,3,3]"

  it("undoes a convolution's shape", function()
    check {
      {"ConvTranspose", 1, {"float32[1,8,5,6]", w}, {}, "float32[1,4,7,8]"},
      {"ConvTranspose", 11, {x, w}, {strides = {2, 2}, pads = {1, 1, 1, 1}, output_padding = {1, 1}}, "float32[N,4,2*H,2*W]"},
      {"ConvTranspose", 11, {x, w}, {group = 2, dilations = {2, 1}}, "float32[N,8,H+4,W+2]"},
      {"ConvTranspose", 22, {x, w}, {output_shape = {10, 11}}, "float32[N,4,10,11]"},
      {"ConvTranspose", 11, {x, w}, {auto_pad = "SAME_UPPER", strides = {2, 2}}, "float32[N,4,2*H,2*W]"},
      {"ConvTranspose", 11, {x, w}, {auto_pad = "SAME_LOWER", strides = {5, 5}}, "float32[N,4,5*H-2,5*W-2]"},
      {"ConvTranspose", 11, {x, w}, {auto_pad = "VALID", pads = {1, 1, 1, 1}}, "float32[N,4,H+2,W+2]"},
      {"com.microsoft.ConvTransposeWithDynamicPads", 11, {x, w, {"int64", 1, 1, 1, 1}}, {}, "float32[N,4,H,W]"},
      {"com.microsoft.ConvTransposeWithDynamicPads", 11, {x, w, "int64[4]"}, {}, "float32[N,4,y0:2,y0:3]"},
    }
  end)

  it("reports what does not fit", function()
    check {
      {"ConvTranspose", 11, {x, w}, {output_shape = {1, 4, 10, 11}}, "float32[N,4,y0:2,y0:3]", "attribute-value: output_shape has 4"},
      {"ConvTranspose", 11, {"float32[1,6,5,5]", w}, {}, "float32[1,4,7,7]", "shape-mismatch: 6 and 8"},
      {"ConvTranspose", 11, {x, w}, {group = 3}, "float32[N,12,H+2,W+2]", "shape-mismatch: 8 input channels do not divide into 3"},
      {"ConvTranspose", 11, {x, w}, {output_padding = {-1, 0}}, "float32[N,4,y0:2,y0:3]", "attribute-value: output_padding has -1"},
    }
  end)
end)
