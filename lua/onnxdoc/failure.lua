--- An error that ends the run with one clean line and an exit code (src/README.md lists them) instead of a traceback.
-- Any error object with a whole number `exit_code` and a string `message` is taken so; a script may raise its own.

local Failure = {__name = "onnxdoc.failure"}

function Failure.__tostring(self) return self.message end

--- Raises it. `hint`, when given, is a second line.
return function(exit_code, message, hint)
  error(setmetatable({exit_code = exit_code, message = message, hint = hint}, Failure), 0)
end
