--- `onnxdoc grep PATTERN MODEL…`: places that look like a pattern (lua/README.md has the language).

local failure = require "onnxdoc.failure"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local printable = text.printable

local EXIT_NONE, EXIT_USAGE, EXIT_SCRIPT = 1, 2, 5

-- ---- what is looked for ----

-- The line of the pattern that holds the byte, and a caret under it.
local function caret_text(pattern, byte)
  local before = pattern:sub(1, byte - 1):match("[^\n]*$")
  local line = before .. pattern:sub(byte):match("^[^\n]*")
  return ("  %s\n  %s^"):format(text.safe(line), (" "):rep(text.width(printable(before))))
end

local function compile(pattern)
  local compiled, message, _, byte = onnxdoc.pattern(pattern)
  if compiled then return compiled end
  failure(EXIT_USAGE, "grep: " .. message, byte and caret_text(pattern, byte))
end

-- Before a condition: root, nodes and captures are names, nil where a capture belongs to what is missing. All others
-- are looked up in the guard's environment.
local prelude = [[
local match, captures = ...
local outer, error = _ENV, error
local _ENV = setmetatable({}, {__index = function(_, name)
  local value = match[name]
  if value == nil then value = outer[name] end
  if value == nil and not captures[name] then error("there is no capture or function '" .. name .. "'", 2) end
  return value
end})
return ]]

-- A Lua expression as a function of a match and the names of captures. It runs in a guard: such lines come from chats
-- and from scripts of others. Nil where there is no expression.
local function condition(expression)
  if not expression then return nil end
  local g = require("onnxdoc.guard").new()
  local chunk, message = g:load(prelude:gsub("\n *", " ") .. expression, "=where")
  if not chunk then failure(EXIT_USAGE, "grep: --where: " .. message) end
  return function(match, captures)
    local ok, result = g:call(chunk, match, captures)
    if not ok then failure(EXIT_SCRIPT, "grep: --where: " .. result) end
    return result
  end
end

-- The condition for matches of a pattern.
local function where(holds, pattern)
  if not holds then return nil end
  local names = {}
  for _, capture in ipairs(pattern.captures) do names[capture.name] = true end
  return function(match) return holds(match, names) end
end

local function find_node(model, word)
  local number = math.tointeger(tonumber(word:match("^#(%d+)$")))
  if not number then return (model:node(word)) end
  for node in model.graph:nodes() do
    if node.index == number then return node end
  end
end

-- The pattern of a node; ends the run when there is none of that name.
local function like(model, path, options)
  local node = find_node(model, options.like)
  if not node then
    failure(EXIT_USAGE, text.about(path, ("has no node '%s'"):format(printable(options.like))))
  end
  if not options.raw and node.class ~= "compute" then
    failure(EXIT_USAGE, text.about(path, ("'%s' is %s, which is left out unless --raw is given"):format(
      printable(options.like), node.class == "shape" and "shape arithmetic" or node.class)))
  end
  return require("onnxdoc.generalise").of(node, options.raw)
end

-- ---- what is shown ----

local function value_text(value)
  if type(value) ~= "userdata" or not value.model then return printable(tostring(value)) end
  if value.op then return ("%s '%s'"):format(printable(value.op), printable(value.path)) end
  return ("'%s' %s"):format(printable(value.name), printable(value.type or "of unknown type"))
end

local function write_match(write, match, captures, prefix)
  local root = match.root
  write(("%s%d %s '%s'\n"):format(prefix, root.index, printable(root.op), printable(root.path)))
  for _, capture in ipairs(captures) do
    local value = match[capture.name]
    if value ~= nil then write(("%s    %s = %s\n"):format(prefix, capture.name, value_text(value))) end
  end
end

local function node_json(node)
  return json.object {name = text.safe(node.name), op = text.safe(node.op), path = text.safe(node.path),
    index = node.index}
end

local function capture_json(value)
  if type(value) ~= "userdata" or not value.model then return math.type(value) and value or tostring(value) end
  if value.op then return node_json(value) end
  return json.object {name = text.safe(value.name), type = value.type and text.safe(value.type)}
end

local function match_json(match, captures)
  local nodes, values = json.array {}, json.object {}
  for i, node in ipairs(match.nodes) do nodes[i] = text.safe(node.name) end
  for _, capture in ipairs(captures) do
    local value = match[capture.name]
    if value ~= nil then values[capture.name] = capture_json(value) end
  end
  return {root = node_json(match.root), nodes = nodes, captures = values}
end

local keyorder = {"model", "pattern", "matches", "root", "nodes", "captures", "name", "op", "path", "index", "type"}

-- Writes the matches; gives how many there are.
local function write_matches(write, model, path, pattern, options, find_options)
  local captures, count, list = pattern.captures, 0, json.array {}
  local prefix = options.prefix and printable(path) .. ": " or ""
  for match in model:find(pattern, find_options) do
    count = count + 1
    if options.format == "json" then list[count] = match_json(match, captures)
    elseif options.only_matching then
      for _, node in ipairs(match.nodes) do write(prefix, printable(node.path), "\n") end
    else write_match(write, match, captures, prefix) end
  end
  if options.format == "json" then
    write(json.encode({model = text.safe(path), pattern = text.safe(pattern.text), matches = list},
      {keyorder = keyorder, indent = not options.prefix}), "\n")
  end
  return count
end

local function write_count(write, model, path, pattern, options, find_options)
  find_options.count = true
  local count, message = model:find(pattern, find_options)
  if not count then error(message, 0) end
  local prefix = options.prefix and printable(path) .. ": " or ""
  if options.count then write(prefix, tostring(count), "\n")
  elseif count > 0 then write(printable(path), "\n") end
  return count
end

-- Says so when the pattern is of shape arithmetic and the like, which is left out.
local function tell_about_raw(session, model, pattern, find_options)
  local count = model:find(pattern, {raw = true, count = true, where = find_options.where})
  if count and count > 0 then
    session:note(("nothing outside of shape arithmetic, constants and casts; --raw finds %s"):format(
      text.plural(count, "place")))
  end
end

local function search(session, model, path, options)
  local pattern = options.compiled or compile(like(model, path, options))
  local find_options = {raw = options.raw, all = options.all, where = where(options.condition, pattern)}
  local show = (options.count or options.files) and write_count or write_matches
  local count
  local ok, problem = pcall(function()
    session:write(function(write)
      if options.like and options.format == "text" then write(printable(pattern.text), "\n") end
      count = show(write, model, path, pattern, options, find_options)
    end)
  end)
  if not ok then
    if type(problem) ~= "string" then error(problem, 0) end
    failure(EXIT_SCRIPT, text.about(path, problem))
  end
  if count == 0 and not options.raw and not session.quiet then
    tell_about_raw(session, model, pattern, find_options)
  end
  return count
end

return {
  summary = "Places that look like a pattern: operators, operands, constants, attributes, shapes.",
  example = "onnxdoc grep 'Softmax(Add(Mul(MatMul(?q, ?k), ?scale:const), ?mask))' model.onnx",
  formats = {"text", "json"},
  options = {
    {"pattern", argname = "PATTERN", unless = "--like",
      description = "What to look for, such as 'MatMul(_, ?w:const{elements>1000000})'."},
    {"-c --count", flag = true, description = "Only how many there are."},
    {"-l --files", flag = true, description = "Only the names of models that have one."},
    {"--only-matching", flag = true, description = "The names of all nodes that match, one a line."},
    {"--all", flag = true, description = "Every way in which a place matches, not only the first."},
    {"--raw", flag = true, description = "In the graph as it is written, with shape arithmetic, constants and casts."},
    {"--where", argname = "LUA", description = "Only matches for which this expression holds, run confined; "
      .. "captures are names in it."},
    {"--like", argname = "NODE", description = "Instead of PATTERN: what looks like the node of that name, or "
      .. "#NUMBER."},
  },
  run = function(options, session)
    options.compiled = options.pattern and compile(options.pattern)
    options.condition = condition(options.where)
    options.prefix = session.many
    local total = 0
    for model, path in session:models() do total = total + search(session, model, path, options) end
    return total > 0 and 0 or EXIT_NONE
  end,
}
