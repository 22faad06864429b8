-- The card on a terminal: the first screen, then what it leaves out.

return {
  summary = "The model card for a terminal.",
  render = function(_, page)
    for _, name in ipairs {"screen", "symbols", "operators", "complexity", "parameters", "sizes", "memory", "kv_cache",
      "memory_by_operator", "coverage", "architecture", "risks"} do
      page.section(name)
    end
  end,
}
