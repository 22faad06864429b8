-- Checks that includes in src/ point downwards only: a folder is a layer, and only src/lua and main.c know Lua.
-- Prints each line that does not and exits 1.

local layers = {"base", "onnx", "graph", "dim", "ops", "cost", "match", "lua"}
local leaves = {weights = true, gpu = true, draw = true, http = true, layout = true, line = true}
local rank = {}
for i, layer in ipairs(layers) do rank[layer] = i end

local function allowed(from, to)
  if from == to or from == "main" then return true end
  if from == "lua" then return rank[to] ~= nil or leaves[to] end
  if leaves[from] then return to == "base" end
  return rank[from] and rank[to] and rank[to] < rank[from]
end

local wrong, files = 0, 0
local function complain(path, line, text)
  print(("%s:%d: %s"):format(path, line, text))
  wrong = wrong + 1
end

local pipe = assert(io.popen("find src -type f -name '*.[ch]' | LC_ALL=C sort"))
for path in pipe:lines() do
  files = files + 1
  local layer = path:match("^src/([^/]+)/") or path:match("^src/(main)%.c$")
  if not layer or not (rank[layer] or leaves[layer] or layer == "main") then
    complain(path, 1, "not in a layer that tests/lint/layers.lua knows")
  else
    local number = 0
    for line in io.lines(path) do
      number = number + 1
      local quote, target = line:match('^%s*#%s*include%s*([<"])([^">]+)')
      if target then
        local to = target:match("^([^/]+)/")
        if target:find("^lua[%w]*%.h$") or target == "lauxlib.h" then
          if layer ~= "lua" and layer ~= "main" then
            complain(path, number, "only src/lua and main.c include " .. target)
          end
        elseif quote == '"' and target ~= "onnx.pb-c.h" then
          if not to or not (rank[to] or leaves[to]) then
            complain(path, number, "include \"" .. target .. "\" by its layer: \"layer/file.h\"")
          elseif not allowed(layer, to) then
            complain(path, number, layer .. " must not know " .. to .. " (" .. target .. ")")
          end
        end
        if (target == "onnx.pb-c.h" or target:find("^protobuf%-c")) and layer ~= "onnx" and layer ~= "graph" and layer ~= "lua" then
          complain(path, number, layer .. " does not use protobuf-c")
        end
      end
    end
  end
end
pipe:close()
if wrong == 0 then print(("layers: %d files keep to them"):format(files)) end
os.exit(wrong == 0)
