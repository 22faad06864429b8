-- Code from elsewhere: what it cannot reach, what ends it, and that the host is as before.

local guard = require "onnxdoc.guard"
local onnxdoc = require "onnxdoc"
local scale = require "scale"

-- Where all garbage is collected all the time, it may be the clock that ends what instructions would.
local small = {instructions = 5e5, memory = 32 * 2 ^ 20, string = 4 * 2 ^ 20, seconds = 5}

local function with(changes)
  local limits = {}
  for name, value in pairs(small) do limits[name] = value end
  for name, value in pairs(changes) do limits[name] = value end
  return limits
end

-- Runs a source in a guard of its own.
local function run(source, limits, ...)
  local g = guard.new(limits or small)
  local chunk = assert(g:load(source, "@rules/x.lua"))
  return g:call(chunk, ...)
end

local function result(source, ...)
  local ok, value = run(source, nil, ...)
  assert.is_true(ok, value)
  return value
end

-- What a host has that a call must leave as it was.
local function host_state()
  local hook, mask, count = debug.gethook()
  return {hook = hook, mask = mask, count = count, index = getmetatable("").__index, rep = ("ab"):rep(2),
    format = string.format, huge = math.huge, dump = ("x").dump, type = type}
end

local function ends(source, pattern, limits)
  local before, clock = host_state(), os.clock()
  local ok, message = run(source, limits)
  assert.is_false(ok, source)
  assert.truthy(tostring(message):find(pattern), source .. ": " .. tostring(message))
  assert.same(before, host_state())
  assert.is_true(os.clock() - clock < 8, source)
  assert.equal(20000000, #("x"):rep(20000000)) -- no limit is left behind
end

local function parse(text) return assert(onnxdoc.parse(text)) end
local relu = "g (float[N,8] x) => (float[N,8] y) { [first] t = Relu(x) [second] y = Abs(t) }"

describe("a guard", function()
  it("has getmetatable give nil, not nothing, where there is none", function()
    assert.equal("1 nil nil nil", result [[
      return select("#", getmetatable({})) .. " " .. type(getmetatable({})) .. " " .. type(getmetatable(print or type))
        .. " " .. type(getmetatable(1))]])
  end)

  it("runs code, and gives what it gives", function()
    local g = guard.new()
    local chunk = assert(g:load("local a, b = ... return a + b, {x = {1, 2}}, nil", "=sum"))
    local ok, sum, t, none = g:call(chunk, 2, 3)
    assert.same({true, 5, {x = {1, 2}}}, {ok, sum, t, none})
    assert.equal(5, (chunk(2, 3)))
    assert.is_true(g.used.memory > 0 and g.used.seconds > 0 and g.used.instructions >= 0)
    assert.is_nil(g.closed)
  end)

  it("says what is wrong with a source", function()
    local g = guard.new()
    local chunk, message = g:load("x = = 1", "@rules/x.lua")
    assert.is_nil(chunk)
    assert.equal("rules/x.lua:1: unexpected symbol near '='", message)
    local ok
    ok, message = run("local t = nil\nreturn t.x")
    assert.is_false(ok)
    assert.equal("rules/x.lua:2: attempt to index a nil value (local 't')", message)
    ok, message = run("error('mine', 0)")
    assert.same({false, "mine"}, {ok, message})
    ok, message = run("error()")
    assert.same({false, "nil"}, {ok, message})
    assert.is_true((select(2, run("error({})")):find("^table") ~= nil))
  end)

  it("checks its limits", function()
    assert.has_error(function() guard.new{steps = 3} end)
    assert.has_error(function() guard.new{seconds = 0} end)
    assert.has_error(function() guard.new{memory = "x"} end)
  end)

  it("takes text only", function()
    local g = guard.new()
    local chunk, message = g:load(string.dump(function() return 1 end), "=code")
    assert.is_nil(chunk)
    assert.truthy(message:find("attempt to load a binary chunk", 1, true))
    assert.is_nil(g:load("\27Lua", "=code"))
    assert.is_nil((g:load(("x = 1 "):rep(1000000), "=long")))
    assert.is_nil(result "return string.dump")
    assert.is_nil(result "return ('').dump")
  end)

  it("has names of its own", function()
    local names = result [[
      local names = {}
      for name in pairs(_G) do names[#names + 1] = name end
      table.sort(names)
      return table.concat(names, ' ')]]
    assert.equal("_G _VERSION assert collectgarbage coroutine error getmetatable ipairs math next onnxdoc pairs pcall rawequal "
      .. "rawget rawlen rawset select setmetatable string table tonumber tostring type utf8 xpcall", names)
    assert.is_true(result "return _G == _ENV and _G._G == _G and package == nil and math.pi > 3")
    local g = guard.new()
    local chunk = assert(g:load("return extra.value + twice(4), _G.extra ~= nil", "=x",
      {extra = {value = 1}, twice = function(n) return 2 * n end}))
    assert.same({true, 9, true}, {g:call(chunk)})
    assert.same({true, true}, {g:call(assert(g:load("return extra == nil", "=x")))})
  end)

  it("prints where it is told to", function()
    local printed = {}
    local g = guard.new{output = function(s) printed[#printed + 1] = s end}
    assert.is_true((g:call(assert(g:load("print(1, nil, 'x')", "=x")))))
    assert.same({"1\tnil\tx\n"}, printed)
    assert.is_nil(result "return print")
  end)
end)

describe("code from elsewhere cannot reach", function()
  it("the host's libraries", function()
    assert.is_true(result [[
      local function nothing(...) for i = 1, select('#', ...) do if select(i, ...) ~= nil then return false end end return true end
      return nothing(io, os, debug, package, require, load, loadstring, dofile, loadfile, string.dump, onnxdoc.load,
        onnxdoc.load_bytes, onnxdoc.build, onnxdoc._guard, onnxdoc._embedded, onnxdoc._encode, onnxdoc.operator,
        getmetatable(''), getmetatable(print or ''), getmetatable(onnxdoc), getmetatable(string), getmetatable(_G))]])
    assert.is_true(result [[
      local thread, is_main = coroutine.running()
      return thread == nil and is_main]])
    assert.is_false((run "collectgarbage('collect')"))
    assert.is_false((run "collectgarbage('stop')"))
    assert.is_true(result "return collectgarbage('count') < 1000")
  end)

  it("anything through its objects", function()
    local m = parse(relu)
    local g = guard.new(small)
    local chunk = assert(g:load([[
      local m, e, c = ...
      local found = {}
      for i, object in ipairs {m, m.graph, m:node('first'), m.inputs[1], e, c, m:node('first').inputs} do
        found[i] = type(getmetatable(object)) .. tostring(pcall(setmetatable, object, {}))
      end
      return table.concat(found, ' ')]], "=x"))
    local ok, found = g:call(chunk, m, onnxdoc.expr("n") + 1, m.cost)
    assert.is_true(ok, found)
    assert.equal(("stringfalse "):rep(7), found .. " ")
    local ours = getmetatable(g)
    assert.equal("Guard", ours)
    local draft = onnxdoc._encode{graph = {name = "g"}}
    assert.is_not_equal("table", type(getmetatable(draft)))
  end)

  it("the host's tables by changing its own", function()
    local before = host_state()
    assert.is_true((run [[
      string.format = function() return 'evil' end
      string.rep, math.huge, table.concat, onnxdoc.si = nil, 1, error, nil
      onnxdoc.dtypes.float32.bits = 1
      onnxdoc.escape.printable = error
      _G.type, _ENV.x = nil, 3
      rawset(string, 'sub', error)]]))
    assert.same(before, host_state())
    assert.equal(32, onnxdoc.dtypes.float32.bits)
    assert.equal("a", onnxdoc.escape.printable("a"))
    assert.is_nil(rawget(_G, "x"))
    assert.equal("evil ab", result [[
      string.format = function() return 'evil' end
      return string.format('%d', 1) .. ' ' .. ('a%s'):format('b')]])
  end)

  it("tables that are passed", function()
    local g = guard.new(small)
    local shared = {inner = {1}, again = nil}
    shared.again = shared.inner
    local f = g:wrap{change = assert(g:load([[
      local t, write = ...
      assert(t.inner == t.again)
      t.inner[1] = 2
      setmetatable(t, {__index = error})
      t.hook = function() end
      write(t)
      return setmetatable({t, t}, {__index = function() while true do end end, __tostring = error})]], "=x"))}.change
    local seen
    local given = f(shared, function(t) seen = t end)
    assert.same({inner = {1}, again = {1}}, shared)
    assert.is_nil(getmetatable(given))
    assert.is_nil(given.x)
    assert.equal(given[1], given[2])
    assert.is_nil(getmetatable(seen))
    assert.equal(2, seen.inner[1])
    assert.is_nil(seen.nothing)
  end)

  it("coroutines of the host, or hand over its own", function()
    local ok, message = run("return coroutine.create(function() end)")
    assert.is_false(ok)
    assert.truthy(message:find("a coroutine cannot pass", 1, true))
    ok, message = run("return 1", nil, coroutine.create(function() end))
    assert.is_false(ok)
    assert.truthy(message:find("a coroutine cannot pass", 1, true))
    assert.truthy(select(2, run("local t = {} for i = 1, 300 do t = {t} end return t")):find("nested too deep", 1, true))
    assert.is_false((run "coroutine.yield(1)"))
    local outcome = coroutine.wrap(function() return run("coroutine.yield(1)") end)()
    assert.is_false(outcome)
  end)

  it("what the host shares of a model", function()
    local m = parse(relu)
    local facts = m.facts
    local name = facts.model.name
    assert.is_true((run([[
      local m = ...
      assert(m.facts == m.facts and m.facts.graph.nodes)
      m.facts.model.name = 'evil'
      m.facts.cost = setmetatable({}, {__index = error})
      m.inputs[1].quantization = nil]], nil, m)) == false) -- handles have no fields to set
    assert.equal(name, m.facts.model.name)
    assert.is_true((run("local m = ... m.facts.model.name = 'evil' m.facts.cost = nil return m.facts.model.name == 'evil'", nil, m)))
    assert.equal(name, m.facts.model.name)
    assert.is_not_nil(m.facts.cost)
  end)

  it("the symbols of the host's Exprs", function()
    local n = onnxdoc.expr("guarded_n", {least = 2})
    assert.equal("guarded_n + 1", result "return (onnxdoc.expr('guarded_n', {least = 1, most = 1}) + 1).formula")
    assert.is_true(onnxdoc.prove(n, ">=", 2))
    assert.is_false(onnxdoc.prove(n, "<=", 1))
  end)

  it("closing models, files and other models", function()
    local m = parse(relu)
    for _, source in ipairs {"local m = ... m:close()", "local m <close> = ...", "local m = ... m.graph.model:close()",
      "onnxdoc.parse('g () => () {}', {directory = '/'})", "local m = ... m:with{dims = {N = 1}}:close()"} do
      assert.is_false((run(source, nil, m)), source)
    end
    assert.equal(2, #m)
    local external = onnxdoc.build{}
    external:constant("w", "uint8", {8}, {external = {location = "passwd", offset = 0, length = 8}})
    local text = onnxdoc.text(external:model())
    assert.is_true(result("local m = onnxdoc.parse(...) for t in m:tensors() do return (t:bytes()) == nil end return 'none'", text))
  end)

  it("finalizers and weak tables", function()
    for _, name in ipairs {"__gc", "__mode"} do
      assert.is_false((run(("setmetatable({}, {%s = 'k'})"):format(name))))
    end
    assert.is_true((run [[
      local mt = {}
      for i = 1, 100 do setmetatable({}, mt) end
      mt.__gc, mt.__mode = function() while true do end end, 'kv'
      for i = 1, 20000 do local t = {i} end]]))
    collectgarbage()
  end)
end)

describe("metatables in a guard", function()
  it("work as they do elsewhere", function()
    assert.is_true(result [[
      local Class = {}
      Class.__index = Class
      function Class.new(x) return setmetatable({x = x}, Class) end
      function Class:get() return self.x end
      Class.__add = function(a, b) return Class.new(a.x + b.x) end
      Class.__tostring = function(self) return 'C' .. self.x end
      Class.__eq = function(a, b) return a.x == b.x end
      Class.__close = function(self) self.x = 'closed' end
      local a, b = Class.new(1), Class.new(2)
      assert((a + b):get() == 3 and tostring(a) == 'C1' and a == Class.new(1) and a ~= b)
      assert(getmetatable(a) == Class and rawequal(getmetatable(a), getmetatable(b)))
      do local c <close> = a end
      assert(a.x == 'closed')
      assert(getmetatable(setmetatable({}, nil)) == nil)
      local locked = setmetatable({}, {__metatable = 'locked'})
      assert(getmetatable(locked) == 'locked' and not pcall(setmetatable, locked, {}))
      local count = 0
      for k in pairs(Class) do assert(type(k) == 'string') count = count + 1 end
      assert(next({}) == nil and next(setmetatable({}, {})) == nil)
      local copy = {}
      for k, v in next, Class do copy[k] = v end
      copy.__tostring = function() return 'copy' end
      assert(tostring(setmetatable({}, copy)) == 'copy' and tostring(b) == 'C2')
      for k, v in pairs(setmetatable({}, {__pairs = function() return next, {a = 1}, nil end})) do assert(k == 'a' and v == 1) end
      return true]])
  end)

  it("never leave it", function()
    local ok, class = run "local mt = {x = 1} setmetatable({}, mt) return mt"
    assert.is_true(ok)
    assert.same({x = 1}, class)
  end)
end)

describe("endless code ends", function()
  local endless = {
    "while true do end",
    "local function f() return f() end f()",
    "for i = 1, math.huge do end",
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(pcall, error) end",
    "pcall(function() while true do end end) while true do end",
    "xpcall(function() while true do end end, function() while true do end end)",
    "xpcall(error, function() while true do end end)",
    "xpcall(error, function() pcall(function() while true do end end) while true do end end)",
    "coroutine.wrap(function() while true do end end)()",
    "local co = coroutine.create(function() while true do end end) coroutine.resume(co) while true do end",
    "while true do coroutine.wrap(function() coroutine.yield() end)() end",
    "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) "
      .. "coroutine.yield() end) coroutine.resume(co) coroutine.close(co) while true do end",
    "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    "local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1",
    "local t = setmetatable({}, {__add = function() while true do end end}) return t + 1",
    "local t = setmetatable({}, {__len = function() while true do end end}) return #t",
    "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
    "local t = setmetatable({}, {__tostring = function() while true do end end}) return tostring(t)",
    "local t = setmetatable({}, {__tostring = function() while true do end end}) return ('%s'):format(t)",
    "local t = setmetatable({}, {__tostring = function() while true do end end}) error(t)",
    "local t <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
    "local t <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
    "return ('x'):gsub('.', function() while true do end end)",
    "return ('x'):gsub('.', setmetatable({}, {__index = function() while true do end end}))",
    "for _ in function() return 1 end do end",
    "table.sort({3, 1, 2}, function() while true do end end)",
    "return pairs(setmetatable({}, {__pairs = function() while true do end end}))",
    "local t = {} for i = 1, 90 do t = setmetatable({}, {__index = t}) end while true do local x = t.x end",
    "local t = setmetatable({}, {__len = function() return math.maxinteger - 1 end, __index = rawlen}) table.concat(t)",
    "local t = setmetatable({}, {__len = function() return 1 << 40 end, __index = rawlen, __newindex = rawequal}) table.insert(t, 1, 1)",
    "local t = setmetatable({}, {__len = function() return 1 << 40 end, __index = rawlen}) table.remove(t, 1)",
    "local t = setmetatable({}, {__index = rawlen}) table.move(t, 1, 1 << 40, 2)",
    "local t = setmetatable({}, {__len = function() return (1 << 31) - 2 end, __index = rawlen}) table.sort(t)",
    "local s = ('x'):rep(4e6) while true do local _ = s:upper():lower():reverse() end",
    "local s = ('x'):rep(4e6) while true do local _ = s:find('yy', 1, true) end",
    "local s = ('x'):rep(4e6) while true do utf8.len(s) end",
    "local s = ('x'):rep(4e6) while true do ('x'):find(s) end",
    "local s = '[' .. ('x'):rep(2e6) .. ']' while true do (''):match(s) end",
    "local s = (' '):rep(4e6) while true do string.packsize(s) end",
    "local s, t = ('\\0'):rep(4e5), {} for i = 1, 2000 do t[i] = s end table.sort(t)",
    "while true do onnxdoc.expr('n') end",
    "while true do local e = onnxdoc.expr('n') for i = 1, 50 do e = e + i * onnxdoc.expr('n' .. i) end end",
  }
  for _, source in ipairs(endless) do
    it(source:sub(1, 100), function() ends(source, "^limit: more than .* in rules/x.lua:1$") end)
  end

  it("by the clock where nothing else counts", function()
    local before = os.time()
    local ok, message = run("while true do end", with{seconds = 0.3, instructions = 1e14})
    assert.is_false(ok)
    assert.truthy(message:find("^limit: more than 0%.3 s in rules/x%.lua:1$"), message)
    assert.is_true(os.time() - before < 4)
  end)

  it("also in methods of objects", function()
    local m = parse(relu)
    for _, source in ipairs {"local m = ... while true do m:with{dims = {N = 2}} end", "local m = ... while true do m:memory{N = 2} end",
      "local m = ... local views = {} while true do views[#views + 1] = m:with{dims = {N = 2}} end",
      "local m = ... m:costs(function() while true do end end)", "local m = ... while true do for n in m:nodes() do end end",
      "local m = onnxdoc.parse('g () => () <float[10000,50000] w = {...}> {}') for t in m:tensors() do t:hash() t:stats() end",
      "local m = onnxdoc.parse('g () => () <float[10000,50000] w = {...}> {}') for t in m:tensors() do t:values(1e9) end"} do
      local ok, message = run(source, nil, m)
      assert.is_false(ok, source)
      assert.truthy(message:find("^limit: "), message)
      assert.equal(2, #m)
    end
  end)
end)

describe("large code ends", function()
  local bombs = {
    "return ('x'):rep(1e10)", "return ('x'):rep(1 << 40, 'y')", "return (''):rep(1e9, 'ab')", "return ('x'):rep(4e6):rep(1e6)",
    "local s = 'x' while true do s = s .. s end", "local t = {} while true do t[#t + 1] = {} end",
    "local t = {} for i = 1, math.huge do t[i] = i end", "local t = {} for i = 1, math.huge do t[i] = function() return i end end",
    "local t = {} for i = 1, 1e6 do t[i] = ('x'):rep(1000) end return table.concat(t)",
    "local t = {} for i = 1, math.huge do t[i] = 'x' .. i end",
    "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "local s = ('x'):rep(1e6) return s:gsub('.', s)", "local s = ('x'):rep(1e6) return (s:gsub('.', '%0%0%0%0%0%0%0%0%0%0'))",
    "local s = ('%s'):rep(100) local x = ('x'):rep(1e6) return s:format(table.unpack((function() local t = {} "
      .. "for i = 1, 100 do t[i] = x end return t end)()))",
    "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
    "pcall(string.rep, 'x', 1e10) return 'caught'",
    "local ok = coroutine.resume(coroutine.create(function() local t = {} while true do t[#t + 1] = {} end end)) return ok",
    "return string.pack('c100000000', '')",
    "local t = {} for i = 1, 1e5 do t = {t, {t}} end local s = {} for i = 1, 1e7 do s[i] = {t} end",
  }
  for _, source in ipairs(bombs) do
    it(source:sub(1, 100), function() ends(source, "^limit: ", with{instructions = 50e6}) end)
  end

  it("also over several calls", function()
    local g = guard.new(with{instructions = 50e6})
    local f = assert(g:load("kept = kept or {} for i = 1, 20 do kept[#kept + 1] = ('x'):rep(1e5) .. #kept end return #kept", "=x"))
    local before = collectgarbage("count")
    local ok, message
    for _ = 1, 100 do
      ok, message = g:call(f)
      if not ok then break end
    end
    assert.is_false(ok)
    assert.truthy(message:find("^limit: "), message)
    assert.is_true(collectgarbage("count") - before < 80000)
  end)

  it("also where it is objects that hold memory of their own", function()
    local m = parse(relu)
    for _, source in ipairs {"kept[#kept + 1] = onnxdoc.pattern('Relu(_)')", "kept[#kept + 1] = m:find('Relu(_)')",
      "kept[#kept + 1] = m:with{dims = {N = 2}}", "kept[#kept + 1] = m:with{dims = {N = 2}}:value('t')",
      "kept[#kept + 1] = onnxdoc.parse('g (float[N] x) => () { y = Abs(x) }'):value('y')"} do
      local g = guard.new(with{instructions = 50e6, memory = 2 ^ 20})
      local f = assert(g:load("local m = ... kept = kept or {} for i = 1, 20 do " .. source .. " end return #kept", "=x"))
      local ok, count, message = true, 0, nil
      while ok and count < 2000 do
        ok, message = g:call(f, m)
        count = ok and message or count
      end
      assert.is_false(ok, source)
      assert.truthy(message:find("^limit: .*memory"), message)
    end
    for _, source in ipairs {"onnxdoc.pattern('Relu(_)')", "m:find('Relu(_)', {count = true})", "m:with{dims = {N = 2}}"} do
      local ok, message = run("local m = ... for i = 1, " .. scale(1000) .. " do local _ = " .. source .. " end",
        with{instructions = 50e6, memory = 2 ^ 20}, m)
      assert.is_true(ok, message)
    end
  end)

  it("but not what only makes garbage", function()
    local g = guard.new(with{instructions = 50e6, memory = 4 * 2 ^ 20, seconds = 60})
    local f = assert(g:load("local t = {} for i = 1, 200 do t[i] = ('x'):rep(1000) .. i end", "=x"))
    for _ = 1, scale(100) do
      local ok, message = g:call(f)
      assert.is_true(ok, message)
      collectgarbage("step", 100)
    end
    local ok, message = g:call(assert(g:load("for i = 1, " .. scale(9000) .. " do local s = ('x'):rep(1000) .. i end", "=x")))
    assert.is_true(ok, message)
  end)

  -- 200,000 frames take minutes while garbage is collected without a pause.
  if scale(20000) > 1000 then
    it("and deep code gets an ordinary error", function()
      for _, source in ipairs {"local function f() return 1 + f() end f()", "local function f() local ok, m = pcall(f) error(m, 0) end f()",
        "local t = setmetatable({}, {}) getmetatable(t).__index = t local mt = {__index = function(t, k) return t[k] end} "
        .. "return setmetatable({}, mt).x", "return ('('):rep(1e4) == 1 or string.find(('a'):rep(1e5), ('(.-)'):rep(40))",
        "local s = 'x' local function f() s:gsub('.', f) end f()", "local function f() return coroutine.wrap(f)() end f()"} do
        local ok, message = run(source, with{instructions = 50e6})
        assert.is_false(ok, source)
        assert.is_string(message)
      end
      assert.same({true, false}, {run("return (pcall(function() local function f() return 1 + f() end f() end))", {seconds = 600})})
    end)
  end
end)

describe("after a limit", function()
  it("the guard is closed until it is renewed", function()
    local g = guard.new(small)
    local bad, good = assert(g:load("while true do end", "=bad")), assert(g:load("return 1", "=good"))
    assert.is_false((g:call(bad)))
    local ok, message = g:call(good)
    assert.is_false(ok)
    assert.equal("limit: more than 0.5 million instructions in bad:1", message)
    assert.equal(message, g.closed)
    assert.has_error(good, message)
    g:renew()
    assert.same({true, 1}, {g:call(good)})
  end)

  it("or any error, the host has its hook, allocator and strings", function()
    local function hook() end
    debug.sethook(hook, "", 1000000)
    for _, source in ipairs {"while true do end", "error({})", "error(nil)", "return ('x'):rep(1e10)",
      "error(setmetatable({}, {__tostring = function() error('odd') end}))",
      "error(setmetatable({}, {__tostring = function() return 1 end}))",
      "local t <close> = setmetatable({}, {__close = function() error({}) end}) error(1)", "return coroutine.create(print or type)",
      "local function f() return 1 + f() end f()"} do
      local ok, message = run(source)
      assert.is_false(ok, source)
      assert.is_string(message)
      assert.equal(hook, (debug.gethook()))
      assert.equal(string, getmetatable("").__index)
    end
    debug.sethook()
    local t = {}
    for i = 1, 2e5 do t[i] = {i} end
    assert.equal(2e5, #t)
    assert.equal(60000000, #("x"):rep(60000000))
    assert.equal("function", type(("x").dump))
  end)

  it("finalizers of the host have run whole", function()
    local finished, started = 0, 0
    for _ = 1, 200 do
      setmetatable({}, {__gc = function()
        started = started + 1
        local t = {}
        for i = 1, 3000 do t[i] = {i} end
        finished = finished + #t / 3000
      end})
    end
    ends("local t = {} while true do t[#t + 1] = {} end", "^limit: ", with{instructions = 50e6})
    collectgarbage()
    assert.is_true(started > 0)
    assert.equal(started, finished)
  end)
end)

describe("a host that goes on", function()
  it("may use strings and models in its finalizers while a guard is broken", function()
    local m, done, started = parse(relu), 0, 0
    for _ = 1, 50 do
      setmetatable({}, {__gc = function()
        started = started + 1
        local s = ("ab"):rep(3000):gsub("a", "b"):upper()
        parse("g () => () {}"):close()
        if #s == 6000 then done = done + 1 end
      end})
    end
    ends("while true do local t = {{}, {}} end", "^limit: ")
    ends("local t = {} while true do t[#t + 1] = {} end", "^limit: ", with{instructions = 50e6})
    collectgarbage()
    assert.is_true(started > 0)
    assert.equal(started, done)
    assert.equal(2, #m)
  end)

  it("gets many results or an error", function()
    assert.equal(900, select("#", select(2, run("return table.unpack({}, 1, 900)"))))
    local ok, message = run("return table.unpack({}, 1, 100000)")
    assert.is_false(ok)
    assert.truthy(message:find("more than 1000 results", 1, true))
    local f = guard.wrap(function(...) return select("#", ...) end)
    assert.equal(5000, f(table.unpack({}, 1, 5000)))
  end)

  it("finds its models whole when memory ends in an operator's function", function()
    onnxdoc.operator{domain = "test.guard", name = "Large", shape = function(node)
      local t = {}
      for i = 1, 2000 do t[i] = {i} end
      return #t == 2000 and node.inputs[1]
    end}
    for memory = 12000, 400000, 400000 // scale(45) do
      local m = parse [[<opset_import: ["": 17, "test.guard": 1]> g (float[N,8] x) => () {
        a = test.guard.Large(x) b = test.guard.Large(a) y = Relu(b) }]]
      local g = guard.new(with{memory = memory})
      local ok, type_ = g:call(assert(g:load("local m = ... return m:value('y').type", "=x")), m)
      if ok then assert.equal("float32[N,8]", type_) else assert.truthy(type_:find("^limit: "), type_) end
      assert.equal("float32[N,8]", m:value("y").type)
      assert.same({}, m.shape_diagnostics)
      assert.has_no_error(function() m:close() end)
    end
  end)

  it("is not charged for what its objects hold", function()
    local m = parse(relu)
    local g = guard.new(with{memory = 2 ^ 20})
    local big = {}
    for i = 1, 50000 do big[i] = {i} end
    local keep = assert(g:load("local m, f = ... kept_model, kept_function = m, f local t = {} for i = 1, 100 do t[i] = {} end", "=x"))
    for _ = 1, 300 do assert(g:call(keep, m, function() return big end)) end
    for _, source in ipairs {
      "hidden = hidden or {} local co = coroutine.wrap(function(...) coroutine.yield() return ... end) "
        .. "co(('x'):rep(50000) .. #hidden) hidden[#hidden + 1] = co",
      "local m = ... m.facts[#m.facts + 1] = ('x'):rep(50000) .. #m.facts",
    } do
      local g2 = guard.new(with{memory = 2 ^ 20})
      local f, ok, message = assert(g2:load(source, "=x")), nil, nil
      for _ = 1, 100 do
        ok, message = g2:call(f, m)
        if not ok then break end
      end
      assert.is_false(ok)
      assert.truthy(message:find("^limit: "), message)
    end
  end)
end)

describe("guards", function()
  it("nest, and count on both", function()
    local inner, outer = guard.new(with{instructions = 1e9}), guard.new(small)
    local spin = assert(inner:load("for i = 1, ... do end", "=inner"))
    local f = assert(outer:load("local spin, n = ... for i = 1, 10 do pcall(spin, n) end", "=outer"))
    assert.is_true((outer:call(f, spin, 1e4)))
    assert.is_true(inner.used.instructions >= 9e4)
    assert.is_true(outer.used.instructions >= 9e4)
    local ok, message = outer:call(f, spin, 1e6)
    assert.is_false(ok)
    assert.truthy(message:find("^limit: more than"), message)
    assert.is_nil(inner.closed)
    assert.equal(string, getmetatable("").__index)
  end)

  it("of which the inner one is broken let the outer one go on", function()
    local inner, outer = guard.new(with{instructions = 1e5}), guard.new(small)
    local spin = assert(inner:load("while true do end", "=inner"))
    local ok, caught, message = outer:call(assert(outer:load("return pcall(...)", "=outer")), spin)
    assert.same({true, false}, {ok, caught})
    assert.truthy(message:find("^limit: more than 0%.1 million"), message)
    assert.is_nil(outer.closed)
  end)

  it("hold an operator's function inside of a rule", function()
    local operators, rules = guard.new(with{instructions = 1e5}), guard.new(small)
    local definition = operators:wrap(select(2, operators:call(assert(operators:load([[
      return {domain = 'test.guard', name = 'Spin', shape = function(node)
        if node.attributes.spin then while true do end end
        local x = node.inputs[1]
        return {dtype = x.dtype, shape = {x.shape[1] * 2, node.attributes.size}}
      end}]], "@operators/spin.lua")))))
    onnxdoc.operator(definition)
    local m = parse [[<opset_import: ["": 17, "test.guard": 1]> g (float[N,8] x) => () {
      y = test.guard.Spin<size = 3>(x) z = test.guard.Spin<size = 3, spin = 1>(x) w = Relu(y) }]]
    local ok, type_, reason = rules:call(assert(rules:load("local m = ... return m:value('w').type, m.shape_diagnostics[1].message",
      "=rule")), m)
    assert.is_true(ok, type_)
    assert.equal("float32[2*N,3]", type_)
    assert.truthy(reason:find("its Lua definition failed: limit: more than 0.1 million instructions in operators/spin.lua:2", 1,
      true), reason)
  end)

  it("that are broken while a model is inferred leave no wrong shapes behind", function()
    onnxdoc.operator{domain = "test.guard", name = "Slow", shape = function(node)
      for _ = 1, 1e6 do end
      return node.inputs[1]
    end}
    local m = parse [[<opset_import: ["": 17, "test.guard": 1]> g (float[N,8] x) => () {
      a = test.guard.Slow(x) b = test.guard.Slow(a) c = test.guard.Slow(b) y = Relu(c) }]]
    local ok, message = run("local m = ... return m:value('y').type", nil, m)
    assert.is_false(ok)
    assert.truthy(message:find("^limit: more than 0.5 million"), message)
    assert.equal("float32[N,8]", m:value("y").type)
    assert.same({}, m.shape_diagnostics)
  end)

  it("wrap tables of functions", function()
    local t, g = guard.wrap({f = function(n) for _ = 1, n do end return n end, x = 1, list = {function() return "deep" end}}, small)
    assert.equal(10, t.f(10))
    assert.equal("deep", t.list[1]())
    assert.equal(1, t.x)
    assert.has_error(function() t.f(1e9) end)
    assert.is_string(g.closed)
    local same = guard.new(small)
    assert.equal(3, guard.wrap(function() return 3 end, same)())
  end)

  it("give functions back as they were", function()
    local g = guard.new(small)
    local ours = function() return "ours" end
    local ok, back, theirs = g:call(assert(g:load("local f = ... return f, function(g) return g end", "=x")), ours)
    assert.is_true(ok)
    assert.equal(ours, back)
    local again = theirs(theirs)
    assert.equal(ours, again(ours))
  end)

  it("let rules work on models", function()
    local m = parse(relu)
    local ok, findings = run([[
      local m = ...
      local findings = {}
      for n in m:nodes() do
        findings[#findings + 1] = {node = n, text = ('%s: %s %s'):format(n.name, n.op_type, n.outputs[1].type)}
      end
      local peak = m:memory{N = 2}
      local e = m.inputs[1].shape[1] * 4 + onnxdoc.expr(3)
      return {findings = findings, flops = m.cost:at{N = 2}.elementwise, bytes = peak.bytes, e = tostring(e),
        si = onnxdoc.si(1e6), schema = onnxdoc.schema('Relu').name, text = #onnxdoc.text(m), names = m.facts.graph.nodes}]], nil, m)
    assert.is_true(ok, findings)
    assert.equal(m:node("first"), findings.findings[1].node)
    assert.equal("first: Relu float32[N,8]", findings.findings[1].text)
    assert.equal("4*N + 3", findings.e)
    assert.equal("Relu", findings.schema)
    assert.is_true(findings.text > 20 and findings.bytes > 0 and findings.flops > 0)
  end)
end)

describe("table functions in a guard", function()
  it("give what the stock functions give", function()
    local ours = onnxdoc._guard.parts().table
    local function shown(values, count)
      local words = {}
      for i = 1, count do words[i] = type(values[i]) == "table" and "table" or tostring(values[i]) end
      return table.concat(words, " ")
    end
    local function outcome(f, t, ...)
      local results = table.pack(pcall(f, t, ...))
      if not results[1] then return "error" end
      return shown(results, results.n) .. "; " .. shown(t, 20)
    end
    local function compare(name, make, ...)
      local wanted, got = outcome(table[name], make(), ...), outcome(ours[name], make(), ...)
      if wanted ~= got then assert.equal(wanted, got, name) end
    end
    local function list() return {5, 3, 9, 1, 7} end
    local function empty() return {} end
    local function holes() return {1, nil, 3} end
    for _, make in ipairs {list, empty, holes} do
      local step = scale(100) == 100 and 1 or 4
      for at = -1, 7, step do
        compare("insert", make, at, "x")
        compare("remove", make, at)
        for last = -1, 6, step do
          compare("unpack", make, at, last)
          compare("concat", make, ",", at, last)
          for to = -1, 6 do compare("move", make, at, last, to) end
        end
      end
      compare("insert", make, "x")
      compare("insert", make)
      compare("insert", make, 1, 2, 3)
      compare("remove", make)
      compare("unpack", make)
      compare("concat", make)
      compare("concat", make, ", ")
      compare("sort", make)
      compare("sort", make, function(a, b) return a > b end)
      compare("sort", make, 3)
    end
    compare("unpack", list, 1, 1e8)
    compare("unpack", list, math.mininteger, math.maxinteger)
    compare("move", list, 1, math.maxinteger, 2)
    compare("move", list, math.mininteger, 1, 2)
    local target, other = {}, {}
    assert.equal(target, table.move({1, 2}, 1, 2, 3, target))
    assert.equal(other, ours.move({1, 2}, 1, 2, 3, other))
    assert.same(target, other)
    assert.is_false(pcall(ours.concat, 3))
    assert.equal("1;2", ours.concat(setmetatable({}, {__len = function() return 2 end, __index = function(_, k) return k end}), ";"))
  end)

  it("and string.rep too", function()
    local rep = onnxdoc._guard.parts().string.rep
    for _, s in ipairs {"", "a", "abc"} do
      for n = -1, 4 do
        assert.equal(s:rep(n), rep(s, n))
        for _, between in ipairs {"", ",", "--"} do assert.equal(s:rep(n, between), rep(s, n, between)) end
      end
    end
  end)
end)
