-- `make test-corpus CORPUS=dir`: opens every .onnx file below the folder, of build/models/npm (`make models`) and of
-- libonnx-testdata where they are there, touches everything in it from Lua, and compares our reading with protobuf-c's full decode
-- (tests/onnx/decode_compare.c). A file may only be refused when CORPUS/index.json lists it as malformed.
-- Each model is also written as text and read back: it must print the same text again and, when it is small enough to
-- be written with all its elements, be the same model.
-- Runs inside the onnxdoc binary. The last line is "N passed, N failed".

package.path = "./?.lua;./tests/?.lua;" .. package.path
local lfs = require "lfs"
local json = require "dkjson"
local same = require "same"
local walk = require "walk"

local build, folders = "build", {}
do
  local i = 1
  while arg[i] do
    if arg[i] == "--build" then
      i = i + 1
      build = arg[i]
    else
      folders[#folders + 1] = arg[i]:gsub("/+$", "")
    end
    i = i + 1
  end
end
if lfs.attributes("/usr/share/libonnx-testdata/data") then folders[#folders + 1] = "/usr/share/libonnx-testdata/data" end
local compare = build .. "/tests/onnx/decode_compare"

local passed, failed, refused, lines, texts, compared = 0, 0, 0, 0, 0, 0

-- Models of up to so many bytes are written with all their elements.
local WHOLE_TEXT = 1000000

local function find(folder, found)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:sub(1, 1) ~= "." then
      if lfs.attributes(path, "mode") == "directory" then find(path, found)
      elseif name:find("%.onnx$") then found[#found + 1] = path end
    end
  end
  return found
end

-- path -> category, of the files the folder's index.json says something about.
local function read_index(folder)
  local categories = {}
  local file = io.open(folder .. "/index.json", "rb")
  if not file then return categories end
  for _, entry in ipairs(assert(json.decode(file:read("a")))) do
    if entry.file then categories[folder .. "/" .. entry.file] = entry.category end
  end
  file:close()
  return categories
end

local function report(path, problem)
  if problem then
    failed = failed + 1
    print("FAIL " .. path .. ": " .. problem)
  else
    passed = passed + 1
  end
end

-- Without the comments that name what text cannot say.
local function shown(text) return (text:gsub("%s*# not shown:[^\n]*", "")) end

local function has_diagnostic(model, code)
  for _, diagnostic in ipairs(model.diagnostics) do
    if diagnostic.code == code then return true end
  end
  return false
end

-- What goes wrong when a model is written as text and read back, or nil. The builder takes no name twice.
local function check_text(model, path, weights)
  local options = {weights = weights, hash = "none"}
  local text = onnxdoc.text(model, options)
  local again, message = onnxdoc.parse(text, {directory = path:match("^(.*)/")})
  if not again then
    local twice = message:find("is defined already", 1, true) and has_diagnostic(model, "duplicate-value")
    if not twice then return "its text cannot be read: " .. message end
    print(("not read back %s: %s"):format(path, message))
    return nil
  end
  local problem = shown(text) ~= shown(onnxdoc.text(again, options)) and "its text is printed otherwise when read back"
  if not problem and weights == "all" then
    problem = same(model, again)
    compared = compared + 1
  end
  again:close()
  texts = texts + 1
  return problem or nil
end

local function check_both(model, path)
  local counts = walk(model)
  if counts.raised > 0 then return "a field could not be read" end
  return check_text(model, path) or model.size <= WHOLE_TEXT and check_text(model, path, "all") or nil
end

local function check_model(path)
  local model, message = onnxdoc.load(path)
  if not model then return message end
  local ok, problem = pcall(check_both, model, path)
  model:close()
  return problem or not ok and "an error" or nil
end

local function check(path, outcome, detail, categories)
  if outcome == "same" then
    lines = lines + math.tointeger(detail)
    report(path, check_model(path))
  elseif outcome == "refused" then
    refused = refused + 1
    local malformed = (categories[path] or ""):find("MALFORMED", 1, true)
    print(("refused %s: %s"):format(path, detail))
    report(path, not malformed and "refused, and index.json does not call it malformed" or nil)
  else
    report(path, outcome .. ": " .. detail)
  end
end

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

for _, folder in ipairs(folders) do
  local paths, categories = find(folder, {}), read_index(folder)
  table.sort(paths)
  print(("%s: %d models"):format(folder, #paths))
  if #paths == 0 then report(folder, "no .onnx files") end
  for first = 1, #paths, 200 do
    local words = {}
    for j = first, math.min(first + 199, #paths) do words[#words + 1] = quoted(paths[j]) end
    local answered = 0
    local pipe = assert(io.popen(compare .. " " .. table.concat(words, " ")))
    for line in pipe:lines() do
      local outcome, path, detail = line:match("^(%a+)\t([^\t]*)\t(.*)$")
      answered = answered + 1
      check(path, outcome, detail, categories)
    end
    pipe:close()
    if answered ~= #words then report(folder, "decode_compare stopped after " .. answered .. " of " .. #words .. " files") end
  end
end

if passed + failed == 0 then print("no CORPUS given and no libonnx-testdata: nothing to do") end
print(("%d refused as they should be, %d facts compared"):format(refused, lines))
print(("%d texts read back, %d of them with all elements compared"):format(texts, compared))
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
