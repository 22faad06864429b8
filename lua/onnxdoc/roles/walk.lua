--- Where the elements of an input go, as long as they stay recognisable: each step is one use of a value by a node,
-- and what that use says of the input, or makes of its elements, stands in tables (roles/moves.lua, roles/uses.lua).
-- No name is looked at.
--
--     local session = walk.new(model)
--     local trail = walk.follow(session, input)
--     trail.claims            what uses say of the input: a list of role tables
--     trail.has_other_use     something else is done with it as well, or it is an output
--     trail.is_compared       a mask is made of it by comparing it with a number
--     session.is_cut          more was there than is followed
--
-- A use is {node, value = what the node reads, form, axes, input, trail}. The form says what became of the input's
-- elements on their way, see roles/moves.lua; axes are those of carried.lua: which axis (from 1) of the input each
-- axis of the value is, nil once that is lost.
--
-- The walk enters local functions and the bodies of If, Loop, Scan and SequenceMap, and leaves them by the nodes it
-- came in through. Each value is seen once in each form, and a model's inputs share STEPS steps, so that no graph
-- takes longer than another of that size.

local attention_cores = require "onnxdoc.attention_cores"
local carried = require "onnxdoc.carried"

local set = require("onnxdoc.lists").set

local walk = {}

local STEPS = 60000 -- of all inputs: operands that are looked at
local SHARE = 30000 -- of them that one input may take
local DEEP = 64     -- calls within calls through which a parameter is known
local SPREAD = 8    -- nodes behind a constant that only spread it

-- ---- what a session knows ----

function walk.new(model)
  return {model = model, steps = STEPS, is_cut = false, fills = {}, places = {}}
end

-- Nodes that attend: softmaxes and fused operators, each with its core.
function walk.core_at(session, node)
  if not session.cores then
    session.cores = {}
    for _, core in ipairs(attention_cores.find(session.model)) do session.cores[core.node] = core end
  end
  return session.cores[node]
end

-- Where a graph's inputs or outputs stand: value -> a list of places.
local function places_of(session, graph, side)
  local known = session.places[graph] or {}
  session.places[graph] = known
  if not known[side] then
    known[side] = {}
    for place, value in ipairs(graph[side]) do
      known[side][value] = known[side][value] or {}
      table.insert(known[side][value], place)
    end
  end
  return known[side]
end

--- The value that a function's parameter stands for, in the call that the walk came in through; any other is itself.
function walk.resolve(trail, value)
  for _ = 1, DEEP do
    if not (value and value.is_input and value.graph.kind == "function" and trail.calls[value.graph]) then break end
    local places = places_of(trail.session, value.graph, "inputs")[value]
    value = trail.calls[value.graph][1].inputs[places[1]]
  end
  return value
end

function walk.is_constant(trail, value)
  value = walk.resolve(trail, value)
  return value ~= nil and (value.tensor ~= nil or value.is_constant)
end

-- The number that all elements are.
local function only_element(list)
  local first = list[1]
  for i = 2, #list do
    if list[i] ~= first then return nil end
  end
  if type(first) == "boolean" then return first and 1 or 0 end
  return math.type(first) and first or nil
end

local spreads = set "Expand Tile Cast CastLike Identity Reshape Unsqueeze Squeeze Flatten"

local function find_fill(trail, value)
  for _ = 1, SPREAD do
    value = walk.resolve(trail, value)
    if not value then return nil end
    local known, node = value.known, value.producer
    if known then return only_element(known) end
    if node and node.op == "ConstantOfShape" then
      local tensor = node.attributes.value
      return not tensor and 0 or only_element(tensor:values(1) or {})
    end
    value = node and spreads[node.op] and node.inputs[1]
  end
end

--- The number that all elements of a value are, whatever its shape is; nil where they differ or are not known.
function walk.fill(trail, value)
  local fills, key = trail.session.fills, walk.resolve(trail, value)
  if key == nil then return nil end
  if key.graph.kind ~= "main" then return find_fill(trail, key) end -- may be another one in another call
  if fills[key] == nil then fills[key] = find_fill(trail, key) or false end
  return fills[key] or nil
end

--- The other operand of a node with two.
function walk.other(use)
  local inputs = use.node.inputs
  return inputs[1] == use.value and inputs[2] or inputs[1]
end

-- ---- steps ----

--- Takes up one value in one form, unless it was seen so; once more where its axes were not known then.
function walk.push(trail, value, form, axes)
  if not value then return end
  local seen = trail.seen[value] or {}
  trail.seen[value] = seen
  if seen[form] or seen[form] == false and not axes then return end
  seen[form] = axes ~= nil
  trail.queue[#trail.queue + 1] = {value = value, form = form, axes = axes}
end

--- Whether a value was taken up in a form.
function walk.has_seen(trail, value, form)
  local seen = trail.seen[value]
  return seen ~= nil and seen[form] ~= nil
end

local function reads(use, slot)
  return slot == nil or use.node.inputs[slot] == use.value
end

local function applies(rule, use)
  return reads(use, rule.slot) and (not rule.from or rule.from[use.form]) and (not rule.when or rule.when(use))
end

local function claim(trail, use, rules)
  local is_any = false
  for _, rule in ipairs(rules or {}) do
    local role = applies(rule, use) and rule.claim(use)
    if role then
      role.node, role.is_weak = role.node or use.node, rule.is_weak
      trail.claims[#trail.claims + 1] = role
      is_any = true
    end
  end
  return is_any
end

local function move(trail, use, rules)
  local is_any = false
  for _, rule in ipairs(rules or {}) do
    if applies(rule, use) then
      for i = 1, rule.all_outputs and #use.node.outputs or 1 do
        local output = use.node.outputs[i]
        local axes = output and carried.axes_after(use.node, use.axes, output, use.value)
        walk.push(trail, output, rule.to or use.form, axes)
      end
      trail.is_compared = trail.is_compared or rule.compares
      is_any = true
    end
  end
  return is_any
end

-- ---- bodies ----

local function scan_states(node) return #node.inputs - (node:attr "num_scan_inputs" or 0) end

-- Which input of a body an operand is, and which output of the node a body's output is; `again` is the body's input
-- that has it in the next round. Places from 1. `sheds` says that a body sees slices of the operand.
local bodies = {
  If = {out = function(_, place) return place end},
  Loop = {
    into = function(_, slot) return slot > 2 and slot or nil end,
    out = function(_, place) return place > 1 and place - 1 or nil end,
    again = function(node, place) return place > 1 and place < #node.inputs and place + 1 or nil end,
  },
  Scan = {
    into = function(_, slot) return slot end,
    out = function(_, place) return place end,
    again = function(node, place) return place <= scan_states(node) and place or nil end,
    sheds = function(node, slot) return slot > scan_states(node) end,
  },
  SequenceMap = {into = function(_, slot) return slot end, out = function(_, place) return place end},
}

-- Calls visit(slot) for each operand that is the value.
local function each_slot(use, visit)
  for slot = 1, #use.node.inputs do
    if use.node.inputs[slot] == use.value then visit(slot) end
  end
end

local function call(trail, use, graph)
  local calls = trail.calls[graph] or {}
  trail.calls[graph] = calls
  if not calls[use.node] then
    calls[use.node] = true
    calls[#calls + 1] = use.node
  end
  each_slot(use, function(slot) walk.push(trail, graph.inputs[slot], use.form, use.axes) end)
end

-- Whether the node has a body, or is a call, that takes the value.
local function enter(trail, use)
  local node = use.node
  if node.callee then
    call(trail, use, node.callee)
    return true
  end
  local body, is_any = bodies[node.op], false
  if not body or not body.into then return false end
  each_slot(use, function(slot)
    local place, graph = body.into(node, slot), node.subgraphs[1]
    local input = place and graph and graph.inputs[place]
    if input then
      walk.push(trail, input, use.form, not (body.sheds and body.sheds(node, slot)) and use.axes or nil)
      is_any = true
    end
  end)
  return is_any
end

local function leave_body(trail, place, graph, at)
  local node = graph.owner
  local body = node and bodies[node.op]
  if not body then return end
  local out, again = body.out(node, at), body.again and body.again(node, at)
  walk.push(trail, out and node.outputs[out], place.form, place.axes)
  walk.push(trail, again and graph.inputs[again], place.form, place.axes)
end

-- What a body or function gives is what its node gives.
local function leave(trail, place)
  if not place.value.is_output then return end
  local graph = place.value.graph
  if graph.kind == "main" then trail.has_other_use = true end
  for _, at in ipairs(places_of(trail.session, graph, "outputs")[place.value] or {}) do
    if graph.kind == "subgraph" then leave_body(trail, place, graph, at) end
    for _, node in ipairs(trail.calls[graph] or {}) do walk.push(trail, node.outputs[at], place.form, place.axes) end
  end
end

-- ---- following ----

-- Whether a node is in the branch of an If whose condition is known to choose the other one.
local function is_never_run(trail, node)
  local graph = node.graph
  local owner = graph.kind == "subgraph" and graph.owner
  if not owner or owner.op ~= "If" then return false end
  local condition = walk.fill(trail, owner.inputs[1])
  return condition ~= nil and (condition ~= 0) ~= (graph.attribute == "then_branch")
end

local function visit(trail, place, node, tables)
  if is_never_run(trail, node) then return end
  local use = {node = node, value = place.value, form = place.form, axes = place.axes, input = trail.input,
    trail = trail}
  trail.steps = trail.steps - math.max(1, #node.inputs)
  local is_claimed = claim(trail, use, tables.uses[node.op])
  local is_moved = move(trail, use, tables.moves[node.op])
  local is_entered = enter(trail, use)
  if not (is_claimed or is_moved or is_entered) then trail.has_other_use = true end
end

--- Follows one input of the main graph; `tables` are {moves, uses}, lists of rules by operator.
function walk.follow(session, input, tables)
  local allowed = math.min(session.steps, SHARE)
  local trail = {session = session, input = input, claims = {}, seen = {}, queue = {}, calls = {}, steps = allowed}
  walk.push(trail, input, "same", carried.own_axes(input))
  local at = 1
  while trail.queue[at] and trail.steps > 0 do
    local place = trail.queue[at]
    for _, node in ipairs(place.value.consumers) do
      if trail.steps <= 0 then break end
      visit(trail, place, node, tables)
    end
    leave(trail, place)
    at = at + 1
  end
  trail.is_cut = trail.steps <= 0
  session.is_cut = session.is_cut or trail.is_cut
  session.steps = session.steps - (allowed - trail.steps)
  return trail
end

return walk
