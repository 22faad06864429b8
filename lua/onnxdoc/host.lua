--- The options of the host, those before the first other word. `require "onnxdoc.host"` is a function of the words.

-- value: whether one follows.
local HOST_OPTIONS = {
  ["-e"] = {"code", true}, ["-l"] = {"file", true}, ["-i"] = {"interactive"}, ["-v"] = {"version"},
  ["--version"] = {"version"}, ["-h"] = {"help"}, ["--help"] = {"help"}, ["--lua-dir"] = {"lua_dir", true},
  ["--data-root"] = {"data_root", true},
}

--- What the options say, and where the first other word is; nil and a message when they are wrong.
return function(args)
  local host, i = {steps = {}}, 1
  while args[i] and args[i] ~= "-" and args[i]:sub(1, 1) == "-" do
    local word = args[i]
    if word == "--" then return host, i + 1 end
    local name, value = word:match("^(%-%-[%w-]+)=(.*)$")
    local option = HOST_OPTIONS[name or word]
    if not option or value and not option[2] then
      return nil, ("unknown option '%s'"):format(word)
    end
    if option[2] and not value then
      i = i + 1
      value = args[i]
      if not value then return nil, ("option '%s' needs a value"):format(word) end
    end
    if option[1] == "code" or option[1] == "file" then
      table.insert(host.steps, {kind = option[1], value = value})
      host.has_code = host.has_code or option[1] == "code"
    else
      host[option[1]] = value or true
    end
    i = i + 1
  end
  return host, i
end
