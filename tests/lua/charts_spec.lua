-- The charts: what they say, that labels do not touch, and that nothing in facts breaks them.

local onnxdoc = require "onnxdoc"
local charts = require "onnxdoc.charts"
local facts_of = require "onnxdoc.facts"
local lettering = require "onnxdoc.canvas.lettering"
local scale = require "scale"
local xml = require "xml"

local evil = "a<script>x</script>](javascript:1)`|\27[31m\0\xff\u{202e}שלום\u{ffff}\n"

local function number(value, unit, formula) return {value = value, unit = unit, formula = formula, bindings = {["N"] = 1}} end

-- Facts of a model with such operators: {op, count, elements, macs, flops, bytes}.
local function facts_with(operators)
  local facts = {
    graph = {nodes = 0, operators = {}},
    parameters = {by_operator = {}, by_module = {}, weights_by_precision = {}, size = {}},
    cost = {by_operator = {}}, memory = {timeline = {bytes = {}, nodes_per_point = 1}},
  }
  for i, row in ipairs(operators) do
    local op, count, elements, macs, flops, bytes = table.unpack(row, 1, 6)
    facts.graph.operators[i] = {op = op, count = count}
    facts.parameters.by_operator[i] = {name = op, elements = elements}
    facts.parameters.by_module[i] = {name = op .. "/" .. i, elements = elements}
    facts.cost.by_operator[i] = {op = op, macs = number(macs, "MAC"), flops = number(flops, "FLOP", "2*N"),
      bytes = number(bytes, "bytes"), transcendentals = number(0, "calls")}
  end
  return facts
end

local function timeline(facts, bytes)
  facts.memory = {timeline = {bytes = bytes, nodes_per_point = 1}, peak = number(math.max(table.unpack(bytes)), "bytes"),
    at = {op = "Mul", name = "block/mul"}}
  facts.graph.nodes = #bytes
  return facts
end

local function layers(facts, count, groups)
  local parts = {{name = "stem", kind = "stem", nodes = 3, macs = number(0), parameters = number(23800000)}}
  for i = 1, count do
    local group = (i - 1) * groups // count + 1
    parts[#parts + 1] = {name = "layer " .. i, kind = "layer", group = group, nodes = 9,
      macs = number(1900000000 // group, "MAC", "1900*N"), parameters = number(7087872)}
  end
  parts[#parts + 1] = {name = "head", kind = "head", nodes = 2, macs = number(393216), parameters = number(1538)}
  facts.architecture = {parts = parts}
  return facts
end

local function small()
  local facts = facts_with {{"Conv", 20, 900, 5e6, 10.1e6, 4000}, {"Relu", 19, nil, 0, 3000, 3000}, {"Add", 4, 10, 0, 500, 800}}
  facts.cost.flops = number(10103500, "FLOP", "10103500*N")
  facts.parameters.total = number(910, "elements")
  facts.parameters.weights_by_precision = {float32 = {elements = number(910)}}
  return layers(timeline(facts, {10, 2000, 300, 50}), 4, 2)
end

local function many(count, name_of, value_of)
  local rows = {}
  for i = 1, count do
    local value = value_of(i)
    rows[i] = {name_of(i), value, value, value, value, value}
  end
  return facts_with(rows)
end

local function add_hostile_names(facts, name)
  facts.memory = {timeline = {bytes = {1, 5, 3}, nodes_per_point = 7}, peak = {value = 5, bindings = {[name] = 3}},
    at = {op = name, name = name, path = name}}
  facts.parameters.weights_by_precision = {[name] = {elements = {value = 3}}, float32 = {elements = {value = 2}}}
  facts.cost.flops = {value = 5, formula = name, bindings = {[name] = 3, [name .. "2"] = 4}, at_least = true}
  facts.architecture = {parts = {}}
  for i = 1, 9 do
    facts.architecture.parts[i] = {name = name, kind = i % 2 == 0 and "layer" or "between", group = i,
      macs = {value = i, formula = name}, parameters = {value = 1e6 * i}}
  end
  return facts
end

local a_megabyte = ("W"):rep(1000000)

-- {what, facts}
local tables = {
  {"a small model", small()},
  {"one operator", facts_with {{"Gemm", 1, 1, 1, 2, 3}}},
  {"500 operators", layers(timeline(many(500, function(i) return "Op" .. i end, function(i) return i end), {3, 2, 1}), 12, 1)},
  {"500 operators that are alike", many(500, function(i) return ("X"):rep(60) .. i end, function() return 7 end)},
  {"hundreds of layers", layers(small(), 700, 5)},
  {"more layers than pixels", layers(small(), 3000, 2)},
  {"a layer of each group", layers(small(), 40, 40)},
  {"a megabyte of name", add_hostile_names(many(20, function(i) return a_megabyte .. i end, function(i) return i end), a_megabyte)},
  {"names that break out", add_hostile_names(many(20, function(i) return evil .. i end, function(i) return i end), evil)},
  {"wide characters", add_hostile_names(many(30, function(i) return ("漢字"):rep(30) .. i end, function(i) return i end),
    ("漢字"):rep(100))},
  {"marks on one letter", add_hostile_names(many(9, function(i) return "a" .. ("\u{301}"):rep(200) .. i end,
    function(i) return i end), "a" .. ("\u{301}"):rep(200))},
  {"right to left", add_hostile_names(many(9, function(i) return "שלום עולם" .. i end, function(i) return i end),
    ("שלום עולם "):rep(20))},
  {"numbers past 2^63", layers(timeline(many(5, function(i) return "Op" .. i end, function(i) return 2.0 ^ (60 + i) end),
    {2.0 ^ 64, 1.0, 2.0 ^ 70}), 30, 2)},
  {"numbers of very different size", layers(timeline(many(12, function(i) return "Op" .. i end, function(i) return 10.0 ^ i end),
    {1, 10 ^ 12}), 2, 1)},
  {"one point of memory", timeline(small(), {1})},
  {"a peak at the left edge", timeline(small(), {5, 1, 1, 1, 1, 1, 1, 1, 1, 1})},
  {"a peak at the right edge", timeline(small(), {1, 1, 1, 1, 1, 1, 1, 1, 1, 5})},
}

local function drawn(facts, kind, measure)
  local found = {}
  for _, chart in ipairs(charts.list(facts, measure)) do found[chart.id] = assert(chart[kind]()) end
  return found
end

local function overlap(a, b)
  return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
end

local function inside(record, box)
  return box.x >= -0.01 and box.y >= -0.01 and box.x + box.width <= record.width + 0.01
    and box.y + box.height <= record.height + 0.01
end

local function check_record(record, what)
  for i, a in ipairs(record.labels) do
    assert(inside(record, a), ("%s: '%s' leaves the picture"):format(what, a.text))
    for k = i + 1, #record.labels do
      local b = record.labels[k]
      assert(not overlap(a, b), ("%s: '%s' touches '%s'"):format(what, a.text, b.text))
    end
  end
  for _, mark in ipairs(record.marks) do
    assert(inside(record, mark), ("%s: a %s of class %s leaves the picture"):format(what, mark.kind, mark.class))
  end
end

describe("charts", function()
  it("are six, each with a title and a sentence", function()
    local ids = {}
    for i, chart in ipairs(charts.list(small())) do
      ids[i] = chart.id
      assert.is_true(#chart.title > 3)
      assert.matches("^[%u%d].*%.$", chart.alt)
    end
    assert.same({"complexity", "operators", "parameters", "flops", "memory", "layers"}, ids)
  end)

  it("say the main figures in their sentences", function()
    local alt = {}
    for _, chart in ipairs(charts.list(small())) do alt[chart.id] = chart.alt end
    assert.same({
      complexity = "Shares of operators in what the model takes: Nodes 43, Parameters 910, MACs 5.00 M, FLOPs 10.10 M, "
        .. "Bytes moved 7.80 KB.",
      operators = "43 nodes of 3 operators: Conv 20, Relu 19 and Add 4.",
      parameters = "910 parameters, by operator: Conv 900 (98.9%) and Add 10 (1.1%).",
      flops = "10.10 MFLOP in one run: Conv 10.10 M (> 99.9%), Relu 3.00 k (< 0.1%) and Add 500 (< 0.1%).",
      memory = "Activations take 2.00 KB at most, at Mul block/mul.",
      layers = "4 layers that repeat, in execution order: MACs up to 1.90 G each and Parameters up to 23.80 M each.",
    }, alt)
  end)

  for _, measured in ipairs {{"with the best measure there is", nil}, {"with estimated widths", lettering.estimate}} do
    it("have no labels that touch or leave the picture, " .. measured[1], function()
      for _, entry in ipairs(tables) do
        for id, record in pairs(drawn(entry[2], "record", measured[2])) do check_record(record, entry[1] .. ", " .. id) end
      end
    end)
  end

  it("are absent where their facts are", function()
    assert.same({}, charts.list {})
    assert.same({}, charts.list {graph = {}, parameters = {}, cost = {}, memory = {}, architecture = {}})
    assert.same({}, charts.list(facts_with {}))
    assert.same({}, charts.list(facts_with {{"Add", 0, 0, 0, 0, 0}}))
    local facts = facts_with {{"Add", 1}}
    for _, field in ipairs {"macs", "flops", "bytes"} do
      facts.cost.by_operator[1][field] = {unit = "x", unknown = "no node's cost is known"}
    end
    facts.memory = {peak = {unknown = "?"}, timeline = {bytes = {0, 0}, nodes_per_point = 1}}
    facts.architecture = {parts = {{name = "stem", kind = "stem", macs = {unit = "MAC"}}}}
    local ids = {}
    for i, chart in ipairs(charts.list(facts)) do ids[i] = chart.id end
    assert.same({"complexity", "operators"}, ids)
  end)

  it("never write numbers that are none", function()
    for _, bad in ipairs {0 / 0, math.huge, -math.huge, -1, 1e300} do
      local facts = many(4, function(i) return "Op" .. i end, function(i) return i == 1 and bad or i end)
      facts.memory = {timeline = {bytes = {bad, 3, bad}, nodes_per_point = bad}, peak = {value = bad}}
      facts.cost.flops, facts.parameters.total = {value = bad}, {value = bad}
      facts.graph.nodes_in_all_graphs, facts.graph.nodes = bad, 3
      facts.architecture = {parts = {{name = "a", kind = "layer", group = bad, macs = {value = bad}, parameters = {value = 3}},
        {name = "b", kind = "layer", group = 1, macs = {value = 2}, parameters = {value = bad}}}}
      for _, chart in ipairs(charts.list(facts)) do
        local all = chart.svg() .. chart.alt
        assert.is_nil(all:lower():find("%f[%a]nan%f[%A]") or all:lower():find("%f[%a]inf"), chart.id)
        check_record(chart.record(), chart.id)
      end
    end
  end)

  it("mark what is not complete", function()
    local facts = small()
    facts.cost.flops.at_least, facts.memory.peak.at_least = true, true
    facts.cost.by_operator[1].flops.at_least = true
    local svg = drawn(facts, "svg")
    assert.matches(">≥ 10.10 MFLOP in one run", svg.flops)
    assert.matches(">≥ 10.10 MFLOP · ", svg.flops)
    assert.matches(">≥ 10.10 M<", svg.complexity)
    assert.matches(">Peak ≥ 2.00 KB<", svg.memory)
  end)

  it("give an operator one colour in all of them", function()
    local svg = drawn(small(), "svg")
    for _, id in ipairs {"complexity", "operators", "parameters", "flops"} do
      assert.matches('class="c1"[^\n]*<title>Conv: ', svg[id])
    end
  end)

  it("sum up what has no row of its own", function()
    local svg = drawn(many(30, function(i) return "Op" .. i end, function() return 2 end), "svg")
    assert.matches(">15 more<", svg.operators)
    assert.matches(">30 · 50.0%%<", svg.operators)
    assert.matches(">19 more<", svg.flops)
  end)

  it("put layer_10 behind layer_9", function()
    local facts = facts_with {}
    for i = 10, 1, -1 do table.insert(facts.parameters.by_module, {name = "layer_" .. i, elements = 5}) end
    local names = {}
    for name in drawn(facts, "svg").parameters:gmatch(">(layer_%d+)</text>") do names[#names + 1] = name end
    assert.equal("layer_9", names[9])
    assert.equal("layer_10", names[10])
  end)
end)

describe("charts as SVG", function()
  it("are well-formed and inert, with colours in the style sheet only", function()
    for _, entry in ipairs(tables) do
      for id, svg in pairs(drawn(entry[2], "svg")) do
        for _, element in ipairs(xml.parse(svg)) do
          assert.is_true(({svg = 1, title = 1, desc = 1, style = 1, rect = 1, text = 1, polyline = 1, polygon = 1,
            circle = 1})[element.name] ~= nil, element.name)
          for name in pairs(element.attributes) do
            assert.is_nil(name:match("^on") or name:match("href") or name:match("^fill") or name:match("^stroke")
              or name:match("^style"), entry[1] .. ", " .. id .. ": " .. name)
          end
        end
        assert.is_nil(svg:gsub("<style>.-</style>", ""):find('["(:]#%x%x%x'), id)
        assert.is_nil(svg:find("<script", 1, true))
        assert.is_true(#svg < 1000000)
      end
    end
  end)

  it("say at each mark what it stands for", function()
    local svg = drawn(small(), "svg")
    assert.matches("<title>Conv: 10.10 MFLOP = 2%*N</title>", svg.flops)
    assert.matches("<title>layer 1: 1.90 G = 1900%*N</title>", svg.layers)
  end)
end)

describe("charts as PNG", function()
  local has_draw = pcall(require, "onnxdoc.draw")
  local it_draws = has_draw and it or pending

  it_draws("are 1000 pixels wide, and the same bytes each time", function()
    for i = 1, math.min(#tables, scale(#tables)) do
      local first, second = drawn(tables[i][2], "png"), drawn(tables[i][2], "png")
      for id, png in pairs(first) do
        assert.equal("\x89PNG\r\n\x1a\n", png:sub(1, 8))
        assert.equal(1000, (string.unpack(">I4", png, 17)))
        assert.is_true(png:find("Software\0onnxdoc " .. onnxdoc.version, 1, true) == 42)
        assert.is_true(png == second[id], id)
      end
    end
  end)
end)

describe("charts of a model", function()
  it("are made from its facts", function()
    local b = onnxdoc.build {opset = 17}
    local x = b:input("x", "float32", {"batch", 64})
    for i = 1, 3 do x = b:op("Relu", {b:op("MatMul", {x, b:constant("w" .. i, "float32", {64, 64}, {random = 1})})}) end
    b:output(x, "float32", {"batch", 64})
    local model = assert(b:model())
    local svg = drawn(facts_of.of(model, {dims = {batch = 2}}), "svg")
    assert.matches(">49.54 kFLOP in one run · at batch = 2<", svg.flops)
    assert.matches(">12.29 k parameters · float32 12.29 k", svg.parameters)
    assert.matches(">6 nodes, 2 operators<", svg.operators)
    assert.matches(">Peak 1.02 KB<", svg.memory)
    assert.is_nil(svg.layers)
  end)
end)
