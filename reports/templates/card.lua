-- The model card: all sections, in their order.

return {
  summary = "The model card.",
  render = function(_, page)
    for _, name in ipairs {"front_matter", "title", "metadata", "summary", "graph", "symbols", "operators", "charts",
      "complexity", "parameters", "sizes", "memory", "kv_cache", "memory_by_operator", "coverage", "architecture",
      "risks", "method", "reproduce"} do
      page.section(name)
    end
  end,
}
