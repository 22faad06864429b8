-- Opens a model; prints what is found out once before patterns are looked for (shapes, costs, the canonical view, an index
-- of operators), then what looking for the slowest of a few takes, in milliseconds, and how many matches there were.
local m = assert(onnxdoc.load(arg[1]))
local function milliseconds(work)
  local start = os.clock()
  local result = work()
  return (os.clock() - start) * 1000, result
end
local once = milliseconds(function() return m:find("Conv", {count = true}) end)
local slowest, found = 0, 0
for _, pattern in ipairs {"Max(Sub(Mul(?a, ?b), ?c), ?d)", "Add|Mul|Sub(?a, ?b)", "Sub -> Max -> Add", "Add ->{1,3} Max",
  "y = Add(?a, ?b); Sub(?y, ?c)", "Sub{fanout=1}", "Max(?a{dtype=float32}, 1)"} do
  local time, count = milliseconds(function() return m:find(assert(onnxdoc.pattern(pattern)), {count = true}) end)
  slowest, found = math.max(slowest, time), found + count
end
print(("%.3f %.3f %d"):format(once, slowest, found))
