--- The command line: what its words mean, and running scripts. `require "onnxdoc.command"` is a function of the
-- words and gives the exit code. A script that needs nothing else pays only for this file; whatever else is used
-- (host options, verbs, the prompt, help) is required where it is used.
--
--   onnxdoc [HOST OPTIONS] X WORDS...
--
-- X is, the first that fits:  an existing path that does not end in .lua: a model, by content (a verb where the file is
-- no model but a verb has its name; a script where it starts with #!);  a name that ends in .lua, holds a / or is
-- "-": a script;  else a verb.

local onnxdoc = require "onnxdoc"

local EXIT_USAGE, EXIT_INPUT, EXIT_SCRIPT, EXIT_INTERRUPTED = 2, 3, 5, 130

local function printable(s) return require("onnxdoc.text").printable(s) end

-- ---- modules beside the user ----

-- The current folder may be somebody else's repository, with a lfs.lua of its own: verbs look for no module there, and
-- scripts, which are the user's, only where no other place has one. Gives the entries of both paths that are relative.
local function leave_folder_out()
  local here = {}
  for _, name in ipairs {"path", "cpath"} do
    local kept, relative = {}, {}
    for entry in package[name]:gmatch("[^;]+") do
      table.insert(entry:sub(1, 1) == "/" and kept or relative, entry)
    end
    package[name], here[name] = table.concat(kept, ";"), table.concat(relative, ";")
  end
  return here
end

local here = leave_folder_out()

local function search_here(name)
  local path, tried = package.searchpath(name, here.path)
  if path then return assert(loadfile(path)), path end
  local object, others = package.searchpath(name, here.cpath)
  if object then return assert(package.loadlib(object, "luaopen_" .. name:gsub("%.", "_"))), object end
  return tried .. others
end

local function look_here()
  if here.is_searched then return end
  here.is_searched = true
  table.insert(package.searchers, search_here)
end

-- ---- errors ----

-- An error object as text.
local function describe(object)
  local meta = getmetatable(object)
  if type(object) == "string" or type(object) == "number" or type(meta) == "table" and meta.__tostring then
    return tostring(object)
  elseif object == nil then
    return "an error without a message (nil)"
  elseif type(object) ~= "table" then
    return "an error object that is a " .. type(object)
  end
  local fields = {}
  for key, value in pairs(object) do fields[#fields + 1] = tostring(key) .. " = " .. tostring(value) end
  table.sort(fields)
  return "{" .. table.concat(fields, ", ", 1, math.min(#fields, 10)) .. (#fields > 10 and ", …}" or "}")
end

-- The stack from the error down to where the script was called; what is below is ours.
local function trace_script()
  local lines, last = {}, nil
  for line in debug.traceback("", 3):gmatch("[^\n]+") do
    lines[#lines + 1] = line
    if line:find("[C]: in function 'xpcall'", 1, true) then last = #lines end
  end
  return table.concat(lines, "\n", 1, last and last - 1 or #lines)
end

local function on_error(object)
  if type(object) == "table" and math.type(rawget(object, "exit_code")) == "integer" then return object end
  return {exit_code = object == "interrupted!" and EXIT_INTERRUPTED or EXIT_SCRIPT,
    message = describe(object), trace = trace_script()}
end

--- Prints what on_error made, and gives the exit code.
local function show_error(object)
  local text = require "onnxdoc.text"
  io.stdout:flush()
  if object.message then
    io.stderr:write("onnxdoc: ", text.printable_lines(tostring(object.message)), "\n")
  end
  if object.hint then io.stderr:write(text.printable_lines(object.hint), "\n") end
  if object.trace then io.stderr:write(text.printable_lines(object.trace), "\n") end
  return object.exit_code
end

-- arg as in lua: [0] is the script, what stands before it has negative places.
local function set_arg(args, first, free)
  local words, shift = {}, free and first - 1 or first
  for i = free and first or 0, #args do words[i - shift] = args[i] end
  if free then words[0] = args[0] end
  rawset(_G, "arg", words)
end

--- The globals of a script: arg, and model and models, which are loaded when they are first used.
local function set_globals(args, first, free, host)
  local makers
  setmetatable(_G, {__index = function(globals, key)
    if key ~= "model" and key ~= "models" then return nil end
    makers = makers or require "onnxdoc.globals"(args, first, free, host)
    local value = makers[key]()
    rawset(globals, key, value)
    return value
  end})
  set_arg(args, first, free)
end

--- Calls chunk(words...) and, where it returns a report, runs that. Gives the exit code.
local function run_chunk(chunk, name, words, context)
  look_here()
  local ok, result = xpcall(chunk, on_error, table.unpack(words))
  if ok and type(result) == "table" and type(result.run) == "function" then
    ok, result = xpcall(function() return require("onnxdoc.verbs").run(result, name, words, context) end, on_error)
    if ok then return result end
  end
  return ok and 0 or show_error(result)
end

-- The script's chunk; one that cannot be opened is an input that cannot be read.
local function load_script(name)
  local chunk, message = loadfile(name ~= "-" and name or nil)
  if chunk then return chunk end
  local what = message:match("^cannot %a+ .*: ([^:]*)$") or message:match("^cannot %a+ ")
  if what then return nil, {exit_code = EXIT_INPUT, message = name .. ": " .. what} end
  return nil, {exit_code = EXIT_SCRIPT, message = message}
end

local function run_script(name, words, context)
  local chunk, problem = load_script(name)
  if not chunk then return show_error(problem) end
  return run_chunk(chunk, name, words, context)
end

local function load_file(path)
  look_here()
  local ok, problem = xpcall(function() require("onnxdoc.files").load_option(path) end, on_error)
  return ok and 0 or show_error(problem)
end

local function run_code(code, words, context)
  local chunk, message = load(code, "=(command line)")
  if not chunk then return show_error {exit_code = EXIT_SCRIPT, message = message} end
  return run_chunk(chunk, "-e", words, context)
end

local function usage_error(message)
  return show_error {exit_code = EXIT_USAGE, message = message, hint = "try 'onnxdoc --help'"}
end

local function starts_as_script(path)
  local file = io.open(path, "rb")
  local start = file and file:read(2)
  if file then file:close() end
  return start == "#!"
end

-- What the word X is: "script", "model", "verb", or nil.
local function classify(word)
  if word:find("%.lua$") then return "script" end
  if word ~= "-" then
    if onnxdoc.looks_like_model(word) then return "model" end
    local verbs = require "onnxdoc.verbs"
    if verbs.is_verb(word) then return "verb" end
    local mode = require("lfs").attributes(word, "mode")
    if mode == "file" and starts_as_script(word) then return "script" end
    if mode or word:find("%.onnx$") then return "model" end
    if not word:find("/", 1, true) then return nil end
  end
  return "script"
end

local function run_steps(host, words, context)
  for _, step in ipairs(host.steps) do
    local run = step.kind == "code" and run_code or load_file
    local code = run(step.value, words, context)
    if code ~= 0 then return code end
  end
  return 0
end

local function run_verb(name, words, context)
  local ok, result = xpcall(function()
    return require("onnxdoc.verbs").run_named(name, words, context)
  end, on_error)
  if ok then return result end
  return show_error(result)
end

local function unknown_verb(word)
  local near = require("onnxdoc.verbs").nearest(word)
  return usage_error(("'%s' is neither a file nor a verb%s"):format(printable(word),
    near and ("; did you mean '%s'?"):format(near) or ""))
end

--- Runs the steps, then X with the words after it. With -e and -i, X is only a script where it ends in .lua, as in
-- lua; all words are the code's own otherwise.
local function dispatch(args, first, host, terminal)
  local word = args[first]
  local free = not word or (host.has_code or host.interactive) and not word:find("%.lua$")
  set_globals(args, first, free, host)
  local words = table.move(args, free and first or first + 1, #args, 1, {})
  local context = {host = host, terminal = terminal, show_error = show_error, on_error = on_error}
  local code = run_steps(host, words, context)
  if code ~= 0 or free then return code end
  local kind = classify(word)
  if kind == "script" then return run_script(word, words, context) end
  if kind == "verb" then return run_verb(word, words, context) end
  if kind == "model" then return run_verb("summary", table.move(args, first, #args, 1, {}), context) end
  return unknown_verb(word)
end

return function(args, terminal)
  local host, first = {steps = {}}, 1
  if args[1] and args[1]:find("^%-.") then host, first = require "onnxdoc.host"(args) end
  if not host then return usage_error(first) end
  if host.help then return run_verb(nil, {}, {host = host, terminal = terminal}) end
  if host.version then
    print("onnxdoc " .. onnxdoc.version)
    return 0
  end
  if not args[first] and #host.steps == 0 and not host.interactive then
    return usage_error("nothing to do: give a model, a script or a verb")
  end
  local code = dispatch(args, first, host, terminal)
  if host.interactive and code == 0 then
    look_here()
    return require("onnxdoc.prompt")(terminal, on_error, show_error)
  end
  return code
end
