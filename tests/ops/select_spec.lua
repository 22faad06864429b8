-- Operators that pick elements or say where they are.

local onnxdoc = require "onnxdoc"
local infer = require("tests.ops.one_node").infer

-- {operator, inputs, attributes, output count, "types", "problem codes", opset}
local function check(cases)
  for _, case in ipairs(cases) do
    local found, codes = infer(case[1], case[2], case[3], case[4], case[7])
    assert.equal(case[5], found, case[1])
    assert.equal(case[6] or "", codes, case[1])
  end
end

local function int64(...)
  return {"int64", {select("#", ...)}, {...}}
end

describe("selection", function()
  it("finds the greatest", function()
    check({
      {"ArgMax", {"float[B,3,N]"}, {axis = 1}, 1, "int64[B,1,N]"},
      {"ArgMax", {"float[B,3,N]"}, {axis = -1, keepdims = 0}, 1, "int64[B,3]"},
      {"ArgMin", {"float[B,3]"}, {}, 1, "int64[1,3]"},
      {"ArgMin", {"float[B,3]"}, {axis = 2}, 1, "nil", "axis"},
      {"TopK", {"float[B,9]", int64(4)}, {}, 2, "float32[B,4] int64[B,4]"},
      {"TopK", {"float[B,N]", int64(4)}, {axis = 0}, 2, "float32[4,N] int64[4,N]"},
      {"TopK", {"float[B,9]"}, {k = 2}, 2, "float32[B,2] int64[B,2]", nil, 9},
      {"TopK", {"float[B,9]"}, {}, 2, "float32[B,y0:1] int64[B,y1:1]", "attribute-value", 9},
      {"TopK", {"float[B,3]", int64(4)}, {axis = -1}, 1, "float32[B,y0:1]", "shape-mismatch"},
      {"TopK", {"float[B,3]", int64(-1)}, {}, 1, "float32[B,y0:1]", "shape-mismatch"},
    })
  end)

  it("counts what is known", function()
    check({
      {"NonZero", {int64(0, 7, 0, 5)}, {}, 1, "int64[1,2]"},
      {"NonZero", {"float[2,N]"}, {}, 1, "int64[2,y0:1]"},
      {"NonZero", {"float[]"}, {}, 1, "int64[0,y0:1]"},
      {"Compress", {"float[5,N]", {"bool", {3}, {true, false, true}}}, {axis = 0}, 1, "float32[2,N]"},
      {"Compress", {"float[5,N]", "bool[5]"}, {axis = 1}, 1, "float32[5,y0:1]"},
      {"Compress", {"float[5,N]", "bool[5]"}, {}, 1, "float32[y0:0]"},
      {"Compress", {"float[5,N]", "bool[5]"}, {axis = 7}, 1, "float32", "axis"},
      {"Unique", {"float[5,N]"}, {axis = 0}, 4, "float32[y0:0,N] int64[y0:0] int64[5] int64[y0:0]"},
      {"Unique", {"float[5,N]"}, {}, 3, "float32[y0:0] int64[y0:0] int64[5*N]"},
    })
  end)

  it("bounds the boxes that non-maximum suppression selects", function()
    check({
      {"NonMaxSuppression", {"float[1,B,4]", "float[1,C,B]", int64(10)}, {}, 1, "int64[y0:0,3]"},
      {"NonMaxSuppression", {"float[1,8,4]", "float[1,C,9]", int64(10)}, {}, 1, "int64[y0:0,3]", "shape-mismatch"},
      {"NonMaxSuppression", {"float[8,4]", "float[1,C,9]"}, {}, 1, "int64[y0:0,3]", "rank"},
    })
  end)

  it("knows where the elements of a constant are that are not 0", function()
    local b = onnxdoc.build{opset = 17}
    b:input("x", "float[9,N]")
    b:op("NonZero", {b:constant("mask", "int64", {4}, {0, 1, 0, 1})}, {}, {outputs = {"at"}})
    b:op("Squeeze", {"at", b:constant("axis", "int64", {1}, {0})}, {}, {outputs = {"axes"}})
    b:op("Reshape", {"x", "axes"}, {}, {outputs = {"y"}})
    b:output("y")
    local m = assert(b:model())
    assert.equal("float32[1,3]", tostring(m:value("y").type))
  end)

  it("sums and sorts shapes", function()
    -- as the shapes of new tensors
    local function shape_of(operator, inputs, attributes, opset)
      local b = onnxdoc.build{opset = opset or 17}
      b:input("x", "float[2,3,N]")
      b:op("Shape", {"x"}, {}, {outputs = {"shape"}})
      for i, input in ipairs(inputs) do
        if type(input) == "table" then inputs[i] = b:constant("c" .. i, table.unpack(input)) end
      end
      b:op(operator, inputs, attributes, {outputs = operator == "TopK" and {"values", "at"} or {"values"}})
      b:op("ConstantOfShape", {"values"}, {}, {outputs = {"y"}})
      b:output("y")
      if operator == "TopK" then
        b:op("ConstantOfShape", {"at"}, {}, {outputs = {"z"}})
        b:output("z")
      end
      local m = assert(b:model())
      return tostring(m:value("y").type) .. (operator == "TopK" and " " .. tostring(m:value("z").type) or "")
    end
    local zero = {"int64", {}, {0}}
    assert.equal("float32[2,5,N + 5]", shape_of("CumSum", {"shape", zero}, {}))
    assert.equal("float32[0,2,5]", shape_of("CumSum", {"shape", zero}, {exclusive = 1}))
    assert.equal("float32[N + 5,N + 3,N]", shape_of("CumSum", {"shape", zero}, {reverse = 1}))
    assert.equal("float32[2,6,6*N]", shape_of("CumProd", {"shape", zero}, {}, 26))
    assert.equal("float32[9,7] float32[1,3]", shape_of("TopK", {int64(1, 9, 2, 7), int64(2)}, {}))
    assert.equal("float32[1,2] float32[0,2]", shape_of("TopK", {int64(1, 9, 2, 7), int64(2)}, {largest = 0}))
  end)

  it("keeps shapes", function()
    check({
      {"CumSum", {"float[B,N]", int64(1)}, {}, 1, "float32[B,N]"},
      {"EyeLike", {"float[M,N]"}, {dtype = 7}, 1, "int64[M,N]"},
      {"EyeLike", {"float[M,N]"}, {dtype = 99}, 1, "?[M,N]", "attribute-value"},
      {"Det", {"float[B,M,M]"}, {}, 1, "float32[B]"},
      {"Det", {"float[4]"}, {}, 1, "nil", "rank"},
      {"Det", {"float[B,3,4]"}, {}, 1, "float32[B]", "shape-mismatch"},
      {"BitwiseAnd", {"int32[B,1]", "int32[N]"}, {}, 1, "int32[B,N]", nil, 18},
      {"EyeLike", {"float[M]"}, {}, 1, "float32[M]", "rank"},
      {"BitCast", {"float[B,N]"}, {to = 6}, 1, "int32[B,N]", nil, 26},
      {"BitCast", {"float[B,N]"}, {to = 7}, 1, "int64[B,N]", "attribute-value", 26},
      {"BitCast", {"float[B,N]"}, {}, 1, "?[B,N]", "attribute-value", 26},
      {"Trilu", {"float[B,M,N]"}, {}, 1, "float32[B,M,N]"},
      {"Trilu", {"float[N]"}, {}, 1, "float32[N]", "rank"},
      {"ReverseSequence", {"float[T,B,N]", "int64[B]"}, {}, 1, "float32[T,B,N]"},
      {"ReverseSequence", {"float[4,2]", "int64[3]"}, {}, 1, "float32[4,2]", "shape-mismatch"},
      {"ReverseSequence", {"float[4,2]", "int64[4]"}, {batch_axis = 0, time_axis = 1}, 1, "float32[4,2]"},
      {"ReverseSequence", {"float[4,2]", "int64[4]"}, {batch_axis = 0}, 1, "float32[4,2]", "attribute-value"},
      {"ReverseSequence", {"float[4]", "int64[4]"}, {}, 1, "float32[4]", "rank"},
    })
  end)

  it("spreads indices along an axis", function()
    local off_on = {"float32", {2}, {0, 1}}
    check({
      {"OneHot", {"int64[B,4]", int64(10), off_on}, {}, 1, "float32[B,4,10]"},
      {"OneHot", {"int64[B,4]", int64(10), off_on}, {axis = 0}, 1, "float32[10,B,4]"},
      {"OneHot", {"int64[B,4]", int64(10), off_on}, {axis = -2}, 1, "float32[B,10,4]"},
      {"OneHot", {"int64[B,4]", "int64[]", off_on}, {}, 1, "float32[B,4,y0:2]"},
    })
    -- {opset, indices, attributes, elements}
    for _, case in ipairs{
      {11, {1, 0, 3}, {}, {5, 7, 5, 7, 5, 5, 5, 5, 5}},
      {11, {-1}, {}, {5, 5, 7}},
      {10, {-1}, {}, {5, 5, 5}},
      {11, {1, 0, 3}, {axis = 0}, {5, 7, 5, 7, 5, 5, 5, 5, 5}},
      {11, {1, 2}, {axis = 0}, {5, 5, 7, 5, 5, 7}},
    } do
      local b = onnxdoc.build{opset = case[1]}
      b:op("OneHot", {b:constant("i", "int64", {#case[2]}, case[2]), b:constant("d", "int64", {}, {3}),
        b:constant("v", "int64", {2}, {5, 7})}, case[3], {outputs = {"y"}})
      b:output("y")
      assert.same(case[4], assert(b:model()):value("y").known)
    end
  end)
end)
