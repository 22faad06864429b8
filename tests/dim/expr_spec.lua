-- Expr in Lua: arithmetic with numbers and formulas, what is decided and what is not, values for symbols, solving, and
-- wrong use of each.

local onnxdoc = require "onnxdoc"

local expr, prove = onnxdoc.expr, onnxdoc.prove

local function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.matches(pattern, tostring(message))
end

describe("Expr", function()
  local n, m, batch, seq

  setup(function()
    n, m = expr("n", {least = 0}), expr("m", {least = 0})
    batch, seq = expr("batch"), expr("seq")
  end)

  it("does arithmetic with numbers and formulas", function()
    local cases = {
      {"2*batch*seq + 3", 2 * batch * seq + 3}, {"-n", -n}, {"n - 1", n - 1}, {"-n + 3", 3 - n},
      {"n/2", n / 2}, {"n/2", n * 0.5}, {"floor(n/2)", n // 2}, {"floor(n/batch)", n // batch},
      {"mod(n, 4)", n % 4}, {"n^2", n ^ 2}, {"n^2", n ^ 2.0}, {"1", n ^ 0}, {"n", (n * m + n) / (m + 1)},
      {"max(n, m)", n:max(m)}, {"max(n, 1)", n:max(1)}, {"batch", batch:max(1)}, {"min(n, 7)", n:min(7)},
      {"3", expr(3)}, {"7", expr(3) + 4}, {"7", 4 + expr(3)}, {"1/2", expr(1) / 2}, {"1024", 2 ^ expr(10)},
      {"0", n - n}, {"0.1", expr(0.1)}, {"3", expr(3.0)}, {"n", expr(n)},
    }
    for _, case in ipairs(cases) do assert.equal(case[1], tostring(case[2])) end
    assert.equal("n = n, 2", "n = " .. n .. ", " .. expr(2))
    assert.equal("3n", 3 .. n)
  end)

  it("has a value, a formula and symbols", function()
    assert.equal("integer", math.type(expr(3).value))
    assert.equal(math.mininteger, expr(math.mininteger).value)
    assert.equal(2.0 ^ 64, (expr(2) ^ 64).value)
    assert.equal("float", math.type((expr(2) ^ 64).value))
    assert.equal(0.5, (expr(1) / 2).value)
    assert.is_nil(n.value)
    assert.equal("n + 1", (n + 1).formula)
    assert.equal("18446744073709551616", (expr(2) ^ 64).formula)
    assert.same({"batch", "seq"}, (batch * seq + batch).symbols)
    assert.same({"n", "m"}, ((n + m) // 3 + n).symbols)
    assert.same({}, expr(3).symbols)
    assert.is_nil(n.nonsense)
    local fields = {}
    for name in pairs(n) do fields[#fields + 1] = name end
    assert.same({"formula", "symbols"}, fields)
  end)

  it("shows names that are no words quoted", function()
    assert.equal('"two words" + 1', tostring(expr("two words") + 1))
    assert.equal('"a\\x00b"', tostring(expr("a\0b")))
    assert.same({"a\0b"}, expr("a\0b").symbols)
  end)

  it("compares", function()
    assert.is_true(n + m == m + n)
    assert.is_true((n + 1) * (n - 1) == n ^ 2 - 1)
    assert.is_true(n // 2 + (n + 1) // 2 == n)
    assert.is_false(n == m)
    assert.is_false(n == 3)
    assert.is_true(n < n + 1)
    assert.is_true(batch > 0)
    assert.is_true(0 <= n)
    assert.is_false(n < 0)
    assert.is_true(n <= 2 * n)
    raises("whether n < m depends on 'n', 'm'", function() return n < m end)
    raises("whether n <= 3 depends on 'n'", function() return n <= 3 end)
    raises("number or Expr expected, got string", function() return n < "3" end)
  end)

  it("proves", function()
    assert.is_true(prove(n // 2, "<=", n))
    assert.is_false(prove(n, "<", 0))
    assert.is_nil(prove(n, "<", m))
    assert.is_true(prove(n + 1, ">", n))
    assert.is_true(prove(n + 1, ">=", n))
    assert.is_true(prove(2 * n, "~=", 2 * m + 1))
    assert.is_false(prove(n, "==", n + 1))
    assert.is_nil(prove(n, "==", m))
    assert.is_nil(prove(n, "~=", m))
    assert.is_true(prove(1, "<", 2))
    assert.is_true(prove(1.5, "<", 2))
    assert.is_false(prove(3, "~=", 3))
    raises("bad argument #2.*invalid option '=<'", prove, n, "=<", m)
    raises("bad argument #3.*number or Expr expected, got nil", prove, n, "<")
    raises("bad argument #1.*number or Expr expected, got table", prove, {}, "<", n)
  end)

  it("takes values for symbols", function()
    local e = 2 * batch * seq + 3
    assert.equal(35, e:at{batch = 2, seq = 8})
    assert.equal("integer", math.type(e:at{batch = 2, seq = 8}))
    assert.equal("4*seq + 3", tostring(e:at{batch = 2}))
    assert.equal("2*seq^2 + 3", tostring(e:at{batch = seq}))
    assert.equal(19, e:at{batch = expr(2), seq = 4.0})
    assert.equal(e, e:at{})
    assert.equal(3, expr(3):at{batch = 2})
    assert.equal(4, (n / 2):at{n = 7})
    assert.equal(1e30, (n ^ 3):at{n = 10000000000})
    assert.equal(2.0 ^ 64, expr(2) ^ 64 == nil or (expr(2) ^ 64):at{})
    assert.equal(12, (n + 5):at{n = 7, m = 3})
  end)

  it("says what is wrong with values for symbols", function()
    local e = 2 * batch * seq
    raises("there is no symbol 'bach'; the formula has 'batch', 'seq'", e.at, e, {bach = 1})
    raises("there is no symbol 'bach'; the formula has none", expr(3).at, expr(3), {bach = 1})
    raises("symbol 'batch' gets a whole number or an Expr, not 1.5", e.at, e, {batch = 1.5})
    raises("symbol 'batch' gets a whole number or an Expr, not string", e.at, e, {batch = "8"})
    raises("symbol 'batch' gets a whole number or an Expr, not inf", e.at, e, {batch = math.huge})
    raises("symbol 'batch' is at least 1, got 0", e.at, e, {batch = 0})
    raises("a symbol is named by a string, not a number", e.at, e, {8})
    raises("bad argument #1 to 'at'.*table expected, got no value", function() return e:at() end)
    raises("floor: division by zero", function() return (n // m):at{n = 3, m = 0} end)
    raises("past 2%^127", function() return (n ^ 3):at{n = math.maxinteger} end)
    raises("Expr expected, got string", e.at, "e", {})
  end)

  it("solves", function()
    assert.equal(3, (3 * n):solve("n", 11))
    assert.equal(10033, (64 * batch ^ 2 + batch):solve("batch", 6 * 2.0 ^ 30))
    assert.equal(7, (n // 2):solve("n", 3))
    assert.equal(5, (2 * batch * seq):at{seq = 4}:solve("batch", expr(47)))
    assert.equal(0, n:solve("n", 0))
    assert.equal(10000000000, (n ^ 3):solve("n", 1e30))
    assert.equal(math.huge, n:min(5):solve("n", 7))
    assert.equal(4, n:min(5):solve("n", 4.5))
    assert.equal(9, expr("limited", {least = 0, most = 9}):solve("limited", 100))
    assert.is_nil(batch:solve("batch", 0))
    assert.is_nil((n + 4):solve("n", 3))
    raises("symbol 'seq' has no value; give it one with :at", function() return (batch * seq):solve("batch", 4) end)
    raises("the formula does not mention 'n'", function() return batch:solve("n", 4) end)
    raises("there is no symbol 'bach'; the formula has 'batch'", function() return batch:solve("bach", 4) end)
    raises("the formula shrinks when 'n' grows", function() return (-n):solve("n", 4) end)
    raises("a number is wanted", function() return n:solve("n") end)
    raises("not nan", function() return n:solve("n", 0 / 0) end)
    raises("a number is wanted", function() return n:solve("n", m) end)
  end)

  it("raises where there is no result", function()
    raises("division by zero", function() return n / 0 end)
    raises("division by zero", function() return n // 0 end)
    raises("division by zero", function() return n % 0 end)
    raises("/ %(// rounds down%) of n and m: the result is no formula", function() return n / m end)
    raises("no place for nan", function() return n + 0 / 0 end)
    raises("no place for an infinity", function() return n * math.huge end)
    raises("number or Expr expected, got string", function() return n + "1" end)
    raises("number or Expr expected, got nil", function() return n + nil end)
    raises("number or Expr expected, got table", function() return {} * n end)
    raises("an exponent is a whole number from 0 on, got %-1", function() return n ^ -1 end)
    raises("an exponent is a whole number from 0 on, got 0.5", function() return n ^ 0.5 end)
    raises("an exponent is a whole number from 0 on, got n", function() return 2 ^ n end)
    raises("past 2%^127", function() return expr(2) ^ 127 end)
    raises("too large", function() return n ^ 100000 end)
    raises("Expr expected", function() return n.max(1, 2) end)
    raises("a field is read from something else", debug.getmetatable(n).__index, "a", "value")
  end)

  it("is made of numbers and names", function()
    assert.equal(expr("n"), n)
    raises("number or a symbol's name expected, got table", expr, {})
    raises("number or a symbol's name expected, got nil", expr, nil)
    raises("no place for nan", expr, 0 / 0)
    raises("only symbols have bounds", expr, 3, {least = 0})
    raises("unknown option 'lest', there is 'least' and 'most'", expr, "q", {lest = 0})
    raises("option 'least' is a whole number, not 0.5", expr, "q", {least = 0.5})
    raises("least is more than most", expr, "q", {least = 5, most = 4})
  end)

  it("does what lua/README.md shows", function()
    local section = require("pl.utils").readfile("lua/README.md"):match("\n## Expr\n(.-)\n## ")
    local code, printed, wanted = section:match("```lua\n(.-)```"), {}, {}
    for line in code:gmatch("%-%->%s*([^\n]+)") do wanted[#wanted + 1] = line end
    local function print_line(...)
      local words = {}
      for i, value in ipairs{...} do words[i] = tostring(value) end
      printed[#printed + 1] = table.concat(words, "\t")
    end
    assert(load(code, "lua/README.md", "t", {onnxdoc = onnxdoc, print = print_line}))()
    assert.same(wanted, printed)
  end)

  it("survives collection and hostile sizes", function()
    local e = expr(0)
    for i = 1, 2000 do e = e + expr("t" .. i) * i end
    collectgarbage()
    assert.equal(2000, #e.symbols)
    assert.equal("t1 + 2*t2 + 3*t3", e.formula:sub(1, 16))
    raises("'t1', 't2', .*'t8', %.%.%.$", function() return e < 3000000 end)
    local deep, depth = n, 0
    pcall(function()
      while depth < 200 do
        deep = (3 * deep + 1) // 5
        depth = depth + 1
      end
    end)
    assert.equal(64, depth)
    assert.equal(0, deep:at{n = 0})
  end)
end)
