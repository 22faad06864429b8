--- The functions of the onnxdoc table that are Lua; loaded on the first use of one.

local text = require "onnxdoc.text"

-- A function of a file that is loaded when it is first called.
local function later(file, name)
  return function(...) return require(file)[name](...) end
end

return {
  bytes = text.bytes, si = text.si, csv = text.csv, escape = text.escape,
  build = later("onnxdoc.builder", "build"),
  text = later("onnxdoc.printer", "text"),
  parse = later("onnxdoc.parser", "parse"),
}
