--- A model as text in ONNX's own syntax, and back: text into a model file.

local failure = require "onnxdoc.failure"
local onnxdoc = require "onnxdoc"
local output = require "onnxdoc.output"
local text = require "onnxdoc.text"

local EXIT_USAGE, EXIT_INPUT, EXIT_OUTPUT = 2, 3, 4

local function printing_options(options)
  local weights = options.weights == "all" and "all" or math.tointeger(tonumber(options.weights))
  if not weights or weights ~= "all" and weights < 0 then
    failure(EXIT_USAGE, ("text: --weights is '%s'; 'all' or a number of elements is wanted")
      :format(text.printable(options.weights)))
  end
  return {weights = weights, hash = options.hash, values = not options.no_values}
end

local function print_models(options, session)
  local printer = require "onnxdoc.printer"
  local how, first = printing_options(options), true
  for model, path in session:models() do
    local is_shared = session.many and not session.places[session.current]
    session:write(function(write)
      if is_shared then write(first and "" or "\n", "# ", text.printable(path), "\n") end
      printer.write(write, model, how)
      write("\n")
    end)
    first = false
  end
end

local function read_text(path)
  if path == "-" then return io.read("a") end
  local file, message = io.open(path, "rb")
  if not file then return nil, (message:gsub("^.*: ", "")) end
  local content
  content, message = file:read("a")
  file:close()
  return content, message
end

-- Where the models go: as -o says, with .onnx in place of .txt where it is a folder.
local function model_places(options, paths)
  if not options.output or options.output == "-" then
    failure(EXIT_USAGE, "text: --parse writes model files, which are binary: -o FILE.onnx is needed")
  end
  local stems = {}
  for i, path in ipairs(paths) do stems[i] = path:gsub("%.txt$", "") end
  return output.places(options.output, stems, "onnx")
end

-- One text into a model file; the exit code. The builder raises when the model is more than a file can hold.
local function parse_one(path, place)
  local function complain(code, message)
    io.stderr:write("onnxdoc: ", text.printable(message), "\n")
    return code
  end
  local content, message = read_text(path)
  if not content then return complain(EXIT_INPUT, path .. ": " .. message) end
  local builder
  builder, message = onnxdoc.build {text = content}
  if not builder then return complain(EXIT_INPUT, path .. ": " .. message) end
  local called, saved
  called, saved, message = pcall(builder.save, builder, place)
  if called and saved then return 0 end
  if not called then message = place .. ": " .. tostring(saved):gsub("^[^\n]-%.lua:%d+: ", "") end
  return complain(EXIT_OUTPUT, "cannot write " .. message)
end

local function parse_texts(options, session)
  local places, worst = model_places(options, session.paths), 0
  for i, path in ipairs(session.paths) do worst = math.max(worst, parse_one(path, places[i])) end
  return worst
end

return {
  name = "text",
  summary = "A model in ONNX's text syntax, and back with --parse.",
  description = "A model in ONNX's text syntax, the one of onnx.parser and onnx.printer. With --parse, the way back: "
    .. "each MODEL is such a text, and -o says where the model file goes.",
  example = "onnxdoc text model.onnx > model.txt; onnxdoc text --parse model.txt -o again.onnx",
  formats = {"text"},
  options = {
    {"--weights", argname = "N", default = 16, description = "Write the elements of tensors up to N of them, or 'all'; "
      .. "larger ones are {...} with their size and hash, and --parse reads zeros."},
    {"--hash", argname = "HOW", choices = {"sample", "full", "none"}, default = "sample", description = "Hash of what "
      .. "is not written: of 64 KiB of each tensor (xxh3-sample), of all bytes (xxh3), or none."},
    {"--no-values", flag = true, description = "Leave out the declared types of values inside graphs."},
    {"--parse", flag = true, description = "The other way: read texts, write model files."},
  },
  run = function(options, session)
    if options.parse then return parse_texts(options, session) end
    print_models(options, session)
  end,
}
