-- The line that says how far a run is.

require "onnxdoc"
local progress = require "onnxdoc.progress"

describe("progress", function()
  local time, written
  local function new(shown)
    time, written = 100, {}
    return progress.new(1072, "models", shown, function() return time end, function(s) written[#written + 1] = s end)
  end
  local function update(bar, at, done)
    time, written = 100 + at, {}
    bar:update(done)
    return written[1]
  end

  it("shows nothing in the first second, then at most five lines in one", function()
    local bar = new(true)
    assert.is_nil(update(bar, 0.9, 100))
    assert.equal("\r123 of 1,072 models, 8 s left", update(bar, 1, 123))
    assert.is_nil(update(bar, 1.19, 124))
    assert.is_string(update(bar, 1.21, 125))
  end)

  it("says how long it will take, where it can", function()
    local bar = new(true)
    assert.equal("\r0 of 1,072 models", update(bar, 2, 0))
    assert.equal("\r10 of 1,072 models, 9 min left", update(bar, 5, 10))
    assert.equal("\r1 of 1,072 models, 12 h left", (update(bar, 40, 1):gsub(" +$", "")))
    assert.equal("\r1,071 of 1,072 models, 1 s left", update(bar, 41, 1071))
    assert.equal("\r1,072 of 1,072 models", (update(bar, 42, 1072):gsub(" +$", "")))
  end)

  it("covers a longer line, and takes itself away", function()
    local bar = new(true)
    local long = update(bar, 4, 100)
    local short = update(bar, 5, 1072)
    assert.equal(#long, #short)
    written = {}
    do local _ <close> = bar end
    assert.same({"\r" .. (" "):rep(#long - 1) .. "\r"}, written)
    bar:clear()
    assert.equal(1, #written)
  end)

  it("is silent where nobody looks", function()
    local bar = new(false)
    assert.is_nil(update(bar, 5, 100))
    bar:clear()
    assert.same({}, written)
  end)
end)
