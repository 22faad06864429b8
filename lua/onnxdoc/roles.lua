--- What the inputs and outputs of a model are for, as far as dataflow proves it: what is done with an input, what an
-- output is made by. No name is looked at, and where nothing tells there is no role.
--
--     local roles = require("onnxdoc.roles").of(model)
--     local role = roles.inputs[model.inputs[1]]       -- or nil; roles.outputs[value]
--     print(role.role, role.constraint, role.why)      --> token ids  0…30,521  indices of Gather 'x' into 'w' …
--
-- A role has
--
--   role          "token ids", "attention mask", "image", …: roles/uses.lua lists those of inputs,
--                 roles/outputs.lua those of outputs
--   why, node     what it rests on, in words that name the node, and that Node (nil of what no node does)
--   constraint    what values or shapes make sense, in words; nil where none is known
--   values        {least, most}, either may be missing
--   places        at how many uses the same was found, where it is more than one
--
-- and, where they apply, rows and table (the Value) of indices, dropped (0 or 1, what a mask leaves out), layout
-- ("NCHW"), channels and sizes of pictures, columns ({exact} or {least}) of features, count of categories, kind
-- ("hidden", "cell"; "key", "value", "stacked"), layer and axis of caches, axis (from 0) and classes of
-- probabilities, of (a Value: what an output is the next state of, or the same as). Names in why are as the model has
-- them: escape them.
--
-- roles.is_cut is true where inputs are used at more places than are followed. Inputs that have an initializer have no
-- role. of(model, {cache, nil, states}), what kv_cache.find gave in a list, saves finding that again. Roles are found
-- once for each model.

local evidence = require "onnxdoc.roles.evidence"
local kv_cache = require "onnxdoc.kv_cache"
local moves = require "onnxdoc.roles.moves"
local outputs = require "onnxdoc.roles.outputs"
local tokens = require "onnxdoc.roles.tokens"
local uses = require "onnxdoc.roles.uses"
local walk = require "onnxdoc.roles.walk"

local roles = {}

local tables = {moves = moves, uses = uses.rules}

-- ---- what is carried from step to step ----

local cache_words = {key = "keys", value = "values", stacked = "keys and values"}

local function cache_role(entry, time, other)
  local what = cache_words[entry.kind] or "cache"
  local role = {role = (entry.cross and "cross-attention " or time .. " ") .. what, kind = entry.kind,
    layer = entry.layer, node = entry.node or entry.core and entry.core.node, axis = entry.axis, of = other}
  role.constraint = entry.layer and ("layer %s"):format(entry.layer) or nil
  if entry.how then role.why = ("%s adds this step's"):format(entry.how)
  else role.why = role.node and ("%s attends to them"):format(evidence.node(role.node)) or "attention reads them" end
  return role
end

local function add_cache(result, cache, graph)
  if not cache or cache.graph ~= graph then return end
  for _, entry in ipairs(cache.entries) do
    result.inputs[entry.input] = cache_role(entry, "past", entry.output)
    if entry.output then result.outputs[entry.output] = cache_role(entry, "present", entry.input) end
  end
end

-- Adds a role where there is none, and in any case what its value is carried to or from.
local function add_role(list, value, other, role)
  if not value then return end
  list[value] = list[value] or role
  list[value].of = list[value].of or other
end

-- What comes out as it came in is no state.
local function is_passed_on(result, state)
  local role = state.output and result.outputs[state.output]
  return role ~= nil and role.is_passed == true
end

local function add_states(result, states)
  for _, state in ipairs(states or {}) do
    if not is_passed_on(result, state) then
      local why = ("%s makes the next of it"):format(state.how)
      add_role(result.inputs, state.input, state.output, {role = "carried state", why = why})
      add_role(result.outputs, state.output, state.input, {role = "next state", why = why})
    end
  end
end

-- ---- inputs ----

local importance = {}
for place, name in ipairs(uses.order) do importance[name] = place end

local function is_tighter(claim, best)
  local most, other = claim.values and claim.values.most, best.values and best.values.most
  return most ~= nil and (other == nil or most < other)
end

-- The claim that says most; of several with the same role the one with the tightest bounds.
local function choose(claims, allows_weak)
  local best, count = nil, 0
  for _, claim in ipairs(claims) do
    if not claim.is_weak or allows_weak then
      local rank, other = importance[claim.role], best and importance[best.role]
      if not best or rank < other then best, count = claim, 1
      elseif rank == other then
        count = count + 1
        if is_tighter(claim, best) then best = claim end
      end
    end
  end
  if best and count > 1 then best.places = count end
  return best
end

local function unused_role(input)
  if input.is_output or #input.consumers > 0 then return nil end
  return {role = "unused", why = "no node reads it"}
end

-- What is compared with a number to make a mask, and does something else besides, may be more than a mask: tokens, say.
local masks = {["attention mask"] = true, mask = true}

local function input_role(session, input)
  local trail = walk.follow(session, input, tables)
  local is_all = not (trail.has_other_use or trail.is_cut)
  local role = choose(trail.claims, is_all)
  if role and masks[role.role] and trail.is_compared and not is_all then return nil end
  return role or unused_role(input)
end

local function add_inputs(result, session, model, cache)
  local claims = {}
  for _, input in ipairs(model.inputs) do
    if not input.tensor and not result.inputs[input] then
      local role = input_role(session, input)
      result.inputs[input] = role
      claims[#claims + 1] = role
    end
  end
  tokens.name(model, claims, cache ~= nil)
end

-- ---- all ----

-- An input of which nothing else is known than that it comes out again.
local function add_passed(result, model)
  for _, output in ipairs(model.outputs) do
    local role = result.outputs[output]
    local input = role and role.is_passed and role.of
    if input and role.is_all and not result.inputs[input] then
      result.inputs[input] = {role = "passed through", of = output, node = role.node, why = role.why}
    end
  end
end

local function find(model, found)
  local cache, _, states = table.unpack(found or table.pack(kv_cache.find(model)), 1, 3)
  local session, result = walk.new(model), {inputs = {}, outputs = {}}
  add_cache(result, cache, model.graph)
  add_inputs(result, session, model, cache)
  outputs.add(result, model)
  add_passed(result, model)
  add_states(result, cache and cache.states or states)
  result.is_cut = session.is_cut
  return result
end

local of_models = setmetatable({}, {__mode = "k"})

function roles.of(model, found)
  of_models[model] = of_models[model] or find(model, found)
  return of_models[model]
end

return roles
