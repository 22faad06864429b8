-- MatMul, Gemm, Einsum and their integer kin; to and from quantised numbers.

local check = require "tests.ops.one_node".check

describe("MatMul", function()
  it("is numpy's", function()
    check {
      {"MatMul", 13, {"float32[M,K]", "float32[K,N]"}, {}, "float32[M,N]"},
      {"MatMul", 13, {"float32[B,H,M,K]", "float32[K,N]"}, {}, "float32[B,H,M,N]"},
      {"MatMul", 13, {"float32[7,1,4,3]", "float32[2,3,5]"}, {}, "float32[7,2,4,5]"},
      {"MatMul", 13, {"float32[K]", "float32[K]"}, {}, "float32[]"},
      {"MatMul", 13, {"float32[3]", "float32[2,3,4]"}, {}, "float32[2,4]"},
      {"MatMul", 13, {"float32[2,4,3]", "float32[3]"}, {}, "float32[2,4]"},
      {"MatMul", 13, {"float32[0,3]", "float32[3,5]"}, {}, "float32[0,5]"},
      {"MatMul", 13, {"float32[2,3]", "float32[4,5]"}, {}, "float32", "shape-mismatch: inner dimensions"},
      {"MatMul", 13, {"float32[2,4,3]", "float32[5,3,4]"}, {}, "float32", "shape-mismatch"},
      {"MatMul", 13, {"float[]", "float32[4,5]"}, {}, "float32", "rank: a scalar"},
      {"MatMulInteger", 10, {"uint8[B,M,K]", "int8[K,N]"}, {}, "int32[B,M,N]"},
      {"QLinearMatMul", 10, {"uint8[B,M,K]", "float[]", "uint8[]", "uint8[K,N]", "float[]", "uint8[]", "float[]", "int8[]"},
       {}, "int8[B,M,N]"},
    }
  end)
end)

describe("Gemm", function()
  it("transposes its matrices", function()
    check {
      {"Gemm", 13, {"float32[M,K]", "float32[K,N]"}, {}, "float32[M,N]"},
      {"Gemm", 11, {"float32[K,M]", "float32[N,K]", "float32[N]"}, {transA = 1, transB = 1}, "float32[M,N]"},
      {"Gemm", 13, {"float32[2,3]", "float32[4,5]"}, {}, "float32[2,5]", "shape-mismatch: inner dimensions"},
      {"Gemm", 13, {"float32[2,3,4]", "float32[4,5]"}, {}, "float32[y0:0,5]", "rank: input 0 has rank 3"},
    }
  end)
  it("has a C that broadcasts to Y, not the other way", function()
    check {
      {"Gemm", 13, {"float32[M,3]", "float32[3,N]", "float32[M,1]"}, {}, "float32[M,N]"},
      {"Gemm", 13, {"float32[1,3]", "float32[3,5]", "float[]"}, {}, "float32[1,5]"},
      {"Gemm", 13, {"float32[1,3]", "float32[3,5]", "float32[4,5]"}, {}, "float32[1,5]", "shape-mismatch: C [4,5]"},
      {"Gemm", 13, {"float32[4,3]", "float32[3,1]", "float32[5]"}, {}, "float32[4,1]", "shape-mismatch: C [5]"},
      {"Gemm", 13, {"float32[4,3]", "float32[3,5]", "float32[6]"}, {}, "float32[4,5]", "shape-mismatch"},
      {"Gemm", 13, {"float32[4,3]", "float32[3,5]", "float32[1,4,5]"}, {}, "float32[4,5]", "rank: C has rank 3"},
      {"Gemm", 6, {"float32[4,3]", "float32[3,5]", "float32[5]"}, {broadcast = 1}, "float32[4,5]"},
    }
  end)
end)

describe("Einsum", function()
  local function einsum(equation, inputs, wanted, codes)
    return {"Einsum", 12, inputs, {equation = equation}, wanted, codes}
  end
  it("multiplies and sums by label", function()
    check {
      einsum("bij,bjk->bik", {"float32[B,I,J]", "float32[B,J,K]"}, "float32[B,I,K]"),
      einsum(" b i j , b j k -> b i k ", {"float32[2,3,4]", "float32[2,4,5]"}, "float32[2,3,5]"),
      einsum("ii->i", {"float32[N,N]"}, "float32[N]"),
      einsum("ij->", {"float32[2,3]"}, "float32[]"),
      einsum(",i->i", {"float[]", "float32[2]"}, "float32[2]"),
      einsum("ab,bc->ac", {"float32[2,1]", "float32[3,4]"}, "float32[2,4]"),
    }
  end)
  it("without an output has the labels that occur once, by alphabet", function()
    check {
      einsum("bA,Ac", {"float32[2,3]", "float32[3,4]"}, "float32[2,4]"),
      einsum("ba,ac", {"float32[2,3]", "float32[3,4]"}, "float32[2,4]"),
      einsum("cb,ba", {"float32[2,3]", "float32[3,4]"}, "float32[4,2]"),
      einsum("ii", {"float32[4,4]"}, "float32[]"),
      einsum("iij", {"float32[4,4,5]"}, "float32[5]"),
      einsum("...ij,jk", {"float32[7,2,3,4]", "float32[4,5]"}, "float32[7,2,3,5]"),
      einsum("", {"float[]"}, "float32[]"),
    }
  end)
  it("has an ellipsis anywhere", function()
    check {
      einsum("...ij,jk->i...k", {"float32[B,H,I,J]", "float32[J,K]"}, "float32[I,B,H,K]"),
      einsum("...j->j...", {"float32[2,3,4]"}, "float32[4,2,3]"),
      einsum("ij->ij...", {"float32[2,3]"}, "float32[2,3]"),
      einsum("...j->j", {"float32[3]"}, "float32[3]"),
    }
  end)
  it("refuses what is no equation", function()
    local at = {"float32[2,3]"}
    check {
      einsum("", at, "float32", "rank"),
      einsum("ij,", at, "float32", "attribute-value: more terms"),
      einsum("ij-", at, "float32", "attribute-value"),
      einsum("i.j", at, "float32", "attribute-value: no label"),
      einsum("ij\0->i", at, "float32", "attribute-value: no label"),
      einsum("ij->i\0", at, "float32", "attribute-value: no label"),
      einsum("ij->ik", at, "float32", "attribute-value: has a label that no input has"),
      einsum("ij->ii", at, "float32", "attribute-value: has a label twice"),
      einsum("ij->......", at, "float32", "attribute-value: has two ellipses"),
      einsum("ij->ij,k", at, "float32", "attribute-value: has something behind it"),
      einsum("ij->ij->i", at, "float32", "attribute-value: has something behind it"),
      einsum("...j->j", at, "float32", "attribute-value: lacks the ellipsis"),
      einsum("ij,jk", {"float32[2,3]", "float32[4,5]"}, "float32[2,5]", "shape-mismatch"),
    }
  end)
end)

describe("quantised numbers", function()
  it("have the type that zero point, output_dtype or nobody says", function()
    check {
      {"QuantizeLinear", 13, {"float32[N,3]", "float[]"}, {}, "uint8[N,3]"},
      {"QuantizeLinear", 13, {"float32[N,3]", "float[]", "int8[]"}, {}, "int8[N,3]"},
      {"QuantizeLinear", 21, {"float32[N,4]", "float32[N,2]"}, {block_size = 2, axis = 1, output_dtype = 5}, "int16[N,4]"},
      {"QuantizeLinear", 23, {"float32[N,3]", "float[]"}, {output_dtype = 0}, "uint8[N,3]"},
      {"QuantizeLinear", 25, {"float32[N,3]", "float[]", "uint16[]"}, {}, "uint16[N,3]"},
      {"QuantizeLinear", 21, {"float32[N,3]", "float[]"}, {output_dtype = 4294967297}, "uint8[N,3]",
       "attribute-value: output_dtype is 4294967297"},
      {"QuantizeLinear", 21, {"float32[N,3]", "float[]"}, {output_dtype = -1}, "uint8[N,3]", "attribute-value"},
      {"DynamicQuantizeLinear", 11, {"float32[N,3]"}, {}, "uint8[N,3] float32[] uint8[]"},
    }
  end)
  it("become what the scale or output_dtype is", function()
    check {
      {"DequantizeLinear", 10, {"int32[N]", "float[]"}, {}, "float32[N]"},
      {"DequantizeLinear", 19, {"uint8[N,3]", "float16[]"}, {}, "float16[N,3]"},
      {"DequantizeLinear", 21, {"uint8[N,4]", "float32[N,2]"}, {block_size = 2, axis = 1}, "float32[N,4]"},
      {"DequantizeLinear", 23, {"uint8[N,3]", "float[]"}, {output_dtype = 10}, "float16[N,3]"},
      {"DequantizeLinear", 10, {"uint8[N]", false}, {}, "float32[N]", "input-count"},
      {"DequantizeLinear", 21, {"uint8[N]", false}, {}, "?[N]", "input-count"},
      {"com.microsoft.DequantizeLinear", 21, {"uint8[N]", false}, {}, "?[N]", "input-count"},
    }
  end)
end)
