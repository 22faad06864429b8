-- Models all of whose names are secrets, and looking for these: what must not be left by --redact.
--
--     local s = secrets.new "quotes"                    -- a key of secrets.looks: how names look
--     local fields = secrets.fields(s)                  -- a model for wire.model; s.list holds its names
--     secrets.break_fields(s, fields)                   -- the same with gaps, problems and messages that name things
--     secrets.facts("quotes", is_broken)                -- facts of such a model, all made, and its names
--     secrets.leak_in(text, list)                       -- where a piece of a name stands in a text, or nil

local facts = require "onnxdoc.facts"
local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"
local wire = require "wire"

local secrets = {}

-- How a name may look, for letters that no word of ours has a piece of.
secrets.looks = {
  plain = function(place) return place end,
  digits = function(place) return (place:gsub(".", function(letter) return ("%02d"):format(letter:byte() - 100) end)) end,
  quotes = function(place) return "'" .. place .. "' \"" .. place .. "\" '" end,
  backslashes = function(place) return "\\" .. place .. '\\"' .. place .. "\\" end,
  lines = function(place) return place .. "\n" .. place .. "\r\t" .. place end,
  escapes = function(place) return "\27[31m" .. place .. "\27[0m\7" .. place .. "\u{202e}" .. place end,
  utf8 = function(place) return "żółć" .. place .. "名前" .. place .. "😀" end,
  invalid = function(place) return "\xff" .. place .. "\xc3(" .. place .. "\xf0\x9f" end,
  formula = function(place) return "2*" .. place .. "/3 + max(" .. place .. ", 4)" end,
  division = function(place) return place .. "/2" end,
  path = function(place) return place .. "/" .. place .. ".x::" .. place end,
  long = function(place) return place .. ("wqzkvjx%"):rep(500) .. place end,
}

local Secrets = {}
Secrets.__index = Secrets

function secrets.new(look) return setmetatable({look = secrets.looks[look], made = {}, list = {}}, Secrets) end

local letters = {["0"] = "q", ["1"] = "j", ["2"] = "x", ["3"] = "z", ["4"] = "v", ["5"] = "k", ["6"] = "w", ["7"] = "h",
  ["8"] = "y", ["9"] = "g", a = "p", b = "m", c = "u", d = "t", e = "r", f = "s"}

-- The name at a place of a model.
function Secrets:__call(place)
  if not self.made[place] then
    self.made[place] = self.look((onnxdoc.sha256(place):sub(1, 12):gsub(".", letters)))
    self.list[#self.list + 1] = self.made[place]
  end
  return self.made[place]
end

local function metadata(s, place) return {{key = s(place .. "jkey"), value = s(place .. "jval")}} end

local function branch(s, place, op)
  return {g = {name = s(place .. "jgraph"), output = {wire.value(s(place .. "jout"))},
    node = {wire.node(op, {s "jhidden"}, {s(place .. "jout")}, nil, {name = s(place .. "jnode")})}}}
end

-- A decoder's attention with keys and values, an If, a function, tied and unused tensors, types of all kinds.
function secrets.fields(s)
  local N, M, P = s "jbatch", s "jsteps", s "jpast"
  local zeros = function(count) return wire.raw("<f", (function() local f = {} for i = 1, count do f[i] = 0 end return f end)()) end
  local tensor = wire.tensor_type("float32", {N, M, 8})
  return {
    ir_version = 8, producer_name = "maker", producer_version = "1.0", domain = s "jdomain", doc_string = s "jdoc",
    metadata_props = metadata(s, "jmodel"),
    opset_import = {{domain = "", version = 17}, {domain = "com.microsoft", version = 1}, {domain = s "jcustom", version = 1}},
    functions = {{name = s "jfunction", domain = s "jcustom", input = {s "ja"}, output = {s "jb"}, doc_string = s "jfdoc",
      opset_import = {{domain = "", version = 17}}, node = {wire.node("Relu", {s "ja"}, {s "jb"}, nil, {name = s "jinside"})}}},
    graph = {
      name = s "jgraph", doc_string = s "jgdoc", metadata_props = metadata(s, "jg"),
      input = {wire.value(s "jinput", "float32", {N, M, 8}), wire.value(s "jkv", "float32", {2, N, 2, P, 4}),
        wire.value(s "jcond", "bool", {}), {name = s "jseq", type = {sequence_type = {elem_type = tensor}}},
        {name = s "jblob", type = {optional_type = {elem_type = {opaque_type = {domain = s "jod", name = s "jon"}}}}},
        {name = s "jmap", type = {map_type = {key_type = 7, value_type = tensor}}}},
      output = {wire.value(s "jy"), wire.value(s "jpresent"), wire.value(s "jz")},
      initializer = {wire.tensor(s "jw", "float32", {8, 24}, zeros(192), {doc_string = s "jtdoc"}),
        wire.tensor(s "jbias", "float32", {24}, zeros(24)), wire.tensor(s "jspare", "float32", {3}, zeros(3)),
        wire.external(s "joutside", "float32", {2}, {location = s "jfile", offset = "0", length = "8"})},
      node = {
        wire.node("Attention", {s "jinput", s "jw", s "jbias", "", s "jkv"}, {s "jattended", s "jpresent"}, {num_heads = 2},
          {name = s "jattention", domain = "com.microsoft", doc_string = s "jndoc", metadata_props = metadata(s, "jn")}),
        wire.node("MatMul", {s "jattended", s "jw"}, {s "jproduct"}, nil, {name = s "jscope" .. "/" .. s "jmatmul"}),
        wire.node("Relu", {s "jproduct"}, {s "jhidden"}, nil, {name = s "jrelu"}),
        wire.node("If", {s "jcond"}, {s "jy"}, {then_branch = branch(s, "jt", "Abs"), else_branch = branch(s, "je", "Neg")},
          {name = s "jif"}),
        wire.node(s "jfunction", {s "jhidden"}, {s "jz"}, nil, {name = s "jcall", domain = s "jcustom"}),
      },
    },
  }
end

-- The same with what makes gaps, problems and messages that quote or show names.
function secrets.break_fields(s, fields)
  local graph, hidden = fields.graph, s "jhidden"
  local function add(op, inputs, attributes, options)
    graph.node[#graph.node + 1] = wire.node(op, inputs, {s("jbroken" .. #graph.node)}, attributes, options)
  end
  add(s "jop", {hidden}, {[s "jattr"] = s "jtext"}, {name = s "jcustom1", domain = s "jcustom"})
  add(s "jother", {hidden}, nil, {name = s "jcustom2"})
  add("Relu", {s "jnowhere"}, nil, {name = s "jlost"})
  add("MatMul", {hidden, s "jspare"}, nil, {name = s "jwrong"})
  add("Add", {s "jinput", s "jkv"}, nil, {name = s "jdiffer"})
  add("Pad", {hidden}, {mode = s "jmode"})
  add("SoftmaxCrossEntropyLoss", {hidden, hidden}, {reduction = s "jreduce"})
  add("RNN", {hidden, s "jw", s "jw"}, {direction = s "jdirect", hidden_size = 8})
  add("Einsum", {hidden}, {equation = s "jequation"})
  add("Reshape", {hidden, s "jinput"}, nil, {name = s "jreshape"})
  add("Split", {s "jkv"}, {axis = 3, num_outputs = 5}, {name = s "jsplit"})
  graph.initializer[#graph.initializer + 1] = wire.tensor(s "jgone", "float32", {5}, {})
  return fields
end

function secrets.load(fields, name)
  return assert(onnxdoc.load_bytes(wire.model(fields), {name = (name or "model"):gsub("%z", "")}))
end

-- Facts of a secret model, and its secrets.
function secrets.facts(look, is_broken)
  local s = secrets.new(look)
  local fields = secrets.fields(s)
  if is_broken then secrets.break_fields(s, fields) end
  local made = facts.of(secrets.load(fields, "folder/" .. s("jfilename"):gsub("/", "") .. ".onnx"))
  return facts.complete(made), s.list
end

local PIECE = 6

local function pieces_of(list)
  local pieces = {}
  for _, secret in ipairs(list) do
    for _, form in ipairs {secret, text.safe(secret), text.printable(secret), text.json_string(secret),
      tostring(onnxdoc.expr(secret))} do
      for i = 1, #form - PIECE + 1 do pieces[form:sub(i, i + PIECE - 1)] = true end
    end
  end
  return pieces
end

-- Where a piece of a secret stands in a text, or nil.
function secrets.leak_in(shown, list)
  local pieces = pieces_of(list)
  for i = 1, #shown - PIECE + 1 do
    if pieces[shown:sub(i, i + PIECE - 1)] then return shown:sub(math.max(1, i - 40), i + 40) end
  end
end

return secrets
