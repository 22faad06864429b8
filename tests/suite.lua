-- Runs the whole suite: the C test programs, then the specs under each host, and adds up what they counted.
--
--     lua5.4 tests/suite.lua [--build DIR] [--host lua|binary|binary-sanitized|binary-gc]... [C_TEST...]
--
-- Hosts: "lua" is a stock lua5.4 with DIR/onnxdoc.so, "binary" is DIR/onnxdoc, "binary-sanitized" the same with
-- less of what is about quantity, "binary-gc" while it collects garbage without a pause; lua and binary unless some are
-- named. A C test program is one test, unless its last line is "N passed, N failed". The last line is "N passed, N failed[, N skipped]".

local build, hosts, programs = "build", {}, {}
do
  local i = 1
  while arg[i] do
    if arg[i] == "--build" then
      i = i + 1
      build = arg[i]
    elseif arg[i] == "--host" then
      i = i + 1
      hosts[#hosts + 1] = arg[i]
    else
      programs[#programs + 1] = arg[i]
    end
    i = i + 1
  end
end
if #hosts == 0 then hosts = {"lua", "binary"} end

-- ONNXDOC_TEST_SCALE: tests/scale.lua.
local commands = {
  lua = ("ONNXDOC_TEST_SCALE=0.1 LUA_CPATH='%s/?.so;;' lua5.4 tests/run.lua"):format(build),
  binary = build .. "/onnxdoc tests/run.lua",
  ["binary-sanitized"] = "ONNXDOC_TEST_SCALE=0.15 " .. build .. "/onnxdoc tests/run.lua",
  -- tests/ops is about a table: it makes much garbage and no handles.
  ["binary-gc"] = "ONNXDOC_TEST_SCALE=0.005 " .. build .. "/onnxdoc tests/run.lua --gc --except tests/ops/ "
    -- Plain Lua over finished tables, which takes minutes without pauses of the collector.
    .. "--except tests/rules/ --except card_names_spec --except charts_spec --except redact_spec",
}

local passed, failed, skipped = 0, 0, 0

-- Shows what the command prints, but for the counting line, which is added up.
local function run(name, command, counts_itself)
  io.stdout:write("== ", name, "\n")
  io.stdout:flush()
  local pipe = assert(io.popen(command .. " 2>&1"))
  local p, f, s
  for line in pipe:lines() do
    local p1, f1, rest = line:match("^(%d+) passed, (%d+) failed(.*)$")
    if p1 then
      p, f, s = math.tointeger(p1), math.tointeger(f1), math.tointeger(rest:match("(%d+) skipped") or 0)
    else
      print(line)
    end
  end
  local ok, how, status = pipe:close()
  if not p then
    p, f, s = ok and 1 or 0, ok and 0 or 1, 0
    if counts_itself then
      p, f = 0, 1
      print("FAIL " .. name .. " ended without counting its tests")
    end
  elseif not ok and f == 0 then
    f = 1
  end
  if not ok then print(("FAIL %s: %s %s"):format(name, how, status)) end
  passed, failed, skipped = passed + p, failed + f, skipped + s
end

for _, program in ipairs(programs) do run(program, program) end
for _, host in ipairs(hosts) do
  local command = commands[host] or error("unknown host " .. host)
  run(command, command, true)
end

local line = ("%d passed, %d failed"):format(passed, failed)
if skipped > 0 then line = line .. (", %d skipped"):format(skipped) end
print(line)
os.exit(failed == 0 and passed > 0)
