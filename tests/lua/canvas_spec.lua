-- One drawing on several surfaces: SVG as text, a record of where labels are; PNG is in tests/draw.

local onnxdoc = require "onnxdoc"
local canvas = require "onnxdoc.canvas"
local lettering = require "onnxdoc.canvas.lettering"
local styles = require "onnxdoc.canvas.styles"
local xml = require "xml"

local evil = "a<script>alert(1)</script>\"'&\0\27[31m\xff\u{202e}\u{ffff}]]>-->"

local function drawn(kind, draw, title, description)
  local surface = require("onnxdoc.canvas." .. kind).new(400, 100, title or "Title", description or "All of it.")
  draw(canvas.new(surface, lettering.estimate))
  return surface:finish()
end

describe("an SVG", function()
  it("is an image with a title, a description and what made it", function()
    local svg = drawn("svg", function(c) c:rectangle(1, 2, 3.25, 4, "c1") end, "A <title>", "It's & all")
    local elements = xml.parse(svg)
    assert.same({"svg", "title", "desc", "style", "rect"},
      {elements[1].name, elements[2].name, elements[3].name, elements[4].name, elements[5].name})
    assert.equal("img", elements[1].attributes.role)
    assert.equal("0 0 400 100", elements[1].attributes.viewBox)
    assert.equal("A &lt;title&gt;", elements[2].text)
    assert.equal("It&#39;s &amp; all", elements[3].text)
    assert.equal("<!-- onnxdoc " .. onnxdoc.version .. " -->", svg:match("\n(.-)\n"))
  end)

  it("writes shapes with short numbers and classes", function()
    local svg = drawn("svg", function(c)
      c:rectangle(1 / 3, 2, 3.04, -0.01, "c1", {radius = 2, note = "n < 1"})
      c:circle(5, 6, 7.55, "mark")
      c:line({1, 2, 3.14159, 4}, "grid")
      c:polygon({0, 0, 1, 0, 0, 1}, "area")
    end)
    local list = {}
    for line in svg:gmatch("<[rcp][^t][^\n]*") do list[#list + 1] = line end
    assert.same({
      '<rect class="c1" x="0.3" y="2" width="3" height="0" rx="2"><title>n &lt; 1</title></rect>',
      '<circle class="mark" cx="5" cy="6" r="7.5"/>',
      '<polyline class="grid" points="1,2 3.1,4"/>',
      '<polygon class="area" points="0,0 1,0 0,1"/>',
    }, list)
  end)

  it("has colours in its style sheet only, for light and dark, and only those that it uses", function()
    local svg = drawn("svg", function(c)
      c:rectangle(0, 0, 10, 10, "c2")
      c:text(0, 20, "#ff0000", {class = "muted"})
    end)
    local sheet = svg:match("<style>(.-)</style>")
    assert.matches(("%%.c2{fill:#%06x}"):format(styles.c2.light), sheet)
    assert.matches(("prefers%%-color%%-scheme:dark.*%%.c2{fill:#%06x}"):format(styles.c2.dark), sheet)
    assert.is_nil(sheet:find(".c1", 1, true))
    for _, element in ipairs(xml.parse(svg)) do
      for name, value in pairs(element.attributes) do
        assert.is_nil(name:match("^fill") or name:match("^stroke") or name:match("^style$") or value:match("^#"), name)
      end
    end
  end)

  it("keeps what a model says inert", function()
    local svg = drawn("svg", function(c)
      c:text(10, 20, canvas.label(evil), {})
      c:rectangle(0, 0, 10, 10, "c1", {note = canvas.label(evil)})
    end, evil, evil)
    for _, element in ipairs(xml.parse(svg)) do assert.not_equal("script", element.name) end
    assert.is_nil(svg:find("<script", 1, true))
    assert.is_nil(svg:find("\u{202e}", 1, true))
    assert.is_nil(svg:find("\27", 1, true))
    assert.is_not_nil(svg:find("&lt;script&gt;alert(1)", 1, true))
  end)

  it("says how long text outside of ASCII is to be", function()
    local svg = drawn("svg", function(c)
      c:text(0, 20, "漢字", {size = 20})
      c:text(0, 40, "plain", {size = 20, bold = true, anchor = "end"})
    end)
    assert.matches('textLength="51.2" lengthAdjust="spacingAndGlyphs">漢字', svg)
    assert.matches('font%-size="20" font%-weight="bold" text%-anchor="end">plain', svg)
  end)

  it("is the same text each time", function()
    local function draw(c) c:text(10, 20, "x", {}) c:line({0, 0, 1, 1}, "grid") c:rectangle(0, 0, 1, 1, "c3") end
    assert.equal(drawn("svg", draw), drawn("svg", draw))
  end)
end)

describe("a label", function()
  it("is printable and short", function()
    assert.equal("MatMul", canvas.label("MatMul"))
    assert.equal("(no name)", canvas.label(""))
    assert.equal("a\\x00\\u{202e}b", canvas.label("a\0\u{202e}b"))
    for _, keep in ipairs {"head", "tail"} do
      for _, unit in ipairs {"x", "é", "漢", "\u{1f600}", "\xff", "\u{301}", "\0"} do
        local label = canvas.label(unit:rep(1000000), keep)
        assert.is_true(#label < 5000)
        assert.is_number(utf8.len(label))
      end
    end
    assert.matches("^x+…$", canvas.label(("x"):rep(1000)))
    assert.matches("^…y+$", canvas.label(("x"):rep(1000) .. ("y"):rep(1000), "tail"))
  end)

  it("has few marks stacked on a letter", function()
    assert.equal("a\u{301}\u{302}b", canvas.label("a\u{301}\u{302}\u{303}\u{304}\u{305}b"))
  end)
end)

describe("text that does not fit", function()
  local c = canvas.new(nil, lettering.estimate)

  it("is cut at its end or at its start", function()
    assert.equal("short", c:fit("short", 1000, 20))
    assert.equal("a_long_n…", c:fit("a_long_name", c:width("a_long_n…", 20), 20))
    assert.equal("…ng_name", c:fit("a_long_name", c:width("…ng_name", 20), 20, false, "tail"))
    assert.equal("", c:fit("a_long_name", 3, 20))
    assert.equal("…", c:fit("a_long_name", c:width("…", 20), 20))
  end)

  it("is cut between characters, and where a part starts when that is near", function()
    assert.equal("漢字…", c:fit("漢字漢字漢字", c:width("漢字…", 20) + 5, 20))
    assert.equal("…ml.Scaler", c:fit("ai.onnx.ml.Scaler", c:width("…onnx.ml.Scaler", 20) - 1, 20, false, "tail"))
    assert.equal("…xxxx/y", c:fit("aaaaxxxx/y", c:width("…xxxx/y", 20), 20, false, "tail"))
  end)

  it("never is wider than it may be", function()
    local names = {("x"):rep(400), "漢字漢字漢字漢字", ("iW"):rep(100), "bert/encoder/layer_0/attention", "שלום עולם"}
    for _, name in ipairs(names) do
      for width = 0, 300, 7 do
        for _, keep in ipairs {"head", "tail"} do
          local cut = c:fit(name, width, 18, true, keep)
          assert.is_true(c:width(cut, 18, true) <= width, cut)
          assert.is_true(cut == name or cut == "" or cut:find("…", 1, true) ~= nil)
        end
      end
    end
  end)
end)

describe("widths", function()
  it("are near to those of DejaVu Sans where nothing can measure", function()
    local ok, draw = pcall(require, "onnxdoc.draw")
    if not ok then pending "without onnxdoc.draw there is nothing to compare with" end
    for _, s in ipairs {"MatMul", "108.89 M · 12.3%", "com.microsoft.SkipLayerNormalization", "The quick brown fox"} do
      for _, bold in ipairs {false, true} do
        local wanted, estimate = draw.measure(s, 20, bold), lettering.estimate(s, 20, bold)
        assert.is_true(math.abs(estimate - wanted) < 0.06 * wanted, ("%s: %s, %s"):format(s, estimate, wanted))
      end
    end
  end)

  it("count what is wide twice, and marks not at all", function()
    assert.equal(2 * lettering.estimate("é", 20), (lettering.estimate("漢", 20)))
    assert.equal(lettering.estimate("e", 20), (lettering.estimate("e\u{301}", 20)))
    assert.is_true(lettering.estimate("\xff\0", 20) > 0)
  end)
end)

describe("a record", function()
  it("says where labels and marks are", function()
    local record = drawn("record", function(c)
      c:text(100, 50, "MMMM", {size = 20, anchor = "middle"})
      c:text(100, 80, "MMMM", {size = 20, anchor = "end", most = 40})
      c:circle(5, 6, 2, "mark")
      c:line({1, 9, 3, 4}, "grid")
    end)
    local first, second = record.labels[1], record.labels[2]
    assert.equal(100, first.x + first.width / 2)
    assert.is_true(first.y < 50 and first.y + first.height > 50)
    assert.equal("M…", second.text)
    assert.equal(100, second.x + second.width)
    assert.same({kind = "circle", class = "mark", x = 3, y = 4, width = 4, height = 4}, record.marks[1])
    assert.same({kind = "line", class = "grid", x = 1, y = 4, width = 2, height = 5}, record.marks[2])
  end)
end)

describe("styles", function()
  -- WCAG 2: relative luminance, and (lighter + 0.05) / (darker + 0.05).
  local function luminance(rgb)
    local function linear(shift)
      local s = (rgb >> shift & 0xff) / 255
      return s <= 0.03928 and s / 12.92 or ((s + 0.055) / 1.055) ^ 2.4
    end
    return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
  end
  local function contrast(a, b)
    local x, y = luminance(a), luminance(b)
    return (math.max(x, y) + 0.05) / (math.min(x, y) + 0.05)
  end

  it("let text be read on the page, on bars, light and dark", function()
    for _, page in ipairs {{"light", 0xffffff}, {"dark", 0x0d1117}} do
      local shade, background = page[1], page[2]
      for _, class in ipairs {"ink", "muted"} do
        assert.is_true(contrast(styles[class][shade], background) >= 4.5, shade .. " " .. class)
      end
      for _, name in ipairs {"1", "2", "3", "4", "5", "6", "other"} do
        local bar = styles["c" .. name] or styles[name]
        local ratio = contrast(bar[shade], styles["on" .. name][shade])
        assert.is_true(ratio >= 3, ("%s %s %.2f"):format(shade, name, ratio)) -- large text, as it is there
      end
    end
  end)

  it("give neighbouring colours another grey", function()
    for i = 1, 5 do
      assert.is_true(contrast(styles["c" .. i].light, styles["c" .. i + 1].light) > 1.4, "c" .. i)
    end
  end)
end)
