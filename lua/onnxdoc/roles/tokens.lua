--- Which indices are tokens of a text. Positions, segments and tokens all look up rows of tables that are added to each
-- other. Tokens are those whose table an output has as many scores as rows for, else those with the most rows, of a
-- model that attends or recurs; and only where the rows are the beginning of something: rows that are added to, or
-- multiplied with, what is computed from anything but such tables could be positions or conditions as well.

local attention_cores = require "onnxdoc.attention_cores"
local set = require("onnxdoc.lists").set

local tokens = {}

local MANY = 64 -- values that are looked at around one table's rows, and readers of one of them

local layout = set "Identity Cast CastLike Reshape Squeeze Unsqueeze Transpose Dropout Slice Expand Flatten"
local looking_up = set "Gather com.microsoft.GatherBlockQuantized"

-- Whether a value is a OneHot, laid out anew or cast: a row of a table times it is that row.
local function is_one_hot(value)
  for _ = 1, MANY do
    local node = value and value.producer
    if not node then return false end
    if node.op == "OneHot" then return true end
    if not layout[node.op] then return false end
    value = node.inputs[1]
  end
  return false
end

-- The operands that a node takes rows from; nil where it computes something else.
local function row_operands(node)
  if looking_up[node.op] or layout[node.op] then return {node.inputs[1]} end
  if node.op == "Add" then return {node.inputs[1], node.inputs[2]} end
  if node.op == "MatMul" and is_one_hot(node.inputs[1]) then return {node.inputs[2]} end
end

-- Whether a value is rows of tables, or sums of these, or a constant.
local function is_of_tables(start)
  local stack, looked = {start}, 0
  while #stack > 0 do
    local value = table.remove(stack)
    looked = looked + 1
    if looked > MANY then return false end
    if not (value.tensor or value.is_constant) then
      local operands = value.producer and row_operands(value.producer)
      if not operands then return false end
      for _, operand in ipairs(operands) do stack[#stack + 1] = operand end
    end
  end
  return true
end

local joining, measuring = set "Add Mul", set "Shape Size"

local function joins_tables(node, value)
  for place = 1, 2 do
    local other = node.inputs[place]
    if other and other ~= value and not is_of_tables(other) then return false end
  end
  return true
end

-- What reads a value behind layout: a list of {node, value it reads}; nil where something is computed with it.
local function joins_of(start)
  local joins, queue, at = {}, {start}, 1
  while queue[at] and at <= MANY do
    for i, node in ipairs(queue[at].consumers) do
      if layout[node.op] then queue[#queue + 1] = node.outputs[1]
      elseif joining[node.op] and i <= MANY then joins[#joins + 1] = {node, queue[at]}
      elseif not measuring[node.op] then return nil end
    end
    at = at + 1
  end
  return joins
end

-- Whether nothing that is computed otherwise is joined to the rows before something is computed with them.
local function begins_something(rows)
  local queue, at = {rows}, 1
  while queue[at] and at <= MANY do
    for _, join in ipairs(joins_of(queue[at]) or {}) do
      local node, value = table.unpack(join)
      if not joins_tables(node, value) then return false end
      queue[#queue + 1] = node.outputs[1]
    end
    at = at + 1
  end
  return true
end

-- Tables of whole numbers put other numbers in the place of these.
local mapping = set "int64 int32 bool string"

local function may_be_tokens(claim)
  return claim.role == "indices" and looking_up[claim.node.op] ~= nil and claim.is_constant and claim.rank == 2
    and claim.axis == 0 and claim.values ~= nil and claim.node.outputs[1] ~= nil and not mapping[claim.table.dtype]
end

-- Whether the model has an order of things to attend to or to run along.
local function has_sequences(model, has_cache)
  if has_cache then return true end
  for op in pairs(set "LSTM GRU RNN") do
    if model.operators[op] then return true end
  end
  return #attention_cores.find(model) > 0
end

-- Whether an output has a number for each row. As many as a row is long would be just another such row.
local function is_scored(model, claim)
  if claim.rows == claim.width then return false end
  for i, output in ipairs(model.outputs) do
    local shape = output.shape
    if i > MANY then break end
    if shape and shape[#shape] == claim.rows then return true end
  end
  return false
end

-- The claim with the most rows; nil where two tables have as many.
local function greatest(claims)
  local best, is_tied = nil, false
  for _, claim in ipairs(claims) do
    if not best or claim.rows > best.rows then best, is_tied = claim, false
    elseif claim.rows == best.rows and claim.table ~= best.table then is_tied = true end
  end
  return not is_tied and best or nil
end

--- Of the roles of a model's inputs, calls those indices token ids that are. has_cache: keys and values come in.
function tokens.name(model, claims, has_cache)
  local found, scored = {}, {}
  for _, claim in ipairs(claims) do
    if may_be_tokens(claim) then
      found[#found + 1] = claim
      if is_scored(model, claim) then scored[#scored + 1] = claim end
    end
  end
  local best = #found > 0 and has_sequences(model, has_cache) and greatest(#scored > 0 and scored or found)
  if best and begins_something(best.node.outputs[1]) then best.role = "token ids" end
end

return tokens
