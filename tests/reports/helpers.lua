-- What the specs of the command and the reports share: running build/onnxdoc and looking at what it did.

local utils = require "pl.utils"
local Scratch = require "scratch"

local helpers = {}

helpers.program = os.getenv("ONNXDOC") or "build/onnxdoc"

function helpers.quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function read(path) return assert(utils.readfile(path, true)) end

-- A folder for one spec; `run` runs a shell command in which $onnxdoc is the program, and gives standard output,
-- standard error and the exit code. No file of the user's own configuration is found.
function helpers.new()
  local scratch = Scratch.new()
  local here = helpers.program
  if here:sub(1, 1) ~= "/" then here = require("lfs").currentdir() .. "/" .. here end
  function scratch:run(command)
    local out, err = self:path(".out"), self:path(".err")
    local _, _, code = os.execute(("{ cd %s; export XDG_CONFIG_HOME=%s HOME=%s onnxdoc=%s; %s\n} >%s 2>%s </dev/null")
      :format(helpers.quote(self.directory), helpers.quote(self:path("config")), helpers.quote(self.directory),
        helpers.quote(here), command, helpers.quote(out), helpers.quote(err)))
    return read(out), read(err), code
  end
  return scratch
end

-- Writes everything.onnx, which has one of all that a model can have, and the data beside it.
function helpers.write_everything(scratch)
  local everything = require "models.everything"
  scratch:write("everything.onnx", everything.bytes())
  scratch:write("everything.data", everything.data)
end

-- The bytes of a small model with an initializer that is an input, a subgraph and a symbol.
function helpers.small_model()
  local wire = require "wire"
  return wire.model {
    producer_name = "maker", producer_version = "1.0", metadata_props = {{key = "task", value = "test"}},
    graph = {
      name = "small",
      input = {wire.value("x", "float32", {"N", 3}), wire.value("w", "float32", {3}),
        wire.value("c", "bool", {})},
      output = {wire.value("y", "float32", {"N", 3})},
      initializer = {wire.tensor("w", "float32", {3}, wire.raw("<f", {1, 2, 3}))},
      node = {
        wire.node("Mul", {"x", "w"}, {"m"}, nil, {name = "mul"}),
        wire.node("If", {"c"}, {"y"}, {
          then_branch = {g = {name = "then", output = {wire.value("t")}, node = {wire.node("Relu", {"m"}, {"t"})}}},
          else_branch = {g = {name = "else", output = {wire.value("e")}, node = {wire.node("Abs", {"m"}, {"e"})}}},
        }, {name = "if"}),
      },
    },
  }
end

-- The bytes of a model whose names try to break out of whatever they are shown in.
helpers.evil_name = "a`|b<script>x</script>\27[31m\0\xff\u{202e}[l](http://e.x)\n# H"

function helpers.evil_model()
  local wire = require "wire"
  local evil = helpers.evil_name
  return wire.model {
    producer_name = evil, domain = evil, doc_string = "```\n" .. evil, metadata_props = {{key = evil, value = evil}},
    opset_import = {{domain = evil, version = 1}, {domain = "", version = 17}},
    graph = {
      name = evil, doc_string = evil,
      input = {wire.value(evil, "float32", {evil, false})}, output = {wire.value(evil .. "o", "float32")},
      initializer = {wire.tensor(evil .. "t", "float32", {1}, wire.raw("<f", {1}))},
      node = {wire.node(evil, {evil, "", evil .. "t"}, {evil .. "o"}, {[evil] = evil, nan = 0 / 0},
        {name = evil, domain = evil})},
    },
  }
end

-- The first row of a Markdown table that has not as many cells as its head, or nil.
function helpers.uneven_row(markdown)
  local columns
  for line in markdown:gmatch("[^\n]*") do
    local _, bars = line:gsub("|", "")
    if bars == 0 then columns = nil
    elseif columns and columns ~= bars then return line
    else columns = bars end
  end
end

return helpers
