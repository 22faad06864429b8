--- The sections of the shipped card. `require("onnxdoc.sections")[name]` is a function of a page (page.lua), the
-- facts, and what belongs to the card; one that has nothing to say writes nothing. A file in sections/ holds those
-- of one subject.

local sections = {}

local files = {
  {"screen", {"screen"}},
  {"header", {"front_matter", "title", "metadata", "summary"}},
  {"graph", {"graph", "symbols", "operators"}},
  {"charts", {"charts"}},
  {"complexity", {"complexity", "parameters", "sizes"}},
  {"memory", {"memory", "kv_cache", "memory_by_operator"}},
  {"coverage", {"coverage"}},
  {"architecture", {"architecture"}},
  {"risks", {"risks"}},
  {"method", {"method", "reproduce"}},
}

--- Their names, in the order of the card; "screen" is the first screen on a terminal.
sections.names = {}

local file_of = {}
for _, file in ipairs(files) do
  for _, name in ipairs(file[2]) do
    sections.names[#sections.names + 1] = name
    file_of[name] = file[1]
  end
end

return setmetatable(sections, {__index = function(_, name)
  return file_of[name] and require("onnxdoc.sections." .. file_of[name])[name]
end})
