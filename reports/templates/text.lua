-- The card on a terminal: the first screen, then what it leaves out. What rules find is left to onnxdoc check, which
-- shows it on a terminal as well: a card in text takes no longer than one looks for it.

return {
  summary = "The model card for a terminal.",
  render = function(facts, page)
    for _, name in ipairs {"screen", "symbols", "operators", "complexity", "parameters", "sizes", "memory", "kv_cache",
      "memory_by_operator", "coverage", "architecture"} do
      page.section(name)
    end
    page.heading(2, "Risk Signals")
    page.paragraph("onnxdoc check ", facts.model.name or "-", " says what may be wrong with it.")
  end,
}
