--- Where a report's text goes: standard output, a file, a folder. A file is there whole or not at all: it is written
-- beside its place and then renamed.

local lfs = require "lfs"
local failure = require "onnxdoc.failure"

local output = {}

local EXIT_OUTPUT, EXIT_USAGE = 4, 2

--- Makes a folder and those above it. true, or nil and a message. `made`, a list, gets those that were not there.
function output.make_folder(path, made)
  local mode = lfs.attributes(path, "mode")
  if mode == "directory" then return true end
  if mode then return nil, path .. ": not a folder" end
  local parent = path:gsub("/+$", ""):match("^(.*)/[^/]*$")
  if parent and parent ~= "" then
    local ok, message = output.make_folder(parent, made)
    if not ok then return nil, message end
  end
  local ok, message = lfs.mkdir(path)
  if ok and made then made[#made + 1] = path end
  if ok or lfs.attributes(path, "mode") == "directory" then return true end
  return nil, path .. ": " .. message
end

-- Takes away folders that were made for what could not be written.
local function remove_folders(made)
  for i = #made, 1, -1 do lfs.rmdir(made[i]) end
end

--- Whether a path is a device or a pipe, beside which nothing can stand.
function output.is_device(path)
  local mode = lfs.attributes(path, "mode")
  return mode ~= nil and mode ~= "file" and mode ~= "directory"
end

-- A link's target, so that the link stays one. The links in /proc to pipes, which /dev/stdout leads to, name nothing.
local function follow(path)
  if output.is_device(path) then return path end
  for _ = 1, 40 do
    local target = lfs.symlinkattributes(path, "target")
    if not target then return path end
    path = target:sub(1, 1) == "/" and target or (path:match("^(.*/)") or "") .. target
  end
  return path
end

local function without_path(message, path)
  return message:sub(1, #path + 2) == path .. ": " and message:sub(#path + 3) or message
end

local function write_into(file, content)
  if type(content) == "string" then return file:write(content) end
  local ok, message
  local done, problem = content(function(...)
    if ok == false then return false end
    local written
    written, message = file:write(...)
    ok = written ~= nil
    return ok
  end, file)
  if ok == false then return nil, message end
  if done == nil and problem then return nil, problem end
  return true
end

local function write_through(path, target, content)
  local file, message = io.open(target, "wb")
  if not file then return nil, path .. ": " .. without_path(message, target) end
  file:setvbuf("full", 65536)
  local called, ok, problem = pcall(write_into, file, content)
  local closed, close_problem = file:close()
  if not called then return nil, ok, "raised" end
  if ok and closed then return true end
  return nil, path .. ": " .. (problem or close_problem or "cannot be written")
end

-- Writes a file beside its place: {path, target, beside}, beside being false for a device or pipe, which is written
-- directly. nil and a message; an error that content raises is raised again. `made` gets the folders made for it.
local function write_beside(path, content, made)
  local target = follow(path)
  local mode = lfs.attributes(target, "mode")
  if mode == "directory" then return nil, path .. ": is a folder" end
  if not mode then
    local ok, message = output.make_folder(target:match("^(.*)/[^/]*$") or ".", made)
    if not ok then return nil, message end
  end
  local beside = not output.is_device(target) and ("%s.onnxdoc-%x.part"):format(target:match("^.*/") or "",
    math.random(0))
  local ok, message, raised = write_through(path, beside or target, content)
  if ok then return {path = path, target = target, beside = beside} end
  if beside then os.remove(beside) end
  if raised then error(message, 0) end
  return nil, message
end

-- Puts what was written in its place. true, or nil and a message.
local function put_in_place(written)
  if not written.beside then return true end
  local ok, message = os.rename(written.beside, written.target)
  if ok then return true end
  os.remove(written.beside)
  return nil, written.path .. ": " .. without_path(message, written.beside)
end

--- Writes a file: content is a string, or a function that is called with write(...) and the open file, and gives nil
-- and a message when it cannot go on; write gives false when there is no use in going on. Folders that are missing are
-- made. true, or nil and a message; an error that content raises is raised again. A device or pipe is written directly.
function output.write_file(path, content) return output.write_files {{path, content}} end

--- Writes several files, {{path, content}, …}, none of which is in its place before all are written. Where one cannot
-- be written, nothing is left of the others, nor of the folders that were made for them.
function output.write_files(files)
  local all, made, ok, problem = {}, {}, true, nil
  local called, raised = pcall(function()
    for _, file in ipairs(files) do
      local written, message = write_beside(file[1], file[2], made)
      if not written then
        ok, problem = false, message
        return
      end
      all[#all + 1] = written
    end
  end)
  for _, written in ipairs(all) do
    if called and ok then
      ok, problem = put_in_place(written)
    elseif written.beside then
      os.remove(written.beside)
    end
  end
  if called and ok then return true end
  remove_folders(made)
  if not called then error(raised, 0) end
  return nil, problem
end

local function is_folder_word(path)
  return path:sub(-1) == "/" or lfs.attributes(path, "mode") == "directory"
end

--- The file name of a model without its folder and .onnx.
function output.stem(model_path)
  if model_path == "-" then return "stdin" end
  local name = model_path:gsub("/+$", ""):match("([^/]*)$")
  local stem = name:gsub("%.onnx$", "")
  return stem ~= "" and stem or "model"
end

--- Where -o PATH puts the report of a model: nil for standard output (no PATH, or "-"), else a file. A PATH that ends
-- in / or is a folder gives PATH/STEM.EXTENSION; so does, where it does not exist yet, one whose name has no dot.
function output.place(path, model_path, extension)
  if not path or path == "-" then return nil end
  if path == "" then failure(EXIT_USAGE, "-o: the name of a file or folder is wanted, not an empty one") end
  local bare = not path:match("([^/]*)$"):find(".", 1, true) and not lfs.attributes(path)
  if not is_folder_word(path) and not bare then return path end
  return path:gsub("/*$", "") .. "/" .. output.stem(model_path) .. "." .. extension
end

-- Which file it is, whatever it is called; nil where there is none, or a device.
local function identity(path)
  local is = lfs.attributes(path)
  return is and is.mode == "file" and ("%d:%d"):format(is.dev, is.ino) or nil
end

--- Ends the run where one of the places (a file, or false) is one of the models: nothing that is read is written over.
function output.check_models(places, model_paths)
  local models = {}
  for _, place in pairs(places) do
    local wanted = place and identity(place)
    if wanted and not next(models) then
      for _, path in ipairs(model_paths) do models[identity(path) or ""] = path end
    end
    if wanted and models[wanted] then
      failure(EXIT_USAGE, ("-o %s: this is the model %s itself"):format(place, models[wanted]))
    end
  end
end

--- The places of several models; two that would be the same file are a usage error, and so is a model's own.
function output.places(path, model_paths, extension)
  local places, taken = {}, {}
  for i, model_path in ipairs(model_paths) do
    local place = output.place(path, model_path, extension)
    if place and taken[place] and (lfs.attributes(place, "mode") or "file") == "file" then
      failure(EXIT_USAGE, ("-o %s: %s and %s would both be written to %s"):format(path, taken[place], model_path,
        place))
    end
    if place then taken[place] = model_path end
    places[i] = place or false
  end
  output.check_models(places, model_paths)
  return places
end

--- Writes to a place (nil or false: standard output) or ends the run with exit code 4.
function output.write(place, content)
  if place then
    local ok, message = output.write_file(place, content)
    if not ok then failure(EXIT_OUTPUT, "cannot write " .. message) end
    return
  end
  local ok, message = write_into(io.stdout, content)
  if not ok then failure(EXIT_OUTPUT, "cannot write standard output: " .. tostring(message)) end
end

return output
