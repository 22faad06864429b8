-- Reductions: axes from the attribute or an input, by version; what is reduced of shapes.

local one_node = require "tests.ops.one_node"

-- Newest first: {operator, since when axes are an input}
local operators = {
  {"ReduceSum", 13}, {"ReduceMean", 18}, {"ReduceMax", 18}, {"ReduceMin", 18}, {"ReduceProd", 18}, {"ReduceL1", 18},
  {"ReduceL2", 18}, {"ReduceLogSum", 18}, {"ReduceLogSumExp", 18}, {"ReduceSumSquare", 18},
}

local shape_of = one_node.as_shape

describe("reductions", function()
  it("take axes from the attribute, then from an input", function()
    for _, operator in ipairs(operators) do
      local name, since = operator[1], operator[2]
      local before = since - 1
      one_node.check{
        {name, 1, {"float32[B,3,N]"}, {axes = {1}}, "float32[B,1,N]"},
        {name, before, {"float32[B,3,N]"}, {axes = {-1, 0}, keepdims = 0}, "float32[3]"},
        {name, before, {"float32[B,3,N]"}, {}, "float32[1,1,1]"},
        {name, before, {"float32[B,3,N]"}, {keepdims = 0}, "float32[]"},
        {name, since, {"float32[B,3,N]", {"int64", -1}}, {keepdims = 0}, "float32[B,3]"},
        {name, since, {"float32[B,3,N]", {"int64", 0, 2}}, {}, "float32[1,3,1]"},
        {name, since, {"float32[B,3,N]"}, {}, "float32[1,1,1]"},
        {name, since, {"float32[B,3,N]"}, {noop_with_empty_axes = 1}, "float32[B,3,N]"},
        {name, since, {"float32[B,3,N]", "int64[0]"}, {noop_with_empty_axes = 1}, "float32[B,3,N]"},
        {name, since, {"float32[B,3,N]", "int64[0]"}, {keepdims = 0}, "float32[]"},
      }
    end
  end)

  it("know the rank when they do not know the axes", function()
    one_node.check{
      {"ReduceSum", 13, {"float32[B,3,N]", "int64[2]"}, {keepdims = 0}, "float32[y0:0]"},
      {"ReduceSum", 13, {"float32[B,3,N]", "int64[2]"}, {}, "float32[y0:0,y0:1,y0:2]"},
      {"ReduceSum", 13, {"float32[B,3,N]", "int64[A]"}, {keepdims = 0}, "float32"},
      {"ReduceSum", 13, {"float32[B,3,N]", "int64[9]"}, {keepdims = 0}, "float32"},
      {"ReduceMax", 18, {"float", {"int64", 0}}, {}, "float32"},
    }
    local m = one_node.build("ReduceSum", 13, {"float32[B,3,N]", "int64[2]"}, {}, 1)
    assert.equal("the axes to reduce are not known", m.gaps[1].reason)
  end)

  it("report axes outside the shape once", function()
    one_node.check{
      {"ReduceSum", 11, {"float32[B,3]"}, {axes = {2}}, "float32[y0:0,y0:1]", "axis: axis 2"},
      {"ReduceMean", 18, {"float32[B,3]", {"int64", -3}}, {keepdims = 0}, "float32[y0:0]", "axis: axis -3"},
    }
  end)

  it("reduce shapes", function()
    assert.equal("float32[N + 5]", shape_of("ReduceSum", 13, {"s"}, {}))
    assert.equal("float32[6*N]", shape_of("ReduceProd", 17, {"s"}, {keepdims = 0}))
    assert.equal("float32[max(N,3)]", shape_of("ReduceMax", 17, {"s"}, {}):gsub(", ", ","))
    assert.equal("float32[2]", shape_of("ReduceMin", 18, {{"int64", {3}, {4, 2, 7}}, {"int64", {1}, {0}}}, {}))
    -- rows of a matrix
    assert.equal("float32[3,12]", shape_of("ReduceSum", 13, {{"int64", {2, 2}, {1, 2, 5, 7}}, {"int64", {1}, {1}}}, {}))
    assert.equal("float32[6,9]", shape_of("ReduceSum", 13, {{"int64", {2, 2}, {1, 2, 5, 7}}, {"int64", {1}, {0}}}, {}))
  end)

  it("give a mean of whole numbers as one", function()
    assert.equal("float32[3]", shape_of("ReduceMean", 17, {{"int64", {2}, {3, 4}}}, {}))
  end)

  it("reduce nothing: the shape of a scalar", function()
    assert.equal("float32[1]", shape_of("ReduceProd", 17, {"z"}, {}))
    assert.equal("float32[0]", shape_of("ReduceSum", 13, {"z"}, {}))
    assert.equal("float32[t:0]", shape_of("ReduceMax", 17, {"z"}, {}))
  end)

  it("find where a shape is greatest", function()
    assert.equal("float32[1]", shape_of("ArgMax", 13, {{"int64", {4}, {3, 9, 9, 1}}}, {}))
    assert.equal("float32[2]", shape_of("ArgMax", 13, {{"int64", {4}, {3, 9, 9, 1}}}, {select_last_index = 1}))
    assert.equal("float32[3]", shape_of("ArgMin", 13, {{"int64", {4}, {3, 9, 9, 1}}}, {axis = -1}))
    assert.equal("float32[1,0]", shape_of("ArgMax", 13, {{"int64", {2, 2}, {1, 7, 5, 2}}}, {axis = 0}))
    -- depends on N
    assert.equal("float32[t:0]", shape_of("ArgMax", 13, {"s"}, {}))
  end)

  it("check the axis of running sums", function()
    one_node.check{
      {"CumSum", 11, {"float32[B,N]", {"int64", -2}}, {}, "float32[B,N]"},
      {"CumSum", 14, {"float32[B,N]", {"int64", 2}}, {}, "float32[B,N]", "axis: axis 2"},
      {"CumProd", 26, {"float32[B,N]", {"int64", -3}}, {}, "float32[B,N]", "axis: axis -3"},
    }
  end)
end)
