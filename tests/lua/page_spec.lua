-- Pages: what a template writes comes out as the format has it, whatever the strings hold.

local helpers = require "reports.helpers"
local page_module = require "onnxdoc.page"
local text = require "onnxdoc.text"

local facts = {
  cost = {flops = {value = 46108316672, unit = "FLOP", formula = "46108316672*B"}, macs = {value = 0, unit = "MAC"},
    some = {value = 3, unit = "FLOP", at_least = true}, none = {unit = "FLOP", unknown = "no idea"},
    big = {value = 2.0 ^ 70, exact = "1180591620717411303424", unit = "FLOP"}},
  size = {value = 435852605, unit = "bytes"}, count = 1167, half = 583.5, name = "it",
}

local function write(format, render, options)
  local parts = {}
  options = options or {}
  options.facts, options.format = facts, format
  options.write = function(...)
    for _, part in ipairs {...} do parts[#parts + 1] = part end
  end
  options.source = options.source or "@" .. debug.getinfo(1, "S").source:sub(2)
  render(page_module.new(options))
  return table.concat(parts)
end

describe("a page", function()
  it("has the blocks of its format", function()
    local function render(page)
      page.heading(2, "Some ", page.code "x", " things")
      page.paragraph("There are ", 1167, " of ", page.strong("many ", page.emphasis "kinds"), ".")
      page.list {"one", {"two ", page.code "2"}}
      page.table({"Name", "Count"}, {{"Relu", 3}, {page.code "a|b", {"≥ ", 4000}}}, {right = {false, true}})
      page.block("a\n  b")
      page.image("a b/c(1).png", "an [alt]")
      page.write("the ", page.raw "<hr>", "<hr>")
    end
    assert.equal([=[
## Some `x` things

There are 1,167 of **many *kinds***.

- one
- two `2`

| Name | Count |
| --- | ---: |
| Relu | 3 |
| <code>a&#124;b</code> | ≥ 4,000 |

```text
a
  b
```

![an \[alt\]](a%20b/c%281%29.png)

the <hr>&#60;hr&#62;]=], write("md", render))
    assert.equal([[
Some x things
  There are 1,167 of many kinds.

  - one
  - two 2

  Name    Count
  Relu        3
  a|b   ≥ 4,000

  a
    b
the <hr><hr>]], write("text", render))
  end)

  it("names the fact behind each number in Markdown", function()
    local function render(page)
      page.write(page.fact "cost.flops", " ", page.formula "cost.flops", " ", page.fact("cost.flops", "exact"), " ",
        page.fact "size", " ", page.fact("size", "exact"), " ", page.fact "count", " ", page.share("cost.some", "count"),
        " ", page.fact "cost.some", " ", page.fact "cost.none", " ", page.fact("cost.big", "exact"), page.cite("a", "b"))
    end
    facts.a, facts.b = 1, 2
    assert.equal("46.11 G<!-- cost.flops --> `46108316672*B` 46,108,316,672<!-- cost.flops --> 435.85 MB<!-- size --> "
      .. "435.85 MB (435,852,605 bytes)<!-- size --> 1,167<!-- count --> 0.3%<!-- cost.some / count --> "
      .. "≥ 3<!-- cost.some --> unknown<!-- cost.none --> 1180591620717411303424<!-- cost.big --><!-- a b -->",
      write("md", render))
    assert.equal("46.11 G 46108316672*B 46,108,316,672 435.85 MB 435.85 MB (435,852,605 bytes) 1,167   0.3% ▏ ≥ 3 "
      .. "unknown 1180591620717411303424", write("text", render))
  end)

  it("says nothing about a part of nothing", function()
    assert.equal("", write("md", function(page) page.write(page.share("count", "cost.macs")) end))
  end)

  it("lets no string be markup", function()
    for _, evil in ipairs {helpers.evil_name, "](javascript:alert(1))", "<script>", "`", "``|``", "a\n\n# b", "\27[2J",
      "\u{202e}x", "- x", "1. x", "![x](y)", "<!-- x", "-->"} do
      local function render(page)
        page.heading(1, evil)
        page.paragraph(evil)
        page.list {evil, page.code(evil)}
        page.table({evil}, {{evil}, {page.code(evil)}})
        page.image(evil, evil)
      end
      local out = write("md", render)
      assert.is_nil(out:gsub("`+[^`\n]+`+", ""):gsub("</?code>", ""):find("<", 1, true), out)
      assert.is_nil(out:find("[\0-\9\11-\31\127]"), out)
      assert.is_nil(out:gsub("`+[^`\n]+`+", ""):gsub("!%[[^\n]*%]%([%w%%._~/-]*%)\n", ""):find("[^\\]%]%("), out)
      for line in write("text", render):gmatch("[^\n]*") do assert.equal(text.printable(line), line) end
    end
  end)

  it("shows only the beginning of what is very long", function()
    local long = ("x"):rep(1 << 20)
    local function render(page)
      page.paragraph(page.code(long))
      page.paragraph(long)
    end
    assert.is_true(#write("md", render) < 5000)
    assert.is_true(#write("text", render) < 5000)
    assert.truthy(write("md", render):find("x…`", 1, true))
  end)

  it("keeps to the width of a terminal", function()
    local out = write("text", function(page)
      page.paragraph(("words "):rep(60))
      page.paragraph(("w"):rep(200))
      page.table({"A", "B"}, {{("long "):rep(30), ("x"):rep(90)}})
      page.block(("x"):rep(100))
    end)
    for line in out:gmatch("[^\n]*") do assert.is_true(text.width(line) <= 80, line) end
  end)

  it("is bold where there are colours", function()
    local function render(page)
      page.heading(1, "A")
      page.table({"B"}, {{page.strong "c"}, {"dddd"}})
    end
    local out = write("text", render, {color = true})
    assert.truthy(out:find("\27[1mA\27[0m", 1, true))
    assert.truthy(out:find("  \27[1mc\27[0m\n", 1, true), out)
  end)

  it("takes for markup only what its functions gave", function()
    for _, content in ipairs {{raw = "<b>"}, {code = "x"}, {mark = "raw", raw = "<b>"}, {cite = {"--> <b>"}},
      facts.cost.flops, {n = "x"}} do
      local ok, message = pcall(write, "md", function(page) page.paragraph("a ", content) end)
      assert.is_false(ok)
      assert.truthy(message:find("page.paragraph, part 2 is a table with fields, not a list", 1, true), message)
    end
    assert.equal("a\n\n\n\n", write("md", function(page)
      page.paragraph("a", {})
      page.paragraph()
    end))
  end)

  it("says what is wrong with what it is given, at the template's line", function()
    local loop, deep = {}, "x"
    loop[1] = loop
    for message, misuse in pairs {
      ["page.paragraph: lists in lists, more than 50 deep"] = function(page) page.paragraph(loop) end,
      ["page.strong: lists in lists"] = function(page)
        for _ = 1, 100 do deep = page.strong(deep) end
        page.paragraph(deep)
      end,
      ["page.table: no heads"] = function(page) page.table({}, {{"a"}}) end,
      ["page.table: options: a list is wanted, got number"] = function(page) page.table({"a"}, {{"b"}}, 7) end,
      ["page.table: right: a list is wanted, got number"] = function(page) page.table({"a"}, {}, {right = 1}) end,
      ["there is no section 'names'"] = function(page) page.section "names" end,
      ["'short' is no style"] = function(page) page.write(page.fact("cost.flops", "short")) end,
      ["page.front_matter: entry 2: a key is wanted"] = function(page) page.front_matter {{"a"}, {"b\nc", "d"}} end,
      ["page.front_matter: entry 1: a string is wanted, got number"] = function(page)
        page.front_matter {{"tags", {1}}}
      end,
    } do
      local ok, problem = pcall(write, "md", misuse)
      assert.is_false(ok, message)
      assert.truthy(problem:find("page_spec.lua:%d+: "), problem)
      assert.truthy(problem:find(message, 1, true), problem)
    end
  end)

  it("goes on after a misuse that was caught", function()
    local loop = {}
    loop[1] = loop
    assert.equal("fine\n\n", write("md", function(page)
      for _ = 1, 3 do assert.is_false(pcall(page.paragraph, loop)) end
      page.paragraph("fine")
    end))
  end)

  it("draws all bars of a narrow column to one scale, and none with an ellipsis", function()
    local out = write("text", function(page)
      page.table({"Operator", "Of all"}, {{("o"):rep(11), page.share("cost.some", "cost.some")},
        {"p", page.share("cost.some", "cost.flops")}, {"q", page.share("half", "count")}})
    end, {width = 28})
    assert.equal("  Operator     Of all\n  ooooooooooo  100.0% ██████\n  p              0.0% ▏\n"
      .. "  q             50.0% ███\n", out)
  end)

  it("raises at the template's line where something is missing or wrong", function()
    local cases = {
      {"page.paragraph, part 2 is nil", function(page) page.paragraph("a", nil, "b") end},
      {"page.table: row 2, column 2 is nil", function(page) page.table({"a", "b"}, {{"x", "y"}, {"x"}}) end},
      {"page.list: item 1, part 1 is a boolean", function(page) page.list {{true}} end},
      {"page.fact: there is no fact 'cost.mac'", function(page) page.paragraph(page.fact "cost.mac") end},
      {"page.fact: a path such as cost.flops is wanted", function(page) page.fact "a --> b" end},
      {"page.code: a string is wanted, got nil", function(page) page.code(nil) end},
      {"page.raw: a string is wanted, got table", function(page) page.raw {} end},
      {"page.heading: a level from 1 to 6", function(page) page.heading(7, "a") end},
      {"page.section: there is no section 'nope'; there is screen, front_matter", function(page) page.section "nope" end},
    }
    for _, case in ipairs(cases) do
      local ok, message = pcall(write, "md", case[2])
      assert.is_false(ok)
      local line = debug.getinfo(case[2], "S").linedefined
      assert.truthy(message:find(("page_spec.lua:%d: %s"):format(line, case[1]), 1, true), message)
    end
  end)
end)
