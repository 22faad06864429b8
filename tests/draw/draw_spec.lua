-- The module onnxdoc.draw: pictures as PNG files, and how wide text is.

local onnxdoc = require "onnxdoc"
local helpers = require "reports.helpers"
local Scratch = require "scratch"

local has_draw, draw = pcall(require, "onnxdoc.draw")
-- Only where its libraries were missing when it was built; all else is a mistake.
if not has_draw then assert(tostring(draw):find("is not there", 1, true), draw) end
local it_draws = has_draw and it or pending

-- A PNG file as {width, height, type, chunks = {{type, data}, …}}; every length is looked at. (Checksums: see below.)
local function parse_png(bytes)
  assert.equal("\x89PNG\r\n\x1a\n", bytes:sub(1, 8))
  local chunks, at = {}, 9
  while at <= #bytes do
    local size, kind = string.unpack(">I4c4", bytes, at)
    chunks[#chunks + 1] = {kind = kind, data = bytes:sub(at + 8, at + 7 + size),
      checksum = string.unpack(">I4", bytes, at + 8 + size)}
    at = at + 12 + size
  end
  local width, height, depth, colour = string.unpack(">I4I4BB", chunks[1].data)
  assert.equal(8, depth)
  return {width = width, height = height, type = colour, chunks = chunks}
end

local function kinds(png)
  local list = {}
  for i, chunk in ipairs(png.chunks) do list[i] = chunk.kind end
  return table.concat(list, " ")
end

-- CRC-32 as PNG has it, bit by bit.
local function crc(s)
  local register = 0xffffffff
  for i = 1, #s do
    register = register ~ s:byte(i)
    for _ = 1, 8 do register = register & 1 == 1 and register >> 1 ~ 0xedb88320 or register >> 1 end
  end
  return register ~ 0xffffffff
end

local function png_of(width, height, paint)
  local picture = assert(draw.open(width, height))
  if paint then paint(picture) end
  return assert(picture:png())
end

describe("a picture", function()
  it_draws("becomes a PNG file that says what made it", function()
    local png = parse_png(png_of(100, 50, function(p) p:rectangle(10, 10, 50, 20, {fill = 0x4477aa}) end))
    assert.same({100, 50, 2}, {png.width, png.height, png.type}) -- 2: red, green, blue
    assert.equal("IHDR tEXt IDAT IEND", kinds(png))
    assert.equal("Software\0onnxdoc " .. onnxdoc.version, png.chunks[2].data)
    for _, chunk in ipairs(png.chunks) do assert.equal(crc(chunk.kind .. chunk.data), chunk.checksum, chunk.kind) end
  end)

  it_draws("gives the same bytes for the same drawing, and others for another", function()
    local function paint(y)
      return function(p)
        p:rectangle(10.5, 10, 50, 20, {fill = 0x4477aa, stroke = 0xff0000, width = 2, radius = 5, opacity = 0.5})
        p:circle(50, 50, 10, {fill = 0})
        p:line({0, 0, 50, 50.5, 100, 20}, {stroke = 0x228833, width = 3, dash = 4})
        p:polygon({0, 90, 50, 60, 99, 90}, {fill = 0xccbb44})
        p:text(5, y, "MatMul", 20, true, 0x1f2328)
      end
    end
    assert.equal(png_of(100, 100, paint(80)), png_of(100, 100, paint(80)))
    assert.not_equal(png_of(100, 100, paint(80)), png_of(100, 100, paint(70)))
  end)

  -- Adler-32, which ends what zlib packs: it tells what was packed, however that was done.
  local function adler(bytes)
    local a, b = 1, 0
    for i = 1, #bytes do
      a = (a + bytes:byte(i)) % 65521
      b = (b + a) % 65521
    end
    return b << 16 | a
  end

  it_draws("keeps every pixel's colour", function()
    local png = parse_png(png_of(64, 65, function(p)
      for i = 0, 64 * 64 - 1 do p:rectangle(i % 64, i // 64, 1, 1, {fill = i * 4001}) end
    end))
    local rows, packed = {}, {}
    for y = 0, 64 do
      rows[#rows + 1] = "\0" -- no filter
      for x = 0, 63 do rows[#rows + 1] = (">I3"):pack(y < 64 and (64 * y + x) * 4001 or 0xffffff) end
    end
    for _, chunk in ipairs(png.chunks) do packed[#packed + 1] = chunk.kind == "IDAT" and chunk.data or nil end
    assert.equal(adler(table.concat(rows)), (">I4"):unpack(table.concat(packed), -4))
  end)

  it_draws("can be as large as 8192 pixels, and no larger", function()
    assert.equal(8192, parse_png(png_of(8192, 1)).width)
    assert.equal(8192, parse_png(png_of(1, 8192)).height)
    assert.error_matches(function() draw.open(8193, 1) end, "8192")
    assert.error_matches(function() draw.open(1, 0) end, "8192")
    assert.error_matches(function() draw.open(-1, 10) end, "8192")
  end)

  it_draws("takes nothing that is no number", function()
    local picture = draw.open(10, 10)
    for _, bad in ipairs {0 / 0, math.huge, -math.huge, 1e300} do
      assert.has_error(function() picture:rectangle(bad, 0, 1, 1, {fill = 0}) end)
      assert.has_error(function() picture:rectangle(0, 0, 1, bad, {fill = 0}) end)
      assert.has_error(function() picture:circle(0, 0, bad, {fill = 0}) end)
      assert.has_error(function() picture:line({0, 0, bad, 1}, {stroke = 0}) end)
      assert.has_error(function() picture:polygon({0, 0, 1, bad}, {fill = 0}) end)
      assert.has_error(function() picture:text(bad, 0, "x", 20, false, 0) end)
      assert.has_error(function() picture:text(0, 0, "x", bad, false, 0) end)
      assert.has_error(function() picture:rectangle(0, 0, 1, 1, {fill = 0, width = bad}) end)
    end
    assert.error_matches(function() picture:rectangle(0, 0, 1, 1, {fill = -1}) end, "0xffffff")
    assert.error_matches(function() picture:rectangle(0, 0, 1, 1, {fill = 0x1000000}) end, "0xffffff")
    assert.error_matches(function() picture:rectangle(0, 0, 1, 1, {color = 0}) end, "'color'")
    assert.error_matches(function() picture:rectangle(0, 0, 1, 1, {[1] = 0}) end, "names")
    assert.error_matches(function() picture:line({0, "x"}, {stroke = 0}) end, "coordinate 2")
    assert.is_string(picture:png())
  end)

  it_draws("survives shapes that are empty, turned over or outside", function()
    assert.is_string(png_of(20, 20, function(p)
      p:rectangle(5, 5, 0, 0, {fill = 0, radius = 5})
      p:rectangle(5, 5, -3, -3, {fill = 0, stroke = 0, radius = 50})
      p:rectangle(-1e6, -1e6, 1e6, 1e6, {fill = 0})
      p:line({}, {stroke = 0})
      p:polygon({1}, {fill = 0})
      p:line({1, 1}, {stroke = 0, dash = 0.001})
      p:circle(3, 3, 0, {fill = 0})
    end))
  end)

  it_draws("is over when it is closed", function()
    local picture = draw.open(10, 10)
    picture:close()
    picture:close()
    assert.error_matches(function() picture:png() end, "closed")
    assert.error_matches(function() picture:text(0, 0, "x", 20, false, 0) end, "closed")
    do local closed <close> = draw.open(10, 10) assert.is_userdata(closed) end
  end)

  it_draws("leaves nothing behind that is not collected", function()
    for _ = 1, 50 do draw.open(1000, 1000) end
    collectgarbage()
    assert.is_string(png_of(10, 10))
  end)
end)

describe("text", function()
  it_draws("has a width, and room above and below the baseline", function()
    local width, ascent, descent = draw.measure("MatMul", 20)
    assert.is_true(width > 50 and width < 90, width)
    assert.is_true(ascent > 12 and ascent < 25 and descent > 2 and descent < 10)
    assert.is_true(draw.measure("MatMul", 20, true) > width)
    assert.is_true(math.abs(draw.measure("MatMul", 40) - 2 * width) < 1)
    assert.equal(0, (draw.measure("", 20)))
  end)

  it_draws("may be any bytes", function()
    for _, bytes in ipairs {"\xff\xfe", "a\0b", "\xe2\x80", "\u{202e}abc", "<b>&amp;", ("\u{301}"):rep(1000), "שלום 漢字 \u{1f600}",
      "\n\r\t", "\u{10ffff}", "\xed\xa0\x80"} do
      local width = draw.measure(bytes, 20)
      assert.is_true(width >= 0 and width < 20000)
      assert.is_string(png_of(50, 50, function(p) p:text(0, 20, bytes, 20, false, 0) end))
    end
    assert.is_true(draw.measure("<b>x</b>", 20) > 2 * draw.measure("bx", 20)) -- no markup
    assert.is_true(draw.measure("a\0b", 20) > draw.measure("ab", 20))         -- not cut at a NUL
    assert.equal((select(2, draw.measure("a\nb", 20))), (select(2, draw.measure("ab", 20))))
  end)

  it_draws("of a megabyte is cut before it is set", function()
    local clock = os.clock()
    local width = draw.measure(("é"):rep(500000), 20)
    assert.equal((draw.measure(("é"):rep(2048), 20)), width)
    assert.is_string(png_of(50, 50, function(p) p:text(0, 20, ("x"):rep(1000000), 20, false, 0) end))
    assert.is_true(os.clock() - clock < 2)
  end)
end)

describe("what may be missing", function()
  local scratch
  before_each(function() scratch = helpers.new() end)
  after_each(function() scratch:remove() end)

  it_draws("fonts: nil and a sentence", function()
    scratch:write("none.conf", '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>')
    scratch:write("ask.lua", [[
      local draw = require "onnxdoc.draw"
      print(draw.open(10, 10))
      print(draw.measure("x", 10))
      print(#require("onnxdoc.charts").list {graph = {operators = {{op = "Add", count = 1}}}})
      print(require("onnxdoc.charts").list {graph = {operators = {{op = "Add", count = 1}}}}[1].png())
      print(#require("onnxdoc.charts").list {graph = {operators = {{op = "Add", count = 1}}}}[1].svg() > 500)
    ]])
    local out, err, code = scratch:run([[FONTCONFIG_FILE="$PWD/none.conf" "$onnxdoc" ask.lua]])
    local sentence = "nil\tno fonts are installed, so no text can be drawn (Debian has some in fonts-dejavu-core)\tmissing\n"
    assert.equal(sentence .. sentence .. "2\n" .. sentence:gsub("\tmissing", "") .. "true\n", out, err)
    assert.equal(0, code)
  end)

  -- A copy of the binary has no modules beside it, and those of the folder one stands in are not for it.
  it("the module: an error that says where it was looked for", function()
    scratch:mkdir("onnxdoc")
    scratch:mkdir("bin")
    scratch:write("onnxdoc/draw.so", "not to be loaded")
    scratch:write("onnxdoc/draw.lua", "error 'not to be loaded'")
    scratch:write("ask.lua", [[print(pcall(require, "onnxdoc.draw"))
      print(require("onnxdoc.charts").list {graph = {operators = {{op = "Add", count = 1}}}}[1].png())]])
    local out, err = scratch:run([[cp "$onnxdoc" bin/copy && bin/copy ask.lua]])
    assert.matches("^false\tmodule 'onnxdoc.draw' is not there %(looked for in .*bin/modules/draw.so%)\nnil\tno PNG", out, err)
  end)
end)

-- In a folder of its own, so that nothing that was built here is found.
describe("installed", function()
  it_draws("the module is found from anywhere", function()
    local scratch = Scratch.new()
    local build = helpers.program:match("^(.*)/") or "."
    local function run(command)
      local pipe = assert(io.popen(command .. " 2>&1"))
      local out = pipe:read("a")
      pipe:close()
      return out
    end
    local prefix = helpers.quote(scratch.directory)
    assert(os.execute(("mkdir -p %s/bin %s/lib/lua/5.4/onnxdoc && cp %s/onnxdoc %s/bin && "
      .. "cp %s/modules/draw.so %s/lib/lua/5.4/onnxdoc"):format(prefix, prefix, build, prefix, build, prefix)))
    assert.equal("function\n", run(("cd / && %s/bin/onnxdoc -e 'print(type(require(\"onnxdoc.draw\").open))'"):format(prefix)))
    scratch:remove()
  end)
end)
