-- Runs the busted specs in this process, so that it works under a stock lua5.4 and inside the onnxdoc
-- binary alike:
--
--     LUA_CPATH='build/?.so;;' lua5.4 tests/run.lua [--gc] [--verbose] [--only TEXT] [--except PATTERN] [SPEC.lua ...]
--     build/onnxdoc tests/run.lua ...
--
-- --gc collects garbage without ever pausing, so that a handle that pins too little is found. --only runs the tests
-- whose own name contains TEXT, --verbose shows what each took, --except leaves out spec files by a
-- pattern. Without spec files, all tests/**/*_spec.lua. The last line counts:
-- "N passed, N failed" and ", N skipped" where some were. Exit status 0 only when none failed.

package.path = "./?.lua;./tests/?.lua;" .. package.path

local lfs = require "lfs"

local function find_specs(directory, found)
  for name in lfs.dir(directory) do
    local path = directory .. "/" .. name
    local is_hidden = name:sub(1, 1) == "."
    if not is_hidden and lfs.attributes(path, "mode") == "directory" then
      find_specs(path, found)
    elseif not is_hidden and name:find("_spec%.lua$") then
      found[#found + 1] = path
    end
  end
  return found
end

local options, files = {except = {}}, {}
do
  local i = 1
  while arg[i] do
    local word = arg[i]
    if word == "--gc" then options.gc = true
    elseif word == "--verbose" then options.verbose = true
    elseif word == "--except" then
      i = i + 1
      table.insert(options.except, arg[i])
    elseif word == "--only" then
      i = i + 1
      options[word:sub(3)] = arg[i]
    elseif word:sub(1, 1) == "-" then
      io.stderr:write("tests/run.lua: unknown option ", word, "\n")
      os.exit(2)
    else
      files[#files + 1] = word
    end
    i = i + 1
  end
end
if #files == 0 then
  for _, path in ipairs(find_specs("tests", {})) do
    local is_left_out = false
    for _, pattern in ipairs(options.except) do is_left_out = is_left_out or path:find(pattern) ~= nil end
    if not is_left_out then files[#files + 1] = path end
  end
end
table.sort(files)

-- Shared by all spec files; what else they require is loaded anew for each.
require "onnxdoc"
require "pl.path"

local busted = require "busted.core"()
require "busted"(busted)

local clock = os.clock()
local counts = {success = 0, failure = 0, pending = 0}

local function full_name(element)
  local names = {}
  while element and element.descriptor ~= "suite" and element.descriptor do
    table.insert(names, 1, tostring(element.name or element.descriptor))
    element = busted.context.parent(element)
  end
  return table.concat(names, " | ")
end

local function report(word, element, message, trace)
  io.stdout:write(word, " ", full_name(element), "\n")
  if message ~= nil then
    if type(message) ~= "string" then message = require("pl.pretty").write(message) end
    io.stdout:write("    ", (message:gsub("\n", "\n    ")), "\n")
  end
  if trace and trace.short_src then
    io.stdout:write("    at ", trace.short_src, ":", tostring(trace.currentline), "\n")
  end
  io.stdout:flush()
end

busted.subscribe({"test", "end"}, function(element, _, status)
  if status == "success" or status == "pending" then
    counts[status] = counts[status] + 1
    if status == "pending" then report("skip", element)
    elseif options.verbose then report(("ok %6.2f s"):format(os.clock() - clock), element) end
    clock = os.clock()
  else
    counts.failure = counts.failure + 1
  end
  return nil, true
end)
busted.subscribe({"failure"}, function(element, _, message, trace)
  if element.descriptor ~= "it" then counts.failure = counts.failure + 1 end
  report("FAIL", element, message, trace)
  return nil, true
end)
busted.subscribe({"error"}, function(element, _, message, trace)
  if element.descriptor ~= "it" then counts.failure = counts.failure + 1 end
  report("FAIL", element, message, trace)
  return nil, true
end)
if options.only then
  busted.subscribe({"register", "it"}, function(name, _, _, _)
    return nil, name:find(options.only, 1, true) ~= nil
  end, {priority = 1})
end

busted.randomize = false
local load_tests = require "busted.modules.test_file_loader"(busted, {"lua"})
load_tests(files, {"_spec%.lua$"}, {excludes = {}, verbose = false, recursive = false})

if options.gc then
  collectgarbage("setpause", 0) -- in collectgarbage("incremental", …) a 0 would leave it as it is
end
require "busted.execute"(busted)(1, {seed = 1, shuffle = false, sort = false})

local line = ("%d passed, %d failed"):format(counts.success, counts.failure)
if counts.pending > 0 then line = line .. (", %d skipped"):format(counts.pending) end
print(line)
os.exit(counts.failure == 0 and counts.success > 0, true)
