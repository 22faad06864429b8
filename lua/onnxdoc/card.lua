--- The model card in all its formats, made of facts alone.

local csv = require("onnxdoc.text").csv
local facts_module = require "onnxdoc.facts"
local failure = require "onnxdoc.failure"
local lfs = require "lfs"
local output = require "onnxdoc.output"
local text = require "onnxdoc.text"

local onnxdoc = require "onnxdoc"

local card = {}

local EXIT_USAGE = 2

-- ---- what belongs to the card ----

local function shell_word(word)
  if word:find("^[%w%-._/=,:@+]+$") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- The command that makes this card again: what was given for symbols stands in it by name.
local function command_of(facts, options)
  local words = {"onnxdoc", "card"}
  local function add(...)
    for _, word in ipairs {...} do words[#words + 1] = shell_word(word) end
  end
  for _, symbol in ipairs(facts.symbols) do
    if symbol.from == "given" then add("--dim", symbol.name .. "=" .. symbol.value) end
  end
  for _, given in ipairs(not options.redact and options.value or {}) do
    local value = type(given.value) == "table" and table.concat(given.value, ",") or given.value
    add("--value", given.name .. "=" .. value)
  end
  if options.template then add("--template", options.template) end
  if options.top ~= card.top then add("--top", tostring(options.top)) end
  if options.sha256 then add "--sha256" end
  if options.summary_only then add "--summary-only" end
  if options.redact then add "--redact" end
  if options.salt then words[#words + 1] = "--salt …" end
  add(facts.model.name and facts.model.name:gsub("^%-", "./-") or "-") -- a file's name is no option
  return table.concat(words, " ")
end

--- Rows of tables that can be long, unless --top says so.
card.top = 15

--- When the card was made, as ISO text; SOURCE_DATE_EPOCH says it for reproducible builds.
function card.time()
  local given = os.getenv("SOURCE_DATE_EPOCH")
  local epoch = given and math.tointeger(tonumber(given)) or not given and os.time()
  local ok, date = pcall(os.date, "!%Y-%m-%dT%H:%M:%SZ", epoch)
  if epoch and ok then return date end
  failure(EXIT_USAGE, ("SOURCE_DATE_EPOCH is '%s', seconds since 1970 are wanted"):format(given))
end

local function context_of(facts, options, charts)
  return {version = onnxdoc.version, schema = facts_module.schema, made = options.timestamp and card.time() or nil,
    command = command_of(facts, options), charts = charts, top = options.top or card.top}
end

-- ---- formats ----

-- Through a template, which the format may have of its own.
local function write_page(format, mark)
  return function(write, facts, options, charts)
    local templates = require "onnxdoc.templates"
    local template = options.loaded_template or templates.load(card.formats[format].template)
    local page = require("onnxdoc.page").new {facts = facts, format = format, write = write, source = template.source,
      card = context_of(facts, options, charts), color = options.colors}
    templates.render(template, facts, page)
    if options.to_file then write(mark:format(onnxdoc.version)) end
  end
end

local function write_json(write, facts, options)
  facts_module.complete(facts)
  write(require("onnxdoc.json").encode(facts, {keyorder = facts_module.keyorder, indent = not options.one_line}), "\n")
end

local layer_columns = {"model", "part", "kind", "group", "nodes", "compute", "parameters", "macs", "flops",
  "transcendentals", "bytes", "parameters_share", "flops_share", "flops_formula"}

local function share(value, total) return value and total and total > 0 and value / total or nil end

-- A spreadsheet takes what begins like this for a formula.
local function inert(s) return (text.printable(s):gsub("^[=+@-]", "'%0")) end

local function layer_row(facts, part)
  local function number(name) return part[name].value end
  return csv(inert(facts.model.name or "stdin"), part.name, part.kind, part.group, part.nodes, part.compute,
    number "parameters", number "macs", number "flops", number "transcendentals", number "bytes",
    share(number "parameters", facts.parameters.total.value), share(number "flops", facts.cost.flops.value),
    part.flops.formula and text.printable(part.flops.formula)) .. "\r\n"
end

-- What the whole model takes, where nothing repeats.
local function whole(facts)
  return {name = "model", kind = "model", nodes = facts.graph.nodes, parameters = facts.parameters.total,
    macs = facts.cost.macs, flops = facts.cost.flops, transcendentals = facts.cost.transcendentals,
    bytes = facts.cost.bytes}
end

local function write_csv(write, facts, options)
  if not options.without_head then write(csv(layer_columns) .. "\r\n") end
  local parts = facts.architecture.parts
  for _, part in ipairs(#parts > 0 and parts or {whole(facts)}) do write(layer_row(facts, part)) end
end

--- The formats: how each is written, the extension of its file, and of pages the template unless one is named. A file
-- of ours is known by its mark: the last line of pages, the first of CSV and JSON.
card.formats = {
  md = {extension = "md", template = "card", write = write_page("md", "<!-- onnxdoc %s -->\n")},
  text = {extension = "txt", template = "text", write = write_page("text", "\nonnxdoc %s\n")},
  json = {extension = "json", write = write_json},
  csv = {extension = "csv", write = write_csv},
}

-- How what cards are written to begins and ends, whatever version of onnxdoc wrote it.
local heads = {'^{%s*"schema":"1%.%d+",%s*"model":{', "^" .. table.concat(layer_columns, ",", 1, 4) .. ",",
  "^<svg [^\n]*\n<!%-%- onnxdoc %d[%w.+-]* %-%->\n", "^\137PNG.-tEXtSoftware%zonnxdoc %d"}
local tails = {"\n<!%-%- onnxdoc %d[%w.+-]* %-%->%s*$", "\n\nonnxdoc %d[%w.+-]*%s*$"}

local function matches(s, patterns)
  for _, pattern in ipairs(patterns) do
    if s:find(pattern) then return true end
  end
  return false
end

--- Whether what stands at a path may be replaced by a card: nothing, an empty file, a device, or what a card left
-- there. What cannot be read is somebody's.
function card.is_ours(path)
  if lfs.attributes(path, "mode") ~= "file" then return true end
  local file = io.open(path, "rb")
  if not file then return false end
  local head, size = file:read(256) or "", file:seek("end")
  file:seek("set", math.max(0, size - 128))
  local tail = file:read("a") or ""
  file:close()
  return size == 0 or matches(head, heads) or matches("\n" .. tail, tails)
end

-- ---- charts ----

--- The charts beside the page at `path`: files {path, content}; how the page shows them, each in the first kind that
-- can be drawn; and why a kind cannot, if so.
function card.charts(facts, path, kinds)
  local folder = path:match("([^/]*)$"):gsub("%.[^.]*$", "") .. "_charts/"
  local files, shown, problem = {}, {}, nil
  for _, chart in ipairs(require("onnxdoc.charts").list(facts)) do
    local first
    for _, kind in ipairs(kinds) do
      local bytes, message = chart[kind]()
      local name = bytes and folder .. chart.id .. "." .. kind
      if bytes then files[#files + 1] = {(path:match("^.*/") or "") .. name, bytes} end
      first, problem = first or name, problem or message
    end
    if first then shown[#shown + 1] = {title = chart.title, alt = chart.alt, path = first} end
  end
  return files, shown, problem
end

--- The place of a card: -o PATH for a model and a format; nil for standard output.
function card.place(options, model_path, format)
  return output.place(options.output, model_path, card.formats[format].extension)
end

return card
