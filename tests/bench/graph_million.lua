-- Writes a graph of N nodes without weights, some 42 bytes a node at a million: two-input operators that each
-- read the value before and one a bit further back.
--
--     lua5.4 tests/bench/graph_million.lua N MODEL.onnx

package.path = "./tests/?.lua;" .. package.path
local wire = require "wire"

local count, path = math.tointeger(arg[1]), arg[2]
local operators = {"Add", "Mul", "Sub", "Max"}
local pieces, size = {}, 0
local char = string.char

local function field(number, text)
  return char(number << 3 | 2, #text) .. text
end

for i = 1, count do
  local back = i - 1 - (i * 7919) % 1000
  local node = field(1, "v" .. (i - 1)) .. field(1, "v" .. (back < 0 and 0 or back)) .. field(2, "v" .. i) ..
    field(3, "n" .. i) .. field(4, operators[i % 4 + 1])
  local piece = char(1 << 3 | 2, #node) .. node
  pieces[i] = piece
  size = size + #piece
end

local around = wire.graph{name = "million", input = {wire.value("v0", "float32", {"N"})},
                          output = {wire.value("v" .. count, "float32", {"N"})}}
local file = assert(io.open(path, "wb"))
file:write(wire.model{}, wire.tag(7, 2), wire.varint(size + #around))
for first = 1, count, 10000 do file:write(table.concat(pieces, "", first, math.min(first + 9999, count))) end
file:write(around)
assert(file:close())
