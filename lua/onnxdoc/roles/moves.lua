--- What nodes make of an input's elements, by operator: lists of rules {slot, from, when, to, all_outputs, compares}.
-- A rule holds for a use whose value stands in `slot` (a place from 1, or a formal name; any when nil), whose form is
-- in `from` (any when nil) and for which when(use) is true; the outputs (the first, or all) then have the form `to`,
-- or the same as before. compares: elements that are neither 0 nor 1 are possible as well, and mean something else. To
-- add an operator is to add a line below.
--
-- Forms, of elements x of the input:
--
--   same          x as they are, laid out anew or cast
--   scaled        x after arithmetic with constants, resampled, padded, normalised
--   part          x side by side with something else
--   kept          1 or true where x is, and what else is a mask agrees
--   inverted      1 - x, or not x
--   lowered       x - 1
--   raised        (1 - x) * large
--   drops zeros   very negative where x is 0, nothing where it is 1: what is added to scores, or the scores it was
--                 added to
--   drops ones    the other way round
--   count         sums of x along an axis, give or take a constant
--   added         sums of x and of what is computed otherwise

local walk = require "onnxdoc.roles.walk"

local set = require("onnxdoc.lists").set

local LARGE = 1000 -- what is added to a score to leave it out is at least this far below 0
local MANY = 256   -- operands of a Concat that are looked at

local moves = {}

local function forms(...)
  local result = {}
  for _, form in ipairs {...} do result[form] = true end
  return result
end

local function add(operators, rule)
  for op in pairs(set(operators)) do
    moves[op] = moves[op] or {}
    table.insert(moves[op], rule)
  end
end

-- ---- layout: any form stays what it is ----

add([[Identity Cast CastLike Reshape Squeeze Unsqueeze Transpose Expand Flatten Dropout Slice Gather GatherElements Tile
  DepthToSpace SpaceToDepth Optional OptionalGetElement]], {slot = 1})
add("Split", {slot = 1, all_outputs = true})

-- Whether a Concat has nothing but constants and what else came of this input in the same form; all operands came by
-- the time the last does.
local function is_alone(use)
  local inputs = use.node.inputs
  for i = 1, math.min(#inputs, MANY) do
    local value = inputs[i]
    if value and not walk.has_seen(use.trail, value, use.form) and not walk.is_constant(use.trail, value) then
      return false
    end
  end
  return #inputs <= MANY
end

add("Concat", {when = is_alone})
add("Concat ai.onnx.ml.FeatureVectorizer", {from = forms("same", "scaled", "part"), to = "part",
  when = function(use) return not is_alone(use) end})

-- ---- arithmetic with constants ----

local numeric = forms("same", "scaled")

local function has_constant(use)
  local other = walk.other(use)
  return other ~= use.value and walk.is_constant(use.trail, other)
end

add("Add Sub Mul Div", {from = numeric, to = "scaled", when = has_constant})
add([[BatchNormalization InstanceNormalization Clip Resize Upsample Pad ImageScaler QuantizeLinear DequantizeLinear
  com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear ai.onnx.ml.Scaler ai.onnx.ml.Imputer
  ai.onnx.ml.Normalizer]], {slot = 1, from = numeric, to = "scaled"})
add("ai.onnx.ml.Scaler ai.onnx.ml.Imputer ai.onnx.ml.Normalizer", {slot = 1, from = forms "part"})
add("StringNormalizer", {slot = 1, from = forms "same"})

-- ---- masks ----

local function other_is(test)
  return function(use)
    local fill = walk.fill(use.trail, walk.other(use))
    return fill ~= nil and test(fill)
  end
end

local function is_one(fill) return fill == 1 end
local function is_zero(fill) return fill == 0 end
local function is_fraction(fill) return fill >= 0 and fill < 1 end
local function is_large(fill) return fill >= LARGE end
local function is_very_negative(fill) return fill <= -LARGE end

local function slot_is(slot, test)
  return function(use)
    local fill = walk.fill(use.trail, use.node.inputs[slot])
    return fill ~= nil and test(fill)
  end
end

-- Times a mask of the same input in another layout, or itself.
local function is_same_mask(use)
  local other = walk.other(use)
  return other == use.value or walk.has_seen(use.trail, other, "same") or walk.has_seen(use.trail, other, "kept")
end

local kept = forms("same", "kept")

add("Sub", {slot = 2, from = kept, to = "inverted", when = slot_is(1, is_one)})
add("Sub", {slot = 2, from = forms "inverted", to = "kept", when = slot_is(1, is_one)})
add("Sub", {slot = 1, from = kept, to = "lowered", when = slot_is(2, is_one)})
add("Not", {from = kept, to = "inverted"})
add("Not", {from = forms "inverted", to = "kept"})
add("Equal", {from = kept, to = "inverted", when = other_is(is_zero), compares = true})
add("Equal", {from = kept, to = "kept", when = other_is(is_one), compares = true})
add("Greater", {slot = 1, from = kept, to = "kept", when = slot_is(2, is_fraction), compares = true})
add("Greater", {slot = 1, from = forms "inverted", when = slot_is(2, is_fraction)})
add("And", {from = kept, to = "kept"})
add("Or", {from = forms "inverted"})
add("Mul", {from = forms("same", "kept", "inverted"), when = other_is(is_one)})
add("Mul", {from = kept, to = "kept", when = is_same_mask})
add("Mul", {from = forms "inverted", to = "drops zeros", when = other_is(is_very_negative)})
add("Mul", {from = forms "inverted", to = "raised", when = other_is(is_large)})
add("Mul", {from = forms "lowered", to = "drops zeros", when = other_is(is_large)})
add("Mul", {from = kept, to = "drops ones", when = other_is(is_very_negative)})
add("Sub", {slot = 2, from = forms "raised", to = "drops zeros"})
add("Where", {slot = 1, from = kept, to = "drops zeros", when = slot_is(3, is_very_negative)})
add("Where", {slot = 1, from = kept, to = "drops ones", when = slot_is(2, is_very_negative)})
add("Where", {slot = 1, from = forms "inverted", to = "drops zeros", when = slot_is(2, is_very_negative)})
add("Where", {slot = 1, from = forms "inverted", to = "drops ones", when = slot_is(3, is_very_negative)})

local dropping = forms("drops zeros", "drops ones")

-- What is very negative, as a condition: true there.
add("Where", {slot = 1, from = dropping, when = slot_is(2, is_very_negative)})

add("Add Sum Min Max Clip", {from = dropping})
add("Where", {slot = 2, from = dropping})
add("Where", {slot = 3, from = dropping})

local counts = forms "count"

add("ReduceSum", {slot = 1, from = kept, to = "count"})
add("Add Sub", {from = counts, when = has_constant})

local function has_live_other(use)
  local other = walk.other(use)
  return other ~= nil and other ~= use.value and not walk.is_constant(use.trail, other)
end

add("Add", {from = forms "same", to = "added", when = has_live_other})
add("Add", {from = forms "added"})

return moves
