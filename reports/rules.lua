--- `onnxdoc rules`: which rules there are, what one of them says, whether their examples hold, a new one.

local columns = require "onnxdoc.columns"
local failure = require "onnxdoc.failure"
local files = require "onnxdoc.files"
local json = require "onnxdoc.json"
local lists = require "onnxdoc.lists"
local output = require "onnxdoc.output"
local rule_examples = require "onnxdoc.rule_examples"
local rules = require "onnxdoc.rules"
local spelling = require "onnxdoc.spelling"
local text = require "onnxdoc.text"

local EXIT_NO, EXIT_USAGE, EXIT_OUTPUT, EXIT_SCRIPT = 1, 2, 4, 5

local printable = text.printable

-- ---- what rules say of themselves ----

local function option_text(value)
  if type(value) == "table" then return "{" .. table.concat(value, ", ") .. "}" end
  return value == false and "no limit" or tostring(value)
end

-- As plain data.
local function record(rule)
  if rule.problem then return {id = rule.id, path = rule.path, origin = rule.origin, problem = rule.problem} end
  local options = json.object()
  for name, default in pairs(rule.options or {}) do options[name] = default end
  return {id = rule.id, path = rule.path, origin = rule.origin, severity = rule.severity, title = rule.title,
    category = rule.category, confidence = rule.confidence, description = rule.description, fix = rule.fix,
    options = next(options) and options or nil, references = rule.references, needs = rule.needs,
    examples = #rule.examples.fires + #rule.examples.silent}
end

local keyorder = {"id", "severity", "category", "title", "description", "fix", "origin", "path"}

local function write_list(write, list)
  local rows = {{"Rule", "Severity", "Category", "What it finds", "From"}}
  for _, rule in ipairs(list) do
    rows[#rows + 1] = rule.problem
      and {printable(rule.id), "", "", text.truncate(printable(rule.problem), 60), rule.origin}
      or {printable(rule.id), rule.severity, printable(rule.category or ""), printable(rule.title),
        rule.origin ~= "shipped" and rule.origin or ""}
  end
  for _, line in ipairs(columns(rows, {})) do write(line, "\n") end
end

local function wrap(write, s, indent)
  for _, line in ipairs(text.wrap(printable(s), 80 - #indent, true)) do write(indent, line, "\n") end
end

local function write_page(write, rule)
  write(printable(rule.id), "  ", rule.severity, rule.category and ", " .. printable(rule.category) or "",
    rule.confidence and ", confidence " .. rule.confidence or "", "\n")
  wrap(write, rule.title, "  ")
  for _, part in ipairs {{"description"}, {"fix", "What to do"}} do
    if rule[part[1]] then
      write(part[2] and "\n" .. part[2] .. "\n" or "\n")
      wrap(write, rule[part[1]], "  ")
    end
  end
  local names = lists.sorted_keys(rule.options or {})
  if #names > 0 then write("\nOptions (--set ", printable(rule.id), ".NAME=VALUE)\n") end
  for _, name in ipairs(names) do write("  ", name, " = ", printable(option_text(rule.options[name])), "\n") end
  if rule.references then write("\nSee\n") end
  for _, link in ipairs(rule.references or {}) do write("  ", printable(tostring(link)), "\n") end
  write("\nIt fires on\n")
  local first = rule.examples.fires[1]
  local source = type(first) == "table" and first.model or first
  wrap(write, type(source) == "string" and source or "(a model that its file builds)", "  ")
  write("\n", rule.origin, ": ", printable(rule.path), "\n")
end

local function find(id)
  local list, ids = rules.load(true), {}
  for i, rule in ipairs(list) do
    if rule.id == id then return rule end
    ids[i] = rule.id
  end
  local near = spelling.nearest(id, ids)
  failure(EXIT_USAGE, ("there is no rule '%s'%s"):format(id, near and ("; did you mean '%s'?"):format(near)
    or "; 'onnxdoc rules' lists them"))
end

local function show(options, session)
  local list = options.action and {find(options.action)} or rules.load(true)
  session:write_all(function(write)
    if options.format == "json" then
      local records = json.array()
      for i, rule in ipairs(list) do records[i] = record(rule) end
      write(json.encode(options.action and records[1] or records, {keyorder = keyorder, indent = true}), "\n")
    elseif not options.action then
      write_list(write, list)
    elseif list[1].problem then
      write(printable(list[1].problem), "\n")
    else
      write_page(write, list[1])
    end
  end)
  return options.action and list[1].problem and EXIT_SCRIPT or 0
end

-- ---- testing ----

local function test(options, session)
  local only = options.what
  if only then files.add_folder("rules", only) end
  local count, failed, tested = 0, 0, 0
  session:write_all(function(write)
    for _, rule in ipairs(rules.load(true)) do
      if not only or rule.origin == "option" then
        local problems, examples = {{problem = rule.problem}}, 0
        if not rule.problem then problems, examples = rule_examples.problems(rule) end
        tested, count, failed = tested + 1, count + examples, failed + #problems
        for _, problem in ipairs(problems) do
          write("FAIL ", printable(rule.id), problem.example and " " .. problem.example or "", ": ",
            printable(problem.problem), "\n")
        end
      end
    end
    write(("%s, %s, %d failed\n"):format(text.plural(tested, "rule"), text.plural(count, "example"), failed))
  end)
  if tested == 0 then failure(EXIT_USAGE, "rules test: there is no rule in " .. (only or "any folder")) end
  return failed > 0 and EXIT_NO or 0
end

-- ---- a new one ----

local skeleton = [==[
-- What this rule is about, for whoever reads the file.

return {
  severity = "warning", category = "project", title = "Large convolution kernels",
  description = "Why this is a problem, in a sentence or two.",
  fix = "What to do about it.",
  options = {most = 7},
  check = function(model, report, options)
    local found = {}
    for node in model:nodes{op = "Conv"} do
      local kernel = node.inputs.W and node.inputs.W.shape
      if kernel and math.type(kernel[3]) and kernel[3] > options.most then found[#found + 1] = node end
    end
    if #found > 0 then
      report(found, "{count} Conv with a kernel of more than {most} rows", {count = #found, most = options.most})
    end
  end,
  examples = {
    fires = {"g (float[1,1,16,16] x, float[4,1,9,9] w) => (y) { y = Conv(x, w) }"},
    silent = {"g (float[1,1,16,16] x, float[4,1,7,7] w) => (y) { y = Conv(x, w) }"},
  },
}
]==]

local function new(options)
  local id = options.what
  if not id then failure(EXIT_USAGE, "rules new: a name for the rule is missing") end
  if not id:find("^[%a_][%w_]*$") or id == "test" or id == "new" then
    failure(EXIT_USAGE, ("rules new: '%s' can be no rule's name: letters, digits and _ are wanted"):format(id))
  end
  local path = ".onnxdoc/rules/" .. id .. ".lua"
  if require("lfs").attributes(path) then failure(EXIT_OUTPUT, path .. ": is there already") end
  local ok, message = output.write_file(path, skeleton)
  if not ok then failure(EXIT_OUTPUT, "cannot write " .. message) end
  print(("%s: a rule to start from; try 'onnxdoc rules test .onnxdoc/rules'"):format(path))
end

return {
  summary = "The rules of onnxdoc check: a list, one rule's page; rules test, rules new.",
  description = "The rules of onnxdoc check. Without words a list, with a rule's name its page; 'test [DIR]' runs the "
    .. "examples of all rules, or of those in a folder; 'new NAME' writes .onnxdoc/rules/NAME.lua to start from.",
  example = "onnxdoc rules new large_kernels && onnxdoc rules test .onnxdoc/rules",
  models = "none",
  formats = {"text", "json"},
  options = {
    {"action", argname = "RULE|test|new", args = "?", description = "A rule's name, or what to do."},
    {"what", argname = "DIR|NAME", args = "?", description = "Of test, a folder; of new, the rule's name."},
  },
  run = function(options, session)
    if options.action == "test" then return test(options, session) end
    if options.action == "new" then return new(options) end
    if options.what then failure(EXIT_USAGE, "rules: one rule at a time") end
    return show(options, session)
  end,
}
