--- Findings as SARIF 2.1.0, which forges show beside the code. Models that could not be read, and rules that failed or
-- could not decide, are notifications. Paths are relative to the repository's root, so that the same findings are the
-- same bytes on every machine.

local finding_text = require "onnxdoc.finding_text"
local json = require "onnxdoc.json"
local lists = require "onnxdoc.lists"
local onnxdoc = require "onnxdoc"
local repository = require "onnxdoc.repository"
local text = require "onnxdoc.text"

local SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
local ROOT = "%SRCROOT%"

local levels = {error = "error", warning = "warning", info = "note"}
local problem_severities = {error = "error", warning = "warning", info = "recommendation"}

local keyorder = {"$schema", "id", "name", "version", "runs", "tool", "driver", "semanticVersion", "invocations",
  "originalUriBaseIds", "artifacts", "results", "ruleId", "ruleIndex", "level", "message", "text", "markdown",
  "shortDescription", "fullDescription", "help", "locations", "physicalLocation", "artifactLocation", "uri"}

-- ---- text ----

-- Braces of a message are doubled (SARIF 2.1.0, 3.11.5); nothing in it becomes a link.
local function plain(s)
  return {text = (finding_text.line(s):gsub("[{}]", "%0%0"):gsub("%](%()", "\\x5d%1"))}
end

-- unused_initializers: UnusedInitializers.
local function pascal_case(id)
  return (text.printable(id):gsub("%f[%w]%w+", function(word) return word:sub(1, 1):upper() .. word:sub(2) end)
    :gsub("[_/-]", ""))
end

-- ---- rules ----

local function links_of(rule)
  local links = json.array()
  for _, link in ipairs(rule.references or {}) do
    if type(link) == "string" and link:find("^https?://[%w._~:/?#@!$&'()*+,;=%%-]+$") then links[#links + 1] = link end
  end
  return links
end

local function help_of(rule, links)
  local parts, marked = {}, {}
  for _, part in ipairs {rule.description or rule.title, rule.fix} do
    parts[#parts + 1], marked[#marked + 1] = part, text.markdown(finding_text.line(part))
  end
  local help = plain(table.concat(parts, " "))
  for _, link in ipairs(links) do marked[#marked + 1] = ("- <%s>"):format(link) end
  help.markdown = table.concat(marked, "\n\n")
  return help
end

local function descriptor(rule)
  local links = links_of(rule)
  return {id = rule.id, name = pascal_case(rule.id), shortDescription = plain(rule.title),
    fullDescription = plain(rule.description or rule.title), help = help_of(rule, links), helpUri = links[1],
    defaultConfiguration = {level = levels[rule.severity] or "note"},
    properties = {tags = json.array {rule.category}, precision = rule.confidence,
      ["problem.severity"] = problem_severities[rule.severity]}}
end

-- Findings of reading and inference have no rule files.
local function rules_of_diagnostics(results, known)
  local found = {}
  for _, result in ipairs(results) do
    for _, finding in ipairs(result.findings or {}) do
      if not known[finding.rule] and not found[finding.rule] then
        found[finding.rule] = {id = finding.rule, title = finding.title, severity = finding.severity,
          category = finding.category}
      end
    end
  end
  return found
end

-- The descriptors, and the places of them by id, counted from 0.
local function describe(results, rules)
  local list, index = json.array(), {}
  local function add(rule)
    index[rule.id], list[#list + 1] = #list, descriptor(rule)
  end
  for _, rule in ipairs(rules) do add(rule) end
  local others = rules_of_diagnostics(results, index)
  for _, id in ipairs(lists.sorted_keys(others)) do add(others[id]) end
  return list, index
end

-- ---- places ----

local function artifact_location(path, places)
  if path == "-" then return nil end
  local relative, whole = places:relative(path)
  if relative then return {uri = repository.uri(relative), uriBaseId = ROOT} end
  return {uri = "file://" .. repository.uri(whole)}
end

local function logical_locations(finding)
  local list = json.array()
  for _, node in ipairs(finding.nodes or {}) do
    list[#list + 1] = {kind = "node", name = finding_text.line(node.name),
      fullyQualifiedName = finding_text.line(node.path)}
  end
  for _, value in ipairs(finding.values or {}) do
    list[#list + 1] = {kind = "value", name = finding_text.line(value.name)}
  end
  for _, tensor in ipairs(finding.tensors or {}) do
    list[#list + 1] = {kind = "tensor", name = finding_text.line(tensor.name)}
  end
  return #list > 0 and list or nil
end

local function locations(finding, artifact)
  local region = finding.offset and {byteOffset = finding.offset, byteLength = finding.length}
  local location = {physicalLocation = artifact and {artifactLocation = artifact, region = region or nil},
    logicalLocations = logical_locations(finding)}
  return next(location) and json.array {location} or nil
end

-- ---- results ----

local function evidence_of(finding)
  if not finding.evidence then return nil end
  local evidence = json.object()
  for name, value in pairs(finding.evidence) do
    evidence[finding_text.line(name)] = type(value) == "string" and finding_text.line(value) or value
  end
  return evidence
end

local function result_of(finding, artifact, index, has_baseline)
  return {ruleId = finding.rule, ruleIndex = index[finding.rule], level = levels[finding.severity] or "note",
    message = plain(finding_text.message(finding)), locations = locations(finding, artifact),
    partialFingerprints = {["onnxdocFingerprint/v1"] = finding.fingerprint},
    suppressions = json.array {finding.suppressed and {kind = "external", status = "accepted",
      justification = finding_text.line(finding.suppressed)}},
    baselineState = has_baseline and (finding.known and "unchanged" or "new") or nil,
    properties = {evidence = evidence_of(finding), count = finding.count}}
end

-- ---- what went wrong ----

local outcome_levels = {failed = "error", undecided = "note", fired = "note"}

local function notification(level, said, artifact, id, index)
  return {level = level, message = plain(said), locations = artifact and json.array {{physicalLocation = {
    artifactLocation = artifact}}} or nil, associatedRule = id and {id = id, index = index[id]} or nil}
end

-- How the run went: what there is to say of models and rules, and whether nothing failed.
local function invocation(results, index, places)
  local said, successful = json.array(), true
  for _, result in ipairs(results) do
    local artifact = artifact_location(result.path, places)
    if result.error then
      said[#said + 1], successful = notification("error", finding_text.unread(result), artifact), false
      said[#said].descriptor = {id = "cannot-read/" .. result.error.code}
    end
    for _, outcome in ipairs(result.outcomes or {}) do
      local words = finding_text.outcome(outcome)
      if words then
        said[#said + 1] = notification(outcome_levels[outcome.outcome], words, artifact, outcome.rule, index)
      end
      successful = successful and outcome.outcome ~= "failed"
    end
  end
  return {executionSuccessful = successful, toolExecutionNotifications = said}
end

--- options: rules (those that ran), has_baseline.
return function(write, results, options)
  local places = finding_text.repository(results)
  local rules, index = describe(results, options.rules)
  local run = {tool = {driver = {name = "onnxdoc", version = onnxdoc.version, semanticVersion = onnxdoc.version,
    rules = rules}}, invocations = json.array {invocation(results, index, places)},
    originalUriBaseIds = {[ROOT] = {description = {text = "The root of the repository."}}},
    artifacts = json.array(), results = json.array()}
  for _, result in ipairs(results) do
    local artifact = artifact_location(result.path, places)
    table.insert(run.artifacts, {location = artifact, description = not artifact and {text = "standard input"} or nil,
      roles = json.array {"analysisTarget"}})
    for _, finding in ipairs(result.findings or {}) do
      table.insert(run.results, result_of(finding, artifact, index, options.has_baseline))
    end
  end
  write(json.encode({["$schema"] = SCHEMA, version = "2.1.0", runs = json.array {run}},
    {keyorder = keyorder, indent = true}), "\n")
end
