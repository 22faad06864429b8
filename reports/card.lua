--- The model card. It says what is known and nothing else: what does not exist has no line, a total that is not
-- complete says so, and the same model always gives the same bytes.

local card = require "onnxdoc.card"
local failure = require "onnxdoc.failure"
local facts_of = require("onnxdoc.facts").of
local lists = require "onnxdoc.lists"
local output = require "onnxdoc.output"
local redact = require "onnxdoc.redact"
local text = require "onnxdoc.text"

local EXIT_USAGE, EXIT_INPUT, EXIT_OUTPUT, EXIT_SCRIPT = 2, 3, 4, 5

local chart_kinds = {png = {"png"}, svg = {"svg"}, both = {"png", "svg"}, none = {}}

-- On a terminal the text, else Markdown.
local function formats_of(options, session)
  if options.formats then return options.formats end
  return {not options.output and session.terminal.stdout and "text" or "md"}
end

local function check(options, formats, session)
  redact.check(options)
  if #formats > 1 and (not options.output or options.output == "-") then
    failure(EXIT_USAGE, "card: several formats need a folder: -o DIR/")
  end
  local is_page = lists.contains(formats, "md") or lists.contains(formats, "text")
  if options.template and not is_page then failure(EXIT_USAGE, "card: a template is for the formats md and text") end
  local places = {}
  for _, format in ipairs(formats) do
    for _, place in ipairs(output.places(options.output, session.paths, card.formats[format].extension)) do
      if place and places[place] and places[place] ~= format then
        failure(EXIT_USAGE, ("-o %s: names one file, for %d formats; a folder (DIR/) is wanted"):format(place,
          #formats))
      end
      if place then places[place] = format end
    end
  end
end

-- A project's template in the place of a shipped one is confined, but nobody has asked for it.
local function note_templates(formats, session)
  for _, format in ipairs(formats) do
    local name = card.formats[format].template
    local entry = name and require("onnxdoc.files").find("templates", name)
    if entry and entry.origin == "project" then session:note(format, " is written by the project's ", entry.path) end
  end
end

-- The page as text; a template that raises ends the run.
local function render(format, facts, options, charts)
  local parts = {}
  local ok, problem = xpcall(card.formats[format].write, function(object)
    return type(object) == "table" and object or tostring(object)
  end, function(...)
    for i = 1, select("#", ...) do parts[#parts + 1] = (select(i, ...)) end
  end, facts, options, charts)
  if not ok then
    if type(problem) == "table" then error(problem, 0) end
    failure(EXIT_SCRIPT, problem)
  end
  return table.concat(parts)
end

local function digest_of(model, path)
  local digest, message = model:sha256()
  return digest or failure(EXIT_INPUT, text.about(path, message))
end

-- All files of one model: {{path, content}, …}.
local function files_of(facts, path, formats, options, session)
  local files = {}
  for _, format in ipairs(formats) do
    local place, charts = card.place(options, options.redact and facts.model.name or path, format), nil
    if format == "md" and #chart_kinds[options.charts] > 0 and not output.is_device(place) then
      local made, problem
      made, charts, problem = card.charts(facts, place, chart_kinds[options.charts])
      table.move(made, 1, #made, #files + 1, files)
      if problem then session:note(#charts > 0 and "charts as SVG only: " or "no charts: ", problem) end
    end
    files[#files + 1] = {place, render(format, facts, options, charts)}
  end
  return files
end

local function write_files(files)
  for _, file in ipairs(files) do
    if not card.is_ours(file[1]) then
      failure(EXIT_OUTPUT, ("cannot write %s: there is a file that no card was written to; move it, or name another "
        .. "place with -o"):format(file[1]))
    end
  end
  local ok, message = output.write_files(files)
  if not ok then failure(EXIT_OUTPUT, "cannot write " .. message) end
end

return {
  name = "card",
  summary = "The model card: what the model is, holds and takes, and how each number was obtained.",
  example = "onnxdoc card model.onnx --format md,json -o cards/",
  description = "The model card: what the model is, holds and takes, and how each number was obtained. On a terminal "
    .. "as text, else as Markdown; with -o, Markdown gets charts beside it. Files that no card was written to are not "
    .. "overwritten.",
  formats = {"md", "text", "json", "csv"},
  several = true,
  bindings = true,
  color = true,
  top = card.top,
  options = lists.join({
    {"--template", argname = "NAME", description = "Write md or text with this template: a name (reports/templates/, "
      .. "~/.config/onnxdoc/templates/, .onnxdoc/templates/) or a FILE.lua. One that is not shipped runs confined."},
    {"--charts", argname = "KIND", choices = {"png", "svg", "both", "none"}, default = "png",
      description = "Charts beside a Markdown file: png, svg, both or none."},
    {"--sha256", flag = true, description = "Say the SHA-256 of the model's file, all of which is read for it."},
    {"--timestamp", flag = true, description = "Say when the card was made (or what SOURCE_DATE_EPOCH says)."},
  }, redact.options),
  run = function(options, session)
    local formats = formats_of(options, session)
    check(options, formats, session)
    redact.check(options)
    if options.template then options.loaded_template = require("onnxdoc.templates").load(options.template)
    else note_templates(formats, session) end
    options.to_file, options.colors = options.output and options.output ~= "-", session.color
    options.one_line = session.many and not options.to_file
    local started = false
    for model, path, binding in session:models() do
      local facts = facts_of(model, binding)
      if options.sha256 then facts.model.sha256 = digest_of(model, path) end
      facts = redact.shown(facts, options, facts)
      if options.to_file then
        write_files(files_of(facts, path, formats, options, session))
      else
        options.without_head = started
        local page = render(formats[1], facts, options)
        session:write((started and (formats[1] == "md" or formats[1] == "text") and "\n" or "") .. page)
      end
      started = true
    end
  end,
}
