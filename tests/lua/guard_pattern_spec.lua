-- The guard's string.find, match, gmatch and gsub against the stock ones, on random patterns and subjects.

local guard = require "onnxdoc.guard"
local scale = require "scale"

local pieces = {"a", "b", ".", "%a", "%d", "%s", "%w", "%A", "%.", "%%", "[ab]", "[^a]", "[a-c]", "[%d_]", "[]]", "[^]a]", "[a-]",
  "[%a-]", "(", ")", "()", "%1", "%2", "%b()", "%bab", "%f[%w]", "%f[^a]", "^", "$", "-", "*", "+", "?", "\0", "é", "x", "%u", "%x",
  "%p", "%c", "%g", "%l", "%z"}
local broken = {"[", "[^", "%", "%b", "%bx", "%f", "(()", "%9", "[a", "[%", "[a-", "[]"}
local letters = {"a", "b", "c", "(", ")", " ", "1", "_", "-", ".", "%", "]", "\0", "é", "X", "\n", "aa", "abab"}

local function join(random, list, most, rare)
  local parts = {}
  for i = 1, random(0, most) do
    parts[i] = rare and random(1, 60) == 1 and rare[random(#rare)] or list[random(#list)]
  end
  return table.concat(parts)
end

-- What a call gives, as text; of an error the message without its place and the function's name.
local function outcome(f, ...)
  local results = table.pack(pcall(f, ...))
  if not results[1] then return "error: " .. tostring(results[2]):gsub("^[^:]*:%d+: ", ""):gsub("to '[%w.?]+'", "to f") end
  for i = 2, results.n do results[i] = math.type(results[i]) == "integer" and "#" .. results[i] or tostring(results[i]) end
  return table.concat(results, "|", 2, results.n)
end

local function all_matches(strings, s, p, init)
  local found = {}
  for a, b, c in strings.gmatch(s, p, init) do
    found[#found + 1] = ("%s,%s,%s"):format(a, b, c)
    if #found > 100 then break end
  end
  return table.concat(found, ";")
end

describe("patterns in a guard", function()
  local strings
  setup(function() strings = require("onnxdoc")._guard.parts().string end)

  local function compare(name, ...)
    local wanted, got = outcome(string[name], ...), outcome(strings[name], ...)
    if wanted ~= got then
      assert.equal(wanted, got, ("string.%s of %q and %q"):format(name, (...), (select(2, ...))))
    end
  end

  it("give what the stock functions give", function()
    local seed = 7
    local function random(low, high)
      if not high then low, high = 1, low end
      seed = (seed * 6364136223846793005 + 1442695040888963407)
      return low + ((seed >> 33) % (high - low + 1))
    end
    local replacements = {"<%0>", "%1%%", "%1%2", "", "x", "%", "%a", function(a, b) return b and a end, {a = "A", b = 1, [1] = "one"},
      function() return {} end}
    local count = 0
    for _ = 1, scale(60000) do
      local s, p = join(random, letters, 12), join(random, pieces, 6, broken)
      local init = random(1, 4) == 1 and random(-8, 8) or nil
      compare("find", s, p, init)
      compare("match", s, p, init)
      compare("gsub", s, p, replacements[random(#replacements)], random(1, 5) == 1 and random(-1, 3) or nil)
      local wanted, got = outcome(all_matches, string, s, p, init), outcome(all_matches, strings, s, p, init)
      if wanted ~= got then assert.equal(wanted, got, ("gmatch of %q and %q"):format(s, p)) end
      count = count + 1
    end
    assert.equal(scale(60000), count)
  end)

  it("end in the same errors at the same limits", function()
    for _, case in ipairs {
      {"find", ("a"):rep(300), ("a?"):rep(250) .. "b"}, {"find", "", ("a*"):rep(300)}, {"find", ("a"):rep(300), ("(a)"):rep(32)},
      {"find", ("a"):rep(300), ("(a)"):rep(33)}, {"find", ("a"):rep(300), ("()"):rep(32)}, {"find", "aaa", ("(a-"):rep(198)},
      {"find", "aaa", ("a-"):rep(198)}, {"find", "aaa", ("a-"):rep(199)}, {"find", "aaa", ("a-"):rep(200)},
      {"find", "aaa", ("a-"):rep(201)}, {"gsub", "abc", "%w", "%2"}, {"gsub", "abc", "(%w)", "%2"}, {"gsub", "abc", "%w", true},
      {"gsub", "abc", "()", "%1"}, {"gsub", "abc", "%w"}, {"find", "abc"}, {"find", nil, "a"}, {"match", "x", "%1"}, {"find", 12, 1},
      {"gsub", 121, 1, 7}, {"gsub", "hello world", "%w+", "%0 %0", 1}, {"gsub", "abc", "^a", "x"}, {"gsub", "aaa", "^a", "x"},
      {"find", "a+b", "+", 1, true}, {"find", "abc", "", 4}, {"find", "abc", "", 5}, {"find", "abc", "c", -1}, {"find", "\0a\0b", "\0b"},
      {"find", "\0a\0b", "%z"}, {"match", "  x ", "^%s*(.-)%s*$"}, {"gsub", "abc", "b*", "-"}, {"gsub", "", "", "-"},
    } do
      compare(table.unpack(case, 1, 5))
    end
  end)

  it("are counted", function()
    for _, case in ipairs {
      "string.find(('a'):rep(1e6), ('.-'):rep(30) .. 'b')", "('a'):rep(1e6):find(('a*'):rep(30) .. 'b')",
      "('a'):rep(1e6):gsub(('a*'):rep(30) .. 'b', '')", "for _ in ('a'):rep(1e6):gmatch(('a?'):rep(100) .. 'b') do end",
      "('a'):rep(1e6):match('[' .. ('x'):rep(1e6) .. ']')", "('('):rep(1e6):find('%b()%b()%b()x')",
      "('a'):rep(1e6):match('(.-)%1b')", "('a'):rep(1e6):find(('a'):rep(5e5) .. 'b%a')",
    } do
      local g = guard.new{instructions = 5e6, seconds = 5}
      local before = os.clock()
      local ok, message = g:call(assert(g:load(case, "=case")))
      assert.is_false(ok)
      assert.truthy(message:find("^limit: more than 5 million instructions"), message)
      assert.is_true(os.clock() - before < 2, case)
    end
  end)
end)
