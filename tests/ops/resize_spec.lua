-- Resize and Upsample.

local onnxdoc = require "onnxdoc"
local one_node = require "tests.ops.one_node"
local check = one_node.check

local function scales(...) return {"float32", ...} end
local function sizes(...) return {"int64", ...} end
local none, roi = {"empty"}, {"empty"}

describe("Resize", function()
  it("multiplies by scales and rounds down, in float32 where the size is known", function()
    check {
      {"Resize", 10, {"float32[1,3,5,5]", scales(1, 1, 2, 1.5)}, {}, "float32[1,3,10,7]"},
      {"Resize", 11, {"float32[1,3,10,20]", roi, scales(1, 1, 0.7, 0.7)}, {}, "float32[1,3,7,14]"},
      {"Resize", 13, {"float32[N,3,H,W]", false, scales(1, 1, 2, 0.5)}, {}, "float32[N,3,2*H,floor(W/2)]"},
      {"Resize", 13, {"float32[N,3,H,W]", false, scales(1, 1, 1 / 3, 0.7)}, {}, "float32[N,3,floor(H/3),floor(7*W/10)]"},
      {"Resize", 18, {"float32[N,3,H,W]", false, scales(2, 3)}, {axes = {3, -2}}, "float32[N,3,3*H,2*W]"},
    }
  end)

  it("takes sizes as they are", function()
    check {
      {"Resize", 11, {"float32[1,3,5,5]", roi, none, sizes(1, 3, 9, 11)}, {}, "float32[1,3,9,11]"},
      {"Resize", 13, {"float32", false, false, sizes(1, 3, 9, 11)}, {}, "float32[1,3,9,11]"},
      {"Resize", 19, {"float32[N,C,H,W]", false, false, sizes(9, 11)}, {axes = {2, 3}}, "float32[N,C,9,11]"},
    }
  end)

  it("takes sizes that follow from shapes", function()
    local m = assert(onnxdoc.parse [[<ir_version: 8, opset_import: ["" : 13]> g (float[N,3,H,W] x, float[N,3,P,Q] like) => () {
      s = Shape(like)
      y = Resize(x, , , s)
    }]])
    assert.equal("float32[N,3,P,Q]", m:value("y").type)
  end)

  it("keeps the aspect ratio where it is asked to", function()
    local function keep(policy, wanted)
      return {"Resize", 18, {"float32[1,3,4,10]", false, false, sizes(8, 10)}, {axes = {2, 3}, keep_aspect_ratio_policy = policy}, wanted}
    end
    check {
      keep("stretch", "float32[1,3,8,10]"), keep("not_larger", "float32[1,3,4,10]"), keep("not_smaller", "float32[1,3,8,20]"),
      {"Resize", 18, {"float32[1,3,H,10]", false, false, sizes(8, 10)}, {axes = {2, 3}, keep_aspect_ratio_policy = "not_larger"},
        "float32[1,3,y0:2,y0:3]"},
      {"Resize", 18, {"float32[1,3,H,10]", false, false, sizes(8)}, {axes = {2}, keep_aspect_ratio_policy = "not_larger"},
        "float32[1,3,8,10]"},
      {"Resize", 18, {"float32[1,3,4,10]", false, false, sizes(8, 10)}, {axes = {2, 3}, keep_aspect_ratio_policy = "some"},
        "float32[1,3,8,10]", "attribute-value: 'some'"},
    }
  end)

  it("says as much as is known", function()
    check {
      {"Resize", 13, {"float32[N,3,H,W]", false, "float32[4]"}, {}, "float32[y0:0,y0:1,y0:2,y0:3]"},
      {"Resize", 18, {"float32[N,3,H,W]", false, "float32[2]"}, {axes = {2, 3}}, "float32[N,3,y0:2,y0:3]"},
      {"Resize", 13, {"float32", false, scales(1, 2)}, {}, "float32[y0:0,y0:1]"},
    }
  end)

  it("reports what does not fit", function()
    local x = "float32[1,3,4,4]"
    check {
      {"Resize", 13, {x, false, scales(1, 2)}, {}, "float32[y0:0,y0:1,y0:2,y0:3]", "shape-mismatch: 2 scales for 4 axes"},
      {"Resize", 13, {x, false, scales(1, 1, 0, -1)}, {}, "float32[1,3,y0:2,y0:3]",
        "attribute-value: axis 2 is 0; attribute-value: axis 3 is -1"},
      {"Resize", 13, {x, false, scales(1, 1, 1, 1), sizes(1, 3, 2, 2)}, {}, "float32[1,3,2,2]", "input-count: both"},
      {"Resize", 13, {x}, {}, "float32", "input-count: neither"},
      {"Resize", 18, {x, false, scales(2, 2)}, {axes = {2, 4}}, "float32[y0:0,y0:1,y0:2,y0:3]", "axis: axis 4"},
      {"Resize", 18, {x, false, scales(2, 2)}, {axes = {2, 2}}, "float32[y0:0,y0:1,y0:2,y0:3]", "axis: twice"},
    }
  end)
end)

describe("Upsample", function()
  it("has scales in attributes, and later in an input", function()
    check {
      {"Upsample", 1, {"float32[N,3,H,5]"}, {height_scale = 2.0, width_scale = 1.5}, "float32[N,3,2*H,7]"},
      {"Upsample", 7, {"float32[N,3,H,5]"}, {scales = {1.0, 1.0, 2.0, 1.5}}, "float32[N,3,2*H,7]"},
      {"Upsample", 9, {"float32[N,3,H,5]", scales(1, 1, 2, 1.5)}, {}, "float32[N,3,2*H,7]"},
      {"Upsample", 7, {"float32[N,3,H,5]"}, {scales = {1.0, 1.0}}, "float32[y0:0,y0:1,y0:2,y0:3]", "attribute-value: 2 numbers"},
      {"Upsample", 1, {"float32[N,3,H]"}, {height_scale = 2.0, width_scale = 1.5}, "float32", "rank: rank 3"},
    }
  end)
end)
