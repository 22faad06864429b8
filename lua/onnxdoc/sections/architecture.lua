--- What the model is built of.

local wording = require "onnxdoc.wording"

local architecture = {}

local PARTS = 40

local function layer_items(page, facts)
  local items = {}
  for i, group in ipairs(facts.architecture.layers) do
    items[i] = {("%d layers of %s nodes"):format(group.count, wording.range(group.nodes_least, group.nodes_most)),
      page.cite("architecture.layers." .. i),
      group.graph and ", in another graph than the main one" or (": %s to %s"):format(group.first, group.last),
      group.differences > 0 and (", which differ in %d places"):format(group.differences) or
        group.count > 1 and ", all alike" or ""}
  end
  return items
end

-- Equal neighbours are one row: twelve layers of a transformer are told once.
local function same(a, b)
  return a.kind == "layer" and a.group == b.group and a.nodes == b.nodes and a.macs.value == b.macs.value
    and a.flops.value == b.flops.value and a.parameters.value == b.parameters.value
end

local function part_rows(page, facts)
  local rows, parts, i = {}, facts.architecture.parts, 1
  while i <= #parts do
    local last = i
    while parts[last + 1] and same(parts[i], parts[last + 1]) do last = last + 1 end
    local here = ("architecture.parts.%d."):format(i)
    rows[#rows + 1] = {
      last == i and parts[i].name or ("%s to %s, each"):format(parts[i].name, parts[last].name),
      page.fact(here .. "nodes"), page.fact(here .. "parameters"), page.fact(here .. "macs"),
      page.fact(here .. "flops"), page.fact(here .. "bytes")}
    i = last + 1
  end
  return rows
end

--- Layers, and what each part takes.
function architecture.architecture(page, facts)
  if #facts.architecture.layers == 0 then return end
  page.heading(2, "Architecture")
  page.paragraph("Layers are found by what nodes do and how they are wired, not by their names.")
  page.list(layer_items(page, facts))
  local rows = part_rows(page, facts)
  local more = #rows - PARTS
  for i = #rows, PARTS + 1, -1 do rows[i] = nil end
  page.table({"Part", "Nodes", "Parameters", "MACs", "FLOPs", "Bytes moved"}, rows,
    {right = {false, true, true, true, true, true}})
  if more > 0 then page.paragraph(("… (%d more)"):format(more)) end
end

return architecture
