-- Names of a model in a card, in every format: hostile ones are inert, and with --redact none is left.

local facts_module = require "onnxdoc.facts"
local helpers = require "reports.helpers"
local json = require "onnxdoc.json"
local json_schema = require "json_schema"
local onnxdoc = require "onnxdoc"
local redact = require "onnxdoc.redact"
local rendered = require "rendered"
local secrets = require "secrets"
local text = require "onnxdoc.text"
local wire = require "wire"
local xml = require "xml"

local schema = assert(json.decode(onnxdoc._embedded("reports/facts.schema.json")))

-- A model in which everything is called by one name.
local function model_of(name)
  local function named(suffix) return name .. suffix end
  return onnxdoc.load_bytes(wire.model {
    producer_name = name, domain = name, doc_string = name, metadata_props = {{key = name, value = name}},
    opset_import = {{domain = "", version = 17}, {domain = name, version = 1}},
    graph = {
      name = name, doc_string = name, input = {wire.value(name, "float32", {name, 4})},
      output = {wire.value(named "o"), wire.value(named "p")},
      initializer = {wire.tensor(named "w", "float32", {4, 4}, ("\0"):rep(64)),
        wire.external(named "e", "float32", {2}, {location = name})},
      node = {wire.node("MatMul", {name, named "w"}, {named "o"}, nil, {name = name}),
        wire.node(name, {named "o", named "e"}, {named "p"}, nil, {name = name, domain = name})},
    },
  }, {name = "folder/" .. name:gsub("[%z/]", "") .. ".onnx"})
end

local hostile = {script = "<script>alert(1)</script>", link = "[x](javascript:alert(1))", image = "![x](http://e.x/p.png)",
  ticks = "a`b``c```", pipes = "a|b||c", lines = "a\r\n\n# b\n- c\n\t| d |", escapes = "\27[31;1mred\27]0;title\7\x9b2J",
  bidi = "\u{202e}txt.exe\u{2066}", comment = "--> <!-- x", entity = "&lt;b&gt;&#60;", quote = "\" onload='x' \\",
  formula = "=1+2", invalid = "\xff\xfe\xc0\x80", cell = "a,\"b\"\r\nc", long = ("name "):rep(200000),
  cdata = "]]><x>", yaml = "a: b # c\n---\n", nul = "a\0b"}

-- What must not come through as it is.
local active = {"\27", "\7", "\x9b2", "\u{202e}", "\u{2066}", "\0", "\xff"}

-- A line of Markdown without its code spans: a run of backticks ends at the next run that is as long.
local function without_code(line)
  local at = 1
  while true do
    local start, stop = line:find("`+", at)
    if not start then return line end
    local length, closes, last = stop - start + 1, nil, stop
    while not closes do
      local first
      first, last = line:find("`+", last + 1)
      if not first then break end
      if last - first + 1 == length then closes = last end
    end
    if closes then line = line:sub(1, start - 1) .. line:sub(closes + 1) end
    at = closes and start or stop + 1
  end
end

local check = {}

function check.md(out)
  local outside = out:gsub("\n(````*)text\n.-\n%1\n", "\n"):gsub("<!%-%- [%w_./ -]+ %-%->", ""):gsub("</?code>", "")
    :gsub("[^\n]+", without_code)
  assert.is_nil(outside:find("[<>]"), outside:match("[^\n]*[<>][^\n]*"))
  assert.is_nil(outside:gsub("\n!%[[^\n]*%]%([%w%%._~/-]*%)\n", "\n"):find("[^\\]%]%("))
  assert.is_nil(helpers.uneven_row(outside))
end

function check.text(out)
  for line in out:gmatch("[^\n]*") do
    assert.equal(text.printable(line), line)
    assert.is_true(text.width(line) <= 80, line)
  end
end

function check.json(out) assert.is_nil(json_schema.problem(assert(json.decode(out)), schema)) end

function check.csv(out)
  local rest = out:gsub('"[^"]*"', "")
  for line in rest:gmatch("([^\n]*)\n") do
    assert.equal("\r", line:sub(-1))
    assert.is_nil(line:sub(1, -2):find("[%c]"))
    assert.is_nil(line:find("^[=+@-]"))
    assert.equal(13, select(2, line:gsub(",", "")), line)
  end
end

local function check_svg(out)
  for _, element in ipairs(xml.parse(out)) do
    assert.is_nil(element.name:lower():find("script", 1, true))
    for attribute in pairs(element.attributes) do assert.is_nil(attribute:lower():find("^on")) end
  end
end

describe("a card of hostile names", function()
  for kind, name in pairs(hostile) do
    it("is inert in every format: " .. kind, function()
      local model <close> = assert(model_of(name))
      local card = rendered(facts_module.of(model))
      for format, out in pairs(card.outputs) do
        assert.is_truthy(utf8.len(out), format)
        for _, bytes in ipairs(active) do
          assert.is_nil(out:find(bytes, 1, true), format .. " " .. text.printable(bytes))
        end
        local check_format = check[format] or check_svg -- and what would be markup in that format
        check_format(out)
        assert.is_true(#out < 100000 or format == "json" or format == "csv", format)
      end
      for _, label in ipairs(card.labels) do assert.equal(text.printable(label), label) end
    end)
  end
end)

describe("a redacted card", function()
  for look in require("pl.tablex").sort(secrets.looks) do
    for _, is_broken in ipairs {false, true} do
      it(("has no name in any format: %s, %s"):format(look, is_broken and "broken" or "good"), function()
        local given, names = secrets.facts(look, is_broken)
        local card = rendered(redact.apply(given, {salt = "s"}))
        for format, out in pairs(card.outputs) do assert.is_nil(secrets.leak_in(out, names), format) end
        assert.is_nil(secrets.leak_in(table.concat(card.labels, "\n"), names))
        assert.is_truthy(secrets.leak_in(rendered(given).outputs.md, names))
      end)
    end
  end

  it("is named and linked by words, and its command names nothing", function()
    local scratch = helpers.new()
    scratch:write("top secret.onnx", helpers.small_model())
    local out, err, code = scratch:run([["$onnxdoc" card --redact --salt s --charts svg -b 3 --format md,json,text,csv \
      "top secret.onnx" -o out/ && ls -R out && cat out/*.*]])
    assert.equal(0, code, err)
    assert.truthy(out:find("file_%x+%.md\n"), out)
    assert.truthy(out:find("%]%(file_%x+_charts/complexity%.svg%)"), out)
    assert.truthy(out:find("card %-%-dim symbol_%x+=3 %-%-redact %-%-salt … file_%x+\n"), out)
    for _, name in ipairs {"secret", "small", '"x"', "`x`", "`N`"} do assert.is_nil(out:find(name, 1, true), name) end
    scratch:remove()
  end)
end)

describe("a card of totals", function()
  it("lists and names no part of the model in any format", function()
    local given, names = secrets.facts("plain", true)
    local symbols = {}
    for _, symbol in ipairs(given.symbols) do symbols[symbol.name:gsub(":%d+$", "")] = true end -- of input:axis, too
    local hidden = {}
    for _, name in ipairs(names) do
      local is_shown = symbols[name] or name == given.model.name:gsub("%.onnx$", "")
      for _, op in ipairs(given.graph.operators) do is_shown = is_shown or op.op:find(name, 1, true) end
      for _, module in ipairs(given.model.opsets) do is_shown = is_shown or module.domain == name end
      if not is_shown and name ~= given.model.domain then hidden[#hidden + 1] = name end
    end
    assert.is_true(#hidden > 20)
    for format, out in pairs(rendered(redact.summarise(given)).outputs) do
      assert.is_nil(secrets.leak_in(out, hidden), format)
    end
  end)
end)
