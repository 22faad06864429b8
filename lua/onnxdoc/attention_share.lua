--- How much of a model's work is attention, and how that grows: the products of queries with keys and of the weights
-- with values, without the projections around them, which grow as any other layer does.
--
--     attention_share.find(model)       nil when nothing is attention, else
--
--   cores      of attention_cores
--   nodes      the products: fused operators, and the two MatMuls or Einsums around each Softmax
--   macs       of the products, in one run of the model; an Expr, nil where none of them is known
--   total      of the model, an Expr
--   fraction   macs / total where that is one number for all lengths, else nil
--   unknown    those of `nodes` that have no cost, which are missing in macs
--   growth     for each symbol of macs {symbol = name, squared =, total_squared =}: what stands before its square in
--              macs and in total, a whole number or an Expr; nil where the formula is no polynomial of degree 2 in it;
--              empty where macs has more than MOST symbols
--   quadratic  names of the symbols whose squared is not 0
--
--     attention_share.squared(formula, symbol)     that coefficient, `symbol` being an Expr

local attention_cores = require "onnxdoc.attention_cores"

local attention_share = {}

local MOST = 64 -- symbols that growth is told of: each takes time in proportion to the formula

-- ---- the coefficient of a square ----

local function plain(expr)
  return math.tointeger(expr.value) or expr
end

-- Exact: three values give the only polynomial of degree 2 through them, which then must be the formula itself.
local function squared_from(formula, symbol, start)
  local name, zero, values = symbol.symbols[1], symbol * 0, {}
  for i = 0, 2 do values[i] = formula:at {[name] = start + i} + zero end
  local square = (values[2] - 2 * values[1] + values[0]) / 2
  local slope = values[1] - values[0] - square * (2 * start + 1)
  local rest = values[0] - square * start ^ 2 - slope * start
  if square * symbol ^ 2 + slope * symbol + rest ~= formula then return nil end
  return plain(square)
end

--- What stands before the square of a symbol: nil where the formula is no polynomial of degree 2 at most in it.
function attention_share.squared(formula, symbol)
  if math.type(formula) then return 0 end
  local name = symbol.symbols[1]
  local has_symbol = false
  for _, other in ipairs(formula.symbols) do has_symbol = has_symbol or other == name end
  if not has_symbol then return 0 end
  for start = 0, 1 do -- a symbol may be at least 1
    local ok, square = pcall(squared_from, formula, symbol, start)
    if ok then return square end
  end
end

-- ---- counting ----

local function product_nodes(cores)
  local nodes, seen = {}, {}
  for _, core in ipairs(cores) do
    for _, node in ipairs(core.fused and {core.node} or {core.scores, core.mix}) do
      if not seen[node] then
        seen[node] = true
        nodes[#nodes + 1] = node
      end
    end
  end
  return nodes, seen
end

-- MACs of the projections inside a fused operator, in one run of the model.
local function projection_macs(core)
  local node, sum = core.node, 0
  for _, places in ipairs(core.operator and core.operator.projects or {}) do
    local input, weight = node.inputs[places[1]], node.inputs[places[2]]
    local columns = weight and weight.shape and weight.shape[#weight.shape]
    if not input or not input.elements or not columns then return nil end
    sum = sum + input.elements * columns
  end
  return sum ~= 0 and sum * node.runs or 0
end

-- What all projections inside of fused operators with a known cost take; nil when one of them is not known.
local function all_projections(cores)
  local sum = 0
  for _, core in ipairs(cores) do
    if core.fused and core.node.own_cost and core.node.own_cost.macs then
      local macs = projection_macs(core)
      if not macs then return nil end
      sum = sum + macs
    end
  end
  return sum
end

local function known_macs(model, is_product)
  local group = model:costs(function(node) return is_product[node] and "attention" or nil end)[1]
  return group and group.cost.macs
end

local function without_cost(nodes)
  local list = {}
  for _, node in ipairs(nodes) do
    if not node.own_cost or not node.own_cost.macs then list[#list + 1] = node end
  end
  return list
end

-- Exprs of the model's symbols, by name.
local function symbols_by_name(model)
  local symbols = {}
  for _, symbol in ipairs(model.symbols) do
    local names = symbol.expr and not math.type(symbol.expr) and symbol.expr.symbols
    if names and #names == 1 and names[1] == symbol.name then symbols[symbol.name] = symbol.expr end
  end
  return symbols
end

local function growth_of(model, macs, total)
  local list, quadratic, symbols, names = {}, {}, symbols_by_name(model), macs.symbols
  for i, name in ipairs(#names <= MOST and names or {}) do
    local symbol = symbols[name]
    local squared = symbol and attention_share.squared(macs, symbol)
    list[i] = {symbol = name, squared = squared, total_squared = symbol and attention_share.squared(total, symbol)}
    if squared and squared ~= 0 then quadratic[#quadratic + 1] = name end
  end
  return list, quadratic
end

local function fraction_of(macs, total)
  local ok, quotient = pcall(function() return macs / total end)
  return ok and quotient.value or nil
end

function attention_share.find(model)
  local cores = attention_cores.find(model)
  if #cores == 0 then return nil end
  local nodes, is_product = product_nodes(cores)
  local share = {cores = cores, nodes = nodes, unknown = without_cost(nodes), total = model.cost.macs, growth = {},
    quadratic = {}}
  local macs, projections = known_macs(model, is_product), all_projections(cores)
  if not macs or not projections or #share.unknown == #nodes then return share end
  share.macs = macs - projections
  share.fraction = fraction_of(share.macs, share.total)
  share.growth, share.quadratic = growth_of(model, share.macs, share.total)
  return share
end

return attention_share
