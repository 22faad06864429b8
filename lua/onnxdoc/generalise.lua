--- A pattern made from a node: what onnxdoc grep --like looks for. Its operator, the operators of what it reads two
-- levels up; constants become ?c:const, other values ?a, ?b, the same value the same name.

local generalise = {}

--- How many levels of producers are written out, and how many operands of a node.
generalise.levels, generalise.operands = 2, 8

-- What stands for the value in the canonical view.
local function source(value)
  while value do
    local node = value.producer
    if not node or node.class ~= "pass-through" then return value end
    value = node.inputs[1]
  end
end

local function operator_text(node)
  local op = node.op
  if node.op_type:find(".", 1, true) then return "*" end
  if op:find("^[%a_][%w_]*$") or op:find("^[%a_][%w_.]*%.[%a_][%w_]*$") and not op:find("%.[^%a_]") then return op end
  return '"' .. op:gsub('[\\"]', "\\%0") .. '"'
end

-- Behind the operands that are written nobody has to write these.
local function is_implied(value)
  if not value then return true end
  local node = value.producer
  if node and node.class == "shape" then return true end
  return value.is_constant and (value.dtype or ""):find("^u?int") ~= nil
end

local commutative = {Add = true, Mul = true, And = true, Or = true, Xor = true, Equal = true, Max = true, Min = true,
  Mean = true, Sum = true, BitwiseAnd = true, BitwiseOr = true, BitwiseXor = true}

local Writer = {}
Writer.__index = Writer

-- a to z without c, then a2 and so on; constants are c, c2, …
function Writer:name(value, is_constant)
  local known = self.names[value]
  if known then return known end
  local name
  if is_constant then
    self.constants = self.constants + 1
    name = "c" .. (self.constants > 1 and self.constants or "")
  else
    local letters = "abdefghijklmnopqrstuvwxyz"
    local at, round = self.others % #letters, self.others // #letters
    self.others = self.others + 1
    name = letters:sub(at + 1, at + 1) .. (round > 0 and round + 1 or "")
  end
  self.names[value] = name
  return name
end

function Writer:value(value, level)
  if not value then return "_:none" end
  value = self.raw and value or source(value)
  if value.is_constant then return "?" .. self:name(value, true) .. ":const" end
  local node = value.producer
  local is_shown = node and level > 0 and node.graph == self.graph and (self.raw or node.class == "compute")
  return is_shown and self:node(node, level - 1) or "?" .. self:name(value)
end

function Writer:node(node, level)
  local count, operands = #node.inputs, {}
  if count == 0 then return operator_text(node) end
  local may_be_left_out = not self.raw and not commutative[node.op]
  while count > 1 and (not node.inputs[count] or may_be_left_out and is_implied(node.inputs[count])) do
    count = count - 1
  end
  local shown = math.min(count, generalise.operands)
  for i = 1, shown do operands[i] = self:value(node.inputs[i], level) end
  if shown < count then operands[#operands + 1] = "..." end
  return operator_text(node) .. "(" .. table.concat(operands, ", ") .. ")"
end

--- The pattern of a node as text. `raw`: of the graph as it is written.
function generalise.of(node, raw)
  local writer = setmetatable({raw = raw, graph = node.graph, names = {}, constants = 0, others = 0}, Writer)
  return writer:node(node, generalise.levels)
end

return generalise
