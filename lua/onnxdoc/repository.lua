--- Where files stand in a repository: forges know a file by its path from the folder with .git.

local lfs = require "lfs"

local Repository = {}
Repository.__index = Repository

-- A path from / on, without "." and "..", as it is written: links are not followed.
local function absolute(path)
  if path:sub(1, 1) ~= "/" then path = lfs.currentdir() .. "/" .. path end
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return "/" .. table.concat(parts, "/")
end

local function parent_of(path) return path:match("^(.+)/[^/]*$") or path ~= "/" and "/" or nil end

-- The nearest folder above a file that has a .git.
local function root_above(path)
  local folder = parent_of(path)
  while folder do
    if lfs.attributes((folder == "/" and "" or folder) .. "/.git") then return folder end
    folder = parent_of(folder)
  end
end

local repository = {}

--- The repository of the first of these files that stands in one; where none does, the current folder is its root.
function repository.files(paths)
  local root
  for _, path in ipairs(paths) do
    root = root or path ~= "-" and root_above(absolute(path)) or nil
  end
  return setmetatable({root = root or lfs.currentdir()}, Repository)
end

--- A file's path from the root on; nil, and the whole path, where it is outside. Of standard input nil.
function Repository:relative(path)
  if path == "-" then return nil end
  local whole = absolute(path)
  local prefix = self.root == "/" and "/" or self.root .. "/"
  if whole:sub(1, #prefix) == prefix then return whole:sub(#prefix + 1) end
  return nil, whole
end

--- The path that names a file to people and forges: from the root on, else the whole one.
function Repository:name(path)
  local relative, whole = self:relative(path)
  return relative or whole or path
end

--- A path as part of a URI.
function repository.uri(path)
  return (path:gsub("[^%w/._~-]", function(char) return ("%%%02X"):format(char:byte()) end))
end

return repository
