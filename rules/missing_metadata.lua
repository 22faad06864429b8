-- A model that does not say whose it is, what it is for, and what one may do with it.

-- By what is missing: the keys of metadata that say it, in the spellings that are in use.
local wanted = {
  {"the licence", "license", "licence", "model_license", "license_name", "spdx"},
  {"the author", "author", "authors", "model_author", "model_author_name", "creator", "organization", "maintainer"},
  {"a description", "description", "model_description", "summary", "short_description"},
}

local function is_given(metadata, names)
  for name, text in pairs(metadata) do
    local plain = name:lower():match("[^.:/]*$"):gsub("[%s-]", "_")
    for i = 2, #names do
      if plain == names[i] and text:find("%S") then return true end
    end
  end
  return false
end

return {
  severity = "info", category = "metadata", title = "The model does not say what it is", confidence = "high",
  description = "Whoever gets the file alone cannot tell whose model it is, what it is for, and under which licence it "
    .. "may be used. ONNX has metadata_props for licence and author, and doc_string for a description.",
  fix = "Set metadata_props (license, author) and doc_string before the model is handed on.",
  references = {"https://github.com/onnx/onnx/blob/main/docs/MetadataProps.md"},
  messages = {missing = "the file does not say {what}"},
  check = function(model, report)
    local missing = {}
    local is_described = (model.doc or ""):find("%S") or (model.graph.doc or ""):find("%S")
    for _, names in ipairs(wanted) do
      local is_said = names[1] == "a description" and is_described
      if not is_said and not is_given(model.metadata, names) then missing[#missing + 1] = names[1] end
    end
    if #missing > 0 then
      local last = table.remove(missing)
      local what = #missing > 0 and table.concat(missing, ", ") .. " and " .. last or last
      report(model, "missing", {what = what})
    end
  end,
  examples = {
    fires = {
      [[g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 8, opset_import: ["" : 17], doc_string: "Rectifies.",
         metadata_props: ["license": " ", "author": "A"]>
        g (float[2] x) => (float[2] y) { y = Relu(x) }]],
    },
    silent = {
      [[<ir_version: 8, opset_import: ["" : 17], doc_string: "Rectifies.",
         metadata_props: ["license": "MIT", "author": "A"]>
        g (float[2] x) => (float[2] y) { y = Relu(x) }]],
      [[<ir_version: 8, opset_import: ["" : 17],
         metadata_props: ["model.Licence": "MIT", "model_author": "A", "description": "Rectifies."]>
        g (float[2] x) => (float[2] y) { y = Relu(x) }]],
    },
  },
}
