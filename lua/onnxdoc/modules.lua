--- The hierarchy that names spell out: "encoder/layer_0/attention/MatMul" is in "encoder/layer_0". Exporters write it
-- with / or with dots; what holds neither has no module.

local modules = {}

--- How many parts of a name make a module.
modules.depth = 3

local function parts_of(name)
  local parts = {}
  local separator = name:find("/", 1, true) and "[^/]+" or "[^.]+"
  for part in name:gmatch(separator) do parts[#parts + 1] = part end
  return parts
end

--- The module of a name, at most `depth` parts long; "" when it has none.
function modules.name(name, depth)
  local parts = parts_of(name)
  return table.concat(parts, "/", 1, math.min(#parts - 1, depth or modules.depth))
end

--- A tensor's: its own name's, or that of the node that uses it where exporters number tensors.
function modules.tensor(tensor, user, depth)
  local module = modules.name(tensor.name, depth)
  if module == "" or tensor.name:find("::", 1, true) then return user and modules.name(user.name, depth) or module end
  return module
end

return modules
