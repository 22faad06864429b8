-- A matcher that is as simple as can be: patterns are tables, and every way is tried by plain recursion. What
-- find_spec.lua compares the real one with. A graph is {nodes = {{op, inputs, output}, …}, constants = {name = number}}.
--
--     term  {any = true} | {value = name, kind =} | {number = n} | {ops = {…}, args =, open =, node =, optional =,
--            before =, least =, most =}
--     lines {{name =, term =}, …}, the last one is the root's

local contains = require("onnxdoc.lists").contains

local naive = {}

local commutes = {Add = true, Mul = true, Sum = true}

--- The text of a term, for the real matcher.
function naive.text(term)
  if term.any then return "_" end
  if term.value then return "?" .. term.value .. (term.kind and ":" .. term.kind or "") end
  if term.number then return tostring(term.number) end
  local text = (term.node and "@" .. term.node .. ": " or "") .. table.concat(term.ops, "|")
  if term.args then
    local args = {}
    for i, arg in ipairs(term.args) do args[i] = naive.text(arg) end
    if term.open then args[#args + 1] = "..." end
    text = text .. "(" .. table.concat(args, ", ") .. ")"
  end
  text = text .. (term.optional and "?" or "")
  if not term.before then return text end
  local arrow = (term.least == 1 and term.most == 1) and " -> " or (" ->{%d,%d} "):format(term.least, term.most)
  return naive.text(term.before) .. arrow .. text
end

function naive.lines_text(lines)
  local texts = {}
  for i, line in ipairs(lines) do texts[i] = (line.name and line.name .. " = " or "") .. naive.text(line.term) end
  return table.concat(texts, "; ")
end

--- Calls found(root, captures, nodes) for every way in which the lines match the graph; a way can come more than once.
function naive.match(graph, lines, found)
  local producer = {}
  for _, node in ipairs(graph.nodes) do producer[node.output] = node end
  local function source(value)
    local node = producer[value]
    return node and node.op == "Identity" and source(node.inputs[1]) or value
  end

  local match_value, match_node
  local bound, nodes = {}, {}
  local function bind(name, what, go_on)
    if not name then return go_on() end
    if bound[name] then
      if bound[name] == what then go_on() end
      return
    end
    bound[name] = what
    go_on()
    bound[name] = nil
  end

  local function match_any_order(args, inputs, used, at, go_on)
    if at > #args then return go_on() end
    for i = 1, #inputs do
      if not used[i] then
        used[i] = true
        match_value(args[at], inputs[i], function() match_any_order(args, inputs, used, at + 1, go_on) end)
        used[i] = nil
      end
    end
  end

  local function match_in_order(args, inputs, at, go_on)
    if at > #args then return go_on() end
    match_value(args[at], inputs[at], function() match_in_order(args, inputs, at + 1, go_on) end)
  end

  local function match_args(term, node, go_on)
    if not term.args then return go_on() end
    if #term.args > #node.inputs or (#term.args < #node.inputs and not term.open) then return end
    if commutes[node.op] then return match_any_order(term.args, node.inputs, {}, 1, go_on) end
    match_in_order(term.args, node.inputs, 1, go_on)
  end

  -- `value` is `level` edges behind.
  local function match_behind(term, value, level, least, most, go_on)
    value = source(value)
    if level >= least then match_value(term, value, go_on) end
    local node = producer[value]
    for i = 1, level < most and node and #node.inputs or 0 do
      match_behind(term, node.inputs[i], level + 1, least, most, go_on)
    end
  end

  function match_node(term, node, go_on)
    if node.op == "Identity" then return end
    if not contains(term.ops, node.op) and not contains(term.ops, "*") then return end
    bind(term.node, node, function()
      nodes[#nodes + 1] = node
      match_args(term, node, function()
        if not term.before then return go_on() end
        for _, input in ipairs(node.inputs) do match_behind(term.before, input, 1, term.least, term.most, go_on) end
      end)
      nodes[#nodes] = nil
    end)
  end

  function match_value(term, value, go_on)
    value = source(value)
    if term.any then return go_on() end
    if term.number then
      if graph.constants[value] == term.number then go_on() end
      return
    end
    if term.value then
      if term.kind == "const" and not graph.constants[value] then return end
      if term.kind == "activation" and not producer[value] then return end
      return bind(term.value, value, go_on)
    end
    if producer[value] then match_node(term, producer[value], go_on) end
    if not term.optional then return end
    if term.before then match_behind(term.before, value, 0, term.least - 1, term.most - 1, go_on)
    elseif term.args and term.args[1] then match_value(term.args[1], value, go_on)
    else go_on() end
  end

  -- Lines backwards from the last one, each over all nodes.
  local function match_line(at, root)
    if at == 0 then return found(root, bound, nodes) end
    for _, node in ipairs(at == #lines and {root} or graph.nodes) do
      match_node(lines[at].term, node, function()
        bind(lines[at].name, source(node.output), function() match_line(at - 1, root) end)
      end)
    end
  end
  for _, node in ipairs(graph.nodes) do match_line(#lines, node) end
end

return naive
