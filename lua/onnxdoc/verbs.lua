--- Verbs: reports run by name. A report is a Lua file that returns a table:
--
--   name      what it is called (default: the file's name)
--   summary   one line for `onnxdoc --help`                                          (must be there)
--   example   one command line for its own --help
--   formats   the formats it writes, the default first: {"text", "json", "csv"}
--   several   true when --format may name several of them: options.formats is the list, nil where none is named, and
--             the report itself says where each goes (options.output)
--   models    "many" (default), "one", "none": how many it takes; "folders": also folders and lists of paths
--   whole     true when it writes one document for all models: session:each_report, session:write_all
--   top       default of --top, for reports that shorten their tables
--   color     true when it can show colours
--   bindings  true when it works with numbers for the model's symbols: --batch, --seq, --past, --dim, --value
--   options   list of {"-x --long", argname =, description =, default =, choices =, flag = true, many = true (a
--             list), type = "integer", min =, needs = "--other"}; a name without dashes is an argument that stands
--             before the models (args = "?": it may be left out), and is not asked for when the option that its
--             `unless` names is given. A report's own -l takes the place of the common one.
--   run       function(options, session): gives nothing or an exit code; options.NAME holds what was parsed
--
-- The session gives the models one by one and takes what is written for each:
--
--   for model, name in session:models() do session:write(function(write) write(name, "\n") end) end
--
-- With `bindings` a third value is the Binding (bindings.lua) that the options ask for.

local argparse = require "argparse"
local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local lists = require "onnxdoc.lists"
local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local verbs = {}

local EXIT_USAGE, EXIT_INPUT, EXIT_SCRIPT = 2, 3, 5

-- That one of several models may take, where nobody says so.
local DEFAULT_SECONDS = 60

local extensions = {text = "txt", json = "json", csv = "csv", sarif = "sarif", junit = "xml", gitlab = "json",
  github = "txt"}

-- Fields of a report and of one of its options, with the types they may have.
local report_fields = {name = "string", summary = "string", example = "string", formats = "table", models = "string",
  several = "boolean", whole = "boolean",
  top = "number", color = "boolean", bindings = "boolean", options = "table", run = "function", description = "string"}
local option_fields = {argname = "string", description = "string", default = "any", choices = "table",
  flag = "boolean", many = "boolean", args = "string", type = "string", min = "number", unless = "string",
  needs = "string"}

local function check_fields(where, t, fields, positional)
  for key, value in pairs(t) do
    local wanted = fields[key]
    if not wanted and not (positional and key == 1) then
      failure(EXIT_SCRIPT, ("%s: unknown field '%s'"):format(where, tostring(key)))
    end
    if wanted and wanted ~= "any" and type(value) ~= wanted then
      failure(EXIT_SCRIPT, ("%s: field '%s' is a %s, a %s is wanted"):format(where, key, type(value), wanted))
    end
  end
end

local function check_report(name, report)
  if type(report) ~= "table" or type(report.run) ~= "function" then
    failure(EXIT_SCRIPT, name .. ": a report returns a table with a function 'run'")
  end
  check_fields(name, report, report_fields)
  for i, option in ipairs(report.options or {}) do
    local where = ("%s: options[%d]"):format(name, i)
    if type(option) ~= "table" or type(option[1]) ~= "string" then
      failure(EXIT_SCRIPT, where .. ": the first entry is the option's name, such as \"--depth\"")
    end
    check_fields(where, option, option_fields, true)
  end
  return report
end

--- Whether a word names a verb.
function verbs.is_verb(word)
  if not word:find("^[%w_][%w_-]*$") then return false end
  return onnxdoc._embedded("reports/" .. word .. ".lua") ~= nil or files.find("reports", word) ~= nil
end

--- The report of a verb; ends the run when its file cannot be used.
local function load_report(entry)
  local report, message = files.load(entry)
  if report == nil then failure(EXIT_SCRIPT, message or entry.path .. ": returns nothing, a report table is wanted") end
  return check_report(entry.path, report)
end

--- The verb that is spelled most like a word, or nil.
function verbs.nearest(word)
  local ids = {}
  for i, entry in ipairs(files.list("reports")) do ids[i] = entry.id end
  return require("onnxdoc.spelling").nearest(word, ids)
end

local function integer_converter(min)
  return function(word)
    local n = math.tointeger(tonumber(word))
    if n and (not min or n >= min) then return n end
    return nil, ("'%s' is not a whole number%s"):format(word, min and (" of at least %d"):format(min) or "")
  end
end

local function add_option(parser, option)
  local is_argument = option[1]:sub(1, 1) ~= "-"
  local kind = is_argument and "argument" or option.flag and "flag" or "option"
  local element = parser[kind](parser, option[1])
  if option.description then element:description(option.description) end
  if option.argname then element:argname(option.argname) end
  if option.choices then element:choices(option.choices) end
  if option.default ~= nil then element:default(tostring(option.default)) end
  if option.type == "integer" then element:convert(integer_converter(option.min)) end
  if option.many then element:count("*") end
  if option.args then element:args(option.args) end
end

-- "md,json" as a list without doubles.
local function formats_converter(formats)
  return function(word)
    local list = {}
    for format in word:gmatch("[^,]+") do
      if not lists.contains(formats, format) then
        return nil, ("--format: '%s' is none of %s"):format(format, table.concat(formats, ", "))
      end
      if not lists.contains(list, format) then list[#list + 1] = format end
    end
    if #list == 0 then return nil, "--format: no format is named" end
    return list
  end
end

local function add_format_options(parser, report)
  local formats = report.formats
  local per = report.models == "folders" and "a file, the same one for several models" or "one file for each model"
  parser:option("-o", ("Write to PATH instead of standard output; a folder (out/) gets %s."):format(per))
    :hidden_name("--output"):target("output"):argname("PATH")
  local option = parser:option("--format", "What to write: " .. table.concat(formats, ", ") .. "."):argname("F")
  if report.several then
    option:argname("F[,F]"):target("formats"):convert(formats_converter(formats))
  else
    option:choices(formats)
  end
  local group = {option}
  for _, format in ipairs {"json", "csv"} do
    if lists.contains(formats, format) then
      group[#group + 1] = parser:flag("--" .. format, ("The same as --format %s."):format(format))
    end
  end
  if #group > 1 then parser:mutex(table.unpack(group)) end
end

-- "NAME=N" as name and text, cut at the last "=".
local function assignment(word)
  local name, value = word:match("^(.+)=([^=]*)$")
  if not name then return nil, ("'%s' is no NAME=N"):format(word) end
  return {name = name, value = value}
end

local function dim_converter(word)
  local given, message = assignment(word)
  if not given then return nil, message end
  given.value = math.tointeger(tonumber(given.value))
  if given.value and given.value >= 0 then return given end
  return nil, ("'%s': a whole number of at least 0 is wanted behind ="):format(word)
end

local function value_converter(word)
  local given, message = assignment(word)
  if not given then return nil, message end
  local numbers = {}
  for item in given.value:gmatch("[^,]+") do
    local number = tonumber(item)
    if not number then return nil, ("'%s': '%s' is no number"):format(word, item) end
    numbers[#numbers + 1] = number
  end
  given.value = #numbers == 1 and numbers[1] or numbers
  return given
end

local function add_binding_options(parser)
  local whole = integer_converter(0)
  parser:option("-b", "Size of the batch (also --batch)."):hidden_name("--batch"):target("batch"):argname("N")
    :convert(whole)
  parser:option("--seq", "Length of the sequence."):argname("N"):convert(whole)
  parser:option("--past", "Length of what is cached already."):argname("N"):convert(whole)
  parser:option("--dim", "Value of a symbol (or of input:axis); once for each."):argname("NAME=N"):count("*")
    :convert(dim_converter)
  parser:option("--value", "Contents of an input, a number or a list; once for each."):argname("NAME=V"):count("*")
    :convert(value_converter)
end

local function add_folder_options(parser)
  parser:option("--paths", "A list of models and folders, one a line or NUL behind each; - is standard input.")
    :argname("FILE")
  parser:option("--jobs", "Processes that read several models (default: as many as there are processors).")
    :argname("N"):convert(integer_converter(1))
  parser:option("--timeout", ("Seconds that each of several models may take (default: %d), or the one.")
    :format(DEFAULT_SECONDS))
    :argname("SECONDS"):convert(integer_converter(1))
end

local function has_short_option(report, name)
  for _, option in ipairs(report.options or {}) do
    if option[1]:sub(1, 3) == name .. " " then return true end
  end
  return false
end

local function add_common_options(parser, report)
  if report.bindings then add_binding_options(parser) end
  if report.formats then add_format_options(parser, report) end
  if report.top then
    add_option(parser, {"--top", argname = "N", type = "integer", min = 0, default = report.top,
      description = "Show at most N rows of a table that can be long; 0 shows all."})
  end
  if report.color then
    parser:option("--color", "Colours: auto, always or never."):argname("WHEN"):default("auto")
      :choices({"auto", "always", "never"})
  end
  if report.models == "folders" then add_folder_options(parser) end
  if report.models ~= "none" then
    parser:option("--data-root", "One more folder that external data may be in."):argname("DIR")
  end
  parser:option(has_short_option(report, "-l") and "--load" or "-l",
    "Run FILE.lua first; what it returns (a report, a rule) is added for this run.")
    :target("load"):argname("FILE"):count("*")
  parser:flag("-q --quiet", "No notes on standard error; errors are still shown.")
end

local model_arguments = {many = {"+", "Models to read; - is standard input."},
  one = {1, "The model to read; - is standard input."},
  folders = {"*", "Models, and folders with models (*.onnx) below them; - is standard input."}}

local function is_given(words, option)
  for _, word in ipairs(words) do
    if word == "--" then return false end
    if word == option or word:sub(1, #option + 1) == option .. "=" then return true end
  end
  return false
end

local function make_parser(report, name, words, on_help)
  local parser = argparse("onnxdoc " .. name, report.description or report.summary)
  parser:add_help(false)
  parser:help_max_width(100)
  parser:help_description_margin(25)
  if report.example then parser:epilog("Example:\n   " .. report.example) end
  for _, option in ipairs(report.options or {}) do
    if not (option.unless and is_given(words, option.unless)) then add_option(parser, option) end
  end
  local arguments = model_arguments[report.models or "many"]
  if arguments then
    parser:argument("model", arguments[2]):argname("MODEL"):args(arguments[1])
  end
  add_common_options(parser, report)
  parser:flag("-h --help", "Show this help."):action(on_help)
  return parser
end

-- Where options hold what was parsed for "-x --long-name".
local function key_of(option) return (option:match("%-%-([%w-]+)"):gsub("-", "_")) end

-- Ends the run when an option is given without the one it needs.
local function check_needs(report, name, options)
  for _, option in ipairs(report.options or {}) do
    if option.needs and options[key_of(option[1])] ~= nil and not options[key_of(option.needs)] then
      failure(EXIT_USAGE, ("%s: option '%s' needs '%s'"):format(name, option[1], option.needs),
        ("try 'onnxdoc %s --help'"):format(name))
    end
  end
end

-- What the words say, or nil after --help was shown; ends the run when they are wrong.
local function parse_words(report, name, words)
  local help_wanted = false
  local parser = make_parser(report, name, words, function()
    help_wanted = true
    error("help")
  end)
  local called, ok, options = pcall(parser.pparse, parser, words)
  if help_wanted then
    print((parser:get_help():gsub("%s+$", "")))
    return nil
  end
  if not called then error(ok, 0) end
  if not ok then
    failure(EXIT_USAGE, ("%s: %s"):format(name, options), ("try 'onnxdoc %s --help'"):format(name))
  end
  check_needs(report, name, options)
  for _, format in ipairs {"json", "csv"} do
    if options[format] then options.format, options.formats = format, {format} end
  end
  options.format = options.format or report.formats and report.formats[1]
  if type(options.model) == "string" then options.model = {options.model} end
  if report.models == "folders" and #options.model == 0 and not options.paths then
    failure(EXIT_USAGE, name .. ": a model, a folder or --paths is wanted", ("try 'onnxdoc %s --help'"):format(name))
  end
  return options
end

local Session = {}
Session.__index = Session

--- Whether colours are to be shown where this session writes.
local function wants_color(options, terminal)
  if options.color ~= "auto" then return options.color == "always" end
  local unwanted = os.getenv("NO_COLOR")
  return terminal.stdout and not options.output and (not unwanted or unwanted == "")
    and os.getenv("TERM") ~= "dumb"
end

-- A value given in words, as it was written.
local function written(value) return type(value) == "table" and table.concat(value, ",") or tostring(value) end

local function by_name(list)
  local map = {}
  for _, given in ipairs(list) do
    local before = map[given.name]
    if before ~= nil and written(before) ~= written(given.value) then
      failure(EXIT_USAGE, ("%s is given twice, as %s and as %s"):format(given.name, written(before),
        written(given.value)))
    end
    map[given.name] = given.value
  end
  return map
end

-- What the options say about symbols and inputs.
local function given_bindings(options)
  return {roles = {batch = options.batch, seq = options.seq, past = options.past}, dims = by_name(options.dim),
    values = by_name(options.value)}
end

local function first_error(model)
  for _, problem in ipairs(model.shape_diagnostics) do
    if problem.severity == "error" then return problem.message end
  end
end

-- A view of the model, or nil and what is wrong with what is given.
local function view_with(model, what)
  local ok, view = pcall(model.with, model, what)
  if ok then return view end
  return nil, (view:gsub("^[^:]*:%d+: ", ""))
end

-- The view in which numbers are bound before shapes are inferred; nil, and what is wrong in it, when there is one.
local function view_with_dims(model, dims)
  local view = view_with(model, {dims = dims})
  if not view then return nil end
  local wrong = first_error(view)
  if wrong and not first_error(model) then return nil, wrong end
  return view
end

-- The model with contents of inputs as given, and numbers for its symbols; nil and a message when that cannot be.
-- Numbers that break what was only assumed (two symbols that must broadcast) are bound before shapes are inferred.
local function bind(model, given)
  local bindings = require "onnxdoc.bindings"
  local message
  if next(given.values) then
    model, message = view_with(model, {values = given.values})
    if not model then return nil, message end
  end
  local dims = given.dims
  local ok, problem = pcall(bindings.of, model, {dims = dims})
  if not ok and type(problem) == "table" and problem.contradicts then
    model, message = view_with_dims(model, dims)
    if not model then return nil, message or problem.message end
    dims = nil
  end
  ok, problem = pcall(bindings.of, model, {dims = dims, roles = given.roles})
  if ok then return model, problem end
  if type(problem) ~= "table" or not problem.binding then error(problem, 0) end
  return nil, problem.message
end

local function check_stdin(paths)
  local count = 0
  for _, path in ipairs(paths) do count = count + (path == "-" and 1 or 0) end
  if count > 1 then failure(EXIT_USAGE, "standard input (-) can be read only once") end
end

-- Where models are read in processes of their own: several of them, and one for which there is a time limit.
local function spread(session, name, options, whole)
  local inputs = require("onnxdoc.inputs").find(options.model, options.paths)
  session.many = inputs.many
  if not inputs.many and not options.timeout then return end
  session.apart = {inputs = inputs.list, jobs = options.jobs, seconds = options.timeout or DEFAULT_SECONDS}
  local about, extension = options.model[1], extensions[options.format]
  if inputs.many then about, extension = name, whole and extension or "ndjson" end
  local output, paths = require "onnxdoc.output", {}
  session.places = {[0] = output.place(options.output, about, extension)}
  for i, input in ipairs(inputs.list) do paths[i] = input.path end
  output.check_models(session.places, paths)
  for _, note in ipairs(inputs.notes) do session:note(note) end
end

local function new_session(report, name, options, context)
  local paths, terminal = options.model or {}, context.terminal
  if report.models ~= "folders" then check_stdin(paths) end
  local session = setmetatable({
    paths = paths, many = #paths > 1, code = 0, current = 0, quiet = options.quiet,
    data_root = options.data_root or context.host.data_root, given = report.bindings and given_bindings(options),
    color = report.color and wants_color(options, terminal), terminal = terminal,
    places = report.several and {} or nil,
    shows_progress = terminal.stderr and not options.quiet
      and not (terminal.stdout and (options.output or "-") == "-"),
  }, Session)
  if report.models == "folders" then spread(session, name, options, report.whole) end
  session.places = session.places
    or require("onnxdoc.output").places(options.output, paths, extensions[options.format] or "txt")
  return session
end

-- Takes away the line that says how far the run is.
function Session:clear()
  if self.bar then self.bar:clear() end
end
Session.__close = Session.clear

--- Worse of the exit code so far and this one.
function Session:fail(code)
  if code > self.code then self.code = code end
end

--- A line on standard error, unless -q was given.
function Session:note(...)
  if self.quiet then return end
  self:clear()
  io.stderr:write("onnxdoc: ", text.printable(table.concat({...})), "\n")
end

-- A model that is passed over: why, on standard error, and the exit code.
function Session:refuse(path, message, code)
  io.stdout:flush()
  self:clear()
  io.stderr:write("onnxdoc: ", text.printable_lines(text.about(path, message)), "\n")
  self:fail(code)
end

--- A model and, where the report has bindings, its Binding; and the model to close. When there is none: nil, why, the
-- exit code and a word for what is wrong.
function Session:open(path)
  local model, message, word = onnxdoc.load(path, {data_root = self.data_root})
  if not model then return nil, message, EXIT_INPUT, word end
  if not self.given then return model, nil, model end
  local bound, binding = bind(model, self.given)
  if bound then return bound, binding, model end
  model:close()
  return nil, binding, EXIT_USAGE, "binding"
end

--- The models, one after the other: model, the path as given, and where the report has bindings, the Binding. One
-- that cannot be read is told on standard error, is passed over and makes the exit code 3. A model is closed when
-- the next one is asked for.
function Session:models()
  local open
  self.bar = self:progress(#self.paths, #self.paths == 1 and "model" or "models")
  return function()
    if open then open:close() end
    while self.current < #self.paths do
      self.bar:update(self.current)
      self.current = self.current + 1
      local path = self.paths[self.current]
      local model, binding, to_close = self:open(path)
      if model then
        open = to_close
        return model, path, binding
      end
      self:refuse(path, binding, to_close)
    end
    self:clear()
  end
end

--- A line that says how far the run is, where one is to be seen: see progress.lua.
function Session:progress(total, noun)
  return require("onnxdoc.progress").new(total, noun, self.shows_progress)
end

--- Writes what belongs to the current model, or, where the report takes none, all of it: a string, or a function that
-- is called with write(...). An output that cannot be written ends the run.
function Session:write(content)
  require("onnxdoc.output").write(self.places[self.current], content)
end

--- Writes report(model, path, binding) for each model: a text, and behind it an exit code where it is not 0. Where
-- models are read in processes of their own (many.lua), refused(path, code, message) is the text for one that has none.
function Session:write_reports(report, refused)
  if self.apart then return require("onnxdoc.many").write(self, report, refused) end
  for model, path, binding in self:models() do
    local content, code = report(model, path, binding)
    self:write(content)
    self:fail(code or 0)
  end
end

--- Calls take(path, text) with what report(model, path, binding) gives for each model, or take(path, nil, word,
-- message) for one that could not be read; for reports that write one document of all of them in the end, with
-- write_all.
function Session:each_report(report, take)
  if self.apart then return require("onnxdoc.many").each(self, report, take) end
  for _, path in ipairs(self.paths) do
    local model, binding, to_close, word = self:open(path)
    if model then
      local content, code = report(model, path, binding)
      to_close:close()
      self:fail(code or 0)
      take(path, content)
    else
      self:refuse(path, binding, to_close)
      take(path, nil, word, binding)
    end
  end
end

--- Writes one document for all models.
function Session:write_all(content)
  require("onnxdoc.output").write(self.places[0] or self.places[1], content)
end

--- s in bold where colours are shown.
function Session:bold(s)
  return self.color and "\27[1m" .. s .. "\27[0m" or s
end

--- s faint where colours are shown.
function Session:faint(s)
  return self.color and "\27[2m" .. s .. "\27[0m" or s
end

--- Runs a report with words for its options. Gives the exit code.
function verbs.run(report, name, words, context)
  name = name:find("%.lua$") and name or report.name or name
  check_report(name, report)
  local options = parse_words(report, name, words)
  if not options then return 0 end
  for _, path in ipairs(options.load or {}) do files.load_option(path) end
  io.stdout:setvbuf("full", 65536)
  local session <close> = new_session(report, name, options, context)
  local code = report.run(options, session)
  if code ~= nil and math.type(code) ~= "integer" then
    failure(EXIT_SCRIPT, ("%s: run gave a %s, an exit code or nothing is wanted"):format(name, type(code)))
  end
  session:fail(code or 0)
  return session.code
end

local function show_help()
  local lines = {
    "Usage: onnxdoc MODEL...                              the first screen of the model card",
    "       onnxdoc [HOST OPTIONS] SCRIPT.lua [MODEL...] [ARG...]",
    "       onnxdoc VERB [OPTIONS] MODEL...               'onnxdoc VERB --help' explains its options",
    "",
    "onnxdoc reads ONNX models and tells about them; scripts in Lua decide what. As a MODEL, - is standard input;",
    "as a SCRIPT too. In a script, `model` is the first MODEL, `models` all of them, `arg` the words as in lua.",
    "",
    "Verbs:",
  }
  local entries, width = {}, 0
  for _, entry in ipairs(files.list("reports")) do
    if not (entry.replaced_by and entry.origin ~= "shipped") then
      entries[#entries + 1] = entry
      width = math.max(width, #text.printable(entry.id))
    end
  end
  for _, entry in ipairs(entries) do
    local ok, report = pcall(load_report, entry)
    local summary = ok and (report.summary or "") or "cannot be used: " .. tostring(report):match("^[^\n]*")
    local origin = entry.origin == "shipped" and "" or ("  (%s)"):format(entry.path)
    lines[#lines + 1] = ("   %s   %s"):format(text.pad(text.printable(entry.id), width),
      text.printable(summary .. origin))
  end
  for _, line in ipairs {
    "",
    "Host options, before everything else:",
    "   -e CODE             run CODE; all words that follow are its arguments",
    "   -i                  a prompt for Lua, after the script if there is one",
    "   -l FILE             run FILE first; what it returns (a report, a rule) is added for this run",
    "   --data-root DIR     one more folder that external data may be in",
    "   --lua-dir DIR       use the Lua files under DIR (with lua/ and reports/ in it) instead of the built-in ones",
    "   -v, --version       show the version",
    "   -h, --help          show this help",
    "",
    "Exit codes: 0 yes, clean, done; 1 the answer is no; 2 wrong usage; 3 an input could not be read;",
    "   4 an output could not be written; 5 a script failed. Several models: the worst.",
    "",
    "Example:",
    "   onnxdoc -e 'for n in model:nodes{op = \"Conv\"} do print(n) end' model.onnx",
  } do
    lines[#lines + 1] = line
  end
  print(table.concat(lines, "\n"))
end

--- Runs the verb of that name; without one, shows the help of all. Gives the exit code.
function verbs.run_named(name, words, context)
  if not name then
    show_help()
    return 0
  end
  local report = load_report(files.find("reports", name))
  return verbs.run(report, name, words, context)
end

return verbs
