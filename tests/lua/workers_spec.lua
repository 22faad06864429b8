-- One function over many strings in worker processes: order, what goes wrong in a worker, limits, nothing left behind.

local onnxdoc = require "onnxdoc"
local Scratch = require "scratch"
local workers = require "onnxdoc.workers"
local processes = onnxdoc._workers

-- Runs work over a list; gives results, or "code: message" of failures, and the numbers in the order they came.
local function run(list, work, options)
  local results, order = {}, {}
  options = options or {}
  options.count, options.work = #list, work
  options.job = options.job or function(i) return list[i] end
  options.take = options.take or function(i, result, failure)
    results[i], order[#order + 1] = result or failure.code .. ": " .. failure.message, i
  end
  workers.run(options)
  return results, order
end

-- What comes of a pool next, when it is there as a whole.
local function wait(pool)
  local number, what, text
  repeat number, what, text = pool:wait(10) until what ~= "part"
  return number, what, text
end

local function signal_self(name) os.execute("kill -" .. name .. " $PPID") end
local function is_alive(pid) return os.execute("kill -0 " .. pid .. " 2>/dev/null") == true end

describe("workers.run", function()
  local limit = workers.waiting_limit
  after_each(function() workers.waiting_limit = limit end)

  it("gives results in the order of the jobs, whichever is ready first", function()
    local list = {}
    for i = 1, 50 do list[i] = tostring(i) end
    local results, order = run(list, function(job)
      if job == "1" then os.execute("sleep 0.2") end
      return job .. "!"
    end, {jobs = 3})
    for i = 1, 50 do
      assert.equal(i .. "!", results[i])
      assert.equal(i, order[i])
    end
  end)

  it("passes any bytes, also more than fit into a pipe", function()
    local list = {"", "a\0b\n", ("x"):rep(3000000) .. "\0"}
    local results = run(list, function(job) return job .. job:reverse() end, {jobs = 2})
    for i, job in ipairs(list) do assert.is_true(results[i] == job .. job:reverse()) end
  end)

  it("has nothing to do where there is nothing", function()
    assert.same({}, (run({}, function() end)))
  end)

  it("says what work raised, and what it gave that is no string", function()
    local results = run({"a", "b", "c", "d"}, function(job)
      if job == "a" then error("oops", 0) end
      if job == "b" then error({exit_code = 1}) end
      if job == "c" then return 7 end
      return job
    end, {jobs = 1})
    assert.equal("failed: oops", results[1])
    assert.truthy(results[2]:find("^failed: table: "))
    assert.equal("failed: a number came out, a string is wanted", results[3])
    assert.equal("d", results[4])
  end)

  it("goes on with a new worker where one ends", function()
    local results = run({"a", "kill", "b", "exit", "c", "kill", "kill"}, function(job)
      if job == "kill" then signal_self "KILL" end
      if job == "exit" then os.exit(7) end
      return job
    end, {jobs = 2})
    assert.same({"a", "crashed: its process was killed by signal 9 (Killed)", "b",
      "crashed: its process ended with exit code 7", "c"}, table.move(results, 1, 5, 1, {}))
    assert.equal(results[2], results[7])
  end)

  it("ends a worker that takes too long, and only that one", function()
    local results = run({"slow", "a", "b"}, function(job)
      while job == "slow" do end
      return job
    end, {jobs = 2, seconds = 0.3})
    assert.same({"timeout: took longer than 0.3 s", "a", "b"}, results)
  end)

  it("goes on without a worker that ended while it had nothing to do", function()
    workers.waiting_limit = 1 -- so that the second worker has to wait for the first
    local results = run({"slow", "short-lived", "c", "d", "e"}, function(job)
      if job == "slow" then os.execute("sleep 0.8") end
      if job == "short-lived" then os.execute("(sleep 0.2; kill -KILL $PPID) >/dev/null 2>&1 &") end
      return job
    end, {jobs = 2})
    assert.same({"slow", "short-lived", "c", "d", "e"}, results)
  end)

  it("does not wait for one that takes no job off our hands", function()
    local results = run({"stop", ("x"):rep(8000000), "c"}, function(job)
      if job == "stop" then os.execute("(sleep 0.1; kill -STOP $PPID) >/dev/null 2>&1 &") end
      return job
    end, {jobs = 1, seconds = 0.5, job = function(i)
      if i == 2 then os.execute("sleep 0.4") end
      return ({"stop", ("x"):rep(8000000), "c"})[i]
    end})
    assert.same({"stop", "timeout: took longer than 0.5 s", "c"}, results)
  end)

  it("does not hold it against workers when their results are not looked at", function()
    local results = {}
    run({"a", "b", "c"}, function(job) return job:rep(1000000) end, {jobs = 3, seconds = 0.5, take = function(i, result)
      if i == 1 then os.execute("sleep 1.2") end
      results[i] = result and result:sub(1, 1)
    end})
    assert.same({"a", "b", "c"}, results)
  end)

  it("hands nothing out while what waits for its turn takes much memory", function()
    workers.waiting_limit = 1000000
    local list, most_ahead, taken = {}, 0, 0
    for i = 1, 200 do list[i] = tostring(i) end
    run(list, function(job)
      if job == "1" then os.execute("sleep 0.3") end
      return ("x"):rep(100000)
    end, {jobs = 2, job = function(i)
      most_ahead = math.max(most_ahead, i - taken)
      return list[i]
    end, take = function(i) taken = i end})
    assert.equal(200, taken)
    assert.is_true(most_ahead <= 14, most_ahead)
  end)

  it("takes failures for jobs that are none, and stops where take says so", function()
    local results = run({"a", "b", "c"}, function(job) return job end, {job = function(i)
      if i == 2 then return nil, {code = "io", message = "no"} end
      return "job"
    end})
    assert.same({"job", "io: no", "job"}, results)
    local last
    run({"a", "b", "c", "d", "e"}, function(job) return job end, {take = function(i)
      last = i
      return i < 3
    end})
    assert.equal(3, last)
  end)

  it("shows how many are done", function()
    local seen = {}
    run({"a", "b", "c"}, function(job) return job end, {watch = function(done) seen[#seen + 1] = done end})
    assert.equal(3, seen[#seen])
  end)

  it("keeps what workers print away from standard output", function()
    local scratch = Scratch.new()
    local script = scratch:write("print.lua", [[
      io.write("before;")
      require("onnxdoc.workers").run {count = 2, jobs = 1, job = tostring, take = function(_, s) io.write(s, ";") end,
        work = function(s) print("printed") return s end}]])
    local program = os.getenv("ONNXDOC") or "build/onnxdoc"
    local pipe = io.popen(("%s %s 2>%s"):format(program, script, scratch:path("err")))
    assert.equal("before;1;2;", pipe:read("a"))
    pipe:close()
    assert.equal("printed\nprinted\n", io.open(scratch:path("err")):read("a"))
    scratch:remove()
  end)

  it("leaves no process behind when something is raised here", function()
    local pid
    assert.has_error(function()
      run({"a", "b"}, function(job)
        while job == "b" do end
        return io.open("/proc/self/stat"):read("n") .. ""
      end, {jobs = 2, take = function(_, result)
        pid = result
        error("enough", 0)
      end})
    end, "enough")
    assert.is_false(is_alive(pid))
  end)
end)

describe("worker processes", function()
  it("know how many can run, and the time", function()
    assert.is_true(processes.cpus() >= 1)
    local before = processes.now()
    assert.is_true(processes.now() >= before)
  end)

  it("are told apart from what is none", function()
    local pool <close> = processes.new(function(job) return job end)
    assert.has_error(function() processes.new("work") end)
    assert.has_error(function() pool:send(1, "x") end, "bad argument #1 to 'send' (there is no such worker)")
    assert.has_error(function() pool:stop(0) end)
    local number = pool:start()
    pool:send(number, "x")
    assert.has_error(function() pool:send(number, "y") end, "bad argument #1 to 'send' (it has a job)")
    pool:stop(number)
    assert.has_error(function() pool:send(number, "x") end)
    assert.is_nil(pool:wait(0))
    assert.equal(number, pool:start())
    pool:close()
    assert.is_nil(pool:wait(0))
    pool:close()
  end)

  it("do not hear Ctrl-C, which is for the process that has them", function()
    assert.same({"a", "b"}, (run({"a", "b"}, function(job)
      signal_self "INT"
      return job
    end, {jobs = 1})))
  end)

  it("hold no other socket than their own, so that they see its end", function()
    local function sockets()
      local pipe = io.popen("ls -l /proc/$PPID/fd 2>/dev/null | grep -c socket:")
      local count = pipe:read("n")
      pipe:close()
      return count
    end
    local pool <close> = processes.new(function() return tostring(sockets()) end)
    local before = sockets()
    for number = 1, 3 do
      assert.equal(number, pool:start())
      pool:send(number, "")
      assert.same({number, "done", tostring(before + 1)}, {wait(pool)})
    end
  end)

  it("are ended when the pool is collected", function()
    local pool = processes.new(function() return io.open("/proc/self/stat"):read("n") .. "" end)
    pool:send(pool:start(), "")
    local _, _, pid = wait(pool)
    assert.is_true(is_alive(pid))
    pool = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_false(is_alive(pid))
  end)

  it("may have workers of their own", function()
    local results = run({"a", "b"}, function(job)
      local inner = run({job .. 1, job .. 2}, function(s) return s:upper() end, {jobs = 2})
      return table.concat(inner, " ")
    end, {jobs = 2})
    assert.same({"A1 A2", "B1 B2"}, results)
  end)
end)
