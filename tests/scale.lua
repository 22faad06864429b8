-- How much of a test that is about quantity is done: all of it, or a share where each step takes long (under
-- sanitizers, while garbage is collected without a pause). ONNXDOC_TEST_SCALE is set by tests/suite.lua.
--
--     for _ = 1, scale(20000) do ... end

local share = tonumber(os.getenv("ONNXDOC_TEST_SCALE") or 1)

return function(count)
  return math.max(20, count * share // 1 | 0)
end
