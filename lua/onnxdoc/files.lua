--- Where rules, reports and the other kinds of Lua files come from.
--
-- Four places, in this order; a later file wins over an earlier one of the same kind and id:
--
--   shipped   in the program, or under --lua-dir                              trusted
--   user      $XDG_CONFIG_HOME/onnxdoc/KIND/ID.lua, by default ~/.config/...  trusted
--   project   .onnxdoc/KIND/ID.lua in the current folder, or above it up to the folder with .git; no reports.
--             Not trusted: opening somebody's repository must not run its code unconfined (onnxdoc.guard)
--   option    -l FILE, for this run                                           trusted
--
-- A shipped report is a verb whose meaning people and scripts rely on: no other file replaces it.

local lfs = require "lfs"
local failure = require "onnxdoc.failure"
local onnxdoc = require "onnxdoc"

local EXIT_USAGE, EXIT_INPUT, EXIT_SCRIPT = 2, 3, 5

local files = {}

--- The kinds, and where the shipped ones stand.
files.kinds = {"rules", "blocks", "operators", "templates", "prompts", "devices", "reports"}

local shipped_folder = {
  rules = "rules/", reports = "reports/", blocks = "lua/onnxdoc/blocks/", operators = "lua/onnxdoc/operators/",
  templates = "reports/templates/", prompts = "lua/onnxdoc/prompts/", devices = "lua/onnxdoc/devices/",
}

local registered = {}

local function is_folder(path) return lfs.attributes(path, "mode") == "directory" end

local function user_root()
  local config = os.getenv("XDG_CONFIG_HOME")
  if not config or config:sub(1, 1) ~= "/" then -- the standard has relative ones ignored
    local home = os.getenv("HOME")
    if not home or home == "" then return nil end
    config = home .. "/.config"
  end
  return config:gsub("/+$", "") .. "/onnxdoc"
end

-- The nearest file or folder of that name between the current folder and the one with .git; without a .git, only the
-- current folder's.
local function find_in_project(name, mode)
  local folder, found = lfs.currentdir(), nil
  local start = folder
  while folder do
    local here = (folder == "/" and "" or folder) .. "/" .. name
    if not found and lfs.attributes(here, "mode") == mode then
      if folder == start then return here end
      found = here
    end
    if lfs.attributes((folder == "/" and "" or folder) .. "/.git") then return found end
    folder = folder ~= "/" and (folder:match("^(.+)/[^/]*$") or "/") or nil
  end
  return nil
end

--- The folders that are looked into, in order: list of {origin =, path =, trusted =}; shipped files have no path.
function files.roots()
  local roots = {{origin = "shipped", trusted = true}}
  local user, project = user_root(), find_in_project(".onnxdoc", "directory")
  if user then roots[#roots + 1] = {origin = "user", path = user, trusted = true} end
  if project and project ~= user then roots[#roots + 1] = {origin = "project", path = project, trusted = false} end
  return roots
end

-- Ids of the Lua files that stand in a folder itself, sorted by byte; none when it cannot be read.
local function folder_ids(folder)
  local ids = {}
  if not is_folder(folder) then return ids end
  local ok, iterate, state = pcall(lfs.dir, folder)
  if not ok then return ids end
  for name in iterate, state do
    local id = name:match("^([^.].*)%.lua$")
    if id and lfs.attributes(folder .. "/" .. name, "mode") == "file" then ids[#ids + 1] = id end
  end
  table.sort(ids)
  return ids
end

local function shipped_ids(kind)
  local ids, folder = {}, shipped_folder[kind]
  for _, path in ipairs(onnxdoc._embedded_list(folder)) do
    local id = path:sub(#folder + 1):match("^([^./][^/]*)%.lua$")
    if id then ids[#ids + 1] = id end
  end
  return ids
end

local function check_kind(kind)
  if not shipped_folder[kind] then
    error(("files: kind '%s' is none of %s"):format(tostring(kind), table.concat(files.kinds, ", ")), 3)
  end
end

local function add_root(list, kind, root)
  if root.origin == "shipped" then
    for _, id in ipairs(shipped_ids(kind)) do
      list[#list + 1] = {kind = kind, id = id, path = shipped_folder[kind] .. id .. ".lua", origin = "shipped",
        trusted = true}
    end
  elseif not (kind == "reports" and root.origin == "project") then
    local folder = root.path .. "/" .. kind
    for _, id in ipairs(folder_ids(folder)) do
      list[#list + 1] = {kind = kind, id = id, path = folder .. "/" .. id .. ".lua", origin = root.origin,
        trusted = root.trusted}
    end
  end
end

-- Which of the namesakes counts: the last, but a shipped report stays. `replaced_by` names the one that won.
local function mark_replaced(list)
  local winner = {}
  for _, entry in ipairs(list) do
    local before = winner[entry.id]
    if before and before.origin == "shipped" and entry.kind == "reports" then
      entry.replaced_by = before
    else
      if before then before.replaced_by = entry end
      winner[entry.id] = entry
    end
  end
end

--- All files of a kind in order: list of {kind =, id =, path =, origin =, trusted =, replaced_by = entry or nil,
-- value = what a file given with -l returned}.
function files.list(kind)
  check_kind(kind)
  local list = {}
  for _, root in ipairs(files.roots()) do add_root(list, kind, root) end
  for _, entry in ipairs(registered) do
    if entry.kind == kind then list[#list + 1] = entry end
  end
  for _, entry in ipairs(list) do entry.replaced_by = nil end
  mark_replaced(list)
  return list
end

--- The file of a kind that counts for an id, or nil.
function files.find(kind, id)
  check_kind(kind)
  for _, entry in ipairs(files.list(kind)) do
    if entry.id == id and not entry.replaced_by then return entry end
  end
  return nil
end

--- Its source text, or nil and a message.
function files.read(entry)
  if entry.origin == "shipped" then
    local source = onnxdoc._embedded(entry.path)
    if source then return source end
    return nil, entry.path .. ": not in this program"
  end
  local file, message = io.open(entry.path, "rb")
  if not file then return nil, message end
  local source
  source, message = file:read("a")
  file:close()
  return source, message
end

--- What the file of an entry returns, or nil and a message; run in a guard of its own with these limits, which the
-- functions of the value keep and which is the third result.
function files.load_confined(entry, limits)
  local source, message = files.read(entry)
  if not source then return nil, message end
  local g = require("onnxdoc.guard").new(limits)
  local chunk, problem = g:load((source:gsub("^#[^\n]*", "")), "@" .. entry.path)
  if not chunk then return nil, problem:find(entry.path, 1, true) and problem or entry.path .. ": " .. problem end
  local ok, value = g:call(chunk)
  if ok then return value, nil, g end
  return nil, value
end

-- What trusted files see: what all see, and onnxdoc, which in a stock lua5.4 is no global.
local names = setmetatable({onnxdoc = onnxdoc}, {__index = _G, __newindex = _G})

--- What the file of an entry returns, or nil and a message. Of an entry that is not trusted the file runs confined, now
-- and whenever a function in what it returns is called; reports are not for that.
function files.load(entry)
  if entry.value then return entry.value end
  if not entry.trusted and entry.kind == "reports" then return nil, entry.path .. ": not trusted" end
  if not entry.trusted then return files.load_confined(entry) end
  local source, message = files.read(entry)
  if not source then return nil, message end
  source = source:gsub("^#[^\n]*", "")
  local chunk
  chunk, message = load(source, "@" .. entry.path, "t", names)
  if not chunk then return nil, message end
  local ok, value = xpcall(chunk, function(object)
    return type(object) == "table" and object or debug.traceback(tostring(object), 2)
  end)
  if ok then return value end
  return nil, tostring(value)
end

--- The table that the user's own NAME.lua, in the configuration folder itself, returns; nil when there is none. One
-- that cannot be used ends the run.
function files.user_table(name)
  local root = user_root()
  local path = root and root .. "/" .. name .. ".lua"
  if not path or lfs.attributes(path, "mode") ~= "file" then return nil end
  local value, message = files.load({origin = "user", path = path, trusted = true})
  if type(value) == "table" then return value end
  failure(EXIT_SCRIPT, message or path .. ": returns no table")
end

--- What the project's own .onnxdoc.lua returns, run confined, and its path; nil when there is none. One that cannot be
-- used ends the run.
function files.project_table()
  local path = find_in_project(".onnxdoc.lua", "file")
  if not path then return nil end
  local value, message = files.load_confined {origin = "project", path = path}
  if type(value) == "table" then return value, path end
  failure(EXIT_SCRIPT, message or path .. ": returns no table")
end

--- Adds the files of a folder for this run, as -l does single ones; they run confined.
function files.add_folder(kind, folder)
  check_kind(kind)
  if not is_folder(folder) then failure(EXIT_INPUT, folder .. ": not a folder") end
  for _, id in ipairs(folder_ids(folder)) do
    registered[#registered + 1] = {kind = kind, id = id, path = folder:gsub("/+$", "") .. "/" .. id .. ".lua",
      origin = "option", trusted = false}
  end
end

--- What a table given with -l is: by the fields that only this kind must have.
local function guess_kind(value)
  if type(value.run) == "function" then return "reports" end
  if value.check ~= nil then return "rules" end
  if value.shape ~= nil or value.cost ~= nil then return "operators" end
  if value.render ~= nil then return "templates" end
  if value.pattern ~= nil or value.detect ~= nil then return "blocks" end
  return nil
end

--- Adds what a -l file returned for this run; its id is its name, else the file's. A table of no known kind is left
-- alone: the file was run for what it does.
function files.register(path, value)
  local kind = guess_kind(value)
  if not kind then return nil end
  local id = type(value.name) == "string" and value.name or path:match("([^/]*)$"):gsub("%.lua$", "")
  if kind == "reports" and onnxdoc._embedded("reports/" .. id .. ".lua") then
    failure(EXIT_USAGE, ("%s: the verb '%s' is a shipped one and cannot be replaced"):format(path, id))
  end
  local entry = {kind = kind, id = id, path = path, origin = "option", trusted = true, value = value}
  registered[#registered + 1] = entry
  return entry
end

--- -l FILE: runs it and registers what it returns. Ends the run when the file cannot be read or does not compile.
function files.load_option(path)
  local chunk, message = loadfile(path)
  if not chunk then
    local unreadable = message:match("^cannot %a+ .*: ([^:]*)$")
    failure(unreadable and EXIT_INPUT or EXIT_SCRIPT, unreadable and path .. ": " .. unreadable or message)
  end
  local value = chunk()
  if type(value) == "table" then files.register(path, value) end
end

--- The search order and what was found, as lines of text.
function files.describe()
  local lines = {}
  for i, root in ipairs(files.roots()) do
    lines[#lines + 1] = ("%d. %s%s%s"):format(i, root.origin, root.path and " " .. root.path or "",
      root.trusted and "" or " (not trusted: what is loaded from here runs confined; no reports)")
  end
  for _, kind in ipairs(files.kinds) do
    for _, entry in ipairs(files.list(kind)) do
      lines[#lines + 1] = ("%s/%s  %s%s%s"):format(kind, entry.id, entry.path, entry.trusted and "" or "  (confined)",
        entry.replaced_by and ("  (not used: %s)"):format(entry.replaced_by.path) or "")
    end
  end
  return lines
end

return files
