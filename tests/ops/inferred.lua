-- What was inferred of a model, as one text each: for specs to compare.

local inferred = {}

--- The types of the values named.
function inferred.types(model, ...)
  local found = {}
  for i, name in ipairs {...} do found[i] = tostring(model:value(name).type) end
  return table.concat(found, " ")
end

--- The codes of all problems.
function inferred.codes(model)
  local found = {}
  for i, problem in ipairs(model.shape_diagnostics) do found[i] = problem.code end
  return table.concat(found, " ")
end

return inferred
