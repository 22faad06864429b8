-- The table of operator rules is searched by halving, so its lines must stand in the order of their bytes.

describe("ops.def", function()
  it("is sorted by domain, operator and version, each once", function()
    local before, lines = nil, 0
    for line in io.lines("src/ops/ops.def") do
      local domain, name, since = line:match('^X%("([^"]*)", "([^"]*)", (%d+), ')
      assert.is_not_nil(domain, line)
      local key = string.format("%s\0%s\0%09d", domain, name, since)
      assert.is_true(before == nil or before < key, line)
      before, lines = key, lines + 1
    end
    assert.is_true(lines > 400)
  end)
end)
