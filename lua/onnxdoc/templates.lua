--- Templates: Lua files that return a table with `render`, a function of the facts and a page (page.lua). Shipped ones
-- are in reports/templates/; all others run confined (guard.lua), whoever wrote them.

local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local facts = require "onnxdoc.facts"
local text = require "onnxdoc.text"

local EXIT_USAGE, EXIT_INPUT, EXIT_SCRIPT = 2, 3, 5

local templates = {}

local fields = {name = "string", summary = "string", render = "function"}

-- What the file returns, with the chunk name its errors bear.
local function check(entry, template)
  local where = text.printable(entry.path)
  if type(template) ~= "table" then
    failure(EXIT_SCRIPT, ("%s: a template returns a table, got %s"):format(where, type(template)))
  end
  for key, value in pairs(template) do
    if fields[key] ~= type(value) then
      failure(EXIT_SCRIPT, fields[key] and ("%s: field '%s' is a %s, a %s is wanted"):format(where, tostring(key),
        type(value), fields[key]) or ("%s: unknown field '%s'"):format(where, tostring(key)))
    end
  end
  if not template.render then failure(EXIT_SCRIPT, where .. ": a template has a function 'render'") end
  return {render = template.render, path = where, source = "@" .. entry.path, confined = entry.origin ~= "shipped"}
end

local function unknown(name)
  local names = {}
  for _, entry in ipairs(files.list("templates")) do
    if not entry.replaced_by then names[#names + 1] = "'" .. entry.id .. "'" end
  end
  failure(EXIT_USAGE, ("there is no template '%s'; there is %s, and any FILE.lua"):format(name,
    table.concat(names, ", ")))
end

--- The template of that name, or in that file (a word that ends in .lua or holds a /). Ends the run where there is none
-- or it cannot be used.
function templates.load(word)
  local is_file = word:find("/", 1, true) or word:find("%.lua$")
  local entry = is_file and {kind = "templates", path = word, origin = "option"} or files.find("templates", word)
  if not entry then unknown(word) end
  local source, message = files.read(entry)
  if not source and not entry.value then failure(EXIT_INPUT, message) end
  local confined = {kind = entry.kind, path = entry.path, origin = entry.origin, value = entry.value,
    trusted = entry.origin == "shipped"}
  local template
  template, message = files.load(confined)
  if message then failure(EXIT_SCRIPT, message:find(word, 1, true) and message or word .. ": " .. message) end
  return check(entry, template)
end

-- Bytes of what a template raises that are shown.
local MESSAGE = 1000

--- Lets a template write its page; what it raises is raised again, as text that names its file. Confined code gets a
-- copy of all facts.
function templates.render(template, all, page)
  if template.confined then facts.complete(all) end
  local ok, problem = pcall(template.render, all, page)
  if ok then return end
  if type(problem) ~= "string" then error(problem, 0) end
  if not problem:find(template.source:sub(2), 1, true) then problem = template.path .. ": " .. problem end
  error(#problem > MESSAGE and problem:sub(1, MESSAGE) .. "…" or problem, 0)
end

return templates
