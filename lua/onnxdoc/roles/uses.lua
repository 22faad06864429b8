--- What a use says of the input, by operator: lists of rules {slot, from, when, claim, is_weak}. slot, from and when
-- are those of roles/moves.lua; claim(use) gives a role, or nil when there is nothing to say. Weak ones count only
-- where an input is used for nothing else. roles.lua says what a role has; a new kind goes into uses.order too.

local evidence = require "onnxdoc.roles.evidence"
local walk = require "onnxdoc.roles.walk"

local lists = require "onnxdoc.lists"
local text = require "onnxdoc.text"
local set = lists.set

local uses = {rules = {}}

--- Roles from the one that says most on: of several claims the first of these counts.
uses.order = {
  "token ids", "segment ids", "position ids", "indices", "labels", "attention mask", "attention bias", "mask",
  "key lengths", "sequence lengths", "total length", "block table", "slots", "recurrent state", "trip count",
  "condition", "text", "categories", "image", "volume", "signal", "feature map", "sequence", "features", "boxes",
  "scores", "threshold", "limit", "generation setting", "learning rate", "training step", "training flag", "sizes",
  "bounds", "shape only",
}

local function add(operators, rule)
  for op in pairs(set(operators)) do
    uses.rules[op] = uses.rules[op] or {}
    table.insert(uses.rules[op], rule)
  end
end

local same = set "same"
local numeric = set "same scaled"

local function dims_of(trail, value)
  value = walk.resolve(trail, value)
  return value and (value.shape or value.tensor and value.tensor.shape)
end

local function is_bool(value) return (value.dtype or value.declared_dtype) == "bool" end

-- ---- indices into tables ----

-- A dimension of a table, by an axis that may count from the end.
local function rows_of(dims, axis)
  if not dims or math.type(axis) ~= "integer" then return nil end
  return dims[axis < 0 and #dims + axis + 1 or axis + 1]
end

local function rows_text(rows)
  return math.type(rows) and " with " .. text.plural(rows, "row") or ""
end

-- Gather takes negative indices too, counted from the end; what makes sense to give is 0 to rows - 1.
local function index_claim(name, table_slot, axis_name)
  return function(use)
    local node, data = use.node, walk.resolve(use.trail, use.node.inputs[table_slot])
    local axis = axis_name and node:attr(axis_name) or 0
    local dims = data and dims_of(use.trail, data)
    local rows = rows_of(dims, axis)
    local values = evidence.below(rows)
    return {role = name, values = values, rows = rows, table = data, rank = dims and #dims,
      width = dims and dims[#dims], axis = axis,
      is_constant = data ~= nil and walk.is_constant(use.trail, data),
      constraint = values and evidence.range(0, values.most) or nil,
      why = data and ("indices of %s into %s%s"):format(evidence.node(node), evidence.value(data), rows_text(rows))
        or ("indices of %s"):format(evidence.node(node))}
  end
end

add("Gather GatherElements", {slot = 2, from = same, claim = index_claim("indices", 1, "axis")})
add("com.microsoft.GatherBlockQuantized", {slot = 2, from = same, claim = index_claim("indices", 1, "gather_axis")})
add("com.microsoft.EmbedLayerNormalization com.microsoft.QEmbedLayerNormalization",
  {slot = "input_ids", from = same, claim = index_claim("token ids", 3)})
add("com.microsoft.EmbedLayerNormalization com.microsoft.QEmbedLayerNormalization",
  {slot = "segment_ids", from = same, claim = index_claim("segment ids", 5)})
add("com.microsoft.EmbedLayerNormalization",
  {slot = "position_ids", from = same, claim = index_claim("position ids", 4)})
add("RotaryEmbedding com.microsoft.RotaryEmbedding",
  {slot = "position_ids", from = same, claim = index_claim("position ids", "cos_cache")})
add("com.microsoft.GroupQueryAttention",
  {slot = "position_ids", from = same, claim = index_claim("position ids", "cos_cache")})

add("OneHot", {slot = 1, from = same, claim = function(use)
  local depth = walk.fill(use.trail, use.node.inputs[2])
  local values = evidence.below(depth and math.tointeger(depth))
  if not values then return nil end
  return {role = "indices", values = values, rows = values.most + 1, constraint = evidence.range(0, values.most),
    why = ("%s tells %s apart"):format(evidence.node(use.node), text.plural(values.most + 1, "class", "classes"))}
end})

local function label_claim(use)
  local dims = dims_of(use.trail, use.node.inputs[1])
  local classes = dims and dims[2]
  local values = evidence.below(classes)
  return {role = "labels", values = values, constraint = values and evidence.range(0, values.most) or nil,
    why = ("what %s compares scores%s with"):format(evidence.node(use.node),
      values and " of " .. text.plural(classes, "class", "classes") or "")}
end

add("SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss com.microsoft.SoftmaxCrossEntropyLossInternal",
  {slot = 2, from = same, claim = label_claim})

-- ---- masks ----

local dropping = {["drops zeros"] = 0, ["drops ones"] = 1}

local function mask_role(name, dropped, why, value)
  return {role = name, values = {least = 0, most = 1}, dropped = dropped,
    constraint = is_bool(value) and ("%s leaves out"):format(dropped == 0 and "false" or "true")
      or ("0 or 1; %d leaves out"):format(dropped), why = why}
end

-- Scores before a softmax of an attention, or of something else.
local function softmax_claim(use)
  local core, dropped = walk.core_at(use.trail.session, use.node), dropping[use.form]
  local place = evidence.node(use.node)
  if not dropped then
    return core and {role = "attention bias", why = ("added to the scores of attention before %s"):format(place)} or nil
  end
  local what = core and "scores of attention" or "what is weighed"
  return mask_role(core and "attention mask" or "mask", dropped,
    ("where it is %d, %s before %s become very negative"):format(dropped, what, place), use.input)
end

add("Softmax", {slot = 1, from = {["drops zeros"] = true, ["drops ones"] = true, added = true}, claim = softmax_claim})

-- What a fused operator takes as its mask: numbers to add, 1 for what counts, or how many count.
local function fused_claim(name)
  return function(use)
    local where = ("'%s' of %s"):format(name, evidence.node(use.node))
    local dropped = dropping[use.form]
    if dropped then return mask_role("attention mask", dropped, "added to scores: " .. where, use.input) end
    if use.form == "count" then return mask_role("attention mask", 0, "its sums are " .. where, use.input) end
    local dims = dims_of(use.trail, use.value)
    if dims and #dims == 1 and not is_bool(use.value) then return {role = "key lengths", why = where} end
    if use.form == "inverted" then return mask_role("attention mask", 1, "inverted it is " .. where, use.input) end
    return mask_role("attention mask", 0, where, use.input)
  end
end

-- A bias takes bool for what counts in ai.onnx, else what is added to the scores.
local function bias_claim(name)
  local as_mask = fused_claim(name)
  return function(use)
    if dropping[use.form] or is_bool(use.value) then return as_mask(use) end
    return use.form == "same"
      and {role = "attention bias", why = ("'%s' of %s"):format(name, evidence.node(use.node))} or nil
  end
end

local mask_forms = set "same kept inverted count"
for form in pairs(dropping) do mask_forms[form] = true end

local function add_masks(operators, name, claim)
  add(operators, {slot = name, from = mask_forms, claim = claim(name)})
end

add_masks("com.microsoft.Attention com.microsoft.QAttention com.microsoft.DecoderMaskedSelfAttention "
  .. "com.microsoft.DecoderMaskedMultiHeadAttention", "mask_index", fused_claim)
add_masks("com.microsoft.MultiHeadAttention com.microsoft.DecoderAttention", "key_padding_mask", fused_claim)
add_masks("com.microsoft.LongformerAttention com.microsoft.EmbedLayerNormalization", "mask", fused_claim)
add_masks("Attention", "attn_mask", bias_claim)
add_masks("com.microsoft.Attention com.microsoft.MultiHeadAttention com.microsoft.GroupQueryAttention "
  .. "com.microsoft.PackedAttention com.microsoft.PackedMultiHeadAttention com.microsoft.DecoderMaskedSelfAttention "
  .. "com.microsoft.DecoderMaskedMultiHeadAttention", "attention_bias", bias_claim)
add_masks("com.microsoft.BiasSoftmax", "bias", bias_claim)

local counts = set "count"

local function counted_claim(name)
  return function(use)
    return mask_role("attention mask", 0,
      ("its sums are '%s' of %s"):format(name, evidence.node(use.node)), use.input)
  end
end

add("com.microsoft.GroupQueryAttention", {slot = "seqlens_k", from = counts, claim = counted_claim "seqlens_k"})
add("Attention", {slot = "nonpad_kv_seqlen", from = counts, claim = counted_claim "nonpad_kv_seqlen"})

-- ---- inputs that an operator names itself ----

local function named_claim(name, role, extra)
  return function(use)
    local claim = {role = role, why = ("'%s' of %s"):format(name, evidence.node(use.node))}
    for key, value in pairs(extra or {}) do claim[key] = value end
    return claim
  end
end

local natural = {values = {least = 0}, constraint = "0 or more"}
local boolean = {values = {least = 0, most = 1}}

local function add_named(operators, name, role, extra, forms)
  add(operators, {slot = name, from = forms or same, claim = named_claim(name, role, extra)})
end

local generating = [[com.microsoft.BeamSearch com.microsoft.GreedySearch com.microsoft.Sampling
  com.microsoft.WhisperBeamSearch]]

add_named("com.microsoft.GroupQueryAttention", "seqlens_k", "sequence lengths", natural, set "same scaled")
add_named("Attention", "nonpad_kv_seqlen", "key lengths", natural)
add_named("com.microsoft.GroupQueryAttention com.microsoft.SparseAttention", "total_sequence_length", "total length",
  natural)
add_named("com.microsoft.SparseAttention", "key_total_sequence_lengths", "key lengths", natural)
add_named("com.microsoft.PagedAttention com.microsoft.PackedAttention com.microsoft.PackedMultiHeadAttention",
  "cumulative_sequence_length", "sequence lengths", {values = {least = 0}, constraint = "sums, 0 first"})
add_named("com.microsoft.PagedAttention", "past_seqlens", "sequence lengths", natural)
add_named("com.microsoft.PagedAttention", "block_table", "block table", natural)
add_named("com.microsoft.PagedAttention", "slot_mapping", "slots", natural)
add_named("LSTM GRU RNN", "sequence_lens", "sequence lengths", natural)
add_named("Loop", "M", "trip count", natural)
add_named("Loop", "cond", "condition", boolean)
add_named("If", "cond", "condition", boolean)
add_named("NonMaxSuppression", "boxes", "boxes", nil, numeric)
add_named("NonMaxSuppression", "scores", "scores", nil, numeric)
add_named("NonMaxSuppression", "max_output_boxes_per_class", "limit", natural)
add_named("NonMaxSuppression", "iou_threshold", "threshold", {values = {least = 0, most = 1}, constraint = "0 to 1"})
add_named("NonMaxSuppression", "score_threshold", "threshold")
add_named("Dropout", "training_mode", "training flag", boolean)
add_named("BatchNormalization", "training_mode", "training flag", boolean)
add_named("com.microsoft.AdamWOptimizer", "lr", "learning rate")
add_named("com.microsoft.AdamWOptimizer", "step", "training step", natural)

local training = [[ai.onnx.preview.training.Adam ai.onnx.preview.training.Adagrad ai.onnx.preview.training.Momentum]]

add_named(training, "R", "learning rate")
add_named(training, "T", "training step", natural)
add(generating, {slot = "input_ids", from = same, claim = function(use)
  local values = evidence.below(use.node:attr "vocab_size")
  return {role = "token ids", values = values, constraint = values and evidence.range(0, values.most) or nil,
    why = ("'input_ids' of %s"):format(evidence.node(use.node))}
end})
for _, name in ipairs {"max_length", "min_length", "num_beams", "num_return_sequences", "length_penalty",
  "repetition_penalty", "presence_mask", "seed", "temperature"} do
  add_named(generating, name, "generation setting")
end
add_named(generating, "attention_mask", "attention mask", {values = {least = 0, most = 1}, dropped = 0,
  constraint = "0 or 1; 0 leaves out"})

-- ---- recurrent operators ----

local function state_claim(kind)
  return function(use)
    return {role = "recurrent state", kind = kind,
      why = ("the %s state that %s starts with"):format(kind, evidence.node(use.node))}
  end
end

add("LSTM GRU RNN", {slot = "initial_h", from = same, claim = state_claim "hidden"})
add("LSTM", {slot = "initial_c", from = same, claim = state_claim "cell"})

add("LSTM GRU RNN", {slot = "X", from = numeric, claim = function(use)
  local dims = dims_of(use.trail, use.value)
  local width = dims and dims[3]
  return {role = "sequence", constraint = width and evidence.dim(width) .. " features a step" or nil,
    why = ("%s runs along it"):format(evidence.node(use.node))}
end})

-- ---- pictures, signals ----

-- Of each operator that convolves, whether channels come last.
local convolving = {
  Conv = false, ConvTranspose = false, ConvInteger = false, QLinearConv = false, DeformConv = false,
  ["com.microsoft.FusedConv"] = false, ["com.microsoft.QLinearConv"] = false, ["com.microsoft.NhwcConv"] = true,
  ["com.microsoft.NhwcFusedConv"] = true,
}

local letters = {"L", "HW", "DHW"}

-- The input's axes by what a convolution takes them for: its batch, channels and the axes it runs over; nil unless
-- every axis of the input is one of these. Axes that were put in on the way are false.
local function convolved_axes(use, is_last)
  local axes, dims = use.axes, dims_of(use.trail, use.value)
  local input = dims_of(use.trail, use.input)
  if not axes or not dims or not input or #axes ~= #dims or #axes < 3 then return nil end
  local found, count = {batch = axes[1], channels = axes[is_last and #axes or 2], space = {}}, 0
  for place = is_last and 2 or 3, is_last and #axes - 1 or #axes do
    if axes[place] then table.insert(found.space, axes[place]) end
  end
  for _, axis in ipairs(axes) do count = count + (axis and 1 or 0) end
  return count == #input and letters[#found.space] and found or nil, input
end

local function layout_of(found, rank)
  local layout = {}
  for i = 1, rank do layout[i] = "?" end
  if found.batch then layout[found.batch] = "N" end
  if found.channels then layout[found.channels] = "C" end
  for i, axis in ipairs(found.space) do layout[axis] = letters[#found.space]:sub(i, i) end
  return table.concat(layout)
end

-- Three or four channels are colours; one is grey where the other axes are as long as each other, which those of a
-- spectrogram are not. Anything else on a plane is a feature map.
local function plane_role(channels, sizes)
  local is_grey = channels == 1 and sizes[1] == sizes[2]
  return (channels == 3 or channels == 4 or is_grey) and "image" or "feature map"
end

local function convolution_claim(is_last)
  return function(use)
    local found, dims = convolved_axes(use, is_last)
    if not found then return nil end
    local sizes, shown = {}, {}
    for i, axis in ipairs(found.space) do
      sizes[i] = dims[axis]
      shown[i] = evidence.dim(dims[axis])
    end
    local channels = found.channels and dims[found.channels] or not found.channels and 1 or nil
    local names = {"signal", plane_role(channels, sizes), "volume"}
    local layout = layout_of(found, #dims)
    return {role = names[#sizes], layout = layout, channels = channels, sizes = sizes,
      constraint = ("%s, %s, %s"):format(layout, channels == 1 and "1 channel" or evidence.dim(channels) .. " channels",
        table.concat(shown, " × ")),
      why = ("%s convolves it"):format(evidence.node(use.node))}
  end
end

for op, is_last in pairs(convolving) do
  add(op, {slot = 1, from = numeric, claim = convolution_claim(is_last)})
end

-- ---- tables of features ----

local function greatest_feature(node)
  local greatest
  local modes = node:attr "nodes_modes"
  for i, feature in ipairs(node:attr "nodes_featureids" or {}) do
    local is_leaf = type(modes) == "table" and modes[i] == "LEAF"
    if not is_leaf and math.type(feature) == "integer" then greatest = math.max(greatest or 0, feature) end
  end
  return greatest and {least = greatest + 1} or nil
end

local function quotient(node, list, groups)
  local coefficients, count = node:attr(list), groups
  if type(coefficients) ~= "table" or count < 1 or #coefficients % count ~= 0 then return nil end
  return {exact = #coefficients // count}
end

local function length_of(node, ...)
  for _, name in ipairs {...} do
    local list = node:attr(name)
    if type(list) == "table" and #list > 1 then return {exact = #list} end
  end
end

local function unknown() return nil end

-- How many columns an operator's own attributes say that there are: {exact} or {least}.
local columns_of = {
  TreeEnsembleClassifier = greatest_feature, TreeEnsembleRegressor = greatest_feature, TreeEnsemble = greatest_feature,
  LinearClassifier = function(node) return quotient(node, "coefficients", #(node:attr "intercepts" or {})) end,
  LinearRegressor = function(node) return quotient(node, "coefficients", node:attr "targets" or 1) end,
  Scaler = function(node) return length_of(node, "offset", "scale") end,
  Imputer = function(node) return length_of(node, "imputed_value_floats", "imputed_value_int64s") end,
  SVMClassifier = unknown, SVMRegressor = unknown, Normalizer = unknown, Binarizer = unknown,
}

local function columns_text(columns)
  if not columns then return nil end
  if columns.exact then return text.plural(columns.exact, "column") end
  return "at least " .. text.plural(columns.least, "column")
end

local feature_forms = set "same scaled part"

for op, columns in pairs(columns_of) do
  add("ai.onnx.ml." .. op, {slot = 1, from = feature_forms, claim = function(use)
    if (use.input.dtype or use.input.declared_dtype) == "string" then return nil end
    local known = use.form ~= "part" and columns(use.node) or nil
    return {role = "features", columns = known, constraint = columns_text(known),
      why = ("columns that %s reads"):format(evidence.node(use.node))}
  end})
end

-- A row of numbers for each sample, that a dense layer reads as it is.
local function dense_claim(use)
  local dims, axes = dims_of(use.trail, use.input), use.axes
  local weights = dims_of(use.trail, use.node.inputs[2])
  local is_plain = dims and #dims == 2 and axes and #axes == 2 and axes[1] == 1 and axes[2] == 2
  local is_weighed = weights and #weights == 2 and walk.is_constant(use.trail, use.node.inputs[2])
  if not is_plain or not is_weighed then return nil end
  if use.node.op == "Gemm" and use.node:attr "transA" == 1 then return nil end
  local columns = {exact = math.tointeger(dims[2])}
  return {role = "features", columns = columns.exact and columns, constraint = columns.exact and columns_text(columns),
    why = ("columns that %s weighs"):format(evidence.node(use.node))}
end

add("Gemm MatMul", {slot = 1, from = numeric, claim = dense_claim})

-- ---- words ----

local function is_string(use) return (use.input.dtype or use.input.declared_dtype) == "string" end

local function text_claim(use)
  return {role = "text", why = ("%s takes it apart"):format(evidence.node(use.node))}
end

add("TfIdfVectorizer StringNormalizer StringSplit RegexFullMatch com.microsoft.Tokenizer ai.onnx.contrib.BertTokenizer "
  .. "ai.onnx.contrib.GPT2Tokenizer ai.onnx.contrib.WordpieceTokenizer ai.onnx.contrib.SentencepieceTokenizer",
  {slot = 1, from = same, when = is_string, claim = text_claim})

-- The attributes that list what an operator knows, of its versions.
local function vocabulary_claim(...)
  local names = {...}
  return function(use)
    for _, name in ipairs(names) do
      local list = use.node.attributes[name]
      local count = type(list) == "table" and #list or 0
      if count > 0 then
        return {role = "categories", count = count, constraint = "one of " .. text.count(count),
          why = ("%s knows %s"):format(evidence.node(use.node), text.plural(count, "category", "categories"))}
      end
    end
  end
end

add("ai.onnx.ml.OneHotEncoder ai.onnx.ml.CategoryMapper",
  {slot = 1, from = set "same part", claim = vocabulary_claim("cats_strings", "cats_int64s")})
add("ai.onnx.ml.LabelEncoder", {slot = 1, from = set "same part",
  claim = vocabulary_claim("keys_strings", "keys_int64s", "keys_floats", "classes_strings")})
add("ai.onnx.ml.DictVectorizer", {slot = 1, from = same, claim = function(use)
  local known = length_of(use.node, "string_vocabulary", "int64_vocabulary")
  return {role = "features", columns = known, constraint = known and text.plural(known.exact, "key") or nil,
    why = ("%s makes columns of its keys"):format(evidence.node(use.node))}
end})

-- ---- shapes ----

-- Where operators take sizes.
local size_slots = {
  Reshape = {"shape"}, Expand = {"shape"}, ConstantOfShape = {"input"}, Tile = {"repeats"},
  Resize = {"scales", "sizes"}, Upsample = {"scales"}, Pad = {"pads"}, TopK = {"K"},
  Split = {"split"}, OneHot = {"depth"}, Unsqueeze = {"axes"}, Squeeze = {"axes"}, AffineGrid = {"size"},
  CenterCropPad = {"shape"},
}

-- Where operators take bounds of what they cut out, or count up.
local bound_slots = {Slice = {"starts", "ends", "axes", "steps"}, Range = {"start", "limit", "delta"}}

local function add_weak(slots, role)
  for op, names in pairs(slots) do
    for _, name in ipairs(names) do
      add(op, {slot = name, from = set "same scaled part", is_weak = true, claim = named_claim(name, role)})
    end
  end
end

add_weak(size_slots, "sizes")
add_weak(bound_slots, "bounds")

add("Shape Size", {slot = 1, is_weak = true, claim = function(use)
  return {role = "shape only", why = ("nothing but its shape is read, by %s"):format(evidence.node(use.node))}
end})

return uses
