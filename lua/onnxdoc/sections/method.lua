--- How the numbers were obtained, and how to get them again.

local method = {}

local function notes(facts)
  local items = {
    "Nodes, inputs, outputs and initializers are counted as the file lists them; nothing was run or changed. Repeated "
      .. "and called graphs count once there; in costs they count as often as they run.",
    "MACs: multiply-accumulates of matrix products, convolutions, attention and recurrent cells. FLOPs: 2 × MACs, and "
      .. "one for each elementwise operation. Transcendentals (exp, erf, sqrt, …) are counted apart.",
    "Shapes are inferred through shape arithmetic, as formulas of the model's own symbols; costs are formulas over the "
      .. "same symbols. Nodes whose results are constant cost nothing.",
    "Bytes of tensors: elements × bits of the type, packed, whichever way the file stores them; of strings, their own "
      .. "bytes. Bytes moved: each node reads its inputs and writes its outputs once.",
    "Peak activation: what is alive while each node runs in the model's order; weights are not in it.",
  }
  if #facts.gaps > 0 then items[#items + 1] = "≥: something is missing from the sum; it is a lower bound." end
  if #facts.architecture.layers > 0 then
    items[#items + 1] = "Parameters of a part are those of the weights it is the first to use."
  end
  return items
end

function method.method(page, facts)
  page.heading(2, "How These Numbers Were Obtained")
  page.list(notes(facts))
end

--- The command that makes this card again.
function method.reproduce(page, _, card)
  if not card.command then return end
  page.heading(2, "Reproduce")
  page.paragraph("onnxdoc ", card.version, ", schema of facts ", card.schema, ":")
  page.block(card.command)
end

return method
