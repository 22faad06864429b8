--- Reports of many models, each made in a worker process, so that no model can stop the run: what cannot be read,
-- ends its process or takes too long is told on standard error and passed over. Texts are written in the order of the
-- models.

local workers = require "onnxdoc.workers"

local many = {}

local EXIT_INPUT, EXIT_SCRIPT = 3, 5

-- What a worker gives: the exit code and a report, or also a message and a word for what is wrong.
local function pack(code, text, message, word)
  return ("<i4ss"):pack(code, word or "", message or "") .. (text or "")
end

local function unpack(result)
  local code, word, message, next = ("<i4ss"):unpack(result)
  return {code = code, word = word ~= "" and word or nil, message = message, text = result:sub(next)}
end

local function work_of(session, report)
  return function(path)
    local model, binding, to_close, word = session:open(path)
    if not model then return pack(to_close, nil, binding, word) end
    local text, code = report(model, path, binding)
    to_close:close()
    return pack(code or 0, text)
  end
end

-- What became of a model: {code, text} or {code, word, message}.
local function outcome(result, failure)
  if result then return unpack(result) end
  return {code = failure.code == "failed" and EXIT_SCRIPT or EXIT_INPUT, word = failure.code, message = failure.message}
end

--- What report(model, path, binding) gives for each model of a session, made in a worker: a text, and an exit code
-- where it is not 0. take(path, text) gets it here, in the order of the models; take(path, nil, word, message) where
-- there is none. The session's `apart` says which models these are, how many processes there may be and how long one
-- model may take.
function many.each(session, report, take)
  local inputs = session.apart.inputs
  local bar <close> = session:progress(#inputs, "models")
  workers.run {
    count = #inputs, jobs = session.apart.jobs, seconds = session.apart.seconds,
    job = function(i)
      if inputs[i].problem then return nil, inputs[i].problem end
      return inputs[i].path
    end,
    work = work_of(session, report),
    take = function(i, result, failure)
      local path, became = inputs[i].path, outcome(result, failure)
      if not became.word then
        session:fail(became.code)
        return take(path, became.text)
      end
      bar:clear()
      session:refuse(path, became.message, became.code)
      return take(path, nil, became.word, became.message)
    end,
    watch = function(done) bar:update(done) end,
  }
end

--- Writes all of these texts; refused(path, code, message) is the text for a model there is no report of.
function many.write(session, report, refused)
  session:write(function(write)
    many.each(session, report, function(path, text, word, message)
      return write(text or refused(path, word, message))
    end)
  end)
end

return many
