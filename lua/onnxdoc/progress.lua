--- How far a run is: "123 of 1,072 models, 4 s left", one line on standard error, from the first second on, written
-- over a few times a second and gone in the end.
--
--   local bar <close> = session:progress(#paths, "models")
--   bar:update(done)
--   bar:clear()         before something else is written there

local text = require "onnxdoc.text"

local progress = {}

-- Seconds: before the line is shown at all, and between two of its states.
local FIRST, STEP = 1, 0.2

local Progress = {}
Progress.__index = Progress

--- Where `shown` is false nothing is ever written. `now` and `write` take the place of the clock and standard error.
function progress.new(total, noun, shown, now, write)
  now = now or require("onnxdoc")._workers.now
  write = write or function(s) io.stderr:write(s) end
  local start = now()
  return setmetatable({total = total, noun = noun, shown = shown, now = now, write = write, start = start,
    due = start + FIRST, width = 0}, Progress)
end

local function duration(seconds)
  if seconds < 99.5 then return ("%d s"):format(math.max(1, math.floor(seconds + 0.5))) end
  if seconds < 99.5 * 60 then return ("%d min"):format(math.floor(seconds / 60 + 0.5)) end
  return text.count(math.floor(seconds / 3600 + 0.5)) .. " h"
end

--- So many are done.
function Progress:update(done)
  local now = self.now()
  if not self.shown or now < self.due then return end
  local line = ("%s of %s %s"):format(text.count(done), text.count(self.total), self.noun)
  if done > 0 and done < self.total then
    line = ("%s, %s left"):format(line, duration((now - self.start) / done * (self.total - done)))
  end
  self.write("\r" .. text.pad(line, math.max(self.width, #line)))
  self.width, self.due = math.max(self.width, #line), now + STEP
end

--- Takes the line away.
function Progress:clear()
  if self.width > 0 then self.write("\r" .. (" "):rep(self.width) .. "\r") end
  self.width = 0
end

Progress.__close = Progress.clear

return progress
