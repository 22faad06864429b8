--- How things on a canvas look, by class: {class, light colour, dark colour, …}. A class fills unless it has `stroke`;
-- the light colours are for a white background, the dark ones for the SVG of a reader who prefers that.
--
-- The six colours of operators are Paul Tol's "bright" ones, which people of any colour vision tell apart; light and
-- dark take turns, so that neighbours differ in grey too. Text on them is `on1`, ….

local styles = {
  {name = "ink", light = 0x1f2328, dark = 0xe6edf3},   -- text
  {name = "muted", light = 0x59636e, dark = 0x9aa4af}, -- text beside what matters
  {name = "grid", light = 0xe4e7eb, dark = 0x30363d, stroke = 1},
  {name = "axis", light = 0x8c959f, dark = 0x6e7781, stroke = 1},
  {name = "track", light = 0xf0f2f4, dark = 0x21262d}, -- where a bar could reach
  {name = "area", light = 0x4477aa, dark = 0x6a9ccc, opacity = 0.22},
  {name = "outline", light = 0x4477aa, dark = 0x6a9ccc, stroke = 2},
  {name = "mark", light = 0xc1272d, dark = 0xff7b72},
  {name = "markline", light = 0xc1272d, dark = 0xff7b72, stroke = 1.5, dash = 5},
  {name = "c1", light = 0x4477aa, dark = 0x5b8fc4},
  {name = "c2", light = 0xee6677, dark = 0xee7685},
  {name = "c3", light = 0x228833, dark = 0x3a9e4b},
  {name = "c4", light = 0xccbb44, dark = 0xccbb44},
  {name = "c5", light = 0xaa3377, dark = 0xbb5590},
  {name = "c6", light = 0x66ccee, dark = 0x66ccee},
  {name = "plain", light = 0x8496ab, dark = 0x7488a0},  -- bars that stand for no operator
  {name = "group1", light = 0x2a7f8e, dark = 0x3f9fb0}, -- groups of layers, in turns
  {name = "group2", light = 0x8ac6c2, dark = 0x9ad0cc},
  {name = "other", light = 0xb4bac1, dark = 0x7d8590},
  {name = "on1", light = 0xffffff, dark = 0xffffff},
  {name = "on2", light = 0x1f2328, dark = 0x0d1117},
  {name = "on3", light = 0xffffff, dark = 0xffffff},
  {name = "on4", light = 0x1f2328, dark = 0x0d1117},
  {name = "on5", light = 0xffffff, dark = 0xffffff},
  {name = "on6", light = 0x1f2328, dark = 0x0d1117},
  {name = "onother", light = 0x1f2328, dark = 0x0d1117},
}

for _, style in ipairs(styles) do styles[style.name] = style end

return styles
