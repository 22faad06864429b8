-- Compares what models cost with sums that know nothing of our shapes and rules:
--
--     build/onnxdoc tests/costs.lua [--verbose] FOLDER [NAME…]
--
-- For each run of a truth file (tests/truth.lua), node by node of the main graph: the MACs of Conv, ConvTranspose, Gemm
-- and MatMul, as the operators are defined, from the shapes that ONNX Runtime gave; beside them those of
-- model:with{the run's dimensions}, and those found with symbols, evaluated. Nodes whose inputs are all constant do
-- nothing at run time and are left out of both. Prints a line for each model (those without such nodes with --verbose),
-- each difference, and each node that cannot be compared, as a shape of it is missing there or here.
--
-- Then models whose figures are published, in `published` below: all their MACs against these, and against the sum by
-- definition over our own shapes. The last line is "N passed, N failed": a model fails with a difference, or with a node
-- to be compared whose cost is not known.

package.path = "./?.lua;./tests/?.lua;" .. package.path
local truths = require "tests.truth"

local verbose, folder, names = truths.arguments(arg)

-- ---- what operators multiply, by their definitions ----

local function product(list, first)
  local result = 1
  for i = first or 1, #list do result = result * list[i] end
  return result
end

local definitions = {}

-- Each element of y is a sum over the channels of its group and the kernel's positions.
function definitions.Conv(node, x, w, _, y)
  return product(y) * (x[2] // (node:attr("group") or 1)) * product(w, 3)
end

-- Each element of x is spread over the channels of its group and the kernel's positions.
function definitions.ConvTranspose(node, x, w, _, y)
  return product(x) * (y[2] // (node:attr("group") or 1)) * product(w, 3)
end

function definitions.Gemm(node, a, b)
  local rows, inner = a[1], a[2]
  if node:attr("transA") == 1 then rows, inner = inner, rows end
  return rows * inner * (node:attr("transB") == 1 and b[1] or b[2])
end

function definitions.MatMul(_, a, _, _, y) return product(y) * a[#a] end

-- ---- what is constant ----

local is_random = {RandomNormal = true, RandomUniform = true, RandomNormalLike = true, RandomUniformLike = true,
  Bernoulli = true, Multinomial = true}

local function is_constant_node(node, constants)
  if is_random[node.op_type] or #node.subgraphs > 0 then return false end
  for _, value in pairs(node.inputs) do
    if value and not constants[value.name] then return false end
  end
  return true
end

-- The names of the main graph's values that are the same in every run: initializers, and what nodes make of nothing else.
-- `is_idle` has the nodes that make them.
local function find_constants(model)
  local constants, is_idle = {}, {}
  for value in model.graph:values() do
    if value.tensor then constants[value.name] = true end
  end
  for node in model.graph:nodes() do
    is_idle[node] = is_constant_node(node, constants)
    if is_idle[node] then
      for _, value in pairs(node.outputs) do
        if value then constants[value.name] = true end
      end
    end
  end
  return constants, is_idle
end

-- ---- against the truth ----

-- The shapes of one run by name: what ONNX Runtime gave, and initializers' as the file has them.
local function run_shapes(model, run, skip)
  local shapes = {}
  for value in model.graph:values() do
    local given = run.values[value.name]
    if value.tensor then shapes[value.name] = value.tensor.shape
    elseif given and not skip[value.name] and type(given[2]) == "table" then shapes[value.name] = given[2] end
  end
  return shapes
end

-- What the definition says of a node; nil and the value whose shape is missing.
local function defined_macs(node, shapes)
  local operands = {}
  for i = 1, 3 do
    local value = node.inputs[i]
    operands[i] = value and shapes[value.name]
    if value and not operands[i] and i < 3 then return nil, value.name end
  end
  local y = node.outputs[1].name
  if not shapes[y] then return nil, y end
  return definitions[node.op_type](node, operands[1], operands[2], operands[3], shapes[y])
end

local function is_contraction(node)
  return node.domain == "" and definitions[node.op_type] and node.graph.kind == "main" and not node.callee
end

-- The MACs of each contraction of the main graph, by its index; false where they are not known.
local function counted_macs(model, dims)
  local counted = {}
  local groups = model:costs(function(node) return is_contraction(node) and node.index or nil end)
  for _, group in ipairs(groups) do
    local is_known = group.cost.unknown == 0
    counted[group.key] = is_known and truths.evaluate(group.cost.macs, dims) or false
  end
  return counted
end

local function new_counts() return {nodes = 0, ours = 0, theirs = 0, wrong = 0, unknown = 0, missing = 0} end

-- Whether all shapes of the node are known in this view: tests/shapes.lua says where they are not.
local function has_shapes(view, node, dims)
  for _, values in ipairs {node.inputs, node.outputs} do
    for _, value in pairs(values) do
      local shape = not value or view:value(value.name).shape
      if not shape then return false end
      for _, dim in ipairs(shape ~= true and shape or {}) do
        if not truths.evaluate(dim, dims) then return false end
      end
    end
  end
  return true
end

-- Compares one node; `view` is nil where the model could not be inferred so. False when it cannot be compared.
local function compare(node, how, view, dims, counted, expected, counts)
  local found = counted and counted[node.index]
  if not view or found == expected then return true end
  if not found and not has_shapes(view, node, dims) then
    counts.missing = counts.missing + 1
    print(("  not comparable, %s: %s, not all of its shapes are known"):format(how, node))
    return false
  end
  local kind = found and "wrong" or "unknown"
  counts[kind] = counts[kind] + 1
  if found or verbose then
    print(("  %s %s %s: %s MACs, are %d"):format(kind, how, node, found or "no", expected))
  end
  return true
end

local function check_run(model, run, skip, is_idle, counts)
  local views = truths.views(model, run)
  if views.broken then print(("  %s: %s"):format(model.path:match("[^/]*$"), views.broken)) end
  if views.refused then
    print("  bindings refused: " .. views.refused)
    counts.wrong = counts.wrong + 1
  end
  if views.broken then views.symbolic = nil end
  local bound = views.bound and counted_macs(views.bound, {})
  local symbolic = views.symbolic and counted_macs(views.symbolic, views.dims)
  local shapes = run_shapes(model, run, skip)
  for node in model.graph:nodes() do
    if is_contraction(node) then
      local expected, missing = 0, nil
      if not is_idle[node] then expected, missing = defined_macs(node, shapes) end
      if expected then
        if compare(node, "bound", views.bound, {}, bound, expected, counts) then
          counts.nodes = counts.nodes + (is_idle[node] and 0 or 1)
          counts.ours, counts.theirs = counts.ours + (bound and bound[node.index] or 0), counts.theirs + expected
        end
        compare(node, "symbolic", views.symbolic, views.dims, symbolic, expected, counts)
      else
        counts.missing = counts.missing + 1
        print(("  not comparable: %s, the truth has no shape of '%s'"):format(node, onnxdoc.escape(missing)))
      end
    end
  end
end

local totals, passed, failed = new_counts(), 0, 0
local row = "%-4s %-58s %5s %16s %16s %8s %8s"

local function show(good, name, counts)
  local unknown, missing = counts.unknown > 0 and counts.unknown or "", counts.missing > 0 and counts.missing or ""
  print(row:format(good and "ok" or "FAIL", name, counts.nodes, counts.ours, counts.theirs, unknown, missing))
end

local function check_truths()
  print(row:format("", "model", "nodes", "MACs ours", "MACs theirs", "unknown", "missing"))
  for _, file in ipairs(truths.files(folder, names)) do
    if not file.path then
      print("skipped " .. file.name .. ": its model is not here")
    else
      local model, counts, skip = assert(onnxdoc.load(file.path)), new_counts(), truths.data_dependent(file.truth)
      local _, is_idle = find_constants(model)
      for _, run in ipairs(file.truth.runs) do check_run(model, run, skip, is_idle, counts) end
      local good = counts.wrong + counts.unknown == 0
      if good then passed = passed + 1 else failed = failed + 1 end
      if verbose or counts.nodes + counts.missing > 0 or not good then show(good, file.name, counts) end
      for key, count in pairs(counts) do totals[key] = totals[key] + count end
    end
  end
end

-- ---- published figures ----

local unbatched, no_past = {dims = {batch = 1}}, "past_sequence + sequence"

local function tokens(count)
  return {dims = {batch = 1, sequence = count, past_sequence = 0, [no_past] = count}}
end

-- One entry a model at one input: `file` of the folder, or `zoo`, what tests/models/ makes with these options.
--   macs        what it has to be, to the last digit
--   parameters  likewise; `beside` are elements of weights that no figure counts
--   is_inside   contractions stand in functions or are no operators of ONNX: there is no sum by definition
--   figures     {MACs, half a unit of the last digit printed, source, cause}: within that, or the cause why it is not
-- Exact figures come from the architecture's published configuration, layer by layer.
local published = {
  {file = "light_resnet50", macs = 4089184256, figures = {
    {4089184256, 0, "ResNet-50 v1.5, exact"}, {4089e6, 0.5e6, "torchvision 0.27"}, {4089.18e6, 5e3, "calflops"},
    {3857973248, 0, "ResNet-50 v1, exact", "v1 has its strides in the 1x1 convolutions"},
    {4.13e9, 5e6, "ptflops", "counts biases, BatchNormalization, activations and pooling"},
    {4108e6, 5e4, "Open Model Zoo", "counts elementwise operations too, and halves the sum"}}},
  {zoo = "resnet50", bindings = unbatched, macs = 4089184256, parameters = 25557032, beside = 53120, figures = {
    {4089184256, 0, "ResNet-50 v1.5, exact"}}},
  {file = "resnet18_dynamo", is_inside = true, macs = 1814073344, parameters = 11689512, beside = 9600, figures = {
    {1814073344, 0, "ResNet-18, exact"}, {1814e6, 0.5e6, "torchvision 0.27"}, {1814.07e6, 5e3, "calflops"},
    {1818.5e6, 2.5e5, "Open Model Zoo", "counts elementwise operations too, and halves the sum"}}},
  {file = "SqueezeNet_fp16", macs = 349151936, parameters = 1235496, figures = {
    {349e6, 0.5e6, "SqueezeNet 1.1, torchvision 0.27"}, {349152e3, 500, "SqueezeNet 1.1, calflops"},
    {351e6, 0.5e6, "onnx-tool", "counts biases too"}}},
  {file = "light_bvlc_alexnet", macs = 654560384, parameters = 60965224, figures = {
    {665e6, 0.5e6, "onnx-tool", "counts LRN, pooling, biases and activations too"},
    {714e6, 0.5e6, "AlexNet, torchvision 0.27", "another network: no groups, other widths"}}},
  {file = "yolox_nano_416x416", macs = 522553408, parameters = 904467, figures = {
    {540e6, 2.5e6, "YOLOX", "counts 2 for each of 8,669,869 elements of BatchNormalization, which is folded here"}}},
  {file = "mosaic", bindings = {dims = {None = 1}}, macs = 20353167360, parameters = 424905, figures = {
    {7759e6, 5e5, "Open Model Zoo's fast-neural-style-mosaic", "at 224 x 224, with twice the channels in each layer"}}},
  {file = "test_data-model", bindings = {shapes = {image = {1, 3, 224, 224}}}, macs = 300774272, figures = {
    {301e6, 0.5e6, "MobileNet v2, torchvision 0.27"},
    {307.5e6, 2.5e5, "Open Model Zoo", "counts elementwise operations too, and halves the sum"}}},
  {zoo = "qdq", options = {network = "conv"}, bindings = unbatched, macs = 568740352, figures = {
    {569e6, 0.5e6, "MobileNet v1, MLPerf"}, {570e6, 2.5e6, "Hailo"},
    {574e6, 5e5, "Open Model Zoo", "counts elementwise operations too, and halves the sum"}}},
  {zoo = "unet", bindings = {dims = {batch = 1, height = 368, width = 480}}, macs = 129826160640, parameters = 31037633,
    beside = 11776, figures = {
    {130.05e9, 5e7, "Open Model Zoo's unet-camvid-onnx-0001", "12 classes, 124,354,560 more; counts elementwise operations"}}},
  {zoo = "bert_squad", bindings = {dims = {unk__492 = 1, unk__493 = 1}}, macs = 22952017920, figures = {
    {22951624704, 0, "BERT-base with SQuAD's head, exact", "token types are looked up by a MatMul of OneHot, 256 x 2 x 768"},
    {22767e6, 5e5, "onnx-tool", "0.8 % less, not explained"}}},
  {zoo = "qdq", options = {network = "transformer"}, bindings = tokens(128), macs = 11173625856, figures = {
    {11174215680, 0, "BERT-base, exact", "that one has a pooler, 768 x 768"}}},
  {zoo = "gpt2", bindings = tokens(128), macs = 16114089984, parameters = 124439808, figures = {
    {16114089984, 0, "GPT-2, exact"}}},
  {zoo = "gpt2", bindings = tokens(1024), macs = 145824153600, figures = {{145824153600, 0, "GPT-2, exact"}}},
  {zoo = "gpt2", bindings = tokens(8), macs = 989435904, figures = {
    {680656896, 0, "GPT-2 of the model zoo, exact", "that one has no output projection, 8 x 768 x 50257"}}},
  {zoo = "whisper", options = {part = "encoder"}, bindings = unbatched, macs = 18468864000, figures = {
    {18468864000, 0, "Whisper tiny's encoder, exact"}}},
  {zoo = "whisper", options = {size = "base", part = "encoder"}, bindings = unbatched, macs = 43683840000, figures = {
    {43683840000, 0, "Whisper base's encoder, exact"}}},
  {zoo = "whisper", options = {part = "decoder"}, bindings = tokens(1), macs = 1802256768, figures = {
    {1769e6 + 32.8e6, 5.5e5, "Whisper tiny's decoder"}}},
  {zoo = "whisper", options = {}, bindings = tokens(1), macs = 20271120768, parameters = 37760640, figures = {}},
  {zoo = "llama", options = {size = "8b", weights = "absent"}, bindings = tokens(1), is_inside = true, macs = 7504920576,
    figures = {{7504920576, 0, "Llama 3 8B, exact"}}},
  {zoo = "llama", options = {size = "8b", weights = "absent"}, bindings = tokens(128), is_inside = true,
    macs = 964891246592, figures = {{964891246592, 0, "Llama 3 8B, exact"}}},
  {zoo = "llama", options = {size = "8b", weights = "absent"}, bindings = tokens(1024), is_inside = true,
    macs = 7959648141312, figures = {{7959648141312, 0, "Llama 3 8B, exact"}}},
}

local function load_published(entry)
  if entry.file then return onnxdoc.load(folder .. "/" .. entry.file .. ".onnx") end
  local options = {size = entry.zoo ~= "bert_squad" and "full" or nil, weights = "zeros"}
  for key, value in pairs(entry.options or {}) do options[key] = value end
  return require("models." .. entry.zoo)(options):model()
end

-- The model bound so; symbols that it does not have are left out.
local function bind(model, bindings)
  if not bindings then return model end
  return model:with {dims = bindings.dims and truths.symbols_only(model, bindings.dims), shapes = bindings.shapes}
end

-- The sum by definition over the main graph, from our own shapes.
local function defined_sum(model)
  local shapes, _, is_idle = {}, find_constants(model)
  for value in model.graph:values() do shapes[value.name] = value.shape end
  local sum = 0
  for node in model.graph:nodes() do
    if is_contraction(node) and not is_idle[node] then sum = sum + assert(defined_macs(node, shapes)) end
  end
  return sum
end

-- Elements of weights: initializers with an axis that are no int64, and what nodes make of none where it is read as one.
local function count_weights(model)
  local constants, is_idle = find_constants(model)
  local sum = 0
  for tensor in model:tensors() do
    if tensor.value and tensor.rank > 0 and tensor.dtype ~= "int64" then sum = sum + tensor.size end
  end
  for node in model:nodes {op = "ConstantOfShape"} do
    local made = node.outputs[1]
    if is_idle[node] and constants[made.name] and made.dtype:find("float") then sum = sum + product(made.shape) end
  end
  return sum
end

local function check_figure(figure, macs)
  local expected, within, source, cause = table.unpack(figure)
  local is_near = math.abs(macs - expected) <= within
  local verdict = not is_near and "different" or within > 0 and "equal within the rounding" or "equal"
  if verbose or is_near ~= not cause then
    print(("       %16.0f %s: %s%s"):format(expected, verdict, source, cause and " (" .. cause .. ")" or ""))
  end
  return is_near == not cause
end

local function check_published(entry)
  local model = bind(assert(load_published(entry)), entry.bindings)
  local cost, defined = model.cost, not entry.is_inside and defined_sum(model)
  local ours, weights = truths.evaluate(cost.macs, {}), count_weights(model) - (entry.beside or 0)
  local macs = entry.macs or defined
  local good = ours == macs and (not defined or defined == macs)
  good = good and (not entry.parameters or weights == entry.parameters)
  local name = (entry.file or entry.zoo) .. (entry.options and entry.options.part and " " .. entry.options.part or "")
  if verbose or not good then
    print(("%-4s %-24s %16s MACs, by definition %16s, are %16s; %s parameters%s%s"):format(good and "ok" or "FAIL", name, ours,
      defined or "", macs, weights, entry.parameters and ", are " .. entry.parameters or "",
      cost.unknown > 0 and ("; %d nodes are not known"):format(cost.unknown) or ""))
  end
  for _, figure in ipairs(entry.figures) do good = check_figure(figure, macs) and good end
  return good
end

local function check_all_published()
  print(("\n%d models with published figures"):format(#published))
  for _, entry in ipairs(published) do
    if check_published(entry) then passed = passed + 1 else failed = failed + 1 end
  end
end

check_truths()
print(("%d nodes compared, in all runs: %d MACs, are %d; %d differ, %d are not known, %d not comparable"):format(
  totals.nodes, totals.ours, totals.theirs, totals.wrong, totals.unknown, totals.missing))
if next(names) == nil then check_all_published() end
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
