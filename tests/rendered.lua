-- A card in every format, rendered from facts alone: {md, text, json, csv, svg_complexity, …}, each a string, the files that
-- go with the Markdown in `files` ({path, content}), and what the charts' labels say in `labels`.

local card = require "onnxdoc.card"

local function render(format, facts, charts)
  local parts = {}
  card.formats[format].write(function(...)
    for i = 1, select("#", ...) do parts[#parts + 1] = (select(i, ...)) end
  end, facts, {top = card.top}, charts)
  return table.concat(parts)
end

return function(facts)
  local files, shown = assert(card.charts(facts, "cards/model.md", {"svg"}))
  local outputs = {json = render("json", facts), md = render("md", facts, shown), text = render("text", facts),
    csv = render("csv", facts)}
  for _, file in ipairs(files) do outputs["svg_" .. file[1]:match("([^/]*)%.svg$")] = file[2] end
  local labels = {}
  for _, chart in ipairs(require("onnxdoc.charts").list(facts)) do
    for _, label in ipairs(chart.record().labels) do labels[#labels + 1] = label.text end
  end
  return {outputs = outputs, files = files, labels = labels}
end
