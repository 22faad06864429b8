--- Findings as JUnit XML: a suite for each model, a case for each rule. A case fails where its findings make the exit
-- code 1; other findings are its output.

local finding_text = require "onnxdoc.finding_text"
local findings = require "onnxdoc.findings"
local text = require "onnxdoc.text"

-- For XML 1.0: text.html leaves no character in that it may not have.
local xml = text.html

local function element(name, message, kind, content)
  return ('<%s message="%s"%s>%s</%s>'):format(name, xml(message), kind and (' type="%s"'):format(xml(kind)) or "",
    content or "", name)
end

-- All findings of a rule as content of an element.
local function content_of(list)
  local lines = {}
  for _, finding in ipairs(list) do
    local word = finding.suppressed and "accepted: " .. finding_text.line(finding.suppressed)
      or finding.known and "known" or finding.severity
    lines[#lines + 1] = xml(("%s: %s"):format(word, finding_text.message(finding)))
    if finding.fix and not finding.suppressed then lines[#lines + 1] = "  " .. xml(finding_text.line(finding.fix)) end
  end
  return table.concat(lines, "\n")
end

-- The first of the findings that count, and how many more there are.
local function failure_of(list, fail_on)
  local first, count
  for _, finding in ipairs(list) do
    if findings.counts(finding, fail_on) then first, count = first or finding, (count or 0) + 1 end
  end
  if not first then return nil end
  return finding_text.message(first) .. (count > 1 and (" and %s more"):format(text.count(count - 1)) or ""),
    first.severity
end

-- What became of a rule: the word under which it is counted (nil: passed), and the element.
local function verdict(outcome, list, options)
  local said, content = finding_text.outcome(outcome), content_of(list)
  said = said and finding_text.line(said)
  if outcome.outcome == "failed" then return "errors", element("error", said, nil, content) end
  local message, severity = failure_of(list, options.fail_on)
  if message then return "failures", element("failure", message, severity, content) end
  if outcome.outcome == "undecided" and options.strict then return "failures", element("failure", said) end
  if outcome.outcome == "undecided" then return "skipped", element("skipped", said) end
  if outcome.outcome == "not applicable" then return "skipped", element("skipped", "does not apply") end
  return nil, content ~= "" and "<system-out>" .. content .. "</system-out>" or nil
end

local counted = {"errors", "failures", "skipped"}

local function count_case(suite, word)
  suite.tests = suite.tests + 1
  if word then suite[word] = suite[word] + 1 end
end

local function add_case(suite, id, word, inner)
  count_case(suite, word)
  suite[#suite + 1] = ('    <testcase classname="%s" name="%s"%s'):format(xml(finding_text.line(suite.name)),
    xml(id), inner and ">" .. inner .. "</testcase>" or "/>")
end

-- The findings of each rule, and the rules of those that no rule file made.
local function group(result)
  local by_rule, others, has_outcome = {}, {}, {}
  for _, outcome in ipairs(result.outcomes) do has_outcome[outcome.rule] = true end
  for _, finding in ipairs(result.findings) do
    if not by_rule[finding.rule] then
      by_rule[finding.rule] = {}
      if not has_outcome[finding.rule] then others[#others + 1] = finding.rule end
    end
    table.insert(by_rule[finding.rule], finding)
  end
  table.sort(others)
  return by_rule, others
end

local function suite_of(result, options)
  local suite = {name = result.path, tests = 0, errors = 0, failures = 0, skipped = 0}
  if result.error then
    add_case(suite, "read", "errors", element("error", finding_text.unread(result), result.error.code))
    return suite
  end
  local by_rule, others = group(result)
  for _, id in ipairs(others) do
    add_case(suite, id, verdict({rule = id, outcome = "fired"}, by_rule[id], options))
  end
  for _, outcome in ipairs(result.outcomes) do
    add_case(suite, outcome.rule, verdict(outcome, by_rule[outcome.rule] or {}, options))
  end
  return suite
end

local function attributes(name, counts)
  local words = {('name="%s" tests="%d"'):format(xml(finding_text.line(name)), counts.tests)}
  for _, word in ipairs(counted) do words[#words + 1] = ('%s="%d"'):format(word, counts[word]) end
  return table.concat(words, " ")
end

--- options: fail_on, strict.
return function(write, results, options)
  local suites, all = {}, {tests = 0, errors = 0, failures = 0, skipped = 0}
  for i, result in ipairs(results) do
    suites[i] = suite_of(result, options)
    for word in pairs(all) do all[word] = all[word] + suites[i][word] end
  end
  write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ', attributes("onnxdoc check", all), ">\n")
  for _, suite in ipairs(suites) do
    write("  <testsuite ", attributes(suite.name, suite), ">\n")
    for _, case in ipairs(suite) do write(case, "\n") end
    write("  </testsuite>\n")
  end
  write("</testsuites>\n")
end
