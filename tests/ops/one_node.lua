-- Models of one node, for specs of operators' rules: what comes out, and what is reported.
--
--     one_node.check {
--       {"Conv", 11, {"float32[N,3,H,W]", "float32[8,3,3,3]"}, {strides = {2, 2}}, "float32[N,8,ceil(H/2) - 1,…]"},
--       …
--     }
--
-- A case is {operator, opset, inputs, attributes, types [, codes]}: inputs are types, false (left out), or contents of a
-- constant: {dtype, value, …}, one-dimensional, or {dtype, dims, data}; {"empty"} has no elements; "float[]" is a scalar
-- ("float": not even the rank is known). `types` are those of the outputs, as many as
-- there are words; `codes` are those of all problems, each with a part of its message behind it where that matters:
-- "rank: of rank 2; axis".

local inferred = require "tests.ops.inferred"
local onnxdoc = require "onnxdoc"
local assert = require "luassert"

local M = {}

local function add_input(b, index, input)
  if not input then return false end
  local scalar = type(input) == "string" and input:match("^(%w+)%[%]$")
  if scalar then return b:input("x" .. index, scalar == "float" and "float32" or scalar, {}) end
  if type(input) == "string" then return b:input("x" .. index, input) end
  if type(input[2]) == "table" then return b:constant("x" .. index, input[1], input[2], input[3]) end
  if input[1] == "empty" then return b:constant("x" .. index, "float32", {0}, {}) end
  local values = table.move(input, 2, #input, 1, {})
  return b:constant("x" .. index, input[1], {#values}, values)
end

-- The model (inputs are x1, x2, ..., outputs y0, y1, ...), and the names of the node's outputs.
function M.build(op_type, opset, inputs, attributes, count)
  local b = onnxdoc.build{opset = opset}
  local names, outputs = {}, {}
  for i, input in ipairs(inputs) do names[i] = add_input(b, i, input) end
  for i = 1, count do outputs[i] = "y" .. i - 1 end
  b:op(op_type, names, attributes, {outputs = outputs, name = "n"})
  return assert(b:model()), outputs
end

function M.types(model, names)
  local found = {}
  for i, name in ipairs(names) do found[i] = tostring(model:value(name).type):gsub(" ", "") end
  return table.concat(found, " ")
end

-- The type of a tensor that has the node's result as its shape: what was found of the contents. Inputs are constants
-- {dtype, dims, data}, "s", the shape of a float32[2,3,N], or "z", that of a scalar.
function M.as_shape(op_type, opset, inputs, attributes)
  local b = onnxdoc.build{opset = opset}
  b:input("x", "float32[2,3,N]")
  b:input("scalar", "float32", {})
  b:op("Shape", {"x"}, {}, {outputs = {"s"}})
  b:op("Shape", {"scalar"}, {}, {outputs = {"z"}})
  local names = {}
  for i, input in ipairs(inputs) do
    names[i] = type(input) == "table" and b:constant("c" .. i, table.unpack(input)) or input
  end
  b:op(op_type, names, attributes, {outputs = {"y"}})
  b:op("Reshape", {"y", b:constant("flat", "int64", {1}, {-1})}, {}, {outputs = {"dims"}})
  b:op("ConstantOfShape", {"dims"}, {}, {outputs = {"t"}})
  return tostring(assert(b:model()):value("t").type)
end

-- Types of the outputs and codes of the problems, a text each; and the model.
function M.infer(op_type, inputs, attributes, count, opset)
  local model, names = M.build(op_type, opset or 17, inputs, attributes, count)
  return inferred.types(model, table.unpack(names)), inferred.codes(model), model
end

local function problems(model)
  local found = {}
  for i, problem in ipairs(model.shape_diagnostics) do found[i] = problem.code .. ": " .. problem.message end
  return found
end

local function check_problems(model, wanted, title)
  local found, at = problems(model), 0
  for word in (wanted or ""):gmatch("[^;]+") do
    at = at + 1
    local code, part = word:match("^%s*([%w-]+):?%s*(.*)$")
    local message = found[at] or "(nothing)"
    assert.is_true(message:sub(1, #code + 1) == code .. ":" and message:find(part, 1, true) ~= nil,
      ("%s: wanted %s, got %s"):format(title, word, message))
  end
  assert.equal(at, #found, title .. ": " .. table.concat(found, "\n"))
end

function M.check(cases)
  for i, case in ipairs(cases) do
    local op_type, opset, inputs, attributes, wanted, codes = table.unpack(case, 1, 6)
    local title = ("case %d, %s %d"):format(i, op_type, opset)
    local words = {}
    for word in wanted:gmatch("%S+") do words[#words + 1] = word end
    local model, names = M.build(op_type, opset, inputs, attributes, #words)
    assert.equal(table.concat(words, " "), M.types(model, names), title)
    check_problems(model, codes, title)
  end
end

return M
