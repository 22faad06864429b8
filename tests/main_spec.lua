-- The command line: what its words mean, and the exit codes.

local helpers = require "reports.helpers"

describe("onnxdoc", function()
  local scratch

  setup(function()
    scratch = helpers.new()
    scratch:write("m.onnx", helpers.small_model())
    scratch:write("named.bin", helpers.small_model())
    scratch:write("card", "a file that has a verb's name")
    scratch:write("bad.onnx", "this is no model")
    scratch:write("weights.gguf", "GGUF\3\0\0\0")
    scratch:write("show.lua", "print(arg[0], ...) print(#model, #models)")
    scratch:mkdir("folder")
    scratch:mkdir("rules")
  end)
  teardown(function() scratch:remove() end)

  local function check(command, expected)
    local out, err, code = scratch:run(command)
    assert.equal(expected.code or 0, code, command .. "\n" .. err)
    if expected.out then assert.equal(expected.out, out) end
    if expected.err then assert.equal(expected.err, err) end
    if expected.finds then assert.truthy((out .. err):find(expected.finds, 1, true), out .. err) end
    return out, err
  end

  describe("decides by its first word", function()
    it("that a path is a model, by content", function()
      check([["$onnxdoc" m.onnx]], {finds = "m.onnx  ONNX model"})
      check([["$onnxdoc" ./m.onnx]], {finds = "m.onnx  ONNX model"})
      check([["$onnxdoc" named.bin]], {finds = "named.bin  ONNX model"})
      check([["$onnxdoc" m.onnx named.bin]], {finds = "named.bin  ONNX model"})
    end)

    it("that a pipe is a model", function()
      scratch:run("mkfifo pipe")
      check([[cat m.onnx >pipe & "$onnxdoc" pipe; code=$?; wait; exit $code]], {finds = "pipe  ONNX model"})
    end)

    it("that a name in .lua is a script", function()
      check([["$onnxdoc" show.lua m.onnx word]], {out = "show.lua\tm.onnx\tword\n4\t1\n"})
    end)

    it("that - is a script on standard input", function()
      check([[echo 'print(arg[0], arg[1], #model)' | "$onnxdoc" - m.onnx]], {out = "-\tm.onnx\t4\n"})
    end)

    it("that a file which starts with #! is a script", function()
      scratch:write("tool", "#!/usr/bin/env onnxdoc\nprint('tool', ...)\n")
      check([["$onnxdoc" ./tool a]], {out = "tool\ta\n"})
      check([["$onnxdoc" tool a]], {out = "tool\ta\n"})
      scratch:write("shebang.lua", "#!/usr/bin/env onnxdoc\nprint('lua', ...)\n")
      check([["$onnxdoc" shebang.lua a]], {out = "lua\ta\n"})
    end)

    it("that it is a verb, also where a file or folder has its name", function()
      check([["$onnxdoc" card m.onnx]], {finds = "# Model Card: m"})
      check([["$onnxdoc" tree m.onnx]], {finds = "Mul \"mul\""})
    end)

    it("that it is none of these", function()
      check([["$onnxdoc" crd m.onnx]], {code = 2, finds = "'crd' is neither a file nor a verb; did you mean 'card'?"})
      check([["$onnxdoc"]], {code = 2, finds = "try 'onnxdoc --help'"})
      check([["$onnxdoc" -z]], {code = 2, finds = "unknown option '-z'"})
      check([["$onnxdoc" -e]], {code = 2, finds = "needs a value"})
    end)
  end)

  describe("ends with 3", function()
    it("for what is no model, in one clean line", function()
      check([["$onnxdoc" bad.onnx]], {code = 3, out = "", err = "onnxdoc: bad.onnx: is a text file, not an ONNX model; "
        .. "it says 'this is no model'\n"})
      check([["$onnxdoc" ./weights.gguf]], {code = 3, finds = "is a GGUF file"})
      check([["$onnxdoc" folder]], {code = 3, finds = "is a directory"})
      check([["$onnxdoc" ./rules]], {code = 3, finds = "is a directory"})
      check([["$onnxdoc" nothing.onnx]], {code = 3, finds = "onnxdoc: nothing.onnx: there is no such file"})
      check([["$onnxdoc" card nothing.onnx]], {code = 3, finds = "onnxdoc: nothing.onnx: there is no such file"})
    end)

    it("for a script that is not there", function()
      check([["$onnxdoc" nothing.lua]], {code = 3, err = "onnxdoc: nothing.lua: No such file or directory\n"})
      check([["$onnxdoc" ./nothing]], {code = 3, err = "onnxdoc: ./nothing: No such file or directory\n"})
    end)

    it("when one of several models cannot be read, and still does the others", function()
      local out = check([["$onnxdoc" card bad.onnx m.onnx nothing.onnx named.bin]], {code = 3})
      assert.truthy(out:find("# Model Card: m\n", 1, true))
      assert.truthy(out:find("# Model Card: named.bin\n", 1, true))
    end)

    it("when a script uses a model that cannot be read", function()
      check([["$onnxdoc" show.lua bad.onnx]], {code = 3, finds = "onnxdoc: bad.onnx: is a text file"})
      local _, err = check([["$onnxdoc" show.lua nothing.onnx]], {code = 3})
      assert.equal("onnxdoc: nothing.onnx: there is no such file\n", err)
    end)
  end)

  describe("ends with 2", function()
    it("when a script needs a model and no argument is one", function()
      local out, err = check([["$onnxdoc" show.lua word]], {code = 2})
      assert.equal("show.lua\tword\n", out)
      assert.equal("onnxdoc: no argument is a model\nusage: onnxdoc show.lua MODEL.onnx\n", err)
      check([["$onnxdoc" show.lua weights.gguf]], {code = 2, finds = "weights.gguf: is a GGUF file"})
    end)

    it("when a verb's words are wrong, and says where its help is", function()
      check([["$onnxdoc" card]], {code = 2, finds = "try 'onnxdoc card --help'"})
      check([["$onnxdoc" card --bogus m.onnx]], {code = 2, finds = "unknown option '--bogus'"})
      check([["$onnxdoc" tree --depth x m.onnx]], {code = 2, finds = "'x' is not a whole number"})
      check([["$onnxdoc" tree --json --csv m.onnx]], {code = 2, finds = "--csv"})
      check([["$onnxdoc" card - - <m.onnx]], {code = 2, finds = "only once"})
    end)
  end)

  describe("ends with 4", function()
    it("when standard output cannot be written", function()
      for _, command in ipairs {[["$onnxdoc" m.onnx]], [["$onnxdoc" -e 'io.write("x")']], [["$onnxdoc" --help]],
        [["$onnxdoc" -e 'io.write("x") os.exit(0)']], [["$onnxdoc" tree --json m.onnx]]} do
        local _, err = check(command .. " >/dev/full", {code = 4})
        assert.truthy(err:find("^onnxdoc: cannot write standard output[^\n]*\n$"), err)
      end
      check([["$onnxdoc" m.onnx >&-]], {code = 4})
    end)

    it("when a file cannot be written", function()
      check([["$onnxdoc" card m.onnx -o bad.onnx/x.md]], {code = 4, finds = "onnxdoc: cannot write "})
      check([["$onnxdoc" card m.onnx -o /dev/full]], {code = 4, finds = "No space left on device"})
    end)
  end)

  describe("ends with 5", function()
    it("when a script fails, and points at its line", function()
      scratch:write("fail.lua", "local function f()\n  error('boom')\nend\nf()\n")
      local _, err = check([["$onnxdoc" fail.lua]], {code = 5})
      assert.truthy(err:find("^onnxdoc: fail.lua:2: boom\nstack traceback:\n"), err)
      assert.truthy(err:find("fail.lua:4: in main chunk\n$"), err)
      assert.is_nil(err:find("onnxdoc/command", 1, true))
    end)

    it("when a script does not compile", function()
      scratch:write("syntax.lua", "x = = 1")
      check([["$onnxdoc" syntax.lua]], {code = 5, err = "onnxdoc: syntax.lua:1: unexpected symbol near '='\n"})
      check([["$onnxdoc" -e 'x = = 1']], {code = 5, finds = "(command line):1:"})
    end)

    it("whatever the error object is", function()
      check([["$onnxdoc" -e 'error({code = 7, reason = "no"})']], {code = 5, finds = "{code = 7, reason = no}"})
      check([["$onnxdoc" -e 'error()']], {code = 5, finds = "an error without a message (nil)"})
      check([["$onnxdoc" -e 'error(setmetatable({}, {__tostring = function() return "shown" end}))']],
        {code = 5, finds = "onnxdoc: shown\n"})
      check([["$onnxdoc" -e 'error("a\27[31m\nb", 0)']], {code = 5, finds = "onnxdoc: a\\x1b[31m\nb\n"})
    end)

    it("when a report is no report", function()
      scratch:write("report.lua", "return {run = function() end, summary = 'x', bogus = 1}")
      check([["$onnxdoc" report.lua m.onnx]], {code = 5, finds = "report.lua: unknown field 'bogus'"})
    end)
  end)

  it("ends as a script says", function()
    check([["$onnxdoc" -e 'os.exit(7)']], {code = 7})
    check([["$onnxdoc" -e 'os.exit(true, true)']], {code = 0})
    check([["$onnxdoc" -e 'os.exit(false)']], {code = 1})
    check([["$onnxdoc" -e 'error({exit_code = 1, message = "the answer is no"})']],
      {code = 1, err = "onnxdoc: the answer is no\n"})
  end)

  it("is ended quietly by a reader that has seen enough", function()
    check([["$onnxdoc" -e 'for i = 1, 1e6 do print(i) end' | head -n 1]], {out = "1\n", err = ""})
  end)

  it("is interrupted by Ctrl-C", function()
    -- a background job of sh ignores SIGINT, so the signal is sent from inside, by another process
    local out, err, code = scratch:run([["$onnxdoc" -e '
      os.execute("(sleep 0.2; kill -INT $PPID) &") while true do end']])
    assert.equal("", out)
    assert.truthy(err:find("^onnxdoc: interrupted!\n"), err)
    assert.equal(130, code)
  end)

  describe("gives a script", function()
    it("arg as in lua", function()
      scratch:write("arg.lua", "print(arg[-3], arg[-2], arg[-1] ~= nil, arg[0], arg[1], #arg)")
      local out = check([["$onnxdoc" --data-root . arg.lua a b]], {})
      assert.truthy(out:find("^[^\t]+\t%-%-data%-root\ttrue\targ.lua\ta\t2\n$"), out)
    end)

    it("model and models, loaded when they are used", function()
      scratch:write("lazy.lua", "print('before') print(model == models[1], #models, models[2].path)")
      check([["$onnxdoc" lazy.lua --flag m.onnx named.bin]], {out = "before\ntrue\t2\tnamed.bin\n"})
      check([["$onnxdoc" -e 'print("not used")' bad.onnx]], {out = "not used\n"})
    end)

    it("a model from standard input", function()
      check([["$onnxdoc" show.lua - <m.onnx]], {out = "show.lua\t-\n4\t1\n"})
      check([["$onnxdoc" card - <m.onnx]], {finds = "# Model Card: standard input"})
    end)

    it("modules that lie in the current folder, behind all others", function()
      scratch:write("own.lua", "return 'own'")
      scratch:write("lfs.lua", "return 'not lfs'")
      check([["$onnxdoc" -e 'print(require "own", type(require "lfs"))']], {out = "own\ttable\n"})
      check([["$onnxdoc" show.lua m.onnx]], {out = "show.lua\tm.onnx\n4\t1\n"})
      os.remove(scratch:path("lfs.lua"))
    end)

    it("globals that it may set itself", function()
      check([["$onnxdoc" -e 'model = 5 models = nil print(model, undefined)']], {out = "5\tnil\n"})
    end)

    it("an error it can catch when there is no model", function()
      check([["$onnxdoc" -e 'local ok, e = pcall(function() return model end) print(ok, e)']],
        {out = "false\tno argument is a model\n"})
    end)

    it("no argparse, penlight or dkjson", function()
      check([["$onnxdoc" -e 'print(#model) for _, name in ipairs{"argparse", "dkjson", "pl", "pl.compat", "lfs"} do
        assert(not package.loaded[name], name) end' m.onnx]], {out = "4\n"})
    end)
  end)

  it("runs -e before a script, and in order", function()
    check([["$onnxdoc" -e 'x = 1' -e 'x = x + 1' show.lua m.onnx -e]], {finds = "show.lua\tm.onnx\t-e"})
    check([["$onnxdoc" -e 'x = 1' -e 'print(x + 1)']], {out = "2\n"})
    check([["$onnxdoc" -e 'print(...)' card x]], {out = "card\tx\n"})
  end)

  it("runs a script that returns a report with its options parsed", function()
    scratch:write("my.lua", [[return {summary = "Mine.", formats = {"text"},
      options = {{"--times", argname = "N", type = "integer", default = 2, min = 1}, {"what"}},
      run = function(options, session)
        for model, name in session:models() do
          session:write(("%s %s %d %d\n"):format(options.what, name, #model, options.times))
        end
        return 1
      end}]])
    check([["$onnxdoc" my.lua word m.onnx]], {code = 1, out = "word m.onnx 4 2\n"})
    check([["$onnxdoc" my.lua --times 3 word m.onnx]], {code = 1, out = "word m.onnx 4 3\n"})
    check([["$onnxdoc" my.lua --times 0 word m.onnx]], {code = 2, finds = "at least 1"})
    check([["$onnxdoc" my.lua word bad.onnx]], {code = 3})
    check([["$onnxdoc" my.lua --help]], {finds = "--times N"})
  end)

  it("tells its version and its verbs", function()
    local out = check([["$onnxdoc" -v]], {})
    assert.truthy(out:find("^onnxdoc %d+%.%d+%.%d+\n$"))
    assert.equal(out, (check([["$onnxdoc" --version]], {})))
    out = check([["$onnxdoc" --help]], {})
    for _, word in ipairs {"Usage:", "card ", "tree ", "-e CODE", "Exit codes: 0", "Example:"} do
      assert.truthy(out:find(word, 1, true), word)
    end
    for _, verb in ipairs {"card", "tree", "summary"} do
      out = check(('"$onnxdoc" %s --help'):format(verb), {})
      assert.truthy(out:find("Example:\n   onnxdoc " .. verb, 1, true), out)
      assert.truthy(out:find("%-o PATH"))
    end
  end)

  it("reads its Lua files from --lua-dir", function()
    scratch:run([[mkdir -p tree/reports tree/lua/onnxdoc]])
    scratch:write("tree/lua/onnxdoc/command.lua", "return function(args) print('other', args[3]) return 6 end")
    check([["$onnxdoc" --lua-dir tree word]], {code = 6, out = "other\tword\n"})
  end)

  describe("-i", function()
    it("prints results, reads on until a chunk is complete, and goes on after an error", function()
      local out, err = check([["$onnxdoc" -i m.onnx <<'END'
1 + 1, "a"
for i = 1, 2 do
  print(i)
end
x = 3
x
error("boo")
#model
local nothing
"\27["
END]], {})
      assert.equal("2\ta\n1\n2\n3\n4\n\\x1b[\n", out)
      assert.truthy(err:find("stdin:1: boo", 1, true))
    end)

    it("runs a script first", function()
      check([[echo 'y' | "$onnxdoc" -e 'y = "set"' -i]], {out = "set\n"})
    end)

    it("tells of a chunk that never ends", function()
      check([[echo 'if' | "$onnxdoc" -i]], {code = 0, finds = "<eof>"})
    end)
  end)
end)

-- Linking libcurl or pango would cost every start 10 ms; modules that need such are loaded on first use.
describe("what is linked", function()
  local build = helpers.program:match("^(.*)/") or "."

  local function libraries(path)
    local pipe = assert(io.popen("ldd " .. helpers.quote(path) .. " 2>&1"))
    local found = {}
    for line in pipe:lines() do
      local name = line:match("([%w_.+-]+)%.so")
      if name and not name:find("^ld%-linux") and not name:find("^linux%-") and not name:find("san$") then
        found[name] = true
      end
    end
    pipe:close()
    return found
  end

  it("to the binary is libc, libm, liblua5.4 and libprotobuf-c", function()
    local found = libraries(helpers.program)
    for _, name in ipairs{"libc", "liblua5.4", "libprotobuf-c"} do assert.is_true(found[name], name) end
    for _, name in ipairs{"libc", "libm", "liblua5.4", "libprotobuf-c", "libgcc_s", "libdl", "libpthread"} do found[name] = nil end
    assert.same({}, found)
  end)

  it("to the module is not liblua", function()
    if not require("lfs").attributes(build .. "/onnxdoc.so") then return end
    assert.is_nil(libraries(build .. "/onnxdoc.so")["liblua5.4"])
  end)
end)
