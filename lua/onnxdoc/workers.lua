--- One function over many strings, in several processes: results come in the order of the strings, and what ends its
-- process or never comes to an end costs one result, not the run.
--
--   workers.run {
--     count = n,
--     job = function(i) … end,              the string of number i; or nil and a failure, where there is nothing to do
--     work = function(job) … end,           gives a string; in a worker: what it changes, nobody here sees
--     take = function(i, result, failure) … end,    here, for 1, 2, … n in this order; false ends the run
--     jobs = 2,                             workers (default: as many as there are processors)
--     seconds = 60,                         a job may take (default: no limit)
--     watch = function(done) … end,         here, a few times a second: how many have come to an end
--   }
--
-- A failure is {code =, message =}: `crashed`, the process ended; `timeout`; `failed`, work raised an error. Jobs are
-- handed out one by one, so that a slow one holds up nothing but its own worker; while results that wait for an earlier
-- one take much memory, none are.

local failure = require "onnxdoc.failure"
local processes = require("onnxdoc")._workers

local workers = {}

local EXIT_SCRIPT = 5

--- Results that wait for their turn: bytes from which on no more jobs are handed out.
workers.waiting_limit = 64 * 2 ^ 20

-- What a result takes besides its own bytes.
local RESULT_NBYTES = 200
-- Seconds between two looks at the clock.
local LOOK = 0.2
-- Seconds behind its limit in which a result that has begun to come is waited for.
local GRACE = 2

local Run = {}
Run.__index = Run

local function new_run(options)
  local jobs = math.max(1, math.min(options.jobs or processes.cpus(), options.count, processes.limit))
  return setmetatable({options = options, count = options.count, jobs = jobs, seconds = options.seconds or math.huge,
    pool = processes.new(options.work), idle = {}, running = {}, workers = 0, next = 1, turn = 1, ended = {}, done = 0,
    waiting = 0, looked = processes.now()}, Run)
end

-- Job number i has come to its end.
function Run:finish(i, result, problem)
  self.ended[i] = {result = result, failure = problem}
  self.waiting = self.waiting + RESULT_NBYTES + (result and #result or 0)
  self.done = self.done + 1
end

-- The number of a worker that has nothing to do, a new one where there may be more; nil when all are at work.
function Run:free_worker()
  local number = table.remove(self.idle)
  if number or self.workers >= self.jobs then return number end
  local message
  number, message = self.pool:start()
  if number then
    self.workers = self.workers + 1
  elseif self.workers == 0 then
    failure(EXIT_SCRIPT, "no worker process can be started: " .. message)
  else
    self.jobs = self.workers
  end
  return number
end

-- The job that the others wait for is always handed out, whatever waits for it.
function Run:may_hand_out()
  return self.next <= self.count and (self.waiting < workers.waiting_limit or self.next == self.turn)
end

function Run:hand_out()
  while self:may_hand_out() do
    local i = self.next
    local job, problem = self.options.job(i)
    local number = job and self:free_worker()
    if job and not number then return end
    self.next = i + 1
    if job then
      self.pool:send(number, job)
      self.running[number] = {i = i, limit = processes.now() + self.seconds}
    else
      self:finish(i, nil, problem)
    end
  end
end

-- Seconds until there is something to do even if no worker gives anything.
function Run:patience()
  local until_then = LOOK
  local now = processes.now()
  for _, job in pairs(self.running) do until_then = math.min(until_then, job.limit - now) end
  return until_then
end

-- Time in which this process was stopped, or stood before a full pipe, is not held against the workers.
function Run:forgive(waited)
  local now = processes.now()
  local missed = now - self.looked - waited
  if missed > 1 then
    for _, job in pairs(self.running) do job.limit = job.limit + missed end
  end
  self.looked = now
end

-- A worker is gone, perhaps one that had nothing to do.
function Run:forget(number)
  self.workers = self.workers - 1
  for place, idle in ipairs(self.idle) do
    if idle == number then return table.remove(self.idle, place) end
  end
end

function Run:wait()
  local patience = next(self.running) and self:patience() or 0
  local number, what, text = self.pool:wait(patience)
  self:forgive(patience)
  local job = number and self.running[number]
  if not number then return end
  if what == "part" then
    job.limit = math.max(job.limit, processes.now() + GRACE)
    return
  end
  self.running[number] = nil
  if what == "ended" then self:forget(number) else self.idle[#self.idle + 1] = number end
  if not job then return end
  if what == "done" then
    self:finish(job.i, text)
  else
    self:finish(job.i, nil, what == "ended" and {code = "crashed", message = "its process " .. text}
      or {code = "failed", message = text})
  end
end

function Run:stop_late()
  local now = processes.now()
  for number, job in pairs(self.running) do
    if now >= job.limit then
      self.pool:stop(number)
      self:forget(number)
      self.running[number] = nil
      self:finish(job.i, nil, {code = "timeout", message = ("took longer than %g s"):format(self.seconds)})
    end
  end
end

-- Gives the results whose turn it is; false when the run is to end.
function Run:take()
  while self.ended[self.turn] do
    local i, ended = self.turn, self.ended[self.turn]
    self.ended[i], self.turn = nil, i + 1
    self.waiting = self.waiting - RESULT_NBYTES - (ended.result and #ended.result or 0)
    if self.options.take(i, ended.result, ended.failure) == false then return false end
  end
  return self.turn <= self.count
end

function workers.run(options)
  local run = new_run(options)
  local _ <close> = run.pool
  while run:take() do
    run:hand_out()
    run:wait()
    run:stop_late()
    if options.watch then options.watch(run.done) end
  end
end

return workers
