--- The globals `model` and `models` of a script: which of the words are models, and loading them when they are first
-- used. `require "onnxdoc.globals"` is a function that gives, for each of the two, a function that makes its value.

local onnxdoc = require "onnxdoc"

local EXIT_USAGE, EXIT_INPUT = 2, 3

-- Loaded only where something went wrong.
local function failure(...) return require "onnxdoc.failure"(...) end
local function about(path, message) return require("onnxdoc.text").about(path, message) end

local function is_model_word(word)
  return word == "-" or word:sub(1, 1) ~= "-" and (word:find("%.onnx$") ~= nil or onnxdoc.looks_like_model(word))
end

-- Why none of the words is a model: the first one that is a file says what it is.
local function explain_no_model(args, first, script)
  local reason = ""
  for i = first, #args do
    local word = args[i]
    if word ~= script and word:sub(1, 1) ~= "-" and require("lfs").attributes(word, "mode") == "file" then
      local _, message = onnxdoc.load(word)
      if message then reason = (" (%s)"):format(about(word, message)) break end
    end
  end
  failure(EXIT_USAGE, "no argument is a model" .. reason, ("usage: onnxdoc %s MODEL.onnx"):format(script))
end

-- The words that are models. The script itself, args[first], is none, also when it stands on standard input.
local function find_models(args, first, free)
  local paths = {}
  for i = first, #args do
    if is_model_word(args[i]) and (free or i > first or args[i] ~= "-") then paths[#paths + 1] = args[i] end
  end
  if #paths == 0 then explain_no_model(args, first, free and "-e CODE" or args[first]) end
  return paths
end

return function(args, first, free, host)
  local loaded = {}
  local function load_model(path)
    if loaded[path] then return loaded[path] end
    local model, message = onnxdoc.load(path, {data_root = host.data_root})
    if not model then failure(EXIT_INPUT, about(path, message)) end
    loaded[path] = model
    return model
  end
  return {
    model = function() return load_model(find_models(args, first, free)[1]) end,
    models = function()
      local models = {}
      for i, path in ipairs(find_models(args, first, free)) do models[i] = load_model(path) end
      return models
    end,
  }
end
