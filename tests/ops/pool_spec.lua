-- Pooling and regions of interest.

local check = require "tests.ops.one_node".check

local image = "float32[N,C,H,W]"

describe("pools", function()
  it("keep batch and channels", function()
    check {
      {"MaxPool", 1, {"float32[1,3,32,32]"}, {kernel_shape = {2, 2}, strides = {2, 2}}, "float32[1,3,16,16]"},
      {"MaxPool", 12, {image}, {kernel_shape = {3, 3}, strides = {2, 2}, pads = {1, 1, 1, 1}},
        "float32[N,C,ceil(H/2),ceil(W/2)] int64[N,C,ceil(H/2),ceil(W/2)]"},
      {"MaxPool", 10, {"float32[1,1,L]"}, {kernel_shape = {3}, dilations = {3}}, "float32[1,1,L-6] int64[1,1,L-6]"},
      {"AveragePool", 7, {image}, {kernel_shape = {2, 2}}, "float32[N,C,H-1,W-1]"},
      {"LpPool", 2, {image}, {kernel_shape = {2, 2}, auto_pad = "SAME_LOWER", strides = {2, 2}}, "float32[N,C,ceil(H/2),ceil(W/2)]"},
      {"MaxPool", 12, {"float32"}, {kernel_shape = {3}}, "float32[y0:0,y0:1,y0:2]"},
      {"com.microsoft.NhwcMaxPool", 11, {"uint8[N,H,W,C]"}, {kernel_shape = {3, 3}}, "uint8[N,H-2,W-2,C]"},
      {"com.microsoft.QLinearAveragePool", 11, {"uint8[N,H,W,C]", {"float32", 1}, false, {"float32", 1}},
        {kernel_shape = {3, 3}, channels_last = 1}, "uint8[N,H-2,W-2,C]"},
    }
  end)

  it("count with ceil_mode, but no window that starts behind the input", function()
    local function pool(size, kernel, stride, pads, wanted)
      return {"MaxPool", 12, {("float32[1,1,%s]"):format(size)},
        {kernel_shape = {kernel}, strides = {stride}, pads = pads, ceil_mode = 1}, ("float32[1,1,%s]"):format(wanted)}
    end
    check {
      pool(6, 3, 2, {0, 0}, 3), pool(7, 3, 2, {0, 0}, 3), pool(5, 2, 2, {0, 0}, 3), pool(5, 1, 3, {0, 0}, 2),
      pool(4, 1, 3, {0, 0}, 2), pool(3, 2, 2, {1, 1}, 2), pool(4, 2, 2, {1, 1}, 3), pool(2, 3, 3, {1, 1}, 1),
      pool("L", 3, 2, {0, 0}, "floor(L/2)"), pool("L", 2, 2, {1, 1}, "floor(L/2)+1"),
      {"AveragePool", 19, {"float32[1,1,L]"}, {kernel_shape = {3}, strides = {2}, dilations = {2}, ceil_mode = 1},
        "float32[1,1,floor(L/2)-1]"},
    }
  end)

  it("of the whole space leave one place", function()
    check {
      {"GlobalAveragePool", 1, {image}, {}, "float32[N,C,1,1]"},
      {"GlobalMaxPool", 22, {"float16[N,C,L]"}, {}, "float16[N,C,1]"},
      {"GlobalLpPool", 2, {"float32"}, {}, "float32"},
      {"GlobalAveragePool", 1, {"float32[N]"}, {}, "float32", "rank: rank 1"},
      {"com.microsoft.QLinearGlobalAveragePool", 11,
        {"uint8[N,H,W,C]", {"float32", 1}, {"uint8", 0}, {"float32", 1}, {"uint8", 0}}, {channels_last = 1}, "uint8[N,1,1,C]"},
    }
  end)

  it("report what does not fit", function()
    check {
      {"MaxPool", 12, {"float32[1,1,4,4]"}, {kernel_shape = {9, 2}}, "float32[1,1,y0:2,3]",
        "negative-dimension: 9 is longer than the padded input of 4"},
      {"MaxPool", 12, {image}, {kernel_shape = {0, 2}}, "float32[N,C,y0:2,y0:3]", "attribute-value: kernel_shape has 0"},
      {"MaxPool", 12, {image}, {}, "float32[N,C,y0:2,y0:3]", "attribute-value: missing"},
      {"AveragePool", 11, {"float32[N,C]"}, {kernel_shape = {2}}, "float32", "rank: rank 2"},
    }
  end)

  it("are undone", function()
    local pool = {kernel_shape = {2, 2}, strides = {2, 2}}
    check {
      {"MaxUnpool", 9, {image, "int64[N,C,H,W]"}, pool, "float32[N,C,2*H,2*W]"},
      {"MaxUnpool", 11, {image, "int64[N,C,H,W]", {"int64", 1, 2, 7, 9}}, pool, "float32[1,2,7,9]"},
      {"MaxUnpool", 11, {image, "int64[N,C,H,W]", "int64[4]"}, pool, "float32[y0:0,y0:1,y0:2,y0:3]"},
    }
  end)
end)

describe("regions of interest", function()
  it("are pooled one by one", function()
    check {
      {"RoiAlign", 10, {image, "float32[R,4]", "int64[R]"}, {}, "float32[R,C,1,1]"},
      {"RoiAlign", 16, {image, "float32[R,4]", "int64[K]"}, {output_height = 7, output_width = 5}, "float32[R,C,7,5]"},
      {"MaxRoiPool", 1, {image, "float32[R,5]"}, {pooled_shape = {2, 3}}, "float32[R,C,2,3]"},
      {"com.microsoft.CropAndResize", 11, {image, "float32[R,4]", "int32[R]", {"int32", 14, 15}}, {}, "float32[R,C,14,15]"},
      {"com.microsoft.CropAndResize", 11, {image, "float32[R,4]", "int32[R]", "int32[2]"}, {}, "float32[R,C,y0:2,y0:3]"},
      {"RoiAlign", 10, {image, "float32[3,4]", "int64[4]"}, {}, "float32[y0:0,C,1,1]", "shape-mismatch: 3 and 4"},
      {"MaxRoiPool", 1, {image, "float32[R,5]"}, {pooled_shape = {2}}, "float32[R,C,y0:2,y0:3]", "attribute-value: 1 numbers"},
    }
  end)
end)
