-- The words of the program's own messages, read from its sources: those of lua/onnxdoc/redact/words.lua, which redacted
-- messages may hold.

local lfs = require "lfs"
local redact_text = require "onnxdoc.redact.text"
local utils = require "pl.utils"

local M = {path = "lua/onnxdoc/redact/words.lua"}

local function source_files(folder, ending, found)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if lfs.attributes(path, "mode") == "directory" then
      if name:sub(1, 1) ~= "." then source_files(path, ending, found) end
    elseif name:sub(-#ending) == ending and path ~= M.path then
      found[#found + 1] = path
    end
  end
  return found
end

-- What reads as a word, or as a sign that is no letter. Formulas, code and paths are none.
local function is_word(word)
  if word:find "[\x80-\xff]" then return not word:find "[%w%p]" end
  return word == "a" or #word > 1
    and (word:find "^%a[a-z_]*$" or word:find "^%a[a-z_]*['/-][a-z]+$" or word:find "^[A-Z]+s?$") ~= nil
end

-- Sentences and parts of them; in rules of operators, single words are what attributes and inputs are called.
local function add_literals(source, with_single, words)
  for literal in source:gsub('\\["\\]', "%%"):gmatch '"([^"\n]*)"' do
    if with_single or literal:find(" ", 1, true) then
      for _, word in ipairs(redact_text.words(literal)) do
        if is_word(word) then words[word] = true end
      end
    end
  end
end

local function is_comment(line) return line:find "^%s*%-%-" or line:find "^%s*/?%*" end

local function code_of(path)
  local lines = {}
  for line in utils.readfile(path, true):gmatch "[^\n]*" do
    if not is_comment(line) then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

-- The Lua files whose sentences stand in facts.
local function is_of_facts(path)
  for _, name in ipairs {"facts", "roles", "kv_cache", "kv_entries", "attention_cores", "carried"} do
    if path:find("^lua/onnxdoc/" .. name .. "%f[./]") then return true end
  end
  return false
end

-- The file as it has to be.
function M.make()
  local words, list = {}, {}
  for _, path in ipairs(source_files("src", ".c", {})) do
    add_literals(code_of(path), path:find "^src/ops/" ~= nil, words)
  end
  for _, path in ipairs(source_files("lua/onnxdoc", ".lua", {})) do
    if is_of_facts(path) then add_literals(code_of(path), false, words) end
  end
  for word in pairs(words) do list[#list + 1] = word end
  table.sort(list)
  local lines, line = {}, " "
  for _, word in ipairs(list) do
    if #line + 1 + #word > 118 then lines[#lines + 1], line = line, " " end
    line = line .. " " .. word
  end
  lines[#lines + 1] = line
  return ([=[
--- The words of our own messages, all others of a message being the model's; a set. Made by `make test-update`.

local words = {}
for word in ([[
%s
]]):gmatch "%%S+" do words[word] = true end
return words
]=]):format(table.concat(lines, "\n"))
end

return M
