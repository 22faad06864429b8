--- The pictures of the card.

local charts = {}

function charts.charts(page, _, card)
  if not card.charts or #card.charts == 0 then return end
  page.heading(2, "Visualizations")
  for _, chart in ipairs(card.charts) do
    page.heading(3, chart.title)
    page.image(chart.path, chart.alt)
  end
end

return charts
