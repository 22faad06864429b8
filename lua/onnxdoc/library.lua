--- The functions of the onnxdoc table that are Lua; loaded on the first use of one.

local text = require "onnxdoc.text"

local function load_build(...) return require("onnxdoc.builder").build(...) end

return {bytes = text.bytes, si = text.si, csv = text.csv, escape = text.escape, build = load_build}
