-- Operators on images that rearrange or sample them.

local one_node = require "tests.ops.one_node"
local check = one_node.check

local function list(...) return {"int64", ...} end

describe("blocks", function()
  it("move between depth and space", function()
    check {
      {"DepthToSpace", 1, {"float32[N,12,H,W]"}, {blocksize = 2}, "float32[N,3,2*H,2*W]"},
      {"DepthToSpace", 13, {"float32[N,C,H,W]"}, {blocksize = 2}, "float32[N,floor(C/4),2*H,2*W]"},
      {"SpaceToDepth", 13, {"float32[N,3,H,6]"}, {blocksize = 2}, "float32[N,12,floor(H/2),3]"},
      {"DepthToSpace", 11, {"float32[N,6,H,W]"}, {blocksize = 2}, "float32[N,y0:1,2*H,2*W]",
        "shape-mismatch: depth, 6, does not divide by 4"},
      {"SpaceToDepth", 1, {"float32[N,3,5,6]"}, {blocksize = 2}, "float32[N,12,y0:2,3]", "shape-mismatch: height"},
      {"SpaceToDepth", 1, {"float32[N,3,4]"}, {blocksize = 2}, "float32", "rank: rank 3"},
      {"SpaceToDepth", 1, {"float32[N,3,4,4]"}, {blocksize = -1}, "float32[N,y0:1,y0:2,y0:3]", "attribute-value: blocksize is -1"},
    }
  end)

  it("are put together into images", function()
    check {
      {"Col2Im", 18, {"float32[N,27,100]", list(10, 10), list(3, 3)}, {pads = {1, 1, 1, 1}}, "float32[N,3,10,10]"},
      {"Col2Im", 18, {"float32[N,5,25]", list(5, 5), list(1, 5)}, {}, "float32[N,1,5,5]", "shape-mismatch: 25 and 5"},
      {"Col2Im", 18, {"float32[N,27,L]", "int64[2]", list(3, 3)}, {}, "float32[N,3,y0:2,y0:3]"},
      {"Col2Im", 18, {"float32[N,27,L]", list(10, 10, 2), list(3, 3)}, {}, "float32", "shape-mismatch: 3 axes and a block of 2"},
    }
  end)

  it("are unfolded", function()
    check {
      {"com.microsoft.UnfoldTensor", 11, {"float32[N,L,4]"}, {dim = 1, size = 3, step = 2}, "float32[N,ceil(L/2)-1,4,3]"},
      {"com.microsoft.UnfoldTensor", 11, {"float32[N,L,4]"}, {dim = 1, size = 3, step = 0}, "float32", "attribute-value: 3 and 0"},
    }
  end)
end)

describe("sampling", function()
  it("takes the grid's space", function()
    check {
      {"GridSample", 16, {"float32[N,C,H,W]", "float32[N,P,Q,2]"}, {}, "float32[N,C,P,Q]"},
      {"GridSample", 20, {"float32[N,C,D,H,W]", "float32[N,P,Q,R,3]"}, {}, "float32[N,C,P,Q,R]"},
      {"GridSample", 16, {"float32", "float32[N,P,Q,2]"}, {}, "float32[N,y0:1,P,Q]"},
      {"com.microsoft.GridSample", 11, {"float32[N,C,H,W]", "float32[N,P,Q,2]"}, {}, "float32[N,C,P,Q]"},
      {"GridSample", 16, {"float32[N,C,H,W]", "float32[N,P,Q,3]"}, {}, "float32[N,C,P,Q]", "shape-mismatch: 3 and 2"},
      {"GridSample", 16, {"float32[N,C,H,W]", "float32[N,P,Q]"}, {}, "float32", "rank: rank 4 and a grid of rank 3"},
    }
  end)

  it("makes grids", function()
    check {
      {"AffineGrid", 20, {"float32[N,2,3]", list(2, 3, 5, 6)}, {}, "float32[2,5,6,2]"},
      {"AffineGrid", 20, {"float32[N,3,4]", list(2, 3, 5, 6, 7)}, {}, "float32[2,5,6,7,3]"},
      {"AffineGrid", 20, {"float32[N,2,3]", "int64[4]"}, {}, "float32[N,y0:1,y0:2,2]"},
      {"AffineGrid", 20, {"float32[N,2,3]", list(2, 3)}, {}, "float32", "shape-mismatch: 2 numbers"},
    }
  end)
end)

describe("what depends on data", function()
  it("has bounds and a reason", function()
    check {
      {"ImageDecoder", 20, {"uint8[L]"}, {}, "uint8[y0:0,y0:1,3]"},
      {"ImageDecoder", 20, {"uint8[L]"}, {pixel_format = "Grayscale"}, "uint8[y0:0,y0:1,1]"},
      {"com.microsoft.DynamicTimeWarping", 11, {"float32[4,6]"}, {}, "int32[2,y0:1]"},
      {"com.microsoft.WordConvEmbedding", 11, {"int32[S,12]", "float32[50,1,3,8]", "float32[50]", "float32[99,8]"}, {},
        "float32[S,50]"},
    }
    local m = one_node.build("com.microsoft.DynamicTimeWarping", 11, {"float32[4,6]"}, {}, 1)
    assert.equal(m:value("y0").shape[2], m.symbols[#m.symbols].expr)
    assert.same({"data", 6, 9}, {m.symbols[1].origin, m.symbols[1].least, m.symbols[1].most})
  end)
end)
