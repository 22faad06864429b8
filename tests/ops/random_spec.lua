-- Every operator that has a rule, on inputs, attributes and declared types drawn at random: whatever they are, inference
-- comes to an end, says what is wrong, and gives shapes whose dimensions are not below 0; counting costs comes to an end,
-- and no cost is below 0. Under the sanitizers this is where rules that trust their node show.

local bindings = require "onnxdoc.bindings"
local onnxdoc = require "onnxdoc"
local scale = require "tests.scale"

local random = math.random
local function one_of(list) return list[random(#list)] end

local NUMBERS = {-9223372036854775807 - 1, 9223372036854775807, 4611686018427387904, -1, 0, 1, 2, 3, 5, 4096}
local DTYPES = {"float32", "int64", "int32", "uint8", "bool", "float16", "string"}

local function number() return random(4) == 1 and one_of(NUMBERS) or random(-3, 6) end

local function numbers()
  local list = {}
  for i = 1, random(0, 5) do list[i] = number() end
  return list
end

local draw = {
  INT = number, INTS = numbers,
  FLOAT = function() return one_of {-1.5, 0.0, 0.5, 2.0, 1e30, 0 / 0, math.huge} end,
  FLOATS = function() return {0.5, 2.0, 1e30} end,
  STRING = function() return one_of {"", "constant", "SAME_UPPER", "bidirectional", "none", "ij,jk->ik", "...ij->...", "linear"} end,
  STRINGS = function() return {"a", "b"} end,
}

local function attributes_of(schema)
  local list = {}
  for name, attribute in pairs(schema and schema.attributes or {}) do
    local kind = random(12) == 1 and one_of {"INT", "INTS", "STRING"} or attribute.type
    if draw[kind] and random(3) > 1 then
      list[#list + 1] = {name = name, type = kind:lower(), value = draw[kind]()}
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function dims()
  local list = {}
  for i = 1, random(0, 4) do list[i] = one_of {0, 1, 2, 3, 4, "N", "M", false, 4611686018427387904} end
  return list
end

local input_count = 0
local function next_input()
  input_count = input_count + 1
  return "x" .. input_count
end

-- A value: an input, a small constant, one that an earlier node gives, or none at all.
local function draw_input(b, earlier)
  local kind = random(8)
  if kind == 1 then return false end
  if kind == 2 and #earlier > 0 then return one_of(earlier) end
  if kind == 3 then return b:input(next_input(), one_of(DTYPES), random(4) > 1 and dims() or nil) end
  local shape, count = {}, 1
  for i = 1, random(0, 2) do
    shape[i] = random(0, 4)
    count = count * shape[i]
  end
  local items = {}
  for i = 1, count do items[i] = number() end
  return b:constant(nil, "int64", shape, items)
end

local function add_node(b, domain, name, index, earlier)
  local inputs, outputs = {}, {}
  for i = 1, random(0, 5) do inputs[i] = draw_input(b, earlier) end
  for i = 1, random(0, 4) do outputs[i] = random(8) == 1 and "" or ("y%d_%d"):format(index, i) end
  local schema = onnxdoc.schema(name, domain, b.opset[domain])
  b:op(name, inputs, attributes_of(schema), {domain = domain, outputs = outputs, name = index == 1 and "noted" or nil})
  for i, output in ipairs(outputs) do
    if output ~= "" then
      if random(3) == 1 then b:value(output, one_of(DTYPES), dims()) end
      earlier[#earlier + 1] = output
      -- asks for the contents
      b:op("ConstantOfShape", {output}, nil, {outputs = {("s%d_%d"):format(index, i)}})
    end
  end
end

local function check(model, what)
  for value in model.graph:values() do
    for axis, dim in ipairs(value.shape or {}) do
      local ok = type(dim) == "userdata" or math.type(dim) == "integer" and dim >= 0 or math.type(dim) == "float" and dim >= 2^63
      assert.is_true(ok, ("%s: dimension %d of %s is %s"):format(what, axis, value.name, tostring(dim)))
    end
    assert.is_true(value.known == nil or #value.known <= 4096)
  end
end

-- Costs of every node, and how they come about.
local function check_costs(model, what)
  for node in model.graph:nodes() do
    local cost = node.own_cost
    for _, metric in ipairs {"macs", "elementwise", "transcendentals", "dequant", "bytes_read", "bytes_written", "weight_bytes"} do
      local value = cost[metric] and cost[metric].value
      if value and value < 0 then error(("%s: %s of %s is %s"):format(what, metric, tostring(node), value)) end
    end
  end
  assert.is_table(model.parameters)
  assert.is_table(model:node("noted").cost_notes)
  local binding = bindings.of(model)
  local ok, peak = pcall(model.memory, model, binding.values, "orders")
  assert.is_true(ok or peak:find("past 2^127", 1, true) ~= nil, what .. ": " .. tostring(peak))
end

describe("rules", function()
  it("take any node", function()
    math.randomseed(20261124)
    local last
    for line in io.lines("src/ops/ops.def") do
      local domain, name = line:match('^X%("([^"]*)", "([^"]*)"')
      if domain .. name ~= last then
        last = domain .. name
        for _, opset in ipairs {7, 13, 24} do
          local b, earlier = onnxdoc.build{opset = domain == "" and opset or {[""] = opset, [domain] = 1}}, {}
          for index = 1, scale(30) do add_node(b, domain, name, index, earlier) end
          local model, what = assert(b:model()), ("%s.%s %d"):format(domain, name, opset)
          check(model, what)
          check_costs(model, what)
        end
      end
    end
  end)
end)
