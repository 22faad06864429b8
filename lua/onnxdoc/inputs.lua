--- Which models a command line means that may name folders and lists of paths.
--
-- A folder is all files below it whose names end in .onnx, in any case, by the bytes of their paths; hidden folders
-- count, links to folders are followed, and a folder that can be reached in several ways is gone through once. What is
-- named several times counts where it comes first.

local lfs = require "lfs"
local failure = require "onnxdoc.failure"

local inputs = {}

local EXIT_USAGE, EXIT_INPUT = 2, 3

-- What is being put together: {path =} or {path =, problem = {code =, message =}} in `list`, folders and paths that are
-- in it, how often a folder came again, and notes about what is passed over.
local Search = {}
Search.__index = Search

-- A path without what makes no difference in it.
local function plain(path)
  local changed
  path = path:gsub("//+", "/")
  repeat path, changed = path:gsub("/%./", "/") until changed == 0
  return (path:gsub("^%./(.)", "%1"))
end

function Search:add(path, problem)
  local key = plain(path)
  if self.paths[key] then return end
  self.paths[key] = true
  self.list[#self.list + 1] = {path = path, problem = problem}
end

function Search:note(path, what) self.notes[#self.notes + 1] = path .. ": " .. what end

-- Which folder it is, whatever it is called; nil when nobody may know.
local function identity(folder)
  local is = lfs.attributes(folder)
  return is and ("%d:%d"):format(is.dev, is.ino)
end

-- The last part of "path: reason".
local function reason(message) return (message:match("([^:]*)$"):gsub("^%s+", "")) end

-- The names in a folder, by bytes; nil and why there are none.
local function names_in(folder)
  local names = {}
  local ok, iterate, state = pcall(lfs.dir, folder)
  if not ok then return nil, "cannot be searched: " .. reason(iterate) end
  for name in iterate, state do
    if name ~= "." and name ~= ".." then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- What lies in a folder: a folder, gone through soon or, behind a link, when all others are done; a model; or nothing.
function Search:look_at(folder, path, found, folders, links)
  local mode, message = lfs.symlinkattributes(path, "mode")
  if not mode then
    found[#found + 1] = {path = folder, problem = {code = "io", message = "cannot be searched: " .. reason(message)}}
    return
  end
  local is_link = mode == "link"
  if is_link then mode = lfs.attributes(path, "mode") end
  if mode == "directory" then
    local list = is_link and links or folders
    list[#list + 1] = path
  elseif path:sub(-5):lower() == ".onnx" then
    if mode == "file" or mode == nil then found[#found + 1] = {path = path}
    else self:note(path, "is a " .. mode .. ", not a file; passed over") end
  end
end

-- Goes through a folder and those in it. Gives false where it was gone through already.
function Search:walk(folder, found, links)
  local folders, is_new = {folder}, true
  for _, here in ipairs(folders) do -- grows while it is gone through
    local key = identity(here)
    if key and self.folders[key] then
      self.repeated = self.repeated + 1
      is_new = is_new and here ~= folder
    else
      self.folders[key or here] = true
      local names, problem = names_in(here)
      if not names then found[#found + 1] = {path = here, problem = {code = "io", message = problem}} end
      local start = here:gsub("/+$", "") .. "/"
      for _, name in ipairs(names or {}) do self:look_at(here, start .. name, found, folders, links) end
    end
  end
  return is_new
end

function Search:add_folder(folder)
  local found, links, repeated = {}, {}, self.repeated
  self:walk(folder, found, links)
  for _, link in ipairs(links) do -- grows too
    if not self:walk(link, found, links) then
      self:note(link, "leads to a folder that is gone through already; passed over")
    end
  end
  if #found == 0 and self.repeated == repeated then
    found[1] = {path = folder, problem = {code = "missing", message = "holds no file whose name ends in .onnx"}}
  end
  table.sort(found, function(a, b) return a.path < b.path end)
  for _, entry in ipairs(found) do self:add(entry.path, entry.problem) end
end

function Search:add_word(word)
  if word == "-" or lfs.attributes(word, "mode") ~= "directory" then return self:add(word) end
  self.has_folder = true
  self:add_folder(word)
end

-- The paths of a list: one a line, or, where it holds a NUL, one up to each NUL.
local function read_list(list)
  local file, message = io.stdin, nil
  if list ~= "-" then file, message = io.open(list, "rb") end
  local source
  if file then source, message = file:read("a") end
  if not source then failure(EXIT_INPUT, ("--paths %s: %s"):format(list, reason(message))) end
  if file ~= io.stdin then file:close() end
  local words = {}
  for word in source:gmatch(source:find("\0", 1, true) and "[^\0]+" or "[^\n]+") do words[#words + 1] = word end
  return words
end

local function check_stdin(words, list)
  local count = list == "-" and 1 or 0
  for _, word in ipairs(words) do count = count + (word == "-" and 1 or 0) end
  if count > 1 then failure(EXIT_USAGE, "standard input (-) can be read only once") end
end

--- The models that words and the list of --paths (nil: none was given) mean: {list =, many =, notes =}. `list` holds
-- {path =}, with problem = {code =, message =} where it is none; `many` is false for one model named by itself.
function inputs.find(words, list)
  local search = setmetatable({list = {}, notes = {}, paths = {}, folders = {}, repeated = 0}, Search)
  local all = table.move(words, 1, #words, 1, {})
  for _, path in ipairs(list and read_list(list) or {}) do all[#all + 1] = path end
  check_stdin(all, list)
  for _, word in ipairs(all) do search:add_word(word) end
  return {list = search.list, notes = search.notes, many = list ~= nil or #words > 1 or search.has_folder == true}
end

return inputs
