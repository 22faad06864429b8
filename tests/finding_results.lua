-- Results of rules over models with hostile names, as `onnxdoc check` hands them to the formats of findings.

local findings = require "onnxdoc.findings"
local json = require "onnxdoc.json"
local onnxdoc = require "onnxdoc"
local wire = require "wire"

local M = {}

M.hostile = {
  "<script>alert(1)</script>", "a\n::error file=x::gotcha", "::stop-commands::x", "##[add-mask]x", "\27[31mred",
  "\u{202e}bidi", "nul\0", "bad\xff\xc0", "a,title=b:c%0A::d", "]]> & \"'`|", "[link](http://e.x/)", "{0} {x}",
  "\r\n::warning::x", "\u{fffe}", ("x"):rep(1000000),
}

local function model_of(name)
  return assert(onnxdoc.load_bytes(wire.model {opset_import = {{domain = "", version = 17}}, graph = {
    name = "g", input = {wire.value("x", "float32", {2})}, output = {wire.value("y", "float32", {2})},
    initializer = {wire.tensor(name .. "w", "float32", {2}, wire.raw("<f", {1, 2}))},
    node = {wire.node("Add", {"x", name .. "w"}, {"m"}, nil, {name = name}), wire.node("Relu", {"m"}, {"y"})}}}))
end

M.rules = {
  {id = "always", severity = "error", title = "Title, with: a comma", fix = "Rename {it}, 100%.", category = "names",
    confidence = "high", references = {"https://example.org/a?b=c", "javascript:alert(1)", 7},
    check = function(model, report)
      local node = model.graph:nodes()()
      report(node, "node {name} is here", {name = node.name})
      report({node.inputs[1], node.inputs[2].tensor}, "its inputs")
    end},
  {id = "broken", severity = "error", title = "Broken", check = function(model)
    error(model.graph:nodes()().name, 0)
  end},
  {id = "clean", severity = "info", title = "Clean", check = function() end},
  {id = "elsewhere", severity = "info", title = "Elsewhere", applies = function() return false end,
    check = function() end},
  {id = "undecided", severity = "warning", title = "Undecided", check = function(model, report)
    report.unknown("what is " .. model.graph:nodes()().name)
  end},
  {id = "weak", severity = "warning", title = "Weak", check = function(model, report) report(model, "weak") end},
}

local Plan = {rules = M.rules}
function Plan:takes() return self ~= nil end
function Plan:suppress(finding) finding.suppressed = finding.rule == self.suppressed and "a reason\n::error::x" or nil end

-- The results, and the rules; `suppressed` and `known` are ids of rules.
function M.of(names, suppressed, known)
  local results = {}
  local plan = setmetatable({suppressed = suppressed}, {__index = Plan})
  for i, name in ipairs(names) do
    local model <close> = model_of(name)
    local list, outcomes = findings.of(model, plan, {})
    local path = name:gsub("[\0/]", "_"):sub(1, 200)
    results[i] = assert(json.decode(json.encode {path = ("m/%d %s.onnx"):format(i, path),
      findings = json.array(list), outcomes = outcomes}))
    results[i].path = ("m/%d %s.onnx"):format(i, path)
    for _, finding in ipairs(results[i].findings) do finding.known = finding.rule == known or nil end
  end
  results[#results + 1] = {path = "m/none\n::error::x.onnx", error = {code = "truncated", message = "ends\n::error::x\0"}}
  return results, M.rules
end

-- What a format writes.
function M.written(format, results, options)
  local parts = {}
  options = options or {}
  options.rules, options.fail_on = options.rules or M.rules, options.fail_on or "error"
  require("onnxdoc.findings." .. format)(function(...)
    for _, part in ipairs {...} do parts[#parts + 1] = tostring(part) end
    return true
  end, results, options)
  return table.concat(parts)
end

-- Fails where a text has what is not to reach a reader: control characters, bytes that are no UTF-8, bidi controls.
function M.assert_inert(s)
  assert(utf8.len(s), "not UTF-8")
  assert(not s:find("[\0-\9\11-\31\127]"), "a control character")
  assert(not s:find("\u{202e}", 1, true), "a bidi control")
  assert(not s:find("\u{fffe}", 1, true), "U+FFFE")
end

return M
