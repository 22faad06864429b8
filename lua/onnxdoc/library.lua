--- The functions of the onnxdoc table that are Lua; loaded on the first use of one.

local text = require "onnxdoc.text"

return {bytes = text.bytes, si = text.si, csv = text.csv, escape = text.escape}
