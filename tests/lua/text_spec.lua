-- Untrusted names in terminals, Markdown, HTML and JSON; numbers with units; CSV; columns.

require "onnxdoc"
local text = require "onnxdoc.text"

describe("text.printable", function()
  it("leaves ordinary text alone, also outside ASCII", function()
    assert.equal("conv1/weight:0", text.printable("conv1/weight:0"))
    assert.equal("été 漢字 😀", text.printable("été 漢字 😀"))
    assert.equal("", text.printable(""))
  end)

  it("shows control characters and invalid UTF-8 as bytes", function()
    assert.equal("a\\x07b\\x00\\x1b[31m\\x0a\\x7f", text.printable("a\7b\0\27[31m\n\127"))
    assert.equal("\\xff\\xc3(", text.printable("\xff\xc3("))
    assert.equal("\\xe6\\xbc", text.printable("\xe6\xbc"))
    assert.equal("\\xed\\xa0\\x80", text.printable("\xed\xa0\x80"), "a surrogate")
    assert.equal("é\\xffé", text.printable("é\xffé"))
  end)

  it("shows what hides or turns text around", function()
    assert.equal("a\\u{202e}b", text.printable("a\u{202e}b"))
    assert.equal("\\u{200b}\\u{feff}\\u{2066}\\u{00ad}\\u{0085}", text.printable("\u{200b}\u{feff}\u{2066}\u{ad}\u{85}"))
    assert.equal("\\u{e0041}", text.printable("\u{e0041}"))
  end)

  it("never lets a control byte through", function()
    for byte = 0, 255 do
      local shown = text.printable("x" .. string.char(byte) .. "y")
      assert.is_nil(shown:find("[%c\x80-\xff]"), "byte " .. byte)
    end
  end)
end)

describe("text.code", function()
  it("is a code span", function()
    assert.equal("`name`", text.code("name"))
    assert.equal("*(empty)*", text.code(""))
  end)

  it("has a longer fence than any run of backticks inside", function()
    assert.equal("``a`b``", text.code("a`b"))
    assert.equal("``` ``x`` ```", text.code("``x``"))
    assert.equal("`` ` ``", text.code("`"))
  end)

  it("has no bar, which would end a table's cell, and nothing else that is markup", function()
    local shown = text.code("a|b`<i>*_[x](y)\\")
    assert.equal("<code>", shown:sub(1, 6))
    assert.equal("</code>", shown:sub(-7))
    assert.is_nil(shown:sub(7, -8):find("[|`<>*_%[%]()\\]"))
  end)

  it("is one line", function()
    assert.equal("`a\\x0ab`", text.code("a\nb"))
  end)
end)

describe("text.wrap", function()
  it("fills lines with words", function()
    assert.same({"a bb", "ccc d"}, text.wrap("a bb  ccc\nd", 5))
    assert.same({}, text.wrap(" ", 5))
    assert.same({"\27[1mbold\27[0m a"}, text.wrap("\27[1mbold\27[0m a", 6))
  end)

  it("cuts a word that is longer, or keeps it", function()
    assert.same({"a", "lon…", "b"}, text.wrap("a longer b", 4))
    assert.same({"a", "longer", "b"}, text.wrap("a longer b", 4, true))
  end)
end)

describe("text.markdown", function()
  it("leaves words alone", function()
    assert.equal("tf2onnx 1.5.2, a_b_c_d", text.markdown("tf2onnx 1.5.2, a_b_c_d"))
  end)

  it("escapes what is markup", function()
    assert.equal("\\*a\\* \\_b\\_ \\[x\\](y) \\`c\\` \\\\", text.markdown("*a* _b_ [x](y) `c` \\"))
    assert.equal("&#60;img src=x&#62; a&#124;b &#38;amp;", text.markdown("<img src=x> a|b &amp;"))
  end)

  it("escapes what is markup at a line's start, and makes one line of it", function()
    assert.equal("1\\. x", text.markdown("1. x"))
    assert.equal("1\\.", text.markdown("1."))
    assert.equal("1.5 x", text.markdown("1.5 x"))
    assert.equal("\\- x", text.markdown("- x"))
    assert.equal("\\# x y", text.markdown("# x\ny"))
  end)

  it("makes no links", function()
    assert.is_nil(text.markdown("see https://x.y"):find("https://", 1, true))
    assert.is_nil(text.markdown("see www.x.y"):find("www.", 1, true))
  end)
end)

describe("text.fence", function()
  it("cannot be ended from inside", function()
    assert.equal("````text\na\n```\nb\n````", text.fence("a\n```\nb\n\n"))
  end)
end)

describe("text.html", function()
  it("escapes text and attribute values", function()
    assert.equal("&lt;a b=&quot;c&#39;&amp;&quot;&gt;\\x00", text.html("<a b=\"c'&\">\0"))
  end)
end)

describe("text.json_string", function()
  it("is valid JSON whatever the bytes", function()
    assert.equal('"a\\"b\\u0000\\\\xff"', text.json_string('a"b\0\xff'))
  end)
end)

describe("numbers", function()
  it("have decimal units of bytes", function()
    local cases = {{0, "0 bytes"}, {1, "1 byte"}, {544, "544 bytes"}, {999, "999 bytes"}, {1000, "1.00 KB"},
      {435570000, "435.57 MB"}, {999994, "999.99 KB"}, {999999, "1.00 MB"}, {1.5e9, "1.50 GB"}, {-1500, "-1.50 KB"}}
    for _, case in ipairs(cases) do assert.equal(case[2], text.bytes(case[1])) end
    assert.has_error(function() text.bytes("1") end, "bytes: a number is wanted, got string")
  end)

  it("have SI prefixes", function()
    local cases = {{0, nil, "0"}, {544, nil, "544"}, {108890000, nil, "108.89 M"}, {22.95e9, "FLOP", "22.95 GFLOP"},
      {0.0015, "s", "1.50 ms"}, {999999, nil, "1.00 M"}, {1.5, "s", "1.50 s"}, {12, "FLOP", "12 FLOP"},
      {-2500, nil, "-2.50 k"}}
    for _, case in ipairs(cases) do assert.equal(case[3], text.si(case[1], case[2])) end
    assert.equal("nan", (text.si(0 / 0):gsub("-", "")))
  end)

  it("have their thousands apart", function()
    local cases = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}, {-123456, "-123,456"},
      {math.mininteger, "-9,223,372,036,854,775,808"}}
    for _, case in ipairs(cases) do assert.equal(case[2], text.count(case[1])) end
    assert.equal("1 node", text.plural(1, "node"))
    assert.equal("1,167 nodes", text.plural(1167, "node"))
    assert.equal("0 indices", text.plural(0, "index", "indices"))
  end)

  it("read back as the same number", function()
    for _, n in ipairs {0.1, 1 / 3, 2 ^ 53, 1e300, -0.5, math.pi} do assert.equal(n, tonumber(text.number(n))) end
    assert.equal("0.1", text.number(0.1))
  end)
end)

describe("text.csv", function()
  it("is a record of RFC 4180", function()
    assert.equal('plain,"a,b","say ""hi""","two\nlines"', text.csv("plain", "a,b", 'say "hi"', "two\nlines"))
    assert.equal("1,2.5,true,,x", text.csv(1, 2.5, true, nil, "x"))
    assert.equal('"",', text.csv("", nil), "the empty string differs from nothing")
    assert.equal("1,2,", text.csv {1, 2, n = 3})
  end)
end)

describe("columns", function()
  it("are counted as a terminal shows them", function()
    assert.equal(3, text.width("abc"))
    assert.equal(4, text.width("漢字"))
    assert.equal(1, text.width("e\u{301}"))
    assert.equal("é  |", text.pad("é", 3) .. "|")
    assert.equal("  é", text.pad("é", 3, "right"))
    assert.equal("漢字…", text.truncate("漢字漢字", 5))
    assert.equal("abc", text.truncate("abc", 3))
  end)
end)

describe("text.about", function()
  it("names the model once", function()
    assert.equal("m.onnx: is empty", text.about("m.onnx", "'m.onnx' is empty"))
    assert.equal("m.onnx: ModelProto: cut", text.about("m.onnx", "ModelProto: cut"))
    assert.equal("a\\x07: bad", text.about("a\7", "bad"))
  end)
end)

describe("the onnxdoc table", function()
  it("has the functions for scripts", function()
    local onnxdoc = require "onnxdoc"
    assert.equal("1.00 KB", onnxdoc.bytes(1000))
    assert.equal("1.00 k", onnxdoc.si(1000))
    assert.equal("a,b", onnxdoc.csv("a", "b"))
    assert.equal("&lt;", onnxdoc.escape.html("<"))
  end)
end)
