--- Reads ONNX's text syntax, the one of onnx.parser and onnx.printer, over the builder; lua/onnxdoc/printer.lua writes
-- it.
--
--   model      [ "<" field { "," field } ">" ] graph { function }
--   field      ir_version: 8 | opset_import: ["": 17, "com.acme": 1] | producer_name: "…" | producer_version: "…"
--              | domain: "…" | model_version: 1 | doc_string: "…" | metadata_props: ["key": "value"] | overload: "…"
--   graph      name [ "(" [ input { "," input } ] ")" ] "=>" "(" [ value { "," value } ] ")" [ notes ] [ entries ] body
--   input      value [ "=" data ]
--   value      [ type ] name [ notes ]
--   entries    "<" [ entry { "," entry } ] ">"        entry   value | value "=" data | sparse
--   body       "{" { node } "}"
--   node       [ "[" name "]" ] names "=" operator [ attributes ] "(" names ")" [ attributes ] [ notes ]
--   names      names with commas between them; nothing before a comma, or "", is one left out
--   operator   word { "." word } [ ":" word ]         a domain, the operator type, an overload
--   attributes "<" [ attribute { "," attribute } ] ">"
--   attribute  word [ notes ] [ ":" kind ] "=" ( single | "[" [ single { "," single } ] "]" )
--   kind       float int string tensor graph sparse_tensor type_proto, and floats, ints, … for lists
--   single     integer | float | "string" | "@" word | type | tensor | sparse | graph
--   tensor     type [ name ] [ "=" ] data
--   data       "{" [ element { "," element } ] "}" [ notes ] | "[" "key": "value", … "]" [ notes ]    (external data);
--              {} for a tensor that should have elements is one whose data is not there
--   type       dtype [ "[" [ dim { "," dim } ] "]" ] | seq(type) | optional(type) | map(dtype, type)
--              | sparse_tensor(dtype[…]) | opaque([domain,] name), each with [ denotation ]
--   dim        ( integer | name | "?" ) [ denotation ]
--   function   [ "<" field { "," field } ">" ] word [ "<" ( word | attribute ), … ">" ]
--              "(" values ")" "=>" "(" values ")" [ entries ] body
--   name, word identifier | "string"
--
-- float alone is a scalar, float[] a tensor of unknown rank. Elements are whole numbers for integers and bool, and for
-- types without a literal of their own (float16, bfloat16, float8…, float4e2m1) the bits as a whole number; numbers,
-- inf, -inf and nan for float and double; two numbers each for complex; strings. "#" starts a comment, up to the end of
-- its line.
--
-- Where this goes beyond what the official tools read (nothing of it is written where it is not needed):
--   {...}      elements that were left out; they are read as zeros. The official printer writes a bare ...
--   \xHH       in a string, one byte; for the official parser a backslash only takes away the meaning of the next
--              character. Its printer never writes \x, so that nothing it writes is read otherwise here
--   "words"    attribute names, operators, domains, overloads and functions that are no identifiers stand in quotes
--   notes      "@<" doc_string: "…", metadata_props: […] ">" behind values, graphs, nodes, data of tensors and names of
--              attributes
--   denotation @"DATA_BATCH" behind a dimension or a type
--   sparse     sparse_tensor(float[4,8]) [ name ] = tensor "at" tensor: the values, and where they are
--   undefined  as a dtype, for one that the file does not give
--
-- No text raises an error or takes more than linear time: it gives a model, or nil, a message with line and column,
-- and "syntax".

local lists = require "onnxdoc.lists"

local contains, set = lists.contains, lists.set

local parser = {}

-- Graphs in graphs, types in types, bytes of a text.
local DEPTH, TEXT_LIMIT = 32, 1 << 30

local byte, find, sub = string.byte, string.find, string.sub
-- Letters are ASCII's, whatever the locale.
local IDENTIFIER = "^[A-Za-z_][A-Za-z0-9_]*"
local QUOTE, HASH, AT = byte '"', byte "#", byte "@"

local dtypes = {float = "float32", double = "float64"}
for word in pairs(set [[float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 int4 uint4
  int2 uint2 bool string complex64 complex128 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz float8e8m0
  float4e2m1 undefined]]) do
  dtypes[word] = word
end
local containers = set "seq map optional sparse_tensor opaque"

-- Places and errors ---------------------------------------------------------------------------------------------

-- The metatable of what is raised for a text that is wrong, and caught in `attempt`.
local misread = {__tostring = function(self) return self.message end}

-- Line and column, in characters, of a position.
local function place(text, at)
  local line, start = 1, 1
  while true do
    local newline = find(text, "\n", start, true)
    if not newline or newline >= at then break end
    line, start = line + 1, newline + 1
  end
  local before = sub(text, start, at - 1)
  return line, (utf8.len(before) or #before) + 1
end

local function fail_at(p, at, message, ...)
  local line, column = place(p.text, at)
  error(setmetatable({message = ("line %d, column %d: %s"):format(line, column, message:format(...))}, misread), 0)
end

local function printable(s) return require("onnxdoc.text").printable(s) end

-- What stands at the reading position, for messages.
local function found(p)
  local text, at = p.text, p.at
  if at > #text then return "the end of the text" end
  if byte(text, at) == QUOTE then return "a string" end
  local word = text:match("^[A-Za-z0-9_.+-]+", at) or text:match("^" .. utf8.charpattern, at) or sub(text, at, at)
  return "'" .. printable(#word > 24 and sub(word, 1, 24) .. "…" or word) .. "'"
end

local function fail_expected(p, what)
  fail_at(p, p.at, "%s is expected, got %s", what, found(p))
end

-- Calls a function of the builder; what it refuses becomes an error at that position.
local function checked(p, at, ok, ...)
  if not ok then fail_at(p, at, "%s", tostring((...))) end
  return ...
end
local function call(p, at, f, ...)
  return checked(p, at, pcall(f, ...))
end

-- Tokens --------------------------------------------------------------------------------------------------------

-- Moves to the next token; gives its first byte, nil at the end.
local function peek(p)
  local text, at = p.text, p.at
  while true do
    at = find(text, "[^ \t\r\n\v\f]", at) or #text + 1
    local first = byte(text, at)
    if first ~= HASH then
      p.at = at
      return first
    end
    at = find(text, "\n", at, true) or #text + 1
  end
end

-- A token of one character or several that stand together.
local function next_is(p, token)
  return peek(p) == byte(token) and (#token == 1 or sub(p.text, p.at, p.at + #token - 1) == token)
end

local function accept(p, token)
  if not next_is(p, token) then return false end
  p.at = p.at + #token
  return true
end

local function expect(p, token)
  if not accept(p, token) then fail_expected(p, "'" .. token .. "'") end
end

-- Calls item() for each of a list with commas between, up to the closing bracket.
local function each(p, close, item)
  if accept(p, close) then return end
  repeat item() until not accept(p, ",")
  if not accept(p, close) then fail_expected(p, ("',' or '%s'"):format(close)) end
end

local function identifier(p)
  peek(p)
  local _, stop = find(p.text, IDENTIFIER, p.at)
  if not stop then return nil end
  local word = sub(p.text, p.at, stop)
  p.at = stop + 1
  return word
end

local function peek_identifier(p)
  peek(p)
  return p.text:match(IDENTIFIER, p.at)
end

local function unescape(character, digits)
  if character == "x" and #digits == 2 then return string.char(tonumber(digits, 16)) end
  return character .. digits
end

local function quoted(p)
  if peek(p) ~= QUOTE then return nil end
  local text, start, at = p.text, p.at + 1, p.at + 1
  while true do
    local stop = find(text, '["\\]', at)
    if not stop then fail_at(p, p.at, "the string that starts here has no end") end
    if byte(text, stop) == QUOTE then
      p.at = stop + 1
      local raw = sub(text, start, stop - 1)
      return at > start and raw:gsub("\\(.)(%x?%x?)", unescape) or raw
    end
    at = stop + 2
  end
end

local function string_token(p)
  return quoted(p) or fail_expected(p, "a string")
end

local function optional_name(p) return identifier(p) or quoted(p) end

local function name_token(p, what) return optional_name(p) or fail_expected(p, what) end

-- A whole number, or nil.
local function whole_number(token)
  return find(token, "^%-?%d+$") and math.tointeger(tonumber(token)) or nil
end

-- Part by part: a pattern for the whole would try long rows of digits in all ways.
local function is_decimal(token)
  local at = token:match("^%-?%d+()")
  at = at and (token:match("^%.%d*()", at) or at)
  at = at and (token:match("^[eE][+-]?%d+()", at) or at)
  return at == #token + 1
end

local specials = {inf = math.huge, infinity = math.huge, nan = 0 / 0}

-- A number with or without a point, or nil.
local function float_number(token)
  if is_decimal(token) then return tonumber(find(token, "[.eE]") and token or token .. ".0") end
  local sign, word = token:match("^(%-?)(%a+)$")
  local special = word and specials[word:lower()]
  return special and (sign == "-" and -special or special)
end

-- All 64 bits of an unsigned number, or nil.
local function unsigned_number(token)
  local front, last = token:match("^(%d*)(%d)$")
  if not front then return nil end
  if #token < 19 then return tonumber(token) end
  front, last = front:gsub("^0+", ""), tonumber(last)
  local tens = math.tointeger(tonumber(front == "" and "0" or front))
  if not tens or tens > 1844674407370955161 or tens == 1844674407370955161 and last > 5 then return nil end
  return tens * 10 + last
end

-- The token of a number: sign and digits stand together.
local function number_token(p)
  peek(p)
  return p.text:match("^%-?[%w.]+[+-]?%w*", p.at)
end

local function take_number(p, convert, what)
  local token = number_token(p)
  local number = token and convert(token)
  if not number and token then
    token = token:match("^%-?[%w.]+")
    number = convert(token)
  end
  if not number then fail_expected(p, what) end
  p.at = p.at + #token
  return number
end

local function integer_token(p) return take_number(p, whole_number, "a whole number") end

-- Fields and notes ----------------------------------------------------------------------------------------------

-- "key": value pairs as {[key_field] =, [value_field] =}.
local function pair_list(p, key_field, value_field, value)
  expect(p, "[")
  local list = {}
  each(p, "]", function()
    local key = string_token(p)
    expect(p, ":")
    list[#list + 1] = {[key_field] = key, [value_field] = value(p)}
  end)
  return list
end

local function entries(p) return pair_list(p, "key", "value", string_token) end

local function opsets(p) return pair_list(p, "domain", "version", integer_token) end

-- How a field is read, and what the builder calls it.
local fields = {
  ir_version = {integer_token, "ir_version"}, model_version = {integer_token, "model_version"},
  opset_import = {opsets, "opset"}, producer_name = {string_token, "producer_name"},
  producer_version = {string_token, "producer_version"}, domain = {string_token, "domain"},
  overload = {string_token, "overload"}, doc_string = {string_token, "doc"}, metadata_props = {entries, "metadata"},
}
local model_fields = {"ir_version", "opset_import", "producer_name", "producer_version", "domain", "model_version",
  "doc_string", "metadata_props"}
local function_fields = {"domain", "overload", "opset_import", "doc_string", "metadata_props"}
local note_fields = {"doc_string", "metadata_props"}

-- Fields up to the closing bracket, as the options the builder takes.
local function header(p, known)
  local options = {}
  each(p, ">", function()
    peek(p)
    local at = p.at
    local key = identifier(p)
    if not contains(known, key) then
      p.at = at
      fail_expected(p, "one of " .. table.concat(known, ", "))
    end
    expect(p, ":")
    local read, option = fields[key][1], fields[key][2]
    options[option] = read(p)
  end)
  return options
end

-- Documentation and metadata behind something; an empty table when there are none.
local function notes(p)
  return accept(p, "@<") and header(p, note_fields) or {}
end

-- Types ---------------------------------------------------------------------------------------------------------

local function denotation(p)
  if peek(p) ~= AT or byte(p.text, p.at + 1) ~= QUOTE then return nil end
  p.at = p.at + 1
  return string_token(p)
end

local function dimension(p)
  local size, symbol
  if not accept(p, "?") then
    symbol = optional_name(p)
    if not symbol then size = take_number(p, whole_number, "a dimension (a whole number, a name or ?)") end
  end
  local label = denotation(p)
  if label then return {size = size, symbol = symbol, denotation = label} end
  return size or symbol or false
end

-- nil for an unknown rank.
local function dimensions(p)
  if not accept(p, "[") then return {} end
  if accept(p, "]") then return nil end
  local dims = {}
  each(p, "]", function() dims[#dims + 1] = dimension(p) end)
  return dims
end

local function dtype_token(p, what)
  peek(p)
  local at = p.at
  local dtype = dtypes[identifier(p)]
  if dtype then return dtype end
  p.at = at
  fail_expected(p, what)
end

local type_token

local function dotted_name(p)
  local parts = {}
  repeat parts[#parts + 1] = name_token(p, "a name") until not accept(p, ".")
  return table.concat(parts, ".")
end

local function opaque_type(p)
  if next_is(p, ")") then return {opaque = ""} end
  local name = dotted_name(p)
  if not accept(p, ",") then return {opaque = name} end
  return {domain = name, opaque = dotted_name(p)}
end

local container_types = {
  seq = function(p, depth) return {sequence = type_token(p, depth)} end,
  optional = function(p, depth) return {optional = type_token(p, depth)} end,
  map = function(p, depth)
    local key = dtype_token(p, "the dtype of the keys")
    expect(p, ",")
    return {map = key, value = type_token(p, depth)}
  end,
  sparse_tensor = function(p)
    local dtype = dtype_token(p, "a dtype")
    return {sparse = dtype, dims = dimensions(p)}
  end,
  opaque = opaque_type,
}

-- A type as the builder takes it, a table.
function type_token(p, depth)
  depth = (depth or 0) + 1
  peek(p)
  local at = p.at
  local word, result = identifier(p), nil
  if dtypes[word] then
    result = {dtype = dtypes[word], dims = dimensions(p)}
  elseif container_types[word] then
    if depth > DEPTH then fail_at(p, at, "types nest deeper than %d", DEPTH) end
    expect(p, "(")
    result = container_types[word](p, depth)
    expect(p, ")")
  else
    p.at = at
    fail_expected(p, "a type")
  end
  result.denotation = denotation(p)
  return result
end

local function next_is_type(p)
  local word = peek_identifier(p)
  return dtypes[word] ~= nil or containers[word] ~= nil
end

-- Tensors -------------------------------------------------------------------------------------------------------

local whole = {whole_number, "a whole number"}
local bits = {whole_number, "a whole number (the element's bits)", true}
local real = {float_number, "a number"}
local text_elements = {}
local unsigned = {unsigned_number, "a whole number from 0 to 2^64 - 1"}

-- How the elements of a dtype are read, how messages call them, whether they are bits.
local element_kinds = {float32 = real, float64 = real, complex64 = real, complex128 = real, string = text_elements,
  uint64 = unsigned, bool = bits, float16 = bits, bfloat16 = bits,
  float8e4m3fn = bits, float8e4m3fnuz = bits, float8e5m2 = bits, float8e5m2fnuz = bits, float8e8m0 = bits,
  float4e2m1 = bits}

local function string_elements(p)
  local list = {}
  each(p, "}", function() list[#list + 1] = string_token(p) end)
  return list
end

-- Numbers up to the closing bracket. Most stand as "1.5," and are taken by one pattern; it leaves comments, errors and
-- line ends in unusual places to the slow way.
local function number_elements(p, convert, what)
  local list, count, text = {}, 0, p.text
  if accept(p, "}") then return list end
  while true do
    local token, close, after = text:match("^[ \n]*(%-?%w[%w.+-]*)([,}])()", p.at)
    local number = token and convert(token)
    if number then
      p.at = after
    else
      number = take_number(p, convert, what)
      close = accept(p, ",") and "," or accept(p, "}") and "}" or fail_expected(p, "',' or '}'")
    end
    count = count + 1
    list[count] = number
    if close == "}" then return list end
  end
end

local function pairs_of(p, at, list)
  if #list % 2 ~= 0 then fail_at(p, at, "a complex element is two numbers, and there are %d", #list) end
  local result = {}
  for i = 1, #list, 2 do result[#result + 1] = {list[i], list[i + 1]} end
  return result
end

-- Past 2^63 a uint64 is none of Lua's integers: its bytes are given.
local function packed(list)
  for i, number in ipairs(list) do list[i] = string.pack("<i8", number) end
  return {raw = table.concat(list)}
end

local function elements(p, dtype)
  local at, kind = p.at, element_kinds[dtype] or whole
  if kind == text_elements then return string_elements(p) end
  local list = number_elements(p, kind[1], kind[2])
  if kind == unsigned then return packed(list) end
  if kind[3] then return {bits = list} end
  return dtype:find("^complex") and pairs_of(p, at, list) or list
end

local function data(p, dtype)
  if next_is(p, "[") then return {external = entries(p)} end
  if accept(p, "...") then return "zeros" end
  expect(p, "{")
  if not accept(p, "...") then return elements(p, dtype) end
  expect(p, "}")
  return "zeros"
end

-- Dimensions of a type that elements are given for. Its rank is known: float[] is a scalar here, as older printers
-- write it.
local function fixed_dimensions(p, at, kind)
  for i = 1, kind.dims and #kind.dims or 0 do
    local dim = kind.dims[i]
    if math.type(dim) ~= "integer" then fail_at(p, at, "a tensor's dimensions are whole numbers") end
  end
  return kind.dims or {}
end

local function is_nothing(list)
  return type(list) == "table" and not list.external and #(list.bits or list.raw or list) == 0
end

-- What is behind the type and the name of a dense tensor. {} where there should be elements is one without data.
local function dense(p, at, kind, name)
  if not kind.dtype then fail_at(p, at, "a tensor's type is expected") end
  local tensor = {at = at, name = name, dtype = kind.dtype, dims = fixed_dimensions(p, at, kind)}
  tensor.data = data(p, kind.dtype)
  if is_nothing(tensor.data) and not contains(tensor.dims, 0) then tensor.data = "absent" end
  local about = notes(p)
  tensor.doc, tensor.metadata = about.doc, about.metadata
  return tensor
end

local function tensor_options(tensor, name)
  return {name = name, doc = tensor.doc, metadata = tensor.metadata}
end

local function make_dense(p, scope, tensor)
  return call(p, tensor.at, scope.tensor, scope, tensor.dtype, tensor.dims, tensor.data,
    tensor_options(tensor, tensor.name))
end

local function inner_tensor(p)
  peek(p)
  local at = p.at
  local kind = type_token(p)
  local name = optional_name(p)
  accept(p, "=")
  return dense(p, at, kind, name)
end

-- What is behind the "=" of a sparse tensor.
local function sparse(p, at, kind, name)
  local tensor = {at = at, name = name, sparse = kind.sparse, dims = fixed_dimensions(p, at, kind)}
  tensor.values = inner_tensor(p)
  if identifier(p) ~= "at" then fail_at(p, p.at, "'at' is expected between the values and the indices") end
  tensor.indices = inner_tensor(p)
  return tensor
end

local function sparse_data(p, scope, tensor)
  return {values = make_dense(p, scope, tensor.values), indices = make_dense(p, scope, tensor.indices)}
end

local function make_sparse(p, scope, tensor)
  return call(p, tensor.at, scope.sparse_tensor, scope, tensor.sparse, tensor.dims, sparse_data(p, scope, tensor),
    {name = tensor.name})
end

local function tensor_data(p, at, kind, name)
  return (kind.sparse and sparse or dense)(p, at, kind, name)
end

local function add_initializer(p, scope, tensor)
  local at, name = tensor.at, tensor.name
  if tensor.sparse then
    call(p, at, scope.sparse, scope, name, tensor.sparse, tensor.dims, sparse_data(p, scope, tensor))
  else
    call(p, at, scope.constant, scope, name, tensor.dtype, tensor.dims, tensor.data, tensor_options(tensor))
  end
end

-- Attributes ----------------------------------------------------------------------------------------------------

local kinds = set [[float int string tensor graph sparse_tensor type_proto floats ints strings tensors graphs
  sparse_tensors type_protos]]

local graph

local function number_single(p)
  local token = number_token(p)
  if token and whole_number(token) then return "int", take_number(p, whole_number) end
  return "float", take_number(p, float_number, "a value")
end

-- A type, or the tensor whose type it is.
local function type_single(p, scope)
  local at = p.at
  local kind = type_token(p)
  local name = optional_name(p)
  local has_data = accept(p, "=") or name or next_is(p, "{") or next_is(p, "[") or next_is(p, "...")
  if not has_data then return "type_proto", call(p, at, scope.type, scope, kind) end
  if kind.sparse then return "sparse_tensor", make_sparse(p, scope, sparse(p, at, kind, name)) end
  return "tensor", make_dense(p, scope, dense(p, at, kind, name))
end

local function opens_list(p, from)
  return find(p.text, "^%s*%(", from) ~= nil
end

-- One value: its kind, and what the builder takes.
local function single(p, scope, declared)
  local first = peek(p)
  if first == AT then
    p.at = p.at + 1
    return "reference", name_token(p, "the name of an attribute")
  elseif first == QUOTE then
    local at = p.at
    local value = quoted(p)
    if declared ~= "graph" and not opens_list(p, p.at) then return "string", value end
    p.at = at
    return "graph", graph(p, scope)
  elseif next_is_type(p) then
    return type_single(p, scope)
  end
  local word = peek_identifier(p)
  local is_special = word and specials[word:lower()] and declared ~= "graph" and not opens_list(p, p.at + #word)
  if word and not is_special then return "graph", graph(p, scope) end
  return number_single(p)
end

-- The values of a list and what it is a list of: floats as soon as one of its numbers has a point.
local function list_value(p, scope, declared)
  local list, kind = {}, declared and declared:sub(1, -2)
  each(p, "]", function()
    peek(p)
    local at = p.at
    local one, value = single(p, scope, kind)
    kind = kind or one
    if one == "float" and kind == "int" and not declared then kind = "float" end
    if one ~= kind and not (one == "int" and kind == "float") then
      fail_at(p, at, "the list holds a %s behind values of kind %s", one, kind)
    end
    list[#list + 1] = value
  end)
  return kind, list
end

local function declared_kind(p)
  if not accept(p, ":") then return nil end
  peek(p)
  local at = p.at
  local kind = identifier(p)
  if kinds[kind] then return kind end
  p.at = at
  fail_expected(p, "an attribute's type (float, ints, graph, …)")
end

local function list_attribute(p, scope, declared)
  local at = p.at
  expect(p, "[")
  if declared and declared:sub(-1) ~= "s" then fail_at(p, at, "a %s is expected, got a list", declared) end
  local kind, list = list_value(p, scope, declared)
  if not kind then fail_at(p, at, "an empty list needs a type, as in axes: ints = []") end
  return declared or kind .. "s", list
end

local function single_attribute(p, scope, declared)
  local at = p.at
  local kind, value = single(p, scope, declared)
  if kind == "reference" or not declared or kind == declared then return kind, value end
  if kind == "int" and declared == "float" then return "float", value + 0.0 end
  fail_at(p, at, "a value of type %s is expected, got a %s", declared, kind)
end

-- What stands behind the name of an attribute, as an entry of the builder's list.
local function attribute_value(p, scope, name)
  local entry = {name = name, doc = notes(p).doc}
  local declared = declared_kind(p)
  expect(p, "=")
  if next_is(p, "[") then
    entry.type, entry.value = list_attribute(p, scope, declared)
    return entry
  end
  local kind, value = single_attribute(p, scope, declared)
  if kind == "reference" then
    entry.type, entry.reference = declared, value
  else
    entry.type, entry.value = kind, value
  end
  return entry
end

-- Attributes between angle brackets, nil when there are none here.
local function attribute_list(p, scope)
  if not accept(p, "<") then return nil end
  local list = {}
  each(p, ">", function()
    local name = name_token(p, "the name of an attribute")
    list[#list + 1] = attribute_value(p, scope, name)
  end)
  return list
end

-- Nodes ---------------------------------------------------------------------------------------------------------

local function names(p)
  local list = {}
  while true do
    local name = optional_name(p)
    local more = accept(p, ",")
    if name or more then list[#list + 1] = name or "" end
    if not more then return list end
  end
end

-- Operator type, domain and overload.
local function operator(p)
  local parts = {}
  repeat parts[#parts + 1] = name_token(p, "an operator") until not accept(p, ".")
  local op_type = table.remove(parts)
  return op_type, table.concat(parts, "."), accept(p, ":") and name_token(p, "an overload") or nil
end

local function label(p)
  if not accept(p, "[") then return "" end
  local name = optional_name(p) or ""
  expect(p, "]")
  return name
end

local function node(p, scope)
  local at = p.at
  local name = label(p)
  local outputs = names(p)
  expect(p, "=")
  local op_type, domain, overload = operator(p)
  local attributes = attribute_list(p, scope)
  expect(p, "(")
  local inputs = names(p)
  if not accept(p, ")") then fail_expected(p, "',' or ')'") end
  attributes = attributes or attribute_list(p, scope)
  local about = notes(p)
  call(p, at, scope.op, scope, op_type, inputs, attributes, {name = name, outputs = outputs, domain = domain,
    overload = overload, doc = about.doc, metadata = about.metadata})
end

-- Graphs --------------------------------------------------------------------------------------------------------

local function value(p)
  peek(p)
  local result = {at = p.at, type = next_is_type(p) and type_token(p) or nil}
  result.name = name_token(p, result.type and "a name" or "a type or a name")
  result.notes = notes(p)
  return result
end

local function values(p, item)
  local list = {}
  expect(p, "(")
  each(p, ")", function() list[#list + 1] = item(p) end)
  return list
end

-- A graph input; with "=" also its default, an initializer of the same name.
local function input(p)
  local result = value(p)
  if accept(p, "=") then
    result.default = tensor_data(p, result.at, result.type or fail_at(p, result.at, "a default needs a type"),
      result.name)
  end
  return result
end

local function declare(p, scope, method, entry)
  call(p, entry.at, method, scope, entry.name, entry.type, nil, entry.notes)
end

-- Types of inner values, and initializers.
local function graph_entries(p, scope)
  if not accept(p, "<") then return end
  each(p, ">", function()
    local entry = value(p)
    if not accept(p, "=") then return declare(p, scope, scope.value, entry) end
    local kind = entry.type or fail_at(p, entry.at, "an initializer needs a type")
    add_initializer(p, scope, tensor_data(p, entry.at, kind, entry.name))
    if next(entry.notes) then declare(p, scope, scope.value, entry) end
  end)
end

local function body(p, scope)
  graph_entries(p, scope)
  expect(p, "{")
  while not accept(p, "}") do
    if p.at > #p.text then fail_expected(p, "a node or '}'") end
    node(p, scope)
  end
end

-- A graph from its name on: `make` gives its scope for a name, documentation and metadata.
local function graph_of(p, make)
  peek(p)
  local at = p.at
  local name = name_token(p, "a graph's name")
  local inputs = next_is(p, "(") and values(p, input) or {}
  expect(p, "=>")
  local outputs = values(p, value)
  local scope = call(p, at, make, name, notes(p))
  for _, entry in ipairs(inputs) do declare(p, scope, scope.input, entry) end
  for _, entry in ipairs(inputs) do
    if entry.default then add_initializer(p, scope, entry.default) end
  end
  for _, entry in ipairs(outputs) do declare(p, scope, scope.output, entry) end
  body(p, scope)
  return scope
end

function graph(p, scope)
  p.depth = p.depth + 1
  if p.depth > DEPTH then fail_at(p, p.at, "graphs nest deeper than %d", DEPTH) end
  local made = graph_of(p, function(name, about) return scope:subgraph(name, about) end)
  p.depth = p.depth - 1
  return made
end

-- Functions -----------------------------------------------------------------------------------------------------

-- The attributes of a function: names, and those with a default.
local function parameters(p)
  local plain, defaults = {}, {}
  if not accept(p, "<") then return plain, defaults end
  each(p, ">", function()
    local name = name_token(p, "the name of an attribute")
    if next_is(p, ":") or next_is(p, "=") or next_is(p, "@") then
      defaults[#defaults + 1] = attribute_value(p, p.builder, name)
    else
      plain[#plain + 1] = name
    end
  end)
  return plain, defaults
end

local function names_of(list)
  local result = {}
  for i, entry in ipairs(list) do result[i] = entry.name end
  return result
end

local function function_definition(p)
  peek(p)
  local at = p.at
  local options = accept(p, "<") and header(p, function_fields) or {}
  local domain = options.domain or ""
  options.domain = nil
  local name = name_token(p, "a function's name")
  options.attributes, options.defaults = parameters(p)
  local inputs = values(p, value)
  expect(p, "=>")
  local outputs = values(p, value)
  options.inputs, options.outputs = names_of(inputs), names_of(outputs)
  local scope = call(p, at, p.builder.func, p.builder, domain, name, options)
  for _, list in ipairs {inputs, outputs} do
    for _, entry in ipairs(list) do
      if entry.type then declare(p, scope, scope.value, entry) end
    end
  end
  body(p, scope)
end

-- Models --------------------------------------------------------------------------------------------------------

local function model(p)
  local options = accept(p, "<") and header(p, model_fields) or {}
  local build = require("onnxdoc.builder").build
  graph_of(p, function(name, about)
    options.name, options.graph_doc, options.graph_metadata = name, about.doc, about.metadata
    p.builder = build(options)
    return p.builder
  end)
  while peek(p) do function_definition(p) end
  return p.builder
end

-- Runs a reading function over a text: what it gives, or nil, message, code. In a coroutine, where the builder's errors
-- have no place in a script to name.
local function attempt(text, read)
  if type(text) ~= "string" then error(("parse: a text is wanted, got %s"):format(type(text)), 3) end
  if #text > TEXT_LIMIT then
    return nil, ("the text has %d bytes, the limit is %d"):format(#text, TEXT_LIMIT), "limit"
  end
  local run = coroutine.create(function() return read {text = text, at = 1, depth = 0} end)
  local ok, result = coroutine.resume(run)
  if ok then return result end
  if getmetatable(result) == misread then return nil, result.message, "syntax" end
  if result == "not enough memory" then return nil, result, "memory" end
  error(result, 0)
end

--- A type in text syntax as a table that the builder takes, or nil, message, "syntax".
function parser.type(text)
  return attempt(text, function(p)
    local result = type_token(p)
    if peek(p) then fail_expected(p, "the end of the type") end
    return result
  end)
end

--- The model of a text as a builder that holds it, or nil, message, code ("syntax"; "limit" for more than 1 GiB).
function parser.builder(text)
  return attempt(text, model)
end

-- The builder's model, or nil, message, code; more than a file can hold makes it raise.
local function load_built(builder, directory)
  local ok, model_or_message, message, code = pcall(builder.model, builder, {directory = directory})
  if ok then return model_or_message, message, code end
  return nil, (tostring(model_or_message):gsub("^[^\n]-%.lua:%d+: ", "")), "limit"
end

--- The model of a text: a Model, or nil, message, code. options.directory is where external data is looked for.
function parser.parse(text, options)
  if options ~= nil and type(options) ~= "table" then
    error(("parse: options are a %s, a table is wanted"):format(type(options)), 2)
  end
  for key in pairs(options or {}) do
    if key ~= "directory" then error(("parse: unknown option '%s', there is 'directory'"):format(tostring(key)), 2) end
  end
  local builder, message, code = parser.builder(text)
  if not builder then return nil, message, code end
  return load_built(builder, options and options.directory)
end

return parser
