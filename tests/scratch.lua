-- A directory for the files of a test, removed with everything in it afterwards.
--
--     local scratch = require("scratch").new()
--     local path = scratch:write("model.onnx", bytes)
--     scratch:remove()

local lfs = require "lfs"

local Scratch = {}
Scratch.__index = Scratch

function Scratch.new()
  local path = os.tmpname()
  os.remove(path)
  assert(lfs.mkdir(path))
  return setmetatable({directory = path}, Scratch)
end

function Scratch:path(name)
  return self.directory .. "/" .. name
end

function Scratch:write(name, bytes)
  local path = self:path(name)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  assert(file:close())
  return path
end

function Scratch:mkdir(name)
  local path = self:path(name)
  assert(lfs.mkdir(path))
  return path
end

-- A symbolic link `name` that leads to `target`.
function Scratch:link(target, name)
  local path = self:path(name)
  assert(lfs.link(target, path, true))
  return path
end

local function remove(path)
  if lfs.symlinkattributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then remove(path .. "/" .. name) end
    end
  end
  os.remove(path)
end

function Scratch:remove()
  remove(self.directory)
end

return Scratch
