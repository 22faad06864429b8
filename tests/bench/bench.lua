-- `make bench`: what making, opening and walking large models takes, beside the limits it must keep, and as ratios
-- against python3-onnx where that is installed. Median of five runs behind one that does not count; the files
-- are in the page cache; memory is the peak resident set of the process itself (launcher.c). MB is 10^6 bytes.
-- Exit status 1 when a limit is missed.

local lfs = require "lfs"

local build = "build"
for i = 1, #arg do
  if arg[i] == "--build" then build = arg[i + 1] end
end
local directory = build .. "/bench"
lfs.mkdir(directory)
local launcher = build .. "/tests/bench/launcher"
local binary = build .. "/onnxdoc"
local python = "/usr/bin/python3"
local has_onnx = os.execute(python .. " -c 'import onnx' >/dev/null 2>&1")

local missed = 0

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  local ok = pipe:close()
  return text, ok
end

-- Median milliseconds and bytes of a command.
local function measure(runs, command)
  local text = capture(("%s %d %s"):format(launcher, runs, command))
  local ms, bytes, status = text:match("^(%S+) (%S+) (%d+)")
  assert(status == "0", "failed: " .. command)
  return tonumber(ms), tonumber(bytes)
end

local function row(what, value, limit, unit, note)
  local verdict = "     "
  if limit then
    local good = value <= limit
    verdict = good and "ok   " or "MISS "
    if not good then missed = missed + 1 end
  end
  local limit_text = limit and ("≤ %.4g %s"):format(limit, unit) or ""
  print(("%s%-44s %10.2f %-5s %-14s %s"):format(verdict, what, value, unit, limit_text, note or ""))
end

-- A generated file, made once, again when its generator is newer. `@` in the arguments is its path.
local function generated(name, generator, arguments)
  local path = directory .. "/" .. name
  local made, source = lfs.attributes(path, "modification"), lfs.attributes(generator, "modification")
  if not made or made < source then
    assert(os.execute(("lua5.4 %s %s > %s/generate.log"):format(generator, arguments:gsub("@", path), directory)))
  end
  return path
end

local function python_load(path)
  if not has_onnx then return nil end
  local script = directory .. "/load.py"
  local file = assert(io.open(script, "w"))
  file:write("import sys, time, onnx\nstart = time.perf_counter()\n",
             "onnx.load(sys.argv[1], load_external_data=False)\nprint((time.perf_counter() - start) * 1000)\n")
  file:close()
  local times = {}
  for _ = 1, 3 do
    local ms = tonumber((capture(("%s %s %s"):format(python, script, path))))
    if not ms then return nil end
    times[#times + 1] = ms
  end
  table.sort(times)
  local _, bytes = measure(1, ("%s %s %s"):format(python, script, path))
  return times[2], bytes
end

local function against(ms, bytes, path)
  local python_ms, python_bytes = python_load(path)
  if not python_ms then return "", "" end
  return ("onnx.load %.0f ms, %.0f times as long"):format(python_ms, python_ms / ms),
         ("onnx.load %.0f MB, %.1f times as much"):format(python_bytes / 1e6, python_bytes / bytes)
end

do
  local path = directory .. "/bert_squad.onnx"
  local make = ("%s tests/models/make.lua bert_squad %s "):format(binary, path)
  local random_ms, random_bytes = measure(5, make .. "weights=random")
  print("\nThe seed model, written with the builder")
  row("random weights, whole process", random_ms, 1000, "ms")
  row("peak resident set", random_bytes / 1e6, 40, "MB")
  row("holes, whole process", measure(21, make .. "weights=zeros"), 50, "ms")

  local ms, bytes = measure(21, ("%s tests/bench/walk.lua %s"):format(binary, path))
  local time_note, memory_note = against(ms, bytes, path)
  print(("\nThe seed model (%.1f MB): open it and walk every node, input, output and attribute in Lua"):format(
    lfs.attributes(path, "size") / 1e6))
  row("whole process", ms, 6, "ms", time_note)
  row("peak resident set", bytes / 1e6, 12, "MB", memory_note)
  local infer_ms, infer_bytes = measure(21, ("%s tests/bench/infer.lua %s"):format(binary, path))
  row("open and infer all shapes, whole process", infer_ms, 10, "ms")
  row("peak resident set", infer_bytes / 1e6, 16, "MB")
  local cost_ms, cost_bytes = measure(21, ("%s cost %s"):format(binary, path))
  row("onnxdoc cost, whole process", cost_ms, 16, "ms", "onnx-tool: 1.07 s, 0.9 GB, where it was measured")
  row("peak resident set", cost_bytes / 1e6, nil, "MB")
  local totals, formulas, count = capture(("%s tests/bench/evaluate.lua %s"):format(binary, path)):match("(%S+) (%S+) (%d+)")
  local grep_ms = measure(21, ("%s grep -c 'Softmax(Add(Mul(MatMul(?q, ?k), ?scale:const), ?mask))' %s"):format(binary, path))
  row("onnxdoc grep, whole process", grep_ms, 15, "ms")
  row("all totals at new values of the symbols", tonumber(totals) / 1000, 0.2, "ms")
  row(("all %s formulas of nodes"):format(count), tonumber(formulas) / 1000, 0.2, "ms")
  local text_ms, text_bytes = measure(21, ("%s text %s"):format(binary, path))
  row("onnxdoc text, whole process", text_ms, 30, "ms", "weights hashed by samples")
  row("peak resident set", text_bytes / 1e6, nil, "MB")
  local draw = ("%s tests/bench/charts.lua %s"):format(binary, path)
  row("all charts as PNG, on top of the facts", tonumber(capture(draw):match("%S+")), 60, "ms")
  local check = ("%s tests/bench/rules.lua %s"):format(binary, path)
  row("all rules, on top of the facts", tonumber(capture(check):match("%S+")), 15, "ms")
  row("peak resident set", select(2, measure(5, draw)) / 1e6, 60, "MB")
end

do
  local sizes = {{10000, "10k"}, {100000, "100k"}, {1000000, "1m"}}
  local per_node = {}
  for _, size in ipairs(sizes) do
    size.path = generated("graph_" .. size[2] .. ".onnx", "tests/bench/graph_million.lua", size[1] .. " @")
    size.ms, size.bytes = measure(5, ("%s tests/bench/open.lua %s"):format(binary, size.path))
  end
  local million = sizes[3]
  local time_note, memory_note = against(million.ms, million.bytes, million.path)
  print(("\nA graph of 1,000,000 nodes (%.1f MB)"):format(lfs.attributes(million.path, "size") / 1e6))
  row("open, whole process", million.ms, 400, "ms", time_note)
  row("open, whole process, aim", million.ms, nil, "ms", million.ms <= 250 and "≤ 250 ms: reached" or "≤ 250 ms: not reached")
  row("peak resident set", million.bytes / 1e6, 300, "MB", memory_note)
  local infer_ms, infer_bytes = measure(5, ("%s tests/bench/infer.lua %s"):format(binary, million.path))
  row("open and infer all shapes, whole process", infer_ms, 600, "ms",
    infer_ms <= 450 and "≤ 450 ms: reached" or "≤ 450 ms: not reached")
  row("peak resident set", infer_bytes / 1e6, 400, "MB")
  local counted = capture(("%s tests/bench/cost.lua %s"):format(binary, million.path)):match("%S+")
  row("count all costs, on top of inference", tonumber(counted), 250, "ms")
  local once, slowest = capture(("%s tests/bench/find.lua %s"):format(binary, million.path)):match("(%S+) (%S+)")
  row("what patterns need once: shapes, costs, classes, an index", tonumber(once), nil, "ms")
  row("that and the slowest of seven patterns", once + slowest, 300, "ms")
  local found = capture(("%s tests/bench/layers.lua %s"):format(binary, million.path)):match("%S+")
  row("find layers, on top of costs and node classes", tonumber(found), 500, "ms")
  row("iterate and read op_type, in Lua", tonumber((capture(("%s tests/bench/iterate.lua %s"):format(binary, million.path)))), 500, "ms")
  local start_ms = measure(21, binary .. " tests/bench/empty.lua")
  for i, size in ipairs(sizes) do
    per_node[i] = (size.ms - start_ms) * 1e6 / size[1]
    row(("open %7d nodes, per node"):format(size[1]), per_node[i], nil, "ns")
  end
  row("linear: per node, 1 M against 10 k", per_node[3] / per_node[1], 1.5, "times")
  for i, size in ipairs(sizes) do
    per_node[i] = (measure(5, ("%s tests/bench/infer.lua %s"):format(binary, size.path)) - start_ms) * 1e6 / size[1]
    row(("open and infer %7d nodes, per node"):format(size[1]), per_node[i], nil, "ns")
  end
  row("linear: per node, 1 M against 10 k", per_node[3] / per_node[1], 1.5, "times")
end

do
  local path = generated("big_70b.onnx", "tests/bench/big_70b.lua", "@")
  local ms, bytes = measure(21, ("%s tests/bench/open.lua %s"):format(binary, path))
  local time_note, memory_note = against(ms, bytes, path)
  print(("\nA 70B language model (%.1f MB, %.0f GB of external data)"):format(
    lfs.attributes(path, "size") / 1e6, lfs.attributes(path .. ".data", "size") / 1e9))
  row("open, whole process", ms, 10, "ms", time_note)
  row("peak resident set", bytes / 1e6, 16, "MB", memory_note)
end

local testdata = "/usr/share/libonnx-testdata/data" -- of the package libonnx-testdata
if lfs.attributes(testdata, "mode") == "directory" then
  local function facts(jobs) return (measure(7, ("%s facts --jobs %d %s"):format(binary, jobs, testdata))) end
  local one, two = facts(1), facts(2)
  print("\nFacts of the 1,072 models of libonnx-testdata")
  row("one process", one, nil, "ms")
  row("two processes", two, 2000, "ms")
  local gain = ("≥ 1.7 times as fast: %s (%.2f)"):format(one / two >= 1.7 and "reached" or "not reached", one / two)
  row("two against one", two / one, 1 / 1.7, "times", gain)
end

do
  local ours, our_bytes = measure(101, binary .. " tests/bench/empty.lua")
  local theirs, their_bytes = measure(101, "lua5.4 -e ''")
  print("\nStarting: an empty script against lua5.4 -e ''")
  row("onnxdoc", ours, nil, "ms", ("%.1f MB"):format(our_bytes / 1e6))
  row("lua5.4", theirs, nil, "ms", ("%.1f MB"):format(their_bytes / 1e6))
  row("ratio", ours / theirs, 2, "times")
end

print()
if not has_onnx then print("python3-onnx is not installed: no ratios") end
print(missed == 0 and "all limits kept" or missed .. " limits missed")
os.exit(missed == 0)
