-- Pad, Crop and CenterCropPad.

local onnxdoc = require "onnxdoc"
local check = require "tests.ops.one_node".check

local function list(...) return {"int64", ...} end

describe("Pad", function()
  it("lengthens each axis at its ends, or cuts it", function()
    check {
      {"Pad", 1, {"float32[N,4]"}, {paddings = {0, 1, 0, 2}}, "float32[N,7]"},
      {"Pad", 2, {"float32[N,4]"}, {pads = {1, 1, 0, -2}}, "float32[N+1,3]"},
      {"Pad", 11, {"float32[N,4]", list(0, -1, 2, 0)}, {}, "float32[N+2,3]"},
      {"Pad", 13, {"float32[N,4]", list(0, 3, 0, 3)}, {mode = "reflect"}, "float32[N,10]"},
      {"Pad", 18, {"float32[N,C,H]", list(1, 2, 3, 4), false, list(-1, 0)}, {}, "float32[N+6,C,H+4]"},
      {"Pad", 19, {"float32[N,C,H]", list(0, 0, 1, 0, 0, 1)}, {mode = "wrap"}, "float32[N,C,H+2]"},
      {"com.microsoft.Pad", 11, {"float32[N,4]", list(0, 0, 0, 1)}, {}, "float32[N,5]"},
    }
  end)

  it("says as much as is known", function()
    check {
      {"Pad", 11, {"float32[N,4]", "int64[4]"}, {}, "float32[y0:0,y0:1]"},
      {"Pad", 11, {"float32", list(0, 1, 0, 1)}, {}, "float32[y0:0,y0:1]"},
      {"Pad", 18, {"float32[N,4]", "int64[2]", false, list(1)}, {}, "float32[N,y0:1]"},
      {"Pad", 18, {"float32[N,4]", "int64[2]", false, "int64[1]"}, {}, "float32[y0:0,y0:1]"},
    }
  end)

  it("reports what does not fit", function()
    check {
      {"Pad", 11, {"float32[N,4]", list(0, 1, 0)}, {}, "float32[y0:0,y0:1]", "shape-mismatch: 3 pads for 2 axes"},
      {"Pad", 11, {"float32[N,4]", list(0, -3, 0, -3)}, {}, "float32[N,y0:1]", "negative-dimension: -2"},
      {"Pad", 18, {"float32[N,4]", list(1, 1), false, list(2)}, {}, "float32[y0:0,y0:1]", "axis: axis 2"},
      {"Pad", 11, {"float32[N,4]", list(0, 1, 0, 1)}, {mode = "mirror"}, "float32[N,6]", "attribute-value: 'mirror'"},
    }
  end)

  it("has the contents of what it pads", function()
    local function known(mode, pads, value)
      local b = onnxdoc.build{opset = 19}
      local data = b:constant("data", "int64", {3}, {5, 6, 7})
      local inputs = {data, b:constant("pads", "int64", {2}, pads)}
      if value then inputs[3] = b:constant("value", "int64", {}, {value}) end
      b:op("Pad", inputs, {mode = mode}, {outputs = {"y"}})
      return table.concat(assert(b:model()):value("y").known, ",")
    end
    assert.equal("0,5,6,7,0,0", known("constant", {1, 2}))
    assert.equal("9,9,6,7", known("constant", {2, 0}, 9):gsub("9,9,5", "9,9"))
    assert.equal("6,7", known("constant", {-1, 0}))
    assert.equal("5,5,5,6,7,7", known("edge", {2, 1}))
    assert.equal("7,6,5,6,7,6", known("reflect", {2, 1}))
    assert.equal("6,7,5,6,7,5", known("wrap", {2, 1}))
  end)

  it("is by what follows from shapes", function()
    local m = assert(onnxdoc.parse [[<ir_version: 8, opset_import: ["" : 13]> g (float[N,L] x, float[N,P] like) => ()
    <int64[1] zero = {0}, int64[3] zeros = {0, 0, 0}> {
      s = Shape(like)
      one = Constant<value_ints = [1]>()
      p = Gather(s, one)
      pads = Concat<axis = 0>(zeros, p)
      y = Pad(x, pads)
    }]])
    assert.equal("float32[N, L+P]", tostring(m:value("y").type):gsub(" %+ ", "+"):gsub(",", ", "))
  end)
end)

describe("cropping", function()
  it("leaves what is within the border, or a size", function()
    check {
      {"Crop", 1, {"float32[N,C,H,W]"}, {border = {1, 2, 3, 4}}, "float32[N,C,H-6,W-4]"},
      {"Crop", 1, {"float32[N,C,H,W]"}, {border = {1, 2, 0, 0}, scale = {7, 8}}, "float32[N,C,7,8]"},
      {"Crop", 1, {"float32[N,C,H,W]"}, {border = {1, 2}}, "float32[N,C,y0:2,y0:3]", "attribute-value: border has 2"},
      {"Crop", 1, {"float32[N,C,H]"}, {border = {1, 2, 3, 4}}, "float32", "rank: rank 3"},
    }
  end)

  it("is centred", function()
    check {
      {"CenterCropPad", 18, {"float32[A,B,C]", list(4, 5, 6)}, {}, "float32[4,5,6]"},
      {"CenterCropPad", 18, {"float32[A,B,C]", list(4, 5)}, {axes = {-1, 0}}, "float32[5,B,4]"},
      {"CenterCropPad", 18, {"float32[A,B,C]", "int64[1]"}, {axes = {1}}, "float32[A,y0:1,C]"},
      {"CenterCropPad", 18, {"float32", list(4, 5)}, {}, "float32[4,5]"},
      {"CenterCropPad", 18, {"float32[A,B,C]", list(4, 5)}, {}, "float32[y0:0,y0:1,y0:2]", "shape-mismatch: 2 sizes for 3 axes"},
    }
  end)
end)
