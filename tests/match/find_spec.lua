-- Finding patterns: against a matcher that tries everything (naive.lua), on the seed model, and in hostile graphs.

local naive = require "match.naive"

local onnxdoc = require "onnxdoc"

-- ---- random graphs and patterns ----

local Random = {}
Random.__index = Random

local function generator(seed) return setmetatable({state = seed * 2654435761 % 2 ^ 32 // 1 | 0}, Random) end
function Random:below(n)
  self.state = (self.state * 6364136223846793005 + 1442695040888963407)
  return (self.state >> 33) % n
end
function Random:pick(list) return list[self:below(#list) + 1] end
function Random:chance(n) return self:below(n) == 0 end

local operators = {Add = 2, Mul = 2, Sub = 2, Relu = 1, Identity = 1, Sum = 3, Where = 3}
local names = {"Add", "Mul", "Sub", "Relu", "Identity", "Sum"}

local function random_graph(r)
  local b = onnxdoc.build{opset = 17}
  local graph = {nodes = {}, constants = {c1 = 2, c2 = 3}}
  local values = {b:input("x", "float32", {4}), b:input("y", "float32", {4})}
  b:constant("c1", "float32", {4}, 2)
  b:constant("c2", "float32", {}, {3})
  for i = 1, 4 + r:below(8) do
    local op, inputs = r:pick(names), {}
    for k = 1, operators[op] do inputs[k] = values[#values - r:below(math.min(#values, 4))] end
    if #inputs > 1 and r:chance(3) then inputs[1 + r:below(#inputs)] = r:pick{"c1", "c2"} end
    if #inputs > 1 and inputs[1] == inputs[2] and graph.constants[inputs[1]] then inputs[1] = "x" end
    local output = "v" .. i
    b:op(op, inputs, nil, {outputs = {output}, name = "n" .. i})
    graph.nodes[i] = {op = op, inputs = inputs, output = output, name = "n" .. i}
    values[#values + 1] = output
  end
  b:output(values[#values])
  return graph, assert(b:model())
end

local random_term

local function random_node(r, depth, is_root)
  local term = {ops = {r:pick{"Add", "Mul", "Sub", "Relu", "Sum"}}}
  if r:chance(5) then term.ops[2] = r:pick{"Add", "Mul", "Sub"} end
  if r:chance(12) then term.ops = {"*"} end
  if r:chance(6) then term.node = r:pick{"n", "m"} end
  if not is_root and r:chance(5) then term.optional = true end
  local count = operators[term.ops[1]] or 2
  if depth > 0 and not r:chance(5) then
    term.args = {}
    if r:chance(6) then count, term.open = count - 1, true end
    for i = 1, count do term.args[i] = random_term(r, depth - 1) end
  end
  if depth > 0 and r:chance(5) then
    term.before = random_term(r, depth - 1)
    term.least = 1 + r:below(2)
    term.most = term.least + r:below(3)
  end
  return term
end

function random_term(r, depth)
  local choice = r:below(10)
  if choice == 0 then return {any = true} end
  if choice <= 4 or depth == 0 then
    local kind = r:chance(6) and r:pick{"const", "activation"} or nil
    return {value = r:pick{"a", "b", "c"}, kind = kind}
  end
  if choice == 5 then return {number = r:pick{2, 3}} end
  return random_node(r, depth)
end

local function random_lines(r)
  local lines = {}
  if r:chance(3) then
    lines[1] = {name = r:pick{"a", "b", "s"}, term = random_node(r, 2, true)}
    if r:chance(3) then lines[2] = {name = "s", term = random_node(r, 1, true)} end
  end
  lines[#lines + 1] = {term = random_node(r, 3, true), name = r:chance(8) and "c" or nil}
  return lines
end

-- One line of text for a match, to be compared.
local function key(root, captures, nodes)
  local parts, members, seen = {}, {}, {}
  for name, what in pairs(captures) do parts[#parts + 1] = name .. "=" .. what end
  table.sort(parts)
  for _, name in ipairs(nodes) do
    if not seen[name] then members[#members + 1] = name end
    seen[name] = true
  end
  table.sort(members)
  return root .. " " .. table.concat(parts, " ") .. " | " .. table.concat(members, " ")
end

local function sorted_keys(set)
  local list = {}
  for item in pairs(set) do list[#list + 1] = item end
  table.sort(list)
  return table.concat(list, "\n")
end

local function naive_matches(graph, lines)
  local found = {}
  naive.match(graph, lines, function(root, bound, nodes)
    local captures, members = {}, {}
    for name, what in pairs(bound) do captures[name] = type(what) == "table" and what.name or what end
    for i, node in ipairs(nodes) do members[i] = node.name end
    -- Nodes of lines that are done are not in the stack of nodes: they are known by their roots and captures.
    found[key(root.name, captures, members)] = true
  end)
  return found
end

local function real_matches(model, text)
  local found, pattern = {}, assert(onnxdoc.pattern(text))
  for match in model:find(pattern, {all = true}) do
    local captures, members = {}, {}
    for _, capture in ipairs(pattern.captures) do
      captures[capture.name] = match[capture.name] and match[capture.name].name
    end
    for i, node in ipairs(match.nodes) do members[i] = node.name end
    local this = key(match.root.name, captures, members)
    assert(not found[this], "twice: " .. this)
    found[this] = true
  end
  return found
end

describe("model:find", function()
  it("finds what a matcher that tries everything finds, in random graphs", function()
    local matched = 0
    for seed = 10001, 11000 do
      local r = generator(seed)
      local graph, model = random_graph(r)
      for _ = 1, 12 do
        local lines = random_lines(r)
        local text = naive.lines_text(lines)
        local ok, problem = onnxdoc.pattern(text)
        if ok then
          local expected = naive_matches(graph, lines)
          local roots = {}
          for item in pairs(expected) do roots[item:match("^%S+")] = true end
          local count = 0
          for _ in pairs(roots) do count = count + 1 end
          assert.equal(sorted_keys(expected), sorted_keys(real_matches(model, text)), seed .. ": " .. text)
          assert.equal(count, model:find(text, {count = true}), seed .. ": " .. text)
          matched = matched + (count > 0 and 1 or 0)
        else
          -- A name that is a value here and a node there.
          assert.truthy(problem:find("elsewhere", 1, true), text .. ": " .. problem)
        end
      end
      model:close()
    end
    assert.is_true(matched > 1000, matched)
  end)
end)
