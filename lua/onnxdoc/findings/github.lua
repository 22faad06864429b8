--- Findings as workflow commands of GitHub Actions, which become annotations, and as a table in the job's summary where
-- there is one. What is known or accepted is left out.

local failure = require "onnxdoc.failure"
local finding_text = require "onnxdoc.finding_text"
local text = require "onnxdoc.text"

local EXIT_OUTPUT = 4

-- Rows of the summary, and columns of what a row says: GitHub takes a megabyte of a step's summary.
local ROWS, COLUMNS = 200, 300

local commands = {error = "error", warning = "warning", info = "notice"}

-- ---- commands ----

-- No line end is left in, so that nothing in s begins a command.
local function data(s)
  return (finding_text.line(s):gsub("[%%\r\n]", {["%"] = "%25", ["\r"] = "%0D", ["\n"] = "%0A"}))
end

local function property(s) return (data(s):gsub("[:,]", {[":"] = "%3A", [","] = "%2C"})) end

local function write_command(write, entry)
  write(("::%s %stitle=%s::%s\n"):format(commands[entry.severity] or "notice",
    entry.file and ("file=%s,"):format(property(entry.file)) or "", property(entry.title),
    data(entry.message .. (entry.fix and ". " .. entry.fix or ""))))
end

-- ---- the summary ----

local function cell(s) return text.markdown(text.truncate(s, COLUMNS)) end

local function summary_of(entries)
  local lines = {"## onnxdoc check", ""}
  if #entries == 0 then lines[#lines + 1] = "Nothing found." end
  if #entries > 0 then
    lines[#lines + 1] = "| Severity | Rule | Model | Finding |"
    lines[#lines + 1] = "|---|---|---|---|"
  end
  for i = 1, math.min(#entries, ROWS) do
    local entry = entries[i]
    lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(entry.severity, cell(entry.rule), cell(entry.model),
      cell(entry.message))
  end
  if #entries > ROWS then lines[#lines + 1] = ("\n%s more."):format(text.count(#entries - ROWS)) end
  return table.concat(lines, "\n") .. "\n\n"
end

local function append(path, content)
  local file, message = io.open(path, "ab")
  local ok = file
  if file then ok, message = file:write(content) end
  if file and ok then ok, message = file:close() end
  if not ok then failure(EXIT_OUTPUT, "cannot write " .. tostring(message)) end
end

-- ---- entries ----

-- Everything that is said: {severity, rule, model, file, title, message, fix}.
local function entries_of(results, strict)
  local places, entries = finding_text.repository(results), {}
  local function add(result, severity, rule, title, message, fix)
    entries[#entries + 1] = {severity = severity, rule = finding_text.line(rule), title = title, message = message,
      fix = fix, model = finding_text.line(result.path), file = result.path ~= "-" and places:name(result.path) or nil}
  end
  for _, result in ipairs(results) do
    if result.error then add(result, "error", "read", "cannot be read", finding_text.unread(result)) end
    for _, finding in ipairs(result.findings or {}) do
      if not finding.suppressed and not finding.known then
        add(result, finding.severity, finding.rule, finding.title, finding_text.message(finding), finding.fix)
      end
    end
    for _, outcome in ipairs(result.outcomes or {}) do
      if outcome.outcome == "failed" or strict and outcome.outcome == "undecided" then
        add(result, "error", outcome.rule, outcome.rule, finding_text.line(finding_text.outcome(outcome)))
      end
    end
  end
  return entries
end

--- options: strict.
return function(write, results, options)
  local entries = entries_of(results, options.strict)
  for _, entry in ipairs(entries) do write_command(write, entry) end
  local summary = os.getenv("GITHUB_STEP_SUMMARY")
  if summary and summary ~= "" then append(summary, summary_of(entries)) end
end
