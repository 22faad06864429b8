--- A plain prompt: expressions and statements, over several lines where one does not end a chunk; results are printed.

local text = require "onnxdoc.text"

local function show(value)
  local shown = tostring(value)
  return text.printable_lines(shown)
end

-- The next line, or nil at the end of input. Ctrl-C while it waits gives "".
local function read_line(prompt)
  if prompt then
    io.stdout:write(prompt)
    io.stdout:flush()
  end
  local ok, line = pcall(io.read)
  if ok then return line end
  io.stdout:write("\n")
  return ""
end

local function is_incomplete(message) return message:find("<eof>$") ~= nil end

-- Reads one chunk; nil at the end of input, and a message when it does not compile.
local function read_chunk(first_prompt, next_prompt)
  local line = read_line(first_prompt)
  if not line then return nil end
  local chunk = load("return " .. line, "=stdin")
  if chunk then return chunk end
  local source = line
  while true do
    local message
    chunk, message = load(source, "=stdin")
    if chunk or not is_incomplete(message) then return chunk or false, message end
    line = read_line(next_prompt)
    if not line then return false, message end
    source = source .. "\n" .. line
  end
end

local function print_results(results)
  local shown = {}
  for i = 2, results.n do shown[#shown + 1] = show(results[i]) end
  if #shown > 0 then print(table.concat(shown, "\t")) end
end

--- Runs until the input ends. Gives the exit code.
return function(terminal, on_error, show_error)
  local first_prompt = terminal.stdin and "> " or nil
  local next_prompt = terminal.stdin and ">> " or nil
  if terminal.stdin then
    print("onnxdoc " .. require("onnxdoc").version .. ", " .. _VERSION .. "; Ctrl-D ends")
  end
  while true do
    local chunk, message = read_chunk(first_prompt, next_prompt)
    if chunk == nil then break end
    if chunk then
      local results = table.pack(xpcall(chunk, on_error))
      if results[1] then
        print_results(results)
      else
        show_error(results[2])
      end
    else
      show_error {message = message}
    end
  end
  if terminal.stdin then print() end
  return 0
end
