--- Code from elsewhere, confined: what src/lua/lua_guard.h describes, with the environment such code sees.
--
--     local guard = require "onnxdoc.guard"
--     local g = guard.new{seconds = 2}
--     local chunk, message = g:load(source, "@rules/x.lua")    nil and a message: a syntax error
--     local ok, rule = g:call(chunk)                           false and a message; never raises
--     rule.check(model)                                        runs in the guard too; raises the message
--
-- The environment is made here: whatever stands in it can be called by anybody's code.

local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local guard = {}

--- Limits of one call, unless others are given: instructions, bytes by which Lua's memory may grow, what the code keeps
-- between calls included, bytes of the longest string, seconds on the clock.
guard.limits = {instructions = 50e6, memory = 256 * 2 ^ 20, string = 16 * 2 ^ 20, seconds = 10}

local parts, spend, size = onnxdoc._guard.parts, onnxdoc._guard.spend, onnxdoc._guard.size

local function copy(t)
  local copied = {}
  for key, value in pairs(t) do copied[key] = type(value) == "table" and copy(value) or value end
  return copied
end

-- A model in memory takes several times its text. External data would read files.
local function parse(source, options)
  if options ~= nil then error("parse: options are not for code from elsewhere", 2) end
  if type(source) ~= "string" then error("parse: a " .. type(source) .. ", a string is wanted", 2) end
  spend(#source, 16 * #source)
  return onnxdoc.parse(source)
end

-- The pure functions of the onnxdoc table.
local function library()
  return {
    version = onnxdoc.version, dtypes = copy(onnxdoc.dtypes), schema = onnxdoc.schema,
    expr = onnxdoc.expr, prove = onnxdoc.prove, pattern = onnxdoc.pattern, bytes = text.bytes, si = text.si,
    csv = text.csv, escape = copy(text.escape), text = function(...) return onnxdoc.text(...) end, parse = parse,
  }
end

local function environment(output)
  local libraries = parts()
  local names = libraries.base
  for _, name in ipairs {"string", "table", "math", "utf8", "coroutine"} do names[name] = libraries[name] end
  names._G, names.onnxdoc = names, library()
  if output then
    local tostring, concat, pack = tostring, table.concat, table.pack
    names.print = function(...)
      local words = pack(...)
      for i = 1, words.n do words[i] = tostring(words[i]) end
      output(concat(words, "\t") .. "\n")
    end
  end
  return names
end

-- ---- what code from elsewhere keeps ----

local sizes = {
  string = function(s) return #s + 25 end,
  table = function(t, visit)
    local bytes = 56
    for key, value in next, t do
      bytes = bytes + 40
      visit(key)
      visit(value)
    end
    visit(debug.getmetatable(t))
    return bytes
  end,
  -- Of functions in C only what code can have put there: the others lead into the host.
  ["function"] = function(f, visit)
    local is_host, i = debug.getinfo(f, "S").what == "C", 1
    while true do
      local name, value = debug.getupvalue(f, i)
      if not name then return 40 + 16 * i end
      local kind = type(value)
      if not is_host or kind == "thread" or kind == "string" or kind == "userdata" then visit(value) end
      i = i + 1
    end
  end,
  -- A handle keeps its model, an Expr its algebra.
  userdata = function(object, visit)
    local owner = debug.getuservalue(object, 1)
    if type(owner) == "userdata" then visit(owner) end
    return size(object)
  end,
  thread = function(thread, visit)
    local bytes, level = 1000, 0
    local function visit_locals(step)
      local i = step
      while true do
        local name, value = debug.getlocal(thread, level, i)
        if not name then return end
        visit(value)
        bytes, i = bytes + 16, i + step
      end
    end
    while debug.getinfo(thread, level, "l") do
      visit_locals(1)
      visit_locals(-1)
      level = level + 1
    end
    return bytes
  end,
}

-- Bytes of what can be reached from the environment, the functions and the facts, without the host's libraries.
local function measure(names, functions, facts)
  collectgarbage()
  local seen, queue, total = {[_G] = true, [package.loaded] = true}, {}, 0
  for _, value in pairs(package.loaded) do seen[value] = true end
  local function visit(value)
    if value ~= nil and sizes[type(value)] and not seen[value] then
      seen[value] = true
      queue[#queue + 1] = value
    end
  end
  visit(names)
  for f in next, functions do visit(f) end
  for _, t in next, facts do visit(t) end
  while #queue > 0 do
    local value = table.remove(queue)
    total = total + sizes[type(value)](value, visit)
  end
  return math.ceil(total)
end

-- ---- guards ----

local function check(limits)
  local given = copy(guard.limits)
  for name, value in pairs(limits or {}) do
    if name ~= "output" then
      if not guard.limits[name] then
        error(("guard: unknown limit '%s', there is instructions, memory, string and seconds"):format(name), 3)
      end
      given[name] = value
    end
  end
  return given
end

--- A new guard. `options` are limits, and `output`, a function that gets what the code prints; without it there is no
-- print.
--
--   g:load(source, name [, names])   a function that runs in the guard, or nil and a message; `names` are added to its
--                                    environment
--   g:call(f, …)                     true and what it gives, or false and a message
--   g:wrap(value)                    a copy in which functions run in the guard
--   g.used                           {instructions, memory, seconds} of all calls; memory: the most of one
--   g.closed, g:renew()              the message of the limit that was passed; forgets it
function guard.new(options)
  local limits = check(options)
  local functions = setmetatable({measure = measure}, {__mode = "k"})
  return onnxdoc._guard.new(limits, environment(options and options.output), functions)
end

--- The same table, or function, in a copy whose functions run in a guard of its own, or in the one that is given.
function guard.wrap(value, options)
  local g = type(options) == "userdata" and options or guard.new(options)
  return g:wrap(value), g
end

return guard
