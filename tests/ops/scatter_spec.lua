-- Elements scattered into a tensor and gathered from it.

local one_node = require "tests.ops.one_node"

-- As one_node.as_shape; constants are {dims, data}, of int64.
local function shape_of(operator, opset, inputs, attributes)
  for i, input in ipairs(inputs) do
    if type(input) == "table" then inputs[i] = {"int64", table.unpack(input)} end
  end
  return one_node.as_shape(operator, opset, inputs, attributes)
end

describe("scattering", function()
  it("keeps the shape of data", function()
    one_node.check{
      {"ScatterND", 16, {"float32[B,4,N]", "int64[7,2]", "float32[7,N]"}, {}, "float32[B,4,N]"},
      {"ScatterElements", 11, {"float32[B,4]", "int64[M,4]", "float32[M,4]"}, {axis = -1}, "float32[B,4]"},
      {"Scatter", 9, {"float32[B,4]", "int64[M,4]", "float32[M,4]"}, {}, "float32[B,4]"},
      {"ScatterND", 16, {"float32", "int64[7,2]", "float32[7,N]"}, {}, "float32"},
    }
  end)

  it("reports what does not fit", function()
    one_node.check{
      {"ScatterND", 16, {"float32[B,4]", "int64[7,3]", "float32[7]"}, {}, "float32[B,4]", "rank: 3 indices"},
      {"ScatterND", 16, {"float32[B,4]", "int64[7,1]", "float32[7]"}, {}, "float32[B,4]", "rank: updates have rank 1"},
      {"ScatterND", 16, {"float32[B,4]", "int64[7,1]", "float32[7,5]"}, {}, "float32[B,4]", "shape-mismatch"},
      {"ScatterND", 16, {"float32[B,4]", "int64[]", "float32[7]"}, {}, "float32[B,4]", "rank"},
      {"ScatterElements", 16, {"float32[B,4]", "int64[3]", "float32[3]"}, {}, "float32[B,4]", "rank: indices have"},
      {"ScatterElements", 16, {"float32[B]", "int64[3]", "float32[3]"}, {axis = 1}, "float32[B]", "axis"},
      {"ScatterElements", 16, {"float32[B]", "int64[3]", "float32[4]"}, {}, "float32[B]", "shape-mismatch"},
      {"ScatterElements", 16, {"float32[B]", "int64[3]", "float32[3,1]"}, {}, "float32[B]", "rank: updates have"},
    }
  end)

  it("builds shapes", function()
    local index, new = {{2, 1}, {0, -1}}, {{2}, {9, 7}}
    assert.equal("float32[9,3,7]", shape_of("ScatterND", 16, {"s", index, new}, {}))
    assert.equal("float32[11,3,N + 7]", shape_of("ScatterND", 16, {"s", index, new}, {reduction = "add"}))
    assert.equal("float32[18,3,7*N]", shape_of("ScatterND", 18, {"s", index, new}, {reduction = "mul"}))
    assert.equal("float32[9,3,7]", shape_of("ScatterElements", 16, {"s", {{2}, {0, 2}}, new}, {}))
    assert.equal("float32[9,3,7]", shape_of("Scatter", 9, {"s", {{2}, {0, 2}}, new}, {}))
    assert.equal("float32[11,3,N + 7]",
      shape_of("ScatterElements", 16, {"s", {{2}, {0, -1}}, new}, {reduction = "add"}))
    assert.equal("float32[1,9,7,4]",
      shape_of("ScatterElements", 11, {{{2, 2}, {1, 2, 3, 4}}, {{2, 1}, {1, 0}}, {{2, 1}, {9, 7}}}, {axis = 1}))
  end)

  it("leaves the result open when an index is outside", function()
    assert.equal("float32[t:0,t:1,t:2]", shape_of("ScatterND", 16, {"s", {{1, 1}, {3}}, {{1}, {9}}}, {}))
    assert.equal("float32[t:0,t:1,t:2]", shape_of("ScatterElements", 16, {"s", {{1}, {-4}}, {{1}, {9}}}, {}))
  end)
end)

describe("gathering", function()
  it("puts tuples' blocks into the place of tuples", function()
    one_node.check{
      {"GatherND", 11, {"float32[B,4,N]", "int64[7,2]"}, {}, "float32[7,N]"},
      {"GatherND", 12, {"float32[B,4,N]", "int64[B,7,1]"}, {batch_dims = 1}, "float32[B,7,N]"},
      {"GatherND", 12, {"float32[3,4,N]", "int64[5,7,1]"}, {batch_dims = 1}, "float32[y0:0,7,N]", "shape-mismatch"},
      {"GatherND", 12, {"float32[B,4]", "int64[7,3]"}, {}, "float32", "rank: 3 indices"},
      {"GatherND", 12, {"float32[B,4]", "int64[7,2]"}, {batch_dims = 2}, "float32", "rank"},
      {"GatherND", 12, {"float32[B,4]", "int64[7,2]"}, {batch_dims = -1}, "float32", "rank"},
      {"GatherND", 12, {"float32[B,4]", "int64[7,M]"}, {}, "float32"},
      {"GatherND", 12, {"float32[B,4]", "int64[]"}, {}, "float32", "rank"},
      {"GatherND", 12, {"float32", "int64[7,2]"}, {}, "float32"},
    }
    local m = one_node.build("GatherND", 12, {"float32[B,4]", "int64[7,M]"}, {}, 1)
    assert.equal("how many dimensions are indexed is not known", m.gaps[1].reason)
  end)

  it("takes elements where indices say", function()
    one_node.check{
      {"GatherElements", 11, {"float32[B,4]", "int64[M,4]"}, {}, "float32[M,4]"},
      {"GatherElements", 13, {"float32[B,4]", "int64[M]"}, {}, "float32[M]", "rank: indices have rank 1, data has 2"},
      {"GatherElements", 13, {"float32[B,4]", "int64[M,4]"}, {axis = 2}, "float32[M,4]", "axis"},
    }
  end)

  it("picks of shapes", function()
    assert.equal("float32[N,2]", shape_of("GatherElements", 11, {"s", {{2}, {2, -3}}}, {}))
    assert.equal("float32[N,2]", shape_of("GatherND", 12, {"s", {{2, 1}, {2, -3}}}, {}))
    assert.equal("float32[2,3]", shape_of("GatherND", 12, {{{2, 2}, {1, 2, 3, 4}}, {{2, 1}, {1, 0}}}, {batch_dims = 1}))
    assert.equal("float32[3,4,1,2]", shape_of("GatherND", 12, {{{2, 2}, {1, 2, 3, 4}}, {{2, 1}, {1, 0}}}, {}))
    assert.equal("float32[t:0]", shape_of("GatherElements", 11, {"s", {{1}, {3}}}, {}))
  end)
end)
