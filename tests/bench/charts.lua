-- Draws all charts of a model as PNG; prints the milliseconds that takes on top of its facts, libraries and fonts that
-- are loaded for it included.

local facts = require "onnxdoc.facts"

local all = facts.complete(facts.of(model))
local start = os.clock()
for _, chart in ipairs(require("onnxdoc.charts").list(all)) do assert(chart.png()) end
print((os.clock() - start) * 1000)
