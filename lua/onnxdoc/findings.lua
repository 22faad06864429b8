--- Findings: what rules, and reading and inference, have to say about a model.
--
-- A rule's check(model, report, options) says what it finds, as often as it likes:
--
--   report(subject, message [, values])   subject: a Node, Value, Tensor, Graph or Model, or a list of them; message: a
--                                         template ("{name} has batch 1") or a key of the rule's messages; values: what
--                                         stands in the braces, kept as evidence
--   report.unknown(reason)                that it cannot decide
--   report.bindings                       {symbol = number}: the numbers that are asked about
--
-- Findings of one rule that say the same become one with all their subjects: one cause, one finding. A finding is
--
--   {rule, severity, category, title, message, template, evidence, nodes, values, tensors, count, offset, length,
--    fingerprint, fix, confidence, suppressed = reason, known = true}
--
-- The fingerprint rests on the rule, the template and the structure around the first node, so that names, and what else
-- is in the model, have no part in it; what is equal is numbered in the order in which it was reported.

local json = require "onnxdoc.json"
local lists = require "onnxdoc.lists"
local onnxdoc = require "onnxdoc"
local text = require "onnxdoc.text"

local findings = {}

-- Findings of one rule, and subjects of one finding, that are kept; the others are counted.
local FINDINGS, SUBJECTS = 1000, 100

-- ---- subjects ----

local function node_fact(node)
  return {name = node.name, op = node.op, id = node.id, path = node.path}
end

local function value_fact(value) return {name = value.name, type = value.type ~= "?" and value.type or nil} end

local function tensor_fact(tensor)
  return {name = tensor.name, dtype = tensor.dtype, shape = json.array {table.unpack(tensor.shape)}}
end

-- By the first word of tostring: what a subject is.
local kinds = {Node = {"nodes", node_fact}, Value = {"values", value_fact}, Tensor = {"tensors", tensor_fact},
  Graph = {}, Model = {}}

local function kind_of(subject)
  local meta = type(subject) == "userdata" and debug.getmetatable(subject)
  return meta and kinds[meta.__name or ""]
end

-- ---- fingerprints ----

-- The node that stands for a subject: what makes a value, else what reads it.
local function anchor_of(subject)
  local kind = kind_of(subject)
  if not kind or not kind[1] then return nil end
  if kind[1] == "nodes" then return subject end
  if kind[1] == "tensors" then
    if subject.node then return subject.node end
    subject = subject.value
  end
  return subject and (subject.producer or subject.consumers[1])
end

local function fingerprint_of(rule, template, subject)
  local node = anchor_of(subject)
  local parts = {rule, template, node and node.structure or "-"}
  return onnxdoc.sha256(table.concat(parts, "\0")):sub(1, 16)
end

-- ---- messages ----

local function shown(value)
  if math.type(value) then return math.type(value) == "integer" and text.count(value) or text.number(value) end
  return tostring(value)
end

--- The template with values in its braces; raises where there is none.
function findings.fill(template, values)
  return (template:gsub("{([%a_][%w_]*)}", function(name)
    local value = values and values[name]
    if value == nil then error(("report: the message '%s' wants a value '%s'"):format(template, name), 0) end
    return shown(value)
  end))
end

-- What may be evidence: Exprs as text.
local function evidence_of(values)
  local evidence = json.object()
  for name, value in pairs(values or {}) do
    local kind = type(value)
    if kind == "number" or kind == "string" or kind == "boolean" then evidence[tostring(name)] = value
    elseif kind == "userdata" then evidence[tostring(name)] = tostring(value)
    else error(("report: the value '%s' is a %s"):format(tostring(name), kind), 0) end
  end
  return next(evidence) and evidence or nil
end

-- ---- one rule over one model ----

local Run = {}
Run.__index = Run

local function new_finding(rule, message, template, values)
  return {rule = rule.id, severity = rule.severity, category = rule.category, title = rule.title, message = message,
    template = template, evidence = evidence_of(values), fix = rule.fix, confidence = rule.confidence, count = 0}
end

local function add_subject(finding, subject)
  local kind = kind_of(subject)
  if not kind then error(("report: the subject is a %s; a Node, Value, Tensor, Graph or Model is wanted"):format(
    type(subject)), 0) end
  finding.count = finding.count + 1
  if not kind[1] or finding.count > SUBJECTS then return end
  finding[kind[1]] = finding[kind[1]] or json.array()
  table.insert(finding[kind[1]], kind[2](subject))
  local node = anchor_of(subject)
  local range = kind[1] ~= "values" and subject or node
  if not finding.offset and range and range.offset then finding.offset, finding.length = range.offset, range.length end
end

function Run:fire(subject, message, values)
  if self.is_over then error("report: the rule's check is over", 0) end
  if type(message) ~= "string" then error(("report: the message is a %s, a text is wanted"):format(type(message)),
    0) end
  local rule = self.rule
  local template = rule.messages and rule.messages[message] or message
  local filled = findings.fill(template, values)
  local finding = self.by_message[filled]
  if not finding then
    if #self.findings == FINDINGS then
      self.omitted = self.omitted + 1
      return
    end
    finding = new_finding(rule, filled, template, values)
    self.by_message[filled], self.findings[#self.findings + 1] = finding, finding
  end
  local subjects = type(subject) == "table" and subject or {subject}
  if #subjects == 0 then error("report: no subject is given", 0) end
  finding.anchor = finding.anchor or subjects[1]
  for _, one in ipairs(subjects) do add_subject(finding, one) end
end

function Run:cannot_decide(reason)
  if type(reason) ~= "string" then error("report.unknown: a reason is wanted", 0) end
  self.unknown = self.unknown or reason
end

-- In the rule's own guard where it has one: there a table that is called cannot be handed in.
local trampoline = [[
  local check, model, fire, unknown, bindings, options = ...
  local report = setmetatable({unknown = unknown, bindings = bindings}, {__call = function(_,
    ...) return fire(...) end})
  return check(model, report, options)
]]

local function call_check(rule, ...)
  if not rule.guard then return xpcall(assert(load(trampoline, "=rule")), function(object)
    return type(object) == "table" and object or tostring(object)
  end, rule.check, ...) end
  rule.guard:renew()
  local chunk = assert(rule.guard:load(trampoline, "=rule"))
  return rule.guard:call(chunk, rule.check, ...)
end

local function call_applies(rule, model)
  if not rule.applies then return true, true end
  if not rule.guard then return pcall(rule.applies, model, rule.options) end
  rule.guard:renew()
  return rule.guard:call(rule.applies, model, rule.options)
end

-- Why silence does not mean that the model is clean.
local function lacking(rule, model)
  for _, need in ipairs(rule.needs or {}) do
    local count = need == "shapes" and model.coverage.nodes - model.coverage.shapes or #model.cost_gaps
    if count > 0 then return ("%s without known %s"):format(text.plural(count, "node"), need) end
  end
end

local function number_fingerprints(list)
  local counts = {}
  for _, finding in ipairs(list) do
    local print = fingerprint_of(finding.rule, finding.template, finding.anchor)
    counts[print] = (counts[print] or 0) + 1
    finding.fingerprint, finding.anchor = ("%s-%d"):format(print, counts[print]), nil
  end
end

local function failed(run, message)
  return {rule = run.rule.id, outcome = "failed", reason = tostring(message)}
end

--- Runs one rule: findings, and {rule, outcome, reason, omitted}. The outcome is "fired", "clean", "undecided",
-- "not applicable" or "failed".
function findings.run(rule, model, bindings)
  local run = setmetatable({rule = rule, findings = {}, by_message = {}, omitted = 0}, Run)
  local ok, applies = call_applies(rule, model)
  if not ok then return {}, failed(run, applies) end
  if not applies then return {}, {rule = rule.id, outcome = "not applicable"} end
  local problem
  ok, problem = call_check(rule, model, function(...) return run:fire(...) end,
    function(...) return run:cannot_decide(...) end, bindings, rule.options)
  run.is_over = true
  if not ok and type(problem) == "table" and problem.exit_code then error(problem, 0) end
  number_fingerprints(run.findings)
  if not ok then return run.findings, failed(run, problem) end
  if #run.findings > 0 then
    return run.findings, {rule = rule.id, outcome = "fired", omitted = run.omitted > 0 and run.omitted or nil}
  end
  local reason = run.unknown or lacking(rule, model)
  return {}, {rule = rule.id, outcome = reason and "undecided" or "clean", reason = reason}
end

-- ---- what reading and inference found ----

local stages = {read = "Problem found on reading", shape = "Problem found on inferring shapes"}

local function diagnostic_finding(diagnostic, stage)
  return {rule = stage .. "/" .. diagnostic.code, severity = diagnostic.severity, category = stage,
    title = stages[stage], message = diagnostic.message, template = diagnostic.code, count = 0,
    offset = diagnostic.offset, anchor = diagnostic.node or diagnostic.value or diagnostic.tensor}
end

-- What a diagnostic says, names left out; of reading numbers, too: tensors of any size are without data for one reason.
local function words_of(diagnostic, stage)
  local words = diagnostic.message:gsub("'.-'", "''")
  if stage == "read" then words = words:gsub("%b[]", "[]"):gsub("%d+", "0") end
  return diagnostic.severity .. diagnostic.code .. words
end

-- Those that say the same of different names are one.
local function add_diagnostics(list, diagnostics, stage)
  local by_words = {}
  for _, diagnostic in ipairs(diagnostics) do
    local words = words_of(diagnostic, stage)
    local finding = by_words[words]
    if not finding then
      finding = diagnostic_finding(diagnostic, stage)
      by_words[words], list[#list + 1] = finding, finding
    end
    local subject = diagnostic.node or diagnostic.value or diagnostic.tensor
    if subject then add_subject(finding, subject) else finding.count = finding.count + 1 end
    finding.count = finding.count + (diagnostic.omitted or 0)
  end
end

--- The diagnostics of a model as findings.
function findings.of_diagnostics(model)
  local list = {}
  add_diagnostics(list, model.diagnostics, "read")
  add_diagnostics(list, model.shape_diagnostics, "shape")
  number_fingerprints(list)
  return list
end

local rank = {error = 1, warning = 2, info = 3}

--- Sorts findings, the worst first, else by rule and in the order reported.
function findings.sort(list)
  for i, finding in ipairs(list) do finding.position = i end
  table.sort(list, function(a, b)
    local x, y = rank[a.severity] or 4, rank[b.severity] or 4
    if x ~= y then return x < y end
    if a.rule ~= b.rule then return a.rule < b.rule end
    return a.position < b.position
  end)
  for _, finding in ipairs(list) do finding.position = nil end
  return list
end

--- All rules of a plan (rule_plan.lua) over a model: findings, the worst first, and the outcomes by rule.
function findings.of(model, plan, bindings)
  local list, outcomes = {}, json.array()
  for _, finding in ipairs(findings.of_diagnostics(model)) do
    if plan:takes(finding) then list[#list + 1] = finding end
  end
  for _, rule in ipairs(plan.rules) do
    local found, outcome = findings.run(rule, model, bindings)
    table.move(found, 1, #found, #list + 1, list)
    outcomes[#outcomes + 1] = outcome
  end
  for _, finding in ipairs(list) do plan:suppress(finding, model) end
  return findings.sort(list), outcomes
end

--- Whether a finding is at least that bad: of {"error", "warning", "info"}, "error" is the worst.
function findings.is_at_least(finding, severity) return (rank[finding.severity] or 4) <= (rank[severity] or 0) end

--- Whether a finding makes the exit code 1: neither accepted nor known, and at least as bad as that ("never": none is).
function findings.counts(finding, fail_on)
  return not finding.suppressed and not finding.known and findings.is_at_least(finding, fail_on)
end

findings.severities = lists.set "error warning info"

return findings
