-- Makes a model of this folder.
--
--     build/onnxdoc tests/models/make.lua NAME MODEL.onnx [option=value …]
--     LUA_CPATH='build/?.so;;' lua5.4 tests/models/make.lua …
--
-- The options are those of tests/models/NAME.lua; external=NAME.data keeps the weights in a file beside the model.

package.path = "./tests/?.lua;" .. package.path

local function fail(message)
  io.stderr:write("make.lua: ", message, "\n")
  os.exit(1)
end

-- Words are taken away, so that what is loaded finds none.
local function word() return table.remove(arg, 1) end

local name, path = word(), word()
if not path then fail("usage: make.lua NAME MODEL.onnx [option=value …]") end
if not name:find("^[%w_]+$") or not package.searchpath("models." .. name, package.path) then
  fail(("there is no tests/models/%s.lua"):format(name))
end
local function plain(value) -- as it would stand in Lua: a whole number, true, else text
  return math.tointeger(tonumber(value)) or value == "true" or value
end

local options, external = {}, nil
for text in word do
  local key, value = text:match("^([%w_]+)=(.*)$")
  if not key then fail(("'%s' is not option=value"):format(text)) end
  if key == "external" then external = value else options[key] = plain(value) end
end

local ok, done, message = pcall(function()
  local make = require("models." .. name)
  if type(make) ~= "function" then error(("tests/models/%s.lua makes no model"):format(name), 0) end
  return make(options):save(path, {external = external})
end)
if not (ok and done) then fail(tostring(ok and message or done)) end
