-- lua/onnxdoc/quantity.lua

local quantity = require "onnxdoc.quantity"

describe("a quantity", function()
  it("is a number with a unit", function()
    for word, wanted in pairs {["50G"] = 50000000000, ["6GiB"] = 6 << 30, ["512 MB"] = 512000000, ["1000000"] = 1000000,
      ["1.5k"] = 1500, ["1.5e9"] = 1500000000, ["2Ki"] = 2048, ["1e3 kb"] = 1000000, ["0"] = 0, [" 7 B "] = 7} do
      assert.equal(wanted, quantity.of(word), word)
    end
    assert.equal("integer", math.type(quantity.of "50G"))
    assert.equal(12.5, quantity.of(12.5))
  end)

  it("is nil otherwise", function()
    for _, word in ipairs {"", "lots", "-1", "1.2.3G", "5X", "GB", "1 2", "nan", "0x10G", -1, true, {}, 0 / 0} do
      assert.is_nil(quantity.of(word))
    end
  end)
end)
