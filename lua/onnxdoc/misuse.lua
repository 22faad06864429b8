--- misuse("op: %s is no name", name) raises an error for wrong use of the library, with the place in the caller's code:
-- the first frame that is not in one of the library's own files.

return function(message, ...)
  local level = 2
  while true do
    local frame = debug.getinfo(level, "S")
    if not frame or not frame.source:find("lua/onnxdoc/", 1, true) and frame.what ~= "C" then break end
    level = level + 1
  end
  error(message:format(...), level)
end
