--- Findings for people: grouped by model, the worst first, each with where it is and what to do next.

local finding_text = require "onnxdoc.finding_text"
local text = require "onnxdoc.text"

local WIDTH = 80

local colours = {error = "31", warning = "33", info = "36"}

local function coloured(options, colour, s) return options.color and "\27[" .. colour .. "m" .. s .. "\27[0m" or s end

local function write_wrapped(write, s, first, rest)
  for i, line in ipairs(text.wrap(text.printable(s), WIDTH - text.width(first), true)) do
    write(i == 1 and first or rest, line, "\n")
  end
end

-- What to do stands behind the last of several findings for which it is the same.
local function write_finding(write, finding, following, options)
  write("  ", coloured(options, colours[finding.severity] or "0", finding.severity), " ",
    text.printable(finding.rule), finding.suppressed and "  (suppressed)" or finding.known and "  (known)" or "", "\n")
  write_wrapped(write, finding.message, "    ", "    ")
  local place = finding_text.where(finding)
  if place then write_wrapped(write, place, "    ", "    ") end
  if finding.suppressed then write_wrapped(write, "accepted: " .. finding.suppressed, "    ", "    ")
  elseif finding.fix and not (following and following.fix == finding.fix) then
    write_wrapped(write, finding.fix, "    → ", "      ")
  end
end

local function shown_of(list, verbose)
  local shown = {}
  for _, finding in ipairs(list) do
    if verbose or not (finding.suppressed or finding.known) then shown[#shown + 1] = finding end
  end
  return shown
end

local function count_of(outcomes, wanted)
  local count = 0
  for _, outcome in ipairs(outcomes) do count = count + (outcome.outcome == wanted and 1 or 0) end
  return count
end

local function write_outcomes(write, outcomes)
  for _, outcome in ipairs(outcomes) do
    local said = finding_text.outcome(outcome)
    if said then write_wrapped(write, said, "  ", "    ") end
  end
end

local function tally(result)
  local counts, words, others = {error = 0, warning = 0, info = 0}, {}, 0
  for _, finding in ipairs(result.findings) do
    if finding.suppressed or finding.known then others = others + 1
    else counts[finding.severity] = (counts[finding.severity] or 0) + 1 end
  end
  for _, severity in ipairs {"error", "warning", "info"} do
    if counts[severity] > 0 then
      words[#words + 1] = severity == "info" and counts.info .. " info" or text.plural(counts[severity], severity)
    end
  end
  local line = #words > 0 and table.concat(words, ", ") or "nothing found"
  if others > 0 then line = line .. (", %d known or suppressed"):format(others) end
  return ("%s; %s clean"):format(line, text.plural(count_of(result.outcomes, "clean"), "rule"))
end

--- Writes results, {path, findings, outcomes} or {path, error}, as text. options: color, verbose (also what is known or
-- suppressed).
return function(write, results, options)
  for i, result in ipairs(results) do
    if i > 1 then write("\n") end
    if result.error then
      write(text.printable(result.path), "  cannot be read\n")
      write_wrapped(write, result.error.message, "  ", "  ")
    else
      write(coloured(options, "1", text.printable(result.path)), "  ", tally(result), "\n")
      local shown = shown_of(result.findings, options.verbose)
      for at, finding in ipairs(shown) do write_finding(write, finding, shown[at + 1], options) end
      write_outcomes(write, result.outcomes)
    end
  end
end
